package bot

import (
	"context"
	"errors"
	"strconv"

	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

var find = Word{
	Name:     "find",
	Aliases:  []string{"查找", "找"},
	Usage:    []string{"find TEXT"},
	Examples: []string{"find jana", "find 李伟", "find +49 451 901820", "find jana@example.com"},
	Options:  []Option{{Name: "limit", Value: "N"}},
	run: func(ctx context.Context, api service.API, req Request) (Card, error) {
		limit, err := req.count("limit")
		if err != nil {
			return Card{}, err
		}
		query := req.rest(0)
		if query == "" {
			return Card{}, errUsage
		}
		out, err := api.Find(ctx, service.FindIn{Query: query, Limit: limit})
		if err != nil {
			return Card{}, err
		}
		p := req.printer("", req.Now)
		if len(out.Hits) == 0 {
			return nobody(ctx, api, req, query, out)
		}
		card := Card{Word: "find", Data: out,
			Title: p.T("find.title", state.Args{"n": strconv.Itoa(len(out.Hits)), "query": query})}
		s := Section{Shape: Table, Grow: 2}
		for _, h := range out.Hits {
			s.row(h.Customer.Number, code(h.Customer.Number), strong(h.Customer.Name), plain(company(p, h)), dim(reason(p, h)), plain(h.Owner))
			s.Rows[len(s.Rows)-1].Actions = []Action{NewAction(p, "brief", "brief "+h.Customer.Number, nil)}
		}
		card.add(s)
		if out.More {
			card.Title = p.T("find.title_more", state.Args{"n": strconv.Itoa(len(out.Hits)), "query": query})
			more := "find " + quote(query) + " --limit " + strconv.Itoa(10*len(out.Hits))
			card.Foot = append(card.Foot, p.T("find.more", state.Args{"command": more}))
			card.Actions = append(card.Actions, NewAction(p, "more", more, nil))
		}
		card.Foot = append(card.Foot, p.T("find.next", state.Args{"number": out.Hits[0].Customer.Number}))
		return card, nil
	},
}

func company(p *text.Printer, h service.Hit) string {
	if h.Company == "" && h.Customer.Kind == state.Organisation {
		return p.Term("customer", state.Organisation)
	}
	return h.Company
}

// reason says what fitted, where that is not the name that is shown anyway.
func reason(p *text.Printer, h service.Hit) string {
	switch h.Why {
	case "pinyin", "initials", "typo":
		return p.Term("why", h.Why)
	}
	if h.Match == "" || h.Match == h.Customer.Name || h.Match == h.Company || h.Match == h.Customer.Number {
		return ""
	}
	if h.Why == "email" || h.Why == "phone" || h.Why == "name" {
		return h.Match
	}
	return p.Term("why", h.Why) + " " + h.Match
}

// nobody answers a search without a hit: no failure, but with the nearest names, which the
// service knows for whoever names a customer that is not there.
func nobody(ctx context.Context, api service.API, req Request, query string, out service.FindOut) (Card, error) {
	p := req.printer("", req.Now)
	card := Card{Word: "find", Data: out}
	if api.CustomerShow != nil {
		_, err := api.CustomerShow(ctx, service.CustomerShowIn{Ref: query})
		var e *state.Error
		if errors.As(err, &e) && e.Code == "no_customer" {
			card, _ = explain(req, "find", e, func(ref string) string { return "brief " + ref })
			card.Data = out
		}
	}
	card.Word, card.Title = "find", p.T("find.nobody", state.Args{"query": query})
	if len(card.Sections) == 0 {
		card.Foot = append(card.Foot, p.T("find.try"))
	}
	return card, nil
}
