package service

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keptcrm/kept/state"
)

// op is one operation that can be done again on another state.
type op struct {
	conn string
	told []Told
	do   string // "tell", or what a person does to a number
	home uint64
	text string

	other  uint64
	record string
}

// drawTold draws what a connection tells at once: a contact, that one is gone, or an order with
// the contact that it implies.
func drawTold(t *rapid.T, conn string) []Told {
	switch rapid.IntRange(0, 7).Draw(t, "what") {
	case 0:
		p := contact{conn: conn, id: fmt.Sprint(rapid.IntRange(1, 4).Draw(t, "gone"))}
		told := p.told()
		told.Version = state.Version{Gone: true}
		return []Told{told}
	case 1, 2:
		return drawOrder(t, conn)
	}
	return []Told{drawPerson(t, conn).told()}
}

// drawOrder draws an order of an account or a guest. Orders come in any order of their times, as
// files are sorted newest first or last.
func drawOrder(t *rapid.T, conn string) []Told {
	p := drawPerson(t, conn)
	buyer := p.told()
	at := time.Date(2026, 2, rapid.IntRange(1, 9).Draw(t, "day"), 12, 0, 0, 0, time.UTC)
	if rapid.Bool().Draw(t, "guest") && p.email != "" {
		buyer.ID, buyer.Keyed = "guest:"+p.email, state.KeyedEmail
	}
	buyer.Version.Implied, buyer.Version.Modified = true, at
	number := fmt.Sprint(rapid.IntRange(1, 5).Draw(t, "order"))
	order := bought(conn, number, buyer.ID, at, int64(1000*at.Day()), "EUR")
	order.Version.Order.Counts = rapid.IntRange(0, 3).Draw(t, "counts") > 0
	if rapid.IntRange(0, 3).Draw(t, "refunded") == 0 {
		order.Version.Order.Refunded = 500
	}
	return []Told{order, buyer}
}

func drawOps(t *rapid.T, label string, homes []uint64) []op {
	var ops []op
	for i := range rapid.IntRange(0, 5).Draw(t, label) {
		if len(homes) > 0 && rapid.IntRange(0, 3).Draw(t, "hand") == 0 {
			ops = append(ops, op{do: rapid.SampledFrom([]string{"tag", "tag", "note", "promise"}).Draw(t, "do"),
				home: rapid.SampledFrom(homes).Draw(t, "home"), text: fmt.Sprintf("t%d", i)})
			continue
		}
		conn := rapid.SampledFrom([]string{"shop", "book", "mail"}).Draw(t, "conn")
		o := op{do: "tell", conn: conn}
		for range rapid.IntRange(1, 3).Draw(t, "told") {
			o.told = append(o.told, drawTold(t, conn)...)
		}
		ops = append(ops, o)
	}
	return ops
}

func (w *world) do(ops []op) {
	w.t.Helper()
	for _, o := range ops {
		ref := state.Customers.Ref(o.home)
		var err error
		switch o.do {
		case "tell":
			w.importRun(o.conn, o.told)
		case "tag":
			_, err = w.s.CustomerTag(w.tick(), CustomerTagIn{Ref: ref, Add: []string{o.text}})
		case "note":
			_, err = w.s.Note(w.tick(), NoteIn{Ref: ref, Text: o.text})
		case "apart":
			_, err = w.s.KeepApart(w.tick(), KeepApartIn{A: ref, B: state.Customers.Ref(o.other)})
		case "part":
			_, err = w.s.Unmerge(w.tick(), UnmergeIn{Ref: ref, Record: o.record})
			if state.IsCode(err, "only_record") || state.IsCode(err, "no_such_record") {
				err = nil
			}
		case "promise":
			_, err = w.s.PromiseAdd(w.tick(), PromiseAddIn{Ref: ref, Text: o.text})
		}
		if !state.IsClass(err, state.NotFound) { // an organisation that nobody names any more
			w.must(err)
		}
	}
}

// entries says what is in a customer's history, and what was promised.
func (w *world) entries(tx state.Tx, c *state.Customer) ([]string, error) {
	var out []string
	var subjects [][]byte
	for _, k := range c.Records {
		subjects = append(subjects, state.RecordSubject(k))
	}
	for _, b := range c.Bases {
		subjects = append(subjects, state.CustomerSubject(b))
		promises, err := state.Promises.By(tx, "base", state.NumberKey(b))
		if err != nil {
			return nil, err
		}
		for _, p := range promises {
			out = append(out, "promised "+p.Text)
		}
	}
	for _, s := range subjects {
		for a, err := range state.Activities.Read(tx, s, state.Range{}) {
			if err != nil {
				return nil, err
			}
			out = append(out, strings.Join([]string{a.Kind, a.At.Format("01-02T15:04"), a.Title, fmt.Sprint(a.Amount)}, " "))
		}
	}
	slices.Sort(out)
	return out, nil
}

// Unmerge after a merge, with keep-apart words and parted records before it and since, gives the
// customers, questions and histories that there are without the merge. Numbers may differ: who is
// kept apart from one half is so from the other while they are one.
func TestUnmergeAmongVerdicts(t *testing.T) {
	t.Parallel()
	merges, words := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		with := newWorld(t, rt)
		before := drawOps(rt, "before", nil)
		with.do(before)
		numbers := with.people()
		if len(numbers) < 2 {
			return
		}
		early := with.drawVerdicts(rt, "early", numbers)
		with.do(early)
		a := rapid.SampledFrom(numbers).Draw(rt, "survivor")
		b := rapid.SampledFrom(numbers).Draw(rt, "absorbed")
		if with.one(a, b) {
			return
		}
		// Words on the half that is merged away would go another way without the merge.
		others := slices.DeleteFunc(slices.Clone(numbers), func(n uint64) bool { return with.one(n, b) })
		later := append(with.drawVerdicts(rt, "late", others), drawOps(rt, "later", []uint64{a})...)
		out, err := with.s.Merge(with.tick(), MergeIn{A: state.Customers.Ref(a), B: state.Customers.Ref(b)})
		with.must(err)
		if out.Customer.Number != state.Customers.Ref(with.survivor(a)) || !with.one(a, b) {
			rt.Fatalf("merged into %s, not c%d", out.Customer.Number, a)
		}
		merges++
		words += len(early) + len(later)
		with.do(later)
		if _, err := with.s.Unmerge(with.tick(), UnmergeIn{Ref: state.Customers.Ref(b)}); err != nil && !state.IsCode(err, "not_merged") {
			rt.Fatal(err)
		}
		without := newWorld(t, rt)
		without.do(before)
		without.do(early)
		without.tick()
		without.do(later)
		if got, want := with.story(), without.story(); !slices.Equal(got, want) {
			rt.Errorf("unmerged:\n got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
		}
	})
	if merges == 0 || words == 0 {
		t.Fatal("nothing was ever merged or kept apart: the test tests nothing")
	}
}

// drawVerdicts draws words that keep customers apart.
func (w *world) drawVerdicts(t *rapid.T, label string, numbers []uint64) []op {
	var ops []op
	for range rapid.IntRange(0, 2).Draw(t, label) {
		if len(numbers) < 2 {
			break
		}
		if rapid.IntRange(0, 2).Draw(t, "part") == 0 {
			home := rapid.SampledFrom(numbers).Draw(t, "of")
			var records []string
			w.must(w.s.Look(context.Background(), func(tx state.Tx, _ time.Time) error {
				c, _, err := w.s.customer(tx, state.Customers.Ref(home))
				records = nil
				for _, k := range c.Records {
					records = append(records, state.Records.Ref(k))
				}
				return err
			}))
			if len(records) > 1 {
				ops = append(ops, op{do: "part", home: home, record: rapid.SampledFrom(records).Draw(t, "record")})
			}
			continue
		}
		o := op{do: "apart", home: rapid.SampledFrom(numbers).Draw(t, "apart"), other: rapid.SampledFrom(numbers).Draw(t, "from")}
		if o.home != o.other {
			ops = append(ops, o)
		}
	}
	return ops
}

func (w *world) survivor(n uint64) uint64 {
	var out uint64
	w.must(w.s.Look(context.Background(), func(tx state.Tx, _ time.Time) error {
		c, _, err := w.s.customer(tx, state.Customers.Ref(n))
		if err == nil {
			out = c.Number
		}
		return err
	}))
	return out
}

func (w *world) one(a, b uint64) bool { return w.survivor(a) == w.survivor(b) }
