package connectortest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keptcrm/kept/connectors"
)

// API describes a vendor for a connector that asks one over HTTP. Each case starts a vendor of its
// own, with nothing in it, and stands on both sides: it changes things behind the vendor's API, as
// the vendor's other users do, and asks through the connector. What stands between them is a wire
// of the suite's own, that counts what is sent and can break.
//
// In memory (Server.Handler) the cases run on a virtual clock (testing/synctest), which the vendor
// shares: time.Now there is the vendor's time, and waiting takes none. Against a real server the
// same cases run over the network, but for those that are about waiting.
type API struct {
	Kind connectors.Kind
	// Server starts a vendor with nothing of the kind in it.
	Server func(tb testing.TB) Server
	Real   bool // the vendor is a real server, reached over the network
	// Options of the connection beside the server's and the secrets.
	Options map[string]string
	// Can names the small interfaces that the connection has, sorted, so that none is lost unseen:
	// "Census", "Deleter", "Fetcher", "Finder", "Limiter", "Puller", "Pusher", "WebhookReceiver", ...
	Can []string
	// Page is how many things the connection asks for at a time.
	Page int
	// Record gives the i-th record, each another one, with what the vendor can hold of it. It has no
	// ID. The suite creates it behind the API and pushes it through the connector.
	Record func(i int) connectors.Record
	// Texts are fields of Record that take any text on one line.
	Texts []string
	// Optional is a field of Record that the vendor can hold empty, other than those in Texts[0].
	Optional string
	// Keeps gives what the vendor makes of a text in a field, where that is known to be something else
	// (it drops tags from names); nil: it keeps every text.
	Keeps func(field, text string) string
	// Late is how long before the newest a change may be dated that became visible after it and that
	// the next pull has to tell. 0: only the census finds such.
	Late time.Duration
	// Certain are names of members of the vendor's JSON that are never null: ids, times, what holds
	// the list.
	Certain []string
	// Empty is the vendor's answer to a read that finds nothing.
	Empty []byte
	// Writes says whether a request changes something; nil: by its method.
	Writes func(r Seen) bool
	// HookAge is how old a webhook may be where the vendor signs its time; 0: it signs none.
	HookAge time.Duration
	// Stream is set for connectors that speak another protocol than HTTP, over Server.Dial.
	Stream *Stream
}

// Server is a vendor and how to reach it.
type Server struct {
	Handler http.Handler      // in memory; nil: over the network
	Dial    Dial              // in memory, of another protocol than HTTP (API.Stream); nil: over the network
	Options map[string]string // its address, by the connector's option
	Control Control
}

// Control changes a vendor's things behind its API. It may also be an [Expirer] and a [Hooker].
type Control interface {
	// Put creates (id empty) or changes an object to hold a record and gives its ID. at is what the
	// vendor says that it was changed; zero: now. A vendor that cannot be told a time takes now.
	Put(kind connectors.Kind, id string, r connectors.Record, at time.Time) (string, error)
	Delete(kind connectors.Kind, id string) error
	// Live gives the IDs of all objects.
	Live(kind connectors.Kind) ([]string, error)
}

// Expirer is a Control that can make every cursor given so far invalid.
type Expirer interface{ Expire() error }

// Hooker is a Control that gives the webhook that the vendor would send about an object now, signed.
type Hooker interface {
	Hook(kind connectors.Kind, id string, gone bool) (header map[string][]string, body []byte)
}

// apiCases are what a connector to an API must do. Those that are about waiting need a virtual clock.
func apiCases(h Harness) []Case {
	if h.API.Stream != nil {
		return streamCases(h)
	}
	cases := slices.Concat(apiReadCases(), apiFaultCases(), apiWriteCases(), apiSafetyCases())
	if h.API.Real {
		cases = slices.DeleteFunc(cases, func(c Case) bool { return clockCases[c.Name] })
	}
	return cases
}

// clockCases take long where time is real.
var clockCases = map[string]bool{"retry after": true, "slow answer": true, "limits": true, "watch": true}

// Virtual runs a case where waiting takes no time. Run does so itself.
func Virtual(t *testing.T, run func(t *testing.T)) { synctest.Test(t, run) }

// world is one vendor, the wire to it and what the connection said on the side.
type world struct {
	tb     testing.TB
	h      Harness
	api    *API
	server Server
	wire   *wire
	cable  *cable

	listens bool // whether connections have a log and a recording

	mu    sync.Mutex
	aside bytes.Buffer // warnings, log, recordings
	store map[string]string
}

func newWorld(tb testing.TB, h Harness) *world {
	tb.Helper()
	w := &world{tb: tb, h: h, api: h.API, server: h.API.Server(tb), store: map[string]string{}}
	w.cable = newCable(tb, w.server.Dial)
	w.wire = &wire{handler: w.server.Handler, writes: h.API.Writes}
	if w.server.Handler == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.DisableCompression = true
		tb.Cleanup(t.CloseIdleConnections)
		w.wire.next = t
	}
	return w
}

func (w *world) say(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	fmt.Fprintf(&w.aside, format+"\n", args...)
}

func (w *world) said() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.aside.String()
}

// writer lets the log go where everything on the side goes.
type writer struct{ w *world }

func (x writer) Write(p []byte) (int, error) {
	x.w.say("%s", p)
	return len(p), nil
}

func (w *world) Get(_ context.Context, name string) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.store[name], nil
}

func (w *world) Put(_ context.Context, name, value string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.store[name] = value
	return nil
}

func (w *world) env() connectors.Env {
	say := func(x connectors.Exchange) {
		w.say("%s %s %v %s %d %v %s %s", x.Method, x.URL, x.Header, x.Body, x.Status, x.AnswerHeader, x.Answer, x.Error)
	}
	sleep := func(ctx context.Context, d time.Duration) error {
		if w.api.Real {
			return ctx.Err() // the faults are ours: nothing is gained by waiting for them to pass
		}
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.C:
			return nil
		}
	}
	env := connectors.Env{Now: time.Now, Sleep: sleep, Warn: w.say, Store: w, HTTP: w.wire, Random: func() float64 { return 0.5 }, Unsent: say}
	if w.api.Stream != nil {
		env.Dial, env.HTTP = w.cable.dial, nil
	}
	if w.listens {
		env.Log, env.Record = slog.New(slog.NewTextHandler(writer{w}, &slog.HandlerOptions{Level: slog.LevelDebug})), say
	}
	return env
}

// open makes a connection.
func (w *world) open() connectors.Connector {
	w.tb.Helper()
	return w.openWith(w.h.Secret, func(*connectors.Env) {})
}

func (w *world) openWith(secret string, change func(*connectors.Env)) connectors.Connector {
	w.tb.Helper()
	options := maps.Clone(w.api.Options)
	if options == nil {
		options = map[string]string{}
	}
	maps.Copy(options, w.server.Options)
	for _, o := range w.h.Spec.Options {
		if o.Secret {
			options[o.Name] = secret
		}
	}
	env := w.env()
	change(&env)
	c, err := w.h.Spec.Open(context.Background(), options, env)
	if err != nil {
		w.tb.Fatalf("Open: %v", err)
	}
	if c, ok := c.(io.Closer); ok {
		w.tb.Cleanup(func() { _ = c.Close() })
	}
	return c
}

// tick lets the vendor's clock go on, so that what follows is later. A real server's goes by itself.
func (w *world) tick(d time.Duration) {
	if !w.api.Real {
		time.Sleep(d)
	}
}

// put changes the vendor behind its API.
func (w *world) put(id string, r connectors.Record, at time.Time) string {
	w.tb.Helper()
	id, err := w.server.Control.Put(w.api.Kind, id, r, at)
	if err != nil {
		w.tb.Fatalf("the vendor's control: %v", err)
	}
	return id
}

// fill creates n objects, each a second after the other.
func (w *world) fill(n int) []string {
	w.tb.Helper()
	var ids []string
	for i := range n {
		ids = append(ids, w.put("", w.api.Record(i), time.Time{}))
		w.tick(time.Second)
	}
	return ids
}

func (w *world) live() []string {
	w.tb.Helper()
	ids, err := w.server.Control.Live(w.api.Kind)
	if err != nil {
		w.tb.Fatalf("the vendor's control: %v", err)
	}
	slices.Sort(ids)
	return ids
}

// changed gives a record like another with one text different.
func (w *world) changed(r connectors.Record, text string) connectors.Record {
	return with(r, w.api.Texts[0], text)
}

// with gives a record with one value in a field; none where the text is empty.
func with(r connectors.Record, field, text string) connectors.Record {
	if r.Message != nil {
		m := *r.Message
		*messageField(&m, field) = text
		r.Message = &m
		return r
	}
	r.Fields = slices.DeleteFunc(slices.Clone(r.Fields), func(f connectors.Field) bool { return f.Name == field })
	if text != "" {
		r.Fields = append(r.Fields, connectors.Field{Name: field, Values: []connectors.Value{{Text: text}}})
	}
	slices.SortFunc(r.Fields, func(a, b connectors.Field) int { return strings.Compare(a.Name, b.Name) })
	return r
}

// value gives the first text of a field.
func value(r connectors.Record, field string) string {
	if r.Message != nil {
		return *messageField(r.Message, field)
	}
	for _, f := range r.Fields {
		if f.Name == field && len(f.Values) > 0 {
			return f.Values[0].Text
		}
	}
	return ""
}

// fold gives what stands after changes were applied in order: the records of the asked kind.
func fold(known map[string]connectors.Record, changes []connectors.Change, kind connectors.Kind) map[string]connectors.Record {
	if known == nil {
		known = map[string]connectors.Record{}
	}
	for _, c := range changes {
		switch {
		case c.Record.Kind != kind || c.Record.Implied:
		case c.Gone:
			delete(known, c.Record.ID)
		default:
			known[c.Record.ID] = c.Record
		}
	}
	return known
}

func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// end gives the cursor behind a pull.
func (p pulled) end() connectors.Cursor { return p.pages[len(p.pages)-1].Next }

// page asks for one page. An error must be one of the contract.
func (w *world) page(ctx context.Context, c connectors.Connector, from connectors.Cursor) (connectors.Page, error) {
	w.tb.Helper()
	p, ok := c.(connectors.Puller)
	if !ok {
		w.tb.Fatalf("the connection is no Puller")
	}
	page, err := p.Pull(ctx, w.api.Kind, from)
	w.failed("Pull", err)
	return page, err
}

// failed holds what is true of every error.
func (w *world) failed(what string, err error) {
	w.tb.Helper()
	if err == nil {
		return
	}
	w.say("error %v: %v", err, errors.Unwrap(err))
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return
	}
	var e *connectors.Error
	if !errors.As(err, &e) || e.Text == "" || e.Class == "" {
		w.tb.Errorf("%s: %v is no connectors.Error with class and words", what, err)
	}
}

// wantClass holds that a call failed with a class.
func (w *world) wantClass(what string, err error, want ...connectors.Class) {
	w.tb.Helper()
	w.failed(what, err)
	if err == nil || !slices.Contains(want, connectors.ClassOf(err)) {
		w.tb.Errorf("%s: %v is %s, not %v", what, err, connectors.ClassOf(err), want)
	}
}
