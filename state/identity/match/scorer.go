package match

import (
	"slices"
)

// scorer compares rows for one goroutine.
type scorer struct {
	rs *rowset
	w  *weights
	lv []uint8
	tf []float32

	order []int     // features that are no names, the cheapest first
	hope  []float32 // by feature: the most that it can still say
}

func newScorer(rs *rowset, w *weights) *scorer {
	return &scorer{rs: rs, w: w, lv: make([]uint8, len(rs.features)), tf: make([]float32, len(rs.features)),
		order: cheapFirst(rs), hope: make([]float32, len(rs.features))}
}

// score gives the log2 odds that two rows belong together.
func (s *scorer) score(i, j int32) float32 {
	s.rs.levels(i, j, s.lv, s.tf, s.w)
	b, _ := s.w.bits(s.rs, s.lv, s.tf, false)
	return b
}

// promising reports whether two rows could have more than floor bits, and scores them only as far as that takes: most
// pairs that meet differ in so much that their other values need not be compared letter by letter.
func (s *scorer) promising(i, j int32, floor float32) (float32, bool) {
	w, rs := s.w, s.rs
	var most, place, other float32
	most = w.prior
	for _, k := range s.order {
		f := rs.features[k]
		a, b := f.at(i), f.at(j)
		best := float32(0)
		switch {
		case len(f.more) > 0:
			best = w.most[k]
		case a == 0 || b == 0:
		case a == b:
			best = w.level[k][f.top()] + f.vals.tf[a]
		default:
			best = w.below[k]
		}
		s.hope[k] = best
		switch {
		case f.role == Other:
			other += best
		case best < 0 && f.isPlace():
			place += best
		default:
			most += best
		}
	}
	most += min(other, otherBits)
	if n := rs.names; n != nil {
		s.lv[n.g], s.lv[n.f], s.lv[n.o] = 0, 0, 0
		n.levels(i, j, s.lv, s.tf, w)
		for k := n.g; k <= max(n.o, n.r); k++ {
			if l := s.lv[k]; l != 0 {
				most += w.level[k][l] + s.tf[k]
			}
		}
	}
	if most+max(place, movedBits) < floor {
		return 0, false
	}
	for _, k := range s.order {
		f := rs.features[k]
		s.lv[k], s.tf[k] = f.best(i, j)
		if f.role == Other {
			continue
		}
		got := float32(0)
		if l := s.lv[k]; l != 0 {
			got = w.level[k][l] + s.tf[k]
		}
		for sign, b := range [2]float32{-s.hope[k], got} {
			if f.isPlace() && (sign == 0 && b > 0 || sign == 1 && b < 0) {
				place += b
			} else {
				most += b
			}
		}
		if most+max(place, movedBits) < floor {
			return 0, false
		}
	}
	b, _ := w.bits(rs, s.lv, s.tf, false)
	return b, b > floor
}

// cost orders the kinds by what it takes to compare their values.
var cost = [kinds]int{kDate: 1, kCategory: 1, kShort: 2, kCode: 3, kPhone: 4, kText: 6, kEmail: 5}

// cheapFirst orders the features that are no names, the cheapest to compare first.
func cheapFirst(rs *rowset) []int {
	var order []int
	for k, f := range rs.features {
		switch f.kind {
		case kGiven, kFamily, kOrder, kRest:
		default:
			order = append(order, k)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cost[rs.features[a].kind] - cost[rs.features[b].kind] })
	return order
}
