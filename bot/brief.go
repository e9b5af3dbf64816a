package bot

import (
	"context"
	"strconv"
	"strings"

	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

var brief = Word{
	Name:     "brief",
	Aliases:  []string{"简报"},
	Usage:    []string{"brief CUSTOMER"},
	Examples: []string{"brief jana", "brief c812", "brief 李伟"},
	run: func(ctx context.Context, api service.API, req Request) (Card, error) {
		if req.rest(0) == "" {
			return Card{}, errUsage
		}
		out, err := api.Brief(ctx, service.BriefIn{Ref: req.rest(0)})
		if err != nil {
			return explain(req, "brief", err, req.whole("brief"))
		}
		return briefCard(req.printer(out.Zone, out.Now), out), nil
	},
}

// briefCard is read half an hour before a meeting: its first five lines decide it.
func briefCard(p *text.Printer, b service.BriefOut) Card {
	c := Card{Word: "brief", Title: b.Customer.Name, Data: b}
	for _, e := range b.Employers {
		if e.Outgoing && e.Until == "" {
			c.Title += ", " + e.Customer.Name
			break
		}
	}
	if c.Title == "" {
		c.Title = b.Customer.Number
	}
	switch {
	case b.Owner == "":
		c.Aside = append(c.Aside, p.T("brief.no_owner"))
	default:
		c.Aside = append(c.Aside, p.T("brief.owner", state.Args{"owner": b.Owner, "deputy": b.Deputy}))
	}
	switch {
	case !b.Since.IsZero():
		c.Aside = append(c.Aside, p.T("brief.since", state.Args{"what": p.Term("stage", b.Customer.Stage), "month": p.Month(b.Since)}))
	default:
		c.Aside = append(c.Aside, p.Term("stage", b.Customer.Stage))
	}

	head := Section{Shape: Facts}
	fact := func(label string, cells []Cell) {
		if len(cells) > 0 {
			head.row("", append([]Cell{dim(p.T("brief." + label))}, cells...)...)
		}
	}
	watch := watchLines(p, b)
	if line := sinceLast(p, b); line != "" {
		fact("new", []Cell{plain(line)})
	}
	fact("now", nowCells(p, b, len(watch)))
	fact("reach", reachCells(p, b.Reach))
	for i, x := range b.Bought {
		label := "bought"
		if i > 0 {
			label = "blank"
		}
		fact(label, boughtCells(p, x, len(b.Bought) > 1))
	}
	if b.Says != nil {
		words := b.Says.Body
		if strings.TrimSpace(words) == "" {
			words = b.Says.Title
		}
		fact("says", []Cell{plain(p.T("card.quote", state.Args{"text": cut(oneLine(words), 200)}) + source(p, b.Says.Time, p.Term("channel", b.Says.Channel)))})
	} else if len(b.Last) > 0 {
		e := b.Last[0]
		fact("touch", []Cell{plain(p.Ago(e.Time)), plain(strings.TrimSpace(headline(p, e) + " " + subject(p, e)))})
	}
	if tags := strings.Join(b.Customer.Tags, ", "); tags != "" || b.Customer.Grade != "" {
		var cells []Cell
		if b.Customer.Grade != "" {
			cells = append(cells, plain(p.T("brief.grade", state.Args{"grade": b.Customer.Grade})))
		}
		if tags != "" {
			cells = append(cells, plain(tags))
		}
		fact("tags", cells)
	}
	c.add(head)

	c.addPromises(p, b.Ours, b.Theirs)
	c.add(followupSection(p, p.T("brief.followups"), b.Followups, false))
	c.add(lines(p.T("brief.watch"), watch...))
	c.add(entrySection(p, p.T("brief.last"), b.Last))
	c.add(peopleSection(p, p.T("brief.people"), b.People))

	from := p.T("brief.from", state.Args{"from": strings.Join(b.From, ", "), "n": strconv.Itoa(b.Records)})
	if len(b.From) == 0 {
		from = p.T("brief.from_nowhere")
	}
	if b.Records > 1 {
		from += " · " + p.T("brief.why", state.Args{"number": b.Customer.Number})
	}
	c.Foot = append(c.Foot, from)
	if line := withheld(p, b.Withheld, b.Owner); line != "" {
		c.Foot = append(c.Foot, line)
	}
	c.Actions, c.Again = briefActions(p, b), "brief "+b.Customer.Number
	return c
}

func briefActions(p *text.Printer, b service.BriefOut) []Action {
	n, name := b.Customer.Number, b.Customer.Name
	return []Action{NewAction(p, "history", "history "+n, nil), NewAction(p, "promises", "promises "+n, nil),
		NewAction(p, "note", noteWords(n), nil).about(name, n), NewAction(p, "promise", promiseWords(n), nil).about(name, n),
		NewAction(p, "reassign", "assign "+n+" {staff}", nil).about(name, n)}
}

// nowCells says what is late and how much there is to watch: what the meeting is about.
func nowCells(p *text.Printer, b service.BriefOut, watch int) []Cell {
	var cells []Cell
	count := func(list []service.Promise) (first *service.Promise, n int) {
		for i := range list {
			if list[i].Late {
				if first == nil {
					first = &list[i]
				}
				n++
			}
		}
		return first, n
	}
	if x, n := count(b.Ours); x != nil {
		cells = append(cells, late(p.Late(x.LateDays)+p.T("card.colon")+x.By+" "+p.T("card.quote", state.Args{"text": cut(oneLine(x.Text), 60)})))
		if n > 1 {
			cells = append(cells, late(p.T("brief.more_late", state.Args{"n": strconv.Itoa(n - 1)})))
		}
	}
	if _, n := count(b.Theirs); n > 0 {
		cells = append(cells, plain(p.T("brief.they_late", state.Args{"n": strconv.Itoa(n)})))
	}
	if watch > 0 {
		cells = append(cells, plain(p.T("brief.to_watch", state.Args{"n": strconv.Itoa(watch)})))
	}
	return cells
}

const maxReach = 4

// reachCells writes each address once, with what was said about its use.
func reachCells(p *text.Printer, reach []service.Reach) []Cell {
	var cells []Cell
	at := map[string]int{}
	more := 0
	for _, r := range reach {
		key := r.Type + " " + r.Value
		i, ok := at[key]
		if !ok {
			if len(cells) == maxReach {
				at[key] = -1
				more++
				continue
			}
			i = len(cells)
			at[key] = i
			cells = append(cells, plain(reachable(r.Type, r.Value)))
		}
		if i < 0 || r.State == "" {
			continue
		}
		purpose := r.Purpose
		if purpose == "" {
			purpose = state.AllPurposes
		}
		said := []string{p.T("consent."+r.State, state.Args{"purpose": purpose})}
		if r.State != state.ConsentGranted {
			if d := p.Day(r.Since); d != "" {
				said = append(said, d)
			}
			if r.Source != "" {
				said = append(said, r.Source)
			}
			cells[i].Tone = Late
		}
		cells[i].Text += p.T("card.brackets", state.Args{"text": strings.Join(said, p.T("card.comma"))})
	}
	if more > 0 {
		cells = append(cells, dim(p.T("card.more", state.Args{"n": strconv.Itoa(more)})))
	}
	if len(cells) == 0 {
		cells = append(cells, dim(p.T("brief.no_reach")))
	}
	return cells
}

func boughtCells(p *text.Printer, b service.Bought, several bool) []Cell {
	net, last := p.Money(b.Net), p.Money(b.LastAmount)
	if b.Hidden {
		net, last = "–", "–"
	}
	sum := p.T("brief.orders", state.Args{"n": strconv.Itoa(b.Orders), "sum": net})
	if several {
		sum = b.Connection + p.T("card.colon") + sum
	}
	cells := []Cell{strong(sum)}
	if !b.Last.IsZero() {
		cells = append(cells, plain(p.T("brief.last_order", state.Args{"ago": p.Ago(b.Last), "amount": last})))
	}
	if b.EveryDays > 0 {
		cells = append(cells, plain(p.T("brief.every", state.Args{"n": strconv.Itoa(b.EveryDays)})))
	}
	return cells
}

// watchLines are what to watch out for, each question with the command that answers it.
func watchLines(p *text.Printer, b service.BriefOut) []string {
	var out []string
	for _, w := range b.Watch {
		if w.Code == "question" && len(b.Questions) > 0 {
			continue
		}
		out = append(out, p.T("watch."+w.Code, w.Args))
	}
	for _, q := range b.Questions {
		out = append(out, q.Number+p.T("card.colon")+asked(p, q)+" · "+p.T("question.see", state.Args{"number": q.Number}))
	}
	return out
}

func entrySection(p *text.Printer, heading string, entries []service.Entry) Section {
	s := Section{Shape: Table, Heading: heading, Grow: 2}
	for _, e := range entries {
		cells := []Cell{dim(p.Day(e.Time)), plain(headline(p, e)), plain(subject(p, e)), plain(result(p, e))}
		if e.Person != nil {
			cells = append(cells, dim(e.Person.Name))
		}
		s.row(e.ID, cells...)
	}
	return s
}

func peopleSection(p *text.Printer, heading string, people []service.Member) Section {
	s := Section{Shape: Table, Heading: heading, Grow: 1}
	for _, m := range people {
		orders := ""
		if m.Orders > 0 {
			orders = p.T("brief.count", state.Args{"n": strconv.Itoa(m.Orders)})
		}
		s.row(m.Customer.Number, code(m.Customer.Number), strong(m.Customer.Name), plain(m.Role), plain(p.Ago(m.Last)), plain(orders))
	}
	return s
}
