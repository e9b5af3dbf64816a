package service

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
)

// Forgotten is one person who was forgotten, as shown.
type Forgotten struct {
	Number   string           `json:"number"`   // "f3"
	Customer string           `json:"customer"` // the number that was theirs
	At       time.Time        `json:"at"`
	By       string           `json:"by"`
	Erased   map[string]int64 `json:"erased"`
	Markers  int              `json:"markers"` // that keep them away
	Lifted   time.Time        `json:"lifted,omitzero"`
	LiftedBy string           `json:"lifted_by,omitempty"`
}

// ForgottenListIn asks for who was forgotten.
type ForgottenListIn struct{}

// ForgottenListOut has them, newest first.
type ForgottenListOut struct {
	Forgotten []Forgotten `json:"forgotten"`
}

// ForgottenLiftIn names somebody who may come back: by an address or an id that they had, or by the
// number of the forgetting (f3).
type ForgottenLiftIn struct {
	Ref string `json:"ref"`
}

// ForgottenLiftOut has the forgettings that were lifted.
type ForgottenLiftOut struct {
	Forgotten []Forgotten `json:"forgotten"`
}

// ForgottenList gives who was forgotten, newest first: numbers and counts, nobody's name.
func (s *Service) ForgottenList(ctx context.Context, _ ForgottenListIn) (ForgottenListOut, error) {
	return view(ctx, s, func(tx state.Tx, _ time.Time) (ForgottenListOut, error) {
		out := ForgottenListOut{Forgotten: []Forgotten{}}
		l := newLookup(tx, noTime)
		for f, err := range state.Forgettings.All(tx, state.Range{Reverse: true}) {
			if err != nil {
				return out, err
			}
			shown, err := l.forgotten(f)
			if err != nil {
				return out, err
			}
			out.Forgotten = append(out.Forgotten, shown)
		}
		return out, nil
	})
}

func (l *lookup) forgotten(f *state.Forgetting) (Forgotten, error) {
	markers, err := state.Markers.By(l.tx, "forgotten", state.NumberKey(f.Number))
	n := 0
	for _, m := range markers {
		if m.Kind != state.MarkerRefusal {
			n++
		}
	}
	erased := map[string]int64{}
	for _, e := range f.Erased {
		erased[e.Collection] = e.Documents
	}
	return Forgotten{Number: state.Forgettings.Ref(f.Number), Customer: state.Customers.Ref(f.Customer), At: f.At,
		By: l.name(f.By), Erased: erased, Markers: n, Lifted: f.Lifted, LiftedBy: l.name(f.LiftedBy)}, err
}

// ForgottenLift lets somebody who was forgotten come back: what is told of them from now on is kept
// again. What was erased is gone, and their refusals of contact hold until they are taken back.
func (s *Service) ForgottenLift(ctx context.Context, in ForgottenLiftIn) (ForgottenLiftOut, error) {
	args := state.Args{}
	return change(ctx, s, "customer.forgotten.lift", args, func(w *state.Writer) (ForgottenLiftOut, error) {
		out := ForgottenLiftOut{Forgotten: []Forgotten{}}
		numbers, err := s.forgettingsOf(w.Tx(), in.Ref)
		if err != nil {
			return out, err
		}
		if len(numbers) == 0 {
			return out, &state.Error{Class: state.NotFound, Code: "not_forgotten", Args: state.Args{"ref": in.Ref}}
		}
		l := newLookup(w.Tx(), noTime)
		var refs []string
		for _, n := range numbers {
			f, err := state.Forgettings.Number(w.Tx(), n)
			if err != nil {
				return out, err
			}
			markers, err := state.Markers.By(w.Tx(), "forgotten", state.NumberKey(n))
			if err != nil {
				return out, err
			}
			for _, m := range markers {
				if m.Kind == state.MarkerRefusal {
					continue
				}
				if _, err := state.Markers.Delete(w, state.MarkerKey(m)); err != nil {
					return out, err
				}
			}
			f.Lifted, f.LiftedBy = w.Cause.At, w.Cause.Actor
			if err := state.Forgettings.Put(w, f); err != nil {
				return out, err
			}
			shown, err := l.forgotten(f)
			if err != nil {
				return out, err
			}
			out.Forgotten = append(out.Forgotten, shown)
			refs = append(refs, shown.Number)
		}
		args["forgotten"] = strings.Join(refs, " ")
		return out, nil
	})
}

// forgettingsOf finds the forgettings that a number or an address means.
func (s *Service) forgettingsOf(tx state.Tx, ref string) ([]uint64, error) {
	ref = strings.TrimSpace(ref)
	if n, ok := state.Forgettings.ParseRef(ref); ok {
		f, err := state.Forgettings.Find(tx, state.NumberKey(n))
		if err != nil || f != nil {
			return []uint64{n}, err
		}
	}
	m, err := marksOf(tx)
	if err != nil || m.secret == nil {
		return nil, err
	}
	var out []uint64
	for _, id := range s.identifiers(ref) {
		f, err := m.find(m.identifier(id))
		if err != nil {
			return nil, err
		}
		if f != nil && !slices.Contains(out, f.Forgetting) {
			out = append(out, f.Forgetting)
		}
	}
	return out, nil
}
