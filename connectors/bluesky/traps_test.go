package bluesky

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/connectortest"
)

// store is a place for tokens.
type store struct {
	mu   sync.Mutex
	kept map[string]string
	puts int
}

func (s *store) Get(_ context.Context, name string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kept[name], nil
}

func (s *store) Put(_ context.Context, name, value string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept[name] = value
	s.puts++
	return nil
}

// wire brings requests to a handler, and notes them.
type wire struct {
	h    http.Handler
	mu   sync.Mutex
	seen []*http.Request
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	w.seen = append(w.seen, r)
	w.mu.Unlock()
	if r.Body == nil {
		r.Body = http.NoBody
	}
	rec := httptest.NewRecorder()
	w.h.ServeHTTP(rec, r)
	resp := rec.Result()
	resp.Request = r
	return resp, nil
}

func (w *wire) count(part string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, r := range w.seen {
		if strings.Contains(r.URL.Path, part) {
			n++
		}
	}
	return n
}

// desk is an account, a connection to it, and what stands between.
type desk struct {
	t     testing.TB
	spec  connectors.Spec
	fake  *Fake
	wire  *wire
	store *store
	o     map[string]string
}

// on runs a test on the virtual clock.
func on(t *testing.T, run func(d *desk)) {
	t.Parallel()
	connectortest.Virtual(t, func(t *testing.T) { run(newDesk(t, Spec())) })
}

func newDesk(tb testing.TB, spec connectors.Spec) *desk {
	f := newFake()
	o := options()
	o["password"] = password
	return &desk{t: tb, spec: spec, fake: f, wire: &wire{h: f}, store: &store{kept: map[string]string{}}, o: o}
}

func (d *desk) open() *Connection {
	d.t.Helper()
	c, err := d.spec.Open(context.Background(), d.o, connectors.Env{HTTP: d.wire, Store: d.store, Now: time.Now})
	if err != nil {
		d.t.Fatal(err)
	}
	return c.(*Connection)
}

// pull reads to the end.
func (d *desk) pull(c *Connection, kind connectors.Kind, from connectors.Cursor) ([]connectors.Change, connectors.Cursor) {
	d.t.Helper()
	var all []connectors.Change
	for range 1000 {
		p, err := c.Pull(context.Background(), kind, from)
		if err != nil {
			d.t.Fatalf("Pull: %v", err)
		}
		if n := told(p); n != p.Told {
			d.t.Errorf("told %d, accounts for %d", p.Told, n)
		}
		all, from = append(all, p.Changes...), p.Next
		if !p.More {
			return all, from
		}
	}
	d.t.Fatal("Pull does not end")
	return nil, ""
}

func ids(changes []connectors.Change) []string {
	out := []string{}
	for _, c := range changes {
		if !c.Record.Implied {
			out = append(out, c.Record.ID)
		}
	}
	slices.Sort(out)
	return out
}

func (d *desk) same(what string, got, want []string) {
	d.t.Helper()
	slices.Sort(want)
	if !slices.Equal(got, want) {
		d.t.Errorf("%s: %d, want %d: %v", what, len(got), len(want), first(got, want))
	}
}

func first(got, want []string) string {
	for _, w := range want {
		if !slices.Contains(got, w) {
			return "without " + w
		}
	}
	for _, g := range got {
		if !slices.Contains(want, g) {
			return "with " + g
		}
	}
	return "some twice"
}

// Two people who follow from the same millisecond on have records with one hash: where a page ends
// between them the server leaves the others out.
func TestFollowersOfOneMoment(t *testing.T) { on(t, followersOfOneMoment) }

func followersOfOneMoment(d *desk) {
	base := time.Now().Add(-time.Hour)
	var want []string
	for i := range 350 { // groups of seven at one time lie across the edges of pages
		did := d.fake.Person(fmt.Sprintf("p%d.example", i), names[i%len(names)], "")
		d.fake.Follow(did, base.Add(time.Duration(i/7)*time.Millisecond))
		want = append(want, did)
	}
	c := d.open()
	bare, err := listed(c, shop)
	if err != nil || len(bare) == len(want) {
		d.t.Fatalf("the fake loses nobody (%d of %d): %v", len(bare), len(want), err)
	}
	got, _ := d.pull(c, connectors.Contact, "")
	d.same("followers", ids(got), want)
	if missing := d.missing(c, want); len(missing) > 0 {
		d.t.Errorf("the census is without %d of %d", len(missing), len(want))
	}
}

// listed pages as the documentation says.
func listed(c *Connection, actor string) ([]string, error) {
	var out []string
	at := ""
	for {
		l, err := c.listFollowers(context.Background(), actor, at, c.size)
		if err != nil {
			return nil, err
		}
		for _, p := range *l.Followers {
			out = append(out, p.DID)
		}
		if at = l.Cursor; at == "" {
			return out, nil
		}
	}
}

// More than a page of one moment cannot be read; the pull ends and tells the rest.
func TestMoreThanAPageOfOneMoment(t *testing.T) {
	on(t, func(d *desk) {
		base := time.Now().Add(-time.Hour)
		for i := range 260 {
			at := base
			if i >= 250 {
				at = base.Add(-time.Minute)
			}
			d.fake.Follow(d.fake.Person(fmt.Sprintf("p%d.example", i), "", ""), at)
			d.fake.Notify("mention", shop, "@"+handle, "", at)
		}
		got, _ := d.pull(d.open(), connectors.Contact, "")
		if len(got) != 110 {
			t.Errorf("%d followers, want the 100 of the moment's first page and the 10 before it", len(got))
		}
		got, _ = d.pull(d.open(), connectors.MessageKind, "")
		if len(got) != 110 {
			t.Errorf("%d messages, want 110", len(got))
		}
	})
}

// The cursor of notifications is a time: what else is of its millisecond is on no page.
func TestMentionsOfOneMoment(t *testing.T) { on(t, mentionsOfOneMoment) }

func mentionsOfOneMoment(d *desk) {
	base := time.Now().Add(-time.Hour)
	var want []string
	who := d.fake.Person("jana.example", "Jana", "")
	for i := range 350 {
		for range 3 {
			d.fake.Notify("like", who, "", "", base.Add(time.Duration(i/7)*time.Millisecond))
		}
		want = append(want, d.fake.Notify(reasons[i%3], who, "@"+handle+" 望遠鏡", "", base.Add(time.Duration(i/7)*time.Millisecond)))
	}
	c := d.open()
	n, at := 0, ""
	for {
		l, err := c.listNotifications(context.Background(), at, page)
		if err != nil {
			d.t.Fatal(err)
		}
		n += len(*l.Notifications)
		if at = l.Cursor; at == "" {
			break
		}
	}
	if n == len(want) {
		d.t.Fatal("the fake loses nothing")
	}
	got, end := d.pull(c, connectors.MessageKind, "")
	d.same("messages", ids(got), want)
	again, _ := d.pull(d.open(), connectors.MessageKind, end)
	if len(ids(again)) != len(want) { // all within the overlap of the newest
		d.t.Errorf("the overlap tells %d of %d again", len(ids(again)), len(want))
	}
}

func TestWhoStopsFollowingStaysAContact(t *testing.T) { on(t, whoStopsFollowing) }

func whoStopsFollowing(d *desk) {
	var dids []string
	for i := range 120 {
		did := d.fake.Person(fmt.Sprintf("p%d.example", i), names[i%len(names)], "")
		d.fake.Follow(did, time.Now().Add(-time.Duration(i)*time.Minute))
		dids = append(dids, did)
	}
	c := d.open()
	d.pull(c, connectors.Contact, "")
	left, asleep, deleted, renamed := dids[3], dids[50], dids[77], dids[110]
	d.fake.Unfollow(left)
	d.fake.Deactivate(asleep, true)
	d.fake.Remove(deleted)
	d.fake.Profile(renamed, "new.example", "李伟", "")
	again, _ := d.pull(c, connectors.Contact, "")
	for _, ch := range again {
		if ch.Gone {
			d.t.Errorf("%s is told as gone for not being in a list", ch.Record.ID)
		}
		if r := ch.Record; r.ID == renamed && (text(r, connectors.FieldHandle) != "new.example" || text(r, connectors.FieldTag) != followerTag) {
			d.t.Errorf("who took another handle: %+v", r)
		}
	}
	missing := d.missing(c, dids)
	d.same("missing in the census", missing, []string{left, asleep, deleted})
	found, err := c.Fetch(context.Background(), connectors.Contact, missing)
	if err != nil || len(found) != 2 {
		d.t.Fatalf("of the missing %d are there: %v", len(found), err)
	}
	for _, r := range found {
		switch {
		case r.ID == left && len(r.Covers) == 0 && text(r, connectors.FieldName) == names[3] && text(r, connectors.FieldTag) == "":
		case r.ID == asleep && slices.Equal(r.Covers, []string{connectors.FieldExternalID}):
		default:
			d.t.Errorf("fetched %+v", r)
		}
	}
	d.fake.Deactivate(asleep, false)
	d.fake.Follow(left, time.Time{})
	d.same("missing when they came back", d.missing(d.open(), dids), []string{deleted})
}

// missing gives who is not in a census.
func (d *desk) missing(c *Connection, known []string) []string {
	d.t.Helper()
	live, from := map[string]connectors.Version{}, connectors.Cursor("")
	for range 1000 {
		p, err := c.Census(context.Background(), connectors.Contact, from)
		if err != nil {
			d.t.Fatalf("Census: %v", err)
		}
		maps.Copy(live, p.Live)
		if from = p.Next; !p.More {
			break
		}
	}
	out := []string{}
	for _, id := range known {
		if _, ok := live[id]; !ok {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

// Accounts that sleep are left out of a page after it was cut: an empty page is not the last.
func TestAPageOfSleepers(t *testing.T) { on(t, aPageOfSleepers) }

func aPageOfSleepers(d *desk) {
	var want []string
	for i := range 320 {
		did := d.fake.Person(fmt.Sprintf("p%d.example", i), "", "")
		d.fake.Follow(did, time.Now().Add(-time.Duration(i)*time.Minute))
		if i >= 90 && i < 230 {
			d.fake.Deactivate(did, true)
		} else {
			want = append(want, did)
		}
	}
	got, _ := d.pull(d.open(), connectors.Contact, "")
	d.same("followers", ids(got), want)
}

// A run does not log in; it uses what the one before left.
func TestNoLoginPerRun(t *testing.T) { on(t, noLoginPerRun) }

func noLoginPerRun(d *desk) {
	for range 40 {
		if err := d.open().Check(context.Background()); err != nil {
			d.t.Fatal(err)
		}
		time.Sleep(90 * time.Minute) // tokens run out in between, and are renewed
	}
	if n := d.fake.Logins(); n != 1 {
		d.t.Errorf("40 runs logged in %d times", n)
	}
	if n := d.wire.count("refreshSession"); n < 15 || n > 40 {
		d.t.Errorf("renewed %d times", n)
	}
	// one connection that lives for long does not either
	c := d.open()
	for range 40 {
		if err := c.Check(context.Background()); err != nil {
			d.t.Fatal(err)
		}
		time.Sleep(3 * time.Hour)
	}
	if n := d.fake.Logins(); n != 1 {
		d.t.Errorf("a long run logged in: %d", n)
	}
	// after months of nothing the refresh token is over, too
	time.Sleep(100 * 24 * time.Hour)
	if err := d.open().Check(context.Background()); err != nil || d.fake.Logins() != 2 {
		d.t.Errorf("after months: %v, %d logins", err, d.fake.Logins())
	}
}

// Two processes renew one token at a time: the server bears it, and both go on.
func TestTwoProcessesRenewAtOnce(t *testing.T) {
	on(t, func(d *desk) {
		a, b := d.open(), d.open()
		for _, c := range []*Connection{a, b} {
			if err := c.Check(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		other := &store{kept: map[string]string{}}
		for k, v := range d.store.kept {
			other.kept[k] = v
		}
		b.env.Store = other
		time.Sleep(3 * time.Hour)
		for range 3 {
			for _, c := range []*Connection{a, b} {
				if err := c.Check(context.Background()); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(100 * time.Minute)
		}
		if n := d.fake.Logins(); n != 1 {
			t.Errorf("%d logins", n)
		}
	})
}

func TestARevokedPasswordIsSaidOnce(t *testing.T) {
	on(t, func(d *desk) {
		c := d.open()
		if err := c.Check(context.Background()); err != nil {
			t.Fatal(err)
		}
		d.fake.Revoke(password)
		time.Sleep(3 * time.Hour)
		for range 50 {
			_, err := c.Pull(context.Background(), connectors.Contact, "")
			if connectors.ClassOf(err) != connectors.Auth || !strings.Contains(err.Error(), "App passwords") {
				t.Fatalf("a revoked password: %v", err)
			}
		}
		if n := d.fake.Logins(); n != 2 {
			t.Errorf("%d logins with a password that was refused", n-1)
		}
		d.fake.AppPassword(password, true)
		time.Sleep(patience + time.Second)
		if err := c.Check(context.Background()); err != nil {
			t.Errorf("after it was made again: %v", err)
		}
	})
}

func TestTooManyLogins(t *testing.T) {
	on(t, func(d *desk) {
		var err error
		for range 31 {
			d.store.kept = map[string]string{}
			err = d.open().Check(context.Background())
		}
		var e *connectors.Error
		if !errors.As(err, &e) || e.Class != connectors.RateLimited || e.After < 4*time.Minute || e.After > 5*time.Minute+2*time.Second {
			t.Errorf("the 31st login: %v %+v", err, e)
		}
	})
}

func TestWhatIsWrongIsSaid(t *testing.T) {
	for name, x := range map[string]struct {
		change func(d *desk)
		class  connectors.Class
		words  string
	}{
		"wrong password": {func(d *desk) { d.o["password"] = "wxyz-wxyz-wxyz-wxyz" }, connectors.Auth,
			"Bluesky does not know this handle and password; check the handle, or create a new app password: bsky.app > Settings > Privacy and security > App passwords > Add App Password"},
		"another handle": {func(d *desk) { d.o["handle"] = "other.example" }, connectors.Auth, "Bluesky does not know this handle and password"},
		"no direct messages": {func(d *desk) { d.fake.AppPassword(password, false) }, connectors.Forbidden,
			`the app password may not read direct messages; create an app password with "Allow access to your direct messages" ticked (bsky.app > Settings > Privacy and security > App passwords > Add App Password), or set dms to no`},
		"no AppView": {func(d *desk) { d.fake.View(false, true) }, connectors.Invalid,
			"the server (PDS) is connected to no AppView, so that it knows neither followers nor mentions; ask whoever runs it to set one"},
		"an AppView that is down": {func(d *desk) { d.fake.View(true, false) }, connectors.Transient,
			"the part of Bluesky that knows followers and messages does not answer; try again later"},
		"not a server of Bluesky": {func(d *desk) {
			d.wire.h = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { give(w, map[string]any{"hello": "world"}) })
		}, connectors.Invalid, "what answers at https://pds.example is no server of Bluesky; check the address"},
		"a web page": {func(d *desk) {
			d.wire.h = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/html")
				_, _ = w.Write([]byte("<!doctype html><title>Hotel</title>"))
			})
		}, connectors.Invalid, "what answers at https://pds.example is no server of Bluesky; check the address"},
	} {
		t.Run(name, func(t *testing.T) {
			on(t, func(d *desk) {
				x.change(d)
				err := d.open().Check(context.Background())
				if connectors.ClassOf(err) != x.class || !strings.HasPrefix(fmt.Sprint(err), x.words) {
					t.Errorf("%s: %v", connectors.ClassOf(err), err)
				}
			})
		})
	}
}

// What goes wrong when we are signed in already.
func TestOddAnswersAreSaid(t *testing.T) {
	for name, x := range map[string]struct {
		answer, contentType string
		class               connectors.Class
		words               string
	}{
		"a captive portal": {"<!doctype html><title>Hotel</title>", "text/html", connectors.Transient,
			"Bluesky answers with a web page instead of data; check the address, and whether a login page or a firewall stands before it"},
		"half an answer": {`{"followers":[{"did":"did:pl`, "application/json", connectors.Transient, "Bluesky gave only half an answer, or one that is no JSON"},
		"something else": {`{"items":[]}`, "application/json", connectors.Transient,
			"the answer of Bluesky is not what was expected; its API may have changed, or the address is none of a server of Bluesky"},
		"a gigantic answer": {strings.Repeat(" ", 9<<20), "application/json", connectors.Invalid, "the answer of Bluesky is far too long to be true"},
	} {
		t.Run(name, func(t *testing.T) {
			on(t, func(d *desk) {
				c := d.open()
				if _, err := c.me(context.Background()); err != nil {
					t.Fatal(err)
				}
				d.wire.h = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Type", x.contentType)
					_, _ = w.Write([]byte(x.answer))
				})
				p, err := c.Pull(context.Background(), connectors.Contact, "")
				if connectors.ClassOf(err) != x.class || !strings.HasPrefix(fmt.Sprint(err), x.words) || len(p.Changes) > 0 {
					t.Errorf("%s: %v", connectors.ClassOf(err), err)
				}
			})
		})
	}
}

func TestACertificateThatNobodyTrustsIsSaid(t *testing.T) {
	t.Parallel()
	s := httptest.NewUnstartedServer(newFake())
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	o := options()
	o["password"], o["url"] = password, s.URL
	c, err := Spec().Open(context.Background(), o, connectors.Env{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.(*Connection).Close()
	if err := c.Check(context.Background()); connectors.ClassOf(err) != connectors.Invalid || !strings.Contains(fmt.Sprint(err), "is signed by somebody whom this machine does not trust") {
		t.Errorf("%v", err)
	}
}

func TestBadOptions(t *testing.T) {
	t.Parallel()
	for _, x := range []struct{ option, value, words string }{
		{"handle", "", "the handle is missing; write it like sternwarte.bsky.social"},
		{"handle", "sternwarte", `the handle "sternwarte" is none; write it in full, like sternwarte.bsky.social`},
		{"handle", "Stern Warte.example", `the handle "stern warte.example" is none; write it in full, like sternwarte.bsky.social`},
		{"password", "", "the app password is missing; create one: " + wherePassword},
		{"url", "bsky.social", "the address is none of a web server; write it like https://shop.example.com"},
		{"dms", "perhaps", `dms is yes or no, not "perhaps"`},
	} {
		o := options()
		o["password"] = password
		o[x.option] = x.value
		if _, err := Spec().Open(context.Background(), o, connectors.Env{}); connectors.ClassOf(err) != connectors.Invalid || err.Error() != x.words {
			t.Errorf("%s %q: %v", x.option, x.value, err)
		}
	}
}
