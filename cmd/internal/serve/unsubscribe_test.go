package serve

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keptcrm/kept/state"
)

// testLinks is the page with one genuine token, "good" (and "old", of somebody forgotten).
type testLinks struct {
	http.Handler
	stopped []string
	fails   error
	log     bytes.Buffer
}

func newTestLinks() *testLinks {
	l := &testLinks{}
	log := slog.New(slog.NewTextHandler(&l.log, &slog.HandlerOptions{Level: slog.LevelInfo}))
	l.Handler = Web{Log: log, Unsubscribe: Unsubscribe{
		Genuine: func(_ context.Context, token string) error {
			if l.fails != nil {
				return l.fails
			}
			if token != "good" && token != "old" {
				return &state.Error{Class: state.Forbidden, Code: "unsubscribe_token", Args: state.Args{"why": "Jana's"}}
			}
			return nil
		},
		Stop: func(_ context.Context, token string) (bool, error) {
			l.stopped = append(l.stopped, token)
			return token == "good", nil
		},
		Words: func(accept string) UnsubscribeWords {
			if strings.HasPrefix(accept, "zh") {
				return UnsubscribeWords{Lang: "zh", Title: "退订", Ask: "是否", Button: "退订按钮", Done: "已退订", Unknown: "无记录", NotOurs: "无效", Again: "稍后"}
			}
			return UnsubscribeWords{Lang: "en", Title: "Title", Ask: "Shall we?", Button: "Press <me>", Done: "Done.", Unknown: "Unknown.", NotOurs: "Not ours.", Again: "Again."}
		},
	}}.Handler()
	return l
}

const formType = "application/x-www-form-urlencoded"

// Looking changes nothing, the wish of RFC 8058 and the button do; all else is turned away.
func TestUnsubscribe(t *testing.T) {
	t.Parallel()
	multipart := "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n"
	for _, tc := range []struct {
		method, path, kind, body string
		status                   int
		stops                    bool
		says                     string
	}{
		{"GET", "good", "", "", 200, false, "Shall we?"},
		{"HEAD", "good", "", "", 200, false, ""},
		{"GET", "good?List-Unsubscribe=One-Click", "", "", 200, false, "Shall we?"},
		{"GET", "good", formType, "List-Unsubscribe=One-Click", 200, false, "Shall we?"},
		{"POST", "good", formType, "List-Unsubscribe=One-Click", 200, true, "Done.\n"},
		{"POST", "good", formType + "; charset=utf-8", "List-Unsubscribe=One-Click", 200, true, "Done.\n"},
		{"POST", "good", "multipart/form-data; boundary=x", multipart, 200, true, "Done.\n"},
		{"POST", "good", formType, "List-Unsubscribe=One-Click&page=1", 200, true, "<p>Done.</p>"},
		{"POST", "old", formType, "List-Unsubscribe=One-Click", 200, true, "Unknown.\n"},
		{"POST", "good", formType, "", 400, false, "Shall we?"},
		{"POST", "good?List-Unsubscribe=One-Click", formType, "", 400, false, "Shall we?"},
		{"POST", "good", "application/json", `{"List-Unsubscribe":"One-Click"}`, 400, false, "Shall we?"},
		{"POST", "good", "multipart/form-data", multipart, 400, false, "Not ours."},
		{"POST", "good", formType, "List-Unsubscribe=%zz", 400, false, "Not ours."},
		{"POST", "good", formType, "List-Unsubscribe=One-Click&x=" + strings.Repeat("x", unsubscribeBytes), 413, false, ""},
		{"GET", "bad", "", "", 404, false, "Not ours."},
		{"POST", "bad", formType, "List-Unsubscribe=One-Click", 404, false, "Not ours."},
		{"POST", "bad", formType, "List-Unsubscribe=%zz", 404, false, "Not ours."},
		{"GET", "", "", "", 404, false, "Not ours."},
		{"GET", "good/more", "", "", 404, false, "Not ours."},
		{"PUT", "good", formType, "List-Unsubscribe=One-Click", 405, false, ""},
		{"DELETE", "good", "", "", 405, false, ""},
		{"OPTIONS", "bad", "", "", 405, false, ""},
	} {
		l := newTestLinks()
		w := ask(l, tc.method, "/unsubscribe/"+tc.path, tc.body, "Content-Type", tc.kind, "Origin", "null")
		if w.Code != tc.status || (len(l.stopped) == 1) != tc.stops || !strings.Contains(w.Body.String(), tc.says) {
			t.Errorf("%s %s %s %.40q: %d, stopped %v:\n%s", tc.method, tc.path, tc.kind, tc.body, w.Code, l.stopped, w.Body)
		}
		if w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s %s: headers %v", tc.method, tc.path, w.Header())
		}
		if tc.status == 405 && w.Header().Get("Allow") != "GET, HEAD, POST" {
			t.Errorf("Allow: %s", w.Header().Get("Allow"))
		}
		for _, secret := range []string{"Jana", "good", "bad", "unsubscribe_token"} {
			if strings.Contains(w.Body.String(), secret) || strings.Contains(l.log.String(), secret) {
				t.Errorf("%s %s: %q is told:\n%s\n%s", tc.method, tc.path, secret, w.Body, l.log.String())
			}
		}
	}
}

// The page stands alone, in its reader's language, and its address is told to nobody.
func TestUnsubscribePage(t *testing.T) {
	t.Parallel()
	l := newTestLinks()
	w := ask(l, "GET", "/unsubscribe/good", "", "Accept-Language", "zh-CN,zh;q=0.9")
	for _, want := range []string{`<html lang="zh">`, "<h1>退订</h1>", "退订按钮</button>", `<form method="post">`, `name="List-Unsubscribe" value="One-Click"`} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("no %s in\n%s", want, w.Body)
		}
	}
	for _, from := range []string{"http", "src=", "href=", "<script", "action="} {
		if strings.Contains(w.Body.String(), from) {
			t.Errorf("%s in\n%s", from, w.Body)
		}
	}
	h := w.Header()
	if csp := h.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'; style-src 'sha256-") || !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") {
		t.Errorf("policy %s", csp)
	}
	if h.Get("Referrer-Policy") != "no-referrer" || h.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("headers %v", h)
	}
	if english := ask(l, "GET", "/unsubscribe/good", "").Body.String(); !strings.Contains(english, "Press &lt;me&gt;") {
		t.Errorf("not escaped:\n%s", english)
	}
	if w := ask(testWeb(nil), "GET", "/unsubscribe/good", ""); w.Code != 404 {
		t.Errorf("a page that nobody configured: %d", w.Code)
	}
	l.fails = coded(state.Auth, "secret_env")
	if w := ask(l, "POST", "/unsubscribe/good", "List-Unsubscribe=One-Click", "Content-Type", formType); w.Code != 503 || len(l.stopped) > 0 || w.Header().Get("Retry-After") == "" {
		t.Errorf("without its key: %d", w.Code)
	}
}

// A genuine link that is followed too often is told to wait; forged ones take nothing from it.
func TestUnsubscribeRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newTestLinks()
		post := func(token string) int {
			return ask(l, "POST", "/unsubscribe/"+token, "List-Unsubscribe=One-Click", "Content-Type", formType).Code
		}
		for range 2 * unsubscribeBurst {
			post("forged")
		}
		for range unsubscribeBurst {
			if code := post("good"); code != 200 {
				t.Fatalf("%d after %d wishes", code, len(l.stopped))
			}
		}
		if code := post("good"); code != 503 || len(l.stopped) != unsubscribeBurst {
			t.Errorf("too many: %d, %d were made", code, len(l.stopped))
		}
		time.Sleep(time.Second)
		for range unsubscribeRate {
			if code := post("good"); code != 200 {
				t.Errorf("a second later: %d", code)
			}
		}
		if code := post("good"); code != 503 {
			t.Errorf("too many in a second: %d", code)
		}
	})
}
