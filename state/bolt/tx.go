package bolt

import (
	"bytes"
	"context"
	"encoding/binary"
	"iter"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/keptcrm/kept/state"
)

// Tx is one transaction. It is for one goroutine.
type Tx struct {
	store    *Store
	ctx      context.Context
	btx      *bbolt.Tx
	writable bool
	done     bool
	bulk     bool // so many index entries were written that they go to the recent ones
	direct   bool // buckets were written to, past the tables
	scans    int  // running now

	tables map[string]*table
	opened map[*state.Kind]*collection
}

// collection is one declaration's tables inside a transaction.
type collection struct {
	tx       *Tx
	kind     *state.Kind
	primary  *table
	indexes  []*table
	recorded bool // the file has this declaration
}

func (s *Store) newTx(ctx context.Context, btx *bbolt.Tx, writable bool) *Tx {
	tx := &Tx{store: s, ctx: ctx, btx: btx, writable: writable,
		tables: map[string]*table{}, opened: map[*state.Kind]*collection{}}
	return tx
}

func (tx *Tx) table(name string) (*table, error) {
	if t := tx.tables[name]; t != nil {
		return t, nil
	}
	t, err := tx.newTable(name)
	if err == nil {
		tx.tables[name] = t
	}
	return t, err
}

// open gives a declaration's tables, once it is known to fit the file.
func (tx *Tx) open(k *state.Kind) (*collection, error) {
	if tx.done {
		return nil, errDone
	}
	if c := tx.opened[k]; c != nil {
		return c, nil
	}
	c := &collection{tx: tx, kind: k}
	var err error
	prefix := docPrefix
	if k.History {
		prefix = histPrefix
	}
	if c.primary, err = tx.table(prefix + k.Name); err != nil {
		return nil, err
	}
	c.primary.append = !k.History
	if !k.History {
		for _, x := range k.Indexes {
			t, err := tx.table(idxPrefix + k.Name + "/" + x.Name)
			if err != nil {
				return nil, err
			}
			t.append = true // many begin with a number that grows
			c.indexes = append(c.indexes, t)
		}
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	tx.opened[k] = c
	return c, nil
}

// forWriting is open for a method that writes.
func (tx *Tx) forWriting(k *state.Kind) (*collection, error) {
	if err := tx.mayWrite(); err != nil {
		return nil, err
	}
	c, err := tx.open(k)
	if err == nil {
		err = c.declare()
	}
	return c, err
}

func (tx *Tx) mayWrite() error {
	switch {
	case tx.done:
		return errDone
	case !tx.writable:
		return errReadTx
	case tx.scans > 0:
		return errScanning
	}
	return nil
}

func (tx *Tx) dirty() bool {
	if tx.direct {
		return true
	}
	for _, t := range tx.tables {
		if t.dirty() {
			return true
		}
	}
	return false
}

// commit flushes the tables in the order of their names and commits. A panic in bbolt leaves it in
// a state that nothing may be built on: the store takes no more writes.
func (tx *Tx) commit() (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = damaged(tx.store.path, r)
			tx.store.broken = err
		}
	}()
	if err := tx.weigh(); err != nil {
		return err
	}
	names := make([]string, 0, len(tx.tables))
	for name := range tx.tables {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if err := tx.tables[name].flush(); err != nil {
			return err
		}
	}
	return tx.btx.Commit()
}

// Get returns the documents of keys, in their order.
func (tx *Tx) Get(k *state.Kind, keys ...[]byte) ([]state.Doc, error) {
	c, err := tx.open(k)
	if err != nil {
		return nil, err
	}
	out := make([]state.Doc, len(keys))
	for i, key := range keys {
		if err := tx.sometimes(i); err != nil {
			return nil, err
		}
		if out[i], err = c.get(key); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (c *collection) get(key []byte) (state.Doc, error) {
	d := state.Doc{Key: bytes.Clone(key)}
	raw, found, err := c.primary.get(key)
	if err == nil && found {
		d.Value, d.Rev, _, err = decodeValue(c.kind, raw)
	}
	return d, err
}

// sometimes looks every few steps whether the caller still wants the answer.
func (tx *Tx) sometimes(n int) error {
	if n%32 == 0 {
		return tx.ctx.Err()
	}
	return nil
}

// Scan goes through documents in the order of their keys, or of an index's keys.
func (tx *Tx) Scan(k *state.Kind, r state.Range) iter.Seq2[state.Doc, error] {
	return func(yield func(state.Doc, error) bool) {
		c, err := tx.open(k)
		if err != nil {
			yield(state.Doc{}, err)
			return
		}
		t, from, to := c.primary, r.From, r.To
		if r.Index != "" {
			i, err := k.IndexOf(r.Index)
			if err != nil {
				yield(state.Doc{}, err)
				return
			}
			t, from, to = c.indexes[i], entryBound(r.From), entryBound(r.To)
		}
		tx.each(t, from, to, r, yield, func(key, raw []byte) (d state.Doc, err error) {
			if r.Index == "" {
				d.Key = bytes.Clone(key)
				if !r.KeysOnly {
					d.Value, d.Rev, _, err = decodeValue(k, raw)
				}
				return d, err
			}
			entry, primary, ok := splitEntry(key)
			if !ok {
				return d, c.damagedIndex(r.Index)
			}
			d.Key = primary
			if !r.KeysOnly {
				if d, err = c.get(primary); err == nil && d.Value == nil {
					err = c.damagedIndex(r.Index)
				}
			}
			d.Entry = entry
			return d, err
		})
	}
}

func (c *collection) damagedIndex(name string) error {
	return &state.Error{Class: state.Failed, Code: "damaged_index",
		Args: state.Args{"path": c.tx.store.path, "collection": c.kind.Name, "index": name}}
}

// each runs a scan: cancellation, limit, and the guard against writing meanwhile.
func (tx *Tx) each(t *table, from, to []byte, r state.Range, yield func(state.Doc, error) bool,
	read func(key, raw []byte) (state.Doc, error)) {
	if t.empty() && !tx.done && tx.ctx.Err() == nil {
		return
	}
	tx.scans++
	cur := t.scan(from, to, r.Reverse)
	defer func() { tx.scans--; cur.close() }()
	for n := 0; r.Limit <= 0 || n < r.Limit; n++ {
		err := tx.sometimes(n)
		if tx.done {
			err = errDone
		}
		var key, raw []byte
		if err == nil {
			key, raw, err = cur.next()
		}
		if err == nil && key == nil {
			return
		}
		var d state.Doc
		if err == nil {
			d, err = read(key, raw)
		}
		if err != nil {
			yield(state.Doc{}, err)
			return
		}
		if !yield(d, nil) {
			return
		}
	}
}

// Put stores a document with its index entries.
func (tx *Tx) Put(k *state.Kind, key []byte, value any, expect int64) (int64, error) {
	c, err := tx.forWriting(k)
	if err != nil {
		return 0, err
	}
	if err := state.CheckKey(key); err != nil {
		return 0, err
	}
	raw, found, err := c.primary.get(key)
	if err != nil {
		return 0, err
	}
	var rev int64
	if found {
		if _, rev, _, err = unpackValue(raw); err != nil && expect != state.AnyRevision {
			return 0, err
		}
	}
	if expect != state.AnyRevision && expect != rev {
		return 0, k.Changed(key)
	}
	packed, err := packValue(k, rev+1, value) // says also whether the value is of the right type
	if err != nil {
		return 0, err
	}
	fresh, err := c.entries(value)
	if err != nil {
		return 0, err
	}
	for i, x := range k.Indexes {
		if x.Unique && i < len(fresh) {
			if err := c.unique(i, fresh[i], key); err != nil {
				return 0, err
			}
		}
	}
	key = bytes.Clone(key)
	var stay [][][]byte
	if found && len(c.indexes) > 0 {
		stay = c.unindex(key, raw, fresh)
	}
	for i, entries := range fresh {
		for _, e := range entries {
			// An entry that is there already is not written again: that would dirty a page for nothing.
			if stay == nil || !has(stay[i], e) {
				c.indexes[i].put(entryKey(e, key), []byte{})
			}
		}
	}
	c.primary.put(key, packed)
	return rev + 1, nil
}

// entries gives a value's keys in each index.
func (c *collection) entries(v any) ([][][]byte, error) {
	if len(c.indexes) == 0 {
		return nil, nil
	}
	out := make([][][]byte, len(c.indexes))
	for i := range c.indexes {
		out[i] = c.kind.Entries(i, v)
		for _, e := range out[i] {
			if err := state.CheckEntry(e); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func (c *collection) unique(index int, entries [][]byte, key []byte) error {
	for _, e := range entries {
		from := entryBound(e)
		cur := c.indexes[index].scan(from, state.After(from), false)
		for {
			k, _, err := cur.next()
			if err != nil {
				return err
			}
			if k == nil {
				break
			}
			if other := k[len(from):]; !bytes.Equal(other, key) {
				return c.kind.Taken(index, other)
			}
		}
	}
	return nil
}

// unindex takes out the entries of a stored value that are not among those that stay. Where the
// value cannot be read its entries are not known; [Store.CheckStorage] finds and repairs them. It
// returns the entries that the stored value had.
func (c *collection) unindex(key, raw []byte, stay [][][]byte) [][][]byte {
	old, _, _, err := decodeValue(c.kind, raw)
	if err != nil {
		return nil
	}
	had := make([][][]byte, len(c.indexes))
	for i, t := range c.indexes {
		had[i] = c.kind.Entries(i, old)
		for _, e := range had[i] {
			if stay == nil || !has(stay[i], e) {
				t.del(entryKey(e, key))
			}
		}
	}
	return had
}

func has(entries [][]byte, e []byte) bool {
	return slices.ContainsFunc(entries, func(o []byte) bool { return bytes.Equal(o, e) })
}

// Delete removes a document and its index entries.
func (tx *Tx) Delete(k *state.Kind, key []byte) (bool, error) {
	c, err := tx.forWriting(k)
	if err != nil {
		return false, err
	}
	raw, found, err := c.primary.get(key)
	if err != nil || !found {
		return false, err
	}
	key = bytes.Clone(key)
	if len(c.indexes) > 0 {
		c.unindex(key, raw, nil)
	}
	c.primary.del(key)
	return true, nil
}

// Next draws the next number of a sequence.
func (tx *Tx) Next(sequence string) (uint64, error) {
	if err := tx.mayWrite(); err != nil {
		return 0, err
	}
	if err := state.CheckKey([]byte(sequence)); err != nil {
		return 0, err
	}
	t, err := tx.table(seqBucket)
	if err != nil {
		return 0, err
	}
	raw, _, err := t.get([]byte(sequence))
	if err != nil {
		return 0, err
	}
	n := state.KeyNumber(raw) + 1
	t.put([]byte(sequence), binary.BigEndian.AppendUint64(nil, n))
	return n, nil
}

// Append puts one entry into the history of a subject.
func (tx *Tx) Append(k *state.Kind, subject, order []byte, value any) error {
	c, err := tx.forWriting(k)
	if err != nil {
		return err
	}
	if err := state.CheckEntry(subject); err != nil {
		return err
	}
	if err := state.CheckEntry(order); err != nil {
		return err
	}
	packed, err := packValue(k, 0, value)
	if err != nil {
		return err
	}
	c.primary.put(append(historyPrefix(subject), order...), packed)
	return nil
}

// Remove takes one entry out of a history.
func (tx *Tx) Remove(k *state.Kind, subject, order []byte) (bool, error) {
	c, err := tx.forWriting(k)
	if err != nil {
		return false, err
	}
	key := append(historyPrefix(subject), order...)
	_, found, err := c.primary.get(key)
	if err == nil && found {
		c.primary.del(key)
	}
	return found, err
}

// Read goes through one history in order.
func (tx *Tx) Read(k *state.Kind, subject []byte, r state.Range) iter.Seq2[state.Doc, error] {
	return func(yield func(state.Doc, error) bool) {
		c, err := tx.open(k)
		if err != nil {
			yield(state.Doc{}, err)
			return
		}
		prefix := historyPrefix(subject)
		from, to := state.Join(prefix, r.From), state.After(prefix)
		if r.To != nil {
			to = state.Join(prefix, r.To)
		}
		tx.each(c.primary, from, to, r, yield, func(key, raw []byte) (d state.Doc, err error) {
			d.Key = bytes.Clone(key[len(prefix):])
			if !r.KeysOnly {
				d.Value, _, _, err = decodeValue(k, raw)
			}
			return d, err
		})
	}
}

// Blob returns a blob, or nil.
func (tx *Tx) Blob(name string) ([]byte, error) {
	if tx.done {
		return nil, errDone
	}
	t, err := tx.table(blobBucket)
	if err != nil {
		return nil, err
	}
	b, found, err := t.get([]byte(name))
	if err != nil || !found {
		return nil, err
	}
	return append([]byte{}, b...), nil
}

// PutBlob stores a blob; nil deletes it.
func (tx *Tx) PutBlob(name string, b []byte) error {
	if err := tx.mayWrite(); err != nil {
		return err
	}
	if err := state.CheckKey([]byte(name)); err != nil {
		return err
	}
	t, err := tx.table(blobBucket)
	if err != nil {
		return err
	}
	if b != nil {
		t.put([]byte(name), append([]byte{}, b...))
		return nil
	}
	_, found, err := t.get([]byte(name))
	if err == nil && found {
		t.del([]byte(name))
	}
	return err
}

// Blobs goes through the blobs whose names begin with prefix, in order.
func (tx *Tx) Blobs(prefix string) iter.Seq2[state.Blob, error] {
	return func(yield func(state.Blob, error) bool) {
		if tx.done {
			yield(state.Blob{}, errDone)
			return
		}
		t, err := tx.table(blobBucket)
		if err != nil {
			yield(state.Blob{}, err)
			return
		}
		var data []byte
		tx.each(t, []byte(prefix), state.After([]byte(prefix)), state.Range{},
			func(d state.Doc, err error) bool {
				return yield(state.Blob{Name: string(d.Key), Data: data}, err)
			},
			func(key, raw []byte) (state.Doc, error) {
				data = append([]byte{}, raw...)
				return state.Doc{Key: key}, nil
			})
	}
}
