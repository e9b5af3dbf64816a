package cmd

import (
	"bytes"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors/engine"
	"github.com/keptcrm/kept/state"
)

// Where no terminal is, a line tells every few seconds how far an import is; --quiet tells nothing.
func TestProgressWithoutTerminal(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	tell := func(quiet bool) string {
		var errs bytes.Buffer
		clock := at
		f := newFactory(nil, Options{Err: &errs, Now: func() time.Time { return clock }})
		f.flags.quiet = quiet
		b := f.newBar()
		for i := range 12 {
			clock = clock.Add(time.Second)
			b.tell(t.Context(), engine.Progress{File: "/data/orders.csv", Done: int64(i) * 500, Total: 6000})
		}
		b.done()
		return errs.String()
	}
	if got, want := tell(false), "orders.csv: 2,000 of 6,000 rows\norders.csv: 4,500 of 6,000 rows\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := tell(true); got != "" {
		t.Errorf("--quiet says %q", got)
	}
}

// A check says what it goes through, in the reader's words.
func TestProgressOfLongWork(t *testing.T) {
	t.Parallel()
	clock := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	var errs bytes.Buffer
	f := newFactory(nil, Options{Err: &errs, Now: func() time.Time { return clock }})
	b := f.newBar()
	ctx := state.WithTeller(t.Context(), b.work)
	for _, work := range []string{"page", "customer"} {
		steps := state.Begin(ctx, work, 4096)
		for range 4 {
			clock = clock.Add(3 * time.Second)
			steps.Did(1024)
		}
	}
	if got, want := errs.String(), "pages: 2,048 of 4,096\npages: 4,096 of 4,096\ncustomers: 2,048 of 4,096\ncustomers: 4,096 of 4,096\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
