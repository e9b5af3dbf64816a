package csv

import (
	"net/url"
	"strings"

	"github.com/keptcrm/kept/connectors"
)

// Settings > Data privacy > Get a copy of your data > Connections. Notes stand before the header.
var linkedinConnections = &layout{
	name: "linkedin_connections", kind: connectors.Contact, utc: true,
	needs: []string{"first name", "last name", "company", "position", "connected on"},
	columns: map[string]string{
		"first name": "given", "last name": "family", "url": "url:linkedin", "email address": "email", "company": "company",
		"position": "title", "connected on": "created",
	},
	// The profile's address is the only id that the export has.
	idFrom: "url", idOf: func(cell string) string { return strings.ToLower(profileName(cell)) },
	adds: []string{connectors.FieldHandle},
	contact: func(_ *plan, d *contactDraft) {
		for _, v := range d.values(connectors.FieldURL) {
			if name := profileName(v.Text); name != "" {
				d.add(connectors.FieldHandle, connectors.Value{Text: name, Label: "linkedin"})
			}
		}
	},
}

// profileName takes the name out of https://www.linkedin.com/in/jana-koehler/.
func profileName(profile string) string {
	u, err := url.Parse(strings.TrimSpace(profile))
	if err != nil {
		return ""
	}
	_, rest, ok := strings.Cut(u.Path, "/in/")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, "/")
	return name
}
