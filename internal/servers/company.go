package servers

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Company is a small company's systems, all real, that know nothing of each other: a webshop, an
// address book, a mailbox and a social account, with people who overlap, differ and contradict each
// other.
type Company struct {
	Shop   *Vendure
	Door   *Door // before the shop
	Book   *Radicale
	Mail   *Dovecot
	Social *PDS
	View   *AppView
	Us     Account // our own account at Social

	AppPassword string // of Us
	ids         map[string]string
}

// The credentials of a [Company].
const (
	CompanyUser     = "kept"
	CompanyPassword = "geheim"
	CompanyMailbox  = "sales@nordlicht.example"
)

// StartCompany starts a company's systems and fills them. Their data stay in dir.
func StartCompany(ctx context.Context, dir string) (*Company, error) {
	c := &Company{ids: map[string]string{}}
	for _, start := range []func(context.Context, string) error{c.startShop, c.startBook, c.startMail, c.startSocial} {
		if err := start(ctx, dir); err != nil {
			return nil, errors.Join(err, c.Stop())
		}
	}
	return c, nil
}

// Stop stops all of them.
func (c *Company) Stop() error {
	var errs []error
	if c.Door != nil {
		errs = append(errs, c.Door.Stop())
	}
	if c.View != nil {
		errs = append(errs, c.View.Stop())
	}
	if c.Shop != nil && c.Shop.Process != nil {
		errs = append(errs, c.Shop.Stop())
	}
	if c.Book != nil && c.Book.Process != nil {
		errs = append(errs, c.Book.Stop())
	}
	if c.Mail != nil && c.Mail.Process != nil {
		errs = append(errs, c.Mail.Stop())
	}
	if c.Social != nil && c.Social.Process != nil {
		errs = append(errs, c.Social.Stop())
	}
	return errors.Join(errs...)
}

func folder(dir, name string) (string, error) {
	path := filepath.Join(dir, name)
	return path, os.MkdirAll(path, 0o755)
}

func (c *Company) startShop(ctx context.Context, dir string) error {
	dir, err := folder(dir, "shop")
	if err != nil {
		return err
	}
	if c.Shop, err = StartVendureKept(ctx, dir); err != nil {
		return err
	}
	if c.Door, err = OpenDoor(c.Shop.URL); err != nil {
		return err
	}
	for _, p := range []VendureCustomer{
		{First: "Jana", Last: "Köhler", Email: "jana.koehler@sternwarte.example", Phone: "+49 451 901820", Addresses: []VendureAddress{
			{Company: "Sternwarte Lübeck e.V.", Street: "Am Markt 1", City: "Lübeck", Postcode: "23552", Country: "DE", Billing: true, Shipping: true}}},
		{First: "Ana", Last: "Silva", Email: "ana@silva.example", Phone: "+351 912 345 678", Addresses: []VendureAddress{
			{Company: "Silva Lda", Street: "Rua Augusta 8", City: "Lisboa", Postcode: "1100-048", Country: "PT", Billing: true, Shipping: true}}},
		{First: "Tom", Last: "Ford", Email: "tom@ford.example"},
		{First: "عمر", Last: "حداد", Email: "omar@haddad.example", Phone: "+49 170 1234567"},
	} {
		id, err := c.Shop.AddCustomer(ctx, p)
		if err != nil {
			return err
		}
		c.ids[p.Email] = id
	}
	_, _, err = c.Shop.AddOrder(ctx, c.ids["jana.koehler@sternwarte.example"], true, map[string]int{"SKU-0": 2, "SKU-3": 1})
	return err
}

func card(uid string, lines ...string) string {
	all := append([]string{"BEGIN:VCARD", "VERSION:3.0", "UID:" + uid}, lines...)
	return strings.Join(append(all, "END:VCARD", ""), "\r\n")
}

func (c *Company) startBook(ctx context.Context, dir string) error {
	dir, err := folder(dir, "book")
	if err != nil {
		return err
	}
	if c.Book, err = StartRadicale(ctx, dir); err != nil {
		return err
	}
	if err := c.Book.AddUser(CompanyUser, CompanyPassword); err != nil {
		return err
	}
	cards := card("jana", "FN:Jana Köhler", "N:Köhler;Jana;;;", "EMAIL;TYPE=WORK:Jana.Koehler@Sternwarte.example", "TEL;TYPE=WORK:+49 451 901820",
		"TEL;TYPE=CELL:+49 171 5550123", "ORG:Sternwarte Lübeck e.V.", "NOTE:likes dark skies 🌌", "X-KEPT-TEST:stays as it is") +
		card("ana", "FN:Ana Silva", "N:Silva;Ana;;;", "EMAIL:ana@silva.example", "TEL:+351 912 345 678", "ORG:Silva & Filhos") +
		card("liwei", "FN:李伟", "N:李;伟;;;", "EMAIL:liwei@example.cn", "TEL:+86 138 0013 8000", "CATEGORIES:Wholesale") +
		card("omar", "FN:عمر حداد", "N:حداد;عمر;;;", "EMAIL:omar@haddad.example", "X-SOCIALPROFILE;TYPE=bluesky:omarhaddad.test")
	return c.Book.Seed(ctx, CompanyUser, CompanyPassword, "contacts", []byte(cards))
}

// Wholesalers adds so many cards of wholesale customers to the address book.
func (c *Company) Wholesalers(ctx context.Context, n int) error {
	for i := range n {
		uid := fmt.Sprintf("wholesale-%02d", i)
		if err := c.PutCard(ctx, uid, card(uid, fmt.Sprintf("FN:Karl%c Weber-%d", 'a'+i%26, 100+i), fmt.Sprintf("N:Weber-%d;Karl%c;;;", 100+i, 'a'+i%26),
			fmt.Sprintf("EMAIL:weber%d@handel%d.example", 100+i, i), "CATEGORIES:Wholesale")); err != nil {
			return err
		}
	}
	return nil
}

// PutCard puts a card into the address book as its people would.
func (c *Company) PutCard(ctx context.Context, uid, text string) error {
	return send(ctx, "PUT", c.Book.URL+CompanyUser+"/contacts/"+uid+".vcf", CompanyUser, CompanyPassword, "text/vcard; charset=utf-8", []byte(text))
}

// Card gives a card as the address book has it.
func (c *Company) Card(ctx context.Context, uid string) (string, error) {
	return fetch(ctx, c.Book.URL+CompanyUser+"/contacts/"+uid+".vcf", CompanyUser, CompanyPassword)
}

// Customer gives the id of a customer of the shop that was seeded, by e-mail address.
func (c *Company) Customer(email string) string { return c.ids[email] }

func (c *Company) startMail(ctx context.Context, dir string) error {
	dir, err := folder(dir, "mail")
	if err != nil {
		return err
	}
	if c.Mail, err = StartDovecot(ctx, dir); err != nil {
		return err
	}
	began := time.Now().Add(-72 * time.Hour)
	for i, m := range []struct{ folder, from, to, id, answers, subject, text string }{
		{"INBOX", "Jana Köhler <jana.koehler@sternwarte.example>", "sales@nordlicht.example", "q1@sternwarte.example", "", "Quote for 40 units",
			"Hello,\r\n\r\nwhen do I get the quote for 40 units?\r\n\r\nJana"},
		{"Sent", "Nordlicht <sales@nordlicht.example>", "jana.koehler@sternwarte.example", "a1@nordlicht.example", "q1@sternwarte.example",
			"Re: Quote for 40 units", "Dear Jana,\r\n\r\nI will send you the quote by Friday noon.\r\n\r\nWei"},
		{"Sent", "Nordlicht <sales@nordlicht.example>", "liwei@example.cn", "a2@nordlicht.example", "", "样品",
			"李伟您好，\r\n\r\n下周三前寄样品给您。\r\n"},
		{"INBOX", "News <no-reply@letter.example>", "sales@nordlicht.example", "n1@letter.example", "", "Ten things about lenses", "Read more.\r\n"},
	} {
		raw := fmt.Sprintf("From: %s\r\nTo: %s\r\nSubject: %s\r\nMessage-ID: <%s>\r\nDate: %s\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n",
			encoded(m.from), m.to, mime.QEncoding.Encode("utf-8", m.subject), m.id, began.Add(time.Duration(i)*time.Hour).Format(time.RFC1123Z))
		if m.answers != "" {
			raw += "In-Reply-To: <" + m.answers + ">\r\nReferences: <" + m.answers + ">\r\n"
		}
		if err := c.Mail.Append(ctx, CompanyMailbox, m.folder, raw+"\r\n"+m.text, began.Add(time.Duration(i)*time.Hour)); err != nil {
			return err
		}
	}
	return nil
}

// encoded gives a mailbox as a header has it.
func encoded(mailbox string) string {
	name, address, ok := strings.Cut(mailbox, " <")
	if !ok {
		return mailbox
	}
	return mime.QEncoding.Encode("utf-8", name) + " <" + address
}

func (c *Company) startSocial(ctx context.Context, dir string) error {
	dir, err := folder(dir, "social")
	if err != nil {
		return err
	}
	if c.View, err = StartAppView(); err != nil {
		return err
	}
	if c.Social, err = StartPDSBefore(c.View.URL)(ctx, dir); err != nil {
		return err
	}
	if c.Us, err = c.Social.CreateAccount(ctx, "nordlicht", "main-"+CompanyPassword); err != nil {
		return err
	}
	if c.AppPassword, err = c.Social.AppPassword(ctx, c.Us, "kept", true); err != nil {
		return err
	}
	omar, err := c.Social.CreateAccount(ctx, "omarhaddad", "main-"+CompanyPassword)
	if err != nil {
		return err
	}
	zoe, err := c.Social.CreateAccount(ctx, "zoefuchs", "main-"+CompanyPassword)
	if err != nil {
		return err
	}
	c.View.Follow(omar, "عمر حداد")
	now := time.Now()
	text := "@nordlicht.test your telescopes 🔭 are fine"
	uri, cid, err := c.Social.PutRecord(ctx, zoe, "app.bsky.feed.post", "", map[string]any{"$type": "app.bsky.feed.post", "text": text,
		"createdAt": now.UTC().Format(time.RFC3339)})
	if err != nil {
		return err
	}
	c.View.Mention(zoe, "Zoë 🦊 Fuchs", uri, cid, text, now)
	return nil
}

// ShopCustomer gives what the shop has of a customer, as text.
func (c *Company) ShopCustomer(ctx context.Context, email string) (string, error) {
	var out struct {
		Customers struct{ Items []map[string]any }
	}
	err := c.Shop.Ask(ctx, `query($e: String!) { customers(options: {filter: {emailAddress: {eq: $e}}}) { items { id firstName lastName emailAddress phoneNumber
		groups { name } addresses { company streetLine1 city phoneNumber } } } }`, map[string]any{"e": email}, &out)
	return fmt.Sprint(out.Customers.Items), err
}

// ShopEmails gives the addresses of all customers of the shop.
func (c *Company) ShopEmails(ctx context.Context) ([]string, error) {
	var out struct {
		Customers struct {
			Items []struct{ EmailAddress string }
		}
	}
	err := c.Shop.Ask(ctx, `{ customers(options: {take: 1000}) { items { emailAddress } } }`, nil, &out)
	var emails []string
	for _, x := range out.Customers.Items {
		emails = append(emails, x.EmailAddress)
	}
	return emails, err
}
