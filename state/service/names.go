package service

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

const (
	enough      = 20 // hits behind which looser ways of fitting are not tried
	maxWords    = 6  // of a query that are looked for
	minSplit    = 4  // letters of a word that may be two written together
	maxInitials = 5
)

// byNames adds whose names, company and the like have the words of a query, or begin with them.
func byNames(h *hits, query string) error {
	typed := identity.FindWords(query)
	if len(typed) == 0 {
		return nil
	}
	typed = typed[:min(len(typed), maxWords)]
	h.grant(effortNames)
	g := newGather(h)
	wordings := plainWordings(query, typed)
	for _, mark := range marks {
		if len(g.list) >= maxLoaded {
			break
		}
		for _, w := range wordings {
			if err := g.phrase(mark, w.words); err != nil {
				return err
			}
		}
	}
	for _, mark := range marks {
		for _, w := range wordings {
			if len(g.list) < enough {
				if err := g.allBegun(mark, w.words); err != nil {
					return err
				}
			}
		}
	}
	if len(g.list) < enough {
		// Written together, or apart, as people do with names of two syllables or two parts.
		for _, words := range rejoined(typed) {
			w := wording{words, asRespelt}
			before := len(g.list)
			for _, mark := range []string{"", identity.KeyReading} {
				if err := g.phrase(mark, words); err != nil {
					return err
				}
			}
			if len(g.list) > before {
				wordings = append(wordings, w)
			}
		}
	}
	if len(g.list) < enough {
		for _, words := range identity.LatinReadings(typed) {
			if utf8.RuneCountInString(strings.Join(typed, "")) < 2 {
				break
			}
			wordings = append(wordings, wording{words, asRead})
			for _, mark := range []string{identity.KeyReading, ""} {
				if err := g.phrase(mark, words); err != nil {
					return err
				}
			}
		}
	}
	if len(typed) > 1 && len(g.list) < enough {
		if err := g.scattered(typed); err != nil {
			return err
		}
	}
	if len(typed) == 1 && len(typed[0]) > 1 && len(typed[0]) <= maxInitials && len(g.list) < maxLoaded {
		g.tier++
		key := []byte(identity.KeyInitials + typed[0])
		if _, err := g.scan(key, append(slices.Clone(key), identity.KeyEnd...), state.After(key), maxKeys); err != nil {
			return err
		}
	}
	return h.addFitting(g, wordings)
}

// plainWordings are a query's words as they stand, in other spellings, without titles, and without
// a legal form.
func plainWordings(query string, typed []string) []wording {
	out := []wording{{typed, asTyped}}
	add := func(words []string) {
		if len(words) > 0 && !slices.ContainsFunc(out, func(w wording) bool { return slices.Equal(w.words, words) }) {
			out = append(out, wording{words, asTyped})
		}
	}
	for _, words := range identity.Respellings(query) {
		add(words)
	}
	add(identity.WithoutTitles(typed))
	if key, form := identity.NormalizeCompany(query); form != "" {
		add(identity.FindWords(key))
	}
	return out
}

// rejoined gives words with two neighbours joined, or one taken apart.
func rejoined(words []string) [][]string {
	var out [][]string
	for i := 0; i+1 < len(words); i++ {
		out = append(out, slices.Concat(words[:i], []string{words[i] + words[i+1]}, words[i+2:]))
	}
	if len(words) > 2 {
		out = append(out, []string{strings.Join(words, "")})
	}
	for i, w := range words {
		if len(words) > 2 || utf8.RuneCountInString(w) < minSplit || !isLower(w) {
			continue
		}
		for at := 2; at <= len(w)-2; at++ {
			out = append(out, slices.Concat(words[:i], []string{w[:at], w[at:]}, words[i+1:]))
		}
	}
	return out
}

func isLower(w string) bool {
	return !strings.ContainsFunc(w, func(r rune) bool { return r < 'a' || r > 'z' })
}

// addFitting reads the candidates and adds those that fit.
func (h *hits) addFitting(g *gather, wordings []wording) error {
	numbers, err := g.best(h.customers(min(len(g.list), max(maxLoaded, h.limit))))
	if err != nil {
		return err
	}
	if g.more {
		h.more = true
		familiar, err := g.familiar()
		if err != nil {
			return err
		}
		for _, n := range familiar {
			if !slices.Contains(numbers, n) {
				numbers = append(numbers, n)
			}
		}
	}
	keys := make([][]byte, len(numbers))
	for i, n := range numbers {
		keys[i] = state.NumberKey(n)
	}
	customers, err := state.Customers.Many(h.l.tx, keys)
	if err != nil {
		return err
	}
	for _, c := range customers {
		if c == nil || c.Into != 0 {
			continue
		}
		if f, ok := fit(c, wordings); ok {
			h.add(c, f.rank, f.why, f.match)
		}
	}
	return nil
}
