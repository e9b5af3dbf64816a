package rest

import (
	"errors"
	"net/http"
	"time"

	"github.com/keptcrm/kept/connectors"
)

// Retry says how reads are tried again. Writes never are: whether a write may be repeated is for
// the engine to decide.
type Retry struct {
	Tries   int           // in all; 0: 4; 1: no second
	First   time.Duration // before the second try, doubled for each further; 0: 500 ms
	Longest time.Duration // between two tries; 0: 30 s
	MaxWait time.Duration // the longest wait that a system may ask of us; beyond it the call ends as RateLimited; 0: 90 s
}

func (r Retry) filled() Retry {
	if r.Tries <= 0 {
		r.Tries = 4
	}
	if r.First <= 0 {
		r.First = 500 * time.Millisecond
	}
	if r.Longest <= 0 {
		r.Longest = 30 * time.Second
	}
	if r.MaxWait <= 0 {
		r.MaxWait = 90 * time.Second
	}
	return r
}

// pause is how long to wait before a try: exponential, its upper half by chance, so that many
// clients that failed together do not come back together.
func (r Retry) pause(try int, random float64) time.Duration {
	d := r.Longest
	if shift := try - 1; shift < 20 {
		d = min(r.First<<shift, r.Longest)
	}
	return d/2 + time.Duration(random*float64(d/2))
}

// retry tries reads again.
type retry struct {
	next   http.RoundTripper
	policy Retry
	env    connectors.Env
	words  words
}

func (t *retry) RoundTrip(req *http.Request) (*http.Response, error) {
	sent, err := taken(req)
	if err != nil {
		return nil, t.words.error(connectors.Invalid, "the request could not be read", err)
	}
	read := isRead(req)
	for try := 1; ; try++ {
		resp, err := t.next.RoundTrip(again(req, sent))
		wait, more := t.wait(resp, err, try)
		if !read || !more || try >= t.policy.Tries {
			return resp, err
		}
		if resp != nil {
			resp.Body.Close()
		}
		t.env.Log.InfoContext(req.Context(), "trying again", "method", req.Method, "host", req.URL.Host, "try", try+1, "after", wait)
		if err := t.env.Sleep(req.Context(), wait); err != nil {
			return nil, err
		}
	}
}

// wait says whether a try is worth another, and when.
func (t *retry) wait(resp *http.Response, err error, try int) (time.Duration, bool) {
	pause := t.policy.pause(try, t.env.Random())
	if err != nil {
		var e *connectors.Error
		if !errors.As(err, &e) || errors.Is(err, errPage) || noHost(err) {
			return 0, false
		}
		return pause, e.Class == connectors.Transient
	}
	a := Answer{Status: resp.StatusCode, Header: resp.Header}
	var told time.Duration
	switch s := a.Status; {
	case s == http.StatusTooManyRequests, limited(a), s == http.StatusServiceUnavailable:
		told, _ = RetryAfter(a.Header, t.env.Now())
	case s == http.StatusRequestTimeout, s == http.StatusTooEarly, s >= 500 && s != http.StatusNotImplemented && s != http.StatusHTTPVersionNotSupported:
	default:
		return 0, false
	}
	if told > t.policy.MaxWait {
		return 0, false
	}
	// a little later than told: clocks differ, and many were told the same
	return max(told+pause/4, pause), true
}
