package rest_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/rest"
)

func TestCredentialsThatStay(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		auth rest.Auth
		has  func(r *http.Request) bool
	}{
		"header": {rest.Header("X-Api-Key", "hunter22"), func(r *http.Request) bool { return r.Header.Get("X-Api-Key") == "hunter22" }},
		"basic": {rest.Basic("ck_1", "hunter22"), func(r *http.Request) bool {
			u, p, _ := r.BasicAuth()
			return u == "ck_1" && p == "hunter22"
		}},
		"bearer": {rest.Bearer("hunter22"), func(r *http.Request) bool { return r.Header.Get("Authorization") == "Bearer hunter22" }},
		"query": {rest.Query(map[string]string{"ws": "hunter22"}), func(r *http.Request) bool {
			return r.URL.Query().Get("ws") == "hunter22" && r.URL.Query().Get("q") == "a b"
		}},
	} {
		var said []connectors.Exchange
		s := &system{answer: always(func() (*http.Response, error) {
			return says(401, `{"message":"no hunter22, nor `+base64.StdEncoding.EncodeToString([]byte("ck_1:hunter22"))+`"}`), nil
		})}
		c := client(t, s, func(cfg *rest.Config, env *connectors.Env) {
			cfg.Auth, env.Record = tc.auth, func(x connectors.Exchange) { said = append(said, x) }
		})
		_, err := c.Do(t.Context(), rest.Request{Query: url.Values{"q": {"a b"}}}, nil)
		if classOf(err) != connectors.Auth || s.count() != 1 || !tc.has(s.asked[0]) {
			t.Errorf("%s: %v, sent %v", name, err, s.asked[0])
		}
		if all := fmt.Sprintf("%v %s", err, rest.WriteRecording(said)); strings.Contains(all, "hunter22") || name == "basic" && strings.Contains(all, base64.StdEncoding.EncodeToString([]byte("ck_1:hunter22"))) {
			t.Errorf("%s: the secret is in %s", name, all)
		}
	}
}

// The signature that WooCommerce verifies, computed here from what was sent.
func TestOAuth1Signs(t *testing.T) {
	t.Parallel()
	s := &system{answer: always(func() (*http.Response, error) { return says(500, "{}"), nil })}
	for _, inQuery := range []bool{true, false} {
		c := client(t, s, func(cfg *rest.Config, env *connectors.Env) {
			cfg.URL, cfg.Auth = "http://127.0.0.1:80/wp-json/wc/v3", rest.OAuth1{Key: "ck_1234", Secret: "cs_hunter22", InQuery: inQuery}
			env.Now = func() time.Time { return time.Unix(1_700_000_000, 0) }
			env.Sleep = func(context.Context, time.Duration) error { return nil }
		})
		before := s.count()
		if _, err := c.Do(t.Context(), rest.Request{Path: "customers", Query: url.Values{"search": {"Köhler & Co"}, "page": {"1"}}}, nil); classOf(err) != connectors.Transient {
			t.Error(err)
		}
		nonces := map[string]bool{}
		for _, r := range s.asked[before:] {
			p := r.URL.Query()
			if !inQuery {
				for _, part := range strings.Split(strings.TrimPrefix(r.Header.Get("Authorization"), "OAuth "), ", ") {
					k, v, _ := strings.Cut(part, "=")
					v, err := url.PathUnescape(strings.Trim(v, `"`))
					if err != nil {
						t.Fatal(err)
					}
					p.Set(k, v)
				}
			}
			got := p.Get("oauth_signature")
			p.Del("oauth_signature")
			params := strings.ReplaceAll(p.Encode(), "+", "%20") // sorted; names and values here sort alike escaped or not
			base := "GET&http%3A%2F%2F127.0.0.1%2Fwp-json%2Fwc%2Fv3%2Fcustomers&" + strings.ReplaceAll(url.QueryEscape(params), "+", "%20")
			mac := hmac.New(sha256.New, []byte("cs_hunter22&"))
			mac.Write([]byte(base))
			if want := base64.StdEncoding.EncodeToString(mac.Sum(nil)); got != want || p.Get("oauth_timestamp") != "1700000000" || p.Get("search") != "Köhler & Co" {
				t.Errorf("signed %s, want %s of %s", got, want, base)
			}
			nonces[p.Get("oauth_nonce")] = true
		}
		if len(nonces) != 4 {
			t.Errorf("four tries had %d nonces", len(nonces))
		}
	}
}

// memory keeps tokens.
type memory struct {
	mu   sync.Mutex
	kept map[string]string
	fail error
}

func (m *memory) Get(_ context.Context, name string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.kept[name], nil
}

func (m *memory) Put(_ context.Context, name, value string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	if m.kept == nil {
		m.kept = map[string]string{}
	}
	m.kept[name] = value
	return nil
}

// authority gives tokens that work once each and rotate, and a system that takes the last.
type authority struct {
	system
	given int
	fails string // the error that it answers
}

func newAuthority() *authority {
	a := &authority{}
	a.answer = func(_ int, r *http.Request) (*http.Response, error) {
		a.mu.Lock()
		defer a.mu.Unlock()
		if r.URL.Path != "/token" {
			if r.Header.Get("Authorization") != fmt.Sprintf("Bearer access-%d", a.given) {
				return says(401, `{"message":"bad `+r.Header.Get("Authorization")+`"}`), nil
			}
			return says(200, `{}`), nil
		}
		if a.fails != "" {
			return says(400, `{"error":"`+a.fails+`","error_description":"no refresh-0"}`), nil
		}
		f, err := url.ParseQuery(a.bodies[len(a.bodies)-1])
		if err != nil || f.Get("refresh_token") != fmt.Sprintf("refresh-%d", a.given) || f.Get("client_secret") != "hunter22" {
			return says(400, `{"error":"invalid_grant"}`), nil
		}
		a.given++
		return says(200, fmt.Sprintf(`{"access_token":"access-%d","refresh_token":"refresh-%d","expires_in":3600}`, a.given, a.given)), nil
	}
	return a
}

func (a *authority) client(t *testing.T, store connectors.TokenStore, said *[]connectors.Exchange) *rest.Client {
	return client(t, &a.system, func(cfg *rest.Config, env *connectors.Env) {
		cfg.Auth = rest.OAuth2{Name: "shop", TokenURL: "https://login.example.com/token", ClientID: "kept", ClientSecret: "hunter22", Refresh: "refresh-0"}
		env.Store = store
		if said != nil {
			env.Record = func(x connectors.Exchange) { *said = append(*said, x) }
		}
	})
}

func TestOAuth2RotatesOnceForAll(t *testing.T) {
	virtual(t, func(t *testing.T) {
		a, store := newAuthority(), &memory{}
		var said []connectors.Exchange
		c := a.client(t, store, &said)
		ask := func(c *rest.Client, n int) {
			t.Helper()
			var all sync.WaitGroup
			for range n {
				all.Go(func() {
					if _, err := c.Do(t.Context(), rest.Request{Method: "POST"}, nil); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
		}
		ask(c, 1)
		if a.given != 1 || !strings.Contains(store.kept["shop"], "refresh-1") {
			t.Errorf("%d tokens given, kept %s", a.given, store.kept["shop"])
		}
		time.Sleep(2 * time.Hour)
		ask(c, 10)
		if a.given != 2 {
			t.Errorf("ten calls after the end of a token fetched %d", a.given-1)
		}
		ask(a.client(t, store, nil), 3) // another process
		if a.given != 2 {
			t.Errorf("a new process fetched a token")
		}
		if text := string(rest.WriteRecording(said)); strings.Contains(text, "refresh-") || strings.Contains(text, "access-") || strings.Contains(text, "hunter22") {
			t.Errorf("recorded %s", text)
		}
	})
}

// A token that ends early is renewed once, also for a write: the system did not look at it.
func TestARefusedTokenIsRenewedOnce(t *testing.T) {
	virtual(t, func(t *testing.T) {
		a, store := newAuthority(), &memory{kept: map[string]string{"shop": `{"access":"stolen-1","refresh":"refresh-0"}`}}
		c := a.client(t, store, nil)
		if _, err := c.Do(t.Context(), rest.Request{Method: "POST", Body: []byte("{}")}, nil); err != nil || a.count() != 3 || a.bodies[2] != "{}" {
			t.Errorf("%v after %d requests", err, a.count())
		}
		a.mu.Lock()
		a.given, a.fails = 99, "invalid_grant"
		a.mu.Unlock()
		_, err := c.Do(t.Context(), rest.Request{}, nil)
		if classOf(err) != connectors.Auth || strings.Contains(err.Error(), "refresh-0") || a.count() != 5 {
			t.Errorf("access withdrawn: %v after %d requests", err, a.count()-3)
		}
	})
}

func TestTokensThatCannotBeKeptOrFetched(t *testing.T) {
	virtual(t, func(t *testing.T) {
		a, warned := newAuthority(), ""
		c := client(t, &a.system, func(cfg *rest.Config, env *connectors.Env) {
			cfg.Auth = rest.OAuth2{Name: "shop", TokenURL: "https://login.example.com/token", ClientID: "kept", ClientSecret: "hunter22", Refresh: "refresh-0"}
			env.Store = &memory{fail: errors.New("disk full")}
			env.Warn = func(f string, x ...any) { warned = fmt.Sprintf(f, x...) }
		})
		if _, err := c.Do(t.Context(), rest.Request{}, nil); err != nil || !strings.Contains(warned, "disk full") {
			t.Errorf("%v, warned %q", err, warned)
		}
		broken := &system{answer: always(func() (*http.Response, error) { return nil, errors.New("reset") })}
		c = client(t, broken, func(cfg *rest.Config, _ *connectors.Env) {
			cfg.Auth = rest.Tokens{Fetch: func(ctx context.Context, send rest.Send, _ rest.Grant) (rest.Grant, error) {
				req, err := http.NewRequestWithContext(ctx, "POST", "https://shop.example.com/login", nil)
				if err != nil {
					return rest.Grant{}, err
				}
				_, err = send(req)
				return rest.Grant{}, err
			}}
		})
		if _, err := c.Do(t.Context(), rest.Request{Method: "POST"}, nil); classOf(err) != connectors.Transient {
			t.Errorf("the write was never sent, yet: %s %v", classOf(err), err)
		}
	})
}
