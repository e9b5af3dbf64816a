package service

import (
	"slices"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

// wordsSaid is what people said of customers, by the numbers they spoke of.
type wordsSaid struct {
	same, apart map[uint64][]identity.Pair
	over        map[identity.Pair]bool
}

func wordsOf(tx state.Tx) (*wordsSaid, error) {
	w := &wordsSaid{same: map[uint64][]identity.Pair{}, apart: map[uint64][]identity.Pair{}, over: map[identity.Pair]bool{}}
	pairs, over := map[uint64]identity.Pair{}, []uint64{}
	for v, err := range state.Verdicts.All(tx, state.Range{Index: "customer"}) {
		if err != nil {
			return nil, err
		}
		if _, ok := pairs[v.Key]; ok {
			continue // it stands under both customers
		}
		p := identity.Pair{A: v.A, B: v.B}
		pairs[v.Key] = p
		by := w.apart
		if v.Kind == state.VerdictSame {
			by = w.same
			over = append(over, v.Over...)
		}
		by[p.A] = append(by[p.A], p)
		by[p.B] = append(by[p.B], p)
	}
	for _, v := range over {
		if p, ok := pairs[v]; ok {
			w.over[p] = true
		}
	}
	return w, nil
}

// addSame adds those with whom people said that whoever has some numbers is one, however many words
// are between, and whether or not a record has the numbers in between: who is kept apart from them is
// kept apart from it.
func (c *component) addSame(homes []uint64) error {
	queue := slices.Clone(homes)
	for len(queue) > 0 {
		h := queue[0]
		queue = queue[1:]
		if c.spoken[h] || len(c.said.same[h]) == 0 {
			continue
		}
		c.spoken[h] = true
		if err := c.addHolders(h); err != nil {
			return err
		}
		for _, p := range c.said.same[h] {
			queue = append(queue, p.A, p.B)
		}
	}
	return nil
}

// addHolders adds those who have a number, and whom rules make one with them.
func (c *component) addHolders(number uint64) error {
	if !c.fresh {
		base, err := natural(c.tx, number)
		if err != nil {
			return err
		}
		return c.addBase(base)
	}
	holders, err := state.Links.By(c.tx, "home", state.NumberKey(number))
	for _, l := range holders {
		c.add(l.Record)
	}
	return err
}

// pairSet is pairs that people spoke of, each once. Words of two kinds need two: of one pair a person
// may have said both.
type pairSet struct {
	pairs []identity.Pair
	has   map[identity.Pair]bool
}

func (s *pairSet) add(pairs []identity.Pair) {
	for _, p := range pairs {
		if !s.has[p] {
			if s.has == nil {
				s.has = map[identity.Pair]bool{}
			}
			s.has[p] = true
			s.pairs = append(s.pairs, p)
		}
	}
}
