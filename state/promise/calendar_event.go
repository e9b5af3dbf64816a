package promise

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// read takes what an event says of itself.
func (e *event) read(lines []contentLine) error {
	var end time.Time
	var length int
	date := func(l contentLine) (time.Time, bool, error) {
		d, whole, ok := dateValue(l.value, l.params["VALUE"])
		if !ok {
			return d, false, lineFail(CodeCalendarDate, l.line, l.value)
		}
		return d, whole, nil
	}
	whole, wholeEnd := false, true
	for _, l := range lines {
		var err error
		switch l.name {
		case "UID":
			e.uid = l.value
		case "DTSTART":
			e.start, whole, err = date(l)
		case "DTEND":
			end, wholeEnd, err = date(l)
		case "DURATION":
			var ok bool
			if length, ok = durationDays(l.value); !ok {
				err = lineFail(CodeCalendarDate, l.line, l.value)
			}
		case "RECURRENCE-ID":
			e.instead, _, err = date(l)
		case "RRULE":
			e.rules = append(e.rules, l)
		case "RDATE", "EXDATE":
			if l.params["VALUE"] == "PERIOD" {
				continue
			}
			for _, v := range strings.Split(l.value, ",") {
				one, _, err := date(contentLine{line: l.line, value: v, params: l.params})
				if err != nil {
					return err
				}
				if l.name == "RDATE" {
					e.dates = append(e.dates, one)
				} else {
					e.except = append(e.except, one)
				}
			}
		case "STATUS":
			e.passed = e.passed || strings.EqualFold(l.value, "CANCELLED")
		case "DESCRIPTION":
			e.passed = e.passed || strings.HasPrefix(l.value, "Observance")
		case "SUMMARY":
			e.worked = makesUpWork(l.value)
		}
		if err != nil {
			return err
		}
	}
	switch {
	case !whole || !wholeEnd || length < 0:
		e.start = time.Time{}
	case !end.IsZero():
		e.days = max(1, int(end.Sub(e.start)/(24*time.Hour)))
	case length > 0:
		e.days = length
	}
	// Events from midnight to midnight need an end; a lone midnight is a moment.
	if e.midnight(lines) && end.IsZero() && length == 0 {
		e.start = time.Time{}
	}
	return nil
}

// midnight says whether an event begins at a time of day rather than on a day.
func (e *event) midnight(lines []contentLine) bool {
	for _, l := range lines {
		if l.name == "DTSTART" {
			return strings.Contains(l.value, "T")
		}
	}
	return false
}

// dateValue reads 20261224, or 20261224T000000 with or without Z; whole says whether it is a date or a midnight of some zone, rather
// than another time. Midnight in UTC is none: whose it is depends on where one is.
func dateValue(s, kind string) (d time.Time, whole, ok bool) {
	date, clock, timed := strings.Cut(strings.ToUpper(strings.TrimSpace(s)), "T")
	d, err := time.Parse("20060102", date)
	if err != nil || timed && kind == "DATE" {
		return d, false, false
	}
	if !timed {
		return d, true, true
	}
	if _, err := time.Parse("150405", strings.TrimSuffix(clock, "Z")); err != nil && strings.TrimSuffix(clock, "Z") != "235960" {
		return d, false, false
	}
	return d, clock == "000000", true
}

var calendarDuration = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[+-]?P(?:(\d{1,5})W|(\d{1,5})D)?(T(?:\d{1,6}H)?(?:\d{1,6}M)?(?:\d{1,7}S)?)?$`)
})

// durationDays reads P1D, P2W; of one with hours, minutes or seconds it is -1.
func durationDays(s string) (int, bool) {
	m := calendarDuration().FindStringSubmatch(strings.ToUpper(s))
	switch {
	case m == nil || m[1] == "" && m[2] == "" && m[3] == "":
		return 0, false
	case m[3] != "" || strings.HasPrefix(s, "-"):
		return -1, true
	}
	weeks, _ := strconv.Atoi("0" + m[1]) // digits alone
	days, _ := strconv.Atoi("0" + m[2])
	return 7*weeks + days, true
}

// makesUpWork says whether an event's name is that of a working day in place of another, as Chinese calendars have them.
func makesUpWork(name string) bool {
	low := strings.ToLower(name)
	for _, s := range []string{"补班", "補班", "上班", "(班)", "（班）", "【班】", "make-up work", "makeup work", "special working day"} {
		if strings.Contains(low, s) {
			return true
		}
	}
	return strings.HasPrefix(low, "working day")
}
