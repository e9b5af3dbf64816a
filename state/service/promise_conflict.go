package service

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/promise"
)

// pricesFor is how long a price counts that was promised and given: afterwards nobody takes it for
// the one that holds.
const pricesFor = 180 * 24 * time.Hour

// PromiseConflicts gives promises of ours that contradict each other: two dates or two prices for one
// thing, by two people, to one customer or to people of one organisation. What was withdrawn or
// replaced contradicts nothing.
func (s *Service) PromiseConflicts(ctx context.Context, in PromiseConflictsIn) (PromiseConflictsOut, error) {
	return view(ctx, s, func(tx state.Tx, now time.Time) (PromiseConflictsOut, error) {
		out := PromiseConflictsOut{Conflicts: []PromiseConflict{}, Now: now}
		r, err := s.reader(ctx, tx)
		if err != nil {
			return out, err
		}
		out.Zone = r.zone.String()
		l := newLookup(tx, now)
		if in.Ref != "" {
			c, _, err := s.reading(tx, in.Ref)
			if err != nil {
				return out, err
			}
			ref := refOf(c)
			out.Customer = &ref
			out.Conflicts, err = l.conflictsOf(c)
			return out, err
		}
		// Every pair once, though it stands at both and at their organisation.
		seen := map[[2]string]bool{}
		done := map[uint64]bool{}
		for p, err := range state.Promises.All(tx, state.Range{}) {
			if err != nil {
				return out, err
			}
			if !l.stillSays(p) {
				continue
			}
			c, err := l.survivor(p.Base)
			if err != nil {
				return out, err
			}
			if c == nil || done[c.Number] {
				continue
			}
			done[c.Number] = true
			found, err := l.conflictsOf(c)
			if err != nil {
				return out, err
			}
			for _, x := range found {
				if key := [2]string{x.A.Number, x.B.Number}; !seen[key] {
					seen[key] = true
					out.Conflicts = append(out.Conflicts, x)
				}
			}
		}
		slices.SortStableFunc(out.Conflicts, func(a, b PromiseConflict) int { return b.B.Made.Compare(a.B.Made) })
		return out, nil
	})
}

// stillSays says whether a promise of ours can contradict another: it is open, or was kept and names
// a price that may still be taken for the one that holds.
func (l *lookup) stillSays(p *state.Promise) bool {
	if p.Direction != state.Ours {
		return false
	}
	return p.State == state.PromiseOpen || p.State == state.PromiseKept && l.now.Sub(p.Made) < pricesFor && len(promise.Prices(p.Text)) > 0
}

// conflictsOf gives the contradictions among what we promised a customer, the people of an
// organisation, or a person and the others of their organisations; the newest first.
func (l *lookup) conflictsOf(c *state.Customer) ([]PromiseConflict, error) {
	list, err := l.promisesWith(c)
	if err != nil {
		return nil, err
	}
	own := slices.Clone(list)
	if c.Kind == state.Person && slices.ContainsFunc(own, l.stillSays) {
		relations, err := l.relations(c)
		if err != nil {
			return nil, err
		}
		today := l.now.Format(time.DateOnly)
		for _, r := range relations {
			if !r.Outgoing || r.Kind != relationWorksFor && r.Kind != relationBelongsTo || r.Until != "" && r.Until < today {
				continue
			}
			n, _ := state.Customers.ParseRef(r.Customer.Number)
			org, err := l.survivor(n)
			if err != nil {
				return nil, err
			}
			if org == nil {
				continue
			}
			more, err := l.promisesWith(org)
			if err != nil {
				return nil, err
			}
			for _, p := range more {
				if !slices.ContainsFunc(list, func(x *state.Promise) bool { return x.Number == p.Number }) {
					list = append(list, p)
				}
			}
		}
	}
	mine := func(p *state.Promise) bool {
		return slices.ContainsFunc(own, func(x *state.Promise) bool { return x.Number == p.Number })
	}
	list = slices.DeleteFunc(list, func(p *state.Promise) bool { return !l.stillSays(p) })
	slices.SortFunc(list, func(a, b *state.Promise) int {
		return cmp.Or(a.Made.Compare(b.Made), cmp.Compare(a.Number, b.Number))
	})
	out := []PromiseConflict{}
	for i, a := range list {
		for _, b := range list[i+1:] {
			if a.By == b.By || !mine(a) && !mine(b) {
				continue
			}
			x, ok := promise.Conflicts(pledge(a), pledge(b))
			if !ok || x.Kind == promise.ConflictDate && (a.State != state.PromiseOpen || b.State != state.PromiseOpen) {
				continue
			}
			one := PromiseConflict{Kind: x.Kind, Thing: x.Thing}
			if x.Kind == promise.ConflictPrice {
				one.PriceA, one.PriceB = &state.Money{Minor: x.A.Minor, Currency: x.A.Currency}, &state.Money{Minor: x.B.Minor, Currency: x.B.Currency}
			}
			var err error
			if one.A, err = l.promise(a); err != nil {
				return nil, err
			}
			if one.B, err = l.promise(b); err != nil {
				return nil, err
			}
			out = append(out, one)
		}
	}
	slices.Reverse(out)
	return out, nil
}

func pledge(p *state.Promise) promise.Pledge {
	x := promise.Pledge{Text: p.Text, Made: p.Made}
	if p.Due != nil {
		x.Due, x.DueText = p.Due.At, p.Due.Text
	}
	for _, e := range p.Evidence {
		if e.Code == "said_in_mail" && e.Args["thread"] != "" {
			x.Thread = e.Args["thread"]
		}
	}
	return x
}

// contradictions warns of what two of us promised otherwise.
func (b *briefing) contradictions() error {
	found, err := b.l.conflictsOf(b.c)
	for _, x := range found {
		args := state.Args{"thing": x.Thing, "a": x.A.Number, "b": x.B.Number, "by_a": x.A.By, "by_b": x.B.By,
			"on_a": x.A.Made.Format(time.RFC3339), "on_b": x.B.Made.Format(time.RFC3339)}
		if x.Kind == promise.ConflictPrice {
			args["price_a"], args["price_b"] = strconv.FormatInt(x.PriceA.Minor, 10), strconv.FormatInt(x.PriceB.Minor, 10)
			args["currency"] = x.PriceA.Currency
			b.watch("two_prices", args)
			continue
		}
		args["due_a"], args["due_b"] = x.A.Due.Format(time.RFC3339), x.B.Due.Format(time.RFC3339)
		b.watch("two_dates", args)
	}
	return err
}
