package service

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

// ask brings the match questions around the component up to date with what is in doubt.
func (t *telling) ask(c *component, asks []identity.Candidate, baseOf map[uint64]uint64) error {
	wanted := map[string]*state.Question{}
	one := c.ones(baseOf)
	for _, a := range asks {
		x, y := baseOf[a.A], baseOf[a.B]
		ra, rb := a.A, a.B
		if x == y {
			continue
		}
		if y < x {
			x, y, ra, rb = y, x, rb, ra
		}
		topic := fmt.Sprintf("match:%d:%d", x, y)
		if wanted[topic] != nil && wanted[topic].Score >= a.Score {
			continue
		}
		q := &state.Question{Kind: state.QuestionMatch, Topic: topic, State: state.QuestionOpen, A: x, B: y,
			RecordA: ra, RecordB: rb, Reasons: a.Reasons, Score: a.Score, Options: []string{"yes", "no"}, Created: t.w.Cause.At,
			From: c.records[max(ra, rb)].Connection}
		if one(x) == one(y) {
			q.State = state.QuestionSettled
		}
		if t.run != nil {
			q.Run = t.run.Number
		}
		wanted[topic] = q
	}
	if err := t.askAgain(c, wanted, baseOf); err != nil {
		return err
	}
	for _, q := range slices.SortedFunc(maps.Values(wanted), func(a, b *state.Question) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.A, b.A), cmp.Compare(a.B, b.B))
	}) {
		old, err := state.Questions.By(t.w.Tx(), "topic", state.TextKey(q.Topic))
		if err != nil {
			return err
		}
		if len(old) > 0 {
			continue
		}
		if q.Number, err = state.Questions.Next(t.w); err != nil {
			return err
		}
		if err := state.Questions.Put(t.w, q); err != nil {
			return err
		}
		if t.run != nil && q.State == state.QuestionOpen {
			t.run.Counts.Asked++
		}
	}
	return nil
}

// askAgain changes the questions that were asked before to what is wanted now, and takes back
// those that no longer stand. What it finds is not wanted any more.
func (t *telling) askAgain(c *component, wanted map[string]*state.Question, baseOf map[uint64]uint64) error {
	bases := maps.Clone(c.bases)
	for _, b := range baseOf {
		if !t.known.made[b] { // nothing was asked about it yet
			bases[b] = true
		}
	}
	looked := map[uint64]bool{}
	for _, base := range slices.Sorted(maps.Keys(bases)) {
		old, err := state.Questions.By(t.w.Tx(), "customer", state.NumberKey(base))
		if err != nil {
			return err
		}
		for _, q := range old {
			if q.Kind != state.QuestionMatch || looked[q.Number] {
				continue
			}
			looked[q.Number] = true
			w := wanted[q.Topic]
			delete(wanted, q.Topic)
			judged, err := c.judges(q)
			if err != nil {
				return err
			}
			switch {
			case q.State == state.QuestionAnswered, w == nil && !judged:
			case w == nil:
				if _, err := state.Questions.Delete(t.w, state.NumberKey(q.Number)); err != nil {
					return err
				}
			case q.State != w.State || q.Score != w.Score || q.RecordA != w.RecordA || q.RecordB != w.RecordB ||
				!slices.EqualFunc(q.Reasons, w.Reasons, sameEvidence):
				q.State, q.Score, q.Reasons, q.RecordA, q.RecordB = w.State, w.Score, w.Reasons, w.RecordA, w.RecordB
				if err := state.Questions.Put(t.w, q); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// judges says whether a question that is not wanted does not stand: both its sides were looked at,
// or are no more.
func (c *component) judges(q *state.Question) (bool, error) {
	for _, k := range []uint64{q.RecordA, q.RecordB} {
		if c.records[k] != nil {
			continue
		}
		if r, err := state.Records.Find(c.tx, state.NumberKey(k)); err != nil || r != nil {
			return false, err
		}
	}
	return true, nil
}

// ones says which bases are one customer by a person's word.
func (c *component) ones(baseOf map[uint64]uint64) func(uint64) uint64 {
	into := map[uint64]uint64{}
	find := func(b uint64) uint64 {
		for into[b] != 0 {
			b = into[b]
		}
		return b
	}
	base := map[uint64]uint64{} // of a home
	for k, l := range c.links {
		for _, h := range l.Homes() {
			base[h] = cmp.Or(baseOf[k], l.Base)
		}
	}
	for _, p := range c.words.Same {
		x, y := find(cmp.Or(base[p.A], p.A)), find(cmp.Or(base[p.B], p.B))
		if x != y {
			into[max(x, y)] = min(x, y)
		}
	}
	return find
}
