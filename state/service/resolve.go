package service

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

// finish makes anew what follows from the records that changed: organisations, links, questions,
// customers.
func (t *telling) finish() error {
	for _, key := range sortedKeys(t.companies) {
		if err := t.organisation(key); err != nil {
			return err
		}
	}
	for _, d := range sortedKeys(t.domains) {
		if err := t.askDomain(d); err != nil {
			return err
		}
	}
	return t.resolve()
}

// component is the records around those that changed: all that could be joined with them.
type component struct {
	tx      state.Tx
	words   identity.Words
	records map[uint64]*state.Record
	links   map[uint64]*state.Link
	queue   []uint64
	seenID  map[string]bool
	bases   map[uint64]bool
}

func newComponent(tx state.Tx) *component {
	return &component{tx: tx, words: identity.Words{Shared: map[string]bool{}}, records: map[uint64]*state.Record{},
		links: map[uint64]*state.Link{}, seenID: map[string]bool{}, bases: map[uint64]bool{}}
}

// add queues records, by number.
func (c *component) add(keys ...uint64) {
	for _, k := range keys {
		if _, ok := c.records[k]; !ok {
			c.records[k] = nil
			c.queue = append(c.queue, k)
		}
	}
}

// grow follows identifiers and present customers until nothing new comes.
func (c *component) grow() error {
	for len(c.queue) > 0 {
		batch := c.queue
		c.queue = nil
		slices.Sort(batch)
		keys := make([][]byte, len(batch))
		for i, k := range batch {
			keys[i] = state.NumberKey(k)
		}
		records, err := state.Records.Many(c.tx, keys)
		if err != nil {
			return err
		}
		links, err := state.Links.Many(c.tx, keys)
		if err != nil {
			return err
		}
		for i, k := range batch {
			if links[i] != nil {
				c.links[k] = links[i]
				if err := c.addBase(links[i].Base); err != nil {
					return err
				}
				for _, h := range links[i].Was {
					// It may come home: whoever is there now must be looked at too.
					base, err := natural(c.tx, h.Customer)
					if err != nil {
						return err
					}
					if err := c.addBase(base); err != nil {
						return err
					}
				}
			}
			if records[i] == nil {
				continue
			}
			c.records[k] = records[i]
			for _, id := range records[i].Identifiers {
				if err := c.follow(id); err != nil {
					return err
				}
			}
		}
	}
	for k, r := range c.records {
		if r == nil {
			delete(c.records, k)
		}
	}
	return nil
}

func (c *component) addBase(base uint64) error {
	if c.bases[base] {
		return nil
	}
	c.bases[base] = true
	links, err := state.Links.By(c.tx, "base", state.NumberKey(base))
	if err != nil {
		return err
	}
	for _, l := range links {
		c.add(l.Record)
	}
	return nil
}

func (c *component) follow(id state.Identifier) error {
	if id.Weak || id.Former {
		return nil
	}
	key := id.Key()
	if c.seenID[string(key)] {
		return nil
	}
	c.seenID[string(key)] = true
	verdicts, err := state.Verdicts.By(c.tx, "identifier", key)
	if err != nil {
		return err
	}
	limit := identity.ManyHolders + 1
	for _, v := range verdicts {
		switch v.Kind {
		case state.VerdictShared:
			c.words.Shared[string(key)] = true
		case state.VerdictNotShared:
			c.words.Shared[string(key)] = false
			limit = 0
		}
	}
	holders, err := c.holders("identifier", key, limit)
	if err != nil {
		return err
	}
	c.add(holders...)
	return nil
}

func (c *component) holders(index string, key []byte, limit int) ([]uint64, error) {
	var out []uint64
	r := state.Range{Index: index, From: key, To: append(slices.Clone(key), 0), Limit: limit, KeysOnly: true}
	for d, err := range c.tx.Scan(state.Records.Kind, r) {
		if err != nil {
			return nil, err
		}
		out = append(out, state.KeyNumber(d.Key))
	}
	return out, nil
}

// nodes gives the component for grouping, with the verdicts that bind it.
func (c *component) nodes() ([]identity.Node, error) {
	var nodes []identity.Node
	homes := map[uint64]bool{}
	for _, k := range slices.Sorted(maps.Keys(c.records)) {
		r := c.records[k]
		if r.Kind != state.KindContact && r.Kind != state.KindOrganisation {
			continue
		}
		n := identity.Node{Record: r}
		if l := c.links[k]; l != nil {
			n.Home = l.Home
			homes[l.Home] = true
		}
		nodes = append(nodes, n)
	}
	seen := map[uint64]bool{}
	for _, h := range slices.Sorted(maps.Keys(homes)) {
		verdicts, err := state.Verdicts.By(c.tx, "customer", state.NumberKey(h))
		if err != nil {
			return nil, err
		}
		for _, v := range verdicts {
			if v.Kind == state.VerdictApart && !seen[v.Key] {
				seen[v.Key] = true
				c.words.Apart = append(c.words.Apart, identity.Apart{A: v.A, B: v.B})
			}
		}
	}
	return nodes, nil
}

// gather builds the component of the changed records, with those that have the same name and the
// other sides of open questions, so that every doubt among them can be judged.
func (t *telling) gather() (*component, error) {
	tx := t.w.Tx()
	c := newComponent(tx)
	c.add(slices.Sorted(maps.Keys(t.dirty))...)
	for _, r := range t.before {
		// Who shares what a record no longer has may stand differently now.
		for _, id := range r.Identifiers {
			if err := c.follow(id); err != nil {
				return nil, err
			}
		}
	}
	if err := c.grow(); err != nil {
		return nil, err
	}
	for _, k := range slices.Sorted(maps.Keys(c.records)) {
		for _, b := range c.records[k].Blocks {
			same, err := c.holders("block", state.TextKey(b), identity.ManyHolders+1)
			if err != nil {
				return nil, err
			}
			if len(same) <= identity.ManyHolders {
				c.add(same...)
			}
		}
	}
	for _, base := range slices.Sorted(maps.Keys(c.bases)) {
		questions, err := state.Questions.By(tx, "customer", state.NumberKey(base))
		if err != nil {
			return nil, err
		}
		for _, q := range questions {
			if q.Kind == state.QuestionMatch && q.State == state.QuestionOpen {
				c.add(q.RecordA, q.RecordB)
			}
		}
	}
	return c, c.grow()
}

// resolve links the changed records, and those around them, to customers.
func (t *telling) resolve() error {
	if len(t.dirty) == 0 {
		return nil
	}
	c, err := t.gather()
	if err != nil {
		return err
	}
	touched := map[uint64]bool{}
	// Records that are gone leave their customers.
	for k, l := range c.links {
		touched[l.Base], touched[l.Home] = true, true
		if c.records[k] == nil {
			if _, err := state.Links.Delete(t.w, state.NumberKey(k)); err != nil {
				return err
			}
			delete(c.links, k)
		}
	}
	if t.run != nil && t.run.State == state.RunUndone {
		for k, l := range c.links {
			touched[l.Home] = true
			c.links[k] = comeHome(l, t.run.Number)
		}
	}
	nodes, err := c.nodes()
	if err != nil {
		return err
	}
	groups, asks := identity.Partition(nodes, c.words)
	bases, err := t.number(c, groups)
	if err != nil {
		return err
	}
	baseOf := map[uint64]uint64{}
	for i, g := range groups {
		for _, n := range g.Nodes {
			baseOf[n.Record.Key] = bases[i]
			touched[bases[i]], touched[n.Home] = true, true
		}
	}
	if err := t.carry(c, baseOf); err != nil {
		return err
	}
	for i, g := range groups {
		for _, n := range g.Nodes {
			if err := t.link(c.links[n.Record.Key], n, bases[i], g, len(g.Nodes) > 1); err != nil {
				return err
			}
		}
	}
	if err := t.ask(c, asks, baseOf); err != nil {
		return err
	}
	delete(touched, 0)
	return t.s.refresh(t.w, slices.Sorted(maps.Keys(touched))...)
}

// number gives each group its customer number. A number stays with the oldest record that has it
// as home, and rather with one that never had another; a group takes the lowest of its numbers, or a new one. Nodes whose home went elsewhere
// get a new home, so that all records of one home are in one group.
func (t *telling) number(c *component, groups []identity.Group) ([]uint64, error) {
	claimed := map[uint64]int{} // home -> group
	for _, moved := range []bool{false, true} {
		oldest := map[uint64]uint64{}
		for i, g := range groups {
			for _, n := range g.Nodes {
				l := c.links[n.Record.Key]
				if n.Home == 0 || (l != nil && len(l.Was) > 0) != moved {
					continue
				}
				if _, taken := claimed[n.Home]; taken && oldest[n.Home] == 0 {
					continue // by one that was never anywhere else
				}
				if oldest[n.Home] == 0 || n.Record.Key < oldest[n.Home] {
					oldest[n.Home], claimed[n.Home] = n.Record.Key, i
				}
			}
		}
	}
	bases := make([]uint64, len(groups))
	for h, i := range claimed {
		if bases[i] == 0 || h < bases[i] {
			bases[i] = h
		}
	}
	for i := range groups {
		if bases[i] == 0 {
			n, err := state.Customers.Next(t.w)
			if err != nil {
				return nil, err
			}
			bases[i] = n
			if t.run != nil {
				t.run.Counts.Customers++
			}
		}
		for j := range groups[i].Nodes {
			n := &groups[i].Nodes[j]
			if n.Home == 0 || claimed[n.Home] != i {
				n.Home = bases[i]
			}
		}
	}
	return bases, nil
}

func (t *telling) link(old *state.Link, n identity.Node, base uint64, g identity.Group, joined bool) error {
	l := &state.Link{Record: n.Record.Key, Home: n.Home, Base: base, By: "rule", Evidence: g.Evidence[n.Record.Key], At: t.w.Cause.At}
	if len(l.Evidence) == 0 {
		l.Evidence = []state.Evidence{{Code: "first_seen"}}
	}
	if old != nil {
		l.Was = old.Was
		if old.Home != l.Home && t.run != nil && t.run.State != state.RunUndone {
			l.Was = append(slices.Clone(old.Was), state.Home{Customer: old.Home, Run: t.run.Number})
		}
		if old.By != "rule" && old.Home == l.Home {
			l.By = old.By
		}
		l.At = old.At
		if old.Home == l.Home && old.Base == l.Base && slices.EqualFunc(old.Evidence, l.Evidence, sameEvidence) {
			return nil
		}
		if old.Base != l.Base {
			l.At = t.w.Cause.At
		}
	} else if joined && t.run != nil && n.Record.Kind == state.KindContact {
		t.run.Counts.Linked++
	}
	return state.Links.Put(t.w, l)
}

// comeHome gives a link as it would be had a run not taken the record from its home.
func comeHome(l *state.Link, run uint64) *state.Link {
	i := slices.IndexFunc(l.Was, func(h state.Home) bool { return h.Run == run })
	if i < 0 {
		return l
	}
	n := *l
	n.Was = slices.Delete(slices.Clone(l.Was), i, i+1)
	if i == len(l.Was)-1 {
		n.Home = l.Was[i].Customer
	}
	n.At = n.At.Add(1) // stored anew, whatever else is the same
	return &n
}

func sameEvidence(a, b state.Evidence) bool {
	return a.Code == b.Code && a.Record == b.Record && a.Against == b.Against && a.Weight == b.Weight && maps.Equal(a.Args, b.Args)
}

// ask brings the open match questions around the component up to date with what is in doubt.
func (t *telling) ask(c *component, asks []identity.Candidate, baseOf map[uint64]uint64) error {
	wanted := map[string]*state.Question{}
	for _, a := range asks {
		x, y := baseOf[a.A], baseOf[a.B]
		ra, rb := a.A, a.B
		if x == y {
			continue
		}
		if y < x {
			x, y, ra, rb = y, x, rb, ra
		}
		topic := fmt.Sprintf("match:%d:%d", x, y)
		if wanted[topic] != nil && wanted[topic].Score >= a.Score {
			continue
		}
		wanted[topic] = &state.Question{Kind: state.QuestionMatch, Topic: topic, State: state.QuestionOpen, A: x, B: y,
			RecordA: ra, RecordB: rb, Reasons: a.Reasons, Score: a.Score, Options: []string{"yes", "no"}, Created: t.w.Cause.At,
			From: c.records[max(ra, rb)].Connection}
		if t.run != nil {
			wanted[topic].Run = t.run.Number
		}
	}
	bases := maps.Clone(c.bases)
	for _, b := range baseOf {
		bases[b] = true
	}
	looked := map[uint64]bool{}
	for _, base := range slices.Sorted(maps.Keys(bases)) {
		old, err := state.Questions.By(t.w.Tx(), "customer", state.NumberKey(base))
		if err != nil {
			return err
		}
		for _, q := range old {
			if q.Kind != state.QuestionMatch || looked[q.Number] {
				continue
			}
			looked[q.Number] = true
			w := wanted[q.Topic]
			switch {
			case w == nil && q.State == state.QuestionOpen:
				if _, err := state.Questions.Delete(t.w, state.NumberKey(q.Number)); err != nil {
					return err
				}
			case w != nil:
				delete(wanted, q.Topic)
				if q.State == state.QuestionOpen && (q.Score != w.Score || q.RecordA != w.RecordA || q.RecordB != w.RecordB || !slices.EqualFunc(q.Reasons, w.Reasons, sameEvidence)) {
					q.Score, q.Reasons, q.RecordA, q.RecordB = w.Score, w.Reasons, w.RecordA, w.RecordB
					if err := state.Questions.Put(t.w, q); err != nil {
						return err
					}
				}
			}
		}
	}
	for _, q := range slices.SortedFunc(maps.Values(wanted), func(a, b *state.Question) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.A, b.A), cmp.Compare(a.B, b.B))
	}) {
		old, err := state.Questions.By(t.w.Tx(), "topic", state.TextKey(q.Topic))
		if err != nil {
			return err
		}
		if len(old) > 0 {
			continue
		}
		if q.Number, err = state.Questions.Next(t.w); err != nil {
			return err
		}
		if err := state.Questions.Put(t.w, q); err != nil {
			return err
		}
		if t.run != nil {
			t.run.Counts.Asked++
		}
	}
	return nil
}
