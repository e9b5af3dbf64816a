// Package serve is the long-running process: it runs jobs by their schedules, follows the news that
// connections tell, answers webhooks, and tells how it all goes. What jobs there are, and what a
// connection is, it is handed by cmd.
package serve

import (
	"hash/fnv"
	"math/bits"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// Schedule says when a job runs, in a zone: five fields as in cron ("*/15 * * * *"), "@daily" and its
// like, or "@every 5m".
//
// Where clocks change, a job with fixed hours runs once on each local day: a time that does not exist
// is the first moment after the gap, and of a time that comes twice only the first counts. A job of
// every hour goes on by real time.
type Schedule struct {
	spec   string
	loc    *time.Location
	fields *cron.SpecSchedule // nil: every
	every  time.Duration
	shift  time.Duration
}

// shortest is how often a job may run at most.
const shortest = 10 * time.Second

var parser = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)

// ParseSchedule reads a schedule; ok is false where it is none, or one that never comes. A zone is not
// part of it: "CRON_TZ=" is refused.
func ParseSchedule(spec string, loc *time.Location) (s Schedule, ok bool) {
	spec = strings.Join(strings.Fields(spec), " ")
	if strings.Contains(spec, "TZ=") {
		return Schedule{}, false
	}
	parsed, err := parser.Parse(spec)
	if err != nil {
		return Schedule{}, false
	}
	s = Schedule{spec: spec, loc: loc}
	switch p := parsed.(type) {
	case *cron.SpecSchedule:
		p.Location = time.UTC
		s.fields = p
		// The 30th of February never comes; the 29th within four years, of these at least.
		ok = !p.Next(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero()
	case cron.ConstantDelaySchedule:
		s.every = p.Delay
		ok = p.Delay >= shortest && strings.HasPrefix(spec, "@every ")
	}
	return s, ok
}

// String is the schedule as it was written.
func (s Schedule) String() string { return s.spec }

// Shifted gives the schedule so much later, within a window that a name chooses: jobs with the same
// times do not all begin in the same second, and each begins at the same one every day.
func (s Schedule) Shifted(name string, window time.Duration) Schedule {
	window = min(window, s.shortestGap()/4).Truncate(time.Second)
	if window <= 0 {
		return s
	}
	h := fnv.New64a()
	h.Write([]byte(name))
	s.shift = time.Duration(h.Sum64()%uint64(window/time.Second)) * time.Second
	return s
}

// shortestGap is about how long there is between two times.
func (s Schedule) shortestGap() time.Duration {
	if s.fields == nil {
		return s.every
	}
	switch n := bits.OnesCount64(s.fields.Minute &^ (1 << 63)); {
	case n > 1:
		return time.Hour / time.Duration(n)
	case bits.OnesCount64(s.fields.Hour&^(1<<63)) > 1:
		return time.Hour
	}
	return 24 * time.Hour
}

// Next gives the first time after t, in UTC.
func (s Schedule) Next(t time.Time) time.Time {
	t = t.Add(-s.shift)
	switch {
	case s.fields == nil:
		// From the epoch on, so that a restart does not move it.
		step := s.every.Truncate(time.Second)
		return t.Truncate(step).Add(step + s.shift).UTC()
	case s.hourly():
		return s.local(t).Add(s.shift).UTC()
	}
	return s.daily(t).Add(s.shift).UTC()
}

// hourly says whether it runs in every hour of a day.
func (s Schedule) hourly() bool { return s.fields.Hour&(1<<24-1) == 1<<24-1 }

// local finds the next time of an hourly schedule by real time.
func (s Schedule) local(t time.Time) time.Time {
	f := *s.fields
	f.Location = s.loc
	return f.Next(t.In(s.loc))
}

// daily finds the next time by the wall clock, as if the zone had no changes, and then the moment at
// which the clock shows it.
func (s Schedule) daily(t time.Time) time.Time {
	local := t.In(s.loc)
	wall := time.Date(local.Year(), local.Month(), local.Day(), local.Hour(), local.Minute(), local.Second(), local.Nanosecond(), time.UTC)
	// Where the clock was put back, what comes next by the wall clock may have been once already.
	for range 1000 {
		wall = s.fields.Next(wall)
		if wall.IsZero() {
			break
		}
		if at := moment(wall, s.loc); at.After(t) {
			return at
		}
	}
	return t.AddDate(100, 0, 0)
}

// moment gives the moment at which the clocks of a zone show wall (of which only the digits count): the
// first of two, or where there is none the end of the gap.
func moment(wall time.Time, loc *time.Location) time.Time {
	t := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), wall.Nanosecond(), loc)
	digits := func(t time.Time) time.Time {
		return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
	}
	if shown := digits(t); !shown.Equal(wall) {
		start, end := t.ZoneBounds()
		if shown.After(wall) {
			return start
		}
		return end
	}
	// Did the clocks show it before, under the offset that held until this one began?
	if start, _ := t.ZoneBounds(); !start.IsZero() {
		_, now := t.Zone()
		_, before := start.Add(-time.Second).Zone()
		if earlier := t.Add(time.Duration(now-before) * time.Second); earlier.Before(start) && earlier.Before(t) && digits(earlier).Equal(wall) {
			return earlier
		}
	}
	return t
}
