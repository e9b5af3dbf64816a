package cmd

import (
	"context"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/keptcrm/kept/cmd/internal/serve"
	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/engine"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/api"
	"github.com/keptcrm/kept/state/service"
)

// door is the address at which a serving process is reached over TCP; it may change while it serves.
type door struct {
	v        *serving
	listener *serve.Listener
	addr     string // as configured; "" nowhere
	handler  atomic.Pointer[http.Handler]
}

// ServeHTTP implements http.Handler with the handler of the present configuration.
func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) { (*d.handler.Load()).ServeHTTP(w, r) }

// prepare does all that may fail under a new configuration; commit then changes over to it.
func (d *door) prepare(ctx context.Context, s settings) (commit func(), err error) {
	x := s.file.Serve
	if x.Listen == "" {
		return func() {
			if d.listener != nil {
				d.listener.Close(time.Second)
			}
			d.listener, d.addr = nil, ""
		}, nil
	}
	token, err := d.v.f.secrets().Resolve(ctx, x.Token)
	if err != nil {
		return nil, err
	}
	if len(token) < 16 {
		return nil, fault(state.Auth, "serve_token")
	}
	addr := api.Loopback(x.Listen)
	over, err := d.v.session.Handler(addr, token, x.Hosts)
	if err != nil {
		return nil, err
	}
	var handler http.Handler = serve.Web{API: over, Metrics: d.v.metrics.Handler(), Token: token, Webhook: d.v.webhook, Unsubscribe: d.v.unsubscribe(s), Chat: d.v.chat, Ready: d.v.ready, Note: d.v.chat.note, Log: d.v.log}.Handler()
	if d.listener != nil && d.addr == addr {
		return func() { d.handler.Store(&handler) }, nil
	}
	// Nobody is answered before the change.
	if d.handler.Load() == nil {
		d.handler.Store(&handler)
	}
	l, err := serve.Listen(addr, d, d.v.log)
	if err != nil {
		return nil, &state.Error{Class: state.Unavailable, Code: "serve_address", Args: state.Args{"address": addr}, Cause: err}
	}
	return func() {
		d.handler.Store(&handler)
		if d.listener != nil {
			d.listener.Close(time.Second)
		}
		d.listener, d.addr = l, addr
		d.v.log.Info("listening", "addr", l.Addr.String())
	}, nil
}

func (d *door) close() {
	if d.listener != nil {
		d.listener.Close(time.Second)
		d.listener = nil
	}
}

// webhook verifies what is said to come from a connection, and notes where there is news.
func (v *serving) webhook(ctx context.Context, name string, header map[string][]string, body []byte) error {
	g, leave := v.live.enter()
	defer leave()
	err := fault(state.NotFound, "no_such_connection", "connection", name)
	if slices.ContainsFunc(g.settings.synced(), func(c engine.Connection) bool { return c.Name == name }) {
		var hints []connectors.Hint
		if hints, err = g.engine.Webhook(ctx, name, header, body); err == nil {
			v.news.Hint(name, hints...)
		}
	}
	v.metrics.Webhook(name, err)
	if err != nil {
		// Who knocks decides the name; it is in the log only where it is one of ours.
		if state.IsClass(err, state.NotFound) {
			name = ""
		}
		v.log.Debug("webhook not taken", "connection", name, "code", state.AsError(err).Code)
	}
	return err
}

// follow reads what a connection hinted at.
func (v *serving) follow(ctx context.Context, name string, hints []connectors.Hint) error {
	g, leave := v.live.enter()
	defer leave()
	ctx = service.WithCaller(ctx, service.Caller{Login: "job:news", From: service.FromJob})
	out, err := g.engine.Hints(ctx, name, hints)
	v.metrics.News(name, err)
	if err == nil {
		v.log.Info("news read", "connection", name, "hints", len(hints), "new", out.Run.Counts.New, "changed", out.Run.Counts.Changed, "gone", out.Run.Counts.Gone)
	}
	return err
}

// watch holds the line to a connection.
func (v *serving) watch(ctx context.Context, name string, news func(connectors.Hint)) error {
	g, leave := v.live.enter()
	defer leave()
	return g.engine.Watch(ctx, name, news)
}

// ready says whether the state can be asked.
func (v *serving) ready(ctx context.Context) error {
	if v.stopping.Load() {
		return &state.Error{Class: state.Unavailable, Code: "draining"}
	}
	g, leave := v.live.enter()
	defer leave()
	return g.svc.Look(ctx, func(tx state.Tx, _ time.Time) error {
		_, err := tx.Blob(state.BlobNonce)
		return err
	})
}

// figures are those of /metrics.
func (v *serving) figures(ctx context.Context) (serve.Figures, error) {
	g, leave := v.live.enter()
	defer leave()
	f, err := g.svc.Figures(ctx)
	if err != nil {
		return serve.Figures{}, err
	}
	out := serve.Figures{Chat: v.chat.figures(), PromisesOpen: f.PromisesOpen, PromisesLate: f.PromisesLate, Questions: f.Questions, MoreQuestions: f.MoreQuestions, Outbox: f.Outbox}
	for _, c := range f.Connections {
		out.Connections = append(out.Connections, serve.ConnectionFigures{Name: c.Name, Success: c.Synced, Trouble: c.Trouble})
	}
	for _, j := range f.Jobs {
		out.Jobs = append(out.Jobs, serve.JobFigures{Name: j.Name, Success: j.Success, Fails: j.Fails, Paused: !j.Paused.IsZero()})
	}
	return out, nil
}
