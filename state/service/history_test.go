package service

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keptcrm/kept/state"
)

func (h *house) history(in HistoryIn) []string {
	h.t.Helper()
	var out []string
	for _, e := range must[HistoryOut](h)(h.s.History(context.Background(), in)).Entries {
		line := e.Time.Format("01-02") + " " + e.Kind + " " + e.Title
		if e.Person != nil {
			line += " (" + e.Person.Name + ")"
		}
		out = append(out, line)
	}
	return out
}

func sameLines(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func TestHistory(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.people()
	refunded := bought("shop", "1002", "1", day0("2026-09-01"), 5000, "EUR")
	refunded.Version.Order.Refunded = 1000
	refunded.Version.Order.Refunds = []state.Refund{{At: day0("2026-09-10"), Amount: 1000, Reason: "scratch"}}
	h.tell(person1("shop", "1", "name", "Jana Köhler", "email", "jana@example.org"),
		bought("shop", "1001", "1", day0("2026-08-01"), 12000, "EUR"), refunded)
	h.tell(saying(person1("news", "9", "email", "jana@example.org", "name", "Jana Köhler"), "email", "opted_out", "jana@example.org", day0("2026-10-10")))
	h.now = day0("2026-11-01")
	must[NoteOut](h)(h.s.Note(as("ana"), NoteIn{Ref: "jana", Text: "met at the fair\nlikes refractors", Kind: "meeting", At: day0("2026-10-01")}))
	must[PromiseOut](h)(h.s.PromiseAdd(as("wei"), PromiseAddIn{Ref: "jana", Text: "send a catalogue"}))
	h.now = day0("2026-11-02")
	must[PromiseOut](h)(h.s.PromiseClose(as("ana"), PromiseCloseIn{Promise: "p1", State: "kept"}))

	sameLines(t, h.history(HistoryIn{Ref: "jana"}),
		"11-02 promise send a catalogue", "11-01 promise send a catalogue", "10-10 consent jana@example.org",
		"10-01 meeting met at the fair", "09-10 refund #1002", "09-01 order #1002", "08-01 order #1001")
	sameLines(t, h.history(HistoryIn{Ref: "jana", Only: "order"}), "09-01 order #1002", "08-01 order #1001")
	sameLines(t, h.history(HistoryIn{Ref: "jana", Only: "promise", Limit: 1}), "11-02 promise send a catalogue")
	sameLines(t, h.history(HistoryIn{Ref: "jana", Since: day0("2026-10-01"), Only: "meeting"}), "10-01 meeting met at the fair")
	sameLines(t, h.history(HistoryIn{Ref: "jana", Since: day0("2026-10-02"), Limit: -1}),
		"11-02 promise send a catalogue", "11-01 promise send a catalogue", "10-10 consent jana@example.org")

	out := must[HistoryOut](h)(h.s.History(as("wei"), HistoryIn{Ref: "jana", Limit: 4}))
	if !out.More || out.Zone != "Asia/Shanghai" || !out.Now.Equal(h.now) {
		t.Errorf("%v %s %s", out.More, out.Zone, out.Now)
	}
	m := out.Entries[3]
	if m.ID != "n1" || m.Actor != "Ana Lima" || m.Body != "likes refractors" || m.Channel != "person" {
		t.Errorf("meeting %+v", m)
	}
	if e := out.Entries[0]; e.ID != "p1.closed" || e.Actor != "Ana Lima" || e.Status != "kept" || e.Direction != "ours" {
		t.Errorf("closed %+v", e)
	}
	orders := must[HistoryOut](h)(h.s.History(as("wei"), HistoryIn{Ref: "jana", Only: "refund"}))
	if a := orders.Entries[0].Amount; a == nil || a.Minor != -1000 || a.Currency != "EUR" || orders.Entries[0].Connection != "shop" {
		t.Errorf("refund %+v", orders.Entries[0])
	}
	_, err := h.s.History(context.Background(), HistoryIn{Ref: "jana", Only: "gossip"})
	h.refused(err, state.Invalid, "unknown_kind")
}

// An organisation's history is that of its people, as long as they belonged to it.
func TestHistoryOfOrganisation(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.tell(person1("shop", "1", "name", "Jana Köhler", "company", "Sternwarte Lübeck e.V."), person1("shop", "2", "name", "Bo Ek"),
		person1("shop", "3", "name", "Cy Lo", "company", "Sternwarte Lübeck e.V."),
		bought("shop", "1", "1", day0("2026-01-01"), 100, "EUR"), bought("shop", "2", "2", day0("2026-02-01"), 100, "EUR"),
		bought("shop", "3", "2", day0("2026-06-01"), 100, "EUR"), bought("shop", "4", "3", day0("2026-07-01"), 100, "EUR"))
	org := "Sternwarte Lübeck"
	must[RelateOut](h)(h.s.Relate(context.Background(), RelateIn{Ref: "bo", To: org, Kind: "works_for", Until: "2026-03"}))
	must[RelateOut](h)(h.s.Relate(context.Background(), RelateIn{Ref: "cy", To: org, Kind: "works_for", Remove: true}))
	must[NoteOut](h)(h.s.Note(context.Background(), NoteIn{Ref: org, Text: "new dome", At: day0("2026-05-05")}))
	sameLines(t, h.history(HistoryIn{Ref: org}), "05-05 note new dome", "02-01 order #2 (Bo Ek)", "01-01 order #1 (Jana Köhler)")
}

// counting counts what is read of histories.
type counting struct {
	state.Store
	read atomic.Int64
}

func (c *counting) View(ctx context.Context, fn func(state.Tx) error) error {
	return c.Store.View(ctx, func(tx state.Tx) error { return fn(countingTx{tx, c}) })
}

type countingTx struct {
	state.Tx
	c *counting
}

func (t countingTx) Read(k *state.Kind, subject []byte, r state.Range) iter.Seq2[state.Doc, error] {
	return func(yield func(state.Doc, error) bool) {
		for d, err := range t.Tx.Read(k, subject, r) {
			t.c.read.Add(1)
			if !yield(d, err) {
				return
			}
		}
	}
}

// A long history is read only as far as it is shown.
func TestHistoryReadsLittle(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.tell(person1("shop", "1", "name", "Jana", "email", "jana@example.org"), person1("etsy", "2", "name", "Jana", "email", "jana@example.org"))
	h.ok(h.s.Do(context.Background(), "test", nil, func(w *state.Writer) error {
		for i := range 2000 {
			for record := range uint64(2) {
				a := &state.Activity{ID: fmt.Sprintf("m%d.%d", record, i), At: h.now.Add(-time.Duration(i) * time.Hour), Kind: state.ActivityMessage, Title: "mail"}
				if err := state.Activities.Append(w, state.RecordSubject(record+1), a); err != nil {
					return err
				}
			}
		}
		return nil
	}))
	c := &counting{Store: h.store}
	s := New(c, nil, Config{}, func() time.Time { return h.now })
	out := must[HistoryOut](h)(s.History(context.Background(), HistoryIn{Ref: "c1"}))
	if len(out.Entries) != 50 || !out.More || !slices.IsSortedFunc(out.Entries, func(a, b Entry) int { return b.Time.Compare(a.Time) }) {
		t.Errorf("%d entries, more %v", len(out.Entries), out.More)
	}
	if n := c.read.Load(); n > 2*60 { // each closure runs twice
		t.Errorf("%d entries were read to show 50", n)
	}
	if all := must[HistoryOut](h)(s.History(context.Background(), HistoryIn{Ref: "c1", Limit: -1})); len(all.Entries) != 4000 || all.More {
		t.Errorf("all: %d", len(all.Entries))
	}
}

func TestNote(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.people()
	h.tell(person1("shop", "1", "name", "李伟"))
	out := must[NoteOut](h)(h.s.Note(as("wei"), NoteIn{Ref: "李伟", Text: " 想要样品 \n下周 ", Kind: "call"}))
	if e := out.Entry; e.ID != "n1" || e.Kind != "call" || e.Channel != "phone" || e.Title != "想要样品" || e.Body != "下周" ||
		e.Actor != "Wei Zhang" || !e.Time.Equal(h.now) || out.Customer.Number != "c1" {
		t.Errorf("got %+v", out)
	}
	if second := must[NoteOut](h)(h.s.Note(as(""), NoteIn{Ref: "c1", Text: "x"})); second.Entry.ID != "n2" || second.Entry.Actor != "ops" || second.Entry.Kind != "note" {
		t.Errorf("got %+v", second.Entry)
	}
	for _, c := range []struct {
		in   NoteIn
		code string
	}{{NoteIn{Ref: "c1", Text: " \n"}, "text_missing"}, {NoteIn{Ref: "c1", Text: "x", Kind: "order"}, "unknown_kind"},
		{NoteIn{Ref: "c1", Text: "x", At: day0("2062-01-01")}, "too_far_ahead"}, {NoteIn{Ref: "c1", Kind: "meeting", Text: "x", At: day0("2062-01-01")}, "too_far_ahead"},
		{NoteIn{Ref: "c1", Text: "x", At: h.now.Add(48 * time.Hour)}, "too_far_ahead"}, {NoteIn{Text: "x"}, "customer_missing"}} {
		_, err := h.s.Note(context.Background(), c.in)
		h.refused(err, state.Invalid, c.code)
	}
}
