package cmd

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/bot/slacktest"
)

// A process that serves is in Slack, over a socket and then over signed HTTP, and says how it goes
// there; Slack's trouble is not its own.
func TestServeInSlack(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	k := newShopkeeper(t)
	s := slacktest.New(slacktest.Options{Slow: 20})
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.AddUser(slacktest.User{ID: "U1", Name: "Ana Lima", Email: "ana@nordlicht.example"})
	k.secrets["SLACK_BOT_TOKEN"], k.secrets["SLACK_APP_TOKEN"], k.secrets["SLACK_SIGNING_SECRET"] = slacktest.BotToken, slacktest.AppToken, slacktest.SigningSecret
	without, err := os.ReadFile(filepath.Join(k.dir, "kept.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	with := string(without) + "slack:\n  bot_token: env:SLACK_BOT_TOKEN\n  app_token: env:SLACK_APP_TOKEN\n  api: " + s.URL() + "\n"
	k.write("kept.yaml", with)
	k.start()
	defer func() { k.stop() }()
	if err := s.AwaitSockets(ctx, 1); err != nil {
		t.Fatal(err, k.log.String())
	}
	if _, err := s.Command("U1", "C1", "/kept who").Outcome(ctx); err != nil {
		t.Fatal(err)
	}
	k.until("the doctor's pass", func() bool {
		_, out, _ := k.run("", "doctor")
		return strings.Contains(out, "Slack is connected over ")
	})
	if out := k.must("config", "show"); !strings.Contains(out, "env:SLACK_BOT_TOKEN") || strings.Contains(out, slacktest.BotToken) {
		t.Error(out)
	}
	if code, body := k.read("GET", "/readyz", ""); code != 200 || !strings.Contains(body, "slack: connected, heard 20") || !strings.Contains(body, ", last event 20") {
		t.Error(code, body)
	}
	k.until("the figures", func() bool {
		_, page := k.read("GET", "/metrics", "", "Authorization", "Bearer "+serveToken)
		return strings.Contains(page, "kept_slack_works 1\n") && strings.Contains(page, `kept_slack_events{kind="command"} 1`) &&
			strings.Contains(page, "kept_slack_last_heard_timestamp_seconds 1") && strings.Contains(page, "kept_slack_last_event_timestamp_seconds 1")
	})

	// What stays as it was is not broken off by a reload; what is wrong changes nothing.
	k.must("serve", "reload")
	k.write("kept.yaml", strings.Replace(with, "env:SLACK_BOT_TOKEN", "env:NOBODY", 1))
	if code, _, errs := k.run("", "serve", "reload"); code == 0 || !strings.Contains(errs, "NOBODY") {
		t.Errorf("a token that is not there: %d %s", code, errs)
	}
	if n := len(s.Calls("auth.test")); n != 1 || s.Sockets() == 0 {
		t.Errorf("Kept came into the workspace %d times, and has %d sockets", n, s.Sockets())
	}

	// A token that Slack refuses is told; everything else goes on.
	s.SetTokenError(slacktest.AppToken, "invalid_auth")
	s.Cut()
	k.write("kept.yaml", with)
	k.until("the doctor's FAIL", func() bool {
		_, out, _ := k.run("", "doctor")
		return strings.Contains(out, "Slack is not connected: Slack does not know the token")
	})
	if code, body := k.read("GET", "/readyz", ""); code != 200 || !strings.Contains(body, "slack: not connected") {
		t.Error(code, body)
	}
	s.SetTokenError(slacktest.AppToken, "")

	// Signed HTTP at the same address as the rest.
	k.write("kept.yaml", strings.Replace(with, "  app_token: env:SLACK_APP_TOKEN\n", "  signing_secret: env:SLACK_SIGNING_SECRET\n  mode: http\n", 1))
	k.must("serve", "reload")
	over := slacktest.New(slacktest.Options{Slow: 20, Request: "http://" + k.addr + "/slack/"})
	if err := over.Start(); err != nil {
		t.Fatal(err)
	}
	defer over.Close()
	k.until("an acknowledgement", func() bool { _, err := over.Command("U1", "C1", "/kept who").Outcome(ctx); return err == nil })
	if code := k.ask("POST", "/slack/commands", "team_id=T1&user_id=U1&command=%2Fkept&trigger_id=1"); code != 401 {
		t.Errorf("a command that nobody signed: %d", code)
	}

	k.write("kept.yaml", string(without))
	k.must("serve", "reload")
	if code := k.ask("POST", "/slack/commands", ""); code != 404 {
		t.Errorf("it is in Slack no more, and answers %d", code)
	}
	k.end()
	for _, name := range []string{"Ana", "nordlicht.example", slacktest.BotToken, slacktest.AppToken, slacktest.SigningSecret, "U1"} {
		if strings.Contains(k.log.String(), name) {
			t.Errorf("%q stands in the log:\n%s", name, k.log.String())
		}
	}
}
