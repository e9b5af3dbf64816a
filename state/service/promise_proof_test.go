package service

import (
	"fmt"
	"testing"
	"time"

	"github.com/keptcrm/kept/state"
)

// quoted has Wei promise Jana a quote on 16 November, and answers that it is one.
func (h *house) quoted(words string) string {
	h.t.Helper()
	h.mails(letter{id: "p1", from: weiMail, to: janaBox, subject: "Quote 2231", day: 16, sent: true, thread: "t1", text: words})
	h.watch()
	out := must[AnswerOut](h)(h.s.Answer(as("wei"), AnswerIn{Number: h.firstQuestion("wei"), Answer: "yes"}))
	return out.Promise.Number
}

func (h *house) promise(number string) Promise {
	h.t.Helper()
	return must[PromiseOut](h)(h.s.PromiseShow(as("wei"), PromiseShowIn{Promise: number})).Promise
}

func (h *house) setDay(day int) { h.now = time.Date(2026, 11, day, 15, 0, 0, 0, time.UTC) }

func attached(m letter, files ...string) Told {
	t := m.told()
	for _, f := range files {
		t.Version.Message.Attachments = append(t.Version.Message.Attachments, state.Attachment{Name: f, Type: "application/pdf", Size: 1000})
	}
	return t
}

const quoteWords = "I will send you the revised quote for 40 units by Thursday."

var theQuote = attached(letter{id: "e1", from: weiMail, to: janaBox, subject: "Re: Quote 2231", day: 19, sent: true, thread: "t1",
	text: "Attached is the revised quote for 40 units."}, "quote_40_units.pdf")

func TestPromiseIsKeptByMail(t *testing.T) {
	t.Parallel()
	h := office(t)
	h.setDay(17)
	p := h.quoted(quoteWords)
	h.setDay(20)
	// What somebody else sends, or Wei to somebody else, keeps nothing.
	h.mails(letter{id: "x1", from: tomMail, to: janaBox, subject: "Quote", day: 18, sent: true, text: "Attached is the revised quote for 40 units."},
		letter{id: "x2", from: weiMail, to: liweiBox, subject: "Quote", day: 18, sent: true, text: "Attached is the revised quote for 40 units."})
	h.watch()
	h.wantAsked("wei")
	h.mailRun(theQuote)
	if out := h.watch(); out.Proposed != 1 || out.Asked != 1 || out.Closed != 0 {
		t.Errorf("%+v", out)
	}
	h.wantAsked("wei", "kept? ours Jana Köhler: "+quoteWords+" (2026-11-19 15:59)")
	out := must[AnswerOut](h)(h.s.Answer(as("wei"), AnswerIn{Number: h.firstQuestion("wei"), Answer: "yes"}))
	got := h.promise(p)
	if out.Did != didKept || got.State != state.PromiseKept || !got.Done.Equal(time.Date(2026, 11, 19, 12, 0, 0, 0, time.UTC)) || got.Proof == "" {
		t.Errorf("did %s: %+v", out.Did, got)
	}
	// It was done in time, though it was said afterwards.
	if n := must[PromiseHealthOut](h)(h.s.PromiseHealth(as(""), PromiseHealthIn{})); n.Total.KeptInTime != 1 || n.Total.ByEvidence != 1 || n.By[0].Name != "Wei Zhang" {
		t.Errorf("health %+v", n)
	}
	// The mail is deleted: a person said that it is kept, so it stays.
	gone := theQuote
	gone.Version = state.Version{Gone: true}
	h.mailRun(gone)
	if out := h.watch(); out.Reopened != 0 || h.promise(p).State != state.PromiseKept {
		t.Errorf("%+v", out)
	}
}

func TestPromiseIsClosedByItself(t *testing.T) {
	t.Parallel()
	h := office(t)
	h.s.config.Promises.Close = CloseSure
	h.setDay(17)
	p := h.quoted(quoteWords)
	h.setDay(20)
	h.mailRun(theQuote)
	if out := h.watch(); out.Closed != 1 || out.Proposed != 0 {
		t.Errorf("%+v", out)
	}
	got := h.promise(p)
	if got.State != state.PromiseKept || got.ClosedBy != state.ClosedByRule || got.Evidence[len(got.Evidence)-1].Code != "kept_with_mail" {
		t.Errorf("%+v", got)
	}
	// Opened again it is not closed by the same mail, also when that is told anew.
	must[PromiseOut](h)(h.s.PromiseClose(as("wei"), PromiseCloseIn{Promise: p, State: "open"}))
	again := theQuote
	again.Version.Message = ptr(*theQuote.Version.Message)
	again.Version.Message.Subject = "Re: Quote 2231 (again)"
	h.mailRun(again)
	if out := h.watch(); out.Closed+out.Proposed != 0 || h.promise(p).State != state.PromiseOpen {
		t.Errorf("%+v", out)
	}
	// Another mail closes it; when that is deleted, it is open again, and says why.
	more := theQuote
	more.ID = "e2"
	more.Version.Message = ptr(*theQuote.Version.Message)
	more.Version.Message.MessageID = "e2"
	h.mailRun(more)
	if out := h.watch(); out.Closed != 1 {
		t.Errorf("%+v", out)
	}
	more.Version = state.Version{Gone: true}
	h.mailRun(more)
	if out := h.watch(); out.Reopened != 1 {
		t.Errorf("%+v", out)
	}
	if got := h.promise(p); got.State != state.PromiseOpen || got.Evidence[len(got.Evidence)-1].Code != "proof_gone" {
		t.Errorf("%+v", got)
	}
}

func ptr[T any](v T) *T { return &v }

func TestEvidenceBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	h := office(t)
	h.setDay(20)
	h.mailRun(letter{id: "p1", from: weiMail, to: janaBox, subject: "Quote 2231", day: 16, sent: true, thread: "t1", text: quoteWords}.told(), theQuote)
	h.watch()
	q := h.firstQuestion("wei")
	out := must[AnswerOut](h)(h.s.Answer(as("wei"), AnswerIn{Number: q, Answer: "done"}))
	if out.Did != didPromiseIs || out.Promise.State != state.PromiseKept || out.Promise.Done.Day() != 19 || out.Promise.Proof == "" {
		t.Errorf("%s %+v", out.Did, out.Promise)
	}
	_, err := h.s.Answer(as("wei"), AnswerIn{Number: q, Answer: "yes"})
	h.refused(err, state.Conflict, "question_answered")
}

func TestPromiseIsKeptByCallAndOrder(t *testing.T) {
	t.Parallel()
	h := office(t)
	h.now = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	call := must[PromiseOut](h)(h.s.PromiseAdd(as("tom"), PromiseAddIn{Ref: "jana", Text: "call her about the dome", Due: "monday"})).Promise.Number
	ship := must[PromiseOut](h)(h.s.PromiseAdd(as("tom"), PromiseAddIn{Ref: "jana", Text: "ship the telescope", Due: "monday"})).Promise.Number
	h.now = h.now.Add(3 * 24 * time.Hour)
	must[NoteOut](h)(h.s.Note(as("tom"), NoteIn{Ref: "jana", Kind: "call", Text: "12 min, dome"}))
	order := bought("shop", "77", "1", h.now.Add(-time.Hour), 4999, "EUR")
	order.Version.Order.Shipped = h.now.Add(-time.Minute)
	h.tell(order)
	h.watch()
	asked := map[string]string{}
	for _, q := range must[QuestionListOut](h)(h.s.QuestionList(as("tom"), QuestionListIn{Kind: state.QuestionPromiseDone})).Questions {
		asked[q.Promise] = q.Reasons[0].Code
	}
	if asked[call] != "kept_with_note" || asked[ship] != "kept_with_shipment" || len(asked) != 2 {
		t.Errorf("asked %v", asked)
	}
}

// Whoever has the address when the question is answered has the promise, whatever was merged and parted meanwhile.
func TestFoundPromiseOfAMergedCustomer(t *testing.T) {
	t.Parallel()
	h := office(t)
	h.setDay(20)
	h.tell(person1("book", "9", "name", "J. Köhler", "phone", "+49 170 5550001"))
	h.mails(letter{id: "p1", from: weiMail, to: janaBox, subject: "Quote", day: 19, sent: true, text: "I will send you the revised quote by Tuesday."},
		letter{id: "p2", from: weiMail, to: janaBox, subject: "Drawing", day: 19, sent: true, text: "I will send you the drawing of the dome by Tuesday."})
	h.watch()
	jana, other := h.ref("jana@sternwarte.example"), h.ref("+49 170 5550001")
	must[MergeOut](h)(h.s.Merge(as("ana"), MergeIn{A: other, B: jana}))
	first := must[AnswerOut](h)(h.s.Answer(as("wei"), AnswerIn{Number: h.firstQuestion("wei"), Answer: "yes"}))
	if first.Customer.Number != other {
		t.Errorf("promise to %+v, want %s", first.Customer, other)
	}
	must[UnmergeOut](h)(h.s.Unmerge(as("ana"), UnmergeIn{Ref: other}))
	second := must[AnswerOut](h)(h.s.Answer(as("wei"), AnswerIn{Number: h.firstQuestion("wei"), Answer: "yes"}))
	list := must[PromiseListOut](h)(h.s.PromiseList(as("wei"), PromiseListIn{Ref: jana}))
	if second.Customer.Number != jana || len(list.Promises) != 2 {
		t.Errorf("after parting %+v, %d promises", second.Customer, len(list.Promises))
	}
}

// An import that is taken back takes what is asked with it, but no answer: told again it is asked
// again only where nobody answered.
func TestUndoneImportAsksNothing(t *testing.T) {
	t.Parallel()
	h := office(t)
	h.setDay(20)
	letters := []letter{{id: "p1", from: weiMail, to: janaBox, subject: "Quote", day: 19, sent: true, text: "I will send you the revised quote by Tuesday."},
		{id: "p2", from: weiMail, to: janaBox, subject: "Drawing", day: 19, sent: true, text: "I will send you the drawing of the dome by Tuesday."}}
	run := h.mails(letters...)
	h.watch()
	must[AnswerOut](h)(h.s.Answer(as("wei"), AnswerIn{Number: h.firstQuestion("wei"), Answer: "no"}))
	must[ImportUndoOut](h)(h.s.ImportUndo(as("ana"), ImportUndoIn{Run: state.Runs.Ref(run)}))
	h.watch()
	h.wantAsked("wei")
	h.mails(letters...)
	if out := h.watch(); out.Found != 1 || out.Known != 1 {
		t.Errorf("%+v", out)
	}
	if n := len(h.asked("wei")); n != 1 {
		t.Errorf("%d asked", n)
	}
}

func TestPromiseHealthAndMoves(t *testing.T) {
	t.Parallel()
	h := office(t)
	h.now = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	add := func(who, text string) string {
		return must[PromiseOut](h)(h.s.PromiseAdd(as(who), PromiseAddIn{Ref: "jana", Text: text, Due: "2026-11-10"})).Promise.Number
	}
	inTime, agreed, alone, late, broken, open := add("wei", "one"), add("wei", "two"), add("wei", "three"), add("tom", "four"), add("tom", "five"), add("tom", "six")
	move := func(p string, agreed bool) {
		must[PromiseOut](h)(h.s.PromiseMove(as("wei"), PromiseMoveIn{Promise: p, Due: "2026-11-20", Agreed: agreed}))
	}
	end := func(p, how string) {
		must[PromiseOut](h)(h.s.PromiseClose(as("wei"), PromiseCloseIn{Promise: p, State: how}))
	}
	h.setDay(9)
	end(inTime, "kept")
	move(agreed, true)
	move(alone, false)
	h.setDay(15)
	move(open, true) // agreed, but it was late already
	end(agreed, "kept")
	end(alone, "kept")
	end(late, "kept")
	end(broken, "not_kept")
	out := must[PromiseHealthOut](h)(h.s.PromiseHealth(as(""), PromiseHealthIn{}))
	want := PromiseCount{Made: 6, KeptInTime: 2, KeptLate: 2, NotKept: 1, Open: 1, Late: 1, Moved: 3, MovedAgreed: 1}
	if out.Total != want {
		t.Errorf("%+v\nwant %+v", out.Total, want)
	}
	if len(out.By) != 2 || out.By[0].KeptLate != 1 || out.By[1].KeptInTime != 2 {
		t.Errorf("by %+v", out.By)
	}
	if !h.promise(agreed).Agreed || h.promise(alone).Agreed {
		t.Error("the agreement does not show")
	}
	if none := must[PromiseHealthOut](h)(h.s.PromiseHealth(as(""), PromiseHealthIn{Since: h.now})); none.Total.Made != 0 {
		t.Errorf("since now %+v", none)
	}
}

func TestPromisesContradict(t *testing.T) {
	t.Parallel()
	h := office(t)
	h.tell(person1("shop", "3", "name", "Max Berg", "email", "max@sternwarte.example", "company", "Sternwarte Lübeck"),
		person1("shop", "1", "name", "Jana Köhler", "email", "jana@sternwarte.example", "phone", "+49 451 901820", "company", "Sternwarte Lübeck"))
	add := func(who, ref, text string) string {
		return must[PromiseOut](h)(h.s.PromiseAdd(as(who), PromiseAddIn{Ref: ref, Text: text})).Promise.Number
	}
	a := add("wei", "jana@sternwarte.example", "SKU-7 will cost €48.50")
	b := add("tom", "max@sternwarte.example", "you'll get SKU-7 for 46,00 €")
	add("wei", "jana@sternwarte.example", "SKU-7 will cost €46.10") // the same person as the first
	add("tom", "liwei@guangzhou.example", "SKU-7 will cost €40.00") // somebody else
	all := must[PromiseConflictsOut](h)(h.s.PromiseConflicts(as(""), PromiseConflictsIn{}))
	if len(all.Conflicts) != 2 {
		t.Fatalf("%d: %+v", len(all.Conflicts), all.Conflicts)
	}
	var got []string
	for _, x := range all.Conflicts {
		got = append(got, fmt.Sprint(x.Kind, " ", x.Thing, " ", x.A.Number, " ", x.B.Number, " ", *x.PriceA))
	}
	if want := fmt.Sprint("price sku-7 ", a, " ", b, " {4850 EUR}"); got[0] != want && got[1] != want {
		t.Errorf("%v, want %s", got, want)
	}
	brief := must[BriefOut](h)(h.s.Brief(as(""), BriefIn{Ref: "jana@sternwarte.example"}))
	warned := 0
	for _, w := range brief.Watch {
		if w.Code == "two_prices" {
			warned++
		}
	}
	if warned != 2 {
		t.Errorf("the brief warns %d times: %+v", warned, brief.Watch)
	}
	must[PromiseOut](h)(h.s.PromiseClose(as("tom"), PromiseCloseIn{Promise: b, State: "withdrawn"}))
	if left := must[PromiseConflictsOut](h)(h.s.PromiseConflicts(as(""), PromiseConflictsIn{Ref: "jana@sternwarte.example"})); len(left.Conflicts) != 0 {
		t.Errorf("withdrawn it still contradicts: %+v", left.Conflicts)
	}
}
