package slack

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	slackapi "github.com/slack-go/slack"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// channels is a Web API that knows some channels and people.
type channels struct {
	external, broken bool
	guest            bool
	single           bool // a guest of this one channel is in it
	count            int
}

func (c channels) conversation(_ context.Context, id string) (*slackapi.Channel, error) {
	if c.broken {
		return nil, errors.New("slack is away")
	}
	out := &slackapi.Channel{}
	out.ID, out.Name, out.IsExtShared, out.NumMembers = id, "sales", c.external, c.count
	return out, nil
}

func (c channels) person(_ context.Context, id string) (*slackapi.User, error) {
	return &slackapi.User{ID: id, RealName: "Name of " + id, IsRestricted: c.guest, IsUltraRestricted: c.single && id == "U99"}, nil
}

func (c channels) members(context.Context, string) ([]string, error) {
	out := []string{"U7", "U8"}
	if c.single {
		out = append(out, "U99")
	}
	for i := len(out); i < c.count; i++ {
		out = append(out, fmt.Sprint("U1", i))
	}
	return out, nil
}

func (c channels) everybody(ctx context.Context) ([]slackapi.User, error) {
	ids, _ := c.members(ctx, "")
	var out []slackapi.User
	for _, id := range ids {
		u, _ := c.person(ctx, id)
		out = append(out, *u)
	}
	return out, nil
}

func desk(o *office, w web) *App {
	return &App{api: o.api(), web: w, reader: func(context.Context, event) bot.Reader { return reads("en") }}
}

func does(t *testing.T, a *App, e event) (answer, error) {
	t.Helper()
	ans, err := handlers[e.kind](t.Context(), a, e)
	for _, s := range []*sheet{ans.card, ans.replace} {
		if s != nil {
			if lerr := render(*s).withinLimits(); lerr != nil {
				t.Errorf("%+v: %v", e, lerr)
			}
		}
	}
	if ans.form != nil {
		if lerr := formWithinLimits(*ans.form); lerr != nil {
			t.Errorf("%+v: %v", e, lerr)
		}
	}
	if ans.home != nil {
		if lerr := homeWithinLimits(*ans.home); lerr != nil {
			t.Errorf("%+v: %v", e, lerr)
		}
	}
	return ans, err
}

// shownBy is all that an answer shows.
func shownBy(ans answer) string {
	var out []string
	for _, s := range []*sheet{ans.card, ans.replace} {
		if s != nil {
			out = append(out, render(*s).text)
		}
	}
	return strings.Join(out, "\n")
}

// pressing presses a button of a message that only its user sees.
func pressing(t *testing.T, m message, code string, nth int) event {
	t.Helper()
	for _, b := range buttonsOf(m.blocks) {
		if strings.HasPrefix(b.ActionID, code+".") {
			if nth--; nth < 0 {
				return event{kind: press, id: "t." + b.ActionID, team: "T1", user: "U7", channel: "C1", action: b.ActionID, value: b.Value, trigger: "tr", response: "https://hooks/r", message: &slackapi.Message{}}
			}
		}
	}
	t.Fatalf("there is no button %s", code)
	return event{}
}

func asks(line string) event {
	return event{kind: command, id: "x", team: "T1", user: "U7", channel: "C1", text: line, trigger: "tr", response: "https://hooks/r"}
}

// sending fills a form in and sends it.
func sending(f *slackapi.ModalViewRequest, values map[string]string) event {
	state := map[string]map[string]slackapi.BlockAction{}
	for block, v := range values {
		a := slackapi.BlockAction{Value: v}
		switch {
		case strings.HasSuffix(block, day):
			a = slackapi.BlockAction{SelectedDate: v}
		case block == "customer" || block == "staff" || block == "by" || block == "kind":
			a = slackapi.BlockAction{SelectedOption: slackapi.OptionBlockObject{Value: v}}
		case v == "yes":
			a = slackapi.BlockAction{SelectedOptions: []slackapi.OptionBlockObject{{Value: v}}}
		}
		state[block] = map[string]slackapi.BlockAction{block: a}
	}
	return event{kind: submit, id: "s1", team: "T1", user: "U7", action: f.CallbackID, view: &slackapi.View{PrivateMetadata: f.PrivateMetadata, CallbackID: f.CallbackID, State: &slackapi.ViewState{Values: state}}}
}

// TestDone: a press does what its button says; its card is shown again in its place, with what
// happened on top.
func TestDone(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"promises", "brief c812", "promise p12", "promises many"} {
		o := newOffice()
		a := desk(o, channels{})
		first, err := does(t, a, asks(line))
		if err != nil {
			t.Fatal(err)
		}
		m := render(*first.card)
		e := pressing(t, m, "done", 0)
		p, _ := decode(e.value)
		ans, err := does(t, a, e)
		if line == "promises many" {
			if !state.IsCode(err, "no_such_promise") || !strings.Contains(shownBy(ans), "promises open") {
				t.Errorf("%s: %v: %s", line, err, shownBy(ans))
			}
			continue
		}
		if err != nil || len(o.written()) != 1 || o.written()[0] != `promise.close p12 kept ""` {
			t.Fatalf("%s: %v %v", line, o.written(), err)
		}
		if ans.replace == nil || ans.card != nil || ans.response != "https://hooks/r" || !strings.HasPrefix(shownBy(ans), "Promise kept · p12\n") || p.Of != line {
			t.Errorf("%s (of %s): %+v\n%s", line, p.Of, ans, shownBy(ans))
		}
		if line == "promises" && strings.Contains(shownBy(ans), "\np12 ·") || line == "promises" && !strings.Contains(shownBy(ans), "5 promises open") {
			t.Errorf("what is done is still open:\n%s", shownBy(ans))
		}
	}
}

// TestWhereAnswersGo: what is only read is shown beside its card, a page in its place, a choice in
// place of what was to be chosen from; and nothing that others see is replaced.
func TestWhereAnswersGo(t *testing.T) {
	t.Parallel()
	o := newOffice()
	a := desk(o, channels{})
	card := func(line string) message {
		ans, _ := does(t, a, asks(line))
		return render(*ans.card)
	}
	public := &slackapi.Message{}
	public.Text = "a card in a channel"
	for name, c := range map[string]struct {
		e       event
		replace bool
		want    string
	}{
		"history":  {pressing(t, card("brief c812"), "history", 0), false, "still waiting"},
		"more":     {pressing(t, card("promises many"), "later", 0), true, "11–20 of 500"},
		"choose":   {pressing(t, card("brief jana"), "choose", 0), true, "owner Ana Lima"},
		"nearest":  {pressing(t, card("brief xyz"), "nearest", 0), true, "owner Ana Lima"},
		"misspelt": {pressing(t, card("breif c812"), "choose", 0), true, "owner Ana Lima"},
	} {
		for _, seen := range []bool{false, true} {
			e := c.e
			if seen {
				e.message = public
			}
			ans, err := does(t, a, e)
			if err != nil || (ans.replace != nil) != (c.replace && !seen) || (ans.card != nil) == (c.replace && !seen) || !strings.Contains(shownBy(ans), c.want) {
				t.Errorf("%s, seen by others %v: %+v %v\n%s", name, seen, ans, err, shownBy(ans))
			}
		}
	}
	e := pressing(t, card("promise p12"), "done", 0)
	e.message = public
	if ans, err := does(t, a, e); err != nil || ans.replace != nil || !strings.Contains(shownBy(ans), "Promise kept") {
		t.Errorf("%+v %v", ans, err)
	}
	// A button from elsewhere does nothing.
	for _, value := range []string{"", "{}", "p12", `{"o":"promise p12 done"}`, strings.Repeat("x", 5000)} {
		before := len(o.written())
		ans, _ := does(t, a, event{kind: press, action: "later.1", value: value, response: "r"})
		if len(o.written()) != before || !strings.Contains(shownBy(ans), "another time") {
			t.Errorf("%q: %s", value, shownBy(ans))
		}
	}
}

// TestForms: actions with holes ask first; what cannot be read is told beside its field; what is
// sent runs, and its card is shown again.
func TestForms(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		line, button string
		nth          int
		values       map[string]string
		wrote        string
		refused      string // the field
	}{
		"by day":        {"promises", "new_date", 0, map[string]string{"when.day": "2026-11-30"}, `promise.move p12 "by 2026-11-30" agreed=false`, ""},
		"in words":      {"promises", "new_date", 1, map[string]string{"when": "friday 12:00", "agreed": "yes"}, `promise.move p13 "by friday 12:00" agreed=true`, ""},
		"day and time":  {"promise p12", "new_date", 0, map[string]string{"when.day": "2026-11-30", "when": "14:30"}, `promise.move p12 "by 2026-11-30 14:30" agreed=false`, ""},
		"Chinese":       {"promise p12", "new_date", 0, map[string]string{"when": "下周三前"}, `promise.move p12 "by 下周三前" agreed=false`, ""},
		"no time":       {"promises", "new_date", 0, nil, "", "when"},
		"nonsense":      {"promises", "new_date", 0, map[string]string{"when": "when pigs fly"}, "", "when"},
		"no such day":   {"promises", "new_date", 0, map[string]string{"when": "31 Nov"}, "", "when"},
		"can't keep":    {"promises", "not_kept", 0, map[string]string{"note": `they said "later" -- & left`}, `promise.close p12 not_kept "they said \"later\" -- & left"`, ""},
		"without why":   {"promises", "not_kept", 0, nil, `promise.close p12 not_kept ""`, ""},
		"note":          {"brief c812", "note", 0, map[string]string{"text": "wants --theirs\nand {when}", "kind": "call", "private": "yes"}, `note c812 "wants --theirs\nand {when}" kind=call private=true`, ""},
		"empty note":    {"brief c812", "note", 0, map[string]string{"text": "  ", "kind": "note"}, "", "text"},
		"promise":       {"brief c812", "promise", 0, map[string]string{"text": "send the quote", "when": "friday", "by": "s2"}, `promise.add c812 "send the quote" "by friday" by=s2 theirs=false`, ""},
		"both":          {"brief c812", "promise", 0, map[string]string{"text": "x", "by": "s2", "theirs": "yes"}, "", "by"},
		"reassign":      {"who c812", "reassign", 0, map[string]string{"staff": "s2"}, `assign c812 s2`, ""},
		"nobody chosen": {"who c812", "reassign", 0, nil, "", "staff"},
		"row":           {"questions", "answer_fix", 0, map[string]string{"row": "jana@sternwarte.example,Jana,Köhler"}, `answer q12 fix "jana@sternwarte.example,Jana,Köhler"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice()
			a := desk(o, channels{})
			first, _ := does(t, a, asks(c.line))
			opened, err := does(t, a, pressing(t, render(*first.card), c.button, c.nth))
			if err != nil || opened.form == nil || opened.card != nil {
				t.Fatalf("%+v %v", opened, err)
			}
			ans, err := does(t, a, sending(opened.form, c.values))
			got := strings.Join(o.written(), "|")
			if got != c.wrote {
				t.Errorf("wrote %s, want %s (%v)", got, c.wrote, err)
			}
			if c.refused != "" {
				if ans.refused[c.refused] == "" || len(ans.refused) != 1 || ans.card != nil || ans.replace != nil {
					t.Errorf("%+v", ans)
				}
				return
			}
			if err != nil || ans.replace == nil || ans.response != "https://hooks/r" || ans.channel != "C1" {
				t.Errorf("%+v %v", ans, err)
			}
		})
	}
}

// TestFormErrors: what the state refuses is told beside its field where it has one, else as a card.
func TestFormErrors(t *testing.T) {
	t.Parallel()
	for code, beside := range map[string]string{"due_past": "when", "no_staff": "by", "text_missing": "text", "read_only": ""} {
		o := newOffice()
		a := desk(o, channels{})
		first, _ := does(t, a, asks("brief c812"))
		opened, _ := does(t, a, pressing(t, render(*first.card), "promise", 0))
		o.fail = &state.Error{Class: state.Invalid, Code: code, Args: state.Args{"words": "yesterday", "ref": "wei"}}
		ans, err := does(t, a, sending(opened.form, map[string]string{"text": "x", "when": "friday", "by": "s9"}))
		if err == nil || (beside != "") != (ans.refused[beside] != "") || beside == "" && !strings.Contains(shownBy(ans), "owner Ana Lima") {
			t.Errorf("%s: %+v %v\n%s", code, ans, err, shownBy(ans))
		}
	}
}

// TestCommandOpensForm: /kept promise alone asks for all of it, with the customer to be looked up.
func TestCommandOpensForm(t *testing.T) {
	t.Parallel()
	o := newOffice()
	a := desk(o, channels{})
	ans, err := does(t, a, asks(" promise "))
	if err != nil || ans.form == nil {
		t.Fatalf("%+v %v", ans, err)
	}
	end, err := does(t, a, sending(ans.form, map[string]string{"customer": "c34", "text": "寄样品", "when.day": "2026-11-27"}))
	if err != nil || end.card == nil || end.replace != nil || strings.Join(o.written(), "") != `promise.add c34 "寄样品" "by 2026-11-27" by= theirs=false` || !strings.Contains(shownBy(end), "Promise logged") {
		t.Errorf("%+v %v %v", end, o.written(), err)
	}
	if end, _ := does(t, a, sending(ans.form, map[string]string{"text": "x"})); end.refused["customer"] == "" {
		t.Errorf("%+v", end)
	}
}

// TestShortcuts: a message becomes a promise with its words as evidence, or an entry of a history.
func TestShortcuts(t *testing.T) {
	t.Parallel()
	o := newOffice()
	a := desk(o, channels{})
	m := &slackapi.Message{}
	m.Text, m.Timestamp = "Hi all &amp; <@U9|tom>. I'll send Jana the revised quote by Thursday 12:00. See <https://x.example/q|the draft>.", "1763712000.000100" // Fri 21 Nov 2025
	e := event{kind: shortcut, id: "m1", team: "T1", user: "U7", channel: "C1", action: ShortcutPromise, trigger: "tr", response: "https://hooks/r", message: m}
	ans, err := does(t, a, e)
	if err != nil || ans.form == nil {
		t.Fatalf("%+v %v", ans, err)
	}
	shown := string(asJSON(t, ans.form))
	for _, want := range []string{"I'll send Jana the revised quote by Thursday 12:00.", `"2025-11-27 12:00"`, "Hi all &amp; @tom", "Slack, #sales"} {
		if !strings.Contains(shown, want) {
			t.Errorf("the form lacks %s:\n%s", want, shown)
		}
	}
	end, err := does(t, a, sending(ans.form, map[string]string{"customer": "c812", "text": "I'll send Jana the revised quote", "when": "2025-11-27 12:00"}))
	if err != nil || end.card == nil || end.response != "https://hooks/r" || len(o.written()) != 1 {
		t.Fatalf("%+v %v", end, err)
	}
	if s := o.said; s == nil || s.By != "" || s.Where != "Slack, #sales" || !strings.HasPrefix(s.Words, "Hi all & @tom. I'll send Jana") || !s.At.Equal(time.Unix(1763712000, 0)) {
		t.Errorf("%+v", o.said)
	}
	// Whoever wrote it made the promise, if they are one of us; who may not log it for them is told beside it.
	a.api.StaffMap = func(_ context.Context, in service.StaffMapIn) (service.StaffMapOut, error) {
		if in.Account != "slack:T1:U8" {
			return service.StaffMapOut{}, &state.Error{Class: state.Refused, Code: "chat_unknown"}
		}
		return service.StaffMapOut{Staff: service.Staff{Number: "s2", Name: "Wei Zhang"}}, nil
	}
	for user, want := range map[string][2]string{"U8": {"s2", "Wei Zhang"}, "U9": {"", "Name of U9"}, "": {}} {
		m.User = user
		ans, err := does(t, a, e)
		if err != nil || ans.form == nil {
			t.Fatalf("%+v %v", ans, err)
		}
		values := map[string]string{"customer": "c812", "text": "x", "when": "friday"}
		if raw := string(asJSON(t, ans.form)); want[0] != "" {
			if !strings.Contains(raw, `"value": "s2"`) || !strings.Contains(raw, `"text": "Wei Zhang"`) {
				t.Errorf("the form does not say who promised it:\n%s", raw)
			}
			values["by"] = want[0]
			o.fail = &state.Error{Class: state.Refused, Code: "chat_may_not", Args: state.Args{"act": "promise", "role": "rep", "name": "Wei Zhang"}}
			if end, _ := does(t, a, sending(ans.form, values)); !strings.Contains(end.refused["by"], "Wei Zhang") {
				t.Errorf("%+v", end)
			}
		} else if strings.Contains(raw, `"value": "s`) {
			t.Errorf("%s: somebody is named:\n%s", user, raw)
		}
		if _, err := does(t, a, sending(ans.form, values)); err != nil || o.said.By != want[1] {
			t.Errorf("%s: %+v %v", user, o.said, err)
		}
	}
	m.User = ""
	o.forgets(1)
	e.action = ShortcutHistory
	ans, err = does(t, a, e)
	if err != nil || ans.form == nil || !strings.Contains(string(asJSON(t, ans.form)), "Slack, #sales, 21 Nov 2025") {
		t.Fatalf("%+v %v\n%s", ans, err, asJSON(t, ans.form))
	}
	if end, err := does(t, a, sending(ans.form, map[string]string{"customer": "c812", "text": "asked for a quote", "kind": "note"})); err != nil || o.written()[1] != `note c812 "asked for a quote" kind=note private=false` {
		t.Errorf("%+v %v %v", end, err, o.written())
	}
	m.Text = " "
	if ans, _ := does(t, a, e); ans.form != nil || !strings.Contains(shownBy(ans), "no words") {
		t.Errorf("%+v", ans)
	}
	m.Text = strings.Repeat("& 长 <b> ", 2000)
	if ans, err := does(t, a, e); err != nil || ans.form == nil {
		t.Errorf("%+v %v", ans, err)
	}
}

// TestShare: before a card is shown to others its user is told who they are; strangers, guests, and
// channels of which nothing is known get nothing; rights are looked at again when it is sent.
func TestShare(t *testing.T) {
	t.Parallel()
	o := newOffice()
	first, _ := does(t, desk(o, channels{}), asks("promise p12"))
	e := pressing(t, render(*first.card), "share", 0)
	for name, c := range map[string]struct {
		web  channels
		want string
	}{"external": {channels{external: true}, "outside the company"}, "guest": {channels{guest: true}, "guests cannot"},
		"a guest is there": {channels{single: true}, "guests are in this channel"}, "a guest of many": {channels{single: true, count: 40}, "guests are in this channel"}, "unknown": {channels{broken: true}, "cannot be known"}} {
		ans, err := does(t, desk(o, c.web), e)
		if err != nil || ans.form != nil || ans.share || !strings.Contains(shownBy(ans), c.want) {
			t.Errorf("%s: %+v %v %s", name, ans, err, shownBy(ans))
		}
	}
	many, err := does(t, desk(o, channels{count: 120}), e)
	if err != nil || many.form == nil || !strings.Contains(string(asJSON(t, many.form)), "Everybody in <#C1> will see this card: 120 people now, and who joins later.") {
		t.Fatalf("%+v %v", many, err)
	}
	ok := desk(o, channels{})
	asked, err := does(t, ok, e)
	if err != nil || asked.form == nil || !strings.Contains(string(asJSON(t, asked.form)), "In <#C1> this card is seen by Name of U7, Name of U8, and by whoever joins later.") {
		t.Fatalf("%+v %v", asked, err)
	}
	send := sending(asked.form, nil)
	ans, err := does(t, ok, send)
	if err != nil || !ans.share || ans.card == nil || ans.card.shared != "U7" || ans.response != "https://hooks/r" || ans.channel != "C1" || !strings.Contains(shownBy(ans), "Shared by <@U7> from Kept") {
		t.Fatalf("%+v %v %s", ans, err, shownBy(ans))
	}
	if b := buttonsOf(render(*ans.card).blocks); len(b) > 0 {
		t.Errorf("what others see has buttons: %+v", b)
	}
	// The channel has been opened to others meanwhile, or the right is gone.
	for want, now := range map[string]channels{"outside the company": {external: true}, "guests are in this channel": {single: true}, "cannot be known": {broken: true}} {
		if ans, _ := does(t, desk(o, now), send); ans.share || !strings.Contains(shownBy(ans), want) {
			t.Errorf("%s: %+v", want, ans)
		}
	}
	o.hide = &state.Error{Class: state.Forbidden, Code: "not_allowed"}
	if ans, err := does(t, ok, send); err == nil || ans.share || ans.card.shared != "" {
		t.Errorf("%+v %v", ans, err)
	}
	// In direct messages there is nobody to share it with.
	dm := asks("promise p12")
	dm.private = true
	direct, _ := does(t, ok, dm)
	if _, has := button(render(*direct.card), "share"); has {
		t.Error("offered in direct messages")
	}
}

// TestHome shows what is mine, does what is pressed there, and stays within limits.
func TestHome(t *testing.T) {
	t.Parallel()
	o := newOffice()
	a := desk(o, channels{})
	ans, err := does(t, a, event{kind: home, id: "h", team: "T1", user: "U7"})
	if err != nil || ans.home == nil {
		t.Fatalf("%+v %v", ans, err)
	}
	golden(t, "home.en.json", asJSON(t, ans.home))
	var pressed event
	for _, b := range buttonsOf(ans.home.Blocks.BlockSet) {
		if strings.HasPrefix(b.ActionID, "done.") {
			pressed = event{kind: press, id: "hp", team: "T1", user: "U7", action: b.ActionID, value: b.Value, trigger: "tr", view: &slackapi.View{Type: slackapi.VTHomeTab}}
			break
		}
	}
	ans, err = does(t, a, pressed)
	if err != nil || ans.home == nil || len(o.written()) != 1 || !strings.Contains(string(asJSON(t, ans.home)), "Promise kept · p12") {
		t.Errorf("%+v %v", ans, err)
	}
}

// TestSuggest: fields look up customers and colleagues.
func TestSuggest(t *testing.T) {
	t.Parallel()
	a := desk(newOffice(), channels{})
	for _, c := range []struct{ action, typed, want string }{
		{"customer.customer", "jan", "c812 Jana Köhler · Sternwarte Lübeck e.V. · c812|c7 Jana Nowak · c7"}, {"customer.customer", "李", "c34 李伟 · 北京光学有限公司 · c34"}, {"customer.customer", " ", ""},
		{"customer.customer", "bobby &lt;!", "c36 Bobby <!channel> & <@U99> Söhne · c36"}, {"staff.by", "wei", "s2 Wei Zhang"}, {"staff.staff", "", "s1 Ana Lima|s2 Wei Zhang|s3 王芳"}, {"else", "jana", ""},
	} {
		ans, err := does(t, a, event{kind: suggest, action: c.action, text: c.typed})
		var got []string
		for _, o := range ans.options.Options {
			got = append(got, o.Value+" "+o.Text.Text)
		}
		if err != nil || strings.Join(got, "|") != c.want {
			t.Errorf("%+v: %q %v", c, got, err)
		}
	}
}

// TestMention: what is said to us in a thread is read wherever our name stands.
func TestMention(t *testing.T) {
	t.Parallel()
	a := desk(newOffice(), channels{})
	for said, want := range map[string]string{"<@U0KEPT> brief c812": "owner Ana Lima", "hey <@U0KEPT|kept>, brief c812": "owner Ana Lima", "brief c812 <@U0KEPT>": "owner Ana Lima",
		"<@U0KEPT>": "What you can ask", "<@U0KEPT>：简报 李伟": "李伟", "<@U0KEPT> breif x": "did you mean"} {
		ans, _ := does(t, a, event{kind: mention, id: "m", team: "T1", user: "U7", channel: "C1", thread: "1.2", text: said})
		if ans.card == nil || ans.share || !strings.Contains(shownBy(ans), want) {
			t.Errorf("%s: %+v %s", said, ans, shownBy(ans))
		}
	}
}
