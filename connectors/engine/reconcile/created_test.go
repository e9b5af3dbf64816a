package reconcile

import (
	"testing"

	"github.com/keptcrm/kept/state"
)

// A record that was just created is in step with what it was created of.
func TestCreatedIsInStep(t *testing.T) {
	t.Parallel()
	matrix := only("given", "family", "company/10", "phone:1", "consent")
	sent := fields(t, "given=Jana; family=Köhler; company=Sternwarte; phone=+49 171 1234567")
	refused := said("email marketing opted_out a@x.example")
	has := fields(t, "given=Jana; family=KÖHLER; company=Sternwarte; phone=+491711234567")
	sides := []Side{side(t, "book", "given=Jana; family=Köhler; company=Sternwarte Lübeck; phone=+49 171 1234567|+86 138 0013 8000",
		was("given=Jana; family=Köhler; company=Sternwarte Lübeck; phone=+49 171 1234567|+86 138 0013 8000; email="), says("email marketing opted_out a@x.example")),
		{Connection: "shop", ID: "7", Fields: has, Matrix: matrix, Writable: true, Shadow: Created(sent, refused, has, nil, matrix, rules)}}
	if out := decide(t, sides, rules); !out.Still() {
		t.Errorf("got %s", lines(sides, out))
	}
	sides[1].Fields = []state.Field{}
	want := "book company [Sternwarte Lübeck] -> [] changed, shop\nbook family [Köhler] -> [] changed, shop\nbook given [Jana] -> [] changed, shop\n" +
		"book phone [+49 171 1234567|+86 138 0013 8000] -> [+86 138 0013 8000] changed, shop"
	if got := lines(sides, decide(t, sides, rules)); got != want {
		t.Errorf("what is emptied there: got\n%s\nwant\n%s", got, want)
	}
}

// A record that was created while the others contradicted each other about a field gets the field once
// they do not, also where nobody answered or edited anything: one of them went away.
func TestCreatedWhileUndecided(t *testing.T) {
	t.Parallel()
	has := fields(t, "given=Jana; family=Köhler")
	shop := side(t, "shop", "given=Jana; family=Köhler", holding(only("given", "family", "title")))
	shop.Shadow = Created(has, nil, has, nil, shop.Matrix, rules)
	book := side(t, "book", "given=Jana; family=Köhler; title=Astronomer", was("given=Jana; family=Köhler; title=Astronomer"))
	crm := side(t, "crm", "given=Jana; family=Köhler; title=Dr", was("given=Jana; family=Köhler"))
	sides := []Side{book, crm, shop}
	out := decide(t, sides, rules)
	if got, want := lines(sides, out), "conflict title: book [Astronomer], crm [Dr]"; got != want {
		t.Fatalf("got\n%s\nwant\n%s", got, want)
	}
	for i := range sides {
		sides[i].Shadow = out.Shadows[i]
	}
	gone(t, &sides[1])
	if got, want := lines(sides, decide(t, sides, rules)), "shop title [] -> [Astronomer] filled, book"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
