package promise

import "strings"

// things reads promises in which no person acts: a thing that will be handed over, sent or mended, or that "will follow".
func (p *clause) things() []claim {
	var out []claim
	add := func(i, from int, weight float64, needs bool) {
		end := p.clauseEnd(i)
		start := p.clauseStart(from)
		d, ok := p.dueOf(start, i, end)
		if start == from || !ok {
			d, ok = p.dueOf(from, i, end)
		}
		hard := ok && !p.soft(d)
		if reported := p.at(from - 1); (reported == "me" || reported == "us" || reported == "them") && reporting[p.at(from-2)] || reporting[reported] && !firstPersons[p.at(from-2)] {
			return
		}
		if needs && !hard || p.question(cue{at: i, subject: from, verb: i + 1}) == asked || p.dependent(start) || p.dependent(from) || p.requested(0, from) || p.general(from, end) {
			return
		}
		cl := claim{kind: KindPromise, weight: weight, due: d}
		if hard {
			cl.weight += 0.4
		}
		if p.names(start, end, "you", "your") {
			cl.weight += 0.4
		}
		if p.conditionIn(0, len(p.w)) {
			cl.kind = KindConditional
		}
		out = append(out, cl)
	}
	for i := range p.w {
		if p.w[i].quoted || p.w[i].sign {
			continue
		}
		if cl, ok := p.arranged(i); ok {
			out = append(out, cl)
			continue
		}
		j := p.back(i - 1)
		switch s := p.at(i); {
		case s == "will" && p.at(i+1) != "not" || p.is(i, "is to") || p.is(i, "are to"):
			v := p.adverb(i + 1)
			if (p.is(v, "go out") || p.at(v) == "ship" || p.is(v, "leave our") || p.is(v, "leave the warehouse") || p.is(v, "head out")) && p.thingAt(j) {
				add(i, p.thingStart(j), 0.4, true)
				continue
			}
			if (p.at(v) == "appear" || p.at(v) == "show" || p.at(v) == "reach" || p.at(v) == "land" || p.is(v, "be back")) && p.names(0, i, "refund", "credit", "money", "amount", "payment") && p.thingAt(j) {
				add(i, p.thingStart(j), 0.3, true)
				continue
			}
			if p.at(v) == "follow" && p.thingAt(j) && p.closes(v+1) {
				add(i, p.thingStart(j), 0.5, false)
				continue
			}
			if !p.passive(i) {
				continue
			}
			from := p.thingStart(j)
			end := p.clauseEnd(i)
			d, dated := p.dueOf(p.clauseStart(i), i, end)
			switch {
			case dated && !p.soft(d):
				add(i, from, 0.3, true)
			case dated || p.names(p.clauseStart(i), end, "you", "your") || p.free(i, end):
				add(i, from, 0.2, false)
			}
		case (s == "goes" || s == "ships" || s == "leaves" || s == "go" || s == "ship" || s == "leave") && p.thingAt(j) && j == i-1 && (!p.opens(j) || strings.HasSuffix(s, "s")) && (strings.HasPrefix(s, "ship") || p.at(i+1) == "out" || p.at(i+1) == "off" || p.is(i+1, "back to you") || p.at(i+2) == "warehouse" || p.at(i+2) == "factory" || p.at(i+2) == "depot" || p.at(i+2) == "dock" || p.at(i+2) == "port" || p.at(i+2) == "plant" || p.at(i+2) == "facility"):
			add(i, p.thingStart(j), 0.2, true)
		case (s == "going" || s == "shipping" || s == "leaving") && be(p.at(j)) && p.thingAt(j-1) && (s == "shipping" || p.at(i+1) == "out" || s == "leaving"):
			add(i, p.thingStart(j-1), 0.2, true)
		case (p.is(i, "coming your way") || p.is(i, "heading your way") || p.is(i, "headed your way") || p.is(i, "on its way to you") || p.is(i, "on their way to you")) && (p.thingAt(i-1) || be(p.at(i-1))):
			// "Contract coming your way EOD"
			if be(p.at(i - 1)) {
				add(i, p.thingStart(i-2), 0.3, false)
			} else {
				add(i, p.thingStart(i-1), 0.3, false)
			}
		case s == "follows" && p.thingAt(i-1) && p.closes(i+1):
			add(i, p.thingStart(i-1), 0.3, true)
		case s == "will" && p.at(i+1) == "not" && p.spared(i, j):
			out = append(out, claim{kind: p.promiseUnlessIn(0, len(p.w)), weight: 0.9})
		case (be(s) || s == "gets" || s == "get") && p.thingAt(i-1) && p.paid(i) && !p.names(i, p.clauseEnd(i), "within") && !p.names(0, i, "please", "sure", "ensure", "must", "need", "want", "check", "hope", "until", "unless", "when", "if"):
			add(i, p.thingStart(i-1), 0.1, true) // "the invoice gets settled by the 5th"
		case p.is(i, "to follow") && p.thingAt(i-1) && i <= 6 && p.closes(i+2):
			add(i, p.thingStart(i-1), 0.3, false)
		case (s == "guarantee" || s == "promise" || s == "commit") && firstPersons[p.at(j)]:
			// "we guarantee delivery by Friday": the deed is a noun
			k := i + 1
			for p.at(k) == "to" || p.at(k) == "you" || p.at(k) == "a" || p.at(k) == "the" || p.at(k) == "your" || p.at(k) == "full" || p.at(k) == "free" {
				k++
			}
			if k == i+1 || p.at(i+1) != "to" || k > i+2 {
				if handedNouns[p.at(k)] {
					add(i, j, 0.9, false)
				}
			}
		}
	}
	return out
}

// free says whether something is done at the writer's cost.
func (p *clause) free(from, to int) bool {
	for j := from; j < to; j++ {
		if p.is(j, "free of charge") || p.is(j, "at no charge") || p.is(j, "at no cost") || p.is(j, "at no extra") || p.is(j, "at our expense") || p.is(j, "at our cost") || p.is(j, "for free") {
			return true
		}
	}
	return false
}

// spared says whether the negated "will" at i, with its subject at j, says that a burden on the reader will not be: "it won't happen
// again", "your data will not be passed on".
func (p *clause) spared(i, j int) bool {
	if p.question(cue{at: i, subject: j, verb: i + 2}) != plain || p.dependent(j) && p.at(j-1) != "that" {
		return false
	}
	v := p.adverb(i + 2)
	switch s := p.at(j); {
	case (p.at(v) == "happen" || p.at(v) == "occur" || p.at(v) == "recur") && (s == "it" || s == "this" || s == "that" || s == "mistake" || s == "error"):
		return p.names(v, p.clauseEnd(v), "again", "anymore") || p.at(v) == "recur"
	case p.at(v) == "be" && (p.names(0, i, "your") || s == "you"):
		b := participle(p.at(p.adverb(v + 1)))
		return confiding[b] || sparing[b] || b == "share" || b == "pass" || p.at(p.adverb(v+1)) == "charged" || p.at(p.adverb(v+1)) == "disclosed" || p.at(p.adverb(v+1)) == "sold"
	}
	return false
}

// paid says whether a passive in the present hands something over: "is being shipped", "gets settled", "goes out".
func (p *clause) paid(i int) bool {
	v := p.adverb(i + 1)
	if p.at(v) == "being" {
		v = p.adverb(v + 1)
	} else if be(p.at(i)) && !strings.HasSuffix(p.at(v), "ed") && p.at(v) != "sent" && p.at(v) != "paid" {
		return false
	}
	b := participle(p.at(v))
	return b != "" && b != "confirm" && b != "book" && b != "close" && (giving[b] || fulfils[b])
}

// handedNouns are deeds that are promised as nouns.
var handedNouns = set("delivery shipment shipping dispatch refund replacement response reply answer repair installation completion payment exchange discount reimbursement compensation collection update")

// thingAt says whether the word at j can end a subject that is a thing: no pronoun, no verb, no sign.
func (p *clause) thingAt(j int) bool {
	if j < 0 || p.w[j].sign {
		return false
	}
	s := p.at(j)
	return !firstPersons[s] && !otherPersons[s] && s != "you" && !verbish[s] && !prepositions[s] && !conjunctions[s] && !pronouns[s] && s != "to" && s != "there"
}

// thingStart is the first word of the noun phrase that ends at j.
func (p *clause) thingStart(j int) int {
	_, from := p.nounPhrase(max(j, 0))
	return max(from, 0)
}

// closes says whether nothing but a time comes from i on.
func (p *clause) closes(i int) bool {
	if i >= len(p.w) || p.w[i].sign {
		return true
	}
	switch p.at(i) {
	case "by", "on", "in", "within", "before", "next", "tomorrow", "today", "tonight", "later", "shortly", "soon", "asap", "this", "as", "under", "separately", "and":
		return true
	}
	return weekdayOrMonth(p.at(i))
}

// participle brings "shipped", "issued", "sent" back to the verb in the lists.
func participle(s string) string {
	if b, ok := irregular[s]; ok {
		return b
	}
	stem, ok := strings.CutSuffix(s, "ed")
	if !ok || len(stem) < 2 {
		return ""
	}
	for _, c := range []string{stem, stem + "e", strings.TrimSuffix(stem, "i") + "y"} {
		if giving[c] || deeds[c] {
			return c
		}
	}
	if n := len(stem); n > 2 && stem[n-1] == stem[n-2] {
		return stem[:n-1]
	}
	return ""
}

var irregular = map[string]string{"sent": "send", "paid": "pay", "done": "do", "resent": "resend", "given": "give", "dealt": "deal", "taken": "take", "put": "put", "set": "set", "made": "make",
	"brought": "bring", "written": "write", "built": "build", "sold": "sell"}

// fulfils are deeds beside giving whose passive is a promise rather than a notice: "will be issued", not "will be closed".
var fulfils = set("issue process fix correct resolve prepare arrange complete finish approve handle install extend waive settle pay deduct deposit sort solve finalize finalise book activate transfer collect restore build deal cover circulate distribute release reverse")
