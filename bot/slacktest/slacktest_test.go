package slacktest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
)

// inSlack runs a test in a bubble of virtual time with a Slack that has the user U1.
func inSlack(t *testing.T, o Options, do func(*testing.T, *Server, *http.Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := New(o)
		s.StartInMemory()
		s.AddUser(User{ID: "U1", Name: "Ana Lima", Email: "ana@nordlicht.example"})
		c := s.HTTPClient()
		do(t, s, c)
		c.CloseIdleConnections()
		s.Close()
	})
}

// call calls the Web API with JSON, and gives the error's name, "" where it is well.
func call(t *testing.T, s *Server, c *http.Client, token, method string, a map[string]any) (string, map[string]any) {
	t.Helper()
	b, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest("POST", s.URL()+method, bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	out := map[string]any{}
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		t.Fatal(err)
	}
	name, _ := out["error"].(string)
	if (name == "") != (out["ok"] == true) {
		t.Errorf("%s: %v", method, out)
	}
	return name, out
}

func plain(n int) map[string]any {
	return map[string]any{"type": "plain_text", "text": strings.Repeat("字", n)}
}

func mrkdwn(n int) map[string]any {
	return map[string]any{"type": "mrkdwn", "text": strings.Repeat("字", n)}
}

func many(n int, of any) []any {
	out := make([]any, n)
	for i := range out {
		out[i] = of
	}
	return out
}

// The limits of blocks: at each of them a message is taken, beyond it refused under Slack's name.
func TestLimitsOfBlocks(t *testing.T) {
	t.Parallel()
	section := func(n int) map[string]any { return map[string]any{"type": "section", "text": mrkdwn(n)} }
	actions := func(e ...any) map[string]any { return map[string]any{"type": "actions", "elements": e} }
	button := func(label, value int) map[string]any {
		return map[string]any{"type": "button", "text": plain(label), "value": strings.Repeat("v", value)}
	}
	option := map[string]any{"text": plain(3), "value": "v"}
	for name, x := range map[string]struct {
		make func(n int) any
		most int
		want string
	}{
		"blocks":   {func(n int) any { return many(n, map[string]any{"type": "divider"}) }, 50, "invalid_blocks"},
		"section":  {func(n int) any { return []any{section(n)} }, 3000, "invalid_blocks"},
		"fields":   {func(n int) any { return []any{map[string]any{"type": "section", "fields": many(n, mrkdwn(3))}} }, 10, "invalid_blocks"},
		"field":    {func(n int) any { return []any{map[string]any{"type": "section", "fields": []any{mrkdwn(n)}}} }, 2000, "invalid_blocks"},
		"header":   {func(n int) any { return []any{map[string]any{"type": "header", "text": plain(n)}} }, 150, "invalid_blocks"},
		"actions":  {func(n int) any { return []any{actions(many(n, button(3, 3))...)} }, 25, "invalid_blocks"},
		"button":   {func(n int) any { return []any{actions(button(n, 1))} }, 75, "invalid_blocks"},
		"value":    {func(n int) any { return []any{actions(button(1, n))} }, 2000, "invalid_blocks"},
		"context":  {func(n int) any { return []any{map[string]any{"type": "context", "elements": many(n, mrkdwn(3))}} }, 10, "invalid_blocks"},
		"block_id": {func(n int) any { return []any{map[string]any{"type": "divider", "block_id": strings.Repeat("b", n)}} }, 255, "invalid_blocks"},
		"action_id": {func(n int) any {
			return []any{actions(map[string]any{"type": "button", "text": plain(1), "action_id": strings.Repeat("a", n)})}
		}, 255, "invalid_blocks"},
		"options": {func(n int) any {
			return []any{actions(map[string]any{"type": "static_select", "options": many(n, option)})}
		}, 100, "invalid_blocks"},
		"overflow": {func(n int) any { return []any{actions(map[string]any{"type": "overflow", "options": many(n, option)})} }, 5, "invalid_blocks"},
		"confirm": {func(n int) any {
			return []any{actions(map[string]any{"type": "button", "text": plain(1), "confirm": map[string]any{"title": plain(n), "text": plain(3), "confirm": plain(3), "deny": plain(3)}})}
		}, 100, "invalid_blocks"},
		"confirm text": {func(n int) any {
			return []any{actions(map[string]any{"type": "button", "text": plain(1), "confirm": map[string]any{"title": plain(3), "text": plain(n), "confirm": plain(3), "deny": plain(3)}})}
		}, 300, "invalid_blocks"},
		"confirm button": {func(n int) any {
			return []any{actions(map[string]any{"type": "button", "text": plain(1), "confirm": map[string]any{"title": plain(3), "text": plain(3), "confirm": plain(3), "deny": plain(n)}})}
		}, 30, "invalid_blocks"},
		"option": {func(n int) any {
			return []any{actions(map[string]any{"type": "static_select", "options": []any{map[string]any{"text": plain(n), "value": "v"}}})}
		}, 75, "invalid_blocks"},
		"option value": {func(n int) any {
			return []any{actions(map[string]any{"type": "static_select", "options": []any{map[string]any{"text": plain(3), "value": strings.Repeat("v", n)}}})}
		}, 75, "invalid_blocks"},
		"groups": {func(n int) any {
			return []any{actions(map[string]any{"type": "static_select", "option_groups": many(n, map[string]any{"label": plain(3), "options": []any{option}})})}
		}, 100, "invalid_blocks"},
		"radio buttons": {func(n int) any {
			return []any{actions(map[string]any{"type": "radio_buttons", "options": many(n, option)})}
		}, 10, "invalid_blocks"},
		"image": {func(n int) any {
			return []any{map[string]any{"type": "image", "image_url": "https://x.example/i.png", "alt_text": strings.Repeat("字", n)}}
		}, 2000, "invalid_blocks"},
		"image title": {func(n int) any {
			return []any{map[string]any{"type": "image", "image_url": "https://x.example/i.png", "alt_text": "x", "title": plain(n)}}
		}, 2000, "invalid_blocks"},
		"label": {func(n int) any {
			return []any{map[string]any{"type": "input", "label": plain(n), "element": map[string]any{"type": "plain_text_input"}}}
		}, 2000, "invalid_blocks"},
		"hint": {func(n int) any {
			return []any{map[string]any{"type": "input", "label": plain(3), "hint": plain(n), "element": map[string]any{"type": "plain_text_input"}}}
		}, 2000, "invalid_blocks"},
		"text in a field": {func(n int) any {
			return []any{map[string]any{"type": "input", "label": plain(3), "element": map[string]any{"type": "plain_text_input", "initial_value": strings.Repeat("字", n)}}}
		}, 3000, "invalid_blocks"},
		"context_actions": {func(n int) any {
			return []any{map[string]any{"type": "context_actions", "elements": many(n, map[string]any{"type": "icon_button"})}}
		}, 5, "invalid_blocks"},
		"rows": {func(n int) any {
			return []any{map[string]any{"type": "table", "rows": many(n, []any{map[string]any{"type": "raw_text", "text": "x"}})}}
		}, 100, "invalid_blocks"},
		"columns": {func(n int) any {
			return []any{map[string]any{"type": "table", "rows": []any{many(n, map[string]any{"type": "raw_text", "text": "x"})}}}
		}, 20, "invalid_blocks"},
		"markdown":            {func(n int) any { return []any{map[string]any{"type": "markdown", "text": strings.Repeat("字", n)}} }, 12000, "invalid_blocks"},
		"all text together":   {func(n int) any { return []any{section(2900), section(2900), section(2900), section(2900), section(n)} }, 1600, "msg_blocks_too_long"},
		"text beside, in all": {func(n int) any { return []any{section(1)} }, 1 << 20, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inSlack(t, Options{Burst: 10}, func(t *testing.T, s *Server, c *http.Client) {
				if got, out := call(t, s, c, BotToken, "chat.postMessage", map[string]any{"channel": "C1", "text": "x", "blocks": x.make(x.most)}); got != "" {
					t.Errorf("%d: %s %v", x.most, got, out)
				}
				if x.want == "" {
					return
				}
				if got, _ := call(t, s, c, BotToken, "chat.postMessage", map[string]any{"channel": "C1", "text": "x", "blocks": x.make(x.most + 1)}); got != x.want {
					t.Errorf("%d: %q", x.most+1, got)
				}
			})
		})
	}
}

// What is no block at all, or of the wrong kind.
func TestBlocksThatAreNone(t *testing.T) {
	t.Parallel()
	inSlack(t, Options{Burst: 100}, func(t *testing.T, s *Server, c *http.Client) {
		for blocks, want := range map[string]string{
			`[{"type":"sektion","text":{"type":"mrkdwn","text":"x"}}]`: "invalid_blocks",
			`[{"type":"header","text":{"type":"mrkdwn","text":"x"}}]`:  "invalid_blocks",
			`[{"type":"section"}]`: "invalid_blocks",
			`[{"type":"section","text":{"type":"mrkdwn","text":""}}]`:                 "invalid_blocks",
			`[{"type":"section","text":{"type":"mrkdwn","text":"x","emoji":true}}]`:   "invalid_blocks",
			`[{"type":"section","text":{"type":"mrkdwn","text":"x"},"colour":"red"}]`: "invalid_blocks",
			`[{"type":"actions","elements":[]}]`:                                      "invalid_blocks",
			`[{"type":"actions","elements":[{"type":"plain_text_input"}]}]`:           "invalid_blocks",
			`[{"type":"divider","block_id":"a"},{"type":"divider","block_id":"a"}]`:   "invalid_blocks",
			`[7]`:                  "invalid_blocks",
			`{"a":1}`:              "invalid_blocks_format",
			`not json`:             "invalid_blocks_format",
			`[{"type":"divider"}]`: "",
		} {
			if got, out := call(t, s, c, BotToken, "chat.postMessage", map[string]any{"channel": "C1", "text": "x", "blocks": blocks}); got != want {
				t.Errorf("%s: %q %v", blocks, got, out)
			}
		}
		if got, _ := call(t, s, c, BotToken, "chat.postMessage", map[string]any{"channel": "C1"}); got != "no_text" {
			t.Error(got)
		}
		if got, _ := call(t, s, c, BotToken, "chat.postMessage", map[string]any{"channel": "C1", "text": strings.Repeat("x", 40001)}); got != "msg_too_long" {
			t.Error(got)
		}
	})
}

// Tokens, scopes, shapes of a call, and channels.
func TestCalls(t *testing.T) {
	t.Parallel()
	inSlack(t, Options{Burst: 100}, func(t *testing.T, s *Server, c *http.Client) {
		s.AddChannel(Channel{ID: "G1", Private: true, Member: true})
		s.AddChannel(Channel{ID: "C3", Archived: true, Member: true})
		s.AddChannel(Channel{ID: "C4"})
		say := func(channel string) map[string]any { return map[string]any{"channel": channel, "text": "x"} }
		for name, x := range map[string]struct {
			token, method string
			a             map[string]any
			want          string
		}{
			"well":               {BotToken, "chat.postMessage", say("C1"), ""},
			"no token":           {"", "chat.postMessage", say("C1"), "not_authed"},
			"another":            {"xoxb-other", "chat.postMessage", say("C1"), "invalid_auth"},
			"of the app":         {AppToken, "chat.postMessage", say("C1"), "not_allowed_token_type"},
			"of the bot":         {BotToken, "apps.connections.open", nil, "not_allowed_token_type"},
			"no such method":     {BotToken, "chat.postMassage", say("C1"), "unknown_method"},
			"no such channel":    {BotToken, "chat.postMessage", say("C77"), "channel_not_found"},
			"archived":           {BotToken, "chat.postMessage", say("C3"), "is_archived"},
			"not in it":          {BotToken, "chat.postMessage", say("C4"), "not_in_channel"},
			"no such user":       {BotToken, "users.info", map[string]any{"user": "U9"}, "user_not_found"},
			"by e-mail":          {BotToken, "users.lookupByEmail", map[string]any{"email": "ANA@nordlicht.example"}, ""},
			"by no one's e-mail": {BotToken, "users.lookupByEmail", map[string]any{"email": "x@nordlicht.example"}, "users_not_found"},
			"a private channel":  {BotToken, "conversations.info", map[string]any{"channel": "G1"}, ""},
		} {
			if got, out := call(t, s, c, x.token, x.method, x.a); got != x.want {
				t.Errorf("%s: %q %v", name, got, out)
			}
		}
		s.SetScopes("chat:write", "users:read", "channels:read")
		if got, out := call(t, s, c, BotToken, "conversations.info", map[string]any{"channel": "G1"}); got != "missing_scope" || out["needed"] != "groups:read" {
			t.Errorf("%v", out)
		}
		_, out := call(t, s, c, BotToken, "users.info", map[string]any{"user": "U1"})
		if p := out["user"].(map[string]any)["profile"].(map[string]any); p["email"] != nil {
			t.Errorf("an e-mail address without the scope: %v", p)
		}
		// A form is as good as JSON.
		resp, err := c.PostForm(s.URL()+"auth.test", url.Values{"token": {BotToken}})
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || !strings.Contains(string(b), `"ok":true`) || !strings.Contains(resp.Header.Get("X-OAuth-Scopes"), "chat:write") {
			t.Errorf("%s %v", b, err)
		}
	})
}

// One message a second in a channel; a second channel has its own second.
func TestPaceOfMessages(t *testing.T) {
	t.Parallel()
	inSlack(t, Options{}, func(t *testing.T, s *Server, c *http.Client) {
		post := func(channel string) string {
			got, _ := call(t, s, c, BotToken, "chat.postMessage", map[string]any{"channel": channel, "text": "x"})
			return got
		}
		for _, x := range []struct{ channel, want string }{{"C1", ""}, {"C1", "ratelimited"}, {"C2", ""}} {
			if got := post(x.channel); got != x.want {
				t.Errorf("%s: %q", x.channel, got)
			}
		}
		time.Sleep(time.Second)
		if got := post("C1"); got != "" {
			t.Error(got)
		}
	})
}

// Who is in a channel, and who is in the workspace, is told in pages, to who has the scopes.
func TestMembers(t *testing.T) {
	t.Parallel()
	inSlack(t, Options{}, func(t *testing.T, s *Server, c *http.Client) {
		s.AddUser(User{ID: "UG", Name: "Guest", Single: true})
		s.AddUser(User{ID: "UX", Name: "Outsider", Team: "T2"})
		s.AddChannel(Channel{ID: "C3", Name: "fair", Member: true, Members: []string{"U1", "UG"}})
		s.AddChannel(Channel{ID: "C4", Name: "board", Private: true})
		all := func(method string, a map[string]any) string {
			var out []string
			for a["limit"] = "1"; ; {
				name, page := call(t, s, c, BotToken, method, a)
				if name != "" {
					return name
				}
				for _, x := range page["members"].([]any) {
					if m, ok := x.(map[string]any); ok {
						x = fmt.Sprint(m["id"], m["is_ultra_restricted"], m["is_stranger"])
					}
					out = append(out, fmt.Sprint(x))
				}
				next := page["response_metadata"].(map[string]any)["next_cursor"]
				if next == "" {
					return strings.Join(out, " ")
				}
				a["cursor"] = next
			}
		}
		for _, x := range []struct{ method, channel, want string }{
			{"conversations.members", "C1", "U1 UBOT"}, {"conversations.members", "C3", "U1 UBOT UG"}, {"conversations.members", "C4", "channel_not_found"},
			{"conversations.members", "C9", "channel_not_found"}, {"users.list", "", "U1false false UBOTfalse false UGtrue false UXfalse true"},
		} {
			if got := all(x.method, map[string]any{"channel": x.channel}); got != x.want {
				t.Errorf("%s %s: %s", x.method, x.channel, got)
			}
		}
		s.SetScopes("chat:write")
		for _, method := range []string{"conversations.members", "users.list"} {
			if got, _ := call(t, s, c, BotToken, method, map[string]any{"channel": "C1"}); got != "missing_scope" {
				t.Errorf("%s: %q", method, got)
			}
		}
	})
}

// A trigger opens one form, within three seconds.
func TestTriggers(t *testing.T) {
	t.Parallel()
	inSlack(t, Options{}, func(t *testing.T, s *Server, c *http.Client) {
		modal := func(more map[string]any) map[string]any {
			v := map[string]any{"type": "modal", "title": plain(24), "blocks": []any{map[string]any{"type": "divider"}}}
			for k, x := range more {
				v[k] = x
			}
			return v
		}
		open := func(trigger string, view map[string]any) string {
			got, _ := call(t, s, c, BotToken, "views.open", map[string]any{"trigger_id": trigger, "view": view})
			return got
		}
		trigger := func() string { return s.Command("U1", "C1", "/kept x").Trigger }
		first := trigger()
		if got := open(first, modal(nil)); got != "" {
			t.Error(got)
		}
		if got := open(first, modal(nil)); got != "exchanged_trigger_id" {
			t.Error(got)
		}
		late := trigger()
		time.Sleep(TriggerLife + time.Millisecond)
		if got := open(late, modal(nil)); got != "expired_trigger_id" {
			t.Error(got)
		}
		if got := open("1.2.x", modal(nil)); got != "invalid_trigger_id" {
			t.Error(got)
		}
		input := map[string]any{"type": "input", "label": plain(5), "element": map[string]any{"type": "plain_text_input"}}
		for name, x := range map[string]struct {
			view map[string]any
			want string
		}{
			"title":               {modal(map[string]any{"title": plain(25)}), "invalid_arguments"},
			"submit is missing":   {modal(map[string]any{"blocks": []any{input}}), "invalid_arguments"},
			"submit":              {modal(map[string]any{"blocks": []any{input}, "submit": plain(25)}), "invalid_arguments"},
			"metadata":            {modal(map[string]any{"private_metadata": strings.Repeat("x", 3001)}), "invalid_arguments"},
			"callback":            {modal(map[string]any{"callback_id": strings.Repeat("x", 256)}), "invalid_arguments"},
			"101 blocks":          {modal(map[string]any{"blocks": many(101, map[string]any{"type": "divider"})}), "invalid_arguments"},
			"too large":           {modal(map[string]any{"blocks": many(90, map[string]any{"type": "section", "text": mrkdwn(3000)})}), "view_too_large"},
			"a home":              {map[string]any{"type": "home", "blocks": []any{}}, "invalid_arguments"},
			"the last that works": {modal(map[string]any{"blocks": []any{input}, "submit": plain(24), "private_metadata": strings.Repeat("x", 3000)}), ""},
		} {
			if got := open(trigger(), x.view); got != x.want {
				t.Errorf("%s: %q", name, got)
			}
		}
	})
}

// A response_url works five times in half an hour.
func TestResponseURL(t *testing.T) {
	t.Parallel()
	inSlack(t, Options{}, func(t *testing.T, s *Server, c *http.Client) {
		post := func(to, body string) (int, string) {
			resp, err := c.Post(to, "application/json", strings.NewReader(body))
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
		u := s.Command("U1", "C1", "/kept x").URL
		if code, body := post(u, `{"text":"`+strings.Repeat("x", 40001)+`"}`); code == 200 {
			t.Error(body)
		}
		for i := range ResponseUses {
			if code, body := post(u, fmt.Sprintf(`{"text":"answer %d"}`, i)); code != 200 {
				t.Errorf("%d: %d %s", i, code, body)
			}
		}
		if code, body := post(u, `{"text":"one more"}`); code != 404 || !strings.Contains(body, "used_url") {
			t.Errorf("%d %s", code, body)
		}
		u = s.Command("U1", "C1", "/kept x").URL
		time.Sleep(ResponseLife + time.Millisecond)
		if code, body := post(u, `{"text":"late"}`); code != 404 || !strings.Contains(body, "expired_url") {
			t.Errorf("%d %s", code, body)
		}
		if n := len(s.Messages("U1")); n != ResponseUses+2 { // with what Slack says of two commands that nobody took
			t.Errorf("%d messages", n)
		}
		s.AddUser(User{ID: "U2"})
		if n := len(s.Messages("U2")); n != 0 {
			t.Errorf("others see %d", n)
		}
	})
}

// linked opens a socket as a client does that knows nothing of ours.
func linked(t *testing.T, s *Server, c *http.Client) *websocket.Conn {
	t.Helper()
	name, out := call(t, s, c, AppToken, "apps.connections.open", nil)
	if name != "" {
		t.Fatal(name)
	}
	conn, resp, err := (&websocket.Dialer{NetDialContext: s.Dial}).Dial(out["url"].(string), http.Header{"Origin": {"https://api.slack.com"}})
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	hello := map[string]any{}
	if err := conn.ReadJSON(&hello); err != nil || hello["type"] != "hello" {
		t.Fatal(hello, err)
	}
	return conn
}

func envelope(t *testing.T, conn *websocket.Conn) map[string]any {
	t.Helper()
	out := map[string]any{}
	if err := conn.ReadJSON(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

// Sockets: what is acknowledged in three seconds is well, an acknowledgement of 20 KB is dropped, what
// a broken socket left goes over another, and nobody's socket is a failed dispatch.
func TestSockets(t *testing.T) {
	t.Parallel()
	inSlack(t, Options{}, func(t *testing.T, s *Server, c *http.Client) {
		ctx := context.Background()
		if _, err := s.Command("U1", "C1", "/kept nobody").Outcome(ctx); err == nil || err.Error() != DispatchFailed {
			t.Error(err)
		}
		one := linked(t, s, c)
		d := s.Command("U1", "C1", "/kept brief")
		e := envelope(t, one)
		if e["type"] != "slash_commands" || e["payload"].(map[string]any)["text"] != "brief" {
			t.Errorf("%v", e)
		}
		if err := one.WriteJSON(map[string]any{"envelope_id": e["envelope_id"]}); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Outcome(ctx); err != nil {
			t.Error(err)
		}
		d = s.Command("U1", "C1", "/kept large")
		e = envelope(t, one)
		if err := one.WriteJSON(map[string]any{"envelope_id": e["envelope_id"], "payload": map[string]any{"text": strings.Repeat("x", 20480)}}); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Outcome(ctx); err == nil || err.Error() != OperationTimeout || len(s.Dropped()) != 1 {
			t.Error(err)
		}
		// One that goes over the socket that breaks is sent again over the other.
		two := linked(t, s, c)
		sent := map[string]int{}
		var mu sync.Mutex
		got := make(chan map[string]any, 20)
		var readers sync.WaitGroup
		for name, conn := range map[string]*websocket.Conn{"one": one, "two": two} {
			readers.Go(func() {
				for {
					x := map[string]any{}
					if conn.ReadJSON(&x) != nil {
						return
					}
					mu.Lock()
					sent[name]++
					mu.Unlock()
					got <- x
				}
			})
		}
		for range 6 {
			s.Command("U1", "C1", "/kept x")
			<-got
		}
		mu.Lock()
		if sent["one"] != 3 || sent["two"] != 3 {
			t.Errorf("%v", sent)
		}
		mu.Unlock()
		time.Sleep(2 * AckWithin) // what was not acknowledged is over
		d = s.Command("U1", "C1", "/kept again")
		<-got
		d2 := s.Command("U1", "C1", "/kept again")
		<-got
		_ = one.Close()
		e = <-got
		if err := two.WriteJSON(map[string]any{"envelope_id": e["envelope_id"]}); err != nil {
			t.Fatal(err)
		}
		_, err1 := d.Outcome(ctx)
		_, err2 := d2.Outcome(ctx)
		if (err1 == nil) == (err2 == nil) || d.Tries()+d2.Tries() != 3 {
			t.Errorf("%v %v, tries %d %d", err1, err2, d.Tries(), d2.Tries())
		}
		s.Refresh()
		if x := <-got; x["type"] != "disconnect" || x["reason"] != "warning" {
			t.Errorf("%v", x)
		}
		began := time.Now()
		if x := <-got; x["reason"] != "refresh_requested" || time.Since(began) != 10*time.Second {
			t.Errorf("%v after %v", x, time.Since(began))
		}
		readers.Wait()
	})
}

// A socket is pinged, and a ticket opens one.
func TestPingsAndTickets(t *testing.T) {
	t.Parallel()
	inSlack(t, Options{}, func(t *testing.T, s *Server, c *http.Client) {
		conn := linked(t, s, c)
		pings := 0
		conn.SetPingHandler(func(string) error { pings++; return nil })
		_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
		_, _, err := conn.ReadMessage()
		if err == nil || pings < 5 {
			t.Errorf("%d pings in a minute, %v", pings, err)
		}
		_ = conn.Close()
		if _, resp, err := (&websocket.Dialer{NetDialContext: s.Dial}).Dial("ws://slack.test/link/?ticket=guess", nil); err == nil || resp == nil || resp.StatusCode != 403 {
			t.Error("a ticket that was not given opens a socket")
		}
		for range MaxConnections {
			defer func(c *websocket.Conn) { _ = c.Close() }(linked(t, s, c))
		}
		if got, _ := call(t, s, c, AppToken, "apps.connections.open", nil); got != "too_many_websockets" {
			t.Error(got)
		}
	})
}
