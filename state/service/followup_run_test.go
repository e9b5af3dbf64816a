package service

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/followup"
	"github.com/keptcrm/kept/state/promise"
)

func (h *house) pass() FollowupRunOut {
	h.t.Helper()
	return must[FollowupRunOut](h)(h.s.FollowupRun(context.Background(), FollowupRunIn{}))
}

// Who is merged while a follow-up is due has one, and a later pass makes no other; kept apart again
// each keeps what was theirs.
func TestMergedWhileDue(t *testing.T) {
	t.Parallel()
	h, _ := ruled(t, followup.Birthday, followup.FirstOrder)
	h.tell(person1("shop", "1", "name", "Jana", "birthday", "1990-11-22"), person1("book", "7", "name", "Jana Köhler", "birthday", "1990-11-22"))
	h.pass()
	h.now = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	h.tell(bought("shop", "1", "1", h.now, 100, "EUR"), bought("book", "2", "7", h.now, 100, "EUR"))
	if out := h.pass(); out.Total != 4 {
		t.Fatalf("made %+v", out)
	}
	must[MergeOut](h)(h.s.Merge(as("ana"), MergeIn{A: "c1", B: "c2"}))
	for range 2 {
		if out := h.pass(); out.Total != 0 {
			t.Errorf("made again: %+v", out.Made)
		}
		list := must[FollowupListOut](h)(h.s.FollowupList(context.Background(), FollowupListIn{}))
		if list.Total != 2 {
			t.Errorf("%d follow-ups", list.Total)
		}
		h.now = h.now.Add(time.Hour)
	}
	must[UnmergeOut](h)(h.s.Unmerge(as("ana"), UnmergeIn{Ref: "c1"}))
	if out := h.pass(); out.Total != 0 {
		t.Errorf("made after they were parted: %+v", out.Made)
	}
	if list := must[FollowupListOut](h)(h.s.FollowupList(context.Background(), FollowupListIn{})); list.Total != 4 {
		t.Errorf("%d follow-ups of two", list.Total)
	}
}

// Taken back and told again, an order is the same occasion.
func TestOccasionOutlivesAnImport(t *testing.T) {
	t.Parallel()
	h, _ := ruled(t, followup.NewOrder)
	h.pass()
	jana := person1("shop", "1", "name", "Jana", "email", "jana@x.example")
	run := h.tell(jana, bought("shop", "1", "1", h.now, 100, "EUR"))
	if out := h.pass(); out.Total != 1 {
		t.Fatalf("%+v", out)
	}
	must[ImportUndoOut](h)(h.s.ImportUndo(as("ana"), ImportUndoIn{Run: state.Runs.Ref(run)}))
	h.pass()
	h.tell(jana, bought("shop", "1", "1", h.now, 100, "EUR"))
	if out := h.pass(); out.Total != 0 {
		t.Errorf("made again: %+v", out.Made)
	}
	if out := must[CheckOut](h)(h.s.Check(context.Background(), CheckIn{})); len(out.Damages) != 0 {
		t.Errorf("check: %+v", out.Damages)
	}
}

// Nobody is flooded: what is more than a day's share waits for the next day, and all of it comes.
func TestNoFlood(t *testing.T) {
	t.Parallel()
	h, _ := ruled(t, followup.NewOrder)
	h.people()
	h.s.config.Followups.PerPerson, h.s.config.Followups.PerRun = 3, 0
	h.pass()
	var told []Told
	for i := range 8 {
		told = append(told, person1("shop", fmt.Sprint(i), "name", fmt.Sprintf("C %d", i)), bought("shop", fmt.Sprint(100+i), fmt.Sprint(i), h.now, 100, "EUR"))
	}
	h.tell(told...)
	total := 0
	for day := range 4 {
		for range 3 {
			out := h.pass()
			total += out.Total
			if want := min(3*(day+1), 8); total != want || out.Waiting[""] != 8-want {
				t.Fatalf("day %d: %d made, %v wait", day, total, out.Waiting)
			}
			h.now = h.now.Add(time.Hour)
		}
		h.now = h.now.Add(21 * time.Hour)
	}
}

// While nothing ran, catch-up acts on what came, skip leaves it out; what came long before the rule
// was there is left out by both.
func TestMissed(t *testing.T) {
	t.Parallel()
	for missed, want := range map[string]int{followup.CatchUp: 2, followup.Skip: 1} {
		h, _ := ruled(t, followup.NewOrder)
		h.s.config.Followups.Rules[0].Missed = missed
		h.tell(person1("shop", "1", "name", "Jana"), bought("shop", "1", "1", h.now.Add(-time.Hour), 100, "EUR"))
		h.pass()
		h.tell(bought("shop", "2", "1", h.now.Add(time.Minute), 100, "EUR"), bought("shop", "3", "1", h.now.AddDate(0, 0, 5), 100, "EUR"))
		h.now = h.now.AddDate(0, 0, 5).Add(time.Hour)
		if out := h.pass(); out.Total != want {
			t.Errorf("%s: %d made", missed, out.Total)
		}
	}
}

// What nobody did goes on to the manager once, where the rule says so; whom it is for is the owner,
// of nobody's customer the one whom kept.yaml names.
func TestEscalation(t *testing.T) {
	t.Parallel()
	h, _ := ruled(t, followup.NewOrder)
	h.people()
	r := h.s.config.Followups.Rules[0]
	r.Do.Due, r.Escalate = time.Hour, &followup.Escalation{After: 2 * time.Hour, To: followup.ForManager}
	h.s.config.Followups.Default = "tom"
	h.pass()
	h.now = time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC) // Monday, 9:00 in Shanghai
	h.tell(person1("shop", "1", "name", "李伟"), person1("shop", "2", "name", "Jana"), bought("shop", "1", "1", h.now, 100, "EUR"), bought("shop", "2", "2", h.now, 100, "EUR"))
	must[CustomerOut](h)(h.s.Assign(as("ana"), AssignIn{Ref: "李伟", Staff: "wei"}))
	out := h.pass()
	if len(out.Made) != 2 || out.Made[0].For != "Wei Zhang" || out.Made[1].For != "Tom Ford" || !out.Made[0].Due.Equal(h.now.Add(time.Hour)) {
		t.Fatalf("%+v", out.Made)
	}
	h.now = h.now.Add(2 * time.Hour)
	if out := h.pass(); out.Escalated != 0 {
		t.Errorf("too early: %+v", out)
	}
	h.now = h.now.Add(61 * time.Minute)
	for i := range 2 {
		if out := h.pass(); out.Escalated != 1-i {
			t.Errorf("pass %d: %+v", i, out)
		}
	}
	f := must[FollowupListOut](h)(h.s.FollowupList(context.Background(), FollowupListIn{Number: "t1"})).Followups[0]
	if f.Over != "Ana Lima" || f.For != "Wei Zhang" {
		t.Errorf("%+v", f)
	}
	h.ok(h.store.View(context.Background(), func(tx state.Tx) error {
		all, err := state.Outbox.List(tx, state.Range{})
		if len(all) != 1 || all[0].Staff != "s1" {
			t.Errorf("outbox %+v", all)
		}
		return err
	}))
}

// An e-mail of a rule goes into the outbox once, in the customer's language, with nothing of a name
// in its headers but text.
func TestRuleSendsTemplate(t *testing.T) {
	t.Parallel()
	h, _ := ruled(t, followup.FirstOrder)
	parse := func(s string) *followup.Text {
		x, err := followup.ParseText(s, "order")
		h.ok(err)
		return x
	}
	h.s.config.Followups.Templates = map[string]*followup.Template{"thanks": {Name: "thanks",
		Subject: map[string]*followup.Text{"en": parse("Order {{order.number}} for {{customer.name}}"), "de": parse("Bestellung {{order.number}}")},
		Body:    map[string]*followup.Text{"en": parse("Dear {{customer.given|customer}}"), "de": parse("Guten Tag {{customer.given}}")}}}
	r := h.s.config.Followups.Rules[0]
	r.Do = followup.Action{Template: "thanks", Purpose: "service"}
	h.pass()
	h.tell(person1("shop", "1", "given", "Jana", "family", "Köhler", "email", "jana@x.example", "language", "de"),
		person1("shop", "2", "name", "Eve\nBcc: all@x.example", "email", "eve@x.example"), bought("shop", "1", "1", h.now, 100, "EUR"), bought("shop", "2", "2", h.now, 100, "EUR"))
	for range 3 {
		h.pass()
		h.now = h.now.Add(time.Hour)
	}
	h.ok(h.store.View(context.Background(), func(tx state.Tx) error {
		all, err := state.Outbox.List(tx, state.Range{})
		if len(all) != 2 || all[0].Subject != "Bestellung #1" || all[0].Text != "Guten Tag Jana" || all[0].Lang != "de" || all[1].Text != "Dear customer" {
			t.Errorf("outbox %+v", all)
		}
		for _, m := range all {
			if strings.ContainsAny(m.Subject, "\r\n") || m.Purpose != "service" || m.To.Shown == "" {
				t.Errorf("%+v", m)
			}
		}
		return err
	}))
	if len(h.all()) != 0 {
		t.Error("a follow-up was made, too")
	}
}

// A pass after which nothing changed looks at nobody; one after a change looks at whom it concerns.
func TestRulesLookAtWhoChanged(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, name := range []string{followup.Unanswered, followup.PromiseDue, followup.Delivered, followup.Silent} {
		r, _ := followup.Ready(name)
		h.s.config.Followups.Rules = append(h.s.config.Followups.Rules, &r)
	}
	h.tell(person1("shop", "1", "name", "Jana Köhler", "email", "jana@x.example"), person1("shop", "2", "name", "李伟", "email", "li@x.example"))
	looked := func(want int) {
		t.Helper()
		if out := must[FollowupRunOut](h)(h.s.FollowupRun(as(""), FollowupRunIn{})); out.Looked != want {
			t.Errorf("it looked at %d, want %d", out.Looked, want)
		}
	}
	looked(2)
	looked(0)
	must[CustomerOut](h)(h.s.CustomerEdit(as(""), CustomerEditIn{Ref: "jana@x.example", Set: map[string]string{"grade": "A"}}))
	looked(1)
	looked(0)
}

// What waits for an answer counts hours that are worked, where whoever answers works: over a weekend and
// a holiday nobody is late.
func TestUnansweredCountsWorkingHours(t *testing.T) {
	t.Parallel()
	h, _ := ruled(t, followup.Unanswered)
	h.people()
	calendar, err := promise.NewCalendar(promise.CalendarRules{Countries: []string{"DE"}})
	h.ok(err)
	h.s.config.Calendar = calendar
	h.tell(person1("shop", "1", "name", "Jana Köhler", "email", "jana@x.example"))
	h.pass()
	write := func(l letter, at time.Time) {
		m := l.told()
		m.Version.Message.At = at
		h.now = at.Add(time.Minute)
		h.mailRun(m)
	}
	write(letter{id: "m1", from: "Jana <jana@x.example>", to: "desk@nordlicht.example", subject: "Mount", text: "When can you repair the mount?"},
		time.Date(2026, 12, 24, 14, 0, 0, 0, time.UTC)) // 15:00 in Berlin: three hours, then Christmas and a Sunday
	for _, x := range []struct {
		at   time.Time
		want int
	}{
		{time.Date(2026, 12, 26, 14, 0, 0, 0, time.UTC), 0},
		{time.Date(2026, 12, 28, 12, 59, 0, 0, time.UTC), 0},
		{time.Date(2026, 12, 28, 13, 1, 0, 0, time.UTC), 1},
	} {
		h.now = x.at
		if out := h.pass(); out.Total != x.want {
			t.Errorf("at %s: %d made", x.at, out.Total)
		}
	}
	// What a colleague answers ends it, though the mail was to the desk.
	write(letter{id: "m2", from: tomMail, to: "jana@x.example", subject: "Re: Mount", sent: true, text: "On Tuesday."}, time.Date(2026, 12, 28, 14, 0, 0, 0, time.UTC))
	if out := h.pass(); out.Settled != 1 {
		t.Errorf("answered, and %+v", out)
	}
}
