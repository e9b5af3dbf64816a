package service

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

// maxContactRows bounds how many rows one call has; longer lists come in several.
const maxContactRows = 5000

// ContactRow is a row of a list of people to write to or call.
type ContactRow struct {
	Line  int    `json:"line"` // in the list, counted from 1
	Email string `json:"email,omitempty"`
	Phone string `json:"phone,omitempty"`
}

// MayContactListIn asks of many addresses whether they may be contacted.
type MayContactListIn struct {
	Rows    []ContactRow `json:"rows"`
	Channel string       `json:"channel,omitempty"`
	Purpose string       `json:"purpose,omitempty"`
	Asset   string       `json:"asset,omitempty"`
	Brand   string       `json:"brand,omitempty"`
	Team    string       `json:"team,omitempty"`
	At      time.Time    `json:"at,omitzero"`
	Seen    []string     `json:"seen,omitempty"` // the keys of earlier rows of the same list
}

// MayContactListOut answers them in their order.
type MayContactListOut struct {
	Rows []MayContactRow `json:"rows"`
	Now  time.Time       `json:"now"`
	Zone string          `json:"zone"`
}

// MayContactRow is the gate's answer on one row. Outcome is "unreadable" where the row has no address
// of the channel.
type MayContactRow struct {
	Line     int              `json:"line"`
	Address  string           `json:"address"`
	Outcome  string           `json:"outcome"` // yes, ask, no, unreadable
	Customer *CustomerRef     `json:"customer,omitempty"`
	Reasons  []state.Evidence `json:"reasons"`
	Key      string           `json:"key"` // names whom the row is about, to find the same one again
}

// rowUnreadable is the outcome of a row without an address.
const rowUnreadable = "unreadable"

// addressOf reads the address of a row that a channel needs.
func (s *Service) addressOf(row ContactRow, channel string) (state.Identifier, string) {
	if channel == channelPhone || channel == channelSMS {
		raw := strings.TrimSpace(row.Phone)
		id := identity.PhoneIdentifier(raw, s.config.Region)
		if raw == "" || len(id.Match) < minTail {
			return state.Identifier{}, raw
		}
		return plain(id), raw
	}
	raw := strings.TrimSpace(row.Email)
	return plain(identity.EmailIdentifier(raw)), raw
}

// MayContactList asks the gate about every row. The second row about one customer is refused: nobody
// gets the same twice.
func (s *Service) MayContactList(ctx context.Context, in MayContactListIn) (MayContactListOut, error) {
	channel, purpose, err := contactScope(in.Channel, in.Purpose)
	if err != nil {
		return MayContactListOut{}, err
	}
	if len(in.Rows) > maxContactRows {
		return MayContactListOut{}, &state.Error{Class: state.Invalid, Code: "too_many_rows", Args: state.Args{"max": strconv.Itoa(maxContactRows)}}
	}
	return view(ctx, s, func(tx state.Tx, now time.Time) (MayContactListOut, error) {
		out := MayContactListOut{Rows: make([]MayContactRow, 0, len(in.Rows)), Now: now}
		r, err := s.reader(ctx, tx)
		if err != nil {
			return out, err
		}
		out.Zone = r.zone.String()
		l := s.lookup(tx, now, r)
		seen := map[string]bool{}
		for _, k := range in.Seen {
			seen[k] = true
		}
		for _, row := range in.Rows {
			if err := ctx.Err(); err != nil {
				return out, err
			}
			id, raw := s.addressOf(row, channel)
			line := MayContactRow{Line: row.Line, Address: cmp.Or(id.Shown, raw), Outcome: rowUnreadable, Reasons: []state.Evidence{}}
			if id.Match == "" {
				out.Rows = append(out.Rows, line)
				continue
			}
			answer, who, err := s.gateAddress(l, gateAsk{to: id, channel: channel, purpose: purpose, asset: oneLine(in.Asset),
				brand: oneLine(in.Brand), team: oneLine(in.Team), at: in.At})
			if err != nil {
				return out, err
			}
			line.Key = string(id.Type) + ":" + id.Match
			if len(who) == 1 {
				ref := refOf(who[0])
				line.Customer, line.Key = &ref, ref.Number
			}
			if seen[line.Key] {
				answer.add(gateNo, "gate_twice_in_list", state.Args{"value": id.Shown})
				answer.sort()
			}
			seen[line.Key] = true
			line.Outcome, line.Reasons = answer.outcome, append(line.Reasons, answer.reasons...)
			out.Rows = append(out.Rows, line)
		}
		return out, nil
	})
}

// gateAddress asks the gate about an address, whoever has it: of several customers the strictest
// answer holds.
func (s *Service) gateAddress(l *lookup, g gateAsk) (gateAnswer, []*state.Customer, error) {
	numbers, err := l.holders(g.to, 20)
	if err != nil {
		return gateAnswer{}, nil, err
	}
	var who []*state.Customer
	for _, n := range numbers {
		c, err := l.survivor(n)
		if err != nil {
			return gateAnswer{}, nil, err
		}
		if c != nil && !slices.ContainsFunc(who, func(o *state.Customer) bool { return o.Number == c.Number }) {
			who = append(who, c)
		}
	}
	if len(who) == 0 {
		answer, err := s.gateOne(l, g)
		return answer, nil, err
	}
	var worst gateAnswer
	for i, c := range who {
		g.customer = c
		answer, err := s.gateOne(l, g)
		if err != nil {
			return answer, nil, err
		}
		if i == 0 || strictness(answer.outcome) > strictness(worst.outcome) {
			worst = answer
		}
	}
	return worst, who, nil
}
