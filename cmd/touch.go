package cmd

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/state/service"
)

func newTouch(f *factory) *cobra.Command {
	c := &cobra.Command{
		Use:   "touch",
		Short: "what was sent to whom outside of Kept: brochures, newsletters, calls",
		Long: "What was sent to whom outside of Kept. The gate knows it: nobody gets the same twice, and all teams\n" +
			"together do not send too much (kept may-contact). It stands in histories: kept history X --only touch.",
		Example: examples("touch record spring-brochure --list sent.csv --sent 2026-11-20 --team marketing", "touch list", "touch undo r12"),
		GroupID: groupWho,
		Args:    cobra.ArbitraryArgs,
		RunE:    f.group,
	}
	c.AddCommand(newTouchRecord(f), newTouchList(f), newTouchUndo(f))
	return c
}

// day reads a date, or a date and time, in the reader's zone.
func (f *factory) day(value string) (time.Time, error) {
	s, err := f.settings()
	if err != nil {
		return time.Time{}, err
	}
	loc, err := time.LoadLocation(s.zone)
	if err != nil {
		return time.Time{}, invalid("bad_zone", "value", s.zone)
	}
	return writtenAt(value, loc)
}

func newTouchRecord(f *factory) *cobra.Command {
	in := service.TouchRecordIn{}
	var list, sent string
	c := &cobra.Command{
		Use:   "record ASSET --list FILE --sent DATE",
		Short: "record what was sent, from the list that it was sent to",
		Long: "Record what was sent, from the list that it was sent to. Recording the same list again changes\n" +
			"nothing. Addresses that nobody has are kept: whoever comes with one later has it in the history.",
		Example: examples("touch record spring-brochure --list sent.csv --sent 2026-11-20 --team marketing"),
		Args:    arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			in.Asset = args[0]
			if list == "" {
				return invalid("list_missing", "option", "touch record")
			}
			if sent == "" {
				return invalid("sent_missing")
			}
			var err error
			if in.Sent, err = f.day(sent); err != nil {
				return err
			}
			return f.recordTouches(c.Context(), in, list)
		},
	}
	c.Flags().StringVar(&list, "list", "", "the table of addresses: `FILE`")
	c.Flags().StringVar(&sent, "sent", "", "when: `DATE`, or a date and time")
	c.Flags().StringVar(&in.Channel, "channel", "", "by which `CHANNEL`: email, phone, sms (default email)")
	c.Flags().StringVar(&in.Purpose, "purpose", "", "for which `PURPOSE` (default marketing)")
	c.Flags().StringVar(&in.Team, "team", "", "which `TEAM` of ours")
	c.Flags().BoolVar(&in.Dry, "dry-run", false, "only say what would be recorded")
	_ = c.RegisterFlagCompletionFunc("channel", cobra.FixedCompletions([]string{"email", "phone", "sms"}, cobra.ShellCompDirectiveNoFileComp))
	_ = c.RegisterFlagCompletionFunc("purpose", cobra.FixedCompletions([]string{"marketing", "sales", "service"}, cobra.ShellCompDirectiveNoFileComp))
	return c
}

func (f *factory) recordTouches(ctx context.Context, in service.TouchRecordIn, list string) error {
	api, err := f.api(ctx, adding)
	if err != nil {
		return err
	}
	p := f.printer()
	in.Source = filepath.Base(list)
	sum := service.TouchRecordOut{Asset: in.Asset, Sent: in.Sent, Bad: []service.BadRow{}}
	err = f.readContacts(ctx, list, func([]string) error { return nil }, func(rows []service.ContactRow, _ [][]string) error {
		in.Rows = rows
		out, err := api.TouchRecord(ctx, in)
		if err != nil {
			return err
		}
		in.Run = out.Run
		sum.Run, sum.Asset = out.Run, out.Asset
		sum.Recorded += out.Recorded
		sum.Known += out.Known
		sum.Before += out.Before
		for _, b := range out.Bad {
			sum.Bad = append(sum.Bad, b)
			f.talk(fmt.Sprintf("%s:%d: %s", in.Source, b.Line, p.T("may.unreadable", stateArgs("value", b.Value))))
		}
		return nil
	})
	if err != nil {
		return err
	}
	args := stateArgs("asset", sum.Asset, "n", strconv.Itoa(sum.Recorded), "known", strconv.Itoa(sum.Known), "before", some(sum.Before), "bad", some(len(sum.Bad)))
	key := "touch.recorded"
	if in.Dry {
		key = "touch.would"
	}
	s := newSheet(p.T(key, args), sum)
	if sum.Run != "" {
		s.foot(p.T("touch.undo", stateArgs("run", sum.Run)))
	}
	return f.show(s.card)
}

// some is a number, or nothing for none.
func some(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func newTouchList(f *factory) *cobra.Command {
	in := service.TouchListIn{}
	var since string
	c := &cobra.Command{
		Use:     "list",
		Short:   "what was sent, by whichever team, newest first",
		Example: examples("touch list", "touch list --asset spring-brochure --since 2026-01-01"),
		Args:    arguments(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			if since != "" {
				var err error
				if in.Since, err = f.day(since); err != nil {
					return err
				}
			}
			api, err := f.api(c.Context(), asking)
			if err != nil {
				return err
			}
			out, err := api.TouchList(c.Context(), in)
			if err != nil {
				return err
			}
			p := f.printer().In(out.Zone, out.Now)
			title := ""
			if len(out.Touches) == 0 {
				title = p.T("touch.none")
			}
			var rows []bot.Row
			for _, t := range out.Touches {
				rows = append(rows, row(t.Run, dim(p.Day(t.Sent)), strong(t.Asset), plain(p.Term("channel", t.Channel)), plain(p.Term("purpose", t.Purpose)),
					plain(t.Team), plain(p.Count(int64(t.Addresses), "address", "addresses")), typed(t.Run), dim(t.By)))
			}
			return f.show(newSheet(title, out).table("", 1, rows).card)
		},
	}
	c.Flags().StringVar(&in.Asset, "asset", "", "only `ASSET`")
	c.Flags().StringVar(&since, "since", "", "from `DATE` on (default: 90 days ago)")
	return c
}

func newTouchUndo(f *factory) *cobra.Command {
	return &cobra.Command{
		Use:     "undo RUN",
		Short:   "take back what one recording wrote: it was not sent after all",
		Example: examples("touch undo r12"),
		Args:    arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			api, err := f.api(c.Context(), asking)
			if err != nil {
				return err
			}
			out, err := api.TouchUndo(c.Context(), service.TouchUndoIn{Run: args[0]})
			if err != nil {
				return err
			}
			return f.show(newSheet(f.printer().T("touch.undone", stateArgs("run", out.Run, "n", strconv.Itoa(out.Removed))), out).card)
		},
	}
}
