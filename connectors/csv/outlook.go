package csv

import "github.com/keptcrm/kept/connectors"

// File > Open & Export > Import/Export, and the export of Outlook on the web.
var outlookContacts = &layout{
	name: "outlook_contacts", kind: connectors.Contact, tags: ';',
	needs: []string{"first name", "last name", "e-mail address"},
	oneOf: []string{"business phone", "home phone", "mobile phone", "business street", "home street"},
	columns: func() map[string]string {
		m := map[string]string{
			"first name": "given", "middle name": "middle", "last name": "family", "title": "prefix", "suffix": "suffix", "nickname": "nickname",
			"given yomi": "phonetic:given", "surname yomi": "phonetic:family", "initials": "-", "web page": "url", "personal web page": "url:home",
			"gender": "gender", "birthday": "birthday", "anniversary": "custom.anniversary", "location": "custom.location", "language": "language",
			"internet free busy": "-", "notes": "note", "e-mail address": "email", "e-mail 2 address": "email", "e-mail 3 address": "email",
			"e-mail type": "-", "e-mail 2 type": "-", "e-mail 3 type": "-",
			"e-mail display name": "-", "e-mail 2 display name": "-", "e-mail 3 display name": "-",
			"primary phone": "phone", "home phone": "phone:home", "home phone 2": "phone:home", "mobile phone": "phone:mobile", "pager": "phone:pager",
			"home fax": "phone:fax", "business phone": "phone:work", "business phone 2": "phone:work", "business fax": "phone:fax",
			"company main phone": "phone:company", "assistant's phone": "phone:assistant", "other phone": "phone:other", "other fax": "phone:fax",
			"callback": "phone:other", "car phone": "phone:car", "radio phone": "phone:other", "isdn": "-", "telex": "-", "tty/tdd phone": "phone:other",
			"company": "company", "job title": "title", "department": "department", "categories": "tag", "keywords": "-",
			"sensitivity": "-", "priority": "-", "private": "-", "directory server": "-", "mileage": "-",
		}
		for side, label := range map[string]string{"home": "home", "business": "work", "other": "other"} {
			addressColumns(m, side+" ", "", label, map[string]string{
				"street": "street", "street 2": "street2", "city": "city", "state": "region", "postal code": "postcode",
				"country": "country", "country/region": "country", "address po box": "po_box",
			})
			m[side+" address"], m[side+" street 3"] = "-", "address.street2:"+label
		}
		return m
	}(),
	contact: func(_ *plan, d *contactDraft) {
		if g := d.values(connectors.FieldGender); len(g) == 1 && g[0].Text == "Unspecified" {
			d.set(connectors.FieldGender, nil)
		}
		if len(d.values("custom.anniversary")) == 1 && emptyDate(d.values("custom.anniversary")[0].Text) {
			d.set("custom.anniversary", nil)
		}
	},
}

// emptyDate says whether a cell is Outlook's way of writing no date.
func emptyDate(s string) bool {
	return s == "0/0/00" || s == "0.0.00" || s == "00.00.0000" || s == "0000-00-00"
}
