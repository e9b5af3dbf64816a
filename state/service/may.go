package service

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
)

// MayContactIn asks whether somebody may be contacted.
type MayContactIn struct {
	Ref     string    `json:"ref"` // a customer, or an address
	Channel string    `json:"channel,omitempty"`
	Purpose string    `json:"purpose,omitempty"`
	Asset   string    `json:"asset,omitempty"`
	Brand   string    `json:"brand,omitempty"`
	Team    string    `json:"team,omitempty"`
	At      time.Time `json:"at,omitzero"` // zero: now
}

// MayContactOut is the gate's answer. Its reasons are evidence codes, strongest first.
type MayContactOut struct {
	Customer *CustomerRef     `json:"customer,omitempty"`
	Ref      string           `json:"ref"`
	Outcome  string           `json:"outcome"` // yes, ask, no
	Channel  string           `json:"channel"`
	Purpose  string           `json:"purpose"`
	Asset    string           `json:"asset,omitempty"`
	Next     time.Time        `json:"next,omitzero"` // when to ask again, where only time stands against it
	Reasons  []state.Evidence `json:"reasons"`
	Now      time.Time        `json:"now"`
	Zone     string           `json:"zone"` // the reader's
}

// MayContact says whether a contact may be made: yes, no, or ask a person.
func (s *Service) MayContact(ctx context.Context, in MayContactIn) (MayContactOut, error) {
	channel, purpose, err := contactScope(in.Channel, in.Purpose)
	if err != nil {
		return MayContactOut{}, err
	}
	return view(ctx, s, func(tx state.Tx, now time.Time) (MayContactOut, error) {
		out, _, err := s.mayContact(ctx, tx, now, in, channel, purpose)
		return out, err
	})
}

func (s *Service) mayContact(ctx context.Context, tx state.Tx, now time.Time, in MayContactIn, channel, purpose string) (MayContactOut, addressee, error) {
	a, err := s.addressee(tx, in.Ref)
	if err != nil {
		return MayContactOut{}, a, err
	}
	r, err := s.reader(ctx, tx)
	if err != nil {
		return MayContactOut{}, a, err
	}
	l := s.lookup(tx, now, r)
	g := gateAsk{customer: a.customer, channel: channel, purpose: purpose, asset: oneLine(in.Asset), brand: oneLine(in.Brand),
		team: oneLine(in.Team), at: in.At}
	out := MayContactOut{Customer: a.ref(), Ref: strings.TrimSpace(in.Ref), Channel: channel, Purpose: purpose, Asset: g.asset, Now: now, Zone: r.zone.String()}
	if a.single {
		g.to, out.Ref = a.ids[0], a.ids[0].Shown
	}
	answer, err := s.gate(l, g)
	out.Outcome, out.Next = answer.outcome, answer.next
	out.Reasons = append([]state.Evidence{}, answer.reasons...)
	return out, a, err
}

// contactScope checks the channel and the purpose of one contact; e-mail and marketing where they
// are not said, the strictest.
func contactScope(channel, purpose string) (string, string, error) {
	channel = cmp.Or(strings.ToLower(strings.TrimSpace(channel)), channelEmail)
	purpose = cmp.Or(strings.ToLower(strings.TrimSpace(purpose)), purposeMarketing)
	if channel == "mail" {
		channel = channelEmail
	}
	if !slices.Contains(channels, channel) {
		return "", "", &state.Error{Class: state.Invalid, Code: "unknown_channel",
			Args: state.Args{"channel": channel, "channels": strings.Join(channels, ", ")}}
	}
	if !slices.Contains(gatePurposes, purpose) {
		return "", "", &state.Error{Class: state.Invalid, Code: "unknown_purpose",
			Args: state.Args{"purpose": purpose, "purposes": strings.Join(gatePurposes, ", ")}}
	}
	return channel, purpose, nil
}
