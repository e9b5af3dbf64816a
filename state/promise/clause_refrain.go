package promise

// refrains says whether not doing what stands at i is a favour that can be owed: "we won't charge you", "I won't share these
// figures". What one merely does not do ("I won't come") is news.
func (p *clause) refrains(i, end int) bool {
	switch s := p.at(i); {
	case s == "be" && p.at(i+1) == "charging" || s == "be" && p.at(i+1) == "sharing":
		return true
	case s == "forget":
		return p.at(i+1) == "to"
	case sparing[s]:
		return true
	case confiding[s] && p.names(i+1, end, "third", "outside", "anyone", "anybody", "competitors"):
		return true
	case confiding[s] && !beginning[s]:
		return p.names(i+1, end, "anyone", "anybody", "outside", "your", "these", "this", "it", "details", "third", "else")
	case disturbing[s]:
		return p.names(i+1, end, "again", "anymore", "further", "any")
	case beginning[s]: // not before something has happened
		return p.names(i+1, len(p.w), "until", "till", "before", "without", "unless")
	}
	return false
}

// sparing are burdens that the reader is spared.
var sparing = set("charge bill invoice disclose leak reveal bother disturb spam increase raise")

// confiding are ways of letting others know.
var confiding = set("share tell publish pass show forward sell discuss mention use release distribute give pass-on circulate transfer")

// disturbing are ways of coming back to somebody who does not want it.
var disturbing = set("contact call email write message happen repeat make let")
var beginning = set("ship start begin release proceed order cut print send touch sign charge publish cancel change move")
