package service

import (
	"context"
	"io"
	"slices"
	"time"

	"github.com/keptcrm/kept/state"
)

// Check reads the whole state and reports what does not hold: in storage, in what refers to what,
// and in customers that are not what follows from their records. With Repair it rebuilds indexes
// and views; nothing that a person or a connection said is changed.
func (s *Service) Check(ctx context.Context, in CheckIn) (CheckOut, error) {
	out := CheckOut{Counts: map[string]int64{}, Damages: []state.Damage{}, Affected: []CustomerRef{}}
	if c, ok := s.store.(state.Checker); ok {
		if err := c.CheckStorage(ctx, state.Kinds(), in.Repair, func(d state.Damage) { out.Damages = append(out.Damages, d) }); err != nil {
			return out, err
		}
	}
	var stale []uint64
	_, err := view(ctx, s, func(tx state.Tx, _ time.Time) (struct{}, error) {
		var err error
		if err = count(tx, &out); err != nil {
			return struct{}{}, err
		}
		if stale, err = s.checkViews(tx, &out); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, s.checkReferences(tx, &out)
	})
	if err != nil {
		return out, err
	}
	if in.Repair && len(stale) > 0 {
		for batch := range slices.Chunk(stale, 200) {
			if err := s.Do(ctx, "check.repair", nil, func(w *state.Writer) error { return s.refresh(w, batch...) }); err != nil {
				return out, err
			}
		}
		for i := range out.Damages {
			if out.Damages[i].Code == "view_stale" {
				out.Damages[i].Repaired = true
			}
		}
	}
	out.Repaired = in.Repair && !slices.ContainsFunc(out.Damages, func(d state.Damage) bool { return !d.Repaired })
	return out, s.Look(ctx, func(tx state.Tx, _ time.Time) error { return s.affected(tx, &out) })
}

func count(tx state.Tx, out *CheckOut) error {
	for _, k := range state.Kinds() {
		if k.History {
			continue
		}
		for _, err := range tx.Scan(k, state.Range{KeysOnly: true}) {
			if err != nil {
				return err
			}
			out.Counts[k.Name]++
		}
	}
	return nil
}

// checkViews computes every customer again and compares.
func (s *Service) checkViews(tx state.Tx, out *CheckOut) ([]uint64, error) {
	var stale []uint64
	seen := map[uint64]bool{}
	look := func(n uint64) error {
		if n == 0 || seen[n] {
			return nil
		}
		j, err := join(tx, n)
		if err != nil {
			return err
		}
		for _, m := range append([]uint64{n}, j.numbers...) {
			seen[m] = true
		}
		first, err := state.Customers.Find(tx, state.NumberKey(j.numbers[0]))
		if err != nil {
			return err
		}
		c, err := compute(tx, j, created(first))
		if err != nil {
			return err
		}
		switch {
		case c == nil && first == nil:
		case c == nil, first == nil, !sameCustomer(first, c):
			stale = append(stale, n)
			out.Damages = append(out.Damages, state.Damage{Code: "view_stale", Collection: state.Customers.Kind.Name, Key: state.NumberKey(j.numbers[0])})
		}
		return nil
	}
	for d, err := range tx.Scan(state.Customers.Kind, state.Range{KeysOnly: true}) {
		if err != nil {
			return nil, err
		}
		if err := look(state.KeyNumber(d.Key)); err != nil {
			return nil, err
		}
	}
	for l, err := range state.Links.All(tx, state.Range{}) {
		if err != nil {
			return nil, err
		}
		if err := look(l.Base); err != nil {
			return nil, err
		}
	}
	return stale, nil
}

// checkReferences looks for links to records that are not there, records without a link, and
// promises of customers that are not there.
func (s *Service) checkReferences(tx state.Tx, out *CheckOut) error {
	bad := func(code, collection string, key []byte) {
		out.Damages = append(out.Damages, state.Damage{Code: code, Collection: collection, Key: key})
	}
	for l, err := range state.Links.All(tx, state.Range{}) {
		if err != nil {
			return err
		}
		if r, err := state.Records.Find(tx, state.NumberKey(l.Record)); err != nil {
			return err
		} else if r == nil {
			bad("link_without_record", state.Links.Kind.Name, state.NumberKey(l.Record))
		}
	}
	for r, err := range state.Records.All(tx, state.Range{}) {
		if err != nil {
			return err
		}
		if r.Kind != state.KindContact && r.Kind != state.KindOrganisation {
			continue
		}
		if l, err := state.Links.Find(tx, state.NumberKey(r.Key)); err != nil {
			return err
		} else if l == nil {
			bad("record_without_link", state.Records.Kind.Name, state.NumberKey(r.Key))
		}
	}
	for p, err := range state.Promises.All(tx, state.Range{}) {
		if err != nil {
			return err
		}
		if c, err := state.Customers.Find(tx, state.NumberKey(p.Base)); err != nil {
			return err
		} else if c == nil {
			bad("promise_without_customer", state.Promises.Kind.Name, state.NumberKey(p.Number))
		}
	}
	return nil
}

// affected names the customers that damages touch, at most a hundred.
func (s *Service) affected(tx state.Tx, out *CheckOut) error {
	seen := map[string]bool{}
	for _, d := range out.Damages {
		n := state.KeyNumber(d.Key)
		switch d.Collection {
		case state.Customers.Kind.Name:
		case state.Records.Kind.Name, state.Links.Kind.Name:
			l, err := state.Links.Find(tx, state.NumberKey(n))
			if err != nil || l == nil {
				continue // a link that cannot be read names nobody
			}
			n = l.Base
		case state.Promises.Kind.Name:
			p, err := state.Promises.Find(tx, state.NumberKey(n))
			if err != nil || p == nil {
				continue
			}
			n = p.Base
		default:
			continue
		}
		ref, err := s.refOf(tx, n)
		if err != nil {
			continue
		}
		if !seen[ref.Number] && len(out.Affected) < 100 {
			seen[ref.Number] = true
			out.Affected = append(out.Affected, ref)
		}
	}
	return nil
}

// Backup writes a copy of the state as it is now, while it is in use.
func (s *Service) Backup(ctx context.Context, in BackupIn, w io.Writer) error {
	b, ok := s.store.(state.Backuper)
	if !ok {
		return &state.Error{Class: state.Failed, Code: "no_backup"}
	}
	_, err := b.Backup(ctx, w, in.Compact)
	return err
}

// Import reads files through the connections.
func (s *Service) Import(ctx context.Context, in ImportIn) (ImportOut, error) {
	if s.conns == nil {
		return ImportOut{}, &state.Error{Class: state.Failed, Code: "no_connections"}
	}
	s.busy.Add(1)
	defer s.busy.Add(-1)
	return s.conns.Import(ctx, in)
}

func created(c *state.Customer) time.Time {
	if c == nil {
		return time.Time{}
	}
	return c.Created
}
