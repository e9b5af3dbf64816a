package bot

import (
	"context"
	"strconv"

	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

var who = Word{
	Name:     "who",
	Aliases:  []string{"谁", "负责人"},
	Usage:    []string{"who CUSTOMER", "who"},
	Examples: []string{"who jana", "who"},
	run: func(ctx context.Context, api service.API, req Request) (Card, error) {
		ref := req.rest(0)
		if ref == "" {
			out, err := api.StaffList(ctx, service.StaffListIn{})
			if err != nil {
				return Card{}, err
			}
			return staffCard(req.printer("", req.Now), out), nil
		}
		out, err := api.Who(ctx, service.WhoIn{Ref: ref})
		if err != nil {
			return explain(req, "who", err, req.whole("who"))
		}
		return whoCard(req.printer("", req.Now), out), nil
	},
}

func staffCard(p *text.Printer, out service.StaffListOut) Card {
	c := Card{Word: "who", Title: p.T("who.staff", state.Args{"n": strconv.Itoa(len(out.Staff))}), Data: out}
	s := Section{Shape: Table, Grow: 4}
	for _, m := range out.Staff {
		there := ""
		switch {
		case !m.Left.IsZero():
			there = p.T("who.left", state.Args{"day": p.Day(m.Left)})
		case m.AwayNow:
			there = away(p, m)
		}
		load := p.T("who.owns", state.Args{"n": strconv.Itoa(m.Owns)})
		owed := Cell{}
		switch {
		case m.Late > 0:
			owed = late(p.T("who.open_late", state.Args{"n": strconv.Itoa(m.Open), "late": strconv.Itoa(m.Late)}))
		case m.Open > 0:
			owed = plain(p.T("who.open", state.Args{"n": strconv.Itoa(m.Open)}))
		}
		s.row(m.Number, code(m.Number), strong(m.Name), plain(p.Term("role", m.Role)), plain(load), owed, dim(there))
	}
	c.add(s)
	if len(out.Staff) == 0 {
		c.Title = p.T("who.nobody")
	}
	return c
}

// away says until when somebody is away: until the end of the absence that ends first of those
// entered and not over.
func away(p *text.Printer, m service.Staff) string {
	until := ""
	for _, a := range m.Away {
		if until == "" || a.Until > until {
			until = a.Until
		}
	}
	return p.T("who.away", state.Args{"until": until})
}

func whoCard(p *text.Printer, out service.WhoOut) Card {
	c := Card{Word: "who", Title: out.Customer.Name, Aside: []string{out.Customer.Number}, Data: out}
	s := Section{Shape: Facts}
	row := func(label string, m *service.Staff, tone Tone) {
		if m == nil {
			return
		}
		cells := []Cell{dim(p.T("who.label_" + label)), {Text: m.Name, Tone: tone}}
		if label != "now" {
			switch {
			case !m.Left.IsZero():
				cells = append(cells, late(p.T("who.left", state.Args{"day": p.Day(m.Left)})))
			case m.AwayNow:
				cells = append(cells, late(away(p, *m)))
			}
		} else if len(m.Emails) > 0 {
			cells = append(cells, plain(m.Emails[0]))
		}
		s.row(m.Number, cells...)
	}
	row("now", out.Now, Strong)
	row("owner", out.Owner, Plain)
	row("deputy", out.Deputy, Plain)
	if out.Owner == nil {
		s.row("", dim(p.T("who.label_owner")), late(p.T("who.no_owner", state.Args{"number": out.Customer.Number})))
	}
	c.add(s)

	touched := Section{Shape: Table, Heading: p.T("who.touched"), Grow: 1}
	for _, t := range out.Touched {
		touched.row("", dim(p.Day(t.Last)), plain(t.Name), plain(p.Term("kind", t.How)))
	}
	c.add(touched)

	related := Section{Shape: Table, Heading: p.T("who.related"), Grow: 2}
	for _, r := range out.Relations {
		list := "relation"
		if !r.Outgoing {
			list = "inverse"
		}
		span := ""
		if r.Since != "" || r.Until != "" {
			span = r.Since + " – " + r.Until
		}
		related.row(r.Customer.Number, plain(p.Term(list, r.Kind)), code(r.Customer.Number), strong(r.Customer.Name), plain(r.Role), dim(span))
	}
	c.add(related)
	c.add(peopleSection(p, p.T("brief.people"), out.People))
	c.Actions = []Action{NewAction(p, "reassign", "assign "+out.Customer.Number+" {staff}", nil).about(out.Customer.Name, out.Customer.Number)}
	return c
}
