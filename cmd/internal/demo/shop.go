package demo

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// sale is an order of the shop.
type sale struct {
	number    int
	at        time.Time
	by        *person
	lines     []line
	discount  int64 // minor units, as all amounts
	shipping  int64
	refunded  int64
	financial string // as Shopify says it
	shipped   time.Time
	cancelled time.Time
	test      bool
	note      string
}

type line struct {
	article
	quantity int64
}

func (s *sale) goods() int64 {
	var sum int64
	for _, l := range s.lines {
		sum += l.price * l.quantity
	}
	return sum
}

func (s *sale) total() int64 { return s.goods() - s.discount + s.shipping }

// counts says whether the order is part of the sales, as Shopify's own reports have it.
func (s *sale) counts() bool {
	failed := s.financial == "voided" || s.financial == "expired"
	return !failed && s.cancelled.IsZero() && !s.test
}

// First and last day of the shop's exports.
var (
	firstDay = time.Date(2024, 3, 4, 0, 0, 0, 0, time.UTC)
	lastDay  = time.Date(2026, 11, 20, 16, 0, 0, 0, time.UTC)
)

const (
	customersOfShop = 548
	guestsOfShop    = 63
	salesOfShop     = 1204
	firstNumber     = 1001
)

// season is how much is sold in a month, in hundredths of the usual.
var season = [...]int{0, 90, 75, 80, 70, 65, 60, 80, 130, 90, 95, 150, 220}

func (w *world) moment(from, to time.Time) time.Time {
	for {
		t := from.Add(time.Duration(w.dice.below(int(to.Sub(from)/time.Minute))) * time.Minute)
		if w.dice.below(220) < season[t.Month()] && t.Hour() >= 5 && t.Hour() < 22 {
			return t
		}
	}
}

// shop makes the shop's customers and all its orders in the order of their numbers. Those whose
// story the demo tells come first.
func (w *world) shop(told []*person, tales []*sale) (people []*person, sales []*sale) {
	people = append(people, told...)
	for _, h := range houses {
		for range h.people {
			people = append(people, w.member(h))
		}
	}
	for range 2 { // two who buy for "Museum": which one, nobody wrote down
		p := w.someone(cultureOf("DE"))
		p.company = "Museum"
		people = append(people, p)
	}
	for len(people) < customersOfShop {
		people = append(people, w.anyone())
	}
	for i, p := range people {
		p.id = strconv.Itoa(7210448300000 + 137*i)
		p.marketing = p.marketing || w.dice.chance(58)
	}
	for range guestsOfShop {
		people = append(people, w.anyone())
	}
	sales = append(sales, tales...)
	buyers := people[len(told):]
	for _, p := range buyers { // everybody bought once
		sales = append(sales, w.sale(p, w.moment(firstDay, lastDay)))
	}
	var again []*person
	for _, p := range buyers[:customersOfShop-len(told)] {
		for range p.weight {
			again = append(again, p)
		}
	}
	for len(sales) < salesOfShop {
		sales = append(sales, w.sale(pick(w.dice, again), w.moment(firstDay, lastDay)))
	}
	slices.SortStableFunc(sales, func(a, b *sale) int { return a.at.Compare(b.at) })
	tested := false
	for i, s := range sales {
		s.number = firstNumber + i
		if s.financial == "" {
			w.fate(s)
		}
		if !tested && i > 20 && s.by.id == "" {
			s.test, s.financial, s.refunded, s.cancelled, tested = true, "paid", 0, time.Time{}, true
		}
		if p := s.by; p.since.IsZero() {
			p.since = s.at
		}
	}
	return people, sales
}

func (w *world) sale(p *person, at time.Time) *sale {
	s := &sale{at: at, by: p}
	n := 1 + w.dice.below(3)
	if p.company != "" {
		n++
	}
	for range n {
		a := choose(w.dice, false)
		if slices.ContainsFunc(s.lines, func(l line) bool { return l.sku == a.sku }) {
			continue
		}
		quantity := int64(1)
		if p.company != "" && a.price < 20000 {
			quantity = int64(w.dice.between(1, 6))
		} else if a.price < 5000 && w.dice.chance(20) {
			quantity = 2
		}
		s.lines = append(s.lines, line{a, quantity})
	}
	if s.goods() < 15000 {
		s.shipping = 490
	}
	if w.dice.chance(12) {
		s.discount = s.goods() / 10
	}
	return s
}

// fate says what became of an order.
func (w *world) fate(s *sale) {
	s.financial = "paid"
	s.shipped = s.at.Add(time.Duration(w.dice.between(20, 96)) * time.Hour)
	switch n := w.dice.below(1000); {
	case n < 22: // cancelled before it was paid
		s.financial, s.cancelled, s.shipped = "voided", s.at.Add(3*time.Hour), time.Time{}
	case n < 34: // cancelled and paid back
		s.financial, s.refunded, s.cancelled, s.shipped = "refunded", s.total(), s.at.Add(26*time.Hour), time.Time{}
	case n < 56: // sent back
		s.financial, s.refunded = "refunded", s.total()
	case n < 92: // one thing sent back
		s.financial, s.refunded = "partially_refunded", s.lines[0].price
		if s.refunded >= s.total() {
			s.refunded = s.total() / 2
		}
	case n < 98:
		s.financial, s.shipped = "expired", time.Time{}
	}
	if s.financial == "paid" && lastDay.Sub(s.at) < 6*24*time.Hour && w.dice.chance(40) {
		s.financial, s.shipped = "pending", time.Time{} // the transfer is on its way
	}
	if s.shipped.After(lastDay) {
		s.shipped = time.Time{}
	}
}

const customersHeader = "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Company,Default Address Address1," +
	"Default Address Address2,Default Address City,Default Address Province Code,Default Address Country Code,Default Address Zip," +
	"Default Address Phone,Phone,Accepts SMS Marketing,Total Spent,Total Orders,Note,Tax Exempt,Tags"

func customersFile(people []*person, sales []*sale) *sheet {
	spent, orders := map[*person]int64{}, map[*person]int{}
	for _, s := range sales {
		if s.counts() {
			spent[s.by] += s.total() - s.refunded
			orders[s.by]++
		}
	}
	f := newSheet(customersHeader)
	for _, p := range people {
		if p.id == "" {
			continue
		}
		f.row("Customer ID", "'"+p.id, "First Name", p.given.own, "Last Name", p.family.own, "Email", p.email,
			"Accepts Email Marketing", yes(p.marketing), "Default Address Company", p.company, "Default Address Address1", p.street,
			"Default Address City", p.town.name, "Default Address Province Code", p.town.region, "Default Address Country Code", p.from.code,
			"Default Address Zip", "'"+p.town.zip, "Default Address Phone", apostrophe(p.phone), "Phone", apostrophe(p.phone),
			"Accepts SMS Marketing", yes(p.texts), "Total Spent", amount(spent[p]), "Total Orders", strconv.Itoa(orders[p]),
			"Note", p.note, "Tax Exempt", "no", "Tags", strings.Join(p.tags, ", "))
	}
	return f
}

const ordersHeader = "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,Currency,Subtotal,Shipping,Taxes,Total," +
	"Discount Code,Discount Amount,Shipping Method,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem compare at price,Lineitem sku," +
	"Lineitem requires shipping,Lineitem taxable,Lineitem fulfillment status,Billing Name,Billing Street,Billing Address1,Billing Address2," +
	"Billing Company,Billing City,Billing Zip,Billing Province,Billing Country,Billing Phone,Shipping Name,Shipping Street,Shipping Address1," +
	"Shipping Address2,Shipping Company,Shipping City,Shipping Zip,Shipping Province,Shipping Country,Shipping Phone,Notes,Note Attributes," +
	"Cancelled at,Payment Method,Payment Reference,Refunded Amount,Vendor,Outstanding Balance,Employee,Location,Device ID,Id,Tags,Risk Level,Source," +
	"Lineitem discount,Tax 1 Name,Tax 1 Value,Phone"

// ordersFile writes the newest order first and a row for each line, as Shopify does.
func ordersFile(sales []*sale) *sheet {
	f := newSheet(ordersHeader)
	for _, s := range slices.Backward(sales) {
		p, number := s.by, "#"+strconv.Itoa(s.number)
		for i, l := range s.lines {
			cells := []string{"Name", number, "Email", p.email, "Created at", local(s.at), "Lineitem quantity", strconv.FormatInt(l.quantity, 10),
				"Lineitem name", l.name, "Lineitem price", amount(l.price), "Lineitem sku", l.sku, "Lineitem requires shipping", "true",
				"Lineitem taxable", "true", "Lineitem fulfillment status", fulfilment(s, "pending"), "Vendor", "Nordlicht Optik", "Lineitem discount", "0.00"}
			if i == 0 {
				cells = append(cells, "Financial Status", s.financial, "Fulfillment Status", fulfilment(s, "unfulfilled"), "Fulfilled at", local(s.shipped),
					"Accepts Marketing", yes(p.marketing), "Currency", "EUR", "Subtotal", amount(s.goods()-s.discount), "Shipping", amount(s.shipping),
					"Taxes", amount(s.total()*19/119), "Total", amount(s.total()), "Discount Amount", amount(s.discount), "Shipping Method", "Standard",
					"Billing Name", p.full(), "Billing Street", p.street, "Billing Address1", p.street, "Billing Company", p.company,
					"Billing City", p.town.name, "Billing Zip", "'"+p.town.zip, "Billing Province", p.town.region, "Billing Country", p.from.code,
					"Billing Phone", apostrophe(p.phone), "Shipping Name", p.full(), "Shipping Street", p.street, "Shipping Address1", p.street,
					"Shipping Company", p.company, "Shipping City", p.town.name, "Shipping Zip", "'"+p.town.zip, "Shipping Province", p.town.region,
					"Shipping Country", p.from.code, "Notes", s.note, "Cancelled at", local(s.cancelled), "Payment Method", payment(s),
					"Refunded Amount", amount(s.refunded), "Outstanding Balance", outstanding(s), "Id", strconv.Itoa(5500000000000+311*s.number),
					"Risk Level", "Low", "Source", "web", "Tax 1 Name", "DE USt 19%", "Tax 1 Value", amount(s.total()*19/119))
				if s.financial == "paid" || s.refunded > 0 {
					cells = append(cells, "Paid at", local(s.at.Add(time.Minute)))
				}
				if s.discount > 0 {
					cells = append(cells, "Discount Code", "KLARSICHT10")
				}
			}
			f.row(cells...)
		}
	}
	return f
}

func fulfilment(s *sale, open string) string {
	if s.shipped.IsZero() {
		return open
	}
	return "fulfilled"
}

func payment(s *sale) string {
	switch {
	case s.test:
		return "(for testing) Bogus Gateway"
	case s.financial == "pending" || s.financial == "expired":
		return "Bank Transfer"
	}
	return "Shopify Payments"
}

func outstanding(s *sale) string {
	if s.financial == "pending" {
		return amount(s.total())
	}
	return "0.00"
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// apostrophe is how Shopify keeps spreadsheets from calculating with a phone number.
func apostrophe(s string) string {
	if s == "" {
		return ""
	}
	return "'" + s
}

func amount(minor int64) string { return fmt.Sprintf("%d.%02d", minor/100, minor%100) }

// local writes a time as the shop in Germany does; "" for none. Summer time is from the last Sunday
// of March to that of October, one in the morning UTC: written out here, so that the files do not
// depend on a machine's table of zones.
func local(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	change := func(m time.Month) time.Time {
		last := time.Date(t.Year(), m+1, 0, 1, 0, 0, 0, time.UTC)
		return last.AddDate(0, 0, -int(last.Weekday()))
	}
	zone := time.FixedZone("", 3600)
	if !t.Before(change(time.March)) && t.Before(change(time.October)) {
		zone = time.FixedZone("", 7200)
	}
	return t.In(zone).Format("2006-01-02 15:04:05 -0700")
}
