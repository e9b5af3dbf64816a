package statetest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keptcrm/kept/state"
)

// Reopener is a store whose state outlives it: Reopen closes it and opens the same state again.
// The model test uses it where a driver's tests offer it.
type Reopener interface {
	Reopen() (state.Store, error)
}

// plain is the model: what a store holds, in maps.
type plain struct {
	people map[uint64]Person
	revs   map[uint64]int64
	events map[string]map[int64]string
	blobs  map[string]string
	drawn  map[string]uint64
}

func (p plain) clone() plain {
	c := plain{maps.Clone(p.people), maps.Clone(p.revs), map[string]map[int64]string{}, maps.Clone(p.blobs), maps.Clone(p.drawn)}
	for k, v := range p.events {
		c.events[k] = maps.Clone(v)
	}
	return c
}

// holder gives another person who has one of the addresses.
func (p plain) holder(x Person) bool {
	for n, other := range p.people {
		if n != x.Number && slices.ContainsFunc(x.Mails, func(m string) bool { return slices.Contains(other.Mails, m) }) {
			return true
		}
	}
	return false
}

// Model runs random transactions on a store and on plain maps, and compares everything after each.
func Model(t *testing.T, open func(*testing.T) state.Store) {
	rapid.Check(t, func(rt *rapid.T) {
		s := open(t)
		defer func() { _ = s.Close() }()
		now := plain{map[uint64]Person{}, map[uint64]int64{}, map[string]map[int64]string{}, map[string]string{}, map[string]uint64{}}
		for range rapid.IntRange(1, 12).Draw(rt, "transactions") {
			ops := rapid.SliceOfN(rapid.Custom(drawOp), 0, 12).Draw(rt, "ops")
			keep := rapid.IntRange(0, 3).Draw(rt, "commit") > 0
			var next plain
			err := s.Update(context.Background(), func(tx state.Tx) error {
				next = now.clone()
				for _, o := range ops {
					if err := o.run(tx, &next); err != nil {
						return fmt.Errorf("%+v: %w", o, err)
					}
				}
				if err := compare(tx, next); err != nil {
					return fmt.Errorf("inside the transaction: %w", err)
				}
				if !keep {
					return errChangedMind
				}
				return nil
			})
			switch {
			case keep && err == nil:
				now = next
			case !keep && errors.Is(err, errChangedMind):
			default:
				rt.Fatalf("%v", err)
			}
			if r, ok := s.(Reopener); ok && rapid.IntRange(0, 7).Draw(rt, "reopen") == 0 {
				if s, err = r.Reopen(); err != nil {
					rt.Fatalf("reopening: %v", err)
				}
			}
			if err := s.View(context.Background(), func(tx state.Tx) error { return compare(tx, now) }); err != nil {
				rt.Fatalf("after the transaction: %v", err)
			}
			if c, ok := s.(state.Checker); ok {
				if err := c.CheckStorage(context.Background(), Kinds(), false, func(d state.Damage) {
					rt.Errorf("the state is damaged: %+v", d)
				}); err != nil {
					rt.Fatalf("checking: %v", err)
				}
			}
		}
	})
}

// op is one random operation.
type op struct {
	kind   int
	person Person
	expect int64
	name   string
	at     int64
}

func drawOp(t *rapid.T) op {
	few := []string{"", "a", "a\x00", "b", "ab", "\x00\x01", "\xff"}
	return op{
		kind: rapid.IntRange(0, 6).Draw(t, "kind"),
		person: Person{
			Number: rapid.Uint64Range(1, 30).Draw(t, "number"),
			Name:   rapid.SampledFrom(few).Draw(t, "name"),
			Mails:  rapid.SliceOfNDistinct(rapid.SampledFrom(few), 0, 2, rapid.ID).Draw(t, "mails"),
			Age:    rapid.IntRange(-1, 4).Draw(t, "age"),
		},
		expect: rapid.SampledFrom([]int64{state.AnyRevision, state.AnyRevision, 0, 1, 2}).Draw(t, "expect"),
		name:   rapid.SampledFrom(few).Draw(t, "subject"),
		at:     rapid.Int64Range(-3, 3).Draw(t, "at"),
	}
}

func (o op) run(tx state.Tx, m *plain) error {
	n := o.person.Number
	switch o.kind {
	case 0, 1, 2:
		rev, err := tx.Put(people.Kind, state.NumberKey(n), &o.person, o.expect)
		switch {
		case o.expect != state.AnyRevision && o.expect != m.revs[n]:
			return expectCode(err, "changed_meanwhile")
		case m.holder(o.person):
			return expectCode(err, "taken")
		case err != nil:
			return err
		}
		m.people[n] = o.person
		m.revs[n]++
		if rev != m.revs[n] {
			return fmt.Errorf("revision %d, not %d", rev, m.revs[n])
		}
	case 3:
		had, err := tx.Delete(people.Kind, state.NumberKey(n))
		if _, wanted := m.people[n]; err == nil && had != wanted {
			return fmt.Errorf("Delete said %v", had)
		}
		delete(m.people, n)
		delete(m.revs, n)
		return err
	case 4:
		if o.expect == 0 {
			had, err := tx.Remove(events, []byte(o.name), state.TimeKey(time.Unix(o.at, 0)))
			if _, wanted := m.events[o.name][o.at]; err == nil && had != wanted {
				return fmt.Errorf("Remove said %v", had)
			}
			delete(m.events[o.name], o.at)
			return err
		}
		if m.events[o.name] == nil {
			m.events[o.name] = map[int64]string{}
		}
		m.events[o.name][o.at] = o.person.Name
		return appendEvent(tx, o.name, event(o.at, o.person.Name))
	case 5:
		name := "x" + o.name
		if o.expect == 0 {
			delete(m.blobs, name)
			return tx.PutBlob(name, nil)
		}
		m.blobs[name] = o.person.Name
		return tx.PutBlob(name, []byte(o.person.Name))
	case 6:
		got, err := tx.Next("x" + o.name)
		m.drawn["x"+o.name]++
		if err == nil && got != m.drawn["x"+o.name] {
			return fmt.Errorf("drew %d, not %d", got, m.drawn["x"+o.name])
		}
		return err
	}
	return nil
}

func expectCode(err error, code string) error {
	if !state.IsCode(err, code) {
		return fmt.Errorf("expected %s, got: %w", code, cmp.Or(err, errors.New("nothing")))
	}
	return nil
}

// compare reads everything that a store has and compares it with the model.
func compare(tx state.Tx, m plain) error {
	found := map[uint64]Person{}
	revs := map[uint64]int64{}
	for d, err := range tx.Scan(people.Kind, state.Range{}) {
		if err != nil {
			return err
		}
		p := d.Value.(*Person)
		found[p.Number], revs[p.Number] = *p, d.Rev
	}
	wanted := map[uint64]Person{}
	for n, p := range m.people {
		if len(p.Mails) == 0 {
			p.Mails = nil // an empty list is stored as none
		}
		wanted[n] = p
	}
	if d := gocmp.Diff(wanted, found); d != "" {
		return fmt.Errorf("documents (-want +got):\n%s", d)
	}
	if d := gocmp.Diff(m.revs, revs); d != "" {
		return fmt.Errorf("revisions (-want +got):\n%s", d)
	}
	for _, x := range people.Kind.Indexes {
		if err := compareIndex(tx, m, x.Name); err != nil {
			return fmt.Errorf("index %s: %w", x.Name, err)
		}
	}
	for subject, wanted := range m.events {
		got := map[int64]string{}
		for d, err := range tx.Read(events, []byte(subject), state.Range{}) {
			if err != nil {
				return err
			}
			e := d.Value.(*Event)
			got[e.At.Unix()] = e.Text
		}
		if d := gocmp.Diff(wanted, got); d != "" {
			return fmt.Errorf("history of %q (-want +got):\n%s", subject, d)
		}
	}
	got := map[string]string{}
	for b, err := range tx.Blobs("") {
		if err != nil {
			return err
		}
		got[b.Name] = string(b.Data)
	}
	if d := gocmp.Diff(m.blobs, got); d != "" {
		return fmt.Errorf("blobs (-want +got):\n%s", d)
	}
	return nil
}

type indexEntry struct {
	entry  string
	number uint64
}

func compareIndex(tx state.Tx, m plain, name string) error {
	i, err := people.Kind.IndexOf(name)
	if err != nil {
		return err
	}
	var wanted []indexEntry
	for n, p := range m.people {
		for _, e := range people.Kind.Entries(i, &p) {
			wanted = append(wanted, indexEntry{string(e), n})
		}
	}
	slices.SortFunc(wanted, func(a, b indexEntry) int {
		return cmp.Or(cmp.Compare(a.entry, b.entry), cmp.Compare(a.number, b.number))
	})
	for _, reverse := range []bool{false, true} {
		var got []indexEntry
		for d, err := range tx.Scan(people.Kind, state.Range{Index: name, Reverse: reverse}) {
			if err != nil {
				return err
			}
			p := d.Value.(*Person)
			if !bytes.Equal(d.Key, state.NumberKey(p.Number)) {
				return fmt.Errorf("key %x with %+v", d.Key, p)
			}
			got = append(got, indexEntry{string(d.Entry), p.Number})
		}
		if reverse {
			slices.Reverse(got)
		}
		if !slices.Equal(wanted, got) {
			return fmt.Errorf("reverse %v: %v, not %v", reverse, got, wanted)
		}
	}
	return nil
}
