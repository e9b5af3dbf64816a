package match

import (
	"math"
	"math/bits"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/keptcrm/kept/state/identity"
	"github.com/keptcrm/kept/state/identity/pinyin"
)

// names are the names of persons: given and family names with one vocabulary, because many tables have them in each other's
// column, and the further words.
type names struct {
	vals          *values
	given, family []uint32 // by row
	tfG, tfF      []float32
	restAt        []uint32 // by row, into rest; nil where no row has further names
	rest          []uint32 // words, as numbers of vals
	restBits      []float32
	gf, ff        *feature
	g, f, o, r    int // features: given, family, order, further; r is -1 where there is none
}

func (n *names) more(i int32) []uint32 {
	if n.restAt == nil {
		return nil
	}
	return n.rest[n.restAt[i]:n.restAt[i+1]]
}

// Levels of agreement of two names.
const (
	nameDifferent = 1 + iota
	nameAlike
	nameInitial
	namePart // part of the other, or its nickname
	nameTypo
	nameSame
)

// nameParts is what a whole name says.
type nameParts struct{ given, family, rest string }

// splitName takes a whole name apart, folded.
func splitName(s string) nameParts {
	if g, f, ok := twoWords(s); ok {
		return nameParts{given: fold(g), family: fold(f)}
	}
	n := identity.ParseName(s)
	p := nameParts{given: fold(n.Given), family: fold(n.Family), rest: strings.TrimSpace(fold(n.Middle) + " " + fold(n.Nickname) + " " + fold(n.Suffix))}
	if i := strings.IndexByte(p.given, ' '); i > 0 && isASCII(p.given) {
		p.rest = strings.TrimSpace(p.given[i+1:] + " " + p.rest)
		p.given = p.given[:i]
	}
	return p
}

// twoWords knows the most frequent case: two words of small or mixed Latin letters, neither of which can be a title.
func twoWords(s string) (a, b string, ok bool) {
	i := strings.IndexByte(s, ' ')
	if i < 3 || len(s)-i < 4 {
		return "", "", false
	}
	for k := 0; k < len(s); k++ {
		c := s[k] | 0x20
		if k != i && (c < 'a' || c > 'z') {
			return "", "", false
		}
	}
	a, b = s[:i], s[i+1:]
	if a[1] < 'a' || b[1] < 'a' || b[0] >= 'a' != (a[0] >= 'a') || notNames[strings.ToLower(a)] || notNames[strings.ToLower(b)] {
		return "", "", false
	}
	return a, b, true
}

// notNames are words for which the parser of names must be asked.
var notNames = foldedSet(`mrs miss prof doc sir dame lady lord rev herr frau dipl ing mag von van der den del esq phd mba msc bsc iii monsieur madame
	señor don doña captain colonel general judge saint abu ibn bin bint father sister brother president doctor professor jun sen junior senior`)

// describe fills what comparisons of names need.
func (v *values) describeNames() {
	n := len(v.text)
	v.sig, v.alt, v.skel, v.nick, v.quick = make([]uint64, n), make([]string, n), make([]uint64, n), make([][]uint16, n), make([]uint64, n)
	parallel(n, func(_, lo, hi int) {
		for c := max(lo, 1); c < hi; c++ {
			s := v.text[c]
			v.sig[c] = signature(s)
			v.alt[c] = latin(s)
			v.skel[c] = hash64(3, skeleton(v.alt[c]))
			v.nick[c] = nicknames(s)
			if isASCII(s) && strings.IndexByte(s, ' ') < 0 && v.nick[c] == nil {
				v.quick[c] = v.sig[c]
			}
		}
	})
}

// latin writes a name in Latin letters without gaps, as far as it can.
func latin(s string) string {
	if isASCII(s) {
		return squeeze(s)
	}
	if isHan(s) {
		return pinyin.Of(s)
	}
	var b strings.Builder
	for _, r := range s {
		if r < utf8.RuneSelf {
			if r != ' ' {
				b.WriteRune(r)
			}
		} else if t, ok := letters[r]; ok {
			b.WriteString(t)
		} else {
			return squeeze(s)
		}
	}
	return b.String()
}

// letters of other alphabets as they are usually transcribed; Arabic and Hebrew write no vowels, so that only the skeleton
// of such a name can be compared.
var letters = func() map[rune]string {
	m := map[rune]string{}
	for pair := range strings.FieldsSeq(`а=a б=b в=v г=g д=d е=e ж=zh з=z и=i й=y к=k л=l м=m н=n о=o п=p р=r с=s т=t у=u ф=f х=kh ц=ts ч=ch ш=sh щ=shch ъ= ы=y ь= э=e ю=yu я=ya є=ye і=i ї=yi
		α=a β=v γ=g δ=d ε=e ζ=z η=i θ=th ι=i κ=k λ=l μ=m ν=n ξ=x ο=o π=p ρ=r σ=s τ=t υ=y φ=f χ=ch ψ=ps ω=o
		ا=a أ=a إ=i آ=a ب=b ت=t ث=th ج=j ح=h خ=kh د=d ذ=dh ر=r ز=z س=s ش=sh ص=s ض=d ط=t ظ=z ع= غ=gh ف=f ق=k ك=k ل=l م=m ن=n ه=h و=w ي=y ء= ؤ=w ئ=y ة=h پ=p چ=ch گ=g
		א=a ב=b ג=g ד=d ה=h ו=v ז=z ח=ch ט=t י=y כ=k ך=k ל=l מ=m ם=m נ=n ן=n ס=s ע= פ=p ף=f צ=ts ץ=ts ק=k ר=r ש=sh ת=t`) {
		from, to, _ := strings.Cut(pair, "=")
		r, _ := utf8.DecodeRuneInString(from)
		m[r] = to
	}
	return m
}()

// consonants leaves out what scripts without vowels do not write.
func consonants(s string) string {
	var b strings.Builder
	last := byte(0)
	for i := 0; i < len(s); i++ {
		c := s[i]
		if strings.IndexByte("aeiouwy", c) >= 0 {
			continue
		}
		if c == 'q' || c == 'g' {
			c = 'k'
		}
		if c != last {
			b.WriteByte(c)
		}
		last = c
	}
	return b.String()
}

func isSemitic(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.In(r, unicode.Arabic, unicode.Hebrew)
}

// compare gives the level of agreement of two names.
func (n *names) compare(a, b uint32) uint8 {
	if a == 0 || b == 0 {
		return 0
	}
	if a == b {
		return nameSame
	}
	v := n.vals
	if p, q := v.quick[a], v.quick[b]; p != 0 && q != 0 && bits.OnesCount64(p&^q) > 3 && bits.OnesCount64(q&^p) > 3 {
		return nameDifferent
	}
	x, y := v.text[a], v.text[b]
	if x[0] >= utf8.RuneSelf || y[0] >= utf8.RuneSelf {
		return v.compareScripts(a, b)
	}
	short := min(len(x), len(y))
	if short == 1 {
		if x[0] == y[0] {
			return nameInitial
		}
		return nameDifferent
	}
	near := 0
	switch {
	case short >= 7:
		near = 2
	case short >= 3:
		near = 1
	}
	if near > 0 && !farther(v.sig[a], v.sig[b], len(x), len(y), near) && edits(x, y, near) <= near {
		return nameTypo
	}
	if v.alt[a] == v.alt[b] {
		return nameTypo // written together
	}
	if strings.HasPrefix(y, x) || strings.HasPrefix(x, y) || sharesWord(x, y) || sharesNick(v.nick[a], v.nick[b]) {
		return namePart
	}
	if short >= 4 {
		// Two letters off, or much alike: the signature spares the comparison of most.
		if !farther(v.sig[a], v.sig[b], len(x), len(y), 3) {
			jw := jaroWinkler(x, y)
			if v.skel[a] == v.skel[b] && jw >= 0.8 {
				return nameTypo
			}
			if jw >= 0.84 || edits(x, y, 2) <= 2 && short >= 5 {
				return nameAlike
			}
		}
	}
	return nameDifferent
}

// compareScripts compares names of which one at least is not in Latin letters.
func (v *values) compareScripts(a, b uint32) uint8 {
	x, y := v.text[a], v.text[b]
	rx, ry := v.alt[a], v.alt[b]
	if x[0] >= utf8.RuneSelf && y[0] >= utf8.RuneSelf && isHan(x) == isHan(y) {
		if k := min(utf8.RuneCountInString(x), utf8.RuneCountInString(y)); isHan(x) {
			switch {
			case rx == ry && isASCII(rx):
				return nameTypo // a homophone is what typing in pinyin gets wrong
			case strings.HasPrefix(x, y) || strings.HasPrefix(y, x):
				return namePart
			case k >= 2 && edits(x, y, 1) <= 1:
				return nameAlike
			}
			return nameDifferent
		} else if k >= 3 && edits(x, y, 1) <= 1 {
			return nameTypo
		}
		if strings.HasPrefix(x, y) || strings.HasPrefix(y, x) || sharesWord(x, y) {
			return namePart
		}
		if isASCII(rx) && isASCII(ry) && jaroWinkler(rx, ry) >= 0.9 {
			return nameAlike
		}
		return nameDifferent
	}
	if !isASCII(rx) || !isASCII(ry) {
		return 0 // no way to compare them
	}
	switch {
	case rx == ry:
		return nameTypo
	case isSemitic(x) || isSemitic(y):
		cx, cy := consonants(rx), consonants(ry)
		switch {
		case cx == cy && len(cx) >= 2:
			return nameTypo
		case len(cx) >= 3 && len(cy) >= 3 && edits(cx, cy, 1) <= 1:
			return nameAlike
		}
		return nameDifferent
	case len(rx) >= 4 && len(ry) >= 4 && edits(rx, ry, 1+min(len(rx), len(ry))/7) <= 1+min(len(rx), len(ry))/7:
		return nameTypo
	case len(rx) == 1 && rx[0] == ry[0], len(ry) == 1 && rx[0] == ry[0]:
		return nameInitial
	case len(rx) >= 2 && strings.HasPrefix(ry, rx) || len(ry) >= 2 && strings.HasPrefix(rx, ry):
		return namePart
	}
	return nameDifferent
}

// sharesWord reports that one of two texts of several words has a word of the other, of three letters at least.
func sharesWord(x, y string) bool {
	if strings.IndexByte(x, ' ') < 0 && strings.IndexByte(y, ' ') < 0 {
		return false
	}
	for a := range strings.SplitSeq(x, " ") {
		if len(a) < 3 {
			continue
		}
		for b := range strings.SplitSeq(y, " ") {
			if a == b {
				return true
			}
		}
	}
	return false
}

// levels compares the names of two rows. Where it fits better the given name of one is compared with the family name of
// the other. weigh says what a level of given and family name is worth.
func (n *names) levels(i, j int32, lv []uint8, tf []float32, w *weights) (exchanged bool) {
	ga, fa, gb, fb := n.gf.at(i), n.ff.at(i), n.gf.at(j), n.ff.at(j)
	g, f := n.compare(ga, gb), n.compare(fa, fb)
	order, swapped := uint8(0), false
	if ga != 0 && fa != 0 && gb != 0 && fb != 0 {
		order = 2
	}
	if (g < nameTypo || f < nameTypo) && (g == 0 || g < namePart || f == 0 || f < namePart) && (ga|fa) != 0 && (gb|fb) != 0 {
		x, y := n.compare(ga, fb), n.compare(fa, gb)
		if x >= namePart || y >= namePart {
			straight, across := w.level[n.g][g]+w.level[n.f][f], w.level[n.g][x]+w.level[n.f][y]
			if g == nameSame {
				straight += n.tfG[ga]
			}
			if f == nameSame {
				straight += n.tfF[fa]
			}
			if x == nameSame {
				across += n.tfG[ga]
			}
			if y == nameSame {
				across += n.tfF[fa]
			}
			if across > straight+1 {
				g, f, swapped = x, y, true
				if order != 0 {
					order = 1
				}
			}
		}
	}
	if n.restAt != nil {
		g, f = n.elsewhere(i, j, g, f)
		lv[n.r] = n.compareRest(i, j)
	}
	lv[n.g], lv[n.f], lv[n.o] = g, f, order
	if swapped {
		gb, fb = fb, gb
	}
	tf[n.g], tf[n.f] = n.extra(g, ga, gb, n.tfG), n.extra(f, fa, fb, n.tfF)
	return swapped
}

// extra gives what the names themselves add to their level: a rare one that is the same tells more, and two that are both
// frequent are two names rather than one mistyped.
func (n *names) extra(level uint8, a, b uint32, tf []float32) float32 {
	switch level {
	case nameSame:
		return tf[a]
	case nameTypo, nameAlike:
		if isASCII(n.vals.text[a]) != isASCII(n.vals.text[b]) {
			return 0 // one name in two scripts
		}
		x, y := n.vals.count[a], n.vals.count[b]
		if x > y {
			x, y = y, x
		}
		if usual := max(2, float64(y)/200); float64(x) > usual {
			return -float32(math.Min(4, math.Log2(float64(x)/usual)))
		}
	}
	return 0
}

// elsewhere: a name that stands among the further names of the other row is no other name.
func (n *names) elsewhere(i, j int32, g, f uint8) (uint8, uint8) {
	has := func(c uint32, r int32) bool {
		if c == 0 {
			return false
		}
		for _, t := range n.more(r) {
			if t == c {
				return true
			}
		}
		return false
	}
	if f < namePart && f != 0 && (has(n.family[i], j) || has(n.family[j], i)) {
		f = namePart
	}
	if g < namePart && g != 0 && (has(n.given[i], j) || has(n.given[j], i)) {
		g = namePart
	}
	return g, f
}

// compareRest compares the further names.
func (n *names) compareRest(i, j int32) uint8 {
	a, b := n.more(i), n.more(j)
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	var sumA, sumB, shared float32
	for _, t := range b {
		sumB += n.restBits[t]
	}
	for _, t := range a {
		sumA += n.restBits[t]
		for _, s := range b {
			if s == t {
				shared += n.restBits[t]
				break
			}
		}
	}
	switch small := min(sumA, sumB); {
	case small <= 0:
		return 0
	case shared >= 0.9*small:
		return 3
	case shared >= 0.2*small:
		return 2
	}
	return 1
}
