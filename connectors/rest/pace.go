package rest

import (
	"fmt"
	"math"
	"net/http"
	"sync"
	"time"

	"github.com/keptcrm/kept/connectors"
)

// pace lets requests through at the connection's rate: PerSecond with bursts of Burst, at most
// Parallel at a time. When the system asks for a pause all requests of the connection wait.
type pace struct {
	next  http.RoundTripper
	env   connectors.Env
	words words
	most  time.Duration // the longest pause that is waited for

	slots chan struct{} // nil: no bound
	every time.Duration // between two requests; 0: no bound
	burst time.Duration // how far ahead of the rate requests may run

	mu   sync.Mutex
	free time.Time // when the next request would be due, at the bare rate
	hold time.Time // until when the system asked for a pause
}

func newPace(l connectors.Limits, env connectors.Env, w words, most time.Duration, next http.RoundTripper) *pace {
	p := &pace{next: next, env: env, words: w, most: most}
	if l.Parallel > 0 {
		p.slots = make(chan struct{}, l.Parallel)
	}
	if l.PerSecond > 0 && !math.IsInf(l.PerSecond, 0) {
		p.every = time.Duration(float64(time.Second) / l.PerSecond)
		p.burst = time.Duration(max(l.Burst, 1)-1) * p.every
	}
	return p
}

func (p *pace) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	if p.slots != nil {
		select {
		case p.slots <- struct{}{}:
			defer func() { <-p.slots }()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	for {
		wait, held := p.due()
		if held && wait > p.most {
			e := p.words.error(connectors.RateLimited, fmt.Sprintf("%s asked us to wait; it can be asked again in %s", p.words.system, span(wait)), nil)
			e.After = wait
			return nil, e
		}
		if wait <= 0 {
			break
		}
		if err := p.env.Sleep(ctx, wait); err != nil {
			return nil, err
		}
		if !held {
			break // the place in the row was taken by due
		}
	}
	resp, err := p.next.RoundTrip(req)
	if err == nil && (resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable || limited(Answer{Status: resp.StatusCode, Header: resp.Header})) {
		now := p.env.Now()
		if after, ok := RetryAfter(resp.Header, now); ok {
			p.mu.Lock()
			if until := now.Add(after); until.After(p.hold) {
				p.hold = until
			}
			p.mu.Unlock()
		}
	}
	return resp, err
}

// due takes the next place in the row and says how long until then; or, without taking one, how
// long the system wants to be left alone.
func (p *pace) due() (wait time.Duration, held bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.env.Now()
	if p.hold.After(now) {
		return p.hold.Sub(now), true
	}
	if p.every == 0 {
		return 0, false
	}
	if p.free.Before(now) {
		p.free = now
	}
	wait = p.free.Sub(now) - p.burst
	p.free = p.free.Add(p.every)
	return max(wait, 0), false
}
