package mail

import (
	"net/mail"
	"strconv"
	"strings"
	"time"
)

// zones are those that programs write as words. net/mail knows no more than that they are words.
var zones = map[string]string{"UT": "+0000", "UTC": "+0000", "GMT": "+0000", "Z": "+0000", "EST": "-0500", "EDT": "-0400", "CST": "-0600", "CDT": "-0500",
	"MST": "-0700", "MDT": "-0600", "PST": "-0800", "PDT": "-0700", "CET": "+0100", "CEST": "+0200", "MET": "+0100", "MEST": "+0200", "MEZ": "+0100", "MESZ": "+0200",
	"BST": "+0100", "WET": "+0000", "WEST": "+0100", "EET": "+0200", "EEST": "+0300", "MSK": "+0300", "JST": "+0900", "KST": "+0900", "HKT": "+0800", "SGT": "+0800"}

var (
	comments = pattern(`\([^()]*\)`)
	weekday  = pattern(`^[^\d\s,]{1,20},?\s+`)
	gmtZone  = pattern(`(?i)\b(?:GMT|UTC)\s*([+-])(\d{1,2}):?(\d{2})?$`)
	colon    = pattern(`([+-]\d{2}):(\d{2})$`)
	word     = pattern(`\s([A-Z]{1,4})$`)
	layouts  = []string{"2 Jan 2006 15:04:05 -0700", "2 Jan 2006 15:04 -0700", "2 Jan 2006 15:04:05", "2 Jan 2006 15:04", "2 January 2006 15:04:05 -0700",
		"Jan 2 15:04:05 2006 -0700", "Jan 2 15:04:05 2006", "Jan 2 15:04:05 -0700 2006", "Jan 2, 2006 15:04:05 -0700", "January 2, 2006 15:04:05",
		"Jan 2, 2006 3:04:05 PM", "January 2, 2006 3:04:05 PM", "2 Jan 2006 3:04:05 PM -0700", "2-Jan-2006 15:04:05 -0700", "2-Jan-2006 15:04:05", "2-Jan-06 15:04:05 -0700",
		"2 Jan 06 15:04:05 -0700", "2 Jan 06 15:04:05", "2 Jan 06 15:04 -0700", "2 Jan 2006", "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05-0700", "2006-01-02T15:04:05",
		"2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05", "2006/01/02 15:04:05", "2006-01-02", "2006年1月2日 15:04:05", "2006年1月2日 15:04"}
)

// ParseDate reads the date of a message. A time without a zone is taken for UTC. Dates before 1980
// and after 2200 are those of broken clocks.
func ParseDate(v string) (time.Time, bool) {
	if t, ok := usualDate(v); ok {
		return sensible(t)
	}
	v = oneLine(Text([]byte(v), ""))
	if v == "" || len(v) > 200 {
		return time.Time{}, false
	}
	v = strings.TrimSpace(comments().ReplaceAllString(v, " "))
	v = strings.Join(strings.Fields(strings.Trim(v, `"'`)), " ")
	if m := word().FindStringSubmatchIndex(v); m != nil {
		if off, ok := zones[v[m[2]:m[3]]]; ok {
			v = v[:m[2]] + off
		}
	}
	if m := gmtZone().FindStringSubmatchIndex(v); m != nil {
		hours, _ := strconv.Atoi(v[m[4]:m[5]]) // digits
		minutes := "00"
		if m[6] >= 0 {
			minutes = v[m[6]:m[7]]
		}
		v = strings.TrimSpace(v[:m[0]]) + " " + v[m[2]:m[3]] + strconv.Itoa(hours/10) + strconv.Itoa(hours%10) + minutes
	}
	v = colon().ReplaceAllString(v, "$1$2")
	if t, err := mail.ParseDate(v); err == nil {
		return sensible(t)
	}
	bare := v
	if !strings.HasPrefix(v, "20") && !strings.HasPrefix(v, "19") {
		if w := weekday().FindString(v); w != "" && !isMonth(w) {
			bare = v[len(w):]
		}
	}
	bare = strings.Replace(bare, ".", ":", strings.Count(bare, ".")) // 10.15.00
	for _, layout := range layouts {
		if t, err := time.Parse(layout, bare); err == nil {
			return sensible(t)
		}
	}
	// Whatever follows a whole date (a second zone, a word) is none of its business.
	if fields := strings.Fields(bare); len(fields) > 4 {
		if t, err := time.Parse("2 Jan 2006 15:04:05 -0700", strings.Join(fields[:min(5, len(fields))], " ")); err == nil {
			return sensible(t)
		}
		if t, err := time.Parse("2 Jan 2006 15:04:05", strings.Join(fields[:4], " ")); err == nil {
			return sensible(t)
		}
	}
	return time.Time{}, false
}

// usualDate reads what nearly all messages have, "Mon, 2 Jan 2006 15:04:05 -0700 (CET)", many times
// faster than the layouts are tried.
func usualDate(v string) (time.Time, bool) {
	none := time.Time{}
	v = strings.TrimSpace(v)
	if len(v) > 4 && v[3] == ',' {
		v = strings.TrimLeft(v[4:], " ")
	}
	number := func(digits, low, high int) (int, bool) {
		n, i := 0, 0
		for ; i < len(v) && i < digits && v[i] >= '0' && v[i] <= '9'; i++ {
			n = n*10 + int(v[i]-'0')
		}
		v = v[i:]
		return n, i > 0 && n >= low && n <= high
	}
	skip := func(c byte) bool {
		if len(v) == 0 || v[0] != c {
			return false
		}
		v = v[1:]
		return true
	}
	day, ok := number(2, 1, 31)
	if !ok || !skip(' ') || len(v) < 4 {
		return none, false
	}
	month := strings.Index("JanFebMarAprMayJunJulAugSepOctNovDec", v[:3])
	if month < 0 || month%3 != 0 || v[3] != ' ' {
		return none, false
	}
	v = v[4:]
	year, ok := number(4, 1900, 9999)
	if !ok || !skip(' ') {
		return none, false
	}
	hour, ok1 := number(2, 0, 23)
	ok2 := skip(':')
	minute, ok3 := number(2, 0, 59)
	ok4 := skip(':')
	second, ok5 := number(2, 0, 60)
	if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 || !skip(' ') || len(v) < 5 || v[0] != '+' && v[0] != '-' {
		return none, false
	}
	sign := 1
	if v[0] == '-' {
		sign = -1
	}
	v = v[1:]
	offset, ok := number(4, 0, 2359)
	if rest := strings.TrimSpace(v); !ok || rest != "" && (rest[0] != '(' || rest[len(rest)-1] != ')') {
		return none, false
	}
	t := time.Date(year, time.Month(month/3+1), day, hour, minute, second, 0, time.UTC)
	if t.Day() != day {
		return none, false
	}
	return t.Add(-time.Duration(sign*(offset/100*60+offset%100)) * time.Minute), true
}

func isMonth(w string) bool {
	w = strings.ToLower(strings.Trim(w, " ,."))
	return len(w) >= 3 && strings.Contains(" jan feb mar apr may jun jul aug sep oct nov dec ", " "+w[:3]+" ")
}

func sensible(t time.Time) (time.Time, bool) {
	t = t.UTC()
	if t.Year() < 1980 || t.Year() > 2200 {
		return time.Time{}, false
	}
	return t, true
}

// date reads when a message was written, or else when it arrived.
func (h *Header) date(m *Message) {
	v := h.Get("date")
	t, ok := ParseDate(v)
	if ok {
		m.Date = t
		return
	}
	for _, name := range []string{"received", "x-received", "delivery-date", "resent-date"} {
		for _, r := range h.all(name) {
			if i := strings.LastIndexByte(r, ';'); i >= 0 {
				r = r[i+1:]
			}
			if t, ok := ParseDate(r); ok {
				m.Date = t
				if v != "" {
					m.problem("Date", "the date %q cannot be read; the time when it arrived is taken", cut(oneLine(Text([]byte(v), "")), 100))
				}
				return
			}
		}
	}
	if v != "" {
		m.problem("Date", "the date %q cannot be read", cut(oneLine(Text([]byte(v), "")), 100))
	}
}
