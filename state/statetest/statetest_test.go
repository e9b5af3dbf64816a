package statetest_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/statetest"
)

func TestMem(t *testing.T) {
	t.Parallel()
	statetest.Suite(t, func(t *testing.T) state.Store { return statetest.Mem() })
}

func TestMemTwice(t *testing.T) {
	t.Parallel()
	statetest.Suite(t, func(t *testing.T) state.Store { return statetest.Twice(statetest.Mem()) })
}

func TestOldVersionsInMemory(t *testing.T) {
	t.Parallel()
	s := statetest.Mem()
	if err := s.Update(ctx, statetest.WriteOld); err != nil {
		t.Fatal(err)
	}
	if err := s.View(ctx, func(tx state.Tx) error {
		v, err := statetest.TicketsV2.Number(tx, 1)
		if err != nil || v.Priority != 3 || v.OldPriority != "" {
			t.Errorf("upgraded: %+v, %v", v, err)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

var ctx = context.Background()

type note struct {
	Number uint64 `k:"1"`
	Text   string `k:"2"`
}

var notes = state.NewCollection(state.Declaration[note]{Name: "note", Key: func(n *note) []byte { return state.NumberKey(n.Number) }})

func put(tx state.Tx, n uint64, text string) error {
	_, err := tx.Put(notes.Kind, state.NumberKey(n), &note{n, text}, state.AnyRevision)
	return err
}

// Code that gathers what it returns without beginning afresh is seen: by its own result, by what
// it writes, and by how it fails.
func TestTwiceFindsClosuresThatDoNotBeginAfresh(t *testing.T) {
	t.Parallel()
	s := statetest.Twice(statetest.Mem())
	var gathered []int
	if err := s.View(ctx, func(state.Tx) error { gathered = append(gathered, 1); return nil }); err != nil || len(gathered) != 2 {
		t.Errorf("View ran %d times, %v", len(gathered), err)
	}
	runs := 0
	if err := s.Update(ctx, func(tx state.Tx) error {
		runs++
		for n := range runs {
			if err := put(tx, uint64(n+1), "x"); err != nil {
				return err
			}
		}
		return nil
	}); err == nil || !strings.Contains(err.Error(), "afresh") {
		t.Errorf("a closure that writes more the second time: %v", err)
	}
	if d := statetest.Dump(t, s); len(d) != 0 {
		t.Errorf("it was committed: %v", d)
	}
	for name, run := range map[string]func(context.Context, func(state.Tx) error) error{"View": s.View, "Update": s.Update} {
		failed := false
		if err := run(ctx, func(state.Tx) error {
			if failed = !failed; failed {
				return io.EOF
			}
			return nil
		}); err == nil || !strings.Contains(err.Error(), "afresh") {
			t.Errorf("%s with a closure that fails the first time only: %v", name, err)
		}
		if err := run(ctx, func(state.Tx) error { return io.EOF }); !errors.Is(err, io.EOF) {
			t.Errorf("%s lost the closure's own error: %v", name, err)
		}
	}
}

func TestTwiceCommitsOnce(t *testing.T) {
	t.Parallel()
	s := statetest.Twice(statetest.Mem())
	for range 3 {
		if err := s.Update(ctx, func(tx state.Tx) error {
			n, err := tx.Next("note")
			if err != nil {
				return err
			}
			return put(tx, n, "x")
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.View(ctx, func(tx state.Tx) error {
		list, err := notes.List(tx, state.Range{})
		if len(list) != 3 || list[2].Number != 3 {
			t.Errorf("3 commits left %+v", list)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// twoTransactions is an operation in two steps, of which the first can stand alone.
func twoTransactions(s state.Store) error {
	if err := s.Update(ctx, func(tx state.Tx) error {
		return errors.Join(put(tx, 1, "a"), put(tx, 2, "a"))
	}); err != nil {
		return err
	}
	return s.Update(ctx, func(tx state.Tx) error {
		_, err := tx.Delete(notes.Kind, state.NumberKey(1))
		return errors.Join(err, tx.PutBlob("b", []byte("b")), tx.Append(statetest.StepsV1, nil, nil, &statetest.StepV1{}))
	})
}

func TestInterruptStopsAtEveryWrite(t *testing.T) {
	t.Parallel()
	var left []int
	statetest.Interrupt(t, func(*testing.T) state.Store { return statetest.Mem() }, twoTransactions,
		func(t *testing.T, s state.Store, write int) { left = append(left, len(statetest.Dump(t, s))) })
	// Writes 0 and 1 and the first commit leave nothing; then there are two notes, until the second
	// commit.
	if want := []int{0, 0, 0, 2, 2, 2, 2}; !slices.Equal(left, want) {
		t.Errorf("stopped at each write there are %v, not %v", left, want)
	}
	statetest.AllOrNothing(t, func(*testing.T) state.Store { return statetest.Mem() }, func(s state.Store) error {
		return s.Update(ctx, func(tx state.Tx) error { return errors.Join(put(tx, 1, "a"), put(tx, 2, "a")) })
	})
}

// A closure that drops the error of a write is not committed either, and nothing follows it.
func TestFailingStopsForGood(t *testing.T) {
	t.Parallel()
	inner := statetest.Mem()
	s := statetest.Failing(inner, 1)
	err := s.Update(ctx, func(tx state.Tx) error {
		_ = put(tx, 1, "a")
		_ = put(tx, 2, "a")
		return nil
	})
	if !errors.Is(err, statetest.ErrStopped) || !s.Stopped() {
		t.Errorf("an error that was dropped: %v", err)
	}
	if err := twoTransactions(s); !errors.Is(err, statetest.ErrStopped) {
		t.Errorf("after it stopped: %v", err)
	}
	if d := statetest.Dump(t, inner); len(d) != 0 {
		t.Errorf("committed: %v", d)
	}
}
