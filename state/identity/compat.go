package identity

import (
	"slices"
	"strings"
	"unicode"
)

// Fit says how two people's names go together.
type Fit int

// From certainly two people's names to the same name. Unknown where a name is missing or the two
// are in different scripts: then names say nothing.
const (
	FitUnknown Fit = iota
	FitConflict
	FitFamilyDiffers // same given name: marriage, or chance
	FitClose         // initials, parts missing, a typing error
	FitSame
)

// FitNames compares two names. It is symmetric.
func FitNames(a, b Name) Fit {
	if SameName(a, b) {
		return FitSame
	}
	ag, af := nameWord(a.Given), nameWord(a.Family)
	bg, bf := nameWord(b.Given), nameWord(b.Family)
	if ag+af == "" || bg+bf == "" || script(ag+af) != script(bg+bf) {
		return FitUnknown
	}
	if ag+af == bg+bf || ag+af == bf+bg || sortedWords(a) == sortedWords(b) {
		return FitSame
	}
	fit := fitParts(ag, af, bg, bf)
	if swapped := fitParts(ag, af, bf, bg); swapped > fit && swapped == FitClose {
		fit = swapped
	}
	return fit
}

// sortedWords gives all words of a name, whatever their order.
func sortedWords(n Name) string {
	words := strings.Fields(FoldName(joinWords(n.Given, n.Middle, n.Family)))
	for i := range words {
		words[i] = nameWord(words[i])
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}

func fitParts(ag, af, bg, bf string) Fit {
	given, family := fitWord(ag, bg), fitWord(af, bf)
	switch {
	case ag == "" && af != "" && bg != "" && bf == "", ag != "" && af == "" && bg == "" && bf != "":
		// One has only a given name and the other only a family name: "Jana" and "Köhler".
		if ag+af == bg+bf {
			return FitSame
		}
		return FitUnknown
	case given && family:
		return FitClose
	case given && ag != "" && bg != "" && len(ag) > 1 && len(bg) > 1:
		return FitFamilyDiffers
	}
	return FitConflict
}

// fitWord says whether two folded words can be the same name: one missing, an initial, the start
// of the other, or one typing error in a word of at least four letters.
func fitWord(a, b string) bool {
	if a == "" || b == "" || a == b || strings.HasPrefix(a, b) || strings.HasPrefix(b, a) {
		return true
	}
	return len(a) >= 4 && len(b) >= 4 && oneEdit([]rune(a), []rune(b))
}

// oneEdit says whether one insertion, deletion, replacement or exchange of neighbours makes b of a.
func oneEdit(a, b []rune) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) == len(b) {
		if i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && string(a[i+2:]) == string(b[i+2:]) {
			return true
		}
		return i == len(a) || string(a[i+1:]) == string(b[i+1:])
	}
	return string(a[i:]) == string(b[i+1:])
}

// nameWord folds a part of a name so that transcribed umlauts are as those written (Koehler,
// Köhler), without gaps.
func nameWord(s string) string {
	s = squeeze(FoldName(s))
	for _, p := range [][2]string{{"ae", "a"}, {"oe", "o"}, {"ue", "u"}} {
		s = strings.ReplaceAll(s, p[0], p[1])
	}
	return s
}

// script gives the script of a text's first letter, roughly: enough to know when two names cannot
// be compared letter by letter.
func script(s string) *unicode.RangeTable {
	for _, r := range s {
		for _, t := range []*unicode.RangeTable{unicode.Latin, unicode.Han, unicode.Cyrillic, unicode.Arabic,
			unicode.Hangul, unicode.Greek, unicode.Hebrew, unicode.Thai, unicode.Devanagari} {
			if unicode.Is(t, r) {
				return t
			}
		}
		if isKana(r) {
			return unicode.Hiragana
		}
	}
	return nil
}
