package service

import (
	"cmp"
	"slices"
	"strings"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

// What one search may cost, whatever the size of the state.
const (
	maxKeys   = 1_500 // index entries read for one way of fitting
	maxJoined = 5_000 // of each of two words that are both frequent
	maxSeeks  = 3_000 // jumps in the index
	maxBegun  = 400   // jumps from word to word among those that begin so
	maxFew    = 300   // entries up to which a word counts as rare
	maxLoaded = 160   // customers that are read and ranked
	maxMine   = 5_000 // customers of one owner
)

// gather collects, from the index of names alone, the numbers of customers that may fit, those that
// fit better first.
type gather struct {
	tx    state.Tx
	owner string // whose customers come first among too many; may be ""
	list  []candidate
	at    map[uint64]bool
	tier  int
	seeks int
	// begins counts the jumps from word to word.
	begins int
	more   bool // something was left out
	mine   map[uint64]bool
}

// candidate is a customer that may fit.
type candidate struct {
	number uint64
	tier   int
	bought bool
}

func newGather(tx state.Tx, owner string) *gather {
	return &gather{tx: tx, owner: owner, at: map[uint64]bool{}}
}

// scan takes the customers with a key in [from, to), at most limit, and says how many keys it read.
// Where keep is given it decides by the key.
func (g *gather) scan(from, to []byte, limit int, keep func(key string) bool) (int, error) {
	n := 0
	for d, err := range g.tx.Scan(state.Customers.Kind, state.Range{Index: "token", From: from, To: to, Limit: limit + 1, KeysOnly: true}) {
		if err != nil {
			return n, err
		}
		if n++; n > limit {
			g.more = true
			break
		}
		if keep == nil || keep(string(d.Entry)) {
			g.take(state.KeyNumber(d.Key), strings.HasSuffix(string(d.Entry), identity.KeyBought))
		}
	}
	return n, nil
}

func (g *gather) take(n uint64, bought bool) {
	if !g.at[n] {
		g.at[n] = true
		g.list = append(g.list, candidate{n, g.tier, bought})
	}
}

// next gives the first key in [from, to).
func (g *gather) next(from, to []byte) (string, error) {
	g.seeks++
	for d, err := range g.tx.Scan(state.Customers.Kind, state.Range{Index: "token", From: from, To: to, Limit: 1, KeysOnly: true}) {
		return string(d.Entry), err
	}
	return "", nil
}

// firstWord gives the word that a key begins with, without its mark.
func firstWord(mark, key string) string {
	word, _, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(key, mark), identity.KeyBought), " ")
	return word
}

// phrase takes those whose names, or what else a mark stands for, have all the words side by side in
// any order; the words may be beginnings. Whole words come first.
func (g *gather) phrase(mark string, words []string) error {
	for _, order := range orders(words) {
		key := []byte(mark + identity.FindKey(order))
		g.tier++
		n, err := g.scan(key, append(slices.Clone(key), identity.KeyEnd...), maxKeys, nil)
		if err != nil {
			return err
		}
		if n <= maxKeys {
			g.tier++
			if _, err := g.scan(append(slices.Clone(key), identity.KeyEnd...), state.After(key), maxKeys, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// allBegun takes those who have words of which each may be a beginning side by side. It jumps from
// word to word, so it begins with the longest, which begins fewest.
func (g *gather) allBegun(mark string, words []string) error {
	if len(words) < 2 {
		return nil
	}
	all := orders(words)
	slices.SortStableFunc(all, func(a, b []string) int { return len(b[0]) - len(a[0]) })
	had := len(g.list)
	for _, order := range all {
		if err := g.begun(mark, order); err != nil || len(g.list) > had {
			return err
		}
	}
	return nil
}

// begun takes those in whose names a longer word than the first is followed by the others.
func (g *gather) begun(mark string, words []string) error {
	g.tier++
	first := mark + words[0]
	to := state.After([]byte(first))
	from := first + identity.KeyEnd
	for ; g.begins < maxBegun; g.begins++ {
		key, err := g.next([]byte(from), to)
		if err != nil || key == "" {
			return err
		}
		word := firstWord(mark, key)
		at := mark + identity.FindKey(slices.Concat([]string{word}, words[1:]))
		switch {
		case strings.HasPrefix(key, at):
			if _, err := g.scan([]byte(at), state.After([]byte(at)), maxFew, nil); err != nil {
				return err
			}
			from = mark + word + identity.KeyEnd
		case key < at:
			from = at
		default:
			from = mark + word + identity.KeyEnd
		}
	}
	g.more = true
	return nil
}

// orders gives the orders in which words are looked for: all of two or three; of more each in front
// of its followers.
func orders(words []string) [][]string {
	switch len(words) {
	case 1:
		return [][]string{words}
	case 2:
		return [][]string{words, {words[1], words[0]}}
	case 3:
		a, b, c := words[0], words[1], words[2]
		return [][]string{words, {b, c, a}, {c, a, b}, {c, b, a}, {b, a, c}, {a, c, b}}
	}
	var out [][]string
	for i := range words {
		out = append(out, slices.Concat(words[i:], words[:i]))
	}
	return out
}

// marks are where a word is looked for when several words need not stand side by side.
var marks = []string{"", identity.KeyReading, identity.KeyCompany}

// holders gives the customers with a word anywhere in name, company or phone number, at most limit of each; full
// says that there are no more.
func (g *gather) holders(word string, limit int) (numbers []candidate, full bool, err error) {
	one := newGather(g.tx, "")
	for _, mark := range marks {
		key := []byte(mark + word)
		if _, err := one.scan(key, state.After(key), limit, nil); err != nil {
			return nil, false, err
		}
	}
	if onlyPhone(word) && len(word) >= minTail {
		tails, err := scanNumbers(g.tx, state.PrefixRange("tail", []byte(identity.PhoneTail(word))), limit)
		if err != nil {
			return nil, false, err
		}
		for _, n := range tails {
			one.take(n, false)
		}
		one.more = one.more || len(tails) >= limit
	}
	return one.list, !one.more, nil
}

// scattered takes those who may have the words in different places: the customers of the rarest one, or of the two rarest
// together where all are frequent.
func (g *gather) scattered(words []string) error {
	g.tier++
	type holder struct {
		word string
		list []candidate
		full bool
	}
	var known []holder
	for _, w := range words {
		list, full, err := g.holders(w, maxFew)
		if err != nil {
			return err
		}
		if len(list) > 0 {
			known = append(known, holder{w, list, full})
		}
	}
	slices.SortStableFunc(known, func(a, b holder) int {
		return cmp.Or(boolOrder(a.full, b.full), cmp.Compare(len(a.list), len(b.list)))
	})
	switch {
	case len(known) == 0:
		return nil
	case known[0].full || len(known) == 1:
		for _, c := range known[0].list {
			g.take(c.number, c.bought)
		}
		g.more = g.more || !known[0].full
		return nil
	}
	a, fullA, err := g.holders(known[0].word, maxJoined)
	if err != nil {
		return err
	}
	b, fullB, err := g.holders(known[1].word, maxJoined)
	if err != nil {
		return err
	}
	g.more = g.more || !fullA || !fullB
	in := make(map[uint64]bool, len(a))
	for _, c := range a {
		in[c.number] = true
	}
	for _, c := range b {
		if in[c.number] {
			g.take(c.number, c.bought)
		}
	}
	return nil
}

// boolOrder puts true first.
func boolOrder(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// best gives the numbers of the candidates that are read: those that fit better first, among these the reader's own, then who
// bought.
func (g *gather) best(limit int) ([]uint64, error) {
	if len(g.list) > limit {
		g.more = true
		if err := g.own(); err != nil {
			return nil, err
		}
		slices.SortStableFunc(g.list, func(a, b candidate) int {
			return cmp.Or(cmp.Compare(a.tier, b.tier), boolOrder(g.mine[a.number], g.mine[b.number]), boolOrder(a.bought, b.bought))
		})
		g.list = g.list[:limit]
	}
	out := make([]uint64, len(g.list))
	for i, c := range g.list {
		out[i] = c.number
	}
	return out, nil
}

func (g *gather) own() error {
	if g.mine != nil || g.owner == "" {
		return nil
	}
	g.mine = map[uint64]bool{}
	numbers, err := scanNumbers(g.tx, exactly("owner", state.TextKey(g.owner)), maxMine)
	for _, n := range numbers {
		g.mine[n] = true
	}
	return err
}
