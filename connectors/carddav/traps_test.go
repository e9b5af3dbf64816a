package carddav

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
)

// handled carries requests to handlers in memory, by host.
type handled map[string]http.Handler

func (h handled) RoundTrip(r *http.Request) (*http.Response, error) {
	handler := h[r.URL.Host]
	if handler == nil {
		return nil, fmt.Errorf("nobody at %s", r.URL.Host)
	}
	r = r.Clone(r.Context())
	if r.Body == nil {
		r.Body = http.NoBody
	}
	r.Host = r.URL.Host
	rec := httptest.NewRecorder()
	handler.ServeHTTP(rec, r)
	resp := rec.Result()
	resp.Request = r
	return resp, nil
}

// desk is a fake and a connection to it, for tests of what only CardDAV servers get wrong.
type desk struct {
	testing.TB
	f    *fake
	spec connectors.Spec
	// between changes what comes over the wire; nil: nothing.
	between func(next http.RoundTripper, r *http.Request) (*http.Response, error)
	warned  []string
}

func newDesk(tb testing.TB, b behaviour, s connectors.Spec) *desk {
	b.open = false
	return &desk{TB: tb, f: newFake(b, "alice", secret), spec: s}
}

func (d *desk) open(options ...string) connectors.Connector {
	d.Helper()
	o := map[string]string{"url": "https://dav.example", "user": "alice", "password": secret}
	for i := 0; i+1 < len(options); i += 2 {
		o[options[i]] = options[i+1]
	}
	wire := http.RoundTripper(handled{"dav.example": d.f})
	if d.between != nil {
		next := wire
		wire = tripper(func(r *http.Request) (*http.Response, error) { return d.between(next, r) })
	}
	c, err := d.spec.Open(context.Background(), o, connectors.Env{HTTP: wire, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
		Warn: func(format string, args ...any) { d.warned = append(d.warned, fmt.Sprintf(format, args...)) }})
	if err != nil {
		d.Fatalf("Open: %v", err)
	}
	return c
}

type tripper func(r *http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// put stores a card behind the API.
func (d *desk) put(name, text string) {
	d.f.mu.Lock()
	defer d.f.mu.Unlock()
	d.f.store(d.f.books[d.f.home+"contacts/"], name, text)
}

func (d *desk) text(name string) string {
	d.f.mu.Lock()
	defer d.f.mu.Unlock()
	return d.f.books[d.f.home+"contacts/"].cards[name].text
}

func (d *desk) some(n int) {
	for i := range n {
		d.put(fmt.Sprintf("s%02d.vcf", i), simple(fmt.Sprintf("s-%d", i), fmt.Sprintf("Person %d", i)))
	}
}

func simple(uid, name string, lines ...string) string {
	return "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:" + uid + "\r\nFN:" + name + "\r\n" + strings.Join(append(lines, ""), "\r\n") + "END:VCARD\r\n"
}

// pull reads to the end and says what was told.
func (d *desk) pull(c connectors.Connector, from connectors.Cursor) (told []string, rejected []connectors.Rejected, end connectors.Cursor, err error) {
	for range 100 {
		page, err := c.(connectors.Puller).Pull(context.Background(), connectors.Contact, from)
		if err != nil {
			return told, rejected, from, err
		}
		for _, ch := range page.Changes {
			s := ch.Record.ID
			if ch.Gone {
				s = "-" + s
			}
			told = append(told, s)
		}
		rejected, from = append(rejected, page.Rejected...), page.Next
		if !page.More {
			return told, rejected, from, nil
		}
	}
	d.Fatalf("Pull does not end")
	return nil, nil, "", nil
}

func (d *desk) expect(c connectors.Connector, from connectors.Cursor, want string) ([]connectors.Rejected, connectors.Cursor) {
	d.Helper()
	told, rejected, end, err := d.pull(c, from)
	if err != nil {
		d.Fatalf("Pull: %v", err)
	}
	if got := strings.Join(told, " "); got != want {
		d.Errorf("told %q, want %q", got, want)
	}
	return rejected, end
}

// What was deleted before the first pull was never there; what was deleted since is told.
func deletedBefore(d *desk) {
	d.some(2)
	if err := d.f.Delete(connectors.Contact, "contacts/s00.vcf"); err != nil {
		d.Fatalf("%v", err)
	}
	c := d.open()
	_, end := d.expect(c, "", "contacts/s01.vcf")
	d.put("new.vcf", simple("new", "New"))
	if err := d.f.Delete(connectors.Contact, "contacts/s01.vcf"); err != nil {
		d.Fatalf("%v", err)
	}
	_, end = d.expect(c, end, "contacts/new.vcf -contacts/s01.vcf")
	d.expect(c, end, "")
}

// In whatever way a server says that it does not know a token: the book is read anew, and nothing is
// told as gone.
func forgottenState(d *desk) {
	d.some(3)
	c := d.open()
	_, end := d.expect(c, "", "contacts/s00.vcf contacts/s01.vcf contacts/s02.vcf")
	if err := d.f.Expire(); err != nil {
		d.Fatalf("%v", err)
	}
	for _, status := range []int{403, 409, 400, 500} {
		d.f.badToken = status
		if told, _, _, err := d.pull(c, end); connectors.ClassOf(err) != connectors.CursorExpired || len(told) > 0 {
			d.Errorf("a token that is answered with %d: told %v, %v", status, told, err)
		}
	}
	d.expect(c, "", "contacts/s00.vcf contacts/s01.vcf contacts/s02.vcf")
}

// A server that is down knows its tokens still.
func downIsNotForgotten(d *desk) {
	d.some(1)
	c := d.open()
	_, end := d.expect(c, "", "contacts/s00.vcf")
	down := true
	e := &desk{TB: d.TB, f: d.f, spec: d.spec, between: func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		if down {
			rec := httptest.NewRecorder()
			rec.WriteHeader(500)
			return rec.Result(), nil
		}
		return next.RoundTrip(r)
	}}
	c = e.open()
	if _, _, _, err := e.pull(c, end); connectors.ClassOf(err) != connectors.Transient {
		d.Errorf("a server that is down: %v", err)
	}
	down = false
	e.expect(c, end, "")
}

// Some servers say 207 to a PUT and mean that they stored nothing.
func saidInside(d *desk) {
	d.put("a.vcf", simple("a", "A", "NOTE:x"))
	d.between = func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodPut { // what reaches it is no card any more
			r = r.Clone(r.Context())
			r.Body = io.NopCloser(strings.NewReader("no card"))
		}
		return next.RoundTrip(r)
	}
	c := d.open()
	d.expect(c, "", "contacts/a.vcf")
	recs, err := c.(connectors.Fetcher).Fetch(context.Background(), connectors.Contact, []string{"contacts/a.vcf"})
	if err != nil || len(recs) != 1 {
		d.Fatalf("Fetch: %v", err)
	}
	_, err = c.(connectors.Pusher).Push(context.Background(), change(recs[0], "note", "y"))
	if connectors.ClassOf(err) != connectors.Invalid || err == nil || err.Error() != "dav.example does not store this card (412); its content may be damaged, look at the contact there" {
		d.Errorf("stored nothing and said 207: %v", err)
	}
}

// change is the intent to give a record's field another text.
func change(r connectors.Record, field, text string) connectors.Intent {
	in := connectors.Intent{ID: "i-" + text, Key: "k", Expect: r.Version, Base: r, Record: r, Changed: []string{field}}
	in.Record.Fields = slices.DeleteFunc(slices.Clone(r.Fields), func(f connectors.Field) bool { return f.Name == field })
	in.Record.Fields = append(in.Record.Fields, connectors.Field{Name: field, Values: []connectors.Value{{Text: text}}})
	return in
}

// A create never goes over a card that is there already, be it by chance.
func takenAddress(d *desk) {
	in := connectors.Intent{ID: "i", Key: "k", Record: connectors.Record{Kind: connectors.Contact, Fields: []connectors.Field{{Name: "name", Values: []connectors.Value{{Text: "New"}}}}}, Changed: []string{"name"}}
	theirs := simple("theirs", "Theirs")
	d.put(uidOf(in)+".vcf", theirs)
	_, err := d.open().(connectors.Pusher).Push(context.Background(), in)
	if connectors.ClassOf(err) != connectors.Conflict || d.text(uidOf(in)+".vcf") != theirs {
		d.Errorf("a card at the same address: %v, now %q", err, d.text(uidOf(in)+".vcf"))
	}
}

// The same UID under another address: some servers refuse that.
func takenUID(d *desk) {
	in := connectors.Intent{ID: "i", Key: "k", Record: connectors.Record{Kind: connectors.Contact, Fields: []connectors.Field{{Name: "name", Values: []connectors.Value{{Text: "New"}}}}}, Changed: []string{"name"}}
	d.put("moved.vcf", simple(uidOf(in), "New"))
	_, err := d.open().(connectors.Pusher).Push(context.Background(), in)
	if connectors.ClassOf(err) != connectors.Conflict || err == nil || err.Error() != "dav.example has another card with the same UID in this address book; remove one of the two there" {
		d.Errorf("a card with the same UID: %v", err)
	}
}

// Where a server keeps cards as they are, only the lines of what changed differ.
func otherLinesStay(d *desk) {
	before := "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:odd\r\nFN:Zoë\r\nN:;Zoë;;;\r\nX-LENS;A=\"b:c\":50\\;1.4\r\nitem1.EMAIL;type=INTERNET:z@x.example\r\nitem1.X-ABLabel:Ferien\r\n" +
		"PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQSkZJRgAB\r\n NDAsLDBkSEw8UHRofHh0a\r\nNOTE:calls on\r\n  Mondays\r\nEND:VCARD\r\n"
	d.put("odd.vcf", before)
	c := d.open()
	recs, err := c.(connectors.Fetcher).Fetch(context.Background(), connectors.Contact, []string{"contacts/odd.vcf"})
	if err != nil || len(recs) != 1 {
		d.Fatalf("Fetch: %v", err)
	}
	if _, err := c.(connectors.Pusher).Push(context.Background(), change(recs[0], "title", "Dr.")); err != nil {
		d.Fatalf("Push: %v", err)
	}
	if got, want := d.text("odd.vcf"), strings.Replace(before, "END:VCARD", "TITLE:Dr.\r\nEND:VCARD", 1); got != want {
		d.Errorf("%q, want %q", got, want)
	}
}

// One address, however it is percent-encoded, is one card.
func strangeAddresses(d *desk) {
	d.put("Zoë & 100%?x.vcf", simple("z", "Zoë"))
	d.put("plain.vcf", simple("p", "Plain"))
	d.between = func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		if err != nil || resp.StatusCode != http.StatusMultiStatus {
			return resp, err
		}
		body, err := io.ReadAll(resp.Body)
		s := string(body)
		if strings.Contains(s, "address-data") { // another encoding than in the list, and whole addresses
			s = strings.NewReplacer("%C3%AB", "%c3%ab", "href>/alice", "href>https://dav.example/alice", "plain", "%70lain").Replace(s)
		}
		resp.Body, resp.ContentLength = io.NopCloser(strings.NewReader(s)), int64(len(s))
		return resp, err
	}
	c := d.open()
	_, end := d.expect(c, "", "contacts/Zoë & 100%25?x.vcf contacts/plain.vcf")
	d.expect(c, end, "")
}

// A server without sync-collection is read as a whole where something changed, and never says gone.
func noSyncCollection(d *desk) {
	d.some(2)
	d.between = func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		if strings.Contains(string(body), "sync-collection") {
			rec := httptest.NewRecorder()
			refuse(rec, http.StatusForbidden, "supported-report")
			return rec.Result(), nil
		}
		return next.RoundTrip(r)
	}
	c := d.open()
	_, end := d.expect(c, "", "contacts/s00.vcf contacts/s01.vcf")
	d.expect(c, end, "")
	if err := d.f.Delete(connectors.Contact, "contacts/s00.vcf"); err != nil {
		d.Fatalf("%v", err)
	}
	if told, _, _, err := d.pull(c, end); connectors.ClassOf(err) != connectors.CursorExpired || len(told) > 0 {
		d.Errorf("a book that changed: told %v, %v", told, err)
	}
	d.expect(c, "", "contacts/s01.vcf")
}

// A limit that a server cannot keep is left away.
func noLimit(d *desk) {
	d.some(8)
	d.between = func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		if strings.Contains(string(body), "nresults") {
			rec := httptest.NewRecorder()
			refuse(rec, http.StatusForbidden, "number-of-matches-within-limits")
			return rec.Result(), nil
		}
		return next.RoundTrip(r)
	}
	told, _, _, err := d.pull(d.open(), "")
	if err != nil || len(told) != 8 {
		d.Errorf("told %d of 8, %v", len(told), err)
	}
}

// A card that the server lists and does not give is told, and costs no other.
func notGiven(d *desk) {
	d.some(3)
	d.between = func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		if err != nil || r.Method != "REPORT" {
			return resp, err
		}
		body, err := io.ReadAll(resp.Body)
		s := string(body)
		if i := strings.Index(s, "<ns1:address-data>BEGIN:VCARD\r\nVERSION:3.0\r\nUID:s-1\r"); i >= 0 { // its data is not there
			s = s[:i] + s[i+strings.Index(s[i:], "</ns1:address-data>")+len("</ns1:address-data>"):]
		}
		resp.Body, resp.ContentLength = io.NopCloser(strings.NewReader(s)), int64(len(s))
		return resp, err
	}
	rejected, _ := d.expect(d.open(), "", "contacts/s00.vcf contacts/s02.vcf")
	if len(rejected) != 1 || rejected[0].Where != "contacts/s01.vcf" || rejected[0].Kept {
		d.Errorf("set aside: %+v", rejected)
	}
}

// A book that is not there any more starts a comparison; its cards are not told as gone.
func bookGone(d *desk) {
	other := d.f.book("family")
	d.f.store(other, "x.vcf", simple("x", "X"))
	d.some(1)
	c := d.open()
	_, end := d.expect(c, "", "contacts/s00.vcf family/x.vcf")
	d.f.mu.Lock()
	delete(d.f.books, d.f.home+"family/")
	d.f.mu.Unlock()
	if told, _, _, err := d.pull(c, end); connectors.ClassOf(err) != connectors.CursorExpired || len(told) > 0 {
		d.Errorf("told %v, %v", told, err)
	}
	d.expect(c, "", "contacts/s00.vcf")
}

// A book that is new is read from its start, beside the changes of the others.
func bookNew(d *desk) {
	d.some(1)
	c := d.open()
	_, end := d.expect(c, "", "contacts/s00.vcf")
	d.f.store(d.f.book("zoo"), "x.vcf", simple("x", "X"))
	d.put("new.vcf", simple("n", "N"))
	_, end = d.expect(c, end, "contacts/new.vcf zoo/x.vcf")
	d.expect(c, end, "")
}

// traps are what only CardDAV servers get wrong, and on which of them.
var traps = map[string]struct {
	on  behaviour
	run func(d *desk)
}{
	"what was deleted before": {radicaleLike, deletedBefore}, "a forgotten state": {xandikosLike, forgottenState}, "down is not forgotten": {radicaleLike, downIsNotForgotten},
	"said only inside": {xandikosLike, saidInside}, "an address that is taken": {cyrusLike, takenAddress}, "a UID that is taken": {radicaleLike, takenUID},
	"other lines stay": {xandikosLike, otherLinesStay}, "strange addresses": {radicaleLike, strangeAddresses}, "no sync-collection": {cyrusLike, noSyncCollection},
	"a limit that cannot be kept": {cyrusLike, noLimit}, "a card that is not given": {xandikosLike, notGiven}, "a book that is gone": {radicaleLike, bookGone}, "a new book": {cyrusLike, bookNew},
}

func TestTraps(t *testing.T) {
	t.Parallel()
	for name, x := range traps {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x.run(newDesk(t, x.on, spec(testSizes, noDNS{})))
		})
	}
}
