package bot

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// digestOf is a full digest, with names of several scripts.
func digestOf(now time.Time) service.DigestOut {
	due := func(days, hour int) *time.Time {
		t := time.Date(now.Year(), now.Month(), now.Day()+days, hour, 0, 0, 0, time.UTC)
		return &t
	}
	promise := func(n, customer, by, words string, at *time.Time, late int) service.Promise {
		return service.Promise{Number: n, Customer: "c1", CustomerName: customer, By: by, Text: words, Due: at, Zone: "Europe/Berlin", State: state.PromiseOpen, Direction: state.Ours,
			Late: late > 0, LateDays: late, Made: now.AddDate(0, 0, -7), Evidence: []state.Evidence{{Code: "mail"}}}
	}
	theirs := promise("p9", "ليلى حداد", "", "sends the contract", due(0, 15), 0)
	theirs.Direction = state.Theirs
	return service.DigestOut{Staff: "s2", Name: "Wei Zhang", Day: "2026-11-23", Now: now, Zone: "Europe/Berlin", Language: "en",
		Late:      []service.Promise{promise("p1", "Jana Köhler", "Wei Zhang", "the revised quote for 40 units", due(-2, 17), 2)},
		Today:     []service.Promise{promise("p2", "李伟", "Wei Zhang", "周五之前寄样品", due(0, 11), 0)},
		Next:      []service.Promise{promise("p3", "ليلى حداد", "Wei Zhang", "call about the mount <b>", due(1, 9), 0)},
		Theirs:    []service.Promise{theirs},
		New:       []service.Promise{promise("p4", "O'Brien & Söhne 🔭", "Wei Zhang", "demo", nil, 0)},
		For:       []service.DigestStandsIn{{Name: "Ana Lima", Late: []service.Promise{promise("p5", "Jana Köhler", "Ana Lima", "refund", due(-1, 17), 1)}}},
		Followups: []service.Followup{{Number: "t3", CustomerName: "李伟", Text: "ask how it went", For: "Wei Zhang", Due: *due(0, 17), Zone: "Europe/Berlin", State: state.FollowupOpen, By: "Ana Lima"}},
		Questions: []service.Question{{Number: "q7", Kind: state.QuestionPromise, By: "Wei Zhang", Raw: "I'll send it tomorrow", Direction: state.Ours, State: state.QuestionOpen,
			A: &service.CustomerRef{Number: "c1", Name: "Jana Köhler"}, Options: []string{"yes", "no", "done"}}},
		Wrote: []service.Unanswered{{Customer: "c2", CustomerName: "李伟", Subject: "关于报价", Since: now.Add(-14 * time.Hour)}},
		Quiet: []service.DigestQuiet{{Customer: service.CustomerRef{Number: "c3", Name: "ليلى حداد"}, Days: 62, Usual: 31}},
		Total: map[string]int{"late": 3, "today": 1, "next": 1, "theirs": 1, "new": 1, "for": 1, "followups": 1, "questions": 5, "wrote": 1, "quiet": 1}}
}

// What is told, as plain text in both languages: it says all that the card says.
func TestNoticesAsText(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 7, 30, 0, 0, time.UTC)
	d := digestOf(now)
	late := d.Late[0]
	told := service.Followup{Number: "t3", Customer: "c2", CustomerName: "李伟", Rule: "first-order", Why: "first-order", Args: state.Args{"order": "#1001"},
		For: "Wei Zhang", Due: time.Date(2026, 11, 23, 17, 0, 0, 0, time.UTC), Zone: "Europe/Berlin", State: state.FollowupOpen}
	only := told
	only.Number, only.Text, only.For = "", "call and say thank you", ""
	for _, lang := range []string{"en", "zh"} {
		for name, n := range map[string]service.Notice{
			"digest":   {Card: "digest", Digest: &d, Zone: d.Zone, Now: now},
			"reminder": {Card: "reminder p2", Promise: &d.Today[0], StandsIn: "Ana Lima", Zone: d.Zone, Now: now},
			"late":     {Card: "reminder p1", Promise: &late, Zone: d.Zone, Now: now},
			"question": {Card: "question q7", Question: &d.Questions[0], Zone: d.Zone, Now: now},
			"told":     {Card: "followup t3", Followup: &told, StandsIn: "Ana Lima", Zone: d.Zone, Now: now},
			"over":     {Card: "over t3", Followup: &told, Over: true, Zone: d.Zone, Now: now},
			"only":     {Followup: &only, Zone: d.Zone, Now: now},
		} {
			n.Language = lang
			subject, body := NoticeText("kept")(n)
			if !strings.HasPrefix(body, subject) || strings.Contains(subject, "\n") || subject == "" {
				t.Errorf("%s: subject %q of %q", name, subject, body)
			}
			path := filepath.Join("testdata", name+"."+lang+".txt")
			if os.Getenv("KEPT_WRITE") != "" {
				if err := os.MkdirAll("testdata", 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(body+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil || string(want) != body+"\n" {
				t.Errorf("%s (%v):\n%s", path, err, body)
			}
		}
	}
}

// A notice is made anew for who reads it; what is none is an error, so that its text stands.
func TestNotice(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 7, 30, 0, 0, time.UTC)
	d := digestOf(now)
	api := service.API{
		Digest: func(context.Context, service.DigestIn) (service.DigestOut, error) { return d, nil },
		PromiseShow: func(_ context.Context, in service.PromiseShowIn) (service.PromiseOut, error) {
			if in.Promise != "p2" {
				t.Errorf("asked for %q", in.Promise)
			}
			return service.PromiseOut{Promise: d.Today[0], Zone: d.Zone, Now: now}, nil
		},
		QuestionList: func(context.Context, service.QuestionListIn) (service.QuestionListOut, error) {
			return service.QuestionListOut{Questions: d.Questions}, nil
		},
		FollowupList: func(_ context.Context, in service.FollowupListIn) (service.FollowupListOut, error) {
			return service.FollowupListOut{Followups: d.Followups[:map[string]int{"t3": 1}[in.Number]], Zone: d.Zone, Now: now}, nil
		},
	}
	r := Reader{Lang: "en", Zone: "Europe/Berlin", Command: "/kept", Now: now}
	for card, want := range map[string]string{"digest": "Good morning, Wei: 3 promises late", "reminder p2": "李伟", "question q7": "Jana Köhler",
		"followup t3": "李伟: ask how it went", "over t3": "Nobody has done this yet, it is Wei Zhang's: 李伟"} {
		c, err := Notice(context.Background(), api, card, r)
		if err != nil || !strings.Contains(c.Title, want) || len(c.Sections) == 0 {
			t.Errorf("%s: %q, %v", card, c.Title, err)
		}
		again, err := Notice(context.Background(), api, card+" again", r)
		if mark := text.For("en").T("notice.again"); err != nil || again.Title != mark+" "+c.Title {
			t.Errorf("%s again: %q, %v", card, again.Title, err)
		}
	}
	for _, card := range []string{"", "weather", "reminder jana", "question 7", "reminder ", "followup jana", "over t9"} {
		if _, err := Notice(context.Background(), api, card, r); !state.IsCode(err, "no_such_notice") {
			t.Errorf("%q: %v", card, err)
		}
	}
	plain, err := NoticeOf(context.Background(), api, state.Outgoing{Subject: "李伟", Text: "vip: first order\nc1"}, r)
	if err != nil || plain.Title != "李伟" || len(plain.Sections) != 1 || len(plain.Sections[0].Rows) != 2 {
		t.Errorf("%+v, %v", plain, err)
	}
	if twice, err := NoticeOf(context.Background(), api, state.Outgoing{Card: "reminder p2", Doubted: now}, r); err != nil || !strings.HasPrefix(twice.Title, "(perhaps") {
		t.Errorf("%q, %v", twice.Title, err)
	}
}

// The form of the settings, sent as it was opened, sets what holds already.
func TestSettingsForm(t *testing.T) {
	t.Parallel()
	x := service.StaffSettings{Staff: "s2", Digest: true, At: "08:15", Days: []string{"mon", "fri"}, Reminders: true, Lead: "45m", Questions: "now", Quiet: "none", Language: "zh", Zone: "Asia/Shanghai"}
	p := text.For("en")
	a := settingsAction(p, "wei", x)
	values := map[string]string{}
	for _, f := range a.Form.Fields {
		values[f.Name] = f.Value
		if f.Kind == FieldChoice && len(f.Choices) < 2 {
			t.Errorf("%s has no choice", f.Name)
		}
	}
	w, req, err := Parse(a.Fill(values))
	if err != nil || w.Name != "settings" {
		t.Fatal(w, err)
	}
	in, err := settingsIn(req.Words)
	if err != nil || in.Staff != "s2" {
		t.Fatal(in, err)
	}
	for name, want := range map[string]string{"digest": "on", "at": "08:15", "days": "mon,fri", "reminders": "on", "lead": "45m", "questions": "now", "quiet": "none", "language": "zh", "zone": "Asia/Shanghai"} {
		if in.Change[name] != want {
			t.Errorf("%s is %q, want %q", name, in.Change[name], want)
		}
	}
}
