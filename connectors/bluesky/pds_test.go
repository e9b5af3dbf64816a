package bluesky

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/connectortest"
	"github.com/keptcrm/kept/internal/servers"
)

// town is a real PDS with an AppView behind it, which answers for each account from a fake of its
// own.
type town struct {
	pds  *servers.PDS
	mu   sync.Mutex
	seen map[string]*Fake
	down atomic.Bool
	next atomic.Int64
}

func newTown(t *testing.T) *town {
	x := &town{seen: map[string]*Fake{}}
	view := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x.mu.Lock()
		f := x.seen[Issuer(r)]
		x.mu.Unlock()
		if x.down.Load() || f == nil {
			panic(http.ErrAbortHandler)
		}
		f.AppView().ServeHTTP(w, r)
	}))
	t.Cleanup(view.Close)
	x.pds = servers.Need(t, servers.StartPDSBefore(view.URL))
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	return x
}

// account makes an account that nobody used before, and what the AppView knows of it.
func (x *town) account(tb testing.TB) (servers.Account, *Fake) {
	tb.Helper()
	a, err := x.pds.CreateAccount(context.Background(), fmt.Sprintf("sternwarte%d", x.next.Add(1)), password)
	if err != nil {
		tb.Fatal(err)
	}
	f := NewFake(a.DID, a.Handle)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.seen[a.DID] = f
	return a, f
}

func (x *town) options(a servers.Account, more map[string]string) map[string]string {
	o := map[string]string{"url": x.pds.URL, "handle": a.Handle, "password": a.Password, "dms": "no"}
	maps.Copy(o, more)
	return o
}

func (x *town) open(t *testing.T, o map[string]string, s *store) *Connection {
	t.Helper()
	c, err := Spec().Open(context.Background(), o, connectors.Env{Store: s, Now: time.Now, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.(*Connection).Close() })
	return c.(*Connection)
}

// desktop lets the suite post replies from an account of the real server.
type desktop struct {
	pds *servers.PDS
	a   servers.Account
}

func (d desktop) Put(_ connectors.Kind, _ string, r connectors.Record, _ time.Time) (string, error) {
	to := map[string]string{"uri": "at://did:plc:janajanajanajanajanajana/app.bsky.feed.post/3jzfcijpj2z2a", "cid": "bafyreie5cvv4h45feadgeuwhbcutmh6t2ceseocckahdoe6uat64zmz454"}
	uri, _, err := d.pds.PutRecord(context.Background(), d.a, "app.bsky.feed.post", "", map[string]any{"$type": "app.bsky.feed.post", "text": r.Message.Text,
		"createdAt": stamp(time.Now()), "reply": map[string]any{"root": to, "parent": to}})
	return uri, err
}

func (d desktop) Delete(_ connectors.Kind, id string) error {
	return d.pds.Call(context.Background(), http.MethodPost, "com.atproto.repo.deleteRecord", d.a.Access,
		map[string]string{"repo": d.a.DID, "collection": "app.bsky.feed.post", "rkey": id[strings.LastIndexByte(id, '/')+1:]}, nil)
}

func (d desktop) Live(connectors.Kind) ([]string, error) {
	out, cursor := []string{}, ""
	for {
		var list struct {
			Records []struct{ URI string }
			Cursor  string
		}
		q := url.Values{"repo": {d.a.DID}, "collection": {"app.bsky.feed.post"}, "limit": {"100"}}
		if cursor != "" {
			q.Set("cursor", cursor)
		}
		if err := d.pds.Call(context.Background(), http.MethodGet, "com.atproto.repo.listRecords", "", q, &list); err != nil {
			return nil, err
		}
		for _, r := range list.Records {
			out = append(out, r.URI)
		}
		if cursor = list.Cursor; cursor == "" {
			slices.Sort(out)
			return out, nil
		}
	}
}

// ofWrites are cases that ask nothing of a connection that is only read.
func ofWrites(c connectortest.Case) bool {
	return slices.Contains([]string{"same intent twice", "lost answer", "stale version", "comes back equal", "empty or absent", "delete", "webhook", "expired cursor"}, c.Name)
}

func TestRealServer(t *testing.T) {
	t.Parallel()
	x := newTown(t)
	ctx := t.Context()

	t.Run("followers", func(t *testing.T) {
		h := harness(Spec(), page)
		h.API.Real = true
		h.API.Server = func(tb testing.TB) connectortest.Server {
			a, f := x.account(tb)
			return connectortest.Server{Options: x.options(a, nil), Control: &crowd{Fake: f}}
		}
		for _, c := range slices.DeleteFunc(connectortest.Cases(h), ofWrites) {
			t.Run(c.Name, func(t *testing.T) { c.Run(t, h) })
		}
	})

	t.Run("what was sent", func(t *testing.T) {
		h := messageHarness(Spec(), page)
		h.API.Real, h.API.Page = true, 3
		h.API.Certain = []string{"did", "records", "cursor", "uri", "value", "reply", "parent"}
		h.API.Server = func(tb testing.TB) connectortest.Server {
			a, _ := x.account(tb)
			return connectortest.Server{Options: x.options(a, map[string]string{"followers": "no", "mentions": "no"}), Control: desktop{x.pds, a}}
		}
		for _, c := range slices.DeleteFunc(messageCases(h), ofWrites) {
			t.Run(c.Name, func(t *testing.T) { c.Run(t, h) })
		}
	})

	t.Run("more posts than a page", func(t *testing.T) {
		a, _ := x.account(t)
		to := map[string]string{"uri": "at://did:plc:janajanajanajanajanajana/app.bsky.feed.post/3jzfcijpj2z2a", "cid": "bafyreie5cvv4h45feadgeuwhbcutmh6t2ceseocckahdoe6uat64zmz454"}
		for range 2 { // 200: the last page is full
			var many []any
			for i := range page {
				many = append(many, map[string]any{"$type": "com.atproto.repo.applyWrites#create", "collection": "app.bsky.feed.post", "value": map[string]any{
					"$type": "app.bsky.feed.post", "text": fmt.Sprint("望遠鏡 ", i), "createdAt": stamp(time.Now()), "reply": map[string]any{"root": to, "parent": to}}})
			}
			if err := x.pds.Call(ctx, http.MethodPost, "com.atproto.repo.applyWrites", a.Access, map[string]any{"repo": a.DID, "writes": many}, nil); err != nil {
				t.Fatal(err)
			}
		}
		d := &desk{t: t}
		c := x.open(t, x.options(a, map[string]string{"followers": "no", "mentions": "no"}), &store{kept: map[string]string{}})
		got, _ := d.pull(c, connectors.MessageKind, "")
		want, err := desktop{x.pds, a}.Live(connectors.MessageKind)
		if err != nil || len(want) != 2*page {
			t.Fatalf("%d posts: %v", len(want), err)
		}
		d.same("posts", ids(got), want)
	})

	t.Run("a neighbour's name", func(t *testing.T) {
		a, _ := x.account(t)
		jana, _ := x.account(t)
		if _, _, err := x.pds.PutRecord(ctx, jana, "app.bsky.actor.profile", "self", map[string]any{"$type": "app.bsky.actor.profile", "displayName": "Jana Köhler 🔭"}); err != nil {
			t.Fatal(err)
		}
		c := x.open(t, x.options(a, nil), &store{kept: map[string]string{}})
		got, err := c.neighbours(ctx, []string{jana.DID, "did:plc:nobodynobodynobodynobody"})
		if err != nil || len(got) != 1 || got[jana.DID].DisplayName != "Jana Köhler 🔭" || got[jana.DID].handle() != jana.Handle {
			t.Errorf("%+v %v", got, err)
		}
	})

	t.Run("sessions", func(t *testing.T) {
		a, f := x.account(t)
		f.Follow(f.Person("jana.example", "Jana", ""), time.Time{})
		word, err := x.pds.AppPassword(ctx, a, "kept", true)
		if err != nil {
			t.Fatal(err)
		}
		o, s := x.options(a, map[string]string{"password": word}), &store{kept: map[string]string{}}
		for range 35 { // more runs than there may be logins
			if err := x.open(t, o, s).Check(ctx); err != nil {
				t.Fatal(err)
			}
		}
		name := x.open(t, o, s).session.name()
		before := s.kept[name]
		// a token that the server does not know is renewed by the other
		s.kept[name] = strings.Replace(before, `"access":"ey`, `"access":"fy`, 1)
		for range 2 {
			if err := x.open(t, o, s).Check(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if s.kept[name] == before || s.puts != 2 {
			t.Errorf("%d sessions were kept", s.puts)
		}
		// the old refresh token again, as a process does that raced
		s.kept[name] = strings.Replace(before, `"access":"ey`, `"access":"fy`, 1)
		if err := x.open(t, o, s).Check(ctx); err != nil {
			t.Errorf("the refresh token a second time: %v", err)
		}
		if err := x.pds.Call(ctx, http.MethodPost, "com.atproto.server.revokeAppPassword", a.Access, map[string]string{"name": "kept"}, nil); err != nil {
			t.Fatal(err)
		}
		s.kept[name] = strings.Replace(s.kept[name], `"access":"ey`, `"access":"fy`, 1)
		c := x.open(t, o, s)
		for range 3 {
			if err := c.Check(ctx); connectors.ClassOf(err) != connectors.Auth || !strings.Contains(fmt.Sprint(err), "create a new app password") {
				t.Errorf("a password that was taken back: %v", err)
			}
		}
	})

	t.Run("direct messages", func(t *testing.T) {
		a, _ := x.account(t)
		word, err := x.pds.AppPassword(ctx, a, "plain", false)
		if err != nil {
			t.Fatal(err)
		}
		c := x.open(t, x.options(a, map[string]string{"password": word}), &store{kept: map[string]string{}})
		// Not by way of Bluesky's own server of messages, which is nowhere near.
		err = c.get(ctx, "chat.bsky.convo.listConvos", nil, nil)
		if connectors.ClassOf(err) != connectors.Forbidden || !strings.Contains(fmt.Sprint(err), "Allow access to your direct messages") {
			t.Errorf("an app password that may not read them: %v", err)
		}
	})

	t.Run("too many logins", func(t *testing.T) {
		a, _ := x.account(t)
		var err error
		for n := 1; n <= 31 && err == nil; n++ {
			err = x.open(t, x.options(a, nil), &store{kept: map[string]string{}}).Check(ctx)
		}
		var e *connectors.Error
		if !errors.As(err, &e) || e.Class != connectors.RateLimited || e.After < time.Minute || e.After > 5*time.Minute {
			t.Errorf("the 31st login: %v, after %+v", err, e)
		}
	})

	t.Run("an AppView that does not answer", func(t *testing.T) {
		a, _ := x.account(t)
		x.down.Store(true)
		defer x.down.Store(false)
		if err := x.open(t, x.options(a, nil), &store{kept: map[string]string{}}).Check(ctx); connectors.ClassOf(err) != connectors.Transient {
			t.Errorf("%v", err)
		}
	})

	t.Run("a crash", func(t *testing.T) {
		a, f := x.account(t)
		f.Follow(f.Person("jana.example", "Jana", ""), time.Time{})
		s := &store{kept: map[string]string{}}
		c := x.open(t, x.options(a, nil), s)
		if err := c.Check(ctx); err != nil {
			t.Fatal(err)
		}
		if err := x.pds.Kill(); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Pull(ctx, connectors.Contact, ""); connectors.ClassOf(err) != connectors.Transient {
			t.Errorf("while it is down: %v", err)
		}
		if err := x.pds.Restart(ctx); err != nil {
			t.Fatal(err)
		}
		d := &desk{t: t}
		got, _ := d.pull(c, connectors.Contact, "")
		d.same("followers after a crash", ids(got), f.Followers())
		if s.puts != 1 { // nobody logged in again
			t.Errorf("%d things were kept", s.puts)
		}
	})
}

// A PDS that knows of no AppView has accounts and posts, and nothing else.
func TestRealServerWithoutAppView(t *testing.T) {
	t.Parallel()
	x := &town{pds: servers.Need(t, servers.StartPDS), seen: map[string]*Fake{}}
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	a, _ := x.account(t)
	jana, _ := x.account(t)
	err := x.open(t, x.options(a, nil), &store{kept: map[string]string{}}).Check(t.Context())
	if connectors.ClassOf(err) != connectors.Invalid || !strings.Contains(fmt.Sprint(err), "connected to no AppView") {
		t.Errorf("Check: %v", err)
	}
	theirs, cid, err := x.pds.PutRecord(t.Context(), jana, "app.bsky.feed.post", "", map[string]any{"$type": "app.bsky.feed.post", "text": "?", "createdAt": stamp(time.Now())})
	if err != nil {
		t.Fatal(err)
	}
	to := map[string]string{"uri": theirs, "cid": cid}
	if _, _, err := x.pds.PutRecord(t.Context(), a, "app.bsky.feed.post", "", map[string]any{"$type": "app.bsky.feed.post", "text": "!", "createdAt": stamp(time.Now()),
		"reply": map[string]any{"root": to, "parent": to}}); err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t}
	c := x.open(t, x.options(a, map[string]string{"followers": "no", "mentions": "no"}), &store{kept: map[string]string{}})
	got, _ := d.pull(c, connectors.MessageKind, "")
	if len(got) != 1 || got[0].Record.Message.To[0] != (connectors.Mailbox{Name: jana.Handle, Address: jana.DID}) {
		t.Errorf("what was sent: %+v", got)
	}
}
