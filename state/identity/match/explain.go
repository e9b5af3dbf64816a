package match

import (
	"iter"
	"math"
)

// Verdict says what comes of a pair.
type Verdict string

// Verdicts. A sure pair links by itself; a likely one is in one group by all that is known of it and its neighbours; a
// doubtful one stays apart, but a person might see more.
const (
	Sure     Verdict = "sure"
	Likely   Verdict = "likely"
	Doubtful Verdict = "doubtful"
)

// Evidence is what one feature says about a pair.
type Evidence struct {
	Field  string // the columns it comes from
	Role   Role
	Level  string // how the values agree: a code, see [Levels]
	A, B   string // the values as they stand in the table
	Bits   float64
	Capped bool // one of several things that a household shares, which together count less than their sum
}

// Levels are the codes of agreement.
var Levels = []string{"same", "typo", "part", "initial", "alike", "different", "exchanged", "in_order", "swapped_day_month", "digit_off",
	"year_off", "part_off", "year", "near", "tail", "same_mailbox", "area", "much", "contained", "some", "little", "all"}

var levelCodes = [kinds][maxLevels]string{
	kGiven:    {"", "different", "alike", "initial", "part", "typo", "same"},
	kFamily:   {"", "different", "alike", "initial", "part", "typo", "same"},
	kOrder:    {"", "exchanged", "in_order"},
	kRest:     {"", "different", "some", "all"},
	kDate:     {"", "different", "near", "year", "year_off", "part_off", "digit_off", "swapped_day_month", "same"},
	kPhone:    {"", "different", "digit_off", "tail", "same"},
	kEmail:    {"", "different", "alike", "same_mailbox", "typo", "same"},
	kText:     {"", "different", "little", "some", "contained", "much", "same"},
	kCode:     {"", "different", "area", "digit_off", "same"},
	kShort:    {"", "different", "digit_off", "same"},
	kCategory: {"", "different", "same"},
}

// Pair is two rows of the table and what is known of them.
type Pair struct {
	A, B        int // rows, from 0; A stands first
	Verdict     Verdict
	Bits        float64 // log2 odds that they belong together
	Probability float64
	Evidence    []Evidence // strongest first, for or against
}

// Explain weighs two rows of the table.
func (r *Result) Explain(a, b int) Pair {
	a, b = min(a, b), max(a, b)
	p := Pair{A: a, B: b, Verdict: Doubtful}
	switch {
	case r.Sure[a] == r.Sure[b]:
		p.Verdict = Sure
	case r.Cluster[a] == r.Cluster[b]:
		p.Verdict = Likely
	}
	i, j := r.rs.of[a], r.rs.of[b]
	if i < 0 || j < 0 {
		return p
	}
	s := newScorer(r.rs, r.w)
	p.Bits = float64(s.score(min(i, j), max(i, j)))
	p.Probability = 1 / (1 + math.Exp2(-p.Bits))
	house := float32(0)
	for k, f := range r.rs.features {
		if s.lv[k] != 0 && f.group == gHouse {
			house += r.w.level[k][s.lv[k]] + s.tf[k]
		}
	}
	exchanged := r.rs.levels(min(i, j), max(i, j), s.lv, s.tf, r.w)
	for k, f := range r.rs.features {
		l := s.lv[k]
		if l == 0 {
			continue
		}
		bits := r.w.level[k][l] + s.tf[k]
		if f.kind == kOrder && bits > -1 {
			continue // that names stand where they should is no news
		}
		e := Evidence{Field: f.name, Role: f.role, Level: levelCodes[f.kind][l], Bits: math.Round(float64(bits)*10) / 10,
			Capped: f.group == gHouse && house > r.w.house && r.rs.names != nil}
		switch f.kind {
		case kGiven:
			e.Role = Given
			e.A, e.B = r.nameText(i, i < j || !exchanged), r.nameText(j, i > j || !exchanged)
		case kFamily:
			e.Role = Surname
			e.A, e.B = r.nameText(i, exchanged && i > j), r.nameText(j, exchanged && i < j)
		case kOrder, kRest:
		default:
			e.A, e.B = r.text(f, a), r.text(f, b)
		}
		p.Evidence = append(p.Evidence, e)
	}
	sortEvidence(p.Evidence)
	return p
}

func sortEvidence(e []Evidence) {
	for i := range e {
		for j := i; j > 0 && math.Abs(e[j].Bits) > math.Abs(e[j-1].Bits); j-- {
			e[j], e[j-1] = e[j-1], e[j]
		}
	}
}

func (r *Result) nameText(i int32, given bool) string {
	n := r.rs.names
	if given {
		return n.vals.text[n.given[i]]
	}
	return n.vals.text[n.family[i]]
}

// text gives what stands in the columns of a feature.
func (r *Result) text(f *feature, row int) string {
	s := ""
	for _, c := range f.cols {
		if v := r.table.values[c].text[r.table.cells[c][row]]; v != "" {
			if s != "" {
				s += ", "
			}
			s += v
		}
	}
	return s
}

// doubtBits is how likely a pair must be to be told although it links nothing.
const doubtBits = -3

// Pairs gives each pair that is linked, or doubtful, the most certain first. Rows that are the same in every column stand
// for each other: the first of them is named in all pairs, and in one with each of the others.
func (r *Result) Pairs() iter.Seq[Pair] {
	return func(yield func(Pair) bool) {
		for row, i := range r.rs.of {
			if i >= 0 && int(r.rs.first[i]) != row && r.Cluster[row] == r.Cluster[r.rs.first[i]] {
				if !yield(r.Explain(int(r.rs.first[i]), row)) {
					return
				}
			}
		}
		for _, e := range r.edges {
			a, b := r.rs.first[e.i], r.rs.first[e.j]
			if e.bits <= doubtBits && r.Cluster[a] != r.Cluster[b] {
				continue
			}
			if !yield(r.Explain(int(a), int(b))) {
				return
			}
		}
	}
}
