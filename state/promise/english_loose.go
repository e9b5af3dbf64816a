package promise

import (
	"strings"
	"time"
)

// thumbWords are times as thumbs write them.
var thumbWords = map[string]string{"nxt": "next", "wk": "week", "wks": "weeks", "wknd": "weekend", "wkend": "weekend", "tonite": "tonight", "tmw": "tomorrow", "tmrrw": "tomorrow",
	"tmmrw": "tomorrow", "tomo": "tomorrow", "tmro": "tomorrow", "tomorro": "tomorrow", "tommorow": "tomorrow", "tomorow": "tomorrow", "mornin": "morning", "evng": "evening", "wks'": "weeks"}

var thumbTails = map[string]string{"moro": "tomorrow", "morrow": "tomorrow", "mrw": "tomorrow", "mro": "tomorrow", "nite": "tonight", "night": "tonight", "day": "today"}

// thumbs writes out "nxt wk" and "2moro".
func thumbs(ts []token) []token {
	for i := range ts {
		if ts[i].s == "’" {
			ts[i].s = "'"
		}
		if full, ok := thumbWords[ts[i].s]; ok {
			ts[i].s = full
		}
	}
	for i := 0; i+1 < len(ts); i++ {
		if full, ok := thumbTails[ts[i+1].s]; ok && ts[i].num == 2 && ts[i].end == ts[i+1].start && (i == 0 || ts[i-1].end < ts[i].start) {
			ts[i].s, ts[i].num, ts[i].end = full, -1, ts[i+1].end
			ts = append(ts[:i+1], ts[i+2:]...)
		}
	}
	return ts
}

// vague steps over words that leave a day a little open and belong to it: "sometime next week", "early tomorrow".
func (p *english) vague(i int) int {
	switch p.at(i) {
	case "sometime", "some", "as", "at", "early", "late", "latest", "maybe", "anytime", "any":
	default:
		return i
	}
	j := p.phrase(i, "sometime", "some time", "as early as", "as late as", "at some point", "early on", "early", "late on", "late", "latest", "maybe", "anytime", "any time")
	if j == i {
		return i
	}
	if _, k := p.day(i); k > i { // "early next week" has a meaning of its own
		return i
	}
	if p.at(i) == "maybe" && !p.prep {
		return i
	}
	if _, k := p.day(j); k == j {
		return i
	}
	return j
}

// between reads "between Monday and Wednesday", which is due when it ends.
func (p *english) between(i int) (term, int) {
	if p.at(i) != "between" {
		return term{}, i
	}
	p.prep = true
	t, k := p.core(p.word(i+1, "now"))
	if p.at(i+1) == "now" {
		k = i + 2
	} else if k == i+1 || !t.hasDay() {
		return term{}, i
	}
	o := p.word(k, "and")
	if o == k {
		return term{}, i
	}
	u, e := p.core(o)
	if e == o || !u.hasDay() {
		return term{}, i
	}
	if u.isWeekday() && u.day.Before(t.day) {
		u.day = u.day.AddDate(0, 0, 7)
	}
	return u, e
}

// course reads "over the course of next week", "during the day", "within this week".
func (p *english) course(i int) (term, int) {
	switch p.at(i) {
	case "over", "in", "during", "within", "throughout":
	default:
		return term{}, i
	}
	j := p.phrase(i, "over the course of", "in the course of", "during the course of", "within", "during", "over", "throughout", "in")
	if j == i {
		return term{}, i
	}
	if k := p.phrase(j, "the day"); k > j && p.at(i) != "over" || k > j && j > i+1 {
		return p.inDays(0), k
	}
	if k := p.phrase(j, "the morning", "the afternoon", "the evening"); k > j && (j > i+1 || p.at(i) == "during") {
		t := p.inDays(0)
		t.clock = at(partNames[p.at(k-1)])
		return t, k
	}
	if k := p.phrase(j, "the week", "the month", "the quarter", "the year"); k > j && (j > i+1 || p.at(i) == "within" || p.at(i) == "during") {
		if p.at(k-1) == "week" {
			return p.week(0), k
		}
		return p.span(p.at(k - 1)[0], 0), k
	}
	if j == i+1 && p.at(i) != "within" && p.at(i) != "during" {
		return term{}, i
	}
	if t, k := p.period(j); k > j {
		return t, k
	}
	if j > i+1 { // over the course of the next few days
		if t, k := p.length(j); k > j {
			return t, k
		}
	}
	return term{}, i
}

// weekFrom reads "the week of 30 November", "w/c 30 November", which end on that week's Friday.
func (p *english) weekFrom(i int) (term, int) {
	if s := p.at(i); s != "the" && s != "week" && s != "w" && s != "wc" {
		return term{}, i
	}
	j := p.phrase(i, "the week of", "the week commencing", "the week beginning", "the week starting", "week of", "week commencing", "week beginning", "week starting", "w / c", "wc")
	if j == i {
		return term{}, i
	}
	j = p.word(j, "the")
	for _, read := range []func(int) (term, int){p.numeric, p.monthDay, p.bareOrdinal} {
		if t, k := read(j); k > j && !t.day.IsZero() {
			return p.weekHolding(t), k
		}
	}
	if n, k := p.ordinalNumber(j); k > j && p.num(j) > 0 {
		if t := p.ordinal(n); t.err == nil {
			return p.weekHolding(t), k
		}
	}
	return term{}, i
}

// weekHolding is the Friday of the week that holds a day, of the next such day where that week has gone by.
func (p *english) weekHolding(t term) term {
	end := p.inWeek(t.day, time.Friday)
	if end.Before(p.today) && t.next != nil {
		end = p.inWeek(t.next(t.day), time.Friday)
	}
	return dayTerm(end)
}

// weekNumber reads "in week 49", "by CW 49", "KW49": the week's Friday, of next year where this year's has gone by.
func (p *english) weekNumber(i int) (term, int) {
	switch p.at(i) {
	case "in", "calendar", "week", "cw", "kw":
	default:
		return term{}, i
	}
	in := p.word(i, "in")
	j := p.phrase(in, "calendar week", "week number", "week no .", "week", "cw", "kw")
	n := p.num(j)
	if j == in || n < 1 || n > 53 || p.runsOn(j+1) || p.at(j) == "0" || in == i && !p.prep && !p.strict && p.at(in) == "week" {
		return term{}, i
	}
	year, this := p.today.ISOWeek()
	if n < this {
		year++
	}
	first := day(year, time.January, 4) // always in week 1
	return dayTerm(p.inWeek(first.AddDate(0, 0, 7*(n-1)), time.Friday)), j + 1
}

var seasons = map[string]time.Month{"spring": time.May, "summer": time.August, "autumn": time.November, "fall": time.November, "winter": time.February}

// season reads "in spring", "next summer", "by the autumn": the last day of its last month.
func (p *english) season(i int) (term, int) {
	if seasons[p.at(i)] == 0 && seasons[p.at(i+1)] == 0 && seasons[p.at(i+2)] == 0 && seasons[p.at(i+3)] == 0 {
		return term{}, i
	}
	j := p.phrase(i, "in the early", "in the late", "in early", "in late", "in the", "in", "this coming", "this", "next", "the following", "the coming", "the", "early", "late")
	m, ok := seasons[p.at(j)]
	if !ok || j == i && !p.prep || p.at(j) == "fall" && !strings.HasPrefix(p.at(j-1), "th") && p.at(j-1) != "next" && !(p.at(j-1) == "in" && p.num(j+1) > 1900) || p.at(i) == "the" && !p.prep {
		return term{}, i
	}
	if n := p.at(j + 1); n == "'" || n == "’" || n == "sale" || n == "collection" || n == "catalogue" || n == "catalog" || n == "break" || n == "term" || n == "holidays" {
		return term{}, i
	}
	year := p.today.Year()
	end := day(year, m+1, 0)
	if y, e := p.year(j + 1); y >= year && y < 2200 && p.at(j+1) != "," {
		return dayTerm(day(y, m+1, 0)), e
	}
	if end.Before(p.today) {
		end = day(year+1, m+1, 0)
	}
	return dayTerm(end), j + 1
}

// standsAlone says that nothing but a part of the day or the end comes at i: "i'll send it wed", "fri morning".
func (p *english) standsAlone(i int) bool {
	switch s := p.at(i); s {
	case "", ".", ",", "!", ";", ")", "morning", "afternoon", "evening", "night", "am", "pm", "at", "or", "latest", "then", "ok":
		return true
	}
	return false
}

// fromTo reads "between 2 and 4", "2-4pm", "9 to 11 am" as the later of the two.
func (p *english) fromTo(i int, beside bool) (clock, int) {
	j := p.phrase(i, "between", "from")
	a, e := p.bareHour(j)
	if e == j {
		return a, i
	}
	m := p.word(e, "-", "–", "to", "till", "until")
	if p.at(i) == "between" {
		m = p.word(e, "and")
	}
	if m == e {
		return a, i
	}
	b, f := p.bareHour(m)
	if f == m || p.runsOn(f) {
		return a, i
	}
	if b.half == 0 && !b.padded && !(j > i && beside) { // between 2 and 4 tomorrow
		if _, e := p.day(p.word(f, "on")); j == i || e == p.word(f, "on") {
			return a, i
		}
	}
	b.padded = false
	return b, f
}

// bareHour reads 2, 2pm, 14:00; padded says that it had minutes.
func (p *english) bareHour(i int) (clock, int) {
	k := clock{set: true, timed: true, hour: p.num(i)}
	if k.hour < 0 || k.hour > 24 || p.glued(i) && p.at(i-1) != "-" && p.at(i-1) != "–" {
		return k, i
	}
	j := i + 1
	if c := p.word(j, ":", "."); c > j && p.adjacent(j) && p.adjacent(c) && len(p.at(c)) == 2 && p.num(c) >= 0 {
		k.min, k.padded, j = p.num(c), p.at(j) == ":", c+1
	}
	if !validClock(k.hour, k.min) {
		return k, i
	}
	return p.half(k, j)
}
