package connectortest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Seen is a request that came over the wire.
type Seen struct {
	At     time.Time
	Method string
	URL    string
	Header http.Header
	Body   []byte
}

// wire carries requests to the vendor, counts them, and breaks where a case wants it to.
type wire struct {
	handler http.Handler
	next    http.RoundTripper
	writes  func(Seen) bool

	mu     sync.Mutex
	seen   []Seen
	faults []*fault
	now    int // requests under way
	most   int // the most at a time
}

// pass lets a request through to the vendor.
type pass func() (*http.Response, error)

// fault is something that happens to requests instead of what should.
type fault struct {
	left  int // how many requests it still hits; negative: all
	match func(Seen) bool
	do    func(req *http.Request, p pass) (*http.Response, error)
}

func (w *wire) isWrite(s Seen) bool {
	if w.writes != nil {
		return w.writes(s)
	}
	switch s.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, "PROPFIND", "REPORT", "SEARCH":
		return false
	}
	return true
}

func (w *wire) isRead(s Seen) bool { return !w.isWrite(s) }

func anything(Seen) bool { return true }

// breaks plants a fault.
func (w *wire) breaks(times int, match func(Seen) bool, do func(req *http.Request, p pass) (*http.Response, error)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = append(w.faults, &fault{times, match, do})
}

// mend takes all faults away and forgets what was seen.
func (w *wire) mend() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults, w.seen, w.most = nil, nil, 0
}

// count says how many requests of a sort came.
func (w *wire) count(match func(Seen) bool) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, s := range w.seen {
		if match(s) {
			n++
		}
	}
	return n
}

func (w *wire) requests() []Seen {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]Seen(nil), w.seen...)
}

// RoundTrip implements http.RoundTripper.
func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		b, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		if err := req.Body.Close(); err != nil {
			return nil, err
		}
		body = b
	}
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	s := Seen{At: time.Now(), Method: req.Method, URL: req.URL.String(), Header: req.Header.Clone(), Body: body}
	w.mu.Lock()
	w.seen = append(w.seen, s)
	w.now++
	w.most = max(w.most, w.now)
	var hit *fault
	for _, f := range w.faults {
		if f.left != 0 && f.match(s) {
			hit = f
			f.left--
			break
		}
	}
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		w.now--
		w.mu.Unlock()
	}()
	p := func() (*http.Response, error) { return w.pass(req, body) }
	if hit != nil {
		return hit.do(req, p)
	}
	return p()
}

// pass gives a request to the vendor.
func (w *wire) pass(req *http.Request, body []byte) (*http.Response, error) {
	r := req.Clone(req.Context())
	r.Header.Set("Accept-Encoding", "identity") // what breaks answers must be able to read them
	r.Body = http.NoBody
	if body != nil {
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	if w.handler == nil {
		return w.next.RoundTrip(r)
	}
	r.RequestURI, r.RemoteAddr, r.Host = r.URL.RequestURI(), "192.0.2.1:1234", r.URL.Host
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	resp := rec.Result()
	resp.Request = req
	return resp, nil
}

// answer is an answer of our own.
func answer(req *http.Request, status int, body string, header ...string) *http.Response {
	h := http.Header{"Content-Type": {"application/json"}}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{Status: strconv.Itoa(status) + " " + http.StatusText(status), StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: h, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: req}
}

// status answers without asking the vendor.
func status(code int, body string, header ...string) func(*http.Request, pass) (*http.Response, error) {
	return func(req *http.Request, _ pass) (*http.Response, error) {
		return answer(req, code, body, header...), nil
	}
}

// errReset is a connection that breaks.
var errReset = &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}

// resetBefore breaks the connection before the vendor has the request.
func resetBefore(*http.Request, pass) (*http.Response, error) { return nil, errReset }

// resetAfter breaks it when the vendor has done its work.
func resetAfter(_ *http.Request, p pass) (*http.Response, error) {
	if resp, err := p(); err == nil {
		resp.Body.Close()
	}
	return nil, errReset
}

// faultAfter answers with a fault when the vendor has done its work.
func faultAfter(code int) func(*http.Request, pass) (*http.Response, error) {
	return func(req *http.Request, p pass) (*http.Response, error) {
		if resp, err := p(); err == nil {
			resp.Body.Close()
		}
		return answer(req, code, "{}"), nil
	}
}

// half lets the first half of an answer through: as a connection that breaks, or as a proxy that
// says that this is all.
func half(broken bool) func(*http.Request, pass) (*http.Response, error) {
	return func(req *http.Request, p pass) (*http.Response, error) {
		return reshape(p, func(b []byte) ([]byte, error) {
			if broken {
				return b[:len(b)/2], io.ErrUnexpectedEOF
			}
			return b[:len(b)/2], nil
		})
	}
}

// slow answers late, unless nobody waits any more.
func slow(d time.Duration) func(*http.Request, pass) (*http.Response, error) {
	return func(req *http.Request, p pass) (*http.Response, error) {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-req.Context().Done():
			return nil, req.Context().Err()
		case <-t.C:
			return p()
		}
	}
}

// endless answers with more than anybody should read.
func endless(req *http.Request, _ pass) (*http.Response, error) {
	resp := answer(req, http.StatusOK, "")
	resp.ContentLength, resp.Body = -1, &spaces{left: tooMuch}
	return resp, nil
}

// tooMuch is how many bytes of an answer nobody should read.
const tooMuch = 96 << 20

var errTooMuch = errors.New("too much was read")

var blanks = bytes.Repeat([]byte{' '}, 64<<10)

// spaces are bytes that JSON may begin with.
type spaces struct{ left int }

func (s *spaces) Read(p []byte) (int, error) {
	if s.left <= 0 {
		return 0, errTooMuch
	}
	n := copy(p[:min(len(p), s.left)], blanks)
	s.left -= n
	return n, nil
}

func (*spaces) Close() error { return nil }

// reshape changes an answer's body; an error of the change breaks the connection behind it.
func reshape(p pass, change func([]byte) ([]byte, error)) (*http.Response, error) {
	resp, err := p()
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if err := resp.Body.Close(); err != nil {
		return nil, err
	}
	whole := len(b)
	out, broken := change(b)
	resp.Header.Del("Content-Length")
	resp.ContentLength, resp.Body = int64(len(out)), io.NopCloser(bytes.NewReader(out))
	if broken != nil {
		resp.ContentLength = int64(whole)
		resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(out), failing{broken}))
	}
	return resp, nil
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// rewritten changes the JSON of answers.
func rewritten(change func(any) any) func(*http.Request, pass) (*http.Response, error) {
	return func(_ *http.Request, p pass) (*http.Response, error) {
		return reshape(p, func(b []byte) ([]byte, error) {
			var v any
			dec := json.NewDecoder(bytes.NewReader(b))
			dec.UseNumber()
			if dec.Decode(&v) != nil {
				return b, nil
			}
			out, err := json.Marshal(change(v))
			if err != nil {
				return b, nil
			}
			return out, nil
		})
	}
}
