package engine

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

func TestOtherTable(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name        string
		before, now []string
		other       bool
	}{
		{"the same", []string{"id", "name", "email"}, []string{"id", "name", "email"}, false},
		{"a column more", []string{"id", "name", "email"}, []string{"id", "name", "email", "phone"}, false},
		{"a column fewer", []string{"id", "name", "email", "phone"}, []string{"id", "name"}, false},
		{"members and suppliers", []string{"id", "name", "joined", "fee"}, []string{"id", "firma", "ort", "steuernummer"}, true},
		{"nothing known of the one before", nil, []string{"id", "name"}, false},
	} {
		if got := otherTable(tc.before, tc.now); got != tc.other {
			t.Errorf("%s: otherTable = %v, want %v", tc.name, got, tc.other)
		}
	}
}

// Two tables with the same columns and other people under the same ids are two tables.
func TestPeopleOfTwoTablesAreNotMixed(t *testing.T) {
	t.Parallel()
	w := files(
		"members", "layout table\nc 1 hans@meier.example Hans\nc 2 ute@schulz.example Ute\n",
		"again", "layout table\nc 1 hans@new.example Hans\nc 2 ute@schulz.example Schulz\nc 3 wei@li.example 李伟\n",
		"married", "layout table\nc 1 other@other.example Other\nc 2 ute@schulz.example Ute\n",
		"suppliers", "layout table\nc 1 karl@anders.example Karl\nc 3 eva@neu.example Eva\n",
		"far", "layout table\n"+strings.Repeat("odd\n", 9)+"c 9 x@x.example X\nc 1 karl@anders.example Karl\n",
		"others", "layout table\nc 7 olga@ost.example Olga\n",
	)
	w.page = 4
	h := newHouse(t, w)
	take := func(file, as, code string) service.ImportOut {
		t.Helper()
		out, err := h.try(service.ImportIn{Files: []string{file}, As: as})
		h.wantCode(err, code)
		return out
	}
	take("members", "", "")
	before := h.believed()
	for _, file := range []string{"suppliers", "far"} {
		if out := take(file, "", "connection_table"); out.Total.Number != "" || len(h.runs()) != 1 {
			t.Errorf("%s: a run was made: %+v", file, h.runs())
		}
		if d := cmp.Diff(before, h.believed()); d != "" {
			t.Errorf("%s changed the state: %s", file, d)
		}
	}
	take("again", "", "")
	take("married", "", "")
	take("others", "", "")
	take("suppliers", "suppliers", "")
	take("suppliers", "table", "") // a person says that it is the same
}

func TestCompare(t *testing.T) {
	t.Parallel()
	contact := func(pairs ...string) *state.Version {
		v := &state.Version{}
		for i := 0; i < len(pairs); i += 2 {
			v.Fields = append(v.Fields, state.Field{Name: pairs[i], Values: []state.Value{{Text: pairs[i+1]}}})
		}
		return v
	}
	order := func(party string, total int64, d string) *state.Version {
		return &state.Version{Order: &state.Order{Party: party, Total: total, At: day(d)}}
	}
	for _, tc := range []struct {
		name string
		a, b *state.Version
		want comparison
	}{
		{"the same", contact("name", "Ana", "email", "a@x.example"), contact("name", "Ana", "email", "a@x.example"), agrees},
		{"a new address", contact("name", "Ana Silva", "email", "a@x.example"), contact("name", "Silva, Ana", "email", "b@x.example"), agrees},
		{"a name in one column or two", contact("name", "李 伟"), contact("family", "李", "given", "伟"), agrees},
		{"a phone in another notation", contact("phone", "0451 901820"), contact("phone", "+49451901820"), agrees},
		{"other people", contact("name", "Hans", "phone", "0451 901820"), contact("name", "Karl", "phone", "0451 777777"), contradicts},
		{"other companies of one town", contact("company", "A", "address", "Kiel"), contact("company", "B", "address", "Kiel"), agrees},
		{"other companies", contact("company", "A"), contact("company", "B"), contradicts},
		{"nothing to compare", contact("name", "Hans"), contact("email", "k@x.example"), silent},
		{"nobody before", nil, contact("name", "Hans"), silent},
		{"an order refunded", order("p", 100, "1"), order("p", 90, "1"), agrees},
		{"another shop's order", order("p", 100, "1"), order("q", 70, "3"), contradicts},
	} {
		if got := compare(tc.a, &service.Told{Version: *tc.b}); got != tc.want {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
}
