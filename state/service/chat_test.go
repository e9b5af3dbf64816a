package service

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/keptcrm/kept/state"
)

// inChat gives a context of whoever has an account.
func inChat(account string) Caller { return Caller{Chat: account, From: FromChat} }

func TestChatAccounts(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.people()
	give := func(who string, slack ...string) error {
		return failure(h.s.StaffAdd(as("ops"), StaffAddIn{Name: who, Slack: slack}))
	}
	h.ok(give("wei", "U7", "T1:U8", "slack:T2:W9"))
	if got := h.member("wei").Chats; !slices.Equal(got, []string{"slack::U7", "slack:T1:U8", "slack:T2:W9"}) {
		t.Errorf("got %v", got)
	}
	for _, bad := range []string{"", "-", "wei", "#U7", "T1:", "T1:U7:U8", "U\n7", "slack:", "X1:U7"} {
		h.refused(give("wei", bad), state.Invalid, "not_slack")
	}
	for _, theirs := range []string{"U7", "T5:U7", "T1:U8", "U8"} {
		h.refused(give("ana", theirs), state.Conflict, "chat_taken")
	}
	h.ok(give("ana", "T2:U8")) // another workspace's
	h.refused(give("ana", "-U9"), state.Invalid, "chat_not_theirs")
	h.ok(give("wei", "-U8", "-U7"))
	if got := h.member("wei").Chats; !slices.Equal(got, []string{"slack:T2:W9"}) {
		t.Errorf("after taking away: %v", got)
	}
	h.ok(give("ana", "U7"))
}

// In a chat nobody counts as ops, whatever their login: they have the account, or they are refused.
func TestChatCallers(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.people()
	must[StaffOut](h)(h.s.StaffAdd(as("ops"), StaffAddIn{Name: "wei", Slack: []string{"T1:U7"}, Role: "manager"}))
	ask := func(c Caller) (WhoOut, error) { return h.s.API().Who(WithCaller(t.Context(), c), WhoIn{}) }
	for _, c := range []Caller{{Chat: "slack:T1:U1", From: FromChat}, {Chat: "slack:T1:U1"}, {From: FromChat}, {Chat: "slack:T1:U1", Login: "wei"}, {Chat: "slack:T9:U7"}, {Chat: "U7"}, {Login: "job:x", From: FromChat}} {
		h.refused(failure(ask(c)), state.Refused, "chat_unknown")
		h.refused(failure(h.s.Note(WithCaller(t.Context(), c), NoteIn{Ref: "c1", Text: "x"})), state.Refused, "chat_unknown")
	}
	must[WhoOut](h)(ask(inChat("slack:T1:U7")))
	// An account without its workspace is one everywhere.
	must[StaffOut](h)(h.s.StaffAdd(as("ops"), StaffAddIn{Name: "tom", Slack: []string{"U5"}, Role: "manager"}))
	must[WhoOut](h)(ask(inChat("slack:T77:U5")))

	must[StaffOut](h)(h.s.StaffLeave(as("ops"), StaffLeaveIn{Ref: "tom", On: "2026-11-20"}))
	h.refused(failure(ask(inChat("slack:T77:U5"))), state.Refused, "chat_left")
}

// Whoever talks at the terminal as one of us sees and does what that one may in a chat, and the log says
// who talked.
func TestChatAs(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.people()
	h.tell(person1("shop", "1", "name", "Jana Köhler"))
	wei := must[StaffOut](h)(h.s.StaffAdd(as("ops"), StaffAddIn{Name: "wei", Role: "service"})).Staff.Number
	nobody := must[StaffOut](h)(h.s.StaffAdd(as("ops"), StaffAddIn{Name: "intern"})).Staff.Number
	a := h.s.API()
	talk := Caller{Chat: ChatAs(wei, "boss"), Login: "boss", From: FromChat}
	must[WhoOut](h)(a.Who(WithCaller(t.Context(), talk), WhoIn{}))
	must[NoteOut](h)(a.Note(WithCaller(t.Context(), talk), NoteIn{Ref: "c1", Text: "called"}))
	h.refused(failure(a.Assign(WithCaller(t.Context(), talk), AssignIn{Ref: "c1", Staff: wei})), state.Refused, "chat_may_not")
	h.refused(failure(a.StaffAdd(WithCaller(t.Context(), talk), StaffAddIn{Name: "me", Role: "ops"})), state.Refused, "chat_terminal")
	h.refused(failure(a.Who(WithCaller(t.Context(), Caller{Chat: ChatAs(nobody, "boss"), From: FromChat}), WhoIn{})), state.Refused, "chat_no_role")
	for _, x := range []string{ChatAs("s99", "boss"), "kept:", "kept:wei", "kept:c1:boss"} {
		h.refused(failure(a.Who(WithCaller(t.Context(), Caller{Chat: x, From: FromChat}), WhoIn{})), state.Refused, "chat_unknown")
	}
	out := must[AuditOut](h)(h.s.Audit(as("ops"), AuditIn{Limit: 1}))
	if len(out.Entries) != 1 || out.Entries[0].Actor != "Wei Zhang" || out.Entries[0].Chat != "kept:"+wei+":boss" {
		t.Errorf("%+v", out.Entries)
	}
}

// A call that nobody has thought about is none for a chat, and no call loses its way by that.
func TestChatCallsAreListed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.people()
	must[StaffOut](h)(h.s.StaffAdd(as("ops"), StaffAddIn{Name: "wei", Slack: []string{"U7"}, Role: "ops"}))
	a := h.s.API()
	v := reflect.ValueOf(a)
	known := map[string]bool{}
	ctx := reflect.ValueOf(WithCaller(t.Context(), inChat("slack:T1:U7")))
	for i := range v.NumField() {
		name, call := v.Type().Field(i).Name, v.Field(i)
		known[name] = true
		if chatCalls[name] || call.IsNil() {
			continue
		}
		args := []reflect.Value{ctx}
		for k := 1; k < call.Type().NumIn(); k++ {
			args = append(args, reflect.Zero(call.Type().In(k)))
		}
		out := call.Call(args)
		err, _ := out[len(out)-1].Interface().(error)
		if !state.IsCode(err, "chat_terminal") {
			t.Errorf("%s from a chat: %v", name, err)
		}
	}
	for name := range chatCalls {
		if !known[name] {
			t.Errorf("there is no %s", name)
		}
	}
	if _, err := a.StaffAdd(as("ops"), StaffAddIn{Name: "Li"}); err != nil {
		t.Errorf("at the terminal: %v", err)
	}
}

func TestStaffMap(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.people()
	job := WithCaller(t.Context(), Caller{From: FromJob, Login: "job:slack"})
	of := func(account, email string) (StaffMapOut, error) {
		return h.s.StaffMap(job, StaffMapIn{Account: account, Email: email, Name: "Somebody"})
	}
	h.refused(failure(of("slack:T1:U1", "")), state.Refused, "chat_unknown")
	h.refused(failure(of("slack:T1:U1", "not an address")), state.Refused, "chat_unknown")
	h.refused(failure(of("slack:T1:U1", "stranger@nordlicht.example")), state.Refused, "chat_unknown")
	for _, bad := range []string{"", "U1", "slack::U1", "slack:T1:U1:x"} {
		h.refused(failure(of(bad, "ana@nordlicht.example")), state.Invalid, "not_slack")
	}
	out := must[StaffMapOut](h)(of("slack:T1:U1", " ANA@nordlicht.example "))
	if !out.Mapped || out.Staff.Name != "Ana Lima" || !slices.Equal(out.Staff.Chats, []string{"slack:T1:U1"}) {
		t.Errorf("got %+v", out)
	}
	if again := must[StaffMapOut](h)(of("slack:T1:U1", "wei@nordlicht.example")); again.Mapped || again.Staff.Name != "Ana Lima" {
		t.Errorf("again: %+v", again)
	}
	// What a person said stays: an account that they took away, and one that they gave to somebody else.
	must[StaffOut](h)(h.s.StaffAdd(as("ops"), StaffAddIn{Name: "ana", Slack: []string{"-U1"}}))
	h.refused(failure(of("slack:T1:U1", "ana@nordlicht.example")), state.Refused, "chat_unknown")
	must[StaffOut](h)(h.s.StaffAdd(as("ops"), StaffAddIn{Name: "tom", Slack: []string{"U1"}}))
	if out = must[StaffMapOut](h)(of("slack:T1:U1", "ana@nordlicht.example")); out.Staff.Name != "Tom Ford" || !slices.Equal(out.Staff.Chats, []string{"slack:T1:U1"}) {
		t.Errorf("a person's word: %+v", out)
	}
	must[StaffOut](h)(h.s.StaffLeave(as("ops"), StaffLeaveIn{Ref: "tom", On: "2026-11-20"}))
	h.refused(failure(of("slack:T1:U1", "ana@nordlicht.example")), state.Refused, "chat_left")
	must[StaffOut](h)(h.s.StaffLeave(as("ops"), StaffLeaveIn{Ref: "ana", On: "2026-11-20"}))
	h.refused(failure(of("slack:T1:U2", "ana@nordlicht.example")), state.Refused, "chat_unknown")

	entries := must[AuditOut](h)(h.s.Audit(as("ops"), AuditIn{Changes: true})).Entries
	if !slices.ContainsFunc(entries, func(e AuditEntry) bool {
		return e.What == "staff.map" && e.Actor == "job:slack" && e.Args["account"] == "slack:T1:U1"
	}) {
		t.Errorf("the log: %+v", entries)
	}
}

// Look-ups and changes from a chat have the account beside who it is.
func TestAuditHasTheAccount(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.people()
	h.tell(person1("shop", "1", "name", "Jana Köhler"))
	must[StaffOut](h)(h.s.StaffAdd(as("ops"), StaffAddIn{Name: "ana", Slack: []string{"T1:U7"}, Role: "manager"}))
	h.s.KeepReads(400 * 24 * time.Hour)
	chat := WithCaller(t.Context(), inChat("slack:T1:U7"))
	must[BriefOut](h)(h.s.API().Brief(chat, BriefIn{Ref: "c1"}))
	must[NoteOut](h)(h.s.API().Note(chat, NoteIn{Ref: "c1", Text: "hello"}))
	h.ok(h.s.Close())
	seen := map[string]string{}
	for _, e := range must[AuditOut](h)(h.s.Audit(as("ops"), AuditIn{Ref: "c1", By: "ana"})).Entries {
		seen[e.What] = e.Chat
	}
	if seen["brief"] != "slack:T1:U7" || seen["note.add"] != "slack:T1:U7" {
		t.Errorf("got %v", seen)
	}
}
