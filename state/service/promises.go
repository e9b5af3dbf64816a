package service

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/promise"
)

// number is a number as people see it, where a collection does not say so itself.
func number(letter string, n uint64) string { return letter + strconv.FormatUint(n, 10) }

// PromiseAdd logs a promise by hand. Ours is made by a staff member, by default whoever logs it;
// theirs by the customer, or by whom In.By names. It is due in the zone of whoever made it, for
// theirs of whoever logs it.
func (s *Service) PromiseAdd(ctx context.Context, in PromiseAddIn) (PromiseOut, error) {
	text := oneLine(in.Text)
	if text == "" {
		return PromiseOut{}, &state.Error{Class: state.Invalid, Code: "text_missing"}
	}
	return change(ctx, s, "promise.add", state.Args{"ref": in.Ref}, func(w *state.Writer) (PromiseOut, error) {
		tx, now := w.Tx(), w.Cause.At
		_, base, err := s.customer(tx, in.Ref)
		if err != nil {
			return PromiseOut{}, err
		}
		p := &state.Promise{Base: base, Direction: state.Ours, By: w.Cause.Actor, Text: text, State: state.PromiseOpen,
			Made: now, Logged: w.Cause.Actor,
			Evidence: []state.Evidence{{Code: "by_hand", Args: state.Args{"by": actorName(tx, w.Cause.Actor), "at": now.Format(time.RFC3339)}}}}
		if e := in.Said.evidence(now); e != nil {
			p.Made, p.Evidence = in.Said.at(now), append([]state.Evidence{*e}, p.Evidence...)
		}
		if in.Theirs {
			p.Direction, p.By = state.Theirs, oneLine(in.By)
		} else if strings.TrimSpace(in.By) != "" {
			m, err := s.staff(tx, in.By)
			if err != nil {
				return PromiseOut{}, err
			}
			p.By = state.StaffMembers.Ref(m.Number)
		}
		l := newLookup(tx, now)
		if err := s.mayPromise(ctx, l, p); err != nil {
			return PromiseOut{}, err
		}
		if strings.TrimSpace(in.Due) != "" {
			if p.Due, err = s.due(l, in.Due, p, w.Cause); err != nil {
				return PromiseOut{}, err
			}
		}
		if p.Number, err = state.Promises.Next(w); err != nil {
			return PromiseOut{}, err
		}
		if err := state.Promises.Put(w, p); err != nil {
			return PromiseOut{}, err
		}
		return s.promiseOut(ctx, l, p)
	})
}

// due reads due words in the zone of a promise's owner.
func (s *Service) due(l *lookup, words string, p *state.Promise, cause state.Cause) (*state.Due, error) {
	owner := p.By
	if p.Direction == state.Theirs {
		owner = cause.Actor
	}
	loc := s.zone()
	if m, err := l.member(owner); err != nil {
		return nil, err
	} else if m != nil {
		loc = s.zone(m.Zone)
	}
	d, err := promise.Reader{Past: true, Calendar: s.config.Calendar}.Parse(words, l.now, loc)
	var refused *promise.Error
	if errors.As(err, &refused) {
		args := state.Args(refused.Args)
		args["zone"] = loc.String()
		return nil, &state.Error{Class: state.Invalid, Code: string(refused.Code), Args: args}
	}
	if err != nil {
		return nil, err
	}
	return &state.Due{At: d.At, Zone: d.Zone, DateOnly: d.DateOnly, Text: d.Text, SetBy: cause.Actor, SetAt: cause.At}, nil
}

// late says whether a promise is open and its moment, or its day in its zone, is over.
func late(p *state.Promise, now time.Time) bool {
	return p.State == state.PromiseOpen && p.Due != nil && promise.Late(promise.Due{At: p.Due.At, DateOnly: p.Due.DateOnly}, now)
}

// lateDays is how many dates in the promise's zone it is late, at least 1.
func lateDays(d *state.Due, now time.Time) int {
	loc, ok := zoneByName(d.Zone)
	if !ok {
		loc = time.UTC
	}
	return max(int(date(now.In(loc)).Sub(date(d.At.In(loc)))/(24*time.Hour)), 1)
}

// date is the calendar date of a time, as midnight UTC.
func date(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

// promiser names who promised: one of us, whom the promise names, or the customer.
func (l *lookup) promiser(p *state.Promise, c *state.Customer) string {
	if p.By == "" && p.Direction == state.Theirs {
		return c.Name
	}
	return l.name(p.By)
}

// promise gives a promise as shown.
func (l *lookup) promise(p *state.Promise) (Promise, error) {
	c, err := l.survivor(p.Base)
	if err != nil {
		return Promise{}, err
	}
	if c == nil {
		// The customer went with the import that made it; the promise stays on record.
		c = &state.Customer{Number: p.Base}
	}
	out := Promise{Number: state.Promises.Ref(p.Number), Direction: p.Direction, Customer: state.Customers.Ref(c.Number),
		CustomerName: c.Name, By: l.promiser(p, c), Text: p.Text, State: p.State, Late: late(p, l.now),
		Evidence: append([]state.Evidence{}, p.Evidence...), Made: p.Made, Closed: p.Closed, Conditional: p.Conditional,
		Proof: p.Proof, ClosedBy: l.name(p.ClosedBy), Done: p.Done}
	if b := p.Bound(); len(p.Earlier) > 0 && b.At.Equal(p.Due.At) && p.Due.Agreed {
		out.Agreed = true
	}
	if out.ID, err = l.id(out.Number); err != nil {
		return out, err
	}
	if p.Due != nil {
		at := p.Due.At
		out.Due, out.DueText, out.DateOnly, out.Zone = &at, p.Due.Text, p.Due.DateOnly, p.Due.Zone
		if out.Late {
			out.LateDays = lateDays(p.Due, l.now)
		}
	}
	for _, d := range p.Earlier {
		out.Earlier = append(out.Earlier, d.At)
	}
	return out, nil
}

func (s *Service) promiseOut(ctx context.Context, l *lookup, p *state.Promise) (PromiseOut, error) {
	r, err := s.reader(ctx, l.tx)
	if err != nil {
		return PromiseOut{}, err
	}
	out := PromiseOut{Zone: r.zone.String(), Now: l.now}
	out.Promise, err = l.promise(p)
	return out, err
}

// PromiseClose says how a promise ended, or opens it again.
func (s *Service) PromiseClose(ctx context.Context, in PromiseCloseIn) (PromiseOut, error) {
	to := strings.ToLower(strings.TrimSpace(in.State))
	states := []string{state.PromiseKept, state.PromiseNotKept, state.PromiseWithdrawn, state.PromiseOpen}
	if !slices.Contains(states, to) {
		return PromiseOut{}, &state.Error{Class: state.Invalid, Code: "unknown_state",
			Args: state.Args{"state": in.State, "states": strings.Join(states, ", ")}}
	}
	return s.changePromise(ctx, "promise.close", in.Promise, func(w *state.Writer, l *lookup, p *state.Promise) (bool, error) {
		if p.State == state.PromiseSuperseded {
			return false, closedPromise(p)
		}
		if p.State == to {
			return false, nil
		}
		code := "closed_by_hand"
		if to == state.PromiseOpen {
			code = "opened_by_hand"
			if p.Proof != "" {
				p.Refused = append(p.Refused, p.Proof) // it is not closed by the same again
			}
			reopen(p)
		} else {
			p.State, p.Closed, p.ClosedBy, p.Done, p.Proof = to, w.Cause.At, w.Cause.Actor, time.Time{}, ""
			if err := dropProposals(w, p); err != nil {
				return false, err
			}
		}
		p.Note = strings.TrimSpace(in.Note)
		args := state.Args{"state": to, "by": l.name(w.Cause.Actor), "at": w.Cause.At.Format(time.RFC3339)}
		if p.Note != "" {
			args["note"] = p.Note
		}
		p.Evidence = append(p.Evidence, state.Evidence{Code: code, Args: args})
		return true, nil
	})
}

// PromiseMove gives an open promise a new date; the earlier one stays on record.
func (s *Service) PromiseMove(ctx context.Context, in PromiseMoveIn) (PromiseOut, error) {
	return s.changePromise(ctx, "promise.move", in.Promise, func(w *state.Writer, l *lookup, p *state.Promise) (bool, error) {
		if p.State != state.PromiseOpen {
			return false, closedPromise(p)
		}
		due, err := s.due(l, in.Due, p, w.Cause)
		if err != nil {
			return false, err
		}
		if p.Due != nil {
			if p.Due.At.Equal(due.At) && p.Due.DateOnly == due.DateOnly {
				return false, nil
			}
			p.Earlier = append(p.Earlier, *p.Due)
		}
		due.Agreed = in.Agreed
		p.Due = due
		return true, nil
	})
}

// PromiseAssign gives an open promise of ours to another of us, who keeps it from now on; who made it stays
// on record.
func (s *Service) PromiseAssign(ctx context.Context, in PromiseAssignIn) (PromiseOut, error) {
	return s.changePromise(ctx, "promise.assign", in.Promise, func(w *state.Writer, l *lookup, p *state.Promise) (bool, error) {
		switch {
		case p.Direction != state.Ours:
			return false, &state.Error{Class: state.Invalid, Code: "promise_theirs", Args: state.Args{"promise": state.Promises.Ref(p.Number)}}
		case p.State != state.PromiseOpen:
			return false, closedPromise(p)
		}
		to, given, err := s.giveOn(w, l, p.By, in.Staff)
		if err != nil || to == p.By {
			return false, err
		}
		p.Evidence = append(p.Evidence, given)
		p.By, p.MadeBy = to, cmp.Or(p.MadeBy, p.By)
		return true, nil
	})
}

// giveOn finds who shall have something that somebody else has, one who is still with us, and gives the
// words of it for the record.
func (s *Service) giveOn(w *state.Writer, l *lookup, from, to string) (ref string, given state.Evidence, err error) {
	m, err := s.ownerOf(w.Tx(), to)
	if err != nil {
		return "", given, err
	}
	given = state.Evidence{Code: "given_on", Args: state.Args{"from": l.name(from), "to": m.Name,
		"by": l.name(w.Cause.Actor), "at": w.Cause.At.Format(time.RFC3339)}}
	return state.StaffMembers.Ref(m.Number), given, nil
}

func closedPromise(p *state.Promise) error {
	return &state.Error{Class: state.Invalid, Code: "promise_closed", Args: state.Args{
		"promise": state.Promises.Ref(p.Number), "state": p.State}}
}

func (s *Service) changePromise(ctx context.Context, what, ref string, fn func(*state.Writer, *lookup, *state.Promise) (bool, error)) (PromiseOut, error) {
	return change(ctx, s, what, state.Args{"promise": ref}, func(w *state.Writer) (PromiseOut, error) {
		n, err := reference(state.Promises, w.Tx(), ref)
		if err != nil {
			return PromiseOut{}, err
		}
		p, rev, err := state.Promises.GetRev(w.Tx(), state.NumberKey(n))
		if err != nil {
			return PromiseOut{}, err
		}
		if p == nil {
			return PromiseOut{}, &state.Error{Class: state.NotFound, Code: "no_such_promise", Args: state.Args{"ref": ref}}
		}
		l := newLookup(w.Tx(), w.Cause.At)
		if err := s.mayChange(ctx, l, p.By, p.Base); err != nil {
			return PromiseOut{}, err
		}
		changed, err := fn(w, l, p)
		if err != nil {
			return PromiseOut{}, err
		}
		if changed {
			if _, err := state.Promises.PutRev(w, p, rev); err != nil {
				return PromiseOut{}, err
			}
		}
		return s.promiseOut(ctx, l, p)
	})
}

// promisesOf gives all promises of a customer itself, in the order in which they were logged.
func (l *lookup) promisesOf(c *state.Customer) ([]*state.Promise, error) {
	var out []*state.Promise
	for _, b := range bases(c) {
		list, err := state.Promises.By(l.tx, "base", state.NumberKey(b))
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	slices.SortFunc(out, func(a, b *state.Promise) int { return cmp.Compare(a.Number, b.Number) })
	return out, nil
}

// promisesWith gives a customer's promises and, of an organisation, those of its people.
func (l *lookup) promisesWith(c *state.Customer) ([]*state.Promise, error) {
	sources, err := l.sources(c)
	if err != nil {
		return nil, err
	}
	var out []*state.Promise
	for _, src := range sources {
		list, err := l.promisesOf(src.c)
		if err != nil {
			return nil, err
		}
		for _, p := range list {
			if src.covers(p.Made) {
				out = append(out, p)
			}
		}
	}
	return out, nil
}

// PromiseList gives open promises, or with All all: late ones first, then by due time, then those
// without a date, then closed ones, the last closed first.
func (s *Service) PromiseList(ctx context.Context, in PromiseListIn) (PromiseListOut, error) {
	if d := in.Direction; d != "" && d != state.Ours && d != state.Theirs {
		return PromiseListOut{}, &state.Error{Class: state.Invalid, Code: "unknown_direction",
			Args: state.Args{"direction": d, "directions": state.Ours + ", " + state.Theirs}}
	}
	return view(ctx, s, func(tx state.Tx, now time.Time) (PromiseListOut, error) {
		out := PromiseListOut{Promises: []Promise{}, Now: now}
		r, err := s.reader(ctx, tx)
		if err != nil {
			return out, err
		}
		out.Zone = r.zone.String()
		l := newLookup(tx, now)
		by := ""
		if in.By != "" {
			who, err := s.whom(ctx, tx, in.By)
			if err != nil {
				return out, err
			}
			m, err := s.staff(tx, who)
			if err != nil {
				return out, err
			}
			by = state.StaffMembers.Ref(m.Number)
		}
		var list []*state.Promise
		switch {
		case in.Ref != "":
			c, _, err := s.reading(tx, in.Ref)
			if err != nil {
				return out, err
			}
			ref := refOf(c)
			out.Customer = &ref
			list, err = l.promisesWith(c)
			if err != nil {
				return out, err
			}
		case in.All:
			list, err = state.Promises.List(tx, state.Range{})
		default:
			list, err = state.Promises.List(tx, state.Range{Index: "open"})
		}
		if err != nil {
			return out, err
		}
		list = slices.DeleteFunc(list, func(p *state.Promise) bool {
			return !in.All && p.State != state.PromiseOpen || in.Late && !late(p, now) ||
				by != "" && (p.By != by && p.MadeBy != by || p.Direction != state.Ours) || in.Direction != "" && p.Direction != in.Direction
		})
		sortPromises(list, now)
		for _, p := range list {
			shown, err := l.promise(p)
			if err != nil {
				return out, err
			}
			out.Promises = append(out.Promises, shown)
		}
		return out, nil
	})
}

func sortPromises(list []*state.Promise, now time.Time) {
	group := func(p *state.Promise) int {
		switch {
		case late(p, now):
			return 0
		case p.State == state.PromiseOpen && p.Due != nil:
			return 1
		case p.State == state.PromiseOpen:
			return 2
		}
		return 3
	}
	slices.SortStableFunc(list, func(a, b *state.Promise) int {
		by := cmp.Compare(group(a), group(b))
		if by == 0 && group(a) < 2 {
			by = a.Due.At.Compare(b.Due.At)
		}
		if by == 0 && group(a) == 3 {
			by = b.Closed.Compare(a.Closed)
		}
		return cmp.Or(by, cmp.Compare(a.Number, b.Number))
	})
}
