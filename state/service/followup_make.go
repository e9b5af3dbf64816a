package service

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/followup"
)

// passBatch is what one transaction of a pass does.
type passBatch struct {
	*pass
	w    *state.Writer // nil: nothing is written
	l    *lookup
	next map[uint64]time.Time
}

// maxOccasionKey is how long an occasion's key is stored as it is; longer ones are hashed.
const maxOccasionKey = 120

func occasionKey(key string) string {
	if len(key) <= maxOccasionKey {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return "h:" + hex.EncodeToString(sum[:16])
}

// customer looks at one customer with every rule.
func (b *passBatch) customer(c *state.Customer) error {
	b.out.Looked++
	f, err := b.s.facts(b.l, c, b.need)
	if err != nil {
		return err
	}
	had, err := b.followupsHad(c)
	if err != nil {
		return err
	}
	again := func(at time.Time) {
		if !at.IsZero() && (b.next[c.Number].IsZero() || at.Before(b.next[c.Number])) {
			b.next[c.Number] = at
		}
	}
	for _, r := range b.rules {
		occasions := r.Occasions(f, b.l.now, b.s.config.Calendar)
		if err := b.settle(r, occasions, had); err != nil {
			return err
		}
		for i := range occasions {
			o := &occasions[i]
			switch r.Stands(o, b.memory.Since[r.Name], b.l.now) {
			case followup.Coming:
				again(o.At)
				continue
			case followup.Now:
			default:
				continue
			}
			done, err := b.done(r, o, c, had)
			if err != nil {
				return err
			}
			if done {
				continue
			}
			if !r.If.Holds(o.Env(f, b.l.now)) {
				again(r.Again(b.l.now))
				continue
			}
			made, err := b.act(r, o, c, f, &had)
			if err != nil {
				return err
			}
			if !made {
				again(b.l.now)
			}
		}
	}
	return nil
}

// followupsHad gives all follow-ups of a customer, also those that a merge hides.
func (b *passBatch) followupsHad(c *state.Customer) ([]*state.Followup, error) {
	var out []*state.Followup
	for _, base := range bases(c) {
		list, err := state.Followups.By(b.l.tx, "base", state.NumberKey(base))
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return out, nil
}

// done says whether an occasion was acted on, under any of its keys, or an open follow-up is about
// the same already.
func (b *passBatch) done(r *followup.Rule, o *followup.Occasion, c *state.Customer, had []*state.Followup) (bool, error) {
	for _, f := range had {
		if f.Rule == r.Name && o.Topic != "" && f.Topic == o.Topic && f.State == state.FollowupOpen {
			return true, nil
		}
	}
	for _, key := range append([]string{o.Key}, o.Also...) {
		key = occasionKey(key)
		if o.Own {
			if slices.ContainsFunc(had, func(f *state.Followup) bool { return f.Rule == r.Name && f.Occasion == key }) {
				return true, nil
			}
		} else if any, err := anyEntry(b.l.tx, state.Followups.Kind, state.PrefixRange("occasion", state.OccasionKey(r.Name, key))); err != nil || any {
			return any, err
		}
		for _, base := range bases(c) {
			for _, kind := range []string{"email", "message"} {
				sent, err := outgoingOf(b.l.tx, outgoingKey(kind, r, key, o, base))
				if err != nil {
					return false, err
				}
				if sent != nil && r.Do.Followup == "" {
					return true, nil
				}
			}
		}
	}
	return false, nil
}

func anyEntry(tx state.Tx, k *state.Kind, r state.Range) (bool, error) {
	r.Limit, r.KeysOnly = 1, true
	for _, err := range tx.Scan(k, r) {
		return err == nil, err
	}
	return false, nil
}

// outgoingKey is the key of a message that a rule sends of an occasion; of one that is nobody's own
// it is the same whoever it belongs to.
func outgoingKey(kind string, r *followup.Rule, key string, o *followup.Occasion, base uint64) string {
	parts := []string{"rule", r.Name, kind, key}
	if o.Own {
		parts = append(parts, state.Customers.Ref(base))
	}
	return strings.Join(parts, "/")
}

// act does what a rule says of an occasion; made is false where the bounds leave it for later.
func (b *passBatch) act(r *followup.Rule, o *followup.Occasion, c *state.Customer, f *followup.Facts, had *[]*state.Followup) (made bool, err error) {
	who, err := b.who(cmp.Or(r.Do.Followup, r.Do.Message, followup.ForOwner), c, o)
	if err != nil {
		return false, err
	}
	perPerson := cmp.Or(b.s.config.Followups.PerPerson, rulesPerPerson)
	if b.left <= 0 || b.made[who] >= perPerson {
		b.out.Waiting[b.l.name(who)]++
		return false, nil
	}
	b.left--
	b.made[who]++
	var t *state.Followup
	if r.Do.Followup != "" {
		if t, err = b.followup(r, o, c, who); err != nil {
			return false, err
		}
		*had = append(*had, t)
		if len(b.out.Made) < rulesShown {
			shown, err := b.s.showFollowup(b.l, t)
			if err != nil {
				return false, err
			}
			b.out.Made = append(b.out.Made, shown)
		}
	}
	b.out.Total++
	return true, b.send(r, o, c, f, t)
}

func (b *passBatch) followup(r *followup.Rule, o *followup.Occasion, c *state.Customer, who string) (*state.Followup, error) {
	zone, err := b.s.zoneOf(b.l, who)
	if err != nil {
		return nil, err
	}
	t := &state.Followup{Base: c.Number, Rule: r.Name, Occasion: occasionKey(o.Key), Topic: o.Topic, Code: o.Code, Args: o.Args, Text: r.Do.Text,
		For: who, State: state.FollowupOpen, Made: b.l.now, By: rulesActor, Promise: o.Promise, Record: o.Record, Evidence: []state.Evidence{}}
	t.Due = b.due(r, o, zone)
	if b.w == nil {
		return t, nil
	}
	if t.Number, err = state.Followups.Next(b.w); err != nil {
		return nil, err
	}
	return t, state.Followups.Put(b.w, t)
}

// lateToday is the hour from which on what comes is due on the next working day.
const lateToday = 15

// due is when what a rule asks for is due: when the thing says, else after the rule's working time,
// else by the end of the working day.
func (b *passBatch) due(r *followup.Rule, o *followup.Occasion, zone *time.Location) state.Due {
	cal := b.s.config.Calendar
	d := state.Due{Zone: zone.String(), SetBy: rulesActor, SetAt: b.l.now}
	switch {
	case r.Do.Due > 0:
		d.At = cal.AddHours(b.l.now, r.Do.Due, zone).UTC()
		return d
	case o.Due.After(b.l.now):
		d.At, d.DateOnly = o.Due, o.Due.In(zone).Second() == 59
		return d
	}
	now := b.l.now.In(zone)
	if !cal.Workday(now) || now.Hour() >= lateToday {
		now = cal.AddWorkdays(now, 1, zone).In(zone)
	}
	d.At, d.DateOnly = time.Date(now.Year(), now.Month(), now.Day(), 23, 59, 59, 0, zone).UTC(), true
	return d
}

// who gives whom something is for: a staff member ("s2") who has not left, or "" for whoever sells.
// Of somebody who left it is the deputy's; of a customer without an owner, the one's whom kept.yaml
// names for that.
func (b *passBatch) who(to string, c *state.Customer, o *followup.Occasion) (string, error) {
	ref := ""
	switch to {
	case followup.ForNobody:
		return "", nil
	case followup.ForOwner, followup.ForManager:
		ref = c.Owner
	case followup.ForPromiser:
		ref = cmp.Or(o.By, c.Owner)
	default:
		m, err := b.s.staff(b.l.tx, to)
		if err != nil && !state.IsClass(err, state.NotFound) && !state.IsClass(err, state.Ambiguous) {
			return "", err
		}
		if m != nil {
			ref = state.StaffMembers.Ref(m.Number)
		}
	}
	m, err := b.l.member(ref)
	if err != nil {
		return "", err
	}
	if m != nil && to == followup.ForManager {
		if m.Manager == 0 {
			return "", nil
		}
		if m, err = b.l.member(state.StaffMembers.Ref(m.Manager)); err != nil {
			return "", err
		}
	}
	if m == nil && ref != c.Owner {
		if m, err = b.l.member(c.Owner); err != nil {
			return "", err
		}
	}
	if m != nil && left(m, b.l.now) {
		if m, err = b.s.present(b.l, m); err != nil {
			return "", err
		}
	}
	if m == nil && b.s.config.Followups.Default != "" {
		m, err = b.s.staff(b.l.tx, b.s.config.Followups.Default)
		if err != nil && !state.IsClass(err, state.NotFound) && !state.IsClass(err, state.Ambiguous) {
			return "", err
		}
	}
	if m == nil {
		return "", nil
	}
	return state.StaffMembers.Ref(m.Number), nil
}

// settles are the triggers whose follow-ups end by themselves when their reason is gone.
var settles = []string{followup.Unanswered, followup.PromiseDue, followup.Silent, followup.Unconfirmed}

// settle closes open follow-ups of a rule whose reason is gone: answered, promise kept or moved, heard
// from again.
func (b *passBatch) settle(r *followup.Rule, occasions []followup.Occasion, had []*state.Followup) error {
	if !slices.Contains(settles, r.When) {
		return nil
	}
	for _, f := range had {
		if f.Rule != r.Name || f.State != state.FollowupOpen {
			continue
		}
		stands := slices.ContainsFunc(occasions, func(o followup.Occasion) bool {
			return slices.ContainsFunc(append([]string{o.Key}, o.Also...), func(k string) bool { return occasionKey(k) == f.Occasion })
		})
		if stands {
			continue
		}
		b.out.Settled++
		f.State, f.Closed, f.ClosedBy, f.Snoozed = state.FollowupDone, b.l.now, rulesActor, time.Time{}
		f.Evidence = append(f.Evidence, state.Evidence{Code: "followup_settled", Args: state.Args{"when": r.When, "at": b.l.now.Format(time.RFC3339)}})
		if b.w != nil {
			if err := state.Followups.Put(b.w, f); err != nil {
				return err
			}
		}
	}
	return nil
}

// escalate passes on open follow-ups that nobody did in time.
func (b *passBatch) escalate() error {
	rules := map[string]*followup.Rule{}
	for _, r := range b.rules {
		if r.Escalate != nil {
			rules[r.Name] = r
		}
	}
	if len(rules) == 0 {
		return nil
	}
	open, err := state.Followups.List(b.l.tx, state.Range{Index: "open", To: state.TimeKey(b.l.now)})
	if err != nil {
		return err
	}
	for _, f := range open {
		r := rules[f.Rule]
		if r == nil || !f.Told.IsZero() || b.l.now.Before(f.Snoozed) {
			continue
		}
		zone, err := b.s.zoneOf(b.l, f.For)
		if err != nil {
			return err
		}
		if b.s.config.Calendar.AddHours(f.Due.At, r.Escalate.After, zone).After(b.l.now) {
			continue
		}
		c, err := b.l.survivor(f.Base)
		if err != nil {
			return err
		}
		if c == nil {
			continue
		}
		as := *c
		as.Owner = cmp.Or(f.For, c.Owner)
		to, err := b.who(r.Escalate.To, &as, &followup.Occasion{})
		if err != nil {
			return err
		}
		f.Told, f.Over = b.l.now, to
		if to == "" || to == f.For {
			f.Over = ""
		}
		if err := state.Followups.Put(b.w, f); err != nil {
			return err
		}
		if f.Over != "" {
			b.out.Escalated++
			ref := state.Followups.Ref(f.Number)
			m := &state.Outgoing{Key: "followup/" + ref + "/over", Card: cardOf("over", ref), Rule: f.Rule}
			if err := b.tell(m, f.Over, f, true); err != nil {
				return err
			}
		}
	}
	return nil
}
