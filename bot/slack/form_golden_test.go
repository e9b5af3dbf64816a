package slack

import (
	"context"
	"testing"

	slackapi "github.com/slack-go/slack"

	"github.com/keptcrm/kept/bot"
)

// TestFormsAsShown has a golden file of each kind of form in both languages.
func TestFormsAsShown(t *testing.T) {
	t.Parallel()
	m := &slackapi.Message{}
	m.Text, m.Timestamp = "I'll send 李伟 the samples by Friday &amp; call فاطمة", "1763712000.000100"
	for _, lang := range []string{"en", "zh"} {
		a := &App{api: newOffice().api(), web: channels{}, reader: func(context.Context, event) bot.Reader { return reads(lang) }}
		pressed := func(line, code string) event {
			ans, _ := does(t, a, asks(line))
			return pressing(t, render(*ans.card), code, 0)
		}
		for name, e := range map[string]event{
			"new_date": pressed("promises", "new_date"), "not_kept": pressed("promise p12", "not_kept"), "note": pressed("brief c812", "note"), "promise": pressed("brief c36", "promise"),
			"reassign": pressed("who c812", "reassign"), "row": pressed("questions", "answer_fix"), "drop": pressed("followups", "drop"), "override": pressed("may-contact c812", "override"),
			"share": pressed("promise p12", "share"), "blank": asks("promise"),
			"shortcut_promise": {kind: shortcut, id: "m", channel: "C1", action: ShortcutPromise, trigger: "t", response: "https://hooks/r", message: m},
			"shortcut_history": {kind: shortcut, id: "m", channel: "C1", action: ShortcutHistory, trigger: "t", response: "https://hooks/r", message: m},
		} {
			ans, err := does(t, a, e)
			if err != nil || ans.form == nil {
				t.Errorf("%s: %+v %v", name, ans, err)
				continue
			}
			golden(t, "form_"+name+"."+lang+".json", asJSON(t, ans.form))
		}
	}
}
