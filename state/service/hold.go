package service

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/promise"
)

// HoldIn stops contact with a customer for a time.
type HoldIn struct {
	Ref     string `json:"ref"`
	Until   string `json:"until,omitempty"` // as people say it: 2026-12-01, "next friday"; "": until it is lifted
	Reason  string `json:"reason"`
	Purpose string `json:"purpose,omitempty"` // "": marketing and sales; "all", or one
}

// HoldLiftIn ends the holds of a customer, or one by its number.
type HoldLiftIn struct {
	Ref  string `json:"ref"` // a customer, or h3
	Note string `json:"note,omitempty"`
}

// HoldListIn asks for the holds that stand, or with All for all.
type HoldListIn struct {
	Ref string `json:"ref,omitempty"` // of one customer
	All bool   `json:"all,omitempty"` // those too that are over
}

// Hold is one hold as shown.
type Hold struct {
	Number   string      `json:"number"`
	Customer CustomerRef `json:"customer"`
	Purpose  string      `json:"purpose"`
	Until    time.Time   `json:"until,omitzero"`
	DateOnly bool        `json:"date_only"`
	Reason   string      `json:"reason"`
	By       string      `json:"by"`
	At       time.Time   `json:"at"`
	Standing bool        `json:"standing"`
	Lifted   time.Time   `json:"lifted,omitzero"`
	LiftedBy string      `json:"lifted_by,omitempty"`
	Note     string      `json:"note,omitempty"`
}

// HoldOut is what a hold, or its end, came to.
type HoldOut struct {
	Holds []Hold    `json:"holds"`
	Now   time.Time `json:"now"`
	Zone  string    `json:"zone"`
}

// Hold stops contact with a customer until a time. Without a purpose it stops marketing and sales.
func (s *Service) Hold(ctx context.Context, in HoldIn) (HoldOut, error) {
	reason := oneLine(in.Reason)
	if reason == "" {
		return HoldOut{}, &state.Error{Class: state.Invalid, Code: "hold_reason_missing"}
	}
	purpose := cmp.Or(strings.ToLower(strings.TrimSpace(in.Purpose)), state.HoldCommercial)
	if known := append([]string{state.HoldCommercial, state.AllPurposes}, gatePurposes...); !slices.Contains(known, purpose) {
		return HoldOut{}, &state.Error{Class: state.Invalid, Code: "unknown_purpose",
			Args: state.Args{"purpose": purpose, "purposes": strings.Join(known, ", ")}}
	}
	return change(ctx, s, "hold.add", state.Args{"ref": in.Ref, "purpose": purpose}, func(w *state.Writer) (HoldOut, error) {
		_, base, err := s.customer(w.Tx(), in.Ref)
		if err != nil {
			return HoldOut{}, err
		}
		r, err := s.reader(ctx, w.Tx())
		if err != nil {
			return HoldOut{}, err
		}
		h := &state.Hold{Base: base, Purpose: purpose, Reason: reason, By: w.Cause.Actor, At: w.Cause.At}
		l := newLookup(w.Tx(), w.Cause.At)
		if strings.TrimSpace(in.Until) != "" {
			// By the clock of whoever says it.
			due, err := s.due(l, in.Until, &state.Promise{Direction: state.Theirs}, w.Cause)
			if err != nil {
				return HoldOut{}, err
			}
			if promise.Late(promise.Due{At: due.At, DateOnly: due.DateOnly}, w.Cause.At) {
				return HoldOut{}, &state.Error{Class: state.Invalid, Code: "hold_over", Args: state.Args{"until": due.At.Format(time.RFC3339)}}
			}
			h.Until, h.DateOnly, h.Zone = due.At, due.DateOnly, due.Zone
		}
		if h.Number, err = state.Holds.Next(w); err != nil {
			return HoldOut{}, err
		}
		if err := state.Holds.Put(w, h); err != nil {
			return HoldOut{}, err
		}
		shown, err := l.hold(h)
		return HoldOut{Holds: []Hold{shown}, Now: w.Cause.At, Zone: r.zone.String()}, err
	})
}

// HoldLift ends the holds that stand on a customer, or one by its number.
func (s *Service) HoldLift(ctx context.Context, in HoldLiftIn) (HoldOut, error) {
	return change(ctx, s, "hold.lift", state.Args{"ref": in.Ref}, func(w *state.Writer) (HoldOut, error) {
		r, err := s.reader(ctx, w.Tx())
		if err != nil {
			return HoldOut{}, err
		}
		l := newLookup(w.Tx(), w.Cause.At)
		out := HoldOut{Holds: []Hold{}, Now: w.Cause.At, Zone: r.zone.String()}
		var all []*state.Hold
		if n, ok := state.Holds.ParseRef(strings.ToLower(strings.TrimSpace(in.Ref))); ok {
			h, err := state.Holds.Find(w.Tx(), state.NumberKey(n))
			if err != nil {
				return out, err
			}
			if h == nil {
				return out, &state.Error{Class: state.NotFound, Code: "no_such_hold", Args: state.Args{"ref": in.Ref}}
			}
			all = []*state.Hold{h}
		} else {
			c, _, err := s.customer(w.Tx(), in.Ref)
			if err != nil {
				return out, err
			}
			if all, err = l.holdsOf(c); err != nil {
				return out, err
			}
		}
		for _, h := range all {
			if !h.Holds(w.Cause.At) {
				continue
			}
			h.Lifted, h.LiftedBy, h.Note = w.Cause.At, w.Cause.Actor, oneLine(in.Note)
			if err := state.Holds.Put(w, h); err != nil {
				return out, err
			}
			shown, err := l.hold(h)
			if err != nil {
				return out, err
			}
			out.Holds = append(out.Holds, shown)
		}
		if len(out.Holds) == 0 {
			return out, &state.Error{Class: state.Invalid, Code: "nothing_held", Args: state.Args{"ref": in.Ref}}
		}
		return out, nil
	})
}

// HoldList gives the holds that stand, the one that ends first first; those without an end last.
func (s *Service) HoldList(ctx context.Context, in HoldListIn) (HoldOut, error) {
	return view(ctx, s, func(tx state.Tx, now time.Time) (HoldOut, error) {
		out := HoldOut{Holds: []Hold{}, Now: now}
		r, err := s.reader(ctx, tx)
		if err != nil {
			return out, err
		}
		out.Zone = r.zone.String()
		l := newLookup(tx, now)
		var all []*state.Hold
		switch {
		case in.Ref != "":
			c, _, err := s.reading(tx, in.Ref)
			if err != nil {
				return out, err
			}
			all, err = l.holdsOf(c)
			if err != nil {
				return out, err
			}
		case in.All:
			all, err = state.Holds.List(tx, state.Range{})
		default:
			all, err = state.Holds.List(tx, state.Range{Index: "standing"})
		}
		if err != nil {
			return out, err
		}
		for _, h := range all {
			if !in.All && !h.Holds(now) {
				continue
			}
			shown, err := l.hold(h)
			if err != nil {
				return out, err
			}
			out.Holds = append(out.Holds, shown)
		}
		slices.SortStableFunc(out.Holds, func(a, b Hold) int {
			if a.Standing != b.Standing {
				return cmp.Compare(map[bool]int{true: 0, false: 1}[a.Standing], map[bool]int{true: 0, false: 1}[b.Standing])
			}
			if a.Until.IsZero() != b.Until.IsZero() {
				return cmp.Compare(map[bool]int{false: 0, true: 1}[a.Until.IsZero()], map[bool]int{false: 0, true: 1}[b.Until.IsZero()])
			}
			return a.Until.Compare(b.Until)
		})
		return out, nil
	})
}

// holdsOf gives all holds on a customer, lifted ones too, in the order of their numbers.
func (l *lookup) holdsOf(c *state.Customer) ([]*state.Hold, error) {
	var out []*state.Hold
	for _, b := range bases(c) {
		list, err := state.Holds.By(l.tx, "base", state.NumberKey(b))
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	slices.SortFunc(out, func(a, b *state.Hold) int { return cmp.Compare(a.Number, b.Number) })
	return out, nil
}

func (l *lookup) hold(h *state.Hold) (Hold, error) {
	out := Hold{Number: state.Holds.Ref(h.Number), Customer: CustomerRef{Number: state.Customers.Ref(h.Base)}, Purpose: h.Purpose,
		Until: h.Until, DateOnly: h.DateOnly, Reason: h.Reason, By: l.name(h.By), At: h.At, Standing: h.Holds(l.now),
		Lifted: h.Lifted, LiftedBy: l.name(h.LiftedBy), Note: h.Note}
	c, err := l.survivor(h.Base)
	if err == nil && c != nil {
		out.Customer = refOf(c)
	}
	return out, err
}

// gateHolds adds the holds on a customer, and on the organisations that it belongs to now.
func (l *lookup) gateHolds(out *gateAnswer, g gateAsk) error {
	if g.customer == nil {
		return nil
	}
	whom := []*state.Customer{g.customer}
	orgs, err := l.organisations(g.customer)
	if err != nil {
		return err
	}
	for i, c := range append(whom, orgs...) {
		holds, err := l.holdsOf(c)
		if err != nil {
			return err
		}
		for _, h := range holds {
			if !h.Holds(g.at) || h.Purpose != g.purpose && h.Purpose != state.AllPurposes && (h.Purpose != state.HoldCommercial || !commercial(g.purpose)) {
				continue
			}
			args := state.Args{"hold": state.Holds.Ref(h.Number), "reason": h.Reason, "by": l.name(h.By), "since": h.At.Format(time.RFC3339)}
			if !h.Until.IsZero() {
				args["until"] = h.Until.Format(time.RFC3339)
				out.wait(h.Until.Add(time.Second))
			} else {
				out.never = true
			}
			if i > 0 {
				args["name"] = c.Name
			}
			out.add(gateNo, "gate_hold", args)
		}
	}
	return nil
}

// organisations are those that somebody belongs to now.
func (l *lookup) organisations(c *state.Customer) ([]*state.Customer, error) {
	if c.Kind != state.Person {
		return nil, nil
	}
	relations, err := l.relations(c)
	if err != nil {
		return nil, err
	}
	var out []*state.Customer
	today := l.now.Format(time.DateOnly)
	for _, r := range relations {
		if !r.Outgoing || r.Kind != relationWorksFor && r.Kind != relationBelongsTo || r.Until != "" && r.Until < today[:min(len(r.Until), len(today))] {
			continue
		}
		n, ok := state.Customers.ParseRef(r.Customer.Number)
		if !ok {
			continue
		}
		org, err := l.survivor(n)
		if err != nil {
			return nil, err
		}
		if org != nil {
			out = append(out, org)
		}
	}
	return out, nil
}
