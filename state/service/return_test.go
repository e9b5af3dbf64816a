package service

import (
	"strings"
	"testing"

	"github.com/keptcrm/kept/state"
)

// An import that is taken back and read again gives everybody the numbers that they had, with what
// people entered and said meanwhile.
func TestUndoneAndReadAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t)
	people := []contact{
		{conn: "shop", id: "1", email: "jana@x.example", given: "Jana", family: "Köhler", company: "Sternwarte Lübeck e.V."},
		{conn: "shop", id: "2", email: "li@y.example", given: "伟", family: "李", phone: "+86 138 0013 8000"},
		{conn: "shop", id: "3", email: "wei@y.example", given: "Wei", family: "Li", phone: "+86 138 0013 8000"},
		{conn: "shop", id: "4", email: "omar@x.example", given: "عمر", family: "سعيد"},
	}
	run := w.tell("shop", people...)
	_, err := w.s.CustomerTag(w.tick(), CustomerTagIn{Ref: "jana@x.example", Add: []string{"vip"}})
	w.must(err)
	_, err = w.s.Note(w.tick(), NoteIn{Ref: "jana@x.example", Text: "rings after four"})
	w.must(err)
	_, err = w.s.Merge(w.tick(), MergeIn{A: "li@y.example", B: "wei@y.example"})
	w.must(err)
	_, err = w.s.KeepApart(w.tick(), KeepApartIn{A: "jana@x.example", B: "omar@x.example"})
	w.must(err)
	before, numbers := w.story(), w.live()

	_, err = w.s.ImportUndo(w.tick(), ImportUndoIn{Run: state.Runs.Ref(run)})
	w.must(err)
	if got := w.live(); len(got) >= len(numbers) {
		t.Fatalf("after undo there are %v", got)
	}
	w.tell("shop", people...)
	if got, want := strings.Join(w.story(), "\n"), strings.Join(before, "\n"); got != want {
		t.Errorf("read again:\n%s\nbefore:\n%s", got, want)
	}
	out, err := w.s.CustomerShow(w.tick(), CustomerShowIn{Ref: "jana@x.example"})
	w.must(err)
	if out.Customer.Number != state.Customers.Ref(numbers[0]) || len(out.Customer.Tags) != 1 {
		t.Errorf("Jana is %s %q, was %s", out.Customer.Number, out.Customer.Tags, state.Customers.Ref(numbers[0]))
	}
}
