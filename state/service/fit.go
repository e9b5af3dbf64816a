package service

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

// How words that are looked for came about.
const (
	asTyped = iota
	asRespelt
	asRead // another script's name in Latin letters, so that all who sound alike fit
	asTypo
	asTypoBegun // the words of the wording are beginnings
)

// wording is words that are looked for, in one way of understanding the query.
type wording struct {
	words []string
	as    int
}

// fits is how well a customer fits.
type fits struct {
	rank       int
	why, match string
}

// labels are a customer's find keys taken apart: words by what they stand for, and whole keys.
type labels struct {
	words map[string][]string // by mark
	keys  map[string][]string
}

func labelsOf(c *state.Customer) labels {
	l := labels{words: map[string][]string{}, keys: map[string][]string{}}
	for _, t := range c.Tokens {
		mark := ""
		switch {
		case strings.HasPrefix(t, identity.KeyCompany), strings.HasPrefix(t, identity.KeyReading), strings.HasPrefix(t, identity.KeyInitials):
			mark = t[:1]
		}
		key := strings.TrimSuffix(strings.TrimPrefix(t, mark), identity.KeyBought)
		l.keys[mark] = append(l.keys[mark], key)
		for w := range strings.SplitSeq(key, " ") {
			if !slices.Contains(l.words[mark], w) {
				l.words[mark] = append(l.words[mark], w)
			}
		}
	}
	return l
}

// How one word fits a list of words.
const (
	wordNot = iota
	wordBegins
	wordWhole
)

func fitWord(word string, among []string) int {
	best := wordNot
	for _, w := range among {
		if w == word {
			return wordWhole
		}
		if strings.HasPrefix(w, word) {
			best = wordBegins
		}
	}
	return best
}

// fit says how well a customer fits one of several wordings; false where it fits none.
func fit(c *state.Customer, wordings []wording) (best fits, ok bool) {
	l := labelsOf(c)
	for _, w := range wordings {
		if f, fit := fitWording(c, l, w); fit && (!ok || f.rank < best.rank) {
			best, ok = f, true
		}
	}
	return best, ok
}

func fitWording(c *state.Customer, l labels, w wording) (fits, bool) {
	named, read, company, elsewhere := 0, 0, 0, 0
	whole := true
	at := ""
	for _, word := range w.words {
		own, sound := fitWord(word, l.words[""]), fitWord(word, l.words[identity.KeyReading])
		switch {
		case own != wordNot && own >= sound:
			named++
			whole = whole && own == wordWhole
		case sound != wordNot:
			read++
			whole = whole && sound == wordWhole
		default:
			if f := fitWord(word, l.words[identity.KeyCompany]); f != wordNot {
				company++
				break
			}
			found := otherwise(c, word)
			if found == "" {
				return initials(c, l, w)
			}
			at = found
			elsewhere++
		}
	}
	f := fits{why: whyName, match: c.Name}
	switch {
	case company > 0 && named+read+elsewhere == 0:
		f = fits{rankCompany, whyCompany, c.Text("company")}
	case named+read == 0 && company == 0:
		return fits{}, false // others look for these
	case company+elsewhere > 0 && named+read > 0:
		f.rank = rankMixed
	case company+elsewhere > 0:
		f = fits{rankCompany, whyCompany, c.Text("company")}
		if f.match == "" {
			f.match = at
		}
	case read > 0 && allOf(l.keys[identity.KeyReading], w.words):
		f.rank, f.why = rankFullReading, whyPinyin
	case read > 0 && whole:
		f.rank, f.why = rankReading, whyPinyin
	case read > 0:
		f.rank, f.why = rankReadingBegun, whyPinyin
	case whole && isName(c, l, w.words):
		f.rank = rankFullName
	case whole:
		f.rank = rankWholeWords
	default:
		f.rank = rankWords
	}
	if f.why == whyPinyin && !strings.ContainsFunc(c.Name, isOtherScript) {
		f.why = whyName
	}
	switch w.as {
	case asRead:
		// Somebody who sounds the same is no match of what was written in characters.
		f.why = whyPinyin
		if f.rank = max(f.rank, rankSound); !whole {
			return fits{}, false
		}
	case asTypo, asTypoBegun:
		f.why = whyTypo
		if f.rank <= rankReading {
			f.rank = rankTypo
		} else {
			f.rank = rankTypoPart
		}
	}
	return f, true
}

func isOtherScript(r rune) bool { return r >= 0x370 }

// initials fits a Chinese name by the first letters of its syllables.
func initials(c *state.Customer, l labels, w wording) (fits, bool) {
	if len(w.words) != 1 || w.as != asTyped {
		return fits{}, false
	}
	switch fitWord(w.words[0], l.words[identity.KeyInitials]) {
	case wordWhole:
		return fits{rankInitials, whyInitials, c.Name}, true
	case wordBegins:
		return fits{rankInitialsBegun, whyInitials, c.Name}, true
	}
	return fits{}, false
}

// isName says whether words are all of a customer's name, in any order.
func isName(c *state.Customer, l labels, words []string) bool {
	own := identity.FindWords(c.Name)
	if sameSet(words, own) || len(words) == 2 && allOf(l.keys[""], words) {
		return true
	}
	for _, v := range c.Get("nickname") {
		if sameSet(words, identity.FindWords(v.Text)) {
			return true
		}
	}
	if len(words) == len(own) {
		for _, other := range identity.Respellings(c.Name) {
			if sameSet(words, other) {
				return true
			}
		}
	}
	return c.Kind == state.Organisation && sameSet(words, companyWords(c.Name))
}

func companyWords(s string) []string {
	key, _ := identity.NormalizeCompany(s)
	return identity.FindWords(key)
}

// allOf says whether words are all of one of the keys.
func allOf(keys []string, words []string) bool {
	return slices.ContainsFunc(keys, func(k string) bool {
		return strings.Count(k, " ")+1 == len(words) && sameSet(words, strings.Fields(k))
	})
}

func sameSet(a, b []string) bool {
	if len(a) != len(b) || len(a) == 0 {
		return false
	}
	for _, w := range a {
		if !slices.Contains(b, w) {
			return false
		}
	}
	return true
}

// otherwise gives what else of a customer a word fits: the end of a phone number, an e-mail address, a place, a tag.
func otherwise(c *state.Customer, word string) string {
	digits := onlyPhone(word) && len(word) >= minTail
	for _, a := range c.Identifiers {
		switch {
		case a.Type == state.TypePhone && digits && strings.HasPrefix(identity.PhoneTail(a.Shown), identity.PhoneTail(word)):
			return a.Shown
		case a.Type == state.TypeEmail && utf8.RuneCountInString(word) >= 3 && strings.HasPrefix(a.Match, word):
			return a.Shown
		}
	}
	if utf8.RuneCountInString(word) < 2 {
		return ""
	}
	for _, v := range c.Get("address") {
		for _, part := range []string{"city", "postcode", "region"} {
			if fitWord(word, identity.FindWords(v.Parts[part])) != wordNot {
				return v.Parts[part]
			}
		}
	}
	for _, t := range c.Tags {
		if fitWord(word, identity.FindWords(t)) != wordNot {
			return t
		}
	}
	return ""
}
