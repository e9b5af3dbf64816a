package engine

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
	"github.com/keptcrm/kept/state/statetest"
)

// system is an outside system in memory: contacts with versions, a log of changes, and faults.
type system struct {
	mu         sync.Mutex
	name       string
	contacts   map[string]connectors.Record
	log        []string // IDs in the order of their changes
	next       int
	writes     []connectors.Intent
	deletes    []string
	pulls      int
	fail       func(call string) error // asked before each call
	lose       func(in connectors.Intent) bool
	matrix     []connectors.FieldSpec
	keys       map[string]string // by intent key: the ID that it made
	idempotent bool
}

func newSystem(name string, fields ...string) *system {
	s := &system{name: name, contacts: map[string]connectors.Record{}, keys: map[string]string{}}
	for _, f := range fields {
		name, many, _ := strings.Cut(f, "*")
		spec := connectors.FieldSpec{Field: name, Read: true, Write: true, Many: 1}
		if strings.Contains(f, "*") {
			spec.Many, _ = strconv.Atoi(many)
		}
		s.matrix = append(s.matrix, spec)
	}
	return s
}

func record(id string, pairs ...string) connectors.Record {
	r := connectors.Record{Kind: connectors.Contact, ID: id, Keyed: connectors.KeyedID}
	for i := 0; i+1 < len(pairs); i += 2 {
		f := connectors.Field{Name: pairs[i]}
		for v := range strings.SplitSeq(pairs[i+1], "|") {
			if v != "" {
				f.Values = append(f.Values, connectors.Value{Text: v})
			}
		}
		if len(f.Values) > 0 {
			r.Fields = append(r.Fields, f)
		}
	}
	slices.SortFunc(r.Fields, func(a, b connectors.Field) int { return strings.Compare(a.Name, b.Name) })
	return r
}

// put is an edit by the system's own people.
func (s *system) put(id string, pairs ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keep(record(id, pairs...))
}

func (s *system) keep(r connectors.Record) connectors.Record {
	s.log = append(s.log, r.ID)
	r.Version = connectors.Version(strconv.Itoa(len(s.log)))
	s.contacts[r.ID] = r
	return r
}

func (s *system) remove(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.contacts, id)
	s.log = append(s.log, id)
}

// says gives one field of a contact.
func (s *system) says(id, field string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.contacts[id].Fields {
		if f.Name == field {
			var out []string
			for _, v := range f.Values {
				out = append(out, v.Text)
			}
			return strings.Join(out, "|")
		}
	}
	return ""
}

func (s *system) ask(call string) error {
	if s.fail == nil {
		return nil
	}
	return s.fail(call)
}

// desk is a connection to a system; further types add what it can do.
type desk struct{ *system }

func (d desk) Check(context.Context) error { return d.ask("check") }

func (d desk) Pull(ctx context.Context, _ connectors.Kind, from connectors.Cursor) (connectors.Page, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pulls++
	if err := d.ask("pull"); err != nil {
		return connectors.Page{}, err
	}
	at, _ := strconv.Atoi(string(from))
	var p connectors.Page
	seen := map[string]bool{}
	for ; at < len(d.log) && len(p.Changes) < 3; at++ {
		id := d.log[at]
		if seen[id] || slices.Contains(d.log[at+1:], id) {
			continue
		}
		seen[id] = true
		p.Told++
		if r, ok := d.contacts[id]; ok {
			p.Changes = append(p.Changes, connectors.Change{Record: r})
		} else {
			p.Changes = append(p.Changes, connectors.Change{Gone: true, Record: connectors.Record{Kind: connectors.Contact, ID: id}})
		}
	}
	p.Next, p.More = connectors.Cursor(strconv.Itoa(at)), at < len(d.log)
	return p, nil
}

func (d desk) Fetch(_ context.Context, _ connectors.Kind, ids []string) ([]connectors.Record, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []connectors.Record
	for _, id := range ids {
		if r, ok := d.contacts[id]; ok {
			out = append(out, r)
		}
	}
	return out, nil
}

func (d desk) Push(_ context.Context, in connectors.Intent) (connectors.Record, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.ask("push"); err != nil {
		return connectors.Record{}, err
	}
	r := in.Record
	if in.Record.ID != "" {
		now, ok := d.contacts[in.Record.ID]
		if !ok {
			return r, &connectors.Error{Class: connectors.NotFound, Text: "there is no contact " + r.ID}
		}
		if in.Expect != now.Version {
			return r, &connectors.Error{Class: connectors.Conflict, Text: "the contact has changed"}
		}
		r = now
		r.Fields = slices.DeleteFunc(slices.Clone(r.Fields), func(f connectors.Field) bool { return slices.Contains(in.Changed, f.Name) })
		for _, f := range in.Record.Fields {
			if slices.Contains(in.Changed, f.Name) && len(f.Values) > 0 {
				r.Fields = append(r.Fields, f)
			}
		}
		slices.SortFunc(r.Fields, func(a, b connectors.Field) int { return strings.Compare(a.Name, b.Name) })
	} else if id := d.keys[in.Key]; id != "" && d.idempotent {
		return d.contacts[id], nil
	} else {
		d.next++
		r.ID = fmt.Sprintf("%s-new-%d", d.name, d.next)
		r.Keyed = connectors.KeyedID
		d.keys[in.Key] = r.ID
	}
	lost := d.lose != nil && d.lose(in)
	d.writes = append(d.writes, in)
	r = d.keep(r)
	if lost {
		return connectors.Record{}, &connectors.Error{Class: connectors.Ambiguous, Text: "the answer was lost"}
	}
	return r, nil
}

func (d desk) Delete(_ context.Context, in connectors.Intent) error {
	d.remove(in.Record.ID)
	d.deletes = append(d.deletes, in.Record.ID)
	return nil
}

// finding adds a Finder.
type finding struct{ desk }

func (f finding) Find(_ context.Context, in connectors.Intent) (connectors.Record, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := in.Record.ID
	if id == "" {
		id = f.keys[in.Key]
	}
	r, ok := f.contacts[id]
	return r, ok, nil
}

// office is an engine between systems, with a state in memory.
type office struct {
	t          testing.TB
	store      state.Store
	eng        *Engine
	svc        *service.Service
	now        time.Time
	systems    map[string]*system
	conns      []Connection
	wrap       func(s *system) connectors.Connector
	idempotent bool
	tombless   bool // the systems do not tell what is gone
}

func newOffice(t testing.TB, systems ...*system) *office {
	t.Helper()
	o := &office{t: t, store: statetest.Open(t), now: noon, systems: map[string]*system{}}
	for _, s := range systems {
		o.systems[s.name] = s
		o.conns = append(o.conns, Connection{Name: s.name, Type: s.name, Mode: service.ModeTwoWay})
	}
	o.open()
	return o
}

// open makes the engine anew, as a new process would.
func (o *office) open() {
	var specs []connectors.Spec
	for _, c := range o.conns {
		s := o.systems[c.Name]
		s.idempotent = o.idempotent
		spec := connectors.Spec{Name: s.name, Tombstones: !o.tombless, Idempotent: o.idempotent, Fields: map[connectors.Kind][]connectors.FieldSpec{connectors.Contact: s.matrix},
			Options: []connectors.Option{{Name: "url", Place: true}},
			Open: func(context.Context, map[string]string, connectors.Env) (connectors.Connector, error) {
				if o.wrap != nil {
					return o.wrap(s), nil
				}
				return finding{desk{s}}, nil
			}}
		specs = append(specs, spec)
	}
	o.eng = New(specs, Env{Connections: o.conns, Region: "DE", Scratch: func(ctx context.Context) (*service.Service, func(), error) {
		copied := statetest.Copy(o.t, o.store)
		return service.New(copied, o.eng, service.Config{Region: "DE"}, func() time.Time { return o.now }), func() {}, nil
	}})
	o.svc = service.New(o.store, o.eng, service.Config{Region: "DE"}, func() time.Time { return o.now })
	o.eng.Bind(o.svc)
}

func (o *office) sync(in service.SyncIn) (service.SyncOut, error) {
	o.now = o.now.Add(time.Minute)
	return o.eng.Sync(context.Background(), in)
}

func (o *office) synced(in service.SyncIn) service.SyncOut {
	o.t.Helper()
	out, err := o.sync(in)
	if err != nil {
		o.t.Fatalf("sync: %v\n%+v", err, out)
	}
	return out
}

// approve plans and applies.
func (o *office) approve() service.SyncOut {
	o.t.Helper()
	out := o.synced(service.SyncIn{Dry: true})
	if out.Plan == nil || out.Plan.ID == "" {
		o.t.Fatalf("there is nothing to apply: %+v", out)
	}
	return o.synced(service.SyncIn{Apply: out.Plan.ID})
}

func (o *office) conn(name string) *Connection {
	i := slices.IndexFunc(o.conns, func(c Connection) bool { return c.Name == name })
	return &o.conns[i]
}
