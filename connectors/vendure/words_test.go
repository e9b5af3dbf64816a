package vendure

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
)

// What people read when something is wrong.
func TestWords(t *testing.T) {
	t.Parallel()
	answers := func(status int, contentType, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	graphql := func(message, code string, path ...string) http.HandlerFunc {
		b, _ := json.Marshal(map[string]any{"errors": []any{map[string]any{"message": message, "path": path, "extensions": map[string]any{"code": code}}}, "data": nil})
		return answers(200, "application/json", string(b))
	}
	shop := newFake()
	limited := newFake()
	limited.most = 50
	for name, c := range map[string]struct {
		handler http.Handler
		options map[string]string
		pull    bool
		class   connectors.Class
		says    string
	}{
		"wrong path":          {shop, map[string]string{"url": "https://shop.example/vendure"}, false, connectors.Invalid, "usually ends with /admin-api"},
		"wrong password":      {shop, map[string]string{"password": "hunter23"}, false, connectors.Auth, "Settings > Administrators"},
		"wrong key":           {shop, map[string]string{"user": "", "key": "wrong:key"}, false, connectors.Auth, "Settings > API keys"},
		"a page":              {answers(200, "text/html", "<!doctype html><title>Hotel</title>"), nil, false, connectors.Invalid, "login page or a firewall"},
		"a page, with a key":  {answers(200, "text/html", "<!doctype html><title>Hotel</title>"), map[string]string{"user": "", "key": "k:k"}, false, connectors.Transient, "login page or a firewall"},
		"other JSON":          {answers(200, "application/json", `{"hello":"world"}`), nil, false, connectors.Invalid, "check the option url"},
		"other JSON, key":     {answers(200, "application/json", `{"hello":"world"}`), map[string]string{"user": "", "key": "k:k"}, false, connectors.Transient, "check the option url"},
		"no JSON":             {answers(200, "application/json", `{"data":`), map[string]string{"user": "", "key": "k:k"}, false, connectors.Transient, "half an answer"},
		"broken request":      {answers(400, "application/json", `{"statusCode":400,"message":"Unterminated string in JSON","timestamp":"","path":"/admin-api"}`), map[string]string{"user": "", "key": "k:k"}, false, connectors.Invalid, "Unterminated string"},
		"no session":          {answers(200, "application/json", `{"data":{"login":{"__typename":"CurrentUser"}}}`), nil, false, connectors.Auth, "vendure-auth-token"},
		"not verified":        {answers(200, "application/json", `{"data":{"login":{"__typename":"NotVerifiedError","errorCode":"NOT_VERIFIED_ERROR","message":"x"}}}`), nil, false, connectors.Auth, "confirm the e-mail address"},
		"firewall":            {answers(403, "text/html", "<html>denied"), nil, false, connectors.Forbidden, "firewall"},
		"down":                {answers(502, "text/html", "<html>bad gateway"), nil, false, connectors.Transient, "try again later"},
		"slow down":           {answers(429, "application/json", "{}"), nil, false, connectors.RateLimited, "slow down"},
		"the Shop API":        {graphql(`Cannot query field "customers" on type "Query". Did you mean "activeCustomer"?`, "GRAPHQL_VALIDATION_FAILED"), map[string]string{"user": "", "key": "k:k"}, false, connectors.Invalid, "Shop API"},
		"an old shop":         {graphql(`Cannot query field "orderPlacedQuantity" on type "OrderLine".`, "GRAPHQL_VALIDATION_FAILED"), map[string]string{"user": "", "key": "k:k"}, false, connectors.Invalid, "of Vendure 3.7"},
		"the database":        {graphql("Connection terminated", ""), map[string]string{"user": "", "key": "k:k"}, false, connectors.Transient, "trouble of its own"},
		"a rate limit plugin": {graphql("slow", "RATE_LIMITED"), map[string]string{"user": "", "key": "k:k"}, false, connectors.RateLimited, "slow down"},
		"a smaller limit":     {limited, nil, true, connectors.Invalid, "set the option page"},
		"a list that is none": {answers(200, "application/json", `{"data":{"activeChannel":{"token":"x"},"customers":{"items":null}}}`), map[string]string{"user": "", "key": "k:k"}, true, connectors.Transient, "list that is none"},
		"gigantic":            {answers(200, "application/json", strings.Repeat(" ", 33<<20)), map[string]string{"user": "", "key": "k:k"}, true, connectors.Invalid, "too long"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := map[string]string{"url": "https://shop.example", "user": shop.user, "password": shop.password}
			for k, v := range c.options {
				o[k] = v
			}
			at := opened(t, o, connectors.Env{HTTP: direct{c.handler}, Sleep: func(context.Context, time.Duration) error { return nil }})
			err := at.Check(t.Context())
			if c.pull {
				_, err = at.Pull(t.Context(), connectors.Contact, "")
			}
			if connectors.ClassOf(err) != c.class || err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v (%s), want %s and %q", err, connectors.ClassOf(err), c.class, c.says)
			}
			if err != nil && (strings.Contains(err.Error(), shop.password) || strings.Contains(err.Error(), "hunter23")) {
				t.Errorf("the password is in: %v", err)
			}
		})
	}
	s := httptest.NewTLSServer(shop)
	defer s.Close()
	err := opened(t, map[string]string{"url": s.URL, "user": "u", "password": "p-of-u"}, connectors.Env{Sleep: func(context.Context, time.Duration) error { return nil }}).Check(t.Context())
	if connectors.ClassOf(err) != connectors.Invalid || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a certificate that nobody signed: %v", err)
	}
}

func TestWordsAboutOptions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options map[string]string
		says    string
	}{
		"nothing":        {map[string]string{"url": "https://s.example"}, "user and password of an administrator"},
		"no password":    {map[string]string{"url": "https://s.example", "user": "u"}, "password of u is missing"},
		"no address":     {map[string]string{"key": "k:k"}, "address is missing"},
		"no web address": {map[string]string{"url": "shop.example.com", "key": "k:k"}, "write it like https://"},
		"a page of none": {map[string]string{"url": "https://s.example", "key": "k:k", "page": "0"}, "from 1 to 500"},
		"a country":      {map[string]string{"url": "https://s.example", "key": "k:k", "country": "Germany"}, "two letters"},
	} {
		_, err := Spec().Open(t.Context(), c.options, connectors.Env{})
		if connectors.ClassOf(err) != connectors.Invalid || err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
	for raw, want := range map[string]string{"https://s.example": "https://s.example/admin-api", " https://s.example/ ": "https://s.example/admin-api", "https://s.example/shop/admin-api/": "https://s.example/shop/admin-api"} {
		if got := adminURL(raw); got != want {
			t.Errorf("%q is asked at %q", raw, got)
		}
	}
}

// direct hands requests to a handler.
type direct struct{ h http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	d.h.ServeHTTP(rec, r)
	return rec.Result(), nil
}

// Whatever the shop answers, there is a page that accounts for itself, or an error with words.
func FuzzAnswers(f *testing.F) {
	for _, s := range []string{
		`{"data":{"activeChannel":{"token":"t"},"customers":{"totalItems":1,"items":[{"id":"1","updatedAt":"2026-11-22T02:47:15.000Z","addresses":[{"id":"1","country":null,"defaultBillingAddress":true}],"groups":[null]}]}}}`,
		`{"data":{"activeChannel":{"token":"t"},"orders":{"totalItems":1,"items":[{"id":"1","updatedAt":"2026-11-22T02:47:15.000Z","payments":[{"refunds":[{"state":"Settled","total":-9223372036854775808}]}],"lines":[{"quantity":-1}]}]}}}`,
		`{"errors":[{"message":"m","path":[1,"x"],"extensions":{"code":"FORBIDDEN"}},3,null],"data":null}`, `{"data":{"customers":{"items":[null,3,[],{}]},"orders":{"items":[{"id":7}]}}}`, `[]`, ``, `{"data":[]}`,
	} {
		f.Add([]byte(s), "")
		f.Add([]byte(s), `{"s":"2026-11-22T02:47:15Z","k":2,"l":"1"}`)
	}
	f.Fuzz(func(t *testing.T, answer []byte, cursor string) {
		h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(answer)
		})
		clock := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
		env := connectors.Env{HTTP: direct{h}, Now: func() time.Time { return clock }, Sleep: func(_ context.Context, d time.Duration) error { clock = clock.Add(d); return nil }}
		c := opened(t, map[string]string{"url": "https://shop.example", "key": "k:k", "page": "2"}, env)
		for _, kind := range []connectors.Kind{connectors.Contact, connectors.Order} {
			for _, from := range []connectors.Cursor{"", connectors.Cursor(cursor)} {
				p, err := c.Pull(t.Context(), kind, from)
				if err == nil && p.Told != len(p.Changes)+len(p.Rejected) {
					t.Errorf("told %d, accounts for %d and %d", p.Told, len(p.Changes), len(p.Rejected))
				}
				if err == nil && p.More && p.Next == from {
					t.Error("goes round in circles")
				}
				for _, r := range p.Rejected {
					if r.Where == "" || r.Reason == "" || len(r.Raw) > 64<<10 {
						t.Errorf("rejected: %+v", r)
					}
				}
				for _, ch := range p.Changes {
					if ch.Record.ID == "" || ch.Record.Order != nil && ch.Record.Order.Refunded < 0 {
						t.Errorf("told %+v", ch.Record)
					}
				}
				words(t, err)
			}
			_, err := c.Census(t.Context(), kind, "")
			words(t, err)
		}
		words(t, c.Check(t.Context()))
		_, _, err := c.Find(t.Context(), creating(person(1)))
		words(t, err)
	})
}

// words holds that an error has some.
func words(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	e, ok := err.(*connectors.Error)
	if !ok || e.Text == "" || e.Class == "" {
		t.Errorf("%#v is no error of the contract", err)
	}
}
