package connectortest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
)

func apiFaultCases() []Case {
	return []Case{
		{"retry after", retryAfterCase}, {"server faults", serverFaultsCase}, {"resets", resetsCase}, {"half an answer", halfCase}, {"web page", webPageCase},
		{"empty answer", emptyAnswerCase}, {"null and more", nullCase}, {"unauthorized", unauthorizedCase}, {"huge answer", hugeAnswerCase},
		{"redirect", redirectCase}, {"slow answer", slowCase}, {"cancelled", apiCancelCase},
	}
}

// filled is a world with some pages, and what a pull of them tells when nothing breaks.
func filled(tb testing.TB, h Harness) (*world, connectors.Connector, map[string]connectors.Record) {
	tb.Helper()
	w := newWorld(tb, h)
	w.fill(w.enough())
	c := w.open()
	want := fold(nil, pull(tb, c, h.API.Kind, "").changes(), h.API.Kind)
	w.wire.mend()
	return w, c, want
}

// survives holds that a fault which passes changes nothing in what is told, wherever it hits.
func (w *world) survives(c connectors.Connector, want map[string]connectors.Record, what string, do func(*http.Request, pass) (*http.Response, error)) {
	w.tb.Helper()
	for at := 1; at <= 3; at++ {
		w.wire.mend()
		n := 0
		w.wire.breaks(1, func(s Seen) bool {
			if !w.wire.isRead(s) {
				return false
			}
			n++
			return n == at
		}, do)
		got := fold(nil, pull(w.tb, c, w.api.Kind, "").changes(), w.api.Kind)
		same(w.tb, "records told past "+what, want, got)
	}
	w.wire.mend()
}

// fails holds that a fault which stays makes a pull fail, from the start and from a cursor.
func (w *world) fails(c connectors.Connector, what string, do func(*http.Request, pass) (*http.Response, error), classes ...connectors.Class) {
	w.tb.Helper()
	first, err := w.page(context.Background(), c, "")
	if err != nil {
		w.tb.Fatalf("Pull: %v", err)
	}
	w.wire.mend()
	w.wire.breaks(-1, anything, do)
	for _, from := range []connectors.Cursor{"", first.Next} {
		page, err := w.page(context.Background(), c, from)
		w.wantClass("Pull with "+what, err, classes...)
		if err != nil && (len(page.Changes) > 0 || page.Next != "") {
			w.tb.Errorf("Pull with %s failed and told %d changes", what, len(page.Changes))
		}
	}
}

// retryAfterCase: a pause that the vendor asks for is kept; one too long is handed on.
func retryAfterCase(tb testing.TB, h Harness) {
	w, c, want := filled(tb, h)
	for what, value := range map[string]func() string{
		"seconds": func() string { return "17" },
		"a date":  func() string { return time.Now().Add(17 * time.Second).UTC().Format(http.TimeFormat) },
	} {
		w.survives(c, want, "a pause in "+what, func(req *http.Request, _ pass) (*http.Response, error) {
			return answer(req, http.StatusTooManyRequests, "{}", "Retry-After", value()), nil
		})
		w.wire.breaks(1, w.wire.isRead, func(req *http.Request, _ pass) (*http.Response, error) {
			return answer(req, http.StatusTooManyRequests, "{}", "Retry-After", value()), nil
		})
		if _, err := w.page(context.Background(), c, ""); err != nil {
			tb.Errorf("Pull past a pause: %v", err)
		}
		seen := w.wire.requests()
		if len(seen) < 2 || seen[1].At.Sub(seen[0].At) < 17*time.Second-time.Millisecond {
			tb.Errorf("the vendor asked for 17 seconds in %s and was asked again at once", what)
		}
		w.wire.mend()
		w.tick(time.Minute)
	}
	w.wire.breaks(-1, anything, status(http.StatusTooManyRequests, "{}", "Retry-After", "7200"))
	start := time.Now()
	_, err := w.page(context.Background(), w.open(), "")
	w.wantClass("Pull when the vendor asks for two hours", err, connectors.RateLimited)
	var e *connectors.Error
	if errors.As(err, &e) && (e.After < 7190*time.Second || e.After > 7210*time.Second) || time.Since(start) > 10*time.Minute {
		tb.Errorf("two hours became %s, after %s", e.After, time.Since(start))
	}
	p, ok := c.(connectors.Pusher)
	if !ok {
		return
	}
	w.wire.mend()
	w.wire.breaks(-1, w.wire.isWrite, status(http.StatusTooManyRequests, "{}", "Retry-After", "30"))
	_, err = p.Push(context.Background(), w.create(70))
	w.wantClass("Push when the vendor asks for a pause", err, connectors.RateLimited)
	if errors.As(err, &e) && (e.After < 29*time.Second || e.After > 31*time.Second) {
		tb.Errorf("30 seconds became %s", e.After)
	}
}

func serverFaultsCase(tb testing.TB, h Harness) {
	w, c, want := filled(tb, h)
	for _, code := range []int{500, 502, 503, 504} {
		w.survives(c, want, http.StatusText(code), status(code, "<html>oops</html>", "Content-Type", "text/html"))
	}
	w.fails(c, "a fault that stays", status(500, `{"error":"boom"}`), connectors.Transient)
	if n := w.wire.count(anything); n > 30 {
		tb.Errorf("two calls asked a broken vendor %d times", n)
	}
}

func resetsCase(tb testing.TB, h Harness) {
	w, c, want := filled(tb, h)
	w.survives(c, want, "a connection that broke early", resetBefore)
	w.survives(c, want, "a connection that broke late", resetAfter)
	w.fails(c, "connections that break", resetBefore, connectors.Transient)
}

func halfCase(tb testing.TB, h Harness) {
	w, c, want := filled(tb, h)
	for _, broken := range []bool{true, false} {
		w.survives(c, want, "half an answer", half(broken))
		w.fails(c, "half answers", half(broken), connectors.Transient)
		w.wire.mend()
	}
}

// webPageCase: a login page, a proxy's or a captive portal's, is no list without entries.
func webPageCase(tb testing.TB, h Harness) {
	w, c, _ := filled(tb, h)
	for _, contentType := range []string{"text/html; charset=utf-8", "application/json"} {
		w.fails(c, "web pages", status(200, "<!DOCTYPE html>\n<html><title>Welcome to the hotel</title></html>", "Content-Type", contentType),
			connectors.Transient, connectors.Invalid, connectors.Auth)
		w.wire.mend()
	}
}

// emptyAnswerCase: a vendor that suddenly has nothing is no word about anything being deleted.
func emptyAnswerCase(tb testing.TB, h Harness) {
	w, c, _ := filled(tb, h)
	all := pull(tb, c, h.API.Kind, "")
	w.wire.breaks(-1, w.wire.isRead, status(200, string(h.API.Empty)))
	for _, from := range []connectors.Cursor{"", all.pages[0].Next, all.end()} {
		page, err := w.page(context.Background(), c, from)
		if err != nil {
			continue // saying that this cannot be is as good
		}
		if gone := slices.ContainsFunc(page.Changes, func(ch connectors.Change) bool { return ch.Gone }); gone || page.More && page.Next == from {
			tb.Errorf("an empty answer told that things are gone, or that there is more of it")
		}
	}
}

// nullCase: a vendor may add members, and leave any out that it does not promise.
func nullCase(tb testing.TB, h Harness) {
	w, c, want := filled(tb, h)
	var more func(v any) any
	more = func(v any) any {
		switch v := v.(type) {
		case []any:
			for i := range v {
				v[i] = more(v[i])
			}
		case map[string]any:
			for k := range v {
				v[k] = more(v[k])
			}
			v["x_added_in_2031"] = map[string]any{"deep": []any{1, nil, "x"}}
		}
		return v
	}
	w.wire.breaks(-1, w.wire.isRead, rewritten(more))
	same(tb, "records where the vendor says more", want, fold(nil, pull(tb, c, h.API.Kind, "").changes(), h.API.Kind))
	w.wire.mend()

	names := map[string]bool{}
	var note func(v any) any
	note = func(v any) any {
		switch v := v.(type) {
		case []any:
			for _, x := range v {
				note(x)
			}
		case map[string]any:
			for k, x := range v {
				names[k] = true
				note(x)
			}
		}
		return v
	}
	w.wire.breaks(-1, w.wire.isRead, rewritten(note))
	pull(tb, c, h.API.Kind, "")
	w.wire.mend()
	maps.DeleteFunc(names, func(n string, _ bool) bool { return slices.Contains(h.API.Certain, n) })
	for _, name := range keys(names) {
		for _, missing := range []bool{false, true} {
			w.wire.mend()
			w.wire.breaks(-1, w.wire.isRead, rewritten(func(v any) any { return without(v, name, missing) }))
			all := pull(tb, c, h.API.Kind, "")
			if n := len(fold(nil, all.changes(), h.API.Kind)) + len(slices.DeleteFunc(all.rejected(), func(r connectors.Rejected) bool { return r.Kept })); n != len(want) {
				tb.Errorf("where %q is null (left out: %v), %d of %d things are accounted for", name, missing, n, len(want))
			}
		}
	}
}

// without sets each member of a name to null, or leaves it out.
func without(v any, name string, missing bool) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = without(v[i], name, missing)
		}
	case map[string]any:
		for k := range v {
			if k != name {
				v[k] = without(v[k], name, missing)
				continue
			}
			v[k] = nil
			if missing {
				delete(v, k)
			}
		}
	}
	return v
}

// unauthorizedCase: a refused key is asked about at most twice a call, and said to be one.
func unauthorizedCase(tb testing.TB, h Harness) {
	w, c, _ := filled(tb, h)
	for code, class := range map[int]connectors.Class{401: connectors.Auth, 403: connectors.Forbidden} {
		w.wire.mend()
		w.wire.breaks(-1, anything, status(code, `{"message":"no"}`))
		_, err := w.page(context.Background(), c, "")
		w.wantClass("Pull with status "+http.StatusText(code), err, class)
		if n := w.wire.count(anything); n > 4 {
			tb.Errorf("a vendor that said %d once was asked %d times", code, n)
		}
	}
	if p, ok := c.(connectors.Pusher); ok {
		w.wire.mend()
		w.wire.breaks(-1, anything, status(401, `{"message":"no"}`))
		_, err := p.Push(context.Background(), w.create(71))
		w.wantClass("Push with a refused key", err, connectors.Auth)
		if n := w.wire.count(anything); n > 4 {
			tb.Errorf("a vendor that said 401 once was asked %d times", n)
		}
	}
}

// hugeAnswerCase: an answer without end is given up, before memory is.
func hugeAnswerCase(tb testing.TB, h Harness) {
	w := newWorld(tb, h)
	c := w.open()
	var read *spaces
	w.wire.breaks(-1, anything, func(req *http.Request, p pass) (*http.Response, error) {
		resp, err := endless(req, p)
		read, _ = resp.Body.(*spaces)
		return resp, err
	})
	_, err := w.page(context.Background(), c, "")
	if err == nil {
		tb.Errorf("an answer of %d MB was read", tooMuch>>20)
	}
	if read != nil && read.left <= 0 {
		tb.Errorf("an answer was read until it ended, at %d MB", tooMuch>>20)
	}
}

// redirectCase: nobody but the vendor gets the secret.
func redirectCase(tb testing.TB, h Harness) {
	w, c, _ := filled(tb, h)
	for _, to := range []string{"https://elsewhere.example/x", "http://elsewhere.example/x"} {
		w.wire.mend()
		w.wire.breaks(-1, func(s Seen) bool { return strings.HasPrefix(s.URL, to) }, status(200, string(h.API.Empty)))
		w.wire.breaks(1, anything, status(307, "", "Location", to))
		if _, err := w.page(context.Background(), c, ""); err == nil && strings.HasPrefix(to, "http:") {
			for _, s := range w.wire.requests()[:1] {
				if strings.HasPrefix(s.URL, "https:") {
					tb.Errorf("the connection went from https on to plain http")
				}
			}
		}
		for _, s := range w.wire.requests() {
			if head, err := json.Marshal(s.Header); strings.HasPrefix(s.URL, to) && (err != nil || holds(string(head)+s.URL+string(s.Body), h.Secret)) {
				tb.Errorf("the secret went to %s", to)
			}
		}
	}
}

// slowCase: a vendor that does not answer is given up after minutes, not hours.
func slowCase(tb testing.TB, h Harness) {
	w, c, want := filled(tb, h)
	w.survives(c, want, "a slow answer", slow(5*time.Second))
	w.wire.breaks(-1, anything, slow(48*time.Hour))
	start := time.Now()
	_, err := w.page(context.Background(), c, "")
	w.wantClass("Pull without an answer", err, connectors.Transient)
	if took := time.Since(start); took > 30*time.Minute {
		tb.Errorf("waited %s for an answer", took)
	}
}

// apiCancelCase: a call that nobody waits for any more ends at once, with the context's error, and
// the cursor before it still works.
func apiCancelCase(tb testing.TB, h Harness) {
	w, c, want := filled(tb, h)
	var known map[string]connectors.Record
	from := connectors.Cursor("")
	for n := 0; ; n++ {
		ctx, cancel := context.WithCancel(context.Background())
		w.wire.mend()
		w.wire.breaks(1, anything, func(req *http.Request, p pass) (*http.Response, error) {
			cancel()
			if w.api.Real {
				return nil, req.Context().Err()
			}
			return slow(time.Hour)(req, p)
		})
		_, err := w.page(ctx, c, from)
		cancel()
		if !errors.Is(err, context.Canceled) && (err != nil || n == 0 || w.wire.count(anything) > 0) { // a page can come from memory
			tb.Errorf("cancelled in the middle of page %d: %v", n, err)
		}
		if n := w.wire.count(anything); n > 1 {
			tb.Errorf("%d requests for a call that nobody waits for", n)
		}
		w.wire.mend()
		page, err := w.page(context.Background(), c, from)
		if err != nil {
			tb.Fatalf("Pull: %v", err)
		}
		known, from = fold(known, page.Changes, h.API.Kind), page.Next
		if !page.More || n > maxPages {
			break
		}
	}
	same(tb, "records of a pull that was cancelled on every page", want, known)
}

// holds says whether text has a secret, however it is written.
func holds(text, secret string) bool {
	return secret != "" && slices.ContainsFunc(forms(secret), func(f string) bool { return bytes.Contains([]byte(text), []byte(f)) })
}
