package promise

import "strings"

// event reads due words at j that name a time by what happens then: "before I leave", "right after the call", "once the parts are
// in", "when Howard is back". What the reader does first is a condition, and what comes of itself to the writer ("when I have
// more details") is no time.
func (p *clause) event(j, end int) (dueWords, bool) {
	from, k := j, j
	if closely[p.at(j)] {
		k++
	}
	switch s := p.at(k); {
	case (s == "after" || s == "before" || s == "following" && k == j) && k > 0 && !lookingAfter[p.at(k-1)]:
		return p.around(from, k, end)
	case k > j:
		return dueWords{}, false
	case p.is(k, "prior to") || p.is(k, "ahead of"):
		return p.around(from, k+1, end)
	case (s == "over" || s == "by" || s == "until" || s == "during") && movingFeasts[p.at(k+1)]:
		return dueWords{start: p.w[from].start, end: p.w[k+1].end}, true
	case s == "over" && p.at(k+1) == "lunch":
		return dueWords{start: p.w[from].start, end: p.w[k+1].end}, true
	case (s == "by" || s == "until") && (p.at(k+1) == "the" || p.at(k+1) == "our" || p.at(k+1) == "your") && (limits[p.at(k+2)] || limits[p.at(k+3)] && !p.w[k+2].sign):
		n := k + 2
		if !limits[p.at(n)] {
			n++
		}
		if n < end {
			return dueWords{start: p.w[from].start, end: p.w[n].end}, true
		}
		return dueWords{}, false
	case (s == "on" || s == "at" || s == "by" || s == "during" || s == "until") && p.meetingAt(k+1) > k:
		return dueWords{start: p.w[from].start, end: p.w[p.meetingAt(k+1)].end}, true
	case p.is(k, "next time") || p.is(k, "the next time"):
		for k++; p.at(k-1) != "time"; k++ {
		}
		if !firstPersons[p.at(k)] && p.at(k) != "you" {
			return dueWords{}, false
		}
		return p.upTo(from, k, end)
	case p.is(k, "in time for"):
		return p.around(from, k+2, end)
	case (s == "on" || s == "upon") && (p.is(k+1, "my return") || p.is(k+1, "our return")):
		return dueWords{start: p.w[from].start, end: p.w[k+2].end}, true
	case p.is(k, "by the time"):
		k += 3
		if k+1 >= end {
			return dueWords{}, false
		}
		return p.upTo(from, k, end)
	case p.is(k, "as soon as"):
		k += 3
	case p.is(k, "the moment") || p.is(k, "the minute") || p.is(k, "the second"):
		k += 2
		if s := p.at(k); !firstPersons[s] && !otherPersons[s] && s != "the" && s != "it" && s != "my" && s != "our" {
			return dueWords{}, false
		}
	case s == "when" || s == "once":
		k++
	default:
		return dueWords{}, false
	}
	s := p.at(k)
	switch {
	case p.conditionAt(k - 1), p.at(k-1) == "as" && p.conditionAt(k-2):
		return dueWords{}, false
	case k >= end || p.w[k].sign || s == "you" || s == "your" || s == "to" || unready[s]:
		return dueWords{}, false
	case firstPersons[s] && (p.at(from) == "when" || p.at(from) == "once") && !p.comesBack(k+1, end):
		return dueWords{}, false
	}
	return p.upTo(from, k, end)
}

// around reads what follows "after" or "before".
func (p *clause) around(from, k, end int) (dueWords, bool) {
	after := p.at(k) == "after" || p.at(k) == "following"
	k++
	s := p.at(k)
	switch {
	case k >= end || p.w[k].sign:
		return dueWords{}, false
	case mealtimes[s] || movingFeasts[s]:
		return dueWords{start: p.w[from].start, end: p.w[k].end}, true
	case p.is(k, "new year") || p.is(k, "chinese new year") || p.is(k, "new year's"):
		for p.at(k+1) == "year" || p.at(k+1) == "new" || p.at(k+1) == "year's" {
			k++
		}
		return dueWords{start: p.w[from].start, end: p.w[k].end}, true
	case s == "the" || s == "my" || s == "our" || s == "your" || s == "this" || strings.HasSuffix(s, "'s"):
		if s == "your" && after && !p.names(k, end, "call", "meeting", "visit", "trip", "holiday", "holidays") {
			return dueWords{}, false
		}
		n := k + 1
		for n < end && n < k+9 && !p.w[n].sign && !conjunctions[p.at(n)] && !verbish[p.at(n)] && !pronouns[p.at(n)] && !(prepositions[p.at(n)] && !within[p.at(n)]) {
			n++
		}
		if n > k+1 && n < end && be(p.at(n)) { // before the year is out
			return p.upTo(from, k, end)
		}
		if n > k+1 && (n >= end || p.w[n].sign || p.at(n) == "and" || p.at(n) == "so") {
			return dueWords{start: p.w[from].start, end: p.w[n-1].end}, true
		}
	case firstPersons[s] || otherPersons[s] || !after && s == "you":
		if v := p.at(p.adverb(k + 1)); !giving[v] || after {
			return p.upTo(from, k, end)
		}
	case p.nounAt(k, end) > k:
		return dueWords{start: p.w[from].start, end: p.w[p.nounAt(k, end)-1].end}, true
	case s == "leaving" || s == "heading" || s == "closing" || s == "going" || after && strings.HasSuffix(s, "ing") && len(s) > 5:
		return p.upTo(from, k, end)
	}
	return dueWords{}, false
}

// nounAt reads a bare noun or two that name what happens, up to the end of the clause: "graduation", "the closing" without its article. It
// returns the word after them, or i.
func (p *clause) nounAt(i, end int) int {
	n := i
	for n < end && n < i+3 && !p.w[n].sign && !prepositions[p.at(n)] && !conjunctions[p.at(n)] && !verbish[p.at(n)] && !pronouns[p.at(n)] && !firstPersons[p.at(n)] && !otherPersons[p.at(n)] {
		s := p.at(n)
		if weekdayOrMonth(s) || plainWords[s] || adverbs[s] || strings.HasSuffix(s, "ing") || s[0] >= '0' && s[0] <= '9' || englishNumbers[s] > 0 {
			return i
		}
		n++
	}
	if n > i && (n >= end || p.w[n].sign || p.at(n) == "and" || p.at(n) == "so") {
		return n
	}
	return i
}

// plainWords begin no event, though they follow "after" and "before".
var plainWords = set("all each every that this these those next which what it some any much many more such careful further due tax taxes reading noon midday midnight tomorrow today tonight then long too yesterday pm am hand everything your review consideration discussion payment receipt approval confirmation")

// meetingAt reads "my next visit", "our next meeting": the place of its last word, or i-1 where there is none.
func (p *clause) meetingAt(i int) int {
	if s := p.at(i); s != "my" && s != "our" && s != "your" && s != "the" || p.at(i+1) != "next" && p.at(i+1) != "upcoming" {
		return i - 1
	}
	for j := i + 2; j < i+5; j++ {
		switch p.at(j) {
		case "visit", "meeting", "call", "trip", "session", "appointment", "stop", "lesson", "class", "delivery", "round":
			return j
		}
	}
	return i - 1
}

// comesBack says whether the words at i tell that the writer will be somewhere or done with something.
func (p *clause) comesBack(i, end int) bool {
	i = p.adverb(i)
	switch p.at(i) {
	case "am", "are":
		return i+1 < end
	case "return", "land", "arrive", "finish", "reach", "see", "meet", "visit", "come":
		return true
	case "get":
		return p.names(i+1, i+3, "back", "home", "in", "to", "there", "off", "a")
	case "have":
		switch v := p.at(p.adverb(i + 1)); v {
		case "a", "seen", "spoken", "been", "had", "heard", "done", "read", "gone", "met": // a minute; once I have spoken to him
			return true
		default:
			return strings.HasSuffix(v, "ed")
		}
	}
	return false
}

// upTo takes the words from one place to the end of the clause, a sign or a new thought.
func (p *clause) upTo(from, k, end int) (dueWords, bool) {
	n := k
	for n < end && !(p.w[n].sign && p.at(n) != "'" && p.at(n) != "-" && p.at(n) != "/") && !(n > k+1 && (p.at(n) == "so" || p.at(n) == "but" || p.at(n) == "and" && p.subjectAt(n+1))) {
		n++
	}
	if n-k < 2 {
		return dueWords{}, false
	}
	return dueWords{start: p.w[from].start, end: p.w[n-1].end}, true
}

// limits are nouns for a day that is set.
var limits = set("deadline launch closing hearing expiry kickoff kick-off date handover meeting")
var closely = set("right straight immediately directly shortly just soon")
var lookingAfter = set("look looks looking looked ask named take takes taking")
var unready = set("possible needed ready necessary more again a in convenient applicable appropriate required available feasible done")
var mealtimes = set("lunch work closing school dinner breakfast hours christmas xmas easter lunchtime noon sunset dark class bed dawn sunrise daybreak")

// within are prepositions that belong to the name of an event: the meeting with the bank.
var within = set("of with on in at for")
