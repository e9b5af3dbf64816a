package promise

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// The kinds of a Deed.
const (
	DeedMessage  = "message"  // a message from whoever promised to whom it was promised
	DeedCall     = "call"     // a call that was logged
	DeedMeeting  = "meeting"  // a meeting that was logged
	DeedNote     = "note"     // what somebody noted about the customer
	DeedShipment = "shipment" // an order that left
	DeedOrder    = "order"    // an order that was placed
)

// Pledge is a promise as far as it tells by what it is kept.
type Pledge struct {
	Text string
	// DueText are the due words within Text; they say nothing of what was promised.
	DueText string
	// Made is when it was said, Due when it is due: the zero time where no moment was named.
	Made, Due time.Time
	Thread    string // in which it was said, "" where there is none
}

// Deed is something that happened and may be what was promised.
type Deed struct {
	Kind    string
	At      time.Time
	Subject string
	Text    string   // what was written, without quotation and signature; the lines of an order
	Files   []string // names of attachments
	Number  string   // of an order
	Thread  string
}

// Fit says how far a deed is what was promised.
type Fit struct {
	Score float64  // from 0 to 1; worth asking about from FitAt on
	Sure  bool     // beyond doubt, as far as words can be
	Terms []string // what both speak of
}

// FitAt is the score from which somebody is worth asking whether a deed keeps a promise.
const FitAt = 0.5

// window is how long after its due time, or without one after it was made, a promise may still be
// kept by what came: later, a shared word is chance.
const (
	windowAfterDue  = 21 * 24 * time.Hour
	windowAfterMade = 60 * 24 * time.Hour
)

// Fulfils weighs whether a deed keeps a promise. It is for the caller to see to it that the right
// person did it for the right one. What a message only announces, denies or asks does not count: a
// promise is not kept by being made again.
func (r Reader) Fulfils(p Pledge, d Deed) Fit {
	if !d.At.After(p.Made) || p.Due.IsZero() && d.At.After(p.Made.Add(windowAfterMade)) || !p.Due.IsZero() && d.At.After(p.Due.Add(windowAfterDue)) {
		return Fit{}
	}
	text := p.Text
	if p.DueText != "" {
		text = strings.Replace(text, p.DueText, " ", 1)
	}
	wanted := Terms(text)
	acts := actionsIn(text)
	switch d.Kind {
	case DeedCall, DeedMeeting:
		return fitTalk(p, d, acts, wanted)
	case DeedShipment, DeedOrder:
		return fitOrder(d, acts, wanted)
	}
	return r.fitText(p, d, wanted)
}

// What is promised to be done, where that decides by what it is kept.
type action int

const (
	actCall action = 1 << iota
	actMeet
	actShip
	actOrder
)

var actionWords = []struct {
	act action
	re  *regexp.Regexp
}{
	{actCall, regexp.MustCompile(`(?i)\b(?:call(?:ing)?|ring|phone|telephone|ruf)\b|打(?:个)?电话|致电|电话联系|回电|去电`)},
	{actMeet, regexp.MustCompile(`(?i)\b(?:visit|meet|come (?:by|over|round)|drop by|stop by)\b|拜访|上门|见面|面谈`)},
	{actShip, regexp.MustCompile(`(?i)\b(?:ship|shipped|shipping|dispatch|despatch|deliver|delivery|send out|post)\b|发货|发出|寄|送货|交货|出货|快递`)},
	{actOrder, regexp.MustCompile(`(?i)\b(?:order|buy|purchase|place an order)\b|下单|订购|采购|下订单`)},
}

func actionsIn(text string) action {
	var a action
	for _, w := range actionWords {
		if w.re.MatchString(text) {
			a |= w.act
		}
	}
	return a
}

// fitTalk is for calls and meetings: to talk was promised, or what was talked about.
func fitTalk(p Pledge, d Deed, acts action, wanted []string) Fit {
	shared, cover := overlap(wanted, Terms(d.Subject+"\n"+d.Text))
	want := actCall
	if d.Kind == DeedMeeting {
		want = actMeet
	}
	if acts&want == 0 {
		if cover >= 0.5 && doneCue.MatchString(d.Subject+"\n"+d.Text) {
			return Fit{Score: 0.55, Terms: shared}
		}
		return Fit{}
	}
	// Whoever promised to call and called before it was due has done so.
	return Fit{Score: 0.8, Sure: !p.Due.IsZero() && !d.At.After(p.Due), Terms: shared}
}

// fitOrder is for what shops tell: goods were to leave and left, or an order was to come and came.
func fitOrder(d Deed, acts action, wanted []string) Fit {
	want := actShip
	if d.Kind == DeedOrder {
		want = actOrder
	}
	if acts&want == 0 {
		return Fit{}
	}
	things := slices.DeleteFunc(slices.Clone(wanted), func(t string) bool {
		return t == "goods" || t == "order" || t == "ship" || t == "deliver" || t == "dispatch" || t == "place" || t == "tracking" || strings.ContainsAny(t, "货单订购")
	})
	number := strings.ToLower(strings.Trim(d.Number, "# "))
	if number != "" && slices.ContainsFunc(wanted, func(t string) bool { return t == number }) {
		return Fit{Score: 0.95, Sure: true, Terms: []string{number}}
	}
	if slices.ContainsFunc(things, func(t string) bool { return HasDigit(t) && len(t) > 3 && strings.Trim(t, "0123456789") == "" }) {
		return Fit{} // another order's number
	}
	shared, cover := overlap(things, Terms(d.Text))
	switch {
	case len(things) == 0:
		return Fit{Score: 0.6}
	case cover > 0:
		return Fit{Score: 0.6 + 0.3*cover, Terms: shared}
	}
	return Fit{}
}

var (
	// doneCue are words by which a text says that something was done, or comes with it.
	doneCue = regexp.MustCompile(`(?i)\b(?:attached|attachment|enclosed|please find|here (?:is|are|'s|comes?)|here you (?:go|are)|find below|see below|as (?:promised|agreed|discussed)|` +
		`(?:have|has|'ve|'s|was|were|is|are|been|just|already) (?:now |just |already |been )*(?:sent|shipped|dispatched|mailed|posted|uploaded|delivered|booked|transferred|paid|refunded|done|ready|signed|fixed|ordered|arranged|corrected|sorted)|` +
		`(?:i|we) (?:just |already |now )?(?:sent|shipped|dispatched|mailed|posted|uploaded|delivered|booked|transferred|paid|refunded|signed|fixed|ordered|arranged|corrected)|` +
		`(?:sent|shipped|delivered|called|paid|refunded|done)\b[^?]*$|anbei|im anhang)|附件|随附|如附|请查收|请查阅|请见|已(?:经)?(?:发|寄|付|汇|转|安排|完成|签|上传|退)|(?:发|寄|付|汇|做|办|签)(?:好|完|出|给您|给你)?了|如约`)
	promisedCue = regexp.MustCompile(`(?i)\bas (?:i )?promised\b|如约|按照约定|之前答应`)
	deniedCue   = regexp.MustCompile(`(?i)\b(?:not|n't|never|unable|cannot|no longer|unfortunately|sorry|delay(?:ed)?|still (?:working|waiting|missing))\b|n't\b|没有|还没|尚未|未能|抱歉|不好意思|无法|延迟|推迟`)
	askedCue    = regexp.MustCompile(`[?？]\s*$|吗[？?。]?\s*$`)
	// dullFile are attachments that come with any mail.
	dullFile = regexp.MustCompile(`(?i)^(?:image\d*|logo.*|signature.*|att\d+|smime|winmail|.*\.(?:ics|p7s|asc|vcf|htm|html))(?:\.[a-z0-9]+)?$`)
)

// fitText is for messages and notes.
func (r Reader) fitText(p Pledge, d Deed, wanted []string) Fit {
	var said strings.Builder
	cue, promised := false, false
	for _, s := range Sentences(d.Text) {
		sentence := d.Text[s.Start:s.End]
		if askedCue.MatchString(sentence) || deniedCue.MatchString(sentence) {
			continue
		}
		if k := r.Judge(sentence, d.At, time.UTC).Kind; k == KindPromise || k == KindConditional {
			continue
		}
		said.WriteString(sentence + "\n")
		cue = cue || doneCue.MatchString(sentence)
		promised = promised || promisedCue.MatchString(sentence)
	}
	var files []string
	for _, f := range d.Files {
		if !dullFile.MatchString(f) {
			files = append(files, strings.NewReplacer("_", " ", "-", " ", ".", " ").Replace(f)+" "+f)
		}
	}
	if !cue && len(files) == 0 {
		return Fit{}
	}
	body := Terms(said.String())
	names := Terms(strings.Join(files, "\n"))
	shared, cover := overlap(wanted, append(slices.Clone(body), names...))
	inFiles, _ := overlap(wanted, names)
	_, withSubject := overlap(wanted, append(append(slices.Clone(body), names...), Terms(d.Subject)...))
	// The subject alone is what they talk about all the time; beside a file or a word of doing it counts by half.
	cover += (withSubject - cover) / 2
	sameThread := p.Thread != "" && p.Thread == d.Thread
	if len(wanted) == 0 {
		// "I'll send it tomorrow" names nothing; what comes in the same talk, done, may be it.
		if sameThread && cue && d.Kind == DeedMessage {
			return Fit{Score: 0.5}
		}
		return Fit{}
	}
	if cover == 0 {
		return Fit{}
	}
	score := 0.6 * cover
	if cue {
		score += 0.2
	}
	if len(inFiles) > 0 {
		score += 0.2
	} else if len(files) > 0 {
		score += 0.05
	}
	if sameThread {
		score += 0.1
	}
	if otherNumber(wanted, append(append(slices.Clone(body), names...), Terms(d.Subject)...)) {
		score -= 0.3
		promised = false
		inFiles = nil
	}
	things := len(shared) >= 2 || slices.ContainsFunc(shared, HasDigit)
	return Fit{Score: max(min(round(score), 1), 0), Terms: shared,
		Sure: d.Kind == DeedMessage && things && cover >= 0.75 && (cue && len(inFiles) > 0 || promised && cue)}
}

// otherNumber says whether a promise names an article or an order, and the deed only other ones.
func otherNumber(wanted, got []string) bool {
	code := func(t string) bool { return HasDigit(t) && (strings.Trim(t, "0123456789.") != "" || len(t) > 3) }
	mine := slices.DeleteFunc(slices.Clone(wanted), func(t string) bool { return !code(t) })
	theirs := slices.DeleteFunc(slices.Clone(got), func(t string) bool { return !code(t) })
	if len(mine) == 0 || len(theirs) == 0 {
		return false
	}
	return !slices.ContainsFunc(mine, func(t string) bool { return slices.Contains(theirs, t) })
}

// overlap gives the terms that both have, and how much of what is wanted they are; a number counts
// twice.
func overlap(wanted, got []string) (shared []string, cover float64) {
	all := 0.0
	for _, t := range wanted {
		w := 1.0
		if HasDigit(t) {
			w = 2
		}
		all += w
		if slices.Contains(got, t) {
			shared = append(shared, t)
			cover += w
		}
	}
	if all == 0 {
		return nil, 0
	}
	return shared, cover / all
}

// Alike says how far two promises are in the same words, from 0 to 1: the terms that both have of
// those of the shorter one; in the same letters 1, also where they have no terms.
func Alike(a, b string) float64 {
	if Fold(a) == Fold(b) {
		return 1
	}
	x, y := Terms(a), Terms(b)
	if len(x) > len(y) {
		x, y = y, x
	}
	_, cover := overlap(x, y)
	return cover
}

// Fold writes a sentence so that it is the same one however it was wrapped, cased and quoted.
func Fold(s string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return strings.ContainsRune(" \t\r\n\u00a0\u3000\"'“”‘’«».,;:!?。，；：！？", r)
	}), " ")
}
