package bot

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

var promises = Word{
	Name:    "promises",
	Aliases: []string{"承诺列表", "所有承诺"},
	Usage: []string{"promises [CUSTOMER] [--late] [--by NAME|rep] [--ours|--theirs] [--all]",
		"promises [CUSTOMER] --health [--by rep] [--since DATE]", "promises [CUSTOMER] --conflicts"},
	Examples: []string{"promises --late", "promises jana", "promises jana --by rep", "promises --by wei", "promises jana --all",
		"promises --health --by rep", "promises --conflicts"},
	Options: []Option{{Name: "late"}, {Name: "by", Value: "NAME"}, {Name: "ours"}, {Name: "theirs"}, {Name: "all"}, {Name: "limit", Value: "N"},
		{Name: "health"}, {Name: "since", Value: "DATE"}, {Name: "conflicts"}},
	run: func(ctx context.Context, api service.API, req Request) (Card, error) {
		if card, ok, err := promiseReport(ctx, api, req); ok {
			return card, err
		}
		in := service.PromiseListIn{Ref: req.rest(0), Late: req.has("late"), All: req.has("all"), By: req.Options["by"]}
		for _, pair := range [][2]string{{"ours", "theirs"}, {"late", "all"}} {
			if req.has(pair[0]) && req.has(pair[1]) {
				return Card{}, invalid("options_exclude", "a", pair[0], "b", pair[1])
			}
		}
		switch {
		case req.has("ours"):
			in.Direction = state.Ours
		case req.has("theirs"):
			in.Direction = state.Theirs
		}
		each := strings.EqualFold(in.By, byRep)
		if each {
			// What everybody promised one customer is asked of all of it, closed or not.
			in.By, in.All = "", in.All || in.Ref != "" && !in.Late
		}
		limit, err := req.count("limit")
		if err != nil {
			return Card{}, err
		}
		out, err := api.PromiseList(ctx, in)
		if err != nil {
			return explain(req, "promises", err, req.whole("promises"))
		}
		return promisesCard(req.printer(out.Zone, out.Now), in, limit, each, out), nil
	},
}

func promisesCard(p *text.Printer, in service.PromiseListIn, limit int, each bool, out service.PromiseListOut) Card {
	overdue := 0
	for _, x := range out.Promises {
		if x.Late {
			overdue++
		}
	}
	c := Card{Word: "promises", Data: out}
	if slices.Contains(out.Withheld, service.SeePromise) {
		c.Foot = append(c.Foot, withheld(p, []string{service.SeePromise}, ""))
	}
	if out.Customer != nil {
		c.Aside = []string{out.Customer.Name, out.Customer.Number}
	}
	args := state.Args{"n": strconv.Itoa(len(out.Promises)), "late": strconv.Itoa(overdue)}
	what := "open"
	switch {
	case in.Late:
		what = "late"
	case in.All:
		what = "all"
	}
	switch {
	case len(out.Promises) == 0:
		c.Title = p.T("promises.none_" + what)
		return c
	case what == "open" && overdue > 0:
		c.Title = p.T("promises.open_late", args)
	default:
		c.Title = p.T("promises."+what, args)
	}
	shown := out.Promises
	if limit > 0 && limit < len(shown) {
		shown = shown[:limit]
		c.Foot = append(c.Foot, p.T("promises.cut", state.Args{"n": strconv.Itoa(limit), "all": args["n"]}))
	}
	if each {
		c.repSections(p, shown, out.Customer != nil)
	} else if out.Customer != nil {
		var ours, theirs []service.Promise
		for _, x := range shown {
			if x.Direction == state.Theirs {
				theirs = append(theirs, x)
			} else {
				ours = append(ours, x)
			}
		}
		c.addPromises(p, ours, theirs)
	} else {
		c.add(promiseSection(p, "", shown, true))
	}
	if i := slices.IndexFunc(shown, func(x service.Promise) bool { return x.State == state.PromiseOpen }); i >= 0 {
		c.Foot = append(c.Foot, p.T("promises.next", state.Args{"number": shown[i].Number}))
	}
	return c
}

// promiseActions are what can be done with a promise: how it ended and when it is due while it is
// open, and otherwise to open it again.
func promiseActions(p *text.Printer, x service.Promise) []Action {
	if x.State != state.PromiseOpen && x.State != "" {
		if x.State == state.PromiseSuperseded {
			return nil
		}
		return []Action{NewAction(p, "reopen", "promise "+x.Number+" reopen", nil)}
	}
	about := []string{x.Number, x.CustomerName, wording(p, x)}
	out := []Action{NewAction(p, "done", "promise "+x.Number+" done", nil),
		NewAction(p, "new_date", "promise "+x.Number+" by {when} {--agreed}", nil).about(about...),
		NewAction(p, "not_kept", "promise "+x.Number+" not-kept --note {note}", nil).about(about...)}
	if x.Direction == state.Ours {
		out = append(out, NewAction(p, "reassign", "promise "+x.Number+" to {staff}", nil).about(about...))
	}
	return out
}

// addPromises puts a customer's promises on the card, ours and theirs.
func (c *Card) addPromises(p *text.Printer, ours, theirs []service.Promise) {
	c.add(promiseSection(p, p.T("brief.ours"), ours, false))
	second := promiseSection(p, p.T("brief.theirs"), theirs, false)
	second.Continues = len(ours) > 0
	c.add(second)
}

// promiseSection lists promises: what is late says so, what is closed says how it ended.
func promiseSection(p *text.Printer, heading string, list []service.Promise, customer bool) Section {
	s := Section{Shape: Table, Heading: heading, Grow: 3}
	if customer {
		s.Grow = 4
	}
	for _, x := range list {
		cells := []Cell{code(x.Number), when(p, x), plain(maker(p, x, customer))}
		if customer {
			cells = append(cells, strong(x.CustomerName))
		}
		s.row(x.Number, append(cells, plain(wording(p, x)), dim(origin(p, x)))...)
		s.Rows[len(s.Rows)-1].Actions = promiseActions(p, x)
	}
	return s
}

// when says how a promise stands: late 2 d, Tue 24, kept 19 Nov.
func when(p *text.Printer, x service.Promise) Cell {
	switch {
	case x.State != state.PromiseOpen && x.State != "":
		s := p.Term("state", x.State)
		if d := p.Day(x.Closed); d != "" {
			s += " " + d
		}
		return dim(s)
	case x.Late:
		return late(p.Late(x.LateDays))
	case x.Due == nil:
		return dim(p.T("due.open"))
	}
	return plain(p.Due(*x.Due, x.DateOnly, x.Zone))
}

// maker names who promised; in lists that mix customers, theirs are marked.
func maker(p *text.Printer, x service.Promise, mixed bool) string {
	by := x.By
	if by == "" && x.Direction == state.Theirs {
		by = x.CustomerName
	}
	if mixed && x.Direction == state.Theirs {
		return p.T("promises.they")
	}
	return by
}

// byHand are the origins that are people's own words about a promise, not quotations.
var byHand = []string{"by_hand", "by_person", "logged"}

func wording(p *text.Printer, x service.Promise) string {
	s := oneLine(x.Text)
	if len(x.Evidence) > 0 && !slices.Contains(byHand, x.Evidence[0].Code) {
		return p.T("card.quote", state.Args{"text": s})
	}
	return s
}

// origin says where a promise comes from: note, 12 Nov.
func origin(p *text.Printer, x service.Promise) string {
	var parts []string
	if len(x.Evidence) > 0 {
		for _, e := range slices.Backward(x.Evidence) {
			if e.Code == "taken_over" {
				return p.T("promises.taken_over", e.Args)
			}
		}
		parts = append(parts, p.Term("origin", x.Evidence[0].Code))
	}
	if d := p.Day(x.Made); d != "" {
		parts = append(parts, d)
	}
	s := ""
	for i, part := range parts {
		if i > 0 {
			s += p.T("card.comma")
		}
		s += part
	}
	return s
}

// remark is what was said when a promise was last closed or opened.
func remark(x service.Promise) string {
	for _, e := range slices.Backward(x.Evidence) {
		if e.Code == "closed_by_hand" || e.Code == "opened_by_hand" {
			return oneLine(e.Args["note"])
		}
	}
	return ""
}

// closedBy is the evidence that a promise was last closed with, or nil.
func closedBy(x service.Promise) *state.Evidence {
	for i := range slices.Backward(x.Evidence) {
		if x.Evidence[i].Args["closed"] != "" {
			return &x.Evidence[i]
		}
	}
	return nil
}

// promiseCard shows one promise in full.
func promiseCard(p *text.Printer, word, title string, x service.Promise) Card {
	c := Card{Word: word, Title: title, Aside: []string{x.Number}}
	s := Section{Shape: Facts}
	fact := func(label string, cells ...Cell) {
		s.row(x.Number, append([]Cell{dim(p.T("promise." + label))}, cells...)...)
	}
	fact("text", strong(wording(p, x)))
	who := []Cell{plain(maker(p, x, false)), plain(x.CustomerName), code(x.Customer)}
	if who[0].Text == x.CustomerName {
		who = who[1:]
	}
	fact(x.Direction, who...)
	due := time.Time{}
	if x.Due != nil {
		due = *x.Due
	}
	cells := []Cell{plain(p.DueFull(due, x.DateOnly, x.Zone))}
	if x.Late {
		cells = append(cells, late(p.Late(x.LateDays)))
	}
	if x.Conditional {
		cells = append(cells, dim(p.T("question.conditional")))
	}
	fact("due", cells...)
	if len(x.Earlier) > 0 {
		cells = nil
		for _, t := range x.Earlier {
			cells = append(cells, dim(p.Due(t, x.DateOnly, x.Zone)))
		}
		if x.Agreed {
			cells = append(cells, dim(p.T("promise.agreed")))
		}
		fact("earlier", cells...)
	}
	if x.State != state.PromiseOpen && x.State != "" {
		fact("state", plain(p.Term("state", x.State)), dim(p.Day(x.Closed)), plain(remark(x)))
	}
	if e := closedBy(x); e != nil && x.Proof != "" && x.State != state.PromiseOpen {
		by := p.T("promise.closed_said", state.Args{"name": x.ClosedBy})
		if x.ClosedBy == state.ClosedByRule {
			by = p.T("promise.closed_itself")
		}
		fact("proof", plain(p.Evidence(*e)), dim(by), code(x.Proof))
	}
	if o := origin(p, x); o != "" {
		cells := []Cell{dim(o)}
		if e := x.Evidence; len(e) > 0 && e[0].Code == "said_in_chat" {
			cells = []Cell{dim(p.Evidence(e[0])), plain(p.T("card.quote", state.Args{"text": oneLine(e[0].Args["said"])}))}
		}
		fact("from", cells...)
	}
	c.add(s)
	if x.State == state.PromiseOpen || x.State == "" {
		c.Foot = append(c.Foot, p.T("promise.next", state.Args{"number": x.Number}))
	} else {
		c.Foot = append(c.Foot, p.T("promise.reopen", state.Args{"number": x.Number}))
	}
	c.Actions, c.Again = promiseActions(p, x), "promise "+x.Number
	if x.Customer != "" {
		c.Actions = append(c.Actions, NewAction(p, "brief", "brief "+x.Customer, nil))
	}
	return c
}
