package promise

import "strings"

// part is a part of the day, or another way to name a time in it.
type part byte

const (
	partNone part = iota
	partDawn
	partFirst // first thing
	partMorning
	partNoon
	partLunch
	partAfternoon
	partBusiness // close of business
	partEvening
	partEnd // end of the day
)

// clock is a time of day as said. The zero clock was not said.
type clock struct {
	set    bool
	timed  bool // hour and minute were given
	hour   int
	min    int
	padded bool // "05:30": a 24-hour time as written
	half   byte // 'a' or 'p' where am or pm was said
	part   part
	zone   string // IANA name of the zone in which it was said to be meant; empty for the writer's
}

func at(p part) clock { return clock{set: true, part: p} }

// minute is the clock's minute of the day, which may lie in the next; false when it means the end of the day.
func (k clock) minute() (int, bool) {
	if !k.set {
		return 0, false
	}
	if !k.timed {
		switch k.part {
		case partDawn:
			return 6 * 60, true
		case partFirst:
			return 10 * 60, true
		case partMorning, partNoon:
			return 12 * 60, true
		case partLunch:
			return 13 * 60, true
		case partAfternoon, partBusiness:
			return 18 * 60, true
		}
		return 0, false
	}
	h := k.hour
	switch {
	case h > 12:
	case k.half == 'a':
		h %= 12
	case k.half == 'p':
		h = h%12 + 12
	case k.part == partDawn:
		h %= 12
	case k.part == partMorning, k.part == partFirst:
	case k.part == partAfternoon && h < 12, (k.part == partNoon || k.part == partLunch) && h < 10:
		h += 12
	case k.part == partEvening && h < 5:
		h += 24
	case k.part == partEvening:
		h = h%12 + 12
		if k.hour == 12 {
			h = 24
		}
	case k.part == partNone && !k.padded && h >= 1 && h <= 6:
		h += 12
	}
	m := h*60 + k.min
	return m, m != 24*60
}

// merge adds what other says where k says nothing; false when they speak of the same thing.
func (k clock) merge(other clock) (clock, bool) {
	if k.timed && other.timed || k.part != partNone && other.part != partNone {
		return k, false
	}
	if other.timed {
		if other.part == partNone {
			other.part = k.part
		}
		if other.zone == "" {
			other.zone = k.zone
		}
		if k.part == partNoon || k.part == partEnd || k.part == partBusiness {
			return k, false
		}
		return other, true
	}
	k.set, k.part = true, other.part
	if k.zone == "" {
		k.zone = other.zone
	}
	return k, true
}

func validClock(h, m int) bool { return h >= 0 && m >= 0 && m < 60 && (h < 24 || h == 24 && m == 0) }

var englishNumbers = map[string]int{
	"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
	"eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18,
	"nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "ninety": 90, "few": 3, "several": 5, "couple": 2,
}

var englishOrdinals = map[string]int{
	"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10,
	"eleventh": 11, "twelfth": 12, "thirteenth": 13, "fourteenth": 14, "fifteenth": 15, "sixteenth": 16, "seventeenth": 17,
	"eighteenth": 18, "nineteenth": 19, "twentieth": 20, "thirtieth": 30,
}

var englishMonths = map[string]int{
	"january": 1, "jan": 1, "february": 2, "feb": 2, "march": 3, "mar": 3, "april": 4, "apr": 4, "may": 5, "june": 6, "jun": 6,
	"july": 7, "jul": 7, "august": 8, "aug": 8, "september": 9, "sep": 9, "sept": 9, "october": 10, "oct": 10, "november": 11,
	"nov": 11, "december": 12, "dec": 12,
}

// englishWeekdays counts from Sunday, as time.Weekday does.
var englishWeekdays = map[string]int{
	"monday": 1, "mon": 1, "tuesday": 2, "tue": 2, "tues": 2, "wednesday": 3, "wed": 3, "weds": 3, "thursday": 4, "thu": 4,
	"thur": 4, "thurs": 4, "friday": 5, "fri": 5, "saturday": 6, "sat": 6, "sunday": 0, "sun": 0,
}

var englishUnits = map[string]unit{
	"minute": unitMinute, "minutes": unitMinute, "min": unitMinute, "mins": unitMinute,
	"hour": unitHour, "hours": unitHour, "hr": unitHour, "hrs": unitHour, "h": unitHour,
	"day": unitDay, "days": unitDay, "d": unitDay, "week": unitWeek, "weeks": unitWeek, "wk": unitWeek, "wks": unitWeek, "w": unitWeek,
	"weekday": unitWorking, "weekdays": unitWorking, "workday": unitWorking, "workdays": unitWorking,
	"month": unitMonth, "months": unitMonth, "quarter": unitQuarter, "quarters": unitQuarter, "year": unitYear, "years": unitYear,
}

const chineseDigits = "零一二三四五六七八九"

// chineseNumber reads decimal or Chinese numerals at the start of r: 24, 二十四, 廿四, 两, 半 excluded. n is the number of
// runes read, 0 when there is no number. 两三 is at most three; longer strings such as 二〇二六 are read digit by digit.
func chineseNumber(r []rune) (value, n int) {
	for n < len(r) && r[n] >= '0' && r[n] <= '9' {
		if n == 4 {
			return 0, 0
		}
		value = value*10 + int(r[n]-'0')
		n++
	}
	if n > 0 {
		return value, n
	}
	total, run := 0, []int(nil)
	value = 0
	for ; n < len(r) && len(run) <= 4; n++ {
		if d := chineseDigit(r[n]); d >= 0 {
			run = append(run, d)
			continue
		}
		times := map[rune]int{'十': 10, '廿': 20, '卅': 30, '百': 100}[r[n]]
		switch {
		case r[n] == '几' && n == 0:
			return 3, 1
		case times == 0:
			return total + runValue(run), n
		case len(run) == 0:
			total += times
		default:
			total += runValue(run) * times
		}
		if run = nil; total > 9999 {
			return 0, 0
		}
	}
	if len(run) > 4 {
		return 0, 0
	}
	return total + runValue(run), n
}

func chineseDigit(r rune) int {
	switch r {
	case '〇':
		return 0
	case '两':
		return 2
	}
	if i := strings.IndexRune(chineseDigits, r); i >= 0 {
		return i / len("零")
	}
	return -1
}

// runValue is the value of digits that stand side by side: two that rise, as in 两三天, are a range, of which the later counts.
func runValue(run []int) int {
	if len(run) == 2 && run[0] > 0 && run[1] > run[0] {
		return run[1]
	}
	v := 0
	for _, d := range run {
		v = v*10 + d
	}
	return v
}
