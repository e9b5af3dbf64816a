package reconcile

import (
	"strings"
	"testing"

	"github.com/keptcrm/kept/state"
)

func TestSameByMeaning(t *testing.T) {
	t.Parallel()
	matrix := []Field{{Name: "email"}, {Name: "phone"}, {Name: "address"}, {Name: "company", Many: 1, Long: 10}, {Name: "given", Many: 1}}
	home := func(country string) state.Value {
		return state.Value{Parts: map[string]string{"street": "Am Markt 1", "city": "Lübeck", "postcode": "23552", "country": country}}
	}
	text := func(s string) state.Value { return state.Value{Text: s} }
	for _, c := range []struct {
		field string
		a, b  state.Value
		same  bool
	}{
		{"address", home("DE"), home("Germany"), true}, {"address", home("Deutschland"), home("de"), true}, {"address", home("DE"), home("AT"), false},
		{"phone", text("0451 901820"), text("+49 451 901820"), true}, {"phone", text("+86 138 0013 8000"), text("+8613800138000"), true},
		{"phone", text("+49 451 901820"), text("+49 451 901821"), false},
		{"email", text("Jana@Example.com"), text("jana@example.com"), true}, {"company", text("Sternwarte Lübeck"), text("Sternwarte"), true},
		{"given", text("Zoe\u0301"), text("Zoé"), true}, {"given", text("Jana"), text("Janna"), false}, {"note", text("x"), text("x"), false},
	} {
		if got := Same(c.field, []state.Value{c.a}, []state.Value{c.b}, matrix, Rules{Region: "DE", Country: func(s string) string {
			if strings.EqualFold(s, "de") || s == "Germany" || s == "Deutschland" {
				return "DE"
			}
			return s
		}}); got != c.same {
			t.Errorf("%s: %v and %v: same is %v", c.field, c.a, c.b, got)
		}
	}
}
