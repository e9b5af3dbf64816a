package service

// numberSet is a set of numbers that mostly follow one another: a bit each, so that those of a
// million customers take 128 kB. One far from all others (of a damaged key) costs 8 kB.
type numberSet map[uint64]*[numberPage / 64]uint64

const numberPage = 1 << 16

func (s numberSet) has(n uint64) bool {
	p := s[n/numberPage]
	return p != nil && p[n%numberPage/64]&(1<<(n%64)) != 0
}

func (s numberSet) add(n uint64) {
	p := s[n/numberPage]
	if p == nil {
		p = new([numberPage / 64]uint64)
		s[n/numberPage] = p
	}
	p[n%numberPage/64] |= 1 << (n % 64)
}
