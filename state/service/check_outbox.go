package service

import (
	"context"

	"github.com/keptcrm/kept/state"
)

// checkOutbox looks for messages that wait and whose customer is not there. Those that are over stay
// when an import is taken back that told of their customer: they say that their occasion was.
func checkOutbox(tx state.Tx, bad func(code, collection string, key []byte)) error {
	r := state.PrefixRange("state", state.TextKey(state.OutgoingWaiting))
	for o, err := range state.Outbox.All(tx, r) {
		if err != nil {
			return err
		}
		if o.Base == 0 {
			continue
		}
		if c, err := state.Customers.Find(tx, state.NumberKey(o.Base)); err != nil {
			return err
		} else if c == nil {
			bad("outgoing_without_customer", state.Outbox.Kind.Name, state.NumberKey(o.Number))
		}
	}
	return nil
}

// repairOutbox drops what waits for customers who are not there.
func (s *Service) repairOutbox(ctx context.Context, damages []state.Damage) error {
	return s.Do(ctx, "check.repair", nil, func(w *state.Writer) error {
		for _, d := range damages {
			if d.Code != "outgoing_without_customer" {
				continue
			}
			o, err := state.Outbox.Find(w.Tx(), d.Key)
			if err != nil {
				return err
			}
			if o == nil {
				continue
			}
			if err := dropOutgoing(w, o); err != nil {
				return err
			}
		}
		return nil
	})
}

// dropWaiting drops what waits for a customer who is gone.
func dropWaiting(w *state.Writer, base uint64) error {
	all, err := state.Outbox.By(w.Tx(), "base", state.NumberKey(base))
	if err != nil {
		return err
	}
	for _, o := range all {
		if o.State != state.OutgoingWaiting {
			continue
		}
		if err := dropOutgoing(w, o); err != nil {
			return err
		}
	}
	return nil
}

func dropOutgoing(w *state.Writer, o *state.Outgoing) error {
	if err := closeQuestion(w, o, "drop"); err != nil {
		return err
	}
	o.State, o.Ended, o.Code, o.Args = state.OutgoingDropped, w.Cause.At, "customer_gone", nil
	return state.Outbox.Put(w, o)
}
