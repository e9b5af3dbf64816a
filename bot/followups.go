package bot

import (
	"context"
	"slices"
	"strconv"

	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

var followups = Word{
	Name:     "followups",
	Aliases:  []string{"跟进列表", "待跟进"},
	Usage:    []string{"followups [CUSTOMER] [--late] [--by NAME] [--all]", "followups [CUSTOMER] --unanswered 24h [--by NAME]"},
	Examples: []string{"followups", "followups --by wei --late", "followups --unanswered 24h"},
	Options:  []Option{{Name: "late"}, {Name: "by", Value: "NAME"}, {Name: "all"}, {Name: "unanswered", Value: "TIME"}, {Name: "limit", Value: "N"}},
	run: func(ctx context.Context, api service.API, req Request) (Card, error) {
		if req.Options["unanswered"] != "" {
			return unanswered(ctx, api, req)
		}
		in := service.FollowupListIn{Ref: req.rest(0), Late: req.has("late"), All: req.has("all"), By: req.Options["by"]}
		if in.Late && in.All {
			return Card{}, invalid("options_exclude", "a", "late", "b", "all")
		}
		var err error
		if in.Limit, err = req.count("limit"); err != nil {
			return Card{}, err
		}
		out, err := api.FollowupList(ctx, in)
		if err != nil {
			return explain(req, "followups", err, req.whole("followups"))
		}
		return followupsCard(req.printer(out.Zone, out.Now), in, out), nil
	},
}

func followupsCard(p *text.Printer, in service.FollowupListIn, out service.FollowupListOut) Card {
	c := Card{Word: "followups", Data: out}
	if out.Customer != nil {
		c.Aside = []string{out.Customer.Name, out.Customer.Number}
	}
	args := state.Args{"n": strconv.Itoa(out.Total), "late": strconv.Itoa(out.Late)}
	what := "open"
	switch {
	case in.Late:
		what = "late"
	case in.All:
		what = "all"
	}
	switch {
	case out.Total == 0:
		c.Title = p.T("followups.none_" + what)
		return c
	case what == "open" && out.Late > 0:
		c.Title = p.T("followups.open_late", args)
	default:
		c.Title = p.T("followups."+what, args)
	}
	if len(out.Followups) < out.Total {
		c.Foot = append(c.Foot, p.T("followups.cut", state.Args{"n": strconv.Itoa(len(out.Followups)), "all": args["n"]}))
	}
	c.add(followupSection(p, "", out.Followups, out.Customer == nil))
	if i := slices.IndexFunc(out.Followups, func(x service.Followup) bool { return x.State == state.FollowupOpen }); i >= 0 {
		c.Foot = append(c.Foot, p.T("followups.next", state.Args{"number": out.Followups[i].Number}))
	}
	return c
}

// followupSection lists follow-ups: what is late says so, what is closed says how it ended.
func followupSection(p *text.Printer, heading string, list []service.Followup, customer bool) Section {
	s := Section{Shape: Table, Heading: heading, Grow: 3}
	if customer {
		s.Grow = 4
	}
	for _, x := range list {
		cells := []Cell{code(x.Number), followupWhen(p, x), plain(doer(p, x))}
		if customer {
			cells = append(cells, strong(x.CustomerName))
		}
		s.row(x.Number, append(cells, plain(p.FollowupWhy(x.Why, x.Args, oneLine(x.Text))), dim(followupFrom(p, x)))...)
		s.Rows[len(s.Rows)-1].Actions = followupActions(p, x)
	}
	return s
}

// followupActions are what can be done with a follow-up.
func followupActions(p *text.Printer, x service.Followup) []Action {
	if x.State != state.FollowupOpen && x.State != "" {
		return []Action{NewAction(p, "reopen", "followup reopen "+x.Number, nil)}
	}
	about := []string{x.Number, x.CustomerName, p.FollowupWhy(x.Why, x.Args, oneLine(x.Text))}
	return []Action{NewAction(p, "done", "followup done "+x.Number, nil),
		NewAction(p, "snooze", "followup snooze "+x.Number+" {when}", nil).about(about...),
		NewAction(p, "reassign", "followup assign "+x.Number+" {staff}", nil).about(about...),
		NewAction(p, "drop", "followup drop "+x.Number+" --note {note}", nil).about(about...)}
}

func followupWhen(p *text.Printer, x service.Followup) Cell {
	switch {
	case x.State != state.FollowupOpen && x.State != "":
		s := p.Term("followupstate", x.State)
		if d := p.Day(x.Closed); d != "" {
			s += " " + d
		}
		return dim(s)
	case x.Late:
		return late(p.Late(x.LateDays))
	case putOff(x):
		return dim(p.T("followups.put_off", state.Args{"until": instant(x.Snoozed)}))
	}
	return plain(p.Due(x.Due, x.DateOnly, x.Zone))
}

// putOff says whether a follow-up is not asked for yet; one that was due before is late again later.
func putOff(x service.Followup) bool { return x.Snoozed.After(x.Due) }

// doer names whom it is for, and who stands in today.
func doer(p *text.Printer, x service.Followup) string {
	switch {
	case x.For == "":
		return p.T("followups.anybody")
	case x.Ask != "":
		return p.T("followups.stands_in", state.Args{"ask": x.Ask, "name": x.For})
	}
	return x.For
}

func followupFrom(p *text.Printer, x service.Followup) string {
	s := p.T("followup.hand", state.Args{"by": x.By})
	if x.Rule != "" {
		s = p.T("followup.rule", state.Args{"rule": x.Rule})
	}
	if x.Over != "" {
		s += p.T("card.comma") + p.T("followups.went_on", state.Args{"over": x.Over, "told": instant(x.Told)})
	}
	return s
}
