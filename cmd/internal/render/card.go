// Package render writes answers for people at a terminal (tables and pages that fit its width) and
// for programs (json, jsonl, csv, ids).
package render

import (
	"bufio"
	"io"
	"strings"

	"github.com/keptcrm/kept/bot"
)

// Options say for whom a card is written.
type Options struct {
	Width int  // columns there are; 0 is 100. More than 100 are not used, fewer than 20 are taken for 20
	Color bool // with colours and weights of ANSI terminals
	// Terminal: a person's terminal reads, not a file or pipe. Text that is written from right to
	// left is then isolated, so that it does not turn the rest of its line around.
	Terminal bool
}

const (
	maxWidth = 100
	minWidth = 20
	gap      = 2  // between columns
	indent   = 2  // under a heading
	maxLabel = 14 // of facts
)

type page struct {
	w     *bufio.Writer
	width int
	o     Options
}

// Card writes a card as text. Whatever customers' data holds, nothing but text and line ends is
// written, and no line is wider than the width.
func Card(w io.Writer, c bot.Card, o Options) error {
	p := &page{w: bufio.NewWriter(w), width: o.Width, o: o}
	if p.width <= 0 || p.width > maxWidth {
		p.width = maxWidth
	}
	p.width = max(p.width, minWidth)
	p.title(c)
	for i := 0; i < len(c.Sections); {
		n := 1
		for c.Sections[i].Shape == bot.Table && i+n < len(c.Sections) && c.Sections[i+n].Continues && c.Sections[i+n].Shape == bot.Table {
			n++
		}
		if n > 1 || c.Sections[i].Shape == bot.Table {
			p.tables(c.Sections[i:i+n], func(k int) int { return p.heading(c, i+k) })
		} else {
			p.section(c.Sections[i], p.heading(c, i))
		}
		i += n
	}
	for _, f := range c.Foot {
		p.paragraph(0, f, bot.Dim)
	}
	return p.w.Flush()
}

func (p *page) title(c bot.Card) {
	if c.Title == "" {
		return
	}
	head := line{{clean(c.Title), bot.Strong}}
	var aside []string
	for _, a := range c.Aside {
		if a = clean(a); a != "" {
			aside = append(aside, a)
		}
	}
	if strings.Contains(c.Title, "\n") || len(aside) == 0 {
		p.paragraph(0, c.Title, bot.Strong)
	} else {
		room := p.width - head.width()
		for _, a := range aside {
			room -= widthOf(a)
		}
		if room >= 3*len(aside) {
			between := strings.Repeat(" ", min(room/len(aside), 8))
			for _, a := range aside {
				head = append(head, span{between + a, bot.Plain})
			}
			p.line(0, head)
			return
		}
		p.paragraph(0, c.Title, bot.Strong)
	}
	if len(aside) > 0 {
		p.paragraph(0, strings.Join(aside, " · "), bot.Plain)
	}
}

// heading writes what stands before the i-th section, an empty line or its heading, and says how
// far the section stands in. Sections without headings are kept apart by empty lines.
func (p *page) heading(c bot.Card, i int) (in int) {
	s := c.Sections[i]
	bare := func(i int) bool { return i < len(c.Sections) && c.Sections[i].Heading == "" }
	if i > 0 && (bare(i) || bare(i-1)) || i == 0 && bare(0) && bare(1) && c.Title != "" {
		p.line(0, nil)
	}
	if s.Heading == "" {
		return 0
	}
	p.paragraph(0, s.Heading, bot.Strong)
	return indent
}

func (p *page) section(s bot.Section, in int) {
	if s.Shape == bot.Facts {
		p.facts(in, s)
		return
	}
	for _, r := range s.Rows {
		for _, c := range r.Cells {
			p.paragraph(in, c.Text, c.Tone)
		}
	}
}

// facts writes a label and, beside it, parts of one text.
func (p *page) facts(in int, s bot.Section) {
	label := 0
	for _, r := range s.Rows {
		if len(r.Cells) > 0 {
			label = max(label, widthOf(clean(r.Cells[0].Text)))
		}
	}
	label = min(label, maxLabel, p.width/3)
	at := in + label + gap
	if label == 0 {
		at = in
	}
	for _, r := range s.Rows {
		if len(r.Cells) == 0 {
			continue
		}
		var parts line
		for _, c := range r.Cells[1:] {
			if t := clean(c.Text); t != "" {
				if len(parts) > 0 {
					parts = append(parts, span{between, bot.Dim})
				}
				parts = append(parts, span{t, c.Tone})
			}
		}
		name := cut(clean(r.Cells[0].Text), label)
		for i, l := range flow(parts, p.width-at) {
			if i == 0 {
				l = append(line{{name, r.Cells[0].Tone}, {strings.Repeat(" ", at-in-widthOf(name)), bot.Plain}}, l...)
				p.line(in, l)
				continue
			}
			p.line(at, l)
		}
	}
}

// paragraph writes a text that may have several lines, each broken to the width.
func (p *page) paragraph(in int, text string, tone bot.Tone) {
	for _, t := range cleanLines(text) {
		for _, l := range flow(line{{strings.TrimRight(t, " "), tone}}, p.width-in) {
			p.line(in, l)
		}
	}
}

var codes = map[bot.Tone]string{bot.Strong: "1", bot.Late: "1;31", bot.Dim: "2", bot.Code: "36"}

// line writes one line, without spaces at its end.
func (p *page) line(in int, l line) {
	l = trimEnd(l)
	if len(l) > 0 {
		p.w.WriteString(strings.Repeat(" ", in))
	}
	for _, s := range l {
		text := s.text
		if p.o.Terminal && rightToLeft(text) {
			core := strings.Trim(text, " ")
			i := strings.Index(text, core)
			text = text[:i] + "\u2068" + core + "\u2069" + text[i+len(core):]
		}
		if sgr := codes[s.tone]; p.o.Color && sgr != "" && strings.TrimSpace(text) != "" {
			text = "\x1b[" + sgr + "m" + text + "\x1b[0m"
		}
		p.w.WriteString(text)
	}
	p.w.WriteByte('\n')
}
