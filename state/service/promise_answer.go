package service

import (
	"cmp"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

// What an answer about a promise did.
const (
	didPromise    = "promised"
	didPromiseIs  = "promised_done" // and it is kept already
	didNoPromise  = "no_promise"
	didKept       = "promise_kept"
	didNotKept    = "promise_open"
	didKeptBefore = "promise_closed_before"
)

// mayAnswerNow refuses the answer of somebody else than whom a question is put to.
func (l *lookup) mayAnswerNow(q *state.Question) error {
	may, err := l.mayAnswer(q)
	if err != nil || may {
		return err
	}
	return &state.Error{Class: state.Refused, Code: "question_for_other", Args: state.Args{"question": state.Questions.Ref(q.Number), "name": l.name(q.For)}}
}

// actPromise makes a promise of what was found, as it was said or as the answer corrects it, or
// remembers that it is none.
func (s *Service) actPromise(w *state.Writer, q *state.Question, answer string, in AnswerIn) (AnswerOut, error) {
	out := AnswerOut{Did: didNoPromise}
	l := newLookup(w.Tx(), w.Cause.At)
	l.s = s
	base, err := l.baseNow(q)
	if err != nil {
		return out, err
	}
	if err := nameCustomer(w, base, &out); err != nil || answer == "no" {
		return out, err
	}
	out.Did = didPromise
	p := &state.Promise{Base: base, Direction: q.Field, By: cmp.Or(q.Header, q.For), Text: q.Raw, State: state.PromiseOpen, Due: q.Due,
		Made: q.Said, Logged: w.Cause.Actor, Evidence: append([]state.Evidence{}, q.Reasons...), Conditional: q.Conditional, Source: q.Where}
	if p.Direction == state.Theirs {
		p.By = ""
	} else if p.By == "" {
		p.By = w.Cause.Actor
	}
	if text := oneLine(in.Text); text != "" && text != p.Text {
		p.Evidence = append(p.Evidence, state.Evidence{Code: "words_corrected", Args: state.Args{"by": l.name(w.Cause.Actor), "said": p.Text}})
		p.Text = text
	}
	if words := strings.TrimSpace(in.Due); words != "" {
		if p.Due, err = s.due(l, words, p, w.Cause); err != nil {
			return out, err
		}
	}
	if p.Number, err = state.Promises.Next(w); err != nil {
		return out, err
	}
	q.Promise = p.Number
	if err := state.Questions.Put(w, q); err != nil {
		return out, err
	}
	h := &harvest{s: s, w: w, l: l, out: &PromiseWatchOut{}}
	x, fit, err := h.since(p)
	if err != nil {
		return out, err
	}
	if answer == "done" {
		out.Did = didPromiseIs
		p.State, p.Closed, p.ClosedBy = state.PromiseKept, w.Cause.At, w.Cause.Actor
		e := state.Evidence{Code: "closed_by_hand", Args: state.Args{"state": p.State, "by": l.name(w.Cause.Actor), "at": w.Cause.At.Format(time.RFC3339)}}
		if x != nil {
			p.Done, p.Proof, e = x.At, x.id, closedWith(x.reason, w.Cause.Actor, w.Cause.At)
		}
		p.Evidence = append(p.Evidence, e)
	}
	if err := state.Promises.Put(w, p); err != nil {
		return out, err
	}
	if answer == "yes" && x != nil {
		if err := h.propose(p, *x, fit); err != nil {
			return out, err
		}
	}
	shown, err := l.promise(p)
	out.Promise = &shown
	return out, err
}

// baseNow is whose base customer a found promise belongs to now: whoever has the address, as customers
// may have come apart since; else who had it.
func (l *lookup) baseNow(q *state.Question) (uint64, error) {
	if q.Address == "" {
		return q.A, nil
	}
	base, err := l.baseOf(identity.MatchIdentifier(q.Address))
	if err != nil || base == 0 {
		return q.A, err
	}
	return base, nil
}

// actKept closes a promise with what came, or remembers that it is not kept with that.
func (s *Service) actKept(w *state.Writer, q *state.Question, answer string) (AnswerOut, error) {
	out := AnswerOut{Did: didNotKept}
	if err := nameCustomer(w, q.A, &out); err != nil {
		return out, err
	}
	p, err := state.Promises.Find(w.Tx(), state.NumberKey(q.Promise))
	if err != nil || p == nil {
		return out, err
	}
	l := newLookup(w.Tx(), w.Cause.At)
	if answer == "no" {
		p.Refused = append(p.Refused, q.Where)
	} else if p.State == state.PromiseOpen {
		out.Did = didKept
		p.State, p.Closed, p.ClosedBy, p.Done, p.Proof = state.PromiseKept, w.Cause.At, w.Cause.Actor, q.Said, q.Where
		for _, r := range q.Reasons {
			p.Evidence = append(p.Evidence, closedWith(r, w.Cause.Actor, w.Cause.At))
		}
	} else {
		out.Did = didKeptBefore
	}
	if err := state.Promises.Put(w, p); err != nil {
		return out, err
	}
	if p.State != state.PromiseOpen {
		if err := dropProposals(w, p); err != nil {
			return out, err
		}
	}
	shown, err := l.promise(p)
	out.Promise = &shown
	return out, err
}

// promiseQuestion completes a question about a promise. Who may not see it has no words of it.
func (l *lookup) promiseQuestion(q *state.Question, out Question) (Question, error) {
	may, err := l.mayAnswer(q)
	if err != nil {
		return out, err
	}
	base, err := l.baseNow(q)
	if err != nil {
		return out, err
	}
	ref := CustomerRef{Number: state.Customers.Ref(base)}
	c, err := l.survivor(base)
	if err != nil {
		return out, err
	}
	if c != nil {
		ref = refOf(c)
	}
	out.A, out.Header, out.Field, out.Direction = &ref, "", "", q.Field
	out.For, out.Said, out.Conditional = l.name(q.For), q.Said, q.Conditional
	if q.Field == state.Ours {
		out.By = l.name(cmp.Or(q.Header, q.For))
	} else {
		out.By = ref.Name
	}
	if q.Promise != 0 {
		out.Promise = state.Promises.Ref(q.Promise)
	}
	if q.Kind == state.QuestionPromiseDone {
		if p, err := state.Promises.Find(l.tx, state.NumberKey(q.Promise)); err != nil {
			return out, err
		} else if p != nil && c != nil {
			out.By = l.promiser(p, c)
		}
	}
	if q.Due != nil {
		at := q.Due.At
		out.Due, out.DueText, out.DateOnly, out.Zone = &at, q.Due.Text, q.Due.DateOnly, q.Due.Zone
	}
	if q.State == state.QuestionOpen && l.s != nil {
		out.Lapses = q.Asked.Add(l.s.promiseRules().Lapse)
	}
	closed := !may
	if may && !l.mine(q) {
		// Of a mailbox that is not theirs who runs Kept sees that there is a question, and no words.
		if closed, err = l.closedSource(q); err != nil {
			return out, err
		}
	}
	if closed {
		out.Raw, out.DueText, out.Reasons = "", "", []state.Evidence{}
	}
	return out, nil
}

// closedSource says whether the reader may not read what a promise was found in.
func (l *lookup) closedSource(q *state.Question) (bool, error) {
	if q.Kind == state.QuestionPromiseDone {
		return false, nil // the promise is on record, for all
	}
	id := q.Where
	if q.RecordA != 0 {
		id = state.ActivityID(q.RecordA, 0)
	}
	a, err := l.activity(id)
	if state.IsClass(err, state.NotFound) {
		return true, nil
	}
	if err != nil {
		return true, err
	}
	seen, err := l.visible(a)
	return !seen.open, err
}
