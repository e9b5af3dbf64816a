package service

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/keptcrm/kept/state"
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
		if err := s.veil(w.Tx(), caller, w.Cause.At, &out); err != nil {
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
// apart" between them is outweighed as long as this one stands.
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
	apart, err := between(w.Tx(), state.VerdictApart, ja.numbers, jb.numbers)
	if err != nil {
		return err
	}
	if err := s.putVerdict(w, &state.Verdict{Kind: state.VerdictSame, A: ja.numbers[0], B: jb.numbers[0], Note: note, Over: apart}); err != nil {
		return err
	}
	return s.resolveAgain(w, append(ja.records, jb.records...), append(ja.numbers, jb.numbers...))
}

func (s *Service) putVerdict(w *state.Writer, v *state.Verdict) error {
	n, err := state.Verdicts.Next(w)
	if err != nil {
		return err
	}
	v.Key, v.By, v.At = n, w.Cause.Actor, w.Cause.At
	return state.Verdicts.Put(w, v)
}

// between gives the verdicts of a kind between any of two sets of numbers.
func between(tx state.Tx, kind string, as, bs []uint64) ([]uint64, error) {
	var out []uint64
	for _, a := range as {
		verdicts, err := state.Verdicts.By(tx, "customer", state.NumberKey(a))
		if err != nil {
			return nil, err
		}
		for _, v := range verdicts {
			if v.Kind == kind && (v.A == a && slices.Contains(bs, v.B) || v.B == a && slices.Contains(bs, v.A)) && !slices.Contains(out, v.Key) {
				out = append(out, v.Key)
			}
		}
	}
	return out, nil
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
		j, err := join(w.Tx(), v.A)
		if err != nil {
			return UnmergeOut{}, err
		}
		other, err := join(w.Tx(), v.B)
		if err != nil {
			return UnmergeOut{}, err
		}
		if err := s.resolveAgain(w, append(j.records, other.records...), c.Bases); err != nil {
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
	words, err := verdictsOn(tx, c.Bases)
	if err != nil {
		return nil, err
	}
	base, err := natural(tx, half)
	if err != nil {
		return nil, err
	}
	var best *state.Verdict
	absorbs := false // whether best made the half part of another
	for _, v := range words {
		a, err := natural(tx, v.A)
		if err != nil {
			return nil, err
		}
		b, err := natural(tx, v.B)
		if err != nil {
			return nil, err
		}
		if v.Kind != state.VerdictSame || half != c.Number && a != base && b != base {
			continue
		}
		if best == nil || b == base || !absorbs {
			best, absorbs = v, b == base // words come oldest first
		}
	}
	if best == nil {
		return nil, &state.Error{Class: state.Invalid, Code: "not_merged", Args: state.Args{
			"ref": state.Customers.Ref(c.Number), "name": c.Name}}
	}
	return best, nil
}

// partRecord gives one record of a customer a number of its own, and keeps it apart from those
// that rules had joined it with. What people entered stays with these.
func (s *Service) partRecord(w *state.Writer, c *state.Customer, ref string) (UnmergeOut, error) {
	r, err := s.recordOf(w.Tx(), c, ref)
	if err != nil {
		return UnmergeOut{}, err
	}
	l, err := state.Links.Number(w.Tx(), r.Key)
	if err != nil {
		return UnmergeOut{}, err
	}
	links, err := state.Links.By(w.Tx(), "base", state.NumberKey(l.Base))
	if err != nil {
		return UnmergeOut{}, err
	}
	if len(links) < 2 {
		return UnmergeOut{}, &state.Error{Class: state.Invalid, Code: "only_record", Args: state.Args{"ref": state.Customers.Ref(l.Base)}}
	}
	oldest := links[0]
	if oldest.Record == r.Key {
		oldest = links[1]
	}
	if err := state.Links.Put(w, takeOver(oldest, l.Homes())); err != nil {
		return UnmergeOut{}, err
	}
	l.Home, l.Also = 0, nil
	if err := s.settle(w, l); err != nil {
		return UnmergeOut{}, err
	}
	rest, err := s.homesOf(w, l.Base)
	if err != nil {
		return UnmergeOut{}, err
	}
	if err := s.putApart(w, []uint64{l.Home}, slices.DeleteFunc(rest, func(h uint64) bool { return h == l.Home }), ""); err != nil {
		return UnmergeOut{}, err
	}
	j, err := join(w.Tx(), c.Number)
	if err != nil {
		return UnmergeOut{}, err
	}
	l.Base, l.By, l.At = l.Home, w.Cause.Actor, w.Cause.At
	l.Evidence = []state.Evidence{{Code: "parted_by_person"}}
	if err := state.Links.Put(w, l); err != nil {
		return UnmergeOut{}, err
	}
	if err := s.resolveAgain(w, append(j.records, r), append(slices.Clone(c.Bases), l.Home)); err != nil {
		return UnmergeOut{}, err
	}
	a, err := s.refOf(w.Tx(), c.Number)
	if err != nil {
		return UnmergeOut{}, err
	}
	b, err := s.refOf(w.Tx(), l.Home)
	return UnmergeOut{A: a, B: b}, err
}

// settle gives a record that has none a number of its own.
func (s *Service) settle(w *state.Writer, l *state.Link) error {
	if l.Home != 0 {
		return nil
	}
	n, err := state.Customers.Next(w)
	if err != nil {
		return err
	}
	l.Home = n
	return state.Links.Put(w, l)
}

// putApart keeps each of some homes apart from each of others.
func (s *Service) putApart(w *state.Writer, as, bs []uint64, note string) error {
	for _, x := range as {
		for _, y := range bs {
			old, err := between(w.Tx(), state.VerdictApart, []uint64{x}, []uint64{y})
			if err != nil {
				return err
			}
			if len(old) > 0 {
				continue
			}
			if err := s.putVerdict(w, &state.Verdict{Kind: state.VerdictApart, A: x, B: y, Note: note}); err != nil {
				return err
			}
		}
	}
	return nil
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

// keepApartBases puts a word between all homes of those whom rules make one with each of two
// numbers; where rules make these two one, only between themselves. A merge that makes them one
// is taken back: the newest word of a person wins.
func (s *Service) keepApartBases(w *state.Writer, a, b uint64, note string) error {
	ja, err := join(w.Tx(), a)
	if err != nil {
		return err
	}
	jb, err := join(w.Tx(), b)
	if err != nil {
		return err
	}
	x, err := natural(w.Tx(), a)
	if err != nil {
		return err
	}
	y, err := natural(w.Tx(), b)
	if err != nil {
		return err
	}
	as, bs := []uint64{a}, []uint64{b}
	if x != y {
		if as, err = s.homesOf(w, a); err != nil {
			return err
		}
		if bs, err = s.homesOf(w, b); err != nil {
			return err
		}
	}
	if err := s.sever(w, x, y); err != nil {
		return err
	}
	if err := s.putApart(w, as, bs, note); err != nil {
		return err
	}
	return s.resolveAgain(w, append(ja.records, jb.records...), append(slices.Clone(ja.numbers), jb.numbers...))
}

// sever takes back the newest merge on every way between two base customers that are one by a
// person's word.
func (s *Service) sever(w *state.Writer, x, y uint64) error {
	for x != y {
		j, err := join(w.Tx(), x)
		if err != nil {
			return err
		}
		came := map[uint64]*state.Verdict{x: nil} // by base: the word that led there
		from := map[uint64]uint64{}
		queue := []uint64{x}
		words, err := verdictsOn(w.Tx(), j.numbers)
		if err != nil {
			return err
		}
		for len(queue) > 0 {
			at := queue[0]
			queue = queue[1:]
			for _, v := range words {
				p, err := natural(w.Tx(), v.A)
				if err != nil {
					return err
				}
				q, err := natural(w.Tx(), v.B)
				if err != nil {
					return err
				}
				if q == at {
					p, q = q, p
				}
				if _, been := came[q]; v.Kind == state.VerdictSame && p == at && !been {
					came[q], from[q] = v, p
					queue = append(queue, q)
				}
			}
		}
		newest := came[y]
		if newest == nil {
			return nil
		}
		for at := y; at != x; at = from[at] {
			if came[at].Key > newest.Key {
				newest = came[at]
			}
		}
		if _, err := state.Verdicts.Delete(w, state.NumberKey(newest.Key)); err != nil {
			return err
		}
		if err := dropCarried(w, newest.Key, 0); err != nil {
			return err
		}
	}
	return nil
}

// verdictsOn gives the verdicts on any of some numbers, by number.
func verdictsOn(tx state.Tx, numbers []uint64) ([]*state.Verdict, error) {
	var out []*state.Verdict
	seen := map[uint64]bool{}
	for _, n := range numbers {
		verdicts, err := state.Verdicts.By(tx, "customer", state.NumberKey(n))
		if err != nil {
			return nil, err
		}
		for _, v := range verdicts {
			if !seen[v.Key] {
				seen[v.Key] = true
				out = append(out, v)
			}
		}
	}
	slices.SortFunc(out, func(a, b *state.Verdict) int { return cmp.Compare(a.Key, b.Key) })
	return out, nil
}

// homesOf gives the homes of all records that rules make one with a number; those that have none
// get one, so that a word can be said on them.
func (s *Service) homesOf(w *state.Writer, n uint64) ([]uint64, error) {
	base, err := natural(w.Tx(), n)
	if err != nil {
		return nil, err
	}
	links, err := state.Links.By(w.Tx(), "base", state.NumberKey(base))
	if err != nil {
		return nil, err
	}
	out := []uint64{}
	for _, l := range links {
		if err := s.settle(w, l); err != nil {
			return nil, err
		}
		out = append(out, l.Homes()...)
	}
	if !slices.Contains(out, n) {
		out = append(out, n)
	}
	return out, nil
}
