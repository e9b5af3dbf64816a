package cmd

import (
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/state/service"
)

func newAudit(f *factory) *cobra.Command {
	in := service.AuditIn{}
	c := &cobra.Command{
		Use:   "audit [CUSTOMER]",
		Short: "who saw and changed what, newest first",
		Long: "Who saw and changed what, newest first: all, or what concerns one customer with everything that is\n" +
			"theirs. Looking at a customer (brief, history, show, who, promises, why, export) is written down,\n" +
			"being listed among the hits of find is not. Entries of looking are kept for 400 days, or as\n" +
			"readlog in kept.yaml says; what was changed is kept for good.",
		Example:           examples("audit jana", "audit --reads --since 2026-11-01", "audit --by wei --changes --limit 20"),
		GroupID:           groupCare,
		Args:              arguments(0, -1),
		ValidArgsFunction: f.completeFirst(f.customerNames, nil),
		RunE: func(c *cobra.Command, args []string) error {
			in.Ref = strings.Join(args, " ")
			if in.Limit < 0 {
				return invalid("not_a_count", "option", "limit", "value", c.Flags().Lookup("limit").Value.String())
			}
			table, err := f.api(c.Context(), asking)
			if err != nil {
				return err
			}
			out, err := table.Audit(c.Context(), in)
			if err != nil {
				return err
			}
			return f.show(auditCard(f.printer(), out))
		},
	}
	c.Flags().StringVar(&in.By, "by", "", "only what this staff member did: `NAME`, or ops")
	c.Flags().StringVar(&in.Since, "since", "", "only since this `DATE`: 2026-11-01")
	c.Flags().BoolVar(&in.Reads, "reads", false, "only who looked")
	c.Flags().BoolVar(&in.Changes, "changes", false, "only what was changed")
	c.Flags().IntVar(&in.Limit, "limit", 100, "at most `N`")
	_ = c.RegisterFlagCompletionFunc("by", f.completeFlag(f.staffNames))
	_ = c.RegisterFlagCompletionFunc("since", cobra.NoFileCompletions)
	_ = c.RegisterFlagCompletionFunc("limit", cobra.NoFileCompletions)
	return c
}

func auditCard(p *text.Printer, out service.AuditOut) bot.Card {
	s := newSheet("", out)
	if len(out.Entries) == 0 {
		return s.lines("", p.T("audit.nothing")).card
	}
	var rows []bot.Row
	for _, e := range out.Entries {
		rows = append(rows, row("", dim(p.Moment(e.At)), plain(e.Actor), plain(did(p, e)), plain(whom(e)), dim(joined(", ", beside(e), from(e)))))
	}
	s.table("", 3, rows)
	if out.More {
		s.foot(p.T("audit.more"))
	}
	return s.card
}

// did says what was done in two or three words.
func did(p *text.Printer, e service.AuditEntry) string {
	for _, key := range []string{"did." + e.Kind + "." + e.What, "did." + e.What} {
		if text.Has(key) {
			return p.T(key)
		}
	}
	return e.What
}

func whom(e service.AuditEntry) string {
	var out []string
	for _, c := range e.Customers {
		out = append(out, joined(" ", c.Number, c.Name))
	}
	return strings.Join(out, ", ")
}

// from says where it was asked or done: the account in a chat, else terminal or socket.
func from(e service.AuditEntry) string {
	if system, account, ok := strings.Cut(e.Chat, ":"); ok {
		return system + " " + strings.TrimPrefix(account, ":")
	}
	return e.From
}

// beside gives the arguments of a change, and how much it touched.
func beside(e service.AuditEntry) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(e.Args)) {
		if v := e.Args[k]; v != "" && k != "customer" {
			out = append(out, k+" "+v)
		}
	}
	return strings.Join(out, ", ")
}
