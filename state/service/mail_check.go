package service

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

// checkMail looks whether each message stands in the histories of those who are in it and in no
// others, and whether the customers that follow from mail are there.
func (s *Service) checkMail(ctx context.Context, tx state.Tx, out *CheckOut) error {
	bad := func(code, collection string, key []byte) {
		out.Damages = append(out.Damages, state.Damage{Code: code, Collection: collection, Key: key})
	}
	steps := state.Begin(ctx, state.Activities.Kind.Name, 0)
	for r, err := range state.Records.All(tx, state.PrefixRange("people", nil)) {
		if err != nil {
			return err
		}
		steps.Did(1)
		ok, err := entriesStand(tx, r)
		if err != nil {
			return err
		}
		if !ok && !slices.ContainsFunc(out.Damages, func(d state.Damage) bool {
			return d.Code == "message_without_entry" && bytes.Equal(d.Key, state.NumberKey(r.Key))
		}) {
			bad("message_without_entry", state.Records.Kind.Name, state.NumberKey(r.Key))
		}
	}
	if due, err := anyDue(tx); err != nil {
		return err
	} else if due {
		bad("mail_due", state.MailsDue.Kind.Name, nil)
		return nil // what follows is not made yet
	}
	connections, err := connectionNames(tx)
	if err != nil {
		return err
	}
	rules := s.mailRules(tx)
	return s.lookup(tx, time.Time{}, reader{}).addresses(func(match string) error {
		if stray, err := strayEntry(tx, match); err != nil {
			return err
		} else if stray != 0 {
			bad("entry_without_message", state.Activities.Kind.Name, state.NumberKey(stray))
		}
		ok, err := contactsStand(tx, rules, connections, match)
		if err == nil && !ok {
			bad("mail_contact_stale", state.MailsDue.Kind.Name, state.TextKey(match))
		}
		return err
	})
}

// entriesStand says whether a message's entries are where they belong, as they are to be.
func entriesStand(tx state.Tx, r *state.Record) (bool, error) {
	for _, e := range identity.MailEntries(r) {
		want, err := state.Activities.Kind.Encode(&e.Activity)
		if err != nil {
			return false, err
		}
		place := state.Activities.Kind.Key(&e.Activity)
		stands := false
		for a, err := range state.Activities.Read(tx, state.IdentifierSubject(e.Address), state.PrefixRange("", place)) {
			if err != nil {
				return false, err
			}
			got, err := state.Activities.Kind.Encode(a)
			if err != nil {
				return false, err
			}
			stands = stands || bytes.Equal(got, want)
		}
		if !stands {
			return false, nil
		}
	}
	return true, nil
}

// strayEntry gives the record of an entry in an address's history that no message puts there; 0
// where there is none.
func strayEntry(tx state.Tx, match string) (uint64, error) {
	for a, err := range state.Activities.Read(tx, state.IdentifierSubject(emailOf(match)), state.Range{}) {
		if err != nil {
			return 0, err
		}
		r, err := state.Records.Find(tx, state.NumberKey(a.Record))
		if err != nil {
			return 0, err
		}
		if r == nil || mentioned(r, match) == nil {
			return a.Record, nil
		}
	}
	return 0, nil
}

// contactsStand says whether the contact records of an address are those that follow from its mail.
func contactsStand(tx state.Tx, rules *mailRules, connections []string, match string) (bool, error) {
	wanted, _, err := contactsWanted(tx, rules, match)
	if err != nil {
		return false, err
	}
	for _, connection := range connections {
		found, err := state.Records.By(tx, "id", state.RecordKey(connection, state.KindContact, match))
		if err != nil {
			return false, err
		}
		v := wanted[connection]
		switch {
		case len(found) > 0 && !implied(found[0]):
		case len(found) == 0 && v == nil:
		case len(found) == 0, v == nil, found[0].Current() == nil, !bytes.Equal(found[0].Current().Hash, v.Hash):
			return false, nil
		}
	}
	return true, nil
}

// repairMail makes again what checkMail missed; the rest of the repair settles what is due.
func (t *telling) repairMail(damages []state.Damage) error {
	for _, d := range damages {
		switch d.Code {
		case "message_without_entry":
			r, err := state.Records.Find(t.w.Tx(), d.Key)
			if err != nil || r == nil {
				return err
			}
			if err := t.mailEntries(r, true); err != nil {
				return err
			}
		case "mail_contact_stale":
			match, _ := state.KeyText(d.Key)
			if err := putDue(t.w, match, false); err != nil {
				return err
			}
		}
	}
	return nil
}
