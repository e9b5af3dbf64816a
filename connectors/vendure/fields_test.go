package vendure

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/keptcrm/kept/connectors"
)

type readCloser = io.ReadCloser

func reader(b []byte) io.ReadCloser { return io.NopCloser(bytes.NewReader(b)) }

func readAll(r *http.Request) []byte {
	if r.Body == nil {
		return nil
	}
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return nil
	}
	return b
}

// fieldCases are about what stands where.
var fieldCases = []ownCase{
	{"the phone of a customer and of addresses", func(tb testing.TB, w *world) {
		id := w.put(person(1))
		x := w.customer(id)
		x.addresses[0].members["phoneNumber"] = "+86 (139) 12345678"
		x.addresses = append(x.addresses, &fakeAddress{id: 900, members: map[string]string{"streetLine1": "Hof 2", "countryCode": "DE", "phoneNumber": "+49 999"}})
		c := w.open()
		told, _ := w.pull(c, connectors.Contact, "")
		if r := told[id]; first(r, connectors.FieldPhone) != x.phone || first(r, furtherPhone) != "+49 999" {
			tb.Errorf("told %+v", r.Fields)
		}
		r := w.push(c, changing(told[id], connectors.FieldPhone, say("+86 1")))
		if x.phone != "+86 1" || x.addresses[0].members["phoneNumber"] != "+86 1" || x.addresses[1].members["phoneNumber"] != "+49 999" || first(r, connectors.FieldPhone) != "+86 1" {
			tb.Errorf("written: %q %q %q", x.phone, x.addresses[0].members["phoneNumber"], x.addresses[1].members["phoneNumber"])
		}
		x.phone = ""
		x.addresses[0].members["phoneNumber"] = "+49 431 1" // as of a guest
		told, _ = w.pull(c, connectors.Contact, "")
		if got := first(told[id], connectors.FieldPhone); got != "+49 431 1" {
			tb.Errorf("a guest's phone is %q", got)
		}
	}},
	{"the company stands on an address", func(tb testing.TB, w *world) {
		id := w.put(person(1))
		bare := w.put(set(set(person(2), connectors.FieldAddress), connectors.FieldCompany))
		c := w.open()
		told, _ := w.pull(c, connectors.Contact, "")
		r := w.push(c, changing(told[id], connectors.FieldCompany, say("Neu GmbH")))
		if got := w.customer(id).addresses[0].members["company"]; got != "Neu GmbH" || first(r, connectors.FieldCompany) != got {
			tb.Errorf("the company is %q", got)
		}
		_, err := c.(connectors.Pusher).Push(context.Background(), changing(told[bare], connectors.FieldCompany, say("Neu GmbH")))
		w.fails("a company without an address", err, connectors.Invalid, "add an address first")
		in := changing(set(told[bare], connectors.FieldGiven, say("Ana")), connectors.FieldCompany, say("Neu GmbH"))
		in.Changed = append(in.Changed, connectors.FieldGiven)
		r = w.push(c, in)
		if first(r, connectors.FieldGiven) != "Ana" || first(r, connectors.FieldCompany) != "" || len(w.said) != 1 || !strings.Contains(w.said[0], "company") {
			tb.Errorf("the rest was to be written, and the company told of: %+v, %q", r.Fields, w.said)
		}
		// an address that goes away leaves its company to another
		moved := w.push(c, changing(reading(w, c, id), connectors.FieldAddress, at(billing, "Weg 9", "Kiel", "DE")))
		if first(moved, connectors.FieldCompany) != "Neu GmbH" {
			tb.Errorf("the company went with the address: %+v", moved.Fields)
		}
	}},
	{"addresses are changed in their places", func(tb testing.TB, w *world) {
		r := set(person(1), connectors.FieldAddress, at(billing, "Weg 1", "Lübeck", "DE"), at(shipping, "Rua 2", "Porto", "PT"), at("", "路 3", "上海", "CN"))
		id := w.put(r)
		x := w.customer(id)
		x.addresses[1].members["fullName"] = "Pförtner"
		ids := []int{x.addresses[0].id, x.addresses[1].id}
		c := w.open()
		now := reading(w, c, id)
		want := []connectors.Value{at(billing, "Weg 1", "Lübeck", "DE"), at(shipping, "Rua 5", "Porto", "PT")}
		got := w.push(c, changing(now, connectors.FieldAddress, want...))
		if !slices.EqualFunc(values(got, connectors.FieldAddress), want, func(a, b connectors.Value) bool { return a.Text == b.Text && a.Label == b.Label }) {
			tb.Errorf("the addresses are %+v", values(got, connectors.FieldAddress))
		}
		if len(x.addresses) != 2 || x.addresses[0].id != ids[0] || x.addresses[1].id != ids[1] || x.addresses[1].members["fullName"] != "Pförtner" {
			tb.Errorf("addresses were made anew instead of changed")
		}
		// the other becomes the billing address
		want = []connectors.Value{at(billing, "Rua 5", "Porto", "PT"), at("", "Weg 1", "Lübeck", "DE")}
		got = w.push(c, changing(got, connectors.FieldAddress, want...))
		if v := values(got, connectors.FieldAddress); len(v) != 2 || v[0].Parts[connectors.PartCity] != "Porto" || v[0].Label != billing || v[1].Label == billing {
			tb.Errorf("the addresses are %+v", v)
		}
		if got = w.push(c, changing(got, connectors.FieldAddress)); len(values(got, connectors.FieldAddress)) > 0 || len(x.addresses) > 0 {
			tb.Errorf("the addresses were not removed: %+v", values(got, connectors.FieldAddress))
		}
	}},
	{"the country of an address", func(tb testing.TB, w *world) {
		c := w.open()
		place := func(country string) connectors.Value {
			v := at(billing, "Weg 1", "Graz", "XX")
			v.Parts[connectors.PartCountry] = country
			if country == "" {
				delete(v.Parts, connectors.PartCountry)
			}
			return v
		}
		r := w.push(c, creating(set(person(1), connectors.FieldAddress, place("austria"))))
		if got := values(r, connectors.FieldAddress)[0].Parts[connectors.PartCountry]; got != "AT" {
			tb.Errorf("austria became %q", got)
		}
		r = w.push(c, creating(set(person(4), connectors.FieldAddress, place("Österreich"))))
		if got := values(r, connectors.FieldAddress)[0].Parts[connectors.PartCountry]; got != "AT" || slices.Contains(w.sent, "Countries") {
			tb.Errorf("Österreich became %q, asked with %v", got, w.sent)
		}
		r = w.push(c, creating(set(set(person(2), connectors.FieldAddress, place("Atlantis")), connectors.FieldCompany)))
		if len(values(r, connectors.FieldAddress)) > 0 || len(w.said) != 1 || !strings.Contains(w.said[0], "Atlantis") {
			tb.Errorf("told %q of %+v", w.said, r.Fields)
		}
		_, err := c.(connectors.Pusher).Push(context.Background(), changing(r, connectors.FieldAddress, place("Atlantis")))
		w.fails("a country that the shop does not know", err, connectors.Invalid, "Settings > Countries")
		_, err = c.(connectors.Pusher).Push(context.Background(), changing(r, connectors.FieldAddress, place("")))
		w.fails("no country", err, connectors.Invalid, "option country")
		r = w.push(w.open("country", "pt"), changing(r, connectors.FieldAddress, place("")))
		if got := values(r, connectors.FieldAddress)[0].Parts[connectors.PartCountry]; got != "PT" {
			tb.Errorf("the country is %q", got)
		}
		_, err = c.(connectors.Pusher).Push(context.Background(), changing(r, connectors.FieldAddress, place("XK")))
		w.fails("a code that the shop does not know", err, connectors.Invalid, "not recognized")
	}},
	{"what was changed there since", func(tb testing.TB, w *world) {
		id := w.put(person(1))
		c := w.open()
		now := reading(w, c, id)
		w.customer(id).addresses[0].members["city"] = "Kiel" // moves no time
		_, err := c.(connectors.Pusher).Push(context.Background(), changing(now, connectors.FieldGiven, say("x")))
		w.fails("Push", err, connectors.Conflict, "changed at the shop")
		w.fails("Delete", c.(connectors.Deleter).Delete(context.Background(), change(now)), connectors.Conflict, "changed at the shop")
		w.customer(id).gone = true
		_, err = c.(connectors.Pusher).Push(context.Background(), changing(now, connectors.FieldGiven, say("x")))
		w.fails("Push of what is deleted", err, connectors.NotFound, "deleted")
	}},
	{"an update that is there", func(tb testing.TB, w *world) {
		id := w.put(person(1))
		c := w.open()
		in := changing(reading(w, c, id), connectors.FieldFamily, say("Neu"))
		find := func() bool {
			_, there, err := c.(connectors.Finder).Find(context.Background(), in)
			if err != nil {
				tb.Errorf("Find: %v", err)
			}
			return there
		}
		if find() {
			tb.Errorf("an update that was not made was found")
		}
		w.push(c, in)
		if !find() {
			tb.Errorf("an update that was made was not found")
		}
		w.sent = nil
		if r := w.push(c, in); first(r, connectors.FieldFamily) != "Neu" || slices.Contains(w.sent, "Update") {
			tb.Errorf("the same update again: %+v, sent %v", r.Fields, w.sent)
		}
		for _, kind := range []connectors.Kind{connectors.Order, connectors.MessageKind} {
			_, err := c.(connectors.Pusher).Push(context.Background(), connectors.Intent{Record: connectors.Record{Kind: kind, ID: "1"}})
			w.fails("Push of another kind", err, connectors.Invalid, "only reads")
		}
		_, err := c.(connectors.Puller).Pull(context.Background(), connectors.MessageKind, "")
		w.fails("Pull of another kind", err, connectors.Invalid, "customers and orders")
		for _, bad := range []connectors.Cursor{"x", "{}", `{"k":-1}`, `[1]`} {
			_, err := c.(connectors.Puller).Pull(context.Background(), connectors.Contact, bad)
			w.fails("Pull from nowhere", err, connectors.CursorExpired, "from the start")
		}
	}},
}

func reading(w *world, c connectors.Connector, id string) connectors.Record {
	w.tb.Helper()
	all, _ := w.pull(c, connectors.Contact, "")
	return all[id]
}

// Whatever addresses a customer has and shall have, afterwards it has these, and nothing else of it
// moved.
func TestAddressesComeOutAsWanted(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t, Spec())
		some := func(name string) []connectors.Value {
			var out []connectors.Value
			labels := rapid.Permutation([]string{billing, shipping, "", ""}).Draw(rt, name+" labels")
			streets := rapid.Permutation([]string{"Weg 1", "Weg 2", "Hof 3", "路 4", "شارع 5"}).Draw(rt, name+" streets")
			for i := range rapid.IntRange(0, 4).Draw(rt, name) {
				out = append(out, at(labels[i], streets[i], rapid.SampledFrom([]string{"Kiel", "上海"}).Draw(rt, "city"), rapid.SampledFrom([]string{"DE", "CN"}).Draw(rt, "country")))
			}
			return out
		}
		w.shop.next = 7
		id := w.put(set(person(1), connectors.FieldAddress, some("before")...))
		want := some("after")
		c := w.open()
		got := w.push(c, changing(reading(w, c, id), connectors.FieldAddress, want...))
		key := func(v connectors.Value) string { return fmt.Sprint(v.Parts) }
		have := values(got, connectors.FieldAddress)
		sorted := func(vs []connectors.Value) []string {
			var out []string
			for _, v := range vs {
				out = append(out, key(v))
			}
			slices.Sort(out)
			return out
		}
		if !slices.Equal(sorted(have), sorted(want)) {
			rt.Fatalf("wanted %v, got %v", sorted(want), sorted(have))
		}
		for _, v := range want {
			i := slices.IndexFunc(have, func(h connectors.Value) bool { return key(h) == key(v) })
			// who is billing is told so, also where it is sent there too
			if v.Label == billing && have[i].Label != billing {
				rt.Fatalf("%v is to be billing, and is %q", v.Parts, have[i].Label)
			}
		}
		if x := w.customer(id); x.first != people[1].given || x.email != "p1@example.org" {
			rt.Fatalf("the customer moved: %+v", x)
		}
		if again := w.push(c, changing(got, connectors.FieldAddress, want...)); again.Version != got.Version {
			rt.Fatalf("the same again changed the customer")
		}
	})
}
