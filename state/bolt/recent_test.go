package bolt_test

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/bolt"
	"github.com/keptcrm/kept/state/statetest"
)

// settling merges a random part of the recent index entries before each transaction.
type settling struct {
	reopenable
	dice *dice
}

// dice are thrown by several goroutines.
type dice struct {
	mu sync.Mutex
	*rand.Rand
}

func (d *dice) throw(n int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.IntN(n)
}

func (s settling) settle(ctx context.Context) error {
	for range s.dice.throw(4) {
		if _, err := s.SettleStep(ctx); err != nil {
			return err
		}
	}
	return s.Settle(ctx, s.dice.throw(8) == 0)
}

func (s settling) Update(ctx context.Context, fn func(state.Tx) error) error {
	if ctx.Err() == nil {
		if err := s.settle(ctx); err != nil {
			return err
		}
	}
	return s.reopenable.Update(ctx, fn)
}

func (s settling) Reopen() (state.Store, error) {
	again, err := s.reopenable.Reopen()
	return settling{again.(reopenable), s.dice}, err
}

// With a threshold so low that nearly every transaction keeps its entries apart, and parts of them merged
// all the time, nobody sees a difference.
func TestSuiteWithRecentEntries(t *testing.T) {
	t.Parallel()
	for _, bulk := range []int{1, 3} {
		opts := bolt.Options{Kinds: statetest.Kinds()}.WithRecents(bulk, 5, 2)
		statetest.Suite(t, func(t *testing.T) state.Store {
			s, err := bolt.Open(filepath.Join(t.TempDir(), "kept.db"), opts)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			seed := rand.Uint64()
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("merges by seed %d", seed)
				}
			})
			return settling{reopenable{s, opts}, &dice{Rand: rand.New(rand.NewPCG(seed, 1))}}
		})
	}
}

func recentFile(t testing.TB, n int) (*bolt.Store, bolt.Options) {
	t.Helper()
	opts := bolt.Options{Kinds: statetest.Kinds()}.WithRecents(1, 1<<20, 7)
	s, err := bolt.Open(filepath.Join(t.TempDir(), "kept.db"), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	fillBackwards(t, s, n)
	return s, opts
}

// fillBackwards begins with the last, so that the others' entries do not come behind what is there.
func fillBackwards(t testing.TB, s state.Store, n int) {
	t.Helper()
	fill(t, s, n, n)
	fill(t, s, 1, n-1)
}

// format reads a closed file's format, and the names of its buckets, with bbolt alone.
func format(t testing.TB, path string) (number string, buckets map[string]bool) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	buckets = map[string]bool{}
	if err := db.View(func(tx *bbolt.Tx) error {
		number = string(tx.Bucket([]byte("kept")).Get([]byte("format")))
		return tx.ForEach(func(name []byte, _ *bbolt.Bucket) error {
			buckets[string(name)] = true
			return nil
		})
	}); err != nil {
		t.Fatal(err)
	}
	return number, buckets
}

// An older Kept would miss recent entries: it refuses a file that has any, by its format, and opens one
// that has none.
func TestFormatSaysWhetherThereAreRecentEntries(t *testing.T) {
	t.Parallel()
	s, opts := recentFile(t, 40)
	before := statetest.Dump(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if n, has := format(t, s.Path()); n != "2" || !has["r/person/mail"] {
		t.Errorf("after a large transaction the format is %s, with %v", n, has)
	}
	s, err := bolt.Open(s.Path(), opts)
	if err != nil {
		t.Fatal(err)
	}
	if n := count(t, s); n != 40 {
		t.Errorf("%d of 40", n)
	}
	if err := s.Settle(ctx, false); err != nil {
		t.Fatal(err)
	}
	for more, steps := true, 0; more; steps++ {
		if more, err = s.SettleStep(ctx); err != nil {
			t.Fatal(err)
		}
		if n := count(t, s); n != 40 {
			t.Fatalf("%d of 40 after %d steps", n, steps)
		}
		if damage := check(t, s, false); damage != nil {
			t.Fatalf("after %d steps: %q", steps, damage)
		}
	}
	if after := statetest.Dump(t, s); len(after) != len(before) {
		t.Errorf("%d entries before merging, %d after", len(before), len(after))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if n, has := format(t, s.Path()); n != "1" || has["r/person/mail"] || !has["i/person/mail"] {
		t.Errorf("merged, the format is %s, with %v", n, has)
	}
}

// A small transaction's entries go where they belong, beside recent ones of the same index.
func TestSmallTransactionsKeepNothingApart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "kept.db")
	s := open(t, path, statetest.Kinds()...)
	fill(t, s, 1, 300)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if n, has := format(t, path); n != "1" || has["r/person/mail"] {
		t.Errorf("the format is %s, with %v", n, has)
	}
}

// What is recent is merged by itself once there is enough of it, and goes into a compact copy.
func TestRecentEntriesAreMergedOnceThereAreMany(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "kept.db")
	opts := bolt.Options{Kinds: statetest.Kinds()}.WithRecents(10, 200, 50)
	s, err := bolt.Open(path, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	fillBackwards(t, s, 20)
	if err := s.Settle(ctx, false); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "copy.db")
	f, err := os.Create(copied)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Backup(ctx, f, true); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, has := format(t, copied); !has["r/person/mail"] {
		t.Errorf("few entries were merged: %v", has)
	}
	other, err := bolt.Open(copied, opts)
	if err != nil {
		t.Fatal(err)
	}
	for i, store := range []*bolt.Store{s, other} {
		fill(t, store, 21, 200)
		if err := store.Settle(ctx, false); err != nil {
			t.Fatal(err)
		}
		if n := count(t, store); n != 200 {
			t.Errorf("%d: %d of 200", i, n)
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
		if n, has := format(t, store.Path()); n != "1" || has["r/person/mail"] {
			t.Errorf("%d: the format is %s, with %v", i, n, has)
		}
	}
}

// A salvage loses nothing with a page of recent entries, and learns from them what stood in a page of
// documents.
func TestSalvageKnowsRecentEntries(t *testing.T) {
	t.Parallel()
	for bucket, lossless := range map[string]bool{"r/person/mail": true, "d/person": false} {
		s, _ := recentFile(t, 2000)
		before := statetest.Dump(t, s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		page, _ := leafOf(t, s.Path(), bucket, state.NumberKey(700))
		overwrite(t, s.Path(), page)
		saved, err := bolt.Salvage(ctx, s.Path(), bolt.SalvageOptions{Kinds: statetest.Kinds()})
		if err != nil || len(saved.Damages) == 0 {
			t.Fatalf("%s: %+v, %v", bucket, saved, err)
		}
		lost := 0
		for _, d := range saved.Damages {
			for _, g := range d.Lost {
				if g.Collection != "person" || !g.Surely {
					t.Errorf("%s: told %+v", bucket, g)
				}
				lost += int(state.KeyNumber(g.To)-state.KeyNumber(g.From)) + 1
			}
		}
		after := dumped(t, s.Path())
		if lossless != (lost == 0) || lossless && len(after) != len(before) {
			t.Errorf("%s: %d lost, %d entries of %d", bucket, lost, len(after), len(before))
		}
		again := open(t, s.Path(), statetest.Kinds()...)
		if n := count(t, again); n+lost != 2000 {
			t.Errorf("%s: %d left, %d said to be lost", bucket, n, lost)
		}
	}
}
