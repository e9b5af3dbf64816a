package slack

import (
	"strconv"
	"strings"

	slackapi "github.com/slack-go/slack"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/state"
)

// How much of a card one page shows. It is less than Slack would take: what does not fit a phone's
// first screens is looked for with More, and nothing is left out.
const (
	pageText   = 3400 // characters of the text beside the blocks, which then stays under Slack's 4,000
	pageWeight = 9000 // characters of blocks with the values of buttons
	pageBlocks = 34
	pageRows   = 10 // that have buttons
	maxPiece   = 1500
	maxNews    = 600
	maxFoot    = 900
)

// piece is a part of a card that stays on one page: a row, or a part of one that is too long.
type piece struct {
	md, text string // what the blocks and the text say, safe for Slack
	section  int    // pieces of one section that have no buttons share a block
	heading  string // of its section
	row      int    // counts rows; 0 is no row
	actions  []bot.Action
	small    bool
}

// render gives a page of a card as a message. It is within Slack's limits: if a card should still
// break one, it is shown as text without blocks.
func render(s sheet) message {
	m := newPage(s).message()
	if m.withinLimits() != nil {
		return m.bare()
	}
	return m
}

// bare is a message as one section of text alone, which no limit can refuse.
func (m message) bare() message {
	all := cutEscaped(m.text, maxSection)
	return message{text: all, blocks: []slackapi.Block{section(all)}}
}

// page is a card while it is rendered.
type page struct {
	sheet
	p      *text.Printer
	pieces []piece
	starts []int // of pages
	at     int   // which of them
	rows   int
	n      int // buttons so far
}

func newPage(s sheet) *page {
	g := &page{sheet: s, p: text.For(s.reader.Lang).In(s.reader.Zone, s.reader.Now).As(s.reader.Command)}
	g.flow()
	g.turn()
	return g
}

// flow divides the card into pieces.
func (g *page) flow() {
	title := clean(g.card.Title)
	if !g.header() {
		lead := strong
		if len(g.card.Sections) == 0 || strings.Contains(title, "\n") {
			lead = escape
		}
		for _, part := range divide(title, maxPiece) {
			g.pieces = append(g.pieces, piece{md: lead(part), text: escape(part), section: -1})
		}
	}
	for i, s := range g.card.Sections {
		g.section(i, s)
	}
	if g.longFoot() {
		for _, f := range g.card.Foot {
			for _, part := range divide(clean(f), maxPiece) {
				g.pieces = append(g.pieces, piece{md: escape(part), text: escape(part), section: -2, small: true})
			}
		}
	}
}

// header says whether the title is a header's: short, and above something.
func (g *page) header() bool {
	t := clean(g.card.Title)
	return t != "" && size(t) <= maxHeader && !strings.Contains(t, "\n") && len(g.card.Sections) > 0
}

func (g *page) longFoot() bool {
	n := 0
	for _, f := range g.card.Foot {
		n += size(escape(clean(f)))
	}
	return n > maxFoot
}

func (g *page) section(i int, s bot.Section) {
	heading := oneLine(s.Heading)
	if size(escape(heading)) > maxHeader {
		for _, part := range divide(heading, maxPiece) {
			g.pieces = append(g.pieces, piece{md: escape(part), text: escape(part), section: i})
		}
		heading = ""
	}
	var labels []bot.Cell
	rows := s.Rows
	if s.Shape == bot.Table && isHead(rows) {
		labels, rows = rows[0].Cells, rows[1:]
	}
	for _, r := range rows {
		g.rows++
		var w writer
		if s.Shape == bot.Facts {
			w.facts(r.Cells, g.commands(r.Actions))
		} else {
			w.cells(s.Shape, r.Cells, labels, g.commands(r.Actions))
		}
		parts := w.done()
		for k := range parts {
			parts[k].section, parts[k].heading, parts[k].row = i, heading, g.rows
		}
		if n := len(parts); n > 0 {
			parts[n-1].actions = r.Actions
		} else if len(r.Actions) > 0 {
			parts = []piece{{section: i, heading: heading, row: g.rows, actions: r.Actions, md: "·", text: "·"}}
		}
		g.pieces = append(g.pieces, parts...)
	}
	if n := len(g.pieces); heading != "" && (n == 0 || g.pieces[n-1].section != i) {
		g.pieces = append(g.pieces, piece{section: i, heading: heading})
	}
}

// commands says of a cell's text whether it is what a button of the row does, as it would be typed.
func (g *page) commands(actions []bot.Action) func(string) bool {
	return func(cell string) bool {
		for _, a := range actions {
			words, _, form := strings.Cut(a.Words, " {")
			if typed := g.p.Command(words); cell == typed || form && strings.HasPrefix(cell, typed+" ") {
				return true
			}
		}
		return false
	}
}

// isHead says whether the first row of a table names its columns.
func isHead(rows []bot.Row) bool {
	if len(rows) < 2 || rows[0].Ref != "" || len(rows[0].Cells) < 2 || rows[0].Cells[0].Text != "" {
		return false
	}
	for _, c := range rows[0].Cells {
		if c.Text != "" && c.Tone != bot.Dim {
			return false
		}
	}
	return true
}

// turn finds where pages begin, and the one that is shown.
func (g *page) turn() {
	fixed := size(g.again()) + min(maxNews, size(strings.Join(escaped(g.news), "\n"))) + min(maxFoot, size(strings.Join(escaped(g.card.Foot), "\n"))) + 160
	chars, weight, blocks, rows := fixed+size(g.aside()), 0, 0, 0
	g.starts = []int{0}
	last := -10
	for i, x := range g.pieces {
		c, w := size(x.text)+1, size(x.md)+1
		// A page that begins inside a section says its heading again.
		heading := size(escape(x.heading)) + 4
		if x.heading != "" && (i == 0 || g.pieces[i-1].section != x.section) {
			c, w, heading = c+heading, w+heading, 0
		}
		b := 0
		if x.section != last || len(x.actions) > 0 {
			b = 1
		}
		acting := 0
		if len(x.actions) > 0 {
			acting = 1
		}
		for _, a := range x.actions {
			w += size(g.value(a)) + size(a.Label)
		}
		if len(x.actions) > 1 {
			b++
		}
		if i > g.starts[len(g.starts)-1] && (chars+c > pageText || weight+w > pageWeight || blocks+b > pageBlocks || rows+acting > pageRows) {
			g.starts = append(g.starts, i)
			chars, weight, blocks, rows = fixed+heading, heading, 0, 0
		}
		chars, weight, blocks, rows = chars+c, weight+w, blocks+b, rows+acting
		last = x.section
		if len(x.actions) > 0 {
			last = -10 // what follows has a block of its own
		}
	}
	for k, at := range g.starts {
		if at <= g.from {
			g.at = k
		}
	}
}

func (g *page) shown() []piece {
	end := len(g.pieces)
	if g.at+1 < len(g.starts) {
		end = g.starts[g.at+1]
	}
	return g.pieces[g.starts[g.at]:end]
}

// again is the title as every page says it: a long one is shortened where the first page has it whole.
func (g *page) again() string {
	if g.header() {
		return escape(clean(g.card.Title))
	}
	return cutEscaped(escape(oneLine(g.card.Title)), maxHeader)
}

// aside is what stands beside the title.
func (g *page) aside() string {
	var out []string
	for _, a := range g.card.Aside {
		if a = oneLine(a); a != "" {
			out = append(out, escape(isolate(a)))
		}
	}
	return cutEscaped(strings.Join(out, between), maxNews)
}

func (g *page) message() message {
	var m message
	var lines []string
	put := func(b slackapi.Block) { m.blocks = append(m.blocks, b) }
	if news := cutEscaped(strings.Join(escaped(g.news), "\n"), maxNews); news != "" {
		put(section(news))
		lines = append(lines, news)
	}
	if t := clean(g.card.Title); g.header() {
		put(slackapi.NewHeaderBlock(label(t, maxHeader)))
		lines = append(lines, g.again())
	} else if g.at > 0 && t != "" {
		lines = append(lines, g.again())
		put(section(g.again()))
	}
	if a := g.aside(); a != "" && g.at == 0 {
		put(small(a))
		lines = append(lines, a)
	}
	body, said := g.body()
	m.blocks = append(m.blocks, body...)
	lines = append(lines, said...)
	var foot []string
	if !g.longFoot() {
		for _, f := range g.card.Foot {
			if f = clean(f); f != "" {
				foot = append(foot, escape(f))
			}
		}
	}
	if n := g.p.T("chat.page", g.span()); len(g.starts) > 1 && n != "" {
		foot = append(foot, n)
	}
	if g.shared != "" {
		foot = append(foot, g.p.T("chat.shared_by", state.Args{"user": "<@" + g.shared + ">", "at": g.p.Moment(g.reader.Now)}))
	}
	if len(foot) > 0 {
		put(small(strings.Join(foot, "\n")))
		lines = append(lines, foot...)
	}
	if b := g.buttons(g.cardActions()); len(b) > 0 {
		put(slackapi.NewActionBlock("", b...))
	}
	m.text = strings.Join(lines, "\n")
	if m.text == "" {
		m.text = "·"
		put(section(m.text))
	}
	return m
}

// span says which rows the page shows.
func (g *page) span() state.Args {
	from, to := 0, 0
	for _, x := range g.shown() {
		if x.row > 0 && from == 0 {
			from = x.row
		}
		to = max(to, x.row)
	}
	return state.Args{"from": strconv.Itoa(max(from, 1)), "to": strconv.Itoa(max(to, 1)), "all": strconv.Itoa(max(g.rows, 1))}
}

// body gives the blocks of the pieces that are shown, and what they say.
func (g *page) body() (blocks []slackapi.Block, lines []string) {
	var run []string
	open := -10
	flush := func() {
		if len(run) > 0 {
			for _, part := range joined(run, maxSection) {
				blocks = append(blocks, section(part))
			}
		}
		run, open = nil, -10
	}
	heading := -10
	for _, x := range g.shown() {
		if x.section != open {
			flush()
		}
		if x.heading != "" && x.section != heading {
			run = append(run, strong(x.heading))
			lines = append(lines, escape(x.heading))
		}
		heading = x.section
		lines = append(lines, x.text)
		if x.small {
			flush()
			blocks = append(blocks, small(x.md))
			continue
		}
		buttons := g.buttons(x.actions)
		if len(buttons) == 0 {
			if x.md != "" {
				run, open = append(run, x.md), x.section
			}
			continue
		}
		head := len(run) == 1 && x.heading != "" && run[0] == strong(x.heading)
		if !head {
			flush()
		}
		if x.md != "" {
			run = append(run, x.md)
		}
		said := strings.Join(run, "\n")
		run, open = nil, -10
		if said == "" {
			blocks = append(blocks, slackapi.NewActionBlock("", buttons...))
			continue
		}
		b := section(said)
		if len(buttons) == 1 {
			b.Accessory = slackapi.NewAccessory(buttons[0])
			blocks = append(blocks, b)
			continue
		}
		blocks = append(blocks, b, slackapi.NewActionBlock("", buttons...))
	}
	flush()
	return blocks, lines
}

// cardActions are the buttons under the card: its own, those that turn pages, and sharing.
func (g *page) cardActions() []bot.Action {
	out := g.card.Actions
	if len(out) > maxButtons-3 {
		out = out[:maxButtons-3]
	}
	if g.card.Again == "" {
		return out
	}
	if g.at > 0 {
		out = append(out[:len(out):len(out)], bot.Action{Code: "earlier", Label: g.p.T("chat.earlier")})
	}
	if g.at+1 < len(g.starts) {
		// The word's own More asks for a longer list: it is of use on the last page.
		kept := out[:0:0]
		for _, a := range out {
			if a.Code != "more" {
				kept = append(kept, a)
			}
		}
		out = append(kept, bot.Action{Code: "later", Label: g.p.T("action.more")})
	}
	if !g.direct {
		out = append(out[:len(out):len(out)], bot.Action{Code: "share", Label: g.p.T("chat.share")})
	}
	return out
}

func (g *page) buttons(actions []bot.Action) []slackapi.BlockElement {
	if g.shared != "" {
		return nil
	}
	var out []slackapi.BlockElement
	for _, a := range actions {
		value := g.value(a)
		if value == "" || clean(a.Label) == "" {
			continue
		}
		g.n++
		out = append(out, slackapi.NewButtonBlockElement(a.Code+"."+strconv.Itoa(g.n), value, label(a.Label, maxLabel)))
	}
	return out
}

// value is what a button carries: its words, and how to show the card again. "" where its words are
// too long: the command stands in the text.
func (g *page) value(a bot.Action) string {
	p := payload{Do: a.Words, Of: g.card.Again, At: g.starts0()}
	switch a.Code {
	case "later":
		p.At = g.starts[g.at+1]
	case "earlier":
		p.At = g.starts[g.at-1]
	case "more":
		p.At = g.starts0()
	}
	if a.Form != nil {
		p.About, p.Values = a.About, a.Form.Prefilled()
	}
	return p.encode(maxValue)
}

func (g *page) starts0() int {
	if g.at < len(g.starts) {
		return g.starts[g.at]
	}
	return g.from
}
