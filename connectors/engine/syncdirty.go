package engine

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// reconciled is what the last sync left to the next, so that it looks at those alone about whom
// anything changed.
type reconciled struct {
	Change  uint64   `json:"change"`  // the last entry of the change log that was looked at
	Rules   string   `json:"rules"`   // a digest of the connections' settings: with others everybody is looked at
	Pending []uint64 `json:"pending"` // customers about whom something is left to do
}

// rulesDigest tells whether the settings are the same: what decides, and what systems can hold.
func (s *syncing) rulesDigest() string {
	type rule struct {
		Name, Type, Mode, Create string
		Owns                     []string
		Newest, Deletes          bool
		Optout, Brand            string
		Fields                   []connectors.FieldSpec
	}
	var all []rule
	for _, c := range s.e.env.Connections {
		r := rule{Name: c.Name, Type: c.Type, Mode: c.mode(), Create: c.Create, Owns: c.Owns, Newest: c.Newest, Deletes: c.Deletes,
			Optout: c.Optout.String(), Brand: s.svc.Brand(c.Name)}
		if spec := s.e.spec(c.Type); spec != nil {
			r.Fields = spec.Fields[connectors.Contact]
		}
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b rule) int { return cmp.Compare(a.Name, b.Name) })
	b, _ := json.Marshal([]any{s.e.env.Region, all}) // plain values
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:12])
}

// touched gives the customers about whom anything may have changed since the last sync, by the change
// log, and with whom it was not done; all is true where that cannot be told.
func (s *syncing) touched(tx state.Tx, mark *reconciled) (numbers []uint64, all bool, err error) {
	*mark = reconciled{Rules: s.rulesDigest()}
	for c, err := range state.Changes.All(tx, state.Range{Reverse: true, Limit: 1}) {
		if err != nil {
			return nil, false, err
		}
		mark.Change = c.Number
	}
	b, err := tx.Blob(state.BlobReconciled)
	if err != nil {
		return nil, false, err
	}
	var last reconciled
	if b == nil || json.Unmarshal(b, &last) != nil || last.Rules != mark.Rules || last.Change > mark.Change || s.in.Full {
		return nil, true, nil
	}
	seen := map[uint64]bool{}
	records := map[uint64]bool{}
	for _, n := range last.Pending {
		seen[n] = true
	}
	for c, err := range state.Changes.All(tx, state.Range{From: state.NumberKey(last.Change + 1)}) {
		if err != nil {
			return nil, false, err
		}
		if c.What == whatKept {
			continue // our own word about what we looked at
		}
		for _, t := range c.Touched {
			for _, k := range t.Keys {
				switch t.Collection {
				case state.Records.Kind.Name, state.Links.Kind.Name:
					records[state.KeyNumber(k)] = true
				case state.Customers.Kind.Name, state.Settings.Kind.Name:
					seen[state.KeyNumber(k)] = true
				case state.Consents.Kind.Name:
					if err := s.svc.ConsentCustomers(tx, k, func(n uint64) { seen[n] = true }); err != nil {
						return nil, false, err
					}
				case state.Questions.Kind.Name:
					q, err := state.Questions.Find(tx, k)
					if err != nil {
						return nil, false, err
					}
					if q != nil && (q.Kind == state.QuestionConflict || q.Kind == state.QuestionLost) {
						seen[q.A] = true
					}
				}
			}
		}
	}
	links, err := state.Links.Many(tx, numberKeys(slices.Sorted(maps.Keys(records))))
	if err != nil {
		return nil, false, err
	}
	for _, l := range links {
		if l != nil {
			seen[l.Base] = true
		}
	}
	return slices.Sorted(maps.Keys(seen)), false, nil
}

// whatKept is what keeping shadows is called in the change log.
const whatKept = "sync.decide"

// remember keeps what this sync leaves to the next.
func (s *syncing) remember(ctx context.Context, mark reconciled, pending []uint64) error {
	mark.Pending = pending
	b, err := json.Marshal(mark)
	if err != nil {
		return err
	}
	return s.svc.Do(ctx, "sync.remember", nil, func(w *state.Writer) error { return w.PutBlob(state.BlobReconciled, b) })
}

// unfinished gives the customers of a plan about whom something is left to do.
func (p *plan) unfinished() []uint64 {
	seen := map[uint64]bool{}
	for _, g := range p.groups {
		if g.waits || len(g.asked) > 0 || len(g.outcome.HandTakenBack) > 0 {
			seen[g.customer.Number] = true
		}
	}
	for _, w := range p.writes {
		if w.state != service.WriteConfirmed {
			seen[w.group.customer.Number] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}
