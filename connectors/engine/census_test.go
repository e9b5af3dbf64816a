package engine

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// mute is a system that tells neither what is gone nor every change, but lists what it has.
type mute struct {
	finding
	expire *bool
}

func (m mute) Pull(ctx context.Context, kind connectors.Kind, from connectors.Cursor) (connectors.Page, error) {
	if from != "" && *m.expire {
		*m.expire = false
		return connectors.Page{}, &connectors.Error{Class: connectors.CursorExpired, Text: "the cursor is too old"}
	}
	p, err := m.finding.Pull(ctx, kind, from)
	var kept []connectors.Change
	for _, c := range p.Changes {
		if c.Gone || strings.HasPrefix(string(c.Record.ID), "quiet") && from != "" {
			p.Told--
			continue
		}
		kept = append(kept, c)
	}
	p.Changes = kept
	return p, err
}

func (m mute) Census(context.Context, connectors.Kind, connectors.Cursor) (connectors.CensusPage, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	live := map[string]connectors.Version{}
	for id, r := range m.contacts {
		live[id] = r.Version
	}
	return connectors.CensusPage{Live: live}, nil
}

func TestCensusFindsWhatNobodyTells(t *testing.T) {
	t.Parallel()
	shop := newSystem("shop", "email*", "given", "family")
	o := newOffice(t, shop)
	o.conns[0].Mode = service.ModePull
	expire := false
	o.wrap = func(s *system) connectors.Connector { return mute{finding{desk{s}}, &expire} }
	o.tombless = true
	o.open()
	for _, id := range []string{"quiet", "1", "2", "3"} {
		shop.put(id, "email", "p"+id+"@example.com", "given", "P"+id)
	}
	run := func(full bool) state.Counts {
		t.Helper()
		return o.synced(service.SyncIn{Full: full}).Connections[0].Run.Counts
	}
	if c := run(false); c.New != 4 {
		t.Fatalf("first: %+v", c)
	}
	shop.put("quiet", "email", "quiet@example.com", "given", "Changed")
	shop.remove("2")
	if c := run(false); c.Gone != 0 || c.Changed != 0 {
		t.Fatalf("the census is not due yet: %+v", c)
	}
	o.now = o.now.Add(25 * time.Hour)
	if c := run(false); c.Gone != 1 || c.Changed != 2 {
		t.Fatalf("when due: %+v", c)
	}
	shop.remove("3")
	if c := run(true); c.Gone != 1 {
		t.Fatalf("when asked: %+v", c)
	}
	// A lost cursor means that nobody says what went meanwhile; it never means that all did.
	shop.put("4", "email", "p4@example.com", "given", "P4")
	shop.put("5", "email", "p5@example.com", "given", "P5")
	run(false)
	shop.remove("4")
	expire = true
	if c := run(false); c.Gone != 1 || c.New != 0 {
		t.Fatalf("after a lost cursor: %+v", c)
	}
	// A system that is suddenly empty is another account, or broken.
	for id := range map[string]bool{"1": true, "5": true, "quiet": true} {
		shop.remove(id)
	}
	if _, err := o.sync(service.SyncIn{Full: true}); !state.IsCode(err, "gone_guard") {
		t.Fatalf("suddenly empty: %v", err)
	}
}

func TestSyncStopsCleanly(t *testing.T) {
	t.Parallel()
	o, shop, book := shopAndBook(t)
	agree(t, o, shop, book)
	for _, id := range []string{"2", "3", "4", "5", "6"} {
		shop.put(id, "email", "p"+id+"@example.com", "given", "P"+id)
	}
	ctx, cancel := context.WithCancel(t.Context())
	pulls := 0
	shop.fail = func(call string) error {
		if pulls++; call == "pull" && pulls == 2 {
			cancel()
		}
		return nil
	}
	_, err := o.eng.Sync(ctx, service.SyncIn{})
	if !state.IsCode(err, "sync_stopped") || !state.IsClass(err, state.Cancelled) {
		t.Fatalf("the error is %v", err)
	}
	shop.fail = nil
	o.synced(service.SyncIn{})
	list, err := o.svc.CustomerList(t.Context(), service.CustomerListIn{})
	if err != nil || len(list.Customers) != 7 { // six people and the company of one
		t.Fatalf("%v, %d customers", err, len(list.Customers))
	}
}

func TestWhatIsWrongWithAConnection(t *testing.T) {
	t.Parallel()
	spec := connectors.Spec{Name: "vendor", Fields: map[connectors.Kind][]connectors.FieldSpec{connectors.Contact: nil},
		Options: []connectors.Option{{Name: "url", Required: true, Help: "the shop's address", Where: "Settings > General"},
			{Name: "key", Secret: true, Required: true}, {Name: "size", Choices: []string{"s", "l"}}},
		Open: func(ctx context.Context, options map[string]string, env connectors.Env) (connectors.Connector, error) {
			if options["key"] != "resolved" {
				return nil, &connectors.Error{Class: connectors.Invalid, Text: "the key is " + options["key"]}
			}
			if err := env.Store.Put(ctx, "session", "token-1"); err != nil {
				return nil, err
			}
			got, err := env.Store.Get(ctx, "session")
			if err != nil || got != "token-1" {
				return nil, &connectors.Error{Class: connectors.Invalid, Text: "the token was not kept"}
			}
			return finding{desk{newSystem("vendor")}}, nil
		}}
	for _, c := range []struct {
		name    string
		conn    Connection
		code    string
		missing bool
	}{
		{"all well", Connection{Options: map[string]string{"url": "https://x.example", "key": "env:KEY"}}, "", false},
		{"no url", Connection{Options: map[string]string{"key": "env:KEY"}}, "option_missing", false},
		{"no such option", Connection{Options: map[string]string{"url": "x", "key": "env:KEY", "colour": "red"}}, "option_unknown", false},
		{"no such choice", Connection{Options: map[string]string{"url": "x", "key": "env:KEY", "size": "m"}}, "option_choice", false},
		{"secret gone", Connection{Options: map[string]string{"url": "x", "key": "env:GONE"}}, "secret_unreadable", false},
		{"no such type", Connection{Type: "unknown"}, "no_such_connector", false},
		{"none", Connection{}, "no_connections_configured", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			if c.conn.Type == "" {
				c.conn.Type = "vendor"
			}
			c.conn.Name = "shop"
			env := Env{Connections: []Connection{c.conn}, Secret: func(_ context.Context, ref string) (string, error) {
				if ref == "env:GONE" {
					return "", context.DeadlineExceeded
				}
				return "resolved", nil
			}}
			if c.missing {
				env.Connections = nil
			}
			e := New([]connectors.Spec{spec}, env)
			e.Bind(service.New(o.store, e, service.Config{}, func() time.Time { return noon }))
			_, err := e.ConnectionCheck(t.Context(), service.ConnectionCheckIn{})
			if c.code == "" && err != nil || c.code != "" && !state.IsCode(err, c.code) {
				t.Fatalf("check: %v, want %q", err, c.code)
			}
			if _, err := e.Sync(t.Context(), service.SyncIn{}); c.code != "" && !state.IsCode(err, c.code) {
				t.Fatalf("sync: %v, want %q", err, c.code)
			}
		})
	}
}

// forgetful is a system that tells what is gone, and loses our cursor.
type forgetful struct {
	finding
	expire *bool
}

func (f forgetful) Pull(ctx context.Context, kind connectors.Kind, from connectors.Cursor) (connectors.Page, error) {
	if from != "" && *f.expire {
		*f.expire = false
		return connectors.Page{}, &connectors.Error{Class: connectors.CursorExpired, Text: "the cursor is too old"}
	}
	p, err := f.finding.Pull(ctx, kind, from)
	if from == "" || strings.HasPrefix(string(from), "all") {
		p.Changes = slices.DeleteFunc(p.Changes, func(c connectors.Change) bool { return c.Gone })
		p.Told = len(p.Changes)
	}
	return p, err
}

// warner is a system that works and has something to say about it.
type warner struct {
	finding
	warn func(format string, args ...any)
}

func (w warner) Check(context.Context) error {
	w.warn("%s is asked over plain http; use https", "the shop")
	w.warn("%s is asked over plain http; use https", "the shop")
	return nil
}

// What a connector warns of stands in the answer of the check, once.
func TestCheckTellsWarnings(t *testing.T) {
	t.Parallel()
	shop := newSystem("shop", "email")
	o := newOffice(t, shop)
	o.eng.specs[0].Open = func(_ context.Context, _ map[string]string, env connectors.Env) (connectors.Connector, error) {
		return warner{finding{desk{shop}}, env.Warn}, nil
	}
	out, err := o.eng.ConnectionCheck(t.Context(), service.ConnectionCheckIn{})
	if err != nil || !slices.Equal(out.Connections[0].Warnings, []string{"the shop is asked over plain http; use https"}) {
		t.Errorf("%v %+v", err, out)
	}
}

// checking is a system that says whether it may be written to.
type checking struct{ finding }

func (c checking) CheckWrite(context.Context) error {
	return &connectors.Error{Class: connectors.Forbidden, Text: "the key may only read; change it at Shop > Keys"}
}

// A right that only writing needs is asked for where a connection is to be written to, and nowhere else.
func TestCheckAsksForTheRightToWrite(t *testing.T) {
	t.Parallel()
	o, _, _ := shopAndBook(t)
	o.wrap = func(s *system) connectors.Connector { return checking{finding{desk{s}}} }
	o.conn("book").Mode = service.ModePull
	o.open()
	out, err := o.eng.ConnectionCheck(t.Context(), service.ConnectionCheckIn{Connections: []string{"shop"}})
	last := out.Connections[0].Steps[len(out.Connections[0].Steps)-1]
	if e := state.AsError(err); e == nil || e.Code != "connection_forbidden" || last.Code != "write" || last.OK || last.Args["reason"] != "the key may only read; change it at Shop > Keys" {
		t.Errorf("two-way: %v %+v", err, out)
	}
	if out, err = o.eng.ConnectionCheck(t.Context(), service.ConnectionCheckIn{Connections: []string{"book"}}); err != nil {
		t.Errorf("pull: %v %+v", err, out)
	}
}

func TestLostCursorWithoutACensus(t *testing.T) {
	t.Parallel()
	shop := newSystem("shop", "email*", "given")
	o := newOffice(t, shop)
	o.conns[0].Mode = service.ModePull
	expire := false
	o.wrap = func(s *system) connectors.Connector { return forgetful{finding{desk{s}}, &expire} }
	o.open()
	for _, id := range []string{"1", "2", "3"} {
		shop.put(id, "email", "p"+id+"@example.com", "given", "P"+id)
	}
	o.synced(service.SyncIn{})
	shop.remove("2")
	shop.mu.Lock()
	shop.log = slices.DeleteFunc(shop.log, func(id string) bool { return id == "2" }) // nobody tells of it any more
	shop.mu.Unlock()
	expire = true
	if c := o.synced(service.SyncIn{}).Connections[0].Run.Counts; c.Gone != 1 || c.New != 0 || c.Changed != 1 {
		t.Fatalf("%+v", c)
	}
}

// blind can neither look for a write nor read a single contact.
type blind struct{ d desk }

func (b blind) Check(ctx context.Context) error { return b.d.Check(ctx) }

func (b blind) Pull(ctx context.Context, k connectors.Kind, from connectors.Cursor) (connectors.Page, error) {
	return b.d.Pull(ctx, k, from)
}

func (b blind) Push(ctx context.Context, in connectors.Intent) (connectors.Record, error) {
	return b.d.Push(ctx, in)
}

// An update whose answer was lost is not sent again before what is there now was read.
func TestALostUpdateIsNotRepeatedBlindly(t *testing.T) {
	t.Parallel()
	o, shop, book := shopAndBook(t)
	agree(t, o, shop, book)
	o.wrap = func(s *system) connectors.Connector { return blind{desk{s}} }
	o.open()
	pushes, lost := 0, false
	shop.fail = func(call string) error {
		if call == "push" {
			pushes++
		}
		return nil
	}
	shop.lose = func(connectors.Intent) bool {
		defer func() { lost = true }()
		return !lost
	}
	book.put("a", "email", "jana@example.com", "given", "Jana", "family", "Köhler", "note", "likes 🌲", "company", "Planetarium")
	if _, err := o.sync(service.SyncIn{}); pushes != 1 || !lost {
		t.Fatalf("sent %d times: %v", pushes, err)
	}
	for range 2 {
		if o.synced(service.SyncIn{}); pushes != 1 || shop.says("1", "company") != "Planetarium" || book.says("a", "company") != "Planetarium" {
			t.Fatalf("sent %d times; shop says %q, book %q", pushes, shop.says("1", "company"), book.says("a", "company"))
		}
	}
}
