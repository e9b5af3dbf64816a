package service

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

// message brings the histories of the addresses in a message up to date, and marks those whose
// being a customer may depend on it.
func (t *telling) message(before, r *state.Record) error {
	if r.Kind != state.KindMessage {
		return nil
	}
	for _, x := range []*state.Record{before, r} {
		if err := t.sender(x); err != nil {
			return err
		}
	}
	if before != nil {
		if err := t.mailEntries(before, false); err != nil {
			return err
		}
	}
	return t.mailEntries(r, true)
}

func (t *telling) mailEntries(r *state.Record, in bool) error {
	for _, e := range identity.MailEntries(r) {
		t.mention(e.Address.Match)
		subject := state.IdentifierSubject(e.Address)
		var err error
		if in {
			err = state.Activities.Append(t.w, subject, &e.Activity)
		} else {
			_, err = state.Activities.Remove(t.w, subject, &e.Activity)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// mention marks an address to be looked at.
func (t *telling) mention(match string) {
	if t.mentions == nil {
		t.mentions = map[string]bool{}
	}
	t.mentions[match] = true
}

// people makes anew who follows from the mail of the addresses that were marked: the contacts of
// those to whom we wrote, and the questions whether those who wrote are of us.
func (t *telling) people() error {
	if err := t.spread(); err != nil {
		return err
	}
	if len(t.mentions) == 0 {
		return nil
	}
	rules := t.s.mailRules(t.w.Tx())
	connections, err := connectionNames(t.w.Tx())
	if err != nil {
		return err
	}
	for _, match := range sortedKeys(t.mentions) {
		if err := t.askStaff(rules, match); err != nil {
			return err
		}
		if err := t.contactsOf(rules, connections, match); err != nil {
			return err
		}
	}
	clear(t.mentions)
	return nil
}

func connectionNames(tx state.Tx) ([]string, error) {
	names := []string{state.OwnConnection}
	for c, err := range state.Connections.All(tx, state.Range{}) {
		if err != nil {
			return nil, err
		}
		names = append(names, c.Name)
	}
	return names, nil
}

// contactsOf makes the contact records of an address be those that its mail and people's words
// imply: one in each connection in which one of us wrote to it, and one of our own where a person
// said that it is a customer's.
func (t *telling) contactsOf(rules *mailRules, connections []string, match string) error {
	wanted, id, err := contactsWanted(t.w.Tx(), rules, match)
	if err != nil {
		return err
	}
	for _, c := range sortedKeys(wanted) {
		if !slices.Contains(connections, c) {
			connections = append(slices.Clip(connections), c)
		}
	}
	for _, connection := range connections {
		found, err := state.Records.By(t.w.Tx(), "id", state.RecordKey(connection, state.KindContact, match))
		if err != nil {
			return err
		}
		var old *state.Record
		if len(found) > 0 {
			old = found[0]
			if !implied(old) {
				continue // the connection tells it by itself
			}
		}
		if err := t.implyContact(old, connection, match, id, wanted[connection]); err != nil {
			return err
		}
	}
	return nil
}

// implied says whether a contact record follows from mail or a person's word: no run told it.
func implied(r *state.Record) bool {
	return !slices.ContainsFunc(r.Versions, func(v state.Version) bool { return v.Run != 0 })
}

// contactsWanted gives the connections in which an address is to have a contact record, with the
// contact as it would be said.
func contactsWanted(tx state.Tx, rules *mailRules, match string) (map[string]*state.Version, state.Identifier, error) {
	id := emailOf(match)
	verdict, err := mailVerdict(tx, id)
	if err != nil {
		return nil, id, err
	}
	own, err := rules.ours(match)
	if err != nil {
		return nil, id, err
	}
	said := verdict != nil && verdict.Kind == state.VerdictCustomer
	if own || !said && !identity.MayBecome(identity.AddressIdentifier(match)) {
		return nil, id, nil
	}
	connections, err := writtenIn(tx, rules, match)
	if err != nil || len(connections) == 0 && !said {
		return nil, id, err
	}
	shown, name, err := namedInMail(tx, match)
	if err != nil {
		return nil, id, err
	}
	id.Shown = cmp.Or(shown, match)
	wanted := map[string]*state.Version{}
	if said {
		id.Shown = cmp.Or(shown, verdict.Identifier.Shown, match)
		wanted[state.OwnConnection] = contactVersion(id.Shown, cmp.Or(verdict.Text, name))
	}
	for _, c := range connections {
		wanted[c] = contactVersion(id.Shown, name)
	}
	return wanted, id, nil
}

// contactVersion has no time, so that what anybody tells of the person is believed before it.
func contactVersion(address, name string) *state.Version {
	v := &state.Version{Implied: true, Fields: []state.Field{addressField(address)}}
	if name != "" {
		v.Fields = append(v.Fields, state.Field{Name: "name", Values: []state.Value{{Text: name}}})
	}
	v.Hash = contentHash(v)
	return v
}

// addressField is the field of a contact that holds an address of a message.
func addressField(address string) state.Field {
	if id := identity.AddressIdentifier(address); id.Type == state.TypeExternalID {
		return state.Field{Name: "external_id", Values: []state.Value{{Text: address, Label: id.System}}}
	}
	return state.Field{Name: "email", Values: []state.Value{{Text: address}}}
}

// writtenIn gives the connections with a message that one of us wrote to an address.
func writtenIn(tx state.Tx, rules *mailRules, match string) ([]string, error) {
	var out []string
	prefix := state.PeopleWrote(match)
	r := state.PrefixRange("people", prefix)
	for {
		key, err := firstEntry(tx, r)
		if err != nil || key == nil {
			return out, err
		}
		connection, rest := state.KeyText(key[len(prefix):])
		writer, _ := state.KeyText(rest)
		one := state.Join(prefix, state.TextKey(connection))
		own, err := rules.ours(writer)
		if err != nil {
			return nil, err
		}
		if own {
			ignored, err := rules.ignored(connection, match, "")
			if err != nil {
				return nil, err
			}
			if !ignored {
				out = append(out, connection)
			}
			r.From = state.After(one)
			continue
		}
		r.From = state.After(state.Join(one, state.TextKey(writer)))
	}
}

// firstEntry gives the first entry of an index in a range, or nil.
func firstEntry(tx state.Tx, r state.Range) ([]byte, error) {
	r.Limit, r.KeysOnly = 1, true
	for d, err := range tx.Scan(state.Records.Kind, r) {
		return d.Entry, err
	}
	return nil, nil
}

// namedInMail gives how an address is written and what its owner is called: as they last called
// themselves, else as others last called them.
func namedInMail(tx state.Tx, match string) (shown, name string, err error) {
	for _, prefix := range [][]byte{state.PeopleNamed(match), state.PeopleIn(match, false), state.PeopleIn(match, true)} {
		r := state.PrefixRange("people", prefix)
		r.Reverse, r.Limit = true, 1
		list, err := state.Records.List(tx, r)
		if err != nil {
			return "", "", err
		}
		for _, rec := range list {
			if p := mentioned(rec, match); p != nil {
				return p.Address.Shown, p.Name, nil
			}
		}
	}
	return "", "", nil
}

func mentioned(r *state.Record, match string) *state.Mention {
	if r.Mail == nil {
		return nil
	}
	for i := range r.Mail.People {
		if r.Mail.People[i].Address.Match == match {
			return &r.Mail.People[i]
		}
	}
	return nil
}

// implyContact makes one implied contact be what is wanted: there with that version, or not there.
func (t *telling) implyContact(old *state.Record, connection, match string, id state.Identifier, v *state.Version) error {
	switch {
	case v == nil && old == nil:
		return nil
	case v == nil:
		gone := clone(old)
		old.Versions = nil
		return t.put(gone, old)
	case old == nil:
		n, err := state.Records.Next(t.w)
		if err != nil {
			return err
		}
		keyed := state.KeyedEmail
		if id.Type != state.TypeEmail {
			keyed = state.KeyedID
		}
		return t.put(nil, &state.Record{Key: n, Connection: connection, Kind: state.KindContact, ID: match, Keyed: keyed,
			Versions: []state.Version{*v}})
	}
	if now := old.Current(); now != nil && len(old.Versions) == 1 && bytes.Equal(now.Hash, v.Hash) {
		return nil
	}
	before := clone(old)
	old.Versions = []state.Version{*v}
	return t.put(before, old)
}

// messageActivities gives the entries of a message, each ID once, with its text.
func messageActivities(r *state.Record) []state.Activity {
	var out []state.Activity
	for _, e := range identity.MailEntries(r) {
		i := slices.IndexFunc(out, func(a state.Activity) bool { return a.ID == e.Activity.ID })
		switch {
		case i < 0:
			out = append(out, e.Activity)
		case out[i].Folded && !e.Activity.Folded:
			out[i] = e.Activity
		}
	}
	return out
}
