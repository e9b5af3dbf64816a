package carddav

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
)

func page(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte("<!doctype html><title>Welcome to the hotel</title>"))
}

// connectWith opens a connection over handlers, by host.
func connectWith(t *testing.T, hosts handled, dns resolver, options ...string) (*connection, error) {
	t.Helper()
	o := map[string]string{"url": "https://dav.example", "user": "alice", "password": secret}
	for i := 0; i+1 < len(options); i += 2 {
		o[options[i]] = options[i+1]
	}
	c, err := spec(sizes{testPage, shipped.answer}, dns).Open(t.Context(), o, connectors.Env{HTTP: hosts, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }, Warn: t.Logf})
	if err != nil {
		return nil, err
	}
	return c.(*connection), nil
}

// What a person reads when the options or the server are wrong.
func TestWhatIsWrongIsSaid(t *testing.T) {
	t.Parallel()
	good := func() http.Handler { return newFake(behaviourOf(radicaleLike), "alice", secret) }
	status := func(code int) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) })
	}
	huge := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusMultiStatus)
		_, _ = w.Write(bytes.Repeat([]byte{' '}, int(shipped.answer)+1))
	})
	readOnly := newFake(behaviourOf(radicaleLike), "alice", secret)
	readOnly.books["/alice/contacts/"].readOnly = true
	elsewhere := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "https://other.example/dav/")
		w.WriteHeader(http.StatusMovedPermanently)
	})
	plain := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "http://dav.example/dav/")
		w.WriteHeader(http.StatusMovedPermanently)
	})
	nobody := newFake(behaviourOf(radicaleLike), "alice", secret)
	nobody.books = map[string]*fakeBook{}
	for name, c := range map[string]struct {
		server  http.Handler
		options []string
		class   connectors.Class
		want    string
	}{
		"no url":               {good(), []string{"url", ""}, connectors.Invalid, "the address is missing; give the address of your address books or your e-mail address as url"},
		"no password":          {good(), []string{"password", ""}, connectors.Invalid, "the password is missing; where the provider has app passwords, make one for Kept"},
		"no user":              {good(), []string{"user", ""}, connectors.Invalid, "the user name is missing; give it as user"},
		"no address":           {good(), []string{"url", "ftp://dav.example"}, connectors.Invalid, "the url is no address of a server; write it like https://cloud.example.com, or give your e-mail address"},
		"a password in it":     {good(), []string{"url", "https://alice:x@dav.example"}, connectors.Invalid, "the url holds a user name or password; give these as options of their own"},
		"wrong password":       {good(), []string{"password", "wrong"}, connectors.Auth, "dav.example does not accept user name and password; check both, and where the provider has app passwords make one for Kept: the password of the account does not work then"},
		"a web page":           {http.HandlerFunc(page), nil, connectors.Transient, "dav.example answers with a web page instead of data; check the address, and whether a login page or a firewall stands before it"},
		"nothing there":        {status(404), nil, connectors.NotFound, "dav.example has no address books at this address; check the url, which the provider calls the CardDAV address"},
		"a plain web server":   {status(405), nil, connectors.Invalid, "at this address dav.example has no address books; check the url"},
		"no rights":            {status(403), nil, connectors.Forbidden, "dav.example accepts the credentials but does not permit this (403)"},
		"broken":               {status(500), nil, connectors.Transient, "dav.example has trouble of its own (500); try again later"},
		"far too long":         {huge, nil, connectors.Invalid, "the answer of dav.example is far too long to be true"},
		"malformed":            {http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<multistatus")) }), nil, connectors.Transient, "dav.example gave only half an answer, or one that is none"},
		"another server":       {elsewhere, nil, connectors.Invalid, "dav.example sends us on to another server, other.example; the password is not given to it. If it is the right one, give https://other.example as url"},
		"to plain http":        {plain, nil, connectors.Invalid, "dav.example sends us from https on to plain http; that is refused, check its settings"},
		"a book that is not":   {good(), []string{"books", "Wholesale"}, connectors.NotFound, `there is no address book "Wholesale"; there are: contacts`},
		"new contacts nowhere": {good(), []string{"create_in", "Wholesale"}, connectors.NotFound, `there is no address book "Wholesale" to put new contacts into; there are: contacts`},
		"a read-only book":     {readOnly, []string{"create_in", "contacts"}, connectors.Forbidden, `the address book "contacts" may only be read; name another as create_in, or have its owner let you write`},
		"no book at all":       {nobody, nil, connectors.NotFound, "dav.example has no address book for alice yet; make one there"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, err := connectWith(t, handled{"dav.example": c.server}, noDNS{}, c.options...)
			if err == nil {
				err = conn.Check(t.Context())
			}
			if err == nil || err.Error() != c.want || connectors.ClassOf(err) != c.class {
				t.Errorf("%s %v\nwant %s %s", connectors.ClassOf(err), err, c.class, c.want)
			}
		})
	}
}

// behaviourOf is a behaviour whose server asks who comes.
func behaviourOf(b behaviour) behaviour {
	b.open = false
	return b
}

// Who does not have the right password reads what the provider calls it and where it is made.
func TestProvidersSayWhatTheyWant(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{"contacts.icloud.com": "account.apple.com > Sign-In and Security > App-Specific Passwords", "p42-contacts.icloud.com": "iCloud wants an app-specific password",
		"carddav.fastmail.com": "Fastmail wants an app password", "dav.mailbox.org": "mailbox.org wants", "posteo.de": "Posteo wants the password of the account"} {
		if got := wants(host); !strings.Contains(got, want) {
			t.Errorf("%s: %q", host, got)
		}
	}
	if got := wants("cloud.example.com"); got != "" {
		t.Errorf("an unknown host: %q", got)
	}
	for _, p := range presets {
		if p.Name == "" || p.Title == "" || p.Where["password"] == "" || p.Options["url"] == "" && p.Where["url"] == "" {
			t.Errorf("preset %q says too little", p.Name)
		}
	}
}

// What is wrong with single cards costs no other, and is said with its place.
func TestCardsThatAreSetAside(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, told, where, field, reason string }{
		"no name":        {simple("x", "", "NOTE:hello", ""), "", "contacts/x.vcf", "", "the card has no name, company, e-mail address, phone number or handle"},
		"no card":        {"hello", "", "contacts/x.vcf", "", "this is no card"},
		"a calendar":     {"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "", "contacts/x.vcf", "", "this is no card"},
		"cut":            {"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Jana\r\nTEL:+49 45", "", "contacts/x.vcf", "", "the card ends in the middle; complete it up to END:VCARD, or save the contact again there"},
		"two in one":     {simple("x", "Jana") + simple("y", "Wei"), "contacts/x.vcf", "contacts/x.vcf:6", "", "2 cards stand under one address; the first was read"},
		"a group":        {simple("x", "Friends", "KIND:group", "MEMBER:urn:uuid:1", ""), "", "contacts/x.vcf:1", "KIND", `"Friends" is a group, no person; it tags nobody here`},
		"Apple's group":  {simple("x", "Friends", "X-ADDRESSBOOKSERVER-KIND:group", ""), "", "contacts/x.vcf:1", "KIND", `"Friends" is a group, no person; it tags nobody here`},
		"a bad e-mail":   {simple("x", "Jana", "EMAIL:jana@@x", ""), "contacts/x.vcf", "contacts/x.vcf:5", "EMAIL", `e-mail "jana@@x" is no address`},
		"no UTF-8":       {simple("x", "K\xf6hler"), "contacts/x.vcf", "", "", ""},
		"control bytes":  {simple("x", "Jana\x0b\x01 K"), "contacts/x.vcf", "", "", ""},
		"one UID twice":  {simple("s-0", "Jana"), "contacts/x.vcf", "contacts/x.vcf:3", "UID", `"s-0" stands in contacts/s00.vcf already, on another card; remove one of the two, or give one of them another UID`},
		"nothing but FN": {simple("x", "山田太郎 🌟"), "contacts/x.vcf", "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, b := range []behaviour{xandikosLike, cyrusLike} {
				d := newDesk(t, b, spec(testSizes, noDNS{}))
				d.some(1)
				d.put("x.vcf", c.text)
				conn := d.open()
				rejected, _ := d.expect(conn, "", strings.TrimSpace("contacts/s00.vcf "+c.told))
				if c.reason == "" {
					if len(rejected) > 0 {
						t.Errorf("%s: set aside: %+v", b.name, rejected)
					}
					continue
				}
				if len(rejected) != 1 || rejected[0].Where != c.where || rejected[0].Field != c.field || rejected[0].Reason != c.reason {
					t.Errorf("%s: %+v", b.name, rejected)
					continue
				}
				if rejected[0].Kept {
					continue
				}
				p, err := conn.(connectors.Rereader).Reread(t.Context(), rejected[0].Context, "FN:Corrected\nTEL:1")
				if err != nil || len(p.Changes) != 1 || p.Changes[0].Record.ID != "contacts/x.vcf" || value(p.Changes[0].Record, "name") != "Corrected" || p.Changes[0].Record.Version == "" {
					t.Errorf("corrected: %+v, %v", p, err)
				}
			}
		})
	}
}

// named knows some domains.
type named struct {
	srv map[string]*net.SRV
	txt map[string]string
}

func (n named) LookupSRV(_ context.Context, service, proto, name string) (string, []*net.SRV, error) {
	if r := n.srv["_"+service+"._"+proto+"."+name]; r != nil {
		return "", []*net.SRV{r}, nil
	}
	return "", nil, errors.New("no such host")
}

func (n named) LookupTXT(_ context.Context, name string) ([]string, error) {
	if s, ok := n.txt[name]; ok {
		return []string{s}, nil
	}
	return nil, errors.New("no such host")
}

// The home is found from an e-mail address, a server, a principal, a home or a book.
func TestDiscovery(t *testing.T) {
	t.Parallel()
	dns := named{srv: map[string]*net.SRV{"_carddavs._tcp.example.org": {Target: "dav.example.org.", Port: 8443}, "_carddavs._tcp.far.example": {Target: "dav.provider.example.", Port: 443},
		"_carddavs._tcp.path.example": {Target: "path.example.", Port: 443}, "_carddavs._tcp.none.example": {Target: ".", Port: 0}}, txt: map[string]string{"_carddavs._tcp.path.example": "path=/dav/addressbooks"}}
	for _, c := range []struct {
		url, host string
		b         behaviour
		want      string // what is told, or the error
	}{
		{"https://dav.example", "dav.example", radicaleLike, "contacts/s00.vcf family/f.vcf"},
		{"dav.example", "dav.example", xandikosLike, "contacts/s00.vcf family/f.vcf"},
		{"https://dav.example", "dav.example", cyrusLike, "contacts/s00.vcf family/f.vcf"},
		{"https://dav.example/alice/", "dav.example", radicaleLike, "contacts/s00.vcf family/f.vcf"},
		{"https://dav.example/alice/", "dav.example", xandikosLike, "contacts/s00.vcf family/f.vcf"},
		{"https://dav.example/dav/addressbooks/user/alice/", "dav.example", cyrusLike, "contacts/s00.vcf family/f.vcf"},
		{"https://dav.example/dav/principals/user/alice/", "dav.example", cyrusLike, "contacts/s00.vcf family/f.vcf"},
		{"https://dav.example/alice/family", "dav.example", radicaleLike, "family/f.vcf"},
		{"https://dav.example/dav/addressbooks/user/alice/family/", "dav.example", cyrusLike, "family/f.vcf"},
		{"https://dav.example/wrong/path", "dav.example", radicaleLike, "contacts/s00.vcf family/f.vcf"},
		{"jana@example.org", "dav.example.org:8443", radicaleLike, "contacts/s00.vcf family/f.vcf"},
		{"jana@path.example", "path.example", cyrusLike, "contacts/s00.vcf family/f.vcf"},
		{"jana@bare.example", "bare.example", xandikosLike, "contacts/s00.vcf family/f.vcf"},
		{"jana@far.example", "dav.provider.example", radicaleLike, "the domain far.example names dav.provider.example as its address books; the password is not given to another domain unasked. If it is the right one, give https://dav.provider.example as url"},
		{"jana@none.example", "none.example", radicaleLike, "none.example says that it has no address books; give the address of the server as url"},
	} {
		t.Run(c.url+" "+c.b.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(behaviourOf(c.b), "alice", secret)
			f.store(f.books[f.home+"contacts/"], "s00.vcf", simple("s", "S"))
			f.store(f.book("family"), "f.vcf", simple("f", "F"))
			f.store(f.book("z-server-generated--system"), "a.vcf", simple("a", "A colleague"))
			conn, err := connectWith(t, handled{c.host: f}, dns, "url", c.url)
			if err != nil {
				t.Fatal(err)
			}
			d := &desk{TB: t, f: f}
			told, _, _, err := d.pull(conn, "")
			if got := strings.Join(told, " "); got != c.want && (err == nil || err.Error() != c.want) {
				t.Errorf("%q, %v; want %q", got, err, c.want)
			}
			for _, b := range []string{"family", "/" + strings.TrimPrefix(f.home, "/") + "family"} {
				conn, err = connectWith(t, handled{c.host: f}, dns, "url", c.url, "books", strings.TrimPrefix(b, f.home))
				if err != nil {
					t.Fatal(err)
				}
				if told, _, _, err := d.pull(conn, ""); err == nil && strings.Join(told, " ") != "family/f.vcf" {
					t.Errorf("one book: %q", told)
				}
			}
		})
	}
}

// The password goes to the server that was named and to no other, whatever that one says. iCloud's
// accounts are on hosts of its own.
func TestPasswordStaysWithItsServer(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	note := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "" {
				seen[r.Host]++
			}
			next.ServeHTTP(w, r)
		})
	}
	account := newFake(behaviourOf(radicaleLike), "alice", secret)
	account.store(account.books["/alice/contacts/"], "a.vcf", simple("a", "A"))
	principal := func(host string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusMultiStatus)
			_, _ = fmt.Fprintf(w, `<multistatus xmlns="DAV:"><response><href>/</href><propstat><prop><current-user-principal><href>https://%s/alice/</href></current-user-principal></prop><status>HTTP/1.1 200 OK</status></propstat></response></multistatus>`, host)
		})
	}
	hosts := handled{"contacts.icloud.com": note(principal("p42-contacts.icloud.com")), "p42-contacts.icloud.com": note(account), "dav.example": note(principal("thief.example")), "thief.example": note(account)}
	conn, err := connectWith(t, hosts, noDNS{}, "url", "https://contacts.icloud.com")
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{TB: t, f: account}
	if told, _, _, err := d.pull(conn, ""); err != nil || len(told) != 1 || seen["p42-contacts.icloud.com"] == 0 {
		t.Errorf("iCloud: told %v, %v", told, err)
	}
	conn, err = connectWith(t, hosts, noDNS{})
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Check(t.Context()); connectors.ClassOf(err) != connectors.Invalid || !strings.Contains(err.Error(), "another server, thief.example; the password is not given to it") {
		t.Errorf("another server: %v", err)
	}
	if seen["thief.example"] > 0 {
		t.Errorf("the password went to another server")
	}
}

// A cursor of another account, or of nobody, is no state of this one.
func TestForeignCursors(t *testing.T) {
	t.Parallel()
	d := newDesk(t, radicaleLike, spec(testSizes, noDNS{}))
	d.some(1)
	_, end := d.expect(d.open(), "", "contacts/s00.vcf")
	for _, from := range []connectors.Cursor{"x", "{}", connectors.Cursor(strings.Replace(string(end), `"at":"`, `"at":"0`, 1)), connectors.Cursor(strings.Replace(string(end), "https://", "::", 1))} {
		if _, _, _, err := d.pull(d.open(), from); connectors.ClassOf(err) != connectors.CursorExpired {
			t.Errorf("%s: %v", from, err)
		}
	}
}

// A book full of photos is read in pieces.
func TestAnswersTooLong(t *testing.T) {
	t.Parallel()
	d := newDesk(t, radicaleLike, spec(testSizes, noDNS{}))
	photo := "PHOTO;ENCODING=b:" + strings.Repeat("A", int(testSizes.answer)/7)
	for i := range 8 {
		d.put(fmt.Sprintf("s%d.vcf", i), simple(fmt.Sprint(i), fmt.Sprint("P", i), photo, ""))
	}
	told, rejected, end, err := d.pull(d.open(), "")
	if err != nil || len(told) != 8 || len(rejected) > 0 {
		t.Errorf("told %d, %+v, %v", len(told), rejected, err)
	}
	if !strings.Contains(string(end), `"b":true`) {
		t.Errorf("it is not remembered: %s", end)
	}
}

// Where a server keeps something else than what was written, that is told, and said once.
func TestServersThatKeepLess(t *testing.T) {
	t.Parallel()
	d := newDesk(t, cyrusLike, spec(testSizes, noDNS{}))
	d.between = func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		if r.Method == http.MethodPut {
			for name := range d.f.books[d.f.home+"contacts/"].cards {
				d.put(name, strings.Replace(d.text(name), "long", "cut", 1))
			}
		}
		return resp, err
	}
	d.put("a.vcf", simple("a", "A", ""))
	c := d.open()
	recs, err := c.(connectors.Fetcher).Fetch(t.Context(), connectors.Contact, []string{"contacts/a.vcf"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.(connectors.Pusher).Push(t.Context(), change(recs[0], "note", "a long one"))
	if err != nil || value(got, "note") != "a cut one" {
		t.Errorf("%+v, %v", got, err)
	}
	if len(d.warned) != 1 || d.warned[0] != "the address book does not keep every value of note as it was written; what it keeps is taken over" {
		t.Errorf("%q", d.warned)
	}
}
