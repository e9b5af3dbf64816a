package match

import (
	"testing"

	"pgregory.net/rapid"
)

func TestFold(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "", "  Köhler-Lüdenscheidt ": "kohler ludenscheidt", "KOEHLER": "kohler", "O'Brien": "obrien", "Straße": "strasse", "Æsop 12": "asop 12",
		"王伟": "王伟", "José": "jose", "a--b": "a b", "ＡＢＣ": "abc",
	} {
		if got := fold(in); got != want {
			t.Errorf("fold(%q) = %q, want %q", in, got, want)
		}
	}
}

// namePair compares two names as a table of two rows would.
func namePair(a, b string) uint8 {
	v := &values{in: newIntern()}
	x, y := v.in.code(fold(a)), v.in.code(fold(b))
	v.text = v.in.text
	v.count = make([]uint32, len(v.text))
	v.describeNames()
	return (&names{vals: v}).compare(x, y)
}

func TestNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want uint8
	}{
		{"Jana", "jana", nameSame}, {"Köhler", "Koehler", nameSame}, {"", "Jana", 0},
		{"Jana", "Jnaa", nameTypo}, {"Mayer", "Maier", nameTypo}, {"Katharina", "Catharina", nameTypo}, {"Xiao Ming", "Xiaoming", nameTypo},
		{"J", "Jana", nameInitial}, {"K", "Jana", nameDifferent},
		{"Anna Maria", "Anna", namePart}, {"Thomas", "Tom", namePart}, {"William", "Bill", namePart}, {"Robert", "Bob", namePart},
		{"Bob", "Rob", nameTypo}, {"Bill", "Liam", nameDifferent}, // two short forms of one name say nothing
		{"Peter", "Jana", nameDifferent},
		{"王", "Wang", nameTypo}, {"小明", "Xiaoming", nameTypo}, {"伟", "Li", nameDifferent}, {"张", "章", nameTypo},
		{"Иванов", "Ivanov", nameTypo}, {"محمد", "Muhammad", nameTypo}, {"خالد", "Khaled", nameTypo}, {"محمد", "Peter", nameDifferent},
		{"ひろし", "Hiroshi", 0},
	} {
		if got := namePair(c.a, c.b); got != c.want {
			t.Errorf("%q and %q: %d, want %d", c.a, c.b, got, c.want)
		}
		if namePair(c.a, c.b) != namePair(c.b, c.a) {
			t.Errorf("%q and %q: not symmetric", c.a, c.b)
		}
	}
}

func TestDates(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want uint8
	}{
		{"1984-03-02", "02.03.1984", dateSame}, {"19840302", "1984-03-02", dateSame}, {"1984-03-02", "1984-02-03", dateSwapped},
		{"1984-03-02", "1985-03-02", dateTypo}, {"1984-03-12", "1984-03-21", dateTypo}, {"1984-03-12", "1996-03-12", dateYearOff},
		{"1984-03-12", "1984-11-12", datePartOff}, {"1984-03-12", "1984", dateYear}, {"1984-03-12", "1984-01-01", dateYear},
		{"1984-03-12", "1985-04-14", dateNear}, {"1984-03-12", "1951-11-27", dateDifferent}, {"1984-03-12", "", 0}, {"1984-03-12", "soon", 0},
		{"1630-08-01", "1630-01-01", dateYear}, {"--03-12", "1984-03-12", dateYearOff},
	} {
		a, b := parseDate(c.a), parseDate(c.b)
		if got := compareDates(a, b); got != c.want || got != compareDates(b, a) {
			t.Errorf("%s and %s: %d and %d, want %d", c.a, c.b, got, compareDates(b, a), c.want)
		}
	}
	if o := dateOrder([]string{"", "3/14/1984", "1/2/1984"}); parseDay("1/2/1984", o) != makeDate(1984, 1, 2) {
		t.Error("a column that has 3/14 writes the month first")
	}
}

// pairOf compares two values of a feature as a table of two rows would.
func pairOf(role Role, a, b string) uint8 {
	t := NewTable([]Column{{Name: "x", Role: role}})
	t.AddRows([][]string{{a}, {b}, {"some quite other value 99"}})
	rs := prepare(t)
	f := rs.features[0]
	i, j := rs.of[0], rs.of[1]
	if i < 0 || j < 0 {
		return 0
	}
	l, _ := f.best(i, j)
	return l
}

func TestValues(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		role Role
		a, b string
		want uint8
	}{
		{Email, "Jana@Example.com", "jana@example.com", 5}, {Email, "jana.k@gmail.com", "janak+shop@gmail.com", 5},
		{Email, "j.lee86@roberson.com", "j.lee86@ro6erson.com", 4}, {Email, "jana.koehler@example.com", "jana.koehler@example.org.au", 3},
		{Email, "anne.kelton85@example.com", "anne.kelton14@example.com", 2}, {Email, "tom@example.net", "jana@example.com", 1},
		{Phone, "+49 451 901820", "0451 901820", 3}, {Phone, "4519018", "+1 312 451-9018", 3}, {Phone, "138 0013 8000", "13800138000", 4},
		{Phone, "0451 901820", "0451 901821", 2}, {Phone, "0451 901820", "030 5557777", 1}, {Phone, "١٣٨٠٠١٣٨٠٠٠", "13800138000", 4},
		{Address, "1723 W 35th St", "1723 W. 35th Street", 6}, {Address, "1723 W 35th St", "1711 W 35th St", 2}, {Address, "Hauptstraße 5", "Hauptstr. 5", 6},
		{Address, "sweet waters 4", "sweet w aters 4", 5}, {Address, "12 Long Road", "99 Other Lane", 1},
		{Postcode, "SW1A 2AA", "sw1a2aa", 4}, {Postcode, "2450", "2405", 3}, {Postcode, "tq13 8df", "tq13 9hu", 2}, {Postcode, "23552", "80331", 1},
		{House, "12", "12", 3}, {House, "12", "21", 2}, {House, "1", "2", 1},
		{Company, "Sternwarte GmbH", "STERNWARTE", 6}, {Company, "Salvation Army Temple", "The Salvation Army Temple Center", 5},
		{Company, "北京星光科技有限公司", "北京星光科技", 6}, {Company, "Alpha Bakery", "Omega Garage", 1},
		{City, "Lübeck", "Luebeck", 6}, {City, "Birmingham", "Birminghma", 5}, {City, "Leeds", "Porto", 1},
		{Gender, "male", "male", 2}, {Gender, "male", "female", 1}, {Company, "", "x", 0},
	} {
		if got := pairOf(c.role, c.a, c.b); got != c.want || got != pairOf(c.role, c.b, c.a) {
			t.Errorf("%s %q and %q: %d and %d, want %d", c.role, c.a, c.b, got, pairOf(c.role, c.b, c.a), c.want)
		}
	}
}

// edits is symmetric, is never more than the limit and one, and agrees with the comparison of runes.
func TestEdits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.StringMatching(`[abcd]{0,12}`).Draw(t, "a"), rapid.StringMatching(`[abcd]{0,12}`).Draw(t, "b")
		k := rapid.IntRange(0, 4).Draw(t, "k")
		got := edits(a, b, k)
		if got != edits(b, a, k) || got > k+1 || got != runeEdits([]rune(a), []rune(b), k) {
			t.Fatalf("edits(%q, %q, %d) = %d, %d, %d", a, b, k, got, edits(b, a, k), runeEdits([]rune(a), []rune(b), k))
		}
		if got <= k && farther(signature(a), signature(b), len(a), len(b), k) {
			t.Fatalf("%q and %q: the signature says that more than %d edits part them, there are %d", a, b, k, got)
		}
		if j := jaroWinkler(a, b); j < 0 || j > 1 || (a == b) != (j == 1) && a != "" {
			t.Fatalf("jaroWinkler(%q, %q) = %v", a, b, j)
		}
	})
}

// What promising says is what score says, for all pairs that are worth anything.
func TestPromisingIsExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rs := prepare(drawTable(t))
		if rs.n < 2 {
			return
		}
		w := defaults(rs)
		fast, slow := newScorer(rs, w), newScorer(rs, w)
		for i := range int32(rs.n) {
			for j := i + 1; j < int32(rs.n); j++ {
				want := slow.score(i, j)
				got, ok := fast.promising(i, j, keepBits)
				if ok != (want > keepBits) || ok && got != want {
					t.Fatalf("rows %d and %d: promising %v %v, score %v", i, j, got, ok, want)
				}
			}
		}
	})
}

func drawTable(t *rapid.T) *Table {
	tb := NewTable([]Column{{"id", Ignored}, {"first name", Given}, {"last name", Surname}, {"dob", Birthday}, {"email", Email}, {"phone", Phone},
		{"address", Address}, {"zip", Postcode}, {"city", City}, {"colour", Other}})
	tb.AddRows(drawRows(t))
	return tb
}

func drawRows(t *rapid.T) [][]string {
	pick := func(name string, of ...string) *rapid.Generator[string] { return rapid.SampledFrom(append(of, "")) }
	row := rapid.Custom(func(t *rapid.T) []string {
		return []string{"", pick("g", "Jana", "Jnaa", "Tom", "Thomas", "小明", "Köhler").Draw(t, "given"), pick("f", "Köhler", "Koehler", "Ford", "王", "Jana", "Frod").Draw(t, "family"),
			pick("d", "1984-03-02", "1984-02-03", "1984-01-01", "1970-05-06", "1971-05-06").Draw(t, "dob"), pick("e", "jana@example.com", "jnaa@example.com", "tom@example.net").Draw(t, "email"),
			pick("p", "0451 901820", "+49 451 901820", "030 5557777").Draw(t, "phone"), pick("a", "Hauptstr. 5", "Hauptstr. 7", "12 Long Road").Draw(t, "address"),
			pick("z", "23552", "23525", "80331").Draw(t, "zip"), pick("c", "Lübeck", "Luebeck", "Leeds").Draw(t, "city"), pick("o", "red", "blue").Draw(t, "colour")}
	})
	return rapid.SliceOfN(row, 0, 30).Draw(t, "rows")
}

func TestPhonesOfARegion(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ region, in, want string }{
		{"", "0451 901820", "451901820"}, {"", "+49 451 901820", "49451901820"},
		{"DE", "0451 901820", "49451901820"}, {"DE", "+49 (0) 451 901820", "49451901820"}, {"DE", "0049451901820", "49451901820"},
		{"DE", "+86 138 0013 8000", "8613800138000"}, {"DE", "0491 7112345", "494917112345"}, {"DE", "491711234567", "491711234567"},
		{"CN", "138 0013 8000", "8613800138000"}, {"CN", "８６１３８００１３８０００", "8613800138000"}, {"US", "555-123-4567 x12", "15551234567"},
		{"US", "1 (555) 123-4567", "15551234567"}, {"DE", "١٢", ""}, {"XX", "0451 901820", "451901820"},
	} {
		if got := phoneNorm(c.region)(c.in); got != c.want {
			t.Errorf("phoneNorm(%q)(%q) = %q, want %q", c.region, c.in, got, c.want)
		}
	}
}
