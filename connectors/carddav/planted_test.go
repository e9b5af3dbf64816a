package carddav

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/connectortest"
	"github.com/keptcrm/kept/connectors/format/card"
)

// plant puts a bug into a connection: on the wire below it, or around it.
type plant func(env *connectors.Env) func(c *connection) connectors.Connector

// plantedBugs are those that somebody would make in this connector, each with the case of the suite or
// the trap that has to catch it, and the server on which it shows.
var plantedBugs = map[string]struct {
	caught string
	on     behaviour
	plant  plant
}{
	"takes a part for all": {"pages", cyrusLike, reading(cutOut("<D:response><D:href>/dav/addressbooks/user/alice/contacts/</D:href><D:status>HTTP/1.1 507", "</D:response>"))},
	"keeps its place in memory": {"resume", radicaleLike, around(func(c *connection) connectors.Connector {
		return &inMemory{connection: c, place: map[connectors.Cursor]connectors.Cursor{}}
	})},
	"takes the token before the cards": {"pages", radicaleLike, pulling(tokenFirst)},
	"begins anew on every page":        {"pages", radicaleLike, pulling(anew)},
	"an unknown token means all gone":  {"a forgotten state", xandikosLike, around(func(c *connection) connectors.Connector { return &allGone{connection: c} })},
	"an empty answer means all gone":   {"empty answer", radicaleLike, around(func(c *connection) connectors.Connector { return &allGone{connection: c, empty: true} })},
	"says nothing of what it sends": {"check", cyrusLike, wiring(func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		r.Header.Set("Content-Type", "text/plain")
		return next.RoundTrip(r)
	})},
	"tells what was deleted before": {"what was deleted before", radicaleLike, pulling(tombstones)},
	"writes over newer versions": {"stale version", xandikosLike, wiring(func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		r.Header.Del("If-Match")
		return next.RoundTrip(r)
	})},
	"creates over what is there": {"an address that is taken", cyrusLike, wiring(func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		r.Header.Del("If-None-Match")
		return next.RoundTrip(r)
	})},
	"believes a 207": {"said only inside", xandikosLike, wiring(func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		if err == nil && r.Method == http.MethodPut && resp.StatusCode == http.StatusMultiStatus {
			resp.StatusCode, resp.Body, resp.ContentLength = http.StatusCreated, http.NoBody, 0
		}
		return resp, err
	})},
	"a UID by chance":          {"same intent twice", radicaleLike, around(func(c *connection) connectors.Connector { return &chance{connection: c} })},
	"writes the card anew":     {"other lines stay", xandikosLike, around(func(c *connection) connectors.Connector { return anewCard{c} })},
	"sorts what it writes":     {"other lines stay", cyrusLike, wiring(sorts)},
	"wipes what was not named": {"empty or absent", cyrusLike, around(func(c *connection) connectors.Connector { return wipes{c} })},
	"finds nothing":            {"lost answer", radicaleLike, around(func(c *connection) connectors.Connector { return blind{c} })},
	"a census is one book":     {"census", radicaleLike, around(func(c *connection) connectors.Connector { return shortCensus{c} })},
	"fetches all or none":      {"fetch", cyrusLike, around(func(c *connection) connectors.Connector { return allOrNone{c} })},
	"deleting twice fails":     {"delete", radicaleLike, around(func(c *connection) connectors.Connector { return onceOnly{c} })},
	"hides an interface": {"capabilities", radicaleLike, around(func(c *connection) connectors.Connector {
		return struct {
			connectors.Connector
			connectors.Puller
		}{c, c}
	})},
	"a wrong password is a passing fault": {"check", radicaleLike, around(func(c *connection) connectors.Connector {
		return saying{c, func(error) error { return failed(connectors.Transient, "busy") }}
	})},
	"says the password": {"secret", radicaleLike, around(func(c *connection) connectors.Connector {
		return saying{c, func(err error) error {
			return &connectors.Error{Class: connectors.ClassOf(err), Text: "refused", Cause: errors.New(c.password)}
		}}
	})},
	"promises lower limits": {"limits", radicaleLike, around(func(c *connection) connectors.Connector { return slower{c} })},
	"ignores Retry-After": {"retry after", radicaleLike, wiring(func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		if err == nil {
			resp.Header.Del("Retry-After")
		}
		return resp, err
	})},
	"a web page is an empty book": {"web page", radicaleLike, reading(func(body string) string {
		if strings.HasPrefix(body, "<!DOCTYPE") {
			return `<multistatus xmlns="DAV:"><response><href>/alice/contacts/</href><propstat><prop><resourcetype><addressbook xmlns="urn:ietf:params:xml:ns:carddav"/></resourcetype></prop></propstat></response><sync-token>x</sync-token></multistatus>`
		}
		return body
	})},
	"half an answer is the end": {"half an answer", cyrusLike, reading(func(body string) string {
		if strings.HasPrefix(body, "<?xml") && !strings.Contains(body, "multistatus>") {
			return body[:strings.Index(body, "<D:multistatus")] + `<D:multistatus xmlns:D="DAV:"><D:response><D:href>/dav/addressbooks/user/alice/contacts/</D:href><D:propstat><D:prop><D:resourcetype><C:addressbook xmlns:C="urn:ietf:params:xml:ns:carddav"/></D:resourcetype></D:prop></D:propstat></D:response><D:sync-token>x</D:sync-token></D:multistatus>`
		}
		return body
	})},
}

func TestPlantedBugsAreCaught(t *testing.T) {
	t.Parallel()
	for bug, x := range plantedBugs {
		t.Run(bug, func(t *testing.T) {
			t.Parallel()
			s := spec(testSizes, noDNS{})
			open := s.Open
			s.Open = func(ctx context.Context, o map[string]string, env connectors.Env) (connectors.Connector, error) {
				wrap := x.plant(&env)
				c, err := open(ctx, o, env)
				if err != nil {
					return nil, err
				}
				return wrap(c.(*connection)), nil
			}
			if trap, ok := traps[x.caught]; ok {
				connectortest.CatchesIn(t, x.caught, func(tb testing.TB) { trap.run(newDesk(tb, x.on, s)) })
				return
			}
			h := harness(fakeServer(x.on))
			h.Spec = s
			connectortest.Catches(t, x.caught, h)
		})
	}
}

func around(wrap func(c *connection) connectors.Connector) plant {
	return func(*connectors.Env) func(*connection) connectors.Connector { return wrap }
}

// wiring plants a bug between the connection and the network.
func wiring(do func(next http.RoundTripper, r *http.Request) (*http.Response, error)) plant {
	return func(env *connectors.Env) func(*connection) connectors.Connector {
		next := env.HTTP
		env.HTTP = tripper(func(r *http.Request) (*http.Response, error) { return do(next, r.Clone(r.Context())) })
		return func(c *connection) connectors.Connector { return c }
	}
}

// reading misreads answers.
func reading(change func(body string) string) plant {
	return wiring(func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		body, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<20)) // half of it is the bug's own
		s := change(string(body))
		if s != string(body) {
			resp.Header = http.Header{"Content-Type": {"application/xml"}}
		}
		resp.Body, resp.ContentLength = io.NopCloser(io.MultiReader(strings.NewReader(s), resp.Body)), -1
		return resp, nil
	})
}

// cutOut leaves out what stands from one text to another.
func cutOut(from, to string) func(string) string {
	return func(s string) string {
		if i := strings.Index(s, from); i >= 0 {
			if j := strings.Index(s[i:], to); j >= 0 {
				return s[:i] + s[i+j+len(to):]
			}
		}
		return s
	}
}

// pulling changes cursors and pages.
func pulling(change func(p *connectors.Page, cur *cursor, from connectors.Cursor)) plant {
	return around(func(c *connection) connectors.Connector { return misled{c, change} })
}

type misled struct {
	*connection
	change func(p *connectors.Page, cur *cursor, from connectors.Cursor)
}

func (m misled) Pull(ctx context.Context, kind connectors.Kind, from connectors.Cursor) (connectors.Page, error) {
	p, err := m.connection.Pull(ctx, kind, from)
	var cur cursor
	if err == nil && json.Unmarshal([]byte(p.Next), &cur) == nil {
		m.change(&p, &cur, from)
		p.Next = cur.String()
	}
	return p, err
}

// inMemory keeps in the process which card was told last.
type inMemory struct {
	*connection
	mu    sync.Mutex
	place map[connectors.Cursor]connectors.Cursor
}

func (x *inMemory) Pull(ctx context.Context, kind connectors.Kind, from connectors.Cursor) (connectors.Page, error) {
	x.mu.Lock()
	if at, ok := x.place[from]; ok {
		from = at
	}
	x.mu.Unlock()
	p, err := x.connection.Pull(ctx, kind, from)
	var cur cursor
	if err == nil && json.Unmarshal([]byte(p.Next), &cur) == nil {
		anew(&p, &cur, from)
		x.mu.Lock()
		defer x.mu.Unlock()
		x.place[cur.String()] = p.Next
		p.Next = cur.String()
	}
	return p, err
}

func tokenFirst(p *connectors.Page, cur *cursor, _ connectors.Cursor) {
	for i := range cur.Books {
		if s := &cur.Books[i]; s.Next != "" {
			s.Token, s.Next, s.After, s.Open = s.Next, "", "", false
		}
	}
	p.More = false
}

func anew(_ *connectors.Page, cur *cursor, _ connectors.Cursor) {
	for i := range cur.Books {
		cur.Books[i].After, cur.Books[i].Next = "", ""
	}
}

func tombstones(p *connectors.Page, _ *cursor, from connectors.Cursor) {
	if from == "" {
		p.Changes = append(p.Changes, connectors.Change{Gone: true, Record: connectors.Record{Kind: connectors.Contact, ID: "contacts/s00.vcf"}})
	}
}

// allGone takes what it does not see for deleted.
type allGone struct {
	*connection
	empty bool
	mu    sync.Mutex
	seen  []string
}

func (a *allGone) Pull(ctx context.Context, kind connectors.Kind, from connectors.Cursor) (connectors.Page, error) {
	p, err := a.connection.Pull(ctx, kind, from)
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, ch := range p.Changes {
		a.seen = append(a.seen, ch.Record.ID)
	}
	if connectors.ClassOf(err) == connectors.CursorExpired && err != nil || a.empty && err != nil && strings.Contains(err.Error(), "empty answer") {
		p, err = connectors.Page{Next: from}, nil
		for _, id := range a.seen {
			p.Changes = append(p.Changes, connectors.Change{Gone: true, Record: connectors.Record{Kind: connectors.Contact, ID: id}})
		}
	}
	return p, err
}

type chance struct {
	*connection
}

var chances atomic.Int64

func (x *chance) Push(ctx context.Context, in connectors.Intent) (connectors.Record, error) {
	in.Key += fmt.Sprint(chances.Add(1))
	return x.connection.Push(ctx, in)
}

// anewCard writes all that it understands, and nothing else.
type anewCard struct{ *connection }

func (x anewCard) Push(ctx context.Context, in connectors.Intent) (connectors.Record, error) {
	if in.Record.ID != "" {
		c, err := card.New("odd", in.Record)
		if err != nil {
			return connectors.Record{}, err
		}
		h, err := x.at0(ctx)
		if err != nil {
			return connectors.Record{}, err
		}
		if _, err := x.put(ctx, h, h.path(in.Record.ID), "If-Match", "*", c.Bytes()); err != nil {
			return connectors.Record{}, err
		}
		return in.Record, nil
	}
	return x.connection.Push(ctx, in)
}

func sorts(next http.RoundTripper, r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPut {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader([]byte(sortedCard(string(body)))))
	}
	return next.RoundTrip(r)
}

// wipes takes what a record does not have for emptied.
type wipes struct{ *connection }

func (x wipes) Push(ctx context.Context, in connectors.Intent) (connectors.Record, error) {
	if in.Record.ID != "" {
		in.Changed = slices.Clone(in.Changed)
		for _, f := range []string{"title", "company", "note", "phone"} {
			if !slices.Contains(in.Changed, f) {
				in.Changed = append(in.Changed, f)
			}
		}
	}
	return x.connection.Push(ctx, in)
}

type blind struct{ *connection }

func (blind) Find(context.Context, connectors.Intent) (connectors.Record, bool, error) {
	return connectors.Record{}, false, nil
}

type shortCensus struct{ *connection }

func (x shortCensus) Census(ctx context.Context, kind connectors.Kind, from connectors.Cursor) (connectors.CensusPage, error) {
	p, err := x.connection.Census(ctx, kind, from)
	for _, id := range keysOf(p.Live)[min(testPage, len(p.Live)):] {
		delete(p.Live, id)
	}
	return p, err
}

type allOrNone struct{ *connection }

func (x allOrNone) Fetch(ctx context.Context, kind connectors.Kind, ids []string) ([]connectors.Record, error) {
	out, err := x.connection.Fetch(ctx, kind, ids)
	if err == nil && len(out) < len(ids) {
		return nil, failed(connectors.NotFound, "one is not there")
	}
	return out, err
}

type onceOnly struct{ *connection }

func (x onceOnly) Delete(ctx context.Context, in connectors.Intent) error {
	recs, err := x.Fetch(ctx, connectors.Contact, []string{in.Record.ID})
	if err == nil && len(recs) == 0 {
		return failed(connectors.NotFound, "it is not there")
	}
	return x.connection.Delete(ctx, in)
}

type saying struct {
	*connection
	say func(err error) error
}

func (x saying) Check(ctx context.Context) error {
	if err := x.connection.Check(ctx); err != nil {
		return x.say(err)
	}
	return nil
}

type slower struct{ *connection }

func (slower) Limits() connectors.Limits {
	return connectors.Limits{PerSecond: 2, Burst: 2, Parallel: 1}
}
