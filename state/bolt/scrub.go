package bolt

import (
	"context"
	"encoding/binary"
	"errors"
	"runtime/debug"
	"time"

	"go.etcd.io/bbolt"

	"github.com/keptcrm/kept/state"
)

var (
	_ state.Scrubber = (*Store)(nil)
	_ state.Measurer = (*Store)(nil)
)

// scrubStep is how much is overwritten in one piece.
const scrubStep = 1 << 20

// Scrub overwrites with zeros every page that holds nothing any more, and what lies behind the last
// page. bbolt writes each change to other pages and leaves the old ones as they were, so that what
// was deleted can be read in the file for as long as nothing needs their room.
//
// Pages are free for good only when neither of the file's two heads leads to them, so it commits
// twice first. Nobody reads meanwhile: it waits until all who do have ended.
func (s *Store) Scrub(ctx context.Context) (err error) {
	if s.readOnly {
		return fail(state.Failed, "state_read_only", s.path, nil)
	}
	select {
	case s.writer <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-s.writer }()
	if s.broken != nil {
		return s.broken
	}
	if err := s.alone(ctx); err != nil {
		return err
	}
	defer s.readers.Unlock()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer s.guard(&err)

	free, err := s.freePages()
	if err != nil {
		return translate(s.path, err)
	}
	for range 2 {
		if err := s.db.Update(touchMeta); err != nil {
			return translate(s.path, err)
		}
		now, err := s.freePages()
		if err != nil {
			return translate(s.path, err)
		}
		// What was taken and freed again meanwhile may still be reached from the other head.
		for p := range free {
			free[p] = free[p] && p < len(now) && now[p]
		}
	}
	return translate(s.path, s.overwrite(ctx, free))
}

// alone waits until nobody reads. It does not queue: a reader that reads again inside of its own
// transaction would wait for it, and it for the reader.
func (s *Store) alone(ctx context.Context) error {
	wait := time.Millisecond
	for !s.readers.TryLock() {
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		}
		wait = min(2*wait, 20*time.Millisecond)
	}
	return nil
}

// touchMeta writes what stands there already: a commit that changes nothing.
func touchMeta(tx *bbolt.Tx) error {
	meta := tx.Bucket([]byte(metaBucket))
	if meta == nil {
		return errors.New("no meta bucket")
	}
	return meta.Put([]byte(metaFormat), append([]byte(nil), meta.Get([]byte(metaFormat))...))
}

// freePages says of each page whether it is free, or will be.
func (s *Store) freePages() ([]bool, error) {
	tx, err := s.db.Begin(false)
	if err != nil {
		return nil, err
	}
	defer func() { _ = s.rollback(tx) }()
	pages := int(tx.Size() / int64(s.db.Info().PageSize))
	free := make([]bool, pages)
	for id := 2; id < pages; id++ {
		info, err := tx.Page(id)
		if err != nil {
			return nil, err
		}
		free[id] = info == nil || info.Type == "free"
	}
	return free, nil
}

func (s *Store) overwrite(ctx context.Context, free []bool) error {
	size := s.db.Info().PageSize
	held, err := s.file.Stat()
	if err != nil {
		return err
	}
	zeros := make([]byte, scrubStep)
	fill := func(from, to int64) error {
		for from < to {
			if err := ctx.Err(); err != nil {
				return err
			}
			n, err := s.file.WriteAt(zeros[:min(to-from, scrubStep)], from)
			if err != nil {
				return err
			}
			from += int64(n)
		}
		return nil
	}
	for id := 2; id < len(free); id++ {
		if !free[id] {
			continue
		}
		end := id
		for end < len(free) && free[end] {
			end++
		}
		if err := fill(int64(id)*int64(size), int64(end)*int64(size)); err != nil {
			return err
		}
		id = end
	}
	if err := fill(int64(len(free))*int64(size), held.Size()); err != nil {
		return err
	}
	return s.file.Sync()
}

// Usage says how large the file is, and how much of it is free.
func (s *Store) Usage(ctx context.Context) (u state.Usage, err error) {
	if err := ctx.Err(); err != nil {
		return u, err
	}
	defer s.guard(&err)
	info, err := s.file.Stat()
	if err != nil {
		return u, translate(s.path, err)
	}
	head, err := inspect(s.file, info.Size(), s.path)
	if err != nil {
		return u, err
	}
	// The list of free pages begins with how many they are, in two bytes or in eight.
	var b [headSize + 8]byte
	if _, err := s.file.ReadAt(b[:], int64(head.freelist)*head.pageSize); err != nil {
		return u, translate(s.path, err)
	}
	n := uint64(binary.NativeEndian.Uint16(b[10:]))
	if n == 0xffff {
		n = binary.NativeEndian.Uint64(b[headSize:])
	}
	u.Bytes = info.Size()
	// What the file has grown by in advance is free as well.
	u.Free = min(int64(n)*head.pageSize+u.Bytes-head.size(), u.Bytes)
	return u, nil
}
