package mail

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
)

// lookup finds a charset by any of its names; nil where it is unknown or says nothing ("us-ascii",
// "unknown-8bit"), and for UTF-8.
func lookup(name string) (enc encoding.Encoding, known bool) {
	name = strings.ToLower(strings.Trim(strings.TrimSpace(name), `"' ;`))
	name = strings.TrimPrefix(name, "charset=")
	name, _, _ = strings.Cut(name, "*")
	switch name {
	case "", "us-ascii", "ascii", "ansi_x3.4-1968", "ansi", "646", "unknown-8bit", "x-unknown", "unknown", "default", "default_charset", "binary", "8bit", "7bit", "none", "x-user-defined":
		return nil, true
	case "utf-8", "utf8", "utf8mb4", "unicode-1-1-utf-8", "utf-8-mac", "x-utf-8":
		return nil, true
	case "gb2312", "gbk", "gb18030", "cp936", "ms936", "x-gbk", "gb_2312-80", "euc-cn", "x-euc-cn", "chinesegb", "gb2312_charset", "csgb2312", "936":
		return simplifiedchinese.GB18030, true // a superset of the others
	case "hz-gb-2312", "hz":
		return simplifiedchinese.HZGB2312, true
	case "big5", "big-5", "cp950", "x-x-big5", "big5-hkscs", "950":
		return traditionalchinese.Big5, true
	case "latin-1", "latin 1", "iso8859_1", "iso-8859-1", "iso_8859-1", "iso-latin-1", "cp1252":
		return charmap.Windows1252, true
	case "utf-16", "utf16", "ucs-2":
		return unicode.UTF16(unicode.BigEndian, unicode.UseBOM), true
	case "iso-8859-8-i", "iso-8859-8-e":
		return charmap.ISO8859_8, true
	}
	if strings.HasPrefix(name, "cp125") {
		name = "windows-" + name[2:]
	}
	if enc, err := htmlindex.Get(name); err == nil && enc != encoding.Replacement {
		return enc, true
	}
	if enc, err := ianaindex.MIME.Encoding(name); err == nil && enc != nil {
		return enc, true
	}
	return nil, false
}

// Text decodes bytes that are said to be of a charset, and believes the bytes where they say
// otherwise. The result is valid UTF-8.
func Text(b []byte, charset string) string {
	s, _ := decodeText(b, charset)
	return s
}

// decodeText also says how sure it is: whether the charset was known, or needed none.
func decodeText(b []byte, charset string) (s string, sure bool) {
	b = bytes.TrimPrefix(b, []byte("\xEF\xBB\xBF"))
	enc, known := lookup(charset)
	if isASCII(b) {
		if enc == nil || enc == simplifiedchinese.GB18030 || enc == traditionalchinese.Big5 || bytes.IndexByte(b, 0x1B) < 0 && bytes.IndexByte(b, '~') < 0 && bytes.IndexByte(b, 0) < 0 {
			return string(b), true
		}
	}
	if utf8.Valid(b) && (enc == nil || isUTF8(b, enc)) {
		return string(b), true
	}
	if len(b) > 1 && (b[0] == 0xFF && b[1] == 0xFE || b[0] == 0xFE && b[1] == 0xFF) {
		enc = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	}
	if enc != nil {
		if out, err := enc.NewDecoder().Bytes(b); err == nil {
			return strings.ToValidUTF8(string(out), "\uFFFD"), true
		}
	}
	if mostlyUTF8(b) {
		return strings.ToValidUTF8(string(b), "\uFFFD"), true
	}
	out, err := guess(b).NewDecoder().Bytes(b)
	if err != nil {
		return strings.ToValidUTF8(string(b), "\uFFFD"), false
	}
	return strings.ToValidUTF8(string(out), "\uFFFD"), known
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

// isUTF8 says whether bytes that are valid UTF-8 are that, though another charset is named: text of
// three bytes a character never is anything else; two bytes may be one Chinese character.
func isUTF8(b []byte, enc encoding.Encoding) bool {
	switch enc.(type) {
	case *charmap.Charmap:
		return !isASCII(b)
	}
	if enc != simplifiedchinese.GB18030 && enc != traditionalchinese.Big5 {
		return false
	}
	two, more := 0, 0
	for i := 0; i < len(b); {
		_, n := utf8.DecodeRune(b[i:])
		switch {
		case n == 2:
			two++
		case n > 2:
			more++
		}
		i += n
	}
	return more > two
}

// mostlyUTF8 says whether text is UTF-8 that was cut or damaged in a few places.
func mostlyUTF8(b []byte) bool {
	for i := 1; i < utf8.UTFMax && i < len(b); i++ { // a cut through the last character
		if start := b[len(b)-i:]; utf8.RuneStart(start[0]) {
			if start[0] >= 0xC0 && !utf8.FullRune(start) && utf8.Valid(b[:len(b)-i]) && !isASCII(b[:len(b)-i]) {
				return true
			}
			break
		}
	}
	good, bad := 0, 0
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			bad++
		} else {
			good++
		}
		i += n
	}
	return good > 4*bad
}

// guess names the likeliest charset of text that is no UTF-8, by which bytes stand beside each
// other: the common characters of Chinese have a small range of first bytes, Cyrillic words are runs
// of high bytes, and Western ones have single high bytes among letters.
func guess(b []byte) encoding.Encoding {
	if len(b) > 64<<10 {
		b = b[:64<<10]
	}
	var gb, big5, pairs, high, runs, koi, win int
	for i := 0; i < len(b); i++ {
		c := b[i]
		if c < 0x80 {
			continue
		}
		high++
		if i > 0 && b[i-1] >= 0xC0 && c >= 0xC0 {
			runs++
		}
		switch {
		case c >= 0xE0:
			win++
		case c >= 0xC0:
			koi++
		}
	}
	for i := 0; i+1 < len(b); i++ {
		c, t := b[i], b[i+1]
		if c < 0x81 {
			continue
		}
		pairs++
		switch {
		case (c >= 0xB0 && c <= 0xD7 || c == 0xA1 || c == 0xA3) && t >= 0xA1:
			gb++
		case c >= 0xA4 && c <= 0xC6 && t >= 0x40 && t < 0x7F:
			big5++
		}
		i++
	}
	switch {
	case pairs > 0 && big5*4 > pairs && (gb+big5)*10 >= pairs*7 && valid(traditionalchinese.Big5, b):
		return traditionalchinese.Big5
	case pairs > 0 && gb*10 >= pairs*6 && (gb > 1 || high > 1) && valid(simplifiedchinese.GB18030, b) && !(runs*10 >= high*6 && vowels(b, win > koi)):
		return simplifiedchinese.GB18030
	case high > 3 && runs*10 >= high*5:
		if koi > win {
			return charmap.KOI8R
		}
		return charmap.Windows1251
	}
	return charmap.Windows1252
}

// vowels says whether high bytes read as Cyrillic have the vowels that any text has, and few of the
// capitals that stray bytes make.
func vowels(b []byte, win bool) bool {
	enc := charmap.KOI8R
	if win {
		enc = charmap.Windows1251
	}
	letters, vowel, capital := 0, 0, 0
	for _, c := range b {
		if c < 0x80 {
			continue
		}
		switch r := enc.DecodeByte(c); {
		case strings.ContainsRune("оеаинтсрвл", r):
			vowel++
			letters++
		case r >= 'а' && r <= 'я':
			letters++
		default:
			capital++
		}
	}
	return letters > 4 && vowel*2 > letters && capital*4 < letters
}

func valid(enc encoding.Encoding, b []byte) bool {
	out, err := enc.NewDecoder().Bytes(b)
	return err == nil && strings.Count(string(out), "\uFFFD") <= 1+len(b)/500
}
