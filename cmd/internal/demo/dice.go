package demo

import "strconv"

// dice is a generator of numbers that are the same on every machine and with every release of Go
// (SplitMix64, Steele, Lea and Flood 2014): the demo must be the same every time.
type dice struct{ state uint64 }

func (d *dice) next() uint64 {
	d.state += 0x9e3779b97f4a7c15
	z := d.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below gives a number from 0 to n-1.
func (d *dice) below(n int) int { return int(d.next() % uint64(n)) }

// between gives a number from low to high.
func (d *dice) between(low, high int) int { return low + d.below(high-low+1) }

// chance is true percent times in a hundred.
func (d *dice) chance(percent int) bool { return d.below(100) < percent }

// digits gives n digits, the first of which is not 0.
func (d *dice) digits(n int) string {
	s := strconv.Itoa(d.between(1, 9))
	for len(s) < n {
		s += strconv.Itoa(d.below(10))
	}
	return s
}

func pick[T any](d *dice, list []T) T { return list[d.below(len(list))] }

func shuffle[T any](d *dice, list []T) {
	for i := len(list) - 1; i > 0; i-- {
		j := d.below(i + 1)
		list[i], list[j] = list[j], list[i]
	}
}
