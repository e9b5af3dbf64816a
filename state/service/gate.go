package service

import (
	"cmp"
	"slices"
	"time"

	"github.com/keptcrm/kept/state"
)

// What the gate answers, strictest last.
const (
	gateYes = "yes"
	gateMay = "ask" // a person decides, with a reason
	gateNo  = "no"
)

// The purposes of contact beside marketing and sales, which alone are commercial.
const (
	purposeMarketing     = "marketing"
	purposeSales         = "sales"
	purposeService       = "service"
	purposeReply         = "reply"
	purposeTransactional = "transactional"
)

var gatePurposes = []string{purposeMarketing, purposeSales, purposeService, purposeReply, purposeTransactional}

// commercial says whether a purpose is to sell something: the rules about advertising hold for it.
func commercial(purpose string) bool { return purpose == purposeMarketing || purpose == purposeSales }

// gateAsk is one contact that somebody wants to make.
type gateAsk struct {
	customer *state.Customer  // nil where nobody has the address
	to       state.Identifier // the address; the zero one asks about the customer on the channel
	channel  string           // email, phone, sms, post, social
	purpose  string           // of gatePurposes
	asset    string           // what is sent, where it has a name: "spring-brochure"
	brand    string           // "" for all
	team     string           // who of us wants to
	at       time.Time        // when; zero: now
}

// gateAnswer is what the gate says, with its reasons, strongest first. Each reason has its own
// outcome in the argument "outcome"; the answer's is the strictest of them.
type gateAnswer struct {
	outcome string
	reasons []state.Evidence
}

// add adds a reason, and makes the outcome no milder than it.
func (a *gateAnswer) add(outcome, code string, args state.Args) {
	if args == nil {
		args = state.Args{}
	}
	args["outcome"] = outcome
	a.reasons = append(a.reasons, state.Evidence{Code: code, Args: args, Against: outcome != gateYes})
	if strictness(outcome) > strictness(a.outcome) {
		a.outcome = outcome
	}
}

func strictness(outcome string) int { return slices.Index([]string{gateYes, gateMay, gateNo}, outcome) }

// sort puts the strongest reasons first; of equally strong ones those that were found first.
func (a *gateAnswer) sort() {
	slices.SortStableFunc(a.reasons, func(x, y state.Evidence) int {
		return cmp.Compare(strictness(y.Args["outcome"]), strictness(x.Args["outcome"]))
	})
}

// gate says whether a contact may be made. It is the one function that decides so: whatever Kept
// sends asks it at the moment of sending, in the transaction that takes note of the sending.
func (s *Service) gate(l *lookup, g gateAsk) (gateAnswer, error) {
	out := gateAnswer{outcome: gateYes}
	if g.at.IsZero() {
		g.at = l.now
	}
	said, err := l.saidOf(g)
	if err != nil {
		return out, err
	}
	s.gateConsent(l, &out, g, said)
	out.sort()
	return out, nil
}

// saidOf gives what was said about contact with whom the gate is asked about.
func (l *lookup) saidOf(g gateAsk) ([]state.Consent, error) {
	if g.customer != nil {
		said, err := l.statements(g.customer)
		if err != nil || g.to.Match == "" || slices.ContainsFunc(g.customer.Identifiers, func(a state.Address) bool {
			return string(a.Key()) == string(g.to.Key())
		}) {
			return said, err
		}
		more, err := addressee{ids: []state.Identifier{g.to}}.statements(l.tx)
		return append(said, more...), err
	}
	if g.to.Match == "" {
		return nil, nil
	}
	return addressee{ids: []state.Identifier{g.to}}.statements(l.tx)
}

// gateConsent adds what follows from what was said about contact.
func (s *Service) gateConsent(l *lookup, out *gateAnswer, g gateAsk, said []state.Consent) {
	// An address that does not work says nothing of the others.
	var words []state.Consent
	var dead *state.Consent
	for i := range said {
		if said[i].State != state.ConsentUndeliverable {
			words = append(words, said[i])
		} else if g.to.Match == "" || string(said[i].Identifier.Key()) == string(g.to.Key()) {
			dead = &said[i]
		}
	}
	if dead != nil && !contactable(said, g.channel, g.purpose) {
		out.add(gateNo, "gate_undeliverable", saidArgs(l, dead))
	}
	c := holds(words, g.channel, g.purpose)
	if c == nil || !c.Refuses() {
		return
	}
	switch {
	case c.State == state.ConsentWithheld:
		if commercial(g.purpose) {
			out.add(gateNo, "gate_withheld", saidArgs(l, c))
		}
	case commercial(g.purpose):
		out.add(gateNo, "gate_opted_out", saidArgs(l, c))
	default:
		out.add(gateMay, "gate_opted_out", saidArgs(l, c))
	}
}

// saidArgs tells a statement: what, by whom, when, in which words.
func saidArgs(l *lookup, c *state.Consent) state.Args {
	args := state.Args{"purpose": c.Purpose, "channel": c.Channel, "value": c.Identifier.Shown, "words": oneLine(c.Words),
		"since": saidAt(c).Format(time.RFC3339), "source": cmp.Or(c.Connection, l.name(c.By))}
	return args
}
