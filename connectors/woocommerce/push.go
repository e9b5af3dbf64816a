package woocommerce

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/keptcrm/kept/connectors"
)

// Push creates or updates a customer. Before an update the customer is read, and refused as a
// Conflict where it is not as expected: the API has no condition of its own.
func (s *shop) Push(ctx context.Context, in connectors.Intent) (connectors.Record, error) {
	if err := s.writable(in); err != nil {
		return connectors.Record{}, err
	}
	if in.Record.ID == "" {
		return s.create(ctx, in)
	}
	c, err := s.customer(ctx, in.Record.ID)
	if err != nil {
		return connectors.Record{}, err
	}
	b, err := s.body(in, c)
	if err == nil && len(b) == 0 { // they are so already, by another or by this very intent
		return c.record(), nil
	}
	if stale := s.stale(in, c); stale != nil {
		return connectors.Record{}, stale
	}
	if err != nil {
		return connectors.Record{}, err
	}
	var now customer
	if _, err := s.do(ctx, http.MethodPut, "customers/"+in.Record.ID, nil, b, &now); err != nil {
		return connectors.Record{}, err
	}
	return s.written(&now)
}

func (s *shop) create(ctx context.Context, in connectors.Intent) (connectors.Record, error) {
	b, err := s.body(in, &customer{})
	if err != nil {
		return connectors.Record{}, err
	}
	var now customer
	if a, err := s.do(ctx, http.MethodPost, "customers", nil, b, &now); err != nil {
		return s.again(ctx, in, codeOf(a), err)
	}
	return s.written(&now)
}

// again finds what an intent made before, where making it again was refused because of that.
func (s *shop) again(ctx context.Context, in connectors.Intent, code string, refused error) (connectors.Record, error) {
	if code == "registration-error-email-exists" {
		rec, found, err := s.Find(ctx, in)
		if err != nil {
			return connectors.Record{}, err
		}
		if found {
			return rec, nil
		}
	}
	return connectors.Record{}, refused
}

// written gives the customer of a write's answer.
func (s *shop) written(c *customer) (connectors.Record, error) {
	if c.ID <= 0 {
		return connectors.Record{}, s.error(connectors.Ambiguous, "%s answered to a write with no customer; whether it was written is not known", s.name)
	}
	return c.record(), nil
}

// writable says what of an intent can never be written.
func (s *shop) writable(in connectors.Intent) error {
	if in.Record.Kind != connectors.Contact {
		return s.error(connectors.Invalid, "orders of %s are read only", s.name)
	}
	if id := in.Record.ID; id != "" && len(numbers([]string{id})) == 0 {
		if strings.HasPrefix(id, "email:") || strings.HasPrefix(id, "guest:") {
			return s.error(connectors.Invalid, "at %s this is a guest, known from orders alone; guests have no account that could be changed", s.name)
		}
		return s.error(connectors.NotFound, "%s has no customer %s", s.name, short(id))
	}
	return nil
}

// stale is the Conflict of a customer who is not as an intent expects.
func (s *shop) stale(in connectors.Intent, c *customer) error {
	if want := cmp.Or(in.Expect, in.Base.Version); want != "" && want != c.record().Version {
		return s.error(connectors.Conflict, "at %s customer %d was changed in the meantime", s.name, c.ID)
	}
	return nil
}

// customer reads one customer.
func (s *shop) customer(ctx context.Context, id string) (*customer, error) {
	var c customer
	if _, err := s.do(ctx, http.MethodGet, "customers/"+id, nil, nil, &c); err != nil {
		return nil, err
	}
	if c.ID <= 0 {
		return nil, s.error(connectors.Transient, "%s answered with no customer; try again later", s.name)
	}
	return &c, nil
}

// Delete deletes a customer for good: WooCommerce has no trash for them. Their orders stay.
func (s *shop) Delete(ctx context.Context, in connectors.Intent) error {
	if in.Record.Kind == connectors.Order {
		return s.error(connectors.Invalid, "orders of %s are read only", s.name)
	}
	if len(numbers([]string{in.Record.ID})) == 0 {
		return ctx.Err() // nobody's
	}
	c, err := s.customer(ctx, in.Record.ID)
	if connectors.ClassOf(err) == connectors.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	if err := s.stale(in, c); err != nil {
		return err
	}
	_, err = s.do(ctx, http.MethodDelete, "customers/"+in.Record.ID, url.Values{"force": {"true"}}, nil, nil)
	if connectors.ClassOf(err) == connectors.NotFound {
		return nil
	}
	return err
}

// Find looks for what an intent made: of an update the customer as they are, of a create the one who
// carries the intent's key, under any of the e-mail addresses that were sent.
func (s *shop) Find(ctx context.Context, in connectors.Intent) (connectors.Record, bool, error) {
	if in.Record.ID != "" {
		all, err := s.Fetch(ctx, in.Record.Kind, []string{in.Record.ID})
		if err != nil || len(all) == 0 {
			return connectors.Record{}, false, err
		}
		return all[0], true, nil
	}
	for _, v := range valuesOf(in.Record, connectors.FieldEmail) {
		if strings.TrimSpace(v.Text) == "" {
			continue
		}
		var all list[customer]
		q := url.Values{"email": {strings.TrimSpace(v.Text)}, "role": {"all"}, "per_page": {strconv.Itoa(s.perPage)}}
		if _, err := s.do(ctx, http.MethodGet, "customers", q, nil, &all); err != nil {
			return connectors.Record{}, false, err
		}
		for i := range all {
			if k := all[i].key(); k != "" && k == keyOf(in) {
				return all[i].record(), true, nil
			}
		}
	}
	return connectors.Record{}, false, nil
}

func keyOf(in connectors.Intent) string { return cmp.Or(in.Key, in.ID) }

func valuesOf(r connectors.Record, field string) []connectors.Value {
	for _, f := range r.Fields {
		if f.Name == field {
			return f.Values
		}
	}
	return nil
}

func textOf(r connectors.Record, field string) string {
	for _, v := range valuesOf(r, field) {
		return v.Text
	}
	return ""
}

// body gives what is sent for an intent, the customer being c now: the members that change alone.
// The API leaves what is not sent as it is, also within a block, and takes null for not sent: what
// is emptied is sent as "".
func (s *shop) body(in connectors.Intent, c *customer) (map[string]any, error) {
	b := map[string]any{}
	creating := in.Record.ID == ""
	put := func(block, member, value string, now text) {
		switch {
		case value == string(now):
		case block == "":
			b[member] = value
		default:
			m, _ := b[block].(map[string]any)
			if m == nil {
				m = map[string]any{}
				b[block] = m
			}
			m[member] = value
		}
	}
	var metas []map[string]any
	for _, field := range in.Changed {
		values := valuesOf(in.Record, field)
		switch {
		case field == connectors.FieldGiven, field == connectors.FieldFamily:
			// An account without a name is known by that of its bills; with half of one of its own it
			// would lose the other half.
			if field == connectors.FieldGiven || c.unnamed() {
				put("", "first_name", textOf(in.Record, connectors.FieldGiven), c.First)
			}
			if field == connectors.FieldFamily || c.unnamed() {
				put("", "last_name", textOf(in.Record, connectors.FieldFamily), c.Last)
			}
		case field == connectors.FieldEmail:
			account, billing := emails(values, c)
			if account == "" {
				return nil, noEmail(s.name)
			}
			for _, e := range []string{account, billing} {
				if e != "" && !isEmail(e) && e != string(c.Email) && e != string(c.Billing.Email) {
					return nil, s.badEmail()
				}
			}
			put("", "email", account, c.Email)
			if billing != "" {
				put(labelBilling, "email", billing, c.Billing.Email)
			}
		case field == connectors.FieldCompany:
			company := textOf(in.Record, field)
			put(labelBilling, "company", company, c.Billing.Company)
			if now := c.Shipping.Company; now != "" && equal(string(now), string(companyOf(&c.Billing, &c.Shipping))) { // another one on parcels stays
				put(labelShipping, "company", company, now)
			}
		case field == connectors.FieldPhone:
			here, there := assign(values, string(c.Billing.Phone), string(c.Shipping.Phone))
			put(labelBilling, "phone", here, c.Billing.Phone)
			put(labelShipping, "phone", there, c.Shipping.Phone)
		case field == connectors.FieldAddress:
			here, there := assignParts(values, c.Billing.parts(), c.Shipping.parts())
			if err := s.address(here, &c.Billing, func(member, value string, now text) { put(labelBilling, member, value, now) }); err != nil {
				return nil, err
			}
			if err := s.address(there, &c.Shipping, func(member, value string, now text) { put(labelShipping, member, value, now) }); err != nil {
				return nil, err
			}
		case strings.HasPrefix(field, connectors.CustomPrefix):
			if m := c.metaChange(strings.TrimPrefix(field, connectors.CustomPrefix), textOf(in.Record, field), creating); m != nil {
				metas = append(metas, m)
			}
		}
	}
	if creating {
		if b["email"] == nil {
			return nil, noEmail(s.name)
		}
		metas = append(metas, map[string]any{"key": keyMeta, "value": keyOf(in)})
	}
	if len(metas) > 0 {
		b["meta_data"] = metas
	}
	return b, nil
}

// metaChange gives the change of a meta field; nil where there is none, or where the field is not
// ours to write. Null deletes it.
func (c *customer) metaChange(key, value string, creating bool) map[string]any {
	if theirs(key) {
		return nil
	}
	m := map[string]any{"key": key, "value": value}
	for _, now := range c.Meta {
		if string(now.Key) != key {
			continue
		}
		switch was, ok := c.meta(key); {
		case !ok && !blank(now.Value), ok && was == value:
			return nil // several rows, or a structure of a plug-in; or nothing changes
		}
		m["id"] = int64(now.ID)
	}
	if value == "" {
		if creating || m["id"] == nil {
			return nil
		}
		m["value"] = nil
	}
	return m
}

func blank(value json.RawMessage) bool {
	var t text
	return json.Unmarshal(value, &t) == nil && strings.TrimSpace(string(t)) == "" && (len(value) == 0 || value[0] != '{' && value[0] != '[')
}

// address writes an address' parts into a block that is now as p has it.
func (s *shop) address(parts map[string]string, p *person, put func(member, value string, now text)) error {
	code, ok := connectors.CountryCode(parts[connectors.PartCountry])
	if !ok && parts[connectors.PartCountry] != string(p.Country) {
		return s.error(connectors.Invalid, "%s knows countries by their codes (DE, CN), and %q is none and no name that Kept knows; write its code", s.name, short(parts[connectors.PartCountry]))
	}
	street, second := parts[connectors.PartStreet], parts[connectors.PartStreet2]
	switch box := parts[connectors.PartPOBox]; { // there is no place of its own for it
	case box == "":
	case street == "":
		street = box
	case second == "":
		second = box
	}
	put("address_1", street, p.Address1)
	put("address_2", second, p.Address2)
	put("city", parts[connectors.PartCity], p.City)
	put("state", parts[connectors.PartRegion], p.State)
	put("postcode", parts[connectors.PartPostcode], p.Postcode)
	if ok {
		put("country", code, p.Country)
	}
	return nil
}

// aWordPressEmail is what WordPress takes for an address (is_email): no quotes, no letters beyond
// ASCII, a domain with a dot.
var aWordPressEmail = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\\.)+[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$")

// isEmail says whether the shop will take an address. It is asked before anything is sent: what is
// none is refused in a single call, and empties the customer's address in a batch.
func isEmail(s string) bool { return len(s) >= 6 && aWordPressEmail.MatchString(s) }

// emails gives the account's address and that of its bills; an empty one of the bills stays as it is.
// What the account has now stays the account's if it is among the values: WordPress writes to people
// whose address changes.
func emails(values []connectors.Value, c *customer) (account, billing string) {
	var all []connectors.Value
	for _, v := range values {
		if v.Text = strings.TrimSpace(v.Text); v.Text != "" {
			all = append(all, v)
		}
	}
	if len(all) == 0 {
		return "", ""
	}
	of := slices.IndexFunc(all, func(v connectors.Value) bool { return strings.EqualFold(v.Text, string(c.Email)) })
	if of < 0 {
		of = max(slices.IndexFunc(all, func(v connectors.Value) bool { return v.Label != labelBilling }), 0)
	}
	account = all[of].Text
	if len(all) > 1 {
		return account, all[(of+1)%len(all)].Text
	}
	if c.Billing.Email != "" { // the API takes no empty one: the account's is told but once
		billing = account
	}
	return account, billing
}

// assign gives what stands at billing and at shipping for the values of a field. One value stood for
// both where both were the same, and does so on.
func assign(values []connectors.Value, here, there string) (billing, shipping string) {
	var all []connectors.Value
	for _, v := range values {
		if strings.TrimSpace(v.Text) != "" {
			all = append(all, v)
		}
	}
	one := strings.TrimSpace(here) != "" && equal(here, there)
	i, j := slots(len(all), one, func(i int) string { return all[i].Label }, func(i int, shipping bool) bool {
		if shipping {
			return equal(all[i].Text, there)
		}
		return equal(all[i].Text, here)
	})
	if i >= 0 {
		billing = all[i].Text
	}
	if j >= 0 {
		shipping = all[j].Text
	}
	return billing, shipping
}

// assignParts is assign for addresses.
func assignParts(values []connectors.Value, here, there map[string]string) (billing, shipping map[string]string) {
	var all []connectors.Value
	for _, v := range values {
		if len(v.Parts) == 0 && strings.TrimSpace(v.Text) != "" { // written as one text
			v.Parts = map[string]string{connectors.PartStreet: v.Text}
		}
		if len(v.Parts) > 0 {
			all = append(all, v)
		}
	}
	i, j := slots(len(all), here != nil && sameParts(here, there), func(i int) string { return all[i].Label }, func(i int, shipping bool) bool {
		if shipping {
			return there != nil && sameParts(all[i].Parts, there)
		}
		return here != nil && sameParts(all[i].Parts, here)
	})
	if i >= 0 {
		billing = all[i].Parts
	}
	if j >= 0 {
		shipping = all[j].Parts
	}
	return billing, shipping
}

// slots chooses which of n values stands at billing and which at shipping, -1 for none: by label,
// then where it stands now, then the first that is free.
func slots(n int, one bool, label func(int) string, stands func(i int, shipping bool) bool) (billing, shipping int) {
	billing, shipping = -1, -1
	choose := func(slot *int, other *int, fits func(i int) bool) {
		for i := range n {
			if *slot < 0 && i != *other && fits(i) {
				*slot = i
			}
		}
	}
	choose(&billing, &shipping, func(i int) bool { return label(i) == labelBilling })
	choose(&shipping, &billing, func(i int) bool { return label(i) == labelShipping })
	choose(&billing, &shipping, func(i int) bool { return stands(i, false) })
	choose(&shipping, &billing, func(i int) bool { return stands(i, true) })
	choose(&billing, &shipping, func(int) bool { return true })
	choose(&shipping, &billing, func(int) bool { return true })
	if one && n == 1 && billing >= 0 {
		shipping = billing
	}
	return billing, shipping
}
