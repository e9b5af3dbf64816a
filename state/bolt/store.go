// Package bolt keeps the state in one file, with bbolt. It is the embedded default: no server, one
// file to copy, one process at a time.
//
// The file holds flat buckets: "kept" (format, nonce, what is declared), "d/<collection>" (documents
// by primary key), "i/<collection>/<index>" (entry and primary key, no value), "r/<collection>/<index>"
// (the entries of it that a bulk import wrote and [Store.Settle] has not moved there yet), "h/<collection>"
// (histories: length of subject, subject, order), "blob" and "seq".
package bolt

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/keptcrm/kept/state"
)

// Options say how to open a file. The zero value opens for writing and fails at once if another
// process has the file.
type Options struct {
	// Kinds are the collections that the program declares. What a newer Kept wrote is refused
	// here, what an older one wrote is brought up to date.
	Kinds []*state.Kind
	// ReadOnly opens without changing anything; several processes can read, while none writes.
	ReadOnly bool
	// Timeout is how long to wait for another process to let go of the file.
	Timeout time.Duration
	// Salvaged is what an earlier [Salvage] of this file found: CheckStorage tells it again.
	Salvaged *Salvaged
	// FileMode is that of a new file; 0600 where it is zero.
	FileMode os.FileMode

	recents recents // how index entries are kept apart; usualRecents where it is zero
}

// Store is one open file.
type Store struct {
	db       *bbolt.DB
	file     *os.File // bbolt's own handle: for reads past the memory map, never closed here
	path     string
	nonce    string
	readOnly bool
	kinds    []*state.Kind
	salvaged *Salvaged
	recents  recents

	writer  chan struct{} // holds one token while a transaction writes, so that waiting can be cancelled
	readers sync.RWMutex  // held by who reads; whoever overwrites pages holds it alone
	mu      sync.Mutex
	known   map[*state.Kind]bool // compared with the file's own list
	broken  error                // a commit stopped inside bbolt; nothing may be written any more
}

var (
	_ state.Store    = (*Store)(nil)
	_ state.Backuper = (*Store)(nil)
	_ state.Checker  = (*Store)(nil)
)

// Open opens a state file, or makes one where there is none. Errors have the codes state_locked,
// state_foreign, state_truncated, state_damaged, state_read_only, state_not_readable, disk_full,
// newer_state, no_state (reading only) and older_state (reading only: it must be opened for writing
// once).
func Open(path string, opts Options) (*Store, error) {
	if opts.FileMode == 0 {
		opts.FileMode = 0o600
	}
	deadline := time.Now().Add(opts.Timeout)
	for {
		s, err := open(path, opts)
		if err != nil {
			return nil, translate(path, err)
		}
		// Between opening and locking the file another process may have put a restored one in its
		// place. What we hold then has no name any more and would be lost with all we write.
		same, err := s.stillNamed()
		if err == nil && same {
			if err = s.begin(opts); err == nil {
				return s, nil
			}
		}
		_ = s.Close()
		if err != nil {
			return nil, translate(path, err)
		}
		if opts.Timeout > 0 && time.Now().After(deadline) {
			return nil, fail(state.Unavailable, "state_locked", path, nil)
		}
	}
}

func open(path string, opts Options) (*Store, error) {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return nil, fail(state.Failed, "state_foreign", path, nil)
	case errors.Is(err, os.ErrNotExist) && opts.ReadOnly:
		return nil, fail(state.NotFound, "no_state", path, err)
	case errors.Is(err, os.ErrNotExist):
		if err := create(path, opts.FileMode); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, err
	}
	head, err := soundFile(path)
	if errors.Is(err, os.ErrPermission) {
		return nil, fail(state.Forbidden, "state_not_readable", path, err)
	}
	if err != nil {
		return nil, err
	}
	db, file, err := openBolt(path, opts, head.size())
	if err != nil {
		return nil, err
	}
	s := &Store{db: db, file: file, path: path, recents: cmp.Or(opts.recents, usualRecents), readOnly: opts.ReadOnly, kinds: opts.Kinds, salvaged: opts.Salvaged,
		writer: make(chan struct{}, 1), known: map[*state.Kind]bool{}}
	return s, nil
}

// openBolt opens with bbolt. A panic or a fault in there means a damaged file.
func openBolt(path string, opts Options, size int64) (db *bbolt.DB, file *os.File, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	o := &bbolt.Options{
		Timeout:      max(opts.Timeout, 1), // for bbolt zero means to wait for ever
		ReadOnly:     opts.ReadOnly,
		FreelistType: bbolt.FreelistMapType,
		NoStatistics: true,
		OpenFile: func(name string, flag int, mode os.FileMode) (*os.File, error) {
			var err error
			file, err = os.OpenFile(name, flag, mode)
			return file, err
		},
	}
	// Mapping more than there is costs address space alone and spares writers the wait for readers
	// (a backup!) when the file outgrows its map. Windows would make the file that large.
	if runtime.GOOS != "windows" && ^uint(0)>>63 == 1 {
		o.InitialMmapSize = int(size) + 1<<30
	}
	defer func() {
		if r := recover(); r != nil {
			db, err = nil, damaged(path, r)
			if file != nil {
				_ = file.Close() // lets go of the lock
			}
		}
	}()
	db, err = bbolt.Open(path, opts.FileMode, o)
	return db, file, err
}

// create makes a complete new file under another name and then gives it its own, so that a file
// with this name is never half made, however many processes begin at once.
func create(path string, mode os.FileMode) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, filepath.Base(path)+".new-*")
	if err != nil {
		return err
	}
	name := tmp.Name()
	defer func() { _ = os.Remove(name) }()
	if err := errors.Join(tmp.Chmod(mode), tmp.Close()); err != nil {
		return err
	}
	db, err := bbolt.Open(name, mode, &bbolt.Options{FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return err
	}
	if err := errors.Join(db.Update(initMeta), db.Close()); err != nil {
		return err
	}
	err = os.Link(name, path)
	if err != nil && !errors.Is(err, os.ErrExist) {
		// The file system has no hard links.
		if _, statErr := os.Lstat(path); errors.Is(statErr, os.ErrNotExist) {
			err = os.Rename(name, path)
		}
	}
	if errors.Is(err, os.ErrExist) {
		err = nil // somebody else was faster: theirs is as good
	}
	return errors.Join(err, syncDir(dir))
}

func (s *Store) stillNamed() (bool, error) {
	held, err := s.file.Stat()
	if err != nil {
		return false, err
	}
	named, err := os.Stat(s.path)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	return err == nil && os.SameFile(held, named), err
}

// begin reads the meta bucket and compares what is declared with what the file has.
func (s *Store) begin(opts Options) error {
	ctx := context.Background()
	if err := s.View(ctx, func(tx state.Tx) error { return s.readMeta(tx.(*Tx)) }); err != nil {
		return err
	}
	declare := func(t state.Tx) error {
		tx := t.(*Tx)
		for _, k := range opts.Kinds {
			c, err := tx.open(k)
			if err == nil && tx.writable {
				err = c.declare()
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	if s.readOnly {
		return s.View(ctx, declare)
	}
	return s.Update(ctx, declare)
}

// Nonce is the file's own random name, made with it. Copies and restored backups keep it.
func (s *Store) Nonce() string { return s.nonce }

// Path is the file's path as it was given.
func (s *Store) Path() string { return s.path }

// View runs fn on one unchanging picture of the state.
func (s *Store) View(ctx context.Context, fn func(state.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.readers.RLock()
	defer s.readers.RUnlock()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	btx, err := s.db.Begin(false)
	if err != nil {
		return translate(s.path, err)
	}
	tx := s.newTx(ctx, btx, false)
	defer func() {
		tx.done = true
		_ = s.rollback(btx)
	}()
	if err := fn(tx); err != nil {
		return err
	}
	s.remember(tx)
	return nil
}

// Update runs fn and commits what it wrote, all or nothing. It is on the disk when Update returns
// nil. Where fn wrote nothing there is no commit.
func (s *Store) Update(ctx context.Context, fn func(state.Tx) error) error {
	if s.readOnly {
		return fail(state.Failed, "state_read_only", s.path, nil)
	}
	select {
	case s.writer <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-s.writer }()
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.broken != nil {
		return s.broken
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	btx, err := s.beginWrite()
	if err != nil {
		return translate(s.path, err)
	}
	tx := s.newTx(ctx, btx, true)
	finished := false
	defer func() {
		tx.done = true
		if !finished {
			_ = s.rollback(btx)
		}
	}()
	if err := fn(tx); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if tx.scans > 0 {
		return errScanning
	}
	if tx.dirty() {
		// Small files grow in small steps, large ones in large: each step costs a sync.
		s.db.AllocSize = int(min(max(btx.Size()/8, 256<<10), 16<<20))
		if err := tx.commit(); err != nil {
			return translate(s.path, err)
		}
		finished = true
	}
	s.remember(tx)
	return nil
}

func (s *Store) beginWrite() (btx *bbolt.Tx, err error) {
	defer s.guard(&err)
	return s.db.Begin(true)
}

// rollback gives the transaction back. It cannot fail in a file that is whole.
func (s *Store) rollback(btx *bbolt.Tx) (err error) {
	defer s.guard(&err)
	if err := btx.Rollback(); err != nil && !errors.Is(err, berrors.ErrTxClosed) {
		return err
	}
	return nil
}

// remember keeps which declarations were compared, once that is committed.
func (s *Store) remember(tx *Tx) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, c := range tx.opened {
		if c.recorded {
			s.known[k] = true
		}
	}
}

func (s *Store) knows(k *state.Kind) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known[k]
}

// Close waits for running transactions and lets go of the file.
func (s *Store) Close() (err error) {
	s.writer <- struct{}{}
	defer func() { <-s.writer }()
	if s.broken != nil {
		return nil // bbolt's locks may be held for good; the process gives the file back when it ends
	}
	defer s.guard(&err)
	return translate(s.path, s.db.Close())
}

func (s *Store) guard(err *error) {
	if r := recover(); r != nil {
		*err = damaged(s.path, r)
	}
}

func (s *Store) String() string { return fmt.Sprintf("bolt(%s)", s.path) }
