package engine

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
)

// fuse ends a process: when it has burnt down nothing that the engine asks for happens any more.
type fuse struct {
	left int // events until it is over; negative: never
	dead bool
}

func (f *fuse) burn() bool {
	if f.left == 0 {
		f.dead = true
	}
	if f.left >= 0 {
		f.left--
	}
	return f.dead
}

var errDead = &state.Error{Class: state.Unavailable, Code: "state_closed"}

// mortal is a store whose process may end before or behind any commit.
type mortal struct {
	state.Store
	fuse *fuse
}

func (m mortal) View(ctx context.Context, fn func(state.Tx) error) error {
	if m.fuse.dead {
		return errDead
	}
	return m.Store.View(ctx, fn)
}

func (m mortal) Update(ctx context.Context, fn func(state.Tx) error) error {
	if m.fuse.burn() {
		return errDead
	}
	if err := m.Store.Update(ctx, fn); err != nil {
		return err
	}
	if m.fuse.burn() {
		return errDead
	}
	return nil
}

// remote is an outside system in memory with an own clock, own people, and faults. It tells changes
// by their time; what takes long to commit shows up late, at the time when it began.
type remote struct {
	w         *simulation
	name      string
	matrix    []connectors.FieldSpec
	matches   bool // it refuses a write that expects another version
	deletes   bool
	finds     bool
	fetches   bool
	counts    bool // it has a census
	tombs     bool // it tells what is gone
	once      bool // the same intent twice makes one thing
	formats   bool // it writes phones and tags in its own way
	late      int  // how many ticks an edit may take to be seen
	skew      int  // ticks that its clock is ahead
	contacts  map[string]*contact
	keys      map[string]string // by intent key
	next      int
	seq       int
	made      map[string]int // by person: what the engine created
	deleted   map[string]int
	expire    bool // the next cursor is refused
	faults    bool
	writes    int
	lose      bool              // the next answer to a write is lost
	down      bool              // it does not answer
	before    func(call string) // what people do before a call; nil: nothing
	midway    func()            // an edit by people while the engine is at work; nil: none
	conflicts int
}

type contact struct {
	id       string
	person   int
	fields   map[string][]string
	said     []connectors.Consent
	version  int
	modified int // tick of its own clock
	gone     bool
	marked   bool // people put the mark of an opt-out there
}

func (s *remote) field(name string) *connectors.FieldSpec {
	i := slices.IndexFunc(s.matrix, func(f connectors.FieldSpec) bool { return f.Field == name })
	if i < 0 {
		return nil
	}
	return &s.matrix[i]
}

// keep is how the system holds values.
func (s *remote) keep(field string, vals []string) []string {
	f := s.field(field)
	if f == nil {
		return nil
	}
	var out []string
	for _, v := range vals {
		if v = strings.TrimSpace(v); v == "" {
			continue
		}
		if s.formats && field == "phone" {
			v = strings.ReplaceAll(v, " ", "")
		}
		if s.formats && field == "tag" {
			v = strings.ToUpper(v)
		}
		if r := []rune(v); f.Long > 0 && len(r) > f.Long {
			v = strings.TrimSpace(string(r[:f.Long]))
		}
		out = append(out, v)
	}
	if f.Many > 0 && len(out) > f.Many {
		out = out[:f.Many]
	}
	return out
}

func (s *remote) now() int { return s.w.tick + s.skew }

// touch keeps that a contact changed; late by some ticks.
func (s *remote) touch(c *contact, late int) {
	s.seq++
	c.version, c.modified = s.seq, s.now()-late
}

func (s *remote) live(person int) *contact {
	for _, id := range s.ids() {
		if c := s.contacts[id]; c.person == person && !c.gone {
			return c
		}
	}
	return nil
}

func (s *remote) ids() []string {
	ids := make([]string, 0, len(s.contacts))
	for id := range s.contacts {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

func at(tick int) time.Time { return noon.Add(time.Duration(tick) * time.Second) }

func (s *remote) record(c *contact) connectors.Record {
	r := connectors.Record{Kind: connectors.Contact, ID: c.id, Keyed: connectors.KeyedID, Version: connectors.Version(fmt.Sprint(c.version)),
		Modified: at(c.modified), Consents: slices.Clone(c.said)}
	for name, vals := range c.fields {
		f := connectors.Field{Name: name}
		for _, v := range vals {
			f.Values = append(f.Values, connectors.Value{Text: v})
		}
		if len(vals) > 0 {
			r.Fields = append(r.Fields, f)
		}
	}
	slices.SortFunc(r.Fields, func(a, b connectors.Field) int { return strings.Compare(a.Name, b.Name) })
	return r
}

var errDown = &connectors.Error{Class: connectors.Transient, Text: "the system does not answer"}

// call begins a call of the engine; it may fail before anything happened.
func (s *remote) call(what string) error {
	s.w.tick++
	if s.w.fuse.burn() {
		return errDown
	}
	if s.before != nil {
		s.before(what)
	}
	if s.down {
		return errDown
	}
	if s.midway != nil && s.w.random.IntN(4) == 0 {
		s.midway()
	}
	if s.faults && s.w.random.IntN(8) == 0 {
		s.w.note("%s fails to %s", s.name, what)
		if s.w.random.IntN(4) == 0 {
			return &connectors.Error{Class: connectors.RateLimited, Text: "slower, please", After: time.Second}
		}
		return errDown
	}
	return nil
}

// answer ends a call that wrote; its answer may be lost.
func (s *remote) answer(what string) error {
	if s.w.fuse.burn() {
		return errDown
	}
	if s.lose || s.faults && s.w.random.IntN(6) == 0 {
		s.lose = false
		s.w.note("%s loses the answer to %s", s.name, what)
		return &connectors.Error{Class: connectors.Ambiguous, Text: "the answer was lost"}
	}
	return nil
}

func (s *remote) Check(context.Context) error { return nil }

// Pull tells contacts in the order of their times, two at a time. A pull that is done says up to
// when; the next begins so much earlier that nothing that was late is missed.
func (s *remote) Pull(_ context.Context, _ connectors.Kind, from connectors.Cursor) (connectors.Page, error) {
	if err := s.call("pull"); err != nil {
		return connectors.Page{}, err
	}
	if s.expire && from != "" {
		s.expire = false
		s.w.note("%s forgot its cursors", s.name)
		return connectors.Page{}, &connectors.Error{Class: connectors.CursorExpired, Text: "the cursor is too old"}
	}
	start, after, high := -1<<30, "", -1<<30
	if from != "" {
		_, _ = fmt.Sscanf(string(from), "%d/%d/%s", &high, &start, &after)
	}
	var all []*contact
	for _, id := range s.ids() {
		if c := s.contacts[id]; !c.gone || s.tombs {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b *contact) int { return cmp.Or(cmp.Compare(a.modified, b.modified), cmp.Compare(a.id, b.id)) })
	var p connectors.Page
	for _, c := range all {
		if c.modified < start || c.modified == start && after != "" && c.id <= after {
			continue
		}
		if len(p.Changes) == 2 {
			p.More = true
			break
		}
		p.Told++
		ch := connectors.Change{Record: s.record(c)}
		if c.gone {
			ch = connectors.Change{Gone: true, Record: connectors.Record{Kind: connectors.Contact, ID: c.id}}
		}
		p.Changes = append(p.Changes, ch)
		start, after, high = c.modified, c.id, max(high, c.modified)
	}
	if !p.More {
		start, after = max(high-s.late, -1<<30), ""
	}
	p.Next = connectors.Cursor(fmt.Sprintf("%d/%d/%s", high, start, after))
	return p, nil
}

func (s *remote) Push(_ context.Context, in connectors.Intent) (connectors.Record, error) {
	if err := s.call("push"); err != nil {
		return connectors.Record{}, err
	}
	c := s.contacts[in.Record.ID]
	if in.Record.ID == "" {
		if c = s.contacts[s.keys[in.Key]]; c == nil || !s.once {
			s.next++
			c = &contact{id: fmt.Sprintf("%s-k%d", s.name, s.next), fields: map[string][]string{}, person: s.w.personOf(in.Record.Fields)}
			s.contacts[c.id], s.keys[in.Key] = c, c.id
			s.made[fmt.Sprint(c.person)]++
			for _, f := range in.Record.Fields {
				c.fields[f.Name] = s.keep(f.Name, texts(f.Values))
			}
			c.said = slices.Clone(in.Record.Consents)
			s.touch(c, 0)
			s.writes++
			s.w.note("%s: created %s for %d: %v", s.name, c.id, c.person, c.fields)
		}
		return s.record(c), s.answer("create " + c.id)
	}
	if c == nil || c.gone {
		return connectors.Record{}, &connectors.Error{Class: connectors.NotFound, Text: "there is no such contact"}
	}
	if s.matches && string(in.Expect) != fmt.Sprint(c.version) {
		s.conflicts++
		s.w.note("%s: %s is of another version", s.name, c.id)
		return connectors.Record{}, &connectors.Error{Class: connectors.Conflict, Text: "the contact was changed"}
	}
	for _, name := range in.Changed {
		if name == "consent" {
			for _, old := range c.said {
				if old.State == connectors.OptedOut && !slices.ContainsFunc(in.Record.Consents, func(n connectors.Consent) bool { return n.State == connectors.OptedOut }) {
					s.w.fail("%s was told to weaken %v to %v", c.id, old, in.Record.Consents)
				}
			}
			c.said = slices.Clone(in.Record.Consents)
			continue
		}
		var vals []string
		for _, f := range in.Record.Fields {
			if f.Name == name {
				vals = texts(f.Values)
			}
		}
		if f := s.field(name); f == nil || !f.Write {
			s.w.fail("%s was told to write %s", s.name, name)
		}
		s.w.note("%s: wrote %s %s %q -> %q", s.name, c.id, name, c.fields[name], vals)
		if name == "tag" {
			c.marked = c.marked && hasMark(vals)
		}
		c.fields[name] = s.keep(name, vals)
	}
	s.writes++
	s.touch(c, 0)
	return s.record(c), s.answer("push " + c.id)
}

func texts(vals []connectors.Value) []string {
	var out []string
	for _, v := range vals {
		out = append(out, v.Text)
	}
	return out
}

func (s *remote) fetch(_ context.Context, _ connectors.Kind, ids []string) ([]connectors.Record, error) {
	if err := s.call("fetch"); err != nil {
		return nil, err
	}
	var out []connectors.Record
	for _, id := range ids {
		if c := s.contacts[id]; c != nil && !c.gone {
			out = append(out, s.record(c))
		}
	}
	return out, nil
}

func (s *remote) find(_ context.Context, in connectors.Intent) (connectors.Record, bool, error) {
	if err := s.call("find"); err != nil {
		return connectors.Record{}, false, err
	}
	c := s.contacts[cmp.Or(in.Record.ID, s.keys[in.Key])]
	if c == nil || c.gone {
		return connectors.Record{}, false, nil
	}
	return s.record(c), true, nil
}

func (s *remote) remove(_ context.Context, in connectors.Intent) error {
	if err := s.call("delete"); err != nil {
		return err
	}
	c := s.contacts[in.Record.ID]
	if c == nil || c.gone {
		return nil
	}
	if s.matches && in.Expect != "" && string(in.Expect) != fmt.Sprint(c.version) {
		return &connectors.Error{Class: connectors.Conflict, Text: "the contact was changed"}
	}
	s.w.note("%s: deleted %s", s.name, c.id)
	c.gone = true
	s.touch(c, 0)
	s.writes++
	s.deleted[fmt.Sprint(c.person)]++
	return s.answer("delete " + c.id)
}

func (s *remote) census(_ context.Context, _ connectors.Kind, from connectors.Cursor) (connectors.CensusPage, error) {
	if err := s.call("census"); err != nil {
		return connectors.CensusPage{}, err
	}
	p := connectors.CensusPage{Live: map[string]connectors.Version{}}
	for _, id := range s.ids() {
		if c := s.contacts[id]; !c.gone && connectors.Cursor(id) > from {
			if len(p.Live) == 2 {
				p.More = true
				break
			}
			p.Live[id] = connectors.Version(fmt.Sprint(c.version))
			p.Next = connectors.Cursor(id)
		}
	}
	return p, nil
}

// What a system can do beside telling and writing, each alone, to be joined.
type (
	simDeleter struct{ s *remote }
	simFinder  struct{ s *remote }
	simFetcher struct{ s *remote }
	simCensus  struct{ s *remote }
)

func (d simDeleter) Delete(ctx context.Context, in connectors.Intent) error {
	return d.s.remove(ctx, in)
}
func (f simFinder) Find(ctx context.Context, in connectors.Intent) (connectors.Record, bool, error) {
	return f.s.find(ctx, in)
}
func (f simFetcher) Fetch(ctx context.Context, k connectors.Kind, ids []string) ([]connectors.Record, error) {
	return f.s.fetch(ctx, k, ids)
}
func (c simCensus) Census(ctx context.Context, k connectors.Kind, from connectors.Cursor) (connectors.CensusPage, error) {
	return c.s.census(ctx, k, from)
}

// connector gives the system as one that can do what this one can.
func (s *remote) connector() connectors.Connector {
	d, f, g, c := simDeleter{s}, simFinder{s}, simFetcher{s}, simCensus{s}
	switch [4]bool{s.deletes, s.finds, s.fetches, s.counts} {
	case [4]bool{true, false, false, false}:
		return struct {
			*remote
			simDeleter
		}{s, d}
	case [4]bool{false, true, false, false}:
		return struct {
			*remote
			simFinder
		}{s, f}
	case [4]bool{false, false, true, false}:
		return struct {
			*remote
			simFetcher
		}{s, g}
	case [4]bool{false, false, false, true}:
		return struct {
			*remote
			simCensus
		}{s, c}
	case [4]bool{true, true, false, false}:
		return struct {
			*remote
			simDeleter
			simFinder
		}{s, d, f}
	case [4]bool{true, false, true, false}:
		return struct {
			*remote
			simDeleter
			simFetcher
		}{s, d, g}
	case [4]bool{true, false, false, true}:
		return struct {
			*remote
			simDeleter
			simCensus
		}{s, d, c}
	case [4]bool{false, true, true, false}:
		return struct {
			*remote
			simFinder
			simFetcher
		}{s, f, g}
	case [4]bool{false, true, false, true}:
		return struct {
			*remote
			simFinder
			simCensus
		}{s, f, c}
	case [4]bool{false, false, true, true}:
		return struct {
			*remote
			simFetcher
			simCensus
		}{s, g, c}
	case [4]bool{true, true, true, false}:
		return struct {
			*remote
			simDeleter
			simFinder
			simFetcher
		}{s, d, f, g}
	case [4]bool{true, true, false, true}:
		return struct {
			*remote
			simDeleter
			simFinder
			simCensus
		}{s, d, f, c}
	case [4]bool{true, false, true, true}:
		return struct {
			*remote
			simDeleter
			simFetcher
			simCensus
		}{s, d, g, c}
	case [4]bool{false, true, true, true}:
		return struct {
			*remote
			simFinder
			simFetcher
			simCensus
		}{s, f, g, c}
	case [4]bool{true, true, true, true}:
		return struct {
			*remote
			simDeleter
			simFinder
			simFetcher
			simCensus
		}{s, d, f, g, c}
	}
	return s
}

// newRemote makes up a system.
func newRemote(w *simulation, i int) *remote {
	r := w.random
	s := &remote{w: w, name: []string{"book", "crm", "news", "shop", "till"}[i], contacts: map[string]*contact{}, keys: map[string]string{},
		made: map[string]int{}, deleted: map[string]int{}}
	coin := func() bool { return r.IntN(2) == 0 }
	s.matches, s.deletes, s.finds, s.fetches, s.once, s.formats = coin(), coin(), coin(), coin(), coin(), coin()
	s.tombs = coin()
	s.counts = !s.tombs || coin()
	s.late, s.skew = 3*r.IntN(4), r.IntN(100)-50
	for _, f := range []string{"email", "given", "family", "company", "title", "note", "phone", "tag", "consent"} {
		spec := connectors.FieldSpec{Field: f, Read: true, Write: true, Many: 1}
		if simLists[f] {
			spec.Many = 0
		}
		if f != "email" && f != "given" && f != "family" && r.IntN(5) == 0 {
			continue
		}
		switch {
		case f == "phone":
			spec.Many = []int{0, 0, 1, 1, 2}[r.IntN(5)]
		case f == "company" || f == "note":
			spec.Long = []int{0, 0, 20}[r.IntN(3)]
		case f == "title" && r.IntN(4) == 0:
			spec.Write = false
		}
		s.matrix = append(s.matrix, spec)
	}
	return s
}

var simLists = map[string]bool{"email": true, "phone": true, "tag": true}

// same says whether two systems say the same in a field, as far as both can hold it.
func (s *remote) same(field string, a []string, t *remote, b []string) bool {
	if !simLists[field] {
		return slices.Equal(s.keep(field, t.keep(field, a)), t.keep(field, s.keep(field, b)))
	}
	return slices.Equal(keysOf(field, a), keysOf(field, b))
}

// keysOf gives elements as they are compared.
func keysOf(field string, vals []string) []string {
	var out []string
	for _, v := range vals {
		switch field {
		case "phone":
			v = strings.ReplaceAll(v, " ", "")
		default:
			v = strings.ToLower(v)
		}
		out = append(out, v)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }
