package render

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

var update = flag.Bool("update", false, "write the golden files anew")

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

// fits fails where a line is wider than the width or holds anything but text.
func fits(t *testing.T, got []byte, width int) {
	t.Helper()
	for i, l := range strings.Split(string(got), "\n") {
		if w := widthOf(l); w > width {
			t.Errorf("line %d is %d wide, more than %d: %q", i+1, w, width, l)
		}
		if strings.HasSuffix(l, " ") || strings.ContainsFunc(l, hidden) || !utf8.ValidString(l) {
			t.Errorf("line %d: %q", i+1, l)
		}
	}
}

// TestWords shows every word in both languages, as people see it.
func TestWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, line string
		width      int
	}{
		{"find", "find x", 100}, {"find_narrow", "find x", 44}, {"find_nobody", "find nobody", 100},
		{"brief", "brief jana", 100}, {"brief_narrow", "brief jana", 40}, {"brief_organisation", "brief c9", 100}, {"brief_new", "brief new", 100}, {"brief_several", "brief several", 100},
		{"history", "history jana", 100}, {"history_narrow", "history jana", 40}, {"history_long", "history long", 100}, {"history_full", "history long --full", 80},
		{"who", "who jana", 100}, {"staff", "who", 100},
		{"promises", "promises jana --all", 100}, {"promises_many", "promises many", 100}, {"promises_many_narrow", "promises many --limit 7", 50}, {"promises_none", "promises none --late", 100},
		{"promise_add", `promise jana "demonstration for the Kiel team" by friday 12:00`, 100}, {"promise_moved", "promise p13 by tuesday", 100}, {"promise_done", "promise p12 done", 100}, {"promise_one", "promise p12", 100},
		{"questions", "questions", 100}, {"questions_row", "questions q12", 60}, {"answer", "answer q7 yes", 100}, {"assign", "assign jana wei", 100}, {"note", `note jana "wants the black tripod"`, 100},
	} {
		for _, lang := range []string{"en", "zh"} {
			t.Run(c.name+"/"+lang, func(t *testing.T) {
				t.Parallel()
				w, req, err := bot.Parse(c.line)
				if err != nil {
					t.Fatal(err)
				}
				req.Lang, req.Zone, req.Now = lang, zone, now
				card, err := w.Run(t.Context(), company(), req)
				if err != nil && !state.IsClass(err, state.Ambiguous) {
					t.Fatal(err)
				}
				var b bytes.Buffer
				if err := Card(&b, card, Options{Width: c.width}); err != nil {
					t.Fatal(err)
				}
				fits(t, b.Bytes(), c.width)
				golden(t, c.name+"."+lang+".txt", b.Bytes())
			})
		}
	}
}

// TestFirstFiveLines: what is late, what to watch, what they bought and when usually, the last
// touch and the owner stand in the first five lines of a brief.
func TestFirstFiveLines(t *testing.T) {
	t.Parallel()
	out := janaBrief()
	out.Bought = out.Bought[:1]
	api := company()
	api.Brief = func(_ context.Context, _ service.BriefIn) (service.BriefOut, error) { return out, nil }
	card, err := bot.Lookup("brief").Run(t.Context(), api, bot.Request{Words: []string{"jana"}})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := Card(&b, card, Options{}); err != nil {
		t.Fatal(err)
	}
	head := strings.Join(strings.SplitN(b.String(), "\n", 6)[:5], "\n")
	for _, want := range []string{"owner Ana Lima", "late 2 d", "3 to watch", "usually every 31 days", "last 12 days ago", "still waiting"} {
		if !strings.Contains(head, want) {
			t.Errorf("the first five lines lack %q:\n%s", want, head)
		}
	}
}

func TestNoEmptySections(t *testing.T) {
	t.Parallel()
	card, err := bot.Lookup("brief").Run(t.Context(), company(), bot.Request{Words: []string{"new"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range card.Sections {
		if s.Heading != "" || len(s.Rows) == 0 {
			t.Errorf("section %q with %d rows", s.Heading, len(s.Rows))
		}
	}
}

// TestColour: colours are written only where asked, and take no room.
func TestColour(t *testing.T) {
	t.Parallel()
	card, err := bot.Lookup("brief").Run(t.Context(), company(), bot.Request{Words: []string{"jana"}})
	if err != nil {
		t.Fatal(err)
	}
	var plain, colour bytes.Buffer
	if err := Card(&plain, card, Options{Width: 70}); err != nil {
		t.Fatal(err)
	}
	if err := Card(&colour, card, Options{Width: 70, Color: true}); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(plain.Bytes(), []byte("\x1b")) || !bytes.Contains(colour.Bytes(), []byte("\x1b[1;31mlate 2 d")) {
		t.Errorf("%q", colour.String())
	}
	if d := cmp.Diff(plain.String(), sequence.ReplaceAllString(colour.String(), "")); d != "" {
		t.Errorf("colour changes the text\n%s", d)
	}
}

// TestRightToLeft: Arabic and Hebrew are isolated for a terminal, and left as they are for a file.
func TestRightToLeft(t *testing.T) {
	t.Parallel()
	s := bot.Section{Shape: bot.Table, Rows: []bot.Row{{Cells: []bot.Cell{{Text: "c35"}, {Text: "فاطمة الزهراء"}, {Text: "x"}}}}}
	var file, terminal bytes.Buffer
	if err := Card(&file, bot.Card{Sections: []bot.Section{s}}, Options{}); err != nil {
		t.Fatal(err)
	}
	if err := Card(&terminal, bot.Card{Sections: []bot.Section{s}}, Options{Terminal: true}); err != nil {
		t.Fatal(err)
	}
	if file.String() != "c35  فاطمة الزهراء  x\n" {
		t.Errorf("%q", file.String())
	}
	if terminal.String() != "c35  \u2068فاطمة الزهراء\u2069  x\n" {
		t.Errorf("%q", terminal.String())
	}
}

func TestClean(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Jana\x1b[31m Köhler\x1b[0m":  "Jana Köhler",
		"\x1b]0;you are root\x07Jana": "Jana",
		"\x1b]8;;http://x\x1b\\Jana":  "Jana",
		"Jana\u009b31mK":              "JanaK",
		"a\x00b\x08c\x7fd":            "abcd",
		"a\tb\r\nc\u2028d":            "a b c d",
		"safe\u202Eexe.fdp":           "safeexe.fdp",
		"\x1b]0;no end, Jana":         "0;no end, Jana",
		"\x1b\x1b[2J[2J":              "[2J",
		"bad \xff byte":               "bad \uFFFD byte",
		"👩‍👩‍👧 stays":                 "👩‍👩‍👧 stays",
		"فاطمة\u2067":                 "فاطمة",
	} {
		if got := clean(in); got != want {
			t.Errorf("clean(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestWrap(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text  string
		width int
		want  []string
	}{
		{"one two three", 7, []string{"one two", "three"}},
		{"one two three", 100, []string{"one two three"}},
		{"abcdefghij", 4, []string{"abcd", "efgh", "ij"}},
		{"样品寄出，周五之前", 8, []string{"样品寄", "出，周五", "之前"}},
		{"样品（大）寄出", 6, []string{"样品", "（大）", "寄出"}},
		{"a 样品 b", 5, []string{"a 样", "品 b"}},
		{"👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧", 4, []string{"👩‍👩‍👧👩‍👩‍👧", "👩‍👩‍👧"}},
		{"", 5, []string{""}},
		{"  x  ", 5, []string{"x"}},
		{"see kept customer why c812", 12, []string{"see kept", "customer why", "c812"}},
	} {
		var got []string
		for _, l := range wrap(line{{c.text, bot.Plain}}, c.width) {
			s := ""
			for _, x := range l {
				s += x.text
			}
			got = append(got, s)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("wrap(%q, %d) (-want +got)\n%s", c.text, c.width, d)
		}
	}
}

// What is too wide is broken between its parts first, so that commands stay whole.
func TestFlow(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text  string
		width int
		want  []string
	}{
		{"a · b", 5, []string{"a · b"}},
		{"4 records · why: kept why c1 · more", 20, []string{"4 records", "why: kept why c1", "more"}},
		{"one · two three four five · six", 10, []string{"one · two", "three four", "five · six"}},
		{"样品 · 寄出", 8, []string{"样品", "寄出"}},
		{"约翰·史密斯", 8, []string{"约翰·史", "密斯"}},
		{"", 5, []string{""}},
	} {
		var got []string
		for _, l := range flow(line{{c.text, bot.Plain}}, c.width) {
			s := ""
			for _, x := range l {
				s += x.text
			}
			got = append(got, s)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("flow(%q, %d) (-want +got)\n%s", c.text, c.width, d)
		}
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in    string
		width int
		want  string
	}{{"Jana", 4, "Jana"}, {"Jana Köhler", 6, "Jana…"}, {"李伟先生", 5, "李伟…"}, {"李伟先生", 4, "李…"}, {"x", 0, ""}, {"xy", 1, "…"}} {
		if got := cut(c.in, c.width); got != c.want {
			t.Errorf("cut(%q, %d) = %q, want %q", c.in, c.width, got, c.want)
		}
	}
}

func TestValueJSON(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := Value(&b, "json", janaBrief()); err != nil {
		t.Fatal(err)
	}
	golden(t, "brief.json", b.Bytes())
	var back service.BriefOut
	if err := json.Unmarshal(b.Bytes(), &back); err != nil || back.Ours[0].Text != quotePromise.Text {
		t.Fatal(err)
	}
	b.Reset()
	if err := Value(&b, "json", service.FindOut{}); err != nil || b.String() != "{\n  \"hits\": [],\n  \"more\": false\n}\n" {
		t.Errorf("%s %v", b.String(), err)
	}
	b.Reset()
	if err := Value(&b, "jsonl", janaHistory()); err != nil || strings.Count(b.String(), "\n") != 7 || !strings.HasPrefix(b.String(), `{"id":"k60.0","time":"2026-11-19T08:00:00Z","kind":"message"`) {
		t.Errorf("%s %v", b.String(), err)
	}
	b.Reset()
	// What JSON lets through and a terminal obeys is escaped; the value is the same.
	in := "a\u009b31m\u202e<b>\x1b"
	if err := Value(&b, "jsonl", []string{in}); err != nil || b.String() != `"a\u009b31m\u202e<b>\u001b"`+"\n" {
		t.Errorf("%s %v", b.String(), err)
	}
	var s string
	if err := json.Unmarshal(b.Bytes(), &s); err != nil || s != in {
		t.Errorf("%q %v", s, err)
	}
	// The answer itself is not touched by filling its empty lists.
	out := service.HistoryOut{}
	if err := Value(&b, "json", out); err != nil || out.Entries != nil {
		t.Error("the answer was changed")
	}
}

func TestValueCSV(t *testing.T) {
	t.Parallel()
	out, err := company().PromiseList(t.Context(), service.PromiseListIn{Ref: "jana"})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	for _, v := range []any{out, janaHistory(), service.CustomerListOut{Customers: []service.Customer{janaBrief().Customer}}} {
		if err := Value(&b, "csv", v); err != nil {
			t.Fatal(err)
		}
		b.WriteString("\n")
	}
	golden(t, "values.csv", b.Bytes())
}

// TestFormulas: no cell that a customer fills is a formula, and numbers stay numbers.
func TestFormulas(t *testing.T) {
	t.Parallel()
	type row struct {
		Number string       `json:"number"`
		Text   string       `json:"text"`
		Amount *state.Money `json:"amount"`
		Tags   []string     `json:"tags"`
		Hidden string       `json:"-"`
	}
	var b bytes.Buffer
	if err := Value(&b, "csv", []row{
		{"c1", "=HYPERLINK(\"x\")", &state.Money{Minor: -5, Currency: "EUR"}, []string{"@a", "b"}, "secret"},
		{"c2", "+49 451", nil, nil, ""}, {"c3", "-1+1", nil, []string{"x"}, ""}, {"c4", "a=b\nc", nil, nil, ""}}); err != nil {
		t.Fatal(err)
	}
	got, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{{"number", "text", "amount_minor", "amount_currency", "tags"},
		{"c1", "'=HYPERLINK(\"x\")", "-5", "EUR", "'@a; b"}, {"c2", "'+49 451", "", "", ""}, {"c3", "'-1+1", "", "", "x"}, {"c4", "a=b\nc", "", "", ""}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestValueIDs(t *testing.T) {
	t.Parallel()
	find, _ := company().Find(t.Context(), service.FindIn{})
	for _, c := range []struct {
		v    any
		want string
	}{
		{find, "c812\nc34\nc35\nc36\nc37\nc9\n"},
		{service.PromiseOut{Promise: quotePromise}, "p12\n"},
		{janaBrief(), "c812\n"},
		{service.HistoryOut{Entries: []service.Entry{{ID: "k1.0"}, {ID: "n2"}}}, "k1.0\nn2\n"},
		{service.CustomerOut{Customer: service.Customer{Number: "c1"}}, "c1\n"},
		{service.AnswerOut{Question: match}, "q7\n"},
		{[]string{"a", "b"}, "a\nb\n"},
		{service.FindOut{}, ""},
	} {
		var b bytes.Buffer
		if err := Value(&b, "ids", c.v); err != nil || b.String() != c.want {
			t.Errorf("%T: %q %v, want %q", c.v, b.String(), err, c.want)
		}
	}
	if err := Value(&bytes.Buffer{}, "xml", 1); err == nil {
		t.Error("xml is no format")
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, os.ErrClosed }

// TestBrokenPipe: an error of the writer is told, whatever is written.
func TestBrokenPipe(t *testing.T) {
	t.Parallel()
	if Card(broken{}, bot.Card{Title: "x"}, Options{}) == nil {
		t.Error("card")
	}
	for _, f := range Formats {
		if Value(broken{}, f, []service.Promise{quotePromise}) == nil {
			t.Error(f)
		}
	}
}

// FuzzCard: whatever customers are called and write, nothing but text gets through, no line is too
// wide, and no letter is lost from what is wrapped.
func FuzzCard(f *testing.F) {
	f.Add("Jana Köhler", "send the quote", 40)
	f.Add("李伟\x1b[31m", "样品，（寄出）👩‍👩‍👧", 20)
	f.Add("\u202efdp.exe", strings.Repeat("x", 300), 100)
	f.Add("a\u0301\u0302\u0303", "🇩🇪🇨🇳\u009b31m", 33)
	f.Add("e\xff", "\x1b]0;x", 21)
	f.Fuzz(func(t *testing.T, name, words string, width int) {
		if len(name)+len(words) > 4000 {
			return
		}
		width = minWidth + (width%81+81)%81
		c := bot.Card{Title: name, Aside: []string{words, name}, Foot: []string{words}, Sections: []bot.Section{
			{Shape: bot.Facts, Rows: []bot.Row{{Cells: []bot.Cell{{Text: name}, {Text: words}, {Text: name, Tone: bot.Late}}}}},
			{Shape: bot.Table, Heading: name, Grow: 1, Rows: []bot.Row{{Cells: []bot.Cell{{Text: name}, {Text: words}, {Text: words, Tone: bot.Code}}}, {Cells: []bot.Cell{{Text: words}}}}},
			{Shape: bot.Lines, Heading: "h", Rows: []bot.Row{{Cells: []bot.Cell{{Text: words}}}}},
		}}
		for _, o := range []Options{{Width: width}, {Width: width, Color: true, Terminal: true}} {
			var b bytes.Buffer
			if err := Card(&b, c, o); err != nil {
				t.Fatal(err)
			}
			text := b.String()
			if o.Color {
				for _, sgr := range codes {
					text = strings.ReplaceAll(text, "\x1b["+sgr+"m", "")
				}
				text = strings.ReplaceAll(text, "\x1b[0m", "")
				text = strings.NewReplacer("\u2068", "", "\u2069", "").Replace(text)
			}
			for _, l := range strings.Split(text, "\n") {
				if strings.ContainsFunc(l, hidden) || !utf8.ValidString(l) {
					t.Fatalf("%q got through", l)
				}
				narrow := !strings.ContainsFunc(l, func(r rune) bool { return r > 0x2FF && columns.RuneWidth(r) != 1 || unicode.IsMark(r) })
				if narrow && utf8.RuneCountInString(l) > width || widthOf(l) > width+2 {
					t.Fatalf("%d wide at %d: %q", widthOf(l), width, l)
				}
			}
		}
		got := ""
		for _, l := range wrap(line{{clean(words), bot.Plain}}, width) {
			for _, s := range l {
				got += s.text
			}
		}
		if strings.ReplaceAll(got, " ", "") != strings.ReplaceAll(clean(words), " ", "") {
			t.Fatalf("%q was wrapped to %q", clean(words), got)
		}
		var b bytes.Buffer
		for _, format := range Formats {
			if err := Value(&b, format, []service.CustomerRef{{Number: name, Name: words}}); err != nil {
				t.Fatal(err)
			}
		}
		for _, r := range b.String() {
			if r != '\n' && (unicode.IsControl(r) || r >= 0x202A && r <= 0x202E) {
				t.Fatalf("%U got through to programs", r)
			}
		}
	})
}

func ExampleCard() {
	c := bot.Card{Title: "Jana Köhler", Aside: []string{"owner Ana Lima"}, Sections: []bot.Section{{Shape: bot.Facts,
		Rows: []bot.Row{{Cells: []bot.Cell{{Text: "bought"}, {Text: "23 orders"}, {Text: "last 12 days ago"}}}}}}}
	if err := Card(os.Stdout, c, Options{Width: 60}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// Jana Köhler        owner Ana Lima
	// bought  23 orders · last 12 days ago
}
