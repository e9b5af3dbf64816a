package promise

import "strings"

// simple reads a promise in the simple present: "we deliver the first pallets by mid-December", "I call you tomorrow". It needs a
// time that is no rule ("within 3 days", "on Fridays"), or something that it answers: "order before two and we ship same day".
func (p *clause) simple(i int) (cue, bool) {
	q := cue{at: i, subject: i, verb: i, weight: 0.4, present: true, simple: true}
	s := p.at(i)
	if b := strings.TrimSuffix(s, "s"); b != s && (giving[b] || deeds[b]) && !firstPersons[p.at(p.back(i-1))] {
		s = b
	}
	starts := (s == "start" || s == "begin" || s == "come" || s == "starts" || s == "begins" || s == "comes") && p.names(i+1, p.clauseEnd(i), "you", "your")
	if unchanging[s] || !(giving[s] || deeds[s] || starts) || states[s] && !starts {
		return q, false
	}
	j := p.back(i - 1)
	if j < 0 || !firstPersons[p.at(j)] {
		// "Our fitters begin work on your kitchen": they are the writer's side
		if j < 1 || p.w[j].sign {
			return q, false
		}
		act, from := p.nounPhrase(j)
		if act != actorFirst || p.at(from) != "our" {
			return q, false
		}
		q.subject, q.actor = from, actorFirst
		return q, !p.dependent(from)
	}
	for k := j + 1; k < i; k++ { // "I already send", "I never pay"
		if a := p.at(k); a == "already" || a == "not" || a == "never" || a == "ever" {
			return q, false
		}
	}
	q.subject, q.actor = j, actorFirst
	return q, !p.dependent(j)
}

// unchanging are verbs whose past looks like their present, and what one says of oneself in it.
var unchanging = set("put set cut read let cost quit hit shut bid spread need want mention look see think expect plan ask talk speak work understand meet " +
	"check wait hold keep live confirm attach advise note refer suggest recommend write call-for apply accept agree hope wish run")

// holds says whether a simple present speaks of one deed to come rather than of how things are done.
func (p *clause) holds(q cue, v, end int, kind verbKind, due dueWords, dated, cond, you bool) bool {
	if kind != verbGive && kind != verbDeed {
		return false
	}
	if cond {
		return kind == verbGive || you
	}
	if !dated || p.soft(due) || p.text[due.end-1] == 's' && !strings.HasSuffix(p.text[due.start:due.end], "days") && strings.Contains(p.text[due.start:due.end], "day") {
		return false
	}
	low := strings.ToLower(p.text[due.start:due.end])
	return !startsAny(low, "within", "in ") || strings.HasPrefix(low, "in ") && kind == verbGive && !strings.Contains(low, "day") && !strings.Contains(low, "hour")
}

// handed are deeds of which the progressive says that they are as good as done for the reader: "I'm adding two filters to your
// parcel". Of "I'm sending you" that is true of the mail itself.
var handed = set("add credit refund reimburse replace reship ship dispatch resend waive extend include book reserve issue return upgrade deduct compensate exchange order")

// underway says whether a progressive without a time is a promise.
func (p *clause) underway(q cue, v, end int, you bool) bool {
	if q.simple || q.actor != actorFirst {
		return false
	}
	b := base(p.at(v))
	if (b == "send" || b == "dispatch") && p.names(v+1, v+4, "courier", "driver", "technician", "replacement", "engineer", "someone", "somebody", "plumber", "new", "colleague", "assistant", "replacements", "man", "guy") {
		return true
	}
	return handed[b] && you
}

// arranged reads what follows from an arrangement: "we've scheduled a technician for Tuesday".
func (p *clause) arranged(i int) (claim, bool) {
	if b := participle(p.at(i)); !arranging[b] && !(p.at(i) == "lined" && p.at(i+1) == "up") && p.at(i) != "pencilled" && p.at(i) != "penciled" && !(p.at(i) == "put" && p.at(i+2) == "down") {
		return claim{}, false
	}
	h := p.back(i - 1)
	if p.at(h) != "have" || !firstPersons[p.at(p.back(h-1))] || p.dependent(p.back(h-1)) {
		return claim{}, false
	}
	end := p.clauseEnd(i)
	if p.at(i+1) == "to" && !p.names(i, end, "you", "your") { // "we have arranged to go"
		return claim{}, false
	}
	if p.names(i, end, "holiday", "vacation", "flight", "flights", "hotel", "leave") && !p.names(i, end, "you", "your") || p.question(cue{at: i, subject: h, verb: i}) == asked {
		return claim{}, false
	}
	d, ok := p.dueOf(h, i, end)
	if !ok {
		d, ok = p.dueIn(p.text, p.w[i].end, p.endAt(end), func(int, int) bool { return false })
	}
	if !ok || p.soft(d) {
		return claim{}, false
	}
	return claim{kind: p.promiseUnlessIn(0, len(p.w)), weight: 0.8, due: d}, true
}

var arranging = set("schedule book arrange organise organize reserve plan set slot")

// endAt is the byte at which the words before end stop.
func (p *clause) endAt(end int) int {
	if end < len(p.w) {
		return p.w[end].start
	}
	return len(p.text)
}
