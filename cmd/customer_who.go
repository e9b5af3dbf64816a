package cmd

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/state/service"
)

// This file has the commands about who is who: merge, unmerge, keep-apart, why.

func newCustomerMerge(f *factory) *cobra.Command {
	in := service.MergeIn{}
	c := &cobra.Command{
		Use:   "merge A B",
		Short: "say that two customers are one; A keeps its number",
		Long: "Say that two customers are one; A keeps its number, and B's leads there. Nothing is sent to\n" +
			"anybody, nothing is lost, and kept customer unmerge takes it back whatever happened since.",
		Example:           examples("customer merge c812 c40 --dry-run", "customer merge c812 c40 --note \"same desk\""),
		Args:              arguments(2, 2),
		ValidArgsFunction: f.completeFirst(f.customerNames, f.customerNames),
		RunE: func(c *cobra.Command, args []string) error {
			in.A, in.B = args[0], args[1]
			api, err := f.api(c.Context(), asking)
			if err != nil {
				return err
			}
			out, err := api.Merge(c.Context(), in)
			if err != nil {
				return err
			}
			p := f.printer()
			s := newSheet(mergeTitle(in, out), out).table("", 4, []bot.Row{customerRow(p, out.Customer)})
			switch {
			case in.Dry:
				s.foot("Nothing has been changed. Do it: " + p.Command("customer merge "+shellWord(in.A)+" "+shellWord(in.B)))
			case out.Changed:
				s.foot("part them again: " + p.Command("customer unmerge "+out.Customer.Number))
			}
			return f.show(s.card)
		},
	}
	c.Flags().BoolVar(&in.Dry, "dry-run", false, "show what it would be; change nothing")
	c.Flags().StringVar(&in.Note, "note", "", "why: `TEXT`")
	return c
}

func mergeTitle(in service.MergeIn, out service.MergeOut) string {
	was := strings.Join(out.Was, ", ")
	switch {
	case in.Dry:
		return was + " would be one customer"
	case !out.Changed:
		return "They are one customer already"
	}
	return was + " are one customer now"
}

func newCustomerUnmerge(f *factory) *cobra.Command {
	in := service.UnmergeIn{}
	c := &cobra.Command{
		Use:   "unmerge CUSTOMER [OTHER]",
		Short: "take a merge back, or part one record from its customer",
		Example: examples("customer unmerge c812", "customer unmerge c812 c40    # where it has more than two halves",
			"customer unmerge c812 --record k55"),
		Args:              arguments(1, 2),
		ValidArgsFunction: f.completeFirst(f.customerNames, nil),
		RunE: func(c *cobra.Command, args []string) error {
			in.Ref = args[0]
			if len(args) > 1 {
				in.Other = args[1]
			}
			api, err := f.api(c.Context(), asking)
			if err != nil {
				return err
			}
			out, err := api.Unmerge(c.Context(), in)
			if err != nil {
				return err
			}
			return f.show(twoCard("They are two customers now", out, out.A, out.B))
		},
	}
	c.Flags().StringVar(&in.Record, "record", "", "part only this `RECORD`: k55, or CONNECTION/ID")
	return c
}

func newCustomerKeepApart(f *factory) *cobra.Command {
	in := service.KeepApartIn{}
	c := &cobra.Command{
		Use:   "keep-apart A B",
		Short: "say that two customers are two, for ever",
		Long: "Say that two customers are two, for ever: no import joins them and no question asks again.\n" +
			"Where they are one now they are parted.",
		Example:           examples("customer keep-apart c812 c40 --note \"father and son\""),
		Args:              arguments(2, 2),
		ValidArgsFunction: f.completeFirst(f.customerNames, f.customerNames),
		RunE: func(c *cobra.Command, args []string) error {
			in.A, in.B = args[0], args[1]
			api, err := f.api(c.Context(), asking)
			if err != nil {
				return err
			}
			out, err := api.KeepApart(c.Context(), in)
			if err != nil {
				return err
			}
			return f.show(twoCard("They stay two customers", out, out.A, out.B))
		},
	}
	c.Flags().StringVar(&in.Note, "note", "", "why: `TEXT`")
	return c
}

func twoCard(title string, data any, a, b service.CustomerRef) bot.Card {
	return newSheet(title, data).table("", 1, []bot.Row{refRow(a), refRow(b)}).card
}

func refRow(c service.CustomerRef) bot.Row { return row(c.Number, typed(c.Number), strong(c.Name)) }

func newCustomerWhy(f *factory) *cobra.Command {
	return &cobra.Command{
		Use:               "why A [B]",
		Short:             "why records are one customer, or why two customers are one or two",
		Example:           examples("customer why jana", "customer why c812 c40"),
		Args:              arguments(1, 2),
		ValidArgsFunction: f.completeFirst(f.customerNames, f.customerNames),
		RunE: func(c *cobra.Command, args []string) error {
			in := service.WhyIn{A: args[0]}
			if len(args) > 1 {
				in.B = args[1]
			}
			api, err := f.api(c.Context(), asking)
			if err != nil {
				return err
			}
			out, err := api.Why(c.Context(), in)
			if err != nil {
				return err
			}
			return f.show(whyCard(f.printer(), out))
		},
	}
}

// linkReasons says each reason once, with all the records that it names: "same e-mail as k588,
// k2720". A value that the record itself says is not said again.
func linkReasons(p *text.Printer, l service.LinkLine) []string {
	var said []string
	records := map[string][]uint64{}
	for _, e := range l.Evidence {
		if v := e.Args["value"]; v != "" && strings.Contains(l.Says, v) {
			e.Args = maps.Clone(e.Args)
			delete(e.Args, "value")
		}
		r := p.Evidence(e)
		if _, known := records[r]; !known {
			said = append(said, r)
			records[r] = nil
		}
		if e.Record != 0 && !slices.Contains(records[r], e.Record) {
			records[r] = append(records[r], e.Record)
		}
	}
	for i, r := range said {
		slices.Sort(records[r])
		var names []string
		for _, n := range records[r] {
			names = append(names, "k"+strconv.FormatUint(n, 10))
		}
		if len(names) > 0 {
			said[i] = r + " as " + strings.Join(names, ", ")
		}
	}
	return said
}

func whyCard(p *text.Printer, out service.WhyOut) bot.Card {
	title := out.A.Number + "  " + out.A.Name
	switch {
	case out.B != nil && out.One:
		title = out.A.Number + " and " + out.B.Number + " are one customer"
	case out.B != nil:
		title = out.A.Number + " " + out.A.Name + " and " + out.B.Number + " " + out.B.Name + " are two customers"
	}
	s := newSheet(title, out)
	if out.Weighed == nil {
		var pairs []bot.Row
		for _, e := range out.Pairs {
			pairs = append(pairs, row("", plain(p.Evidence(e))))
		}
		s.section(bot.Lines, "between them", 0, pairs)
	} else {
		s.table("between them", 2, weighedRows(p, out))
		s.lines("", weighedSays(out.Weighed))
	}
	for _, q := range out.Questions {
		s.lines("", q.Number+" asks whether they are one ("+p.Term("state", q.State)+")")
	}
	var verdicts []bot.Row
	for _, v := range out.Words {
		what := p.Term("verdict", v.Kind)
		verdicts = append(verdicts, row(v.Number, plain(joined(" ", what, joined(" and ", v.A, v.B))), dim(joined(", ", v.By, p.Day(v.At))), plain(v.Note)))
	}
	s.table("what people said", 2, verdicts)
	var links []bot.Row
	for _, l := range out.Links {
		reasons := linkReasons(p, l)
		if len(reasons) == 0 {
			reasons = []string{"nothing else is needed: it began this customer"}
		}
		links = append(links, row(l.Record.Number, typed(l.Record.Number), plain(l.Record.Connection), plain(l.Says+": "+strings.Join(reasons, "; "))))
	}
	s.table("records, and why each is here", 2, links)
	if out.B != nil && !out.One {
		s.foot("they are one: "+p.Command("customer merge "+out.A.Number+" "+out.B.Number),
			"they are two, for ever: "+p.Command("customer keep-apart "+out.A.Number+" "+out.B.Number))
	}
	if out.B == nil && len(out.Links) > 1 {
		s.foot("not one of them? part it: " + p.Command("customer unmerge "+out.A.Number+" --record "+out.Links[len(out.Links)-1].Record.Number))
	}
	return s.card
}

// weighedRows give each reason with its weight, in bits and in words.
func weighedRows(p *text.Printer, out service.WhyOut) []bot.Row {
	var rows []bot.Row
	for _, e := range out.Pairs {
		weight, word := "", "by rule"
		if e.Weight != 0 {
			weight = fmt.Sprintf("%+.1f", e.Weight)
			word = strength(e.Weight)
		}
		rows = append(rows, row("", plain(weight), dim(word), plain(p.Evidence(e))))
	}
	return rows
}

// strength says in words what a weight in bits means: each bit doubles or halves the odds.
func strength(bits float64) string {
	side := "for"
	if bits < 0 {
		side = "against"
	}
	switch b := math.Abs(bits); {
	case b >= 10:
		return "very much " + side
	case b >= 5:
		return "much " + side
	case b >= 2:
		return "something " + side
	}
	return "a little " + side
}

// weighedSays sums the weights up, and says what would join the two.
func weighedSays(w *service.Weighed) string {
	odds := "1 : 1"
	switch {
	case w.Bits > 13:
		odds = "more than 10,000 : 1 that they are one"
	case w.Bits > 0:
		odds = strconv.Itoa(int(math.Round(math.Exp2(w.Bits)))) + " : 1 that they are one"
	case w.Bits < -13:
		odds = "more than 10,000 : 1 that they are two"
	case w.Bits < 0:
		odds = strconv.Itoa(int(math.Round(math.Exp2(-w.Bits)))) + " : 1 that they are two"
	}
	return fmt.Sprintf("%+.1f  in all, by %s and %s: about %s. Records join by themselves from %+.0f where nothing contradicts, or by the same e-mail, phone or account; from %+.0f somebody is asked.",
		w.Bits, w.A.Number, w.B.Number, odds, w.LinksFrom, w.AsksFrom)
}
