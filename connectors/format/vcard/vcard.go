// Package vcard reads vCards as phones and mail programs write them: versions 2.1, 3.0 and 4.0, one
// or many in a file, quoted-printable, in any charset, folded either way, with photos, groups and
// broken lines. Reading is tolerant: what one card has wrong never costs another.
//
// Every property, its parameters and their order are kept with their own bytes: [Card.Bytes] gives a
// card that was not changed back exactly, and changing one property leaves the bytes of all others
// alone. Values are decoded when they are asked for, so a photo costs its bytes once.
//
// The package is pure: it streams from an io.ReaderAt and knows no meaning of fields.
package vcard

import (
	"io"
	"strings"
)

// Source is what vCards are read from; connectors.File and bytes.Reader are such.
type Source interface {
	io.ReaderAt
	Size() int64
}

// MaxCard is how many bytes one card may have, its photos included. A longer one is told
// ([TooLong]) and skipped to its end.
const MaxCard = 32 << 20

// Problem is what is wrong with a card as a whole.
type Problem string

// Problems.
const (
	NoEnd   Problem = "no_end"   // no END:VCARD, but the next card or the source's end; it is whole otherwise
	Cut     Problem = "cut"      // the source ends within a line of it: its last value may be a part of one
	TooLong Problem = "too_long" // longer than MaxCard; it has no properties
)

// Card is one vCard. It owns its bytes.
type Card struct {
	Version string     // "2.1", "3.0", "4.0"; "" where it does not say
	Props   []Property // in their order, without BEGIN and END
	Broken  []Broken   // lines that are no properties, nor parts of one
	Problem Problem    // "" where the card is whole
	Start   Pos        // of its BEGIN line
	End     Pos        // behind its END line

	pieces   [][]byte // all bytes in order; each property's are a piece
	encoding string   // of the source
	fallback string   // charset of 8-bit values that neither say theirs nor are UTF-8; "" to guess
	newline  string   // as the card ends its lines
}

// Broken is a line that could not be read.
type Broken struct {
	Line int64
	Text string // as far as it is text; at most 200 bytes
}

// Param is one parameter of a property. A bare one, as version 2.1 has them ("TEL;CELL:"), has its
// text as its value and no name.
type Param struct {
	Name  string // in upper case
	Value string // without quotes; a list is one value ("work,voice")
}

// Property is one property of a card.
type Property struct {
	Group  string // "item1" of "item1.EMAIL"; as written
	Name   string // in upper case
	Params []Param
	Line   int64 // where it begins

	raw      []byte
	value    int  // where the value begins, unfolded
	folded   bool // the head goes over several lines
	missing  bool // there is no colon
	free     bool // of those that broken exports write several lines of text under
	ended    bool // a blank line stands behind it
	transfer transfer
	old      bool // of a card of version 2.1
	fallback string
	piece    int
}

type transfer uint8

const (
	plain transfer = iota
	quoted
	base64
)

// Raw gives the property's own lines with their ends, as they stand in the source (in UTF-8 where
// that is UTF-16). The bytes belong to the card.
func (p *Property) Raw() []byte { return p.raw }

// Binary reports whether the value is base64 or a data URI: a photo, a sound, a key.
func (p *Property) Binary() bool {
	if p.transfer == base64 {
		return true
	}
	switch p.Name {
	case "PHOTO", "LOGO", "SOUND", "KEY":
		head := p.raw[min(p.value, len(p.raw)):]
		return len(head) > 5 && strings.EqualFold(string(head[:5]), "data:")
	}
	return false
}

// Get gives the values of all parameters of a name (in upper case), lists taken apart.
func (p *Property) Get(name string) []string {
	var out []string
	for _, x := range p.Params {
		if x.Name == name {
			out = append(out, splitComma(x.Value)...)
		}
	}
	return out
}

// Types gives all that the property says about its kind, in lower case and without repetition: the
// values of TYPE, and the bare parameters of version 2.1.
func (p *Property) Types() []string {
	var out []string
	for _, x := range p.Params {
		if x.Name != "TYPE" && (x.Name != "" || isEncodingWord(x.Value)) {
			continue
		}
		for _, t := range splitComma(x.Value) {
			t = strings.ToLower(strings.TrimSpace(t))
			if t != "" && !contains(out, t) {
				out = append(out, t)
			}
		}
	}
	return out
}

// Preference is how much the property is preferred: 1 most, 100 least, 101 where it does not say.
// TYPE=pref, the bare PREF of 2.1 and PREF=1 of 4.0 are 1.
func (p *Property) Preference() int {
	for _, v := range p.Get("PREF") {
		n := 0
		for _, c := range v {
			if c < '0' || c > '9' || n > 100 {
				n = 0
				break
			}
			n = n*10 + int(c-'0')
		}
		if n >= 1 && n <= 100 {
			return n
		}
	}
	if contains(p.Types(), "pref") {
		return 1
	}
	return 101
}

func splitComma(s string) []string {
	if strings.IndexByte(s, ',') < 0 {
		return []string{s}
	}
	return strings.Split(s, ",")
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// First gives the first property of a name (in upper case); nil where there is none.
func (c *Card) First(name string) *Property {
	for i := range c.Props {
		if c.Props[i].Name == name {
			return &c.Props[i]
		}
	}
	return nil
}

// Text gives the text of the first property of a name; "" where there is none.
func (c *Card) Text(name string) string {
	if p := c.First(name); p != nil {
		return p.Text()
	}
	return ""
}

// InGroup gives the first property of a name in a group ("" is none): the X-ABLABEL that belongs to
// an item1.TEL.
func (c *Card) InGroup(group, name string) *Property {
	if group == "" {
		return nil
	}
	for i := range c.Props {
		if c.Props[i].Name == name && strings.EqualFold(c.Props[i].Group, group) {
			return &c.Props[i]
		}
	}
	return nil
}

// Shown gives the card as text that a person can read and correct: in UTF-8, with "\n" line ends,
// without photos and their like, at most limit bytes. It is read again as [Decoded].
func (c *Card) Shown(limit int) string {
	of := make([]*Property, len(c.pieces))
	for i := range c.Props {
		of[c.Props[i].piece] = &c.Props[i]
	}
	var b strings.Builder
	for i, raw := range c.pieces {
		if p := of[i]; p != nil && p.Binary() {
			continue
		}
		text, _ := decodeText(raw, of[i].charset(), c.fallback)
		text = strings.ReplaceAll(ends.Replace(text), "\x00", "")
		if b.Len()+len(text) > limit {
			b.WriteString(strings.ToValidUTF8(text[:limit-b.Len()], ""))
			break
		}
		b.WriteString(text)
	}
	return strings.TrimRight(b.String(), "\n")
}

var ends = strings.NewReplacer("\r\r\n", "\n", "\r\n", "\n", "\r", "\n")

// Bytes gives the card's bytes from BEGIN to END, in the encoding of its source. Of a card that was
// not changed they are those of the source.
func (c *Card) Bytes() []byte {
	n := 0
	for _, p := range c.pieces {
		n += len(p)
	}
	out := make([]byte, 0, n)
	for _, p := range c.pieces {
		out = append(out, p...)
	}
	return narrow(out, c.encoding)
}
