package match

import (
	"math/bits"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/keptcrm/kept/state/identity"
)

// fold makes text comparable: small letters and digits of one script with single gaps, and transcribed umlauts as those
// written (Koehler, Köhler: kohler).
func fold(s string) string {
	ascii := true
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			ascii = false
			break
		}
	}
	if !ascii {
		s = identity.FoldName(s)
	}
	var stack [96]byte
	b := stack[:0]
	gap, digraph := false, false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c >= utf8.RuneSelf:
		case c == '\'' || c == '`':
			continue
		default:
			gap = true
			continue
		}
		if gap && len(b) > 0 {
			b = append(b, ' ')
		}
		if c == 'e' && !gap && len(b) > 0 && !digraph {
			if p := b[len(b)-1]; p == 'a' || p == 'o' || p == 'u' {
				digraph = true // ae, oe, ue; of "aee" only the first e
				continue
			}
		}
		gap, digraph = false, false
		b = append(b, c)
	}
	return string(b)
}

// squeeze removes the gaps.
func squeeze(s string) string {
	if strings.IndexByte(s, ' ') < 0 {
		return s
	}
	return strings.ReplaceAll(s, " ", "")
}

// digits keeps the ASCII digits of folded text.
func digits(s string) string {
	var b [24]byte
	n := 0
	for i := 0; i < len(s) && n < len(b); i++ {
		if s[i] >= '0' && s[i] <= '9' {
			b[n] = s[i]
			n++
		}
	}
	return string(b[:n])
}

// skeleton reduces a word to how it sounds, roughly: doubled letters once, vowels only in front, letters that stand for one
// sound in some language alike. Other scripts stay as they are.
func skeleton(s string) string {
	var stack [48]byte
	b := stack[:0]
	for i := 0; i < len(s) && len(b) < 40; i++ {
		c := s[i]
		next := byte(0)
		if i+1 < len(s) {
			next = s[i+1]
		}
		switch c {
		case ' ':
			continue
		case 'a', 'e', 'i', 'o', 'u', 'y', 'j':
			if len(b) > 0 {
				continue
			}
			if c == 'y' || c == 'j' || c == 'e' {
				c = 'i'
			}
		case 'h':
			if len(b) > 0 {
				continue
			}
		case 'p':
			if next == 'h' {
				c = 'f'
			} else {
				c = 'b'
			}
		case 'v', 'w':
			c = 'f'
		case 'q', 'k', 'g', 'x':
			c = 'k'
		case 'c':
			if next == 'h' || next != 'e' && next != 'i' && next != 'y' {
				c = 'k'
			} else {
				c = 's'
			}
		case 'z':
			c = 's'
		case 'd':
			c = 't'
		case 'm':
			c = 'n'
		}
		if len(b) > 0 && b[len(b)-1] == c {
			continue
		}
		b = append(b, c)
	}
	return string(b)
}

// signature has a bit for each letter that occurs, and further ones for letters that occur twice: strings whose signatures
// differ in many bits differ in many letters.
func signature(s string) uint64 {
	var once, twice uint32
	for i := 0; i < len(s); i++ {
		bit := uint32(1) << (s[i] & 31)
		twice |= once & bit
		once |= bit
	}
	return uint64(once) | uint64(twice)<<32
}

// farther reports that two strings certainly differ by more than k edits, seen from their signatures and lengths.
func farther(a, b uint64, la, lb, k int) bool {
	if la-lb > k || lb-la > k {
		return true
	}
	return bits.OnesCount64(a&^b) > k || bits.OnesCount64(b&^a) > k
}

// edits counts insertions, deletions, replacements and exchanges of neighbours that make b of a, up to limit; more give
// limit+1.
func edits(a, b string, limit int) int {
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > limit {
		return limit + 1
	}
	if len(a) == 0 {
		return min(len(b), limit+1)
	}
	if len(a) > 62 || len(b) > 62 {
		return limit + 1
	}
	if !isASCII(a) || !isASCII(b) {
		return runeEdits([]rune(a), []rune(b), limit)
	}
	var rows [3][64]uint8
	two, one, now := &rows[0], &rows[1], &rows[2]
	for j := range len(b) + 1 {
		one[j] = uint8(j)
	}
	for i := 1; i <= len(a); i++ {
		now[0] = uint8(i)
		best := now[0]
		for j := 1; j <= len(b); j++ {
			cost := uint8(1)
			if a[i-1] == b[j-1] {
				cost = 0
			}
			v := min(one[j-1]+cost, one[j]+1, now[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				v = min(v, two[j-2]+1)
			}
			now[j] = v
			best = min(best, v)
		}
		if int(best) > limit+1 {
			return limit + 1
		}
		two, one, now = one, now, two
	}
	return min(int(one[len(b)]), limit+1)
}

func runeEdits(a, b []rune, limit int) int {
	two, one, now := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range one {
		one[j] = j
	}
	for i := 1; i <= len(a); i++ {
		now[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			now[j] = min(one[j-1]+cost, one[j]+1, now[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				now[j] = min(now[j], two[j-2]+1)
			}
		}
		two, one, now = one, now, two
	}
	return min(one[len(b)], limit+1)
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// jaroWinkler gives how alike two strings are, from 0 to 1; a common beginning of up to four letters counts extra.
func jaroWinkler(a, b string) float64 {
	if a == b {
		return 1
	}
	if len(a) == 0 || len(b) == 0 || len(a) > 64 || len(b) > 64 {
		return 0
	}
	if len(a) > len(b) {
		a, b = b, a
	}
	window := max(len(b)/2-1, 0)
	var inA, inB uint64
	m := 0
	for i := 0; i < len(a); i++ {
		lo, hi := max(0, i-window), min(len(b)-1, i+window)
		for j := lo; j <= hi; j++ {
			if inB&(1<<j) == 0 && a[i] == b[j] {
				inA |= 1 << i
				inB |= 1 << j
				m++
				break
			}
		}
	}
	if m == 0 {
		return 0
	}
	t := 0
	for x, y := inA, inB; x != 0; x, y = x&(x-1), y&(y-1) {
		if a[bits.TrailingZeros64(x)] != b[bits.TrailingZeros64(y)] {
			t++
		}
	}
	fm := float64(m)
	j := (fm/float64(len(a)) + fm/float64(len(b)) + (fm-float64(t/2))/fm) / 3
	p := 0
	for p < 4 && p < len(a) && a[p] == b[p] {
		p++
	}
	return j + float64(p)*0.1*(1-j)
}

// hash64 is FNV-1a with a final mix: the same on every machine and in every run.
func hash64(seed uint64, s string) uint64 {
	h := seed ^ 14695981039346656037
	for i := 0; i < len(s); i++ {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return mix(h)
}

// mix spreads the bits of x.
func mix(x uint64) uint64 {
	x ^= x >> 31
	x *= 0x7fb5d329728ea185
	x ^= x >> 27
	x *= 0x81dadef4bc2dd44d
	return x ^ x>>33
}

func pair(seed, a, b uint64) uint64 { return mix(mix(seed^a) + b*0x9e3779b97f4a7c15) }

func isHan(s string) bool {
	for _, r := range s {
		if r >= 0x2e80 && unicode.Is(unicode.Han, r) {
			return true
		}
	}
	return false
}
