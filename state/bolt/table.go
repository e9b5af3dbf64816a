package bolt

import (
	"bytes"
	"cmp"
	"slices"
	"sort"
	"strings"

	"go.etcd.io/bbolt"
)

// table is one bucket inside a transaction. What is written is kept in order beside the bucket,
// read through, and put into it at the commit: bbolt splits its nodes only there, so that many
// unordered keys into one node would take quadratic time.
type table struct {
	tx      *Tx
	name    string
	base    *bbolt.Bucket // nil where the file has none
	recent  *bbolt.Bucket // an index's entries that were not merged yet; nil where there are none
	cur     *bbolt.Cursor
	spare   *bbolt.Cursor // of a scan that is over
	changes overlay
	append  bool // keys mostly grow: pages may be filled
	dropped bool // the bucket goes at the commit, before what is written comes
}

func (tx *Tx) newTable(name string) (t *table, err error) {
	defer tx.store.guard(&err)
	t = &table{tx: tx, name: name, base: tx.btx.Bucket([]byte(name))}
	if index, ok := strings.CutPrefix(name, idxPrefix); ok {
		t.recent = tx.btx.Bucket([]byte(recentPrefix + index))
	}
	return t, nil
}

// get returns a value; it is valid inside the transaction only.
func (t *table) get(key []byte) (value []byte, found bool, err error) {
	t.changes.settle()
	if c, i, ok := t.changes.seek(key); ok {
		x := &t.changes.chunks[c][i]
		return x.value, !x.gone, nil
	}
	defer t.tx.store.guard(&err)
	if t.recent != nil {
		if v := t.recent.Get(key); v != nil {
			return v, true, nil
		}
	}
	if t.base == nil {
		return nil, false, nil
	}
	if t.cur == nil {
		t.cur = t.base.Cursor()
	}
	k, v := t.cur.Seek(key)
	if !bytes.Equal(k, key) || k == nil {
		return nil, false, nil
	}
	return v, true, nil
}

// put keeps key and value; they are not copied.
func (t *table) put(key, value []byte) { t.changes.note(change{key: key, value: value}) }

func (t *table) del(key []byte) { t.changes.note(change{key: key, gone: true}) }

// drop empties the table.
func (t *table) drop() {
	t.dropped = t.dropped || t.base != nil || t.recent != nil
	t.base, t.recent, t.cur, t.spare, t.changes = nil, nil, nil, nil, overlay{}
}

// empty says that a scan would find nothing.
func (t *table) empty() bool {
	return t.base == nil && t.recent == nil && len(t.changes.chunks) == 0 && len(t.changes.pending) == 0
}

func (t *table) dirty() bool {
	return t.dropped || len(t.changes.chunks) > 0 || len(t.changes.pending) > 0
}

// flush puts what was written into the bucket, in order.
func (t *table) flush() error {
	if t.dropped {
		if err := t.remove(); err != nil {
			return err
		}
	}
	t.changes.settle()
	if len(t.changes.chunks) == 0 {
		return nil
	}
	inOrder := t.append && t.growing()
	if t.tx.bulk && !inOrder && !t.dropped && isIndex(t.name) {
		return t.flushRecent()
	}
	b, err := t.tx.btx.CreateBucketIfNotExists([]byte(t.name))
	if err != nil {
		return err
	}
	if inOrder {
		b.FillPercent = 0.95
	}
	for _, c := range t.changes.chunks {
		for i := range c {
			if c[i].gone {
				if err = b.Delete(c[i].key); err == nil && t.recent != nil {
					err = t.recent.Delete(c[i].key)
				}
			} else {
				err = b.Put(c[i].key, c[i].value)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// growing says whether most of what was written comes behind everything in the bucket.
func (t *table) growing() bool {
	var last []byte
	if t.base != nil {
		last, _ = t.base.Cursor().Last()
	}
	behind, all := 0, 0
	for _, c := range t.changes.chunks {
		all += len(c)
		behind += len(c) - sort.Search(len(c), func(i int) bool { return bytes.Compare(c[i].key, last) > 0 })
	}
	return behind*2 > all
}

// change is what a transaction did to one key.
type change struct {
	key, value []byte
	gone       bool
	turn       uint32 // its place among those noted
}

// overlay is the changes of a table in the order of their keys, in chunks, so that putting one in
// the middle moves few.
//
// What is put is first noted behind each other, and takes its place when somebody looks: most tables
// of a large import are only written to.
type overlay struct {
	chunks  [][]change
	pending []change
}

// note takes a change in.
func (o *overlay) note(x change) { o.pending = append(o.pending, x) }

// settle puts what was noted into its place; of two changes to one key the later counts.
func (o *overlay) settle() {
	switch n := len(o.pending); {
	case n == 0:
		return
	case n < len(o.chunks)*chunkSize/8:
		for _, x := range o.pending {
			o.set(x)
		}
	default:
		o.merge()
	}
	clear(o.pending)
	o.pending = o.pending[:0]
	if cap(o.pending) > 4*chunkSize {
		o.pending = nil
	}
}

// merge makes all chunks anew from them and what was noted.
func (o *overlay) merge() {
	for i := range o.pending {
		o.pending[i].turn = uint32(i)
	}
	// A stable sort would take twice the time.
	slices.SortFunc(o.pending, func(a, b change) int {
		return cmp.Or(bytes.Compare(a.key, b.key), cmp.Compare(a.turn, b.turn))
	})
	old := o.chunks
	o.chunks = make([][]change, 0, len(old)+len(o.pending)/chunkSize+1)
	var chunk []change
	add := func(x change) {
		if len(chunk) == chunkSize {
			o.chunks, chunk = append(o.chunks, chunk), nil
		}
		if chunk == nil {
			chunk = make([]change, 0, chunkSize)
		}
		chunk = append(chunk, x)
	}
	c, i := 0, 0
	for p := range o.pending {
		x := &o.pending[p]
		if p+1 < len(o.pending) && bytes.Equal(x.key, o.pending[p+1].key) {
			continue
		}
		for c < len(old) {
			n := bytes.Compare(old[c][i].key, x.key)
			if n > 0 {
				break
			}
			if n < 0 {
				add(old[c][i])
			}
			if i++; i == len(old[c]) {
				c, i = c+1, 0
			}
		}
		add(*x)
	}
	for ; c < len(old); c, i = c+1, 0 {
		for ; i < len(old[c]); i++ {
			add(old[c][i])
		}
	}
	if len(chunk) > 0 {
		o.chunks = append(o.chunks, chunk)
	}
}

const chunkSize = 256

// seek gives the place of the first change at or behind key; behind the end c is len(chunks).
func (o *overlay) seek(key []byte) (c, i int, found bool) {
	if len(o.chunks) == 0 {
		return 0, 0, false
	}
	c = sort.Search(len(o.chunks), func(n int) bool {
		chunk := o.chunks[n]
		return bytes.Compare(chunk[len(chunk)-1].key, key) >= 0
	})
	if c == len(o.chunks) {
		return c, 0, false
	}
	chunk := o.chunks[c]
	i = sort.Search(len(chunk), func(n int) bool { return bytes.Compare(chunk[n].key, key) >= 0 })
	return c, i, bytes.Equal(chunk[i].key, key)
}

func (o *overlay) set(x change) {
	c, i, found := o.seek(x.key)
	if found {
		o.chunks[c][i] = x
		return
	}
	if c == len(o.chunks) { // behind everything
		if c == 0 || len(o.chunks[c-1]) >= chunkSize {
			o.chunks = append(o.chunks, append(make([]change, 0, chunkSize), x))
			return
		}
		o.chunks[c-1] = append(o.chunks[c-1], x)
		return
	}
	chunk := append(o.chunks[c], change{})
	copy(chunk[i+1:], chunk[i:])
	chunk[i] = x
	o.chunks[c] = chunk
	if len(chunk) <= chunkSize {
		return
	}
	half := append(make([]change, 0, chunkSize), chunk[len(chunk)/2:]...)
	o.chunks[c] = chunk[:len(chunk)/2]
	o.chunks = append(o.chunks, nil)
	copy(o.chunks[c+2:], o.chunks[c+1:])
	o.chunks[c+1] = half
}

// cursor goes through the keys of a table in [from, to), the bucket's and the written ones as one.
type cursor struct {
	t        *table
	from, to []byte
	reverse  bool
	begun    bool
	base     *bbolt.Cursor
	recent   *recentCursor // nil where there is nothing recent
	bk, bv   []byte        // the bucket's next
	c, i     int           // the changes' next; c is outside where there is none
}

func (t *table) scan(from, to []byte, reverse bool) *cursor {
	t.changes.settle()
	return &cursor{t: t, from: from, to: to, reverse: reverse}
}

// next returns the next key and its value, both valid inside the transaction only; a nil key is
// the end.
func (c *cursor) next() (key, value []byte, err error) {
	defer c.t.tx.store.guard(&err)
	if !c.begun {
		c.begun = true
		c.start()
	}
	for {
		x := c.change()
		switch {
		case c.bk == nil && x == nil:
			return nil, nil, nil
		case x == nil || c.bk != nil && c.before(c.bk, x.key):
			key, value = c.bk, c.bv
			c.stepBase()
		default:
			if c.bk != nil && bytes.Equal(c.bk, x.key) {
				c.stepBase()
			}
			c.stepChange()
			if x.gone {
				if c.passed(x.key) { // else a scan would go through all that was deleted behind its end
					return nil, nil, nil
				}
				continue
			}
			key, value = x.key, x.value
		}
		if c.passed(key) {
			return nil, nil, nil
		}
		return key, value, nil
	}
}

// passed says whether a key lies behind the scan's end.
func (c *cursor) passed(key []byte) bool {
	if c.reverse {
		return c.from != nil && bytes.Compare(key, c.from) < 0
	}
	return c.to != nil && bytes.Compare(key, c.to) >= 0
}

// close lets another scan use what this one needed.
func (c *cursor) close() {
	if c.base != nil {
		c.t.spare, c.base, c.bk = c.base, nil, nil
	}
}

func (c *cursor) before(a, b []byte) bool {
	n := bytes.Compare(a, b)
	return n < 0 && !c.reverse || n > 0 && c.reverse
}

func (c *cursor) start() {
	if c.t.base != nil {
		if c.base, c.t.spare = c.t.spare, nil; c.base == nil {
			c.base = c.t.base.Cursor()
		}
		switch {
		case !c.reverse && c.from == nil:
			c.bk, c.bv = c.base.First()
		case !c.reverse:
			c.bk, c.bv = c.base.Seek(c.from)
		case c.to == nil:
			c.bk, c.bv = c.base.Last()
		default:
			c.bk, c.bv = seekBefore(c.base, c.to)
		}
	}
	if c.t.recent != nil {
		c.recent = newRecentCursor(c.t.recent, c.from, c.to, c.reverse)
		c.bk, c.bv = c.recent.first(c.bk, c.bv)
	}
	o := &c.t.changes
	switch {
	case !c.reverse && c.from != nil:
		c.c, c.i, _ = o.seek(c.from)
	case c.reverse && c.to != nil:
		c.c, c.i, _ = o.seek(c.to)
		c.stepChange()
	case c.reverse:
		c.c, c.i = len(o.chunks), 0
		c.stepChange()
	}
}

func (c *cursor) stepBase() {
	if c.recent != nil {
		c.bk, c.bv = c.recent.next(c.base)
		return
	}
	if c.reverse {
		c.bk, c.bv = c.base.Prev()
	} else {
		c.bk, c.bv = c.base.Next()
	}
}

// seekBefore gives the last entry before key.
func seekBefore(c *bbolt.Cursor, key []byte) (k, v []byte) {
	if k, _ := c.Seek(key); k == nil {
		return c.Last()
	}
	return c.Prev()
}

func (c *cursor) change() *change {
	o := &c.t.changes
	if c.c < 0 || c.c >= len(o.chunks) {
		return nil
	}
	return &o.chunks[c.c][c.i]
}

func (c *cursor) stepChange() {
	o := &c.t.changes
	if c.reverse {
		if c.i--; c.i < 0 {
			if c.c--; c.c >= 0 {
				c.i = len(o.chunks[c.c]) - 1
			}
		}
		return
	}
	if c.i++; c.i >= len(o.chunks[c.c]) {
		c.c, c.i = c.c+1, 0
	}
}
