package vendure

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/keptcrm/kept/connectors"
)

// coupon is the field of the codes that an order was made with.
const coupon = connectors.CustomPrefix + "coupon"

// orderBrief is what an order's version is made of: what moves without its updatedAt, and that.
const orderBrief = `id updatedAt state orderPlacedAt totalWithTax customer { id }
  payments { amount state createdAt refunds { total state reason createdAt updatedAt } } fulfillments { state createdAt updatedAt }`

const orderMembers = orderBrief + ` code createdAt currencyCode couponCodes
  lines { quantity orderPlacedQuantity unitPriceWithTax productVariant { sku name } }`

// order is an order of the API. Money is in minor units.
type order struct {
	brief
	Code         string
	CreatedAt    string
	CurrencyCode string
	CouponCodes  []string
	Lines        []struct {
		Quantity, OrderPlacedQuantity, UnitPriceWithTax int64
		ProductVariant                                  struct{ SKU, Name string }
	}
}

type brief struct {
	ID            string
	UpdatedAt     string
	State         string
	OrderPlacedAt string
	TotalWithTax  int64
	Customer      *struct{ ID string }
	Payments      []struct {
		Amount    int64
		State     string
		CreatedAt string
		Refunds   []struct {
			Total                               int64
			State, Reason, CreatedAt, UpdatedAt string
		}
	}
	Fulfillments []struct{ State, CreatedAt, UpdatedAt string }
}

func oneOrder(raw json.RawMessage) (connectors.Record, error) {
	var o order
	err := json.Unmarshal(raw, &o)
	return o.record(), err
}

// record is what an order says. Sums and counts are those of Vendure's own dashboard, which takes
// every order that was placed at its present total with tax and shipping: a line that was cancelled
// is no longer in it, so that an order that was cancelled whole counts with nothing.
func (o order) record() connectors.Record {
	out := &connectors.OrderData{Number: o.Code, At: moment(o.OrderPlacedAt), Counts: o.OrderPlacedAt != "", Total: o.TotalWithTax,
		Currency: strings.ToUpper(o.CurrencyCode), Status: o.State}
	if out.At.IsZero() {
		out.At = moment(o.CreatedAt)
	}
	if out.Number == "" {
		out.Number = o.ID
	}
	if o.Customer != nil {
		out.Party = o.Customer.ID
	}
	r := connectors.Record{Kind: connectors.Order, ID: o.ID, Keyed: connectors.KeyedID, Version: hashed(o.brief), Created: moment(o.CreatedAt), Modified: moment(o.UpdatedAt), Order: out}
	later := func(at string) time.Time {
		t := moment(at)
		if t.After(r.Modified) {
			r.Modified = t
		}
		return t
	}
	var paid, refunded int64
	for _, p := range o.Payments {
		at := later(p.CreatedAt)
		if p.State == "Settled" {
			paid += p.Amount
			if out.Paid.Before(at) {
				out.Paid = at
			}
		}
		for _, f := range p.Refunds {
			// A refund is Pending until somebody has sent the money.
			if later(f.UpdatedAt); f.State == "Settled" && f.Total > 0 {
				refunded += f.Total
				out.Refunds = append(out.Refunds, connectors.Refund{At: moment(f.UpdatedAt), Amount: f.Total, Reason: f.Reason})
			}
		}
	}
	// What was refunded for lines that were cancelled is not in the total any more.
	if refunded > 0 {
		out.Refunded = min(max(o.TotalWithTax-(paid-refunded), 0), refunded)
	}
	for _, f := range o.Fulfillments {
		if at := later(f.UpdatedAt); (f.State == "Shipped" || f.State == "Delivered") && out.Shipped.Before(at) {
			out.Shipped = at
		}
	}
	for _, l := range o.Lines {
		n := l.Quantity
		if o.State == "Cancelled" && n == 0 {
			n = l.OrderPlacedQuantity // what was cancelled
		}
		if n > 0 {
			out.Lines = append(out.Lines, connectors.OrderLine{SKU: l.ProductVariant.SKU, Name: l.ProductVariant.Name, Quantity: n, Price: l.UnitPriceWithTax})
		}
	}
	out.State = stateOf(o.State, out, paid)
	var coupons []connectors.Value
	for _, c := range o.CouponCodes {
		if strings.TrimSpace(c) != "" {
			coupons = append(coupons, connectors.Value{Text: c})
		}
	}
	if len(coupons) > 0 {
		r.Fields = []connectors.Field{{Name: coupon, Values: coupons}}
	}
	return r
}

// stateOf maps a state of the default order process; those of a shop's own go by what was paid.
func stateOf(state string, o *connectors.OrderData, paid int64) connectors.OrderState {
	if state == "Cancelled" {
		return connectors.OrderCancelled
	}
	if o.Refunded > 0 && o.Refunded >= o.Total {
		return connectors.OrderRefunded
	}
	switch state {
	case "Delivered":
		return connectors.OrderDelivered
	case "PartiallyShipped", "Shipped", "PartiallyDelivered":
		return connectors.OrderShipped
	case "PaymentSettled":
		return connectors.OrderPaid
	case "PaymentAuthorized":
		return connectors.OrderPending
	}
	if paid > 0 && paid >= o.Total {
		return connectors.OrderPaid
	}
	return connectors.OrderPending
}
