package match_test

import (
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/keptcrm/kept/internal/race"
	"github.com/keptcrm/kept/state/identity/match"
)

func init() { race.Checks(25) }

var people = columnsOf("first name", "last name", "date of birth", "email", "phone", "street", "zip", "city", "favourite colour")

// someRows draws a table in which some rows are corrupted copies of others.
func someRows(t *rapid.T) [][]string {
	d := newDice(rapid.Uint64().Draw(t, "seed"))
	all := customers200(d)
	n := rapid.IntRange(0, 60).Draw(t, "rows")
	return all[:n]
}

// customers200 makes rows of the columns people.
func customers200(d dice) [][]string {
	var rows [][]string
	families := surnames(40, "ton", "er", "ley")
	for len(rows) < 200 {
		r := []string{d.word(givenNames), d.word(families), "19" + d.digit("84") + "-03-1" + d.digit("2"), d.word(givenNames) + d.digit("7") + "@example.com",
			"0451 90" + d.digit("182") + d.digit("0"), d.word(families) + " street " + d.digit("5"), "2355" + d.digit("2"), "town" + d.digit("3"), d.word([]string{"red", "blue", "green"})}
		if d.chance(0.2) {
			r[d.IntN(len(r))] = ""
		}
		rows = append(rows, r)
		for d.chance(0.4) {
			c := slices.Clone(r)
			c[d.IntN(len(c))] = d.typo(c[d.IntN(len(c))])
			rows = append(rows, c)
		}
	}
	return rows
}

func runRows(rows [][]string) *match.Result {
	t := match.NewTable(people)
	t.AddRows(rows)
	return match.Run(t, nil)
}

// sameGroups reports whether rows a and b are together in both or neither, where place says where a row of the first stands in
// the second.
func sameGroups(a, b []int32, place func(int) int) bool {
	to, back := map[int32]int32{}, map[int32]int32{}
	for i, g := range a {
		h := b[place(i)]
		if x, ok := to[g]; ok && x != h {
			return false
		}
		if x, ok := back[h]; ok && x != g {
			return false
		}
		to[g], back[h] = h, g
	}
	return true
}

// The order of the rows changes no group.
func TestOrderDoesNotMatter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rows := someRows(t)
		where := rapid.Permutation(identity(len(rows))).Draw(t, "order")
		moved := make([][]string, len(rows))
		for i, w := range where {
			moved[w] = rows[i]
		}
		a, b := runRows(rows), runRows(moved)
		place := func(i int) int { return where[i] }
		if !sameGroups(a.Cluster, b.Cluster, place) || !sameGroups(a.Sure, b.Sure, place) {
			t.Fatal("the same rows in another order give other groups")
		}
	})
}

func identity(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// A second row that says the same parts nobody, and goes with the first.
func TestRepeatedRowPartsNobody(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rows := someRows(t)
		if len(rows) == 0 {
			return
		}
		i := rapid.IntRange(0, len(rows)-1).Draw(t, "again")
		a, b := runRows(rows), runRows(append(slices.Clone(rows), rows[i]))
		for x := range rows {
			for y := range x {
				if a.Cluster[x] == a.Cluster[y] && b.Cluster[x] != b.Cluster[y] || a.Sure[x] == a.Sure[y] && b.Sure[x] != b.Sure[y] {
					t.Fatalf("rows %d and %d were together; since row %d stands there twice they are not", y, x, i)
				}
			}
		}
	})
}

// What is sure is within what is probable; groups are named by their first row; weighing is symmetric.
func TestSureIsWithinCluster(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := runRows(someRows(t))
		for i := range r.Cluster {
			for _, g := range [][]int32{r.Cluster, r.Sure} {
				if int(g[i]) > i || g[g[i]] != g[i] {
					t.Fatalf("row %d is in the group of %d", i, g[i])
				}
			}
			if r.Cluster[r.Sure[i]] != r.Cluster[i] {
				t.Fatalf("row %d is surely with %d, but not probably", i, r.Sure[i])
			}
		}
		if n := len(r.Cluster); n > 1 {
			x, y := rapid.IntRange(0, n-1).Draw(t, "x"), rapid.IntRange(0, n-1).Draw(t, "y")
			if r.Explain(x, y).Bits != r.Explain(y, x).Bits {
				t.Fatal("weighing is not symmetric")
			}
		}
	})
}

// The number of processors changes nothing. Not parallel: it sets that number for all.
func TestProcessorsDoNotMatter(t *testing.T) {
	s := historical(race.Size(1500, 300))
	var want *match.Result
	for _, n := range []int{1, 2, 7} {
		before := runtime.GOMAXPROCS(n)
		r := match.Run(s.table(), nil)
		runtime.GOMAXPROCS(before)
		if want == nil {
			want = r
		} else if !slices.Equal(want.Cluster, r.Cluster) || !slices.Equal(want.Sure, r.Sure) {
			t.Fatalf("with %d processors the groups are others", n)
		}
	}
}

// A model scores records that come one at a time as the table did that taught it, and records that belong together meet
// under some key.
func TestModelAgreesWithTable(t *testing.T) {
	t.Parallel()
	s := customers(race.Size(1500, 400))
	r := match.Run(s.table(), nil)
	m := r.Model()
	pairs, met, off := 0, 0, 0
	for i := range s.rows {
		j := int(r.Cluster[i])
		if j == i {
			continue
		}
		pairs++
		keys := m.Keys(s.rows[i])
		if slices.ContainsFunc(m.Keys(s.rows[j]), func(k uint64) bool { return slices.Contains(keys, k) }) {
			met++
		}
		p, q := m.Score(s.rows[i], s.rows[j]), m.Score(s.rows[j], s.rows[i])
		if p.Bits != q.Bits {
			t.Fatalf("rows %d and %d: %v one way, %v the other", i, j, p.Bits, q.Bits)
		}
		if want := r.Explain(i, j).Bits; math.Abs(want-p.Bits) > 3 {
			off++
		}
	}
	if pairs < race.Size(100, 50) || met < pairs*98/100 || off > pairs/20 {
		t.Errorf("of %d pairs %d meet under a key, and %d are weighed otherwise than in the table", pairs, met, off)
	}
}

func TestDefaultModel(t *testing.T) {
	t.Parallel()
	m := match.Default([]match.Column{{Name: "name", Role: match.Name}, {Name: "born", Role: match.Birthday}, {Name: "email", Role: match.Email}}, 100_000)
	for _, c := range []struct {
		a, b []string
		want match.Verdict
	}{
		{[]string{"Jana Köhler", "1984-03-02", "jana@example.com"}, []string{"Koehler, Jana", "02.03.1984", "jana@example.com"}, match.Sure},
		{[]string{"王小明", "1984-03-02", "wxm@example.cn"}, []string{"Wang Xiaoming", "1984-03-02", "wxm@example.cn"}, match.Sure},
		{[]string{"Jana Köhler", "1984-03-02", "jana@example.com"}, []string{"Jana Köhler", "1991-11-30", "jana@example.com"}, match.Likely},
		{[]string{"Jana Köhler", "", ""}, []string{"Tom Ford", "", ""}, match.Doubtful},
		{[]string{"", "", ""}, []string{"Tom Ford", "", ""}, match.Doubtful},
	} {
		if p := m.Score(c.a, c.b); p.Verdict != c.want {
			t.Errorf("%v and %v: %s (%.1f), want %s: %v", c.a, c.b, p.Verdict, p.Bits, c.want, p.Evidence)
		}
	}
}

// Roles are found by the names of columns in several languages, and by what the columns hold.
func TestRoles(t *testing.T) {
	t.Parallel()
	values := map[match.Role][]string{match.Birthday: {"1984-03-02", "2.3.1991"}, match.Email: {"a@example.com", "b@example.com"}, match.Phone: {"0451 901820", "13800138000"},
		match.BirthYear: {"1984", "1991"}, match.House: {"5", "7"}, match.Postcode: {"23552", "80331"}}
	for name, want := range map[string]match.Role{
		"first_name": match.Given, "Vorname": match.Given, "名": match.Given, "Nachname": match.Surname, "姓": match.Surname, "full_name": match.Name, "姓名": match.Name,
		"first_and_surname": match.Name, "dob": match.Birthday, "Geburtsdatum": match.Birthday, "出生日期": match.Birthday, "by": match.BirthYear, "birthday": match.Birthday,
		"E-Mail": match.Email, "邮箱": match.Email, "Customer E-Mail": match.Email, "手机": match.Phone, "PLZ": match.Postcode, "postcode_fake": match.Postcode,
		"birth_place": match.City, "Ort": match.City, "street_number": match.House, "Firma": match.Company, "Straße": match.Address, "gender": match.Gender, "Frobnication": match.Other,
	} {
		v := values[want]
		if v == nil {
			v = []string{"some", "words"}
		}
		tb := match.NewTable([]match.Column{{Name: name}})
		tb.AddRows([][]string{{v[0]}, {v[1]}, {v[0]}})
		if got := match.Run(tb, nil).Roles[0]; got != want {
			t.Errorf("%s is taken for %s, not %s", name, got, want)
		}
	}
}

// Any table is matched without failing, whatever its cells and roles.
func FuzzRun(f *testing.F) {
	f.Add("name,birthday,phone", "Jana Köhler,1984-03-02,0451 901820\nKoehler Jana,02.03.1984,+49451901820\n,,\n王小明,--03-02,x")
	f.Add("email,address,other", "a@b,\x00,\xff\na@b@c,12a,🌸")
	f.Add("given,surname,birth_year", "J,,99999999999\n,,-1\nمحمد,أحمد,1984")
	f.Fuzz(func(t *testing.T, roles, text string) {
		var columns []match.Column
		for r := range strings.SplitSeq(roles, ",") {
			c := match.Column{Name: r}
			if slices.Contains(match.Roles, match.Role(r)) {
				c.Role = match.Role(r)
			}
			columns = append(columns, c)
		}
		if len(columns) > 12 || len(text) > 2000 {
			return
		}
		tb := match.NewTable(columns)
		for line := range strings.SplitSeq(text, "\n") {
			tb.Add(strings.Split(line, ","))
		}
		r := match.Run(tb, nil)
		if len(r.Cluster) != tb.Len() || len(r.Sure) != tb.Len() {
			t.Fatalf("%d rows, %d and %d answers", tb.Len(), len(r.Cluster), len(r.Sure))
		}
		for p := range r.Pairs() {
			if p.A > p.B || math.IsNaN(p.Bits) || p.Probability < 0 || p.Probability > 1 {
				t.Fatalf("pair %+v", p)
			}
		}
	})
}
