package service

import (
	"bytes"
	"context"
	"io"
	"slices"
	"time"

	"github.com/keptcrm/kept/state"
)

// Check reads the whole state and reports what does not hold: in storage, in what refers to what,
// and in customers that are not what follows from their records. With Repair it rebuilds indexes
// and views; nothing that a person or a connection said is changed. What cannot be read does not
// stop it: it tells of that, and of as much else as can be seen.
func (s *Service) Check(ctx context.Context, in CheckIn) (CheckOut, error) {
	out := CheckOut{Counts: map[string]int64{}, Damages: []state.Damage{}, Affected: []CustomerRef{}}
	if c, ok := s.store.(state.Checker); ok {
		if err := c.CheckStorage(ctx, state.Kinds(), in.Repair, func(d state.Damage) { out.Damages = append(out.Damages, d) }); err != nil {
			return out, err
		}
	}
	for i := range out.Damages {
		nameGaps(out.Damages[i].Lost)
	}
	// A repair is many changes; under one request's name all but the first would count as done.
	caller := CallerOf(ctx)
	caller.Request = ""
	err := s.checkContent(WithCaller(ctx, caller), in.Repair, &out)
	if unreadable(err) && len(out.Damages) > 0 {
		err = nil // that is what the damages say
	}
	out.Damages = withoutEchoes(out.Damages, in.Repair)
	out.Repaired = in.Repair && !slices.ContainsFunc(out.Damages, func(d state.Damage) bool { return !d.Repaired })
	return out, err
}

// unreadable says whether an error is damage that a check tells of.
func unreadable(err error) bool {
	return state.IsCode(err, "state_damaged") || state.IsCode(err, "damaged_value") || state.IsCode(err, "damaged_index")
}

// checkContent checks what the stored values say of each other.
func (s *Service) checkContent(ctx context.Context, repair bool, out *CheckOut) error {
	storage := len(out.Damages)
	if _, err := s.look(ctx, out); err != nil {
		return err
	}
	if err := s.Look(ctx, func(tx state.Tx, _ time.Time) error { return s.affected(tx, out) }); err != nil {
		return err
	}
	if !repair || len(out.Damages) == 0 {
		return nil
	}
	again, err := s.rebuild(ctx, out.Damages)
	if err != nil {
		return err
	}
	// What was put together again makes other customers stale than were before.
	var after CheckOut
	var stale []uint64
	for range 4 {
		after = CheckOut{Counts: map[string]int64{}, Damages: slices.Clone(out.Damages[:storage])}
		if stale, err = s.look(ctx, &after); err != nil || len(stale) == 0 {
			break
		}
		for batch := range slices.Chunk(stale, 200) {
			if err := s.Do(ctx, "check.repair", nil, func(w *state.Writer) error { return s.renew(w, batch) }); err != nil {
				return err
			}
		}
	}
	if err != nil {
		return err
	}
	out.Counts = after.Counts
	for i := storage; i < len(out.Damages); i++ {
		d := &out.Damages[i]
		d.Repaired = !slices.ContainsFunc(after.Damages[storage:], func(x state.Damage) bool {
			return x.Code == d.Code && bytes.Equal(x.Key, d.Key)
		})
	}
	return s.Look(ctx, func(tx state.Tx, _ time.Time) error { return s.regained(tx, out.Damages[:storage], again) })
}

// look counts, and adds what does not hold to out; it returns the numbers whose customers do not.
func (s *Service) look(ctx context.Context, out *CheckOut) (stale []uint64, err error) {
	counts, damages := out.Counts, out.Damages
	err = s.Look(ctx, func(tx state.Tx, _ time.Time) error {
		clear(counts)
		out.Damages = slices.Clip(damages)
		if err := count(ctx, tx, out); err != nil {
			return err
		}
		if stale, err = s.checkViews(ctx, tx, out); err != nil {
			return err
		}
		if err := s.checkReferences(ctx, tx, out); err != nil {
			return err
		}
		return s.checkMail(ctx, tx, out)
	})
	return stale, err
}

func count(ctx context.Context, tx state.Tx, out *CheckOut) error {
	for _, k := range state.Kinds() {
		if k.History {
			continue
		}
		steps := state.Begin(ctx, k.Name, 0)
		for _, err := range tx.Scan(k, state.Range{KeysOnly: true}) {
			if err != nil {
				return err
			}
			out.Counts[k.Name]++
			steps.Did(1)
		}
	}
	return nil
}

// checkViews computes every customer again and compares.
func (s *Service) checkViews(ctx context.Context, tx state.Tx, out *CheckOut) ([]uint64, error) {
	var stale []uint64
	seen := numberSet{}
	look := func(n uint64) error {
		if n == 0 || seen.has(n) {
			return nil
		}
		j, err := join(tx, n)
		if err != nil {
			return err
		}
		for _, m := range append([]uint64{n}, j.numbers...) {
			seen.add(m)
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
	steps := state.Begin(ctx, state.Customers.Kind.Name, out.Counts[state.Customers.Kind.Name])
	for d, err := range tx.Scan(state.Customers.Kind, state.Range{KeysOnly: true}) {
		if err != nil {
			return nil, err
		}
		steps.Did(1)
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
	// Whom nothing but people's words make a customer.
	for p, err := range state.Promises.All(tx, state.Range{}) {
		if err != nil {
			return nil, err
		}
		if err := look(p.Base); err != nil {
			return nil, err
		}
	}
	for f, err := range state.Followups.All(tx, state.Range{}) {
		if err != nil {
			return nil, err
		}
		if err := look(f.Base); err != nil {
			return nil, err
		}
	}
	for h, err := range state.Holds.All(tx, state.Range{}) {
		if err != nil {
			return nil, err
		}
		if err := look(h.Base); err != nil {
			return nil, err
		}
	}
	for set, err := range state.Settings.All(tx, state.Range{}) {
		if err != nil {
			return nil, err
		}
		if err := look(set.Base); err != nil {
			return nil, err
		}
	}
	for _, d := range out.Damages {
		for _, n := range numbersOf(d.Lost, state.Customers.Kind.Name) {
			if err := look(n); err != nil {
				return nil, err
			}
		}
	}
	return stale, nil
}

// checkReferences looks for links to records that are not there, records without a link, and
// promises, follow-ups, waiting messages and holds of customers that are not there.
func (s *Service) checkReferences(ctx context.Context, tx state.Tx, out *CheckOut) error {
	bad := func(code, collection string, key []byte) {
		out.Damages = append(out.Damages, state.Damage{Code: code, Collection: collection, Key: key})
	}
	steps := state.Begin(ctx, state.Links.Kind.Name, out.Counts[state.Links.Kind.Name])
	for l, err := range state.Links.All(tx, state.Range{}) {
		if err != nil {
			return err
		}
		steps.Did(1)
		if r, err := state.Records.Find(tx, state.NumberKey(l.Record)); err != nil {
			return err
		} else if r == nil {
			bad("link_without_record", state.Links.Kind.Name, state.NumberKey(l.Record))
		}
	}
	steps = state.Begin(ctx, state.Records.Kind.Name, out.Counts[state.Records.Kind.Name])
	for r, err := range state.Records.All(tx, state.Range{}) {
		if err != nil {
			return err
		}
		steps.Did(1)
		if _, same := described(r, s.config.Region); !same {
			bad("record_keys_stale", state.Records.Kind.Name, state.NumberKey(r.Key))
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
	if err := checkDoubts(tx, bad); err != nil {
		return err
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
	for f, err := range state.Followups.All(tx, state.Range{}) {
		if err != nil {
			return err
		}
		if f.Rule != "" { // what a rule made stays, unseen, when the import goes that told of its customer
			continue
		}
		if c, err := state.Customers.Find(tx, state.NumberKey(f.Base)); err != nil {
			return err
		} else if c == nil {
			bad("followup_without_customer", state.Followups.Kind.Name, state.NumberKey(f.Number))
		}
	}
	if err := checkOutbox(tx, bad); err != nil {
		return err
	}
	for h, err := range state.Holds.All(tx, state.Range{}) {
		if err != nil {
			return err
		}
		if c, err := state.Customers.Find(tx, state.NumberKey(h.Base)); err != nil {
			return err
		} else if c == nil {
			bad("hold_without_customer", state.Holds.Kind.Name, state.NumberKey(h.Number))
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
	out, err := s.conns.Import(ctx, in)
	return out, s.watchAfter(ctx, in.Dry, err)
}

func created(c *state.Customer) time.Time {
	if c == nil {
		return time.Time{}
	}
	return c.Created
}
