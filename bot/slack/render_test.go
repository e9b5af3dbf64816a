package slack

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	slackapi "github.com/slack-go/slack"
	"pgregory.net/rapid"

	"github.com/keptcrm/kept/bot"
)

var update = flag.Bool("update", false, "write the golden files anew")

// asJSON is a message as it goes to Slack, readable.
func asJSON(t testing.TB, x any) []byte {
	t.Helper()
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(x); err != nil {
		t.Fatal(err)
	}
	return []byte(strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(b.String()))
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s (-golden +now); read it as the person who gets it, then -update\n%s", path, d)
	}
}

type shownMessage struct {
	Text   string           `json:"text"`
	Blocks []slackapi.Block `json:"blocks"`
}

// TestCards has a golden file of each kind of card in both languages.
func TestCards(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, line string
		from       int
		news       []string
		shared     string
	}{
		{name: "find", line: "find all"}, {name: "nobody", line: "find nobody"}, {name: "several", line: "brief jana"}, {name: "none", line: "brief xyz"},
		{name: "brief", line: "brief c812"}, {name: "brief_evil", line: "brief c36"},
		{name: "history", line: "history c812"}, {name: "long_note", line: "history c35 --full"}, {name: "long_note_2", line: "history c35 --full", from: 3},
		{name: "promises", line: "promises"}, {name: "promises_500", line: "promises many"}, {name: "promises_500_more", line: "promises many", from: 480}, {name: "health", line: "promises --health --by rep"},
		{name: "promise", line: "promise p12"}, {name: "promise_after", line: "promise p12", news: []string{"Promise kept: p12"}}, {name: "promise_shared", line: "promise p12", shared: "U7"},
		{name: "followups", line: "followups"}, {name: "questions", line: "questions"}, {name: "who", line: "who c812"}, {name: "staff", line: "who"}, {name: "may", line: "may-contact c812"},
		{name: "note", line: `note c812 "wants the black <tripod>"`}, {name: "added", line: `promise c812 "send it" by friday`}, {name: "assigned", line: "assign c812 wei"},
		{name: "unknown", line: "breif jana"}, {name: "usage", line: "promise"},
	} {
		for _, lang := range []string{"en", "zh"} {
			t.Run(c.name+"/"+lang, func(t *testing.T) {
				t.Parallel()
				card, _ := bot.Ask(t.Context(), newOffice().api(), c.line, reads(lang))
				m := render(sheet{card: card, from: c.from, news: c.news, shared: c.shared, reader: reads(lang)})
				if err := m.withinLimits(); err != nil {
					t.Error(err)
				}
				golden(t, c.name+"."+lang+".json", asJSON(t, shownMessage{m.text, m.blocks}))
			})
		}
	}
}

// TestAllPages: turning the pages of a long card shows every row once, and back again.
func TestAllPages(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"promises many", "history c35 --full", "find all"} {
		card, err := bot.Ask(t.Context(), newOffice().api(), line, reads("en"))
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		var starts []int
		for at := 0; ; {
			m := render(sheet{card: card, from: at, reader: reads("en")})
			if err := m.withinLimits(); err != nil {
				t.Fatalf("%s at %d: %v", line, at, err)
			}
			said, starts = append(said, m.text), append(starts, at)
			later, ok := button(m, "later")
			if earlier, has := button(m, "earlier"); has != (at > 0) || has && earlier.At != starts[len(starts)-2] {
				t.Fatalf("%s at %d: Back leads to %d (%v), from %v", line, at, earlier.At, has, starts)
			}
			if !ok {
				break
			}
			if later.At <= at || later.Of == "" {
				t.Fatalf("%s: More leads from %d to %d of %q", line, at, later.At, later.Of)
			}
			at = later.At
		}
		missing := lost(card, strings.Join(said, "\n"))
		if len(missing) > 0 {
			t.Errorf("%s: %d pages lack %q", line, len(said), missing[:min(5, len(missing))])
		}
	}
}

func button(m message, code string) (payload, bool) {
	for _, b := range buttonsOf(m.blocks) {
		if strings.HasPrefix(b.ActionID, code+".") {
			return decode(b.Value)
		}
	}
	return payload{}, false
}

func buttonsOf(blocks []slackapi.Block) []*slackapi.ButtonBlockElement {
	var out []*slackapi.ButtonBlockElement
	for _, b := range blocks {
		switch b := b.(type) {
		case *slackapi.ActionBlock:
			for _, e := range b.Elements.ElementSet {
				if x, ok := e.(*slackapi.ButtonBlockElement); ok {
					out = append(out, x)
				}
			}
		case *slackapi.SectionBlock:
			if b.Accessory != nil && b.Accessory.ButtonElement != nil {
				out = append(out, b.Accessory.ButtonElement)
			}
		}
	}
	return out
}

// lost are the words of a card's cells that a text does not have.
func lost(card bot.Card, said string) []string {
	plain := func(s string) string {
		return strings.Map(func(r rune) rune {
			if unicode.IsSpace(r) || r == 0x2068 || r == 0x2069 {
				return -1
			}
			return r
		}, s)
	}
	said = plain(said)
	var out []string
	check := func(s string) {
		for _, w := range strings.Fields(escape(clean(s))) {
			if len(w) < 60 && !strings.Contains(said, plain(w)) {
				out = append(out, w)
			}
		}
	}
	check(card.Title)
	for _, s := range card.Sections {
		check(s.Heading)
		for _, r := range s.Rows {
			for _, c := range r.Cells {
				check(c.Text)
			}
		}
	}
	for _, f := range card.Foot {
		check(f)
	}
	return out
}

// TestEveryCard: whatever a card holds, its pages are within Slack's limits, nothing that it says is
// lost, and nothing can be taken for a mention.
func TestEveryCard(t *testing.T) {
	t.Parallel()
	words := rapid.OneOf(
		rapid.String(),
		rapid.SampledFrom([]string{"<!channel>", "<@U123>", "& Söhne", "&lt;", "*bold*", "`code`", "李伟", "فاطمة", "🎉👩‍👩‍👧", "Suharto", "a\nb", "a < b > c", "", " ", "\u202Eevil", "{when}",
			strings.Repeat("wide ", 400), strings.Repeat("长", 1700), strings.Repeat("&", 700), strings.Repeat("<", 200)}))
	cell := rapid.Custom(func(t *rapid.T) bot.Cell {
		return bot.Cell{Text: words.Draw(t, "text"), Tone: bot.Tone(rapid.IntRange(0, 4).Draw(t, "tone"))}
	})
	action := rapid.Custom(func(t *rapid.T) bot.Action {
		return bot.Action{Code: rapid.SampledFrom([]string{"done", "new_date", "brief"}).Draw(t, "code"), Label: words.Draw(t, "label"), Words: words.Draw(t, "words"), About: words.Draw(t, "about")}
	})
	row := rapid.Custom(func(t *rapid.T) bot.Row {
		return bot.Row{Cells: rapid.SliceOfN(cell, 1, 6).Draw(t, "cells"), Ref: "p1", Actions: rapid.SliceOfN(action, 0, 4).Draw(t, "actions")}
	})
	part := rapid.Custom(func(t *rapid.T) bot.Section {
		return bot.Section{Shape: bot.Shape(rapid.IntRange(0, 2).Draw(t, "shape")), Heading: words.Draw(t, "heading"), Rows: rapid.SliceOfN(row, 1, 12).Draw(t, "rows")}
	})
	rapid.Check(t, func(t *rapid.T) {
		card := bot.Card{Title: words.Draw(t, "title"), Aside: rapid.SliceOfN(words, 0, 3).Draw(t, "aside"), Sections: rapid.SliceOfN(part, 0, 4).Draw(t, "sections"),
			Foot: rapid.SliceOfN(words, 0, 3).Draw(t, "foot"), Actions: rapid.SliceOfN(action, 0, 30).Draw(t, "actions"), Again: "brief c812"}
		s := sheet{card: card, reader: reads("en"), news: rapid.SliceOfN(words, 0, 2).Draw(t, "news"), direct: rapid.Bool().Draw(t, "direct")}
		if rapid.Bool().Draw(t, "shared") && len(card.Sections) == 0 {
			s.shared = "U7"
		}
		var said []string
		for at, pages := 0, 0; ; pages++ {
			s.from = at
			m := newPage(s).message()
			if err := m.withinLimits(); err != nil {
				t.Fatalf("page %d: %v", pages, err)
			}
			said = append(said, m.text)
			later, ok := button(m, "later")
			if !ok {
				break
			}
			if later.At <= at {
				t.Fatalf("More leads from %d to %d", at, later.At)
			}
			at = later.At
		}
		if missing := lost(card, strings.Join(said, "\n")); len(missing) > 0 && s.shared == "" {
			t.Fatalf("lost: %q", missing[:min(5, len(missing))])
		}
	})
}

// TestWidestPages: a title and headings that grow as they are escaped, and are said again on each page,
// have their room on it, however long the rows beside them are.
func TestWidestPages(t *testing.T) {
	t.Parallel()
	for width := 1; width <= 300; width += 37 {
		var rows []bot.Row
		for range 25 {
			rows = append(rows, bot.Row{Cells: []bot.Cell{{Text: strings.Repeat("&", width)}}})
		}
		s := sheet{reader: reads("en"), news: []string{strings.Repeat("<", 200)}, card: bot.Card{Title: strings.Repeat("&", 700), Foot: []string{strings.Repeat("&", 170)}, Again: "brief c812",
			Sections: []bot.Section{{Heading: strings.Repeat("&", 30), Rows: rows}, {Heading: strings.Repeat(">", 37), Rows: rows}}}}
		pages := 0
		for ; ; pages++ {
			g := newPage(s)
			m := g.message()
			if err := m.withinLimits(); err != nil || size(m.text) > pageText {
				t.Fatalf("rows of %d, page %d: %d characters; %v", width, pages, size(m.text), err)
			}
			if g.at+1 == len(g.starts) {
				break
			}
			s.from = g.starts[g.at+1]
		}
		if pages < 1 {
			t.Fatalf("rows of %d: no second page", width)
		}
	}
}

// TestValidator: what Slack would refuse is found.
func TestValidator(t *testing.T) {
	t.Parallel()
	many := func(n int) []slackapi.Block {
		return slices.Repeat([]slackapi.Block{section("x")}, n)
	}
	act := func(n int, value string) slackapi.Block {
		b := slackapi.NewActionBlock("")
		for range n {
			b.Elements.ElementSet = append(b.Elements.ElementSet, slackapi.NewButtonBlockElement("a."+string(rune('a'+len(b.Elements.ElementSet))), value, label("x", 75)))
		}
		return b
	}
	same := slackapi.NewActionBlock("", slackapi.NewButtonBlockElement("a", "v", label("x", 75)), slackapi.NewButtonBlockElement("a", "v", label("x", 75)))
	for name, c := range map[string]struct {
		m    message
		want string
	}{
		"no text":      {message{blocks: many(1)}, "has no text"},
		"long text":    {message{text: strings.Repeat("x", 4001), blocks: many(1)}, "4001 characters"},
		"blocks":       {message{text: "x", blocks: many(51)}, "51, at most 50"},
		"section":      {message{text: "x", blocks: []slackapi.Block{section(strings.Repeat("字", 3001))}}, "3001 characters"},
		"emoji":        {message{text: "x", blocks: []slackapi.Block{section(strings.Repeat("🎉", 1501))}}, "3002 characters"},
		"empty":        {message{text: "x", blocks: []slackapi.Block{section("")}}, "0 characters"},
		"header":       {message{text: "x", blocks: []slackapi.Block{slackapi.NewHeaderBlock(label(strings.Repeat("x", 151), 200))}}, "151 characters"},
		"mention":      {message{text: "x", blocks: []slackapi.Block{section("hi <!channel>")}}, "a bare <"},
		"ampersand":    {message{text: "x", blocks: []slackapi.Block{section("A & B")}}, "a bare &"},
		"buttons":      {message{text: "x", blocks: []slackapi.Block{act(26, "v")}}, "26 elements"},
		"value":        {message{text: "x", blocks: []slackapi.Block{act(1, strings.Repeat("v", 2001))}}, "2001 bytes"},
		"total":        {message{text: "x", blocks: slices.Repeat([]slackapi.Block{section(strings.Repeat("x", 2700))}, 5)}, "13500 characters together"},
		"twice":        {message{text: "x", blocks: []slackapi.Block{same}}, "twice"},
		"input":        {message{text: "x", blocks: []slackapi.Block{slackapi.NewInputBlock("b", label("x", 75), nil, slackapi.NewPlainTextInputBlockElement(nil, "a"))}}, "stands in forms only"},
		"unknown kind": {message{text: "x", blocks: []slackapi.Block{slackapi.NewMarkdownBlock("", "x")}}, "not shown by all clients"},
	} {
		if err := c.m.withinLimits(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if err := (message{text: "x", blocks: []slackapi.Block{section("by <@U7> in <#C1> &amp; &lt;b&gt;")}}).withinLimits(); err != nil {
		t.Error(err)
	}
}
