package bot

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// byRep is the value of --by that asks for everybody, each by themselves.
const byRep = "rep"

// promiseReport answers the options of promises that count or compare; ok is false where none is given.
func promiseReport(ctx context.Context, api service.API, req Request) (card Card, ok bool, err error) {
	health, conflicts := req.has("health"), req.has("conflicts")
	if health && conflicts {
		return Card{}, true, invalid("options_exclude", "a", "health", "b", "conflicts")
	}
	others := []string{"late", "all", "ours", "theirs", "limit"}
	if conflicts {
		others = append(others, "by", "since")
	}
	name := map[bool]string{true: "health", false: "conflicts"}[health]
	for _, o := range others {
		if (health || conflicts) && req.Options[o] != "" {
			return Card{}, true, invalid("options_exclude", "a", name, "b", o)
		}
	}
	switch {
	case health:
		in := service.PromiseHealthIn{Ref: req.rest(0), By: req.Options["by"]}
		if strings.EqualFold(in.By, byRep) {
			in.By = ""
		}
		if in.Since, err = req.date("since"); err != nil {
			return Card{}, true, err
		}
		out, err := api.PromiseHealth(ctx, in)
		if err != nil {
			card, err = explain(req, "promises", err, req.whole("promises"))
			return card, true, err
		}
		return healthCard(req.printer(out.Zone, out.Now), req.Options["by"] != "", out), true, nil
	case conflicts:
		out, err := api.PromiseConflicts(ctx, service.PromiseConflictsIn{Ref: req.rest(0)})
		if err != nil {
			card, err = explain(req, "promises", err, req.whole("promises"))
			return card, true, err
		}
		return conflictsCard(req.printer(out.Zone, out.Now), out), true, nil
	case req.Options["since"] != "":
		return Card{}, true, invalid("option_needs", "option", "since", "other", "health")
	}
	return Card{}, false, nil
}

func healthCard(p *text.Printer, each bool, out service.PromiseHealthOut) Card {
	c := Card{Word: "promises", Data: out}
	if out.Customer != nil {
		c.Aside = []string{out.Customer.Name, out.Customer.Number}
	}
	if out.Total.Made == 0 {
		c.Title = p.T("health.none")
		return c
	}
	args := state.Args{"n": strconv.Itoa(out.Total.Made), "since": p.Day(out.Since), "late": strconv.Itoa(out.Total.Late)}
	c.Title = p.T("health.title", args)
	s := Section{Shape: Table, Grow: 7}
	head := []Cell{{}}
	for _, k := range []string{"made", "in_time", "kept_late", "not_kept", "open", "late", "rest"} {
		head = append(head, dim(p.T("health."+k)))
	}
	s.row("", head...)
	line := func(name Cell, n service.PromiseCount) {
		overdue := plain(p.Number(int64(n.Late)))
		if n.Late > 0 {
			overdue = late(overdue.Text)
		}
		var rest []string
		for _, x := range []struct {
			key string
			n   int
		}{{"by_evidence", n.ByEvidence}, {"moved", n.Moved}, {"withdrawn", n.Withdrawn}} {
			if x.n > 0 {
				rest = append(rest, p.T("health."+x.key, state.Args{"n": strconv.Itoa(x.n), "agreed": strconv.Itoa(n.MovedAgreed)}))
			}
		}
		s.row("", name, plain(p.Number(int64(n.Made))), plain(p.Number(int64(n.KeptInTime))), plain(p.Number(int64(n.KeptLate))),
			plain(p.Number(int64(n.NotKept))), plain(p.Number(int64(n.Open))), overdue, dim(strings.Join(rest, p.T("card.comma"))))
	}
	if each {
		for _, n := range out.By {
			line(strong(n.Name), n)
		}
	}
	line(dim(p.T("health.all")), out.Total)
	c.add(s)
	if !each {
		c.Foot = append(c.Foot, p.T("health.each"))
	}
	return c
}

func conflictsCard(p *text.Printer, out service.PromiseConflictsOut) Card {
	c := Card{Word: "promises", Data: out}
	if out.Customer != nil {
		c.Aside = []string{out.Customer.Name, out.Customer.Number}
	}
	if len(out.Conflicts) == 0 {
		c.Title = p.T("conflicts.none")
		return c
	}
	c.Title = p.T("conflicts.title", state.Args{"n": strconv.Itoa(len(out.Conflicts))})
	for _, x := range out.Conflicts {
		s := Section{Shape: Table, Grow: 3, Heading: p.T("conflicts."+x.Kind, state.Args{"thing": x.Thing})}
		for _, side := range []struct {
			promise service.Promise
			price   *state.Money
		}{{x.A, x.PriceA}, {x.B, x.PriceB}} {
			said := when(p, side.promise)
			if side.price != nil {
				said = strong(p.Money(*side.price))
			}
			s.row(side.promise.Number, code(side.promise.Number), said, plain(side.promise.By), plain(wording(p, side.promise)),
				plain(side.promise.CustomerName), dim(origin(p, side.promise)))
		}
		c.add(s)
	}
	c.Foot = append(c.Foot, p.T("conflicts.next", state.Args{"number": out.Conflicts[0].A.Number}))
	return c
}

// repSections lists promises by who made them, ours before theirs, who promised most first.
func (c *Card) repSections(p *text.Printer, list []service.Promise, customer bool) {
	var names []string
	by := map[string][]service.Promise{}
	var theirs []service.Promise
	for _, x := range list {
		if x.Direction == state.Theirs {
			theirs = append(theirs, x)
			continue
		}
		if by[x.By] == nil {
			names = append(names, x.By)
		}
		by[x.By] = append(by[x.By], x)
	}
	slices.SortStableFunc(names, func(a, b string) int { return len(by[b]) - len(by[a]) })
	first := true
	add := func(heading string, list []service.Promise) {
		s := promiseSection(p, heading, list, !customer)
		s.Continues = !first
		first = first && len(list) == 0
		c.add(s)
	}
	for _, n := range names {
		overdue := 0
		for _, x := range by[n] {
			if x.Late {
				overdue++
			}
		}
		add(p.T("promises.by", state.Args{"name": n, "n": strconv.Itoa(len(by[n])), "late": strconv.Itoa(overdue)}), by[n])
	}
	add(p.T("brief.theirs"), theirs)
}
