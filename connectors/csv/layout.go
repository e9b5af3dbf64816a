package csv

import (
	"strings"

	"github.com/keptcrm/kept/connectors"
)

// layout is one vendor's export, known by its header line. Names of columns are folded (see fold).
//
// What a column becomes is written as a target:
//
//	email  phone:mobile  address.city:home  handle:etsy  custom.birth_date   a field of a contact,
//	        behind the colon its label; ":@e-mail 1 - type" takes the label from that column's cell
//	id  created  modified                          the record's own key and times
//	consent.email  consent.sms                     yes: granted; no: withheld
//	optout.email  optout.phone                     yes: opted out
//	consent_at.email  optout_at.email              when
//	status.email                                   subscribed, unsubscribed, cleaned
//	order.id  order.total  ...                     an order's property (see order.go)
//	line.sku  line.name  line.quantity  line.price one line of an order
//	buyer                                          the vendor's id of the buyer
//	-                                              not read
//
// A column that has no target becomes "custom." and the slug of its name.
type layout struct {
	name    string
	kind    connectors.Kind
	needs   []string            // columns that must all be there
	oneOf   []string            // columns of which one must be there
	without []string            // columns that must not be there
	columns map[string]string   // folded name -> target
	column  func(string) string // target of numbered columns and families of columns; "" where it knows none

	idFrom string              // the target whose cell makes the id, if not "id"
	idOf   func(string) string // makes the id of that cell

	dates   string // monthFirst or dayFirst where dates are ambiguous; "": by what the column shows
	decimal byte   // decimal separator of amounts; 0: by what the column shows
	utc     bool   // times without zone are UTC; else they are in the zone of the options
	tags    rune   // what separates tags; ',' if not set
	multi   string // what separates several values in one cell

	contact func(*plan, *contactDraft) // vendor's rules beyond columns; may be nil
	adds    []string                   // fields that contact makes beside those of the columns
	order   func(*orderDraft)          // sets State, Counts, Test and Refunded from what was told
}

// layouts is the explicit list; add a vendor's layout here.
var layouts = []*layout{
	shopifyCustomers,
	shopifyOrders,
	woocommerceCustomersAnalytics,
	woocommerceCustomersPlugin,
	woocommerceOrdersAnalytics,
	woocommerceOrdersColumns,
	woocommerceOrdersKeys,
	hubspotContacts,
	mailchimpAudience,
	googleContactsOld,
	googleContacts,
	outlookContacts,
	linkedinConnections,
	stripeCustomers,
	etsySoldOrders,
}

// tableLayout and tableOrders stand for tables that no vendor's layout fits.
var (
	tableContacts = &layout{name: "table", kind: connectors.Contact}
	tableOrders   = &layout{name: "table", kind: connectors.Order, order: judgeGeneric}
)

// Layouts gives the names of the layouts, each once.
func Layouts() []string {
	var names []string
	for _, l := range append(layouts[:len(layouts):len(layouts)], tableContacts) {
		if len(names) == 0 || names[len(names)-1] != l.name {
			names = append(names, l.name)
		}
	}
	return names
}

// target of one folded column name; ok is false where the layout does not know it.
func (l *layout) target(name string) (string, bool) {
	if t, ok := l.columns[name]; ok {
		return t, true
	}
	if l.column != nil {
		if t := l.column(name); t != "" {
			return t, true
		}
	}
	return "", false
}

// fits says how many of a header's columns the layout knows; 0 where it is not the layout.
func (l *layout) fits(header map[string]bool) int {
	for _, n := range l.needs {
		if !header[n] {
			return 0
		}
	}
	for _, n := range l.without {
		if header[n] {
			return 0
		}
	}
	one := len(l.oneOf) == 0
	for _, n := range l.oneOf {
		one = one || header[n]
	}
	if !one {
		return 0
	}
	known := 0
	for n := range header {
		if _, ok := l.target(n); ok {
			known++
		}
	}
	return known
}

// recognise finds the layout of a header line; nil where no vendor's fits.
func recognise(header []string) *layout {
	set := map[string]bool{}
	for _, h := range header {
		set[fold(h)] = true
	}
	var best *layout
	most := 0
	for _, l := range layouts {
		if n := l.fits(set); n > most {
			best, most = l, n
		}
	}
	return best
}

// byName finds the layout that a person named: of several with the name the one that fits the
// header best, else the first.
func byName(name string, header []string) *layout {
	set := map[string]bool{}
	for _, h := range header {
		set[fold(h)] = true
	}
	var best *layout
	most := -1
	for _, l := range layouts {
		if l.name != name {
			continue
		}
		n := l.fits(set)
		if n == 0 { // not all it needs: count anyway, so that the nearest is taken
			for h := range set {
				if _, ok := l.target(h); ok {
					n++
				}
			}
			n -= 1000
		}
		if best == nil || n > most {
			best, most = l, n
		}
	}
	return best
}

// addressColumns gives the targets of the parts of an address whose columns share a prefix and a
// suffix: addressColumns("billing ", "", "billing", ...).
func addressColumns(into map[string]string, prefix, suffix, label string, parts map[string]string) {
	for name, part := range parts {
		into[prefix+name+suffix] = "address." + part + ":" + label
	}
}

// merge joins column maps; later ones win.
func merge(maps ...map[string]string) map[string]string {
	all := map[string]string{}
	for _, m := range maps {
		for k, v := range m {
			all[k] = v
		}
	}
	return all
}

// target is one target taken apart.
type target struct {
	name  string // "email", "address", "order", "custom"
	part  string // "city", "total", the custom field's name
	label string // "mobile"; "@3" for the cell of column 3
}

func parseTarget(s string) target {
	var t target
	if s == "-" {
		s = ""
	}
	s, t.label, _ = strings.Cut(s, ":")
	t.name, t.part, _ = strings.Cut(s, ".")
	return t
}

// fieldsOfContacts are the field names that a target may have, beside custom ones.
var fieldsOfContacts = []string{
	connectors.FieldName, connectors.FieldPrefix, connectors.FieldGiven, connectors.FieldMiddle, connectors.FieldFamily,
	connectors.FieldSuffix, connectors.FieldNickname, connectors.FieldPhonetic, connectors.FieldEmail, connectors.FieldPhone,
	connectors.FieldHandle, connectors.FieldExternalID, connectors.FieldURL, connectors.FieldCompany, connectors.FieldTitle,
	connectors.FieldDepartment, connectors.FieldAddress, connectors.FieldBirthday, connectors.FieldGender,
	connectors.FieldLanguage, connectors.FieldNote, connectors.FieldTag, connectors.FieldOwner, connectors.FieldStage,
}

var addressParts = []string{
	connectors.PartStreet, connectors.PartStreet2, connectors.PartCity, connectors.PartRegion,
	connectors.PartPostcode, connectors.PartCountry, connectors.PartPOBox, "formatted",
}

var orderParts = []string{
	"id", "number", "at", "paid_at", "shipped_at", "cancelled_at", "status", "fulfilment", "method", "total",
	"refunded", "adjusted", "net", "value", "currency", "note", "lines", "skus", "items",
}

var lineParts = []string{"sku", "name", "quantity", "price", "total"}

// validTarget says whether a person may map a column to it.
func validTarget(s string) bool {
	t := parseTarget(s)
	in := func(list []string, x string) bool {
		for _, l := range list {
			if l == x {
				return true
			}
		}
		return false
	}
	switch t.name {
	case "", "id", "created", "modified", "buyer":
		return t.part == ""
	case "custom":
		return t.part != ""
	case "address":
		return in(addressParts, t.part)
	case "order":
		return in(orderParts, t.part)
	case "line":
		return in(lineParts, t.part)
	case "consent", "optout", "status", "consent_at", "optout_at":
		return in([]string{"email", "sms", "phone", "post"}, t.part)
	}
	return t.part == "" && in(fieldsOfContacts, t.name)
}
