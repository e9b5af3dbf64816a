package rest_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/rest"
)

// real makes a client over the network, that does not wait between its tries.
func real(t *testing.T, address string, change func(*rest.Config, *connectors.Env)) *rest.Client {
	t.Helper()
	cfg, env := rest.Config{URL: address, System: "the shop"}, connectors.Env{Sleep: func(context.Context, time.Duration) error { return nil }}
	if change != nil {
		change(&cfg, &env)
	}
	c, err := rest.New(cfg, env)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// A server that drops its connections: reads are tried again, writes are Ambiguous and asked once,
// though net/http itself would repeat one that says it is idempotent.
func TestResetsOnTheWire(t *testing.T) {
	t.Parallel()
	var asked, drop atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if drop.Add(-1) >= 0 {
			panic(http.ErrAbortHandler)
		}
		if _, err := w.Write([]byte(`{}`)); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(srv.Close)
	c := real(t, srv.URL, nil)
	drop.Store(2)
	if _, err := c.Do(t.Context(), rest.Request{}, nil); err != nil || asked.Load() != 3 {
		t.Errorf("read: %v after %d", err, asked.Load())
	}
	asked.Store(0)
	drop.Store(9)
	_, err := c.Do(t.Context(), rest.Request{Method: "POST", Body: []byte("{}"), Header: http.Header{"Idempotency-Key": {"i-1"}}}, nil)
	if classOf(err) != connectors.Ambiguous || asked.Load() != 1 {
		t.Errorf("write: %v after %d", err, asked.Load())
	}
}

func TestNothingWasSent(t *testing.T) {
	t.Parallel()
	const closed = "http://127.0.0.1:1"
	for _, method := range []string{"GET", "POST"} {
		_, err := real(t, closed, nil).Do(t.Context(), rest.Request{Method: method}, nil)
		if classOf(err) != connectors.Transient || !strings.Contains(err.Error(), "nothing answers at 127.0.0.1") {
			t.Errorf("%s to a closed port: %s %v", method, classOf(err), err)
		}
		dialled := 0
		c := real(t, "https://no.shop.invalid", func(_ *rest.Config, env *connectors.Env) {
			env.Dial = func(context.Context, string, string) (net.Conn, error) {
				dialled++
				return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Name: "no.shop.invalid", IsNotFound: true, Err: "no such host"}}
			}
		})
		_, err = c.Do(t.Context(), rest.Request{Method: method}, nil)
		if classOf(err) != connectors.Transient || !strings.Contains(err.Error(), "there is no no.shop.invalid") || dialled != 1 {
			t.Errorf("%s to nowhere: %v after %d tries", method, err, dialled)
		}
	}
}

// certificate makes one for 127.0.0.1 or another name, valid until a time.
func certificate(t *testing.T, name string, until time.Time) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: until.Add(-48 * time.Hour), NotAfter: until, IsCA: true, BasicConstraintsValid: true, DNSNames: []string{name}}
	if ip := net.ParseIP(name); ip != nil {
		tmpl.IPAddresses = []net.IP{ip}
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func TestTLSFaultsInWords(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		host    string
		until   time.Time
		trusted bool
		words   string
	}{
		"expired":    {"127.0.0.1", time.Now().Add(-time.Hour), true, "must renew it"},
		"other name": {"other.example", time.Now().Add(time.Hour), true, "is for another name"},
		"self-made":  {"127.0.0.1", time.Now().Add(time.Hour), false, "this machine does not trust"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cert, pool := certificate(t, tc.host, tc.until)
			asked := 0
			srv := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
			srv.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
			srv.Config.ErrorLog = discard()
			srv.StartTLS()
			t.Cleanup(srv.Close)
			tr := &http.Transport{}
			if tc.trusted {
				tr.TLSClientConfig = &tls.Config{RootCAs: pool}
			}
			t.Cleanup(tr.CloseIdleConnections)
			c := real(t, srv.URL, func(_ *rest.Config, env *connectors.Env) { env.HTTP = tr })
			for _, method := range []string{"GET", "POST"} {
				_, err := c.Do(t.Context(), rest.Request{Method: method}, nil)
				if classOf(err) != connectors.Invalid || !strings.Contains(err.Error(), tc.words) || strings.Contains(err.Error(), "x509") || asked > 0 {
					t.Errorf("%s: %s %v", method, classOf(err), err)
				}
			}
		})
	}
	t.Run("no TLS", func(t *testing.T) {
		t.Parallel()
		srv := httptest.NewServer(http.NotFoundHandler())
		t.Cleanup(srv.Close)
		_, err := real(t, strings.Replace(srv.URL, "http", "https", 1), nil).Do(t.Context(), rest.Request{}, nil)
		if classOf(err) != connectors.Invalid || !strings.Contains(err.Error(), "does not speak TLS") {
			t.Errorf("%v", err)
		}
	})
}

// What was recorded on the wire is replayed, with other secrets and without the network.
func TestRecordAndReplay(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Etag", `"7"`)
		w.Header().Set("Content-Type", "application/json")
		if _, err := w.Write([]byte(`{"id":1,"name":"Jana Köhler","api_key":"` + r.URL.Query().Get("oauth_consumer_key") + `"}`)); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(srv.Close)
	ask := func(c *rest.Client) (string, error) {
		if _, err := c.Do(t.Context(), rest.Request{Method: "POST", Path: "x", Body: map[string]string{"name": "李伟"}}, nil); err != nil {
			return "", err
		}
		a, err := c.Do(t.Context(), rest.Request{Path: "x"}, nil)
		return a.Header.Get("Etag") + string(a.Body), err
	}
	var said []connectors.Exchange
	first, err := ask(real(t, srv.URL, func(cfg *rest.Config, env *connectors.Env) {
		cfg.Auth, env.Record = rest.OAuth1{Key: "ck_hunter22", Secret: "cs_hunter23", InQuery: true}, func(x connectors.Exchange) { said = append(said, x) }
	}))
	if err != nil || !strings.Contains(first, "ck_hunter22") {
		t.Fatal(first, err)
	}
	text := rest.WriteRecording(said)
	if strings.Contains(string(text), "hunter2") || !strings.Contains(string(text), "Jana Köhler") {
		t.Errorf("recorded %s", text)
	}
	kept, err := rest.ReadRecording(text)
	if err != nil {
		t.Fatal(err)
	}
	r := rest.Replay(kept, rest.NewMask("ck_other22"))
	replay := func(cfg *rest.Config, env *connectors.Env) {
		cfg.Auth, env.HTTP = rest.OAuth1{Key: "ck_other22", Secret: "cs_other23", InQuery: true}, r
	}
	second, err := ask(real(t, srv.URL, replay))
	if err != nil || second != strings.Replace(first, "ck_hunter22", "***", 1) || len(r.Left()) != 0 {
		t.Errorf("%s %v, left %v", second, err, r.Left())
	}
	if _, err := ask(real(t, srv.URL, replay)); classOf(err) != connectors.Ambiguous {
		t.Errorf("asked for more than was recorded: %v", err)
	}
}

// discard keeps a server's complaints about broken handshakes out of the tests' output.
func discard() *log.Logger { return log.New(io.Discard, "", 0) }
