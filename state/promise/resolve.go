package promise

import "time"

// context is what due words are read against. A calendar day is a time.Time at midnight UTC, whatever the zone.
type context struct {
	now        time.Time
	loc        *time.Location
	today      time.Time
	cal        *Calendar
	monthFirst bool
	past       bool // times that lie back are meant
	strict     bool // a person typed due words and nothing else, so that weak evidence is enough
}

// term is due words, understood but not yet placed in time: the first candidate day, and the next where the first is over.
type term struct {
	day     time.Time                     // first candidate; zero when no day was said
	next    func(time.Time) time.Time     // the candidate after; nil when the words allow only one
	opens   func(day time.Time) time.Time // first day of what was named, for "before"; nil when its end was named
	weekday *time.Weekday                 // a weekday said beside a date, to be checked
	clock   clock                         // time of day; zero when none was said
	instant time.Time                     // set when the words count hours or minutes
	before  bool                          // the day named is excluded
	strong  bool                          // the words set a limit
	err     *Error                        // recognised, and wrong
}

func (t term) hasDay() bool { return !t.day.IsZero() || !t.instant.IsZero() || t.err != nil }

// maxYear bounds what a promise can be for; beyond it the words were something else.
const maxYear = 9999

func (c *context) resolve(t term) (Due, *Error) {
	if t.err != nil {
		return Due{}, t.err
	}
	if t.clock.zone != "" {
		loc, err := time.LoadLocation(t.clock.zone)
		if err != nil {
			return Due{}, fail(CodeNotUnderstood)
		}
		there := *c
		there.loc, t.clock.zone = loc, ""
		return there.resolve(t)
	}
	if !t.instant.IsZero() {
		if t.instant.Before(c.now) || t.instant.Year() > maxYear {
			return Due{}, fail(CodeNotUnderstood)
		}
		return Due{At: t.instant.UTC(), Zone: c.loc.String()}, nil
	}
	day, next := t.day, t.next
	if day.IsZero() {
		day, next = c.today, func(d time.Time) time.Time { return d.AddDate(0, 0, 1) }
	}
	var due Due
	// Five tries reach every candidate that can be ahead: the 31st may be two months off, and "before" costs one more.
	for range 5 {
		if day.Year() > maxYear || day.Year() < 1 {
			return Due{}, fail(CodeNotUnderstood)
		}
		if t.weekday != nil && day.Weekday() != *t.weekday {
			near := day.AddDate(0, 0, (int(*t.weekday)-int(day.Weekday())+10)%7-3)
			return Due{}, fail(CodeAmbiguous, "first", day.Format(time.DateOnly), "second", near.Format(time.DateOnly))
		}
		at := day
		if t.before && !t.clock.set && t.opens != nil {
			at = t.opens(day).AddDate(0, 0, -1)
		}
		due = c.place(at, t.clock)
		if !Late(due, c.now) || c.past && next == nil {
			return due, nil
		}
		if next == nil {
			break
		}
		day = next(day)
	}
	return Due{}, fail(CodePast, "at", due.At.In(c.loc).Format(time.RFC3339))
}

// place puts a time of day on a day.
func (c *context) place(day time.Time, k clock) Due {
	due := Due{Zone: c.loc.String()}
	minute, timed := k.minute()
	if k.set && !k.timed && k.part == partBusiness {
		minute = c.cal.closing(day)
	}
	if !timed {
		due.DateOnly = true
		due.At = startOfDay(day.AddDate(0, 0, 1), c.loc).Add(-time.Second).UTC()
		return due
	}
	due.At = wall(day.Add(time.Duration(minute)*time.Minute), c.loc, true).UTC()
	return due
}

// civil is the calendar day of a moment as its own zone shows it.
func civil(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

func startOfDay(day time.Time, loc *time.Location) time.Time { return wall(day, loc, false) }

// wall is the instant at which clocks in loc show what u shows in UTC. Where they show it twice, later chooses the second;
// where they never do, it is the moment at which they jump over it. time.Date leaves both cases open.
func wall(u time.Time, loc *time.Location, later bool) time.Time {
	var found time.Time
	for _, probe := range []time.Duration{-26 * time.Hour, 0, 26 * time.Hour} {
		_, offset := u.Add(probe).In(loc).Zone()
		t := u.Add(-time.Duration(offset) * time.Second).In(loc)
		if !sameWall(t, u) {
			continue
		}
		if found.IsZero() || later == t.After(found) && !t.Equal(found) {
			found = t
		}
	}
	if !found.IsZero() {
		return found
	}
	t := time.Date(u.Year(), u.Month(), u.Day(), u.Hour(), u.Minute(), u.Second(), 0, loc)
	began, ended := t.ZoneBounds()
	_, offset := t.Zone()
	if jump := ended; t.Add(time.Duration(offset)*time.Second).UTC().Before(u) && !jump.IsZero() {
		return jump
	}
	if began.IsZero() {
		return t
	}
	return began
}

func sameWall(t, u time.Time) bool {
	ty, tm, td := t.Date()
	uy, um, ud := u.Date()
	return ty == uy && tm == um && td == ud && t.Hour() == u.Hour() && t.Minute() == u.Minute() && t.Second() == u.Second()
}

// dateOf is the calendar day, and whether there is one.
func dateOf(y, m, d int) (time.Time, bool) {
	if y < 1 || y > maxYear || m < 1 || m > 12 || d < 1 || d > 31 {
		return time.Time{}, false
	}
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	return t, t.Day() == d
}

func same(day time.Time) time.Time { return day }

func weekLater(day time.Time) time.Time { return day.AddDate(0, 0, 7) }

// opening is the first day of the week that holds day.
func (c *context) opening(day time.Time) time.Time {
	return day.AddDate(0, 0, -(int(day.Weekday()-c.cal.firstDay())+7)%7)
}

func (c *context) inWeek(day time.Time, w time.Weekday) time.Time {
	return c.opening(day).AddDate(0, 0, (int(w-c.cal.firstDay())+7)%7)
}

func firstOfMonth(day time.Time) time.Time { return day.AddDate(0, 0, 1-day.Day()) }

func lastOfMonth(day time.Time) time.Time { return firstOfMonth(day).AddDate(0, 1, -1) }

func lastOfQuarter(day time.Time) time.Time {
	m := firstOfMonth(day)
	return lastOfMonth(m.AddDate(0, 2-(int(m.Month())-1)%3, 0))
}

func lastOfYear(day time.Time) time.Time {
	return time.Date(day.Year(), time.December, 31, 0, 0, 0, 0, time.UTC)
}

// addMonths keeps the day of month, or takes the month's last: a month after 31 January is 28 February.
func addMonths(day time.Time, n int) time.Time {
	m := firstOfMonth(day).AddDate(0, n, 0)
	last := lastOfMonth(m).Day()
	return m.AddDate(0, 0, min(day.Day(), last)-1)
}

func dayTerm(day time.Time) term { return term{day: day, opens: same} }

func (c *context) inDays(n int) term { return dayTerm(c.today.AddDate(0, 0, n)) }

// coming is the next such weekday, today included.
func (c *context) coming(w time.Weekday) term {
	ahead := (int(w) - int(c.today.Weekday()) + 7) % 7
	return term{day: c.today.AddDate(0, 0, ahead), next: weekLater, opens: same}
}

// weekdayIn is the weekday of the week that lies weeks from this one.
func (c *context) weekdayIn(weeks int, w time.Weekday) term {
	return dayTerm(c.inWeek(c.today.AddDate(0, 0, 7*weeks), w))
}

// week ends on its last working day, Friday where nothing else is known; this week, once that is over, on its last day.
func (c *context) week(weeks int) term {
	first := c.opening(c.today.AddDate(0, 0, 7*weeks))
	usual := first.AddDate(0, 0, c.cal.weekLength()-1)
	end := c.cal.lastWorked(usual, first, c.loc)
	switch {
	case weeks != 0 || !c.today.After(end):
	case !c.today.After(usual):
		end = usual
	default:
		end = first.AddDate(0, 0, 6)
	}
	return term{day: end, opens: c.opening}
}

// weekend is its Sunday; what must be there before it is due on Friday.
func (c *context) weekend(weeks int) term {
	t := term{day: c.inWeek(c.today.AddDate(0, 0, 7*weeks), time.Sunday)}
	t.opens = func(day time.Time) time.Time { return day.AddDate(0, 0, -1) }
	if weeks == 0 {
		t.next = weekLater
	}
	return t
}

// span is a calendar period of unit 'm' (month), 'q' (quarter) or 'y' (year), n periods from now; it is due on its last day.
func (c *context) span(unit byte, n int) term {
	base := firstOfMonth(c.today)
	switch unit {
	case 'm':
		return term{day: lastOfMonth(base.AddDate(0, n, 0)), opens: firstOfMonth}
	case 'q':
		return term{day: lastOfQuarter(base.AddDate(0, 3*n, 0)), opens: func(d time.Time) time.Time { return firstOfMonth(d).AddDate(0, -2, 0) }}
	}
	return term{day: lastOfYear(base.AddDate(n, 0, 0)), opens: func(d time.Time) time.Time { return d.AddDate(-1, 0, 1) }}
}

// named is the last day of a month said by name, the coming one unless a year is given.
func (c *context) named(year, month int) term {
	fixed := year > 0
	if !fixed {
		year = c.today.Year()
		if time.Month(month) < c.today.Month() {
			year++
		}
	}
	first, ok := dateOf(year, month, 1)
	if !ok {
		return term{err: fail(CodeNoSuchDay)}
	}
	t := term{day: lastOfMonth(first), opens: firstOfMonth}
	if !fixed {
		t.next = func(d time.Time) time.Time { return lastOfMonth(firstOfMonth(d).AddDate(1, 0, 0)) }
	}
	return t
}

// quarter is the last day of a numbered quarter, the coming one unless a year is given.
func (c *context) quarter(year, n int) term {
	t := c.named(year, 3*n)
	t.opens = func(d time.Time) time.Time { return firstOfMonth(d).AddDate(0, -2, 0) }
	return t
}

// longAgo is how many days a date without a year may lie back before next year's is meant.
const longAgo = 60

// date is a day and month, with a year or (year 0) the coming one.
func (c *context) date(year, month, day int) term {
	if year > 0 {
		d, ok := dateOf(year, month, day)
		if !ok {
			return term{err: fail(CodeNoSuchDay)}
		}
		return dayTerm(d)
	}
	for y := c.today.Year() - 1; y <= c.today.Year()+1; y++ {
		d, ok := dateOf(y, month, day)
		if ok && !d.Before(c.today.AddDate(0, 0, -longAgo)) {
			return dayTerm(d)
		}
	}
	return term{err: fail(CodeNoSuchDay)}
}

// ordinal is a bare day of month: this month's, or that of the next month which has one.
func (c *context) ordinal(day int) term {
	if day < 1 || day > 31 {
		return term{err: fail(CodeNoSuchDay)}
	}
	with := func(m time.Time) time.Time {
		for lastOfMonth(m).Day() < day {
			m = m.AddDate(0, 1, 0)
		}
		return m.AddDate(0, 0, day-1)
	}
	return term{
		day:   with(firstOfMonth(c.today)),
		next:  func(d time.Time) time.Time { return with(firstOfMonth(d).AddDate(0, 1, 0)) },
		opens: same,
	}
}

// slashed is a/b with no year or with one; the package comment has the rule.
func (c *context) slashed(a, b, year int, monthFirst bool) term {
	switch {
	case a > 12 && b > 12:
		return term{err: fail(CodeNoSuchDay)}
	case a > 12:
		return c.date(year, b, a)
	case b > 12 || a == b || monthFirst:
		return c.date(year, a, b)
	}
	first, second := c.date(year, a, b), c.date(year, b, a)
	if first.err != nil || second.err != nil {
		return term{err: fail(CodeNoSuchDay)}
	}
	return term{err: fail(CodeAmbiguous, "first", first.day.Format(time.DateOnly), "second", second.day.Format(time.DateOnly))}
}

// unit is what a length of time is counted in.
type unit byte

const (
	unitMinute  unit = 'i'
	unitHour    unit = 'h'
	unitDay     unit = 'd'
	unitWorking unit = 'b'
	unitOffice  unit = 'o' // a working hour
	unitWeek    unit = 'w'
	unitMonth   unit = 'm'
	unitQuarter unit = 'q'
	unitYear    unit = 'y'
)

// maxCount keeps lengths to what somebody can promise; it also bounds the walk over working days.
const maxCount = 1000

// after is n units from base (a calendar day); hours and minutes count from the present instant.
func (c *context) after(base time.Time, n int, u unit) (term, bool) {
	if n < 0 || n > maxCount {
		return term{}, false
	}
	switch u {
	case unitMinute, unitHour:
		d := time.Minute
		if u == unitHour {
			d = time.Hour
		}
		return term{instant: c.now.Add(time.Duration(n) * d)}, n > 0
	case unitOffice:
		t := c.cal.AddHours(c.now, time.Duration(n)*time.Hour, c.loc)
		return term{instant: t}, n > 0 && !t.IsZero()
	case unitDay:
		return dayTerm(base.AddDate(0, 0, n)), true
	case unitWeek:
		return dayTerm(base.AddDate(0, 0, 7*n)), true
	case unitMonth:
		return dayTerm(addMonths(base, n)), true
	case unitQuarter:
		return dayTerm(addMonths(base, 3*n)), true
	case unitYear:
		return dayTerm(addMonths(base, 12*n)), true
	}
	return c.working(base, n)
}

// working is n working days after a day. A calendar under which nobody works for longer than a year has no answer.
func (c *context) working(day time.Time, n int) (term, bool) {
	day, ok := c.cal.walk(day, n, c.loc)
	return dayTerm(day), ok
}
