package match

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/keptcrm/kept/state/identity"
	"github.com/keptcrm/kept/state/identity/pinyin"
)

// prepare reads the values of a table: roles, features, and the vocabulary of each.
func prepare(t *Table) *rowset {
	rs := &rowset{}
	rs.of, rs.first = t.distinct()
	rs.n = len(rs.first)

	counts := make([][]uint32, len(t.columns))
	facts := make([]columnFacts, len(t.columns))
	tasks(len(t.columns), func(c int) {
		counts[c] = make([]uint32, len(t.values[c].text))
		if len(t.cells[c]) > 0 {
			for _, i := range rs.first {
				counts[c][t.cells[c][i]]++
			}
		}
		counts[c][0] = 0
		facts[c] = factsOf(t.values[c].text, counts[c], rs.n)
	})
	rs.roles = recognise(t.columns, facts)
	cols := func(roles ...Role) []int {
		var out []int
		for c, r := range rs.roles {
			if slices.Contains(roles, r) && facts[c].filled > 0 {
				out = append(out, c)
			}
		}
		return out
	}

	rs.makeNames(t, cols)
	rs.makeDates(t, cols)
	single := func(c int, k kind, g group) {
		rs.features = append(rs.features, rs.simple(t, []int{c}, k, g))
	}
	if c := cols(Phone); len(c) > 0 {
		rs.features = append(rs.features, rs.simple(t, c, kPhone, gHouse))
	}
	if c := cols(Email); len(c) > 0 {
		rs.features = append(rs.features, rs.simple(t, c, kEmail, gPerson))
	}
	for c, role := range rs.roles {
		if facts[c].filled == 0 {
			continue
		}
		switch role {
		case Gender:
			single(c, kCategory, gPerson)
		case Address:
			single(c, kText, gHouse)
		case House:
			single(c, kShort, gHouse)
		case Postcode:
			single(c, kCode, gHouse)
		case City:
			single(c, kText, gHouse)
		case Region:
			single(c, kCategory, gHouse)
		case Company:
			single(c, kText, gOther)
		case Other:
			if facts[c].distinct < 2 {
				continue
			}
			single(c, kindOf(facts[c]), gOther)
		}
	}
	rs.layRows()
	return rs
}

// kindOf decides how to compare a column of which only the values are known.
func kindOf(f columnFacts) kind {
	switch {
	case f.distinct <= 60 && f.distinct*4 < f.filled, f.length < 4:
		return kCategory
	case f.date > 0.9:
		return kDate
	case f.digits > 0.9:
		return kShort
	}
	return kText
}

// convert gives each raw value of a column its number among normalised ones. norm runs in parallel.
func convert(texts []string, in *intern, norm func(string) string) []uint32 {
	normal := make([]string, len(texts))
	parallel(len(texts), func(_, lo, hi int) {
		for c := max(lo, 1); c < hi; c++ {
			normal[c] = norm(texts[c])
		}
	})
	out := make([]uint32, len(texts))
	for c := 1; c < len(texts); c++ {
		out[c] = in.code(normal[c])
	}
	return out
}

// simple makes a feature of columns whose values stand for themselves.
func (rs *rowset) simple(t *Table, cols []int, k kind, g group) *feature {
	f := &feature{kind: k, group: g, cols: cols, role: rs.roles[cols[0]]}
	var labels []string
	for _, c := range cols {
		labels = append(labels, t.columns[c].Name)
	}
	f.name = strings.Join(labels, ", ")
	v := &values{in: newIntern()}
	norm := fold
	switch k {
	case kDate:
		norm = strings.TrimSpace
	case kPhone:
		norm = phoneNorm(t.Region)
	case kEmail:
		norm = emailNorm
	case kCode, kShort:
		norm = func(s string) string { return squeeze(fold(s)) }
	case kText:
		switch f.role {
		case Company:
			norm = companyNorm
		case Address:
			norm = addressNorm
		}
	}
	for n, c := range cols {
		raw := convert(t.values[c].text, v.in, norm)
		f.raw = append(f.raw, raw)
		codes := make([]uint32, rs.n)
		cells := t.cells[c]
		for i, row := range rs.first {
			codes[i] = raw[cells[row]]
		}
		if n == 0 {
			f.code = codes
		} else {
			f.more = append(f.more, codes)
		}
	}
	f.vals = v
	f.finish(rs)
	return f
}

// finish computes what comparisons need from the texts.
func (f *feature) finish(rs *rowset) {
	v := f.vals
	v.text = v.in.text
	n := len(v.text)
	v.count = make([]uint32, n)
	filled := 0
	for i, c := range f.code {
		if c != 0 {
			v.count[c]++
			filled++
		}
		for _, m := range f.more {
			if d := m[i]; d != 0 && d != c {
				v.count[d]++
			}
		}
	}
	v.count[0] = 0
	v.tf = rarity(v.count, max(filled, 1))
	switch f.kind {
	case kDate:
		if v.day == nil {
			order := dateOrder(v.text)
			v.day = make([]date, n)
			for c := 1; c < n; c++ {
				v.day[c] = parseDay(v.text[c], order)
			}
		}
		return
	case kEmail:
		v.alt, v.skel = make([]string, n), make([]uint64, n)
		for c := 1; c < n; c++ {
			v.alt[c], _, _ = strings.Cut(v.text[c], "@")
			v.skel[c] = signature(v.alt[c])
		}
	case kPhone:
		v.skel = make([]uint64, n)
		for c := 1; c < n; c++ {
			v.skel[c] = phoneTail(v.text[c])
		}
	case kText:
		f.makeWords(filled)
		v.alt = make([]string, n)
		for c := 1; c < n; c++ {
			v.alt[c] = squeeze(v.text[c])
		}
		if f.role == Address {
			v.house = make([]uint64, n)
			for c := 1; c < n; c++ {
				v.house[c] = houseNumber(v.text[c])
			}
		}
	}
	v.sig = make([]uint64, n)
	parallel(n, func(_, lo, hi int) {
		for c := max(lo, 1); c < hi; c++ {
			v.sig[c] = signature(squeeze(v.text[c]))
		}
	})
}

// makeWords splits the texts of a feature and counts in how many rows a word is.
func (f *feature) makeWords(filled int) {
	v := f.vals
	w := &words{in: newIntern()}
	v.tokAt = make([]uint32, 1, len(v.text)+1)
	v.tokAt = append(v.tokAt, 0) // of value 0
	w.count = append(w.count, 0)
	for c := 1; c < len(v.text); c++ {
		from := len(v.tok)
		for word := range strings.FieldsSeq(v.text[c]) {
			if isHan(word) {
				for _, r := range word {
					v.addWord(w, string(r), from)
				}
				continue
			}
			v.addWord(w, word, from)
		}
		for len(w.count) < len(w.in.text) {
			w.count = append(w.count, 0)
		}
		for _, k := range v.tok[from:] {
			w.count[k] += v.count[c]
		}
		v.tokAt = append(v.tokAt, uint32(len(v.tok)))
	}
	w.bits = rarity(w.count, filled)
	w.sig = make([]uint64, len(w.in.text))
	for k := 1; k < len(w.sig); k++ {
		w.sig[k] = signature(w.in.text[k])
	}
	for c := 1; c < len(v.text); c++ {
		slices.SortFunc(v.tokens(uint32(c)), func(a, b uint32) int {
			if w.bits[a] != w.bits[b] {
				if w.bits[a] > w.bits[b] {
					return -1
				}
				return 1
			}
			return strings.Compare(w.in.text[a], w.in.text[b])
		})
	}
	f.words = w
}

func (v *values) addWord(w *words, word string, from int) {
	k := w.in.code(word)
	if !slices.Contains(v.tok[from:], k) {
		v.tok = append(v.tok, k)
	}
}

// abbreviations of words in addresses. Which of them are common the table says itself.
var abbreviations = func() map[string]string {
	m := map[string]string{}
	for line := range strings.SplitSeq(`street st str strasse|road rd|avenue ave av|drive dr|place pl|court ct|crescent cres cr|circuit cct|lane ln
		|boulevard blvd|square sq|terrace tce ter|parade pde|highway hwy|parkway pkwy|close cl|north n|south s|east e|west w|apartment apt|center centre ctr
		|saint sankt|mount mt|floor fl|building bldg|platz|weg|gasse|allee`, "|") {
		all := strings.Fields(line)
		for _, w := range all {
			m[fold(w)] = fold(all[0])
		}
	}
	return m
}()

// addressNorm folds an address, its usual abbreviations written out: 5 Main St., Hauptstr. 5.
func addressNorm(s string) string {
	words := strings.Fields(fold(s))
	for i, w := range words {
		if full, ok := abbreviations[w]; ok {
			words[i] = full
		} else if base, ok := strings.CutSuffix(w, "str"); ok && len(base) > 2 {
			words[i] = base + "strasse"
		}
	}
	return strings.Join(words, " ")
}

func companyNorm(s string) string {
	if key, _ := identity.NormalizeCompany(s); key != "" {
		return fold(key)
	}
	return fold(s)
}

// emailNorm gives the address as mail systems compare it; what is no address stays as typed, since a typing error in it is
// what it is to be compared for.
func emailNorm(s string) string {
	plain := true
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 'A' && c <= 'Z' || c >= utf8.RuneSelf || c == '+' || c == '<' || c == ' ' || c == '"' {
			plain = false
			break
		}
	}
	if plain && !strings.HasSuffix(s, "gmail.com") && !strings.HasSuffix(s, "googlemail.com") {
		return s
	}
	if e, err := identity.NormalizeEmail(s); err == nil {
		return e.Match
	}
	return strings.ToLower(s)
}

// phoneNorm gives the digits of a number without the zeros that are a way of dialling, with the calling code of the region
// where there is one and the number says no other. The library of numbering plans is not asked: it takes 30 µs a number,
// and the end of the number, which is the same in every notation, is what is compared most.
func phoneNorm(region string) func(string) string {
	code := identity.CallingCode(region)
	return func(s string) string {
		if !isASCII(s) {
			s = identity.PlainPhone(s)
		}
		if i := strings.IndexAny(s, "xX#"); i > 6 {
			s = s[:i] // an extension
		}
		d := digits(strings.Replace(s, "(0)", "", 1))
		short := strings.TrimLeft(d, "0")
		if len(short) < 5 {
			return ""
		}
		switch {
		case code == "" || strings.HasPrefix(strings.TrimLeft(s, "' ("), "+") || strings.HasPrefix(d, "00"):
			return short
		case len(short) == len(d) && len(d) > 10 && strings.HasPrefix(d, code):
			return d // its + was lost
		}
		return code + short
	}
}

// makeDates makes one feature of all columns that say when somebody was born.
func (rs *rowset) makeDates(t *Table, cols func(...Role) []int) {
	whole, years, months, days := cols(Birthday), cols(BirthYear), cols(BirthMonth), cols(BirthDay)
	all := slices.Concat(whole, years, months, days)
	if len(all) == 0 {
		return
	}
	f := &feature{kind: kDate, group: gPerson, cols: all, role: Birthday}
	var labels []string
	for _, c := range all {
		labels = append(labels, t.columns[c].Name)
	}
	f.name = strings.Join(labels, ", ")
	parsed := make([][]date, len(t.columns))
	for _, c := range whole {
		texts := t.values[c].text
		order := dateOrder(texts)
		parsed[c] = make([]date, len(texts))
		parallel(len(texts), func(_, lo, hi int) {
			for k := max(lo, 1); k < hi; k++ {
				parsed[c][k] = parseDay(texts[k], order)
			}
		})
	}
	part := func(cols []int, row int32, top int) int {
		for _, c := range cols {
			if s := t.values[c].text[t.cells[c][row]]; s != "" {
				if n := number(strings.TrimLeft(strings.TrimSuffix(s, ".0"), "0")); n > 0 && n <= top {
					return n
				}
			}
		}
		return 0
	}
	v := &values{day: make([]date, 1)}
	codes := map[date]uint32{0: 0}
	f.code = make([]uint32, rs.n)
	for i, row := range rs.first {
		d := date(0)
		for _, c := range whole {
			if d = parsed[c][t.cells[c][row]]; d != 0 {
				break
			}
		}
		if d == 0 && len(all) > len(whole) {
			d = makeDate(part(years, row, 9999), part(months, row, 12), part(days, row, 31))
		}
		k, ok := codes[d]
		if !ok {
			k = uint32(len(v.day))
			codes[d] = k
			v.day = append(v.day, d)
		}
		f.code[i] = k
	}
	v.in = newIntern()
	v.in.text = make([]string, len(v.day))
	f.vals = v
	f.finish(rs)
	rs.features = append(rs.features, f)
}

// makeNames makes the features of persons' names from all columns that have some.
func (rs *rowset) makeNames(t *Table, cols func(...Role) []int) {
	given, family, middle, whole := cols(Given), cols(Surname), cols(Middle), cols(Name)
	all := slices.Concat(given, family, middle, whole)
	if len(all) == 0 {
		return
	}
	v := &values{in: newIntern()}
	folded := make([][]string, len(t.columns))
	for _, c := range slices.Concat(given, family, middle) {
		texts := t.values[c].text
		folded[c] = make([]string, len(texts))
		parallel(len(texts), func(_, lo, hi int) {
			for k := max(lo, 1); k < hi; k++ {
				folded[c][k] = fold(texts[k])
			}
		})
	}
	parts := make([][]nameParts, len(t.columns))
	for _, c := range whole {
		texts := t.values[c].text
		parts[c] = make([]nameParts, len(texts))
		parallel(len(texts), func(_, lo, hi int) {
			for k := max(lo, 1); k < hi; k++ {
				parts[c][k] = splitName(texts[k])
			}
		})
	}
	join := func(cols []int, row int32) string {
		s := ""
		for _, c := range cols {
			if x := folded[c][t.cells[c][row]]; x != "" {
				if s != "" {
					s += " "
				}
				s += x
			}
		}
		return s
	}
	n := &names{vals: v, given: make([]uint32, rs.n), family: make([]uint32, rs.n), r: -1}
	hasRest := false
	rest := make([]string, 0)
	if len(middle)+len(whole) > 0 {
		rest = make([]string, rs.n)
	}
	for i, row := range rs.first {
		g, f := join(given, row), join(family, row)
		own := g != "" || f != ""
		more := join(middle, row)
		for _, c := range whole {
			p := parts[c][t.cells[c][row]]
			if !own && g == "" && f == "" {
				g, f = p.given, p.family
				more += " " + p.rest
				continue
			}
			more += " " + p.given + " " + p.family + " " + p.rest
		}
		n.given[i], n.family[i] = v.in.code(g), v.in.code(f)
		if len(rest) > 0 {
			rest[i] = more
			hasRest = hasRest || len(more) > 1
		}
	}
	if hasRest {
		n.restAt = make([]uint32, 1, rs.n+1)
		for i := range rs.n {
			from := len(n.rest)
			for w := range strings.FieldsSeq(rest[i]) {
				if k := v.in.code(w); k != n.given[i] && k != n.family[i] && !slices.Contains(n.rest[from:], k) {
					n.rest = append(n.rest, k)
				}
			}
			n.restAt = append(n.restAt, uint32(len(n.rest)))
		}
	}
	rs.names = n
	n.finish(rs, t, all)
}

func (n *names) finish(rs *rowset, t *Table, all []int) {
	v := n.vals
	v.text = v.in.text
	v.describeNames()
	count := func(codes []uint32) ([]uint32, int) {
		out, filled := make([]uint32, len(v.text)), 0
		for _, c := range codes {
			if c != 0 {
				out[c]++
				filled++
			}
		}
		return out, filled
	}
	cg, fg := count(n.given)
	cf, ff := count(n.family)
	// Where names stand in each other's column both count.
	n.tfG, n.tfF = rarity(cg, max(fg, 1)), rarity(cf, max(ff, 1))
	for c := range v.text {
		both := min(n.tfG[c], n.tfF[c])
		if cg[c] == 0 {
			n.tfG[c] = both
		}
		if cf[c] == 0 {
			n.tfF[c] = both
		}
	}
	v.count = make([]uint32, len(v.text))
	for c := range v.count {
		v.count[c] = cg[c] + cf[c]
	}
	for i, c := range n.family {
		if c != 0 && cf[c] <= cg[c] && isHan(v.text[c]) {
			continue
		}
		if c != 0 && isHan(v.text[c]) {
			v.alt[c] = pinyin.Surname(v.text[c])
		}
		_ = i
	}
	labels := func(roles ...Role) string {
		var out []string
		for _, c := range all {
			if slices.Contains(roles, rs.roles[c]) {
				out = append(out, t.columns[c].Name)
			}
		}
		return strings.Join(out, ", ")
	}
	add := func(k kind, g group, name string) int {
		rs.features = append(rs.features, &feature{kind: k, group: g, name: name, role: Name, vals: v, cols: all})
		return len(rs.features) - 1
	}
	n.g = add(kGiven, gPerson, orElse(labels(Given), labels(Name)))
	n.f = add(kFamily, gHouse, orElse(labels(Surname), labels(Name)))
	n.o = add(kOrder, gPerson, labels(Given, Surname, Name))
	if n.restAt != nil {
		n.r = add(kRest, gPerson, labels(Middle, Name))
		counts := make([]uint32, len(v.text))
		for _, k := range n.rest {
			counts[k]++
		}
		n.restBits = rarity(counts, rs.n)
	}
}

func orElse(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
