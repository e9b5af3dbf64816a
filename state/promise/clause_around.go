package promise

import "strings"

// clauseEnd is the word before which the clause of a verb at i ends.
func (p *clause) clauseEnd(i int) int {
	for j := i; j < len(p.w); j++ {
		s := p.at(j)
		if p.w[j].quoted {
			return j
		}
		switch s {
		case ";", ":", "--", "–", "—", "?", "!", ".", "...", "…":
			if s == "." && j+1 < len(p.w) {
				continue // 10.30, St., a name of a file: sentences were cut before
			}
			if s == ":" && j > 0 && j+1 < len(p.w) && p.w[j+1].start == p.w[j].end {
				continue // 10:30
			}
			return j
		case "-":
			if j > i && p.w[j-1].end < p.w[j].start {
				return j
			}
		case "because", "if", "unless", "which", "whereas", "otherwise", "although", "though", "provided":
			if j > i && s != "if" {
				return j
			}
			if s == "if" && j > i {
				if !complementOf[p.at(j-1)] && !(complementOf[p.at(j-2)] && pronouns[p.at(j-1)]) {
					return j
				}
			}
		case "so":
			if p.at(j+1) == "that" || p.subjectAt(j+1) {
				return j
			}
		case "when", "once", "whenever":
			if p.at(j+1) == "you" || p.at(j+1) == "your" {
				return j
			}
		case "and", "but", "or", ",":
			if j > i && p.subjectAt(j+1) || j > i && s == "," && (p.at(j+1) == "and" || p.at(j+1) == "but") && p.subjectAt(j+2) {
				return j
			}
		}
	}
	return len(p.w)
}

// complementOf are verbs after which "if" asks whether.
var complementOf = set("see check know ask verify find out wonder tell determine confirm whether sure as")

// subjectAt says whether a new clause begins at i with a subject or an "if".
func (p *clause) subjectAt(i int) bool {
	s := p.at(i)
	switch {
	case s == "if" || s == "please" || s == "let" && (p.at(i+1) == "me" || p.at(i+1) == "us"):
		return true
	case firstPersons[s] || s == "you" || otherPersons[s] || s == "it" || s == "there":
		// "you and I can" is one subject, and "send you and Tom".
		n := p.at(p.adverb(i + 1))
		return verbish[n] || n == "need" || n == "want" || n == "'" || n == "would" || firstPersons[s] || otherPersons[s] || s != "you"
	}
	return false
}

// clauseStart is the first word of the clause whose subject stands at i, with a time before it: "by Friday I'll".
func (p *clause) clauseStart(i int) int {
	j := i
	for j > 0 {
		s := p.at(j - 1)
		if p.w[j-1].sign && s != "," && s != "'" && s != "/" && !(s == ":" && p.w[j-1].end == p.w[min(j, len(p.w)-1)].start) && !(s == "." && p.w[j-1].end == p.w[j].start) {
			break
		}
		if s == "and" || s == "but" || s == "so" || s == "that" || s == "if" {
			break
		}
		j--
	}
	return j
}

type questionKind int

const (
	plain  questionKind = iota
	asked               // the clause is part of a question
	tagged              // a promise, and then "ok?"
)

// question says how a cue stands to the question mark that ends its sentence.
func (p *clause) question(q cue) questionKind {
	mark := -1
	for j := q.at; j < len(p.w); j++ {
		if s := p.at(j); strings.Contains(s, "?") {
			mark = j
			break
		} else if s == "." || s == "!" || s == ";" {
			return plain
		}
	}
	if mark < 0 {
		return p.asking(q)
	}
	// A short tail after the last comma asks for the reader's consent.
	for j := mark - 1; j > q.verb; j-- {
		if p.at(j) == "," || p.at(j) == "-" || p.at(j) == "–" || p.at(j) == "—" || p.at(j) == "--" {
			if mark-j <= 6 && j > q.verb {
				return tagged
			}
			break
		}
	}
	return asked
}

// asking catches questions without a mark, by their order of words.
func (p *clause) asking(q cue) questionKind {
	j := p.clauseStart(q.subject)
	for j < q.subject && (p.w[j].sign || openers[p.at(j)]) {
		j++
	}
	switch p.at(j) {
	case "what", "when", "where", "who", "why", "how", "which", "are", "is", "do", "does", "should", "could", "can", "would", "did":
		if p.at(j) == "when" && p.names(j, q.subject, ",") || j >= q.subject {
			return plain
		}
		return asked
	}
	return plain
}

// general says that a clause tells of habits.
func (p *clause) general(from, end int) bool {
	for j := from; j < end; j++ {
		if p.at(j) == "once" && p.at(j+1) == "a" && !firstPersons[p.at(from)] || p.at(j) == "every" && p.at(from) != "i" && p.at(from) != "we" && (weekdayOrMonth(p.at(j+1)) || p.at(j+1) == "week" || p.at(j+1) == "month" || p.at(j+1) == "day") {
			return true
		}
	}
	return p.names(from, end, "always", "usually", "normally", "typically", "generally", "often", "ever")
}

// conditionIn says whether a condition begins in [from, to).
func (p *clause) conditionIn(from, to int) bool {
	for j := from; j < to; j++ {
		if p.conditionAt(j) {
			return true
		}
	}
	return false
}

// conditionAt says whether the word at j begins a condition: if, unless, or a time that the reader brings about.
func (p *clause) conditionAt(j int) bool {
	switch p.at(j) {
	case "if":
		return !complementOf[p.at(j-1)] && !(complementOf[p.at(j-2)] && !p.w[j-1].sign && p.at(j-1) != "and") && p.at(j-1) != "even" || p.at(j-1) == "know" && p.letKnow(j-1)
	case "unless", "whenever", "otherwise", "providing", "assuming":
		return true
	case "anytime":
		return j+1 < len(p.w) && !p.w[j+1].sign && p.at(j+1) != "next" && p.at(j+1) != "this" && !weekdayOrMonth(p.at(j+1)) && p.at(j+1) != "tomorrow" && p.at(j+1) != "today" && p.at(j+1) != "before" && p.at(j+1) != "after"
	case "provided":
		return p.at(j+1) == "that" || p.at(j+1) == "you" || p.at(j+1) == "we" || (j == 0 || p.at(j-1) == ",") && expected[p.at(j+1)]
	case "failing":
		return p.at(j+1) == "that" || p.at(j+1) == "this"
	case "shall":
		return p.at(j+1) == "you" && (j == 0 || p.w[j-1].sign) && p.names(j, len(p.w), ",")
	case "should":
		if j == 0 && p.names(j, len(p.w), ",") && !p.names(j, len(p.w), "?") && (p.at(j+1) == "the" || p.at(j+1) == "this" || p.at(j+1) == "that" || p.at(j+1) == "any" || p.at(j+1) == "it" || firstPersons[p.at(j+1)] || p.at(j+1) == "your") {
			return true
		}
		if p.at(j-1) == "," && !p.names(j, len(p.w), "?") && (p.at(j+1) == "the" || p.at(j+1) == "any" || p.at(j+1) == "it") {
			return true
		}
		return p.at(j+1) == "you" || p.at(j+1) == "anything" || p.at(j+1) == "there"
	case "were":
		return j == 0 && (p.at(1) == "you" || p.at(1) == "we") && p.at(2) == "to"
	case "with", "upon":
		return p.at(j+1) == "your" && leave[p.at(j+2)]
	case "case":
		return p.at(j-1) == "in" && p.at(j+1) != "of" && j+1 < len(p.w) && !p.w[j+1].sign
	case "long":
		return p.at(j-1) == "as" && p.at(j+1) == "as"
	case "event":
		return p.is(j-2, "in the event")
	case "receipt":
		return p.at(j-1) == "on" || p.at(j-1) == "upon"
	case "subject", "depending", "pending":
		return p.at(j+1) == "to" || p.at(j+1) == "on" || p.at(j) == "pending"
	case "when", "once", "after", "until", "till", "soon":
		if p.at(j) == "soon" && p.at(j+1) != "as" {
			return false
		}
		if (p.at(j) == "when" || p.at(j) == "once") && firstPersons[p.at(j+1)] && (p.at(j+2) == "see" || p.at(j+2) == "meet" || p.at(j+2) == "visit") { // when I see you Friday
			return false
		}
		own := 0
		if n := p.at(j + 1); p.at(j) != "soon" && (weekdayOrMonth(n) || n == "next" || n == "this" || n == "tomorrow") && !p.names(j, j+4, "week", "month", "you", "your") || p.at(j) == "until" && (n == "next" || weekdayOrMonth(n)) {
			return false
		}
		for k := j + 1; k < len(p.w) && k < j+9 && !p.w[k].sign; k++ {
			switch s := p.at(k); {
			case (s == "you" || s == "your") && k <= j+3:
				return p.at(j) != "until" || p.at(k+1) != "and"
			case s == "hear" && p.others(k): // from somebody else: an event
				return false
			case k > j && (p.at(j) == "once" || p.at(j) == "when" || p.at(j) == "soon") && conditionWords[s]:
				return true
			case firstPersons[s] && k > j+2-own:
				return false
			case firstPersons[s]:
				own = 1
			case own == 1 && (s == "you" || s == "your"): // as soon as we have your answer
				return true
			}
		}
	}
	return false
}

// others says whether what is heard at i comes from somebody other than the reader: "hear back from Tokyo".
func (p *clause) others(i int) bool {
	for i++; p.at(i) == "back" || p.at(i) == "anything" || p.at(i) == "something" || p.at(i) == "more"; i++ {
	}
	return p.at(i) == "from" && p.at(i+1) != "you" && p.at(i+1) != "your"
}

// leave is what the reader gives for something to be done.
var leave = set("ok okay permission approval consent go-ahead agreement blessing confirmation signature help")

var conditionWords = set("po contract go-ahead payment deposit approval approved signature signed confirmation receive received order hear need")

func (p *clause) letKnow(j int) bool {
	return p.at(j) == "know" && (p.at(j-2) == "let" || p.at(j-1) == "let")
}

// condition says whether what a cue promises depends on the reader or on an event.
func (p *clause) condition(q cue, end int) bool {
	if p.follows && (p.at(0) == "otherwise" || p.at(0) == "then") {
		return true
	}
	// What stands before, back to the clause of another cue.
	from, opening := 0, 0
	for j := q.subject - 1; j >= 0; j-- {
		if (p.at(j) == "will" || p.at(j) == "shall") && firstPersons[p.at(p.back(j-1))] && j < q.subject-1 {
			if from == 0 {
				from = p.clauseEnd(j)
			}
			opening = p.back(j - 1)
		}
		if p.at(j) == ";" {
			from = max(from, j+1)
			break
		}
	}
	if p.conditionIn(from, q.subject) || p.requested(from, q.subject) || p.conditionIn(0, opening) {
		return true
	}
	// What stands behind, up to the next clause of its own.
	for j := q.verb; j < len(p.w); j++ {
		if p.at(j) == ";" {
			return false
		}
		if (p.at(j) == "and" || p.at(j) == "but" || p.at(j) == "so") && p.subjectAt(j+1) {
			return false
		}
		if p.conditionAt(j) {
			// "and tell me if", "let me know if": of another sentence
			return !p.letKnow(j-1) && !(p.at(j-1) == "know")
		}
		if p.at(j) == "let" && p.at(j+1) == "me" && j > q.verb {
			return false
		}
	}
	return false
}

// requested says whether [from, to) asks something of the reader to which what follows is the answer: "Let me know X and I'll".
func (p *clause) requested(from, to int) bool {
	link := p.back(to - 1)
	for link > from && (p.at(link) == "then" || p.at(link) == ",") && p.at(link-1) != "and" {
		if p.at(link) == "," && (p.at(link-1) == "and" || p.at(link-1) == "or") {
			break
		}
		if s := p.at(link - 1); s == "," || s == "and" {
			link--
			continue
		}
		break
	}
	s := p.at(link)
	if s != "and" && s != "then" && s != "," && s != "-" && s != "or" && s != "so" && s != "--" && s != "–" && s != "—" {
		return false
	}
	for j := from; j < link; j++ {
		opens := j == from || p.opens(j) || p.at(j-1) == "to" && p.at(j-2) == "need" && !firstPersons[p.at(p.back(j-3))] || p.at(j-1) == "or" || p.at(j-1) == "you" || p.at(j-1) == "just" || p.at(j-1) == "simply" ||
			p.at(j-1) == "please"
		if !opens {
			continue
		}
		strict := s == "," || s == "-" || s == "so" || s == "--" || s == "–" || s == "—"
		switch w := p.at(j); {
		case (w == "give" || w == "allow") && (p.at(j+1) == "me" || p.at(j+1) == "us") && p.names(j+2, j+6, "hour", "hours", "day", "days", "minute", "minutes", "min", "mins", "sec", "second", "moment", "week", "until", "till", "time"):
			continue
		case w == "feel" && p.at(j+1) == "free", p.is(j, "you are welcome to"):
			return true
		case w == "let" && (p.at(j+1) == "me" || p.at(j+1) == "us") && p.at(j+2) == "know":
			return true
		case w == "why" && p.is(j, "why do not you"):
			return true
		case (w == "could" || w == "can" || w == "would" || w == "will") && p.at(j+1) == "you":
			return true
		case strict:
			if (w == "say" || w == "tell" || w == "give" || w == "send") && (p.at(j+1) == "me" || p.at(j+1) == "us" || p.at(j+1) == "the") {
				return true
			}
		case (w == "could" || w == "can") && p.at(j-1) == "you":
			return true
		case (giving[w] || deeds[w]) && j == from && (expected[p.at(j+1)] || pronouns[p.at(j+1)] || p.at(j+1) == "up" || p.at(j+1) == "in"):
			return true // "ring the bell and I'll"
		case asking[w] && !(p.at(j-1) == "i" || p.at(j-1) == "we"):
			return true
		}
	}
	return false
}

// asking are the verbs with which one tells the reader to do something.
var asking = set(`please call email mail send give tell reply click contact drop shoot forward write return sign confirm pick choose visit ask bring
	complete fill register join try check come let order upload text ping provide share pay transfer approve subscribe say name leave put ring press`)

// passive says whether what stands at the modality i is a thing that will be handed over: "the quote will be with you by Friday".
func (p *clause) passive(i int) bool {
	b := p.adverb(i + 1)
	if p.at(b) != "be" || p.at(i+1) == "not" {
		return false
	}
	v := p.adverb(b + 1)
	j := p.back(i - 1)
	if j < 0 || firstPersons[p.at(j)] || p.at(j) == "you" || otherPersons[p.at(j)] {
		return false
	}
	switch p.at(v) {
	case "with", "in":
		return p.at(v+1) == "you" || p.at(v+1) == "your" || p.is(v, "in the mail") || p.is(v, "in the post")
	case "on", "at":
		return p.is(v, "on its way") || p.is(v, "on their way") || p.at(v+1) == "your" && (p.at(v+2) == "desk" || p.at(v+2) == "doorstep" || p.at(v+2) == "door" || p.at(v+2) == "site" || p.at(v+2) == "office" || p.at(v+2) == "table")
	case "ready", "done":
		return j >= 0
	case "made":
		return p.names(0, i, "payment", "payments", "refund", "transfer", "delivery", "changes", "correction")
	}
	base := participle(p.at(v))
	return (giving[base] && base != "share" && base != "supply" && base != "submit" && base != "invoice" && base != "update" || fulfils[base])
}

var pronouns = set("you me us them him her")
