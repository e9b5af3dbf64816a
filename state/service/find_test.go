package service

import (
	"context"
	"testing"

	"github.com/keptcrm/kept/state"
)

func TestFind(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	crowd(h)
	type hit struct{ name, why string }
	for query, want := range map[string][]hit{
		"c1":                {{"Jana Köhler", "number"}},
		"jana":              {{"Jana Köhler", "name"}, {"Jana Smith", "name"}, {"Jana Smith-Jones", "name"}},
		"jana smith":        {{"Jana Smith", "name"}, {"Jana Smith-Jones", "name"}},
		"smithjones":        {{"Jana Smith-Jones", "name"}},
		"KOHLER":            {{"Jana Köhler", "name"}},
		"jana sternwarte":   {{"Jana Köhler", "name"}},
		"伟":                 {{"李伟", "name"}},
		"#1001":             {{"李伟", "order"}},
		"1001":              {{"李伟", "order"}},
		"8000":              {{"李伟", "phone"}},
		"90 18 20":          {{"Jana Köhler", "phone"}},
		"+86-138-0013-8000": {{"李伟", "phone"}},
		"wholesale":         {{"Jana Smith-Jones", "tag"}},
		"star.gazer":        {{"Suharto", "handle"}},
		"@Star.Gazer":       {{"Suharto", "handle"}},
		"orsted":            {{"Ørsted A/S", "name"}, {"Svetlana O'Neill", "company"}},
		"jones.example":     {{"Jana Smith-Jones", "company"}},
		"js@jones":          {{"Jana Smith-Jones", "email"}},
		"ohle":              {{"Jana Köhler", "name"}},
		"الفا":              {{"محمد الفاتح", "name"}},
		"🌸":                 {{"🌸", "name"}},
		"nobody":            {},
		"%":                 {},
	} {
		out := must[FindOut](h)(h.s.Find(context.Background(), FindIn{Query: query}))
		var got []hit
		for _, x := range out.Hits {
			got = append(got, hit{x.Customer.Name, x.Why})
		}
		if len(got) != len(want) {
			t.Errorf("%q finds %v, want %v", query, got, want)
			continue
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%q finds %v, want %v", query, got, want)
				break
			}
		}
	}
	_, err := h.s.Find(context.Background(), FindIn{Query: " "})
	h.refused(err, state.Invalid, "query_missing")
}

// Among those that fit alike, the more recently active comes first.
func TestFindRecent(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.tell(person1("shop", "1", "name", "Wei Wang"), person1("shop", "2", "name", "Wei Wang"), person1("shop", "3", "name", "Wei Wang"))
	must[NoteOut](h)(h.s.Note(context.Background(), NoteIn{Ref: "c3", Text: "called"}))
	out := must[FindOut](h)(h.s.Find(context.Background(), FindIn{Query: "wang", Limit: 2}))
	if len(out.Hits) != 2 || !out.More || out.Hits[0].Customer.Number != "c3" || out.Hits[1].Customer.Number != "c1" {
		t.Errorf("got %+v", out)
	}
}

// Merged customers are one hit, found by the words of either.
func TestFindMerged(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.tell(person1("shop", "1", "name", "李伟"), person1("book", "2", "name", "Li Wei"))
	must[MergeOut](h)(h.s.Merge(context.Background(), MergeIn{A: "c1", B: "c2"}))
	for _, q := range []string{"李伟", "wei", "c2", "li wei"} {
		out := must[FindOut](h)(h.s.Find(context.Background(), FindIn{Query: q}))
		if len(out.Hits) != 1 || out.Hits[0].Customer.Number != "c1" {
			t.Errorf("%s finds %+v", q, out.Hits)
		}
	}
}
