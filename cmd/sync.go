package cmd

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

func newSync(f *factory) *cobra.Command {
	in := service.SyncIn{}
	c := &cobra.Command{
		Use:   "sync [NAME...]",
		Short: "bring what is connected in step; a dry run shows each write before it is made",
		Long: "Bring connections in step, all of them or those that are named: read what changed at each, find out\n" +
			"what follows, and write it where a connection is set to two-way. Before anything is written to a\n" +
			"connection for the first time, somebody has to apply a plan: --dry-run makes one and changes nothing,\n" +
			"--apply does exactly that one, or refuses it where something has changed meanwhile. What nobody can\n" +
			"decide becomes a question. Run it as often as you like, also from cron: a second run changes nothing.\n" +
			"Exit code 4 where a password, key or right is missing, 5 where a system cannot be reached, 6 where\n" +
			"some of several failed, 7 where a guard refused, 130 where it was stopped; the next one goes on.",
		Example: examples(
			"sync --dry-run                # what would be written, and where; nothing is changed",
			"sync --apply 5f3c",
			"sync",
			"sync shop book",
			"sync plans"),
		GroupID:           groupData,
		Args:              arguments(0, -1),
		ValidArgsFunction: f.completeSynced(0),
		RunE: func(c *cobra.Command, args []string) error {
			in.Connections = args
			if c.Flags().Changed("apply") && in.Apply == "" {
				// A script's variable that is empty must not become a sync of everything.
				return invalid("flag_needs_value", "flag", "--apply", "help", c.CommandPath()+" --help")
			}
			return f.runSync(c.Context(), in)
		},
	}
	c.Flags().BoolVar(&in.Dry, "dry-run", false, "make a plan, keep it under an ID, and change nothing else")
	c.Flags().StringVar(&in.Apply, "apply", "", "do exactly the plan `ID`, or refuse it as stale")
	c.Flags().BoolVar(&in.Full, "full", false, "read everything anew, and look for what is gone")
	c.Flags().BoolVar(&in.AcceptGone, "accept-gone", false, "take as gone what is gone, however much it is: somebody did empty the system")
	c.Flags().BoolVar(&in.Moved, "moved", false, "the address of a connection was changed and it is the same system: read it from its start, and let a plan be applied anew")
	_ = c.RegisterFlagCompletionFunc("apply", f.completeFlag(f.openPlans))
	c.AddCommand(newSyncPlans(f), newSyncPlan(f))
	return c
}

func (f *factory) runSync(ctx context.Context, in service.SyncIn) error {
	switch {
	case in.Apply != "" && in.Dry:
		return invalid("options_exclude", "a", "apply", "b", "dry-run")
	case in.Apply != "" && in.Moved:
		return invalid("options_exclude", "a", "apply", "b", "moved")
	case in.Apply != "" && len(in.Connections) > 0:
		return invalid("sync_apply_names", "plan", in.Apply)
	}
	s, err := f.settings()
	if err != nil {
		return err
	}
	for _, name := range in.Connections {
		if err := f.configured(s, name); err != nil {
			return err
		}
	}
	if len(s.synced()) == 0 {
		return fault(state.NotFound, "no_connections_configured")
	}
	defer roomy()()
	bars := f.newBars()
	api, err := f.api(ctx, how{create: true, alone: true, dry: in.Dry && missing(s.state), work: strings.TrimSpace("sync " + strings.Join(in.Connections, " ")), tell: bars.tell})
	if err != nil {
		return err
	}
	out, err := api.Sync(ctx, in)
	bars.done()
	if len(out.Connections) == 0 && err != nil {
		return err
	}
	if serr := f.show(syncCard(f.printer(), out, state.AsError(err))); serr != nil {
		return serr
	}
	if saidInSync(out, err) {
		return told{err}
	}
	return err
}

// saidInSync says whether an error is that of a connection, beside which it stands in the answer.
func saidInSync(out service.SyncOut, err error) bool {
	e := state.AsError(err)
	if e == nil {
		return false
	}
	for _, c := range out.Connections {
		if c.Error != nil && c.Error.Code == e.Code {
			return true
		}
	}
	return false
}

func (f *factory) openPlans(ctx context.Context, api service.API, typed string) []string {
	out, err := api.PlanList(ctx, service.PlanListIn{})
	if err != nil {
		return nil
	}
	var names []string
	for _, plan := range out.Plans {
		if plan.State == service.PlanOpen && strings.HasPrefix(plan.ID, typed) {
			names = append(names, plan.ID+"\t"+joined(", ", f.printer().Moment(plan.Created), plan.By))
		}
	}
	return names
}

func newSyncPlans(f *factory) *cobra.Command {
	var in service.PlanListIn
	c := &cobra.Command{
		Use:     "plans",
		Short:   "the plans that dry runs made, newest first",
		Example: examples("sync plans", "sync plans --output json"),
		Args:    arguments(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			api, err := f.api(c.Context(), asking)
			if err != nil {
				return err
			}
			out, err := api.PlanList(c.Context(), in)
			if err != nil {
				return err
			}
			p := f.printer()
			var rows []bot.Row
			for _, x := range out.Plans {
				tone := dim
				if x.State == service.PlanOpen {
					tone = strong
				}
				rows = append(rows, row(x.ID, typed(x.ID), tone(p.Term("plan", x.State)), plain(p.Moment(x.Created)), dim(x.By)))
			}
			s := newSheet("", out).table("", 2, rows)
			if len(rows) == 0 {
				s.lines("", p.T("sync.plans.none"))
			}
			return f.show(s.card)
		},
	}
	c.Flags().IntVar(&in.Limit, "limit", 0, "at most `N` (default: 20)")
	return c
}

func newSyncPlan(f *factory) *cobra.Command {
	return &cobra.Command{
		Use:               "plan ID",
		Short:             "one plan, with every write",
		Example:           examples("sync plan 5f3c", "sync plan 5f3c --output jsonl"),
		Args:              arguments(1, 1),
		ValidArgsFunction: f.completeFirst(f.openPlans, nil),
		RunE: func(c *cobra.Command, args []string) error {
			api, err := f.api(c.Context(), asking)
			if err != nil {
				return err
			}
			out, err := api.PlanShow(c.Context(), service.PlanShowIn{ID: args[0]})
			if err != nil {
				return err
			}
			p := f.printer()
			s := newSheet("", out)
			planRows(s, p, p.T("sync.plan."+out.Plan.State, state.Args{"plan": out.Plan.ID, "at": p.Moment(out.Plan.Created), "by": out.Plan.By}), &out.Plan, 0)
			if len(out.Plan.Writes) == 0 {
				s.lines("", p.T("sync.no_writes"))
			} else {
				s.lines("", writesAt(p, out.Plan.Writes))
			}
			if out.Plan.State == service.PlanOpen {
				s.foot(p.T("sync.apply", state.Args{"plan": out.Plan.ID}))
			}
			return f.show(s.card)
		},
	}
}
