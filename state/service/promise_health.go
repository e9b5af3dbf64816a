package service

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/keptcrm/kept/state"
)

// PromiseHealth counts what we promised: made, kept in time, kept late, not kept, still open, late; by
// what it was closed and how often it was moved; in all and for each who promised. Of what was made a
// promise is exactly one of kept in time, kept late, not kept, open, and withdrawn.
func (s *Service) PromiseHealth(ctx context.Context, in PromiseHealthIn) (PromiseHealthOut, error) {
	return view(ctx, s, func(tx state.Tx, now time.Time) (PromiseHealthOut, error) {
		out := PromiseHealthOut{By: []PromiseCount{}, Since: in.Since, Now: now}
		r, err := s.reader(ctx, tx)
		if err != nil {
			return out, err
		}
		out.Zone = r.zone.String()
		l := newLookup(tx, now)
		only := ""
		if in.By != "" {
			m, err := s.staff(tx, in.By)
			if err != nil {
				return out, err
			}
			only = state.StaffMembers.Ref(m.Number)
		}
		list := state.Promises.All(tx, state.Range{})
		if in.Ref != "" {
			c, _, err := s.reading(tx, in.Ref)
			if err != nil {
				return out, err
			}
			ref := refOf(c)
			out.Customer = &ref
			some, err := l.promisesWith(c)
			if err != nil {
				return out, err
			}
			list = func(yield func(*state.Promise, error) bool) {
				for _, p := range some {
					if !yield(p, nil) {
						return
					}
				}
			}
		}
		by := map[string]*PromiseCount{}
		for p, err := range list {
			if err != nil {
				return out, err
			}
			if p.Direction != state.Ours || p.Made.Before(in.Since) || only != "" && p.By != only {
				continue
			}
			if by[p.By] == nil {
				by[p.By] = &PromiseCount{Name: l.name(p.By)}
			}
			by[p.By].count(p, now)
			out.Total.count(p, now)
		}
		for _, x := range by {
			out.By = append(out.By, *x)
		}
		slices.SortFunc(out.By, func(a, b PromiseCount) int {
			return cmp.Or(cmp.Compare(b.Made, a.Made), cmp.Compare(a.Name, b.Name))
		})
		return out, nil
	})
}

func (n *PromiseCount) count(p *state.Promise, now time.Time) {
	n.Made++
	if len(p.Earlier) > 0 {
		n.Moved++
		bound := p.Bound()
		if bound != nil && p.Due != nil && bound.At.Equal(p.Due.At) {
			n.MovedAgreed++
		}
	}
	switch p.State {
	case state.PromiseOpen:
		n.Open++
		if overdue(p, now) {
			n.Late++
		}
	case state.PromiseKept:
		if p.Proof != "" {
			n.ByEvidence++
		}
		done := p.Done
		if done.IsZero() {
			done = p.Closed
		}
		if overdue(p, done) {
			n.KeptLate++
		} else {
			n.KeptInTime++
		}
	case state.PromiseNotKept:
		n.NotKept++
	default:
		n.Withdrawn++
	}
}

// overdue says whether the time by which a promise is judged had passed: the one first promised, or a
// later one to which the customer agreed before.
func overdue(p *state.Promise, at time.Time) bool {
	b := p.Bound()
	if b == nil {
		return false
	}
	open := state.Promise{State: state.PromiseOpen, Due: b}
	return late(&open, at)
}
