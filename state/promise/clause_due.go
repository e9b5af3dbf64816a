package promise

import "strings"

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
		if s := strings.ToLower(p.text[hard.start:hard.end]); startsAny(s, "over this ", "over tomorrow", "over today") { // "send it over this afternoon"
			hard.start += len("over ")
		} else if strings.HasPrefix(s, "by ") && bying[p.wordBefore(hard.start)] { // "swing by tomorrow"
			hard.start += len("by ")
		}
		return hard, true
	}
	if start := p.clauseStart(subject); start < subject && subject < len(p.w) {
		if d, ok := p.dueIn(p.text, p.w[start].start, p.w[subject].start, refuse); ok && !p.conditionIn(start, subject) {
			return d, true
		}
	}
	return p.softDue(v, end)
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
	"shortly", "very soon", "the same day", "same day", "the next day", "the following day", "next day", "overnight", "in due course", "in the coming days", "in the coming weeks", "in the coming week", "by return of post", "by return", "after the holidays", "before the holidays", "over the holidays", "soon", "momentarily", "in a bit", "in a moment", "in a minute", "in a few", "without delay", "at once", "later on", "later"}

// softDue finds due words that name no moment: asap, later, when Howard is back, as soon as the parts are in.
func (p *clause) softDue(v, end int) (dueWords, bool) {
	for j := v + 1; j < end; j++ {
		for _, s := range softWords {
			if p.is(j, s) {
				k := j + len(strings.Fields(s))
				if s == "later" && p.at(j-1) == "or" || s == "soon" && (p.at(j-1) == "as" || p.at(j-1) == "too") || s == "later" && p.at(k) == "than" {
					break
				}
				return dueWords{start: p.w[j].start, end: p.w[k-1].end}, true
			}
		}
		if s := p.at(j + 1); (p.at(j) == "after" || p.at(j) == "before") && (s == "the" || s == "my" || s == "our" || s == "your") { // after the fair
			k := j + 2
			for k < end && k < j+5 && !p.w[k].sign && !prepositions[p.at(k)] && !conjunctions[p.at(k)] && !verbish[p.at(k)] && !pronouns[p.at(k)] {
				k++
			}
			if k > j+2 && (k >= end || p.w[k].sign || p.at(k) == "and") {
				return dueWords{start: p.w[j].start, end: p.w[k-1].end}, true
			}
		}
		from := j
		switch {
		case p.is(j, "as soon as"):
			j += 3
		case p.at(j) == "when" || p.at(j) == "once":
			j++
		default:
			continue
		}
		// An event that others bring about. What I do first, or you do, is no time.
		if s := p.at(j); firstPersons[s] || s == "you" || s == "your" || j >= end || p.at(from) != "as" && !(p.w[j].capital || s == "the" || s == "he" || s == "she" || s == "they") {
			j = from
			continue
		}
		k := j
		for k < end && !(p.w[k].sign && p.at(k) != "'" && p.at(k) != "-") {
			k++
		}
		return dueWords{start: p.w[from].start, end: p.w[k-1].end}, true
	}
	return dueWords{}, false
}

// soft says that due words name no moment.
func (p *clause) soft(d dueWords) bool { return d.due.At.IsZero() }
