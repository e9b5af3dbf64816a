package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
	"github.com/keptcrm/kept/state/statetest"
)

const mixed = `layout shop_customers
c 1 jana@sternwarte.example Jana 3
c 2 li@example.cn 李伟 4
odd
c 2 li@example.cn LiWei 5
no-phone 3 info@example.org
c 4 jana@sternwarte.example NoJana 6
what is this
c 5 tom@example.org Tom
+ more
`

// undisturbed gives the state after files were read in one go.
func undisturbed(t testing.TB, w *world, names ...string) *house {
	t.Helper()
	h := houseOn(t, w, statetest.Mem())
	for _, n := range names {
		if _, err := h.try(service.ImportIn{Files: []string{n}, As: "shop"}); err != nil && !state.IsClass(err, state.Partly) {
			t.Fatal(err)
		}
	}
	return h
}

func full(t testing.TB, h *house) map[string]string {
	t.Helper()
	return statetest.Dump(t, h.store)
}

// A source that fails at any page, for a while: the next import goes on from there, and the whole
// state, runs and change log included, is what it would have been.
func TestResumeFromEveryPage(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"mixed", "orders"} {
		w := files("mixed", mixed, "orders", orders)
		want := full(t, undisturbed(t, w, file))
		for line := 0; line < 9; line++ {
			failing := true
			w := files("mixed", mixed, "orders", orders)
			w.before = func(_ string, at int) error {
				if failing && at >= line {
					return &connectors.Error{Class: connectors.Transient, Text: "the share is gone"}
				}
				return nil
			}
			h := houseOn(t, w, statetest.Mem())
			_, err := h.try(service.ImportIn{Files: []string{file}, As: "shop"})
			if e := state.AsError(err); err != nil && (e.Class != state.Unavailable || e.Args["reason"] != "the share is gone") && e.Class != state.Partly {
				t.Fatalf("%s line %d: %v", file, line, err)
			}
			stopped := h.runs()[0]
			failing = false
			if stopped.State == state.RunDone {
				continue // there is no page at or behind this line
			}
			out, err := h.try(service.ImportIn{Files: []string{file}, As: "shop"})
			if err != nil && !state.IsClass(err, state.Partly) {
				t.Fatalf("%s line %d: %v", file, line, err)
			}
			f := out.Files[0]
			if f.Resumed != (stopped.Counts.Told > 0) || f.Run.Number != "r1" {
				t.Errorf("%s line %d: resumed %v as %s after %d rows", file, line, f.Resumed, f.Run.Number, stopped.Counts.Told)
			}
			if diff := cmp.Diff(want, full(t, h)); diff != "" {
				t.Errorf("%s line %d: the state differs: %s", file, line, diff)
			}
			if file == "mixed" && len(f.Rejected) < 2 {
				t.Errorf("line %d: the answer lacks rows that wait: %+v", line, f.Rejected)
			}
		}
	}
}

// Killed at any write, the next import completes it: nothing is lost and nothing is there twice.
func TestKilledAtEveryWrite(t *testing.T) {
	t.Parallel()
	w := files("mixed", mixed)
	want := full(t, undisturbed(t, w, "mixed"))
	read := func(s state.Store) error {
		_, err := houseOn(t, w, s).try(service.ImportIn{Files: []string{"mixed"}, As: "shop"})
		if state.IsClass(err, state.Partly) {
			return nil
		}
		return err
	}
	statetest.Interrupt(t, func(*testing.T) state.Store { return statetest.Mem() }, read, func(t *testing.T, s state.Store, write int) {
		if err := read(s); err != nil {
			t.Fatalf("killed at write %d: %v", write, err)
		}
		got := statetest.Dump(t, s)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("killed at write %d, the state differs: %s", write, diff)
		}
	})
}

func TestCancelBetweenPages(t *testing.T) {
	t.Parallel()
	w := files("mixed", mixed, "orders", orders)
	want := full(t, undisturbed(t, w, "mixed"))
	h := houseOn(t, w, statetest.Mem())
	ctx, cancel := context.WithCancel(context.Background())
	h.eng.env.Progress = func(context.Context, Progress) { cancel() }
	out, err := h.eng.Import(ctx, service.ImportIn{Files: []string{"mixed", "orders"}, As: "shop"})
	e := state.AsError(err)
	if e.Class != state.Cancelled || e.Code != "import_stopped" || e.Args["file"] != "mixed" || e.Args["done"] != "4" || e.Args["total"] != "9" {
		t.Fatalf("error %v", err)
	}
	if len(out.Files) != 1 || out.Files[0].Run.Counts.Told != 4 || out.Files[0].Run.State != state.RunRunning || out.Total.Counts.Told != 4 || out.Asks == 0 {
		t.Errorf("the answer does not tell what was done: %+v", out)
	}
	h.eng.env.Progress = func(context.Context, Progress) {}
	again := h.read("import_partly", "mixed")
	if !again.Files[0].Resumed {
		t.Error("the next import does not go on")
	}
	if diff := cmp.Diff(want, full(t, h)); diff != "" {
		t.Errorf("the state differs: %s", diff)
	}
	_, err = h.eng.Import(ctx, service.ImportIn{Files: []string{"orders"}})
	h.wantCode(err, "cancelled")
}

func TestAnotherFileTakesOver(t *testing.T) {
	t.Parallel()
	w := files("a", mixed, "b", people)
	fail := true
	w.before = func(path string, at int) error {
		if fail && path == "a" && at > 2 {
			return errors.New("a raw error of some library at 10.0.0.1")
		}
		return nil
	}
	h := newHouse(t, w)
	f := h.read("file_unreadable", "a").Files[0]
	if f.Error.Args["reason"] != "" || f.Run.Number != "r1" {
		t.Errorf("%+v", f)
	}
	fail = false
	h.runs()
	h.read("", "b")
	runs := h.runs()
	if runs[0].State != state.RunInterrupted || runs[0].Ended.IsZero() || runs[1].State != state.RunDone {
		t.Errorf("runs %+v", runs)
	}
	out := h.read("import_partly", "a")
	if out.Files[0].Resumed || out.Files[0].Run.Number != "r3" || out.Total.Counts.Told != 9 {
		t.Errorf("%+v", out.Files[0])
	}
}

// The name, the options and the content decide whether it is the same import.
func TestOtherOptionsAreAnotherImport(t *testing.T) {
	t.Parallel()
	w := files("a", mixed)
	fail := true
	w.before = func(_ string, at int) error {
		if fail && at > 0 {
			return &connectors.Error{Class: connectors.RateLimited, Text: "later"}
		}
		return nil
	}
	h := newHouse(t, w)
	h.read("file_unreadable", "a")
	fail = false
	out, err := h.try(service.ImportIn{Files: []string{"a"}, As: "shop", Options: map[string]string{"map": "x=y"}})
	h.wantCode(err, "import_partly")
	if out.Files[0].Resumed || out.Files[0].Run.Number != "r2" {
		t.Errorf("a file read with another map goes on where the first map stopped: %+v", out.Files[0])
	}
}

func TestExpiredCursorStartsOver(t *testing.T) {
	t.Parallel()
	w := files("a", mixed)
	times := 0
	w.before = func(_ string, at int) error {
		if at > 2 && times < 1 {
			times++
			return &connectors.Error{Class: connectors.CursorExpired, Text: "the file has changed"}
		}
		return nil
	}
	h := newHouse(t, w)
	f := h.read("import_partly", "a").Files[0]
	if runs := h.runs(); len(runs) != 2 || runs[0].State != state.RunInterrupted || runs[1].Counts.Told != 9 || f.Run.Number != "r2" {
		t.Errorf("runs %+v", runs)
	}
	if len(f.Rejected) != 3 || len(h.questions()) != 2 {
		t.Errorf("rejected %+v, %d questions", f.Rejected, len(h.questions()))
	}
	times = -10
	w.files["a"] += "c 77 a@b.example X\n"
	if f := h.read("file_unreadable", "a").Files[0]; f.Error.Class != state.Failed {
		t.Errorf("error %+v", f.Error)
	}
}

func TestASourceThatIsWrongInTheMiddleEndsItsRun(t *testing.T) {
	t.Parallel()
	w := files("a", mixed)
	w.before = func(_ string, at int) error {
		if at > 2 {
			return &connectors.Error{Class: connectors.Invalid, Text: "a: the rest is a picture"}
		}
		return nil
	}
	h := newHouse(t, w)
	f := h.read("file_refused", "a").Files[0]
	if f.Error.Args["reason"] != "the rest is a picture" || f.Run.State != state.RunInterrupted || f.Run.Counts.Told != 4 {
		t.Errorf("%+v", f)
	}
}

// Whatever the rows are and wherever it stops, how often: the end is the same.
func TestAnyInterruptions(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		row := rapid.Custom(func(t *rapid.T) string {
			n := rapid.IntRange(1, 4).Draw(t, "n")
			d := rapid.IntRange(1, 9).Draw(t, "day")
			return rapid.SampledFrom([]string{
				fmt.Sprintf("c %d p%d@example.org Name%d %d", n, n, d, d),
				fmt.Sprintf("c %d same@example.org NoName %d", n, d),
				fmt.Sprintf("no-phone %d p%d@example.org", n, n),
				fmt.Sprintf("o %d guest%d %d00 %d guest%d@example.org", n, n, d, d, n),
				fmt.Sprintf("o %d %d %d00 %d", n+10, n, d, d),
				fmt.Sprintf("o %d %d x %d", n, n, d),
				fmt.Sprintf("bad %d", n),
				fmt.Sprintf("g %d", n),
			}).Draw(t, "row")
		})
		text := "layout shop_orders\n" + strings.Join(rapid.SliceOfN(row, 1, 12).Draw(rt, "rows"), "\n")
		w := files("f", text)
		w.page = rapid.IntRange(1, 4).Draw(rt, "page")
		want := full(t, undisturbed(t, w, "f"))
		stops := rapid.SliceOfN(rapid.IntRange(0, 60), 0, 5).Draw(rt, "stops")
		store := statetest.Mem()
		for _, n := range stops {
			_, err := houseOn(t, w, statetest.Failing(store, n)).try(service.ImportIn{Files: []string{"f"}, As: "shop"})
			if err == nil || state.IsClass(err, state.Partly) {
				break
			}
		}
		h := houseOn(t, w, store)
		if runs := h.runs(); len(runs) == 0 || runs[0].State != state.RunDone {
			if _, err := h.try(service.ImportIn{Files: []string{"f"}, As: "shop"}); err != nil && !state.IsClass(err, state.Partly) {
				rt.Fatal(err)
			}
		}
		if got := full(t, h); !maps.Equal(want, got) {
			rt.Fatalf("the state differs: %s", cmp.Diff(want, got))
		}
	})
}
