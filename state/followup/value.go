package followup

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// valueOf gives a field of what a condition saw as text.
func valueOf(env map[string]any, field string) string {
	object, name, _ := strings.Cut(field, ".")
	v := reflect.ValueOf(env[object])
	if !v.IsValid() {
		return ""
	}
	for i := range v.NumField() {
		if v.Type().Field(i).Tag.Get("expr") == name {
			return written(v.Field(i).Interface(), name)
		}
	}
	return ""
}

func written(v any, name string) string {
	switch v := v.(type) {
	case string:
		return v
	case int:
		if v == Never && strings.HasSuffix(name, "days") {
			return "never"
		}
		return strconv.Itoa(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case []string:
		return strings.Join(v, ", ")
	case map[string]float64:
		var out []string
		for _, k := range slices.Sorted(maps.Keys(v)) {
			out = append(out, k+" "+strconv.FormatFloat(v[k], 'f', 2, 64))
		}
		return strings.Join(out, ", ")
	}
	return fmt.Sprint(v)
}

// clip keeps a text to what a condition may see of it.
func clip(s string) string {
	if len(s) <= maxText {
		return s
	}
	return strings.ToValidUTF8(s[:maxText], "")
}

// nearest gives the known word of which a typed one may be a misspelling, or "".
func nearest(typed string, known []string) string {
	best, at := "", max(2, len([]rune(typed))/3)+1
	for _, k := range known {
		if d := edits([]rune(typed), []rune(k)); d < at {
			best, at = k, d
		}
	}
	return best
}

// edits counts the letters to add, drop or change to make b of a.
func edits(a, b []rune) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		corner := row[0]
		row[0] = i + 1
		for j := range b {
			cost := corner
			if a[i] != b[j] {
				cost++
			}
			corner = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
