package service

import (
	"maps"
	"slices"

	"github.com/keptcrm/kept/state"
)

// shadows erases what their records and what was set on them were in step with.
func (e *erasure) shadows() error {
	var keys []uint64
	for _, n := range e.sortedNumbers() {
		keys = append(keys, state.HandShadow(n))
	}
	keys = append(keys, slices.Sorted(maps.Keys(e.records))...)
	for _, k := range keys {
		was, err := state.Shadows.Delete(e.w, state.NumberKey(k))
		if err != nil {
			return err
		}
		if was {
			e.out.Erased["shadow"]++
		}
	}
	return nil
}

// intents erases writes about them that are not confirmed yet.
func (e *erasure) intents() error {
	key := func(i *state.Intent) []byte { return state.NumberKey(i.Number) }
	if err := dropByNumber(e, state.Intents, "customer", key); err != nil {
		return err
	}
	for _, k := range slices.Sorted(maps.Keys(e.records)) {
		found, err := state.Intents.By(e.w.Tx(), "record", state.NumberKey(k))
		if err != nil {
			return err
		}
		if err := drop(e, state.Intents, found, key); err != nil {
			return err
		}
	}
	return nil
}

// plannedWrites erases them from plans that were kept: such a plan can be applied no more.
func (e *erasure) plannedWrites() error {
	var gone []*state.PlannedWrite
	for p, err := range state.PlannedWrites.All(e.w.Tx(), state.Range{}) {
		if err != nil {
			return err
		}
		if e.plans(p) {
			gone = append(gone, p)
		}
	}
	return drop(e, state.PlannedWrites, gone, func(p *state.PlannedWrite) []byte {
		return state.Join(state.TextKey(p.Plan), state.NumberKey(p.Seq))
	})
}

// plans says whether a planned write is about them. One of a customer who came to be in the dry run
// alone is known by its words.
func (e *erasure) plans(p *state.PlannedWrite) bool {
	if e.numbers[p.Customer] || e.words.in(p.Name) || e.words.in(p.Record) {
		return true
	}
	for _, f := range p.Fields {
		for _, v := range slices.Concat(f.Before, f.After) {
			if e.words.in(v.Text) {
				return true
			}
		}
	}
	return false
}
