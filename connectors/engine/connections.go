package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// Connection is one configured account at one outside system.
type Connection struct {
	Name    string
	Type    string            // of its connector
	Options map[string]string // as configured; a secret is a reference, which Env.Secret resolves
	Mode    string            // pull, two-way, push; "" is pull

	// Owns are fields (names of package connectors, "custom.x", or "*") in which its word holds where
	// several connections say otherwise at the same time.
	Owns []string
	// Create says which customers are created there: "" none, "all", "tag:NAME", "stage:NAME",
	// "from:CONNECTION"; several, separated by commas, mean any of them.
	Create string
	// Newest lets the most recent change win where no owner and no person decides; else it is a question.
	Newest bool
	// Deletes lets what is deleted there be deleted at the other connections.
	Deletes bool
	// Optout is how its records hold that somebody opted out; the zero one: they do not, but for what its
	// system keeps about consent by itself.
	Optout service.OptoutMark
	// Guard is the share (0 to 1) of its records that one run may change or delete, or take as gone,
	// beyond the first ten; 0: [DefaultGuard].
	Guard float64
	// Census is how often what is gone is looked for at systems that do not tell; 0: once a day.
	Census time.Duration
}

// DefaultGuard is the share of a connection's records that one run may change or delete.
const DefaultGuard = 0.3

// writable says whether a connection may be written to at all.
func (c *Connection) writable() bool {
	return c.Mode == service.ModeTwoWay || c.Mode == service.ModePush
}

// mode is the connection's mode; a new one is read alone.
func (c *Connection) mode() string { return cmp.Or(c.Mode, service.ModePull) }

// owns says whether its word holds for a field.
func (c *Connection) owns(field string) bool {
	return slices.Contains(c.Owns, field) || slices.Contains(c.Owns, "*")
}

// connection finds a configured connection.
func (e *Engine) connection(name string) *Connection {
	i := slices.IndexFunc(e.env.Connections, func(c Connection) bool { return c.Name == name })
	if i < 0 {
		return nil
	}
	return &e.env.Connections[i]
}

// configured gives the connections of these names in the order of their names; none: all. The error
// is [state.NotFound] with the code "no_such_connection", or "no_connections_configured".
func (e *Engine) configured(names []string) ([]*Connection, error) {
	if len(e.env.Connections) == 0 {
		return nil, &state.Error{Class: state.NotFound, Code: "no_connections_configured"}
	}
	var out []*Connection
	for i := range e.env.Connections {
		if c := &e.env.Connections[i]; len(names) == 0 || slices.Contains(names, c.Name) {
			out = append(out, c)
		}
	}
	for _, n := range names {
		if e.connection(n) == nil {
			var known []string
			for _, c := range e.env.Connections {
				known = append(known, c.Name)
			}
			slices.Sort(known)
			return nil, &state.Error{Class: state.NotFound, Code: "no_such_connection",
				Args: state.Args{"connection": n, "connections": strings.Join(known, ", ")}}
		}
	}
	slices.SortFunc(out, func(a, b *Connection) int { return cmp.Compare(a.Name, b.Name) })
	return out, nil
}

// sendsOnly says whether a connection sends messages and has nothing that could be read or written.
func (e *Engine) sendsOnly(c *Connection) bool {
	spec := e.spec(c.Type)
	return spec != nil && spec.Sends != "" && len(spec.Fields) == 0
}

// syncable leaves out connections that only send. Where one of them was named, or there is no other,
// the error is [state.Invalid] with the code "connection_sends_only".
func (e *Engine) syncable(all []*Connection, named bool) ([]*Connection, error) {
	rest := slices.DeleteFunc(slices.Clone(all), e.sendsOnly)
	if len(rest) == len(all) || len(rest) > 0 && !named {
		return rest, nil
	}
	i := slices.IndexFunc(all, e.sendsOnly)
	return nil, &state.Error{Class: state.Invalid, Code: "connection_sends_only", Args: state.Args{"connection": all[i].Name, "type": all[i].Type}}
}

// dial opens the connector of a configured connection. What it returns is closed with [release]. The
// error is one of the codes
//
//	no_such_connector   the program has no connector of that type
//	option_missing      a required option is not set
//	option_unknown      the connector has no such option
//	option_choice       the option takes other values
//	secret_unreadable   what a secret refers to is not there
//	connection_refused  the connector would not have these options; reason says why
func (e *Engine) dial(ctx context.Context, c *Connection, svc *service.Service, dry bool) (connectors.Connector, *connectors.Spec, error) {
	return e.dialWarned(ctx, c, svc, dry, e.env.Warn)
}

// dialWarned is dial with a place for what the connector warns of.
func (e *Engine) dialWarned(ctx context.Context, c *Connection, svc *service.Service, dry bool, warn func(format string, args ...any)) (connectors.Connector, *connectors.Spec, error) {
	spec := e.spec(c.Type)
	if spec == nil {
		return nil, nil, &state.Error{Class: state.Invalid, Code: "no_such_connector", Args: state.Args{"type": c.Type}}
	}
	options, err := e.resolved(ctx, c, spec)
	if err != nil {
		return nil, spec, err
	}
	env := e.connectorEnv()
	env.Warn = warn
	env.HTTP, env.Dial, env.Log, env.DryRun = e.env.HTTP, e.env.Dial, e.env.Log, dry
	env.Store = tokens{svc: svc, connection: c.Name}
	if e.env.Wire != nil {
		env = e.env.Wire(c.Name, env)
	}
	conn, err := spec.Open(ctx, options, env)
	if err != nil {
		return nil, spec, connectionError(c.Name, err)
	}
	return conn, spec, nil
}

// resolved gives the options of a connection with defaults, its secrets read.
func (e *Engine) resolved(ctx context.Context, c *Connection, spec *connectors.Spec) (map[string]string, error) {
	for name := range c.Options {
		if !slices.ContainsFunc(spec.Options, func(o connectors.Option) bool { return o.Name == name }) {
			return nil, &state.Error{Class: state.Invalid, Code: "option_unknown",
				Args: state.Args{"connection": c.Name, "option": name, "type": spec.Name, "options": strings.Join(allOptions(spec), ", ")}}
		}
	}
	all := map[string]string{}
	for _, o := range spec.Options {
		v := cmp.Or(c.Options[o.Name], e.env.Defaults[o.Name], o.Default)
		if v == "" {
			if o.Required {
				return nil, &state.Error{Class: state.Invalid, Code: "option_missing",
					Args: state.Args{"connection": c.Name, "option": o.Name, "help": o.Help, "where": o.Where}}
			}
			continue
		}
		if len(o.Choices) > 0 && !slices.Contains(o.Choices, v) {
			return nil, &state.Error{Class: state.Invalid, Code: "option_choice",
				Args: state.Args{"connection": c.Name, "option": o.Name, "value": v, "choices": strings.Join(o.Choices, ", ")}}
		}
		if o.Secret && e.env.Secret != nil {
			secret, err := e.env.Secret(ctx, v)
			if err != nil {
				var ours *state.Error
				if errors.As(err, &ours) {
					return nil, ours
				}
				return nil, &state.Error{Class: state.Auth, Code: "secret_unreadable",
					Args: state.Args{"connection": c.Name, "option": o.Name}, Cause: err}
			}
			v = secret
		}
		all[o.Name] = v
	}
	return all, nil
}

func allOptions(spec *connectors.Spec) []string {
	var names []string
	for _, o := range spec.Options {
		names = append(names, o.Name)
	}
	return names
}

// connectionError says why a connection does not do what it should, with the codes
//
//	connection_down       it cannot be reached or is out of order; try again
//	connection_limited    it wants us to wait; args after
//	connection_auth       our credentials are refused
//	connection_forbidden  our credentials are good and lack a right
//	connection_refused    it refuses what we ask, or our options
//
// each with the connector's own words as reason.
func connectionError(name string, err error) *state.Error {
	var told *connectors.Error
	var ours *state.Error
	switch {
	case errors.As(err, &ours):
		return ours
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return state.AsError(err)
	case !errors.As(err, &told):
		return &state.Error{Class: state.Unavailable, Code: "connection_down", Args: state.Args{"connection": name}, Cause: err}
	}
	args := state.Args{"connection": name, "reason": plainReason(name, told.Text)}
	switch told.Class {
	case connectors.Transient, connectors.CursorExpired, connectors.Ambiguous:
		return &state.Error{Class: state.Unavailable, Code: "connection_down", Args: args, Cause: err}
	case connectors.RateLimited:
		args["after"] = told.After.Round(time.Second).String()
		return &state.Error{Class: state.Unavailable, Code: "connection_limited", Args: args, Cause: err}
	case connectors.Auth:
		return &state.Error{Class: state.Auth, Code: "connection_auth", Args: args, Cause: err}
	case connectors.Forbidden:
		return &state.Error{Class: state.Forbidden, Code: "connection_forbidden", Args: args, Cause: err}
	}
	return &state.Error{Class: state.Invalid, Code: "connection_refused", Args: args, Cause: err}
}

// tokens keeps a connection's rotated credentials in the state.
type tokens struct {
	svc        *service.Service
	connection string
}

func (t tokens) Get(ctx context.Context, name string) (string, error) {
	var value string
	err := t.svc.Look(ctx, func(tx state.Tx, _ time.Time) error {
		found, err := state.Tokens.Find(tx, state.Join(state.TextKey(t.connection), state.TextKey(name)))
		if found != nil {
			value = found.Value
		}
		return err
	})
	return value, err
}

func (t tokens) Put(ctx context.Context, name, value string) error {
	return t.svc.Do(ctx, "connection.token", state.Args{"connection": t.connection}, func(w *state.Writer) error {
		return state.Tokens.Put(w, &state.Token{Connection: t.connection, Name: name, Value: value, At: w.Cause.At})
	})
}

// ConnectionCheck asks connections whether they work: are all options there, can the secrets be read,
// does the system know us, can it do what the mode needs. One that fails does not stop the others; the
// error is then [state.Partly] with the code "connections_fail", or the one connection's own.
func (e *Engine) ConnectionCheck(ctx context.Context, in service.ConnectionCheckIn) (service.ConnectionCheckOut, error) {
	out := service.ConnectionCheckOut{Connections: []service.ConnectionChecked{}}
	all, err := e.configured(in.Connections)
	if err != nil {
		return out, err
	}
	var failed []string
	var first *state.Error
	for _, c := range all {
		checked := e.checkOne(ctx, c)
		if err := ctx.Err(); err != nil {
			return out, state.AsError(err)
		}
		if checked.Error != nil {
			failed = append(failed, c.Name)
			first = cmp.Or(first, checked.Error)
		}
		out.Connections = append(out.Connections, checked)
	}
	switch {
	case len(failed) == 0:
		return out, nil
	case len(all) == 1:
		return out, first
	}
	return out, &state.Error{Class: state.Partly, Code: "connections_fail", Args: state.Args{"connections": strings.Join(failed, ", ")}}
}

func (e *Engine) checkOne(ctx context.Context, c *Connection) service.ConnectionChecked {
	var mu sync.Mutex // of the warnings: a connector may work at several things at a time
	out := service.ConnectionChecked{Name: c.Name, Type: c.Type, Steps: []service.CheckedStep{}, Warnings: []string{},
		Address: cmp.Or(c.Options["url"], c.Options["host"], c.Options["handle"], c.Options["user"], c.Options[PathOption])}
	step := func(what string, err error) bool {
		s := service.CheckedStep{Code: what, OK: err == nil}
		if err != nil {
			out.Error = connectionError(c.Name, err)
			s.Args = out.Error.Args
		}
		out.Steps = append(out.Steps, s)
		return err == nil
	}
	conn, spec, err := e.dialWarned(ctx, c, e.svc, true, func(format string, args ...any) {
		e.env.Warn(format, args...)
		mu.Lock()
		defer mu.Unlock()
		if said := fmt.Sprintf(format, args...); !slices.Contains(out.Warnings, said) {
			out.Warnings = append(out.Warnings, said)
		}
	})
	if !step("options", err) {
		return out
	}
	defer release(conn)
	if !step("check", conn.Check(ctx)) {
		return out
	}
	if e.sendsOnly(c) {
		step("send", nil)
		return out
	}
	_, reads := conn.(connectors.Puller)
	_, writes := conn.(connectors.Pusher)
	if c.mode() != service.ModePull && !writes {
		step("write", &state.Error{Class: state.Invalid, Code: "connection_read_only", Args: state.Args{"connection": c.Name, "type": spec.Name, "mode": c.mode()}})
		return out
	}
	if reads {
		step("read", nil)
	}
	if writes && c.writable() {
		var err error
		if w, ok := conn.(connectors.WriteChecker); ok {
			err = w.CheckWrite(ctx)
		}
		step("write", err)
	}
	return out
}
