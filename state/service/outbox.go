package service

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
)

const defaultOutbox = 50

var outgoingStates = []string{state.OutgoingWaiting, state.OutgoingSending, state.OutgoingUnsure, state.OutgoingFailed, state.OutgoingRefused,
	state.OutgoingSent, state.OutgoingDropped}

// OutboxSend makes one pass over the outbox, through the engine: what is due is sent, once.
func (s *Service) OutboxSend(ctx context.Context, in OutboxSendIn) (OutboxSendOut, error) {
	if s.conns == nil {
		return OutboxSendOut{}, &state.Error{Class: state.Failed, Code: "no_connections"}
	}
	return s.conns.OutboxSend(ctx, in)
}

// OutboxReport fills what a pass tells beside its messages.
func (s *Service) OutboxReport(ctx context.Context, out *OutboxSendOut) error {
	told, err := view(ctx, s, func(tx state.Tx, now time.Time) (OutboxSendOut, error) {
		r, err := s.reader(ctx, tx)
		if err != nil {
			return OutboxSendOut{}, err
		}
		x := OutboxSendOut{Now: now, Zone: r.zone.String(), Outlets: []OutboxOutlet{}}
		all, err := outlets(newLookup(tx, now))
		for _, o := range all {
			if o.Error != nil {
				x.Outlets = append(x.Outlets, o)
			}
		}
		return x, err
	})
	out.Now, out.Zone, out.Outlets = told.Now, told.Zone, told.Outlets
	return err
}

func outlets(l *lookup) ([]OutboxOutlet, error) {
	out := []OutboxOutlet{}
	for x, err := range state.Outlets.All(l.tx, state.Range{}) {
		if err != nil {
			return nil, err
		}
		o := OutboxOutlet{Name: x.Name, Approved: x.Approved, By: l.name(x.ApprovedBy), Since: x.Since, Sent: x.Sent}
		if x.Until.After(l.now) {
			o.Until = x.Until
		}
		if x.Code != "" {
			o.Error = &state.Error{Class: state.Unavailable, Code: x.Code, Args: x.Args}
		}
		out = append(out, o)
	}
	return out, nil
}

// OutboxList gives messages, newest first: those that are not over and those that failed, or as In
// says.
func (s *Service) OutboxList(ctx context.Context, in OutboxListIn) (OutboxListOut, error) {
	in.State = strings.ToLower(strings.TrimSpace(in.State))
	if in.State != "" && !slices.Contains(outgoingStates, in.State) {
		return OutboxListOut{}, &state.Error{Class: state.Invalid, Code: "unknown_state",
			Args: state.Args{"state": in.State, "states": strings.Join(outgoingStates, ", ")}}
	}
	limit := in.Limit
	if limit == 0 {
		limit = defaultOutbox
	}
	return view(ctx, s, func(tx state.Tx, now time.Time) (OutboxListOut, error) {
		out := OutboxListOut{Messages: []OutboxMessage{}, Counts: map[string]int64{}, Now: now}
		r, err := s.reader(ctx, tx)
		if err != nil {
			return out, err
		}
		out.Zone = r.zone.String()
		l := newLookup(tx, now)
		var only map[uint64]bool
		if in.Ref != "" {
			c, _, err := s.reading(tx, in.Ref)
			if err != nil {
				return out, err
			}
			only = map[uint64]bool{}
			for _, b := range bases(c) {
				only[b] = true
			}
		}
		want := []string{state.OutgoingWaiting, state.OutgoingSending, state.OutgoingUnsure, state.OutgoingFailed}
		switch {
		case in.State != "":
			want = []string{in.State}
		case in.All || in.Ref != "":
			want = outgoingStates
		}
		var numbers []uint64
		for _, st := range outgoingStates {
			for d, err := range tx.Scan(state.Outbox.Kind, state.Range{Index: "state", From: state.TextKey(st), To: state.After(state.TextKey(st)), KeysOnly: true}) {
				if err != nil {
					return out, err
				}
				out.Counts[st]++
				if slices.Contains(want, st) {
					numbers = append(numbers, state.KeyNumber(d.Key))
				}
			}
		}
		slices.Sort(numbers)
		slices.Reverse(numbers)
		for _, n := range numbers {
			o, err := state.Outbox.Number(tx, n)
			if err != nil {
				return out, err
			}
			if only != nil && !only[o.Base] {
				continue
			}
			if out.Total++; limit > 0 && len(out.Messages) >= limit {
				if only == nil {
					out.Total = len(numbers)
					break
				}
				continue
			}
			shown, err := s.outgoing(l, o)
			if err != nil {
				return out, err
			}
			out.Messages = append(out.Messages, shown)
		}
		out.Outlets, err = outlets(l)
		return out, err
	})
}

// OutboxShow gives one message.
func (s *Service) OutboxShow(ctx context.Context, in OutboxShowIn) (OutboxOut, error) {
	return view(ctx, s, func(tx state.Tx, now time.Time) (OutboxOut, error) {
		n, err := reference(state.Outbox, tx, in.Number)
		if err != nil {
			return OutboxOut{}, err
		}
		o, err := state.Outbox.Number(tx, n)
		if err != nil {
			return OutboxOut{}, err
		}
		return s.outgoingOut(ctx, newLookup(tx, now), o)
	})
}

func (s *Service) outgoingOut(ctx context.Context, l *lookup, o *state.Outgoing) (OutboxOut, error) {
	r, err := s.reader(ctx, l.tx)
	if err != nil {
		return OutboxOut{}, err
	}
	out := OutboxOut{Now: l.now, Zone: r.zone.String()}
	out.Message, err = s.outgoing(l, o)
	return out, err
}

// outgoing gives a message as shown.
func (s *Service) outgoing(l *lookup, o *state.Outgoing) (OutboxMessage, error) {
	out := OutboxMessage{Number: state.Outbox.Ref(o.Number), State: o.State, To: o.To.Shown, Channel: o.Channel, Purpose: o.Purpose, Asset: o.Asset,
		Via: cmp.Or(o.Via, o.Connection), Subject: o.Subject, Text: o.Text, Queued: o.Queued, By: l.name(o.By), Rule: o.Rule, Expires: o.Expires, Ended: o.Ended,
		Tries: o.Tries, VendorID: o.VendorID, Reasons: append([]state.Evidence{}, o.Reasons...), Allowed: o.Allowed}
	var err error
	if out.ID, err = l.id(out.Number); err != nil {
		return out, err
	}
	if o.State == state.OutgoingWaiting {
		out.Due = o.Due
	}
	if o.Question != 0 {
		out.Question = state.Questions.Ref(o.Question)
	}
	if o.Code != "" {
		out.Error = &state.Error{Class: state.Failed, Code: o.Code, Args: o.Args}
	}
	if o.Staff != "" {
		out.Staff = l.name(o.Staff)
	}
	if o.Base == 0 {
		return out, nil
	}
	c, err := l.survivor(o.Base)
	if err != nil {
		return out, err
	}
	ref := CustomerRef{Number: state.Customers.Ref(o.Base)}
	if c != nil {
		ref = refOf(c)
	}
	out.Customer = &ref
	return out, nil
}

// OutboxRetry has a message sent after all: one that failed, was refused or dropped, or of which
// nobody knows whether it arrived. One that waits is tried at once. The gate is asked again.
func (s *Service) OutboxRetry(ctx context.Context, in OutboxRetryIn) (OutboxOut, error) {
	return s.changeOutgoing(ctx, "outbox.retry", in.Number, func(w *state.Writer, o *state.Outgoing) error {
		switch o.State {
		case state.OutgoingSent, state.OutgoingSending:
			return &state.Error{Class: state.Refused, Code: "outgoing_" + o.State, Args: state.Args{"outgoing": state.Outbox.Ref(o.Number)}}
		}
		if err := closeQuestion(w, o, "again"); err != nil {
			return err
		}
		if reason := oneLine(in.Reason); reason != "" {
			o.Allowed, o.AllowedBy = reason, w.Cause.Actor
		}
		s.again(w, o)
		return nil
	})
}

// OutboxDrop has a message that did not leave yet never leave.
func (s *Service) OutboxDrop(ctx context.Context, in OutboxDropIn) (OutboxOut, error) {
	return s.changeOutgoing(ctx, "outbox.drop", in.Number, func(w *state.Writer, o *state.Outgoing) error {
		switch o.State {
		case state.OutgoingDropped:
			return nil
		case state.OutgoingSent, state.OutgoingSending:
			return &state.Error{Class: state.Refused, Code: "outgoing_" + o.State, Args: state.Args{"outgoing": state.Outbox.Ref(o.Number)}}
		}
		if err := closeQuestion(w, o, "drop"); err != nil {
			return err
		}
		o.State, o.Ended, o.Code, o.Args = state.OutgoingDropped, w.Cause.At, "dropped_by_hand",
			state.Args{"by": actorName(w.Tx(), w.Cause.Actor), "reason": oneLine(in.Reason)}
		return nil
	})
}

func (s *Service) changeOutgoing(ctx context.Context, what, ref string, fn func(*state.Writer, *state.Outgoing) error) (OutboxOut, error) {
	return change(ctx, s, what, state.Args{"outgoing": ref}, func(w *state.Writer) (OutboxOut, error) {
		n, err := reference(state.Outbox, w.Tx(), ref)
		if err != nil {
			return OutboxOut{}, err
		}
		o, err := state.Outbox.Number(w.Tx(), n)
		if err != nil {
			return OutboxOut{}, err
		}
		if err := fn(w, o); err != nil {
			return OutboxOut{}, err
		}
		if err := state.Outbox.Put(w, o); err != nil {
			return OutboxOut{}, err
		}
		return s.outgoingOut(ctx, newLookup(w.Tx(), w.Cause.At), o)
	})
}
