package promise

import "time"

// day reads what names a day, a period or a length of time.
func (p *english) day(i int) (term, int) {
	for _, read := range []func(int) (term, int){
		p.gone, p.relative, p.feast, p.weekOf, p.nthOf, p.weekFrom, p.weekNumber, p.season, p.length, p.endOf, p.numeric, p.monthDay, p.weekdayName, p.period, p.bareMonth, p.bareOrdinal,
	} {
		if t, j := read(i); j > i {
			return t, j
		}
	}
	return term{}, i
}

// weekOf reads "the first week of January", which ends on the seventh, and "the last week of March".
func (p *english) weekOf(i int) (term, int) {
	j := p.word(p.word(i, "in"), "the")
	n, k := p.ordinalNumber(j)
	if p.at(j) == "last" {
		n, k = 5, j+1
	}
	if k == j || n > 5 || p.at(k) != "week" || p.at(k+1) != "of" && p.at(k+1) != "in" {
		return term{}, i
	}
	m, ok := englishMonths[p.at(k+2)]
	if !ok {
		return term{}, i
	}
	last := monthDays(int(m), p.today.Year())
	t := p.context.date(0, int(m), min(7*n, last))
	t.opens = func(d time.Time) time.Time { return d.AddDate(0, 0, -6) }
	return t, k + 3
}

// monthDays is how many days a month has.
func monthDays(month, year int) int { return day(year, time.Month(month)+1, 0).Day() }

// gone reads times that lie back, so that the Friday in "last Friday" is not taken for the coming one.
func (p *english) gone(i int) (term, int) {
	past := term{err: fail(CodePast)}
	for words, days := range map[string]int{"the day before yesterday": -2, "yesterday": -1, "last night": -1} {
		if j := p.phrase(i, words); j > i {
			if p.past {
				return p.inDays(days), j
			}
			return past, j
		}
	}
	if p.at(i) == "last" {
		s := p.at(i + 1)
		if w, ok := englishWeekdays[s]; ok {
			if p.past {
				back := (int(p.today.Weekday())-int(w)+6)%7 + 1
				return p.inDays(-back), i + 2
			}
			return past, i + 2
		}
		if _, ok := englishMonths[s]; ok {
			return past, i + 2
		}
		if j := p.word(i+1, "week", "month", "quarter", "year", "weekend"); j > i+1 {
			return past, j
		}
	}
	if _, _, j := p.count(i); j > i && p.at(j) == "ago" {
		return past, j + 1
	}
	return term{}, i
}

func (p *english) relative(i int) (term, int) {
	switch p.at(i) {
	case "the", "day", "later", "today", "tonight", "this", "tomorrow", "tmrw", "tmr", "tomorow", "tommorow", "tommorrow", "first", "in":
	default:
		return term{}, i
	}
	type choice struct {
		words string
		days  int
		clock clock
	}
	for _, c := range []choice{
		{"the day after tomorrow", 2, clock{}}, {"day after tomorrow", 2, clock{}}, {"later in the day", 0, clock{}},
		{"later today", 0, clock{}}, {"later on today", 0, clock{}}, {"later on tonight", 0, at(partEvening)}, {"later on this afternoon", 0, at(partAfternoon)}, {"later tonight", 0, at(partEvening)}, {"later this morning", 0, at(partMorning)},
		{"later this afternoon", 0, at(partAfternoon)}, {"later this evening", 0, at(partEvening)}, {"today", 0, clock{}}, {"tonight", 0, at(partEvening)},
		{"this morning", 0, at(partMorning)}, {"this afternoon", 0, at(partAfternoon)}, {"this evening", 0, at(partEvening)},
		{"this a . m .", 0, at(partMorning)}, {"this a . m", 0, at(partMorning)}, {"this am", 0, at(partMorning)}, {"this p . m .", 0, at(partAfternoon)},
		{"this p . m", 0, at(partAfternoon)}, {"this pm", 0, at(partAfternoon)},
		{"tomorrow", 1, clock{}}, {"tmrw", 1, clock{}}, {"tmr", 1, clock{}}, {"tomorow", 1, clock{}}, {"tommorow", 1, clock{}},
		{"tommorrow", 1, clock{}},
	} {
		if j := p.phrase(i, c.words); j > i {
			if p.at(j) == "'" || p.at(j) == "’" { // tomorrow's call
				return term{}, i
			}
			t := p.inDays(c.days)
			t.clock = c.clock
			return t, j
		}
	}
	// Without a day these mean the coming morning, which is today's only in the small hours.
	if j := p.phrase(i, "first thing in the morning", "in the morning"); j > i {
		t := p.inDays(1)
		if p.now.In(p.loc).Hour() < 6 {
			t = p.inDays(0)
		}
		t.clock = at(partMorning)
		if p.at(i) == "first" {
			t.clock = at(partFirst)
		}
		return t, j
	}
	if j := p.phrase(i, "in the afternoon", "in the evening"); j > i {
		return term{day: p.today, next: func(d time.Time) time.Time { return d.AddDate(0, 0, 1) }, opens: same, clock: at(partNames[p.at(j-1)])}, j
	}
	return term{}, i
}

// count reads a number and its unit: 3 days, two working days, 3d, half an hour, 1.5 hours.
func (p *english) count(i int) (int, unit, int) {
	if j := p.phrase(i, "half an hour", "half hour", "a half hour"); j > i {
		return 30, unitMinute, j
	}
	n, j := p.number(i)
	if j == i {
		return 0, 0, i
	}
	if k := p.word(j, "-", "–", "to", "or"); k > j { // 2-3 days: the later
		m, e := p.num(k), k+1
		if m < 0 {
			m, e = p.number(k)
		}
		if e > k && m > n {
			n, j = m, e
		}
	}
	if p.at(j) == "." && p.at(j+1) == "5" && p.adjacent(j) && p.adjacent(j+1) && p.word(j+2, "hours", "h") > j+2 && n <= maxCount {
		return n*60 + 30, unitMinute, j + 3
	}
	if k := p.word(j, "fortnight", "fortnights"); k > j {
		return 2 * n, unitWeek, k
	}
	if k := p.word(j, "working", "business", "work"); k > j {
		if e := p.word(k, "day", "days"); e > k {
			return n, unitWorking, e
		}
		if e := p.word(k, "hours", "hour"); e > k {
			return n, unitOffice, e
		}
	}
	u, ok := englishUnits[p.at(j)]
	if !ok || len(p.at(j)) == 1 && !p.adjacent(j) {
		return 0, 0, i
	}
	j++
	if k := p.phrase(j, "or two", "or so"); k > j {
		if p.at(k-1) == "two" {
			n = max(n, 2)
		}
		j = k
	}
	return n, u, j
}

// length reads in 3 days, within two weeks, the next few days, a week from Friday.
func (p *english) length(i int) (term, int) {
	j := p.phrase(i, "within the next", "within", "inside of", "inside", "in just", "in under", "in less than", "in no more than", "in the next", "in the coming", "in about", "in", "over the next",
		"during the next", "the next", "next")
	led := j > i
	limit := p.at(i) == "within" || p.at(i) == "inside" || p.at(i) == "in" || i > 0 && p.at(i-1) == "by"
	n, u, k := p.count(j)
	if k == j && led {
		// "the next day or two", "next business day", "within the week"
		switch {
		case p.at(j-1) == "next":
			k = p.phrase(j, "day or two", "day or so", "business day", "working day", "workday")
			n, u = 1, unitWorking
			if k > j && p.at(j) == "day" {
				n, u = 1, unitDay
				if p.at(k-1) == "two" {
					n = 2
				}
			} else if e := p.word(j, "fortnight"); e > j {
				n, u, k = 2, unitWeek, e
			} else if w, ok := englishUnits[p.at(j)]; k == j && ok && p.at(i) != "next" && p.at(i) != "the" { // in the next hour
				n, u, k = 1, w, j+1
			}
		case p.at(i) == "within":
			if e := p.phrase(j, "the hour", "the half hour"); e > j {
				n, u, k = 1, unitHour, e
			}
		}
	}
	if k == j {
		return term{}, i
	}
	if e := p.phrase(k, "or so"); e > k && led {
		k = e
	}
	if e := p.phrase(k, "' s time", "’ s time", "' time", "’ time", "time"); e > k {
		k = e
	}
	base := p.today
	if e := p.phrase(k, "from now", "from today", "from"); e > k && !led && !p.nested {
		if p.at(e-1) == "from" {
			p.nested = true
			d, after := p.day(e)
			p.nested = false
			if after == e || d.day.IsZero() || u == unitMinute || u == unitHour {
				return term{}, i
			}
			base, e = d.day, after
		}
		k, led = e, true
	} else if e := p.word(k, "later"); e > k && !led && p.strict {
		k, led = e, true
	}
	if !led && !p.strict {
		return term{}, i
	}
	t, ok := p.after(base, n, u)
	if !ok {
		return term{}, i
	}
	t.strong = limit
	return t, k
}

// endOf reads end of the week, end of next month, EOW, mid November, early next week.
func (p *english) endOf(i int) (term, int) {
	for word, u := range map[string]byte{"eow": 'w', "eom": 'm', "eoq": 'q', "eoy": 'y'} {
		if p.at(i) == word {
			return p.end(u, 0), i + 1
		}
	}
	if j := p.phrase(i, "week ' s end", "month ' s end", "quarter ' s end", "year ' s end", "end - of - month", "end - of - quarter", "end - of - year", "month end", "quarter end", "year end", "month - end", "quarter - end", "year - end"); j > i {
		if year, e := p.year(j); year > 0 && p.at(i) == "year" {
			return p.span('y', year-p.today.Year()), e
		}
		if p.at(i) == "end" {
			return p.end(p.at(j - 1)[0], 0), j
		}
		return p.end(p.at(i)[0], 0), j
	}
	i0 := i
	i = p.word(p.word(i, "in"), "the")
	if j := p.phrase(i, "first half of", "second half of"); j > i {
		t, k := p.stretch(p.word(j, "the"))
		if k == p.word(j, "the") {
			return term{}, i0
		}
		if p.at(i) == "first" {
			opens := t.opens(t.day)
			return dayTerm(opens.Add(t.day.Sub(opens) / 2).Truncate(24 * time.Hour)), k
		}
		return t, k
	}
	if j := p.phrase(i, "early in", "early part of", "first part of", "first of", "early", "beginning of", "start of", "middle of", "mid -", "mid"); j > i {
		t, k := p.stretch(p.word(j, "the"))
		if k == p.word(j, "the") {
			return term{}, i0
		}
		if p.at(i) == "first" && p.at(j-1) == "of" && p.at(i+1) == "of" && p.at(k-1) != "week" { // the first of next month is a date
			return term{}, i0
		}
		day := 3
		if p.at(i) == "mid" || p.at(i) == "middle" {
			day = 15
		}
		opens := t.opens(t.day)
		if t.day.Sub(opens).Hours() < 7*24 { // a week: its Wednesday serves both
			return dayTerm(opens.AddDate(0, 0, 2)), k
		}
		if p.at(i) != "mid" && p.at(i) != "middle" {
			day = 7
		}
		return term{day: opens.AddDate(0, 0, day-1), next: t.next, opens: same}, k
	}
	j := p.phrase(i, "end of", "latter part of", "last part of", "latter half of", "tail end of", "late in", "late", "later in", "later", "the end of")
	if j == i {
		return term{}, i0
	}
	k := p.word(j, "the")
	if p.at(i) == "end" && k == j && (p.at(k) == "today" || p.at(k) == "tomorrow") {
		t, e := p.relative(k)
		if e > k {
			t.clock = at(partEnd)
		}
		return t, e
	}
	t, e := p.stretch(k)
	if n := p.num(k); e == k && p.at(i) == "end" && n >= p.today.Year() && n <= p.today.Year()+9 {
		t, e = p.span('y', n-p.today.Year()), k+1
	}
	if e == k && seasons[p.at(k)] != 0 && p.at(i) == "end" {
		held := p.prep
		p.prep = true
		t, e = p.season(k)
		p.prep = held
	}
	if e == k {
		return term{}, i0
	}
	t.opens = nil
	return t, e
}

func (p *english) end(u byte, n int) term {
	t := p.span(u, n)
	if u == 'w' {
		t = p.week(n)
	}
	t.opens = nil
	return t
}

// stretch reads a period after "end of": [this|next] week, month, quarter, year; a month by name; Q1.
func (p *english) stretch(i int) (term, int) {
	n := 0
	j := p.word(i, "this", "the", "next", "current", "following", "coming")
	if s := p.at(j - 1); j > i && (s == "next" || s == "following" || s == "coming") {
		n = 1
	}
	if k := p.word(j, "week"); k > j {
		return p.week(n), k
	}
	if k := p.word(j, "month", "quarter", "year"); k > j {
		return p.span(p.at(j)[0], n), k
	}
	return p.monthOrQuarter(i)
}

func (p *english) monthOrQuarter(i int) (term, int) {
	if h := p.at(i); h == "h" && p.adjacent(i+1) && p.num(i+1) >= 1 && p.num(i+1) <= 2 { // H1
		year, j := p.year(i + 2)
		t := p.quarter(year, 2*p.num(i+1))
		t.opens = func(d time.Time) time.Time { return firstOfMonth(d).AddDate(0, -5, 0) }
		return t, j
	}
	if n := englishOrdinals[p.at(i)]; n >= 1 && n <= 4 && p.at(i+1) == "quarter" {
		year, j := p.year(p.word(i+2, "of"))
		if year == 0 {
			j = i + 2
		}
		return p.quarter(year, n), j
	}
	if q := p.at(i); q == "q" && p.adjacent(i+1) && p.num(i+1) >= 1 && p.num(i+1) <= 4 {
		year, j := p.year(i + 2)
		return p.quarter(year, p.num(i+1)), j
	}
	if m, ok := englishMonths[p.at(i)]; ok {
		year, j := p.year(p.word(i+1, "."))
		if year == 0 {
			j = i + 1
		}
		return p.named(year, m), j
	}
	return term{}, i
}

// year reads [,] 2026.
func (p *english) year(i int) (int, int) {
	j := p.word(i, ",")
	if n := p.num(j); n >= 1900 && n < 2200 && !p.runsOn(j+1) && !(p.at(j+1) == ":" && p.adjacent(j+1)) {
		return n, j + 1
	}
	return 0, i
}

// period reads this week, next month, the weekend.
func (p *english) period(i int) (term, int) {
	if j := p.phrase(i, "the week after next", "week after next"); j > i {
		return p.week(2), j
	}
	if j := p.phrase(i, "the weekend after next"); j > i {
		return p.weekend(2), j
	}
	if p.at(i) == "in" && p.at(i+1) == "the" && (p.at(i+2) == "coming" || p.at(i+2) == "following") {
		if t, j := p.period(i + 1); j > i+1 {
			return t, j
		}
		return term{}, i
	}
	if j := p.phrase(i, "midweek"); j > i {
		return p.weekdayIn(0, time.Wednesday), j
	}
	j := p.word(i, "the")
	n := 0
	switch k := p.word(j, "this", "next", "coming", "following"); {
	case k > j && (p.at(j) == "next" || p.at(j) == "following"):
		n, j = 1, k
	case k > j:
		j = k
	case p.at(j) != "weekend" || !(p.prep || p.strict || j > i):
		return term{}, i
	}
	var t term
	e := j + 1
	switch s := p.at(j); s {
	case "weekend":
		t = p.weekend(n)
	case "week":
		t = p.week(n)
		// "next week Tuesday"
		if w, ok := englishWeekdays[p.at(p.word(e, "on", ","))]; ok {
			e = p.word(e, "on", ",") + 1
			t = p.weekdayIn(n, *weekdayOf(w))
		}
	case "month", "quarter", "year":
		t = p.span(s[0], n)
	default:
		return term{}, i
	}
	if p.at(e) == "'" || p.at(e) == "’" { // next week's meeting
		return term{}, i
	}
	return t, e
}

// weekdayName reads friday, next friday, friday of next week.
func (p *english) weekdayName(i int) (term, int) {
	j, how := i, ""
	if k := p.phrase(i, "the coming", "this coming", "coming", "this", "next", "the following"); k > i {
		how, j = p.at(k-1), k
	}
	name := p.at(j)
	n, ok := englishWeekdays[name]
	if !ok || !p.prep && !p.strict && how == "" && (name == "sat" || name == "sun" || len(name) < 6 && !p.t[j].upper && !p.standsAlone(j+1)) {
		return term{}, i
	}
	w := weekdayOf(n)
	j++
	if len(name) < 6 && p.at(j) == "." && p.adjacent(j) && j+1 < len(p.t) && (p.num(j+1) >= 0 || p.strict || partNames[p.at(j+1)] != 0 || p.at(j+1) == "," || englishMonths[p.at(j+1)] != 0) {
		j++
	}
	if p.at(j) == "'" || p.at(j) == "’" { // Friday's meeting
		return term{}, i
	}
	if how == "next" {
		return p.weekdayIn(1, *w), j
	}
	if k := p.phrase(j, "of this week", "of next week", "this week", "next week", ", next week", "in the week"); k > j && p.at(k-1) == "week" && how == "" {
		weeks := 0
		if p.at(k-2) == "next" {
			weeks = 1
		}
		return p.weekdayIn(weeks, *w), k
	}
	if k := p.word(j, "week"); k > j && how == "" { // "Tuesday week", as the British say: a week after the coming one
		return p.inDays((int(n)-int(p.today.Weekday())+7)%7 + 7), k
	}
	t := p.coming(*w)
	t.weekday = w
	return t, j
}

// bareMonth reads "in March", "by May 2027", "Q1".
func (p *english) bareMonth(i int) (term, int) {
	j := p.word(p.word(i, "in"), "next", "this", "the")
	if p.at(i) == "in" && j == i+1 { // in 2027
		if n := p.num(j); n >= p.today.Year() && n <= p.today.Year()+9 && !p.runsOn(j+1) {
			return p.span('y', n-p.today.Year()), j + 1
		}
	}
	t, k := p.monthOrQuarter(j)
	if k == j || p.at(j-1) == "the" && j > i && p.at(k-1) != "quarter" && englishOrdinals[p.at(j)] == 0 {
		return term{}, i
	}
	quarter := p.at(j) == "q" || p.at(j) == "h" || englishOrdinals[p.at(j)] > 0
	if !p.strict && !(quarter && (p.prep || p.at(i) == "in") || (j > i || p.prep) && p.t[j].upper) {
		return term{}, i
	}
	return t, k
}
