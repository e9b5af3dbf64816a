package promise

// Holidays are what a calendar file says: days off, and make-up working days.
type Holidays struct {
	years map[int]*daySet
}

// in adds what the file says of the set's year.
func (h Holidays) in(s *daySet) {
	own := h.years[s.year]
	if own == nil {
		return
	}
	for i := range own.off {
		s.off[i] = s.off[i] || own.off[i]
		s.on[i] = s.on[i] || own.on[i]
	}
}

// makesUp says whether the file has a make-up working day in a year.
func (h Holidays) makesUp(year int) bool {
	s := h.years[year]
	if s == nil {
		return false
	}
	for _, on := range s.on {
		if on {
			return true
		}
	}
	return false
}
