package service

import (
	"slices"
	"time"

	"github.com/keptcrm/kept/state"
)

func (e *erasure) holds() error {
	return dropByNumber(e, state.Holds, "base", func(h *state.Hold) []byte { return state.NumberKey(h.Number) })
}

// sendings erases what was sent to addresses that are theirs alone, and to them in person.
func (e *erasure) sendings() error {
	ids := slices.Clone(e.ids)
	for _, n := range e.sortedNumbers() {
		ids = append(ids, itself(n))
	}
	all, err := sendingsTo(e.w.Tx(), ids, time.Time{})
	if err != nil {
		return err
	}
	return drop(e, state.Sendings, all, sendingKey)
}
