package bolt_test

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/bolt"
	"github.com/keptcrm/kept/state/statetest"
)

// check lists the damage in a file: code, collection, index, whether it was repaired.
func check(t testing.TB, s *bolt.Store, repair bool) (out []string) {
	t.Helper()
	if err := s.CheckStorage(ctx, nil, repair, func(d state.Damage) {
		out = append(out, fmt.Sprint(d.Code, " ", d.Collection, " ", d.Index, " ", d.Repaired))
	}); err != nil {
		t.Fatal(err)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func TestCheckFindsAndRepairsIndexes(t *testing.T) {
	t.Parallel()
	path := filled(t, 50)
	raw(t, path, func(tx *bbolt.Tx) error {
		age, name, mail := tx.Bucket([]byte("i/person/age")), tx.Bucket([]byte("i/person/name")), tx.Bucket([]byte("i/person/mail"))
		k, _ := age.Cursor().First()
		if err := age.Delete(bytes.Clone(k)); err != nil {
			return err
		}
		// An entry of nobody, one that its document does not have, and one that is none.
		for _, k := range []string{"nobody\x00\x01" + string(state.NumberKey(999)), "other\x00\x01" + string(state.NumberKey(7)), "x\x00\x05"} {
			if err := name.Put([]byte(k), nil); err != nil {
				return err
			}
		}
		k, _ = mail.Cursor().Last()
		return mail.Put(append(bytes.Clone(k[:len(k)-8]), state.NumberKey(3)...), nil)
	})
	s := open(t, path, statetest.Kinds()...)
	want := []string{
		"index_duplicate person mail false", "index_extra person mail false", "index_extra person name false", "index_missing person age false",
	}
	if got := check(t, s, false); !slices.Equal(got, want) {
		t.Errorf("found %q", got)
	}
	if got := check(t, s, true); len(got) != 4 || got[3] != "index_missing person age true" {
		t.Errorf("repairing: %q", got)
	}
	if got := check(t, s, false); got != nil {
		t.Errorf("after the repair: %q", got)
	}
	if n := count(t, s); n != 50 {
		t.Errorf("%d of 50", n)
	}
}

func TestCheckTellsOfValuesAndKeepsThem(t *testing.T) {
	t.Parallel()
	path := filled(t, 50)
	bad := map[uint64]string{1: "", 2: "\x07", 3: "\x01\x01\x01\x05", 4: "\x01\x09\x01", 5: "\x01\x00\x01", 6: "\x01"}
	raw(t, path, func(tx *bbolt.Tx) error {
		for n, v := range bad {
			if err := tx.Bucket([]byte("d/person")).Put(state.NumberKey(n), []byte(v)); err != nil {
				return err
			}
		}
		if err := tx.Bucket([]byte("h/event")).Put([]byte("\x09short"), []byte("\x01\x01\x00")); err != nil {
			return err
		}
		_, err := tx.CreateBucket([]byte("d/dog"))
		return err
	})
	s := open(t, path, statetest.Kinds()...)
	want := []string{"unknown_bucket   false", "value event  false", "value person  false"}
	for _, repair := range []bool{false, true} {
		if got := check(t, s, repair); !slices.Equal(got, want) {
			t.Errorf("found %q", got)
		}
	}
	if err := s.View(ctx, func(tx state.Tx) error {
		_, err := tx.Get(statetest.Kinds()[0], state.NumberKey(2))
		return err
	}); !state.IsCode(err, "damaged_value") {
		t.Errorf("reading one: %v", err)
	}
	// Storing the document anew makes it good.
	if err := s.Update(ctx, func(tx state.Tx) error {
		for n := range bad {
			p := &statetest.Person{Number: n, Name: "new", Mails: []string{fmt.Sprintf("p%d@example.com", n)}}
			if _, err := tx.Put(statetest.Kinds()[0], state.NumberKey(n), p, state.AnyRevision); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if got := check(t, s, true); slices.Contains(got, "value person  false") {
		t.Errorf("afterwards: %q", got)
	}
	if got := check(t, s, false); len(got) != 2 {
		t.Errorf("after the repair: %q", got)
	}
	if n := count(t, s); n != 50 {
		t.Errorf("%d of 50", n)
	}
}

func TestCheckOfPagesSaysWhatTheyBelongTo(t *testing.T) {
	t.Parallel()
	path := filled(t, 3000)
	var page int64
	raw(t, path, func(tx *bbolt.Tx) error {
		page = int64(tx.Bucket([]byte("i/person/name")).Root())
		return nil
	})
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte{0xee}, page*int64(os.Getpagesize())); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	s := open(t, path, statetest.Kinds()...)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := check(t, s, true); !slices.Contains(got, "page person name false") {
		t.Errorf("found %q", got)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("a damaged tree was written to, %v", err)
	}
	var found []string
	if err := bolt.CheckFile(ctx, path, func(d state.Damage) { found = append(found, d.Collection+" "+d.Index) }); err != nil || !slices.Contains(found, "person name") {
		t.Errorf("without opening: %q, %v", found, err)
	}
	// And a damaged index is an error to who scans it, not a panic.
	err = s.View(ctx, func(tx state.Tx) error {
		for _, err := range tx.Scan(statetest.Kinds()[0], state.Range{Index: "name"}) {
			if err != nil {
				return err
			}
		}
		return nil
	})
	if !state.IsCode(err, "state_damaged") {
		t.Errorf("scanning: %v", err)
	}
}
