package cmd

import (
	"context"
	"path/filepath"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/keptcrm/kept/connectors/engine"
	"github.com/keptcrm/kept/state"
)

// every is how often a line tells how far long work is where there is no terminal for a bar.
const every = 5 * time.Second

// bar shows how far long work is: as a bar on a terminal, else as a line now and then.
type bar struct {
	f    *factory
	mu   sync.Mutex
	file string
	bar  *progressbar.ProgressBar
	last time.Time
}

func (f *factory) newBar() *bar { return &bar{f: f, last: f.o.Now()} }

func (b *bar) tell(_ context.Context, p engine.Progress) {
	b.show(filepath.Base(p.File), p.Done, p.Total, " rows")
}

// work tells of long work in the state, like a check.
func (b *bar) work(s state.Step) { b.show(b.f.printer().Term("work", s.Work), s.Done, s.Total, "") }

func (b *bar) show(name string, done, total int64, unit string) {
	if b.f.flags.quiet {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	width, ok := terminal(b.f.o.Err)
	if !ok {
		if now := b.f.o.Now(); now.Sub(b.last) >= every {
			b.last = now
			words := b.f.printer()
			line := name + ": " + words.Number(done)
			if total > 0 {
				line += " of " + words.Number(total)
			}
			b.f.talk(line + unit)
		}
		return
	}
	if b.bar == nil || b.file != name {
		b.clear()
		b.file = name
		if total <= 0 {
			total = -1
		}
		b.bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(b.f.o.Err), progressbar.OptionSetDescription(name),
			progressbar.OptionSetWidth(min(max(width-len(name)-40, 10), 40)), progressbar.OptionShowCount(), progressbar.OptionClearOnFinish(),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionEnableColorCodes(false))
	}
	_ = b.bar.Set64(done) // a terminal that went away shows no bar
}

// done takes the bar away, so that the answer stands alone.
func (b *bar) done() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.clear()
}

func (b *bar) clear() {
	if b.bar != nil {
		_ = b.bar.Clear()
		b.bar = nil
	}
}
