package cmd

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/state/service"
)

func newHold(f *factory) *cobra.Command {
	in := service.HoldIn{}
	lift := false
	c := &cobra.Command{
		Use:   "hold CUSTOMER --reason TEXT [--until DATE]",
		Short: "stop contact with a customer for a time",
		Long: "Stop contact with a customer for a time, with the reason. Without --purpose it stops marketing and\n" +
			"sales; \"all\" stops everything. A hold on an organisation counts for its people. It ends by itself\n" +
			"after --until, or with --lift.",
		Example: examples("hold jana --until 2026-12-01 --reason \"mount still broken\"", "hold jana --lift", "hold h3 --lift --reason repaired", "hold list"),
		GroupID: groupWho,
		Args:    arguments(1, -1),
		RunE: func(c *cobra.Command, args []string) error {
			in.Ref = strings.Join(args, " ")
			api, err := f.api(c.Context(), asking)
			if err != nil {
				return err
			}
			title := "hold.done"
			var out service.HoldOut
			if lift {
				title = "hold.lifted"
				out, err = api.HoldLift(c.Context(), service.HoldLiftIn{Ref: in.Ref, Note: in.Reason})
			} else {
				out, err = api.Hold(c.Context(), in)
			}
			if err != nil {
				return err
			}
			return f.show(holdCard(f.printer(), f.printer().T(title), out))
		},
		ValidArgsFunction: f.completeFirst(f.customerNames, nil),
	}
	c.Flags().StringVar(&in.Until, "until", "", "the last `DATE` or time: 2026-12-01, \"next friday\" (default: until it is lifted)")
	c.Flags().StringVar(&in.Reason, "reason", "", "why: `TEXT`")
	c.Flags().StringVar(&in.Purpose, "purpose", "", "only for `PURPOSE`: marketing, sales, service, reply, transactional, all (default: marketing and sales)")
	c.Flags().BoolVar(&lift, "lift", false, "end it")
	_ = c.RegisterFlagCompletionFunc("purpose", cobra.FixedCompletions([]string{"commercial", "marketing", "sales", "service", "reply", "transactional", "all"}, cobra.ShellCompDirectiveNoFileComp))
	c.AddCommand(newHoldList(f))
	return c
}

func newHoldList(f *factory) *cobra.Command {
	in := service.HoldListIn{}
	c := &cobra.Command{
		Use:     "list [CUSTOMER]",
		Short:   "the holds that stand, the one that ends first first",
		Example: examples("hold list", "hold list jana --all"),
		Args:    arguments(0, -1),
		RunE: func(c *cobra.Command, args []string) error {
			in.Ref = strings.Join(args, " ")
			api, err := f.api(c.Context(), asking)
			if err != nil {
				return err
			}
			out, err := api.HoldList(c.Context(), in)
			if err != nil {
				return err
			}
			title := ""
			if len(out.Holds) == 0 {
				title = f.printer().T("hold.none")
			}
			return f.show(holdCard(f.printer(), title, out))
		},
		ValidArgsFunction: f.completeFirst(f.customerNames, nil),
	}
	c.Flags().BoolVar(&in.All, "all", false, "those too that are over")
	return c
}

func holdCard(p *text.Printer, title string, out service.HoldOut) bot.Card {
	p = p.In(out.Zone, out.Now)
	s := newSheet(title, out)
	var rows []bot.Row
	for _, h := range out.Holds {
		until := p.T("hold.open")
		switch {
		case !h.Lifted.IsZero():
			until = p.T("hold.lifted_by", stateArgs("by", h.LiftedBy, "day", p.Day(h.Lifted), "note", h.Note))
		case !h.Until.IsZero():
			until = p.T("hold.until", stateArgs("day", p.Due(h.Until, h.DateOnly, out.Zone)))
		}
		rows = append(rows, row(h.Number, typed(h.Number), typed(h.Customer.Number), strong(h.Customer.Name), plain(p.Term("purpose", h.Purpose)),
			plain(until), plain("\""+h.Reason+"\""), dim(h.By)))
	}
	return s.table("", 5, rows).card
}
