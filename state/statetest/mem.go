package statetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"

	"github.com/keptcrm/kept/state"
)

// Mem gives an empty state in memory: a reference for drivers, and the fast store of other
// packages' tests. It keeps each bucket as one sorted slice, which a transaction copies before it
// writes to it, so that pictures stay as they are.
func Mem() state.Store {
	return &mem{writer: make(chan struct{}, 1), now: map[string][]row{}, kinds: map[string]*state.Kind{}}
}

type mem struct {
	writer chan struct{}
	mu     sync.Mutex
	now    map[string][]row // never changed, only replaced
	kinds  map[string]*state.Kind
	closed bool
}

// row is ordered by a, then b: a document's key; an entry and its document's key; a subject and a
// place in its order.
type row struct {
	a, b    string
	schema  int
	rev     int64
	payload []byte
}

func (x row) compare(a, b string) int {
	if n := strings.Compare(x.a, a); n != 0 {
		return n
	}
	return strings.Compare(x.b, b)
}

var errClosed = &state.Error{Class: state.Unavailable, Code: "state_closed"}

func (m *mem) begin(ctx context.Context, writable bool) (*memTx, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, errClosed
	}
	return &memTx{m: m, ctx: ctx, writable: writable, tables: m.now, own: map[string]bool{}}, ctx.Err()
}

func (m *mem) View(ctx context.Context, fn func(state.Tx) error) error {
	tx, err := m.begin(ctx, false)
	if err != nil {
		return err
	}
	defer func() { tx.done = true }()
	return fn(tx)
}

func (m *mem) Update(ctx context.Context, fn func(state.Tx) error) error {
	select {
	case m.writer <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-m.writer }()
	tx, err := m.begin(ctx, true)
	if err != nil {
		return err
	}
	defer func() { tx.done = true }()
	if err := fn(tx); err != nil {
		return err
	}
	if tx.scans > 0 {
		return errScanning
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	m.now = tx.tables
	m.mu.Unlock()
	return nil
}

func (m *mem) Close() error {
	m.writer <- struct{}{}
	defer func() { <-m.writer }()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	return nil
}

func (m *mem) saw(k *state.Kind) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.kinds[k.Name] = k
}

// CheckStorage compares indexes with values.
func (m *mem) CheckStorage(ctx context.Context, kinds []*state.Kind, _ bool, report func(state.Damage)) error {
	if kinds == nil {
		m.mu.Lock()
		for _, k := range m.kinds {
			kinds = append(kinds, k)
		}
		m.mu.Unlock()
	}
	return m.View(ctx, func(t state.Tx) error {
		tx := t.(*memTx)
		for _, k := range kinds {
			want := make([]map[string]bool, len(k.Indexes))
			for i := range want {
				want[i] = map[string]bool{}
			}
			for _, r := range tx.tables[primary(k)] {
				v, err := k.Decode(r.schema, r.payload)
				if err != nil {
					report(state.Damage{Code: "value", Collection: k.Name, Key: []byte(r.a), Detail: err.Error()})
					continue
				}
				for i := range want {
					if k.History {
						break
					}
					for _, e := range k.Entries(i, v) {
						want[i][fmt.Sprintf("%q %q", e, r.a)] = true
					}
				}
			}
			for i, x := range k.Indexes {
				for _, r := range tx.tables[index(k, i)] {
					key := fmt.Sprintf("%q %q", r.a, r.b)
					if !want[i][key] {
						report(state.Damage{Code: "index_extra", Collection: k.Name, Index: x.Name, Key: []byte(r.b)})
					}
					delete(want[i], key)
				}
				for key := range want[i] {
					report(state.Damage{Code: "index_missing", Collection: k.Name, Index: x.Name, Detail: key})
				}
			}
		}
		return nil
	})
}

// Dump gives everything, bucket by bucket.
func (m *mem) Dump(ctx context.Context, fn func(place string, key, value []byte) error) error {
	return m.View(ctx, func(t state.Tx) error {
		tables := t.(*memTx).tables
		for _, name := range slices.Sorted(maps.Keys(tables)) {
			for _, r := range tables[name] {
				err := fn(name, fmt.Appendf(nil, "%q %q", r.a, r.b), fmt.Appendf(nil, "%d %d %q", r.schema, r.rev, r.payload))
				if err != nil {
					return err
				}
			}
		}
		return nil
	})
}

var (
	errReadTx   = errors.New("statetest: written to inside View")
	errDone     = errors.New("statetest: transaction used after its end")
	errScanning = errors.New("statetest: written to while a scan runs; collect first")
)

type memTx struct {
	m        *mem
	ctx      context.Context
	writable bool
	done     bool
	scans    int
	tables   map[string][]row
	own      map[string]bool // copied, so that they may be changed
}

func primary(k *state.Kind) string {
	if k.History {
		return "h/" + k.Name
	}
	return "d/" + k.Name
}

func index(k *state.Kind, i int) string { return "i/" + k.Name + "/" + k.Indexes[i].Name }

func (tx *memTx) mayWrite() error {
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

func find(rows []row, a, b string) (int, bool) {
	return slices.BinarySearchFunc(rows, row{a: a, b: b}, func(x, y row) int { return x.compare(y.a, y.b) })
}

func (tx *memTx) get(table, a, b string) (row, bool) {
	rows := tx.tables[table]
	if i, ok := find(rows, a, b); ok {
		return rows[i], true
	}
	return row{}, false
}

// change gives a table that may be changed.
func (tx *memTx) change(table string) []row {
	if !tx.own[table] {
		if len(tx.own) == 0 {
			tx.tables = maps.Clone(tx.tables)
		}
		tx.tables[table] = slices.Clone(tx.tables[table])
		tx.own[table] = true
	}
	return tx.tables[table]
}

func (tx *memTx) put(table string, r row) {
	rows := tx.change(table)
	i, ok := find(rows, r.a, r.b)
	if ok {
		rows[i] = r
		return
	}
	tx.tables[table] = slices.Insert(rows, i, r)
}

func (tx *memTx) del(table, a, b string) bool {
	if _, ok := tx.get(table, a, b); !ok {
		return false
	}
	rows := tx.change(table)
	i, _ := find(rows, a, b)
	tx.tables[table] = slices.Delete(rows, i, i+1)
	return true
}

func (tx *memTx) Get(k *state.Kind, keys ...[]byte) ([]state.Doc, error) {
	if tx.done {
		return nil, errDone
	}
	if err := tx.ctx.Err(); err != nil {
		return nil, err
	}
	tx.m.saw(k)
	out := make([]state.Doc, len(keys))
	for i, key := range keys {
		out[i].Key = bytes.Clone(key)
		if r, ok := tx.get(primary(k), string(key), ""); ok {
			v, err := k.Decode(r.schema, r.payload)
			if err != nil {
				return nil, err
			}
			out[i].Value, out[i].Rev = v, r.rev
		}
	}
	return out, nil
}

func (tx *memTx) Scan(k *state.Kind, r state.Range) iter.Seq2[state.Doc, error] {
	return func(yield func(state.Doc, error) bool) {
		tx.m.saw(k)
		if r.Index == "" {
			rows := part(tx.tables[primary(k)], func(x row) string { return x.a }, r)
			tx.each(rows, r, yield, func(x row) (state.Doc, error) { return doc(k, x, x.a, r) })
			return
		}
		i, err := k.IndexOf(r.Index)
		if err != nil {
			yield(state.Doc{}, err)
			return
		}
		rows := part(tx.tables[index(k, i)], func(x row) string { return x.a }, r)
		tx.each(rows, r, yield, func(x row) (state.Doc, error) {
			full, _ := tx.get(primary(k), x.b, "")
			d, err := doc(k, full, x.b, r)
			d.Entry = []byte(x.a)
			return d, err
		})
	}
}

// part cuts a range out of rows that are in the order of what at gives.
func part(rows []row, at func(row) string, r state.Range) []row {
	from, to := 0, len(rows)
	if r.From != nil {
		from = sort.Search(len(rows), func(i int) bool { return at(rows[i]) >= string(r.From) })
	}
	if r.To != nil {
		to = sort.Search(len(rows), func(i int) bool { return at(rows[i]) >= string(r.To) })
	}
	return rows[min(from, to):to]
}

func doc(k *state.Kind, x row, key string, r state.Range) (d state.Doc, err error) {
	d.Key = []byte(key)
	if !r.KeysOnly {
		d.Rev = x.rev
		d.Value, err = k.Decode(x.schema, x.payload)
	}
	return d, err
}

func (tx *memTx) each(rows []row, r state.Range, yield func(state.Doc, error) bool, read func(row) (state.Doc, error)) {
	tx.scans++
	defer func() { tx.scans-- }()
	for n := range rows {
		if r.Limit > 0 && n == r.Limit {
			return
		}
		x := rows[n]
		if r.Reverse {
			x = rows[len(rows)-1-n]
		}
		d, err := read(x)
		if e := tx.ctx.Err(); e != nil {
			err = e
		}
		if tx.done {
			err = errDone
		}
		if err != nil {
			yield(state.Doc{}, err)
			return
		}
		if !yield(d, nil) {
			return
		}
	}
	if err := tx.ctx.Err(); err != nil && len(rows) == 0 {
		yield(state.Doc{}, err)
	}
}

func (tx *memTx) Put(k *state.Kind, key []byte, value any, expect int64) (int64, error) {
	if err := errors.Join(tx.mayWrite(), state.CheckKey(key)); err != nil {
		return 0, err
	}
	payload, err := k.Encode(value)
	if err != nil {
		return 0, err
	}
	tx.m.saw(k)
	old, found := tx.get(primary(k), string(key), "")
	if expect != state.AnyRevision && expect != old.rev {
		return 0, k.Changed(key)
	}
	fresh := make([][][]byte, len(k.Indexes))
	for i, x := range k.Indexes {
		fresh[i] = k.Entries(i, value)
		for _, e := range fresh[i] {
			if err := state.CheckEntry(e); err != nil {
				return 0, err
			}
			if !x.Unique {
				continue
			}
			for _, r := range part(tx.tables[index(k, i)], func(x row) string { return x.a }, state.Range{From: e, To: append(bytes.Clone(e), 0)}) {
				if r.b != string(key) {
					return 0, k.Taken(i, []byte(r.b))
				}
			}
		}
	}
	if found {
		tx.unindex(k, string(key), old)
	}
	for i := range fresh {
		for _, e := range fresh[i] {
			tx.put(index(k, i), row{a: string(e), b: string(key)})
		}
	}
	tx.put(primary(k), row{a: string(key), schema: k.Schema, rev: old.rev + 1, payload: payload})
	return old.rev + 1, nil
}

func (tx *memTx) unindex(k *state.Kind, key string, old row) {
	v, err := k.Decode(old.schema, old.payload)
	if err != nil {
		return
	}
	for i := range k.Indexes {
		for _, e := range k.Entries(i, v) {
			tx.del(index(k, i), string(e), key)
		}
	}
}

func (tx *memTx) Delete(k *state.Kind, key []byte) (bool, error) {
	if err := tx.mayWrite(); err != nil {
		return false, err
	}
	old, found := tx.get(primary(k), string(key), "")
	if found {
		tx.unindex(k, string(key), old)
		tx.del(primary(k), string(key), "")
	}
	return found, nil
}

func (tx *memTx) Next(sequence string) (uint64, error) {
	if err := errors.Join(tx.mayWrite(), state.CheckKey([]byte(sequence))); err != nil {
		return 0, err
	}
	r, _ := tx.get("seq", sequence, "")
	n := state.KeyNumber(r.payload) + 1
	tx.put("seq", row{a: sequence, payload: state.NumberKey(n)})
	return n, nil
}

func (tx *memTx) Append(k *state.Kind, subject, order []byte, value any) error {
	if err := errors.Join(tx.mayWrite(), state.CheckEntry(subject), state.CheckEntry(order)); err != nil {
		return err
	}
	payload, err := k.Encode(value)
	if err != nil {
		return err
	}
	tx.m.saw(k)
	tx.put(primary(k), row{a: string(subject), b: string(order), schema: k.Schema, payload: payload})
	return nil
}

func (tx *memTx) Remove(k *state.Kind, subject, order []byte) (bool, error) {
	if err := tx.mayWrite(); err != nil {
		return false, err
	}
	return tx.del(primary(k), string(subject), string(order)), nil
}

func (tx *memTx) Read(k *state.Kind, subject []byte, r state.Range) iter.Seq2[state.Doc, error] {
	return func(yield func(state.Doc, error) bool) {
		rows := part(tx.tables[primary(k)], func(x row) string { return x.a },
			state.Range{From: subject, To: append(bytes.Clone(subject), 0)})
		if subject == nil {
			rows = part(tx.tables[primary(k)], func(x row) string { return x.a }, state.Range{To: []byte{0}})
		}
		rows = part(rows, func(x row) string { return x.b }, r)
		tx.each(rows, r, yield, func(x row) (state.Doc, error) { return doc(k, x, x.b, r) })
	}
}

func (tx *memTx) Blob(name string) ([]byte, error) {
	if tx.done {
		return nil, errDone
	}
	r, ok := tx.get("blob", name, "")
	if !ok {
		return nil, nil
	}
	return append([]byte{}, r.payload...), nil
}

func (tx *memTx) PutBlob(name string, b []byte) error {
	if err := errors.Join(tx.mayWrite(), state.CheckKey([]byte(name))); err != nil {
		return err
	}
	if b == nil {
		tx.del("blob", name, "")
		return nil
	}
	tx.put("blob", row{a: name, payload: append([]byte{}, b...)})
	return nil
}

func (tx *memTx) Blobs(prefix string) iter.Seq2[state.Blob, error] {
	return func(yield func(state.Blob, error) bool) {
		rows := part(tx.tables["blob"], func(x row) string { return x.a }, state.PrefixRange("", []byte(prefix)))
		var data []byte
		tx.each(rows, state.Range{}, func(d state.Doc, err error) bool {
			return yield(state.Blob{Name: string(d.Key), Data: data}, err)
		}, func(x row) (state.Doc, error) {
			data = append([]byte{}, x.payload...)
			return state.Doc{Key: []byte(x.a)}, nil
		})
	}
}

// Copy gives a copy of a state in memory, as a dry run works on one; it is not checked when the test
// ends. What [Open] gives can be copied as well.
func Copy(t testing.TB, s state.Store) state.Store {
	t.Helper()
	if w, ok := s.(*twice); ok {
		return Twice(Copy(t, w.Store))
	}
	m, ok := s.(*mem)
	if !ok {
		t.Fatalf("%T cannot be copied", s)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return &mem{writer: make(chan struct{}, 1), now: maps.Clone(m.now), kinds: maps.Clone(m.kinds)}
}
