package service

import (
	"slices"

	"github.com/keptcrm/kept/state"
)

// closeActivity leaves of an entry what its reader may see; see [lookup.visible].
func (l *lookup) closeActivity(a *state.Activity) error {
	seen, err := l.visible(a)
	if err != nil || seen.open {
		return err
	}
	a.Body, a.Files = "", nil
	if a.Kind != state.ActivityMessage {
		a.Title = ""
	}
	return nil
}

// closeRecord leaves of a message's record what its reader may see, in all its versions; the record
// is the caller's own copy.
func (l *lookup) closeRecord(r *state.Record) error {
	if r.Kind != state.KindMessage {
		return nil
	}
	open := false
	for _, a := range messageActivities(r) {
		seen, err := l.visible(&a)
		if err != nil {
			return err
		}
		open = open || seen.open
	}
	if open {
		return nil
	}
	r.Versions = slices.Clone(r.Versions)
	for i := range r.Versions {
		if m := r.Versions[i].Message; m != nil {
			c := *m
			c.Text, c.Quoted, c.Signature, c.Attachments = "", "", "", nil
			r.Versions[i].Message = &c
		}
	}
	return nil
}
