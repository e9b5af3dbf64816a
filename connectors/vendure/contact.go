package vendure

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"unicode"

	"github.com/keptcrm/kept/connectors"
)

// What a customer has beside the one phone and the one company that Kept writes.
const (
	furtherPhone   = connectors.CustomPrefix + "further_phone"
	furtherCompany = connectors.CustomPrefix + "further_company"
)

const customerMembers = `id createdAt updatedAt title firstName lastName emailAddress phoneNumber
  addresses { id updatedAt fullName company streetLine1 streetLine2 city province postalCode country { code } phoneNumber defaultShippingAddress defaultBillingAddress }
  groups { name }`

// customer is a customer of the API. A guest is one without an account, and else like any other.
type customer struct {
	ID        string    `json:"id"`
	CreatedAt string    `json:"createdAt"`
	UpdatedAt string    `json:"updatedAt"`
	Title     string    `json:"title"`
	First     string    `json:"firstName"`
	Last      string    `json:"lastName"`
	Email     string    `json:"emailAddress"`
	Phone     string    `json:"phoneNumber"`
	Addresses []address `json:"addresses"`
	Groups    []struct {
		Name string `json:"name"`
	} `json:"groups"`
}

// address is an address of the API.
type address struct {
	ID        string `json:"id"`
	UpdatedAt string `json:"updatedAt"`
	FullName  string `json:"fullName"`
	Company   string `json:"company"`
	Street    string `json:"streetLine1"`
	Street2   string `json:"streetLine2"`
	City      string `json:"city"`
	Province  string `json:"province"`
	Postcode  string `json:"postalCode"`
	Country   struct {
		Code string `json:"code"`
	} `json:"country"`
	Phone    string `json:"phoneNumber"`
	Shipping bool   `json:"defaultShippingAddress"`
	Billing  bool   `json:"defaultBillingAddress"`
}

// ordered sorts addresses as people mean them: billing, shipping, then as they were made.
func (c customer) ordered() []address {
	all := slices.Clone(c.Addresses)
	rank := func(a address) int {
		switch {
		case a.Billing:
			return 0
		case a.Shipping:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(all, func(a, b address) int {
		if r := rank(a) - rank(b); r != 0 {
			return r
		}
		return byID(a.ID, b.ID)
	})
	return all
}

// byID orders ids as the shop counts them: numbers by value, others as text.
func byID(a, b string) int {
	if len(a) != len(b) && digits(a) == a && digits(b) == b {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}

// version is made of all that is read of a customer, but no time: the shop's say too little (they
// do not move with addresses and groups, and stand still within a second).
func (c customer) version() connectors.Version {
	c.CreatedAt, c.UpdatedAt = "", ""
	c.Addresses = slices.Clone(c.Addresses)
	slices.SortFunc(c.Addresses, func(a, b address) int { return byID(a.ID, b.ID) })
	for i := range c.Addresses {
		c.Addresses[i].UpdatedAt = ""
	}
	c.Groups = slices.Clone(c.Groups)
	slices.SortFunc(c.Groups, func(a, b struct {
		Name string `json:"name"`
	}) int {
		return strings.Compare(a.Name, b.Name)
	})
	return hashed(c)
}

func hashed(v any) connectors.Version {
	b, err := json.Marshal(v)
	if err != nil {
		return "" // of plain members: never
	}
	sum := sha256.Sum256(b)
	return connectors.Version(hex.EncodeToString(sum[:12]))
}

// record is what a customer says.
func (c customer) record() connectors.Record {
	r := connectors.Record{Kind: connectors.Contact, ID: c.ID, Keyed: connectors.KeyedID, Version: c.version(), Created: moment(c.CreatedAt), Modified: moment(c.UpdatedAt)}
	for _, a := range c.Addresses {
		if t := moment(a.UpdatedAt); t.After(r.Modified) {
			r.Modified = t
		}
	}
	put := func(field string, values ...connectors.Value) {
		values = slices.DeleteFunc(values, func(v connectors.Value) bool { return strings.TrimSpace(v.Text) == "" })
		if len(values) > 0 {
			r.Fields = append(r.Fields, connectors.Field{Name: field, Values: values})
		}
	}
	text := func(s string) connectors.Value { return connectors.Value{Text: s} }
	put(connectors.FieldPrefix, text(c.Title))
	put(connectors.FieldGiven, text(c.First))
	put(connectors.FieldFamily, text(c.Last))
	put(connectors.FieldEmail, text(c.Email))
	phone, company := c.phone(), c.company()
	put(connectors.FieldPhone, text(phone))
	put(connectors.FieldCompany, text(company))
	var places, phones, companies []connectors.Value
	for _, a := range c.ordered() {
		if v, ok := a.value(); ok {
			places = append(places, v)
		}
		if !samePhone(a.Phone, phone) && !slices.ContainsFunc(phones, func(v connectors.Value) bool { return samePhone(v.Text, a.Phone) }) {
			phones = append(phones, text(a.Phone))
		}
		if a.Company != company && !slices.Contains(texts(companies), a.Company) {
			companies = append(companies, text(a.Company))
		}
	}
	put(connectors.FieldAddress, places...)
	put(furtherPhone, phones...)
	put(furtherCompany, companies...)
	var groups []connectors.Value
	for _, g := range c.Groups {
		groups = append(groups, text(g.Name))
	}
	slices.SortFunc(groups, func(a, b connectors.Value) int { return strings.Compare(a.Text, b.Text) })
	put(connectors.FieldTag, groups...)
	slices.SortFunc(r.Fields, func(a, b connectors.Field) int { return strings.Compare(a.Name, b.Name) })
	return r
}

func texts(values []connectors.Value) []string {
	var out []string
	for _, v := range values {
		out = append(out, v.Text)
	}
	return out
}

// phone is the one phone of a customer: its own, else that of an address.
func (c customer) phone() string {
	if strings.TrimSpace(c.Phone) != "" {
		return c.Phone
	}
	for _, a := range c.ordered() {
		if strings.TrimSpace(a.Phone) != "" {
			return a.Phone
		}
	}
	return ""
}

// company is the one company of a customer: that of the first address that has one.
func (c customer) company() string {
	for _, a := range c.ordered() {
		if strings.TrimSpace(a.Company) != "" {
			return a.Company
		}
	}
	return ""
}

// digits leaves the digits of a number.
func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return r
		}
		return -1
	}, s)
}

// samePhone says whether two numbers are one, however they are written.
func samePhone(a, b string) bool {
	return a == b || digits(a) != "" && digits(a) == digits(b)
}

// Labels of addresses.
const (
	billing  = "billing"
	shipping = "shipping"
)

// value is an address as a field's value; false where it says no more than its country, as one that
// only holds a company.
func (a address) value() (connectors.Value, bool) {
	v := connectors.Value{Parts: map[string]string{}}
	for _, p := range []struct{ part, text string }{{connectors.PartStreet, a.Street}, {connectors.PartStreet2, a.Street2}, {connectors.PartPostcode, a.Postcode},
		{connectors.PartCity, a.City}, {connectors.PartRegion, a.Province}, {connectors.PartCountry, a.Country.Code}} {
		if p.text = strings.TrimSpace(p.text); p.text == "" {
			continue
		}
		if p.part == connectors.PartCountry && len(v.Parts) == 0 {
			return v, false
		}
		v.Parts[p.part] = p.text
		sep := ", "
		if p.part == connectors.PartCity && v.Parts[connectors.PartPostcode] != "" {
			sep = " "
		}
		v.Text = strings.TrimPrefix(v.Text+sep+p.text, sep)
	}
	switch {
	case a.Billing:
		v.Label = billing
	case a.Shipping:
		v.Label = shipping
	}
	return v, len(v.Parts) > 0
}
