package render

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

func writeCSV(w io.Writer, v any) error {
	rows, typ := rowsOf(reflect.ValueOf(v))
	if typ == nil {
		return nil
	}
	c := csv.NewWriter(w)
	if err := c.Write(header(typ, "", nil)); err != nil {
		return err
	}
	for _, r := range rows {
		if err := c.Write(cellsOf(r, r.Type(), nil)); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// fieldsOf gives the fields of a struct that JSON shows, with their names.
func fieldsOf(t reflect.Type) (index []int, names []string) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || name == "-" {
			continue
		}
		if name == "" {
			name = strings.ToLower(f.Name)
		}
		index, names = append(index, i), append(names, name)
	}
	return index, names
}

func nested(t reflect.Type) (reflect.Type, bool) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t, t.Kind() == reflect.Struct && t != timeType
}

func header(t reflect.Type, prefix string, out []string) []string {
	s, ok := nested(t)
	if !ok {
		return append(out, strings.TrimSuffix(prefix, "_"))
	}
	index, names := fieldsOf(s)
	for i, x := range index {
		out = header(s.Field(x).Type, prefix+names[i]+"_", out)
	}
	if len(index) == 0 {
		out = append(out, strings.TrimSuffix(prefix, "_"))
	}
	return out
}

// cellsOf gives the cells of a value under the header of its type; a nil pointer has empty ones.
func cellsOf(v reflect.Value, t reflect.Type, out []string) []string {
	s, ok := nested(t)
	if !ok {
		return append(out, harmless(v))
	}
	if v.IsValid() && v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	index, _ := fieldsOf(s)
	for _, x := range index {
		f := reflect.Value{}
		if v.IsValid() {
			f = v.Field(x)
		}
		out = cellsOf(f, s.Field(x).Type, out)
	}
	if len(index) == 0 {
		out = append(out, "")
	}
	return out
}

// harmless gives a value as one cell. Text that a spreadsheet would take for a formula gets a '
// before it; numbers are numbers.
func harmless(v reflect.Value) string {
	s, isText := flat(v)
	if isText && s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		s = "'" + s
	}
	return s
}

// flat gives a value as text; isText is false for numbers, truth values and times.
func flat(v reflect.Value) (s string, isText bool) {
	if !v.IsValid() {
		return "", true
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return "", true
		}
		return flat(v.Elem())
	case reflect.String:
		return cell(v.String()), true
	case reflect.Bool:
		return strconv.FormatBool(v.Bool()), false
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.FormatInt(v.Int(), 10), false
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return strconv.FormatUint(v.Uint(), 10), false
	case reflect.Float32, reflect.Float64:
		return strconv.FormatFloat(v.Float(), 'f', -1, 64), false
	case reflect.Slice, reflect.Array:
		var parts []string
		for i := range v.Len() {
			p, _ := flat(v.Index(i))
			parts = append(parts, p)
		}
		return strings.Join(parts, "; "), true
	case reflect.Map:
		var parts []string
		for _, k := range v.MapKeys() {
			name, _ := flat(k)
			value, _ := flat(v.MapIndex(k))
			parts = append(parts, name+"="+value)
		}
		slices.Sort(parts)
		return strings.Join(parts, "; "), true
	case reflect.Struct:
		if t, ok := v.Interface().(time.Time); ok {
			if t.IsZero() {
				return "", false
			}
			return t.UTC().Format(time.RFC3339), false
		}
		for _, name := range []string{"Value", "Number", "Name", "Code", "ID"} {
			if f := v.FieldByName(name); f.IsValid() && f.Kind() == reflect.String {
				return cell(f.String()), true
			}
		}
		b, err := json.Marshal(v.Interface())
		if err != nil {
			return "", true
		}
		return cell(string(b)), true
	}
	return "", true
}

// cell keeps the lines of a text and takes from it what would steer a terminal.
func cell(s string) string { return strings.Join(cleanLines(s), "\n") }
