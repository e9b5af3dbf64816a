package service

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"github.com/keptcrm/kept/state"
)

// recently is how long a question of a customer, or their order, makes an answer natural.
const recently = 30 * 24 * time.Hour

// gateConsent adds what follows from what was said about contact, and from silence.
//
// A no to advertising is a no for it alone. A no to everything on a channel also stops service and
// order mail there, but asks rather than refuses where the customer needs us: they wrote after it,
// or we owe them something. A reply to what they wrote after it is what they asked for.
func (s *Service) gateConsent(l *lookup, out *gateAnswer, g gateAsk, said []state.Consent, p place) error {
	c, dead := inForce(said, g)
	if dead != nil {
		out.lasts(gateNo, "gate_undeliverable", saidArgs(l, dead))
	}
	switch {
	case c == nil || c.State == state.ConsentLifted:
		s.gateSilence(l, out, g, p, c)
	case c.State == state.ConsentGranted:
		out.add(gateYes, "gate_granted", saidArgs(l, c))
	case c.State == state.ConsentWithheld:
		if commercial(g.purpose) {
			out.lasts(gateNo, "gate_withheld", saidArgs(l, c))
		}
	case commercial(g.purpose):
		out.lasts(gateNo, "gate_opted_out", saidArgs(l, c))
	default:
		outcome, err := l.despite(g, saidAt(c))
		if err != nil {
			return err
		}
		if outcome == gateYes {
			out.add(gateYes, "gate_wrote_since", saidArgs(l, c))
		} else {
			out.lasts(outcome, "gate_opted_out", saidArgs(l, c))
		}
	}
	return nil
}

// inForce gives the statement of people that holds for a contact, nil where nothing was said; and dead,
// where the address does not work, the one that says so.
func inForce(said []state.Consent, g gateAsk) (holding, dead *state.Consent) {
	words, dead := apart(said, g)
	return holds(words, g.channel, g.purpose), dead
}

// apart gives what people said, without what says that an address does not work; and of those that
// about the address in question, or about the only ones there are on the channel.
func apart(said []state.Consent, g gateAsk) (words []state.Consent, dead *state.Consent) {
	works := g.customer == nil
	if g.customer != nil && g.to.Match == "" {
		for _, a := range g.customer.Identifiers {
			if !a.Former && slices.Contains(channelsOf(a.Type), g.channel) && !broken(said, a.Identifier, g) {
				works = true
			}
		}
	}
	for i := range said {
		c := &said[i]
		if c.State != state.ConsentUndeliverable {
			words = append(words, *c)
			continue
		}
		mine := g.to.Match != "" && bytes.Equal(c.Identifier.Key(), g.to.Key()) || g.to.Match == "" && !works && slices.Contains(channelsOf(c.Identifier.Type), g.channel)
		if mine && broken(said, c.Identifier, g) {
			dead = c
		}
	}
	return words, dead
}

// broken says whether an address does not work: what was said about it says so, and no person took it back.
func broken(said []state.Consent, id state.Identifier, g gateAsk) bool {
	var own []state.Consent
	for _, c := range said {
		if bytes.Equal(c.Identifier.Key(), id.Key()) && (c.State == state.ConsentUndeliverable || c.State == state.ConsentLifted) {
			own = append(own, c)
		}
	}
	return !contactable(own, g.channel, g.purpose)
}

// despite says what a no to everything means for a purpose that sells nothing.
func (l *lookup) despite(g gateAsk, since time.Time) (string, error) {
	if g.customer == nil {
		return gateNo, nil
	}
	wrote, err := l.wroteSince(g.customer, later(since, g.at.Add(-recently)))
	if err != nil {
		return "", err
	}
	if wrote != nil && g.purpose == purposeReply {
		return gateYes, nil
	}
	if wrote != nil || g.purpose == purposeTransactional {
		return gateMay, nil
	}
	late, err := l.lateOurs(g.customer)
	if err != nil || len(late) > 0 {
		return gateMay, err
	}
	return gateNo, nil
}

// wroteSince gives the last message of a customer after a time, or nil.
func (l *lookup) wroteSince(c *state.Customer, since time.Time) (*Entry, error) {
	theirs := map[string]bool{}
	addressesOf(c, theirs)
	for e, err := range l.merged([]source{{c: c}}, since, "") {
		if err != nil {
			return nil, err
		}
		if e.Direction == state.In && talks(&e) && e.Time.After(since) && !e.Time.After(l.now) && (e.From == "" || theirs[e.From]) {
			return &e, nil
		}
	}
	return nil, nil
}

// gateSilence adds what it means that nothing was said, by the country of the customer; of several
// the strictest holds.
func (s *Service) gateSilence(l *lookup, out *gateAnswer, g gateAsk, p place, lifted *state.Consent) {
	if !commercial(g.purpose) {
		return
	}
	countries := p.countries
	if len(countries) == 0 {
		countries = []string{""}
	}
	var worst GateSilence
	for i, country := range countries {
		r := s.rules.silence(country, g.purpose, g.channel)
		if i == 0 || strictness(r.Outcome) > strictness(worst.Outcome) {
			worst, worst.Country = r, country
		}
	}
	args := state.Args{"purpose": g.purpose, "channel": g.channel, "country": worst.Country, "law": worst.Law}
	if lifted != nil {
		args["lifted"] = saidAt(lifted).Format(time.RFC3339)
		args["source"] = l.name(lifted.By)
	}
	code := "gate_silence_" + worst.Outcome
	if worst.Outcome == gateYes {
		out.add(gateYes, code, args)
		return
	}
	out.lasts(worst.Outcome, code, args)
}

// saidArgs tells a statement: what, by whom, when, in which words.
func saidArgs(l *lookup, c *state.Consent) state.Args {
	return state.Args{"purpose": c.Purpose, "channel": c.Channel, "value": c.Identifier.Shown, "words": oneLine(c.Words),
		"since": saidAt(c).Format(time.RFC3339), "source": cmp.Or(c.Connection, l.name(c.By))}
}

// lateOurs are our open promises to a customer that are late, those to its organisations too.
func (l *lookup) lateOurs(c *state.Customer) ([]*state.Promise, error) {
	orgs, err := l.organisations(c)
	if err != nil {
		return nil, err
	}
	var out []*state.Promise
	for _, x := range append([]*state.Customer{c}, orgs...) {
		list, err := l.promisesOf(x)
		if err != nil {
			return nil, err
		}
		for _, p := range list {
			if p.Direction == state.Ours && late(p, l.now) {
				out = append(out, p)
			}
		}
	}
	return out, nil
}

// gatePromises asks before anything is sold to somebody to whom we are late with a promise.
func (l *lookup) gatePromises(out *gateAnswer, g gateAsk) error {
	if !commercial(g.purpose) || g.customer == nil {
		return nil
	}
	late, err := l.lateOurs(g.customer)
	for _, p := range late {
		out.lasts(gateMay, "gate_promise_late", state.Args{"promise": state.Promises.Ref(p.Number), "words": p.Text,
			"by": l.name(p.By), "due": p.Due.At.Format(time.RFC3339)})
	}
	return err
}
