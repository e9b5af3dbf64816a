package promise

import (
	"slices"
	"strings"
	"sync"
)

// dueOf finds the due words of a clause, after its verb or before its subject.
func (p *clause) dueOf(subject, v, end int) (dueWords, bool) {
	refuse := func(start, end int) bool { return p.topic(start, end) }
	from := len(p.text)
	if v < len(p.w) {
		from = p.w[v].start
	}
	to := len(p.text)
	if end < len(p.w) {
		to = p.w[end].start
	}
	for to > from && strings.ContainsRune(" ,;", rune(p.text[to-1])) {
		to--
	}
	hard, isHard := p.dueIn(p.text, from, to, refuse)
	if isHard {
		if s := p.text[hard.start:hard.end]; (strings.HasSuffix(s, ".m") || strings.HasSuffix(s, ".M")) && hard.end < len(p.text) && p.text[hard.end] == '.' { // tomorrow a.m.
			hard.end++
		}
		hard = p.widen(hard, end)
		if s := strings.ToLower(p.text[hard.start:hard.end]); startsAny(s, "over this ", "over tomorrow", "over today") { // "send it over this afternoon"
			hard.start += len("over ")
		} else if strings.HasPrefix(s, "by ") && bying[p.wordBefore(hard.start)] { // "swing by tomorrow"
			hard.start += len("by ")
		}
		for j := v + 1; j < end; j++ { // "before I leave tonight"
			if e, ok := p.event(j, end); ok && e.start < hard.start && e.end >= hard.end {
				hard.start, hard.end = e.start, e.end
			}
		}
		return hard, true
	}
	if start := p.clauseStart(subject); start < subject && subject < len(p.w) {
		if d, ok := p.dueIn(p.text, p.w[start].start, p.w[subject].start, refuse); ok && !p.conditionIn(start, subject) && p.at(start-1) != "if" {
			return d, true
		}
	}
	if d, ok := p.softDue(v, end); ok {
		return p.widen(d, end), true
	}
	for j := p.clauseStart(subject); j < subject; j++ { // "Once the papers are in, we'll"
		if d, ok := p.event(j, subject); ok {
			return d, true
		}
	}
	return dueWords{}, false
}

// openWords stand before a time and leave it open; they are due words with it.
var openWords = []string{"at some point", "at some stage", "sometime", "some time", "anytime", "any time", "one day", "some day", "one evening", "one morning", "one afternoon", "later on",
	"later", "just", "promptly", "up", "close to"}

// widen takes into due words what belongs to them at either side: "later on Friday", "two days before the event", "within 10 days of
// receipt".
func (p *clause) widen(d dueWords, end int) dueWords {
	first, next := len(p.w), len(p.w)
	for i := range p.w {
		if p.w[i].start >= d.start && first == len(p.w) {
			first = i
		}
		if p.w[i].start >= d.end {
			next = i
			break
		}
	}
	if first == len(p.w) {
		return d
	}
	for _, s := range openWords {
		if n := len(strings.Fields(s)); first >= n && p.is(first-n, s) && !(s == "up" && p.at(first) != "to" && p.at(first) != "until") {
			d.start, first = p.w[first-n].start, first-n
			break
		}
	}
	if s := p.at(first); (s == "before" || s == "after") && first > 1 && p.soft(d) {
		switch p.at(first - 1) {
		case "day", "days", "week", "weeks", "hour", "hours", "minute", "minutes", "night", "evening", "morning", "month", "months":
			n := p.at(first - 2)
			if n == "the" || englishNumbers[n] > 0 || n[0] >= '0' && n[0] <= '9' {
				d.start = p.w[first-2].start
			}
		}
	}
	if p.at(first) == "within" && (p.at(next) == "of" || p.at(next) == "after" || p.at(next) == "from") && next < end {
		k := next + 1
		if s := p.at(k); s == "the" || s == "your" || s == "our" {
			k++
		}
		for n := k; n < end && n < k+3 && !p.w[n].sign && !prepositions[p.at(n)] && !conjunctions[p.at(n)]; n++ {
			d = dueWords{start: d.start, end: p.w[n].end}
		}
	}
	return d
}

// bying are verbs with a "by" of their own.
var bying = set("swing stop come pop drop pass")

// wordBefore is the word that ends last before a byte of the text.
func (p *clause) wordBefore(start int) string {
	last := ""
	for _, w := range p.w {
		if w.end > start {
			break
		}
		last = w.s
	}
	return last
}

// topic says that a time names a thing rather than when: "the Friday meeting", "reschedule for next week".
func (p *clause) topic(start, end int) bool {
	before, after := -1, -1
	for i := range p.w {
		if p.w[i].end <= start {
			before = i
		}
		if p.w[i].start >= end && after < 0 {
			after = i
		}
	}
	switch p.at(before) {
	case "for", "of", "from", "since", "every", "each", "our", "your", "my", "their", "about", "regarding", "re", "than", "dated":
		return true
	case "the", "a", "this", "that":
		return after >= 0 && eventNouns[p.at(after)]
	case "after":
		return true
	}
	return after >= 0 && eventNouns[p.at(after)] && p.w[after].start <= end+1 && !strings.Contains(p.text[start:end], " ")
}

var eventNouns = set(`meeting call conference session flight game dinner lunch appointment event party delivery shipment order visit demo webinar report
	newsletter edition menu review deadline email mail message invoice`)

var softWords = []string{"as soon as possible", "as soon as i can", "as soon as we can", "a . s . a . p", "asap", "right away", "straight away", "immediately", "pronto",
	"shortly", "very soon", "on the same day", "the same day", "same day", "the same afternoon", "the same evening", "the same morning", "the next day", "the following day", "next day", "overnight", "in due course", "in the coming days", "in the coming weeks", "in the coming week", "by return of post", "by return of mail", "by return mail", "by return email", "by return", "after the holidays", "before the holidays", "over the holidays", "soon", "momentarily", "in a bit", "in a moment", "in a minute", "in a few", "in a sec", "in a second", "in a jiffy", "in a while", "in no time", "any minute now", "at the earliest opportunity", "at the earliest possible date", "at the first opportunity", "at the earliest", "as quickly as possible", "as quickly as i can", "as quickly as we can", "as fast as i can", "as fast as we can", "as fast as possible", "as early as possible", "as soon as practicable", "as promptly as possible", "any day now", "until further notice", "in just a minute", "in just a moment", "in just a bit", "in just a second", "in a little while", "in a little bit", "in a little", "a little later", "a bit later", "by that time", "by that date", "before then", "until then", "that same day", "by sundown", "by nightfall", "by sunset", "by dusk", "by dawn", "by daybreak", "any minute", "in due time", "in good time", "over the coming days", "over the coming weeks", "over the coming months", "in the days ahead", "in the weeks ahead", "the next morning", "the following morning", "the next afternoon", "the following afternoon", "the next evening", "the following evening", "the same week", "at day's end", "at my earliest convenience", "at our earliest convenience", "in the near future", "in the coming months", "right now", "forthwith", "without delay", "at once", "later on", "later", "by then", "upon arrival", "on arrival", "upon completion", "on completion", "upon delivery", "on delivery"}

// softStarts are the softWords by their first word.
var softStarts = sync.OnceValue(func() map[string][]string {
	m := map[string][]string{}
	for _, s := range softWords {
		first, _, _ := strings.Cut(s, " ")
		m[first] = append(m[first], s)
	}
	for _, list := range m { // the longest that stands here counts
		slices.SortStableFunc(list, func(a, b string) int { return len(b) - len(a) })
	}
	return m
})

// minutes reads "in 15", said at the end of a clause.
func (p *clause) minutes(j, end int) bool {
	n := p.at(j + 1)
	return p.at(j) == "in" && j+1 < end && len(n) <= 2 && n[0] >= '1' && n[0] <= '9' && strings.Trim(n, "0123456789") == "" && (j+2 >= end || p.w[j+2].sign && p.at(j+2) != "%" && p.at(j+2) != "/")
}

// softDue finds due words that name no moment: asap, later, and what an event names.
func (p *clause) softDue(v, end int) (dueWords, bool) {
	for j := v + 1; j < end; j++ {
		if closely[p.at(j)] { // immediately after the meeting
			if d, ok := p.event(j, end); ok {
				return d, true
			}
		}
		for _, s := range softStarts()[p.at(j)] {
			if p.is(j, s) {
				k := j + len(strings.Fields(s))
				if s == "later" && p.at(j-1) == "or" || s == "soon" && (p.at(j-1) == "as" || p.at(j-1) == "too") || s == "later" && p.at(k) == "than" {
					break
				}
				return dueWords{start: p.w[j].start, end: p.w[k-1].end}, true
			}
		}
		if p.minutes(j, end) {
			return dueWords{start: p.w[j].start, end: p.w[j+1].end}, true
		}
		if d, ok := p.event(j, end); ok {
			return d, true
		}
	}
	return dueWords{}, false
}

// soft says that due words name no moment.
func (p *clause) soft(d dueWords) bool { return d.due.At.IsZero() }
