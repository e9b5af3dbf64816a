package smtp

import (
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// senderOf reads a name and an address as a person types them.
func senderOf(s string) (mail.Address, error) {
	if err := line("it", s, longestLine); err != nil {
		return mail.Address{}, err
	}
	name, address := "", s
	if i := strings.LastIndexByte(s, '<'); i >= 0 && strings.HasSuffix(s, ">") {
		name, address = strings.TrimSpace(s[:i]), s[i+1:len(s)-1]
		if len(name) > 1 && name[0] == '"' && name[len(name)-1] == '"' {
			name = strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(name[1 : len(name)-1])
		}
	}
	address, err := wireAddress(strings.TrimSpace(address))
	return mail.Address{Name: name, Address: address}, err
}

// wireAddress gives one address as it goes over the wire: the domain of an international one as its
// ASCII form (RFC 5891), the part before the @ as it stands. Nothing else than one address passes.
func wireAddress(s string) (string, error) {
	at := strings.LastIndexByte(s, '@')
	if at < 0 {
		return "", errors.New("it has no @")
	}
	local, domain := s[:at], s[at+1:]
	switch {
	case !utf8.ValidString(s):
		return "", errors.New("it is no text in UTF-8")
	case local == "" || len(local) > 64:
		return "", errors.New("what stands before the @ is empty or longer than 64 bytes")
	case strings.ContainsFunc(local, func(r rune) bool { return !inLocal(r) }):
		return "", errors.New("what stands before the @ has characters that no address has, or it is more than one address")
	}
	ascii, err := idna.Lookup.ToASCII(domain)
	if err != nil || ascii == "" || len(ascii) > 253 || slices.Contains(strings.Split(ascii, "."), "") || !strings.Contains(ascii, ".") && ascii != "localhost" {
		return "", errors.New("what stands behind the @ is no domain")
	}
	return local + "@" + ascii, nil
}

// inLocal says whether a character may stand before the @ without quotes (RFC 5321, RFC 6531).
func inLocal(r rune) bool {
	if r >= utf8.RuneSelf {
		return r != utf8.RuneError && unicode.IsGraphic(r) && !unicode.IsSpace(r)
	}
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("!#$%&'*+-/=?^_`{|}~.", r)
}

// needsUTF8 says whether an address cannot go over a wire that knows ASCII alone.
func needsUTF8(address string) bool {
	return strings.ContainsFunc(address, func(r rune) bool { return r >= utf8.RuneSelf })
}

// path is an address as commands have it, quoted where it must be: "a..b"@example.com.
func path(address string) string { return (&mail.Address{Address: address}).String() }

// wireURL gives an address of the web in ASCII, without anything that would end it in a header. Only
// https is one.
func wireURL(s string) (string, error) {
	if !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || unicode.IsSpace(r) || strings.ContainsRune(`<>"\`, r)
	}) {
		return "", errors.New("it has spaces, brackets or line breaks in it")
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
		return "", errors.New("it is no address that begins with https://")
	}
	host, err := idna.Lookup.ToASCII(u.Hostname())
	if err != nil {
		return "", errors.New("its domain is none")
	}
	if port := u.Port(); port != "" {
		host += ":" + port
	}
	u.Host, u.Fragment = host, ""
	var query strings.Builder
	for _, b := range []byte(u.RawQuery) {
		if b < utf8.RuneSelf {
			query.WriteByte(b)
		} else {
			fmt.Fprintf(&query, "%%%02X", b)
		}
	}
	u.RawQuery = query.String()
	if s = u.String(); len(s) > longestWord {
		return "", errors.New("it is too long for a header")
	}
	return s, nil
}
