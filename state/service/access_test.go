package service

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keptcrm/kept/state"
)

// seen is a state in which one of us asks in a chat, with marks in everything of four customers.
type seen struct {
	*house
	ctx   context.Context
	marks []map[string]string // by customer: content to what stands for it
}

// newSeen gives a state in which Mia asks: she and Max are led by Ben, Kim by nobody.
func newSeen(t *testing.T) *seen {
	h := newHouse(t)
	for _, in := range []StaffAddIn{{Name: "Ben", Role: "manager"}, {Name: "Mia", Login: "mia", Manager: "Ben", Role: "rep", Slack: []string{"T1:U1"}},
		{Name: "Max", Manager: "Ben", Role: "rep"}, {Name: "Kim", Role: "rep"}} {
		must[StaffOut](h)(h.s.StaffAdd(as("ops"), in))
	}
	s := &seen{house: h, ctx: WithCaller(context.Background(), inChat("slack:T1:U1"))}
	for i := range 4 {
		mark := map[string]string{SeeHeaders: fmt.Sprintf("Headmark%c", 'a'+i), SeeBody: fmt.Sprintf("bodymark%d", i),
			SeePromise: fmt.Sprintf("promisemark%d", i), SeeMoney: fmt.Sprint(98765401 + i), SeeContact: fmt.Sprintf("contactmark%d", i)}
		id := fmt.Sprint(i)
		at := h.now.Add(-time.Duration(i+1) * time.Hour)
		order := bought("shop", id, "guest:"+mark[SeeContact]+"@people.example", at, int64(98765401+i), "EUR")
		guest := person1("shop", "guest:"+mark[SeeContact]+"@people.example", "name", mark[SeeHeaders], "email", mark[SeeContact]+"@people.example",
			"phone", "+4945190182"+id, "note", mark[SeeBody], "lifetime_total", mark[SeeMoney])
		h.tell(guest, order)
		ref := h.ref(mark[SeeHeaders])
		must[NoteOut](h)(h.s.Note(as("ops"), NoteIn{Ref: ref, Text: mark[SeeBody] + "\nmore " + mark[SeeBody]}))
		must[PromiseOut](h)(h.s.PromiseAdd(as("ops"), PromiseAddIn{Ref: ref, Text: mark[SeePromise], Due: "2026-11-20", By: "Kim"}))
		must[FollowupOut](h)(h.s.FollowupAdd(as("ops"), FollowupAddIn{Ref: ref, Text: mark[SeePromise], For: "Kim"}))
		must[OptoutOut](h)(h.s.OptoutAdd(as("ops"), OptoutAddIn{Ref: ref, Words: mark[SeeBody]}))
		s.marks = append(s.marks, mark)
	}
	return s
}

// own gives the customers owners: of each whose it is in the scope of Mia.
func (s *seen) own(scopes []string) {
	s.t.Helper()
	who := map[string]string{ScopeOwn: "Mia", ScopeTeam: "Max", ScopeAll: "Kim", ScopeNone: ""}
	for i, scope := range scopes {
		must[CustomerOut](s.house)(s.s.Assign(as("ops"), AssignIn{Ref: fmt.Sprintf("c%d", i+1), Staff: who[scope]}))
	}
}

// told is everything that Mia is told, by whatever she asks, as one text.
func (s *seen) told() string {
	var out strings.Builder
	add := func(v any, err error) {
		s.t.Helper()
		if err != nil && !state.IsClass(err, state.NotFound) && !state.IsClass(err, state.Ambiguous) && !state.IsClass(err, state.Refused) {
			s.t.Fatalf("%T: %v", v, err)
		}
		b, failed := json.Marshal([]any{v, err})
		s.ok(failed)
		out.Write(b)
	}
	a, ctx := s.s.API(), s.ctx
	both := func(ref string) {
		for _, call := range []func(){
			func() { v, err := a.Find(ctx, FindIn{Query: ref}); add(v, err) },
			func() { v, err := a.Brief(ctx, BriefIn{Ref: ref}); add(v, err) },
			func() { v, err := a.History(ctx, HistoryIn{Ref: ref}); add(v, err) },
			func() { v, err := a.Who(ctx, WhoIn{Ref: ref}); add(v, err) },
			func() { v, err := a.CustomerShow(ctx, CustomerShowIn{Ref: ref}); add(v, err) },
			func() { v, err := a.MayContact(ctx, MayContactIn{Ref: ref}); add(v, err) },
			func() { v, err := a.PromiseList(ctx, PromiseListIn{Ref: ref, All: true}); add(v, err) },
			func() { v, err := a.PromiseHealth(ctx, PromiseHealthIn{Ref: ref}); add(v, err) },
			func() { v, err := a.PromiseConflicts(ctx, PromiseConflictsIn{Ref: ref}); add(v, err) },
			func() { v, err := a.FollowupList(ctx, FollowupListIn{Ref: ref}); add(v, err) },
			func() { v, err := a.QuestionList(ctx, QuestionListIn{Ref: ref}); add(v, err) },
		} {
			call()
		}
	}
	for i := range s.marks {
		both(fmt.Sprintf("c%d", i+1))
		v, err := a.PromiseShow(ctx, PromiseShowIn{Promise: fmt.Sprintf("p%d", i+1)})
		add(v, err)
		w, err := a.PromiseMove(ctx, PromiseMoveIn{Promise: fmt.Sprintf("p%d", i+1), Due: "2026-11-20"})
		add(w, err)
	}
	both("headmark") // begins the names of all: the error lists them
	both("0182")     // ends phones of none
	v, err := a.PromiseList(ctx, PromiseListIn{All: true})
	add(v, err)
	f, err := a.FollowupList(ctx, FollowupListIn{})
	add(f, err)
	q, err := a.QuestionList(ctx, QuestionListIn{Limit: -1, All: true})
	add(q, err)
	u, err := a.UnansweredList(ctx, UnansweredIn{})
	add(u, err)
	g, err := a.HandoverList(ctx, HandoverListIn{})
	add(g, err)
	return out.String()
}

// law compares what is told with what the table says: nothing else, and all of it.
func (s *seen) law(t *testing.T, table map[string]string, scopes []string) {
	t.Helper()
	told := s.told()
	for i, scope := range scopes {
		if scope == ScopeNone {
			scope = ScopeTeam // nobody's: everybody's team's
		}
		within := func(content string) bool {
			return slices.Index(AccessScopes, scope) <= slices.Index(AccessScopes, table[content]) && table[content] != ScopeNone
		}
		for content, mark := range s.marks[i] {
			want := within(SeeHeaders) && within(content)
			if got := strings.Contains(told, mark); got != want {
				at := strings.Index(told, mark)
				near := ""
				if got {
					near = told[max(0, at-300):min(len(told), at+100)]
				}
				t.Errorf("%s of a customer of %s, with %v: told %v, want %v\n%s", content, scope, table, got, want, near)
			}
		}
	}
}

var allScopes = []string{ScopeOwn, ScopeTeam, ScopeAll, ScopeNone}

// Each cell of the table that is shipped, and each that somebody may write into kept.yaml.
func TestAccessTable(t *testing.T) {
	t.Parallel()
	s := newSeen(t)
	s.own(allScopes)
	for _, role := range AccessRoles[:4] {
		must[StaffOut](s.house)(s.s.StaffAdd(as("ops"), StaffAddIn{Name: "Mia", Role: role}))
		s.s.config.Access = nil
		s.law(t, DefaultAccess()[role], allScopes)
	}
	must[StaffOut](s.house)(s.s.StaffAdd(as("ops"), StaffAddIn{Name: "Mia", Role: "rep"}))
	for _, content := range AccessContents {
		for _, scope := range AccessScopes {
			s.s.config.Access = Access{"rep": {SeeHeaders: ScopeAll, content: scope}}
			s.law(t, s.s.config.Access.Row("rep"), allScopes)
		}
	}
	// Whatever is written, who has no role sees nothing.
	must[StaffOut](s.house)(s.s.StaffAdd(as("ops"), StaffAddIn{Name: "Mia", Role: "none"}))
	s.s.config.Access = Access{"none": DefaultAccess()["manager"], "": DefaultAccess()["manager"]}
	s.refused(failure(s.s.Brief(s.ctx, BriefIn{Ref: "c1"})), state.Refused, "chat_no_role")
	s.law(t, DefaultAccess()["none"], allScopes)
}

// Whoever's a customer is and whatever the table says: nothing that is hidden is in any answer, and
// what is not hidden is.
func TestAccessLaw(t *testing.T) {
	t.Parallel()
	s := newSeen(t)
	drawn := rapid.Custom(func(r *rapid.T) drawnAccess {
		d := drawnAccess{table: map[string]string{}, role: rapid.SampledFrom(AccessRoles[:4]).Draw(r, "role")}
		for _, content := range AccessContents {
			d.table[content] = rapid.SampledFrom(AccessScopes).Draw(r, content)
		}
		d.scopes = rapid.SliceOfN(rapid.SampledFrom(allScopes), 4, 4).Draw(r, "owners")
		return d
	})
	for seed := range 12 { // each asks some sixty things
		d := drawn.Example(seed)
		s.own(d.scopes)
		must[StaffOut](s.house)(s.s.StaffAdd(as("ops"), StaffAddIn{Name: "Mia", Role: d.role}))
		s.s.config.Access = Access{d.role: d.table}
		s.law(t, d.table, d.scopes)
	}
}

// drawnAccess is a role, what it may see, and whose the customers are.
type drawnAccess struct {
	role   string
	table  map[string]string
	scopes []string
}

// Every call that a chat may make has its answers looked through.
func TestEveryAnswerForAChatIsVeiled(t *testing.T) {
	t.Parallel()
	s := newSeen(t)
	s.ok(s.store.View(context.Background(), func(tx state.Tx) error {
		e, err := s.s.eyes(newLookup(tx, s.now), inChat("slack:T1:U1"))
		s.ok(err)
		v := reflect.ValueOf(s.s.API())
		for i := range v.NumField() {
			if name := v.Type().Field(i).Name; chatCalls[name] {
				if known, _ := e.veil(reflect.New(v.Field(i).Type().Out(0)).Interface()); !known {
					t.Errorf("the answers of %s go to a chat as they are", name)
				}
			}
		}
		return nil
	}))
	row := DefaultAccess()
	for _, role := range AccessRoles {
		if len(row[role]) != len(AccessContents) {
			t.Errorf("%s: %v", role, row[role])
		}
	}
}

func TestWhatMayBeDoneInAChat(t *testing.T) {
	t.Parallel()
	s := newSeen(t)
	s.own(allScopes)
	role := func(r string) {
		must[StaffOut](s.house)(s.s.StaffAdd(as("ops"), StaffAddIn{Name: "Mia", Role: r}))
	}
	add := func(ref, by string) string {
		return must[PromiseOut](s.house)(s.s.PromiseAdd(as("ops"), PromiseAddIn{Ref: ref, Text: "x", By: by})).Promise.Number
	}
	own, mate, other := add("c1", "Mia"), add("c2", "Max"), add("c3", "Kim")
	done := func(p string) error {
		return failure(s.s.PromiseClose(s.ctx, PromiseCloseIn{Promise: p, State: "kept"}))
	}
	role("rep")
	s.ok(done(own))
	s.ok(done(mate))
	if args := s.refused(done(other), state.Refused, "chat_may_not"); args["name"] != "Kim" {
		t.Errorf("got %v", args)
	}
	s.refused(failure(s.s.PromiseMove(s.ctx, PromiseMoveIn{Promise: other, Due: "friday"})), state.Refused, "chat_may_not")
	s.refused(failure(s.s.PromiseAdd(s.ctx, PromiseAddIn{Ref: "c1", Text: "x", By: "Kim"})), state.Refused, "chat_may_not")
	s.refused(failure(s.s.PromiseAssign(s.ctx, PromiseAssignIn{Promise: other, Staff: "Mia"})), state.Refused, "chat_may_not")
	s.refused(failure(s.s.Assign(s.ctx, AssignIn{Ref: "c3", Staff: "Mia"})), state.Refused, "chat_may_not")
	s.refused(failure(s.s.Handover(s.ctx, HandoverIn{From: "Kim", To: "Mia"})), state.Refused, "chat_may_not")
	s.refused(failure(s.s.Handover(s.ctx, HandoverIn{From: "Kim", To: "Mia", Dry: true})), state.Refused, "chat_may_not")
	s.refused(failure(s.s.FollowupClose(s.ctx, FollowupCloseIn{Followup: "t1", State: "done"})), state.Refused, "chat_may_not")
	must[NoteOut](s.house)(s.s.Note(s.ctx, NoteIn{Ref: "c3", Text: "met at the fair"}))
	// A promise that somebody logs for themselves does not open what they may not see.
	must[PromiseOut](s.house)(s.s.PromiseAdd(s.ctx, PromiseAddIn{Ref: "c3", Text: "call back"}))
	s.law(t, DefaultAccess()["rep"], allScopes)
	if h := must[HistoryOut](s.house)(s.s.History(s.ctx, HistoryIn{Ref: "c3", Only: "note"})); h.Entries[0].Title != "met at the fair" || !h.Entries[1].Hidden || !slices.Equal(h.Withheld, []string{SeeBody, SeeMoney, SeeContact}) {
		t.Errorf("one's own words are one's own: %+v", h)
	}
	role("manager")
	s.ok(done(other))
	must[CustomerOut](s.house)(s.s.Assign(s.ctx, AssignIn{Ref: "c3", Staff: "Max"}))
	must[HandoverOut](s.house)(s.s.Handover(s.ctx, HandoverIn{From: "Kim", To: "Max"}))
	role("service")
	s.refused(failure(s.s.Assign(s.ctx, AssignIn{Ref: "c3", Staff: "Mia"})), state.Refused, "chat_may_not")
	// Of a customer of whom one may not know there is nothing to do either.
	s.s.config.Access = Access{"service": {SeeHeaders: ScopeOwn}}
	s.refused(failure(s.s.Note(s.ctx, NoteIn{Ref: "c2", Text: "x"})), state.NotFound, "no_customer")
	s.refused(failure(s.s.PromiseAdd(s.ctx, PromiseAddIn{Ref: "c2", Text: "x"})), state.NotFound, "no_customer")
	s.refused(failure(s.s.FollowupAdd(s.ctx, FollowupAddIn{Ref: "c2", Text: "x"})), state.NotFound, "no_customer")
	// At the terminal all is as it was.
	must[CustomerOut](s.house)(s.s.Assign(as("mia"), AssignIn{Ref: "c3", Staff: "Kim"}))
}
