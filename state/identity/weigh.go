package identity

import (
	"cmp"
	"slices"
	"sync"

	"github.com/keptcrm/kept/state"
)

// Weight is how likely two records are one customer by all that they say.
type Weight struct {
	Bits    float64 // log2 odds
	Sure    bool    // they join by themselves, where nothing speaks against their groups
	Ask     bool    // likely enough for a question
	Against bool    // one person does not have both of some of their values
}

// Judge weighs records against each other: a pure function of two contact records, and of what it
// believes of all.
type Judge interface {
	Weigh(a, b *state.Record) Weight
	// Reasons gives what the weight is made of, strongest first.
	Reasons(a, b *state.Record) []state.Evidence
}

// The codes of evidence that is no reason but makes the sum: how unlikely two records are one of
// which nothing is known; and what is taken off where several reasons are one, as all that a
// household shares.
const (
	EvidenceByChance    = "by_chance"
	EvidenceCountedOnce = "counted_once"

	evidenceTwoBirthdays = "two_birthdays"
)

// Pairing is two contact records that met, and what they weigh.
type Pairing struct {
	A, B uint64 // records
	Weight
}

// doubtBits is how much less likely two groups are one for each thing that rules have against it,
// beside what the weight holds already.
const doubtBits = 4

// joinByWeight joins what is sure without a shared identifier and makes candidates of what is
// likely.
func (p *partition) joinByWeight(pairs []Pairing, judge Judge) {
	if len(pairs) == 0 {
		return
	}
	at := make(map[uint64]int, len(p.nodes))
	for i := range p.nodes {
		at[p.nodes[i].Record.Key] = i
	}
	type met struct {
		a, b int
		w    Weight
	}
	var all []met
	for _, x := range pairs {
		a, okA := at[x.A]
		b, okB := at[x.B]
		if okA && okB && a != b {
			all = append(all, met{min(a, b), max(a, b), x.Weight})
		}
	}
	slices.SortFunc(all, func(x, y met) int {
		return cmp.Or(cmp.Compare(y.w.Bits, x.w.Bits), cmp.Compare(x.a, y.a), cmp.Compare(x.b, y.b))
	})
	for _, m := range all {
		if !m.w.Sure {
			continue
		}
		a, b := p.find(m.a), p.find(m.b)
		if a == b || !p.agree(a, b, judge) {
			continue
		}
		if against, _ := p.against(a, b); len(against) > 0 {
			continue
		}
		p.unite(a, b)
		for _, r := range judge.Reasons(p.nodes[m.a].Record, p.nodes[m.b].Record) {
			if r.Weight > 0 {
				p.note(edge{a: m.a, b: m.b}, r)
			}
		}
	}
	for _, m := range all {
		a, b := p.find(m.a), p.find(m.b)
		if a == b || !m.w.Ask {
			continue
		}
		against, never := p.against(a, b)
		if never {
			continue
		}
		weighed := sync.OnceValue(func() []state.Evidence {
			return slices.DeleteFunc(judge.Reasons(p.nodes[m.a].Record, p.nodes[m.b].Record), func(r state.Evidence) bool {
				return r.Code == EvidenceByChance || r.Code == EvidenceCountedOnce
			})
		})
		bits := m.w.Bits
		var ruled []state.Evidence // what the weight does not hold already
		closer := ""
		for _, r := range against {
			// Of what rules have against two records, the weight can hold a birthday alone.
			if r.Code == evidenceTwoBirthdays {
				if slices.ContainsFunc(weighed(), func(x state.Evidence) bool { return x.Code == r.Code }) {
					continue
				}
				closer = "similar_birthday"
			}
			bits -= doubtBits
			ruled = append(ruled, r)
		}
		if bits < askAtLeast {
			continue
		}
		p.askWeighed(m.a, m.b, func() []state.Evidence {
			return append(slices.DeleteFunc(slices.Clone(weighed()), func(x state.Evidence) bool { return x.Code == closer }), ruled...)
		}, int64(10*bits))
	}
}

// askAtLeast is how likely two groups must be one, after what rules have against it, for a
// question.
const askAtLeast = -3

// agree says whether no record of one group speaks against one of another: a chain of pairs that
// are sure one by one does not join strangers.
func (p *partition) agree(a, b int, judge Judge) bool {
	if len(p.members[a])*len(p.members[b]) == 1 {
		return true
	}
	for _, i := range p.members[a] {
		for _, j := range p.members[b] {
			if w := judge.Weigh(p.nodes[i].Record, p.nodes[j].Record); w.Bits < 0 || w.Against {
				return false
			}
		}
	}
	return true
}

// unite makes two groups one.
func (p *partition) unite(a, b int) {
	if b < a {
		a, b = b, a
	}
	p.parent[b] = a
	p.members[a] = append(p.members[a], p.members[b]...)
	p.members[b] = nil
	p.people.join(p.people.of(a), p.people.of(b))
}

func (p *partition) askWeighed(a, b int, weighed func() []state.Evidence, score int64) {
	key := [2]int{min(a, b), max(a, b)}
	if c := p.asked[key]; c != nil {
		// An identifier in common asked already: what it shares is among the reasons.
		c.weighed, c.Score = weighed, max(c.Score, score)+5
		return
	}
	p.asked[key] = &Candidate{A: p.nodes[key[0]].Record.Key, B: p.nodes[key[1]].Record.Key, weighed: weighed, Score: score}
}
