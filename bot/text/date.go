package text

import (
	"fmt"
	"strconv"
	"time"
)

var weekdays = map[string][7]string{
	English: {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"},
	Chinese: {"周日", "周一", "周二", "周三", "周四", "周五", "周六"},
}

// days counts the calendar days from the present to t in the reader's zone: 0 today, -1 yesterday.
func (p *Printer) days(t time.Time, loc *time.Location) int {
	date := func(t time.Time) time.Time {
		y, m, d := t.In(loc).Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	return int(date(t).Sub(date(p.now)).Hours() / 24)
}

// Day writes the day of a moment in the reader's zone: 19 Nov, with the year where it is not the
// present one: 19 Nov 2024.
func (p *Printer) Day(t time.Time) string { return p.day(t, p.zone) }

func (p *Printer) day(t time.Time, loc *time.Location) string {
	if t.IsZero() {
		return ""
	}
	t = t.In(loc)
	sameYear := !p.now.IsZero() && t.Year() == p.now.In(loc).Year()
	switch {
	case p.lang == Chinese && sameYear:
		return fmt.Sprintf("%d月%d日", t.Month(), t.Day())
	case p.lang == Chinese:
		return fmt.Sprintf("%d年%d月%d日", t.Year(), t.Month(), t.Day())
	case sameYear:
		return t.Format("2 Jan")
	}
	return t.Format("2 Jan 2006")
}

// ShortDay writes the day where it lies in the present year, else the month: 19 Nov, Nov 2024.
func (p *Printer) ShortDay(t time.Time) string {
	if p.now.IsZero() || t.In(p.zone).Year() == p.now.In(p.zone).Year() {
		return p.Day(t)
	}
	return p.Month(t)
}

// WeekDay writes a day with its weekday: Mon 16 Nov.
func (p *Printer) WeekDay(t time.Time) string {
	if p.lang == Chinese {
		return p.Day(t) + p.weekday(t, p.zone)
	}
	return p.weekday(t, p.zone) + " " + p.Day(t)
}

func (p *Printer) weekday(t time.Time, loc *time.Location) string {
	return weekdays[p.lang][t.In(loc).Weekday()]
}

// Month writes the month of a moment: Mar 2024.
func (p *Printer) Month(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	t = t.In(p.zone)
	if p.lang == Chinese {
		return fmt.Sprintf("%d年%d月", t.Year(), t.Month())
	}
	return t.Format("Jan 2006")
}

// Clock writes the time of day: 09:05.
func (p *Printer) Clock(t time.Time) string { return t.In(p.zone).Format("15:04") }

// Moment writes day and time of something that happened: today 09:05, 19 Nov 14:02.
func (p *Printer) Moment(t time.Time) string {
	switch {
	case t.IsZero():
		return ""
	case !p.now.IsZero() && p.days(t, p.zone) == 0:
		return p.T("date.today") + " " + p.Clock(t)
	}
	return p.Day(t) + " " + p.Clock(t)
}

// Ago writes how long something is past: just now, 4 minutes ago, yesterday, 12 days ago,
// 5 months ago. What lies ahead, and everything without a present moment, is written as a day.
func (p *Printer) Ago(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	d := p.now.Sub(t)
	if p.now.IsZero() || d < -time.Minute {
		return p.Day(t)
	}
	n := func(unit string, n int) string {
		return p.T("ago."+unit, map[string]string{"n": strconv.Itoa(n)})
	}
	days := -p.days(t, p.zone)
	switch {
	case d < time.Minute:
		return p.T("ago.now")
	case d < time.Hour:
		return n("minutes", int(d/time.Minute))
	case days <= 0 || d < 6*time.Hour:
		return n("hours", int(d/time.Hour))
	case days == 1:
		return p.T("ago.yesterday")
	case days < 60:
		return n("days", days)
	case days < 730:
		return n("months", days*10/305)
	}
	return n("years", days*100/36525)
}

// Due writes when something is due. What is near is relative or has its weekday (today 12:00,
// tomorrow, Tue 24), what is far its date (19 Dec); a passed one has its date too, since only the
// state of a promise says whether it is late. A day that was meant as a day in zone stays that
// day; a time is the reader's.
func (p *Printer) Due(t time.Time, dateOnly bool, zone string) string {
	if t.IsZero() {
		return p.T("due.open")
	}
	loc := p.zone
	if dateOnly {
		if l, err := time.LoadLocation(zone); err == nil && zone != "" && zone != "Local" {
			loc = l
		}
	}
	var s string
	n := p.days(t, loc)
	switch {
	case p.now.IsZero() || n < 0 || n > 13:
		s = p.day(t, loc)
	case n == 0:
		s = p.T("date.today")
	case n == 1:
		s = p.T("date.tomorrow")
	case p.lang == Chinese:
		s = fmt.Sprintf("%d日%s", t.In(loc).Day(), p.weekday(t, loc))
	default:
		s = p.weekday(t, loc) + " " + strconv.Itoa(t.In(loc).Day())
	}
	if !dateOnly {
		s += " " + t.In(loc).Format("15:04")
	}
	return s
}

// DueFull writes a due time so that it binds: weekday, date and time, with the time in the zone in
// which it was meant where that differs from the reader's.
func (p *Printer) DueFull(t time.Time, dateOnly bool, zone string) string {
	if t.IsZero() {
		return p.T("due.open")
	}
	meant, err := time.LoadLocation(zone)
	if err != nil || zone == "" || zone == "Local" {
		meant = p.zone
	}
	q := *p
	if dateOnly {
		q.zone = meant
		return q.WeekDay(t)
	}
	s := p.WeekDay(t) + " " + p.Clock(t)
	_, a := t.In(meant).Zone()
	if _, b := t.In(p.zone).Zone(); a != b {
		q.zone = meant
		s += p.T("due.there", map[string]string{"time": q.WeekDay(t) + " " + q.Clock(t), "zone": zone})
	}
	return s
}

// Late writes by how many days something is late: late 2 d.
func (p *Printer) Late(days int) string {
	return p.T("due.late", map[string]string{"n": strconv.Itoa(days)})
}

// Duration writes a span of time in its largest unit that is full: 40 s, 12 min, 3 h, 9 d.
func (p *Printer) Duration(d time.Duration) string {
	n, unit := d, "seconds"
	switch {
	case d >= 48*time.Hour:
		n, unit = d/(24*time.Hour), "days"
	case d >= time.Hour:
		n, unit = d/time.Hour, "hours"
	case d >= time.Minute:
		n, unit = d/time.Minute, "minutes"
	case d < 10*time.Second && d > 0:
		return p.T("duration.fraction", map[string]string{"n": strconv.FormatFloat(d.Seconds(), 'f', 1, 64)})
	default:
		n = d / time.Second
	}
	return p.T("duration."+unit, map[string]string{"n": strconv.FormatInt(int64(n), 10)})
}

// dateArg writes an argument that is a time or a date; one that is neither stays as it is.
func (p *Printer) dateArg(v string) string {
	if t, err := time.Parse(time.RFC3339, v); err == nil {
		return p.Day(t)
	}
	if t, err := time.Parse(time.DateOnly, v); err == nil {
		return p.day(t, time.UTC)
	}
	return v
}
