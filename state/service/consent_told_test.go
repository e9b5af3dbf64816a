package service

import (
	"testing"

	"github.com/keptcrm/kept/state"
)

// A person's "lifted" ends what was said before it; the same words again are no new refusal, and
// words that changed in between are.
func TestRefusalsAfterALift(t *testing.T) {
	t.Parallel()
	jana := contact{conn: "shop", id: "1", email: "jana@x.example", given: "Jana", family: "Köhler"}
	say := func(w *world, said, phone string) {
		c := jana
		c.said, c.phone = said, phone
		w.tell("shop", c)
	}
	refuses := func(w *world) bool {
		addresses, _ := w.refused()
		return addresses["jana@x.example"]
	}
	w := newWorld(t, t)
	say(w, state.ConsentWithheld, "")
	if !refuses(w) {
		t.Fatal("a box that was not ticked is no yes")
	}
	say(w, state.ConsentGranted, "")
	if !refuses(w) {
		t.Fatal("what a connection tells later does not lift a no")
	}
	_, err := w.s.OptoutRemove(w.tick(), OptoutRemoveIn{Ref: "jana@x.example", Reason: "she asked for it"})
	w.must(err)
	if refuses(w) {
		t.Fatal("a person lifted it")
	}
	say(w, state.ConsentGranted, "+49 451 901820")
	if refuses(w) {
		t.Fatal("the same yes again changes nothing")
	}
	say(w, state.ConsentWithheld, "+49 451 901820")
	if !refuses(w) {
		t.Fatal("no, after a yes, is a new no")
	}
	_, err = w.s.OptoutRemove(w.tick(), OptoutRemoveIn{Ref: "jana@x.example", Reason: "again"})
	w.must(err)
	say(w, state.ConsentWithheld, "+49 451 901821")
	if refuses(w) {
		t.Fatal("the same no again is no new one, whatever else changed in the record")
	}
}

// What was said of one purpose is not shown as said of all.
func TestScopeIsNotWidened(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t)
	w.tell("shop", contact{conn: "shop", id: "1", email: "jana@x.example", phone: "+49 451 901820", given: "Jana", said: state.ConsentOptedOut})
	_, err := w.s.OptoutAdd(w.tick(), OptoutAddIn{Ref: "jana@x.example", Channel: "email", Purpose: "sales"})
	w.must(err)
	out, err := w.s.OptoutWhy(w.tick(), OptoutWhyIn{Ref: "jana@x.example"})
	w.must(err)
	for _, l := range out.Holds {
		if l.Purpose == state.AllPurposes || l.Channel == state.AllChannels {
			t.Errorf("said of e-mail and marketing, shown as %s %s %s", l.Channel, l.Purpose, l.State)
		}
	}
}
