package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// cutter is a server that breaks the connection for the first cuts requests,
// after the handler ran (late) or before.
func cutter(t *testing.T, table any, cuts int, late bool) (addr string, ids func() []string) {
	t.Helper()
	h := Handler(table, Options{Hosts: []string{"127.0.0.1"}})
	var mu sync.Mutex
	var seen []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		seen = append(seen, r.Header.Get("Kept-Request"))
		cut := len(seen) <= cuts
		mu.Unlock()
		if !cut {
			h.ServeHTTP(w, r)
			return
		}
		if late {
			h.ServeHTTP(httptest.NewRecorder(), r)
		}
		panic(http.ErrAbortHandler)
	}))
	srv.Config.ErrorLog = nil
	t.Cleanup(srv.Close)
	return srv.Listener.Addr().String(), func() []string {
		mu.Lock()
		defer mu.Unlock()
		return append([]string{}, seen...)
	}
}

// quick replaces waiting by remembering how long it would have been.
func quick(total *time.Duration) func(context.Context, time.Duration) error {
	return func(ctx context.Context, d time.Duration) error {
		*total += d
		return ctx.Err()
	}
}

func TestBrokenConnectionRepeatsTheSameRequest(t *testing.T) {
	t.Parallel()
	for _, late := range []bool{false, true} {
		var waited time.Duration
		addr, ids := cutter(t, echoTable(), 3, late)
		c := Client[echo](TCP(addr, ""), Options{Sleep: quick(&waited)})
		got, err := c.Who(t.Context(), struct{}{})
		if err != nil {
			t.Fatal(err)
		}
		seen := ids()
		if len(seen) != 4 {
			t.Fatalf("%d tries, want 4", len(seen))
		}
		for _, id := range seen {
			if id != seen[0] || id != got.Names[0] || id == "" {
				t.Errorf("tries with the IDs %q", seen)
			}
		}
	}
}

func TestAPoisonedCallEnds(t *testing.T) {
	t.Parallel()
	var waited time.Duration
	addr, ids := cutter(t, echoTable(), 1000, false)
	c := Client[echo](TCP(addr, ""), Options{Sleep: quick(&waited), Patience: time.Hour})
	if _, err := c.Who(t.Context(), struct{}{}); err == nil || err.(CodedError).ErrorCode() != CodeUnreachable {
		t.Errorf("got %v", err)
	}
	if n := len(ids()); n != maxBreaks+1 {
		t.Errorf("%d tries", n)
	}
}

func TestLongWorkIsNeverRepeatedBlindly(t *testing.T) {
	t.Parallel()
	addr, ids := cutter(t, echoTable(), 1, true)
	c := Client[echo](TCP(addr, ""), Options{})
	if _, err := c.Long(t.Context(), thing{}); err == nil || err.(CodedError).ErrorCode() != CodeInterrupted {
		t.Errorf("got %v", err)
	}
	if n := len(ids()); n != 1 {
		t.Errorf("%d tries", n)
	}
}

func TestStreamIsRepeatedOnlyBeforeItsFirstByte(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	addr, _ := cutter(t, echoTable(), 1, false)
	c := Client[echo](TCP(addr, ""), Options{})
	if err := c.Stream(t.Context(), thing{Names: []string{"a", "b"}}, &out); err != nil || out.String() != "ab" {
		t.Errorf("got %q, %v", out.String(), err)
	}

	// Half a stream, with and without the end of the chunks: both are broken.
	for _, abort := range []bool{false, true} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "half")
			http.NewResponseController(w).Flush()
			if abort {
				panic(http.ErrAbortHandler)
			}
		}))
		out.Reset()
		err := Client[echo](TCP(srv.Listener.Addr().String(), ""), Options{}).Stream(t.Context(), thing{}, &out)
		if err == nil || err.(CodedError).ErrorCode() != CodeInterrupted || out.String() != "half" {
			t.Errorf("got %q, %v", out.String(), err)
		}
		srv.Close()
	}
}

type fullDisk struct{}

var errFull = errors.New("the disk is full")

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func TestOwnWritersErrorEndsTheStream(t *testing.T) {
	t.Parallel()
	c, _ := overTCP(t, echoTable(), Options{})
	if err := c.Stream(t.Context(), thing{Names: []string{"a"}}, fullDisk{}); !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
}

func TestCancellationReachesTheServer(t *testing.T) {
	t.Parallel()
	began, ended := make(chan struct{}), make(chan error, 1)
	table := echoTable()
	table.Wait = func(ctx context.Context, _ string) (thing, error) {
		close(began)
		<-ctx.Done()
		ended <- ctx.Err()
		return thing{}, ctx.Err()
	}
	c, _ := overTCP(t, table, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-began
		cancel()
	}()
	if _, err := c.Wait(ctx, "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the server's call ended with %v", err)
	}
}

func TestNobodyThereIsToldAfterPatience(t *testing.T) {
	t.Parallel()
	const addr = "127.0.0.1:1"
	var waited time.Duration
	c := Client[echo](TCP(addr, ""), Options{Patience: time.Second, Sleep: quick(&waited)})
	_, err := c.Long(t.Context(), thing{})
	if err == nil || err.(CodedError).ErrorCode() != CodeUnreachable {
		t.Errorf("got %v", err)
	}
	if waited < time.Second || waited > 1200*time.Millisecond {
		t.Errorf("waited %s", waited)
	}
}

func TestClientPassesOwnErrorsThroughTheCodec(t *testing.T) {
	t.Parallel()
	seen := errors.New("the domain's")
	c := Client[echo](TCP("127.0.0.1:1", ""), Options{MaxRequest: 1, Codec: Codec{Decode: func(f Fault) error {
		if f.Code == CodeTooLarge {
			return seen
		}
		return nil
	}}})
	if _, err := c.Echo(t.Context(), thing{}); !errors.Is(err, seen) {
		t.Errorf("got %v", err)
	}
}

func TestLoopbackIsTheDefault(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{":70": "127.0.0.1:70", "70": "127.0.0.1:70", "[::1]:70": "[::1]:70", "10.0.0.1:70": "10.0.0.1:70"} {
		if got := Loopback(in); got != want {
			t.Errorf("%s is %s, want %s", in, got, want)
		}
	}
}
