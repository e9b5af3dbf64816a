package match

import (
	"math"
	"slices"
)

// edge is a pair that may belong together.
type edge struct {
	i, j int32
	bits float32
}

// keepBits is how likely, as log2 odds, a pair must be at least to be worth a thought.
const keepBits = -4

// scorePairs weighs all candidates and gives those that may belong together, the likeliest first.
func scorePairs(rs *rowset, w *weights, candidates []uint64) []edge {
	chunks := (len(candidates) + chunk - 1) / chunk
	part := make([][]edge, chunks)
	parallel(len(candidates), func(c, lo, hi int) {
		s := newScorer(rs, w)
		var out []edge
		for _, p := range candidates[lo:hi] {
			i, j := int32(p>>32), int32(p&math.MaxUint32)
			if b, ok := s.promising(i, j, keepBits); ok {
				out = append(out, edge{i, j, b})
			}
		}
		part[c] = out
	})
	edges := slices.Concat(part...)
	slices.SortFunc(edges, func(a, b edge) int {
		switch {
		case a.bits > b.bits:
			return -1
		case a.bits < b.bits:
			return 1
		case a.i != b.i:
			return int(a.i - b.i)
		}
		return int(a.j - b.j)
	})
	return edges
}

// groups is a partition of rows that grows by joining.
type groups struct {
	of      []int32
	members [][]int32 // nil for a row alone
}

func newGroups(n int) *groups {
	g := &groups{of: make([]int32, n), members: make([][]int32, n)}
	for i := range g.of {
		g.of[i] = int32(i)
	}
	return g
}

// rows gives the rows of a group; one has room for a single row.
func (g *groups) rows(c int32, one *[1]int32) []int32 {
	if m := g.members[c]; m != nil {
		return m
	}
	one[0] = c
	return one[:]
}

func (g *groups) join(a, b int32) {
	var ra, rb [1]int32
	x, y := g.rows(a, &ra), g.rows(b, &rb)
	if len(x) < len(y) || len(x) == len(y) && a > b {
		a, b, x, y = b, a, y, x
	}
	if g.members[a] == nil {
		x = append(make([]int32, 0, 4), a)
	}
	for _, r := range y {
		g.of[r] = a
	}
	x = append(x, y...)
	slices.Sort(x)
	g.members[a], g.members[b] = x, nil
}

// Bounds of what one pair says when groups are joined, and how many pairs are asked.
const (
	clipBits  = 12
	mostAsked = 100
)

// cluster joins groups along the likeliest pairs, where all their rows taken together speak for it: one likely pair between
// two groups whose other rows differ joins nothing.
func cluster(rs *rowset, w *weights, edges []edge) *groups {
	g := newGroups(rs.n)
	s := newScorer(rs, w)
	var ra, rb [1]int32
	for _, e := range edges {
		if e.bits <= 0 {
			break
		}
		a, b := g.of[e.i], g.of[e.j]
		if a == b {
			continue
		}
		x, y := g.rows(a, &ra), g.rows(b, &rb)
		if len(x)*len(y) == 1 || s.mean(x, y) > 0 {
			g.join(a, b)
		}
	}
	return g
}

// mean gives what the pairs between two groups say on average.
func (s *scorer) mean(x, y []int32) float32 {
	stepX, stepY := 1, 1
	for (len(x)/stepX)*(len(y)/stepY) > mostAsked {
		if len(x)/stepX > len(y)/stepY {
			stepX++
		} else {
			stepY++
		}
	}
	sum, n := float32(0), 0
	for i := 0; i < len(x); i += stepX {
		for j := 0; j < len(y); j += stepY {
			p, q := x[i], y[j]
			if p > q {
				p, q = q, p
			}
			sum += min(max(s.score(p, q), -clipBits), clipBits)
			n++
		}
	}
	return sum / float32(n)
}

// sureBits is how likely a pair must be that links by itself.
const sureBits = 10

// surely joins only what would link by itself: within the most probable groups, along pairs that are all but certain, where
// no pair of the joined rows contradicts.
func surely(rs *rowset, w *weights, edges []edge, likely *groups) *groups {
	g := newGroups(rs.n)
	s := newScorer(rs, w)
	var ra, rb [1]int32
	for _, e := range edges {
		if e.bits < sureBits {
			break
		}
		a, b := g.of[e.i], g.of[e.j]
		if a == b || likely.of[e.i] != likely.of[e.j] {
			continue
		}
		if x, y := g.rows(a, &ra), g.rows(b, &rb); s.agree(x, y) {
			g.join(a, b)
		}
	}
	return g
}

// agree reports that no pair between two groups contradicts, and none is unlikely.
func (s *scorer) agree(x, y []int32) bool {
	for _, p := range x {
		for _, q := range y {
			i, j := min(p, q), max(p, q)
			if s.score(i, j) < 0 || s.contradicts() {
				return false
			}
		}
	}
	return true
}

// contradicts reports that the pair scored last has values that one person, or one organisation, does not have both of.
func (s *scorer) contradicts() bool {
	persons := s.rs.names != nil
	family, reached, own := false, false, false
	for k, f := range s.rs.features {
		l := s.lv[k]
		if l == 0 {
			continue
		}
		switch {
		case f.kind == kDate && f.role == Birthday:
			if l <= dateNear {
				return true
			}
			own = own || l > dateYear
		case f.kind == kGiven:
			if l == nameDifferent {
				return true
			}
		case f.kind == kFamily:
			family = l == nameDifferent
		case f.kind == kEmail, f.kind == kPhone:
			reached = reached || l == f.top()
			own = own || f.kind == kEmail && l >= f.top()-1
			if !persons && f.kind == kPhone && l == 1 {
				return true
			}
		case f.role == Gender:
			if l == 1 {
				return true
			}
		case f.role == Address, f.role == Company:
			// A person moves and changes jobs; an organisation elsewhere is another place of it.
			if !persons && l <= 3 {
				return true
			}
		case f.kind == kCode:
			if !persons && l < f.top() {
				return true
			}
		}
	}
	if persons && !own && s.w.home < 4 {
		// Where families are in the table, a son may be called as his father is.
		return true
	}
	return family && !reached // a surname changes, but then something else must say so
}
