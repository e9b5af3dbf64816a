package match_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/keptcrm/kept/state/identity/match"
)

// dice makes up people; equal seeds give equal ones.
type dice struct{ *rand.Rand }

func newDice(seed uint64) dice { return dice{rand.New(rand.NewPCG(seed, 99))} }

func (d dice) chance(p float64) bool { return d.Float64() < p }

// zipf picks the first of n things most often.
func (d dice) zipf(n int) int {
	return min(n-1, int(math.Pow(float64(n), d.Float64()*d.Float64()*0.35+d.Float64()*0.65))-1)
}

func (d dice) word(list []string) string { return list[d.zipf(len(list))] }

var givenNames = strings.Fields(`john william thomas mary george james elizabeth charles henry robert edward joseph anne sarah richard jane samuel margaret frederick
	alice david arthur catherine walter francis peter martha benjamin ellen alexander emma daniel harriet philip susan andrew charlotte
	albert fanny hugh frances ernest helen ralph louisa herbert emily alfred lucy edmund florence stephen rebecca matthew dorothy anthony
	ruth nicholas eleanor simon agnes roger isabella leonard caroline oliver grace christopher julia patrick rose lawrence edith gilbert
	hannah martin amelia jonathan clara harold beatrice reginald sophia cecil maria percy constance nathaniel ada cuthbert barbara`)

var germanGiven = strings.Fields(`Hans Peter Michael Thomas Andreas Wolfgang Klaus Juergen Guenter Stefan Christian Uwe Werner Horst Frank Dieter Manfred Gerhard Bernd
	Ursula Maria Monika Petra Elisabeth Sabine Renate Helga Karin Brigitte Ingrid Erika Andrea Gisela Claudia Susanne Gabriele Christa
	Heike Birgit Anna Barbara Martina Karl Heinz Walter Rolf Martin Joachim Alexander Matthias Sven Jan Ralf Katrin Nicole Jutta Silke`)

// surnames has n made-up family names, the same in every run.
func surnames(n int, ends ...string) []string {
	starts := strings.Fields("ash black bran brad har har wal wil nor sut mor hol lang stan thorn whit wood kirk carl ed far gar hen kel mil pen ray rob sal tay ver wat al bur cas dun el fen")
	middles := strings.Fields("a e i o er en in el om ard ing ow y")
	seen := map[string]bool{}
	var out []string
	d := newDice(5)
	for len(out) < n {
		s := starts[d.IntN(len(starts))]
		for d.chance(0.6) {
			s += middles[d.IntN(len(middles))]
		}
		s += ends[d.IntN(len(ends))]
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}

var shortNames = map[string][]string{"william": {"bill", "will", "willy"}, "thomas": {"tom"}, "robert": {"bob", "rob"}, "elizabeth": {"liz", "betsy", "eliza"},
	"edward": {"ted", "ned", "ed"}, "richard": {"dick"}, "henry": {"harry"}, "charles": {"charlie"}, "margaret": {"maggie", "peggy"}, "mary": {"molly"}, "john": {"jack"},
	"joseph": {"joe"}, "james": {"jim"}, "samuel": {"sam"}, "benjamin": {"ben"}, "catherine": {"kate", "kitty"}, "frederick": {"fred"}}

// typo makes one mistake in a word.
func (d dice) typo(s string) string {
	r := []rune(s)
	if len(r) < 2 {
		return s
	}
	i := d.IntN(len(r))
	switch d.IntN(4) {
	case 0:
		return string(r[:i]) + string(r[i+1:])
	case 1:
		return string(r[:i]) + string(rune('a'+d.IntN(26))) + string(r[i:])
	case 2:
		r[i] = rune('a' + d.IntN(26))
	case 3:
		if i > 0 {
			r[i], r[i-1] = r[i-1], r[i]
		}
	}
	return string(r)
}

func (d dice) digit(s string) string {
	r := []byte(s)
	for range 20 {
		if i := d.IntN(len(r)); r[i] >= '0' && r[i] <= '9' {
			r[i] = byte('0' + d.IntN(10))
			break
		}
	}
	return string(r)
}

func (d dice) shuffle(s *set) {
	d.Shuffle(len(s.rows), func(i, j int) {
		s.rows[i], s.rows[j] = s.rows[j], s.rows[i]
		s.truth[i], s.truth[j] = s.truth[j], s.truth[i]
	})
}

func columnsOf(names ...string) []match.Column {
	var out []match.Column
	for _, n := range names {
		out = append(out, match.Column{Name: n})
	}
	return out
}

// historical makes persons as old registers have them: about ten records for each, with nicknames, titles in the place of
// surnames, years for days, places near by, and much that is missing.
func historical(rows int) set {
	d := newDice(1)
	s := set{columns: columnsOf("full_name", "first_and_surname", "first_name", "surname", "dob", "birth_place", "postcode_fake", "gender", "occupation")}
	families := surnames(3000, "ton", "ford", "ley", "son", "man", "well", "ham", "wick", "croft", "er", "s", "by", "field", "ridge")
	towns := surnames(400, "ton", "bury", "port", "mouth", "stead", "chester", "wick", "bridge")
	trades := strings.Fields("politician writer painter clergyman soldier actor lawyer banker architect engineer cricketer composer physician merchant botanist poet sculptor judge sailor teacher")
	for e := 0; len(s.rows) < rows; e++ {
		given, middle, family := d.word(givenNames), "", d.word(families)
		if d.chance(0.4) {
			middle = d.word(givenNames)
		}
		town := d.zipf(len(towns))
		title := ""
		if d.chance(0.15) {
			title = "1st baron " + towns[d.IntN(len(towns))]
		}
		year, month, day := 1620+d.IntN(300), 1+d.IntN(12), 1+d.IntN(28)
		if d.chance(0.25) {
			month, day = 1, 1
		}
		district := fmt.Sprintf("%s%d", towns[town][:2], 1+town%9)
		unit := func() string {
			return fmt.Sprintf("%s %d%c%c", district, d.IntN(10), 'a'+d.IntN(20), 'a'+d.IntN(20))
		}
		postcode := unit()
		gender, trade := "male", d.word(trades)
		if e%3 == 0 {
			gender = "female"
		}
		for range 1 + int(d.ExpFloat64()*9) {
			g, m, f, t := given, middle, family, title
			if n := shortNames[g]; len(n) > 0 && d.chance(0.2) {
				g = n[d.IntN(len(n))]
			}
			switch {
			case d.chance(0.12):
				g = d.typo(g)
			case d.chance(0.04):
				g = g[:1]
			}
			if d.chance(0.12) {
				f = d.typo(f)
			}
			if t != "" && d.chance(0.3) {
				f = strings.TrimPrefix(t, "1st baron ")
			}
			if d.chance(0.4) {
				m = ""
			}
			if d.chance(0.4) {
				t = ""
			}
			dob := fmt.Sprintf("%d-%02d-%02d", year, month, day)
			switch {
			case d.chance(0.12):
				dob = ""
			case d.chance(0.12):
				dob = fmt.Sprintf("%d-01-01", year)
			case d.chance(0.12):
				dob = d.digit(dob)
			}
			place, code, sex, work := towns[town], postcode, gender, trade
			switch {
			case d.chance(0.12):
				place = ""
			case d.chance(0.1):
				place = towns[(town+1+d.IntN(5))%len(towns)]
			}
			switch {
			case d.chance(0.15):
				code = ""
			case d.chance(0.35):
				code = unit()
			}
			if d.chance(0.1) {
				sex = ""
			}
			switch {
			case d.chance(0.3):
				work = ""
			case d.chance(0.1):
				work = d.word(trades)
			}
			if d.chance(0.04) {
				g, f = f, g
			}
			full := strings.Join(strings.Fields(g+" "+m+" "+f+" "+t), " ")
			first := g
			if d.chance(0.03) {
				first, full = "", f
			}
			s.rows = append(s.rows, []string{full, strings.TrimSpace(first + " " + f), first, f, dob, place, code, sex, work})
			s.truth = append(s.truth, fmt.Sprint(e))
		}
	}
	s.rows, s.truth = s.rows[:rows], s.truth[:rows]
	d.shuffle(&s)
	return s
}

// register makes German persons with the day of birth in three columns: one in ten twice, with one mistake.
func register(rows int) set {
	d := newDice(2)
	s := set{columns: columnsOf("fname_c1", "fname_c2", "lname_c1", "lname_c2", "by", "bm", "bd")}
	families := surnames(900, "mann", "er", "ler", "meier", "schmidt", "bauer", "berg", "hoff", "ich", "ke")
	for e := range rows * 9 / 10 {
		r := []string{strings.ToUpper(d.word(germanGiven)), "", strings.ToUpper(d.word(families)), "", fmt.Sprint(1920 + d.IntN(85)), fmt.Sprint(1 + d.IntN(12)), fmt.Sprint(1 + d.IntN(28))}
		if d.chance(0.12) {
			r[1] = strings.ToUpper(d.word(germanGiven))
		}
		if d.chance(0.02) {
			r[3] = strings.ToUpper(d.word(families))
		}
		s.rows, s.truth = append(s.rows, r), append(s.truth, fmt.Sprint(e))
		if len(s.rows)-e > rows/10 || e%9 != 0 {
			continue
		}
		c := append([]string(nil), r...)
		switch d.IntN(6) {
		case 0, 1:
			c[0] = strings.ToUpper(d.typo(c[0]))
		case 2:
			c[2] = strings.ToUpper(d.typo(c[2]))
		case 3:
			c[4] = fmt.Sprint(1920 + d.IntN(85))
		case 4:
			c[5] = fmt.Sprint(1 + d.IntN(12))
		case 5:
			c[6] = fmt.Sprint(1 + d.IntN(28))
		}
		s.rows, s.truth = append(s.rows, c), append(s.truth, fmt.Sprint(e))
	}
	d.shuffle(&s)
	return s
}

// households makes families that share surname, address and phone, among them twins and sons who are called as their
// fathers; one person in four has a second, corrupted record.
func households(rows int) set {
	d := newDice(3)
	s := set{columns: columnsOf("given_name", "surname", "date_of_birth", "street_number", "address", "postcode", "city", "phone", "email")}
	families, streets := surnames(1500, "ton", "ford", "ley", "son", "man", "well", "ham", "er"), surnames(700, "wood", "hill", "lea", "dale", "mead")
	e := 0
	for len(s.rows) < rows {
		family, street, house := d.word(families), d.word(streets)+" street", fmt.Sprint(1+d.IntN(140))
		zip := 1000 + d.zipf(600)
		phone := fmt.Sprintf("0%d %06d", 200+zip%300, d.IntN(1e6))
		parent := d.word(givenNames)
		called := map[string]bool{parent: true}
		for k := range 1 + d.IntN(5) {
			given := d.word(givenNames)
			for called[given] {
				given = d.word(givenNames)
			}
			called[given] = true
			if k == 0 || k == 2 && d.chance(0.1) {
				given = parent
			}
			born := fmt.Sprintf("%d-%02d-%02d", 1940+30*min(k, 1)+d.IntN(25), 1+d.IntN(12), 1+d.IntN(28))
			if k == 3 && d.chance(0.2) {
				born = s.rows[len(s.rows)-1][2] // a twin
			}
			mail := ""
			if d.chance(0.4) {
				mail = fmt.Sprintf("%s.%s%d@example.com", given, family, d.IntN(100))
			}
			r := []string{given, family, born, house, street, fmt.Sprint(zip), fmt.Sprintf("town%d", zip%90), phone, mail}
			s.rows, s.truth = append(s.rows, r), append(s.truth, fmt.Sprint(e))
			if d.chance(0.25) {
				s.rows, s.truth = append(s.rows, d.corrupt(r)), append(s.truth, fmt.Sprint(e))
			}
			e++
		}
	}
	d.shuffle(&s)
	return s
}

// corrupt makes a second record of a person: one to three of its cells are lost, mistyped or, for a move, new.
func (d dice) corrupt(r []string) []string {
	c := append([]string(nil), r...)
	for range 1 + d.IntN(3) {
		i := d.IntN(len(c))
		switch {
		case c[i] == "":
		case d.chance(0.3):
			c[i] = ""
		case i == 2 || i == 3 || i == 5 || i == 7:
			c[i] = d.digit(c[i])
		default:
			c[i] = d.typo(c[i])
		}
	}
	if d.chance(0.1) {
		c[0], c[1] = c[1], c[0]
	}
	if d.chance(0.1) {
		c[3], c[4], c[5], c[6], c[7] = fmt.Sprint(1+d.IntN(140)), "new "+d.word(givenNames)+" road", fmt.Sprint(1000+d.zipf(600)), "", ""
	}
	return c
}

// customers makes an address book of a shop: one row in five is a second, corrupted record of a customer.
func customers(rows int) set {
	d := newDice(4)
	s := set{columns: columnsOf("first_name", "last_name", "email", "phone", "street", "postcode", "city", "birthday")}
	families, streets := surnames(9000, "ton", "ford", "ley", "son", "man", "well", "ham", "er", "wick", "by", "field", "ridge", "mann", "berg", "hoff", "stein"), surnames(4000, "wood", "hill", "lea", "dale", "mead")
	for e := 0; len(s.rows) < rows; e++ {
		given, family := d.word(givenNames), d.word(families)
		zip := d.IntN(8000)
		r := []string{given, family, fmt.Sprintf("%s.%s%d@mail%d.example", given, family, d.IntN(1000), d.zipf(50)), fmt.Sprintf("0%d %07d", 200+zip%300, d.IntN(1e7)),
			fmt.Sprintf("%s street %d", d.word(streets), 1+d.IntN(140)), fmt.Sprintf("%05d", 10000+zip), fmt.Sprintf("town%d", zip/9), ""}
		if d.chance(0.5) {
			r[7] = fmt.Sprintf("%d-%02d-%02d", 1940+d.IntN(65), 1+d.IntN(12), 1+d.IntN(28))
		}
		if d.chance(0.3) {
			r[2+d.IntN(2)] = ""
		}
		s.rows, s.truth = append(s.rows, r), append(s.truth, fmt.Sprint(e))
		if d.chance(0.25) {
			c := append([]string(nil), r...)
			for range 1 + d.IntN(3) {
				i := d.IntN(len(c))
				switch {
				case c[i] == "":
				case d.chance(0.3):
					c[i] = ""
				case i == 3 || i == 5 || i == 7:
					c[i] = d.digit(c[i])
				default:
					c[i] = d.typo(c[i])
				}
			}
			s.rows, s.truth = append(s.rows, c), append(s.truth, fmt.Sprint(e))
		}
	}
	d.shuffle(&s)
	return s
}
