package vcard

import (
	"slices"
	"strings"
)

// The methods of this file change single properties. The bytes of all others stay as they are: their
// order, groups, parameters, folding and line ends. Indexes are those of Props.

// Set gives a property other components. Its group and parameters stay as they are written, save
// those that say how it is encoded.
func (c *Card) Set(i int, parts ...string) { c.put(i, c.line(c.Props[i].kept(), parts)) }

// SetPart gives one component of a structured value another text, and leaves the others as they are
// written. There may be fewer so far.
func (c *Card) SetPart(i, n int, text string) {
	value, _ := c.Props[i].Decode()
	raw := cutRaw(value, ';')
	for len(raw) <= n {
		raw = append(raw, "")
	}
	for j := range raw {
		raw[j] = c.lines(raw[j])
	}
	raw[n] = c.escape(text)
	c.put(i, c.whole(c.Props[i].kept(), strings.Join(raw, ";")))
}

// SetList gives a property another list of elements (CATEGORIES, NICKNAME).
func (c *Card) SetList(i int, elements ...string) {
	c.put(i, c.whole(c.Props[i].kept(), c.list(elements)))
}

// SetParams gives a property other parameters; its value stays. Those that say how it is encoded are
// written as they have to be.
func (c *Card) SetParams(i int, params []Param) { c.SetHead(i, c.Props[i].Group, params) }

// SetHead gives a property another group and other parameters; its value stays.
func (c *Card) SetHead(i int, group string, params []Param) {
	p := c.Props[i]
	value, _ := p.Decode()
	p.Group, p.Params = group, params
	c.put(i, c.whole(p.head(), c.lines(value)))
}

// Insert writes a new property with components behind the one at after; before the card's end where
// that is negative. It returns its index.
func (c *Card) Insert(after int, group, name string, params []Param, parts ...string) int {
	return c.insert(after, group, name, params, func(head string) []byte { return c.line(head, parts) })
}

// InsertList does the same for a list.
func (c *Card) InsertList(after int, name string, elements ...string) int {
	return c.insert(after, "", name, nil, func(head string) []byte { return c.whole(head, c.list(elements)) })
}

func (c *Card) insert(after int, group, name string, params []Param, write func(head string) []byte) int {
	p := Property{Group: group, Name: strings.ToUpper(name), Params: params}
	raw := write(strings.Replace(p.head(), p.Name, name, 1))
	before := len(c.Props)
	c.put(-1, raw)
	last := len(c.Props) - 1
	if last < before || after < 0 || after >= last {
		return last
	}
	// put wrote it at the end; it belongs further up.
	added := c.Props[last]
	piece := c.pieces[added.piece]
	c.pieces = slices.Delete(c.pieces, added.piece, added.piece+1)
	at := c.Props[after].piece + 1
	c.pieces = slices.Insert(c.pieces, at, piece)
	for j := after + 1; j < last; j++ {
		c.Props[j].piece++
	}
	added.piece = at
	c.Props = slices.Insert(c.Props[:last], after+1, added)
	return after + 1
}

// Delete takes one property out.
func (c *Card) Delete(i int) {
	c.pieces[c.Props[i].piece] = nil
	c.Props = slices.Delete(c.Props, i, i+1)
}

// Reorder puts properties into another order on the lines that they have among them: the first of
// list stands where the first of them stood.
func (c *Card) Reorder(list []int) {
	places := slices.Sorted(slices.Values(list))
	props, raws := make([]Property, len(list)), make([][]byte, len(list))
	for k, i := range list {
		props[k], raws[k] = c.Props[i], c.pieces[c.Props[i].piece]
	}
	for k, at := range places {
		props[k].piece, props[k].Line = c.Props[at].piece, c.Props[at].Line
		if !strings.HasSuffix(string(raws[k]), "\n") && !strings.HasSuffix(string(raws[k]), "\r") {
			raws[k] = append(slices.Clip(raws[k]), c.newline...)
			props[k].raw = raws[k]
		}
	}
	for k, at := range places {
		c.Props[at], c.pieces[props[k].piece] = props[k], raws[k]
	}
}

// kept gives group, name and parameters as they are written, where none says how the value is
// encoded.
func (p *Property) kept() string {
	for _, x := range p.Params {
		if x.Name == "ENCODING" || x.Name == "CHARSET" || x.Name == "" && isEncodingWord(x.Value) {
			return p.head()
		}
	}
	all := p.unfold()
	if p.value < 1 || p.value > len(all) {
		return p.head()
	}
	return strings.ToValidUTF8(string(all[:p.value-1]), "\uFFFD")
}

// lines writes line ends within a value as the card's version does.
func (c *Card) lines(value string) string {
	if c.Version == "2.1" {
		return strings.ReplaceAll(value, "\n", "\r\n")
	}
	return strings.ReplaceAll(value, "\n", `\n`)
}

func (c *Card) list(elements []string) string {
	escaped := make([]string, len(elements))
	for i, s := range elements {
		escaped[i] = Escape(strings.ToValidUTF8(s, "\uFFFD"))
	}
	return strings.Join(escaped, ",")
}

// cutRaw cuts a value at separators that are not escaped, and leaves escapes in.
func cutRaw(s string, sep byte) []string {
	var out []string
	from := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case sep:
			out = append(out, s[from:i])
			from = i + 1
		}
	}
	return append(out, s[min(from, len(s)):])
}
