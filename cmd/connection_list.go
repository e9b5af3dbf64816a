package cmd

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/cmd/internal/config"
	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/engine"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// How it stands with a connection, in a word.
const (
	standsNever    = "never"    // it was never read
	standsFailed   = "failed"   // its last sync failed
	standsRunning  = "running"  // it is being read now
	standsStopped  = "stopped"  // its last run did not come to its end
	standsApproval = "approval" // it may be written to once somebody applied a plan
	standsWaiting  = "waiting"  // writes wait
	standsSends    = "sends"    // it only sends messages
	standsOK       = "ok"
)

// sendsOnly says whether a connector sends messages, and has nothing to sync.
func sendsOnly(spec *connectors.Spec) bool { return spec.Sends != "" && len(spec.Fields) == 0 }

// modeSend is shown as the mode of a connection that only sends.
const modeSend = "send"

func standing(mode string, c service.ConnectionState) string {
	switch {
	case c.Trouble != "":
		return standsFailed
	case c.Last == nil && c.Synced.IsZero():
		return standsNever
	case c.Last == nil:
	case c.Last.State == state.RunRunning:
		return standsRunning
	case c.Last.State == service.RunStopped || c.Last.State == state.RunInterrupted:
		return standsStopped
	}
	switch {
	case mode != "" && mode != service.ModePull && c.Approved.IsZero():
		return standsApproval
	case c.Waiting > 0 || c.Writes > 0:
		return standsWaiting
	}
	return standsOK
}

// listedConnection is a connection as "connection list" shows it.
type listedConnection struct {
	Name     string            `json:"name"`
	Type     string            `json:"type"`
	Layout   string            `json:"layout"`
	Created  time.Time         `json:"created"` // when it was first read
	LastRun  string            `json:"last_run"`
	Mailbox  string            `json:"mailbox,omitempty"`
	Owner    string            `json:"owner,omitempty"`
	Decided  string            `json:"mailbox_by,omitempty"`
	Messages *state.MailCounts `json:"messages,omitempty"`

	Configured bool      `json:"configured"`        // whether it stands in kept.yaml and is synced
	Mode       string    `json:"mode,omitempty"`    // of a configured one
	Address    string    `json:"address,omitempty"` // what people know it by: its url, host or account
	State      string    `json:"state,omitempty"`   // of a configured one: never, failed, running, stopped, approval, waiting, ok
	Synced     time.Time `json:"synced,omitzero"`   // when a sync last came to its end there, to some minutes
	Plan       string    `json:"plan,omitempty"`    // an open plan with writes there
	Waiting    int       `json:"waiting,omitempty"` // writes that were decided and are not confirmed
}

func newConnectionList(f *factory) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "what is connected or was imported from: mode, last sync, what waits",
		Long: "What is connected, with its mode, its last sync and what waits there; and what was only imported\n" +
			"from, with who reads which mailbox.",
		Example: examples("connection list", "connection list --output json"),
		Args:    arguments(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			all, err := f.connectionList(c.Context())
			if err != nil {
				return err
			}
			p := f.printer()
			var rows []bot.Row
			for _, x := range all {
				said := mailboxWords(service.Connection{Mailbox: x.Mailbox, Owner: x.Owner})
				last := ""
				switch {
				case x.Configured:
					said = joined(", ", x.Mode, said)
					last = standsWords(p, x)
				default:
					last = joined(", ", "imported since "+p.Day(x.Created), lastImport(x.LastRun))
				}
				rows = append(rows, row(x.Name, typed(x.Name), plain(x.Type), plain(said), dim(x.Address), plain(last)))
			}
			s := newSheet("", all).table("", 4, rows)
			if len(rows) == 0 {
				s.lines("", "No connection yet. Begin with: "+p.Command("connection add TYPE NAME")+", or: "+p.Command("import FILE"))
			}
			return f.show(s.card)
		},
	}
}

// connectionList puts what kept.yaml says and what the state knows together, by name.
func (f *factory) connectionList(ctx context.Context) ([]listedConnection, error) {
	s, err := f.settings()
	if err != nil {
		return nil, err
	}
	synced := s.synced()
	known, states, err := f.knownConnections(ctx, synced)
	if err != nil {
		return nil, err
	}
	all := []listedConnection{}
	for _, c := range known {
		all = append(all, listedConnection{Name: c.Name, Type: c.Type, Layout: c.Layout, Created: c.Created, LastRun: c.LastRun,
			Mailbox: c.Mailbox, Owner: c.Owner, Decided: c.Decided, Messages: c.Messages})
	}
	for _, c := range synced {
		i := slices.IndexFunc(all, func(x listedConnection) bool { return x.Name == c.Name })
		if i < 0 {
			all = append(all, listedConnection{Name: c.Name, Type: c.Type, Mailbox: s.file.Connections[c.Name].Mailbox, Owner: s.file.Connections[c.Name].Owner})
			i = len(all) - 1
		}
		x, stands := &all[i], states[c.Name]
		x.Configured, x.Mode, x.Address = true, cmp.Or(c.Mode, service.ModePull), address(c.Options)
		x.State, x.Plan, x.Waiting = standing(x.Mode, stands), stands.Plan, stands.Waiting
		if f.sends(c.Type) {
			x.Mode, x.State = modeSend, standsSends
		}
		x.Synced = stands.Synced
		if x.Synced.IsZero() && stands.Last != nil {
			x.Synced = stands.Last.Started
		}
	}
	slices.SortFunc(all, func(a, b listedConnection) int { return cmp.Compare(a.Name, b.Name) })
	return all, nil
}

// knownConnections asks the state, where there is one.
func (f *factory) knownConnections(ctx context.Context, synced []engine.Connection) ([]service.Connection, map[string]service.ConnectionState, error) {
	states := map[string]service.ConnectionState{}
	api, err := f.api(ctx, asking)
	if state.IsCode(err, "no_state") && len(synced) > 0 {
		return nil, states, nil
	}
	if err != nil {
		return nil, nil, err
	}
	known, err := api.ConnectionList(ctx, service.ConnectionListIn{})
	if err != nil || len(synced) == 0 {
		return known.Connections, states, err
	}
	var in service.ConnectionStateIn
	for _, c := range synced {
		in.Connections = append(in.Connections, c.Name)
	}
	out, err := api.ConnectionState(ctx, in)
	for _, c := range out.Connections {
		states[c.Name] = c
	}
	return known.Connections, states, err
}

// address is what people know a connection by.
func address(options map[string]string) string {
	return cmp.Or(options["url"], options["host"], options["handle"], options["user"], options[engine.PathOption])
}

func lastImport(run string) string {
	if run == "" {
		return ""
	}
	return "last import " + run
}

// standsWords says how it stands with a connection that is synced.
func standsWords(p *text.Printer, x listedConnection) string {
	synced := ""
	if !x.Synced.IsZero() {
		synced = "synced " + p.Moment(x.Synced)
	}
	switch x.State {
	case standsSends:
		return "sends messages"
	case standsNever:
		return "never synced"
	case standsFailed:
		return joined(", ", "the last sync failed", synced)
	case standsRunning:
		return "is syncing"
	case standsStopped:
		return synced + ", did not come to its end"
	case standsApproval:
		return synced + ", writes nothing before you apply a plan"
	case standsWaiting:
		if x.Waiting > 0 {
			return synced + ", " + p.Count(int64(x.Waiting), "write waits", "writes wait")
		}
		return synced + ", plan " + x.Plan + " waits"
	}
	return synced
}

// connectionOut is a configured connection as "connection show" shows it.
type connectionOut struct {
	Name      string             `json:"name"`
	Type      string             `json:"type"`
	Mode      string             `json:"mode"`
	File      string             `json:"file"` // kept.yaml, with the line
	Address   string             `json:"address"`
	Options   []connectionOption `json:"options"`
	Owns      []string           `json:"owns"`
	Create    string             `json:"create"`
	Conflicts string             `json:"conflicts"`
	Deletes   string             `json:"deletes"`
	Guard     float64            `json:"guard"`  // share
	Optout    string             `json:"optout"` // how it holds an opt-out; "" where it is not said
	Census    string             `json:"census"` // 24h0m0s
	State     string             `json:"state"`  // as of "connection list"
	Synced    time.Time          `json:"synced,omitzero"`
	Trouble   string             `json:"trouble,omitempty"` // the code of why the last sync failed
	Last      *service.Run       `json:"last,omitempty"`    // the last that changed anything
	Approved  time.Time          `json:"approved,omitzero"`
	Plan      string             `json:"plan,omitempty"`
	Writes    int                `json:"writes"`  // of that plan there
	Waiting   int                `json:"waiting"` // writes that were decided and are not confirmed
}

// connectionOption is one of its options; of a secret the reference to it.
type connectionOption struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Secret bool   `json:"secret"`
	From   string `json:"from"` // FILE:LINE, or "default"
}

// connectionOut puts a configured connection together; stands may be nil.
func (f *factory) connectionOut(s settings, name string, stands *service.ConnectionState) connectionOut {
	c := s.file.Connections[name]
	out := connectionOut{Name: name, Type: c.Type, Mode: cmp.Or(c.Mode, service.ModePull), File: placeOf(s, name), Address: address(c.Options), Owns: c.Owns,
		Create: c.Create, Conflicts: cmp.Or(c.Conflicts, "ask"), Deletes: cmp.Or(c.Deletes, "keep"), Guard: cmp.Or(c.Guard, engine.DefaultGuard), Optout: c.Optout,
		Census: cmp.Or(c.Census, 24*time.Hour).String(), State: standsNever}
	if spec, err := f.spec(c.Type); err == nil {
		for _, o := range spec.Options {
			switch v := c.Options[o.Name]; {
			case v != "":
				out.Options = append(out.Options, connectionOption{o.Name, v, o.Secret, placeOf(s, name+".options."+o.Name)})
			case o.Default != "":
				out.Options = append(out.Options, connectionOption{o.Name, o.Default, o.Secret, "default"})
			}
		}
	}
	if stands != nil {
		out.State = standing(out.Mode, *stands)
		out.Synced, out.Trouble = stands.Synced, stands.Trouble
		out.Last, out.Approved, out.Plan, out.Writes, out.Waiting = stands.Last, stands.Approved, stands.Plan, stands.Writes, stands.Waiting
	}
	if f.sends(c.Type) {
		out.Mode, out.State = modeSend, standsSends
	}
	return out
}

func placeOf(s settings, key string) string { return fileLine(s.file.Path, s.file.Line(key)) }

func newConnectionShow(f *factory) *cobra.Command {
	return &cobra.Command{
		Use:   "show NAME",
		Short: "one connection: its settings, its last sync, and what waits",
		Long: "One connection: its settings with where each comes from, of secrets only where they are kept, its\n" +
			"last sync, whether somebody approved writes there, and what waits.",
		Example:           examples("connection show shop", "connection show shop --output json"),
		Args:              arguments(1, 1),
		ValidArgsFunction: f.completeSynced(1),
		RunE: func(c *cobra.Command, args []string) error {
			s, err := f.settings()
			if err != nil {
				return err
			}
			if err := f.configured(s, args[0]); err != nil {
				return err
			}
			var stands *service.ConnectionState
			api, err := f.api(c.Context(), asking)
			switch {
			case state.IsCode(err, "no_state"):
			case err != nil:
				return err
			default:
				out, err := api.ConnectionState(c.Context(), service.ConnectionStateIn{Connections: args[:1]})
				if err != nil {
					return err
				}
				if len(out.Connections) == 1 {
					stands = &out.Connections[0]
				}
			}
			return f.show(connectionCard(f.printer(), f.connectionOut(s, args[0], stands)))
		},
	}
}

// configured says whether kept.yaml has a connection of this name that is synced.
func (f *factory) configured(s settings, name string) error {
	if s.file.Connections[name].Type != "" {
		return nil
	}
	var names []string
	for _, c := range s.synced() {
		names = append(names, c.Name)
	}
	if len(names) == 0 {
		return fault(state.NotFound, "no_connections_configured")
	}
	return fault(state.NotFound, "no_such_connection", "connection", name, "near", config.Nearest(name, names), "connections", joined(", ", names...))
}

func connectionCard(p *text.Printer, c connectionOut) bot.Card {
	s := newSheet(c.Name+" ("+c.Type+")", c)
	var rows []bot.Row
	say := func(name, value, from string) {
		if value != "" {
			rows = append(rows, row("", typed(name), plain(value), dim(from)))
		}
	}
	say("mode", c.Mode, c.File)
	for _, o := range c.Options {
		say(o.Name, o.Value, o.From)
	}
	say("owns", joined(", ", c.Owns...), "")
	say("create", c.Create, "")
	if c.Mode != service.ModePull {
		say("conflicts", c.Conflicts, "")
		say("guard", p.Number(int64(c.Guard*100+0.5))+"%", "")
	}
	say("deletes", c.Deletes, "")
	say("optout", c.Optout, "")
	s.section(bot.Facts, "", 0, rows)
	var lines []string
	switch {
	case c.State == standsSends:
		lines = append(lines, "sends messages; there is nothing to sync")
	case c.State == standsNever:
		lines = append(lines, "never synced")
	case !c.Synced.IsZero():
		lines = append(lines, "last synced "+p.Moment(c.Synced))
	}
	if c.State == standsFailed {
		lines = append(lines, joined(": ", "the last sync failed", p.Term("trouble", c.Trouble))+"; see "+p.Command("connection check "+c.Name))
	}
	if c.Last != nil {
		lines = append(lines, "the last that changed anything, "+c.Last.Number+", "+p.Moment(c.Last.Started)+": "+outcome(p, c.Last.Counts, false))
		if c.State == standsStopped {
			lines = append(lines, "it did not come to its end; the next one goes on from there")
		}
	}
	if c.Mode != service.ModePull {
		if c.Approved.IsZero() {
			lines = append(lines, "nobody has applied a plan yet: nothing is written there before somebody does")
		} else {
			lines = append(lines, "writes there were approved "+p.Moment(c.Approved))
		}
	}
	if c.Plan != "" {
		lines = append(lines, "plan "+c.Plan+" has "+p.Count(int64(c.Writes), "write", "writes")+" there: "+p.Command("sync plan "+c.Plan))
	}
	if c.Waiting > 0 {
		lines = append(lines, p.Count(int64(c.Waiting), "write is not confirmed", "writes are not confirmed")+": the next sync finds out what became of it")
	}
	s.lines("", lines...)
	switch {
	case c.Mode == service.ModePull:
		s.foot("It is only read. Bring it in step both ways: " + p.Command("connection set "+c.Name+" mode=two-way"))
	case c.Approved.IsZero():
		s.foot("What would be written? " + p.Command("sync "+c.Name+" --dry-run"))
	}
	return s.card
}

// completeSynced completes the names of configured connections, at most this many; 0: any number.
func (f *factory) completeSynced(most int) validArgs {
	return func(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if most > 0 && len(args) >= most {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return f.syncedNames(typed, args), cobra.ShellCompDirectiveNoFileComp
	}
}
