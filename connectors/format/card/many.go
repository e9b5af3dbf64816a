package card

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/format/vcard"
)

// slot is a property that tells values of the field that is being set.
type slot struct {
	prop   int // its index now
	values []connectors.Value
	twin   bool // it tells what one before it told
	want   int  // which of the wanted values it is to hold; -1: none
}

// many sets a field of which each value is a property of its own. Properties whose values stay are
// not touched; one that changes keeps its line, group and parameters.
func (e *editor) many(field string, want []connectors.Value) error {
	want = slices.Clone(want)
	for i := range want {
		if err := proper(field, &want[i]); err != nil {
			return err
		}
	}
	want = slices.DeleteFunc(want, func(v connectors.Value) bool { return v.Text == "" })
	if slices.EqualFunc(e.readAll(field), want, equal) {
		return nil
	}
	slots := e.slots(field)
	defer func() { e.track = nil }()
	taken := make([]bool, len(want))
	pair := func(fits func(have, want connectors.Value) bool) {
		for _, s := range slots {
			for k := 0; k < len(want) && s.want < 0 && !s.twin && len(s.values) == 1; k++ {
				if !taken[k] && fits(s.values[0], want[k]) {
					s.want, taken[k] = k, true
				}
			}
		}
	}
	pair(equal)
	// Several addresses in one property stay where all of them do.
	for _, s := range slots {
		if len(s.values) > 1 && !s.twin {
			k := slices.IndexFunc(want, func(v connectors.Value) bool { return equal(v, s.values[0]) })
			if k < 0 || k+len(s.values) > len(want) || !slices.EqualFunc(s.values, want[k:k+len(s.values)], equal) || slices.Contains(taken[k:k+len(s.values)], true) {
				continue
			}
			s.want = k
			for j := range s.values {
				taken[k+j] = true
			}
		}
	}
	pair(func(have, want connectors.Value) bool { return have.Text == want.Text })
	pair(func(have, want connectors.Value) bool { return have.Label == want.Label })
	for _, s := range slots {
		switch {
		case s.want < 0:
			e.away(s)
		case len(s.values) > 1 || equal(s.values[0], want[s.want]):
		default:
			if err := e.change(field, s, want[s.want]); err != nil {
				return err
			}
		}
	}
	slots = slices.DeleteFunc(slots, func(s *slot) bool { return s.prop < 0 })
	for k := range want {
		if taken[k] {
			continue
		}
		after := -1
		for _, s := range slots {
			after = max(after, s.prop)
		}
		s := &slot{want: k, values: want[k : k+1]}
		if err := e.add(field, e.pastGroup(after), want[k], s); err != nil {
			return err
		}
		slots = append(slots, s)
	}
	e.arrange(slots)
	return nil
}

func equal(a, b connectors.Value) bool {
	return a.Text == b.Text && a.Label == b.Label && maps.Equal(a.Parts, b.Parts)
}

// slots gathers the properties of a field, and keeps track of where they stand.
func (e *editor) slots(field string) []*slot {
	var out []*slot
	var seen []connectors.Value
	var kinds []string
	if field == connectors.FieldAddress {
		for i := range e.c.Props {
			if e.c.Props[i].Name == "ADR" {
				kinds = append(kinds, typeLabel(&e.c.Props[i]))
			}
		}
	}
	for i := range e.c.Props {
		if p := &e.c.Props[i]; p.Name == "LABEL" && slices.Contains(kinds, typeLabel(p)) {
			continue
		}
		s := &slot{prop: i, want: -1}
		for _, v := range e.read(i).fields[field] {
			s.values = append(s.values, v.Value)
			s.twin = s.twin || slices.ContainsFunc(seen, func(o connectors.Value) bool { return sameValue(field, o, v.Value) })
		}
		if len(s.values) == 0 {
			continue
		}
		seen = append(seen, s.values...)
		out = append(out, s)
		e.track = append(e.track, s)
	}
	return out
}

// away takes out a slot's property with its labels.
func (e *editor) away(s *slot) {
	p := e.c.Props[s.prop]
	if p.Name == "ADR" {
		e.withoutLabel(typeLabel(&p))
	}
	e.take(s.prop)
	s.prop = -1
}

// withoutLabel takes out the LABEL of an address that is not what it was.
func (e *editor) withoutLabel(kind string) {
	for i := len(e.c.Props) - 1; i >= 0; i-- {
		if p := &e.c.Props[i]; p.Name == "LABEL" && typeLabel(p) == kind {
			e.take(i)
		}
	}
}

// take is drop for those who keep track.
func (e *editor) take(i int) {
	before := slices.Clone(e.c.Props)
	e.drop(i)
	if len(e.track) == 0 {
		return
	}
	// Which ones went: those that are not there any more, by their lines.
	gone, j := make([]int, 0, 3), 0
	for k := range before {
		if j < len(e.c.Props) && &before[k].Raw()[0] == &e.c.Props[j].Raw()[0] {
			j++
			continue
		}
		gone = append(gone, k)
	}
	for _, s := range e.track {
		less := 0
		for _, k := range gone {
			if k < s.prop {
				less++
			}
		}
		s.prop -= less
	}
}

// put inserts a property for those who keep track.
func (e *editor) put(after int, group, name string, params []vcard.Param, parts ...string) int {
	at := e.c.Insert(after, group, name, params, parts...)
	for _, s := range e.track {
		if s.prop >= at {
			s.prop++
		}
	}
	return at
}

// pastGroup gives the last line of the group that a property begins.
func (e *editor) pastGroup(i int) int {
	for i >= 0 && i+1 < len(e.c.Props) && e.c.Props[i].Group != "" && strings.EqualFold(e.c.Props[i].Group, e.c.Props[i+1].Group) {
		i++
	}
	return i
}

// labelled are the fields whose values have labels.
func labelled(field string) bool {
	switch field {
	case connectors.FieldEmail, connectors.FieldPhone, connectors.FieldURL, connectors.FieldAddress:
		return true
	}
	return false
}

// proper writes a wanted value as reading would give it, or says why a card cannot hold it.
func proper(field string, v *connectors.Value) error {
	if !labelled(field) && field != connectors.FieldHandle {
		v.Label = ""
	}
	if v.Text == "" {
		return nil
	}
	switch field {
	case connectors.FieldEmail:
		text, ok := Email(v.Text)
		if !ok {
			return invalid("%q is no e-mail address; an address book cannot hold it as one", Short(v.Text))
		}
		v.Text = text
	case connectors.FieldPhone:
		if len(v.Text) > 4 && strings.EqualFold(v.Text[:4], "tel:") {
			v.Text = OneLine(unpercent(v.Text[4:]))
		}
		if !strings.ContainsAny(v.Text, "0123456789") && strings.IndexFunc(v.Text, isDigit) < 0 {
			return invalid("phone number %q has no digits; an address book cannot hold it as one", Short(v.Text))
		}
	case connectors.FieldBirthday:
		date, ok := vcard.Date(v.Text)
		if !ok {
			return invalid("%q is no day; an address book cannot hold it as a birthday", Short(v.Text))
		}
		v.Text = date
	case connectors.FieldGender:
		if g, ok := genders[strings.ToLower(v.Text)]; ok {
			v.Text = g
		}
		if strings.EqualFold(v.Text, "u") {
			v.Text = ""
		}
	}
	return nil
}

// change gives a slot's property another value and label.
func (e *editor) change(field string, s *slot, want connectors.Value) error {
	p := e.c.Props[s.prop]
	have := s.values[0]
	replace := func() error { // on the same place
		at := s.prop - 1
		e.away(s)
		if at < 0 {
			at = e.index("VERSION")
		}
		return e.add(field, at, want, s)
	}
	if p.Name == "ADR" {
		e.withoutLabel(typeLabel(&p))
	}
	if have.Text != want.Text || !maps.Equal(have.Parts, want.Parts) {
		switch {
		case field == connectors.FieldHandle, p.Name == "LABEL", p.Name == "X-ANDROID-CUSTOM":
			return replace()
		case field == connectors.FieldAddress:
			e.address(s.prop, want.Parts)
		case field == connectors.FieldGender && p.Name == "GENDER":
			e.c.Set(s.prop, genderParts(want.Text)...)
		case field == connectors.FieldBirthday:
			text, params := e.day(want.Text, p.Params)
			e.c.SetParams(s.prop, params)
			e.c.Set(s.prop, text)
		default:
			if slices.ContainsFunc(p.Params, func(x vcard.Param) bool { return x.Name == "VALUE" && field != connectors.FieldURL }) {
				e.c.SetParams(s.prop, slices.DeleteFunc(slices.Clone(p.Params), func(x vcard.Param) bool { return x.Name == "VALUE" }))
			}
			e.c.Set(s.prop, want.Text)
		}
	}
	if have.Label != want.Label {
		e.label(s, want.Label)
	}
	if !e.tells(field, s.prop, want) {
		return replace()
	}
	return nil
}

// tells says whether a property tells exactly a value.
func (e *editor) tells(field string, i int, want connectors.Value) bool {
	got := e.read(i).fields[field]
	return len(got) == 1 && equal(got[0].Value, want)
}

// add writes a new property behind another, and its label.
func (e *editor) add(field string, after int, want connectors.Value, s *slot) error {
	name, parts := "", []string{want.Text}
	var params []vcard.Param
	switch field {
	case connectors.FieldEmail:
		name = "EMAIL"
	case connectors.FieldPhone:
		name = "TEL"
	case connectors.FieldURL:
		name = "URL"
	case connectors.FieldTitle:
		name = "TITLE"
	case connectors.FieldNote:
		name = "NOTE"
	case connectors.FieldLanguage:
		name = "LANG"
	case connectors.FieldBirthday:
		name = "BDAY"
		parts[0], params = e.day(want.Text, nil)
	case connectors.FieldGender:
		if name = "X-GENDER"; e.c.Version == "4.0" {
			name, parts = "GENDER", genderParts(want.Text)
		}
	case connectors.FieldAddress:
		name, parts = "ADR", make([]string, len(addressParts))
		for i, n := range addressParts {
			parts[i] = want.Parts[n]
		}
	case connectors.FieldHandle:
		name, params, parts[0] = handleProperty(want)
	}
	s.prop = e.put(after, "", name, params, parts...)
	if !slices.Contains(e.track, s) {
		e.track = append(e.track, s)
	}
	if labelled(field) && want.Label != "" {
		e.label(s, want.Label)
	}
	if !e.tells(field, s.prop, want) {
		return invalid("an address book cannot hold %s as %s", Short(fmt.Sprintf("%q", want.Text)), strings.ReplaceAll(field, "_", " "))
	}
	return nil
}

// address sets the components of ADR that differ.
func (e *editor) address(i int, want map[string]string) {
	p := &e.c.Props[i]
	if code := e.c.InGroup(p.Group, "X-ABADR"); code != nil && !strings.EqualFold(OneLine(code.Text()), want[connectors.PartCountry]) {
		// Apple's country would speak for one that is not told.
		for j := range e.c.Props {
			if &e.c.Props[j] == code {
				e.c.Set(j, strings.ToLower(want[connectors.PartCountry]))
				break
			}
		}
	}
	have := e.c.Props[i].Parts()
	if len(have) > len(addressParts) {
		parts := make([]string, len(addressParts))
		for n, name := range addressParts {
			parts[n] = want[name]
		}
		e.c.Set(i, parts...)
		return
	}
	implied := e.c.InGroup(e.c.Props[i].Group, "X-ABADR") != nil
	for n, name := range addressParts {
		was := ""
		if n < len(have) {
			was = lines(have[n])
		}
		if was == want[name] || implied && name == connectors.PartCountry && was == "" && len(want[name]) == 2 {
			continue
		}
		e.c.SetPart(i, n, want[name])
	}
}

// day writes a birthday as the card's version does, and what of its parameters fits to it. A year that
// nobody told is 1604 in version 3.0, as Apple and others write it.
func (e *editor) day(date string, params []vcard.Param) (string, []vcard.Param) {
	params = slices.DeleteFunc(slices.Clone(params), func(x vcard.Param) bool { return x.Name == "X-APPLE-OMIT-YEAR" || x.Name == "VALUE" })
	if e.c.Version == "4.0" {
		if len(date) == 7 && date[0] != '-' {
			return date, params // a year and a month
		}
		if rest, ok := strings.CutPrefix(date, "--"); ok {
			return "--" + strings.ReplaceAll(rest, "-", ""), params
		}
		return strings.ReplaceAll(date, "-", ""), params
	}
	if rest, ok := strings.CutPrefix(date, "--"); ok {
		return "1604-" + rest, append(params, vcard.Param{Name: "X-APPLE-OMIT-YEAR", Value: "1604"})
	}
	return date, params
}

func genderParts(text string) []string {
	for letter, word := range genders {
		if len(letter) == 1 && word == text {
			return []string{strings.ToUpper(letter)}
		}
	}
	return []string{"", text}
}

// messengers are networks whose accounts are IMPP; those of others are profiles.
var messengers = map[string]string{"aim": "aim", "icq": "icq", "xmpp": "xmpp", "msn": "msnim", "yahoo": "ymsgr", "skype": "skype", "googletalk": "gtalk", "sip": "sip", "qq": "qq",
	"whatsapp": "whatsapp", "telegram": "telegram", "signal": "signal", "matrix": "matrix", "irc": "irc", "gadugadu": "gg", "wechat": "wechat", "line": "line", "viber": "viber", "": "im"}

func handleProperty(v connectors.Value) (name string, params []vcard.Param, text string) {
	if scheme, ok := messengers[v.Label]; ok {
		if v.Label != "" {
			params = []vcard.Param{{Name: "X-SERVICE-TYPE", Value: v.Label}}
		}
		return "IMPP", params, scheme + ":" + url.PathEscape(v.Text)
	}
	return "X-SOCIALPROFILE", []vcard.Param{{Name: "TYPE", Value: v.Label}}, v.Text
}
