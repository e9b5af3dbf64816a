package demo

import (
	"strconv"
	"strings"
)

const (
	cardsByMail  = 236 // of shop customers, with the address that the shop has
	cardsByPhone = 58  // of shop customers, with their phone alone
	cardsAlone   = 112 // of people whom no shop knows
)

// card is one entry of the address book: pairs of a field, as Google names it, and its text.
type card []string

// book makes the address book of the office: half of it people whom the shop knows, each written
// down in a hurry.
func (w *world) book(c *cast, shop []*person) []card {
	known := make([]*person, 0, len(shop))
	for _, p := range shop {
		if p.id != "" && p != c.jana && p != c.liwei && p != c.weili && p.company != "Museum" {
			known = append(known, p)
		}
	}
	shuffle(w.dice, known)
	byMail, byPhone := known[:cardsByMail], known[cardsByMail:cardsByMail+cardsByPhone]
	var rest []*person
	for _, p := range known[cardsByMail+cardsByPhone:] {
		if p.from.code == "DE" && p.company == "" && p.etsy == "" {
			rest = append(rest, p)
		}
	}

	cards := c.cards()
	for _, p := range byMail {
		cards = append(cards, w.hurried(p))
	}
	for _, p := range byPhone {
		cards = append(cards, card{"First Name", p.given.own, "Last Name", p.family.own, "Phone 1 - Label", "Mobile", "Phone 1 - Value", w.notation(p.phone)})
	}
	for range cardsAlone {
		cards = append(cards, w.stranger())
	}
	for _, h := range houses {
		cards = append(cards, card{"Organization Name", h.name, "E-mail 1 - Label", "* Work", "E-mail 1 - Value", "info@" + h.domain + ".example",
			"Address 1 - Label", "Work", "Address 1 - City", h.town.name, "Address 1 - Country", cultureOf(h.from).land})
	}
	cards = append(cards, oddities...)
	// The same person once more, and names that alone do not prove anything.
	for _, p := range byMail[:12] {
		cards = append(cards, card{"First Name", p.given.own, "Phone 1 - Value", w.notation(p.phone), "E-mail 1 - Value", strings.ToUpper(p.email[:1]) + p.email[1:],
			"Notes", "from the old phone"})
	}
	for _, p := range rest[:2] {
		cards = append(cards, card{"First Name", p.given.own, "Last Name", p.family.own, "Address 1 - Label", "Home", "Address 1 - Street", p.street,
			"Address 1 - City", p.town.name, "Address 1 - Postal Code", p.town.zip, "Notes", "met at the star party"})
	}
	// A household that shares a mailbox.
	cards = append(cards, card{"First Name", "Gesine", "Last Name", "Stuhlmacher", "E-mail 1 - Label", "Home", "E-mail 1 - Value", rest[2].email})

	head := len(c.cards())
	shuffle(w.dice, cards[head:])
	for i := range cards {
		labels := "myContacts"
		if w.dice.chance(12) {
			labels = "Astronomers"
		}
		cards[i] = append(cards[i], "Labels", labels)
	}
	return cards
}

// cards of the people whom the stories are about.
func (c *cast) cards() []card {
	work := func(p *person, more ...string) card {
		return append(card{"Organization Name", observatory, "E-mail 1 - Label", "* Work", "E-mail 1 - Value", p.email}, more...)
	}
	henrik := &person{email: "henrik.voss@sternwarte.example"}
	return []card{
		work(c.jana, "First Name", "Jana", "Last Name", "Köhler", "Organization Title", "Head of public programme", "Phone 1 - Label", "Work",
			"Phone 1 - Value", "+49 (451) 90 18 20", "Notes", "Writes mail. Plans a year ahead.", "Address 1 - Label", "Work",
			"Address 1 - Street", "Am Wall 3", "Address 1 - City", "Lübeck",
			"Address 1 - Postal Code", "23552", "Address 1 - Country", "Germany"),
		work(henrik, "First Name", "Henrik", "Last Name", "Voss", "Name Prefix", "Dr.", "Organization Title", "Director"),
		{"First Name", "Wei", "Last Name", "Li", "E-mail 1 - Label", "* Work", "E-mail 1 - Value", "WeiLi@haiguang.example", "Notes", "trade fair Shanghai, hall 4"},
	}
}

// oddities are what every address book has: names of one word, in another script, of a picture
// alone; a switchboard that several people share; a cell with a typing error.
var oddities = []card{
	{"First Name", "🌸", "Phone 1 - Label", "Mobile", "Phone 1 - Value", "+49 176 04069 011"},
	{"First Name", "Ronja", "Nickname", "Roni 🔭", "Phone 1 - Label", "Mobile", "Phone 1 - Value", "+49 176 04069 027"},
	{"First Name", "Suharto", "E-mail 1 - Value", "suharto@bandung-stars.example"},
	{"First Name", "王师傅", "Phone 1 - Label", "Mobile", "Phone 1 - Value", "+86 139 1234 5678", "Notes", "仓库"},
	{"First Name", "أبو خالد", "Phone 1 - Value", "+971 50 000 0417"},
	{"Nickname", "Opa Fiete", "Phone 1 - Label", "Home", "Phone 1 - Value", "+49 30 23125 007"},
	{"First Name", "小陈", "Organization Name", "昆明星图文化有限公司", "E-mail 1 - Value", "xiaochen@xingtu-kunming.example"},
	{"First Name", "María José", "Last Name", "de la Fuente Ortega", "E-mail 1 - Value", "mj@observatorio-sur.example", "Birthday", "1979-08-12"},
	{"First Name", "Ursula", "Last Name", "Brinkmann", "Organization Name", "Universität Nordmeer", "Phone 1 - Label", "Work", "Phone 1 - Value", "+49 40 66969 100"},
	{"First Name", "Detlef", "Last Name", "Kruse", "Organization Name", "Universität Nordmeer", "Phone 1 - Label", "Work", "Phone 1 - Value", "+49 40 66969 100"},
	{"First Name", "Yasmin", "Last Name", "Touré", "Organization Name", "Universität Nordmeer", "Phone 1 - Label", "Work", "Phone 1 - Value", "+49 40 66969 100"},
	{"First Name", "Petra", "Last Name", "Vollstedt", "E-mail 1 - Label", "Home", "E-mail 1 - Value", "petra.vollstedt@@fjordlicht.example",
		"Phone 1 - Value", "+49 89 99998 214"},
}

var transcribed = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss", "Ä", "Ae", "Ö", "Oe", "Ü", "Ue", "ø", "o")

// hurried writes a customer down the way people do.
func (w *world) hurried(p *person) card {
	c := card{"E-mail 1 - Label", "Home", "E-mail 1 - Value", p.email, "Organization Name", p.company}
	switch w.dice.below(6) {
	case 0: // as the shop has it
		c = append(c, "First Name", p.given.own, "Last Name", p.family.own)
	case 1: // no umlauts on that keyboard
		c = append(c, "First Name", transcribed.Replace(p.given.own), "Last Name", transcribed.Replace(p.family.own))
	case 2: // the first name will do
		c = append(c, "First Name", p.given.own)
	case 3: // in Latin letters
		c = append(c, "First Name", p.given.plain(), "Last Name", p.family.plain())
	case 4: // an initial
		c = append(c, "First Name", string([]rune(p.given.own)[:1])+".", "Last Name", p.family.own)
	default: // two addresses
		c = append(c, "First Name", p.given.own, "Last Name", p.family.own, "E-mail 2 - Label", "Other",
			"E-mail 2 - Value", plain(p.given.plain())+strconv.Itoa(w.dice.between(100, 999))+"@"+provider)
	}
	if p.eastern() {
		// Whoever writes a Han name puts both parts or neither into one cell.
		c = append(c, "First Name", p.given.own, "Last Name", p.family.own)
	}
	if w.dice.chance(60) {
		c = append(c, "Phone 1 - Label", "Mobile", "Phone 1 - Value", w.notation(p.phone))
	}
	return c
}

// notation writes a phone in one of the ways in which people write it.
func (w *world) notation(phone string) string {
	switch w.dice.below(4) {
	case 0:
		return strings.ReplaceAll(phone, " ", "")
	case 1:
		return "00" + strings.ReplaceAll(strings.TrimPrefix(phone, "+"), " ", "-")
	case 2:
		return strings.ReplaceAll(phone, " ", "/")
	}
	return phone
}

// stranger is a card of somebody whom no shop knows.
func (w *world) stranger() card {
	p := w.anyone()
	c := card{"First Name", p.given.own, "Last Name", p.family.own}
	if w.dice.chance(70) {
		c = append(c, "E-mail 1 - Label", "* Home", "E-mail 1 - Value", p.email)
	}
	if w.dice.chance(70) {
		c = append(c, "Phone 1 - Label", "Mobile", "Phone 1 - Value", p.phone)
	}
	if w.dice.chance(20) {
		c = append(c, "Notes", pick(w.dice, []string{"press", "supplier, packaging", "workshop", "neighbour", "speaks for the star party", "forwarder"}))
	}
	return c
}
