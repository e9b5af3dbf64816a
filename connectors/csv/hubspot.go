package csv

import (
	"strings"

	"github.com/keptcrm/kept/connectors"
)

// Its columns are those that the user chose; the ones here are the usual.
var hubspotContacts = &layout{
	name: "hubspot_contacts", kind: connectors.Contact,
	needs:   []string{"record id"},
	oneOf:   []string{"lead status", "create date", "contact owner", "lifecycle stage", "associated company", "marketing contact status"},
	without: []string{"deal name", "ticket name", "company domain name"},
	tags:    ';',
	columns: map[string]string{
		"record id": "id", "first name": "given", "last name": "family", "email": "email", "phone number": "phone", "mobile phone number": "phone:mobile",
		"work email": "email:work", "fax number": "phone:fax", "lead status": "custom.lead_status", "lifecycle stage": "stage", "create date": "created",
		"last modified date": "modified", "associated company": "company", "company name": "company", "country/region": "address.country",
		"city": "address.city", "street address": "address.street", "state/region": "address.region", "postal code": "address.postcode",
		"contact owner": "owner", "job title": "title", "salutation": "prefix", "website url": "url", "date of birth": "birthday",
		"preferred language": "language", "gender": "gender", "linkedin url": "url:linkedin", "twitter username": "handle:twitter",
		"unsubscribed from all email": "optout.email", "email hard bounce reason": "custom.email_hard_bounce_reason",
	},
	column: func(name string) string {
		// "Opted out of email: Marketing Information", one column per kind of mail
		if strings.HasPrefix(name, "opted out of email") {
			return "optout.email"
		}
		return ""
	},
}
