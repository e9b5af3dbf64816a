package serve

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
)

const testToken = "0123456789abcdef0123"

// quiet is a log that nobody reads.
var quiet = slog.New(slog.DiscardHandler)

func coded(class state.Class, code string) error { return &state.Error{Class: class, Code: code} }

func testWeb(webhook func(name string, body []byte) error) http.Handler {
	m := NewMetrics("1.2.3", func(context.Context) (Figures, error) { return Figures{PromisesLate: 2}, nil }, time.Now)
	return Web{
		API:     http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { say(w, 299, r.URL.Path) }),
		Metrics: m.Handler(), Token: testToken, Log: quiet,
		Ready: func(context.Context) error { return nil },
		Webhook: func(_ context.Context, name string, _ map[string][]string, body []byte) error {
			return webhook(name, body)
		},
	}.Handler()
}

func ask(h http.Handler, method, path, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// What strangers get to see, and what not.
func TestDoors(t *testing.T) {
	t.Parallel()
	h := testWeb(func(name string, _ []byte) error {
		switch name {
		case "shop":
			return nil
		case "book":
			return coded(state.Invalid, "no_webhooks")
		case "forged":
			return &state.Error{Class: state.Forbidden, Code: "webhook_refused", Args: state.Args{"connection": "Jana"}, Cause: errors.New("Jana's signature")}
		case "broken":
			return coded(state.Unavailable, "connection_down")
		}
		return coded(state.NotFound, "no_such_connection")
	})
	for _, tc := range []struct {
		method, path string
		header       []string
		status       int
	}{
		{"GET", "/healthz", nil, 200}, {"HEAD", "/healthz", nil, 200}, {"POST", "/healthz", nil, 405},
		{"GET", "/healthz", []string{"Origin", "https://evil.example"}, 403},
		{"GET", "/readyz", nil, 200},
		{"GET", "/metrics", nil, 401},
		{"GET", "/metrics", []string{"Authorization", "Bearer " + testToken + "x"}, 401},
		{"GET", "/metrics", []string{"Authorization", testToken}, 401},
		{"GET", "/metrics", []string{"Authorization", "Bearer "}, 401},
		{"GET", "/metrics", []string{"Authorization", "Bearer " + testToken, "Referer", "https://evil.example/"}, 403},
		{"GET", "/metrics", []string{"Authorization", "Bearer " + testToken}, 200},
		{"POST", "/v1/find", nil, 299},
		{"GET", "/", nil, 404}, {"GET", "/v2/find", nil, 404}, {"GET", "/debug/pprof/", nil, 404},
		{"POST", "/webhook/shop", nil, 200}, {"GET", "/webhook/shop", nil, 405},
		{"POST", "/webhook/nobody", nil, 404}, {"POST", "/webhook/", nil, 404}, {"POST", "/webhook/../v1/find", nil, 404},
		{"POST", "/webhook/book", nil, 404},
		{"POST", "/webhook/forged", nil, 401},
		{"POST", "/webhook/broken", nil, 503},
	} {
		w := ask(h, tc.method, tc.path, "{}", tc.header...)
		if w.Code != tc.status {
			t.Errorf("%s %s %q: %d, want %d", tc.method, tc.path, tc.header, w.Code, tc.status)
		}
		if body := w.Body.String(); strings.Contains(body, "Jana") || strings.Contains(body, testToken) || strings.Contains(body, "signature") {
			t.Errorf("%s %s says too much: %s", tc.method, tc.path, body)
		}
		if w.Header().Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s %s lets web pages in", tc.method, tc.path)
		}
	}
	if w := ask(h, "POST", "/webhook/shop", strings.Repeat("x", webhookBytes+1)); w.Code != 413 {
		t.Errorf("a body that is too large: %d", w.Code)
	}
	r := httptest.NewRequest("POST", "/webhook/shop", io.MultiReader(strings.NewReader(strings.Repeat("x", webhookBytes)), strings.NewReader("y")))
	r.ContentLength = -1
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != 413 {
		t.Errorf("a body whose length is not said: %d", w.Code)
	}
}

// A flood of webhooks is verified a few at a time; the rest is told to come again.
func TestFlood(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		let := make(chan struct{})
		h := testWeb(func(string, []byte) error { <-let; return nil })
		codes := make(chan int, 100)
		for range 100 {
			go func() { codes <- ask(h, "POST", "/webhook/shop", "{}").Code }()
		}
		synctest.Wait()
		close(let)
		count := map[int]int{}
		for range 100 {
			count[<-codes]++
		}
		if count[200] != webhooksAtOnce || count[503] != 100-webhooksAtOnce {
			t.Errorf("%v", count)
		}
	})
}

// Hints are put together, so that a flood of them, and one that comes twice, is followed once.
func TestNews(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var got [][]connectors.Hint
		n := NewNews(func(_ context.Context, connection string, hints []connectors.Hint) error {
			got = append(got, hints)
			return nil
		}, quiet)
		for range 50 { // a replay
			n.Hint("shop", connectors.Hint{Kind: connectors.Contact, ID: "7"}, connectors.Hint{Kind: connectors.Order, ID: "7"})
		}
		pass(time.Second)
		if len(got) != 1 || len(got[0]) != 2 {
			t.Errorf("fifty replays: %v", got)
		}
		got = nil
		for i := range 10 * newsIDs {
			n.Hint("shop", connectors.Hint{Kind: connectors.Contact, ID: strings.Repeat("1", i+1)})
		}
		pass(time.Second)
		if len(got) != 1 || len(got[0]) != 1 || got[0][0] != (connectors.Hint{Kind: connectors.Contact}) {
			t.Errorf("a flood: %d times", len(got))
		}
		n.Stop()
		n.Hint("shop", connectors.Hint{Kind: connectors.Contact})
	})
}

// News of a system that is down are read when it is back; a wrong password is nothing to wait for.
func TestNewsAreTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var at []time.Duration
		begun := time.Now()
		fault := coded(state.Unavailable, "connection_down")
		n := NewNews(func(_ context.Context, _ string, hints []connectors.Hint) error {
			at = append(at, time.Since(begun).Round(time.Second))
			if len(hints) == 0 {
				t.Error("the hints are lost")
			}
			if len(at) == 3 {
				fault = nil
			}
			return fault
		}, quiet)
		n.Hint("shop", connectors.Hint{Kind: connectors.Contact})
		pass(time.Hour)
		if len(at) != 3 || at[1] < 5*time.Second || at[2] < 20*time.Second || at[2] > time.Minute {
			t.Errorf("tried at %v", at)
		}
		at, fault = nil, coded(state.Auth, "connection_auth")
		n.Hint("shop", connectors.Hint{Kind: connectors.Contact})
		pass(time.Hour)
		if len(at) != 1 {
			t.Errorf("a wrong password was tried %d times", len(at))
		}
		n.Stop()
	})
}

// A line that breaks is held again, each time later; a connection without one is left alone.
func TestWatchers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		lines := map[string]int{}
		followed := 0
		n := NewNews(func(context.Context, string, []connectors.Hint) error { followed++; return nil }, quiet)
		w := NewWatchers(func(ctx context.Context, c string, news func(connectors.Hint)) error {
			mu.Lock()
			lines[c]++
			mu.Unlock()
			switch c {
			case "till":
				return coded(state.Invalid, "no_watcher")
			case "mail":
				news(connectors.Hint{Kind: connectors.MessageKind})
				<-ctx.Done()
				return ctx.Err()
			}
			return coded(state.Unavailable, "connection_down")
		}, n, quiet, time.Now)
		w.Set([]string{"till", "mail", "down"})
		pass(time.Hour)
		if lines["till"] != 1 || lines["mail"] != 1 || lines["down"] < 8 || lines["down"] > 14 || followed != 1 {
			t.Errorf("%v, followed %d", lines, followed)
		}
		w.Set([]string{"mail"})
		pass(time.Hour)
		if lines["mail"] != 2 || lines["down"] > 14 {
			t.Errorf("after a reload: %v", lines)
		}
		w.Stop()
		n.Stop()
	})
}

// What Prometheus reads has counts, and nobody's name; a name that a stranger made up is no label.
func TestMetrics(t *testing.T) {
	t.Parallel()
	now := time.Date(2028, 2, 29, 12, 0, 0, 0, time.UTC)
	asked := 0
	broken := false
	m := NewMetrics("1.2.3", func(context.Context) (Figures, error) {
		asked++
		if broken {
			return Figures{}, errors.New("Jana Köhler")
		}
		return Figures{PromisesOpen: 5, PromisesLate: 2, Questions: 3, Outbox: map[string]int{"waiting": 4},
			Connections: []ConnectionFigures{{Name: "shop", Success: now.Add(-90 * time.Second)}, {Name: "new", Trouble: true}},
			Jobs:        []JobFigures{{Name: "sync shop", Success: now, Fails: 1, Paused: true}}}, nil
	}, func() time.Time { return now })
	m.Run(Outcome{Job: "sync shop", State: state.JobDone, Took: 2 * time.Second})
	m.Run(Outcome{Job: "sync shop", State: state.JobFailed, Code: "connection_down", Took: time.Second})
	m.Webhook("shop", nil)
	m.Webhook("jana-koehler", coded(state.NotFound, "no_such_connection"))
	m.News("shop", nil)
	m.Reload(coded(state.Invalid, "config_syntax"))
	w := ask(m.Handler(), "GET", "/metrics", "")
	ask(m.Handler(), "GET", "/metrics", "")
	if asked != 1 {
		t.Errorf("the state was asked %d times within a moment", asked)
	}
	page := w.Body.String()
	for _, line := range []string{
		`kept_build_info{version="1.2.3"} 1`, `kept_connection_lag_seconds{connection="shop"} 90`, `kept_connection_trouble{connection="new"} 1`,
		`kept_promises_open 5`, `kept_promises_late 2`, `kept_questions_open 3`, `kept_outbox_messages{state="waiting"} 4`,
		`kept_job_runs_total{job="sync shop",state="failed"} 1`, `kept_job_duration_seconds_count{job="sync shop"} 2`, `kept_job_failures{job="sync shop"} 1`,
		`kept_job_paused{job="sync shop"} 1`, `kept_webhooks_total{connection="shop",outcome="taken"} 1`, `kept_webhooks_total{connection="",outcome="unknown"} 1`,
		`kept_news_total{connection="shop",outcome="done"} 1`, `kept_reloads_total{outcome="failed"} 1`, `kept_state_readable 1`,
	} {
		if !strings.Contains(page, line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
	if strings.Contains(page, "jana") || strings.Contains(page, "Jana") {
		t.Error("somebody's name is a label")
	}
	broken, now = true, now.Add(time.Minute)
	page = ask(m.Handler(), "GET", "/metrics", "").Body.String()
	if !strings.Contains(page, "kept_state_readable 0\n") || strings.Contains(page, "kept_promises_late") {
		t.Error("figures of a state that cannot be read look like good ones")
	}
}

// The address answers, and Close ends what is under way.
func TestListen(t *testing.T) {
	t.Parallel()
	l, err := Listen("127.0.0.1:0", testWeb(func(string, []byte) error { return nil }), quiet)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + l.Addr.String() + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	b, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if !bytes.Equal(b, []byte("ok\n")) {
		t.Errorf("%q", b)
	}
	if _, err := Listen(l.Addr.String(), nil, quiet); err == nil {
		t.Error("two listen at one address")
	}
	l.Close(time.Second)
	if _, err := client.Get("http://" + l.Addr.String() + "/healthz"); err == nil {
		t.Error("it answers after it was closed")
	}
}
