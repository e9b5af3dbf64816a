package bot

import (
	"context"
	"regexp"
	"strconv"
	"strings"

	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

var handover = Word{
	Name:    "handover",
	Aliases: []string{"移交"},
	Usage: []string{
		"handover --from NAME --to NAME [--only CUSTOMERS] [--dry-run]",
		"handover --from NAME --targets CUSTOMER=NAME,... [--to NAME] [--dry-run]",
		"handover list",
		"handover show gN",
		"handover drafts gN",
		"handover undo gN",
	},
	Examples: []string{"handover --from tom --to wei --dry-run", "handover --from tom --to wei --only c12,c15",
		"handover --from tom --targets c12=wei,c15=ana", "handover undo g3"},
	Options: []Option{{Name: "from", Value: "NAME"}, {Name: "to", Value: "NAME"}, {Name: "only", Value: "CUSTOMERS"},
		{Name: "targets", Value: "LIST"}, {Name: "dry-run"}},
	Writes: true,
	run:    runHandover,
}

var handoverNumber = regexp.MustCompile(`^[gG][0-9]+$`)

func runHandover(ctx context.Context, api service.API, req Request) (Card, error) {
	if len(req.Words) == 0 {
		return handOver(ctx, api, req)
	}
	first, n := strings.ToLower(req.Words[0]), ""
	if handoverNumber.MatchString(first) { // g3 undo, as well as undo g3
		n, first = first, "show"
		if len(req.Words) > 1 {
			first = strings.ToLower(req.Words[1])
		}
	} else if len(req.Words) > 1 {
		n = strings.ToLower(req.rest(1))
	}
	if (first == "list" || first == "列表") && n == "" {
		out, err := api.HandoverList(ctx, service.HandoverListIn{})
		if err != nil {
			return Card{}, err
		}
		return handoversCard(req.printer(out.Zone, out.Now), out), nil
	}
	if n == "" {
		return Card{}, errUsage
	}
	switch first {
	case "show", "查看", "drafts", "草稿":
		out, err := api.HandoverList(ctx, service.HandoverListIn{Number: n})
		if err != nil {
			return Card{}, err
		}
		p := req.printer(out.Zone, out.Now)
		if first == "drafts" || first == "草稿" {
			return draftsCard(p, out), nil
		}
		one := service.HandoverOut{Handover: out.Handovers[0], Zone: out.Zone, Now: out.Now}
		return handoverCard(p, "shown", one), nil
	case "undo", "撤销":
		out, err := api.HandoverUndo(ctx, service.HandoverUndoIn{Number: n})
		if err != nil {
			return Card{}, err
		}
		return handoverCard(req.printer(out.Zone, out.Now), "undone", out), nil
	}
	return Card{}, errUsage
}

func handOver(ctx context.Context, api service.API, req Request) (Card, error) {
	in := service.HandoverIn{From: req.Options["from"], To: req.Options["to"], Dry: req.has("dry-run")}
	if in.From == "" {
		return Card{}, errUsage
	}
	comma := func(r rune) bool { return r == ',' || r == '，' || r == '、' }
	for _, ref := range strings.FieldsFunc(req.Options["only"], comma) {
		if ref = strings.TrimSpace(ref); ref != "" {
			in.Only = append(in.Only, ref)
		}
	}
	for i, line := range strings.Split(req.Options["targets"], "\n") {
		for _, pair := range strings.FieldsFunc(line, comma) {
			customer, to, ok := strings.Cut(pair, "=")
			if !ok || strings.TrimSpace(customer) == "" || strings.TrimSpace(to) == "" {
				return Card{}, invalid("handover_pair", "value", strings.TrimSpace(pair))
			}
			in.Targets = append(in.Targets, service.HandoverTarget{Line: i + 1, Customer: strings.TrimSpace(customer), To: strings.TrimSpace(to)})
		}
	}
	out, err := api.Handover(ctx, in)
	if err != nil {
		return explain(req, "handover", err, nil)
	}
	p := req.printer(out.Zone, out.Now)
	if len(out.Wrong) > 0 {
		c := Card{Word: "handover", Title: p.T("handover.wrong", state.Args{"n": strconv.Itoa(len(out.Wrong))}), Data: out}
		s := Section{Shape: Table, Grow: 1}
		for _, x := range out.Wrong {
			s.row("", dim(p.T("handover.line", state.Args{"line": strconv.Itoa(x.Line)})), plain(p.Error(&state.Error{Class: x.Class, Code: x.Code, Args: x.Args})))
		}
		c.add(s)
		return c, invalid("handover_lines", "n", strconv.Itoa(len(out.Wrong)))
	}
	what := "done"
	switch {
	case len(out.Handover.Customers) == 0:
		what = "nothing"
	case in.Dry:
		what = "dry"
	}
	c := handoverCard(p, what, out)
	if again := req.without("dry-run", "handover"); what == "dry" && !strings.Contains(again, "\n") {
		c.Foot = append(c.Foot, p.T("handover.do", state.Args{"words": again}))
	}
	return c, nil
}

// without writes a request as a command, without one of its options.
func (r Request) without(option, word string) string {
	rest := Request{Words: r.Words, Options: map[string]string{}}
	for name, v := range r.Options {
		if name != option {
			rest.Options[name] = v
		}
	}
	return strings.Replace(rest.again(word, "x", 0), word+" x", word, 1)
}

func handoverArgs(h service.Handover) state.Args {
	args := state.Args{"from": h.From, "number": h.Number, "by": h.By, "at": instant(h.At), "owned": strconv.Itoa(h.Owned), "promises": strconv.Itoa(h.Promises),
		"followups": strconv.Itoa(h.Followups), "questions": strconv.Itoa(h.Questions), "asked": strconv.Itoa(h.Asked)}
	if h.Undone != nil {
		args["undone"], args["undone_by"] = instant(*h.Undone), h.UndoneBy
	}
	return args
}

func handoverCard(p *text.Printer, what string, out service.HandoverOut) Card {
	h := out.Handover
	args := handoverArgs(h)
	c := Card{Word: "handover", Title: p.T("handover."+what, args), Data: out}
	if len(h.Customers) > 0 {
		c.Aside = []string{p.T("handover.sums", args)}
	}
	table := Section{Shape: Table, Grow: 3}
	var quotes []string
	for _, x := range h.Customers {
		owns := ""
		if x.Owned {
			owns = p.T("handover.owner")
		}
		parts := []string{}
		if n := len(x.Promises); n > 0 {
			parts = append(parts, p.T("handover.promises", state.Args{"n": strconv.Itoa(n)}))
		}
		if n := len(x.Followups); n > 0 {
			parts = append(parts, p.T("handover.followups", state.Args{"n": strconv.Itoa(n)}))
		}
		table.row(x.Customer.Number, code(x.Customer.Number), strong(x.Customer.Name), plain("→ "+x.To), dim(strings.Join(append([]string{owns}, parts...)[boolInt(owns == ""):], p.T("card.comma"))))
		for _, y := range x.Promises {
			words := y.Number + " " + x.Customer.Name + p.T("card.colon") + wording(p, y)
			if y.Late {
				words += " (" + p.Late(y.LateDays) + ")"
			}
			quotes = append(quotes, words)
		}
	}
	c.add(table)
	c.add(lines(p.T("handover.promised"), quotes...))
	if len(h.Stays) > 0 {
		s := Section{Shape: Lines, Heading: p.T("handover.stays")}
		for _, x := range h.Stays {
			s.row(x.Customer.Number, plain(p.T("handover.stays."+x.What, state.Args{"customer": x.Customer.Number, "name": x.Customer.Name, "number": x.Number, "now": x.Now})))
		}
		c.add(s)
	}
	var others []string
	for _, x := range h.Others {
		others = append(others, strings.TrimSpace(x.Number+" "+x.Name))
	}
	c.add(lines(p.T("handover.others", args), others...))
	if h.Asked > 0 && h.Undone == nil {
		c.Foot = append(c.Foot, p.T("handover.asked", args))
	}
	if h.Questions > 0 && h.Undone == nil {
		c.Foot = append(c.Foot, p.T("handover.questions", args))
	}
	switch {
	case h.Undone != nil && what == "shown":
		c.Foot = append(c.Foot, p.T("handover.was_undone", args))
	case h.Undone == nil && h.Number != "":
		if h.Owned > 0 {
			c.Foot = append(c.Foot, p.T("handover.see_drafts", args))
		}
		c.Foot = append(c.Foot, p.T("handover.see_undo", args))
		c.Actions = append(c.Actions, Action{Code: "undo", Label: p.T("action.undo"), Words: "handover undo " + h.Number})
	}
	return c
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func handoversCard(p *text.Printer, out service.HandoverListOut) Card {
	c := Card{Word: "handover", Data: out, Title: p.T("handover.list", state.Args{"n": strconv.Itoa(len(out.Handovers))})}
	if len(out.Handovers) == 0 {
		c.Title = p.T("handover.none")
		return c
	}
	s := Section{Shape: Table, Grow: 3}
	for _, h := range out.Handovers {
		args := handoverArgs(h)
		var to []string
		seen := map[string]bool{}
		for _, x := range h.Customers {
			if !seen[x.To] {
				seen[x.To], to = true, append(to, x.To)
			}
		}
		note := ""
		if h.Undone != nil {
			note = p.T("handover.was_undone", args)
		}
		s.row(h.Number, code(h.Number), dim(p.Day(h.At)), plain(h.From+" → "+strings.Join(to, ", ")), plain(p.T("handover.sums", args)), dim(note))
	}
	c.add(s)
	return c
}

// draftsCard has a letter for each customer with a new owner, in the customer's language, for that
// owner to change and send. Kept sends none of them.
func draftsCard(p *text.Printer, out service.HandoverListOut) Card {
	h := out.Handovers[0]
	drafts := []draft{}
	c := Card{Word: "handover"}
	if h.Undone == nil {
		for _, x := range h.Customers {
			if !x.Owned {
				continue
			}
			d := introduce(h, x)
			drafts = append(drafts, d)
			s := Section{Shape: Lines, Heading: x.Customer.Number + " " + x.Customer.Name}
			s.row(x.Customer.Number, dim(p.T("handover.draft_head", state.Args{"to": d.To, "from": d.From, "subject": d.Subject})))
			for _, line := range strings.Split(d.Text, "\n") {
				if line != "" {
					s.row("", plain(line))
				}
			}
			c.add(s)
		}
	}
	c.Title = p.T("handover.drafts", state.Args{"n": strconv.Itoa(len(drafts)), "number": h.Number})
	c.Data = Drafts{Handover: h.Number, Drafts: drafts}
	return c
}

// Drafts is what "handover drafts" gives machines.
type Drafts struct {
	Handover string  `json:"handover"`
	Drafts   []draft `json:"drafts"`
}

// draft is a letter that nobody has sent.
type draft struct {
	Customer service.CustomerRef `json:"customer"`
	Language string              `json:"language"`
	From     string              `json:"from"`         // who would send it: the new owner
	To       string              `json:"to,omitempty"` // an address; "" where none is known
	Subject  string              `json:"subject"`
	Text     string              `json:"text"`
}

func introduce(h service.Handover, x service.HandoverCustomer) draft {
	p := text.For(x.Language)
	args := state.Args{"name": x.Customer.Name, "from": h.From, "to": x.To, "email": x.ToEmail}
	body := []string{p.T("handover.letter.greeting", args), p.T("handover.letter.news", args)}
	open := 0
	for _, y := range x.Promises {
		if y.State == state.PromiseOpen {
			open++
		}
	}
	if open > 0 {
		body = append(body, p.T("handover.letter.promises", state.Args{"n": strconv.Itoa(open)}))
	}
	body = append(body, p.T("handover.letter.end", args), x.To)
	return draft{Customer: x.Customer, Language: x.Language, From: x.To, To: x.Email, Subject: p.T("handover.letter.subject", args), Text: strings.Join(body, "\n\n")}
}
