package engine

import (
	"context"

	"github.com/keptcrm/kept/connectors"
)

// usualBatch is how many records are committed at once where somebody may wait for the state.
const usualBatch = 500

// ahead reads the next batch while the last one is committed. One batch is read ahead and no more, so
// that a fast source does not fill the memory.
type ahead struct {
	kind connectors.Kind
	from connectors.Cursor
	got  chan gathered
	stop context.CancelFunc
}

type gathered struct {
	b   *batch
	err error
}

// readAhead begins to gather from a cursor.
func (f *reading) readAhead(ctx context.Context, kind connectors.Kind, from connectors.Cursor) *ahead {
	ctx, stop := context.WithCancel(ctx)
	a := &ahead{kind: kind, from: from, got: make(chan gathered, 1), stop: stop}
	go func() {
		b, err := f.gather(ctx, f.e.enough(), kind, from)
		a.got <- gathered{b, err}
	}()
	return a
}

// close waits until nothing reads any more; what was read ahead is thrown away.
func (a *ahead) close() {
	if a != nil {
		a.stop()
		<-a.got
	}
}

// take gives the batch that was read ahead, if it is the one that is needed, else gathers it.
func (f *reading) take(ctx context.Context, a *ahead, kind connectors.Kind, from connectors.Cursor) (*batch, error) {
	if a == nil || a.kind != kind || a.from != from {
		a.close()
		return f.gather(ctx, f.e.enough(), kind, from)
	}
	g := <-a.got
	a.stop()
	return g.b, g.err
}
