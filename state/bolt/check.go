package bolt

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"github.com/keptcrm/kept/state"
)

// CheckStorage reads the whole file: first its pages, and where they all hold every value and every
// index entry of kinds (nil: those the file was opened with). In a damaged tree nothing is followed
// and nothing repaired, for that could damage more: see [Salvage], whose findings come first. Damage is reported with the codes "page",
// "value", "index_missing", "index_extra", "index_duplicate" and "unknown_bucket".
func (s *Store) CheckStorage(ctx context.Context, kinds []*state.Kind, repair bool, report func(state.Damage)) error {
	if kinds == nil {
		kinds = s.kinds
	}
	if s.salvaged != nil {
		for _, d := range s.salvaged.Damages {
			report(d)
		}
	}
	bad := 0
	if err := s.checkPages(ctx, func(d state.Damage) { bad++; report(d) }); err != nil {
		return err
	}
	if bad > 0 {
		return nil
	}
	if err := s.checkBuckets(ctx, kinds, report); err != nil {
		return err
	}
	for _, k := range kinds {
		found, err := s.checkKind(ctx, k)
		if err != nil {
			return err
		}
		if repair && !s.readOnly && slices.ContainsFunc(found, repairable) {
			if err := s.repair(ctx, k); err != nil {
				return err
			}
			for i := range found {
				found[i].Repaired = repairable(found[i])
			}
		}
		for _, d := range found {
			report(d)
		}
	}
	return nil
}

func repairable(d state.Damage) bool { return d.Code == "index_missing" || d.Code == "index_extra" }

// checkPages walks the pages of one picture. The writer waits while the picture is taken, so that
// the newer meta page is the picture's, and not while it is walked.
func (s *Store) checkPages(ctx context.Context, report func(state.Damage)) error {
	select {
	case s.writer <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	var m metaPage
	s.readers.RLock()
	defer s.readers.RUnlock()
	btx, err := s.db.Begin(false)
	if err == nil {
		m, err = inspectOpen(s.file, s.path)
		defer func() { _ = s.rollback(btx) }()
	}
	<-s.writer
	if err != nil {
		return translate(s.path, err)
	}
	return walkPages(ctx, s.file, m, pageDamage(report))
}

func (s *Store) checkBuckets(ctx context.Context, kinds []*state.Kind, report func(state.Damage)) error {
	known := map[string]bool{metaBucket: true, blobBucket: true, seqBucket: true}
	for _, k := range kinds {
		if k.History {
			known[histPrefix+k.Name] = true
			continue
		}
		known[docPrefix+k.Name] = true
		for _, x := range k.Indexes {
			known[idxPrefix+k.Name+"/"+x.Name] = true
			known[recentPrefix+k.Name+"/"+x.Name] = true
		}
	}
	return s.View(ctx, func(t state.Tx) error {
		names, err := t.(*Tx).buckets()
		for _, name := range names {
			if !known[name] {
				report(state.Damage{Code: "unknown_bucket", Detail: name})
			}
		}
		return err
	})
}

func (tx *Tx) buckets() (names []string, err error) {
	defer tx.store.guard(&err)
	c := tx.btx.Cursor()
	for name, _ := c.First(); name != nil; name, _ = c.Next() {
		names = append(names, string(name))
	}
	return names, nil
}

// checkKind compares the values of a collection with the entries of its indexes, both ways.
func (s *Store) checkKind(ctx context.Context, k *state.Kind) (found []state.Damage, err error) {
	err = s.View(ctx, func(t state.Tx) error {
		found = nil
		tx := t.(*Tx)
		c, err := tx.open(k)
		if err != nil {
			return err
		}
		add := func(code, index string, key []byte, detail string) {
			found = append(found, state.Damage{Code: code, Collection: k.Name, Index: index, Key: bytes.Clone(key), Detail: detail})
		}
		// Where all entries that the documents have are there, and no more, every entry is one of theirs:
		// then nobody needs to look at the document of each.
		steps := state.Begin(ctx, k.Name, 0)
		expected, sure := make([]int, len(c.indexes)), true
		err = tx.raw(c.primary, func(key, raw []byte) error {
			steps.Did(1)
			if _, _, ok := splitHistory(key); k.History && !ok {
				add("value", "", key, "key of a history that cannot be read")
				return nil
			}
			v, _, _, err := decodeValue(k, raw)
			if err != nil {
				add("value", "", key, err.Error())
				sure = false
				return nil
			}
			for i, x := range c.indexes {
				entries := k.Entries(i, v)
				for j, e := range entries {
					if slices.ContainsFunc(entries[:j], func(o []byte) bool { return bytes.Equal(o, e) }) {
						continue
					}
					expected[i]++
					if _, ok, err := x.get(entryKey(e, key)); err != nil {
						return err
					} else if !ok {
						add("index_missing", k.Indexes[i].Name, key, "")
						sure = false
					}
				}
			}
			return nil
		})
		for i := 0; i < len(c.indexes) && err == nil; i++ {
			n, twice := 0, false
			if sure {
				if n, twice, err = c.countIndex(i); err != nil {
					return err
				}
			}
			if !sure || twice || n != expected[i] {
				err = c.checkIndex(i, add)
			}
		}
		return err
	})
	return found, err
}

// countIndex counts the entries of an index; twice says that a unique one has an entry twice, or that
// one cannot be read.
func (c *collection) countIndex(i int) (n int, twice bool, err error) {
	unique := c.kind.Indexes[i].Unique
	var last []byte
	err = c.tx.raw(c.indexes[i], func(key, _ []byte) error {
		n++
		if !unique {
			return nil
		}
		entry, _, ok := splitEntry(key)
		twice = twice || !ok || last != nil && bytes.Equal(last, entry)
		last = entry
		return nil
	})
	return n, twice, err
}

func (c *collection) checkIndex(i int, add func(code, index string, key []byte, detail string)) error {
	x := c.kind.Indexes[i]
	var last []byte
	return c.tx.raw(c.indexes[i], func(key, _ []byte) error {
		entry, primary, ok := splitEntry(key)
		if !ok {
			add("index_extra", x.Name, key, "entry that cannot be read")
			return nil
		}
		if x.Unique && last != nil && bytes.Equal(last, entry) {
			add("index_duplicate", x.Name, primary, "another document has the same entry")
		}
		last = entry
		raw, found, err := c.primary.get(primary)
		if err != nil {
			return err
		}
		if !found {
			add("index_extra", x.Name, primary, "points nowhere")
			return nil
		}
		v, _, _, err := decodeValue(c.kind, raw)
		if err != nil {
			return nil // told already, and its entries cannot be known
		}
		if !slices.ContainsFunc(c.kind.Entries(i, v), func(e []byte) bool { return bytes.Equal(e, entry) }) {
			add("index_extra", x.Name, primary, "the document has no such entry")
		}
		return nil
	})
}

// raw goes through everything in a table.
func (tx *Tx) raw(t *table, fn func(key, value []byte) error) error {
	cur := t.scan(nil, nil, false)
	for n := 0; ; n++ {
		if err := tx.sometimes(n); err != nil {
			return err
		}
		key, value, err := cur.next()
		if err != nil || key == nil {
			return err
		}
		if err := fn(key, value); err != nil {
			return err
		}
	}
}

func (s *Store) repair(ctx context.Context, k *state.Kind) error {
	return s.Update(ctx, func(t state.Tx) error {
		c, err := t.(*Tx).forWriting(k)
		if err != nil {
			return err
		}
		return c.rebuild(func([]byte, []byte, any, int64, int) error { return nil })
	})
}

// Dump gives all content of the file as it is stored, bucket by bucket, key by key, without what the
// file says of itself; so that tests can see that two states are the same. Key and value are valid inside fn only.
func (s *Store) Dump(ctx context.Context, fn func(place string, key, value []byte) error) error {
	return s.View(ctx, func(t state.Tx) error {
		tx := t.(*Tx)
		names, err := tx.buckets()
		if err != nil {
			return err
		}
		for i, name := range names { // what is recent is read with the index that it belongs to
			if index, ok := strings.CutPrefix(name, recentPrefix); ok {
				names[i] = idxPrefix + index
			}
		}
		slices.Sort(names)
		for _, name := range slices.Compact(names) {
			if name == metaBucket {
				continue
			}
			table, err := tx.table(name)
			if err != nil {
				return err
			}
			if err := tx.raw(table, func(key, value []byte) error { return fn(name, key, value) }); err != nil {
				return err
			}
		}
		return nil
	})
}
