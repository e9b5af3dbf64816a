package csv

import (
	"crypto/sha256"
	"encoding/hex"
	"net/mail"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// clean takes from a cell what spreadsheets add: white space around it, and the apostrophe that
// keeps a number text ('00491234).
func clean(cell string) string {
	s := strings.TrimFunc(cell, func(c rune) bool { return unicode.IsSpace(c) || c == '\uFEFF' || c == '\u200B' })
	if len(s) > 1 && (s[0] == '\'' || strings.HasPrefix(s, "’")) {
		rest := strings.TrimPrefix(strings.TrimPrefix(s, "'"), "’")
		if rest != "" && strings.ContainsRune("0123456789+=-(@", rune(rest[0])) && !strings.HasSuffix(rest, "'") {
			return rest
		}
	}
	return s
}

// parseEmail reads one address; ok is false for what is none. The address is as given.
func parseEmail(text string) (string, bool) {
	s := strings.TrimSpace(text)
	if len(s) > 7 && strings.EqualFold(s[:7], "mailto:") {
		s = s[7:]
	}
	if strings.HasSuffix(s, ">") {
		if a, err := mail.ParseAddress(s); err == nil {
			s = a.Address
		}
	}
	local, domain, found := strings.Cut(s, "@")
	if !found || local == "" || len(s) > 320 || strings.Contains(domain, "@") {
		return "", false
	}
	if strings.ContainsFunc(s, func(c rune) bool {
		return unicode.IsSpace(c) || unicode.IsControl(c) || strings.ContainsRune(`,;:<>()[]\"`, c)
	}) {
		return "", false
	}
	if strings.HasPrefix(local, ".") || strings.HasSuffix(local, ".") || strings.Contains(local, "..") {
		return "", false
	}
	labels := strings.Split(domain, ".")
	if len(labels) < 2 {
		return "", false
	}
	for _, l := range labels {
		if l == "" || strings.HasPrefix(l, "-") || strings.HasSuffix(l, "-") || strings.ContainsFunc(l, func(c rune) bool {
			return c != '-' && !unicode.IsLetter(c) && !unicode.IsDigit(c) && !unicode.IsMark(c)
		}) {
			return "", false
		}
	}
	return s, true
}

// splitTags cuts a cell of tags. Tags may be quoted, as Mailchimp's "vip","buyers", and a comma
// inside the quotes is part of the tag.
func splitTags(cell string, sep rune) []string {
	var tags []string
	var b strings.Builder
	quoted := false
	flush := func() {
		if t := strings.TrimSpace(strings.Trim(strings.TrimSpace(b.String()), `"`)); t != "" {
			tags = append(tags, t)
		}
		b.Reset()
	}
	for i, c := range cell {
		switch {
		case c == '"':
			opens := strings.TrimSpace(b.String()) == ""
			rest := strings.TrimLeft(cell[i+1:], ` "`)
			closes := rest == "" || strings.HasPrefix(rest, string(sep))
			if !quoted && opens && strings.Contains(cell[i+1:], `"`) {
				quoted = true
			} else if quoted && closes {
				quoted = false
			}
			b.WriteRune(c)
		case (c == sep || c == '\n') && !quoted:
			flush()
		default:
			b.WriteRune(c)
		}
	}
	flush()
	return tags
}

// answer is what a yes/no cell says.
type answer int

const (
	silent answer = iota
	yes
	no
	unclear
)

var yesWords = wordSet("yes y true 1 on x ✓ ✔ ja j wahr oui o vrai si sí s verdadero 是 有 真 已订阅 订阅 subscribed opted-in optin opted_in confirmed نعم")
var noWords = wordSet("no n false 0 off - nein falsch non faux falso 否 无 没有 假 未订阅 未退订 لا")

func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(words) {
		set[w] = true
	}
	return set
}

func yesNo(text string) answer {
	s := strings.ToLower(strings.TrimSpace(text))
	switch {
	case s == "":
		return silent
	case noWords[s]:
		return no
	case yesWords[s]:
		return yes
	}
	return unclear
}

// fold makes column names comparable: lower case, one form of each character, single spaces.
func fold(name string) string {
	name = norm.NFKC.String(strings.ToLower(name))
	name = strings.Map(func(c rune) rune {
		switch c {
		case '’', '‘':
			return '\''
		case '\uFEFF', '\u200B', '*':
			return -1
		}
		return c
	}, name)
	return strings.Join(strings.Fields(name), " ")
}

// foldWords folds further, for names that nobody laid down: without accents, and with one space
// for all that is neither letter nor digit. "E-Mail_Adresse" is "e mail adresse".
func foldWords(name string) string {
	var b strings.Builder
	space := false
	for _, c := range norm.NFD.String(fold(camel(name))) {
		switch {
		case unicode.Is(unicode.Mn, c) && c < 0x0370:
		case unicode.IsLetter(c) || unicode.IsDigit(c) || unicode.IsMark(c):
			if space && b.Len() > 0 {
				b.WriteByte(' ')
			}
			space = false
			b.WriteRune(c)
		default:
			space = true
		}
	}
	return norm.NFC.String(b.String())
}

// camel puts a space into FirstName.
func camel(name string) string {
	var b strings.Builder
	lower := false
	for _, c := range name {
		if lower && unicode.IsUpper(c) {
			b.WriteByte(' ')
		}
		lower = unicode.IsLower(c)
		b.WriteRune(c)
	}
	return b.String()
}

// slug makes a custom field's name from a column's.
func slug(name string) string {
	return strings.ReplaceAll(foldWords(name), " ", "_")
}

// hashOf gives a short stable hash of parts.
func hashOf(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil)[:10])
}

// digits keeps the ASCII digits of a phone number, for comparing.
func digits(s string) string {
	return strings.Map(func(c rune) rune {
		if c >= '0' && c <= '9' {
			return c
		}
		return -1
	}, s)
}
