package cmd

import (
	"context"
	"math"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/connectors/engine"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

func newCustomerLearn(f *factory) *cobra.Command {
	in := service.CustomerLearnIn{}
	c := &cobra.Command{
		Use:   "learn",
		Short: "recognise people by what your own contacts teach",
		Long: "Learn from all contacts, without being told who is one with whom, how frequent names, towns and\n" +
			"companies are among them and what it tells when they agree; then link every record by that. Until\n" +
			"then, and with few contacts, cautious weights hold that suit a hundred thousand people. What was\n" +
			"learnt holds until you learn again: do so when there are twice as many contacts.\n\n" +
			"With --dry-run it only says what would change; exit code 3 where anything would. It can be\n" +
			"stopped at any time and goes on when it is repeated. --default takes it back: then every record\n" +
			"stands where it would had nothing been learnt. What people said holds either way.",
		Example: examples("customer learn --dry-run", "customer learn", "customer learn --default"),
		Args:    arguments(0, 0),
		RunE:    func(c *cobra.Command, _ []string) error { return f.learn(c.Context(), in) },
	}
	c.Flags().BoolVar(&in.Dry, "dry-run", false, "only say what would change")
	c.Flags().BoolVar(&in.Default, "default", false, "forget what was learnt")
	return c
}

func (f *factory) learn(ctx context.Context, in service.CustomerLearnIn) error {
	table, err := f.api(ctx, how{alone: true, work: "customer learn"})
	if err != nil {
		return err
	}
	out, err := table.CustomerLearn(ctx, in)
	if err != nil {
		return err
	}
	if !in.Dry {
		bar := f.newBar()
		defer bar.done()
		for out.Left > 0 {
			bar.tell(ctx, engine.Progress{File: f.printer().T("learn.relinking"), Done: out.Total - out.Left, Total: out.Total})
			further, err := table.CustomerLearn(ctx, service.CustomerLearnIn{Further: true})
			if err != nil {
				return err
			}
			out.Left = further.Left
		}
		bar.done()
	}
	if err := f.show(learnCard(f.printer(), in, out)); err != nil {
		return err
	}
	if in.Dry && !out.Same {
		return told{learnWould(in)}
	}
	return nil
}

func learnWould(in service.CustomerLearnIn) *state.Error {
	command := "customer learn"
	if in.Default {
		command += " --default"
	}
	return &state.Error{Class: state.Findings, Code: "learn_would", Args: state.Args{"command": command}}
}

func learnCard(p *text.Printer, in service.CustomerLearnIn, out service.CustomerLearnOut) bot.Card {
	counts := state.Args{"contacts": p.Number(int64(out.Contacts)), "least": p.Number(int64(out.Least))}
	what := "done"
	if out.Dry {
		what = "would"
	}
	title := "learn." + what
	switch {
	case out.Same:
		title = "learn.same"
	case in.Default:
		title = "learn.default." + what
	case out.Model.Contacts == 0:
		title = "learn.few"
	}
	s := newSheet(p.T(title, counts), out)
	if out.Model.Contacts == 0 && !in.Default && title != "learn.few" {
		s.lines("", p.T("learn.few", counts))
	}
	if out.Model.Contacts > 0 {
		s.lines("", p.T("learn.chance", state.Args{"odds": p.Number(int64(math.Round(math.Exp2(-out.Model.Chance))))}))
	}
	var rows []bot.Row
	for _, l := range out.Model.Fields {
		values := ""
		if l.Values > 0 {
			values = p.T("learn.counted", state.Args{"count": p.Number(int64(l.Values))})
		}
		rows = append(rows, row("", plain(p.Term("learn.field", l.Field)),
			plain(p.T("learn.told", state.Args{"same": telling(p, l.Same), "different": telling(p, -l.Different)})), dim(values)))
	}
	s.table(p.T("learn.weights"), 1, rows)
	if out.Dry && !out.Same {
		s.lines("", p.T("learn.links", state.Args{"links": p.Number(int64(out.Links))}),
			p.T("learn.questions", state.Args{"questions": p.Number(out.Questions), "would": p.Number(out.Would)}))
		s.foot(p.T("error.learn_would", learnWould(in).Args))
	}
	if !out.Dry && out.Model.Contacts > 0 {
		s.foot(p.T("learn.back"))
	}
	return s.card
}

// telling says in words how much more, or less, something tells than without learning.
func telling(p *text.Printer, bits float64) string {
	switch {
	case bits >= 0.3:
		return p.T("learn.more", state.Args{"bits": strconv.FormatFloat(bits, 'f', 1, 64)})
	case bits <= -0.3:
		return p.T("learn.less", state.Args{"bits": strconv.FormatFloat(-bits, 'f', 1, 64)})
	}
	return p.T("learn.usual")
}
