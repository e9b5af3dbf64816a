package identity

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// NormalizeCompany gives a key under which spellings of one organisation are equal, and its legal form as it is usually
// written ("GmbH", "有限公司"; "" where none stands). The key is folded, without legal forms, leading "The" and the words for
// "and". What people type into a field that they do not want to fill ("n/a", "-", "privat", "个人") gives "".
// Two different organisations may have one key: it is evidence, not identity.
func NormalizeCompany(s string) (key, legalForm string) {
	words := companyWords(s)
	if len(words) == 0 || companyJunk[strings.Join(words, " ")] {
		return "", ""
	}
	for {
		for len(words) > 1 && words[0] == "the" && !companyJunk[strings.Join(words[1:], " ")] {
			words = words[1:]
		}
		rest, form := cutLegalForm(words)
		rest = companyWords(strings.Join(rest, " ")) // what the form kept apart may belong together now
		// A name that is nothing but a legal form, or a filler with one ("Privat GmbH"), is the name itself.
		if form == "" || companyJunk[strings.Join(rest, " ")] {
			break
		}
		words = rest
		legalForm = form + strings.TrimSuffix(" "+legalForm, " ")
	}
	return strings.Join(words, " "), legalForm
}

// companyWords folds, drops the words for "and", and writes East Asian names without gaps.
func companyWords(s string) []string {
	var words []string
	for _, w := range strings.Fields(FoldName(s)) {
		if companyJoints[w] && len(words) > 0 {
			continue
		}
		first, _ := utf8.DecodeRuneInString(w)
		if n := len(words); n > 0 && isEastAsian(first) && !eastFormMarks[w] {
			if last, _ := utf8.DecodeLastRuneInString(words[n-1]); isEastAsian(last) && !eastFormMarks[words[n-1]] && !isHangul(first) {
				words[n-1] += w
				continue
			}
		}
		words = append(words, w)
	}
	for n := len(words); n > 1 && companyJoints[words[n-1]]; n-- {
		words = words[:n-1]
	}
	return words
}

// cutLegalForm takes one legal form from the end, or from the front where that is the custom, and leaves at least a word.
func cutLegalForm(words []string) (rest []string, form string) {
	n := len(words)
	for size := min(maxFormWords, n-1); size > 0; size-- {
		if f := formsBehind[strings.Join(words[n-size:], " ")]; f != "" {
			return words[:n-size], f
		}
		if f := formsBefore[strings.Join(words[:size], " ")]; f != "" {
			return words[size:], f
		}
	}
	last := words[n-1]
	for _, f := range eastForms {
		if base, ok := strings.CutSuffix(last, f); ok && (base != "" || n > 1) {
			if base == "" {
				return words[:n-1], f
			}
			return append(slices.Clone(words[:n-1]), base), f
		}
		if base, ok := strings.CutPrefix(words[0], f); ok && base != "" {
			return append([]string{base}, words[1:]...), f
		}
	}
	return words, ""
}
