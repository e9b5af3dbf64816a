package match

import (
	"math"
	"slices"
	"strings"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
	"github.com/keptcrm/kept/state/identity/pinyin"
)

// Judge weighs contact records against each other, as [Contacts] believes. It remembers those that it has seen, which must not
// change while it is used. It is for one goroutine.
type Judge struct {
	model *Contacts
	rs    *rowset
	w     *weights
	s     *scorer
	rows  map[uint64]int32 // by record
	cells []cells
	sums  []uint64 // by row: what it says, as a number
	empty []bool   // by row: no name
	width int
	side  []uint32
}

// Bounds of what comes of two records.
const (
	// AskBits is how likely, as log2 odds, two records must be one to be worth a question.
	AskBits = -3
	// LinkBits is how likely a pair must be that links by itself.
	LinkBits = sureBits
)

// vagueBits is what a common first of January, or a year alone, tells.
const vagueBits = 6

// exchangedBits is what exchanged names cost: address books, shops and people each have an order of their own.
const exchangedBits = -1

// Judge begins with no records.
func (m *Contacts) Judge() *Judge {
	j := &Judge{model: m, rs: &rowset{}, rows: map[uint64]int32{}}
	vocabulary := func() *values {
		return &values{in: newIntern(), text: make([]string, 1), tf: make([]float32, 1)}
	}
	nv := vocabulary()
	nv.sig, nv.alt, nv.skel, nv.nick, nv.quick, nv.count = make([]uint64, 1), make([]string, 1), make([]uint64, 1), make([][]uint16, 1), make([]uint64, 1), make([]uint32, 1)
	n := &names{vals: nv, tfG: make([]float32, 1), tfF: make([]float32, 1), restBits: make([]float32, 1), restAt: make([]uint32, 1), g: cGiven, f: cFamily, o: cOrder, r: cRest}
	for k, c := range contactKinds {
		f := &feature{kind: c.kind, group: c.group, role: c.role, vals: nv}
		if k >= cBirth {
			v := vocabulary()
			f.vals = v
			switch c.kind {
			case kDate:
				v.day = make([]date, 1)
			case kText:
				f.words = &words{in: newIntern(), sig: make([]uint64, 1), bits: make([]float32, 1)}
				v.alt, v.house, v.tokAt = make([]string, 1), make([]uint64, 1), make([]uint32, 2)
			case kEmail:
				v.alt, v.skel = make([]string, 1), make([]uint64, 1)
			case kPhone:
				v.skel = make([]uint64, 1)
			}
			v.sig = make([]uint64, 1)
		}
		if k != cOrder && k != cRest {
			f.pos = j.width
			j.width++
		}
		if k == cPhone || k == cEmail {
			f.more = make([][]uint32, 1)
		}
		j.rs.features = append(j.rs.features, f)
	}
	for _, f := range j.rs.features {
		f.width = j.width
	}
	j.rs.names = n
	n.gf, n.ff = j.rs.features[cGiven], j.rs.features[cFamily]
	j.w = m.weights(j.rs)
	j.s = newScorer(j.rs, j.w)
	return j
}

// weights gives the model's weights for the features of a contact.
func (m *Contacts) weights(rs *rowset) *weights {
	nf := len(rs.features)
	w := &weights{level: make([][maxLevels]float32, nf), share: make([]float64, nf), implied: make([][]float32, nf), home: m.home}
	for k, f := range rs.features {
		kf := &facts[f.kind]
		w.m, w.u, w.share[k] = append(w.m, kf.m), append(w.u, kf.u), 0.8
		w.rarest = append(w.rarest, contactKinds[k].usual)
	}
	w.setPrior(m.rate * float64(m.rows) / pairsOf(m.rows+imagined))
	w.weigh(rs)
	believed := slices.Clone(w.level)
	w.mend = func(w *weights) {
		for k := range rs.features {
			for l := range w.level[k] {
				b := believed[k][l]
				if k < cBirth { // records meet by their names: what those that met agree in says nothing of names
					w.level[k][l] = b
				}
				w.level[k][l] = min(max(w.level[k][l], b-taughtBits), b+taughtBits)
			}
			w.level[k][1] = min(w.level[k][1], 0)
		}
		// People write from several addresses, and a company has several domains.
		w.level[cDomain][1], w.level[cShared][1] = 0, 0
		w.level[cOrder][1] = exchangedBits
	}
	for k, l := range m.learnt {
		if l != nil {
			w.m[k], w.u[k], w.share[k] = l.m, l.u, l.share
		}
	}
	w.weigh(rs)
	return w
}

// row gives the row of a record, which is read where it is new.
func (j *Judge) row(r *state.Record) int32 {
	if i, ok := j.rows[r.Key]; ok {
		return i
	}
	c := cellsOf(r)
	i := int32(j.rs.n)
	j.rs.n++
	j.rows[r.Key] = i
	j.cells = append(j.cells, c)
	fs, n := j.rs.features, j.rs.names
	put := func(k int, code uint32) { j.side[int(i)*j.width+fs[k].pos] = code }
	j.side = append(j.side, make([]uint32, j.width)...)
	sum := uint64(0)
	note := func(k int, s string) {
		if s != "" {
			sum = mix(sum ^ hash64(uint64(k), s))
		}
	}
	g, f := j.name(c.given), j.name(c.family)
	put(cGiven, g)
	put(cFamily, f)
	note(cGiven, c.given)
	note(cFamily, c.family)
	n.given, n.family = append(n.given, g), append(n.family, f)
	from := len(n.rest)
	for w := range strings.FieldsSeq(c.rest) {
		if k := j.name(w); k != g && k != f && !slices.Contains(n.rest[from:], k) {
			n.rest = append(n.rest, k)
		}
	}
	note(cRest, c.rest)
	n.restAt = append(n.restAt, uint32(len(n.rest)))
	if c.birth != 0 {
		put(cBirth, j.value(cBirth, c.birth.key()))
		note(cBirth, c.birth.key())
	}
	for k, list := range map[int][]string{cPhone: c.phones, cEmail: c.emails} {
		second := uint32(0)
		for x, s := range list {
			if x == 0 {
				put(k, j.value(k, s))
			} else {
				second = j.value(k, s)
			}
		}
		fs[k].more[0] = append(fs[k].more[0], second)
	}
	for _, s := range c.phones {
		note(cPhone, s)
	}
	for _, s := range c.emails {
		note(cEmail, s)
	}
	for _, x := range [...]struct {
		k int
		s string
	}{{cStreet, c.street}, {cPostcode, c.postcode}, {cCity, c.city}, {cCompany, c.company}, {cDomain, c.domain}, {cShared, c.shared}} {
		if x.s != "" {
			put(x.k, j.value(x.k, x.s))
			note(x.k, x.s)
		}
	}
	for _, f := range fs {
		f.side = j.side
	}
	j.sums = append(j.sums, sum)
	j.empty = append(j.empty, g == 0 && f == 0)
	return i
}

// name gives the number of a folded name.
func (j *Judge) name(s string) uint32 {
	n := j.rs.names
	v := n.vals
	c := v.in.code(s)
	v.text = v.in.text
	if int(c) < len(v.sig) {
		return c
	}
	sig, quick, nick := signature(s), uint64(0), nicknames(s)
	if isASCII(s) && strings.IndexByte(s, ' ') < 0 && nick == nil {
		quick = sig
	}
	alt := latin(s)
	if isHan(s) {
		alt = pinyin.Surname(s)
	}
	v.sig, v.quick, v.nick, v.alt = append(v.sig, sig), append(v.quick, quick), append(v.nick, nick), append(v.alt, alt)
	v.skel = append(v.skel, hash64(3, skeleton(alt)))
	bits := [2]float32{j.model.bits(cGiven, s), j.model.bits(cFamily, s)}
	n.tfG, n.tfF = append(n.tfG, bits[0]), append(n.tfF, bits[1])
	n.restBits = append(n.restBits, min(j.model.bits(cRest, s), bits[0]))
	count := float64(j.model.rows) * math.Exp2(-float64(min(bits[0], bits[1])))
	if b := min(bits[0], bits[1]); b >= min(contactKinds[cGiven].usual, contactKinds[cFamily].usual) {
		count = 2 // nobody counted it
	}
	v.count = append(v.count, uint32(count))
	v.tf = append(v.tf, 0)
	return c
}

// value gives the number of a value of a feature that is no name.
func (j *Judge) value(k int, s string) uint32 {
	f := j.rs.features[k]
	v := f.vals
	c := v.in.code(s)
	v.text = v.in.text
	if int(c) < len(v.tf) {
		return c
	}
	v.tf = append(v.tf, j.model.bits(k, s))
	sig := uint64(0)
	switch f.kind {
	case kDate:
		d := date(uint32(s[1])<<24 | uint32(s[2])<<16 | uint32(s[3])<<8 | uint32(s[4]))
		v.day = append(v.day, d)
		if d.vague() {
			v.tf[c] = min(v.tf[c], vagueBits) // what programs write where only the year is known
		}
	case kEmail:
		local, _, _ := strings.Cut(s, "@")
		v.alt, v.skel, sig = append(v.alt, local), append(v.skel, signature(local)), signature(s)
	case kPhone:
		v.skel, sig = append(v.skel, phoneTail(s)), signature(s)
	case kText:
		j.text(f, k, s)
		sig = signature(squeeze(s))
	default:
		sig = signature(s)
	}
	v.sig = append(v.sig, sig)
	return c
}

// text splits a new text into its words.
func (j *Judge) text(f *feature, k int, s string) {
	v, w := f.vals, f.words
	from := len(v.tok)
	add := func(word string) {
		c := w.in.code(word)
		if int(c) == len(w.bits) {
			w.sig = append(w.sig, signature(word))
			w.bits = append(w.bits, wordBits(word, contactKinds[k].usual))
		}
		if !slices.Contains(v.tok[from:], c) {
			v.tok = append(v.tok, c)
		}
	}
	for word := range strings.FieldsSeq(s) {
		if isHan(word) {
			for _, r := range word {
				add(string(r))
			}
			continue
		}
		add(word)
	}
	v.tokAt = append(v.tokAt, uint32(len(v.tok)))
	v.alt = append(v.alt, squeeze(s))
	house := uint64(0)
	if f.role == Address {
		house = houseNumber(s)
	}
	v.house = append(v.house, house)
	slices.SortFunc(v.tok[from:], func(a, b uint32) int {
		if w.bits[a] != w.bits[b] {
			if w.bits[a] > w.bits[b] {
				return -1
			}
			return 1
		}
		return strings.Compare(w.in.text[a], w.in.text[b])
	})
}

// wordBits is how telling a word of an address or a company is: "street" and "gmbh" are not.
func wordBits(word string, usual float32) float32 {
	switch {
	case abbreviations[word] != "" || orgWords[word]:
		return 2
	case word[0] >= '0' && word[0] <= '9':
		return 5
	}
	return max(usual, 6)
}

// Weigh says how likely two records are one person.
func (j *Judge) Weigh(a, b *state.Record) identity.Weight {
	p, q := j.row(a), j.row(b)
	if j.sums[p] > j.sums[q] {
		p, q = q, p // what two records are worth does not depend on which came first
	}
	bits, ok := j.s.promising(p, q, keepBits)
	if !ok {
		return identity.Weight{Bits: keepBits}
	}
	w := identity.Weight{Bits: float64(bits), Against: j.s.contradicts()}
	w.Sure = bits >= LinkBits && !w.Against && j.known()
	w.Ask = bits >= AskBits && j.plausible()
	return w
}

// plausible says whether the names of the pair scored last are worth a question. Two given names at one birthday and address
// are twins, or a couple, far more often than one person; two family names are one person's where something that is hers alone
// says so.
func (j *Judge) plausible() bool {
	lv := j.s.lv
	return lv[cGiven] != nameDifferent && (lv[cFamily] != nameDifferent || lv[cBirth] >= dateTypo || lv[cEmail] > 3 || lv[cPhone] == facts[kPhone].top)
}

// known says whether the pair scored last has a name in common: records without names are joined by rules alone.
func (j *Judge) known() bool {
	return j.s.lv[cGiven] >= nameTypo || j.s.lv[cFamily] >= nameTypo && (j.s.lv[cGiven] == 0 || j.s.lv[cGiven] > nameAlike)
}

// Reasons gives what speaks for and against two records being one, the strongest first, with its weight in bits; their sum is
// what [Judge.Weigh] gives. The first is by how much it is unlikely that two records are one of which nothing is known.
func (j *Judge) Reasons(a, b *state.Record) []state.Evidence {
	p, q := j.row(a), j.row(b)
	flip := j.sums[p] > j.sums[q]
	if flip {
		p, q = q, p
	}
	total := j.s.score(p, q)
	x, y := &j.cells[p], &j.cells[q]
	if flip {
		x, y = y, x
		p, q = q, p
	}
	var out []state.Evidence
	sum := float32(0)
	add := func(code string, bits float32, args state.Args) {
		bits = round(bits)
		if bits == 0 {
			return
		}
		sum += bits
		out = append(out, state.Evidence{Code: code, Weight: tenths(bits), Against: bits < 0, Args: args})
	}
	lv := j.s.lv
	worth := func(k int) float32 {
		if lv[k] == 0 {
			return 0
		}
		return j.w.level[k][lv[k]] + j.s.tf[k]
	}
	name := worth(cGiven) + worth(cFamily) + worth(cOrder) + worth(cRest)
	two := state.Args{"a": shownName(a), "b": shownName(b)}
	switch {
	case lv[cGiven]|lv[cFamily] == 0:
	case name < 0:
		add("names_differ", name, two)
	case lv[cGiven] != nameSame && lv[cGiven] != 0, lv[cFamily] != nameSame && lv[cFamily] != 0:
		add("similar_name", name, two)
	default:
		add("same_name", name, state.Args{"value": shownName(a)})
	}
	for k := cBirth; k < contactFeatures; k++ {
		f := j.rs.features[k]
		bits := worth(k)
		if lv[k] == 0 {
			continue
		}
		va, vb := x.raw[k], y.raw[k]
		what := evidenceNames[k]
		switch {
		case lv[k] == f.top():
			if s := x.sharedWith(y, k); s != "" {
				va = s
			}
			add("same_"+what, bits, state.Args{"value": va})
		case k == cBirth && bits < 0:
			add("two_birthdays", bits, state.Args{"a": va, "b": vb})
		case bits < 0:
			add("other_"+what, bits, state.Args{"a": va, "b": vb})
		default:
			add("similar_"+what, bits, state.Args{"a": va, "b": vb})
		}
	}
	slices.SortStableFunc(out, func(s, t state.Evidence) int {
		switch d := math.Abs(t.Weight) - math.Abs(s.Weight); {
		case d > 0:
			return 1
		case d < 0:
			return -1
		}
		return strings.Compare(s.Code, t.Code)
	})
	rest := round(total) - sum - round(j.w.prior)
	if math.Abs(float64(rest)) >= 0.3 {
		out = append(out, state.Evidence{Code: identity.EvidenceCountedOnce, Weight: tenths(rest), Against: rest < 0})
	}
	return append(out, state.Evidence{Code: identity.EvidenceByChance, Weight: tenths(j.w.prior), Against: true})
}

func tenths(x float32) float64 { return math.Round(float64(x)*10) / 10 }

func round(x float32) float32 { return float32(math.Round(float64(x)*10) / 10) }

// evidenceNames are those of the codes.
var evidenceNames = [contactFeatures]string{cBirth: "birthday", cPhone: "phone", cEmail: "email", cStreet: "address", cPostcode: "postcode", cCity: "city",
	cCompany: "company", cDomain: "domain", cShared: "mailbox"}

func shownName(r *state.Record) string {
	v := identity.Standing(r)
	if v == nil {
		return ""
	}
	if s := v.Text("name"); s != "" {
		return s
	}
	return identity.PersonName(v).String()
}

// sharedWith gives the phone or the address that both have.
func (c *cells) sharedWith(o *cells, k int) string {
	switch k {
	case cPhone:
		for i, p := range c.phones {
			if slices.Contains(o.phones, p) {
				return c.phonesShown[i]
			}
		}
	case cEmail:
		for _, e := range c.emails {
			if slices.Contains(o.emails, e) {
				return e
			}
		}
	}
	return ""
}

// iso writes a day as 1984-03-02, without what is not known.
func (d date) iso() string {
	return identity.Date{Year: d.year(), Month: d.month(), Day: d.day()}.String()
}
