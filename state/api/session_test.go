//go:build unix

package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// count fails unless each of n effects "k0".."k<n-1>" is there once.
func count(t *testing.T, path string, n int) {
	t.Helper()
	s, err := openEffects(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.f.Close()
	got := map[string]int{}
	for _, e := range s.list {
		got[e]++
	}
	for i := range n {
		if k := fmt.Sprintf("k%d", i); got[k] != 1 {
			t.Errorf("%s is there %d times", k, got[k])
		}
	}
	if len(s.list) != n {
		t.Errorf("%d effects, want %d", len(s.list), n)
	}
}

func TestTheFirstHoldsTheOthersCall(t *testing.T) {
	t.Parallel()
	path, o := place(t)
	o.Actor = "jana"
	a := session(t, opener(path), o)
	o.Actor = "王小明"
	b := session(t, opener(path), o)
	if !a.Holds() || b.Holds() {
		t.Fatalf("a holds %v, b holds %v", a.Holds(), b.Holds())
	}
	one, err1 := a.API().Add(t.Context(), addIn{"k0"})
	two, err2 := b.API().Add(t.Context(), addIn{"k1"})
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if one.Actor != "jana" || two.Actor != "王小明" || two.Number != 2 {
		t.Errorf("got %+v and %+v", one, two)
	}
	var backup bytes.Buffer
	if err := b.API().Backup(t.Context(), listIn{}, &backup); err != nil || backup.String() != "k0\nk1" {
		t.Errorf("backup %q, %v", backup.String(), err)
	}
	for _, s := range []*Session[effects]{a, b} {
		if _, err := s.API().Missing(t.Context(), listIn{}); code(err) != CodeUnknownMethod {
			t.Errorf("got %v", err)
		}
	}
	info, ok := Ask(t.Context(), path, o)
	if !ok || info.PID != os.Getpid() || info.Resident || info.Working || info.Draining {
		t.Errorf("asked: %+v, %v", info, ok)
	}
}

func TestWhenTheHolderEndsAClientTakesOver(t *testing.T) {
	t.Parallel()
	path, o := place(t)
	a := session(t, opener(path), o)
	b := session(t, opener(path), o)
	c := session(t, opener(path), o)
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := b.API().Add(t.Context(), addIn{"k0"}); err != nil {
		t.Fatal(err)
	}
	if !b.Holds() {
		t.Error("b did not take over")
	}
	if _, err := c.API().Add(t.Context(), addIn{"k1"}); err != nil {
		t.Fatal(err)
	}
	if c.Holds() {
		t.Error("two hold the file")
	}
	if _, err := a.API().Add(t.Context(), addIn{"never"}); code(err) != CodeClosed {
		t.Errorf("a closed session gave %v", err)
	}
	if err := errors.Join(a.Close(), b.Close(), c.Close()); err != nil {
		t.Error(err)
	}
	count(t, path, 2)
}

func TestManySessionsComeAndGo(t *testing.T) {
	t.Parallel()
	path, o := place(t)
	var held atomic.Int32
	op := opener(path)
	inner := op.Open
	op.Open = func(ctx context.Context) (effects, func() error, error) {
		table, closeFile, err := inner(ctx)
		if err != nil {
			return table, nil, err
		}
		if held.Add(1) > 1 {
			t.Error("two hold the file at once")
		}
		return table, func() error { held.Add(-1); return closeFile() }, nil
	}
	const n = 120
	slots := make(chan struct{}, 12)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			connect := Connect[effects]
			if i%40 == 20 {
				connect = ConnectExclusive[effects]
			}
			s, err := connect(t.Context(), op, o)
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := s.API().Add(t.Context(), addIn{fmt.Sprintf("k%d", i)}); err != nil {
				t.Error(err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	count(t, path, n)
}

// held wraps a table so that Add waits: began tells that it is inside, and it
// goes on once let is closed.
func held(op Opener[effects], effect string) (wrapped Opener[effects], began, let chan struct{}) {
	began, let = make(chan struct{}), make(chan struct{})
	inner := op.Open
	op.Open = func(ctx context.Context) (effects, func() error, error) {
		table, closeFile, err := inner(ctx)
		if err != nil {
			return table, nil, err
		}
		add := table.Add
		table.Add = func(ctx context.Context, in addIn) (addOut, error) {
			if in.Effect == effect {
				close(began)
				select {
				case <-let:
				case <-ctx.Done():
					return addOut{}, ctx.Err()
				}
			}
			return add(ctx, in)
		}
		return table, closeFile, nil
	}
	return op, began, let
}

func TestClosingHolderLetsCallsInFlightFinish(t *testing.T) {
	t.Parallel()
	path, o := place(t)
	op, began, let := held(opener(path), "k0")
	a := session(t, op, o)
	b := session(t, opener(path), o)
	answer := make(chan addOut, 1)
	go func() {
		out, err := b.API().Add(t.Context(), addIn{"k0"})
		if err != nil {
			t.Error(err)
		}
		answer <- out
	}()
	<-began
	closed := make(chan error, 1)
	go func() { closed <- a.Close() }()
	// The closing holder is seen to drain, and a new call waits for the next.
	var wait Wait
	o.Waiting = func(w Wait) { // its first wait lets the old holder end
		wait = w
		close(let)
	}
	draining := false
	for !draining {
		info, ok := Ask(t.Context(), path, o)
		draining = ok && info.Draining
	}
	select {
	case <-closed:
		t.Fatal("closed with a call in flight")
	default:
	}
	paths, _ := o.filled().sockets(path)
	raw := Client[effects](Unix(paths[0]), Options{Patience: time.Millisecond})
	if _, err := raw.Add(t.Context(), addIn{"never"}); code(err) != CodeDraining {
		t.Errorf("a draining holder took a call: %v", err)
	}
	c := session(t, opener(path), o)
	if _, err := c.API().Add(t.Context(), addIn{"k1"}); err != nil {
		t.Fatal(err)
	}
	if wait.Code != CodeDraining || wait.PID != os.Getpid() {
		t.Errorf("waited for %+v", wait)
	}
	if out := <-answer; out.Number != 1 {
		t.Errorf("the call in flight got %+v", out)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if err := errors.Join(b.Close(), c.Close()); err != nil {
		t.Error(err)
	}
	count(t, path, 2)
}

func TestDrainingIsBounded(t *testing.T) {
	t.Parallel()
	path, o := place(t)
	op, began, _ := held(opener(path), "k0") // its call never finishes by itself
	o.Drain = 50 * time.Millisecond
	var left atomic.Bool
	inner := op.Open
	op.Open = func(ctx context.Context) (effects, func() error, error) {
		table, closeFile, err := inner(ctx)
		add := table.Add
		table.Add = func(ctx context.Context, in addIn) (addOut, error) {
			defer left.Store(true)
			return add(ctx, in)
		}
		return table, func() error {
			if !left.Load() {
				t.Error("the file was closed under a call that honours its context")
			}
			return closeFile()
		}, err
	}
	a := session(t, op, o)
	b := session(t, opener(path), o)
	done := make(chan error, 1)
	go func() {
		_, err := b.API().Add(t.Context(), addIn{"k0"})
		done <- err
	}()
	<-began
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	// Cut off there, the call is made again by the next holder: b itself.
	if err := <-done; err != nil {
		t.Error(err)
	}
	if !b.Holds() {
		t.Error("b did not take over")
	}
	b.Close()
	count(t, path, 1)
}

func TestExclusiveWorkDrainsAShortLivedHolderAndServes(t *testing.T) {
	t.Parallel()
	path, o := place(t)
	a := session(t, opener(path), o)
	if _, err := a.API().Add(t.Context(), addIn{"k0"}); err != nil {
		t.Fatal(err)
	}
	xo := o
	xo.Work = "import shop.csv"
	x, err := ConnectExclusive(t.Context(), opener(path), xo)
	if err != nil {
		t.Fatal(err)
	}
	if !x.Holds() || a.Holds() {
		t.Errorf("x holds %v, a holds %v", x.Holds(), a.Holds())
	}
	// While x works alone, the drained session is its client.
	if _, err := a.API().Add(t.Context(), addIn{"k1"}); err != nil {
		t.Fatal(err)
	}
	if a.Holds() {
		t.Error("two hold the file")
	}
	if info, ok := Ask(t.Context(), path, o); !ok || !info.Working || info.Work != "import shop.csv" {
		t.Errorf("asked: %+v", info)
	}

	// A second exclusive waits its turn and is told for what.
	waits := make(chan Wait, 10)
	yo := o
	yo.Waiting = func(w Wait) { waits <- w }
	second := make(chan *Session[effects], 1)
	go func() {
		y, err := ConnectExclusive(t.Context(), opener(path), yo)
		if err != nil {
			t.Error(err)
		}
		second <- y
	}()
	if w := <-waits; w.Code != CodeBusy || w.Work != "import shop.csv" || w.PID != os.Getpid() {
		t.Errorf("waited for %+v", w)
	}
	if !x.Holds() {
		t.Error("exclusive work was drained")
	}
	if _, err := a.API().Add(t.Context(), addIn{"k2"}); err != nil {
		t.Fatal(err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	y := <-second
	if y == nil || !y.Holds() {
		t.Fatal("the second did not get its turn")
	}
	if err := errors.Join(y.Close(), a.Close()); err != nil {
		t.Error(err)
	}
	count(t, path, 3)
}

func TestWaitingForATurnCanBeGivenUp(t *testing.T) {
	t.Parallel()
	path, o := place(t)
	x, err := ConnectExclusive(t.Context(), opener(path), o)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	ctx, cancel := context.WithCancel(t.Context())
	o.Waiting = func(Wait) { cancel() }
	if _, err := ConnectExclusive(ctx, opener(path), o); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestLongWorkOfAnOrdinarySessionTakesTheLock(t *testing.T) {
	t.Parallel()
	path, o := place(t)
	a := session(t, opener(path), o)
	b := session(t, opener(path), o)
	out, err := b.API().DoWork(t.Context(), workIn{"k", 3})
	if err != nil || out.Number != 3 {
		t.Fatalf("got %+v, %v", out, err)
	}
	if !b.Holds() || a.Holds() {
		t.Errorf("b holds %v, a holds %v", b.Holds(), a.Holds())
	}
	// After its work b is an ordinary holder again and can be drained.
	if info, ok := Ask(t.Context(), path, o); !ok || info.Working {
		t.Errorf("asked: %+v", info)
	}
	out, err = a.API().DoWork(t.Context(), workIn{"k", 3})
	if err != nil || out.Number != 3 || !a.Holds() {
		t.Errorf("got %+v, %v", out, err)
	}
	// A raw client, which cannot take the lock, is told.
	paths, _ := o.filled().sockets(path)
	raw := Client[effects](Unix(paths[0]), Options{Patience: time.Millisecond})
	if _, err := raw.DoWork(t.Context(), workIn{"k", 3}); code(err) != CodeShortLived {
		t.Errorf("got %v", err)
	}
}

func TestLongWorkInFlightIsNotDrained(t *testing.T) {
	t.Parallel()
	path, o := place(t)
	op := opener(path)
	began, let := make(chan struct{}), make(chan struct{})
	inner := op.Open
	op.Open = func(ctx context.Context) (effects, func() error, error) {
		table, closeFile, err := inner(ctx)
		table.DoWork = func(context.Context, workIn) (addOut, error) {
			close(began)
			<-let
			return addOut{Number: 1}, nil
		}
		return table, closeFile, err
	}
	a := session(t, op, o) // holds already, so that only the call itself keeps the lock
	done := make(chan error, 1)
	go func() {
		_, err := a.API().DoWork(t.Context(), workIn{"k", 1})
		done <- err
	}()
	<-began
	waited := false
	o.Waiting = func(w Wait) {
		if waited = w.Code == CodeBusy; waited {
			close(let)
		}
	}
	x, err := ConnectExclusive(t.Context(), opener(path), o)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	if err := <-done; err != nil || !waited || !x.Holds() {
		t.Errorf("work gave %v, waited %v, holds %v", err, waited, x.Holds())
	}
}

func TestResidentRunsLongWorkForOthersAndKeepsItsLock(t *testing.T) {
	t.Parallel()
	path, o := place(t)
	ro := o
	ro.Resident = true
	a := session(t, opener(path), ro)
	b, err := ConnectExclusive(t.Context(), opener(path), o)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if b.Holds() || !a.Holds() {
		t.Error("the resident lost its lock")
	}
	if out, err := b.API().DoWork(t.Context(), workIn{"k", 2}); err != nil || out.Number != 2 {
		t.Errorf("got %+v, %v", out, err)
	}
	paths, _ := o.filled().sockets(path)
	if f := newWire(Unix(paths[0]), o.filled()).drain(t.Context()); f == nil || f.Code != CodeResident {
		t.Errorf("drained: %+v", f)
	}

	if _, err := b.ListenTCP(":0", token); code(err) != CodeResident {
		t.Errorf("a client listens: %v", err)
	}
	if _, err := a.ListenTCP(":0", "short"); code(err) != CodeUnauthorized {
		t.Errorf("a short token: %v", err)
	}
	addr, err := a.ListenTCP(":0", token)
	if err != nil {
		t.Fatal(err)
	}
	if !addr.(*net.TCPAddr).IP.IsLoopback() {
		t.Errorf("listens at %s", addr)
	}
	if _, err := a.ListenTCP(addr.String(), token); code(err) != CodeSocket {
		t.Errorf("a taken port: %v", err)
	}
	over := Client[effects](TCP(addr.String(), token), o)
	if out, err := over.List(t.Context(), listIn{}); err != nil || len(out.Effects) != 2 {
		t.Errorf("got %+v, %v", out, err)
	}
	if _, err := Client[effects](TCP(addr.String(), token+"x"), o).List(t.Context(), listIn{}); code(err) != CodeUnauthorized {
		t.Errorf("got %v", err)
	}
	if f := newWire(TCP(addr.String(), token), o.filled()).drain(t.Context()); f == nil || f.Code != CodeUnknownMethod {
		t.Errorf("drained over TCP: %+v", f)
	}
}

func TestLockedWithoutAnAnswerIsToldAfterPatience(t *testing.T) {
	t.Parallel()
	path, o := place(t)
	silent, err := openEffects(path)
	if err != nil {
		t.Fatal(err)
	}
	defer silent.f.Close()
	var waited time.Duration
	var waits []Wait
	o.Sleep, o.Patience = quick(&waited), time.Minute
	o.Waiting = func(w Wait) { waits = append(waits, w) }
	_, err = Connect(t.Context(), opener(path), o)
	if code(err) != CodeLocked || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v", err)
	}
	if waited < time.Minute || waited > time.Minute+time.Second {
		t.Errorf("waited %s", waited)
	}
	if len(waits) != 1 || waits[0].Code != CodeLocked {
		t.Errorf("told %+v", waits)
	}
	// Any other error is final at once.
	bad := errors.New("this is no state")
	op := opener(path)
	op.Open = func(context.Context) (effects, func() error, error) { return effects{}, nil, bad }
	if _, err := Connect(t.Context(), op, o); !errors.Is(err, bad) {
		t.Errorf("got %v", err)
	}
}

func TestAnotherVersionOfTheHolderIsToldAtOnce(t *testing.T) {
	t.Parallel()
	path, o := place(t)
	session(t, opener(path), o)
	o.Version = "2"
	if _, err := Connect(t.Context(), opener(path), o); code(err) != CodeVersion || !strings.Contains(err.Error(), "restart") {
		t.Errorf("got %v", err)
	}
}

func TestErrorOfClosingTheFileIsNotLost(t *testing.T) {
	t.Parallel()
	path, o := place(t)
	bad := errors.New("the disk is full")
	op := opener(path)
	inner := op.Open
	op.Open = func(ctx context.Context) (effects, func() error, error) {
		table, closeFile, err := inner(ctx)
		return table, func() error { return errors.Join(closeFile(), bad) }, err
	}
	s := session(t, op, o)
	if err := s.Close(); !errors.Is(err, bad) {
		t.Errorf("got %v", err)
	}
}

func TestSymlinkedStateIsTheSameState(t *testing.T) {
	t.Parallel()
	path, o := place(t)
	a := session(t, opener(path), o)
	link := path + ".link"
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	b := session(t, opener(link), o)
	if !a.Holds() || b.Holds() {
		t.Error("a link to the state is another state")
	}
}

func TestCallerGivesUpInTheHolderItself(t *testing.T) {
	t.Parallel()
	path, o := place(t)
	op, began, _ := held(opener(path), "k0")
	s := session(t, op, o)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-began
		cancel()
	}()
	if _, err := s.API().Add(ctx, addIn{"k0"}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := s.API().Add(t.Context(), addIn{"k1"}); err != nil {
		t.Error(err)
	}
	if err := s.API().Backup(t.Context(), listIn{}, fullDisk{}); !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
	if err := s.API().Backup(t.Context(), listIn{}, io.Discard); err != nil {
		t.Error(err)
	}
}

// A holder that is killed leaves its lock and a stale socket; here its server
// goes away in the middle of a call.
func TestHolderKilledInTheMiddleOfAWrite(t *testing.T) {
	t.Parallel()
	path, o := place(t)
	op, began, _ := held(opener(path), "k0")
	a := session(t, op, o)
	b := session(t, opener(path), o)
	done := make(chan addOut, 1)
	go func() {
		out, err := b.API().Add(WithRequest(t.Context(), Request{ID: "one"}), addIn{"k0"})
		if err != nil {
			t.Error(err)
		}
		done <- out
	}()
	<-began
	h := a.cur.held
	// The effect is there, the answer never comes.
	paths, _ := o.filled().sockets(path)
	if _, err := Client[effects](Unix(paths[0]), Options{}).Add(WithRequest(t.Context(), Request{ID: "one"}), addIn{"k0 "}); err != nil {
		t.Fatal(err)
	}
	h.mu.Lock()
	srv := h.http[0]
	h.mu.Unlock()
	srv.Close()
	a.Close()
	if out := <-done; out.Number != 1 || !b.Holds() {
		t.Errorf("got %+v, b holds %v", out, b.Holds())
	}
	list, err := b.API().List(t.Context(), listIn{})
	if err != nil || len(list.Effects) != 1 {
		t.Errorf("got %q, %v", list.Effects, err)
	}
}
