package service

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

// maxInside is how many index keys are looked through for letters inside a word: all of a small
// state, the first of a large one.
const maxInside = 20_000

// byInside adds who has all the words of a query somewhere inside words.
func byInside(h *hits, query string) error {
	words := identity.FindWords(query)
	if len(words) == 0 {
		return nil
	}
	longest := slices.MaxFunc(words, func(a, b string) int { return len(a) - len(b) })
	if utf8.RuneCountInString(longest) < 2 {
		return nil
	}
	g := newGather(h.l.tx, h.owner)
	for _, from := range []string{"0", identity.KeyCompany} {
		to := []byte(identity.KeyReading)
		if from == identity.KeyCompany {
			to = state.After([]byte(from))
		}
		if _, err := g.scan([]byte(from), to, maxInside/2, func(key string) bool { return strings.Contains(key, longest) }); err != nil {
			return err
		}
	}
	numbers, err := g.best(maxLoaded)
	if err != nil {
		return err
	}
	h.more = h.more || g.more && len(numbers) > 0
	for _, n := range numbers {
		c, err := h.l.survivor(n)
		if err != nil {
			return err
		}
		if c == nil {
			continue
		}
		l := labelsOf(c)
		switch {
		case eachInside(words, l.keys[""]):
			h.add(c, rankPart, whyName, c.Name)
		case eachInside(words, append(l.keys[identity.KeyCompany], l.keys[""]...)):
			h.add(c, rankPart, whyCompany, c.Text("company"))
		}
	}
	return nil
}

func eachInside(words, keys []string) bool {
	return !slices.ContainsFunc(words, func(w string) bool {
		return !slices.ContainsFunc(keys, func(k string) bool { return strings.Contains(k, w) })
	})
}
