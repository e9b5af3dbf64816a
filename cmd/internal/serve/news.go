package serve

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
)

const (
	newsWait  = 300 * time.Millisecond // what comes within it is followed together
	newsIDs   = 200                    // more single records of one kind than that: all that changed of it
	newsTries = 5
	firstWait = 5 * time.Second
	lastWait  = 10 * time.Minute
)

// News follows what connections hint at. Hints that wait are put together, so that a flood of them, or
// one that comes twice, costs as little as one; what is lost with the process is found by the next
// sync, which reads on from where the last one ended.
type News struct {
	follow func(ctx context.Context, connection string, hints []connectors.Hint) error
	log    *slog.Logger

	ctx     context.Context
	cancel  context.CancelFunc
	mu      sync.Mutex
	pending map[string]map[connectors.Hint]bool // by connection; there while a goroutine follows
	all     sync.WaitGroup
}

// NewNews makes a follower; follow is called for one connection after the other's hints at a time.
func NewNews(follow func(ctx context.Context, connection string, hints []connectors.Hint) error, log *slog.Logger) *News {
	n := &News{follow: follow, log: log, pending: map[string]map[connectors.Hint]bool{}}
	n.ctx, n.cancel = context.WithCancel(context.Background())
	return n
}

// Hint notes where there is news at a connection that is known to exist, and returns at once.
func (n *News) Hint(connection string, hints ...connectors.Hint) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ctx.Err() != nil || len(hints) == 0 {
		return
	}
	waiting, going := n.pending[connection]
	if waiting == nil {
		waiting = map[connectors.Hint]bool{}
		n.pending[connection] = waiting
	}
	for _, h := range hints {
		add(waiting, h)
	}
	if !going {
		n.all.Go(func() { n.read(connection) })
	}
}

// add puts a hint to those that wait; one for all of a kind takes the place of those for single records.
func add(waiting map[connectors.Hint]bool, h connectors.Hint) {
	whole := connectors.Hint{Kind: h.Kind}
	if waiting[whole] {
		return
	}
	ids := 0
	for x := range waiting {
		if x.Kind == h.Kind {
			ids++
		}
	}
	if h.ID != "" && ids < newsIDs {
		waiting[h] = true
		return
	}
	for x := range waiting {
		if x.Kind == h.Kind {
			delete(waiting, x)
		}
	}
	waiting[whole] = true
}

// read follows the hints of one connection until there are none.
func (n *News) read(connection string) {
	tries, wait := 0, newsWait
	for pause(n.ctx, wait) {
		n.mu.Lock()
		waiting := n.pending[connection]
		if len(waiting) == 0 {
			delete(n.pending, connection)
			n.mu.Unlock()
			return
		}
		n.pending[connection] = map[connectors.Hint]bool{}
		n.mu.Unlock()
		var hints []connectors.Hint
		for h := range waiting {
			hints = append(hints, h)
		}
		err := n.follow(n.ctx, connection, hints)
		switch tries++; {
		case err == nil:
			tries, wait = 0, newsWait
		case n.ctx.Err() != nil:
			return
		case state.IsClass(err, state.Unavailable) && tries < newsTries:
			n.log.Info("news not read yet", "connection", connection, "code", state.AsError(err).Code, "try", tries)
			n.Hint(connection, hints...)
			wait = min(firstWait<<(2*(tries-1)), lastWait)
		default:
			n.log.Warn("news not read; the next sync will", "connection", connection, "code", state.AsError(err).Code)
			tries, wait = 0, newsWait
		}
	}
}

// Stop ends what is under way and waits for it.
func (n *News) Stop() {
	n.mu.Lock()
	n.cancel()
	n.mu.Unlock()
	n.all.Wait()
}

// pause waits, and says whether ctx goes on.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// Watchers hold a line to each connection that tells its news by itself.
type Watchers struct {
	watch func(ctx context.Context, connection string, news func(connectors.Hint)) error
	news  func(connection string, hints ...connectors.Hint)
	log   *slog.Logger
	now   func() time.Time

	mu     sync.Mutex
	cancel context.CancelFunc
	all    sync.WaitGroup
}

// NewWatchers makes watchers; watch ends with [state.Invalid] where a connection tells nothing by itself.
func NewWatchers(watch func(ctx context.Context, connection string, news func(connectors.Hint)) error, news *News, log *slog.Logger, now func() time.Time) *Watchers {
	return &Watchers{watch: watch, news: news.Hint, log: log, now: now}
}

// Set watches these connections from now on, with their options of now.
func (w *Watchers) Set(connections []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.end()
	var ctx context.Context
	ctx, w.cancel = context.WithCancel(context.Background())
	for _, c := range connections {
		w.all.Go(func() { w.hold(ctx, c) })
	}
}

// Stop ends all lines.
func (w *Watchers) Stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.end()
}

func (w *Watchers) end() {
	if w.cancel != nil {
		w.cancel()
		w.all.Wait()
		w.cancel = nil
	}
}

// hold holds the line to one connection, and after each break waits longer.
func (w *Watchers) hold(ctx context.Context, connection string) {
	wait := firstWait
	for {
		begun := w.now()
		err := w.watch(ctx, connection, func(h connectors.Hint) { w.news(connection, h) })
		switch {
		case ctx.Err() != nil:
			return
		case state.IsCode(err, "no_watcher"):
			return
		case w.now().Sub(begun) > lastWait: // it held
			wait = firstWait
		}
		code := ""
		if err != nil {
			code = state.AsError(err).Code
		}
		w.log.Info("the line to a connection broke; it is tried again", "connection", connection, "code", code, "after", wait.String())
		if !pause(ctx, wait) {
			return
		}
		wait = min(2*wait, lastWait)
	}
}
