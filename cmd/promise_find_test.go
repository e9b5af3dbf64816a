package cmd

import (
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/state/promise"
)

// Every line gives one answer with its own number, whatever bytes it is made of.
func TestOddLines(t *testing.T) {
	t.Parallel()
	const say = "I will call you tomorrow."
	for text, want := range map[string]string{
		"":                                   "",
		"\n":                                 "n",
		say:                                  "p",
		say + "\n":                           "p",
		"\n\n" + say + "\n\n":                "nnpn",
		"\ufeff" + say + "\r\n\r\n" + say:    "pnp",
		"\xff\xfe " + say + "\n\x00\n" + say: "pnp",
		strings.Repeat("x ", 2*maxPromiseLine) + "\n" + say:     "np",
		strings.Repeat("x", 5*maxPromiseLine) + say + "\n\n":    "nn",
		say + strings.Repeat("数据", maxPromiseLine) + "\n" + say: "pp",
		"one\rtwo " + say + "\n" + say:                          "pp",
	} {
		got := ""
		err := eachSentence(promise.Reader{}, strings.NewReader(text), time.Date(2026, 11, 18, 9, 30, 0, 0, time.UTC), time.UTC, func(item any) error {
			f := item.(promiseFound)
			if f.Line != len(got)+1 {
				t.Errorf("%.40q: answer %d is of line %d", text, len(got)+1, f.Line)
			}
			got += f.Kind[:1]
			return nil
		})
		if err != nil || got != want {
			t.Errorf("%.40q: %q, want %q, %v", text, got, want, err)
		}
	}
}
