package carddav

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/keptcrm/kept/connectors"
)

// home is where a user's address books are.
type home struct {
	server server
	paths  []string // canonical, with a slash at the end; IDs are relative to the first
	only   string   // the path of the one book that the url names; empty: all
}

// book is one address book.
type book struct {
	path     string // canonical, with a slash at the end
	id       string // relative to the home
	name     string // as people see it
	readOnly bool
}

// last gives the last part of a book's path.
func (b book) last() string {
	s := strings.TrimSuffix(b.path, "/")
	return s[strings.LastIndexByte(s, '/')+1:]
}

// is says whether a person means this book.
func (b book) is(name string) bool {
	return strings.EqualFold(b.name, name) || b.last() == name || strings.Trim(b.id, "/") == strings.Trim(name, "/")
}

func names(books []book) string {
	var out []string
	for _, b := range books {
		out = append(out, cmp.Or(b.name, b.last()))
	}
	return strings.Join(out, ", ")
}

// id gives what a path is called in records: relative to the home.
func (h *home) id(path string) string {
	if rest, ok := strings.CutPrefix(path, h.paths[0]); ok {
		return rest
	}
	return path
}

// path is the opposite of id.
func (h *home) path(id string) string {
	if strings.HasPrefix(id, "/") {
		return id
	}
	return h.paths[0] + id
}

const propfindHome = `<D:propfind xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><D:prop><D:resourcetype/><D:current-user-principal/><C:addressbook-home-set/></D:prop></D:propfind>`

// at0 gives the home, which is looked for once. Whoever comes meanwhile waits.
func (c *connection) at0(ctx context.Context) (*home, error) {
	select {
	case c.finding <- struct{}{}:
		defer func() { <-c.finding }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	c.mu.Lock()
	h := c.home
	c.mu.Unlock()
	if h != nil {
		return h, nil
	}
	h, err := c.discover(ctx)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.home = h
	c.mu.Unlock()
	return h, nil
}

// known takes a home from a cursor, so that no run looks for it again.
func (c *connection) known(address string, only string) (*home, error) {
	c.mu.Lock()
	h := c.home
	c.mu.Unlock()
	if h != nil {
		return h, nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return nil, restart()
	}
	s, err := c.server(u)
	if err != nil {
		return nil, err
	}
	h = &home{server: s, paths: []string{canonical(u)}, only: only}
	c.mu.Lock()
	c.home = h
	c.mu.Unlock()
	return h, nil
}

// discover looks for the home (RFC 6764 section 6): at the address that was given, else at the one
// that the domain's services name, else at the well-known one.
func (c *connection) discover(ctx context.Context) (*home, error) {
	starts, err := c.starts(ctx)
	if err != nil {
		return nil, err
	}
	var first error
	for _, at := range starts {
		h, err := c.from(ctx, at)
		if err == nil {
			return h, nil
		}
		var e *connectors.Error
		if !errors.As(err, &e) || e.Class == connectors.Auth || e.Class == connectors.Transient || e.Class == connectors.RateLimited {
			return nil, err
		}
		// What the given address says is worth more than that there is nothing at a guessed one.
		if first == nil || connectors.ClassOf(first) == connectors.NotFound && e.Class != connectors.NotFound {
			first = err
		}
	}
	if connectors.ClassOf(first) == connectors.NotFound {
		return nil, failed(connectors.NotFound, "%s has no address books at this address; check the url, which the provider calls the CardDAV address", starts[0].Hostname())
	}
	return nil, first
}

// starts gives the addresses to ask, in order.
func (c *connection) starts(ctx context.Context) ([]*url.URL, error) {
	var given *url.URL
	var err error
	if isEmail(c.address) {
		given, err = c.service(ctx, c.address[strings.LastIndexByte(c.address, '@')+1:])
	} else {
		given, err = serverURL(c.address)
	}
	if err != nil {
		return nil, err
	}
	var out []*url.URL
	if p := given.EscapedPath(); p != "" && p != "/" {
		out = append(out, given)
		if !strings.HasSuffix(p, "/") {
			out = append(out, given.JoinPath("/"))
		}
	}
	for _, p := range []string{"/.well-known/carddav", "/", "/remote.php/dav/"} { // the last is Nextcloud's, whose web servers often lack the first
		u := &url.URL{Scheme: given.Scheme, Host: given.Host, Path: p}
		if u.String() != given.String() {
			out = append(out, u)
		}
	}
	return out, nil
}

// service asks the DNS of an e-mail address' domain for its address books (RFC 6764 section 3 and 4).
// A server of another domain is not trusted with the password on the word of the DNS alone.
func (c *connection) service(ctx context.Context, domain string) (*url.URL, error) {
	domain = strings.ToLower(strings.TrimSuffix(domain, "."))
	_, records, err := c.dns.LookupSRV(ctx, "carddavs", "tcp", domain)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil || len(records) == 0 {
		return &url.URL{Scheme: "https", Host: domain}, nil
	}
	target := strings.ToLower(strings.TrimSuffix(records[0].Target, "."))
	if target == "" {
		return nil, failed(connectors.NotFound, "%s says that it has no address books; give the address of the server as url", domain)
	}
	u := &url.URL{Scheme: "https", Host: target}
	if records[0].Port != 443 && records[0].Port != 0 {
		u.Host = fmt.Sprintf("%s:%d", target, records[0].Port)
	}
	if target != domain && !strings.HasSuffix(target, "."+domain) {
		return nil, invalid("the domain %s names %s as its address books; the password is not given to another domain unasked. If it is the right one, give https://%s as url", domain, target, u.Host)
	}
	if texts, err := c.dns.LookupTXT(ctx, "_carddavs._tcp."+domain); err == nil {
		for _, t := range texts {
			if p, ok := strings.CutPrefix(t, "path="); ok && strings.HasPrefix(p, "/") {
				if at, err := u.Parse(p); err == nil && at.Host == u.Host {
					u = at
				}
			}
		}
	}
	return u, nil
}

// from follows one address to the home: principal, then home set (RFC 5397, RFC 6352 section 7.1.1).
func (c *connection) from(ctx context.Context, start *url.URL) (*home, error) {
	s, err := c.server(start)
	if err != nil {
		return nil, err
	}
	nothing := failed(connectors.NotFound, "%s has no address books at this address", start.Hostname())
	at, only := start, ""
	for step := range 3 {
		ms, answered, _, err := s.ask(ctx, "PROPFIND", at, "0", propfindHome)
		if err != nil {
			return nil, err
		}
		if s, err = s.to(answered); err != nil {
			return nil, err
		}
		if len(ms.Responses) == 0 {
			return nil, nothing
		}
		p := ms.Responses[0].found()
		if step == 0 && p.Types.has("addressbook") {
			only = strings.TrimSuffix(canonical(answered), "/") + "/"
		}
		if p.Home != nil && len(p.Home.Hrefs) > 0 {
			return s.homes(answered, p.Home.Hrefs, only)
		}
		if p.Principal == nil || len(p.Principal.Hrefs) == 0 {
			if p.Principal != nil && p.Principal.Anonymous != nil {
				return nil, failed(connectors.Auth, "%s lets nobody in by this user name and password; check both", s.base.Hostname())
			}
			break
		}
		next, err := answered.Parse(strings.TrimSpace(p.Principal.Hrefs[0]))
		if err != nil || step > 0 && canonical(next) == canonical(answered) {
			break
		}
		if s, err = s.to(next); err != nil {
			return nil, err
		}
		at = next
	}
	if only != "" { // a book that belongs to nobody whom the server names
		parent := only[:strings.LastIndexByte(strings.TrimSuffix(only, "/"), '/')+1]
		return &home{server: s, paths: []string{parent}, only: only}, nil
	}
	return nil, nothing
}

func (s server) homes(from *url.URL, list []string, only string) (*home, error) {
	h := &home{only: only}
	for _, href := range list {
		u, err := from.Parse(strings.TrimSpace(href))
		if err != nil {
			continue
		}
		at, err := s.to(u)
		if err != nil {
			return nil, err
		}
		if len(h.paths) > 0 && at.base.Host != h.server.base.Host {
			continue // a second home elsewhere
		}
		h.server = at
		h.paths = append(h.paths, strings.TrimSuffix(canonical(u), "/")+"/")
	}
	if len(h.paths) == 0 {
		return nil, failed(connectors.Transient, "%s names no address at which the address books are", s.base.Hostname())
	}
	return h, nil
}

const propfindBooks = `<D:propfind xmlns:D="DAV:"><D:prop><D:resourcetype/><D:displayname/><D:current-user-privilege-set/></D:prop></D:propfind>`

// made are books that Nextcloud makes up of its accounts and of whom one wrote to. They are read where
// they are named.
func (b book) made() bool {
	return strings.HasPrefix(b.last(), "z-server-generated--") || strings.HasPrefix(b.last(), "z-app-generated--")
}

// list gives the address books that are to be read, in the order of their paths.
func (c *connection) list(ctx context.Context, h *home) ([]book, error) {
	var all []book
	for _, p := range h.paths {
		ms, answered, _, err := h.server.ask(ctx, "PROPFIND", h.server.at(p), "1", propfindBooks)
		if err != nil {
			return nil, err
		}
		if len(ms.Responses) == 0 {
			return nil, failed(connectors.Transient, "%s gave an empty answer where its address books should be", h.server.base.Hostname())
		}
		for _, r := range ms.Responses {
			x := r.found()
			if !x.Types.has("addressbook") || len(r.Hrefs) == 0 {
				continue
			}
			at, ok := path(answered, r.Hrefs[0])
			if !ok {
				continue
			}
			b := book{path: strings.TrimSuffix(at, "/") + "/", name: x.Name}
			b.id = h.id(b.path)
			b.readOnly = x.Privileges != nil && len(x.Privileges.List) > 0 && !slices.ContainsFunc(x.Privileges.List, func(e elements) bool {
				return e.has("all") || e.has("write") || e.has("write-content") || e.has("bind")
			})
			if !slices.ContainsFunc(all, func(o book) bool { return o.path == b.path }) {
				all = append(all, b)
			}
		}
	}
	slices.SortFunc(all, func(a, b book) int { return strings.Compare(a.path, b.path) })
	var out []book
	for _, name := range c.books {
		if !slices.ContainsFunc(all, func(b book) bool { return b.is(name) }) {
			return nil, failed(connectors.NotFound, "there is no address book %q; there are: %s", name, names(all))
		}
	}
	for _, b := range all {
		switch {
		case len(c.books) > 0:
			if slices.ContainsFunc(c.books, b.is) {
				out = append(out, b)
			}
		case h.only != "":
			if b.path == h.only {
				out = append(out, b)
			}
		case !b.made():
			out = append(out, b)
		}
	}
	if len(out) == 0 && h.only != "" {
		at := h.only
		return []book{{path: at, id: h.id(at)}}, nil
	}
	if len(out) == 0 {
		return nil, failed(connectors.NotFound, "%s has no address book for %s yet; make one there", h.server.base.Hostname(), c.user)
	}
	return out, nil
}
