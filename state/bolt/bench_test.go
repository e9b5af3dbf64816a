package bolt_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/bolt"
)

// contact is like what an import writes for each customer: some 300 bytes and four index entries.
type contact struct {
	Number uint64            `k:"1"`
	Name   string            `k:"2"`
	Mails  []string          `k:"3"`
	Phones []string          `k:"4"`
	City   string            `k:"5"`
	Street string            `k:"6"`
	Seen   time.Time         `k:"7"`
	Fields map[string]string `k:"8"`
	Parts  []namePart        `k:"9"`
	Note   string            `k:"10"`
}

type namePart struct {
	Text string `k:"1"`
	Kind string `k:"2"`
}

var contacts = state.NewCollection(state.Declaration[contact]{
	Name: "contact", Letter: "c", Key: func(c *contact) []byte { return state.NumberKey(c.Number) },
	Indexes: []state.IndexOn[contact]{
		{Name: "identifier", Keys: func(c *contact) (out [][]byte) {
			for _, x := range slices.Concat(c.Mails, c.Phones) {
				out = append(out, state.TextKey(x))
			}
			return out
		}},
		{Name: "token", Keys: func(c *contact) (out [][]byte) {
			for _, p := range c.Parts {
				out = append(out, state.TextKey(p.Text))
			}
			return out
		}},
	},
})

func contactOf(n int) *contact {
	r := uint64(n) * 0x9e3779b97f4a7c15
	return &contact{
		Number: uint64(n), Name: fmt.Sprintf("Jana %x Müller %x", r>>48, r>>52), Mails: []string{fmt.Sprintf("jana.%x@example.com", r)},
		Phones: []string{fmt.Sprintf("+49%011d", r%1e11)}, City: "Köln", Street: fmt.Sprintf("Lange Straße %d", r%200),
		Seen: time.Unix(int64(1.7e9)+int64(n), 0).UTC(), Fields: map[string]string{"company": "Müller GmbH", "language": "de"},
		Parts: []namePart{{fmt.Sprintf("jana%x", r>>48), "given"}, {fmt.Sprintf("muller%x", r>>52), "family"}},
		Note:  "Met at the fair in spring; wants the blue ones, asks for a quote every autumn and pays within a week.",
	}
}

func BenchmarkEncode(b *testing.B) {
	c := contactOf(1)
	buf := make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if buf, err = contacts.Kind.Append(buf[:0], c); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(buf)), "bytes")
}

func BenchmarkDecode(b *testing.B) {
	raw, err := contacts.Kind.Encode(contactOf(1))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := contacts.Kind.Decode(1, raw); err != nil {
			b.Fatal(err)
		}
	}
}

const (
	bulk  = 100_000
	batch = 25_000
)

// BenchmarkBulkPut loads 100 000 documents with four index entries each; BenchmarkBulkPutRaw puts
// the same bytes with a bare loop over bbolt, sorted in each batch.
func BenchmarkBulkPut(b *testing.B) {
	for b.Loop() {
		s := loaded(b, bulk)
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(bulk*b.N)/b.Elapsed().Seconds(), "rec/s")
}

func loaded(b *testing.B, n int) *bolt.Store {
	b.Helper()
	s, err := bolt.Open(filepath.Join(b.TempDir(), "kept.db"), bolt.Options{Kinds: []*state.Kind{contacts.Kind, eventKind}})
	if err != nil {
		b.Fatal(err)
	}
	for from := 1; from <= n; from += batch {
		if err := s.Update(ctx, func(tx state.Tx) error {
			for i := from; i < from+batch && i <= n; i++ {
				if _, err := tx.Put(contacts.Kind, state.NumberKey(uint64(i)), contactOf(i), 0); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			b.Fatal(err)
		}
	}
	return s
}

func BenchmarkBulkPutRaw(b *testing.B) {
	type pair struct{ k, v []byte }
	for b.Loop() {
		db, err := bbolt.Open(filepath.Join(b.TempDir(), "raw.db"), 0o600, &bbolt.Options{FreelistType: bbolt.FreelistMapType})
		if err != nil {
			b.Fatal(err)
		}
		for from := 1; from <= bulk; from += batch {
			if err := db.Update(func(tx *bbolt.Tx) error {
				var index [2][]pair
				primary, err := tx.CreateBucketIfNotExists([]byte("d"))
				if err != nil {
					return err
				}
				primary.FillPercent = 0.95
				for i := from; i < from+batch; i++ {
					c := contactOf(i)
					v, err := contacts.Kind.Encode(c)
					if err != nil {
						return err
					}
					key := state.NumberKey(uint64(i))
					if err := primary.Put(key, v); err != nil {
						return err
					}
					for x := range index {
						for _, e := range contacts.Kind.Entries(x, c) {
							index[x] = append(index[x], pair{state.Join(e, key), []byte{}})
						}
					}
				}
				for x := range index {
					bucket, err := tx.CreateBucketIfNotExists([]byte{'i', byte('0' + x)})
					if err != nil {
						return err
					}
					slices.SortFunc(index[x], func(a, b pair) int { return bytes.Compare(a.k, b.k) })
					for _, p := range index[x] {
						if err := bucket.Put(p.k, p.v); err != nil {
							return err
						}
					}
				}
				return nil
			}); err != nil {
				b.Fatal(err)
			}
		}
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(bulk*b.N)/b.Elapsed().Seconds(), "rec/s")
}

type benchEvent struct {
	At     time.Time `k:"1"`
	Kind   string    `k:"2"`
	Title  string    `k:"3"`
	Amount int64     `k:"4"`
}

var eventKind = func() *state.Kind {
	k := state.NewCollection(state.Declaration[benchEvent]{Name: "bench_event", Key: func(e *benchEvent) []byte { return state.TimeKey(e.At) }}).Kind
	k.History = true
	return k
}()

func BenchmarkNewest50Of10000(b *testing.B) {
	s := loaded(b, 1000)
	defer func() { _ = s.Close() }()
	if err := s.Update(ctx, func(tx state.Tx) error {
		for i := range 10_000 {
			e := &benchEvent{At: time.Unix(int64(i), 0), Kind: "order", Title: fmt.Sprintf("Order #%d", i), Amount: int64(i)}
			if err := tx.Append(eventKind, []byte("c812"), state.TimeKey(e.At), e); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := s.View(ctx, func(tx state.Tx) error {
			n := 0
			for _, err := range tx.Read(eventKind, []byte("c812"), state.Range{Reverse: true, Limit: 50}) {
				if err != nil {
					return err
				}
				n++
			}
			if n != 50 {
				return errors.New("not 50")
			}
			return nil
		}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGetByIdentifier(b *testing.B) {
	s := loaded(b, 50_000)
	defer func() { _ = s.Close() }()
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		n = n%50_000 + 1
		key := state.TextKey(contactOf(n).Mails[0])
		if err := s.View(ctx, func(tx state.Tx) error {
			list, err := contacts.By(tx, "identifier", key)
			if err == nil && len(list) != 1 {
				err = fmt.Errorf("%d of one", len(list))
			}
			return err
		}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCommitOne(b *testing.B) {
	s := loaded(b, 20_000)
	defer func() { _ = s.Close() }()
	n := 20_000
	for b.Loop() {
		n++
		if err := s.Update(ctx, func(tx state.Tx) error {
			_, err := tx.Put(contacts.Kind, state.NumberKey(uint64(n)), contactOf(n), 0)
			return err
		}); err != nil {
			b.Fatal(err)
		}
	}
}

// hundredMegabytes is a state of about that size.
func hundredMegabytes(b *testing.B) *bolt.Store {
	s := loaded(b, 25_000)
	for i := range 40 {
		if err := s.Update(context.Background(), func(tx state.Tx) error {
			return tx.PutBlob(string(binary.AppendUvarint([]byte("b"), uint64(i))), bytes.Repeat([]byte{byte(i)}, 2<<20))
		}); err != nil {
			b.Fatal(err)
		}
	}
	return s
}

func BenchmarkOpen100MB(b *testing.B) {
	s := hundredMegabytes(b)
	path := s.Path()
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		s, err := bolt.Open(path, bolt.Options{Kinds: []*state.Kind{contacts.Kind}})
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(info.Size()>>20), "MB")
}

// BenchmarkBackup writes 100 MB with fsync: the pages as they are, compact, and beside both a
// plain copy of the file.
func BenchmarkBackup(b *testing.B) {
	s := hundredMegabytes(b)
	defer func() { _ = s.Close() }()
	for name, write := range map[string]func(io.Writer) (int64, error){
		"pages":   func(w io.Writer) (int64, error) { return s.Backup(ctx, w, false) },
		"compact": func(w io.Writer) (int64, error) { return s.Backup(ctx, w, true) },
		"plain copy": func(w io.Writer) (int64, error) {
			f, err := os.Open(s.Path())
			if err != nil {
				return 0, err
			}
			defer func() { _ = f.Close() }()
			return io.Copy(struct{ io.Writer }{w}, f)
		},
	} {
		b.Run(name, func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "backup")
			for b.Loop() {
				f, err := os.Create(path)
				if err != nil {
					b.Fatal(err)
				}
				n, err := write(f)
				if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
					b.Fatal(err)
				}
				b.SetBytes(n)
			}
		})
	}
}
