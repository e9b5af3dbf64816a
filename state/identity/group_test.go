package identity_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
	"github.com/keptcrm/kept/state/identity/match"
)

// contact makes a described contact record: "shop/1 given=Jana family=Köhler email=j@x.example".
func contact(t rapid.TB, key uint64, line string) *state.Record {
	t.Helper()
	words := strings.Fields(line)
	conn, id, ok := strings.Cut(words[0], "/")
	if !ok {
		t.Fatalf("%q does not begin with connection/id", line)
	}
	v := state.Version{Run: 1}
	for _, w := range words[1:] {
		name, text, _ := strings.Cut(w, "=")
		val := state.Value{Text: strings.ReplaceAll(text, "_", " ")}
		switch name {
		case "city", "postcode":
			val, name = state.Value{Parts: map[string]string{name: val.Text}}, "address"
		case "stripe":
			val.Label, name = "stripe", "external_id"
		}
		v.Fields = append(v.Fields, state.Field{Name: name, Values: []state.Value{val}})
	}
	r := &state.Record{Key: key, Connection: conn, Kind: state.KindContact, ID: id, Keyed: state.KeyedID, Versions: []state.Version{v}}
	if conn == "list" {
		r.Keyed = state.KeyedContent
	}
	identity.Describe(r, "DE")
	r.Blocks = match.Blocks(r)
	return r
}

// partition groups records that meet by their blocks.
func partition(nodes []identity.Node, words identity.Words) ([]identity.Group, []identity.Candidate) {
	judge := match.DefaultContacts().Judge()
	blocks := map[string][]*state.Record{}
	for _, n := range nodes {
		for _, b := range n.Record.Blocks {
			blocks[b] = append(blocks[b], n.Record)
		}
	}
	seen := map[[2]uint64]bool{}
	var pairs []identity.Pairing
	for _, held := range blocks {
		for x, a := range held {
			for _, b := range held[x+1:] {
				k := [2]uint64{min(a.Key, b.Key), max(a.Key, b.Key)}
				if !seen[k] {
					seen[k] = true
					pairs = append(pairs, identity.Pairing{A: k[0], B: k[1], Weight: judge.Weigh(a, b)})
				}
			}
		}
	}
	return identity.Partition(nodes, words, pairs, judge)
}

func partitioned(t testing.TB, lines []string, words identity.Words, homes map[uint64]uint64) (groups []string, asks []string) {
	t.Helper()
	var nodes []identity.Node
	for i, l := range lines {
		k := uint64(i + 1)
		nodes = append(nodes, identity.Node{Record: contact(t, k, l), Homes: slices.DeleteFunc([]uint64{homes[k]}, func(h uint64) bool { return h == 0 })})
	}
	gs, cs := partition(nodes, words)
	for _, g := range gs {
		var keys []string
		for _, n := range g.Nodes {
			keys = append(keys, fmt.Sprint(n.Record.Key))
		}
		groups = append(groups, strings.Join(keys, "+"))
	}
	for _, c := range cs {
		var codes []string
		for _, r := range c.Why() {
			codes = append(codes, r.Code)
		}
		asks = append(asks, fmt.Sprintf("%d?%d %s", c.A, c.B, strings.Join(codes, ",")))
	}
	return groups, asks
}

func TestPartition(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		records []string
		words   identity.Words
		homes   map[uint64]uint64
		groups  string
		asks    string
	}{
		{name: "one e-mail in two systems", groups: "1+2",
			records: []string{"shop/1 given=Jana family=Köhler email=jana@x.example", "book/7 given=J. family=Koehler email=Jana@X.example"}},
		{name: "one phone in two notations", groups: "1+2",
			records: []string{"shop/1 given=Jana family=Köhler phone=+49451901820", "book/7 given=Jana family=Köhler phone=0451/901820"}},
		{name: "e-mail joins a name in another script", groups: "1+2",
			records: []string{"shop/1 given=伟 family=李 email=li@x.example", "book/7 given=Wei family=Li email=li@x.example"}},
		{name: "two ids of one system are asked about", groups: "1 2", asks: "1?2 same_phone,two_ids",
			records: []string{"shop/1 name=李伟 phone=+8613800138000", "shop/2 name=Wei_Li phone=+8613800138000"}},
		{name: "two birthdays are asked about", groups: "1 2", asks: "1?2 same_email,same_name,same_domain,two_birthdays",
			records: []string{"shop/1 name=Jana_Köhler email=j@x.example birthday=1980-01-01", "book/2 name=Jana_Köhler email=j@x.example birthday=1981-02-02"}},
		{name: "two ids of a third system are asked about", groups: "1 2", asks: "1?2 same_email,same_name,same_domain,two_ids",
			records: []string{"shop/1 name=Jana_Köhler email=j@x.example stripe=cus_1", "book/2 name=Jana_Köhler email=j@x.example stripe=cus_2"}},
		{name: "an id of a third system joins", groups: "1+2",
			records: []string{"shop/1 name=Jana_Köhler email=j@x.example stripe=cus_1", "book/2 name=J_K stripe=cus_1"}},
		{name: "two names on one mailbox are asked about", groups: "1 2", asks: "1?2 same_email,names_differ",
			records: []string{"shop/1 given=Jana family=Köhler email=k@x.example", "book/2 given=Peter family=Köhler email=k@x.example"}},
		{name: "a family's phone joins nobody", groups: "1 2",
			records: []string{"shop/1 given=Jana family=Köhler phone=0451901820", "book/2 given=Peter family=Köhler phone=0451901820"}},
		{name: "a switchboard joins nobody but the same name", groups: "1+4 2 3",
			records: []string{"shop/1 given=Jana family=Köhler phone=0451901820", "book/2 given=Peter family=Frank phone=0451901820",
				"book/3 given=Omar family=Said phone=0451901820", "list/4 given=Jana family=Köhler phone=0451901820"}},
		{name: "a role address joins nobody", groups: "1 2",
			records: []string{"shop/1 given=Jana family=Köhler email=info@x.example", "book/2 given=Peter family=Frank email=info@x.example"}},
		{name: "a phone that cannot be joins nobody", groups: "1 2",
			records: []string{"shop/1 given=Jana family=Köhler phone=123", "book/2 given=Jana family=Frank phone=123"}},
		{name: "apart stays apart", groups: "1 2", words: identity.Words{Apart: []identity.Pair{{1, 2}}}, homes: map[uint64]uint64{1: 1, 2: 2},
			records: []string{"shop/1 name=Jana_Köhler email=j@x.example", "book/2 name=Jana_Köhler email=j@x.example"}},
		{name: "apart holds against a bridge", groups: "1+3 2", words: identity.Words{Apart: []identity.Pair{{1, 2}}}, homes: map[uint64]uint64{1: 1, 2: 2},
			records: []string{"shop/1 name=Jana_Köhler email=j@x.example", "book/2 name=Jana_Köhler email=k@x.example", "list/3 name=Jana_Köhler email=j@x.example phone=+49451901820"}},
		{name: "shared by a person's word", groups: "1 2", words: identity.Words{Shared: map[string]bool{string(identity.EmailIdentifier("j@x.example").Key()): true}},
			records: []string{"shop/1 name=Jana_Köhler email=j@x.example", "book/2 name=J_K email=j@x.example"}},
		{name: "one person's by a person's word", groups: "1+2", words: identity.Words{Shared: map[string]bool{string(identity.EmailIdentifier("k@x.example").Key()): false}},
			records: []string{"shop/1 given=Jana family=Köhler email=k@x.example", "book/2 given=Peter family=Köhler email=k@x.example"}},
		{name: "the same name in the same town is asked about", groups: "1 2", asks: "1?2 same_name,same_city",
			records: []string{"shop/1 given=Jana family=Köhler city=Lübeck", "book/2 given=Köhler family=Jana city=Lübeck"}},
		{name: "the same name, birthday and address join", groups: "1+2",
			records: []string{"shop/1 given=Jana family=Köhler birthday=1980-03-12 city=Lübeck email=j@x.example", "book/2 given=Köhler family=Jana birthday=1980-03-12 city=Lübeck email=k@y.example"}},
		{name: "Han and pinyin with a birthday and a town are asked about", groups: "1 2", asks: "1?2 same_birthday,similar_name,same_city",
			records: []string{"shop/1 name=欧阳建国 birthday=1980-03-12 city=北京", "book/2 given=Jianguo family=Ouyang birthday=1980-03-12 city=北京"}},
		{name: "a frequent name with a birthday is asked about", groups: "1 2", asks: "1?2 same_birthday,same_name",
			records: []string{"shop/1 given=John family=Smith birthday=1980-03-12", "book/2 given=John family=Smith birthday=1980-03-12"}},
		{name: "twins are two", groups: "1 2",
			records: []string{"shop/1 given=Jana family=Köhler birthday=1980-03-12 city=Lübeck", "book/2 given=Peter family=Köhler birthday=1980-03-12 city=Lübeck"}},
		{name: "two ids of one system, all else the same, are asked about", groups: "1 2", asks: "1?2 same_name,same_birthday,same_city,two_ids",
			records: []string{"shop/1 given=Jana family=Köhler birthday=1980-03-12 city=Lübeck", "shop/2 given=Jana family=Köhler birthday=1980-03-12 city=Lübeck"}},
		{name: "a chain of sure pairs joins no two ids", groups: "1+2 3", asks: "2?3 same_name,same_birthday,same_city,two_ids; 1?3 same_name,same_birthday,same_city,two_ids",
			records: []string{"shop/1 given=Jana family=Köhler birthday=1980-03-12 city=Lübeck", "list/2 given=Jana family=Köhler birthday=1980-03-12 city=Lübeck", "shop/3 given=Jana family=Köhler birthday=1980-03-12 city=Lübeck"}},
		{name: "the same name alone is nothing", groups: "1 2",
			records: []string{"shop/1 given=Jana family=Köhler", "book/2 given=Jana family=Köhler"}},
		{name: "an organisation and a person never", groups: "1 2",
			records: []string{"shop/1 company=ACME_GmbH email=hello@acme.example", "book/2 given=Jana family=Köhler email=hello@acme.example"}},
		{name: "an organisation in two systems", groups: "1+2",
			records: []string{"shop/1 company=ACME_GmbH", "book/2 company=Acme_Gmbh."}},
		{name: "one without a name joins by e-mail", groups: "1+2",
			records: []string{"shop/1 email=j@x.example", "list/2 given=Jana family=Köhler email=j@x.example"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			groups, asks := partitioned(t, tc.records, tc.words, tc.homes)
			if got := strings.Join(groups, " "); got != tc.groups {
				t.Errorf("groups %s, want %s", got, tc.groups)
			}
			if got := strings.Join(asks, "; "); got != tc.asks {
				t.Errorf("questions %q, want %q", got, tc.asks)
			}
		})
	}
}

func TestPartitionIgnoresOrder(t *testing.T) {
	t.Parallel()
	emails := []string{"", " email=a@x.example", " email=b@x.example"}
	phones := []string{"", " phone=+49451901820", " phone=+8613800138000"}
	names := []string{"", " given=Jana family=Köhler", " given=J. family=Koehler", " given=Peter family=Köhler", " name=李伟"}
	rapid.Check(t, func(t *rapid.T) {
		var nodes []identity.Node
		for i := range rapid.IntRange(1, 8).Draw(t, "n") {
			line := rapid.SampledFrom([]string{"shop", "book", "list"}).Draw(t, "conn") + "/" + fmt.Sprint(i) +
				rapid.SampledFrom(emails).Draw(t, "e") + rapid.SampledFrom(phones).Draw(t, "p") + rapid.SampledFrom(names).Draw(t, "n")
			nodes = append(nodes, identity.Node{Record: contact(t, uint64(i+1), line)})
		}
		show := func(nodes []identity.Node) string {
			gs, cs := partition(nodes, identity.Words{})
			var out []string
			for _, g := range gs {
				var keys []string
				for _, n := range g.Nodes {
					keys = append(keys, fmt.Sprint(n.Record.Key, g.Evidence[n.Record.Key]))
				}
				out = append(out, strings.Join(keys, "+"))
			}
			return fmt.Sprint(out, cs)
		}
		if a, b := show(nodes), show(rapid.Permutation(nodes).Draw(t, "order")); a != b {
			t.Errorf("%s\nin another order\n%s", a, b)
		}
	})
}

func TestFitNames(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		a, b string
		want identity.Fit
	}{
		{"Jana Köhler", "Jana Koehler", identity.FitSame},
		{"Jana Köhler", "Köhler, Jana", identity.FitSame},
		{"Jana Köhler", "J. Köhler", identity.FitClose},
		{"Jana Köhler", "Jana Kohler", identity.FitSame},
		{"Jana Köhler", "Janna Köhler", identity.FitClose},
		{"Jana Köhler", "Jana Schmidt", identity.FitFamilyDiffers},
		{"Jana Köhler", "Peter Köhler", identity.FitConflict},
		{"Jana Köhler", "Peter Frank", identity.FitConflict},
		{"Jana Köhler", "李伟", identity.FitUnknown},
		{"Jana Köhler", "", identity.FitUnknown},
		{"李伟", "李伟", identity.FitSame},
		{"李伟", "王芳", identity.FitConflict},
		{"عمر سعيد", "عمر سعيد", identity.FitSame},
		{"Jana", "Jana Köhler", identity.FitClose},
		{"Nguyen Van An", "An Van Nguyen", identity.FitSame},
	} {
		a, b := identity.ParseName(tc.a), identity.ParseName(tc.b)
		if got := identity.FitNames(a, b); got != tc.want {
			t.Errorf("FitNames(%q, %q) = %d, want %d", tc.a, tc.b, got, tc.want)
		}
		if identity.FitNames(a, b) != identity.FitNames(b, a) {
			t.Errorf("FitNames(%q, %q) depends on the order", tc.a, tc.b)
		}
	}
}

func TestBelieve(t *testing.T) {
	t.Parallel()
	shop := contact(t, 1, "shop/1 given=J. family=Köhler email=jana@x.example tag=VIP stage=lead custom.size=42")
	book := contact(t, 2, "book/7 given=Jana family=Köhler email=jana@x.example phone=+49451901820 company=Sternwarte_Lübeck_e.V. tag=press")
	c := identity.Believe(identity.Belief{Bases: []uint64{5, 9}, Records: []*state.Record{shop, book}, Employers: map[uint64][]uint64{2: {77}}})
	if c.Name != "Jana Köhler" || c.Given != "Jana" || c.Kind != state.Person || c.Stage != state.StageProspect || c.Number != 5 {
		t.Errorf("believed %+v", c)
	}
	if !slices.Equal(c.Tags, []string{"press", "vip"}) || c.Text("custom.size") != "42" || len(c.Employers) != 1 {
		t.Errorf("tags %q, fields %v, employers %v", c.Tags, c.Fields, c.Employers)
	}
	var ids []string
	for _, a := range c.Identifiers {
		ids = append(ids, a.Type+":"+a.Shown)
	}
	if got := strings.Join(ids, " "); got != "email:jana@x.example phone:+49451901820 external_id:7 external_id:1" {
		t.Errorf("identifiers %s", got)
	}
	swapped := identity.Believe(identity.Belief{Bases: []uint64{5, 9}, Records: []*state.Record{book, shop}, Employers: map[uint64][]uint64{2: {77}}})
	if a, b := fmt.Sprint(*c), fmt.Sprint(*swapped); a != b {
		t.Errorf("the order of records matters:\n%s\n%s", a, b)
	}

	hand := func(field, element, text string, removed bool, minute int) *state.Setting {
		s := &state.Setting{Base: 5, Field: field, Element: element, Removed: removed, By: "s1", At: clock(minute)}
		if text != "" {
			s.Values = []state.Value{{Text: text}}
		}
		return s
	}
	c = identity.Believe(identity.Belief{Bases: []uint64{5}, Records: []*state.Record{shop, book}, Ordered: true, Settings: []*state.Setting{
		hand("name", "", "Dr. Jana Köhler-Li", false, 1), hand("tag", "vip", "", true, 1), hand("tag", "friend", "friend", false, 1),
		hand("grade", "", "A", false, 1), hand("owner", "", "s2", false, 1), hand("company", "", "", true, 2),
		hand("phone", "+4945199", "+4945199", false, 1)}})
	if c.Name != "Dr. Jana Köhler-Li" || c.Grade != "A" || c.Owner != "s2" || c.Stage != state.StageCustomer ||
		!slices.Equal(c.Tags, []string{"friend", "press"}) || c.Text("company") != "" {
		t.Errorf("set by hand: %+v", c)
	}
}

func clock(minute int) time.Time { return time.Date(2026, 3, 1, 9, minute, 0, 0, time.UTC) }
