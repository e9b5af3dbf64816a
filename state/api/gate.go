package api

import "sync"

// gate counts the calls in flight and, once shut, lets no new one in.
type gate struct {
	mu     sync.Mutex
	shut   bool
	inside int
	busy   int // of those inside, how many must not be drained away
	pins   int // reasons besides calls not to drain
	idle   chan struct{}
}

func newGate() *gate { return &gate{idle: make(chan struct{})} }

// enter reports whether a call may run; leave must then be called once.
func (g *gate) enter(k Kind) (leave func(), ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut {
		return nil, false
	}
	busy := 0
	if k == Long || k == Stream {
		busy = 1
	}
	g.inside++
	g.busy += busy
	return sync.OnceFunc(func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.inside--
		g.busy -= busy
		if g.shut && g.inside == 0 {
			close(g.idle)
		}
	}), true
}

// close shuts the gate, whatever goes on; idle is closed when the last call left.
func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shutLocked()
}

func (g *gate) shutLocked() {
	if g.shut {
		return
	}
	g.shut = true
	if g.inside == 0 {
		close(g.idle)
	}
}

// drain shuts the gate unless long work goes on; it reports whether it is shut.
func (g *gate) drain() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.shut && (g.busy > 0 || g.pins > 0) {
		return false
	}
	g.shutLocked()
	return true
}

func (g *gate) pin(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.pins += n
}

func (g *gate) isShut() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.shut
}

// working reports whether long or exclusive work goes on.
func (g *gate) working() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.busy > 0 || g.pins > 0
}
