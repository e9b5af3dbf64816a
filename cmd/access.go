package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"reflect"

	"github.com/keptcrm/kept/connectors/engine"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/api"
	"github.com/keptcrm/kept/state/bolt"
	"github.com/keptcrm/kept/state/service"
)

// how says for what a command wants the state.
type how struct {
	create bool     // a state that is not there is made; without, that is an error
	alone  bool     // long work: this process takes the lock
	work   string   // what it does, for those who wait meanwhile
	tell   progress // hears how far an import is; may be nil
	dry    bool     // nothing shall be there afterwards that was not before
	jobs   bool     // whether it may run jobs
	stays  *serving // set by "kept serve", which runs work for others; nil: a command
	// first is called before the file is opened and tells what was found in it meanwhile; may be nil.
	first func(context.Context) (*bolt.Salvaged, error)
}

// progress hears how far an import is.
type progress = func(context.Context, engine.Progress)

// The ways of most commands: asking needs a state, adding makes one.
var (
	asking = how{}
	adding = how{create: true}
)

// access is this command's way to the state.
type access struct {
	session *api.Session[service.API]
	table   service.API
	discard func() // what to do at the very end; may be nil
}

func (a *access) api() service.API { return a.table }

func (a *access) close() error {
	err := a.session.Close()
	if a.discard != nil {
		a.discard()
	}
	return err
}

// open finds the process that holds the state, or opens it and serves it while this command runs.
func (f *factory) open(ctx context.Context, h how) (*access, error) {
	s, err := f.settings()
	if err != nil {
		return nil, err
	}
	var discard func()
	if h.dry && missing(s.state) {
		// A dry run leaves no state where there was none: it works on one of its own.
		dir, err := os.MkdirTemp("", "kept-dry-*")
		if err != nil {
			return nil, &state.Error{Class: state.Failed, Code: "no_temporary", Cause: err}
		}
		discard = func() { _ = os.RemoveAll(dir) }
		s.state = filepath.Join(dir, "kept.db")
	}
	connect := api.Connect[service.API]
	if h.alone {
		connect = api.ConnectExclusive[service.API]
	}
	session, err := connect(ctx, f.opener(s, h), f.apiOptions(h))
	if err != nil {
		if discard != nil {
			discard()
		}
		return nil, err
	}
	caller := api.Request{ID: f.flags.request, Actor: f.login(), Zone: s.zone, ZoneAsked: s.asked}
	table := withContext(session.API(), func(ctx context.Context) context.Context {
		r := caller
		r.Chat = api.RequestFrom(ctx).Chat // kept chat --as
		return api.WithRequest(h.hearing(ctx), r)
	})
	return &access{session: session, table: table, discard: discard}, nil
}

// progressed is how far work in another process is, as it crosses the socket.
type progressed struct {
	Import *engine.Progress `json:"import,omitempty"`
	Step   *state.Step      `json:"step,omitempty"`
}

// hearing lets a call in another process tell how far it is.
func (h how) hearing(ctx context.Context) context.Context {
	step := state.TellerOf(ctx)
	if h.tell == nil && step == nil {
		return ctx
	}
	return api.WithProgress(ctx, func(raw json.RawMessage) {
		var p progressed
		switch err := json.Unmarshal(raw, &p); {
		case err != nil:
		case p.Import != nil && h.tell != nil:
			h.tell(ctx, *p.Import)
		case p.Step != nil && step != nil:
			step(*p.Step)
		}
	})
}

// login is who types.
func (f *factory) login() string {
	if l := f.o.Login; l != "" {
		return l
	}
	return api.Login()
}

func (f *factory) apiOptions(h how) api.Options {
	o := api.Options{Codec: codec, Work: h.work, Waiting: f.waiting}
	if dir := f.o.Env("KEPT_RUNTIME_DIR"); dir != "" {
		o.Folder = dir
	}
	if f.flags.verbose {
		o.Log = slog.New(slog.NewTextHandler(f.o.Err, nil))
	}
	if h.stays != nil {
		o.Resident, o.Log, o.Drain = true, h.stays.log, serveDrain
	}
	return o
}

// opener opens the state file in this process, with the service on it.
func (f *factory) opener(s settings, h how) api.Opener[service.API] {
	return api.Opener[service.API]{
		Path: s.state,
		Open: func(ctx context.Context) (service.API, func() error, error) {
			if !h.create && missing(s.state) {
				return service.API{}, nil, &state.Error{Class: state.NotFound, Code: "no_state"}
			}
			options := bolt.Options{Kinds: state.Kinds()}
			if h.first != nil {
				var err error
				if options.Salvaged, err = h.first(ctx); err != nil {
					return service.API{}, nil, err
				}
			}
			store, err := bolt.Open(s.state, options)
			if err != nil {
				return service.API{}, nil, err
			}
			if err := name(ctx, store); err != nil {
				return service.API{}, nil, errors.Join(err, store.Close())
			}
			if h.jobs || h.stays != nil {
				return f.openLive(s, h, store)
			}
			env := f.engineEnv(s)
			env.Progress, env.Batch = h.tell, func() int { return aloneBatch }
			env.Scratch = func(ctx context.Context) (*service.Service, func(), error) { return f.scratch(ctx, s, store) }
			svc := f.serve(s, store, env)
			svc.KeepReads(s.reads)
			return withContext(svc.API(), asCaller), func() error { return errors.Join(svc.Close(), store.Close()) }, nil
		},
		IsLocked: func(err error) bool { return state.IsCode(err, "state_locked") },
	}
}

// aloneBatch is how many records an import commits at once in a process that serves nobody but whoever
// typed the command. What a commit writes is in memory until its end; the store keeps the index entries of
// so many apart, so that this does not grow with the file.
const aloneBatch = 10000

// name makes the file's own name known to the service, which puts it before the numbers of its ids.
// A state that was given another name (the demo's) keeps it.
func name(ctx context.Context, store *bolt.Store) error {
	var known []byte
	err := store.View(ctx, func(tx state.Tx) (err error) {
		known, err = tx.Blob(state.BlobNonce)
		return err
	})
	if err != nil || len(known) > 0 {
		return err
	}
	return store.Update(ctx, func(tx state.Tx) error { return tx.PutBlob(state.BlobNonce, []byte(store.Nonce())) })
}

// serve joins service and engine over a store.
func (f *factory) serve(s settings, store state.Store, env engine.Env) *service.Service {
	e := engine.New(f.o.Specs, env)
	config := s.service()
	config.Unsubscribe = f.unsubscribe(s)
	svc := service.New(store, e, config, f.o.Now)
	e.Bind(svc)
	return svc
}

// scratch gives a service on a copy of the state, and what throws the copy away.
func (f *factory) scratch(ctx context.Context, s settings, store *bolt.Store) (*service.Service, func(), error) {
	dir, err := os.MkdirTemp("", "kept-dry-*")
	if err != nil {
		return nil, nil, &state.Error{Class: state.Failed, Code: "no_temporary", Cause: err}
	}
	discard := func() { _ = os.RemoveAll(dir) }
	path := filepath.Join(dir, "kept.db")
	copied, err := copyState(ctx, store, path)
	if err != nil {
		discard()
		return nil, nil, err
	}
	return f.serve(s, copied, f.engineEnv(s)), func() { _ = copied.Close(); discard() }, nil
}

func copyState(ctx context.Context, store *bolt.Store, path string) (*bolt.Store, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return nil, &state.Error{Class: state.Failed, Code: "no_temporary", Cause: err}
	}
	_, err = store.Backup(ctx, file, false)
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	return bolt.Open(path, bolt.Options{Kinds: state.Kinds()})
}

// asCaller tells the service what came with the request, from this process or another.
func asCaller(ctx context.Context) context.Context {
	r := api.RequestFrom(ctx)
	from := "terminal"
	if ctx.Value(http.ServerContextKey) != nil {
		from = "socket" // another process's command
		ctx = state.WithTeller(ctx, func(s state.Step) { api.Tell(ctx, progressed{Step: &s}) })
	}
	if r.Chat != "" {
		from = service.FromChat
	}
	return service.WithCaller(ctx, service.Caller{Login: r.Actor, Request: r.ID, From: from, Zone: r.Zone, ZoneAsked: r.ZoneAsked, Chat: r.Chat})
}

// withContext gives a table whose funcs have their context changed first.
func withContext[T any](table T, change func(context.Context) context.Context) T {
	v := reflect.ValueOf(&table).Elem()
	for i := range v.NumField() {
		call := v.Field(i)
		if call.Kind() != reflect.Func || call.IsNil() {
			continue
		}
		// The field itself is about to be set; what it holds now is kept.
		inner := reflect.ValueOf(call.Interface())
		call.Set(reflect.MakeFunc(call.Type(), func(args []reflect.Value) []reflect.Value {
			ctx := change(args[0].Interface().(context.Context))
			return inner.Call(append([]reflect.Value{reflect.ValueOf(ctx)}, args[1:]...))
		}))
	}
	return table
}

// waiting tells why nothing happens.
func (f *factory) waiting(w api.Wait) {
	args := state.Args{"work": w.Work}
	switch w.Code {
	case api.CodeBusy:
		f.hint(f.printer().T("terminal.waiting_busy", args))
	case api.CodeLocked:
		f.hint(f.printer().T("terminal.waiting_locked", args))
	}
}
