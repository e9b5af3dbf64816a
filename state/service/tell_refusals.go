package service

import (
	"slices"

	"github.com/keptcrm/kept/state"
)

// carryRefusals gives to the version that stands the refusals of another of the same run that does not:
// a run that tells a record twice, with a no and without, told a no. It says whether there were any.
func carryRefusals(other, v *state.Version) bool {
	var carried []state.Said
	for _, said := range other.Consents {
		if said.Address == "" {
			said.Address = other.Text(spokenField(said.Channel))
		}
		c := state.Consent{State: said.State}
		if c.Refuses() && !slices.Contains(v.Consents, said) {
			carried = append(carried, said)
		}
	}
	if len(carried) == 0 {
		return false
	}
	v.Consents = append(carried, v.Consents...)
	v.Hash = contentHash(v)
	return true
}

// spokenField is the field whose first value a statement about a channel is about, where it names none.
func spokenField(channel string) string {
	if channel == channelSMS || channel == channelPhone {
		return "phone"
	}
	return "email"
}
