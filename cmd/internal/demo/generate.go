// Package demo builds a believable small company out of nothing: the exports of its two shops, its
// address book and its newsletter, and what its people wrote down. Everything is invented, nothing
// is random: the same files and the same state come out every time.
package demo

import (
	"cmp"
	"slices"
)

// The demo's files, as paths below its folder.
const (
	FileCustomers  = "shop/customers.csv"
	FileOrders     = "shop/orders.csv"
	FileEtsy       = "etsy-sold.csv"
	FileContacts   = "contacts.vcf"
	FileNewsletter = "newsletter.csv"
	FileMailbox    = "nordlicht.mbox"
)

// File is one export.
type File struct {
	Path       string // below the folder, with slashes
	Connection string
	Bytes      []byte
	Rows       int // below the header, the broken one included; cards
	Records    int // orders, customers, cards, members, messages that it tells of
}

// Sum is what the company sold in one currency, added up by the generator itself.
type Sum struct {
	Connection, Currency string
	Orders, Left         int   // that count, that do not
	Net, Refunded        int64 // minor units
}

// Company is what was made.
type Company struct {
	Files         []File
	Sums          []Sum
	Unsubscribed  []string // addresses that left the newsletter
	Undeliverable []string // addresses that do not work any more
	Buyers        int      // people behind the shop's orders
	Threads       int      // conversations in the mailbox
	Business      []string // addresses of those who buy for organisations
}

// Generate makes the company.
func Generate() *Company {
	w := &world{dice: &dice{state: 451901820}, taken: map[string]bool{}}
	cast, told, tales := w.cast()
	people, sales := w.shop(told, tales)
	etsy := w.etsy(people)
	book := w.book(cast, people)
	members := w.newsletter(cast, people)
	letters := w.office(cast, people)

	customers := customersFile(people, sales)
	c := &Company{}
	add := func(path, connection string, f *sheet, records int) {
		c.Files = append(c.Files, File{Path: path, Connection: connection, Bytes: f.bytes(), Rows: f.rows, Records: records})
	}
	add(FileCustomers, "shop", customers, customers.rows)
	add(FileOrders, "shop", ordersFile(sales), len(sales))
	add(FileEtsy, "etsy", etsyFile(etsy), len(etsy))
	c.Files = append(c.Files, File{Path: FileContacts, Connection: "contacts", Bytes: cardsFile(book), Rows: len(book), Records: len(book)})
	add(FileNewsletter, "newsletter", newsletterFile(w, members), len(members))
	c.Files = append(c.Files, File{Path: FileMailbox, Connection: "mail", Bytes: mailboxFile(letters), Rows: len(letters) + 1, Records: len(letters)})
	for _, m := range letters {
		if m.answers == nil {
			c.Threads++
		}
	}

	buyers := map[*person]bool{}
	for _, s := range sales {
		buyers[s.by] = true
		c.sell("shop", "EUR", s.counts(), s.total(), s.refunded)
	}
	c.Buyers = len(buyers)
	for _, p := range people[len(told):] {
		if p.company != "" && p.company != "Museum" {
			c.Business = append(c.Business, p.email)
		}
	}
	for _, s := range etsy {
		refunded := int64(0)
		switch {
		case s.status == "Refunded":
			refunded = s.total()
		case s.left > 0:
			refunded = s.total() - s.left
		}
		c.sell("etsy", s.currency, s.status != "Canceled", s.total(), refunded)
	}
	slices.SortFunc(c.Sums, func(a, b Sum) int {
		return cmp.Or(cmp.Compare(a.Connection, b.Connection), cmp.Compare(a.Currency, b.Currency))
	})
	for _, m := range members {
		switch m.status {
		case "unsubscribed":
			c.Unsubscribed = append(c.Unsubscribed, m.mail)
		case "cleaned":
			c.Undeliverable = append(c.Undeliverable, m.mail)
		}
	}
	return c
}

func (c *Company) sell(connection, currency string, counts bool, total, refunded int64) {
	i := slices.IndexFunc(c.Sums, func(s Sum) bool { return s.Connection == connection && s.Currency == currency })
	if i < 0 {
		c.Sums = append(c.Sums, Sum{Connection: connection, Currency: currency})
		i = len(c.Sums) - 1
	}
	s := &c.Sums[i]
	if !counts {
		s.Left++
		return
	}
	s.Orders++
	s.Net += total - refunded
	s.Refunded += refunded
}
