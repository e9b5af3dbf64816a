package bluesky

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/rest"
)

// session logs in. A server of Bluesky permits 30 logins in five minutes and 300 a day, so that the
// refresh token is kept and used as long as it is good; a login is made only when there is none.
type session struct {
	c          *Connection
	url        string
	identifier string
	password   string

	mu      sync.Mutex
	refused *connectors.Error // the last login was
	until   time.Time         // till when nobody asks again
}

// patience is for how long a login that was refused is not tried again.
const patience = 5 * time.Minute

func (s *session) tokens() rest.Tokens { return rest.Tokens{Name: s.name(), Fetch: s.fetch} }

// name is under which the tokens are kept: those of another account or password are others. Of the
// password it has too little to find it by.
func (s *session) name() string {
	who := sha256.Sum256([]byte(s.url + "\x00" + s.identifier))
	word := sha256.Sum256([]byte(s.url + "\x00" + s.identifier + "\x00" + s.password))
	return "session-" + hex.EncodeToString(who[:8]) + "-" + hex.EncodeToString(word[:3])
}

// granted is a session as a server tells it.
type granted struct {
	Access  string `json:"accessJwt"`
	Refresh string `json:"refreshJwt"`
	DID     string `json:"did"`
	Active  *bool  `json:"active"`
	Status  string `json:"status"`
}

func (s *session) fetch(ctx context.Context, send rest.Send, old rest.Grant) (rest.Grant, error) {
	if old.Refresh != "" {
		g, over, err := s.refresh(ctx, send, old.Refresh)
		if err == nil || !over {
			return g, err
		}
	}
	return s.login(ctx, send)
}

// refresh asks for new tokens. over says that the refresh token is good no longer.
func (s *session) refresh(ctx context.Context, send rest.Send, token string) (g rest.Grant, over bool, err error) {
	// A body, even an empty object, and a Content-Type are refused.
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/xrpc/com.atproto.server.refreshSession", nil)
	if err != nil {
		return g, false, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	a, err := send(req)
	if err != nil {
		return g, false, err
	}
	switch f := faultOf(a); f.Error {
	case "ExpiredToken", "InvalidToken", "AuthMissing", "AuthenticationRequired":
		return g, true, judge(a)
	}
	if a.Status == http.StatusUnauthorized {
		return g, true, &connectors.Error{Class: connectors.Auth, Text: "Bluesky accepts our session no longer"}
	}
	g, err = s.grant(req, a)
	return g, false, err
}

func (s *session) login(ctx context.Context, send rest.Send) (rest.Grant, error) {
	s.mu.Lock()
	refused := s.refused
	if refused != nil && !s.now().Before(s.until) {
		refused = nil
	}
	s.mu.Unlock()
	if refused != nil {
		return rest.Grant{}, refused
	}
	body, err := json.Marshal(map[string]string{"identifier": s.identifier, "password": s.password})
	if err != nil {
		return rest.Grant{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/xrpc/com.atproto.server.createSession", bytes.NewReader(body))
	if err != nil {
		return rest.Grant{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	a, err := send(req)
	if err != nil {
		return rest.Grant{}, err
	}
	g, err := s.grant(req, a)
	if f := faultOf(a); err != nil && (a.Status == http.StatusUnauthorized || f.Error == "AuthenticationRequired") {
		e := &connectors.Error{Class: connectors.Auth, Text: "Bluesky does not know this handle and password; check the handle, or create a new app password: " + wherePassword}
		if f.Error == "AuthFactorTokenRequired" {
			e.Text = "Bluesky asks for the code that it sent by mail, as it does for the account's own password; use an app password: " + wherePassword
		}
		s.mu.Lock()
		s.refused, s.until = e, s.now().Add(patience)
		s.mu.Unlock()
		return rest.Grant{}, e
	}
	return g, err
}

func (s *session) now() time.Time {
	if s.c.env.Now == nil {
		return time.Now()
	}
	return s.c.env.Now()
}

// grant reads the tokens of an answer.
func (s *session) grant(req *http.Request, a rest.Answer) (rest.Grant, error) {
	if e := judge(a); e != nil {
		if e.Class == connectors.RateLimited {
			if after, ok := rest.RetryAfter(a.Header, s.now()); ok {
				e.After = after
			}
		}
		return rest.Grant{}, e
	}
	if err := s.c.rest.Status(req, a); err != nil {
		return rest.Grant{}, err
	}
	var out granted
	if json.Unmarshal(a.Body, &out) != nil || out.Access == "" || out.Refresh == "" {
		return rest.Grant{}, &connectors.Error{Class: connectors.Invalid, Text: "what answers at " + s.url + " is no server of Bluesky; check the address"}
	}
	if out.Active != nil && !*out.Active {
		return rest.Grant{}, &connectors.Error{Class: connectors.Auth, Text: "the account is not active (" + out.Status + "); sign in at bsky.app to see why"}
	}
	g := rest.Grant{Access: out.Access, Refresh: out.Refresh}
	if life := lifetime(out.Access); life > 0 {
		g.Expires = s.now().Add(life).UTC()
	}
	return g, nil
}

// lifetime gives how long an access token (RFC 7519) is good, by its own two times, so that a clock
// that goes wrong does no harm; 0 where it does not say.
func lifetime(token string) time.Duration {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return 0
	}
	b, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return 0
	}
	var claims struct {
		Issued  float64 `json:"iat"`
		Expires float64 `json:"exp"`
	}
	if json.Unmarshal(b, &claims) != nil || claims.Issued <= 0 || claims.Expires <= claims.Issued || claims.Expires-claims.Issued > 365*24*3600 {
		return 0
	}
	return time.Duration((claims.Expires - claims.Issued) * float64(time.Second))
}
