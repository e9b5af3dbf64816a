package service

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/state"
)

func (h *house) set(ref string, pairs ...string) Customer {
	h.t.Helper()
	set := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		set[pairs[i]] = pairs[i+1]
	}
	return must[CustomerOut](h)(h.s.CustomerEdit(as("ana"), CustomerEditIn{Ref: ref, Set: set})).Customer
}

func TestCustomerEdit(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.people()
	h.tell(person1("shop", "1", "email", "jana@example.org", "name", "jana koehler", "title", "director"))
	c := h.set("c1", "name", "Jana Köhler", "stage", "PARTNER", "grade", "a", "owner", "tom", "birthday", "1980-05-06",
		"email", "Jana@Second.example", "phone", "0451 901820", "Shoe size", "38", "title", "boss")
	if c.Name != "Jana Köhler" || c.Stage != "partner" || c.Grade != "A" || c.Owner != "Tom Ford" {
		t.Errorf("got %+v", c)
	}
	for field, want := range map[string]string{"birthday": "1980-05-06", "custom.Shoe size": "38", "title": "boss"} {
		if got := c.Fields[field]; len(got) != 1 || got[0] != want {
			t.Errorf("%s is %q, want %s", field, got, want)
		}
	}
	if h.ref("jana@second.example") != "c1" || h.ref("jana@example.org") != "c1" || h.ref("+49451901820") != "c1" {
		t.Error("an address set by hand does not find")
	}
	show := must[CustomerShowOut](h)(h.s.CustomerShow(context.Background(), CustomerShowIn{Ref: "c1"}))
	for _, b := range show.Believed {
		if b.Field == "title" && (!b.ByHand || b.From != "Ana Lima") || b.Field == "email" && !slices.Contains(b.Values, "jana@example.org") {
			t.Errorf("believed %+v", b)
		}
	}
	// What was set by hand is taken back, and the records are believed again.
	c = h.set("c1", "name", "", "stage", "", "title", "", "owner", "", "shoe size", "", "Shoe size", "", "email", "")
	if c.Name != "jana koehler" || c.Stage != "prospect" || c.Owner != "" || !slices.Equal(c.Fields["title"], []string{"director"}) || c.Fields["custom.Shoe size"] != nil {
		t.Errorf("taken back: %+v", c)
	}
	_, _, err := h.resolve("jana@second.example")
	h.refused(err, state.NotFound, "no_customer")
}

func TestCustomerEditRefuses(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.people()
	h.tell(person1("shop", "1", "name", "Jana"))
	must[StaffOut](h)(h.s.StaffLeave(context.Background(), StaffLeaveIn{Ref: "wei"}))
	for _, c := range []struct {
		field, value string
		class        state.Class
		code         string
	}{
		{"kind", "robot", state.Invalid, "bad_value"}, {"stage", "x", state.Invalid, "bad_value"}, {"grade", "D", state.Invalid, "bad_value"},
		{"owner", "nobody", state.NotFound, "no_staff"}, {"owner", "wei", state.Invalid, "staff_left"}, {"birthday", "soon", state.Invalid, "bad_date"},
		{"zone", "Mars/Base", state.Invalid, "unknown_zone"}, {"zone", "Local", state.Invalid, "unknown_zone"},
		{"email", "a@@b", state.Invalid, "not_an_address"}, {"phone", "none", state.Invalid, "not_a_phone"}, {" ", "x", state.Invalid, "bad_field"},
		{"note", strings.Repeat("长", maxValue+1), state.Invalid, "value_too_long"},
	} {
		_, err := h.s.CustomerEdit(context.Background(), CustomerEditIn{Ref: "c1", Set: map[string]string{"grade": "B", c.field: c.value}})
		h.refused(err, c.class, c.code)
	}
	if g := h.customer("c1").Grade; g != "" {
		t.Errorf("grade %q was set by an edit that was refused", g)
	}
	_, err := h.s.CustomerEdit(context.Background(), CustomerEditIn{Ref: "c1"})
	h.refused(err, state.Invalid, "nothing_to_set")
}

// What is set on the survivor goes to the survivor's half, the last word first, also on a clock
// that stands still.
func TestEditOfMerged(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.people()
	h.tell(person1("shop", "1", "name", "Jon Smith"), person1("book", "2", "name", "Jon Smyth"))
	h.set("c2", "owner", "tom", "grade", "B", "email", "jon@second.example")
	must[MergeOut](h)(h.s.Merge(context.Background(), MergeIn{A: "c1", B: "c2"}))
	if c := h.set("c1", "grade", "A"); c.Grade != "A" || c.Owner != "Tom Ford" {
		t.Errorf("merged: %+v", c)
	}
	if c := h.set("c1", "owner", ""); c.Owner != "" {
		t.Errorf("the owner that the other half had is still %q", c.Owner)
	}
	if c := h.set("c1", "email", ""); c.Fields["email"] != nil || len(c.Identifiers) != 2 {
		t.Errorf("what the other half had is still there: %+v", c)
	}
	must[UnmergeOut](h)(h.s.Unmerge(context.Background(), UnmergeIn{Ref: "c1"}))
	if h.ref("jon@second.example") != "c2" {
		t.Error("the other half lost what was set on it")
	}
	if a, b := h.customer("c1"), h.customer("c2"); a.Grade != "A" || a.Owner != "" || b.Grade != "B" || b.Owner != "s3" {
		t.Errorf("halves: %q %q, %q %q", a.Grade, a.Owner, b.Grade, b.Owner)
	}
}

func TestCustomerTag(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.tell(person1("shop", "1", "name", "Jana", "tag", "Wholesale"))
	tag := func(add, remove []string) []string {
		t.Helper()
		return must[CustomerOut](h)(h.s.CustomerTag(context.Background(), CustomerTagIn{Ref: "jana", Add: add, Remove: remove})).Customer.Tags
	}
	if got := tag([]string{" VIP ", "老客户", "vip"}, nil); !slices.Equal(got, []string{"vip", "wholesale", "老客户"}) {
		t.Errorf("got %q", got)
	}
	if got := tag(nil, []string{"WHOLESALE"}); !slices.Equal(got, []string{"vip", "老客户"}) {
		t.Errorf("got %q", got)
	}
	h.now = h.now.Add(time.Hour)
	h.tell(person1("shop", "1", "name", "Jana K", "tag", "Wholesale"))
	if got := h.customer("c1").Tags; slices.Contains(got, "wholesale") {
		t.Errorf("a tag that was taken away is back: %q", got)
	}
	if got := tag([]string{"wholesale"}, []string{"vip"}); !slices.Equal(got, []string{"wholesale", "老客户"}) {
		t.Errorf("got %q", got)
	}
	if l := must[CustomerListOut](h)(h.s.CustomerList(context.Background(), CustomerListIn{Tag: "Wholesale"})); len(l.Customers) != 1 {
		t.Errorf("listed %d", len(l.Customers))
	}
	_, err := h.s.CustomerTag(context.Background(), CustomerTagIn{Ref: "jana", Remove: []string{"vip"}})
	h.refused(err, state.Invalid, "no_such_tag")
	_, err = h.s.CustomerTag(context.Background(), CustomerTagIn{Ref: "jana", Add: []string{"a\x07b"}})
	h.refused(err, state.Invalid, "bad_value")
	_, err = h.s.CustomerTag(context.Background(), CustomerTagIn{Ref: "jana"})
	h.refused(err, state.Invalid, "tag_missing")
}

func TestRelate(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.tell(person1("shop", "1", "name", "Jana Köhler", "company", "Sternwarte Lübeck e.V."), person1("shop", "2", "name", "Bo Ek"),
		person1("shop", "3", "name", "Cy Lo", "company", "Nordlicht Optik GmbH"))
	lines := func(out RelateOut) (s []string) {
		for _, r := range out.Relations {
			s = append(s, strings.TrimSpace(r.Kind+" "+r.Customer.Name+" "+r.Role+" "+r.Since))
		}
		return s
	}
	relate := func(in RelateIn) []string {
		t.Helper()
		return lines(must[RelateOut](h)(h.s.Relate(context.Background(), in)))
	}
	sameLines(t, relate(RelateIn{Ref: "bo", To: "sternwarte", Kind: "works-for", Role: "treasurer", Since: "2025-03"}), "works_for Sternwarte Lübeck e.V. treasurer 2025-03")
	sameLines(t, relate(RelateIn{Ref: "bo", To: "sternwarte", Kind: "works_for", Role: "chair"}), "works_for Sternwarte Lübeck e.V. chair 2025-03")
	sameLines(t, relate(RelateIn{Ref: "bo", To: "jana", Kind: "household"}), "works_for Sternwarte Lübeck e.V. chair 2025-03", "household Jana Köhler")
	sameLines(t, relate(RelateIn{Ref: "jana", To: "bo", Kind: "household"}), "household Bo Ek", "works_for Sternwarte Lübeck e.V.")
	sameLines(t, relate(RelateIn{Ref: "nordlicht", To: "sternwarte", Kind: "parent_of"}), "parent_of Sternwarte Lübeck e.V.")
	// Denied: what people said goes, what records tell does not hold.
	sameLines(t, relate(RelateIn{Ref: "bo", To: "sternwarte", Kind: "works_for", Remove: true}), "household Jana Köhler")
	sameLines(t, relate(RelateIn{Ref: "jana", To: "sternwarte", Kind: "works_for", Remove: true}), "household Bo Ek")
	sameLines(t, relate(RelateIn{Ref: "jana", To: "sternwarte", Kind: "works_for", Role: "after all"}), "household Bo Ek", "works_for Sternwarte Lübeck e.V. after all")

	for _, c := range []struct {
		in   RelateIn
		code string
	}{
		{RelateIn{Ref: "bo", To: "bo", Kind: "household"}, "same_customer"}, {RelateIn{Ref: "bo", To: "jana", Kind: "works_for"}, "not_an_organisation"},
		{RelateIn{Ref: "bo", To: "sternwarte", Kind: "household"}, "household_of_persons"}, {RelateIn{Ref: "bo", To: "sternwarte", Kind: "parent_of"}, "parent_of_organisation"},
		{RelateIn{Ref: "bo", To: "sternwarte", Kind: "likes"}, "bad_value"}, {RelateIn{Ref: "bo", To: "sternwarte", Kind: "works_for", Since: "once"}, "bad_date"},
		{RelateIn{Ref: "bo", To: "sternwarte", Kind: "works_for", Since: "2026", Until: "2025-12"}, "until_before_from"},
		{RelateIn{Ref: "bo", To: "nordlicht", Kind: "works_for", Remove: true}, "no_relation"},
	} {
		_, err := h.s.Relate(context.Background(), c.in)
		h.refused(err, state.Invalid, c.code)
	}
}
