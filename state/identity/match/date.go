package match

import (
	"strings"

	"github.com/keptcrm/kept/state/identity"
)

// date is a day whose parts may be unknown: year, month and day beside each other.
type date uint32

func makeDate(y, m, d int) date {
	if y < 0 || y > 9999 || m < 0 || m > 12 || d < 0 || d > 31 {
		return 0
	}
	return date(y<<9 | m<<5 | d)
}

func (d date) year() int  { return int(d >> 9) }
func (d date) month() int { return int(d >> 5 & 15) }
func (d date) day() int   { return int(d & 31) }

// vague reports that only the year is to be believed: programs write the first of January where they know no more.
func (d date) vague() bool { return d.month() == 0 || d.month() == 1 && d.day() <= 1 }

// parseDate reads a day; where day and month could be swapped the day is taken to stand first.
func parseDate(s string) date { return parseDay(s, identity.OrderDMY) }

// dateOrder finds out whether a column writes the month or the day first.
func dateOrder(texts []string) identity.DateOrder {
	dmy, mdy := 0, 0
	for _, s := range texts {
		n, k := dateParts(s)
		if k == 3 && n[0] <= 31 && n[1] <= 31 && n[2] > 31 {
			if n[0] > 12 {
				dmy++
			} else if n[1] > 12 {
				mdy++
			}
		}
	}
	if mdy > dmy {
		return identity.OrderMDY
	}
	return identity.OrderDMY
}

// dateParts gives up to three numbers of a text that consists of digits and single signs only.
func dateParts(s string) (n [3]int, k int) {
	inside := false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c >= '0' && c <= '9':
			if !inside {
				if k == 3 {
					return n, 0
				}
				k++
				inside = true
			}
			if n[k-1] = n[k-1]*10 + int(c-'0'); n[k-1] > 99999999 {
				return n, 0
			}
		case (c == '-' || c == '/' || c == '.') && inside:
			inside = false
		default:
			return n, 0
		}
	}
	return n, k
}

func parseDay(s string, order identity.DateOrder) date {
	if len(s) > 10 && (s[10] == 'T' || s[10] == ' ') && strings.IndexByte(s, ':') > 0 {
		s = s[:10]
	}
	n, k := dateParts(s)
	switch {
	case k == 1 && len(s) == 8 && s[0] >= '0' && s[0] <= '9':
		return makeDate(n[0]/10000, n[0]/100%100, n[0]%100)
	case k == 1 && len(s) == 4:
		return makeDate(n[0], 0, 0)
	case k == 2 && n[0] > 31 && n[1] <= 12:
		return makeDate(n[0], n[1], 0)
	case k == 3 && n[0] > 31:
		if n[1] > 12 && n[2] <= 12 {
			return makeDate(n[0], n[2], n[1])
		}
		return makeDate(n[0], n[1], n[2])
	case k == 3 && n[2] > 99:
		d, m := n[0], n[1]
		if m > 12 || order == identity.OrderMDY && d <= 12 {
			d, m = m, d
		}
		return makeDate(n[2], m, d)
	case k == 1:
		return 0
	}
	d, err := identity.ParseDate(s, order)
	if err != nil {
		return 0
	}
	return makeDate(d.Year, d.Month, d.Day)
}

// number reads a short number, -1 where it is none.
func number(s string) int {
	if len(s) == 0 || len(s) > 4 {
		return -1
	}
	n := 0
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return -1
		}
		n = n*10 + int(s[i]-'0')
	}
	return n
}

// Levels of agreement of two days.
const (
	dateDifferent = 1 + iota
	dateNear      // a little off in each part
	dateYear      // the year agrees, and one side knows no more
	dateYearOff   // day and month agree
	datePartOff   // the year and either day or month agree
	dateTypo      // one digit off, or two exchanged
	dateSwapped   // day and month exchanged
	dateSame
)

func compareDates(a, b date) uint8 {
	ay, by, am, bm, ad, bd := a.year(), b.year(), a.month(), b.month(), a.day(), b.day()
	if ay == 0 || by == 0 { // without a year
		switch {
		case am == 0 || bm == 0:
			return 0
		case am == bm && ad == bd:
			return dateYearOff
		}
		return dateDifferent
	}
	if a == b {
		if am == 0 {
			return dateYear
		}
		return dateSame
	}
	if a.vague() != b.vague() || am == 0 || bm == 0 {
		if ay == by {
			return dateYear
		}
		if digitEdits(ay, by, 4) == 1 && ay/10 == by/10 || ay-by == 1 || by-ay == 1 {
			return dateNear
		}
		return dateDifferent
	}
	if ay == by && am == bd && ad == bm {
		return dateSwapped
	}
	off := digitEdits(ay*10000+am*100+ad, by*10000+bm*100+bd, 8)
	if off == 1 {
		return dateTypo
	}
	same := 0
	for _, x := range [3]bool{ay == by, am == bm, ad == bd} {
		if x {
			same++
		}
	}
	if same == 2 {
		if ay == by {
			return datePartOff
		}
		return dateYearOff
	}
	dy, dm, dd := abs(ay-by), abs(am-bm), abs(ad-bd)
	if off == 2 && same > 0 || (dy <= 1 || dy == 10) && (dm <= 1 || dm == 11) && (dd <= 3 || dd >= 27) {
		return dateNear
	}
	return dateDifferent
}

func abs(x int) int {
	if x < 0 {
		return -x
	}
	return x
}

// digitEdits counts digits that differ; two neighbours exchanged count once.
func digitEdits(a, b, n int) int {
	off := 0
	for range n {
		if a%10 != b%10 {
			off++
			if a/10%10 == b%10 && b/10%10 == a%10 {
				a, b = a/10, b/10
			}
		}
		a, b = a/10, b/10
	}
	return off
}
