package api

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"reflect"
	"slices"
	"sync"
	"time"
)

// holder serves the table while this process has the file's lock.
type holder struct {
	o      Options
	server *server
	close  func() error // of the file
	cancel context.CancelFunc
	// released is closed when socket and file are given back.
	released chan struct{}
	err      error // of closing the file; read it after released

	ending sync.Once
	mu     sync.Mutex
	http   []*http.Server
	serves sync.WaitGroup
}

// hold starts to serve at one of the sockets; pinned, nobody can drain it. If it
// fails the caller still owns the file.
func hold(o Options, table reflect.Value, closeFile func() error, paths []string, pinned bool) (*holder, error) {
	o.Hosts, o.Token = []string{socketHost}, ""
	s, err := newServer(table, o)
	if err != nil {
		return nil, err
	}
	l, err := listen(paths)
	if err != nil {
		return nil, err
	}
	h := &holder{o: o, server: s, close: closeFile, released: make(chan struct{})}
	s.base, h.cancel = context.WithCancel(context.Background())
	s.shares = o.Resident
	s.drain = h.drain
	if pinned {
		s.gate.pin(1) // before the first caller can ask for the opposite
	}
	h.serve(l, s)
	return h, nil
}

func (h *holder) serve(l net.Listener, handler http.Handler) {
	srv := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(h.o.Log.Handler(), slog.LevelWarn),
	}
	h.mu.Lock()
	h.http = append(h.http, srv)
	h.mu.Unlock()
	h.serves.Go(func() {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			h.o.Log.Error("the socket stopped answering", "error", err)
		}
	})
}

// drain answers who wants to work alone.
func (h *holder) drain() *Error {
	if h.o.Resident {
		return newError(CodeResident, "a running kept (process %d) keeps the file open", h.server.info().PID)
	}
	if !h.server.gate.drain() {
		return newError(CodeBusy, "process %d works alone on the file (%s)", h.server.info().PID, h.o.Work)
	}
	h.end()
	return nil
}

// end releases in the background; it may be called often.
func (h *holder) end() {
	h.ending.Do(func() { go h.release() })
}

// release lets the calls in flight finish, takes the socket away, and only then
// closes the file: whoever gets the lock next finds the path free.
func (h *holder) release() {
	defer close(h.released)
	defer h.cancel()
	h.server.gate.close()
	bound := time.NewTimer(h.o.Drain)
	defer bound.Stop()
	select {
	case <-h.server.gate.idle:
	case <-bound.C:
		h.cancel()
		// A call that honours its context ends now; one that does not is left
		// behind after a moment, and finds the file closed.
		bound.Reset(min(h.o.Drain, 2*time.Second))
		select {
		case <-h.server.gate.idle:
		case <-bound.C:
		}
	}
	h.mu.Lock()
	servers := slices.Clone(h.http)
	h.mu.Unlock()
	for _, srv := range servers {
		// Shutdown lets the last bytes out. It would also wait for connections
		// that never send a request, hence the bound.
		ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
		if srv.Shutdown(ctx) != nil {
			srv.Close()
		}
		cancel()
	}
	h.serves.Wait()
	h.err = h.close()
}

// call runs a method in this process, with the same gate as everybody's calls.
func (h *holder) call(ctx context.Context, m *Method, in reflect.Value, w *counter) (reflect.Value, outcome, error) {
	leave, ok := h.server.gate.enter(m.Kind)
	if !ok {
		return reflect.Value{}, gone, h.o.Codec.own(draining())
	}
	defer leave()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	given := context.AfterFunc(h.server.base, cancel)
	out, err := m.call(ctx, h.server.table, in, w)
	if !given() && err != nil && (m.Kind == Read || m.Kind == Write || (m.Kind == Stream && w.n == 0)) {
		return out, gone, err // cut off by the bound of draining, not by its caller
	}
	return out, done, err
}
