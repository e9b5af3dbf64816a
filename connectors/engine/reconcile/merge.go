package reconcile

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/keptcrm/kept/state"
)

// merge is the work of one Reconcile.
type merge struct {
	sides     []Side // own copies, with what is known of Hand's name in parts
	rules     Rules
	order     []int // of the sides that are there, the same however they were given
	nameSplit bool  // Hand's given and family stand for its name
	shadows   []Shadow
	views     map[string][]*view // by field, in order
	undecided map[string]bool
	conflicts []Conflict
	taken     []Taken
	changes   [][]Change // by side
}

// view is one field of one side.
type view struct {
	side    int // -1: composed of the parts of names
	caps    Field
	now     []state.Value
	known   bool // whether it was compared before
	shadow  []state.Value
	owes    bool
	owed    []state.Value
	hand    bool
	silent  bool
	changed bool          // it says something that nobody told it
	first   bool          // it was never compared, and says something
	late    bool          // it changed while it owed something else
	eff     []state.Value // what it says once it has what it owes
	base    []state.Value // what it would say had it not changed
	target  []state.Value // what it shall say
	from    int
	why     string
}

func newMerge(sides []Side, rules Rules) *merge {
	m := &merge{sides: slices.Clone(sides), rules: rules, views: map[string][]*view{}, undecided: map[string]bool{},
		shadows: make([]Shadow, len(sides)), changes: make([][]Change, len(sides))}
	for i := range m.sides {
		s := &m.sides[i]
		if s.Hand {
			m.nameSplit = splitHand(s) || m.nameSplit
		}
		if !s.Gone && s.Shadow.Gone {
			s.Shadow = Shadow{} // it came back: what it does not have was not taken away
		}
		if s.Hand {
			s.Shadow.Fields = slices.DeleteFunc(slices.Clone(s.Shadow.Fields), func(f state.Field) bool {
				_, set := lookup(s.Fields, f.Name)
				_, removed := lookup(s.Removed, f.Name)
				return !set && !removed // taken back; what is set again is new
			})
		}
		m.shadows[i] = Shadow{Fields: sorted(s.Shadow.Fields), Owed: sorted(s.Shadow.Owed), Maybe: sorted(s.Shadow.Maybe),
			Untaken: s.Shadow.Untaken, Gone: s.Shadow.Gone}
		if !s.Gone {
			m.order = append(m.order, i)
		}
	}
	content := func(s *Side) string {
		b, _ := json.Marshal([]any{s.Fields, s.Shadow}) // plain data
		return string(b)
	}
	slices.SortFunc(m.order, func(a, b int) int {
		x, y := &m.sides[a], &m.sides[b]
		if c := cmp.Or(boolOrder(y.Hand, x.Hand), strings.Compare(x.Connection, y.Connection), strings.Compare(x.ID, y.ID)); c != 0 {
			return c
		}
		return strings.Compare(content(x), content(y))
	})
	for _, f := range m.fields() {
		for _, i := range m.order {
			if v := m.view(i, f); v != nil {
				m.views[f] = append(m.views[f], v)
			}
		}
	}
	return m
}

func boolOrder(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// fields names all that is to be looked at, sorted; the name of people is looked at apart.
func (m *merge) fields() []string {
	var all [][]state.Field
	for _, i := range m.order {
		s := &m.sides[i]
		var declared []state.Field
		for _, f := range s.Matrix {
			if f.Name != customPrefix {
				declared = append(declared, state.Field{Name: f.Name})
			}
		}
		all = append(all, s.Fields, s.Removed, s.Shadow.Fields, s.Shadow.Owed, declared)
	}
	return slices.DeleteFunc(namesOf(all...), func(f string) bool { return !compared(f) })
}

// view looks at a field of a side; nil where the side has no say in it.
func (m *merge) view(i int, field string) *view {
	s := &m.sides[i]
	v := &view{side: i, hand: s.Hand, silent: s.Silent, from: -1}
	set := true
	v.now, set = lookup(s.Fields, field)
	v.shadow, v.known = lookup(s.Shadow.Fields, field)
	v.owed, v.owes = lookup(s.Shadow.Owed, field)
	if s.Hand {
		v.caps = Field{Name: field, Read: true}
		if _, removed := lookup(s.Removed, field); !set && (!removed || !lists[field]) {
			return nil
		}
	} else {
		caps, ok := holds(s.Matrix, field)
		if !ok || !caps.Read {
			return nil
		}
		v.caps = caps
	}
	v.eff, v.base = v.now, v.shadow
	if lists[field] || field == fieldName && m.inParts(i) {
		return v
	}
	switch {
	case !v.known:
		v.first = len(v.now) > 0 && !v.hand
		v.changed = v.hand
		v.base = nil
	case v.owes:
		v.base = v.owed
		v.changed = !m.same(field, v, v.now, v, v.shadow) && !m.same(field, v, v.now, v, v.owed)
		v.changed = v.changed && !v.silent && !m.echoes(field, v)
		v.late = v.changed && m.writable(v)
		if !v.changed && !m.same(field, v, v.now, v, v.owed) {
			v.eff = v.owed
		}
	default:
		v.changed = !m.same(field, v, v.now, v, v.shadow)
	}
	return v
}

func (m *merge) writable(v *view) bool {
	return v.side >= 0 && !v.hand && m.sides[v.side].Writable && v.caps.Write
}

// same says whether what one side says means what another says, as far as both can hold it.
func (m *merge) same(field string, a *view, x []state.Value, b *view, y []state.Value) bool {
	if field == fieldName && (a.side < 0) != (b.side < 0) && sameName(x, y) {
		return true
	}
	return scalarKey(field, x, a.caps, b.caps, m.rules) == scalarKey(field, y, b.caps, a.caps, m.rules)
}

// outcome decides field by field and puts together what follows.
func (m *merge) outcome() Outcome {
	var out Outcome
	if writes, ok := m.deletes(); ok {
		out.Writes, out.Shadows = writes, m.shadows
		return out
	}
	names := make([]string, 0, len(m.views))
	for f := range m.views {
		names = append(names, f)
	}
	slices.Sort(names)
	for _, f := range names {
		switch {
		case lists[f]:
			m.list(f, m.views[f])
		case f != fieldName:
			m.scalar(f, m.views[f])
		}
		if f != fieldName {
			m.settle(f, m.views[f])
		}
	}
	m.names()
	out.Agreed = m.agreement()
	out.Conflicts, out.HandTakenBack = m.conflicts, m.taken
	slices.SortFunc(out.Conflicts, func(a, b Conflict) int { return strings.Compare(a.Field, b.Field) })
	for i := range m.sides {
		s := &m.sides[i]
		if s.Gone || s.Hand {
			continue
		}
		w := Write{Side: i, Changes: m.changes[i], Consents: s.Consents}
		w.Fields = sorted(s.Fields)
		for _, c := range w.Changes {
			if len(c.After) == 0 {
				w.Fields = drop(w.Fields, c.Field)
			} else {
				w.Fields = put(w.Fields, c.Field, c.After)
			}
		}
		if said, change, ok := m.consents(i, w.Fields); ok {
			w.Consents = said
			w.Changes = append(w.Changes, change)
		}
		if len(w.Changes) > 0 {
			slices.SortFunc(w.Changes, func(a, b Change) int { return strings.Compare(a.Field, b.Field) })
			out.Writes = append(out.Writes, w)
		}
	}
	out.Shadows = m.shadows
	return out
}

// deletes says what follows from records that are gone; ok is true where that is deletions, and
// then nothing else is done.
func (m *merge) deletes() ([]Write, bool) {
	spread, fresh := false, false
	for i := range m.sides {
		s := &m.sides[i]
		if s.Gone && !s.Shadow.Gone {
			fresh = true
			spread = spread || s.PropagateDeletes && !s.Silent
		}
	}
	if !fresh {
		return nil, false
	}
	var writes []Write
	if spread && !m.anyEdit() {
		for i := range m.sides {
			if s := &m.sides[i]; !s.Gone && !s.Hand && s.Writable && s.CanDelete {
				writes = append(writes, Write{Side: i, Delete: true, Fields: s.Fields, Consents: s.Consents})
			}
		}
	}
	if len(writes) > 0 {
		return writes, true
	}
	for i := range m.sides {
		if m.sides[i].Gone {
			m.shadows[i].Gone = true
		}
	}
	return nil, false
}

// anyEdit says whether a side says anything that is not in its shadow.
func (m *merge) anyEdit() bool {
	for f, views := range m.views {
		for _, v := range views {
			if v.silent || v.side >= 0 && f == fieldName && m.inParts(v.side) {
				continue
			}
			if !lists[f] {
				if v.changed || v.first {
					return true
				}
				continue
			}
			e := m.elements(f, v)
			if len(e.adds)+len(e.firsts) > 0 || !v.hand && len(e.removes) > 0 || len(e.fresh) > 0 {
				return true
			}
		}
	}
	return false
}

// settle keeps what was decided about a field: in the shadows, and as changes of the sides that are
// written to.
func (m *merge) settle(field string, views []*view) {
	if m.undecided[field] || len(m.sides) == 1 {
		return // what one says alone it does not agree on with anybody
	}
	for _, v := range views {
		if v.side < 0 {
			continue
		}
		sh := &m.shadows[v.side]
		if v.hand {
			if !lists[field] && !m.same(field, v, v.target, v, v.now) {
				m.takeBack(Taken{Field: field})
				sh.Fields = drop(sh.Fields, field)
			} else if !lists[field] {
				sh.Fields = put(sh.Fields, field, v.now)
			}
			continue
		}
		sh.Fields = put(sh.Fields, field, v.now)
		if m.sameAll(field, v, v.target, v.now) {
			sh.Owed, sh.Maybe = drop(sh.Owed, field), drop(sh.Maybe, field)
			continue
		}
		if _, there := lookup(sh.Maybe, field); v.owes && !there && !m.sameAll(field, v, v.target, v.owed) {
			sh.Maybe = put(sh.Maybe, field, v.owed)
		}
		sh.Owed = put(sh.Owed, field, v.target)
		if m.writable(v) {
			why := v.why
			if len(v.now) == 0 && (why == "" || why == WhyChanged) {
				why = WhyFilled
			}
			m.change(v.side, Change{Field: field, Before: v.now, After: v.target, From: v.from, Why: cmp.Or(why, WhyChanged)})
		}
	}
}

// echoes says whether a side says what it was told once and owes no more.
func (m *merge) echoes(field string, v *view) bool {
	maybe, ok := lookup(m.sides[v.side].Shadow.Maybe, field)
	return ok && m.sameAll(field, v, v.now, maybe)
}

func (m *merge) sameAll(field string, v *view, x, y []state.Value) bool {
	if !lists[field] {
		return m.same(field, v, x, v, y)
	}
	return slices.Equal(m.keySet(field, x), m.keySet(field, y))
}

func (m *merge) keySet(field string, vals []state.Value) []string {
	keys := make([]string, 0, len(vals))
	for _, v := range vals {
		keys = append(keys, key(field, v, m.rules))
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func (m *merge) change(side int, c Change) { m.changes[side] = append(m.changes[side], c) }

func (m *merge) takeBack(t Taken) {
	if m.nameSplit && (t.Field == fieldGiven || t.Field == fieldFamily) {
		t.Field = fieldName // what is set is the name
		if slices.ContainsFunc(m.taken, func(x Taken) bool { return x.Field == fieldName }) {
			return
		}
	}
	m.taken = append(m.taken, t)
}
