package vendure

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/connectortest"
	"github.com/keptcrm/kept/internal/servers"
)

// behind is the suite's side of a real shop: what its other users do, through the same API.
type behind struct {
	tb   testing.TB
	shop *servers.Vendure
}

func (b behind) Put(_ connectors.Kind, id string, r connectors.Record, _ time.Time) (string, error) {
	ctx := context.Background()
	members := map[string]any{"title": first(r, connectors.FieldPrefix), "firstName": first(r, connectors.FieldGiven), "lastName": first(r, connectors.FieldFamily),
		"emailAddress": first(r, connectors.FieldEmail), "phoneNumber": first(r, connectors.FieldPhone)}
	if id != "" {
		return id, b.shop.SetCustomer(ctx, id, members) // its address stays as it was
	}
	c := servers.VendureCustomer{Title: first(r, connectors.FieldPrefix), First: first(r, connectors.FieldGiven), Last: first(r, connectors.FieldFamily),
		Email: first(r, connectors.FieldEmail), Phone: first(r, connectors.FieldPhone)}
	for _, v := range values(r, connectors.FieldAddress) {
		a := partsOf(v)
		c.Addresses = append(c.Addresses, servers.VendureAddress{Company: first(r, connectors.FieldCompany), Street: a.Street, City: a.City, Postcode: a.Postcode,
			Country: a.Country.Code, Billing: v.Label == billing, Shipping: v.Label == shipping})
	}
	return b.shop.AddCustomer(ctx, c)
}

func (b behind) Delete(_ connectors.Kind, id string) error {
	return b.shop.DeleteCustomers(context.Background(), id)
}

func (b behind) Live(connectors.Kind) ([]string, error) {
	return b.shop.Customers(context.Background())
}

// TestRealShop runs everything that needs a real Vendure, one after the other, at one server.
func TestRealShop(t *testing.T) {
	t.Parallel()
	shop := servers.Need(t, servers.StartVendure)
	rights := []string{"ReadCustomer", "ReadOrder", "CreateCustomer", "UpdateCustomer", "DeleteCustomer", "ReadCountry"}
	if err := shop.AddAdministrator(t.Context(), "kept@example.org", testPassword, rights...); err != nil {
		t.Fatal(err)
	}
	key, err := shop.AddKey(t.Context(), rights...)
	if err != nil {
		t.Fatal(err)
	}
	real := func(withKey bool) connectortest.Harness {
		h := harness(withKey)
		api := *h.API
		api.Real = true
		if withKey {
			h.Secret = key
		}
		api.Server = func(tb testing.TB) connectortest.Server {
			if err := shop.DeleteCustomers(context.Background()); err != nil {
				tb.Fatal(err)
			}
			o := map[string]string{"url": shop.URL}
			if !withKey {
				o["user"] = "kept@example.org"
			}
			return connectortest.Server{Options: o, Control: behind{tb, shop}}
		}
		h.API = &api
		return h
	}
	t.Run("conformance", func(t *testing.T) { connectortest.Run(t, real(false)) })
	t.Run("conformance with a key", func(t *testing.T) {
		h := real(true)
		for _, c := range connectortest.Cases(h) {
			if slices.Contains([]string{"check", "pages", "same intent twice"}, c.Name) {
				t.Run(c.Name, func(t *testing.T) { c.Run(t, h) })
			}
		}
	})
}
