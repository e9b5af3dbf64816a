package slacktest

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// endpoint is an app over HTTP that keeps what it is sent.
type endpoint struct {
	mu     sync.Mutex
	status int
	got    []*http.Request
	bodies []string
	at     []time.Time
}

func (e *endpoint) RoundTrip(r *http.Request) (*http.Response, error) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.got, e.bodies, e.at = append(e.got, r), append(e.bodies, string(b)), append(e.at, time.Now())
	return &http.Response{StatusCode: e.status, Body: io.NopCloser(strings.NewReader("")), Header: http.Header{}, Request: r}, nil
}

// Deliveries over HTTP are signed as documented; an event that is not taken comes again at once, after
// a minute and after five, with the same id.
func TestDeliveries(t *testing.T) {
	t.Parallel()
	app := &endpoint{status: 500}
	inSlack(t, Options{Request: "http://app.test/slack/", Client: &http.Client{Transport: app}}, func(t *testing.T, s *Server, _ *http.Client) {
		s.Mention("U1", "C1", "", "brief 李伟")
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(app.got) != 4 {
			t.Fatalf("sent %d times", len(app.got))
		}
		for i, r := range app.got {
			m := hmac.New(sha256.New, []byte(SigningSecret))
			fmt.Fprintf(m, "v0:%s:%s", r.Header.Get("X-Slack-Request-Timestamp"), app.bodies[i])
			if want := "v0=" + hex.EncodeToString(m.Sum(nil)); r.Header.Get("X-Slack-Signature") != want {
				t.Errorf("%d: signed %s, want %s", i, r.Header.Get("X-Slack-Signature"), want)
			}
			if app.bodies[i] != app.bodies[0] || r.URL.Path != "/slack/events" {
				t.Errorf("%d: %s %s", i, r.URL.Path, app.bodies[i])
			}
			if want := map[int]string{0: ""}[i]; i > 0 && r.Header.Get("X-Slack-Retry-Num") == want {
				t.Errorf("%d: no number of the retry", i)
			}
		}
		if a, b := app.at[2].Sub(app.at[1]), app.at[3].Sub(app.at[2]); a != time.Minute || b != 5*time.Minute {
			t.Errorf("after %v and %v", a, b)
		}
		if _, err := s.Command("U1", "C1", "/kept x").Outcome(context.Background()); err == nil || err.Error() != DispatchFailed {
			t.Error(err)
		}
		app.mu.Lock()
		app.status = 200
		app.mu.Unlock()
		if _, err := s.Command("U1", "C1", "/kept x & y").Outcome(context.Background()); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if f, err := url.ParseQuery(app.bodies[len(app.bodies)-1]); err != nil || f.Get("text") != "x & y" || f.Get("user_id") != "U1" {
			t.Errorf("%v %v", f, err)
		}
	})
}

// Faults come in the order in which they were asked for.
func TestFaults(t *testing.T) {
	t.Parallel()
	inSlack(t, Options{Burst: 9}, func(t *testing.T, s *Server, c *http.Client) {
		s.Fail("auth.test", Fault{Error: "fatal_error", Times: 2})
		s.Fail("auth.test", Fault{Status: 429, RetryAfter: "30", Error: "ratelimited"})
		for i, want := range []string{"fatal_error", "fatal_error", "ratelimited", ""} {
			if got, _ := call(t, s, c, BotToken, "auth.test", nil); got != want {
				t.Errorf("%d: %q", i, got)
			}
		}
		s.Fail("chat.postMessage", Fault{Lost: true})
		r, err := http.NewRequest("POST", s.URL()+"chat.postMessage", strings.NewReader(`{"channel":"C1","text":"lost"}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+BotToken)
		r.Header.Set("Content-Type", "application/json")
		if resp, err := c.Do(r); err == nil {
			_ = resp.Body.Close()
			t.Error("an answer")
		}
		if m := s.Messages(""); len(m) != 1 || m[0].Text != "lost" {
			t.Errorf("%v", m)
		}
	})
}

// The control API over HTTP, and its clock.
func TestControl(t *testing.T) {
	t.Parallel()
	s := New(Options{})
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	order := func(name, body string) (int, string) {
		resp, err := http.Post(s.ControlURL()+name, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(b)
	}
	for _, x := range []struct {
		name, body string
		code       int
		says       string
	}{
		{"user", `{"who":{"id":"U1","name":"Ana"}}`, 200, "ok"},
		{"command", `{"user":"U1","channel":"C1","text":"/kept x"}`, 409, DispatchFailed},
		{"messages", `{"user":"U1"}`, 200, DispatchFailed},
		{"await", `{"user":"U1","text":"never","within":"10ms"}`, 409, "no such message"},
		{"form", `{"user":"U1"}`, 200, "null"},
		{"submit", `{"user":"U1"}`, 409, "no form is open"},
		{"press", `{"user":"U1","press":"Done"}`, 409, "nothing to press"},
		{"fail", `{"method":"auth.test","fault":{"status":500}}`, 200, "ok"},
		{"outage", `{"outage":"refuse"}`, 409, "refuse"},
		{"nothing", `{}`, 409, "there is no nothing"},
		{"calls", `{`, 409, "error"},
	} {
		if code, body := order(x.name, x.body); code != x.code || !strings.Contains(body, x.says) {
			t.Errorf("%s: %d %s", x.name, code, body)
		}
	}
	d := s.Mention("U1", "C1", "", "x")
	if code, body := order("advance", `{"for":"10m"}`); code != 200 {
		t.Error(code, body)
	}
	if time.Until(s.Now()) < 9*time.Minute || d.Tries() < 2 {
		t.Errorf("the clock did not move: %v, %d tries", s.Now(), d.Tries())
	}
}
