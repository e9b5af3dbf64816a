package woocommerce

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/rest"
)

// memory carries requests to a handler without a network.
type memory struct{ h http.Handler }

func (m memory) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	r := req.Clone(req.Context())
	if r.Body == nil {
		r.Body = http.NoBody
	}
	r.Host = r.URL.Host
	w := httptest.NewRecorder()
	m.h.ServeHTTP(w, r)
	resp := w.Result()
	resp.Request = req
	return resp, nil
}

// changed is a transport that changes requests on their way.
type changed struct {
	next   http.RoundTripper
	change func(r *http.Request)
}

func before(next http.RoundTripper, change func(r *http.Request)) http.RoundTripper {
	return changed{next, change}
}

func (c changed) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	c.change(r)
	return c.next.RoundTrip(r)
}

// client is the connection's client over another transport.
func client(tb testing.TB, wire http.RoundTripper) *rest.Client {
	tb.Helper()
	c, err := rest.New(rest.Config{URL: "https://shop.example.com", System: "the shop", Auth: rest.Basic(testKey, testSecret)}, connectors.Env{HTTP: wire, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	if err != nil {
		tb.Fatal(err)
	}
	return c
}
