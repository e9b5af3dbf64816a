package woocommerce

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/format/money"
)

// Fields of orders.
const (
	fieldMethod  = connectors.CustomPrefix + "payment_method"
	fieldCoupons = connectors.CustomPrefix + "coupons"
)

// draft says whether an order is a basket that nobody ordered yet.
func (o *order) draft() bool { return o.Status == "auto-draft" || o.Status == "checkout-draft" }

// record gives an order as Kept knows them, but for who bought. Its error says what of it cannot be read.
func (o *order) record(refunds []refund) (connectors.Record, error) {
	f := fields{}
	f.add(fieldMethod, "", o.Method)
	var codes []string
	for _, c := range o.Coupons {
		if c.Code != "" {
			codes = append(codes, string(c.Code))
		}
	}
	f.add(fieldCoupons, "", text(strings.Join(codes, ", ")))
	d := &connectors.OrderData{Number: string(o.Number), At: instant(o.Created), Currency: strings.ToUpper(strings.TrimSpace(string(o.Currency))),
		Paid: instant(o.Paid), Shipped: instant(o.Completed), Note: string(o.Note), Status: string(o.Status)}
	if d.Number == "" {
		d.Number = strconv.FormatInt(int64(o.ID), 10)
	}
	if d.At.IsZero() {
		d.At = instant(o.Modified)
	}
	var ok bool
	if d.Total, ok = money.Minor(string(o.Total), d.Currency); !ok && o.Total != "" {
		return connectors.Record{}, fmt.Errorf("its total %q is no amount", short(string(o.Total)))
	}
	for _, l := range o.Lines {
		d.Lines = append(d.Lines, l.line(d.Currency))
	}
	for _, r := range refunds {
		amount := r.Amount
		if amount == "" {
			amount = r.Total
		}
		minor, ok := money.Minor(string(amount), d.Currency)
		if !ok {
			return connectors.Record{}, fmt.Errorf("the amount %q of a refund is none", short(string(amount)))
		}
		if minor < 0 {
			minor = -minor
		}
		d.Refunded += minor
		d.Refunds = append(d.Refunds, connectors.Refund{At: instant(r.Created), Amount: minor, Reason: string(r.Reason)})
	}
	judge(d)
	return connectors.Record{Kind: connectors.Order, ID: strconv.FormatInt(int64(o.ID), 10), Keyed: connectors.KeyedID,
		Version: connectors.Version(o.Modified), Created: instant(o.Created), Modified: instant(o.Modified), Fields: f.sorted(), Order: d}, nil
}

// judge sets what an order's status means. Sales are counted as WooCommerce's own Analytics counts
// them unless its settings say otherwise (Analytics > Settings > Excluded statuses): all orders but
// those pending, failed or cancelled, drafts and those in the trash. On hold and a plug-in's own
// statuses count.
func judge(o *connectors.OrderData) {
	o.Counts = true
	switch o.Status {
	case "completed", "shipped":
		o.State = connectors.OrderShipped
	case "delivered":
		o.State = connectors.OrderDelivered
	case "refunded":
		o.State = connectors.OrderRefunded
		if o.Refunded == 0 && o.Total > 0 {
			o.Refunded, o.Refunds = o.Total, []connectors.Refund{{Amount: o.Total}}
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

// line gives a line with its price a piece, rounded: lines are sold by total. Of what is sold by
// weight or length the whole is one piece, and its name says how much it is.
func (l *line) line(currency string) connectors.OrderLine {
	out := connectors.OrderLine{SKU: string(l.SKU), Name: string(l.Name), Quantity: 1}
	total, _ := money.Minor(string(l.Total), currency) // a line without an amount is still told
	q, err := strconv.ParseFloat(string(l.Quantity), 64)
	switch {
	case err != nil || math.IsNaN(q) || math.Abs(q) > 1e9:
	case q == math.Trunc(q):
		out.Quantity = int64(q)
	default:
		out.Name += " × " + string(l.Quantity)
	}
	out.Price = total
	if n := out.Quantity; n > 1 {
		out.Price = (total + n/2) / n
		if total < 0 {
			out.Price = -((-total + n/2) / n)
		}
	}
	return out
}

// refundsOf asks for the refunds of an order with their dates; only orders that have some are asked.
func (s *shop) refundsOf(ctx context.Context, o *order) ([]refund, error) {
	if len(o.Refunds) == 0 {
		return nil, nil
	}
	var all list[refund]
	_, err := s.do(ctx, http.MethodGet, fmt.Sprintf("orders/%d/refunds", o.ID), url.Values{"per_page": {strconv.Itoa(s.perPage)}, "orderby": {"id"}, "order": {"asc"}}, nil, &all)
	if connectors.ClassOf(err) == connectors.NotFound || err == nil && len(all) == 0 {
		return o.Refunds, nil // the order went meanwhile: what the list said stands, without dates
	}
	return all, err
}

// short cuts a text for messages.
func short(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}
