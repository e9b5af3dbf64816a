package service

import (
	"context"
	"testing"

	"github.com/keptcrm/kept/state"
)

// checkLinks gives what a check of all links finds.
func (w *world) checkLinks() CheckLinksOut {
	out, err := w.s.CheckLinks(context.Background(), CheckLinksIn{})
	w.must(err)
	return out
}

// A link that is not what records and words make it is found, whichever way it is wrong.
func TestCheckFindsWrongLinks(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		wrong func(l *state.Link) // of the second record, which is c1's by name, birthday and town
		want  string
	}{
		{"linked to a stranger", func(l *state.Link) { l.Base = 3 }, "k2 is c3 should be c1"},
		{"parted without a word", func(l *state.Link) { l.Base = 9 }, "k2 is c9 should be c1"},
		{"right", func(l *state.Link) {}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, t)
			w.tellPages([]someone{{conn: "shop", id: "a", given: "Jana", family: "Okonkwo", birthday: "1980-03-12", city: "Lübeck"},
				{conn: "book", id: "b", given: "Jana", family: "Okonkwo", birthday: "1980-03-12", city: "Lübeck"},
				{conn: "book", id: "c", given: "伟", family: "李", email: "li@x.example"},
				{conn: "shop", id: "d", given: "Peter", family: "Lindqvist"}}, 9)
			if out := w.checkLinks(); out.Records != 4 || out.Customers != 3 || len(out.Differences) != 0 {
				t.Fatalf("before: %+v", out)
			}
			w.must(w.s.Do(w.tick(), "test", nil, func(wr *state.Writer) error {
				l, err := state.Links.Number(wr.Tx(), 2)
				if err != nil {
					return err
				}
				tc.wrong(l)
				return state.Links.Put(wr, l)
			}))
			got := ""
			for _, d := range w.checkLinks().Differences {
				got += d.Record.Number + " is " + d.Is.Number + " should be " + d.Should.Number
				if len(d.Why) == 0 {
					t.Error("a difference without a reason")
				}
			}
			if got != tc.want {
				t.Errorf("found %q, want %q", got, tc.want)
			}
		})
	}
}
