package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"reflect"
	"sync/atomic"
)

// socketHost is the Host over the unix socket, where no name is meant.
const socketHost = "kept"

// Transport says where the server is.
type Transport struct {
	host  string
	token string
	dial  func(context.Context) (net.Conn, error)
}

// Unix reaches a server at a unix socket.
func Unix(path string) Transport {
	return Transport{host: socketHost, dial: func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}}
}

// TCP reaches a server at host:port with its token. An empty host is this
// machine. The connection is not encrypted: for another machine put both ends
// behind a tunnel or a TLS proxy.
func TCP(addr, token string) Transport {
	addr = Loopback(addr)
	return Transport{host: addr, token: token, dial: func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", addr)
	}}
}

// Loopback completes an address without a host, ":7070" or "7070", to one that
// only this machine can reach.
func Loopback(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		host, port = "", addr
	}
	if host == "" {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// Client fills a table with funcs that call the server. Reads, and writes with
// the same request ID, are repeated while the connection breaks; long work only
// if it never arrived. It panics if the table's shape is wrong.
func Client[T any](t Transport, o Options) T {
	o = o.filled()
	methods, err := Describe[T]()
	if err != nil {
		panic(err)
	}
	c := newWire(t, o)
	return fill[T](methods, func(ctx context.Context, m *Method, in reflect.Value, w io.Writer) (reflect.Value, error) {
		return repeat(ctx, o, m, w, func(ctx context.Context, w io.Writer) (reflect.Value, outcome, error) {
			return c.call(ctx, m, in, w)
		})
	})
}

// outcome says what may follow a call that gave an error.
type outcome int

const (
	done       outcome = iota // the answer is final
	gone                      // it did not run: ask again
	broken                    // it may have run: ask again with the same ID
	shortLived                // long work was refused: take the lock
)

// maxBreaks bounds how often one call is repeated after it was sent: a call
// that kills each of its holders must end.
const maxBreaks = 25

// repeat makes one call until its outcome is final. All tries have one request ID.
func repeat(ctx context.Context, o Options, m *Method, w io.Writer,
	once func(context.Context, io.Writer) (reflect.Value, outcome, error)) (reflect.Value, error) {
	ctx, _ = complete(ctx, o.Actor)
	counted := &counter{w: w}
	var wait backoff
	for breaks := 0; ; {
		out, end, err := once(ctx, counted)
		if end == broken {
			switch {
			case m.Kind == Long, m.Kind == Stream && counted.n > 0:
				e := newError(CodeInterrupted, "the connection to the running kept broke; look at what was done before you start it again")
				e.Cause = err
				return out, o.Codec.own(e)
			case breaks == maxBreaks:
				e := newError(CodeUnreachable, "the connection to the running kept broke again and again")
				e.Cause = err
				return out, o.Codec.own(e)
			}
			breaks++
		}
		if end == done {
			return out, err
		}
		if ctx.Err() != nil {
			return out, ctx.Err()
		}
		if wait.waited >= o.Patience {
			return out, err
		}
		if err := o.Sleep(ctx, wait.step()); err != nil {
			return out, err
		}
	}
}

// counter tells whether a stream has begun.
type counter struct {
	w io.Writer
	n int64
	// err is the writer's own, which no repetition heals.
	err error
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	if err != nil {
		c.err = err
	}
	return n, err
}

// wire calls one server.
type wire struct {
	t  Transport
	o  Options
	rt *http.Transport
}

func newWire(t Transport, o Options) *wire {
	return &wire{t: t, o: o, rt: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return t.dial(ctx) },
		// One connection per call costs some 50 µs on a unix socket and spares us
		// the doubt whether a request on an old connection ever arrived.
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: 1 << 20,
	}}
}

func (c *wire) post(ctx context.Context, path string, body []byte) (*http.Response, bool, error) {
	var sent atomic.Bool
	asked := ctx.Value(progressKey{}) != nil
	told := ctx
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { sent.Store(true) },
		Got1xxResponse: func(_ int, header textproto.MIMEHeader) error { hear(told, header); return nil }})
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+c.t.host+path, bytes.NewReader(body))
	if err != nil {
		return nil, false, newError(CodeUnreachable, "%q is not an address", c.t.host)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "kept/"+c.o.Version)
	r.Header.Set(headerVersion, c.o.Version)
	if c.t.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.t.token)
	}
	if asked {
		r.Header.Set(headerProgress, "1")
	}
	if req := RequestFrom(ctx); req.ID != "" {
		r.Header.Set(headerRequest, req.ID)
		r.Header.Set(headerActor, url.PathEscape(req.Actor))
		if req.Zone != "" {
			r.Header.Set(headerZone, url.PathEscape(req.Zone))
		}
		if req.ZoneAsked {
			r.Header.Set(headerZoneAsked, "1")
		}
		if req.Chat != "" {
			r.Header.Set(headerChat, url.PathEscape(req.Chat))
		}
	}
	// The RoundTripper itself: no redirects, no cookies.
	resp, err := c.rt.RoundTrip(r)
	return resp, sent.Load(), err
}

// call makes one try.
func (c *wire) call(ctx context.Context, m *Method, in reflect.Value, w io.Writer) (reflect.Value, outcome, error) {
	var none reflect.Value
	body, err := json.Marshal(in.Interface())
	if err != nil {
		return none, done, c.o.Codec.own(newError(CodeBadRequest, "the request for %q cannot be written as JSON: %v", m.Name, err))
	}
	if int64(len(body)) > c.o.MaxRequest {
		return none, done, c.o.Codec.own(tooLarge("request", c.o.MaxRequest))
	}
	resp, sent, err := c.post(ctx, pathMethod+m.Name, body)
	if err != nil {
		if ctx.Err() != nil {
			return none, done, ctx.Err()
		}
		e := newError(CodeUnreachable, "nobody answers at %s; is the other kept running?", c.t.host)
		e.Cause = err
		if sent {
			return none, broken, c.o.Codec.own(e)
		}
		return none, gone, c.o.Codec.own(e)
	}
	defer resp.Body.Close()
	lost := func(err error) (reflect.Value, outcome, error) {
		if ctx.Err() != nil {
			return none, done, ctx.Err()
		}
		e := newError(CodeUnreachable, "the answer broke off")
		e.Cause = err
		return none, broken, c.o.Codec.own(e)
	}
	if resp.StatusCode != http.StatusOK {
		f, err := readFault(resp)
		if err != nil {
			return lost(err)
		}
		end := done
		switch f.Code {
		case CodeDraining:
			end = gone
		case CodeShortLived:
			end = shortLived
		}
		return none, end, c.o.Codec.decode(f)
	}
	if m.Kind == Stream {
		return c.stream(ctx, resp, w, lost)
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, c.o.MaxResponse+1))
	if err != nil {
		return lost(err)
	}
	if int64(len(raw)) > c.o.MaxResponse {
		return none, done, c.o.Codec.own(tooLarge("answer", c.o.MaxResponse))
	}
	out := reflect.New(m.Out)
	if err := json.Unmarshal(raw, out.Interface()); err != nil {
		e := newError(CodeVersion, "the answer of %q cannot be read; is the running kept another version? Restart it", m.Name)
		e.Cause = err
		return none, done, c.o.Codec.own(e)
	}
	return out.Elem(), done, nil
}

func (c *wire) stream(ctx context.Context, resp *http.Response, w io.Writer,
	lost func(error) (reflect.Value, outcome, error)) (reflect.Value, outcome, error) {
	var none reflect.Value
	_, err := io.Copy(w, resp.Body)
	if cw, ok := w.(*counter); ok && cw.err != nil {
		return none, done, cw.err
	}
	if err != nil {
		return lost(err)
	}
	switch end := resp.Trailer.Get(trailerEnd); end {
	case "ok":
		return none, done, nil
	case "":
		return lost(io.ErrUnexpectedEOF)
	default:
		var f Fault
		if err := json.Unmarshal([]byte(end), &f); err != nil {
			return lost(err)
		}
		return none, done, c.o.Codec.decode(f)
	}
}

// readFault reads the error of an answer; what is no fault of ours (some other
// server at that address) is told as such.
func readFault(resp *http.Response) (Fault, error) {
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 8<<20))
	if err != nil {
		return Fault{}, err
	}
	var f Fault
	if json.Unmarshal(raw, &f) != nil || f.Code == "" || resp.Header.Get(headerVersion) == "" {
		return Fault{Code: CodeUnreachable, Message: "what answers at this address is not kept (HTTP " + resp.Status + ")"}, nil
	}
	return f, nil
}

// hello asks who is there.
func (c *wire) hello(ctx context.Context) (Info, error) {
	resp, _, err := c.post(ctx, pathHello, nil)
	if err != nil {
		return Info{}, err
	}
	defer resp.Body.Close()
	var info Info
	if resp.StatusCode != http.StatusOK {
		return info, errors.New(resp.Status)
	}
	return info, json.NewDecoder(io.LimitReader(resp.Body, 64<<10)).Decode(&info)
}

// drain asks the holder to finish. A nil fault means that it does, or is gone.
func (c *wire) drain(ctx context.Context) *Fault {
	resp, _, err := c.post(ctx, pathDrain, nil)
	if err != nil {
		return nil
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	if f, err := readFault(resp); err == nil {
		return &f
	}
	return nil
}
