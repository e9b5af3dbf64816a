package bolt

import "context"

// SetSalvageStep calls fn between any two steps of a salvage. It is for a process of its own.
func SetSalvageStep(fn func(step string)) { salvageStep = fn }

// WithRecents sets from how many index entries on a transaction's are kept apart, from how many on they
// are merged, and how many of them in one transaction.
func (o Options) WithRecents(bulk, enough, step int) Options {
	o.recents = recents{bulk: bulk, few: enough, many: enough, step: step}
	return o
}

// SettleStep merges in one transaction.
func (s *Store) SettleStep(ctx context.Context) (more bool, err error) { return s.settleStep(ctx) }
