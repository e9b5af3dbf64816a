package cmd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"sync"
	"sync/atomic"

	"github.com/keptcrm/kept/cmd/internal/serve"
	"github.com/keptcrm/kept/connectors/engine"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/api"
	"github.com/keptcrm/kept/state/service"
)

// live is the service of a process that stays: under a new configuration another service takes the
// place of the one that answers, while what the old one was asked goes on to its end.
type live struct {
	f      *factory
	store  state.Store
	env    func(settings) engine.Env
	log    *slog.Logger
	runner *serve.Runner

	mu    sync.Mutex // over the change of generations
	now   atomic.Pointer[generation]
	olds  sync.WaitGroup
	table service.API // all its funcs ask the generation of their moment

	// prepare does for a new configuration all that may fail; commit is called when it holds. May be nil.
	prepare func(context.Context, settings) (commit func(), err error)
	held    chan struct{} // closed once the first configuration holds and prepare is known
}

// generation is a service under one configuration.
type generation struct {
	settings settings
	stamp    string // of kept.yaml
	svc      *service.Service
	engine   *engine.Engine
	api      service.API
	calls    sync.WaitGroup
	mu       sync.Mutex
	over     bool
}

// newLive makes the first generation.
func (f *factory) newLive(s settings, store state.Store, env func(settings) engine.Env, log *slog.Logger, told func(serve.Outcome)) *live {
	l := &live{f: f, store: store, env: env, log: log, held: make(chan struct{})}
	l.now.Store(l.generation(s, f.stamp(), nil))
	l.table = l.delegates()
	l.table.JobRun = l.jobRun
	l.table.Reload = l.reload
	host, _ := os.Hostname()
	l.runner = serve.NewRunner(serve.Options{
		Ledger: service.New(store, nil, service.Config{}, f.o.Now), API: func() service.API { return l.table }, Now: f.o.Now, Log: log, Told: told,
		Holder: fmt.Sprintf("%s/%d/%s", host, os.Getpid(), api.NewRequestID()[:8]),
	})
	l.runner.Set(f.jobs(s))
	return l
}

func (l *live) generation(s settings, stamp string, before *generation) *generation {
	e := engine.New(l.f.o.Specs, l.env(s))
	config := s.service()
	config.Unsubscribe = l.f.unsubscribe(s)
	svc := service.New(l.store, e, config, l.f.o.Now)
	e.Bind(svc)
	svc.KeepReads(s.reads)
	if before != nil {
		e.Succeed(before.engine)
	}
	return &generation{settings: s, stamp: stamp, svc: svc, engine: e, api: svc.API()}
}

// enter gives the present generation, which stays usable until leave is called.
func (l *live) enter() (g *generation, leave func()) {
	for {
		g = l.now.Load()
		g.mu.Lock()
		if !g.over {
			g.calls.Add(1)
			g.mu.Unlock()
			return g, g.calls.Done
		}
		g.mu.Unlock()
	}
}

func (g *generation) end() error {
	g.mu.Lock()
	g.over = true
	g.mu.Unlock()
	g.calls.Wait()
	return g.svc.Close()
}

// delegates gives a table whose funcs ask the present generation.
func (l *live) delegates() service.API {
	var table service.API
	v := reflect.ValueOf(&table).Elem()
	first := reflect.ValueOf(l.now.Load().api)
	for i := range v.NumField() {
		if v.Field(i).Kind() != reflect.Func || first.Field(i).IsNil() {
			continue
		}
		v.Field(i).Set(reflect.MakeFunc(v.Field(i).Type(), func(args []reflect.Value) []reflect.Value {
			g, leave := l.enter()
			defer leave()
			return reflect.ValueOf(g.api).Field(i).Call(args)
		}))
	}
	return table
}

// jobRun runs a job because a person asked for it.
func (l *live) jobRun(ctx context.Context, in service.JobRunIn) (service.JobRunOut, error) {
	lease, err := l.runner.Run(ctx, in.Job)
	if lease.Run == 0 {
		return service.JobRunOut{}, err
	}
	var out service.JobRunOut
	runs, lerr := l.table.JobHistory(context.WithoutCancel(ctx), service.JobHistoryIn{Job: in.Job})
	for _, r := range runs.Runs {
		if r.Number == state.JobRuns.Ref(lease.Run) {
			out.Run = r
		}
	}
	return out, errors.Join(err, lerr)
}

// reload reads the configuration again. One that is wrong changes nothing.
func (l *live) reload(ctx context.Context, _ service.ReloadIn) (service.ReloadOut, error) {
	// A process that still begins has answers already, and nothing yet that says what is wrong.
	select {
	case <-l.held:
	case <-ctx.Done():
		return service.ReloadOut{}, ctx.Err()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	stamp := l.f.stamp() // before it is read: what changes meanwhile is seen later
	s, err := l.f.resolve()
	old := l.now.Load()
	if err == nil && s.state != old.settings.state {
		err = fault(state.Refused, "serve_other_state", "state", old.settings.state, "other", s.state)
	}
	commit := func() {}
	if err == nil && l.prepare != nil {
		commit, err = l.prepare(ctx, s)
	}
	if err != nil {
		l.log.Error("the new configuration is wrong; the old one holds", "code", state.AsError(err).Code)
		return service.ReloadOut{}, err
	}
	l.now.Store(l.generation(s, stamp, old))
	l.olds.Go(func() {
		if err := old.end(); err != nil {
			l.log.Error("the read log could not be written", "code", state.AsError(err).Code)
		}
	})
	l.runner.Set(l.f.jobs(s))
	out := service.ReloadOut{PID: os.Getpid(), Connections: []string{}, Jobs: []string{}}
	for _, c := range s.synced() {
		out.Connections = append(out.Connections, c.Name)
	}
	for _, j := range l.runner.Jobs() {
		out.Jobs = append(out.Jobs, j.Name)
	}
	l.log.Info("the configuration was read again", "connections", len(out.Connections), "jobs", len(out.Jobs))
	commit()
	return out, nil
}

// fresh reads the configuration again where its file changed: a person who has just connected a system
// and types "kept sync" means the new one.
func (l *live) fresh(ctx context.Context) error {
	if now := l.f.stamp(); now != l.now.Load().stamp {
		_, err := l.reload(ctx, service.ReloadIn{})
		return err
	}
	return nil
}

// stamp tells one content of kept.yaml from another, as far as its size and time do.
func (f *factory) stamp() string {
	path, _ := f.configPath()
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	return fmt.Sprint(info.Size(), info.ModTime().UnixNano())
}

// public gives the table that others call.
func (l *live) public() service.API {
	t := l.table
	sync, check := t.Sync, t.ConnectionCheck
	t.Sync = func(ctx context.Context, in service.SyncIn) (service.SyncOut, error) {
		if err := l.fresh(ctx); err != nil {
			return service.SyncOut{Connections: []service.SyncConnection{}}, err
		}
		return sync(ctx, in)
	}
	t.ConnectionCheck = func(ctx context.Context, in service.ConnectionCheckIn) (service.ConnectionCheckOut, error) {
		if err := l.fresh(ctx); err != nil {
			return service.ConnectionCheckOut{Connections: []service.ConnectionChecked{}}, err
		}
		return check(ctx, in)
	}
	return t
}

// hold says, once, that the first configuration holds, and what every new one has to pass; nil: nothing.
func (l *live) hold(prepare func(context.Context, settings) (commit func(), err error)) {
	l.prepare = prepare
	close(l.held)
}

func (l *live) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := l.now.Load().end()
	l.olds.Wait()
	return err
}
