package vcard

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/keptcrm/kept/connectors/format/table"
)

// width is how many bytes a line has before it is folded.
const width = 75

// SetText gives the first property of a name (in upper case) another text, or adds one before the
// card's end. Its group and parameters stay, save those that say how it is encoded. The bytes of
// everything else in the card stay as they are.
func (c *Card) SetText(name, text string) { c.SetParts(name, text) }

// SetParts does the same for a structured value such as N. A component with commas in it is text,
// not a list.
func (c *Card) SetParts(name string, parts ...string) {
	head := name
	i := slices.IndexFunc(c.Props, func(p Property) bool { return p.Name == name })
	if i >= 0 {
		head = c.Props[i].head()
	}
	c.put(i, c.line(head, parts))
}

// Remove takes out every property of a name; their lines go, all others stay.
func (c *Card) Remove(name string) {
	for i := len(c.Props) - 1; i >= 0; i-- {
		if c.Props[i].Name == name {
			c.pieces[c.Props[i].piece] = nil
			c.Props = slices.Delete(c.Props, i, i+1)
		}
	}
}

// head gives group, name and parameters as they are written again.
func (p *Property) head() string {
	var b strings.Builder
	if p.Group != "" {
		b.WriteString(p.Group + ".")
	}
	b.WriteString(p.Name)
	for _, x := range p.Params {
		switch {
		case x.Name == "ENCODING" || x.Name == "CHARSET" || x.Name == "" && isEncodingWord(x.Value):
			continue
		case x.Name == "":
			b.WriteString(";" + x.Value)
			continue
		}
		v := x.Value
		if strings.ContainsAny(v, "^\"\n") {
			v = strings.NewReplacer("^", "^^", `"`, "^'", "\n", "^n").Replace(v)
		}
		if strings.ContainsAny(v, ":;,") && !(x.Name == "TYPE" && !strings.ContainsAny(v, ":;")) {
			v = `"` + v + `"`
		}
		b.WriteString(";" + x.Name + "=" + v)
	}
	return b.String()
}

// escapeOld escapes for version 2.1, which knows the semicolon alone, and has line breaks coded.
var escapeOld = strings.NewReplacer("\\", "\\\\", ";", "\\;", "\r\n", "\r\n", "\n", "\r\n", "\r", "\r\n")

// line writes a property with its line ends, as the card's version has it.
func (c *Card) line(head string, parts []string) []byte {
	escaped := make([]string, len(parts))
	for i, s := range parts {
		escaped[i] = c.escape(s)
	}
	return c.whole(head, strings.Join(escaped, ";"))
}

// escape writes one component as the card's version does.
func (c *Card) escape(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if c.Version == "2.1" {
		return escapeOld.Replace(s)
	}
	return Escape(s)
}

// whole writes a property whose value is escaped already.
func (c *Card) whole(head, value string) []byte {
	// In UTF-8 all is said; in a source of another charset the line has to say that it is not of it.
	charset := ""
	if c.encoding != table.UTF8 && !isUnicode(c.encoding) && !isASCII([]byte(value)) {
		charset = ";CHARSET=UTF-8"
	}
	if c.Version == "2.1" {
		plain := isASCII([]byte(value)) && !strings.ContainsFunc(value, func(r rune) bool { return r < ' ' }) && len(head)+len(value) < width
		if !plain {
			return c.quotedLine(head+";CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:", value)
		}
	}
	all := head + charset + ":" + value
	var b strings.Builder
	for room := width; len(all) > room; room = width - 1 {
		n := room
		for n > 0 && !utf8.RuneStart(all[n]) {
			n--
		}
		b.WriteString(all[:n] + c.newline + " ")
		all = all[n:]
	}
	b.WriteString(all + c.newline)
	return []byte(b.String())
}

// quotedLine writes quoted-printable with soft line breaks.
func (c *Card) quotedLine(head, value string) []byte {
	var b strings.Builder
	b.WriteString(head)
	col := len(head)
	for i := 0; i < len(value); i++ {
		x := value[i]
		code := string(x)
		if x < ' ' || x >= 0x7F || x == '=' || x == ' ' && (i+1 == len(value) || col == 0) {
			code = fmt.Sprintf("=%02X", x)
		}
		if col+len(code) > width {
			b.WriteString("=" + c.newline)
			if col = 0; x == ' ' {
				code = "=20"
			}
		}
		b.WriteString(code)
		col += len(code)
	}
	b.WriteString(c.newline)
	return []byte(b.String())
}

// put replaces the property at i, or adds one before END where i is negative, and reads it back.
func (c *Card) put(i int, raw []byte) {
	n, _ := lineEnd(raw, "")
	p := Property{old: c.Version == "2.1", fallback: c.fallback, raw: raw}
	if !p.read(bytes.TrimRight(raw[:n], "\r\n")) {
		return // only for a name that is none
	}
	p.finish()
	if i >= 0 {
		p.piece, p.Line = c.Props[i].piece, c.Props[i].Line
		c.pieces[p.piece], c.Props[i] = raw, p
		return
	}
	at := len(c.pieces)
	if at > 0 && isMark(c.pieces[at-1], "END") {
		at--
	} else if at > 0 && !strings.HasSuffix(string(c.pieces[at-1]), "\n") && !strings.HasSuffix(string(c.pieces[at-1]), "\r") {
		c.pieces = append(c.pieces, []byte(c.newline))
		at++
	}
	c.pieces = slices.Insert(c.pieces, at, raw)
	p.piece = at
	for j := range c.Props {
		if c.Props[j].piece >= at {
			c.Props[j].piece++
		}
	}
	c.Props = append(c.Props, p)
}
