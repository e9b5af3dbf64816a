package bolt

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.etcd.io/bbolt"

	"github.com/keptcrm/kept/state"
)

// copier writes a survey's readable entries to a new file.
type copier struct {
	*survey
	db      *bbolt.DB
	tx      *bbolt.Tx
	size    int
	highest map[string]uint64 // number seen of each sequence
	touched map[string]map[string]bool
}

func (c *copier) run() (err error) {
	defer func() {
		if c.tx != nil {
			_ = c.tx.Rollback()
		}
	}()
	c.touched = map[string]map[string]bool{}
	for _, bucket := range slices.Sorted(maps.Keys(c.trees)) {
		if c.known[bucket] {
			if err := c.numbersIn(bucket); err != nil {
				return err
			}
			continue
		}
		if err := c.bucket(bucket); err != nil {
			return err
		}
	}
	if err := c.fill(); err != nil {
		return err
	}
	return c.losses()
}

// commit ends a part, so that no transaction grows too large.
func (c *copier) commit() error {
	if c.tx == nil {
		return nil
	}
	tx := c.tx
	c.tx, c.size = nil, 0
	return tx.Commit()
}

func (c *copier) begin() (err error) {
	if c.tx == nil {
		c.tx, err = c.db.Begin(true)
	}
	return err
}

// each reads the entries of a bucket leaf by leaf; key and value are valid until the next leaf.
func (c *copier) each(bucket string, doubtful bool, fn func(key, value []byte, at leafAt) error) error {
	for _, at := range c.trees[bucket] {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		if at.doubt && !doubtful {
			continue
		}
		l, err := c.read(at)
		if err != nil {
			return err
		}
		if at.doubt {
			for _, i := range c.believed(bucket, l) {
				if err := fn(l.keys[i], l.values[i], at); err != nil {
					return err
				}
			}
			continue
		}
		for i, key := range l.keys {
			if err := fn(key, l.values[i], at); err != nil {
				return err
			}
		}
	}
	return nil
}

var errGone = errors.New("a page that could be read cannot be read any more")

// read reads a leaf again.
func (c *copier) read(at leafAt) (leaf, error) {
	head := make([]byte, headSize)
	if _, err := c.f.ReadAt(head, int64(at.page)*c.m.pageSize); err != nil {
		return leaf{}, errors.Join(errGone, err)
	}
	over := uint64(binary.NativeEndian.Uint32(head[12:]))
	if at.page+over >= c.m.pages {
		return leaf{}, errGone
	}
	b := make([]byte, int64(over+1)*c.m.pageSize)
	if _, err := c.f.ReadAt(b, int64(at.page)*c.m.pageSize); err != nil {
		return leaf{}, errors.Join(errGone, err)
	}
	p := parse(b, nil, nil, false)
	if at.inline == nil {
		return p.leaf, nil
	}
	for i, key := range p.keys {
		if bytes.Equal(key, at.inline) && len(p.values[i]) >= 2*headSize {
			return parse(p.values[i][headSize:], nil, nil, true).leaf, nil
		}
	}
	return leaf{}, errGone
}

func (c *copier) bucket(bucket string) error {
	kind := c.kinds[bucket]
	collection, _ := belongs(bucket)
	past := map[string]bool{}
	if err := c.each(bucket, true, func(key, value []byte, at leafAt) error {
		if err := c.begin(); err != nil {
			return err
		}
		b, err := c.tx.CreateBucketIfNotExists([]byte(bucket))
		if err != nil {
			return err
		}
		if kind != nil {
			switch err := readable(kind, key, value); {
			case state.IsCode(err, "damaged_value"):
				return nil // told by the survey
			case err != nil:
				return err
			}
			v, rev, _, err := decodeValue(kind, value)
			if err != nil {
				return err
			}
			c.saw(kind, collection, key, v)
			if old := b.Get(key); at.doubt && old != nil {
				if _, was, _, err := unpackValue(old); err == nil && was >= rev {
					return nil
				}
			}
			if at.past {
				past[string(key)] = true
			}
		} else if bucket == blobBucket {
			c.sawBlob(string(key))
		}
		if !at.doubt {
			b.FillPercent = 0.95
		}
		if err := b.Put(bytes.Clone(key), bytes.Clone(value)); err != nil {
			return err
		}
		if c.size += len(key) + len(value); c.size >= compactStep {
			return c.commit()
		}
		return nil
	}); err != nil || len(past) == 0 {
		return err
	}
	n := c.add(badPage{bucket: bucket, detail: "the free list cannot be read"})
	n.code, n.lost = "older", runs(collection, slices.Sorted(maps.Keys(past)))
	return nil
}

func (c *copier) atLeast(sequence string, n uint64) {
	c.highest[sequence] = max(c.highest[sequence], n)
}

// saw notes the numbers that a document shows to have been drawn.
func (c *copier) saw(k *state.Kind, collection string, key []byte, v any) {
	if !k.History && len(key) == 8 {
		c.atLeast(collection, state.KeyNumber(key))
	}
	switch v := v.(type) {
	case *state.ChangeEntry:
		for _, t := range v.Touched {
			seen := c.touched[t.Collection]
			if seen == nil {
				seen = map[string]bool{}
				c.touched[t.Collection] = seen
			}
			for _, touched := range t.Keys {
				seen[string(touched)] = true
				if len(touched) == 8 && c.kinds[docPrefix+t.Collection] != nil {
					c.atLeast(t.Collection, state.KeyNumber(touched))
				}
			}
		}
	case *state.Activity:
		if n, ok := strings.CutPrefix(v.ID, k.Letter); ok {
			if n, err := strconv.ParseUint(n, 10, 64); err == nil {
				c.atLeast(collection, n)
			}
		}
	}
}

// sawBlob notes the number that the name of a blob ends with.
func (c *copier) sawBlob(name string) {
	if rest, ok := strings.CutPrefix(name, state.BlobSeen); ok {
		if n, err := strconv.ParseUint(rest[strings.LastIndexByte(rest, '/')+1:], 16, 64); err == nil {
			c.atLeast(strings.TrimSuffix(state.BlobSeen, "/"), n)
		}
	}
}

// numbersIn notes the numbers that an index that will be built anew speaks of.
func (c *copier) numbersIn(bucket string) error {
	collection, _ := belongs(bucket)
	return c.each(bucket, false, func(key, _ []byte, _ leafAt) error {
		if _, primary, ok := splitEntry(key); ok && len(primary) == 8 {
			c.atLeast(collection, state.KeyNumber(primary))
		}
		return nil
	})
}

// fill writes what every file has, where it could not be read, and brings the sequences up to date.
func (c *copier) fill() error {
	if err := c.begin(); err != nil {
		return err
	}
	meta, err := c.tx.CreateBucketIfNotExists([]byte(metaBucket))
	if err != nil {
		return err
	}
	if meta.Get([]byte(metaFormat)) == nil {
		if err := meta.Put([]byte(metaFormat), strconv.AppendInt(nil, plainFormat, 10)); err != nil {
			return err
		}
	}
	if meta.Get([]byte(metaNonce)) == nil {
		nonce := []byte(rand.Text()[:10])
		if b := c.tx.Bucket([]byte(blobBucket)); b != nil {
			if known := b.Get([]byte(state.BlobNonce)); len(known) > 0 {
				nonce = bytes.Clone(known)
			}
		}
		if err := meta.Put([]byte(metaNonce), nonce); err != nil {
			return err
		}
	}
	for _, sequence := range slices.Sorted(maps.Keys(c.highest)) {
		n := c.highest[sequence]
		b := c.tx.Bucket([]byte(seqBucket))
		switch {
		case b == nil && !c.missed(seqBucket):
			continue
		case b == nil:
			if b, err = c.tx.CreateBucket([]byte(seqBucket)); err != nil {
				return err
			}
		}
		old := b.Get([]byte(sequence))
		if old == nil && !c.missed(seqBucket) {
			continue // these numbers were not drawn from a sequence
		}
		if state.KeyNumber(old) < n {
			if err := b.Put([]byte(sequence), state.NumberKey(n)); err != nil {
				return err
			}
		}
	}
	return c.commit()
}

// missed says whether a part of a bucket cannot be read.
func (c *copier) missed(bucket string) bool {
	return slices.ContainsFunc(c.found, func(n *finding) bool { return n.hides && (n.bucket == bucket || n.bucket == "") })
}

// losses says of each finding what is lost by it.
func (c *copier) losses() error {
	return c.db.View(func(tx *bbolt.Tx) error {
		for _, n := range c.found {
			var err error
			switch {
			case n.code != "page", n.done, !n.hides:
			case n.bucket == "":
				n.lost = c.unlisted()
				n.done = len(n.lost) == 0
			default:
				n.lost, err = c.lost(tx, n)
				n.done = len(n.lost) == 0
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// unlisted are the collections of which nothing was found although the change log, or nobody, says
// that they had anything.
func (c *copier) unlisted() (out []state.Gap) {
	for _, bucket := range c.missing() {
		collection, index := belongs(bucket)
		logged := len(c.trees[docPrefix+state.Changes.Kind.Name]) > 0
		switch {
		case index != "", bucket == metaBucket, bucket == seqBucket:
		case logged && c.kinds[bucket] != nil && len(c.touched[collection]) == 0 && bucket != docPrefix+state.Changes.Kind.Name:
		default:
			out = append(out, state.Gap{Collection: collection})
		}
	}
	return out
}

// lost gives what stood in or below a page and is not in the new file.
func (c *copier) lost(tx *bbolt.Tx, n *finding) ([]state.Gap, error) {
	collection, _ := belongs(n.bucket)
	switch n.bucket {
	case seqBucket, metaBucket:
		return nil, nil // made again from what is there
	}
	b := tx.Bucket([]byte(n.bucket))
	there := func(key []byte) bool { return b != nil && b.Get(key) != nil }
	keys := map[string]bool{}
	if strings.HasPrefix(n.bucket, docPrefix) {
		// Indexes that can be read know what they pointed to.
		for index := range c.known {
			if of, _ := belongs(index); of != collection {
				continue
			}
			if err := c.each(index, false, func(key, _ []byte, _ leafAt) error {
				if _, primary, ok := splitEntry(key); ok && inside(primary, n.low, n.high) && !there(primary) {
					keys[string(primary)] = true
				}
				return nil
			}); err != nil {
				return nil, err
			}
		}
	}
	if len(keys) > 0 {
		return runs(collection, slices.Sorted(maps.Keys(keys))), nil
	}
	logged := len(c.trees[docPrefix+state.Changes.Kind.Name]) > 0
	if n.low == nil && n.high == nil && b == nil && logged && c.kinds[n.bucket] != nil && len(c.touched[collection]) == 0 {
		return nil, nil // it was empty: nothing was ever changed there
	}
	// Without an index: everything between what is there on both sides.
	g := n.gap(collection)
	g.From, g.To = c.narrow(b, n)
	if g.To == nil && len(g.From) == 8 && c.kinds[n.bucket] != nil {
		g.To = state.NumberKey(max(c.highest[collection], state.KeyNumber(g.From)))
	}
	return []state.Gap{g}, nil
}

// narrow takes from the ends of a gap what could be read there.
func (c *copier) narrow(b *bbolt.Bucket, n *finding) (from, to []byte) {
	from, to = cloneKey(n.low), before(n.high)
	if b == nil || len(n.low) != 8 || c.kinds[n.bucket] == nil || c.kinds[n.bucket].History {
		return from, to
	}
	for b.Get(from) != nil && (to == nil || bytes.Compare(from, to) < 0) {
		from = state.NumberKey(state.KeyNumber(from) + 1)
	}
	for len(to) == 8 && b.Get(to) != nil && bytes.Compare(from, to) < 0 {
		to = before(to)
	}
	return from, to
}

// runs joins keys that follow each other.
func runs(collection string, keys []string) (out []state.Gap) {
	for _, key := range keys {
		k := []byte(key)
		if n := len(out); n > 0 && len(k) == 8 && len(out[n-1].To) == 8 && state.KeyNumber(k) == state.KeyNumber(out[n-1].To)+1 {
			out[n-1].To = k
			continue
		}
		out = append(out, state.Gap{Collection: collection, From: k, To: k, Surely: true})
	}
	return out
}
