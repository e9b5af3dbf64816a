package slack

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keptcrm/kept/bot/slacktest"
	"github.com/keptcrm/kept/state"
)

// counting answers with what was typed, after a while, and counts how often it did.
func counting(n *atomic.Int64, after time.Duration) map[kind]handler {
	return map[kind]handler{command: func(ctx context.Context, _ *App, e event) (answer, error) {
		n.Add(1)
		if !sleep(ctx, after) {
			return answer{}, ctx.Err()
		}
		return says("you said " + e.text), nil
	}}
}

// Whatever the state does, a command is acknowledged at once, and its answer comes when there is one.
func TestSlowStateIsAcknowledgedInTime(t *testing.T) {
	t.Parallel()
	for _, over := range []bool{false, true} {
		var n atomic.Int64
		inWorkspace(t, ground{http: over}, counting(&n, 40*time.Second), func(w *workspace) {
			d := w.Command("U1", "C1", "/kept brief jana")
			_, err := d.Outcome(w.ctx)
			w.ok(err)
			if d.Took() > 100*time.Millisecond {
				t.Errorf("acknowledged after %v", d.Took())
			}
			w.sees("U1", "you said brief jana")
			if w.count("U1", slacktest.OperationTimeout) != 0 || n.Load() != 1 {
				t.Error("Slack timed out, or it was done twice")
			}
		})
	}
}

// A handler that never ends is given up, and its place is free again.
func TestHandlerThatHangs(t *testing.T) {
	t.Parallel()
	h := map[kind]handler{command: func(ctx context.Context, _ *App, e event) (answer, error) {
		if e.text == "hang" {
			<-ctx.Done()
			return answer{}, ctx.Err()
		}
		return says("you said " + e.text), nil
	}}
	inWorkspace(t, ground{}, h, func(w *workspace) {
		for range atOnce {
			w.Command("U1", "C1", "/kept hang")
		}
		time.Sleep(2 * patience)
		w.Command("U1", "C1", "/kept again")
		w.sees("U1", "you said again")
	})
}

// Fifty people ask at once: all are acknowledged in time and answered, and no more than so many are
// worked for at the same time.
func TestFiftyAtOnce(t *testing.T) {
	t.Parallel()
	var now, most atomic.Int64
	h := map[kind]handler{command: func(ctx context.Context, _ *App, e event) (answer, error) {
		n := now.Add(1)
		defer now.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		sleep(ctx, 500*time.Millisecond)
		return says("you said " + e.text), nil
	}}
	inWorkspace(t, ground{}, h, func(w *workspace) {
		var all []*slacktest.Delivery
		for i := range 50 {
			user := "U" + string(rune('A'+i/10)) + string(rune('0'+i%10))
			w.AddUser(slacktest.User{ID: user, Name: user})
			all = append(all, w.Command(user, "C1", "/kept "+user))
		}
		for _, d := range all {
			_, err := d.Outcome(w.ctx)
			w.ok(err)
			if d.Took() > time.Second {
				t.Errorf("acknowledged after %v", d.Took())
			}
			w.sees(d.User, "you said "+d.User)
		}
		if most.Load() > atOnce {
			t.Errorf("%d at once", most.Load())
		}
	})
}

// Slack renews sockets every few hours and closes them; a command that is typed at that moment has its
// answer all the same.
func TestRefreshWithoutAGap(t *testing.T) {
	t.Parallel()
	inWorkspace(t, ground{}, echo, func(w *workspace) {
		time.Sleep(2 * apart)
		if w.Sockets() != sockets {
			t.Fatalf("%d sockets", w.Sockets())
		}
		for i := range 12 {
			w.Refresh()
			for range 3 {
				d := w.Command("U1", "C1", "/kept "+strings.Repeat("x", i+1)+".")
				if _, err := d.Outcome(w.ctx); err != nil {
					t.Fatalf("round %d: %v", i, err)
				}
			}
			time.Sleep(time.Minute)
			if w.Sockets() != sockets {
				t.Fatalf("round %d: %d sockets", i, w.Sockets())
			}
		}
		if n := w.count("U1", "you said"); n != 36 {
			t.Errorf("%d answers to 36 commands", n)
		}
		if h := w.app.Health(); h.Lost != 0 || !h.Works() || h.Class != "" {
			t.Errorf("%+v", h)
		}
	})
}

// The sockets break while a command is worked on, and before another one is acknowledged: both are
// done once and answered once.
func TestCutWhileWorking(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	inWorkspace(t, ground{}, counting(&n, 5*time.Second), func(w *workspace) {
		time.Sleep(2 * apart)
		d := w.Command("U1", "C1", "/kept first")
		_, err := d.Outcome(w.ctx)
		w.ok(err)
		w.Cut()
		w.sees("U1", "you said first")
		time.Sleep(time.Minute)
		for i := range 10 {
			// Slack sends what was not acknowledged over the next socket: it comes twice or once.
			w.Command("U1", "C1", "/kept more")
			w.Cut()
			time.Sleep(time.Minute)
			if got := w.count("U1", "you said more"); got > i+1 {
				t.Fatalf("%d answers to %d commands", got, i+1)
			}
		}
		if int(n.Load())-1 != w.count("U1", "you said more") {
			t.Errorf("done %d times, answered %d times", n.Load()-1, w.count("U1", "you said more"))
		}
		w.Command("U1", "C1", "/kept last")
		w.sees("U1", "you said last")
	})
}

// What Slack sends again, over either transport, has one effect, and is acknowledged again.
func TestTwiceIsOnce(t *testing.T) {
	t.Parallel()
	for _, over := range []bool{false, true} {
		var n atomic.Int64
		inWorkspace(t, ground{http: over}, counting(&n, 0), func(w *workspace) {
			d := w.Command("U1", "C1", "/kept note")
			w.sees("U1", "you said note")
			for range 5 {
				_, err := w.Again(d).Outcome(w.ctx)
				w.ok(err)
			}
			time.Sleep(time.Minute)
			if n.Load() != 1 || w.count("U1", "you said note") != 1 {
				t.Errorf("done %d times, answered %d times", n.Load(), w.count("U1", "you said note"))
			}
			if h := w.app.Health(); h.Twice != 5 {
				t.Errorf("%+v", h)
			}
		})
	}
}

// Slack is away for an hour, in each way: nothing breaks or spins, it is told, and it works again soon
// after.
func TestAnHourWithoutSlack(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]slacktest.Outage{"refused": slacktest.Refuse, "hanging": slacktest.Hang, "errors": slacktest.Errors} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var dials atomic.Int64
			g := ground{options: func(o *Options) {
				dial := o.Dial
				o.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
					dials.Add(1)
					return dial(ctx, network, addr)
				}
			}}
			inWorkspace(t, g, echo, func(w *workspace) {
				time.Sleep(2 * apart)
				calls := len(w.Calls("apps.connections.open"))
				w.ok(w.SetOutage(kind))
				time.Sleep(time.Hour)
				h := w.app.Health()
				if h.Works() || h.Sockets != 0 || h.Text == "" || !h.Connected.IsZero() {
					t.Errorf("after an hour without Slack: %+v", h)
				}
				if _, err := w.app.Deliver(w.ctx, "slack:T1:U1", state.Outgoing{Text: "hello"}, "intent"); err == nil || !retryable(err) {
					t.Errorf("a message while Slack is away: %v", err)
				}
				w.ok(w.SetOutage(slacktest.None))
				began := time.Now()
				w.ok(w.AwaitSockets(w.ctx, sockets))
				if took := time.Since(began); took > 2*time.Minute {
					t.Errorf("back after %v", took)
				}
				time.Sleep(time.Second)
				if h := w.app.Health(); !h.Works() || h.Class != "" {
					t.Errorf("%+v", h)
				}
				if dials.Load() > 600 || len(w.Calls("apps.connections.open"))-calls > 600 {
					t.Errorf("it spun: %d dials", dials.Load())
				}
				w.Command("U1", "C1", "/kept back")
				w.sees("U1", "you said back")
			})
		})
	}
}

func retryable(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Class == Transient || e.Class == RateLimited || e.Class == Ambiguous)
}

// Tokens that Slack refuses are told in words and tried again slowly; once they are good it goes on.
func TestWrongTokens(t *testing.T) {
	t.Parallel()
	for _, wrong := range []string{"invalid_auth", "account_inactive", "token_revoked"} {
		inWorkspace(t, ground{idle: true}, echo, func(w *workspace) {
			w.SetTokenError(slacktest.AppToken, wrong)
			w.SetTokenError(slacktest.BotToken, wrong)
			ctx, cancel := context.WithCancel(w.ctx)
			done := make(chan struct{})
			go func() { w.app.Run(ctx); close(done) }()
			time.Sleep(time.Hour)
			h := w.app.Health()
			if h.Class != Auth || h.Code != wrong || !strings.Contains(h.Text, "token") || h.Works() {
				t.Errorf("%+v", h)
			}
			if n := len(w.Calls("apps.connections.open")) + len(w.Calls("auth.test")); n > 45 || n < 20 {
				t.Errorf("asked %d times in an hour", n)
			}
			w.SetTokenError(slacktest.AppToken, "")
			w.SetTokenError(slacktest.BotToken, "")
			w.ok(w.AwaitSockets(w.ctx, sockets))
			time.Sleep(slowly)
			if h := w.app.Health(); !h.Works() || h.Team != "T1" {
				t.Errorf("%+v", h)
			}
			cancel()
			<-done
		})
	}
}

// Frames that nobody understands break nothing; what has an envelope is acknowledged.
func TestGarbage(t *testing.T) {
	t.Parallel()
	inWorkspace(t, ground{}, echo, func(w *workspace) {
		for _, frame := range []string{"", "x", "null", "[]", "{}", `{"type":"hello"`, `{"type":"slash_commands","envelope_id":"e1","payload":{}}`,
			`{"type":"slash_commands","envelope_id":"e2","payload":[1]}`, `{"type":"interactive","envelope_id":"e3","payload":{"type":"block_actions"}}`,
			`{"type":"new_thing","envelope_id":"e4","payload":{}}`, `{"type":"events_api","envelope_id":"e5","payload":{"type":"event_callback","event":{"type":"unheard_of"}}}`,
			`{"type":"events_api","envelope_id":"e6","payload":{"type":"event_callback","team_id":"T1","event_id":"Ev","event":{"type":"app_mention","user":"U1","channel":"C1","text":"x","blocks":[7]}}}`} {
			w.Garbage(frame)
		}
		time.Sleep(time.Second)
		w.Command("U1", "C1", "/kept still here")
		w.sees("U1", "you said still here")
		if w.Sockets() == 0 {
			t.Error("the socket closed")
		}
	})
}

// When the process ends, what runs comes to its end; what would take too long is given up.
func TestStop(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	inWorkspace(t, ground{}, counting(&n, 2*time.Second), func(w *workspace) {
		d := w.Command("U1", "C1", "/kept quick")
		_, err := d.Outcome(w.ctx)
		w.ok(err)
		w.stop()
		if w.count("U1", "you said quick") != 1 {
			t.Error("the answer was lost")
		}
	})
	inWorkspace(t, ground{}, counting(&n, time.Hour), func(w *workspace) {
		_, err := w.Command("U1", "C1", "/kept slow").Outcome(w.ctx)
		w.ok(err)
		began := time.Now()
		w.stop()
		if took := time.Since(began); took > stopGrace+time.Second {
			t.Errorf("it took %v to stop", took)
		}
	})
}

// A handler that breaks tells whoever asked, and nobody else what it was about.
func TestPanic(t *testing.T) {
	t.Parallel()
	var logs logbook
	h := map[kind]handler{command: func(context.Context, *App, event) (answer, error) { panic("Jana Köhler's secret") }}
	inWorkspace(t, ground{options: logs.into}, h, func(w *workspace) {
		for _, user := range []string{"U1", "U2"} {
			_, err := w.Command(user, "C1", "/kept brief jana").Outcome(w.ctx)
			w.ok(err)
		}
		w.sees("U1", "Something broke")
		w.sees("U2", "查询时出了错")
		if h := w.app.Health(); h.Panics != 2 {
			t.Errorf("%+v", h)
		}
	})
	if logs.has("secret") || logs.has("Jana") || !logs.has("socket_test.go") {
		t.Errorf("the log: %s", logs.String())
	}
}
