package service

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

// This file makes anew what follows from mail that is there already when a rule about it changes:
// somebody is one of us, a domain is ours, an address is to be ignored. What is to be looked at is
// kept in the state, so that no transaction is long and a killed process loses nothing.

const (
	// settleStep is how many addresses one transaction decides about.
	settleStep = 200
	// settleScan is how many addresses one transaction looks at to find those of a domain.
	settleScan = 2000
)

const blobMailRules = "mail/rules" // the configuration's rules as they were when customers were made of mail

// sender remembers whether mail was known to be sent from an address before a record changes.
func (t *telling) sender(r *state.Record) error {
	if r == nil || r.Mail == nil || !r.Mail.Sent || r.Mail.From == "" {
		return nil
	}
	if t.senders == nil {
		t.senders = map[string]bool{}
	}
	if _, ok := t.senders[r.Mail.From]; ok {
		return nil
	}
	sent, err := t.s.mailRules(t.w.Tx()).sentFrom(r.Mail.From)
	t.senders[r.Mail.From] = sent
	return err
}

// spread looks also at those to whom an address wrote which is ours only now, or no longer.
func (t *telling) spread() error {
	rules := t.s.mailRules(t.w.Tx())
	for _, match := range sortedKeys(t.senders) {
		sent, err := rules.sentFrom(match)
		if err != nil {
			return err
		}
		if sent != t.senders[match] {
			if err := putDue(t.w, match, true); err != nil {
				return err
			}
		}
	}
	if len(t.senders) > 0 {
		clear(t.senders)
		_, err := t.settle(settleStep)
		return err
	}
	return nil
}

func putDue(w *state.Writer, address string, spread bool) error {
	old, err := state.MailsDue.Find(w.Tx(), state.TextKey(address))
	if err != nil {
		return err
	}
	return state.MailsDue.Put(w, &state.MailDue{Address: address, Spread: spread || old != nil && old.Spread})
}

// settle marks up to so many addresses that are due to be looked at; it says whether more are.
func (t *telling) settle(budget int) (more bool, err error) {
	for budget > 0 {
		due, err := state.MailsDue.List(t.w.Tx(), state.Range{Limit: 1})
		if err != nil || len(due) == 0 {
			return false, err
		}
		d := due[0]
		var looked int
		if strings.HasPrefix(d.Address, "@") {
			looked, err = t.settleDomain(d)
		} else {
			looked, err = t.settleAddress(d, budget)
		}
		if err != nil {
			return false, err
		}
		budget -= looked
	}
	return anyDue(t.w.Tx())
}

func anyDue(tx state.Tx) (bool, error) {
	due, err := state.MailsDue.List(tx, state.Range{Limit: 1})
	return len(due) > 0, err
}

// settleAddress marks an address and, where that is asked for, those to whom it wrote.
func (t *telling) settleAddress(d *state.MailDue, budget int) (looked int, err error) {
	t.mention(d.Address)
	looked = 1
	if d.Spread {
		prefix := state.PeopleTo(d.Address)
		r := state.PrefixRange("people", prefix)
		if d.After != nil {
			r.From = state.After(d.After)
		}
		for looked < budget {
			key, err := firstEntry(t.w.Tx(), r)
			if err != nil {
				return looked, err
			}
			if key == nil {
				_, err = state.MailsDue.Delete(t.w, state.TextKey(d.Address))
				return looked, err
			}
			to, _ := state.KeyText(key[len(prefix):])
			t.mention(to)
			looked++
			d.After = state.Join(prefix, state.TextKey(to))
			r.From = state.After(d.After)
		}
		return looked, state.MailsDue.Put(t.w, d)
	}
	_, err = state.MailsDue.Delete(t.w, state.TextKey(d.Address))
	return looked, err
}

// settleDomain goes through all addresses and makes those of a domain due; "@" is all of them.
func (t *telling) settleDomain(d *state.MailDue) (looked int, err error) {
	domain := strings.TrimPrefix(d.Address, "@")
	r := state.Range{Index: "people", From: d.After}
	for range settleScan {
		key, err := firstEntry(t.w.Tx(), r)
		if err != nil {
			return looked, err
		}
		if key == nil {
			_, err = state.MailsDue.Delete(t.w, state.TextKey(d.Address))
			return looked, err
		}
		match, _ := state.KeyText(key)
		r.From = state.After(state.TextKey(match))
		d.After = r.From
		switch {
		case domain == "":
			t.mention(match)
			looked++
		case identity.InDomain(match, domain):
			if err := putDue(t.w, match, true); err != nil {
				return looked, err
			}
		}
		if looked >= settleStep {
			break
		}
	}
	return max(looked, settleStep), state.MailsDue.Put(t.w, d)
}

// SettleMail makes anew who follows from mail about which a rule changed, in transactions that are
// short. It is called after whatever may change a rule; calling it at any time does no harm.
func (s *Service) SettleMail(ctx context.Context) error {
	caller := CallerOf(ctx)
	caller.Request = ""
	ctx = WithCaller(ctx, caller)
	if same, err := s.mailSettled(ctx); same || err != nil {
		return err
	}
	for more := true; more; {
		err := s.Do(ctx, "mail.settle", nil, func(w *state.Writer) (err error) {
			if err := s.configured(w); err != nil {
				return err
			}
			t := &telling{s: s, w: w, dirty: map[uint64]bool{}, companies: map[string]bool{}, domains: map[string]bool{}}
			if more, err = t.settle(settleStep); err != nil {
				return err
			}
			return t.finish()
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// mailSettled says whether there is nothing to do, without taking the turn of a writer.
func (s *Service) mailSettled(ctx context.Context) (settled bool, err error) {
	err = s.store.View(ctx, func(tx state.Tx) error {
		due, err := anyDue(tx)
		if err != nil {
			return err
		}
		now, err := tx.Blob(blobMailRules)
		settled = !due && bytes.Equal(now, s.configuredRules())
		return err
	})
	return settled, err
}

// configured makes all addresses due where kept.yaml has other rules than before.
func (s *Service) configured(w *state.Writer) error {
	before, err := w.Tx().Blob(blobMailRules)
	now := s.configuredRules()
	if err != nil || bytes.Equal(before, now) {
		return err
	}
	if err := w.PutBlob(blobMailRules, now); err != nil {
		return err
	}
	return putDue(w, "@", false)
}

// configuredRules are the rules of kept.yaml as a text; nil where it has none.
func (s *Service) configuredRules() []byte {
	var out []string
	for _, d := range s.config.Domains {
		out = append(out, "own "+d)
	}
	for connection, rules := range s.ignore {
		for _, r := range rules {
			out = append(out, "ignore "+connection+" "+r.Shown)
		}
	}
	slices.Sort(out)
	return []byte(strings.Join(out, "\n"))
}

// staffChanged makes due what a staff member's addresses decide, where they are other ones now.
func (s *Service) staffChanged(w *state.Writer, m *state.Staff) error {
	all, err := state.StaffMembers.List(w.Tx(), state.Range{})
	if err != nil {
		return err
	}
	var old []string
	after := []*state.Staff{m}
	for _, x := range all {
		if x.Number == m.Number {
			old = x.Emails
		} else {
			after = append(after, x)
		}
	}
	if slices.Equal(old, m.Emails) {
		return nil
	}
	if mail, err := anyKey(w.Tx(), state.Range{Index: "people"}); err != nil || !mail {
		return err
	}
	for _, e := range append(slices.Clone(old), m.Emails...) {
		if slices.Contains(old, e) && slices.Contains(m.Emails, e) {
			continue
		}
		if err := putDue(w, identity.EmailIdentifier(e).Match, true); err != nil {
			return err
		}
	}
	before, now := staffDomains(all), staffDomains(after)
	for _, d := range append(slices.Clone(before), now...) {
		if slices.Contains(before, d) && slices.Contains(now, d) {
			continue
		}
		if err := putDue(w, "@"+d, true); err != nil {
			return err
		}
	}
	return nil
}

// settled runs a change that may change a rule about mail, and then what follows from it.
func settled[Out any](ctx context.Context, s *Service, what string, args state.Args, fn func(*state.Writer) (Out, error)) (Out, error) {
	out, err := change(ctx, s, what, args, fn)
	if err != nil {
		return out, err
	}
	return out, s.SettleMail(ctx)
}
