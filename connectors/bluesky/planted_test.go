package bluesky

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/connectortest"
)

// The bugs that somebody would make in this connector, each with the case of the suite, or the test
// of a trap of Bluesky, that has to catch it.
var plantedBugs = map[string]struct {
	caught string
	plant  func(env *connectors.Env) func(c *Connection) connectors.Connector
}{
	"stops after a page":                     {"pages", answering("getFollowers", func(m map[string]any) { delete(m, "cursor") })},
	"an empty page is the last":              {"a page of sleepers", answering("getFollowers", emptyIsLast)},
	"takes the cursor of followers as it is": {"followers of one moment", asking(-1)},
	"takes the cursor of mentions as it is":  {"mentions of one moment", asking(-1)},
	"lets the server leave likes out": {"mentions of one moment", wiring(func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		r = r.Clone(r.Context())
		r.URL.RawQuery += "&reasons=mention&reasons=reply&reasons=quote"
		return next.RoundTrip(r)
	})},
	"who sleeps is gone": {"who stops following", answering("getProfile", func(m map[string]any) {
		if m["error"] == "AccountDeactivated" {
			m["error"], m["message"] = "InvalidRequest", "Profile not found"
		}
	})},
	"logs in for each run":          {"no login per run", forgetting},
	"renews with an empty object":   {"no login per run", renewing},
	"an empty list means all gone":  {"empty answer", wrapped(func(c *Connection) connectors.Connector { return &allGone{Connection: c} })},
	"a census is one page":          {"census", wrapped(func(c *Connection) connectors.Connector { return shortCensus{c} })},
	"fetches who is there, or none": {"fetch", wrapped(func(c *Connection) connectors.Connector { return allOrNone{c} })},
	"hides an interface": {"capabilities", wrapped(func(c *Connection) connectors.Connector {
		return struct {
			connectors.Connector
			connectors.Puller
		}{c, c}
	})},
	"a wrong password is a passing fault": {"check", wrapped(func(c *Connection) connectors.Connector {
		return saying{c, func(err error) error { return &connectors.Error{Class: connectors.Transient, Text: "busy"} }}
	})},
	"says the password": {"secret", wrapped(func(c *Connection) connectors.Connector {
		return saying{c, func(err error) error {
			return &connectors.Error{Class: connectors.ClassOf(err), Text: "refused", Cause: errors.New(c.session.password)}
		}}
	})},
	"ignores who stopped waiting": {"cancelled", wrapped(func(c *Connection) connectors.Connector { return deaf{c} })},
	"promises lower limits":       {"limits", wrapped(func(c *Connection) connectors.Connector { return slower{c} })},
	"ignores Retry-After": {"retry after", wiring(func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		if err == nil {
			resp.Header.Del("Retry-After")
		}
		return resp, err
	})},
	"a web page is an empty list": {"web page", wiring(func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		if err == nil && r.Method == http.MethodGet {
			body, e := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
			if strings.HasPrefix(string(body), "<!DOCTYPE") {
				body, resp.Header = []byte(`{"followers":[]}`), http.Header{"Content-Type": {"application/json"}}
				resp.ContentLength = int64(len(body))
			}
			resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), resp.Body))
			err = e
		}
		return resp, err
	})},
	"a storm of refused sessions": {"unauthorized", wiring(func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		for n := 0; n < 10 && err == nil && resp.StatusCode == http.StatusUnauthorized; n++ {
			resp, err = next.RoundTrip(r)
		}
		return resp, err
	})},
}

// traps are the tests of what only Bluesky gets wrong, beside the suite's.
var traps = map[string]func(d *desk){
	"followers of one moment": followersOfOneMoment, "mentions of one moment": mentionsOfOneMoment, "who stops following": whoStopsFollowing,
	"no login per run": noLoginPerRun, "a page of sleepers": aPageOfSleepers,
}

func TestPlantedBugsAreCaught(t *testing.T) {
	t.Parallel()
	for bug, x := range plantedBugs {
		t.Run(bug, func(t *testing.T) {
			t.Parallel()
			spec := small(Spec())
			open := spec.Open
			spec.Open = func(ctx context.Context, o map[string]string, env connectors.Env) (connectors.Connector, error) {
				wrap := x.plant(&env)
				c, err := open(ctx, o, env)
				if err != nil {
					return nil, err
				}
				return wrap(c.(*Connection)), nil
			}
			if trap := traps[x.caught]; trap != nil {
				connectortest.CatchesIn(t, x.caught, func(tb testing.TB) { trap(newDesk(tb, spec)) })
				return
			}
			connectortest.Catches(t, x.caught, harness(spec, few))
		})
	}
	caught := map[string]bool{}
	for _, x := range plantedBugs {
		caught[x.caught] = true
	}
	for trap := range maps.Keys(traps) {
		if !caught[trap] {
			t.Errorf("no bug proves that %q can fail", trap)
		}
	}
}

func wrapped(wrap func(c *Connection) connectors.Connector) func(*connectors.Env) func(*Connection) connectors.Connector {
	return func(*connectors.Env) func(*Connection) connectors.Connector { return wrap }
}

func itself(c *Connection) connectors.Connector { return c }

type tripper func(r *http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// wiring plants a bug between the connection and the network.
func wiring(do func(next http.RoundTripper, r *http.Request) (*http.Response, error)) func(*connectors.Env) func(*Connection) connectors.Connector {
	return func(env *connectors.Env) func(*Connection) connectors.Connector {
		next := env.HTTP
		env.HTTP = tripper(func(r *http.Request) (*http.Response, error) { return do(next, r) })
		return itself
	}
}

// answering misreads the answers to a call.
func answering(name string, change func(m map[string]any)) func(*connectors.Env) func(*Connection) connectors.Connector {
	return wiring(func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		if err != nil || !strings.HasSuffix(r.URL.Path, name) {
			return resp, err
		}
		var m map[string]any
		if err := json.NewDecoder(resp.Body).Decode(&m); err != nil {
			return nil, err
		}
		change(m)
		b, err := json.Marshal(m)
		resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
		return resp, err
	})
}

func emptyIsLast(m map[string]any) {
	if list, ok := m["followers"].([]any); ok && len(list) == 0 {
		delete(m, "cursor")
	}
}

// asking moves the cursors that begin with a moment.
func asking(ms int) func(*connectors.Env) func(*Connection) connectors.Connector {
	return wiring(func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		q := r.URL.Query()
		cursor := q.Get("cursor")
		var n int64
		if rest, ok := strings.CutPrefix(cursor, strings.Split(cursor, "__")[0]+"__"); ok {
			if _, err := fmt.Sscan(strings.Split(cursor, "__")[0], &n); err != nil {
				return nil, err
			}
			q.Set("cursor", fmt.Sprintf("%d__%s", n+int64(ms), rest))
		} else if t := instant(cursor); !t.IsZero() {
			q.Set("cursor", stamp(t.Add(time.Duration(ms)*time.Millisecond)))
		}
		r = r.Clone(r.Context())
		r.URL.RawQuery = q.Encode()
		return next.RoundTrip(r)
	})
}

// renewing sends an empty object where nothing is expected.
func renewing(env *connectors.Env) func(*Connection) connectors.Connector {
	return wiring(func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		if strings.HasSuffix(r.URL.Path, "refreshSession") {
			r = r.Clone(r.Context())
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader("{}")), 2
			r.Header.Set("Content-Type", "application/json")
		}
		return next.RoundTrip(r)
	})(env)
}

// forgetful keeps nothing.
type forgetful struct{ connectors.TokenStore }

func (forgetful) Put(context.Context, string, string) error { return nil }

func forgetting(env *connectors.Env) func(*Connection) connectors.Connector {
	env.Store = forgetful{env.Store}
	return itself
}

type allGone struct {
	*Connection
	mu   sync.Mutex
	seen []string
}

func (a *allGone) Pull(ctx context.Context, kind connectors.Kind, from connectors.Cursor) (connectors.Page, error) {
	p, err := a.Connection.Pull(ctx, kind, from)
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, ch := range p.Changes {
		a.seen = append(a.seen, ch.Record.ID)
	}
	if err == nil && len(p.Changes) == 0 {
		for _, id := range a.seen {
			p.Changes = append(p.Changes, connectors.Change{Gone: true, Record: connectors.Record{Kind: kind, ID: id, Keyed: connectors.KeyedID}})
		}
		p.Told = len(p.Changes)
	}
	return p, err
}

type shortCensus struct{ *Connection }

func (s shortCensus) Census(ctx context.Context, kind connectors.Kind, from connectors.Cursor) (connectors.CensusPage, error) {
	p, err := s.Connection.Census(ctx, kind, from)
	p.More = false
	return p, err
}

type allOrNone struct{ *Connection }

func (a allOrNone) Fetch(ctx context.Context, kind connectors.Kind, ids []string) ([]connectors.Record, error) {
	out, err := a.Connection.Fetch(ctx, kind, ids)
	if err == nil && len(out) < len(ids) {
		return nil, &connectors.Error{Class: connectors.NotFound, Text: "somebody is not there"}
	}
	return out, err
}

type saying struct {
	*Connection
	say func(err error) error
}

func (s saying) Check(ctx context.Context) error {
	if err := s.Connection.Check(ctx); err != nil {
		return s.say(err)
	}
	return nil
}

type deaf struct{ *Connection }

func (d deaf) Pull(ctx context.Context, kind connectors.Kind, from connectors.Cursor) (connectors.Page, error) {
	return d.Connection.Pull(context.WithoutCancel(ctx), kind, from)
}

type slower struct{ *Connection }

func (slower) Limits() connectors.Limits {
	return connectors.Limits{PerSecond: 2, Burst: 2, Parallel: 1}
}
