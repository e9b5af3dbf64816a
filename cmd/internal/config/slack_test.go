package config

import (
	"strings"
	"testing"

	"github.com/keptcrm/kept/state"
)

func TestSlack(t *testing.T) {
	t.Parallel()
	f, err := Parse("kept.yaml", []byte("slack:\n  bot_token: env:B\n  app_token: file:app\n  command: /crm\n"))
	if err != nil || !f.Slack.On() || f.CheckSlack() != nil {
		t.Fatal(f.Slack, err)
	}
	if got := f.Slack.String(); got != "command: /crm, bot_token: env:B, app_token: file:app" {
		t.Error(got)
	}
	if f, err = Parse("kept.yaml", []byte("zone: UTC\n")); err != nil || f.Slack.On() || f.CheckSlack() != nil {
		t.Error("nothing is said, and it is on")
	}
	f, err = Parse("kept.yaml", []byte("slack: {bot_token: env:B, signing_secret: env:S, mode: http}\n"))
	if err != nil || !state.IsCode(f.CheckSlack(), "config_slack_listen") {
		t.Error("signed HTTP without an address is taken", err)
	}
	f.Serve.Listen = "127.0.0.1:7777"
	if err := f.CheckSlack(); err != nil {
		t.Error(err)
	}
	for _, x := range []struct{ text, code, place string }{
		{"bot_token: xoxb-s3cret", "config_slack_secret", "2:14"},
		{"bot_token: env:B", "config_slack_missing", "2:3"},
		{"app_token: env:A", "config_slack_missing", "2:3"},
		{"signing_secret: env:A", "config_slack_missing", "2:3"},
		{"bot_token: env:B\n  mode: http", "config_slack_missing", "2:3"},
		{"mode: sockets", "config_choice", "2:9"},
		{"command: kept", "config_slack_command", "2:12"},
		{"command: /a-name-that-has-more-than-thirty-two", "config_slack_command", "2:12"},
		{"command: /Kept", "config_slack_command", "2:12"},
		{"tokens: env:B", "config_unknown_key", "2:3"},
		{"api: http://slack.com/api/", "config_slack_api", "2:8"},
		{"api: https://slack.com/api", "config_slack_api", "2:8"},
		{"api: https://me:pw@slack.com/api/", "config_slack_api", "2:8"},
		{"bot_token: [env:B]", "config_not_text", "2:14"},
	} {
		_, err := Parse("kept.yaml", []byte("slack:\n  "+x.text+"\n"))
		if !state.IsCode(err, x.code) {
			t.Errorf("%s: %v", x.text, err)
			continue
		}
		args := state.AsError(err).Args
		if got := args["line"] + ":" + args["column"]; got != x.place {
			t.Errorf("%s: at %s, want %s", x.text, got, x.place)
		}
		for k, v := range args {
			if strings.Contains(v, "s3cret") {
				t.Errorf("%s: a secret in %s", x.text, k)
			}
		}
	}
	for _, good := range []string{"https://slack-gov.com/api/", "http://127.0.0.1:4711/api/", "http://[::1]:1/"} {
		if f, err := Parse("kept.yaml", []byte("slack: {api: \""+good+"\"}\n")); err != nil || f.Slack.API != good {
			t.Error(good, err)
		}
	}
}
