package api

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"
)

// Options are shared by Handler, Client and Connect; the zero value works.
type Options struct {
	// Version of the protocol; both sides must have the same. Default "1".
	Version string
	// Codec carries domain errors.
	Codec Codec
	// MaxRequest and MaxResponse bound the JSON bodies, in bytes. Defaults: 64 MiB, 1 GiB.
	MaxRequest, MaxResponse int64
	// Log hears of panics and of trouble that no caller can be told. Default: nothing.
	Log *slog.Logger

	// Hosts are the names under which a Handler answers. Default: "kept", the
	// name used over the unix socket.
	Hosts []string
	// Token, if set, must come as a bearer token with each request.
	Token string

	// Actor of calls whose context names none. Default: Login().
	Actor string
	// Patience is how long a caller waits while nobody answers. Default 10 s.
	Patience time.Duration
	// Sleep waits or returns the context's error. Default: a timer.
	Sleep func(context.Context, time.Duration) error

	// Folder of the socket. Default: the user's runtime folder. It needs the
	// same owner as the process and is made with mode 0700.
	Folder string
	// Resident says that this process stays: it runs long work for others and
	// is never asked to drain.
	Resident bool
	// Work names what an exclusive session does, for those who wait: "import shop.csv".
	Work string
	// Drain bounds how long a closing holder waits for calls in flight before
	// it cancels them. Default 30 s.
	Drain time.Duration
	// Waiting hears why Connect or a call waits: once per reason and holder.
	// It is called from the waiting goroutine.
	Waiting func(Wait)
}

// Wait tells why a caller waits.
type Wait struct {
	Code string // CodeBusy: exclusive work goes on; CodeDraining: the holder ends; CodeLocked: nobody answers
	PID  int    // of the holder, 0 where unknown
	Work string // what the holder does, if it told
}

func (o Options) filled() Options {
	if o.Version == "" {
		o.Version = "1"
	}
	if o.MaxRequest <= 0 {
		o.MaxRequest = 64 << 20
	}
	if o.MaxResponse <= 0 {
		o.MaxResponse = 1 << 30
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if len(o.Hosts) == 0 {
		o.Hosts = []string{socketHost}
	}
	if o.Patience <= 0 {
		o.Patience = 10 * time.Second
	}
	if o.Drain <= 0 {
		o.Drain = 30 * time.Second
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	return o
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// backoff grows from 2 ms to 100 ms with jitter, so that many waiting processes
// do not all come back at the same moment.
type backoff struct {
	next   time.Duration
	waited time.Duration
}

func (b *backoff) step() time.Duration {
	const first, last = 2 * time.Millisecond, 100 * time.Millisecond
	b.next = min(max(first, b.next*8/5), last)
	d := b.next/2 + rand.N(b.next/2+1)
	b.waited += d
	return d
}
