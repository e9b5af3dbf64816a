// Package stop finds in what somebody wrote that they want no more advertising: "please take me off
// your list", "别再给我发邮件了", an "unsubscribe" as the whole message. It is pure: text in, finding
// out.
//
// It reads the writer's own words only. Whoever calls it hands over a message without what it quotes
// and without its signature; what is forwarded below is cut off here. It is careful: a footer's "to
// unsubscribe, click here", a wish about a parcel ("stop the shipment") or about a time ("do not call
// before nine"), and questions about other people's subscriptions are none.
package stop

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The scopes of a finding.
const (
	// Commercial is no more advertising and sales by the channel on which it was said, or that it names.
	Commercial = "commercial"
	// Everything commercial is no more advertising and sales by any channel: "never contact me again".
	EverythingCommercial = "everything"
)

// Found is a wish to be left alone.
type Found struct {
	Words   string // the sentence that says so, as it was written
	Scope   string // Commercial or EverythingCommercial
	Channel string // phone, sms, post where the words name one; "" is the one on which they came
}

// limits: what is longer is not read to its end. Nobody hides such a wish behind 20 pages.
const (
	maxText  = 20_000 // bytes
	maxWords = 200    // characters of the sentence that is given back
)

// Find looks for the wish in a message. The subject counts where it is all that was said.
func Find(subject, text string) (Found, bool) {
	if len(text) > maxText {
		text = text[:maxText]
		for !utf8.ValidString(text) && len(text) > 0 {
			text = text[:len(text)-1]
		}
	}
	own, forwarded := ownWords(text)
	if w := plain(own); whole[w] {
		return Found{Words: cut(own), Scope: Commercial}, true
	}
	var best Found
	found := false
	for _, s := range sentences(own) {
		if f, ok := sentence(s); ok && (!found || f.Scope == EverythingCommercial && best.Scope != EverythingCommercial) {
			best, found = f, true
		}
	}
	if found {
		return best, true
	}
	// A subject alone is what mail programs write when somebody presses their unsubscribe button.
	bare, prefixed := bareSubject(subject)
	if !forwarded && len([]rune(plain(own))) <= 40 && (wholeSubject[plain(bare)] || !prefixed && whole[plain(bare)]) {
		return Found{Words: cut(subject), Scope: Commercial}, true
	}
	return Found{}, false
}

// forwardMarks begin what somebody else wrote.
var forwardMarks = pattern(`(?im)^\s*(-{2,}\s*(original message|forwarded message|ursprüngliche nachricht|weitergeleitete nachricht|message transféré|mensaje reenviado|原始邮件|转发的?邮件|原邮件|转发邮件信息)|begin forwarded message|_{10,}|on .{4,200} wrote:|am .{4,200} schrieb .{0,100}:|le .{4,200} a écrit\s?:|el .{4,200} escribió:|在.{2,200}写道[：:]|发件人[：:]|from: .{0,200}@|von: .{0,200}@|de ?: .{0,200}@)`)

// ownWords is a text up to where it quotes or forwards, without quoted lines.
func ownWords(text string) (own string, forwarded bool) {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	if at := forwardMarks().FindStringIndex(text); at != nil {
		text, forwarded = text[:at[0]], true
	}
	var out []string
	for line := range strings.SplitSeq(text, "\n") {
		trimmed := strings.TrimSpace(line)
		if trimmed == "--" || line == "-- " {
			break // a signature
		}
		if strings.HasPrefix(trimmed, ">") || strings.HasPrefix(trimmed, "|") {
			continue
		}
		out = append(out, line)
	}
	return strings.TrimSpace(strings.Join(out, "\n")), forwarded
}

var subjectPrefix = pattern(`(?i)^\s*((re|aw|antw|wg|fwd?|tr|rv|rif|回复|答复|转发)\s*[:：]\s*)+`)

func bareSubject(s string) (bare string, prefixed bool) {
	bare = subjectPrefix().ReplaceAllString(s, "")
	return bare, bare != s
}

// plain folds a text for comparison: lower case, letters and digits with single spaces between.
func plain(s string) string {
	var b strings.Builder
	space := false
	for _, r := range strings.ToLower(s) {
		if r == '\'' || r == '’' {
			continue
		}
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) {
			space = b.Len() > 0
			continue
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
	}
	out := b.String()
	for _, p := range courtesies {
		out = strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(out, p+" "), " "+p))
	}
	return out
}

var courtesies = []string{"hi", "hello", "dear sir or madam", "hallo", "guten tag", "bonjour", "hola", "please", "bitte", "pls", "now", "thanks", "thank you",
	"danke", "merci", "gracias", "thx", "sofort", "immediately"}

// whole are messages that say nothing else; the single letters are what China's networks ask for.
var whole = set(`stop|stopp|unsubscribe|unsubscribe me|remove|remove me|opt out|optout|cancel newsletter|take me off|end|quit|stop it|stop this|no more|
	stop all|stop sms|stop spam|stop spamming|abmelden|abmeldung|newsletter abmelden|newsletter abbestellen|abbestellen|austragen|keine werbung|keine werbung mehr|
	keine mails mehr|désinscription|desinscription|désabonnement|desabonnement|désabonner|désinscrire|désinscrivez moi|baja|darme de baja|cancelar suscripción|
	الغاء الاشتراك|إلغاء الاشتراك|توقف|توقفوا|退订|退訂|td|t|tui|取消订阅|退|拒收|n|别发了|不要再发了|别再发了|请退订|我要退订|stopall`)

// wholeSubject are subjects that say it, also behind "Re:": mail programs write them for their users.
var wholeSubject = set(`unsubscribe|unsubscribe me|remove me|opt out|abmelden|abmeldung|newsletter abmelden|newsletter abbestellen|désinscription|désabonnement|
	baja|darme de baja|退订|取消订阅|إلغاء الاشتراك|الغاء الاشتراك`)

func set(list string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.SplitSeq(list, "|") {
		m[strings.TrimSpace(w)] = true
	}
	return m
}

// sentences splits a text where a thought ends: at full stops of any script, line breaks between
// paragraphs, and list marks. A line break alone is a space, as mail programs break lines.
func sentences(text string) []string {
	var out []string
	var b strings.Builder
	runes := []rune(text)
	flush := func() {
		if s := strings.TrimSpace(b.String()); s != "" {
			out = append(out, s)
		}
		b.Reset()
	}
	for i, r := range runes {
		next := rune(' ')
		if i+1 < len(runes) {
			next = runes[i+1]
		}
		switch {
		case r == '\n' && (next == '\n' || endsShort(b.String())):
			flush()
		case r == '\n':
			b.WriteByte(' ')
		case strings.ContainsRune("。！？；!?;؟", r):
			b.WriteRune(r)
			flush()
		case r == '.' && unicode.IsSpace(next):
			b.WriteRune(r)
			flush()
		default:
			b.WriteRune(r)
		}
	}
	flush()
	return out
}

// endsShort says whether a line was broken by its writer: shorter than any mail program breaks it, or
// in a script without spaces.
func endsShort(line string) bool {
	n := utf8.RuneCountInString(line)
	return n < 45 || strings.HasSuffix(line, ",") && n < 60
}

func cut(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > maxWords {
		return string(r[:maxWords-1]) + "…"
	}
	return s
}

// sentence says whether one sentence is the wish.
func sentence(s string) (Found, bool) {
	low := strings.ToLower(strings.NewReplacer("’", "'", "`", "'", "´", "'", "‘", "'", "\u00a0", " ").Replace(s))
	low = strings.Join(strings.Fields(low), " ")
	if !has(low, mentions) {
		return Found{}, false
	}
	for _, no := range never() {
		if no.MatchString(low) {
			return Found{}, false
		}
	}
	f := Found{Words: cut(s)}
	switch {
	case any(low, hard()):
		f.Scope = EverythingCommercial
	case any(low, soft()):
		f.Scope, f.Channel = Commercial, channelOf(low)
	default:
		return Found{}, false
	}
	return f, true
}

func any(s string, list []*regexp.Regexp) bool {
	for _, re := range list {
		if re.MatchString(s) {
			return true
		}
	}
	return false
}

func has(s string, words []string) bool {
	for _, w := range words {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}

var (
	aboutCalls   = pattern(`\b(call(s|ing)?|phon(e|ing)|ring(ing)?|anruf\w*|rufen|ruft|telefon\w*|appel\w*|téléphon\w*|llam\w*)\b|打电话|来电|电话|تتصلوا|الاتصال`)
	aboutTexts   = pattern(`\b(texts?|texting|sms|text messages?)\b|短信`)
	aboutLetters = pattern(`\b(by post|in the post|letters?|catalogues?|catalogs?|briefe?|per post|kataloge?|catalogue papier)\b|寄(目录|宣传|信)`)
	aboutMail    = pattern(`\b(e-?mails?|mails?|newsletters?|mailings?|correos?|boletín|courriels?)\b|邮件|邮箱|البريد|رسائل`)
)

// channelOf is the one channel that a sentence names beside mail.
func channelOf(low string) string {
	if aboutMail().MatchString(low) {
		return ""
	}
	calls, texts, letters := aboutCalls().MatchString(low), aboutTexts().MatchString(low), aboutLetters().MatchString(low)
	switch {
	case calls && !texts && !letters:
		return "phone"
	case texts && !calls && !letters:
		return "sms"
	case letters && !calls && !texts:
		return "post"
	}
	return ""
}
