package woocommerce

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keptcrm/kept/connectors"
)

// Fields of ours, beside those that every system has.
const (
	fieldRole = connectors.CustomPrefix + "role" // only told where it is not "customer"
)

// Labels of what stands twice at a customer.
const (
	labelBilling  = "billing"
	labelShipping = "shipping"
)

// keyMeta is the meta field in which a customer that Kept made carries the key of its intent.
const keyMeta = "kept_key"

// fields gathers values by field.
type fields map[string][]connectors.Value

func (f fields) add(name, label string, t text) {
	if v := string(t); strings.TrimSpace(v) != "" {
		f[name] = append(f[name], connectors.Value{Text: v, Label: label})
	}
}

// pair adds two values of which the second is only told where it is another.
func (f fields) pair(name, label string, first, second text, same func(a, b string) bool) {
	f.add(name, "", first)
	if !same(string(first), string(second)) {
		f.add(name, label, second)
	}
}

func (f fields) sorted() []connectors.Field {
	var out []connectors.Field
	for name, values := range f {
		out = append(out, connectors.Field{Name: name, Values: values})
	}
	slices.SortFunc(out, func(a, b connectors.Field) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func equal(a, b string) bool { return strings.TrimSpace(a) == strings.TrimSpace(b) }

// parts gives an address; nil where there is none.
func (p *person) parts() map[string]string {
	parts := map[string]string{}
	for name, t := range map[string]text{connectors.PartStreet: p.Address1, connectors.PartStreet2: p.Address2, connectors.PartCity: p.City,
		connectors.PartRegion: p.State, connectors.PartPostcode: p.Postcode, connectors.PartCountry: p.Country} {
		if v := string(t); strings.TrimSpace(v) != "" {
			parts[name] = v
		}
	}
	if len(parts) == 0 {
		return nil
	}
	return parts
}

// addressText writes an address on one line.
func addressText(parts map[string]string) string {
	town := strings.TrimSpace(parts[connectors.PartPostcode] + " " + parts[connectors.PartCity])
	var out []string
	for _, s := range []string{parts[connectors.PartStreet], parts[connectors.PartStreet2], town, parts[connectors.PartRegion], parts[connectors.PartCountry]} {
		if s != "" {
			out = append(out, s)
		}
	}
	return strings.Join(out, ", ")
}

func sameParts(a, b map[string]string) bool {
	for _, p := range []string{connectors.PartStreet, connectors.PartStreet2, connectors.PartCity, connectors.PartRegion, connectors.PartPostcode, connectors.PartCountry} {
		if !equal(a[p], b[p]) {
			return false
		}
	}
	return true
}

// companyOf gives the company of the bills, or else that of the parcels.
func companyOf(billing, shipping *person) text {
	if strings.TrimSpace(string(billing.Company)) == "" {
		return shipping.Company
	}
	return billing.Company
}

// people adds what the billing and shipping blocks say beside names and e-mail.
func (f fields) people(billing, shipping *person) {
	f.add(connectors.FieldCompany, "", companyOf(billing, shipping))
	f.pair(connectors.FieldPhone, labelShipping, billing.Phone, shipping.Phone, equal)
	here, there := billing.parts(), shipping.parts()
	if here != nil {
		f[connectors.FieldAddress] = append(f[connectors.FieldAddress], connectors.Value{Text: addressText(here), Label: labelBilling, Parts: here})
	}
	if there != nil && !sameParts(here, there) {
		f[connectors.FieldAddress] = append(f[connectors.FieldAddress], connectors.Value{Text: addressText(there), Label: labelShipping, Parts: there})
	}
}

// unnamed says whether the account itself has no name, so that the one of its bills is told.
func (c *customer) unnamed() bool {
	return strings.TrimSpace(string(c.First)) == "" && strings.TrimSpace(string(c.Last)) == ""
}

// record gives a customer as Kept knows contacts.
func (c *customer) record() connectors.Record {
	f := fields{}
	first, last := c.First, c.Last
	if c.unnamed() {
		first, last = c.Billing.First, c.Billing.Last
	}
	f.add(connectors.FieldGiven, "", first)
	f.add(connectors.FieldFamily, "", last)
	f.pair(connectors.FieldEmail, labelBilling, c.Email, c.Billing.Email, func(a, b string) bool { return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b)) })
	f.people(&c.Billing, &c.Shipping)
	if c.Role != "customer" {
		f.add(fieldRole, "", c.Role)
	}
	for _, m := range c.Meta {
		if value, ok := c.meta(string(m.Key)); ok {
			f[connectors.CustomPrefix+string(m.Key)] = []connectors.Value{{Text: value}}
		}
	}
	r := connectors.Record{Kind: connectors.Contact, ID: strconv.FormatInt(int64(c.ID), 10), Keyed: connectors.KeyedID,
		Created: instant(c.Created), Modified: instant(c.Modified), Fields: f.sorted()}
	r.Version = version(r.Fields)
	return r
}

// version is that of content: the shop's own time of change moves with paid orders and with writes
// of nothing, and stays with edits of a plug-in.
func version(f []connectors.Field) connectors.Version {
	b, err := json.Marshal(f)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(b)
	return connectors.Version(hex.EncodeToString(sum[:12]))
}

// meta gives the value of a meta field that people may read and write: one row, a plain value.
func (c *customer) meta(key string) (value string, ok bool) {
	if theirs(key) {
		return "", false
	}
	rows := 0
	for _, m := range c.Meta {
		if string(m.Key) != key {
			continue
		}
		rows++
		var t text
		if len(m.Value) == 0 || m.Value[0] == '{' || m.Value[0] == '[' || json.Unmarshal(m.Value, &t) != nil {
			return "", false
		}
		value = string(t)
	}
	return value, rows == 1 && strings.TrimSpace(value) != ""
}

// key gives the key of the intent that made a customer; empty where it was not Kept.
func (c *customer) key() string {
	for _, m := range c.Meta {
		var t text
		if m.Key == keyMeta && json.Unmarshal(m.Value, &t) == nil {
			return string(t)
		}
	}
	return ""
}

// theirs says whether a meta field is one that WordPress, WooCommerce or a plug-in keeps for itself:
// neither told nor written. Some of them give rights.
func theirs(key string) bool {
	k := strings.ToLower(strings.TrimSpace(key))
	for _, prefix := range []string{"_", "wp_", "wc_", "woocommerce_", "billing_", "shipping_", "dismissed_", "closedpostboxes_", "metaboxhidden_", "manageedit-"} {
		if strings.HasPrefix(k, prefix) {
			return true
		}
	}
	return k == "" || strings.HasSuffix(k, "capabilities") || strings.HasSuffix(k, "user_level") || slices.Contains(internal, k)
}

// internal are meta fields of users that are properties of their own, and those of ours.
var internal = []string{keyMeta, "role", "locale", "paying_customer", "last_update", "first_name", "last_name", "display_name", "nickname", "description", "rich_editing",
	"comment_shortcuts", "admin_color", "use_ssl", "show_admin_bar_front", "show_welcome_panel", "session_tokens", "syntax_highlighting", "last_active",
	"country", "state", "postcode", "city", "address", "address_2", "default", "location", "shipping_method"}

// buyer gives the contact that an order implies whose buyer has no account: a guest, or a customer who
// was deleted. ok is false where the order names nobody.
func (o *order) buyer() (r connectors.Record, ok bool) {
	f := fields{}
	first, last := o.Billing.First, o.Billing.Last
	if strings.TrimSpace(string(first+last)) == "" {
		first, last = o.Shipping.First, o.Shipping.Last
	}
	f.add(connectors.FieldGiven, "", first)
	f.add(connectors.FieldFamily, "", last)
	f.add(connectors.FieldEmail, "", o.Billing.Email)
	f.people(&o.Billing, &o.Shipping)
	r = connectors.Record{Kind: connectors.Contact, Implied: true, Modified: instant(o.Created), Fields: f.sorted()}
	if r.Modified.IsZero() {
		r.Modified = instant(o.Modified)
	}
	if r.Modified.IsZero() {
		r.Modified = time.Unix(0, 0).UTC()
	}
	email := strings.ToLower(strings.TrimSpace(string(o.Billing.Email)))
	switch {
	case email != "":
		r.ID, r.Keyed = "email:"+email, connectors.KeyedEmail
	case len(r.Fields) > 0:
		sum := sha256.Sum256([]byte(strings.ToLower(strings.Join([]string{string(first), string(last), string(o.Billing.Phone), addressText(o.Billing.parts())}, "\x00"))))
		r.ID, r.Keyed = "guest:"+hex.EncodeToString(sum[:12]), connectors.KeyedContent
	default:
		return r, false
	}
	return r, true
}
