package promise

import "strings"

// actor is who a clause says will act.
type actor int

const (
	actorNone   actor = iota
	actorFirst        // I, we, our team, or nobody said where the writer is meant
	actorSecond       // you
	actorThird        // somebody by name or pronoun, or a person of ours
	actorThing        // anything else
)

// clause reads one English sentence.
type clause struct {
	*context
	text string
	w    []word
	// otherwise says that the sentence hangs on the one before it.
	follows bool
}

// cue is a place where somebody is said to be going to do something.
type cue struct {
	at       int // the word that carries the modality
	subject  int // first word of the subject, or at
	actor    actor
	verb     int // first word of what comes after it
	weight   float64
	offer    bool // done if wanted: could, would be happy to
	present  bool // "I'm sending", which needs a time
	simple   bool // "we deliver"
	expected bool // "we should have", which needs a time
	assured  bool // "I promise", "you have my word"
}

func (c *context) englishClaims(text string, follows bool) []claim {
	p := &clause{context: c, text: text, w: lexWords(text), follows: follows}
	var out []claim
	for i := range p.w {
		if p.w[i].sign || p.w[i].quoted {
			continue
		}
		if q, ok := p.cueAt(i); ok {
			if cl, ok := p.weigh(q); ok {
				out = append(out, cl)
			}
		}
	}
	return append(out, p.receive()...)
}

func (p *clause) at(i int) string {
	if i >= 0 && i < len(p.w) {
		return p.w[i].s
	}
	return ""
}

// is says whether these words stand at i.
func (p *clause) is(i int, words string) bool {
	if !strings.HasPrefix(words, p.at(i)) { // most stop at their first word
		return false
	}
	for w := range strings.FieldsSeq(words) {
		if p.at(i) != w {
			return false
		}
		i++
	}
	return true
}

// adverb steps over adverbs, and over what stands between commas: "I will, of course, send".
func (p *clause) adverb(i int) int {
	for i < len(p.w) {
		switch {
		case adverbs[p.at(i)] && p.at(i) != "not" && p.at(i) != "never":
			i++
		case p.at(i) == "," && adverbs[p.at(i+1)]:
			i++
		case p.at(i) == "," && i > 0 && adverbs[p.at(i-1)]:
			i++
		default:
			return i
		}
	}
	return i
}

// cueAt reads the modality at word i, with its subject to the left.
func (p *clause) cueAt(i int) (cue, bool) {
	q := cue{at: i, subject: i, verb: i + 1, weight: 1.7}
	switch s := p.at(i); s {
	case "will", "shall":
		if s == "shall" && firstPersons[p.at(i+1)] || s == "will" && (p.at(i+1) == "you" || firstPersons[p.at(i+1)] || otherPersons[p.at(i+1)]) {
			return q, false
		}
	case "going":
		b := p.back(i - 1)
		if p.at(i+1) == "to" && p.opens(i) && p.at(i+2) != "the" { // "gonna send you", said of oneself
			q.actor, q.verb, q.weight = actorFirst, i+2, 1.1
			return q, true
		}
		if p.names(b, i, "not", "never") && !(p.at(i+1) == "to" && p.refrains(i+2, p.clauseEnd(i+2))) || outings[p.at(i+2)] {
			return q, false
		}
		if p.at(i+1) != "to" || !be(p.at(b)) || p.w[min(i+2, len(p.w)-1)].capital {
			return q, false
		}
		q.at, q.subject, q.verb, q.weight = b, b, i+2, 1.4
	case "am", "are", "is":
		j := p.adverb(i + 1)
		if p.at(j) == "not" {
			return q, false
		}
		if p.at(j) == "about" && p.at(j+1) == "to" {
			q.verb, q.weight = j+2, 0.9
			break
		}
		if p.at(j) == "on" && p.at(j+1) == "it" && s == "am" {
			q.verb, q.weight, q.assured = j, 0.9, true
			break
		}
		if p.at(j) == "to" && s == "is" && aims[p.at(i-1)] && (p.at(i-2) == "my" || p.at(i-2) == "our") { // "my plan is to"
			q.at, q.subject, q.actor, q.verb, q.weight = i, i-2, actorFirst, j+1, 0.4
			return q, !p.dependent(i - 2)
		}
		if strings.HasSuffix(p.at(j), "ing") && p.at(j) != "going" {
			q.verb, q.weight, q.present = j, 0.6, true
			if p.at(j) == "planning" && p.at(j+1) == "to" {
				q.verb, q.weight, q.present = j+2, -0.3, false
			}
			break
		}
		if (p.at(j) == "committed" || p.at(j) == "bound") && p.at(j+1) == "to" && s != "is" {
			q.verb, q.weight, q.assured = j+2, 1, true
			break
		}
		if k := p.glad(j); k > j && s != "is" && !announcing[p.at(k)] {
			q.verb, q.weight, q.offer = k, 0.8, true
			break
		}
		return q, false
	case "can", "could":
		if n := p.at(p.back(i - 1)); p.at(i+1) == "have" && (p.at(i+2) == "been" || strings.HasSuffix(p.at(i+2), "ed")) || n == "and" || n == "," || n == "or" || n == "but" || p.names(i-5, i, "not") {
			return q, false
		}
		q.offer, q.weight = true, 0.4
		if s == "could" {
			q.weight = 0
		}
	case "would":
		if b := p.back(i - 1); b > 1 && otherPersons[p.at(b)] && (p.at(b-1) == "said" || p.at(b-1) == "promised" || p.at(b-1) == "me" && (p.at(b-2) == "told" || p.at(b-2) == "promised")) { // Ben said he'd drop off the keys
			q.subject, q.actor, q.weight = b, actorThird, 1.2
			return q, !p.names(i, p.clauseEnd(i), "have")
		}
		if j := p.adverb(i + 1); p.at(j) == "love" && p.at(j+1) == "to" && (giving[p.at(j+2)] || deeds[p.at(j+2)]) && !joint[p.at(j+2)] && p.names(j+2, p.clauseEnd(j+2), "you") && p.conditionIn(0, len(p.w)) { // I'd love to show you around if
			q.verb, q.weight, q.offer = j+2, 0.8, true
			break
		}
		k := p.glad(p.adverb(i + 1))
		if p.at(p.adverb(i+1)) != "be" || k <= p.adverb(i+1) {
			return q, false
		}
		q.verb, q.weight, q.offer = k, 1.2, true
	case "happy", "glad", "pleased":
		if !p.opens(i) || p.at(i+1) != "to" || announcing[p.at(i+2)] {
			return q, false
		}
		q.verb, q.weight, q.offer = i+2, 0.8, true
	case "let":
		if p.at(i+1) != "me" && !(p.at(i+1) == "us" && p.w[i+1].start > p.w[i].start && p.opens(i)) || !p.opens(i) && !p.addressed(i) {
			return q, false
		}
		if p.at(i+1) == "us" || p.at(i+2) == "know" {
			return q, false
		}
		q.actor, q.verb, q.weight = actorFirst, p.adverb(i+2), 0.9
		if talking[p.at(q.verb)] || p.at(q.verb) == "ask" && (pronouns[p.at(q.verb+1)] || p.at(q.verb+1) == "this" || p.at(q.verb+1) == "something") {
			return q, false
		}
		return q, !p.dependent(i)
	case "should":
		if (firstPersons[p.at(p.back(i-1))] || p.opens(i) && p.asking(cue{at: i, subject: i, verb: i + 1}) == plain) && (p.at(p.adverb(i+1)) == "have" || p.at(p.adverb(i+1)) == "get") && (p.names(i, p.clauseEnd(i), "to", "with", "for") && p.names(i, p.clauseEnd(i), "you", "your") || p.names(i+2, p.clauseEnd(i), "done", "ready", "finished", "completed", "fixed") && firstPersons[p.at(p.back(i-1))]) && !(p.at(p.adverb(i+1)) == "have" && participle(p.at(i+2)) != "") {
			q.verb, q.weight, q.expected = p.adverb(i+1), 0.2, true // "we should have it back to you next week"
			if !firstPersons[p.at(p.back(i-1))] {
				q.actor = actorFirst
				return q, !strings.Contains(p.text, "?")
			}
			break
		}
		if !p.is(i+1, "be able to") || p.condition(cue{at: i, subject: i, verb: i + 4}, len(p.w)) {
			return q, false
		}
		q.verb, q.weight = i+4, 0.8
	case "gladly", "happily":
		if p.at(i-1) != "would" && p.at(i-1) != "could" || !firstPersons[p.at(i-2)] {
			return q, false
		}
		q.at, q.verb, q.weight, q.offer = i-1, i+1, 1, true
	case "promise", "guarantee", "undertake", "commit", "vow", "swear":
		b := p.back(i - 1)
		to := i + 1
		if p.at(to) == "not" {
			to++
		}
		if !firstPersons[p.at(b)] || p.at(to) != "to" {
			return q, false
		}
		q.at, q.subject, q.verb, q.weight, q.assured = i, i, to+1, 2.2, true
	case "plan", "intend", "aim", "target":
		switch n := p.at(i + 1); {
		case n == "to" || n == "on" || n == "at":
			q.verb = i + 2
		case strings.HasSuffix(n, "ing"):
			q.verb = i + 1
		default:
			return q, false
		}
		q.weight = -0.3
	default:
		if q, ok := p.simple(i); ok {
			return q, true
		}
		// "Sending the invoice tomorrow", said of oneself
		if b := base(s); b == s || !giving[b] && !(deeds[b] && p.names(i, p.clauseEnd(i), "you", "your") && b != "look" && b != "offer" && b != "make") || !p.opens(i) || i > 3 || p.at(i+1) == "is" || p.at(i+1) == "takes" || p.at(i+1) == "costs" {
			return q, false
		}
		q.actor, q.verb, q.weight, q.present = actorFirst, i, 0.4, true
		return q, true
	}
	p.findSubject(&q)
	if q.actor == actorNone {
		return q, false
	}
	return q, !p.dependent(q.subject)
}

func be(s string) bool { return s == "am" || s == "are" || s == "is" }

// back steps left over adverbs.
func (p *clause) back(i int) int {
	for i > 0 && (adverbs[p.at(i)] || p.at(i) == "," && i > 1 && adverbs[p.at(i-1)]) {
		i--
	}
	return i
}

// glad reads [be] [more than] happy to and returns the verb's place, or i.
func (p *clause) glad(i int) int {
	j := i
	if p.at(j) == "be" {
		j++
	}
	for p.at(j) == "more" || p.at(j) == "than" || p.at(j) == "very" || p.at(j) == "most" || p.at(j) == "only" || p.at(j) == "too" || p.at(j) == "so" || adverbs[p.at(j)] && p.at(j) != "not" {
		j++
	}
	switch p.at(j) {
	case "happy", "glad", "pleased", "delighted", "willing", "honored", "honoured", "prepared":
		if p.at(j+1) == "to" {
			return j + 2
		}
	}
	return i
}

// opens says whether a clause begins at i.
func (p *clause) opens(i int) bool {
	j := i - 1
	for j >= 0 && (adverbs[p.at(j)] || openers[p.at(j)]) {
		j--
	}
	return j < 0 || p.w[j].sign && p.at(j) != "'" && p.at(j) != "’"
}

func (p *clause) addressed(i int) bool {
	return p.at(i-1) == "and" || p.at(i-1) == "but" || p.at(i-1) == "so"
}

// findSubject names the actor of a cue from the words to its left.
func (p *clause) findSubject(q *cue) {
	i := p.back(q.at - 1)
	for i > 0 && !p.w[q.at].inside && (p.w[i].inside || p.at(i) == ")") { // We (the kids and I) will
		i--
	}
	s := p.at(i)
	q.subject = max(i, 0)
	if i >= 0 && hasHan(s) { // 李经理 will call you
		q.actor, q.subject = p.hanSubject(i), q.at
		return
	}
	switch {
	case firstPersons[s]:
		q.actor = actorFirst
		// "Jana and I", "you and I"
		if p.at(i-1) == "and" && p.at(i-2) == "you" {
			q.actor = actorThing
		}
	case s == "you":
		q.actor = actorSecond
	case otherPersons[s]:
		q.actor = actorThird
	case s == "it" || s == "there" || s == "nothing" || s == "nobody" || s == "none" || i > 0 && p.at(i-1) == "no":
		q.actor = actorThing
	case s == "us" && p.at(i-1) == "of":
		q.actor, q.subject = actorFirst, i-2
	case i < 0 || s == "and" || s == "but" || s == "or" || p.w[i].sign || openers[s] && s != "so" && p.opens(q.at):
		q.subject = q.at
		q.actor = p.inherited(i, q.at)
	default:
		q.actor, q.subject = p.nounPhrase(i)
	}
}

// inherited is the actor of a predicate that names none: that of the clause before, or the writer where a sentence begins.
func (p *clause) inherited(i, at int) actor {
	if at == 0 || i >= 0 && p.opens(at) && p.at(i) != "and" && p.at(i) != "but" && p.at(i) != "or" && p.at(i) != "," {
		next := p.adverb(at + 1)
		if n := p.at(next); n == "the" || n == "this" || n == "that" || n == "it" || n == "there" || n == "your" || n == "my" || next < len(p.w) && p.w[next].capital {
			return actorNone // "Will the parcel ..."
		}
		if p.at(at) == "will" || p.at(at) == "shall" || p.at(at) == "going" || p.at(at) == "happy" || p.at(at) == "glad" || p.at(at) == "would" || p.at(at) == "am" {
			return actorFirst
		}
		return actorNone
	}
	for j := i - 1; j >= 0; j-- {
		switch s := p.at(j); {
		case firstPersons[s]:
			return actorFirst
		case s == "you" && (j == 0 || p.w[j-1].sign || p.at(j-1) == "and" || p.at(j-1) == "if"):
			return actorSecond
		case otherPersons[s]:
			return actorThird
		case (be(s) || s == "was" || s == "has" || s == "will") && j > 0 && p.w[j-1].capital && !firstPersons[p.at(j-1)]:
			return actorThird
		}
	}
	if p.at(i) == "," || p.at(i) == "and" || p.at(i) == "but" {
		if (p.at(at) == "will" || p.at(at) == "happy" || p.at(at) == "glad") && !p.names(0, i, "will", "is", "are", "was", "were", "has", "have", "can", "does") {
			return actorFirst
		}
	}
	return actorNone
}

// nounPhrase judges a subject that is no pronoun and ends at i.
func (p *clause) nounPhrase(i int) (actor, int) {
	j := i
	for j > 0 && i-j < 5 && !p.w[j-1].sign && p.at(j) != "our" && p.at(j) != "my" && p.at(j) != "your" && p.at(j) != "the" && p.at(j) != "a" {
		if s := p.at(j - 1); prepositions[s] || pronouns[s] || conjunctions[s] || firstPersons[s] || verbish[s] {
			break
		}
		j--
	}
	head := p.at(i)
	own := p.at(j) == "our" || p.at(j) == "my"
	// "our team in Lyon": its head stands before the preposition
	if s := p.at(j - 1); s == "from" && j >= 2 && p.w[j-2].capital && !own && p.at(j) != "the" && p.at(j-2) != "someone" && p.at(j-2) != "somebody" && !weekdayOrMonth(p.at(j-2)) { // Sandra from legal
		return actorThird, j - 2
	}
	if s := p.at(j - 1); (s == "in" || s == "at" || s == "from") && j >= 3 && !own && !p.w[j-2].sign {
		if a, from := p.nounPhrase(j - 2); a == actorFirst || a == actorThird {
			return a, from
		}
	}
	if own && j >= 2 && p.at(j-1) == "of" && (ownRoles[strings.TrimSuffix(head, "s")] || ownParts[head]) && (p.at(j-2) == "one" || p.at(j-2) == "some" || p.at(j-2) == "member" || p.at(j-2) == "both" || p.at(j-2) == "two") {
		return actorFirst, j - 2
	}
	switch {
	case own && ownParts[head] || ownParts[head] && head != "side" && head != "people" && head != "group" && head != "firm" && head != "company" && (j == 0 || p.w[j-1].sign || p.at(j) == "the" || p.at(j-1) == "from") && p.at(j) != "your" && i-j <= 2 && !(p.w[j].capital && j > 0) || p.at(j) == "our" && ownRoles[head] && !p.w[i].capital:
		return actorFirst, j
	case (own || p.at(j) == "the" || p.at(j) == "a" || p.at(j) == "your") && relations[head]:
		return actorThird, j
	case p.at(i) == "someone" || p.at(i) == "somebody":
		return actorThird, i
	case own && p.w[i].capital && p.related(j, i): // my colleague Peter
		return actorThird, j
	case p.w[i].capital && !weekdayOrMonth(head) && i >= j:
		// A name: capitals, not at the head of a thing ("The Invoice"), and people or firms rather than pages of an offer.
		if p.at(j) == "the" || p.at(j) == "this" || p.at(j) == "your" || p.at(j) == "our" {
			return actorThing, j
		}
		return actorThird, j
	}
	return actorThing, j
}

// hanSubject is who a Chinese subject that ends at i is, before an English verb.
func (p *clause) hanSubject(i int) actor {
	from := i
	for from > 0 && hasHan(p.at(from-1)) {
		from--
	}
	s := strings.Map(func(r rune) rune {
		if t, ok := hanSimple[r]; ok {
			return t
		}
		return r
	}, p.text[p.w[from].start:p.w[i].end])
	act, _ := hanActor(s)
	if act == actorNone {
		return actorFirst // 周五 will send
	}
	return act
}

// related says whether one of the words from j to i is a person of ours.
func (p *clause) related(j, i int) bool {
	for ; j <= i; j++ {
		if relations[p.at(j)] {
			return true
		}
	}
	return false
}

func weekdayOrMonth(s string) bool {
	_, w := englishWeekdays[s]
	_, m := englishMonths[s]
	return w || m
}

// outings are where one goes, rather than what one is going to do.
var outings = set("lunch dinner bed work church school town court college university")

// aims are nouns for what one means to do.
var aims = set("plan aim goal intention idea")

var prepositions = set("of in on at by for with from to about into over after before under until per via re")
var conjunctions = set("and or but that which who if when because so than as while since whether though although unless where how what why")
var verbish = set("is are was were am has have had do does did said says say told think thinks believe hope know see will would can could may might must should")

// announcing is what "happy to" introduces when it is being done already.
var announcing = set("invite inform announce introduce offer present report say see hear finally know learn have be welcome note find receive confirm read")

// talking is what "let me" introduces when something is said rather than done.
var talking = set("tell say be introduce start begin remind assure stress guess think know just explain first add point clarify guess")

var openers = set("ok okay sure yes so well and but thanks please sorry")
