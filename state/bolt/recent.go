package bolt

import (
	"bytes"
	"context"
	"math"
	"strconv"

	"go.etcd.io/bbolt"

	"github.com/keptcrm/kept/state"
)

// An index may have recent entries: a second, small bucket beside its own. Entries come in no order,
// so that a commit of a bulk import writes nearly every page of a large index; into the small bucket it
// writes few. What stands there is moved into the index now and then, in the order of the keys, so that
// each of its pages is written once for all entries that came meanwhile.
//
// An index that mostly grows at its end has none: there a commit writes each page once anyway.
//
// In every transaction the index is what stands in either bucket; an entry may stand in both. How many
// entries were put into a recent bucket is its sequence number, which may be too high.

var _ state.Settler = (*Store)(nil)

// recents says when index entries are kept apart.
type recents struct {
	from int64 // bytes of the file from which on they are: in a smaller one each page gets many at each commit
	bulk int   // index entries of a transaction from which on they are
	few  int   // so many may stay until they are merged, in a small file
	many int   // and so many in a large one: their pages are in memory at each commit
	step int   // so many are merged in one transaction
}

// A merge writes nearly all pages of the indexes, each commit those of the recent entries: the sum is
// least where there are as many of these as the root of twice the entries of a commit times all entries.
// 800,000 entries of 50 bytes are 20,000 half full pages, about 160 MB while a commit rewrites them.
var usualRecents = recents{from: 128 << 20, bulk: 20_000, few: 100_000, many: 800_000, step: 20_000}

// enough is from how many recent entries on a merge pays, in a file of some bytes: one in a hundred
// bytes is an index entry, and a commit brings about 120,000.
func (r recents) enough(size int64) uint64 {
	return uint64(min(max(int(math.Sqrt(float64(size)*2400)), r.few), r.many))
}

// weigh decides whether the index entries of a transaction are kept apart, before the tables are flushed.
func (tx *Tx) weigh() error {
	if tx.btx.Size() < tx.store.recents.from {
		return nil
	}
	n := 0
	for name, t := range tx.tables {
		if isIndex(name) && !t.dropped {
			n += t.changes.len()
		}
	}
	if tx.bulk = n > 0 && n >= tx.store.recents.bulk; !tx.bulk {
		return nil
	}
	return tx.setFormat(fileFormat)
}

func isIndex(name string) bool { return len(name) > 2 && name[:2] == idxPrefix }

// setFormat writes a file's format past its table.
func (tx *Tx) setFormat(n int64) error {
	b := tx.btx.Bucket([]byte(metaBucket))
	format := strconv.AppendInt(nil, n, 10)
	if b == nil || bytes.Equal(b.Get([]byte(metaFormat)), format) {
		return nil
	}
	return b.Put([]byte(metaFormat), format)
}

func (o *overlay) len() int {
	n := len(o.pending)
	for _, c := range o.chunks {
		n += len(c)
	}
	return n
}

func (t *table) recentName() []byte { return []byte(recentPrefix + t.name[len(idxPrefix):]) }

// remove deletes the buckets of a table, as far as there are any.
func (t *table) remove() error {
	names := [][]byte{[]byte(t.name)}
	if isIndex(t.name) {
		names = append(names, t.recentName())
	}
	for _, name := range names {
		if t.tx.btx.Bucket(name) == nil {
			continue
		}
		if err := t.tx.btx.DeleteBucket(name); err != nil {
			return err
		}
	}
	return nil
}

// flushRecent puts what was written to an index among its recent entries.
func (t *table) flushRecent() error {
	b, err := t.tx.btx.CreateBucketIfNotExists(t.recentName())
	if err != nil {
		return err
	}
	put := uint64(0)
	for _, c := range t.changes.chunks {
		for i := range c {
			if !c[i].gone {
				put++
				if err := b.Put(c[i].key, c[i].value); err != nil {
					return err
				}
				continue
			}
			if err := b.Delete(c[i].key); err != nil {
				return err
			}
			if t.base == nil {
				continue
			}
			if err := t.base.Delete(c[i].key); err != nil {
				return err
			}
		}
	}
	return b.SetSequence(b.Sequence() + put)
}

// recentCursor joins an index's own entries with the recent ones.
type recentCursor struct {
	cur     *bbolt.Cursor
	k, v    []byte // the next recent one
	bk, bv  []byte // the next of the index itself
	reverse bool
}

func newRecentCursor(b *bbolt.Bucket, from, to []byte, reverse bool) *recentCursor {
	r := &recentCursor{cur: b.Cursor(), reverse: reverse}
	switch {
	case !reverse && from == nil:
		r.k, r.v = r.cur.First()
	case !reverse:
		r.k, r.v = r.cur.Seek(from)
	case to == nil:
		r.k, r.v = r.cur.Last()
	default:
		r.k, r.v = seekBefore(r.cur, to)
	}
	return r
}

// first takes the index's own first entry and gives the first of both.
func (r *recentCursor) first(bk, bv []byte) (key, value []byte) {
	r.bk, r.bv = bk, bv
	return r.least()
}

func (r *recentCursor) least() (key, value []byte) {
	if r.recentFirst() {
		return r.k, r.v
	}
	return r.bk, r.bv
}

// recentFirst says whether the recent entry comes next, also where both buckets have it.
func (r *recentCursor) recentFirst() bool {
	if r.k == nil || r.bk == nil {
		return r.k != nil
	}
	n := bytes.Compare(r.k, r.bk)
	return n <= 0 && !r.reverse || n >= 0 && r.reverse
}

// next leaves the present entry, in both buckets, and gives the one behind it.
func (r *recentCursor) next(base *bbolt.Cursor) (key, value []byte) {
	both := r.k != nil && bytes.Equal(r.k, r.bk)
	recent := r.recentFirst()
	if recent {
		r.k, r.v = step(r.cur, r.reverse)
	}
	if !recent || both {
		r.bk, r.bv = step(base, r.reverse)
	}
	return r.least()
}

func step(c *bbolt.Cursor, reverse bool) (k, v []byte) {
	if reverse {
		return c.Prev()
	}
	return c.Next()
}

// Settle moves recent index entries to where they belong once there are many of them, or with all each
// of them. Whoever wants to write in between comes in turn.
func (s *Store) Settle(ctx context.Context, all bool) error {
	if s.readOnly {
		return nil
	}
	var n uint64
	var size int64
	there := false
	if err := s.View(ctx, func(t state.Tx) error {
		tx := t.(*Tx)
		n, there, size = 0, false, tx.btx.Size()
		return tx.eachRecent(func(_ []byte, b *bbolt.Bucket) bool {
			n, there = n+b.Sequence(), true
			return true
		})
	}); err != nil || !there || !all && n < s.recents.enough(size) {
		return err
	}
	for {
		if more, err := s.settleStep(ctx); err != nil || !more {
			return err
		}
	}
}

// eachRecent goes through the buckets of recent entries until fn returns false.
func (tx *Tx) eachRecent(fn func(name []byte, b *bbolt.Bucket) bool) (err error) {
	defer tx.store.guard(&err)
	c := tx.btx.Cursor()
	for name, _ := c.Seek([]byte(recentPrefix)); bytes.HasPrefix(name, []byte(recentPrefix)); name, _ = c.Next() {
		if !fn(name, tx.btx.Bucket(name)) {
			return nil
		}
	}
	return nil
}

// settleStep moves the first recent entries; more says that there are others.
func (s *Store) settleStep(ctx context.Context) (more bool, err error) {
	err = s.Update(ctx, func(t state.Tx) (err error) {
		tx := t.(*Tx)
		defer s.guard(&err)
		more = false
		var name []byte
		var recent *bbolt.Bucket
		if err := tx.eachRecent(func(n []byte, b *bbolt.Bucket) bool {
			name, recent = bytes.Clone(n), b
			return false
		}); err != nil || recent == nil {
			return err
		}
		tx.direct, more = true, true
		return tx.move(name, recent)
	})
	return more, err
}

// move puts the first entries of a recent bucket into their index.
func (tx *Tx) move(name []byte, recent *bbolt.Bucket) error {
	main, err := tx.btx.CreateBucketIfNotExists(append([]byte(idxPrefix), name[len(recentPrefix):]...))
	if err != nil {
		return err
	}
	last, _ := main.Cursor().Last()
	last = bytes.Clone(last)
	var keys [][]byte
	cur := recent.Cursor()
	k, _ := cur.First()
	for ; k != nil && len(keys) < tx.store.recents.step; k, _ = cur.Next() {
		keys = append(keys, k)
	}
	if len(keys) > 0 && bytes.Compare(keys[len(keys)/2], last) > 0 {
		main.FillPercent = 0.9
	}
	for _, key := range keys {
		if err := main.Put(key, []byte{}); err != nil {
			return err
		}
	}
	if k != nil {
		for _, key := range keys {
			if err := recent.Delete(key); err != nil {
				return err
			}
		}
		return recent.SetSequence(recent.Sequence() - min(recent.Sequence(), uint64(len(keys))))
	}
	if err := tx.btx.DeleteBucket(name); err != nil {
		return err
	}
	if next, _ := tx.btx.Cursor().Seek([]byte(recentPrefix)); bytes.HasPrefix(next, []byte(recentPrefix)) {
		return nil
	}
	return tx.setFormat(plainFormat)
}
