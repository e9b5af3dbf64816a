//go:build linux

package bolt_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/bolt"
	"github.com/keptcrm/kept/state/statetest"
)

// asNobody runs fn without root's right to write everywhere.
func asNobody(t *testing.T, fn func()) {
	if os.Geteuid() != 0 {
		fn()
		return
	}
	runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
	if err := syscall.Setfsuid(65534); err != nil {
		t.Fatal(err)
	}
	fn()
}

func TestReadOnlyFileAndFolder(t *testing.T) {
	t.Parallel()
	path := filled(t, 5)
	dir := filepath.Dir(path)
	backup, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		path string
		mode os.FileMode
	}{{filepath.Dir(dir), 0o755}, {dir, 0o555}, {path, 0o444}} {
		if err := os.Chmod(x.path, x.mode); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o755) })
	done := make(chan struct{})
	go func() {
		defer close(done)
		asNobody(t, func() {
			refused(t, path, "state_read_only", bolt.Options{})
			if _, err := bolt.Open(filepath.Join(dir, "new.db"), bolt.Options{}); !state.IsCode(err, "state_read_only") {
				t.Errorf("a new file in a folder that cannot be written: %v", err)
			}
			if err := bolt.Restore(ctx, bytes.NewReader(backup), path); !state.IsCode(err, "state_read_only") {
				t.Errorf("restoring into it: %v", err)
			}
			s, err := bolt.Open(path, bolt.Options{ReadOnly: true, Kinds: statetest.Kinds()})
			if err != nil {
				t.Errorf("reading only: %v", err)
				return
			}
			defer func() { _ = s.Close() }()
			if n := count(t, s); n != 5 {
				t.Errorf("%d of 5", n)
			}
			if _, err := s.Backup(ctx, io.Discard, false); err != nil {
				t.Errorf("a backup of it: %v", err)
			}
			if _, err := s.Backup(ctx, io.Discard, true); !state.IsCode(err, "state_read_only") {
				t.Errorf("a compact backup, which needs room beside it: %v", err)
			}
		})
	}()
	<-done
	if err := os.Chmod(path, 0o000); err != nil {
		t.Fatal(err)
	}
	done = make(chan struct{})
	go func() {
		defer close(done)
		asNobody(t, func() { refused(t, path, "state_not_readable", bolt.Options{}) })
	}()
	<-done
}
