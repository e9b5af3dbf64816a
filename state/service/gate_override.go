package service

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
)

// overrideFor is how long a person's decision to contact somebody all the same stands.
const overrideFor = 24 * time.Hour

// ContactOverrideIn decides that somebody may be contacted, where the gate asks.
type ContactOverrideIn struct {
	MayContactIn
	Reason string `json:"reason"`
}

// ContactOverride answers the gate's "ask" with yes, for one day and this one contact: the same
// channel, purpose and asset. The reason stands in the change log and in the customer's history. A
// no is not overridden: what it follows from has to be taken back.
func (s *Service) ContactOverride(ctx context.Context, in ContactOverrideIn) (MayContactOut, error) {
	reason := oneLine(in.Reason)
	if reason == "" {
		return MayContactOut{}, &state.Error{Class: state.Invalid, Code: "override_reason_missing"}
	}
	channel, purpose, err := contactScope(in.Channel, in.Purpose)
	if err != nil {
		return MayContactOut{}, err
	}
	args := state.Args{"ref": in.Ref, "channel": channel, "purpose": purpose, "asset": oneLine(in.Asset), "reason": reason}
	return change(ctx, s, "contact.override", args, func(w *state.Writer) (MayContactOut, error) {
		if err := s.mayDo(ctx, w.Tx(), w.Cause.At, doOverride); err != nil {
			return MayContactOut{}, err
		}
		out, a, err := s.mayContact(ctx, w.Tx(), w.Cause.At, in.MayContactIn, channel, purpose)
		if err != nil {
			return MayContactOut{}, err
		}
		switch {
		case out.Outcome == gateNo:
			return MayContactOut{}, &state.Error{Class: state.Refused, Code: "override_refused", Args: state.Args{"ref": out.Ref}}
		case out.Outcome == gateYes:
			return out, nil // there is nothing to decide
		case a.customer == nil:
			return MayContactOut{}, &state.Error{Class: state.Invalid, Code: "override_nobody", Args: state.Args{"ref": out.Ref}}
		}
		n, err := w.Next(state.Activities.Kind.Name)
		if err != nil {
			return MayContactOut{}, err
		}
		e := &state.Activity{ID: number(state.Activities.Kind.Letter, n), At: w.Cause.At, Kind: state.ActivityOverride, Channel: channel,
			Status: purpose, Title: reason, Body: overrideScope(channel, purpose, in.Asset), Actor: w.Cause.Actor}
		if err := state.Activities.Append(w, state.CustomerSubject(a.base), e); err != nil {
			return MayContactOut{}, err
		}
		out, _, err = s.mayContact(ctx, w.Tx(), w.Cause.At, in.MayContactIn, channel, purpose)
		return out, err
	})
}

// overrideScope is what one decision is about.
func overrideScope(channel, purpose, asset string) string {
	return strings.TrimSpace(strings.Join([]string{channel, purpose, strings.ToLower(oneLine(asset))}, " "))
}

// gateOverride makes of "ask" a yes where a person decided so within a day, for this contact.
func (l *lookup) gateOverride(out *gateAnswer, g gateAsk) error {
	if out.outcome != gateMay || g.customer == nil {
		return nil
	}
	scope := overrideScope(g.channel, g.purpose, g.asset)
	for _, b := range bases(g.customer) {
		r := state.Range{Reverse: true, From: state.TimeKey(g.at.Add(-overrideFor)), To: state.After(state.TimeKey(g.at))}
		for a, err := range state.Activities.Read(l.tx, state.CustomerSubject(b), r) {
			if err != nil {
				return err
			}
			if a.Kind != state.ActivityOverride || a.Body != scope || a.At.After(g.at) {
				continue
			}
			out.outcome, out.never = gateYes, false
			out.reasons = slices.Insert(out.reasons, 0, state.Evidence{Code: "gate_overridden", Args: state.Args{"outcome": gateYes,
				"reason": a.Title, "by": l.name(a.Actor), "at": a.At.Format(time.RFC3339)}})
			return nil
		}
	}
	return nil
}
