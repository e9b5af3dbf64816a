package service

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/keptcrm/kept/state"
)

// FollowupList gives open follow-ups, or with All all of them. What a merge made one is there once.
func (s *Service) FollowupList(ctx context.Context, in FollowupListIn) (FollowupListOut, error) {
	return view(ctx, s, func(tx state.Tx, now time.Time) (FollowupListOut, error) {
		out := FollowupListOut{Followups: []Followup{}, Now: now}
		r, err := s.reader(ctx, tx)
		if err != nil {
			return out, err
		}
		out.Zone = r.zone.String()
		l := newLookup(tx, now)
		if in.Number != "" {
			n, err := reference(state.Followups, tx, in.Number)
			if err != nil {
				return out, err
			}
			f, err := state.Followups.Number(tx, n)
			if err != nil {
				return out, err
			}
			return out, s.listFollowups(l, in, []*state.Followup{f}, &out)
		}
		by, err := s.whom(ctx, tx, in.By)
		if err != nil {
			return out, err
		}
		list, err := s.followups(l, in, &out)
		if err != nil {
			return out, err
		}
		if list, err = s.thoseOf(l, by, list); err != nil {
			return out, err
		}
		list = slices.DeleteFunc(list, func(f *state.Followup) bool {
			return !in.All && f.State != state.FollowupOpen || in.Late && !lateFollowup(f, now)
		})
		sortFollowups(list, now)
		return out, s.listFollowups(l, in, list, &out)
	})
}

// followups gives those of a customer, or of everybody whom we know.
func (s *Service) followups(l *lookup, in FollowupListIn, out *FollowupListOut) ([]*state.Followup, error) {
	if in.Ref != "" {
		c, _, err := s.reading(l.tx, in.Ref)
		if err != nil {
			return nil, err
		}
		ref := refOf(c)
		out.Customer = &ref
		return l.followupsWith(c)
	}
	r := state.Range{}
	if !in.All {
		r.Index = "open"
	}
	bases := numberSet{}
	var list []*state.Followup
	for f, err := range state.Followups.All(l.tx, r) {
		if err != nil {
			return nil, err
		}
		if bases.has(f.Base) {
			continue
		}
		c, err := l.survivor(f.Base)
		if err != nil {
			return nil, err
		}
		if c == nil { // it went with the import that made it
			bases.add(f.Base)
			continue
		}
		for _, b := range append([]uint64{f.Base}, basesOf(c)...) {
			bases.add(b)
		}
		mine, err := l.followupsOf(c)
		if err != nil {
			return nil, err
		}
		list = append(list, mine...)
	}
	return list, nil
}

func basesOf(c *state.Customer) []uint64 { return slices.Clone(bases(c)) }

// thoseOf leaves the follow-ups that are one staff member's to do: their own, and those of whoever
// they stand in for today. "" leaves all.
func (s *Service) thoseOf(l *lookup, by string, list []*state.Followup) ([]*state.Followup, error) {
	if by == "" {
		return list, nil
	}
	m, err := s.staff(l.tx, by)
	if err != nil {
		return nil, err
	}
	ref := state.StaffMembers.Ref(m.Number)
	var out []*state.Followup
	for _, f := range list {
		mine := f.For == ref || f.Over == ref
		if owner, err := l.member(f.For); err != nil {
			return nil, err
		} else if owner != nil && !mine && f.State == state.FollowupOpen {
			now, err := s.present(l, owner)
			if err != nil {
				return nil, err
			}
			mine = now != nil && now.Number == m.Number
		} else if owner == nil {
			mine = mine || m.Role == "rep" // nobody's are everybody's who sells
		}
		if mine {
			out = append(out, f)
		}
	}
	return out, nil
}

func (s *Service) listFollowups(l *lookup, in FollowupListIn, list []*state.Followup, out *FollowupListOut) error {
	out.Total = len(list)
	for _, f := range list {
		if lateFollowup(f, l.now) {
			out.Late++
		}
	}
	if in.Limit > 0 && len(list) > in.Limit {
		list = list[:in.Limit]
	}
	for _, f := range list {
		shown, err := s.showFollowup(l, f)
		if err != nil {
			return err
		}
		out.Followups = append(out.Followups, shown)
	}
	return nil
}

func sortFollowups(list []*state.Followup, now time.Time) {
	group := func(f *state.Followup) int {
		switch {
		case f.State != state.FollowupOpen:
			return 3
		case now.Before(f.Snoozed):
			return 2
		case lateFollowup(f, now):
			return 0
		}
		return 1
	}
	slices.SortStableFunc(list, func(a, b *state.Followup) int {
		by := cmp.Compare(group(a), group(b))
		switch {
		case by != 0:
		case group(a) == 3:
			by = b.Closed.Compare(a.Closed)
		case group(a) == 2:
			by = a.Snoozed.Compare(b.Snoozed)
		default:
			by = a.Due.At.Compare(b.Due.At)
		}
		return cmp.Or(by, cmp.Compare(a.Number, b.Number))
	})
}

// followed adds what is to be followed up with the customer.
func (b *briefing) followed() error {
	list, err := b.l.followupsWith(b.c)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(f *state.Followup) bool { return f.State != state.FollowupOpen })
	sortFollowups(list, b.l.now)
	for _, f := range list {
		shown, err := b.s.showFollowup(b.l, f)
		if err != nil {
			return err
		}
		b.out.Followups = append(b.out.Followups, shown)
	}
	return nil
}
