package bot

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/keptcrm/kept/bot/text"
)

// Request is what somebody asked with a word.
type Request struct {
	Words []string // what stands behind the word, split as a shell does
	// Quoted says which of Words stood in quotes, where that is known; nil at a terminal, where
	// the shell took the quotes away and a word with a space in it counts as quoted.
	Quoted  []bool
	Options map[string]string // by name without dashes; "true" for one that takes no value
	Lang    string            // the reader's language, see text.Match
	Zone    string            // the reader's IANA zone; "" is UTC. An answer that names its own zone wins
	Now     time.Time         // the present for dates of answers that do not tell it; may be zero
	Command string            // how the reader calls us: "kept", "/kept"; "" is "kept"
	said    *Said
}

func (r Request) printer(zone string, now time.Time) *text.Printer {
	if zone == "" {
		zone = r.Zone
	}
	if now.IsZero() {
		now = r.Now
	}
	return text.For(r.Lang).In(zone, now).As(r.Command)
}

func (r Request) has(option string) bool { return r.Options[option] == "true" }

// count reads an option that takes a whole number; 0 where it is not given.
func (r Request) count(option string) (int, error) {
	v, ok := r.Options[option]
	if !ok {
		return 0, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 {
		return 0, invalid("not_a_count", "option", option, "value", v)
	}
	return n, nil
}

// date reads an option that takes a date, or a date and time, or today and yesterday, in the reader's
// zone; zero where it is not given.
func (r Request) date(option string) (time.Time, error) {
	v := r.Options[option]
	if v == "" {
		return time.Time{}, nil
	}
	loc, err := time.LoadLocation(r.Zone)
	if err != nil {
		loc = time.UTC
	}
	if day, clock, _ := strings.Cut(strings.ToLower(strings.TrimSpace(v)), " "); !r.Now.IsZero() {
		back, named := map[string]int{"today": 0, "今天": 0, "yesterday": -1, "昨天": -1}[day]
		if named {
			v = strings.TrimSpace(r.Now.In(loc).AddDate(0, 0, back).Format(time.DateOnly) + " " + clock)
		}
	}
	for _, layout := range []string{time.DateOnly, "2006-01-02 15:04", "2006-01-02T15:04", time.RFC3339, "2006-01", "2006"} {
		if t, err := time.ParseInLocation(layout, v, loc); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, invalid("not_a_date", "value", v)
}

// rest joins the words from the n-th on.
func (r Request) rest(n int) string {
	if n >= len(r.Words) {
		return ""
	}
	return strings.TrimSpace(strings.Join(r.Words[n:], " "))
}

func (r Request) quoted(i int) bool {
	return i < len(r.Quoted) && r.Quoted[i] || strings.ContainsFunc(r.Words[i], unicode.IsSpace)
}

// target divides the words into a customer and what is said of them: everything before the first
// quoted word is the customer (jana köhler "the text"), else the first word is.
func (r Request) target() (ref string, rest []string) {
	for i := 1; i < len(r.Words); i++ {
		if r.quoted(i) {
			return strings.Join(r.Words[:i], " "), r.Words[i:]
		}
	}
	if len(r.Words) == 0 {
		return "", nil
	}
	return strings.TrimSpace(r.Words[0]), r.Words[1:]
}

// token is a word of a line and whether it stood in quotes.
type token struct {
	text   string
	quoted bool
}

// closing has the quotes that a line may use, as people and their keyboards write them.
var closing = map[rune]string{
	'"': `"”“„`, '“': `”"“`, '„': `“”"`, '«': `»`, '「': `」`, '『': `』`, '《': `》`, '＂': `＂"`, '\'': `'`, '‘': `’'`,
}

// opens says whether a rune opens a quote when it begins a word. An apostrophe does so only where
// another one ends a word later on, so that a name like 't Hooft can be typed.
func opens(r rune, after string) (closers string, ok bool) {
	closers, ok = closing[r]
	if ok && (r == '\'' || r == '‘') {
		end := strings.IndexAny(after, closers)
		for end >= 0 {
			_, size := utf8.DecodeRuneInString(after[end:])
			next, _ := utf8.DecodeRuneInString(after[end+size:])
			if end+size == len(after) || unicode.IsSpace(next) {
				return closers, end > 0
			}
			more := strings.IndexAny(after[end+size:], closers)
			if more < 0 {
				return "", false
			}
			end += size + more
		}
		return "", false
	}
	return closers, ok
}

// split divides a line into words: at spaces of any script, with quotes of any kind around what
// belongs together. A quote ends a word and begins one, so that 李伟“周五前寄样品” is two words.
func split(line string) ([]token, error) {
	var out []token
	var word strings.Builder
	flush := func() {
		if word.Len() > 0 {
			out = append(out, token{text: word.String()})
			word.Reset()
		}
	}
	for i := 0; i < len(line); {
		r, size := utf8.DecodeRuneInString(line[i:])
		if r == utf8.RuneError && size == 1 {
			r = '\uFFFD'
		}
		after := line[i+size:]
		switch {
		case unicode.IsSpace(r) || r == '\uFEFF' || r == '\u200B':
			flush()
			i += size
			continue
		case r == '\\' && after != "" && strings.ContainsAny(after[:1], `"'\ `):
			word.WriteByte(after[0])
			i += size + 1
			continue
		}
		closers, ok := opens(r, after)
		// Inside a word only the quotes of Chinese text and the straight double quote open one:
		// the others are apostrophes and inches.
		if ok && word.Len() > 0 && !strings.ContainsRune("“「『＂", r) {
			ok = false
		}
		if !ok {
			word.WriteRune(r)
			i += size
			continue
		}
		flush()
		inner, used, closed := quotation(after, closers)
		if !closed {
			return nil, invalid("open_quote")
		}
		out = append(out, token{text: inner, quoted: true})
		i += size + used
	}
	flush()
	return out, nil
}

// quotation reads up to the closing quote; used counts the bytes with it.
func quotation(s, closers string) (inner string, used int, closed bool) {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			r = '\uFFFD'
		}
		switch {
		case r == '\\' && i+1 < len(s) && strings.IndexByte(`"'\`, s[i+1]) >= 0:
			b.WriteByte(s[i+1])
			i += 2
			continue
		case r == '\\' && i+1 < len(s):
			// Any quote that could end it may stand in it behind a backslash.
			next, width := utf8.DecodeRuneInString(s[i+1:])
			if strings.ContainsRune(closers, next) && next != utf8.RuneError {
				b.WriteRune(next)
				i += 1 + width
				continue
			}
		case strings.ContainsRune(closers, r):
			return b.String(), i + size, true
		}
		b.WriteRune(r)
		i += size
	}
	return "", 0, false
}

// Parse reads a line as typed in a chat: a word, then words and options in any order. Quotes may be
// straight, smart or Chinese, options begin with two hyphens or the dash that keyboards make of
// them, and "--" ends them. The answer has no language, zone or command: those are the reader's.
func Parse(line string) (*Word, Request, error) {
	tokens, err := split(line)
	if err != nil {
		return nil, Request{}, err
	}
	if len(tokens) == 0 {
		return nil, Request{}, invalid("no_word")
	}
	w := Lookup(strings.TrimPrefix(tokens[0].text, "/"))
	if w == nil {
		return nil, Request{}, invalid("unknown_word", "word", tokens[0].text)
	}
	req := Request{Options: map[string]string{}}
	tokens = tokens[1:]
	for i := 0; i < len(tokens); i++ {
		name, ok := optionName(tokens[i])
		if ok && name == "" {
			for _, t := range tokens[i+1:] {
				req.Words, req.Quoted = append(req.Words, t.text), append(req.Quoted, t.quoted)
			}
			break
		}
		if !ok {
			req.Words, req.Quoted = append(req.Words, tokens[i].text), append(req.Quoted, tokens[i].quoted)
			continue
		}
		name, value, given := strings.Cut(name, "=")
		o := w.option(strings.ToLower(name))
		switch {
		case o == nil:
			return nil, Request{}, invalid("word_option", "word", w.Name, "option", name, "usage", w.Usage[0])
		case o.Value == "" && given:
			return nil, Request{}, invalid("word_option", "word", w.Name, "option", name+"="+value, "usage", w.Usage[0])
		case o.Value == "":
			value = "true"
		case !given:
			if i++; i >= len(tokens) {
				return nil, Request{}, invalid("option_value", "option", name, "usage", w.Usage[0])
			}
			value = tokens[i].text
		}
		if _, twice := req.Options[o.Name]; twice {
			return nil, Request{}, invalid("option_twice", "option", o.Name)
		}
		req.Options[o.Name] = value
	}
	return w, req, nil
}

// optionName gives the name of an option token; "" for the one that ends options.
func optionName(t token) (string, bool) {
	if t.quoted {
		return "", false
	}
	if t.text == "--" {
		return "", true
	}
	for _, dash := range []string{"--", "—", "––", "−−", "－－"} {
		name, ok := strings.CutPrefix(t.text, dash)
		first, _ := utf8.DecodeRuneInString(name)
		if ok && unicode.IsLetter(first) {
			return name, true
		}
	}
	return "", false
}

// quote writes a word so that it can be typed again.
func quote(word string) string {
	plain := func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) || strings.ContainsRune("@.+-_:/,", r)
	}
	if word != "" && word[0] != '-' && !strings.ContainsFunc(word, func(r rune) bool { return !plain(r) }) {
		return word
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `“`, `\“`, `”`, `\”`, `„`, `\„`).Replace(word) + `"`
}

// line writes a request as it could be typed again.
func (r Request) line(word string) string {
	return strings.TrimSpace(strings.Replace(r.again(word, "x", 0), word+" x", word, 1))
}

// again writes a request as a command, with another customer in place of its first n words.
func (r Request) again(word, ref string, n int) string {
	words := []string{word, quote(ref)}
	for _, w := range r.Words[min(n, len(r.Words)):] {
		words = append(words, quote(w))
	}
	var names []string
	for name := range r.Options {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		words = append(words, "--"+name)
		if v := r.Options[name]; v != "true" {
			words = append(words, quote(v))
		}
	}
	return strings.Join(words, " ")
}
