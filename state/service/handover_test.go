package service

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keptcrm/kept/state"
)

// handedState is everything that a handover may touch, and what follows from it.
func handedState(tx state.Tx) (map[string]any, error) {
	out := map[string]any{}
	settings, err := state.Settings.List(tx, state.Range{})
	if err != nil {
		return nil, err
	}
	for _, x := range settings {
		out[fmt.Sprintf("setting %d %s %s", x.Base, x.Field, x.Element)] = *x
	}
	customers, err := state.Customers.List(tx, state.Range{})
	if err != nil {
		return nil, err
	}
	for _, x := range customers {
		out[state.Customers.Ref(x.Number)] = *x
	}
	promises, err := state.Promises.List(tx, state.Range{})
	if err != nil {
		return nil, err
	}
	for _, x := range promises {
		out[state.Promises.Ref(x.Number)] = *x
	}
	followups, err := state.Followups.List(tx, state.Range{})
	if err != nil {
		return nil, err
	}
	for _, x := range followups {
		out[state.Followups.Ref(x.Number)] = *x
	}
	return out, nil
}

func (h *house) handed() map[string]any {
	h.t.Helper()
	var out map[string]any
	h.ok(h.store.View(context.Background(), func(tx state.Tx) error {
		var err error
		out, err = handedState(tx)
		return err
	}))
	return out
}

// rep is a house in which Tom has two customers, promises and a follow-up.
func rep(t *testing.T) *house {
	h := newHouse(t)
	h.people()
	h.tell(person1("shop", "1", "name", "Jana Köhler", "email", "jana@sternwarte.example"), person1("shop", "2", "name", "李伟", "email", "li@wei.example"),
		person1("shop", "3", "name", "Kim", "email", "kim@kim.example"))
	for _, c := range []string{"c1", "c2"} {
		must[CustomerOut](h)(h.s.Assign(as("ana"), AssignIn{Ref: c, Staff: "tom"}))
	}
	must[PromiseOut](h)(h.s.PromiseAdd(as("tom"), PromiseAddIn{Ref: "c1", Text: "send the quote", Due: "friday"}))
	must[PromiseOut](h)(h.s.PromiseAdd(as("tom"), PromiseAddIn{Ref: "c3", Text: "call back"}))
	must[FollowupOut](h)(h.s.FollowupAdd(as("ana"), FollowupAddIn{Ref: "c2", Text: "寄样品"}))
	h.now = h.now.Add(time.Hour)
	return h
}

// What a handover gave is whole, a second one finds nothing, and taken back everything is as it was.
func TestHandoverAndBack(t *testing.T) {
	t.Parallel()
	h := rep(t)
	before := h.handed()
	dry := must[HandoverOut](h)(h.s.Handover(as("ana"), HandoverIn{From: "tom", To: "wei", Dry: true}))
	if diff := cmp.Diff(before, h.handed()); diff != "" {
		t.Fatalf("a preview changed something (-before +after)\n%s", diff)
	}
	out := must[HandoverOut](h)(h.s.Handover(as("ana"), HandoverIn{From: "tom", To: "wei"})).Handover
	if out.Number != "g1" || out.Owned != 2 || out.Promises != 2 || out.Followups != 1 || len(out.Customers) != 3 || dry.Handover.Owned != 2 || dry.Handover.Number != "" {
		t.Fatalf("handed over %+v, preview %+v", out, dry.Handover)
	}
	if again := must[HandoverOut](h)(h.s.Handover(as("ana"), HandoverIn{From: "tom", To: "wei"})).Handover; again.Number != "" || len(again.Customers) != 0 {
		t.Errorf("a second time: %+v", again)
	}
	for by, want := range map[string]int{"tom": 2, "wei": 2} {
		if got := must[PromiseListOut](h)(h.s.PromiseList(as("ana"), PromiseListIn{By: by})).Promises; len(got) != want {
			t.Errorf("promises by %s: %+v", by, got)
		}
	}
	if list := must[HandoverListOut](h)(h.s.HandoverList(as("ana"), HandoverListIn{})).Handovers; len(list) != 1 {
		t.Errorf("%+v", list)
	}
	back := must[HandoverOut](h)(h.s.HandoverUndo(as("ana"), HandoverUndoIn{Number: "g1"})).Handover
	if len(back.Stays) != 0 || back.Undone == nil {
		t.Errorf("taken back %+v", back)
	}
	if diff := cmp.Diff(before, h.handed()); diff != "" {
		t.Fatalf("not as before (-before +after)\n%s", diff)
	}
	_, err := h.s.HandoverUndo(as("ana"), HandoverUndoIn{Number: "g1"})
	h.refused(err, state.Conflict, "handover_undone")
}

// What people changed since stays and is told: another owner, a kept promise, a follow-up given on,
// a customer merged, one forgotten.
func TestHandoverUndoLeavesWhatPeopleChanged(t *testing.T) {
	t.Parallel()
	h := rep(t)
	must[CustomerOut](h)(h.s.Assign(as("ana"), AssignIn{Ref: "c3", Staff: "ana"}))
	h.now = h.now.Add(time.Minute)
	must[HandoverOut](h)(h.s.Handover(as("ana"), HandoverIn{From: "tom", To: "wei"}))
	h.now = h.now.Add(time.Minute)
	must[CustomerOut](h)(h.s.Assign(as("ana"), AssignIn{Ref: "c1", Staff: "ana"}))
	must[PromiseOut](h)(h.s.PromiseClose(as("wei"), PromiseCloseIn{Promise: "p1", State: "kept"}))
	must[CustomerForgetOut](h)(h.s.CustomerForget(as("ana"), CustomerForgetIn{Ref: "c2"}))
	out := must[HandoverOut](h)(h.s.HandoverUndo(as("ana"), HandoverUndoIn{Number: "g1"})).Handover
	var codes []string
	for _, x := range out.Stays {
		codes = append(codes, x.What)
	}
	if diff := cmp.Diff([]string{"promise_closed", "owner"}, codes); diff != "" {
		t.Errorf("told (-want +got)\n%s", diff)
	}
	if len(out.Customers) != 2 {
		t.Errorf("who was forgotten is in it: %+v", out.Customers)
	}
	p := h.handed()["p2"].(state.Promise)
	if p.By != "s3" || p.MadeBy != "" {
		t.Errorf("Kim's promise: %+v", p)
	}
	if c := h.handed()["c1"].(state.Customer); c.Owner != "s1" {
		t.Errorf("Jana's owner is %s", c.Owner)
	}
	check := must[CheckOut](h)(h.s.Check(as("ana"), CheckIn{}))
	if len(check.Damages) > 0 {
		t.Errorf("damages %+v", check.Damages)
	}
}

// A customer who is merged after the handover keeps the newest word about the owner; apart again,
// and taken back, both are as before.
func TestHandoverOfWhoIsMergedLater(t *testing.T) {
	t.Parallel()
	h := rep(t)
	before := h.handed()
	must[HandoverOut](h)(h.s.Handover(as("ana"), HandoverIn{From: "tom", To: "wei", Only: []string{"c1"}}))
	h.now = h.now.Add(time.Minute)
	must[MergeOut](h)(h.s.Merge(as("ana"), MergeIn{A: "c2", B: "c1"}))
	if out := must[HandoverOut](h)(h.s.HandoverUndo(as("ana"), HandoverUndoIn{Number: "g1"})).Handover; len(out.Stays) != 0 {
		t.Errorf("stays %+v", out.Stays)
	}
	after := h.handed()
	for _, k := range []string{"setting 1 owner ", "setting 2 owner ", "p1", "p2", "t1"} {
		if diff := cmp.Diff(before[k], after[k]); diff != "" {
			t.Errorf("%s (-before +after)\n%s", k, diff)
		}
	}
}

// What is wrong with targets is told for all lines, and nothing happens.
func TestHandoverTargets(t *testing.T) {
	t.Parallel()
	h := rep(t)
	must[StaffOut](h)(h.s.StaffAway(context.Background(), StaffAwayIn{Ref: "ana", Until: "2026-12-01"}))
	before := h.handed()
	out := must[HandoverOut](h)(h.s.Handover(as("ana"), HandoverIn{From: "tom", To: "wei", Targets: []HandoverTarget{
		{Line: 2, Customer: "c1", To: "wei"}, {Line: 3, Customer: "c2", To: "ana"}, {Line: 4, Customer: "c99", To: "wei"}, {Line: 5, Customer: "c2", To: "tom"}, {Line: 6, Customer: "c2", To: "nobody"}}}))
	got := map[int]string{}
	for _, x := range out.Wrong {
		got[x.Line] = x.Code
	}
	want := map[int]string{3: "handover_away", 4: "no_customer", 5: "handover_self", 6: "no_staff"}
	for line, code := range want {
		if got[line] == "" || code[:8] == "handover" && got[line] != code {
			t.Errorf("line %d: %q, want %q", line, got[line], code)
		}
	}
	if diff := cmp.Diff(before, h.handed()); diff != "" || len(got) != len(want) {
		t.Errorf("%v, changed %s", got, diff)
	}
	_, err := h.s.Handover(as("ana"), HandoverIn{From: "tom"})
	h.refused(err, state.Invalid, "handover_to")
	// Only who is named goes, each to their own.
	one := must[HandoverOut](h)(h.s.Handover(as("ana"), HandoverIn{From: "tom", Targets: []HandoverTarget{{Line: 1, Customer: "li@wei.example", To: "wei"}}})).Handover
	if one.Owned != 1 || one.Promises != 0 || one.Followups != 1 || one.Customers[0].Language != "zh" {
		t.Errorf("%+v", one)
	}
}

// Handed over and taken back, everything is as before: whoever owned what, whatever was promised by
// whom to whom, merged or not, in whatever order.
func TestHandoverThenUndoIsNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		h := newHouse(t)
		h.people()
		var told []Told
		for i := range 4 {
			told = append(told, person1("shop", fmt.Sprint(i+1), "name", fmt.Sprintf("Person %c", 'A'+i), "email", fmt.Sprintf("p%d@x%d.example", i, i)))
		}
		h.tell(told...)
		staff := []string{"ana", "wei", "tom"}
		who := func(label string) string { return rapid.SampledFrom(staff).Draw(r, label) }
		customer := func() string { return fmt.Sprintf("c%d", rapid.IntRange(1, 4).Draw(r, "customer")) }
		for range rapid.IntRange(0, 8).Draw(r, "operations") {
			h.now = h.now.Add(time.Duration(rapid.IntRange(0, 1).Draw(r, "seconds")) * time.Second)
			switch rapid.IntRange(0, 4).Draw(r, "operation") {
			case 0, 1:
				must[CustomerOut](h)(h.s.Assign(as("ana"), AssignIn{Ref: customer(), Staff: who("owner")}))
			case 2:
				must[PromiseOut](h)(h.s.PromiseAdd(as(who("by")), PromiseAddIn{Ref: customer(), Text: "x"}))
			case 3:
				must[FollowupOut](h)(h.s.FollowupAdd(as("ana"), FollowupAddIn{Ref: customer(), Text: "x", For: who("for")}))
			case 4:
				_, _ = h.s.Merge(as("ana"), MergeIn{A: customer(), B: customer()}) // with themselves it is refused
			}
		}
		from := who("from")
		for round := range rapid.IntRange(1, 2).Draw(r, "rounds") {
			before := h.handed()
			to := rapid.SampledFrom(staff).Filter(func(s string) bool { return s != from }).Draw(r, "to")
			out := must[HandoverOut](h)(h.s.Handover(as("ana"), HandoverIn{From: from, To: to})).Handover
			if out.Number == "" {
				return
			}
			if rapid.Bool().Draw(r, "keep") && round == 0 {
				from = to // on to the next
				continue
			}
			h.now = h.now.Add(time.Minute)
			back := must[HandoverOut](h)(h.s.HandoverUndo(as("ana"), HandoverUndoIn{Number: out.Number})).Handover
			if diff := cmp.Diff(before, h.handed()); diff != "" || len(back.Stays) > 0 {
				r.Fatalf("stays %+v (-before +after)\n%s", back.Stays, diff)
			}
		}
	})
}
