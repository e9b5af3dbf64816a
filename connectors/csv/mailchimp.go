package csv

import (
	"strings"

	"github.com/keptcrm/kept/connectors"
)

// Audience > Export. Subscribed, unsubscribed and cleaned people come in three files; which one it
// is stands in the columns, in a Status column, or in the file's name alone.
var mailchimpAudience = &layout{
	name: "mailchimp_audience", kind: connectors.Contact, utc: true, tags: ',',
	needs: []string{"email address"},
	oneOf: []string{"member_rating", "optin_time", "confirm_time", "unsub_time", "clean_time", "leid", "euid"},
	columns: map[string]string{
		"email address": "email", "first name": "given", "last name": "family", "address": "address.formatted", "phone number": "phone", "phone": "phone",
		"birthday": "custom.birthday", "company": "company", "company name": "company", "status": "status.email",
		"member_rating": "custom.member_rating", "optin_time": "consent_at.email", "confirm_time": "consent_at.email", "optin_ip": "-", "confirm_ip": "-",
		"unsub_time": "optout_at.email", "clean_time": "optout_at.email", "unsub_reason": "custom.unsub_reason",
		"unsub_reason_other": "custom.unsub_reason_other", "unsub_campaign_title": "custom.unsub_campaign_title", "unsub_campaign_id": "-",
		"clean_campaign_title": "custom.clean_campaign_title", "clean_campaign_id": "-", "latitude": "-", "longitude": "-", "gmtoff": "-", "dstoff": "-",
		"timezone": "custom.timezone", "cc": "address.country", "region": "address.region", "last_changed": "modified", "leid": "id", "euid": "-",
		"notes": "note", "tags": "tag", "source": "custom.source", "language": "language",
	},
	contact: mailchimpConsent,
}

// mailchimpChosen says whether a table with none of Mailchimp's own columns is an audience whose
// columns a person chose: people under Mailchimp's names for them, and who of them subscribed in a
// Status column or in the name of the file.
func mailchimpChosen(file string, header []string, sample [][]string) bool {
	status, named, address := -1, false, false
	for i, h := range header {
		switch fold(h) {
		case "email address":
			address = true
		case "first name", "last name":
			named = true
		case "status":
			status = i
		}
	}
	if !address {
		return false
	}
	if status >= 0 {
		return named && subscriptions(column1(sample, status))
	}
	which, rest, _ := strings.Cut(strings.ToLower(file), "_")
	return strings.Contains(rest, "export") && (which == "subscribed" || which == "unsubscribed" || which == "nonsubscribed" || which == "cleaned")
}

// mailchimpConsent says what the file says about everybody in it, where no Status column did.
func mailchimpConsent(p *plan, d *contactDraft) {
	if len(d.rec.Consents) > 0 {
		return
	}
	unsub, clean := p.has("unsub_time") || p.has("unsub_reason"), p.has("clean_time")
	file := strings.ToLower(p.File)
	unsubAt, cleanAt := d.at["unsub_time"], d.at["clean_time"]
	switch {
	case !cleanAt.IsZero():
		d.consent("email", "all", connectors.Undeliverable, cleanAt, "CLEAN_TIME", "cleaned")
	case !unsubAt.IsZero():
		d.consent("email", "marketing", connectors.OptedOut, unsubAt, "UNSUB_TIME", "unsubscribed")
	case clean && !unsub, strings.Contains(file, "cleaned"):
		d.consent("email", "all", connectors.Undeliverable, cleanAt, "CLEAN_TIME", "cleaned")
	case strings.Contains(file, "nonsubscribed"), strings.Contains(file, "non_subscribed"), strings.Contains(file, "transactional"):
		d.consent("email", "marketing", connectors.Withheld, unsubAt, "", "non-subscribed")
	case unsub && !clean, strings.Contains(file, "unsubscribed"):
		d.consent("email", "marketing", connectors.OptedOut, unsubAt, "UNSUB_TIME", "unsubscribed")
	case len(p.byName["status.email"]) > 0: // whoever is not said to have subscribed has not
	default:
		at := d.at["confirm_time"]
		if at.IsZero() {
			at = d.at["optin_time"]
		}
		d.consent("email", "marketing", connectors.Granted, at, "CONFIRM_TIME", "subscribed")
	}
}
