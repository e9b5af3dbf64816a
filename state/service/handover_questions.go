package service

import (
	"github.com/keptcrm/kept/state"
)

// questions adds to what is handed over the questions about promises that go along: whether a promise
// that goes is kept, what the customers promised whose owner changes, and of somebody who has left also
// what they are said to have promised, as nobody else will be asked. Who stays is asked about their own
// words, whosever the customer is.
func (h *handing) questions() error {
	gone := left(h.from, h.l.now)
	promises := map[uint64]bool{}
	for _, item := range h.items {
		for _, p := range item.Promises {
			promises[p.Number] = true
		}
	}
	for q, err := range state.Questions.All(h.l.tx, state.PrefixRange("found", state.TextKey(h.ref))) {
		if err != nil {
			return err
		}
		if q.For != h.ref {
			continue
		}
		c, err := h.l.survivor(q.A)
		if err != nil {
			return err
		}
		if c == nil || h.items[c.Number] == nil {
			continue
		}
		item := h.items[c.Number]
		if !promises[q.Promise] && !(q.Field == state.Theirs && !item.Set.IsZero()) && !(gone && q.Kind == state.QuestionPromise) {
			continue
		}
		item.Questions = append(item.Questions, state.HandoverPart{Number: q.Number, Was: q.For, MadeBy: q.Header})
	}
	return nil
}

// questions gives questions back; answered ones stay as they were answered.
func (u *unhanding) questions(item state.HandoverItem) error {
	for _, part := range item.Questions {
		q, err := state.Questions.Find(u.w.Tx(), state.NumberKey(part.Number))
		if err != nil {
			return err
		}
		if q == nil || q.For != item.To || q.State != state.QuestionOpen && q.State != state.QuestionWaiting {
			continue
		}
		q.For, q.Header = part.Was, part.MadeBy
		if err := state.Questions.Put(u.w, q); err != nil {
			return err
		}
	}
	return nil
}
