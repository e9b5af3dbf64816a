package service

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/keptcrm/kept/state"
)

func TestCustomerShow(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.tell(saying(person1("shop", "1", "email", "jana@example.org", "name", "Jana Köhler", "phone", "0451 901820", "phone", "12", "address", "Lübeck", "custom.size", "38"),
		"email", "granted", "jana@example.org", day0("2026-01-01")))
	h.tell(person1("book", "b", "name", "J. Koehler"))
	must[MergeOut](h)(h.s.Merge(context.Background(), MergeIn{A: "c1", B: "c2"}))
	out := must[CustomerShowOut](h)(h.s.CustomerShow(context.Background(), CustomerShowIn{Ref: "c2"}))
	c := out.Customer
	if c.Number != "c1" || !slices.Equal(out.Numbers, []string{"c2"}) || len(c.Records) != 2 || c.Records[1].Connection != "book" || c.Records[1].Number != "k2" {
		t.Errorf("got %+v", out)
	}
	if got := c.Fields["address"]; len(got) != 1 || got[0] != "Am Markt 1, 23552 Lübeck, DE" {
		t.Errorf("address %q", got)
	}
	want := []Identifier{{Type: "email", Value: "jana@example.org", Connection: "shop"}, {Type: "phone", Value: "+49451901820", Connection: "shop"}, {Type: "phone", Value: "12", Connection: "shop"}}
	if len(c.Identifiers) < 3 || !slices.Equal(c.Identifiers[:3], want) {
		t.Errorf("identifiers %+v", c.Identifiers)
	}
	if len(out.Consents) != 1 || out.Consents[0].State != "granted" || !out.Consents[0].Holds {
		t.Errorf("consents %+v", out.Consents)
	}
	// The fields that other programs read are there, under their names, and never null.
	b, err := json.Marshal(c)
	h.ok(err)
	var fields map[string]any
	h.ok(json.Unmarshal(b, &fields))
	for _, name := range []string{"id", "number", "name", "kind", "stage", "identifiers", "owner", "tags", "fields", "records"} {
		if v, ok := fields[name]; !ok || v == nil {
			t.Errorf("%s is %v", name, v)
		}
	}
}

func TestCustomerList(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.people()
	var told []Told
	for i := range 603 {
		told = append(told, person1("shop", fmt.Sprint(i), "name", fmt.Sprintf("Person %d", i), "custom.batch", fmt.Sprint(i%2)))
	}
	h.tell(told...)
	must[MergeOut](h)(h.s.Merge(context.Background(), MergeIn{A: "c5", B: "c6"}))
	all := func(in CustomerListIn) (numbers []string, pages int) {
		for {
			out := must[CustomerListOut](h)(h.s.CustomerList(context.Background(), in))
			for _, c := range out.Customers {
				numbers = append(numbers, c.Number)
			}
			pages++
			if in.After = out.Next; in.After == "" {
				return numbers, pages
			}
		}
	}
	numbers, pages := all(CustomerListIn{})
	if len(numbers) != 602 || pages != 2 || slices.Contains(numbers, "c6") || len(slices.Compact(slices.Clone(numbers))) != 602 {
		t.Errorf("%d customers on %d pages", len(numbers), pages)
	}
	must[CustomerOut](h)(h.s.CustomerTag(context.Background(), CustomerTagIn{Ref: "c9", Add: []string{"VIP"}}))
	must[CustomerOut](h)(h.s.CustomerTag(context.Background(), CustomerTagIn{Ref: "c3", Add: []string{"vip"}}))
	h.set("c3", "owner", "tom", "grade", "A", "kind", "organisation")
	for _, c := range []struct {
		in   CustomerListIn
		want []string
	}{
		{CustomerListIn{Tag: "Vip"}, []string{"c3", "c9"}}, {CustomerListIn{Tag: "vip", Limit: 1}, []string{"c3", "c9"}}, {CustomerListIn{Tag: "none"}, nil},
		{CustomerListIn{Owner: "tom"}, []string{"c3"}}, {CustomerListIn{Grade: "a"}, []string{"c3"}}, {CustomerListIn{Kind: "organisation"}, []string{"c3"}},
		{CustomerListIn{Owner: "tom", Tag: "vip", Field: "Batch=0"}, []string{"c3"}}, {CustomerListIn{Tag: "vip", Field: "custom.batch=1"}, nil},
		{CustomerListIn{Tag: "vip", Stage: "customer"}, nil}, {CustomerListIn{After: "c602"}, []string{"c603"}},
	} {
		if got, _ := all(c.in); !slices.Equal(got, c.want) {
			t.Errorf("%+v lists %v, want %v", c.in, got, c.want)
		}
	}
	_, err := h.s.CustomerList(context.Background(), CustomerListIn{Field: "batch"})
	h.refused(err, state.Invalid, "field_filter")
	_, err = h.s.CustomerList(context.Background(), CustomerListIn{After: "12"})
	h.refused(err, state.Invalid, "not_a_number")
}

func TestRunList(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for i := range 60 {
		h.now = h.now.Add(time.Minute)
		h.tell(person1("shop", fmt.Sprint(i), "name", fmt.Sprintf("Person%d", i)))
	}
	out := must[RunListOut](h)(h.s.RunList(context.Background(), RunListIn{}))
	if len(out.Runs) != 50 || out.Runs[0].Number != "r60" || out.Runs[0].Counts.New != 1 || out.Runs[0].Actor != "ops" {
		t.Errorf("%d runs, first %+v", len(out.Runs), out.Runs[0])
	}
	if out := must[RunListOut](h)(h.s.RunList(context.Background(), RunListIn{Kind: "sync"})); len(out.Runs) != 0 {
		t.Errorf("syncs %+v", out.Runs)
	}
}

func TestValueText(t *testing.T) {
	t.Parallel()
	if got := valueText(state.Value{Text: "as told", Parts: map[string]string{"unknown": "x"}}); got != "as told" {
		t.Errorf("got %q", got)
	}
	if got := valueText(state.Value{Parts: map[string]string{"country": "CN", "city": "上海", "street": "南京路 1\n2"}}); got != "南京路 1 2, 上海, CN" {
		t.Errorf("got %q", got)
	}
}
