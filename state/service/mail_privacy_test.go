package service

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/state"
)

// quoteOf is the number of a history's entry.
func (h *house) entryID(login, ref string, i int) string {
	h.t.Helper()
	return must[HistoryOut](h)(h.s.History(as(login), HistoryIn{Ref: ref})).Entries[i].ID
}

func TestOfAPersonalMailboxOthersSeeHeaders(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.wei()
	h.mails(post...)
	// All that was sent came from Wei, so it is Wei's own.
	list := must[ConnectionListOut](h)(h.s.ConnectionList(as(""), ConnectionListIn{})).Connections
	if len(list) != 1 || list[0].Mailbox != state.MailboxPersonal || list[0].Owner != "Wei Zhang" || list[0].Decided != "rule" {
		t.Fatalf("connections %+v", list)
	}
	hidden := []string{"in Re: Quote? hidden by Wei Zhang", "out Re: Quote? (Wei Zhang) hidden by Wei Zhang", "in Quote? hidden by Wei Zhang"}
	for _, login := range []string{"ana", "", "nobody"} {
		h.wantLines(login, "jana", hidden...)
		brief := must[BriefOut](h)(h.s.Brief(as(login), BriefIn{Ref: "jana"}))
		told, err := json.Marshal(brief)
		h.ok(err)
		if brief.Says != nil || strings.Contains(string(told), "waiting for the quote") || brief.Last[0].Unanswered != 11 {
			t.Errorf("%q is told %s", login, told)
		}
		who := must[WhoOut](h)(h.s.Who(as(login), WhoIn{Ref: "jana"}))
		if len(who.Touched) != 1 || who.Touched[0].Name != "Wei Zhang" {
			t.Errorf("who dealt with her: %+v", who.Touched)
		}
	}
	newest, first := h.entryID("ana", "jana", 0), h.entryID("ana", "jana", 2)
	h.refused(failure(h.s.Mark(as("ana"), MarkIn{Entry: newest, As: "share"})), state.Refused, "not_yours")
	h.refused(failure(h.s.Mark(as(""), MarkIn{Entry: newest, As: "share"})), state.Refused, "mark_needs_staff")
	h.refused(failure(h.s.Mailbox(as("ana"), MailboxIn{Connection: "mail", Mailbox: "shared"})), state.Refused, "mailbox_not_yours")
	h.refused(failure(h.s.Mailbox(as(""), MailboxIn{Connection: "mail", Mailbox: "personal:ana"})), state.Refused, "mailbox_not_yours")

	if out := must[MarkOut](h)(h.s.Mark(as("wei"), MarkIn{Entry: first, As: "share"})); out.Entry.Body != "How much are 40 units?" || out.Entry.Mark != state.MarkShared {
		t.Errorf("marked %+v", out)
	}
	h.wantLines("ana", "jana", hidden[0], hidden[1], "in Quote?: How much are 40 units?")
	must[MarkOut](h)(h.s.Mark(as("wei"), MarkIn{Entry: newest, As: "share", Thread: true}))
	h.wantLines("ana", "jana", "in Re: Quote?: Hello Wei,\n\nstill waiting for the quote.", "out Re: Quote? (Wei Zhang): I send it by Thursday.", "in Quote?: How much are 40 units?")
	if brief := must[BriefOut](h)(h.s.Brief(as("ana"), BriefIn{Ref: "jana"})); brief.Says == nil || brief.Says.Body != "still waiting for the quote." {
		t.Errorf("says %+v", brief.Says)
	}
	must[MarkOut](h)(h.s.Mark(as("wei"), MarkIn{Entry: newest, As: "unshare", Thread: true}))
	must[MarkOut](h)(h.s.Mark(as("wei"), MarkIn{Entry: first, As: "unshare"}))
	h.wantLines("ana", "jana", hidden...)
	h.refused(failure(h.s.Mark(as("wei"), MarkIn{Entry: first, As: "unshare"})), state.Invalid, "not_marked")
	h.refused(failure(h.s.Mark(as("wei"), MarkIn{Entry: "k999.0", As: "share"})), state.NotFound, "no_such_entry")
	h.refused(failure(h.s.Mark(as("wei"), MarkIn{Entry: first, As: "shout"})), state.Invalid, "unknown_mark")

	must[MailboxOut](h)(h.s.Mailbox(as("wei"), MailboxIn{Connection: "mail", Mailbox: "shared"}))
	h.wantLines("", "李伟", "out 样品 (Wei Zhang): 周五之前寄样品")
	h.refused(failure(h.s.Mark(as("wei"), MarkIn{Entry: first, As: "share"})), state.Invalid, "shared_already")
}

func failure[T any](_ T, err error) error { return err }

func TestInASharedMailboxWhoTookPartClosesAMessage(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.wei()
	must[StaffOut](h)(h.s.StaffAdd(as(""), StaffAddIn{Name: "Tom Ford", Login: "tom", Emails: []string{"tom@nordlicht.example"}}))
	h.mails(letter{id: "1", from: "jana@sternwarte.example", to: "wei@nordlicht.example, ana@nordlicht.example", subject: "My salary", text: "is a secret", day: 2},
		letter{id: "2", from: "info@nordlicht.example", to: "Jana <jana@sternwarte.example>", subject: "Hello", text: "there", day: 3, sent: true})
	id := h.entryID("tom", "jana", 1)
	h.refused(failure(h.s.Mark(as("tom"), MarkIn{Entry: id, As: "private"})), state.Refused, "not_yours")
	must[MarkOut](h)(h.s.Mark(as("wei"), MarkIn{Entry: id, As: "private"}))
	h.wantLines("tom", "jana", "out Hello (info@nordlicht.example): there", "in My salary hidden by Wei Zhang")
	h.wantLines("ana", "jana", "out Hello (info@nordlicht.example): there", "in My salary: is a secret")
	h.refused(failure(h.s.Mark(as("ana"), MarkIn{Entry: id, As: "open"})), state.Refused, "not_yours")
	must[MarkOut](h)(h.s.Mark(as("wei"), MarkIn{Entry: id, As: "open"}))
	h.wantLines("tom", "jana", "out Hello (info@nordlicht.example): there", "in My salary: is a secret")
}

func TestPrivateNotes(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.wei()
	h.tell(person1("shop", "1", "name", "Jana Köhler", "email", "jana@sternwarte.example"))
	h.refused(failure(h.s.Note(as(""), NoteIn{Ref: "jana", Text: "x", Private: true})), state.Refused, "mark_needs_staff")
	note := must[NoteOut](h)(h.s.Note(as("wei"), NoteIn{Ref: "jana", Text: "is getting divorced\nsince May", Private: true}))
	if note.Entry.Body != "since May" || note.Entry.Mark != state.MarkPrivate {
		t.Errorf("note %+v", note.Entry)
	}
	open := must[NoteOut](h)(h.s.Note(as("ana"), NoteIn{Ref: "jana", Text: "likes tea"}))
	h.wantLines("wei", "jana", " likes tea (Ana Lima)", " is getting divorced (Wei Zhang): since May")
	h.wantLines("ana", "jana", " likes tea (Ana Lima)", "  (Wei Zhang) hidden by Wei Zhang")
	h.refused(failure(h.s.Mark(as("wei"), MarkIn{Entry: open.Entry.ID, As: "private"})), state.Refused, "not_yours")
	must[MarkOut](h)(h.s.Mark(as("ana"), MarkIn{Entry: open.Entry.ID, As: "private"}))
	h.wantLines("wei", "jana", "  (Ana Lima) hidden by Ana Lima", " is getting divorced (Wei Zhang): since May")
	must[MarkOut](h)(h.s.Mark(as("wei"), MarkIn{Entry: note.Entry.ID, As: "open"}))
	h.wantLines("ana", "jana", " likes tea (Ana Lima)", " is getting divorced (Wei Zhang): since May")
	h.refused(failure(h.s.Mark(as("ana"), MarkIn{Entry: open.Entry.ID, As: "share"})), state.Invalid, "shared_already")
}

func TestTheFileSaysWhoseAMailboxIs(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.s = New(h.store, h.conns, Config{Region: "DE", Connections: map[string]ConnectionConfig{"mail": {Mailbox: "personal", Owner: "ana", Ignore: []string{"@far.example"}}}},
		func() time.Time { return h.now })
	h.wei()
	run := h.mails(post...)
	h.wantLines("wei", "李伟", "out 样品 (Wei Zhang) hidden by Ana Lima")
	h.wantLines("ana", "李伟", "out 样品 (Wei Zhang): 周五之前寄样品")
	h.refused(failure(h.s.Mailbox(as("ana"), MailboxIn{Connection: "mail", Mailbox: "shared"})), state.Refused, "mailbox_by_config")
	if c := h.counts(run); c.Ignored != 1 || c.Waiting != 0 {
		t.Errorf("counts %+v", c)
	}
	rules := must[CustomerIgnoreOut](h)(h.s.CustomerIgnore(as(""), CustomerIgnoreIn{})).Rules
	if len(rules) != 1 || rules[0].Rule != "@far.example" || rules[0].By != "kept.yaml" || rules[0].Connection != "mail" {
		t.Errorf("rules %+v", rules)
	}
	// The file says it no more: nobody has decided, so it is everybody's until the next import.
	h.s = New(h.store, h.conns, Config{Region: "DE"}, func() time.Time { return h.now })
	h.mails(post...)
	h.wantLines("ana", "李伟", "out 样品 (Wei Zhang) hidden by Wei Zhang")
}

func TestWhatCouldNotBeReadOfAPersonalMailboxIsItsOwners(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.wei()
	run := h.mails(post...)
	h.ok(h.s.Do(as(""), "test", nil, func(w *state.Writer) error {
		r, err := state.Runs.Number(w.Tx(), run)
		if err != nil {
			return err
		}
		_, err = h.s.SetAside(w, r, Aside{Where: "9", Raw: "Subject: my salary", Reason: "broken"})
		return err
	}))
	for login, want := range map[string]string{"wei": "Subject: my salary", "ana": "", "": ""} {
		if q := must[QuestionListOut](h)(h.s.QuestionList(as(login), QuestionListIn{Kind: state.QuestionRow})).Questions; len(q) != 1 || q[0].Raw != want {
			t.Errorf("%q is shown %+v", login, q)
		}
	}
}

func TestAnExportHasWhatItsReaderMaySee(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.wei()
	h.mails(post...)
	must[NoteOut](h)(h.s.Note(as("wei"), NoteIn{Ref: "jana", Text: "her mother is ill\nsince May", Private: true}))
	for login, want := range map[string]bool{"wei": true, "ana": false, "": false} {
		told, err := json.Marshal(must[CustomerExportOut](h)(h.s.CustomerExport(as(login), CustomerExportIn{Ref: "jana"})))
		h.ok(err)
		if !strings.Contains(string(told), "Re: Quote?") {
			t.Errorf("%q is told of no message", login)
		}
		for _, words := range []string{"still waiting", "40 units", "by Thursday", "mother", "since May"} {
			if strings.Contains(string(told), words) != want {
				t.Errorf("%q: %q is told: %v", login, words, !want)
			}
		}
	}
}

func TestAMailboxClosesWhenItsOwnerIsKnown(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.mails(post...)
	h.wantLines("", "李伟", "out 样品 (wei@nordlicht.example): 周五之前寄样品")
	out := must[AnswerOut](h)(h.s.Answer(as(""), AnswerIn{Number: "q1", Answer: "yes"}))
	if len(out.Mailboxes) != 1 || out.Mailboxes[0].Name != "mail" || out.Mailboxes[0].Owner != "Wei Zhang" {
		t.Errorf("mailboxes %+v", out.Mailboxes)
	}
	h.wantLines("", "李伟", "out 样品 (Wei Zhang) hidden by Wei Zhang")
	// What a person said is not decided again.
	must[StaffOut](h)(h.s.StaffAdd(as(""), StaffAddIn{Name: "Wei Zhang", Login: "wei"}))
	must[MailboxOut](h)(h.s.Mailbox(as("wei"), MailboxIn{Connection: "mail", Mailbox: "shared"}))
	h.mails(post...)
	h.wantLines("", "李伟", "out 样品 (Wei Zhang): 周五之前寄样品")
}

func TestACopyThatCanBeReadIsShown(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.wei()
	both := letter{id: "1", from: "jana@sternwarte.example", to: "wei@nordlicht.example, info@nordlicht.example", subject: "Hello", text: "both of you", day: 2}
	own := letter{id: "2", from: "wei@nordlicht.example", to: "Jana <jana@sternwarte.example>", subject: "Re: Hello", text: "mine", day: 3, sent: true}
	h.mails(both, own)
	h.wantLines("ana", "jana", "out Re: Hello (Wei Zhang) hidden by Wei Zhang", "in Hello hidden by Wei Zhang")
	both.conn = "office"
	h.mails(both)
	h.wantLines("ana", "jana", "out Re: Hello (Wei Zhang) hidden by Wei Zhang", "in Hello: both of you")
	h.wantLines("wei", "jana", "out Re: Hello (Wei Zhang): mine", "in Hello: both of you")
}
