//go:build linux || darwin

package bolt_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/bolt"
	"github.com/keptcrm/kept/state/statetest"
)

func init() { children["fill"] = fillTheDisk }

// fillTheDisk lets files grow by 200 kB only, as a disk that is nearly full, and writes more.
func fillTheDisk(path string) error {
	signal.Ignore(syscall.SIGXFSZ)
	s, err := bolt.Open(path, bolt.Options{Kinds: statetest.Kinds()})
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	limit := syscall.Rlimit{Cur: uint64(info.Size()) + 200_000, Max: uint64(info.Size()) + 200_000}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	write := func(name string, size int) error {
		return s.Update(ctx, func(tx state.Tx) error { return tx.PutBlob(name, bytes.Repeat([]byte("x"), size)) })
	}
	for range 2 {
		if err := write("large", 8<<20); !state.IsCode(err, "disk_full") || state.AsError(err).Args["path"] != path {
			return fmt.Errorf("a commit without room: %w", err)
		}
	}
	// The store goes on: what was there is there, and what has room can be written.
	if err := errors.Join(write("small", 10), s.View(ctx, func(tx state.Tx) error {
		b, err := tx.Blob("large")
		if b != nil {
			err = errors.New("the failed commit is visible")
		}
		return err
	})); err != nil {
		return err
	}
	return s.Close()
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	path := filled(t, 3000)
	c := child(t, "fill", path)
	if out, err := c.Output(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s := open(t, path, statetest.Kinds()...)
	statetest.Check(t, s)
	if n := count(t, s); n != 3000 {
		t.Errorf("%d of 3000", n)
	}
	if err := s.View(ctx, func(tx state.Tx) error {
		small, err := tx.Blob("small")
		if len(small) != 10 {
			t.Errorf("the commit that had room left %q", small)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}
