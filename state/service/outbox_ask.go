package service

import (
	"fmt"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
)

// What an answer about a message did.
const (
	didSendAnyway  = "send_anyway"
	didSendAgain   = "send_again"
	didMailArrived = "mail_arrived"
	didMailDropped = "mail_dropped"
)

var messageAnswers = map[string][]string{
	state.QuestionSend:        {"send", "drop"},
	state.QuestionUnsure:      {"arrived", "again", "drop"},
	state.QuestionUndelivered: {"again", "drop"},
}

// askAbout asks a person about messages that one call was, or is, about, and stores them. It is the
// owner's to answer, or that of who of us should have got it.
func (s *Service) askAbout(w *state.Writer, l *lookup, kind string, reasons []state.Evidence, via string, all ...*state.Outgoing) error {
	n, err := state.Questions.Next(w)
	if err != nil {
		return err
	}
	first := all[0]
	q := &state.Question{Number: n, Kind: kind, State: state.QuestionOpen, A: first.Base, From: connectionOf(via), Where: state.Outbox.Ref(first.Number),
		Topic: fmt.Sprintf("message:%s:%s:%d", state.Outbox.Ref(first.Number), kind, n), Created: w.Cause.At, Score: 75, Options: messageAnswers[kind],
		Reasons: reasons, For: first.Staff}
	if q.For == "" && first.Base != 0 {
		c, err := l.survivor(first.Base)
		if err != nil {
			return err
		}
		if c != nil {
			q.For = c.Owner
		}
	}
	if err := state.Questions.Put(w, q); err != nil {
		return err
	}
	for _, o := range all {
		o.Question = n
		if err := state.Outbox.Put(w, o); err != nil {
			return err
		}
	}
	return nil
}

// failOutgoing ends a message that cannot be sent, and tells a person.
func (s *Service) failOutgoing(w *state.Writer, l *lookup, o *state.Outgoing, via string, why *state.Error) error {
	o.State, o.Ended = state.OutgoingFailed, w.Cause.At
	if why != nil {
		o.Code, o.Args = why.Code, why.Args
	}
	if o.Card != "" {
		// It is made anew from what stands in the state, and asking about it would be one message more.
		return state.Outbox.Put(w, o)
	}
	to := o.To.Shown
	if to == "" {
		to = l.name(o.Staff)
	}
	args := state.Args{"to": to, "subject": o.Subject, "code": o.Code, "reason": o.Args["reason"]}
	return s.askAbout(w, l, state.QuestionUndelivered, []state.Evidence{{Code: "message_failed", Args: args}}, via, o)
}

// closeQuestion closes the question about a message whose answer is known.
func closeQuestion(w *state.Writer, o *state.Outgoing, answer string) error {
	if o.Question == 0 {
		return nil
	}
	q, err := state.Questions.Find(w.Tx(), state.NumberKey(o.Question))
	if err != nil {
		return err
	}
	o.Question = 0
	if q == nil || q.State != state.QuestionOpen {
		return nil
	}
	q.State, q.Answer, q.By, q.Answered = state.QuestionAnswered, answer, w.Cause.Actor, w.Cause.At
	return state.Questions.Put(w, q)
}

// actMessage does what an answer about messages means.
func (s *Service) actMessage(w *state.Writer, q *state.Question, answer, text string) (AnswerOut, error) {
	out := AnswerOut{}
	n, ok := state.Outbox.ParseRef(q.Where)
	if !ok {
		return out, &state.Error{Class: state.Invalid, Code: "unknown_question", Args: state.Args{"kind": q.Kind}}
	}
	first, err := state.Outbox.Find(w.Tx(), state.NumberKey(n))
	if err != nil {
		return out, err
	}
	if first == nil {
		return out, &state.Error{Class: state.NotFound, Code: "no_such_outgoing", Args: state.Args{"ref": q.Where}}
	}
	all := []*state.Outgoing{first}
	if q.Kind == state.QuestionUnsure {
		if all, err = state.Outbox.By(w.Tx(), "intent", state.TextKey(first.Intent)); err != nil {
			return out, err
		}
	}
	l := newLookup(w.Tx(), w.Cause.At)
	for _, o := range all {
		if o.Question != q.Number {
			continue
		}
		o.Question = 0
		switch answer {
		case "send":
			out.Did = didSendAnyway
			if o.Allowed, o.AllowedBy = oneLine(text), w.Cause.Actor; o.Allowed == "" {
				return out, &state.Error{Class: state.Invalid, Code: "send_reason_missing", Args: state.Args{"question": state.Questions.Ref(q.Number)}}
			}
			s.again(w, o)
		case "again":
			out.Did = didSendAgain
			s.again(w, o)
		case "arrived":
			out.Did = didMailArrived
			o.State, o.Ended = state.OutgoingSent, w.Cause.At
			if err := s.tellHistory(w, l, o, &OutboxClaim{Via: o.Via}, OutboxResult{}); err != nil {
				return out, err
			}
		default:
			out.Did = didMailDropped
			o.State, o.Ended, o.Code, o.Args = state.OutgoingDropped, w.Cause.At, "dropped_by_hand", state.Args{"by": actorName(w.Tx(), w.Cause.Actor)}
			if reason := strings.TrimSpace(text); reason != "" {
				o.Args["reason"] = oneLine(reason)
			}
		}
		if err := state.Outbox.Put(w, o); err != nil {
			return out, err
		}
	}
	if first.Base == 0 {
		return out, nil
	}
	return out, nameCustomer(w, first.Base, &out)
}

// again has a message wait for its sending as if it were new.
func (s *Service) again(w *state.Writer, o *state.Outgoing) {
	now := w.Cause.At
	o.State, o.Due, o.Tries, o.Ended, o.Code, o.Args = state.OutgoingWaiting, now, 0, time.Time{}, "", nil
	if least := now.Add(24 * time.Hour); o.Expires.Before(least) {
		o.Expires = least
	}
}
