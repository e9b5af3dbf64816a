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
	wanted := map[[2]uint64]*want{}
	one := c.ones(baseOf)
	for i := range asks {
		a := &asks[i]
		x, y := baseOf[a.A], baseOf[a.B]
		ra, rb := a.A, a.B
		if x == y {
			continue
		}
		if y < x {
			x, y, ra, rb = y, x, rb, ra
		}
		key := [2]uint64{x, y}
		if wanted[key] != nil && wanted[key].score >= a.Score {
			continue
		}
		wanted[key] = &want{a: x, b: y, recordA: ra, recordB: rb, score: a.Score, settled: one(x) == one(y), why: a.Why}
	}
	had, err := t.askAgain(c, wanted, baseOf)
	if err != nil {
		return err
	}
	for _, x := range slices.SortedFunc(maps.Values(wanted), func(a, b *want) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.a, b.a), cmp.Compare(a.b, b.b))
	}) {
		if err := t.place(c, x, had[[2]uint64{x.a, x.b}]); err != nil {
			return err
		}
	}
	return nil
}

// matchTopic is the topic of the question whether two base customers are one.
func matchTopic(a, b uint64) string { return fmt.Sprintf("match:%d:%d", a, b) }

// askAgain changes the questions that were asked before to what is wanted now, and takes back
// those that no longer stand; the same with doubts. Whose question it finds is not wanted any more;
// the doubts that stand it gives back.
func (t *telling) askAgain(c *component, wanted map[[2]uint64]*want, baseOf map[uint64]uint64) (map[[2]uint64]*state.Doubt, error) {
	bases := maps.Clone(c.bases)
	for _, b := range baseOf {
		if !t.known.made[b] { // nothing was asked about it yet
			bases[b] = true
		}
	}
	looked := map[uint64]bool{}
	had := map[[2]uint64]*state.Doubt{}
	for _, base := range slices.Sorted(maps.Keys(bases)) {
		old, err := c.askedAbout(base)
		if err != nil {
			return nil, err
		}
		for _, q := range old.questions {
			if q.Kind != state.QuestionMatch || looked[q.Number] {
				continue
			}
			looked[q.Number] = true
			w := wanted[[2]uint64{q.A, q.B}]
			delete(wanted, [2]uint64{q.A, q.B})
			if err := t.askSame(c, q, w); err != nil {
				return nil, err
			}
		}
		for _, d := range old.doubts {
			key := [2]uint64{d.A, d.B}
			if had[key] != nil {
				continue
			}
			had[key] = d
			if wanted[key] != nil {
				continue
			}
			judged, err := c.judges(d.RecordA, d.RecordB)
			if err != nil {
				return nil, err
			}
			if judged {
				if _, err := state.Doubts.Delete(t.w, state.DoubtKey(d.A, d.B)); err != nil {
					return nil, err
				}
			}
		}
	}
	return had, nil
}

// askSame brings one question up to date with what is wanted, nil: nothing.
func (t *telling) askSame(c *component, q *state.Question, w *want) error {
	judged, err := c.judges(q.RecordA, q.RecordB)
	if err != nil || q.State == state.QuestionAnswered || w == nil && !judged {
		return err
	}
	if w == nil {
		return t.dropQuestion(q)
	}
	reasons := w.why()
	if q.State == w.state() && q.Score == w.score && q.RecordA == w.recordA && q.RecordB == w.recordB && slices.EqualFunc(q.Reasons, reasons, sameEvidence) {
		return nil
	}
	was := q.State
	q.State, q.Score, q.Reasons, q.RecordA, q.RecordB = w.state(), w.score, reasons, w.recordA, w.recordB
	return t.putQuestion(was, q)
}

// askedAbout is what was asked, or is in doubt, about one base customer.
type askedAbout struct {
	questions []*state.Question
	doubts    []*state.Doubt
}

func (c *component) askedAbout(base uint64) (askedAbout, error) {
	if a, ok := c.asked[base]; ok {
		return a, nil
	}
	var a askedAbout
	var err error
	if a.questions, err = state.Questions.By(c.tx, "customer", state.NumberKey(base)); err != nil {
		return a, err
	}
	if a.doubts, err = doubtsOf(c.tx, base); err != nil {
		return a, err
	}
	c.asked[base] = a
	return a, nil
}

// judges says whether a question about two records that is not wanted does not stand: both were
// looked at, or are no more.
func (c *component) judges(a, b uint64) (bool, error) {
	for _, k := range []uint64{a, b} {
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
