package csv

import (
	"strings"

	"github.com/keptcrm/kept/connectors"
)

var shopifyCustomers = &layout{
	name: "shopify_customers", kind: connectors.Contact, decimal: '.', utc: true,
	needs: []string{"first name", "last name", "email", "total spent", "total orders"},
	oneOf: []string{"accepts email marketing", "accepts marketing"},
	columns: map[string]string{
		"customer id": "id",
		"first name":  "given", "last name": "family", "email": "email", "phone": "phone",
		"accepts email marketing": "consent.email", "accepts marketing": "consent.email", "accepts sms marketing": "consent.sms",
		"company": "company", "address1": "address.street:home", "address2": "address.street2:home", "city": "address.city:home",
		"province": "-", "province code": "address.region:home", "country": "-", "country code": "address.country:home", "zip": "address.postcode:home",
		"default address company": "company", "default address address1": "address.street:home", "default address address2": "address.street2:home",
		"default address city": "address.city:home", "default address province code": "address.region:home",
		"default address country code": "address.country:home", "default address zip": "address.postcode:home", "default address phone": "phone:address",
		"total spent": "custom.total_spent", "total orders": "custom.total_orders", "note": "note", "tags": "tag", "tax exempt": "custom.tax_exempt",
	},
	column: func(name string) string {
		// "Birth date (customer.metafields.facts.birth_date)"
		if i := strings.Index(name, "(customer.metafields."); i > 0 {
			return "custom." + slug(name[:i])
		}
		return ""
	},
}

var shopifyOrders = &layout{
	name: "shopify_orders", kind: connectors.Order, decimal: '.', utc: true,
	needs: []string{"name", "email", "financial status", "total", "created at", "lineitem quantity", "lineitem name"},
	columns: func() map[string]string {
		m := map[string]string{
			"name": "order.number", "id": "order.id", "email": "email", "phone": "phone",
			"financial status": "order.status", "fulfillment status": "order.fulfilment", "paid at": "order.paid_at",
			"fulfilled at": "order.shipped_at", "fulfillment date": "order.shipped_at", "created at": "order.at",
			"cancelled at": "order.cancelled_at", "canceled at": "order.cancelled_at",
			"accepts marketing": "consent.email", "currency": "order.currency", "total": "order.total", "refunded amount": "order.refunded",
			"payment method": "order.method", "notes": "order.note", "tags": "tag",
			"lineitem quantity": "line.quantity", "lineitem name": "line.name", "lineitem price": "line.price", "lineitem sku": "line.sku",
			"billing name": "name", "shipping name": "name:shipping", "billing company": "company", "shipping company": "company",
			"billing phone": "phone:billing", "shipping phone": "phone:shipping",
			"billing province name": "-", "shipping province name": "-",
			"lineitem compare at price": "-", "lineitem compare-at price": "-", "lineitem requires shipping": "-", "lineitem taxable": "-",
			"lineitem fulfillment status": "-", "lineitem discount": "-", "device id": "-",
		}
		for _, side := range []string{"billing", "shipping"} {
			addressColumns(m, side+" ", "", side, map[string]string{
				"address1": "street", "address2": "street2", "city": "city", "zip": "postcode", "province": "region", "country": "country",
			})
			m[side+" street"] = "-" // Address1 and Address2 in one
		}
		return m
	}(),
	order: func(d *orderDraft) {
		o := d.order
		financial := strings.ToLower(strings.ReplaceAll(d.first("order.status"), " ", "_"))
		fulfilment := strings.ToLower(d.first("order.fulfilment"))
		o.Status = joinStatus(d.first("order.status"), d.first("order.fulfilment"))
		// "(for testing) Bogus Gateway" is the shop's own test payment.
		o.Test = strings.Contains(strings.ToLower(d.first("order.method")), "bogus")
		d.setRefunded(d.money("order.refunded"))
		switch financial {
		case "paid", "partially_refunded", "partially_paid":
			o.State = connectors.OrderPaid
			if fulfilment == "fulfilled" || fulfilment == "shipped" {
				o.State = connectors.OrderShipped
			}
		case "refunded":
			o.State = connectors.OrderRefunded
			if o.Refunded == 0 {
				d.setRefunded(o.Total)
			}
		case "voided":
			o.State = connectors.OrderCancelled
		case "expired":
			o.State = connectors.OrderFailed
		default: // pending, authorized, and an empty cell
			o.State = connectors.OrderPending
		}
		if d.first("order.cancelled_at") != "" {
			o.State = connectors.OrderCancelled
		}
		// The admin's sales count an order from the day it is placed, paid or not.
		o.Counts = !o.Test && o.State != connectors.OrderCancelled && o.State != connectors.OrderFailed
	},
}

func joinStatus(parts ...string) string {
	var told []string
	for _, p := range parts {
		if p != "" {
			told = append(told, p)
		}
	}
	return strings.Join(told, " / ")
}
