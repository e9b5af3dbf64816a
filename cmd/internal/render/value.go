package render

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"
)

// Formats are the outputs for programs that [Value] writes; "table" is [Card]'s.
var Formats = []string{"json", "jsonl", "csv", "ids"}

// Value writes an answer of the service for programs.
//
//	json   the whole answer, indented
//	jsonl  its rows, each on a line
//	csv    its rows under a line with the names of the columns: nested fields as customer_number,
//	       lists joined by "; ". A cell that a spreadsheet would take for a formula (it begins with
//	       = + - or @) has ' before it
//	ids    the numbers of its rows, each on a line
//
// The rows are the list that the answer is about: v itself where it is a slice, the one list of
// things in a struct (hits, promises, ...), the one thing in it (customer, promise), else v.
func Value(w io.Writer, format string, v any) error {
	switch format {
	case "json":
		b, err := encode(v, "  ")
		if err == nil {
			_, err = w.Write(b)
		}
		return err
	case "jsonl":
		rows, _ := rowsOf(reflect.ValueOf(v))
		for _, r := range rows {
			b, err := encode(r.Interface(), "")
			if err != nil {
				return err
			}
			if _, err := w.Write(b); err != nil {
				return err
			}
		}
		return nil
	case "csv":
		return writeCSV(w, v)
	case "ids":
		rows, _ := rowsOf(reflect.ValueOf(v))
		for _, r := range rows {
			if id := idOf(r); id != "" {
				if _, err := io.WriteString(w, clean(id)+"\n"); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return fmt.Errorf("render: no format %q", format)
}

// encode writes JSON with a line end. Letters stay readable; control characters that JSON allows
// (those behind DEL) are escaped, so that no terminal obeys them, and empty lists are [] not null.
func encode(v any, indent string) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	if err := e.Encode(filled(reflect.ValueOf(v))); err != nil {
		return nil, err
	}
	out := b.Bytes()
	if !bytes.ContainsFunc(out, escaped) {
		return out, nil
	}
	var safe bytes.Buffer
	for len(out) > 0 {
		r, n := utf8.DecodeRune(out)
		if escaped(r) {
			fmt.Fprintf(&safe, `\u%04x`, r)
		} else {
			safe.Write(out[:n])
		}
		out = out[n:]
	}
	return safe.Bytes(), nil
}

func escaped(r rune) bool {
	return r >= 0x7F && r <= 0x9F || r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069
}

// filled copies a value with empty lists in place of nil ones, so that programs need not ask.
func filled(v reflect.Value) any {
	if !v.IsValid() {
		return nil
	}
	c := reflect.New(v.Type()).Elem()
	c.Set(v)
	fill(c)
	return c.Interface()
}

var timeType = reflect.TypeFor[time.Time]()

func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Slice:
		if v.IsNil() {
			if v.Type().Elem().Kind() != reflect.Uint8 {
				v.Set(reflect.MakeSlice(v.Type(), 0, 0))
			}
			return
		}
		if k := v.Type().Elem().Kind(); k != reflect.Struct && k != reflect.Pointer {
			return
		}
		v.Set(reflect.AppendSlice(reflect.MakeSlice(v.Type(), 0, v.Len()), v))
		for i := range v.Len() {
			fill(v.Index(i))
		}
	case reflect.Struct:
		if v.Type() == timeType {
			return
		}
		for i := range v.NumField() {
			f := v.Field(i)
			if f.CanSet() && (f.Kind() != reflect.Slice || !f.IsNil() || !strings.Contains(v.Type().Field(i).Tag.Get("json"), ",omitempty")) {
				fill(f)
			}
		}
	case reflect.Pointer:
		if !v.IsNil() && v.Type().Elem().Kind() == reflect.Struct {
			p := reflect.New(v.Type().Elem())
			p.Elem().Set(v.Elem())
			fill(p.Elem())
			v.Set(p)
		}
	case reflect.Map:
		if v.IsNil() {
			v.Set(reflect.MakeMap(v.Type()))
		}
	}
}

// rowsOf gives the rows of an answer and their type.
func rowsOf(v reflect.Value) ([]reflect.Value, reflect.Type) {
	for v.IsValid() && (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) && !v.IsNil() {
		v = v.Elem()
	}
	if !v.IsValid() {
		return nil, nil
	}
	if v.Kind() == reflect.Slice {
		rows := make([]reflect.Value, v.Len())
		for i := range rows {
			rows[i] = v.Index(i)
		}
		return rows, v.Type().Elem()
	}
	if v.Kind() == reflect.Struct && v.Type() != timeType {
		lists, things := []int{}, []int{}
		for i := range v.NumField() {
			f := v.Type().Field(i)
			switch {
			case !f.IsExported() || f.Type == timeType:
			case f.Type.Kind() == reflect.Slice && strings.Contains(f.Tag.Get("json"), ",omitempty"):
				// What may be left out is not what the answer is about.
			case f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct:
				lists = append(lists, i)
			case f.Type.Kind() == reflect.Struct:
				things = append(things, i)
			}
		}
		switch {
		case len(lists) == 1 && !isRow(v.Type()):
			return rowsOf(v.Field(lists[0]))
		case len(lists) == 0 && len(things) == 1 && !isRow(v.Type()) && isRow(v.Field(things[0]).Type()):
			return rowsOf(v.Field(things[0]))
		}
	}
	return []reflect.Value{v}, v.Type()
}

// isRow says whether a struct is a thing with a number or id of its own.
func isRow(t reflect.Type) bool {
	for _, name := range []string{"Number", "ID"} {
		if f, ok := t.FieldByName(name); ok && f.Type.Kind() == reflect.String {
			return true
		}
	}
	return false
}

// idOf gives a row's number, else its id, else that of the first thing in it.
func idOf(v reflect.Value) string {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return ""
		}
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.String:
		return v.String()
	case reflect.Struct:
		for _, name := range []string{"Number", "ID"} {
			if f := v.FieldByName(name); f.IsValid() && f.Kind() == reflect.String && f.String() != "" {
				return f.String()
			}
		}
		for i := range v.NumField() {
			f := v.Field(i)
			for f.Kind() == reflect.Pointer && !f.IsNil() {
				f = f.Elem()
			}
			if f.Kind() == reflect.Struct && isRow(f.Type()) {
				return idOf(f)
			}
		}
	}
	return ""
}
