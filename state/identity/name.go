// Package identity says when two records speak of one customer, and what to believe of them then.
//
// Its first half normalises: e-mail addresses, phone numbers, names, companies, handles and dates, as people and programs
// write them, become values that can be compared. Everything here is pure: no input or output, no clock, no store; every
// function takes any text without failing, and normalising what was normalised changes nothing.
package identity

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// letterFolds holds letters that Unicode does not decompose, and what people type who do not have them.
var letterFolds = map[rune]string{
	'ß': "ss", 'ø': "o", 'ł': "l", 'đ': "d", 'ð': "d", 'þ': "th", 'æ': "ae", 'œ': "oe", 'ı': "i", 'ŋ': "n", 'ħ': "h", 'ŧ': "t",
	'ə': "a", 'ĸ': "k", 'ƒ': "f", 'ɓ': "b", 'ɗ': "d", 'ƙ': "k", 'ƴ': "y", 'ς': "σ", 'ґ': "г", 'ә': "а",
	// One letter with several shapes in Arabic, Persian and Urdu typing.
	'ٱ': "ا", 'ى': "ي", 'ی': "ي", 'ې': "ي", 'ے': "ي", 'ک': "ك", 'ة': "ه", 'ہ': "ه", 'ھ': "ه", 'ە': "ه",
}

// FoldName makes text comparable: lower case, accents and vowel marks removed, letters without a plain form spelt out
// (ß ss, ø o, ł l), full width to half width, digits of every script to 0-9, Arabic alef forms unified and tatweel
// removed, apostrophes removed, other punctuation to single spaces. Folding twice is folding once. Text of symbols alone
// ("🌸") stays as it is, so that it can be found.
func FoldName(s string) string {
	if isPlainFolded(s) {
		return s
	}
	if f, ok := foldASCII(s); ok {
		return f
	}
	var b strings.Builder
	b.Grow(len(s))
	gap := false
	write := func(r rune) {
		if gap && b.Len() > 0 {
			b.WriteByte(' ')
		}
		gap = false
		b.WriteRune(r)
	}
	for _, r := range norm.NFKD.String(strings.ToValidUTF8(s, " ")) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			write(r)
		case r >= 'A' && r <= 'Z':
			write(r + 'a' - 'A')
		case isApostrophe(r) || isIgnorable(r):
		case unicode.IsDigit(r):
			write('0' + digitValue(r))
		case unicode.IsLetter(r):
			r = unicode.ToLower(r)
			if to, ok := letterFolds[r]; ok {
				for _, t := range to {
					write(t)
				}
			} else {
				write(r)
			}
		case unicode.IsMark(r) || unicode.IsNumber(r):
			write(r)
		default:
			gap = true
		}
	}
	if b.Len() == 0 {
		return strings.Join(symbolRuns(s), " ")
	}
	return norm.NFC.String(b.String())
}

// foldASCII is FoldName of a text in which every letter is one of A to Z; not ok where it is not.
func foldASCII(s string) (string, bool) {
	var buf [64]byte
	b := buf[:0]
	gap := false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c >= 0x80:
			return "", false
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		case c == '\'' || c == '`':
			continue
		case (c < 'a' || c > 'z') && (c < '0' || c > '9'):
			gap = true
			continue
		}
		if gap && len(b) > 0 {
			b = append(b, ' ')
		}
		gap = false
		b = append(b, c)
	}
	return string(b), true
}

// isPlainFolded spares what is already folded, which most lookups are.
func isPlainFolded(s string) bool {
	last := byte(' ')
	for i := 0; i < len(s); i++ {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && (c != ' ' || last == ' ') {
			return false
		}
		last = c
	}
	return last != ' ' || s == ""
}

func isApostrophe(r rune) bool {
	switch r {
	case '\'', '’', '‘', '‛', '`', '´', 'ʼ', 'ʻ', 'ʽ', 'ʾ', 'ʿ', 'ˈ', '＇', '׳':
		return true
	}
	return false
}

// isIgnorable: accents and vowel signs that people leave out, and what cannot be seen. Marks of other scripts (Devanagari,
// Thai, kana) are part of the word and stay.
func isIgnorable(r rune) bool {
	switch {
	case r < 0x300:
		return r == 0xad
	case r <= 0x36f, r >= 0x1ab0 && r <= 0x1aff, r >= 0x1dc0 && r <= 0x1dff, r >= 0x20d0 && r <= 0x20ff, r >= 0xfe20 && r <= 0xfe2f:
		return true // combining accents
	case r >= 0x483 && r <= 0x489, r >= 0x591 && r <= 0x5c7 && unicode.IsMark(r):
		return true // old Cyrillic, Hebrew points
	case r == 0x640, r >= 0x610 && r <= 0x61a, r >= 0x64b && r <= 0x65f, r == 0x670, r >= 0x6d6 && r <= 0x6ed && unicode.IsMark(r):
		return true // tatweel, harakat, Koranic signs
	case r >= 0xfe00 && r <= 0xfe0f, r >= 0xe0100 && r <= 0xe01ef:
		return true // variation selectors
	}
	return unicode.Is(unicode.Cf, r)
}

// symbolRuns gives the pictures of a text, which some people have as a name.
func symbolRuns(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return !unicode.Is(unicode.So, r) || r == unicode.ReplacementChar })
}

// tokenRunes bounds one index token; longer runs are cut, at both ends of the search alike.
const tokenRunes = 48

// NameTokens gives the words under which a name is indexed for prefix search, without repetition, in a stable order: its
// folded words; a hyphenated or apostrophised word also in its parts and joined; a word with an umlaut also in the
// two-letter spelling and the reverse (Köhler: kohler, koehler; Koehler: koehler, kohler); a run of Han, kana or Hangul
// also as every suffix of it, so that a prefix search finds any part; symbols as they are.
// What somebody typed to search goes through QueryTokens instead.
func NameTokens(s string) []string {
	var out []string
	add := func(w string) {
		if w = cutRunes(w, tokenRunes); w != "" && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	for _, chunk := range strings.FieldsFunc(s, isWordGap) {
		words := foldedWords(chunk)
		for _, w := range words {
			add(w)
		}
		if len(words) > 1 && hasJoint(chunk) {
			add(strings.Join(words, ""))
		}
		if len(words) > 0 && strings.ContainsFunc(chunk, isApostrophe) {
			for part := range strings.FieldsFuncSeq(chunk, isApostrophe) {
				if w := FoldName(part); utf8.RuneCountInString(w) > 1 && !strings.Contains(w, " ") {
					add(w)
				}
			}
		}
		for _, variant := range digraphs(chunk) {
			for _, w := range foldedWords(variant) {
				add(w)
			}
		}
		for _, w := range words {
			if first, _ := utf8.DecodeRuneInString(w); isEastAsian(first) {
				for i := range w {
					add(w[i:])
				}
			}
		}
	}
	for _, sym := range symbolRuns(s) {
		add(sym)
	}
	return out
}

// QueryTokens gives the words to look for among NameTokens: each must be the beginning of some token.
func QueryTokens(s string) []string {
	words := foldedWords(s)
	for i, w := range words {
		words[i] = cutRunes(w, tokenRunes)
	}
	return words
}

func isWordGap(r rune) bool {
	return unicode.IsSpace(r) || r == ',' || r == ';' || r == '/' || r == '，' || r == '、'
}

// hasJoint: a hyphen inside a word that people also write together (Xiao-Ming, Jean-Luc).
func hasJoint(s string) bool { return strings.ContainsAny(s, "-‐‑–") }

// foldedWords folds and splits, also where an East Asian script meets another without a space.
func foldedWords(s string) []string {
	var out []string
	for w := range strings.FieldsSeq(FoldName(s)) {
		start, east := 0, false
		for i, r := range w {
			if unicode.IsMark(r) {
				continue
			}
			if e := isEastAsian(r); i == 0 {
				east = e
			} else if e != east {
				out = append(out, w[start:i])
				start, east = i, e
			}
		}
		out = append(out, w[start:])
	}
	return out
}

var toDigraph = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "å", "aa", "ø", "oe", "Ä", "Ae", "Ö", "Oe", "Ü", "Ue", "Å", "Aa", "Ø", "Oe")
var fromDigraph = strings.NewReplacer("ae", "a", "oe", "o", "ue", "u")

// digraphs gives the other spelling of words with an umlaut; none for most words.
func digraphs(word string) []string {
	var out []string
	composed := norm.NFC.String(word)
	if d := toDigraph.Replace(composed); d != composed {
		out = append(out, d)
	}
	if f := FoldName(word); strings.Contains(f, "ae") || strings.Contains(f, "oe") || strings.Contains(f, "ue") {
		out = append(out, fromDigraph.Replace(f))
	}
	return out
}

func cutRunes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

func isHan(r rune) bool { return unicode.Is(unicode.Han, r) }
func isKana(r rune) bool {
	return unicode.Is(unicode.Hiragana, r) || unicode.Is(unicode.Katakana, r) || r == 'ー'
}
func isHangul(r rune) bool    { return unicode.Is(unicode.Hangul, r) }
func isEastAsian(r rune) bool { return r >= 0x1100 && (isHan(r) || isKana(r) || isHangul(r)) }

// Name is a person's name in its parts, as written. A name of one part has only Given, except after a title that goes
// with surnames ("Herr Müller") or where the part is known to be a surname ("欧阳").
type Name struct {
	Prefix, Given, Middle, Family, Suffix, Nickname string
}

// IsZero reports whether nothing was found.
func (n Name) IsZero() bool { return n == Name{} }

// String writes the name in the order of its script: family first in Han, kana and Hangul, else given first.
func (n Name) String() string {
	if isEastAsianText(n.Family+n.Given) && n.Middle == "" {
		full := n.Family + n.Given
		if strings.ContainsFunc(full, isHangul) || !strings.ContainsFunc(n.Prefix, isEastAsian) {
			return joinWords(n.Prefix, full, n.Suffix)
		}
		return full + n.Prefix + n.Suffix
	}
	s := joinWords(n.Prefix, n.Given, n.Middle, n.Family)
	if n.Suffix != "" {
		s = strings.TrimPrefix(s+", "+n.Suffix, ", ")
	}
	return s
}

func isEastAsianText(s string) bool {
	if s == "" {
		return false
	}
	for _, r := range s {
		if !isEastAsian(r) && !unicode.IsMark(r) && r != ' ' {
			return false
		}
	}
	return true
}

func joinWords(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), " ")
}

// Initials gives at most two capital letters, as on a badge: "JK" for Jana van der Köhler (given and family), the family's
// first character for a Han name, "" for no name.
func Initials(n Name) string {
	if isEastAsianText(n.Family + n.Given) {
		return firstLetter(n.Family + n.Given)
	}
	family := strings.Fields(n.Family)
	for len(family) > 1 && particles[wordKey(family[0])] {
		family = family[1:]
	}
	given := n.Given
	if given == "" {
		given = n.Nickname
	}
	return firstLetter(given) + firstLetter(strings.Join(family, " "))
}

func firstLetter(s string) string {
	for _, r := range s {
		if unicode.IsLetter(r) || unicode.IsNumber(r) {
			return strings.ToUpper(string(r))
		}
	}
	return ""
}

// SameName reports whether two names are the same after folding, also where one of them has family and given name in the
// other order, or is written together (Xiao Ming, Xiaoming). Titles and nicknames do not count; Jr. and Sr. do where both
// have one. It says nothing of one person: many share a name. It is symmetric, and false for empty names.
func SameName(a, b Name) bool {
	ka, kb := nameKeys(a), nameKeys(b)
	if ka[0] == "" || kb[0] == "" {
		return false
	}
	if ga, gb := generation(a.Suffix), generation(b.Suffix); ga != "" && gb != "" && ga != gb {
		return false
	}
	return ka[0] == kb[0] || ka[0] == kb[1] || ka[1] == kb[0] || ka[1] == kb[1]
}

// nameKeys folds a name in its two orders.
func nameKeys(n Name) [2]string {
	given, family := squeeze(FoldName(joinWords(n.Given, n.Middle))), squeeze(FoldName(n.Family))
	return [2]string{given + family, family + given}
}

func squeeze(s string) string { return strings.ReplaceAll(s, " ", "") }

func generation(suffix string) string {
	for w := range strings.FieldsFuncSeq(suffix, isWordGap) {
		if key := wordKey(w); generations[key] != "" {
			return generations[key]
		}
	}
	return ""
}
