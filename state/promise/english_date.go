package promise

import "strings"

// bareOrdinal reads "the 24th", also "the 24th of next month".
func (p *english) bareOrdinal(i int) (term, int) {
	j := p.word(i, "the")
	n, k := p.ordinalNumber(j)
	if k == j || j == i && (!p.strict || p.num(j) < 0) || !p.strict && !p.prep {
		return term{}, i
	}
	if e := p.phrase(k, "of this month", "of the month", "of next month", "this month", "next month"); e > k {
		base := firstOfMonth(p.today)
		if p.at(e-2) == "next" {
			base = base.AddDate(0, 1, 0)
		}
		return p.date(base.Year(), int(base.Month()), n), e
	}
	if !p.strict && p.num(j) < 0 && !(j > i && n == 1 && k >= len(p.t)) { // "by the second" is a second, or an object
		return term{}, i
	}
	return p.ordinal(n), k
}

// ordinalNumber reads 24th, or first to thirty-first.
func (p *english) ordinalNumber(i int) (int, int) {
	if n := p.num(i); n >= 0 {
		if e := p.word(i+1, "st", "nd", "rd", "th"); e > i+1 && p.adjacent(i+1) {
			return n, e
		}
		return 0, i
	}
	if n, ok := englishOrdinals[p.at(i)]; ok {
		return n, i + 1
	}
	if n, ok := englishNumbers[p.at(i)]; ok && n >= 20 {
		j := p.word(i+1, "-")
		if m, ok := englishOrdinals[p.at(j)]; ok && m < 10 {
			return n + m, j + 1
		}
	}
	return 0, i
}

// monthDay reads 24 Nov, the 24th of November 2026, Nov 24th, November 24, 2026, 24-Nov-2026.
func (p *english) monthDay(i int) (term, int) {
	j := p.word(i, "the")
	n, k := p.ordinalNumber(j)
	if k == j && p.num(j) >= 0 && !p.glued(j) {
		n, k = p.num(j), j+1
	}
	if k > j {
		k = p.word(k, "of", "-", ".")
		if m, ok := englishMonths[p.at(k)]; ok {
			return p.withYear(n, m, k+1)
		}
		return term{}, i
	}
	m, ok := englishMonths[p.at(j)]
	if !ok || j > i && !p.strict {
		return term{}, i
	}
	k = p.phrase(p.word(j+1, "."), "the", "-")
	n, e := p.ordinalNumber(k)
	if e == k {
		if n = p.num(k); n < 0 || n > 31 || len(p.at(k)) > 2 || p.at(k+1) == ":" {
			return term{}, i
		}
		e = k + 1
		if last := p.num(e + 1); (p.at(e) == "-" || p.at(e) == "–") && last > n && last <= 31 && !p.runsOn(e+2) { // March 3-5
			n, e = last, e+2
		}
		if p.runsOn(e) {
			return term{}, i
		}
	}
	return p.withYear(n, m, e)
}

func (p *english) withYear(day, month, i int) (term, int) {
	j := i
	if p.at(j) == "." && p.num(j+1) >= 1900 || p.at(j) == "-" {
		j++
	}
	year, e := p.year(j)
	if year == 0 {
		e = i
	}
	return p.date(year, month, day), e
}

// numeric reads 2026-11-24, 2026/11/24, 24.11., 24.11.2026, 11/24, 11/24/26.
func (p *english) numeric(i int) (term, int) {
	a, b := p.num(i), p.num(i+2)
	sep := p.at(i + 1)
	if a < 0 || b < 0 || len(sep) != 1 || !strings.Contains("-/.", sep) || !p.adjacent(i+1) || !p.adjacent(i+2) || p.glued(i) {
		return term{}, i
	}
	third, j := -1, i+3
	if p.at(j) == sep && p.adjacent(j) && p.adjacent(j+1) && p.num(j+1) >= 0 {
		third, j = p.num(j+1), j+2
	}
	if p.runsOn(j) && !(p.at(j) == "t" && p.adjacent(j+1) && p.num(j+1) >= 0) {
		return term{}, i
	}
	switch {
	case len(p.at(i)) == 4 && third >= 0 && len(p.at(j-1)) <= 2:
		return p.date(max(a, 1), b, third), j
	case sep == "-" || len(p.at(i)) > 2 || len(p.at(i+2)) > 2:
		return term{}, i
	case third >= 0:
		switch len(p.at(j - 1)) {
		case 2:
			third += 2000
		case 4:
		default:
			return term{}, i
		}
		if sep == "." {
			return p.date(max(third, 1), b, a), j
		}
		return p.slashed(a, b, max(third, 1), p.monthFirst), j
	case sep == ".":
		full := p.at(j) == "." && p.adjacent(j)
		if full {
			j++
		}
		if !p.strict && (!p.prep && !full || b > 12 || b == 0 || a == 0 || a > 31) {
			return term{}, i
		}
		return p.date(0, b, a), j
	case !p.prep && !p.strict:
		return term{}, i
	}
	return p.slashed(a, b, 0, p.monthFirst), j
}
