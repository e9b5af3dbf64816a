// Package woocommerce is the connector to shops that run WooCommerce, over its REST API wc/v3.
//
// Customers and orders are read, customers are written. What the shop's own servers do was measured
// on versions 7.9.0 and 11.0.1; fake.go behaves so. Documentation:
// https://woocommerce.github.io/woocommerce-rest-api-docs/
package woocommerce

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/rest"
)

// Names of options.
const (
	optionURL           = "url"
	optionKey           = "key"
	optionSecret        = "secret"
	optionAuth          = "auth"
	optionWebhookSecret = "webhook_secret"
	optionScan          = "scan_every"
)

// keysPage is where the shop's owner makes and changes keys.
const keysPage = "WooCommerce > Settings > Advanced > REST API"

// hooksPage is where webhooks are made.
const hooksPage = "WooCommerce > Settings > Advanced > Webhooks"

// perPage is how many things one call asks for: the most that the API gives.
const perPage = 100

// limits are what small hosts bear: about ten calls a second is what one shop answered at most.
var limits = connectors.Limits{PerSecond: 8, Burst: 8, Parallel: 3}

// Spec declares the connector.
func Spec() connectors.Spec {
	field := func(name string, many, long int) connectors.FieldSpec {
		return connectors.FieldSpec{Field: name, Read: true, Write: true, Many: many, Long: long}
	}
	read := func(name string) connectors.FieldSpec {
		return connectors.FieldSpec{Field: name, Read: true, Many: 1}
	}
	return connectors.Spec{
		Name: "woocommerce", Summary: "a WooCommerce shop: customers, guests and orders",
		Options: []connectors.Option{
			{Name: optionURL, Help: "the shop's address as its visitors know it, with the folder if it has one", Required: true, Place: true, Example: "https://shop.example.com",
				Where: "WordPress > Settings > General > Site Address (URL)"},
			{Name: optionKey, Help: "the consumer key; it begins with ck_", Required: true, Example: "ck_…", Where: keysPage + " > Add key"},
			{Name: optionSecret, Help: "the consumer secret; it begins with cs_ and is shown once, when the key is made", Required: true, Secret: true,
				Where: keysPage + " > Add key"},
			{Name: optionWebhookSecret, Help: "the secret of the shop's webhooks, where news shall come within seconds", Secret: true, Where: hooksPage + " > Secret"},
			{Name: optionAuth, Help: "how the key is sent; oauth for web servers that drop the header Authorization, and always over plain http", Default: authBasic,
				Choices: []string{authBasic, authOAuth}},
			{Name: optionScan, Help: "how often all customers are read, for shops of tens of thousands; in between only those who registered or ordered; empty: in each run", Example: "24h"},
		},
		Scopes:     []string{"Read/Write (Read is enough where nothing is written), by a user who is administrator or shop manager"},
		Idempotent: true,
		Cannot: []string{
			"WooCommerce does not say which customers changed: all are read in each run, a hundred a call, or as often as scan_every says; what is equal changes nothing.",
			"It has no condition for writes (If-Match): Kept reads a customer right before it writes, refuses where something changed, and cannot see an edit within that second.",
			"It tells nobody what was deleted: the census finds it, or a webhook.",
			"It sends its own mails: \"New account\" for a customer that is created, and WordPress a note to the old address when an e-mail address changes.",
			"A customer needs an e-mail address that no other customer has: others are not created, and are told.",
			"It holds two e-mail addresses, phones and addresses: the account's or the bills', and a second that is the parcels'; more are not written.",
			"It drops tags, %-codes and line breaks from names, and backslashes from names, companies, phones and addresses; Kept keeps what it then has.",
			"Administrators, shop managers and other staff: their e-mail address cannot be changed and they cannot be deleted over the API (WooCommerce 9.5.2 and later).",
			"Prices of lines are without tax, as its order page shows them; an order's total is with tax and shipping.",
			"The account's balance of points, subscriptions and what else plug-ins keep elsewhere than in meta fields is not read.",
		},
		Fields: map[connectors.Kind][]connectors.FieldSpec{
			connectors.Contact: {
				field(connectors.FieldGiven, 1, 0), field(connectors.FieldFamily, 1, 0), field(connectors.FieldCompany, 1, 0),
				field(connectors.FieldEmail, 2, maxEmail), field(connectors.FieldPhone, 2, 0), field(connectors.FieldAddress, 2, 0),
				read(fieldRole), field(connectors.CustomPrefix, 1, 0),
			},
			connectors.Order: {read(fieldMethod), read(fieldCoupons)},
		},
		Open: func(_ context.Context, o map[string]string, env connectors.Env) (connectors.Connector, error) {
			return open(o, env)
		},
	}
}

// How keys are sent.
const (
	authBasic = "basic"
	authOAuth = "oauth"
)

// maxEmail is how long an e-mail address can be in WordPress' table of users.
const maxEmail = 100

// shop is one connection.
type shop struct {
	rest   *rest.Client
	env    connectors.Env
	hook   string // the webhooks' secret; empty: none
	name   string // how messages call it
	oauth  bool
	secure bool
	// plain says that the shop has no pretty permalinks: its API is asked by index.php and ?rest_route=.
	plain atomic.Bool
	met   atomic.Bool // the API has answered

	now   func() time.Time
	every time.Duration // how often all customers are read; 0: in each run

	perPage int // only tests make it less, to need fewer
}

func open(o map[string]string, env connectors.Env) (*shop, error) {
	invalid := func(text string) (*shop, error) {
		return nil, &connectors.Error{Class: connectors.Invalid, Text: text}
	}
	key, secret := strings.TrimSpace(o[optionKey]), strings.TrimSpace(o[optionSecret])
	switch {
	case key == "" || secret == "":
		return invalid("the consumer key or secret is missing; make both at " + keysPage + " > Add key")
	case strings.HasPrefix(key, "cs_") && strings.HasPrefix(secret, "ck_"):
		return invalid("consumer key and secret are in each other's place: the key begins with ck_, the secret with cs_")
	}
	every, err := time.ParseDuration(cmp.Or(strings.TrimSpace(o[optionScan]), "0"))
	if err != nil || every < 0 {
		return invalid("scan_every is no span of time; write it like 24h or 90m, or leave it out")
	}
	at := site(o[optionURL])
	s := &shop{env: env, perPage: perPage, every: every, now: env.Now, hook: o[optionWebhookSecret], name: "the shop", secure: strings.HasPrefix(strings.ToLower(at), "https://")}
	if u, err := url.Parse(at); err == nil && u.Host != "" && u.User == nil {
		s.name = "the shop " + u.Host
	}
	if s.now == nil {
		s.now = time.Now
	}
	cfg := rest.Config{URL: at, System: s.name, Limits: limits, Secrets: []string{secret, s.hook}}
	s.oauth = !s.secure || o[optionAuth] == authOAuth
	if s.oauth {
		cfg.Auth = rest.OAuth1{Key: key, Secret: secret, InQuery: true}
	} else {
		cfg.Auth = rest.Basic(key, secret)
	}
	c, err := rest.New(cfg, env)
	if err != nil {
		return nil, err
	}
	s.rest = c
	return s, nil
}

// site gives the address of the WordPress of an address that somebody copied from anywhere in it.
func site(raw string) string {
	at := strings.TrimSpace(raw)
	for _, tail := range []string{"/wp-json", "/wp-admin", "/wp-login.php", "/index.php", "?rest_route="} {
		if i := strings.Index(at, tail); i > len("https://") {
			at = at[:i]
		}
	}
	return strings.TrimRight(at, "/")
}

// Limits are the rate at which the shop is asked.
func (s *shop) Limits() connectors.Limits { return limits }

// Close lets go of idle network connections.
func (s *shop) Close() error { return s.rest.Close() }

// Check reads one customer's number, and one order's.
func (s *shop) Check(ctx context.Context) error {
	if _, err := s.do(ctx, http.MethodGet, "customers", one, nil, nil); err != nil {
		return err
	}
	if _, err := s.do(ctx, http.MethodGet, "orders", url.Values{"per_page": {"1"}, "_fields": {"id"}}, nil, nil); err != nil {
		return err
	}
	if s.hook != "" && s.env.Warn != nil {
		s.warnOfHooks(ctx)
	}
	return ctx.Err()
}

// CheckWrite implements [connectors.WriteChecker]: an empty batch writes nothing, and is refused where a
// batch would be.
func (s *shop) CheckWrite(ctx context.Context) error {
	if _, err := s.do(ctx, http.MethodGet, "customers", one, nil, nil); err != nil {
		return err
	}
	a, err := s.rest.Do(ctx, s.request(s.plain.Load(), http.MethodPost, "customers/batch", nil, map[string]any{}, true), nil)
	if err != nil && a.Status != 0 {
		if e := s.judge(a, true); e != nil {
			e.Text = s.rest.Mask().Text(e.Text)
			return e
		}
	}
	return err
}

// request makes a call to the API, by its path or as ?rest_route=; read marks one that changes nothing.
// WooCommerce looks at keys only where the address has wp-json/wc/ in it, so that stands behind index.php,
// which takes what is behind it for nothing; and an address that ends in the folder would be redirected.
func (s *shop) request(plain bool, method, path string, q url.Values, body any, read bool) rest.Request {
	r := rest.Request{Method: method, Path: "wp-json/wc/v3/" + path, Query: q, Body: body, Read: read}
	if plain {
		r.Path, r.Query = "index.php/wp-json/wc/v3/"+path, url.Values{"rest_route": {"/wc/v3/" + path}}
		for k, v := range q {
			r.Query[k] = v
		}
	}
	return r
}

// one is the cheapest question.
var one = url.Values{"per_page": {"1"}, "role": {"all"}, "_fields": {"id"}}

// do makes a call and decodes its answer. Errors are in the shop's terms.
func (s *shop) do(ctx context.Context, method, path string, q url.Values, body, into any) (rest.Answer, error) {
	read := method == http.MethodGet
	if !read && !s.met.Load() { // a write to a shop without permalinks would end on its front page
		if a, err := s.do(ctx, http.MethodGet, "customers", one, nil, nil); err != nil {
			return a, err
		}
	}
	plain := s.plain.Load()
	a, err := s.rest.Do(ctx, s.request(plain, method, path, q, body, false), into)
	if err == nil {
		s.met.Store(true)
		return a, nil
	}
	if rest.IsPage(err) || a.Status == http.StatusNotFound && codeOf(a) == "" {
		if read && !plain && ctx.Err() == nil && s.byRoute(ctx) {
			return s.do(ctx, method, path, q, body, into)
		}
		return a, s.noAPI(err)
	}
	if a.Status == 0 {
		return a, err
	}
	if e := s.judge(a, !read); e != nil {
		e.Text = s.rest.Mask().Text(e.Text)
		return a, e
	}
	return a, err
}

// byRoute finds out whether the API can be asked without pretty permalinks, and remembers it.
func (s *shop) byRoute(ctx context.Context) bool {
	if s.plain.Load() {
		return true
	}
	a, err := s.rest.Do(ctx, s.request(true, http.MethodGet, "customers", one, nil, false), nil)
	if err == nil || codeOf(a) != "" {
		s.plain.Store(true)
		return true
	}
	return false
}
