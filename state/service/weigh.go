package service

import (
	"maps"
	"slices"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
	"github.com/keptcrm/kept/state/identity/match"
)

// describe puts into a record what identity makes of its versions.
func describe(r *state.Record, region string) {
	identity.Describe(r, region)
	r.Blocks = match.Blocks(r)
}

// met is the pairs of contact records that met by a block, and what they weigh. A pair meets where
// a block has at most [identity.ManyHolders] holders: whom very many records have is no hint.
type met struct {
	judge  *match.Judge
	blocks map[string][]uint64      // holders, by record; nil where there are too many
	many   map[string]bool          // blocks with too many holders
	around map[uint64]*state.Record // records that were looked at and are not of the component
	pairs  map[[2]uint64]identity.Weight
}

func (s *Service) newMet(tx state.Tx) (*met, error) {
	model, err := s.contacts(tx)
	if err != nil {
		return nil, err
	}
	return newMet(model.Judge()), nil
}

func newMet(judge *match.Judge) *met {
	return &met{judge: judge, blocks: map[string][]uint64{}, many: map[string]bool{}, around: map[uint64]*state.Record{},
		pairs: map[[2]uint64]identity.Weight{}}
}

// holdersOf gives the records of a block.
func (c *component) holdersOf(block string) ([]uint64, error) {
	held, known := c.met.blocks[block]
	if known {
		return held, nil
	}
	held, err := c.holders("block", state.TextKey(block), identity.ManyHolders+1)
	if len(held) > identity.ManyHolders {
		held, c.met.many[block] = nil, true
	}
	c.met.blocks[block] = held
	return held, err
}

func pairOf(a, b uint64) [2]uint64 { return [2]uint64{min(a, b), max(a, b)} }

// weigh compares records of the component with all that they meet, and adds those with whom they
// surely are one.
func (c *component) weigh(records []*state.Record) error {
	var pairs [][2]uint64
	var unknown []uint64
	for _, r := range records {
		if r == nil {
			continue
		}
		for _, b := range r.Blocks {
			held, err := c.holdersOf(b)
			if err != nil {
				return err
			}
			for _, h := range held {
				p := pairOf(r.Key, h)
				if _, known := c.met.pairs[p]; known || h == r.Key {
					continue
				}
				c.met.pairs[p] = identity.Weight{}
				pairs = append(pairs, p)
				if c.records[h] == nil && c.met.around[h] == nil {
					unknown = append(unknown, h)
				}
			}
		}
	}
	if err := c.lookAround(unknown); err != nil {
		return err
	}
	for _, p := range pairs {
		a, b := c.seen(p[0]), c.seen(p[1])
		if a == nil || b == nil {
			continue
		}
		w := c.met.judge.Weigh(a, b)
		c.met.pairs[p] = w
		if w.Sure {
			c.add(p[0], p[1])
		}
	}
	return nil
}

// seen gives a record of the component, or one that was looked at.
func (c *component) seen(k uint64) *state.Record {
	if r := c.records[k]; r != nil {
		return r
	}
	return c.met.around[k]
}

func (c *component) lookAround(keys []uint64) error {
	if len(keys) == 0 {
		return nil
	}
	slices.Sort(keys)
	keys = slices.Compact(keys)
	records, err := c.known.read(c.tx, keys)
	if err != nil {
		return err
	}
	for i, k := range keys {
		if records[i] != nil {
			c.met.around[k] = records[i]
		}
	}
	return nil
}

// crossed adds the holders of blocks that became too large with this change, or are no more: their
// pairs met before, or meet now, without any of them having changed.
func (c *component) crossed(before []*state.Record, dirty map[uint64]bool) error {
	changed := map[string]map[uint64]bool{}
	note := func(r *state.Record) {
		for _, b := range r.Blocks {
			if changed[b] == nil {
				changed[b] = map[uint64]bool{}
			}
			changed[b][r.Key] = true
		}
	}
	for _, r := range before {
		note(r)
	}
	for k := range dirty {
		if r := c.records[k]; r != nil {
			note(r)
		}
	}
	for _, b := range slices.Sorted(maps.Keys(changed)) {
		n := len(changed[b])
		present, err := c.holdersOf(b)
		if err != nil {
			return err
		}
		if !c.met.many[b] && len(present)+n <= identity.ManyHolders {
			continue
		}
		held, err := c.holders("block", state.TextKey(b), identity.ManyHolders+n+1)
		if err != nil {
			return err
		}
		if h := len(held); h > identity.ManyHolders && h-n <= identity.ManyHolders || h <= identity.ManyHolders && h+n > identity.ManyHolders {
			c.add(held...)
		}
	}
	return nil
}

// likely gives both sides of all pairs that are worth a question.
func (m *met) likely() []uint64 {
	var out []uint64
	for p, w := range m.pairs {
		if w.Ask && !w.Sure {
			out = append(out, p[0], p[1])
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// pairings gives what is sure or worth a question.
func (m *met) pairings() []identity.Pairing {
	var out []identity.Pairing
	for p, w := range m.pairs {
		if w.Ask || w.Sure {
			out = append(out, identity.Pairing{A: p[0], B: p[1], Weight: w})
		}
	}
	return out
}
