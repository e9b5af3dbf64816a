package cmd

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/state/service"
)

func newStaff(f *factory) *cobra.Command {
	c := &cobra.Command{
		Use:     "staff",
		Short:   "who we are: add, list, show; away and left",
		Example: examples("staff add \"Ana Lima\" --login ana --email ana@nordlicht.example", "staff list", "staff away wei --until friday"),
		GroupID: groupWho,
		Args:    cobra.ArbitraryArgs,
		RunE:    f.group,
	}
	c.AddCommand(newStaffAdd(f), newStaffList(f), newStaffShow(f), newStaffAway(f), newStaffLeave(f), newStaffDigest(f))
	return c
}

func newStaffAdd(f *factory) *cobra.Command {
	in := service.StaffAddIn{}
	c := &cobra.Command{
		Use:   "add NAME",
		Short: "add one of us, or change what is known of them",
		Long: "Add one of us, or with the number or login of somebody who is there change what is given. Who\n" +
			"types at the terminal is the staff member with that operating-system login; nobody has it: ops.",
		Example: examples("staff add \"Ana Lima\" --login ana --email ana@nordlicht.example --zone Europe/Lisbon",
			"staff add 王伟 --login wei --language zh --deputy ana", "staff add s2 --role manager"),
		Args: arguments(1, -1),
		RunE: func(c *cobra.Command, args []string) error {
			in.Name = strings.Join(args, " ")
			// The zone in which somebody works is theirs, not the reader's of this answer.
			if fl := c.InheritedFlags().Lookup("zone"); fl != nil && fl.Changed {
				in.Zone = f.flags.zone
			}
			api, err := f.api(c.Context(), adding)
			if err != nil {
				return err
			}
			out, err := api.StaffAdd(c.Context(), in)
			if err != nil {
				return err
			}
			return f.show(staffCard(f.printer(), out))
		},
	}
	c.Flags().StringVar(&in.Login, "login", "", "their operating-system `LOGIN`")
	c.Flags().StringArrayVar(&in.Emails, "email", nil, "an `ADDRESS` of theirs; may stand several times")
	c.Flags().StringArrayVar(&in.Slack, "slack", nil, "their `ID` at Slack, U0123 or T0123:U0123; several times; -U0123 takes it away")
	c.Flags().StringVar(&in.Role, "role", "", "their `ROLE`: rep, manager, service, ops, none")
	c.Flags().StringVar(&in.Manager, "manager", "", "`WHO` leads them")
	c.Flags().StringVar(&in.Deputy, "deputy", "", "`WHO` stands in for them")
	c.Flags().StringVar(&in.Language, "language", "", "the `LANGUAGE` that they read: en, zh")
	_ = c.RegisterFlagCompletionFunc("manager", f.completeFlag(f.staffNames))
	_ = c.RegisterFlagCompletionFunc("deputy", f.completeFlag(f.staffNames))
	return c
}

func staffCard(p *text.Printer, out service.StaffOut) bot.Card {
	return newSheet("", out).table("", 1, []bot.Row{staffRow(p, out.Staff)}).card
}

func staffRow(p *text.Printer, m service.Staff) bot.Row {
	return row(m.Number, typed(m.Number), strong(m.Name), plain(m.Login), plain(m.Role), alarm(staffNow(p, m)), plain(staffWork(p, m)), alarm(staffLate(p, m)))
}

// staffNow says why somebody does not answer; a day begins in their own zone.
func staffNow(p *text.Printer, m service.Staff) string {
	switch {
	case !m.Left.IsZero() && m.Zone != "":
		return "left " + p.In(m.Zone, m.Left).Day(m.Left)
	case !m.Left.IsZero():
		return "left " + p.Day(m.Left)
	case m.AwayNow:
		return "away"
	}
	return ""
}

func staffWork(p *text.Printer, m service.Staff) string {
	work := []string{}
	if m.Owns > 0 {
		work = append(work, p.Count(int64(m.Owns), "customer", "customers"))
	}
	if m.Open > 0 {
		work = append(work, p.Count(int64(m.Open), "open promise", "open promises"))
	}
	return strings.Join(work, ", ")
}

func staffLate(p *text.Printer, m service.Staff) string {
	if m.Late == 0 {
		return ""
	}
	return p.Number(int64(m.Late)) + " late"
}

func newStaffList(f *factory) *cobra.Command {
	in := service.StaffListIn{}
	c := &cobra.Command{
		Use:     "list",
		Short:   "all of us, by name",
		Example: examples("staff list", "staff list --left"),
		Args:    arguments(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			api, err := f.api(c.Context(), asking)
			if err != nil {
				return err
			}
			out, err := api.StaffList(c.Context(), in)
			if err != nil {
				return err
			}
			p := f.printer()
			var rows []bot.Row
			for _, m := range out.Staff {
				rows = append(rows, staffRow(p, m))
			}
			s := newSheet("", out).table("", 1, rows)
			if len(rows) == 0 {
				s.lines("", "Nobody yet. Begin with yourself: "+p.Command("staff add \"YOUR NAME\" --login "+shellWord(f.login())))
			}
			return f.show(s.card)
		},
	}
	c.Flags().BoolVar(&in.Left, "left", false, "also those who left")
	return c
}

func newStaffShow(f *factory) *cobra.Command {
	return &cobra.Command{
		Use:               "show NAME",
		Short:             "one of us, with everything",
		Example:           examples("staff show ana"),
		Args:              arguments(1, -1),
		ValidArgsFunction: f.completeFirst(f.staffNames, nil),
		RunE: func(c *cobra.Command, args []string) error {
			m, err := f.oneOfUs(c.Context(), strings.Join(args, " "))
			if err != nil {
				return err
			}
			p := f.printer()
			var away []string
			for _, a := range m.Away {
				away = append(away, joined(" ", a.From, "to", a.Until, a.Note))
			}
			s := newSheet(m.Number+"  "+m.Name, service.StaffOut{Staff: m})
			s.card.Aside = []string{m.Role, joined(", ", staffNow(p, m), staffWork(p, m), staffLate(p, m))}
			s.facts("", "login", m.Login, "e-mail", strings.Join(m.Emails, ", "), "slack", strings.Join(slackIDs(m.Chats), ", "), "manager", m.Manager, "deputy", m.Deputy, "zone", m.Zone,
				"language", m.Language, "in a chat sees", maySee(p, m.Sees), "away", strings.Join(away, "; "))
			return f.show(s.card)
		},
	}
}

// slackIDs are accounts as "kept staff add --slack" takes them.
func slackIDs(accounts []string) []string {
	out := make([]string, len(accounts))
	for i, a := range accounts {
		out[i] = strings.TrimPrefix(strings.TrimPrefix(a, "slack:"), ":")
	}
	return out
}

func (f *factory) oneOfUs(ctx context.Context, ref string) (service.Staff, error) {
	api, err := f.api(ctx, asking)
	if err != nil {
		return service.Staff{}, err
	}
	out, err := api.StaffList(ctx, service.StaffListIn{Ref: ref, Left: true})
	if err != nil {
		return service.Staff{}, err
	}
	return out.Staff[0], nil
}

func newStaffAway(f *factory) *cobra.Command {
	in := service.StaffAwayIn{}
	c := &cobra.Command{
		Use:   "away NAME",
		Short: "somebody is away: their deputy answers meanwhile",
		Example: examples("staff away wei --until friday", "staff away wei --from 2026-12-21 --until 2027-01-06 --note \"winter break\"",
			"staff away wei --back"),
		Args:              arguments(1, -1),
		ValidArgsFunction: f.completeFirst(f.staffNames, nil),
		RunE: func(c *cobra.Command, args []string) error {
			in.Ref = strings.Join(args, " ")
			api, err := f.api(c.Context(), asking)
			if err != nil {
				return err
			}
			out, err := api.StaffAway(c.Context(), in)
			if err != nil {
				return err
			}
			return f.show(staffCard(f.printer(), out))
		},
	}
	c.Flags().StringVar(&in.From, "from", "", "from `WHEN` (default: today)")
	c.Flags().StringVar(&in.Until, "until", "", "until and with `WHEN`")
	c.Flags().StringVar(&in.Note, "note", "", "why: `TEXT`")
	c.Flags().BoolVar(&in.Back, "back", false, "back again")
	return c
}

func newStaffLeave(f *factory) *cobra.Command {
	in := service.StaffLeaveIn{}
	c := &cobra.Command{
		Use:               "leave NAME",
		Short:             "somebody left; what they did stays theirs",
		Example:           examples("staff leave tom", "staff leave tom --on 2026-11-30"),
		Args:              arguments(1, -1),
		ValidArgsFunction: f.completeFirst(f.staffNames, nil),
		RunE: func(c *cobra.Command, args []string) error {
			in.Ref = strings.Join(args, " ")
			api, err := f.api(c.Context(), asking)
			if err != nil {
				return err
			}
			out, err := api.StaffLeave(c.Context(), in)
			if err != nil {
				return err
			}
			p := f.printer()
			card := staffCard(p, out)
			if m := out.Staff; m.Owns+m.Open > 0 {
				card.Foot = append(card.Foot, "give it to somebody: "+p.Command("handover --from "+m.Number+" --to NAME --dry-run"))
				card.Foot = append(card.Foot, "what is still theirs: "+p.Command("promises --by "+m.Number)+", "+p.Command("customer list --owner "+m.Number))
			}
			return f.show(card)
		},
	}
	c.Flags().StringVar(&in.On, "on", "", "since `WHEN` (default: today)")
	return c
}
