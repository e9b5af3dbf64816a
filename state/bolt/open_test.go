package bolt_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"
	"pgregory.net/rapid"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/bolt"
	"github.com/keptcrm/kept/state/statetest"
)

// refused opens a file that must be refused with a code, naming the file and leaving it as it is.
func refused(t *testing.T, path, code string, opts bolt.Options) {
	t.Helper()
	before, _ := os.ReadFile(path)
	s, err := bolt.Open(path, opts)
	if err == nil {
		_ = s.Close()
	}
	var e *state.Error
	if !errors.As(err, &e) || e.Code != code || e.Args["path"] != path {
		t.Errorf("opened with %v, not with %s", err, code)
	}
	if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
		t.Errorf("%s: the file was changed", code)
	}
}

func TestNewFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new", "folder", "kept.db")
	refused(t, path, "no_state", bolt.Options{ReadOnly: true})
	s := open(t, path)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	nonce := s.Nonce()
	if len(nonce) != 10 {
		t.Errorf("nonce %q", nonce)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s := open(t, path); s.Nonce() != nonce {
		t.Errorf("nonce %q, then %q", nonce, s.Nonce())
	}
	if other := open(t, filepath.Join(t.TempDir(), "other.db")); other.Nonce() == nonce {
		t.Error("two files with one nonce")
	}
	if left, _ := filepath.Glob(path + ".*"); len(left) > 0 {
		t.Errorf("left beside the file: %v", left)
	}
}

func TestLockedFile(t *testing.T) {
	t.Parallel()
	path := filled(t, 3)
	s := open(t, path)
	_, err := bolt.Open(path, bolt.Options{})
	if !state.IsCode(err, "state_locked") || !state.IsClass(err, state.Unavailable) {
		t.Errorf("opened twice: %v", err)
	}
	if _, err := bolt.Open(path, bolt.Options{ReadOnly: true}); !state.IsCode(err, "state_locked") {
		t.Errorf("read beside a writer: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var readers []*bolt.Store
	for range 2 {
		r, err := bolt.Open(path, bolt.Options{ReadOnly: true, Kinds: statetest.Kinds()})
		if err != nil {
			t.Fatal(err)
		}
		readers = append(readers, r)
	}
	if err := readers[0].Update(ctx, func(state.Tx) error { return nil }); !state.IsCode(err, "state_read_only") {
		t.Errorf("wrote through a reader: %v", err)
	}
	if n := count(t, readers[1]); n != 3 {
		t.Errorf("a reader sees %d", n)
	}
	for _, r := range readers {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Many begin at once where there is no file: all work in one, and what they write stays.
func TestManyMakeTheFileAtOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "kept.db")
	const many = 12
	var wg sync.WaitGroup
	for n := range many {
		wg.Go(func() {
			for {
				s, err := bolt.Open(path, bolt.Options{})
				if state.IsCode(err, "state_locked") {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				err = s.Update(ctx, func(tx state.Tx) error { return tx.PutBlob(fmt.Sprint("from ", n), []byte("x")) })
				if err := errors.Join(err, s.Close()); err != nil {
					t.Error(err)
				}
				return
			}
		})
	}
	wg.Wait()
	s := open(t, path)
	statetest.Check(t, s)
	if n := len(statetest.Dump(t, s)); n != many {
		t.Errorf("%d entries are left", n)
	}
}

func TestForeignFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, content := range map[string][]byte{
		"text":    []byte("Name,E-mail\nJana,jana@example.com\n"),
		"zeros":   make([]byte, 1<<16),
		"sqlite":  append([]byte("SQLite format 3\x00"), make([]byte, 8192)...),
		"one":     {1},
		"letters": bytes.Repeat([]byte("kept"), 10000),
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		refused(t, path, "state_foreign", bolt.Options{})
		refused(t, path, "state_foreign", bolt.Options{ReadOnly: true})
	}
	refused(t, dir, "state_foreign", bolt.Options{})

	// A file of another program that uses bbolt.
	other := filepath.Join(dir, "other.db")
	raw(t, other, func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucket([]byte("theirs"))
		if err != nil {
			return err
		}
		return b.Put([]byte("k"), []byte("v"))
	})
	refused(t, other, "state_foreign", bolt.Options{})
	empty := filepath.Join(dir, "empty.db")
	raw(t, empty, func(*bbolt.Tx) error { return nil })
	refused(t, empty, "state_foreign", bolt.Options{})
	// And one that keeps no free list, which would be scanned for minutes.
	db, err := bbolt.Open(filepath.Join(dir, "scanned.db"), 0o600, &bbolt.Options{NoFreelistSync: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(func(tx *bbolt.Tx) error { _, err := tx.CreateBucket([]byte("x")); return err }),
		db.Update(func(tx *bbolt.Tx) error { _, err := tx.CreateBucket([]byte("y")); return err }), db.Close()); err != nil {
		t.Fatal(err)
	}
	refused(t, filepath.Join(dir, "scanned.db"), "state_foreign", bolt.Options{})
}

// Cut short anywhere a file is refused before bbolt maps it, where reading on would be a fault.
func TestTruncatedFiles(t *testing.T) {
	t.Parallel()
	whole, err := os.ReadFile(filled(t, 500))
	if err != nil {
		t.Fatal(err)
	}
	used := usedBytes(t, whole)
	path := filepath.Join(t.TempDir(), "kept.db")
	for size := 0; size < used; size += 1 + size/9 {
		if err := os.WriteFile(path, whole[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		code := "state_truncated"
		if size > 0 && size < 20 {
			code = "state_foreign" // too short to say whose it is
		}
		refused(t, path, code, bolt.Options{})
		refused(t, path, code, bolt.Options{ReadOnly: true})
	}
	if err := os.WriteFile(path, whole[:used], 0o600); err != nil {
		t.Fatal(err)
	}
	if n := count(t, open(t, path)); n != 500 {
		t.Errorf("without the room behind its end the file has %d", n)
	}
}

// usedBytes is how much of a file its pages take; bbolt makes files longer than that.
func usedBytes(t *testing.T, whole []byte) int {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.db")
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	var n int64
	if err := errors.Join(db.View(func(tx *bbolt.Tx) error { n = tx.Size(); return nil }), db.Close()); err != nil {
		t.Fatal(err)
	}
	return int(n)
}

// Whatever bytes are changed: no panic and no fault comes out, and what is damaged is either told
// or does not matter.
func TestDamagedBytes(t *testing.T) {
	t.Parallel()
	whole, err := os.ReadFile(filled(t, 400))
	if err != nil {
		t.Fatal(err)
	}
	used := usedBytes(t, whole)
	dir := t.TempDir()
	told := 0
	rapid.Check(t, func(t *rapid.T) {
		b := bytes.Clone(whole)
		for range rapid.IntRange(1, 4).Draw(t, "places") {
			at := rapid.IntRange(0, used-1).Draw(t, "at")
			if rapid.Bool().Draw(t, "in a page's head") {
				at = at/4096*4096 + at%64
			}
			b[at] ^= byte(rapid.IntRange(1, 255).Draw(t, "flipped"))
		}
		path := filepath.Join(dir, "kept.db")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		damage := 0
		count := func(state.Damage) { damage++ }
		s, err := bolt.Open(path, bolt.Options{Kinds: statetest.Kinds()})
		if err != nil {
			told++
			var e *state.Error
			if !errors.As(err, &e) {
				t.Fatalf("a raw error: %v", err)
			}
			if err := bolt.CheckFile(ctx, path, count); err != nil && !errors.As(err, &e) {
				t.Fatalf("a raw error: %v", err)
			}
			return
		}
		defer func() { _ = s.Close() }()
		if err := s.CheckStorage(ctx, nil, rapid.Bool().Draw(t, "repair"), count); err != nil {
			// Where the file says that it was written by a newer program, nobody can know better.
			if !state.IsCode(err, "newer_state") && !state.IsCode(err, "older_state") {
				t.Fatalf("checking: %v", err)
			}
			damage++
		}
		if damage > 0 {
			told++
			return
		}
		// Nothing to tell: then everything can be read.
		if err := s.View(ctx, func(tx state.Tx) error {
			n := 0
			for _, err := range tx.Scan(statetest.Kinds()[0], state.Range{Index: "mail"}) {
				if err != nil {
					return err
				}
				n++
			}
			if n != 400 {
				return fmt.Errorf("%d of 400", n)
			}
			return nil
		}); err != nil {
			t.Fatalf("no damage was told: %v", err)
		}
	})
	if told == 0 {
		t.Error("no damage was ever told")
	}
}

// A file that is cut while it is open is a fault in the memory map: an error here, not the end of
// the process.
func TestFileCutWhileOpen(t *testing.T) {
	t.Parallel()
	path := filled(t, 2000)
	s, err := bolt.Open(path, bolt.Options{Kinds: statetest.Kinds()})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 8192); err != nil {
		t.Fatal(err)
	}
	err = s.View(ctx, func(tx state.Tx) error {
		for _, err := range tx.Scan(statetest.Kinds()[0], state.Range{Index: "mail"}) {
			if err != nil {
				return err
			}
		}
		return nil
	})
	if !state.IsCode(err, "state_damaged") {
		t.Errorf("reading: %v", err)
	}
	err = s.Update(ctx, func(tx state.Tx) error { return tx.PutBlob("x", []byte("x")) })
	if !state.IsCode(err, "state_damaged") {
		t.Errorf("writing: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("closing: %v", err)
	}
}

func TestWaitingForTheWriterCanBeCancelled(t *testing.T) {
	t.Parallel()
	s := open(t, filled(t, 1))
	waiting, cancel := context.WithCancel(ctx)
	if err := s.Update(ctx, func(state.Tx) error {
		done := make(chan error)
		go func() { done <- s.Update(waiting, func(state.Tx) error { return nil }) }()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("waited and got %v", err)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// Numbers and big batches in any order come out the same, across the size at which the pages of a
// transaction are split.
func TestBatchesInAnyOrder(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "kept.db")
	s := open(t, path, statetest.Kinds()...)
	statetest.Check(t, s)
	const n = 3000
	if err := s.Update(ctx, func(tx state.Tx) error {
		for i := range n {
			p := &statetest.Person{Number: uint64(i * 7919 % n), Name: fmt.Sprint(i * 31 % n), Mails: []string{fmt.Sprint(i)}}
			if _, err := tx.Put(statetest.Kinds()[0], state.NumberKey(p.Number), p, 0); err != nil {
				return err
			}
			if i%3 == 0 {
				if _, err := tx.Delete(statetest.Kinds()[0], state.NumberKey(uint64(i*7919%n))); err != nil {
					return err
				}
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if got := count(t, s); got != n/3*2 {
		t.Errorf("%d of %d", got, n/3*2)
	}
}

// Who waits for the lock while another state is put in the file's place must not get the one that
// has no name any more: what is written there would be lost.
func TestFileReplacedWhileWaiting(t *testing.T) {
	t.Parallel()
	path, other := filled(t, 3), filled(t, 7)
	holder := open(t, path)
	opened := make(chan error)
	begun := make(chan struct{})
	go func() {
		close(begun)
		s, err := bolt.Open(path, bolt.Options{Timeout: time.Minute, Kinds: statetest.Kinds()})
		if err == nil {
			fill(t, s, 8, 8)
			err = s.Close()
		}
		opened <- err
	}()
	<-begun
	_ = filled(t, 200) // long enough for the other to have the old file open
	if err := errors.Join(os.Rename(other, path), holder.Close(), <-opened); err != nil {
		t.Fatal(err)
	}
	if n := count(t, open(t, path, statetest.Kinds()...)); n != 8 {
		t.Errorf("%d: what was written is in the file that was replaced", n)
	}
}
