package service

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

// maxInside bounds the search for letters inside a word, in index keys read and in jumps over the
// other customers with a word, which cost as much as costJump keys: all of a small state is looked
// through, and of a large one the first words.
const (
	maxInside = 12_000
	costJump  = 6
)

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
	h.grant(effortInside)
	g := newGather(h)
	for _, mark := range []string{"", identity.KeyCompany} {
		if err := g.inside(mark, longest); err != nil {
			return err
		}
	}
	numbers, err := g.best(h.customers(min(len(g.list), maxLoaded)))
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

// inside takes those with letters inside a word. Of customers who share a word it reads some, and jumps to the next word.
func (g *gather) inside(mark, letters string) error {
	from, to := []byte(mark+"0"), []byte(mark+identity.KeyReading)
	if mark == "" {
		to = nil
	}
	all := g.allowed(maxInside / 2)
	left := all
	defer func() { g.spend(all - left) }()
	for ; left > 0 && from != nil; left -= costJump {
		last, same := "", 0
		next := []byte(nil)
		for d, err := range g.tx.Scan(state.Customers.Kind, state.Range{Index: "token", From: from, To: to, KeysOnly: true}) {
			if err != nil {
				return err
			}
			word := firstWord(mark, string(d.Entry))
			inside := strings.Contains(word, letters)
			if inside {
				g.take(state.KeyNumber(d.Key), strings.HasSuffix(string(d.Entry), identity.KeyBought))
			}
			if word != last {
				last, same = word, 0
			}
			// Those in whose name the letters are elsewhere are met again under that word.
			if same++; same > costJump && !inside || len(g.list) > maxLoaded {
				next = []byte(mark + word + identity.KeyEnd)
				break
			}
			if left--; left <= 0 {
				g.more = true
				return nil
			}
		}
		if from = next; len(g.list) > maxLoaded {
			g.more = true
			return nil
		}
	}
	return nil
}

func eachInside(words, keys []string) bool {
	return !slices.ContainsFunc(words, func(w string) bool {
		return !slices.ContainsFunc(keys, func(k string) bool { return strings.Contains(k, w) })
	})
}
