package slack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	slackapi "github.com/slack-go/slack"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/bot/slacktest"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// logbook keeps a log.
type logbook struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *logbook) has(part string) bool { return strings.Contains(l.String(), part) }

func (l *logbook) into(o *Options) {
	o.Log = slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func knob(action, label, value string) *slackapi.ActionBlock {
	return slackapi.NewActionBlock("", slackapi.NewButtonBlockElement(action, value, slackapi.NewTextBlockObject(slackapi.PlainTextType, label, false, false)))
}

func form(fields ...string) *slackapi.ModalViewRequest {
	v := &slackapi.ModalViewRequest{Type: slackapi.VTModal, CallbackID: "promise", Title: slackapi.NewTextBlockObject(slackapi.PlainTextType, "New promise", false, false),
		Submit: slackapi.NewTextBlockObject(slackapi.PlainTextType, "Save", false, false)}
	for _, f := range fields {
		v.Blocks.BlockSet = append(v.Blocks.BlockSet, slackapi.NewInputBlock(f, slackapi.NewTextBlockObject(slackapi.PlainTextType, f, false, false), nil,
			slackapi.NewPlainTextInputBlockElement(nil, "value")))
	}
	return v
}

// post puts a message with a button before somebody.
func (w *workspace) post(blocks ...slackapi.Block) {
	w.t.Helper()
	_, err := w.app.client.post(w.ctx, "C1", "", message{text: "with a button", blocks: blocks})
	w.ok(err)
}

// A second press of a button while the first is worked on, or right after it, has no second effect;
// later it is a new one.
func TestDoublePress(t *testing.T) {
	t.Parallel()
	for _, over := range []bool{false, true} {
		var n atomic.Int64
		h := map[kind]handler{press: func(ctx context.Context, _ *App, e event) (answer, error) {
			n.Add(1)
			sleep(ctx, time.Second)
			return says("done " + e.value), nil
		}}
		inWorkspace(t, ground{http: over}, h, func(w *workspace) {
			w.post(knob("done.1", "Done", "p12"), knob("done.2", "Done too", "p13"))
			for _, pause := range []time.Duration{0, 300 * time.Millisecond, 1200 * time.Millisecond} {
				time.Sleep(pause)
				d, err := w.Press("U1", "done.1")
				w.ok(err)
				_, err = d.Outcome(w.ctx)
				w.ok(err)
			}
			for _, other := range []struct{ user, what string }{{"U2", "done.1"}, {"U1", "done.2"}} {
				_, err := w.Press(other.user, other.what)
				w.ok(err)
			}
			time.Sleep(10 * time.Second)
			if n.Load() != 3 {
				t.Errorf("%d effects of a triple press and of two others", n.Load())
			}
			_, err := w.Press("U1", "done.1")
			w.ok(err)
			time.Sleep(10 * time.Second)
			if n.Load() != 4 {
				t.Errorf("a later press has no effect: %d", n.Load())
			}
		})
	}
}

// A pressed message is replaced where it stands, once, and what is beside it is seen by the presser alone.
func TestReplace(t *testing.T) {
	t.Parallel()
	h := map[kind]handler{press: func(_ context.Context, _ *App, e event) (answer, error) {
		return answer{replace: &sheet{card: bot.Card{Title: "kept"}}, card: &sheet{card: bot.Card{Title: "beside it"}}}, nil
	}}
	inWorkspace(t, ground{}, h, func(w *workspace) {
		w.post(knob("done.1", "Done", "p12"))
		_, err := w.Press("U1", "Done")
		w.ok(err)
		w.sees("U1", "beside it")
		w.sees("U2", "kept")
		if w.count("U1", "with a button") != 0 || w.count("U2", "beside it") != 0 {
			t.Error("it was not replaced, or everybody sees what is beside it")
		}
	})
}

// A form that is sent half an hour after it was opened cannot change the card any more that it came
// from: what was done is said beside it, to its sender alone.
func TestReplaceTooLate(t *testing.T) {
	t.Parallel()
	for _, over := range []bool{false, true} {
		h := map[kind]handler{
			press: func(_ context.Context, _ *App, e event) (answer, error) {
				f := form("when")
				f.PrivateMetadata = e.response
				return answer{form: f}, nil
			},
			submit: func(_ context.Context, _ *App, e event) (answer, error) {
				return answer{replace: &sheet{card: bot.Card{Title: "moved to friday"}}, response: e.view.PrivateMetadata, channel: "C1"}, nil
			},
		}
		inWorkspace(t, ground{http: over}, h, func(w *workspace) {
			w.post(knob("new_date.1", "New date", "p12"))
			_, err := w.Press("U1", "New date")
			w.ok(err)
			_, err = w.AwaitForm(w.ctx, "U1")
			w.ok(err)
			time.Sleep(slacktest.ResponseLife + time.Minute)
			_, err = w.Submit("U1", map[string]string{"when": "friday"})
			w.ok(err)
			if m := w.sees("U1", "moved to friday"); m.For != "U1" || m.Channel != "C1" || w.count("U2", "moved to friday") != 0 {
				t.Errorf("%+v", m)
			}
			if lost := w.app.Health().Lost; lost != 0 {
				t.Errorf("%d answers are lost", lost)
			}
		})
	}
}

// What went wrong once stands until the same works again, and no longer; what one channel does not
// allow is nothing that stands between Slack and us.
func TestTroubleThatIsOver(t *testing.T) {
	t.Parallel()
	inWorkspace(t, ground{}, echo, func(w *workspace) {
		time.Sleep(2 * apart)
		say := func() {
			t.Helper()
			_, err := w.Command("U1", "C1", "/kept x").Outcome(w.ctx)
			w.ok(err)
			time.Sleep(time.Minute)
		}
		w.Fail("users.info", slacktest.Fault{Status: 500})
		say()
		if h := w.app.Health(); h.Class != Ambiguous || !h.Works() {
			t.Errorf("%+v", h)
		}
		say()
		if h := w.app.Health(); h.Class != "" || h.Text != "" {
			t.Errorf("who asks was looked up: %+v", h)
		}
		w.Fail("response_url", slacktest.Fault{Status: 500})
		say()
		if h := w.app.Health(); h.Class != Ambiguous {
			t.Errorf("%+v", h)
		}
		say()
		if h := w.app.Health(); h.Class != "" || h.Lost != 1 {
			t.Errorf("an answer arrived: %+v", h)
		}
		w.Fail("response_url", slacktest.Fault{Error: "restricted_action"})
		say()
		if h := w.app.Health(); h.Class != "" || !h.Works() || h.Lost != 2 {
			t.Errorf("%+v", h)
		}
		w.Fail("response_url", slacktest.Fault{Error: "token_revoked"})
		say()
		say()
		if h := w.app.Health(); h.Class != Auth || h.Works() {
			t.Errorf("a token that was refused: %+v", h)
		}
		w.Cut() // another socket, for which another token is needed, shows nothing of it
		time.Sleep(time.Minute)
		if h := w.app.Health(); h.Class != Auth || h.Code != "token_revoked" || h.Sockets != sockets {
			t.Errorf("%+v", h)
		}
		_, err := w.app.Deliver(w.ctx, "slack:T1:U1", state.Outgoing{Text: "hello"}, "intent")
		w.ok(err)
		if h := w.app.Health(); h.Class != "" || !h.Works() {
			t.Errorf("a message was posted with it: %+v", h)
		}
	})
}

// A form opens with the trigger of what was pressed, is refused beside its fields, and closes when it
// is good; the answer goes where the form came from.
func TestFormsOverBothTransports(t *testing.T) {
	t.Parallel()
	for _, over := range []bool{false, true} {
		h := map[kind]handler{
			command: func(context.Context, *App, event) (answer, error) { return answer{form: form("when")}, nil },
			submit: func(_ context.Context, _ *App, e event) (answer, error) {
				if v := e.view.State.Values["when"]["value"].Value; v != "2026-11-24" {
					return answer{refused: map[string]string{"when": "no date: " + v}}, nil
				}
				return says("promised"), nil
			},
		}
		inWorkspace(t, ground{http: over}, h, func(w *workspace) {
			w.Command("U1", "C1", "/kept promise")
			_, err := w.AwaitForm(w.ctx, "U1")
			w.ok(err)
			d, err := w.Submit("U1", map[string]string{"when": "soon"})
			w.ok(err)
			_, err = d.Outcome(w.ctx)
			w.ok(err)
			if f := w.Form("U1"); f == nil || f.Refused["when"] != "no date: soon" {
				t.Fatalf("%+v", f)
			}
			d, err = w.Submit("U1", map[string]string{"when": "2026-11-24"})
			w.ok(err)
			_, err = d.Outcome(w.ctx)
			w.ok(err)
			if w.Form("U1") != nil {
				t.Error("the form is still open")
			}
			w.sees("U1", "promised")
		})
	}
}

// A form whose check takes long closes in time; what is wrong with it is said afterwards.
func TestSlowForm(t *testing.T) {
	t.Parallel()
	h := map[kind]handler{
		command: func(ctx context.Context, _ *App, e event) (answer, error) {
			if e.text == "late" {
				sleep(ctx, 4*time.Second)
			}
			return answer{form: form("when")}, nil
		},
		submit: func(ctx context.Context, _ *App, e event) (answer, error) {
			sleep(ctx, 20*time.Second)
			if e.view.State.Values["when"]["value"].Value == "bad" {
				return answer{refused: map[string]string{"when": "That is no date."}}, nil
			}
			return says("promised"), nil
		},
	}
	inWorkspace(t, ground{}, h, func(w *workspace) {
		for _, typed := range []string{"bad", "good"} {
			w.Command("U1", "C1", "/kept promise")
			_, err := w.AwaitForm(w.ctx, "U1")
			w.ok(err)
			d, err := w.Submit("U1", map[string]string{"when": typed})
			w.ok(err)
			_, err = d.Outcome(w.ctx)
			w.ok(err)
			if d.Took() > 2500*time.Millisecond || w.Form("U1") != nil {
				t.Errorf("acknowledged after %v, or still open", d.Took())
			}
		}
		w.sees("U1", "That was not done. That is no date.")
		w.sees("U1", "promised")
		w.Command("U1", "C1", "/kept late")
		w.sees("U1", "The form came too late")
	})
}

// A field that looks something up has what is found in time, or nothing.
func TestSuggestions(t *testing.T) {
	t.Parallel()
	field := form()
	field.Blocks.BlockSet = append(field.Blocks.BlockSet, slackapi.NewInputBlock("customer", slackapi.NewTextBlockObject(slackapi.PlainTextType, "Customer", false, false), nil,
		slackapi.NewOptionsSelectBlockElement(slackapi.OptTypeExternal, nil, "customer")))
	h := map[kind]handler{
		command: func(context.Context, *App, event) (answer, error) { return answer{form: field}, nil },
		suggest: func(ctx context.Context, _ *App, e event) (answer, error) {
			if e.text == "slow" {
				sleep(ctx, time.Minute)
			}
			return answer{options: &slackapi.OptionsResponse{Options: []*slackapi.OptionBlockObject{
				slackapi.NewOptionBlockObject("c812", slackapi.NewTextBlockObject(slackapi.PlainTextType, "Jana Köhler", false, false), nil)}}}, nil
		},
	}
	for _, over := range []bool{false, true} {
		inWorkspace(t, ground{http: over}, h, func(w *workspace) {
			w.Command("U1", "C1", "/kept promise")
			_, err := w.AwaitForm(w.ctx, "U1")
			w.ok(err)
			for typed, want := range map[string]int{"jana": 1, "slow": 0} {
				d, err := w.Suggest("U1", "customer", typed)
				w.ok(err)
				_, err = d.Outcome(w.ctx)
				w.ok(err)
				if len(d.Options()) != want || d.Took() > 2500*time.Millisecond {
					t.Errorf("%s: %d options after %v", typed, len(d.Options()), d.Took())
				}
			}
		})
	}
}

// Mentions are answered so that only their writer sees it, in their thread; where we are not in the
// channel, in a direct message. The App Home is published.
func TestMentionsAndHome(t *testing.T) {
	t.Parallel()
	h := map[kind]handler{
		mention: func(_ context.Context, _ *App, e event) (answer, error) { return says("heard: " + e.text), nil },
		home: func(context.Context, *App, event) (answer, error) {
			return answer{home: &slackapi.HomeTabViewRequest{Type: slackapi.VTHomeTab, Blocks: slackapi.Blocks{BlockSet: []slackapi.Block{slackapi.NewDividerBlock(),
				slackapi.NewSectionBlock(slackapi.NewTextBlockObject(slackapi.PlainTextType, "your promises", false, false), nil, nil)}}}}, nil
		},
	}
	for _, over := range []bool{false, true} {
		inWorkspace(t, ground{http: over}, h, func(w *workspace) {
			w.AddChannel(slacktest.Channel{ID: "C9", Name: "elsewhere"})
			at := w.Write("U2", "C1", "", "Jana asks")
			w.Mention("U1", "C1", at.TS, "brief jana")
			if m := w.sees("U1", "heard: "); m.For != "U1" || m.Thread != at.TS || m.Channel != "C1" {
				t.Errorf("%+v", m)
			}
			w.Mention("U2", "C9", "", "brief li")
			if m := w.sees("U2", "brief li"); m.By == "" && m.Channel != "DU2" {
				t.Errorf("%+v", m)
			}
			_, err := w.Await(w.ctx, "U2", func(m slacktest.Message) bool { return m.Channel == "DU2" && strings.Contains(m.Text, "brief li") })
			w.ok(err)
			w.OpenHome("U1")
			_, err = w.AwaitHome(w.ctx, "U1", "your promises")
			w.ok(err)
		})
	}
}

// Guests, people from outside, bots, and those of whom Slack does not say who they are see nothing,
// and are told why.
func TestWhoIsRefused(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	inWorkspace(t, ground{}, counting(&n, 0), func(w *workspace) {
		w.AddUser(slacktest.User{ID: "UB", Name: "another bot", Bot: true})
		w.AddUser(slacktest.User{ID: "US", Name: "of one channel", Single: true})
		for user, want := range map[string]string{"UG": "Guests see no customers", "US": "Guests see no customers", "UX": "own workspace", "UB": "not apps", "UNKNOWN": "own workspace"} {
			w.Command(user, "C1", "/kept brief jana")
			w.sees(user, want)
		}
		w.Fail("users.info", slacktest.Fault{Status: 500})
		w.Command("U1", "C1", "/kept brief jana")
		w.sees("U1", "does not tell me at this moment")
		w.SetScopes("commands", "chat:write")
		w.Command("U2", "C1", "/kept brief jana")
		w.sees("U2", "does not let me look up who you are")
		if n.Load() != 0 {
			t.Error("somebody was answered")
		}
		w.SetScopes(slacktest.BotScopes...)
		w.Command("U1", "C1", "/kept now")
		w.sees("U1", "you said now")
		// Who was known a while ago is still known when Slack does not answer.
		time.Sleep(2 * freshFor)
		w.Fail("users.info", slacktest.Fault{Status: 500, Times: 1})
		w.Command("U1", "C1", "/kept later")
		w.sees("U1", "you said later")
	})
}

// An answer that Slack surely did not take is sent again after the time that it names; one of which
// nobody knows is not; an address that is used up is left for another way.
func TestAnswersThatFail(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fault slacktest.Fault
		after time.Duration
		seen  int
		via   string
	}{
		"429 with a time":        {slacktest.Fault{Status: 429, RetryAfter: "7"}, 7 * time.Second, 1, "response_url"},
		"429 without one":        {slacktest.Fault{Status: 429}, limitedFor, 1, "response_url"},
		"ratelimited in words":   {slacktest.Fault{Error: "ratelimited"}, limitedFor, 1, "response_url"},
		"used up":                {slacktest.Fault{Status: 404, Error: "used_url"}, 0, 1, "chat.postEphemeral"},
		"expired":                {slacktest.Fault{Status: 404, Error: "expired_url"}, 0, 1, "chat.postEphemeral"},
		"an old page":            {slacktest.Fault{Status: 404, Body: "no_service"}, 0, 1, "chat.postEphemeral"},
		"blocks are refused":     {slacktest.Fault{Status: 400, Error: "invalid_blocks"}, 0, 1, "response_url"},
		"taken, no answer":       {slacktest.Fault{Lost: true}, 0, 1, "response_url"},
		"taken or not, a 500":    {slacktest.Fault{Status: 500}, 0, 0, ""},
		"broken before the end":  {slacktest.Fault{Early: true}, 0, 0, ""},
		"a page instead of JSON": {slacktest.Fault{Status: 502, Body: "<html>"}, 0, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var logs logbook
			inWorkspace(t, ground{options: logs.into}, echo, func(w *workspace) {
				w.Fail("response_url", tc.fault)
				began := time.Now()
				w.Command("U1", "C1", "/kept jana")
				if tc.seen == 0 {
					time.Sleep(time.Minute)
					if w.count("U1", "you said") != 0 || len(w.Calls("response_url")) != 1 {
						t.Error("it was sent again")
					}
					if h := w.app.Health(); h.Lost != 1 || !logs.has("did not reach Slack") {
						t.Errorf("%+v %s", h, logs.String())
					}
					return
				}
				m := w.sees("U1", "you said jana")
				if took := time.Since(began); took < tc.after || took > tc.after+2*time.Second {
					t.Errorf("after %v", took)
				}
				time.Sleep(2 * time.Minute)
				if w.count("U1", "you said jana") != 1 || m.Via != tc.via {
					t.Errorf("%d answers, by %s", w.count("U1", "you said jana"), m.Via)
				}
			})
			if logs.has("you said") || logs.has("jana") || logs.has(slacktest.BotToken) {
				t.Error(logs.String())
			}
		})
	}
}

// The caller of a handler is the Slack user, and what they ask has an ID that a retry has too.
func TestCaller(t *testing.T) {
	t.Parallel()
	var got []service.Caller
	var mu sync.Mutex
	h := map[kind]handler{command: func(ctx context.Context, a *App, e event) (answer, error) {
		r := a.reader(ctx, e)
		mu.Lock()
		defer mu.Unlock()
		got = append(got, service.CallerOf(ctx))
		return says(fmt.Sprint(r.Lang, r.Zone, r.Command)), nil
	}}
	inWorkspace(t, ground{}, h, func(w *workspace) {
		w.Command("U2", "C1", "/kept x")
		w.sees("U2", "zhAsia/Shanghai/kept")
	})
	if len(got) != 1 || got[0].Chat != "slack:T1:U2" || got[0].From != service.FromChat || got[0].Zone != "Asia/Shanghai" || !strings.HasPrefix(got[0].Request, "slack:T1:") {
		t.Errorf("%+v", got)
	}
}

// Both transports bring the same events.
func TestOneShape(t *testing.T) {
	t.Parallel()
	var shapes [2][]string
	for i, over := range []bool{false, true} {
		var mu sync.Mutex
		note := func(_ context.Context, _ *App, e event) (answer, error) {
			mu.Lock()
			defer mu.Unlock()
			m, v := "", ""
			if e.message != nil {
				m = e.message.Text
			}
			if e.view != nil {
				v = e.view.CallbackID
			}
			shapes[i] = append(shapes[i], fmt.Sprintf("%s %s %s %s thread=%t private=%t text=%q action=%q value=%q trigger=%t response=%t message=%q view=%q id=%t",
				e.kind, e.team, e.user, e.channel, e.thread != "", e.private, e.text, e.action, e.value, e.trigger != "", e.response != "", m, v, e.id != ""))
			if e.kind == command && e.text == "form" {
				return answer{form: form("when")}, nil
			}
			return answer{}, nil
		}
		all := map[kind]handler{}
		for _, k := range []kind{command, press, submit, shortcut, mention, home} {
			all[k] = note
		}
		inWorkspace(t, ground{http: over}, all, func(w *workspace) {
			do := func(d *slacktest.Delivery, err error) {
				t.Helper()
				w.ok(err)
				_, err = d.Outcome(w.ctx)
				w.ok(err)
				time.Sleep(time.Second)
			}
			do(w.Command("U2", "DU2", "/kept note jana “价格 & <b>”"), nil)
			w.post(knob("done.1", "Done", `{"do":"promise p12 done"}`))
			do(w.Press("U1", "Done"))
			m := w.Write("U1", "C1", "", "we send it by Friday")
			reply := w.Write("U2", "C1", m.TS, "我们周五寄出")
			do(w.Shortcut("U2", "log_promise", "C1", reply.TS))
			do(w.Mention("U1", "C1", m.TS, "brief jana"), nil)
			do(w.OpenHome("U1"), nil)
			do(w.Command("U1", "C1", "/kept form"), nil)
			do(w.Submit("U1", map[string]string{"when": "x"}))
		})
	}
	if len(shapes[0]) != 7 || strings.Join(shapes[0], "\n") != strings.Join(shapes[1], "\n") {
		t.Errorf("over the socket:\n%s\nover HTTP:\n%s", strings.Join(shapes[0], "\n"), strings.Join(shapes[1], "\n"))
	}
}

// Messages of the outbox arrive in a direct message, paced, each once; what goes wrong has the class
// that says whether it may have arrived.
func TestDeliver(t *testing.T) {
	t.Parallel()
	inWorkspace(t, ground{}, echo, func(w *workspace) {
		send := func(to, text string) (string, error) {
			return w.app.Deliver(w.ctx, to, state.Outgoing{Text: text}, "intent")
		}
		began := time.Now()
		for i := range 5 {
			id, err := send("slack:T1:U1", fmt.Sprintf("message %d <&>", i))
			w.ok(err)
			if id == "" {
				t.Error("no id")
			}
		}
		if took := time.Since(began); took < 4*time.Second {
			t.Errorf("five messages in %v", took)
		}
		if n := len(w.Calls("conversations.open")); n != 1 {
			t.Errorf("the conversation was opened %d times", n)
		}
		if m := w.sees("U1", "message 4"); m.Channel != "DU1" || w.count("U2", "message") != 0 {
			t.Errorf("%+v", m)
		}
		w.AddUser(slacktest.User{ID: "U3", Name: "left", Deleted: true})
		for name, tc := range map[string]struct {
			to     string
			method string
			fault  slacktest.Fault
			want   Class
			after  time.Duration
		}{
			"429 with a time":     {to: "slack:T1:U1", fault: slacktest.Fault{Status: 429, RetryAfter: "20"}, want: RateLimited, after: 20 * time.Second},
			"429 without":         {to: "slack:T1:U1", fault: slacktest.Fault{Status: 429}, want: RateLimited, after: limitedFor},
			"in words":            {to: "slack:T1:U1", fault: slacktest.Fault{Error: "ratelimited"}, want: RateLimited, after: limitedFor},
			"500":                 {to: "slack:T1:U1", fault: slacktest.Fault{Status: 500}, want: Ambiguous},
			"fatal_error":         {to: "slack:T1:U1", fault: slacktest.Fault{Error: "fatal_error"}, want: Ambiguous},
			"lost":                {to: "slack:T1:U1", fault: slacktest.Fault{Lost: true}, want: Ambiguous},
			"revoked":             {to: "slack:T1:U1", fault: slacktest.Fault{Error: "token_revoked"}, want: Auth},
			"a scope":             {to: "slack:T1:U1", fault: slacktest.Fault{Error: "missing_scope"}, want: Forbidden},
			"unavailable":         {to: "slack:T1:U1", fault: slacktest.Fault{Error: "service_unavailable"}, want: Transient},
			"has left":            {to: "slack:T1:U3", want: NotFound},
			"nobody":              {to: "slack:T1:U77", want: NotFound},
			"another workspace":   {to: "slack:T9:U1", want: NotFound},
			"no account":          {to: "matrix:@wei", want: NotFound},
			"opening breaks":      {to: "slack:T1:U2", method: "conversations.open", fault: slacktest.Fault{Lost: true}, want: Transient},
			"opening has no body": {to: "slack:T1:U2", method: "conversations.open", fault: slacktest.Fault{Status: 500}, want: Transient},
		} {
			time.Sleep(time.Hour)
			if tc.fault != (slacktest.Fault{}) {
				method := tc.method
				if method == "" {
					method = "chat.postMessage"
				}
				w.Fail(method, tc.fault)
			}
			_, err := send(tc.to, name)
			var e *Error
			if !errors.As(err, &e) || e.Class != tc.want || e.After != tc.after || e.Text == "" {
				t.Errorf("%s: %#v", name, err)
			}
			if strings.Contains(fmt.Sprint(err), slacktest.BotToken) {
				t.Errorf("%s: the token stands in %v", name, err)
			}
		}
		// Who was told to slow down is not asked before.
		time.Sleep(time.Hour)
		w.Fail("chat.postMessage", slacktest.Fault{Status: 429, RetryAfter: "20"})
		_, _ = send("slack:T1:U1", "limited")
		calls := len(w.Calls("chat.postMessage"))
		if _, err := send("slack:T1:U1", "too early"); !isClass(err, RateLimited) || len(w.Calls("chat.postMessage")) != calls {
			t.Errorf("it was asked again too early: %v", err)
		}
		time.Sleep(20 * time.Second)
		_, err := send("slack:T1:U1", "in time")
		w.ok(err)
	})
}
