package service

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/keptcrm/kept/state"
)

func scopes(lines []ConsentLine) []string {
	var out []string
	for _, l := range lines {
		out = append(out, l.Value+" "+l.Channel+" "+l.Purpose+" "+l.State)
	}
	return out
}

func TestOptoutOfCustomer(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.people()
	h.tell(person1("shop", "1", "email", "jana@example.org", "name", "Jana", "phone", "+49 451 901820"))
	out := must[OptoutOut](h)(h.s.OptoutAdd(as("ana"), OptoutAddIn{Ref: "jana", Words: "never again"}))
	want := []string{"jana@example.org email all opted_out", "+49451901820 phone all opted_out", "+49451901820 sms all opted_out"}
	if got := scopes(out.Lines); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if l := out.Lines[0]; l.By != "Ana Lima" || l.Words != "never again" || !l.Holds || out.Customer == nil || out.Customer.Number != "c1" {
		t.Errorf("got %+v of %+v", l, out.Customer)
	}
	// A channel of its own, and one that no address serves.
	out = must[OptoutOut](h)(h.s.OptoutAdd(as("ana"), OptoutAddIn{Ref: "jana", Channel: "post", Purpose: "marketing"}))
	if !slices.Contains(scopes(out.Lines), "jana@example.org post marketing opted_out") && !slices.Contains(scopes(out.Lines), "+49451901820 post marketing opted_out") {
		t.Errorf("got %q", scopes(out.Lines))
	}
}

func TestOptoutOfAddress(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	out := must[OptoutOut](h)(h.s.OptoutAdd(context.Background(), OptoutAddIn{Ref: "Nobody@Example.org"}))
	if got := scopes(out.Lines); out.Customer != nil || !slices.Equal(got, []string{"nobody@example.org email all opted_out"}) {
		t.Fatalf("got %q of %v", got, out.Customer)
	}
	// Whoever turns up with it is stopped.
	h.now = h.now.Add(time.Hour)
	h.tell(saying(person1("shop", "1", "email", "nobody@example.org", "name", "Some Body"), "email", "granted", "nobody@example.org", h.now))
	why := must[OptoutWhyOut](h)(h.s.OptoutWhy(context.Background(), OptoutWhyIn{Ref: "some body"}))
	if got := scopes(why.Holds); !slices.Contains(got, "nobody@example.org email marketing opted_out") {
		t.Errorf("holds %q", got)
	}
	if len(why.Said) != 2 || why.Said[0].State != "opted_out" || !why.Said[0].Holds || why.Said[1].State != "granted" || why.Said[1].Holds {
		t.Errorf("said %+v", why.Said)
	}
	if why.Said[1].Run != "r1" || why.Said[1].Connection != "shop" || why.Said[1].Field != "status" {
		t.Errorf("origin %+v", why.Said[1])
	}
}

func TestOptoutOfCustomerWithoutAddress(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.tell(person1("book", "1", "name", "Suharto", "address", "Jakarta"))
	must[OptoutOut](h)(h.s.OptoutAdd(context.Background(), OptoutAddIn{Ref: "suharto"}))
	h.now = h.now.Add(time.Hour)
	h.tell(person1("book", "1", "name", "Suharto", "email", "suharto@example.id"))
	why := must[OptoutWhyOut](h)(h.s.OptoutWhy(context.Background(), OptoutWhyIn{Ref: "suharto@example.id"}))
	if got := scopes(why.Holds); !slices.Equal(got, []string{"c1 all all opted_out"}) {
		t.Errorf("holds %q", got)
	}
	must[OptoutOut](h)(h.s.OptoutRemove(context.Background(), OptoutRemoveIn{Ref: "suharto", Reason: "he wrote"}))
	why = must[OptoutWhyOut](h)(h.s.OptoutWhy(context.Background(), OptoutWhyIn{Ref: "suharto"}))
	if why.Holds[0].State != "lifted" {
		t.Errorf("holds %+v", why.Holds)
	}
}

// On a clock that stands still, people's words hold in the order in which they were entered.
func TestOptoutOnStillClock(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	state1 := func(out OptoutOut, err error) string {
		h.ok(err)
		return out.Lines[0].State
	}
	for range 3 {
		if s := state1(h.s.OptoutAdd(context.Background(), OptoutAddIn{Ref: "a@example.org"})); s != "opted_out" {
			t.Fatalf("added: %s", s)
		}
		if s := state1(h.s.OptoutRemove(context.Background(), OptoutRemoveIn{Ref: "a@example.org", Reason: "asked"})); s != "lifted" {
			t.Fatalf("removed: %s", s)
		}
	}
	why := must[OptoutWhyOut](h)(h.s.OptoutWhy(context.Background(), OptoutWhyIn{Ref: "a@example.org"}))
	if len(why.Said) != 6 || why.Ref != "a@example.org" {
		t.Errorf("%d statements of %s", len(why.Said), why.Ref)
	}
}

func TestOptoutRemoveOneChannel(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.tell(person1("shop", "1", "email", "jana@example.org", "name", "Jana", "phone", "+49 451 901820"))
	must[OptoutOut](h)(h.s.OptoutAdd(context.Background(), OptoutAddIn{Ref: "jana"}))
	out := must[OptoutOut](h)(h.s.OptoutRemove(context.Background(), OptoutRemoveIn{Ref: "jana", Channel: "phone", Reason: "call me"}))
	got := scopes(out.Lines)
	for _, want := range []string{"jana@example.org email all opted_out", "+49451901820 sms all opted_out", "+49451901820 phone all lifted"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is not in %q", want, got)
		}
	}
	_, err := h.s.OptoutRemove(context.Background(), OptoutRemoveIn{Ref: "jana", Channel: "phone", Reason: "again"})
	h.refused(err, state.Invalid, "nothing_refused")
	_, err = h.s.OptoutRemove(context.Background(), OptoutRemoveIn{Ref: "jana"})
	h.refused(err, state.Invalid, "reason_missing")
}

func TestOptoutList(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	at := day0("2026-05-05")
	h.tell(
		saying(person1("news", "1", "email", "no@example.org", "name", "No One"), "email", "opted_out", "no@example.org", at),
		saying(person1("news", "2", "email", "dead@example.org", "name", "De Ad"), "email", "undeliverable", "dead@example.org", at),
		saying(person1("news", "3", "email", "box@example.org", "name", "Bo X"), "email", "withheld", "box@example.org", at),
		saying(person1("news", "4", "email", "yes@example.org", "name", "Ye S"), "email", "granted", "yes@example.org", at),
	)
	h.now = h.now.Add(time.Hour)
	must[OptoutOut](h)(h.s.OptoutAdd(context.Background(), OptoutAddIn{Ref: "later@example.org"}))
	must[OptoutOut](h)(h.s.OptoutRemove(context.Background(), OptoutRemoveIn{Ref: "dead@example.org", Reason: "new server"}))
	out := must[OptoutListOut](h)(h.s.OptoutList(context.Background(), OptoutListIn{}))
	if got := scopes(out.Lines); !slices.Equal(got, []string{"later@example.org email all opted_out", "no@example.org email marketing opted_out"}) || out.Withheld != 1 {
		t.Errorf("got %q, %d withheld", got, out.Withheld)
	}
	if c := out.Lines[1].Customer; c == nil || c.Name != "No One" || out.Lines[0].Customer != nil {
		t.Errorf("customers %v %v", out.Lines[0].Customer, c)
	}
	out = must[OptoutListOut](h)(h.s.OptoutList(context.Background(), OptoutListIn{All: true}))
	if len(out.Lines) != 3 || out.Withheld != 0 {
		t.Errorf("all: %q", scopes(out.Lines))
	}
}

func TestOptoutRefuses(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, c := range []struct {
		in    OptoutAddIn
		class state.Class
		code  string
	}{
		{OptoutAddIn{Ref: "a@example.org", Channel: "pigeon"}, state.Invalid, "unknown_channel"},
		{OptoutAddIn{Ref: "a@example.org", Purpose: "fun"}, state.Invalid, "unknown_purpose"},
		{OptoutAddIn{Ref: "a@example.org", Channel: "phone"}, state.Invalid, "no_address"},
		{OptoutAddIn{Ref: "a@@example"}, state.Invalid, "not_an_address"},
		{OptoutAddIn{Ref: "nobody"}, state.NotFound, "no_customer"},
		{OptoutAddIn{}, state.Invalid, "customer_missing"},
	} {
		_, err := h.s.OptoutAdd(context.Background(), c.in)
		h.refused(err, c.class, c.code)
	}
}
