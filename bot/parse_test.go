package bot

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/keptcrm/kept/state"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		line, word string
		words      []string
		options    map[string]string
	}{
		{`find jana`, "find", []string{"jana"}, nil},
		{`  FIND   Jana  Köhler `, "find", []string{"Jana", "Köhler"}, nil},
		{`/find jana`, "find", []string{"jana"}, nil},
		{`查找 李伟`, "find", []string{"李伟"}, nil},
		{"简报\u3000李伟", "brief", []string{"李伟"}, nil},
		{`promise jana "send the quote" by friday 12:00`, "promise", []string{"jana", "send the quote", "by", "friday", "12:00"}, nil},
		{`promise jana “send the quote” by friday`, "promise", []string{"jana", "send the quote", "by", "friday"}, nil},
		{`promise jana „Angebot schicken“ by friday`, "promise", []string{"jana", "Angebot schicken", "by", "friday"}, nil},
		{`promise jana «devis» by friday`, "promise", []string{"jana", "devis", "by", "friday"}, nil},
		{`承诺 李伟 「周五前寄样品」`, "promise", []string{"李伟", "周五前寄样品"}, nil},
		{`承诺 李伟“周五前寄样品”`, "promise", []string{"李伟", "周五前寄样品"}, nil},
		{`note jana 'the "black" one'`, "note", []string{"jana", `the "black" one`}, nil},
		{`note jana ‘two words’`, "note", []string{"jana", "two words"}, nil},
		{`note o'brien don't call`, "note", []string{"o'brien", "don't", "call"}, nil},
		{`find 't Hooft`, "find", []string{"'t", "Hooft"}, nil},
		{`note jana wants 5" pipes`, "note", []string{"jana", "wants", `5"`, "pipes"}, nil},
		{`note jana "a \"b\" c"`, "note", []string{"jana", `a "b" c`}, nil},
		{`promises --late`, "promises", nil, map[string]string{"late": "true"}},
		{`promises —late`, "promises", nil, map[string]string{"late": "true"}},
		{`promises jana ––late`, "promises", []string{"jana"}, map[string]string{"late": "true"}},
		{`promises --by "wei zhang" jana`, "promises", []string{"jana"}, map[string]string{"by": "wei zhang"}},
		{`promises --by=wei`, "promises", nil, map[string]string{"by": "wei"}},
		{`history jana --limit 5 --since 2026-01-01 --only order`, "history", []string{"jana"}, map[string]string{"limit": "5", "since": "2026-01-01", "only": "order"}},
		{`note jana "--late is an option"`, "note", []string{"jana", "--late is an option"}, nil},
		{`note jana -- --late`, "note", []string{"jana", "--late"}, nil},
		{`note jana - 5 degrees`, "note", []string{"jana", "-", "5", "degrees"}, nil},
		{`note jana ""`, "note", []string{"jana", ""}, nil},
		{"note jana \xff", "note", []string{"jana", "\uFFFD"}, nil},
	} {
		w, req, err := Parse(c.line)
		if err != nil {
			t.Errorf("%s: %v", c.line, err)
			continue
		}
		if w.Name != c.word || !slices.Equal(req.Words, c.words) || !maps.Equal(req.Options, c.options) {
			t.Errorf("%s: %s %q %v, want %s %q %v", c.line, w.Name, req.Words, req.Options, c.word, c.words, c.options)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for line, code := range map[string]string{
		"":                       "no_word",
		"  ":                     "no_word",
		"dance":                  "unknown_word",
		`find "jana`:             "open_quote",
		`承诺 李伟 “寄样品`:             "open_quote",
		"find jana --late":       "word_option",
		"promises --late=no":     "word_option",
		"promises --by":          "option_value",
		"promises --late --late": "option_twice",
		"promises --by a --by=b": "option_twice",
	} {
		_, _, err := Parse(line)
		if !state.IsCode(err, code) {
			t.Errorf("%q: %v, want %s", line, err, code)
		}
	}
}

func TestTarget(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		line, ref string
		rest      []string
	}{
		{`note jana called back`, "jana", []string{"called", "back"}},
		{`note jana köhler "called back"`, "jana köhler", []string{"called back"}},
		{`note "jana köhler" called back`, "jana köhler", []string{"called", "back"}},
		{`note "jana köhler" "called back" today`, "jana köhler", []string{"called back", "today"}},
		{`note jana köhler "报价"`, "jana köhler", []string{"报价"}},
		{`note jana`, "jana", []string{}},
		{`note`, "", nil},
	} {
		_, req, err := Parse(c.line)
		if err != nil {
			t.Fatal(err)
		}
		ref, rest := req.target()
		if ref != c.ref || !slices.Equal(rest, c.rest) {
			t.Errorf("%s: %q %q, want %q %q", c.line, ref, rest, c.ref, c.rest)
		}
	}
	// At a terminal the shell took the quotes away; a space is what is left of them.
	ref, rest := Request{Words: []string{"jana", "köhler", "called back"}}.target()
	if ref != "jana köhler" || len(rest) != 1 {
		t.Errorf("%q %q", ref, rest)
	}
}

// TestCommandsAreReadAsWritten: a command that a card shows, typed again, is the request that it
// was made from.
func TestCommandsAreReadAsWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringN(0, 12, -1).Filter(utf8.ValidString)
		req := Request{Words: rapid.SliceOfN(word, 1, 4).Draw(t, "words"), Options: map[string]string{}}
		if rapid.Bool().Draw(t, "late") {
			req.Options["late"] = "true"
		}
		if rapid.Bool().Draw(t, "has by") {
			req.Options["by"] = word.Draw(t, "by")
			if req.Options["by"] == "true" {
				req.Options["by"] = "x"
			}
		}
		line := req.again("promises", req.Words[0], 1)
		w, back, err := Parse(line)
		if err != nil || w.Name != "promises" || !slices.Equal(back.Words, req.Words) || !maps.Equal(back.Options, req.Options) {
			t.Fatalf("%q %v became %s, and that %q %v (%v)", req.Words, req.Options, line, back.Words, back.Options, err)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{`promise jana "send" by friday`, `—late`, `note 李伟「」`, `find 't "x`, "note \\", `a ‘b’ 'c d'`, "promises --by= \u3000“”"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		w, req, err := Parse(line)
		if err != nil {
			if !state.IsClass(err, state.Invalid) {
				t.Fatalf("%q: %v", line, err)
			}
			return
		}
		if len(req.Words) != len(req.Quoted) || w == nil {
			t.Fatalf("%q: %d words, %d quoted", line, len(req.Words), len(req.Quoted))
		}
		for _, word := range req.Words {
			if !utf8.ValidString(word) {
				t.Fatalf("%q gives %q", line, word)
			}
		}
		for i, word := range req.Words {
			if !req.Quoted[i] && (word == "" || strings.ContainsAny(word, "\t\n\u3000")) {
				t.Fatalf("%q gives the word %q", line, word)
			}
		}
	})
}
