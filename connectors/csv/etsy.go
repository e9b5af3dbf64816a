package csv

import (
	"strconv"
	"strings"

	"github.com/keptcrm/kept/connectors"
)

// Shop Manager > Settings > Options > Download Data > Orders. One row per order; no e-mail.
var etsySoldOrders = &layout{
	name: "etsy_sold_orders", kind: connectors.Order, decimal: '.', dates: monthFirst,
	needs: []string{"sale date", "order id", "order total", "order net"},
	oneOf: []string{"buyer user id", "buyer", "full name"},
	columns: map[string]string{
		"sale date": "order.at", "order id": "order.number", "buyer user id": "buyer", "full name": "name", "first name": "given", "last name": "family",
		"number of items": "order.items", "payment method": "order.method", "date shipped": "order.shipped_at",
		"street 1": "address.street:shipping", "street 2": "address.street2:shipping", "ship city": "address.city:shipping",
		"ship state": "address.region:shipping", "ship zipcode": "address.postcode:shipping", "ship country": "address.country:shipping",
		"currency": "order.currency", "order value": "order.value", "order total": "order.total", "adjusted order total": "order.adjusted",
		"order net": "custom.order_net", "status": "order.status", "buyer": "handle:etsy", "sku": "order.skus",
	},
	order: func(d *orderDraft) {
		o := d.order
		o.Status = d.first("order.status")
		o.State = connectors.OrderPaid
		if !o.Shipped.IsZero() {
			o.State = connectors.OrderShipped
		}
		// The adjusted total is what is left after refunds; the column says 0 or nothing where
		// there were none.
		if left, told := d.moneyTold("order.adjusted"); told && left > 0 && left < o.Total {
			d.setRefunded(o.Total - left)
		}
		switch status := fold(o.Status); {
		case strings.Contains(status, "cancel"), strings.Contains(status, "stornier"):
			o.State = connectors.OrderCancelled
		case strings.Contains(status, "partial"):
		case strings.Contains(status, "refund"):
			o.State = connectors.OrderRefunded
			if o.Refunded == 0 {
				d.setRefunded(o.Total)
			}
		}
		o.Counts = o.State != connectors.OrderCancelled
		if o.Paid.IsZero() && o.Counts {
			o.Paid = o.At // an Etsy order is sold when it is paid
		}
		etsyLines(d)
	},
}

// etsyLines makes lines of the SKU cell, which names all of an order without prices.
func etsyLines(d *orderDraft) {
	skus := splitTags(d.first("order.skus"), ',')
	items, _ := strconv.ParseInt(strings.TrimSpace(d.first("order.items")), 10, 32)
	switch {
	case len(skus) == 0:
	case len(skus) == 1:
		line := connectors.OrderLine{SKU: skus[0], Quantity: max(items, 1)}
		if value, told := d.moneyTold("order.value"); told && value%line.Quantity == 0 {
			line.Price = value / line.Quantity
		}
		d.order.Lines = append(d.order.Lines, line)
	default:
		quantity := int64(0) // how many of which is not told
		if int64(len(skus)) == items {
			quantity = 1
		}
		for _, s := range skus {
			d.order.Lines = append(d.order.Lines, connectors.OrderLine{SKU: s, Quantity: quantity})
		}
	}
}
