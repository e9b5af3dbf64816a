package connectortest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
)

// The cases of writes that go several with one call.

func batcher(tb testing.TB, c connectors.Connector) (connectors.BatchPusher, bool) {
	b, ok := c.(connectors.BatchPusher)
	if !ok {
		tb.Logf("no BatchPusher")
	}
	return b, ok
}

// batch pushes intents with one call, each answered in its place.
func (w *world) batch(b connectors.BatchPusher, ins []connectors.Intent) []connectors.Pushed {
	w.tb.Helper()
	out, err := b.PushBatch(context.Background(), ins)
	if err != nil || len(out) != len(ins) {
		w.tb.Fatalf("PushBatch of %d intents gave %d answers, %v", len(ins), len(out), err)
	}
	return out
}

// ofIntent holds that an answer is that of an intent: what was pushed, no other's.
func (w *world) ofIntent(in connectors.Intent, p connectors.Pushed) {
	w.tb.Helper()
	w.failed("PushBatch", p.Err)
	if p.Err != nil || p.Record.ID == "" || in.Record.ID != "" && p.Record.ID != in.Record.ID {
		w.tb.Errorf("the intent %s for %q gave %q, %v", in.ID, in.Record.ID, p.Record.ID, p.Err)
		return
	}
	same(w.tb, "fields pushed in a batch and given back for "+in.ID, in.Record.Fields, p.Record.Fields)
}

// batchCase: a batch of creates and updates does all of it with fewer calls than intents, answers
// each in its place, and done again makes nothing twice.
func batchCase(tb testing.TB, h Harness) {
	w := newWorld(tb, h)
	c := w.open()
	b, ok := batcher(tb, c)
	if !ok {
		return
	}
	if b.BatchSize() < 2 {
		tb.Fatalf("a batch takes %d", b.BatchSize())
	}
	ids := w.fill(2)
	old := w.now(c)
	var ins []connectors.Intent
	for i := range min(b.BatchSize(), 8) {
		switch {
		case i%3 == 1 && i/3 < len(ids): // between creates: vendors answer by kind of write
			ins = append(ins, update(old[ids[i/3]], h.API.Texts[0], fmt.Sprintf("batched %d", i)))
		default:
			ins = append(ins, w.create(200+i))
		}
	}
	w.wire.mend()
	out := w.batch(b, ins)
	if n := w.wire.count(anything); n >= len(ins) {
		tb.Errorf("a batch of %d took %d calls", len(ins), n)
	}
	for i, in := range ins {
		w.ofIntent(in, out[i])
	}
	live := w.live()
	now := w.now(c)
	for i, in := range ins {
		same(tb, "a record of a batch, as a pull tells it", out[i].Record.Fields, now[out[i].Record.ID].Fields)
		if in.Record.ID == "" && slices.Contains(ids, out[i].Record.ID) {
			tb.Errorf("a create was answered with %q, which was there before", out[i].Record.ID)
		}
	}
	if none, err := b.PushBatch(context.Background(), nil); err != nil || len(none) > 0 {
		tb.Errorf("a batch of nothing gave %d answers, %v", len(none), err)
	}
	if !h.Spec.Idempotent {
		return
	}
	creates := slices.DeleteFunc(slices.Clone(ins), func(in connectors.Intent) bool { return in.Record.ID != "" })
	again, err := w.open().(connectors.BatchPusher).PushBatch(context.Background(), creates)
	if err != nil || len(again) != len(creates) {
		tb.Fatalf("the same batch again: %d answers, %v", len(again), err)
	}
	first := map[string]string{}
	for i, in := range ins {
		first[in.ID] = out[i].Record.ID
	}
	for i, in := range creates {
		if again[i].Err != nil || again[i].Record.ID != first[in.ID] {
			tb.Errorf("the intent %s in a batch gave %q and %q, %v", in.ID, first[in.ID], again[i].Record.ID, again[i].Err)
		}
	}
	same(tb, "the vendor's objects after the same batch again", live, w.live())
}

// batchPartCase: what is refused of a batch holds up nothing else of it, and is said of the one that
// it is about.
func batchPartCase(tb testing.TB, h Harness) {
	w := newWorld(tb, h)
	c := w.open()
	b, ok := batcher(tb, c)
	if !ok {
		return
	}
	field := h.API.Texts[0]
	ids := w.fill(3)
	old := w.now(c)
	w.tick(time.Minute)
	w.put(ids[1], w.changed(h.API.Record(1), "theirs"), time.Time{})
	if err := w.server.Control.Delete(h.API.Kind, ids[2]); err != nil {
		tb.Fatalf("the vendor's control: %v", err)
	}
	w.tick(time.Minute)
	ins := []connectors.Intent{update(old[ids[1]], field, "stale"), w.create(210), update(old[ids[2]], field, "gone"), update(old[ids[0]], field, "ours"), w.create(211)}
	ins = ins[:min(len(ins), b.BatchSize())]
	out := w.batch(b, ins)
	if old[ids[1]].Version != "" {
		w.wantClass("a stale update in a batch", out[0].Err, connectors.Conflict)
	}
	for i := 1; i < len(ins); i++ {
		if ins[i].Record.ID == ids[2] {
			w.wantClass("an update in a batch of what is gone", out[i].Err, connectors.NotFound, connectors.Conflict)
			continue
		}
		w.ofIntent(ins[i], out[i])
	}
	now := w.now(c)
	if got := value(now[ids[1]], field); old[ids[1]].Version != "" && got != "theirs" {
		tb.Errorf("a newer version was written over by a batch: %q", got)
	}
	if len(ins) > 3 && value(now[ids[0]], field) != "ours" {
		tb.Errorf("an update beside one that was refused stands at %q", value(now[ids[0]], field))
	}
}

// batchLostCase: a batch whose answer is lost was sent once, each of its intents is Ambiguous, and
// those that happened are found. A dry run sends none.
func batchLostCase(tb testing.TB, h Harness) {
	w := newWorld(tb, h)
	c := w.open()
	b, ok := batcher(tb, c)
	if !ok {
		return
	}
	for n, lost := range []struct {
		what   string
		do     func(*http.Request, pass) (*http.Response, error)
		landed bool
	}{
		{"a connection that broke when it was written", resetAfter, true},
		{"a connection that broke before", resetBefore, false},
		{"status 504 when it was written", faultAfter(504), true},
		{"half an answer that claims to be whole", half(false), true},
	} {
		ins := []connectors.Intent{w.create(220 + 2*n), w.create(221 + 2*n)}
		w.wire.mend()
		w.wire.breaks(-1, w.wire.isWrite, lost.do)
		out, err := b.PushBatch(context.Background(), ins)
		for i := range ins {
			e := err
			if e == nil && i < len(out) {
				e = out[i].Err
			}
			w.wantClass("an intent of a batch with "+lost.what, e, connectors.Ambiguous)
		}
		if n := w.wire.count(w.wire.isWrite); n != 1 {
			tb.Errorf("with %s the batch was sent %d times", lost.what, n)
		}
		w.wire.mend()
		if f, ok := c.(connectors.Finder); ok {
			for _, in := range ins {
				if found, there, err := f.Find(context.Background(), in); err != nil || there != lost.landed || there && !slices.Contains(w.live(), found.ID) {
					tb.Errorf("after %s the object of a batch is there: %v; found %q: %v, %v", lost.what, lost.landed, found.ID, there, err)
				}
			}
		}
	}
	before := w.live()
	dry := w.openWith(h.Secret, func(e *connectors.Env) { e.DryRun = true }).(connectors.BatchPusher)
	ins := []connectors.Intent{w.create(240), w.create(241)}
	out, err := dry.PushBatch(context.Background(), ins)
	for i := range ins {
		if e := err; e == nil && (i >= len(out) || !errors.Is(out[i].Err, connectors.ErrDryRun)) || e != nil && !errors.Is(e, connectors.ErrDryRun) {
			tb.Errorf("a batch in a dry run: %v, %+v", err, out)
		}
	}
	same(tb, "the vendor's objects after a dry run of a batch", before, w.live())
}
