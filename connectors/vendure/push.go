package vendure

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/keptcrm/kept/connectors"
)

const (
	createMutation = `mutation Create($input: CreateCustomerInput!) { createCustomer(input: $input) { __typename ... on Customer { id } ... on ErrorResult { errorCode message } } }`
	updateMutation = `mutation Update($input: UpdateCustomerInput!) { updateCustomer(input: $input) { __typename ... on Customer { id } ... on ErrorResult { errorCode message } } }`
	deleteMutation = `mutation Delete($id: ID!) { deleteCustomer(id: $id) { result message } }`
)

// own are the fields that stand on the customer itself.
var own = map[string]string{connectors.FieldPrefix: "title", connectors.FieldGiven: "firstName", connectors.FieldFamily: "lastName",
	connectors.FieldEmail: "emailAddress", connectors.FieldPhone: "phoneNumber"}

// result is what a mutation of customers answers: a customer or a refusal.
type result struct {
	Type      string `json:"__typename"`
	ID        string
	ErrorCode string
	Message   string
}

func onlyRead(k connectors.Kind) error {
	return invalid("Kept only reads from a Vendure shop what is no customer (%s)", k)
}

func values(r connectors.Record, field string) []connectors.Value {
	for _, f := range r.Fields {
		if f.Name == field {
			return f.Values
		}
	}
	return nil
}

func first(r connectors.Record, field string) string {
	if v := values(r, field); len(v) > 0 {
		return v[0].Text
	}
	return ""
}

// Push implements connectors.Pusher.
func (c *connection) Push(ctx context.Context, in connectors.Intent) (connectors.Record, error) {
	if in.Record.Kind != connectors.Contact {
		return connectors.Record{}, onlyRead(in.Record.Kind)
	}
	if in.Record.ID == "" {
		return c.create(ctx, in)
	}
	now, err := c.now(ctx, in.Record.ID)
	switch {
	case err != nil:
		return connectors.Record{}, err
	case now == nil:
		return connectors.Record{}, &connectors.Error{Class: connectors.NotFound, Text: fmt.Sprintf("customer %s was deleted at the shop", in.Record.ID)}
	case in.Expect != "" && in.Expect != now.version():
		if r := now.record(); holdsAll(r, in) {
			return r, nil // it was written before, and the answer was lost; or somebody did the same
		}
		return connectors.Record{}, changed(now.ID)
	}
	return c.update(ctx, *now, in, false)
}

func changed(id string) error {
	return &connectors.Error{Class: connectors.Conflict, Text: fmt.Sprintf("customer %s was changed at the shop in the meantime", id)}
}

// create makes a customer, or finishes one that the same intent made before.
func (c *connection) create(ctx context.Context, in connectors.Intent) (connectors.Record, error) {
	email := first(in.Record, connectors.FieldEmail)
	if strings.TrimSpace(email) == "" {
		return connectors.Record{}, invalid("a customer without an e-mail address cannot be made in Vendure: add one first")
	}
	now, err := c.byEmail(ctx, email)
	if err != nil {
		return connectors.Record{}, err
	}
	if now != nil {
		there := now.record()
		for field := range own {
			if !equal(field, values(in.Record, field), values(there, field)) {
				return connectors.Record{}, &connectors.Error{Class: connectors.Conflict, Text: fmt.Sprintf("customer %s of the shop has this e-mail address already", now.ID)}
			}
		}
		return c.update(ctx, *now, in, true)
	}
	places, gone, err := c.plan(ctx, customer{}, in) // first: what cannot be written keeps all from being written
	if err != nil {
		return connectors.Record{}, err
	}
	input := map[string]any{"firstName": "", "lastName": ""}
	for field, member := range own {
		if v := first(in.Record, field); v != "" {
			input[member] = v
		}
	}
	var out struct {
		Data struct{ CreateCustomer *result }
	}
	if err := c.write(ctx, createMutation, map[string]any{"input": input}, &out.Data); err != nil {
		return connectors.Record{}, err
	}
	r := out.Data.CreateCustomer
	switch {
	case r == nil:
		return connectors.Record{}, &connectors.Error{Class: connectors.Ambiguous, Text: "the shop does not say whether it made the customer"}
	case r.ErrorCode == "EMAIL_ADDRESS_CONFLICT_ERROR":
		return connectors.Record{}, &connectors.Error{Class: connectors.Conflict, Text: "somebody of the shop has this e-mail address already, perhaps in another channel or as a guest there"}
	case r.ErrorCode != "" || r.ID == "":
		return connectors.Record{}, invalid(`the shop refuses this customer: it says "%s"`, short(r.Message))
	}
	if _, err := c.sendPlaces(ctx, r.ID, places, gone); err != nil {
		return connectors.Record{}, uncertain("the customer was made at the shop, but not its addresses", err)
	}
	return c.after(ctx, r.ID)
}

// after reads what was written.
func (c *connection) after(ctx context.Context, id string) (connectors.Record, error) {
	x, err := c.now(ctx, id)
	if err != nil {
		return connectors.Record{}, uncertain("it was written, but could not be read again", err)
	}
	if x == nil {
		return connectors.Record{}, &connectors.Error{Class: connectors.Ambiguous, Text: fmt.Sprintf("customer %s was written, and is gone at the shop", id)}
	}
	return x.record(), nil
}

// update writes what an intent changes; again marks the rest of a create.
func (c *connection) update(ctx context.Context, now customer, in connectors.Intent, again bool) (connectors.Record, error) {
	input := map[string]any{}
	for _, field := range in.Changed {
		member := own[field]
		if member == "" || again {
			continue
		}
		if field == connectors.FieldEmail && strings.TrimSpace(first(in.Record, field)) == "" {
			return connectors.Record{}, invalid("a Vendure customer has an e-mail address: it can be changed, not emptied")
		}
		input[member] = first(in.Record, field) // never null: names must not be
	}
	places, gone, err := c.plan(ctx, now, in)
	if err != nil {
		return connectors.Record{}, err
	}
	if len(input) > 0 {
		input["id"] = now.ID
		var out struct {
			Data struct{ UpdateCustomer *result }
		}
		if err := c.write(ctx, updateMutation, map[string]any{"input": input}, &out.Data); err != nil {
			return connectors.Record{}, err
		}
		r := out.Data.UpdateCustomer
		switch {
		case r == nil:
			return connectors.Record{}, &connectors.Error{Class: connectors.Ambiguous, Text: fmt.Sprintf("the shop does not say whether it changed customer %s", now.ID)}
		case r.ErrorCode == "EMAIL_ADDRESS_CONFLICT_ERROR":
			return connectors.Record{}, invalid("another customer of the shop has the e-mail address that customer %s was to have: give one of them another, or delete one, at Vendure > Customers", now.ID)
		case r.ErrorCode != "" || r.ID == "":
			return connectors.Record{}, invalid(`the shop refuses this change: it says "%s"`, short(r.Message))
		}
	}
	if _, err := c.sendPlaces(ctx, now.ID, places, gone); err != nil {
		if len(input) > 0 {
			err = uncertain(fmt.Sprintf("customer %s was changed at the shop, but not its addresses", now.ID), err)
		}
		return connectors.Record{}, err
	}
	return c.after(ctx, now.ID)
}

// plan gives the addresses as an intent wants them, with what else stands on addresses: the company,
// and phones that are the customer's. What the shop cannot hold is left out where the rest goes; it
// is an error where nothing else was to be written.
func (c *connection) plan(ctx context.Context, now customer, in connectors.Intent) ([]place, []string, error) {
	changes := func(field string) bool { return slices.Contains(in.Changed, field) }
	cannot := func(field string, e error) error {
		if !slices.ContainsFunc(in.Changed, func(f string) bool { return f != field }) {
			return e
		}
		c.env.Warn("%s of a contact was left out: %v", field, e)
		return nil
	}
	there, places, gone := now.ordered(), []place{}, []string(nil)
	for i, a := range there {
		places = append(places, place{was: &there[i], address: a})
	}
	if changes(connectors.FieldAddress) {
		want, err := c.holdable(ctx, now, values(in.Record, connectors.FieldAddress), func(e error) error { return cannot(connectors.FieldAddress, e) })
		if err != nil {
			return nil, nil, err
		}
		places, gone = laid(there, want)
		for i := range places {
			if places[i].was == nil && places[i].FullName == "" {
				places[i].FullName = strings.TrimSpace(first(in.Record, connectors.FieldGiven) + " " + first(in.Record, connectors.FieldFamily))
			}
		}
	}
	company := now.company()
	if changes(connectors.FieldCompany) {
		company = first(in.Record, connectors.FieldCompany)
	}
	if changes(connectors.FieldCompany) || changes(connectors.FieldAddress) {
		if !setCompany(places, now.company(), company) && changes(connectors.FieldCompany) {
			if err := cannot(connectors.FieldCompany, invalid("Vendure keeps a company on an address, and this customer has none: add an address first")); err != nil {
				return nil, nil, err
			}
		}
	}
	if old := now.phone(); changes(connectors.FieldPhone) && old != "" {
		for i := range places {
			if places[i].was != nil && samePhone(places[i].Phone, old) {
				places[i].Phone = first(in.Record, connectors.FieldPhone)
			}
		}
	}
	return places, gone, nil
}

// holdable gives the wanted addresses that the shop can hold, with the codes of their countries.
func (c *connection) holdable(ctx context.Context, now customer, want []connectors.Value, cannot func(error) error) ([]connectors.Value, error) {
	var out []connectors.Value
	for _, v := range want {
		a, before := partsOf(v), ""
		for _, b := range now.Addresses {
			if samePlace(a, b) {
				before = b.Country.Code
			}
		}
		if before == "" && a.Country.Code == "" && len(want) == 1 && len(now.Addresses) == 1 {
			before = now.Addresses[0].Country.Code // somebody moved within it
		}
		code, err := c.settleCountry(ctx, a.Country.Code, before)
		var e *connectors.Error
		if errors.As(err, &e) && (e.Class == connectors.Invalid || e.Class == connectors.Forbidden) {
			if err = cannot(e); err != nil {
				return nil, err
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		kept := map[string]string{}
		for k, t := range v.Parts {
			kept[k] = t
		}
		if len(kept) == 0 {
			kept[connectors.PartStreet] = a.Street
		}
		kept[connectors.PartCountry] = code
		v.Parts = kept
		out = append(out, v)
	}
	return out, nil
}

// Delete implements connectors.Deleter. Vendure keeps the customer's orders.
func (c *connection) Delete(ctx context.Context, in connectors.Intent) error {
	if in.Record.Kind != connectors.Contact {
		return onlyRead(in.Record.Kind)
	}
	now, err := c.now(ctx, in.Record.ID)
	if err != nil || now == nil {
		return err
	}
	if in.Expect != "" && in.Expect != now.version() {
		return changed(now.ID)
	}
	var out struct {
		DeleteCustomer *struct{ Result, Message string }
	}
	err = c.write(ctx, deleteMutation, map[string]any{"id": now.ID}, &out)
	var e *connectors.Error
	switch {
	case errors.As(err, &e) && e.Class == connectors.NotFound:
		return nil
	case err != nil:
		return err
	case out.DeleteCustomer == nil:
		return &connectors.Error{Class: connectors.Ambiguous, Text: fmt.Sprintf("the shop does not say whether it deleted customer %s", now.ID)}
	case out.DeleteCustomer.Result != "DELETED":
		return invalid(`the shop does not delete customer %s: it says "%s"`, now.ID, short(out.DeleteCustomer.Message))
	}
	return nil
}
