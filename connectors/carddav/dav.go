package carddav

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/rest"
)

// multistatus is the answer of WebDAV (RFC 4918 section 13), with what of RFC 6352 and 6578 we ask for.
type multistatus struct {
	Responses []response `xml:"DAV: response"`
	Token     string     `xml:"DAV: sync-token"`
}

type response struct {
	Hrefs     []string   `xml:"DAV: href"`
	Status    string     `xml:"DAV: status"`
	Propstats []propstat `xml:"DAV: propstat"`
	Error     *elements  `xml:"DAV: error"`
}

type propstat struct {
	Status string `xml:"DAV: status"`
	Prop   prop   `xml:"DAV: prop"`
}

type prop struct {
	ETag        string     `xml:"DAV: getetag"`
	ContentType string     `xml:"DAV: getcontenttype"`
	Name        string     `xml:"DAV: displayname"`
	Types       *elements  `xml:"DAV: resourcetype"`
	Principal   *hrefs     `xml:"DAV: current-user-principal"`
	Privileges  *privilege `xml:"DAV: current-user-privilege-set"`
	Home        *hrefs     `xml:"urn:ietf:params:xml:ns:carddav addressbook-home-set"`
	Data        *string    `xml:"urn:ietf:params:xml:ns:carddav address-data"`
	CTag        string     `xml:"http://calendarserver.org/ns/ getctag"`
}

type hrefs struct {
	Hrefs     []string  `xml:"DAV: href"`
	Anonymous *struct{} `xml:"DAV: unauthenticated"`
}

type privilege struct {
	List []elements `xml:"DAV: privilege"`
}

// elements are the names of what stands within an element.
type elements struct {
	Any []struct {
		XMLName xml.Name
	} `xml:",any"`
}

func (e *elements) has(name string) bool {
	if e != nil {
		for _, x := range e.Any {
			if x.XMLName.Local == name {
				return true
			}
		}
	}
	return false
}

// code reads "HTTP/1.1 404 Not Found"; 0 where there is none.
func code(status string) int {
	f := strings.Fields(status)
	if len(f) < 2 {
		return 0
	}
	n, err := strconv.Atoi(f[1])
	if err != nil {
		return 0
	}
	return n
}

// found gives the properties that the server has.
func (r *response) found() prop {
	var out prop
	for _, s := range r.Propstats {
		if n := code(s.Status); n != 0 && (n < 200 || n > 299) {
			continue
		}
		p := s.Prop
		for _, x := range []struct{ to, from *string }{{&out.ETag, &p.ETag}, {&out.ContentType, &p.ContentType}, {&out.Name, &p.Name}, {&out.CTag, &p.CTag}} {
			if *x.from != "" {
				*x.to = strings.TrimSpace(*x.from)
			}
		}
		if p.Types != nil {
			out.Types = p.Types
		}
		if p.Principal != nil {
			out.Principal = p.Principal
		}
		if p.Privileges != nil {
			out.Privileges = p.Privileges
		}
		if p.Home != nil {
			out.Home = p.Home
		}
		if p.Data != nil {
			out.Data = p.Data
		}
	}
	return out
}

var errNoMultistatus = errors.New("the answer is no multistatus")

// parse reads a multistatus. What XML forbids and cards hold nevertheless (control characters, bytes
// that are no UTF-8) spoils one card, never the answer.
func parse(body []byte) (multistatus, error) {
	ms, err := parseStrict(body)
	if err == nil || errors.Is(err, errNoMultistatus) {
		return ms, err
	}
	if clean := cleaned(body); !bytes.Equal(clean, body) {
		return parseStrict(clean)
	}
	return ms, err
}

func parseStrict(body []byte) (multistatus, error) {
	var doc struct {
		XMLName xml.Name
		multistatus
	}
	d := xml.NewDecoder(bytes.NewReader(body))
	if err := d.Decode(&doc); err != nil {
		return multistatus{}, err
	}
	if doc.XMLName.Local != "multistatus" {
		return multistatus{}, errNoMultistatus
	}
	return doc.multistatus, nil
}

// cleaned takes out what XML forbids.
func cleaned(body []byte) []byte {
	out := make([]byte, 0, len(body))
	for i := 0; i < len(body); {
		r, n := utf8.DecodeRune(body[i:])
		switch {
		case r == utf8.RuneError && n <= 1:
			out = append(out, "\uFFFD"...)
			n = 1
		case r < ' ' && r != '\n' && r != '\r' && r != '\t', r == 0xFFFE, r == 0xFFFF:
			out = append(out, ' ')
		case r == '&':
			if end := bytes.IndexByte(body[i:min(len(body), i+12)], ';'); end > 0 {
				if v, ok := reference(string(body[i+1 : i+end])); ok && v < ' ' && v != '\n' && v != '\r' && v != '\t' {
					out = append(out, ' ')
					n = end + 1
					break
				}
			}
			out = append(out, '&')
		default:
			out = append(out, body[i:i+n]...)
		}
		i += n
	}
	return out
}

// reference reads "#11" and "#x0B".
func reference(s string) (rune, bool) {
	s, ok := strings.CutPrefix(s, "#")
	if !ok {
		return 0, false
	}
	base := 10
	if h, hex := strings.CutPrefix(s, "x"); hex {
		s, base = h, 16
	}
	n, err := strconv.ParseUint(s, base, 21)
	return rune(n), err == nil
}

// preconditions gives the names within a DAV:error body (RFC 3253 section 1.6).
func preconditions(body []byte) *elements {
	var doc struct {
		XMLName xml.Name
		elements
	}
	if len(body) > 1<<20 || xml.Unmarshal(body, &doc) != nil || doc.XMLName.Local != "error" {
		return nil
	}
	return &doc.elements
}

// judge says in words what a CardDAV server means by an answer.
func judge(host string) func(a rest.Answer) *connectors.Error {
	return func(a rest.Answer) *connectors.Error {
		if a.Status < 400 {
			return nil
		}
		says := preconditions(a.Body)
		switch {
		case says.has("valid-sync-token"):
			return failed(connectors.CursorExpired, "%s has forgotten what it told last; its address books are read anew", host)
		case says.has("no-uid-conflict"):
			return failed(connectors.Conflict, "%s has another card with the same UID in this address book; remove one of the two there", host)
		case says.has("valid-address-data"):
			return failed(connectors.Invalid, "%s takes this for no valid card; look at the contact there, its card may be damaged", host)
		case says.has("supported-address-data"):
			return failed(connectors.Invalid, "%s does not take cards of this version; save the contact there once, which writes it anew", host)
		case says.has("max-resource-size"), a.Status == http.StatusRequestEntityTooLarge:
			return failed(connectors.Invalid, "%s finds this card too large; a smaller photo may help", host)
		case says.has("quota-not-exceeded"), says.has("sufficient-disk-space"):
			return failed(connectors.Invalid, "the account at %s is full", host)
		case a.Status == http.StatusUnauthorized:
			text := fmt.Sprintf("%s does not accept user name and password", host)
			if w := wants(host); w != "" {
				return failed(connectors.Auth, "%s; %s", text, w)
			}
			return failed(connectors.Auth, "%s; check both, and where the provider has app passwords make one for Kept: the password of the account does not work then", text)
		case a.Status == http.StatusMethodNotAllowed:
			return failed(connectors.Invalid, "at this address %s has no address books; check the url", host)
		}
		return nil
	}
}

// server is a host that is asked.
type server struct {
	c    *connection
	rest *rest.Client
	base *url.URL
}

// ask makes a WebDAV read and parses its answer. It follows redirects on the same host, where the
// method stays, and gives the address that answered in the end.
func (s server) ask(ctx context.Context, method string, at *url.URL, depth, body string) (ms multistatus, answered *url.URL, a rest.Answer, err error) {
	for range 6 {
		a, err = s.rest.Do(ctx, rest.Request{
			Method: method, Path: at.String(), Read: true, Any: true, Stay: true, Body: []byte(xmlHead + body),
			Header: http.Header{"Content-Type": {"application/xml; charset=utf-8"}, "Depth": {depth}, "Accept": {"application/xml, text/xml"}},
			Whole: func(a rest.Answer) (err error) {
				ms, err = parse(a.Body)
				return err
			},
		}, nil)
		if a.Status < 300 || a.Status > 399 || a.Status == http.StatusNotModified {
			return ms, at, a, err
		}
		to, bad := at.Parse(a.Header.Get("Location"))
		if bad != nil || a.Header.Get("Location") == "" {
			return ms, at, a, err
		}
		if s, bad = s.to(to); bad != nil {
			return ms, at, a, bad
		}
		at = to
	}
	return ms, at, a, invalid("%s sends us round in circles; check the url", s.base.Hostname())
}

const xmlHead = `<?xml version="1.0" encoding="utf-8"?>` + "\n"

// to gives the server that an address is on. Credentials never go to a host that nobody named: only
// iCloud is known to keep its accounts on hosts of its own domain.
func (s server) to(u *url.URL) (server, error) {
	if strings.EqualFold(u.Scheme, s.base.Scheme) && strings.EqualFold(hostPort(u), hostPort(s.base)) {
		return s, nil
	}
	apple := func(h string) bool { return strings.HasSuffix(strings.ToLower(h), ".icloud.com") }
	if s.base.Scheme == "https" && u.Scheme == "https" && apple(s.base.Hostname()) && apple(u.Hostname()) {
		return s.c.server(u)
	}
	if s.base.Scheme == "https" && u.Scheme == "http" {
		return s, invalid("%s sends us from https on to plain http; that is refused, check its settings", s.base.Hostname())
	}
	return s, invalid("%s sends us on to another server, %s; the password is not given to it. If it is the right one, give https://%s as url", s.base.Hostname(), u.Host, u.Host)
}

func (c *connection) server(u *url.URL) (server, error) {
	r, err := c.client(u)
	return server{c: c, rest: r, base: &url.URL{Scheme: u.Scheme, Host: u.Host}}, err
}

func hostPort(u *url.URL) string {
	if u.Port() != "" {
		return strings.ToLower(u.Host)
	}
	if u.Scheme == "https" {
		return strings.ToLower(u.Hostname()) + ":443"
	}
	return strings.ToLower(u.Hostname()) + ":80"
}

// at gives the address of a path as canonical gives it.
func (s server) at(path string) *url.URL {
	u := *s.base
	segments := strings.Split(path, "/")
	for i, x := range segments {
		if raw, err := url.PathUnescape(x); err == nil {
			x = raw
		}
		segments[i] = url.PathEscape(x)
	}
	u.RawPath = strings.Join(segments, "/")
	if p, err := url.PathUnescape(u.RawPath); err == nil {
		u.Path = p
	}
	return &u
}

// canonical gives the path of an address so that it can be compared: percent-decoded, save for what
// would mean something else then (slashes, percent signs, control characters, bytes that are no UTF-8).
func canonical(u *url.URL) string {
	segments := strings.Split(u.EscapedPath(), "/")
	for i, x := range segments {
		raw, err := url.PathUnescape(x)
		if err != nil {
			raw = x
		}
		var b strings.Builder
		for j := 0; j < len(raw); {
			r, n := utf8.DecodeRuneInString(raw[j:])
			if r == '/' || r == '%' || r < ' ' || r == 0x7F || r == utf8.RuneError && n <= 1 {
				for _, c := range []byte(raw[j : j+n]) {
					fmt.Fprintf(&b, "%%%02X", c)
				}
			} else {
				b.WriteString(raw[j : j+n])
			}
			j += n
		}
		segments[i] = b.String()
	}
	return strings.Join(segments, "/")
}

// path resolves an href of an answer, relative or absolute; false where it is none.
func path(from *url.URL, href string) (string, bool) {
	u, err := from.Parse(strings.TrimSpace(href))
	if err != nil || u.EscapedPath() == "" {
		return "", false
	}
	return canonical(u), true
}

func escaped(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a buffer takes everything
	return b.String()
}
