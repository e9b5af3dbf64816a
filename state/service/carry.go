package service

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/keptcrm/kept/state"
)

// carry keeps refusals with every part of a customer that comes apart because of what a connection
// told: nobody becomes contactable by an import. It is called before links change; baseOf says
// where the records of the component will be.
//
// Where a person parts customers, or takes an import back, each part has again what it said
// itself; what a later run carried meanwhile stays.
func (t *telling) carry(c *component, baseOf map[uint64]uint64) error {
	if t.run == nil || t.run.State == state.RunUndone {
		return nil
	}
	left := map[uint64]bool{}
	for k, l := range c.links {
		if baseOf[k] != 0 && baseOf[k] != l.Base {
			left[l.Base] = true
		}
	}
	// All is read before anything is written, so that nothing echoes between the parts.
	var all []carried
	for _, base := range slices.Sorted(maps.Keys(left)) {
		parts, err := t.carryFrom(base, baseOf)
		if err != nil {
			return err
		}
		all = append(all, parts...)
	}
	for _, x := range all {
		if err := t.carryTo(x.to, x.refused, x.sources); err != nil {
			return err
		}
	}
	return nil
}

// carried is what one record takes along of what others refused, and by whose word they were one.
type carried struct {
	to      *state.Record
	refused []*state.Consent
	sources []string
}

// carryFrom gives what is to be carried between the parts of one customer, that a base customer
// which loses a record belongs to.
func (t *telling) carryFrom(base uint64, baseOf map[uint64]uint64) ([]carried, error) {
	var out []carried
	tx := t.w.Tx()
	j, err := join(tx, base)
	if err != nil {
		return nil, err
	}
	merges, err := mergesOf(tx, j.numbers)
	if err != nil {
		return nil, err
	}
	was, will := map[uint64]uint64{}, map[uint64]uint64{}
	for _, r := range j.records {
		l, err := state.Links.Number(tx, r.Key)
		if err != nil {
			return nil, err
		}
		was[r.Key], will[r.Key] = l.Base, l.Base
		if b := baseOf[r.Key]; b != 0 {
			will[r.Key] = b
		}
	}
	for _, from := range j.records {
		refused, err := refusals(tx, append(slices.Clone(from.Identifiers), recordItself(from.Key)))
		if err != nil {
			return nil, err
		}
		for _, to := range j.records {
			if will[to.Key] == will[from.Key] {
				continue
			}
			sources := []string{splitSource(t.run.Number)}
			if was[to.Key] != was[from.Key] {
				// They were one customer by a person's word alone, and are so no longer than it.
				sources = nil
				for _, v := range merges {
					sources = append(sources, partedSource(v))
				}
			}
			out = append(out, carried{to: to, refused: refused, sources: sources})
		}
	}
	return out, nil
}

func mergesOf(tx state.Tx, numbers []uint64) ([]uint64, error) {
	var keys []uint64
	for _, n := range numbers {
		verdicts, err := state.Verdicts.By(tx, "customer", state.NumberKey(n))
		if err != nil {
			return nil, err
		}
		for _, v := range verdicts {
			if v.Kind == state.VerdictSame && !slices.Contains(keys, v.Key) {
				keys = append(keys, v.Key)
			}
		}
	}
	return keys, nil
}

// recordItself stands for whoever a record is about, whatever addresses it has. Refusals that a
// record takes along when it leaves a customer are about it.
func recordItself(record uint64) state.Identifier {
	return state.Identifier{Type: "record", Match: state.Records.Ref(record), Shown: state.Records.Ref(record), Weak: true}
}

func (t *telling) carryTo(to *state.Record, refused []*state.Consent, sources []string) error {
	for _, c := range refused {
		from := sources
		if strings.HasPrefix(c.Source, partedPrefix) {
			from = []string{c.Source} // still by that word alone
		}
		for _, source := range from {
			n := *c
			n.Identifier, n.Source, n.Run, n.Noted = recordItself(to.Key), source, t.run.Number, t.w.Cause.At
			if err := state.Consents.Put(t.w, &n); err != nil {
				return err
			}
		}
	}
	return nil
}

func splitSource(run uint64) string { return "split:" + state.Runs.Ref(run) }

const partedPrefix = "parted:"

func partedSource(verdict uint64) string {
	return fmt.Sprintf("%s%s", partedPrefix, state.Verdicts.Ref(verdict))
}

// dropCarried removes refusals that were carried because of a merge which is taken back (verdict),
// or by a run that is taken back (run).
func dropCarried(w *state.Writer, verdict, run uint64) error {
	var gone []*state.Consent
	for c, err := range state.Consents.All(w.Tx(), state.Range{Index: "source", From: []byte(partedPrefix), To: state.After([]byte(partedPrefix))}) {
		if err != nil {
			return err
		}
		if verdict != 0 && c.Source == partedSource(verdict) || run != 0 && c.Run == run && strings.HasPrefix(c.Source, partedPrefix) {
			gone = append(gone, c)
		}
	}
	if run != 0 {
		split, err := state.Consents.By(w.Tx(), "source", state.TextKey(splitSource(run)))
		if err != nil {
			return err
		}
		gone = append(gone, split...)
	}
	for _, c := range gone {
		if _, err := state.Consents.Delete(w, consentKey(c)); err != nil {
			return err
		}
	}
	return nil
}

// refusals gives the refusals that hold of what was said about identifiers.
func refusals(tx state.Tx, ids []state.Identifier) ([]*state.Consent, error) {
	var said []state.Consent
	seen := map[string]bool{}
	for _, id := range ids {
		if seen[string(id.Key())] {
			continue
		}
		seen[string(id.Key())] = true
		list, err := statementsAbout(tx, id)
		if err != nil {
			return nil, err
		}
		for _, c := range list {
			said = append(said, *c)
		}
	}
	var out []*state.Consent
	for i := range said {
		if c := &said[i]; c.Refuses() && !lifted(said, c, c.Channel, c.Purpose) {
			out = append(out, c)
		}
	}
	return out, nil
}
