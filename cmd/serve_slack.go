package cmd

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/bot/slack"
	"github.com/keptcrm/kept/cmd/internal/config"
	"github.com/keptcrm/kept/cmd/internal/serve"
	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// chat is the serving process in Slack; the workspace may change while it serves.
type chat struct {
	v    *serving
	now  atomic.Pointer[stay]
	olds sync.WaitGroup
}

// stay is an app that runs in a workspace.
type stay struct {
	app     *slack.App
	handler http.Handler
	key     [sha256.Size]byte // of all that it was made of
	end     context.CancelFunc
	ended   chan struct{}
}

// prepare reads the secrets of a new configuration, which is all that may fail; commit changes over
// to it. What stays as it was goes on without a break.
func (c *chat) prepare(ctx context.Context, s settings) (commit func(), err error) {
	x := s.file.Slack
	if !x.On() {
		return func() { c.change(nil) }, nil
	}
	o := slack.Options{HTTP: x.Mode == config.SlackHTTP, Command: x.Command, Lang: s.lang, Zone: s.zone, URL: x.API, Now: c.v.f.o.Now, Log: c.v.log,
		Calendar: s.file.WorkingDays}
	secrets := c.v.f.secrets()
	for _, one := range []struct {
		reference string
		into      *string
		used      bool
	}{{x.BotToken, &o.BotToken, true}, {x.AppToken, &o.AppToken, !o.HTTP}, {x.SigningSecret, &o.SigningSecret, o.HTTP}} {
		if !one.used {
			continue
		}
		if *one.into, err = secrets.Resolve(ctx, one.reference); err != nil {
			return nil, err
		}
	}
	key := sha256.Sum256([]byte(fmt.Sprintf("%+v", s.file.Calendar) + "\x00" + x.Mode + "\x00" + x.Command + "\x00" + x.API + "\x00" + s.lang + "\x00" + s.zone + "\x00" +
		o.BotToken + "\x00" + o.AppToken + "\x00" + o.SigningSecret))
	return func() {
		if had := c.now.Load(); had != nil && had.key == key {
			return
		}
		o.API = c.v.live.table
		o.Notice = func(ctx context.Context, m state.Outgoing, r bot.Reader) (bot.Card, error) {
			return bot.NoticeOf(ctx, o.API, m, r)
		}
		app := slack.New(o)
		run, end := context.WithCancel(context.Background())
		next := &stay{app: app, handler: app.Handler(), key: key, end: end, ended: make(chan struct{})}
		go func() {
			defer close(next.ended)
			app.Run(run)
		}()
		c.change(next)
		c.v.log.Info("in Slack", "mode", app.Health().Mode)
	}, nil
}

// change puts another app in the place of the one that runs, which comes to its end beside.
func (c *chat) change(next *stay) {
	had := c.now.Swap(next)
	if had == nil {
		return
	}
	had.end()
	c.olds.Go(func() { <-had.ended })
}

// stop leaves the workspace: nothing new is taken, and what runs comes to its end.
func (c *chat) stop() {
	c.change(nil)
	c.olds.Wait()
}

// ServeHTTP implements http.Handler with the app's, where Slack posts to us.
func (c *chat) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s := c.now.Load(); s != nil {
		s.handler.ServeHTTP(w, r)
		return
	}
	http.NotFound(w, r)
}

func (c *chat) health() (slack.Health, bool) {
	s := c.now.Load()
	if s == nil {
		return slack.Health{}, false
	}
	return s.app.Health(), true
}

// note is the line of /readyz. Slack's outages are not ours: the process is ready without it.
func (c *chat) note() string {
	switch h, ok := c.health(); {
	case !ok:
		return ""
	case h.Works():
		return "slack: connected" + lately(h)
	default:
		return "slack: not connected" + lately(h)
	}
}

// lately is when Slack was last heard, and when somebody last did something there.
func lately(h slack.Health) (out string) {
	if !h.Heard.IsZero() {
		out += ", heard " + h.Heard.UTC().Format(time.RFC3339)
	}
	if !h.Event.IsZero() {
		out += ", last event " + h.Event.UTC().Format(time.RFC3339)
	}
	return out
}

// figures are those of /metrics.
func (c *chat) figures() *serve.ChatFigures {
	h, ok := c.health()
	if !ok {
		return nil
	}
	return &serve.ChatFigures{Sockets: h.Sockets, Works: h.Works(), Heard: h.Heard, Event: h.Event, Events: h.Events, Ack: h.AckSlowest, Answer: h.AnswerSlowest,
		Became: map[string]int64{"again": h.Twice, "ignored": h.Ignored, "unreadable": h.Broken, "unsigned": h.Forged, "refused": h.Refused,
			"busy": h.Busy, "broken": h.Panics, "lost": h.Lost, "sent": h.Sent}}
}

// tells lets the doctor of other commands know how it goes here.
func (c *chat) tells(table service.API) service.API {
	look := table.Doctor
	table.Doctor = func(ctx context.Context, in service.DoctorIn) (service.DoctorOut, error) {
		out, err := look(ctx, in)
		if h, ok := c.health(); ok && err == nil {
			out.Chat = &service.DoctorChat{Mode: h.Mode, Works: h.Works(), Sockets: h.Sockets, Connected: h.Connected, Heard: h.Heard, Event: h.Event,
				Trouble: h.Code, Text: h.Text, Lost: h.Lost}
		}
		return out, err
	}
	return table
}

// deliver brings a message of the outbox to one of us.
func (c *chat) deliver(ctx context.Context, to string, o state.Outgoing, intent string) (string, error) {
	s := c.now.Load()
	if s == nil {
		return "", &connectors.Error{Class: connectors.Transient, Text: "Kept is not in Slack at this moment", After: time.Minute}
	}
	id, err := s.app.Deliver(ctx, to, o, intent)
	if f := (*slack.Error)(nil); errors.As(err, &f) {
		err = &connectors.Error{Class: connectors.Class(f.Class), Text: f.Text, After: f.After, Cause: f.Cause}
	}
	return id, err
}
