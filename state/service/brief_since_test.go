package service

import (
	"context"
	"testing"
	"time"

	"github.com/keptcrm/kept/state"
)

// A brief begins with what happened since its reader last looked, and what is new stays new while they
// look again and again.
func TestSinceYouLastLooked(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.people()
	h.s.KeepReads(400 * 24 * time.Hour)
	h.tell(person1("shop", "1", "name", "Jana Köhler"), person1("shop", "2", "name", "Jana Koehler-Maas"))
	look := func(who string) *SinceLast {
		t.Helper()
		out := must[BriefOut](h)(h.s.API().Brief(as(who), BriefIn{Ref: "c1"}))
		h.s.reads.write()
		return out.SinceLast
	}
	if s := look("wei"); s != nil {
		t.Errorf("the first look: %+v", s)
	}
	h.now = h.now.Add(10 * time.Minute)
	if s := look("wei"); s != nil {
		t.Errorf("the same sitting: %+v", s)
	}
	looked := h.now
	h.now = h.now.Add(48 * time.Hour)
	if s := look("wei"); s == nil || !s.Nothing() || !s.At.Equal(looked) {
		t.Errorf("nothing new: %+v", s)
	}
	looked = h.now
	h.now = h.now.Add(time.Hour)
	p := must[PromiseOut](h)(h.s.PromiseAdd(as("ana"), PromiseAddIn{Ref: "c1", Text: "a quote", Due: "2026-12-01"})).Promise.Number
	must[PromiseOut](h)(h.s.PromiseAdd(as("wei"), PromiseAddIn{Ref: "c1", Text: "my own"}))
	must[NoteOut](h)(h.s.Note(as("ana"), NoteIn{Ref: "c1", Text: "called"}))
	must[NoteOut](h)(h.s.Note(as("wei"), NoteIn{Ref: "c1", Text: "my own"}))
	h.now = h.now.Add(time.Hour)
	must[PromiseOut](h)(h.s.PromiseMove(as("ana"), PromiseMoveIn{Promise: p, Due: "2026-12-02"}))
	must[CustomerOut](h)(h.s.Assign(as("ana"), AssignIn{Ref: "c1", Staff: "tom"}))
	want := SinceLast{At: looked, Notes: 1, Made: 1, Moved: 1, Owner: true}
	for range 3 { // a look soon after another is the same look
		if s := look("wei"); s == nil || *s != want {
			t.Errorf("got %+v, want %+v", s, want)
		}
		h.now = h.now.Add(20 * time.Minute)
	}
	if s := look("nobody of us"); s != nil {
		t.Errorf("ops: %+v", s)
	}
	// It follows a merge: the look at one half counts for both.
	h.now = h.now.Add(24 * time.Hour)
	must[MergeOut](h)(h.s.Merge(as("ana"), MergeIn{A: "c2", B: "c1"}))
	if s := look("wei"); s == nil || s.At.IsZero() {
		t.Errorf("merged: %+v", s)
	}
	// And goes with whoever is forgotten.
	h.ok(failure(h.s.CustomerForget(as("ana"), CustomerForgetIn{Ref: "c1"})))
	h.ok(h.store.View(context.Background(), func(tx state.Tx) error {
		all, err := state.Reads.List(tx, state.Range{})
		if len(all) != 0 {
			t.Errorf("%d looks are still known", len(all))
		}
		return err
	}))
	h.ok(h.s.Close())
}
