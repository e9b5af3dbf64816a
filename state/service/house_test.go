package service

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/statetest"
)

// house is a service on a state of its own in which every closure runs twice. Its clock stands
// still until a test moves it.
type house struct {
	t     *testing.T
	s     *Service
	store state.Store
	now   time.Time
	conns *rereader
}

func newHouse(t *testing.T) *house {
	t.Helper()
	return newHouseOn(t, statetest.Open(t))
}

func newHouseOn(t *testing.T, store state.Store) *house {
	t.Helper()
	h := &house{t: t, store: store, now: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)}
	h.conns = &rereader{h: h}
	h.s = New(h.store, h.conns, Config{Region: "DE", Zone: "Europe/Berlin"}, func() time.Time { return h.now })
	return h
}

// process gives another process with the house's settings, on a store.
func (h *house) process(store state.Store) *Service {
	s := New(store, h.conns, h.s.config, func() time.Time { return h.now })
	s.watchStep = h.s.watchStep
	return s
}

// rereader reads a corrected row as "connection,id,name,email".
type rereader struct{ h *house }

func (*rereader) Import(context.Context, ImportIn) (ImportOut, error) { return ImportOut{}, nil }

func (*rereader) Sync(context.Context, SyncIn) (SyncOut, error) { return SyncOut{}, nil }

func (*rereader) ConnectionCheck(context.Context, ConnectionCheckIn) (ConnectionCheckOut, error) {
	return ConnectionCheckOut{}, nil
}

func (*rereader) OutboxSend(context.Context, OutboxSendIn) (OutboxSendOut, error) {
	return OutboxSendOut{}, nil
}

func (r *rereader) Reread(w *state.Writer, q *state.Question, raw string) ([]uint64, error) {
	cells := strings.Split(raw, ",")
	if len(cells) != 4 {
		return nil, &state.Error{Class: state.Invalid, Code: "row_unreadable", Args: state.Args{"raw": raw}}
	}
	run := &state.Run{Number: q.Run, Connection: cells[0]}
	return r.h.s.Tell(w, run, []Told{person1(cells[0], cells[1], "name", cells[2], "email", cells[3])})
}

// as gives a context of a caller.
func as(login string) context.Context {
	return WithCaller(context.Background(), Caller{Login: login})
}

func (h *house) ok(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// must gives the answer of a call that has to work.
func must[T any](h *house) func(T, error) T {
	return func(v T, err error) T {
		h.t.Helper()
		h.ok(err)
		return v
	}
}

// refused wants an error with a class and a code, and gives its arguments.
func (h *house) refused(err error, class state.Class, code string) state.Args {
	h.t.Helper()
	if !state.IsClass(err, class) || !state.IsCode(err, code) {
		h.t.Fatalf("error %v, want %s %s", err, class, code)
	}
	return state.AsError(err).Args
}

// person1 is one contact with fields in pairs of name and value; "address" is a city.
func person1(conn, id string, fields ...string) Told {
	v := state.Version{}
	for i := 0; i+1 < len(fields); i += 2 {
		name, value := fields[i], state.Value{Text: fields[i+1]}
		if n, label, ok := strings.Cut(name, ":"); ok {
			name, value.Label = n, label
		}
		if name == "address" {
			value = state.Value{Parts: map[string]string{"street": "Am Markt 1", "postcode": "23552", "city": fields[i+1], "country": "DE"}}
		}
		if len(v.Fields) > 0 && v.Fields[len(v.Fields)-1].Name == name {
			last := &v.Fields[len(v.Fields)-1]
			last.Values = append(last.Values, value)
			continue
		}
		v.Fields = append(v.Fields, state.Field{Name: name, Values: []state.Value{value}})
	}
	return Told{Connection: conn, Kind: state.KindContact, ID: id, Keyed: state.KeyedID, Version: v}
}

// saying adds a word about consent to a contact.
func saying(t Told, channel, what, address string, at time.Time) Told {
	t.Version.Consents = append(t.Version.Consents, state.Said{Channel: channel, Purpose: "marketing", State: what,
		Address: address, At: at, Field: "status", Words: what})
	return t
}

// bought is one order that counts.
func bought(conn, id, party string, at time.Time, total int64, currency string) Told {
	return Told{Connection: conn, Kind: state.KindOrder, ID: id, Keyed: state.KeyedID, Version: state.Version{Modified: at,
		Order: &state.Order{Number: "#" + id, Party: party, At: at, State: "paid", Counts: true, Total: total, Currency: currency,
			Lines: []state.OrderLine{{Name: "Telescope", Quantity: 1, Price: total}}}}}
}

// tell is one run that tells things.
func (h *house) tell(told ...Told) uint64 {
	h.t.Helper()
	var number uint64
	h.ok(h.s.Do(context.Background(), "import.page", nil, func(w *state.Writer) error {
		n, err := state.Runs.Next(w)
		if err != nil {
			return err
		}
		number = n
		run := &state.Run{Number: n, Kind: "import", Connection: told[0].Connection, Source: "/in/" + told[0].Connection + ".csv",
			State: state.RunDone, Actor: ops, Started: h.now, Ended: h.now}
		if _, err := h.s.Tell(w, run, told); err != nil {
			return err
		}
		return state.Runs.Put(w, run)
	}))
	return number
}

// ref gives the number of the customer that a reference names.
func (h *house) ref(ref string) string {
	h.t.Helper()
	c := h.customer(ref)
	return state.Customers.Ref(c.Number)
}

func (h *house) customer(ref string) *state.Customer {
	h.t.Helper()
	var out *state.Customer
	h.ok(h.store.View(context.Background(), func(tx state.Tx) error {
		c, _, err := h.s.customer(tx, ref)
		out = c
		return err
	}))
	return out
}

func (h *house) resolve(ref string) (number, base string, err error) {
	err = h.store.View(context.Background(), func(tx state.Tx) error {
		c, b, err := h.s.customer(tx, ref)
		if err != nil {
			return err
		}
		number, base = state.Customers.Ref(c.Number), state.Customers.Ref(b)
		return nil
	})
	return number, base, err
}

// staff adds our people: Ana in Lisbon, Wei in Shanghai, Tom without a zone.
func (h *house) people() {
	h.t.Helper()
	for _, in := range []StaffAddIn{
		{Name: "Ana Lima", Login: "ana", Emails: []string{"Ana@nordlicht.example"}, Zone: "Europe/Lisbon", Role: "manager"},
		{Name: "Wei Zhang", Login: "wei", Zone: "Asia/Shanghai", Language: "zh", Role: "rep", Manager: "ana"},
		{Name: "Tom Ford", Login: "tom", Role: "rep", Deputy: "wei"},
	} {
		must[StaffOut](h)(h.s.StaffAdd(context.Background(), in))
	}
}

func day0(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}
