package bot

import (
	"strings"
	"testing"

	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

func TestHelp(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"", "help", "  HELP ", "帮助", "?", "/help"} {
		for _, lang := range []string{"en", "zh"} {
			c, err := Ask(t.Context(), service.API{}, line, Reader{Lang: lang, Command: "/kept"})
			if err != nil || len(c.Sections) != 1 || len(c.Sections[0].Rows) != len(Words) {
				t.Errorf("%q: %+v, %v", line, c, err)
			}
		}
	}
	for _, line := range []string{"help promise", "promise help", "帮助 承诺", "promise --help"} {
		c, err := Ask(t.Context(), service.API{}, line, Reader{Command: "/kept"})
		if err != nil || !strings.HasPrefix(c.Title, "promise: ") || c.Sections[0].Rows[0].Cells[0].Text != `/kept promise CUSTOMER "TEXT" [by WHEN] [--by NAME | --theirs]` {
			t.Errorf("%q: %+v, %v", line, c, err)
		}
	}
}

// TestUnknownWord: a word that is none is answered with all, and with the one that was meant.
func TestUnknownWord(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{"breif jana": "brief jana", "promize jana": "promise jana", "Histroy c812 --full": "history c812 --full", "历使 李伟": "history 李伟",
		"xyzzy": "", "jana köhler": "", "wo": "who", "b": "", strings.Repeat("brief", 20): ""} {
		c, err := Ask(t.Context(), service.API{}, line, Reader{Command: "/kept"})
		if !state.IsCode(err, "unknown_word") || len(c.Sections[len(c.Sections)-1].Rows) != len(Words) {
			t.Errorf("%q: %+v, %v", line, c, err)
			continue
		}
		got := ""
		if len(c.Sections) > 1 {
			got = c.Sections[0].Rows[0].Actions[0].Words
		}
		if got != want {
			t.Errorf("%q: suggests %q, want %q", line, got, want)
		}
	}
}

// TestFormsAreWhole: every action with a hole has a form with a field for each, and what stands in
// the fields makes a line that can be read.
func TestFormsAreWhole(t *testing.T) {
	t.Parallel()
	for what, words := range map[string]string{"new_date": "promise p12 by {when} {--agreed}", "not_kept": "promise p12 not-kept --note {note}", "snooze": "followup snooze t1 {when}",
		"drop": "followup drop t1 --note {note}", "reassign": "assign c812 {staff}", "note": noteWords("c812"), "promise": promiseWords("{customer}"),
		"override": "may-contact c812 --override {reason}", "answer_fix": "answer q12 fix {row}", "answer_send": "answer q12 send {reason}"} {
		for _, lang := range []string{"en", "zh"} {
			a := NewAction(text.For(lang), what, words, map[string]string{"row": "a,b"})
			values, names := map[string]string{}, map[string]bool{}
			for _, f := range a.Form.Fields {
				names[f.Name] = true
				values[f.Name] = map[FieldKind]string{FieldLong: `say "hello"  to {when}`, FieldText: "x y", FieldDue: "friday 12:00", FieldFlag: "yes", FieldChoice: "note", FieldStaff: "s2", FieldCustomer: "c812"}[f.Kind]
				if strings.Contains(f.Label+f.Hint, "field.") || strings.Contains(f.Label+f.Hint, "hint.") || f.Label == "" {
					t.Errorf("%s: the field %s is called %q %q", what, f.Name, f.Label, f.Hint)
				}
				for _, c := range f.Choices {
					if c.Label == "" {
						t.Errorf("%s: a choice of %s has no name", what, f.Name)
					}
				}
			}
			if strings.Contains(a.Label+a.Form.Title+a.Form.Send, "form.") || strings.Contains(a.Label, "action.") && !strings.HasPrefix(what, "answer_") {
				t.Errorf("%s: %q %q %q", what, a.Label, a.Form.Title, a.Form.Send)
			}
			for _, w := range strings.Fields(words) {
				if name, ok := strings.CutPrefix(w, "{"); ok && !names[strings.TrimPrefix(strings.TrimSuffix(name, "}"), "--")] {
					t.Errorf("%s: nothing fills %s", what, w)
				}
			}
			line := a.Fill(values)
			if _, req, err := Parse(line); err != nil || what == "note" && req.Words[1] != `say "hello"  to {when}` {
				t.Errorf("%s: %q: %v %q", what, line, err, req.Words)
			}
		}
	}
	// What is optional and empty leaves no trace.
	a := Action{Words: promiseWords("c812")}
	if got := a.Fill(map[string]string{"text": "send it", "when": " "}); got != `promise c812 "send it"` {
		t.Error(got)
	}
	if got := a.Fill(map[string]string{"text": "send it", "when": "friday", "by": "s2", "theirs": "yes"}); got != `promise c812 "send it" by friday --by s2 --theirs` {
		t.Error(got)
	}
}
