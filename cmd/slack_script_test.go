package cmd

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/keptcrm/kept/bot/slacktest"
)

type slackKey struct{}

// workspace is the Slack of one script.
type workspace struct {
	mu  sync.Mutex
	s   *slacktest.Server
	had map[string]int // how much each user had heard when it was last looked at
}

// heard is how much a user has heard from Kept: its messages, and how often those were changed.
func (w *workspace) heard(user string) (n int, last slacktest.Message) {
	for _, m := range w.s.Messages(user) {
		if m.By == "" {
			n += 1 + m.Edits
			last = m
		}
	}
	return n, last
}

// slackWait is how long a script waits for what Kept does in Slack; it is over at once where it comes.
const slackWait = 3 * time.Minute

// inSlack SUB...: a strict Slack beside the script, in which people act. What they see is the output.
//
//	slack start [FILE...]          a workspace; in the files SLACK_API becomes its address, and tokens are in the environment
//	slack user ID NAME EMAIL [guest]
//	slack scopes NAME...           what the app was given
//	slack type USER CHANNEL LINE   a command; what comes back to the user
//	slack mention USER CHANNEL TEXT
//	slack press USER WHAT          a button of the newest message that has it; the form that opens, or what comes back
//	slack send USER FIELD=VALUE... the open form; what comes back
//	slack refuse USER FIELD=VALUE... the open form, which is not taken; why
//	slack shortcut USER CALLBACK CHANNEL TEXT   of a message with this text; the form that opens
//	slack home USER PART           the App Home, once it has this part
//	slack await USER PART          a message with this part, that comes by itself
//	slack none USER PART           no message has it
//	slack cut | down | up          sockets break; Slack is down for a while
func inSlack(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: slack start|user|type|...")
	}
	w := ts.Value(slackKey{}).(*workspace)
	w.mu.Lock()
	defer w.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), slackWait)
	defer cancel()
	if args[0] == "start" {
		w.s, w.had = slacktest.New(slacktest.Options{Slow: 20}), map[string]int{}
		ts.Check(w.s.Start())
		ts.Defer(w.s.Close)
		ts.Setenv("SLACK_API", w.s.URL())
		ts.Setenv("SLACK_BOT", slacktest.BotToken)
		ts.Setenv("SLACK_APP", slacktest.AppToken)
		ts.Setenv("SLACK_CONFIG", slacktest.ConfigToken)
		for _, file := range args[1:] {
			ts.Check(os.WriteFile(ts.MkAbs(file), []byte(strings.ReplaceAll(ts.ReadFile(file), "SLACK_API", w.s.URL())), 0o600))
		}
		return
	}
	if w.s == nil {
		ts.Fatalf("slack start comes first")
	}
	need := func(n int) {
		if len(args) < n {
			ts.Fatalf("slack %s: something is missing", args[0])
		}
	}
	switch args[0] {
	case "user":
		need(4)
		w.s.AddUser(slacktest.User{ID: args[1], Name: args[2], Email: args[3], Guest: len(args) > 4})
		return
	case "scopes":
		w.s.SetScopes(args[1:]...)
		return
	case "manifest":
		need(2)
		w.s.SetManifest(json.RawMessage(ts.ReadFile(args[1])))
		return
	case "cut":
		w.s.Cut()
		return
	case "down":
		ts.Check(w.s.SetOutage(slacktest.Errors))
		return
	case "up":
		ts.Check(w.s.SetOutage(slacktest.None))
		return
	}
	need(2)
	user := args[1]
	w.had[user], _ = w.heard(user)
	shown := func(m slacktest.Message, err error) {
		ts.Check(err)
		fmt.Fprintln(ts.Stdout(), m.All())
	}
	answered := func(d *slacktest.Delivery, err error) {
		ts.Check(err)
		_, err = d.Outcome(ctx)
		ts.Check(err)
		for {
			n, last := w.heard(user)
			if n > w.had[user] {
				w.had[user] = n
				shown(last, nil)
				return
			}
			select {
			case <-ctx.Done():
				ts.Fatalf("nothing came back to %s", user)
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
	switch args[0] {
	case "type":
		need(4)
		ts.Check(w.s.AwaitSockets(ctx, 1))
		answered(w.s.Command(user, args[2], args[3]), nil)
	case "mention":
		need(4)
		ts.Check(w.s.AwaitSockets(ctx, 1))
		answered(w.s.Mention(user, args[2], "", args[3]), nil)
	case "press":
		need(3)
		d, err := w.s.Press(user, args[2])
		answered(d, err)
	case "form":
		need(3)
		d, err := w.s.Press(user, args[2])
		ts.Check(err)
		_, err = d.Outcome(ctx)
		ts.Check(err)
		f, err := w.s.AwaitForm(ctx, user)
		ts.Check(err)
		fmt.Fprintln(ts.Stdout(), f.All())
	case "send", "refuse":
		fields := map[string]string{}
		for _, a := range args[2:] {
			name, value, _ := strings.Cut(a, "=")
			fields[name] = value
		}
		d, err := w.s.Submit(user, fields)
		ts.Check(err)
		if args[0] == "send" {
			answered(d, nil)
			return
		}
		out, err := d.Outcome(ctx)
		ts.Check(err)
		fmt.Fprintln(ts.Stdout(), string(out))
	case "shortcut":
		need(5)
		m := w.s.Write(user, args[3], "", args[4])
		d, err := w.s.Shortcut(user, args[2], args[3], m.TS)
		ts.Check(err)
		_, err = d.Outcome(ctx)
		ts.Check(err)
		f, err := w.s.AwaitForm(ctx, user)
		ts.Check(err)
		fmt.Fprintln(ts.Stdout(), f.All())
	case "home":
		need(3)
		_, err := w.s.OpenHome(user).Outcome(ctx)
		ts.Check(err)
		v, err := w.s.AwaitHome(ctx, user, args[2])
		ts.Check(err)
		fmt.Fprintln(ts.Stdout(), v.All())
	case "await":
		need(3)
		shown(w.s.AwaitText(ctx, user, args[2]))
	case "none":
		need(3)
		for _, m := range w.s.Messages(user) {
			if strings.Contains(m.All(), args[2]) {
				ts.Fatalf("%s has: %s", user, m.All())
			}
		}
	default:
		ts.Fatalf("slack %s is none", args[0])
	}
}
