package vendure

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
)

// anOrder is an order as the API tells it: 2 x 12.97 and 1 x 14.16, 5.00 for shipping, as measured.
func anOrder(change map[string]any) map[string]any {
	o := map[string]any{"code": "7EBE3474V3Y43T9W", "state": "PaymentSettled", "active": false, "orderPlacedAt": "2026-11-22T02:52:16.281Z", "createdAt": "2026-11-22T02:52:15.000Z",
		"currencyCode": "EUR", "couponCodes": []any{}, "totalWithTax": 4510, "shippingWithTax": 500, "customer": map[string]any{"id": "2"},
		"lines": []map[string]any{
			{"quantity": 2, "orderPlacedQuantity": 2, "unitPriceWithTax": 1297, "productVariant": map[string]any{"sku": "SKU-0", "name": "Telescope 0"}},
			{"quantity": 1, "orderPlacedQuantity": 1, "unitPriceWithTax": 1416, "productVariant": map[string]any{"sku": "SKU-1", "name": "望远镜 🌟"}}},
		"payments":     []map[string]any{payment("Settled", 4510)},
		"fulfillments": []map[string]any{}}
	for k, v := range change {
		o[k] = v
	}
	return o
}

func payment(state string, amount int, refunds ...map[string]any) map[string]any {
	return map[string]any{"amount": amount, "state": state, "createdAt": "2026-11-22T02:52:16.000Z", "refunds": refunds}
}

func refund(state string, total int) map[string]any {
	return map[string]any{"total": total, "state": state, "reason": "scratched", "createdAt": "2026-11-22T02:52:17.000Z", "updatedAt": "2026-11-22T02:52:18.000Z"}
}

func TestOrders(t *testing.T) {
	t.Parallel()
	cancelled := []map[string]any{{"quantity": 0, "orderPlacedQuantity": 2, "unitPriceWithTax": 1297, "productVariant": map[string]any{"sku": "SKU-0", "name": "T"}}}
	for name, c := range map[string]struct {
		change   map[string]any
		state    connectors.OrderState
		total    int64
		refunded int64
		refunds  int
	}{
		"paid":                          {nil, connectors.OrderPaid, 4510, 0, 0},
		"authorized, not taken":         {map[string]any{"state": "PaymentAuthorized", "payments": []map[string]any{payment("Authorized", 4510)}}, connectors.OrderPending, 4510, 0, 0},
		"shipped in part":               {map[string]any{"state": "PartiallyShipped"}, connectors.OrderShipped, 4510, 0, 0},
		"delivered in part":             {map[string]any{"state": "PartiallyDelivered"}, connectors.OrderShipped, 4510, 0, 0},
		"delivered":                     {map[string]any{"state": "Delivered"}, connectors.OrderDelivered, 4510, 0, 0},
		"being modified, paid":          {map[string]any{"state": "Modifying"}, connectors.OrderPaid, 4510, 0, 0},
		"a state of the shop's own":     {map[string]any{"state": "Engraving", "payments": []map[string]any{}}, connectors.OrderPending, 4510, 0, 0},
		"a refund that is not sent yet": {map[string]any{"payments": []map[string]any{payment("Settled", 4510, refund("Pending", 500))}}, connectors.OrderPaid, 4510, 0, 0},
		"a refund":                      {map[string]any{"payments": []map[string]any{payment("Settled", 4510, refund("Settled", 500), refund("Failed", 100))}}, connectors.OrderPaid, 4510, 500, 1},
		"refunded whole":                {map[string]any{"payments": []map[string]any{payment("Settled", 4510, refund("Settled", 4510))}}, connectors.OrderRefunded, 4510, 4510, 1},
		// the total went down by the line already
		"a line cancelled and refunded": {map[string]any{"totalWithTax": 3213, "payments": []map[string]any{payment("Settled", 4510, refund("Settled", 1297))}}, connectors.OrderPaid, 3213, 0, 1},
		"cancelled":                     {map[string]any{"state": "Cancelled", "totalWithTax": 0, "lines": cancelled, "payments": []map[string]any{payment("Settled", 4510, refund("Settled", 4510))}}, connectors.OrderCancelled, 0, 0, 1},
		"declined, then paid":           {map[string]any{"payments": []map[string]any{payment("Declined", 4510), payment("Settled", 4510)}}, connectors.OrderPaid, 4510, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			raw, err := json.Marshal(anOrder(c.change))
			if err != nil {
				t.Fatal(err)
			}
			r, err := oneOrder(raw)
			if err != nil {
				t.Fatal(err)
			}
			o := r.Order
			if o.State != c.state || o.Total != c.total || o.Refunded != c.refunded || len(o.Refunds) != c.refunds || !o.Counts || o.Party != "2" || o.Number != "7EBE3474V3Y43T9W" || o.Currency != "EUR" {
				t.Errorf("got %+v", *o)
			}
			if len(o.Lines) == 0 || o.Lines[0].Quantity != 2 || o.Lines[0].Price != 1297 || o.Lines[0].SKU != "SKU-0" {
				t.Errorf("lines %+v", o.Lines)
			}
		})
	}
	r, err := oneOrder([]byte(`{"id":"1","code":"X","orderPlacedAt":"2026-11-22T10:52:16+08:00","customer":null,"couponCodes":["HERBST"]}`))
	if err != nil || r.Order.Party != "" || !r.Order.At.Equal(time.Date(2026, 11, 22, 2, 52, 16, 0, time.UTC)) || r.Order.At.Location() != time.UTC || first(r, coupon) != "HERBST" {
		t.Errorf("an order of nobody, in another zone: %+v %+v, %v", r, r.Order, err)
	}
}

var orderCases = []ownCase{
	{"orders", func(t testing.TB, w *world) {
		for i, change := range []map[string]any{nil, nil, {"state": "Draft", "orderPlacedAt": nil}, {"state": "AddingItems", "active": true, "orderPlacedAt": nil}, nil, nil, nil} {
			w.shop.orders[i+1] = &fakeOrder{w.shop.now(), anOrder(change)}
			time.Sleep(time.Second)
		}
		c := w.open()
		told, _ := w.pull(c, connectors.Order, "")
		live := w.census(c, connectors.Order)
		for i := range 7 {
			id := strconv.Itoa(i + 1)
			_, isTold := told[id]
			v, counted := live[id]
			if want := i != 2 && i != 3; isTold != want || counted != want || want && v != told[id].Version {
				t.Errorf("order %s told: %v, counted: %v, versions %q and %q", id, isTold, counted, told[id].Version, v)
			}
		}
		// a refund and a shipment move no time
		for _, change := range []map[string]any{{"payments": []map[string]any{payment("Settled", 4510, refund("Settled", 500))}}, {"state": "Shipped", "fulfillments": []map[string]any{{"state": "Shipped", "updatedAt": "2026-11-23T00:00:00.000Z"}}}} {
			w.shop.orders[1].members = anOrder(change)
			v := w.census(c, connectors.Order)["1"]
			if v == live["1"] {
				t.Errorf("the census does not see %v", change)
			}
			live["1"] = v
		}
		got, err := c.(connectors.Fetcher).Fetch(context.Background(), connectors.Order, []string{"1", "99"})
		if err != nil || len(got) != 1 || got[0].Version != live["1"] || got[0].Order.Shipped.IsZero() {
			t.Errorf("fetched %+v, %v", got, err)
		}
		var numbers []string
		for _, r := range told {
			numbers = append(numbers, r.Order.Number)
		}
		if len(slices.Compact(numbers)) == 0 {
			t.Errorf("no order has a number")
		}
	}},
}
