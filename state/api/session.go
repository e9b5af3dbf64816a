package api

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"reflect"
	"slices"
	"sync"
)

// Opener opens the state in this process.
type Opener[T any] struct {
	// Path of the file. Symlinks are resolved, so that all its names are one.
	Path string
	// Open takes the file's lock and gives the table that works on it, and what
	// closes it. It must not wait for the lock: where another process has it,
	// it fails at once with an error that IsLocked knows. The context is only
	// for opening.
	Open func(context.Context) (table T, close func() error, err error)
	// IsLocked recognises that another process has the file.
	IsLocked func(error) bool
}

// Session is this process's access to the state: by its own lock or through the
// process that has it, which may change between two calls.
type Session[T any] struct {
	opener  Opener[T]
	o       Options
	paths   []string
	api     T
	closing context.Context
	stop    context.CancelFunc

	// connecting is held by the one goroutine that looks for the holder.
	connecting chan struct{}
	mu         sync.Mutex
	closed     bool
	cur        *link
	lastWait   Wait
}

// link is what the session hangs on now: one of the two is set.
type link struct {
	remote *wire
	info   Info // of the remote
	held   *holder
}

// Connect finds the process that serves the state, or opens the state and
// serves it until Close. Where the file is locked and nobody answers (its
// holder starts or ends) it tries again until Options.Patience is over.
func Connect[T any](ctx context.Context, opener Opener[T], o Options) (*Session[T], error) {
	return connect(ctx, opener, o, false)
}

// ConnectExclusive takes the lock for long work. It asks a short-lived holder to
// drain, waits its turn behind other exclusive work as long as the context
// allows (Options.Waiting hears of it), and serves the others while it works. A
// resident holder keeps its lock: then the session is its client (Holds is
// false), and long methods run there.
func ConnectExclusive[T any](ctx context.Context, opener Opener[T], o Options) (*Session[T], error) {
	return connect(ctx, opener, o, true)
}

func connect[T any](ctx context.Context, opener Opener[T], o Options, exclusive bool) (*Session[T], error) {
	o = o.filled()
	methods, err := Describe[T]()
	if err != nil {
		return nil, err
	}
	paths, err := o.sockets(opener.Path)
	if err != nil {
		return nil, err
	}
	s := &Session[T]{opener: opener, o: o, paths: paths, connecting: make(chan struct{}, 1)}
	s.closing, s.stop = context.WithCancel(context.Background())
	s.api = fill[T](methods, s.invoke)
	if _, err := s.link(ctx, exclusive); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// API gives the table. Its funcs may be used by many goroutines until Close.
func (s *Session[T]) API() T { return s.api }

// Holds reports whether this process has the lock just now.
func (s *Session[T]) Holds() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cur != nil && s.cur.held != nil && !s.cur.held.server.gate.isShut()
}

// Handler gives the same table to who has the token, for a server of the caller's own at addr, which
// is closed before the session is. It answers under the names of this machine, that of addr, and hosts.
// Only a resident session that holds the file can do that.
func (s *Session[T]) Handler(addr, token string, hosts []string) (http.Handler, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	tcp, _, err := s.overTCP(addr, token, hosts)
	if err != nil {
		return nil, err
	}
	return tcp, nil
}

// overTCP makes the server of a token's callers. s.mu is held.
func (s *Session[T]) overTCP(addr, token string, hosts []string) (*server, *holder, error) {
	if !s.o.Resident || s.cur == nil || s.cur.held == nil {
		return nil, nil, s.o.Codec.own(newError(CodeResident, "another kept holds the file; stop it first, then serve over TCP"))
	}
	if len(token) < 16 {
		return nil, nil, s.o.Codec.own(newError(CodeUnauthorized, "serving over TCP needs a token of at least 16 characters"))
	}
	h := s.cur.held
	tcp := *h.server
	tcp.drain = nil
	tcp.o.Token = token
	tcp.o.Hosts = []string{"127.0.0.1", "localhost", "::1"}
	if host, _, err := net.SplitHostPort(addr); err == nil && !slices.Contains(tcp.o.Hosts, host) {
		tcp.o.Hosts = append(tcp.o.Hosts, host)
	}
	for _, host := range hosts {
		if host != socketHost {
			tcp.o.Hosts = append(tcp.o.Hosts, host)
		}
	}
	return &tcp, h, nil
}

// ListenTCP serves the same table at host:port to who has the token, until
// Close. Without a host only this machine can reach it; Options.Hosts names
// further names, such as that of a proxy. Only a resident session that holds
// the file can do that. It returns the address with the real port.
func (s *Session[T]) ListenTCP(addr, token string) (net.Addr, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	addr = Loopback(addr)
	tcp, h, err := s.overTCP(addr, token, s.o.Hosts)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		e := newError(CodeSocket, "cannot listen at %s; is the port taken?", addr)
		e.Cause = err
		return nil, s.o.Codec.own(e)
	}
	h.serve(l, tcp)
	return l.Addr(), nil
}

// Close ends the session. A holder takes no new calls, lets those in flight
// finish (at most Options.Drain), removes the socket and closes the file; the
// error is that of closing the file. Calls made later fail.
func (s *Session[T]) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.stop() // whoever is connecting just now ends
	s.connecting <- struct{}{}
	defer func() { <-s.connecting }()
	s.mu.Lock()
	cur := s.cur
	s.cur = nil
	s.mu.Unlock()
	if cur == nil || cur.held == nil {
		return nil
	}
	cur.held.end()
	<-cur.held.released
	return cur.held.err
}

// invoke is behind each func of the session's table.
func (s *Session[T]) invoke(ctx context.Context, m *Method, in reflect.Value, w io.Writer) (reflect.Value, error) {
	exclusive := false
	var pinned []*holder // once for each time that link pinned it for us
	defer func() {
		for _, h := range pinned {
			h.server.gate.pin(-1)
		}
	}()
	o := s.o
	o.Patience = 1 << 62 // link has its own, counted only while nobody answers
	return repeat(ctx, o, m, w, func(ctx context.Context, w io.Writer) (reflect.Value, outcome, error) {
		l, err := s.link(ctx, exclusive)
		if err != nil {
			return reflect.Value{}, done, err
		}
		if l.held != nil {
			if exclusive {
				pinned = append(pinned, l.held)
			}
			return l.held.call(ctx, m, in, w.(*counter))
		}
		if m.Kind == Long && !l.info.Resident {
			// It would refuse; not even asking keeps its death from looking like
			// the end of work that had begun.
			exclusive = true
			return reflect.Value{}, shortLived, nil
		}
		out, end, err := l.remote.call(ctx, m, in, w)
		if end != done {
			s.drop(l)
		}
		exclusive = exclusive || end == shortLived
		return out, end, err
	})
}

// drop forgets a holder that does not answer, unless somebody did before.
func (s *Session[T]) drop(l *link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cur == l {
		s.cur = nil
	}
}

// link gives the current link, or makes one. With exclusive it gives our own
// lock, pinned against draining until the caller unpins it, or a resident holder.
func (s *Session[T]) link(ctx context.Context, exclusive bool) (*link, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.closing, cancel)()
	select {
	case s.connecting <- struct{}{}:
		defer func() { <-s.connecting }()
	case <-ctx.Done():
		return nil, s.whyNot(ctx)
	}
	s.mu.Lock()
	cur, closed := s.cur, s.closed
	s.mu.Unlock()
	if closed {
		return nil, s.whyNot(ctx)
	}
	drained := false
	if cur != nil {
		switch {
		case cur.held == nil && (!exclusive || cur.info.Resident):
			return cur, nil
		case cur.held != nil && !cur.held.server.gate.isShut():
			if !exclusive {
				return cur, nil
			}
			cur.held.server.gate.pin(1)
			if !cur.held.server.gate.isShut() {
				return cur, nil
			}
			cur.held.server.gate.pin(-1)
			fallthrough
		case cur.held != nil:
			// Somebody asked us to drain: he goes first.
			drained = true
			select {
			case <-cur.held.released:
			case <-ctx.Done():
				return nil, s.whyNot(ctx)
			}
		}
	}
	l, err := s.find(ctx, exclusive, drained)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cur = l
	if err != nil && ctx.Err() != nil {
		err = s.whyNot(ctx)
	}
	return l, err
}

// whyNot tells the session's end from the caller's.
func (s *Session[T]) whyNot(ctx context.Context) error {
	if s.closing.Err() != nil {
		return s.o.Codec.own(newError(CodeClosed, "the session with the state was closed"))
	}
	return ctx.Err()
}

// courtesy is how often a process that was told of draining looks for the next
// holder before it competes for the lock, so that exclusive work gets its turn.
const courtesy = 3

// find looks for the holder, or becomes it.
func (s *Session[T]) find(ctx context.Context, exclusive, drained bool) (*link, error) {
	var alone backoff // counts only the time in which nobody answered
	var turn backoff
	yield := 0
	if drained {
		yield = courtesy
	}
	for {
		remote, info, ok := s.o.ask(ctx, s.paths)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if ok {
			if info.Version != s.o.Version {
				return nil, s.o.Codec.own(versionError(info.Version, info.PID, s.o.Version))
			}
			switch {
			case info.Draining:
				s.tell(Wait{Code: CodeDraining, PID: info.PID, Work: info.Work})
				if !exclusive {
					yield = courtesy
				}
			case !exclusive, info.Resident:
				return &link{remote: remote, info: info}, nil
			default:
				if f := remote.drain(ctx); f != nil && f.Code == CodeBusy {
					s.tell(Wait{Code: CodeBusy, PID: info.PID, Work: info.Work})
				}
			}
			alone = backoff{}
			if err := s.o.Sleep(ctx, turn.step()); err != nil {
				return nil, err
			}
			continue
		}
		turn = backoff{}
		if yield == 0 {
			l, err := s.open(ctx, exclusive)
			if l != nil || err != nil {
				return l, err
			}
		} else {
			yield--
		}
		if alone.waited >= s.o.Patience {
			return nil, s.o.Codec.own(newError(CodeLocked, "%s is in use by another program that does not answer; it may be another user's kept, or one that hangs: end it, then try again", s.opener.Path))
		}
		if alone.waited > s.o.Patience/10 {
			s.tell(Wait{Code: CodeLocked})
		}
		if err := s.o.Sleep(ctx, alone.step()); err != nil {
			return nil, err
		}
	}
}

// open tries to become the holder; nil and nil if another process is it.
func (s *Session[T]) open(ctx context.Context, exclusive bool) (*link, error) {
	table, closeFile, err := s.opener.Open(ctx)
	if err != nil {
		if s.opener.IsLocked != nil && s.opener.IsLocked(err) {
			return nil, nil
		}
		return nil, err
	}
	if closeFile == nil {
		closeFile = func() error { return nil }
	}
	h, err := hold(s.o, reflect.ValueOf(table), closeFile, s.paths, exclusive)
	if err != nil {
		closeFile()
		var own *Error
		if errors.As(err, &own) {
			err = s.o.Codec.own(own)
		}
		return nil, err
	}
	return &link{held: h}, nil
}

// tell passes on why we wait, once per reason and holder.
func (s *Session[T]) tell(w Wait) {
	if s.o.Waiting == nil || w == s.lastWait {
		return
	}
	s.lastWait = w
	s.o.Waiting(w)
}
