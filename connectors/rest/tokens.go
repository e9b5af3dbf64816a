package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/keptcrm/kept/connectors"
)

// Grant is what a system gave us to prove who we are.
type Grant struct {
	Access  string    `json:"access"`
	Refresh string    `json:"refresh,omitempty"`
	Expires time.Time `json:"expires,omitzero"` // zero: not told
}

// Tokens are credentials that run out and are fetched anew: OAuth 2, sessions. They are kept in
// Env.Store, so that no run logs in for itself, and fetched by one goroutine while others wait.
type Tokens struct {
	Name string // under which the grant is kept in Env.Store
	// Fetch gets a grant: old is the last one, empty where there was none. Its error is final.
	Fetch func(ctx context.Context, send Send, old Grant) (Grant, error)
	Put   func(req *http.Request, access string) // nil: as a bearer token
	Early time.Duration                          // how long before its end a grant is renewed; 0: one minute
}

// Send sends a request about credentials: below auth and pacing, and never again by itself.
type Send func(req *http.Request) (Answer, error)

func (t Tokens) bind(s surroundings) signer {
	if t.Put == nil {
		t.Put = func(r *http.Request, access string) { r.Header.Set("Authorization", "Bearer "+access) }
	}
	if t.Early <= 0 {
		t.Early = time.Minute
	}
	return &tokens{t: t, s: s, turn: make(chan struct{}, 1)}
}

type tokens struct {
	t    Tokens
	s    surroundings
	turn chan struct{} // holds a token while somebody looks at or renews the grant
	last Grant
}

// usedKey marks in a request's context which access token went out with it.
type usedKey struct{}

func (t *tokens) sign(ctx context.Context, req *http.Request) error {
	g, err := t.grant(ctx, "")
	if err != nil {
		return err
	}
	*req = *req.WithContext(context.WithValue(req.Context(), usedKey{}, g.Access))
	t.t.Put(req, g.Access)
	return nil
}

func (t *tokens) refused(ctx context.Context, req *http.Request) (bool, error) {
	used, _ := req.Context().Value(usedKey{}).(string)
	g, err := t.grant(ctx, used)
	return err == nil && g.Access != used, err
}

// grant gives a grant that is good as far as we know, and is not the one refused.
func (t *tokens) grant(ctx context.Context, refused string) (Grant, error) {
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return Grant{}, ctx.Err()
	}
	if t.good(t.last, refused) {
		return t.last, nil
	}
	// another process may have renewed it
	if g, err := t.load(ctx); err != nil {
		return Grant{}, err
	} else if g.Access != "" || g.Refresh != "" {
		t.last = g
	}
	if t.good(t.last, refused) {
		return t.last, nil
	}
	g, err := t.t.Fetch(ctx, t.send, t.last)
	if err != nil {
		if ctx.Err() != nil {
			return Grant{}, ctx.Err()
		}
		return Grant{}, t.error(err)
	}
	if g.Refresh == "" {
		g.Refresh = t.last.Refresh // many systems keep it and do not say it again
	}
	t.know(g)
	t.last = g
	return g, t.save(ctx, g)
}

func (t *tokens) good(g Grant, refused string) bool {
	return g.Access != "" && g.Access != refused && (g.Expires.IsZero() || t.s.env.Now().Add(t.t.Early).Before(g.Expires))
}

func (t *tokens) know(g Grant) {
	t.s.mask.Add(g.Access)
	t.s.mask.Add(g.Refresh)
}

func (t *tokens) load(ctx context.Context) (Grant, error) {
	var g Grant
	if t.s.env.Store == nil {
		return g, nil
	}
	kept, err := t.s.env.Store.Get(ctx, t.t.Name)
	if err != nil {
		return g, t.s.words.error(connectors.Transient, "the token that was kept cannot be read", err)
	}
	if kept != "" && json.Unmarshal([]byte(kept), &g) != nil {
		return Grant{}, nil // as if there was none
	}
	t.know(g)
	return g, nil
}

// save keeps the grant. One that cannot be kept is used all the same, once: a system that rotates
// its tokens has forgotten the old one already.
func (t *tokens) save(ctx context.Context, g Grant) error {
	if t.s.env.Store == nil {
		return nil
	}
	b, err := json.Marshal(g)
	if err == nil {
		err = t.s.env.Store.Put(context.WithoutCancel(ctx), t.t.Name, string(b))
	}
	if err != nil {
		t.s.env.Warn("the new token of %s could not be kept; the next run may have to be connected again: %s", t.s.words.system, t.s.mask.Text(err.Error()))
	}
	return nil
}

func (t *tokens) send(req *http.Request) (Answer, error) {
	resp, err := t.s.wire.RoundTrip(req)
	if err != nil {
		return Answer{}, err
	}
	return answerOf(resp), nil
}

// error: a request about credentials that failed means that the call itself was never made.
func (t *tokens) error(err error) error {
	var e *connectors.Error
	if !errors.As(err, &e) {
		return t.s.words.error(connectors.Transient, fmt.Sprintf("%s gave no new token; try again later", t.s.words.system), err)
	}
	if e.Class == connectors.Ambiguous {
		return t.s.words.error(connectors.Transient, fmt.Sprintf("%s gave no new token; try again later", t.s.words.system), e.Cause)
	}
	return t.s.words.masked(e)
}

// OAuth2 are tokens after RFC 6749.
type OAuth2 struct {
	Name         string // under which the grant is kept in Env.Store
	TokenURL     string
	ClientID     string
	ClientSecret string
	Refresh      string // the first refresh token; empty: the client's own credentials (grant client_credentials)
	Scope        string
	InHeader     bool // the client's credentials go as Basic, not in the form
}

func (o OAuth2) bind(s surroundings) signer {
	s.mask.Add(o.ClientSecret)
	s.mask.Add(o.Refresh)
	return Tokens{Name: o.Name, Fetch: func(ctx context.Context, send Send, old Grant) (Grant, error) {
		return o.fetch(ctx, s, send, old)
	}}.bind(s)
}

func (o OAuth2) fetch(ctx context.Context, s surroundings, send Send, old Grant) (Grant, error) {
	form := url.Values{"grant_type": {"client_credentials"}}
	refresh := old.Refresh
	if refresh == "" {
		refresh = o.Refresh
	}
	if refresh != "" {
		form = url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}}
	}
	if o.Scope != "" {
		form.Set("scope", o.Scope)
	}
	if !o.InHeader {
		form.Set("client_id", o.ClientID)
		if o.ClientSecret != "" {
			form.Set("client_secret", o.ClientSecret)
		}
	}
	u, err := address(o.TokenURL)
	if err != nil {
		return Grant{}, err
	}
	req, err := http.NewRequestWithContext(context.WithValue(ctx, callKey{}, call{}), http.MethodPost, u.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return Grant{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	if o.InHeader {
		req.SetBasicAuth(url.QueryEscape(o.ClientID), url.QueryEscape(o.ClientSecret))
	}
	a, err := send(req)
	if err != nil {
		return Grant{}, err
	}
	var body struct {
		Access  string  `json:"access_token"`
		Refresh string  `json:"refresh_token"`
		Expires float64 `json:"expires_in"`
		Error   string  `json:"error"`
	}
	if err := json.Unmarshal(bytes.TrimSpace(a.Body), &body); err != nil && a.Status < 300 {
		return Grant{}, s.words.unreadable(true, "%s gave no token but something else; check the address of its tokens", errHalf)
	}
	switch {
	case body.Error == "invalid_grant", body.Error == "invalid_client", body.Error == "unauthorized_client", a.Status == http.StatusUnauthorized:
		return Grant{}, s.words.error(connectors.Auth, fmt.Sprintf("%s has withdrawn our access, or it ran out; connect it again", s.words.system), errors.New(body.Error))
	case a.Status >= 300:
		return Grant{}, s.words.status(a, true, req)
	case body.Access == "":
		return Grant{}, s.words.error(connectors.Transient, fmt.Sprintf("%s gave no token; try again later", s.words.system), nil)
	}
	g := Grant{Access: body.Access, Refresh: body.Refresh}
	if body.Expires > 0 {
		g.Expires = s.env.Now().Add(seconds(body.Expires)).UTC()
	}
	return g, nil
}
