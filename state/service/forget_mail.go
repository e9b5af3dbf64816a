package service

import (
	"maps"
	"slices"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

// This file takes a person out of mail: every message that they are in goes, whoever else is in it.

// messages gathers the messages that an address is in.
func (e *erasure) messages(id state.Identifier) error {
	if !identity.InMessages(id) {
		return nil
	}
	for _, automatic := range []bool{false, true} {
		found, err := state.Records.List(e.tx, state.PrefixRange("people", state.PeopleIn(id.Match, automatic)))
		if err != nil {
			return err
		}
		for _, r := range found {
			e.records[r.Key] = r
		}
	}
	return nil
}

// marks erases who may read what stands in their history.
func (e *erasure) marks() error {
	e.targets = map[string]bool{}
	var gone []*state.Mark
	add := func(target string) error {
		e.targets[target] = true
		m, err := state.Marks.Find(e.w.Tx(), state.TextKey(target))
		if m != nil {
			gone = append(gone, m)
		}
		return err
	}
	for _, k := range slices.Sorted(maps.Keys(e.records)) {
		r := e.records[k]
		if r.Kind != state.KindMessage {
			continue
		}
		for _, a := range messageActivities(r) {
			if err := add(a.ID); err != nil {
				return err
			}
			if a.Thread == "" {
				continue
			}
			if err := add(state.ThreadTarget(r.Connection, a.Thread)); err != nil {
				return err
			}
		}
	}
	for _, n := range e.sortedNumbers() {
		for a, err := range state.Activities.Read(e.w.Tx(), state.CustomerSubject(n), state.Range{}) {
			if err != nil {
				return err
			}
			if err := add(a.ID); err != nil {
				return err
			}
		}
	}
	return drop(e, state.Marks, gone, func(m *state.Mark) []byte { return state.TextKey(m.Target) })
}

// mailDue erases that an address of theirs was to be looked at again.
func (e *erasure) mailDue() error {
	var gone []*state.MailDue
	for _, id := range e.ids {
		if identity.InMessages(id) {
			gone = append(gone, &state.MailDue{Address: id.Match})
		}
	}
	return drop(e, state.MailsDue, gone, func(d *state.MailDue) []byte { return state.TextKey(d.Address) })
}
