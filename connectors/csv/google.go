package csv

import (
	"regexp"

	"github.com/keptcrm/kept/connectors"
)

// Google Contacts > Export > Google CSV, as it was until about 2024.
var googleContactsOld = &layout{
	name: "google_contacts", kind: connectors.Contact, multi: " ::: ", utc: true,
	needs: []string{"given name", "family name", "yomi name", "group membership"},
	columns: map[string]string{
		"name": "name", "given name": "given", "additional name": "middle", "family name": "family", "yomi name": "phonetic",
		"given name yomi": "-", "additional name yomi": "-", "family name yomi": "-", "name prefix": "prefix", "name suffix": "suffix",
		"nickname": "nickname", "birthday": "birthday", "gender": "gender", "notes": "note", "language": "language",
		"group membership": "tag", "occupation": "title", "photo": "-", "initials": "-", "priority": "-", "sensitivity": "-",
	},
	column: googleColumn, contact: googleGroups,
}

// The same as it is now.
var googleContacts = &layout{
	name: "google_contacts", kind: connectors.Contact, multi: " ::: ", utc: true,
	needs: []string{"first name", "last name", "file as", "labels"},
	columns: map[string]string{
		"first name": "given", "middle name": "middle", "last name": "family", "phonetic first name": "phonetic:given",
		"phonetic middle name": "phonetic:middle", "phonetic last name": "phonetic:family", "name prefix": "prefix", "name suffix": "suffix",
		"nickname": "nickname", "file as": "custom.file_as", "organization name": "company", "organization title": "title",
		"organization department": "department", "birthday": "birthday", "notes": "note", "photo": "-", "labels": "tag",
	},
	column: googleColumn, contact: googleGroups,
}

var numbered = regexp.MustCompile(`^(e-mail|phone|address|website|organization|im|custom field|relation|event|external id) (\d+) - (.+)$`)

// googleColumn knows the columns that repeat: "E-mail 2 - Value" with "E-mail 2 - Type" (now
// "Label") beside it.
func googleColumn(name string) string {
	m := numbered.FindStringSubmatch(name)
	if m == nil {
		return ""
	}
	label := ":@" + m[1] + " " + m[2] + " - type|" + m[1] + " " + m[2] + " - label"
	parts := map[string]string{
		"street": "street", "city": "city", "po box": "po_box", "region": "region", "postal code": "postcode",
		"country": "country", "extended address": "street2", "formatted": "formatted",
	}
	switch kind, what := m[1], m[3]; {
	case what == "type" || what == "label":
		return "-"
	case kind == "e-mail" && what == "value":
		return "email" + label
	case kind == "phone" && what == "value":
		return "phone" + label
	case kind == "website" && what == "value":
		return "url" + label
	case kind == "address" && parts[what] != "":
		return "address." + parts[what] + label
	case kind == "organization" && what == "name":
		return "company"
	case kind == "organization" && what == "title":
		return "title"
	case kind == "organization" && what == "department":
		return "department"
	case kind == "im" && what == "value":
		return "handle:@im " + m[2] + " - service"
	case kind == "im" && what == "service":
		return "-"
	}
	return "custom." + slug(name)
}

// googleGroups drops the group that every contact is in and the star before Google's own groups.
func googleGroups(_ *plan, d *contactDraft) {
	var kept []connectors.Value
	for _, v := range d.values(connectors.FieldTag) {
		if len(v.Text) > 2 && v.Text[:2] == "* " {
			v.Text = v.Text[2:]
		}
		if v.Text != "myContacts" {
			kept = append(kept, v)
		}
	}
	d.set(connectors.FieldTag, kept)
}
