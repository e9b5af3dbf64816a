package service

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
)

const (
	outboxTries   = 10               // after which a message failed
	outboxBackoff = time.Minute      // before the second try; it doubles
	outboxSlowest = 6 * time.Hour    // between tries
	outletPause   = 5 * time.Minute  // where something is wrong with a way out that does not say how long
	outletNoted   = 10 * time.Minute // how exactly it is known when something last left
)

// OutboxLost gives what somebody took to be sent and never told what became of it.
func (s *Service) OutboxLost(ctx context.Context) ([]OutboxClaim, error) {
	return view(ctx, s, func(tx state.Tx, now time.Time) ([]OutboxClaim, error) {
		var out []OutboxClaim
		at := map[string]int{}
		for o, err := range state.Outbox.All(tx, state.Range{Index: "due", To: state.After(state.TimeKey(now))}) {
			switch {
			case err != nil:
				return nil, err
			case o.State != state.OutgoingSending:
				continue
			}
			i, ok := at[o.Intent]
			if !ok {
				i, at[o.Intent] = len(out), len(out)
				out = append(out, OutboxClaim{Intent: o.Intent, Via: o.Via, Address: o.To.Shown, Subject: o.Subject, Text: o.Text})
			}
			out[i].Messages = append(out[i].Messages, o)
		}
		return out, nil
	})
}

// OutboxSettle notes how the call for a claim ended, and gives what became of each message. One that
// was forgotten meanwhile stays so; one that another process took meanwhile is its matter, and only
// that it went out is added to the history.
func (s *Service) OutboxSettle(ctx context.Context, c *OutboxClaim, r OutboxResult) ([]OutboxMessage, error) {
	return change(ctx, s, "outbox."+r.How, nil, func(w *state.Writer) ([]OutboxMessage, error) {
		l := newLookup(w.Tx(), w.Cause.At)
		out := []OutboxMessage{}
		var open []*state.Outgoing
		for _, claimed := range c.Messages {
			o, err := state.Outbox.Find(w.Tx(), state.NumberKey(claimed.Number))
			if err != nil {
				return nil, err
			}
			mine := o != nil && o.Fence == claimed.Fence && (o.State == state.OutgoingSending || o.State == state.OutgoingUnsure)
			switch {
			case mine:
				open = append(open, o)
			case o != nil && r.How == CallSent:
				if err := s.tellHistory(w, l, o, c, r); err != nil {
					return nil, err
				}
			}
		}
		outcome, err := s.settleAll(w, l, c, r, open)
		if err != nil {
			return nil, err
		}
		for _, o := range open {
			shown, err := s.outgoing(l, o)
			if err != nil {
				return nil, err
			}
			shown.Outcome, shown.Via = outcome, cmp.Or(c.Via, shown.Via)
			if shown.To == "" {
				shown.To = c.Address
			}
			out = append(out, shown)
		}
		return out, s.settleOutlet(w, c, r)
	})
}

// settleAll does it for the messages of one call; all of them end alike.
func (s *Service) settleAll(w *state.Writer, l *lookup, c *OutboxClaim, r OutboxResult, all []*state.Outgoing) (outcome string, err error) {
	if r.How == CallUnsure && inDoubt(c, all) {
		for _, o := range all {
			if outcome, err = s.settleDoubt(w, o); err != nil {
				return outcome, err
			}
		}
		return outcome, nil
	}
	if r.How == CallUnsure {
		for _, o := range all {
			o.State, o.Code, o.Args = state.OutgoingUnsure, "", nil
		}
		if len(all) == 0 {
			return OutboxUnsure, nil
		}
		args := state.Args{"to": cmp.Or(c.Address, c.Name), "subject": c.Subject, "connection": c.Via, "at": all[0].Claimed.Format(time.RFC3339)}
		return OutboxUnsure, s.askAbout(w, l, state.QuestionUnsure, []state.Evidence{{Code: "message_lost", Args: args}}, c.Via, all...)
	}
	for _, o := range all {
		if outcome, err = s.settleOne(w, l, c, r, o); err != nil {
			return outcome, err
		}
	}
	return outcome, nil
}

func (s *Service) settleOne(w *state.Writer, l *lookup, c *OutboxClaim, r OutboxResult, o *state.Outgoing) (string, error) {
	if err := closeQuestion(w, o, "settled"); err != nil {
		return "", err
	}
	now := w.Cause.At
	switch r.How {
	case CallSent:
		o.State, o.Ended, o.VendorID, o.Code, o.Args = state.OutgoingSent, now, r.VendorID, "", nil
		if err := s.tellHistory(w, l, o, c, r); err != nil {
			return "", err
		}
		return OutboxSent, state.Outbox.Put(w, o)
	case CallNever:
		if r.Undeliverable && o.Staff == "" {
			said := &state.Consent{Identifier: plain(o.To), Channel: o.Channel, Purpose: state.AllPurposes, State: state.ConsentUndeliverable,
				Source: state.Customers.Ref(o.Base), Connection: c.Via, Words: r.Error.Args["reason"], By: ops}
			if err := noteConsent(w, said); err != nil {
				return "", err
			}
		}
		return OutboxFailed, s.failOutgoing(w, l, o, c.Via, r.Error)
	}
	o.State, o.Due = state.OutgoingWaiting, now
	if r.Error != nil {
		o.Code, o.Args = r.Error.Code, r.Error.Args
	}
	switch r.How {
	case CallStopped:
		o.Tries--
		return OutboxWaits, state.Outbox.Put(w, o)
	case CallPause:
		o.Tries-- // it is not this message's fault
		return OutboxWaits, state.Outbox.Put(w, o)
	}
	o.Due = now.Add(max(backoff(o.Tries), r.After))
	if o.Tries >= outboxTries {
		return OutboxFailed, s.failOutgoing(w, l, o, c.Via, r.Error)
	}
	if o.Due.After(o.Expires) {
		o.Due = o.Expires // then it is told that it failed
	}
	return OutboxWaits, state.Outbox.Put(w, o)
}

// backoff is how long to wait after so many tries.
func backoff(tries int) time.Duration {
	wait := outboxBackoff
	for range min(max(tries, 1)-1, 10) {
		wait *= 2
	}
	return min(wait, outboxSlowest)
}

// connectionOf gives the name of a way out that is a connection.
func connectionOf(via string) string {
	if via == OutboxStdout || via == OutboxSlack || strings.HasPrefix(via, OutboxWebhook) {
		return ""
	}
	return via
}

// settleOutlet notes what the call says of its way out.
func (s *Service) settleOutlet(w *state.Writer, c *OutboxClaim, r OutboxResult) error {
	if c.Via == OutboxStdout || r.How == CallStopped {
		return nil
	}
	x, err := state.Outlets.Find(w.Tx(), state.TextKey(c.Via))
	if err == nil && x == nil && c.Via == OutboxSlack {
		x = slackOutlet(w)
	}
	if err != nil || x == nil {
		return err
	}
	now := w.Cause.At
	switch {
	case r.How == CallPause:
		x.Until = now.Add(max(r.After, outletPause))
		if r.After > 0 && r.Error.Code == "connection_limited" {
			x.Until = now.Add(r.After)
			break
		}
		if x.Code != r.Error.Code {
			x.Since = now
		}
		x.Code, x.Args = r.Error.Code, r.Error.Args
	case r.How == CallSent && (x.Code != "" || now.Sub(x.Sent) >= outletNoted):
		x.Code, x.Args, x.Since, x.Until, x.Sent = "", nil, time.Time{}, time.Time{}, now
	default:
		return nil
	}
	return state.Outlets.Put(w, x)
}

// tellHistory adds what was sent to the history of the customer, once.
func (s *Service) tellHistory(w *state.Writer, l *lookup, o *state.Outgoing, c *OutboxClaim, r OutboxResult) error {
	if o.Staff != "" {
		return nil
	}
	if o.Asset != "" || commercial(o.Purpose) {
		if err := s.sent(w, state.Sending{Identifier: o.To, Asset: cmp.Or(o.Asset, o.Subject), Channel: o.Channel, Purpose: o.Purpose, Team: o.Team,
			At: o.Claimed, By: o.By}); err != nil {
			return err
		}
		if o.Asset != "" {
			return nil
		}
	}
	channel := o.Channel
	if channel == channelEmail {
		channel = "mail"
	}
	a := &state.Activity{ID: state.Outbox.Ref(o.Number), At: o.Claimed, Kind: state.ActivityMessage, Direction: state.Out, Channel: channel,
		Connection: connectionOf(c.Via), Title: o.Subject, Body: o.Text, Actor: o.By, Mail: r.VendorID}
	return state.Activities.Append(w, state.CustomerSubject(o.Base), a)
}

// OutboxApprove notes that a person applied a plan with these ways out.
func (s *Service) OutboxApprove(ctx context.Context, outlets []string) error {
	return s.Do(ctx, "outbox.approve", nil, func(w *state.Writer) error {
		for _, name := range outlets {
			x, err := state.Outlets.Find(w.Tx(), state.TextKey(name))
			if err != nil {
				return err
			}
			if x == nil {
				x = &state.Outlet{Name: name}
			}
			if !x.Approved.IsZero() {
				continue
			}
			x.Approved, x.ApprovedBy = w.Cause.At, w.Cause.Actor
			if err := state.Outlets.Put(w, x); err != nil {
				return err
			}
		}
		return nil
	})
}
