package service

import (
	"cmp"
	"slices"

	"github.com/keptcrm/kept/state"
)

// mostQuestions is how many questions of matches wait at a time where nobody says ([Config]).
const mostQuestions = 500

// mostDoubtsCounted is up to where doubts are counted for people.
const mostDoubtsCounted = 100_000

// doubted is what a telling knows of how many questions of matches wait. Which doubts are questions
// follows three rules: while there is room the likeliest become questions; a question that came
// with an earlier run, or that a person's act raised, is displaced by none, since somebody may be
// looking at it; among those that the run itself raised, while it runs, the likelier displace the
// others. So a state that was asked in another order may ask other questions, but questions and
// doubts together are always the same.
type doubted struct {
	counted   bool
	open      int               // questions of matches that wait
	own       []*state.Question // of them those of this run, the least likely first; only while it is full
	ownRead   bool
	promoting map[[2]uint64]bool // doubts that become questions now
}

func (s *Service) mostQuestions() int { return cmp.Or(s.config.Questions, mostQuestions) }

// room says how many more questions of matches may wait.
func (t *telling) room() (int, error) {
	if !t.doubted.counted {
		n := 0
		for _, err := range t.w.Tx().Scan(state.Questions.Kind, state.Range{Index: "match", KeysOnly: true}) {
			if err != nil {
				return 0, err
			}
			n++
		}
		t.doubted.open, t.doubted.counted = n, true
	}
	return t.s.mostQuestions() - t.doubted.open, nil
}

// putQuestion stores a question of a match that was in the state as was, nil: not at all.
func (t *telling) putQuestion(was string, q *state.Question) error {
	if _, err := t.room(); err != nil {
		return err
	}
	t.countQuestion(was, q.State)
	return state.Questions.Put(t.w, q)
}

func (t *telling) dropQuestion(q *state.Question) error {
	if _, err := t.room(); err != nil {
		return err
	}
	t.countQuestion(q.State, "")
	t.doubted.own = slices.DeleteFunc(t.doubted.own, func(x *state.Question) bool { return x.Number == q.Number })
	_, err := state.Questions.Delete(t.w, state.NumberKey(q.Number))
	return err
}

func (t *telling) countQuestion(was, is string) {
	if was == state.QuestionOpen {
		t.doubted.open--
	}
	if is == state.QuestionOpen {
		t.doubted.open++
	}
}

// want is two customers about whom a question is due.
type want struct {
	a, b             uint64 // base customers
	recordA, recordB uint64
	score            int64
	settled          bool
	why              func() []state.Evidence
}

func (x *want) state() string {
	if x.settled {
		return state.QuestionSettled
	}
	return state.QuestionOpen
}

// place makes what is wanted a question where there is room, and else a doubt. had is the doubt
// that there is already, or nil.
func (t *telling) place(c *component, x *want, had *state.Doubt) error {
	asked, err := t.asks(x)
	if err != nil {
		return err
	}
	if !asked {
		d := &state.Doubt{A: x.a, B: x.b, RecordA: x.recordA, RecordB: x.recordB, Score: x.score, Settled: x.settled}
		switch {
		case had != nil:
			d.Run = had.Run
		case t.run != nil:
			d.Run = t.run.Number
		}
		if had != nil && *had == *d {
			return nil
		}
		return state.Doubts.Put(t.w, d)
	}
	q := &state.Question{Kind: state.QuestionMatch, Topic: matchTopic(x.a, x.b), State: x.state(), A: x.a, B: x.b,
		RecordA: x.recordA, RecordB: x.recordB, Reasons: x.why(), Score: x.score, Options: []string{"yes", "no"}, Created: t.w.Cause.At,
		From: c.records[max(x.recordA, x.recordB)].Connection}
	switch {
	case had != nil:
		q.Run = had.Run
		if _, err := state.Doubts.Delete(t.w, state.DoubtKey(had.A, had.B)); err != nil {
			return err
		}
	case t.run != nil:
		q.Run = t.run.Number
	}
	if q.Number, err = state.Questions.Next(t.w); err != nil {
		return err
	}
	if t.run != nil && q.State == state.QuestionOpen && q.Run == t.run.Number {
		t.run.Counts.Asked++
		if t.doubted.ownRead {
			t.own(q)
		}
	}
	return t.putQuestion("", q)
}

// asks says whether what is wanted becomes a question now; it makes room for it where that is due.
func (t *telling) asks(x *want) (bool, error) {
	room, err := t.room()
	if err != nil {
		return false, err
	}
	if room > 0 {
		if t.doubted.promoting[[2]uint64{x.a, x.b}] {
			return true, nil
		}
		better, err := t.doubts(1)
		return err == nil && (len(better) == 0 || better[0].Score <= x.score), err
	}
	if x.settled || t.run == nil || !t.telling || t.run.State != state.RunRunning {
		return false, nil
	}
	if !t.doubted.ownRead {
		for q, err := range state.Questions.All(t.w.Tx(), state.Range{Index: "match"}) {
			if err != nil {
				return false, err
			}
			if q.Run == t.run.Number {
				t.own(q)
			}
		}
		t.doubted.ownRead = true
	}
	if len(t.doubted.own) == 0 || t.doubted.own[0].Score >= x.score {
		return false, nil
	}
	least := t.doubted.own[0]
	t.run.Counts.Asked--
	if err := t.dropQuestion(least); err != nil {
		return false, err
	}
	return true, state.Doubts.Put(t.w, &state.Doubt{A: least.A, B: least.B, RecordA: least.RecordA, RecordB: least.RecordB,
		Score: least.Score, Run: least.Run})
}

// own remembers a question of this run.
func (t *telling) own(q *state.Question) {
	i, _ := slices.BinarySearchFunc(t.doubted.own, q, func(a, b *state.Question) int {
		return cmp.Or(cmp.Compare(a.Score, b.Score), cmp.Compare(b.Number, a.Number))
	})
	t.doubted.own = slices.Insert(t.doubted.own, i, q)
}

// doubts gives the likeliest doubts.
func (t *telling) doubts(limit int) ([]*state.Doubt, error) {
	return state.Doubts.List(t.w.Tx(), state.Range{Index: "best", Limit: limit})
}

// promote makes the likeliest doubts questions where there is room: it looks at their records
// again. Where it comes to nothing because another doubt came about meanwhile, it tries again, not for ever.
func (t *telling) promote() error {
	for range 4 {
		room, err := t.room()
		if err != nil || room <= 0 {
			return err
		}
		best, err := t.doubts(room)
		if err != nil || len(best) == 0 {
			return err
		}
		t.doubted.promoting = map[[2]uint64]bool{}
		dirty := t.dirty
		t.dirty = map[uint64]bool{}
		for _, d := range best {
			t.doubted.promoting[[2]uint64{d.A, d.B}] = true
			t.dirty[d.RecordA], t.dirty[d.RecordB] = true, true
		}
		err = t.relink()
		t.dirty, t.doubted.promoting = dirty, nil
		if err != nil {
			return err
		}
	}
	return nil
}

// doubtsOf gives the doubts about a base customer.
func doubtsOf(tx state.Tx, base uint64) ([]*state.Doubt, error) {
	first, err := state.Doubts.List(tx, state.PrefixRange("", state.NumberKey(base)))
	if err != nil {
		return nil, err
	}
	second, err := state.Doubts.By(tx, "second", state.NumberKey(base))
	return append(first, second...), err
}

// countDoubts counts what becomes a question as others are answered, up to a bound.
func countDoubts(tx state.Tx) (int, error) {
	n := 0
	for _, err := range tx.Scan(state.Doubts.Kind, state.Range{Index: "best", KeysOnly: true, Limit: mostDoubtsCounted}) {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// CountQuestions counts the questions that wait, of all kinds, and the doubts that become questions
// as these are answered, up to 100,000.
func CountQuestions(tx state.Tx) (open, more int, err error) {
	if open, err = openQuestions(tx); err != nil {
		return open, 0, err
	}
	more, err = countDoubts(tx)
	return open, more, err
}

// doubts erases those about them.
func (e *erasure) doubts() error {
	for _, n := range e.sortedNumbers() {
		all, err := doubtsOf(e.w.Tx(), n)
		if err != nil {
			return err
		}
		if err := drop(e, state.Doubts, all, func(d *state.Doubt) []byte { return state.DoubtKey(d.A, d.B) }); err != nil {
			return err
		}
	}
	return nil
}

// checkDoubts looks for doubts about records that are not there, or are of others by now.
func checkDoubts(tx state.Tx, bad func(code, collection string, key []byte)) error {
	var all []*state.Doubt
	flush := func() error {
		keys := make([][]byte, 0, 2*len(all))
		for _, d := range all {
			keys = append(keys, state.NumberKey(d.RecordA), state.NumberKey(d.RecordB))
		}
		links, err := state.Links.Many(tx, keys)
		if err != nil {
			return err
		}
		for i, d := range all {
			if a, b := links[2*i], links[2*i+1]; a == nil || b == nil || a.Base != d.A || b.Base != d.B {
				bad("doubt_stale", state.Doubts.Kind.Name, state.DoubtKey(d.A, d.B))
			}
		}
		all = all[:0]
		return nil
	}
	for d, err := range state.Doubts.All(tx, state.Range{}) {
		if err != nil {
			return err
		}
		if all = append(all, d); len(all) == 1000 {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// repairDoubts takes back the doubts that do not stand, and looks again at their records.
func (t *telling) repairDoubts(damages []state.Damage) error {
	for _, d := range damages {
		if d.Code != "doubt_stale" {
			continue
		}
		had, err := state.Doubts.Find(t.w.Tx(), d.Key)
		if err != nil {
			return err
		}
		if had == nil {
			continue
		}
		if _, err := state.Doubts.Delete(t.w, d.Key); err != nil {
			return err
		}
		for _, k := range []uint64{had.RecordA, had.RecordB} {
			if r, err := state.Records.Find(t.w.Tx(), state.NumberKey(k)); err != nil {
				return err
			} else if r != nil {
				t.dirty[k] = true
			}
		}
	}
	return t.resolve()
}
