package reconcile

import (
	"slices"
	"strings"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

// nameParts are the fields that a full name is composed of.
var nameParts = []string{"prefix", fieldGiven, fieldMiddle, fieldFamily, "suffix"}

// splitHand gives a name that a person set, and that has exactly a given and a family name, in
// parts too; true where it did.
func splitHand(s *Side) bool {
	name := valuesOf(s.Fields, fieldName)
	_, given := lookup(s.Fields, fieldGiven)
	_, family := lookup(s.Fields, fieldFamily)
	if len(name) != 1 || given || family {
		return false
	}
	n := identity.ParseName(name[0].Text)
	if n.Given == "" || n.Family == "" || n != (identity.Name{Given: n.Given, Family: n.Family}) {
		return false
	}
	s.Fields = slices.Clone(s.Fields)
	s.Fields = append(s.Fields, state.Field{Name: fieldGiven, Values: []state.Value{{Text: n.Given}}},
		state.Field{Name: fieldFamily, Values: []state.Value{{Text: n.Family}}})
	return true
}

// inParts says whether a side holds a name in parts; its full name then only repeats them.
func (m *merge) inParts(i int) bool {
	s := &m.sides[i]
	if s.Hand {
		_, given := lookup(s.Fields, fieldGiven)
		_, family := lookup(s.Fields, fieldFamily)
		return given || family
	}
	g, _ := holds(s.Matrix, fieldGiven)
	f, _ := holds(s.Matrix, fieldFamily)
	return g.Read || f.Read
}

// partSides are the sides that hold names in parts and whose word counts, in order.
func (m *merge) partSides() []int {
	var out []int
	for _, i := range m.order {
		if s := &m.sides[i]; !s.Hand && !s.Silent && m.inParts(i) {
			out = append(out, i)
		}
	}
	return out
}

// names decides full names. Systems that hold parts decide among themselves; one that holds the
// full name alone gets what they compose, and where it says another name nobody takes that apart.
func (m *merge) names() {
	m.derived()
	var views []*view
	for _, v := range m.views[fieldName] {
		if !m.inParts(v.side) {
			views = append(views, v)
		}
	}
	if len(views) == 0 {
		return
	}
	for _, part := range nameParts {
		if m.undecided[part] {
			m.undecided[fieldName] = true
			return
		}
	}
	parts := m.composed()
	if parts != nil {
		views = append([]*view{parts}, views...)
	}
	m.scalar(fieldName, views)
	if parts != nil && !m.undecided[fieldName] && !m.same(fieldName, parts, parts.target, parts, parts.eff) {
		if parts.hand {
			for _, v := range append(slices.Clone(m.views[fieldGiven]), m.views[fieldFamily]...) {
				if v.hand {
					field := fieldGiven
					if slices.Contains(m.views[fieldFamily], v) {
						field = fieldFamily
					}
					m.takeBack(Taken{Field: field})
					m.shadows[v.side].Fields = drop(m.shadows[v.side].Fields, field)
				}
			}
		} else if !slices.ContainsFunc(views, func(v *view) bool { return v.hand && v.side == parts.from }) {
			m.undecided[fieldName] = true
			var said []*view
			for _, v := range views {
				if !v.silent && (v == parts || v.changed || v.first) {
					said = append(said, v)
				}
			}
			if slices.ContainsFunc(views, m.writable) || m.writableParts() {
				m.conflict(fieldName, m.claims(fieldName, said))
			}
			return
		}
	}
	for _, v := range views {
		if v.from < 0 && parts != nil && v.side >= 0 {
			if sides := m.partSides(); len(sides) > 0 {
				v.from = sides[0]
			}
		}
	}
	m.settle(fieldName, views)
}

func (m *merge) writableParts() bool {
	return slices.ContainsFunc(m.partSides(), func(i int) bool {
		f, _ := holds(m.sides[i].Matrix, fieldFamily)
		return m.sides[i].Writable && f.Write
	})
}

// composed is the name as the sides in parts have it, as a side of its own; nil where none does.
func (m *merge) composed() *view {
	sides := m.partSides()
	for _, i := range m.order {
		if m.sides[i].Hand && m.inParts(i) {
			sides = append(sides, i)
		}
	}
	for _, i := range sides {
		var before, after identity.Name
		known := true
		for _, part := range []string{fieldGiven, fieldMiddle, fieldFamily} {
			for _, v := range m.views[part] {
				if v.side == i {
					setPart(&before, part, v.base)
					setPart(&after, part, v.target)
					known = known && v.known
				}
			}
		}
		if after.IsZero() && before.IsZero() {
			continue
		}
		v := &view{side: -1, caps: Field{Name: fieldName, Read: true}, hand: m.sides[i].Hand, known: known, eff: nameValue(after), from: -1}
		v.now, v.base, v.shadow = v.eff, nameValue(before), nameValue(before)
		v.changed = known && scalarKey(fieldName, v.eff, v.caps, v.caps, m.rules) != scalarKey(fieldName, v.base, v.caps, v.caps, m.rules)
		v.first = !known && len(v.eff) > 0
		return v
	}
	return nil
}

func nameValue(n identity.Name) []state.Value {
	if s := strings.TrimSpace(n.String()); s != "" {
		return []state.Value{{Text: s}}
	}
	return nil
}

func setPart(n *identity.Name, part string, vals []state.Value) {
	if len(vals) == 0 {
		return
	}
	text := plain(vals[0].Text)
	switch part {
	case "prefix":
		n.Prefix = text
	case fieldGiven:
		n.Given = text
	case fieldMiddle:
		n.Middle = text
	case fieldFamily:
		n.Family = text
	case "suffix":
		n.Suffix = text
	}
}

// sameName says whether two full names are one, whatever their order and titles.
func sameName(x, y []state.Value) bool {
	if len(x) == 0 || len(y) == 0 {
		return false
	}
	return identity.SameName(identity.ParseName(x[0].Text), identity.ParseName(y[0].Text))
}

// composers are the ways in which systems put a full name together, the most likely first.
var composers = []func(n identity.Name) string{
	func(n identity.Name) string {
		return identity.Name{Given: n.Given, Middle: n.Middle, Family: n.Family}.String()
	},
	func(n identity.Name) string { return identity.Name{Given: n.Given, Family: n.Family}.String() },
	func(n identity.Name) string { return n.String() },
	func(n identity.Name) string { return joined(" ", n.Given, n.Family) },
	func(n identity.Name) string { return joined(" ", n.Family, n.Given) },
	func(n identity.Name) string { return joined(", ", n.Family, n.Given) },
	func(n identity.Name) string { return joined("", n.Family, n.Given) },
	func(n identity.Name) string { return joined(" ", n.Prefix, n.Given, n.Middle, n.Family, n.Suffix) },
}

func joined(sep string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), sep)
}

// derived writes the full name of sides whose parts are written, where it was made of them.
func (m *merge) derived() {
	for i := range m.sides {
		s := &m.sides[i]
		caps, ok := holds(s.Matrix, fieldName)
		if s.Hand || s.Gone || !ok || !caps.Write || !m.inParts(i) {
			continue
		}
		var before, after identity.Name
		for _, part := range nameParts {
			setPart(&before, part, valuesOf(s.Fields, part))
			setPart(&after, part, valuesOf(s.Fields, part))
		}
		from, why, written := -1, "", false
		for _, c := range m.changes[i] {
			if slices.Contains(nameParts, c.Field) {
				from, why, written = c.From, c.Why, true
				set := c.After
				if len(set) == 0 {
					set = []state.Value{{}}
				}
				setPart(&after, c.Field, set)
			}
		}
		if !written {
			continue
		}
		old := valuesOf(s.Fields, fieldName)
		text := ""
		if len(old) > 0 {
			text = plain(old[0].Text)
		}
		for _, compose := range composers {
			if plain(compose(before)) != text {
				continue
			}
			var now []state.Value
			if name := compose(after); name != "" {
				now = caps.project(fieldName, []state.Value{{Text: name}})
			}
			if view := (&view{side: i, caps: caps}); !m.same(fieldName, view, now, view, old) {
				m.change(i, Change{Field: fieldName, Before: old, After: now, From: from, Why: why})
			}
			break
		}
	}
}

// withNames adds to a believed customer what a system asks for of its name.
func withNames(fields []state.Field, matrix []Field) []state.Field {
	n := identity.Name{}
	for _, part := range nameParts {
		setPart(&n, part, valuesOf(fields, part))
	}
	full := valuesOf(fields, fieldName)
	takes := func(name string) bool { f, ok := holds(matrix, name); return ok && f.Write }
	switch {
	case len(full) == 0 && !n.IsZero():
		return append(slices.Clone(fields), state.Field{Name: fieldName, Values: nameValue(identity.Name{Given: n.Given, Middle: n.Middle, Family: n.Family})})
	case len(full) > 0 && n.Given == "" && n.Family == "" && !takes(fieldName):
		n = identity.ParseName(full[0].Text)
		fields = slices.DeleteFunc(slices.Clone(fields), func(f state.Field) bool { return slices.Contains(nameParts, f.Name) })
		for part, text := range map[string]string{"prefix": n.Prefix, fieldGiven: n.Given, fieldMiddle: n.Middle, fieldFamily: n.Family, "suffix": n.Suffix} {
			if text != "" {
				fields = append(fields, state.Field{Name: part, Values: []state.Value{{Text: text}}})
			}
		}
	}
	return fields
}
