package promise

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// localClock reads a time of day. A bare part of the day counts only beside a day.
func (p *english) localClock(i int, beside bool) (clock, int) {
	if s := p.at(i + 1); p.at(i) == "the" && (s == "end" || s == "close") {
		if k, j := p.localClock(i+1, beside); j > i+1 {
			return k, j
		}
	}
	if j := p.phrase(i, "close of business", "close of play", "close of the day", "close of trading", "end of play", "end of business day", "end of the business day", "end of business",
		"end of working day", "end of the working day", "cob", "eob"); j > i {
		return at(partBusiness), j
	}
	if j := p.phrase(i, "end of the day", "end of day", "end - of - day", "eod", "midnight"); j > i {
		return at(partEnd), j
	}
	if j := p.phrase(i, "first thing in the morning", "first thing"); j > i {
		if j == i+2 {
			j = p.word(j, "on")
			if p.at(j) == "morning" {
				j++
			}
		}
		return at(partFirst), j
	}
	if j := p.phrase(i, "12 noon", "twelve noon", "noon", "midday"); j > i {
		return at(partNoon), j
	}
	if j := p.phrase(i, "lunchtime", "lunch"); j > i && (p.prep || p.strict || beside) {
		return at(partLunch), j
	}
	if k, j := p.fromTo(i, beside); j > i {
		return k, j
	}
	if beside {
		if j := p.phrase(i, "a . m .", "a . m", "p . m .", "p . m", "am", "pm"); j > i && !p.glued(i) && p.num(i-1) < 0 { // tomorrow AM
			return at(map[byte]part{'a': partMorning, 'p': partAfternoon}[p.at(i)[0]]), j
		}
		if j := p.part(i); j > i {
			return at(partNames[p.at(j-1)]), j
		}
	}
	if j := p.phrase(i, "mid -", "mid", "early", "late"); j > i && (beside || p.prep) { // by mid-afternoon
		if e := p.word(j, "morning", "afternoon", "evening"); e > j {
			return at(partNames[p.at(j)]), e
		}
	}
	k, j := p.hour(i, beside)
	if j == i {
		return clock{}, i
	}
	if e := p.phrase(j, "in the morning", "in the afternoon", "in the evening", "at night"); e > j && k.half == 0 {
		k.part, j = partNames[p.at(e-1)], e
	}
	return k, j
}

var partNames = map[string]part{"morning": partMorning, "afternoon": partAfternoon, "evening": partEvening, "night": partEvening}

func (p *english) part(i int) int {
	j := p.phrase(i, "in the", "the")
	if k := p.word(j, "morning", "afternoon", "evening", "night"); k > j {
		return k
	}
	return i
}

// hour reads 5pm, 5:30 pm, 17:00, 5 o'clock, half past two, and a bare hour after "at".
func (p *english) hour(i int, beside bool) (clock, int) {
	k := clock{set: true, timed: true}
	if j := p.phrase(i, "half past", "quarter past", "a quarter past", "quarter to", "a quarter to"); j > i {
		h, e := p.number(j)
		if e == j || h < 1 || h > 23 {
			return k, i
		}
		k.hour, k.min = h, 15
		if p.at(j-2) == "half" {
			k.min = 30
		}
		if p.at(j-1) == "to" {
			k.hour, k.min = h-1, 45
			if h == 1 {
				k.hour = 12
			}
		}
		return p.half(k, e)
	}
	h, j := p.number(i)
	if j == i || p.at(i) == "a" || p.at(i) == "an" {
		return k, i
	}
	k.hour, k.padded = h, strings.HasPrefix(p.at(i), "0")
	if c := p.word(j, ":", "."); c > j && p.adjacent(j) && p.adjacent(c) && len(p.at(c)) == 2 && p.num(c) >= 0 {
		k.min = p.num(c)
		dotted := p.at(j) == "."
		j = c + 1
		if p.at(j) == ":" && p.adjacent(j) && len(p.at(j+1)) == 2 && p.num(j+1) >= 0 && !dotted {
			j += 2
		}
		if !validClock(k.hour, k.min) {
			return k, i
		}
		k, e := p.half(k, j)
		if e == j && dotted && k.min%5 == 0 && i > 0 && (p.at(i-1) == "at" || hourly[p.at(i-1)]) && !p.counts(j) && !p.runsOn(j) { // at 3.30
			return k, j
		}
		if e == j && (dotted || p.runsOn(j) || !p.prep && !beside && !p.strict) {
			return k, i
		}
		return k, e
	}
	if !validClock(k.hour, 0) {
		return k, i
	}
	if p.adjacent(j) && p.at(j) == "ish" && (p.prep || beside) {
		return k, j + 1
	}
	if p.adjacent(j) && p.at(j) == "h" && p.prep && p.num(i) >= 0 && !p.adjacent(j+1) && i > 0 && p.at(i-1) != "in" && p.at(i-1) != "within" {
		return k, j + 1
	}
	named, e := p.half(k, j)
	if e > j {
		if h > 12 {
			return k, i
		}
		return named, e
	}
	if e := p.phrase(j, "o ' clock", "o ’ clock", "oclock"); e > j {
		return k, e
	}
	_, zoned := p.zone(j)
	switch {
	case p.runsOn(j):
	case p.num(i) < 0 && i > 0 && hourly[p.at(i-1)] && (p.at(j) == "tomorrow" || p.at(j) == "today"): // by three tomorrow
		return k, j
	case zoned > j && i > 0 && (hourly[p.at(i-1)] || p.at(i-1) == "at"):
		return k, j
	case i > 0 && p.at(i-1) == "at" && (p.strict || !p.counts(j)),
		i > 0 && hourly[p.at(i-1)] && !p.strict && h >= 1 && h <= 12 && p.num(i) > 0 && !p.counts(j):
		return k, j
	case p.at(j) == "in" && p.part(j) > j:
		return k, j
	}
	return k, i
}

// hourly are prepositions after which a bare number is an hour if nothing is counted: "around 3", "by 6".
var hourly = set("around about exactly approximately by before until till")

// counts says that the word after a bare number makes it a count or a rate: at 5 euros, at 3 percent.
func (p *english) counts(j int) bool {
	s := p.at(j)
	if s == "" {
		return false
	}
	switch s {
	case "on", "in", "and", "or", "to", "at", "tomorrow", "today", "tonight", "sharp", "with", "for", "so", "if", "but", "then", "when":
		return false
	}
	if _, day := englishWeekdays[s]; day {
		return false
	}
	first, _ := utf8.DecodeRuneInString(s)
	return unicode.IsLetter(first) || unicode.IsDigit(first) || strings.ContainsAny(s, "%€$£¥°")
}

// half reads am and pm.
func (p *english) half(k clock, j int) (clock, int) {
	e := p.phrase(j, "a . m .", "a . m", "am", "p . m .", "p . m", "pm")
	if e > j {
		k.half = p.at(j)[0]
	}
	return k, e
}
