package service

import (
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

// known is what a telling knows without asking the store again: what it wrote itself.
type known struct {
	records map[uint64]*state.Record // as they were put; nobody changes them any more
	made    map[uint64]bool          // customer numbers that this resolve has drawn: nothing else can be on them
}

func (k *known) put(r *state.Record) {
	if k.records == nil {
		k.records = map[uint64]*state.Record{}
	}
	k.records[r.Key] = r
}

// read gives records by number, in their order; nil where there is none.
func (k *known) read(tx state.Tx, numbers []uint64) ([]*state.Record, error) {
	out := make([]*state.Record, len(numbers))
	var keys [][]byte
	var at []int
	for i, n := range numbers {
		if r := k.records[n]; r != nil {
			out[i] = r
			continue
		}
		keys, at = append(keys, state.NumberKey(n)), append(at, i)
	}
	rest, err := state.Records.Many(tx, keys)
	for i, r := range rest {
		out[at[i]] = r
	}
	return out, err
}

// keepMade stores the views of customers whose numbers were drawn for them just now: they are their
// records and nothing else, so that nothing needs to be looked for.
func (t *telling) keepMade(groups []identity.Group, bases []uint64) error {
	for i, g := range groups {
		if !t.known.made[bases[i]] {
			continue
		}
		in := identity.Belief{Bases: []uint64{bases[i]}, Created: t.w.Cause.At, Employers: map[uint64][]uint64{}}
		for _, n := range g.Nodes {
			in.Records = append(in.Records, n.Record)
		}
		if err := follows(t.w.Tx(), &in); err != nil {
			return err
		}
		if err := state.Customers.Put(t.w, identity.Believe(in)); err != nil {
			return err
		}
	}
	return nil
}
