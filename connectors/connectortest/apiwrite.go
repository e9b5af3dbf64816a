package connectortest

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
)

func apiWriteCases() []Case {
	return []Case{
		{"same intent twice", sameIntentCase}, {"lost answer", lostAnswerCase}, {"stale version", staleCase}, {"comes back equal", equalCase},
		{"empty or absent", absentCase}, {"delete", deleteCase}, {"batch", batchCase}, {"batch refused in part", batchPartCase}, {"batch lost", batchLostCase},
	}
}

// create is the intent to make the i-th record.
func (w *world) create(i int) connectors.Intent {
	r := w.api.Record(i)
	in := connectors.Intent{ID: fmt.Sprintf("intent-%d", i), Key: fmt.Sprintf("key-%d", i), Record: r}
	for _, f := range r.Fields {
		in.Changed = append(in.Changed, f.Name)
	}
	return in
}

// update is the intent to change one field of a record; an empty text empties it.
func update(r connectors.Record, field, text string) connectors.Intent {
	return connectors.Intent{ID: "update-" + r.ID + "-" + field + "-" + text, Key: "key-" + r.ID, Expect: r.Version, Base: r, Record: with(r, field, text), Changed: []string{field}}
}

// now gives what a pull from the start tells.
func (w *world) now(c connectors.Connector) map[string]connectors.Record {
	w.tb.Helper()
	return fold(nil, pull(w.tb, c, w.api.Kind, "").changes(), w.api.Kind)
}

func pusher(tb testing.TB, c connectors.Connector) (connectors.Pusher, bool) {
	p, ok := c.(connectors.Pusher)
	if !ok {
		tb.Logf("no Pusher")
	}
	return p, ok
}

// sameIntentCase: an intent that is pushed again, by another connection, makes no second object; or
// it is found, so that nobody pushes it again.
func sameIntentCase(tb testing.TB, h Harness) {
	w := newWorld(tb, h)
	c := w.open()
	p, ok := pusher(tb, c)
	if !ok {
		return
	}
	in := w.create(1)
	first, err := p.Push(context.Background(), in)
	if err != nil || first.ID == "" {
		tb.Fatalf("Push: %q %v", first.ID, err)
	}
	if h.Spec.Idempotent {
		again, err := w.open().(connectors.Pusher).Push(context.Background(), in)
		if err != nil || again.ID != first.ID {
			tb.Errorf("the same intent gave %q and %q, %v", first.ID, again.ID, err)
		}
	}
	if f, ok := c.(connectors.Finder); ok && !h.Spec.Idempotent {
		found, there, err := f.Find(context.Background(), in)
		if err != nil || !there || found.ID != first.ID {
			tb.Errorf("what was pushed as %q was found as %q: %v, %v", first.ID, found.ID, there, err)
		}
	}
	if live := w.live(); len(live) != 1 {
		tb.Errorf("one intent made %d objects", len(live))
	}
}

// lostAnswerCase: a write whose answer is lost is Ambiguous, was sent once, and is found if it happened.
func lostAnswerCase(tb testing.TB, h Harness) {
	w := newWorld(tb, h)
	c := w.open()
	p, ok := pusher(tb, c)
	if !ok {
		return
	}
	for i, lost := range []struct {
		what   string
		do     func(*http.Request, pass) (*http.Response, error)
		landed bool
		whole  bool // the answer claims to be all there is
	}{
		{"a connection that broke when it was written", resetAfter, true, false},
		{"a connection that broke before", resetBefore, false, false},
		{"status 500 when it was written", faultAfter(500), true, false},
		{"status 502 when it was written", faultAfter(502), true, false},
		{"half an answer", half(true), true, false},
		{"half an answer that claims to be whole", half(false), true, true},
	} {
		in := w.create(i)
		before := len(w.live())
		w.wire.mend()
		bodies := true
		w.wire.breaks(-1, w.wire.isWrite, func(req *http.Request, p pass) (*http.Response, error) {
			return lost.do(req, func() (*http.Response, error) {
				return reshape(p, func(b []byte) ([]byte, error) {
					bodies = len(b) > 0
					return b, nil
				})
			})
		})
		_, err := p.Push(context.Background(), in)
		if !bodies && lost.whole {
			continue // half of nothing is all of it
		}
		w.wantClass("Push with "+lost.what, err, connectors.Ambiguous)
		if n := w.wire.count(w.wire.isWrite); n != 1 {
			tb.Errorf("with %s the write was sent %d times", lost.what, n)
		}
		w.wire.mend()
		f, finds := c.(connectors.Finder)
		if finds {
			found, there, err := f.Find(context.Background(), in)
			if err != nil || there != lost.landed || there && !slices.Contains(w.live(), found.ID) {
				tb.Errorf("after %s the object is there: %v; found %q: %v, %v", lost.what, lost.landed, found.ID, there, err)
			}
		}
		if h.Spec.Idempotent && !(finds && lost.landed) { // found is not pushed again
			if _, err := p.Push(context.Background(), in); err != nil {
				tb.Errorf("the intent again, after %s: %v", lost.what, err)
			}
			if n := len(w.live()); n != before+1 {
				tb.Errorf("one intent made %d objects after %s", n-before, lost.what)
			}
		}
	}
	// an update
	w.wire.mend()
	id := w.put("", w.api.Record(90), time.Time{})
	r := w.now(c)[id]
	w.wire.mend()
	w.wire.breaks(-1, w.wire.isWrite, resetAfter)
	_, err := p.Push(context.Background(), update(r, h.API.Texts[0], "lost"))
	w.wantClass("an update whose answer was lost", err, connectors.Ambiguous)
	if n := w.wire.count(w.wire.isWrite); n != 1 {
		tb.Errorf("the update was sent %d times", n)
	}
}

// staleCase: what was changed there since is not written over.
func staleCase(tb testing.TB, h Harness) {
	w := newWorld(tb, h)
	c := w.open()
	p, ok := pusher(tb, c)
	if !ok {
		return
	}
	field := h.API.Texts[0]
	id := w.put("", w.api.Record(1), time.Time{})
	w.tick(time.Minute)
	old := w.now(c)[id]
	if old.Version == "" {
		tb.Logf("no versions there")
		return
	}
	w.put(id, w.changed(w.api.Record(1), "theirs"), time.Time{})
	w.tick(time.Minute)
	_, err := p.Push(context.Background(), update(old, field, "ours"))
	w.wantClass("Push over a newer version", err, connectors.Conflict)
	fresh := w.now(c)[id]
	if value(fresh, field) != "theirs" {
		tb.Errorf("a newer version was written over: %q", value(fresh, field))
	}
	if d, ok := c.(connectors.Deleter); ok {
		w.wantClass("Delete of a newer version", d.Delete(context.Background(), connectors.Intent{ID: "d", Key: "d", Expect: old.Version, Base: old, Record: old}), connectors.Conflict)
		if len(w.live()) != 1 {
			tb.Errorf("a newer version was deleted")
			return
		}
	}
	got, err := p.Push(context.Background(), update(fresh, field, "ours"))
	if err != nil || value(got, field) != "ours" || got.Version == fresh.Version {
		tb.Errorf("Push over the version that is there: %q, version %q after %q, %v", value(got, field), got.Version, fresh.Version, err)
	}
}

// texts are what people put into fields.
var texts = []string{
	"Jana Köhler-Müßig", "李伟 𠮷野家", "👩‍👩‍👧‍👦 🌟 🇩🇪", "جميل حدّاد", "שלום \u200fעולם\u200e 123", "Zoe\u0308 Zoë", `O'Neill "Tom" <b>&amp;</b> \ / %20 + ;,`, "ﬁ Ⅷ ﷽ a\u00a0b", "Ünï\u200bcode",
}

// kept gives a record as the vendor has it when it was pushed.
func (w *world) kept(r connectors.Record) connectors.Record {
	if w.api.Keeps == nil {
		return r
	}
	for _, f := range w.api.Texts {
		r = with(r, f, w.api.Keeps(f, value(r, f)))
	}
	return r
}

// equalCase: what is pushed comes back as it was, from the push and from a pull.
func equalCase(tb testing.TB, h Harness) {
	w := newWorld(tb, h)
	c := w.open()
	p, ok := pusher(tb, c)
	if !ok {
		return
	}
	want := map[string]connectors.Record{}
	for i, text := range texts {
		in := w.create(i)
		for _, f := range h.API.Texts {
			in.Record = with(in.Record, f, text)
		}
		got, err := p.Push(context.Background(), in)
		if err != nil {
			tb.Errorf("Push of %q: %v", text, err)
			continue
		}
		same(tb, "fields pushed and given back", w.kept(in.Record).Fields, got.Fields)
		w.tick(time.Second)
		next := texts[(i+1)%len(texts)]
		in = update(got, h.API.Texts[0], next)
		got, err = p.Push(context.Background(), in)
		if err != nil {
			tb.Errorf("Push of %q: %v", next, err)
			continue
		}
		same(tb, "fields pushed and given back", w.kept(in.Record).Fields, got.Fields)
		want[got.ID] = got
		w.tick(time.Second)
	}
	w.tick(time.Minute)
	now := w.now(c)
	for id, r := range want {
		same(tb, "a record pushed and pulled", r, now[id])
	}
}

// absentCase: a field that is emptied is empty; one that is not named stands, whatever the record holds.
func absentCase(tb testing.TB, h Harness) {
	w := newWorld(tb, h)
	c := w.open()
	p, ok := pusher(tb, c)
	if !ok {
		return
	}
	text, optional := h.API.Texts[0], h.API.Optional
	has := func(r connectors.Record, field string) bool {
		return slices.ContainsFunc(r.Fields, func(f connectors.Field) bool { return f.Name == field })
	}
	id := w.put("", w.api.Record(1), time.Time{})
	r := w.now(c)[id]
	if !has(r, optional) || !has(r, text) {
		tb.Fatalf("the harness' record has no %s or no %s", text, optional)
	}
	if _, err := p.Push(context.Background(), update(r, optional, "")); err != nil {
		tb.Fatalf("Push: %v", err)
	}
	got := w.now(c)[id]
	if has(got, optional) || value(got, text) != value(r, text) {
		tb.Errorf("%s was emptied and is %q; %s is %q", optional, value(got, optional), text, value(got, text))
	}
	in := update(got, optional, value(r, optional))
	in.Record.Fields = slices.DeleteFunc(in.Record.Fields, func(f connectors.Field) bool { return f.Name != optional })
	if _, err := p.Push(context.Background(), in); err != nil {
		tb.Fatalf("Push: %v", err)
	}
	same(tb, "the fields of a record of which one was pushed", r.Fields, w.now(c)[id].Fields)
	in = w.create(2)
	in.Record = with(in.Record, optional, "")
	in.Changed = slices.DeleteFunc(in.Changed, func(f string) bool { return f == optional })
	if got, err := p.Push(context.Background(), in); err != nil || has(got, optional) {
		tb.Errorf("a record pushed without %s came back with it: %v", optional, err)
	}
}

// deleteCase: what is deleted is gone, deleting it again is no error, and its answer may be lost.
func deleteCase(tb testing.TB, h Harness) {
	w := newWorld(tb, h)
	c := w.open()
	d, ok := c.(connectors.Deleter)
	if !ok {
		tb.Logf("no Deleter")
		return
	}
	ids := w.fill(3)
	all := w.now(c)
	intent := func(id string) connectors.Intent {
		return connectors.Intent{ID: "delete-" + id, Key: id, Expect: all[id].Version, Base: all[id], Record: all[id]}
	}
	for range 2 {
		if err := d.Delete(context.Background(), intent(ids[0])); err != nil {
			tb.Errorf("Delete: %v", err)
		}
	}
	w.wire.mend()
	w.wire.breaks(-1, w.wire.isWrite, resetAfter)
	w.wantClass("Delete whose answer was lost", d.Delete(context.Background(), intent(ids[1])), connectors.Ambiguous)
	if n := w.wire.count(w.wire.isWrite); n != 1 {
		tb.Errorf("a delete was sent %d times", n)
	}
	w.wire.mend()
	same(tb, "what is left", []string{ids[2]}, w.live())
}
