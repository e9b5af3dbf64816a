package service

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
	"github.com/keptcrm/kept/state/statetest"
)

// world is a service on a state of its own, with a clock that moves a minute with each operation.
type world struct {
	t     rapid.TB
	tb    testing.TB
	s     *Service
	store state.Store
	now   time.Time
}

func newWorld(tb testing.TB, t rapid.TB) *world {
	w := &world{t: t, tb: tb, store: statetest.Mem(), now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
	w.s = New(w.store, nil, Config{Region: "DE", Zone: "UTC"}, func() time.Time { return w.now })
	return w
}

// contact is one contact as a connection tells it.
type contact struct {
	conn, id, email, phone, given, family, company, said string
	covers                                               string // the fields that it speaks of; "": all
}

func (p contact) told() Told {
	v := state.Version{Covers: strings.Fields(p.covers)}
	field := func(name, text string) {
		if text != "" {
			v.Fields = append(v.Fields, state.Field{Name: name, Values: []state.Value{{Text: text}}})
		}
	}
	field("company", p.company)
	field("email", p.email)
	field("family", p.family)
	field("given", p.given)
	field("phone", p.phone)
	if p.said != "" && p.email != "" {
		v.Consents = []state.Said{{Channel: "email", Purpose: "marketing", State: p.said, Address: p.email, Field: "said", Words: p.said}}
	}
	keyed := state.KeyedID
	if p.conn == "mail" {
		keyed = state.KeyedContent
	}
	return Told{Connection: p.conn, Kind: state.KindContact, ID: p.id, Keyed: keyed, Version: v}
}

// tell is one run that tells some records.
func (w *world) tell(conn string, people ...contact) uint64 {
	w.t.Helper()
	var told []Told
	for _, p := range people {
		told = append(told, p.told())
	}
	return w.importRun(conn, told)
}

func (w *world) importRun(conn string, told []Told) uint64 {
	w.now = w.now.Add(time.Minute)
	var number uint64
	err := w.s.Do(context.Background(), "import.page", nil, func(wr *state.Writer) error {
		n, err := state.Runs.Next(wr)
		if err != nil {
			return err
		}
		number = n
		run := &state.Run{Number: n, Kind: "import", Connection: conn, State: state.RunDone, Started: w.now}
		if _, err := w.s.Tell(wr, run, told); err != nil {
			return err
		}
		return state.Runs.Put(wr, run)
	})
	w.must(err)
	return number
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatalf("%v", err)
	}
}

func (w *world) tick() context.Context {
	w.now = w.now.Add(time.Minute)
	return context.Background()
}

// live gives the numbers of customers as people see them.
func (w *world) live() []uint64 {
	var out []uint64
	w.must(w.s.Look(context.Background(), func(tx state.Tx, _ time.Time) error {
		out = nil
		for c, err := range state.Customers.All(tx, state.Range{Index: "live"}) {
			if err != nil {
				return err
			}
			out = append(out, c.Number)
		}
		return nil
	}))
	return out
}

// people is live without organisations: those come and go with whoever names them.
func (w *world) people() []uint64 {
	return slices.DeleteFunc(w.live(), func(n uint64) bool {
		ref := CustomerRef{}
		w.must(w.s.Look(context.Background(), func(tx state.Tx, _ time.Time) (err error) {
			ref, err = w.s.refOf(tx, n)
			return err
		}))
		return ref.Kind != state.Person
	})
}

// picture is everything that is believed and asked, as it is stored.
func (w *world) picture() map[string]string {
	all := statetest.Dump(w.tb, w.store)
	maps.DeleteFunc(all, func(place, _ string) bool {
		for _, keep := range []string{"customer", "link", "record", "setting", "promise", "question", "consent", "activity", "relation"} {
			if strings.HasPrefix(place, keep) || strings.Contains(place, "/"+keep) {
				return false
			}
		}
		return true
	})
	for place, stored := range all {
		// Revisions count writes; what is stored is what matters.
		_, all[place], _ = strings.Cut(stored, " ")
		_, all[place], _ = strings.Cut(all[place], " ")
	}
	return all
}

// story says what is believed without any number, so that two states with other numbers compare.
func (w *world) story() []string {
	var out []string
	w.must(w.s.Look(context.Background(), func(tx state.Tx, _ time.Time) error {
		out = nil
		for c, err := range state.Customers.All(tx, state.Range{Index: "live"}) {
			if err != nil {
				return err
			}
			line := []string{c.Kind, c.Name, c.Stage, strings.Join(c.Tags, "+")}
			var records []string
			for _, k := range c.Records {
				r, err := state.Records.Number(tx, k)
				if err != nil {
					return err
				}
				records = append(records, r.Connection+"/"+r.ID+"("+recordLine(r)+")")
			}
			slices.Sort(records)
			line = append(line, records...)
			var ids []string
			for _, a := range c.Identifiers {
				ids = append(ids, fmt.Sprintf("%s:%s:%v", a.Type, a.Match, a.Former))
			}
			slices.Sort(ids)
			line = append(line, ids...)
			entered, err := w.entries(tx, c)
			if err != nil {
				return err
			}
			line = append(line, entered...)
			out = append(out, strings.Join(line, " | "))
		}
		for q, err := range state.Questions.All(tx, state.Range{}) {
			if err != nil {
				return err
			}
			var sides []string
			for _, k := range []uint64{q.RecordA, q.RecordB} {
				if r, err := state.Records.Find(tx, state.NumberKey(k)); err != nil {
					return err
				} else if r != nil {
					sides = append(sides, r.Connection+"/"+r.ID)
				}
			}
			slices.Sort(sides)
			var reasons []string
			for _, r := range q.Reasons {
				reasons = append(reasons, r.Code)
			}
			out = append(out, "? "+q.State+" "+q.Kind+" "+q.Where+strings.Join(sides, " ")+" "+strings.Join(reasons, ","))
		}
		for c, err := range state.Consents.All(tx, state.Range{}) {
			if err != nil {
				return err
			}
			if !strings.HasPrefix(c.Source, "split:") && !strings.HasPrefix(c.Source, partedPrefix) {
				// What later runs carried from one part of a customer to another stays: it errs on the side of no.
				out = append(out, "! "+c.Identifier.Match+" "+c.Channel+" "+c.State)
			}
		}
		slices.Sort(out)
		return nil
	}))
	return out
}

var pools = struct{ emails, phones, given, family, companies, said []string }{
	emails:    []string{"", "jana@x.example", "li.wei@y.example", "p.k@gmail.com", "info@z.example", "omar@x.example", "x@w.example"},
	phones:    []string{"", "+49 451 901820", "+86 138 0013 8000", "0451 901821"},
	given:     []string{"", "Jana", "J.", "Peter", "伟", "Wei", "عمر"},
	family:    []string{"", "Köhler", "Koehler", "Li", "李"},
	companies: []string{"", "", "Sternwarte Lübeck e.V.", "ACME GmbH", "Museum"},
	said:      []string{"", "", "granted", "withheld", "opted_out", "undeliverable"},
}

func drawPerson(t *rapid.T, conn string) contact {
	pick := func(list []string, label string) string { return rapid.SampledFrom(list).Draw(t, label) }
	return contact{conn: conn, id: fmt.Sprint(rapid.IntRange(1, 4).Draw(t, "id")), email: pick(pools.emails, "email"),
		phone: pick(pools.phones, "phone"), given: pick(pools.given, "given"), family: pick(pools.family, "family"),
		company: pick(pools.companies, "company"), said: pick(pools.said, "said")}
}

func differ(t rapid.TB, what string, got, want map[string]string) {
	t.Helper()
	for _, k := range slices.Sorted(maps.Keys(want)) {
		if got[k] != want[k] {
			t.Errorf("%s: %s\n got %q\nwant %q", what, k, got[k], want[k])
		}
	}
	for _, k := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[k]; !ok {
			t.Errorf("%s: %s is there and should not be: %q", what, k, got[k])
		}
	}
}

// Unmerge after a merge and later operations equals those operations without the merge, with
// those on the survivor staying with its half.
func TestUnmergeEqualsNeverMerged(t *testing.T) {
	t.Parallel()
	merges := 0
	rapid.Check(t, func(rt *rapid.T) {
		before := drawOps(rt, "before", nil)
		with := newWorld(t, rt)
		with.do(before)
		numbers := with.people()
		if len(numbers) < 2 {
			return
		}
		a := rapid.SampledFrom(numbers).Draw(rt, "survivor")
		b := rapid.SampledFrom(numbers).Draw(rt, "absorbed")
		if a == b {
			return
		}
		later := drawOps(rt, "later", []uint64{a})
		out, err := with.s.Merge(with.tick(), MergeIn{A: state.Customers.Ref(a), B: state.Customers.Ref(b)})
		if state.IsCode(err, "merge_two_kinds") {
			return
		}
		with.must(err)
		if out.Customer.Number != state.Customers.Ref(a) {
			rt.Fatalf("merged into %s, not c%d", out.Customer.Number, a)
		}
		merges++
		with.do(later)
		if _, err := with.s.Unmerge(with.tick(), UnmergeIn{Ref: state.Customers.Ref(b)}); err != nil {
			rt.Fatal(err)
		}

		without := newWorld(t, rt)
		without.do(before)
		without.tick()
		without.do(later)
		differ(rt, "unmerged", with.picture(), without.picture())
	})
	if merges == 0 {
		t.Fatal("nothing was ever merged: the test tests nothing")
	}
}

// Taking an import back after later operations equals those operations without it.
func TestUndoEqualsNeverImported(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		before := drawOps(rt, "before", nil)
		with := newWorld(t, rt)
		with.do(before)
		homes := with.people()
		conn := rapid.SampledFrom([]string{"shop", "book", "mail"}).Draw(rt, "conn")
		var told []Told
		for range rapid.IntRange(1, 5).Draw(rt, "told") {
			told = append(told, drawTold(rt, conn)...)
		}
		run := with.importRun(conn, told)
		later := drawOps(rt, "later", homes)
		with.do(later)
		if _, err := with.s.ImportUndo(with.tick(), ImportUndoIn{Run: state.Runs.Ref(run)}); err != nil {
			rt.Fatal(err)
		}

		without := newWorld(t, rt)
		without.do(before)
		without.tick()
		without.do(later)
		got, want := with.story(), without.story()
		if !slices.Equal(got, want) {
			rt.Errorf("after undo:\n got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
		}
	})
}

// No later import or merge makes somebody contactable who was not.
func TestNothingMakesContactable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t, rt)
		refusedAddress, refusedPerson := map[string]bool{}, map[string]bool{}
		for range rapid.IntRange(1, 10).Draw(rt, "steps") {
			numbers := w.live()
			if len(numbers) > 1 && rapid.IntRange(0, 3).Draw(rt, "merge") == 0 {
				a, b := rapid.SampledFrom(numbers).Draw(rt, "a"), rapid.SampledFrom(numbers).Draw(rt, "b")
				if _, err := w.s.Merge(w.tick(), MergeIn{A: state.Customers.Ref(a), B: state.Customers.Ref(b)}); err != nil && !state.IsCode(err, "merge_two_kinds") {
					rt.Fatal(err)
				}
			} else {
				conn := rapid.SampledFrom([]string{"shop", "book", "mail"}).Draw(rt, "conn")
				w.tell(conn, drawPerson(rt, conn))
			}
			addresses, persons := w.refused()
			for a := range refusedAddress {
				if !addresses[a] {
					rt.Fatalf("%s refused contact and is contactable now", a)
				}
			}
			for p := range refusedPerson {
				if persons[p] == nil {
					continue
				}
				if !*persons[p] {
					rt.Fatalf("the person of record %s refused contact and is contactable now", p)
				}
			}
			maps.Copy(refusedAddress, addresses)
			for p, r := range persons {
				if *r {
					refusedPerson[p] = true
				}
			}
		}
	})
}

// refused gives the e-mail addresses that refuse marketing, and for each contact record whether
// its customer does.
func (w *world) refused() (map[string]bool, map[string]*bool) {
	addresses, persons := map[string]bool{}, map[string]*bool{}
	w.must(w.s.Look(context.Background(), func(tx state.Tx, now time.Time) error {
		clear(addresses)
		clear(persons)
		for _, e := range pools.emails {
			id := identity.EmailIdentifier(e)
			list, err := statementsAbout(tx, id)
			if err != nil {
				return err
			}
			var said []state.Consent
			for _, c := range list {
				said = append(said, *c)
			}
			if e != "" && !contactable(said, "email", "marketing") {
				addresses[e] = true
			}
		}
		for c, err := range state.Customers.All(tx, state.Range{Index: "live"}) {
			if err != nil {
				return err
			}
			said, err := newLookup(tx, now).statements(c)
			if err != nil {
				return err
			}
			refuses := !contactable(said, "email", "marketing")
			for _, k := range c.Records {
				r, err := state.Records.Number(tx, k)
				if err != nil {
					return err
				}
				if r.Kind == state.KindContact {
					persons[r.Connection+"/"+r.ID] = &refuses
				}
			}
		}
		return nil
	}))
	return addresses, persons
}

// Linking a record at a time gives the groups that all records at once give, in any order.
func TestIncrementalEqualsBatch(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		last := map[string]contact{}
		var order []contact
		for range rapid.IntRange(1, 9).Draw(rt, "records") {
			conn := rapid.SampledFrom([]string{"shop", "book", "mail"}).Draw(rt, "conn")
			p := drawPerson(rt, conn)
			last[p.conn+"/"+p.id] = p
			order = append(order, p)
		}
		one := newWorld(t, rt)
		for _, p := range order {
			one.tell(p.conn, p)
		}
		two := newWorld(t, rt)
		keys := slices.Sorted(maps.Keys(last))
		for _, k := range rapid.Permutation(keys).Draw(rt, "order") {
			two.tell(last[k].conn, last[k])
		}
		if got, want := one.groups(), two.groups(); !slices.Equal(got, want) {
			rt.Errorf("as they came:\n%s\nin another order:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if got, want := one.groups(), one.batch(); !slices.Equal(got, want) {
			rt.Errorf("one by one:\n%s\nall at once:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

func (w *world) groups() []string {
	by := map[uint64][]string{}
	w.must(w.s.Look(context.Background(), func(tx state.Tx, _ time.Time) error {
		clear(by)
		for l, err := range state.Links.All(tx, state.Range{}) {
			if err != nil {
				return err
			}
			r, err := state.Records.Number(tx, l.Record)
			if err != nil {
				return err
			}
			by[l.Base] = append(by[l.Base], r.Connection+"/"+r.ID)
		}
		return nil
	}))
	return sortedGroups(slices.Collect(maps.Values(by)))
}

func (w *world) batch() []string {
	var out [][]string
	w.must(w.s.Look(context.Background(), func(tx state.Tx, _ time.Time) error {
		out = nil
		var nodes []identity.Node
		for r, err := range state.Records.All(tx, state.Range{}) {
			if err != nil {
				return err
			}
			nodes = append(nodes, identity.Node{Record: r})
		}
		pairs, judge := meet(nodes, w.model())
		groups, _ := identity.Partition(nodes, identity.Words{}, pairs, judge)
		for _, g := range groups {
			var members []string
			for _, n := range g.Nodes {
				members = append(members, n.Record.Connection+"/"+n.Record.ID)
			}
			out = append(out, members)
		}
		return nil
	}))
	return sortedGroups(out)
}

func sortedGroups(groups [][]string) []string {
	var out []string
	for _, g := range groups {
		slices.Sort(g)
		out = append(out, strings.Join(g, " "))
	}
	slices.Sort(out)
	return out
}
