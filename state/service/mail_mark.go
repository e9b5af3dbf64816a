package service

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/keptcrm/kept/state"
)

// The verbs of [MarkIn].
const (
	markShare     = "share"
	markUnshare   = "unshare"
	markAsPrivate = "private"
	markOpen      = "open"
)

// Mark says who may read an entry of a history, or a whole thread:
//
//	share, unshare  of a personal mailbox: everybody reads it, or again its owner alone
//	private, open   only whoever marks it and those of us who are in the message read it, or again
//	                all who did before
//
// Only the mailbox's owner shares. An entry is marked private by who wrote it: a note's author, the
// owner of a personal mailbox, of a shared one those of us who are in the message. Only who marked
// it takes that back. The error is [state.Refused] "not_yours" for everybody else.
func (s *Service) Mark(ctx context.Context, in MarkIn) (MarkOut, error) {
	args := state.Args{"entry": in.Entry, "as": in.As}
	return change(ctx, s, "history.mark", args, func(w *state.Writer) (MarkOut, error) {
		r, err := s.reader(ctx, w.Tx())
		if err != nil {
			return MarkOut{}, err
		}
		l := s.lookup(w.Tx(), w.Cause.At, r)
		a, err := l.activity(strings.ToLower(strings.TrimSpace(in.Entry)))
		if err != nil {
			return MarkOut{}, err
		}
		target := a.ID
		if in.Thread {
			if a.Thread == "" {
				return MarkOut{}, &state.Error{Class: state.Invalid, Code: "no_thread", Args: state.Args{"entry": a.ID}}
			}
			target = state.ThreadTarget(a.Connection, a.Thread)
		}
		if err := l.mayMark(a, target, in.As); err != nil {
			return MarkOut{}, err
		}
		if err := setMark(w, r, target, in.As); err != nil {
			return MarkOut{}, err
		}
		e, err := s.lookup(w.Tx(), w.Cause.At, r).entry(a, nil)
		return MarkOut{Entry: e, As: in.As, Thread: in.Thread}, err
	})
}

func setMark(w *state.Writer, r reader, target, as string) error {
	kind := map[string]string{markShare: state.MarkShared, markAsPrivate: state.MarkPrivate}[as]
	if kind == "" {
		_, err := state.Marks.Delete(w, state.TextKey(target))
		return err
	}
	return state.Marks.Put(w, &state.Mark{Target: target, Kind: kind, By: state.StaffMembers.Ref(r.staff.Number), At: w.Cause.At})
}

// markPrivate keeps a new entry for its author.
func markPrivate(w *state.Writer, r reader, id string) error {
	if r.staff == nil {
		return notStaff()
	}
	return setMark(w, r, id, markAsPrivate)
}

func notStaff() error { return &state.Error{Class: state.Refused, Code: "mark_needs_staff"} }

// mayMark says whether the reader may give an entry a mark.
func (l *lookup) mayMark(a *state.Activity, target, as string) error {
	if !slices.Contains([]string{markShare, markUnshare, markAsPrivate, markOpen}, as) {
		return &state.Error{Class: state.Invalid, Code: "unknown_mark", Args: state.Args{"mark": as}}
	}
	if l.reader == nil {
		return notStaff()
	}
	me := state.StaffMembers.Ref(l.reader.Number)
	refused := func(who string) error {
		return &state.Error{Class: state.Refused, Code: "not_yours", Args: state.Args{"entry": a.ID, "name": who}}
	}
	mark, err := state.Marks.Find(l.tx, state.TextKey(target))
	if err != nil {
		return err
	}
	if mark != nil && mark.By != me {
		return refused(l.name(mark.By))
	}
	if as == markOpen || as == markUnshare {
		if mark == nil {
			return &state.Error{Class: state.Invalid, Code: "not_marked", Args: state.Args{"entry": a.ID}}
		}
		return nil
	}
	if a.Kind != state.ActivityMessage {
		switch {
		case as == markShare:
			return &state.Error{Class: state.Invalid, Code: "shared_already", Args: state.Args{"entry": a.ID}}
		case a.Actor != me:
			return refused(l.name(a.Actor))
		}
		return nil
	}
	b, err := l.mailbox(a.Connection)
	if err != nil {
		return err
	}
	personal := b.kind == state.MailboxPersonal
	if personal && (b.owner == nil || b.owner.Number != l.reader.Number) {
		who := ""
		if b.owner != nil {
			who = b.owner.Name
		}
		return refused(who)
	}
	if as == markShare && !personal {
		return &state.Error{Class: state.Invalid, Code: "shared_already", Args: state.Args{"entry": a.ID}}
	}
	if !personal {
		in, err := l.takesPart(a)
		if err != nil || in {
			return err
		}
		return refused("")
	}
	return nil
}

// activity finds one entry of the histories by its ID: k55.0 of a record, n12 of what people
// entered.
func (l *lookup) activity(id string) (*state.Activity, error) {
	none := &state.Error{Class: state.NotFound, Code: "no_such_entry", Args: state.Args{"entry": id}}
	first, _, _ := strings.Cut(id, ".")
	if n, ok := state.Records.ParseRef(first); ok && strings.Contains(id, ".") {
		r, err := state.Records.Find(l.tx, state.NumberKey(n))
		if err != nil {
			return nil, err
		}
		if r == nil || r.Kind != state.KindMessage {
			return nil, none
		}
		for _, a := range messageActivities(r) {
			if a.ID == id {
				return &a, nil
			}
		}
		return nil, none
	}
	n, ok := strings.CutPrefix(id, state.Activities.Kind.Letter)
	if _, err := strconv.ParseUint(n, 10, 64); !ok || err != nil {
		return nil, none
	}
	place, err := l.place(id)
	if err != nil || place == nil {
		if err == nil {
			err = none
		}
		return nil, err
	}
	at := state.TimeKey(place.At)
	for a, err := range state.Activities.Read(l.tx, state.CustomerSubject(place.Base), state.PrefixRange("", at)) {
		if err != nil {
			return nil, err
		}
		if a.ID == id {
			return a, nil
		}
	}
	return nil, none
}

// place finds where a note stands. One from before places were kept is looked for.
func (l *lookup) place(id string) (*state.NotePlace, error) {
	p, err := state.NotePlaces.Find(l.tx, state.TextKey(id))
	if err != nil || p != nil {
		return p, err
	}
	for d, err := range l.tx.Scan(state.Customers.Kind, state.Range{KeysOnly: true}) {
		if err != nil {
			return nil, err
		}
		n := state.KeyNumber(d.Key)
		for a, err := range state.Activities.Read(l.tx, state.CustomerSubject(n), state.Range{}) {
			if err != nil {
				return nil, err
			}
			if a.ID == id {
				return &state.NotePlace{ID: id, Base: n, At: a.At}, nil
			}
		}
	}
	return nil, nil
}
