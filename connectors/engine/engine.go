// Package engine moves what connections tell into the state: it pulls a page, commits its records,
// its rejected rows and the cursor behind it in one transaction, and goes on. It knows connectors
// by their Spec alone and the state by package service alone.
//
// A run that was killed, cancelled or stopped by a fault stays as it is; the next import of the
// same content goes on from its cursor. Telling the same again changes nothing, so nothing is lost
// and nothing is there twice, wherever it stopped.
package engine

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// PathOption is the option by which a connector that reads files is told its file. Connectors that
// declare it are those that [Engine.Import] can use.
const PathOption = "path"

// Env is what the engine gets from its surroundings. Every field may be left out.
type Env struct {
	Now   func() time.Time                                 // the clock of connectors; time.Now
	Sleep func(ctx context.Context, d time.Duration) error // waits, ended by ctx
	Warn  func(format string, args ...any)                 // for the log; never secrets or personal data
	Open  func(name string) (connectors.File, error)       // opens source files; the file system
	List  func(folder string) ([]string, error)            // names the files of a folder; the file system, if Open is left out too
	// Folders names the folders in a folder, hidden ones too; the file system, if Open is left out too.
	Folders func(folder string) ([]string, error)

	// Stdin is what a file named [StandardInput] stands for; nil: nothing.
	Stdin io.Reader

	// Defaults are options from the configuration (zone, currency). They hold for connectors that
	// declare them, where neither the call nor an earlier import of the connection says otherwise.
	Defaults map[string]string

	// Connections are the configured accounts.
	Connections []Connection
	Region      string // of phone numbers without a country code; ISO 3166
	// Secret reads what a reference in a connection's options stands for; nil: options are literal.
	Secret func(ctx context.Context, reference string) (string, error)
	HTTP   http.RoundTripper                                                    // of connectors; nil: the network
	Dial   func(ctx context.Context, network, address string) (net.Conn, error) // of connectors; nil: the network
	Log    *slog.Logger                                                         // for those who look for a fault; nil: nowhere
	// Wire may change what a connection gets from its surroundings; nil: nothing does.
	Wire func(connection string, env connectors.Env) connectors.Env

	// Say prints a line for one of us who gets messages on standard output; nil: nowhere.
	Say func(line string) error
	// Chat sends a message to one of us in a chat, to their account there ("slack:T1:U7"), and gives its
	// ID there; intent is the same for each try of the message, and its errors are those of
	// [connectors.Sender]. nil: no chat is set up, and what waits for one waits on.
	Chat func(ctx context.Context, to string, o state.Outgoing, intent string) (id string, err error)
	// HookSecret refers to the key that signs what webhooks of our people are told.
	HookSecret string

	// Scratch gives a service on a copy of the state, for dry runs, and what throws the copy away.
	Scratch func(ctx context.Context) (*service.Service, func(), error)

	// Batch says how many records are committed at once where pages are smaller; nil: few enough that
	// nobody who waits for the state notices. More at once is faster where nobody does. It is called by
	// a goroutine of its own.
	Batch func() int

	// Progress is told how far an import is, after each commit, in the importing goroutine.
	Progress func(ctx context.Context, p Progress)
}

// Progress is how far the import of one file is.
type Progress struct {
	File    string // as it was given
	Done    int64  // rows, of
	Total   int64  // all rows; 0 where not known
	Records int64  // records that they made
}

// Engine implements [service.Connections]. It is safe for several goroutines; imports wait for
// each other.
type Engine struct {
	specs []connectors.Spec
	env   Env
	svc   *service.Service
	turn  chan struct{} // holds a token while an import runs
	posts chan struct{} // holds one while the outbox is gone through

	system bool     // whether files are those of the file system, where some are pipes
	pipes  sync.Map // what was spooled, by name: spooled

	enough func() int // how many records are committed at once where pages are smaller

	oneByOne bool // connections wait for each other, so that what a test makes up happens again
}

var _ service.Connections = (*Engine)(nil)

// New makes an engine over the connectors that the program has. It works once [Engine.Bind] gave
// it the service.
func New(specs []connectors.Spec, env Env) *Engine {
	if env.Now == nil {
		env.Now = time.Now
	}
	if env.Sleep == nil {
		env.Sleep = sleep
	}
	if env.Warn == nil {
		env.Warn = func(string, ...any) {}
	}
	if env.Say == nil {
		env.Say = func(string) error { return nil }
	}
	system := env.Open == nil
	switch {
	case env.Open == nil:
		env.Open, env.List, env.Folders = openFile, listFolder, listFolders
	case env.List == nil:
		env.List = func(string) ([]string, error) { return nil, errNoFolder }
	}
	if env.Batch == nil {
		env.Batch = func() int { return usualBatch }
	}
	if env.Progress == nil {
		env.Progress = func(context.Context, Progress) {}
	}
	e := &Engine{specs: slices.Clone(specs), env: env, turn: make(chan struct{}, 1), posts: make(chan struct{}, 1), system: system, enough: env.Batch}
	e.env.Open, e.env.List = e.piped(env.Open), e.unpiped(env.List)
	return e
}

// Bind gives the engine the service that it writes through. Service and engine need each other, so
// the service is made with the engine and then bound, before either is used.
func (e *Engine) Bind(s *service.Service) { e.svc = s }

// Succeed makes the engine the successor of one under an older configuration, which may still be at
// work: imports and syncs of both wait for each other. It is called before the engine is used.
func (e *Engine) Succeed(old *Engine) { e.turn = old.turn }

// unpiped keeps what was spooled from being taken for a folder of its name.
func (e *Engine) unpiped(list func(string) ([]string, error)) func(string) ([]string, error) {
	return func(name string) ([]string, error) {
		if _, ok := e.pipes.Load(name); ok {
			return nil, errNoFolder
		}
		return list(name)
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// spec finds a connector by its type; nil where the program has none of that name.
func (e *Engine) spec(name string) *connectors.Spec {
	for i := range e.specs {
		if e.specs[i].Name == name {
			return &e.specs[i]
		}
	}
	return nil
}

// connect opens a connector. What it returns is closed with [release].
func (e *Engine) connect(ctx context.Context, spec *connectors.Spec, options map[string]string) (connectors.Connector, error) {
	return spec.Open(ctx, options, e.connectorEnv())
}

func (e *Engine) connectorEnv() connectors.Env {
	return connectors.Env{Now: e.env.Now, Sleep: e.env.Sleep, Warn: e.env.Warn, Open: e.env.Open, List: e.env.List, Folders: e.env.Folders}
}

// release closes a connector that holds something open.
func release(c connectors.Connector) {
	if c, ok := c.(interface{ Close() error }); ok {
		_ = c.Close() // it was read from only
	}
}

var connectionName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

// checkName says whether a connection can have a name; the error is [state.Invalid] with the code
// "connection_name".
func checkName(name string) error {
	if name == state.OwnConnection || !connectionName.MatchString(name) {
		return &state.Error{Class: state.Invalid, Code: "connection_name", Args: state.Args{"connection": name}}
	}
	return nil
}
