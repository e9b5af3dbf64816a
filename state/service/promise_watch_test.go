package service

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/statetest"
)

// office is a house with our people, a shared mailbox, and mail with Jana and Li Wei.
func office(t *testing.T) *house {
	t.Helper()
	return officeOn(t, statetest.Open(t))
}

func officeOn(t *testing.T, store state.Store) *house {
	t.Helper()
	h := newHouseOn(t, store)
	h.people()
	h.s.config.Domains = []string{"nordlicht.example"}
	h.ok(h.s.SettleMail(as("")))
	must[StaffOut](h)(h.s.StaffAdd(as(""), StaffAddIn{Name: "Wei Zhang", Emails: []string{"wei@nordlicht.example"}}))
	must[StaffOut](h)(h.s.StaffAdd(as(""), StaffAddIn{Name: "Tom Ford", Emails: []string{"tom@nordlicht.example"}}))
	h.tell(person1("shop", "1", "name", "Jana Köhler", "email", "jana@sternwarte.example", "phone", "+49 451 901820"),
		person1("shop", "2", "name", "李伟", "email", "liwei@guangzhou.example", "phone", "+86 138 0013 8000"))
	return h
}

func (h *house) watch() PromiseWatchOut {
	h.t.Helper()
	return must[PromiseWatchOut](h)(h.s.PromiseWatch(as(""), PromiseWatchIn{}))
}

// asked is what is asked of somebody about promises: "ours Jana Köhler: I'll send ... (due 2026-11-24)".
func (h *house) asked(login string) []string {
	h.t.Helper()
	out := must[QuestionListOut](h)(h.s.QuestionList(as(login), QuestionListIn{Limit: -1}))
	var lines []string
	for _, q := range out.Questions {
		if q.Kind != state.QuestionPromise && q.Kind != state.QuestionPromiseDone {
			continue
		}
		line := q.Direction + " " + q.A.Name + ": " + q.Raw
		if q.Kind == state.QuestionPromiseDone {
			line = "kept? " + line
		}
		if q.Due != nil {
			line += " (" + q.Due.Format("2006-01-02 15:04") + ")"
		}
		lines = append(lines, line)
	}
	return lines
}

func (h *house) wantAsked(login string, want ...string) {
	h.t.Helper()
	if got := h.asked(login); !slices.Equal(got, want) {
		h.t.Errorf("asked of %q:\n  %s\nwant\n  %s", login, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func (h *house) firstQuestion(login string) string {
	h.t.Helper()
	out := must[QuestionListOut](h)(h.s.QuestionList(as(login), QuestionListIn{Limit: -1}))
	for _, q := range out.Questions {
		if q.Kind == state.QuestionPromise || q.Kind == state.QuestionPromiseDone {
			return q.Number
		}
	}
	h.t.Fatalf("nothing is asked of %q", login)
	return ""
}

const (
	weiMail  = "Wei Zhang <wei@nordlicht.example>"
	tomMail  = "Tom Ford <tom@nordlicht.example>"
	janaBox  = "Jana Köhler <jana@sternwarte.example>"
	liweiBox = "李伟 <liwei@guangzhou.example>"
)

func TestPromisesAreFoundAndAsked(t *testing.T) {
	t.Parallel()
	h := office(t)
	must[CustomerOut](h)(h.s.Assign(as(""), AssignIn{Ref: "liwei@guangzhou.example", Staff: "tom"}))
	h.mails(
		letter{id: "m1", from: weiMail, to: janaBox, subject: "Quote 2231", day: 19, sent: true, text: "Dear Jana,\n\nI will send you the revised quote for 40 units by Tuesday.\n\nKind regards\nWei"},
		letter{id: "m2", from: liweiBox, to: weiMail, subject: "合同", day: 19, text: "张先生您好，\n我们下周三前把合同签好寄给您。"},
		letter{id: "m3", from: weiMail, to: liweiBox, subject: "Samples", day: 20, sent: true, text: "If you confirm the order, I will ship the samples on Monday."},
		letter{id: "m4", from: "News <news@example.org>", to: weiMail, subject: "Sale", day: 20, text: "We will send you a voucher by Friday.", list: "sale.example.org"},
		letter{id: "m5", from: weiMail, to: janaBox + ", a@x.example, b@x.example, c@x.example, d@x.example, e@x.example, f@x.example", subject: "All", day: 20, sent: true,
			text: "I will send everybody the minutes by Tuesday."},
		letter{id: "m6", from: weiMail, to: tomMail, subject: "us", day: 20, sent: true, text: "I will send you the list by Tuesday."},
	)
	out := h.watch()
	if out.Found != 3 || out.Asked != 3 || out.Waiting != 0 {
		t.Errorf("%+v", out)
	}
	// Wei lives in Shanghai: their Tuesday ends at 16:00 UTC. What is conditional comes last.
	h.wantAsked("wei", "ours Jana Köhler: I will send you the revised quote for 40 units by Tuesday. (2026-11-24 15:59)",
		"ours 李伟: If you confirm the order, I will ship the samples on Monday. (2026-11-23 15:59)")
	// What Li Wei wrote is asked of Tom, who answers for him, and means his zone.
	h.wantAsked("tom", "theirs 李伟: 我们下周三前把合同签好寄给您。 (2026-11-25 15:59)")
	h.wantAsked("ana")
	if again := h.watch(); again != (PromiseWatchOut{}) {
		t.Errorf("a second pass did %+v", again)
	}

	// Others see that there is something, and no more; who runs Kept may see it with a flag.
	list := must[QuestionListOut](h)(h.s.QuestionList(as("ana"), QuestionListIn{}))
	if fmt.Sprint(list.Others) != "[{Wei Zhang 2} {Tom Ford 1}]" || list.Total != 0 {
		t.Errorf("ana sees %+v", list)
	}
	if all := must[QuestionListOut](h)(h.s.QuestionList(as("ops"), QuestionListIn{All: true})); len(all.Questions) != 3 {
		t.Errorf("ops sees %d", len(all.Questions))
	}
	if mine := must[QuestionListOut](h)(h.s.QuestionList(as("tom"), QuestionListIn{All: true})); len(mine.Questions) != 1 {
		t.Errorf("tom sees %d", len(mine.Questions))
	}
	weis := h.firstQuestion("wei")
	_, err := h.s.Answer(as("tom"), AnswerIn{Number: weis, Answer: "yes"})
	h.refused(err, state.Refused, "question_for_other")
	_, err = h.s.QuestionList(as("tom"), QuestionListIn{Number: weis})
	h.refused(err, state.Refused, "question_for_other")

	// Accepted, it is a promise with its words and where they are from; corrected, with what was said.
	yes := must[AnswerOut](h)(h.s.Answer(as("wei"), AnswerIn{Number: weis, Answer: "yes", Due: "next friday"}))
	if p := yes.Promise; p == nil || p.By != "Wei Zhang" || p.CustomerName != "Jana Köhler" || p.Evidence[0].Code != "said_in_mail" ||
		p.Due.Format(time.DateOnly) != "2026-11-27" || !p.Made.Equal(time.Date(2026, 11, 19, 12, 0, 0, 0, time.UTC)) {
		t.Errorf("promise %+v", p)
	}
	no := must[AnswerOut](h)(h.s.Answer(as("tom"), AnswerIn{Number: h.firstQuestion("tom"), Answer: "no"}))
	if no.Did != didNoPromise {
		t.Errorf("did %s", no.Did)
	}
	// Told again, by the same mailbox or by another one, nothing is asked twice.
	h.mails(letter{id: "m1", conn: "mail2", from: weiMail, to: janaBox, subject: "Quote 2231", day: 19, sent: true, text: "Dear Jana,\n\nI will send you the revised quote\nfor 40 units by Tuesday.\n\nKind regards\nWei"},
		letter{id: "m2", conn: "mail2", from: liweiBox, to: weiMail, subject: "合同", day: 19, text: "张先生您好，\n我们下周三前把合同签好寄给您。"})
	if out := h.watch(); out.Found != 0 || out.Known != 2 {
		t.Errorf("again %+v", out)
	}
	h.wantAsked("tom")
}

func TestPromisesLoggedByHandAreNotAsked(t *testing.T) {
	t.Parallel()
	h := office(t)
	must[PromiseOut](h)(h.s.PromiseAdd(as("wei"), PromiseAddIn{Ref: "jana", Text: "revised quote, 40 units", Due: "tuesday"}))
	h.mails(letter{id: "m1", from: weiMail, to: janaBox, subject: "Quote", day: 20, sent: true, text: "I will send you the revised quote for 40 units by Tuesday.\n\nI will also send you the certificate of the mirror by Tuesday."})
	h.watch()
	h.wantAsked("wei", "ours Jana Köhler: I will also send you the certificate of the mirror by Tuesday. (2026-11-24 15:59)")
}

// What was found first and then logged by hand is asked no more; what it is not about still is.
func TestPromisesLoggedAfterTheyWereFound(t *testing.T) {
	t.Parallel()
	h := office(t)
	h.mails(letter{id: "m1", from: weiMail, to: janaBox, subject: "Quote", day: 20, sent: true, text: "I will send you the revised quote for 40 units by Tuesday.\n\nI will also send you the certificate of the mirror by Tuesday."})
	h.watch()
	must[PromiseOut](h)(h.s.PromiseAdd(as("wei"), PromiseAddIn{Ref: "jana", Text: "revised quote, 40 units", Due: "tuesday"}))
	must[PromiseOut](h)(h.s.PromiseAdd(as("wei"), PromiseAddIn{Ref: "jana", Text: "certificate of the mirror", Due: "tuesday", Theirs: true}))
	if out := h.watch(); out.Lapsed != 1 {
		t.Errorf("%+v", out)
	}
	h.wantAsked("wei", "ours Jana Köhler: I will also send you the certificate of the mirror by Tuesday. (2026-11-24 15:59)")
}

func TestOldMailIsNotRead(t *testing.T) {
	t.Parallel()
	h := office(t)
	h.now = time.Date(2026, 12, 20, 9, 0, 0, 0, time.UTC)
	h.mails(letter{id: "m1", from: weiMail, to: janaBox, subject: "Quote", day: 18, sent: true, text: "I will send you the revised quote by Tuesday."},
		letter{id: "m2", from: weiMail, to: janaBox, subject: "Invoice", day: 21, sent: true, text: "I will send you the invoice by Tuesday."})
	if out := h.watch(); out.Read != 1 || out.Found != 1 {
		t.Errorf("%+v", out)
	}
}

func TestFivePromisesADay(t *testing.T) {
	t.Parallel()
	h := office(t)
	things := []string{"quote", "invoice", "contract", "certificate", "drawing", "catalogue", "timetable", "report"}
	var letters []letter
	for i, thing := range things {
		letters = append(letters, letter{id: fmt.Sprint("m", i), from: weiMail, to: janaBox, subject: thing, day: 20, sent: true,
			text: "I will send you the " + thing + " by Tuesday."})
	}
	h.mails(letters...)
	if out := h.watch(); out.Asked != 5 || out.Waiting != 3 {
		t.Errorf("%+v", out)
	}
	must[AnswerOut](h)(h.s.Answer(as("wei"), AnswerIn{Number: h.firstQuestion("wei"), Answer: "no"}))
	if out := h.watch(); out.Asked != 0 || len(h.asked("wei")) != 4 {
		t.Errorf("the same day %+v", out)
	}
	h.now = h.now.Add(24 * time.Hour)
	if out := h.watch(); out.Asked != 3 || len(h.asked("wei")) != 7 {
		t.Errorf("the next day %+v", out)
	}
	h.now = h.now.Add(13 * 24 * time.Hour)
	if out := h.watch(); out.Lapsed != 4 || len(h.asked("wei")) != 3 {
		t.Errorf("after 14 days %+v", out)
	}
}

func TestPromisesInNotes(t *testing.T) {
	t.Parallel()
	h := office(t)
	must[NoteOut](h)(h.s.Note(as("tom"), NoteIn{Ref: "jana", Kind: "call", Text: "Spoke about the dome.\nI will send her the drawing by Wednesday."}))
	must[NoteOut](h)(h.s.Note(as("tom"), NoteIn{Ref: "liwei@guangzhou.example", Text: "Li Wei will transfer the payment by Friday."}))
	h.watch()
	h.wantAsked("tom", "ours Jana Köhler: I will send her the drawing by Wednesday. (2026-11-25 22:59)",
		"theirs 李伟: Li Wei will transfer the payment by Friday. (2026-11-27 22:59)")
}
