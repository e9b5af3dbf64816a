package cmd

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/state/service"
)

// showRules tells "kept config show" which rules and segments there are.
func (s settings) showRules(show func(key, value, from string)) {
	for _, r := range s.file.Followups.Rules {
		show("rules", r.Name, fmt.Sprintf("%s:%d", s.file.Path, r.Line))
	}
	for _, x := range s.file.Followups.Segments {
		show("segments", x.Name, fmt.Sprintf("%s:%d", s.file.Path, x.Line))
	}
}

func newFollowupRules(f *factory) *cobra.Command {
	var explain string
	var dry bool
	c := &cobra.Command{
		Use:     "rules [--explain CUSTOMER] [--dry-run]",
		Short:   "which rules make follow-ups, what each makes of a customer and why, and what the next pass would do",
		Example: examples("followup rules", "followup rules --explain jana", "followup rules --dry-run"),
		Args:    arguments(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			if dry {
				return f.followupRun(c, service.FollowupRunIn{Dry: true})
			}
			api, err := f.api(c.Context(), asking)
			if err != nil {
				return err
			}
			out, err := api.RuleList(c.Context(), service.RuleListIn{Ref: explain})
			if err != nil {
				return err
			}
			return f.show(rulesCard(f.printer().In(out.Zone, out.Now), out))
		},
	}
	c.Flags().StringVar(&explain, "explain", "", "what each rule makes of a `CUSTOMER`, and why not")
	c.Flags().BoolVar(&dry, "dry-run", false, "what the next pass would do")
	_ = c.RegisterFlagCompletionFunc("explain", f.completeFlag(f.customerNames))
	return c
}

func newFollowupRun(f *factory) *cobra.Command {
	in := service.FollowupRunIn{}
	c := &cobra.Command{
		Use:     "run [--dry-run]",
		Short:   "apply the rules once, where nothing does so by itself",
		Example: examples("followup run", "followup run --dry-run"),
		Args:    arguments(0, 0),
		RunE:    func(c *cobra.Command, _ []string) error { return f.followupRun(c, in) },
	}
	c.Flags().BoolVar(&in.Dry, "dry-run", false, "tell what it would do, and do nothing")
	return c
}

func (f *factory) followupRun(c *cobra.Command, in service.FollowupRunIn) error {
	mode := how{alone: true, work: "followup run", dry: in.Dry}
	api, err := f.api(c.Context(), mode)
	if err != nil {
		return err
	}
	out, err := api.FollowupRun(c.Context(), in)
	if err != nil {
		return err
	}
	return f.show(runCard(f.printer().In(out.Zone, out.Now), out))
}

// runCard says what a pass did, and in one line what waits.
func runCard(p *text.Printer, out service.FollowupRunOut) bot.Card {
	if out.Rules == 0 {
		return newSheet(p.T("rules.none"), out).lines("", p.T("rules.how")).card
	}
	did := "rules.did"
	if out.Dry {
		did = "rules.would"
	}
	s := newSheet(p.T(did, stateArgs("n", strconv.Itoa(out.Total), "looked", strconv.Itoa(out.Looked))), out)
	var rows []bot.Row
	for _, x := range out.Made {
		who := x.For
		if who == "" {
			who = p.T("followups.anybody")
		}
		rows = append(rows, row(x.Number, typed(x.Number), plain(who), strong(x.CustomerName), plain(p.FollowupWhy(x.Why, x.Args, x.Text)), dim(x.Rule)))
	}
	s.table("", 3, rows)
	if out.Settled > 0 {
		s.foot(p.T("rules.settled", stateArgs("n", strconv.Itoa(out.Settled))))
	}
	if out.Escalated > 0 {
		s.foot(p.T("rules.escalated", stateArgs("n", strconv.Itoa(out.Escalated))))
	}
	if out.Messages > 0 {
		s.foot(p.T("rules.messages", stateArgs("n", strconv.Itoa(out.Messages))))
	}
	if line := waitingLine(p, out.Waiting); line != "" {
		s.foot(line)
	}
	return s.card
}

func waitingLine(p *text.Printer, waiting map[string]int) string {
	all := 0
	var names []string
	for _, name := range sortedKeys(waiting) {
		all += waiting[name]
		if name == "" {
			name = p.T("followups.anybody")
		}
		names = append(names, name)
	}
	if all == 0 {
		return ""
	}
	return p.T("rules.waiting", stateArgs("n", strconv.Itoa(all), "names", strings.Join(names, p.T("card.comma"))))
}

func rulesCard(p *text.Printer, out service.RuleListOut) bot.Card {
	if len(out.Rules) == 0 {
		return newSheet(p.T("rules.none"), out).lines("", p.T("rules.how")).card
	}
	title := p.T("rules.title", stateArgs("n", strconv.Itoa(len(out.Rules))))
	if out.Customer != nil {
		title = out.Customer.Number + " " + out.Customer.Name
	}
	s := newSheet(title, out)
	if out.Customer == nil {
		var rows []bot.Row
		for _, r := range out.Rules {
			rows = append(rows, row(r.Name, strong(r.Name), plain(p.T("rules.when."+r.When)), plain(r.Condition), dim(p.T("rules.count", stateArgs("open", strconv.Itoa(r.Open), "made", strconv.Itoa(r.Made))))))
		}
		s.table("", 2, rows)
		if out.Passed.IsZero() {
			s.foot(p.T("rules.never"))
		} else {
			s.foot(p.T("rules.passed", stateArgs("at", p.Moment(out.Passed))))
		}
		return s.card
	}
	for _, r := range out.Rules {
		s.table(r.Name, 2, occasionRows(p, r))
		if len(r.Occasions) == 0 {
			s.lines(r.Name, p.T("rules.nothing."+r.When))
		}
	}
	return s.card
}

func occasionRows(p *text.Printer, r service.Rule) []bot.Row {
	var rows []bot.Row
	for _, o := range r.Occasions {
		rows = append(rows, row(o.Followup, plain(p.Moment(o.At)), plain(p.T("rules.state."+o.State)), plain(p.FollowupWhy(o.Why, o.Args, "")), typed(o.Followup)))
		for _, part := range o.Parts {
			var saw []string
			for _, v := range part.Values {
				saw = append(saw, v.Name+" = "+v.Value)
			}
			holds := "rules.holds"
			if !part.Holds {
				holds = "rules.fails"
			}
			rows = append(rows, row("", plain(""), dim(p.T(holds)), plain(part.Source), dim(strings.Join(saw, ", "))))
		}
	}
	return rows
}

func newSegment(f *factory) *cobra.Command {
	c := &cobra.Command{
		Use: "segment", Short: "the customers for whom a saved condition holds", GroupID: groupWho,
		Example: examples("segment list", "segment show quiet-wholesale", "segment diff quiet-wholesale --save"),
		Args:    cobra.ArbitraryArgs, RunE: f.group,
	}
	c.AddCommand(newSegmentList(f), newSegmentShow(f), newSegmentDiff(f))
	return c
}

func newSegmentList(f *factory) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "the segments of kept.yaml, with how many customers are in each", Example: examples("segment list"), Args: arguments(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			api, err := f.api(c.Context(), asking)
			if err != nil {
				return err
			}
			out, err := api.SegmentList(c.Context(), service.SegmentListIn{})
			if err != nil {
				return err
			}
			p := f.printer()
			var rows []bot.Row
			for _, x := range out.Segments {
				rows = append(rows, row(x.Name, strong(x.Name), plain(p.Count(int64(x.Count), "customer", "customers")), plain(x.Condition), dim(savedOn(p, x))))
			}
			s := newSheet(p.Count(int64(len(out.Segments)), "segment", "segments"), out).table("", 2, rows)
			if len(rows) == 0 {
				s.card.Title = "There are no segments. Name one under segments: in kept.yaml."
			}
			return f.show(s.card)
		},
	}
}

func savedOn(p *text.Printer, x service.Segment) string {
	if x.Saved.IsZero() {
		return ""
	}
	return "saved " + p.Day(x.Saved)
}

func newSegmentShow(f *factory) *cobra.Command {
	in := service.SegmentShowIn{}
	c := &cobra.Command{
		Use: "show NAME", Short: "who is in a segment", Example: examples("segment show quiet-wholesale", "segment show quiet-wholesale --output ids"),
		Args: arguments(1, 1), ValidArgsFunction: f.completeFirst(f.segmentNames, nil),
		RunE: func(c *cobra.Command, args []string) error {
			in.Name = args[0]
			api, err := f.api(c.Context(), asking)
			if err != nil {
				return err
			}
			out, err := api.SegmentShow(c.Context(), in)
			if err != nil {
				return err
			}
			p := f.printer()
			var rows []bot.Row
			for _, x := range out.Customers {
				rows = append(rows, row(x.Number, typed(x.Number), strong(x.Name), plain(x.Owner), dim(strings.Join(x.Tags, ", "))))
			}
			s := newSheet(out.Segment.Name+": "+p.Count(int64(out.Segment.Count), "customer", "customers"), out).table("", 1, rows)
			s.foot(out.Segment.Condition)
			return f.show(s.card)
		},
	}
	c.Flags().IntVar(&in.Limit, "limit", 0, "at most `N` of them")
	return c
}

func newSegmentDiff(f *factory) *cobra.Command {
	in := service.SegmentDiffIn{}
	var since string
	c := &cobra.Command{
		Use: "diff NAME", Short: "who came into a segment and who went out since it was saved",
		Example: examples("segment diff quiet-wholesale --save", "segment diff quiet-wholesale --since 2026-11-01"),
		Args:    arguments(1, 1), ValidArgsFunction: f.completeFirst(f.segmentNames, nil),
		RunE: func(c *cobra.Command, args []string) error {
			in.Name = args[0]
			if since != "" {
				s, err := f.settings()
				if err != nil {
					return err
				}
				loc, err := time.LoadLocation(s.zone)
				if err != nil {
					return err
				}
				day, err := time.ParseInLocation(time.DateOnly, since, loc)
				if err != nil {
					return invalid("not_a_date", "value", since)
				}
				in.Since = day.AddDate(0, 0, 1).Add(-time.Second)
			}
			api, err := f.api(c.Context(), asking)
			if err != nil {
				return err
			}
			out, err := api.SegmentDiff(c.Context(), in)
			if err != nil {
				return err
			}
			p := f.printer()
			came, went := 0, 0
			var rows []bot.Row
			for _, x := range out.Changes {
				if x.Change == "in" {
					came++
				} else {
					went++
				}
				rows = append(rows, row(x.Customer.Number, plain(x.Change), typed(x.Customer.Number), strong(x.Customer.Name)))
			}
			title := fmt.Sprintf("%s: %d came in, %d went out since %s", out.Segment.Name, came, went, p.Day(out.Since))
			if out.Since.IsZero() {
				title = fmt.Sprintf("%s: %s; nothing was saved to compare with.", out.Segment.Name, p.Count(int64(out.Segment.Count), "customer", "customers"))
			}
			s := newSheet(title, out).table("", 2, rows)
			if out.Saved {
				s.foot("saved: the next " + p.Command("segment diff "+out.Segment.Name) + " compares with this")
			} else if out.Since.IsZero() {
				s.foot("keep who is in it: " + p.Command("segment diff "+out.Segment.Name+" --save"))
			}
			return f.show(s.card)
		},
	}
	c.Flags().StringVar(&since, "since", "", "compare with what was saved by this `DATE`")
	c.Flags().BoolVar(&in.Save, "save", false, "keep who is in it now")
	return c
}

func (f *factory) segmentNames(ctx context.Context, _ service.API, typed string) []string {
	s, err := f.settings()
	if err != nil {
		return nil
	}
	var names []string
	for _, x := range s.file.Followups.Segments {
		if strings.HasPrefix(x.Name, typed) {
			names = append(names, x.Name+"\t"+x.If.Source)
		}
	}
	return names
}
