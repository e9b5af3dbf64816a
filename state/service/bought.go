package service

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

// order is one order of a customer as its connection tells it now.
type order struct {
	connection string
	modified   time.Time
	*state.Order
}

// orders gives all orders of a source, in the order of time.
func (l *lookup) orders(src source) ([]order, error) {
	contacts, err := l.recordsOf(src.c.Records)
	if err != nil {
		return nil, err
	}
	var out []order
	for _, c := range contacts {
		if c.Kind != state.KindContact {
			continue
		}
		list, err := state.Records.By(l.tx, "party", state.Join(state.TextKey(c.Connection), state.TextKey(c.ID)))
		if err != nil {
			return nil, err
		}
		for _, r := range list {
			if v := r.Current(); v != nil && v.Order != nil && r.Kind == state.KindOrder && src.covers(v.Order.At) {
				out = append(out, order{connection: r.Connection, modified: v.Modified, Order: v.Order})
			}
		}
	}
	sortOrders(out)
	return out, nil
}

func sortOrders(list []order) {
	slices.SortStableFunc(list, func(a, b order) int {
		return cmp.Or(a.At.Compare(b.At), strings.Compare(a.connection, b.connection), strings.Compare(a.Number, b.Number))
	})
}

// sumUp makes a line for each connection and currency of the orders that count, net of refunds,
// the latest buyer's place first. Orders must be in the order of time.
func sumUp(orders []order) []Bought {
	type place struct{ connection, currency string }
	out := []Bought{}
	at := map[place]int{}
	days := map[place][]time.Time{}
	for _, o := range orders {
		if !o.Counts || o.Test {
			continue
		}
		p := place{o.connection, o.Currency}
		i, ok := at[p]
		if !ok {
			i = len(out)
			at[p] = i
			out = append(out, Bought{Connection: o.connection, Net: state.Money{Currency: o.Currency}})
		}
		b := &out[i]
		b.Orders++
		b.Net.Minor += o.Total - o.Refunded
		b.Last, b.LastAmount, b.Number = o.At, state.Money{Minor: o.Total - o.Refunded, Currency: o.Currency}, o.Number
		days[p] = append(days[p], o.At)
	}
	for p, i := range at {
		out[i].EveryDays = usualDays(days[p])
	}
	slices.SortStableFunc(out, func(a, b Bought) int { return b.Last.Compare(a.Last) })
	return out
}

// usualDays is the median of the days between orders, in whole days; several orders on one day
// are one. 0 where they fall on fewer than three days.
func usualDays(times []time.Time) int {
	var days []int
	for _, t := range times {
		days = append(days, int(date(t.UTC()).Unix()/(24*60*60)))
	}
	slices.Sort(days)
	days = slices.Compact(days)
	if len(days) < 3 {
		return 0
	}
	var gaps []int
	for i := 1; i < len(days); i++ {
		gaps = append(gaps, days[i]-days[i-1])
	}
	slices.Sort(gaps)
	if n := len(gaps); n%2 == 0 {
		return (gaps[n/2-1] + gaps[n/2] + 1) / 2
	}
	return gaps[len(gaps)/2]
}

// recent is how long a refund or a return is something to watch out for.
const recent = 30 * 24 * time.Hour

// watchOrders gives what orders tell to watch out for: refunds and returns of the last 30 days,
// and that somebody who bought regularly has not for more than twice as long as usual.
func watchOrders(orders []order, now time.Time) []Watch {
	var out []Watch
	var counted []time.Time
	for _, o := range slices.Backward(orders) {
		if o.Counts && !o.Test {
			counted = append(counted, o.At)
		}
		if o.Test {
			continue
		}
		args := state.Args{"order": o.Number, "connection": o.connection}
		if at, minor := lastRefund(o); minor > 0 && !at.After(now) && now.Sub(at) <= recent {
			args["minor"], args["currency"], args["at"] = strconv.FormatInt(minor, 10), o.Currency, at.Format(time.RFC3339)
			out = append(out, Watch{Code: "refund", Args: args})
		} else if returned(o.Status) && now.Sub(later(o.At, o.modified)) <= recent {
			args["status"], args["at"] = o.Status, later(o.At, o.modified).Format(time.RFC3339)
			out = append(out, Watch{Code: "returned", Args: args})
		}
	}
	if usual := usualDays(counted); usual > 0 {
		if days := int(now.Sub(counted[0]) / (24 * time.Hour)); days > 2*usual {
			out = append(out, Watch{Code: "silent", Args: state.Args{"days": strconv.Itoa(days), "usual": strconv.Itoa(usual)}})
		}
	}
	return out
}

// lastRefund is when an order was last refunded and how much in all of the last 30 days before
// that. Where a system tells the sum alone, the order's last change stands for the time.
func lastRefund(o order) (time.Time, int64) {
	var at time.Time
	var minor int64
	for _, r := range o.Refunds {
		if !r.At.IsZero() {
			at = later(at, r.At)
		}
	}
	if at.IsZero() {
		return later(o.At, o.modified), o.Refunded
	}
	for _, r := range o.Refunds {
		if !r.At.IsZero() && at.Sub(r.At) <= recent {
			minor += r.Amount
		}
	}
	return at, minor
}

// returned says whether a shop's own words mean that goods came back.
func returned(status string) bool {
	for _, w := range identity.QueryTokens(status) {
		switch w {
		case "returned", "return", "returning", "retoure", "retourniert", "zuruckgesendet", "退货", "已退货":
			return true
		}
	}
	return false
}
