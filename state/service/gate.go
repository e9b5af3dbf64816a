package service

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
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
	// next is when to ask again where nothing but time stands against it: quiet hours, caps, holds
	// with an end. Zero: nobody knows, or the outcome is yes.
	next  time.Time
	never bool // something stands against it that does not pass by itself
}

// wait notes that a reason is over at a time.
func (a *gateAnswer) wait(until time.Time) {
	if until.After(a.next) {
		a.next = until
	}
}

// lasts adds a reason that does not pass by itself.
func (a *gateAnswer) lasts(outcome, code string, args state.Args) {
	a.never = a.never || outcome != gateYes
	a.add(outcome, code, args)
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
// sends asks it at the moment of sending, in the transaction that takes note of the sending, and
// notes advertising that it sent with [Service.sent].
func (s *Service) gate(l *lookup, g gateAsk) (gateAnswer, error) {
	if g.customer == nil && g.to.Match != "" {
		out, _, err := s.gateAddress(l, g)
		return out, err
	}
	return s.gateOne(l, g)
}

// gateOne asks about one customer, or an address that nobody has.
func (s *Service) gateOne(l *lookup, g gateAsk) (gateAnswer, error) {
	out := gateAnswer{outcome: gateYes}
	if g.at.IsZero() {
		g.at = l.now
	}
	said, err := s.saidOf(l, g)
	if err != nil {
		return out, err
	}
	p := s.placeOf(g.customer, g.to)
	if err := s.gateConsent(l, &out, g, said, p); err != nil {
		return out, err
	}
	if err := l.gateHolds(&out, g); err != nil {
		return out, err
	}
	if err := s.gateSent(l, &out, g); err != nil {
		return out, err
	}
	if err := l.gatePromises(&out, g); err != nil {
		return out, err
	}
	s.gateHours(&out, g, p)
	out.sort()
	if err := l.gateOverride(&out, g); err != nil {
		return out, err
	}
	if out.never || out.outcome == gateYes {
		out.next = time.Time{}
	}
	return out, nil
}

// saidOf gives what was said about contact with whom the gate is asked about. Where one brand asks,
// what people said to another one is not about it.
func (s *Service) saidOf(l *lookup, g gateAsk) ([]state.Consent, error) {
	var said []state.Consent
	var err error
	known := false
	if g.customer != nil {
		if said, err = l.statements(g.customer); err != nil {
			return nil, err
		}
		known = slices.ContainsFunc(g.customer.Identifiers, func(a state.Address) bool { return bytes.Equal(a.Key(), g.to.Key()) })
	}
	if g.to.Match != "" && !known {
		more, err := addressee{ids: []state.Identifier{g.to}}.statements(l.tx)
		if err != nil {
			return nil, err
		}
		said = append(said, more...)
	}
	if g.brand == "" {
		return said, nil
	}
	return slices.DeleteFunc(said, func(c state.Consent) bool {
		brand := s.config.Connections[c.Connection].Brand
		return c.Connection != "" && brand != "" && !strings.EqualFold(brand, g.brand) && c.Channel != state.AllChannels &&
			c.State != state.ConsentUndeliverable
	}), nil
}
