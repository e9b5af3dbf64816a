package match

import (
	"math"
	"math/bits"
	"strings"
)

// kind says how the values of a feature are compared.
type kind uint8

const (
	kGiven kind = iota
	kFamily
	kOrder // whether given and family name stand in the same fields
	kRest  // further names
	kDate
	kPhone
	kEmail
	kText
	kCode
	kShort
	kCategory
	kinds
)

// group says whom agreement points to: the person, or all who live or work together.
type group uint8

const (
	gOther group = iota
	gPerson
	gHouse
)

// A level of 0 means that one side says nothing. The highest level of a kind is the same value.
const maxLevels = 9

// kindFacts holds what is believed of a kind before the data say more: how often rows that belong together agree to each
// level, how often others do.
type kindFacts struct {
	top    uint8
	m, u   shares
	steady float64 // how many pairs the belief in m is worth
	tf     bool    // whether rare values that are the same count more
}

var facts = [kinds]kindFacts{
	kGiven:    {top: 6, m: shares{0, .03, .04, .02, .06, .12, .73}, u: shares{0, .955, .02, .01, .006, .005, .004}, steady: 60, tf: true},
	kFamily:   {top: 6, m: shares{0, .04, .04, .01, .05, .12, .74}, u: shares{0, .96, .02, .005, .006, .005, .004}, steady: 60, tf: true},
	kOrder:    {top: 2, m: shares{0, .04, .96}, u: shares{0, .3, .7}, steady: 100},
	kRest:     {top: 3, m: shares{0, .15, .3, .55}, u: shares{0, .95, .04, .01}, steady: 20},
	kDate:     {top: 8, m: shares{0, .05, .04, .04, .02, .03, .07, .01, .74}, u: shares{0, .967, .01, .012, .003, .0015, .002, .0003, .0003}, steady: 60, tf: true},
	kPhone:    {top: 4, m: shares{0, .2, .06, .06, .68}, u: shares{0, .998, .0004, .0006, .001}, steady: 40, tf: true},
	kEmail:    {top: 5, m: shares{0, .15, .06, .05, .12, .62}, u: shares{0, .993, .006, .0008, .0002, .0002}, steady: 40, tf: true},
	kText:     {top: 6, m: shares{0, .15, .06, .08, .08, .15, .48}, u: shares{0, .93, .04, .015, .005, .005, .005}, steady: 30, tf: true},
	kCode:     {top: 4, m: shares{0, .12, .06, .1, .72}, u: shares{0, .93, .05, .005, .01}, steady: 40, tf: true},
	kShort:    {top: 3, m: shares{0, .15, .1, .75}, u: shares{0, .93, .05, .02}, steady: 40, tf: true},
	kCategory: {top: 2, m: shares{0, .1, .9}, u: shares{0, .7, .3}, steady: 30, tf: true},
}

// values are the different values of a feature. Number 0 is no value.
type values struct {
	in    *intern
	text  []string
	sig   []uint64
	quick []uint64 // of names: the signature where letters alone can make two alike, else 0
	alt   []string // reading of a name, local part of an e-mail address, a text without gaps
	skel  []uint64 // how a name sounds, signature of a local part, tail of a phone number
	day   []date
	nick  [][]uint16
	house []uint64 // of addresses: the number of the house
	tokAt []uint32
	tok   []uint32 // numbers of words, the rarest of a value first
	count []uint32 // how many different rows have it
	tf    []float32
}

// tokens of one value.
func (v *values) tokens(c uint32) []uint32 { return v.tok[v.tokAt[c]:v.tokAt[c+1]] }

// feature is one piece of evidence.
type feature struct {
	kind  kind
	group group
	name  string // the column's, for people
	role  Role
	vals  *values
	code  []uint32   // by row
	side  []uint32   // the codes of all features side by side, row by row
	pos   int        // where in a row
	width int        // of a row
	more  [][]uint32 // further columns of the same kind
	words *words     // of kText
	raw   [][]uint32 // by source column: number of the raw value to number here
	cols  []int
}

// words is the vocabulary of texts.
type words struct {
	in    *intern
	sig   []uint64
	count []uint32
	bits  []float32 // how much a word tells: log2 of one in how many rows has it
}

// imagined rows stand beside those of the table, so that a small table does not take every value for a frequent one.
const imagined = 40

// rarity fills what a rare value tells.
func rarity(counts []uint32, rows int) []float32 {
	out := make([]float32, len(counts))
	for c := 1; c < len(counts); c++ {
		// A value that two rows share is in two rows at least.
		out[c] = float32(math.Log2(float64(rows+imagined) / float64(max(counts[c], 2))))
	}
	return out
}

// rowset is a table made ready: its different rows in an order of their own, and the features.
type rowset struct {
	n        int
	features []*feature
	names    *names
	of       []int32 // row of the table to different row, -1 for an empty one
	first    []int32 // and back
	roles    []Role
}

// at gives the code of a row, from memory that holds the other codes of the row too.
func (f *feature) at(i int32) uint32 { return f.side[int(i)*f.width+f.pos] }

// layRows puts the codes of each row side by side: pairs are compared row by row, and memory is slow.
func (rs *rowset) layRows() {
	var columns [][]uint32
	for k, f := range rs.features {
		switch {
		case rs.names != nil && k == rs.names.g:
			columns = append(columns, rs.names.given)
		case rs.names != nil && k == rs.names.f:
			columns = append(columns, rs.names.family)
		case f.kind == kOrder || f.kind == kRest:
			continue
		default:
			columns = append(columns, f.code)
		}
		f.pos = len(columns) - 1
	}
	width := len(columns)
	side := make([]uint32, rs.n*width)
	parallel(rs.n, func(_, lo, hi int) {
		for c, column := range columns {
			for i := lo; i < hi; i++ {
				side[i*width+c] = column[i]
			}
		}
	})
	for _, f := range rs.features {
		f.side, f.width = side, width
	}
	if n := rs.names; n != nil {
		n.gf, n.ff = rs.features[n.g], rs.features[n.f]
	}
}

// isPlace reports whether a feature is part of where somebody lives: of such ones many differ for one reason.
func (f *feature) isPlace() bool { return f.group == gHouse && f.kind != kFamily && f.kind != kPhone }

func (f *feature) top() uint8 { return facts[f.kind].top }

// compare gives the level of agreement of two values of a feature that is not a name.
func (f *feature) compare(a, b uint32) uint8 {
	if a == 0 || b == 0 {
		return 0
	}
	v := f.vals
	if a == b && f.kind != kDate {
		return facts[f.kind].top
	}
	switch f.kind {
	case kDate:
		return compareDates(v.day[a], v.day[b])
	case kEmail:
		return v.compareEmails(a, b)
	case kPhone:
		return v.comparePhones(a, b)
	case kText:
		return f.compareTexts(a, b)
	case kCode:
		return compareCodes(v.text[a], v.text[b])
	case kShort:
		if x, y := v.text[a], v.text[b]; len(x) > 1 && len(y) > 1 && edits(x, y, 1) <= 1 {
			return 2
		}
		return 1
	}
	return 1
}

// best compares all values of two rows, and gives the level and what a rare value adds.
func (f *feature) best(i, j int32) (uint8, float32) {
	a, b := f.at(i), f.at(j)
	level := f.compare(a, b)
	tf := float32(0)
	if level == f.top() {
		tf = f.vals.tf[a]
	}
	if len(f.more) == 0 || level == f.top() {
		return level, tf
	}
	for x := -1; x < len(f.more); x++ {
		ca := a
		if x >= 0 {
			ca = f.more[x][i]
		}
		if ca == 0 {
			continue
		}
		for y := -1; y < len(f.more); y++ {
			cb := b
			if y >= 0 {
				cb = f.more[y][j]
			}
			if l := f.compare(ca, cb); l > level {
				level = l
				if l == f.top() {
					return l, f.vals.tf[ca]
				}
			}
		}
	}
	return level, tf
}

func (v *values) compareEmails(a, b uint32) uint8 {
	// The signatures say of most that they have nothing in common, without a look at the letters.
	if p, q := v.sig[a], v.sig[b]; bits.OnesCount64(p&^q) > 3 || bits.OnesCount64(q&^p) > 3 {
		if p, q := v.skel[a], v.skel[b]; bits.OnesCount64(p&^q) > 4 || bits.OnesCount64(q&^p) > 4 {
			return 1
		}
	}
	x, y := v.text[a], v.text[b]
	k := 2
	if len(x) > 24 && len(y) > 24 {
		k = 3
	}
	if !farther(v.sig[a], v.sig[b], len(x), len(y), k) && edits(x, y, k) <= k {
		// anne85@ and anne14@ are two people: letters are mistyped, numbers are chosen.
		if dx, dy := digits(x), digits(y); edits(dx, dy, 1) <= 1 {
			return 4
		}
		return 2
	}
	la, lb := v.alt[a], v.alt[b]
	switch {
	case la == lb && len(la) > 2:
		return 3
	case len(la) > 4 && len(lb) > 4 && !farther(v.skel[a], v.skel[b], len(la), len(lb), 4) && jaroWinkler(la, lb) >= 0.88:
		return 2
	}
	return 1
}

func (v *values) comparePhones(c, d uint32) uint8 {
	// Digits that agree from the end, of the sixteen that a tail holds.
	n := bits.TrailingZeros64(v.skel[c]^v.skel[d]) / 4
	if n < 6 {
		if x, y := v.sig[c], v.sig[d]; bits.OnesCount64(x&^y) > 1 || bits.OnesCount64(y&^x) > 1 {
			return 1
		}
	}
	a, b := v.text[c], v.text[d]
	switch {
	case n >= 9 || n >= 6 && (n >= len(a) || n >= len(b)):
		return 3
	case len(a) >= 7 && len(b) >= 7 && edits(a, b, 1) <= 1:
		return 2
	}
	return 1
}

// phoneTail packs the last sixteen digits of a number, four bits for each, the last one lowest; 15 stands for none.
func phoneTail(s string) uint64 {
	x := uint64(0)
	for i := range 16 {
		d := uint64(15)
		if k := len(s) - 1 - i; k >= 0 {
			d = uint64(s[k]-'0') & 15
		}
		x |= d << (4 * i)
	}
	return x
}

func compareCodes(a, b string) uint8 {
	if len(a) >= 4 && len(b) >= 4 && edits(a, b, 1) <= 1 {
		return 3
	}
	// The area is the first half, or what stands before the gap.
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	area := max(2, (min(len(a), len(b))+1)/2)
	if n >= area {
		return 2
	}
	return 1
}

// compareTexts compares word by word; rare words weigh more, and one typing error in a longer word is forgiven.
func (f *feature) compareTexts(a, b uint32) uint8 {
	v := f.vals
	x, y := v.tokens(a), v.tokens(b)
	if len(x) == 0 || len(y) == 0 {
		return 1
	}
	if len(x) > 24 {
		x = x[:24]
	}
	if len(y) > 24 {
		y = y[:24]
	}
	w := f.words
	var sumX, sumY, shared float64
	var taken uint32
	for _, t := range y {
		sumY += float64(w.bits[t])
	}
	for _, t := range x {
		tell := float64(w.bits[t])
		sumX += tell
		hit := -1
		for k, s := range y {
			if s == t && taken>>k&1 == 0 {
				hit = k
				break
			}
		}
		if hit >= 0 {
			taken |= 1 << hit
			shared += tell
			continue
		}
		word := w.in.text[t]
		if len(word) < 4 || word[0] <= '9' {
			continue
		}
		k := 1
		if len(word) >= 8 {
			k = 2
		}
		for i, s := range y {
			other := w.in.text[s]
			if taken>>i&1 == 0 && len(other) >= 4 && !farther(w.sig[t], w.sig[s], len(word), len(other), k) && edits(word, other, k) <= k {
				taken |= 1 << i
				shared += min(tell, float64(w.bits[s])) * 0.9
				break
			}
		}
	}
	small, both := min(sumX, sumY), sumX+sumY
	if both <= 0 {
		return 2
	}
	dice := 2 * shared / both
	if sameHouse := f.role != Address || v.house[a] == v.house[b]; sameHouse && (dice < 0.75 || len(x) == 1 && len(y) == 1) {
		// Gaps in the wrong place: "sweet w atdrs".
		if s, t := v.alt[a], v.alt[b]; len(s) >= 5 && len(t) >= 5 && len(s) < 62 && len(t) < 62 {
			k := 1 + min(len(s), len(t))/6
			if !farther(v.sig[a], v.sig[b], len(s), len(t), k) && edits(s, t, k) <= k {
				return 5
			}
		}
	}
	switch {
	case f.role == Address && v.house[a] != 0 && v.house[b] != 0 && v.house[a] != v.house[b]:
		if dice >= 0.2 {
			return 2 // another house of the street
		}
		return 1
	case dice >= 0.75:
		return 5
	case shared/max(small, 1e-9) >= 0.85:
		return 4
	case dice >= 0.45:
		return 3
	case dice >= 0.2:
		return 2
	}
	return 1
}

// houseNumber finds the number of the house in the folded words of an address: the first that is a number, with a letter
// behind it at most ("12a", but not "79th"). 0 where there is none.
func houseNumber(text string) uint64 {
	for word := range strings.SplitSeq(text, " ") {
		n := 0
		for n < len(word) && word[n] >= '0' && word[n] <= '9' {
			n++
		}
		if n > 0 && n < 7 && len(word)-n <= 1 {
			return hash64(17, word)
		}
	}
	return 0
}
