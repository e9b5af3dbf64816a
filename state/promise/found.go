package promise

import (
	"math"
	"strings"
	"time"
	"unicode/utf8"
)

// Kind says what a sentence is to somebody who keeps promises.
type Kind string

// The kinds of a Found.
const (
	KindNone        Kind = "none"        // no promise: a request, a question, a report of what is done, a courtesy, a plan of one's own
	KindPromise     Kind = "promise"     // the writer, or the writer's side, will do something for others
	KindConditional Kind = "conditional" // the same, if the reader does something or something happens; an offer is one too
	KindThirdParty  Kind = "third_party" // somebody else is said to be going to do it
)

// AskAt is the confidence from which a find is worth asking a person about: on the labelled mailbox four in five of what is at
// least so sure are promises. Below it, and above none, a sentence is more likely a promise than not, and no more.
const AskAt = 0.8

// Found is what one sentence promises. Whose promise it is follows from who wrote the message, which only the caller knows.
type Found struct {
	Kind Kind
	// Text is the sentence as written, text[Start:End] in bytes of the message.
	Text       string
	Start, End int
	// DueText is the due words exactly as they stand in Text, empty where there are none. Words such as "asap", "shortly", 尽快
	// and "when Howard is back" are due words that name no moment.
	DueText string
	// Due is the moment that DueText names; the zero Due where it names none, or one that can be read in two ways.
	Due Due
	// Confidence is between 0 and 1, and 0 for none.
	Confidence float64
}

// maxSentence bounds, in bytes, what is read as one sentence; what is longer is cut at a space and read in pieces.
const maxSentence = 2000

// Promises reads a message and returns the sentences that are not none, in the order of the text. text is what the writer wrote,
// without quotation and signature (lines that begin with ">" are skipped all the same); at is when it was written, and loc the
// zone of the writer (nil is UTC), against which due words are resolved. A message that says of itself that it went to many, or
// that nobody reads answers to it, is read with little confidence.
func (r Reader) Promises(text string, at time.Time, loc *time.Location) []Found {
	var out []Found
	bulk := bulkMail(text)
	for _, s := range Sentences(text) {
		f := r.Judge(text[s.Start:s.End], at, loc)
		if f.Kind == KindNone {
			continue
		}
		f.Start, f.End = f.Start+s.Start, f.End+s.Start
		if bulk {
			f.Confidence = round(f.Confidence / 3)
		}
		out = append(out, f)
	}
	return out
}

// Judge says what a text is that is taken for one sentence: the strongest claim in it counts, a promise before a conditional one
// before a third party's. Its Text is all of the text.
func (r Reader) Judge(sentence string, at time.Time, loc *time.Location) Found {
	c := r.context(at, loc)
	best := claim{kind: KindNone}
	first := true
	for _, s := range pieces2000(sentence) {
		for _, cl := range c.claims(sentence[s.Start:s.End], first) {
			if cl.kind == KindNone || sure(cl.weight) < 0.5 {
				continue
			}
			cl.due.start, cl.due.end = cl.due.start+s.Start, cl.due.end+s.Start
			other := best
			if cl.better(best) {
				best, other = cl, best
			} else {
				other = cl
			}
			if best.kind == other.kind && best.due.end == 0 { // "it ships on Tuesday, and I'll send the waybill"
				best.due = other.due
			}
		}
		first = false
	}
	f := Found{Kind: best.kind, Text: sentence, End: len(sentence)}
	if best.kind == KindNone {
		return f
	}
	f.Confidence = round(sure(best.weight))
	if best.due.end > best.due.start {
		f.DueText = sentence[best.due.start:best.due.end]
		f.Due = best.due.due
		if !f.Due.At.IsZero() {
			f.Due.Text = f.DueText
		}
	}
	return f
}

// claim is one clause's worth of promising, before the sentence is judged.
type claim struct {
	kind   Kind
	weight float64 // log odds that it is what kind says
	due    dueWords
}

var rank = map[Kind]int{KindNone: 0, KindThirdParty: 1, KindConditional: 2, KindPromise: 3}

func (c claim) better(d claim) bool {
	if rank[c.kind] != rank[d.kind] {
		return rank[c.kind] > rank[d.kind]
	}
	return c.weight > d.weight
}

// claims reads one piece in both languages.
func (c *context) claims(s string, first bool) []claim {
	var out []claim
	for _, sp := range Sentences(s) {
		piece := s[sp.Start:sp.End]
		var found []claim
		if hasHan(piece) {
			found = c.chineseClaims(piece)
		}
		found = append(found, c.englishClaims(piece, !first)...)
		for _, cl := range found {
			cl.due.start, cl.due.end = cl.due.start+sp.Start, cl.due.end+sp.Start
			out = append(out, cl)
		}
		first = false
	}
	return out
}

// dueWords are where due words stand, and what they mean if they name a moment.
type dueWords struct {
	due        Due
	start, end int
}

// dueIn finds the due words of text[from:to]. Words that set a limit win, then the first; words that can be read in two ways are
// due words without a moment, as is a date that has gone by ("by 5 May", read in June); any other time that lies back is none.
func (c *context) dueIn(text string, from, to int, refuse func(start, end int) bool) (dueWords, bool) {
	if from >= to {
		return dueWords{}, false
	}
	var best hit
	ok := false
	for _, h := range c.hits(text[from:to], false) {
		if h.gone() && !h.namesDay() || h.err != nil && h.err.Code == CodeNotUnderstood || refuse(from+h.start, from+h.end) {
			continue
		}
		if h.gone() && ok {
			continue
		}
		if best.gone() && !h.gone() {
			ok = false
		}
		if !ok || h.strong && !best.strong || h.strong == best.strong && (h.start < best.start || h.start == best.start && h.end > best.end) {
			best, ok = h, true
		}
	}
	if !ok {
		return dueWords{}, false
	}
	d := dueWords{start: from + best.start, end: from + best.end}
	if best.err == nil {
		d.due = best.due
	}
	return d, true
}

// gone says that the words name a time that lies back.
func (h hit) gone() bool { return h.err != nil && h.err.Code == CodePast }

// namesDay says that a time which has gone by was named by its date or set as a limit: it stands in a promise as what was meant,
// where "yesterday" and "this morning" tell of what was.
func (h hit) namesDay() bool {
	return h.err.Args["at"] != "" && (h.strong || !strings.Contains(strings.ToLower(h.due.Text), "this "))
}

func sure(weight float64) float64 { return 1 / (1 + math.Exp(-weight)) }

func round(x float64) float64 { return math.Round(x*100) / 100 }

// bulkSigns are words by which a message says that it was written to many or by a machine.
var bulkSigns = []string{
	"unsubscribe", "type your reply above", "reply above this line", "job alert", "verification code", "rate your purchase", "view in browser", "view this email in", "view it in your browser", "do not reply", "don't reply to this", "not reply to this",
	"no-reply", "noreply", "automated message", "automatically generated", "auto-generated", "this is an automatic", "automatic reply",
	"out of office", "out-of-office", "manage your preferences", "email preferences", "update your preferences", "you are receiving this",
	"you're receiving this", "you received this", "all rights reserved", "terms and conditions apply", "terms apply", "privacy policy",
	"add us to your address book", "mailing list", "opt out", "opt-out", "newsletter", "while supplies last", "shop now", "sent by an unattended",
	"退订", "验证码", "回td", "请勿回复", "请勿直接回复", "系统自动", "自动发送", "自动回复", "本邮件由", "取消订阅", "隐私政策", "版权所有", "最终解释权",
}

func bulkMail(text string) bool {
	low := strings.ToLower(strings.ReplaceAll(text, "’", "'"))
	for _, s := range bulkSigns {
		if strings.Contains(low, s) {
			return true
		}
	}
	return false
}

// pieces2000 cuts what is too long to be one sentence.
func pieces2000(s string) []Span {
	var out []Span
	for from := 0; from < len(s) || from == 0; {
		to := len(s)
		if to-from > maxSentence {
			to = from + maxSentence
			if i := strings.LastIndexAny(s[from:to], " \t\n"); i > maxSentence/2 {
				to = from + i
			} else {
				for to > from && !utf8.RuneStart(s[to]) {
					to--
				}
				if to == from {
					to = from + maxSentence
				}
			}
		}
		out = append(out, Span{from, to})
		if to == from {
			break
		}
		from = to
	}
	return out
}
