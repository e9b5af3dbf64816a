package service

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
	"github.com/keptcrm/kept/state/identity/match"
)

// meet weighs all pairs that meet in a block, of all records at once and without any index.
func meet(nodes []identity.Node, model *match.Contacts) ([]identity.Pairing, identity.Judge) {
	judge := model.Judge()
	blocks := map[string][]*state.Record{}
	for _, n := range nodes {
		for _, b := range n.Record.Blocks {
			blocks[b] = append(blocks[b], n.Record)
		}
	}
	weights := map[[2]uint64]identity.Weight{}
	for _, held := range blocks {
		if len(held) > identity.ManyHolders {
			continue
		}
		for x, a := range held {
			for _, b := range held[x+1:] {
				weights[pairOf(a.Key, b.Key)] = judge.Weigh(a, b)
			}
		}
	}
	var out []identity.Pairing
	for p, w := range weights {
		out = append(out, identity.Pairing{A: p[0], B: p[1], Weight: w})
	}
	return out, judge
}

// someone is a contact with what proves somebody without a shared identifier.
type someone struct {
	conn, id, given, family, birthday, city, email string
}

func (p someone) told() Told {
	var v state.Version
	field := func(name string, value state.Value) {
		v.Fields = append(v.Fields, state.Field{Name: name, Values: []state.Value{value}})
	}
	if p.city != "" {
		field("address", state.Value{Parts: map[string]string{"city": p.city}})
	}
	for _, f := range [][2]string{{"birthday", p.birthday}, {"email", p.email}, {"family", p.family}, {"given", p.given}} {
		if f[1] != "" {
			field(f[0], state.Value{Text: f[1]})
		}
	}
	keyed := state.KeyedID
	if p.conn == "mail" {
		keyed = state.KeyedContent
	}
	return Told{Connection: p.conn, Kind: state.KindContact, ID: p.id, Keyed: keyed, Version: v}
}

var likely = struct{ given, family, birthdays, cities, emails []string }{
	given:     []string{"Jana", "Jana", "Janna", "J.", "Peter", "伟", ""},
	family:    []string{"Okonkwo", "Okonkwo", "Okonkvo", "Lindqvist", "李"},
	birthdays: []string{"1980-03-12", "1980-03-12", "1980-12-03", "1981-03-12", "", "1975-07-30"},
	cities:    []string{"Lübeck", "Lübeck", "Kiel", "北京", ""},
	emails:    []string{"", "", "", "jana@x.example", "j.o@y.example", "info@z.example"},
}

func drawLikely(t *rapid.T) someone {
	pick := func(list []string, label string) string { return rapid.SampledFrom(list).Draw(t, label) }
	return someone{conn: pick([]string{"shop", "book", "mail"}, "conn"), id: fmt.Sprint(rapid.IntRange(1, 5).Draw(t, "id")),
		given: pick(likely.given, "given"), family: pick(likely.family, "family"), birthday: pick(likely.birthdays, "birthday"),
		city: pick(likely.cities, "city"), email: pick(likely.emails, "email")}
}

// tellPages tells people in runs of their connection, in pages of a size.
func (w *world) tellPages(people []someone, size int) []uint64 {
	var runs []uint64
	for len(people) > 0 {
		n := 1
		for n < min(size, len(people)) && people[n].conn == people[0].conn {
			n++
		}
		var told []Told
		for _, p := range people[:n] {
			told = append(told, p.told())
		}
		runs = append(runs, w.importRun(people[0].conn, told))
		people = people[n:]
	}
	return runs
}

// nodes gives all contact and organisation records with their homes.
func (w *world) nodes() ([]identity.Node, identity.Words) {
	var nodes []identity.Node
	var words identity.Words
	w.must(w.s.Look(context.Background(), func(tx state.Tx, _ time.Time) error {
		nodes, words = nil, identity.Words{Over: map[identity.Pair]bool{}, Shared: map[string]bool{}}
		for r, err := range state.Records.All(tx, state.Range{}) {
			if err != nil {
				return err
			}
			if r.Kind != state.KindContact && r.Kind != state.KindOrganisation {
				continue
			}
			l, err := state.Links.Number(tx, r.Key)
			if err != nil {
				return err
			}
			nodes = append(nodes, identity.Node{Record: r, Homes: l.Homes()})
		}
		said, err := wordsOf(tx)
		if err != nil {
			return err
		}
		words.Over = said.over
		seen := map[identity.Pair]bool{}
		for kind, list := range map[*[]identity.Pair]map[uint64][]identity.Pair{&words.Same: said.same, &words.Apart: said.apart} {
			clear(seen)
			for _, k := range slices.Sorted(maps.Keys(list)) {
				for _, p := range list[k] {
					if !seen[p] {
						seen[p] = true
						*kind = append(*kind, p)
					}
				}
			}
		}
		return nil
	}))
	return nodes, words
}

// fresh groups everything at once, from what is stored of records and verdicts alone.
func (w *world) fresh() []string {
	nodes, words := w.nodes()
	pairs, judge := meet(nodes, w.model())
	groups, _ := identity.Partition(nodes, words, pairs, judge)
	var out [][]string
	for _, g := range groups {
		var members []string
		for _, n := range g.Nodes {
			members = append(members, n.Record.Connection+"/"+n.Record.ID)
		}
		out = append(out, members)
	}
	return sortedGroups(out)
}

// Whatever was told, changed, taken back and said, in pages of any size: the links are those that
// all records at once give.
func TestIncrementalEqualsBatchByWeight(t *testing.T) {
	t.Parallel()
	joined, asked := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t, rt)
		var runs []uint64
		steps := rapid.IntRange(1, 8).Draw(rt, "steps")
		for i := range steps {
			switch numbers := w.people(); rapid.IntRange(0, 7).Draw(rt, "what") {
			case 6: // another model comes into force, and a few records are linked by it
				w.must(w.s.believe(w.tick(), rapid.SampledFrom(modelsToBelieve()).Draw(rt, "model")))
				w.relink(rapid.IntRange(0, 3).Draw(rt, "batches"), rapid.IntRange(1, 4).Draw(rt, "size"))
			case 0:
				if len(runs) > 0 {
					i := rapid.IntRange(0, len(runs)-1).Draw(rt, "run")
					_, err := w.s.ImportUndo(w.tick(), ImportUndoIn{Run: state.Runs.Ref(runs[i])})
					w.must(err)
					runs = slices.Delete(runs, i, i+1)
				}
			case 1:
				if len(numbers) > 1 {
					a, b := rapid.SampledFrom(numbers).Draw(rt, "a"), rapid.SampledFrom(numbers).Draw(rt, "b")
					if _, err := w.s.Merge(w.tick(), MergeIn{A: state.Customers.Ref(a), B: state.Customers.Ref(b)}); err != nil {
						rt.Fatal(err)
					}
				}
			case 2:
				if len(numbers) > 1 {
					a, b := rapid.SampledFrom(numbers).Draw(rt, "a"), rapid.SampledFrom(numbers).Draw(rt, "b")
					if _, err := w.s.KeepApart(w.tick(), KeepApartIn{A: state.Customers.Ref(a), B: state.Customers.Ref(b)}); err != nil && a != b {
						rt.Fatal(err)
					}
				}
			case 7:
				if len(numbers) > 0 {
					n := rapid.SampledFrom(numbers).Draw(rt, "half")
					if _, err := w.s.Unmerge(w.tick(), UnmergeIn{Ref: state.Customers.Ref(n)}); err != nil && !state.IsClass(err, state.Invalid) {
						rt.Fatal(err)
					}
				}
			default:
				var people []someone
				for range rapid.IntRange(1, 6).Draw(rt, "told") {
					people = append(people, drawLikely(rt))
				}
				runs = append(runs, w.tellPages(people, rapid.IntRange(1, 4).Draw(rt, "page"))...)
			}
			if i == steps-1 || rapid.Bool().Draw(rt, "end") {
				w.relink(-1, rapid.IntRange(1, 4).Draw(rt, "size"))
			}
			if w.relinking() {
				continue
			}
			got, want := w.groups(), w.fresh()
			if !slices.Equal(got, want) {
				rt.Fatalf("linked\n%q\nall at once\n%q", got, want)
			}
			if out := w.checkLinks(); len(out.Differences) > 0 {
				rt.Fatalf("the check finds %+v", out.Differences)
			}
			for _, g := range got {
				if len(g) > 8 {
					joined++
				}
			}
		}
		for _, q := range w.story() {
			if q[0] == '?' {
				asked++
			}
		}
	})
	if joined == 0 || asked == 0 {
		t.Fatalf("%d joined, %d asked: the test tests nothing", joined, asked)
	}
}

// A block that becomes too large parts whom it alone brought together, and joins them again when
// it shrinks, in whatever portions that happens.
func TestBlockOfManyIsHeeded(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ crowd, before, page int }{{identity.ManyHolders - 2, 0, 60}, {identity.ManyHolders - 1, 30, 7},
		{identity.ManyHolders + 3, 0, 60}, {identity.ManyHolders + 3, identity.ManyHolders, 9}, {identity.ManyHolders + 6, 40, 16}} {
		t.Run(fmt.Sprint(tc), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, t)
			all := []someone{}
			for i := range tc.crowd {
				// One name and birthday, and two ids of one system: only the pair below may be one.
				all = append(all, someone{conn: "till", id: fmt.Sprint(i), given: "Jana", family: "Okonkwo", birthday: "1980-03-12", city: "Lübeck"})
			}
			all = slices.Insert(all, tc.before, someone{conn: "shop", id: "a", given: "Jana", family: "Okonkwo", birthday: "1980-03-12"},
				someone{conn: "book", id: "b", given: "Jana", family: "Okonkwo", birthday: "1980-03-12"})
			runs := w.tellPages(all, tc.page)
			if got, want := w.groups(), w.fresh(); !slices.Equal(got, want) {
				t.Fatalf("linked\n%q\nall at once\n%q", got, want)
			}
			for _, run := range slices.Backward(runs) {
				_, err := w.s.ImportUndo(w.tick(), ImportUndoIn{Run: state.Runs.Ref(run)})
				w.must(err)
				if got, want := w.groups(), w.fresh(); !slices.Equal(got, want) {
					t.Fatalf("after an undo linked\n%q\nall at once\n%q", got, want)
				}
			}
		})
	}
}

// Who was kept apart and then said to be one is one by that word alone: an identifier in common joins
// them by no rule, and when the word goes, whatever happened meanwhile, they are two again.
func TestKeptApartThenMergedStayTwo(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name       string
		apart, one [2]string
		goes       bool // the first record is told to be gone, and then told again
	}{
		{name: "the same way round", apart: [2]string{"c1", "c2"}, one: [2]string{"c1", "c2"}},
		{name: "the same way round, backwards", apart: [2]string{"c2", "c1"}, one: [2]string{"c2", "c1"}},
		{name: "each its own way", apart: [2]string{"c2", "c1"}, one: [2]string{"c1", "c2"}},
		{name: "one is gone for a while", apart: [2]string{"c2", "c1"}, one: [2]string{"c2", "c1"}, goes: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, t)
			book := someone{conn: "book", id: "5", given: "J.", family: "李"}
			mail := someone{conn: "mail", id: "5", given: "伟", family: "Okonkwo", email: "jana@x.example"}
			w.tellPages([]someone{book, mail}, 1)
			_, err := w.s.KeepApart(w.tick(), KeepApartIn{A: tc.apart[0], B: tc.apart[1]})
			w.must(err)
			_, err = w.s.Merge(w.tick(), MergeIn{A: tc.one[0], B: tc.one[1]})
			w.must(err)
			book.email = mail.email
			w.tellPages([]someone{book}, 1)
			two := []string{"book/5", "mail/5"}
			same := func(when string) {
				t.Helper()
				if got, want := w.groups(), w.fresh(); !slices.Equal(got, two) || !slices.Equal(want, two) {
					t.Errorf("%s linked\n%q\nall at once\n%q", when, got, want)
				}
			}
			same("with an e-mail in common")
			if n := len(w.live()); n != 1 {
				t.Errorf("%d customers, though a person said that they are one", n)
			}
			if tc.goes {
				gone := book.told()
				gone.Version = state.Version{Gone: true}
				w.importRun("book", []Told{gone})
				w.tellPages([]someone{book}, 1)
				same("when it was told again")
			}
			_, err = w.s.Unmerge(w.tick(), UnmergeIn{Ref: tc.one[0]})
			w.must(err)
			same("when the merge was taken back")
			if n := len(w.live()); n != 2 {
				t.Errorf("%d customers, though a person keeps them apart", n)
			}
		})
	}
}

// Words reach through customers of whom nothing is left: what was said of them still holds for those
// on both sides, and when they are told again, for whom rules join with them.
func TestWordsReachThroughTheGone(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		same  [][2]uint64
		gone  []int // of those told: 1 to 6
		apart [2]uint64
		back  []int
	}{
		{name: "one is gone between", same: [][2]uint64{{2, 3}, {1, 2}}, gone: []int{2}, apart: [2]uint64{3, 5}},
		{name: "two are gone between", same: [][2]uint64{{3, 4}, {2, 3}, {1, 2}}, gone: []int{2, 3}, apart: [2]uint64{4, 5}},
		{name: "those are gone of whom the word was", same: [][2]uint64{{1, 2}, {5, 6}}, gone: []int{2, 6}, apart: [2]uint64{2, 6}},
		{name: "one comes back as another's", same: [][2]uint64{{1, 2}}, gone: []int{2}, apart: [2]uint64{4, 5}, back: []int{4, 2}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, t)
			people := []someone{{conn: "shop", id: "1", given: "Jana"}, {conn: "book", id: "2", given: "伟", email: "wei@gmail.com"},
				{conn: "shop", id: "3", given: "Omar"}, {conn: "mail", id: "4", given: "伟"}, {conn: "book", id: "5", given: "Jana"},
				{conn: "mail", id: "6", given: "مريم"}}
			runs := w.tellPages(people, 1)
			look := func(when string) {
				t.Helper()
				if got, want := w.groups(), w.fresh(); !slices.Equal(got, want) {
					t.Errorf("%s linked\n%q\nall at once\n%q", when, got, want)
				}
				if out := w.checkLinks(); len(out.Differences) > 0 {
					t.Errorf("%s the check finds %+v", when, out.Differences)
				}
			}
			ref := state.Customers.Ref
			apart := func() {
				_, err := w.s.KeepApart(w.tick(), KeepApartIn{A: ref(tc.apart[0]), B: ref(tc.apart[1])})
				w.must(err)
			}
			apart()
			for _, s := range tc.same {
				_, err := w.s.Merge(w.tick(), MergeIn{A: ref(s[0]), B: ref(s[1])})
				w.must(err)
			}
			for _, n := range tc.gone {
				_, err := w.s.ImportUndo(w.tick(), ImportUndoIn{Run: state.Runs.Ref(runs[n-1])})
				w.must(err)
			}
			look("with some gone")
			people[0].email, people[4].email = "jana@y.example", "jana@y.example"
			if len(tc.back) > 0 {
				people[3].email = people[1].email
			}
			told := []someone{people[0], people[4]}
			for _, n := range tc.back {
				told = append(told, people[n-1])
			}
			for _, p := range told {
				w.tellPages([]someone{p}, 1)
				look("when " + p.conn + "/" + p.id + " was told")
			}
			if got := w.groups(); slices.Contains(got, "book/5 shop/1") {
				t.Errorf("%q: rules join whom a person keeps apart", got)
			}
		})
	}
}
