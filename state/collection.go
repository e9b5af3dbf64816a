package state

import (
	"iter"
	"reflect"
	"strconv"
	"strings"
)

// Declaration declares a collection: one noun, one file.
type Declaration[T any] struct {
	Name    string
	Letter  string
	Schema  int
	Key     func(*T) []byte
	Indexes []IndexOn[T]
	Erase   Erase // how a person leaves it
	// Upgrade brings a value that was written under an older schema number up to date.
	Upgrade func(schema int, v *T) error
}

// IndexOn declares an index: its entries are a function of the value. Identity has put normalised
// values there; an index normalises nothing.
type IndexOn[T any] struct {
	Name   string
	Unique bool
	Keys   func(*T) [][]byte
}

// Collection is a typed collection of documents.
type Collection[T any] struct {
	Kind *Kind
	key  func(*T) []byte
}

var declared []*Kind

// Kinds lists every collection and history that this package declares, for drivers and for whole
// state checks.
func Kinds() []*Kind { return append([]*Kind(nil), declared...) }

// Declare makes a collection. Collections of this package join [Kinds]; tests declare their own
// with [NewCollection].
func declare[T any](d Declaration[T]) *Collection[T] {
	c := NewCollection(d)
	declared = append(declared, c.Kind)
	return c
}

// NewCollection makes a collection that is not part of the state's own list.
func NewCollection[T any](d Declaration[T]) *Collection[T] {
	typ := reflect.TypeFor[T]()
	k := &Kind{Name: d.Name, Letter: d.Letter, Schema: max(d.Schema, 1), Erase: d.Erase, typ: typ, plan: planOf(typ)}
	for _, x := range d.Indexes {
		k.Indexes = append(k.Indexes, Index{Name: x.Name, Unique: x.Unique})
	}
	k.keys = func(i int, v any) [][]byte { return d.Indexes[i].Keys(v.(*T)) }
	k.key = func(v any) []byte { return d.Key(v.(*T)) }
	if d.Upgrade != nil {
		k.upgrade = func(schema int, v any) error { return d.Upgrade(schema, v.(*T)) }
	}
	return &Collection[T]{Kind: k, key: d.Key}
}

// Find returns a document or nil.
func (c *Collection[T]) Find(tx Tx, key []byte) (*T, error) {
	docs, err := tx.Get(c.Kind, key)
	if err != nil || docs[0].Value == nil {
		return nil, err
	}
	return docs[0].Value.(*T), nil
}

// Get returns a document; where there is none the error is [NotFound].
func (c *Collection[T]) Get(tx Tx, key []byte) (*T, error) {
	v, err := c.Find(tx, key)
	if err == nil && v == nil {
		err = &Error{Class: NotFound, Code: "no_such_" + c.Kind.Name, Args: Args{"ref": c.Kind.Ref(key)}}
	}
	return v, err
}

// GetRev is Get with the document's revision.
func (c *Collection[T]) GetRev(tx Tx, key []byte) (*T, int64, error) {
	docs, err := tx.Get(c.Kind, key)
	if err != nil {
		return nil, 0, err
	}
	if docs[0].Value == nil {
		return nil, 0, nil
	}
	return docs[0].Value.(*T), docs[0].Rev, nil
}

// Many returns the documents of keys in one round trip; nil where there is none.
func (c *Collection[T]) Many(tx Tx, keys [][]byte) ([]*T, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	docs, err := tx.Get(c.Kind, keys...)
	if err != nil {
		return nil, err
	}
	out := make([]*T, len(docs))
	for i, d := range docs {
		if d.Value != nil {
			out[i] = d.Value.(*T)
		}
	}
	return out, nil
}

// Number is Get by number.
func (c *Collection[T]) Number(tx Tx, n uint64) (*T, error) { return c.Get(tx, NumberKey(n)) }

// All goes through a range. The state must not be written to meanwhile.
func (c *Collection[T]) All(tx Tx, r Range) iter.Seq2[*T, error] {
	r.KeysOnly = false
	return func(yield func(*T, error) bool) {
		for d, err := range tx.Scan(c.Kind, r) {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(d.Value.(*T), nil) {
				return
			}
		}
	}
}

// List collects a range.
func (c *Collection[T]) List(tx Tx, r Range) ([]*T, error) {
	var out []*T
	for v, err := range c.All(tx, r) {
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// By collects the documents whose entry in an index is exactly key. The index's entries must be
// built of parts that end themselves ([TextKey], [NumberKey], [TimeKey]).
func (c *Collection[T]) By(tx Tx, index string, key []byte) ([]*T, error) {
	return c.List(tx, Range{Index: index, From: key, To: append(append([]byte(nil), key...), 0)})
}

// Put stores a value, whatever was there.
func (c *Collection[T]) Put(w *Writer, v *T) error {
	_, err := c.PutRev(w, v, AnyRevision)
	return err
}

// PutRev stores a value if the present revision is the one expected (0: none).
func (c *Collection[T]) PutRev(w *Writer, v *T, expect int64) (int64, error) {
	key := c.key(v)
	w.touch(c.Kind, key)
	return w.tx.Put(c.Kind, key, v, expect)
}

// Delete removes a document; it says whether there was one.
func (c *Collection[T]) Delete(w *Writer, key []byte) (bool, error) {
	w.touch(c.Kind, key)
	return w.tx.Delete(c.Kind, key)
}

// Next draws the collection's next number.
func (c *Collection[T]) Next(w *Writer) (uint64, error) { return w.tx.Next(c.Kind.Name) }

// Ref is a number as people see it: "c812".
func (c *Collection[T]) Ref(n uint64) string { return c.Kind.Letter + strconv.FormatUint(n, 10) }

// ParseRef reads a number as people type it.
func (c *Collection[T]) ParseRef(s string) (uint64, bool) {
	rest, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(s)), c.Kind.Letter)
	if !ok || c.Kind.Letter == "" || rest == "" || rest[0] < '0' || rest[0] > '9' {
		return 0, false
	}
	n, err := strconv.ParseUint(rest, 10, 64)
	return n, err == nil && n > 0
}

// History is a typed collection of histories: dated entries of a subject, in order.
type History[T any] struct {
	Kind  *Kind
	order func(*T) []byte
}

func declareHistory[T any](d Declaration[T]) *History[T] {
	c := NewCollection(d)
	c.Kind.History = true
	declared = append(declared, c.Kind)
	return &History[T]{Kind: c.Kind, order: d.Key}
}

// Append puts an entry into a subject's history; an entry with the same order is replaced.
func (h *History[T]) Append(w *Writer, subject []byte, v *T) error {
	w.touch(h.Kind, subject)
	return w.tx.Append(h.Kind, subject, h.order(v), v)
}

// Remove takes an entry out of a subject's history.
func (h *History[T]) Remove(w *Writer, subject []byte, v *T) (bool, error) {
	w.touch(h.Kind, subject)
	return w.tx.Remove(h.Kind, subject, h.order(v))
}

// Read goes through a subject's history.
func (h *History[T]) Read(tx Tx, subject []byte, r Range) iter.Seq2[*T, error] {
	r.KeysOnly = false
	return func(yield func(*T, error) bool) {
		for d, err := range tx.Read(h.Kind, subject, r) {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(d.Value.(*T), nil) {
				return
			}
		}
	}
}
