package carddav

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// behaviour is how one server answers where servers differ. The values were measured on the real ones.
type behaviour struct {
	name        string
	wellKnown   int    // status of /.well-known/carddav
	to          string // its Location; "HOST" stands for the whole address
	principal   string // where the root says that the principal is
	home        string
	onHome      bool // the home knows the home set too
	open        bool // asks nobody who he is
	strictXML   bool // 415 for XML that does not say so
	updated     int  // status of a PUT over what is there
	oneUID      bool // refuses a UID under two addresses
	rewrites    bool // stores properties sorted, N with five parts and LF
	no4         bool // stores version 4.0 as 3.0
	garbage     int  // for what is no card; 207 says so inside
	incomplete  int  // for a card without UID or FN
	unversioned int  // for a card without VERSION
	old         int  // for version 2.1
	two         int  // for two cards in one PUT
	latin       bool // reads bytes that are no UTF-8 as Latin-1
	tombstones  bool // tells what was deleted before in the first answer
	badToken    int  // for a token that it does not know
	limited     bool // honours a limit: 507 and a token to go on
	withData    bool // gives cards with the changes
	partial     bool // gives the asked properties of a card alone
	query       int  // for addressbook-query
	move        int
	again       int    // for MKCOL over what is there
	token       string // what tokens look like
	dav, card   string // prefixes of the namespaces
}

var radicaleLike = behaviour{name: "Radicale 3.1.8", wellKnown: 301, to: "/", principal: "/alice/", home: "/alice/", onHome: true, updated: 201, oneUID: true, rewrites: true, garbage: 400, incomplete: 400,
	unversioned: 201, old: 201, two: 400, latin: true, tombstones: true, badToken: 403, withData: true, query: 207, move: 201, again: 405, token: "http://radicale.org/ns/sync/%s", card: "CR:"}

var xandikosLike = behaviour{name: "Xandikos 0.2.8", wellKnown: 302, to: "/", principal: "/alice/", home: "/alice/contacts/", open: true, strictXML: true, updated: 204, garbage: 207, incomplete: 201,
	unversioned: 201, old: 201, two: 201, badToken: 500, query: 500, move: 405, again: 405, token: "%s", dav: "ns0:", card: "ns1:"}

var cyrusLike = behaviour{name: "Cyrus 3.6.1", wellKnown: 301, to: "HOST/dav/addressbooks", principal: "/dav/principals/user/alice/", home: "/dav/addressbooks/user/alice/", strictXML: true, updated: 204, no4: true,
	garbage: 403, incomplete: 403, unversioned: 403, old: 403, two: 201, badToken: 403, limited: true, withData: true, partial: true, query: 207, move: 201, again: 403,
	token: "data:,%s", dav: "D:", card: "C:"}

// fake is a CardDAV server in memory that behaves as one of the real ones.
type fake struct {
	behaviour
	user, password string

	mu     sync.Mutex
	seq    int
	epoch  int
	books  map[string]*fakeBook // by path
	tokens map[string]int
}

type fakeBook struct {
	name     string
	readOnly bool
	cards    map[string]*fakeCard // by decoded name
	gone     map[string]int
}

type fakeCard struct {
	text string
	seq  int
}

func (c *fakeCard) etag() string {
	sum := sha256.Sum256([]byte(c.text))
	return `"` + hex.EncodeToString(sum[:10]) + `"`
}

func newFake(b behaviour, user, password string) *fake {
	f := &fake{behaviour: b, user: user, password: password, books: map[string]*fakeBook{}, tokens: map[string]int{}}
	f.book("contacts")
	return f
}

func (f *fake) book(name string) *fakeBook {
	f.mu.Lock()
	defer f.mu.Unlock()
	b := &fakeBook{name: name, cards: map[string]*fakeCard{}, gone: map[string]int{}}
	f.books[f.home+name+"/"] = b
	return b
}

// tokenOf gives the token of a state.
func (f *fake) tokenOf(book string, seq int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s %d", f.epoch, book, seq))
	t := fmt.Sprintf(f.token, hex.EncodeToString(sum[:16]))
	f.tokens[t] = seq
	return t
}

// answerOut writes a multistatus with the server's own prefixes.
type answerOut struct {
	f *fake
	b strings.Builder
}

func (f *fake) answer() *answerOut {
	a := &answerOut{f: f}
	d := `xmlns="DAV:"`
	if f.dav != "" {
		d = `xmlns:` + strings.TrimSuffix(f.dav, ":") + `="DAV:"`
	}
	a.b.WriteString(`<?xml version="1.0" encoding="utf-8"?>` + "\n<" + f.dav + "multistatus " + d + ` xmlns:` + strings.TrimSuffix(f.card, ":") + `="urn:ietf:params:xml:ns:carddav">`)
	return a
}

func (a *answerOut) tag(name, inner string) string {
	return "<" + name + ">" + inner + "</" + name + ">"
}

func hrefOf(path string) string {
	return strings.ReplaceAll((&url.URL{Path: path}).EscapedPath(), "&", "&amp;")
}

// status says of an address that it is not there, or that there is more.
func (a *answerOut) status(path string, code int) {
	d := a.f.dav
	a.b.WriteString(a.tag(d+"response", a.tag(d+"href", hrefOf(path))+a.tag(d+"status", fmt.Sprintf("HTTP/1.1 %d %s", code, http.StatusText(code)))))
}

// props says what an address has, and which of the asked properties it has not.
func (a *answerOut) props(path string, have map[string]string, asked []string) {
	d := a.f.dav
	var found, missing strings.Builder
	for _, name := range asked {
		prefix := d
		if name == "address-data" || name == "addressbook-home-set" {
			prefix = a.f.card
		}
		if v, ok := have[name]; ok {
			found.WriteString(a.tag(prefix+name, v))
		} else if name != "getctag" {
			missing.WriteString("<" + prefix + name + " />")
		}
	}
	out := a.tag(d+"href", hrefOf(path))
	if found.Len() > 0 || missing.Len() == 0 {
		out += a.tag(d+"propstat", a.tag(d+"prop", found.String())+a.tag(d+"status", "HTTP/1.1 200 OK"))
	}
	if missing.Len() > 0 {
		out += a.tag(d+"propstat", a.tag(d+"prop", missing.String())+a.tag(d+"status", "HTTP/1.1 404 Not Found"))
	}
	a.b.WriteString(a.tag(d+"response", out))
}

func (a *answerOut) send(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.WriteHeader(http.StatusMultiStatus)
	_, _ = io.WriteString(w, a.b.String()+"</"+a.f.dav+"multistatus>")
}

func refuse(w http.ResponseWriter, status int, precondition string) {
	if precondition == "" {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, http.StatusText(status))
		return
	}
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `<?xml version="1.0" encoding="utf-8"?><error xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><`+precondition+` /></error>`)
}

// asked is what a PROPFIND or REPORT asks for.
type asked struct {
	XMLName xml.Name
	Prop    struct {
		Any []struct {
			XMLName xml.Name
			Props   []struct {
				Name string `xml:"name,attr"`
			} `xml:"urn:ietf:params:xml:ns:carddav prop"`
		} `xml:",any"`
	} `xml:"DAV: prop"`
	Token *string `xml:"DAV: sync-token"`
	Limit struct {
		Results int `xml:"DAV: nresults"`
	} `xml:"DAV: limit"`
	Hrefs []string `xml:"DAV: href"`
	Match string   `xml:"urn:ietf:params:xml:ns:carddav filter>prop-filter>text-match"`
}

func (q asked) names() []string {
	var out []string
	for _, p := range q.Prop.Any {
		out = append(out, p.XMLName.Local)
	}
	return out
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	path := r.URL.Path
	if path == "/.well-known/carddav" {
		w.Header().Set("Location", strings.Replace(f.to, "HOST", "https://"+r.Host, 1))
		w.WriteHeader(f.wellKnown)
		return
	}
	if user, password, ok := r.BasicAuth(); !f.open && (!ok || user != f.user || password != f.password) {
		w.Header().Set("WWW-Authenticate", `Basic realm="Radicale - Password Required"`)
		refuse(w, http.StatusUnauthorized, "")
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<24))
	if err != nil {
		refuse(w, http.StatusBadRequest, "")
		return
	}
	switch r.Method {
	case "PROPFIND", "REPORT", "PROPPATCH", "MKCOL":
		if f.strictXML && len(body) > 0 && !strings.Contains(r.Header.Get("Content-Type"), "xml") {
			refuse(w, http.StatusUnsupportedMediaType, "")
			return
		}
	}
	switch r.Method {
	case "PROPFIND":
		f.propfind(w, r, body)
	case "REPORT":
		f.report(w, r, body)
	case "MKCOL":
		f.mkcol(w, path)
	case "PROPPATCH":
		a := f.answer()
		a.props(path, map[string]string{"displayname": ""}, []string{"displayname"})
		a.send(w)
	default:
		f.resource(w, r, body)
	}
}

func (f *fake) mkcol(w http.ResponseWriter, path string) {
	switch {
	case f.books[path] != nil:
		precondition := ""
		if f.again == http.StatusForbidden {
			precondition = "resource-must-be-null"
		}
		refuse(w, f.again, precondition)
	case !strings.HasPrefix(path, f.home) || !strings.HasSuffix(path, "/"):
		refuse(w, http.StatusForbidden, "")
	default:
		f.books[path] = &fakeBook{name: path, cards: map[string]*fakeCard{}, gone: map[string]int{}}
		w.WriteHeader(http.StatusCreated)
	}
}

func (f *fake) propfind(w http.ResponseWriter, r *http.Request, body []byte) {
	var q asked
	if xml.Unmarshal(body, &q) != nil || q.XMLName.Local != "propfind" {
		refuse(w, http.StatusBadRequest, "")
		return
	}
	path := r.URL.Path
	a := f.answer()
	d := f.dav
	href := func(p string) string { return a.tag(d+"href", p) }
	collection := "<" + d + "collection />"
	everywhere := map[string]string{"current-user-principal": href(f.principal)}
	with := func(more map[string]string) map[string]string {
		for k, v := range everywhere {
			more[k] = v
		}
		return more
	}
	deep := r.Header.Get("Depth") == "1"
	showBook := func(p string, b *fakeBook) {
		rights := a.tag(d+"privilege", "<"+d+"read />")
		if !b.readOnly {
			rights += a.tag(d+"privilege", "<"+d+"write />") + a.tag(d+"privilege", "<"+d+"write-content />")
		}
		a.props(p, with(map[string]string{"resourcetype": "<" + f.card + "addressbook />" + collection, "displayname": b.name, "current-user-privilege-set": rights, "sync-token": f.tokenOf(p, f.seq)}), q.names())
	}
	switch book := f.books[path]; {
	case path == "/" || path == "/dav/addressbooks" || path == "/dav/addressbooks/":
		a.props(path, with(map[string]string{"resourcetype": collection}), q.names())
	case path == f.home:
		have := map[string]string{"resourcetype": collection}
		if f.onHome {
			have["addressbook-home-set"] = href(f.home)
		}
		a.props(path, with(have), q.names())
		for _, p := range keysOf(f.books) {
			if deep {
				showBook(p, f.books[p])
			}
		}
	case path == f.principal:
		a.props(path, with(map[string]string{"resourcetype": "<" + d + "principal />", "addressbook-home-set": href(f.home)}), q.names())
	case book != nil:
		showBook(path, book)
		for _, name := range keysOf(book.cards) {
			if deep {
				a.props(path+name, map[string]string{"resourcetype": "", "getetag": book.cards[name].etag(), "getcontenttype": "text/vcard; charset=utf-8"}, q.names())
			}
		}
	default:
		refuse(w, http.StatusNotFound, "")
		return
	}
	a.send(w)
}

func keysOf[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func (f *fake) report(w http.ResponseWriter, r *http.Request, body []byte) {
	var q asked
	book := f.books[r.URL.Path]
	if xml.Unmarshal(body, &q) != nil {
		refuse(w, http.StatusBadRequest, "")
		return
	}
	if book == nil {
		refuse(w, http.StatusForbidden, "supported-report")
		return
	}
	a := f.answer()
	switch q.XMLName.Local {
	case "sync-collection":
		f.sync(w, a, r.URL.Path, book, q)
		return
	case "addressbook-multiget":
		for _, h := range q.Hrefs {
			u, err := url.Parse(strings.TrimSpace(h))
			if err != nil {
				continue
			}
			c := book.cards[strings.TrimPrefix(u.Path, r.URL.Path)]
			if c == nil {
				a.status(u.Path, http.StatusNotFound)
				continue
			}
			f.show(a, u.Path, c, q, true)
		}
	case "addressbook-query":
		if f.query == http.StatusInternalServerError {
			refuse(w, f.query, "")
			return
		}
		for _, name := range keysOf(book.cards) {
			if strings.Contains(book.cards[name].text, q.Match) {
				f.show(a, r.URL.Path+name, book.cards[name], q, true)
			}
		}
	default:
		refuse(w, http.StatusForbidden, "supported-report")
		return
	}
	a.send(w)
}

// show gives a card's properties.
func (f *fake) show(a *answerOut, path string, c *fakeCard, q asked, data bool) {
	have := map[string]string{"getetag": c.etag()}
	if data {
		text := c.text
		if !utf8.ValidString(text) {
			text = strings.ToValidUTF8(text, "\uFFFD")
		}
		for _, p := range q.Prop.Any {
			if p.XMLName.Local == "address-data" && len(p.Props) > 0 && f.partial {
				text = only(text, func(name string) bool {
					return name == "BEGIN" || name == "END" || name == "VERSION" || slices.ContainsFunc(p.Props, func(x struct {
						Name string `xml:"name,attr"`
					}) bool {
						return x.Name == name
					})
				})
			}
		}
		have["address-data"] = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
	}
	a.props(path, have, q.names())
}

func only(text string, keep func(name string) bool) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if keep(line[:max(0, strings.IndexAny(line, ":;"))]) {
			b.WriteString(line)
		}
	}
	return b.String()
}

func (f *fake) sync(w http.ResponseWriter, a *answerOut, path string, book *fakeBook, q asked) {
	since := 0
	if q.Token != nil && strings.TrimSpace(*q.Token) != "" {
		n, known := f.tokens[strings.TrimSpace(*q.Token)]
		if !known {
			precondition := "valid-sync-token"
			if f.badToken != http.StatusForbidden {
				precondition = ""
			}
			refuse(w, f.badToken, precondition)
			return
		}
		since = n
	}
	type change struct {
		name string
		seq  int
	}
	var changes []change
	for name, c := range book.cards {
		if c.seq > since {
			changes = append(changes, change{name, c.seq})
		}
	}
	for name, seq := range book.gone {
		if book.cards[name] == nil && seq > since && (since > 0 || f.tombstones) {
			changes = append(changes, change{name, seq})
		}
	}
	slices.SortFunc(changes, func(x, y change) int { return x.seq - y.seq })
	upTo := f.seq
	more := f.limited && q.Limit.Results > 0 && len(changes) > q.Limit.Results
	if more {
		changes = changes[:q.Limit.Results]
		upTo = changes[len(changes)-1].seq
	}
	slices.Reverse(changes)
	for _, c := range changes {
		if card := book.cards[c.name]; card != nil {
			f.show(a, path+c.name, card, q, f.withData)
		} else {
			a.status(path+c.name, http.StatusNotFound)
		}
	}
	if more {
		a.status(path, http.StatusInsufficientStorage)
	}
	a.b.WriteString(a.tag(f.dav+"sync-token", f.tokenOf(path, upTo)))
	a.send(w)
}
