package service

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
)

// sourceHand is the source of a statement that a person entered about an address that no customer
// has.
const sourceHand = "hand"

// addressee is whom a statement about contact is about: a customer with all its identifiers, or
// one identifier, whoever has it.
type addressee struct {
	customer *state.Customer // nil where nobody has the address, or several do
	base     uint64
	ids      []state.Identifier
	single   bool // one address was named
}

// ref is the customer as shown, or nil.
func (a addressee) ref() *CustomerRef {
	if a.customer == nil {
		return nil
	}
	r := refOf(a.customer)
	return &r
}

// source is where a statement by hand comes from.
func (a addressee) source() string {
	if a.customer == nil {
		return sourceHand
	}
	return state.Customers.Ref(a.base)
}

// addressee reads what people name when they speak about contact. An e-mail address or a phone
// number means itself, whoever has it; anything else names a customer.
func (s *Service) addressee(tx state.Tx, ref string) (addressee, error) {
	ref = strings.TrimSpace(ref)
	ids := s.identifiers(ref)
	if len(ids) > 0 && (ids[0].Type == state.TypeEmail || !ids[0].Weak || len(ids[0].Match) >= minRefTail) {
		l := newLookup(tx, noTime)
		out := addressee{ids: ids, single: true}
		h := &hits{l: l}
		if err := addHolders(h, ids[0].Key(), "", ""); err != nil {
			return out, err
		}
		holders, err := h.best()
		if err != nil {
			return out, err
		}
		if len(holders) == 1 {
			out.customer = holders[0].c
			out.base = out.customer.Number
			for _, a := range out.customer.Identifiers {
				if string(a.Key()) == string(ids[0].Key()) {
					out.ids = []state.Identifier{plain(a.Identifier)}
				}
			}
		}
		return out, nil
	}
	if strings.Contains(strings.TrimPrefix(ref, "@"), "@") {
		return addressee{}, &state.Error{Class: state.Invalid, Code: "not_an_address", Args: state.Args{"ref": ref}}
	}
	c, base, err := s.customer(tx, ref)
	if err != nil {
		return addressee{}, err
	}
	out := addressee{customer: c, base: base}
	for _, a := range c.Identifiers {
		if len(channelsOf(a.Type)) > 0 {
			out.ids = append(out.ids, plain(a.Identifier))
		}
	}
	return out, nil
}

// plain is the identifier itself, without what one record or customer thinks of it.
func plain(id state.Identifier) state.Identifier {
	id.Weak, id.Former = false, false
	return id
}

// itself stands for a customer that has no address of which a no could be noted.
func itself(base uint64) state.Identifier {
	ref := state.Customers.Ref(base)
	return state.Identifier{Type: "customer", Match: ref, Shown: ref}
}

func checkScope(channel, purpose string) (string, string, error) {
	channel, purpose = strings.ToLower(strings.TrimSpace(channel)), strings.ToLower(strings.TrimSpace(purpose))
	if channel == "mail" {
		channel = channelEmail
	}
	if channel != "" && channel != state.AllChannels && !slices.Contains(channels, channel) {
		return "", "", &state.Error{Class: state.Invalid, Code: "unknown_channel",
			Args: state.Args{"channel": channel, "channels": strings.Join(append(slices.Clone(channels), state.AllChannels), ", ")}}
	}
	if purpose == "" {
		purpose = state.AllPurposes
	}
	if !slices.Contains(purposes, purpose) {
		return "", "", &state.Error{Class: state.Invalid, Code: "unknown_purpose",
			Args: state.Args{"purpose": purpose, "purposes": strings.Join(purposes, ", ")}}
	}
	return channel, purpose, nil
}

// OptoutAdd stops contact at an address, or at all addresses of a customer, former ones too. It
// works for an address that no customer has: whoever turns up with it later is stopped as well.
func (s *Service) OptoutAdd(ctx context.Context, in OptoutAddIn) (OptoutOut, error) {
	channel, purpose, err := checkScope(in.Channel, in.Purpose)
	if err != nil {
		return OptoutOut{}, err
	}
	args := state.Args{"ref": in.Ref, "channel": channel, "purpose": purpose}
	return change(ctx, s, "optout.add", args, func(w *state.Writer) (OptoutOut, error) {
		a, err := s.addressee(w.Tx(), in.Ref)
		if err != nil {
			return OptoutOut{}, err
		}
		wrote := 0
		for _, id := range a.ids {
			for _, ch := range channelsFor(id, channel) {
				c := &state.Consent{Identifier: id, Channel: ch, Purpose: purpose, State: state.ConsentOptedOut,
					Source: a.source(), Words: strings.TrimSpace(in.Words), By: w.Cause.Actor}
				if err := noteConsent(w, c); err != nil {
					return OptoutOut{}, err
				}
				wrote++
			}
		}
		if wrote == 0 && a.customer != nil && (channel == "" || channel == state.AllChannels || channel == channelPost) {
			c := &state.Consent{Identifier: itself(a.base), Channel: cmp.Or(channel, state.AllChannels), Purpose: purpose,
				State: state.ConsentOptedOut, Source: a.source(), Words: strings.TrimSpace(in.Words), By: w.Cause.Actor}
			if err := noteConsent(w, c); err != nil {
				return OptoutOut{}, err
			}
			wrote++
		}
		if wrote == 0 {
			return OptoutOut{}, &state.Error{Class: state.Invalid, Code: "no_address",
				Args: state.Args{"ref": in.Ref, "channel": cmp.Or(channel, state.AllChannels)}}
		}
		return s.optoutOut(w.Tx(), a)
	})
}

// channelsFor gives the channels for which a statement about an identifier is written, when a
// channel was asked for ("" is the identifier's own). What has no identifier of its own (post, or
// everything) is noted at every one.
func channelsFor(id state.Identifier, asked string) []string {
	own := channelsOf(id.Type)
	if asked == "" {
		return own
	}
	if asked == state.AllChannels || asked == channelPost || slices.Contains(own, asked) {
		return []string{asked}
	}
	return nil
}

// noteConsent stores a person's word as said now, after all that was noted about the identifier
// before: a clock that stands still, or was set back, must not turn their order round.
func noteConsent(w *state.Writer, c *state.Consent) error {
	c.Noted = w.Cause.At
	before, err := statementsAbout(w.Tx(), c.Identifier)
	if err != nil {
		return err
	}
	for _, b := range before {
		if !c.Noted.After(b.Noted) {
			c.Noted = b.Noted.Add(time.Nanosecond)
		}
	}
	c.At = c.Noted
	return state.Consents.Put(w, c)
}

// statements gives all that was said about an addressee.
func (a addressee) statements(tx state.Tx) ([]state.Consent, error) {
	l := newLookup(tx, noTime)
	if a.customer != nil {
		return l.statements(a.customer)
	}
	var out []state.Consent
	for _, id := range a.ids {
		list, err := statementsAbout(tx, id)
		if err != nil {
			return nil, err
		}
		for _, c := range list {
			out = append(out, *c)
		}
	}
	sortStatements(out)
	return out, nil
}

func (s *Service) optoutOut(tx state.Tx, a addressee) (OptoutOut, error) {
	said, err := a.statements(tx)
	if err != nil {
		return OptoutOut{}, err
	}
	l := newLookup(tx, noTime)
	at, err := s.optoutsHeld(l, a.customer)
	return OptoutOut{Customer: a.ref(), Lines: l.holdLines(held(said), a.ref()), Connections: at}, err
}

// OptoutRemove takes refusals back that were known until now, with a reason that stays on record.
// What is refused afterwards is refused again.
func (s *Service) OptoutRemove(ctx context.Context, in OptoutRemoveIn) (OptoutOut, error) {
	reason := strings.TrimSpace(in.Reason)
	if reason == "" {
		return OptoutOut{}, &state.Error{Class: state.Invalid, Code: "reason_missing"}
	}
	channel, purpose, err := checkScope(in.Channel, in.Purpose)
	if err != nil {
		return OptoutOut{}, err
	}
	channel = cmp.Or(channel, state.AllChannels)
	args := state.Args{"ref": in.Ref, "channel": channel, "purpose": purpose, "reason": reason}
	return change(ctx, s, "optout.remove", args, func(w *state.Writer) (OptoutOut, error) {
		a, err := s.addressee(w.Tx(), in.Ref)
		if err != nil {
			return OptoutOut{}, err
		}
		said, err := a.statements(w.Tx())
		if err != nil {
			return OptoutOut{}, err
		}
		done := map[string]bool{}
		for i := range said {
			c := &said[i]
			key := string(c.Identifier.Key())
			named := slices.ContainsFunc(a.ids, func(id state.Identifier) bool { return string(id.Key()) == key })
			if done[key] || a.single && !named || !refusedAt(said, key, channel, purpose) {
				continue
			}
			done[key] = true
			err := noteConsent(w, &state.Consent{Identifier: plain(c.Identifier), Channel: channel, Purpose: purpose,
				State: state.ConsentLifted, Source: a.source(), Words: reason, By: w.Cause.Actor})
			if err != nil {
				return OptoutOut{}, err
			}
		}
		if len(done) == 0 {
			return OptoutOut{}, &state.Error{Class: state.Invalid, Code: "nothing_refused",
				Args: state.Args{"ref": in.Ref, "channel": channel, "purpose": purpose}}
		}
		return s.optoutOut(w.Tx(), a)
	})
}

// refusedAt says whether contact at one identifier is refused within a scope.
func refusedAt(said []state.Consent, key, channel, purpose string) bool {
	var own []state.Consent
	for _, c := range said {
		if string(c.Identifier.Key()) == key {
			own = append(own, c)
		}
	}
	return !contactable(own, channel, purpose)
}

// OptoutList gives who refuses contact, newest first: for each address, channel and purpose the
// statement that holds. Those who were asked and only never agreed come with All, and are counted
// without.
func (s *Service) OptoutList(ctx context.Context, in OptoutListIn) (OptoutListOut, error) {
	return view(ctx, s, func(tx state.Tx, now time.Time) (OptoutListOut, error) {
		out := OptoutListOut{Lines: []ConsentLine{}}
		l := newLookup(tx, now)
		refusals, err := state.Consents.List(tx, state.Range{Index: "refusal", Reverse: true})
		if err != nil {
			return out, err
		}
		seen := map[string]bool{}
		for _, r := range refusals {
			key := string(r.Identifier.Key())
			if seen[key] {
				continue
			}
			seen[key] = true
			about, err := statementsAbout(tx, r.Identifier)
			if err != nil {
				return out, err
			}
			said := make([]state.Consent, len(about))
			for i, c := range about {
				said[i] = *c
			}
			var of *CustomerRef
			for _, h := range held(said) {
				if h.consent == nil || !h.consent.Refuses() || h.covered(said) {
					continue
				}
				if h.consent.State == state.ConsentWithheld && !in.All {
					out.Withheld++
					continue
				}
				if of == nil {
					if of, err = l.owner(r.Identifier); err != nil {
						return out, err
					}
				}
				line := l.consentLine(h.consent, of)
				line.Channel, line.Purpose, line.Holds = h.channel, h.purpose, true
				out.Lines = append(out.Lines, line)
			}
		}
		said := func(l ConsentLine) time.Time {
			if l.At.IsZero() {
				return l.Noted
			}
			return l.At
		}
		slices.SortStableFunc(out.Lines, func(a, b ConsentLine) int { return said(b).Compare(said(a)) })
		return out, nil
	})
}

// covered says whether a wider statement than this scope already tells the same.
func (h heldConsent) covered(said []state.Consent) bool {
	c := h.consent
	if c.Channel == h.channel && c.Purpose == h.purpose {
		return false
	}
	// The deciding statement is spoken for by its own scope, as long as it holds there too.
	own := holds(said, c.Channel, c.Purpose)
	return own != nil && consentID(own) == consentID(c)
}

// owner gives the one customer with an identifier, or nil.
func (l *lookup) owner(id state.Identifier) (*CustomerRef, error) {
	numbers, err := scanNumbers(l.tx, exactly("identifier", id.Key()), 2)
	if err != nil || len(numbers) != 1 {
		return nil, err
	}
	c, err := l.survivor(numbers[0])
	if err != nil || c == nil {
		return nil, err
	}
	r := refOf(c)
	return &r, nil
}

// OptoutWhy gives every statement about contact with a customer or at an address, and what
// follows from them.
func (s *Service) OptoutWhy(ctx context.Context, in OptoutWhyIn) (OptoutWhyOut, error) {
	return view(ctx, s, func(tx state.Tx, now time.Time) (OptoutWhyOut, error) {
		a, err := s.addressee(tx, in.Ref)
		if err != nil {
			return OptoutWhyOut{}, err
		}
		said, err := a.statements(tx)
		if err != nil {
			return OptoutWhyOut{}, err
		}
		l := newLookup(tx, now)
		ref := strings.TrimSpace(in.Ref)
		if a.single {
			ref = a.ids[0].Shown
		}
		holding := held(said)
		at, err := s.optoutsHeld(l, a.customer)
		return OptoutWhyOut{Customer: a.ref(), Ref: ref, Holds: l.holdLines(holding, a.ref()),
			Said: l.consentLines(said, holding, a.ref()), Connections: at}, err
	})
}
