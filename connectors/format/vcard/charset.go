package vcard

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"

	"github.com/keptcrm/kept/connectors/format/table"
)

// Decoded is the Encoding of text that was brought to UTF-8 whatever it was before: what its CHARSET
// parameters say holds for quoted-printable alone.
const Decoded = "text"

// isUnicode reports whether all bytes of a source are known to be Unicode.
func isUnicode(name string) bool { return name == Decoded || isWide(name) }

func isWide(name string) bool { return name == table.UTF16LE || name == table.UTF16BE }

func unit(b []byte, name string) int {
	if name == table.UTF16LE {
		return int(b[0]) | int(b[1])<<8
	}
	return int(b[0])<<8 | int(b[1])
}

// widen gives UTF-16 as UTF-8, in which a lone surrogate has three bytes of its own, so that narrow
// gives the same bytes back; other encodings as they are. An odd byte at the end is left out.
func widen(raw []byte, name string) []byte {
	if !isWide(name) {
		return raw
	}
	out := make([]byte, 0, len(raw))
	for i := 0; i+1 < len(raw); i += 2 {
		u := unit(raw[i:], name)
		if u&0xFC00 == 0xD800 && i+3 < len(raw) {
			if low := unit(raw[i+2:], name); low&0xFC00 == 0xDC00 {
				out = utf8.AppendRune(out, rune(u&0x3FF<<10|low&0x3FF)+0x10000)
				i += 2
				continue
			}
		}
		if u&0xF800 == 0xD800 {
			out = append(out, 0xED, 0x80|byte(u>>6&0x3F), 0x80|byte(u&0x3F))
			continue
		}
		out = utf8.AppendRune(out, rune(u))
	}
	return out
}

// narrow is the opposite of widen.
func narrow(text []byte, name string) []byte {
	if !isWide(name) {
		return text
	}
	out := make([]byte, 0, 2*len(text))
	put := func(u int) {
		if name == table.UTF16LE {
			out = append(out, byte(u), byte(u>>8))
		} else {
			out = append(out, byte(u>>8), byte(u))
		}
	}
	for i := 0; i < len(text); {
		if text[i] == 0xED && i+2 < len(text) && text[i+1] >= 0xA0 {
			put(0xD000 | int(text[i+1]&0x3F)<<6 | int(text[i+2]&0x3F))
			i += 3
			continue
		}
		c, n := utf8.DecodeRune(text[i:])
		if i += n; c >= 0x10000 {
			put(0xD800 | int(c-0x10000)>>10)
			put(0xDC00 | int(c-0x10000)&0x3FF)
		} else {
			put(int(c))
		}
	}
	return out
}

var charsets = map[string]string{
	"cp936": "gbk", "ms936": "gbk", "gb_2312-80": "gbk", "cp1252": "windows-1252", "ansi": "windows-1252", "latin1": "windows-1252", "iso8859-1": "windows-1252",
	"sjis": "shift_jis", "cp932": "shift_jis", "ms932": "shift_jis", "utf8": "utf-8", "cp949": "euc-kr", "cp950": "big5",
}

// charset finds an encoding by a CHARSET parameter; nil for UTF-8 and for names that nobody knows.
func charset(name string) encoding.Encoding {
	name = strings.ToLower(strings.TrimSpace(name))
	if to, ok := charsets[name]; ok {
		name = to
	}
	switch name {
	case "", "utf-8", "utf-7", "us-ascii", "ascii":
		return nil
	}
	e, err := htmlindex.Get(name)
	if err != nil {
		return nil
	}
	return e
}

// decodeText decodes the bytes of one value. declared is its CHARSET parameter, whole the encoding of the
// source. damaged reports bytes that are no text at all; they are U+FFFD.
func decodeText(b []byte, declared, whole string) (s string, damaged bool) {
	ascii := true
	for _, x := range b {
		if x >= utf8.RuneSelf || x == 0x1B { // ISO-2022-JP begins with an escape
			ascii = false
			break
		}
	}
	if ascii {
		return string(b), false
	}
	valid := utf8.Valid(b)
	e := charset(declared)
	switch {
	case isUnicode(whole) && valid:
		return string(b), false
	case e != nil && valid && isOneByte(e) && !isASCII(b):
		return string(b), false // says Latin-1, is UTF-8: nobody is called "KÃ¶hler"
	case e == nil && valid && (declared != "" || whole != table.GB18030 || !onlyPairs(b)):
		return string(b), false
	case isUnicode(whole):
		return strings.ToValidUTF8(string(b), "\uFFFD"), true
	case e == nil:
		if whole == table.UTF8 || whole == "" {
			whole = guess(b)
		}
		e = charset(whole)
	}
	out, err := e.NewDecoder().Bytes(b)
	if err == nil && !bytes.ContainsRune(out, utf8.RuneError) {
		return string(out), false
	}
	if valid {
		return string(b), false
	}
	return strings.ToValidUTF8(string(out), "\uFFFD"), true
}

func isASCII(b []byte) bool {
	for _, x := range b {
		if x >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func isOneByte(e encoding.Encoding) bool {
	name, err := htmlindex.Name(e)
	return err == nil && (strings.HasPrefix(name, "iso-8859") || strings.HasPrefix(name, "windows-12") || name == "macintosh")
}

// onlyPairs reports whether all characters of valid UTF-8 that are not ASCII have two bytes: a word
// of GB18030 can be that by chance, yet none of longer ones.
func onlyPairs(b []byte) bool {
	for len(b) > 0 {
		_, n := utf8.DecodeRune(b)
		if n > 2 {
			return false
		}
		b = b[n:]
	}
	return true
}

// guess says whether bytes that are not UTF-8 are rather Chinese or Western.
func guess(b []byte) string {
	common, all := 0, 0
	for i := 0; i < len(b); i++ {
		if b[i] < 0x80 {
			continue
		}
		if i+1 >= len(b) || b[i+1] < 0x40 {
			return table.Windows1252
		}
		all++
		if lead, trail := b[i], b[i+1]; trail >= 0xA1 && (lead >= 0xB0 && lead <= 0xD7 || lead >= 0xA1 && lead <= 0xA3) {
			common++
		}
		i++
	}
	if common*2 >= all {
		return table.GB18030
	}
	return table.Windows1252
}
