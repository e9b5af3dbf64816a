package vendure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/keptcrm/kept/connectors"
)

// place is an address as it shall be.
type place struct {
	was *address // nil: a new one
	address
}

// partsOf gives an address as the API has it, from a field's value.
func partsOf(v connectors.Value) address {
	part := func(name string) string { return strings.TrimSpace(v.Parts[name]) }
	a := address{Street: part(connectors.PartStreet), Street2: part(connectors.PartStreet2), City: part(connectors.PartCity),
		Province: part(connectors.PartRegion), Postcode: part(connectors.PartPostcode)}
	a.Country.Code = part(connectors.PartCountry)
	if code, ok := connectors.CountryCode(a.Country.Code); ok {
		a.Country.Code = code
	}
	if len(v.Parts) == 0 {
		a.Street = strings.Join(strings.Fields(v.Text), " ")
	}
	if box := part(connectors.PartPOBox); box != "" {
		switch {
		case a.Street == "":
			a.Street = box
		case a.Street2 == "":
			a.Street2 = box
		}
	}
	return a
}

// samePlace says whether two addresses are one. A country that is not told is that of the other.
func samePlace(a, b address) bool {
	t := strings.TrimSpace
	return t(a.Street) == t(b.Street) && t(a.Street2) == t(b.Street2) && t(a.City) == t(b.City) && t(a.Province) == t(b.Province) && t(a.Postcode) == t(b.Postcode) &&
		(strings.EqualFold(a.Country.Code, b.Country.Code) || a.Country.Code == "" || b.Country.Code == "")
}

// move takes the text of an address from another.
func (a *address) move(to address) {
	a.Street, a.Street2, a.City, a.Province, a.Postcode = to.Street, to.Street2, to.City, to.Province, to.Postcode
	if to.Country.Code != "" {
		a.Country = to.Country
	}
}

// laid lays out how the addresses of a customer shall be: those that are wanted keep the place
// of one that is the same, else take that of one which is not wanted any more, so that its company,
// phone and id stay; gone are the ids of the rest.
func laid(now []address, want []connectors.Value) (places []place, gone []string) {
	used := map[string]bool{}
	targets := make([]*address, len(want))
	take := func(i int, fits func(a address, v connectors.Value) bool) {
		for j := range now {
			if targets[i] == nil && !used[now[j].ID] && fits(now[j], want[i]) {
				targets[i], used[now[j].ID] = &now[j], true
			}
		}
	}
	seen := func(a address) bool { _, ok := a.value(); return ok }
	label := func(a address) string { v, _ := a.value(); return v.Label }
	for _, fits := range []func(a address, v connectors.Value) bool{
		func(a address, v connectors.Value) bool { return samePlace(a, partsOf(v)) && label(a) == v.Label },
		func(a address, v connectors.Value) bool { return samePlace(a, partsOf(v)) },
		func(a address, v connectors.Value) bool { return seen(a) && label(a) == v.Label },
		func(a address, v connectors.Value) bool { return seen(a) },
		func(a address, _ connectors.Value) bool { return true },
	} {
		for i := range want {
			take(i, fits)
		}
	}
	for i, v := range want {
		p := place{was: targets[i]}
		if p.was != nil {
			p.address = *p.was
		}
		p.move(partsOf(v))
		for j := range places {
			places[j].Billing = places[j].Billing && v.Label != billing
			places[j].Shipping = places[j].Shipping && v.Label != shipping
		}
		p.Billing = p.Billing || v.Label == billing
		p.Shipping = p.Shipping || v.Label == shipping
		places = append(places, p)
	}
	for i := range now {
		switch {
		case used[now[i].ID]:
		case seen(now[i]):
			gone = append(gone, now[i].ID)
		default:
			places = append(places, place{was: &now[i], address: now[i]})
		}
	}
	// Who has a billing address and no other gets what is sent there.
	if !slices.ContainsFunc(places, func(p place) bool { return p.Shipping }) {
		for i := range places {
			if places[i].Billing && places[i].was == nil {
				places[i].Shipping = true
			}
		}
	}
	return places, gone
}

// target is the address that has, or is to have, the company: billing, shipping, the first.
func target(places []place) *place {
	var best *place
	rank := func(p *place) int {
		switch {
		case p.Billing:
			return 0
		case p.Shipping:
			return 1
		}
		return 2
	}
	for i := range places {
		if best == nil || rank(&places[i]) < rank(best) {
			best = &places[i]
		}
	}
	return best
}

// setCompany puts a company where the old one stands, else on the target; false where there is no
// address for it.
func setCompany(places []place, old, company string) bool {
	found := false
	for i := range places {
		if old != "" && places[i].Company == old {
			places[i].Company, found = company, true
		}
	}
	if found || company == "" {
		return true
	}
	t := target(places)
	if t == nil {
		return false
	}
	t.Company = company
	return true
}

// input is the input of a mutation: of an address that is there, what changes.
func (p place) input() map[string]any {
	in := map[string]any{}
	was := address{}
	if p.was != nil {
		was = *p.was
	}
	for _, m := range []struct{ name, now, was string }{
		{"fullName", p.FullName, was.FullName}, {"company", p.Company, was.Company}, {"streetLine1", p.Street, was.Street}, {"streetLine2", p.Street2, was.Street2},
		{"city", p.City, was.City}, {"province", p.Province, was.Province}, {"postalCode", p.Postcode, was.Postcode}, {"countryCode", p.Country.Code, was.Country.Code},
		{"phoneNumber", p.Phone, was.Phone},
	} {
		// never null: most of these columns hold none, and the shop fails
		if m.now != m.was || p.was == nil && (m.name == "streetLine1" || m.name == "countryCode") {
			in[m.name] = m.now
		}
	}
	if p.Billing && !was.Billing {
		in["defaultBillingAddress"] = true
	}
	if p.Shipping && !was.Shipping {
		in["defaultShippingAddress"] = true
	}
	if len(in) > 0 && p.was != nil {
		in["id"] = p.ID
	}
	return in
}

// sendPlaces writes what differs, with one request; removals come last, since the shop hands the
// defaults of what is removed to the others.
func (c *connection) sendPlaces(ctx context.Context, customer string, places []place, gone []string) (bool, error) {
	var head, body []string
	variables := map[string]any{}
	for i, p := range places {
		in := p.input()
		if len(in) == 0 {
			continue
		}
		name := fmt.Sprintf("in%d", i)
		variables[name] = in
		if p.was == nil {
			variables["customer"] = customer
			head = append(head, fmt.Sprintf("$%s: CreateAddressInput!", name))
			body = append(body, fmt.Sprintf("createCustomerAddress_%d: createCustomerAddress(customerId: $customer, input: $%s) { id }", i, name))
			continue
		}
		head = append(head, fmt.Sprintf("$%s: UpdateAddressInput!", name))
		body = append(body, fmt.Sprintf("updateCustomerAddress_%d: updateCustomerAddress(input: $%s) { id }", i, name))
	}
	for i, id := range gone {
		name := fmt.Sprintf("gone%d", i)
		variables[name] = id
		head = append(head, fmt.Sprintf("$%s: ID!", name))
		body = append(body, fmt.Sprintf("deleteCustomerAddress_%d: deleteCustomerAddress(id: $%s) { success }", i, name))
	}
	if len(body) == 0 {
		return false, nil
	}
	if variables["customer"] != nil {
		head = append(head, "$customer: ID!")
	}
	return true, c.write(ctx, fmt.Sprintf("mutation Addresses(%s) {\n  %s\n}", strings.Join(head, ", "), strings.Join(body, "\n  ")), variables, nil)
}

// countries are those that the shop knows, asked for once.
type countries struct {
	turn chan struct{}
	all  []country
}

type country struct{ Code, Name string }

// knownCountries gives the countries of the shop.
func (c *connection) knownCountries(ctx context.Context) ([]country, error) {
	select {
	case c.countries.turn <- struct{}{}:
		defer func() { <-c.countries.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if c.countries.all != nil {
		return c.countries.all, nil
	}
	var out struct {
		Countries struct{ Items []json.RawMessage }
	}
	if _, err := c.query(ctx, `query Countries { `+head+`countries(options: {take: 500, filter: {enabled: {eq: true}}}) { items { code name } } }`, nil, &out); err != nil {
		return nil, err
	}
	all := []country{}
	for _, raw := range out.Countries.Items {
		var x country
		if json.Unmarshal(raw, &x) == nil && x.Code != "" {
			all = append(all, x)
		}
	}
	c.countries.all = all
	return all, nil
}

// settleCountry gives the code of an address's country. Its error is Invalid where the shop cannot
// hold the address.
func (c *connection) settleCountry(ctx context.Context, told, before string) (string, error) {
	switch {
	case len(told) == 2:
		return strings.ToUpper(told), nil
	case told == "" && before != "":
		return before, nil
	case told == "" && c.country != "":
		return c.country, nil
	}
	all, err := c.knownCountries(ctx)
	var e *connectors.Error
	if errors.As(err, &e) && e.Class == connectors.Forbidden {
		if told == "" {
			return "", invalid("an address names no country, and Vendure takes none without: name it, or set the option country of this connection")
		}
		return "", &connectors.Error{Class: connectors.Forbidden,
			Text: fmt.Sprintf("an address has the country %q, and the permission ReadCountry to look up its code is missing: Vendure > Settings > Roles; or write the country as two letters", told)}
	}
	if err != nil {
		return "", err
	}
	for _, x := range all {
		if strings.EqualFold(x.Name, told) || strings.EqualFold(x.Code, told) {
			return x.Code, nil
		}
	}
	if told == "" && len(all) == 1 {
		return all[0].Code, nil
	}
	if told == "" {
		return "", invalid("an address names no country, and Vendure takes none without: name it, or set the option country of this connection")
	}
	return "", invalid("the shop does not know the country %q of an address: write it as two letters, or add it at Vendure > Settings > Countries", told)
}
