package render

import (
	"strings"

	"github.com/keptcrm/kept/bot"
)

const (
	minGrow   = 20 // a growing column narrower than this is no column
	maxColumn = 34 // any other column is cut here, if it is not something to be typed
	narrowCut = 18 // and here before the table is given up
)

// sheet is a table made ready to be written.
type sheet struct {
	s    bot.Section
	rows [][][]string // row, column, lines
}

// tables writes tables whose columns line up with each other. Where the width does not allow that,
// each row becomes a paragraph. Heading writes the heading of the n-th.
func (p *page) tables(list []bot.Section, heading func(n int) (in int)) {
	n := 0
	for _, s := range list {
		for _, r := range s.Rows {
			n = max(n, len(r.Cells))
		}
	}
	natural := make([]int, n)
	typed := make([]int, n) // the widest that must not be cut
	grow := list[0].Grow
	if grow < 0 || grow >= n {
		grow = n - 1
	}
	sheets := make([]sheet, len(list))
	in := 0
	for k, s := range list {
		sheets[k] = sheet{s: s, rows: make([][][]string, len(s.Rows))}
		if s.Heading != "" {
			in = indent
		}
		for i, r := range s.Rows {
			sheets[k].rows[i] = make([][]string, n)
			for j, c := range r.Cells {
				cell := []string{clean(c.Text)}
				if j == grow && strings.ContainsAny(c.Text, "\r\n") {
					cell = cleanLines(c.Text)
				}
				sheets[k].rows[i][j] = cell
				for _, l := range cell {
					w := widthOf(l)
					natural[j] = max(natural[j], w)
					if c.Tone == bot.Code {
						typed[j] = max(typed[j], w)
					}
				}
			}
		}
	}
	if n == 0 {
		return
	}
	widths, ok := p.widths(in, natural, typed, grow, maxColumn)
	if !ok {
		widths, ok = p.widths(in, natural, typed, grow, narrowCut)
	}
	for k := range sheets {
		at := heading(k)
		for i, r := range sheets[k].s.Rows {
			if ok {
				p.row(at, r, sheets[k].rows[i], widths, grow)
			} else {
				p.stacked(at, r, sheets[k].rows[i])
			}
		}
	}
}

// widths gives each column its width, 0 for one that is empty; ok is false where they do not fit.
func (p *page) widths(in int, natural, typed []int, grow, limit int) (widths []int, ok bool) {
	widths = make([]int, len(natural))
	room := p.width - in
	shown := 0
	for j, w := range natural {
		if w == 0 {
			continue
		}
		if shown++; j == grow {
			continue
		}
		widths[j] = max(min(w, limit), typed[j])
		room -= widths[j]
	}
	room -= gap * max(shown-1, 0)
	widths[grow] = min(natural[grow], room)
	return widths, room >= min(natural[grow], minGrow)
}

func (p *page) row(in int, r bot.Row, cells [][]string, widths []int, grow int) {
	var body []line
	for _, text := range cells[grow] {
		body = append(body, wrap(line{{text, toneOf(r, grow)}}, max(widths[grow], 1))...)
	}
	if len(body) == 0 {
		body = []line{nil}
	}
	last := 0
	for j, w := range widths {
		if w > 0 {
			last = j
		}
	}
	for i, piece := range body {
		var out line
		for j, w := range widths {
			if w == 0 {
				continue
			}
			used := 0
			switch {
			case j == grow:
				out = append(out, piece...)
				used = piece.width()
			case i == 0 && len(cells[j]) > 0:
				text := cut(cells[j][0], w)
				out = append(out, span{text, toneOf(r, j)})
				used = widthOf(text)
			}
			if j != last {
				out = append(out, span{strings.Repeat(" ", w-used+gap), bot.Plain})
			}
		}
		p.line(in, out)
	}
}

// stacked writes a row as a paragraph, its first line further left than the others.
func (p *page) stacked(in int, r bot.Row, cells [][]string) {
	var all line
	for j := range r.Cells {
		text := strings.Join(strings.Fields(strings.Join(cells[j], " ")), " ")
		if text == "" {
			continue
		}
		if len(all) > 0 {
			all = append(all, span{"  ", bot.Plain})
		}
		all = append(all, span{text, toneOf(r, j)})
	}
	for k, l := range wrap(all, p.width-in-indent) {
		if k > 0 {
			p.line(in+indent, l)
		} else {
			p.line(in, l)
		}
	}
}

func toneOf(r bot.Row, column int) bot.Tone {
	if column < len(r.Cells) {
		return r.Cells[column].Tone
	}
	return bot.Plain
}
