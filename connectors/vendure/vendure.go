// Package vendure connects a webshop made with Vendure 3 through its Admin API (GraphQL): customers
// both ways, orders to read.
//
// What it has to live with, as measured at a real server of version 3.7:
//
//   - updatedAt says little: edits of addresses and of groups do not move that of the customer, nor
//     refunds and shipments that of the order. The [connectors.Census] tells these, by versions that
//     are made of content.
//   - Lists can be ordered by one member only (sort takes its members in the order of the schema, so
//     that "updatedAt, then id" is by id), paged by number only, and filtered by "later than" only;
//     SQLite keeps whole seconds. See [pager].
//   - Errors come with status 200, and one code, FORBIDDEN, means both that a session has ended and
//     that a right is missing. See [fault].
//   - There is no If-Match: before each write what stands there is read and compared.
//   - A channel that is not known is answered with the default channel.
package vendure

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/rest"
)

// defaults and bounds of options.
const (
	defaultPage = 100
	largestPage = 500 // the shop gives 1,000; what is between is for us, see pager
	adminPath   = "/admin-api"
	long        = 255 // characters of a text column, where the database is MySQL
)

// limits are ours: Vendure itself has none, and each customer costs it some queries.
var limits = connectors.Limits{PerSecond: 20, Burst: 20, Parallel: 4}

// Spec declares the connector.
func Spec() connectors.Spec {
	one := func(f string) connectors.FieldSpec {
		return connectors.FieldSpec{Field: f, Read: true, Write: true, Many: 1, Long: long}
	}
	read := func(f string) connectors.FieldSpec { return connectors.FieldSpec{Field: f, Read: true} }
	return connectors.Spec{
		Name:    "vendure",
		Summary: "a webshop made with Vendure: its customers, both ways, and their orders",
		Options: []connectors.Option{
			{Name: "url", Help: "the address of the shop's Admin API; /admin-api is added where the address has no path", Required: true, Place: true,
				Example: "https://shop.example.com/admin-api", Where: "apiOptions in the shop's vendure-config.ts"},
			{Name: "user", Help: "the administrator that Kept signs in as; leave it out to use a key", Example: "kept@example.com",
				Where: "Vendure > Settings > Administrators > New administrator, with a role that has the permissions of docs/guides/vendure.md"},
			{Name: "password", Help: "the administrator's password", Secret: true, Where: "Vendure > Settings > Administrators"},
			{Name: "key", Help: "an API key, instead of user and password; the shop's tokenMethod must have 'api-key'", Secret: true,
				Where: "Vendure > Settings > API keys, shown once when it is made"},
			{Name: "channel", Help: "the token of one channel, in shops that have several; the default channel where left out",
				Where: "Vendure > Settings > Channels > the channel > Token"},
			{Name: "country", Help: "the country of addresses that name none, as two letters: Vendure takes no address without", Example: "DE",
				Where: "Vendure > Settings > Countries"},
			{Name: "page", Help: "how many customers or orders are asked for at a time; fewer where the shop is slow", Default: strconv.Itoa(defaultPage)},
		},
		Scopes:     []string{"ReadCustomer", "ReadOrder", "CreateCustomer (to write)", "UpdateCustomer (to write)", "DeleteCustomer (to remove customers or addresses)", "ReadCountry (to write addresses whose country is a name)"},
		Idempotent: true,
		Cannot: []string{
			"Vendure sends no webhooks: Kept asks for what is new each time that it syncs.",
			"An edit of an address or a group, a refund or a shipment does not show in the list of changes: Kept finds it when it next counts the shop's customers and orders.",
			"Vendure does not say what was deleted: Kept finds it when it next counts.",
			"Vendure cannot refuse a write that is out of date: Kept looks before it writes, and an edit within that second is written over.",
			"A customer has one phone, and each address another: Kept writes the customer's, and changes it on addresses that have the same; others are shown as further phones.",
			"A company stands on an address: a customer without an address cannot have one, and Kept says so instead of inventing an address. Companies on other addresses are shown as further companies.",
			"An address needs a country that the shop sells to: Kept takes the option country where an address names none, and leaves out an address that the shop cannot hold.",
			"Groups set prices and promotions: Kept shows them as tags and never changes who is in one.",
			"A customer without an e-mail address cannot be made in Vendure; it writes addresses in lower case.",
		},
		Fields: map[connectors.Kind][]connectors.FieldSpec{
			connectors.Contact: {
				one(connectors.FieldPrefix), one(connectors.FieldGiven), one(connectors.FieldFamily), one(connectors.FieldEmail), one(connectors.FieldPhone),
				one(connectors.FieldCompany), {Field: connectors.FieldAddress, Read: true, Write: true, Long: long}, read(connectors.FieldTag),
				read(furtherPhone), read(furtherCompany),
			},
			connectors.Order: {read(coupon)},
		},
		Open: open,
	}
}

// connection is one shop.
type connection struct {
	env     connectors.Env
	rest    *rest.Client
	fresh   func() (*rest.Client, error) // a client that signs in anew
	channel string
	country string
	page    int
	signsIn bool // with user and password; else with a key
	user    string

	countries countries
}

func invalid(format string, args ...any) *connectors.Error {
	return &connectors.Error{Class: connectors.Invalid, Text: fmt.Sprintf(format, args...)}
}

func open(_ context.Context, o map[string]string, env connectors.Env) (connectors.Connector, error) {
	c := &connection{env: env, channel: strings.TrimSpace(o["channel"]), country: strings.ToUpper(strings.TrimSpace(o["country"])), page: defaultPage,
		user: strings.TrimSpace(o["user"]), countries: countries{turn: make(chan struct{}, 1)}}
	c.signsIn = c.user != ""
	switch {
	case c.signsIn && o["password"] == "":
		return nil, invalid("the password of %s is missing: give the option password, or a key instead of both", c.user)
	case !c.signsIn && o["key"] == "":
		return nil, invalid("how to sign in is missing: give the options user and password of an administrator (Vendure > Settings > Administrators), or a key (Vendure > Settings > API keys)")
	case c.country != "" && len(c.country) != 2:
		return nil, invalid("the option country is two letters, like DE")
	}
	if p := o["page"]; p != "" {
		n, err := strconv.Atoi(p)
		if err != nil || n < 1 || n > largestPage {
			return nil, invalid("the option page is a number from 1 to %d", largestPage)
		}
		c.page = n
	}
	cfg := rest.Config{URL: adminURL(o["url"]), System: "the shop", Limits: limits, Judge: judge(c), Expired: expired, Header: map[string][]string{}}
	if c.channel != "" {
		cfg.Header.Set("vendure-token", c.channel)
	}
	if c.signsIn {
		s := &session{url: cfg.URL, user: c.user, password: o["password"]}
		cfg.Secrets = []string{o["password"]}
		cfg.Auth = s.tokens()
	} else {
		cfg.Auth = rest.Header("vendure-api-key", o["key"])
	}
	var err error
	if c.rest, err = rest.New(cfg, env); err != nil {
		return nil, err
	}
	c.fresh = func() (*rest.Client, error) {
		alone := env
		alone.Store = nil
		return rest.New(cfg, alone)
	}
	return c, nil
}

// adminURL adds the usual path to an address that has none.
func adminURL(raw string) string {
	raw = strings.TrimSpace(raw)
	if u, err := url.Parse(raw); err == nil && u.Host != "" && strings.Trim(u.Path, "/") == "" {
		u.Path = adminPath
		return u.String()
	}
	return strings.TrimRight(raw, "/")
}

// Limits implements connectors.Limiter.
func (c *connection) Limits() connectors.Limits { return limits }

// Close lets go of network connections.
func (c *connection) Close() error { return c.rest.Close() }

// Check signs in, asks for nothing but two counts, and says which right is missing.
func (c *connection) Check(ctx context.Context) error {
	client, err := c.fresh()
	if err != nil {
		return err
	}
	defer client.Close()
	var out struct {
		Customers struct{ TotalItems *int }
	}
	if _, err := c.ask(ctx, client, checkQuery, nil, &out); err != nil {
		return err
	}
	if out.Customers.TotalItems == nil {
		return invalid("the address answers, but not as the Admin API of a Vendure shop does; check the option url")
	}
	return nil
}

// CheckWrite implements [connectors.WriteChecker]: the shop tells an administrator what his role permits in
// each channel. What a key may do it tells nobody: there the first write says it.
func (c *connection) CheckWrite(ctx context.Context) error {
	if !c.signsIn {
		return nil
	}
	client, err := c.fresh()
	if err != nil {
		return err
	}
	defer client.Close()
	var out struct {
		ActiveChannel struct{ Token string }
		Me            struct {
			Channels []struct {
				Token       string
				Permissions []string
			}
		}
	}
	if _, err := c.ask(ctx, client, rightsQuery, nil, &out); err != nil {
		return err
	}
	for _, ch := range out.Me.Channels {
		if ch.Token != out.ActiveChannel.Token || slices.Contains(ch.Permissions, "SuperAdmin") {
			continue
		}
		for _, right := range []string{"CreateCustomer", "UpdateCustomer"} {
			if !slices.Contains(ch.Permissions, right) {
				return lacks(right)
			}
		}
	}
	return nil
}

func known(k connectors.Kind) error {
	if k == connectors.Contact || k == connectors.Order {
		return nil
	}
	return invalid("a Vendure shop has customers and orders, no %s", k)
}
