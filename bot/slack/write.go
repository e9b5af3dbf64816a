package slack

import (
	"strings"

	slackapi "github.com/slack-go/slack"

	"github.com/keptcrm/kept/bot"
)

const between = " · "

// writer puts the cells of one row into as few pieces as hold them.
type writer struct {
	md, text strings.Builder
	out      []piece
}

func (w *writer) flush() {
	if w.md.Len() > 0 || w.text.Len() > 0 {
		w.out = append(w.out, piece{md: w.md.String(), text: w.text.String()})
		w.md.Reset()
		w.text.Reset()
	}
}

func (w *writer) done() []piece {
	w.flush()
	return w.out
}

// add writes a cell behind what stands there, with something between; hidden is for the text alone.
func (w *writer) add(c bot.Cell, sep string, hidden bool) {
	raw := clean(c.Text)
	if raw == "" {
		return
	}
	if size(w.text.String())+size(escape(raw))+size(sep) > maxPiece {
		w.flush()
	}
	for i, part := range divide(raw, maxPiece-200) {
		if i > 0 {
			w.flush()
		}
		s := sep
		if w.text.Len() == 0 {
			s = ""
		}
		w.text.WriteString(s + escape(isolate(part)))
		if hidden {
			continue
		}
		if w.md.Len() == 0 {
			s = ""
		}
		w.md.WriteString(s + toned(isolate(part), c.Tone))
	}
}

// facts writes a label and the parts of one line.
func (w *writer) facts(cells []bot.Cell, button func(string) bool) {
	sep := ""
	for i, c := range cells {
		if i == 0 {
			if c.Text != "" && c.Tone == bot.Dim {
				c.Tone = bot.Strong
			}
			w.add(c, "", false)
			if strings.TrimSpace(c.Text) != "" {
				sep = "  "
			}
			continue
		}
		before := w.text.Len()
		w.add(c, sep, c.Tone == bot.Code && button(c.Text))
		if w.text.Len() != before {
			sep = between
		}
	}
}

// cells writes a row of a table or of paragraphs; of a table with named columns each cell with its
// name. Commands whose buttons stand beside are for the text alone.
func (w *writer) cells(shape bot.Shape, cells, labels []bot.Cell, button func(string) bool) {
	sep := between
	if shape == bot.Lines {
		sep = "\n"
	}
	for i, c := range cells {
		if i > 0 && i < len(labels) && strings.TrimSpace(labels[i].Text) != "" && strings.TrimSpace(c.Text) != "" {
			c.Text = labels[i].Text + " " + c.Text
		}
		w.add(c, sep, c.Tone == bot.Code && button(c.Text))
	}
}

// toned writes a text so that it catches the eye as its tone says.
func toned(s string, tone bot.Tone) string {
	switch tone {
	case bot.Strong, bot.Late:
		return strong(s)
	case bot.Code:
		if strings.ContainsAny(s, "`\n") {
			return escape(s)
		}
		return "`" + escape(s) + "`"
	}
	return escape(s)
}

// strong makes a text bold where Slack would show it so.
func strong(s string) string {
	if strings.ContainsAny(s, "*\n`") || strings.TrimSpace(s) != s || s == "" {
		return escape(s)
	}
	return "*" + escape(s) + "*"
}

func escaped(list []string) []string {
	var out []string
	for _, s := range list {
		if s = clean(s); s != "" {
			out = append(out, escape(s))
		}
	}
	return out
}

// cutEscaped shortens a text that is escaped, not inside an entity or mention.
func cutEscaped(s string, most int) string {
	if size(s) <= most {
		return s
	}
	s = cut(s, most)
	if i := strings.LastIndexAny(s, "&<"); i >= 0 && !strings.ContainsAny(s[i:], ";>") {
		s = strings.TrimRight(s[:i], " ") + "…"
	}
	return s
}

// joined puts lines together into as few texts as hold them.
func joined(lines []string, most int) []string {
	var out []string
	for _, l := range lines {
		if n := len(out); n > 0 && size(out[n-1])+1+size(l) <= most {
			out[n-1] += "\n" + l
			continue
		}
		out = append(out, l)
	}
	return out
}

// markdown is a text that is escaped already; Slack makes no links or mentions of its own in it.
func markdown(s string) *slackapi.TextBlockObject {
	return &slackapi.TextBlockObject{Type: slackapi.MarkdownType, Text: s, Verbatim: true}
}

// label is plain text, in which Slack reads neither mentions nor colons around names of emoji.
func label(s string, most int) *slackapi.TextBlockObject {
	return slackapi.NewTextBlockObject(slackapi.PlainTextType, cut(isolate(oneLine(s)), most), false, false)
}

func section(md string) *slackapi.SectionBlock {
	return slackapi.NewSectionBlock(markdown(md), nil, nil)
}

func small(md string) *slackapi.ContextBlock {
	return slackapi.NewContextBlock("", markdown(cutEscaped(md, maxField)))
}
