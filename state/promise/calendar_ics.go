package promise

import (
	"bytes"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/teambition/rrule-go"
)

// The bounds of a calendar file.
const (
	// MaxHolidays is the largest file, in bytes, that ParseHolidays reads.
	MaxHolidays = 4 << 20

	maxRules    = 1000      // recurring events
	maxDays     = 1_000_000 // days that events cover, those that overlap counted each
	maxUnfolded = 64 << 10  // bytes of a line with what is folded below it
	firstYear   = 2000      // of the years that are kept
	lastYear    = 2099
)

// Holidays are what a calendar file says: days off, and make-up working days, of the years 2000 to 2099.
type Holidays struct {
	years map[int]*daySet
}

// ParseHolidays reads a calendar file (iCalendar, RFC 5545). Each event that takes whole days is a holiday on all of them: one that
// has dates and no times, or goes from midnight to midnight. Recurring events count, with their exceptions and changed instances;
// what is cancelled, and what a public calendar calls an observance, does not. An event called 补班, 上班, (班), "working day" or
// "make-up work…" is a working day in place of another. Everything else in the file is passed over.
//
// The error is an *Error with the line it is about: CodeNoCalendar, CodeCalendarLine, CodeCalendarDate and CodeCalendarRule (with
// "value"), CodeCalendarLarge.
func ParseHolidays(content []byte) (Holidays, error) {
	if len(content) > MaxHolidays {
		return Holidays{}, lineFail(CodeCalendarLarge, 1, "")
	}
	events, err := calendarEvents(content)
	if err != nil {
		return Holidays{}, err
	}
	moved := map[string][]time.Time{} // instances that have an event of their own, by UID
	for _, e := range events {
		if !e.instead.IsZero() {
			moved[e.uid] = append(moved[e.uid], e.instead)
		}
	}
	h := Holidays{years: map[int]*daySet{}}
	days, rules := 0, 0
	for _, e := range events {
		if e.start.IsZero() || e.passed {
			continue
		}
		if rules += len(e.rules); rules > maxRules {
			return Holidays{}, lineFail(CodeCalendarLarge, e.line, "")
		}
		starts, err := e.instances(moved[e.uid])
		if err != nil {
			return Holidays{}, err
		}
		for _, first := range starts {
			for d := later(first, day(firstYear, time.January, 1)); d.Before(first.AddDate(0, 0, e.days)) && d.Year() <= lastYear; d = d.AddDate(0, 0, 1) {
				if days++; days > maxDays {
					return Holidays{}, lineFail(CodeCalendarLarge, e.line, "")
				}
				h.add(d, e.worked)
			}
		}
	}
	return h, nil
}

func (h Holidays) add(d time.Time, worked bool) {
	s := h.years[d.Year()]
	if s == nil {
		s = newDaySet(d.Year())
		h.years[d.Year()] = s
	}
	if worked {
		s.work(d)
	} else {
		s.rest(d)
	}
}

// in adds what the file says of the set's year.
func (h Holidays) in(s *daySet) {
	own := h.years[s.year]
	if own == nil {
		return
	}
	for i := range own.off {
		s.off[i] = s.off[i] || own.off[i]
		s.on[i] = s.on[i] || own.on[i]
	}
}

// makesUp says whether the file has a make-up working day in a year.
func (h Holidays) makesUp(year int) bool {
	s := h.years[year]
	if s == nil {
		return false
	}
	for _, on := range s.on {
		if on {
			return true
		}
	}
	return false
}

func lineFail(code Code, line int, value string) *Error {
	e := fail(code, "line", strconv.Itoa(line))
	if value != "" {
		e.Args["value"] = shortened(value)
	}
	return e
}

// shortened keeps what a person reads of a value short and on one line.
func shortened(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == utf8.RuneError {
			return ' '
		}
		return r
	}, s)
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

// event is one VEVENT that may be a holiday; start is zero where it does not take whole days.
type event struct {
	line    int
	uid     string
	start   time.Time
	days    int
	instead time.Time // of a recurring event, the instance in whose place this one is
	passed  bool      // cancelled, or an observance
	worked  bool
	rules   []contentLine
	dates   []time.Time // further starts
	except  []time.Time
}

// instances are the starts of an event, but for those that have an event of their own.
func (e *event) instances(moved []time.Time) ([]time.Time, error) {
	starts := append([]time.Time{e.start}, e.dates...)
	for _, r := range e.rules {
		more, ok := recurrence(r.value, e.start)
		if !ok {
			return nil, lineFail(CodeCalendarRule, r.line, r.value)
		}
		starts = append(starts, more...)
	}
	gone := map[time.Time]bool{}
	for _, d := range e.except {
		gone[d] = true
	}
	if e.instead.IsZero() {
		for _, d := range moved {
			gone[d] = true
		}
	}
	seen := map[time.Time]bool{}
	out := starts[:0]
	for _, d := range starts {
		if !gone[d] && !seen[d] {
			seen[d] = true
			out = append(out, d)
		}
	}
	return out, nil
}

// recurrence are the days of a recurrence rule from start on, as far as years are kept. A rule by hours is none of days, and one
// that names no day at all is a mistake.
func recurrence(rule string, start time.Time) (days []time.Time, ok bool) {
	// The library trips over some rules that name what cannot be, such as the ninth Monday from the end of a month.
	defer func() {
		if recover() != nil {
			days, ok = nil, false
		}
	}()
	o, err := rrule.StrToROption(strings.ToUpper(rule))
	if err != nil || o.Freq > rrule.DAILY || o.Interval < 0 || o.Count < 0 || len(o.Byhour)+len(o.Byminute)+len(o.Bysecond) > 0 {
		return nil, false
	}
	if start.Year() > lastYear {
		return nil, true
	}
	if start.Year() < 1900 {
		return nil, false
	}
	end := day(lastYear, time.December, 31)
	if o.Until.IsZero() || o.Until.After(end) {
		o.Until = end
	}
	o.Until = civil(o.Until)
	o.Dtstart = start
	r, err := rrule.NewRRule(*o)
	if err != nil {
		return nil, false
	}
	next := r.Iterator()
	for d, more := next(); more; d, more = next() {
		days = append(days, d)
	}
	return days, len(days) > 0 || o.Until.Before(start)
}

// contentLine is one line of a calendar file, unfolded.
type contentLine struct {
	line   int
	name   string
	params map[string]string
	value  string
}

// calendarEvents reads the events of a file. What stands in the components of an event, an alarm say, is not the event's.
func calendarEvents(content []byte) ([]*event, error) {
	var events []*event
	var open []string
	var e *event
	var inside []contentLine
	last, whole := 1, false
	lines := unfold(content)
	for {
		raw, ok := lines()
		if !ok {
			break
		}
		last = raw.line
		if len(raw.value) > maxUnfolded {
			return nil, lineFail(CodeCalendarLarge, raw.line, "")
		}
		l, ok := parseLine(raw)
		if !ok && len(open) > 0 {
			return nil, lineFail(CodeCalendarLine, raw.line, raw.value)
		}
		switch {
		case l.name == "BEGIN":
			name := strings.ToUpper(l.value)
			if len(open) == 0 && name != "VCALENDAR" || len(open) > 8 {
				return nil, lineFail(CodeNoCalendar, l.line, "")
			}
			open = append(open, name)
			if name == "VEVENT" && len(open) == 2 {
				e, inside = &event{line: l.line, days: 1}, nil
			}
		case len(open) == 0:
			return nil, lineFail(CodeNoCalendar, l.line, "")
		case l.name == "END":
			if strings.ToUpper(l.value) != open[len(open)-1] {
				return nil, lineFail(CodeCalendarLine, l.line, raw.value)
			}
			open = open[:len(open)-1]
			whole = true
			if e != nil && len(open) == 1 {
				if err := e.read(inside); err != nil {
					return nil, err
				}
				events = append(events, e)
				e = nil
			}
		case e != nil && len(open) == 2:
			inside = append(inside, l)
		}
	}
	if len(open) > 0 || !whole {
		return nil, lineFail(CodeNoCalendar, last, "")
	}
	return events, nil
}

// unfold gives the lines of a file one by one: a line that begins with a space or a tab goes on with the one before (RFC 5545, 3.1).
func unfold(content []byte) func() (contentLine, bool) {
	rest := bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))
	number := 0
	cut := func() string {
		line, after, _ := bytes.Cut(rest, []byte("\n"))
		rest = after
		number++
		return strings.TrimSuffix(string(line), "\r")
	}
	return func() (contentLine, bool) {
		for len(rest) > 0 {
			s := cut()
			if strings.TrimSpace(s) == "" {
				continue
			}
			l := contentLine{line: number}
			var b strings.Builder
			b.WriteString(s)
			for len(rest) > 0 && (rest[0] == ' ' || rest[0] == '\t') {
				b.WriteString(cut()[1:])
			}
			l.value = b.String()
			return l, true
		}
		return contentLine{}, false
	}
}

// parseLine takes name, parameters and value apart: DTSTART;VALUE=DATE:20261224. A value in quotation marks may hold ; and :.
func parseLine(l contentLine) (contentLine, bool) {
	s := l.value
	quoted, colon := false, -1
	for i := 0; i < len(s) && colon < 0; i++ {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == ':' && !quoted:
			colon = i
		}
	}
	if colon <= 0 {
		return l, false
	}
	head := s[:colon]
	l.value = strings.TrimSpace(s[colon+1:])
	name, params, _ := strings.Cut(head, ";")
	l.name = strings.ToUpper(strings.TrimSpace(name))
	l.params = map[string]string{}
	for _, p := range strings.Split(params, ";") {
		if k, v, ok := strings.Cut(p, "="); ok {
			l.params[strings.ToUpper(k)] = strings.Trim(v, `"`)
		}
	}
	return l, l.name != "" && !strings.ContainsAny(l.name, " \t")
}
