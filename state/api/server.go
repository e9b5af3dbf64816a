package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"
)

// Headers and trailers of the protocol.
const (
	headerVersion = "Kept-Version"
	headerRequest = "Kept-Request"
	headerActor   = "Kept-Actor"
	headerZone    = "Kept-Zone"
	// headerZoneAsked is "1" where somebody named the zone for this call.
	headerZoneAsked = "Kept-Zone-Asked"
	headerChat      = "Kept-Chat"
	// trailerEnd is "ok" or a fault in JSON; a stream without it is broken.
	trailerEnd = "Kept-End"

	pathMethod = "/v1/"
	pathHello  = "/v1/_hello"
	pathDrain  = "/v1/_drain"
)

// Info is what a holder tells of itself.
type Info struct {
	Version  string `json:"version"`
	PID      int    `json:"pid"`
	Resident bool   `json:"resident"`
	Draining bool   `json:"draining"`
	// Working is set while long or exclusive work goes on; Work names it.
	Working bool   `json:"working"`
	Work    string `json:"work,omitempty"`
}

// server answers for one table.
type server struct {
	o       Options
	table   reflect.Value
	methods map[string]*Method
	gate    *gate
	// base ends when a holder has waited long enough for its calls.
	base context.Context
	// drain is asked by who wants to work alone; nil where nobody may ask.
	drain func() *Error
	// shares is true where long work may be run for others.
	shares bool
}

// Handler serves a table (a struct of funcs or a pointer to one) as
// POST /v1/<method>, JSON in, JSON or a stream out. It panics if the table's
// shape is wrong, which Describe tells without a panic. Long methods run for
// every caller.
func Handler(table any, o Options) http.Handler {
	s, err := newServer(reflect.ValueOf(table), o.filled())
	if err != nil {
		panic(err)
	}
	s.shares = true
	return s
}

func newServer(table reflect.Value, o Options) (*server, error) {
	for table.Kind() == reflect.Pointer && !table.IsNil() {
		table = table.Elem()
	}
	methods, err := describe(table.Type())
	if err != nil {
		return nil, err
	}
	s := &server{o: o, table: table, methods: map[string]*Method{}, gate: newGate(), base: context.Background()}
	for i := range methods {
		s.methods[methods[i].Name] = &methods[i]
	}
	return s, nil
}

func (s *server) info() Info {
	return Info{Version: s.o.Version, PID: os.Getpid(), Resident: s.o.Resident, Draining: s.gate.isShut(),
		Working: s.gate.working(), Work: s.o.Work}
}

// ServeHTTP implements http.Handler.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set(headerVersion, s.o.Version)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if err := s.admit(r); err != nil {
		s.fail(w, err)
		return
	}
	switch {
	case r.URL.Path == pathHello:
		s.answer(w, s.info())
		return
	case r.URL.Path == pathDrain && s.drain != nil:
		if err := s.drain(); err != nil {
			s.fail(w, err)
			return
		}
		s.answer(w, s.info())
		return
	}
	if err := s.sameVersion(r); err != nil {
		s.fail(w, err)
		return
	}
	name, ok := strings.CutPrefix(r.URL.Path, pathMethod)
	m := s.methods[name]
	if !ok || m == nil || s.table.Field(m.field).IsNil() {
		s.fail(w, newError(CodeUnknownMethod, "the running kept (process %d) does not know %q; if it is older than this program, restart it", os.Getpid(), name))
		return
	}
	s.run(w, r, m)
}

// admit refuses what cannot come from one of our clients: web pages in a
// browser (also after DNS rebinding), strangers without the token.
func (s *server) admit(r *http.Request) error {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	if !slices.Contains(s.o.Hosts, strings.Trim(host, "[]")) {
		return newError(CodeForeign, "this address does not answer under the name %q", r.Host)
	}
	for _, name := range []string{"Origin", "Referer"} {
		if r.Header.Get(name) != "" {
			return newError(CodeForeign, "requests from web pages are refused (header %s)", name)
		}
	}
	if s.o.Token != "" {
		given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		// Hashes have one length, so that the time tells nothing about the token's.
		a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(s.o.Token))
		if subtle.ConstantTimeCompare(a[:], b[:]) != 1 || !ok {
			return newError(CodeUnauthorized, "the token is missing or wrong; send it as \"Authorization: Bearer TOKEN\"")
		}
	}
	if r.Method != http.MethodPost {
		return newError(CodeBadRequest, "use POST, not %s", r.Method)
	}
	// A browser cannot send this type to another site without asking first.
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" {
		return newError(CodeBadRequest, "send JSON with \"Content-Type: application/json\"")
	}
	return nil
}

func (s *server) sameVersion(r *http.Request) error {
	switch v := r.Header.Get(headerVersion); v {
	case s.o.Version:
		return nil
	case "":
		return newError(CodeBadRequest, "send the protocol's version with the header \"%s: %s\"", headerVersion, s.o.Version)
	default:
		return versionError(s.o.Version, os.Getpid(), v)
	}
}

func versionError(holder string, pid int, caller string) *Error {
	e := newError(CodeVersion, "the running kept (process %d) speaks version %s of the protocol, this program version %s: restart the running one, so that both are the same program",
		pid, holder, caller)
	e.Args, _ = json.Marshal(map[string]any{"holder": holder, "pid": pid, "caller": caller})
	return e
}

// run reads the request, calls the method and answers.
func (s *server) run(w http.ResponseWriter, r *http.Request, m *Method) {
	if m.Kind == Long && !s.shares {
		s.fail(w, newError(CodeShortLived, "process %d holds the file only for a moment and does no long work for others", os.Getpid()))
		return
	}
	in, req, err := s.read(r, m) // before the gate: a slow sender must not hold up draining
	if err != nil {
		s.fail(w, err)
		return
	}
	leave, ok := s.gate.enter(m.Kind)
	if !ok {
		s.fail(w, draining())
		return
	}
	defer leave()
	ctx, cancel := context.WithCancel(WithRequest(r.Context(), req))
	defer cancel()
	defer context.AfterFunc(s.base, cancel)()

	tellEnd := func() {}
	if r.Header.Get(headerProgress) == "1" {
		ctx, tellEnd = telling(ctx, w)
	}
	out := &stream{w: w, request: req.ID, first: tellEnd}
	var body []byte
	res, err := s.call(ctx, m, in, out)
	tellEnd()
	if err == nil && m.Kind != Stream {
		if body, err = json.Marshal(res.Interface()); err != nil {
			err = newError(CodeInternal, "the answer of %q could not be written as JSON: %v", m.Name, err)
		}
	}
	if err != nil && s.base.Err() != nil && r.Context().Err() == nil && !out.begun {
		// We gave it up, not the caller, whose retry finds the next holder.
		err = draining()
		if m.Kind == Long {
			err = newError(CodeInterrupted, "the process that did the work was stopped; look at what was done before you start it again")
		}
	}
	w.Header().Set(headerRequest, req.ID)
	switch {
	case m.Kind == Stream && (err == nil || out.begun):
		out.end(s.o.Codec, err)
	case err != nil:
		s.fail(w, err)
	default:
		s.send(w, http.StatusOK, body)
	}
	// The bytes leave before the gate counts this call as finished: a holder
	// that waits for the gate may end at once.
	http.NewResponseController(w).Flush()
}

func draining() *Error {
	return newError(CodeDraining, "process %d is about to close the file; try again", os.Getpid())
}

// read decodes the body strictly, so that a field which only the caller's
// version knows is never dropped in silence.
func (s *server) read(r *http.Request, m *Method) (reflect.Value, Request, error) {
	req := Request{ID: r.Header.Get(headerRequest)}
	if req.ID == "" {
		req.ID = NewRequestID()
	}
	actor, err := url.PathUnescape(r.Header.Get(headerActor))
	if !validID(req.ID) || err != nil || len(actor) > 256 {
		return reflect.Value{}, req, newError(CodeBadRequest, "the headers %s and %s must be short and printable", headerRequest, headerActor)
	}
	req.Actor = actor
	zone, err := url.PathUnescape(r.Header.Get(headerZone))
	if err != nil || len(zone) > 64 {
		return reflect.Value{}, req, newError(CodeBadRequest, "the header %s must be the short name of a time zone", headerZone)
	}
	if req.Chat, err = url.PathUnescape(r.Header.Get(headerChat)); err != nil || len(req.Chat) > 256 {
		return reflect.Value{}, req, newError(CodeBadRequest, "the header %s must be short", headerChat)
	}
	req.Zone, req.ZoneAsked = zone, r.Header.Get(headerZoneAsked) == "1"
	in := reflect.New(m.In)
	body, err := io.ReadAll(io.LimitReader(r.Body, s.o.MaxRequest+1))
	switch {
	case err != nil:
		return reflect.Value{}, req, newError(CodeBadRequest, "the request broke off")
	case int64(len(body)) > s.o.MaxRequest:
		return reflect.Value{}, req, tooLarge("request", s.o.MaxRequest)
	case len(bytes.TrimSpace(body)) == 0:
		return in.Elem(), req, nil
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(in.Interface()); err != nil {
		return reflect.Value{}, req, newError(CodeBadRequest, "the request for %q cannot be read: %s", m.Name, strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return reflect.Value{}, req, newError(CodeBadRequest, "the request for %q has more than one JSON value", m.Name)
	}
	return in.Elem(), req, nil
}

func tooLarge(what string, limit int64) *Error {
	e := newError(CodeTooLarge, "the %s is larger than %d MB", what, limit>>20)
	if limit < 1<<20 {
		e = newError(CodeTooLarge, "the %s is larger than %d bytes", what, limit)
	}
	e.Args, _ = json.Marshal(map[string]any{"what": what, "bytes": limit})
	return e
}

// call turns a panic into an error: a broken connection would make the caller
// repeat a call that panics each time.
func (s *server) call(ctx context.Context, m *Method, in reflect.Value, w io.Writer) (out reflect.Value, err error) {
	defer func() {
		if p := recover(); p != nil {
			s.o.Log.Error("panic in a call", "method", m.Name, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = newError(CodeInternal, "%q failed inside kept; its log tells more", m.Name)
		}
	}()
	return m.call(ctx, s.table, in, w)
}

func (s *server) answer(w http.ResponseWriter, v any) {
	body, _ := json.Marshal(v)
	s.send(w, http.StatusOK, body)
}

func (s *server) fail(w http.ResponseWriter, err error) {
	f := s.o.Codec.encode(err)
	status := s.o.Codec.status(f.Code)
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	body, jerr := json.Marshal(f)
	if jerr != nil {
		body, _ = json.Marshal(Fault{Code: f.Code, Message: f.Message})
	}
	s.send(w, status, body)
}

func (s *server) send(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	w.WriteHeader(status)
	w.Write(body) // a caller that went away is no trouble of ours
}

// stream begins a chunked answer with the first byte, so that an error before
// it still gets its proper status.
type stream struct {
	w       http.ResponseWriter
	request string
	begun   bool
	first   func() // called before the first byte
}

func (o *stream) begin() {
	if o.begun {
		return
	}
	o.begun = true
	o.first()
	h := o.w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set(headerRequest, o.request)
	h.Set("Trailer", trailerEnd)
	o.w.WriteHeader(http.StatusOK)
}

func (o *stream) Write(p []byte) (int, error) {
	o.begin()
	return o.w.Write(p)
}

func (o *stream) end(c Codec, err error) {
	o.begin()
	end := "ok"
	if err != nil {
		end = asciiJSON(c.encode(err))
	}
	o.w.Header().Set(trailerEnd, end)
}
