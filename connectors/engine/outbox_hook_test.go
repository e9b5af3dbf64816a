package engine

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
	"github.com/keptcrm/kept/state/statetest"
)

const hookKey = "the-key-of-hooks"

// hookroom is a mailroom where Wei is told at a webhook.
type hookroom struct {
	*mailroom
	address, key string
	answer       http.HandlerFunc
	calls        []*http.Request
	bodies       [][]byte
}

func newHookroom(t *testing.T) *hookroom {
	t.Helper()
	r := &hookroom{mailroom: newMailroom(t, statetest.Open(t)), key: hookKey}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			t.Error(err)
		}
		r.calls, r.bodies = append(r.calls, req), append(r.bodies, body)
		if r.answer != nil {
			r.answer(w, req)
		}
	}))
	t.Cleanup(srv.Close)
	r.address = srv.URL + "/hook/s3cret-path"
	r.eng.env.HTTP = srv.Client().Transport
	r.eng.env.HookSecret = "env:KEPT_HOOKS"
	r.eng.env.Secret = func(_ context.Context, reference string) (string, error) {
		if reference == "env:KEPT_HOOKS" {
			return r.key, nil
		}
		return r.address, nil
	}
	r.svc = service.New(r.store, r.eng, service.Config{Region: "DE", Notify: service.NotifyConfig{Staff: map[string]string{"wei": "webhook:env:WEI_HOOK"}}}, func() time.Time { return r.now })
	r.eng.Bind(r.svc)
	r.people(1)
	r.ok(r.svc.OutboxApprove(context.Background(), []string{"webhook:env:WEI_HOOK"}))
	return r
}

// silent wants nothing of what is secret in what became of messages.
func (r *hookroom) silent(what string, out service.OutboxSendOut) {
	r.t.Helper()
	list, err := r.svc.QuestionList(context.Background(), service.QuestionListIn{})
	r.ok(err)
	told, err := json.Marshal([]any{out, r.all(), list})
	r.ok(err)
	for _, secret := range []string{hookKey, "s3cret-path", "127.0.0.1"} {
		if strings.Contains(string(told), secret) {
			r.t.Errorf("%s: %q is told in %s", what, secret, told)
		}
	}
}

// What a webhook gets is signed with the time, over exactly its bytes.
func TestHookSigned(t *testing.T) {
	t.Parallel()
	r := newHookroom(t)
	r.put(1, "李1 wartet 🌟", toStaff("s2"))
	out := r.mustPass()
	r.want("李1 wartet 🌟", state.OutgoingSent)
	r.silent("sent", out)
	if len(r.calls) != 1 {
		t.Fatalf("%d calls", len(r.calls))
	}
	h, body := r.calls[0].Header, r.bodies[0]
	if stamp, err := strconv.ParseInt(h.Get("Kept-Timestamp"), 10, 64); err != nil || stamp != r.now.Unix() {
		t.Errorf("stamp %q at %d", h.Get("Kept-Timestamp"), r.now.Unix())
	}
	m := hmac.New(sha256.New, []byte(hookKey))
	_, _ = fmt.Fprintf(m, "%s.%s", h.Get("Kept-Timestamp"), body)
	if want := "v1=" + hex.EncodeToString(m.Sum(nil)); h.Get("Kept-Signature") != want {
		t.Errorf("signed %q, want %q", h.Get("Kept-Signature"), want)
	}
	var told HookMessage
	r.ok(json.Unmarshal(body, &told))
	if told.ID == "" || told.ID != h.Get("Kept-Message") || told.To != "张伟" || told.Login != "wei" || told.Text != "李1 wartet 🌟" || told.Customer != "c1" || r.calls[0].Method != "POST" {
		t.Errorf("told %+v", told)
	}
	if SignHook([]byte(hookKey), "1", body) == SignHook([]byte(hookKey), "2", body) || SignHook([]byte(hookKey), "1", body) == SignHook([]byte("other"), "1", body) {
		t.Error("the signature does not hang on the time or on the key")
	}
}

// What a webhook answers decides what becomes of the message; a redirect leads nowhere.
func TestHookAnswers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status int
		became string
		due    time.Duration
	}{
		{204, state.OutgoingSent, 0},
		{500, state.OutgoingWaiting, time.Minute},
		{502, state.OutgoingWaiting, time.Minute},
		{503, state.OutgoingWaiting, 20 * time.Minute}, // as it says
		{429, state.OutgoingWaiting, 20 * time.Minute},
		{408, state.OutgoingWaiting, time.Minute},
		{302, state.OutgoingWaiting, time.Minute},
		{307, state.OutgoingWaiting, time.Minute},
		{400, state.OutgoingFailed, 0},
		{401, state.OutgoingFailed, 0},
		{404, state.OutgoingFailed, 0},
		{410, state.OutgoingFailed, 0},
	} {
		r := newHookroom(t)
		r.answer = func(w http.ResponseWriter, req *http.Request) {
			if req.URL.Path != "/hook/s3cret-path" {
				t.Errorf("%d: it went on to %s", c.status, req.URL.Path)
			}
			w.Header().Set("Location", "/elsewhere")
			w.Header().Set("Retry-After", "1200")
			w.WriteHeader(c.status)
		}
		r.put(1, "hello", toStaff("s2"))
		r.silent(strconv.Itoa(c.status), r.mustPass())
		if o := r.want("hello", c.became); c.became == state.OutgoingWaiting && o.Due.Sub(r.now) != c.due {
			t.Errorf("%d: tried again after %v, want %v", c.status, o.Due.Sub(r.now), c.due)
		}
		if c.became != state.OutgoingWaiting {
			continue
		}
		r.answer = nil
		r.now = r.now.Add(c.due)
		r.mustPass()
		r.want("hello", state.OutgoingSent)
		if len(r.calls) != 2 || r.calls[0].Header.Get("Kept-Message") != r.calls[1].Header.Get("Kept-Message") {
			t.Errorf("%d: %d calls, or under two IDs", c.status, len(r.calls))
		}
		if r.calls[0].Header.Get("Kept-Timestamp") == r.calls[1].Header.Get("Kept-Timestamp") {
			t.Errorf("%d: the second was signed with the time of the first", c.status)
		}
	}
}

// Nothing is sent where it would not be encrypted, or not signed; one that is down is tried again.
func TestHookAddresses(t *testing.T) {
	t.Parallel()
	for what, spoil := range map[string]func(*hookroom){
		"webhook_address": func(r *hookroom) {
			r.address = "http://hooks.example.com/s3cret-path"
			r.eng.env.HTTP = nowhere{t}
		},
		"webhook_address of no host":    func(r *hookroom) { r.address = "https:///s3cret-path" },
		"webhook_address of a file":     func(r *hookroom) { r.address = "file:///etc/s3cret-path" },
		"webhook_address by name":       func(r *hookroom) { r.address = "http://localhost.example.com/s3cret-path" },
		"webhook_address of no address": func(r *hookroom) { r.address = "s3cret-path:\x7f" },
		"webhook_secret":                func(r *hookroom) { r.key = "" },
		"webhook_down":                  func(r *hookroom) { r.address = "http://127.0.0.1:1/s3cret-path" },
	} {
		r := newHookroom(t)
		spoil(r)
		r.put(1, "hello", toStaff("s2"))
		out := r.mustPass()
		code, _, _ := strings.Cut(what, " ")
		if o := r.want("hello", state.OutgoingWaiting); o.Code != code || len(r.calls) != 0 {
			t.Errorf("%s: %s, %d calls", what, o.Code, len(r.calls))
		}
		r.silent(what, out)
	}
}

// nowhere is a network in which nothing may be called.
type nowhere struct{ t *testing.T }

func (n nowhere) RoundTrip(r *http.Request) (*http.Response, error) {
	n.t.Errorf("%s was called", r.URL.Host)
	return nil, io.ErrUnexpectedEOF
}
