package cmd

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/state/service"
)

func newConnectionCheck(f *factory) *cobra.Command {
	return &cobra.Command{
		Use:   "check [NAME...]",
		Short: "does it work: is everything there, does the system let us in, may we do what the mode needs",
		Long: "Ask connections whether they work, all of them or those that are named. Nothing is changed there.\n" +
			"Exit code 4 where a password, key or right is missing, 5 where a system cannot be reached, 6 where\n" +
			"some of several fail.",
		Example:           examples("connection check", "connection check shop", "connection check --output json"),
		Args:              arguments(0, -1),
		ValidArgsFunction: f.completeSynced(0),
		RunE: func(c *cobra.Command, args []string) error {
			s, err := f.settings()
			if err != nil {
				return err
			}
			for _, name := range args {
				if err := f.configured(s, name); err != nil {
					return err
				}
			}
			api, err := f.api(c.Context(), how{create: true, alone: true, work: strings.TrimSpace("connection check " + strings.Join(args, " "))})
			if err != nil {
				return err
			}
			out, err := api.ConnectionCheck(c.Context(), service.ConnectionCheckIn{Connections: args})
			if len(out.Connections) == 0 {
				return err
			}
			sheet := newSheet("", out)
			for _, x := range out.Connections {
				checkRows(sheet, f.printer(), x)
			}
			if serr := f.show(sheet.card); serr != nil {
				return serr
			}
			if err != nil && wasShown(out) {
				return told{err}
			}
			return err
		},
	}
}

// wasShown says whether a failure stands in the answer, so that it is not said twice.
func wasShown(out service.ConnectionCheckOut) bool {
	for _, c := range out.Connections {
		if c.Error != nil {
			return true
		}
	}
	return false
}

// checkRows shows what was looked at, each pass or FAIL with what to do.
func checkRows(s *sheet, p *text.Printer, c service.ConnectionChecked) {
	var rows []bot.Row
	for _, step := range c.Steps {
		mark := dim(pass)
		if !step.OK {
			mark = alarm("FAIL")
		}
		said := p.Term("checked", step.Code)
		if !step.OK {
			said = p.Error(c.Error)
		}
		for i, line := range strings.Split(said, "\n") {
			if i > 0 {
				mark = plain("")
			}
			rows = append(rows, row("", mark, plain(line)))
		}
	}
	for _, said := range c.Warnings {
		rows = append(rows, row("", strong("note"), plain(said)))
	}
	s.table(joined(" ", c.Name+" ("+c.Type+")", c.Address), 1, rows)
}
