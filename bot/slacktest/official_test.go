package slacktest

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/internal/servers"
)

// Slack's own clients work against this Slack as they are: what it does is not only what our app expects.
// scripts/setup installs them.
func TestOfficialClients(t *testing.T) {
	t.Parallel()
	folder, err := servers.NPM("slack")
	if errors.Is(err, servers.ErrAbsent) {
		t.Skip("Slack's own clients are not installed; scripts/setup installs them")
	}
	if err != nil {
		t.Fatal(err)
	}
	script, err := servers.Script("slack", "drive.mjs")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	s := New(Options{Slow: 20})
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.AddUser(User{ID: "U1", Name: "李伟", Email: "wei@nordlicht.example"})
	app := exec.CommandContext(ctx, "node", script, folder, s.URL())
	app.Env = append(os.Environ(), "BOT_TOKEN="+BotToken, "APP_TOKEN="+AppToken)
	in, err := app.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := app.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var errs strings.Builder
	app.Stderr = &errs
	if err := app.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = in.Close()
		if err := app.Wait(); err != nil {
			t.Errorf("the app ended with %v: %s", err, errs.String())
		}
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "in T1\n" {
		t.Fatalf("%q %v %s", line, err, errs.String())
	}
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%v\n%s", err, errs.String())
		}
	}
	outcome := func(d *Delivery, err error) {
		t.Helper()
		ok(err)
		_, err = d.Outcome(ctx)
		ok(err)
	}
	ok(s.AwaitSockets(ctx, 1))
	outcome(s.Command("U1", "C1", "/kept brief 李伟 & co"), nil)
	_, err = s.AwaitText(ctx, "U1", "official: brief 李伟 & co")
	ok(err)
	outcome(s.Press("U1", "Ask"))
	_, err = s.AwaitForm(ctx, "U1")
	ok(err)
	outcome(s.Submit("U1", map[string]string{"what": "bad"}))
	if f := s.Form("U1"); f == nil || f.Refused["what"] != "not that" {
		t.Errorf("%+v", f)
	}
	outcome(s.Submit("U1", map[string]string{"what": "周五之前"}))
	m, err := s.AwaitText(ctx, "U1", "typed: 周五之前")
	ok(err)
	if m.Channel != "DU1" || s.Form("U1") != nil {
		t.Errorf("%+v", m)
	}
	outcome(s.Mention("U1", "C1", "", "hi"), nil)
	_, err = s.AwaitText(ctx, "U1", "hello wei@nordlicht.example, channel_not_found")
	ok(err)
	// It follows when the socket is renewed.
	s.Refresh()
	ok(s.AwaitCalls(ctx, "apps.connections.open", 2))
	ok(s.AwaitSockets(ctx, 1))
	outcome(s.Command("U1", "C1", "/kept again"), nil)
	_, err = s.AwaitText(ctx, "U1", "official: again")
	ok(err)
	if len(s.Dropped()) != 0 || len(s.Calls("auth.test")) != 1 {
		t.Error(s.Dropped(), s.Calls("auth.test"))
	}
}
