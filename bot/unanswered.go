package bot

import (
	"context"
	"strconv"
	"strings"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// unanswered answers followups --unanswered: who wrote and has no answer, whatever rules there are.
func unanswered(ctx context.Context, api service.API, req Request) (Card, error) {
	in := service.UnansweredIn{Ref: req.rest(0), By: req.Options["by"]}
	long := strings.ToLower(strings.TrimSpace(req.Options["unanswered"]))
	unit := 1.0
	number, days := strings.CutSuffix(long, "d")
	if days {
		unit = 24
	} else {
		number = strings.TrimSuffix(long, "h")
	}
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || !(n >= 0 && n < 1e6) {
		return Card{}, invalid("not_a_duration", "value", req.Options["unanswered"])
	}
	in.Hours = n * unit
	if in.Limit, err = req.count("limit"); err != nil {
		return Card{}, err
	}
	out, err := api.UnansweredList(ctx, in)
	if err != nil {
		return explain(req, "followups", err, req.whole("followups"))
	}
	p := req.printer(out.Zone, out.Now)
	args := state.Args{"n": strconv.Itoa(out.Total), "long": long}
	c := Card{Word: "followups", Title: p.T("unanswered.title", args), Data: out}
	if out.Total == 0 {
		c.Title = p.T("unanswered.none", args)
		return c, nil
	}
	s := Section{Shape: Table, Grow: 4}
	for _, x := range out.Waiting {
		waits := p.T("unanswered.today")
		if x.Days > 0 {
			waits = p.T("unanswered.days", state.Args{"n": strconv.Itoa(x.Days)})
		}
		more := ""
		if x.Messages > 1 {
			more = p.T("unanswered.more", state.Args{"n": strconv.Itoa(x.Messages)})
		}
		who := x.Owner
		switch {
		case who == "":
			who = p.T("followups.anybody")
		case x.Ask != "":
			who = p.T("followups.stands_in", state.Args{"ask": x.Ask, "name": x.Owner})
		}
		subject := ""
		if x.Subject != "" {
			subject = p.T("card.quote", state.Args{"text": oneLine(x.Subject)})
		}
		s.row(x.Customer, code(x.Customer), late(waits), plain(who), strong(x.CustomerName), plain(subject), dim(more), code(x.Followup))
	}
	c.add(s)
	if len(out.Waiting) < out.Total {
		c.Foot = append(c.Foot, p.T("followups.cut", state.Args{"n": strconv.Itoa(len(out.Waiting)), "all": args["n"]}))
	}
	c.Foot = append(c.Foot, p.T("unanswered.next", state.Args{"number": out.Waiting[0].Customer}))
	return c, nil
}
