package bolt

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"

	"go.etcd.io/bbolt"

	"github.com/keptcrm/kept/state"
)

// Backup writes one picture of the file to w: its pages as they are, or with compact everything
// anew in order, without free pages. Compacting needs room for the copy beside the file.
func (s *Store) Backup(ctx context.Context, w io.Writer, compact bool) (n int64, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	s.readers.RLock()
	defer s.readers.RUnlock()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer s.guard(&err)
	btx, err := s.db.Begin(false)
	if err != nil {
		return 0, translate(s.path, err)
	}
	defer func() { _ = s.rollback(btx) }()
	if compact {
		return s.compact(ctx, btx, w)
	}
	out := &target{ctx: ctx, w: w}
	n, err = btx.WriteTo(out)
	return n, s.backupError(out, err)
}

// backupError tells what went wrong where the backup goes from what went wrong here: the words
// for a full disk must name the right one.
func (s *Store) backupError(out *target, err error) error {
	switch {
	case err == nil:
		return nil
	case out.err != nil:
		return translate("", out.err)
	}
	return translate(s.path, err)
}

// target writes in large pieces, while the caller still wants it.
type target struct {
	ctx context.Context
	w   io.Writer
	err error
}

func (t *target) Write(b []byte) (int, error) {
	if t.err = t.ctx.Err(); t.err != nil {
		return 0, t.err
	}
	n, err := t.w.Write(b)
	t.err = err
	return n, err
}

// ReadFrom lets io.Copy use a larger buffer than its own.
func (t *target) ReadFrom(r io.Reader) (int64, error) {
	return io.CopyBuffer(struct{ io.Writer }{t}, struct{ io.Reader }{r}, make([]byte, 1<<20))
}

// compactStep is how much is copied in one commit.
const compactStep = 32 << 20

func (s *Store) compact(ctx context.Context, from *bbolt.Tx, w io.Writer) (n int64, err error) {
	f, err := os.CreateTemp(filepath.Dir(s.path), filepath.Base(s.path)+".compact-*")
	if err != nil {
		return 0, translate(s.path, err)
	}
	name := f.Name()
	defer func() { _ = os.Remove(name) }()
	if err := f.Close(); err != nil {
		return 0, translate(name, err)
	}
	to, err := bbolt.Open(name, 0o600, &bbolt.Options{NoSync: true, NoGrowSync: true, FreelistType: bbolt.FreelistMapType, NoStatistics: true})
	if err != nil {
		return 0, translate(name, err)
	}
	err = copyBuckets(ctx, from, to)
	if err == nil {
		err = to.View(func(tx *bbolt.Tx) error {
			out := &target{ctx: ctx, w: w}
			n, err = tx.WriteTo(out)
			return s.backupError(out, err)
		})
	}
	return n, translate(name, errors.Join(err, to.Close()))
}

// copyBuckets copies all buckets, which are flat, in order and into full pages. Once an earlier
// part is committed the tree's right edge is the only page that is written again.
func copyBuckets(ctx context.Context, from *bbolt.Tx, to *bbolt.DB) error {
	var last []byte // of the present bucket, copied already
	var bucket []byte
	for done := false; !done; {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := to.Update(func(tx *bbolt.Tx) error {
			size := 0
			names := from.Cursor()
			name, _ := names.Seek(bucket)
			if bucket == nil {
				name, _ = names.First()
			}
			for ; name != nil; name, _ = names.Next() {
				if !bytes.Equal(name, bucket) {
					bucket, last = bytes.Clone(name), nil
				}
				b, err := tx.CreateBucketIfNotExists(bucket)
				if err != nil {
					return err
				}
				b.FillPercent = 1
				if err := b.SetSequence(from.Bucket(bucket).Sequence()); err != nil {
					return err
				}
				c := from.Bucket(bucket).Cursor()
				k, v := c.First()
				if last != nil {
					if k, v = c.Seek(last); bytes.Equal(k, last) {
						k, v = c.Next()
					}
				}
				for ; k != nil; k, v = c.Next() {
					if err := b.Put(k, v); err != nil {
						return err
					}
					last = k
					if size += len(k) + len(v); size >= compactStep {
						last = bytes.Clone(k)
						return nil
					}
				}
			}
			done = true
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Restore replaces the state at path by a backup read from src. The backup is written beside it
// and checked first: what is foreign, cut short or damaged is refused, and the present state stays
// as it is. The replaced state stays as path.before-restore. While a process has the state open
// the error is state_locked.
func Restore(ctx context.Context, src io.Reader, path string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return translate(path, err)
	}
	f, err := os.CreateTemp(dir, filepath.Base(path)+".restoring-*")
	if err != nil {
		return translate(path, err)
	}
	name := f.Name()
	defer func() { _ = os.Remove(name) }()
	_, err = io.Copy(&target{ctx: ctx, w: f}, src)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return translate(path, err)
	}
	if err := checkBackup(ctx, name); err != nil {
		return named(err, src)
	}
	release, err := hold(path)
	if err != nil {
		return err
	}
	if runtime.GOOS == "windows" {
		release() // an open file cannot be replaced there
		release = func() {}
	}
	defer release()
	before := path + ".before-restore"
	if _, err := os.Stat(path); err == nil {
		if err := os.Remove(before); err != nil && !errors.Is(err, os.ErrNotExist) {
			return translate(before, err)
		}
		// A second name, not another one: there is a state at every moment.
		if err := os.Link(path, before); err != nil {
			if err := os.Rename(path, before); err != nil {
				return translate(path, err)
			}
		}
	}
	if err := os.Rename(name, path); err != nil {
		return translate(path, err)
	}
	return translate(path, syncDir(dir))
}

// named puts the backup's own name into an error in place of the copy's.
func named(err error, src io.Reader) error {
	e := *state.AsError(err)
	e.Args = maps.Clone(e.Args)
	if f, ok := src.(interface{ Name() string }); ok && e.Args != nil {
		e.Args["path"] = f.Name()
	} else {
		delete(e.Args, "path")
	}
	return &e
}

// checkBackup looks whether a file is a whole state of a format that is known.
func checkBackup(ctx context.Context, name string) error {
	var first error
	if err := CheckFile(ctx, name, func(d state.Damage) {
		if first == nil {
			first = fail(state.Failed, "state_damaged", name, errors.New(d.Detail))
		}
	}); err != nil {
		return err
	}
	if first != nil {
		return first
	}
	s, err := Open(name, Options{ReadOnly: true})
	if err != nil {
		return err
	}
	return s.Close()
}

// hold locks the state that is to be replaced, so that nobody writes to it any more. A damaged one
// can be replaced, a foreign file cannot: it may be the wrong path.
func hold(path string) (release func(), err error) {
	none := func() {}
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return none, nil
	}
	s, err := Open(path, Options{ReadOnly: false})
	switch {
	case err == nil:
		return func() { _ = s.Close() }, nil
	case state.IsCode(err, "state_damaged"), state.IsCode(err, "state_headless"), state.IsCode(err, "state_truncated"), state.IsCode(err, "newer_state"):
		return none, nil
	}
	return none, err
}
