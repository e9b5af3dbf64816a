package slack

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/keptcrm/kept/bot"
)

func TestTyped(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"brief jana": "brief jana", "  brief\u00a0jana ": "brief jana", "brief\u3000李伟": "brief 李伟",
		"note jana “A &amp; B &lt;ok&gt;”":                            `note jana “A & B <ok>”`,
		"find &amp;lt;":                                               "find &lt;",
		"find <mailto:jana@x.example|jana@x.example>":                 "find jana@x.example",
		"find <tel:+49451901820|+49 451 901820>":                      "find +49 451 901820",
		"find <tel:+49451901820>":                                     "find +49451901820",
		"find <http://sternwarte.example|sternwarte.example>":         "find sternwarte.example",
		"note jana <https://x.example/a?b=1&amp;c=2|the offer>":       "note jana https://x.example/a?b=1&c=2",
		"assign jana <@U123|wei>":                                     "assign jana @wei",
		"assign jana <@U123>":                                         "assign jana @U123",
		"note jana in <#C9|sales> for <!here> and <!subteam^S1|@all>": "note jana in #sales for @here and @all",
		"find ＋４９４５１９０１８２０":                                           "find +49451901820",
		"find jana＠x．example":                                         "find jana@x.example",
		"promise 李伟 “寄样品：三个” 周五 12：00":                                "promise 李伟 “寄样品：三个” 周五 12:00",
		"promises －－late":                                             "promises --late",
		"a <b":                                                        "a <b", "<>": "", "": "",
	} {
		if got := typed(line, ""); got != want {
			t.Errorf("%q is read as %q, want %q", line, got, want)
		}
	}
	if got := typed("<@U0> help", "U0"); got != "help" {
		t.Error(got)
	}
}

// FuzzTyped: whatever is typed is read without a panic, gives text, and never more mentions than
// what it was; unescaping happens once.
func FuzzTyped(f *testing.F) {
	for _, s := range []string{"brief <@U1|x>", "&amp;lt;!channel&amp;gt;", "<mailto:a|b>", "<<a|b>|c>", "“x", "＠", "<!here|>", "note a <https://x|y z>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := typed(s, "U0")
		if strings.TrimSpace(got) != got {
			t.Errorf("%q: %q has spaces around it", s, got)
		}
		if utf8.ValidString(s) && !utf8.ValidString(got) {
			t.Errorf("%q: %q", s, got)
		}
		_ = mentioned(s)
		if q := quotedWords(s); q != clean(q) {
			t.Errorf("%q is quoted as %q", s, q)
		}
		if _, _, err := bot.Parse(got); err != nil {
			return
		}
		m := render(sheet{card: bot.Card{Title: got}, reader: reads("en")})
		if err := m.withinLimits(); err != nil {
			t.Errorf("%q: %v", s, err)
		}
	})
}
