package statetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/keptcrm/kept/state"
)

// wrapped passes on what a store can do besides transactions.
type wrapped struct{ state.Store }

// Unwrap gives the store inside.
func (w wrapped) Unwrap() state.Store { return w.Store }

func (w wrapped) Backup(ctx context.Context, to io.Writer, compact bool) (int64, error) {
	if b, ok := w.Store.(state.Backuper); ok {
		return b.Backup(ctx, to, compact)
	}
	return 0, errors.ErrUnsupported
}

func (w wrapped) CheckStorage(ctx context.Context, kinds []*state.Kind, repair bool, report func(state.Damage)) error {
	if c, ok := w.Store.(state.Checker); ok {
		return c.CheckStorage(ctx, kinds, repair, report)
	}
	return nil
}

func (w wrapped) Scrub(ctx context.Context) error {
	if c, ok := w.Store.(state.Scrubber); ok {
		return c.Scrub(ctx)
	}
	return nil
}

func (w wrapped) Settle(ctx context.Context, all bool) error {
	if c, ok := w.Store.(state.Settler); ok {
		return c.Settle(ctx, all)
	}
	return nil
}

func (w wrapped) Dump(ctx context.Context, fn func(place string, key, value []byte) error) error {
	if d, ok := w.Store.(dumper); ok {
		return d.Dump(ctx, fn)
	}
	return errors.ErrUnsupported
}

type dumper interface {
	Dump(ctx context.Context, fn func(place string, key, value []byte) error) error
}

// Dump gives everything that a store holds, as it is stored, so that two states can be compared.
func Dump(t testing.TB, s state.Store) map[string]string {
	t.Helper()
	out := map[string]string{}
	d, ok := s.(dumper)
	if !ok {
		t.Fatalf("%T cannot be dumped", s)
	}
	if err := d.Dump(context.Background(), func(place string, key, value []byte) error {
		out[fmt.Sprintf("%s %q", place, key)] = string(value)
		return nil
	}); err != nil {
		t.Fatalf("dumping the state: %v", err)
	}
	return out
}

// Twice gives a store that runs each closure twice, as a driver may: an Update's first run is rolled
// back. Code that does not set its results afresh each time then returns them doubled, which its
// own tests see; and where the two runs fail differently, or do not write equally often, although
// nothing was committed between them, the error says so.
func Twice(s state.Store) state.Store { return &twice{wrapped: wrapped{s}} }

type twice struct {
	wrapped
	commits atomic.Int64
}

var errFirstRun = errors.New("statetest: the first of two runs ends here")

func (w *twice) View(ctx context.Context, fn func(state.Tx) error) error {
	was := w.commits.Load()
	first := w.Store.View(ctx, fn)
	second := w.Store.View(ctx, fn)
	if was == w.commits.Load() && ctx.Err() == nil {
		if err := alike(first, second); err != nil {
			return err
		}
	}
	return second
}

func (w *twice) Update(ctx context.Context, fn func(state.Tx) error) error {
	was := w.commits.Load()
	var inner error
	var before, after map[string]int
	first := w.Store.Update(ctx, func(tx state.Tx) error {
		c := &counting{Tx: tx, writes: map[string]int{}}
		inner = fn(c)
		before = c.writes
		if inner != nil {
			return inner
		}
		return errFirstRun
	})
	if !errors.Is(first, errFirstRun) && inner == nil {
		return first // it did not come to the closure's end
	}
	second := w.Store.Update(ctx, func(tx state.Tx) error {
		c := &counting{Tx: tx, writes: map[string]int{}}
		err := fn(c)
		after = c.writes
		// Nobody can commit while this closure runs.
		if was == w.commits.Load() && ctx.Err() == nil {
			if err := alike(inner, err); err != nil {
				return err
			}
			if !maps.Equal(before, after) {
				return fmt.Errorf("statetest: a closure wrote %v when it ran first and %v when it ran again: it does not begin afresh", before, after)
			}
		}
		return err
	})
	if second == nil {
		w.commits.Add(1)
	}
	return second
}

func alike(first, second error) error {
	if (first == nil) != (second == nil) || first != nil && state.AsError(first).Code != state.AsError(second).Code {
		return fmt.Errorf("statetest: a closure ended with %v when it ran first and with %v when it ran again: it does not begin afresh", first, second)
	}
	return nil
}

// counting counts what a transaction writes, by verb and collection.
type counting struct {
	state.Tx
	writes map[string]int
}

func (c *counting) Put(k *state.Kind, key []byte, value any, expect int64) (int64, error) {
	c.writes["put "+k.Name]++
	return c.Tx.Put(k, key, value, expect)
}

func (c *counting) Delete(k *state.Kind, key []byte) (bool, error) {
	c.writes["delete "+k.Name]++
	return c.Tx.Delete(k, key)
}

func (c *counting) Next(sequence string) (uint64, error) {
	c.writes["next "+sequence]++
	return c.Tx.Next(sequence)
}

func (c *counting) Append(k *state.Kind, subject, order []byte, value any) error {
	c.writes["append "+k.Name]++
	return c.Tx.Append(k, subject, order, value)
}

func (c *counting) Remove(k *state.Kind, subject, order []byte) (bool, error) {
	c.writes["remove "+k.Name]++
	return c.Tx.Remove(k, subject, order)
}

func (c *counting) PutBlob(name string, b []byte) error {
	c.writes["blob"]++
	return c.Tx.PutBlob(name, b)
}

// ErrStopped is what a write returns at which a [Failing] store stops.
var ErrStopped = errors.New("statetest: stopped here")

// Stopping is a store that stops at a chosen write.
type Stopping struct {
	wrapped
	mu      sync.Mutex
	left    int
	stopped bool
}

// Failing gives a store that does n writes (Put, Delete, Append, Remove, Next, PutBlob, and each
// commit) and stops at the next one, as a process that is killed there: that write and all that
// follow fail with [ErrStopped], and nothing more is committed even if the error is not passed on.
func Failing(s state.Store, n int) *Stopping { return &Stopping{wrapped: wrapped{s}, left: n} }

// Stopped says whether the store came to the write at which it stops.
func (f *Stopping) Stopped() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.stopped
}

func (f *Stopping) step() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.left == 0 {
		f.stopped = true
		return ErrStopped
	}
	f.left--
	return nil
}

// Update runs fn and stops in it, or between its last write and the commit.
func (f *Stopping) Update(ctx context.Context, fn func(state.Tx) error) error {
	return f.Store.Update(ctx, func(tx state.Tx) error {
		if f.Stopped() {
			return ErrStopped
		}
		x := &stoppingTx{Tx: tx, f: f}
		err := fn(x)
		switch {
		case f.Stopped():
			return errors.Join(ErrStopped, err)
		case err == nil && x.wrote:
			return f.step()
		}
		return err
	})
}

type stoppingTx struct {
	state.Tx
	f     *Stopping
	wrote bool
}

func (x *stoppingTx) step() error {
	x.wrote = true
	return x.f.step()
}

func (x *stoppingTx) Put(k *state.Kind, key []byte, value any, expect int64) (int64, error) {
	if err := x.step(); err != nil {
		return 0, err
	}
	return x.Tx.Put(k, key, value, expect)
}

func (x *stoppingTx) Delete(k *state.Kind, key []byte) (bool, error) {
	if err := x.step(); err != nil {
		return false, err
	}
	return x.Tx.Delete(k, key)
}

func (x *stoppingTx) Next(sequence string) (uint64, error) {
	if err := x.step(); err != nil {
		return 0, err
	}
	return x.Tx.Next(sequence)
}

func (x *stoppingTx) Append(k *state.Kind, subject, order []byte, value any) error {
	if err := x.step(); err != nil {
		return err
	}
	return x.Tx.Append(k, subject, order, value)
}

func (x *stoppingTx) Remove(k *state.Kind, subject, order []byte) (bool, error) {
	if err := x.step(); err != nil {
		return false, err
	}
	return x.Tx.Remove(k, subject, order)
}

func (x *stoppingTx) PutBlob(name string, b []byte) error {
	if err := x.step(); err != nil {
		return err
	}
	return x.Tx.PutBlob(name, b)
}

// Interrupt runs an operation once for each of its writes, each time on a fresh store on which it
// stops at that write, and hands the store to after, which says what must hold then. It ends with
// the run that nothing stops.
func Interrupt(t *testing.T, fresh func(*testing.T) state.Store, op func(state.Store) error, after func(t *testing.T, s state.Store, write int)) {
	t.Helper()
	for n := 0; ; n++ {
		s := fresh(t)
		f := Failing(s, n)
		err := op(f)
		if !f.Stopped() {
			if err != nil {
				t.Fatalf("the operation fails although nothing stops it: %v", err)
			}
			if n == 0 {
				t.Fatal("the operation writes nothing")
			}
			return
		}
		if err == nil {
			t.Errorf("stopped at write %d the operation says that it is done", n)
		}
		after(t, s, n)
	}
}

// AllOrNothing is [Interrupt] for an operation that is one transaction: stopped anywhere it leaves
// the state as it was.
func AllOrNothing(t *testing.T, fresh func(*testing.T) state.Store, op func(state.Store) error) {
	t.Helper()
	before := Dump(t, fresh(t))
	Interrupt(t, fresh, op, func(t *testing.T, s state.Store, write int) {
		t.Helper()
		want(t, fmt.Sprintf("stopped at write %d, the state", write), Dump(t, s), before)
	})
}

var (
	_ state.Backuper = wrapped{}
	_ state.Checker  = wrapped{}
)
