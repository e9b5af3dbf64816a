package cmd

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

func newCustomerForget(f *factory) *cobra.Command {
	in := service.CustomerForgetIn{}
	yes := false
	c := &cobra.Command{
		Use:   "forget CUSTOMER",
		Short: "erase a person everywhere, and keep them away",
		Long: "Erase a person everywhere: their records with all versions, orders, messages, notes, promises,\n" +
			"what they said about contact, questions, and what the logs say of them. The file is overwritten\n" +
			"where they stood. Nothing brings them back: the next import keeps nothing of them and counts it.\n\n" +
			"What stays: that somebody with this number was forgotten, and hashes of their addresses and\n" +
			"records, which nobody can read. Their refusals of contact outlive them. Backups that were made\n" +
			"before are yours to delete. On a terminal it shows what goes and asks; elsewhere say --yes.",
		Example:           examples("customer forget jana --dry-run", "customer forget c812 --yes"),
		Args:              arguments(1, -1),
		ValidArgsFunction: f.completeFirst(f.customerNames, nil),
		RunE: func(c *cobra.Command, args []string) error {
			in.Ref = strings.Join(args, " ")
			return f.forget(c.Context(), in, yes)
		},
	}
	c.Flags().BoolVar(&in.Dry, "dry-run", false, "only say what would be erased")
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return c
}

func (f *factory) forget(ctx context.Context, in service.CustomerForgetIn, yes bool) error {
	table, err := f.api(ctx, how{alone: true, work: "customer forget"})
	if err != nil {
		return err
	}
	dry := in
	dry.Dry = true
	would, err := table.CustomerForget(ctx, dry)
	if in.Dry || err != nil && !state.IsClass(err, state.NotFound) {
		if err != nil {
			return err
		}
		return f.show(f.forgetCard(would, ""))
	}
	// Somebody who is not there may be one whose forgetting was interrupted: forgetting again ends it.
	if err == nil && !yes {
		if err := f.confirm(f.printer().T("forget.ask", state.Args{"ref": would.Number, "name": would.Name, "what": f.erased(would.Erased)})); err != nil {
			return err
		}
	}
	if err == nil {
		in.Ref = would.Number
	}
	out, err := table.CustomerForget(ctx, in)
	if err != nil {
		return err
	}
	return f.show(f.forgetCard(out, would.Name))
}

func (f *factory) forgetCard(out service.CustomerForgetOut, name string) bot.Card {
	p := f.printer()
	if out.Finished {
		return newSheet(p.T("forget.finished"), out).card
	}
	code := "forget.would"
	if out.Scrubbed {
		code = "forget.done"
	}
	s := newSheet(p.T(code, state.Args{"ref": out.Number, "name": cmp.Or(name, out.Name)}), out)
	s.table("", 1, countRows(p, out.Erased))
	lines := []string{}
	if out.Refusals > 0 {
		lines = append(lines, p.T("forget.refusals", state.Args{"count": p.Number(int64(out.Refusals))}))
	}
	if out.Shared > 0 {
		lines = append(lines, p.T("forget.shared", state.Args{"count": p.Number(int64(out.Shared))}))
	}
	if out.Stays > 0 {
		lines = append(lines, p.T("forget.stays", state.Args{"count": p.Number(int64(out.Stays))}))
	}
	s.lines("", lines...)
	var copies []string
	for _, b := range out.Backups {
		if _, err := os.Stat(b.Path); err == nil {
			copies = append(copies, b.Path+"  "+p.ShortDay(b.At))
		}
	}
	copies = append(copies, f.beside()...)
	s.lines(p.T("forget.copies"), copies...)
	if out.Scrubbed {
		s.foot(p.T("forget.back", state.Args{"forgotten": out.Forgotten}))
	}
	return s.card
}

func countRows(p *text.Printer, counts map[string]int64) []bot.Row {
	var names []string
	for k, n := range counts {
		if n > 0 {
			names = append(names, k)
		}
	}
	slices.Sort(names)
	var rows []bot.Row
	for _, k := range names {
		rows = append(rows, row("", plain(p.Number(counts[k])), plain(p.T("erased."+k))))
	}
	return rows
}

// erased says the counts in one line.
func (f *factory) erased(counts map[string]int64) string {
	var parts []string
	for _, r := range countRows(f.printer(), counts) {
		parts = append(parts, r.Cells[0].Text+" "+r.Cells[1].Text)
	}
	return strings.Join(parts, ", ")
}

// beside lists files next to the state that are older copies of it: what a restore or a repair left.
func (f *factory) beside() []string {
	s, err := f.settings()
	if err != nil {
		return nil
	}
	found, _ := filepath.Glob(s.state + ".*") // only a pattern can be wrong: then there is none
	var out []string
	for _, path := range found {
		info, err := os.Lstat(path)
		name := strings.TrimPrefix(path, s.state)
		if err == nil && info.Mode().IsRegular() && (name == ".before-restore" || strings.HasPrefix(name, ".damaged-") ||
			strings.HasPrefix(name, ".compact-") || strings.HasPrefix(name, ".restoring-") || strings.HasPrefix(name, ".salvag")) {
			out = append(out, path)
		}
	}
	return out
}

func newCustomerForgotten(f *factory) *cobra.Command {
	lift := ""
	c := &cobra.Command{
		Use:   "forgotten",
		Short: "who was forgotten when, by number; let somebody come back",
		Long: "Who was forgotten when, and by whom: numbers, nobody's name. With --lift somebody may come back:\n" +
			"what is told of them from then on is kept again. What was erased is gone, and their refusals of\n" +
			"contact hold until they are taken back with kept optout remove.",
		Example: examples("customer forgotten", "customer forgotten --lift jana@example.com", "customer forgotten --lift f3"),
		Args:    arguments(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			if c.Flags().Changed("lift") {
				table, err := f.api(c.Context(), adding)
				if err != nil {
					return err
				}
				out, err := table.ForgottenLift(c.Context(), service.ForgottenLiftIn{Ref: lift})
				if err != nil {
					return err
				}
				return f.show(forgottenSheet(f.printer(), f.printer().T("forgotten.lifted"), out.Forgotten, out).card)
			}
			table, err := f.api(c.Context(), asking)
			if err != nil {
				return err
			}
			out, err := table.ForgottenList(c.Context(), service.ForgottenListIn{})
			if err != nil {
				return err
			}
			title := ""
			if len(out.Forgotten) == 0 {
				title = f.printer().T("forgotten.nobody")
			}
			return f.show(forgottenSheet(f.printer(), title, out.Forgotten, out).card)
		},
	}
	c.Flags().StringVar(&lift, "lift", "", "let somebody come back: an `ADDRESS` that was theirs, or a number as f3")
	return c
}

func forgottenSheet(p *text.Printer, title string, list []service.Forgotten, data any) *sheet {
	s := newSheet(title, data)
	var rows []bot.Row
	for _, g := range list {
		lifted := ""
		if !g.Lifted.IsZero() {
			lifted = p.T("forgotten.since", state.Args{"day": p.ShortDay(g.Lifted), "by": g.LiftedBy})
		}
		rows = append(rows, row(g.Number, typed(g.Number), plain(g.Customer), plain(p.ShortDay(g.At)), plain(g.By),
			dim(p.T("forgotten.markers", state.Args{"count": p.Number(int64(g.Markers))})), dim(lifted)))
	}
	return s.table("", 3, rows)
}
