package cmd

import (
	"strings"

	"github.com/keptcrm/kept/bot"
)

// What the commands that are no daily words show, they show as the same neutral cards.

func plain(s string) bot.Cell  { return bot.Cell{Text: s} }
func strong(s string) bot.Cell { return bot.Cell{Text: s, Tone: bot.Strong} }
func alarm(s string) bot.Cell  { return bot.Cell{Text: s, Tone: bot.Late} }
func dim(s string) bot.Cell    { return bot.Cell{Text: s, Tone: bot.Dim} }
func typed(s string) bot.Cell  { return bot.Cell{Text: s, Tone: bot.Code} }

// sheet builds a card; sections without rows are left out.
type sheet struct{ card bot.Card }

func newSheet(title string, data any) *sheet {
	return &sheet{bot.Card{Title: title, Data: data}}
}

func (s *sheet) section(shape bot.Shape, heading string, grow int, rows []bot.Row) *sheet {
	if len(rows) > 0 {
		s.card.Sections = append(s.card.Sections, bot.Section{Shape: shape, Heading: heading, Grow: grow, Rows: rows})
	}
	return s
}

func (s *sheet) table(heading string, grow int, rows []bot.Row) *sheet {
	return s.section(bot.Table, heading, grow, rows)
}

// facts adds label and value lines; those without a value are left out.
func (s *sheet) facts(heading string, pairs ...string) *sheet {
	var rows []bot.Row
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			rows = append(rows, row("", dim(pairs[i]), plain(pairs[i+1])))
		}
	}
	return s.section(bot.Facts, heading, 0, rows)
}

func (s *sheet) lines(heading string, lines ...string) *sheet {
	var rows []bot.Row
	for _, l := range lines {
		if l != "" {
			rows = append(rows, row("", plain(l)))
		}
	}
	return s.section(bot.Lines, heading, 0, rows)
}

func (s *sheet) foot(lines ...string) *sheet {
	for _, l := range lines {
		if l != "" {
			s.card.Foot = append(s.card.Foot, l)
		}
	}
	return s
}

func row(ref string, cells ...bot.Cell) bot.Row { return bot.Row{Ref: ref, Cells: cells} }

// joined puts what is not empty together.
func joined(sep string, parts ...string) string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, sep)
}
