package rest

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// RetryAfter reads how long a system asks us to wait, in whichever way it says so: Retry-After in
// seconds (also 1.5) or as a date in any of HTTP's forms, Retry-After-Ms, the draft header RateLimit
// ("default";r=0;t=30), and X-RateLimit-Reset and its kin as seconds from now, as seconds or
// milliseconds since 1970, or as a date. A date is held against the answer's own Date, so that a
// clock that goes wrong does no harm; against now where there is none. False where nothing is said.
// It is never negative.
func RetryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	if d, err := http.ParseTime(h.Get("Date")); err == nil {
		now = d
	}
	for _, name := range []string{"Retry-After-Ms", "X-Retry-After-Ms"} {
		if ms, err := strconv.ParseFloat(strings.TrimSpace(h.Get(name)), 64); err == nil && ms >= 0 {
			return seconds(ms / 1000), true
		}
	}
	if d, ok := moment(h.Get("Retry-After"), now, false); ok {
		return d, true
	}
	for _, part := range strings.FieldsFunc(h.Get("RateLimit"), func(r rune) bool { return r == ';' || r == ',' }) {
		if t, ok := strings.CutPrefix(strings.TrimSpace(part), "t="); ok {
			if d, ok := moment(t, now, false); ok {
				return d, true
			}
		}
	}
	for _, name := range []string{"RateLimit-Reset", "X-RateLimit-Reset", "X-Rate-Limit-Reset", "X-RateLimit-Retry-After"} {
		if d, ok := moment(h.Get(name), now, true); ok {
			return d, true
		}
	}
	return 0, false
}

// moment reads seconds from now or a date; where epoch, also a large number as time since 1970.
func moment(s string, now time.Time, epoch bool) (time.Duration, bool) {
	s = strings.TrimSpace(s)
	if s == "" {
		return 0, false
	}
	if n, err := strconv.ParseFloat(s, 64); err == nil {
		switch {
		case math.IsNaN(n) || n < 0:
			return 0, false
		case epoch && n > 1e11: // milliseconds; in seconds it would be the year 5138
			return until(time.UnixMilli(int64(min(n, 1e15))), now)
		case epoch && n > 1e8: // three years is no wait
			return until(time.Unix(int64(n), 0), now)
		}
		return seconds(n), true
	}
	if t, err := http.ParseTime(s); err == nil {
		return until(t, now)
	}
	for _, layout := range []string{time.RFC1123Z, "Mon, 2 Jan 2006 15:04:05 GMT", "Mon, 2 Jan 2006 15:04:05 -0700", time.RFC1123, time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return until(t, now)
		}
	}
	return 0, false
}

func until(t, now time.Time) (time.Duration, bool) {
	if now.IsZero() {
		return 0, false
	}
	return max(t.Sub(now), 0), true
}

// seconds bounds what a header may ask to a year.
func seconds(n float64) time.Duration {
	return time.Duration(min(n, 365*24*3600) * float64(time.Second))
}

// limited says whether a refusal other than 429 is one of rate: a 403 or 503 that counts to none.
func limited(a Answer) bool {
	if a.Status != http.StatusForbidden {
		return false
	}
	for _, name := range []string{"X-RateLimit-Remaining", "RateLimit-Remaining", "X-Rate-Limit-Remaining"} {
		if strings.TrimSpace(a.Header.Get(name)) == "0" {
			return true
		}
	}
	return a.Header.Get("Retry-After") != ""
}
