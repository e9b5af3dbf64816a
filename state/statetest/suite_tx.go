package statetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keptcrm/kept/state"
)

var errChangedMind = errors.New("changed my mind")

func event(second int64, text string) *Event {
	return &Event{At: time.Unix(second, 0).UTC(), Text: text}
}

func appendEvent(tx state.Tx, subject string, e *Event) error {
	return tx.Append(events, []byte(subject), state.TimeKey(e.At), e)
}

// texts gives the texts of a history.
func texts(t testing.TB, s state.Store, subject string, r state.Range) string {
	t.Helper()
	var out []string
	view(t, s, func(tx state.Tx) error {
		out = nil
		for d, err := range tx.Read(events, []byte(subject), r) {
			if err != nil {
				return err
			}
			e := d.Value.(*Event)
			if !bytes.Equal(d.Key, state.TimeKey(e.At)) || d.Rev != 0 {
				return fmt.Errorf("order %x, revision %d of %+v", d.Key, d.Rev, e)
			}
			out = append(out, e.Text)
		}
		return nil
	})
	return strings.Join(out, " ")
}

func histories(t *testing.T, s state.Store) {
	update(t, s, func(tx state.Tx) error {
		for _, n := range []int64{3, -1, 1, 2} {
			if err := appendEvent(tx, "jana", event(n, fmt.Sprint("e", n))); err != nil {
				return err
			}
		}
		return appendEvent(tx, "ben", event(1, "other"))
	})
	at := func(n int64) []byte { return state.TimeKey(time.Unix(n, 0)) }
	for _, c := range []struct {
		r    state.Range
		want string
	}{
		{state.Range{}, "e-1 e1 e2 e3"},
		{state.Range{Reverse: true, Limit: 2}, "e3 e2"},
		{state.Range{From: at(1), To: at(3)}, "e1 e2"},
		{state.Range{From: at(1), To: at(3), Reverse: true}, "e2 e1"},
		{state.Range{To: at(0)}, "e-1"},
		{state.Range{From: at(4)}, ""},
	} {
		want(t, fmt.Sprintf("%+v", c.r), texts(t, s, "jana", c.r), c.want)
	}
	want(t, "nobody's", texts(t, s, "nobody", state.Range{}), "")
	update(t, s, func(tx state.Tx) error {
		if err := appendEvent(tx, "jana", event(2, "new")); err != nil {
			return err
		}
		had, err := tx.Remove(events, []byte("jana"), at(1))
		want(t, "Remove found one", had, true)
		if err == nil {
			had, err = tx.Remove(events, []byte("jana"), at(77))
			want(t, "Remove found one", had, false)
		}
		return err
	})
	want(t, "replaced and removed", texts(t, s, "jana", state.Range{}), "e-1 new e3")
	want(t, "the other", texts(t, s, "ben", state.Range{}), "other")
	view(t, s, func(tx state.Tx) error {
		for d, err := range tx.Read(events, []byte("ben"), state.Range{KeysOnly: true}) {
			if err != nil || d.Value != nil || !bytes.Equal(d.Key, at(1)) {
				t.Errorf("keys only: %+v, %v", d, err)
			}
		}
		return nil
	})
}

func oneSubjectInsideAnother(t *testing.T, s state.Store) {
	subjects := []string{"", "a", "ab", "a\x00", "\x00", "\x01a", "\xff", "\xff\xff"}
	update(t, s, func(tx state.Tx) error {
		for _, x := range subjects {
			if err := appendEvent(tx, x, event(1, "of-"+x)); err != nil {
				return err
			}
			// A place that could be taken for the rest of a longer subject.
			if err := tx.Append(events, []byte(x), []byte("b"), event(2, "b")); err != nil {
				return err
			}
			if err := tx.Append(events, []byte(x), nil, event(2, "empty")); err != nil {
				return err
			}
		}
		return nil
	})
	view(t, s, func(tx state.Tx) error {
		for _, x := range subjects {
			for _, reverse := range []bool{false, true} {
				n := 0
				for d, err := range tx.Read(events, []byte(x), state.Range{Reverse: reverse}) {
					if err != nil {
						return err
					}
					if e := d.Value.(*Event); strings.HasPrefix(e.Text, "of-") && e.Text != "of-"+x {
						t.Errorf("the history of %q has %q", x, e.Text)
					}
					n++
				}
				want(t, fmt.Sprintf("entries of %q", x), n, 3)
			}
		}
		return nil
	})
}

func blobs(t *testing.T, s state.Store) {
	list := func(prefix string) (out string) {
		view(t, s, func(tx state.Tx) error {
			out = ""
			for b, err := range tx.Blobs(prefix) {
				if err != nil {
					return err
				}
				out += fmt.Sprintf("%s=%s ", b.Name, b.Data)
			}
			return nil
		})
		return strings.TrimSpace(out)
	}
	update(t, s, func(tx state.Tx) error {
		for name, b := range map[string]string{"plan/2": "two", "plan/1": "one", "plan": "none", "cursor/x": ""} {
			if err := tx.PutBlob(name, []byte(b)); err != nil {
				return err
			}
		}
		return nil
	})
	want(t, "plans", list("plan/"), "plan/1=one plan/2=two")
	want(t, "all", list(""), "cursor/x= plan=none plan/1=one plan/2=two")
	view(t, s, func(tx state.Tx) error {
		b, err := tx.Blob("cursor/x")
		if err != nil || b == nil || len(b) != 0 {
			t.Errorf("an empty blob is %v, %v", b, err)
		}
		b, err = tx.Blob("plan/3")
		if err != nil || b != nil {
			t.Errorf("an absent blob is %v, %v", b, err)
		}
		return nil
	})
	update(t, s, func(tx state.Tx) error {
		return errors.Join(tx.PutBlob("plan/1", nil), tx.PutBlob("plan/9", nil), tx.PutBlob("plan/2", []byte("zwei")))
	})
	want(t, "plans", list("plan/"), "plan/2=zwei")
}

func sequences(t *testing.T, s state.Store) {
	var got []uint64
	draw := func(names ...string) func(state.Tx) error {
		return func(tx state.Tx) error {
			got = nil
			for _, name := range names {
				n, err := tx.Next(name)
				if err != nil {
					return err
				}
				got = append(got, n)
			}
			return nil
		}
	}
	update(t, s, draw("c", "c", "q", "c"))
	want(t, "drawn", got, []uint64{1, 2, 1, 3})
	err := s.Update(context.Background(), func(tx state.Tx) error {
		return errors.Join(draw("c", "new")(tx), errChangedMind)
	})
	if !errors.Is(err, errChangedMind) {
		t.Fatal(err)
	}
	update(t, s, draw("c", "new", "q"))
	want(t, "drawn after a rollback", got, []uint64{4, 1, 2})
}

func allOrNothing(t *testing.T, s state.Store) {
	store(t, s, &Person{Number: 1, Name: "before", Mails: []string{"a"}})
	update(t, s, func(tx state.Tx) error {
		return errors.Join(appendEvent(tx, "x", event(1, "before")), tx.PutBlob("b", []byte("before")))
	})
	before := Dump(t, s)
	err := s.Update(context.Background(), func(tx state.Tx) error {
		_, e1 := tx.Delete(people.Kind, state.NumberKey(1))
		e2 := put(tx, &Person{Number: 2, Name: "after", Mails: []string{"a"}, Age: 3})
		_, e3 := tx.Next("person")
		_, e4 := tx.Remove(events, []byte("x"), state.TimeKey(time.Unix(1, 0)))
		if err := errors.Join(e1, e2, e3, e4, appendEvent(tx, "x", event(2, "after")), tx.PutBlob("b", nil), tx.PutBlob("c", []byte("after"))); err != nil {
			t.Errorf("writing: %v", err)
		}
		return errChangedMind
	})
	if !errors.Is(err, errChangedMind) {
		t.Errorf("the closure's error came back as %v", err)
	}
	want(t, "after the rollback", Dump(t, s), before)
}

func readsOwnWrites(t *testing.T, s state.Store) {
	store(t, s, &Person{Number: 1, Age: 10}, &Person{Number: 3, Age: 30}, &Person{Number: 5, Age: 50})
	update(t, s, func(tx state.Tx) error {
		if err := errors.Join(put(tx, &Person{Number: 2, Age: 60}), put(tx, &Person{Number: 3, Age: 5}), put(tx, &Person{Number: 6})); err != nil {
			return err
		}
		if _, err := tx.Delete(people.Kind, state.NumberKey(5)); err != nil {
			return err
		}
		for r, wanted := range map[string][]uint64{"": {1, 2, 3, 6}, "age": {3, 1, 2}} {
			for _, reverse := range []bool{false, true} {
				var got []uint64
				for d, err := range tx.Scan(people.Kind, state.Range{Index: r, Reverse: reverse}) {
					if err != nil {
						return err
					}
					got = append(got, state.KeyNumber(d.Key))
				}
				w := append([]uint64(nil), wanted...)
				if reverse {
					for i := range w {
						w[i] = wanted[len(w)-1-i]
					}
				}
				want(t, "inside the transaction by "+r, got, w)
			}
		}
		docs, err := tx.Get(people.Kind, state.NumberKey(3), state.NumberKey(5))
		if err != nil {
			return err
		}
		want(t, "updated", docs[0].Value.(*Person).Age, 5)
		want(t, "revision", docs[0].Rev, 2)
		want(t, "deleted", docs[1].Value, nil)
		return nil
	})
	want(t, "afterwards", numbers(t, s, state.Range{}), []uint64{1, 2, 3, 6})
}

func onePicture(t *testing.T, s state.Store) {
	store(t, s, &Person{Number: 1, Age: 1}, &Person{Number: 2, Age: 1})
	see := make(chan struct{})
	wrote := make(chan error, 1)
	var once sync.Once
	view(t, s, func(tx state.Tx) error {
		sum := func() (n int) {
			for d, err := range tx.Scan(people.Kind, state.Range{}) {
				if err != nil {
					t.Error(err)
					return -1
				}
				n += d.Value.(*Person).Age
			}
			return n
		}
		before := sum()
		once.Do(func() {
			go func() {
				<-see
				wrote <- s.Update(context.Background(), func(tx state.Tx) error {
					return errors.Join(put(tx, &Person{Number: 1, Age: 50}), put(tx, &Person{Number: 3, Age: 50}))
				})
			}()
			close(see)
			if err := <-wrote; err != nil {
				t.Errorf("a writer beside a reader: %v", err)
			}
			want(t, "the picture after a commit", sum(), before)
		})
		return nil
	})
	want(t, "a new picture", numbers(t, s, state.Range{}), []uint64{1, 2, 3})
}

func cancelled(t *testing.T, s state.Store) {
	update(t, s, func(tx state.Tx) error {
		for n := range uint64(500) {
			if err := put(tx, &Person{Number: n + 1, Name: "x"}); err != nil {
				return err
			}
		}
		return nil
	})
	for _, r := range []state.Range{{}, {Index: "name"}, {Reverse: true}} {
		ctx, cancel := context.WithCancel(context.Background())
		n := 0
		err := s.View(ctx, func(tx state.Tx) error {
			n = 0
			for _, err := range tx.Scan(people.Kind, r) {
				if err != nil {
					return err
				}
				if n++; n == 10 {
					cancel()
				}
			}
			return nil
		})
		cancel()
		if !errors.Is(err, context.Canceled) || n > 400 {
			t.Errorf("a scan went on to %d after its context was cancelled: %v", n, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	err := s.Update(ctx, func(tx state.Tx) error {
		defer cancel()
		return put(tx, &Person{Number: 1000})
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("an Update whose context was cancelled before the commit: %v", err)
	}
	for name, run := range map[string]func(context.Context, func(state.Tx) error) error{"View": s.View, "Update": s.Update} {
		if err := run(ctx, func(state.Tx) error { t.Errorf("%s ran with a cancelled context", name); return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("%s with a cancelled context: %v", name, err)
		}
	}
	p, _ := get(t, s, 1000)
	want(t, "cancelled", p, nil)
}

func valuesAreCopies(t *testing.T, s state.Store) {
	p, key := full(), state.NumberKey(812)
	data := []byte("blob")
	update(t, s, func(tx state.Tx) error {
		p, key, data = full(), state.NumberKey(812), []byte("blob")
		if _, err := tx.Put(people.Kind, key, p, state.AnyRevision); err != nil {
			return err
		}
		if err := tx.PutBlob("b", data); err != nil {
			return err
		}
		subject, order := []byte("jana"), []byte("1")
		if err := tx.Append(events, subject, order, event(1, "x")); err != nil {
			return err
		}
		p.Name, p.Mails[0], p.Photo[0], p.Tags["a"], p.Work.City = "changed", "changed", 9, "changed", "changed"
		key[7], data[0], subject[0], order[0] = 0, 'X', 'X', 'X'
		return nil
	})
	check := func(what string) {
		got, _ := get(t, s, 812)
		want(t, what, got, full())
		view(t, s, func(tx state.Tx) error {
			b, err := tx.Blob("b")
			want(t, what, string(b), "blob")
			n := 0
			for d, err := range tx.Read(events, []byte("jana"), state.Range{}) {
				if err != nil || string(d.Key) != "1" {
					t.Errorf("%s: history has %q, %v", what, d.Key, err)
				}
				n++
			}
			want(t, what, n, 1)
			return err
		})
	}
	check("after what was stored was changed")
	view(t, s, func(tx state.Tx) error {
		docs, err := tx.Get(people.Kind, state.NumberKey(812))
		if err != nil {
			return err
		}
		got := docs[0].Value.(*Person)
		got.Mails[0], got.Photo[0], docs[0].Key[0] = "changed", 7, 7
		for d, err := range tx.Scan(people.Kind, state.Range{Index: "name"}) {
			if err != nil {
				return err
			}
			d.Key[0], d.Entry[0], d.Value.(*Person).Photo[1] = 9, 9, 9
		}
		b, err := tx.Blob("b")
		if err == nil {
			b[0] = 'Y'
		}
		for x, err := range tx.Blobs("") {
			if err != nil {
				return err
			}
			x.Data[0] = 'Z'
		}
		return err
	})
	check("after what was read was changed")
}

func updateThatWritesNothing(t *testing.T, s state.Store) {
	store(t, s, full())
	before := Dump(t, s)
	update(t, s, func(tx state.Tx) error {
		_, err := tx.Get(people.Kind, state.NumberKey(812))
		return err
	})
	want(t, "the state", Dump(t, s), before)
}
