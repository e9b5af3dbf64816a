package promise

import "time"

// feastDays are days that have a name of their own and a date that everybody knows, the longer names first. A month below zero counts a
// weekday of it: day is then ten times the number of the week (5 is the last), and the weekday.
var feastDays = []struct {
	words      string
	month, day int
}{
	{"christmas eve", 12, 24}, {"christmas day", 12, 25}, {"christmas", 12, 25}, {"xmas", 12, 25}, {"boxing day", 12, 26}, {"new year ' s eve", 12, 31}, {"new years eve", 12, 31},
	{"new year ' s day", 1, 1}, {"in the new year", 1, 1}, {"new year ' s", 1, 1}, {"the new year", 1, 1}, {"new year", 1, 1},
	{"valentine ' s day", 2, 14}, {"valentine ' s", 2, 14}, {"st patrick ' s day", 3, 17}, {"independence day", 7, 4}, {"the fourth of july", 7, 4}, {"halloween", 10, 31},
	{"thanksgiving day", -11, 44}, {"thanksgiving", -11, 44}, {"black friday", -11, 45}, {"labor day", -9, 11}, {"memorial day", -5, 51},
	{"easter monday", 0, 1}, {"good friday", 0, -2}, {"easter sunday", 0, 0}, {"easter", 0, 0},
}

// feast reads days that have a name.
func (p *english) feast(i int) (term, int) {
	s := p.at(i)
	switch s {
	case "christmas", "xmas", "boxing", "new", "in", "the", "valentine", "st", "independence", "halloween", "thanksgiving", "black", "labor", "memorial", "easter", "good":
	default:
		return term{}, i
	}
	for _, f := range feastDays {
		j := p.phrase(i, f.words)
		if j == i || !p.prep && !p.strict && s != "in" || p.at(i-1) == "chinese" || p.at(i-1) == "lunar" {
			continue
		}
		switch p.at(j) {
		case "card", "cards", "party", "sale", "present", "dinner", "gift", "sales", "presents", "gifts", "cake", "tree", "costume":
			return term{}, i
		}
		if f.month > 0 {
			return p.context.date(0, f.month, f.day), j
		}
		on := func(year int) time.Time {
			if f.month == 0 {
				return easter(year).AddDate(0, 0, f.day)
			}
			return nthWeekday(year, time.Month(-f.month), f.day/10, time.Weekday(f.day%10))
		}
		d := on(p.today.Year())
		if d.Before(p.today) {
			d = on(p.today.Year() + 1)
		}
		return dayTerm(d), j
	}
	return term{}, i
}

// nthWeekday is the n-th such weekday of a month, the last one where n is 5.
func nthWeekday(year int, month time.Month, n int, w time.Weekday) time.Time {
	first := day(year, month, 1)
	d := first.AddDate(0, 0, (int(w)-int(first.Weekday())+7)%7+7*(n-1))
	for d.Month() != month {
		d = d.AddDate(0, 0, -7)
	}
	return d
}

// nthOf reads "the last day of the month", "the first Monday of December".
func (p *english) nthOf(i int) (term, int) {
	j := p.word(i, "the")
	n, k := p.ordinalNumber(j)
	if p.at(j) == "last" {
		n, k = 5, j+1
	}
	w, weekday := englishWeekdays[p.at(k)]
	if k == j || n > 5 || !weekday && p.at(k) != "day" || p.at(k+1) != "of" && p.at(k+1) != "in" {
		return term{}, i
	}
	t, e := p.stretch(k + 2)
	if e == k+2 || t.err != nil || t.opens == nil || t.opens(t.day).Day() != 1 {
		return term{}, i
	}
	first := t.opens(t.day)
	switch {
	case weekday && first.AddDate(0, 1, 0).After(t.day): // within a month
		d := nthWeekday(first.Year(), first.Month(), n, time.Weekday(w))
		return dayTerm(d), e
	case weekday:
		return term{}, i
	case n == 5:
		t.opens = same
		return t, e
	}
	return dayTerm(first.AddDate(0, 0, n-1)), e
}

// movingFeasts are those whose date follows another calendar: due words without a moment.
var movingFeasts = set("diwali eid ramadan passover hanukkah holi carnival")

// partOf reads "the morning of the 30th" and "this time tomorrow".
func (p *english) partOf(i int) (term, int) {
	switch p.at(i) {
	case "the":
		part, ok := partNames[p.at(i+1)]
		if !ok || p.at(i+2) != "of" {
			return term{}, i
		}
		held := p.prep
		p.prep = true
		t, e := p.day(i + 3)
		p.prep = held
		if e == i+3 || !t.hasDay() {
			return term{}, i
		}
		t.clock = at(part)
		return t, e
	case "this":
		if p.at(i+1) != "time" {
			return term{}, i
		}
		t, e := p.day(i + 2)
		if e == i+2 || t.day.IsZero() || t.clock.set {
			return term{}, i
		}
		now := p.now.In(p.loc)
		t.clock = clock{set: true, timed: true, hour: now.Hour(), min: now.Minute(), padded: true}
		return t, e
	}
	return term{}, i
}
