package rest

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// body is the innermost link: it sends one request and reads its answer to the end, so that whatever
// is above has either all of it or an error.
type body struct {
	next    http.RoundTripper
	timeout time.Duration
	max     int64
	words   words
}

func (b *body) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(req.Context(), b.timeout)
	defer cancel()
	var asked, got atomic.Bool
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { got.Store(true) },
	})
	read := isRead(req)
	r := req.Clone(traced)
	if r.Header.Get("Accept-Encoding") == "" {
		r.Header.Set("Accept-Encoding", "gzip") // set by us, net/http leaves it packed, and the size is ours to bound
	}
	if !read {
		r.GetBody = nil // without it net/http cannot send a write again by itself
	}
	resp, err := b.next.RoundTrip(r)
	if err == nil {
		var out []byte
		out, err = b.read(req, resp)
		if err == nil {
			h := resp.Header.Clone()
			h.Del("Content-Encoding")
			h.Set("Content-Length", strconv.Itoa(len(out)))
			return whole(req, Answer{Status: resp.StatusCode, Header: h, Body: out}), nil
		}
		return nil, b.words.wire(req.Context(), err, read, true, b.timeout)
	}
	sent := !early(err) && (!asked.Load() || got.Load())
	return nil, b.words.wire(req.Context(), err, read, sent, b.timeout)
}

// read reads a body, at most max bytes when unpacked.
func (b *body) read(req *http.Request, resp *http.Response) ([]byte, error) {
	defer resp.Body.Close()
	if req.Method == http.MethodHead || resp.StatusCode == http.StatusNoContent || resp.StatusCode == http.StatusNotModified {
		return nil, nil
	}
	packed := &counted{r: resp.Body}
	var in io.Reader = packed
	switch enc := strings.ToLower(strings.TrimSpace(resp.Header.Get("Content-Encoding"))); enc {
	case "", "identity":
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(packed)
		switch {
		case errors.Is(err, io.EOF) && packed.n == 0:
			return nil, nil // nothing at all, packed
		case err != nil:
			return nil, fmt.Errorf("gzip: %w", err)
		}
		in = z
	default:
		return nil, fmt.Errorf("the encoding %q was not asked for", enc)
	}
	var out bytes.Buffer
	if n := resp.ContentLength; n > 0 && n <= b.max {
		out.Grow(int(min(n, 1<<20)))
	}
	if _, err := io.Copy(&out, io.LimitReader(in, b.max+1)); err != nil {
		return nil, err
	}
	if int64(out.Len()) > b.max {
		return nil, ErrTooLong
	}
	if resp.ContentLength > 0 && packed.n < resp.ContentLength {
		return nil, io.ErrUnexpectedEOF
	}
	return out.Bytes(), nil
}

type counted struct {
	r io.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// network is the transport under the chain where Env hands in none.
func network(dial func(ctx context.Context, network, address string) (net.Conn, error), parallel int) *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DisableCompression = true
	t.MaxIdleConnsPerHost = max(parallel, 2)
	t.MaxResponseHeaderBytes = 1 << 20
	if dial != nil {
		t.DialContext = dial
	}
	return t
}
