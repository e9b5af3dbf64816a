package service

import (
	"context"
	"slices"
	"time"

	"github.com/keptcrm/kept/state"
)

// handoverTold is how long a brief says from whom a customer was taken over.
const handoverTold = 90 * 24 * time.Hour

// HandoverUndo takes a handover back: what was there before is there again, to the letter. What
// people changed since stays as it is, and is told.
func (s *Service) HandoverUndo(ctx context.Context, in HandoverUndoIn) (HandoverOut, error) {
	return change(ctx, s, "handover.undo", state.Args{"handover": in.Number}, func(w *state.Writer) (HandoverOut, error) {
		if err := s.mayDo(ctx, w.Tx(), w.Cause.At, doAssign); err != nil {
			return HandoverOut{}, err
		}
		doc, err := handoverNamed(w.Tx(), in.Number)
		if err != nil {
			return HandoverOut{}, err
		}
		if !doc.Undone.IsZero() {
			return HandoverOut{}, &state.Error{Class: state.Conflict, Code: "handover_undone", Args: state.Args{"ref": state.Handovers.Ref(doc.Number), "on": doc.Undone.Format(time.RFC3339)}}
		}
		r, err := s.reader(ctx, w.Tx())
		if err != nil {
			return HandoverOut{}, err
		}
		u := &unhanding{s: s, w: w, l: newLookup(w.Tx(), w.Cause.At), doc: doc}
		for _, item := range doc.Items {
			if err := u.item(item); err != nil {
				return HandoverOut{}, err
			}
		}
		doc.Undone, doc.UndoneBy = w.Cause.At, w.Cause.Actor
		if err := state.Handovers.Put(w, doc); err != nil {
			return HandoverOut{}, err
		}
		out := HandoverOut{Zone: r.zone.String(), Now: w.Cause.At}
		out.Handover, err = s.showHandover(newLookup(w.Tx(), w.Cause.At), doc, true)
		out.Handover.Stays = u.stays
		return out, err
	})
}

func handoverNamed(tx state.Tx, ref string) (*state.Handover, error) {
	n, ok := state.Handovers.ParseRef(ref)
	if ok {
		doc, err := state.Handovers.Find(tx, state.NumberKey(n))
		if err != nil || doc != nil {
			return doc, err
		}
	}
	return nil, &state.Error{Class: state.NotFound, Code: "no_such_handover", Args: state.Args{"ref": ref}}
}

// unhanding takes one handover back.
type unhanding struct {
	s     *Service
	w     *state.Writer
	l     *lookup
	doc   *state.Handover
	stays []HandoverStays
}

func (u *unhanding) item(item state.HandoverItem) error {
	tx := u.w.Tx()
	c, err := u.l.survivor(item.Base)
	if err != nil {
		return err
	}
	if c == nil {
		u.stays = append(u.stays, HandoverStays{What: "gone", Customer: CustomerRef{Number: state.Customers.Ref(item.Base)}})
		return nil
	}
	who := refOf(c)
	stay := func(what, number, now string) {
		u.stays = append(u.stays, HandoverStays{What: what, Customer: who, Number: number, Now: u.l.name(now)})
	}
	ref := state.Handovers.Ref(u.doc.Number)
	ours := func(e state.Evidence) bool { return e.Args["handover"] == ref }
	for _, part := range item.Promises {
		p, err := state.Promises.Find(tx, state.NumberKey(part.Number))
		switch {
		case err != nil:
			return err
		case p == nil: // it went with the customer
		case p.State != state.PromiseOpen:
			stay("promise_closed", state.Promises.Ref(p.Number), p.By)
		case p.By != item.To || !slices.ContainsFunc(p.Evidence, ours):
			stay("promise", state.Promises.Ref(p.Number), p.By)
		default:
			p.By, p.MadeBy = part.Was, part.MadeBy
			p.Evidence = slices.DeleteFunc(p.Evidence, ours)
			if err := state.Promises.Put(u.w, p); err != nil {
				return err
			}
		}
	}
	for _, part := range item.Followups {
		f, err := state.Followups.Find(tx, state.NumberKey(part.Number))
		switch {
		case err != nil:
			return err
		case f == nil:
		case f.State != state.FollowupOpen:
			stay("followup_closed", state.Followups.Ref(f.Number), f.For)
		case f.For != item.To || !slices.ContainsFunc(f.Evidence, ours):
			stay("followup", state.Followups.Ref(f.Number), f.For)
		default:
			f.For = part.Was
			f.Evidence = slices.DeleteFunc(f.Evidence, ours)
			if err := state.Followups.Put(u.w, f); err != nil {
				return err
			}
		}
	}
	if err := u.questions(item); err != nil {
		return err
	}
	if item.Set.IsZero() {
		return nil
	}
	key := settingKey(item.Base, "owner", "")
	now, err := state.Settings.Find(tx, key)
	if err != nil {
		return err
	}
	if now == nil || !now.At.Equal(item.Set) || len(now.Values) != 1 || now.Values[0].Text != item.To {
		stay("owner", "", c.Owner)
		return nil
	}
	if item.Was != nil {
		err = state.Settings.Put(u.w, item.Was)
	} else {
		_, err = state.Settings.Delete(u.w, key)
	}
	if err != nil {
		return err
	}
	if err := u.s.refresh(u.w, item.Base); err != nil {
		return err
	}
	// Merged since with a customer of somebody else's: the newest word about the owner holds.
	if after, err := newLookup(tx, u.l.now).survivor(item.Base); err != nil {
		return err
	} else if after != nil && after.Owner != u.doc.From {
		stay("owner", "", after.Owner)
	}
	return nil
}

// HandoverList gives past handovers, the newest first, or one with all that went.
func (s *Service) HandoverList(ctx context.Context, in HandoverListIn) (HandoverListOut, error) {
	return view(ctx, s, func(tx state.Tx, now time.Time) (HandoverListOut, error) {
		out := HandoverListOut{Handovers: []Handover{}, Now: now}
		r, err := s.reader(ctx, tx)
		if err != nil {
			return out, err
		}
		out.Zone = r.zone.String()
		l := newLookup(tx, now)
		if in.Number != "" {
			doc, err := handoverNamed(tx, in.Number)
			if err != nil {
				return out, err
			}
			shown, err := s.showHandover(l, doc, true)
			out.Handovers = append(out.Handovers, shown)
			return out, err
		}
		all, err := state.Handovers.List(tx, state.Range{})
		if err != nil {
			return out, err
		}
		slices.Reverse(all)
		for _, doc := range all {
			shown, err := s.showHandover(l, doc, false)
			if err != nil {
				return out, err
			}
			out.Handovers = append(out.Handovers, shown)
		}
		return out, nil
	})
}

// takenOver gives the last handover that gave a customer its present owner, if that is not long ago.
func (l *lookup) takenOver(c *state.Customer) (*state.Handover, error) {
	var last *state.Handover
	for _, b := range bases(c) {
		list, err := state.Handovers.By(l.tx, "base", state.NumberKey(b))
		if err != nil {
			return nil, err
		}
		for _, doc := range list {
			if !doc.Undone.IsZero() || l.now.Sub(doc.At) > handoverTold || last != nil && doc.Number < last.Number {
				continue
			}
			if slices.ContainsFunc(doc.Items, func(x state.HandoverItem) bool { return x.Base == b && !x.Set.IsZero() && x.To == c.Owner }) {
				last = doc
			}
		}
	}
	return last, nil
}

// handovers takes a person out of handovers: what of theirs went to whom.
func (e *erasure) handovers() error {
	docs, err := byNumber(e, state.Handovers, "base", func(h *state.Handover) []byte { return state.NumberKey(h.Number) })
	if err != nil {
		return err
	}
	for _, doc := range docs {
		doc.Items = slices.DeleteFunc(doc.Items, func(x state.HandoverItem) bool { return e.numbers[x.Base] })
		if err := state.Handovers.Put(e.w, doc); err != nil {
			return err
		}
		e.out.Erased[state.Handovers.Kind.Name]++
	}
	return nil
}
