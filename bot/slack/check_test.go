package slack

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/keptcrm/kept/bot/slacktest"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	whole, err := json.Marshal(Manifest(Describe{}))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		set  func(*slacktest.Server)
		ask  func(*Probe)
		want string // "code" of each step that passes, "code:error" of one that fails
	}{
		{"all is well", nil, nil, "slack_bot_token slack_scopes slack_socket slack_manifest"},
		{"without a configuration token", nil, func(p *Probe) { p.ConfigToken = "" }, "slack_bot_token slack_scopes slack_socket"},
		{"over HTTP", nil, func(p *Probe) { p.AppToken, p.ConfigToken = "", "" }, "slack_bot_token slack_scopes"},
		{"another bot token", nil, func(p *Probe) { p.BotToken = "xoxb-gone" }, "slack_bot_token:slack_token_refused slack_socket"},
		{"tokens exchanged", nil, func(p *Probe) { p.BotToken, p.AppToken, p.ConfigToken = p.AppToken, p.BotToken, "" }, "slack_bot_token slack_scopes:slack_scopes_missing slack_socket:slack_token_kind"},
		{"a scope is missing", func(s *slacktest.Server) { s.SetScopes("chat:write", "commands", "users:read") }, nil,
			"slack_bot_token slack_scopes:slack_scopes_missing slack_socket slack_manifest"},
		{"the app is behind", func(s *slacktest.Server) {
			s.SetManifest(json.RawMessage(strings.Replace(string(whole), `"should_escape":true`, `"should_escape":false`, 1)))
		}, nil, "slack_bot_token slack_scopes slack_socket slack_manifest:slack_drift"},
		{"slow down", func(s *slacktest.Server) { s.Fail("auth.test", slacktest.Fault{Status: http.StatusTooManyRequests}) }, nil, "slack_bot_token:slack_limited slack_socket"},
		{"trouble at Slack", func(s *slacktest.Server) { _ = s.SetOutage(slacktest.Errors) }, nil, "slack_bot_token:slack_unreachable slack_socket:slack_unreachable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := slacktest.New(slacktest.Options{})
			if err := s.Start(); err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			s.SetManifest(whole)
			if c.set != nil {
				c.set(s)
			}
			p := Probe{BotToken: slacktest.BotToken, AppToken: slacktest.AppToken, ConfigToken: slacktest.ConfigToken, Manifest: Manifest(Describe{}), URL: s.URL()}
			if c.ask != nil {
				c.ask(&p)
			}
			out := Check(context.Background(), p)
			var got []string
			for _, step := range out.Steps {
				said := step.Code
				if step.Error != nil {
					said += ":" + step.Error.Code
				}
				if step.OK != (step.Error == nil) {
					t.Errorf("%+v", step)
				}
				got = append(got, said)
			}
			if strings.Join(got, " ") != c.want || out.Healthy == strings.Contains(c.want, ":") {
				t.Errorf("%v, healthy %v; want %s", got, out.Healthy, c.want)
			}
			b, _ := json.Marshal(out)
			for _, secret := range []string{p.BotToken, p.AppToken, p.ConfigToken} {
				if secret != "" && strings.Contains(string(b), secret) {
					t.Errorf("a token is in the answer: %s", b)
				}
			}
		})
	}
}
