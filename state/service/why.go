package service

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

// Why prints the evidence: why a customer's records are one, or what speaks for and against two
// being one.
func (s *Service) Why(ctx context.Context, in WhyIn) (WhyOut, error) {
	return view(ctx, s, func(tx state.Tx, _ time.Time) (WhyOut, error) {
		a, baseA, err := s.reading(tx, in.A)
		if err != nil {
			return WhyOut{}, err
		}
		out := WhyOut{A: CustomerRef{Number: state.Customers.Ref(a.Number), Name: a.Name, Kind: a.Kind}}
		customers := []*state.Customer{a}
		if in.B != "" {
			b, baseB, err := s.reading(tx, in.B)
			if err != nil {
				return WhyOut{}, err
			}
			out.B = &CustomerRef{Number: state.Customers.Ref(b.Number), Name: b.Name, Kind: b.Kind}
			out.One = a.Number == b.Number
			if !out.One {
				customers = append(customers, b)
			}
			if out.Pairs, err = s.compare(tx, a, baseA, b, baseB); err != nil {
				return WhyOut{}, err
			}
		}
		for _, c := range customers {
			if err := s.explain(tx, c, &out); err != nil {
				return WhyOut{}, err
			}
		}
		return out, nil
	})
}

func (s *Service) explain(tx state.Tx, c *state.Customer, out *WhyOut) error {
	for _, k := range c.Records {
		r, err := state.Records.Number(tx, k)
		if err != nil {
			return err
		}
		l, err := state.Links.Number(tx, k)
		if err != nil {
			return err
		}
		out.Links = append(out.Links, LinkLine{Record: RecordRef{Connection: r.Connection, Kind: r.Kind, ID: r.ID, Number: state.Records.Ref(k)},
			Says: recordLine(r), Base: state.Customers.Ref(l.Base), By: l.By, Evidence: l.Evidence, At: l.At})
	}
	for _, n := range c.Bases {
		verdicts, err := state.Verdicts.By(tx, "customer", state.NumberKey(n))
		if err != nil {
			return err
		}
		for _, v := range verdicts {
			// A verdict about two customers stands at both.
			if ref := state.Verdicts.Ref(v.Key); !slices.ContainsFunc(out.Words, func(l VerdictLine) bool { return l.Number == ref }) {
				out.Words = append(out.Words, VerdictLine{Number: state.Verdicts.Ref(v.Key), Kind: v.Kind, A: state.Customers.Ref(v.A),
					B: state.Customers.Ref(v.B), By: actorName(tx, v.By), At: v.At, Note: v.Note})
			}
		}
	}
	return nil
}

// recordLine says in a line what tells a record from others: its name and identifiers.
func recordLine(r *state.Record) string {
	v := r.Current()
	if v == nil {
		return ""
	}
	name := v.Text("name")
	if name == "" {
		name = identity.PersonName(v).String()
	}
	if name == "" {
		name = v.Text("company")
	}
	parts := []string{}
	if name != "" {
		parts = append(parts, name)
	}
	for _, id := range r.Identifiers {
		if !id.Former && id.Type != state.TypeExternalID && id.Type != state.TypeCompany {
			parts = append(parts, id.Shown)
		}
	}
	return strings.Join(parts, ", ")
}

// compare gives what speaks for and against two customers, or two halves of one, being one.
func (s *Service) compare(tx state.Tx, a *state.Customer, baseA uint64, b *state.Customer, baseB uint64) ([]state.Evidence, error) {
	recordsOf := func(c *state.Customer, base uint64) ([]*state.Record, error) {
		var out []*state.Record
		for _, k := range c.Records {
			l, err := state.Links.Find(tx, state.NumberKey(k))
			if err != nil {
				return nil, err
			}
			if a.Number == b.Number && baseA != baseB && (l == nil || l.Base != base && !slices.Contains(l.Homes(), base)) {
				continue
			}
			r, err := state.Records.Number(tx, k)
			if err != nil {
				return nil, err
			}
			out = append(out, r)
		}
		return out, nil
	}
	as, err := recordsOf(a, baseA)
	if err != nil {
		return nil, err
	}
	bs, err := recordsOf(b, baseB)
	if err != nil {
		return nil, err
	}
	return identity.Compare(as, bs), nil
}
