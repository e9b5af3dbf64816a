package serve

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func parsed(t testing.TB, spec, zoneName string) Schedule {
	t.Helper()
	s, ok := ParseSchedule(spec, zone(t, zoneName))
	if !ok {
		t.Fatalf("%q is refused", spec)
	}
	return s
}

// A job of every day runs once on each local day, whatever its hour and wherever clocks change.
func TestDailyOnceALocalDay(t *testing.T) {
	t.Parallel()
	for _, zoneName := range []string{"Europe/Berlin", "America/New_York", "Australia/Sydney", "Australia/Lord_Howe", "America/Santiago", "Africa/Cairo", "Asia/Shanghai", "UTC"} {
		loc := zone(t, zoneName)
		for _, spec := range []string{"30 2 * * *", "0 3 * * *", "15 2 * * *", "0 0 * * *", "30 1 * * *", "59 23 * * *", "@daily"} {
			s := parsed(t, spec, zoneName)
			days := map[string]int{}
			at := time.Date(2027, 12, 31, 12, 0, 0, 0, loc)
			end := time.Date(2029, 1, 1, 12, 0, 0, 0, loc)
			for {
				next := s.Next(at)
				if !next.After(at) {
					t.Fatalf("%s in %s: %s is not after %s", spec, zoneName, next, at)
				}
				if at = next; at.After(end) {
					break
				}
				days[at.In(loc).Format(time.DateOnly)]++
			}
			for d := time.Date(2028, 1, 1, 12, 0, 0, 0, loc); d.Year() == 2028; d = d.AddDate(0, 0, 1) {
				if n := days[d.Format(time.DateOnly)]; n != 1 {
					t.Errorf("%s in %s runs %d times on %s", spec, zoneName, n, d.Format(time.DateOnly))
				}
			}
		}
	}
}

func TestWhereClocksChange(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ spec, zone, after, want string }{
		"a time that is not there is the end of the gap": {"30 2 * * *", "Europe/Berlin", "2027-03-28T00:00:00Z", "2027-03-28T01:00:00Z"},
		"and the next one is as usual":                   {"30 2 * * *", "Europe/Berlin", "2027-03-28T01:00:00Z", "2027-03-29T00:30:00Z"},
		"of a time that comes twice the first":           {"30 2 * * *", "Europe/Berlin", "2027-10-30T12:00:00Z", "2027-10-31T00:30:00Z"},
		"and not the second":                             {"30 2 * * *", "Europe/Berlin", "2027-10-31T00:30:00Z", "2027-11-01T01:30:00Z"},
		"New York in spring":                             {"30 2 * * *", "America/New_York", "2027-03-14T06:00:00Z", "2027-03-14T07:00:00Z"},
		"Sydney in October":                              {"30 2 * * *", "Australia/Sydney", "2027-10-02T12:00:00Z", "2027-10-02T16:00:00Z"},
		"half an hour's gap":                             {"15 2 * * *", "Australia/Lord_Howe", "2027-10-02T12:00:00Z", "2027-10-02T15:30:00Z"},
		"midnight that is not there":                     {"0 0 * * *", "America/Santiago", "2027-09-04T12:00:00Z", "2027-09-05T04:00:00Z"},
		"a job of every quarter goes on by real time":    {"*/15 * * * *", "Europe/Berlin", "2027-10-31T00:45:00Z", "2027-10-31T01:00:00Z"},
		"and in the second of the two hours":             {"*/15 * * * *", "Europe/Berlin", "2027-10-31T01:00:00Z", "2027-10-31T01:15:00Z"},
		"and over the gap":                               {"*/15 * * * *", "Europe/Berlin", "2027-03-28T00:45:00Z", "2027-03-28T01:00:00Z"},
		"the leap day":                                   {"0 3 29 2 *", "Europe/Berlin", "2027-01-01T00:00:00Z", "2028-02-29T02:00:00Z"},
		"the end of a year":                              {"0 0 1 1 *", "Asia/Shanghai", "2027-12-31T15:59:59Z", "2027-12-31T16:00:00Z"},
		"every five minutes":                             {"@every 5m", "Europe/Berlin", "2027-12-31T23:58:01Z", "2028-01-01T00:00:00Z"},
		"on Mondays":                                     {"0 8 * * 1", "Europe/Berlin", "2027-03-26T00:00:00Z", "2027-03-29T06:00:00Z"},
	} {
		after, err := time.Parse(time.RFC3339, tc.after)
		if err != nil {
			t.Fatal(err)
		}
		if got := parsed(t, tc.spec, tc.zone).Next(after).Format(time.RFC3339); got != tc.want {
			t.Errorf("%s: %s in %s after %s: %s, want %s", name, tc.spec, tc.zone, tc.after, got, tc.want)
		}
	}
}

func TestNoSchedule(t *testing.T) {
	t.Parallel()
	for _, spec := range []string{"", "* * * *", "61 * * * *", "* * * * * *", "0 0 30 2 *", "@every 1s", "@every -5m", "@every", "@reboot", "TZ=UTC 0 3 * * *", "CRON_TZ=UTC 0 3 * * *", "daily", "0 25 * * *", "三点"} {
		if s, ok := ParseSchedule(spec, time.UTC); ok {
			t.Errorf("%q is a schedule: %v", spec, s)
		}
	}
}

func FuzzParseSchedule(f *testing.F) {
	for _, spec := range []string{"*/15 * * * *", "@every 5m", "@daily", "0 3 29 2 *", "0 8 * * MON-FRI", "1,2,3 */2 1-5 JAN ?"} {
		f.Add(spec)
	}
	at := time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, spec string) {
		s, ok := ParseSchedule(spec, time.UTC)
		if !ok {
			return
		}
		first := s.Next(at)
		if !first.After(at) || !s.Next(first).After(first) {
			t.Errorf("%q does not go on: %s", spec, first)
		}
		if again, ok := ParseSchedule(s.String(), time.UTC); !ok || !again.Next(at).Equal(first) {
			t.Errorf("%q is another when it is read again", s)
		}
	})
}

// A job begins later by the same time each day, and never so late that it would meet the next.
func TestShifted(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		spec := rapid.SampledFrom([]string{"*/15 * * * *", "@every 5m", "0 3 * * *", "0 * * * *", "*/5 8-18 * * *"}).Draw(rt, "spec")
		plain := parsed(t, spec, "Europe/Berlin")
		name := rapid.StringMatching(`sync [a-z]{1,8}`).Draw(rt, "name")
		s := plain.Shifted(name, time.Duration(rapid.IntRange(0, 3600).Draw(rt, "window"))*time.Second)
		at := time.Unix(rapid.Int64Range(1.7e9, 1.9e9).Draw(rt, "at"), 0)
		var shift time.Duration
		for i := range 20 {
			next := s.Next(at)
			base := plain.Next(next.Add(-s.shift - time.Nanosecond))
			d := next.Sub(base)
			if i > 0 && d != shift || d < 0 || d >= plain.shortestGap()/4+time.Second {
				rt.Fatalf("%s of %s is %s late", next, name, d)
			}
			shift, at = d, next
		}
	})
}
