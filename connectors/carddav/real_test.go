package carddav

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/connectortest"
	"github.com/keptcrm/kept/internal/servers"
)

// realBook is a book on a real server, changed as another program would: with requests of its own.
type realBook struct {
	url  string // of the book
	id   string // of the book in IDs
	next atomic.Int64
	// expire makes the server forget its tokens; nil: it cannot be made to.
	expire func() error
}

func (b *realBook) send(method, name, body string, header ...string) (string, error) {
	req, err := http.NewRequest(method, b.url+name, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Close = true
	req.SetBasicAuth("alice", secret)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var out bytes.Buffer
	if _, err := out.ReadFrom(io.LimitReader(resp.Body, 8<<20)); err != nil {
		return "", err
	}
	if resp.StatusCode >= 300 || resp.StatusCode == http.StatusMultiStatus && method == http.MethodPut {
		return "", fmt.Errorf("%s %s: %s %s", method, name, resp.Status, out.String())
	}
	return out.String(), nil
}

func (b *realBook) Put(_ connectors.Kind, id string, r connectors.Record, at time.Time) (string, error) {
	if id == "" {
		id = fmt.Sprintf("%sp%d.vcf", b.id, b.next.Add(1))
	}
	name := strings.TrimPrefix(id, b.id)
	_, err := b.send(http.MethodPut, name, cardText("uid-"+name, r, at), "Content-Type", "text/vcard; charset=utf-8")
	return id, err
}

func (b *realBook) Delete(_ connectors.Kind, id string) error {
	_, err := b.send(http.MethodDelete, strings.TrimPrefix(id, b.id), "")
	return err
}

var hrefPattern = regexp.MustCompile(`href>([^<]*/([^/<]+\.vcf))</`)

func (b *realBook) Live(connectors.Kind) ([]string, error) {
	body, err := b.send("PROPFIND", "", `<?xml version="1.0"?><propfind xmlns="DAV:"><prop><getetag/></prop></propfind>`, "Content-Type", "application/xml", "Depth", "1")
	if err != nil {
		return nil, err
	}
	out := []string{}
	for _, m := range hrefPattern.FindAllStringSubmatch(body, -1) {
		out = append(out, b.id+m[2])
	}
	return out, nil
}

// expiring is a book whose server can be made to forget.
type expiring struct{ *realBook }

// Expire changes something first: Radicale knows a token by the state that it is of, even one that it
// has forgotten.
func (b expiring) Expire() error {
	if _, err := b.send(http.MethodPut, "passing.vcf", "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:passing\r\nFN:Nobody\r\nEND:VCARD\r\n", "Content-Type", "text/vcard; charset=utf-8"); err != nil {
		return err
	}
	if _, err := b.send(http.MethodDelete, "passing.vcf", ""); err != nil {
		return err
	}
	return b.expire()
}

// realHarness is the suite over the network, with a book for each case.
func realHarness(server func(tb testing.TB) connectortest.Server) connectortest.Harness {
	h := harness(server)
	h.API.Real = true
	return h
}

func TestRadicale(t *testing.T) {
	t.Parallel()
	r := servers.Need(t, servers.StartRadicale)
	if err := r.AddUser("alice", secret); err != nil {
		t.Fatal(err)
	}
	var n atomic.Int64
	server := func(tb testing.TB) connectortest.Server {
		tb.Helper()
		name := fmt.Sprintf("case%d", n.Add(1))
		b := &realBook{url: r.URL + "alice/" + name + "/", id: name + "/", expire: r.ForgetTokens}
		if _, err := b.send("MKCOL", "", `<?xml version="1.0"?><mkcol xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><set><prop><resourcetype><collection/><C:addressbook/></resourcetype></prop></set></mkcol>`,
			"Content-Type", "application/xml"); err != nil {
			tb.Fatal(err)
		}
		return connectortest.Server{Options: map[string]string{"url": r.URL, "books": name}, Control: expiring{b}}
	}
	connectortest.Run(t, realHarness(server))
	t.Run("what it is known for", func(t *testing.T) { realTraps(t, server(t), true) })
	t.Run("as measured", func(t *testing.T) {
		realRows(t, strings.TrimSuffix(r.URL, "/"), strings.TrimPrefix(bookOf(server(t).Control).url, strings.TrimSuffix(r.URL, "/")), 0)
	})
	t.Run("killed and started again", func(t *testing.T) {
		s := server(t)
		c := connected(t, s.Options)
		id, err := s.Control.Put(connectors.Contact, "", harness(nil).API.Record(1), time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		_, cur := pulled(t, c, "")
		if err := r.Kill(); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Pull(t.Context(), connectors.Contact, cur); connectors.ClassOf(err) != connectors.Transient || !strings.Contains(err.Error(), "nothing answers at") {
			t.Errorf("a server that is down: %v", err)
		}
		if err := r.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := s.Control.Delete(connectors.Contact, id); err != nil {
			t.Fatal(err)
		}
		if changes, _ := pulled(t, c, cur); len(changes) != 1 || !changes[0].Gone || changes[0].Record.ID != id {
			t.Errorf("after it came back: %+v", changes)
		}
	})
}

func TestXandikos(t *testing.T) {
	t.Parallel()
	x := servers.Need(t, servers.StartXandikos)
	to, err := url.Parse(x.URL)
	if err != nil {
		t.Fatal(err)
	}
	// It lets everybody in, so it runs behind something that does not.
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.Transport = &http.Transport{DisableKeepAlives: true}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, ok := r.BasicAuth(); !ok || user != "alice" || password != secret {
			w.Header().Set("WWW-Authenticate", `Basic realm="books"`)
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	var n atomic.Int64
	server := func(tb testing.TB) connectortest.Server {
		tb.Helper()
		name := fmt.Sprintf("case%d", n.Add(1))
		if err := x.AddBook(t.Context(), name); err != nil {
			tb.Fatal(err)
		}
		b := &realBook{url: front.URL + "/alice/contacts/" + name + "/", id: name + "/"}
		return connectortest.Server{Options: map[string]string{"url": front.URL, "books": name}, Control: b}
	}
	connectortest.Run(t, realHarness(server))
	t.Run("what it is known for", func(t *testing.T) { realTraps(t, server(t), false) })
	t.Run("as measured", func(t *testing.T) {
		realRows(t, front.URL, strings.TrimPrefix(bookOf(server(t).Control).url, front.URL), 1)
	})
}

// realTraps holds on a real server what the fake was made to play.
func realTraps(t *testing.T, s connectortest.Server, oneUID bool) {
	b := bookOf(s.Control)
	c := connected(t, s.Options)
	// A card of another program, with what Kept knows nothing of, is changed on one line.
	const odd = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:odd-1\r\nFN:Zoë Ünal\r\nN:Ünal;Zoë\r\nitem1.EMAIL;type=INTERNET:z@x.example\r\nitem1.X-ABLabel:Ferien\r\nX-LENS;A=\"b:c\":50\\;1.4\r\n" +
		"PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQ\r\n NDAsLDBkSEw8UHRofHh0a\r\nNOTE:calls on\r\n  Mondays\r\nEND:VCARD\r\n"
	if _, err := b.send(http.MethodPut, "Zo%C3%AB%20%C3%9C.vcf", odd, "Content-Type", "text/vcard; charset=utf-8"); err != nil {
		t.Fatal(err)
	}
	changes, cur := pulled(t, c, "")
	if len(changes) != 1 || changes[0].Record.ID != b.id+"Zoë Ü.vcf" {
		t.Fatalf("a card at an address that is no ASCII: %+v", changes)
	}
	before, err := b.send(http.MethodGet, "Zo%C3%AB%20%C3%9C.vcf", "")
	if err != nil {
		t.Fatal(err)
	}
	rec := changes[0].Record
	in := connectors.Intent{ID: "i", Key: "k", Expect: rec.Version, Base: rec, Record: rec, Changed: []string{"email"}}
	in.Record.Fields = []connectors.Field{{Name: "email", Values: []connectors.Value{{Text: "z@new.example", Label: "ferien"}}}}
	got, err := c.Push(t.Context(), in)
	if err != nil || value(got, "email") != "z@new.example" || got.Version == rec.Version {
		t.Errorf("pushed: %+v, %v", got, err)
	}
	after, err := b.send(http.MethodGet, "Zo%C3%AB%20%C3%9C.vcf", "")
	if err != nil || after != strings.Replace(before, "z@x.example", "z@new.example", 1) {
		t.Errorf("more than a line changed:\n%q\n%q\n%v", before, after, err)
	}
	// A second card with that UID.
	_, err = b.send(http.MethodPut, "second.vcf", odd, "Content-Type", "text/vcard; charset=utf-8")
	if (err != nil) != oneUID {
		t.Errorf("a second card with one UID: %v", err)
	}
	if !oneUID {
		page, err := c.Pull(t.Context(), connectors.Contact, cur)
		if err != nil || len(page.Changes) != 2 || len(page.Rejected) != 1 || page.Rejected[0].Reason != `"odd-1" stands in `+b.id+`Zoë Ü.vcf already, on another card; remove one of the two, or give one of them another UID` {
			t.Errorf("two cards with one UID: %+v, %v", page, err)
		}
	}
	// A token that the server never gave is no word about anything being deleted.
	for _, token := range []string{"http://radicale.org/ns/sync/" + strings.Repeat("0", 64), "nonsense"} {
		bad := strings.Replace(string(cur), `"t":"`, `"t":"`+token+`","x":"`, 1)
		if _, err := c.Pull(t.Context(), connectors.Contact, connectors.Cursor(bad)); connectors.ClassOf(err) != connectors.CursorExpired {
			t.Errorf("an unknown token: %v", err)
		}
	}
	// What is no card at all is refused in the server's own way.
	h, err := c.at0(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if a, err := c.put(t.Context(), h, h.path(b.id+"bad.vcf"), "If-None-Match", "*", []byte("this is no card")); connectors.ClassOf(err) != connectors.Invalid {
		t.Errorf("no card at all: %d %v", a.Status, err)
	}
}

func bookOf(c connectortest.Control) *realBook {
	if e, ok := c.(expiring); ok {
		return e.realBook
	}
	return c.(*realBook)
}

func connected(t testing.TB, options map[string]string) *connection {
	t.Helper()
	o := map[string]string{"user": "alice", "password": secret}
	for k, v := range options {
		o[k] = v
	}
	c, err := spec(testSizes, noDNS{}).Open(t.Context(), o, connectors.Env{Warn: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.(*connection).Close(); err != nil {
			t.Error(err)
		}
	})
	return c.(*connection)
}

// pulled reads from a cursor to the end.
func pulled(t testing.TB, c *connection, from connectors.Cursor) ([]connectors.Change, connectors.Cursor) {
	t.Helper()
	var out []connectors.Change
	for {
		page, err := c.Pull(t.Context(), connectors.Contact, from)
		if err != nil {
			t.Fatal(err)
		}
		out, from = append(out, page.Changes...), page.Next
		if !page.More {
			return out, from
		}
	}
}

func value(r connectors.Record, field string) string {
	for _, f := range r.Fields {
		if f.Name == field && len(f.Values) > 0 {
			return f.Values[0].Text
		}
	}
	return ""
}
