package promise

// receive reads promises that are told from the reader's side: "you will have the offer by Friday", "you have my word".
func (p *clause) receive() []claim {
	var out []claim
	for i := range p.w {
		if p.w[i].quoted || p.w[i].sign {
			continue
		}
		switch {
		case (p.is(i, "you have my word") || p.is(i, "you have our word") || p.is(i, "consider it") && (p.at(i+2) == "done" || participle(p.at(i+2)) != "" || p.at(i+2) == "handled") || p.is(i, "count on me") || p.is(i, "leave it to me") || p.is(i, "leave it with me") || (p.is(i, "rely on us to") || p.is(i, "rely on me to") || p.is(i, "count on us to") || p.is(i, "depend on us to"))) &&
			(p.opens(i) || p.at(i-1) == "can") && p.question(cue{at: i, subject: i, verb: i}) == plain:
			d, _ := p.dueOf(i, i, p.clauseEnd(i))
			out = append(out, claim{kind: KindPromise, weight: 1.6, due: d})
		case p.at(i) == "consider" && p.opens(i) && p.considered(i) && p.question(cue{at: i, subject: i, verb: i}) == plain:
			d, _ := p.dueOf(i, i, p.clauseEnd(i))
			out = append(out, claim{kind: p.promiseUnlessIn(0, len(p.w)), weight: 1.1, due: d})
		case p.at(i) == "expect" && p.opens(i) && p.names(i, p.clauseEnd(i), "me", "us") && p.names(i, p.clauseEnd(i), "from"):
			d, _ := p.dueOf(i, i, p.clauseEnd(i))
			out = append(out, claim{kind: KindPromise, weight: 1.4, due: d})
		case p.at(i) == "expect" && p.opens(i) && (p.at(i+1) == "to" || expected[p.at(i+1)]) && p.question(cue{at: i, subject: i, verb: i}) == plain:
			// "Expect the revised quote tomorrow."
			if d, ok := p.dueOf(i, i, p.clauseEnd(i)); ok && !p.soft(d) && (expected[p.at(i+1)] || gets[p.at(i+2)]) {
				out = append(out, claim{kind: p.promiseUnlessIn(0, len(p.w)), weight: 1.2, due: d})
			}
		case p.at(i) == "you" && (p.is(i+1, "are going to") || p.at(i+1) == "will" || p.at(i+1) == "shall" || p.is(i, "you can expect") || p.at(i+1) == "should" && p.names(i, p.clauseEnd(i), "from")) && (!p.names(p.clauseStart(i)-1, i, "so", "until", "before") || p.opensWithTime(i)) && !(p.at(i-1) != "," && p.names(0, i, "if", "when", "once", "after", "unless")) && !p.dependent(i):
			v := p.adverb(i + 2)
			switch p.at(i + 1) {
			case "can":
				v = i + 2
			case "are":
				v = p.adverb(i + 4)
			}
			if p.at(v) == "be" && gets[base(p.at(p.adverb(v+1)))] { // you will be hearing from me
				v = p.adverb(v + 1)
			}
			if !gets[base(p.at(v))] || p.is(v, "have to") || p.is(v, "get to") {
				continue
			}
			end := p.clauseEnd(v)
			d, ok := p.dueOf(i, v, end)
			from := p.names(v, end, "me", "us") && p.names(v, end, "from")
			back := p.conditionIn(0, i) && p.names(v, end, "refund", "replacement", "discount", "money", "credit", "compensation", "voucher") // "should it not fit, you'll get your money back"
			if !ok && !from && !back || p.question(cue{at: i, subject: i, verb: v}) == asked {
				continue
			}
			w := 0.6
			if ok && !p.soft(d) {
				w += 0.8
			}
			if from {
				w += 0.5
			}
			out = append(out, claim{kind: p.promiseUnlessIn(0, len(p.w)), weight: w, due: d})
		}
	}
	return append(out, p.things()...)
}

// considered reads "consider the invoice paid", "consider that sorted": a thing, and what will have been done to it.
func (p *clause) considered(i int) bool {
	if !expected[p.at(i+1)] || p.at(i+1) == "a" || p.at(i+1) == "an" {
		return false
	}
	for j := i + 2; j < i+6; j++ {
		if b := participle(p.at(j)); b != "" && p.closes(j+1) {
			return true
		}
	}
	return false
}

// opensWithTime says that nothing but a time stands before i: "Until next Monday you will receive".
func (p *clause) opensWithTime(i int) bool {
	d, ok := p.dueIn(p.text, 0, p.w[i].start, func(int, int) bool { return false })
	return ok && d.start == 0 && d.end >= p.w[i-1].end
}

// gets are verbs by which something comes to the reader.
var gets = set("have get receive hear expect see")

// expected begin what the reader may expect: a thing that both know of, not "delays".
var expected = set("the a an your our my it them this that another")

// toldTo says whether the sentence begins by telling the reader to do what the rest hangs on: "return it unopened and you'll get".
func (p *clause) toldTo() bool {
	if s := p.at(0); !asking[s] && !giving[s] || s == "please" || s == "let" || !(expected[p.at(1)] || pronouns[p.at(1)] || expected[p.at(2)]) || p.at(1) == "to" {
		return false
	}
	for j := 2; j < len(p.w); j++ {
		if (p.at(j) == "and" || p.at(j) == ",") && (p.at(j+1) == "you" || p.at(j+1) == "and" && p.at(j+2) == "you") {
			return true
		}
	}
	return false
}

// promiseUnlessIn is a promise, or a conditional one where a condition begins in [from, to).
func (p *clause) promiseUnlessIn(from, to int) Kind {
	if p.conditionIn(from, to) || to == len(p.w) && p.toldTo() {
		return KindConditional
	}
	return KindPromise
}
