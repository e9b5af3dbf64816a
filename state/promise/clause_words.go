package promise

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// word is a word or a sign of an English sentence. Contractions are written out, so that several words may stand on one place.
type word struct {
	s          string // lower case
	start, end int
	capital    bool
	sign       bool
	quoted     bool // stands between quotation marks with other words: somebody else's
	inside     bool // stands between brackets
}

// lexWords cuts English into words: "I'll" is I will, "won't" will not, "gonna" going to.
func lexWords(text string) []word {
	var out []word
	add := func(s string, start, end int, capital bool) {
		out = append(out, word{s: s, start: start, end: end, capital: capital})
	}
	for i := 0; i < len(text); {
		r, w := utf8.DecodeRuneInString(text[i:])
		switch {
		case unicode.IsSpace(r):
			i += w
			continue
		case unicode.Is(unicode.Han, r):
			out = append(out, word{s: string(r), start: i, end: i + w, sign: true})
			i += w
			continue
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			j := i + w
			for r == '-' && j < len(text) && text[j] == '-' || r == '.' && j < len(text) && text[j] == '.' {
				j++
			}
			out = append(out, word{s: text[i:j], start: i, end: j, sign: true})
			i = j
			continue
		}
		j := i
		for j < len(text) {
			q, n := utf8.DecodeRuneInString(text[j:])
			if unicode.Is(unicode.Han, q) {
				break
			}
			if unicode.IsLetter(q) || unicode.IsDigit(q) {
				j += n
				continue
			}
			next, _ := utf8.DecodeRuneInString(text[j+n:])
			if (q == '\'' || q == '’' || q == '-' || q == ':' && text[i:j] == "e") && unicode.IsLetter(next) {
				j += n
				continue
			}
			break
		}
		expand(strings.ToLower(strings.ReplaceAll(text[i:j], "’", "'")), i, j, unicode.IsUpper(r), add)
		i = j
	}
	out = thumbed(out)
	markQuotes(out)
	return out
}

// thumbed reads "Ill send", as thumbs write it, as I will.
func thumbed(ws []word) []word {
	for i := 0; i+1 < len(ws); i++ {
		if n := ws[i+1].s; (ws[i].s == "ill" || ws[i].s == "il" || ws[i].s == "i'l") && (i == 0 || ws[i-1].sign || ws[i-1].s == "and" || openers[ws[i-1].s]) && (giving[n] || deeds[n] || n == "let" || n == "get" || n == "be") {
			ws[i].s = "i"
			ws = slices.Insert(ws, i+1, word{s: "will", start: ws[i].start, end: ws[i].end})
		}
	}
	return ws
}

var contracted = map[string]string{
	"won't": "will not", "can't": "can not", "cannot": "can not", "shan't": "shall not", "let's": "let us", "gonna": "going to", "im": "i am",
	"ive": "i have", "u": "you", "ur": "your", "e:mail": "email", "e-mail": "email", "e-mails": "emails", "wont": "will not", "cant": "can not",
	"dont": "do not", "didnt": "did not", "i'ma": "i will", "youll": "you will", "theyll": "they will", "lemme": "let me", "pls": "please",
	"plz": "please", "thats": "that is", "it'll": "it will",
}

var tails = []struct{ tail, word string }{{"'ll", "will"}, {"'m", "am"}, {"'re", "are"}, {"'ve", "have"}, {"'d", "would"}, {"n't", "not"}}

var isAfter = set("he she it that there what who where here how everything everyone somebody someone")

func expand(s string, start, end int, capital bool, add func(string, int, int, bool)) {
	if full, ok := contracted[s]; ok {
		for w := range strings.FieldsSeq(full) {
			add(w, start, end, false)
		}
		return
	}
	for _, t := range tails {
		if stem, ok := strings.CutSuffix(s, t.tail); ok && stem != "" {
			add(stem, start, end, capital)
			add(t.word, start, end, false)
			return
		}
	}
	if stem, ok := strings.CutSuffix(s, "'s"); ok && isAfter[stem] {
		add(stem, start, end, capital)
		add("is", start, end, false)
		return
	}
	add(s, start, end, capital)
}

// markQuotes marks what stands between double quotation marks, if it is more than a name, and what stands between brackets.
func markQuotes(ws []word) {
	open, depth := -1, 0
	for i := range ws {
		switch s := ws[i].s; {
		case s == "(":
			depth++
		case s == ")" && depth > 0:
			depth--
		case s == "\"" || s == "“" || s == "”":
			if open >= 0 && i-open > 3 {
				for j := open; j <= i; j++ {
					ws[j].quoted = true
				}
			}
			if open >= 0 && s != "“" {
				open = -1
			} else {
				open = i
			}
		}
		ws[i].inside = depth > 0
	}
}

// verbKind says what doing such a thing is to the reader.
type verbKind int

const (
	verbOther    verbKind = iota // anything
	verbState                    // being, having, wanting, going somewhere: no deed for others
	verbDeed                     // a deed that can be owed
	verbGive                     // a deed that brings the reader something
	verbCourtesy                 // letting know, keeping posted
)

// giving are deeds that hand something to somebody or answer them.
var giving = set(`send resend forward mail email fax ship deliver call phone ring reply respond provide share submit upload return refund credit reimburse
	transfer text ping invoice quote supply dispatch courier post remit repay email message compensate replace repair correct resubmit hand
	reschedule rush express reship exchange notify inform confirm advise update mention pay bring`)

// deeds are other things that one does for others.
var deeds = set(`get check verify find look investigate review read follow prepare draft make create revise fix change pay schedule set arrange book
	reserve order organize organise bring drop pick collect print sign copy cc add remove include ensure see-to take handle deal work complete finish
	contact ask talk speak meet visit show introduce invite recommend hold postpone cancel extend waive match escalate raise track trace chase pursue
	explain help support assist teach train demonstrate offer accept approve give put keep turn stop wait await pull dig sort solve resolve address
	process treat discuss circle relay pass produce present gather compile assemble install deploy release publish close test run attend join
	participate buy host cover file report note push loop line swap connect write answer tell promise secure order translate complete consult pack
	forward adjust amend apply assign attach block build bump clean clear coordinate deduct deposit design determine distribute edit enter
	evaluate expedite finalize finalise generate grant honor honour identify inspect issue locate log measure mock negotiate obtain
	plan post refer remind request research reset restore retrieve route scan settle sponsor stand store straighten switch tackle
	upgrade renew migrate water block redo circulate compensate paint split measure deduct roll launch implement sew bake cater hang plumb rewire activate stick lower reduce increase bear absorb shoulder knock throw reserve charge process waive refit recalibrate tidy touch unlock validate wire wrap drive shoot figure go-through dial fill fetch load lend reach firm`)

// states are what one is, has, wants or does alone.
var states = set(`be have need want like love see know think hope miss remember understand believe guess appreciate enjoy wish look-forward leave stay go
	come arrive travel fly sleep live spend resurface target lose refrain use save eat head land feel become seem remain own prefer
	suppose expect realize realise learn hear admit say agree bet benefit start begin continue end move die decide consider win owe
	depend require notice relax rest watch grow retire suspect assume stop-by vote laugh cry regret happen survive suffer sit walk
	gain earn receive quit work-out belong differ fail succeed celebrate`)

// base brings a verb's -ing form back to the form in the lists.
func base(s string) string {
	stem, ok := strings.CutSuffix(s, "ing")
	if !ok || len(stem) < 2 {
		return s
	}
	for _, c := range []string{stem, stem + "e"} {
		if giving[c] || deeds[c] || states[c] {
			return c
		}
	}
	if n := len(stem); n > 2 && stem[n-1] == stem[n-2] && (giving[stem[:n-1]] || deeds[stem[:n-1]] || states[stem[:n-1]]) {
		return stem[:n-1]
	}
	if stem == "ly" || stem == "dy" || stem == "ty" {
		return stem[:1] + "ie"
	}
	return stem
}

var adverbs = set(`also then just probably certainly definitely gladly still now both all either always only even simply surely maybe perhaps personally happily
	actually really hopefully likely quickly soon shortly immediately again first next further gladly certainly obviously of course absolutely myself
	ourselves already ever directly separately promptly naturally possibly hereby formally gladly not never to-be`)

var firstPersons = set("i we")
var otherPersons = set("he she they")

// relations make a person of ours or yours another one: my assistant, our courier.
var relations = set(`assistant colleague boss manager partner secretary courier driver carrier supplier bank lawyer attorney accountant wife husband son
	daughter brother sister mother father friend agent broker technician engineer plumber electrician intern vendor contractor forwarder
	distributor landlord consultant director rep representative factory insurer manufacturer shipper installer fitter postman coworker co-worker agency`)

// ownRoles are people of whom "our" without a name speaks for the writer's side: our engineer will visit you.
var ownRoles = set(`engineer engineers technician technicians specialist specialists expert experts installer installers fitter rep reps representative
	advisor adviser agent consultant trainer colleague colleagues`)

// ownParts are parts of the writer's side that speak for it.
var ownParts = set(`team company department office warehouse support staff group side shop store firm people guys crew desk service finance accounting logistics
	sales boys lads fitters installers movers engineers technicians developers workshop lab laboratory plant headquarters management engineering production purchasing legal dispatch billing`)
