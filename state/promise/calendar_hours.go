package promise

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Hours are the hours of each day of the week that are worked. The zero Hours are 09:00 to 18:00 on every day; which days are
// worked at all is the Calendar's word.
type Hours struct {
	days [7][]shift // by weekday; a day without any has those of the first that has some
	said bool
}

// shift is one stretch of work, in minutes after midnight as clocks show it; 24:00 is 1440.
type shift struct{ from, to int }

var usualShifts = []shift{{9 * 60, 18 * 60}}

// ParseHours reads hours as people write them: "09:00-18:00", with a break "09:00-12:00, 13:30-18:00", and with a day or days of
// the week before those that differ: "fri 09:00-15:00", "mon-thu 08:00-17:00". Parts may be separated by commas, and what is said
// of a day wins over what is said of all. ok is false where one is no stretch of time on one day, or two overlap.
func ParseHours(words ...string) (h Hours, ok bool) {
	var all []shift
	for _, w := range words {
		days := []time.Weekday(nil)
		for _, part := range strings.Split(w, ",") {
			part = strings.TrimSpace(strings.ReplaceAll(part, "–", "-"))
			if i := strings.LastIndexAny(part, " \t"); i >= 0 && !strings.ContainsAny(part[:i], "0123456789") {
				if days, ok = weekdays(part[:i]); !ok {
					return Hours{}, false
				}
				part = strings.TrimSpace(part[i:])
			}
			s, ok := shiftOf(part)
			if !ok {
				return Hours{}, false
			}
			if days == nil {
				all = append(all, s)
			}
			for _, d := range days {
				h.days[d] = append(h.days[d], s)
			}
		}
	}
	for d := range h.days {
		if h.days[d] == nil {
			h.days[d] = slices.Clone(all)
		}
		slices.SortFunc(h.days[d], func(a, b shift) int { return a.from - b.from })
		for i := 1; i < len(h.days[d]); i++ {
			if h.days[d][i].from < h.days[d][i-1].to {
				return Hours{}, false
			}
		}
		h.said = h.said || h.days[d] != nil
	}
	return h, h.said
}

// shiftOf reads 09:00-18:00; the end may be 24:00.
func shiftOf(s string) (shift, bool) {
	a, b, ok := strings.Cut(strings.ReplaceAll(s, " ", ""), "-")
	from, ok1 := minuteOf(a)
	to, ok2 := minuteOf(b)
	return shift{from, to}, ok && ok1 && ok2 && from < to
}

func minuteOf(s string) (int, bool) {
	a, b, ok := strings.Cut(s, ":")
	if !ok || len(a) == 0 || len(a) > 2 || len(b) != 2 || strings.Trim(a+b, "0123456789") != "" {
		return 0, false
	}
	h, _ := strconv.Atoi(a) // digits alone
	m, _ := strconv.Atoi(b)
	return 60*h + m, m < 60 && 60*h+m <= 24*60
}

// weekdays reads mon, Friday, mon-thu, "sat sun".
func weekdays(s string) (out []time.Weekday, ok bool) {
	for _, w := range strings.Fields(strings.ReplaceAll(s, "-", " - ")) {
		if w == "-" {
			if len(out) == 0 {
				return nil, false
			}
			out = append(out, -1)
			continue
		}
		d, ok := ParseWeekday(w)
		if !ok {
			return nil, false
		}
		if n := len(out); n > 0 && out[n-1] == -1 {
			out = out[:n-1]
			for last := out[n-2]; last != d; {
				last = (last + 1) % 7
				out = append(out, last)
			}
			continue
		}
		out = append(out, d)
	}
	return out, len(out) > 0 && out[len(out)-1] != -1
}

// ParseWeekday reads an English day of the week, whole or by its first three letters or more, in any case.
func ParseWeekday(s string) (time.Weekday, bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	for d := time.Sunday; d <= time.Saturday && len(s) >= 3; d++ {
		if strings.HasPrefix(strings.ToLower(d.String()), s) {
			return d, true
		}
	}
	return 0, false
}

// on are the hours of a day of the week.
func (h *Hours) on(d time.Weekday) []shift {
	if !h.said {
		return usualShifts
	}
	if len(h.days[d]) > 0 {
		return h.days[d]
	}
	// A make-up Saturday without hours of its own is worked as a Monday is, or the first day that has some.
	for _, w := range []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday, time.Sunday} {
		if len(h.days[w]) > 0 {
			return h.days[w]
		}
	}
	return usualShifts
}

// shifts are the hours of a date that is worked.
func (c *Calendar) shifts(day time.Time) []shift {
	if c == nil {
		return usualShifts
	}
	return c.hours.on(day.Weekday())
}

// closing is the minute of the day at which work ends on a date.
func (c *Calendar) closing(day time.Time) int {
	s := c.shifts(day)
	return s[len(s)-1].to
}

// idleDays is for how many days in a row nobody may work before a count of working time has no answer.
const idleDays = 366

// AddWorkdays is n working days after the date that t shows in loc (nil is UTC), at the same time of day; before it where n is
// negative, and t itself where it is 0. A time of day that the clocks skip becomes the moment of the jump. Where nobody works for
// longer than a year there is no such day, and the zero time is returned.
func (c *Calendar) AddWorkdays(t time.Time, n int, loc *time.Location) time.Time {
	if loc == nil {
		loc = time.UTC
	}
	t = t.In(loc)
	if n == 0 {
		return t
	}
	day, ok := c.walk(civil(t), n, loc)
	if !ok {
		return time.Time{}
	}
	clock := time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second
	return wall(day.Add(clock), loc, false).Add(time.Duration(t.Nanosecond()))
}

// walk goes n working days on from a date, or back.
func (c *Calendar) walk(day time.Time, n int, loc *time.Location) (time.Time, bool) {
	step := 1
	if n < 0 {
		step, n = -1, -n
	}
	for idle := 0; n > 0; {
		day = day.AddDate(0, 0, step)
		if day.Year() > maxYear || day.Year() < 1 {
			return time.Time{}, false
		}
		if c.worked(day, loc) {
			n--
			idle = 0
		} else if idle++; idle > idleDays {
			return time.Time{}, false
		}
	}
	return day, true
}

// AddHours is the earliest moment by which d of working time has gone by since t, by the hours of loc (nil is UTC); where d is
// negative, the latest from which on -d of it goes by until t; t itself where it is 0. It is the inverse of Between. Where nobody
// works for longer than a year there is no such moment, and the zero time is returned.
func (c *Calendar) AddHours(t time.Time, d time.Duration, loc *time.Location) time.Time {
	if loc == nil {
		loc = time.UTC
	}
	if d == 0 {
		return t.In(loc)
	}
	step := 1
	if d < 0 {
		step = -1
	}
	day := civil(t.In(loc))
	for idle := 0; idle <= idleDays && day.Year() >= 1 && day.Year() <= maxYear; day = day.AddDate(0, 0, step) {
		spans := c.spans(day, loc)
		if step < 0 {
			slices.Reverse(spans)
		}
		idle++
		for _, s := range spans {
			if step > 0 {
				from := later(s.from, t)
				if have := s.to.Sub(from); have >= d {
					return from.Add(d).In(loc)
				} else if have > 0 {
					d -= have
				}
			} else {
				to := earlier(s.to, t)
				if have := to.Sub(s.from); have >= -d {
					return to.Add(d).In(loc)
				} else if have > 0 {
					d += have
				}
			}
			idle = 0
		}
	}
	return time.Time{}
}

// Between is the working time that lies between a and b, by the hours of loc (nil is UTC); negative where b is before a.
func (c *Calendar) Between(a, b time.Time, loc *time.Location) time.Duration {
	if loc == nil {
		loc = time.UTC
	}
	if b.Before(a) {
		return -c.Between(b, a, loc)
	}
	var sum time.Duration
	last := civil(b.In(loc))
	for day := civil(a.In(loc)); !day.After(last) && day.Year() <= maxYear; day = day.AddDate(0, 0, 1) {
		for _, s := range c.spans(day, loc) {
			if d := earlier(s.to, b).Sub(later(s.from, a)); d > 0 {
				sum += d
			}
		}
	}
	return sum
}

// stretch is a stretch of working time.
type stretch struct{ from, to time.Time }

// spans are the stretches of a date that are worked; none on a day off. What a change of the clocks leaves nothing of is left out.
func (c *Calendar) spans(day time.Time, loc *time.Location) []stretch {
	if !c.worked(day, loc) {
		return nil
	}
	var out []stretch
	for _, s := range c.shifts(day) {
		from := wall(day.Add(time.Duration(s.from)*time.Minute), loc, false)
		to := wall(day.Add(time.Duration(s.to)*time.Minute), loc, false)
		if to.After(from) {
			out = append(out, stretch{from, to})
		}
	}
	return out
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
