package engine

import (
	"context"
	"fmt"
	"io/fs"
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

// shelf is a connector over files in memory, a line for each thing told:
//
//	layout NAME                            first line: the layout; orders if it ends in "orders"
//	c ID EMAIL NAME [day]                  a contact, changed on that day
//	o ID PARTY CENTS [day [EMAIL]]         an order; with an e-mail it implies its buyer
//	+ ...                                  a further line of the thing before: joined
//	no-phone ID EMAIL                      a contact read without one field
//	g ID                                   a contact that is gone
//	anything else                          cannot be read
type shelf struct {
	world *world
	path  string
	name  string
	page  int
}

// world is what is around an engine in tests: files, faults, a clock that stands.
type world struct {
	mu     sync.Mutex
	files  map[string]string
	page   int
	before func(path string, line int) error // called before a page that begins at this line
	bend   func(*connectors.Page)            // makes a page wrong
	opens  []map[string]string               // the options of each Open
	closed int
}

type memFile struct{ *strings.Reader }

func (memFile) Close() error { return nil }

func (w *world) open(name string) (connectors.File, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	text, ok := w.files[name]
	if !ok {
		return nil, fmt.Errorf("open %s: %w", name, fs.ErrNotExist)
	}
	if text == "a folder" {
		return nil, errFolder
	}
	return memFile{strings.NewReader(text)}, nil
}

func (w *world) spec(name string) connectors.Spec {
	return connectors.Spec{
		Name: name,
		Options: []connectors.Option{{Name: PathOption, Required: true}, {Name: "map"}, {Name: "zone", Default: "UTC"},
			{Name: "currency"}, {Name: "key", Secret: true}},
		Fields: map[connectors.Kind][]connectors.FieldSpec{connectors.Order: {}, connectors.Contact: {}},
		Open: func(_ context.Context, options map[string]string, env connectors.Env) (connectors.Connector, error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.opens = append(w.opens, options)
			return &shelf{world: w, path: options[PathOption], name: name, page: w.page}, nil
		},
	}
}

func (s *shelf) Check(context.Context) error { return nil }

func (s *shelf) Close() error {
	s.world.mu.Lock()
	defer s.world.mu.Unlock()
	s.world.closed++
	return nil
}

func (s *shelf) lines() (string, []string) {
	lines := strings.Split(strings.TrimSuffix(s.world.files[s.path], "\n"), "\n")
	layout, ok := strings.CutPrefix(lines[0], "layout ")
	if !ok {
		return "", lines
	}
	return layout, lines[1:]
}

func (s *shelf) Describe(context.Context) (connectors.Description, error) {
	layout, lines := s.lines()
	if layout == "" {
		return connectors.Description{}, &connectors.Error{Class: connectors.Invalid, Text: baseName(s.path) + ": this is no shelf; say what it is"}
	}
	d := connectors.Description{Layout: layout, Kind: connectors.Contact, Encoding: "UTF-8", Delimiter: ";", Rows: int64(len(lines)),
		Columns: []connectors.Column{{Name: "what", Field: "id", Why: "layout", Samples: []string{"a", "b", "c", "d"}}, {Name: "who; where", Field: "email", Why: "name"}}}
	if strings.HasSuffix(layout, "orders") {
		d.Kind = connectors.Order
	}
	return d, nil
}

func (s *shelf) Pull(ctx context.Context, kind connectors.Kind, from connectors.Cursor) (connectors.Page, error) {
	if err := ctx.Err(); err != nil {
		return connectors.Page{}, err
	}
	_, lines := s.lines()
	at := 0
	if from != "" {
		at, _ = strconv.Atoi(string(from))
	}
	if s.world.before != nil {
		if err := s.world.before(s.path, at); err != nil {
			return connectors.Page{}, err
		}
	}
	var p connectors.Page
	for ; at < len(lines) && p.Told < s.page; at++ {
		s.line(&p, lines[at], fmt.Sprintf("%s:%d", baseName(s.path), at+2))
	}
	p.Next, p.More = connectors.Cursor(strconv.Itoa(at)), at < len(lines)
	p.Done, p.Total = int64(at), int64(len(lines))
	if s.world.bend != nil {
		s.world.bend(&p)
	}
	return p, nil
}

func (s *shelf) Reread(_ context.Context, rejected, raw string) (connectors.Page, error) {
	where, ok := strings.CutPrefix(rejected, strings.Repeat("the shelf's way of reading ", 20)+"at ")
	if !ok {
		return connectors.Page{}, &connectors.Error{Class: connectors.Invalid, Text: "context " + rejected}
	}
	if strings.TrimSpace(raw) == "" {
		return connectors.Page{}, nil
	}
	var p connectors.Page
	s.line(&p, raw, where)
	return p, nil
}

func day(n string) time.Time {
	d, _ := strconv.Atoi(n)
	return time.Date(2026, 1, 1+d, 12, 0, 0, 0, time.UTC)
}

func (s *shelf) line(p *connectors.Page, line, where string) {
	w := append(strings.Fields(line), "", "", "", "", "")
	p.Told++
	contact := func(id, email, name, at string) connectors.Record {
		r := connectors.Record{Kind: connectors.Contact, ID: id, Keyed: connectors.KeyedID, Modified: day(at)}
		if email != "" {
			r.Fields = append(r.Fields, connectors.Field{Name: connectors.FieldEmail, Values: []connectors.Value{{Text: email}}})
		}
		if name != "" {
			r.Fields = append(r.Fields, connectors.Field{Name: connectors.FieldName, Values: []connectors.Value{{Text: name}}})
		}
		return r
	}
	switch {
	case w[0] == "+":
		p.Joined++
	case w[0] == "g":
		p.Changes = append(p.Changes, connectors.Change{Record: connectors.Record{Kind: connectors.Contact, ID: w[1]}, Gone: true, Where: where})
	case w[0] == "c" && w[1] != "":
		r := contact(w[1], w[2], w[3], w[4])
		if strings.HasPrefix(w[3], "No") {
			r.Consents = []connectors.Consent{{Channel: "email", Purpose: "marketing", State: connectors.OptedOut, Address: w[2], At: day(w[4]), Words: "no"}}
		}
		p.Changes = append(p.Changes, connectors.Change{Record: r, Where: where})
	case w[0] == "o" && w[1] != "":
		cents, err := strconv.ParseInt(w[3], 10, 64)
		if err != nil {
			p.Rejected = append(p.Rejected, connectors.Rejected{Where: where, Field: "total", Reason: "no amount", Raw: line, Context: s.context(where)})
			return
		}
		if w[5] != "" {
			r := contact(w[2], w[5], "Guest"+w[4], w[4])
			r.Implied = true
			p.Changes = append(p.Changes, connectors.Change{Record: r, Where: where})
		}
		p.Changes = append(p.Changes, connectors.Change{Where: where, Record: connectors.Record{Kind: connectors.Order, ID: w[1], Keyed: connectors.KeyedID,
			Order: &connectors.OrderData{Number: "#" + w[1], Party: w[2], At: day(w[4]), State: connectors.OrderPaid, Counts: true, Total: cents, Currency: "EUR"}}})
	case w[0] == "no-phone":
		p.Changes = append(p.Changes, connectors.Change{Record: contact(w[1], w[2], "", ""), Where: where})
		p.Rejected = append(p.Rejected, connectors.Rejected{Where: where, Field: "phone", Reason: "no phone number", Raw: line, Kept: true})
	default:
		p.Rejected = append(p.Rejected, connectors.Rejected{Where: where, Reason: "nothing known", Raw: line, Context: s.context(where)})
	}
}

func (s *shelf) context(where string) string {
	return strings.Repeat("the shelf's way of reading ", 20) + "at " + where
}

// house is an engine with a service on a state in memory.
type house struct {
	*world
	t     testing.TB
	store state.Store
	eng   *Engine
	svc   *service.Service
	says  []Progress
}

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func newHouse(t testing.TB, w *world) *house {
	t.Helper()
	return houseOn(t, w, statetest.Open(t))
}

func houseOn(t testing.TB, w *world, store state.Store) *house {
	h := &house{world: w, t: t, store: store}
	if w.page == 0 {
		w.page = 2
	}
	h.eng = New([]connectors.Spec{w.spec("shelf"), w.spec("drawer")}, Env{Open: w.open,
		Progress: func(_ context.Context, p Progress) { h.says = append(h.says, p) }})
	h.eng.enough = func() int { return 3 }
	h.svc = service.New(store, h.eng, service.Config{Region: "DE"}, func() time.Time { return noon })
	h.eng.Bind(h.svc)
	return h
}

func (h *house) try(in service.ImportIn) (service.ImportOut, error) {
	h.says = nil
	return h.eng.Import(context.Background(), in)
}

// read imports files and expects an error with a code, "" for none.
func (h *house) read(code string, files ...string) service.ImportOut {
	h.t.Helper()
	out, err := h.try(service.ImportIn{Files: files, As: "shop"})
	h.wantCode(err, code)
	return out
}

func (h *house) wantCode(err error, code string) {
	h.t.Helper()
	got := ""
	if err != nil {
		got = state.AsError(err).Code
	}
	if got != code {
		h.t.Fatalf("the error is %v, want code %q", err, code)
	}
}

// believed gives everything in the state that does not tell of runs, of the log itself, and of how
// often a thing was written.
func (h *house) believed() map[string]string {
	h.t.Helper()
	all := statetest.Dump(h.t, h.store)
	for k, v := range all {
		if schema, rest, ok := strings.Cut(v, " "); ok {
			_, payload, _ := strings.Cut(rest, " ")
			all[k] = schema + " " + payload
		}
		for _, p := range []string{"d/run ", "i/run/", "d/change ", "seq ", "d/connection ", "i/record/run "} {
			if strings.HasPrefix(k, p) {
				delete(all, k)
			}
		}
		if strings.HasPrefix(k, "blob ") && strings.Contains(k, state.BlobSeen) {
			delete(all, k)
		}
	}
	return all
}

func (h *house) view(fn func(state.Tx) error) {
	h.t.Helper()
	if err := h.store.View(context.Background(), fn); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) record(kind, id string) (r *state.Record) {
	h.t.Helper()
	h.view(func(tx state.Tx) error {
		found, err := state.Records.By(tx, "id", state.RecordKey("shop", kind, id))
		if r = nil; len(found) > 0 {
			r = found[0]
		}
		return err
	})
	return r
}

func (h *house) runs() (runs []*state.Run) {
	h.t.Helper()
	h.view(func(tx state.Tx) (err error) {
		runs, err = state.Runs.List(tx, state.Range{})
		return err
	})
	return runs
}

func (h *house) questions() (all []*state.Question) {
	h.t.Helper()
	h.view(func(tx state.Tx) error {
		all = nil
		for q, err := range state.Questions.All(tx, state.Range{}) {
			if err != nil {
				return err
			}
			if q.Kind == state.QuestionRow {
				all = append(all, q)
			}
		}
		return nil
	})
	return all
}

func files(pairs ...string) *world {
	w := &world{files: map[string]string{}}
	for i := 0; i < len(pairs); i += 2 {
		w.files[pairs[i]] = pairs[i+1]
	}
	return w
}
