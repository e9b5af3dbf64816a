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

// Due words that name a day by its place in a week, month or year, two days of which the later counts, and lengths of time.
func TestDaysByTheirPlace(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.November, 20, 10, 30, 0, 0, time.UTC) // a Friday
	for words, want := range map[string]string{
		"the first part of next week":          "Wed 2026-11-25",
		"the latter part of the week":          "Fri 2026-11-20",
		"the week after next":                  "Fri 2026-12-04",
		"the weekend after next":               "Sun 2026-12-06",
		"by the 1st week of june":              "Mon 2027-06-07",
		"in the first week of may":             "Fri 2027-05-07",
		"the last day of the month":            "Mon 2026-11-30",
		"the first monday of december":         "Mon 2026-12-07",
		"on the last friday of next month":     "Fri 2026-12-25",
		"the first monday of november":         "past",
		"the week of the 10th":                 "Fri 2026-12-11",
		"in 2027":                              "Fri 2027-12-31",
		"by the end of 2027":                   "Fri 2027-12-31",
		"by year-end 2027":                     "Fri 2027-12-31",
		"by the end of summer":                 "Tue 2027-08-31",
		"in H1":                                "Wed 2027-06-30",
		"in the third quarter":                 "Thu 2027-09-30",
		"by next march":                        "Wed 2027-03-31",
		"end-of-month":                         "Mon 2026-11-30",
		"tomorrow or the day after":            "Sun 2026-11-22",
		"this week or next":                    "Fri 2026-11-27",
		"on the 23rd or 24th":                  "Tue 2026-11-24",
		"on the 25th and the 30th":             "Mon 2026-11-30",
		"march 3-5":                            "Fri 2027-03-05",
		"between 2 and 4 tomorrow":             "Sat 2026-11-21 16:00",
		"by this time tomorrow":                "Sat 2026-11-21 10:30",
		"on the morning of the 30th":           "Mon 2026-11-30 12:00",
		"monday, the 30th":                     "Mon 2026-11-30",
		"tomorrow a.m.":                        "Sat 2026-11-21 12:00",
		"by mid-afternoon":                     "Fri 2026-11-20 18:00",
		"by 12 noon":                           "Fri 2026-11-20 12:00",
		"by midnight tonight":                  "Fri 2026-11-20",
		"by the end of tomorrow":               "Sat 2026-11-21",
		"within an hour or two":                "Fri 2026-11-20 12:30",
		"in under an hour":                     "Fri 2026-11-20 11:30",
		"in several days":                      "Wed 2026-11-25",
		"in the next week or so":               "Fri 2026-11-27",
		"over the course of the next few days": "Mon 2026-11-23",
		"下周三或周四":                               "Thu 2026-11-26",
		"周一到周三":                                "Wed 2026-11-25",
		"明天下午两点到四点之间":                          "Sat 2026-11-21 16:00",
		"十号到十五号":                               "Tue 2026-12-15",
		"半个月左右":                                "Sat 2026-12-05",
		"三天左右":                                 "Mon 2026-11-23",
		"一个半月内":                                "Mon 2027-01-04",
		"七个自然日内":                               "Fri 2026-11-27",
		"今天晚些时候":                               "Fri 2026-11-20",
		"明天晚点":                                 "Sat 2026-11-21",
		"周五前后":                                 "Fri 2026-11-20",
		"12月1日起":                               "Tue 2026-12-01",
	} {
		due, err := ParseDue(words, now, time.UTC)
		got := due.At.Format("Mon 2006-01-02 15:04")
		switch {
		case err != nil:
			got = string(err.(*Error).Code)
			if err.(*Error).Code == CodePast {
				got = "past"
			}
		case due.DateOnly:
			got = due.At.Format("Mon 2006-01-02")
		}
		if got != want {
			t.Errorf("%q: %s, want %s", words, got, want)
		}
	}
}
