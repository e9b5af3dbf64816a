package servers

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"
)

// Door stands before an HTTP server and can do something in the middle of a conversation: kill the
// server, say.
type Door struct {
	URL    string
	server *http.Server

	mu    sync.Mutex
	left  int
	do    func()
	asked int
}

// OpenDoor opens a door before the server at an address.
func OpenDoor(before string) (*Door, error) {
	target, err := url.Parse(before)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	d := &Door{URL: fmt.Sprintf("http://%s%s", l.Addr(), target.Path)}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = target.Scheme, target.Host, target.Host
		},
		// What a client sees of a server that died is a connection that ends.
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	d.server = &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.count()
		proxy.ServeHTTP(w, r)
	})}
	go func() { _ = d.server.Serve(l) }() // ends with Close
	return d, nil
}

// After has something done before the n-th request from now on is handed over.
func (d *Door) After(n int, do func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.left, d.do = n, do
}

// Asked is how many requests went through.
func (d *Door) Asked() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.asked
}

func (d *Door) count() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked++
	if d.left > 0 {
		if d.left--; d.left == 0 {
			d.do()
		}
	}
}

// Stop closes it.
func (d *Door) Stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := d.server.Shutdown(ctx); err != nil {
		return d.server.Close()
	}
	return nil
}
