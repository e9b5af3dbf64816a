package cmd

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/keptcrm/kept/connectors/engine"
)

// drawEvery is how often bars are drawn anew.
const drawEvery = 100 * time.Millisecond

// bars shows how far several connections are, a line for each: as bars on a terminal, else as lines
// of talk now and then.
type bars struct {
	f     *factory
	mu    sync.Mutex
	names []string
	at    map[string]engine.Progress
	said  map[string]time.Time
	drawn int // lines that stand on the terminal now
	last  time.Time
}

func (f *factory) newBars() *bars {
	return &bars{f: f, at: map[string]engine.Progress{}, said: map[string]time.Time{}}
}

func (b *bars) tell(_ context.Context, p engine.Progress) {
	if b.f.flags.quiet {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.f.o.Now()
	if _, known := b.at[p.File]; !known {
		b.names = append(b.names, p.File)
		b.said[p.File] = now
	}
	b.at[p.File] = p
	width, ok := terminal(b.f.o.Err)
	switch {
	case !ok:
		if now.Sub(b.said[p.File]) >= every {
			b.said[p.File] = now
			b.f.talk(p.File + ": " + b.figure(p))
		}
	case now.Sub(b.last) >= drawEvery:
		b.last = now
		b.draw(width)
	}
}

func (b *bars) figure(p engine.Progress) string {
	words := b.f.printer()
	line := words.Number(p.Done)
	if p.Total > 0 {
		line += " of " + words.Number(p.Total)
	}
	return line
}

// draw writes all lines over those that stand there.
func (b *bars) draw(width int) {
	var out strings.Builder
	if b.drawn > 0 {
		fmt.Fprintf(&out, "\x1b[%dA", b.drawn)
	}
	longest := 0
	for _, n := range b.names {
		longest = max(longest, len(n))
	}
	const room = 24 // for the figures
	size := min(max(width-longest-room, 0), 40)
	for _, n := range b.names {
		p := b.at[n]
		bar := ""
		if p.Total > 0 && size > 4 {
			full := int(min(p.Done, p.Total) * int64(size) / p.Total)
			bar = "[" + strings.Repeat("=", full) + strings.Repeat(" ", size-full) + "] "
		}
		fmt.Fprintf(&out, "\r\x1b[K%-*s %s%s\n", longest, n, bar, b.figure(p))
	}
	b.drawn = len(b.names)
	fmt.Fprint(b.f.o.Err, out.String())
}

// done takes the bars away, so that the answer stands alone.
func (b *bars) done() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.drawn > 0 {
		fmt.Fprintf(b.f.o.Err, "\x1b[%dA\x1b[J", b.drawn)
		b.drawn = 0
	}
}
