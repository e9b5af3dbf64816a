package identity

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"
)

// ErrEmail is what NormalizeEmail returns, alone or wrapped, for text that is no e-mail address.
var ErrEmail = errors.New("not an e-mail address")

// Longest local part and longest whole address that SMTP carries, in bytes (RFC 5321 4.5.3.1 and erratum 1690).
const (
	maxEmailLocal = 64
	maxEmail      = 254
)

// Email is one normalised address.
type Email struct {
	// Shown is the address as it was given, without wrapping ("Jana <...>", "mailto:") and in lower case.
	// Normalising Shown again gives the same Email.
	Shown string
	// Match is equal for two spellings of one mailbox: the domain in ASCII (IDNA), and without the parts that
	// this very provider is documented to ignore. It is a key, never something to write to.
	Match string
	// Local and Domain are the two halves of Shown; Domain is in ASCII.
	Local, Domain string
}

// emailIDNA maps and checks as a browser's address bar would (UTS 46), because that is how people met the domain.
var emailIDNA = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.Transitional(false), idna.StrictDomainName(true))

// NormalizeEmail reads one address, also inside "Jana Köhler <jana@example.org>" or "mailto:jana@example.org?subject=x".
//
// What SMTP (RFC 5321) can carry is accepted, with UTF-8 local parts (RFC 6531), quoted local parts and address literals.
// Comments and folding white space, which are legal only inside message headers, are refused, and so is any line break:
// callers trim their cells. The error wraps ErrEmail and says what is wrong.
func NormalizeEmail(raw string) (Email, error) {
	s, err := unwrapEmail(raw)
	if err != nil {
		return Email{}, err
	}
	// width.Fold turns the full-width ＠ and letters of East Asian keyboards into their plain forms.
	s = norm.NFC.String(strings.ToLower(norm.NFC.String(width.Fold.String(s))))

	at := strings.LastIndexByte(s, '@')
	switch {
	case at < 0:
		return Email{}, emailError("it has no @")
	case at == 0:
		return Email{}, emailError("nothing stands before the @")
	}
	local, domain := s[:at], s[at+1:]
	if err := checkLocal(local); err != nil {
		return Email{}, err
	}
	ascii, err := asciiDomain(domain)
	if err != nil {
		return Email{}, err
	}
	if len(local)+1+len(ascii) > maxEmail || len(s) > 2*maxEmail {
		return Email{}, emailError("it is too long")
	}
	return Email{Shown: s, Match: matchKey(local, ascii), Local: local, Domain: ascii}, nil
}

type emailProblem string

func emailError(why string) error    { return emailProblem(why) }
func (p emailProblem) Error() string { return "not an e-mail address: " + string(p) }
func (p emailProblem) Unwrap() error { return ErrEmail }
func isEmailSpace(r rune) bool {
	return r == '\u200b' || r == '\ufeff' || r == '\u2060' || unicode.IsSpace(r)
}
func isBidiMark(r rune) bool { return r == '\u200e' || r == '\u200f' || r >= '\u202a' && r <= '\u202e' }
func trimEmail(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return isEmailSpace(r) || isBidiMark(r) })
}
func hasPrefixFold(s, pre string) bool {
	return len(s) >= len(pre) && strings.EqualFold(s[:len(pre)], pre)
}

// unwrapEmail takes the bare address out of what exports and mail programs put around it.
func unwrapEmail(raw string) (string, error) {
	if strings.ContainsAny(raw, "\r\n\x00") {
		return "", emailError("it contains a line break")
	}
	if !utf8.ValidString(raw) {
		return "", emailError("it is not valid text (UTF-8)")
	}
	s := trimEmail(raw)
	if strings.HasSuffix(s, ">") {
		open := strings.LastIndexByte(s, '<')
		if open < 0 {
			return "", emailError("it has a > without a <")
		}
		s = trimEmail(s[open+1 : len(s)-1])
	}
	if hasPrefixFold(s, "mailto:") {
		s = s[len("mailto:"):]
		s, _, _ = strings.Cut(s, "?")
		if plain, err := url.PathUnescape(s); err == nil && utf8.ValidString(plain) {
			s = plain
		}
		s = trimEmail(s)
		if strings.ContainsAny(s, "\r\n\x00") {
			return "", emailError("it contains a line break")
		}
	}
	// Spreadsheets keep a leading apostrophe as "this is text", Outlook puts addresses between two of them. An address
	// that truly begins with one is legal, and nobody has it.
	s = strings.TrimSuffix(strings.TrimLeft(s, "'’"), "'")
	// Lists that were cut at the wrong place leave their separator behind.
	s = trimEmail(strings.TrimRight(s, ",;"))
	if s == "" {
		return "", emailError("it is empty")
	}
	return s, nil
}

func checkLocal(local string) error {
	if len(local) > maxEmailLocal {
		return emailError("the part before the @ is too long")
	}
	if local[0] == '"' {
		return checkQuoted(local)
	}
	if local[0] == '.' || local[len(local)-1] == '.' || strings.Contains(local, "..") {
		return emailError("a dot stands where none may stand")
	}
	for _, r := range local {
		if r == '.' || isAtext(r) {
			continue
		}
		return emailError("it contains " + quoteRune(r))
	}
	return nil
}

// isAtext: the characters of RFC 5322 3.2.3, and for RFC 6531 anything above ASCII that is visible.
func isAtext(r rune) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
		return true
	case r < utf8.RuneSelf:
		return strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r)
	}
	return unicode.IsGraphic(r) && !unicode.IsSpace(r)
}

func checkQuoted(local string) error {
	if len(local) < 3 || local[len(local)-1] != '"' {
		return emailError("a quotation mark is not closed")
	}
	inner := local[1 : len(local)-1]
	for i := 0; i < len(inner); {
		r, n := utf8.DecodeRuneInString(inner[i:])
		switch {
		case r == '\\':
			if i+1 >= len(inner) || inner[i+1] < ' ' || inner[i+1] > '~' {
				return emailError("a backslash stands before a character that it cannot protect")
			}
			n = 2
		case r == '"':
			return emailError("a quotation mark stands in the middle")
		case r < ' ' || r == 0x7f || r >= utf8.RuneSelf && !unicode.IsGraphic(r):
			return emailError("it contains " + quoteRune(r))
		}
		i += n
	}
	return nil
}

func asciiDomain(domain string) (string, error) {
	if domain == "" {
		return "", emailError("nothing stands after the @")
	}
	if domain[0] == '[' {
		return addressLiteral(domain)
	}
	ascii := domain
	for i := 0; i < len(domain); i++ {
		if domain[i] >= utf8.RuneSelf {
			mapped, err := emailIDNA.ToASCII(domain)
			if err != nil {
				return "", emailError("the domain " + domain + " cannot exist")
			}
			ascii = strings.ToLower(mapped)
			break
		}
	}
	if len(ascii) > 253 {
		return "", emailError("the domain is too long")
	}
	for label := range strings.SplitSeq(ascii, ".") {
		switch {
		case label == "":
			return "", emailError("a dot stands where none may stand")
		case len(label) > 63:
			return "", emailError("a part of the domain is too long")
		case label[0] == '-' || label[len(label)-1] == '-':
			return "", emailError("a part of the domain begins or ends with a hyphen")
		}
		for _, r := range label {
			if r != '-' && (r < 'a' || r > 'z') && (r < '0' || r > '9') {
				return "", emailError("the domain contains " + quoteRune(r))
			}
		}
	}
	return ascii, nil
}

// addressLiteral accepts [192.0.2.1] and [ipv6:...], the two that RFC 5321 4.1.3 defines.
func addressLiteral(domain string) (string, error) {
	inner, ok := strings.CutSuffix(domain[1:], "]")
	if !ok {
		return "", emailError("a [ is not closed")
	}
	rest, six := strings.CutPrefix(inner, "ipv6:")
	ip, err := netip.ParseAddr(rest)
	if err != nil || ip.Zone() != "" || ip.Is4() == six {
		return "", emailError("no network address stands between [ and ]")
	}
	if six {
		return "[ipv6:" + ip.String() + "]", nil
	}
	return "[" + ip.String() + "]", nil
}

func quoteRune(r rune) string {
	switch {
	case r == ' ':
		return "a space"
	case r < ' ' || !unicode.IsGraphic(r):
		return "an invisible character"
	}
	return string(r)
}

// matchKey drops what the provider of this domain ignores when it delivers, and nothing elsewhere: at most other
// systems jana+shop@ is somebody else than jana@.
func matchKey(local, domain string) string {
	if local[0] == '"' {
		if bare := unescapeQuoted(local); isBareLocal(bare) {
			local = bare
		} else {
			return local + "@" + domain
		}
	}
	rule := mailboxRule(domain)
	if rule.dots {
		if bare := strings.ReplaceAll(local, ".", ""); bare != "" {
			local = bare
		}
	}
	if rule.plus {
		if base, _, ok := strings.Cut(local, "+"); ok && isBareLocal(base) {
			local = base
		}
	}
	if rule.same != "" {
		domain = rule.same
	}
	return local + "@" + domain
}

// isBareLocal reports whether a local part may stand without quotation marks.
func isBareLocal(s string) bool { return s != "" && s[0] != '"' && checkLocal(s) == nil }

func unescapeQuoted(local string) string {
	var b strings.Builder
	inner := local[1 : len(local)-1]
	for i := 0; i < len(inner); i++ {
		if inner[i] == '\\' && i+1 < len(inner) {
			i++
		}
		b.WriteByte(inner[i])
	}
	return b.String()
}

// RegistrableDomain is the part of a domain that somebody registered: "shop.example.co.uk" gives "example.co.uk". Unicode
// domains come back in ASCII. It is "" for public suffixes ("co.uk"), bare labels, addresses and what is no domain.
// Below suffixes that hosters share out (github.io) it names the user's part. Source: publicsuffix.org, as in x/net.
func RegistrableDomain(domain string) string {
	ascii, err := asciiDomain(strings.ToLower(strings.TrimSuffix(strings.TrimSpace(domain), ".")))
	if err != nil || ascii[0] == '[' {
		return ""
	}
	if _, err := netip.ParseAddr(ascii); err == nil {
		return ""
	}
	own, err := publicsuffix.EffectiveTLDPlusOne(ascii)
	if err != nil {
		return ""
	}
	return own
}
