package service

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/promise"
)

// FollowupAdd enters a follow-up by hand: for the customer's owner unless In.For says who, due in
// the zone of whoever is to do it.
func (s *Service) FollowupAdd(ctx context.Context, in FollowupAddIn) (FollowupOut, error) {
	text := oneLine(in.Text)
	if text == "" {
		return FollowupOut{}, &state.Error{Class: state.Invalid, Code: "text_missing"}
	}
	return change(ctx, s, "followup.add", state.Args{"ref": in.Ref}, func(w *state.Writer) (FollowupOut, error) {
		tx, now := w.Tx(), w.Cause.At
		c, base, err := s.customer(tx, in.Ref)
		if err != nil {
			return FollowupOut{}, err
		}
		f := &state.Followup{Base: base, Text: text, State: state.FollowupOpen, Made: now, By: w.Cause.Actor, For: c.Owner,
			Evidence: []state.Evidence{{Code: "by_hand", Args: state.Args{"by": actorName(tx, w.Cause.Actor), "at": now.Format(time.RFC3339)}}}}
		l := newLookup(tx, now)
		if err := s.mayMeet(ctx, l, in.Ref, c); err != nil {
			return FollowupOut{}, err
		}
		if strings.TrimSpace(in.For) != "" {
			m, err := s.staff(tx, in.For)
			if err != nil {
				return FollowupOut{}, err
			}
			f.For = state.StaffMembers.Ref(m.Number)
		} else if owner, err := l.member(f.For); err != nil {
			return FollowupOut{}, err
		} else if owner == nil && w.Cause.Actor != ops {
			f.For = w.Cause.Actor
		}
		if f.Due, err = s.followupDue(l, cmp.Or(strings.TrimSpace(in.Due), "today"), f.For, w.Cause); err != nil {
			return FollowupOut{}, err
		}
		if f.Number, err = state.Followups.Next(w); err != nil {
			return FollowupOut{}, err
		}
		if err := state.Followups.Put(w, f); err != nil {
			return FollowupOut{}, err
		}
		return s.followupOut(ctx, l, f)
	})
}

// followupDue reads due words in the zone of whoever is to do it.
func (s *Service) followupDue(l *lookup, words, who string, cause state.Cause) (state.Due, error) {
	m, err := l.member(who)
	if err != nil {
		return state.Due{}, err
	}
	loc := s.zone()
	if m != nil {
		loc = s.zone(m.Zone)
	}
	d, err := promise.Reader{}.Parse(words, l.now, loc)
	var refused *promise.Error
	if errors.As(err, &refused) {
		args := state.Args(refused.Args)
		args["zone"] = loc.String()
		return state.Due{}, &state.Error{Class: state.Invalid, Code: string(refused.Code), Args: args}
	}
	return state.Due{At: d.At, Zone: loc.String(), DateOnly: d.DateOnly, Text: d.Text, SetBy: cause.Actor, SetAt: cause.At}, err
}

// FollowupClose says that a follow-up was done or dropped, or opens it again.
func (s *Service) FollowupClose(ctx context.Context, in FollowupCloseIn) (FollowupOut, error) {
	to := strings.ToLower(strings.TrimSpace(in.State))
	states := []string{state.FollowupDone, state.FollowupDropped, state.FollowupOpen}
	if !slices.Contains(states, to) {
		return FollowupOut{}, &state.Error{Class: state.Invalid, Code: "unknown_state",
			Args: state.Args{"state": in.State, "states": strings.Join(states, ", ")}}
	}
	return s.changeFollowup(ctx, "followup.close", in.Followup, func(w *state.Writer, l *lookup, f *state.Followup) (bool, error) {
		if f.State == to {
			return false, nil
		}
		f.State, f.Closed, f.ClosedBy, f.Snoozed = to, w.Cause.At, w.Cause.Actor, time.Time{}
		code := "closed_by_hand"
		if to == state.FollowupOpen {
			f.Closed, f.ClosedBy, code = time.Time{}, "", "opened_by_hand"
		}
		f.Note = strings.TrimSpace(in.Note)
		args := state.Args{"state": to, "by": l.name(w.Cause.Actor), "at": w.Cause.At.Format(time.RFC3339)}
		if f.Note != "" {
			args["note"] = f.Note
		}
		f.Evidence = append(f.Evidence, state.Evidence{Code: code, Args: args})
		return true, nil
	})
}

// FollowupSnooze puts an open follow-up off.
func (s *Service) FollowupSnooze(ctx context.Context, in FollowupSnoozeIn) (FollowupOut, error) {
	return s.changeFollowup(ctx, "followup.snooze", in.Followup, func(w *state.Writer, l *lookup, f *state.Followup) (bool, error) {
		if f.State != state.FollowupOpen {
			return false, closedFollowup(f)
		}
		due, err := s.followupDue(l, in.Until, f.For, w.Cause)
		if err != nil {
			return false, err
		}
		until := due.At
		if due.DateOnly { // put off until a day: it is back when that day begins
			until = dayBegins(due.At, due.Zone)
		}
		if f.Snoozed.Equal(until) {
			return false, nil
		}
		f.Snoozed = until
		return true, nil
	})
}

// dayBegins gives the first moment of the day that a time has in a zone.
func dayBegins(t time.Time, zone string) time.Time {
	loc, ok := zoneByName(zone)
	if !ok {
		loc = time.UTC
	}
	y, m, d := t.In(loc).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, loc).UTC()
}

// FollowupAssign gives an open follow-up to somebody.
func (s *Service) FollowupAssign(ctx context.Context, in FollowupAssignIn) (FollowupOut, error) {
	return s.changeFollowup(ctx, "followup.assign", in.Followup, func(w *state.Writer, l *lookup, f *state.Followup) (bool, error) {
		if f.State != state.FollowupOpen {
			return false, closedFollowup(f)
		}
		to, given, err := s.giveOn(w, l, f.For, in.Staff)
		if err != nil || to == f.For {
			return false, err
		}
		f.Evidence, f.For = append(f.Evidence, given), to
		return true, nil
	})
}

func closedFollowup(f *state.Followup) error {
	return &state.Error{Class: state.Invalid, Code: "followup_closed", Args: state.Args{
		"followup": state.Followups.Ref(f.Number), "state": f.State}}
}

func (s *Service) changeFollowup(ctx context.Context, what, ref string, fn func(*state.Writer, *lookup, *state.Followup) (bool, error)) (FollowupOut, error) {
	return change(ctx, s, what, state.Args{"followup": ref}, func(w *state.Writer) (FollowupOut, error) {
		n, err := reference(state.Followups, w.Tx(), ref)
		if err != nil {
			return FollowupOut{}, err
		}
		f, rev, err := state.Followups.GetRev(w.Tx(), state.NumberKey(n))
		if err != nil {
			return FollowupOut{}, err
		}
		if f == nil {
			return FollowupOut{}, &state.Error{Class: state.NotFound, Code: "no_such_followup", Args: state.Args{"ref": ref}}
		}
		l := newLookup(w.Tx(), w.Cause.At)
		if err := s.mayChange(ctx, l, f.For, f.Base); err != nil {
			return FollowupOut{}, err
		}
		changed, err := fn(w, l, f)
		if err != nil {
			return FollowupOut{}, err
		}
		if changed {
			if _, err := state.Followups.PutRev(w, f, rev); err != nil {
				return FollowupOut{}, err
			}
		}
		return s.followupOut(ctx, l, f)
	})
}

func (s *Service) followupOut(ctx context.Context, l *lookup, f *state.Followup) (FollowupOut, error) {
	r, err := s.reader(ctx, l.tx)
	if err != nil {
		return FollowupOut{}, err
	}
	out := FollowupOut{Zone: r.zone.String(), Now: l.now}
	out.Followup, err = s.showFollowup(l, f)
	return out, err
}

// lateFollowup says whether an open follow-up is late: its moment, or its day in its zone, is over,
// and it is not put off.
func lateFollowup(f *state.Followup, now time.Time) bool {
	return f.State == state.FollowupOpen && !now.Before(f.Snoozed) && promise.Late(promise.Due{At: f.Due.At, DateOnly: f.Due.DateOnly}, now)
}

// showFollowup gives a follow-up as shown.
func (s *Service) showFollowup(l *lookup, f *state.Followup) (Followup, error) {
	c, err := l.survivor(f.Base)
	if err != nil {
		return Followup{}, err
	}
	if c == nil {
		c = &state.Customer{Number: f.Base}
	}
	out := Followup{Number: state.Followups.Ref(f.Number), Customer: state.Customers.Ref(c.Number), CustomerName: c.Name,
		Rule: f.Rule, Why: f.Code, Args: f.Args, Text: f.Text, For: l.name(f.For), Due: f.Due.At, DateOnly: f.Due.DateOnly,
		Zone: f.Due.Zone, State: f.State, Late: lateFollowup(f, l.now), Snoozed: f.Snoozed, Made: f.Made,
		Closed: f.Closed, ClosedBy: l.name(f.ClosedBy), Note: f.Note, Told: f.Told, Over: l.name(f.Over),
		Evidence: append([]state.Evidence{}, f.Evidence...)}
	if f.Rule == "" {
		out.By = l.name(f.By)
	}
	if f.Promise != 0 {
		out.Promise = state.Promises.Ref(f.Promise)
	}
	if out.Late {
		out.LateDays = lateDays(&f.Due, l.now)
	}
	if f.State == state.FollowupOpen {
		m, err := l.member(f.For)
		if err != nil {
			return out, err
		}
		if m != nil {
			now, err := s.present(l, m)
			if err != nil {
				return out, err
			}
			if now != nil && now.Number != m.Number {
				out.Ask = now.Name
			}
		}
	}
	out.ID, err = l.id(out.Number)
	return out, err
}

// followupsOf gives the follow-ups of a customer itself by number, each occasion once: where two
// customers were merged that had one each, the closed one counts, else the older.
func (l *lookup) followupsOf(c *state.Customer) ([]*state.Followup, error) {
	var all []*state.Followup
	for _, b := range bases(c) {
		list, err := state.Followups.By(l.tx, "base", state.NumberKey(b))
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	return once(all), nil
}

// once leaves one follow-up of each occasion, and of a rule's open ones one of each topic, of
// follow-ups that are all one customer's.
func once(all []*state.Followup) []*state.Followup {
	slices.SortFunc(all, func(a, b *state.Followup) int {
		return cmp.Or(boolOrder(a.State != state.FollowupOpen, b.State != state.FollowupOpen), cmp.Compare(a.Number, b.Number))
	})
	seen := map[string]bool{}
	var out []*state.Followup
	for _, f := range all {
		if f.Rule != "" {
			occasion := string(state.OccasionKey(f.Rule, f.Occasion))
			topic := "topic " + string(state.OccasionKey(f.Rule, f.Topic))
			open := f.State == state.FollowupOpen && f.Topic != ""
			if seen[occasion] || open && seen[topic] {
				continue
			}
			seen[occasion] = true
			seen[topic] = seen[topic] || open
		}
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b *state.Followup) int { return cmp.Compare(a.Number, b.Number) })
	return out
}

// followupsWith gives a customer's follow-ups and, of an organisation, those of its people.
func (l *lookup) followupsWith(c *state.Customer) ([]*state.Followup, error) {
	sources, err := l.sources(c)
	if err != nil {
		return nil, err
	}
	var out []*state.Followup
	for _, src := range sources {
		list, err := l.followupsOf(src.c)
		if err != nil {
			return nil, err
		}
		for _, f := range list {
			if src.covers(f.Made) {
				out = append(out, f)
			}
		}
	}
	return out, nil
}
