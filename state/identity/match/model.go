package match

import (
	"math"
	"slices"
)

// weights say what each level of each feature is worth, in bits: log2 of how much more often rows that belong together agree
// so than others. The top level of a feature whose values are not equally rare lacks what the value itself adds.
type weights struct {
	level   [][maxLevels]float32 // by feature
	m, u    []shares
	share   []float64      // how many of the pairs with the same value do not belong together
	below   []float32      // by feature: the most that a level below the top is worth
	most    []float32      // by feature: the most that it can be worth at all
	rarest  []float32      // by feature: what its rarest value adds
	prior   float32        // log2 odds that two rows chosen by chance belong together
	house   float32        // what agreement of all that a household shares can be worth at most
	implied [][]float32    // by feature and feature: the most that agreement of the first is worth where the second agrees
	home    float32        // log2 odds that two rows that share all that a household shares are one person
	mend    func(*weights) // bounds the levels, whatever was learnt; may be nil
}

// defaults are the weights before the data say more.
func defaults(rs *rowset) *weights {
	w := &weights{level: make([][maxLevels]float32, len(rs.features)), share: make([]float64, len(rs.features)), home: startHome}
	for i, f := range rs.features {
		k := &facts[f.kind]
		w.m, w.u = append(w.m, k.m), append(w.u, k.u)
		w.share[i] = 0.8
	}
	w.implied = implications(rs)
	for _, f := range rs.features {
		w.rarest = append(w.rarest, slices.Max(append(slices.Clone(f.vals.tf), 0)))
	}
	// One row in five has another that belongs to it, until the data say otherwise.
	w.setPrior(0.2 * float64(rs.n) / pairsOf(rs.n+imagined))
	w.weigh(rs)
	return w
}

// shares says how often pairs agree to each level.
type shares [maxLevels]float64

// within keeps what was learnt in sight of what is believed: however dirty a table is, most rows that belong together have
// the same values, else what was found is something else than the same person.
func (m *shares) within(k *kindFacts) {
	rest := 1.0
	for l := 1; l < int(k.top); l++ {
		m[l] = math.Min(m[l], 2.5*k.m[l])
		rest -= m[l]
	}
	m[k.top] = math.Max(rest, m[k.top])
}

func (w *weights) setPrior(p float64) {
	p = math.Min(math.Max(p, 1e-13), 0.5)
	w.prior = float32(math.Log2(p / (1 - p)))
}

// otherBits bounds what all columns that are not known say together: nobody knows how much they depend on each other.
const otherBits = 10

// The bounds of what one feature may say against and for a pair.
const (
	minBits = -7
	maxBits = 24
)

// weigh computes the bits from the shares.
func (w *weights) weigh(rs *rowset) {
	for i, f := range rs.features {
		k := &facts[f.kind]
		for l := 1; l <= int(k.top); l++ {
			b := math.Log2(w.m[i][l] / w.u[i][l])
			if l == int(k.top) && k.tf {
				b = math.Log2(w.m[i][l] / w.share[i])
			}
			w.level[i][l] = float32(math.Min(math.Max(b, minBits), maxBits))
		}
		if f.kind == kOrder {
			// Exchanged names are found by looking for them: that they fit says what the names themselves say.
			w.level[i][1], w.level[i][2] = float32(math.Log2(math.Min(w.m[i][1], 0.3))), 0
			continue
		}
		last := int(k.top)
		if k.tf {
			last--
		}
		w.rise(i, last)
		// To differ is never for a pair, and in a column that is not known it is little against it.
		w.level[i][1] = min(w.level[i][1], 0)
		if f.role == Other {
			w.level[i][1] = max(w.level[i][1], -2)
		}
	}
	if w.mend != nil {
		w.mend(w)
	}
	w.house = -w.prior + w.home
	w.below, w.most = make([]float32, len(rs.features)), make([]float32, len(rs.features))
	for i, f := range rs.features {
		for l := 1; l < int(f.top()); l++ {
			w.below[i] = max(w.below[i], w.level[i][l])
		}
		w.most[i] = max(w.below[i], w.level[i][f.top()]+w.rarest[i])
	}
}

// rise sees to it that agreeing more never tells less: neighbouring levels that would are taken together.
func (w *weights) rise(i, last int) {
	type block struct {
		m, u float64
		to   int
	}
	var blocks []block
	for l := 1; l <= last; l++ {
		blocks = append(blocks, block{w.m[i][l], w.u[i][l], l})
		for n := len(blocks); n > 1 && blocks[n-2].m*blocks[n-1].u >= blocks[n-1].m*blocks[n-2].u; n = len(blocks) {
			blocks[n-2].m += blocks[n-1].m
			blocks[n-2].u += blocks[n-1].u
			blocks[n-2].to = l
			blocks = blocks[:n-1]
		}
	}
	l := 1
	for _, b := range blocks {
		bits := float32(math.Min(math.Max(math.Log2(b.m/b.u), minBits), maxBits))
		for ; l <= b.to; l++ {
			w.level[i][l] = bits
		}
	}
}

// levels compares two rows by all features. tf is what the rarity of same values adds, by feature.
func (rs *rowset) levels(i, j int32, lv []uint8, tf []float32, w *weights) (exchanged bool) {
	for k, f := range rs.features {
		switch f.kind {
		case kGiven, kFamily, kOrder, kRest:
			continue
		}
		lv[k], tf[k] = f.best(i, j)
	}
	if n := rs.names; n != nil {
		exchanged = n.levels(i, j, lv, tf, w)
	}
	return exchanged
}

// Bounds of evidence that is not independent.
const (
	movedBits = -5 // somebody moved: street, number, postcode and town differ for one reason
	twinBits  = -6 // of people of one household with one birthday and different given names
)

// mailBits is the most that addresses which are alike are worth, by level, where the names in them are alike too.
var mailBits = [5]float32{0, 0, 0, 2, 7}

// bits adds up the evidence of levels; core leaves out the columns that are not known. bound reports that the pair shares
// all that a household shares, so that the rest had to say whether they are one.
func (w *weights) bits(rs *rowset, lv []uint8, tf []float32, core bool) (sum float32, bound bool) {
	var person, place, house, other float32
	named := false
	for k, f := range rs.features {
		l := lv[k]
		if l == 0 {
			continue
		}
		b := w.level[k][l] + tf[k]
		if d := w.implied[k]; d != nil && l == f.top() && b > 0 {
			for a, most := range d {
				if most < b && lv[a] == rs.features[a].top() {
					b = most
				}
			}
		}
		if f.kind == kEmail && l < f.top() && rs.names != nil && (lv[rs.names.g] >= namePart || lv[rs.names.f] >= namePart) {
			b = min(b, mailBits[l]) // people of one name choose addresses that are alike
		}
		switch {
		case f.role == Other:
			other += b
		case f.group == gPerson:
			person += b
			named = named || f.kind != kOrder && f.kind != kCategory
		case f.isPlace():
			if b < 0 {
				place += b
			} else {
				house += b
			}
		case f.group == gHouse:
			house += b
		default:
			sum += b
		}
	}
	house += max(place, movedBits)
	if rs.names != nil && house > w.house {
		// What a household shares is one piece of evidence, however many columns tell it: of two people of one
		// surname at one address the rest must say whether they are one.
		house, bound = w.house, true
		if named && lv[rs.names.g] == nameDifferent {
			// The fewer such households the table has, the rather is the name wrong.
			person += twinBits * min(max((4-w.home)/3, 0), 1)
		}
	}
	if !core {
		sum += min(max(other, -otherBits), otherBits)
	}
	return w.prior + sum + person + house, bound
}

const (
	chancePairs = 150_000 // pairs chosen by chance, which teach u
	learnPairs  = 200_000 // candidates, which teach m
	rounds      = 12

	// startHome is how likely people who share all that a household shares are one, before the data say more.
	startHome = 1

	// mostPartners is how many others a row belongs together with on average at most.
	mostPartners = 8
)

// learn fits the weights to the table. Candidates are all pairs that blocking found, sorted.
func learn(rs *rowset, candidates []uint64) *weights { return learnFrom(rs, candidates, defaults(rs)) }

// learnFrom fits weights to the table, beginning with w.
func learnFrom(rs *rowset, candidates []uint64, w *weights) *weights {
	if rs.n < 2 || len(rs.features) == 0 {
		return w
	}
	all := pairsOf(rs.n)
	nf := len(rs.features)

	// How often pairs agree by chance.
	chance := chanceOf(rs, w)

	// Candidates, each step-th one.
	step := max(1, len(candidates)/learnPairs)
	n := (len(candidates) + step - 1) / step
	scale := float64(step)
	lv := make([]uint8, n*nf)
	tf := make([]float32, n*nf)
	// Columns that are not known learn from the others and do not teach: what all rows of one source or agency share
	// would be taken for a person.
	core := slices.ContainsFunc(rs.features, func(f *feature) bool { return f.role != Other && f.kind != kCategory })
	compare := func() {
		parallel(n, func(_, lo, hi int) {
			for x := lo; x < hi; x++ {
				p := candidates[x*step]
				rs.levels(int32(p>>32), int32(p&math.MaxUint32), lv[x*nf:(x+1)*nf], tf[x*nf:(x+1)*nf], w)
			}
		})
	}
	compare()
	// How many pairs of the whole table have the same value.
	same := make([]float64, nf)
	for k, f := range rs.features {
		counts := f.vals.count
		if n := rs.names; n != nil && (k == n.g || k == n.f) {
			counts = make([]uint32, len(f.vals.text))
			codes := n.given
			if k == n.f {
				codes = n.family
			}
			for _, c := range codes {
				counts[c]++
			}
			counts[0] = 0
		}
		for _, c := range counts {
			same[k] += float64(c) * (float64(c) - 1) / 2
		}
	}

	type sums struct {
		levels [][maxLevels]float64
		total  float64
		home   [2]float64 // of pairs of one household: one person, several
	}
	chunks := (n + chunk - 1) / chunk
	part := make([]sums, chunks)
	for round := range rounds {
		parallel(n, func(c, lo, hi int) {
			s := sums{levels: make([][maxLevels]float64, nf)}
			for x := lo; x < hi; x++ {
				b, bound := w.bits(rs, lv[x*nf:(x+1)*nf], tf[x*nf:(x+1)*nf], core)
				p := 1 / (1 + math.Exp2(-float64(b)))
				if bound {
					s.home[0] += p
					s.home[1] += 1 - p
				}
				if p < 1e-4 {
					continue
				}
				s.total += p
				for k, l := range lv[x*nf : (x+1)*nf] {
					s.levels[k][l] += p
				}
			}
			part[c] = s
		})
		sum := sums{levels: make([][maxLevels]float64, nf)}
		for _, s := range part {
			sum.total += s.total
			sum.home[0] += s.home[0]
			sum.home[1] += s.home[1]
			for k := range s.levels {
				for l := range s.levels[k] {
					sum.levels[k][l] += s.levels[k][l]
				}
			}
		}
		// A handful of pairs teaches nothing about how frequent pairs are.
		found := math.Min(sum.total*scale, mostPartners*float64(rs.n)/2) + 0.02*float64(rs.n)
		w.setPrior(found / pairsOf(rs.n+imagined))
		home := math.Log2((sum.home[0] + 20*math.Exp2(startHome)) / (sum.home[1] + 20))
		w.home = float32(math.Min(math.Max(home, -4), 6))
		for k, f := range rs.features {
			kf := &facts[f.kind]
			known := 0.0
			for l := 1; l <= int(kf.top); l++ {
				known += sum.levels[k][l]
			}
			for l := 1; l <= int(kf.top); l++ {
				w.m[k][l] = (sum.levels[k][l] + kf.steady*kf.m[l]) / (known + kf.steady)
			}
			if f.role != Other {
				w.m[k].within(kf)
			}
			// What the pairs that belong together add to agreement by chance is no chance.
			var left [maxLevels]float64
			total := 0.0
			for l := 1; l <= int(kf.top); l++ {
				left[l] = math.Max(chance[k][l]*all-sum.levels[k][l]*scale, 0)
				total += left[l]
			}
			sample := math.Max(total, 1) * chanceSize(rs.n) / all
			for l := 1; l <= int(kf.top); l++ {
				w.u[k][l] = (left[l]/math.Max(total, 1)*sample + 20*kf.u[l]) / (sample + 20)
			}
			if same[k] > 0 {
				w.share[k] = math.Min(1, math.Max(0.05, 1-sum.levels[k][kf.top]*scale/same[k]))
			}
		}
		w.weigh(rs)
		if round == 3 {
			compare() // which names are exchanged depends on the weights
		}
	}
	return w
}

func chanceSize(n int) float64 {
	return math.Min(pairsOf(n), chancePairs)
}

func pairsOf(n int) float64 { return float64(n) * float64(n-1) / 2 }

// chanceOf compares pairs chosen by chance, all where there are few, and gives the share of all pairs at each level.
func chanceOf(rs *rowset, w *weights) [][maxLevels]float64 {
	nf := len(rs.features)
	size := int(chanceSize(rs.n))
	every := pairsOf(rs.n) <= chancePairs
	chunks := (size + chunk - 1) / chunk
	part := make([][][maxLevels]float64, chunks)
	parallel(size, func(c, lo, hi int) {
		s := newScorer(rs, w)
		counts := make([][maxLevels]float64, nf)
		for x := lo; x < hi; x++ {
			var i, j int32
			if every {
				i, j = triangle(x)
			} else {
				i = int32(mix(uint64(x)*2+1) % uint64(rs.n))
				j = int32(mix(uint64(x)*2+2) % uint64(rs.n-1))
				if j >= i {
					j++
				}
			}
			rs.levels(i, j, s.lv, s.tf, w)
			for k, l := range s.lv {
				counts[k][l]++
			}
		}
		part[c] = counts
	})
	out := make([][maxLevels]float64, nf)
	for _, p := range part {
		for k := range p {
			for l := range p[k] {
				out[k][l] += p[k][l] / float64(size)
			}
		}
	}
	return out
}

// triangle gives the x-th pair of (1,0) (2,0) (2,1) (3,0) ...
func triangle(x int) (i, j int32) {
	r := int((math.Sqrt(8*float64(x)+1) + 1) / 2)
	for r*(r-1)/2 > x {
		r--
	}
	for r*(r+1)/2 <= x {
		r++
	}
	return int32(r), int32(x - r*(r-1)/2)
}

// impliedRows is how many rows are looked at to see which features follow from others.
const impliedRows = 100_000

// implications finds out how much one feature follows from another: a postcode says the town, a given name the gender. Who
// shares the first then shares the second anyway, and that says nothing more.
func implications(rs *rowset) [][]float32 {
	out := make([][]float32, len(rs.features))
	n := min(rs.n, impliedRows)
	codes := func(f *feature) []uint32 {
		switch {
		case f.kind == kGiven:
			return rs.names.given
		case f.kind == kOrder || f.kind == kRest || f.kind == kFamily || f.role == Other || f.kind == kEmail:
			return nil
		}
		return f.code
	}
	tasks(len(rs.features), func(k int) {
		b := rs.features[k]
		coarse := codes(b)
		if b.kind == kGiven || b.kind == kDate || b.kind == kPhone || coarse == nil {
			return
		}
		for x, a := range rs.features {
			fine := codes(a)
			if x == k || fine == nil || a.kind == kDate || (a.kind == kGiven) != (b.role == Gender) || a.kind == kShort || a.role == Gender || a.kind == kPhone {
				continue
			}
			both := make([]uint64, 0, n)
			for i := range n {
				if p, q := fine[i], coarse[i]; p != 0 && q != 0 {
					both = append(both, uint64(p)<<32|uint64(q))
				}
			}
			sortPairs(both)
			together, all := sharedPairs(both, 0), sharedPairs(both, 32)
			// Pairs that belong together share both whatever the table is like: where the finer one is nearly
			// different for each row, they are all that there is.
			if all < 50 || all < float64(len(both)) {
				continue
			}
			if out[k] == nil {
				out[k] = make([]float32, len(rs.features))
				for i := range out[k] {
					out[k][i] = maxBits
				}
			}
			out[k][x] = float32(-math.Log2(math.Max(together/all, 1e-6)))
		}
	})
	return out
}

// sharedPairs counts pairs of neighbours in a sorted list that are the same above the lowest bits.
func sharedPairs(sorted []uint64, bits int) float64 {
	sum := 0.0
	for from := 0; from < len(sorted); {
		to := from + 1
		for to < len(sorted) && sorted[to]>>bits == sorted[from]>>bits {
			to++
		}
		sum += pairsOf(to - from)
		from = to
	}
	return sum
}
