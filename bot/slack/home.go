package slack

import (
	"context"
	"strings"

	slackapi "github.com/slack-go/slack"

	"github.com/keptcrm/kept/bot"
)

// homeRows is how many rows of each list the App Home shows; all of them are a button away.
const homeRows = 5

// homeLists are what the App Home shows: what I promised, what I have to do,
// what is asked of me. Below them stand my customers who have gone quiet.
var homeLists = []struct{ line, all string }{
	{"promises --by me", "chat.all_promises"},
	{"followups --by me", "chat.all_followups"},
	{"questions", "chat.all_questions"},
}

// onHome shows the App Home.
func onHome(ctx context.Context, a *App, e event) (answer, error) {
	h, err := a.homeOf(ctx, a.reader(ctx, e), nil)
	return answer{home: h}, err
}

// homeOf makes the App Home of the caller, with what has just happened on top. A list that cannot be
// had says why; the others are shown all the same.
func (a *App) homeOf(ctx context.Context, r bot.Reader, news []string) (*slackapi.HomeTabViewRequest, error) {
	p := printer(r)
	h := &slackapi.HomeTabViewRequest{Type: slackapi.VTHomeTab, CallbackID: "home"}
	put := func(b ...slackapi.Block) { h.Blocks.BlockSet = append(h.Blocks.BlockSet, b...) }
	if all := cutEscaped(strings.Join(escaped(news), "\n"), maxNews); all != "" {
		put(section(all), slackapi.NewDividerBlock())
	}
	var first error
	for i, list := range homeLists {
		if w, _, err := bot.Parse(list.line); err != nil || w == nil {
			continue
		}
		card, err := bot.Ask(ctx, a.api, list.line, r)
		if err != nil && first == nil {
			first = err
		}
		if i > 0 {
			put(slackapi.NewDividerBlock())
		}
		more := shorten(&card, homeRows)
		again := card.Again
		card.Again, card.Foot = "", nil
		g := newPage(sheet{card: card, reader: r, direct: true})
		g.n = 100 * i
		put(slackapi.NewHeaderBlock(label(card.Title, maxHeader)))
		if g.header() {
			body, _ := g.body()
			put(body...)
		}
		if more && again != "" {
			put(slackapi.NewActionBlock("", g.buttons([]bot.Action{{Code: "all", Label: p.T(list.all), Words: again}})...))
		}
		if err != nil && i == 0 {
			break // whoever is nobody of us is told so once
		}
	}
	if card, err := bot.Quiet(ctx, a.api, r); err == nil && len(card.Sections) > 0 {
		shorten(&card, homeRows)
		g := newPage(sheet{card: card, reader: r, direct: true})
		g.n = 100 * len(homeLists)
		put(slackapi.NewDividerBlock(), slackapi.NewHeaderBlock(label(card.Title, maxHeader)))
		body, _ := g.body()
		put(body...)
	}
	put(small(escape(p.T("chat.home_foot"))))
	if err := homeWithinLimits(*h); err != nil {
		return &slackapi.HomeTabViewRequest{Type: slackapi.VTHomeTab, Blocks: slackapi.Blocks{BlockSet: []slackapi.Block{section(escape(p.T("chat.too_long")))}}}, err
	}
	return h, first
}

// shorten leaves the first rows of a card, and says whether there are more.
func shorten(c *bot.Card, rows int) (more bool) {
	var out []bot.Section
	for _, s := range c.Sections {
		if c.Word == "questions" { // a question is a section
			if len(out) == rows {
				return finish(c, out)
			}
			out = append(out, s)
			continue
		}
		if rows <= 0 {
			return finish(c, out)
		}
		if len(s.Rows) > rows {
			s.Rows = s.Rows[:rows]
			return finish(c, append(out, s))
		}
		rows -= len(s.Rows)
		out = append(out, s)
	}
	c.Sections = out
	return false
}

func finish(c *bot.Card, kept []bot.Section) bool {
	c.Sections = kept
	return true
}
