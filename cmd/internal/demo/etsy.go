package demo

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// etsySale is an order at the second shop.
type etsySale struct {
	number   int
	at       time.Time
	by       *person
	lines    []line
	shipping int64
	currency string
	left     int64 // what is left after a refund; 0 where there was none
	status   string
	shipped  time.Time
}

func (s *etsySale) value() int64 {
	var sum int64
	for _, l := range s.lines {
		sum += l.price * l.quantity
	}
	return sum
}

func (s *etsySale) total() int64 { return s.value() + s.shipping }

const (
	salesOfEtsy = 187
	knownAtEtsy = 5 // buyers who are customers of the shop by name and postcode
)

var handles = []string{"stargazer", "moonlit", "andromeda", "nebula", "perseid", "darksky", "comet", "saturn", "lyra", "orion", "zenith", "aurora"}

// etsy makes the second shop's orders. Buyers give no e-mail there, so those who buy at both shops
// can only be guessed.
func (w *world) etsy(shop []*person) []*etsySale {
	var buyers []*person
	for _, p := range shop {
		if len(buyers) < knownAtEtsy && p.id != "" && p.company == "" && p.from.code == "DE" && w.dice.chance(10) {
			buyers = append(buyers, p)
		}
	}
	abroad := []*culture{cultureOf("US"), cultureOf("US"), cultureOf("US"), cultureOf("GB"), cultureOf("DE"), cultureOf("PT")}
	for len(buyers) < 150 {
		buyers = append(buyers, w.someone(pick(w.dice, abroad)))
	}
	for _, p := range buyers {
		for p.etsy == "" || !w.claim("etsy "+p.etsy) {
			p.etsy = pick(w.dice, handles) + pick(w.dice, []string{"", "_", "fan", "home"}) + strconv.Itoa(w.dice.between(2, 99))
		}
	}
	var sales []*etsySale
	for i := range salesOfEtsy {
		p := pick(w.dice, buyers)
		if i < len(buyers) {
			p = buyers[i]
		}
		s := &etsySale{at: w.moment(firstDay.AddDate(0, 6, 0), lastDay.Add(-24*time.Hour)), by: p, currency: "EUR", shipping: 490}
		if p.from.code == "US" {
			s.currency, s.shipping = "USD", 1290
		}
		for range 1 + w.dice.below(2) {
			if a := choose(w.dice, true); !slices.ContainsFunc(s.lines, func(l line) bool { return l.sku == a.sku }) {
				s.lines = append(s.lines, line{a, 1})
			}
		}
		s.shipped = s.at.AddDate(0, 0, w.dice.between(1, 4))
		switch n := w.dice.below(100); {
		case n < 3:
			s.status, s.shipped = "Canceled", time.Time{}
		case n < 5:
			s.status = "Refunded"
		case n < 8:
			s.status, s.left = "Partially Refunded", s.total()-s.lines[0].price/2
		}
		if s.shipped.After(lastDay) {
			s.shipped = time.Time{}
		}
		sales = append(sales, s)
	}
	slices.SortStableFunc(sales, func(a, b *etsySale) int { return a.at.Compare(b.at) })
	for i, s := range sales {
		s.number = 3300000000 + 7919*i
	}
	return sales
}

const etsyHeader = "Sale Date,Order ID,Buyer User ID,Full Name,First Name,Last Name,Number of Items,Payment Method,Date Shipped,Street 1,Street 2," +
	"Ship City,Ship State,Ship Zipcode,Ship Country,Currency,Order Value,Coupon Code,Coupon Details,Discount Amount,Shipping Discount,Shipping,Sales Tax," +
	"Order Total,Status,Card Processing Fees,Order Net,Adjusted Order Total,Adjusted Card Processing Fees,Adjusted Net Order Amount,Buyer,Order Type," +
	"Payment Type,InPerson Discount,InPerson Location,SKU"

func etsyFile(sales []*etsySale) *sheet {
	const date = "01/02/06"
	f := newSheet(etsyHeader)
	for _, s := range slices.Backward(sales) {
		p := s.by
		var skus []string
		for _, l := range s.lines {
			skus = append(skus, l.sku)
		}
		fees := s.total() * 4 / 100
		cells := []string{"Sale Date", s.at.Format(date), "Order ID", strconv.Itoa(s.number), "Buyer User ID", p.etsy, "Full Name", p.full(),
			"First Name", p.given.own, "Last Name", p.family.own, "Number of Items", strconv.Itoa(len(s.lines)), "Payment Method", "Credit Card",
			"Street 1", p.street, "Ship City", p.town.name, "Ship State", p.town.region, "Ship Zipcode", p.town.zip, "Ship Country", p.from.land,
			"Currency", s.currency, "Order Value", amount(s.value()), "Discount Amount", "0.00", "Shipping Discount", "0.00", "Shipping", amount(s.shipping),
			"Sales Tax", "0.00", "Order Total", amount(s.total()), "Status", s.status, "Card Processing Fees", amount(fees),
			"Order Net", amount(s.total() - fees), "Adjusted Order Total", amount(s.left), "Buyer", p.etsy, "Order Type", "online",
			"Payment Type", "online_cc", "SKU", strings.Join(skus, ",")}
		if !s.shipped.IsZero() {
			cells = append(cells, "Date Shipped", s.shipped.Format(date))
		}
		f.row(cells...)
	}
	return f
}
