package service

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/keptcrm/kept/state"
)

// Fresh gives those of told that say anything new, so that reading a system again that has not
// changed costs no commit; the rest is believed already, to the word.
func (s *Service) Fresh(ctx context.Context, told []Told) ([]Told, error) {
	return view(ctx, s, func(tx state.Tx, _ time.Time) ([]Told, error) {
		var out []Told
		for i := range told {
			t := &told[i]
			if !t.hashed {
				t.Version.Hash, t.hashed = contentHash(&t.Version), true
			}
			found, err := state.Records.By(tx, "id", state.RecordKey(t.Connection, t.Kind, t.ID))
			if err != nil {
				return nil, err
			}
			if len(found) == 0 {
				if !t.Version.Gone {
					out = append(out, *t)
				}
				continue
			}
			r := found[0]
			last := r.Last(t.Version.Implied)
			b := r.Believed()
			switch {
			case t.Version.Gone && (last == nil || last.Gone):
			case !t.Version.Gone && b != nil && b == last && sameVersion(b, &t.Version) && (t.Version.Version == "" || t.Version.Version == b.Version):
			default:
				out = append(out, *t)
			}
		}
		return out, nil
	})
}

// renew keeps a system's own version of a record whose content is what we believe: it changed there
// in what we do not read, and the next write must name it.
func (t *telling) renew(r *state.Record, v *state.Version) error {
	b := r.Believed()
	if t.run.Kind != RunSync || v.Version == "" || v.Version == b.Version {
		return nil
	}
	b.Version, b.Modified = v.Version, v.Modified
	return state.Records.Put(t.w, r)
}

// LinkPushed makes a record that was written for a customer theirs, also where no rule would: we
// know who it is, since we made it of them.
func (s *Service) LinkPushed(w *state.Writer, customer, record uint64) error {
	l, err := state.Links.Find(w.Tx(), state.NumberKey(record))
	if err != nil || l == nil {
		return err
	}
	return s.mergeBases(w, customer, l.Base, "")
}

// HandValues gives what people set on a customer, as the fields of a record, and which elements of
// lists they took away.
func (s *Service) HandValues(tx state.Tx, c *state.Customer) (set []state.Field, removed []state.Field, err error) {
	for _, b := range bases(c) {
		settings, err := state.Settings.List(tx, state.PrefixRange("", state.NumberKey(b)))
		if err != nil {
			return nil, nil, err
		}
		for _, x := range settings {
			if slices.Contains(ownFields, x.Field) {
				continue
			}
			values := x.Values
			if len(values) == 0 && x.Element != "" {
				values = []state.Value{{Text: x.Element}}
			}
			into := &set
			if x.Removed {
				into = &removed
			}
			*into = addValues(*into, x.Field, values)
		}
	}
	return set, removed, nil
}

// ownFields are set by people and held by no other system.
var ownFields = []string{"kind", "stage", "owner", "grade", "country"}

func addValues(fields []state.Field, name string, values []state.Value) []state.Field {
	i, ok := slices.BinarySearchFunc(fields, name, func(f state.Field, name string) int { return cmp.Compare(f.Name, name) })
	if !ok {
		fields = slices.Insert(fields, i, state.Field{Name: name})
	}
	fields[i].Values = append(fields[i].Values, values...)
	return fields
}

// TakeBackHand takes back what people set on a customer, since a later word overtook it: of a list
// one element, else (nil) the field.
func (s *Service) TakeBackHand(w *state.Writer, c *state.Customer, field string, element *state.Value) error {
	for _, b := range bases(c) {
		settings, err := state.Settings.List(w.Tx(), state.PrefixRange("", state.Join(state.NumberKey(b), state.TextKey(field))))
		if err != nil {
			return err
		}
		for _, x := range settings {
			if element != nil && x.Element != element.Text && (len(x.Values) == 0 || x.Values[0].Text != element.Text) {
				continue
			}
			if _, err := state.Settings.Delete(w, state.Join(state.NumberKey(x.Base), state.TextKey(x.Field), state.TextKey(x.Element))); err != nil {
				return err
			}
		}
	}
	return s.refresh(w, c.Number)
}

// Survivor gives the customer that a number is part of now; nil where nothing is left.
func (s *Service) Survivor(tx state.Tx, number uint64) (*state.Customer, error) {
	return newLookup(tx, noTime).survivor(number)
}

// RunSync is the kind of runs that bring a connection in step.
const RunSync = "sync"
