package serve

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/netutil"

	"github.com/keptcrm/kept/state"
)

// Bounds of what strangers may ask of the process.
const (
	webhookBytes    = 1 << 20 // of a webhook's body; vendors send far less
	webhooksAtOnce  = 8       // that are verified at the same time; the next ones are told to try again
	webhookPatience = 10 * time.Second
	openConnections = 256
)

// Web is what the process answers over TCP.
type Web struct {
	API     http.Handler // below /v1/; it asks for the token itself
	Metrics http.Handler // at /metrics, to who has the token
	Token   string       // never empty
	// Webhook verifies what is said to come from a connection, notes where there is news, and returns
	// at once. It is called with names of any kind. Errors: [state.NotFound] and [state.Invalid] where
	// there is no such connection or it sends none, [state.Forbidden] where the connection did not
	// send it; anything else is ours.
	Webhook func(ctx context.Context, connection string, header map[string][]string, body []byte) error
	// Unsubscribe is the page behind the links for saying no; with nothing in it there is none.
	Unsubscribe Unsubscribe
	Chat        http.Handler                // below /slack/; it verifies what it is asked itself
	Ready       func(context.Context) error // nil: it can work
	Note        func() string               // a line beside "ready", for who looks; may be nil
	Log         *slog.Logger
}

// Handler gives all that is answered.
func (w Web) Handler() http.Handler {
	turns := make(chan struct{}, webhooksAtOnce)
	links := newLinks(w.Unsubscribe, w.Log)
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		name, webhook := strings.CutPrefix(r.URL.Path, "/webhook/")
		switch {
		case strings.HasPrefix(r.URL.Path, "/v1/"):
			w.API.ServeHTTP(rw, r)
		case strings.HasPrefix(r.URL.Path, "/slack/") && w.Chat != nil:
			w.Chat.ServeHTTP(rw, r)
		case strings.HasPrefix(r.URL.Path, unsubscribePath):
			links.ServeHTTP(rw, r)
		case webhook:
			w.webhook(rw, r, name, turns)
		case r.URL.Path == "/healthz", r.URL.Path == "/readyz", r.URL.Path == "/metrics":
			w.look(rw, r)
		default:
			say(rw, http.StatusNotFound, "not found")
		}
	})
}

func say(rw http.ResponseWriter, status int, text string) {
	h := rw.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	rw.WriteHeader(status)
	_, _ = io.WriteString(rw, text+"\n") // a caller that went away is no trouble of ours
}

// look answers those who watch over the process.
func (w Web) look(rw http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		rw.Header().Set("Allow", "GET, HEAD")
		say(rw, http.StatusMethodNotAllowed, "use GET")
		return
	}
	if r.Header.Get("Origin") != "" || r.Header.Get("Referer") != "" {
		say(rw, http.StatusForbidden, "requests from web pages are refused")
		return
	}
	switch r.URL.Path {
	case "/healthz":
		say(rw, http.StatusOK, "ok")
	case "/readyz":
		ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
		defer cancel()
		if err := w.Ready(ctx); err != nil {
			rw.Header().Set("Retry-After", "5")
			say(rw, http.StatusServiceUnavailable, "not ready: "+state.AsError(err).Code)
			return
		}
		text := "ready"
		if w.Note != nil {
			if note := w.Note(); note != "" {
				text += "\n" + note
			}
		}
		say(rw, http.StatusOK, text)
	case "/metrics":
		given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		// Hashes have one length, so that the time tells nothing about the token's.
		a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(w.Token))
		if subtle.ConstantTimeCompare(a[:], b[:]) != 1 || !ok || w.Token == "" {
			rw.Header().Set("WWW-Authenticate", "Bearer")
			say(rw, http.StatusUnauthorized, "the token is missing or wrong")
			return
		}
		w.Metrics.ServeHTTP(rw, r)
	}
}

// webhook hands a webhook on to be verified. Whoever is refused learns nothing but that.
func (w Web) webhook(rw http.ResponseWriter, r *http.Request, name string, turns chan struct{}) {
	if r.Method != http.MethodPost {
		rw.Header().Set("Allow", "POST")
		say(rw, http.StatusMethodNotAllowed, "use POST")
		return
	}
	if r.ContentLength > webhookBytes {
		say(rw, http.StatusRequestEntityTooLarge, "too large")
		return
	}
	_ = http.NewResponseController(rw).SetReadDeadline(time.Now().Add(webhookPatience)) // not every writer can
	body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, webhookBytes))
	if err != nil {
		status, text := http.StatusBadRequest, "the request broke off"
		if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
			status, text = http.StatusRequestEntityTooLarge, "too large"
		}
		say(rw, status, text)
		return
	}
	select {
	case turns <- struct{}{}:
		defer func() { <-turns }()
	default:
		rw.Header().Set("Retry-After", "2")
		say(rw, http.StatusServiceUnavailable, "busy; try again")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), webhookPatience)
	defer cancel()
	err = w.Webhook(ctx, name, r.Header, body)
	switch class := state.AsError(err); {
	case err == nil:
		say(rw, http.StatusOK, "ok")
	case class.Class == state.NotFound, class.Class == state.Invalid:
		say(rw, http.StatusNotFound, "not found")
	case class.Class == state.Forbidden:
		say(rw, http.StatusUnauthorized, "refused")
	default:
		rw.Header().Set("Retry-After", "30")
		say(rw, http.StatusServiceUnavailable, "try again")
	}
}

// Listener serves a handler at an address until it is closed.
type Listener struct {
	Addr net.Addr
	srv  *http.Server
	done sync.WaitGroup
}

// Listen begins to serve at host:port.
func Listen(addr string, h http.Handler, log *slog.Logger) (*Listener, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	s := &Listener{Addr: l.Addr(), srv: &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}}
	s.done.Go(func() {
		if err := s.srv.Serve(netutil.LimitListener(l, openConnections)); !errors.Is(err, http.ErrServerClosed) {
			log.Error("the address stopped answering", "addr", s.Addr.String())
		}
	})
	return s, nil
}

// Close takes no new requests, lets those under way finish for so long, and then breaks them off.
func (l *Listener) Close(bound time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), bound)
	defer cancel()
	if l.srv.Shutdown(ctx) != nil {
		_ = l.srv.Close()
	}
	l.done.Wait()
}
