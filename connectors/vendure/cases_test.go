package vendure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/connectortest"
)

// ownCase is something that the shop does and the suite knows nothing of.
type ownCase struct {
	name string
	run  func(tb testing.TB, w *world)
}

// world is a fake shop with a connection to it.
type world struct {
	tb    testing.TB
	spec  connectors.Spec
	shop  *fake
	store store
	said  []string
	sent  []string // the operations that were sent
}

func newWorld(tb testing.TB, spec connectors.Spec) *world {
	return &world{tb: tb, spec: spec, shop: newFake(), store: store{}}
}

// RoundTrip hands requests to the shop.
func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	var in struct{ Query string }
	body, err := r.GetBody()
	if err == nil {
		err = json.NewDecoder(body).Decode(&in)
	}
	if err == nil {
		name, _, _ := strings.Cut(strings.NewReplacer("query ", "", "mutation ", "").Replace(in.Query), " ")
		name, _, _ = strings.Cut(name, "(")
		w.sent = append(w.sent, name)
	}
	w.shop.ServeHTTP(rec, r)
	return rec.Result(), nil
}

func (w *world) open(more ...string) connectors.Connector {
	w.tb.Helper()
	o := map[string]string{"url": "https://shop.example", "user": w.shop.user, "password": w.shop.password, "page": "3"}
	for i := 0; i+1 < len(more); i += 2 {
		o[more[i]] = more[i+1]
	}
	c, err := w.spec.Open(context.Background(), o, connectors.Env{HTTP: withBody{w}, Store: w.store, Sleep: func(context.Context, time.Duration) error { return nil },
		Warn: func(format string, args ...any) { w.said = append(w.said, fmt.Sprintf(format, args...)) }})
	if err != nil {
		w.tb.Fatalf("Open: %v", err)
	}
	return c
}

// withBody lets a body be read twice.
type withBody struct{ next http.RoundTripper }

func (b withBody) RoundTrip(r *http.Request) (*http.Response, error) {
	return b.next.RoundTrip(readable(r))
}

func (w *world) put(r connectors.Record) string {
	w.tb.Helper()
	id, err := w.shop.Put(connectors.Contact, "", r, time.Time{})
	if err != nil {
		w.tb.Fatal(err)
	}
	return id
}

func (w *world) customer(id string) *fakeCustomer {
	n, _ := strconv.Atoi(id)
	return w.shop.customers[n]
}

// pull reads to the end.
func (w *world) pull(c connectors.Connector, kind connectors.Kind, from connectors.Cursor) (map[string]connectors.Record, connectors.Cursor) {
	w.tb.Helper()
	out := map[string]connectors.Record{}
	for range 200 {
		p, err := c.(connectors.Puller).Pull(context.Background(), kind, from)
		if err != nil {
			w.tb.Fatalf("Pull: %v", err)
		}
		for _, ch := range p.Changes {
			out[ch.Record.ID] = ch.Record
		}
		if from = p.Next; !p.More {
			return out, from
		}
	}
	w.tb.Fatalf("Pull does not end")
	return nil, ""
}

func (w *world) census(c connectors.Connector, kind connectors.Kind) map[string]connectors.Version {
	w.tb.Helper()
	live, from := map[string]connectors.Version{}, connectors.Cursor("")
	for range 200 {
		p, err := c.(connectors.Census).Census(context.Background(), kind, from)
		if err != nil {
			w.tb.Fatalf("Census: %v", err)
		}
		maps.Copy(live, p.Live)
		if from = p.Next; !p.More {
			return live
		}
	}
	w.tb.Fatalf("Census does not end")
	return nil
}

func (w *world) push(c connectors.Connector, in connectors.Intent) connectors.Record {
	w.tb.Helper()
	r, err := c.(connectors.Pusher).Push(context.Background(), in)
	if err != nil {
		w.tb.Fatalf("Push: %v", err)
	}
	return r
}

// fails holds that an error has a class and says something.
func (w *world) fails(what string, err error, class connectors.Class, says string) {
	w.tb.Helper()
	var e *connectors.Error
	if !errors.As(err, &e) || e.Class != class || !strings.Contains(e.Text, says) {
		w.tb.Errorf("%s: %v (%s), want %s and %q", what, err, connectors.ClassOf(err), class, says)
	}
}

// set gives a record with values in a field.
func set(r connectors.Record, field string, vs ...connectors.Value) connectors.Record {
	r.Fields = slices.DeleteFunc(slices.Clone(r.Fields), func(f connectors.Field) bool { return f.Name == field })
	if len(vs) > 0 {
		r.Fields = append(r.Fields, connectors.Field{Name: field, Values: vs})
	}
	slices.SortFunc(r.Fields, func(a, b connectors.Field) int { return strings.Compare(a.Name, b.Name) })
	return r
}

func say(s string) connectors.Value { return connectors.Value{Text: s} }

// at is an address in Kept.
func at(label, street, city, country string) connectors.Value {
	a := address{Street: street, City: city, Billing: label == billing, Shipping: label == shipping}
	a.Country.Code = country
	v, _ := a.value()
	return v
}

func change(r connectors.Record, fields ...string) connectors.Intent {
	return connectors.Intent{ID: "i", Key: "k", Expect: r.Version, Base: r, Record: r, Changed: fields}
}

// changing is the intent to set one field of what was pulled.
func changing(was connectors.Record, field string, vs ...connectors.Value) connectors.Intent {
	in := change(set(was, field, vs...), field)
	in.Base = was
	return in
}

func creating(r connectors.Record) connectors.Intent {
	in := connectors.Intent{ID: "i", Key: "k", Record: r}
	for _, f := range r.Fields {
		in.Changed = append(in.Changed, f.Name)
	}
	return in
}

var ownCases = []ownCase{
	{"a second of many, edited while it is read", func(tb testing.TB, w *world) {
		for _, finest := range []bool{false, true} {
			w.shop = newFake()
			w.shop.finest = finest
			var ids []string
			for i := range 20 {
				ids = append(ids, w.put(person(i)))
			}
			time.Sleep(5 * time.Second)
			w.put(person(50))
			time.Sleep(5 * time.Second)
			asked := 0
			w.shop.onList = func() {
				if asked++; asked == 4 || asked == 6 || asked == 9 { // told ones move to the end: what follows moves up
					w.customer(ids[asked-4]).updated = w.shop.now()
				}
			}
			all, _ := w.pull(w.open(), connectors.Contact, "")
			if len(all) != 21 {
				tb.Errorf("%d of 21 customers were told (fine times: %v)", len(all), finest)
			}
		}
	}},
	{"a count while others delete", func(tb testing.TB, w *world) {
		var ids []string
		for i := range 12 {
			ids = append(ids, w.put(person(i)))
		}
		asked := 0
		w.shop.onList = func() {
			if asked++; asked == 2 || asked == 3 {
				w.customer(ids[asked-2]).gone = true
			}
		}
		live := w.census(w.open(), connectors.Contact)
		for _, id := range ids[2:] {
			if _, ok := live[id]; !ok {
				tb.Errorf("customer %s is there, and the census says that it is not", id)
			}
		}
	}},
	{"what moves no time is in the count", func(tb testing.TB, w *world) {
		id := w.put(person(1))
		c := w.open()
		told, cursor := w.pull(c, connectors.Contact, "")
		if v := w.census(c, connectors.Contact)[id]; v != told[id].Version {
			tb.Errorf("version %q in the census, %q in the pull", v, told[id].Version)
		}
		time.Sleep(time.Hour)
		seen := map[connectors.Version]bool{told[id].Version: true}
		for what, do := range map[string]func(x *fakeCustomer){
			"an address":           func(x *fakeCustomer) { x.addresses[0].members["city"] = "Kiel" },
			"a group":              func(x *fakeCustomer) { x.groups = append(x.groups, "wholesale") },
			"an edit in no second": func(x *fakeCustomer) { x.first += "!" },
		} {
			do(w.customer(id))
			v := w.census(c, connectors.Contact)[id]
			if seen[v] {
				tb.Errorf("%s was changed, and the census does not show it", what)
			}
			seen[v] = true
		}
		_, cursor = w.pull(c, connectors.Contact, cursor) // what was told within the overlap comes once more
		if again, _ := w.pull(c, connectors.Contact, cursor); len(again) > 0 {
			tb.Errorf("with no newer time, a pull told %d customers again", len(again))
		}
		got, err := c.(connectors.Fetcher).Fetch(context.Background(), connectors.Contact, []string{id})
		if err != nil || len(got) != 1 || values(got[0], connectors.FieldAddress)[0].Parts[connectors.PartCity] != "Kiel" || first(got[0], connectors.FieldTag) != "wholesale" {
			tb.Errorf("fetched %+v, %v", got, err)
		}
	}},
	{"an unknown channel", func(tb testing.TB, w *world) {
		w.put(person(1))
		c := w.open("channel", "reatil-token")
		w.fails("Check", c.Check(context.Background()), connectors.Invalid, "Settings > Channels")
		_, err := c.(connectors.Puller).Pull(context.Background(), connectors.Contact, "")
		w.fails("Pull", err, connectors.Invalid, "Settings > Channels")
		_, err = c.(connectors.Pusher).Push(context.Background(), creating(person(2)))
		w.fails("Push", err, connectors.Invalid, "Settings > Channels")
		if ids, _ := w.shop.Live(connectors.Contact); len(ids) != 1 {
			tb.Errorf("a customer was made in another channel")
		}
		if err := w.open("channel", "retail-token").Check(context.Background()); err != nil {
			tb.Errorf("Check of a channel that there is: %v", err)
		}
	}},
	{"a missing right is no ended session", func(tb testing.TB, w *world) {
		w.put(person(1))
		w.shop.role = []string{"ReadCustomer"}
		for _, withKey := range []bool{false, true} {
			w.sent = nil
			var c connectors.Connector
			if withKey {
				c = w.open("user", "", "key", w.shop.key)
			} else {
				c = w.open()
			}
			w.fails("Check", c.Check(context.Background()), connectors.Forbidden, "ReadOrder")
			_, err := c.(connectors.Puller).Pull(context.Background(), connectors.Order, "")
			w.fails("Pull of orders", err, connectors.Forbidden, "ReadOrder")
			told, _ := w.pull(c, connectors.Contact, "")
			for _, r := range told {
				_, err = c.(connectors.Pusher).Push(context.Background(), changing(r, connectors.FieldGiven, say("x")))
				w.fails("Push", err, connectors.Forbidden, "UpdateCustomer")
			}
			_, err = c.(connectors.Pusher).Push(context.Background(), creating(person(2)))
			w.fails("Push of a new one", err, connectors.Forbidden, "CreateCustomer")
			if n := len(slices.DeleteFunc(w.sent, func(s string) bool { return s != "Login" })); n > 2 { // one for Check
				tb.Errorf("signed in %d times because a right was missing", n)
			}
			if withKey {
				continue // a shop tells nobody what a key may do
			}
			w.fails("CheckWrite", c.(connectors.WriteChecker).CheckWrite(context.Background()), connectors.Forbidden, "CreateCustomer")
			w.shop.role = []string{"ReadCustomer", "CreateCustomer"}
			w.fails("CheckWrite of one that may create", c.(connectors.WriteChecker).CheckWrite(context.Background()), connectors.Forbidden, "UpdateCustomer")
			w.shop.role = []string{"ReadCustomer", "CreateCustomer", "UpdateCustomer"}
			if err := c.(connectors.WriteChecker).CheckWrite(context.Background()); err != nil {
				tb.Errorf("CheckWrite of one that may: %v", err)
			}
			w.shop.role = []string{"ReadCustomer"}
		}
	}},
	{"an ended session", func(tb testing.TB, w *world) {
		id := w.put(person(1))
		for _, byCookie := range []bool{false, true} {
			w.shop.byCookie = byCookie
			w.store, w.sent = store{}, nil
			c := w.open()
			told, _ := w.pull(c, connectors.Contact, "")
			clear(w.shop.sessions)
			w.push(c, changing(told[id], connectors.FieldGiven, say(fmt.Sprint("again", byCookie))))
			told, _ = w.pull(w.open(), connectors.Contact, "")
			if got := first(told[id], connectors.FieldGiven); got != fmt.Sprint("again", byCookie) {
				tb.Errorf("the customer is called %q", got)
			}
			if n := len(slices.DeleteFunc(w.sent, func(s string) bool { return s != "Login" })); n != 2 {
				tb.Errorf("signed in %d times, for two sessions", n)
			}
		}
	}},
	{"e-mail addresses in capitals", func(tb testing.TB, w *world) {
		r := set(person(1), connectors.FieldEmail, say(" Jana.KOEHLER@Sternwarte.Example "))
		c := w.open()
		made := w.push(c, creating(r))
		if got := first(made, connectors.FieldEmail); got != "jana.koehler@sternwarte.example" {
			tb.Errorf("the shop has %q", got)
		}
		found, there, err := c.(connectors.Finder).Find(context.Background(), creating(r))
		if err != nil || !there || found.ID != made.ID {
			tb.Errorf("found %q: %v, %v", found.ID, there, err)
		}
		if again := w.push(w.open(), creating(r)); again.ID != made.ID {
			tb.Errorf("the same intent made %s and %s", made.ID, again.ID)
		}
		in := changing(made, connectors.FieldEmail, say("J@STERNWARTE.example"))
		w.push(c, in)
		if _, there, err := c.(connectors.Finder).Find(context.Background(), in); err != nil || !there {
			tb.Errorf("a changed address is found: %v, %v", there, err)
		}
	}},
	{"an e-mail address that another has", func(tb testing.TB, w *world) {
		w.put(person(1))
		id := w.put(person(2))
		c := w.open()
		_, err := c.(connectors.Pusher).Push(context.Background(), creating(set(person(3), connectors.FieldEmail, say("p1@example.org"))))
		w.fails("a create", err, connectors.Conflict, "already")
		told, _ := w.pull(c, connectors.Contact, "")
		in := change(set(set(told[id], connectors.FieldEmail, say("P1@example.org")), connectors.FieldAddress), connectors.FieldEmail, connectors.FieldAddress)
		in.Base, in.Expect = told[id], told[id].Version
		_, err = c.(connectors.Pusher).Push(context.Background(), in)
		w.fails("an update", err, connectors.Invalid, "another customer")
		if x := w.customer(id); x.email != "p2@example.org" || len(x.addresses) != 1 {
			tb.Errorf("a refused update wrote: %+v", x)
		}
	}},
	{"a customer without e-mail", func(tb testing.TB, w *world) {
		id := w.put(set(person(1), connectors.FieldEmail))
		c := w.open()
		told, _ := w.pull(c, connectors.Contact, "")
		if r := told[id]; len(values(r, connectors.FieldEmail)) > 0 || first(r, connectors.FieldGiven) == "" {
			tb.Errorf("told %+v", r)
		}
		_, err := c.(connectors.Pusher).Push(context.Background(), creating(set(person(2), connectors.FieldEmail)))
		w.fails("a create", err, connectors.Invalid, "without an e-mail address")
		id = w.put(person(3))
		told, _ = w.pull(c, connectors.Contact, "")
		_, err = c.(connectors.Pusher).Push(context.Background(), changing(told[id], connectors.FieldEmail))
		w.fails("emptying it", err, connectors.Invalid, "not emptied")
	}},
	{"half a create", func(tb testing.TB, w *world) {
		w.shop.failing = "createCustomerAddress"
		c := w.open()
		in := creating(person(1))
		_, err := c.(connectors.Pusher).Push(context.Background(), in)
		w.fails("Push", err, connectors.Ambiguous, "not its addresses")
		w.shop.failing = ""
		for _, x := range w.shop.customers {
			x.addresses = nil
		}
		if _, there, err := c.(connectors.Finder).Find(context.Background(), in); err != nil || !there {
			tb.Errorf("found: %v, %v", there, err)
		}
		if r := w.push(c, in); len(values(r, connectors.FieldAddress)) != 1 || first(r, connectors.FieldCompany) == "" {
			tb.Errorf("the rest was not written: %+v", r)
		}
		if ids, _ := w.shop.Live(connectors.Contact); len(ids) != 1 {
			tb.Errorf("%d customers were made", len(ids))
		}
		w.shop.failing = "createCustomer"
		_, err = c.(connectors.Pusher).Push(context.Background(), creating(person(2)))
		w.fails("a fault of the database", err, connectors.Ambiguous, "not known")
	}},
}

// readable gives a request whose body can be read again.
func readable(r *http.Request) *http.Request {
	body := readAll(r)
	r = r.Clone(r.Context())
	r.Body, r.GetBody = reader(body), func() (readCloser, error) { return reader(body), nil }
	return r
}

func runOwn(tb testing.TB, spec connectors.Spec, c ownCase) {
	w := newWorld(tb, spec)
	c.run(tb, w)
}

func TestOwnCases(t *testing.T) {
	t.Parallel()
	for _, c := range slices.Concat(ownCases, fieldCases, orderCases) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			connectortest.Virtual(t, func(t *testing.T) { runOwn(t, Spec(), c) })
		})
	}
}
