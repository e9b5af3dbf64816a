package service

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/state"
)

// putOutgoing puts messages with a word of a customer into the outbox: to her, about her to one of
// us, and one about nobody that names her.
func putOutgoing(w *state.Writer, base uint64, word string) error {
	all := []*state.Outgoing{
		{Base: base, Channel: "email", Purpose: "service", To: state.Identifier{Type: state.TypeEmail, Match: janaMail, Shown: janaMail}},
		{Base: base, Staff: "s1"},
		{Staff: "s1"},
	}
	for i, m := range all {
		m.Number, m.Key = uint64(900+i), "test:"+string(rune('a'+i))
		m.State, m.Queued, m.Due, m.Expires, m.By = state.OutgoingWaiting, w.Cause.At, w.Cause.At, w.Cause.At.Add(time.Hour), "s1"
		m.Subject, m.Text = word, word+" "+janaMail
		m.Reasons = []state.Evidence{{Code: "test", Args: state.Args{"words": word}}}
		if err := state.Outbox.Put(w, m); err != nil {
			return err
		}
	}
	return nil
}

func (h *house) outgoing(fn func(w *state.Writer) error) {
	h.t.Helper()
	h.ok(h.s.Do(context.Background(), "test", nil, fn))
}

// toJana is a message that can be queued.
func toJana(base uint64, key string) *state.Outgoing {
	return &state.Outgoing{Key: key, Base: base, Channel: "email", Purpose: "service", Subject: "Your order", Text: "It is on its way.",
		To: state.Identifier{Type: state.TypeEmail, Match: "jana@sternwarte.example", Shown: "jana@sternwarte.example"}}
}

// A message is queued once for its occasion, whatever became of the first.
func TestQueueOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, became := range []string{state.OutgoingWaiting, state.OutgoingSent, state.OutgoingDropped, state.OutgoingFailed} {
		h.outgoing(func(w *state.Writer) error {
			m := toJana(1, "order:1:"+became)
			m.Subject = "Hello\r\nBcc: all@example.com"
			queued, err := h.s.queue(w, m)
			if err != nil || !queued {
				t.Errorf("queued %v, %v", queued, err)
			}
			if m.Number == 0 || m.State != state.OutgoingWaiting || !m.Due.Equal(h.now) || !m.Expires.Equal(h.now.Add(outgoingLife)) {
				t.Errorf("queued as %+v", m)
			}
			if strings.ContainsAny(m.Subject, "\r\n") {
				t.Errorf("the subject %q has two lines", m.Subject)
			}
			m.State = became
			return state.Outbox.Put(w, m)
		})
		h.outgoing(func(w *state.Writer) error {
			m := toJana(1, "order:1:"+became)
			if queued, err := h.s.queue(w, m); err != nil || queued {
				t.Errorf("after one that is %s another was queued (%v)", became, err)
			}
			return nil
		})
	}
}

func TestQueueRefusesWhatCannotBeSent(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for code, spoil := range map[string]func(*state.Outgoing){
		"outgoing_key":  func(m *state.Outgoing) { m.Key = "" },
		"outgoing_to":   func(m *state.Outgoing) { m.To = state.Identifier{} },
		"outgoing_text": func(m *state.Outgoing) { m.Text = " \n" },
	} {
		err := h.s.Do(context.Background(), "test", nil, func(w *state.Writer) error {
			m := toJana(1, "x")
			spoil(m)
			_, err := h.s.queue(w, m)
			return err
		})
		h.refused(err, state.Invalid, code)
	}
}

// Who is forgotten gets nothing that waited, and what was for somebody else and names her is not sent
// either.
func TestForgetEmptiesTheOutbox(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	number := h.jana()
	must[CustomerForgetOut](h)(h.s.CustomerForget(as("ana"), CustomerForgetIn{Ref: number}))
	h.ok(h.store.View(context.Background(), func(tx state.Tx) error {
		all, err := state.Outbox.List(tx, state.Range{})
		if err != nil {
			return err
		}
		if len(all) != 1 || all[0].State != state.OutgoingDropped || all[0].Text != "" {
			t.Errorf("left in the outbox: %+v", all)
		}
		return nil
	}))
}

// What waits for somebody whom only an import told of does not leave when that is taken back; what
// was about them is over, and nothing is damaged.
func TestUndoDropsWhatWaits(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	run := h.tell(person1("shop", "1", "name", "Jana", "email", "jana@sternwarte.example"))
	h.tell(person1("book", "1", "name", "李伟", "email", "li@example.cn"))
	h.outgoing(func(w *state.Writer) error {
		for _, m := range []*state.Outgoing{toJana(1, "a"), toJana(2, "b")} {
			if _, err := h.s.queue(w, m); err != nil {
				return err
			}
		}
		return nil
	})
	must[ImportUndoOut](h)(h.s.ImportUndo(as("ana"), ImportUndoIn{Run: state.Runs.Ref(run)}))
	for number, want := range map[string]string{"o1": state.OutgoingDropped, "o2": state.OutgoingWaiting} {
		if got := must[OutboxOut](h)(h.s.OutboxShow(as("ana"), OutboxShowIn{Number: number})).Message; got.State != want {
			t.Errorf("%s is %s, want %s", number, got.State, want)
		}
	}
	if out := must[CheckOut](h)(h.s.Check(as("ana"), CheckIn{})); len(out.Damages) > 0 {
		t.Errorf("check finds %+v", out.Damages)
	}
}
