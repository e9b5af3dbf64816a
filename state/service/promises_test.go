package service

import (
	"context"
	"testing"
	"time"

	"github.com/keptcrm/kept/state"
)

func TestPromise(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.people()
	h.tell(person1("shop", "1", "name", "Jana Köhler"))
	p := must[PromiseOut](h)(h.s.PromiseAdd(as("wei"), PromiseAddIn{Ref: "jana", Text: "send the quote", Due: "by monday 12:00"}))
	got := p.Promise
	due := time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC) // noon in Shanghai
	if got.Number != "p1" || got.By != "Wei Zhang" || got.Direction != "ours" || got.Customer != "c1" || got.CustomerName != "Jana Köhler" ||
		got.State != "open" || got.Late || got.Due == nil || !got.Due.Equal(due) || got.Zone != "Asia/Shanghai" || got.DateOnly || got.DueText != "by monday 12:00" {
		t.Fatalf("got %+v", got)
	}
	if len(got.Evidence) != 1 || got.Evidence[0].Code != "by_hand" || got.Evidence[0].Args["by"] != "Wei Zhang" || p.Zone != "Asia/Shanghai" {
		t.Errorf("evidence %+v", got.Evidence)
	}
	h.now = due.Add(time.Minute)
	out := must[PromiseListOut](h)(h.s.PromiseList(as("ana"), PromiseListIn{Late: true}))
	if len(out.Promises) != 1 || !out.Promises[0].Late || out.Promises[0].LateDays != 1 || out.Zone != "Europe/Lisbon" {
		t.Errorf("late: %+v", out)
	}
	moved := must[PromiseOut](h)(h.s.PromiseMove(as("wei"), PromiseMoveIn{Promise: "p1", Due: "下周三前"})).Promise
	if moved.Late || !moved.DateOnly || len(moved.Earlier) != 1 || !moved.Earlier[0].Equal(due) || moved.Due.In(time.FixedZone("", 8*3600)).Format(time.DateOnly) != "2026-12-02" {
		t.Errorf("moved: %+v", moved)
	}
	kept := must[PromiseOut](h)(h.s.PromiseClose(as("tom"), PromiseCloseIn{Promise: "P1", State: "kept", Note: "sent as PDF"})).Promise
	if kept.State != "kept" || !kept.Closed.Equal(h.now) || len(kept.Evidence) != 2 || kept.Evidence[1].Args["by"] != "Tom Ford" {
		t.Errorf("kept: %+v", kept)
	}
	_, err := h.s.PromiseMove(as("wei"), PromiseMoveIn{Promise: "p1", Due: "friday"})
	h.refused(err, state.Invalid, "promise_closed")
	if again := must[PromiseOut](h)(h.s.PromiseClose(as("tom"), PromiseCloseIn{Promise: "p1", State: "kept"})).Promise; len(again.Evidence) != 2 {
		t.Errorf("closed twice: %+v", again.Evidence)
	}
	open := must[PromiseOut](h)(h.s.PromiseClose(as("tom"), PromiseCloseIn{Promise: "p1", State: "open"})).Promise
	if open.State != "open" || !open.Closed.IsZero() {
		t.Errorf("opened: %+v", open)
	}
}

// A day is late when it has ended where the promise was made, not where it is read.
func TestPromiseLateInItsZone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.people()
	h.tell(person1("shop", "1", "name", "Jana"))
	must[PromiseOut](h)(h.s.PromiseAdd(as("ana"), PromiseAddIn{Ref: "jana", Text: "call", Due: "2026-11-23", By: "wei"}))
	must[PromiseOut](h)(h.s.PromiseAdd(as("wei"), PromiseAddIn{Ref: "jana", Text: "call too", Due: "2026-11-23", By: "ana"}))
	late := func() (n int) {
		for _, p := range must[PromiseListOut](h)(h.s.PromiseList(context.Background(), PromiseListIn{})).Promises {
			if p.Late {
				n++
			}
		}
		return n
	}
	for _, c := range []struct {
		at   time.Time
		want int
	}{
		{time.Date(2026, 11, 23, 15, 59, 59, 0, time.UTC), 0},
		{time.Date(2026, 11, 23, 16, 0, 0, 0, time.UTC), 1}, // midnight in Shanghai
		{time.Date(2026, 11, 23, 23, 59, 59, 0, time.UTC), 1},
		{time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC), 2}, // and in Lisbon
	} {
		h.now = c.at
		if got := late(); got != c.want {
			t.Errorf("at %s %d are late, want %d", c.at, got, c.want)
		}
	}
	h.now = time.Date(2026, 11, 25, 17, 0, 0, 0, time.UTC)
	list := must[PromiseListOut](h)(h.s.PromiseList(context.Background(), PromiseListIn{By: "wei"})).Promises
	if len(list) != 1 || list[0].LateDays != 3 {
		t.Errorf("late days: %+v", list)
	}
}

func TestPromiseList(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.people()
	h.tell(person1("shop", "1", "name", "Jana Köhler", "company", "Sternwarte Lübeck"), person1("shop", "2", "name", "Bo"))
	for _, in := range []PromiseAddIn{
		{Ref: "c1", Text: "no date"},
		{Ref: "c1", Text: "in a week", Due: "in 7 days"},
		{Ref: "c1", Text: "tomorrow", Due: "tomorrow"},
		{Ref: "c2", Text: "sign", Due: "tomorrow", Theirs: true, By: "Bo's boss"},
		{Ref: "c2", Text: "pay", Due: "in 5 days", Theirs: true},
		{Ref: "c2", Text: "gone", Due: "tomorrow"},
	} {
		must[PromiseOut](h)(h.s.PromiseAdd(as("tom"), in))
	}
	must[PromiseOut](h)(h.s.PromiseClose(as("tom"), PromiseCloseIn{Promise: "p6", State: "withdrawn"}))
	h.now = h.now.AddDate(0, 0, 3)
	text := func(in PromiseListIn) (out []string) {
		for _, p := range must[PromiseListOut](h)(h.s.PromiseList(context.Background(), in)).Promises {
			out = append(out, p.Text+"/"+p.By)
		}
		return out
	}
	same := func(got []string, want ...string) {
		t.Helper()
		if len(got) != len(want) {
			t.Errorf("got %q, want %q", got, want)
			return
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("got %q, want %q", got, want)
				return
			}
		}
	}
	same(text(PromiseListIn{}), "tomorrow/Tom Ford", "sign/Bo's boss", "pay/Bo", "in a week/Tom Ford", "no date/Tom Ford")
	same(text(PromiseListIn{Late: true}), "tomorrow/Tom Ford", "sign/Bo's boss")
	same(text(PromiseListIn{Ref: "bo"}), "sign/Bo's boss", "pay/Bo")
	same(text(PromiseListIn{Ref: "bo", All: true}), "sign/Bo's boss", "pay/Bo", "gone/Tom Ford")
	same(text(PromiseListIn{By: "tom", Direction: "ours"}), "tomorrow/Tom Ford", "in a week/Tom Ford", "no date/Tom Ford")
	same(text(PromiseListIn{Direction: "theirs"}), "sign/Bo's boss", "pay/Bo")
	same(text(PromiseListIn{By: "ana"}))
	// An organisation has the promises of its people.
	same(text(PromiseListIn{Ref: "sternwarte lübeck"}), "tomorrow/Tom Ford", "in a week/Tom Ford", "no date/Tom Ford")
}

func TestPromiseRefuses(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.tell(person1("shop", "1", "name", "Jana"))
	add := func(in PromiseAddIn) error {
		_, err := h.s.PromiseAdd(context.Background(), in)
		return err
	}
	h.refused(add(PromiseAddIn{Ref: "jana"}), state.Invalid, "text_missing")
	h.refused(add(PromiseAddIn{Ref: "jana", Text: "x", Due: "someday"}), state.Invalid, "due_not_understood")
	if args := h.refused(add(PromiseAddIn{Ref: "jana", Text: "x", Due: "31 Nov"}), state.Invalid, "due_no_such_day"); args["words"] != "31 Nov" || args["zone"] != "Europe/Berlin" {
		t.Errorf("args %v", args)
	}
	h.refused(add(PromiseAddIn{Ref: "jana", Text: "x", Due: "11/12"}), state.Invalid, "due_ambiguous")
	h.refused(add(PromiseAddIn{Ref: "jana", Text: "x", By: "nobody"}), state.NotFound, "no_staff")
	h.refused(add(PromiseAddIn{Ref: "nobody", Text: "x"}), state.NotFound, "no_customer")
	_, err := h.s.PromiseClose(context.Background(), PromiseCloseIn{Promise: "p9", State: "kept"})
	h.refused(err, state.NotFound, "no_such_promise")
	_, err = h.s.PromiseClose(context.Background(), PromiseCloseIn{Promise: "twelve", State: "kept"})
	h.refused(err, state.Invalid, "not_a_number")
	_, err = h.s.PromiseClose(context.Background(), PromiseCloseIn{Promise: "p1", State: "superseded"})
	h.refused(err, state.Invalid, "unknown_state")
	_, err = h.s.PromiseList(context.Background(), PromiseListIn{Direction: "up"})
	h.refused(err, state.Invalid, "unknown_direction")
}

// The same request is answered again and done once.
func TestPromiseOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.tell(person1("shop", "1", "name", "Jana"))
	ctx := WithCaller(context.Background(), Caller{Request: "req-1"})
	for range 2 {
		if p := must[PromiseOut](h)(h.s.PromiseAdd(ctx, PromiseAddIn{Ref: "jana", Text: "once"})); p.Promise.Number != "p1" || p.Promise.By != "ops" {
			t.Errorf("got %+v", p.Promise)
		}
	}
	if n := len(must[PromiseListOut](h)(h.s.PromiseList(context.Background(), PromiseListIn{})).Promises); n != 1 {
		t.Errorf("%d promises", n)
	}
}

func TestPromiseAssign(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.people()
	h.tell(person1("shop", "1", "name", "Jana Köhler"))
	add := func(theirs bool) string {
		return must[PromiseOut](h)(h.s.PromiseAdd(as("wei"), PromiseAddIn{Ref: "c1", Text: "寄样品", Theirs: theirs})).Promise.Number
	}
	ours, theirs := add(false), add(true)
	got := must[PromiseOut](h)(h.s.PromiseAssign(as("ana"), PromiseAssignIn{Promise: ours, Staff: "ana"})).Promise
	if got.By != "Ana Lima" || len(got.Evidence) != 2 || got.Evidence[1].Code != "given_on" || got.Evidence[1].Args["to"] != "Ana Lima" {
		t.Errorf("%+v", got)
	}
	// Whoever made it still has it in their list.
	if list := must[PromiseListOut](h)(h.s.PromiseList(as("wei"), PromiseListIn{By: "wei", Direction: state.Ours})).Promises; len(list) != 1 || list[0].Number != ours {
		t.Errorf("%+v", list)
	}
	before := len(got.Evidence)
	if again := must[PromiseOut](h)(h.s.PromiseAssign(as("ana"), PromiseAssignIn{Promise: ours, Staff: "ana"})).Promise; len(again.Evidence) != before {
		t.Errorf("given to who has it: %+v", again.Evidence)
	}
	h.refused(failure(h.s.PromiseAssign(as("ana"), PromiseAssignIn{Promise: theirs, Staff: "ana"})), state.Invalid, "promise_theirs")
	h.refused(failure(h.s.PromiseAssign(as("ana"), PromiseAssignIn{Promise: ours, Staff: "nobody"})), state.NotFound, "no_staff")
	must[PromiseOut](h)(h.s.PromiseClose(as("ana"), PromiseCloseIn{Promise: ours, State: state.PromiseKept}))
	h.refused(failure(h.s.PromiseAssign(as("ana"), PromiseAssignIn{Promise: ours, Staff: "wei"})), state.Invalid, "promise_closed")
}
