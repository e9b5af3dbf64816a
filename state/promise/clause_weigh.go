package promise

import (
	"slices"
	"strings"
)

// dependent says whether the clause whose subject stands at i hangs on words that take its force: a hope, a question, a report, a
// relative clause.
func (p *clause) dependent(i int) bool {
	j := p.back(i - 1)
	if p.at(j) == "that" {
		j = p.back(j - 1)
		if p.at(j) == "so" { // so that we will know
			return true
		}
		if j >= 0 && !p.w[j].sign && !assuring[p.at(j)] && !p.reportOfOwn(j) {
			return true
		}
	}
	switch s := p.at(j); {
	case s == "who" || s == "which" || s == "what" || s == "where" || s == "how" || s == "whether" || s == "why" || s == "if" || s == "unless" ||
		s == "when" || s == "until" || s == "as" || s == "than" || s == "while":
		return true
	case hoping[s]:
		return true
	case s == "if" || s == "though" || s == "although":
		return true
	case s == "me" || s == "us" || s == "him" || s == "her" || s == "them" || s == "you": // "he told me he'll", "I told you I would"
		return reporting[p.at(j-1)] && firstPersons[p.at(i)]
	case reporting[s]:
		return firstPersons[p.at(i)] && !firstPersons[p.at(p.back(j-1))]
	}
	// A noun without a sign before a first person begins a relative clause: "a happy hour that I will stop by", "the file I will send".
	if j >= 1 && firstPersons[p.at(i)] && !p.w[j].sign && !(leading[p.at(p.clauseStart(i))] && p.clauseStart(i) < j-1) && p.at(p.clauseStart(i)-1) != "if" && (p.at(j-1) == "the" || p.at(j-1) == "everything" || p.at(j-1) == "any") && !p.capitalOrTime(j) {
		return true
	}
	return p.at(0) == "hope" || p.at(0) == "presume" || p.at(0) == "guess" || p.at(0) == "assume"
}

// leading are words with which a phrase begins that stands before the clause: "Once I'm given the data I will".
var leading = set("once when after if before as until unless whenever during at upon following assuming given despite depending")

func (p *clause) capitalOrTime(j int) bool {
	s := p.at(j)
	return p.w[j].capital || s == "morning" || s == "afternoon" || s == "evening" || s == "week" || s == "weekend" || s == "month" || s == "meantime" ||
		s == "meanwhile" || s == "day" || s == "end" || s == "way"
}

var hoping = set("hope hoping hopes wish wishes presume assume guess suppose wonder wondering doubt afraid imagine pretend sure-if")
var reporting = set("said says say saying telling promising told tell tells mentioned wrote writes claimed claims asked heard hear promised understand reported explained")
var assuring = set("assured promise guarantee word sure confirm certain commit assure you think believe note advised informed aware rest notice")

// reportOfOwn allows "I think that I'll", "I said that I'll": the writer about himself.
func (p *clause) reportOfOwn(j int) bool {
	return (p.at(j) == "think" || p.at(j) == "believe" || p.at(j) == "said" || p.at(j) == "note" || p.at(j) == "suggest") && firstPersons[p.at(p.back(j-1))]
}

// weigh judges what the actor of a cue will do.
func (p *clause) weigh(q cue) (claim, bool) {
	var cl claim
	end := p.clauseEnd(q.verb)
	v, kind, hedge := p.deed(q.verb, end, q)
	if v < 0 {
		return cl, false
	}
	weight := q.weight + hedge
	you := p.names(v, end, "you", "your", "ya", "yours")
	cond := p.condition(q, end)
	due, dated := p.dueOf(q.subject, v, end)
	if !dated && v > q.verb+1 { // "sit down with Karen this afternoon and sort it out"
		due, dated = p.dueOf(q.subject, q.verb, end)
	}
	if !dated && q.subject == q.at && (p.at(q.at-1) == "and" || p.at(q.at-1) == "then") { // "I'm driving up on the 28th and will bring"
		due, dated = p.dueOf(q.at, p.clauseStart(q.at-1), q.at-1)
	}
	if dated && !p.soft(due) {
		weight += 0.9
	} else if dated {
		weight += 0.2
	}
	if q.weight < 0 && kind != verbGive && !you { // "I'm planning to attend the conference"
		return cl, false
	}
	if kind == verbState && cond && (p.at(v) == "start" || p.at(v) == "begin" || p.at(v) == "come") {
		kind = verbOther
	}
	if kind == verbState && q.offer && (p.at(v) == "go" || p.at(v) == "come" || p.at(v) == "attend") {
		kind = verbOther
		weight += 0.5
	}
	if s := p.at(v); (s == "talk" || s == "speak" || s == "write") && (!dated || p.soft(due)) && (p.at(v+1) == "to" || p.at(v+1) == "with") && p.at(v+2) == "you" && !p.names(v+3, end, "about", "regarding", "on", "re") && !cond { // I'll talk to you soon
		return cl, false
	}
	switch kind {
	case verbState:
		return cl, false
	case verbGive:
		weight += 0.8
	case verbOther:
		weight -= 1.2
		if p.at(q.subject) == "we" {
			weight -= 0.6
		}
		if cond || p.names(v, end, "accommodate") {
			weight += 0.9
			if p.at(q.subject) == "we" {
				weight += 0.6
			}
		}
	case verbCourtesy:
		if !dated || p.soft(due) {
			weight -= 2.8
			if dated && strings.ContainsRune(p.text[due.start:due.end], ' ') && !slices.Contains(softWords, strings.ToLower(p.text[due.start:due.end])) { // as soon as it is out
				weight += 1.8
			}
			if p.complement(v, end) {
				weight += 1.6
			}
		}
	}
	if you {
		weight += 0.7
	}
	if q.expected && (!dated || p.soft(due)) {
		return cl, false
	}
	if q.simple {
		if !p.holds(q, v, end, kind, due, dated, cond, you) {
			return cl, false
		}
		weight += 0.3
	} else if q.present && p.underway(q, v, end, you) {
		weight += 0.3
	} else if q.present && (kind != verbGive && !(kind == verbDeed && you && q.actor == actorFirst) || !dated || p.soft(due)) {
		return cl, false
	}
	if p.at(q.subject) == "we" {
		weight -= 0.3
		if kind == verbDeed && !you && !dated && p.at(q.verb) == "be" && strings.HasSuffix(p.at(v), "ing") { // "we'll be presenting"
			return cl, false
		}
		if joint[p.at(v)] && !(p.at(v) == "do" && p.names(v+1, v+3, "needful", "this", "it", "our", "everything", "all", "whatever")) && !you && !q.assured && !p.names(v, end, "cost", "costs", "shipping", "postage", "expenses", "fee", "fees") && !(cond && (p.at(v) == "do" || p.at(v) == "start" || p.at(v) == "go")) { // what we shall discuss, we discuss with the reader
			return cl, false
		}
	}
	if q.offer && cond {
		weight += 0.5
	}
	for _, h := range []string{"probably", "maybe", "perhaps", "possibly", "hopefully", "likely"} {
		if p.names(max(0, q.subject-2), end, h) {
			weight -= 0.7
		}
	}
	if s := p.at(q.subject - 1); (s == "maybe" || s == "perhaps") && !you && kind != verbGive {
		weight -= 1.5
	}
	if p.at(q.subject-1) == "think" || p.at(q.subject-1) == "believe" {
		weight -= 0.5
	}
	if q.actor == actorFirst && p.threat(v, end) {
		return cl, false
	}
	if s := p.at(v); (s == "close" || s == "open" || s == "reopen") && !firstPersons[p.at(q.subject)] { // the office will close at noon
		return cl, false
	}
	if p.is(p.clauseStart(q.subject), "next time") { // whenever that is
		weight -= 2
	}
	switch p.question(q) {
	case asked:
		return cl, false
	case tagged:
		weight -= 0.9
	}
	if p.general(q.subject, end) || reporting[p.at(q.subject-1)] && p.names(q.subject-4, q.subject, "always", "keeps", "keep") {
		return cl, false
	}
	cl.kind, cl.weight, cl.due = KindPromise, weight, due
	switch q.actor {
	case actorFirst:
		if q.offer {
			limit := dated && !p.soft(due) && (kind == verbGive || kind == verbDeed) && (!joint[p.at(v)] || p.at(v) == "do") && startsAny(p.text[due.start:], "by ", "within ", "before ")
			if !limit && !p.offered(q, v, kind, you, cond) {
				return cl, false
			}
			cl.kind = KindConditional
		}
		if cond {
			cl.kind = KindConditional
			cl.weight -= 0.2
		}
	case actorThird:
		if q.offer || kind != verbGive && !(kind == verbDeed && (you || fixing[p.at(v)] || dated && !p.soft(due) && !(q.subject == 0 && q.at == 1 && strings.HasSuffix(p.at(0), "s")) && !joint[p.at(v)] && p.at(v) != "attend" && p.at(v) != "run")) && !(kind == verbCourtesy && (you || dated)) {
			return cl, false
		}
		cl.kind = KindThirdParty
		cl.weight -= 0.6
	default:
		return cl, false
	}
	return cl, true
}

// deed finds the verb that counts after a modality, through "try to", "be happy to", "make sure that": its place and kind, and
// what the words on the way weigh. The place is -1 where nothing is owed.
func (p *clause) deed(i, end int, q cue) (int, verbKind, float64) {
	hedge := 0.0
	neg := false
	for steps := 0; steps < 6; steps++ {
		for i < end && (adverbs[p.at(i)] || p.at(i) == "," && (adverbs[p.at(i-1)] || p.at(i+1) == "of" || adverbs[p.at(i+1)] && p.at(i+2) == ",") || p.at(i) == "be" && p.at(p.adverb(i+1)) == "sure") {
			if p.at(i) == "not" || p.at(i) == "never" {
				neg = !neg
			}
			if p.at(i) == "be" { // be sure to
				i = p.adverb(i+1) + 1
				if p.at(i) == "to" || p.at(i) == "and" {
					i++
				}
				continue
			}
			i++
		}
		switch {
		case p.at(i) == "try" && p.at(i+1) == "you":
			return i, verbGive, hedge
		case p.at(i) == "try" && (expected[p.at(i+1)] && p.at(i+1) != "a"):
			return i, verbDeed, hedge - 0.4
		case p.at(i) == "try" || p.at(i) == "attempt" || p.at(i) == "endeavor" || p.at(i) == "endeavour" || p.at(i) == "trying":
			hedge -= 0.4
			if i++; p.at(i) == "to" || p.at(i) == "and" || p.at(i) == "my" {
				i++
			}
			continue
		case p.is(i, "do my best not") || p.is(i, "do our best not"):
			return -1, verbState, 0
		case p.is(i, "do my best to") || p.is(i, "do our best to") || p.is(i, "do our utmost to"):
			i, hedge = i+4, hedge-0.4
			continue
		case p.is(i, "go ahead and") || p.is(i, "start by"):
			i += 3
			if p.at(i-3) == "start" {
				i--
			}
			continue
		case p.is(i, "make a point of"):
			i += 4
			continue
		case (p.at(i) == "go" || p.at(i) == "come") && p.at(i+1) == "and":
			i += 2
			continue
		case p.at(i) == "begin" || p.at(i) == "start" || p.at(i) == "continue":
			if p.at(i+1) == "to" || strings.HasSuffix(p.at(i+1), "ing") {
				hedge -= 0.6
				if i++; p.at(i) == "to" {
					i++
				}
				continue
			}
		case p.at(i) == "be" && p.glad(i) > i:
			i, hedge = p.glad(i), hedge-0.3
			continue
		case p.at(i) == "be" && p.at(p.adverb(i+1)) == "able" || p.at(i) == "get" && p.at(i+1) == "to" && !p.names(i, i+3, "it", "this", "that"):
			if p.at(i) == "be" && q.actor == actorFirst && !neg && !strings.Contains(p.text, "?") {
				i, hedge = p.adverb(i+1)+2, hedge-1.2
				continue
			}
			return -1, verbState, 0
		}
		break
	}
	if i >= end {
		// "I will." and "Will do." answer a request.
		if q.actor == actorFirst && p.at(q.at) == "will" && len(p.w) <= 5 && !neg && !q.offer && q.verb >= end {
			return q.at, verbDeed, -0.6
		}
		return -1, verbState, 0
	}
	if neg {
		if q.actor == actorFirst && !q.present && !q.offer && p.refrains(i, end) {
			return i, verbDeed, hedge
		}
		if (q.assured || p.names(0, q.subject, "word", "promise", "guarantee", "assured")) && q.actor == actorFirst {
			return i, verbDeed, hedge
		}
		return -1, verbState, 0
	}
	if p.at(i) == "do" && (i+1 >= end || p.w[i+1].sign) && len(p.w) <= 5 {
		return i, verbDeed, hedge - 0.4
	}
	if q.assured && p.at(i) == "on" {
		return i, verbDeed, hedge
	}
	v, kind := p.verb(i, end)
	if kind != verbGive && kind != verbDeed && kind != verbCourtesy { // "be out next week and get back to you"
		for j := i + 1; j+1 < end; j++ {
			if (p.at(j) == "and" || p.at(j) == "then") && p.at(j-1) != "you" {
				n := p.adverb(j + 1)
				if !(giving[p.at(n)] || deeds[p.at(n)] && p.names(n+1, end, "you", "your") || p.at(n) == "get" || p.at(n) == "let" || p.at(n) == "fix" || p.at(n) == "check") {
					continue
				}
				if u, k := p.verb(n, end); k == verbGive || k == verbDeed {
					return u, k, hedge - 0.3
				}
			}
		}
	}
	return v, kind, hedge
}

// verb judges the verb at i with what it governs.
func (p *clause) verb(i, end int) (int, verbKind) {
	s := p.at(i)
	if b := base(s); b == "come" || b == "get" || b == "take" || b == "look" || b == "go" || b == "have" || b == "make" { // "is coming to your site"
		s = b
	}
	if s == "be" {
		j := p.adverb(i + 1)
		n := p.at(j)
		switch {
		case n == "in" && p.at(j+1) == "touch" || n == "in" && p.at(j+1) == "contact":
			return i, verbCourtesy
		case n == "back" && (p.at(j+1) == "to" || p.at(j+1) == "in") && (p.at(j+2) == "you" || p.at(j+2) == "touch"):
			return i, verbGive
		case n == "responsible" || n == "right" && p.at(j+1) == "on":
			return i, verbDeed
		case (n == "at" || n == "with" || n == "outside") && (p.at(j+1) == "your" || p.at(j+1) == "you" && n == "with"):
			return i, verbDeed
		case n == "there" && p.at(j+1) != "for": // accepted
			return i, verbOther
		case strings.HasSuffix(n, "ing") && len(n) > 4:
			b := base(n)
			if giving[b] {
				return j, verbGive
			}
			if b == "work" && p.at(j+1) != "on" && p.at(j+1) != "with" {
				return i, verbState
			}
			if deeds[b] && b != "discuss" && b != "attend" && b != "get" && b != "meet" && b != "talk" && b != "run" {
				return j, verbDeed
			}
			if !states[b] && p.names(j+1, end, "your") { // "we will be upgrading your line"
				return j, verbOther
			}
			return i, verbState
		}
		return i, verbState
	}
	if s == "have" && p.at(i+1) == "to" {
		return i, verbState
	}
	if s == "have" && !p.names(i, end, "discussion", "detailed") {
		// "have it fixed", "have Tom call you", "have the report ready"; "have lunch" is no deed.
		for j := i + 1; j < end && j < i+8; j++ {
			if n := p.at(j); n == "ready" || (n == "look" || n == "word" || n == "chat") && p.at(j-1) == "a" || n == "back" || n == "there" || n == "online" || n == "done" || n == "sent" || n == "to" && p.at(j+1) == "you" || n == "for" && p.at(j+1) == "you" ||
				len(n) > 4 && strings.HasSuffix(n, "ed") || j > i+1 && (giving[n] || deeds[n] && p.at(j-1) != "to" && p.at(j-1) != "a" && p.at(j-1) != "the" && p.at(j-1) != "an" && (n != "look" || p.at(j+1) == "into" || p.at(j+1) == "at") && n != "meet") ||
				n == "up" && p.at(j+1) == "and" || (n == "on" || n == "in" || n == "at") && p.at(j+1) == "your" || n == "over" && p.at(j+1) == "to" {
				return i, verbGive
			}
		}
		return i, verbState
	}
	next := p.at(i + 1)
	switch s {
	case "let":
		if next == "myself" || p.names(i+1, i+3, "you") && p.at(i+2) == "have" {
			return i, verbGive
		}
		if j := i + 2; (p.at(j) == "know" || p.at(j+1) == "know") && next != "me" && next != "us" {
			return i, verbCourtesy
		}
		return i, verbState
	case "keep":
		for j := i + 1; j < end && j < i+6; j++ {
			if n := p.at(j); n == "posted" || n == "informed" || n == "updated" || n == "loop" || n == "touch" || n == "advised" || n == "abreast" || n == "mind" || n == "trying" || n == "eye" {
				return i, verbCourtesy
			}
		}
		return i, verbDeed
	case "walk":
		if p.names(i+1, i+4, "you", "your") || next == "through" {
			return i, verbDeed
		}
		return i, verbState
	case "stay":
		return i, verbState
	case "sit":
		if next == "in" && p.at(i+2) == "on" || next == "down" && p.at(i+2) == "with" {
			return i, verbDeed
		}
		return i, verbState
	case "get":
		if next == "in" && p.at(i+2) == "touch" {
			return i, verbCourtesy
		}
		if next == "to" && p.at(i+3) == "bottom" {
			return i, verbDeed
		}
		if next == "to" && (p.at(i+2) == "the" || p.w[min(i+2, len(p.w)-1)].capital || p.at(i+2) == "my") || next == "through" || next == "home" || next == "off" ||
			next == "out" || next == "there" || next == "over" || next == "together" || next == "up" || next == "much" || next == "some" && p.at(i+2) == "rest" ||
			next == "away" || next == "in" || next == "a" && p.at(i+2) == "chance" || p.is(i, "get used") || next == "married" || next == "better" {
			return i, verbState
		}
		if next == "back" && (p.at(i+2) == "to" || p.at(i+2) == "with") && (p.at(i+3) == "you" || p.at(i+3) == "u") || next == "you" || next == "it" || next == "this" || next == "that" {
			return i, verbGive
		}
		return i, verbDeed
	case "see":
		if next == "to" || next == "what" && (p.names(i+2, i+4, "i", "we")) || next == "that" || next == "if" && p.names(i+2, i+4, "i", "we") {
			return i, verbDeed
		}
		return i, verbState
	case "look":
		if next == "forward" || next == "like" || next == "at" && p.at(i+2) == "you" {
			return i, verbState
		}
		return i, verbDeed
	case "find":
		if next == "out" || p.names(i+1, end, "you") {
			return i, verbDeed
		}
		return i, verbOther
	case "come":
		if visiting[next] || weekdayOrMonth(next) {
			return i, verbDeed
		}
		if next == "back" && (p.at(i+2) == "to" || p.at(i+2) == "with") || next == "up" && p.at(i+2) == "with" || p.names(i+1, end, "you", "your") || next == "by" || next == "over" {
			return i, verbDeed
		}
		if next == "out" {
			return i, verbOther
		}
		return i, verbState
	case "go":
		if next == "over" || next == "through" || next == "back" && p.at(i+2) == "to" && !p.w[min(i+3, len(p.w)-1)].capital || next == "with" {
			return i, verbDeed
		}
		return i, verbState
	case "start", "begin":
		if next == "on" && !weekdayOrMonth(p.at(i+2)) && !p.w[min(i+2, len(p.w)-1)].sign && p.at(i+2) != "the" || next == "with" || next == "your" || next == "it" || next == "this" || next == "that" {
			return i, verbDeed
		}
		return i, verbState
	case "work":
		if p.names(i+2, i+5, "out") && (expected[next] || next == "something") || next == "around" || next == "on" || next == "with" || next == "out" || next == "up" || next == "through" {
			return i, verbDeed
		}
		return i, verbState
	case "leave":
		if next == "you" || p.names(i+1, end, "your") && p.names(i+1, end, "on", "at", "in", "under", "behind", "outside") || p.names(i+1, end, "message", "voicemail", "keys", "copy", "note") || p.names(i+2, end, "with") && (next == "the" || next == "it" || next == "them" || next == "your") {
			return i, verbDeed
		}
		return i, verbState
	case "spend":
		if p.names(i+1, end, "looking", "working", "reviewing", "going") {
			return i, verbDeed
		}
		return i, verbState
	case "stop":
		if next == "by" && !p.names(i+2, end, "you", "your") {
			return i, verbOther
		}
		return i, verbDeed
	case "turn":
		if next == "my" || next == "our" || p.names(i+1, end, "on", "around", "off", "over", "it") {
			return i, verbDeed
		}
		return i, verbState
	case "take":
		if n := englishNumbers[next]; n > 0 && next != "a" && next != "an" || next == "both" || len(next) > 0 && next[0] >= '0' && next[0] <= '9' { // an order
			return i, verbState
		}
		if next == "off" || next == "it" && p.at(i+2) == "easy" || next == "effect" || next == "place" || next == "the" && p.names(i+2, i+4, "train", "bus", "day", "plane", "flight", "week") ||
			next == "a" && p.names(i+2, i+4, "nap", "vacation", "break", "day", "train") {
			return i, verbState
		}
		return i, verbDeed
	case "do":
		if next == "not" || next == "well" || next == "business" || next == "fine" {
			return i, verbState
		}
		return i, verbDeed
	case "make":
		if next == "it" && (i+2 >= end || p.at(i+2) == "to" || p.w[i+2].sign) || next == "an" && p.at(i+2) == "exception" || p.names(i+1, i+3, "money", "sense") {
			return i, verbState
		}
		return i, verbDeed
	case "run", "hold", "test", "drive", "close", "answer", "ask", "put", "add", "buy", "talk", "host":
		if p.is(i, "run out") || p.is(i, "run late") {
			return i, verbState
		}
		if s == "ask" || s == "talk" || s == "add" || s == "put" || s == "answer" {
			return i, verbDeed
		}
		if s == "drive" && !p.names(i+1, end, "you") {
			return i, verbState
		}
		return i, verbDeed
	case "wait", "await":
		if p.names(i+1, end, "you", "until", "till", "their", "her", "his") {
			return i, verbDeed
		}
		return i, verbState
	case "follow":
		if next == "up" || next == "through" {
			return i, verbGive
		}
		return i, verbDeed
	case "offer":
		return i, verbDeed
	case "like", "need", "want", "use":
		return i, verbState
	}
	if strings.HasSuffix(s, "ing") && !giving[s] && !deeds[s] {
		s = base(s)
	}
	switch {
	case p.w[i].sign || prepositions[s] || s == "the" || s == "a" || s == "an" || firstPersons[s] || s == "you" || s == "it" || s == "this" || len(s) == 1 || s == "my" || s == "our":
		return i, verbState
	case giving[s]:
		return i, verbGive
	case deeds[s]:
		return i, verbDeed
	case states[s]:
		return i, verbState
	}
	return i, verbOther
}

// names says whether one of the words stands in [from, to).
func (p *clause) names(from, to int, words ...string) bool {
	for i := max(from, 0); i < min(to, len(p.w)); i++ {
		for _, w := range words {
			if p.w[i].s == w {
				return true
			}
		}
	}
	return false
}

// complement says whether a courtesy tells of what: "let you know what he says", "keep you posted on".
func (p *clause) complement(v, end int) bool {
	return p.names(v, len(p.w), "what", "whether", "how", "who", "which", "if", "about", "when", "where", "as", "on", "that")
}
