package service

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
)

// answered is how long a reply to something that was sent makes a person answer, not the next
// advertisement.
const answered = 60 * 24 * time.Hour

// sendingsTo gives what was sent to addresses since a time, newest first.
func sendingsTo(tx state.Tx, ids []state.Identifier, since time.Time) ([]*state.Sending, error) {
	var out []*state.Sending
	seen := map[string]bool{}
	for _, id := range ids {
		if k := string(id.Key()); !seen[k] {
			seen[k] = true
			r := state.PrefixRange("", id.Key())
			if !since.IsZero() {
				r.From = state.Join(id.Key(), state.TimeKey(since))
			}
			list, err := state.Sendings.List(tx, r)
			if err != nil {
				return nil, err
			}
			out = append(out, list...)
		}
	}
	slices.SortStableFunc(out, func(a, b *state.Sending) int { return b.At.Compare(a.At) })
	return out, nil
}

// identifiersOf are all addresses of a customer, former ones too.
func identifiersOf(c *state.Customer) []state.Identifier {
	ids := make([]state.Identifier, 0, len(c.Identifiers)+1)
	for _, a := range c.Identifiers {
		ids = append(ids, a.Identifier)
	}
	return append(ids, itself(c.Number))
}

// sentTo gives what was sent to a customer, newest first. Nothing is read where nothing was ever sent.
func (l *lookup) sentTo(c *state.Customer, since time.Time) ([]*state.Sending, error) {
	if l.sent == nil {
		any := false
		for _, err := range l.tx.Scan(state.Sendings.Kind, state.Range{Limit: 1, KeysOnly: true}) {
			if err != nil {
				return nil, err
			}
			any = true
		}
		l.sent = &any
	}
	if !*l.sent {
		return nil, nil
	}
	return sendingsTo(l.tx, identifiersOf(c), since)
}

func sameAsset(a, b string) bool { return strings.EqualFold(oneLine(a), oneLine(b)) }

// sendingArgs tells what was sent, when, and by whom of us.
func sendingArgs(l *lookup, t *state.Sending) state.Args {
	return state.Args{"asset": t.Asset, "channel": t.Channel, "at": t.At.Format(time.RFC3339), "value": t.Identifier.Shown,
		"team": cmp.Or(t.Team, l.name(t.By))}
}

// gateSent adds what follows from what was sent before: the same thing twice, a reply since, too
// much in too few days, whoever of us sent it.
func (s *Service) gateSent(l *lookup, out *gateAnswer, g gateAsk) error {
	if !commercial(g.purpose) {
		return nil
	}
	var sent []*state.Sending
	var err error
	if g.customer != nil {
		sent, err = l.sentTo(g.customer, time.Time{})
	} else if g.to.Match != "" {
		sent, err = sendingsTo(l.tx, []state.Identifier{g.to}, time.Time{})
	}
	if err != nil {
		return err
	}
	sent = slices.DeleteFunc(sent, func(t *state.Sending) bool { return t.At.After(g.at) })
	if g.asset != "" {
		i := slices.IndexFunc(sent, func(t *state.Sending) bool { return sameAsset(t.Asset, g.asset) })
		if i >= 0 {
			out.lasts(gateNo, "gate_same_asset", sendingArgs(l, sent[i]))
		} else if err := l.gateHousehold(out, g); err != nil {
			return err
		}
	}
	if err := l.gateReplied(out, g, sent); err != nil {
		return err
	}
	s.gateCaps(out, g, sent)
	return nil
}

// gateHousehold asks where somebody of the same household had it already.
func (l *lookup) gateHousehold(out *gateAnswer, g gateAsk) error {
	if g.customer == nil {
		return nil
	}
	relations, err := l.relations(g.customer)
	if err != nil {
		return err
	}
	for _, r := range relations {
		if r.Kind != relationHousehold || r.Until != "" {
			continue
		}
		n, _ := state.Customers.ParseRef(r.Customer.Number)
		other, err := l.survivor(n)
		if err != nil {
			return err
		}
		if other == nil {
			continue
		}
		sent, err := l.sentTo(other, time.Time{})
		if err != nil {
			return err
		}
		for _, t := range sent {
			if sameAsset(t.Asset, g.asset) {
				args := sendingArgs(l, t)
				args["name"] = other.Name
				out.lasts(gateMay, "gate_household_asset", args)
				return nil
			}
		}
	}
	return nil
}

// gateReplied asks where the customer answered what was sent last, and nobody of us answered them:
// a person does that before anything more is sent.
func (l *lookup) gateReplied(out *gateAnswer, g gateAsk, sent []*state.Sending) error {
	if g.customer == nil || len(sent) == 0 || sent[0].At.Before(g.at.Add(-answered)) {
		return nil
	}
	last := sent[0]
	if g.asset != "" {
		for _, t := range sent {
			if sameAsset(t.Asset, g.asset) {
				last = t
				break
			}
		}
	}
	theirs := map[string]bool{}
	addressesOf(g.customer, theirs)
	for e, err := range l.merged([]source{{c: g.customer}}, last.At, "") {
		if err != nil {
			return err
		}
		if !talks(&e) || !e.Time.After(last.At) || e.Time.After(g.at) {
			continue
		}
		if e.Direction == state.Out || e.Kind != state.ActivityMessage {
			return nil // answered, or talked over
		}
		if e.From != "" && !theirs[e.From] {
			continue
		}
		args := sendingArgs(l, last)
		args["replied"] = e.Time.Format(time.RFC3339)
		if !e.Hidden {
			args["subject"] = oneLine(e.Title)
		}
		out.lasts(gateMay, "gate_replied", args)
		return nil
	}
	return nil
}

// gateCaps asks where so much was sent in so many days that more would be too much. What the
// customer had from one team counts for all.
func (s *Service) gateCaps(out *gateAnswer, g gateAsk, sent []*state.Sending) {
	for _, c := range s.rules.Caps {
		if c.Purpose != "" && c.Purpose != g.purpose || c.Channel != "" && c.Channel != g.channel {
			continue
		}
		var within []*state.Sending // newest first; one asset on one day is one, whatever its channels
		since := g.at.Add(-time.Duration(c.Days) * 24 * time.Hour)
		for _, t := range sent {
			if t.At.After(since) && (c.Purpose == "" || c.Purpose == t.Purpose) && (c.Channel == "" || c.Channel == t.Channel) && commercial(t.Purpose) &&
				!slices.ContainsFunc(within, func(o *state.Sending) bool {
					return sameAsset(o.Asset, t.Asset) && o.At.Equal(t.At) && o.Channel == t.Channel
				}) {
				within = append(within, t)
			}
		}
		if len(within) < c.Max {
			continue
		}
		var what []string
		for _, t := range within {
			w := t.Asset
			if t.Team != "" {
				w += " (" + t.Team + ")"
			}
			what = append(what, w)
		}
		args := state.Args{"n": strconv.Itoa(len(within)), "days": strconv.Itoa(c.Days), "max": strconv.Itoa(c.Max), "what": strings.Join(what, ", "),
			"purpose": c.Purpose, "channel": c.Channel}
		if c.Max > 0 {
			next := within[c.Max-1].At.Add(time.Duration(c.Days) * 24 * time.Hour)
			args["next"] = next.Format(time.RFC3339)
			out.wait(next)
		}
		out.add(gateMay, "gate_cap", args)
	}
}

// sent takes note that Kept sent something in the way of business to an address, so that caps and
// histories know it. Whoever sends calls it in the transaction that takes note of the sending.
func (s *Service) sent(w *state.Writer, t state.Sending) error {
	t.Identifier, t.Asset, t.Noted = plain(t.Identifier), oneLine(t.Asset), w.Cause.At
	return state.Sendings.Put(w, &t)
}
