package state

import (
	"context"
	"io"
	"iter"
)

// Store is one state file, or one database. Its closures may be run more than once and must set
// whatever they return afresh each time; [statetest.Twice] proves that of the code that uses it.
type Store interface {
	// View runs fn on one unchanging picture of the state.
	View(ctx context.Context, fn func(Tx) error) error
	// Update runs fn and commits what it wrote, all or nothing. It is durable when Update returns
	// nil. Domain code calls [Change] instead, which keeps the change log.
	Update(ctx context.Context, fn func(Tx) error) error
	// Close waits for running transactions and releases the state.
	Close() error
}

// Tx is what a driver offers inside a transaction: documents with ordered indexes, histories, and
// opaque blobs. Byte slices that it hands out belong to the caller; values are fresh copies.
// Domain code uses the typed [Collection] and [History] over it.
type Tx interface {
	// Get returns the documents of keys, in their order; Value is nil where there is none. One
	// call is one round trip.
	Get(k *Kind, keys ...[]byte) ([]Doc, error)
	// Scan goes through documents in the order of their keys, or of an index's keys. The state
	// must not be written to while it runs: collect first.
	Scan(k *Kind, r Range) iter.Seq2[Doc, error]
	// Put stores a document with its index entries and returns its new revision. With expect
	// other than [AnyRevision] the present revision must be that one (0: it must not exist), else
	// the error is a [Conflict].
	Put(k *Kind, key []byte, value any, expect int64) (rev int64, err error)
	// Delete removes a document and its index entries; it says whether there was one.
	Delete(k *Kind, key []byte) (bool, error)
	// Next draws the next number of a sequence, beginning with 1. Numbers of a rolled back
	// transaction are drawn again.
	Next(sequence string) (uint64, error)

	// Append puts one entry into the history of a subject, at a place in its order. The same
	// place replaces.
	Append(k *Kind, subject, order []byte, value any) error
	// Remove takes one entry out of a history.
	Remove(k *Kind, subject, order []byte) (bool, error)
	// Read goes through one history in order; Range.Index is not used.
	Read(k *Kind, subject []byte, r Range) iter.Seq2[Doc, error]

	// Blob returns a blob, or nil.
	Blob(name string) ([]byte, error)
	// PutBlob stores a blob; nil deletes it.
	PutBlob(name string, b []byte) error
	// Blobs goes through the blobs whose names begin with prefix, in order.
	Blobs(prefix string) iter.Seq2[Blob, error]
}

// AnyRevision lets Put replace whatever is there.
const AnyRevision int64 = -1

// Doc is one document as a driver gives it.
//
// Keys are at most [MaxKey] long. A transaction is for one goroutine and ends with its closure.
type Doc struct {
	Key   []byte // the primary key; in a history the order
	Entry []byte // the index key by which a scan met it; nil in a scan by primary key
	Rev   int64  // counts the document's writes, from 1; 0 in a history and where Range.KeysOnly
	Value any    // a pointer to the collection's type; nil where absent, or where Range.KeysOnly
}

// Blob is one named blob.
type Blob struct {
	Name string
	Data []byte
}

// Range is a part of an order. From is included, To is not; nil is open.
type Range struct {
	Index    string // "" is the primary key
	From, To []byte
	Reverse  bool
	Limit    int // 0: all
	KeysOnly bool
}

// PrefixRange covers all keys that begin with prefix.
func PrefixRange(index string, prefix []byte) Range {
	return Range{Index: index, From: prefix, To: After(prefix)}
}

// After gives the first key behind all keys that begin with prefix; nil where there is none.
func After(prefix []byte) []byte {
	end := append([]byte(nil), prefix...)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i] < 0xff {
			end[i]++
			return end[:i+1]
		}
	}
	return nil
}

// Backuper is a store that can copy itself while it is in use.
type Backuper interface {
	// Backup writes one consistent picture of the state to w. The picture is the moment of the
	// call; writers are not held up. With compact it is written anew without free pages.
	Backup(ctx context.Context, w io.Writer, compact bool) (bytes int64, err error)
}

// Checker is a store that can look for damage in itself.
type Checker interface {
	// CheckStorage reads everything and reports what does not hold: pages, values that cannot be
	// read, index entries that are missing, too many or point nowhere. With repair it rebuilds
	// the indexes from the values; values that cannot be read stay and are reported.
	CheckStorage(ctx context.Context, kinds []*Kind, repair bool, report func(Damage)) error
}

// Damage is one thing that does not hold.
type Damage struct {
	Code       string `json:"code"` // "page", "value", "index_missing", "index_extra", "unknown_bucket", ...
	Collection string `json:"collection,omitempty"`
	Index      string `json:"index,omitempty"`
	Key        []byte `json:"key,omitempty"`
	Detail     string `json:"detail,omitempty"`
	Page       uint64 `json:"page,omitempty"` // of the file, where a whole page does not hold
	Lost       []Gap  `json:"lost,omitempty"` // what cannot be read any more because of it
	Repaired   bool   `json:"repaired"`
}

// Gap is a part of a collection that cannot be read, from its first key to its last, both included.
// First and Last are how people call them ("c300", "c317"); Last is empty where the gap is one key,
// and both are where nothing is known of its ends.
type Gap struct {
	Collection string `json:"collection"`
	First      string `json:"first,omitempty"`
	Last       string `json:"last,omitempty"`
	Surely     bool   `json:"surely"` // each was there; else some of these keys may never have been used
	From       []byte `json:"from,omitempty"`
	To         []byte `json:"to,omitempty"`
}
