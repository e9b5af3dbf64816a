package cmd

import (
	"context"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// checkLinks is "check --resolve": it prints which links would be others, and judges.
func (f *factory) checkLinks(ctx context.Context, bar *bar) error {
	table, err := f.api(ctx, how{alone: true, work: "check --resolve"})
	if err != nil {
		return err
	}
	out, err := table.CheckLinks(ctx, service.CheckLinksIn{})
	bar.done()
	if err != nil {
		return err
	}
	if err := f.show(linksCard(f.printer(), out)); err != nil {
		return err
	}
	if len(out.Differences) > 0 {
		return told{&state.Error{Class: state.Findings, Code: "links_differ"}}
	}
	return nil
}

func linksCard(p *text.Printer, out service.CheckLinksOut) bot.Card {
	s := newSheet("", out)
	read := p.Count(out.Records, "record", "records") + " of " + p.Count(out.Customers, "customer", "customers") + " found out anew: "
	if out.Unfinished > 0 {
		s.lines("", p.T("learn.unfinished", state.Args{"left": p.Number(out.Unfinished)}))
	}
	if len(out.Differences) == 0 {
		return s.lines("", read+"each is linked as it should be").card
	}
	s.lines("", read+p.Count(int64(len(out.Differences)), "record is", "records are")+" linked to another customer")
	var rows []bot.Row
	for _, d := range out.Differences {
		if len(rows) == maxDamages {
			break
		}
		is := d.Is.Number
		if is == "" {
			is = "nobody"
		}
		should := d.Should.Number
		if should == "" {
			should = "a customer of its own"
		}
		rows = append(rows, row(d.Record.Number, typed(d.Record.Number), plain(d.Record.Connection), plain(d.Says), alarm("is "+is), plain("should be "+should)))
	}
	s.table("", 2, rows)
	if n := len(out.Differences) - len(rows); n > 0 {
		s.lines("", "and "+p.Number(int64(n))+" more: "+p.Command("check --resolve --output jsonl"))
	}
	return s.card
}
