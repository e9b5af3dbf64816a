package render

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"

	"github.com/keptcrm/kept/bot"
)

// columns measures text in the cells of a terminal, alike in every environment: ambiguous
// characters (…, ·, é) are narrow, as terminals in UTF-8 show them.
var columns = &runewidth.Condition{StrictEmojiNeutral: true}

func widthOf(s string) int { return columns.StringWidth(s) }

// span is text with one tone.
type span struct {
	text string
	tone bot.Tone
}

type line []span

func (l line) width() int {
	n := 0
	for _, s := range l {
		n += widthOf(s.text)
	}
	return n
}

// closers do not begin a line of Chinese text, openers do not end one.
const (
	closers = "、。，．：；！？）」』】》〉”’…—·"
	openers = "（「『【《〈“‘"
)

// pieces divides a text where a line may break: behind spaces, and between the characters of
// scripts that have none.
func pieces(s string) []string {
	var out []string
	start := 0
	prev := rune(-1)
	for i, r := range s {
		if prev >= 0 && i > start && breaks(prev, r) {
			out = append(out, s[start:i])
			start = i
		}
		prev = r
	}
	return append(out, s[start:])
}

func breaks(a, b rune) bool {
	if a == ' ' {
		return b != ' '
	}
	if b == ' ' || strings.ContainsRune(closers, b) || strings.ContainsRune(openers, a) {
		return false
	}
	return unbound(a) && b >= 0x80 || unbound(b) && a >= 0x80 || unbound(a) && b < 0x80 && b != '%' || unbound(b) && a < 0x80
}

// unbound says whether a character belongs to a script written without spaces.
func unbound(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) || strings.ContainsRune(closers[:len("、。，．：；！？")], r)
}

// wrap breaks spans into lines no wider than width; what has no place to break is cut between
// characters. A line of nothing is one line.
func wrap(spans line, width int) []line {
	var lines []line
	var current line
	used := 0
	put := func(text string, tone bot.Tone) {
		if n := len(current); n > 0 && current[n-1].tone == tone {
			current[n-1].text += text
		} else {
			current = append(current, span{text, tone})
		}
		used += widthOf(text)
	}
	next := func() {
		lines = append(lines, trimEnd(current))
		current, used = nil, 0
	}
	for _, s := range spans {
		for _, piece := range pieces(s.text) {
			if used == 0 {
				piece = strings.TrimLeft(piece, " ")
			}
			if used > 0 && used+widthOf(strings.TrimRight(piece, " ")) > width {
				next()
				piece = strings.TrimLeft(piece, " ")
			}
			for widthOf(strings.TrimRight(piece, " ")) > width {
				head := headOf(piece, width)
				put(head, s.tone)
				next()
				piece = piece[len(head):]
			}
			if piece != "" {
				if used+widthOf(piece) > width { // only its spaces stand over
					piece = strings.TrimRight(piece, " ")
				}
				put(piece, s.tone)
			}
		}
	}
	if len(current) > 0 || len(lines) == 0 {
		next()
	}
	return lines
}

// between stands between the parts of a line: what is said in one part, a command to be pasted
// above all, is broken only where it has no line of its own to fit in.
const between = " · "

// flow breaks a line like wrap, but first between its parts; what stood between is then left out.
func flow(spans line, width int) []line {
	if spans.width() <= width {
		return wrap(spans, width)
	}
	parts := []line{nil}
	for _, s := range spans {
		for i, text := range strings.Split(s.text, between) {
			if i > 0 {
				parts = append(parts, nil)
			}
			if n := len(parts) - 1; text != "" {
				parts[n] = append(parts[n], span{text, s.tone})
			}
		}
	}
	var lines []line
	var current line
	for _, part := range parts {
		joined := part
		if len(current) > 0 {
			joined = append(append(slices.Clone(current), span{between, bot.Dim}), part...)
		}
		if len(current) > 0 && joined.width() > width && part.width() <= width {
			lines = append(lines, current)
			joined = part
		}
		broken := wrap(joined, width)
		lines = append(lines, broken[:len(broken)-1]...)
		current = broken[len(broken)-1]
	}
	return append(lines, current)
}

func trimEnd(l line) line {
	for n := len(l); n > 0; n-- {
		if t := strings.TrimRight(l[n-1].text, " "); t != "" {
			l[n-1].text = t
			return l[:n]
		}
	}
	return nil
}

// headOf gives the longest beginning of a text that is no wider than width, whole characters, at
// least one.
func headOf(s string, width int) string {
	part := s
	if end := 16 * (width + 1); len(part) > end { // enough for any text but the maliciously accented
		for end > 0 && !utf8.RuneStart(part[end]) {
			end--
		}
		part = part[:end]
	}
	if head := columns.Truncate(part, width, ""); head != "" && len(head) < len(s) && strings.HasPrefix(s, head) {
		return head
	}
	_, size := utf8.DecodeRuneInString(s)
	return s[:size]
}

// cut shortens a text to a width, with … for what is missing.
func cut(s string, width int) string {
	if widthOf(s) <= width {
		return s
	}
	if width < 1 {
		return ""
	}
	if width == 1 {
		return "…"
	}
	return strings.TrimRight(headOf(s, width-1), " ") + "…"
}
