package service

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

func said(address, what string, noted int, more ...func(*state.Consent)) state.Consent {
	c := state.Consent{Identifier: identity.EmailIdentifier(address), Channel: "email", Purpose: "marketing", State: what,
		Noted: day0("2026-01-01").Add(time.Duration(noted) * time.Hour), Source: "k1", Run: 1, Connection: "news"}
	for _, m := range more {
		m(&c)
	}
	return c
}

func hand(c *state.Consent)                  { c.Source, c.Run, c.Connection, c.By = "c1", 0, "", "s1" }
func on(channel string) func(*state.Consent) { return func(c *state.Consent) { c.Channel = channel } }
func forAll(c *state.Consent)                { c.Purpose = state.AllPurposes }

func TestHolds(t *testing.T) {
	t.Parallel()
	const a, b = "a@example.org", "b@example.org"
	for _, c := range []struct {
		name             string
		said             []state.Consent
		channel, purpose string
		want             string
	}{
		{"nothing", nil, "email", "marketing", ""},
		{"granted", []state.Consent{said(a, "granted", 1)}, "email", "marketing", "granted"},
		{"a later yes of a connection lifts no", []state.Consent{said(a, "opted_out", 1), said(a, "granted", 2)}, "email", "marketing", "opted_out"},
		{"nor a box never ticked", []state.Consent{said(a, "withheld", 1), said(a, "granted", 2)}, "email", "marketing", "withheld"},
		{"nor a bounce", []state.Consent{said(a, "undeliverable", 1), said(a, "granted", 2)}, "email", "marketing", "undeliverable"},
		{"the strictest holds", []state.Consent{said(a, "opted_out", 1), said(a, "undeliverable", 2), said(a, "withheld", 3)}, "email", "marketing", "opted_out"},
		{"a person lifts", []state.Consent{said(a, "opted_out", 1), said(a, "lifted", 2, hand)}, "email", "marketing", "lifted"},
		{"what was granted shows again", []state.Consent{said(a, "granted", 0), said(a, "opted_out", 1), said(a, "lifted", 2, hand)}, "email", "marketing", "granted"},
		{"lifted before is not lifted", []state.Consent{said(a, "opted_out", 2), said(a, "lifted", 1, hand)}, "email", "marketing", "opted_out"},
		{"at the same moment is not after", []state.Consent{said(a, "opted_out", 1), said(a, "lifted", 1, hand)}, "email", "marketing", "opted_out"},
		{"a connection cannot lift", []state.Consent{said(a, "opted_out", 1), said(a, "lifted", 2)}, "email", "marketing", "opted_out"},
		{"lifting at one address leaves the other", []state.Consent{said(a, "opted_out", 1), said(b, "opted_out", 1), said(a, "lifted", 2, hand)}, "email", "marketing", "opted_out"},
		{"another address counts", []state.Consent{said(a, "opted_out", 1), said(b, "granted", 2)}, "email", "marketing", "opted_out"},
		{"another channel does not", []state.Consent{said(a, "opted_out", 1)}, "phone", "marketing", ""},
		{"all channels do", []state.Consent{said(a, "opted_out", 1, on("all"))}, "phone", "marketing", "opted_out"},
		{"another purpose does not", []state.Consent{said(a, "opted_out", 1)}, "email", "sales", ""},
		{"all purposes do", []state.Consent{said(a, "opted_out", 1, forAll)}, "email", "sales", "opted_out"},
		{"everything asks each", []state.Consent{said(a, "opted_out", 1)}, "all", "all", "opted_out"},
		{"lifting one purpose leaves the rest", []state.Consent{said(a, "opted_out", 1, forAll), said(a, "lifted", 2, hand)}, "email", "all", "opted_out"},
		{"and frees that one", []state.Consent{said(a, "opted_out", 1, forAll), said(a, "lifted", 2, hand)}, "email", "marketing", "lifted"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := ""
			if h := holds(c.said, c.channel, c.purpose); h != nil {
				got = h.State
			}
			if got != c.want {
				t.Errorf("%s holds, want %s", got, c.want)
			}
			if refuses := c.want == "opted_out" || c.want == "undeliverable" || c.want == "withheld"; contactable(c.said, c.channel, c.purpose) == refuses {
				t.Errorf("contactable is %v", !refuses)
			}
		})
	}
}

// No sequence of later words of connections, joining of people and further imports makes somebody
// contactable who was not; only a person's word about that very address does.
func TestNobodyBecomesContactable(t *testing.T) {
	t.Parallel()
	states := []string{"granted", "withheld", "undeliverable", "opted_out", "lifted"}
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string, from []string) string { return rapid.SampledFrom(from).Draw(t, label) }
		var sets [4][]state.Consent // of what is said about four people
		noted := 0
		var refusedAt [4]map[scope]bool
		for i := range refusedAt {
			refusedAt[i] = map[scope]bool{}
		}
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			noted++
			i := rapid.IntRange(0, len(sets)-1).Draw(t, "who")
			if rapid.IntRange(0, 3).Draw(t, "merge") == 0 {
				j := rapid.IntRange(0, len(sets)-1).Draw(t, "with")
				sets[i] = append(slices.Clone(sets[i]), sets[j]...)
				sets[j] = slices.Clone(sets[i])
				maps.Copy(refusedAt[i], refusedAt[j])
				refusedAt[j] = maps.Clone(refusedAt[i])
			} else {
				c := said(draw("address", []string{"a@x.example", "b@x.example", "c@x.example"}), draw("state", states), noted,
					on(draw("channel", []string{"email", "sms", "all"})))
				c.Purpose = draw("purpose", []string{"marketing", "sales", "all"})
				sets[i] = append(sets[i], c) // all of them told by a connection: its "lifted" lifts nothing
			}
			for k := range sets {
				for _, channel := range []string{"email", "sms", "phone"} {
					for _, purpose := range []string{"marketing", "sales"} {
						if !contactable(sets[k], channel, purpose) {
							refusedAt[k][scope{channel, purpose}] = true
						}
					}
				}
				for r := range refusedAt[k] {
					if contactable(sets[k], r.channel, r.purpose) {
						t.Fatalf("%v was refused and is open after %+v", r, sets[k])
					}
				}
			}
		}
	})
}

type scope struct{ channel, purpose string }

// The same through the whole service: imports, merges and edits of people never open what was
// refused.
func TestRefusalOutlivesEverything(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.tell(saying(person1("news", "1", "email", "jana@example.org", "name", "Jana Köhler"), "email", "opted_out", "jana@example.org", day0("2026-02-02")))
	refused := func(ref string) bool {
		t.Helper()
		out := must[OptoutWhyOut](h)(h.s.OptoutWhy(context.Background(), OptoutWhyIn{Ref: ref}))
		for _, l := range out.Holds {
			if l.Channel == "email" && l.State == "opted_out" {
				return true
			}
		}
		return false
	}
	h.now = h.now.Add(time.Hour)
	h.tell(saying(person1("shop", "7", "email", "jana@example.org", "name", "Jana Köhler"), "email", "granted", "jana@example.org", h.now))
	h.tell(saying(person1("news", "1", "email", "jana@new.example", "name", "Jana Köhler"), "email", "granted", "jana@new.example", h.now))
	h.tell(person1("book", "x", "name", "Jana K.", "phone", "+49 451 901820"))
	must[MergeOut](h)(h.s.Merge(context.Background(), MergeIn{A: h.ref("+49451901820"), B: h.ref("jana@example.org")}))
	for _, ref := range []string{"jana@example.org", "+49451901820", "jana k."} {
		if !refused(ref) {
			t.Errorf("%s is contactable", ref)
		}
	}
	must[OptoutOut](h)(h.s.OptoutRemove(as("ana"), OptoutRemoveIn{Ref: "jana k.", Reason: "she asked for the newsletter at the fair"}))
	if refused("jana k.") {
		t.Error("her own word does not count")
	}
	h.now = h.now.Add(time.Hour)
	h.tell(saying(person1("news", "1", "email", "jana@example.org", "name", "Jana Köhler"), "email", "opted_out", "jana@example.org", h.now))
	if !refused("jana k.") {
		t.Error("a new no does not count")
	}
}
