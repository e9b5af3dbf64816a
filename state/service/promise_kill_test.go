package service

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/statetest"
)

// promised is an office with mail that nobody has looked at: promises of both sides, one told by two
// mailboxes, one that a mail keeps, and nothing in the rest. The watch takes it three messages at a time.
func promised(t *testing.T, store state.Store) *house {
	h := officeOn(t, store)
	h.s.watchStep = 3
	h.setDay(17)
	h.quoted(quoteWords)
	h.setDay(20)
	quote := letter{id: "m1", from: weiMail, to: janaBox, subject: "Quote 2231", day: 19, sent: true, text: "I will send you the drawing of the mount by Tuesday."}
	again := quote
	again.conn = "mail2"
	h.mailRun(theQuote)
	h.mails(quote,
		letter{id: "m2", from: liweiBox, to: weiMail, subject: "合同", day: 19, text: "张先生您好，\n我们下周三前把合同签好寄给您。"},
		letter{id: "m3", from: weiMail, to: liweiBox, subject: "Samples", day: 20, sent: true, text: "I will ship the samples on Monday.\n\nI will also call the forwarder by Wednesday."},
		letter{id: "m4", from: janaBox, to: weiMail, subject: "Thanks", day: 20, text: "Thank you."},
		letter{id: "m5", from: tomMail, to: janaBox, subject: "Dome", day: 20, sent: true, text: "We will repair the dome by Friday."})
	h.mails(again)
	return h
}

// questions is all that was ever asked about promises, in words, with what became of it.
func (h *house) promiseQuestions() (out []string) {
	h.t.Helper()
	h.ok(h.s.Look(h.t.Context(), func(tx state.Tx, _ time.Time) error {
		out = nil
		for q, err := range state.Questions.All(tx, state.Range{}) {
			if err != nil {
				return err
			}
			if q.OfPromise() {
				out = append(out, fmt.Sprintf("%s %s of %s to %s: %s %s", q.State, q.Kind, q.Header, q.For, q.Field, q.Raw))
			}
		}
		return nil
	}))
	slices.Sort(out)
	return out
}

// Killed at any write, the watch goes on where it was: what it asks is what it would have asked, each
// promise once, and nothing that it had asked before is lost.
func TestPromiseWatchKilledAtEveryWrite(t *testing.T) {
	t.Parallel()
	whole := promised(t, statetest.Mem())
	whole.watch()
	want := whole.promiseQuestions()
	if len(want) != 7 { // five found, one kept, and the quote that was answered
		t.Fatalf("%d questions: %q", len(want), want)
	}
	var h *house
	statetest.Interrupt(t, func(t *testing.T) state.Store {
		h = promised(t, statetest.Mem())
		return h.store
	}, func(s state.Store) error {
		dying := h.process(s)
		_, err := dying.PromiseWatch(as(""), PromiseWatchIn{})
		if err != nil && !errors.Is(err, statetest.ErrStopped) {
			t.Errorf("it ends with %v", err)
		}
		return err
	}, func(t *testing.T, _ state.Store, write int) {
		h.s = h.process(h.store)
		before := h.promiseQuestions()
		h.watch()
		got := h.promiseQuestions()
		if !slices.Equal(got, want) {
			t.Errorf("killed at write %d it asks\n%q\nwant\n%q", write, got, want)
		}
		if again := h.watch(); again != (PromiseWatchOut{}) || len(before) > len(got) {
			t.Errorf("killed at write %d a third pass did %+v", write, again)
		}
	})
}
