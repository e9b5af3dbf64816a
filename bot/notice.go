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

// noticeAgain stands behind the name of a card that may have arrived before.
const noticeAgain = " again"

// Notice makes the card of what one of us is told by Kept itself, anew for the caller in the context:
// "digest", "reminder p12", "question q7", "followup t12", "over t12". With " again" behind it the card says that it may be the
// second time. What is not known is an error, and the message's own text stands.
func Notice(ctx context.Context, api service.API, card string, r Reader) (Card, error) {
	card, again := strings.CutSuffix(card, noticeAgain)
	what, ref, _ := strings.Cut(card, " ")
	n := service.Notice{Card: card, Language: r.Lang, Zone: r.Zone, Now: r.Now}
	switch {
	case what == "digest":
		d, err := api.Digest(ctx, service.DigestIn{})
		if err != nil {
			return Card{}, err
		}
		n.Digest = &d
	case what == "reminder" && promiseNumber.MatchString(ref):
		out, err := api.PromiseShow(ctx, service.PromiseShowIn{Promise: ref})
		if err != nil {
			return Card{}, err
		}
		n.Promise, n.Zone, n.Now = &out.Promise, out.Zone, out.Now
	case what == "question" && questionNumber.MatchString(ref):
		out, err := api.QuestionList(ctx, service.QuestionListIn{Number: ref})
		if err != nil {
			return Card{}, err
		}
		if len(out.Questions) == 0 {
			return Card{}, invalid("no_such_notice", "card", card)
		}
		n.Question = &out.Questions[0]
	case (what == "followup" || what == "over") && followupNumber.MatchString(ref):
		out, err := api.FollowupList(ctx, service.FollowupListIn{Number: ref})
		if err != nil {
			return Card{}, err
		}
		if len(out.Followups) == 0 {
			return Card{}, invalid("no_such_notice", "card", card)
		}
		n.Followup, n.Over, n.Zone, n.Now = &out.Followups[0], what == "over", out.Zone, out.Now
	default:
		return Card{}, invalid("no_such_notice", "card", card)
	}
	c := noticeCard(n, r.Command)
	if again {
		c.Title = text.For(r.Lang).T("notice.again") + " " + c.Title
	}
	return c, nil
}

// NoticeOf makes the card of a message to one of us: of its name, or of its text where it has none.
func NoticeOf(ctx context.Context, api service.API, o state.Outgoing, r Reader) (Card, error) {
	if o.Card == "" {
		c := Card{Title: o.Subject}
		if c.Title == "" {
			c.Title = o.Text
		} else {
			c.add(lines("", strings.Split(strings.TrimSpace(strings.TrimPrefix(o.Text, o.Subject)), "\n")...))
		}
		return c, nil
	}
	name := o.Card
	if !o.Doubted.IsZero() {
		name += noticeAgain
	}
	return Notice(ctx, api, name, r)
}

// NoticeText puts a notice into plain text, for those who are told by mail or on standard output.
// command is how they call us.
func NoticeText(command string) func(service.Notice) (subject, body string) {
	return func(n service.Notice) (subject, body string) {
		if n.Card == "again" {
			return "", text.For(n.Language).T("notice.again")
		}
		c := noticeCard(n, command)
		return c.Title, PlainText(c)
	}
}

func noticeCard(n service.Notice, command string) Card {
	p := text.For(n.Language).In(n.Zone, n.Now).As(command)
	switch {
	case n.Digest != nil:
		return digestCard(p, *n.Digest)
	case n.Promise != nil:
		return reminderCard(p, *n.Promise, n.StandsIn)
	case n.Question != nil:
		c := Card{Word: "questions", Title: asked(p, *n.Question), Actions: questionActions(p, *n.Question), Data: n.Question}
		c.add(questionSection(p, *n.Question, true))
		return c
	case n.Followup != nil:
		return toldCard(p, *n.Followup, n.Over, n.StandsIn)
	}
	return Card{Title: n.Card}
}

// toldCard tells one of us what a rule of kept.yaml found, and what is to be done; or, over somebody,
// that they did not do it.
func toldCard(p *text.Printer, x service.Followup, over bool, standsIn string) Card {
	key := "told.rule"
	if over {
		key = "told.over"
	}
	why := p.FollowupWhy(x.Why, x.Args, "")
	args := state.Args{"customer": x.CustomerName, "why": p.FollowupWhy(x.Why, x.Args, oneLine(x.Text)), "name": standsIn, "who": x.For}
	c := Card{Word: "followup", Title: p.T(key, args)}
	if x.Number != "" {
		c = followupCard(p, c.Title, x)
	} else {
		brief := NewAction(p, "brief", "brief "+x.Customer, nil)
		c.Actions, c.Foot = []Action{brief}, []string{p.T("told.brief", state.Args{"customer": x.Customer})}
	}
	if x.Why != "" && oneLine(x.Text) != "" {
		c.Sections = append([]Section{lines("", why)}, c.Sections...)
	}
	return c
}

// reminderCard reminds of one promise.
func reminderCard(p *text.Printer, x service.Promise, standsIn string) Card {
	key := "reminder.due"
	args := state.Args{"customer": x.CustomerName, "text": wording(p, x), "name": standsIn}
	switch {
	case x.Late:
		key = "reminder.late"
	case x.State != state.PromiseOpen && x.State != "":
		key = "reminder.over"
	}
	if x.Due != nil {
		args["due"] = p.Due(*x.Due, x.DateOnly, x.Zone)
	}
	c := promiseCard(p, "promise", p.T(key, args), x)
	c.Data = x
	return c
}

// digestCard is what somebody's day begins with: the first line says it all on a phone.
func digestCard(p *text.Printer, d service.DigestOut) Card {
	c := Card{Word: "digest", Title: p.T("digest.hello", state.Args{"name": called(d.Name), "what": digestSums(p, d)}), Data: d}
	if d.Empty() {
		c.Title = p.T("digest.nothing", state.Args{"name": called(d.Name)})
		return c
	}
	promises := func(name string, list []service.Promise, heading string) {
		c.add(promiseSection(p, heading, list, true))
		c.cutAt(p, d.Total[name]-len(list), "promises")
	}
	promises("late", d.Late, p.T("digest.late"))
	promises("today", d.Today, p.T("digest.today"))
	for _, x := range d.For {
		c.add(promiseSection(p, p.T("digest.for", state.Args{"name": x.Name}), x.Late, true))
	}
	c.add(followupSection(p, p.T("digest.followups"), d.Followups, true))
	c.cutAt(p, d.Total["followups"]-len(d.Followups), "followups")
	for i, q := range d.Questions {
		s := questionSection(p, q, false)
		if i == 0 {
			s.Heading = p.T("digest.questions")
		}
		c.add(s)
	}
	c.cutAt(p, d.Total["questions"]-len(d.Questions), "questions")
	wrote := Section{Shape: Table, Heading: p.T("digest.wrote"), Grow: 2}
	for _, x := range d.Wrote {
		wrote.row(x.Customer, code(x.Customer), strong(x.CustomerName), plain(oneLine(x.Subject)), dim(p.Ago(x.Since)))
	}
	c.add(wrote)
	c.cutAt(p, d.Total["wrote"]-len(d.Wrote), "followups --unanswered 1h")
	promises("theirs", d.Theirs, p.T("digest.theirs"))
	quiet := Section{Shape: Table, Heading: p.T("digest.quiet"), Grow: 2}
	for _, x := range d.Quiet {
		quiet.row(x.Customer.Number, code(x.Customer.Number), strong(x.Customer.Name),
			plain(p.T("digest.silent", state.Args{"n": strconv.Itoa(x.Days), "usual": strconv.Itoa(x.Usual)})))
	}
	c.add(quiet)
	promises("next", d.Next, p.T("digest.next"))
	promises("new", d.New, p.T("digest.new"))
	c.Foot = append(c.Foot, p.T("digest.settings"))
	return c
}

// cutAt says how much more of something there is, and with which word.
func (c *Card) cutAt(p *text.Printer, more int, word string) {
	if more > 0 {
		c.Foot = append(c.Foot, p.T("digest.more", state.Args{"n": strconv.Itoa(more), "command": p.Command(word)}))
	}
}

// digestSums are the counts of a digest, what presses most first: three of them at most.
func digestSums(p *text.Printer, d service.DigestOut) string {
	var parts []string
	for _, name := range []string{"late", "today", "for", "followups", "questions", "wrote", "theirs", "quiet", "next", "new"} {
		if n := d.Total[name]; n > 0 && len(parts) < 3 {
			parts = append(parts, p.T("digest.n_"+name, state.Args{"n": strconv.Itoa(n)}))
		}
	}
	return strings.Join(parts, p.T("card.comma"))
}

// called is what somebody is called in a greeting: the first of several names in Latin letters.
func called(name string) string {
	words := strings.Fields(name)
	if len(words) < 2 || strings.ContainsFunc(words[0], func(r rune) bool { return r > 0x24f }) || len([]rune(words[0])) < 3 {
		return name
	}
	return words[0]
}

// PlainText writes a card as text that needs no columns: a line for each row.
func PlainText(c Card) string {
	var out []string
	out = append(out, strings.TrimSpace(c.Title))
	if len(c.Aside) > 0 {
		out[0] += "  " + strings.Join(c.Aside, "  ")
	}
	for i, s := range c.Sections {
		if i == 0 || s.Heading != "" {
			out = append(out, "")
		}
		if s.Heading != "" {
			out = append(out, s.Heading)
		}
		for _, r := range s.Rows {
			var cells []string
			for _, x := range r.Cells {
				if t := strings.TrimSpace(x.Text); t != "" {
					cells = append(cells, t)
				}
			}
			indent := "  "
			if len(r.Cells) > 0 && r.Cells[0].Text == "" {
				indent = "      "
			}
			out = append(out, indent+strings.Join(cells, "  "))
		}
	}
	if len(c.Foot) > 0 {
		out = append(append(out, ""), c.Foot...)
	}
	return strings.Join(slices.Clip(out), "\n")
}

// Quiet is the card of the caller's customers who have been silent for longer than is usual for them; it
// has no sections where there are none.
func Quiet(ctx context.Context, api service.API, r Reader) (Card, error) {
	d, err := api.Digest(ctx, service.DigestIn{Quiet: true})
	if err != nil {
		return Card{}, err
	}
	p := text.For(r.Lang).In(d.Zone, d.Now).As(r.Command)
	c := Card{Word: "quiet", Title: p.T("digest.quiet"), Data: d.Quiet}
	quiet := Section{Shape: Table, Grow: 2}
	for _, x := range d.Quiet {
		n := x.Customer.Number
		quiet.row(n, code(n), strong(x.Customer.Name), plain(p.T("digest.silent", state.Args{"n": strconv.Itoa(x.Days), "usual": strconv.Itoa(x.Usual)})))
		quiet.Rows[len(quiet.Rows)-1].Actions = []Action{NewAction(p, "brief", "brief "+n, nil), NewAction(p, "note", noteWords(n), nil).about(x.Customer.Name, n)}
	}
	c.add(quiet)
	return c, nil
}

// Digest is the card of somebody's digest, in a language; command is how they call us.
func Digest(lang, command string, d service.DigestOut) Card {
	return noticeCard(service.Notice{Digest: &d, Language: lang, Zone: d.Zone, Now: d.Now}, command)
}
