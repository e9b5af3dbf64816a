package match

import (
	"math"
	"slices"
)

// Model scores single pairs of records, as an engine does to which they come one at a time. It is made by a Result, and has
// the weights and the frequencies of that table; or by Default, and has cautious ones. It is safe for use by several
// goroutines.
type Model struct {
	columns []Column
	region  string
	rows    int                    // how many rows the frequencies are of
	learnt  map[string]*learnt     // by feature
	counts  map[string]*vocabulary // by feature
	prior   float32
	home    float32
}

// learnt is what a table taught about a feature.
type learnt struct {
	m, u  shares
	share float64
}

// vocabulary says how often the values of a feature are in a table.
type vocabulary struct {
	in     *intern
	counts []uint32
}

func (v *vocabulary) count(text string) uint32 {
	if v == nil {
		return 0
	}
	return v.counts[v.in.find(text)]
}

// Default gives a model for records of these columns, whose roles must be said, before any table taught it. rows is how
// many records there are about.
func Default(columns []Column, rows int) *Model {
	n := max(rows, 2)
	p := 0.2 * float64(n) / pairsOf(n+imagined)
	return &Model{columns: slices.Clone(columns), rows: n, prior: float32(math.Log2(p / (1 - p))), home: startHome}
}

// Model gives what the table taught.
func (r *Result) Model() *Model {
	m := &Model{region: r.table.Region, rows: r.rs.n, learnt: map[string]*learnt{}, counts: map[string]*vocabulary{}, prior: r.w.prior, home: r.w.home}
	for i, c := range r.table.columns {
		m.columns = append(m.columns, Column{Name: c.Name, Role: r.Roles[i]})
	}
	for k, f := range r.rs.features {
		m.learnt[f.id()] = &learnt{m: r.w.m[k], u: r.w.u[k], share: r.w.share[k]}
		v := &vocabulary{in: f.vals.in, counts: f.vals.count}
		if f.kind == kDate {
			v = dateVocabulary(f.vals)
		}
		m.counts[f.id()] = v
	}
	return m
}

func dateVocabulary(v *values) *vocabulary {
	out := &vocabulary{in: newIntern(), counts: []uint32{0}}
	for c := 1; c < len(v.day); c++ {
		if k := out.in.code(v.day[c].key()); int(k) == len(out.counts) {
			out.counts = append(out.counts, v.count[c])
		}
	}
	return out
}

// key is a text that stands for a day alone.
func (d date) key() string {
	return string([]byte{'d', byte(d >> 24), byte(d >> 16), byte(d >> 8), byte(d)})
}

// id names a feature across tables of the same columns.
func (f *feature) id() string { return string(rune('a'+f.kind)) + f.name }

// Score weighs two records, cells in the order of the columns. It is symmetric.
func (m *Model) Score(a, b []string) Pair {
	if slices.Compare(a, b) > 0 {
		a, b = b, a
		p := m.Score(a, b)
		for i := range p.Evidence {
			p.Evidence[i].A, p.Evidence[i].B = p.Evidence[i].B, p.Evidence[i].A
		}
		return p
	}
	rs, t := m.rowset(a, b)
	w := m.weights(rs)
	r := &Result{Roles: rs.roles, Cluster: []int32{0, 1}, Sure: []int32{0, 1}, table: t, rs: rs, w: w}
	p := r.Explain(0, 1)
	if p.Bits > 0 {
		p.Verdict = Likely
		if s := newScorer(rs, w); p.Bits >= sureBits && rs.of[0] >= 0 && rs.of[1] >= 0 {
			s.score(min(rs.of[0], rs.of[1]), max(rs.of[0], rs.of[1]))
			if !s.contradicts() {
				p.Verdict = Sure
			}
		}
	}
	return p
}

// rowset reads records as rows of a table of their own.
func (m *Model) rowset(records ...[]string) (*rowset, *Table) {
	t := NewTable(m.columns)
	t.Region = m.region
	t.AddRows(records)
	return prepare(t), t
}

// weights gives the weights of the model for the features of a few records.
func (m *Model) weights(rs *rowset) *weights {
	w := defaults(rs)
	w.prior, w.home = m.prior, m.home
	w.implied = make([][]float32, len(rs.features))
	for k, f := range rs.features {
		if l := m.learnt[f.id()]; l != nil {
			w.m[k], w.u[k], w.share[k] = l.m, l.u, l.share
		}
		known := m.counts[f.id()]
		rare := func(text string) float32 {
			return float32(math.Log2(float64(m.rows+imagined) / float64(max(known.count(text), 2))))
		}
		tf := make([]float32, max(len(f.vals.text), len(f.vals.day)))
		for c := 1; c < len(tf); c++ {
			if f.kind == kDate {
				tf[c] = rare(f.vals.day[c].key())
			} else {
				tf[c] = rare(f.vals.text[c])
			}
		}
		switch f.kind {
		case kGiven:
			rs.names.tfG = tf
		case kFamily:
			rs.names.tfF = tf
		case kOrder, kRest:
		default:
			f.vals.tf = tf
		}
	}
	w.weigh(rs)
	return w
}

// Keys gives the keys under which a record meets those that may be the same: whoever has one of them in common is worth
// scoring. A key that very many records have says nothing and may be passed over.
func (m *Model) Keys(record []string) []uint64 {
	rs, _ := m.rowset(record)
	if rs.n == 0 {
		return nil
	}
	var out, names, places []uint64
	add := func(kind uint64, a, b uint64) {
		if k := pair(kind, a, b); !slices.Contains(out, k) {
			out = append(out, k)
		}
	}
	if n := rs.names; n != nil {
		for _, c := range append([]uint32{n.given[0], n.family[0]}, n.more(0)...) {
			if c != 0 && len(names) < 5 {
				names = append(names, n.vals.skel[c])
			}
		}
		for x := range names {
			for y := range x {
				add(1, min(names[x], names[y]), max(names[x], names[y]))
			}
		}
		if len(names) == 1 {
			add(2, names[0], 0)
		}
	}
	for _, f := range rs.features {
		for x := -1; x < len(f.more); x++ {
			c := uint32(0)
			if x >= 0 {
				c = f.more[x][0]
			} else if len(f.code) > 0 {
				c = f.code[0]
			}
			if c == 0 {
				continue
			}
			switch f.kind {
			case kDate:
				d := f.vals.day[c]
				places = append(places, hash64(21, makeDate(d.year(), 0, 0).key()))
				if !d.vague() {
					md := hash64(22, makeDate(0, min(d.month(), d.day()), max(d.month(), d.day())).key())
					places = append(places, md)
					add(3, md, places[len(places)-2])
				}
			case kEmail:
				add(4, hash64(23, f.vals.text[c]), 0)
				add(5, hash64(23, f.vals.alt[c]), 0)
			case kPhone:
				s := f.vals.text[c]
				add(6, hash64(24, s[max(0, len(s)-7):]), 0)
			case kCode:
				places = append(places, hash64(25, f.vals.text[c]))
			case kText:
				for _, w := range f.vals.tokens(c) {
					if s := f.words.in.text[w]; len(s) > 3 {
						add(7, hash64(26, s), 0)
					}
				}
			}
		}
	}
	for _, n := range names {
		for _, p := range places {
			add(8, n, p)
		}
	}
	return out
}
