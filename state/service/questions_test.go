package service

import (
	"context"
	"strings"
	"testing"

	"github.com/keptcrm/kept/state"
)

func (h *house) questions(in QuestionListIn) QuestionListOut {
	h.t.Helper()
	return must[QuestionListOut](h)(h.s.QuestionList(context.Background(), in))
}

func TestAnswerMatch(t *testing.T) {
	t.Parallel()
	for answer, did := range map[string]string{"yes": "merged", "No": "kept_apart"} {
		t.Run(answer, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.people()
			h.tell(person1("shop", "1", "name", "Jon Smith", "email", "jon@a.example", "address", "Kiel"), person1("book", "2", "name", "Jon Smith", "address", "Kiel"))
			q := h.questions(QuestionListIn{})
			if q.Total != 1 || q.Questions[0].Kind != "match" || q.Questions[0].A.Number != "c1" || q.Questions[0].B.Number != "c2" ||
				!strings.Contains(q.Questions[0].SeenA, "jon@a.example, shop") || !strings.HasSuffix(q.Questions[0].SeenB, "book") {
				t.Fatalf("got %+v", q)
			}
			out := must[AnswerOut](h)(h.s.Answer(as("ana"), AnswerIn{Number: q.Questions[0].Number, Answer: answer}))
			if out.Did != did || out.Customer.Number != "c1" || out.Left != 0 || out.Question.State != "answered" || out.Question.B.Number != "c2" {
				t.Errorf("got %+v", out)
			}
			if one := h.ref("c2") == "c1"; one != (did == "merged") {
				t.Errorf("one: %v", one)
			}
			_, err := h.s.Answer(as("ana"), AnswerIn{Number: q.Questions[0].Number, Answer: "yes"})
			if args := h.refused(err, state.Conflict, "question_answered"); args["by"] != "Ana Lima" {
				t.Errorf("args %v", args)
			}
			if q := h.questions(QuestionListIn{Number: q.Questions[0].Number}); len(q.Questions) != 1 || q.Questions[0].Answer == "" {
				t.Errorf("one question: %+v", q)
			}
		})
	}
}

func (h *house) aside(where string) string {
	h.t.Helper()
	var q string
	h.ok(h.s.Do(context.Background(), "import.page", nil, func(w *state.Writer) error {
		run, err := state.Runs.Number(w.Tx(), 1)
		if err != nil {
			return err
		}
		q, err = h.s.SetAside(w, run, Aside{Where: where, Field: "email", Reason: "bad", Raw: "9,Bo,bo@@example", Header: "id,name,email"})
		return err
	}))
	return q
}

func TestAnswerRow(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.tell(person1("shop", "1", "name", "Jana"))
	one, two := h.aside("shop.csv:7"), h.aside("shop.csv:8")
	for _, from := range []string{"shop", "shop.csv", "/elsewhere/shop.csv", "r1"} {
		if n := h.questions(QuestionListIn{From: from}).Total; n != 2 {
			t.Errorf("%d from %s", n, from)
		}
	}
	if q := h.questions(QuestionListIn{Kind: "row", Limit: 1}); q.Total != 2 || len(q.Questions) != 1 || q.Questions[0].Header != "id,name,email" || q.Questions[0].Raw == "" {
		t.Errorf("got %+v", q)
	}
	if n := h.questions(QuestionListIn{From: "other"}).Total + h.questions(QuestionListIn{Ref: "jana"}).Total; n != 0 {
		t.Errorf("%d from elsewhere", n)
	}
	_, err := h.s.Answer(context.Background(), AnswerIn{Number: one, Answer: "fix"})
	h.refused(err, state.Invalid, "row_missing")
	_, err = h.s.Answer(context.Background(), AnswerIn{Number: one, Answer: "fix", Text: "still bad"})
	h.refused(err, state.Invalid, "row_unreadable")
	out := must[AnswerOut](h)(h.s.Answer(context.Background(), AnswerIn{Number: one, Answer: "fix", Text: "shop,9,Bo,bo@example.org"}))
	if out.Did != "read" || out.Customer.Name != "Bo" || out.Left != 1 {
		t.Errorf("got %+v", out)
	}
	if out := must[AnswerOut](h)(h.s.Answer(context.Background(), AnswerIn{Number: two, Answer: "drop"})); out.Did != "dropped" || out.Left != 0 {
		t.Errorf("got %+v", out)
	}
	_, err = h.s.Answer(context.Background(), AnswerIn{Number: "q99", Answer: "yes"})
	h.refused(err, state.NotFound, "no_such_question")
}

func TestAnswerOrganisation(t *testing.T) {
	t.Parallel()
	for answer, did := range map[string]string{"yes": "organisation", "no": "no_organisation"} {
		t.Run(answer, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.tell(person1("shop", "1", "name", "Ana A", "email", "a@kiel-astro.example"), person1("shop", "2", "name", "Bo B", "email", "b@kiel-astro.example"))
			// One person with two records, and one more, are not yet an organisation.
			h.tell(person1("book", "1", "name", "A. A", "email", "a@kiel-astro.example"))
			if q := h.questions(QuestionListIn{Kind: "organisation"}); q.Total != 0 {
				t.Fatalf("two people are asked about: %+v", q)
			}
			h.tell(person1("shop", "3", "name", "Cy C", "email", "c@kiel-astro.example"))
			q := h.questions(QuestionListIn{Kind: "organisation"})
			if q.Total != 1 || q.Questions[0].Raw != "kiel-astro.example" {
				t.Fatalf("got %+v", q)
			}
			_, err := h.s.Answer(context.Background(), AnswerIn{Number: q.Questions[0].Number, Answer: "perhaps"})
			h.refused(err, state.Invalid, "unknown_answer")
			out := must[AnswerOut](h)(h.s.Answer(context.Background(), AnswerIn{Number: q.Questions[0].Number, Answer: answer, Text: "Kiel Astro Club"}))
			if out.Did != did || out.Left != 0 || (out.Customer.Name == "Kiel Astro Club") != (answer == "yes") {
				t.Errorf("got %+v", out)
			}
			people := len(must[WhoOut](h)(h.s.Who(context.Background(), WhoIn{Ref: "ana"})).Relations)
			if (people == 1) != (answer == "yes") {
				t.Errorf("%d relations", people)
			}
		})
	}
}
