package reconcile

import (
	"cmp"
	"slices"

	"github.com/keptcrm/kept/state"
)

// claim is a value and the sides that say it.
type claim struct {
	vals  []state.Value
	views []*view // the one that can hold most first
}

func (c *claim) any(fn func(*view) bool) *view {
	if i := slices.IndexFunc(c.views, fn); i >= 0 {
		return c.views[i]
	}
	return nil
}

// claims groups sides by what they say. A system that cuts says the same as one that holds all.
func (m *merge) claims(field string, views []*view) []claim {
	views = slices.Clone(views)
	slices.SortStableFunc(views, func(a, b *view) int { return a.caps.holdsLess(b.caps) })
	var out []claim
	for _, v := range views {
		i := slices.IndexFunc(out, func(c claim) bool { return m.same(field, c.views[0], c.vals, v, v.eff) })
		if i < 0 {
			out = append(out, claim{vals: v.eff})
			i = len(out) - 1
		}
		out[i].views = append(out[i].views, v)
	}
	return out
}

// scalar decides a field that says one thing as a whole.
func (m *merge) scalar(field string, views []*view) {
	var contend []*view
	all := false // whether those that did not change have a word too
	for _, v := range views {
		v.target = v.eff
		if v.silent {
			continue
		}
		if v.changed || v.first {
			contend = append(contend, v)
		}
		all = all || v.first || v.late
	}
	if all {
		// A record that came later, or that was edited before it had what was decided, does not know
		// what the others agreed on, so its word is none that overtook theirs.
		for _, v := range views {
			if !v.silent && !v.changed && !v.first && len(v.eff) > 0 {
				contend = append(contend, v)
			}
		}
	}
	if slices.ContainsFunc(contend, func(v *view) bool { return len(v.eff) > 0 }) {
		contend = slices.DeleteFunc(contend, func(v *view) bool { return len(v.eff) == 0 })
	}
	if len(contend) == 0 {
		m.agreed(field, views)
		return
	}
	claims := m.claims(field, contend)
	won, why := 0, WhyChanged
	if len(claims) > 1 {
		won, why = m.choose(field, claims)
	}
	if won < 0 {
		m.undecided[field] = true
		if slices.ContainsFunc(views, m.writable) {
			m.conflict(field, claims)
		}
		return
	}
	from := claims[won].views[0]
	if v := claims[won].any(func(v *view) bool { return v.changed || v.first }); v != nil {
		from = v
	}
	for _, v := range views {
		v.from, v.why = from.side, why
		if !m.same(field, claims[won].views[0], claims[won].vals, v, v.eff) {
			v.target = v.caps.project(field, claims[won].vals)
		}
	}
}

// agreed decides a field that nobody changed: who never had it gets what the others agreed on.
func (m *merge) agreed(field string, views []*view) {
	var stand []*view
	for _, v := range views {
		if v.known && !v.silent {
			stand = append(stand, v)
		}
	}
	claims := m.claims(field, stand)
	best := -1
	for i := range claims {
		if len(claims[i].vals) > 0 && (best < 0 || len(claims[i].views) > len(claims[best].views)) {
			best = i
		}
	}
	if best < 0 {
		return
	}
	for _, v := range views {
		if !v.known && !m.same(field, claims[best].views[0], claims[best].vals, v, v.eff) {
			v.target = v.caps.project(field, claims[best].vals)
		}
		for _, w := range stand {
			if !w.owes && v.from < 0 && m.same(field, w, w.now, v, v.target) { // one that owes only repeats what it was told
				v.from = w.side
			}
		}
	}
}

// choose says whose word counts of several that contradict each other; -1 where nothing says.
func (m *merge) choose(field string, claims []claim) (int, string) {
	only := func(fn func(*view) bool) int {
		found := -1
		for i := range claims {
			if claims[i].any(fn) != nil {
				if found >= 0 {
					return -1
				}
				found = i
			}
		}
		return found
	}
	if i := only(func(v *view) bool { return m.owns(v, field) }); i >= 0 {
		return i, WhyOwner
	}
	if i := only(func(v *view) bool { return v.hand }); i >= 0 {
		return i, WhyByHand
	}
	if !m.rules.Newest {
		return -1, ""
	}
	best, tie := -1, false
	for i := range claims {
		c := 1
		if best >= 0 {
			c = cmp.Compare(m.newest(claims[i]), m.newest(claims[best]))
		}
		switch {
		case c > 0:
			best, tie = i, false
		case c == 0:
			tie = true
		}
	}
	if tie || m.newest(claims[best]) == 0 {
		return -1, ""
	}
	return best, WhyNewest
}

func (m *merge) owns(v *view, field string) bool {
	if v.side < 0 {
		return slices.ContainsFunc(m.partSides(), func(i int) bool {
			return m.sides[i].Owns != nil && (m.sides[i].Owns(fieldName) || m.sides[i].Owns(fieldFamily))
		})
	}
	return m.sides[v.side].Owns != nil && m.sides[v.side].Owns(field)
}

// newest is when a claim was last made, in nanoseconds since 1970; 0 where no side tells.
func (m *merge) newest(c claim) int64 {
	var at int64
	for _, v := range c.views {
		sides := []int{v.side}
		if v.side < 0 {
			sides = m.partSides()
		}
		for _, i := range sides {
			if t := m.sides[i].Modified; !t.IsZero() {
				at = max(at, t.UnixNano())
			}
		}
	}
	return at
}

func (m *merge) conflict(field string, claims []claim) {
	c := Conflict{Field: field}
	type word struct {
		side int
		vals []state.Value
	}
	var words []word
	for _, cl := range claims {
		for _, v := range cl.views {
			sides := []int{v.side}
			if v.side < 0 {
				sides = m.partSides()
			}
			for _, i := range sides {
				words = append(words, word{i, v.eff})
			}
		}
	}
	slices.SortFunc(words, func(a, b word) int { return cmp.Compare(a.side, b.side) })
	for _, w := range words {
		c.Sides, c.Values = append(c.Sides, w.side), append(c.Values, w.vals)
	}
	m.conflicts = append(m.conflicts, c)
}
