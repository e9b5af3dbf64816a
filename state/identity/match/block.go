package match

import (
	"math"
	"slices"
)

// An atom is something by which rows may meet: some hashes for each row, none where it says nothing.
type atom struct {
	kind atomKind
	keys func(i int32, out []uint64) []uint64
	col  int // the column behind it: two atoms of one column are not combined
}

type atomKind uint8

const (
	aName  atomKind = iota // a name's sound
	aDate                  // part of a date
	aPlace                 // where somebody lives or works
	aOther
)

// passes gives the ways in which rows may meet: each atom that is telling alone, and pairs of atoms from different columns.
func (rs *rowset) passes() []func(i int32, out []uint64) []uint64 {
	var out []func(int32, []uint64) []uint64
	var atoms []atom
	one := func(code []uint32, hash []uint64) func(int32, []uint64) []uint64 {
		return func(i int32, out []uint64) []uint64 {
			if c := code[i]; c != 0 && hash[c] != 0 {
				out = append(out, hash[c])
			}
			return out
		}
	}
	hashes := func(v *values, of func(c uint32) string) []uint64 {
		h := make([]uint64, len(v.text))
		parallel(len(h), func(_, lo, hi int) {
			for c := max(lo, 1); c < hi; c++ {
				if s := of(uint32(c)); s != "" {
					h[c] = hash64(11, s)
				}
			}
		})
		return h
	}

	if n := rs.names; n != nil {
		v := n.vals
		each := func(i int32, out []uint64) []uint64 {
			if g := n.given[i]; g != 0 {
				out = append(out, v.skel[g])
			}
			if f := n.family[i]; f != 0 && (len(out) == 0 || out[0] != v.skel[f]) {
				out = append(out, v.skel[f])
			}
			return out
		}
		atoms = append(atoms, atom{aName, each, -1})
		begin := hashes(v, func(c uint32) string { return cut(v.alt[c], 3) })
		end := hashes(v, func(c uint32) string { s := v.alt[c]; return s[max(0, len(s)-3):] })
		both := func(h []uint64) func(int32, []uint64) []uint64 {
			return func(i int32, out []uint64) []uint64 {
				if g, f := n.given[i], n.family[i]; g != 0 && f != 0 {
					a, b := h[g], h[f]
					out = append(out, pair(1, min(a, b), max(a, b)))
				}
				return out
			}
		}
		out = append(out, both(v.skel), both(begin), both(end))
		out = append(out, each) // a rare name alone
		if n.restAt != nil {
			out = append(out, func(i int32, out []uint64) []uint64 {
				// Further names in pairs, in any order.
				w := n.more(i)
				if len(w) > 6 {
					w = w[:6]
				}
				all := make([]uint64, 0, 8)
				for _, c := range w {
					all = append(all, v.skel[c])
				}
				all = each(i, all)
				for x := range all {
					for y := range x {
						if all[x] != all[y] {
							out = append(out, pair(5, min(all[x], all[y]), max(all[x], all[y])))
						}
					}
				}
				return out
			})
		}
	}
	for k, f := range rs.features {
		v := f.vals
		switch f.kind {
		case kDate:
			part := func(kind uint64, of func(d date) uint64) func(int32, []uint64) []uint64 {
				h := make([]uint64, len(v.day))
				for c, d := range v.day {
					if x := of(d); x != 0 {
						h[c] = mix(x ^ kind<<40)
					}
				}
				return one(f.code, h)
			}
			year := part(1, func(d date) uint64 { return uint64(d.year()) })
			monthDay := part(2, func(d date) uint64 {
				if d.vague() {
					return 0
				}
				return uint64(min(d.month(), d.day())*100 + max(d.month(), d.day()))
			})
			whole := part(3, func(d date) uint64 {
				if d.vague() {
					return 0
				}
				return uint64(d.year()*10000 + min(d.month(), d.day())*100 + max(d.month(), d.day()))
			})
			atoms = append(atoms, atom{aDate, year, k}, atom{aDate, monthDay, k})
			out = append(out, whole)
		case kEmail:
			h, local := hashes(v, func(c uint32) string { return v.text[c] }), hashes(v, func(c uint32) string { return v.alt[c] })
			out = append(out, one(f.code, h), one(f.code, local))
		case kPhone:
			tail := hashes(v, func(c uint32) string { s := v.text[c]; return s[max(0, len(s)-7):] })
			keys := func(i int32, out []uint64) []uint64 {
				out = one(f.code, tail)(i, out)
				for _, m := range f.more {
					out = one(m, tail)(i, out)
				}
				return out
			}
			out = append(out, keys)
			if len(atoms) < 6 {
				atoms = append(atoms, atom{aPlace, keys, k})
			}
		case kText, kCode, kShort:
			h := hashes(v, func(c uint32) string { return squeeze(v.text[c]) })
			kind := aOther
			if f.group == gHouse {
				kind = aPlace
			}
			if f.kind != kShort || f.group != gHouse {
				out = append(out, one(f.code, h))
			}
			if len(v.text) > 8 && len(atoms) < 8 {
				atoms = append(atoms, atom{kind, one(f.code, h), k})
			}
			if f.kind == kText {
				out = append(out, f.rareWords(1), f.rareWords(2))
			}
		}
	}
	for x, a := range atoms {
		for _, b := range atoms[:x] {
			if a.col == b.col || a.kind == aOther && b.kind == aOther {
				continue
			}
			seed := uint64(x)*131 + uint64(b.col+7)
			out = append(out, func(i int32, out []uint64) []uint64 {
				var sa, sb [4]uint64
				for _, p := range a.keys(i, sa[:0]) {
					for _, q := range b.keys(i, sb[:0]) {
						out = append(out, pair(seed, p, q))
					}
				}
				return out
			})
		}
	}
	return out
}

// rareWords gives the rarest words of a text, alone or two by two.
func (f *feature) rareWords(size int) func(int32, []uint64) []uint64 {
	w := f.words
	h := make([]uint64, len(w.in.text))
	for k := 1; k < len(h); k++ {
		h[k] = hash64(13, w.in.text[k])
	}
	return func(i int32, out []uint64) []uint64 {
		c := f.code[i]
		if c == 0 {
			return out
		}
		t := f.vals.tokens(c)
		if size == 1 {
			for _, k := range t[:min(3, len(t))] {
				out = append(out, h[k])
			}
			return out
		}
		t = t[:min(4, len(t))]
		for x := range t {
			for y := range x {
				out = append(out, pair(3, min(h[t[x]], h[t[y]]), max(h[t[x]], h[t[y]])))
			}
		}
		return out
	}
}

func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n]
}

// near gives each row a place in an order in which rows that are alike stand side by side: by name, else by the longest text.
func (rs *rowset) near() []uint64 {
	out := make([]uint64, rs.n)
	spell := func(s string, n int) uint64 {
		x := uint64(0)
		for i := range n {
			x <<= 8
			if i < len(s) {
				x |= uint64(s[i])
			}
		}
		return x
	}
	if n := rs.names; n != nil {
		for i := range out {
			out[i] = spell(n.vals.alt[n.family[i]], 5)<<24 | spell(n.vals.alt[n.given[i]], 3)
		}
		return out
	}
	for _, f := range rs.features {
		if f.kind == kText {
			for i := range out {
				out[i] = spell(f.vals.text[f.code[i]], 8)
			}
			return out
		}
	}
	return out
}

// Bounds of blocking.
const (
	passPairs   = 400_000 // pairs of one pass that any table may have
	passPerRow  = 0.25    // and for each row of a large one
	largestPass = 2000    // rows that are all compared with each other
	window      = 4       // neighbours compared where too many rows meet
)

// candidates gives all pairs of rows that meet, each once, sorted. A pair is i<<32|j with i < j.
func (rs *rowset) candidates() []uint64 {
	passes := rs.passes()
	near := rs.near()
	found := make([][]uint64, len(passes))
	tasks(len(passes), func(p int) { found[p] = rs.pass(passes[p], near) })
	// Into buckets by the first row, which are sorted side by side.
	const buckets = 64
	width := uint64(rs.n/buckets + 1)
	var at [buckets + 1]int
	for _, f := range found {
		for _, p := range f {
			at[p>>32/width+1]++
		}
	}
	for b := range buckets {
		at[b+1] += at[b]
	}
	all := make([]uint64, at[buckets])
	next := at
	for p, f := range found {
		for _, e := range f {
			b := e >> 32 / width
			all[next[b]] = e
			next[b]++
		}
		found[p] = nil
	}
	var kept [buckets]int
	tasks(buckets, func(b int) {
		part := all[at[b]:at[b+1]]
		sortPairs(part)
		kept[b] = len(slices.Compact(part))
	})
	n := 0
	for b := range buckets {
		n += copy(all[n:], all[at[b]:at[b]+kept[b]])
	}
	return all[:n]
}

func (rs *rowset) pass(keys func(int32, []uint64) []uint64, near []uint64) []uint64 {
	rows := make([]keyRow, 0, rs.n)
	var stack [64]uint64
	for i := range int32(rs.n) {
		for _, k := range keys(i, stack[:0]) {
			rows = append(rows, keyRow{k, i})
		}
	}
	sortKeys(rows)
	budget := int(math.Max(passPairs, passPerRow*float64(rs.n)))
	// How many pairs blocks of each size would give.
	var bySize [largestPass + 1]int
	blocks(rows, func(b []keyRow) {
		if len(b) <= largestPass {
			bySize[len(b)] += len(b) * (len(b) - 1) / 2
		}
	})
	largest, sum := 1, 0
	for size, n := range bySize {
		if sum+n > budget {
			break
		}
		sum += n
		largest = size
	}
	out := make([]uint64, 0, sum)
	add := func(a, b int32) {
		if a > b {
			a, b = b, a
		}
		if a != b {
			out = append(out, uint64(a)<<32|uint64(b))
		}
	}
	blocks(rows, func(b []keyRow) {
		if len(b) <= largest {
			for x := range b {
				for y := range x {
					add(b[y].row, b[x].row)
				}
			}
			return
		}
		if len(out) > budget+budget/4 {
			return
		}
		slices.SortStableFunc(b, func(x, y keyRow) int {
			if near[x.row] != near[y.row] {
				if near[x.row] < near[y.row] {
					return -1
				}
				return 1
			}
			return int(x.row - y.row)
		})
		for x := range b {
			for y := max(0, x-window); y < x; y++ {
				add(b[y].row, b[x].row)
			}
		}
	})
	return out
}

// blocks calls f for the rows of each key that more than one has.
func blocks(rows []keyRow, f func([]keyRow)) {
	for from := 0; from < len(rows); {
		to := from + 1
		for to < len(rows) && rows[to].key == rows[from].key {
			to++
		}
		if to-from > 1 {
			f(rows[from:to])
		}
		from = to
	}
}
