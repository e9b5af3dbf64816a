package slack

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/bot/slacktest"
)

// workspace is an app in a fake Slack, with people: U1 Ana, U2 Wei, UG a guest, UX somebody from
// outside.
type workspace struct {
	*slacktest.Server
	t    *testing.T
	app  *App
	ctx  context.Context
	stop func()
}

// ground is how a workspace is made otherwise than usual.
type ground struct {
	http    bool
	options func(*Options)
	server  slacktest.Options
	idle    bool // Run is not called
}

// inWorkspace runs a test in a bubble of virtual time with an app in a fake Slack.
func inWorkspace(t *testing.T, g ground, handle map[kind]handler, do func(*workspace)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorkspace(t, g, handle)
		do(w)
		w.stop()
	})
}

// toApp posts what goes to the app's address to its handler.
type toApp struct{ h func() http.Handler }

func (x toApp) RoundTrip(r *http.Request) (*http.Response, error) {
	pr, pw := io.Pipe()
	w := &piped{head: make(chan int, 1), header: http.Header{}, body: pw}
	go func() {
		defer func() { _ = pw.Close() }()
		x.h().ServeHTTP(w, r)
		w.WriteHeader(http.StatusOK)
	}()
	select {
	case status := <-w.head:
		return &http.Response{StatusCode: status, Header: w.header, Body: pr, Request: r}, nil
	case <-r.Context().Done():
		_ = pr.Close()
		return nil, r.Context().Err()
	}
}

type piped struct {
	head   chan int
	header http.Header
	body   *io.PipeWriter
	done   bool
}

func (p *piped) Header() http.Header { return p.header }
func (p *piped) WriteHeader(status int) {
	if !p.done {
		p.done = true
		p.head <- status
	}
}
func (p *piped) Write(b []byte) (int, error) {
	p.WriteHeader(http.StatusOK)
	return p.body.Write(b)
}

func newWorkspace(t *testing.T, g ground, handle map[kind]handler) *workspace {
	ctx, cancel := context.WithTimeout(context.Background(), 48*time.Hour)
	w := &workspace{t: t, ctx: ctx}
	if g.http {
		g.server.Request = "http://app.test/slack/"
		g.server.Client = &http.Client{Transport: toApp{func() http.Handler { return w.app.Handler() }}}
	}
	w.Server = slacktest.New(g.server)
	w.StartInMemory()
	w.AddUser(slacktest.User{ID: "U1", Name: "Ana Lima", Email: "ana@nordlicht.example", Zone: "Europe/Berlin"})
	w.AddUser(slacktest.User{ID: "U2", Name: "张伟", Email: "wei@nordlicht.example", Lang: "zh-CN", Zone: "Asia/Shanghai"})
	w.AddUser(slacktest.User{ID: "UG", Name: "Guest", Guest: true})
	w.AddUser(slacktest.User{ID: "UX", Name: "Outsider", Team: "T2"})
	o := Options{AppToken: slacktest.AppToken, BotToken: slacktest.BotToken, SigningSecret: slacktest.SigningSecret, HTTP: g.http,
		Lang: "en", Zone: "UTC", URL: w.URL(), HTTPC: w.HTTPClient(), Dial: w.Dial}
	if g.options != nil {
		g.options(&o)
	}
	w.app = New(o)
	w.app.handlers = handle
	running, end := context.WithCancel(ctx)
	ended := make(chan struct{})
	if g.idle {
		close(ended)
	} else {
		go func() { w.app.Run(running); close(ended) }()
	}
	w.stop = func() {
		end()
		<-ended
		w.Server.Close()
		o.HTTPC.CloseIdleConnections()
		cancel()
	}
	if !g.idle && !g.http {
		w.ok(w.AwaitSockets(ctx, 1))
	}
	synctest.Wait()
	return w
}

func (w *workspace) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// sees waits until a user can read something.
func (w *workspace) sees(user, part string) slacktest.Message {
	w.t.Helper()
	m, err := w.AwaitText(w.ctx, user, part)
	w.ok(err)
	return m
}

// count is how many messages a user sees that say something.
func (w *workspace) count(user, part string) int {
	n := 0
	for _, m := range w.Messages(user) {
		if strings.Contains(m.All(), part) {
			n++
		}
	}
	return n
}

func says(title string) answer { return answer{card: &sheet{card: bot.Card{Title: title}}} }

// echo answers with what was typed.
var echo = map[kind]handler{command: func(_ context.Context, _ *App, e event) (answer, error) { return says("you said " + e.text), nil }}

func TestACommandIsAnsweredOverTheSocket(t *testing.T) {
	t.Parallel()
	inWorkspace(t, ground{}, echo, func(w *workspace) {
		d := w.Command("U1", "C1", "/kept brief jana")
		ack, err := d.Outcome(w.ctx)
		w.ok(err)
		if len(ack) != 0 && string(ack) != "null" {
			t.Errorf("the acknowledgement carries %s", ack)
		}
		m := w.sees("U1", "you said brief jana")
		if m.For != "U1" || m.Via != "response_url" {
			t.Errorf("%+v", m)
		}
		if w.count("U2", "you said") != 0 {
			t.Error("others see it")
		}
	})
}
