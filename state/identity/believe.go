package identity

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
)

// Belief is all that a customer follows from.
type Belief struct {
	Bases    []uint64         // the survivor first
	Records  []*state.Record  // contact and organisation records linked to any of the bases
	Settings []*state.Setting // values set by people on any of the bases
	Ordered  bool             // whether there is an order that counts
	Created  time.Time        // when the survivor's number was first given
	// Employers gives the organisation records that contact records name, by record.
	Employers map[uint64][]uint64
}

// Believe computes a customer. It is a pure function: the order of records and settings does not
// matter. What a person set wins, the latest first; else the record that tells most about a field,
// the latest of equals.
func Believe(in Belief) *state.Customer {
	c := &state.Customer{Number: in.Bases[0], Created: in.Created, Bases: in.Bases, Tags: []string{},
		Identifiers: []state.Address{}, Fields: []state.Believed{}}
	sources := sourcesOf(in.Records)
	for _, r := range in.Records {
		c.Records = append(c.Records, r.Key) // those that are gone too: their history stays
	}
	slices.Sort(c.Records)
	hand := handOf(in.Settings)

	c.Kind = state.Person
	if len(sources) > 0 && !slices.ContainsFunc(sources, func(s source) bool { return s.kind == state.Person }) {
		c.Kind = state.Organisation
	}
	if h := hand.text("kind"); h != "" {
		c.Kind = h
	}
	believeFields(c, sources, hand)
	believeName(c, sources, hand)
	believeIdentifiers(c, in.Records, sources, hand)
	believeTags(c, sources, hand)

	c.Owner, c.Grade = hand.text("owner"), hand.text("grade")
	switch h := hand.text("stage"); {
	case h != "":
		c.Stage = h
	case in.Ordered:
		c.Stage = state.StageCustomer
	default:
		c.Stage = stageTold(c)
	}
	for _, s := range sources {
		for _, org := range in.Employers[s.record.Key] {
			c.Employers = append(c.Employers, state.Affiliation{Organisation: org, Role: s.version.Text(fieldTitle), Record: s.record.Key})
		}
	}
	c.Tokens = FindKeys(findable(c, sources))
	return c
}

// source is a record with its current version.
type source struct {
	record  *state.Record
	version *state.Version
	kind    string
	name    Name
	at      time.Time
}

// sourcesOf gives the records that say something, the one most to be believed first. Of a customer
// all of whose records are gone the last that they said is believed.
func sourcesOf(records []*state.Record) []source {
	if out := sourcesBy(records, (*state.Record).Current); len(out) > 0 {
		return out
	}
	return sourcesBy(records, Standing)
}

func sourcesBy(records []*state.Record, version func(*state.Record) *state.Version) []source {
	var out []source
	for _, r := range records {
		v := version(r)
		if v == nil {
			continue
		}
		s := source{record: r, version: v, kind: KindOf(v), name: PersonName(v), at: v.Modified}
		if r.Kind == state.KindOrganisation {
			s.kind, s.name = state.Organisation, Name{}
		}
		if s.at.IsZero() {
			s.at = v.Created
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b source) int {
		return cmp.Or(b.at.Compare(a.at), byContent(a.record, b.record))
	})
	return out
}

// byContent orders records by what they are, never by when they came.
func byContent(a, b *state.Record) int {
	return cmp.Or(strings.Compare(a.Connection, b.Connection), strings.Compare(a.Kind, b.Kind), strings.Compare(a.ID, b.ID))
}

// handSet is the latest value that a person set, by field and element.
type handSet map[string]map[string]*state.Setting

func handOf(settings []*state.Setting) handSet {
	h := handSet{}
	for _, s := range settings {
		if h[s.Field] == nil {
			h[s.Field] = map[string]*state.Setting{}
		}
		old := h[s.Field][s.Element]
		if old == nil || s.At.After(old.At) || s.At.Equal(old.At) && s.Base < old.Base {
			h[s.Field][s.Element] = s
		}
	}
	return h
}

func (h handSet) one(field string) *state.Setting { return h[field][""] }

func (h handSet) text(field string) string {
	if s := h.one(field); s != nil && !s.Removed && len(s.Values) > 0 {
		return s.Values[0].Text
	}
	return ""
}

// manyValued are the fields that hold all values of all records; the others hold one record's.
var manyValued = map[string]bool{fieldEmail: true, fieldPhone: true, fieldHandle: true, fieldExternalID: true,
	"url": true, fieldAddress: true, fieldTag: true, "note": true}

// notFields are settings that are properties of the customer and no fields.
var notFields = map[string]bool{"kind": true, "stage": true, "grade": true, "owner": true, fieldTag: true}

func believeFields(c *state.Customer, sources []source, hand handSet) {
	fields := map[string]*state.Believed{}
	for _, s := range sources {
		for _, f := range s.version.Fields {
			if f.Name == fieldTag || len(f.Values) == 0 {
				continue
			}
			b := fields[f.Name]
			switch {
			case b == nil:
				fields[f.Name] = &state.Believed{Name: f.Name, Values: slices.Clone(f.Values), Record: s.record.Key, At: s.at}
			case manyValued[f.Name]:
				for _, v := range f.Values {
					if !slices.ContainsFunc(b.Values, func(x state.Value) bool { return sameValue(f.Name, x, v) }) {
						b.Values = append(b.Values, v)
					}
				}
			}
		}
	}
	for name, elements := range hand {
		if notFields[name] {
			continue
		}
		for _, element := range slices.Sorted(keysOf(elements)) {
			s := elements[element]
			if len(s.Values) == 0 && !s.Removed {
				continue // taken back: the records are believed again
			}
			if element == "" {
				if s.Removed {
					delete(fields, name)
				} else {
					fields[name] = &state.Believed{Name: name, Values: slices.Clone(s.Values), At: s.At, ByHand: s.By}
				}
				continue
			}
			b := fields[name]
			if b == nil {
				b = &state.Believed{Name: name}
			}
			b.Values = slices.DeleteFunc(b.Values, func(x state.Value) bool {
				return strings.EqualFold(x.Text, element) || len(s.Values) > 0 && sameValue(name, x, s.Values[0])
			})
			if !s.Removed {
				b.Values = append(slices.Clone(s.Values), b.Values...)
				b.ByHand, b.At = s.By, s.At
			}
			if len(b.Values) > 0 {
				fields[name] = b
			} else {
				delete(fields, name)
			}
		}
	}
	for _, name := range slices.Sorted(keysOf(fields)) {
		c.Fields = append(c.Fields, *fields[name])
	}
}

func keysOf[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func sameValue(field string, a, b state.Value) bool {
	switch field {
	case fieldEmail:
		x, y := EmailIdentifier(a.Text), EmailIdentifier(b.Text)
		return x.Match == y.Match && (x.Match != "" || strings.EqualFold(a.Text, b.Text))
	case fieldAddress:
		return FoldName(addressLine(a)) == FoldName(addressLine(b))
	case fieldPhone:
		// One number in two notations is one; what is written with and without country code stays two.
		x, y := asciiDigits(a.Text), asciiDigits(b.Text)
		return x == y && x != "" || strings.EqualFold(a.Text, b.Text)
	}
	return strings.EqualFold(strings.TrimSpace(a.Text), strings.TrimSpace(b.Text)) && a.Label == b.Label
}

func addressLine(v state.Value) string {
	var parts []string
	for _, p := range []string{"street", "street2", "po_box", "postcode", "city", "region", "country"} {
		if v.Parts[p] != "" {
			parts = append(parts, v.Parts[p])
		}
	}
	if len(parts) == 0 {
		return v.Text
	}
	return strings.Join(parts, " ")
}

// believeName takes the name of one record as a whole, so that given and family name are never of
// two spellings: the most complete one, and of equals the one that most records tell.
func believeName(c *state.Customer, sources []source, hand handSet) {
	best, bestScore := -1, -1
	for i, s := range sources {
		score := 0
		switch {
		case c.Kind == state.Organisation && s.kind == state.Organisation:
			score = 1000
			if s.record.Kind == state.KindContact {
				score += 500
			}
		case s.name.Given != "" && s.name.Family != "":
			score = 400
		case !s.name.IsZero():
			score = 200
		case s.version.Text(fieldName) != "":
			score = 100
		default:
			continue
		}
		if len([]rune(nameWord(s.name.Given))) > 1 {
			score += 100 // not an initial
		}
		if !s.version.Implied {
			score += 10
		}
		for _, other := range sources {
			if shownName(&other) == shownName(&s) {
				score++
			}
		}
		if score > bestScore {
			best, bestScore = i, score
		}
	}
	if best >= 0 {
		s := &sources[best]
		c.Name, c.Given, c.Family = shownName(s), s.name.Given, s.name.Family
		takeName(c, s)
	}
	if g, f := hand.text(fieldGiven), hand.text(fieldFamily); g != "" || f != "" {
		c.Given, c.Family = cmp.Or(g, c.Given), cmp.Or(f, c.Family)
		c.Name = Name{Given: c.Given, Family: c.Family}.String()
	}
	if n := hand.text(fieldName); n != "" {
		c.Name = n
		if hand.text(fieldGiven) == "" && hand.text(fieldFamily) == "" && c.Kind == state.Person {
			p := ParseName(n)
			c.Given, c.Family = p.Given, p.Family
		}
	}
	if c.Name == "" {
		c.Name = c.Text("nickname")
	}
	if c.Name == "" && c.Kind == state.Person && len(sources) > 0 {
		for _, id := range sources[0].record.Identifiers {
			if !id.Former && id.Type != state.TypeExternalID {
				c.Name = id.Shown
				break
			}
		}
	}
	if c.Name == "" {
		c.Name = c.Text(fieldCompany)
	}
}

// takeName makes the fields of the name those of the record that it was taken from, where no
// person set them.
func takeName(c *state.Customer, s *source) {
	isName := func(f string) bool {
		return f == fieldName || f == fieldPrefix || f == fieldGiven || f == fieldMiddle || f == fieldFamily || f == fieldSuffix
	}
	c.Fields = slices.DeleteFunc(c.Fields, func(b state.Believed) bool { return isName(b.Name) && b.ByHand == "" })
	for _, f := range s.version.Fields {
		if isName(f.Name) && len(f.Values) > 0 && c.Get(f.Name) == nil {
			c.Fields = append(c.Fields, state.Believed{Name: f.Name, Values: slices.Clone(f.Values), Record: s.record.Key, At: s.at})
		}
	}
	slices.SortFunc(c.Fields, func(a, b state.Believed) int { return strings.Compare(a.Name, b.Name) })
}

func shownName(s *source) string {
	if s.kind == state.Organisation {
		return s.version.Text(fieldCompany)
	}
	told := strings.TrimSpace(s.version.Text(fieldName))
	if s.version.Text(fieldGiven) != "" || s.version.Text(fieldFamily) != "" || told == "" || strings.Contains(told, ",") {
		if n := (Name{Given: s.name.Given, Middle: s.name.Middle, Family: s.name.Family}).String(); n != "" {
			return n
		}
	}
	return told
}

func believeIdentifiers(c *state.Customer, records []*state.Record, sources []source, hand handSet) {
	add := func(id state.Identifier, connection string) {
		for i := range c.Identifiers {
			x := &c.Identifiers[i]
			if x.Type == id.Type && x.System == id.System && x.Match == id.Match {
				x.Former = x.Former && id.Former
				return
			}
		}
		c.Identifiers = append(c.Identifiers, state.Address{Identifier: id, Connection: connection})
	}
	for _, field := range []string{fieldEmail, fieldPhone} {
		for _, element := range slices.Sorted(keysOf(hand[field])) {
			s := hand[field][element]
			if s.Removed || len(s.Values) == 0 {
				continue
			}
			id := EmailIdentifier(s.Values[0].Text)
			if field == fieldPhone {
				id = PhoneIdentifier(s.Values[0].Text, s.Values[0].Label)
			}
			if id.Match != "" {
				add(id, "")
			}
		}
	}
	for _, s := range sources {
		for _, id := range s.record.Identifiers {
			if !id.Former {
				add(id, s.record.Connection)
			}
		}
	}
	for _, r := range slices.SortedFunc(slices.Values(records), byContent) {
		for _, id := range r.Identifiers {
			if r.Current() == nil {
				id.Former = true
			}
			if id.Former {
				add(id, r.Connection)
			}
		}
	}
	order := map[string]int{state.TypeEmail: 0, state.TypePhone: 1, state.TypeHandle: 2, state.TypeCompany: 3, state.TypeDomain: 4, state.TypeExternalID: 5}
	slices.SortStableFunc(c.Identifiers, func(a, b state.Address) int {
		return cmp.Or(boolCmp(a.Former, b.Former), cmp.Compare(order[a.Type], order[b.Type]))
	})
}

func boolCmp(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

func believeTags(c *state.Customer, sources []source, hand handSet) {
	seen := map[string]bool{}
	for tag, s := range hand[fieldTag] {
		seen[tag] = true
		if !s.Removed {
			c.Tags = append(c.Tags, tag)
		}
	}
	for _, s := range sources {
		for _, v := range s.version.Get(fieldTag) {
			tag := FoldTag(v.Text)
			if tag != "" && !seen[tag] {
				seen[tag] = true
				c.Tags = append(c.Tags, tag)
			}
		}
	}
	slices.Sort(c.Tags)
}

// FoldTag gives a tag as it is kept: lower case, with single spaces.
func FoldTag(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }

// stageTold reads the stage that a system tells, in the words of those that have one.
func stageTold(c *state.Customer) string {
	switch t := FoldName(c.Text(fieldStage)); {
	case t == "":
		return state.StageProspect
	case strings.Contains(t, "customer"), strings.Contains(t, "evangelist"), strings.Contains(t, "kunde"), strings.Contains(t, "客户"):
		return state.StageCustomer
	case strings.Contains(t, "partner"):
		return state.StagePartner
	case strings.Contains(t, "former"), strings.Contains(t, "churned"), strings.Contains(t, "lost"):
		return state.StageFormer
	case strings.Contains(t, "other"):
		return state.StageOther
	}
	return state.StageProspect
}
