package service

import (
	"context"
	"slices"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity/match"
)

// described gives a record with the keys that identity makes of it now, and says whether it has
// them. A state that an older program wrote may have others. Its phone numbers stay as they were
// read, since an import may have told their country; those that are missing are read.
func described(r *state.Record, region string) (now *state.Record, same bool) {
	now = clone(r)
	if len(r.Versions) == 0 || r.Kind == state.KindOrganisation { // who is an organisation follows from others
		return now, true
	}
	describe(now, region)
	phone := func(id state.Identifier) bool { return id.Type == state.TypePhone }
	rest := func(ids []state.Identifier) []state.Identifier { return slices.DeleteFunc(slices.Clone(ids), phone) }
	if len(now.Identifiers)-len(rest(now.Identifiers)) == len(r.Identifiers)-len(rest(r.Identifiers)) {
		if slices.Equal(rest(now.Identifiers), rest(r.Identifiers)) {
			now.Identifiers = r.Identifiers
		} else {
			now.Identifiers = append(rest(now.Identifiers), slices.DeleteFunc(slices.Clone(r.Identifiers), func(id state.Identifier) bool { return !phone(id) })...)
		}
		now.Blocks = match.Blocks(now)
	}
	return now, slices.Equal(now.Identifiers, r.Identifiers) && slices.Equal(now.Blocks, r.Blocks) && now.Company == r.Company &&
		now.Domain == r.Domain && now.Party == r.Party && now.Number == r.Number
}

// describeAgain gives records whose keys do not follow from them those that do, with all that
// follows.
func (s *Service) describeAgain(ctx context.Context, damages []state.Damage) error {
	var stale []uint64
	for _, d := range damages {
		if d.Code == "record_keys_stale" {
			stale = append(stale, state.KeyNumber(d.Key))
		}
	}
	for batch := range slices.Chunk(stale, 200) {
		if err := s.Do(ctx, "check.repair", nil, func(w *state.Writer) error {
			t := &telling{s: s, w: w, dirty: map[uint64]bool{}, companies: map[string]bool{}, domains: map[string]bool{}}
			for _, n := range batch {
				r, err := state.Records.Find(w.Tx(), state.NumberKey(n))
				if err != nil {
					return err
				}
				if r == nil {
					continue
				}
				t.note(r)
				t.before = append(t.before, r)
				now, _ := described(r, s.config.Region)
				if err := t.putDescribed(r, now); err != nil {
					return err
				}
			}
			return t.finish()
		}); err != nil {
			return err
		}
	}
	return nil
}
