package service

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/state"
)

// letter is one message of a mailbox; addresses may have names: "Jana Köhler <jana@x.example>".
type letter struct {
	conn, id, from, to, cc, subject, text string
	day                                   int // of November 2026, at noon
	sent                                  bool
	automatic, list, thread               string
}

func boxes(list string) []state.Mailbox {
	var out []state.Mailbox
	for part := range strings.SplitSeq(list, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		name, address, ok := strings.Cut(part, "<")
		if !ok {
			name, address = "", part
		}
		out = append(out, state.Mailbox{Name: strings.TrimSpace(name), Address: strings.TrimSuffix(strings.TrimSpace(address), ">")})
	}
	return out
}

func (m letter) told() Told {
	if m.conn == "" {
		m.conn = "mail"
	}
	if m.thread == "" {
		m.thread = m.id
	}
	folder := "INBOX"
	if m.sent {
		folder = "Sent"
	}
	return Told{Connection: m.conn, Kind: state.KindMessage, ID: m.id, Keyed: state.KeyedID, Version: state.Version{Message: &state.Message{
		MessageID: m.id, Thread: m.thread, At: time.Date(2026, 11, m.day, 12, 0, 0, 0, time.UTC), From: boxes(m.from), To: boxes(m.to), Cc: boxes(m.cc),
		Subject: m.subject, Text: m.text, Automatic: m.automatic, List: m.list, Folder: folder, Sent: m.sent}}}
}

// mails is one import of messages, to its end.
func (h *house) mails(letters ...letter) uint64 {
	h.t.Helper()
	var told []Told
	for _, m := range letters {
		told = append(told, m.told())
	}
	return h.mailRun(told...)
}

func (h *house) mailRun(told ...Told) uint64 {
	h.t.Helper()
	h.ok(h.s.Do(context.Background(), "test.connection", nil, func(w *state.Writer) error {
		c, err := state.Connections.Find(w.Tx(), state.TextKey(told[0].Connection))
		if err != nil || c != nil {
			return err
		}
		return state.Connections.Put(w, &state.Connection{Name: told[0].Connection, Type: "mbox", Created: w.Cause.At})
	}))
	run := h.tell(told...)
	h.ok(h.s.EndMail(context.Background(), run))
	return run
}

// lines is a history in a few words an entry: "in Re: quote", "out Quote (Wei Zhang)".
func (h *house) lines(login, ref string) []string {
	h.t.Helper()
	out := must[HistoryOut](h)(h.s.History(as(login), HistoryIn{Ref: ref}))
	var lines []string
	for _, e := range out.Entries {
		line := e.Direction + " " + e.Title
		if e.Actor != "" {
			line += " (" + e.Actor + ")"
		}
		if e.Hidden {
			line += " hidden by " + e.HiddenBy
		} else if e.Body != "" {
			line += ": " + e.Body
		}
		lines = append(lines, line)
	}
	return lines
}

func (h *house) wantLines(login, ref string, want ...string) {
	h.t.Helper()
	if got := h.lines(login, ref); !slices.Equal(got, want) {
		h.t.Errorf("history of %s as %q:\n  %s\nwant\n  %s", ref, login, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func (h *house) customerNames() string {
	h.t.Helper()
	out := must[CustomerListOut](h)(h.s.CustomerList(as(""), CustomerListIn{}))
	var names []string
	for _, c := range out.Customers {
		names = append(names, c.Name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func (h *house) waitingList() string {
	h.t.Helper()
	out := must[WaitingOut](h)(h.s.CustomerWaiting(as(""), WaitingIn{}))
	var parts []string
	for _, w := range out.Waiting {
		parts = append(parts, fmt.Sprintf("%s %s %d %q", w.Address, w.Name, w.Messages, w.Subject))
	}
	return strings.Join(parts, "; ")
}

func (h *house) counts(run uint64) state.MailCounts {
	h.t.Helper()
	var c *state.MailCounts
	h.ok(h.s.Look(context.Background(), func(tx state.Tx, _ time.Time) error {
		r, err := state.Runs.Number(tx, run)
		if err == nil {
			c = r.Mail
		}
		return err
	}))
	if c == nil {
		h.t.Fatal("the run has no counts of messages")
	}
	return *c
}

func (h *house) wei() {
	h.t.Helper()
	must[StaffOut](h)(h.s.StaffAdd(as(""), StaffAddIn{Name: "Wei Zhang", Login: "wei", Emails: []string{"wei@nordlicht.example"}}))
	must[StaffOut](h)(h.s.StaffAdd(as(""), StaffAddIn{Name: "Ana Lima", Login: "ana", Emails: []string{"ana@nordlicht.example"}}))
}

var post = []letter{
	{id: "1", from: "Jana Köhler <jana@sternwarte.example>", to: "wei@nordlicht.example", subject: "Quote?", text: "How much are 40 units?", day: 2},
	{id: "2", from: "Wei Zhang <wei@nordlicht.example>", to: "Jana Köhler <jana@sternwarte.example>", subject: "Re: Quote?", text: "I send it by Thursday.", day: 3, sent: true, thread: "1"},
	{id: "3", from: "jana@sternwarte.example", to: "wei@nordlicht.example", subject: "Re: Quote?", text: "Hello Wei,\n\nstill waiting for the quote.", day: 9, thread: "1"},
	{id: "4", from: "Fremder <stranger@far.example>", to: "wei@nordlicht.example", subject: "Offer", text: "Buy our list.", day: 4},
	{id: "5", from: "News <news@letter.example>", to: "wei@nordlicht.example", subject: "News of May", text: "...", day: 4, automatic: "list", list: "<news.letter.example>"},
	{id: "6", from: "noreply@parcel.example", to: "wei@nordlicht.example", subject: "Your parcel", text: "...", day: 5, automatic: "no_reply"},
	{id: "7", from: "ana@nordlicht.example", to: "wei@nordlicht.example", subject: "Lunch", text: "12?", day: 5},
	{id: "8", from: "wei@nordlicht.example", to: "李伟 <liwei@guangxue.example>", subject: "样品", text: "周五之前寄样品", day: 6, sent: true},
}

func TestWhoBecomesACustomerOfMail(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.wei()
	run := h.mails(post...)
	if got := h.customerNames(); got != "Jana Köhler, 李伟" {
		t.Errorf("customers %s", got)
	}
	h.wantLines("wei", "jana", "in Re: Quote?: Hello Wei,\n\nstill waiting for the quote.", "out Re: Quote? (Wei Zhang): I send it by Thursday.", "in Quote?: How much are 40 units?")
	h.wantLines("wei", "李伟", "out 样品 (Wei Zhang): 周五之前寄样品")
	if got := h.waitingList(); got != `stranger@far.example Fremder 1 "Offer"` {
		t.Errorf("waiting: %s", got)
	}
	want := state.MailCounts{Messages: 8, Threads: 6, Known: 4, Waiting: 1, Addresses: 1, Automatic: 2, Colleagues: 1, In: 3, Out: 2}
	if got := h.counts(run); got != want {
		t.Errorf("counts %+v, want %+v", got, want)
	}
	brief := must[BriefOut](h)(h.s.Brief(as("wei"), BriefIn{Ref: "jana"}))
	if brief.Says == nil || brief.Says.Body != "still waiting for the quote." || len(brief.Last) != 3 || brief.Last[0].Unanswered != 11 || brief.Last[1].Unanswered != 0 {
		t.Errorf("says %+v, last %+v", brief.Says, brief.Last)
	}
	// A customer for another reason has its mail by itself, however it came first.
	h.tell(person1("shop", "1", "name", "Fremder Mann", "email", "Stranger@far.example"))
	h.wantLines("wei", "fremder", "in Offer: Buy our list.")
	if got := h.waitingList(); got != "" {
		t.Errorf("waiting: %s", got)
	}
}

func TestSentMailProposesStaff(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.mails(post...)
	// Wei's address is asked about; until then it is ours, so that nobody takes Wei for a customer.
	if got := h.customerNames(); got != "Jana Köhler, 李伟" {
		t.Errorf("customers %s", got)
	}
	questions := must[QuestionListOut](h)(h.s.QuestionList(as(""), QuestionListIn{}))
	if len(questions.Questions) != 1 || questions.Questions[0].Kind != state.QuestionStaff || questions.Questions[0].Where != "wei@nordlicht.example" || questions.Questions[0].Raw != "Wei Zhang" {
		t.Fatalf("questions %+v", questions.Questions)
	}
	// Ana is a stranger still.
	if got := h.waitingList(); !strings.Contains(got, "ana@nordlicht.example") {
		t.Errorf("waiting: %s", got)
	}
	out := must[AnswerOut](h)(h.s.Answer(as(""), AnswerIn{Number: questions.Questions[0].Number, Answer: "yes"}))
	if out.Did != didStaff || out.Staff == nil || out.Staff.Name != "Wei Zhang" {
		t.Errorf("answer %+v", out)
	}
	// Her domain is ours now.
	if got := h.waitingList(); strings.Contains(got, "nordlicht") {
		t.Errorf("waiting: %s", got)
	}
	if got := h.customerNames(); got != "Jana Köhler, 李伟" {
		t.Errorf("customers %s", got)
	}
}

func TestAnAddressThatIsNoneOfUs(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.mails(post...)
	q := must[QuestionListOut](h)(h.s.QuestionList(as(""), QuestionListIn{})).Questions[0]
	if out := must[AnswerOut](h)(h.s.Answer(as(""), AnswerIn{Number: q.Number, Answer: "no"})); out.Did != didNotStaff {
		t.Errorf("answer %+v", out)
	}
	// What it sent made customers of nobody, then; it is not asked again.
	if got := h.customerNames(); got != "" {
		t.Errorf("customers %s", got)
	}
	h.mails(append(slices.Clone(post), letter{id: "9", from: "wei@nordlicht.example", to: "x@y.example", day: 9, sent: true})...)
	if n := must[QuestionListOut](h)(h.s.QuestionList(as(""), QuestionListIn{})).Total; n != 0 {
		t.Errorf("%d questions", n)
	}
}

func TestBecomingStaffLaterChangesWhatFollows(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	// An archive without folders: who is ours is not told.
	var archive []letter
	for _, m := range post {
		m.sent = false
		archive = append(archive, m)
	}
	h.mails(archive...)
	if got := h.customerNames(); got != "" {
		t.Errorf("customers %s", got)
	}
	h.wei()
	if got := h.customerNames(); got != "Jana Köhler, 李伟" {
		t.Errorf("customers %s", got)
	}
	h.wantLines("wei", "李伟", "out 样品 (Wei Zhang): 周五之前寄样品")
	// And back: nobody of us is in it any more.
	for _, name := range []string{"wei", "ana"} {
		must[StaffOut](h)(h.s.StaffAdd(as(""), StaffAddIn{Name: name, Emails: []string{name + "@elsewhere.example"}}))
	}
	if got := h.customerNames(); got != "" {
		t.Errorf("customers %s", got)
	}
}
