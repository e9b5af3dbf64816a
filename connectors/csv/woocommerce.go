package csv

import (
	"strings"

	"github.com/keptcrm/kept/connectors"
)

// Analytics > Customers > Download.
var woocommerceCustomersAnalytics = &layout{
	name: "woocommerce_customers", kind: connectors.Contact,
	needs: []string{"name", "username", "email", "orders", "aov"},
	columns: map[string]string{
		"name": "name", "username": "custom.username", "last active": "custom.last_active", "date registered": "created", "sign up": "created",
		"email": "email", "orders": "custom.orders", "total spend": "custom.total_spend", "aov": "custom.average_order",
		"country / region": "address.country:billing", "country": "address.country:billing", "city": "address.city:billing",
		"region": "address.region:billing", "postal code": "address.postcode:billing",
	},
}

var wooParts = map[string]string{
	"address_1": "street", "address_2": "street2", "city": "city", "state": "region", "state_code": "-", "postcode": "postcode", "country": "country",
}

// secretColumns are what no customer base should hold: password hashes and card numbers.
var secretColumns = map[string]string{
	"user_pass": "-", "password": "-", "user_activation_key": "-", "session_tokens": "-", "card number": "-", "card fingerprint": "-",
}

func wooPeople() map[string]string {
	m := map[string]string{
		"billing_first_name": "given", "billing_last_name": "family", "billing_full_name": "name", "billing_company": "company",
		"billing_email": "email", "billing_phone": "phone", "shipping_first_name": "given:shipping", "shipping_last_name": "family:shipping",
		"shipping_full_name": "name:shipping", "shipping_company": "company", "shipping_phone": "phone:shipping", "shipping_email": "email",
	}
	addressColumns(m, "billing_", "", "billing", wooParts)
	addressColumns(m, "shipping_", "", "shipping", wooParts)
	m["billing_state_code"], m["shipping_state_code"] = "-", "-"
	return m
}

// The customer exports of the "Customer/Order/Coupon Export" kind of plug-in.
var woocommerceCustomersPlugin = &layout{
	name: "woocommerce_customers", kind: connectors.Contact, decimal: '.', tags: ',',
	needs:   []string{"billing_first_name", "billing_postcode"},
	oneOf:   []string{"user_email", "user_login", "date_registered", "user_registered", "total_spent", "email"},
	without: []string{"order_id", "order_number", "order_total", "order_status"},
	columns: merge(wooPeople(), secretColumns, map[string]string{
		"customer_id": "id", "user_id": "id", "id": "id", "first_name": "given", "last_name": "family", "email": "email", "user_email": "email",
		"user_login": "custom.username", "username": "custom.username", "user_nicename": "-", "display_name": "-", "nickname": "nickname",
		"user_url": "url", "date_registered": "created", "user_registered": "created", "last_update": "-",
		"billing_first_name": "given:billing", "billing_last_name": "family:billing",
		"role": "custom.role", "roles": "custom.role", "total_spent": "custom.total_spent", "order_count": "custom.total_orders", "orders_count": "custom.total_orders",
	}),
}

// Analytics > Orders > Download. It has one row per order and tells net sales alone, without tax
// and shipping; rows with a negative amount are refunds.
var woocommerceOrdersAnalytics = &layout{
	name: "woocommerce_orders", kind: connectors.Order,
	needs: []string{"date", "order #", "status", "customer", "customer type"},
	columns: map[string]string{
		"date": "order.at", "order #": "order.number", "status": "order.status", "customer": "name", "customer type": "custom.customer_type",
		"product(s)": "order.lines", "items sold": "custom.items_sold", "coupon(s)": "custom.coupons",
		"n. revenue (formatted)": "order.net", "net sales": "order.total", "n. revenue": "order.total", "net revenue": "order.total",
		"attribution": "custom.attribution", "origin": "custom.attribution",
	},
	order: judgeWoo,
}

// Order exports with spelled-out columns, one row per item ("Advanced Order Export" and its like).
var woocommerceOrdersColumns = &layout{
	name: "woocommerce_orders", kind: connectors.Order,
	needs: []string{"order number", "order status", "order date"},
	oneOf: []string{"email (billing)", "last name (billing)", "order total amount", "order total"},
	columns: func() map[string]string {
		m := map[string]string{
			"order number": "order.number", "order id": "order.id", "order status": "order.status", "order date": "order.at", "paid date": "order.paid_at",
			"completed date": "order.shipped_at", "customer note": "order.note",
			"first name (billing)": "given", "last name (billing)": "family", "full name (billing)": "name", "company (billing)": "company",
			"email (billing)": "email", "phone (billing)": "phone",
			"first name (shipping)": "given:shipping", "last name (shipping)": "family:shipping", "full name (shipping)": "name:shipping",
			"company (shipping)": "company", "phone (shipping)": "phone:shipping",
			"payment method title": "order.method", "payment method": "order.method", "order currency": "order.currency", "currency": "order.currency",
			"order total amount": "order.total", "order total": "order.total", "order refund amount": "order.refunded", "refund amount": "order.refunded",
			"sku": "line.sku", "item #": "-", "item name": "line.name", "product name": "line.name", "quantity": "line.quantity", "quantity (- refund)": "line.quantity",
			"item cost": "line.price",
		}
		for _, side := range []string{"billing", "shipping"} {
			addressColumns(m, "", " ("+side+")", side, map[string]string{
				"address 1&2": "street", "address 1": "street", "address 2": "street2", "city": "city", "state code": "region",
				"postcode": "postcode", "country code": "country",
			})
			m["state name ("+side+")"], m["country name ("+side+")"] = "-", "-"
		}
		return m
	}(),
	order: judgeWoo,
}

// Order exports whose columns are the shop's own keys.
var woocommerceOrdersKeys = &layout{
	name: "woocommerce_orders", kind: connectors.Order, decimal: '.',
	needs: []string{"order_total"},
	oneOf: []string{"billing_email", "billing_last_name", "customer_email", "billing_first_name"},
	columns: merge(wooPeople(), secretColumns, map[string]string{
		"order_id": "order.id", "order_number": "order.number", "order_number_formatted": "-", "date": "order.at", "order_date": "order.at",
		"date_created": "order.at", "paid_date": "order.paid_at", "date_paid": "order.paid_at", "completed_date": "order.shipped_at",
		"date_completed": "order.shipped_at", "status": "order.status", "order_status": "order.status",
		"order_total": "order.total", "refunded_total": "order.refunded", "total_refunded": "order.refunded", "order_currency": "order.currency", "currency": "order.currency",
		"payment_method": "-", "payment_method_title": "order.method", "customer_note": "order.note", "customer_email": "email",
		"item_name": "line.name", "item_sku": "line.sku", "item_quantity": "line.quantity", "item_price": "line.price", "item_total": "line.total",
		"line_items": "order.lines", "customer_ip_address": "-", "customer_user_agent": "-", "order_key": "-", "download_permissions": "-",
	}),
	order: judgeWoo,
}

var wooStatus = map[string]string{
	"pending payment": "pending", "zahlung ausstehend": "pending", "en attente de paiement": "pending", "pendiente de pago": "pending", "等待付款": "pending",
	"in bearbeitung": "processing", "en cours": "processing", "procesando": "processing", "正在处理": "processing",
	"on hold": "on-hold", "in wartestellung": "on-hold", "en attente": "on-hold", "en espera": "on-hold", "保留": "on-hold",
	"abgeschlossen": "completed", "fertiggestellt": "completed", "terminée": "completed", "completado": "completed", "已完成": "completed",
	"canceled": "cancelled", "storniert": "cancelled", "annulée": "cancelled", "cancelado": "cancelled", "已取消": "cancelled",
	"rückerstattet": "refunded", "remboursée": "refunded", "reembolsado": "refunded", "已退款": "refunded",
	"fehlgeschlagen": "failed", "échouée": "failed", "fallido": "failed", "失败": "failed", "draft": "checkout-draft", "entwurf": "checkout-draft",
}

// judgeWoo follows Analytics: all orders count but those pending, failed, cancelled, drafts and
// those in the trash; on-hold and a shop's own statuses count.
func judgeWoo(d *orderDraft) {
	o := d.order
	o.Status = d.first("order.status")
	status := strings.TrimPrefix(fold(o.Status), "wc-")
	if s, ok := wooStatus[status]; ok {
		status = s
	}
	d.setRefunded(d.money("order.refunded"))
	d.addNegativeTotals()
	o.Counts = true
	switch status {
	case "completed":
		o.State = connectors.OrderShipped
	case "refunded":
		o.State = connectors.OrderRefunded
		if o.Refunded == 0 {
			d.setRefunded(o.Total)
		}
	case "on-hold":
		o.State = connectors.OrderPending
	case "pending", "checkout-draft", "auto-draft":
		o.State, o.Counts = connectors.OrderPending, false
	case "cancelled", "trash":
		o.State, o.Counts = connectors.OrderCancelled, false
	case "failed":
		o.State, o.Counts = connectors.OrderFailed, false
	default:
		o.State = connectors.OrderPaid
	}
}
