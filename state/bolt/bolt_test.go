package bolt_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/bolt"
	"github.com/keptcrm/kept/state/statetest"
)

// reopenable lets the model test close the file and open it again.
type reopenable struct {
	*bolt.Store
	opts bolt.Options
}

func (r reopenable) Reopen() (state.Store, error) {
	if err := r.Close(); err != nil {
		return nil, err
	}
	s, err := bolt.Open(r.Path(), r.opts)
	return reopenable{s, r.opts}, err
}

func open(t testing.TB, path string, kinds ...*state.Kind) *bolt.Store {
	t.Helper()
	s, err := bolt.Open(path, bolt.Options{Kinds: kinds})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestSuite(t *testing.T) {
	t.Parallel()
	opts := bolt.Options{Kinds: statetest.Kinds()}
	statetest.Suite(t, func(t *testing.T) state.Store {
		s, err := bolt.Open(filepath.Join(t.TempDir(), "kept.db"), opts)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return reopenable{s, opts}
	})
}

func TestSuiteTwice(t *testing.T) {
	t.Parallel()
	statetest.Suite(t, func(t *testing.T) state.Store {
		return statetest.Twice(open(t, filepath.Join(t.TempDir(), "kept.db"), statetest.Kinds()...))
	})
}

var ctx = context.Background()

// filled makes a file with documents, histories and blobs and closes it.
func filled(t testing.TB, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kept.db")
	s := open(t, path, statetest.Kinds()...)
	fill(t, s, 1, n)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func fill(t testing.TB, s state.Store, from, to int) {
	t.Helper()
	people, events := statetest.Kinds()[0], statetest.Kinds()[1]
	if err := s.Update(ctx, func(tx state.Tx) error {
		for i := from; i <= to; i++ {
			p := &statetest.Person{Number: uint64(i), Name: fmt.Sprintf("name %d", i%7), Mails: []string{fmt.Sprintf("p%d@example.com", i)}, Age: i % 90}
			if _, err := tx.Put(people, state.NumberKey(p.Number), p, 0); err != nil {
				return err
			}
			if err := tx.Append(events, state.NumberKey(p.Number), state.NumberKey(1), &statetest.Event{Text: "made"}); err != nil {
				return err
			}
		}
		return tx.PutBlob("last", []byte(strconv.Itoa(to)))
	}); err != nil {
		t.Fatal(err)
	}
}

// count counts the people by primary key and by index.
func count(t testing.TB, s state.Store) int {
	t.Helper()
	var n, byIndex int
	if err := s.View(ctx, func(tx state.Tx) error {
		n, byIndex = 0, 0
		for _, err := range tx.Scan(statetest.Kinds()[0], state.Range{}) {
			if err != nil {
				return err
			}
			n++
		}
		for _, err := range tx.Scan(statetest.Kinds()[0], state.Range{Index: "mail"}) {
			if err != nil {
				return err
			}
			byIndex++
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if n != byIndex {
		t.Errorf("%d people, %d in the index", n, byIndex)
	}
	return n
}

// Stopped between any two writes, a transaction with documents, indexes, a history, a blob and a
// sequence has left nothing in the file.
func TestStoppedAnywhereNothingIsLeft(t *testing.T) {
	t.Parallel()
	people, events := statetest.Kinds()[0], statetest.Kinds()[1]
	fresh := func(t *testing.T) state.Store {
		s := open(t, filled(t, 3), statetest.Kinds()...)
		statetest.Check(t, s)
		return s
	}
	statetest.AllOrNothing(t, fresh, func(s state.Store) error {
		return s.Update(ctx, func(tx state.Tx) error {
			n, err := tx.Next("person")
			if err != nil {
				return err
			}
			if _, err := tx.Put(people, state.NumberKey(n), &statetest.Person{Number: n, Name: "new", Mails: []string{"x", "y"}}, 1); err != nil {
				return err
			}
			if _, err := tx.Delete(people, state.NumberKey(2)); err != nil {
				return err
			}
			if err := tx.Append(events, state.NumberKey(1), state.NumberKey(2), &statetest.Event{Text: "x"}); err != nil {
				return err
			}
			if _, err := tx.Remove(events, state.NumberKey(3), state.NumberKey(1)); err != nil {
				return err
			}
			return tx.PutBlob("last", nil)
		})
	})
}
