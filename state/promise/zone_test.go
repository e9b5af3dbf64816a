package promise

import (
	"testing"
	"time"
)

// A time of day that names its zone is due by the clocks of that zone, on the day that the writer means.
func TestZones(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	shanghai, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, time.November, 20, 9, 30, 0, 0, time.UTC) // a Friday
	for _, c := range []struct {
		loc              *time.Location
		text, words, due string
		day              bool
	}{
		{berlin, "I'll send it by 5 pm EST.", "by 5 pm EST", "2026-11-20T22:00:00Z America/New_York", false},
		{berlin, "I'll send it by 9 a.m. PST on Monday.", "by 9 a.m. PST on Monday", "2026-11-23T17:00:00Z America/Los_Angeles", false},
		{berlin, "I'll send it at 10:00 UTC tomorrow.", "at 10:00 UTC tomorrow", "2026-11-21T10:00:00Z UTC", false},
		{berlin, "I'll send it by noon Pacific.", "by noon Pacific", "2026-11-20T20:00:00Z America/Los_Angeles", false},
		{berlin, "I'll send it by 3 p.m. my time.", "by 3 p.m. my time", "2026-11-20T14:00:00Z Europe/Berlin", false},
		{berlin, "I'll send it by COB CST today.", "by COB CST today", "2026-11-21T00:00:00Z America/Chicago", false},
		{shanghai, "I'll send it by 18:00 CST.", "by 18:00 CST", "2026-11-20T10:00:00Z Asia/Shanghai", false},
		{berlin, "I'll send it by 6 pm Beijing time on Monday.", "by 6 pm Beijing time on Monday", "2026-11-23T10:00:00Z Asia/Shanghai", false},
		// Whose clock "your time" is, the writer's side does not know: the day is what is left.
		{berlin, "I'll send it by 3 pm your time on Monday.", "by 3 pm your time on Monday", "2026-11-23T22:59:59Z Europe/Berlin", true},
		{berlin, "I'll send it by 5pm IST tomorrow.", "by 5pm IST tomorrow", "2026-11-21T22:59:59Z Europe/Berlin", true},
		{berlin, "I'll send it by 9 a.m. Monday.", "by 9 a.m. Monday", "2026-11-23T08:00:00Z Europe/Berlin", false},
	} {
		f := Reader{}.Judge(c.text, now, c.loc)
		got := f.Due.At.Format(time.RFC3339) + " " + f.Due.Zone
		if f.Kind != KindPromise || f.DueText != c.words || got != c.due || f.Due.DateOnly != c.day {
			t.Errorf("%q: %s %q %s %v, want %q %s", c.text, f.Kind, f.DueText, got, f.Due.DateOnly, c.words, c.due)
		}
	}
}

// Feasts that move are reckoned, whichever year it is.
func TestFeasts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ now, words, want string }{
		{"2026-11-18", "by thanksgiving", "2026-11-26"},
		{"2026-11-27", "by thanksgiving", "2027-11-25"},
		{"2026-05-01", "by memorial day", "2026-05-25"},
		{"2026-08-01", "by labor day", "2026-09-07"},
		{"2026-03-01", "by good friday", "2026-04-03"},
		{"2026-03-01", "by easter monday", "2026-04-06"},
		{"2026-11-18", "by valentine's day", "2027-02-14"},
		{"2026-11-18", "before boxing day", "2026-12-25"},
	} {
		now, err := time.Parse(time.DateOnly, c.now)
		if err != nil {
			t.Fatal(err)
		}
		due, err := ParseDue(c.words, now.Add(9*time.Hour), time.UTC)
		if err != nil || due.At.Format(time.DateOnly) != c.want {
			t.Errorf("%s, %q: %v %v, want %s", c.now, c.words, due.At, err, c.want)
		}
	}
}
