package service

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

// Merge says that two customers are one. It changes a verdict and nothing else, sends nothing to
// anybody, and is taken back by [Service.Unmerge].
func (s *Service) Merge(ctx context.Context, in MergeIn) (MergeOut, error) {
	do := func(w *state.Writer) (MergeOut, error) {
		a, _, err := s.customer(w.Tx(), in.A)
		if err != nil {
			return MergeOut{}, err
		}
		b, _, err := s.customer(w.Tx(), in.B)
		if err != nil {
			return MergeOut{}, err
		}
		if a.Number == b.Number {
			shown, err := s.showCustomer(w.Tx(), a)
			return MergeOut{Customer: shown, Was: []string{state.Customers.Ref(a.Number)}}, err
		}
		if a.Kind != b.Kind {
			return MergeOut{}, &state.Error{Class: state.Refused, Code: "merge_two_kinds", Args: state.Args{
				"a": a.Name, "b": b.Name}}
		}
		if err := s.mergeBases(w, a.Number, b.Number, in.Note); err != nil {
			return MergeOut{}, err
		}
		c, err := state.Customers.Number(w.Tx(), a.Number)
		if err != nil {
			return MergeOut{}, err
		}
		shown, err := s.showCustomer(w.Tx(), c)
		return MergeOut{Customer: shown, Was: []string{state.Customers.Ref(a.Number), state.Customers.Ref(b.Number)}, Changed: true}, err
	}
	args := state.Args{"a": in.A, "b": in.B}
	if in.Dry {
		return dry(ctx, s, "customer.merge", args, do)
	}
	return change(ctx, s, "customer.merge", args, do)
}

// errDry rolls a transaction back whose answer is all that was wanted.
type errDry struct{}

func (errDry) Error() string { return "dry run" }

// dry runs a change and takes it back: its answer is exact, and nothing is written.
func dry[Out any](ctx context.Context, s *Service, what string, args state.Args, fn func(*state.Writer) (Out, error)) (Out, error) {
	var out Out
	caller := CallerOf(ctx)
	caller.Request = ""
	_, err := change(WithCaller(ctx, caller), s, what, args, func(w *state.Writer) (struct{}, error) {
		var err error
		if out, err = fn(w); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, errDry{}
	})
	if _, ok := err.(errDry); ok {
		return out, nil
	}
	return *new(Out), err
}

// mergeBases joins customer b into a; the newest word of a person wins, so an earlier "keep
// apart" between them ends.
func (s *Service) mergeBases(w *state.Writer, a, b uint64, note string) error {
	ja, err := join(w.Tx(), a)
	if err != nil {
		return err
	}
	jb, err := join(w.Tx(), b)
	if err != nil {
		return err
	}
	if ja.numbers[0] == jb.numbers[0] {
		return nil
	}
	if err := s.dropVerdicts(w, state.VerdictApart, ja.numbers, jb.numbers); err != nil {
		return err
	}
	if err := s.putVerdict(w, state.VerdictSame, ja.numbers[0], jb.numbers[0], note); err != nil {
		return err
	}
	return s.resolveAgain(w, append(ja.records, jb.records...), append(ja.numbers, jb.numbers...))
}

func (s *Service) putVerdict(w *state.Writer, kind string, a, b uint64, note string) error {
	n, err := state.Verdicts.Next(w)
	if err != nil {
		return err
	}
	return state.Verdicts.Put(w, &state.Verdict{Key: n, Kind: kind, A: a, B: b, By: w.Cause.Actor, At: w.Cause.At, Note: note})
}

// dropVerdicts takes back verdicts of a kind between any of two sets of numbers.
func (s *Service) dropVerdicts(w *state.Writer, kind string, as, bs []uint64) error {
	for _, a := range as {
		verdicts, err := state.Verdicts.By(w.Tx(), "customer", state.NumberKey(a))
		if err != nil {
			return err
		}
		for _, v := range verdicts {
			if v.Kind == kind && (slices.Contains(bs, v.A) && slices.Contains(as, v.B) || slices.Contains(bs, v.B) && slices.Contains(as, v.A)) {
				if _, err := state.Verdicts.Delete(w, state.NumberKey(v.Key)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// resolveAgain groups records anew after a verdict on them changed, and computes the numbers.
func (s *Service) resolveAgain(w *state.Writer, records []*state.Record, numbers []uint64) error {
	t := &telling{s: s, w: w, dirty: map[uint64]bool{}, companies: map[string]bool{}, domains: map[string]bool{}}
	for _, r := range records {
		t.dirty[r.Key] = true
	}
	if err := t.resolve(); err != nil {
		return err
	}
	return s.refresh(w, numbers...)
}

// Unmerge takes a merge back: each half is again what it would be without it, with what came
// since. With Record it parts one record that rules had joined, and keeps it apart.
func (s *Service) Unmerge(ctx context.Context, in UnmergeIn) (UnmergeOut, error) {
	return change(ctx, s, "customer.unmerge", state.Args{"ref": in.Ref}, func(w *state.Writer) (UnmergeOut, error) {
		c, base, err := s.customer(w.Tx(), in.Ref)
		if err != nil {
			return UnmergeOut{}, err
		}
		if in.Record != "" {
			return s.partRecord(w, c, in.Record)
		}
		want := base
		if in.Other != "" {
			if _, want, err = s.customer(w.Tx(), in.Other); err != nil {
				return UnmergeOut{}, err
			}
		}
		v, err := s.mergeVerdict(w.Tx(), c, want)
		if err != nil {
			return UnmergeOut{}, err
		}
		if _, err := state.Verdicts.Delete(w, state.NumberKey(v.Key)); err != nil {
			return UnmergeOut{}, err
		}
		if err := dropCarried(w, v.Key, 0); err != nil {
			return UnmergeOut{}, err
		}
		if err := s.refresh(w, c.Bases...); err != nil {
			return UnmergeOut{}, err
		}
		a, err := s.refOf(w.Tx(), v.A)
		if err != nil {
			return UnmergeOut{}, err
		}
		b, err := s.refOf(w.Tx(), v.B)
		return UnmergeOut{A: a, B: b}, err
	})
}

// mergeVerdict finds the "same" to take back: the last one that joined the half with a number, or
// the last one of all where the survivor was named.
func (s *Service) mergeVerdict(tx state.Tx, c *state.Customer, half uint64) (*state.Verdict, error) {
	var best *state.Verdict
	for _, n := range c.Bases {
		verdicts, err := state.Verdicts.By(tx, "customer", state.NumberKey(n))
		if err != nil {
			return nil, err
		}
		for _, v := range verdicts {
			if v.Kind != state.VerdictSame || half != c.Number && v.A != half && v.B != half {
				continue
			}
			if best == nil || v.B == half && best.B != half || (v.B == half) == (best.B == half) && v.Key > best.Key {
				best = v
			}
		}
	}
	if best == nil {
		return nil, &state.Error{Class: state.Invalid, Code: "not_merged", Args: state.Args{
			"ref": state.Customers.Ref(c.Number), "name": c.Name}}
	}
	return best, nil
}

// partRecord gives one record of a customer a home of its own, and keeps it apart from the rest.
func (s *Service) partRecord(w *state.Writer, c *state.Customer, ref string) (UnmergeOut, error) {
	r, err := s.recordOf(w.Tx(), c, ref)
	if err != nil {
		return UnmergeOut{}, err
	}
	if len(c.Records) < 2 {
		return UnmergeOut{}, &state.Error{Class: state.Invalid, Code: "only_record", Args: state.Args{"ref": state.Customers.Ref(c.Number)}}
	}
	l, err := state.Links.Number(w.Tx(), r.Key)
	if err != nil {
		return UnmergeOut{}, err
	}
	n, err := state.Customers.Next(w)
	if err != nil {
		return UnmergeOut{}, err
	}
	old := l.Home
	l.Home, l.Base, l.By, l.At = n, n, w.Cause.Actor, w.Cause.At
	l.Evidence = []state.Evidence{{Code: "parted_by_person"}}
	if err := state.Links.Put(w, l); err != nil {
		return UnmergeOut{}, err
	}
	homes := map[uint64]bool{old: true}
	for _, b := range c.Bases {
		homes[b] = true
	}
	for _, h := range c.Bases {
		if homes[h] && h != n {
			if err := s.putVerdict(w, state.VerdictApart, h, n, ""); err != nil {
				return UnmergeOut{}, err
			}
			delete(homes, h)
		}
	}
	j, err := join(w.Tx(), c.Number)
	if err != nil {
		return UnmergeOut{}, err
	}
	if err := s.resolveAgain(w, append(j.records, r), append(slices.Clone(c.Bases), n)); err != nil {
		return UnmergeOut{}, err
	}
	a, err := s.refOf(w.Tx(), c.Number)
	if err != nil {
		return UnmergeOut{}, err
	}
	b, err := s.refOf(w.Tx(), n)
	return UnmergeOut{A: a, B: b}, err
}

// recordOf finds a record of a customer: "k55", "shop/381", or an ID that only one has.
func (s *Service) recordOf(tx state.Tx, c *state.Customer, ref string) (*state.Record, error) {
	var found *state.Record
	for _, k := range c.Records {
		r, err := state.Records.Number(tx, k)
		if err != nil {
			return nil, err
		}
		if strings.EqualFold(ref, state.Records.Ref(k)) || ref == r.ID || ref == r.Connection+"/"+r.ID {
			if found != nil {
				return nil, &state.Error{Class: state.Ambiguous, Code: "several_records", Args: state.Args{"ref": ref}}
			}
			found = r
		}
	}
	if found == nil {
		return nil, &state.Error{Class: state.NotFound, Code: "no_such_record", Args: state.Args{"ref": ref}}
	}
	return found, nil
}

// refOf names the customer that a number now is, or the bare number where none is left.
func (s *Service) refOf(tx state.Tx, n uint64) (CustomerRef, error) {
	for range 8 {
		c, err := state.Customers.Find(tx, state.NumberKey(n))
		if err != nil {
			return CustomerRef{}, err
		}
		if c == nil || c.Into == 0 {
			ref := CustomerRef{Number: state.Customers.Ref(n)}
			if c != nil {
				ref.Name, ref.Kind = c.Name, c.Kind
			}
			return ref, nil
		}
		n = c.Into
	}
	return CustomerRef{Number: state.Customers.Ref(n)}, nil
}

// KeepApart says that two customers are two, whatever rules say from now on.
func (s *Service) KeepApart(ctx context.Context, in KeepApartIn) (KeepApartOut, error) {
	return change(ctx, s, "customer.keep-apart", state.Args{"a": in.A, "b": in.B}, func(w *state.Writer) (KeepApartOut, error) {
		_, a, err := s.customer(w.Tx(), in.A)
		if err != nil {
			return KeepApartOut{}, err
		}
		_, b, err := s.customer(w.Tx(), in.B)
		if err != nil {
			return KeepApartOut{}, err
		}
		if a == b {
			return KeepApartOut{}, &state.Error{Class: state.Invalid, Code: "same_customer", Args: state.Args{"ref": state.Customers.Ref(a)}}
		}
		if err := s.keepApartBases(w, a, b, in.Note); err != nil {
			return KeepApartOut{}, err
		}
		x, err := s.refOf(w.Tx(), a)
		if err != nil {
			return KeepApartOut{}, err
		}
		y, err := s.refOf(w.Tx(), b)
		return KeepApartOut{A: x, B: y}, err
	})
}

// keepApartBases puts a word between all homes of two customers. Of two numbers that are one
// customer now, only the two homes themselves are parted.
func (s *Service) keepApartBases(w *state.Writer, a, b uint64, note string) error {
	ja, err := join(w.Tx(), a)
	if err != nil {
		return err
	}
	jb, err := join(w.Tx(), b)
	if err != nil {
		return err
	}
	as, bs := ja.numbers, jb.numbers
	if ja.numbers[0] == jb.numbers[0] {
		if as, err = homesOf(w.Tx(), a); err != nil {
			return err
		}
		if bs, err = homesOf(w.Tx(), b); err != nil {
			return err
		}
		if slices.Contains(as, b) {
			as, bs = []uint64{a}, []uint64{b} // rules alone joined them
		}
	}
	if err := s.dropVerdicts(w, state.VerdictSame, as, bs); err != nil {
		return err
	}
	if err := s.dropVerdicts(w, state.VerdictApart, as, bs); err != nil {
		return err
	}
	for _, x := range as {
		for _, y := range bs {
			if x != y {
				if err := s.putVerdict(w, state.VerdictApart, x, y, note); err != nil {
					return err
				}
			}
		}
	}
	return s.resolveAgain(w, append(ja.records, jb.records...), append(slices.Clone(ja.numbers), jb.numbers...))
}

// homesOf gives the numbers that rules alone make one with a number.
func homesOf(tx state.Tx, n uint64) ([]uint64, error) {
	base, err := natural(tx, n)
	if err != nil {
		return nil, err
	}
	links, err := state.Links.By(tx, "base", state.NumberKey(base))
	if err != nil {
		return nil, err
	}
	out := []uint64{base}
	for _, l := range links {
		if !slices.Contains(out, l.Home) {
			out = append(out, l.Home)
		}
	}
	return out, nil
}

// Why prints the evidence: why a customer's records are one, or what speaks for and against two
// being one.
func (s *Service) Why(ctx context.Context, in WhyIn) (WhyOut, error) {
	return view(ctx, s, func(tx state.Tx, _ time.Time) (WhyOut, error) {
		a, baseA, err := s.customer(tx, in.A)
		if err != nil {
			return WhyOut{}, err
		}
		out := WhyOut{A: CustomerRef{Number: state.Customers.Ref(a.Number), Name: a.Name, Kind: a.Kind}}
		customers := []*state.Customer{a}
		if in.B != "" {
			b, baseB, err := s.customer(tx, in.B)
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
	seen := map[uint64]bool{}
	for _, n := range c.Bases {
		verdicts, err := state.Verdicts.By(tx, "customer", state.NumberKey(n))
		if err != nil {
			return err
		}
		for _, v := range verdicts {
			if !seen[v.Key] {
				seen[v.Key] = true
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
			if a.Number == b.Number && baseA != baseB && (l == nil || l.Home != base && l.Base != base) {
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
