package vendure

import (
	"context"
	"maps"
	"slices"
	"strings"
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
	against := func(withKey bool) connectortest.Harness {
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
	t.Run("conformance", func(t *testing.T) { connectortest.Run(t, against(false)) })
	t.Run("conformance with a key", func(t *testing.T) {
		h := against(true)
		for _, c := range connectortest.Cases(h) {
			if slices.Contains([]string{"check", "pages", "same intent twice"}, c.Name) {
				t.Run(c.Name, func(t *testing.T) { c.Run(t, h) })
			}
		}
	})
	connect := func(t *testing.T, o map[string]string) *connection {
		t.Helper()
		all := map[string]string{"url": shop.URL, "user": "kept@example.org", "password": testPassword, "page": "2"}
		maps.Copy(all, o)
		return opened(t, all, connectors.Env{Store: store{}})
	}
	t.Run("orders and guests", func(t *testing.T) { realOrders(t, shop, connect(t, nil)) })
	t.Run("what moves no time", func(t *testing.T) { realTimes(t, shop, connect(t, nil)) })
	t.Run("rights, sessions and channels", func(t *testing.T) {
		w := &world{tb: t}
		ctx := t.Context()
		w.fails("a wrong password", connect(t, map[string]string{"password": "wrong"}).Check(ctx), connectors.Auth, "Settings > Administrators")
		w.fails("a wrong key", connect(t, map[string]string{"user": "", "key": key[:30] + "zz" + key[32:]}).Check(ctx), connectors.Auth, "Settings > API keys")
		w.fails("another path", connect(t, map[string]string{"url": shop.URL + "x"}).Check(ctx), connectors.Invalid, "usually ends with /admin-api")
		w.fails("the Shop API", connect(t, map[string]string{"url": strings.Replace(shop.URL, "admin-api", "shop-api", 1), "user": "", "key": key}).Check(ctx), connectors.Invalid, "Shop API")
		w.fails("an unknown channel", connect(t, map[string]string{"channel": "nope"}).Check(ctx), connectors.Invalid, "Settings > Channels")
		if err := shop.AddAdministrator(ctx, "reader@example.org", testPassword, "ReadCustomer"); err != nil {
			t.Fatal(err)
		}
		reader := connect(t, map[string]string{"user": "reader@example.org"})
		w.fails("Check without ReadOrder", reader.Check(ctx), connectors.Forbidden, "ReadOrder")
		w.fails("CheckWrite without CreateCustomer", reader.CheckWrite(ctx), connectors.Forbidden, "CreateCustomer")
		if err := connect(t, nil).CheckWrite(ctx); err != nil {
			t.Errorf("CheckWrite with all rights: %v", err)
		}
		_, err := reader.Push(ctx, creating(person(77)))
		w.fails("Push without CreateCustomer", err, connectors.Forbidden, "CreateCustomer")
		// a session that the shop forgot is renewed, and the write that found it out is made once
		kept := store{}
		o := map[string]string{"url": shop.URL, "user": "kept@example.org", "password": testPassword}
		c := opened(t, o, connectors.Env{Store: kept})
		if _, err := c.Pull(ctx, connectors.Contact, ""); err != nil || len(kept) != 1 {
			t.Fatalf("Pull: %v, %d tokens kept", err, len(kept))
		}
		for name := range kept {
			kept[name] = `{"access":"` + strings.Repeat("0", 64) + `"}`
		}
		if _, err := opened(t, o, connectors.Env{Store: kept}).Push(ctx, creating(person(78))); err != nil {
			t.Errorf("Push with a session that ended: %v", err)
		}
	})
}

// realOrders: what is ordered, and by whom, is told as the shop has it.
func realOrders(t *testing.T, shop *servers.Vendure, c *connection) {
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(shop.DeleteCustomers(ctx))
	jana, err := shop.AddCustomer(ctx, servers.VendureCustomer{First: "Jana", Last: "Köhler", Email: "Jana.Koehler@sternwarte.example", Phone: "+49 451 901820"})
	must(err)
	_, code, err := shop.AddOrder(ctx, jana, true, map[string]int{"SKU-0": 2, "SKU-1": 1})
	must(err)
	cart, _, err := shop.AddOrder(ctx, jana, false, map[string]int{"SKU-0": 1})
	must(err)
	guest, err := shop.Guest(ctx, servers.VendureCustomer{First: "伟", Last: "李", Email: "Li.Wei@observatory.example"},
		servers.VendureAddress{Street: "路 3", City: "上海", Postcode: "200000", Country: "CN", Phone: "+86 139 1234 5678"})
	must(err)
	must(shop.Ask(ctx, `mutation { createDraftOrder { id } }`, nil, nil))
	w := &world{tb: t}
	people, _ := w.pull(c, connectors.Contact, "")
	orders, _ := w.pull(c, connectors.Order, "")
	var of, byGuest *connectors.OrderData
	for id, r := range orders {
		switch {
		case r.Order.Number == code:
			of = r.Order
		case r.Order.Number == guest:
			byGuest = r.Order
		case id == cart:
			t.Errorf("a cart was told as an order")
		}
	}
	if of == nil || of.Party != jana || of.State != connectors.OrderPaid || of.Total != 2*1297+1416+500 || !of.Counts || len(of.Lines) != 2 || of.Paid.IsZero() {
		t.Errorf("the order is %+v", of)
	}
	if byGuest == nil || byGuest.State != connectors.OrderPending || first(people[byGuest.Party], connectors.FieldEmail) != "li.wei@observatory.example" ||
		first(people[byGuest.Party], connectors.FieldPhone) != "+86 139 1234 5678" {
		t.Errorf("the guest's order is %+v, of %+v", byGuest, people)
	}
	live := w.census(c, connectors.Order)
	for id, r := range orders {
		if live[id] != r.Version {
			t.Errorf("order %s has version %q in the pull and %q in the census", id, r.Version, live[id])
		}
	}
	if len(live) != len(orders) {
		t.Errorf("%d orders were told and %d counted", len(orders), len(live))
	}
	// a refund moves no time, and is counted all the same
	var id string
	for oid, r := range orders {
		if r.Order == of {
			id = oid
		}
	}
	var paid struct {
		Order struct {
			UpdatedAt string
			Payments  []struct{ ID string }
		}
	}
	must(shop.Ask(ctx, `query($o: ID!) { order(id: $o) { updatedAt payments { id } } }`, map[string]any{"o": id}, &paid))
	before := paid.Order.UpdatedAt
	var refunded struct{ RefundOrder struct{ ID string } }
	must(shop.Ask(ctx, `mutation($p: ID!) { refundOrder(input: {paymentId: $p, amount: 500, reason: "scratched", lines: [], shipping: 0, adjustment: 0}) { ... on Refund { id } ... on ErrorResult { errorCode message } } }`,
		map[string]any{"p": paid.Order.Payments[0].ID}, &refunded))
	must(shop.Ask(ctx, `mutation($r: ID!) { settleRefund(input: {id: $r, transactionId: "r"}) { ... on Refund { id } ... on ErrorResult { errorCode message } } }`, map[string]any{"r": refunded.RefundOrder.ID}, nil))
	must(shop.Ask(ctx, `query($o: ID!) { order(id: $o) { updatedAt payments { id } } }`, map[string]any{"o": id}, &paid))
	if paid.Order.UpdatedAt != before {
		t.Errorf("a refund moves the time of an order by now: %s, %s", before, paid.Order.UpdatedAt)
	}
	if v := w.census(c, connectors.Order)[id]; v == live[id] {
		t.Errorf("the census does not see a refund")
	}
	got, err := c.Fetch(ctx, connectors.Order, []string{id})
	if err != nil || len(got) != 1 || got[0].Order.Refunded != 500 || len(got[0].Order.Refunds) != 1 || got[0].Order.Refunds[0].Reason != "scratched" {
		t.Errorf("the refunded order is %+v, %v", got, err)
	}
}

// realTimes: the facts that this connector is built on still hold at a real shop.
func realTimes(t *testing.T, shop *servers.Vendure, c *connection) {
	ctx := t.Context()
	id, err := shop.AddCustomer(ctx, servers.VendureCustomer{First: "A", Last: "B", Email: "times@example.org",
		Addresses: []servers.VendureAddress{{Street: "Weg 1", City: "Kiel", Country: "DE", Billing: true}, {Street: "Rua 2", City: "Porto", Country: "PT", Shipping: true, Company: "Loja"}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := shop.AddGroup(ctx, "Großhandel", id); err != nil {
		t.Fatal(err)
	}
	w := &world{tb: t}
	now := reading(w, c, id)
	was := now.Version
	if first(now, connectors.FieldTag) != "Großhandel" {
		t.Errorf("the group is told as %+v", values(now, connectors.FieldTag))
	}
	there, err := shop.Customer(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	if err := shop.AddAddress(ctx, id, servers.VendureAddress{Street: "路 3", City: "上海", Country: "CN"}); err != nil {
		t.Fatal(err)
	}
	if after, err := shop.Customer(ctx, id); err != nil || after["updatedAt"] != there["updatedAt"] {
		t.Errorf("an address moves the customer's time by now: %v", err)
	}
	if v := w.census(c, connectors.Contact)[id]; v == was {
		t.Errorf("the census does not see a new address")
	}
	_, err = c.Push(ctx, changing(now, connectors.FieldGiven, say("x")))
	w.fails("Push over a new address", err, connectors.Conflict, "changed at the shop")
	now = reading(w, c, id)
	want := []connectors.Value{at(billing, "Rua 2", "Porto", "PT"), at("", "路 9", "上海", "CN")}
	got := w.push(c, changing(now, connectors.FieldAddress, want...))
	have := values(got, connectors.FieldAddress)
	if len(have) != 2 || have[0].Label != billing || have[0].Text != want[0].Text || have[1].Text != want[1].Text || first(got, connectors.FieldCompany) != "Loja" {
		t.Errorf("the addresses are %+v", got.Fields)
	}
	if r := reading(w, c, id); r.Version != got.Version {
		t.Errorf("version %q was pushed and %q is told", got.Version, r.Version)
	}
}

// A shop that is killed and comes back has lost nothing, and neither has who was reading it.
func TestRealShopIsKilled(t *testing.T) {
	shop := servers.Need(t, servers.StartVendureKept)
	ctx := t.Context()
	for i := range 5 {
		if _, err := (behind{t, shop}).Put(connectors.Contact, "", person(i), time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	c := opened(t, map[string]string{"url": shop.URL, "user": shop.User, "password": shop.Password, "page": "2"},
		connectors.Env{Store: store{}, Sleep: func(context.Context, time.Duration) error { return nil }})
	page, err := c.Pull(ctx, connectors.Contact, "")
	if err != nil || !page.More {
		t.Fatalf("Pull: %v, more: %v", err, page.More)
	}
	if err := shop.Kill(); err != nil {
		t.Fatal(err)
	}
	w := &world{tb: t}
	_, err = c.Pull(ctx, connectors.Contact, page.Next)
	w.fails("Pull of a killed shop", err, connectors.Transient, "nothing answers")
	restart, cancel := context.WithTimeout(ctx, 4*time.Minute)
	defer cancel()
	if err := shop.Restart(restart); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = shop.Stop() })
	rest, _ := w.pull(c, connectors.Contact, page.Next)
	for _, ch := range page.Changes {
		rest[ch.Record.ID] = ch.Record
	}
	if len(rest) != 5 {
		t.Errorf("%d of 5 customers were told", len(rest))
	}
	for _, r := range rest {
		w.push(c, changing(r, connectors.FieldGiven, say("after")))
		break
	}
}
