package service

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/keptcrm/kept/state"
)

// A later export with fewer columns takes nothing away, and taking imports back is exact with such
// exports among them.
func TestFewerColumns(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t)
	w.tell("shop", contact{conn: "shop", id: "1", email: "jana@x.example", phone: "+49 451 901820", given: "Jana", family: "Köhler"})
	part := contact{conn: "shop", id: "1", email: "jana@y.example", given: "Jana", family: "Köhler", covers: "email given family"}
	run := w.tell("shop", part)
	if got := strings.Join(w.story(), "\n"); !strings.Contains(got, "+49451901820") || !strings.Contains(got, "jana@y.example") {
		t.Errorf("after an export without phones:\n%s", got)
	}
	before := len(w.picture())
	w.tell("shop", part)
	if after := len(w.picture()); after != before {
		t.Errorf("the same export again left %d documents instead of %d", after, before)
	}
	_, err := w.s.ImportUndo(w.tick(), ImportUndoIn{Run: state.Runs.Ref(run - 1)})
	w.must(err)
	if got := strings.Join(w.story(), "\n"); strings.Contains(got, "+49451901820") {
		t.Errorf("the phone went with the import that told it:\n%s", got)
	}
}

func TestUndoWithFewerColumns(t *testing.T) {
	t.Parallel()
	draw := func(rt *rapid.T, label string) []contact {
		var out []contact
		for range rapid.IntRange(0, 3).Draw(rt, label) {
			c := drawPerson(rt, "shop")
			if rapid.Bool().Draw(rt, "part") {
				c.covers, c.phone, c.company = "email given family", "", ""
			}
			out = append(out, c)
		}
		return out
	}
	rapid.Check(t, func(rt *rapid.T) {
		before, undone, later := draw(rt, "before"), draw(rt, "undone"), draw(rt, "later")
		with := newWorld(t, rt)
		with.tell("shop", before...)
		run := with.tell("shop", undone...)
		with.tell("shop", later...)
		if _, err := with.s.ImportUndo(with.tick(), ImportUndoIn{Run: state.Runs.Ref(run)}); err != nil {
			rt.Fatal(err)
		}
		without := newWorld(t, rt)
		without.tell("shop", before...)
		without.tick()
		without.tell("shop", later...)
		if got, want := with.story(), without.story(); !slices.Equal(got, want) {
			rt.Errorf("after undo:\n got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
		}
	})
}
