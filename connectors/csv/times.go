package csv

import (
	"strconv"
	"strings"
	"time"
)

// Orders of day and month in dates such as 3/4/2024.
const (
	monthFirst = "mdy"
	dayFirst   = "dmy"
)

var months = map[string]time.Month{
	"jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "sept": 9, "oct": 10, "nov": 11, "dec": 12,
	"january": 1, "february": 2, "march": 3, "april": 4, "june": 6, "july": 7, "august": 8, "september": 9, "october": 10, "november": 11, "december": 12,
	"januar": 1, "februar": 2, "märz": 3, "mär": 3, "mrz": 3, "mai": 5, "juni": 6, "juli": 7, "oktober": 10, "okt": 10, "dezember": 12, "dez": 12,
	"janvier": 1, "janv": 1, "février": 2, "févr": 2, "fév": 2, "mars": 3, "avril": 4, "avr": 4, "juin": 6, "juillet": 7, "juil": 7, "août": 8, "septembre": 9, "octobre": 10, "novembre": 11, "décembre": 12, "déc": 12,
	"enero": 1, "ene": 1, "febrero": 2, "marzo": 3, "abril": 4, "abr": 4, "mayo": 5, "junio": 6, "julio": 7, "agosto": 8, "ago": 8, "septiembre": 9, "octubre": 10, "noviembre": 11, "diciembre": 12, "dic": 12,
}

// parseTime reads a date, with or without a time, in the forms that exports write. zone holds
// where none is told; order (monthFirst or dayFirst) decides where a date could be either. The
// result is UTC; midnight in zone for a date alone.
func parseTime(text, order string, zone *time.Location) (time.Time, bool) {
	s := strings.ToLower(strings.TrimSpace(text))
	s = strings.Map(func(c rune) rune {
		switch c {
		case '\u00A0', '\u202F', '年', '月':
			if c == '年' || c == '月' {
				return '-'
			}
			return ' '
		case '日':
			return ' '
		case '：':
			return ':'
		}
		return c
	}, s)
	if len(s) > 64 || s == "" {
		return time.Time{}, false
	}
	date, clock := splitClock(s)
	y, m, d, ok := parseDate(date, order)
	if !ok {
		return time.Time{}, false
	}
	c, ok := parseClock(clock)
	if !ok {
		return time.Time{}, false
	}
	if c.zone != nil {
		zone = c.zone
	}
	t := time.Date(y, m, d, c.h, c.m, c.s, c.ns, zone)
	return t.UTC(), true
}

// splitClock cuts the time of day, with all behind it, from the date before it.
func splitClock(s string) (date, clock string) {
	i := strings.IndexByte(s, ':')
	if i < 0 {
		return strings.TrimSpace(s), ""
	}
	for i > 0 && s[i-1] >= '0' && s[i-1] <= '9' {
		i--
	}
	date = strings.TrimSpace(s[:i])
	for _, word := range []string{" at", " um", " à", ",", "t"} {
		if rest, ok := strings.CutSuffix(date, word); ok && rest != "" {
			if last := rest[len(rest)-1]; word != "t" || last >= '0' && last <= '9' {
				date = rest
				break
			}
		}
	}
	for _, am := range []string{"上午", "下午"} { // 下午2:30
		if rest, ok := strings.CutSuffix(date, am); ok {
			return strings.TrimSpace(rest), s[i:] + map[string]string{"上午": " am", "下午": " pm"}[am]
		}
	}
	return strings.TrimSpace(date), s[i:]
}

type clock struct {
	h, m, s, ns int
	zone        *time.Location
}

func parseClock(s string) (clock, bool) {
	var c clock
	if s == "" {
		return c, true
	}
	num := func(limit, digits int) (int, bool) {
		n := 0
		for n < len(s) && n < digits && s[n] >= '0' && s[n] <= '9' {
			n++
		}
		v, err := strconv.Atoi(s[:n])
		s = s[n:]
		return v, err == nil && v <= limit
	}
	var ok bool
	if c.h, ok = num(24, 2); !ok || !strings.HasPrefix(s, ":") {
		return c, false
	}
	s = s[1:]
	if c.m, ok = num(59, 2); !ok {
		return c, false
	}
	if strings.HasPrefix(s, ":") {
		s = s[1:]
		if c.s, ok = num(60, 2); !ok {
			return c, false
		}
		if strings.HasPrefix(s, ".") || strings.HasPrefix(s, ",") {
			n := 1
			for n < len(s) && s[n] >= '0' && s[n] <= '9' {
				n++
			}
			f := (s[1:n] + "000000000")[:9]
			c.ns, _ = strconv.Atoi(f)
			s = s[n:]
		}
	}
	s = strings.TrimSpace(s)
	for _, half := range []string{"am", "a.m.", "pm", "p.m.", "uhr"} {
		rest, found := strings.CutPrefix(s, half)
		if !found {
			continue
		}
		s = strings.TrimSpace(rest)
		if half == "uhr" {
			break
		}
		if c.h < 1 || c.h > 12 {
			return c, false
		}
		c.h %= 12
		if half[0] == 'p' {
			c.h += 12
		}
		break
	}
	zone, ok := parseZone(s)
	c.zone = zone
	return c, ok && (c.h < 24 || c.m == 0 && c.s == 0)
}

func parseZone(s string) (*time.Location, bool) {
	s = strings.Trim(s, "() ")
	switch s {
	case "":
		return nil, true
	case "z", "utc", "gmt", "+0000", "+00:00":
		return time.UTC, true
	}
	s = strings.TrimPrefix(strings.TrimPrefix(s, "utc"), "gmt")
	if len(s) < 3 || s[0] != '+' && s[0] != '-' {
		return nil, false
	}
	digits := strings.ReplaceAll(s[1:], ":", "")
	if len(digits) == 2 {
		digits += "00"
	}
	n, err := strconv.Atoi(digits)
	if err != nil || len(digits) != 4 || n/100 > 14 || n%100 > 59 {
		return nil, false
	}
	offset := (n/100)*3600 + (n%100)*60
	if s[0] == '-' {
		offset = -offset
	}
	return time.FixedZone("", offset), true
}

// parseDate reads a date in lower case.
func parseDate(s, order string) (y int, m time.Month, d int, ok bool) {
	parts := strings.FieldsFunc(s, func(c rune) bool { return strings.ContainsRune(" -/.,", c) })
	if len(parts) == 4 { // "tue, 12 mar 2024"
		if _, err := strconv.Atoi(parts[0]); err != nil {
			parts = parts[1:]
		}
	}
	if len(parts) == 1 && len(parts[0]) == 8 { // 20240312
		p := parts[0]
		parts = []string{p[:4], p[4:6], p[6:]}
	}
	if len(parts) != 3 {
		return 0, 0, 0, false
	}
	var n [3]int
	word := -1
	for i, p := range parts {
		if mon, isMonth := months[p]; isMonth {
			if word >= 0 {
				return 0, 0, 0, false
			}
			word, n[i] = i, int(mon)
			continue
		}
		p = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(p, "st"), "nd"), "rd"), "th")
		v, err := strconv.Atoi(p)
		if err != nil || v < 0 || len(p) > 4 {
			return 0, 0, 0, false
		}
		n[i] = v
	}
	switch {
	case len(parts[0]) == 4 && word != 0:
		y, m, d = n[0], time.Month(n[1]), n[2]
	case word == 0:
		m, d, y = time.Month(n[0]), n[1], n[2]
	case word == 1:
		d, m, y = n[0], time.Month(n[1]), n[2]
	case n[0] > 12, n[1] <= 12 && (order == dayFirst || order == "" && strings.Contains(s, ".")):
		d, m, y = n[0], time.Month(n[1]), n[2]
	default:
		m, d, y = time.Month(n[0]), n[1], n[2]
	}
	if y < 100 {
		if y += 2000; y > 2068 {
			y -= 100
		}
	}
	last := time.Date(y, m+1, 0, 0, 0, 0, 0, time.UTC).Day()
	return y, m, d, m >= 1 && m <= 12 && d >= 1 && y >= 1000 && y <= 9999 && d <= last
}

// dateOrder says what a date shows about the order of day and month; "" where it could be either.
func dateOrder(text string) string {
	date, _ := splitClock(strings.ToLower(strings.TrimSpace(text)))
	parts := strings.FieldsFunc(date, func(c rune) bool { return strings.ContainsRune(" -/.,", c) })
	if len(parts) != 3 || len(parts[0]) > 2 {
		return ""
	}
	a, err1 := strconv.Atoi(parts[0])
	b, err2 := strconv.Atoi(parts[1])
	switch {
	case err1 != nil || err2 != nil:
		return ""
	case a > 12 && b <= 12:
		return dayFirst
	case b > 12 && a <= 12:
		return monthFirst
	}
	return ""
}
