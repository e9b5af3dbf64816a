package reconcile

import (
	"slices"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

// answer settles a field as a person chose.
func (m *merge) answer(field string, values []state.Value) []Shadow {
	values = filled(values)
	fields := map[string][]state.Value{field: values}
	if field == fieldName && len(values) > 0 {
		n := identity.ParseName(values[0].Text)
		for _, part := range nameParts {
			fields[part] = nil
		}
		for part, text := range map[string]string{"prefix": n.Prefix, fieldGiven: n.Given, fieldMiddle: n.Middle, fieldFamily: n.Family, "suffix": n.Suffix} {
			if text != "" {
				fields[part] = []state.Value{{Text: text}}
			}
		}
	}
	for name, vals := range fields {
		for _, v := range m.views[name] {
			if v.hand || field == fieldName && (name == fieldName) == m.inParts(v.side) {
				continue
			}
			if name != field && m.saysName(v.side, values) {
				continue
			}
			v.target = v.caps.project(name, vals)
			if name != field && name != fieldGiven && name != fieldFamily && len(vals) == 0 {
				v.target = v.now // a title that the name does not tell may still stand apart
			}
			sh := &m.shadows[v.side]
			sh.Fields = put(sh.Fields, name, v.now)
			if m.same(name, v, v.target, v, v.now) {
				sh.Owed = drop(sh.Owed, name)
			} else {
				sh.Owed = put(sh.Owed, name, v.target)
			}
		}
	}
	return m.shadows
}

// saysName says whether a side that holds names in parts has this one already.
func (m *merge) saysName(side int, name []state.Value) bool {
	var n identity.Name
	for _, part := range nameParts {
		for _, v := range m.views[part] {
			if v.side == side {
				setPart(&n, part, v.eff)
			}
		}
	}
	return plain(n.String()) == plain(name[0].Text) || sameName(nameValue(n), name)
}

// agreement gives what the sides that have a word say once all is carried out.
func (m *merge) agreement() []state.Field {
	if !slices.ContainsFunc(m.order, func(i int) bool { return !m.sides[i].Hand && !m.sides[i].Silent }) {
		return nil
	}
	out := []state.Field{}
	for field, views := range m.views {
		var vals []state.Value
		views = slices.Clone(views)
		slices.SortStableFunc(views, func(a, b *view) int { return a.caps.holdsLess(b.caps) })
		for _, v := range views {
			switch {
			case v.silent, m.undecided[field], field == fieldName && m.inParts(v.side):
			case lists[field]:
				for _, e := range m.elementsOf(field, v.target) {
					if !has(m.elementsOf(field, vals), e.key) {
						vals = append(vals, e.val)
					}
				}
			case len(vals) == 0:
				vals = v.target
			}
		}
		out = put(out, field, vals)
	}
	if len(valuesOf(out, fieldGiven))+len(valuesOf(out, fieldFamily)) > 0 {
		out = put(out, fieldName, nil) // it is composed of them
	}
	return out
}
