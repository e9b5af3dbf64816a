// Package all is the list of connectors that the binary has: one line for each.
package all

import (
	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/bluesky"
	"github.com/keptcrm/kept/connectors/carddav"
	"github.com/keptcrm/kept/connectors/csv"
	"github.com/keptcrm/kept/connectors/imap"
	"github.com/keptcrm/kept/connectors/mbox"
	"github.com/keptcrm/kept/connectors/smtp"
	"github.com/keptcrm/kept/connectors/vcard"
	"github.com/keptcrm/kept/connectors/vendure"
	"github.com/keptcrm/kept/connectors/woocommerce"
)

// Specs lists the connectors in the order in which people are shown them.
func Specs() []connectors.Spec {
	return []connectors.Spec{
		csv.Spec(),
		vcard.Spec(),
		mbox.Spec(),
		bluesky.Spec(),
		woocommerce.Spec(),
		carddav.Spec(),
		vendure.Spec(),
		imap.Spec(),
		smtp.Spec(),
	}
}
