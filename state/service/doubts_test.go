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

// bounded is a world in which few questions wait at a time.
func bounded(tb testing.TB, t rapid.TB, most int) *world {
	w := newWorld(tb, t)
	w.s.config.Questions = most
	return w
}

// doubtful gives what is asked and what is in doubt, of matches, likeliest first within each.
func (w *world) doubtful() (asked, doubted []string) {
	w.must(w.s.Look(context.Background(), func(tx state.Tx, _ time.Time) error {
		asked, doubted = nil, nil
		line := func(a, b, ra, rb uint64, score int64, settled bool) string {
			return fmt.Sprintf("%06d c%d c%d r%d r%d %v", 100000+score, a, b, ra, rb, settled)
		}
		for q, err := range state.Questions.All(tx, state.Range{}) {
			if err != nil {
				return err
			}
			if q.Kind == state.QuestionMatch && q.State != state.QuestionAnswered {
				asked = append(asked, line(q.A, q.B, q.RecordA, q.RecordB, q.Score, q.State == state.QuestionSettled))
			}
		}
		for d, err := range state.Doubts.All(tx, state.Range{}) {
			if err != nil {
				return err
			}
			doubted = append(doubted, line(d.A, d.B, d.RecordA, d.RecordB, d.Score, d.Settled))
		}
		return nil
	}))
	slices.Sort(asked)
	slices.Sort(doubted)
	return asked, doubted
}

// Few questions at a time change nothing else: the links are the same, and questions and doubts
// together are the questions that all would be.
func TestQuestionsAndDoubtsAreAllQuestions(t *testing.T) {
	t.Parallel()
	waited := 0
	rapid.Check(t, func(rt *rapid.T) {
		most := rapid.IntRange(1, 3).Draw(rt, "most")
		few, all := bounded(t, rt, most), newWorld(t, rt)
		both := []*world{few, all}
		unmerged := false
		for range rapid.IntRange(1, 8).Draw(rt, "steps") {
			numbers := all.people()
			what := rapid.IntRange(0, 5).Draw(rt, "what")
			if what < 3 && len(numbers) < 2 {
				continue
			}
			var x, y string
			if what < 3 {
				x, y = state.Customers.Ref(rapid.SampledFrom(numbers).Draw(rt, "a")), state.Customers.Ref(rapid.SampledFrom(numbers).Draw(rt, "b"))
			}
			var people []someone
			page := 1
			if what >= 3 {
				for range rapid.IntRange(1, 6).Draw(rt, "told") {
					people = append(people, drawLikely(rt))
				}
				page = rapid.IntRange(1, 4).Draw(rt, "page")
			}
			for _, w := range both {
				switch {
				case what >= 3:
					w.tellPages(people, page)
				case what == 0:
					_, err := w.s.Merge(w.tick(), MergeIn{A: x, B: y})
					w.must(err)
				case what == 1 && x != y:
					_, err := w.s.KeepApart(w.tick(), KeepApartIn{A: x, B: y})
					w.must(err)
				case what == 2:
					unmerged = true // what was asked before comes back beyond the bound
					_, _ = w.s.Unmerge(w.tick(), UnmergeIn{Ref: x})
				}
			}
			if got, want := few.groups(), all.groups(); !slices.Equal(got, want) {
				rt.Fatalf("with few questions linked\n%q\nwith all\n%q", got, want)
			}
			asked, doubted := few.doubtful()
			want, none := all.doubtful()
			got := slices.Concat(asked, doubted)
			slices.Sort(got)
			if !slices.Equal(got, want) || len(none) > 0 {
				rt.Fatalf("asked %q and in doubt %q\nof all questions %q, %q", asked, doubted, want, none)
			}
			open := slices.DeleteFunc(slices.Clone(asked), func(s string) bool { return strings.HasSuffix(s, "true") })
			waiting := slices.DeleteFunc(slices.Clone(doubted), func(s string) bool { return strings.HasSuffix(s, "true") })
			if len(open) > most && !unmerged || len(waiting) > 0 && len(open) < most {
				rt.Fatalf("%d may wait: asked %q, in doubt %q", most, asked, doubted)
			}
			waited += len(waiting)
			if out, err := few.s.Check(few.tick(), CheckIn{}); err != nil || len(out.Damages) > 0 {
				rt.Fatalf("check: %v, %v", out.Damages, err)
			}
		}
	})
	if waited == 0 {
		t.Fatal("nothing waited: the test tests nothing")
	}
}

// accounts is two accounts of one person in a shop, which are worth a question; the more likely the
// more they say.
func accounts(i int, likely bool) []Told {
	name := []string{"Özlem Yıldız", "李 伟", "Jana Köhler", "محمد العلي", "Ana Pérez 🌵"}[i%5] + fmt.Sprint(" ", string(rune('A'+i/5)))
	mail := fmt.Sprintf("p%d@x.example", i)
	var out []Told
	for _, k := range []string{"a", "b"} {
		fields := []string{"name", name, "email", mail}
		if likely {
			fields = append(fields, "birthday", fmt.Sprintf("19%02d-03-1%d", 40+i, i%10), "phone", fmt.Sprintf("+86 138 0013 80%02d", i))
		}
		out = append(out, person1("shop", fmt.Sprint(i, k), fields...))
	}
	return out
}

// In one import the likeliest become questions, whatever came first; with each answer the next one.
func TestLikeliestAreAsked(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.s.config.Questions = 3
	running := func(told ...Told) {
		h.ok(h.s.Do(as("ana"), "import.page", nil, func(w *state.Writer) error {
			run := &state.Run{Number: 1, Kind: "import", Connection: "shop", State: state.RunRunning, Started: h.now}
			_, err := h.s.Tell(w, run, told)
			return err
		}))
	}
	for i := range 6 {
		running(accounts(i, false)...)
	}
	for i := range 2 {
		running(accounts(6+i, true)...)
	}
	list := must[QuestionListOut](h)(h.s.QuestionList(as("ana"), QuestionListIn{Kind: state.QuestionMatch}))
	if list.Total != 3 || list.More != 5 {
		t.Fatalf("%d wait, %d more come", list.Total, list.More)
	}
	likely := 0
	for _, q := range list.Questions {
		if slices.ContainsFunc(q.Reasons, func(e state.Evidence) bool { return e.Code == "same_birthday" }) {
			likely++
		}
	}
	if likely != 2 {
		t.Errorf("of the likely ones %d are asked about: %+v", likely, list.Questions)
	}
	// What came with a run that is done stays, whatever comes later.
	h.run("book", "book.csv", accounts(20, true)...)
	now := must[QuestionListOut](h)(h.s.QuestionList(as("ana"), QuestionListIn{Kind: state.QuestionMatch}))
	for i, q := range now.Questions {
		if q.Number != list.Questions[i].Number {
			t.Errorf("%s took the place of %s", q.Number, list.Questions[i].Number)
		}
	}
	for n := 8; n > 0; n-- {
		list = must[QuestionListOut](h)(h.s.QuestionList(as("ana"), QuestionListIn{Kind: state.QuestionMatch}))
		if list.Total != min(3, n+1) || list.More != max(0, n-2) {
			t.Fatalf("with %d left %d wait and %d more come", n+1, list.Total, list.More)
		}
		answer := []string{"yes", "no"}[n%2]
		must[AnswerOut](h)(h.s.Answer(as("ana"), AnswerIn{Number: list.Questions[0].Number, Answer: answer}))
	}
	check := must[CheckOut](h)(h.s.Check(as("ana"), CheckIn{}))
	if len(check.Damages) > 0 {
		t.Errorf("check finds %+v", check.Damages)
	}
}

func TestDoubtsLeaveWithWhomTheyAreAbout(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.s.config.Questions = 1
	for i := range 3 {
		h.run("shop", "s.csv", accounts(i, false)...)
	}
	count := func() (n int) {
		h.ok(h.s.Look(context.Background(), func(tx state.Tx, _ time.Time) (err error) { n, err = countDoubts(tx); return err }))
		return n
	}
	if n := count(); n != 2 {
		t.Fatalf("%d doubts", n)
	}
	out := must[CustomerForgetOut](h)(h.s.CustomerForget(as("ana"), CustomerForgetIn{Ref: "c6"}))
	if n := count(); n != 1 || out.Erased["doubt"] != 1 {
		t.Errorf("after one of them was forgotten: %d doubts, erased %v", n, out.Erased)
	}
	must[ImportUndoOut](h)(h.s.ImportUndo(as("ana"), ImportUndoIn{Run: "r1"}))
	list := must[QuestionListOut](h)(h.s.QuestionList(as("ana"), QuestionListIn{Kind: state.QuestionMatch}))
	if list.Total != 1 || list.More != 0 || list.Questions[0].A.Number != "c3" {
		t.Errorf("after the first import was taken back: %+v", list)
	}
	// A doubt that is about others is found, and taken back.
	h.ok(h.s.Do(as("ana"), "test", nil, func(w *state.Writer) error {
		return state.Doubts.Put(w, &state.Doubt{A: 3, B: 99, RecordA: 3, RecordB: 4, Score: 7})
	}))
	if out := must[CheckOut](h)(h.s.Check(as("ana"), CheckIn{})); len(out.Damages) != 1 || out.Damages[0].Code != "doubt_stale" {
		t.Errorf("check finds %+v", out.Damages)
	}
	if out := must[CheckOut](h)(h.s.Check(as("ana"), CheckIn{Repair: true})); !out.Repaired || count() != 0 {
		t.Errorf("repair leaves %+v, %d doubts", out.Damages, count())
	}
}
