package service

import (
	"fmt"
	"testing"
	"time"
)

// What is asked of somebody who leaves is asked of whoever answers for the customer then, else of the
// one who stands in or is over them; answered, the promise is still of whoever made it.
func TestQuestionsOfWhoLeft(t *testing.T) {
	t.Parallel()
	h := office(t)
	h.mails(letter{id: "p1", from: weiMail, to: janaBox, subject: "Quote", day: 19, sent: true, text: "I will send you the revised quote by Tuesday."},
		letter{id: "p2", from: weiMail, to: liweiBox, subject: "Samples", day: 19, sent: true, text: "I will ship the samples by Tuesday."})
	h.watch()
	if n := len(h.asked("wei")); n != 2 {
		t.Fatalf("%d asked", n)
	}
	must[CustomerOut](h)(h.s.Assign(as(""), AssignIn{Ref: "jana", Staff: "tom"}))
	must[StaffOut](h)(h.s.StaffLeave(as(""), StaffLeaveIn{Ref: "wei"}))
	h.now = h.now.AddDate(0, 0, 1)
	h.watch()
	h.wantAsked("tom", "ours Jana Köhler: I will send you the revised quote by Tuesday. (2026-11-24 15:59)")
	h.wantAsked("ana", "ours 李伟: I will ship the samples by Tuesday. (2026-11-24 15:59)") // Wei's manager
	p := must[AnswerOut](h)(h.s.Answer(as("tom"), AnswerIn{Number: h.firstQuestion("tom"), Answer: "yes"})).Promise
	if p.By != "Wei Zhang" {
		t.Errorf("promised by %s", p.By)
	}
}

// Whoever takes a promise over is asked whether it is kept, and it is kept also by what the one who
// made it sends; a third one's mail keeps nothing.
func TestEvidenceForAPromiseThatWasTakenOver(t *testing.T) {
	t.Parallel()
	h := office(t)
	h.setDay(17)
	p := h.quoted(quoteWords)
	h.setDay(20)
	h.mailRun(theQuote)
	h.watch()
	kept := "kept? ours Jana Köhler: " + quoteWords + " (2026-11-19 15:59)"
	h.wantAsked("wei", kept)
	must[PromiseOut](h)(h.s.PromiseAssign(as("wei"), PromiseAssignIn{Promise: p, Staff: "tom"}))
	h.watch()
	h.wantAsked("wei")
	h.wantAsked("tom", kept)

	// The other way round: given on first, and then sent by who made it.
	h = office(t)
	h.setDay(17)
	p = h.quoted(quoteWords)
	must[PromiseOut](h)(h.s.PromiseAssign(as("wei"), PromiseAssignIn{Promise: p, Staff: "tom"}))
	h.setDay(20)
	h.mails(letter{id: "x1", from: "Ana Lima <ana@nordlicht.example>", to: janaBox, subject: "Quote", day: 18, sent: true, text: "Attached is the revised quote for 40 units."})
	h.watch()
	h.wantAsked("tom")
	h.mailRun(theQuote)
	h.watch()
	h.wantAsked("tom", kept)
}

// How many are asked, how long they wait, and how old mail may be is what kept.yaml says; the surest are
// asked first, those with a date before those without.
func TestWhatIsAskedFirst(t *testing.T) {
	t.Parallel()
	h := office(t)
	h.s.config.Promises = PromiseConfig{Ask: 1, Lapse: 48 * time.Hour, Age: 72 * time.Hour}
	h.now = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	h.mails(letter{id: "a", from: weiMail, to: janaBox, subject: "a", day: 21, sent: true, text: "If you confirm the order, I will ship the samples on Monday."},
		letter{id: "b", from: weiMail, to: janaBox, subject: "b", day: 21, sent: true, text: "I will send you the certificate by Tuesday."},
		letter{id: "old", from: weiMail, to: janaBox, subject: "old", day: 18, sent: true, text: "I will send you the invoice by Friday."})
	if out := h.watch(); out.Found != 2 || out.Asked != 1 || out.Waiting != 1 {
		t.Errorf("%+v", out)
	}
	h.wantAsked("wei", "ours Jana Köhler: I will send you the certificate by Tuesday. (2026-11-24 15:59)")
	h.now = h.now.AddDate(0, 0, 1)
	h.watch()
	if n := len(h.asked("wei")); n != 2 {
		t.Errorf("%d asked on the second day", n)
	}
	h.now = h.now.AddDate(0, 0, 1)
	if out := h.watch(); out.Lapsed != 1 {
		t.Errorf("after two days %+v", out)
	}
	h.wantAsked("wei", "ours Jana Köhler: If you confirm the order, I will ship the samples on Monday. (2026-11-23 15:59)")
	h.s.config.Promises.Ask = -1
	h.mails(letter{id: "c", from: weiMail, to: janaBox, subject: "c", day: 23, sent: true, text: "I will send you the drawing by Friday."})
	if out := h.watch(); out.Found != 0 {
		t.Errorf("none is asked, and %+v", out)
	}
}

// A note of what was done proposes that the promise is kept, whoever wrote it; one of what is not done
// yet does not. Moved with the customer's word before it was due it is not late.
func TestPromiseIsKeptByANote(t *testing.T) {
	t.Parallel()
	h := office(t)
	h.setDay(17)
	p := h.quoted(quoteWords)
	h.setDay(18)
	must[NoteOut](h)(h.s.Note(as("tom"), NoteIn{Ref: "jana", Text: "The revised quote for 40 units is not sent yet."}))
	h.watch()
	h.wantAsked("wei")
	must[NoteOut](h)(h.s.Note(as("tom"), NoteIn{Ref: "jana", Text: "Revised quote for 40 units has been sent by courier."}))
	h.watch()
	h.wantAsked("wei", "kept? ours Jana Köhler: "+quoteWords+" (2026-11-19 15:59)")
	must[AnswerOut](h)(h.s.Answer(as("wei"), AnswerIn{Number: h.firstQuestion("wei"), Answer: "no"}))
	moved := must[PromiseOut](h)(h.s.PromiseMove(as("wei"), PromiseMoveIn{Promise: p, Due: "2026-11-27", Agreed: true})).Promise
	for day, want := range map[int]bool{21: false, 26: false, 29: true} {
		h.setDay(day)
		got := h.promise(p)
		late := must[PromiseListOut](h)(h.s.PromiseList(as(""), PromiseListIn{Late: true})).Promises
		n := must[PromiseHealthOut](h)(h.s.PromiseHealth(as(""), PromiseHealthIn{})).Total
		if got.Late != want || (len(late) == 1) != want || (n.Late == 1) != want || n.MovedAgreed != 1 || !moved.Agreed {
			t.Errorf("on %s: late %v, in the list %d, counted %+v", fmt.Sprint(day, " Nov"), got.Late, len(late), n)
		}
	}
}
