package identity

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity/pinyin"
)

// What a find key begins with where it is no name of its customer. All sort apart from letters and digits.
const (
	KeyCompany  = "+" // where somebody works
	KeyInitials = "." // of a Chinese name in pinyin
	KeyReading  = "~" // a name in another script, in Latin letters
)

// KeyBought ends the keys of customers who bought something; so they can be told apart before they are read.
const KeyBought = "!"

// KeyEnd sorts behind all keys that have exactly a word, and before those that have a longer one.
const KeyEnd = "\x2f"

const (
	keyWords    = 3  // of a key: the word that is looked up and what follows
	maxRotated  = 6  // words of a name that are looked up
	maxSuffixes = 8  // of one run of East Asian letters
	maxHanName  = 6  // characters of a name that is read in pinyin
	maxRest     = 32 // bytes of what follows a key's first word
)

// Findable is what a customer is found by, as written.
type Findable struct {
	Names     []string // all spellings of its name
	Companies []string // where a person works; an organisation's name belongs to Names
	Business  bool     // an organisation, whose names have legal forms
	Bought    bool
}

// FindKeys gives the keys under which a customer is found, sorted, each once. A key is words with single spaces between: a
// folded word of a name and what follows it in the name, which goes round from the end to the beginning. So one look into an
// ordered index answers "jana köh" and "köhler jana" alike, however many are called Jana:
//
//	jana kohler   kohler jana   koehler jana   +sternwarte lubeck   +lubeck sternwarte
//	李伟   伟   ~li wei   ~wei li   .lw
//
// Chinese characters are simplified. Names of another script have keys in Latin letters too ([KeyReading]), Chinese ones also
// of the initials of their syllables ([KeyInitials]).
func FindKeys(f Findable) []string {
	b := keyBuilder{keys: make([]string, 0, 8)}
	for i, s := range f.Names {
		if s == "" || strings.Contains(s, "@") || slices.Contains(f.Names[:i], s) {
			continue
		}
		if f.Business {
			if key, _ := NormalizeCompany(s); key != "" {
				s = key
			}
		}
		b.name(s, f.Business)
	}
	for i, s := range f.Companies {
		if s != "" && !slices.Contains(f.Companies[:i], s) {
			b.company(s)
		}
	}
	slices.Sort(b.keys)
	b.keys = slices.Compact(b.keys)
	if f.Bought {
		for i := range b.keys {
			b.keys[i] += KeyBought
		}
	}
	return b.keys
}

type keyBuilder struct{ keys []string }

func (b *keyBuilder) add(k string) {
	if k != "" && !slices.Contains(b.keys, k) {
		b.keys = append(b.keys, k)
	}
}

func (b *keyBuilder) name(s string, business bool) {
	words := FindWords(s)
	b.rotate("", words)
	for _, variant := range digraphs(s) {
		other := foldedWords(variant)
		for i := range other {
			if i >= len(words) || len(words) != len(other) || words[i] != other[i] {
				b.turned("", other, i)
			}
		}
	}
	if strings.ContainsFunc(s, isApostrophe) {
		for part := range strings.FieldsFuncSeq(s, func(r rune) bool { return isApostrophe(r) || isWordGap(r) }) {
			if w := FoldName(part); utf8.RuneCountInString(w) > 1 && !strings.Contains(w, " ") && !b.has(w) {
				b.add(w)
			}
		}
	}
	if isASCIIText(s) {
		return
	}
	for _, w := range words {
		b.suffixes("", w)
	}
	for _, sym := range symbolRuns(s) {
		b.add(sym)
	}
	b.readings(words, business)
}

// has says whether a word begins a key already.
func (b *keyBuilder) has(word string) bool {
	return slices.ContainsFunc(b.keys, func(k string) bool {
		rest, ok := strings.CutPrefix(k, word)
		return ok && (rest == "" || rest[0] == ' ')
	})
}

func (b *keyBuilder) company(s string) {
	key, _ := NormalizeCompany(s)
	words := FindWords(key)
	b.rotate(KeyCompany, words)
	for _, variant := range digraphs(s) {
		key, _ := NormalizeCompany(variant)
		other := FindWords(key)
		for i := range other {
			if i >= len(words) || len(words) != len(other) || words[i] != other[i] {
				b.turned(KeyCompany, other, i)
			}
		}
	}
	for _, w := range words {
		b.suffixes(KeyCompany, w)
	}
	if len(words) == 1 && isShortHan(words[0]) {
		b.add(KeyReading + pinyin.Of(words[0]))
	}
}

func (b *keyBuilder) rotate(mark string, words []string) {
	for i := range words[:min(len(words), maxRotated)] {
		b.turned(mark, words, i)
	}
}

// turned adds the key that begins with the i-th word. A single letter leads nowhere: "j smith" is found as "smith j".
func (b *keyBuilder) turned(mark string, words []string, i int) {
	if len(words) > 1 && len(words[i]) == 1 {
		return
	}
	b.add(mark + FindKey(slices.Concat(words[i:], words[:i])))
}

// suffixes makes every part of a word without gaps between its words the beginning of a key.
func (b *keyBuilder) suffixes(mark, w string) {
	if first, _ := utf8.DecodeRuneInString(w); !isEastAsian(first) {
		return
	}
	n := 0
	for i := range w {
		if i > 0 && n < maxSuffixes {
			b.add(mark + w[i:])
		}
		n++
	}
}

// readings adds what a name is in Latin letters.
func (b *keyBuilder) readings(words []string, business bool) {
	han := strings.Join(words, "")
	if !isShortHan(han) {
		if latin := latinWords(words); latin != nil {
			b.rotate(KeyReading, latin)
		}
		return
	}
	if business {
		b.add(KeyReading + pinyin.Of(han))
		return
	}
	for _, read := range HanReadings(han) {
		b.rotate(KeyReading, read)
	}
	runes := []rune(han)
	var initials []byte
	for i, r := range runes {
		p := pinyin.Syllable(r)
		if i == 0 {
			p = pinyin.Surname(string(r))
		}
		if p == "" {
			return
		}
		initials = append(initials, p[0])
	}
	if n := surnameLength(runes); n > 0 && n < len(runes) {
		if own := pinyin.Surname(string(runes[:n])); own != "" {
			initials[0] = own[0]
		}
		// The later syllables of a given name: 小明 is also asked for as ming.
		for i := n + 1; i < len(runes); i++ {
			b.add(KeyReading + pinyin.Of(string(runes[i:])) + " " + pinyin.Surname(string(runes[:n])))
		}
	}
	if len(initials) > 1 {
		b.add(KeyInitials + string(initials))
	}
}

// HanReadings gives the words of a Chinese name in pinyin: the surname, in each of its readings, and the given name. What
// begins with no known surname is one word.
func HanReadings(han string) [][]string {
	runes := []rune(han)
	n := surnameLength(runes)
	if n == 0 || n == len(runes) {
		if own := pinyin.Surname(han); own != pinyin.Of(han) {
			return [][]string{{own}, {pinyin.Of(han)}}
		}
		return [][]string{{pinyin.Of(han)}}
	}
	surname, given := string(runes[:n]), pinyin.Of(string(runes[n:]))
	out := [][]string{{pinyin.Surname(surname), given}}
	if usual := pinyin.Of(surname); usual != out[0][0] {
		out = append(out, []string{usual, given})
	}
	return out
}

// surnameLength is how many characters of a Chinese name are its surname; 0 where it has none that is known.
func surnameLength(runes []rune) int {
	switch {
	case len(runes) > 2 && hanSurnames2[string(runes[:2])]:
		return 2
	case len(runes) > 0 && hanSurnames[runes[0]]:
		return 1
	}
	return 0
}

func isShortHan(s string) bool {
	n := 0
	for _, r := range s {
		if n++; n > maxHanName || pinyin.Syllable(r) == "" {
			return false
		}
	}
	return n > 0
}

// FindWords folds and splits text as find keys are: see [FoldName]; Chinese characters are simplified, and those of a name
// that is written with gaps are one word.
func FindWords(s string) []string {
	words := foldedWords(s)
	if isASCIIText(s) {
		return cutWords(words)
	}
	for i, w := range words {
		words[i] = simplify(w)
	}
	if len(words) > 1 && isShortHan(strings.Join(words, "")) {
		words = []string{strings.Join(words, "")}
	}
	return cutWords(words)
}

func cutWords(words []string) []string {
	for i, w := range words {
		words[i] = cutRunes(w, tokenRunes)
	}
	return words
}

// WithoutTitles leaves out the titles before and behind a name's words; nil where there are none, or nothing else.
func WithoutTitles(words []string) []string {
	rest := slices.DeleteFunc(slices.Clone(words), func(w string) bool { return titles[w] && !titleNames[w] })
	if len(rest) == len(words) || len(rest) == 0 {
		return nil
	}
	return rest
}

// Respellings gives other spellings of words: of what is written with an umlaut, or with two letters for one.
func Respellings(s string) [][]string {
	var out [][]string
	for _, variant := range digraphs(s) {
		out = append(out, FindWords(variant))
	}
	return out
}

// LatinReadings gives the words of a name that is written in Chinese characters, Cyrillic or Greek in Latin letters; nil for
// others.
func LatinReadings(words []string) [][]string {
	if han := strings.Join(words, ""); isShortHan(han) {
		return HanReadings(han)
	}
	if latin := latinWords(words); latin != nil {
		return [][]string{latin}
	}
	return nil
}

// latinWords transcribes Cyrillic and Greek; nil where there is anything else, or nothing to transcribe.
func latinWords(words []string) []string {
	var out []string
	any := false
	for _, w := range words {
		var b strings.Builder
		for _, r := range w {
			t, ok := transcribed[r]
			switch {
			case r < utf8.RuneSelf:
				b.WriteRune(r)
			case ok:
				any = true
				b.WriteString(t)
			default:
				return nil
			}
		}
		if b.Len() > 0 {
			out = append(out, b.String())
		}
	}
	if !any {
		return nil
	}
	return out
}

// transcribed are folded letters as passports and timetables transcribe them.
var transcribed = func() map[rune]string {
	m := map[rune]string{}
	for pair := range strings.FieldsSeq(`а=a б=b в=v г=g д=d е=e ж=zh з=z и=i к=k л=l м=m н=n о=o п=p р=r с=s т=t у=u ф=f х=kh ц=ts ч=ch ш=sh
		щ=shch ъ= ы=y ь= э=e ю=yu я=ya є=ye і=i ѕ=dz ј=j љ=lj њ=nj џ=dz ђ=dj ћ=c
		α=a β=v γ=g δ=d ε=e ζ=z η=i θ=th ι=i κ=k λ=l μ=m ν=n ξ=x ο=o π=p ρ=r σ=s τ=t υ=y φ=f χ=ch ψ=ps ω=o`) {
		from, to, _ := strings.Cut(pair, "=")
		r, _ := utf8.DecodeRuneInString(from)
		m[r] = to
	}
	return m
}()

// Alphabet gives the letters with which a word of one script may be misspelt; nil for scripts of more letters than can be
// tried.
func Alphabet(word string) []rune {
	r, _ := utf8.DecodeRuneInString(word)
	switch {
	case r < utf8.RuneSelf:
		return latinLetters
	case unicode.Is(unicode.Cyrillic, r):
		return cyrillicLetters
	case unicode.Is(unicode.Greek, r):
		return greekLetters
	case unicode.Is(unicode.Arabic, r):
		return arabicLetters
	case unicode.Is(unicode.Hebrew, r):
		return hebrewLetters
	}
	return nil
}

// Letters as FoldName leaves them, in order.
var (
	latinLetters    = []rune("abcdefghijklmnopqrstuvwxyz")
	cyrillicLetters = []rune("абвгдежзиклмнопрстуфхцчшщъыьэюяєі")
	greekLetters    = []rune("αβγδεζηθικλμνξοπρστυφχψω")
	arabicLetters   = []rune("ءابتثجحخدذرزسشصضطظعغفقكلمنهوي")
	hebrewLetters   = []rune("אבגדהוזחטיךכלםמןנסעףפץצקרשת")
)

func isASCIIText(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// simplify gives traditional characters of names in their simplified form, so that both are found by either.
func simplify(s string) string {
	if isASCIIText(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if to, ok := simplified[r]; ok {
			return to
		}
		return r
	}, s)
}

// findable gathers what a customer is found by: every spelling of its names, and where it works.
func findable(c *state.Customer, sources []source) Findable {
	f := Findable{Business: c.Kind == state.Organisation, Bought: c.Stage == state.StageCustomer || c.Stage == state.StageFormer || c.Stage == state.StagePartner}
	f.Names = append(f.Names, c.Name)
	if full := strings.TrimSpace(c.Given + " " + c.Family); len(strings.Fields(full)) > 1 && !isEastAsianText(full) {
		f.Names = append(f.Names, full)
	}
	for i := range sources {
		s := &sources[i]
		if s.kind == c.Kind {
			f.Names = append(f.Names, shownName(s))
		}
		for _, v := range s.version.Get(fieldName) {
			f.Names = append(f.Names, v.Text)
		}
		for _, field := range []string{fieldNickname, fieldPhonetic} {
			for _, v := range s.version.Get(field) {
				f.Names = append(f.Names, v.Text)
			}
		}
		if !f.Business {
			for _, v := range s.version.Get(fieldCompany) {
				f.Companies = append(f.Companies, v.Text)
			}
		}
	}
	for _, v := range c.Get(fieldNickname) {
		f.Names = append(f.Names, v.Text)
	}
	if !f.Business {
		for _, v := range c.Get(fieldCompany) {
			f.Companies = append(f.Companies, v.Text)
		}
	} else {
		for _, s := range sources {
			for _, v := range s.version.Get(fieldCompany) {
				f.Names = append(f.Names, v.Text)
			}
		}
	}
	return f
}

// FindKey gives the key of words in the order in which they stand, without a mark; what stands behind the words that keys
// have is left out.
func FindKey(words []string) string {
	key := words[0]
	rest := 0
	for _, w := range words[1:min(len(words), keyWords)] {
		if rest += len(w) + 1; rest > maxRest {
			break
		}
		key += " " + w
	}
	return key
}

// IsHan reports whether a text is Chinese characters alone.
func IsHan(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !isHan(r) })
}
