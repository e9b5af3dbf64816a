package reconcile

import (
	"cmp"
	"slices"

	"github.com/keptcrm/kept/state"
)

// element is one value of a list.
type element struct {
	key string
	val state.Value
}

// delta is what a side says of a list, and what it changed in it.
type delta struct {
	eff     []element // once it has what it owes
	adds    []element
	firsts  []element // of a side that was never compared: all that it has
	removes []element
	fresh   map[string]bool // of Hand: what was taken away since the last run
}

func (m *merge) elementsOf(field string, vals []state.Value) []element {
	var out []element
	for _, v := range vals {
		if k := key(field, v, m.rules); k != "" {
			out = append(out, element{k, v})
		}
	}
	return out
}

func has(es []element, key string) bool {
	return slices.ContainsFunc(es, func(e element) bool { return e.key == key })
}

func without(es, others []element) []element {
	var out []element
	for _, e := range es {
		if !has(others, e.key) {
			out = append(out, e)
		}
	}
	return out
}

func (m *merge) elements(field string, v *view) delta {
	now := m.elementsOf(field, v.now)
	if v.hand {
		return m.handElements(field, v, now)
	}
	if !v.known {
		return delta{eff: now, firsts: now}
	}
	shadow := m.elementsOf(field, v.shadow)
	d := delta{eff: now, adds: without(now, shadow), removes: without(shadow, now)}
	if v.owes {
		// What it was given of what it owes is no word of its own.
		owed := m.elementsOf(field, v.owed)
		if m.echoes(field, v) {
			return delta{eff: owed}
		}
		d.adds = without(d.adds, owed)
		d.removes = slices.DeleteFunc(d.removes, func(e element) bool { return !has(owed, e.key) })
		d.eff = nil
		for _, e := range owed {
			if i := slices.IndexFunc(now, func(n element) bool { return n.key == e.key }); i >= 0 {
				e = now[i]
			}
			d.eff = append(d.eff, e)
		}
		d.eff = append(without(d.eff, d.removes), d.adds...)
	}
	return d
}

// handElements reads what people set and took away. A value that is not set any more was not taken
// away: the records are believed again.
func (m *merge) handElements(field string, v *view, now []element) delta {
	set, off := []element{}, []element{}
	for _, e := range m.elementsOf(field, v.shadow) {
		if e.val.Label == labelTakenOff {
			off = append(off, e)
		} else {
			set = append(set, e)
		}
	}
	removed, _ := lookup(m.sides[v.side].Removed, field)
	d := delta{eff: now, adds: without(now, set), removes: without(m.elementsOf(field, removed), now), fresh: map[string]bool{}}
	for _, e := range without(d.removes, off) {
		d.fresh[e.key] = true
	}
	return d
}

// list merges a field whose values stand each for itself.
func (m *merge) list(field string, views []*view) {
	ranked := slices.Clone(views)
	slices.SortStableFunc(ranked, func(a, b *view) int { return boolOrder(m.owns(b, field), m.owns(a, field)) })
	deltas := map[*view]delta{}
	added, brought := map[string]*view{}, map[string]*view{} // by key, by whom first
	removed, fresh, byHand := map[string]*view{}, map[string]bool{}, map[string]bool{}
	note := func(to map[string]*view, es []element, v *view) {
		for _, e := range es {
			if to[e.key] == nil {
				to[e.key] = v
			}
		}
	}
	for _, v := range ranked {
		d := m.elements(field, v)
		deltas[v] = d
		if v.silent {
			continue
		}
		note(added, d.adds, v)
		note(brought, d.firsts, v)
		note(removed, d.removes, v)
		for _, e := range d.removes {
			if v.hand {
				byHand[e.key] = true
				fresh[e.key] = fresh[e.key] || d.fresh[e.key]
			}
		}
	}
	gone := func(key string) bool {
		// What somebody adds or replaces beats what another takes away. What a person here took away just
		// now is not brought back by a record that nobody had looked at.
		return removed[key] != nil && added[key] == nil && (brought[key] == nil || fresh[key])
	}
	var news, all []element
	collect := func(to *[]element, es []element) {
		for _, e := range es {
			if !gone(e.key) && !has(*to, e.key) {
				*to = append(*to, e)
			}
		}
	}
	replaced := map[string]element{}
	for _, v := range ranked {
		d := deltas[v]
		if v.silent {
			continue
		}
		collect(&news, d.adds)
		collect(&news, d.firsts)
		if len(d.adds) == len(d.removes) && !v.hand {
			for i, e := range d.removes {
				if _, ok := replaced[e.key]; !ok && gone(e.key) {
					replaced[e.key] = d.adds[i]
				}
			}
		}
	}
	for _, v := range ranked {
		if !v.silent {
			collect(&all, deltas[v].eff)
		}
	}
	for _, v := range views {
		d := deltas[v]
		if v.hand {
			m.settleHandList(field, v, d, gone, func(key string) bool { return added[key] != nil || brought[key] != nil })
			continue
		}
		v.from, v.why = -1, WhyChanged
		from := func(w *view) {
			if w != nil && w != v && v.from < 0 {
				v.from = w.side
			}
		}
		var list []element
		dropped := false
		for _, e := range d.eff {
			if !gone(e.key) {
				list = append(list, e)
				continue
			}
			dropped = true
			from(removed[e.key])
			if r, ok := replaced[e.key]; ok && !has(list, r.key) && !has(d.eff, r.key) && v.caps.fits(field, r.val) {
				list = append(list, r)
			}
		}
		give := news
		full := v.caps.Many > 0 && len(d.eff) >= v.caps.Many
		if !v.known || full && dropped && len(d.removes) == 0 {
			give = append(slices.Clone(news), all...)
		}
		for _, e := range give {
			if has(list, e.key) || !v.caps.fits(field, e.val) || v.caps.Many > 0 && len(list) >= v.caps.Many {
				continue
			}
			list = append(list, e)
			from(cmp.Or(added[e.key], brought[e.key]))
		}
		for _, e := range list {
			for _, w := range ranked {
				if !has(m.elementsOf(field, v.now), e.key) && has(m.elementsOf(field, w.now), e.key) {
					from(w)
				}
			}
		}
		v.target = nil
		for _, e := range list {
			v.target = append(v.target, e.val)
		}
	}
}

// settleHandList keeps what is set and taken away by hand, and finds what others overtook of it.
func (m *merge) settleHandList(field string, v *view, d delta, gone, said func(key string) bool) {
	var kept []state.Value
	for _, e := range d.eff {
		if gone(e.key) {
			m.takeBack(Taken{Field: field, Value: &e.val})
		} else {
			kept = append(kept, e.val)
		}
	}
	for _, e := range d.removes {
		if !gone(e.key) && said(e.key) {
			m.takeBack(Taken{Field: field, Value: &e.val})
			continue
		}
		kept = append(kept, state.Value{Text: e.val.Text, Label: labelTakenOff, Parts: e.val.Parts})
	}
	for _, x := range kept {
		if x.Label != labelTakenOff {
			v.target = append(v.target, x)
		}
	}
	sh := &m.shadows[v.side]
	sh.Fields = put(sh.Fields, field, kept)
}
