package service

import (
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
	"github.com/keptcrm/kept/state/identity/match"
)

// Why prints the evidence: why a customer's records are one, or what speaks for and against two
// being one.
func (s *Service) Why(ctx context.Context, in WhyIn) (WhyOut, error) {
	return view(ctx, s, func(tx state.Tx, now time.Time) (WhyOut, error) {
		a, baseA, err := s.reading(tx, in.A)
		if err != nil {
			return WhyOut{}, err
		}
		out := WhyOut{A: CustomerRef{Number: state.Customers.Ref(a.Number), Name: a.Name, Kind: a.Kind}, Questions: []Question{}}
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
			if err = s.compare(tx, a, baseA, b, baseB, &out); err != nil {
				return WhyOut{}, err
			}
			if out.Questions, err = s.askedOf(tx, a, b, now); err != nil {
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
func (s *Service) compare(tx state.Tx, a *state.Customer, baseA uint64, b *state.Customer, baseB uint64, out *WhyOut) error {
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
		return err
	}
	bs, err := recordsOf(b, baseB)
	if err != nil {
		return err
	}
	out.Pairs = identity.Compare(as, bs)
	return s.weighPair(tx, as, bs, out)
}

// weighPair weighs the two records that are most alike, and puts what their weight is made of
// before what rules say.
func (s *Service) weighPair(tx state.Tx, as, bs []*state.Record, out *WhyOut) error {
	model, err := s.contacts(tx)
	if err != nil {
		return err
	}
	judge := model.Judge()
	var x, y *state.Record
	var best identity.Weight
	for _, a := range as {
		for _, b := range bs {
			if a.Key == b.Key || !isPerson(a) || !isPerson(b) {
				continue
			}
			if w := judge.Weigh(a, b); x == nil || w.Bits > best.Bits {
				x, y, best = a, b, w
			}
		}
	}
	if x == nil {
		return nil
	}
	reasons := judge.Reasons(x, y)
	bits := 0.0
	for _, r := range reasons {
		bits += r.Weight
	}
	bits = math.Round(bits*10) / 10
	ref := func(r *state.Record) RecordRef {
		return RecordRef{Connection: r.Connection, Kind: r.Kind, ID: r.ID, Number: state.Records.Ref(r.Key)}
	}
	out.Weighed = &Weighed{A: ref(x), B: ref(y), Bits: bits, Probability: 1 / (1 + math.Exp2(-bits)), LinksFrom: match.LinkBits,
		AsksFrom: match.AskBits, Verdict: "unlikely"}
	switch {
	case best.Sure:
		out.Weighed.Verdict = "sure"
	case best.Ask:
		out.Weighed.Verdict = "likely"
	}
	// What rules say beside it: identifiers in common, and what nobody has two of.
	for _, e := range out.Pairs {
		known := slices.ContainsFunc(reasons, func(r state.Evidence) bool { return r.Code == e.Code })
		switch e.Code {
		case "same_email", "same_phone", "same_handle", "same_external_id", "two_ids", "two_birthdays", "two_kinds":
			if !known {
				reasons = append(reasons, e)
			}
		}
	}
	out.Pairs = reasons
	return nil
}

func isPerson(r *state.Record) bool {
	v := r.Current()
	return r.Kind == state.KindContact && v != nil && identity.KindOf(v) == state.Person
}

// askedOf gives the questions whether two customers are one.
func (s *Service) askedOf(tx state.Tx, a, b *state.Customer, now time.Time) ([]Question, error) {
	out := []Question{}
	l := newLookup(tx, now)
	seen := map[uint64]bool{}
	for _, n := range a.Bases {
		questions, err := state.Questions.By(tx, "customer", state.NumberKey(n))
		if err != nil {
			return nil, err
		}
		for _, q := range questions {
			other := q.A
			if other == n {
				other = q.B
			}
			if q.Kind != state.QuestionMatch || seen[q.Number] || !slices.Contains(b.Bases, other) {
				continue
			}
			seen[q.Number] = true
			shown, err := l.question(q)
			if err != nil {
				return nil, err
			}
			out = append(out, shown)
		}
	}
	return out, nil
}
