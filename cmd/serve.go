package cmd

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/keptcrm/kept/cmd/internal/config"
	"github.com/keptcrm/kept/cmd/internal/serve"
	"github.com/keptcrm/kept/connectors/engine"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/api"
	"github.com/keptcrm/kept/state/bolt"
	"github.com/keptcrm/kept/state/service"
)

// How a serving process ends, within ten seconds: first its jobs, then its listeners, then the calls of
// others.
const (
	serveStop  = 6 * time.Second
	serveDrain = time.Second
)

// serving is a process that stays: "kept serve".
type serving struct {
	f        *factory
	log      *slog.Logger
	live     *live
	session  *api.Session[service.API]
	metrics  *serve.Metrics
	news     *serve.News
	watchers *serve.Watchers
	door     *door
	chat     *chat
	notify   serve.Notify
	stopping atomic.Bool
}

func newServe(f *factory) *cobra.Command {
	c := &cobra.Command{
		Use:   "serve",
		Short: "stay, and do what is to be done: sync, backups, news of connections, other commands",
		Long: "Stay, and do what is to be done: bring connections in step by their schedules, follow their news,\n" +
			"make backups, run all jobs of kept.yaml, and answer every other command meanwhile. With serve.listen\n" +
			"in kept.yaml it also answers over TCP: webhooks, /healthz, /readyz, /metrics, and the whole service\n" +
			"to who has the token. One process serves a state; a second one says who does and ends with exit\n" +
			"code 5. SIGTERM and Ctrl-C end it in order, within ten seconds; SIGHUP reads kept.yaml again.",
		Example: examples("serve", "serve reload", "job list", "service install --user"),
		GroupID: groupCare,
		Args:    arguments(0, 0),
		RunE:    func(c *cobra.Command, _ []string) error { return f.runServe(c.Context()) },
	}
	c.AddCommand(newServeReload(f))
	return c
}

func newServeReload(f *factory) *cobra.Command {
	return &cobra.Command{
		Use:   "reload",
		Short: "let the serving process read kept.yaml again; one that is wrong changes nothing",
		Long: "Let the serving process read kept.yaml again: connections, jobs, addresses, secrets. Where something\n" +
			"is wrong with it the old configuration holds, and the error stands here.",
		Example: examples("serve reload"),
		Args:    arguments(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := f.settings()
			if err != nil {
				return err
			}
			if info, ok := f.holder(c.Context(), s); !ok || !info.Resident {
				return fault(state.Unavailable, "serve_not_running")
			}
			api, err := f.api(c.Context(), asking)
			if err != nil {
				return err
			}
			out, err := api.Reload(c.Context(), service.ReloadIn{})
			if err != nil {
				return err
			}
			p := f.printer()
			return f.show(newSheet("", out).lines("", p.T("serve.reloaded", state.Args{"pid": strconv.Itoa(out.PID),
				"connections": cmp.Or(strings.Join(out.Connections, ", "), "-"), "jobs": cmp.Or(strings.Join(out.Jobs, ", "), "-")})).card)
		},
	}
}

// holder says which process has the state, if one does.
func (f *factory) holder(ctx context.Context, s settings) (api.Info, bool) {
	return api.Ask(ctx, s.state, f.apiOptions(how{}))
}

// serveLog is the log of a serving process: on the talking stream, in the form that kept.yaml says.
func (f *factory) serveLog(s settings) *slog.Logger {
	o := &slog.HandlerOptions{Level: slog.LevelInfo}
	if f.flags.verbose {
		o.Level = slog.LevelDebug
	}
	if s.file.Serve.Log == "json" {
		return slog.New(slog.NewJSONHandler(f.o.Err, o))
	}
	return slog.New(slog.NewTextHandler(f.o.Err, o))
}

// openLive opens the service of a process that runs jobs.
func (f *factory) openLive(s settings, h how, store *bolt.Store) (service.API, func() error, error) {
	log := slog.New(slog.DiscardHandler)
	env := func(s settings) engine.Env {
		env := f.engineEnv(s)
		env.Progress, env.Batch = h.tell, func() int { return aloneBatch }
		env.Scratch = func(ctx context.Context) (*service.Service, func(), error) { return f.scratch(ctx, s, store) }
		return env
	}
	if h.stays != nil {
		log = h.stays.log
		alone := env
		env = func(s settings) engine.Env {
			env := alone(s)
			// Nobody waits longer than for a small commit.
			env.Batch, env.Stdin = nil, nil
			env.Progress = func(ctx context.Context, p engine.Progress) { api.Tell(ctx, progressed{Import: &p}) }
			if s.file.Slack.On() {
				env.Chat = h.stays.chat.deliver
			}
			return env
		}
	}
	var told func(serve.Outcome)
	if h.stays != nil {
		told = h.stays.metrics.Run
	}
	l := f.newLive(s, store, env, log, told)
	if h.stays != nil {
		h.stays.live = l
	} else {
		l.hold(nil)
	}
	table := l.table
	if h.stays != nil {
		table = h.stays.chat.tells(l.public())
	}
	return withContext(table, asCaller), func() error {
		l.runner.Stop(serveStop)
		if err := l.close(); err != nil {
			_ = store.Close()
			return err
		}
		return store.Close()
	}, nil
}

func (f *factory) runServe(ctx context.Context) error {
	s, err := f.settings()
	if err != nil {
		return err
	}
	defer roomy()()
	f.printer() // is made once, before anything runs beside
	srv := &serving{f: f, log: f.serveLog(s), notify: serve.NewNotify(f.o.Env, os.Getpid())}
	srv.chat = &chat{v: srv}
	srv.metrics = serve.NewMetrics(version(), srv.figures, f.o.Now)
	acc, err := f.open(ctx, how{create: true, alone: true, work: "serve", stays: srv})
	if err != nil {
		return err
	}
	f.access = acc
	if !acc.session.Holds() {
		info, _ := f.holder(ctx, s)
		return fault(state.Unavailable, "serve_running", "pid", strconv.Itoa(info.PID))
	}
	srv.session = acc.session
	return srv.run(ctx, s)
}

// run serves until ctx ends.
func (v *serving) run(ctx context.Context, s settings) error {
	v.news = serve.NewNews(v.follow, v.log)
	v.watchers = serve.NewWatchers(v.watch, v.news, v.log, v.f.o.Now)
	v.door = &door{v: v}
	defer v.end()
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP) // before anybody is answered: one that nobody hears ends the process
	defer signal.Stop(hangup)
	commit, err := v.prepare(ctx, s)
	if err != nil {
		return err
	}
	taken, err := v.live.runner.Take(ctx)
	if err != nil {
		return err
	}
	if len(taken) > 0 {
		v.log.Info("jobs go on that an earlier process left", "jobs", strings.Join(taken, ", "))
	}
	commit()
	v.live.hold(v.prepare)
	v.live.runner.Start()
	v.log.Info("serving", "pid", os.Getpid(), "version", version(), "jobs", len(v.live.runner.Jobs()), "connections", len(s.synced()))
	v.notify.Ready("serving")
	var alive <-chan time.Time
	if every := v.notify.Every(); every > 0 {
		tick := time.NewTicker(every)
		defer tick.Stop()
		alive = tick.C
	}
	for {
		select {
		case <-hangup:
			_, _ = v.live.reload(ctx, service.ReloadIn{}) // the log says what is wrong
		case <-alive:
			// A process that cannot read its state any more is not alive.
			look, cancel := context.WithTimeout(ctx, v.notify.Every())
			if v.ready(look) == nil {
				v.notify.Alive()
			}
			cancel()
		case <-ctx.Done():
			v.log.Info("stopping")
			return nil
		}
	}
}

// prepare does all that may fail under a new configuration.
func (v *serving) prepare(ctx context.Context, s settings) (commit func(), err error) {
	joined, err := v.chat.prepare(ctx, s)
	var opened func()
	if err == nil {
		opened, err = v.door.prepare(ctx, s)
	}
	v.metrics.Reload(err)
	if err != nil {
		return nil, err
	}
	return func() {
		opened()
		joined()
		var names []string
		for _, c := range v.f.toSync(s) { // what only sends has no news
			names = append(names, c.Name)
		}
		v.watchers.Set(names)
	}, nil
}

// end gives up in order: who comes from outside first, then what runs.
func (v *serving) end() {
	v.stopping.Store(true)
	v.notify.Stopping()
	v.door.close()
	v.chat.stop()
	v.watchers.Stop()
	v.news.Stop()
	if left := v.live.runner.Stop(serveStop); len(left) > 0 {
		v.log.Warn("jobs did not end in time", "jobs", strings.Join(left, ", "))
	}
}

// showServe tells what kept.yaml says of serving and of jobs.
func (s settings) showServe(show func(key, value, from string)) {
	from := func(key string) string {
		if line := s.file.Line(key); line > 0 {
			return fmt.Sprintf("%s:%d", s.file.Path, line)
		}
		return ""
	}
	x := s.file.Serve
	if x.Listen != "" {
		show("serve.listen", x.Listen, from("serve.listen"))
		show("serve.token", x.Token, from("serve.token"))
	}
	if len(x.Hosts) > 0 {
		show("serve.hosts", strings.Join(x.Hosts, ", "), from("serve.hosts"))
	}
	if x.Log != "" {
		show("serve.log", x.Log, from("serve.log"))
	}
	if s.file.Slack.On() {
		show("slack", s.file.Slack.String(), from("slack.bot_token"))
	}
	if s.file.Jobs.Zone != "" {
		show("jobs.zone", s.file.Jobs.Zone, from("jobs.zone"))
	}
	for _, name := range sortedKeys(s.file.Jobs.Jobs) {
		j := s.file.Jobs.Jobs[name]
		value := j.At
		add := func(what, v string) {
			if v != "" {
				value = joined("; ", value, what+" "+v)
			}
		}
		if j.Timeout > 0 {
			add("timeout", j.Timeout.String())
		}
		add("missed", map[string]string{config.MissedRun: "run once", config.MissedSkip: "left out"}[j.Missed])
		add("into", j.Folder)
		if j.Keep > 0 {
			add("keeps", strconv.Itoa(j.Keep))
		}
		show("jobs."+name, value, from("jobs."+name))
	}
}
