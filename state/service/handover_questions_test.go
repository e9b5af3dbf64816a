package service

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/bolt"
)

// With a promise goes the question whether it is kept, with a customer what they promised. What somebody
// is said to have promised themselves they are asked as long as they are there; once they have left it
// goes too, and stays theirs. Taken back, all is asked as before.
func TestHandoverTakesQuestionsAlong(t *testing.T) {
	t.Parallel()
	h := office(t)
	h.setDay(17)
	h.quoted(quoteWords)
	h.setDay(20)
	for _, ref := range []string{"jana", "liwei@guangzhou.example"} {
		must[CustomerOut](h)(h.s.Assign(as("ana"), AssignIn{Ref: ref, Staff: "wei"}))
	}
	h.mailRun(theQuote, letter{id: "m2", from: liweiBox, to: weiMail, subject: "合同", day: 19, text: "张先生您好，\n我们下周三前把合同签好寄给您。"}.told(),
		letter{id: "m3", from: weiMail, to: janaBox, subject: "Drawing", day: 19, sent: true, text: "I will send you the drawing of the dome by Tuesday."}.told())
	h.watch()
	kept, theirs, said := "kept? ours Jana Köhler: "+quoteWords+" (2026-11-19 15:59)", "theirs 李伟: 我们下周三前把合同签好寄给您。 (2026-11-25 15:59)",
		"ours Jana Köhler: I will send you the drawing of the dome by Tuesday. (2026-11-24 15:59)"
	h.wantAsked("wei", kept, said, theirs)
	dry := must[HandoverOut](h)(h.s.Handover(as("ana"), HandoverIn{From: "wei", To: "tom", Dry: true})).Handover
	g1 := must[HandoverOut](h)(h.s.Handover(as("ana"), HandoverIn{From: "wei", To: "tom"})).Handover
	if dry.Asked != 2 || dry.Questions != 1 || g1.Asked != 2 || g1.Questions != 1 {
		t.Errorf("foretold %d and %d, done %d and %d", dry.Asked, dry.Questions, g1.Asked, g1.Questions)
	}
	h.wantAsked("wei", said)
	h.wantAsked("tom", kept, theirs)
	h.watch()
	h.wantAsked("wei", said)
	h.wantAsked("tom", kept, theirs)
	must[HandoverOut](h)(h.s.HandoverUndo(as("ana"), HandoverUndoIn{Number: g1.Number}))
	h.wantAsked("wei", kept, said, theirs)
	h.wantAsked("tom")

	must[StaffOut](h)(h.s.StaffLeave(as(""), StaffLeaveIn{Ref: "wei"}))
	if g2 := must[HandoverOut](h)(h.s.Handover(as("ana"), HandoverIn{From: "wei", To: "tom"})).Handover; g2.Asked != 3 || g2.Questions != 0 {
		t.Errorf("of who has left %d go, %d stay", g2.Asked, g2.Questions)
	}
	h.wantAsked("tom", kept, said, theirs)
	for _, q := range must[QuestionListOut](h)(h.s.QuestionList(as("tom"), QuestionListIn{Kind: state.QuestionPromise, Limit: -1})).Questions {
		if q.Direction != state.Ours {
			continue
		}
		if p := must[AnswerOut](h)(h.s.Answer(as("tom"), AnswerIn{Number: q.Number, Answer: "yes"})).Promise; p.By != "Wei Zhang" {
			t.Errorf("promised by %s", p.By)
		}
	}
	if out := must[CheckOut](h)(h.s.Check(context.Background(), CheckIn{})); len(out.Damages) != 0 {
		t.Errorf("check: %+v", out.Damages)
	}
}

// BenchmarkHandover measures a handover of many customers, each with a promise, and its undoing;
// KEPT_BENCH_CUSTOMERS says how many.
func BenchmarkHandover(b *testing.B) {
	n, _ := strconv.Atoi(os.Getenv("KEPT_BENCH_CUSTOMERS"))
	if n == 0 {
		n = 1000
	}
	store, err := bolt.Open(b.TempDir()+"/kept.db", bolt.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	s := New(store, nil, Config{Region: "DE", Zone: "Europe/Berlin"}, func() time.Time { return now })
	ctx := context.Background()
	no := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	for _, name := range []string{"tom", "wei"} {
		_, err := s.StaffAdd(ctx, StaffAddIn{Name: name, Login: name, Role: "rep"})
		no(err)
	}
	no(s.Do(ctx, "bench", nil, func(w *state.Writer) error {
		var told []Told
		for i := range n {
			told = append(told, person1("shop", strconv.Itoa(i), "name", fmt.Sprintf("Customer %d", i), "email", fmt.Sprintf("c%d@x.example", i)))
		}
		_, err := s.Tell(w, &state.Run{Number: 1, Connection: "shop", State: state.RunDone}, told)
		return err
	}))
	for i := range n {
		ref := fmt.Sprintf("c%d", i+1)
		_, err := s.Assign(as("tom"), AssignIn{Ref: ref, Staff: "tom"})
		no(err)
		_, err = s.PromiseAdd(as("tom"), PromiseAddIn{Ref: ref, Text: "send the quote", Due: "2026-12-01"})
		no(err)
	}
	for b.Loop() {
		began := time.Now()
		_, err := s.Handover(as("tom"), HandoverIn{From: "tom", To: "wei", Dry: true})
		no(err)
		dry := time.Since(began)
		out, err := s.Handover(as("tom"), HandoverIn{From: "tom", To: "wei"})
		no(err)
		done := time.Since(began) - dry
		_, err = s.HandoverUndo(as("tom"), HandoverUndoIn{Number: out.Handover.Number})
		no(err)
		if out.Handover.Owned != n || out.Handover.Promises != n {
			b.Fatalf("%d customers, %d promises", out.Handover.Owned, out.Handover.Promises)
		}
		b.ReportMetric(float64(dry.Milliseconds()), "dry-ms")
		b.ReportMetric(float64(done.Milliseconds()), "done-ms")
		b.ReportMetric(float64((time.Since(began) - dry - done).Milliseconds()), "undo-ms")
		b.ReportMetric(float64(n), "customers")
	}
}
