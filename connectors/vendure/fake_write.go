package vendure

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

func notFound(what, id any) error {
	return &refusalOf{message: fmt.Sprintf("No %s with the id %q could be found", what, id), code: "ENTITY_NOT_FOUND"}
}

// emailTaken is a refusal that is no error.
var emailTaken = map[string]any{"__typename": "EmailAddressConflictError", "errorCode": "EMAIL_ADDRESS_CONFLICT_ERROR", "message": "The email address is not available."}

// mutate does what the real resolvers do.
func (f *fake) mutate(name string, id int, args, input map[string]any) (any, error) {
	if input["id"] != nil {
		id, _ = strconv.Atoi(fmt.Sprint(input["id"]))
	}
	switch name {
	case "createCustomer":
		return f.createCustomer(input)
	case "updateCustomer":
		return f.updateCustomer(id, input)
	case "deleteCustomer":
		c := f.customers[id]
		if c == nil || c.gone {
			return nil, notFound("Customer", args["id"])
		}
		c.gone = true
		return map[string]any{"result": "DELETED", "message": nil}, nil
	case "createCustomerAddress":
		owner, _ := strconv.Atoi(fmt.Sprint(args["customerId"]))
		c := f.customers[owner]
		if c == nil || c.gone {
			return nil, notFound("Customer", args["customerId"])
		}
		a := &fakeAddress{members: map[string]string{}}
		if err := f.setAddress(c, a, input); err != nil {
			return nil, err
		}
		f.next++
		a.id = f.next
		c.addresses = append(c.addresses, a)
		return a.tell(), nil
	}
	for _, c := range f.customers {
		i := slices.IndexFunc(c.addresses, func(a *fakeAddress) bool { return a.id == id })
		if i < 0 || c.gone {
			continue
		}
		a := c.addresses[i]
		if name == "updateCustomerAddress" {
			if err := f.setAddress(c, a, input); err != nil {
				return nil, err
			}
			return a.tell(), nil
		}
		c.addresses = slices.Delete(c.addresses, i, i+1)
		if len(c.addresses) > 0 && (a.billing || a.shipping) { // the defaults go to the oldest of the others
			heir := slices.MinFunc(c.addresses, func(a, b *fakeAddress) int { return a.id - b.id })
			heir.billing, heir.shipping, heir.updated = heir.billing || a.billing, heir.shipping || a.shipping, f.now()
		}
		return map[string]any{"success": true}, nil
	}
	return nil, notFound("Address", strconv.Itoa(id))
}

func (f *fake) taken(email string, but int) bool {
	for _, c := range f.customers {
		if c.email == email && !c.gone && c.id != but {
			return true
		}
	}
	return false
}

func (f *fake) createCustomer(input map[string]any) (any, error) {
	email := normalEmail(input["emailAddress"].(string))
	if f.taken(email, 0) {
		return emailTaken, nil
	}
	f.next++
	c := &fakeCustomer{id: f.next, created: f.now(), updated: f.now(), email: email, first: input["firstName"].(string), last: input["lastName"].(string)}
	c.title, c.titleSet = input["title"].(string)
	c.phone, c.phoneSet = input["phoneNumber"].(string)
	f.customers[c.id] = c
	return f.tell(c), nil
}

func (f *fake) updateCustomer(id int, input map[string]any) (any, error) {
	c := f.customers[id]
	if c == nil || c.gone {
		return nil, notFound("Customer", strconv.Itoa(id))
	}
	before := *c
	for name, to := range map[string]*string{"title": &c.title, "firstName": &c.first, "lastName": &c.last, "emailAddress": &c.email, "phoneNumber": &c.phone} {
		v, named := input[name]
		s, isText := v.(string)
		switch {
		case !named:
		case !isText && name == "emailAddress":
			*c = before
			return nil, &refusalOf{message: "Cannot read properties of null (reading 'length')"}
		case !isText && (name == "firstName" || name == "lastName"):
			*c = before
			return nil, &refusalOf{message: "NOT NULL constraint failed: customer." + name}
		case name == "emailAddress":
			if s = normalEmail(s); f.taken(s, id) {
				*c = before
				return emailTaken, nil
			}
			*to = s
		default:
			*to = s
		}
	}
	if c.title != before.title || c.first != before.first || c.last != before.last || c.email != before.email || c.phone != before.phone {
		c.updated = f.now() // an update that changes nothing moves nothing
	}
	return f.tell(c), nil
}

// setAddress changes an address. The customer's own time stands still.
func (f *fake) setAddress(c *fakeCustomer, a *fakeAddress, input map[string]any) error {
	if code, ok := input["countryCode"].(string); ok && !slices.ContainsFunc(f.countries, func(x country) bool { return x.Code == code }) {
		return &refusalOf{message: fmt.Sprintf("The countryCode %q was not recognized", code), code: "USER_INPUT_ERROR"}
	}
	for name, v := range input {
		if v == nil && !strings.HasPrefix(name, "default") {
			return &refusalOf{message: "NOT NULL constraint failed: address." + name}
		}
	}
	for name, v := range input {
		if s, ok := v.(string); ok && name != "id" {
			a.members[name] = s
		}
	}
	a.updated = f.now()
	for name, flag := range map[string]func(*fakeAddress) *bool{
		"defaultBillingAddress":  func(a *fakeAddress) *bool { return &a.billing },
		"defaultShippingAddress": func(a *fakeAddress) *bool { return &a.shipping },
	} {
		on, ok := input[name].(bool)
		if !ok {
			continue
		}
		if on {
			for _, other := range c.addresses {
				*flag(other) = false
			}
		}
		*flag(a) = on
	}
	return nil
}
