package reconcile

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

// lists are the fields whose values stand each for itself and are merged one by one.
var lists = map[string]bool{"email": true, "phone": true, "handle": true, "url": true, "address": true, "tag": true}

// own are fields that mean something in their own system only: its ids, its users, its stages.
var own = map[string]bool{"external_id": true, "owner": true, "stage": true, FieldConsent: true}

func compared(field string) bool { return !own[field] }

// holds gives what a system can hold in a field.
func holds(matrix []Field, name string) (Field, bool) {
	all := -1
	for i := range matrix {
		switch {
		case matrix[i].Name == name:
			return matrix[i], true
		case matrix[i].Name == customPrefix && strings.HasPrefix(name, customPrefix):
			all = i
		}
	}
	if all < 0 {
		return Field{}, false
	}
	f := matrix[all]
	f.Name = name
	return f, true
}

func find(fields []state.Field, name string) (int, bool) {
	return slices.BinarySearchFunc(fields, name, func(f state.Field, n string) int { return strings.Compare(f.Name, n) })
}

func put(fields []state.Field, name string, vals []state.Value) []state.Field {
	i, ok := find(fields, name)
	if ok {
		fields[i].Values = vals
		return fields
	}
	return slices.Insert(fields, i, state.Field{Name: name, Values: vals})
}

// sorted copies fields into their order.
func sorted(fields []state.Field) []state.Field {
	out := slices.Clone(fields)
	slices.SortFunc(out, func(a, b state.Field) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func drop(fields []state.Field, name string) []state.Field {
	if i, ok := find(fields, name); ok {
		return slices.Delete(fields, i, i+1)
	}
	return fields
}

// lookup finds a field wherever it stands; ok says that it is there at all.
func lookup(fields []state.Field, name string) (vals []state.Value, ok bool) {
	for i := range fields {
		if fields[i].Name == name {
			return filled(fields[i].Values), true
		}
	}
	return nil, false
}

func valuesOf(fields []state.Field, name string) []state.Value {
	vals, _ := lookup(fields, name)
	return vals
}

func namesOf(fields ...[]state.Field) []string {
	names := map[string]bool{}
	for _, fs := range fields {
		for i := range fs {
			names[fs[i].Name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// filled leaves out values that say nothing.
func filled(vals []state.Value) []state.Value {
	empty := func(v state.Value) bool {
		if strings.TrimSpace(v.Text) != "" {
			return false
		}
		for _, p := range v.Parts {
			if strings.TrimSpace(p) != "" {
				return false
			}
		}
		return true
	}
	if !slices.ContainsFunc(vals, empty) {
		return vals
	}
	return slices.DeleteFunc(slices.Clone(vals), empty)
}

// plain is text as it is compared: systems differ in how they write accents and line ends, and
// strip what stands around it.
func plain(s string) string {
	if strings.ContainsRune(s, '\r') {
		s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	}
	return strings.TrimSpace(norm.NFC.String(s))
}

// addressParts are in the order in which they are compared.
var addressParts = []string{"po_box", "street", "street2", "postcode", "city", "region", "country"}

// key is equal for values that mean the same.
func key(field string, v state.Value, rules Rules) string {
	switch field {
	case "email":
		if e, err := identity.NormalizeEmail(strings.TrimSpace(v.Text)); err == nil {
			return e.Shown
		}
		return strings.ToLower(plain(v.Text))
	case "phone":
		p := identity.NormalizePhone(v.Text, rules.Region)
		switch {
		case p.E164 != "":
			return p.E164 + ";" + p.Extension
		case p.Digits != "":
			return p.Digits + ";" + p.Extension
		}
		return strings.ToLower(plain(v.Text))
	case "tag":
		return identity.FoldTag(plain(v.Text))
	case "handle":
		network := identity.CanonicalNetwork(v.Label)
		if h := identity.NormalizeHandle(network, v.Text); h != "" {
			return network + ":" + h
		}
		return network + ":" + strings.ToLower(plain(v.Text))
	case "url":
		return foldURL(plain(v.Text))
	case "address":
		return foldAddress(v, rules)
	case "birthday":
		if d, err := identity.ParseDate(plain(v.Text), identity.OrderUnknown); err == nil && !d.IsZero() {
			return d.String()
		}
	case "language", "gender":
		return strings.ToLower(plain(v.Text))
	}
	return plain(v.Text)
}

// foldURL makes addresses of pages comparable: scheme and host do not tell case apart, and a slash
// at the end of a host alone says nothing.
func foldURL(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		return s
	}
	u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	if u.Path == "/" {
		u.Path = ""
	}
	return u.String()
}

func foldAddress(v state.Value, rules Rules) string {
	if len(v.Parts) == 0 {
		return identity.FoldName(plain(v.Text))
	}
	var b strings.Builder
	for _, p := range addressParts {
		part := v.Parts[p]
		if p == "country" && rules.Country != nil {
			part = rules.Country(part) // one system writes "Germany", another "DE"
		}
		if s := identity.FoldName(part); s != "" {
			b.WriteString(s)
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// cut is how a system of n characters holds a text.
func cut(s string, n int) string {
	s = plain(s)
	if n <= 0 {
		return s
	}
	count := 0
	for i := range s {
		if count == n {
			return strings.TrimSpace(s[:i])
		}
		count++
	}
	return s
}

// project gives the values as a system can hold them. A text is cut; an element of a list that is
// too long is left out, as half an address leads nowhere.
func (f Field) project(name string, vals []state.Value) []state.Value {
	vals = filled(vals)
	if lists[name] {
		vals = slices.DeleteFunc(slices.Clone(vals), func(v state.Value) bool { return !f.fits(name, v) })
	} else if f.Long > 0 {
		cutted := make([]state.Value, len(vals))
		for i, v := range vals {
			cutted[i] = v
			if c := cut(v.Text, f.Long); c != plain(v.Text) {
				cutted[i].Text = c
			}
		}
		vals = cutted
	}
	if f.Many > 0 && len(vals) > f.Many {
		vals = vals[:f.Many:f.Many]
	}
	return vals
}

func (f Field) fits(name string, v state.Value) bool {
	return f.Long <= 0 || name == "address" || cut(v.Text, f.Long) == plain(v.Text)
}

// holdsLess says that a system can hold less of a field than another.
func (f Field) holdsLess(g Field) int {
	size := func(n int) int {
		if n <= 0 {
			return int(^uint(0) >> 1)
		}
		return n
	}
	if a, b := size(f.Long), size(g.Long); a != b {
		return b - a
	}
	return size(g.Many) - size(f.Many)
}

// scalarKey is equal for whole fields that mean the same, where both are held as by f and g.
func scalarKey(name string, vals []state.Value, f, g Field, rules Rules) string {
	var b strings.Builder
	for _, v := range g.project(name, f.project(name, vals)) {
		b.WriteString(key(name, v, rules))
		b.WriteByte(0)
	}
	return b.String()
}
