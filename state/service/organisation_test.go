package service

import (
	"slices"
	"strings"
	"testing"

	"github.com/keptcrm/kept/state"
)

// orgs gives the organisations that there are, by name, with the people that belong to each.
func orgs(w *world) map[string]string {
	out := map[string]string{}
	page, err := w.s.CustomerList(w.tick(), CustomerListIn{Kind: state.Organisation})
	w.must(err)
	for _, o := range page.Customers {
		who, err := w.s.Who(w.tick(), WhoIn{Ref: o.Number})
		w.must(err)
		var people []string
		for _, m := range who.People {
			people = append(people, m.Customer.Name)
		}
		slices.Sort(people)
		out[o.Name] = strings.Join(people, ", ")
	}
	return out
}

// Organisations come from company fields, under the spelling that most use, and go with the last
// who names them; a company that is a customer itself is the same organisation.
func TestOrganisationsFromCompanies(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t)
	jana := contact{conn: "shop", id: "1", email: "jana@x.example", given: "Jana", family: "Köhler", company: "Sternwarte Lübeck e.V."}
	omar := contact{conn: "shop", id: "2", email: "omar@y.example", given: "عمر", family: "سعيد", company: "STERNWARTE LÜBECK"}
	wei := contact{conn: "book", id: "1", email: "wei@z.example", given: "伟", family: "李", company: "Sternwarte Lübeck e.V."}
	w.tell("shop", jana, omar)
	w.tell("book", wei, contact{conn: "book", id: "2", email: "info@sternwarte.example", company: "Sternwarte Lübeck"})
	got := orgs(w)
	if len(got) != 1 || got["Sternwarte Lübeck"] == "" && got["Sternwarte Lübeck e.V."] == "" {
		t.Fatalf("organisations %q", got)
	}
	for name, people := range got {
		for _, p := range []string{"Jana Köhler", "李伟"} {
			if !strings.Contains(people, p) {
				t.Errorf("%s has %q, and not %s", name, people, p)
			}
		}
	}
	for _, c := range []*contact{&jana, &omar} {
		c.company = ""
	}
	wei.company = "n/a"
	w.tell("shop", jana, omar)
	w.tell("book", wei, contact{conn: "book", id: "2", email: "info@sternwarte.example", given: "Bo", family: "Berg"})
	if got := orgs(w); len(got) != 0 {
		t.Errorf("nobody names an organisation any more, and there is %q", got)
	}
}

// A name that says too little is asked about once two people give it, and holds as answered.
func TestDoubtfulOrganisation(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]int{"yes": 1, "no": 0} {
		w := newWorld(t, t)
		ana := contact{conn: "shop", id: "1", email: "ana@x.example", given: "Ana", family: "Lima", company: "Museum"}
		w.tell("shop", ana)
		questions := func() []Question {
			out, err := w.s.QuestionList(w.tick(), QuestionListIn{Kind: state.QuestionOrganisation})
			w.must(err)
			return out.Questions
		}
		if q := questions(); len(q) != 0 || len(orgs(w)) != 0 {
			t.Fatalf("one person's word raises %d questions", len(q))
		}
		w.tell("shop", contact{conn: "shop", id: "2", email: "tom@y.example", given: "Tom", family: "Ford", company: "museum"})
		q := questions()
		if len(q) != 1 || len(orgs(w)) != 0 {
			t.Fatalf("%d questions, organisations %v", len(q), orgs(w))
		}
		_, err := w.s.Answer(w.tick(), AnswerIn{Number: q[0].Number, Answer: answer, Text: "Museum Kiel"})
		w.must(err)
		w.tell("shop", contact{conn: "shop", id: "3", email: "li@z.example", given: "Li", family: "Na", company: "Museum"})
		got := orgs(w)
		if len(got) != want || want == 1 && !strings.Contains(got["Museum Kiel"], "Li Na") || len(questions()) != 0 {
			t.Errorf("answered %s: organisations %q, %d questions", answer, got, len(questions()))
		}
	}
}
