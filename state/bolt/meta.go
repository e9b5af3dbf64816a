package bolt

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"slices"
	"strconv"

	"go.etcd.io/bbolt"

	"github.com/keptcrm/kept/state"
)

// plainFormat is the number of the layout of buckets and keys, fileFormat the highest that is read:
// the same with recent index entries, which a Kept that knows only the first would miss. A file has the
// higher one only as long as there are such entries.
const (
	plainFormat = 1
	fileFormat  = 2
)

const (
	metaBucket = "kept"
	metaFormat = "format"
	metaNonce  = "nonce"
	metaKind   = "kind/" // and its name: what the file was last written under
	blobBucket = "blob"
	seqBucket  = "seq"
	docPrefix  = "d/"
	idxPrefix  = "i/"
	histPrefix = "h/"
	// recentPrefix stands in the place of idxPrefix before an index's recent entries.
	recentPrefix = "r/"
)

func initMeta(tx *bbolt.Tx) error {
	b, err := tx.CreateBucketIfNotExists([]byte(metaBucket))
	if err != nil {
		return err
	}
	if err := b.Put([]byte(metaFormat), strconv.AppendInt(nil, plainFormat, 10)); err != nil {
		return err
	}
	return b.Put([]byte(metaNonce), []byte(rand.Text()[:10]))
}

// readMeta takes a file as ours, or refuses it.
func (s *Store) readMeta(tx *Tx) error {
	meta, err := tx.table(metaBucket)
	if err != nil {
		return err
	}
	raw, found, err := meta.get([]byte(metaFormat))
	if err != nil {
		return err
	}
	if !found {
		return fail(state.Failed, "state_foreign", s.path, nil)
	}
	n, err := strconv.Atoi(string(raw))
	switch {
	case err != nil || n < 1:
		return fail(state.Failed, "state_damaged", s.path, err)
	case n > fileFormat:
		return fail(state.Failed, "newer_state", s.path, nil)
	}
	nonce, _, err := meta.get([]byte(metaNonce))
	s.nonce = string(nonce)
	return err
}

// record is what the file remembers of a declaration.
type record struct {
	Schema  int      `json:"schema"`
	Indexes []string `json:"indexes,omitempty"` // a unique one with an exclamation mark
}

func recordOf(k *state.Kind) record {
	r := record{Schema: k.Schema}
	for _, x := range k.Indexes {
		if k.History {
			break
		}
		name := x.Name
		if x.Unique {
			name += "!"
		}
		r.Indexes = append(r.Indexes, name)
	}
	return r
}

// check compares a collection's declaration with what the file was written under, and brings the
// file up to date where the transaction may write.
func (c *collection) check() error {
	if c.tx.store.knows(c.kind) {
		c.recorded = true
		return nil
	}
	meta, err := c.tx.table(metaBucket)
	if err != nil {
		return err
	}
	raw, found, err := meta.get([]byte(metaKind + c.kind.Name))
	if err != nil || !found {
		return err
	}
	var old record
	if err := json.Unmarshal(raw, &old); err != nil {
		return fail(state.Failed, "state_damaged", c.tx.store.path, err)
	}
	now := recordOf(c.kind)
	args := state.Args{"path": c.tx.store.path, "collection": c.kind.Name}
	switch {
	case old.Schema > now.Schema:
		return &state.Error{Class: state.Failed, Code: "newer_state", Args: args}
	case old.Schema == now.Schema && slices.Equal(old.Indexes, now.Indexes):
		c.recorded = true
		return nil
	case !c.tx.writable:
		return &state.Error{Class: state.Unavailable, Code: "older_state", Args: args}
	}
	return c.upgrade(old)
}

// declare writes the declaration into the file, once.
func (c *collection) declare() error {
	if c.recorded {
		return nil
	}
	b, err := json.Marshal(recordOf(c.kind))
	if err != nil {
		return err
	}
	meta, err := c.tx.table(metaBucket)
	if err != nil {
		return err
	}
	meta.put([]byte(metaKind+c.kind.Name), b)
	c.recorded = true
	return nil
}

// upgrade rewrites all values under the present schema and all indexes under the present
// declaration. Values that cannot be read stay as they are: [Store.CheckStorage] tells of them.
func (c *collection) upgrade(old record) error {
	for _, name := range old.Indexes {
		if name[len(name)-1] == '!' {
			name = name[:len(name)-1]
		}
		if _, err := c.kind.IndexOf(name); err != nil {
			t, err := c.tx.table(idxPrefix + c.kind.Name + "/" + name)
			if err != nil {
				return err
			}
			t.drop()
		}
	}
	if err := c.rebuild(func(key, raw []byte, v any, rev int64, schema int) error {
		if schema == c.kind.Schema {
			return nil
		}
		fresh, err := packValue(c.kind, rev, v)
		if err == nil {
			c.primary.put(bytes.Clone(key), fresh)
		}
		return err
	}); err != nil {
		return err
	}
	return c.declare()
}

// rebuild empties the indexes and fills them anew from the values; each, where it is given, sees
// all values that can be read.
func (c *collection) rebuild(each func(key, raw []byte, v any, rev int64, schema int) error) error {
	for _, t := range c.indexes {
		t.drop()
	}
	// The bucket does not change before the commit, whatever is put into its table meanwhile.
	fixed := &table{tx: c.tx, name: c.primary.name, base: c.primary.base}
	cur := fixed.scan(nil, nil, false)
	for n := 0; ; n++ {
		key, raw, err := cur.next()
		if err != nil || key == nil {
			return err
		}
		if n%64 == 0 && c.tx.ctx.Err() != nil {
			return c.tx.ctx.Err()
		}
		v, rev, schema, err := decodeValue(c.kind, raw)
		switch {
		case state.IsCode(err, "damaged_value"):
			continue
		case err != nil:
			return err
		}
		if err := each(key, raw, v, rev, schema); err != nil {
			return err
		}
		for i, t := range c.indexes {
			for _, e := range c.kind.Entries(i, v) {
				t.put(entryKey(e, key), []byte{})
			}
		}
	}
}
