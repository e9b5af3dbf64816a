package service

import (
	"slices"
	"testing"
	"time"

	"github.com/keptcrm/kept/state"
)

// A "please stop" in what a customer writes stops advertising and sales with the message that says
// so, asks a person, and says so in its words.
func TestStopIsHeardAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.people()
	h.tell(agreed("1", "jana@example.org", "Jana Köhler", "phone", "+49 451 901820"))
	h.answers(h.may("jana", "email", "marketing"), "yes")
	h.mails(letter{id: "s1", from: "Jana <jana@example.org>", to: "ana@nordlicht.example", subject: "Re: Brochure",
		text: "Thanks for the telescope. Please stop sending me these emails.", day: 21})
	h.answers(h.may("jana", "email", "marketing"), "no", "gate_opted_out")
	h.answers(h.may("jana", "email", "sales"), "no", "gate_opted_out")
	h.answers(h.may("jana", "email", "reply"), "yes")
	h.answers(h.may("jana", "phone", "sales"), "ask", "gate_silence_ask", "gate_hours") // a Saturday
	why := h.may("jana", "email", "marketing").Reasons[0].Args
	if why["words"] != "Please stop sending me these emails." || why["source"] != "mail" {
		t.Errorf("why %v", why)
	}
	// An import that says "granted" changes nothing.
	h.now = h.now.Add(time.Hour)
	h.tell(saying(person1("shop", "1", "email", "jana@example.org", "name", "Jana Köhler"), "email", "granted", "jana@example.org", h.now))
	h.answers(h.may("jana@example.org", "email", "marketing"), "no", "gate_opted_out")

	q := h.stopQuestion()
	out := must[AnswerOut](h)(h.s.Answer(as("ana"), AnswerIn{Number: q.Number, Answer: "yes"}))
	if out.Did != didStop || out.Customer.Number != "c1" {
		t.Errorf("did %+v", out)
	}
	h.answers(h.may("jana@example.org", "email", "marketing"), "no", "gate_opted_out")
	// Once more they say so: it was said and answered; another message asks again.
	h.mails(letter{id: "s1", from: "Jana <jana@example.org>", to: "ana@nordlicht.example", subject: "Re: Brochure",
		text: "Thanks for the telescope. Please stop sending me these emails.", day: 21})
	if list := h.stopQuestions(); len(list) != 0 {
		t.Errorf("asked again: %+v", list)
	}
}

func (h *house) stopQuestions() []Question {
	h.t.Helper()
	return must[QuestionListOut](h)(h.s.QuestionList(as("ana"), QuestionListIn{Kind: state.QuestionStop})).Questions
}

func (h *house) stopQuestion() Question {
	h.t.Helper()
	list := h.stopQuestions()
	if len(list) != 1 || !slices.Equal(list[0].Options, []string{"yes", "all", "no"}) {
		h.t.Fatalf("questions %+v", list)
	}
	return list[0]
}

// "No" takes it back by a person's word, "all" makes it wider, a hard word is by every channel.
func TestStopAnswers(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.people()
	h.tell(agreed("1", "jana@example.org", "Jana", "phone", "+49 451 901820"), person1("shop", "2", "email", "li@example.cn", "name", "李伟", "phone", "+86 138 0013 8000"))
	h.mails(letter{id: "s1", from: "jana@example.org", to: "ana@nordlicht.example", subject: "unsubscribe", text: "", day: 20})
	h.answers(h.may("jana", "email", "marketing"), "no", "gate_opted_out")
	if out := must[AnswerOut](h)(h.s.Answer(as("ana"), AnswerIn{Number: h.stopQuestion().Number, Answer: "no", Text: "she meant the parcel"})); out.Did != didNoStop {
		t.Errorf("did %+v", out)
	}
	h.answers(h.may("jana", "email", "marketing"), "yes")
	logged := must[AuditOut](h)(h.s.Audit(as("ana"), AuditIn{By: "ana", Changes: true}))
	if len(logged.Entries) == 0 || logged.Entries[0].What != "question.answer" || logged.Entries[0].Args["reason"] != "she meant the parcel" {
		t.Errorf("the log %+v", logged.Entries)
	}

	h.now = h.now.Add(time.Hour)
	h.mails(letter{id: "s2", from: "李伟 <li@example.cn>", to: "ana@nordlicht.example", subject: "Re: 目录", text: "别再联系我了。", day: 21})
	for _, channel := range []string{"email", "phone", "sms", "post"} {
		out := h.may("li@example.cn", channel, "marketing")
		if out.Outcome != "no" || out.Reasons[0].Code != "gate_opted_out" {
			t.Errorf("%s: %s %v", channel, out.Outcome, out.Reasons)
		}
	}
	h.answers(h.may("li@example.cn", "email", "service"), "yes")
	must[AnswerOut](h)(h.s.Answer(as("ana"), AnswerIn{Number: h.stopQuestion().Number, Answer: "all"}))
	h.answers(h.may("li@example.cn", "email", "service"), "no", "gate_opted_out")
}

// What only looks like it, what others wrote, what a list or a bounce says, and what we wrote stop
// nothing.
func TestStopIsNotFooled(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.people()
	h.tell(agreed("1", "jana@example.org", "Jana"))
	h.mails(letter{id: "a", from: "jana@example.org", to: "ana@nordlicht.example", subject: "Hello", text: "Please don't stop, I love your newsletter!", day: 18},
		letter{id: "b", from: "jana@example.org", to: "ana@nordlicht.example", subject: "Fwd: offer", text: "Look:\n\n---------- Forwarded message ---------\nPlease unsubscribe me", day: 18},
		letter{id: "c", from: "ana@nordlicht.example", to: "jana@example.org", subject: "Hi", text: "Please stop calling me.", day: 19, sent: true},
		letter{id: "d", from: "jana@example.org", to: "ana@nordlicht.example", subject: "unsubscribe", text: "unsubscribe", day: 19, automatic: "bounce"},
		letter{id: "e", from: "jana@example.org", to: "ana@nordlicht.example", subject: "News", text: "Please stop sending me mails.", day: 19, list: "news.example"})
	h.answers(h.may("jana", "email", "marketing"), "yes")
	if list := h.stopQuestions(); len(list) != 0 {
		t.Errorf("asked %+v", list)
	}
}

// A message from long ago stops as well, and is not asked about; taking its import back takes its word
// and its question along.
func TestStopOfOldAndUndone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.people()
	h.tell(agreed("1", "jana@example.org", "Jana"), agreed("2", "tom@example.org", "Tom"))
	h.mails(letter{id: "old", from: "tom@example.org", to: "ana@nordlicht.example", subject: "x", text: "Please take me off your mailing list.", day: -60})
	h.answers(h.may("tom@example.org", "email", "marketing"), "no", "gate_opted_out")
	if list := h.stopQuestions(); len(list) != 0 {
		t.Errorf("asked about old mail %+v", list)
	}
	h.mails(letter{id: "new", from: "jana@example.org", to: "ana@nordlicht.example", subject: "x", text: "Stop", day: 21})
	h.stopQuestion()
	runs := must[RunListOut](h)(h.s.RunList(as("ana"), RunListIn{}))
	must[ImportUndoOut](h)(h.s.ImportUndo(as("ana"), ImportUndoIn{Run: runs.Runs[0].Number}))
	h.answers(h.may("jana@example.org", "email", "marketing"), "yes")
	if list := h.stopQuestions(); len(list) != 0 {
		t.Errorf("after undo %+v", list)
	}
}
