package connectortest

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
)

// Catches fails t unless the case of that name fails against h, which has a bug planted in it: the
// proof that the suite would notice the bug. It waits in no time, as Virtual does.
func Catches(t *testing.T, name string, h Harness) {
	t.Helper()
	for _, c := range Cases(h) {
		if c.Name == name {
			CatchesIn(t, name, func(tb testing.TB) { c.Run(tb, h) })
			return
		}
	}
	t.Errorf("there is no case %q", name)
}

// CatchesIn is the same of a connector's own test.
func CatchesIn(t *testing.T, name string, run func(tb testing.TB)) {
	t.Helper()
	var failed []string
	Virtual(t, func(t *testing.T) { failed = Failures(t, run) })
	if len(failed) == 0 {
		t.Errorf("%q does not catch it", name)
		return
	}
	t.Logf("caught: %.200s", failed[0])
}

// Failures runs a test and gives what it would have failed with, a panic included. A test that skips
// itself has not failed.
func Failures(tb testing.TB, run func(tb testing.TB)) []string {
	tb.Helper()
	r, done := &recorder{TB: tb}, make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if p := recover(); p != nil {
				r.Errorf("panic: %v", p)
			}
		}()
		run(r)
	}()
	<-done
	return r.failed
}

// recorder is a testing.TB that remembers failures and passes them to nobody.
type recorder struct {
	testing.TB
	mu     sync.Mutex
	failed []string
}

func (r *recorder) Helper()             {}
func (r *recorder) Log(...any)          {}
func (r *recorder) Logf(string, ...any) {}

func (r *recorder) Error(args ...any) { r.Errorf("%s", fmt.Sprint(args...)) }
func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = append(r.failed, fmt.Sprintf(format, args...))
}

func (r *recorder) Fail() { r.Errorf("failed") }
func (r *recorder) Failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.failed) > 0
}

func (r *recorder) FailNow() {
	r.Fail()
	runtime.Goexit()
}

func (r *recorder) Fatal(args ...any) { r.Fatalf("%s", fmt.Sprint(args...)) }
func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Skip(...any)          { runtime.Goexit() }
func (r *recorder) Skipf(string, ...any) { runtime.Goexit() }
func (r *recorder) SkipNow()             { runtime.Goexit() }
