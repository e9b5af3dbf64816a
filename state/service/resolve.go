package service

import (
	"maps"
	"slices"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

// finish makes anew what follows from the records that changed: organisations, links, questions,
// customers.
func (t *telling) finish() error {
	if err := t.people(); err != nil {
		return err
	}
	for _, key := range sortedKeys(t.companies) {
		if err := t.organisation(key); err != nil {
			return err
		}
	}
	if err := t.resolve(); err != nil {
		return err
	}
	// Who is one customer is known now, so that one person with two records is not two people. What
	// is found about a domain can move links again, and with them how many people another one has.
	for len(t.domains) > 0 {
		domains := sortedKeys(t.domains)
		clear(t.domains)
		clear(t.dirty)
		for _, d := range domains {
			if err := t.askDomain(d); err != nil {
				return err
			}
		}
		if err := t.resolve(); err != nil {
			return err
		}
	}
	return nil
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
	said    *wordsSaid
	spoken  map[uint64]bool     // numbers of those who are one by words with any of the records
	former  map[uint64][]uint64 // numbers that records had before they were gone
	met     *met
	fresh   bool // links are what is to be found out: none is followed
	known   *known
	asked   map[uint64]askedAbout // by base
}

func (s *Service) newComponent(tx state.Tx) (*component, error) {
	words, err := wordsOf(tx)
	if err != nil {
		return nil, err
	}
	met, err := s.newMet(tx)
	if err != nil {
		return nil, err
	}
	return emptyComponent(tx, words, met), nil
}

func emptyComponent(tx state.Tx, words *wordsSaid, met *met) *component {
	return &component{tx: tx, words: identity.Words{Shared: map[string]bool{}}, records: map[uint64]*state.Record{},
		links: map[uint64]*state.Link{}, seenID: map[string]bool{}, bases: map[uint64]bool{}, said: words,
		spoken: map[uint64]bool{}, former: map[uint64][]uint64{}, known: &known{}, met: met, asked: map[uint64]askedAbout{}}
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

// grow follows identifiers, pairs that are sure and present customers until nothing new comes.
func (c *component) grow() error {
	for len(c.queue) > 0 {
		batch := c.queue
		c.queue = nil
		slices.Sort(batch)
		keys := make([][]byte, len(batch))
		for i, k := range batch {
			keys[i] = state.NumberKey(k)
		}
		records, err := c.known.read(c.tx, batch)
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
				if !c.fresh {
					if err := c.addBase(links[i].Base); err != nil {
						return err
					}
				}
				if err := c.addSame(links[i].Homes()); err != nil {
					return err
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
		if err := c.weigh(records); err != nil {
			return err
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
	return keysBy(c.tx, state.Records.Kind, index, key, limit)
}

// keysBy gives the numbers of the documents that have an entry in an index; limit 0: all.
func keysBy(tx state.Tx, k *state.Kind, index string, entry []byte, limit int) ([]uint64, error) {
	var out []uint64
	r := state.Range{Index: index, From: entry, To: append(slices.Clone(entry), 0), Limit: limit, KeysOnly: true}
	for d, err := range tx.Scan(k, r) {
		if err != nil {
			return nil, err
		}
		out = append(out, state.KeyNumber(d.Key))
	}
	return out, nil
}

// nodes gives the component for grouping, with the verdicts that bind it.
func (c *component) nodes() []identity.Node {
	var nodes []identity.Node
	same, apart := pairSet{}, pairSet{}
	for _, k := range slices.Sorted(maps.Keys(c.records)) {
		r := c.records[k]
		if r.Kind != state.KindContact && r.Kind != state.KindOrganisation {
			continue
		}
		n := identity.Node{Record: r}
		if l := c.links[k]; l != nil {
			n.Homes = l.Homes()
		} else {
			n.Homes = c.former[k]
		}
		nodes = append(nodes, n)
		for _, h := range n.Homes {
			apart.add(c.said.apart[h])
		}
	}
	for _, h := range slices.Sorted(maps.Keys(c.spoken)) {
		same.add(c.said.same[h])
		apart.add(c.said.apart[h])
	}
	c.words.Same, c.words.Apart, c.words.Over = same.pairs, apart.pairs, c.said.over
	return nodes
}

// gather builds the component of the changed records, with those that are likely one with any of
// them and the other sides of open questions, so that every doubt among them can be judged.
func (t *telling) gather() (*component, error) {
	tx := t.w.Tx()
	c, err := t.s.newComponent(tx)
	if err != nil {
		return nil, err
	}
	c.known = &t.known
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
	if err := c.crossed(t.before, t.dirty); err != nil {
		return nil, err
	}
	if err := c.grow(); err != nil {
		return nil, err
	}
	return c, c.doubtful()
}

// doubtful adds those who are likely one with any of the component, and the other sides of open
// questions and doubts about it.
func (c *component) doubtful() error {
	c.add(c.met.likely()...)
	for _, base := range slices.Sorted(maps.Keys(c.bases)) {
		asked, err := c.askedAbout(base)
		if err != nil {
			return err
		}
		for _, q := range asked.questions {
			if q.Kind == state.QuestionMatch && q.State == state.QuestionOpen {
				c.add(q.RecordA, q.RecordB)
			}
		}
		for _, d := range asked.doubts {
			if !d.Settled {
				c.add(d.RecordA, d.RecordB)
			}
		}
	}
	return c.grow()
}

// resolve links the changed records, and those around them, to customers, and asks what is in
// doubt.
func (t *telling) resolve() error {
	if len(t.dirty) == 0 {
		return nil
	}
	if err := t.relink(); err != nil {
		return err
	}
	return t.promote()
}

func (t *telling) relink() error {
	c, err := t.gather()
	if err != nil {
		return err
	}
	// Views are made anew of those whose records or links change; all others were looked at only
	// because something might have joined them.
	touched := touch{}
	for k := range t.dirty {
		touched.link(c.links[k])
	}
	if err := t.bequeath(c, touched); err != nil {
		return err
	}
	if err := t.comeBack(c); err != nil {
		return err
	}
	nodes := c.nodes()
	groups, asks := identity.Partition(nodes, c.words, c.met.pairings(), c.met.judge)
	bases, err := t.number(groups)
	if err != nil {
		return err
	}
	baseOf := map[uint64]uint64{}
	for i, g := range groups {
		for _, n := range g.Nodes {
			baseOf[n.Record.Key] = bases[i]
		}
	}
	if err := t.carry(c, baseOf); err != nil {
		return err
	}
	for i, g := range groups {
		for _, n := range g.Nodes {
			if err := t.link(c.links[n.Record.Key], n, bases[i], g, len(g.Nodes) > 1, touched); err != nil {
				return err
			}
		}
	}
	if err := t.ask(c, asks, baseOf); err != nil {
		return err
	}
	if err := t.keepMade(groups, bases); err != nil {
		return err
	}
	delete(touched, 0)
	maps.DeleteFunc(touched, func(n uint64, _ bool) bool { return t.known.made[n] })
	return t.s.refresh(t.w, slices.Sorted(maps.Keys(touched))...)
}

// touch is the numbers of customers whose views are to be made anew.
type touch map[uint64]bool

func (t touch) link(l *state.Link) {
	if l == nil {
		return
	}
	t[l.Base] = true
	for _, h := range l.Homes() {
		t[h] = true
	}
}

// bequeath removes the links of records that are no more. The numbers that were theirs go to the
// oldest record that was one customer with them by rule, so that what people entered stays there.
func (t *telling) bequeath(c *component, touched touch) error {
	heirs := map[uint64]uint64{} // by base: the oldest record that stays
	var gone []uint64
	for _, k := range slices.Sorted(maps.Keys(c.links)) {
		if c.records[k] == nil {
			gone = append(gone, k)
		} else if base := c.links[k].Base; heirs[base] == 0 {
			heirs[base] = k
		}
	}
	if len(gone) == 0 {
		return nil
	}
	before := map[uint64]*state.Record{}
	for _, r := range t.before {
		if before[r.Key] == nil {
			before[r.Key] = r
		}
	}
	for _, k := range gone {
		old := c.links[k]
		touched.link(old)
		delete(c.links, k)
		if _, err := state.Links.Delete(t.w, state.NumberKey(k)); err != nil {
			return err
		}
		heir := c.links[heirs[old.Base]]
		if heir == nil {
			if err := t.leave(before[k], old.Homes()); err != nil {
				return err
			}
			continue
		}
		heir = takeOver(heir, old.Homes())
		c.links[heir.Record] = heir
		if err := state.Links.Put(t.w, heir); err != nil {
			return err
		}
	}
	return nil
}

// leave remembers the numbers of a record that is gone, for when it is told again; r is what it was,
// nil where nobody knows.
func (t *telling) leave(r *state.Record, homes []uint64) error {
	if r == nil || len(homes) == 0 {
		return nil
	}
	return state.FormerHomes.Put(t.w, &state.FormerHome{Connection: r.Connection, Kind: r.Kind, ID: r.ID, Homes: homes})
}

// comeBack gives records that are told again the numbers that they had, where nobody has them now.
func (t *telling) comeBack(c *component) error {
	for _, k := range slices.Sorted(maps.Keys(c.records)) {
		r := c.records[k]
		if c.links[k] != nil || !t.dirty[k] {
			continue
		}
		key := state.RecordKey(r.Connection, r.Kind, r.ID)
		left, err := state.FormerHomes.Find(t.w.Tx(), key)
		if err != nil {
			return err
		}
		if left == nil {
			continue
		}
		for _, h := range left.Homes {
			holders, err := state.Links.By(t.w.Tx(), "home", state.NumberKey(h))
			if err != nil {
				return err
			}
			if len(holders) == 0 {
				c.former[k] = append(c.former[k], h)
			}
		}
		if _, err := state.FormerHomes.Delete(t.w, key); err != nil {
			return err
		}
		if err := c.addSame(c.former[k]); err != nil {
			return err
		}
	}
	if len(c.queue) == 0 {
		return nil
	}
	if err := c.grow(); err != nil {
		return err
	}
	return c.doubtful()
}

// takeOver gives a link that has more homes.
func takeOver(l *state.Link, homes []uint64) *state.Link {
	n := *l
	n.Also = append(slices.Clone(l.Also), homes...)
	if n.Home == 0 && len(n.Also) > 0 {
		n.Home, n.Also = n.Also[0], n.Also[1:]
	}
	slices.Sort(n.Also)
	return &n
}

// number gives each group its customer number: the lowest that is home to one of its records, or
// a new one, which then is its oldest record's home.
func (t *telling) number(groups []identity.Group) ([]uint64, error) {
	bases := make([]uint64, len(groups))
	t.known.made = map[uint64]bool{}
	for i, g := range groups {
		for _, n := range g.Nodes {
			for _, h := range n.Homes {
				if bases[i] == 0 || h < bases[i] {
					bases[i] = h
				}
			}
		}
		if bases[i] != 0 {
			continue
		}
		n, err := state.Customers.Next(t.w)
		if err != nil {
			return nil, err
		}
		bases[i], g.Nodes[0].Homes = n, []uint64{n}
		t.known.made[n] = true
		if t.run != nil {
			t.run.Counts.Customers++
		}
	}
	return bases, nil
}

func (t *telling) link(old *state.Link, n identity.Node, base uint64, g identity.Group, joined bool, touched touch) error {
	l := &state.Link{Record: n.Record.Key, Base: base, By: "rule", Evidence: g.Evidence[n.Record.Key], At: t.w.Cause.At}
	if len(n.Homes) > 0 {
		l.Home, l.Also = n.Homes[0], slices.Clone(n.Homes[1:])
	}
	if len(l.Evidence) == 0 {
		l.Evidence = []state.Evidence{{Code: "first_seen"}}
	}
	if old != nil {
		if old.By != "rule" && old.Home == l.Home {
			l.By = old.By
		}
		l.At = old.At
		if t.dirty[l.Record] {
			touched.link(l)
		}
		if old.Home == l.Home && old.Base == l.Base && slices.EqualFunc(old.Evidence, l.Evidence, sameEvidence) {
			return nil
		}
		if old.Base != l.Base {
			l.At = t.w.Cause.At
			if n.Record.Domain != "" {
				t.domains[n.Record.Domain] = true
			}
		}
	} else if joined && t.run != nil && n.Record.Kind == state.KindContact {
		t.run.Counts.Linked++
	}
	touched.link(old)
	touched.link(l)
	return state.Links.Put(t.w, l)
}

func sameEvidence(a, b state.Evidence) bool {
	return a.Code == b.Code && a.Record == b.Record && a.Against == b.Against && a.Weight == b.Weight && maps.Equal(a.Args, b.Args)
}
