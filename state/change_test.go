package state_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/statetest"
)

var (
	ctx   = context.Background()
	cause = state.Cause{Actor: "ana", Request: "r-1", What: "cat.put", Args: state.Args{"why": "test"}, At: time.Date(2025, 3, 1, 9, 0, 0, 0, time.UTC)}
)

func changes(t *testing.T, s state.Store) (list []*state.ChangeEntry) {
	t.Helper()
	if err := s.View(ctx, func(tx state.Tx) (err error) {
		list, err = state.Changes.List(tx, state.Range{})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return list
}

func TestChangeIsLoggedWithWhatItTouched(t *testing.T) {
	t.Parallel()
	s := statetest.Open(t)
	err := state.Change(ctx, s, cause, func(w *state.Writer) error {
		n, err := cats.Next(w)
		if err != nil || n != 1 {
			t.Errorf("the first number is %d, %v", n, err)
		}
		for _, c := range []*cat{{Number: 1, Name: "Mia"}, {Number: 2, Name: "Tom"}, {Number: 1, Name: "Mia", Lives: 8}} {
			if err := cats.Put(w, c); err != nil {
				return err
			}
		}
		_, err = cats.Delete(w, state.NumberKey(2))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []*state.ChangeEntry{{
		Number: 1, At: cause.At, Actor: "ana", Request: "r-1", What: "cat.put", Args: cause.Args,
		Touched: []state.Touch{{Collection: "cat", Keys: [][]byte{state.NumberKey(1), state.NumberKey(2)}}},
	}}
	if d := cmp.Diff(want, changes(t, s)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestChangeThatTouchesNothingIsNotLogged(t *testing.T) {
	t.Parallel()
	s := statetest.Open(t)
	if err := state.Change(ctx, s, cause, func(w *state.Writer) error {
		_, err := cats.Find(w.Tx(), state.NumberKey(1))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if list := changes(t, s); len(list) != 0 {
		t.Errorf("logged %+v", list)
	}
}

// Stopped between any two of its writes, the log's own among them, a change has left nothing.
func TestChangeIsAllOrNothing(t *testing.T) {
	t.Parallel()
	fresh := func(t *testing.T) state.Store {
		s := statetest.Open(t)
		if err := state.Change(ctx, s, cause, func(w *state.Writer) error { return cats.Put(w, &cat{Number: 1, Name: "Mia"}) }); err != nil {
			t.Fatal(err)
		}
		return s
	}
	statetest.AllOrNothing(t, fresh, func(s state.Store) error {
		return state.Change(ctx, s, cause, func(w *state.Writer) error {
			n, err := cats.Next(w)
			if err != nil {
				return err
			}
			if _, err := cats.Delete(w, state.NumberKey(1)); err != nil {
				return err
			}
			if err := cats.Put(w, &cat{Number: n + 10, Name: "Mia"}); err != nil {
				return err
			}
			return w.PutBlob("x", []byte("y"))
		})
	})
}

func TestTypedCollection(t *testing.T) {
	t.Parallel()
	s := statetest.Open(t)
	var rev int64
	if err := state.Change(ctx, s, cause, func(w *state.Writer) (err error) {
		for n, name := range []string{"Mia", "Tom", "猫"} {
			if rev, err = cats.PutRev(w, &cat{Number: uint64(n + 1), Name: name}, 0); err != nil {
				return err
			}
		}
		return nil
	}); err != nil || rev != 1 {
		t.Fatalf("revision %d, %v", rev, err)
	}
	err := s.View(ctx, func(tx state.Tx) error {
		c, err := cats.Number(tx, 3)
		if err != nil || c.Name != "猫" {
			t.Errorf("number 3: %+v, %v", c, err)
		}
		var e *state.Error
		if _, err := cats.Number(tx, 9); !errors.As(err, &e) || e.Class != state.NotFound || e.Code != "no_such_cat" || e.Args["ref"] != "m9" {
			t.Errorf("number 9: %v", err)
		}
		if c, err := cats.Find(tx, state.NumberKey(9)); c != nil || err != nil {
			t.Errorf("finding number 9: %+v, %v", c, err)
		}
		if c, rev, err := cats.GetRev(tx, state.NumberKey(1)); c == nil || rev != 1 || err != nil {
			t.Errorf("with revision: %+v, %d, %v", c, rev, err)
		}
		if c, rev, err := cats.GetRev(tx, state.NumberKey(9)); c != nil || rev != 0 || err != nil {
			t.Errorf("with revision: %+v, %d, %v", c, rev, err)
		}
		many, err := cats.Many(tx, [][]byte{state.NumberKey(2), state.NumberKey(9)})
		if err != nil || len(many) != 2 || many[0].Name != "Tom" || many[1] != nil {
			t.Errorf("many: %+v, %v", many, err)
		}
		if none, err := cats.Many(tx, nil); none != nil || err != nil {
			t.Errorf("many of none: %+v, %v", none, err)
		}
		by, err := cats.By(tx, "name", state.TextKey("Tom"))
		if err != nil || len(by) != 1 || by[0].Number != 2 {
			t.Errorf("by name: %+v, %v", by, err)
		}
		// A typed scan has no use for keys alone and gives the values.
		list, err := cats.List(tx, state.Range{KeysOnly: true, Reverse: true, Limit: 2})
		if err != nil || len(list) != 2 || list[0].Name != "猫" {
			t.Errorf("list: %+v, %v", list, err)
		}
		if _, err := cats.List(tx, state.Range{Index: "tail"}); err == nil {
			t.Error("a list by an index that is not declared")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := state.Change(ctx, s, cause, func(w *state.Writer) error {
		_, err := cats.PutRev(w, &cat{Number: 1}, 7)
		return err
	}); !state.IsClass(err, state.Conflict) {
		t.Errorf("revision 7 of 1: %v", err)
	}
}

func TestKindsIsACopy(t *testing.T) {
	t.Parallel()
	list := state.Kinds()
	if len(list) == 0 {
		t.Fatal("nothing is declared")
	}
	list[0] = nil
	if state.Kinds()[0] == nil {
		t.Error("the list can be changed from outside")
	}
}
