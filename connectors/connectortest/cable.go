package connectortest

import (
	"bytes"
	"context"
	"io"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Dial opens a connection to a vendor.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// cable is the way to a vendor of another protocol than HTTP. It counts what goes over it, and breaks
// where a case wants it to.
type cable struct {
	next Dial

	mu     sync.Mutex
	dials  int
	sent   []byte // by all connections since mend
	down   int64  // bytes that came from the vendor since mend
	over   bool   // whether a flood was read to its end
	faults []*flaw
	open   map[net.Conn]bool
	flows  sync.WaitGroup
}

// flaw is something that happens to connections instead of what should.
type flaw struct {
	left  int // how many connections it still hits; negative: all
	after int // bytes from the vendor that pass before it
	do    string
	page  string                // what is said instead
	say   func(b []byte) []byte // answers what came last, where do is echoes
	// on is what the connector says when it happens, once for each connection; then after does not count.
	on string
	// passes lets the vendor hear that, and happens when the vendor has answered, in place of its answer.
	passes bool
	heard  chan struct{} // closed when that was said first; may be nil
	slow   time.Duration // how long an answer takes, where do is lags
}

// What a flaw does.
const (
	refuses = "refuses" // nothing answers
	resets  = "resets"  // the connection breaks
	ends    = "ends"    // it ends as if all was said
	hangs   = "hangs"   // nothing more comes, for ever
	floods  = "floods"  // bytes come without end
	says    = "says"    // somebody else answers
	echoes  = "echoes"  // the vendor says what it was told
	lags    = "lags"    // each answer takes its time
)

func newCable(tb testing.TB, next Dial) *cable {
	if next == nil {
		next = (&net.Dialer{}).DialContext
	}
	c := &cable{next: next, open: map[net.Conn]bool{}}
	tb.Cleanup(func() {
		c.drop()
		c.flows.Wait()
	})
	return c
}

func (c *cable) breaks(f flaw) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = append(c.faults, &f)
}

// mend takes all faults away and forgets what was seen. Connections that are open stay.
func (c *cable) mend() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults, c.sent, c.dials, c.down = nil, nil, 0, 0
}

// drop breaks all connections.
func (c *cable) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn := range c.open {
		_ = conn.Close() // it is meant to break
	}
}

func (c *cable) count() (dials int, down int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dials, c.down
}

// dial is Env.Dial.
func (c *cable) dial(ctx context.Context, network, address string) (net.Conn, error) {
	c.mu.Lock()
	c.dials++
	var hit *flaw
	for _, f := range c.faults {
		if f.left != 0 {
			f.left--
			hit = f
			break
		}
	}
	c.mu.Unlock()
	if hit != nil && hit.do == refuses {
		return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
	}
	client, near := net.Pipe()
	var far net.Conn
	if hit == nil || hit.on != "" || hit.do == lags || hit.do != says && hit.do != hangs && hit.do != floods || hit.after > 0 {
		conn, err := c.next(ctx, network, address)
		if err != nil {
			return nil, err
		}
		far = conn
	}
	p := &patch{c: c, near: near, far: far, cut: hit}
	c.track(near, far, true)
	c.flows.Go(p.up)
	c.flows.Go(p.down)
	if hit != nil && hit.do == resets {
		return breaking{client}, nil
	}
	return client, nil
}

func (c *cable) track(near, far net.Conn, on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range []net.Conn{near, far} {
		if conn != nil && on {
			c.open[conn] = true
		} else if conn != nil {
			delete(c.open, conn)
		}
	}
}

// breaking is a connection whose end is a break.
type breaking struct{ net.Conn }

func (b breaking) Read(p []byte) (int, error) {
	n, err := b.Conn.Read(p)
	if err == io.EOF {
		err = errReset
	}
	return n, err
}

// patch carries the bytes of one connection.
type patch struct {
	c         *cable
	near, far net.Conn
	cut       *flaw

	mu    sync.Mutex
	said  []byte // the end of what the connector said, as long as flaw.on
	state int    // of a flaw that waits for flaw.on
}

// States of a flaw that waits for what the connector says.
const (
	waits  = iota
	strike // with the vendor's next answer
	struck
)

// hears looks for flaw.on in what the connector says.
func (p *patch) hears(b []byte) (strikes bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cut == nil || p.cut.on == "" || p.state != waits {
		return false
	}
	p.said = append(p.said, b...)
	if !bytes.Contains(p.said, []byte(p.cut.on)) {
		p.said = bytes.Clone(p.said[max(0, len(p.said)-len(p.cut.on)):])
		return false
	}
	p.c.mu.Lock() // a flaw is that of several connections
	if p.cut.heard != nil {
		close(p.cut.heard)
		p.cut.heard = nil
	}
	p.c.mu.Unlock()
	p.state = struck
	if p.cut.passes {
		p.state = strike
		return false
	}
	return true
}

// lost says whether an answer is the one that the flaw takes the place of.
func (p *patch) lost() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state != strike {
		return false
	}
	p.state = struck
	return true
}

// strikes does what the flaw does, and says whether the connection goes on.
func (p *patch) strikes() bool {
	switch p.cut.do {
	case says:
		p.c.flows.Go(func() { _, _ = io.WriteString(p.near, p.cut.page) }) // nobody may wait for it
		return true
	case hangs:
		b := make([]byte, 1024)
		for { // until the connector gives up
			if _, err := p.near.Read(b); err != nil {
				return false
			}
		}
	}
	return false
}

func (p *patch) close() {
	_ = p.near.Close() // either end may be closed already
	if p.far != nil {
		_ = p.far.Close()
	}
}

// up carries what the connector says.
func (p *patch) up() {
	b := make([]byte, 32<<10)
	for {
		n, err := p.near.Read(b)
		p.c.mu.Lock()
		p.c.sent = append(p.c.sent, b[:n]...)
		p.c.mu.Unlock()
		if err != nil {
			break
		}
		if p.hears(b[:n]) {
			if p.strikes() {
				continue
			}
			break
		}
		if p.cut != nil && p.cut.do == echoes {
			if answer := p.cut.say(b[:n]); answer != nil {
				p.c.flows.Go(func() { _, _ = p.near.Write(answer) }) // nobody may wait for it
				continue
			}
		}
		if p.far == nil {
			continue
		}
		if _, err := p.far.Write(b[:n]); err != nil {
			break
		}
	}
	p.close()
	p.c.track(p.near, p.far, false)
}

// down carries what the vendor says, up to where the cut is.
func (p *patch) down() {
	left := -1
	if p.cut != nil && p.cut.do != echoes && p.cut.do != lags && p.cut.on == "" {
		left = p.cut.after
	}
	b := make([]byte, 32<<10)
	for p.far != nil && left != 0 {
		n, err := p.far.Read(b)
		if left > 0 {
			n = min(n, left)
			left -= n
		}
		if n > 0 && p.lost() {
			if p.cut.do == hangs {
				return // up ends it when the connector gives up
			}
			if p.cut.do == says {
				n = copy(b, p.cut.page)
			} else {
				break
			}
		}
		if n > 0 && p.cut != nil && p.cut.do == lags {
			time.Sleep(p.cut.slow)
		}
		if _, werr := p.near.Write(b[:n]); werr != nil {
			break
		}
		p.c.mu.Lock()
		p.c.down += int64(n)
		p.c.mu.Unlock()
		if err != nil {
			p.close()
			return
		}
	}
	if left != 0 {
		p.close()
		return
	}
	switch p.cut.do {
	case hangs:
		return // up ends it when the connector gives up
	case says:
		_, _ = io.WriteString(p.near, p.cut.page) // nobody may wait for it
	case floods:
		for i := range b {
			b[i] = "* OK "[i%5]
		}
		sent := 0
		for sent < tooMuch {
			if _, err := p.near.Write(b); err != nil {
				break
			}
			sent += len(b)
		}
		p.c.mu.Lock()
		p.c.over = p.c.over || sent >= tooMuch
		p.c.mu.Unlock()
	}
	p.close()
}

// soon is how long something takes that takes no time.
func (w *world) soon() time.Duration {
	if w.api.Real {
		return 100 * time.Millisecond
	}
	return time.Second
}
