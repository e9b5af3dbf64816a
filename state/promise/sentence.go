package promise

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Span is a part of a text, in bytes.
type Span struct{ Start, End int }

// Sentences cuts a message into sentences, English, Chinese or mixed, without their surrounding space. Lines that a mail program
// wrapped are one sentence; a list's items, a greeting and a blank line end one. Lines that begin with ">" are left out.
func Sentences(text string) []Span {
	var out []Span
	start := 0
	cut := func(end int) {
		if s, e := trim(text, start, end); e > s {
			out = append(out, Span{s, e})
		}
		start = end
	}
	for i := 0; i < len(text); {
		if (i == 0 || text[i-1] == '\n') && strings.HasPrefix(strings.TrimLeft(text[i:min(len(text), i+40)], " \t"), ">") {
			cut(i)
			if n := strings.IndexByte(text[i:], '\n'); n >= 0 {
				i += n + 1
			} else {
				i = len(text)
			}
			start = i
			continue
		}
		r, w := utf8.DecodeRuneInString(text[i:])
		i += w
		switch r {
		case '。', '！', '？', '!', '?', '…':
			i = closing(text, i)
			cut(i)
		case '.':
			if endsSentence(text, i-1) {
				i = closing(text, i)
				cut(i)
			}
		case '\n':
			if !wrapped(text, start, i) {
				cut(i)
			}
		case '；':
			cut(i)
		}
	}
	cut(len(text))
	return out
}

func trim(text string, s, e int) (int, int) {
	for s < e {
		r, w := utf8.DecodeRuneInString(text[s:e])
		if !unicode.IsSpace(r) {
			break
		}
		s += w
	}
	for s < e {
		r, w := utf8.DecodeLastRuneInString(text[s:e])
		if !unicode.IsSpace(r) {
			break
		}
		e -= w
	}
	return s, e
}

// closing steps over more signs that end the same sentence: ?!, a closing quote or bracket.
func closing(text string, i int) int {
	for i < len(text) {
		r, w := utf8.DecodeRuneInString(text[i:])
		if !strings.ContainsRune(".!?。！？…\"”’）)」』~～", r) {
			break
		}
		i += w
	}
	return i
}

var abbreviations = set(`mr mrs ms dr prof st sr jr inc ltd co corp vs etc approx no nos fig dept est tel ext attn e.g i.e a.m p.m u.s u.k jan feb mar apr
	jun jul aug sep sept oct nov dec mon tue tues wed thu thur thurs fri sat incl ref w.r.t a.s.a.p p.s nr cc min max hr hrs`)

// endsSentence says whether the stop at i ends a sentence, rather than an abbreviation, a number, an address or a file's name.
func endsSentence(text string, i int) bool {
	next := text[i+1:]
	if next == "" {
		return true
	}
	r, w := utf8.DecodeRuneInString(next)
	if r == '.' {
		after, _ := utf8.DecodeRuneInString(strings.TrimLeft(next, ". "))
		return !unicode.IsLower(after) && after != ','
	}
	if strings.ContainsRune("\"”’)）", r) {
		return true
	}
	if !unicode.IsSpace(r) {
		return unicode.Is(unicode.Han, r) && i > 0 && text[i-1] > 0x7f
	}
	from := i
	for from > 0 && (text[from-1] == '.' || isLetter(text[from-1])) {
		from--
	}
	last := strings.ToLower(text[from:i])
	after, _ := utf8.DecodeRuneInString(strings.TrimLeftFunc(next[w:], unicode.IsSpace))
	lower := unicode.IsLower(after)
	switch {
	case from == i && i > 0 && text[i-1] >= '0' && text[i-1] <= '9': // "3. Now choose" is a list's number, "on 12. May" a date
		digits := strings.TrimRight(text[max(0, i-4):i], "0123456789")
		return !lower && strings.TrimSpace(digits) != "" && !strings.HasSuffix(digits, "\n")
	case (last == "am" || last == "pm" || last == "a.m" || last == "p.m") && timeGoesOn(next[w:]):
		return false
	case last == "am" || last == "pm" || last == "a.m" || last == "p.m" || last == "etc" || last == "a.s.a.p" || last == "inc" || last == "ltd":
		return !lower && after != utf8.RuneError && !unicode.IsDigit(after)
	case abbreviations[last] || len(last) == 1 && last != "i":
		return false
	}
	return !lower
}

// timeGoesOn says whether a day or a zone follows: "by 9 a.m. Monday", "5 p.m. EST".
func timeGoesOn(rest string) bool {
	rest = strings.TrimLeft(rest, " \t")
	end := 0
	for end < len(rest) && isLetter(rest[end]) {
		end++
	}
	s := strings.ToLower(rest[:end])
	_, zone := zoneNames[s]
	return weekdayOrMonth(s) && s != "may" && s != "sun" && s != "sat" || zone || s == "eastern" || s == "pacific" || s == "central" || s == "beijing"
}

func isLetter(b byte) bool { return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' }

// wrapped says whether the line that ends before i, in a sentence that began at start, goes on in the next.
func wrapped(text string, start, i int) bool {
	line := text[max(start, strings.LastIndexByte(text[:i-1], '\n')+1) : i-1]
	line = strings.TrimSpace(line)
	rest := strings.TrimLeft(text[i:], " \t")
	if line == "" || rest == "" || rest[0] == '\n' || rest[0] == '\r' || bullet(rest) {
		return false
	}
	last, _ := utf8.DecodeLastRuneInString(line)
	first, _ := utf8.DecodeRuneInString(rest)
	switch {
	case strings.ContainsRune(".!?:;。！？：；", last):
		return false
	case unicode.IsLower(first):
		return true
	case unicode.Is(unicode.Han, last):
		return utf8.RuneCountInString(line) >= 30 && unicode.Is(unicode.Han, first)
	}
	return len(line) >= 55
}

// bullet says whether a line begins as an item of a list does: -, *, 1., (2), a), 一、
func bullet(s string) bool {
	r, w := utf8.DecodeRuneInString(s)
	switch {
	case strings.ContainsRune("-*•·–—◦▪>#", r):
		return true
	case r == '(' || r == '（':
		return true
	case r >= '0' && r <= '9' || strings.ContainsRune("一二三四五六七八九十", r):
		rest := strings.TrimLeft(s[w:], "0123456789")
		n, _ := utf8.DecodeRuneInString(rest)
		return strings.ContainsRune(".)、）．", n)
	}
	return false
}

// set makes a set of words.
func set(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}
