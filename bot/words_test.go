package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// asked records what words ask of the service, and answers with nothing much.
func recorder(to *[]any) service.API {
	jana := service.CustomerRef{Number: "c812", Name: "Jana Köhler"}
	note := func(in any) { *to = append(*to, in) }
	promised := func(in any) (service.PromiseOut, error) {
		note(in)
		return service.PromiseOut{Promise: service.Promise{Number: "p12", State: state.PromiseOpen}}, nil
	}
	followed := func(in any) (service.FollowupOut, error) {
		note(in)
		return service.FollowupOut{Followup: service.Followup{Number: "t12", State: state.FollowupOpen}}, nil
	}
	return service.API{
		Find: func(_ context.Context, in service.FindIn) (service.FindOut, error) {
			note(in)
			return service.FindOut{Hits: []service.Hit{{Customer: jana}}}, nil
		},
		Brief: func(_ context.Context, in service.BriefIn) (service.BriefOut, error) {
			note(in)
			return service.BriefOut{}, nil
		},
		History: func(_ context.Context, in service.HistoryIn) (service.HistoryOut, error) {
			note(in)
			return service.HistoryOut{Customer: jana}, nil
		},
		Who: func(_ context.Context, in service.WhoIn) (service.WhoOut, error) {
			note(in)
			return service.WhoOut{Customer: jana}, nil
		},
		StaffList: func(_ context.Context, in service.StaffListIn) (service.StaffListOut, error) {
			note(in)
			return service.StaffListOut{}, nil
		},
		MayContact: func(_ context.Context, in service.MayContactIn) (service.MayContactOut, error) {
			note(in)
			return service.MayContactOut{Outcome: "yes"}, nil
		},
		ContactOverride: func(_ context.Context, in service.ContactOverrideIn) (service.MayContactOut, error) {
			note(in)
			return service.MayContactOut{Outcome: "yes"}, nil
		},
		PromiseList: func(_ context.Context, in service.PromiseListIn) (service.PromiseListOut, error) {
			note(in)
			return service.PromiseListOut{Promises: []service.Promise{{Number: "p12", State: "open"}}}, nil
		},
		PromiseShow: func(_ context.Context, in service.PromiseShowIn) (service.PromiseOut, error) { return promised(in) },
		PromiseHealth: func(_ context.Context, in service.PromiseHealthIn) (service.PromiseHealthOut, error) {
			note(in)
			return service.PromiseHealthOut{}, nil
		},
		PromiseConflicts: func(_ context.Context, in service.PromiseConflictsIn) (service.PromiseConflictsOut, error) {
			note(in)
			return service.PromiseConflictsOut{}, nil
		},
		PromiseAdd:    func(_ context.Context, in service.PromiseAddIn) (service.PromiseOut, error) { return promised(in) },
		PromiseClose:  func(_ context.Context, in service.PromiseCloseIn) (service.PromiseOut, error) { return promised(in) },
		PromiseMove:   func(_ context.Context, in service.PromiseMoveIn) (service.PromiseOut, error) { return promised(in) },
		PromiseAssign: func(_ context.Context, in service.PromiseAssignIn) (service.PromiseOut, error) { return promised(in) },
		FollowupList: func(_ context.Context, in service.FollowupListIn) (service.FollowupListOut, error) {
			note(in)
			return service.FollowupListOut{Followups: []service.Followup{{Number: "t12", State: "open"}}}, nil
		},
		UnansweredList: func(_ context.Context, in service.UnansweredIn) (service.UnansweredOut, error) {
			note(in)
			return service.UnansweredOut{}, nil
		},
		Handover: func(_ context.Context, in service.HandoverIn) (service.HandoverOut, error) {
			note(in)
			return service.HandoverOut{}, nil
		},
		HandoverUndo: func(_ context.Context, in service.HandoverUndoIn) (service.HandoverOut, error) {
			note(in)
			return service.HandoverOut{}, nil
		},
		HandoverList: func(_ context.Context, in service.HandoverListIn) (service.HandoverListOut, error) {
			note(in)
			return service.HandoverListOut{Handovers: []service.Handover{{Number: "g3"}}}, nil
		},
		Settings: func(_ context.Context, in service.SettingsIn) (service.SettingsOut, error) {
			note(in)
			return service.SettingsOut{Settings: service.StaffSettings{Staff: "s2", Name: "Wei"}}, nil
		},
		FollowupAdd:    func(_ context.Context, in service.FollowupAddIn) (service.FollowupOut, error) { return followed(in) },
		FollowupClose:  func(_ context.Context, in service.FollowupCloseIn) (service.FollowupOut, error) { return followed(in) },
		FollowupSnooze: func(_ context.Context, in service.FollowupSnoozeIn) (service.FollowupOut, error) { return followed(in) },
		FollowupAssign: func(_ context.Context, in service.FollowupAssignIn) (service.FollowupOut, error) { return followed(in) },
		QuestionList: func(_ context.Context, in service.QuestionListIn) (service.QuestionListOut, error) {
			note(in)
			return service.QuestionListOut{}, nil
		},
		Answer: func(_ context.Context, in service.AnswerIn) (service.AnswerOut, error) {
			note(in)
			return service.AnswerOut{Did: "merged", Customer: jana}, nil
		},
		Assign: func(_ context.Context, in service.AssignIn) (service.CustomerOut, error) {
			note(in)
			return service.CustomerOut{}, nil
		},
		Mark: func(_ context.Context, in service.MarkIn) (service.MarkOut, error) {
			note(in)
			return service.MarkOut{As: in.As, Thread: in.Thread}, nil
		},
		Note: func(_ context.Context, in service.NoteIn) (service.NoteOut, error) {
			note(in)
			return service.NoteOut{Customer: jana}, nil
		},
	}
}

// TestWhatWordsAsk is the grammar: what is typed, and what the service is asked.
func TestWhatWordsAsk(t *testing.T) {
	t.Parallel()
	berlin := func(y int, m time.Month, d, h, min int) time.Time {
		return time.Date(y, m, d, h-1, min, 0, 0, time.UTC)
	}
	for _, c := range []struct {
		line string
		want any
	}{
		{`settings`, service.SettingsIn{}},
		{`settings wei`, service.SettingsIn{Staff: "wei"}},
		{`settings ana lima digest 08:30`, service.SettingsIn{Staff: "ana lima", Change: map[string]string{"at": "08:30", "digest": "on"}}},
		{`settings digest off reminders on`, service.SettingsIn{Change: map[string]string{"digest": "off", "reminders": "on"}}},
		{`settings digest workdays lead 1h`, service.SettingsIn{Change: map[string]string{"days": "workdays", "digest": "on", "lead": "1h"}}},
		{`settings days mon wed quiet none`, service.SettingsIn{Change: map[string]string{"days": "mon,wed", "quiet": "none", "digest": "on"}}},
		{`设置 早报 关 语言 中文`, service.SettingsIn{Change: map[string]string{"digest": "off", "language": "zh"}}},
		{`find jana köhler`, service.FindIn{Query: "jana köhler"}},
		{`find +49 451 901820 --limit 5`, service.FindIn{Query: "+49 451 901820", Limit: 5}},
		{`brief jana köhler`, service.BriefIn{Ref: "jana köhler"}},
		{`history jana --limit 5 --since 2026-01-01 --only order`, service.HistoryIn{Ref: "jana", Limit: 5, Since: berlin(2026, 1, 1, 0, 0), Only: "order"}},
		{`历史 李伟 --only 订单`, service.HistoryIn{Ref: "李伟", Only: "order"}},
		{`history jana --only mails --since 2026-01`, service.HistoryIn{Ref: "jana", Since: berlin(2026, 1, 1, 0, 0), Only: "message"}},
		{`note jana "called back" --kind call --at "2026-11-12 14:30"`, service.NoteIn{Ref: "jana", Text: "called back", Kind: "call", At: berlin(2026, 11, 12, 14, 30)}},
		{`note jana köhler “wants the black one”`, service.NoteIn{Ref: "jana köhler", Text: "wants the black one"}},
		{`note jana wants it`, service.NoteIn{Ref: "jana", Text: "wants it"}},
		{`who jana`, service.WhoIn{Ref: "jana"}},
		{`who`, service.StaffListIn{}},
		{`promises`, service.PromiseListIn{}},
		{`promises jana --late --by wei`, service.PromiseListIn{Ref: "jana", Late: true, By: "wei"}},
		{`promises --all --theirs`, service.PromiseListIn{All: true, Direction: "theirs"}},
		{`promises --ours`, service.PromiseListIn{Direction: "ours"}},
		{`promise jana "send the quote" by friday 12:00`, service.PromiseAddIn{Ref: "jana", Text: "send the quote", Due: "by friday 12:00"}},
		{`promise jana köhler "send the quote" by friday --by wei`, service.PromiseAddIn{Ref: "jana köhler", Text: "send the quote", Due: "by friday", By: "wei"}},
		{`promise jana send the quote by friday`, service.PromiseAddIn{Ref: "jana", Text: "send the quote", Due: "by friday"}},
		{`promise jana "send the quote" by "friday 12:00"`, service.PromiseAddIn{Ref: "jana", Text: "send the quote", Due: "by friday 12:00"}},
		{`promise jana quote by "31 Nov"`, service.PromiseAddIn{Ref: "jana", Text: "quote", Due: "by 31 Nov"}},
		{`promise jana "send the quote" "friday 12:00"`, service.PromiseAddIn{Ref: "jana", Text: "send the quote", Due: "friday 12:00"}},
		{`promise jana "friday 12:00"`, service.PromiseAddIn{Ref: "jana", Text: "friday 12:00"}},
		{`promise jana köhler "call on friday"`, service.PromiseAddIn{Ref: "jana köhler", Text: "call on friday"}},
		{`promise 李伟 "寄样品" "下周三前"`, service.PromiseAddIn{Ref: "李伟", Text: "寄样品", Due: "下周三前"}},
		{`promise jana "sign" --theirs`, service.PromiseAddIn{Ref: "jana", Text: "sign", Theirs: true}},
		{`承诺 李伟 “寄样品 三个” 周五前`, service.PromiseAddIn{Ref: "李伟", Text: "寄样品 三个", Due: "周五前"}},
		{`promise p12 done`, service.PromiseCloseIn{Promise: "p12", State: "kept"}},
		{`promise P12 kept`, service.PromiseCloseIn{Promise: "p12", State: "kept"}},
		{`promise p12 not-kept`, service.PromiseCloseIn{Promise: "p12", State: "not_kept"}},
		{`promise p12 not kept too busy`, service.PromiseCloseIn{Promise: "p12", State: "not_kept", Note: "too busy"}},
		{`promise p12 withdrawn --note "they bought elsewhere"`, service.PromiseCloseIn{Promise: "p12", State: "withdrawn", Note: "they bought elsewhere"}},
		{`promise p12 reopen`, service.PromiseCloseIn{Promise: "p12", State: "open"}},
		{`followups jana --late --by wei`, service.FollowupListIn{Ref: "jana", Late: true, By: "wei"}},
		{`followups --unanswered 3d --by wei`, service.UnansweredIn{Hours: 72, By: "wei"}},
		{`待跟进 李伟 --unanswered 24h`, service.UnansweredIn{Ref: "李伟", Hours: 24}},
		{`待跟进 --all --limit 5`, service.FollowupListIn{All: true, Limit: 5}},
		{`followup add jana "call about the mount" --due friday --for wei`, service.FollowupAddIn{Ref: "jana", Text: "call about the mount", Due: "friday", For: "wei"}},
		{`followup add jana köhler "call her" by monday`, service.FollowupAddIn{Ref: "jana köhler", Text: "call her", Due: "by monday"}},
		{`跟进 新增 李伟 “回电话” 下周三前`, service.FollowupAddIn{Ref: "李伟", Text: "回电话", Due: "下周三前"}},
		{`followup done T12 called her`, service.FollowupCloseIn{Followup: "t12", State: "done", Note: "called her"}},
		{`followup t12 done`, service.FollowupCloseIn{Followup: "t12", State: "done"}},
		{`跟进 完成 t12 --note 已回电`, service.FollowupCloseIn{Followup: "t12", State: "done", Note: "已回电"}},
		{`followup drop t12`, service.FollowupCloseIn{Followup: "t12", State: "dropped"}},
		{`followup reopen t12`, service.FollowupCloseIn{Followup: "t12", State: "open"}},
		{`followup snooze t12 next monday`, service.FollowupSnoozeIn{Followup: "t12", Until: "next monday"}},
		{`followup assign t12 wei`, service.FollowupAssignIn{Followup: "t12", Staff: "wei"}},
		{`handover --from tom --to wei --only c12,c15`, service.HandoverIn{From: "tom", To: "wei", Only: []string{"c12", "c15"}}},
		{`移交 --from tom --targets c12=wei，李伟=ana --dry-run`, service.HandoverIn{From: "tom", Dry: true, Targets: []service.HandoverTarget{
			{Line: 1, Customer: "c12", To: "wei"}, {Line: 1, Customer: "李伟", To: "ana"}}}},
		{`handover list`, service.HandoverListIn{}},
		{`handover g3`, service.HandoverListIn{Number: "g3"}},
		{`handover drafts G3`, service.HandoverListIn{Number: "g3"}},
		{`handover undo g3`, service.HandoverUndoIn{Number: "g3"}},
		{`handover g3 undo`, service.HandoverUndoIn{Number: "g3"}},
		{`followup t12`, service.FollowupListIn{Number: "t12"}},
		{`承诺 p12 完成`, service.PromiseCloseIn{Promise: "p12", State: "kept"}},
		{`promise p12 to ana lima`, service.PromiseAssignIn{Promise: "p12", Staff: "ana lima"}},
		{`承诺 p12 转给 王伟`, service.PromiseAssignIn{Promise: "p12", Staff: "王伟"}},
		{`promise p12 by tuesday`, service.PromiseMoveIn{Promise: "p12", Due: "by tuesday"}},
		{`promise p12 next friday`, service.PromiseMoveIn{Promise: "p12", Due: "next friday"}},
		{`promise p12 by someday maybe`, service.PromiseMoveIn{Promise: "p12", Due: "by someday maybe"}},
		{`promise p12`, service.PromiseShowIn{Promise: "p12"}},
		{`questions`, service.QuestionListIn{}},
		{`questions Q7`, service.QuestionListIn{Number: "q7"}},
		{`questions jana --from customers.csv --limit 3`, service.QuestionListIn{Ref: "jana", From: "customers.csv", Limit: 3}},
		{`answer q7 yes`, service.AnswerIn{Number: "q7", Answer: "yes"}},
		{`回答 q7 不是`, service.AnswerIn{Number: "q7", Answer: "no"}},
		{`answer q12 fix "jana@example.com,Jana,Köhler"`, service.AnswerIn{Number: "q12", Answer: "fix", Text: "jana@example.com,Jana,Köhler"}},
		{`answer q9 no "she meant another firm"`, service.AnswerIn{Number: "q9", Answer: "no", Text: "she meant another firm"}},
		{`回答 q9 不是 说的是别家公司`, service.AnswerIn{Number: "q9", Answer: "no", Text: "说的是别家公司"}},
		{`answer q12 drop`, service.AnswerIn{Number: "q12", Answer: "drop"}},
		{`answer q9 yes "Sternwarte Lübeck"`, service.AnswerIn{Number: "q9", Answer: "yes", Text: "Sternwarte Lübeck"}},
		{`assign jana wei`, service.AssignIn{Ref: "jana", Staff: "wei"}},
		{`assign jana köhler to "wei zhang"`, service.AssignIn{Ref: "jana köhler", Staff: "wei zhang"}},
		{`分配 李伟 给 王芳`, service.AssignIn{Ref: "李伟", Staff: "王芳"}},
		{`assign jana nobody`, service.AssignIn{Ref: "jana"}},
	} {
		w, req, err := Parse(c.line)
		if err != nil {
			t.Errorf("%s: %v", c.line, err)
			continue
		}
		req.Zone = "Europe/Berlin"
		var got []any
		card, err := w.Run(t.Context(), recorder(&got), req)
		if err != nil || len(got) != 1 {
			t.Errorf("%s: asked %+v, %v", c.line, got, err)
			continue
		}
		if d := cmp.Diff(c.want, got[0]); d != "" {
			t.Errorf("%s: asked otherwise (-want +got)\n%s", c.line, d)
		}
		if card.Word != w.Name || card.Data == nil {
			t.Errorf("%s: the card says %q and has data %v", c.line, card.Word, card.Data)
		}
	}
}

func TestWhatWordsRefuse(t *testing.T) {
	t.Parallel()
	for line, code := range map[string]string{
		`find`: "usage", `brief`: "usage", `history`: "usage", `note jana`: "usage", `note`: "usage", `promise`: "usage", `promise jana`: "usage",
		`promise jana by friday`: "usage", `answer`: "usage", `answer q7`: "usage", `answer jana yes`: "usage", `answer q7 no yes`: "usage",
		`answer q7 no answer q8 yes`: "usage", `answer q7 yes · kept answer q7 no`: "usage", `answer q12 drop it now`: "usage", `assign jana`: "usage", `assign`: "usage",
		`promise find "send it"`:             "reserved_customer",
		`promise p12 by`:                     "promise_no_date",
		`promise p12 perhaps`:                "promise_action",
		`promise jana "x" --theirs --by wei`: "options_exclude",
		`promises --ours --theirs`:           "options_exclude",
		`promises --late --all`:              "options_exclude",
		`answer q12 fix`:                     "fix_needs_row",
		`history jana --only parties`:        "not_an_activity",
		`note jana "x" --kind order`:         "not_an_activity",
		`history jana --since yesterday-ish`: "not_a_date",
		`history jana --limit none`:          "not_a_count",
		`find jana --limit 0`:                "not_a_count",
	} {
		w, req, err := Parse(line)
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		var asked []any
		_, err = w.Run(t.Context(), recorder(&asked), req)
		if !state.IsCode(err, code) || !state.IsClass(err, state.Invalid) {
			t.Errorf("%s: %v, want %s", line, err, code)
		}
		if len(asked) > 0 {
			t.Errorf("%s: asked %v all the same", line, asked)
		}
		for _, lang := range []string{"en", "zh"} {
			if s := text.For(lang).Error(err); strings.Contains(s, code) || s == "" {
				t.Errorf("%s: %q is no sentence", line, s)
			}
		}
	}
}

// TestSeveralAndNone: several customers are listed with the command that chooses one; nobody is an
// error that suggests the nearest.
func TestSeveralAndNone(t *testing.T) {
	t.Parallel()
	several := &state.Error{Class: state.Ambiguous, Code: "several_customers", Args: state.Args{"ref": "jana", "more": "3",
		"hits": "c812\tJana Köhler\tSternwarte Lübeck, jana@example.com\nc7\tJana Nowak\t"}}
	none := &state.Error{Class: state.NotFound, Code: "no_customer", Args: state.Args{"ref": "janna", "near": "c812\tJana Köhler\t"}}
	fails := func(err error) service.API {
		return service.API{
			Brief: func(context.Context, service.BriefIn) (service.BriefOut, error) { return service.BriefOut{}, err },
			PromiseAdd: func(context.Context, service.PromiseAddIn) (service.PromiseOut, error) {
				return service.PromiseOut{}, err
			},
			Assign: func(context.Context, service.AssignIn) (service.CustomerOut, error) {
				return service.CustomerOut{}, err
			},
			Find: func(context.Context, service.FindIn) (service.FindOut, error) { return service.FindOut{}, nil },
			CustomerShow: func(context.Context, service.CustomerShowIn) (service.CustomerShowOut, error) {
				return service.CustomerShowOut{}, err
			},
		}
	}
	for _, c := range []struct {
		line string
		err  error
		want []string // in the card
		wrap bool
	}{
		{`brief jana`, several, []string{`Several customers fit "jana"`, "c812", "Jana Nowak", "/kept brief c812", "/kept brief c7", "3 more fit. All: /kept find jana"}, true},
		{`promise jana "send it" by friday --by wei`, several, []string{`/kept promise c812 "send it" by friday --by wei`}, true},
		{`assign jana wei`, several, []string{`/kept assign c7 wei`}, true},
		{`brief janna`, none, []string{`No customer fits "janna"`, "the nearest names", "/kept brief c812"}, true},
		{`find janna`, none, []string{`No customer fits "janna".`, "the nearest names", "/kept brief c812"}, false},
		{`find xyz`, &state.Error{Class: state.NotFound, Code: "no_customer", Args: state.Args{"ref": "xyz"}}, []string{`No customer fits "xyz".`, "Try part of the name"}, false},
	} {
		w, req, err := Parse(c.line)
		if err != nil {
			t.Fatal(err)
		}
		req.Command = "/kept"
		card, err := w.Run(t.Context(), fails(c.err), req)
		if c.wrap != errors.Is(err, c.err) {
			t.Errorf("%s: the error is %v", c.line, err)
		}
		b, jerr := json.Marshal(card.Sections)
		all := card.Title + string(b) + strings.Join(card.Foot, "\n")
		all = strings.ReplaceAll(all, `\"`, `"`)
		for _, want := range c.want {
			if !strings.Contains(all, want) || jerr != nil {
				t.Errorf("%s: the card lacks %q:\n%s", c.line, want, all)
			}
		}
	}
	// An error that no card can help stays alone.
	plainly := fmt.Errorf("disk gone")
	if card, err := Lookup("brief").Run(t.Context(), fails(plainly), Request{Words: []string{"x"}}); !errors.Is(err, plainly) || card.Title != "" {
		t.Errorf("%v %v", card, err)
	}
}

// TestTable holds the table of words together: names are unique, every word explains itself in
// both languages, its examples can be read and run, its options have help.
func TestTable(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for i := range Words {
		w := &Words[i]
		for _, n := range append([]string{w.Name}, w.Aliases...) {
			if seen[n] || Lookup(n) != w || Lookup(strings.ToUpper(n)) != w {
				t.Errorf("%s is taken or not found", n)
			}
			seen[n] = true
		}
		for _, lang := range []string{"en", "zh"} {
			p := text.For(lang)
			if s := w.Summary(p); s == "" || strings.Contains(s, "word.") {
				t.Errorf("%s has no summary in %s: %q", w.Name, lang, s)
			}
			for _, o := range w.Options {
				if s := w.OptionHelp(p, o.Name); s == "" || strings.Contains(s, "option.") {
					t.Errorf("%s --%s has no help in %s", w.Name, o.Name, lang)
				}
			}
		}
		if len(w.Usage) == 0 || len(w.Examples) == 0 {
			t.Errorf("%s has no usage or no examples", w.Name)
		}
		for _, o := range w.Options {
			if !strings.Contains(strings.Join(w.Usage, " "), "--"+o.Name) && o.Name != "limit" && o.Name != "full" && o.Name != "note" {
				t.Errorf("%s: the usage does not name --%s", w.Name, o.Name)
			}
		}
		for _, example := range w.Examples {
			x, req, err := Parse(example)
			if err != nil || x != w {
				t.Errorf("the example %q: %v", example, err)
				continue
			}
			var asked []any
			if _, err := x.Run(t.Context(), recorder(&asked), req); err != nil || len(asked) == 0 {
				t.Errorf("the example %q: asked %v, %v", example, asked, err)
			}
		}
	}
}
