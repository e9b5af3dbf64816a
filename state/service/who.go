package service

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
)

const whoRead = 1000 // newest activities among which it looks for who dealt with a customer

// Who says who answers for a customer, whom to ask today, and who of us dealt with it; without a
// customer, who everybody is.
func (s *Service) Who(ctx context.Context, in WhoIn) (WhoOut, error) {
	return view(ctx, s, func(tx state.Tx, now time.Time) (WhoOut, error) {
		out := WhoOut{Touched: []StaffTouched{}, Relations: []Affiliation{}}
		l := s.lookup(tx, now, reader{})
		if strings.TrimSpace(in.Ref) == "" {
			var err error
			out.Everybody, err = s.staffShown(l, false)
			return out, err
		}
		c, _, err := s.reading(tx, in.Ref)
		if err != nil {
			return out, err
		}
		out.Customer = refOf(c)
		owner, err := l.member(c.Owner)
		if err != nil {
			return out, err
		}
		if owner != nil {
			deputy, err := l.deputy(owner)
			if err != nil {
				return out, err
			}
			present, err := s.present(l, owner)
			if err != nil {
				return out, err
			}
			for _, x := range []struct {
				m  *state.Staff
				to **Staff
			}{{owner, &out.Owner}, {deputy, &out.Deputy}, {present, &out.Now}} {
				if x.m == nil {
					continue
				}
				shown, err := s.showStaff(l, x.m, nil)
				if err != nil {
					return out, err
				}
				*x.to = &shown
			}
		}
		if out.Relations, err = l.relations(c); err != nil {
			return out, err
		}
		if out.People, err = l.members(c, nil); err != nil {
			return out, err
		}
		out.Touched, err = l.touched(c)
		return out, err
	})
}

// deputy gives who stands in for a staff member: the deputy, else the manager; nil for nobody.
func (l *lookup) deputy(m *state.Staff) (*state.Staff, error) {
	n := cmp.Or(m.Deputy, m.Manager)
	if n == 0 {
		return nil, nil
	}
	return l.member(state.StaffMembers.Ref(n))
}

// present gives whom to ask today instead of a staff member: the first in the chain of deputies
// who is here, nil where nobody is.
func (s *Service) present(l *lookup, m *state.Staff) (*state.Staff, error) {
	seen := map[uint64]bool{}
	for m != nil && !seen[m.Number] {
		if !left(m, l.now) && s.absence(m, l.now) == nil {
			return m, nil
		}
		seen[m.Number] = true
		var err error
		if m, err = l.deputy(m); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// touched gives who of us dealt with a customer, the last first.
func (l *lookup) touched(c *state.Customer) ([]StaffTouched, error) {
	sources, err := l.sources(c)
	if err != nil {
		return nil, err
	}
	out := []StaffTouched{}
	read := 0
	for e, err := range l.merged(sources, time.Time{}, "") {
		if err != nil {
			return nil, err
		}
		if read++; read > whoRead {
			break
		}
		theirs := e.Kind == state.ActivityConsent || e.Direction == state.Theirs || e.Direction == state.In
		if e.Actor == "" || e.Actor == ops || theirs || e.Time.After(l.now) ||
			slices.ContainsFunc(out, func(t StaffTouched) bool { return t.Name == e.Actor }) {
			continue
		}
		out = append(out, StaffTouched{Name: e.Actor, Last: e.Time, How: e.Kind})
	}
	return out, nil
}
