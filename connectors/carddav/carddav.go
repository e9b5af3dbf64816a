// Package carddav reads and writes address books on CardDAV servers (RFC 6352): Nextcloud, iCloud,
// Fastmail, Radicale, Xandikos and others.
//
// A card is a contact. Its ID is its address below the user's home ("contacts/jana.vcf"), its Version
// the server's ETag. Changes are asked for by sync-collection (RFC 6578), with the cards in the same
// answer where the server gives them so, else by addressbook-multiget. What a server cannot tell is
// never taken as a deletion: a state that it has forgotten ends as CursorExpired.
//
// Writing changes only the lines of the fields that changed (package format/card), is conditional on
// the ETag that was seen, and is read back: servers store cards in their own way. A card that Kept
// makes has a UID and an address that follow from the intent's key, so that an intent which is sent
// twice makes one card.
package carddav

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/format/card"
	"github.com/keptcrm/kept/connectors/rest"
)

// sizes are how many cards a page has, and a server is asked for at once where it can count; and the bytes that one answer of a
// server may have.
type sizes struct {
	page   int
	answer int64
}

var shipped = sizes{page: 500, answer: 64 << 20}

var limits = connectors.Limits{Parallel: 4}

// Spec declares the connector.
func Spec() connectors.Spec { return spec(shipped, net.DefaultResolver) }

// resolver looks for the services of a domain; net.Resolver is one.
type resolver interface {
	LookupSRV(ctx context.Context, service, proto, name string) (string, []*net.SRV, error)
	LookupTXT(ctx context.Context, name string) ([]string, error)
}

func spec(n sizes, dns resolver) connectors.Spec {
	return connectors.Spec{
		Name:    "carddav",
		Summary: "address books on a server: Nextcloud, iCloud, Fastmail, Radicale and others that speak CardDAV",
		Options: []connectors.Option{
			{Name: "url", Required: true, Place: true, Help: "the address of the server or of one address book, or your e-mail address where its domain tells the rest", Example: "https://cloud.example.com",
				Where: "the settings of the address book, often called CardDAV or \"sync with other devices\""},
			{Name: "user", Place: true, Help: "the user name; without it the e-mail address given as url", Example: "jana"},
			{Name: "password", Required: true, Secret: true, Help: "the password, or the app password where the provider has such", Where: "the account's page on security, often called app passwords"},
			{Name: "books", Help: "the address books to read, by name, cut by commas; without it all of them", Example: "Contacts, Wholesale"},
			{Name: "create_in", Help: "the address book that gets new contacts; without it the first of them", Example: "Contacts"},
		},
		Idempotent: true,
		Tombstones: true,
		Presets:    presets,
		Cannot: []string{
			"Groups that are cards of their own (Apple, iCloud) are no contacts and tag nobody; the categories within a card are tags.",
			"Own properties of cards (X-...), photos and anything else that Kept does not know stay as they are and are not written.",
			"Who may be contacted is not told by address books.",
			"A server that forgets which state it told last, or that has no sync-collection, is read anew as a whole; what was deleted meanwhile is then found by comparing.",
			"A server without sync-collection and with a changed book is read as a whole.",
			"Google's address books take no password, only OAuth; they cannot be connected here.",
		},
		Fields: map[connectors.Kind][]connectors.FieldSpec{connectors.Contact: append(card.Writable(),
			connectors.FieldSpec{Field: connectors.FieldPhonetic, Read: true}, connectors.FieldSpec{Field: connectors.CustomPrefix, Read: true})},
		Open: func(_ context.Context, options map[string]string, env connectors.Env) (connectors.Connector, error) {
			return open(options, env, n, dns)
		},
	}
}

// connection is one account.
type connection struct {
	address   string // a URL, or an e-mail address
	user      string
	password  string
	books     []string // by name; none: all
	createIn  string
	at        string // tells this account from any other, in cursors
	env       connectors.Env
	sizes     sizes
	dns       resolver
	finding   chan struct{} // holds one while somebody looks for the home
	mu        sync.Mutex
	home      *home
	newIn     *book
	clients   map[string]*rest.Client // by scheme and host
	answers   map[string]*answer      // by book: what was asked and not all told
	firstOf   map[string]string       // card IDs by UID, of the pull under way
	unwritten bool                    // whether it was said that a server keeps something else than was written
}

func open(options map[string]string, env connectors.Env, n sizes, dns resolver) (connectors.Connector, error) {
	c := &connection{address: strings.TrimSpace(options["url"]), user: strings.TrimSpace(options["user"]), password: options["password"], createIn: strings.TrimSpace(options["create_in"]),
		env: env, sizes: n, dns: dns, finding: make(chan struct{}, 1), clients: map[string]*rest.Client{}, answers: map[string]*answer{}, firstOf: map[string]string{}}
	if c.env.Warn == nil {
		c.env.Warn = func(string, ...any) {}
	}
	for b := range strings.SplitSeq(options["books"], ",") {
		if b = strings.TrimSpace(b); b != "" {
			c.books = append(c.books, b)
		}
	}
	switch {
	case c.address == "":
		return nil, invalid("the address is missing; give the address of your address books or your e-mail address as url")
	case c.password == "":
		return nil, invalid("the password is missing; where the provider has app passwords, make one for Kept")
	case isEmail(c.address) && c.user == "":
		c.user = c.address
	case c.user == "":
		return nil, invalid("the user name is missing; give it as user")
	}
	if !isEmail(c.address) {
		if _, err := serverURL(c.address); err != nil {
			return nil, err
		}
	}
	sum := sha256.Sum256([]byte(c.address + "\x00" + c.user))
	c.at = hex.EncodeToString(sum[:6])
	return c, nil
}

func invalid(format string, args ...any) error {
	return &connectors.Error{Class: connectors.Invalid, Text: fmt.Sprintf(format, args...)}
}

func failed(class connectors.Class, format string, args ...any) *connectors.Error {
	return &connectors.Error{Class: class, Text: fmt.Sprintf(format, args...)}
}

// isEmail reports whether an address is an e-mail address, no URL.
func isEmail(s string) bool {
	_, ok := card.Email(s)
	return ok && !strings.Contains(s, "/")
}

// serverURL reads an address that a person typed; https where it does not say.
func serverURL(s string) (*url.URL, error) {
	if !strings.Contains(s, "://") {
		s = "https://" + s
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, invalid("the url is no address of a server; write it like https://cloud.example.com, or give your e-mail address")
	case u.User != nil:
		return nil, invalid("the url holds a user name or password; give these as options of their own")
	}
	u.RawQuery, u.Fragment, u.ForceQuery = "", "", false
	return u, nil
}

// client gives what asks a server. Credentials go to that server alone.
func (c *connection) client(u *url.URL) (*rest.Client, error) {
	key := u.Scheme + "://" + u.Host
	c.mu.Lock()
	defer c.mu.Unlock()
	if r := c.clients[key]; r != nil {
		return r, nil
	}
	r, err := rest.New(rest.Config{URL: key, System: u.Hostname(), Auth: rest.Basic(c.user, c.password), Limits: limits, MaxBody: c.sizes.answer, Judge: judge(u.Hostname())}, c.env)
	if err != nil {
		return nil, err
	}
	c.clients[key] = r
	return r, nil
}

// Close lets go of idle network connections.
func (c *connection) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.clients {
		if err := r.Close(); err != nil {
			return err
		}
	}
	return nil
}

// Limits: address books are small servers; writes go in parallel, a few at a time.
func (c *connection) Limits() connectors.Limits { return limits }

// Check finds the address books and those that the options name.
func (c *connection) Check(ctx context.Context) error {
	h, err := c.at0(ctx)
	if err != nil {
		return err
	}
	books, err := c.list(ctx, h)
	if err != nil {
		return err
	}
	if c.createIn != "" {
		_, err = c.target(books)
	}
	return err
}

// CheckWrite implements [connectors.WriteChecker]: some book that is read may be written.
func (c *connection) CheckWrite(ctx context.Context) error {
	h, err := c.at0(ctx)
	if err != nil {
		return err
	}
	books, err := c.list(ctx, h)
	if err != nil {
		return err
	}
	_, err = c.target(books)
	return err
}

// target gives the book that new contacts go to.
func (c *connection) target(books []book) (book, error) {
	if c.createIn != "" {
		for _, b := range books {
			if b.is(c.createIn) {
				if b.readOnly {
					return b, failed(connectors.Forbidden, "the address book %q may only be read; name another as create_in, or have its owner let you write", c.createIn)
				}
				return b, nil
			}
		}
		return book{}, failed(connectors.NotFound, "there is no address book %q to put new contacts into; there are: %s", c.createIn, names(books))
	}
	writable := slices.DeleteFunc(slices.Clone(books), func(b book) bool { return b.readOnly })
	if len(writable) == 0 {
		return book{}, failed(connectors.Forbidden, "no address book here may be written: %s", names(books))
	}
	if len(c.books) > 0 {
		for _, b := range writable {
			if b.is(c.books[0]) {
				return b, nil
			}
		}
	}
	for _, usual := range []string{"contacts", "default", "card", "addressbook"} {
		for _, b := range writable {
			if strings.EqualFold(b.last(), usual) {
				return b, nil
			}
		}
	}
	return writable[0], nil
}
