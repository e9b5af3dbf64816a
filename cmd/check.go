package cmd

import (
	"github.com/spf13/cobra"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

func newCheck(f *factory) *cobra.Command {
	in := service.CheckIn{}
	c := &cobra.Command{
		Use:   "check",
		Short: "look for damage in the state, and say what it affects",
		Long: "Read the whole state and look for damage: pages, values, indexes, what refers to what, and\n" +
			"customers that are not what follows from their records. Exit code 3 where there is any.\n" +
			"With --repair indexes and customers are computed again; what people and connections said\n" +
			"is never changed.",
		Example: examples("check", "check --repair"),
		GroupID: groupCare,
		Args:    arguments(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			api, err := f.api(c.Context(), how{alone: true, work: map[bool]string{false: "check", true: "check --repair"}[in.Repair]})
			if err != nil {
				return err
			}
			out, err := api.Check(c.Context(), in)
			if err != nil {
				return err
			}
			if err := f.show(checkCard(f.printer(), out)); err != nil {
				return err
			}
			for _, d := range out.Damages {
				if !d.Repaired {
					return told{&state.Error{Class: state.Findings, Code: "damage_found"}}
				}
			}
			return nil
		},
	}
	c.Flags().BoolVar(&in.Repair, "repair", false, "compute indexes and customers again")
	return c
}

// maxDamages is how many damages are listed one by one; they come in thousands where they come.
const maxDamages = 50

func checkCard(p *text.Printer, out service.CheckOut) bot.Card {
	s := newSheet("", out)
	var total int64
	for _, n := range out.Counts {
		total += n
	}
	read := p.Count(total, "document", "documents") + " read, " + p.Count(out.Counts["customer"], "customer", "customers")
	if len(out.Damages) == 0 {
		return s.lines("", read+": no damage").card
	}
	var rows []bot.Row
	repaired, open := 0, 0
	for _, d := range out.Damages {
		what := "stays"
		if d.Repaired {
			repaired++
			what = "repaired"
		} else {
			open++
		}
		if len(rows) < maxDamages {
			rows = append(rows, row("", alarm(p.Term("damage", d.Code)), plain(joined(" ", d.Collection, d.Index)), dim(d.Detail), plain(what)))
		}
	}
	s.lines("", read+": "+p.Count(int64(len(out.Damages)), "damage", "damages")+", "+p.Number(int64(repaired))+" repaired, "+p.Number(int64(open))+" left")
	s.table("", 2, rows)
	if n := len(out.Damages) - len(rows); n > 0 {
		s.lines("", "and "+p.Number(int64(n))+" more: "+p.Command("check --output jsonl"))
	}
	var affected []bot.Row
	for _, c := range out.Affected {
		affected = append(affected, refRow(c))
	}
	s.table("affected", 1, affected)
	if open > 0 {
		s.foot("Make a copy of the file first; then: "+p.Command("check --repair"), "What stays after that comes back from a backup: "+p.Command("restore FILE"))
	}
	return s.card
}
