package service

import (
	"context"
	"strings"
	"testing"

	"github.com/keptcrm/kept/state"
)

// crowd tells the customers that the tests of references and of find share.
func crowd(h *house) {
	h.tell(
		person1("shop", "1", "email", "jana.koehler@sternwarte.example", "family", "Köhler", "given", "Jana", "phone", "+49 451 901820", "company", "Sternwarte Lübeck e.V."),
		person1("shop", "2", "email", "jana@other.example", "name", "Jana Smith"),
		person1("shop", "3", "email", "wei@cn.example", "name", "李伟", "phone", "+86 138 0013 8000"),
		person1("shop", "4", "name", "محمد الفاتح", "email", "mf@ar.example"),
		person1("shop", "5", "name", "🌸", "email", "bloom@example.org"),
		person1("shop", "6", "name", "Suharto", "handle:instagram", "star.gazer", "email", "su@id.example"),
		person1("shop", "7", "name", "Jana Smith-Jones", "email", "js@jones.example", "tag", "Wholesale"),
		person1("shop", "8", "name", "Svetlana O'Neill", "email", "sv@neill.example", "company", "Ørsted A/S"),
		bought("shop", "1001", "3", day0("2026-10-01"), 12000, "EUR"),
	)
}

func TestReferences(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	crowd(h)
	jana := h.ref("jana.koehler@sternwarte.example")
	for ref, want := range map[string]string{
		jana:                               jana,
		strings.ToUpper(jana):              jana,
		" Jana.Koehler@Sternwarte.example": jana,
		"Jana Köhler <jana.koehler@sternwarte.example>": jana,
		"+49 (451) 90-18 20":                            jana,
		"0451 901820":                                   jana,
		"0049451901820":                                 jana,
		"jana kohler":                                   jana,
		"Koehler":                                       jana,
		"köhler jana":                                   jana,
		"KÖHLER, Jana":                                  jana,
		"李伟":                                            h.ref("wei@cn.example"),
		"13800138000":                                   h.ref("wei@cn.example"),
		"الفاتح":                                        h.ref("mf@ar.example"),
		"🌸":                                             h.ref("bloom@example.org"),
		"suharto":                                       h.ref("su@id.example"),
		"@star.gazer":                                   h.ref("su@id.example"),
		"Jana Smith":                                    h.ref("jana@other.example"), // exactly, beside Jana Smith-Jones
		"oneill":                                        h.ref("sv@neill.example"),
		"vetlan":                                        h.ref("sv@neill.example"), // inside a word, as nothing begins so
		"Sternwarte Lübeck":                             h.ref("sternwarte lubeck e.v."),
	} {
		number, _, err := h.resolve(ref)
		if err != nil || number != want {
			t.Errorf("%q is %s (%v), want %s", ref, number, err, want)
		}
	}

	_, _, err := h.resolve("jana")
	args := h.refused(err, state.Ambiguous, "several_customers")
	if n := strings.Count(args["hits"], "\n") + 1; n != 3 || args["more"] != "0" {
		t.Errorf("jana lists %d and %s more:\n%s", n, args["more"], args["hits"])
	}
	if !strings.Contains(args["hits"], jana+"\tJana Köhler\tSternwarte Lübeck e.V., jana.koehler@sternwarte.example") {
		t.Errorf("hits do not tell them apart:\n%s", args["hits"])
	}

	_, _, err = h.resolve("jna kölher")
	if args := h.refused(err, state.NotFound, "no_customer"); !strings.HasPrefix(args["near"], jana+"\t") {
		t.Errorf("near: %q", args["near"])
	}
	for _, ref := range []string{"c999", "nobody@example.org", "+49 30 1234567", "@nobody", "zzzz", "!!", "c0", "\x00"} {
		_, _, err = h.resolve(ref)
		h.refused(err, state.NotFound, "no_customer")
	}
	_, _, err = h.resolve("  ")
	h.refused(err, state.Invalid, "customer_missing")
}

func TestReferenceByID(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.ok(h.store.Update(context.Background(), func(tx state.Tx) error { return tx.PutBlob(state.BlobNonce, []byte("k7f2")) }))
	h.tell(person1("shop", "1", "name", "Jana"))
	c := must[CustomerShowOut](h)(h.s.CustomerShow(context.Background(), CustomerShowIn{Ref: "k7f2-c1"})).Customer
	if c.ID != "k7f2-c1" || c.Number != "c1" {
		t.Fatalf("got %s %s", c.ID, c.Number)
	}
	_, _, err := h.resolve("other-c1")
	h.refused(err, state.NotFound, "no_customer")
}

// A number that was typed names the half that is meant; its survivor answers.
func TestReferenceToHalf(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.tell(person1("shop", "1", "name", "Jon Smith"), person1("book", "2", "name", "Jon Smyth"))
	must[MergeOut](h)(h.s.Merge(context.Background(), MergeIn{A: "c1", B: "c2"}))
	for ref, base := range map[string]string{"c1": "c1", "c2": "c2", "jon": "c1"} {
		n, b, err := h.resolve(ref)
		if err != nil || n != "c1" || b != base {
			t.Errorf("%s is %s, base %s (%v), want c1 and %s", ref, n, b, err, base)
		}
	}
}

func TestAmbiguousIsBounded(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var told []Told
	for i := range 30 {
		told = append(told, person1("shop", string(rune('a'+i)), "name", "Wei Wang"))
	}
	h.tell(told...)
	_, _, err := h.resolve("wei wang")
	args := h.refused(err, state.Ambiguous, "several_customers")
	if n := strings.Count(args["hits"], "\n") + 1; n != 9 || args["more"] != "21" {
		t.Errorf("%d listed, %s more", n, args["more"])
	}
}

func TestStaffReferences(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.people()
	find := func(ref string) (name string, err error) {
		err = h.store.View(context.Background(), func(tx state.Tx) error {
			m, err := h.s.staff(tx, ref)
			if m != nil {
				name = m.Name
			}
			return err
		})
		return name, err
	}
	for ref, want := range map[string]string{"s1": "Ana Lima", "ana": "Ana Lima", "@wei": "Wei Zhang", "ana@NORDLICHT.example": "Ana Lima",
		"zhang": "Wei Zhang", "lima ana": "Ana Lima", "to": "Tom Ford"} {
		if got, err := find(ref); err != nil || got != want {
			t.Errorf("%s is %q (%v), want %s", ref, got, err, want)
		}
	}
	must[StaffOut](h)(h.s.StaffAdd(context.Background(), StaffAddIn{Name: "Ana Silva"}))
	_, err := find("an")
	if args := h.refused(err, state.Ambiguous, "several_staff"); !strings.Contains(args["hits"], "s1\tAna Lima\tana") {
		t.Errorf("hits %q", args["hits"])
	}
	for _, ref := range []string{"s99", "bob", "bob@example.org", "…"} {
		_, err := find(ref)
		h.refused(err, state.NotFound, "no_staff")
	}
	// Somebody who left makes no name doubtful.
	must[StaffOut](h)(h.s.StaffLeave(context.Background(), StaffLeaveIn{Ref: "s4"}))
	if got, err := find("an"); err != nil || got != "Ana Lima" {
		t.Errorf("an is %q (%v)", got, err)
	}
	if got, err := find("silva"); err != nil || got != "Ana Silva" {
		t.Errorf("silva is %q (%v)", got, err)
	}
}
