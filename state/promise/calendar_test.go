package promise

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func calendar(t interface{ Fatal(...any) }, r CalendarRules) *Calendar {
	c, err := NewCalendar(r)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func hours(t interface{ Fatal(...any) }, words ...string) Hours {
	h, ok := ParseHours(words...)
	if !ok {
		t.Fatal("no hours:", words)
	}
	return h
}

// The tables hold, for each country and part, every weekday that is off and every weekend day that is worked. They agree
// with what is published: gov.uk/bank-holidays, opm.gov (federal holidays), service-public.fr, the Länder's laws, and the
// State Council's notices. KEPT_WRITE=1 writes them anew.
func TestCountryTables(t *testing.T) {
	t.Parallel()
	for _, code := range Countries() {
		c := calendar(t, CalendarRules{Countries: []string{code}})
		var b strings.Builder
		for year := 2020; year <= 2028; year++ {
			if !c.Known(year) {
				continue
			}
			for d := day(year, time.January, 1); d.Year() == year; d = d.AddDate(0, 0, 1) {
				plain := (*Calendar)(nil).Workday(d)
				switch worked := c.Workday(d); {
				case plain && !worked:
					fmt.Fprintln(&b, d.Format("2006-01-02 Mon"), "off")
				case !plain && worked:
					fmt.Fprintln(&b, d.Format("2006-01-02 Mon"), "worked")
				}
			}
		}
		path := filepath.Join("testdata", "calendar", code+".txt")
		if os.Getenv("KEPT_WRITE") != "" {
			if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(want, []byte(b.String())) {
			t.Errorf("%s differs from %s:\n%s", code, path, b.String())
		}
	}
}

// Dates of Easter as the churches publish them, with the earliest and the latest that there can be.
func TestEaster(t *testing.T) {
	t.Parallel()
	for _, want := range []string{"1818-03-22", "1943-04-25", "1961-04-02", "1999-04-04", "2000-04-23", "2008-03-23", "2011-04-24", "2016-03-27", "2019-04-21", "2020-04-12",
		"2021-04-04", "2022-04-17", "2023-04-09", "2024-03-31", "2025-04-20", "2026-04-05", "2027-03-28", "2028-04-16", "2029-04-01", "2030-04-21", "2038-04-25", "2049-04-18", "2076-04-19", "2285-03-22"} {
		d, err := time.Parse(time.DateOnly, want)
		if err != nil {
			t.Fatal(err)
		}
		if got := easter(d.Year()).Format(time.DateOnly); got != want {
			t.Errorf("Easter %d: %s, want %s", d.Year(), got, want)
		}
	}
}

func TestKnown(t *testing.T) {
	t.Parallel()
	c := calendar(t, CalendarRules{Countries: []string{"de-sh", "CN", "CN"}})
	if got := fmt.Sprint(c.Countries(), c.Known(2026), c.Known(2027), c.Missing(2027), c.Missing(2023)); got != "[DE-SH CN] true false [CN] [CN]" {
		t.Error(got)
	}
	if !(*Calendar)(nil).Known(1) || (*Calendar)(nil).Countries() != nil {
		t.Error("without countries every year is known")
	}
	if c.Workday(time.Date(2027, time.October, 1, 12, 0, 0, 0, zone(t, "Asia/Shanghai"))) {
		t.Error("1 October is off by law, whatever the notice will say")
	}
	for _, r := range []CalendarRules{{Countries: []string{"XX"}}, {Countries: []string{"DE-XX"}}, {Countries: []string{"CN-SH"}}, {Weekend: []time.Weekday{0, 1, 2, 3, 4, 5, 6}}} {
		if c, err := NewCalendar(r); err == nil || c != nil {
			t.Errorf("%v: %v, %v", r, c, err)
		}
	}
}

// Of several countries those count in whose zone the date is; a day for everybody is worked in all of them.
func TestSeveralCountries(t *testing.T) {
	t.Parallel()
	c := calendar(t, CalendarRules{Countries: []string{"CN", "DE-SH", "US"}})
	for _, x := range []struct {
		date                 string
		shanghai, berlin, no bool // worked in Shanghai, in Berlin, in a zone of none
	}{
		{"2026-01-04", true, false, false},  // a Sunday that China makes up
		{"2026-02-17", false, true, false},  // Spring Festival
		{"2026-04-03", true, false, false},  // Good Friday
		{"2026-10-09", true, true, true},    // a Friday
		{"2026-07-03", true, true, false},   // Independence Day, observed
		{"2026-10-31", false, false, false}, // a Saturday
	} {
		d, err := time.Parse(time.DateOnly, x.date)
		if err != nil {
			t.Fatal(err)
		}
		at := func(name string) bool {
			return c.Workday(time.Date(d.Year(), d.Month(), d.Day(), 12, 0, 0, 0, zone(t, name)))
		}
		if s, b, n := at("Asia/Shanghai"), at("Europe/Berlin"), at("Africa/Cairo"); s != x.shanghai || b != x.berlin || n != x.no || c.Workday(d) != x.no {
			t.Errorf("%s: Shanghai %v, Berlin %v, elsewhere %v", x.date, s, b, n)
		}
	}
}

func TestHours(t *testing.T) {
	t.Parallel()
	for words, want := range map[string]string{
		"09:00-18:00":                           "0-0900-1800 1-0900-1800 5-0900-1800",
		"9:00-12:00, 13:30-18:00":               "0-0900-1200-1330-1800 1-0900-1200-1330-1800 5-0900-1200-1330-1800",
		"09:00-17:00, fri 09:00-15:00":          "0-0900-1700 1-0900-1700 5-0900-1500",
		"mon-thu 08:00-17:00,friday 8:00–13:00": "0-0800-1700 1-0800-1700 5-0800-1300",
		"fri - mon 00:00-24:00":                 "0-0000-2400 1-0000-2400 5-0000-2400",
		"":                                      "no", "18:00-09:00": "no", "9-18": "no", "09:00-24:01": "no", "09:00": "no", "09:60-10:00": "no", "foo 09:00-10:00": "no",
		"09:00-12:00,11:00-13:00": "no", "mon- 09:00-10:00": "no", "- mon 09:00-10:00": "no", "09:00-09:00": "no", "-1:00-09:00": "no",
	} {
		h, ok := ParseHours(words)
		got := "no"
		if ok {
			var parts []string
			for _, d := range []time.Weekday{time.Sunday, time.Monday, time.Friday} {
				p := fmt.Sprint(int(d))
				for _, s := range h.on(d) {
					p += fmt.Sprintf("-%02d%02d-%02d%02d", s.from/60, s.from%60, s.to/60, s.to%60)
				}
				parts = append(parts, p)
			}
			got = strings.Join(parts, " ")
		}
		if got != want {
			t.Errorf("%q: %s, want %s", words, got, want)
		}
	}
	if h, ok := ParseHours("09:00-18:00", "fri 09:00-15:00"); !ok || h.on(time.Friday)[0].to != 15*60 {
		t.Error("hours as a list")
	}
}

// What the numbers come to, by hand: year end, leap day, changes of the clocks, weekends of the Gulf, a make-up Sunday.
func TestWorkingTime(t *testing.T) {
	t.Parallel()
	german := calendar(t, CalendarRules{Countries: []string{"DE-SH"}, Hours: hours(t, "09:00-17:00", "fri 09:00-15:00")})
	chinese := calendar(t, CalendarRules{Countries: []string{"CN"}})
	gulf := calendar(t, CalendarRules{Weekend: []time.Weekday{time.Friday, time.Saturday}})
	always := calendar(t, CalendarRules{Weekend: []time.Weekday{}, Hours: hours(t, "00:00-24:00")})
	for _, x := range []struct {
		c          *Calendar
		zone, from string
		days       int
		hours      time.Duration
		want       string
	}{
		{nil, "UTC", "2026-11-20 10:30", 1, 0, "Mon 2026-11-23 10:30"},
		{nil, "UTC", "2026-11-21 10:30", 0, 0, "Sat 2026-11-21 10:30"},
		{nil, "UTC", "2026-11-23 10:30", -1, 0, "Fri 2026-11-20 10:30"},
		{nil, "UTC", "2026-11-20 17:30", 0, time.Hour, "Mon 2026-11-23 09:30"},
		{nil, "UTC", "2026-11-20 17:00", 0, time.Hour, "Fri 2026-11-20 18:00"},
		{nil, "UTC", "2026-11-21 03:00", 0, 9 * time.Hour, "Mon 2026-11-23 18:00"},
		{nil, "UTC", "2026-11-23 09:30", 0, -time.Hour, "Fri 2026-11-20 17:30"},
		{nil, "UTC", "2024-02-28 12:00", 2, 0, "Fri 2024-03-01 12:00"},
		{german, "Europe/Berlin", "2026-12-23 16:00", 0, 2 * time.Hour, "Thu 2026-12-24 10:00"},
		{german, "Europe/Berlin", "2026-12-24 16:00", 0, 2 * time.Hour, "Mon 2026-12-28 10:00"},
		{german, "Europe/Berlin", "2026-12-30 12:00", 3, 0, "Tue 2027-01-05 12:00"},
		{german, "Europe/Berlin", "2026-11-20 14:00", 0, 2 * time.Hour, "Mon 2026-11-23 10:00"},
		{german, "Europe/Berlin", "2026-03-27 02:30", 1, 0, "Mon 2026-03-30 02:30"},
		{chinese, "Asia/Shanghai", "2026-01-01 10:00", 1, 0, "Sun 2026-01-04 10:00"},
		{chinese, "Asia/Shanghai", "2026-09-30 10:00", 3, 0, "Sat 2026-10-10 10:00"},
		{chinese, "Asia/Shanghai", "2026-10-08 10:00", -1, 0, "Wed 2026-09-30 10:00"},
		{gulf, "Asia/Dubai", "2026-11-19 17:00", 0, 2 * time.Hour, "Sun 2026-11-22 10:00"},
		{gulf, "Asia/Jerusalem", "2026-11-19 17:00", 1, 0, "Sun 2026-11-22 17:00"},
		{always, "Europe/Berlin", "2026-03-28 02:30", 1, 0, "Sun 2026-03-29 03:00"},
		{always, "Europe/Berlin", "2026-03-29 00:00", 0, 23 * time.Hour, "Mon 2026-03-30 00:00"},
		{always, "America/New_York", "2026-11-01 00:00", 0, 24 * time.Hour, "Sun 2026-11-01 23:00"},
	} {
		loc := zone(t, x.zone)
		from := moment(t, x.from, loc)
		got := x.c.AddWorkdays(from, x.days, loc)
		if x.hours != 0 {
			got = x.c.AddHours(from, x.hours, loc)
		}
		if s := got.In(loc).Format("Mon 2006-01-02 15:04"); s != x.want {
			t.Errorf("%s %+d days %v: %s, want %s", x.from, x.days, x.hours, s, x.want)
		}
		if x.hours > 0 {
			if back := x.c.Between(from, got, loc); back != x.hours {
				t.Errorf("%s: %v lie before %s, want %v", x.from, back, x.want, x.hours)
			}
		}
	}
}

// Where nobody works for longer than a year there is no answer, and none is waited for.
func TestNobodyWorks(t *testing.T) {
	t.Parallel()
	c := &Calendar{weekend: [7]bool{true, true, true, true, true, true, true}}
	now := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	if got := c.AddWorkdays(now, 1, nil); !got.IsZero() {
		t.Error(got)
	}
	if got := c.AddHours(now, time.Hour, nil); !got.IsZero() {
		t.Error(got)
	}
	if got := c.Between(now, now.AddDate(3, 0, 0), nil); got != 0 {
		t.Error(got)
	}
	if got := (*Calendar)(nil).AddWorkdays(day(9999, time.December, 31), 5, nil); !got.IsZero() {
		t.Error(got)
	}
}

func drawCalendar(t *rapid.T) *Calendar {
	if rapid.IntRange(0, 9).Draw(t, "nil") == 0 {
		return nil
	}
	return calendar(t, CalendarRules{
		Countries: rapid.SliceOfN(rapid.SampledFrom(Countries()), 0, 3).Draw(t, "countries"),
		Weekend:   rapid.SampledFrom([][]time.Weekday{nil, {time.Friday, time.Saturday}, {time.Sunday}, {}}).Draw(t, "weekend"),
		Hours:     hours(t, rapid.SampledFrom([]string{"09:00-18:00", "00:00-24:00", "02:15-02:45", "08:00-12:00,13:00-17:00,fri 08:00-12:00", "01:30-03:30, sun 00:00-24:00"}).Draw(t, "hours")),
	})
}

func drawDay(t *rapid.T, loc *time.Location) time.Time {
	from := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	return time.Unix(from+rapid.Int64Range(0, 9*366*86400).Draw(t, "at"), 0).In(loc)
}

// The laws of counting working days.
func TestWorkdayLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := drawCalendar(t)
		_, loc := drawNow(t)
		at := drawDay(t, loc)
		a, b := rapid.IntRange(1, 40).Draw(t, "a"), rapid.IntRange(0, 40).Draw(t, "b")
		one := c.AddWorkdays(at, a, loc)
		if !c.Workday(one.In(loc)) {
			t.Fatalf("%v + %d is %v, which is not worked", at, a, one)
		}
		if two := c.AddWorkdays(one, b, loc); !civil(two.In(loc)).Equal(civil(c.AddWorkdays(at, a+b, loc))) {
			t.Fatalf("%v: %d and %d days one after the other are not %d", at, a, b, a+b)
		}
		if back := c.AddWorkdays(one, -a, loc); c.Workday(at) && !civil(back.In(loc)).Equal(civil(at)) {
			t.Fatalf("%v: %d days on and back is %v", at, a, back)
		}
		worked := 0
		for d := civil(at).AddDate(0, 0, 1); !d.After(civil(one.In(loc))); d = d.AddDate(0, 0, 1) {
			if c.worked(d, loc) {
				worked++
			}
		}
		if worked != a {
			t.Fatalf("%v + %d is %v, with %d worked days between", at, a, one, worked)
		}
	})
}

// The laws of working time: it adds up, goes back the way it came, and AddHours is Between's inverse.
func TestWorkingTimeLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := drawCalendar(t)
		_, loc := drawNow(t)
		x, y, z := drawDay(t, loc), drawDay(t, loc), drawDay(t, loc)
		if got, want := c.Between(x, y, loc)+c.Between(y, z, loc), c.Between(x, z, loc); got != want {
			t.Fatalf("%v to %v to %v is %v, not %v", x, y, z, got, want)
		}
		if d := c.Between(x, y, loc); d > max(y.Sub(x), 0) || d < min(y.Sub(x), 0) || d != -c.Between(y, x, loc) {
			t.Fatalf("%v to %v is %v", x, y, d)
		}
		d := time.Duration(rapid.Int64Range(1, int64(100*time.Hour)).Draw(t, "d"))
		then := c.AddHours(x, d, loc)
		if got := c.Between(x, then, loc); got != d {
			t.Fatalf("%v + %v is %v, which is %v on", x, d, then, got)
		}
		if c.Between(x, then.Add(-1), loc) >= d {
			t.Fatalf("%v + %v is %v, which is not the earliest", x, d, then)
		}
		before := c.AddHours(x, -d, loc)
		if got := c.Between(before, x, loc); got != d || c.Between(before.Add(1), x, loc) >= d {
			t.Fatalf("%v - %v is %v, which is %v back", x, d, before, got)
		}
	})
}

// Due words count by the calendar of whoever wrote them.
func TestDueWordsWithHolidays(t *testing.T) {
	t.Parallel()
	countries := calendar(t, CalendarRules{Countries: []string{"CN", "DE-SH"}, Hours: hours(t, "09:00-17:00, fri 09:00-15:00")})
	gulf := calendar(t, CalendarRules{Weekend: []time.Weekday{time.Friday, time.Saturday}})
	for _, x := range []struct {
		c                    *Calendar
		zone, now, due, want string
	}{
		{countries, "Asia/Shanghai", "2026-09-30 10:00", "三个工作日内", "Sat 2026-10-10"},
		{countries, "Europe/Berlin", "2026-09-30 10:00", "in three working days", "Mon 2026-10-05"},
		{countries, "Asia/Shanghai", "2026-01-01 10:00", "next business day", "Sun 2026-01-04"},
		{countries, "Europe/Berlin", "2026-12-23 10:00", "within 2 working days", "Mon 2026-12-28"},
		{countries, "Europe/Berlin", "2026-03-31 10:00", "by end of the week", "Thu 2026-04-02"},
		{countries, "Europe/Berlin", "2026-03-31 10:00", "this week", "Thu 2026-04-02"},
		{countries, "Europe/Berlin", "2026-04-03 10:00", "this week", "Fri 2026-04-03"},
		{countries, "Asia/Shanghai", "2026-02-10 10:00", "下周", "Fri 2026-02-20"},
		{countries, "Asia/Shanghai", "2026-04-27 10:00", "本周内", "Thu 2026-04-30"},
		{countries, "Europe/Berlin", "2026-11-20 10:00", "by COB", "Fri 2026-11-20 15:00"},
		{countries, "Europe/Berlin", "2026-11-20 14:00", "within 4 working hours", "Mon 2026-11-23 12:00"},
		{countries, "Asia/Shanghai", "2026-11-20 14:00", "4个工作小时内", "Mon 2026-11-23 12:00"},
		{gulf, "Asia/Dubai", "2026-11-22 10:00", "by end of the week", "Thu 2026-11-26"},
		{gulf, "Asia/Dubai", "2026-11-22 10:00", "next week", "Thu 2026-12-03"},
		{gulf, "Asia/Dubai", "2026-11-22 10:00", "next monday", "Mon 2026-11-30"},
		{gulf, "Asia/Dubai", "2026-11-19 10:00", "in 2 working days", "Mon 2026-11-23"},
	} {
		loc := zone(t, x.zone)
		due, err := Reader{Calendar: x.c}.Parse(x.due, moment(t, x.now, loc), loc)
		if got := show(due, err); got != x.want {
			t.Errorf("%q on %s: got %s, want %s", x.due, x.now, got, x.want)
		}
	}
}
