package service

import (
	"slices"

	"github.com/keptcrm/kept/state"
)

// carryRefusals keeps the refusals of the version that a later one of the same run takes the place of:
// a run that tells a record twice, with a no and without, told a no.
func carryRefusals(before, v *state.Version) {
	var carried []state.Said
	for _, said := range before.Consents {
		if said.Address == "" {
			said.Address = before.Text(spokenField(said.Channel))
		}
		c := state.Consent{State: said.State}
		if c.Refuses() && !slices.Contains(v.Consents, said) {
			carried = append(carried, said)
		}
	}
	if len(carried) > 0 {
		v.Consents = append(carried, v.Consents...)
		v.Hash = contentHash(v)
	}
}

// spokenField is the field whose first value a statement about a channel is about, where it names none.
func spokenField(channel string) string {
	if channel == channelSMS || channel == channelPhone {
		return "phone"
	}
	return "email"
}
