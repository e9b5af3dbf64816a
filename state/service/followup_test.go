package service

import (
	"context"
	"testing"
	"time"

	"github.com/keptcrm/kept/state"
)

// A follow-up is due in the zone of whoever does it, and is closed, put off, given on and opened again.
func TestFollowupByHand(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.people()
	h.tell(person1("shop", "1", "name", "李伟", "phone", "+86 138 0013 8000"))
	must[CustomerOut](h)(h.s.Assign(as("ana"), AssignIn{Ref: "c1", Staff: "wei"}))
	f := must[FollowupOut](h)(h.s.FollowupAdd(as("ana"), FollowupAddIn{Ref: "李伟", Text: " 回\n电话 ", Due: "monday 12:00"})).Followup
	noon := time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC) // in Shanghai
	if f.Number != "t1" || f.For != "Wei Zhang" || f.By != "Ana Lima" || !f.Due.Equal(noon) || f.Zone != "Asia/Shanghai" || f.Text != "回 电话" || f.Late {
		t.Fatalf("got %+v", f)
	}
	_, err := h.s.FollowupAdd(as("ana"), FollowupAddIn{Ref: "李伟", Text: "x", Due: "31 Nov"})
	h.refused(err, state.Invalid, "due_no_such_day")
	h.now = noon.Add(25 * time.Hour)
	list := must[FollowupListOut](h)(h.s.FollowupList(as("wei"), FollowupListIn{By: "wei", Late: true}))
	if len(list.Followups) != 1 || list.Late != 1 || list.Followups[0].LateDays != 1 {
		t.Fatalf("late: %+v", list)
	}
	f = must[FollowupOut](h)(h.s.FollowupSnooze(as("wei"), FollowupSnoozeIn{Followup: "t1", Until: "friday"})).Followup
	if want := time.Date(2026, 11, 26, 16, 0, 0, 0, time.UTC); !f.Snoozed.Equal(want) || f.Late || !f.Due.Equal(noon) {
		t.Errorf("put off: %+v", f)
	}
	must[StaffOut](h)(h.s.StaffAway(context.Background(), StaffAwayIn{Ref: "tom", Until: "2026-12-01"}))
	f = must[FollowupOut](h)(h.s.FollowupAssign(as("wei"), FollowupAssignIn{Followup: "T1", Staff: "tom"})).Followup
	if f.For != "Tom Ford" || f.Ask != "Wei Zhang" { // Tom is away, and Wei his deputy
		t.Errorf("given on: %+v", f)
	}
	if n := len(must[FollowupListOut](h)(h.s.FollowupList(as("wei"), FollowupListIn{By: "wei"})).Followups); n != 1 {
		t.Errorf("Wei stands in, and sees %d", n)
	}
	f = must[FollowupOut](h)(h.s.FollowupClose(as("wei"), FollowupCloseIn{Followup: "t1", State: "done", Note: "打过了"})).Followup
	if f.State != "done" || f.ClosedBy != "Wei Zhang" || f.Note != "打过了" {
		t.Errorf("done: %+v", f)
	}
	_, err = h.s.FollowupAssign(as("wei"), FollowupAssignIn{Followup: "t1", Staff: "ana"})
	h.refused(err, state.Invalid, "followup_closed")
	if f = must[FollowupOut](h)(h.s.FollowupClose(as("wei"), FollowupCloseIn{Followup: "t1", State: "open"})).Followup; f.State != "open" || !f.Closed.IsZero() {
		t.Errorf("open: %+v", f)
	}
	_, err = h.s.FollowupClose(as("wei"), FollowupCloseIn{Followup: "t9", State: "done"})
	h.refused(err, state.NotFound, "no_such_followup")
}

// Who is merged while each half has a follow-up of one occasion has one; what was done of either
// half is done; apart again each has its own.
func TestFollowupsOfOneOccasionAreOneWhenMerged(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.tell(person1("shop", "1", "name", "Jana"), person1("book", "7", "name", "Jana Köhler"))
	h.ok(h.s.Do(context.Background(), "test", nil, func(w *state.Writer) error {
		for base := uint64(1); base <= 2; base++ {
			for _, x := range []struct{ rule, occasion, topic string }{{"birthday", "2026", ""}, {"silent", []string{"a", "b"}[base-1], "silent"}} {
				n, err := state.Followups.Next(w)
				if err != nil {
					return err
				}
				if err := state.Followups.Put(w, &state.Followup{Number: n, Base: base, Rule: x.rule, Occasion: x.occasion, Topic: x.topic,
					State: state.FollowupOpen, Made: h.now, Due: state.Due{At: h.now.Add(time.Hour)}}); err != nil {
					return err
				}
			}
		}
		return nil
	}))
	open := func(ref string) int {
		return len(must[FollowupListOut](h)(h.s.FollowupList(context.Background(), FollowupListIn{Ref: ref})).Followups)
	}
	if a, b, all := open("c1"), open("c2"), open(""); a != 2 || b != 2 || all != 4 {
		t.Fatalf("apart: %d %d %d", a, b, all)
	}
	must[MergeOut](h)(h.s.Merge(as("ana"), MergeIn{A: "c1", B: "c2"}))
	if a, all := open("c1"), open(""); a != 2 || all != 2 {
		t.Errorf("merged: %d %d", a, all)
	}
	// Closing either half's closes the one that there is.
	must[FollowupOut](h)(h.s.FollowupClose(as("ana"), FollowupCloseIn{Followup: "t3", State: "done"}))
	if a, all := open("c1"), open(""); a != 1 || all != 1 {
		t.Errorf("after one is done: %d %d", a, all)
	}
	must[UnmergeOut](h)(h.s.Unmerge(as("ana"), UnmergeIn{Ref: "c1"}))
	if a, b := open("c1"), open("c2"); a != 2 || b != 1 {
		t.Errorf("apart again: %d %d", a, b)
	}
	if out := must[CheckOut](h)(h.s.Check(context.Background(), CheckIn{})); len(out.Damages) != 0 {
		t.Errorf("check: %+v", out.Damages)
	}
}
