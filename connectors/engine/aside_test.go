package engine

import (
	"context"
	"testing"

	"pgregory.net/rapid"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// reread corrects a row as the service does.
func (h *house) reread(q *state.Question, raw string) (numbers []uint64, err error) {
	h.t.Helper()
	err = h.svc.Do(context.Background(), "answer", nil, func(w *state.Writer) error {
		numbers, err = h.eng.Reread(w, q, raw)
		return err
	})
	return numbers, err
}

func TestCorrectedRows(t *testing.T) {
	t.Parallel()
	w := files("o.txt", "layout shop_orders\no 1 1 100 1\no 2 g x 2 g@example.com\nbroken\n")
	h := newHouse(t, w)
	out := h.read("import_partly", "o.txt")
	if e := out.Files[0].Rejected; len(e) != 2 || e[0].Where != "o.txt:3" || e[0].Field != "total" || e[0].Reason != "no amount" || e[0].Kept ||
		e[0].Question == "" || e[0].Question == e[1].Question {
		t.Fatalf("rejected %+v", e)
	}
	q := h.questions()
	if len(q) != 2 || q[0].Raw != "o 2 g x 2 g@example.com" || q[0].Header != `what;"who; where"` || q[0].Where != "o.txt:3" {
		t.Fatalf("questions %+v", q)
	}
	delete(w.files, "o.txt") // it may be gone by then
	_, err := h.reread(q[0], "o 2 g x 2")
	h.wantCode(err, "row_still_bad")
	if e := state.AsError(err); e.Class != state.Invalid || e.Args["reason"] != "no amount" || e.Args["field"] != "total" || e.Args["question"] == "" {
		t.Errorf("error %v", err)
	}
	_, err = h.reread(q[0], "  ")
	h.wantCode(err, "row_still_bad")
	if c := h.runs()[0].Counts; c.Aside != 2 || c.Seen != 1 {
		t.Errorf("a row that is still bad changed the counts: %+v", c)
	}
	numbers, err := h.reread(q[0], "o 2 g 900 2 g@example.com")
	h.wantCode(err, "")
	r := h.record("order", "2")
	if len(numbers) != 2 || r == nil || numbers[1] != r.Key || r.Current().Order.Total != 900 || r.Current().Where != "o.txt:3" {
		t.Errorf("numbers %v, record %+v", numbers, r)
	}
	if _, err = h.reread(q[1], "no-phone 9 x@y.example"); err != nil {
		t.Fatal(err)
	}
	run := h.runs()[0]
	if c := run.Counts; c.Aside != 0 || c.Seen != 3 || c.Told != 3 || c.Partly != 1 || unbalanced(run) != nil {
		t.Errorf("the run does not add up: %+v", c)
	}
	if _, err := h.svc.ImportUndo(context.Background(), service.ImportUndoIn{Run: "r1"}); err != nil {
		t.Fatal(err)
	}
	if h.record("order", "2") != nil {
		t.Error("the corrected row outlives its run")
	}
	_, err = h.reread(q[0], "o 2 g 900 2")
	h.wantCode(err, "run_undone")
}

func TestARowIsAskedAboutOnce(t *testing.T) {
	t.Parallel()
	w := files("a", "layout shop_customers\nodd\nc 1 a@example.com A\n", "b", "layout shop_customers\nc 1 a@example.com A\nodd\nodder\n")
	h := newHouse(t, w)
	first := h.read("import_partly", "a").Files[0].Rejected[0].Question
	out := h.read("import_partly", "b")
	if r := out.Files[0].Rejected; len(r) != 2 || r[0].Question != first || len(h.questions()) != 2 {
		t.Errorf("rejected %+v", r)
	}
	// The person says that it is nothing: it is not asked again.
	for _, q := range h.questions() {
		err := h.svc.Do(context.Background(), "answer", nil, func(w *state.Writer) error {
			q.State = state.QuestionAnswered
			return state.Questions.Put(w, q)
		})
		h.wantCode(err, "")
	}
	out = h.read("", "b")
	if r := out.Files[0].Rejected; len(r) != 2 || r[0].Question != "" || !r[0].Answered || !r[1].Answered || out.Total.Counts.Aside != 2 ||
		out.Total.Counts.Answered != 2 || out.Total.Counts.Asked != 0 {
		t.Errorf("rejected %+v, counts %+v", r, out.Total.Counts)
	}
}

func TestRowsThatCannotBeReadAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t, files("a", "layout shop_customers\nodd\n"))
	h.read("import_partly", "a")
	q := h.questions()[0]
	_, err := h.reread(&state.Question{Number: 9, Kind: state.QuestionMatch, Run: q.Run}, "x")
	h.wantCode(err, "question_no_row")
	_, err = h.reread(&state.Question{Number: 9, Kind: state.QuestionRow, Run: 77}, "x")
	h.wantCode(err, "question_no_row")
	h.eng.specs = nil
	_, err = h.reread(q, "c 1 a@example.com A")
	h.wantCode(err, "row_lost")
}

func TestPatch(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		base := rapid.StringOfN(rapid.RuneFrom([]rune("ab李")), 0, 12, -1).Draw(t, "base")
		s := rapid.StringOfN(rapid.RuneFrom([]rune("ab李")), 0, 12, -1).Draw(t, "s")
		if got, ok := unpatch(base, patch(base, s)); !ok || got != s {
			t.Fatalf("%q over %q came back as %q, %v", s, base, got, ok)
		}
	})
	for _, b := range [][]byte{nil, {0x80}, {1}, {9, 0}, {0, 9}} {
		if _, ok := unpatch("abc", b); ok {
			t.Errorf("%v was taken for a patch", b)
		}
	}
}
