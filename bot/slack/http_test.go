package slack

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keptcrm/kept/bot/slacktest"
)

// Requests are taken from who signed them, in their five minutes, once.
func TestSignedRequests(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	inWorkspace(t, ground{http: true}, counting(&n, 0), func(w *workspace) {
		h := w.app.Handler()
		body := func(trigger string) string {
			return url.Values{"team_id": {"T1"}, "user_id": {"U1"}, "channel_id": {"C1"}, "command": {"/kept"}, "text": {"x"}, "trigger_id": {trigger}}.Encode()
		}
		ask := func(method, path, body string, head http.Header) *httptest.ResponseRecorder {
			r := httptest.NewRequest(method, path, strings.NewReader(body))
			for k, v := range head {
				r.Header[k] = v
			}
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, r)
			time.Sleep(time.Second)
			return rec
		}
		sign := func(body string, ago time.Duration) http.Header {
			return slacktest.Sign(slacktest.SigningSecret, time.Now().Add(-ago), []byte(body))
		}
		good := body("1.1")
		for name, tc := range map[string]struct {
			path, body string
			head       http.Header
			want       int
		}{
			"not signed":           {"/slack/commands", good, nil, 401},
			"another secret":       {"/slack/commands", good, slacktest.Sign("guess", time.Now(), []byte(good)), 401},
			"another body":         {"/slack/commands", good + "&text=y", sign(good, 0), 401},
			"six minutes old":      {"/slack/commands", good, sign(good, 6*time.Minute), 401},
			"of the future":        {"/slack/commands", good, sign(good, -6*time.Minute), 401},
			"half a signature":     {"/slack/commands", good, http.Header{"X-Slack-Signature": {"v0=00"}, "X-Slack-Request-Timestamp": {"1"}}, 401},
			"no such path":         {"/slack/install", good, sign(good, 0), 404},
			"beside it":            {"/slackx", good, sign(good, 0), 404},
			"payload in the query": {"/slack/interactions?payload=%7B%7D", "", sign("", 0), 200},
		} {
			if got := ask("POST", tc.path, tc.body, tc.head).Code; got != tc.want {
				t.Errorf("%s: %d, want %d", name, got, tc.want)
			}
		}
		if got := ask("GET", "/slack/commands", "", nil).Code; got != http.StatusMethodNotAllowed {
			t.Error(got)
		}
		if got := ask("POST", "/slack/commands", strings.Repeat("x", maxRequest+1), nil).Code; got != http.StatusRequestEntityTooLarge {
			t.Error(got)
		}
		if n.Load() != 0 {
			t.Fatalf("%d of what is refused had an effect", n.Load())
		}
		head := sign(good, 0)
		for range 3 {
			if rec := ask("POST", "/slack/commands", good, head); rec.Code != 200 || rec.Body.Len() != 0 {
				t.Errorf("%d %q", rec.Code, rec.Body)
			}
		}
		if n.Load() != 1 {
			t.Errorf("a replay had an effect: %d", n.Load())
		}
		challenge := `{"type":"url_verification","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}`
		if rec := ask("POST", "/slack/events", challenge, sign(challenge, 0)); rec.Code != 200 || strings.TrimSpace(rec.Body.String()) != "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P" {
			t.Errorf("%d %q", rec.Code, rec.Body)
		}
		w.stop()
		if got := ask("POST", "/slack/commands", body("1.2"), sign(body("1.2"), 0)).Code; got != http.StatusServiceUnavailable {
			t.Errorf("after the end: %d", got)
		}
	})
}

// Answers with customers' names go to Slack's machines alone.
func TestTrustedAddresses(t *testing.T) {
	t.Parallel()
	c := newClient(Options{URL: "https://slack.com/api/", HTTPC: &http.Client{}})
	for raw, want := range map[string]bool{
		"https://hooks.slack.com/commands/T1/1/x": true, "https://hooks.slack-gov.com/x": true, "https://hooks.slack.com:443/x": true,
		"http://hooks.slack.com/x": false, "https://hooks.slack.com.evil.example/x": false, "https://evilslack.com/x": false, "https://169.254.169.254/x": false,
		"https://a:b@hooks.slack.com/x": false, "https://hooks.slack.com:8443/x": false, "http://127.0.0.1/x": false, "": false, "file:///etc/passwd": false, "://": false,
	} {
		if got := c.trusted(raw); got != want {
			t.Errorf("%q: %t", raw, got)
		}
	}
	local := newClient(Options{URL: "http://127.0.0.1:4711/api/", HTTPC: &http.Client{}})
	if !local.trusted("http://127.0.0.1:4711/response/1") || local.trusted("http://127.0.0.1:4712/response/1") {
		t.Error("a test's Slack")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "{}", `{"type":"block_actions","team":{"id":"T1"},"user":{"id":"U1"},"trigger_id":"1.2","actions":[{"block_id":"b","action_id":"a","value":"v"}]}`,
		`{"type":"view_submission","team":{"id":"T1"},"user":{"id":"U1"},"trigger_id":"1.2","view":{"id":"V1","state":{"values":{"a":{"b":{"type":"plain_text_input","value":"x"}}}}}}`,
		`{"type":"event_callback","team_id":"T1","event_id":"Ev1","event":{"type":"app_mention","user":"U1","text":"<@UBOT> hi","channel":"C1","ts":"1.2"}}`,
		"team_id=T1&user_id=U1&trigger_id=1.2&text=%E6%9D%8E%E4%BC%9F", `{"type":"message_action","message":{"blocks":[{"type":"rich_text"}]}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, read := range []func() (event, error){
			func() (event, error) { return parseCommand(b) },
			func() (event, error) { return readCommand(b) },
			func() (event, error) { return parseInteraction(b, "envelope") },
			func() (event, error) {
				e, challenge, err := parseEvents(b)
				if err == nil && challenge != "" {
					err = errNoEvent
				}
				return e, err
			},
		} {
			e, err := read()
			if err == nil && (e.kind == "" || !isID(e.team) || !isID(e.user) || !isID(e.id) || strings.ContainsAny(e.id+e.user, " \r\n")) {
				t.Errorf("%q is taken as %+v", b, e)
			}
		}
		if err := responded(200, "", b); err != nil && asError(err, true).Text == "" {
			t.Errorf("%q: an error without words", b)
		}
		if err := responded(404, string(b), b); err == nil {
			t.Errorf("%q: 404 is no error", b)
		}
		_, _, _ = parseChat(string(b))
		if d := retryAfter(string(b)); d < 0 || d > time.Hour {
			t.Errorf("%q: %v", b, d)
		}
	})
}
