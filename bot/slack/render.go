package slack

import (
	"strings"

	slackapi "github.com/slack-go/slack"
)

// render gives a card as a message: its text alone.
func render(s sheet) message {
	lines := append([]string{}, s.news...)
	lines = append(lines, s.card.Title)
	for _, sec := range s.card.Sections {
		if sec.Heading != "" {
			lines = append(lines, sec.Heading)
		}
		for _, row := range sec.Rows {
			var cells []string
			for _, c := range row.Cells {
				if c.Text != "" {
					cells = append(cells, c.Text)
				}
			}
			lines = append(lines, strings.Join(cells, "  "))
		}
	}
	all := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(strings.Join(append(lines, s.card.Foot...), "\n"))
	if r := []rune(all); len(r) > 2900 {
		all = string(r[:2900]) + "…"
	}
	return message{text: all, blocks: []slackapi.Block{slackapi.NewSectionBlock(slackapi.NewTextBlockObject(slackapi.MarkdownType, all, false, false), nil, nil)}}
}
