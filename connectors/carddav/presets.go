package carddav

import (
	"fmt"
	"strings"

	"github.com/keptcrm/kept/connectors"
)

// presets are providers of address books: where they are, and what they call the password that a
// program gets.
var presets = []connectors.Preset{
	{Name: "nextcloud", Title: "Nextcloud", Where: map[string]string{
		"url":      "the address at which you log in to Nextcloud, or Contacts > Contacts settings > the address book's menu > Copy link",
		"user":     "Personal settings > Security > Devices & sessions shows it beside the new app password",
		"password": "an app password: Personal settings > Security > Devices & sessions > name it \"kept\" > Create new app password"}},
	{Name: "icloud", Title: "iCloud", Options: map[string]string{"url": "https://contacts.icloud.com"}, Where: map[string]string{
		"user":     "the e-mail address of the Apple Account",
		"password": "an app-specific password: account.apple.com > Sign-In and Security > App-Specific Passwords"}},
	{Name: "fastmail", Title: "Fastmail", Options: map[string]string{"url": "https://carddav.fastmail.com"}, Where: map[string]string{
		"user":     "the whole e-mail address with which you log in",
		"password": "an app password with access to contacts (CardDAV): Settings > Privacy & Security > Connected apps & API tokens > App passwords"}},
	{Name: "mailbox.org", Title: "mailbox.org", Options: map[string]string{"url": "https://dav.mailbox.org"}, Where: map[string]string{
		"user":     "the e-mail address",
		"password": "the password, or an application password where two factors are on: Settings > Security > Application passwords"}},
	{Name: "posteo", Title: "Posteo", Options: map[string]string{"url": "https://posteo.de:8443"}, Where: map[string]string{
		"user":     "the e-mail address",
		"password": "the password of the account"}},
	{Name: "gmx", Title: "GMX", Options: map[string]string{"url": "https://carddav.gmx.net"}, Where: map[string]string{
		"user":     "the e-mail address",
		"password": "the password, or an application-specific one where two factors are on: My Account > Security options"}},
	{Name: "webde", Title: "WEB.DE", Options: map[string]string{"url": "https://carddav.web.de"}, Where: map[string]string{
		"user":     "the e-mail address",
		"password": "the password, or an application-specific one where two factors are on: My Account > Security options"}},
	{Name: "radicale", Title: "Radicale", Where: map[string]string{
		"url":      "the address at which Radicale's own page opens",
		"user":     "the user as in Radicale's htpasswd file",
		"password": "the password as it was given to htpasswd; who runs the server makes new ones"}},
	{Name: "xandikos", Title: "Xandikos", Where: map[string]string{
		"url":      "the address of the web server that stands before Xandikos",
		"user":     "the user as that web server knows it: Xandikos itself asks for none",
		"password": "the password that that web server asks for"}},
	{Name: "baikal", Title: "Baïkal", Where: map[string]string{
		"url":      "the address of Baïkal with /dav.php behind it",
		"user":     "the user as in Baïkal's page Users and resources",
		"password": "the password of that user; Users and resources > Edit sets a new one"}},
	{Name: "sogo", Title: "SOGo", Where: map[string]string{
		"url":      "Address Books > the book's menu > Links to this Address Book > CardDAV URL",
		"password": "the password of the account"}},
}

// wants says what a provider wants as the password, by its host; empty for unknown ones.
func wants(host string) string {
	for _, p := range presets {
		at := strings.TrimPrefix(p.Options["url"], "https://")
		at, _, _ = strings.Cut(at, ":")
		if at == "" {
			continue
		}
		domain := strings.Join(strings.Split(at, ".")[max(0, strings.Count(at, ".")-1):], ".")
		if host == at || host == domain || strings.HasSuffix(host, "."+domain) {
			return fmt.Sprintf("%s wants %s", p.Title, p.Where["password"])
		}
	}
	return ""
}
