package woocommerce

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keptcrm/kept/connectors"
)

// FakeOrder is what a test says of an order.
type FakeOrder struct {
	Status, Currency, Total, Note, Method string
	Customer                              int64
	Billing, Shipping                     map[string]string
	Lines                                 []FakeLine
	Refunds                               []FakeRefund
	Coupons                               []string
	Created, Modified                     time.Time // zero: now
}

// FakeLine is a line of an order; Total is what WooCommerce keeps, a decimal number.
type FakeLine struct {
	Name, SKU, Total string
	Quantity         float64
}

// FakeRefund is a refund of an order.
type FakeRefund struct {
	Amount, Reason string
	At             time.Time
}

type fakeOrder struct {
	FakeOrder
	id       int64
	status   string
	modified time.Time
	refunds  []int64 // their IDs
}

var fakeStatuses = []string{"auto-draft", "pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed", "checkout-draft", "shipped"}

// Order makes an order (id 0) or changes one, and gives its ID. An order that is paid moves its
// customer's time of change.
func (f *Fake) Order(id int64, o FakeOrder) int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.order(id, o)
}

func (f *Fake) order(id int64, o FakeOrder) int64 {
	old := f.orders[id]
	if old == nil {
		old = &fakeOrder{id: f.newID()}
		f.orders[old.id] = old
		if o.Created.IsZero() {
			o.Created = f.now()
		}
	} else if o.Created.IsZero() {
		o.Created = old.Created
	}
	if o.Modified.IsZero() {
		o.Modified = f.now()
	}
	o.Status, o.Currency, o.Total = cmp.Or(o.Status, "processing"), cmp.Or(o.Currency, "EUR"), cmp.Or(o.Total, "0.00")
	old.FakeOrder, old.status, old.modified = o, o.Status, o.Modified.UTC().Truncate(time.Second)
	old.refunds = nil
	for range o.Refunds {
		old.refunds = append(old.refunds, f.newID())
	}
	if u := f.users[o.Customer]; u != nil && (o.Status == "processing" || o.Status == "completed") {
		u.modified, u.paying = f.now(), true
	}
	return old.id
}

// putOrder is Put for orders.
func (f *Fake) putOrder(id int64, r connectors.Record, at time.Time) string {
	o := FakeOrder{Modified: at, Total: "10.90", Billing: map[string]string{"first_name": "Jana", "email": fmt.Sprintf("guest%d@example.org", f.next)}}
	if old := f.orders[id]; old != nil {
		o = old.FakeOrder
		o.Modified = at
	} else {
		o.Created = at
	}
	o.Method = textOf(r, fieldMethod)
	o.Coupons = nil
	for _, v := range valuesOf(r, fieldCoupons) {
		o.Coupons = append(o.Coupons, v.Text)
	}
	return strconv.FormatInt(f.order(id, o), 10)
}

func (f *Fake) orderJSON(o *fakeOrder) any {
	block := func(m map[string]string, members []string) map[string]any {
		out := map[string]any{}
		for _, k := range members {
			out[k] = m[k]
		}
		return out
	}
	lines, refunds, coupons := []any{}, []any{}, []any{}
	for i, l := range o.Lines {
		total, err := strconv.ParseFloat(l.Total, 64)
		if err != nil {
			total = 0
		}
		lines = append(lines, map[string]any{"id": i + 1, "name": l.Name, "product_id": 10, "variation_id": 0, "quantity": l.Quantity, "subtotal": l.Total, "total": l.Total,
			"sku": l.SKU, "price": total / l.Quantity}) // a float, with a float's tail
	}
	for i, r := range o.Refunds {
		refunds = append(refunds, map[string]any{"id": o.refunds[i], "reason": r.Reason, "total": "-" + r.Amount})
	}
	for i, c := range o.Coupons {
		coupons = append(coupons, map[string]any{"id": i + 1, "code": c, "discount": "1.00"})
	}
	var paid, completed any
	if o.status == "processing" || o.status == "completed" || o.status == "refunded" || o.status == "shipped" {
		paid = gmt(o.Created)
	}
	if o.status == "completed" {
		completed = gmt(o.modified)
	}
	return map[string]any{
		"id": o.id, "number": strconv.FormatInt(o.id, 10), "status": o.status, "currency": o.Currency, "date_created": f.local(o.Created), "date_created_gmt": gmt(o.Created),
		"date_modified": f.local(o.modified), "date_modified_gmt": gmt(o.modified), "total": o.Total, "discount_total": "0.00", "shipping_total": "0.00", "total_tax": "0.00",
		"customer_id": o.Customer, "customer_note": o.Note, "billing": block(o.Billing, billingMembers), "shipping": block(o.Shipping, shippingMembers),
		"payment_method": "bacs", "payment_method_title": o.Method, "transaction_id": "", "date_paid_gmt": paid, "date_completed_gmt": completed, "line_items": lines,
		"tax_lines": []any{}, "shipping_lines": []any{}, "fee_lines": []any{}, "coupon_lines": coupons, "refunds": refunds, "currency_symbol": "€", "meta_data": []any{},
	}
}

// after reads a date of a filter. What has no zone is the shop's own time, unless dates_are_gmt says
// otherwise; both together mean nothing, and filter nothing.
func (f *Fake) after(w http.ResponseWriter, q url.Values, name string) (t time.Time, set, ok bool) {
	s := q.Get(name)
	if s == "" {
		return t, false, true
	}
	zoned := strings.HasSuffix(s, "Z")
	t, err := time.Parse("2006-01-02T15:04:05", strings.TrimSuffix(s, "Z"))
	if err != nil {
		f.refuse(w, 400, "rest_invalid_param", "Invalid parameter(s): "+name, map[string]any{"params": map[string]string{name: "Invalid date."},
			"details": map[string]any{name: map[string]any{"code": "rest_invalid_date"}}})
		return t, false, false
	}
	switch gmt := q.Get("dates_are_gmt") == "true"; {
	case zoned && gmt:
		return t, false, true
	case !zoned && !gmt && f.Zone != nil:
		t = time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, f.Zone)
	}
	return t, true, true
}

// listOrders gives orders, without those in the trash unless these are asked for. Those of one second
// come in another order each time.
func (f *Fake) listOrders(w http.ResponseWriter, q url.Values) {
	perPage, offset, ok := f.paging(w, q, "date", "id", "include", "title", "slug", "modified")
	if !ok {
		return
	}
	var bounds [4]time.Time
	var set [4]bool
	for i, name := range []string{"modified_after", "modified_before", "after", "before"} {
		if bounds[i], set[i], ok = f.after(w, q, name); !ok {
			return
		}
	}
	statuses := strings.Split(cmp.Or(q.Get("status"), "any"), ",")
	for _, s := range statuses {
		if s != "any" && s != "trash" && !slices.Contains(fakeStatuses, s) {
			f.refuse(w, 400, "rest_invalid_param", "Invalid parameter(s): status", map[string]any{"params": map[string]string{"status": "status[0] is not one of any, trash."},
				"details": map[string]any{"status": map[string]any{"code": "rest_not_in_enum"}}})
			return
		}
	}
	ids, given := included(q)
	var all []*fakeOrder
	for _, o := range f.orders {
		switch {
		case given && !slices.Contains(ids, o.id), q.Get("customer") != "" && q.Get("customer") != strconv.FormatInt(o.Customer, 10):
		case slices.Contains(statuses, "any") && o.status == "trash", !slices.Contains(statuses, "any") && !slices.Contains(statuses, o.status):
		case set[0] && !o.modified.After(bounds[0]), set[1] && !o.modified.Before(bounds[1]):
		case set[2] && !o.Created.After(bounds[2]), set[3] && !o.Created.Before(bounds[3]):
		default:
			all = append(all, o)
		}
	}
	salt := int64(f.asked)
	slices.SortFunc(all, func(a, b *fakeOrder) int {
		switch q.Get("orderby") {
		case "id", "include":
			return cmp.Compare(a.id, b.id)
		case "modified":
			return cmp.Or(a.modified.Compare(b.modified), cmp.Compare(a.id*7919%(97+salt), b.id*7919%(97+salt)), cmp.Compare(a.id, b.id))
		}
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.id, b.id))
	})
	if q.Get("order") != "asc" {
		slices.Reverse(all)
	}
	var out []any
	for _, o := range all {
		out = append(out, f.orderJSON(o))
	}
	if f.old() && offset >= len(out) { // behind the end the posts of WordPress are not counted
		out = nil
	}
	f.page(w, q, out, perPage, offset)
}

func (f *Fake) oneOrder(id int64) result {
	o := f.orders[id]
	if o == nil {
		return refusing(404, "woocommerce_rest_shop_order_invalid_id", "Invalid ID.")
	}
	return result{status: 200, value: f.orderJSON(o)}
}

func (f *Fake) listRefunds(w http.ResponseWriter, q url.Values, id int64) {
	perPage, offset, ok := f.paging(w, q, "date", "id", "include", "title", "slug", "modified")
	if !ok {
		return
	}
	o := f.orders[id]
	if o == nil {
		f.refuse(w, 404, "woocommerce_rest_invalid_order_id", "Invalid order ID.", nil)
		return
	}
	var out []any
	for i, r := range o.Refunds {
		out = append(out, map[string]any{"id": o.refunds[i], "date_created": f.local(r.At), "date_created_gmt": gmt(r.At), "amount": r.Amount, "reason": r.Reason,
			"refunded_by": 1, "refunded_payment": false, "meta_data": []any{}, "line_items": []any{}})
	}
	if q.Get("order") != "asc" {
		slices.Reverse(out)
	}
	f.page(w, q, out, perPage, offset)
}

// Hook gives the webhook that the shop would send now. Its Delivery-ID is that of the webhook and the
// second: two deliveries of one second share it.
func (f *Fake) Hook(kind connectors.Kind, id string, gone bool) (map[string][]string, []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, _ := strconv.ParseInt(id, 10, 64)
	resource, event, body := "customer", "updated", f.oneUser(n).json()
	if kind == connectors.Order {
		resource, body = "order", f.oneOrder(n).json()
	}
	if gone {
		event, body = "deleted", map[string]any{"id": n}
	}
	b, err := json.Marshal(body)
	if err != nil {
		return nil, nil
	}
	mac := hmac.New(sha256.New, []byte(f.Hooks))
	mac.Write(b)
	delivery := sha256.Sum256(fmt.Appendf(nil, "1 %d", f.now().Unix()))
	return map[string][]string{
		"Content-Type": {"application/json"}, "User-Agent": {"WooCommerce/" + f.Version + " Hookshot (WordPress/7.0.4)"}, "X-Wc-Webhook-Source": {"https://shop.example.com/"},
		"X-Wc-Webhook-Topic": {resource + "." + event}, "X-Wc-Webhook-Resource": {resource}, "X-Wc-Webhook-Event": {event}, "X-Wc-Webhook-Id": {"1"},
		"X-Wc-Webhook-Delivery-Id": {fmt.Sprintf("%x", delivery[:16])}, "X-Wc-Webhook-Signature": {base64.StdEncoding.EncodeToString(mac.Sum(nil))},
	}, b
}

// Ping is what the shop sends when a webhook is made.
func (f *Fake) Ping() (map[string][]string, []byte) {
	return map[string][]string{"Content-Type": {"application/x-www-form-urlencoded"}, "User-Agent": {"WooCommerce/" + f.Version + " Hookshot (WordPress/7.0.4)"}}, []byte("webhook_id=1")
}
