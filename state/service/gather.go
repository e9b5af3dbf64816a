package service

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

// What one way of searching may cost, whatever the size of the state. All of them together have an [effort].
const (
	maxKeys   = 1_500 // index entries read for one way of fitting
	maxJoined = 5_000 // of each of two words that are both frequent
	maxBegun  = 400   // jumps from word to word among those that begin so
	maxFew    = 300   // entries up to which a word counts as rare
	maxLoaded = 160   // customers that are read and ranked
	maxMine   = 5_000 // customers of one owner
	minLoaded = 40    // customers that are read even where the effort is spent
	maxNewest = 40    // of the reader's own customers that are looked at beside the gathered ones
)

// gather collects, from the index of names alone, the numbers of customers that may fit, those that
// fit better first.
type gather struct {
	tx    state.Tx
	owner string // whose customers come first among too many; may be ""
	*effort
	list  []candidate
	at    map[uint64]bool // those in list; nil where these may come twice
	taken int             // how often a customer was met
	tier  int
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

func newGather(h *hits) *gather {
	return &gather{tx: h.l.tx, owner: h.owner, effort: &h.effort, at: map[uint64]bool{}}
}

// scan takes the customers with a key in [from, to), at most limit, and says how many keys it read, more than limit where
// there are more. The keys from longer on fit less well; nil: none.
func (g *gather) scan(from, longer, to []byte, limit int) (int, error) {
	n := 0
	if limit = g.allowed(limit); limit == 0 {
		g.more = true
		return 0, nil
	}
	defer func() { g.spend(costSeek + n) }()
	for d, err := range g.tx.Scan(state.Customers.Kind, state.Range{Index: "token", From: from, To: to, Limit: limit + 1, KeysOnly: true}) {
		if err != nil {
			return n, err
		}
		if n++; n > limit {
			g.more = true
			break
		}
		if longer != nil && bytes.Compare(d.Entry, longer) >= 0 {
			g.tier, longer = g.tier+1, nil
		}
		g.take(state.KeyNumber(d.Key), d.Entry[len(d.Entry)-1] == identity.KeyBought[0])
	}
	return n, nil
}

func (g *gather) take(n uint64, bought bool) {
	g.taken++
	if g.at != nil && g.at[n] {
		return
	}
	if g.at != nil {
		g.at[n] = true
	}
	g.list = append(g.list, candidate{n, g.tier, bought})
}

// next gives the first key in [from, to), or "" where there is none, or no effort is left.
func (g *gather) next(from, to []byte) (string, error) {
	if g.allowed(1) == 0 {
		g.more = true
		return "", nil
	}
	g.spend(costSeek)
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
		if _, err := g.scan(key, append(slices.Clone(key), identity.KeyEnd...), state.After(key), maxKeys); err != nil {
			return err
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
	for ; g.begins < maxBegun && g.allowed(1) > 0; g.begins++ {
		key, err := g.next([]byte(from), to)
		if err != nil || key == "" {
			return err
		}
		word := firstWord(mark, key)
		at := mark + identity.FindKey(slices.Concat([]string{word}, words[1:]))
		switch {
		case strings.HasPrefix(key, at):
			if _, err := g.scan([]byte(at), nil, state.After([]byte(at)), maxFew); err != nil {
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

// holders gives the customers with a word anywhere in name, company or phone number, at most limit of each and all altogether, by
// number; full says that there are no more.
func (g *gather) holders(word string, limit, all int) (numbers []candidate, full bool, err error) {
	one := &gather{tx: g.tx, effort: g.effort}
	for _, mark := range marks {
		key := []byte(mark + word)
		n, err := one.scan(key, nil, state.After(key), min(limit, all))
		if err != nil {
			return nil, false, err
		}
		all = max(all-n, 0)
	}
	if onlyPhone(word) && len(word) >= minTail {
		limit = max(g.allowed(min(limit, all)), 1)
		tails, err := scanNumbers(g.tx, state.PrefixRange("tail", []byte(identity.PhoneTail(word))), limit)
		if err != nil {
			return nil, false, err
		}
		g.spend(costSeek + len(tails))
		for _, n := range tails {
			one.take(n, false)
		}
		one.more = one.more || len(tails) >= limit
	}
	slices.SortFunc(one.list, func(a, b candidate) int { return cmp.Compare(a.number, b.number) })
	return slices.CompactFunc(one.list, func(a, b candidate) bool { return a.number == b.number }), !one.more, nil
}

// scattered takes those who may have the words in different places: those with all words but one side by side, then the
// customers of the rarest one, or of the two rarest together where all are frequent.
func (g *gather) scattered(words []string) error {
	had := len(g.list)
	for i := len(words) - 1; i >= 0 && len(words) > 2; i-- {
		rest := slices.Concat(words[:i], words[i+1:])
		for _, mark := range []string{"", identity.KeyReading} {
			if err := g.phrase(mark, rest); err != nil {
				return err
			}
		}
		if len(g.list)-had >= maxLoaded {
			return nil
		}
	}
	g.tier++
	type holder struct {
		word string
		list []candidate
		full bool
	}
	var known []holder
	for _, w := range words {
		list, full, err := g.holders(w, maxFew, len(marks)*maxFew)
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
	// Both share what is left, but for what it takes to read those who are found.
	rest := max(g.left-maxLoaded*costCustomer/2, 0)
	a, fullA, err := g.holders(known[0].word, maxJoined, rest/2)
	if err != nil {
		return err
	}
	b, fullB, err := g.holders(known[1].word, maxJoined, rest/2)
	if err != nil {
		return err
	}
	g.more = g.more || !fullA || !fullB
	for len(a) > 0 && len(b) > 0 {
		switch order := cmp.Compare(a[0].number, b[0].number); {
		case order < 0:
			a = a[1:]
		case order > 0:
			b = b[1:]
		default:
			g.take(a[0].number, a[0].bought)
			a, b = a[1:], b[1:]
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
	g.spend(len(numbers))
	for _, n := range numbers {
		g.mine[n] = true
	}
	return err
}

// familiar gives customers that the reader may mean where more fit than are looked at: its newest own, and those that somebody
// looked at last.
func (g *gather) familiar() ([]uint64, error) {
	var out []uint64
	if g.owner != "" {
		own := exactly("owner", state.TextKey(g.owner))
		own.Reverse = true
		var err error
		if out, err = scanNumbers(g.tx, own, maxNewest); err != nil {
			return nil, err
		}
	}
	for r, err := range state.Reads.All(g.tx, state.Range{Reverse: true, Limit: maxNewest}) {
		if err != nil {
			return nil, err
		}
		out = append(out, r.Customer)
	}
	slices.Sort(out)
	out = slices.Compact(out)
	g.spend(len(out) * costCustomer)
	return out, nil
}
