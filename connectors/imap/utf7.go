package imap

import (
	"encoding/base64"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// mailboxBase64 is the base64 of names of mailboxes (RFC 3501, section 5.1.3).
var mailboxBase64 = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,").WithPadding(base64.NoPadding)

// decodeName reads the name of a folder: modified UTF-7, or UTF-8 as newer servers have it. What
// cannot be read stays as it is.
func decodeName(name string) string {
	if !utf8.ValidString(name) {
		return strings.ToValidUTF8(name, "\uFFFD")
	}
	var b strings.Builder
	for rest := name; rest != ""; {
		i := strings.IndexByte(rest, '&')
		if i < 0 {
			b.WriteString(rest)
			break
		}
		b.WriteString(rest[:i])
		code, after, ok := strings.Cut(rest[i+1:], "-")
		if !ok {
			return name
		}
		rest = after
		if code == "" {
			b.WriteByte('&')
			continue
		}
		raw, err := mailboxBase64.DecodeString(code)
		if err != nil || len(raw)%2 != 0 {
			return name
		}
		units := make([]uint16, 0, len(raw)/2)
		for j := 0; j < len(raw); j += 2 {
			units = append(units, uint16(raw[j])<<8|uint16(raw[j+1]))
		}
		b.WriteString(string(utf16.Decode(units)))
	}
	return b.String()
}

// encodeName writes the name of a folder as servers without UTF-8 have it.
func encodeName(name string) string {
	var b strings.Builder
	var units []uint16
	flush := func() {
		if len(units) == 0 {
			return
		}
		raw := make([]byte, 0, 2*len(units))
		for _, u := range units {
			raw = append(raw, byte(u>>8), byte(u))
		}
		b.WriteString("&" + mailboxBase64.EncodeToString(raw) + "-")
		units = units[:0]
	}
	for _, r := range name {
		if r < ' ' || r > '~' {
			units = utf16.AppendRune(units, r)
			continue
		}
		flush()
		if r == '&' {
			b.WriteByte('&')
			r = '-'
		}
		b.WriteRune(r)
	}
	flush()
	return b.String()
}
