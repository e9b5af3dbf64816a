package csv

import (
	"strings"

	"github.com/keptcrm/kept/connectors"
)

var stripeCustomers = &layout{
	name: "stripe_customers", kind: connectors.Contact, decimal: '.', utc: true,
	needs: []string{"id", "email", "created (utc)"},
	oneOf: []string{"delinquent", "default card", "card last4", "card last 4", "total spend"},
	columns: map[string]string{
		"id": "id", "email": "email", "name": "name", "phone": "phone", "description": "note", "created (utc)": "created",
		"default card": "-", "card id": "-", "card number": "-", "card last 4": "-", "card last4": "-", "card type": "-", "card brand": "-",
		"card funding": "-", "card fingerprint": "-", "card cvc status": "-", "card avs zip status": "-", "card avs line1 status": "-",
		"card exp month": "-", "card exp year": "-", "card issue country": "-", "card country": "-", "card name": "-",
		"card address line1": "address.street:billing", "card address line2": "address.street2:billing", "card address city": "address.city:billing",
		"card address state": "address.region:billing", "card address zip": "address.postcode:billing", "card address country": "address.country:billing",
		"business vat id": "custom.vat_id", "currency": "custom.currency", "delinquent": "custom.delinquent", "total spend": "custom.total_spend",
	},
	column: func(name string) string {
		if rest, ok := strings.CutSuffix(name, "(metadata)"); ok {
			return "custom." + slug(rest)
		}
		return ""
	},
}
