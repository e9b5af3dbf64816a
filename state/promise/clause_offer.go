package promise

// threat says whether what follows a verb hurts the reader, or takes the business elsewhere.
func (p *clause) threat(v, end int) bool {
	for j := v; j < end; j++ {
		switch p.at(j) {
		case "elsewhere", "sue", "lawyer", "lawyers", "solicitor", "ombudsman", "police", "competitor", "chargeback":
			return true
		case "else":
			return p.at(j+1) != "to" && p.at(j+1) != "who" && (p.at(j-1) == "somewhere" || p.at(j-1) == "someone" || p.at(j-1) == "somebody")
		case "complaint", "complaints", "dispute":
			return p.names(v, j, "file", "lodge", "make", "submit", "raise") && !p.names(v, end, "your")
		case "court", "action", "steps":
			return p.names(v, j, "to", "legal")
		case "review", "rating", "feedback":
			return p.names(v, j, "bad", "negative", "poor", "terrible", "nasty", "one-star")
		}
	}
	return false
}

// joint are deeds of which "we" is most often the writer together with the reader.
var joint = set("split share discuss talk meet speak do see cover start go")

// visiting are words after which "come" is a visit: come on Friday, come round, come and see.
var visiting = set("on at tomorrow today tonight round around along and with by over")
var fixing = set("drop deliver deposit correct fix bring send contact call mention follow handle straighten pick collect install")

// offered says whether "can" or "would be happy to" offers the reader a deed, rather than telling what is possible.
func (p *clause) offered(q cue, v int, kind verbKind, you, cond bool) bool {
	s := p.at(v)
	if p.at(q.subject-1) == "so" { // so I can follow up
		return false
	}
	glad := p.at(q.at) != "can" && p.at(q.at) != "could"
	if (s == "discuss" || s == "talk" || s == "meet") && (glad || you) {
		return glad || s == "meet"
	}
	if s == "help" || s == "discuss" || s == "talk" || s == "meet" || s == "confirm" || s == "assure" || s == "ask" || s == "join" && p.at(q.at) == "can" {
		return p.at(q.at) != "can" && p.at(q.at) != "could" && cond
	}
	if p.at(q.at) != "can" && p.at(q.at) != "could" { // would be happy to
		return true
	}
	if p.at(q.subject) == "we" {
		return cond && (kind == verbGive || kind == verbDeed && !joint[s] && s != "try" && p.names(0, len(p.w), "you", "your")) && (p.condition(cue{at: q.at, subject: q.subject, verb: q.verb, actor: q.actor}, p.clauseEnd(v))) && !p.names(v, len(p.w), "quotes")
	}
	return kind == verbGive || cond && p.opens(q.subject) && s != "do" && (kind == verbDeed || kind == verbOther && s == "stop") || you && (kind == verbDeed || kind == verbOther) || p.names(v, len(p.w), "accommodate")
}
