package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

func (w *simulation) silent(s *remote) bool {
	i := slices.IndexFunc(w.conns, func(c Connection) bool { return c.Name == s.name })
	return w.conns[i].Mode == service.ModePush
}

// agree checks that all systems say the same of everybody, as far as each can hold it.
func (w *simulation) agree() {
	for person := range 2 {
		for _, field := range []string{"given", "family", "company", "title", "note"} {
			for i, s := range w.remotes {
				for _, t := range w.remotes[:i] {
					a, b, f, g := s.live(person), t.live(person), s.field(field), t.field(field)
					if a == nil || b == nil || f == nil || g == nil || !f.Write || !g.Write || w.silent(s) || w.silent(t) {
						continue
					}
					if !s.same(field, a.fields[field], t, b.fields[field]) {
						w.fail("%s: %s says %q, %s says %q", field, a.id, a.fields[field], b.id, b.fields[field])
					}
				}
			}
		}
		for _, field := range []string{"email", "phone", "tag"} {
			w.agreeList(person, field)
		}
		w.agreeConsent(person)
	}
}

func (w *simulation) agreeList(person int, field string) {
	var whole []string
	var by *contact
	for pass := range 2 {
		for _, s := range w.remotes {
			c, f := s.live(person), s.field(field)
			if c == nil || f == nil || w.silent(s) || (f.Many > 0) != (pass == 1) {
				continue
			}
			keys := slices.DeleteFunc(keysOf(field, c.fields[field]), isMark)
			switch {
			case pass == 0 && by == nil:
				whole, by = keys, c
			case pass == 0 && !slices.Equal(keys, whole):
				w.fail("%s: %s says %q, %s says %q", field, c.id, keys, by.id, whole)
			case pass == 1 && by != nil && slices.ContainsFunc(keys, func(k string) bool { return !slices.Contains(whole, k) }):
				w.fail("%s: %s says %q, which %s does not: %q", field, c.id, keys, by.id, whole)
			}
		}
	}
}

// wasRead says whether an opt-out was read before its contact was deleted: one that came and went
// between two runs, nobody could know of.
func (w *simulation) wasRead(e simEdit) bool {
	read := false
	err := w.svc.Look(context.Background(), func(tx state.Tx, _ time.Time) error {
		found, err := state.Records.By(tx, "id", state.RecordKey(e.remote.name, string(connectors.Contact), e.id))
		for _, r := range found {
			for _, v := range r.Versions {
				read = read || slices.ContainsFunc(v.Consents, func(c state.Said) bool { return c.State == state.ConsentOptedOut })
			}
		}
		return err
	})
	if err != nil {
		w.fail("what %s told: %v", e.id, err)
	}
	return read
}

func (w *simulation) agreeConsent(person int) {
	out := slices.ContainsFunc(w.edits, func(e simEdit) bool {
		return e.field == "opt-out" && e.person == person && e.remote.live(person) != nil && (!e.remote.contacts[e.id].gone || w.wasRead(e))
	})
	if !out && !w.optouts.out[person] {
		return
	}
	for _, s := range w.remotes {
		c := s.live(person)
		if c == nil || s.field("consent") == nil {
			continue
		}
		if !slices.ContainsFunc(c.said, func(x connectors.Consent) bool { return x.State == connectors.OptedOut }) {
			w.fail("%s says %v of somebody who opted out", c.id, c.said)
		}
	}
}

// nothingLost checks the edits of one quiet time to the next: what one system's people changed and
// nobody else did is everywhere.
func (w *simulation) nothingLost(edits []simEdit) {
	for person := range 2 {
		var of []simEdit
		deleted, spread := false, false
		for _, e := range edits {
			if e.person != person {
				continue
			}
			of = append(of, e)
			if e.field == "" {
				deleted = true
				i := slices.IndexFunc(w.conns, func(c Connection) bool { return c.Name == e.remote.name })
				spread = spread || w.conns[i].Deletes
			}
		}
		if !spread {
			for _, s := range w.remotes {
				if s.deleted[fmt.Sprint(person)] > 0 && !w.everDeleted(person) {
					w.fail("%s was told to delete person %d, whom nobody deleted", s.name, person)
				}
			}
		}
		if deleted {
			continue
		}
		for _, field := range []string{"family", "company", "title", "note"} {
			var last *simEdit
			alone := true
			for i := range of {
				if of[i].field == field {
					// Who enters somebody anew contradicts, without knowing, what the others agreed on.
					alone = alone && (last == nil || last.remote == of[i].remote) && !slices.ContainsFunc(of, func(e simEdit) bool {
						return e.signUp && e.remote == of[i].remote
					})
					last = &of[i]
				}
			}
			if last == nil || !alone || w.silent(last.remote) || !last.remote.field(field).Write {
				continue
			}
			for _, s := range w.remotes {
				c, f := s.live(person), s.field(field)
				if c == nil || f == nil || !f.Write {
					continue
				}
				if !s.same(field, c.fields[field], last.remote, last.vals) {
					w.fail("%s: the last edit was %q at %s; %s says %q", field, last.vals, last.remote.name, c.id, c.fields[field])
				}
			}
		}
		for _, field := range []string{"email", "phone", "tag"} {
			w.elementsKept(person, field, of)
		}
	}
}

func (w *simulation) everDeleted(person int) bool {
	return slices.ContainsFunc(w.edits, func(e simEdit) bool { return e.person == person && e.field == "" })
}

func (w *simulation) elementsKept(person int, field string, edits []simEdit) {
	added, off := map[string]string{}, map[string]string{}
	for _, e := range edits {
		if e.field != field {
			continue
		}
		e.added, e.off = slices.DeleteFunc(slices.Clone(e.added), isMark), slices.DeleteFunc(slices.Clone(e.off), isMark)
		for _, k := range e.added {
			added[k] = e.remote.name
			if w.silent(e.remote) {
				off[k], added[k] = "", ""
			}
		}
		for _, k := range e.off {
			off[k] = e.remote.name
			if w.silent(e.remote) {
				off[k], added[k] = "", ""
			}
		}
	}
	for _, s := range w.remotes {
		c, f := s.live(person), s.field(field)
		if c == nil || f == nil {
			continue
		}
		keys := keysOf(field, c.fields[field])
		for k, by := range added {
			if _, gone := off[k]; !gone && f.Many == 0 && !slices.Contains(keys, k) {
				w.fail("%s: %s was added at %s, and %s says %q", field, k, by, c.id, keys)
			}
		}
		for k, by := range off {
			if _, again := added[k]; !again && slices.Contains(keys, k) {
				w.fail("%s: %s was taken away at %s, and %s says %q", field, k, by, c.id, keys)
			}
		}
	}
}
