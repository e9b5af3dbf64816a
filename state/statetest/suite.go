// Package statetest tests stores, and what is built on them: one suite for every Store, a reference
// in memory, and stores that run each closure twice or stop at a chosen write.
package statetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keptcrm/kept/state"
)

// Suite is what every Store must pass. open gives an empty store, with [Kinds] declared, and sees
// to its closing.
func Suite(t *testing.T, open func(*testing.T) state.Store) {
	for name, test := range map[string]func(*testing.T, state.Store){
		"documents":                     documents,
		"many in one call":              manyInOneCall,
		"revisions":                     revisions,
		"unique":                        unique,
		"scans":                         scans,
		"scan by index":                 scanByIndex,
		"index follows":                 indexFollows,
		"entries of any content":        entriesOfAnyContent,
		"histories":                     histories,
		"blobs":                         blobs,
		"sequences":                     sequences,
		"all or nothing":                allOrNothing,
		"reads own writes":              readsOwnWrites,
		"one picture":                   onePicture,
		"cancelled":                     cancelled,
		"values are copies":             valuesAreCopies,
		"big":                           big,
		"keys of any content":           keysOfAnyContent,
		"limits of keys":                limitsOfKeys,
		"no writing in View":            noWritingInView,
		"no writing in a scan":          noWritingInAScan,
		"no use after the end":          noUseAfterTheEnd,
		"writers take turns":            writersTakeTurns,
		"closing":                       closing,
		"unknown index":                 unknownIndex,
		"wrong type":                    wrongType,
		"panic of a closure":            panicOfAClosure,
		"change log":                    changeLog,
		"entries said twice":            entriesSaidTwice,
		"deleted and stored once more":  deletedAndStoredOnceMore,
		"a scan that is left early":     scanLeftEarly,
		"one subject inside another":    oneSubjectInsideAnother,
		"an update that writes nothing": updateThatWritesNothing,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			Check(t, s)
			test(t, s)
		})
	}
	t.Run("model", func(t *testing.T) {
		t.Parallel()
		Model(t, open)
	})
}

// Check looks for damage in the whole state when the test ends.
func Check(t testing.TB, s state.Store) {
	t.Helper()
	t.Cleanup(func() {
		c, ok := s.(state.Checker)
		if !ok {
			return
		}
		err := c.CheckStorage(context.Background(), nil, false, func(d state.Damage) {
			if d.Code != "unknown_bucket" { // a collection that only the test declares
				t.Errorf("the state is damaged: %+v", d)
			}
		})
		// A test that closed the store itself checks the one that it opened after it.
		if err != nil && !state.IsCode(err, "state_closed") {
			t.Errorf("the state cannot be checked: %v", err)
		}
	})
}

// Open gives an empty state in memory that runs each closure twice and is checked when the test
// ends: what tests of domain code use.
func Open(t testing.TB) state.Store {
	t.Helper()
	s := Twice(Mem())
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	Check(t, s)
	return s
}

func update(t testing.TB, s state.Store, fn func(state.Tx) error) {
	t.Helper()
	if err := s.Update(context.Background(), fn); err != nil {
		t.Fatalf("Update: %v", err)
	}
}

func view(t testing.TB, s state.Store, fn func(state.Tx) error) {
	t.Helper()
	if err := s.View(context.Background(), fn); err != nil {
		t.Fatalf("View: %v", err)
	}
}

func put(tx state.Tx, p *Person) error {
	_, err := tx.Put(people.Kind, state.NumberKey(p.Number), p, state.AnyRevision)
	return err
}

func store(t testing.TB, s state.Store, list ...*Person) {
	t.Helper()
	update(t, s, func(tx state.Tx) error {
		for _, p := range list {
			if err := put(tx, p); err != nil {
				return err
			}
		}
		return nil
	})
}

func get(t testing.TB, s state.Store, n uint64) (p *Person, rev int64) {
	t.Helper()
	view(t, s, func(tx state.Tx) error {
		docs, err := tx.Get(people.Kind, state.NumberKey(n))
		if err != nil {
			return err
		}
		p, rev = nil, docs[0].Rev
		if docs[0].Value != nil {
			p = docs[0].Value.(*Person)
		}
		return nil
	})
	return p, rev
}

// numbers gives the numbers of the people in a range.
func numbers(t testing.TB, s state.Store, r state.Range) []uint64 {
	t.Helper()
	var out []uint64
	view(t, s, func(tx state.Tx) error {
		out = nil
		for d, err := range tx.Scan(people.Kind, r) {
			if err != nil {
				return err
			}
			if !r.KeysOnly && d.Value.(*Person).Number != state.KeyNumber(d.Key) {
				return fmt.Errorf("key %x with %+v", d.Key, d.Value)
			}
			out = append(out, state.KeyNumber(d.Key))
		}
		return nil
	})
	return out
}

func want[T any](t testing.TB, what string, got, wanted T) {
	t.Helper()
	if d := cmp.Diff(wanted, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

func full() *Person {
	return &Person{
		Number: 812, Name: "王小明 \u200fيانا\u200e 🦊", Mails: []string{"jana@example.com", "j@example.cn"}, Age: -3, Score: 1.25, Active: true,
		Seen: time.Date(1969, 7, 20, 20, 17, 40, 123, time.UTC), Photo: []byte{0, 1, 0xff}, Tags: map[string]string{"a": "", "": "b"},
		Home: Place{City: "北京"}, Work: &Place{}, Visited: []Place{{}, {City: "Köln", Zip: "50667"}, {}},
	}
}

func documents(t *testing.T, s state.Store) {
	if p, rev := get(t, s, 812); p != nil || rev != 0 {
		t.Fatalf("an empty store has %+v, revision %d", p, rev)
	}
	store(t, s, full())
	p, rev := get(t, s, 812)
	want(t, "stored", p, full())
	want(t, "revision", rev, 1)
	other := full()
	other.Name, other.Work = "Jana", nil
	store(t, s, other)
	p, rev = get(t, s, 812)
	want(t, "replaced", p, other)
	want(t, "revision", rev, 2)
	for _, had := range []bool{true, false} {
		var ok bool
		update(t, s, func(tx state.Tx) (err error) {
			ok, err = tx.Delete(people.Kind, state.NumberKey(812))
			return err
		})
		want(t, "Delete found one", ok, had)
	}
	p, _ = get(t, s, 812)
	want(t, "deleted", p, nil)
}

func manyInOneCall(t *testing.T, s state.Store) {
	store(t, s, &Person{Number: 1, Name: "a"}, &Person{Number: 2, Name: "b"}, &Person{Number: 3, Name: "c"})
	view(t, s, func(tx state.Tx) error {
		docs, err := tx.Get(people.Kind, state.NumberKey(3), state.NumberKey(9), state.NumberKey(1), state.NumberKey(3))
		if err != nil {
			return err
		}
		var names []string
		for i, d := range docs {
			if !bytes.Equal(d.Key, state.NumberKey([]uint64{3, 9, 1, 3}[i])) {
				t.Errorf("document %d has the key %x", i, d.Key)
			}
			if d.Value == nil {
				names = append(names, "none")
				continue
			}
			names = append(names, d.Value.(*Person).Name)
		}
		want(t, "documents", names, []string{"c", "none", "a", "c"})
		docs, err = tx.Get(people.Kind)
		want(t, "no keys", len(docs), 0)
		return err
	})
}

func revisions(t *testing.T, s state.Store) {
	try := func(expect int64) (rev int64, err error) {
		err = s.Update(context.Background(), func(tx state.Tx) (err error) {
			rev, err = tx.Put(people.Kind, state.NumberKey(1), &Person{Number: 1}, expect)
			return err
		})
		return rev, err
	}
	for _, step := range []struct {
		expect, rev int64
		conflict    bool
	}{{3, 0, true}, {0, 1, false}, {0, 0, true}, {2, 0, true}, {1, 2, false}, {1, 0, true}, {state.AnyRevision, 3, false}, {3, 4, false}} {
		rev, err := try(step.expect)
		if step.conflict != state.IsClass(err, state.Conflict) || step.conflict != state.IsCode(err, "changed_meanwhile") {
			t.Fatalf("expecting %d: %v", step.expect, err)
		}
		if !step.conflict {
			want(t, "revision", rev, step.rev)
		}
	}
}

func unique(t *testing.T, s state.Store) {
	store(t, s, &Person{Number: 1, Mails: []string{"a@x", "b@x"}}, &Person{Number: 2, Mails: []string{"a@x.com"}})
	err := s.Update(context.Background(), func(tx state.Tx) error {
		if err := put(tx, &Person{Number: 2, Mails: []string{"c@x", "b@x"}}); !state.IsCode(err, "taken") || !state.IsClass(err, state.Conflict) {
			t.Errorf("a second document with b@x: %v", err)
		}
		var e *state.Error
		if err := put(tx, &Person{Number: 3, Mails: []string{"b@x"}}); !errors.As(err, &e) || e.Args["ref"] != "t1" || e.Args["index"] != "mail" {
			t.Errorf("a third document with b@x: %v", err)
		}
		// What was refused has left nothing.
		return put(tx, &Person{Number: 4, Mails: []string{"c@x"}})
	})
	if err != nil {
		t.Fatal(err)
	}
	want(t, "by mail", numbers(t, s, state.Range{Index: "mail"}), []uint64{1, 2, 1, 4})
	// An entry that is given up is free, in the same transaction too.
	update(t, s, func(tx state.Tx) error {
		if err := put(tx, &Person{Number: 1, Mails: []string{"a@x"}}); err != nil {
			return err
		}
		return put(tx, &Person{Number: 3, Mails: []string{"b@x"}})
	})
	want(t, "by mail", numbers(t, s, state.Range{Index: "mail"}), []uint64{1, 2, 3, 4})
}

func scans(t *testing.T, s state.Store) {
	update(t, s, func(tx state.Tx) error {
		for _, n := range []uint64{5, 1, 9, 3, 7} {
			if err := put(tx, &Person{Number: n}); err != nil {
				return err
			}
		}
		return nil
	})
	k := state.NumberKey
	for _, c := range []struct {
		r    state.Range
		want []uint64
	}{
		{state.Range{}, []uint64{1, 3, 5, 7, 9}},
		{state.Range{Reverse: true}, []uint64{9, 7, 5, 3, 1}},
		{state.Range{From: k(3)}, []uint64{3, 5, 7, 9}},
		{state.Range{From: k(4)}, []uint64{5, 7, 9}},
		{state.Range{To: k(7)}, []uint64{1, 3, 5}},
		{state.Range{To: k(6)}, []uint64{1, 3, 5}},
		{state.Range{From: k(3), To: k(7)}, []uint64{3, 5}},
		{state.Range{From: k(3), To: k(7), Reverse: true}, []uint64{5, 3}},
		{state.Range{From: k(4), Reverse: true}, []uint64{9, 7, 5}},
		{state.Range{To: k(100), Reverse: true, Limit: 2}, []uint64{9, 7}},
		{state.Range{To: k(1), Reverse: true}, nil},
		{state.Range{From: k(10)}, nil},
		{state.Range{From: k(7), To: k(3)}, nil},
		{state.Range{From: k(7), To: k(3), Reverse: true}, nil},
		{state.Range{From: k(3), To: k(3)}, nil},
		{state.Range{Limit: 2}, []uint64{1, 3}},
		{state.Range{From: k(3), Limit: 1}, []uint64{3}},
		{state.Range{Limit: 99, KeysOnly: true}, []uint64{1, 3, 5, 7, 9}},
		{state.PrefixRange("", []byte{0, 0}), []uint64{1, 3, 5, 7, 9}},
		{state.PrefixRange("", []byte{0, 1}), nil},
	} {
		want(t, fmt.Sprintf("%+v", c.r), numbers(t, s, c.r), c.want)
	}
	view(t, s, func(tx state.Tx) error {
		for d, err := range tx.Scan(people.Kind, state.Range{KeysOnly: true}) {
			if err != nil || d.Value != nil || d.Rev != 0 || d.Entry != nil {
				t.Errorf("keys only: %+v, %v", d, err)
			}
		}
		for d, err := range tx.Scan(people.Kind, state.Range{}) {
			if err != nil || d.Rev != 1 || d.Entry != nil {
				t.Errorf("by primary key: %+v, %v", d, err)
			}
		}
		return nil
	})
}

func scanByIndex(t *testing.T, s state.Store) {
	store(t, s, &Person{Number: 4, Age: 30, Name: "bo"}, &Person{Number: 1, Age: 30, Name: "bob"}, &Person{Number: 2, Age: 20, Name: "b"},
		&Person{Number: 3, Age: 40, Name: "anna"}, &Person{Number: 5, Name: "bobby"})
	k := state.NumberKey
	for _, c := range []struct {
		r    state.Range
		want []uint64
	}{
		{state.Range{Index: "age"}, []uint64{2, 1, 4, 3}},
		{state.Range{Index: "age", Reverse: true}, []uint64{3, 4, 1, 2}},
		{state.Range{Index: "age", From: k(30)}, []uint64{1, 4, 3}},
		{state.Range{Index: "age", To: k(30)}, []uint64{2}},
		{state.Range{Index: "age", From: k(20), To: k(40), Reverse: true, Limit: 2}, []uint64{4, 1}},
		{state.Range{Index: "age", From: k(30), To: append(k(30), 0)}, []uint64{1, 4}},
		{state.Range{Index: "age", From: k(21), To: k(30)}, nil},
		{state.Range{Index: "name"}, []uint64{3, 2, 4, 1, 5}},
		{state.Range{Index: "name", From: []byte("bo"), To: []byte("bob")}, []uint64{4}},
		{state.Range{Index: "name", From: []byte("b"), To: []byte("b\x00")}, []uint64{2}},
		{state.PrefixRange("name", []byte("bob")), []uint64{1, 5}},
		{state.Range{Index: "name", KeysOnly: true, Limit: 1}, []uint64{3}},
	} {
		want(t, fmt.Sprintf("%+v", c.r), numbers(t, s, c.r), c.want)
	}
	view(t, s, func(tx state.Tx) error {
		var entries []string
		for d, err := range tx.Scan(people.Kind, state.Range{Index: "name"}) {
			if err != nil {
				return err
			}
			entries = append(entries, string(d.Entry))
		}
		want(t, "entries", entries, []string{"anna", "b", "bo", "bob", "bobby"})
		list, err := people.By(tx, "age", k(30))
		want(t, "By", len(list), 2)
		return err
	})
}

func indexFollows(t *testing.T, s state.Store) {
	p := &Person{Number: 1, Age: 30, Name: "a", Mails: []string{"x", "y"}}
	store(t, s, p, &Person{Number: 2, Age: 31, Name: "b"})
	p.Age, p.Name, p.Mails = 32, "c", []string{"y", "z"}
	store(t, s, p)
	want(t, "by age", numbers(t, s, state.Range{Index: "age"}), []uint64{2, 1})
	want(t, "by mail", numbers(t, s, state.PrefixRange("mail", []byte("x"))), nil)
	want(t, "by mail", numbers(t, s, state.Range{Index: "mail"}), []uint64{1, 1})
	update(t, s, func(tx state.Tx) error {
		_, err := tx.Delete(people.Kind, state.NumberKey(1))
		return err
	})
	for _, x := range []string{"", "age", "name"} {
		want(t, "after Delete by "+x, numbers(t, s, state.Range{Index: x}), []uint64{2})
	}
	want(t, "after Delete by mail", numbers(t, s, state.Range{Index: "mail"}), nil)
}

func entriesOfAnyContent(t *testing.T, s state.Store) {
	names := []string{"", "\x00", "\x00\x00", "\x00\x01", "\x00\xff", "a", "a\x00", "a\x00\x01", "a\x00\xff", "a\x01", "aa", "\xff", "\xff\xff"}
	for i, n := range names {
		store(t, s, &Person{Number: uint64(100 - i), Name: n})
	}
	sorted := slices.Sorted(slices.Values(names))
	var got []string
	view(t, s, func(tx state.Tx) error {
		got = nil
		for d, err := range tx.Scan(people.Kind, state.Range{Index: "name"}) {
			if err != nil {
				return err
			}
			got = append(got, string(d.Entry))
		}
		return nil
	})
	want(t, "entries in order", got, sorted)
	for _, n := range names {
		r := state.Range{Index: "name", From: []byte(n), To: append([]byte(n), 0)}
		want(t, fmt.Sprintf("exactly %q", n), len(numbers(t, s, r)), 1)
	}
}

func deletedAndStoredOnceMore(t *testing.T, s state.Store) {
	store(t, s, &Person{Number: 1, Name: "a", Age: 1}, &Person{Number: 2, Name: "b"})
	update(t, s, func(tx state.Tx) error {
		if _, err := tx.Delete(people.Kind, state.NumberKey(1)); err != nil {
			return err
		}
		rev, err := tx.Put(people.Kind, state.NumberKey(1), &Person{Number: 1, Name: "c"}, 0)
		want(t, "revision", rev, 1)
		return err
	})
	want(t, "by age", numbers(t, s, state.Range{Index: "age"}), nil)
	want(t, "by name", numbers(t, s, state.Range{Index: "name"}), []uint64{2, 1})
}

func entriesSaidTwice(t *testing.T, s state.Store) {
	store(t, s, &Person{Number: 1, Mails: []string{"a", "a"}})
	want(t, "by mail", numbers(t, s, state.Range{Index: "mail"}), []uint64{1})
	store(t, s, &Person{Number: 1, Mails: []string{"a"}})
	want(t, "by mail", numbers(t, s, state.Range{Index: "mail"}), []uint64{1})
}

func unknownIndex(t *testing.T, s state.Store) {
	view(t, s, func(tx state.Tx) error {
		n := 0
		for _, err := range tx.Scan(people.Kind, state.Range{Index: "shoe size"}) {
			n++
			if err == nil || !strings.Contains(err.Error(), "shoe size") {
				t.Errorf("an index that is not declared: %v", err)
			}
		}
		want(t, "results", n, 1)
		return nil
	})
}

func wrongType(t *testing.T, s state.Store) {
	for _, v := range []any{nil, Person{}, &Event{}, "text"} {
		if err := s.Update(context.Background(), func(tx state.Tx) error {
			_, err := tx.Put(people.Kind, state.NumberKey(1), v, state.AnyRevision)
			return err
		}); err == nil {
			t.Errorf("stored a %T as a person", v)
		}
	}
}
