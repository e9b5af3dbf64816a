package promise

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// token is a run of letters, a run of digits, or a single other sign.
type token struct {
	s          string // lower case, full-width signs made narrow
	start, end int    // byte offsets in the text
	num        int    // value of a run of at most four digits, else -1
	upper      bool   // begins with a capital
}

// tokenize cuts text and stops at nothing: what is not a letter, a digit or a space is a token of its own.
func tokenize(text string) []token {
	var out []token
	for i := 0; i < len(text); {
		r, w := utf8.DecodeRuneInString(text[i:])
		if unicode.IsSpace(r) {
			i += w
			continue
		}
		r = narrow(r)
		kind := kindOf(r)
		t := token{start: i, num: -1, upper: unicode.IsUpper(r)}
		var b strings.Builder
		for i < len(text) {
			r, w := utf8.DecodeRuneInString(text[i:])
			if r = narrow(r); b.Len() > 0 && (kind == 0 || kindOf(r) != kind) {
				break
			}
			b.WriteRune(unicode.ToLower(r))
			i += w
		}
		t.end, t.s = i, b.String()
		if kind == 'd' && len(t.s) <= 4 {
			t.num = 0
			for _, d := range t.s {
				t.num = t.num*10 + int(d-'0')
			}
		}
		out = append(out, t)
	}
	return out
}

func kindOf(r rune) byte {
	switch {
	case r >= '0' && r <= '9':
		return 'd'
	case unicode.Is(unicode.Han, r):
		return 'h'
	case unicode.IsLetter(r):
		return 'l'
	}
	return 0
}

// narrow makes full-width signs, which Chinese keyboards write, their ASCII selves.
func narrow(r rune) rune {
	if r >= '！' && r <= '～' {
		return r - '！' + '!'
	}
	return r
}

// english reads due expressions at a position of the tokens. Its methods return the position after what they read, which is
// the one they were given when there is nothing.
type english struct {
	*context
	text   string
	t      []token
	prep   bool // a preposition stands before, so that weak evidence is enough
	nested bool // within "a week from ...", which does not nest, so that no text takes long
}

func readEnglish(c *context, text string, whole bool, add func(t term, start, end int)) {
	p := &english{context: c, text: text, t: thumbs(tokenize(text))}
	if whole {
		if t, j := p.expression(0); j > 0 && p.restIsDots(j) {
			add(t, 0, len(text))
		}
		return
	}
	for i := 0; i < len(p.t); {
		if j := p.notDue(i); j > i {
			i = j
			continue
		}
		t, j := p.expression(i)
		if j == i {
			i++
			continue
		}
		add(t, p.t[i].start, p.t[j-1].end)
		i = j
	}
}

func (p *english) restIsDots(j int) bool {
	for ; j < len(p.t); j++ {
		if p.t[j].s != "." && p.t[j].s != "!" {
			return false
		}
	}
	return true
}

// notDue steps over words that name a time which is not due: after Friday, since Monday, every Monday.
func (p *english) notDue(i int) int {
	j := p.word(i, "after", "since", "from", "every", "each")
	if j == i {
		return i
	}
	if _, k := p.fromTo(i, true); p.at(i) == "from" && k > i { // from 3 to 5 pm
		return i
	}
	if _, k := p.core(p.word(j, "the")); k > p.word(j, "the") {
		return k
	}
	return i
}

// word steps over one of the given words.
func (p *english) word(i int, words ...string) int {
	if i < len(p.t) {
		for _, w := range words {
			if p.t[i].s == w {
				return i + 1
			}
		}
	}
	return i
}

// phrase steps over the first of the phrases that stands here; write longer ones first.
func (p *english) phrase(i int, phrases ...string) int {
	if i >= len(p.t) {
		return i
	}
next:
	for _, ph := range phrases {
		if !strings.HasPrefix(ph, p.t[i].s) { // most stop at their first word
			continue
		}
		j := i
		for w := range strings.FieldsSeq(ph) {
			if k := p.word(j, w); k > j {
				j = k
				continue
			}
			continue next
		}
		return j
	}
	return i
}

func (p *english) at(i int) string {
	if i >= 0 && i < len(p.t) {
		return p.t[i].s
	}
	return ""
}

func (p *english) num(i int) int {
	if i >= 0 && i < len(p.t) {
		return p.t[i].num
	}
	return -1
}

// adjacent says that nothing stands between token i-1 and token i.
func (p *english) adjacent(i int) bool {
	return i > 0 && i < len(p.t) && p.t[i-1].end == p.t[i].start
}

// glued says that the number at i is a piece of something longer that ends before it, such as an address or a sum.
func (p *english) glued(i int) bool {
	if !p.adjacent(i) {
		return false
	}
	return !strings.ContainsAny(p.t[i-1].s, "(,;\"'“”‘’—–[…") && !hasHan(p.t[i-1].s)
}

// runsOn says that what ends before j goes on with more digits or letters, so that it was no date or time.
func (p *english) runsOn(j int) bool {
	if !p.adjacent(j) {
		return false
	}
	if s := p.at(j); s == "%" || s == "/" || kindOf([]rune(s)[0]) != 0 && !hasHan(s) {
		return true
	}
	return p.adjacent(j+1) && p.num(j+1) >= 0 && strings.Contains(".:-/", p.at(j))
}

// expression reads [preposition] time [or time].
func (p *english) expression(i int) (term, int) {
	before, strong := false, false
	j := i
	if p.adjacent(i) && p.at(i-1) == "-" && p.num(i) < 0 { // sign-on
		return term{}, i
	}
	if t, k := p.between(i); k > i {
		return t, k
	}
	if k := p.phrase(i, "on or before", "on or by"); k > i {
		j, strong = k, true
	} else if k := p.phrase(i, "before", "prior to", "ahead of"); k > i {
		j, before, strong = k, true, true
	} else if k := p.phrase(i, "no later than", "not later than", "at the latest by", "at the latest on", "latest on", "latest by", "due by", "due on", "due",
		"by no later than", "by latest", "by around", "by about", "by approximately", "at the very latest by", "at the very latest on", "by", "until", "till", "til", "through", "thru", "deadline"); k > i {
		j, strong = k, true
	} else {
		j = p.phrase(i, "on or around", "on or about", "on", "at about", "at around", "at exactly", "at approximately", "at", "around", "during", "over", "this coming", "starting on", "starting", "beginning on", "beginning", "effective", "as of")
		if s := p.at(i); s == "this" || s == "beginning" && p.at(j) == "of" {
			j = i
		} else if (s == "over" || s == "during") && p.word(j, "the", "this") == j { // "I'll be over tomorrow"
			p.prep = true
			if _, k := p.feast(j); k == j {
				j = i
			}
		}
	}
	p.prep = j > i || i > 0 && p.at(i-1) == "in"
	t, k := p.core(j)
	if k == j {
		return p.course(i)
	}
	t.before = before
	if strong && p.at(k-1) == "weekend" {
		t.before = true
	}
	t.strong = t.strong || strong
	if o := p.word(k, "or"); o > k && t.clock == (clock{}) && !t.day.IsZero() {
		if e := p.phrase(o, "the day after", "the next day", "the following day", "the one after"); e > o { // tomorrow or the day after
			t.day, t.next, t.weekday = t.day.AddDate(0, 0, 1), nil, nil
			return t, e
		}
		if e := p.phrase(o, "the week after", "the following week", "the next one", "the next", "next"); e > o && p.at(k-1) == "week" && (e >= len(p.t) || kindOf([]rune(p.at(e))[0]) == 0) {
			t.day, t.next = t.day.AddDate(0, 0, 7), nil
			return t, e
		}
	}
	if n, e := p.ordinalNumber(p.word(k, "or", "/")); p.word(k, "or", "/") > k && e > k+1 && p.num(e-2) >= 0 && !t.day.IsZero() && t.clock == (clock{}) { // on the 3rd or 4th
		return p.later(t, p.ordinal(n)), e
	}
	if o := p.word(k, "or", "/", "through", "thru", "to", "and"); o > k {
		p.prep = true
		if u, e := p.core(p.word(o, "on", "at", "by")); e > p.word(o, "on", "at", "by") && (p.at(k) == "or" || t.isWeekday() && u.isWeekday() || p.at(k) == "and" && t.hasDay() && u.hasDay() && p.num(p.phrase(o, "the", "on the", "on")) > 0) {
			t, k = p.later(t, u), e
		}
	}
	k = p.phrase(k, "or so", "at the earliest")
	if e := p.phrase(k, "at the very latest", "at the latest", "latest"); e > k {
		t.strong, k = true, e
	}
	return t, k
}

// later is the term that comes last; one that cannot be placed loses.
func (p *english) later(a, b term) term {
	x, errX := p.resolve(a)
	y, errY := p.resolve(b)
	b.strong = a.strong
	if errX != nil || errY == nil && y.At.After(x.At) {
		return b
	}
	return a
}

// core collects a day, a weekday beside it and a time of day, in any order.
func (p *english) core(i int) (term, int) {
	var t term
	from := p.vague(i)
	if u, e := p.partOf(i); e > i {
		return u, e
	}
	j := from
	for {
		k := j
		if j > from {
			k = p.joint(j)
			p.prep = p.prep || t.isWeekday() // Monday, the 30th; Friday 11/27
		}
		if u, e := p.day(k); e > k {
			if joined, ok := joinDays(t, u); ok {
				t, j = joined, e
				continue
			}
		}
		if u, e := p.clock(k, t.hasDay()); e > k {
			if merged, ok := t.clock.merge(u); ok && t.instant.IsZero() {
				t.clock, j = merged, e
				continue
			}
			if t.clock == at(partFirst) && u == at(partMorning) { // first thing Monday morning
				j = e
				continue
			}
		}
		break
	}
	if !t.hasDay() && !t.clock.set {
		return t, i
	}
	return t, j
}

// joint steps over what may stand between a day and a time.
func (p *english) joint(j int) int {
	if k := p.word(j, ","); k > j {
		j = k
	}
	if p.at(j) == "t" && p.adjacent(j) && p.adjacent(j+1) && p.num(j+1) >= 0 {
		return j + 1
	}
	if _, k := p.ordinalNumber(j + 1); p.at(j) == "the" && k > j+1 {
		return j
	}
	return p.phrase(j, "no later than", "at around", "at", "by", "before", "around", "about", "on", "of", "in the", "the", "-", "–")
}

// joinDays adds a day to what was read: a first one, a weekday beside a date, or a time of day beside either.
func joinDays(t, u term) (term, bool) {
	switch {
	case u.day.IsZero() && u.instant.IsZero() && u.err == nil: // a bare weekday check or a time of day
		return t, false
	case !t.hasDay():
		k, ok := t.clock.merge(u.clock)
		if t.clock.part == partEnd && u.clock == at(partEvening) { // by midnight tonight
			k, ok = t.clock, true
		}
		if t.clock.set && u.clock.set && !ok {
			return t, false
		}
		if t.clock.set && !u.clock.set {
			k = t.clock
		} else if !t.clock.set {
			k = u.clock
		}
		u.clock = k
		u.strong = u.strong || t.strong
		return u, true
	case t.err != nil || u.err != nil || !t.instant.IsZero() || !u.instant.IsZero():
		return t, false
	case t.weekday != nil && t.isWeekday(): // "Tuesday 24 Nov": the date counts, the weekday is checked
		if u.isWeekday() {
			return t, false
		}
		u.weekday, u.clock = t.weekday, t.clock
		return u, true
	case u.isWeekday() && t.weekday == nil:
		t.weekday = u.weekday
		return t, true
	}
	return t, false
}

// isWeekday says that the term is a bare weekday, which checks a date rather than being one.
func (t term) isWeekday() bool {
	return t.weekday != nil && t.next != nil && t.day.Weekday() == *t.weekday
}

// number reads a count: 3, three, twenty-one, a couple of, a few.
func (p *english) number(i int) (int, int) {
	j := p.phrase(i, "a couple of", "a couple", "couple of", "a few", "the next few")
	if j > i {
		n := 2
		if strings.Contains(p.at(j-1), "few") {
			n = 3
		}
		return n, j
	}
	if n := p.num(i); n >= 0 {
		if p.glued(i) && p.at(i-1) != "@" && p.at(i-1) != "t" {
			return 0, i
		}
		return n, i + 1
	}
	n, ok := englishNumbers[p.at(i)]
	if !ok {
		return 0, i
	}
	if n >= 20 {
		j := p.word(i+1, "-")
		if m, ok := englishNumbers[p.at(j)]; ok && m < 10 && p.at(j) != "a" && p.at(j) != "an" {
			return n + m, j + 1
		}
	}
	return n, i + 1
}

func weekdayOf(n int) *time.Weekday {
	w := time.Weekday(n)
	return &w
}
