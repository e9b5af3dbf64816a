package card

import (
	"fmt"
	"slices"
	"strings"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/format/vcard"
)

// Writable are the fields that Edit can change. Fields of which a card holds one value have one here.
func Writable() []connectors.FieldSpec {
	one := func(f string) connectors.FieldSpec {
		return connectors.FieldSpec{Field: f, Read: true, Write: true, Many: 1}
	}
	many := func(f string) connectors.FieldSpec {
		return connectors.FieldSpec{Field: f, Read: true, Write: true}
	}
	return []connectors.FieldSpec{one(connectors.FieldName), one(connectors.FieldPrefix), one(connectors.FieldGiven), one(connectors.FieldMiddle), one(connectors.FieldFamily),
		one(connectors.FieldSuffix), many(connectors.FieldNickname), many(connectors.FieldEmail), many(connectors.FieldPhone), many(connectors.FieldHandle), many(connectors.FieldURL),
		one(connectors.FieldCompany), one(connectors.FieldTitle), one(connectors.FieldDepartment), many(connectors.FieldAddress), one(connectors.FieldBirthday),
		one(connectors.FieldGender), many(connectors.FieldLanguage), one(connectors.FieldNote), many(connectors.FieldTag)}
}

// New makes a card of version 3.0, which all programs read, that says what a record does.
func New(uid string, rec connectors.Record) (*vcard.Card, error) {
	c := vcard.Parse([]byte("BEGIN:VCARD\r\nVERSION:3.0\r\nPRODID:-//Kept//Kept//EN\r\nEND:VCARD\r\n"))[0]
	c.Insert(-1, "", "UID", nil, uid)
	c.Insert(-1, "", "N", nil, "", "", "", "", "")
	var fields []string
	for _, f := range rec.Fields {
		if slices.ContainsFunc(Writable(), func(w connectors.FieldSpec) bool { return w.Field == f.Name }) {
			fields = append(fields, f.Name)
		}
	}
	return c, edit(c, rec, fields, true)
}

// Edit changes a card so that it says of some fields what a record does, and of all others what it
// said. Only lines of those fields are touched. A field that rec does not have is taken out. What a
// card cannot hold is an Invalid [connectors.Error], and the card is then to be thrown away.
//
// The full name (FN), which a card must have, follows the parts of the name where it was made of
// them; and an organisation's, its company.
func Edit(c *vcard.Card, rec connectors.Record, changed []string) error {
	return edit(c, rec, changed, false)
}

func edit(c *vcard.Card, rec connectors.Record, changed []string, fresh bool) error {
	if c.Problem != "" {
		return invalid("the card is not whole; correct it in the address book first")
	}
	if len(c.Broken) > 0 {
		return invalid("line %d of the card (%q) is no property; correct the card in the address book first", c.Broken[0].Line, Short(c.Broken[0].Text))
	}
	e := &editor{c: c, formatted: c.Text("FN")}
	before := e.names()
	wasCompany := OneLine(firstPart(c, "ORG"))
	var named bool
	for _, f := range order {
		if slices.Contains(changed, f) {
			named = named || f == connectors.FieldName
			if err := e.set(f, values(rec, f)); err != nil {
				return err
			}
		}
	}
	for _, f := range changed {
		if !slices.Contains(order, f) {
			return invalid("an address book has no field %q that could be written", f)
		}
	}
	if fresh || named || e.formatted != "" {
		e.fullName(rec, before, wasCompany, named)
	}
	return nil
}

// order is that in which fields are written into a new card.
var order = []string{connectors.FieldName, connectors.FieldFamily, connectors.FieldGiven, connectors.FieldMiddle, connectors.FieldPrefix, connectors.FieldSuffix, connectors.FieldNickname,
	connectors.FieldCompany, connectors.FieldDepartment, connectors.FieldTitle, connectors.FieldEmail, connectors.FieldPhone, connectors.FieldAddress, connectors.FieldURL,
	connectors.FieldHandle, connectors.FieldBirthday, connectors.FieldGender, connectors.FieldLanguage, connectors.FieldTag, connectors.FieldNote}

func invalid(format string, args ...any) error {
	return &connectors.Error{Class: connectors.Invalid, Text: fmt.Sprintf(format, args...)}
}

// values gives what a field shall hold, as a card would give it back.
func values(rec connectors.Record, field string) []connectors.Value {
	var out []connectors.Value
	for _, f := range rec.Fields {
		if f.Name != field {
			continue
		}
		for _, v := range f.Values {
			if v = tidy(field, v); v.Text != "" && !slices.ContainsFunc(out, func(o connectors.Value) bool { return sameValue(field, o, v) }) {
				out = append(out, v)
			}
		}
	}
	return out
}

// tidy writes a value as reading gives it.
func tidy(field string, v connectors.Value) connectors.Value {
	if field == connectors.FieldNote {
		v.Text = strings.TrimSpace(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.ToValidUTF8(v.Text, "\uFFFD")))
	} else {
		v.Text = OneLine(strings.ToValidUTF8(v.Text, "\uFFFD"))
	}
	v.Label = strings.ToLower(OneLine(v.Label))
	if field != connectors.FieldAddress {
		v.Parts = nil
		return v
	}
	parts := map[string]string{}
	for name, s := range v.Parts {
		if s = lines(strings.ToValidUTF8(s, "\uFFFD")); s != "" && slices.Contains(addressParts, name) {
			parts[name] = s
		}
	}
	if len(parts) == 0 && v.Text != "" {
		parts[connectors.PartStreet] = lines(v.Text)
	}
	if parts[connectors.PartStreet] == "" && parts[connectors.PartStreet2] != "" {
		parts[connectors.PartStreet] = parts[connectors.PartStreet2]
		delete(parts, connectors.PartStreet2)
	}
	v.Parts, v.Text = parts, addressText(parts)
	return v
}

// sameValue says whether reading tells two values as one.
func sameValue(field string, a, b connectors.Value) bool {
	return a.Text == b.Text && (a.Label == b.Label || unlabelled(field))
}

// editor changes one card.
type editor struct {
	c         *vcard.Card
	formatted string // FN before
	track     []*slot
}

func (e *editor) set(field string, want []connectors.Value) error {
	if slices.EqualFunc(e.readAll(field), want, equal) {
		return nil
	}
	switch field {
	case connectors.FieldFamily, connectors.FieldGiven, connectors.FieldMiddle, connectors.FieldPrefix, connectors.FieldSuffix:
		text := ""
		if len(want) > 0 {
			text = want[0].Text
		}
		e.namePart(slices.Index(nameParts, field), text)
		return nil
	case connectors.FieldCompany, connectors.FieldDepartment:
		e.organisation(field, want)
		return nil
	case connectors.FieldNickname, connectors.FieldTag:
		e.list(field, want)
		return nil
	case connectors.FieldName:
		e.name(want)
		return nil
	}
	return e.many(field, want)
}

func firstPart(c *vcard.Card, name string) string {
	if p := c.First(name); p != nil {
		return p.Parts()[0]
	}
	return ""
}

// names are the parts of N.
func (e *editor) names() []string {
	out := make([]string, len(nameParts))
	if p := e.c.First("N"); p != nil {
		for i, s := range p.Parts() {
			if i < len(out) {
				out[i] = OneLine(s)
			}
		}
	}
	return out
}

// namePart sets a component of N.
func (e *editor) namePart(n int, text string) {
	first := e.index("N")
	if first < 0 {
		parts := make([]string, len(nameParts))
		parts[n] = text
		e.c.Insert(e.index("VERSION"), "", "N", nil, parts...)
		return
	}
	// A name that stands whole in one component is not read; it must not come to light by its
	// neighbour being set.
	if names := e.names(); isWhole(OneLine(e.formatted), names) {
		for i := range 2 {
			if names[i] != "" && i != n {
				e.c.SetPart(first, i, "")
			}
		}
	}
	for i := range e.c.Props {
		p := &e.c.Props[i]
		if p.Name != "N" {
			continue
		}
		parts, was := p.Parts(), ""
		if n < len(parts) {
			was = parts[n]
		}
		if i == first && OneLine(was) != text {
			e.c.SetPart(i, n, text)
		} else if i != first && OneLine(was) != "" && OneLine(was) != text {
			e.c.SetPart(i, n, "")
		}
	}
}

// isWhole says whether a full name stands whole in the family or the given name, with nothing beside it.
func isWhole(full string, names []string) bool {
	return strings.Contains(full, " ") && (names[0] == full && names[1] == "" || names[1] == full && names[0] == "")
}

// name sets FN, of which one is enough.
func (e *editor) name(want []connectors.Value) {
	first := e.index("FN")
	if len(want) == 0 {
		if first >= 0 {
			e.c.Set(first, "")
		}
	} else if first < 0 {
		e.c.Insert(max(e.index("N"), e.index("VERSION")), "", "FN", nil, want[0].Text)
	} else if OneLine(e.c.Props[first].Text()) != want[0].Text {
		e.c.Set(first, want[0].Text)
	}
	for i := len(e.c.Props) - 1; i > e.index("FN") && first >= 0; i-- {
		if e.c.Props[i].Name == "FN" && (len(want) == 0 || OneLine(e.c.Props[i].Text()) != want[0].Text) {
			e.drop(i)
		}
	}
}

// shapes are the ways in which programs make a full name of its parts (family, given, middle, prefix,
// suffix).
var shapes = []func(n []string) string{
	func(n []string) string { return joined(" ", n[1], n[0]) },
	func(n []string) string { return joined(" ", n[3], n[1], n[2], n[0], n[4]) },
	func(n []string) string { return joined(" ", n[1], n[2], n[0]) },
	func(n []string) string { return joined(" ", n[3], n[1], n[0]) },
	func(n []string) string { return joined(" ", n[1], n[2], n[0], n[4]) },
	func(n []string) string { return joined("", n[0], n[1]) },
	func(n []string) string { return joined(" ", n[0], n[1]) },
	func(n []string) string { return joined(", ", n[0], n[1]) },
}

func joined(sep string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), sep)
}

// fullName keeps FN in step with what it was made of, and sees to it that there is one.
func (e *editor) fullName(rec connectors.Record, before []string, wasCompany string, named bool) {
	was, after := OneLine(e.formatted), e.names()
	company := OneLine(firstPart(e.c, "ORG"))
	full := OneLine(e.c.Text("FN"))
	switch {
	case named && full != "":
	case !named && isWhole(was, before):
	case !named && was != "" && !slices.Equal(before, after):
		for _, shape := range shapes {
			if shape(before) == was {
				full = shape(after)
				break
			}
		}
	case !named && was != "" && was == wasCompany && company != wasCompany && joined("", after...) == "":
		full = company
	}
	if full == "" {
		full = shapes[0](after)
		if full == "" {
			full = joined("", after...)
		}
		for _, f := range []string{connectors.FieldNickname, connectors.FieldCompany, connectors.FieldEmail, connectors.FieldPhone, connectors.FieldHandle} {
			if v := values(rec, f); full == "" && len(v) > 0 {
				full = v[0].Text
			}
		}
		if full == "" {
			full = OneLine(joined(" ", company, e.c.Text("EMAIL")))
		}
	}
	if i := e.index("FN"); i < 0 {
		e.c.Insert(max(e.index("N"), e.index("VERSION")), "", "FN", nil, full)
	} else if OneLine(e.c.Props[i].Text()) != full {
		e.c.Set(i, full)
	}
	// A program that shows N alone shall have something to show.
	if n := e.index("N"); n >= 0 && len(before) > 0 && joined("", before...)+joined("", after...) == "" && strings.Contains(full, " ") && full != company && was == "" {
		e.c.SetPart(n, 1, full)
	}
}

// organisation sets the company or the department, both of which stand in ORG.
func (e *editor) organisation(field string, want []connectors.Value) {
	text := ""
	if len(want) > 0 {
		text = want[0].Text
	}
	first := e.index("ORG")
	for i := len(e.c.Props) - 1; i >= 0; i-- {
		p := &e.c.Props[i]
		switch {
		case p.Name == "X-DEPARTMENT" && field == connectors.FieldDepartment && OneLine(p.Text()) != text:
			e.drop(i)
		case p.Name != "ORG":
		case i == first && field == connectors.FieldCompany:
			if OneLine(p.Parts()[0]) != text {
				e.c.SetPart(i, 0, text)
			}
		case i == first:
			if units(p.Parts()[1:]) != text {
				e.c.Set(i, p.Parts()[0], text)
			}
		case field == connectors.FieldCompany && OneLine(p.Parts()[0]) != text:
			e.c.SetPart(i, 0, "")
		case field == connectors.FieldDepartment && units(p.Parts()[1:]) != text:
			e.c.Set(i, p.Parts()[0])
		}
	}
	if first >= 0 || text == "" {
		e.emptied("ORG")
		return
	}
	parts := []string{text}
	if field == connectors.FieldDepartment {
		parts = []string{"", text}
	}
	e.c.Insert(-1, "", "ORG", nil, parts...)
}

func units(parts []string) string {
	var out []string
	for _, u := range parts {
		if u = OneLine(u); u != "" {
			out = append(out, u)
		}
	}
	return strings.Join(out, ", ")
}

// emptied takes out properties of a name that say nothing any more.
func (e *editor) emptied(name string) {
	for i := len(e.c.Props) - 1; i >= 0; i-- {
		if e.c.Props[i].Name == name && strings.TrimSpace(strings.Join(e.c.Props[i].Parts(), "")) == "" {
			e.drop(i)
		}
	}
}

// list sets CATEGORIES or NICKNAME.
func (e *editor) list(field string, want []connectors.Value) {
	name := map[string]string{connectors.FieldNickname: "NICKNAME", connectors.FieldTag: "CATEGORIES"}[field]
	wanted := func(s string) bool {
		return slices.ContainsFunc(want, func(v connectors.Value) bool { return v.Text == s })
	}
	var have []string // in the order in which they are read
	for i := len(e.c.Props) - 1; i >= 0; i-- {
		p := &e.c.Props[i]
		got := e.read(i).fields[field]
		if len(got) == 0 {
			continue
		}
		elements, all := p.List(), true
		kept := slices.DeleteFunc(slices.Clone(elements), func(s string) bool {
			s = OneLine(s)
			drop := !wanted(s) && !(field == connectors.FieldTag && isEverybody(s))
			all = all && !drop
			return drop
		})
		switch {
		case p.Name != name && !wanted(got[0].Text):
			e.drop(i)
		case p.Name != name:
			// what Android or an old program keeps elsewhere is read behind all else
		case len(kept) == 0:
			e.drop(i)
			continue
		case !all:
			e.c.SetList(i, kept...)
		}
	}
	for _, v := range e.readAll(field) {
		have = append(have, v.Text)
	}
	if slices.EqualFunc(have, want, func(s string, v connectors.Value) bool { return s == v.Text }) {
		return
	}
	var missing []string
	for _, v := range want {
		if !slices.Contains(have, v.Text) {
			missing = append(missing, v.Text)
		}
	}
	var texts []string
	for _, v := range want {
		texts = append(texts, v.Text)
	}
	last := -1
	for i := range e.c.Props {
		if e.c.Props[i].Name == name && e.c.Props[i].Preference() > 100 {
			last = i
		}
	}
	if last >= 0 && slices.Equal(append(slices.Clone(have), missing...), texts) && e.only(field, name) {
		e.c.SetList(last, append(e.c.Props[last].List(), missing...)...)
		return
	}
	// Another order: all of them on the first line.
	var hidden []string
	first := -1
	for i := len(e.c.Props) - 1; i >= 0; i-- {
		p := &e.c.Props[i]
		if len(e.read(i).fields[field]) == 0 && !(p.Name == name && len(p.List()) > 0) {
			continue
		}
		if p.Name == name {
			for _, s := range p.List() {
				if field == connectors.FieldTag && isEverybody(s) {
					hidden = append(hidden, s)
				}
			}
			if first >= 0 {
				e.c.Delete(first)
			}
			first = i
			continue
		}
		e.c.Delete(i)
		if first >= 0 {
			first--
		}
	}
	slices.Reverse(hidden)
	if texts = append(texts, hidden...); first < 0 {
		if len(texts) > 0 {
			e.c.InsertList(-1, name, texts...)
		}
		return
	}
	if len(texts) == 0 {
		e.drop(first)
		return
	}
	e.c.SetList(first, texts...)
}

// only says whether a field is told by properties of one name alone.
func (e *editor) only(field, name string) bool {
	for i := range e.c.Props {
		if e.c.Props[i].Name != name && len(e.read(i).fields[field]) > 0 {
			return false
		}
	}
	return true
}

// index gives the first property of a name; -1 where there is none.
func (e *editor) index(name string) int {
	return slices.IndexFunc(e.c.Props, func(p vcard.Property) bool { return p.Name == name })
}

// drop takes out a property, and the labels that were its alone.
func (e *editor) drop(i int) {
	group := e.c.Props[i].Group
	e.c.Delete(i)
	if group == "" {
		return
	}
	var labels []int
	for j := range e.c.Props {
		if p := &e.c.Props[j]; strings.EqualFold(p.Group, group) {
			if p.Name != "X-ABLABEL" && p.Name != "X-ABADR" {
				return
			}
			labels = append(labels, j)
		}
	}
	for _, j := range slices.Backward(labels) {
		e.c.Delete(j)
	}
}

// read reads one property as if it stood alone in the card.
func (e *editor) read(i int) *draft {
	d := &draft{c: e.c, fields: map[string][]ranked{}}
	p := &e.c.Props[i]
	if unread[p.Name] || p.Binary() {
		return d
	}
	text, _ := p.Decode()
	if len(text) > longest || strings.TrimSpace(text) == "" {
		return d
	}
	switch p.Name {
	case "REV", "CREATED":
	case "ADR":
		d.address(p)
	case "LABEL":
		d.add(connectors.FieldAddress, connectors.Value{Text: lines(p.Text()), Label: d.label(p)}, p.Preference())
	default:
		d.read(p)
	}
	return d
}

// readAll reads what the card says of a field.
func (e *editor) readAll(field string) []connectors.Value {
	rec, _ := Read(e.c, Context{})
	for _, f := range rec.Fields {
		if f.Name == field {
			return f.Values
		}
	}
	return nil
}
