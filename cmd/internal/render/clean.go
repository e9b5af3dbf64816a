package render

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// sequence is a whole escape sequence of a terminal: its letters go with it. A sequence that has
// no end loses its control characters only, so that nobody hides the text behind it.
var sequence = regexp.MustCompile(`(?:\x1b\[|\x{9b})[0-?]*[ -/]*[@-~]` +
	`|(?:\x1b[\]PX^_]|[\x{90}\x{98}\x{9d}-\x{9f}])[^\x1b\x07\x{9c}\n]*(?:\x07|\x1b\\|\x{9c})` +
	`|\x1b[ -/]*[0-~]`)

// hidden says whether a character would steer the terminal or the reader's eye instead of being
// read: controls, overrides of the direction of writing, the byte order mark, and others that take
// no room or take it in some terminals only.
func hidden(r rune) bool {
	switch {
	case unicode.IsControl(r), r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069, r >= 0xFFF9 && r <= 0xFFFB:
		return true
	case r == 0x00AD, r == 0xFEFF, r == 0x200B, r == 0x2060, r == 0x180E, r == 0x061C, r == 0x200E, r == 0x200F:
		return true
	}
	return unicode.Is(unicode.Noncharacter_Code_Point, r)
}

// cleanLines makes customers' data safe to show and gives its lines.
func cleanLines(s string) []string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	if strings.ContainsFunc(s, hidden) {
		s = sequence.ReplaceAllString(s, "")
	}
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n", "\u0085", "\n", "\t", " ", "\v", "\n", "\f", "\n").Replace(s)
	s = strings.Map(func(r rune) rune {
		if r != '\n' && hidden(r) {
			return -1
		}
		return r
	}, s)
	return strings.Split(s, "\n")
}

// clean gives the same on one line.
func clean(s string) string {
	return strings.Join(strings.Fields(strings.Join(cleanLines(s), " ")), " ")
}

// Line gives a text of somebody's on one line, without what would steer the terminal.
func Line(s string) string { return clean(s) }

// rightToLeft says whether a text has letters that are written from right to left.
func rightToLeft(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		return r >= 0x0590 && r <= 0x08FF || r >= 0xFB1D && r <= 0xFDFF || r >= 0xFE70 && r <= 0xFEFE ||
			r >= 0x10800 && r <= 0x10FFF || r >= 0x1E800 && r <= 0x1EFFF
	})
}
