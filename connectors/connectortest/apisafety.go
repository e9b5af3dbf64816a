package connectortest

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
)

func apiSafetyCases() []Case {
	return []Case{{"webhook", webhookCase}, {"secret", secretCase}, {"dry run", dryRunCase}, {"limits", limitsCase}}
}

// webhookCase: what is not signed by the vendor, or long ago, is refused; what is gives hints.
func webhookCase(tb testing.TB, h Harness) {
	w := newWorld(tb, h)
	c := w.open()
	hook, ok := w.server.Control.(Hooker)
	recv, ok2 := c.(connectors.WebhookReceiver)
	if !ok || !ok2 {
		tb.Logf("no webhooks")
		return
	}
	ctx := context.Background()
	id := w.fill(1)[0]
	for _, gone := range []bool{false, true} {
		header, body := hook.Hook(h.API.Kind, id, gone)
		hints, err := recv.Receive(ctx, header, body)
		if err != nil || !slices.ContainsFunc(hints, func(x connectors.Hint) bool { return x.Kind == h.API.Kind && (x.ID == "" || x.ID == id) }) {
			tb.Errorf("a webhook about %s gave %+v, %v", id, hints, err)
		}
		again, err := recv.Receive(ctx, header, body)
		if h.API.HookAge == 0 && err != nil || len(again) > len(hints) {
			tb.Errorf("the same webhook again gave %+v, %v", again, err)
		}
		refused := func(what string, r connectors.WebhookReceiver, header map[string][]string, body []byte) {
			hints, err := r.Receive(ctx, header, body)
			w.failed("Receive", err)
			if err == nil || len(hints) > 0 {
				tb.Errorf("a webhook with %s was believed: %+v", what, hints)
			}
		}
		refused("a changed body", recv, header, bytes.Replace(body, []byte(id), []byte("x"+id), 1))
		refused("more behind its body", recv, header, append(bytes.Clone(body), ' '))
		refused("no headers", recv, nil, body)
		refused("no body", recv, header, nil)
		for name := range header {
			less := maps.Clone(header)
			less[name] = []string{""}
			_, err := recv.Receive(ctx, less, body) // may be one that says nothing of who sent it
			w.failed("Receive", err)
		}
		refused("another secret", w.openWith("no"+h.Secret, func(*connectors.Env) {}).(connectors.WebhookReceiver), header, body)
		if h.API.HookAge > 0 && !h.API.Real {
			w.tick(h.API.HookAge + time.Minute)
			refused("an old time", recv, header, body)
		}
	}
}

// forms are how a secret may be written.
func forms(secret string) []string {
	quoted, err := json.Marshal(secret)
	if err != nil {
		quoted = []byte(secret)
	}
	return []string{secret, url.QueryEscape(secret), url.PathEscape(secret), strings.Trim(string(quoted), `"`), base64.StdEncoding.EncodeToString([]byte(secret)),
		strings.TrimRight(base64.URLEncoding.EncodeToString([]byte(secret)), "=")}
}

// secretCase: whatever goes wrong, and though the vendor says the secret itself, it is in no error,
// warning, log line or recording, and in nothing that a dry run tells.
func secretCase(tb testing.TB, h Harness) {
	if h.Secret == "" {
		tb.Fatalf("the harness has no Secret")
	}
	w := newWorld(tb, h)
	w.listens = true
	w.fill(2)
	everything := func(c connectors.Connector, what string) {
		tb.Helper()
		ctx := context.Background()
		said := func(call string, err error) {
			for ; err != nil; err = errors.Unwrap(err) {
				w.say("%s, %s: %v %+v", what, call, err, err)
			}
		}
		said("Check", c.Check(ctx))
		if p, ok := c.(connectors.Puller); ok {
			page, err := p.Pull(ctx, h.API.Kind, "")
			w.say("%s", text(tb, page))
			said("Pull", err)
		}
		if p, ok := c.(connectors.Pusher); ok {
			_, err := p.Push(ctx, w.create(5))
			said("Push", err)
		}
		if d, ok := c.(connectors.Deleter); ok {
			said("Delete", d.Delete(ctx, connectors.Intent{ID: "d", Key: "d", Record: connectors.Record{Kind: h.API.Kind, ID: "none"}}))
		}
		if f, ok := c.(connectors.Fetcher); ok {
			_, err := f.Fetch(ctx, h.API.Kind, []string{"none"})
			said("Fetch", err)
		}
		if f, ok := c.(connectors.Finder); ok {
			_, _, err := f.Find(ctx, w.create(6))
			said("Find", err)
		}
		if f, ok := c.(connectors.Census); ok {
			_, err := f.Census(ctx, h.API.Kind, "")
			said("Census", err)
		}
		if r, ok := c.(connectors.WebhookReceiver); ok {
			_, err := r.Receive(ctx, map[string][]string{"X-Signature": {h.Secret}}, []byte(h.Secret))
			said("Receive", err)
		}
		if out := w.said(); holds(out, h.Secret) {
			for _, line := range strings.Split(out, "\n") {
				if holds(line, h.Secret) {
					tb.Errorf("%s: the secret is in: %.200s", what, strings.ReplaceAll(line, h.Secret, "SECRET"))
					return
				}
			}
			tb.Errorf("%s: the secret came out", what)
		}
	}
	everything(w.open(), "without a fault")
	everything(w.openWith(h.Secret, func(e *connectors.Env) { e.DryRun = true }), "in a dry run")
	echo := func(req *http.Request) string {
		return fmt.Sprintf("%s %s %v %s", req.Method, req.URL, req.Header, h.Secret)
	}
	for _, code := range []int{400, 401, 403, 404, 409, 422, 429, 500, 501} {
		w.wire.mend()
		w.wire.breaks(-1, anything, func(req *http.Request, _ pass) (*http.Response, error) {
			body, err := json.Marshal(map[string]any{"message": echo(req), "error": map[string]string{"message": echo(req)}, "errors": []string{echo(req)}})
			return answer(req, code, string(body), "X-Echo", echo(req), "Set-Cookie", "session="+h.Secret), err
		})
		everything(w.open(), fmt.Sprintf("status %d that says the secret", code))
	}
	for what, do := range map[string]func(*http.Request, pass) (*http.Response, error){
		"a connection that broke": func(req *http.Request, _ pass) (*http.Response, error) {
			return nil, fmt.Errorf("%s: connection reset", echo(req))
		},
		"a web page": func(req *http.Request, _ pass) (*http.Response, error) {
			return answer(req, 200, "<html>"+echo(req), "Content-Type", "text/html"), nil
		},
		"a redirect": func(req *http.Request, _ pass) (*http.Response, error) {
			return answer(req, 302, "", "Location", "http://elsewhere.example/?key="+url.QueryEscape(h.Secret)), nil
		},
	} {
		w.wire.mend()
		w.wire.breaks(-1, anything, do)
		everything(w.open(), what)
	}
}

// dryRunCase: a dry run reads all and writes nothing, and says what it would have written.
func dryRunCase(tb testing.TB, h Harness) {
	w := newWorld(tb, h)
	w.fill(3)
	var unsent []connectors.Exchange
	c := w.openWith(h.Secret, func(e *connectors.Env) {
		e.DryRun, e.Unsent = true, func(x connectors.Exchange) { unsent = append(unsent, x) }
	})
	all := w.now(c)
	before := text(tb, all)
	var r connectors.Record
	for _, id := range w.live() {
		r = all[id]
	}
	tried := 0
	refused := func(what string, err error) {
		tb.Helper()
		tried++
		if !errors.Is(err, connectors.ErrDryRun) {
			tb.Errorf("%s in a dry run: %v", what, err)
		}
		if len(unsent) < tried {
			tb.Errorf("%s in a dry run: nobody was told what would have been sent", what)
		}
	}
	if p, ok := c.(connectors.Pusher); ok {
		_, err := p.Push(context.Background(), w.create(7))
		refused("a create", err)
		_, err = p.Push(context.Background(), update(r, h.API.Texts[0], "dry"))
		refused("an update", err)
	}
	if d, ok := c.(connectors.Deleter); ok {
		refused("a delete", d.Delete(context.Background(), connectors.Intent{ID: "d", Key: "d", Expect: r.Version, Base: r, Record: r}))
	}
	if n := w.wire.count(w.wire.isWrite); n > 0 {
		tb.Errorf("a dry run sent %d writes", n)
	}
	if after := text(tb, w.now(w.open())); after != before {
		tb.Errorf("a dry run changed the vendor")
	}
}

// limitsCase: the limits that the connection names are kept, whoever asks.
func limitsCase(tb testing.TB, h Harness) {
	w := newWorld(tb, h)
	c := w.open()
	lim, ok := c.(connectors.Limiter)
	if !ok {
		tb.Logf("no Limiter")
		return
	}
	l := lim.Limits()
	w.fill(1)
	w.tick(time.Minute)
	w.wire.mend()
	w.wire.breaks(-1, anything, slow(700*time.Millisecond))
	var all sync.WaitGroup
	for range max(3*l.Burst, int(4*l.PerSecond), 3*l.Parallel, 12) {
		all.Go(func() {
			if _, err := c.(connectors.Puller).Pull(context.Background(), h.API.Kind, ""); err != nil {
				tb.Errorf("Pull beside others: %v", err)
			}
		})
	}
	all.Wait()
	w.wire.mu.Lock()
	most := w.wire.most
	w.wire.mu.Unlock()
	if l.Parallel > 0 && most > l.Parallel {
		tb.Errorf("%d requests at a time, the limit is %d", most, l.Parallel)
	}
	seen := w.wire.requests()
	slices.SortFunc(seen, func(a, b Seen) int { return a.At.Compare(b.At) })
	for i := range seen {
		n := 0
		for _, s := range seen[i:] {
			if s.At.Sub(seen[i].At) < time.Second {
				n++
			}
		}
		if bound := l.PerSecond + float64(max(l.Burst, 1)); l.PerSecond > 0 && float64(n) > bound {
			tb.Errorf("%d requests within a second, the limit is %g with bursts of %d", n, l.PerSecond, l.Burst)
			return
		}
	}
}
