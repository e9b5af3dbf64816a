package service

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/keptcrm/kept/state"
)

// askPromises lets questions lapse that nobody answered, and puts to each of us the best of those
// that wait, as many as are left of the day. It writes nothing where nothing is to be done.
func (s *Service) askPromises(ctx context.Context) (PromiseWatchOut, error) {
	var out PromiseWatchOut
	var todo bool
	err := s.Look(ctx, func(tx state.Tx, now time.Time) error {
		a := &asking{s: s, l: newLookup(tx, now)}
		err := a.decide()
		out, todo = a.out, len(a.changed) > 0
		return err
	})
	if err != nil || !todo {
		return out, err
	}
	err = s.Do(ctx, "promise.ask", nil, func(w *state.Writer) error {
		a := &asking{s: s, l: newLookup(w.Tx(), w.Cause.At)}
		if err := a.decide(); err != nil {
			return err
		}
		out = a.out
		for _, q := range a.changed {
			if err := state.Questions.Put(w, q); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// asking decides what becomes of the questions about promises that are open or wait.
type asking struct {
	s       *Service
	l       *lookup
	changed []*state.Question
	out     PromiseWatchOut
}

func (a *asking) decide() error {
	a.l.s = a.s
	rules := a.s.promiseRules()
	room := map[string]int{}
	for q, err := range state.Questions.All(a.l.tx, state.Range{Index: "found"}) {
		if err != nil {
			return err
		}
		moved, err := a.forwarded(q)
		if err != nil {
			return err
		}
		since := q.Created
		if q.State == state.QuestionOpen {
			since = q.Asked
		}
		stands, err := a.stands(q)
		if err != nil {
			return err
		}
		if !stands || a.l.now.Sub(since) >= rules.Lapse {
			q.State = state.QuestionLapsed
			a.out.Lapsed++
			a.changed = append(a.changed, q)
			continue
		}
		if q.State == state.QuestionOpen {
			if moved {
				a.changed = append(a.changed, q)
			}
			continue
		}
		left, ok := room[q.For]
		if !ok {
			asked, err := a.askedToday(q.For)
			if err != nil {
				return err
			}
			left = rules.Ask - asked
		}
		room[q.For] = left - 1
		if left > 0 {
			q.State, q.Asked = state.QuestionOpen, a.l.now
			a.out.Asked++
			a.changed = append(a.changed, q)
			continue
		}
		a.out.Waiting++
		if moved {
			a.changed = append(a.changed, q)
		}
	}
	return nil
}

// stands says whether there is still something to ask: a promise that somebody closed meanwhile
// needs no evidence, and one that somebody logged by hand meanwhile is no question.
func (a *asking) stands(q *state.Question) (bool, error) {
	if q.Kind != state.QuestionPromiseDone {
		logged, err := a.logged(q)
		return !logged, err
	}
	p, err := state.Promises.Find(a.l.tx, state.NumberKey(q.Promise))
	return err == nil && p != nil && p.State == state.PromiseOpen, err
}

// logged says whether what a question is about was put on record by hand since it was found.
func (a *asking) logged(q *state.Question) (bool, error) {
	c, err := a.l.survivor(q.A)
	if err != nil || c == nil {
		return false, err
	}
	promises, err := a.l.promisesOf(c)
	if err != nil {
		return false, err
	}
	f := foundPromise{direction: q.Field, said: q.Said, due: q.Due, text: q.Raw}
	return slices.ContainsFunc(promises, func(p *state.Promise) bool { return p.Source == "" && f.is(p) }), nil
}

// forwarded gives a question of somebody who has left to whoever answers for the customer now, and one
// whether a promise is kept to whoever took the promise over.
func (a *asking) forwarded(q *state.Question) (bool, error) {
	if q.Kind == state.QuestionPromiseDone && q.Field == state.Ours {
		p, err := state.Promises.Find(a.l.tx, state.NumberKey(q.Promise))
		if err != nil || p == nil {
			return false, err
		}
		next, err := (&harvest{s: a.s, l: a.l}).asked(p)
		if err != nil || next == q.For || next == "" {
			return false, err
		}
		q.For = next
		return true, nil
	}
	m, err := a.l.member(q.For)
	if err != nil || m == nil || !left(m, a.l.now) {
		return false, err
	}
	h := &harvest{s: a.s, l: a.l}
	next, err := h.present(q.For, q.A)
	if err != nil || next == q.For {
		return false, err
	}
	if q.Field == state.Ours && q.Header == "" {
		q.Header = q.For
	}
	q.For = next
	return true, nil
}

// askedToday is how many questions about promises were put to somebody on this day of theirs.
func (a *asking) askedToday(who string) (int, error) {
	loc, err := a.l.zoneOf(who)
	if err != nil {
		return 0, err
	}
	now := a.l.now.In(loc)
	midnight := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, loc)
	prefix := state.TextKey(who)
	r := state.Range{Index: "asked", From: state.Join(prefix, state.TimeKey(midnight)), To: state.PrefixRange("asked", prefix).To, KeysOnly: true}
	n := 0
	for d, err := range a.l.tx.Scan(state.Questions.Kind, r) {
		if err != nil {
			return 0, err
		}
		if bytes.HasPrefix(d.Entry, prefix) {
			n++
		}
	}
	return n, nil
}

// mine says whether a question is put to the reader: it is for them, or for nobody by name.
func (l *lookup) mine(q *state.Question) bool {
	return !q.OfPromise() || q.For == "" || l.reader != nil && q.For == state.StaffMembers.Ref(l.reader.Number)
}

// mayAnswer says whether the reader may see and answer a question that is put to somebody else: who
// runs Kept, and the manager and deputy of whom it is for.
func (l *lookup) mayAnswer(q *state.Question) (bool, error) {
	if l.mine(q) || l.reader == nil || l.reader.Role == "ops" {
		return true, nil
	}
	m, err := l.member(q.For)
	if err != nil || m == nil {
		return m == nil, err
	}
	return m.Manager == l.reader.Number || m.Deputy == l.reader.Number, nil
}

// promiseQuestions gives the open questions about promises: those that are put to the reader, with
// all those of others that the reader may see; and counts what is left by whom it is for.
func (l *lookup) promiseQuestions(all bool) (list []*state.Question, others []QuestionsFor, err error) {
	count := map[string]int{}
	var order []string
	for q, err := range state.Questions.All(l.tx, state.Range{Index: "found"}) {
		if err != nil {
			return nil, nil, err
		}
		if q.State != state.QuestionOpen {
			continue
		}
		show := l.mine(q)
		if !show && all {
			if show, err = l.mayAnswer(q); err != nil {
				return nil, nil, err
			}
		}
		if show {
			list = append(list, q)
			continue
		}
		if count[q.For] == 0 {
			order = append(order, q.For)
		}
		count[q.For]++
	}
	for _, ref := range order {
		others = append(others, QuestionsFor{Name: l.name(ref), N: count[ref]})
	}
	return list, others, nil
}
