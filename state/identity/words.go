package identity

import "slices"

// people says which records and homes are one customer, by rules or by a person's word: a
// union-find over the nodes, and after them the homes that no node has.
type people struct{ parent []int }

func (p *people) add() int {
	p.parent = append(p.parent, len(p.parent))
	return len(p.parent) - 1
}

func (p *people) of(i int) int {
	for p.parent[i] != i {
		p.parent[i] = p.parent[p.parent[i]]
		i = p.parent[i]
	}
	return i
}

func (p *people) join(a, b int) { p.parent[max(a, b)] = min(a, b) }

// heed takes in what people said of the nodes' homes.
func (p *partition) heed() {
	at := map[uint64]int{}
	for i := range p.nodes {
		p.people.add()
		for _, h := range p.nodes[i].Homes {
			at[h] = i
		}
	}
	element := func(home uint64) int {
		i, ok := at[home]
		if !ok {
			i = p.people.add()
			at[home] = i
		}
		return i
	}
	for _, w := range p.words.Same {
		p.people.join(p.people.of(element(w.A)), p.people.of(element(w.B)))
	}
	for _, w := range p.words.Apart {
		pair := [2]int{element(w.A), element(w.B)}
		if p.words.Over[w] {
			p.parted = append(p.parted, pair)
		} else {
			p.apart = append(p.apart, pair)
		}
	}
}

// keptApart says whether a person keeps two groups apart: by a word on them, or on whom they are
// one with by a word.
func (p *partition) keptApart(a, b int) bool {
	x, y := p.people.of(a), p.people.of(b)
	if x != y && slices.ContainsFunc(p.apart, func(w [2]int) bool {
		return crosses(p.people.of(w[0]), p.people.of(w[1]), x, y)
	}) {
		return true
	}
	direct := func(w [2]int) bool {
		return w[0] < len(p.nodes) && w[1] < len(p.nodes) && crosses(p.find(w[0]), p.find(w[1]), a, b)
	}
	return slices.ContainsFunc(p.apart, direct) || slices.ContainsFunc(p.parted, direct)
}

func crosses(a, b, x, y int) bool { return a == x && b == y || a == y && b == x }
