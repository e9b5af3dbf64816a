package cmd

import (
	"strings"
	"testing"
)

func TestMapPairs(t *testing.T) {
	t.Parallel()
	got, err := mapPairs([]string{"name=Mitglied, Name=Nachname,birthday=geb", "Ignore= Bemerkung, lang"})
	if err != nil {
		t.Fatal(err)
	}
	want := [][2]string{{"name", "Mitglied"}, {"name", "Nachname"}, {"birthday", "geb"}, {"ignore", " Bemerkung, lang"}}
	if len(got) != len(want) {
		t.Fatalf("got %q", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("piece %d: got %q, want %q", i, got[i], want[i])
		}
	}
	for _, bad := range []string{"=x", "name=", "x", "name =  "} {
		if got, err := mapPairs([]string{bad}); err == nil {
			t.Errorf("%q was read as %q", bad, got)
		}
	}
}

// FuzzMapPairs: whatever is given, no piece of it disappears: it is in a pair, or it is complained of.
func FuzzMapPairs(f *testing.F) {
	f.Add("name=Mitglied,birthday=geb")
	f.Add("name=Doe, Jane,=,")
	f.Add("名=姓名,,ignore=a=b")
	f.Fuzz(func(t *testing.T, s string) {
		pairs, err := mapPairs([]string{s})
		if err != nil {
			return
		}
		var all strings.Builder
		for _, p := range pairs {
			if p[0] == "" || strings.TrimSpace(p[1]) == "" {
				t.Fatalf("%q: an empty half in %q", s, p)
			}
			all.WriteString(p[1])
		}
		for piece := range strings.SplitSeq(s, ",") {
			_, column, ok := strings.Cut(piece, "=")
			if !ok {
				column = piece
			}
			if strings.TrimSpace(column) != "" && !strings.Contains(all.String(), column) {
				t.Fatalf("%q: %q is in none of %q", s, column, pairs)
			}
		}
	})
}
