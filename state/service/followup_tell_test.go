package service

import (
	"context"
	"testing"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/followup"
)

// What a rule tells one of us is in their language, of the follow-up that it made, and goes to whoever
// stands in while they are away; the manager hears of it in the manager's.
func TestRulesTellInOnesOwnLanguage(t *testing.T) {
	t.Parallel()
	h, _ := ruled(t, followup.NewOrder, followup.FirstOrder)
	h.people()
	told := map[string]Notice{}
	h.s.config.Notice = func(n Notice) (string, string) {
		told[n.Card] = n
		return "subject " + n.Language, "text " + n.Followup.Why
	}
	order, first := h.s.config.Followups.Rules[0], h.s.config.Followups.Rules[1]
	order.Do = followup.Action{Followup: followup.ForOwner, Message: followup.ForOwner, Due: time.Hour}
	order.Escalate = &followup.Escalation{After: time.Hour, To: followup.ForManager}
	first.Do = followup.Action{Message: "tom"}
	h.pass()
	h.now = time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC) // Monday, 9:00 in Shanghai
	h.tell(person1("shop", "1", "name", "Jana Köhler"), bought("shop", "1", "1", h.now, 100, "EUR"))
	must[CustomerOut](h)(h.s.Assign(as("ana"), AssignIn{Ref: "jana", Staff: "wei"}))
	must[StaffOut](h)(h.s.StaffAway(context.Background(), StaffAwayIn{Ref: "tom", From: "2026-11-23"}))
	h.pass()
	h.pass()
	h.now = h.now.Add(3 * time.Hour)
	h.pass()
	type line struct{ staff, card, lang, subject, text, standsIn string }
	var got []line
	h.ok(h.store.View(context.Background(), func(tx state.Tx) error {
		got = nil
		all, err := state.Outbox.List(tx, state.Range{})
		for _, m := range all {
			got = append(got, line{m.Staff, m.Card, m.Lang, m.Subject, m.Text, ""})
		}
		return err
	}))
	want := []line{
		{"s2", "followup t1", "zh", "subject zh", "text order", ""},
		{"s2", "", "zh", "subject zh", "text first-order", "Tom Ford"}, // Wei stands in for Tom
		{"s1", "over t1", "en", "subject en", "text order", ""},
	}
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i := range want {
		n := told[want[i].card]
		got[i].standsIn = n.StandsIn
		if got[i] != want[i] || n.Over != (i == 2) || n.Followup.CustomerName != "Jana Köhler" || (n.Followup.Number == "") != (want[i].card == "") {
			t.Errorf("%+v of %+v\nwant %+v", got[i], n.Followup, want[i])
		}
	}
	// What was done meanwhile is not told any more.
	must[FollowupOut](h)(h.s.FollowupClose(as("wei"), FollowupCloseIn{Followup: "t1", State: state.FollowupDone}))
	h.ok(h.store.View(context.Background(), func(tx state.Tx) error {
		for _, card := range []string{"followup t1", "over t1"} {
			if code, err := noticeOver(newLookup(tx, h.now), &state.Outgoing{Card: card}); err != nil || code != "followup_over" {
				t.Errorf("%s: %q, %v", card, code, err)
			}
		}
		return nil
	}))
}
