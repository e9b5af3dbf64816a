package rest_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/rest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// system is a system in memory: what it is asked, and how it answers.
type system struct {
	mu     sync.Mutex
	asked  []*http.Request
	bodies []string
	at     []time.Time
	answer func(n int, r *http.Request) (*http.Response, error)
}

func (s *system) RoundTrip(r *http.Request) (*http.Response, error) {
	body := ""
	if r.Body != nil {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		body = string(b)
	}
	s.mu.Lock()
	s.asked, s.bodies, s.at = append(s.asked, r), append(s.bodies, body), append(s.at, time.Now())
	n := len(s.asked)
	s.mu.Unlock()
	return s.answer(n, r)
}

func (s *system) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked)
}

func says(status int, body string, headers ...string) *http.Response {
	h := http.Header{"Content-Type": {"application/json"}}
	for i := 0; i+1 < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
}

func always(f func() (*http.Response, error)) func(int, *http.Request) (*http.Response, error) {
	return func(int, *http.Request) (*http.Response, error) { return f() }
}

func client(t *testing.T, s *system, change func(*rest.Config, *connectors.Env)) *rest.Client {
	t.Helper()
	cfg := rest.Config{URL: "https://shop.example.com/api", System: "the shop"}
	env := connectors.Env{HTTP: s, Random: func() float64 { return 0.5 }}
	if change != nil {
		change(&cfg, &env)
	}
	c, err := rest.New(cfg, env)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// virtual runs a test whose clock jumps ahead while everybody waits.
func virtual(t *testing.T, f func(t *testing.T)) {
	t.Parallel()
	synctest.Test(t, f)
}

func classOf(err error) connectors.Class {
	var e *connectors.Error
	if !errors.As(err, &e) {
		return ""
	}
	return e.Class
}

func TestDoAsksAndDecodes(t *testing.T) {
	t.Parallel()
	s := &system{answer: always(func() (*http.Response, error) { return says(200, "\xef\xbb\xbf{\"name\":\"李伟 🌟\"}"), nil })}
	c := client(t, s, func(cfg *rest.Config, _ *connectors.Env) { cfg.Header = http.Header{"X-Api-Version": {"3"}} })
	var got struct{ Name string }
	_, err := c.Do(t.Context(), rest.Request{Path: "/customers", Query: url.Values{"q": {"Köhler & Co"}}}, &got)
	r := s.asked[0]
	if err != nil || got.Name != "李伟 🌟" || r.URL.String() != "https://shop.example.com/api/customers?q=K%C3%B6hler+%26+Co" || r.Header.Get("Accept") != "application/json" || r.Header.Get("X-Api-Version") != "3" {
		t.Errorf("%+v %v, asked %s", got, err, r.URL)
	}
	if _, err := c.Do(t.Context(), rest.Request{Method: "PUT", Path: "customers/1", Body: map[string]string{"a": "<ü>"}}, nil); err != nil || s.bodies[1] != `{"a":"<ü>"}` || s.asked[1].Header.Get("Content-Type") != "application/json" {
		t.Errorf("%v, sent %q", err, s.bodies[1])
	}
	if _, err := c.Do(t.Context(), rest.Request{Method: "REPORT", Any: true, Body: []byte("<q/>")}, nil); err != nil || s.bodies[2] != "<q/>" || s.asked[2].URL.Path != "/api" {
		t.Errorf("%v, sent %q to %s", err, s.bodies[2], s.asked[2].URL)
	}
	if _, err := c.Do(t.Context(), rest.Request{Method: "POST", Body: math.Inf(1)}, nil); classOf(err) != connectors.Invalid {
		t.Errorf("a body that is no JSON: %v", err)
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{"", "shop.example.com", "ftp://shop.example.com", "https://", "https://me:hunter22@shop.example.com", "https://%zz"} {
		_, err := rest.New(rest.Config{URL: raw}, connectors.Env{})
		if classOf(err) != connectors.Invalid || strings.Contains(err.Error(), "hunter22") {
			t.Errorf("%q: %v", raw, err)
		}
	}
	for raw, warns := range map[string]bool{"http://shop.example.com": true, "https://shop.example.com": false, "http://127.0.0.1:8080/x": false, "http://[::1]": false, "http://localhost": false} {
		warned := ""
		c, err := rest.New(rest.Config{URL: raw}, connectors.Env{Warn: func(f string, a ...any) { warned = fmt.Sprintf(f, a...) }})
		if err != nil || (warned != "") != warns {
			t.Errorf("%s: warned %q, %v", raw, warned, err)
			continue
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

// What each status means, for a read and for a write, and how often it is tried.
func TestStatuses(t *testing.T) {
	for _, tc := range []struct {
		status      int
		read, write connectors.Class
		tries       int
	}{
		{400, connectors.Invalid, connectors.Invalid, 1},
		{401, connectors.Auth, connectors.Auth, 1},
		{403, connectors.Forbidden, connectors.Forbidden, 1},
		{404, connectors.NotFound, connectors.NotFound, 1},
		{409, connectors.Conflict, connectors.Conflict, 1},
		{410, connectors.NotFound, connectors.NotFound, 1},
		{412, connectors.Conflict, connectors.Conflict, 1},
		{413, connectors.Invalid, connectors.Invalid, 1},
		{422, connectors.Invalid, connectors.Invalid, 1},
		{429, connectors.RateLimited, connectors.RateLimited, 4},
		{500, connectors.Transient, connectors.Ambiguous, 4},
		{501, connectors.Invalid, connectors.Invalid, 1},
		{502, connectors.Transient, connectors.Ambiguous, 4},
		{503, connectors.Transient, connectors.Ambiguous, 4},
		{504, connectors.Transient, connectors.Ambiguous, 4},
	} {
		t.Run(fmt.Sprint(tc.status), func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				s := &system{answer: always(func() (*http.Response, error) {
					return says(tc.status, `{"code":"x","message":"<b>No</b> way"}`), nil
				})}
				c := client(t, s, nil)
				a, err := c.Do(t.Context(), rest.Request{}, nil)
				if classOf(err) != tc.read || s.count() != tc.tries || a.Status != tc.status || !strings.Contains(err.Error(), `"No way"`) {
					t.Errorf("read: %s %v, %d tries", classOf(err), err, s.count())
				}
				_, err = c.Do(t.Context(), rest.Request{Method: "POST", Body: struct{}{}}, nil)
				if classOf(err) != tc.write || s.count() != tc.tries+1 {
					t.Errorf("write: %s %v, %d tries", classOf(err), err, s.count()-tc.tries)
				}
			})
		})
	}
}

func TestBackoffGrowsAndIsSpread(t *testing.T) {
	virtual(t, func(t *testing.T) {
		s := &system{answer: always(func() (*http.Response, error) { return nil, io.ErrUnexpectedEOF })}
		c := client(t, s, func(cfg *rest.Config, env *connectors.Env) {
			cfg.Retry = rest.Retry{Tries: 9, Longest: 4 * time.Second}
			env.Random = func() float64 { return 0 }
		})
		_, err := c.Do(t.Context(), rest.Request{}, nil)
		var gaps []string
		for i := 1; i < len(s.at); i++ {
			gaps = append(gaps, s.at[i].Sub(s.at[i-1]).String())
		}
		if got := strings.Join(gaps, " "); got != "250ms 500ms 1s 2s 2s 2s 2s 2s" || classOf(err) != connectors.Transient {
			t.Errorf("waited %s; %v", got, err)
		}
	})
}

func TestAReadThatIsPostedIsTriedAgain(t *testing.T) {
	virtual(t, func(t *testing.T) {
		s := &system{answer: func(n int, r *http.Request) (*http.Response, error) {
			if n < 3 {
				return says(502, ""), nil
			}
			return says(200, `{}`), nil
		}}
		_, err := client(t, s, nil).Do(t.Context(), rest.Request{Method: "POST", Read: true, Body: []byte(`{"query":"q"}`)}, nil)
		if err != nil || s.count() != 3 || s.bodies[2] != s.bodies[0] || s.bodies[0] == "" {
			t.Errorf("%v after %d, %q", err, s.count(), s.bodies)
		}
	})
}

func TestAnswersThatAreNone(t *testing.T) {
	for name, tc := range map[string]struct {
		answer      func() (*http.Response, error)
		read, write connectors.Class
		tries       int
	}{
		"web page":   {func() (*http.Response, error) { return says(200, "<p>", "Content-Type", "text/html"), nil }, connectors.Transient, connectors.Ambiguous, 1},
		"lying page": {func() (*http.Response, error) { return says(200, "\n<!DOCTYPE html><title>Login"), nil }, connectors.Transient, connectors.Ambiguous, 1},
		"half JSON":  {func() (*http.Response, error) { return says(200, `{"a":[1,2`), nil }, connectors.Transient, connectors.Ambiguous, 4},
		"cut off": {func() (*http.Response, error) { r := says(200, `{"a":1}`); r.ContentLength = 99; return r, nil },
			connectors.Transient, connectors.Ambiguous, 4},
		"nothing":       {func() (*http.Response, error) { return says(200, ""), nil }, connectors.Transient, "", 4},
		"plain text":    {func() (*http.Response, error) { return says(200, "OK", "Content-Type", "text/plain"), nil }, connectors.Transient, connectors.Ambiguous, 4},
		"endless":       {func() (*http.Response, error) { return endless(), nil }, connectors.Invalid, connectors.Invalid, 1},
		"bomb":          {func() (*http.Response, error) { return bomb(), nil }, connectors.Invalid, connectors.Invalid, 1},
		"no gzip":       {func() (*http.Response, error) { return says(200, "{}", "Content-Encoding", "gzip"), nil }, connectors.Transient, connectors.Ambiguous, 4},
		"odd encoding":  {func() (*http.Response, error) { return says(200, "{}", "Content-Encoding", "zstd"), nil }, connectors.Transient, connectors.Ambiguous, 4},
		"sent on again": {func() (*http.Response, error) { return says(302, "", "Location", "/api"), nil }, connectors.Invalid, connectors.Invalid, 5},
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				s := &system{answer: always(tc.answer)}
				c := client(t, s, func(cfg *rest.Config, _ *connectors.Env) { cfg.MaxBody = 1 << 20 })
				_, err := c.Do(t.Context(), rest.Request{}, nil)
				if classOf(err) != tc.read || s.count() != tc.tries {
					t.Errorf("read: %s %v, %d tries", classOf(err), err, s.count())
				}
				_, err = c.Do(t.Context(), rest.Request{Method: "POST"}, nil)
				if classOf(err) != tc.write || s.count() != tc.tries+1 {
					t.Errorf("write: %s %v, %d tries", classOf(err), err, s.count()-tc.tries)
				}
			})
		})
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func endless() *http.Response {
	r := says(200, "")
	r.ContentLength, r.Body = -1, io.NopCloser(zeros{})
	return r
}

func bomb() *http.Response {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	for range 200 {
		if _, err := z.Write(make([]byte, 1<<16)); err != nil {
			panic(err)
		}
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return says(200, b.String(), "Content-Encoding", "gzip")
}

func TestPackedAnswersAreRead(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(`{"a":"ü"}`)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	s := &system{answer: always(func() (*http.Response, error) { return says(200, b.String(), "Content-Encoding", "gzip"), nil })}
	a, err := client(t, s, nil).Do(t.Context(), rest.Request{}, nil)
	if err != nil || string(a.Body) != `{"a":"ü"}` || a.Header.Get("Content-Encoding") != "" || s.asked[0].Header.Get("Accept-Encoding") != "gzip" {
		t.Errorf("%q %v %v", a.Body, a.Header, err)
	}
}

func TestSlowAnswersEnd(t *testing.T) {
	virtual(t, func(t *testing.T) {
		s := &system{}
		s.answer = func(n int, r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}
		c := client(t, s, func(cfg *rest.Config, _ *connectors.Env) { cfg.Retry.Tries, cfg.Timeout = 2, 30*time.Second })
		start := time.Now()
		_, err := c.Do(t.Context(), rest.Request{}, nil)
		if classOf(err) != connectors.Transient || !strings.Contains(err.Error(), "within 30 seconds") || s.count() != 2 || time.Since(start) < time.Minute {
			t.Errorf("%v after %s, %d tries", err, time.Since(start), s.count())
		}
		if _, err := c.Do(t.Context(), rest.Request{Method: "PUT"}, nil); classOf(err) != connectors.Ambiguous || s.count() != 3 {
			t.Errorf("a write without an answer: %v", err)
		}
	})
}

func TestCancelledCallsEndAtOnce(t *testing.T) {
	virtual(t, func(t *testing.T) {
		s := &system{}
		s.answer = func(n int, r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}
		c := client(t, s, nil)
		for method, class := range map[string]connectors.Class{"GET": "", "POST": connectors.Ambiguous} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			_, err := c.Do(ctx, rest.Request{Method: method}, nil)
			if !errors.Is(err, context.DeadlineExceeded) || classOf(err) != class {
				t.Errorf("%s: %v", method, err)
			}
			cancel()
		}
		if s.count() != 2 {
			t.Errorf("asked %d times", s.count())
		}
		// while it waits for its next try
		s.answer = always(func() (*http.Response, error) { return says(503, "", "Retry-After", "60"), nil })
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Do(ctx, rest.Request{}, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("cancelled while waiting: %v", err)
		}
	})
}

func TestDryRunSendsReadsOnly(t *testing.T) {
	t.Parallel()
	var unsent []connectors.Exchange
	s := &system{answer: always(func() (*http.Response, error) { return says(200, "{}"), nil })}
	c := client(t, s, func(cfg *rest.Config, env *connectors.Env) {
		cfg.Secrets = []string{"hunter22"}
		env.DryRun, env.Unsent = true, func(x connectors.Exchange) { unsent = append(unsent, x) }
	})
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
		_, err := c.Do(t.Context(), rest.Request{Method: method, Path: "x", Body: map[string]string{"name": "Jana", "key": "hunter22"}}, nil)
		if !errors.Is(err, connectors.ErrDryRun) || classOf(err) != connectors.Forbidden {
			t.Errorf("%s: %v", method, err)
		}
	}
	if s.count() != 0 || len(unsent) != 4 || string(unsent[0].Body) != `{"key":"***","name":"Jana"}` || unsent[3].Method != "DELETE" {
		t.Errorf("sent %d, would have sent %+v", s.count(), unsent)
	}
	for _, r := range []rest.Request{{}, {Method: "POST", Read: true}, {Method: "PROPFIND"}} {
		if _, err := c.Do(t.Context(), r, nil); err != nil {
			t.Errorf("a read in a dry run: %v", err)
		}
	}
}

func TestJudgeSpeaksForTheVendor(t *testing.T) {
	t.Parallel()
	s := &system{answer: always(func() (*http.Response, error) { return says(200, `{"errors":[{"message":"hunter22 FORBIDDEN"}]}`), nil })}
	c := client(t, s, func(cfg *rest.Config, _ *connectors.Env) {
		cfg.Secrets = []string{"hunter22"}
		cfg.Judge = func(a rest.Answer) *connectors.Error {
			return &connectors.Error{Class: connectors.Auth, Text: string(a.Body), Cause: errors.New("key hunter22")}
		}
	})
	_, err := c.Do(t.Context(), rest.Request{}, nil)
	var e *connectors.Error
	if !errors.As(err, &e) || e.Class != connectors.Auth || strings.Contains(e.Text+e.Cause.Error(), "hunter22") || !strings.Contains(e.Text, "FORBIDDEN") {
		t.Errorf("%v", err)
	}
}

func TestUnexpectedShapes(t *testing.T) {
	t.Parallel()
	s := &system{answer: always(func() (*http.Response, error) { return says(200, `[1]`), nil })}
	c := client(t, s, nil)
	var into struct{ A int }
	if _, err := c.Do(t.Context(), rest.Request{}, &into); classOf(err) != connectors.Transient {
		t.Errorf("read: %v", err)
	}
	if _, err := c.Do(t.Context(), rest.Request{Method: "POST"}, &into); classOf(err) != connectors.Ambiguous {
		t.Errorf("write: %v", err)
	}
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	s := &system{answer: func(n int, r *http.Request) (*http.Response, error) {
		if to := r.URL.Query().Get("to"); to != "" {
			return says(307, "", "Location", to), nil
		}
		return says(200, `{}`), nil
	}}
	c := client(t, s, func(cfg *rest.Config, _ *connectors.Env) { cfg.Auth = rest.Bearer("hunter22") })
	for to, class := range map[string]connectors.Class{"/api/two": "", "https://files.example.net/x": "", "http://shop.example.com/api": connectors.Invalid} {
		before := s.count()
		_, err := c.Do(t.Context(), rest.Request{Query: url.Values{"to": {to}}}, nil)
		if classOf(err) != class || (err == nil) != (class == "") {
			t.Errorf("to %s: %v", to, err)
		}
		for _, r := range s.asked[before:] {
			if got := r.Header.Get("Authorization"); (got != "") != (r.URL.Host == "shop.example.com") || r.Header.Get("Referer") != "" {
				t.Errorf("%s was asked with %q, from %q", r.URL, got, r.Header.Get("Referer"))
			}
		}
	}
	before := s.count()
	_, err := c.Do(t.Context(), rest.Request{Method: "POST", Query: url.Values{"to": {"/api/two?token=hunter22"}}}, nil)
	if classOf(err) != connectors.Invalid || s.count() != before+1 || !strings.Contains(err.Error(), "https://shop.example.com/api/two?token=***") {
		t.Errorf("a write that is sent on: %v, asked %d times", err, s.count()-before)
	}
	if _, err := c.Do(t.Context(), rest.Request{Path: "https://elsewhere.example/next"}, nil); err != nil || s.asked[s.count()-1].Header.Get("Authorization") != "" {
		t.Errorf("a link to another host: %v", err)
	}
	if _, err := c.Do(t.Context(), rest.Request{Path: "https://me:x@shop.example.com/"}, nil); classOf(err) != connectors.Invalid {
		t.Errorf("a link with a password: %v", err)
	}
}

// A library that makes its own requests has the same chain, and words for its errors.
func TestHTTPIsTheSameChain(t *testing.T) {
	virtual(t, func(t *testing.T) {
		s := &system{answer: func(n int, r *http.Request) (*http.Response, error) {
			if n < 3 {
				return nil, errors.New("reset: https://shop.example.com?token=hunter22")
			}
			return says(404, "gone"), nil
		}}
		c := client(t, s, func(cfg *rest.Config, _ *connectors.Env) { cfg.Secrets = []string{"hunter22"} })
		req, err := http.NewRequestWithContext(t.Context(), "PROPFIND", "https://shop.example.com/dav?token=hunter22", strings.NewReader("<p/>"))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := c.HTTP().Do(req)
		if err != nil || resp.StatusCode != 404 || s.bodies[2] != "<p/>" {
			t.Fatalf("%v %v", resp, err)
		}
		if err := c.Status(req, rest.Answer{Status: resp.StatusCode}); classOf(err) != connectors.NotFound {
			t.Error(err)
		}
		s.answer = always(func() (*http.Response, error) { return nil, errors.New("reset: token=hunter22") })
		req, err = http.NewRequestWithContext(rest.AsRead(t.Context()), "POST", "https://shop.example.com/dav?token=hunter22", nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.HTTP().Do(req)
		err = c.Plain(t.Context(), err)
		if classOf(err) != connectors.Transient || strings.Contains(err.Error()+fmt.Sprint(errors.Unwrap(err)), "hunter22") || s.count() != 7 {
			t.Errorf("%v: %v", err, errors.Unwrap(err))
		}
		if c.Plain(t.Context(), nil) != nil {
			t.Error("no error became one")
		}
	})
}

// The log has what was asked, without queries, bodies and secrets.
func TestLogHoldsNeitherSecretsNorPeople(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := &system{answer: always(func() (*http.Response, error) { return says(200, `{"email":"jana@sternwarte.example"}`), nil })}
	c := client(t, s, func(cfg *rest.Config, env *connectors.Env) {
		cfg.Auth = rest.Query(map[string]string{"consumer_key": "ck_hunter22"})
		env.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	if _, err := c.Do(t.Context(), rest.Request{Path: "customers/ck_hunter22", Query: url.Values{"email": {"jana@sternwarte.example"}}}, nil); err != nil {
		t.Fatal(err)
	}
	if l := log.String(); strings.Contains(l, "hunter22") || strings.Contains(l, "jana") || !strings.Contains(l, "/api/customers/***") || !strings.Contains(l, "status=200") {
		t.Errorf("logged %s", l)
	}
	if s.asked[0].URL.Query().Get("consumer_key") != "ck_hunter22" {
		t.Errorf("asked %s", s.asked[0].URL)
	}
}

// An answer that is no JSON can be held to be whole too, and is asked for again where it is not.
func TestWholeAnswers(t *testing.T) {
	t.Parallel()
	whole := func(a rest.Answer) error {
		if !strings.HasSuffix(string(a.Body), "END") {
			return errors.New("no END")
		}
		return nil
	}
	half := &system{answer: func(n int, _ *http.Request) (*http.Response, error) {
		return says(200, []string{"BEGIN half", "", "BEGIN whole END"}[min(n, 3)-1]), nil
	}}
	quick := func(_ *rest.Config, env *connectors.Env) {
		env.Sleep = func(context.Context, time.Duration) error { return nil }
	}
	a, err := client(t, half, quick).Do(t.Context(), rest.Request{Any: true, Whole: whole}, nil)
	if err != nil || string(a.Body) != "BEGIN whole END" || half.count() != 3 {
		t.Errorf("%q after %d tries: %v", a.Body, half.count(), err)
	}
	page := &system{answer: always(func() (*http.Response, error) {
		return says(200, "<html>Sign in", "Content-Type", "text/html"), nil
	})}
	if _, err := client(t, page, quick).Do(t.Context(), rest.Request{Any: true, Whole: whole}, nil); err == nil || !strings.Contains(err.Error(), "a web page instead of data") || page.count() != 1 {
		t.Errorf("a page, after %d tries: %v", page.count(), err)
	}
	write := &system{answer: always(func() (*http.Response, error) { return says(207, "BEGIN half"), nil })}
	if _, err := client(t, write, quick).Do(t.Context(), rest.Request{Method: http.MethodPut, Any: true, Whole: whole}, nil); connectors.ClassOf(err) != connectors.Ambiguous || write.count() != 1 {
		t.Errorf("half an answer to a write, after %d tries: %v", write.count(), err)
	}
	on := &system{answer: always(func() (*http.Response, error) { return says(301, "", "Location", "/there"), nil })}
	if a, err := client(t, on, quick).Do(t.Context(), rest.Request{Method: "PROPFIND", Any: true, Stay: true}, nil); err == nil || a.Status != http.StatusMovedPermanently ||
		a.Header.Get("Location") != "/there" || on.count() != 1 {
		t.Errorf("a redirect that is not followed: %d %v", a.Status, err)
	}
}
