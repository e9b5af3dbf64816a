package bolt_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/bolt"
	"github.com/keptcrm/kept/state/statetest"
)

func TestBackupIsTheStateAndRestoresIt(t *testing.T) {
	t.Parallel()
	s := open(t, filled(t, 800), statetest.Kinds()...)
	if err := s.Update(ctx, func(tx state.Tx) error { // leaves free pages
		for n := range uint64(400) {
			if _, err := tx.Delete(statetest.Kinds()[0], state.NumberKey(n+1)); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	wanted := statetest.Dump(t, s)
	size := map[bool]int64{}
	for _, compact := range []bool{false, true} {
		var b bytes.Buffer
		n, err := s.Backup(ctx, &b, compact)
		if err != nil || n != int64(b.Len()) {
			t.Fatalf("compact %v: %d bytes of %d, %v", compact, n, b.Len(), err)
		}
		size[compact] = n
		path := filepath.Join(t.TempDir(), "restored", "kept.db")
		if err := bolt.Restore(ctx, &b, path); err != nil {
			t.Fatal(err)
		}
		r := open(t, path, statetest.Kinds()...)
		statetest.Check(t, r)
		if got := statetest.Dump(t, r); len(got) != len(wanted) {
			t.Errorf("compact %v: %d entries of %d", compact, len(got), len(wanted))
		} else {
			for k, v := range wanted {
				if got[k] != v {
					t.Errorf("compact %v: %s is %q, not %q", compact, k, got[k], v)
				}
			}
		}
		if r.Nonce() != s.Nonce() {
			t.Error("the restored state has another nonce")
		}
	}
	if size[true] >= size[false] {
		t.Errorf("compact takes %d bytes, the pages %d", size[true], size[false])
	}
	if left, _ := filepath.Glob(s.Path() + ".*"); len(left) > 0 {
		t.Errorf("left beside the file: %v", left)
	}
}

// writing commits while a backup is being written.
type writing struct {
	bytes.Buffer
	commit func()
}

func (w *writing) Write(b []byte) (int, error) {
	w.commit()
	return w.Buffer.Write(b)
}

func TestBackupIsTheMomentOfTheCall(t *testing.T) {
	t.Parallel()
	for _, compact := range []bool{false, true} {
		s := open(t, filled(t, 300), statetest.Kinds()...)
		next := 301
		w := &writing{commit: func() {
			fill(t, s, next, next+200)
			next += 201
		}}
		if _, err := s.Backup(ctx, w, compact); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "kept.db")
		if err := bolt.Restore(ctx, &w.Buffer, path); err != nil {
			t.Fatal(err)
		}
		r := open(t, path, statetest.Kinds()...)
		statetest.Check(t, r)
		if n := count(t, r); n != 300 || next == 301 {
			t.Errorf("compact %v: the backup has %d", compact, n)
		}
		if n := count(t, s); n != next-1 {
			t.Errorf("compact %v: the state has %d of %d", compact, n, next-1)
		}
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestBackupThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	s := open(t, filled(t, 10))
	for _, compact := range []bool{false, true} {
		_, err := s.Backup(ctx, failing{errors.New("pipe is gone")}, compact)
		var e *state.Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), "pipe is gone") || e.Args["path"] != "" {
			t.Errorf("compact %v: %v", compact, err)
		}
		stopped, cancel := context.WithCancel(ctx)
		w := &writing{commit: cancel}
		if _, err := s.Backup(stopped, w, compact); !errors.Is(err, context.Canceled) && w.Len() < 8192 {
			t.Errorf("compact %v, cancelled: %v", compact, err)
		}
		if _, err := s.Backup(stopped, w, compact); !errors.Is(err, context.Canceled) {
			t.Errorf("compact %v, cancelled before: %v", compact, err)
		}
	}
	if left, _ := filepath.Glob(s.Path() + ".*"); len(left) > 0 {
		t.Errorf("left beside the file: %v", left)
	}
}

func TestRestoreKeepsWhatWasThere(t *testing.T) {
	t.Parallel()
	path := filled(t, 5)
	backup, err := os.ReadFile(filled(t, 9))
	if err != nil {
		t.Fatal(err)
	}
	for _, had := range []int{5, 9} { // the second time over an older .before-restore
		if err := bolt.Restore(ctx, bytes.NewReader(backup), path); err != nil {
			t.Fatal(err)
		}
		for file, n := range map[string]int{path: 9, path + ".before-restore": had} {
			s := open(t, file, statetest.Kinds()...)
			statetest.Check(t, s)
			if got := count(t, s); got != n {
				t.Errorf("%s has %d, not %d", filepath.Base(file), got, n)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	good, err := os.ReadFile(filled(t, 200))
	if err != nil {
		t.Fatal(err)
	}
	damaged := bytes.Clone(good)
	for at := 2 * 4096; at < len(damaged); at += 4096 { // every page says that it is another
		damaged[at] ^= 0x40
	}
	other := filepath.Join(t.TempDir(), "other.db")
	raw(t, other, func(*bbolt.Tx) error { return nil })
	foreign, err := os.ReadFile(other)
	if err != nil {
		t.Fatal(err)
	}
	path := filled(t, 5)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		content []byte
		code    string
	}{
		"text":               {[]byte(strings.Repeat("no backup\n", 1000)), "state_foreign"},
		"nothing":            {nil, "state_truncated"},
		"half":               {good[:usedBytes(t, good)/2], "state_truncated"},
		"damaged":            {damaged, "state_damaged"},
		"of another program": {foreign, "state_foreign"},
	} {
		err := bolt.Restore(ctx, bytes.NewReader(c.content), path)
		if !state.IsCode(err, c.code) || strings.Contains(err.Error(), "restoring") {
			t.Errorf("%s: %v", name, err)
		}
		file := filepath.Join(t.TempDir(), "the backup")
		if err := os.WriteFile(file, c.content, 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := bolt.Restore(ctx, f, path); err == nil || state.AsError(err).Args["path"] != file {
			t.Errorf("%s: %v does not name the backup", name, err)
		}
		_ = f.Close()
	}
	s := open(t, path)
	if err := bolt.Restore(ctx, bytes.NewReader(good), path); !state.IsCode(err, "state_locked") {
		t.Errorf("over a state that is open: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	stopped, cancel := context.WithCancel(ctx)
	cancel()
	if err := bolt.Restore(stopped, bytes.NewReader(good), path); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	wrong := filepath.Join(t.TempDir(), "letter.txt")
	if err := os.WriteFile(wrong, []byte("Dear Jana"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := bolt.Restore(ctx, bytes.NewReader(good), wrong); !state.IsCode(err, "state_foreign") {
		t.Errorf("over a file that is no state: %v", err)
	}
	if b, _ := os.ReadFile(wrong); string(b) != "Dear Jana" {
		t.Error("the letter is gone")
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the state was changed, %v", err)
	}
	if left, _ := filepath.Glob(path + "*"); len(left) != 1 {
		t.Errorf("left beside the file: %v", left)
	}
}

// A damaged state is what restoring is for.
func TestRestoreOverADamagedState(t *testing.T) {
	t.Parallel()
	good, err := os.ReadFile(filled(t, 20))
	if err != nil {
		t.Fatal(err)
	}
	for name, damage := range map[string][]byte{"cut": good[:9000], "empty": {}, "both meta pages": append(bytes.Repeat(append(bytes.Clone(good[:32]), make([]byte, 4064)...), 2), good[8192:]...)} {
		path := filepath.Join(t.TempDir(), "kept.db")
		if err := os.WriteFile(path, damage, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := bolt.Restore(ctx, bytes.NewReader(good), path); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if n := count(t, open(t, path, statetest.Kinds()...)); n != 20 {
			t.Errorf("%s: %d", name, n)
		}
		if kept, err := os.ReadFile(path + ".before-restore"); err != nil || !bytes.Equal(kept, damage) {
			t.Errorf("%s: the damaged state was not kept, %v", name, err)
		}
	}
}
