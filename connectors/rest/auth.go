package rest

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"

	"github.com/keptcrm/kept/connectors"
)

// Auth is how a connection proves who it is: [Header], [Basic], [Bearer], [Query], [OAuth1], a
// [Tokens] or [OAuth2].
type Auth interface {
	// bind gives what puts credentials into the requests of one connection.
	bind(s surroundings) signer
}

// surroundings are what credentials need of a connection.
type surroundings struct {
	env   connectors.Env
	mask  *Mask
	words words
	wire  http.RoundTripper // for requests about the credentials themselves
}

// signer puts credentials into requests, which are copies of its own.
type signer interface {
	sign(ctx context.Context, req *http.Request) error
	// refused is told that the system did not accept a request's credentials. It says whether they
	// were renewed since.
	refused(ctx context.Context, req *http.Request) (renewed bool, err error)
}

// fixed are credentials that stay.
type fixed func(req *http.Request)

func (f fixed) sign(_ context.Context, req *http.Request) error {
	f(req)
	return nil
}

func (fixed) refused(context.Context, *http.Request) (bool, error) { return false, nil }

type fixedAuth struct {
	put     fixed
	secrets []string
}

func (f fixedAuth) bind(s surroundings) signer {
	for _, v := range f.secrets {
		s.mask.Add(v)
	}
	return f.put
}

// Header sends a secret in a header.
func Header(name, value string) Auth {
	return fixedAuth{func(r *http.Request) { r.Header.Set(name, value) }, []string{value}}
}

// Basic sends a user name and a password.
func Basic(user, password string) Auth {
	return fixedAuth{func(r *http.Request) { r.SetBasicAuth(user, password) },
		[]string{password, base64.StdEncoding.EncodeToString([]byte(user + ":" + password))}}
}

// Bearer sends a token that stays.
func Bearer(token string) Auth {
	return fixedAuth{func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }, []string{token}}
}

// Query sends secrets in the address. Only for systems that take them nowhere else: their own logs
// hold addresses.
func Query(values map[string]string) Auth {
	var secrets []string
	for _, v := range values {
		secrets = append(secrets, v)
	}
	return fixedAuth{func(r *http.Request) {
		q := r.URL.Query()
		for k, v := range values {
			q.Set(k, v)
		}
		r.URL.RawQuery = q.Encode()
	}, secrets}
}

// auth puts credentials into requests for the connection's own hosts, and when they ran out renews
// them once. That is no retry of a write: the system said that it did not even look at it.
type auth struct {
	next    http.RoundTripper
	signer  signer
	base    *url.URL
	hosts   []string
	expired func(a Answer) bool
	words   words
}

func newAuth(cfg Config, base *url.URL, env connectors.Env, w words, next http.RoundTripper) http.RoundTripper {
	if cfg.Auth == nil {
		return next
	}
	a := &auth{next: next, base: base, hosts: cfg.Hosts, expired: cfg.Expired, words: w}
	if a.expired == nil {
		a.expired = func(a Answer) bool { return a.Status == http.StatusUnauthorized }
	}
	a.signer = cfg.Auth.bind(surroundings{env: env, mask: w.mask, words: w, wire: next})
	return a
}

func (a *auth) RoundTrip(req *http.Request) (*http.Response, error) {
	if !sameHost(a.base, req.URL, a.hosts) {
		return a.next.RoundTrip(req)
	}
	sent, err := taken(req)
	if err != nil {
		return nil, a.words.error(connectors.Invalid, "the request could not be read", err)
	}
	for try := 1; ; try++ {
		r := again(req, sent)
		if err := a.signer.sign(req.Context(), r); err != nil {
			return nil, err
		}
		resp, err := a.next.RoundTrip(r)
		if err != nil || try > 1 || !a.expired(answerOf(resp)) {
			return resp, err
		}
		renewed, err := a.signer.refused(req.Context(), r)
		if err != nil {
			return nil, err
		}
		if !renewed {
			return resp, nil
		}
	}
}
