package statetest

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/keptcrm/kept/state"
)

func big(t *testing.T, s state.Store) {
	photo := bytes.Repeat([]byte("0123456789abcdef"), 1<<17) // 2 MB
	store(t, s, &Person{Number: 1, Photo: photo, Name: strings.Repeat("名", 1000)}, &Person{Number: 2})
	update(t, s, func(tx state.Tx) error { return tx.PutBlob("big", photo) })
	p, _ := get(t, s, 1)
	if p == nil || !bytes.Equal(p.Photo, photo) {
		t.Error("2 MB did not come back as they were")
	}
	want(t, "beside it", numbers(t, s, state.Range{Index: "name"}), []uint64{2, 1})
	view(t, s, func(tx state.Tx) error {
		b, err := tx.Blob("big")
		if !bytes.Equal(b, photo) {
			t.Error("a blob of 2 MB did not come back as it was")
		}
		return err
	})
}

func keysOfAnyContent(t *testing.T, s state.Store) {
	keys := []string{"\x00", "\x00\x00", "\x00\x01", "\x00\xff", "a", "a\x00", "a\x00\x00b", "a\x01", "ab", "\xff", "\xff\xff\xff"}
	update(t, s, func(tx state.Tx) error {
		for i, k := range keys {
			p := &Person{Number: uint64(i), Name: "same", Mails: []string{k}}
			if _, err := tx.Put(people.Kind, []byte(k), p, 0); err != nil {
				return err
			}
		}
		return nil
	})
	view(t, s, func(tx state.Tx) error {
		for _, r := range []state.Range{{}, {Index: "name"}, {Index: "mail"}} {
			var got []string
			for d, err := range tx.Scan(people.Kind, r) {
				if err != nil {
					return err
				}
				if keys[d.Value.(*Person).Number] != string(d.Key) {
					t.Errorf("%q leads to %d", d.Key, d.Value.(*Person).Number)
				}
				got = append(got, string(d.Key))
			}
			want(t, "by "+r.Index, got, keys) // they are written in order
		}
		return nil
	})
	update(t, s, func(tx state.Tx) error {
		_, err := tx.Delete(people.Kind, []byte("a\x00"))
		return err
	})
	view(t, s, func(tx state.Tx) error {
		docs, err := tx.Get(people.Kind, []byte("a"), []byte("a\x00"), []byte("a\x00\x00b"))
		if err == nil && (docs[0].Value == nil || docs[1].Value != nil || docs[2].Value == nil) {
			t.Errorf("one of three keys that begin alike was deleted: %+v", docs)
		}
		return err
	})
}

func limitsOfKeys(t *testing.T, s state.Store) {
	long, longer := strings.Repeat("k", state.MaxKey), strings.Repeat("k", state.MaxKey+1)
	zeros := strings.Repeat("\x00", state.MaxKey)
	err := s.Update(context.Background(), func(tx state.Tx) error {
		for code, key := range map[string]string{"key_empty": "", "key_too_long": longer} {
			_, e1 := tx.Put(people.Kind, []byte(key), &Person{}, state.AnyRevision)
			_, e2 := tx.Next(key)
			e3 := tx.PutBlob(key, []byte("x"))
			for i, err := range []error{e1, e2, e3} {
				if !state.IsCode(err, code) || !state.IsClass(err, state.Invalid) {
					t.Errorf("a key of %d bytes, case %d: %v", len(key), i, err)
				}
			}
		}
		_, e1 := tx.Put(people.Kind, []byte("k"), &Person{Name: longer}, state.AnyRevision)
		e2 := tx.Append(events, []byte(longer), nil, &Event{})
		e3 := tx.Append(events, nil, []byte(longer), &Event{})
		for i, err := range []error{e1, e2, e3} {
			if !state.IsCode(err, "key_too_long") {
				t.Errorf("an entry, subject or order that is too long, case %d: %v", i, err)
			}
		}
		for _, key := range []string{long, zeros} {
			if _, err := tx.Put(people.Kind, []byte(key), &Person{Name: zeros}, 0); err != nil {
				return err
			}
			if err := tx.Append(events, []byte(key), []byte(key), &Event{}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatalf("the longest keys: %v", err)
	}
	view(t, s, func(tx state.Tx) error {
		for d, err := range tx.Scan(people.Kind, state.PrefixRange("name", []byte(zeros))) {
			if err != nil || string(d.Entry) != zeros || len(d.Key) != state.MaxKey {
				t.Errorf("the longest entry: %d and %d bytes, %v", len(d.Entry), len(d.Key), err)
			}
		}
		return nil
	})
}

func noWritingInView(t *testing.T, s state.Store) {
	view(t, s, func(tx state.Tx) error {
		_, e1 := tx.Put(people.Kind, []byte("k"), &Person{}, state.AnyRevision)
		_, e2 := tx.Delete(people.Kind, []byte("k"))
		_, e3 := tx.Next("x")
		_, e4 := tx.Remove(events, nil, nil)
		for i, err := range []error{e1, e2, e3, e4, tx.Append(events, nil, nil, &Event{}), tx.PutBlob("x", nil)} {
			if err == nil {
				t.Errorf("wrote inside View, case %d", i)
			}
		}
		return nil
	})
}

func noWritingInAScan(t *testing.T, s state.Store) {
	store(t, s, &Person{Number: 1}, &Person{Number: 2})
	update(t, s, func(tx state.Tx) error {
		for _, err := range tx.Scan(people.Kind, state.Range{}) {
			if err != nil {
				return err
			}
			if err := put(tx, &Person{Number: 9}); err == nil {
				t.Error("wrote while a scan ran")
			}
			// To read is allowed.
			if _, err := tx.Get(people.Kind, state.NumberKey(1)); err != nil {
				return err
			}
			for _, err := range tx.Scan(people.Kind, state.Range{Limit: 1}) {
				if err != nil {
					return err
				}
			}
		}
		return put(tx, &Person{Number: 3})
	})
	want(t, "afterwards", numbers(t, s, state.Range{}), []uint64{1, 2, 3})
}

func scanLeftEarly(t *testing.T, s state.Store) {
	store(t, s, &Person{Number: 1}, &Person{Number: 2})
	update(t, s, func(tx state.Tx) error {
		for range tx.Scan(people.Kind, state.Range{}) {
			break
		}
		for range tx.Blobs("") {
			break
		}
		return put(tx, &Person{Number: 3})
	})
	want(t, "afterwards", numbers(t, s, state.Range{}), []uint64{1, 2, 3})
}

func noUseAfterTheEnd(t *testing.T, s state.Store) {
	var kept state.Tx
	update(t, s, func(tx state.Tx) error { kept = tx; return nil })
	if _, err := kept.Get(people.Kind, []byte("k")); err == nil {
		t.Error("read in a transaction that had ended")
	}
	if _, err := kept.Put(people.Kind, []byte("k"), &Person{}, 0); err == nil {
		t.Error("wrote in a transaction that had ended")
	}
}

func writersTakeTurns(t *testing.T, s state.Store) {
	const writers, each = 4, 10
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range each {
				err := s.Update(context.Background(), func(tx state.Tx) error {
					p, err := people.Find(tx, state.NumberKey(1))
					if err != nil {
						return err
					}
					if p == nil {
						p = &Person{Number: 1}
					}
					p.Age++
					return put(tx, p)
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	p, _ := get(t, s, 1)
	want(t, "increments", p.Age, writers*each)
}

func closing(t *testing.T, s state.Store) {
	store(t, s, full())
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for name, run := range map[string]func(context.Context, func(state.Tx) error) error{"View": s.View, "Update": s.Update} {
		err := run(context.Background(), func(state.Tx) error { t.Errorf("%s ran on a closed store", name); return nil })
		if !state.IsCode(err, "state_closed") || !state.IsClass(err, state.Unavailable) {
			t.Errorf("%s on a closed store: %v", name, err)
		}
	}
}

func panicOfAClosure(t *testing.T, s state.Store) {
	store(t, s, full())
	for name, run := range map[string]func(context.Context, func(state.Tx) error) error{"View": s.View, "Update": s.Update} {
		func() {
			defer func() {
				if r := recover(); fmt.Sprint(r) != "boom" {
					t.Errorf("the panic of a closure in %s came out as %v", name, r)
				}
			}()
			_ = run(context.Background(), func(tx state.Tx) error {
				if name == "Update" {
					if err := put(tx, &Person{Number: 1}); err != nil {
						t.Error(err)
					}
				}
				panic("boom")
			})
		}()
	}
	want(t, "afterwards", numbers(t, s, state.Range{}), []uint64{812})
	store(t, s, &Person{Number: 2}) // nothing stays locked
}

func changeLog(t *testing.T, s state.Store) {
	ctx := context.Background()
	cause := state.Cause{Actor: "ana", Request: "r1", What: "person.put"}
	for n := range uint64(2) {
		if err := state.Change(ctx, s, cause, func(w *state.Writer) error {
			return people.Put(w, &Person{Number: n + 1})
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := state.Change(ctx, s, cause, func(w *state.Writer) error {
		if err := people.Put(w, &Person{Number: 9}); err != nil {
			return err
		}
		return errChangedMind
	}); err == nil {
		t.Fatal("the error is lost")
	}
	view(t, s, func(tx state.Tx) error {
		list, err := state.Changes.List(tx, state.Range{})
		if err != nil {
			return err
		}
		want(t, "entries", len(list), 2)
		want(t, "touched", list[1].Touched, []state.Touch{{Collection: "person", Keys: [][]byte{state.NumberKey(2)}}})
		return nil
	})
}
