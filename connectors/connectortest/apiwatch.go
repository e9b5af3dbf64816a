package connectortest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
)

// patience is how long news and goodbyes may take.
const patience = 2 * time.Minute

// watchCase: a watcher tells news soon, survives a fault that passes, and ends when nobody listens.
func watchCase(tb testing.TB, h Harness) {
	w := newWorld(tb, h)
	c := w.open()
	watcher, ok := c.(connectors.Watcher)
	if !ok {
		tb.Logf("no Watcher")
		return
	}
	w.fill(1)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	news, ended := make(chan connectors.Hint, 100), make(chan error, 1)
	go func() {
		ended <- watcher.Watch(ctx, func(x connectors.Hint) {
			select {
			case news <- x:
			default: // more than anybody reads
			}
		})
	}()
	w.tick(patience)
	heard := func(what string, i int) {
		tb.Helper()
		for len(news) > 0 {
			<-news
		}
		w.tick(time.Second)
		id := w.put("", w.api.Record(i), time.Time{})
		select {
		case x := <-news:
			if x.Kind != h.API.Kind || x.ID != "" && x.ID != id {
				tb.Errorf("%s: news of %+v, not of %s", what, x, id)
			}
		case err := <-ended:
			tb.Fatalf("%s: Watch ended: %v", what, err)
		case <-time.After(patience):
			tb.Errorf("%s: no news within %s", what, patience)
		}
	}
	heard("at first", 80)
	w.wire.breaks(1, anything, status(503, "{}"))
	heard("past a fault", 81)
	cancel()
	select {
	case err := <-ended:
		if err != nil && !errors.Is(err, context.Canceled) {
			w.failed("Watch", err)
			tb.Errorf("Watch that nobody listens to ended with %v", err)
		}
	case <-time.After(patience):
		tb.Errorf("Watch went on for %s after nobody listened any more", patience)
		<-ended
	}
}
