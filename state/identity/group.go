package identity

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/keptcrm/kept/state"
)

// ManyHolders is how many records may hold one identifier before it is taken for shared without
// looking at names: a switchboard, a till's address.
const ManyHolders = 50

// mostAsked is how many doubts about one customer are worth somebody's time; the likeliest are kept.
const mostAsked = 5

// Pair is two homes ([state.Link]) that a person spoke of.
type Pair struct{ A, B uint64 }

// Words is what people said that binds grouping.
type Words struct {
	// Apart are two: no group holds both.
	Apart []Pair
	// Same are one. They make no group, but who is kept apart from one is so from the other.
	Same []Pair
	// Over are those of Apart that a newer "same" outweighs: they still make two groups, but keep
	// nobody else apart.
	Over map[Pair]bool
	// Shared maps an identifier's key to what a person said: shared (true) or one person's (false).
	Shared map[string]bool
}

// Node is one contact or organisation record to be grouped.
type Node struct {
	Record *state.Record
	Homes  []uint64 // the numbers that are its own

	version *state.Version
	name    Name
	kind    string
	birth   string
	place   string // of an organisation: the number of its house
}

// Group is records that are one natural customer by rule.
type Group struct {
	Nodes    []Node                      // by record number
	Evidence map[uint64][]state.Evidence // by record: why it is here
}

// Candidate is two records that may be one person, and that rules do not join.
type Candidate struct {
	A, B    uint64           // records, A before B
	Reasons []state.Evidence // of rules alone; all: [Candidate.Why]
	Score   int64            // more is likelier; equals are in the order of what the records are

	weighed func() []state.Evidence // what their weight is made of; comes before Reasons
}

// Why gives the reasons, the strongest first. They take longer than all else about a candidate, so
// they are put together where they are asked for; the records must not have changed.
func (c *Candidate) Why() []state.Evidence {
	if c.weighed != nil {
		c.Reasons, c.weighed = firstOfEach(append(c.weighed(), c.Reasons...)), nil
	}
	return c.Reasons
}

// Partition groups records that are one customer each. It is a pure function of the records and
// the words: their order does not matter. Records join by exact strong identifiers; never when
// two ids of one system, two birthdays, a person and an organisation, or a person's word stand
// against it; and not by an identifier that several people share. Then those pairs join that are
// sure without one, the surest first, where no two records of the joined groups speak against it.
// What stands in doubt comes back as candidates, likeliest first.
//
// The records must contain every holder of every strong identifier among them, up to
// [ManyHolders]+1 each, and both sides of every sure pair that has one of them. Pairs of records
// that are not among them are passed over. judge may be nil where there are no pairs.
func Partition(nodes []Node, words Words, pairs []Pairing, judge Judge) ([]Group, []Candidate) {
	nodes = slices.Clone(nodes)
	// Ties are broken by what the records are, never by when they came.
	slices.SortFunc(nodes, func(a, b Node) int { return byContent(a.Record, b.Record) })
	p := &partition{words: words, nodes: nodes, parent: make([]int, len(nodes)), members: make([][]int, len(nodes)),
		evidence: map[uint64][]state.Evidence{}, asked: map[[2]int]*Candidate{}}
	for i := range nodes {
		p.parent[i], p.members[i] = i, []int{i}
		n := &p.nodes[i]
		if n.version = Standing(n.Record); n.version == nil {
			n.version = &state.Version{}
		}
		n.kind = KindOf(n.version)
		if n.Record.Kind == state.KindOrganisation {
			n.kind = state.Organisation
		}
		n.name = PersonName(n.version)
		n.birth = fullDate(n.version.Text(fieldBirthday))
		if n.kind == state.Organisation {
			n.place = placeOf(n.version)
		}
	}
	p.heed()
	p.joinByIdentifiers()
	p.joinByWeight(pairs, judge)
	return p.result()
}

type partition struct {
	words    Words
	nodes    []Node
	people   people   // groups and homes that are one customer
	apart    [][2]int // elements of people that are kept apart
	parted   [][2]int // those of whom a newer word says that they are one
	parent   []int
	members  [][]int
	evidence map[uint64][]state.Evidence
	asked    map[[2]int]*Candidate
}

type edge struct {
	rank int
	id   state.Identifier
	a, b int
	ask  bool // names stand against it: a question rather than a link
}

// identifierRank orders identifiers by how well they prove a person.
func identifierRank(typ string) int {
	return map[string]int{state.TypeExternalID: 0, state.TypeCompany: 0, state.TypeEmail: 1, state.TypeHandle: 2, state.TypePhone: 3}[typ]
}

func (p *partition) joinByIdentifiers() {
	holders := map[string][]int{}
	ids := map[string]state.Identifier{}
	for i := range p.nodes {
		for _, id := range p.nodes[i].Record.Identifiers {
			if id.Weak || id.Former {
				continue
			}
			k := string(id.Key())
			holders[k] = append(holders[k], i)
			ids[k] = id
		}
	}
	var edges []edge
	for _, k := range slices.Sorted(maps.Keys(holders)) {
		if len(holders[k]) > 1 {
			edges = append(edges, p.edgesOf(k, ids[k], holders[k])...)
		}
	}
	slices.SortFunc(edges, func(x, y edge) int {
		return cmp.Or(cmp.Compare(x.rank, y.rank), cmp.Compare(x.a, y.a), cmp.Compare(x.b, y.b),
			strings.Compare(x.id.Match, y.id.Match))
	})
	for _, e := range edges {
		p.join(e)
	}
}

// edgesOf gives the pairs that one identifier joins. Where at least three people, or two with one
// phone, hold it by clearly different names, it is shared: it joins only those of the same name.
func (p *partition) edgesOf(key string, id state.Identifier, holders []int) []edge {
	said, known := p.words.Shared[key]
	if known && said || !known && len(holders) > ManyHolders {
		return nil
	}
	shared := !known && id.Type != state.TypeCompany && p.differing(holders) >= 3
	var edges []edge
	for x, a := range holders {
		for _, b := range holders[x+1:] {
			fit := FitUnknown
			if !known {
				fit = FitNames(p.nodes[a].name, p.nodes[b].name)
			}
			e := edge{rank: identifierRank(id.Type), id: id, a: a, b: b}
			switch {
			case id.Type == state.TypeExternalID || id.Type == state.TypeCompany:
			case shared && fit != FitSame:
				continue
			case id.Type == state.TypePhone && (fit == FitConflict || fit == FitFamilyDiffers):
				// A family's or an office's phone: two people, no doubt worth a question.
				continue
			case fit == FitConflict:
				e.ask = true
			}
			edges = append(edges, e)
		}
	}
	return edges
}

// differing counts how many of the holders are certainly different people by their names.
func (p *partition) differing(holders []int) int {
	var distinct []int
	for _, h := range holders {
		if !slices.ContainsFunc(distinct, func(d int) bool {
			f := FitNames(p.nodes[h].name, p.nodes[d].name)
			return f != FitConflict && f != FitFamilyDiffers
		}) {
			distinct = append(distinct, h)
		}
		if len(distinct) >= 3 {
			break
		}
	}
	return len(distinct)
}

func (p *partition) find(i int) int {
	for p.parent[i] != i {
		p.parent[i] = p.parent[p.parent[i]]
		i = p.parent[i]
	}
	return i
}

func (p *partition) join(e edge) {
	a, b := p.find(e.a), p.find(e.b)
	reason := state.Evidence{Code: "same_" + e.id.Type, Args: state.Args{"value": e.id.Shown}}
	if a == b {
		p.note(e, reason)
		return
	}
	against, never := p.against(a, b)
	if e.ask && len(against) == 0 {
		against = append(against, state.Evidence{Code: "names_differ", Against: true,
			Args: state.Args{"a": nameShown(&p.nodes[e.a]), "b": nameShown(&p.nodes[e.b])}})
	}
	if len(against) > 0 {
		if !never {
			p.ask(e.a, e.b, append([]state.Evidence{reason}, against...), 60-int64(10*e.rank))
		}
		return
	}
	p.unite(a, b)
	p.note(e, reason)
}

func (p *partition) note(e edge, reason state.Evidence) {
	for _, pair := range [][2]int{{e.a, e.b}, {e.b, e.a}} {
		key := p.nodes[pair[0]].Record.Key
		r := reason
		r.Record = p.nodes[pair[1]].Record.Key
		if len(p.evidence[key]) < 8 {
			p.evidence[key] = append(p.evidence[key], r)
		}
	}
}

// against gives what stands against two groups being one. never means that not even a question
// is due: a person said so, or one is an organisation.
func (p *partition) against(a, b int) (reasons []state.Evidence, never bool) {
	if p.keptApart(a, b) {
		return []state.Evidence{{Code: "kept_apart", Against: true}}, true
	}
	for _, i := range p.members[a] {
		for _, j := range p.members[b] {
			x, y := &p.nodes[i], &p.nodes[j]
			if x.kind != y.kind {
				return []state.Evidence{{Code: "two_kinds", Against: true}}, true
			}
			reasons = append(reasons, contradictions(x, y)...)
		}
	}
	return firstOfEach(reasons), false
}

func contradictions(x, y *Node) []state.Evidence {
	var out []state.Evidence
	if x.Record.Connection == y.Record.Connection && x.Record.Kind == y.Record.Kind &&
		x.Record.Keyed == state.KeyedID && y.Record.Keyed == state.KeyedID && x.Record.ID != y.Record.ID {
		out = append(out, state.Evidence{Code: "two_ids", Against: true,
			Args: state.Args{"connection": x.Record.Connection, "a": x.Record.ID, "b": y.Record.ID}})
	}
	for _, i := range x.Record.Identifiers {
		for _, j := range y.Record.Identifiers {
			if i.Type == state.TypeExternalID && j.Type == i.Type && i.System == j.System && i.Match != j.Match &&
				!i.Former && !j.Former && !(i.System == x.Record.Connection && j.System == y.Record.Connection && x.Record.Connection == y.Record.Connection) {
				out = append(out, state.Evidence{Code: "two_ids", Against: true,
					Args: state.Args{"connection": i.System, "a": i.Shown, "b": j.Shown}})
			}
		}
	}
	if x.kind == state.Organisation && x.place != "" && y.place != "" && x.place != y.place {
		out = append(out, state.Evidence{Code: "two_places", Against: true,
			Args: state.Args{"a": addressPart(x.version, "street"), "b": addressPart(y.version, "street")}})
	}
	if x.birth != "" && y.birth != "" && x.birth != y.birth {
		out = append(out, state.Evidence{Code: evidenceTwoBirthdays, Against: true, Args: state.Args{"a": x.birth, "b": y.birth}})
	}
	return out
}

func firstOfEach(reasons []state.Evidence) []state.Evidence {
	var out []state.Evidence
	for _, r := range reasons {
		if !slices.ContainsFunc(out, func(x state.Evidence) bool { return x.Code == r.Code }) {
			out = append(out, r)
		}
	}
	return out
}

func (p *partition) ask(a, b int, reasons []state.Evidence, score int64) {
	for _, r := range reasons {
		if r.Against {
			score -= 10
		}
	}
	key := [2]int{min(a, b), max(a, b)}
	if c := p.asked[key]; c != nil {
		c.Reasons = firstOfEach(append(c.Reasons, reasons...))
		c.Score = max(c.Score, score) + 5
		return
	}
	p.asked[key] = &Candidate{A: p.nodes[key[0]].Record.Key, B: p.nodes[key[1]].Record.Key, Reasons: reasons, Score: score}
}

// supports gives what two records of one name have in common beside it.
func supports(x, y *Node) []state.Evidence {
	var out []state.Evidence
	if x.birth != "" && x.birth == y.birth {
		out = append(out, state.Evidence{Code: "same_birthday", Args: state.Args{"value": x.birth}})
	}
	for _, part := range []string{"postcode", "city"} {
		if v := FoldName(addressPart(x.version, part)); v != "" && v == FoldName(addressPart(y.version, part)) {
			out = append(out, state.Evidence{Code: "same_" + part, Args: state.Args{"value": addressPart(x.version, part)}})
			break
		}
	}
	if x.Record.Company != "" && x.Record.Company == y.Record.Company {
		out = append(out, state.Evidence{Code: "same_company", Args: state.Args{"value": x.version.Text(fieldCompany)}})
	} else if x.Record.Domain != "" && x.Record.Domain == y.Record.Domain {
		out = append(out, state.Evidence{Code: "same_domain", Args: state.Args{"value": x.Record.Domain}})
	}
	for _, i := range x.Record.Identifiers {
		for _, j := range y.Record.Identifiers {
			if i.Weak && i.Type == j.Type && i.Match == j.Match && i.System == j.System {
				out = append(out, state.Evidence{Code: "same_" + i.Type, Args: state.Args{"value": i.Shown}})
			}
		}
	}
	return firstOfEach(out)
}

func addressPart(v *state.Version, part string) string {
	if a := v.Get(fieldAddress); len(a) > 0 {
		return a[0].Parts[part]
	}
	return ""
}

// placeOf gives the number of the house where an organisation is, in however its street is
// written: one name at two numbers is two sites of it, or two of one name. "" where it is not told.
func placeOf(v *state.Version) string {
	for _, w := range strings.Fields(FoldName(addressPart(v, "street"))) {
		if w[0] >= '0' && w[0] <= '9' {
			return w
		}
	}
	return ""
}

func nameShown(n *Node) string {
	if n.kind == state.Organisation {
		return n.version.Text(fieldCompany)
	}
	if s := n.version.Text(fieldName); s != "" {
		return s
	}
	return n.name.String()
}

// fullDate gives a birthday with year, month and day as ISO, else "".
func fullDate(s string) string {
	if d, err := ParseDate(s, OrderUnknown); err == nil && d.Year != 0 && d.Month != 0 && d.Day != 0 {
		return d.String()
	}
	return ""
}

func (p *partition) result() ([]Group, []Candidate) {
	var groups []Group
	for i := range p.nodes {
		if p.find(i) != i {
			continue
		}
		g := Group{Evidence: map[uint64][]state.Evidence{}}
		slices.SortFunc(p.members[i], func(a, b int) int { return cmp.Compare(p.nodes[a].Record.Key, p.nodes[b].Record.Key) })
		for _, m := range p.members[i] {
			g.Nodes = append(g.Nodes, p.nodes[m])
			if ev := p.evidence[p.nodes[m].Record.Key]; len(ev) > 0 {
				g.Evidence[p.nodes[m].Record.Key] = ev
			}
		}
		groups = append(groups, g)
	}
	slices.SortFunc(groups, func(a, b Group) int { return cmp.Compare(a.Nodes[0].Record.Key, b.Nodes[0].Record.Key) })
	pairs := slices.SortedFunc(maps.Keys(p.asked), func(x, y [2]int) int {
		return cmp.Or(cmp.Compare(p.asked[y].Score, p.asked[x].Score), cmp.Compare(x[0], y[0]), cmp.Compare(x[1], y[1]))
	})
	var asks []Candidate
	asked := map[int]int{} // by group
	for _, pair := range pairs {
		a, b := p.find(pair[0]), p.find(pair[1])
		if a != b && (asked[a] < mostAsked || asked[b] < mostAsked) {
			asked[a]++
			asked[b]++
			c := *p.asked[pair]
			c.A, c.B = min(c.A, c.B), max(c.A, c.B)
			asks = append(asks, c)
		}
	}
	return groups, asks
}
