package bot

import (
	"context"
	"strings"

	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

var mayContact = Word{
	Name:    "may-contact",
	Aliases: []string{"可联系", "能联系吗"},
	Usage: []string{"may-contact CUSTOMER|ADDRESS [--channel CHANNEL] [--purpose PURPOSE] [--asset NAME] [--brand NAME] [--team NAME]",
		`may-contact CUSTOMER … --override "REASON"`},
	Examples: []string{"may-contact jana", "may-contact jana --channel phone --purpose service",
		"may-contact jana --channel email --purpose marketing --asset spring-brochure",
		`may-contact jana --purpose sales --override "she asked me at the fair"`},
	Options: []Option{{Name: "channel", Value: "CHANNEL"}, {Name: "purpose", Value: "PURPOSE"}, {Name: "asset", Value: "NAME"},
		{Name: "brand", Value: "NAME"}, {Name: "team", Value: "NAME"}, {Name: "override", Value: "REASON"}},
	Writes: true, // with --override alone
	run: func(ctx context.Context, api service.API, req Request) (Card, error) {
		in := service.MayContactIn{Ref: req.rest(0), Channel: req.Options["channel"], Purpose: req.Options["purpose"], Asset: req.Options["asset"],
			Brand: req.Options["brand"], Team: req.Options["team"]}
		if in.Ref == "" {
			return Card{}, errUsage
		}
		var out service.MayContactOut
		var err error
		if reason, ok := req.Options["override"]; ok {
			out, err = api.ContactOverride(ctx, service.ContactOverrideIn{MayContactIn: in, Reason: reason})
		} else {
			out, err = api.MayContact(ctx, in)
		}
		if err != nil {
			return explain(req, "may-contact", err, req.whole("may-contact"))
		}
		return mayContactCard(req.printer(out.Zone, out.Now), out), nil
	},
}

func mayContactCard(p *text.Printer, out service.MayContactOut) Card {
	c := Card{Word: "may-contact", Data: out}
	who := out.Ref
	if out.Customer != nil {
		who = out.Customer.Name
		c.Aside = []string{out.Customer.Number}
	}
	args := state.Args{"name": who, "channel": out.Channel, "purpose": out.Purpose, "asset": out.Asset}
	c.Title = p.T("may."+out.Outcome, args)
	s := Section{Shape: Table, Grow: 1}
	for _, r := range out.Reasons {
		tone := plain
		if r.Against {
			tone = late
		}
		s.row("", strong(p.T("may.mark_"+r.Args["outcome"])), tone(p.Evidence(r)))
	}
	c.Again = "may-contact " + contactWords(out)
	c.add(s)
	if len(out.Reasons) == 0 {
		c.add(lines("", p.T("may.nothing")))
	}
	if out.Outcome == "ask" {
		if !out.Next.IsZero() {
			c.Foot = append(c.Foot, p.T("may.next", state.Args{"day": p.Moment(out.Next)}))
		}
		words := "may-contact " + contactWords(out) + " --override "
		c.Foot = append(c.Foot, p.T("may.override", state.Args{"command": p.Command(words + `"…"`)}))
		c.Actions = []Action{NewAction(p, "override", words+"{reason}", nil).about(who)}
	}
	return c
}

// contactWords are the words that ask the same again.
func contactWords(out service.MayContactOut) string {
	ref := out.Ref
	if out.Customer != nil && !strings.Contains(ref, "@") && !strings.HasPrefix(ref, "+") {
		ref = out.Customer.Number
	}
	words := quote(ref) + " --channel " + out.Channel + " --purpose " + out.Purpose
	if out.Asset != "" {
		words += " --asset " + quote(out.Asset)
	}
	return words
}
