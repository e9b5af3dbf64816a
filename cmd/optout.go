package cmd

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

func newOptout(f *factory) *cobra.Command {
	c := &cobra.Command{
		Use:   "optout",
		Short: "who may not be contacted, and why",
		Long: "Who may not be contacted, and why. A refusal outlives every import and merge; only a person\n" +
			"takes it back, with a reason.",
		Example: examples("optout add jana --channel phone --words \"please do not call\"", "optout list", "optout why jana@example.com"),
		GroupID: groupWho,
		Args:    cobra.ArbitraryArgs,
		RunE:    f.group,
	}
	c.AddCommand(newOptoutAdd(f), newOptoutList(f), newOptoutWhy(f), newOptoutRemove(f))
	return c
}

func newOptoutAdd(f *factory) *cobra.Command {
	in := service.OptoutAddIn{}
	c := &cobra.Command{
		Use:   "add CUSTOMER|ADDRESS",
		Short: "stop contact at an address, or with a customer",
		Example: examples("optout add jana@example.com", "optout add jana --channel phone --words \"please do not call\"",
			"optout add jana --purpose marketing"),
		Args:              arguments(1, -1),
		ValidArgsFunction: f.completeFirst(f.customerNames, nil),
		RunE: func(c *cobra.Command, args []string) error {
			in.Ref = strings.Join(args, " ")
			api, err := f.api(c.Context(), adding)
			if err != nil {
				return err
			}
			out, err := api.OptoutAdd(c.Context(), in)
			if err != nil {
				return err
			}
			return f.show(optoutCard(f.printer(), "Contact is stopped", in.Ref, out))
		},
	}
	contactFlags(c, &in.Channel, &in.Purpose)
	c.Flags().StringVar(&in.Words, "words", "", "what they said: `TEXT`")
	return c
}

func contactFlags(c *cobra.Command, channel, purpose *string) {
	c.Flags().StringVar(channel, "channel", "", "only by `CHANNEL`: email, phone, sms, post (default: all of the address)")
	c.Flags().StringVar(purpose, "purpose", "", "only for `PURPOSE`: marketing, sales (default: all)")
	_ = c.RegisterFlagCompletionFunc("channel", cobra.FixedCompletions([]string{"email", "phone", "sms", "post", "all"}, cobra.ShellCompDirectiveNoFileComp))
	_ = c.RegisterFlagCompletionFunc("purpose", cobra.FixedCompletions([]string{"marketing", "sales", "all"}, cobra.ShellCompDirectiveNoFileComp))
}

func optoutCard(p *text.Printer, title, ref string, out service.OptoutOut) bot.Card {
	if out.Customer != nil {
		title += ": " + out.Customer.Number + " " + out.Customer.Name
		ref = out.Customer.Number
	}
	s := newSheet(title, out).table("", 2, consentRows(p, out.Lines))
	if hint := heldHint(p, ref, out.Connections); hint != "" {
		s.foot(hint)
	}
	return s.card
}

func consentRows(p *text.Printer, lines []service.ConsentLine) []bot.Row {
	var rows []bot.Row
	for _, l := range lines {
		tone := plain
		if l.Holds && l.State != "granted" && l.State != "lifted" {
			tone = alarm
		}
		rows = append(rows, row(l.Value, typed(l.Value), plain(p.Term("channel", l.Channel)), tone(consentLine(p, l))))
	}
	return rows
}

// refusalSheet has one line for each refusal, under what or who told it: whose address it is, what
// is refused, since when. The words that were said are told by "optout why".
func refusalSheet(p *text.Printer, out service.OptoutListOut) *sheet {
	s := newSheet(refusalCount(p, out.Lines), out)
	var sources []string
	told := map[string][]bot.Row{}
	for _, l := range out.Lines {
		from := "from " + l.Connection
		if l.Connection == "" {
			from = "noted by " + l.By
		}
		if told[from] == nil {
			sources = append(sources, from)
		}
		var who service.CustomerRef
		if l.Customer != nil {
			who = *l.Customer
		}
		name := who.Name
		if strings.HasPrefix(l.Value, strings.TrimRight(name, "…")) { // a customer who has no other name
			name = ""
		}
		at := l.At
		if at.IsZero() {
			at = l.Noted
		}
		told[from] = append(told[from], row(l.Value, typed(who.Number), strong(name), plain(l.Value), alarm(refused(p, l)), dim(p.ShortDay(at))))
	}
	for i, from := range sources {
		s.table(from, 2, told[from])
		s.card.Sections[i].Continues = i > 0
	}
	return s
}

// refusalCount keeps those who refused apart from those who were only never asked.
func refusalCount(p *text.Printer, lines []service.ConsentLine) string {
	silent := 0
	for _, l := range lines {
		if l.State == state.ConsentWithheld {
			silent++
		}
	}
	said := p.Count(int64(len(lines)-silent), "refusal", "refusals")
	if silent > 0 {
		said += ", " + p.Count(int64(silent), "address", "addresses") + " that never agreed to marketing"
	}
	return said
}

// refused says in two or three words what somebody refuses.
func refused(p *text.Printer, l service.ConsentLine) string {
	key := "refusal." + l.State
	if l.State == state.ConsentOptedOut {
		key = "refusal." + l.Purpose + "." + l.Channel
	}
	if !text.Has(key) {
		return p.T("consent."+l.State, stateArgs("purpose", l.Purpose))
	}
	return p.T(key)
}

// consentLine says what was said, in whose words, when, and how we know.
func consentLine(p *text.Printer, l service.ConsentLine) string {
	said := p.T("consent."+l.State, stateArgs("purpose", l.Purpose))
	if l.Words != "" {
		said += ": \"" + l.Words + "\""
	}
	when := p.Day(l.At)
	if l.At.IsZero() {
		when = "noted " + p.Day(l.Noted)
	}
	source := l.By
	if l.Connection != "" {
		source = joined(" ", l.Connection, l.Run)
	}
	return joined(", ", said, when, source)
}

func newOptoutList(f *factory) *cobra.Command {
	in := service.OptoutListIn{}
	c := &cobra.Command{
		Use:     "list",
		Short:   "everybody who refuses contact, newest first",
		Example: examples("optout list", "optout list --all", "optout list --output csv > do-not-contact.csv"),
		Args:    arguments(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			api, err := f.api(c.Context(), asking)
			if err != nil {
				return err
			}
			out, err := api.OptoutList(c.Context(), in)
			if err != nil {
				return err
			}
			p := f.printer()
			s := refusalSheet(p, out)
			if len(out.Lines) == 0 {
				s.card.Title = "Nobody refuses contact."
			} else {
				s.foot("who said so, and in which words: " + p.Command("optout why "+shellWord(out.Lines[0].Value)))
			}
			if out.Withheld > 0 && !in.All {
				s.foot(p.Count(int64(out.Withheld), "more never agreed to marketing", "more never agreed to marketing") + ": " + p.Command("optout list --all"))
			}
			return f.show(s.card)
		},
	}
	c.Flags().BoolVar(&in.All, "all", false, "also those who only never agreed")
	return c
}

func newOptoutWhy(f *factory) *cobra.Command {
	return &cobra.Command{
		Use:               "why CUSTOMER|ADDRESS",
		Short:             "everything that was said about contact with somebody, and what follows",
		Example:           examples("optout why jana", "optout why jana@example.com"),
		Args:              arguments(1, -1),
		ValidArgsFunction: f.completeFirst(f.customerNames, nil),
		RunE: func(c *cobra.Command, args []string) error {
			api, err := f.api(c.Context(), asking)
			if err != nil {
				return err
			}
			out, err := api.OptoutWhy(c.Context(), service.OptoutWhyIn{Ref: strings.Join(args, " ")})
			if err != nil {
				return err
			}
			p := f.printer()
			title := out.Ref
			if out.Customer != nil {
				title = out.Customer.Number + "  " + out.Customer.Name
			}
			s := newSheet(title, out).table("what holds", 2, consentRows(p, out.Holds)).
				table("all that was said, oldest first", 2, consentRows(p, out.Said)).
				lines(p.T("optout.at"), heldLines(p, out.Connections)...)
			if len(out.Said) == 0 {
				s.lines("", "Nothing was ever said about contact.")
			}
			return f.show(s.card)
		},
	}
}

func newOptoutRemove(f *factory) *cobra.Command {
	in := service.OptoutRemoveIn{}
	c := &cobra.Command{
		Use:               "remove CUSTOMER|ADDRESS --reason TEXT",
		Short:             "take a refusal back, with a reason that stays in the log",
		Example:           examples("optout remove jana@example.com --reason \"asked by mail of 3 Nov to hear from us again\""),
		Args:              arguments(1, -1),
		ValidArgsFunction: f.completeFirst(f.customerNames, nil),
		RunE: func(c *cobra.Command, args []string) error {
			in.Ref = strings.Join(args, " ")
			api, err := f.api(c.Context(), asking)
			if err != nil {
				return err
			}
			out, err := api.OptoutRemove(c.Context(), in)
			if err != nil {
				return err
			}
			return f.show(optoutCard(f.printer(), "Contact is allowed again", in.Ref, out))
		},
	}
	contactFlags(c, &in.Channel, &in.Purpose)
	c.Flags().StringVar(&in.Reason, "reason", "", "why: `TEXT`")
	return c
}
