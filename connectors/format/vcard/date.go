package vcard

import (
	"strconv"
	"strings"
	"time"
)

// Date writes a day as vCards and phones write it (1980-03-22, 19800322, --0322, 1980-03-22T10:00:00Z,
// 1980-03, 1980) in one way: "1980-03-22", "--03-22" where the year is not told, "1980-03", "1980".
// ok is false for what is none of these, or no day that there is. A time of day is left out.
func Date(text string) (date string, ok bool) {
	s := strings.TrimSpace(text)
	if i := strings.IndexAny(s, "Tt "); i > 0 {
		s = s[:i]
	}
	var year string
	dashed := false
	switch {
	case strings.HasPrefix(s, "--"):
		s = s[2:]
	case len(s) >= 4 && digits(s[:4]):
		year = s[:4]
		s, dashed = strings.CutPrefix(s[4:], "-")
	default:
		return "", false
	}
	s = strings.TrimSuffix(s, "Z")
	month, day := s, ""
	if m, d, found := strings.Cut(s, "-"); found {
		month, day = m, d
	} else if len(s) == 4 {
		month, day = s[:2], s[2:]
	} else if s != "" && !dashed {
		return "", false
	}
	if (month != "" && (len(month) > 2 || !digits(month))) || (day != "" && (len(day) > 2 || !digits(day))) {
		return "", false
	}
	y, _ := strconv.Atoi(year)
	m, _ := strconv.Atoi(month)
	d, _ := strconv.Atoi(day)
	if y == 1604 || y == 0 { // what Apple and others write for a year that nobody told
		year = ""
	}
	leap := y
	if year == "" {
		leap = 2000
	}
	switch {
	case month == "" && day == "" && year != "" && y >= 1000:
		return year, true
	case m < 1 || m > 12 || day != "" && (d < 1 || d > time.Date(leap, time.Month(m)+1, 0, 0, 0, 0, 0, time.UTC).Day()):
		return "", false
	case day == "" && year != "":
		return year + "-" + two(m), true
	case day == "":
		return "", false
	case year == "":
		return "--" + two(m) + "-" + two(d), true
	}
	return year + "-" + two(m) + "-" + two(d), true
}

func two(n int) string {
	if n < 10 {
		return "0" + strconv.Itoa(n)
	}
	return strconv.Itoa(n)
}

func digits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// Time reads the moment of REV and its like (20120305T131933Z, 2012-03-05T13:19:33.5+01:00, a day
// alone), in UTC; one without a zone is taken as UTC.
func Time(text string) (time.Time, bool) {
	s := strings.ToUpper(strings.TrimSpace(text))
	if i := strings.IndexByte(s, ' '); i > 0 {
		s = s[:i] + "T" + strings.TrimSpace(s[i:])
	}
	day, clock, _ := strings.Cut(s, "T")
	if strings.Count(clock, "-") == 0 && strings.Count(clock, "+") == 0 && !strings.HasSuffix(clock, "Z") {
		clock += "Z"
	}
	s = strings.ReplaceAll(day, "-", "") + "T" + strings.ReplaceAll(clock, ":", "")
	for _, layout := range []string{"20060102T150405Z0700", "20060102T1504Z0700", "20060102T150405Z07", "20060102T15Z0700", "20060102TZ0700"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}
