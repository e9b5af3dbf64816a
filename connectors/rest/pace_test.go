package rest_test

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/rest"
)

func TestLimitsAreKept(t *testing.T) {
	virtual(t, func(t *testing.T) {
		var now, most atomic.Int64
		s := &system{answer: always(func() (*http.Response, error) {
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
			}
			time.Sleep(time.Second)
			now.Add(-1)
			return says(200, "{}"), nil
		})}
		c := client(t, s, func(cfg *rest.Config, _ *connectors.Env) {
			cfg.Limits = connectors.Limits{PerSecond: 4, Burst: 3, Parallel: 5}
		})
		var all sync.WaitGroup
		for range 40 {
			all.Go(func() {
				if _, err := c.Do(t.Context(), rest.Request{}, nil); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if most.Load() > 5 {
			t.Errorf("%d at a time", most.Load())
		}
		if took := s.at[39].Sub(s.at[0]); took > 11*time.Second {
			t.Errorf("40 requests at 4 a second took %s", took)
		}
		for i := range s.at {
			n := 0
			for _, at := range s.at[i:] {
				if at.Sub(s.at[i]) < time.Second {
					n++
				}
			}
			if n > 4+3-1 {
				t.Errorf("%d within a second from request %d", n, i)
			}
		}
	})
}

// When the system asks for a pause, every request of the connection keeps it.
func TestAPauseIsForAll(t *testing.T) {
	for name, header := range map[string]func() string{
		"seconds": func() string { return "20" },
		"date":    func() string { return time.Now().Add(20 * time.Second).UTC().Format(http.TimeFormat) },
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				s := &system{answer: func(n int, _ *http.Request) (*http.Response, error) {
					if n == 1 {
						return says(429, "", "Retry-After", header()), nil
					}
					return says(200, "{}"), nil
				}}
				c := client(t, s, nil)
				start := time.Now()
				var all sync.WaitGroup
				for i := range 3 {
					all.Go(func() {
						time.Sleep(time.Duration(i) * time.Second)
						if _, err := c.Do(t.Context(), rest.Request{}, nil); err != nil {
							t.Error(err)
						}
					})
				}
				all.Wait()
				if s.count() != 4 || s.at[1].Sub(start) < 20*time.Second || time.Since(start) > 25*time.Second {
					t.Errorf("asked %d times, again after %s, done after %s", s.count(), s.at[1].Sub(start), time.Since(start))
				}
			})
		})
	}
}

func TestALongPauseIsNotWaitedFor(t *testing.T) {
	virtual(t, func(t *testing.T) {
		s := &system{answer: always(func() (*http.Response, error) { return says(429, "", "Retry-After", "3600"), nil })}
		c := client(t, s, nil)
		start := time.Now()
		for range 2 { // the second is not even sent
			_, err := c.Do(t.Context(), rest.Request{}, nil)
			e, _ := err.(*connectors.Error)
			if e == nil || e.Class != connectors.RateLimited || e.After != time.Hour || s.count() != 1 || time.Since(start) != 0 {
				t.Errorf("%+v after %s and %d requests", err, time.Since(start), s.count())
			}
		}
	})
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		name, value, date string
		want              time.Duration
		ok                bool
	}{
		{"Retry-After", "120", "", 2 * time.Minute, true},
		{"Retry-After", " 1.5 ", "", 1500 * time.Millisecond, true},
		{"Retry-After", "0", "", 0, true},
		{"Retry-After", "-5", "", 0, false},
		{"Retry-After", "soon", "", 0, false},
		{"Retry-After", "NaN", "", 0, false},
		{"Retry-After", "99999999999999999999", "", 365 * 24 * time.Hour, true},
		{"Retry-After", "Sat, 21 Nov 2026 12:00:30 GMT", "", 30 * time.Second, true},
		{"Retry-After", "Saturday, 21-Nov-26 12:00:30 GMT", "", 30 * time.Second, true},
		{"Retry-After", "Sat Nov 21 12:00:30 2026", "", 30 * time.Second, true},
		{"Retry-After", "Sat, 21 Nov 2026 13:00:30 +0100", "", 30 * time.Second, true},
		{"Retry-After", "2026-11-21T12:00:30Z", "", 30 * time.Second, true},
		{"Retry-After", "Sat, 21 Nov 2026 11:00:00 GMT", "", 0, true},
		{"Retry-After", "Sat, 21 Nov 2026 15:00:30 GMT", "Sat, 21 Nov 2026 15:00:00 GMT", 30 * time.Second, true}, // their clock is three hours ahead
		{"Retry-After-Ms", "250", "", 250 * time.Millisecond, true},
		{"RateLimit", `"default";r=0;t=30`, "", 30 * time.Second, true},
		{"RateLimit", "limit=10, remaining=0, reset=5", "", 0, false},
		{"X-RateLimit-Reset", fmt.Sprint(now.Unix() + 40), "", 40 * time.Second, true},
		{"X-RateLimit-Reset", fmt.Sprint(now.UnixMilli() + 40000), "", 40 * time.Second, true},
		{"X-RateLimit-Reset", "40", "", 40 * time.Second, true},
		{"X-RateLimit-Reset", "2026-11-21 12:00:40", "", 40 * time.Second, true},
		{"RateLimit-Reset", "7", "", 7 * time.Second, true},
		{"X-Other", "7", "", 0, false},
	} {
		h := http.Header{}
		h.Set(tc.name, tc.value)
		if tc.date != "" {
			h.Set("Date", tc.date)
		}
		if got, ok := rest.RetryAfter(h, now); got != tc.want || ok != tc.ok {
			t.Errorf("%s: %s gave %s %v, want %s %v", tc.name, tc.value, got, ok, tc.want, tc.ok)
		}
	}
}

// Whatever a header says, the wait is bounded and not negative; whole seconds are taken as they are.
func TestRetryAfterIsBounded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "now"), 0)
		n := rapid.IntRange(0, 86400).Draw(t, "seconds")
		if d, ok := rest.RetryAfter(http.Header{"Retry-After": {fmt.Sprint(n)}}, now); !ok || d != time.Duration(n)*time.Second {
			t.Fatalf("%d seconds gave %s", n, d)
		}
		if d, ok := rest.RetryAfter(http.Header{"Retry-After": {now.Add(time.Duration(n) * time.Second).UTC().Format(http.TimeFormat)}}, now); !ok || d != time.Duration(n)*time.Second {
			t.Fatalf("a date in %d seconds gave %s", n, d)
		}
	})
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("Retry-After", "Sat, 21 Nov 2026 12:00:30 GMT", "")
	f.Add("RateLimit", `"default";r=0;t=30`, "Sat, 21 Nov 2026 12:00:30 GMT")
	f.Add("X-RateLimit-Reset", "1e308", "x")
	f.Fuzz(func(t *testing.T, name, value, date string) {
		h := http.Header{}
		h.Set(name, value)
		h.Set("Date", date)
		if d, ok := rest.RetryAfter(h, time.Unix(1.7e9, 0)); d < 0 || !ok && d != 0 {
			t.Errorf("%q: %q gave %s %v", name, value, d, ok)
		}
	})
}

func TestA403ThatCountsToNoneIsALimit(t *testing.T) {
	virtual(t, func(t *testing.T) {
		s := &system{answer: func(n int, _ *http.Request) (*http.Response, error) {
			if n == 1 {
				return says(403, "", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", fmt.Sprint(time.Now().Unix()+30)), nil
			}
			return says(200, "{}"), nil
		}}
		start := time.Now()
		if _, err := client(t, s, nil).Do(t.Context(), rest.Request{}, nil); err != nil || time.Since(start) < 30*time.Second {
			t.Errorf("%v after %s", err, time.Since(start))
		}
	})
}
