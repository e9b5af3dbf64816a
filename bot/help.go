package bot

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/state"
)

// helpWords are what people type who want to know what there is.
var helpWords = []string{"help", "?", "？", "--help", "-h", "hilfe", "帮助"}

// asksHelp says whether a line asks for help, and about which word ("" of all).
func asksHelp(line string) (about string, ok bool) {
	words := strings.Fields(strings.ToLower(line))
	switch {
	case len(words) == 0:
		return "", true
	case slices.Contains(helpWords, strings.TrimPrefix(words[0], "/")):
		return strings.Join(words[1:], " "), true
	case len(words) == 2 && slices.Contains(helpWords, words[1]) && Lookup(words[0]) != nil:
		return words[0], true
	}
	return "", false
}

// Help lists the daily words from their table, or shows how one of them is used.
func Help(r Reader, about string) Card {
	p := Request{Lang: r.Lang, Zone: r.Zone, Command: r.Command}.printer("", r.Now)
	if w := Lookup(about); w != nil {
		return w.help(p)
	}
	c := Card{Word: "help", Title: p.T("help.title"), Again: "help"}
	c.add(wordList(p))
	c.Foot = append(c.Foot, p.T("help.more"))
	return c
}

func wordList(p *text.Printer) Section {
	s := Section{Shape: Table, Grow: 1}
	for i := range Words {
		s.row("", strong(Words[i].Name), plain(Words[i].Summary(p)))
	}
	return s
}

// help shows one word: what it is for, how it is typed, its options, and examples that work.
func (w *Word) help(p *text.Printer) Card {
	c := Card{Word: "help", Title: w.Name + p.T("card.colon") + w.Summary(p), Again: "help " + w.Name}
	typed := func(heading string, lines []string) {
		s := Section{Shape: Lines, Heading: heading}
		for _, l := range lines {
			s.row("", code(p.Command(l)))
		}
		c.add(s)
	}
	typed(p.T("help.usage"), w.Usage)
	options := Section{Shape: Table, Heading: p.T("help.options"), Grow: 1}
	for _, o := range w.Options {
		options.row("", code(strings.TrimSpace("--"+o.Name+" "+o.Value)), plain(w.OptionHelp(p, o.Name)))
	}
	c.add(options)
	typed(p.T("help.examples"), w.Examples)
	if len(w.Aliases) > 0 {
		c.Foot = append(c.Foot, p.T("help.aliases", state.Args{"names": strings.Join(w.Aliases, p.T("card.comma"))}))
	}
	return c
}

// unknown answers a line whose word is none: with the nearest one, and with all.
func unknown(p *text.Printer, line string, err error) Card {
	c := Card{Word: "help", Title: p.Error(err)}
	first, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
	if near := Nearest(first); near != "" {
		words := strings.TrimSpace(near + " " + rest)
		s := Section{Shape: Table, Heading: p.T("help.nearest")}
		s.row("", code(p.Command(words)))
		s.Rows[0].Actions = []Action{{Code: "choose", Label: p.T("action.choose_word"), Words: words}}
		c.add(s)
	}
	all := wordList(p)
	all.Heading = p.T("help.title")
	c.add(all)
	return c
}

// Nearest gives the daily word that was most likely meant by a misspelt one: at most two letters
// away, and no more than half of it; "" where none is.
func Nearest(typed string) string {
	typed = strings.ToLower(strings.TrimPrefix(typed, "/"))
	if utf8.RuneCountInString(typed) > 30 {
		return ""
	}
	best, nearest := 3, ""
	for i := range Words {
		for _, name := range append([]string{Words[i].Name}, Words[i].Aliases...) {
			n := utf8.RuneCountInString(name)
			if d := distance(typed, name); d < best && 2*d <= n && 2*d <= max(n, utf8.RuneCountInString(typed)) {
				best, nearest = d, Words[i].Name
			}
		}
	}
	return nearest
}

// distance counts the letters that are wrong, missing, too many, or swapped with their neighbour:
// the optimal string alignment of two words.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	rows := make([][]int, len(x)+1)
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(x); i++ {
		for j := 1; j <= len(y); j++ {
			wrong := 1
			if x[i-1] == y[j-1] {
				wrong = 0
			}
			d := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+wrong)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(x)][len(y)]
}
