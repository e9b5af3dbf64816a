// Package card is what a vCard says of a person, as a record: which property becomes which field,
// labels, handles, what is noise. It is read from files and from address books on servers alike.
package card

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/format/vcard"
)

// longest is how many bytes one value may have; a longer one is left out and told.
const longest = 1 << 20

// ranked is a value with how much it is preferred; 1 most.
type ranked struct {
	connectors.Value
	rank int
}

// Context is what a reader knows beside the card itself.
type Context struct {
	// Told is called for what could not be read of a card that is read otherwise: the line, the
	// property (empty for the whole card) and a reason in plain words. May be nil.
	Told func(line int64, property, reason string)
	// Groups names the groups that a member is in, by its [MemberKey]. May be nil.
	Groups func(member string) []string
}

// Read gives the contact that a card tells, without ID and Version: what makes those differs from
// source to source. known is false where the card says nothing by which anybody could be known
// (no name, company, e-mail address, phone number or handle); the record holds the rest then.
func Read(c *vcard.Card, ctx Context) (rec connectors.Record, known bool) {
	d := &draft{c: c, ctx: ctx, fields: map[string][]ranked{}}
	rec = d.record()
	return rec, d.says()
}

// draft is a contact being read.
type draft struct {
	c      *vcard.Card
	ctx    Context
	fields map[string][]ranked
}

func (d *draft) told(line int64, property, reason string) {
	if d.ctx.Told != nil {
		d.ctx.Told(line, property, reason)
	}
}

func (d *draft) record() connectors.Record {
	rec := connectors.Record{Kind: connectors.Contact}
	if d.c.Problem == vcard.NoEnd {
		d.told(d.c.Start.Line, "", "the line END:VCARD is missing")
	}
	for i, line := range d.c.Broken {
		if i == 5 {
			d.told(line.Line, "", fmt.Sprintf("%d more lines of this card are no properties", len(d.c.Broken)-i))
			break
		}
		d.told(line.Line, "", fmt.Sprintf("%q is no property", Short(line.Text)))
	}
	for i := range d.c.Props {
		p := &d.c.Props[i]
		if unread[p.Name] || p.Binary() {
			continue
		}
		text, damaged := p.Decode()
		if damaged {
			d.told(p.Line, p.Name, "some bytes are text in no charset; they show as \uFFFD")
		}
		if len(text) > longest {
			d.told(p.Line, p.Name, "is longer than 1 MB and was left out")
			continue
		}
		if strings.TrimSpace(text) == "" {
			continue
		}
		switch p.Name {
		case "REV":
			rec.Modified, _ = vcard.Time(text)
		case "CREATED":
			rec.Created, _ = vcard.Time(text)
		default:
			d.read(p)
		}
	}
	rec.Modified, rec.Created = sane(rec.Modified), sane(rec.Created)
	d.addresses()
	d.names()
	d.tags()
	for name := range d.fields {
		rec.Fields = append(rec.Fields, connectors.Field{Name: name, Values: d.values(name)})
	}
	slices.SortFunc(rec.Fields, func(a, b connectors.Field) int { return strings.Compare(a.Name, b.Name) })
	return rec
}

// sane drops moments that are placeholders.
func sane(t time.Time) time.Time {
	if y := t.Year(); y < 1980 || y > 2200 {
		return time.Time{}
	}
	return t
}

// values gives a field's values, the preferred ones first, else in the card's order.
func (d *draft) values(name string) []connectors.Value {
	list := d.fields[name]
	slices.SortStableFunc(list, func(a, b ranked) int { return a.rank - b.rank })
	out := make([]connectors.Value, len(list))
	for i, v := range list {
		out[i] = v.Value
	}
	return out
}

func (d *draft) first(name string) string {
	if v := d.fields[name]; len(v) > 0 {
		return v[0].Text
	}
	return ""
}

// says reports whether there is anything by which the contact could be known.
func (d *draft) says() bool {
	for _, f := range []string{connectors.FieldName, connectors.FieldGiven, connectors.FieldFamily, connectors.FieldNickname, connectors.FieldCompany,
		connectors.FieldEmail, connectors.FieldPhone, connectors.FieldHandle} {
		if len(d.fields[f]) > 0 {
			return true
		}
	}
	return false
}

// add adds a value that is not there yet.
func (d *draft) add(field string, v connectors.Value, rank int) {
	v.Text = strings.TrimSpace(v.Text)
	if v.Text == "" {
		return
	}
	for _, old := range d.fields[field] {
		if old.Text == v.Text && (old.Label == v.Label || unlabelled(field)) {
			return
		}
	}
	d.fields[field] = append(d.fields[field], ranked{v, rank})
}

// unlabelled are fields of which one value under two labels is one value.
func unlabelled(field string) bool {
	return field == connectors.FieldEmail || field == connectors.FieldPhone || field == connectors.FieldCompany
}

// read takes in one property.
func (d *draft) read(p *vcard.Property) {
	field := Field(p.Name)
	rank := p.Preference()
	switch field {
	case "", "id":
	case "n":
		for i, part := range p.Parts() {
			if i < len(nameParts) {
				d.add(nameParts[i], connectors.Value{Text: OneLine(part)}, rank)
			}
		}
	case connectors.FieldEmail:
		d.email(p, rank)
	case connectors.FieldPhone:
		text := OneLine(p.Text())
		if len(text) > 4 && strings.EqualFold(text[:4], "tel:") {
			text = unpercent(text[4:])
		}
		if !strings.ContainsFunc(text, unicode.IsDigit) {
			d.told(p.Line, p.Name, fmt.Sprintf("phone number %q has no digits", Short(text)))
			return
		}
		d.add(field, connectors.Value{Text: text, Label: d.label(p)}, rank)
	case connectors.FieldCompany:
		parts := p.Parts()
		d.add(field, connectors.Value{Text: OneLine(parts[0])}, rank)
		var units []string
		for _, u := range parts[1:] {
			if u = OneLine(u); u != "" {
				units = append(units, u)
			}
		}
		d.add(connectors.FieldDepartment, connectors.Value{Text: strings.Join(units, ", ")}, rank)
	case connectors.FieldAddress: // gathered in addresses
	case connectors.FieldBirthday:
		d.birthday(p)
	case connectors.FieldHandle:
		d.handle(p, rank)
	case connectors.FieldNickname, connectors.FieldTag:
		for _, s := range p.List() {
			d.add(field, connectors.Value{Text: OneLine(s)}, rank)
		}
	case connectors.FieldPhonetic:
		d.phonetic(p)
	case connectors.FieldGender:
		d.gender(p)
	case connectors.FieldNote:
		d.add(field, connectors.Value{Text: p.Text()}, rank)
	case connectors.FieldURL:
		d.add(field, connectors.Value{Text: OneLine(p.Text()), Label: d.label(p)}, rank)
	case connectors.FieldName:
		d.add(field, connectors.Value{Text: OneLine(p.Text())}, rank)
	case connectors.CustomPrefix + "android":
		d.android(p)
	case connectors.CustomPrefix + "related", connectors.CustomPrefix + "date", connectors.CustomPrefix + "anniversary":
		label := d.label(p)
		if l := relations[p.Name]; l != "" {
			label = l
		}
		text := OneLine(p.Text())
		if date, ok := vcard.Date(text); ok && field != connectors.CustomPrefix+"related" {
			text = date
		}
		d.add(field, connectors.Value{Text: text, Label: label}, rank)
	default:
		d.add(field, connectors.Value{Text: OneLine(p.Text())}, rank)
	}
}

// nameParts are the components of N in their order.
var nameParts = []string{connectors.FieldFamily, connectors.FieldGiven, connectors.FieldMiddle, connectors.FieldPrefix, connectors.FieldSuffix}

func (d *draft) email(p *vcard.Property, rank int) {
	text := OneLine(p.Text())
	if e, ok := Email(text); ok {
		d.add(connectors.FieldEmail, connectors.Value{Text: e, Label: d.label(p)}, rank)
		return
	}
	// Several addresses in one property.
	parts := strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c == ';' || c == ' ' })
	var good []string
	for _, part := range parts {
		if e, ok := Email(part); ok {
			good = append(good, e)
		}
	}
	if len(good) < 2 || len(good) < len(parts) {
		d.told(p.Line, p.Name, fmt.Sprintf("e-mail %q is no address", Short(text)))
		return
	}
	for _, e := range good {
		d.add(connectors.FieldEmail, connectors.Value{Text: e, Label: d.label(p)}, rank)
	}
}

func (d *draft) birthday(p *vcard.Property) {
	text := OneLine(p.Text())
	date, ok := vcard.Date(text)
	if !ok {
		d.told(p.Line, p.Name, fmt.Sprintf("%q is no day", Short(text)))
		return
	}
	for _, omitted := range p.Get("X-APPLE-OMIT-YEAR") {
		if rest, found := strings.CutPrefix(date, omitted+"-"); found && omitted != "" && len(rest) == 5 {
			date = "--" + rest
		}
	}
	d.add(connectors.FieldBirthday, connectors.Value{Text: date}, 1)
}

var genders = map[string]string{"m": "male", "f": "female", "o": "other", "n": "none", "male": "male", "female": "female"}

func (d *draft) gender(p *vcard.Property) {
	parts := p.Parts()
	text := OneLine(parts[0])
	if g, ok := genders[strings.ToLower(text)]; ok {
		text = g
	}
	if strings.EqualFold(text, "u") {
		text = ""
	}
	if len(parts) > 1 && OneLine(parts[1]) != "" {
		text = OneLine(parts[1]) // in the person's own words
	}
	d.add(connectors.FieldGender, connectors.Value{Text: text}, 1)
}

func (d *draft) phonetic(p *vcard.Property) {
	if p.Name == "SOUND" { // SOUND;X-IRMC-N:family;given of Japanese phones
		if !slices.Contains(p.Types(), "x-irmc-n") {
			return
		}
		for i, part := range p.Parts() {
			if i < 2 {
				d.add(connectors.FieldPhonetic, connectors.Value{Text: OneLine(part), Label: nameParts[i]}, 1)
			}
		}
		return
	}
	label := map[string]string{"X-PHONETIC-FIRST-NAME": "given", "X-PHONETIC-MIDDLE-NAME": "middle", "X-PHONETIC-LAST-NAME": "family"}[p.Name]
	d.add(connectors.FieldPhonetic, connectors.Value{Text: OneLine(p.Text()), Label: label}, 1)
}

// android reads what Android keeps under its own property: "vnd.android.cursor.item/nickname;Jo;1;;".
func (d *draft) android(p *vcard.Property) {
	parts := p.Parts()
	if len(parts) < 2 {
		return
	}
	kind := parts[0][strings.LastIndexByte(parts[0], '/')+1:]
	switch kind {
	case "nickname":
		d.add(connectors.FieldNickname, connectors.Value{Text: OneLine(parts[1])}, 101)
	case "relation":
		label := ""
		if len(parts) > 3 {
			label = strings.ToLower(OneLine(parts[3]))
		}
		d.add(connectors.CustomPrefix+"related", connectors.Value{Text: OneLine(parts[1]), Label: label}, 101)
	case "contact_event":
		date, ok := vcard.Date(parts[1])
		if ok && len(parts) > 2 && parts[2] == "3" {
			d.add(connectors.FieldBirthday, connectors.Value{Text: date}, 1)
		} else if ok {
			d.add(connectors.CustomPrefix+"date", connectors.Value{Text: date}, 101)
		}
	}
}

// handle reads accounts at messengers and networks.
func (d *draft) handle(p *vcard.Property, rank int) {
	text := OneLine(p.Text())
	network := networks[p.Name]
	for _, name := range []string{"X-SERVICE-TYPE", "SERVICE-TYPE"} {
		if v := p.Get(name); network == "" && len(v) > 0 {
			network = strings.ToLower(v[0])
		}
	}
	if network == "" && strings.Contains(p.Name, "SOCIALPROFILE") {
		for _, t := range p.Types() {
			if t != "pref" && t != "home" && t != "work" && network == "" {
				network = t
			}
		}
		if v := p.Get("X-USER"); len(v) > 0 && v[0] != "" && (text == "" || strings.HasPrefix(text, "x-apple:")) {
			text = v[0]
		}
	}
	scheme, rest, found := strings.Cut(text, ":")
	if found && schemes[strings.ToLower(scheme)] != "" {
		if s := schemes[strings.ToLower(scheme)]; network == "" && s != "-" {
			network = s
		}
		rest = strings.TrimPrefix(rest, "//")
		if _, q, asks := strings.Cut(rest, "?"); asks { // aim:goim?screenname=x, ymsgr:sendim?x
			if _, v, named := strings.Cut(q, "="); named && strings.Contains(rest[:strings.IndexByte(rest, '?')], "go") {
				q = v
			}
			if strings.EqualFold(q, "chat") || strings.EqualFold(q, "call") || strings.EqualFold(q, "add") {
				q, _, _ = strings.Cut(rest, "?")
			}
			rest = q
		}
		text = unpercent(rest)
	}
	if label := d.groupLabel(p); network == "" && label != "" {
		network = label
	}
	d.add(connectors.FieldHandle, connectors.Value{Text: text, Label: network}, rank)
}

func unpercent(s string) string {
	if t, err := url.PathUnescape(s); err == nil {
		return t
	}
	return s
}

// names tidies the name: an address in its place is none, an organisation has none, and one that
// stands whole in one component of N is better taken apart by whoever knows names.
func (d *draft) names() {
	name := d.first(connectors.FieldName)
	if _, isEmail := Email(name); isEmail {
		delete(d.fields, connectors.FieldName)
		name = ""
	}
	given, family := d.first(connectors.FieldGiven), d.first(connectors.FieldFamily)
	if name != "" && strings.Contains(name, " ") && (given == name && family == "" || family == name && given == "") {
		delete(d.fields, connectors.FieldGiven)
		delete(d.fields, connectors.FieldFamily)
		given, family = "", ""
	}
	organisation := strings.EqualFold(strings.TrimSpace(d.c.Text("X-ABSHOWAS")), "company")
	if kind := strings.ToLower(strings.TrimSpace(d.c.Text("KIND"))); kind == "org" || kind == "organization" {
		organisation = true
	}
	if !organisation {
		return
	}
	company := d.first(connectors.FieldCompany)
	if company == "" && name != "" {
		company = name
		d.add(connectors.FieldCompany, connectors.Value{Text: name}, 1)
	}
	if name == company {
		delete(d.fields, connectors.FieldName)
		for _, f := range []string{connectors.FieldGiven, connectors.FieldFamily} {
			if d.first(f) == company {
				delete(d.fields, f)
			}
		}
	}
}

// everybody are names of the group that every contact is in.
var everybody = map[string]bool{"mycontacts": true, "my contacts": true}

func isEverybody(tag string) bool {
	return everybody[strings.ToLower(strings.TrimPrefix(OneLine(tag), "* "))]
}

// tags joins the categories with the names of the groups that the card is in.
func (d *draft) tags() {
	d.fields[connectors.FieldTag] = slices.DeleteFunc(d.fields[connectors.FieldTag], func(v ranked) bool {
		return isEverybody(v.Text)
	})
	keys := []string{MemberKey(d.c.Text("UID"))}
	for _, e := range d.fields[connectors.FieldEmail] {
		keys = append(keys, MemberKey("mailto:"+e.Text))
	}
	if d.ctx.Groups != nil {
		for _, k := range keys {
			for _, group := range d.ctx.Groups(k) {
				d.add(connectors.FieldTag, connectors.Value{Text: group}, 101)
			}
		}
	}
	if len(d.fields[connectors.FieldTag]) == 0 {
		delete(d.fields, connectors.FieldTag)
	}
}
