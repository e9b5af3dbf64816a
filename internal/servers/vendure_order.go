package servers

import (
	"context"
	"strings"
)

// AddOrder places an order of a customer, so many of each SKU, sent to an address in Germany. Where
// it is not paid it stays a cart, which is no order yet. It gives the order's id and code.
func (v *Vendure) AddOrder(ctx context.Context, customer string, paid bool, items map[string]int) (id, code string, err error) {
	const refused = ` { __typename ... on ErrorResult { errorCode message } } }`
	do := func(query string, variables map[string]any, into any) {
		if err == nil {
			err = v.Ask(ctx, query, variables, into)
		}
	}
	var draft struct{ CreateDraftOrder struct{ ID, Code string } }
	var sold struct {
		ProductVariants struct{ Items []struct{ ID, SKU string } }
	}
	var method struct {
		EligibleShippingMethodsForDraftOrder []struct{ ID string }
	}
	do(`mutation { createDraftOrder { id code } }`, nil, &draft)
	id, code = draft.CreateDraftOrder.ID, draft.CreateDraftOrder.Code
	do(`query { productVariants { items { id sku } } }`, nil, &sold)
	do(`mutation($o: ID!, $c: ID!) { setCustomerForDraftOrder(orderId: $o, customerId: $c)`+refused, map[string]any{"o": id, "c": customer}, nil)
	for _, x := range sold.ProductVariants.Items {
		if n := items[x.SKU]; n > 0 {
			do(`mutation($o: ID!, $v: ID!, $n: Int!) { addItemToDraftOrder(orderId: $o, input: {productVariantId: $v, quantity: $n})`+refused, map[string]any{"o": id, "v": x.ID, "n": n}, nil)
		}
	}
	do(`mutation($o: ID!) { setDraftOrderShippingAddress(orderId: $o, input: {fullName: "", streetLine1: "Weg 1", city: "Lübeck", postalCode: "23552", countryCode: "DE"}) { id } }`,
		map[string]any{"o": id}, nil)
	do(`query($o: ID!) { eligibleShippingMethodsForDraftOrder(orderId: $o) { id } }`, map[string]any{"o": id}, &method)
	if all := method.EligibleShippingMethodsForDraftOrder; len(all) > 0 {
		do(`mutation($o: ID!, $m: ID!) { setDraftOrderShippingMethod(orderId: $o, shippingMethodId: $m)`+refused, map[string]any{"o": id, "m": all[0].ID}, nil)
	}
	do(`mutation($o: ID!) { transitionOrderToState(id: $o, state: "ArrangingPayment")`+refused, map[string]any{"o": id}, nil)
	if paid {
		do(`mutation($o: ID!) { addManualPaymentToOrder(input: {orderId: $o, method: "manual", transactionId: "t", metadata: {}})`+refused, map[string]any{"o": id}, nil)
	}
	return id, code, err
}

// Guest places an order as somebody without an account does, through the Shop API: the customer
// exists only through it. The payment is authorized and not taken yet. It gives the order's code.
func (v *Vendure) Guest(ctx context.Context, c VendureCustomer, a VendureAddress) (code string, err error) {
	url := strings.TrimSuffix(v.URL, "admin-api") + "shop-api"
	refused := ` { __typename ... on ErrorResult { errorCode message } } }`
	token := ""
	do := func(query string, variables map[string]any, into any) {
		if err != nil {
			return
		}
		header, e := v.send(ctx, url, token, query, variables, into)
		if err = e; header.Get("vendure-auth-token") != "" {
			token = header.Get("vendure-auth-token")
		}
	}
	var method struct{ EligibleShippingMethods []struct{ ID string } }
	var placed struct{ AddPaymentToOrder struct{ Code string } }
	do(`mutation { addItemToOrder(productVariantId: "1", quantity: 1)`+refused, nil, nil)
	do(`mutation($i: CreateCustomerInput!) { setCustomerForOrder(input: $i)`+refused,
		map[string]any{"i": map[string]any{"firstName": c.First, "lastName": c.Last, "emailAddress": c.Email}}, nil)
	in := a.input()
	delete(in, "defaultBillingAddress")
	delete(in, "defaultShippingAddress")
	do(`mutation($i: CreateAddressInput!) { setOrderShippingAddress(input: $i)`+refused, map[string]any{"i": in}, nil)
	do(`query { eligibleShippingMethods { id } }`, nil, &method)
	if err == nil && len(method.EligibleShippingMethods) > 0 {
		do(`mutation($m: [ID!]!) { setOrderShippingMethod(shippingMethodId: $m)`+refused, map[string]any{"m": []string{method.EligibleShippingMethods[0].ID}}, nil)
	}
	do(`mutation { transitionOrderToState(state: "ArrangingPayment")`+refused, nil, nil)
	do(`mutation { addPaymentToOrder(input: {method: "invoice", metadata: {}}) { __typename ... on Order { code } ... on ErrorResult { errorCode message } } }`, nil, &placed)
	return placed.AddPaymentToOrder.Code, err
}
