package table

import (
	"bufio"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

// Names of encodings.
const (
	UTF8        = "UTF-8"
	UTF16LE     = "UTF-16LE"
	UTF16BE     = "UTF-16BE"
	GB18030     = "GB18030"
	Windows1252 = "Windows-1252"
)

// codec knows how to walk over the bytes of an encoding without decoding them: all that a table
// is made of (delimiters, quotes, line ends) is ASCII, which each of the encodings shows as such,
// if one steps over the others in whole characters.
type codec struct {
	name string
	dec  *encoding.Decoder // nil for UTF-8
}

func newCodec(name string) codec {
	c := codec{name: name}
	switch name {
	case UTF16LE:
		c.dec = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewDecoder()
	case UTF16BE:
		c.dec = unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewDecoder()
	case GB18030:
		c.dec = simplifiedchinese.GB18030.NewDecoder()
	case Windows1252:
		c.dec = charmap.Windows1252.NewDecoder()
	}
	return c
}

// other is the code that unit gives for anything that is not ASCII.
const other = 0x100

// unit gives the character at the start of b as an ASCII code, or other, and its width in bytes.
// b is not empty.
func (c *codec) unit(b []byte) (code, width int) {
	switch c.name {
	case UTF16LE:
		if len(b) < 2 {
			return other, 1
		}
		if b[1] == 0 && b[0] < 0x80 {
			return int(b[0]), 2
		}
		return other, 2
	case UTF16BE:
		if len(b) < 2 {
			return other, 1
		}
		if b[0] == 0 && b[1] < 0x80 {
			return int(b[1]), 2
		}
		return other, 2
	case GB18030:
		if b[0] < 0x80 {
			return int(b[0]), 1
		}
		return other, gbWidth(b)
	}
	if b[0] < 0x80 {
		return int(b[0]), 1
	}
	return other, 1
}

// gbWidth is the width of the GB18030 character at the start of b, whose first byte is not ASCII;
// 1 where it is none. Trail bytes of two-byte characters overlap ASCII, the pipe among it.
func gbWidth(b []byte) int {
	if b[0] < 0x81 || b[0] > 0xFE || len(b) < 2 {
		return 1
	}
	switch t := b[1]; {
	case t >= 0x30 && t <= 0x39:
		if len(b) >= 4 && b[2] >= 0x81 && b[2] <= 0xFE && b[3] >= 0x30 && b[3] <= 0x39 {
			return 4
		}
		return 1
	case t >= 0x40 && t <= 0xFE && t != 0x7F:
		return 2
	}
	return 1
}

// text decodes the bytes of one cell.
func (c *codec) text(b []byte) (string, Oddity) {
	var odd Oddity
	var s string
	ascii := true
	if c.dec == nil || c.name == GB18030 || c.name == Windows1252 {
		for _, x := range b {
			if x >= 0x80 || x == 0 {
				ascii = false
				break
			}
		}
		if ascii {
			return string(b), 0
		}
	}
	switch {
	case c.dec == nil:
		s = string(b)
		if !utf8.ValidString(s) {
			s, odd = strings.ToValidUTF8(s, "\uFFFD"), OddBytes
		}
	default:
		out, err := c.dec.Bytes(b)
		s = string(out)
		if err != nil || strings.ContainsRune(s, '\uFFFD') {
			s, odd = strings.ToValidUTF8(s, "\uFFFD"), OddBytes
		}
	}
	if strings.IndexByte(s, 0) >= 0 {
		s, odd = strings.ReplaceAll(s, "\x00", ""), odd|OddNUL
	}
	return s, odd
}

// DetectEncoding finds the encoding of a whole source, and how many bytes of byte order mark it has.
// It reads all of a source that does not tell by its beginning.
func DetectEncoding(src Source) (name string, bom int, err error) { return detect(src) }

// detect finds the encoding of a whole source, and how many bytes of byte order mark it has.
func detect(src Source) (name string, bom int, err error) {
	head := make([]byte, 64<<10)
	n, err := src.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return "", 0, err
	}
	head = head[:n]
	switch {
	case n >= 3 && head[0] == 0xEF && head[1] == 0xBB && head[2] == 0xBF:
		return UTF8, 3, nil
	case n >= 2 && head[0] == 0xFF && head[1] == 0xFE:
		return UTF16LE, 2, nil
	case n >= 2 && head[0] == 0xFE && head[1] == 0xFF:
		return UTF16BE, 2, nil
	}
	if name := detectUTF16(head); name != "" {
		return name, 0, nil
	}
	count, err := survey(src)
	if err != nil {
		return "", 0, err
	}
	return count.name(), 0, nil
}

// detectUTF16 sees UTF-16 without a mark by its zero bytes, all in one half of the units: the
// delimiters and line ends have them even where every letter is Chinese.
func detectUTF16(head []byte) string {
	units := len(head) / 2
	if units < 2 {
		return ""
	}
	var even, odd int
	for i := 0; i+1 < len(head); i += 2 {
		if head[i] == 0 && head[i+1] != 0 {
			even++
		}
		if head[i+1] == 0 && head[i] != 0 {
			odd++
		}
	}
	switch {
	case odd*20 >= units && even*10 < odd:
		return UTF16LE
	case even*20 >= units && odd*10 < even:
		return UTF16BE
	}
	return ""
}

// tally counts what the bytes of a source would be in each of the encodings.
type tally struct {
	utf8Good, utf8Bad      int64
	gbCommon, gbAll, gbBad int64
}

func (t tally) name() string {
	switch {
	case t.utf8Bad == 0, t.utf8Good >= 10*t.utf8Bad:
		return UTF8 // a few damaged bytes are told row by row
	case t.gbBad == 0 && t.gbCommon*2 >= t.gbAll:
		return GB18030
	}
	return Windows1252
}

func survey(src Source) (tally, error) {
	var t tally
	r := bufio.NewReaderSize(io.NewSectionReader(src, 0, src.Size()), 64<<10)
	for {
		b, err := r.Peek(utf8.UTFMax)
		if len(b) == 0 {
			if err == io.EOF {
				break
			}
			return t, err
		}
		n := 1
		if b[0] >= utf8.RuneSelf {
			var c rune
			if c, n = utf8.DecodeRune(b); c == utf8.RuneError && n <= 1 {
				t.utf8Bad, n = t.utf8Bad+1, 1
			} else {
				t.utf8Good++
			}
		} else if k := r.Buffered(); k > 64 { // step over a run of ASCII at once
			run, _ := r.Peek(k)
			for n < k && run[n] < utf8.RuneSelf {
				n++
			}
		}
		_, _ = r.Discard(n)
	}
	if t.utf8Bad == 0 {
		return t, nil
	}
	r.Reset(io.NewSectionReader(src, 0, src.Size()))
	for {
		b, err := r.Peek(4)
		if len(b) == 0 {
			if err == io.EOF {
				return t, nil
			}
			return t, err
		}
		n := 1
		if b[0] >= 0x80 {
			n = gbWidth(b)
			t.gbAll++
			switch {
			case n == 1:
				t.gbBad++
			case n == 4, gbCommon(b):
				t.gbCommon++
			}
		}
		_, _ = r.Discard(n)
	}
}

// gbCommon says whether a two-byte character is of those that nearly all Chinese text is made of
// (first level characters, punctuation, full-width letters). "ön" in Windows-1252 is a two-byte
// character too, but never one of these.
func gbCommon(b []byte) bool {
	lead, trail := b[0], b[1]
	return trail >= 0xA1 && (lead >= 0xB0 && lead <= 0xD7 || lead >= 0xA1 && lead <= 0xA3)
}
