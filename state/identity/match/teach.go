package match

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

// Bounds of what contacts may teach: however odd they are, what is sure stays near what is believed without them.
const (
	// TeachContacts is how many contacts with names are too few to learn from.
	TeachContacts = 500

	taughtPairs   = 100_000 // records whose pairs are looked at, of more every n-th name
	headroom      = 2       // a state grows: so many times the records that were counted are assumed
	taughtBits    = 2       // how far, in bits, the weight of a level may be from what is believed
	leastCount    = 5       // values that fewer records have are not kept: they would name somebody
	fewValues     = 100     // a field that fewer records fill teaches nothing
	leastRate     = 0.05    // pairs of one person, by record
	mostRate      = 1
	believedRate  = 0.2
	leastHome     = -1
	mostHome      = 2
	modelForm     = 1
	maxModelBytes = 8 << 20
)

// counted are the features whose frequent values are kept. Phones, mail addresses and streets are not: they are somebody's.
var counted = [contactFeatures]bool{cGiven: true, cFamily: true, cBirth: true, cPostcode: true, cCity: true, cCompany: true, cDomain: true}

// counted gives, by feature, the value that is counted.
func (c *cells) counted() [contactFeatures]string {
	out := [contactFeatures]string{cGiven: c.given, cFamily: c.family, cPostcode: c.postcode, cCity: c.city, cCompany: c.company, cDomain: c.domain}
	if c.birth != 0 {
		out[cBirth] = c.birth.key()
	}
	return out
}

// Teacher learns from contact records without being told which belong together: how frequent values are, how often two
// records are one person, and what agreement is worth (expectation maximisation over the beliefs of [DefaultContacts]). All
// records are told to [Teacher.Count] first, then all again to [Teacher.Pair]; both in the same order. What is learnt depends
// on the records alone. It is for one goroutine.
type Teacher struct {
	rows   int
	counts [contactFeatures]map[uint64]uint32
	filled [contactFeatures]int
	model  *Contacts
	judge  *Judge
	every  uint64
	blocks []rowBlock
}

type rowBlock struct {
	block uint64
	row   int32
}

// NewTeacher begins with no records.
func NewTeacher() *Teacher {
	t := &Teacher{}
	for k := range t.counts {
		if counted[k] {
			t.counts[k] = map[uint64]uint32{}
		}
	}
	return t
}

// Count takes a record into how frequent values are.
func (t *Teacher) Count(r *state.Record) {
	if !teaches(r) {
		return
	}
	c := cellsOf(r)
	if c.given == "" && c.family == "" {
		return
	}
	t.rows++
	for k, s := range c.counted() {
		if s != "" {
			t.counts[k][hash64(51, s)]++
			t.filled[k]++
		}
	}
}

func teaches(r *state.Record) bool {
	v := r.Current()
	return v != nil && r.Kind == state.KindContact && identity.KindOf(v) == state.Person
}

// Contacts says how many records with names were counted.
func (t *Teacher) Contacts() int { return t.rows }

// Pair takes a record into what agreement is worth.
func (t *Teacher) Pair(r *state.Record) {
	if t.judge == nil {
		t.begin()
	}
	if !teaches(r) {
		return
	}
	c := cellsOf(r)
	g, f := soundOf(c.given), soundOf(c.family)
	// Records of one name are taken or left together.
	if g|f == 0 || pair(31, min(g, f), max(g, f))%t.every != 0 {
		return
	}
	row := t.judge.row(r)
	for _, b := range r.Blocks {
		t.blocks = append(t.blocks, rowBlock{hash64(52, b), row})
	}
	for _, id := range r.Identifiers {
		if !id.Weak && !id.Former {
			t.blocks = append(t.blocks, rowBlock{hash64(53, string(id.Key())), row})
		}
	}
}

// begin makes the model whose frequencies are counted and whose weights are believed.
func (t *Teacher) begin() {
	m := DefaultContacts()
	m.counted, m.rows = t.rows, t.rows
	for k, counts := range t.counts {
		if counts == nil || t.filled[k] < fewValues {
			continue
		}
		// The mean of how many records share a rare value, over records.
		sum, rare := 0.0, 0.0
		kept := map[uint64]uint32{}
		// Values rarer than the usual one count as the usual one.
		least := max(leastCount, uint32(float64(t.rows+imagined)/math.Exp2(float64(contactKinds[k].usual))))
		for h, n := range counts {
			if n >= least {
				kept[h] = n
			} else {
				sum += float64(n) * float64(n)
				rare += float64(n)
			}
		}
		m.counts[k], m.rare[k] = kept, 2
		if k == cBirth {
			// How many birthdays there are needs no counting, and records of one person would make theirs look frequent. Kept are
			// only those that programs write where none is known.
			often := uint32(max(2*leastCount, t.rows/200))
			maps.DeleteFunc(kept, func(_ uint64, n uint32) bool { return n < often })
			m.rare[k] = 1
			continue
		}
		if rare > 0 {
			m.rare[k] = math.Round(math.Max(2, sum/rare)*100) / 100
		}
	}
	t.model, t.judge = m, m.Judge()
	t.every = uint64(max(1, (t.rows+taughtPairs-1)/taughtPairs))
}

// Learn gives what the records taught; nil where there are too few. The teacher is used up.
func (t *Teacher) Learn() *Contacts {
	if t.rows < TeachContacts || t.judge == nil {
		return nil
	}
	rs := t.judge.rs
	w := learnFrom(rs, t.candidates(), t.model.weights(rs))
	m := t.model
	found := math.Exp2(float64(w.prior))
	m.rate = found / (1 + found) * pairsOf(rs.n+imagined) / float64(max(rs.n, 1))
	m.rate = math.Round(math.Min(math.Max(m.rate, leastRate), mostRate)*1e4) / 1e4
	m.rows = min(headroom*t.rows, max(t.rows, assumedContacts))
	m.home = float32(math.Round(math.Min(math.Max(float64(w.home), leastHome), mostHome)*100) / 100)
	for k := cBirth; k < contactFeatures; k++ {
		if len(rs.features[k].vals.text) < fewValues/4 {
			continue
		}
		l := &learnt{m: w.m[k], u: w.u[k], share: 0.8}
		for x := range l.m {
			l.m[x], l.u[x] = math.Max(round6(l.m[x]), 1e-6), math.Max(round6(l.u[x]), 1e-6)
		}
		m.learnt[k] = l
	}
	return m
}

func round6(x float64) float64 { return math.Round(x*1e6) / 1e6 }

// candidates gives the pairs of rows that meet, each once.
func (t *Teacher) candidates() []uint64 {
	slices.SortFunc(t.blocks, func(a, b rowBlock) int {
		switch {
		case a.block != b.block && a.block < b.block, a.block == b.block && a.row < b.row:
			return -1
		case a == b:
			return 0
		}
		return 1
	})
	var out []uint64
	for from := 0; from < len(t.blocks); {
		to := from + 1
		for to < len(t.blocks) && t.blocks[to].block == t.blocks[from].block {
			to++
		}
		if to-from <= identity.ManyHolders {
			for x, a := range t.blocks[from:to] {
				for _, b := range t.blocks[from+x+1 : to] {
					if a.row != b.row {
						out = append(out, uint64(min(a.row, b.row))<<32|uint64(max(a.row, b.row)))
					}
				}
			}
		}
		from = to
	}
	sortPairs(out)
	return slices.Compact(out)
}

// Lesson is what was learnt of one field: how much more than believed, in bits, the same value tells, and how much more a
// different one speaks against. Values is how many frequent values were counted.
type Lesson struct {
	Field     string  `json:"field"`
	Same      float64 `json:"same"`
	Different float64 `json:"different"`
	Values    int     `json:"values"`
}

// Summary is what a model believes, for people.
type Summary struct {
	Contacts int      `json:"contacts"` // counted; 0: nothing was learnt
	Rate     float64  `json:"rate"`     // pairs of records of one person, by record
	Chance   float64  `json:"chance"`   // log2 odds that two records chosen by chance are one person
	Fields   []Lesson `json:"fields"`
}

// Summary says what the model believes.
func (m *Contacts) Summary() Summary {
	s := Summary{Contacts: m.counted, Rate: m.rate, Fields: []Lesson{}}
	j, d := m.Judge(), DefaultContacts().Judge()
	s.Chance = tenths(j.w.prior)
	names := evidenceNames
	names[cGiven], names[cFamily] = "given", "family"
	for k, name := range names {
		if name == "" || m.learnt[k] == nil && m.counts[k] == nil {
			continue
		}
		top := j.rs.features[k].top()
		same := tenths(j.w.level[k][top] - d.w.level[k][top] + m.bits(k, "\x00") - d.model.bits(k, "\x00"))
		s.Fields = append(s.Fields, Lesson{Field: name, Same: same, Different: tenths(j.w.level[k][1] - d.w.level[k][1]), Values: len(m.counts[k])})
	}
	return s
}

// storedModel is the form in which a model is kept.
type storedModel struct {
	Form    int                `json:"form"`
	Counted int                `json:"counted"`
	Rows    int                `json:"rows"`
	Rate    float64            `json:"rate"`
	Home    float32            `json:"home"`
	Fields  map[int]storedPart `json:"fields"`
}

type storedPart struct {
	M      []float64 `json:"m,omitempty"`
	U      []float64 `json:"u,omitempty"`
	Rare   float64   `json:"rare,omitempty"`
	Counts []byte    `json:"counts,omitempty"` // hash, count; sorted
}

// Bytes writes a learnt model: numbers, and hashes of values that at least five records have.
func (m *Contacts) Bytes() []byte {
	s := storedModel{Form: modelForm, Counted: m.counted, Rows: m.rows, Rate: m.rate, Home: m.home, Fields: map[int]storedPart{}}
	for k := range contactFeatures {
		var p storedPart
		if l := m.learnt[k]; l != nil {
			p.M, p.U = l.m[:], l.u[:]
		}
		p.Rare = m.rare[k]
		for _, h := range slices.Sorted(maps.Keys(m.counts[k])) {
			p.Counts = binary.AppendUvarint(binary.BigEndian.AppendUint64(p.Counts, h), uint64(m.counts[k][h]))
		}
		if p.M != nil || p.Rare > 0 {
			s.Fields[k] = p
		}
	}
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // plain numbers
	}
	return b
}

var errNoModel = errors.New("this is no model of contacts")

// ReadContacts reads what [Contacts.Bytes] wrote.
func ReadContacts(b []byte) (*Contacts, error) {
	var s storedModel
	if len(b) > maxModelBytes {
		return nil, errNoModel
	}
	if err := json.NewDecoder(bytes.NewReader(b)).Decode(&s); err != nil {
		return nil, fmt.Errorf("%w: %w", errNoModel, err)
	}
	within := func(x, low, high float64) bool { return x >= low && x <= high }
	if s.Form != modelForm || s.Counted < 1 || s.Counted > math.MaxInt32 || s.Rows < s.Counted || s.Rows > math.MaxInt32 ||
		!within(s.Rate, leastRate, mostRate) || !within(float64(s.Home), leastHome, mostHome) {
		return nil, errNoModel
	}
	m := &Contacts{rows: s.Rows, counted: s.Counted, rate: s.Rate, home: s.Home}
	for k, p := range s.Fields {
		if k < 0 || k >= contactFeatures || p.Rare != 0 && !within(p.Rare, 1, math.MaxInt32) {
			return nil, errNoModel
		}
		if p.M != nil || p.U != nil {
			l := &learnt{share: 0.8}
			if len(p.M) != maxLevels || len(p.U) != maxLevels {
				return nil, errNoModel
			}
			for x := range maxLevels {
				if !within(p.M[x], 1e-6, 1) || !within(p.U[x], 1e-6, 1) {
					return nil, errNoModel
				}
				l.m[x], l.u[x] = p.M[x], p.U[x]
			}
			m.learnt[k] = l
		}
		if p.Rare == 0 {
			continue
		}
		m.rare[k], m.counts[k] = p.Rare, map[uint64]uint32{}
		for at := p.Counts; len(at) > 0; {
			if len(at) < 9 {
				return nil, errNoModel
			}
			n, size := binary.Uvarint(at[8:])
			if size <= 0 || n < 1 || n > math.MaxInt32 {
				return nil, errNoModel
			}
			m.counts[k][binary.BigEndian.Uint64(at)] = uint32(n)
			at = at[8+size:]
		}
	}
	return m, nil
}
