package service

import (
	"reflect"
	"slices"
	"strings"

	"github.com/keptcrm/kept/state"
)

// Views still tell what people set by hand where the settings themselves are lost: a view that was
// good until then differs from what is computed now by just those.

// handed are settings that are not fields of records.
var handed = []struct {
	field string
	get   func(*state.Customer) string
}{
	{"owner", func(c *state.Customer) string { return c.Owner }},
	{"grade", func(c *state.Customer) string { return c.Grade }},
	{"stage", func(c *state.Customer) string { return c.Stage }},
	{"kind", func(c *state.Customer) string { return c.Kind }},
}

// resettle writes the settings again that views tell. Of a customer that several were merged into
// nobody can tell any more on whom a value was set: then sure is false.
func (s *Service) resettle(w *state.Writer) (sure bool, err error) {
	tx := w.Tx()
	sure = true
	var found []*state.Setting
	for c, err := range state.Customers.All(tx, state.Range{Index: "live"}) {
		if err != nil {
			return false, err
		}
		j, err := join(tx, c.Number)
		if err != nil {
			return false, err
		}
		now, err := compute(tx, j, c.Created)
		if err != nil {
			return false, err
		}
		if now == nil {
			now = &state.Customer{}
		}
		mine := differences(c, now)
		if len(mine) > 0 && len(j.numbers) > 1 {
			sure = false
		}
		found = append(found, mine...)
	}
	for _, set := range found {
		if set.By == "" {
			set.By, set.At = w.Cause.Actor, w.Cause.At
		}
		old, err := state.Settings.Find(tx, settingKey(set.Base, set.Field, set.Element))
		if err == nil && old == nil {
			err = state.Settings.Put(w, set)
		}
		if err != nil {
			return false, err
		}
	}
	return sure, nil
}

// differences are the settings that make of what is computed now what a view told.
func differences(was, now *state.Customer) (out []*state.Setting) {
	add := func(set state.Setting) {
		set.Base = was.Number
		out = append(out, &set)
	}
	for _, h := range handed {
		if v := h.get(was); v != h.get(now) && v != "" {
			add(state.Setting{Field: h.field, Values: []state.Value{{Text: v}}})
		}
	}
	for _, tag := range was.Tags {
		if !slices.Contains(now.Tags, tag) {
			add(state.Setting{Field: "tag", Element: tag})
		}
	}
	for _, tag := range now.Tags {
		if !slices.Contains(was.Tags, tag) {
			add(state.Setting{Field: "tag", Element: tag, Removed: true})
		}
	}
	for _, f := range was.Fields {
		if f.ByHand == "" || reflect.DeepEqual(f.Values, now.Get(f.Name)) {
			continue
		}
		if f.Name != state.TypeEmail && f.Name != state.TypePhone {
			add(state.Setting{Field: f.Name, Values: f.Values, By: f.ByHand, At: f.At})
			continue
		}
		for _, v := range f.Values {
			if !slices.ContainsFunc(now.Get(f.Name), func(x state.Value) bool { return strings.EqualFold(x.Text, v.Text) }) {
				add(state.Setting{Field: f.Name, Element: v.Text, Values: []state.Value{v}, By: f.ByHand, At: f.At})
			}
		}
	}
	for _, f := range now.Fields {
		if !slices.ContainsFunc(was.Fields, func(x state.Believed) bool { return x.Name == f.Name }) {
			add(state.Setting{Field: f.Name, Removed: true})
		}
	}
	return out
}
