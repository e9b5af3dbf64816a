package match_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/keptcrm/kept/state"
	ident "github.com/keptcrm/kept/state/identity"
	"github.com/keptcrm/kept/state/identity/match"
)

// contactOf makes a described record of fields; those of an address begin with "@".
func contactOf(key uint64, fields ...string) *state.Record {
	var v state.Version
	parts := map[string]string{}
	for i := 0; i < len(fields); i += 2 {
		switch name, text := fields[i], fields[i+1]; {
		case text == "":
		case name[0] == '@':
			parts[name[1:]] = text
		default:
			v.Fields = append(v.Fields, state.Field{Name: name, Values: []state.Value{{Text: text}}})
		}
	}
	if len(parts) > 0 {
		v.Fields = append(v.Fields, state.Field{Name: "address", Values: []state.Value{{Parts: parts}}})
	}
	r := &state.Record{Key: key, Connection: fmt.Sprint("c", key), Kind: state.KindContact, ID: fmt.Sprint(key), Keyed: state.KeyedContent, Versions: []state.Version{v}}
	ident.Describe(r, "DE")
	r.Blocks = match.Blocks(r)
	return r
}

func drawContact(t *rapid.T, key uint64) *state.Record {
	pick := func(label string, list ...string) string { return rapid.SampledFrom(list).Draw(t, label) }
	return contactOf(key, "given", pick("given", "Jana", "J.", "William", "Bill", "伟", "Wei", "عمر", ""),
		"family", pick("family", "Köhler", "Koehler", "Kohlr", "李", "Li", "سعيد", ""), "birthday", pick("birthday", "", "1980-03-12", "1980-12-03", "1980-01-01", "1980"),
		"email", pick("email", "", "jana.k@x.example", "jana.k@y.example", "info@x.example"), "phone", pick("phone", "", "+49 451 901820", "901820", "+86 138 0013 8000"),
		"company", pick("company", "", "ACME GmbH", "Acme"), "@street", pick("street", "", "Hauptstr. 5", "Hauptstraße 5", "Main St 7"),
		"@city", pick("city", "", "Lübeck", "北京"), "@postcode", pick("postcode", "", "23552", "23562"))
}

// What two records weigh depends on nothing but them: not on which comes first, on who was read before, or on numbers. And the
// reasons make the sum.
func TestJudgeIsPure(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		model := match.DefaultContacts()
		a, b := drawContact(t, 1), drawContact(t, 2)
		first := model.Judge()
		w := first.Weigh(a, b)
		later := model.Judge()
		for i := range rapid.IntRange(0, 3).Draw(t, "others") {
			later.Weigh(drawContact(t, uint64(10+i)), b)
		}
		x, y := *a, *b
		x.Key, y.Key = 77, 76
		for name, got := range map[string]ident.Weight{"again": first.Weigh(a, b), "the other way round": first.Weigh(b, a), "later": later.Weigh(a, b),
			"with other numbers": model.Judge().Weigh(&y, &x)} {
			if got != w {
				t.Fatalf("%s: %+v, before %+v", name, got, w)
			}
		}
		if w.Sure && (w.Against || !w.Ask) {
			t.Fatalf("sure against something: %+v", w)
		}
		sum := 0.0
		for _, r := range first.Reasons(a, b) {
			sum += r.Weight
		}
		if w.Bits > match.AskBits && math.Abs(sum-w.Bits) > 0.5 {
			t.Fatalf("the reasons make %.1f, the weight is %.1f: %+v", sum, w.Bits, first.Reasons(a, b))
		}
	})
}

// Whom it is worth to compare have a block in common, and few have many.
func TestBlocksMeet(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		a, b []string
		want bool
	}{
		"names exchanged, in one town":       {[]string{"given", "Jana", "family", "Köhler", "@city", "Lübeck"}, []string{"given", "Koehler", "family", "Jana", "@city", "LÜBECK"}, true},
		"given name mistyped, one birthday":  {[]string{"given", "Jana", "family", "Köhler", "birthday", "1980-03-12"}, []string{"given", "Xana", "family", "Köhler", "birthday", "1980-03-12"}, true},
		"married, one birthday":              {[]string{"given", "Jana", "family", "Köhler", "birthday", "1980-03-12"}, []string{"given", "Jana", "family", "Lindqvist", "birthday", "12.03.1980"}, true},
		"day and month exchanged":            {[]string{"given", "Jana", "family", "Köhler", "birthday", "1980-03-12"}, []string{"given", "Jana", "family", "Köhler", "birthday", "1980-12-03"}, true},
		"another year":                       {[]string{"given", "Jana", "family", "Köhler", "birthday", "1980-03-12"}, []string{"given", "Jana", "family", "Köhler", "birthday", "1908-03-12"}, true},
		"a nickname, in one company":         {[]string{"given", "Bill", "family", "Okonkwo", "company", "ACME GmbH"}, []string{"given", "William", "family", "Okonkwo", "company", "Acme Gmbh."}, true},
		"Han and pinyin, at one mail domain": {[]string{"name", "王建国", "email", "wjg@haiguang.example"}, []string{"given", "Jianguo", "family", "Wang", "email", "jw@haiguang.example"}, true},
		"Arabic, by one shared mailbox":      {[]string{"name", "عمر سعيد", "email", "info@x.example"}, []string{"name", "عمر سعيد", "email", "info@x.example"}, true},
		"the name alone":                     {[]string{"given", "Jana", "family", "Köhler"}, []string{"given", "Jana", "family", "Köhler"}, false},
		"one town":                           {[]string{"given", "Jana", "family", "Köhler", "@city", "Lübeck"}, []string{"given", "Omar", "family", "Said", "@city", "Lübeck"}, false},
		"nobody's name":                      {[]string{"birthday", "1980-03-12", "@city", "Lübeck"}, []string{"birthday", "1980-03-12", "@city", "Lübeck"}, false},
	} {
		a, b := contactOf(1, tc.a...), contactOf(2, tc.b...)
		if got := slices.ContainsFunc(a.Blocks, func(k string) bool { return slices.Contains(b.Blocks, k) }); got != tc.want {
			t.Errorf("%s: meet %v, want %v", name, got, tc.want)
		}
	}
	all := contactOf(3, "given", "Jana", "family", "Köhler", "birthday", "1980-03-12", "email", "jana@x.example", "phone", "12", "company", "ACME GmbH", "@city", "Lübeck", "@postcode", "23552")
	if len(all.Blocks) > 8 {
		t.Errorf("%d blocks of one record: each costs room and time", len(all.Blocks))
	}
}

// BenchmarkJudge is what a new record costs that meets three others.
func BenchmarkJudge(b *testing.B) {
	records := make([]*state.Record, 2000)
	for i := range records {
		records[i] = contactOf(uint64(i+1), "given", fmt.Sprint("Jan", i%90, "a"), "family", fmt.Sprint("Köhl", i%700, "er"), "email", fmt.Sprint("p", i, "@x.example"),
			"phone", fmt.Sprint("+49451", 100000+i), "@street", fmt.Sprint("Hauptstraße ", i%200), "@city", "Lübeck", "@postcode", fmt.Sprint(23500+i%90))
	}
	model := match.DefaultContacts()
	b.ResetTimer()
	for b.Loop() {
		judge := model.Judge()
		for i, r := range records {
			for k := 1; k < 4; k++ {
				judge.Weigh(r, records[(i+k*7)%len(records)])
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(len(records)), "µs/record")
}

// BenchmarkBlocks is what the keys of one record cost.
func BenchmarkBlocks(b *testing.B) {
	r := contactOf(1, "given", "Jana", "family", "Köhler", "email", "jana@x.example", "@city", "Lübeck", "birthday", "1980-03-12", "company", "Sternwarte e.V.")
	for b.Loop() {
		match.Blocks(r)
	}
}
