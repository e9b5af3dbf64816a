package service

import (
	"bytes"
	"maps"
	"slices"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

// joined is one customer as links and verdicts make it.
type joined struct {
	numbers []uint64 // the survivor first, then ascending
	records []*state.Record
}

// natural gives the base customer that a number now belongs to by rule alone: the one that the
// record of that home is linked to.
func natural(tx state.Tx, n uint64) (uint64, error) {
	links, err := state.Links.List(tx, state.Range{Index: "home", From: state.NumberKey(n), To: append(state.NumberKey(n), 0), Limit: 1})
	if err != nil || len(links) == 0 {
		return n, err
	}
	return links[0].Base, nil
}

// join gathers everything that is one customer with a number.
func join(tx state.Tx, n uint64) (*joined, error) {
	j := &joined{}
	absorbed := map[uint64]bool{}
	numbers := map[uint64]bool{}
	var bases []uint64
	seen := map[uint64]bool{}
	first, err := natural(tx, n)
	if err != nil {
		return nil, err
	}
	queue := []uint64{first}
	for len(queue) > 0 {
		b := queue[0]
		queue = queue[1:]
		if seen[b] {
			continue
		}
		seen[b] = true
		bases = append(bases, b)
		links, err := state.Links.By(tx, "base", state.NumberKey(b))
		if err != nil {
			return nil, err
		}
		mine := map[uint64]bool{b: true}
		keys := make([][]byte, len(links))
		for i, l := range links {
			for _, h := range l.Homes() {
				mine[h] = true
			}
			keys[i] = state.NumberKey(l.Record)
		}
		records, err := state.Records.Many(tx, keys)
		if err != nil {
			return nil, err
		}
		for _, r := range records {
			if r != nil {
				j.records = append(j.records, r)
			}
		}
		for m := range mine {
			numbers[m] = true
			verdicts, err := state.Verdicts.By(tx, "customer", state.NumberKey(m))
			if err != nil {
				return nil, err
			}
			for _, v := range verdicts {
				if v.Kind != state.VerdictSame {
					continue
				}
				x, err := natural(tx, v.A)
				if err != nil {
					return nil, err
				}
				y, err := natural(tx, v.B)
				if err != nil {
					return nil, err
				}
				numbers[v.A], numbers[v.B] = true, true
				if x != y {
					absorbed[y] = true
				}
				queue = append(queue, x, y)
			}
		}
	}
	slices.Sort(bases)
	survivor := bases[0]
	for _, b := range bases {
		if !absorbed[b] {
			survivor = b
			break
		}
	}
	delete(numbers, survivor)
	j.numbers = append([]uint64{survivor}, slices.Sorted(maps.Keys(numbers))...)
	return j, nil
}

// compute gives the view of a customer; nil where nothing is left of it.
func compute(tx state.Tx, j *joined, created time.Time) (*state.Customer, error) {
	in := identity.Belief{Bases: j.numbers, Records: j.records, Created: created, Employers: map[uint64][]uint64{}}
	for _, n := range j.numbers {
		settings, err := state.Settings.List(tx, state.PrefixRange("", state.NumberKey(n)))
		if err != nil {
			return nil, err
		}
		in.Settings = append(in.Settings, settings...)
	}
	if len(j.records) == 0 && len(in.Settings) == 0 {
		left, err := entered(tx, j.numbers)
		if err != nil || !left {
			return nil, err
		}
	}
	if err := follows(tx, &in); err != nil {
		return nil, err
	}
	return identity.Believe(in), nil
}

// follows adds what follows from the records of a customer: for whom they work, whether they ordered.
func follows(tx state.Tx, in *identity.Belief) error {
	for _, r := range in.Records {
		orgs, err := employers(tx, r)
		if err != nil {
			return err
		}
		if len(orgs) > 0 {
			in.Employers[r.Key] = orgs
		}
		if !in.Ordered && r.Kind == state.KindContact {
			if in.Ordered, err = ordered(tx, r.Key); err != nil {
				return err
			}
		}
	}
	return nil
}

// entered says whether people entered anything on the numbers beside settings: notes, promises,
// follow-ups, relations.
func entered(tx state.Tx, numbers []uint64) (bool, error) {
	for _, n := range numbers {
		for _, err := range state.Activities.Read(tx, state.CustomerSubject(n), state.Range{Limit: 1}) {
			return err == nil, err
		}
		promises, err := state.Promises.By(tx, "base", state.NumberKey(n))
		if err != nil || len(promises) > 0 {
			return len(promises) > 0, err
		}
		followups, err := state.Followups.By(tx, "base", state.NumberKey(n))
		if err != nil {
			return false, err
		}
		// What a rule made of records goes with them.
		if slices.ContainsFunc(followups, func(f *state.Followup) bool { return f.Rule == "" }) {
			return true, nil
		}
		holds, err := state.Holds.By(tx, "base", state.NumberKey(n))
		if err != nil || len(holds) > 0 {
			return len(holds) > 0, err
		}
		relations, err := state.Relations.By(tx, "customer", state.NumberKey(n))
		if err != nil || len(relations) > 0 {
			return len(relations) > 0, err
		}
	}
	return false, nil
}

// employers gives the organisation records that a contact record names by its company, or by a
// domain that a person said to be one.
func employers(tx state.Tx, r *state.Record) ([]uint64, error) {
	if r.Kind != state.KindContact {
		return nil, nil
	}
	if v := r.Current(); v == nil || identity.KindOf(v) != state.Person {
		return nil, nil
	}
	var out []uint64
	for _, id := range organisationIDs(r) {
		org, err := keysBy(tx, state.Records.Kind, "id", state.RecordKey(state.OwnConnection, state.KindOrganisation, id), 1)
		if err != nil {
			return nil, err
		}
		if len(org) > 0 {
			out = append(out, org[0])
			break
		}
	}
	return out, nil
}

func organisationIDs(r *state.Record) []string {
	var ids []string
	if r.Company != "" {
		ids = append(ids, r.Company)
	}
	if r.Domain != "" {
		ids = append(ids, domainID(r.Domain))
	}
	return ids
}

func domainID(domain string) string { return "domain:" + domain }

// ordered says whether a contact has an order that counts. It looks at the newest entries only:
// somebody with two hundred orders none of which counts is no customer yet.
func ordered(tx state.Tx, record uint64) (bool, error) {
	for a, err := range state.Activities.Read(tx, state.RecordSubject(record), state.Range{Reverse: true, Limit: 200}) {
		if err != nil {
			return false, err
		}
		if a.Kind == state.ActivityOrder && a.Counts {
			return true, nil
		}
	}
	return false, nil
}

// refresh computes the customers of these numbers anew and stores their views.
func (s *Service) refresh(w *state.Writer, numbers ...uint64) error {
	done := map[uint64]bool{}
	for _, n := range numbers {
		if n == 0 || done[n] {
			continue
		}
		j, err := join(w.Tx(), n)
		if err != nil {
			return err
		}
		if !slices.Contains(j.numbers, n) {
			// Nothing has this number as home any more: it points to where it went, or ends.
			if err := s.retire(w, n, j.numbers[0]); err != nil {
				return err
			}
			done[n] = true
		}
		if done[j.numbers[0]] {
			continue
		}
		for _, m := range j.numbers {
			done[m] = true
		}
		if err := s.keep(w, j); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) retire(w *state.Writer, n, into uint64) error {
	old, err := state.Customers.Find(w.Tx(), state.NumberKey(n))
	if err != nil || old == nil {
		return err
	}
	return state.Customers.Put(w, &state.Customer{Number: n, Created: old.Created, Into: into})
}

func (s *Service) keep(w *state.Writer, j *joined) error {
	keys := make([][]byte, len(j.numbers))
	for i, n := range j.numbers {
		keys[i] = state.NumberKey(n)
	}
	old, err := state.Customers.Many(w.Tx(), keys)
	if err != nil {
		return err
	}
	created := w.Cause.At
	if old[0] != nil {
		created = old[0].Created
	}
	c, err := compute(w.Tx(), j, created)
	if err != nil {
		return err
	}
	if c == nil {
		for i, n := range j.numbers {
			if old[i] != nil {
				if _, err := state.Customers.Delete(w, state.NumberKey(n)); err != nil {
					return err
				}
				if err := dropWaiting(w, n); err != nil {
					return err
				}
			}
		}
		return nil
	}
	if old[0] == nil || !sameCustomer(old[0], c) {
		if err := state.Customers.Put(w, c); err != nil {
			return err
		}
	}
	for i, n := range j.numbers[1:] {
		was := old[i+1]
		if was != nil && was.Into == c.Number {
			continue
		}
		in := &state.Customer{Number: n, Created: w.Cause.At, Into: c.Number}
		if was != nil {
			in.Created = was.Created
		}
		if err := state.Customers.Put(w, in); err != nil {
			return err
		}
	}
	return nil
}

func sameCustomer(a, b *state.Customer) bool {
	x, errX := state.Customers.Kind.Encode(a)
	y, errY := state.Customers.Kind.Encode(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}
