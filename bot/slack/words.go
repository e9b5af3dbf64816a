package slack

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ownMention is a mention that we write: of a user or a channel by id, never by a name that
// customers' data could bring.
var ownMention = regexp.MustCompile(`^<(@[UW][A-Z0-9]+|#[CG][A-Z0-9]+)>`)

// escaper makes text safe for Slack, which reads mentions and links in <...> and entities in &...;.
var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

func escape(s string) string { return escaper.Replace(s) }

var breaks = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n", "\u0085", "\n", "\v", "\n", "\f", "\n", "\t", " ")

// clean takes out of customers' data what is not read but steers what is: controls, and those that
// turn the direction of writing around.
func clean(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case unicode.IsControl(r), r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069, r >= 0xFFF9 && r <= 0xFFFB,
			r == 0x00AD, r == 0xFEFF, r == 0x200B, r == 0x2060, r == 0x180E, r == 0x061C, r == 0x200E, r == 0x200F,
			unicode.Is(unicode.Noncharacter_Code_Point, r):
			return -1
		}
		return r
	}, breaks.Replace(s))
	lines := strings.Split(s, "\n")
	kept := lines[:0]
	for _, l := range lines {
		if l = strings.TrimRightFunc(l, unicode.IsSpace); l != "" || len(kept) > 0 && kept[len(kept)-1] != "" {
			kept = append(kept, l)
		}
	}
	return strings.TrimFunc(strings.Join(kept, "\n"), unicode.IsSpace)
}

// oneLine is clean on one line.
func oneLine(s string) string { return strings.Join(strings.Fields(clean(s)), " ") }

// rightToLeft says whether a text has letters that are written from right to left.
func rightToLeft(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		return r >= 0x0590 && r <= 0x08FF || r >= 0xFB1D && r <= 0xFDFF || r >= 0xFE70 && r <= 0xFEFE ||
			r >= 0x10800 && r <= 0x10FFF || r >= 0x1E800 && r <= 0x1EFFF
	})
}

// isolate keeps text that is written from right to left from turning the rest of its line around.
func isolate(s string) string {
	if !rightToLeft(s) || strings.Contains(s, "\n") {
		return s
	}
	return "\u2068" + s + "\u2069"
}

// cut shortens a text to so many characters.
func cut(s string, most int) string {
	if size(s) <= most {
		return s
	}
	n := 0
	for i, r := range s {
		if n += size(string(r)); n > most-1 {
			return strings.TrimRightFunc(s[:i], unicode.IsSpace) + "…"
		}
	}
	return s
}

// divide gives a text in parts that have at most so many characters once escaped, at the ends
// of lines or words where there are any.
func divide(s string, most int) []string {
	var out []string
	for size(escape(s)) > most {
		n, at, soft := 0, 0, 0
		for i, r := range s {
			w := size(escape(string(r)))
			if n+w > most {
				break
			}
			n, at = n+w, i+utf8.RuneLen(r)
			if r == '\n' || unicode.IsSpace(r) && soft*2 < at {
				soft = at
			}
		}
		if soft*2 > at {
			at = soft
		}
		if part := strings.TrimFunc(s[:at], unicode.IsSpace); part != "" {
			out = append(out, part)
		}
		s = strings.TrimLeftFunc(s[at:], unicode.IsSpace)
	}
	if s != "" {
		out = append(out, s)
	}
	return out
}
