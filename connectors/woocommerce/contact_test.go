package woocommerce

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keptcrm/kept/connectors"
)

func read(tb testing.TB, raw string) connectors.Record {
	tb.Helper()
	r, err := customerOf(row{id: 52, raw: json.RawMessage(raw)})
	if err != nil {
		tb.Fatalf("%s: %v", raw, err)
	}
	return r
}

// shown writes fields as lines.
func shown(fields []connectors.Field) []string {
	var out []string
	for _, f := range fields {
		for _, v := range f.Values {
			s := f.Name + " " + v.Text
			if v.Label != "" {
				s += " (" + v.Label + ")"
			}
			out = append(out, s)
		}
	}
	return out
}

func TestCustomersAreRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		raw  string
		want []string
	}{
		"whole": {`{"id":52,"email":"Jana@sternwarte.example","first_name":"Jana","last_name":"Köhler","role":"customer","username":"jana","is_paying_customer":true,"avatar_url":"x",
			"billing":{"first_name":"J.","last_name":"K.","company":"Sternwarte","address_1":"Weg 1","address_2":"2. Stock","city":"Lübeck","postcode":"23552","country":"DE","state":"DE-SH","email":"kasse@sternwarte.example","phone":"+49 451 901820"},
			"shipping":{"company":"Lager","address_1":"Hof 2","city":"Kiel","postcode":"24103","country":"DE","phone":"+49 431 1"},
			"meta_data":[{"id":7,"key":"crm_id","value":"77"},{"id":8,"key":"_secret","value":"x"},{"id":9,"key":"wp_capabilities","value":"y"},{"id":10,"key":"kept_key","value":"k"}]}`,
			[]string{"address Weg 1, 2. Stock, 23552 Lübeck, DE-SH, DE (billing)", "address Hof 2, 24103 Kiel, DE (shipping)", "company Sternwarte", "custom.crm_id 77",
				"email Jana@sternwarte.example", "email kasse@sternwarte.example (billing)", "family Köhler", "given Jana", "phone +49 451 901820", "phone +49 431 1 (shipping)"}},
		"no e-mail, one name": {`{"id":52,"email":"","first_name":"李伟","last_name":"","role":"subscriber","billing":{"phone":"+86 138 0013 8000"},"shipping":{"phone":"+86 138 0013 8000"},"meta_data":[]}`,
			[]string{"custom.role subscriber", "given 李伟", "phone +86 138 0013 8000"}},
		"name of the bills, parcels' company, both addresses one": {`{"id":52,"email":"a@b.example","first_name":"","last_name":" ","billing":{"first_name":"جميل","last_name":"حدّاد","city":"بيروت","email":"A@B.example"},
			"shipping":{"company":"شركة","city":" بيروت"}}`, []string{"address بيروت (billing)", "company شركة", "email a@b.example", "family حدّاد", "given جميل"}},
		"as PHP and plug-ins write": {`{"id":"52","email":null,"first_name":false,"last_name":12,"role":null,"billing":[],"shipping":null,"meta_data":{"0":{}},"_links":{}}`, []string{"family 12"}},
		"meta fields": {`{"id":52,"meta_data":[{"id":1,"key":"a","value":5},{"id":2,"key":"b","value":true},{"id":3,"key":"c","value":["x"]},{"id":4,"key":"d","value":{"x":1}},{"id":5,"key":"e","value":"1"},
			{"id":6,"key":"e","value":"2"},{"id":7,"key":"f","value":""},{"id":8,"key":"","value":"x"},{"id":9,"key":"x_user_level","value":"10"},{"id":10,"key":"wc_last_active","value":"1"},{"id":11,"key":"最爱","value":"望远镜 🌟"},5,null]}`,
			[]string{"custom.a 5", "custom.b 1", "custom.最爱 望远镜 🌟"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := read(t, c.raw)
			if diff := cmp.Diff(c.want, shown(r.Fields)); diff != "" {
				t.Error(diff)
			}
			if r.ID != "52" || r.Keyed != connectors.KeyedID || r.Version == "" || r.Implied {
				t.Errorf("%+v", r)
			}
		})
	}
}

// What moves without an edit is no new version, and an edit that moves no time is one.
func TestContentDecidesAboutVersions(t *testing.T) {
	t.Parallel()
	f := NewFake(testKey, testSecret)
	c := conn(t, f)
	id, err := f.Put(connectors.Contact, "", contact(1), time.Now().Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	first := all(t, c, connectors.Contact)[0]
	f.Order(0, FakeOrder{Status: "processing", Customer: f.users[1].id}) // moves the time of a customer
	paid := all(t, c, connectors.Contact)[0]
	if paid.Modified.Equal(first.Modified) || paid.Version != first.Version || !cmp.Equal(paid.Fields, first.Fields) {
		t.Errorf("after an order: %s %q, before %s %q", paid.Modified, paid.Version, first.Modified, first.Version)
	}
	edited := contact(1)
	edited.Fields = slices.DeleteFunc(edited.Fields, func(f connectors.Field) bool { return f.Name == "custom.crm_note" })
	edited.Fields = append(edited.Fields, field("custom.crm_note", "by a plug-in"))
	if _, err := f.Put(connectors.Contact, id, edited, time.Time{}); err != nil {
		t.Fatal(err)
	}
	now := all(t, c, connectors.Contact)[0]
	if !now.Modified.Equal(paid.Modified) || now.Version == first.Version {
		t.Errorf("a plug-in's edit: %s %q, before %s %q", now.Modified, now.Version, paid.Modified, paid.Version)
	}
}

// sent gives what a push would send for changes of a customer that stands as raw.
func sent(tb testing.TB, raw string, changes ...connectors.Field) (map[string]any, error) {
	tb.Helper()
	var c customer
	if err := json.Unmarshal([]byte(raw), &c); err != nil {
		tb.Fatal(err)
	}
	in := connectors.Intent{ID: "i", Key: "k", Record: c.record()}
	for _, f := range changes {
		in.Changed = append(in.Changed, f.Name)
		in.Record.Fields = slices.DeleteFunc(in.Record.Fields, func(x connectors.Field) bool { return x.Name == f.Name })
		if len(f.Values) > 0 {
			in.Record.Fields = append(in.Record.Fields, f)
		}
	}
	return (&shop{name: "the shop"}).body(in, &c)
}

func TestOnlyWhatChangesIsSent(t *testing.T) {
	t.Parallel()
	const jana = `{"id":52,"email":"jana@x.example","first_name":"Jana","last_name":"Köhler","billing":{"company":"Sternwarte","address_1":"Weg 1","city":"Lübeck","country":"DE","email":"jana@x.example","phone":"1"},
		"shipping":{"address_1":"Weg 1","city":"Lübeck","country":"DE","phone":"1"},"meta_data":[{"id":7,"key":"crm_id","value":"77"},{"id":8,"key":"list","value":["x"]}]}`
	address := func(values ...connectors.Value) connectors.Field {
		return connectors.Field{Name: connectors.FieldAddress, Values: values}
	}
	here := addressValue(labelBilling, "Weg 1", "", "Lübeck", "DE")
	for name, c := range map[string]struct {
		raw     string
		changes []connectors.Field
		want    string
	}{
		"nothing":                {jana, []connectors.Field{field("given", "Jana")}, `{}`},
		"given":                  {jana, []connectors.Field{field("given", "Johanna")}, `{"first_name":"Johanna"}`},
		"empty":                  {jana, []connectors.Field{{Name: "family"}}, `{"last_name":""}`}, // null would be as if it was not sent
		"phone of both":          {jana, []connectors.Field{field("phone", "2")}, `{"billing":{"phone":"2"},"shipping":{"phone":"2"}}`},
		"second phone":           {jana, []connectors.Field{field("phone", "1", "2")}, `{"shipping":{"phone":"2"}}`},
		"no phone":               {jana, []connectors.Field{{Name: "phone"}}, `{"billing":{"phone":""},"shipping":{"phone":""}}`},
		"address of both":        {jana, []connectors.Field{address(addressValue("home", "Weg 2", "", "Lübeck", "Deutschland"))}, `{"billing":{"address_1":"Weg 2"},"shipping":{"address_1":"Weg 2"}}`},
		"address of parcels":     {jana, []connectors.Field{address(here, addressValue(labelShipping, "Hof 3", "", "Kiel", "DE"))}, `{"shipping":{"address_1":"Hof 3","city":"Kiel"}}`},
		"in another order":       {jana, []connectors.Field{address(addressValue("work", "Hof 3", "", "Kiel", "de"), here)}, `{"shipping":{"address_1":"Hof 3","city":"Kiel"}}`},
		"no address":             {jana, []connectors.Field{address()}, `{"billing":{"address_1":"","city":"","country":""},"shipping":{"address_1":"","city":"","country":""}}`},
		"company":                {jana, []connectors.Field{field("company", "观象台")}, `{"billing":{"company":"观象台"}}`},
		"e-mail of both":         {jana, []connectors.Field{field("email", "neu@x.example")}, `{"billing":{"email":"neu@x.example"},"email":"neu@x.example"}`},
		"second e-mail":          {jana, []connectors.Field{field("email", "kasse@x.example", "JANA@x.example")}, `{"billing":{"email":"kasse@x.example"},"email":"JANA@x.example"}`},
		"meta field":             {jana, []connectors.Field{field("custom.crm_id", "78")}, `{"meta_data":[{"id":7,"key":"crm_id","value":"78"}]}`},
		"new meta field":         {jana, []connectors.Field{field("custom.vip", "ja")}, `{"meta_data":[{"key":"vip","value":"ja"}]}`},
		"no meta field":          {jana, []connectors.Field{{Name: "custom.crm_id"}, {Name: "custom.none"}}, `{"meta_data":[{"id":7,"key":"crm_id","value":null}]}`},
		"not ours to write":      {jana, []connectors.Field{field("custom._x", "1"), field("custom.wp_capabilities", "administrator"), field("custom.list", "1"), field("custom.role", "administrator"), field("custom.session_tokens", "1"), field("custom.kept_key", "1"), field("nickname", "x")}, `{}`},
		"name of the bills":      {`{"id":52,"email":"a@b.example","billing":{"first_name":"Jana","last_name":"Köhler"}}`, []connectors.Field{field("given", "Johanna")}, `{"first_name":"Johanna","last_name":"Köhler"}`},
		"billing e-mail stays":   {`{"id":52,"email":"a@b.example","billing":{"email":"c@d.example"}}`, []connectors.Field{field("email", "a@b.example")}, `{"billing":{"email":"a@b.example"}}`},
		"post box, no street":    {`{"id":52,"email":"a@b.example"}`, []connectors.Field{address(connectors.Value{Parts: map[string]string{"po_box": "Postfach 5", "city": "Kiel"}})}, `{"billing":{"address_1":"Postfach 5","city":"Kiel"}}`},
		"an address as one text": {`{"id":52,"email":"a@b.example"}`, []connectors.Field{address(connectors.Value{Text: "北京市长安街 1"})}, `{"billing":{"address_1":"北京市长安街 1"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, err := sent(t, c.raw, c.changes...)
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.Marshal(b)
			if err != nil || string(got) != c.want {
				t.Errorf("sent %s, want %s, %v", got, c.want, err)
			}
		})
	}
	_, err := sent(t, jana, connectors.Field{Name: "email"})
	wantError(t, err, connectors.Invalid, "without an e-mail address")
	_, err = sent(t, jana, address(addressValue("", "Weg 1", "", "Atlantis", "Utopia")))
	wantError(t, err, connectors.Invalid, "Utopia", "code")
	_, err = (&shop{name: "the shop"}).body(connectors.Intent{Record: connectors.Record{Fields: []connectors.Field{field("given", "Cher")}}, Changed: []string{"given"}}, &customer{})
	wantError(t, err, connectors.Invalid, "without an e-mail address")
}

// Whatever a customer is and whatever they shall be, a write makes them so.
func TestWhatIsWrittenIsRead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := NewFake(testKey, testSecret)
		c := conn(silent{}, f)
		email := 0
		draw := func(name string) connectors.Record {
			texts := []string{"", "Jana", "李伟", "Zoë 🌟", "جميل"}
			two := func(field string, values []string, labels ...string) (out connectors.Field) {
				out.Name = field
				n := rapid.IntRange(0, 2).Draw(t, name+" "+field)
				for i, v := range rapid.Permutation(values).Draw(t, name+" values of "+field)[:n] {
					out.Values = append(out.Values, connectors.Value{Text: v, Label: labels[i]})
				}
				return out
			}
			email++
			r := connectors.Record{Kind: connectors.Contact, Fields: []connectors.Field{field("email", fmt.Sprintf("p%d@x.example", email))}}
			if rapid.Bool().Draw(t, name+" billing e-mail") {
				r.Fields[0].Values = append(r.Fields[0].Values, value("kasse@x.example", labelBilling))
			}
			for _, one := range []string{"given", "family", "company", "custom.crm_id"} {
				if v := rapid.SampledFrom(texts).Draw(t, name+" "+one); v != "" {
					r.Fields = append(r.Fields, field(one, v))
				}
			}
			phones := two("phone", []string{"1", "2", "3"}, "", labelShipping)
			addresses := two("address", []string{"Weg 1", "Hof 2", "长安街 3"}, labelBilling, labelShipping)
			for i, v := range addresses.Values {
				addresses.Values[i] = addressValue(v.Label, v.Text, "23552", "Lübeck", "DE")
			}
			for _, f := range []connectors.Field{phones, addresses} {
				if len(f.Values) > 0 {
					r.Fields = append(r.Fields, f)
				}
			}
			slices.SortFunc(r.Fields, func(a, b connectors.Field) int { return strings.Compare(a.Name, b.Name) })
			return r
		}
		before := draw("before")
		id, err := f.Put(connectors.Contact, "", before, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.Fetch(context.Background(), connectors.Contact, []string{id})
		if err != nil || len(got) != 1 {
			t.Fatal(got, err)
		}
		if diff := cmp.Diff(shown(before.Fields), shown(got[0].Fields)); diff != "" {
			t.Fatalf("read: %s", diff)
		}
		after := draw("after")
		after.ID = id
		names := map[string]bool{}
		for _, f := range slices.Concat(before.Fields, after.Fields) {
			names[f.Name] = true
		}
		in := connectors.Intent{ID: "i", Key: "k", Expect: got[0].Version, Base: got[0], Record: after, Changed: slices.Sorted(maps.Keys(names))}
		now, err := c.Push(context.Background(), in)
		if err != nil {
			t.Fatal(err)
		}
		for i, f := range now.Fields { // a phone that stood with the parcels and is the only one now stays there
			if f.Name == connectors.FieldPhone && len(f.Values) == 1 {
				now.Fields[i].Values = []connectors.Value{value(f.Values[0].Text, "")}
			}
		}
		if diff := cmp.Diff(shown(after.Fields), shown(now.Fields)); diff != "" {
			t.Fatalf("written: %s", diff)
		}
		asked := f.Asked()
		in.Expect, in.Base = now.Version, now
		if again, err := c.Push(context.Background(), in); err != nil || again.Version != now.Version || f.Asked() != asked+1 {
			t.Fatalf("the same again wrote: %v, %d requests", err, f.Asked()-asked)
		}
	})
}

// silent is a test for connections of which nobody reads the warnings.
type silent struct{ testing.TB }

func (silent) Helper()                           {}
func (silent) Logf(string, ...any)               {}
func (silent) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
