package service

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

const (
	minTypo       = 4   // letters of a word that is looked for with a typo
	minTypoBeside = 3   // the same beside other words
	maxSpellings  = 12  // of one word
	maxTypos      = 150 // combinations of spellings of several words
	maxSameStart  = 2_000
)

// byTypo adds whose names have the words of a query with one letter too many, too few, another, or
// two swapped, in each word. It finds the words that there are by jumping through the index, so
// that nothing need be stored for it.
func byTypo(h *hits, query string) error {
	typed := identity.FindWords(query)
	if len(typed) == 0 || len(typed) > keptTypo {
		return nil
	}
	h.grant(effortTypos)
	// A word that nobody has is surely the one that was mistyped; one that somebody has may be.
	for _, every := range []bool{false, true} {
		g := newGather(h)
		all, err := g.misspelt(typed, every)
		if err != nil {
			return err
		}
		var whole []wording
		h.begun = nil
		for _, w := range all {
			if w.as == asTypo {
				whole = append(whole, w)
			} else {
				h.begun = append(h.begun, w)
			}
		}
		if err := h.addWordings(g, whole); err != nil || len(h.list) > 0 {
			return err
		}
	}
	return nil
}

// byTypoBegun adds whose words begin with what a query's words are but for a letter; [byTypo] has
// looked for these.
func byTypoBegun(h *hits, _ string) error {
	return h.addWordings(newGather(h), h.begun)
}

func (h *hits) addWordings(g *gather, wordings []wording) error {
	var met []wording // those that somebody fits: to compare each customer with all of them takes its time
	for _, w := range wordings {
		before := g.taken
		for _, mark := range marks {
			if err := g.phrase(mark, w.words); err != nil {
				return err
			}
		}
		if len(w.words) > 1 && len(g.list) == 0 {
			if err := g.scattered(w.words); err != nil {
				return err
			}
		}
		if g.taken > before {
			met = append(met, w)
		}
		if len(g.list) >= maxLoaded || g.allowed(1) == 0 {
			break
		}
	}
	return h.addFitting(g, met)
}

// keptTypo is how many words a query with typos may have.
const keptTypo = 4

// misspelt gives the wordings of words that exist, those with fewest typos first. Unless every word
// may be misspelt only those are that nobody has.
func (g *gather) misspelt(typed []string, every bool) ([]wording, error) {
	least := minTypo
	if len(typed) > 1 {
		least = minTypoBeside
	}
	type spelling struct {
		word  string
		typos int
		begun bool
	}
	choices := make([][]spelling, len(typed))
	for i, word := range typed {
		for _, mark := range marks {
			key := []byte(mark + word)
			found, err := g.next(key, state.After(key))
			if err != nil {
				return nil, err
			}
			if found != "" {
				choices[i] = []spelling{{word: word}}
				break
			}
		}
		if (utf8.RuneCountInString(word) >= least || identity.IsHan(word)) && (every || choices[i] == nil) {
			whole, begun, err := g.spellings(word)
			if err != nil {
				return nil, err
			}
			for _, o := range whole[:min(len(whole), maxSpellings)] {
				choices[i] = append(choices[i], spelling{word: o, typos: 1})
			}
			for _, o := range begun[:min(len(begun), maxSpellings)] {
				choices[i] = append(choices[i], spelling{word: o, typos: 1, begun: true})
			}
		}
		if choices[i] == nil {
			choices[i] = []spelling{{word: word}} // perhaps a place, or a phone number
		}
	}
	type combination struct {
		words []string
		typos int
		begun bool
	}
	all := []combination{{}}
	for _, c := range choices {
		var longer []combination
		for _, had := range all {
			for _, s := range c {
				longer = append(longer, combination{slices.Concat(had.words, []string{s.word}), had.typos + s.typos, had.begun || s.begun})
			}
		}
		slices.SortStableFunc(longer, func(a, b combination) int { return a.typos - b.typos })
		all = longer[:min(len(longer), maxTypos)]
	}
	var out []wording
	for _, c := range all {
		switch {
		case c.begun:
			out = append(out, wording{c.words, asTypoBegun})
		case c.typos > 0:
			out = append(out, wording{c.words, asTypo})
		}
	}
	return out, nil
}

// spellings gives the words in the index that differ from a word by one letter, and beginnings of
// words that do where there are none.
func (g *gather) spellings(word string) (whole, begun []string, err error) {
	if identity.IsHan(word) {
		whole, err = g.hanSpellings(word)
		return whole, nil, err
	}
	if strings.ContainsFunc(word, unicode.IsDigit) {
		return nil, nil, nil
	}
	near := oneEdit(word, identity.Alphabet(word))
	for _, mark := range marks {
		found, part, err := g.present(mark, near)
		if err != nil || len(found) > 0 {
			return found, nil, err
		}
		begun = append(begun, part...)
	}
	slices.Sort(begun)
	return nil, slices.Compact(begun), nil
}

// oneEdit gives, in order, all that one letter too few, too many, another or two swapped make of a word.
func oneEdit(word string, alphabet []rune) []string {
	runes := []rune(word)
	out := make([]string, 0, (2*len(runes)+1)*(len(alphabet)+1))
	join := func(a []rune, middle string, b []rune) { out = append(out, string(a)+middle+string(b)) }
	for i := range len(runes) + 1 {
		for _, r := range alphabet {
			join(runes[:i], string(r), runes[i:])
			if i < len(runes) && r != runes[i] {
				join(runes[:i], string(r), runes[i+1:])
			}
		}
		if i < len(runes) {
			join(runes[:i], "", runes[i+1:])
		}
		if i+1 < len(runes) && runes[i] != runes[i+1] {
			join(runes[:i], string([]rune{runes[i+1], runes[i]}), runes[i+2:])
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// present gives those of ordered words that the index has, whole, or as the beginning of others. One
// jump answers for all words up to the one that it meets.
func (g *gather) present(mark string, words []string) (whole, begun []string, err error) {
	to := state.After([]byte(mark))
	for i := 0; i < len(words); {
		key, err := g.next([]byte(mark+words[i]), to)
		if err != nil || key == "" {
			return whole, begun, err
		}
		met := firstWord(mark, key)
		for ; i < len(words) && words[i] <= met; i++ {
			switch {
			case words[i] == met:
				whole = append(whole, met)
			case strings.HasPrefix(met, words[i]):
				begun = append(begun, words[i])
			}
		}
	}
	return whole, begun, nil
}

// hanSpellings gives names of as many characters of which one differs; for names of three and more.
func (g *gather) hanSpellings(word string) ([]string, error) {
	runes := []rune(word)
	if len(runes) < 3 {
		return nil, nil
	}
	var out []string
	collect := func(from string) error {
		n := 0
		for d, err := range g.tx.Scan(state.Customers.Kind, state.Range{Index: "token", From: []byte(from), To: state.After([]byte(from)), Limit: maxSameStart, KeysOnly: true}) {
			if err != nil {
				return err
			}
			if n++; n > 1 && g.allowed(1) == 0 {
				break
			}
			g.spend(1)
			if w := firstWord("", string(d.Entry)); differsByOne(runes, []rune(w)) && !slices.Contains(out, w) {
				out = append(out, w)
			}
		}
		g.more = g.more || n == maxSameStart
		return nil
	}
	for _, same := range []int{len(runes) - 1, 1} {
		if err := collect(string(runes[:same])); err != nil {
			return nil, err
		}
	}
	// Of a name whose first character differs the rest is a key of its own.
	rest := string(runes[1:])
	for d, err := range g.tx.Scan(state.Customers.Kind, state.Range{Index: "token", From: []byte(rest), To: []byte(rest + identity.KeyEnd), Limit: maxFew, KeysOnly: true}) {
		if err != nil {
			return nil, err
		}
		if g.allowed(costCustomer) < costCustomer {
			g.more = true
			break
		}
		g.spend(costCustomer)
		c, err := state.Customers.Find(g.tx, d.Key)
		if err != nil {
			return nil, err
		}
		if c == nil {
			continue
		}
		for _, w := range identity.FindWords(c.Name) {
			if differsByOne(runes, []rune(w)) && !slices.Contains(out, w) {
				out = append(out, w)
			}
		}
	}
	return out, nil
}

func differsByOne(a, b []rune) bool {
	if len(a) != len(b) {
		return false
	}
	n := 0
	for i := range a {
		if a[i] != b[i] {
			n++
		}
	}
	return n == 1
}
