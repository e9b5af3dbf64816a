package promise

import "time"

// country is one configured country, or part of one.
type country struct {
	code, family string
	known        func(year int) bool // nil: every year
	holidays     func(s *daySet, year int)
}

// family is a country with its parts: the second half of their ISO 3166-2 codes.
type family struct {
	code     string
	parts    []string
	known    func(year int) bool
	holidays func(s *daySet, year int, part string)
}

var families = []family{
	{code: "CN", known: chinaKnown, holidays: china},
	{code: "DE", parts: []string{"BB", "BE", "BW", "BY", "HB", "HE", "HH", "MV", "NI", "NW", "RP", "SH", "SL", "SN", "ST", "TH"}, holidays: germany},
	{code: "FR", parts: []string{"57", "67", "68"}, holidays: france},
	{code: "GB", parts: []string{"ENG", "NIR", "SCT", "WLS"}, holidays: britain},
	{code: "US", holidays: unitedStates},
}

// familyOf is the country that a zone lies in, of those that are known; "" for any other.
func familyOf(zone string) string {
	switch zone {
	case "Asia/Shanghai", "Asia/Urumqi", "Asia/Chongqing", "Asia/Chungking", "Asia/Harbin", "Asia/Kashgar", "PRC":
		return "CN"
	case "Europe/Berlin", "Europe/Busingen":
		return "DE"
	case "Europe/Paris":
		return "FR"
	case "Europe/London", "Europe/Belfast", "GB":
		return "GB"
	}
	if inUnitedStates(zone) {
		return "US"
	}
	return ""
}

func day(year int, month time.Month, d int) time.Time {
	return time.Date(year, month, d, 0, 0, 0, 0, time.UTC)
}

// nth is the nth such weekday of a month, or with n = -1 the last.
func nth(n int, w time.Weekday, year int, month time.Month) time.Time {
	if n < 0 {
		last := day(year, month+1, 0)
		return last.AddDate(0, 0, -(int(last.Weekday())-int(w)+7)%7)
	}
	first := day(year, month, 1)
	return first.AddDate(0, 0, (int(w)-int(first.Weekday())+7)%7+7*(n-1))
}

// easter is Easter Sunday of the Gregorian calendar, by the rule in whole numbers that a correspondent of Nature gave in 1876 and
// Butcher's Ecclesiastical Calendar took up; as in J. Meeus, Astronomical Algorithms, 2nd edition, chapter 8.
func easter(year int) time.Time {
	a, b, c := year%19, year/100, year%100
	d, e := b/4, b%4
	f := (b + 8) / 25
	g := (b - f + 1) / 3
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 22*l) / 451
	n := h + l - 7*m + 114
	return day(year, time.Month(n/31), n%31+1)
}

// unitedStates are the federal holidays of 5 U.S.C. 6103(a). On a Saturday they are observed on the Friday before (6103(b)), on a
// Sunday on the Monday after (Executive Order 11582).
func unitedStates(s *daySet, year int, _ string) {
	fixed := []time.Time{day(year, time.January, 1), day(year, time.July, 4), day(year, time.November, 11), day(year, time.December, 25)}
	if year >= 2021 {
		fixed = append(fixed, day(year, time.June, 19)) // Public Law 117-17
	}
	for _, d := range fixed {
		s.rest(d)
		switch d.Weekday() {
		case time.Saturday:
			s.rest(d.AddDate(0, 0, -1))
		case time.Sunday:
			s.rest(d.AddDate(0, 0, 1))
		}
	}
	if year >= 1986 {
		s.rest(nth(3, time.Monday, year, time.January))
	}
	s.rest(nth(3, time.Monday, year, time.February))
	s.rest(nth(-1, time.Monday, year, time.May))
	s.rest(nth(1, time.Monday, year, time.September))
	s.rest(nth(2, time.Monday, year, time.October))
	s.rest(nth(4, time.Thursday, year, time.November))
}

// germany are the holidays of all Länder and, with a part, those of that Land's law. Bavaria's Assumption Day counts, which is
// one in most of its municipalities.
func germany(s *daySet, year int, land string) {
	e := easter(year)
	is := func(lands ...string) bool {
		for _, l := range lands {
			if l == land {
				return true
			}
		}
		return false
	}
	s.rest(day(year, time.January, 1))
	s.rest(e.AddDate(0, 0, -2))
	s.rest(e.AddDate(0, 0, 1))
	s.rest(day(year, time.May, 1))
	s.rest(e.AddDate(0, 0, 39))
	s.rest(e.AddDate(0, 0, 50))
	if year >= 1990 {
		s.rest(day(year, time.October, 3))
	}
	s.rest(day(year, time.December, 25))
	s.rest(day(year, time.December, 26))

	if is("BW", "BY", "ST") {
		s.rest(day(year, time.January, 6))
	}
	if is("BE") && year >= 2019 || is("MV") && year >= 2023 {
		s.rest(day(year, time.March, 8))
	}
	if is("BB") {
		s.rest(e)
		s.rest(e.AddDate(0, 0, 49))
	}
	if is("BW", "BY", "HE", "NW", "RP", "SL") {
		s.rest(e.AddDate(0, 0, 60))
	}
	if is("BY", "SL") {
		s.rest(day(year, time.August, 15))
	}
	if is("TH") && year >= 2019 {
		s.rest(day(year, time.September, 20))
	}
	if year == 2017 || is("BB", "MV", "SN", "ST", "TH") || is("HB", "HH", "NI", "SH") && year >= 2018 {
		s.rest(day(year, time.October, 31))
	}
	if is("BW", "BY", "NW", "RP", "SL") {
		s.rest(day(year, time.November, 1))
	}
	if is("SN") {
		// The Day of Repentance is the Wednesday before 23 November.
		d := day(year, time.November, 22)
		s.rest(d.AddDate(0, 0, -(int(d.Weekday())-int(time.Wednesday)+7)%7))
	}
	if is("BE") {
		switch year { // days of remembrance, by Berlin's law once each
		case 2020, 2025:
			s.rest(day(year, time.May, 8))
		case 2028:
			s.rest(day(year, time.June, 17))
		}
	}
}

// france are the holidays of article L3133-1 of the Code du travail; in Moselle (57) and Alsace (67, 68) two more, by L3134-13.
func france(s *daySet, year int, part string) {
	e := easter(year)
	for _, d := range []time.Time{
		day(year, time.January, 1), e.AddDate(0, 0, 1), day(year, time.May, 1), day(year, time.May, 8), e.AddDate(0, 0, 39), e.AddDate(0, 0, 50),
		day(year, time.July, 14), day(year, time.August, 15), day(year, time.November, 1), day(year, time.November, 11), day(year, time.December, 25),
	} {
		s.rest(d)
	}
	if part != "" {
		s.rest(e.AddDate(0, 0, -2))
		s.rest(day(year, time.December, 26))
	}
}

// britain are the bank holidays of the Banking and Financial Dealings Act 1971, with those that royal proclamations have added and
// moved since 2010. Without a part they are those of England and Wales. A holiday on a weekend has a substitute day after it.
func britain(s *daySet, year int, part string) {
	e := easter(year)
	scotland := part == "SCT"
	// pair is a holiday with a second one on the day after it: both move behind the weekend, the second behind the first.
	pair := func(first time.Time, both bool) {
		for i := range 2 {
			d := first.AddDate(0, 0, i)
			if i == 1 && !both {
				break
			}
			s.rest(d)
			switch {
			case d.Weekday() != time.Saturday && d.Weekday() != time.Sunday:
			case both:
				s.rest(d.AddDate(0, 0, 2))
			default:
				s.rest(nextMonday(d))
			}
		}
	}
	alone := func(d time.Time) { pair(d, false) }

	pair(day(year, time.January, 1), scotland)
	s.rest(e.AddDate(0, 0, -2))
	if !scotland {
		s.rest(e.AddDate(0, 0, 1))
	}
	switch year {
	case 2020:
		s.rest(day(year, time.May, 8))
	default:
		s.rest(nth(1, time.Monday, year, time.May))
	}
	switch year {
	case 2012:
		s.rest(day(year, time.June, 4))
	case 2022:
		s.rest(day(year, time.June, 2))
	default:
		s.rest(nth(-1, time.Monday, year, time.May))
	}
	if scotland {
		s.rest(nth(1, time.Monday, year, time.August))
		if year >= 2007 {
			alone(day(year, time.November, 30)) // St Andrew's Day Bank Holiday (Scotland) Act 2007
		}
	} else {
		s.rest(nth(-1, time.Monday, year, time.August))
	}
	if part == "NIR" {
		alone(day(year, time.March, 17))
		alone(day(year, time.July, 12))
	}
	pair(day(year, time.December, 25), true)

	switch year {
	case 2011:
		s.rest(day(year, time.April, 29))
	case 2012:
		s.rest(day(year, time.June, 5))
	case 2022:
		s.rest(day(year, time.June, 3))
		s.rest(day(year, time.September, 19))
	case 2023:
		s.rest(day(year, time.May, 8))
	case 2026:
		if scotland {
			s.rest(day(year, time.June, 15))
		}
	}
}

func nextMonday(d time.Time) time.Time { return d.AddDate(0, 0, (8-int(d.Weekday()))%7) }
