package demo

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// person is somebody in the demo's world, as a shop knows them.
type person struct {
	given, family name
	from          *culture
	town          town
	street        string
	email, phone  string
	company       string
	id            string // at the shop; "" for a guest
	marketing     bool   // ticked the box at the shop
	texts         bool   // and that for text messages
	etsy          string // name at Etsy
	tags          []string
	note          string
	weight        int       // how much likelier than others to buy again
	since         time.Time // when they came to be known
}

// eastern says whether the name is written in one word, family first.
func (p *person) eastern() bool { return p.from.code == "CN" && p.given.latin != "" }

// full is the name as on an envelope.
func (p *person) full() string {
	if p.eastern() {
		return p.family.own + p.given.own
	}
	return strings.TrimSpace(p.given.own + " " + p.family.own)
}

func (p *person) fullLatin() string { return p.given.plain() + " " + p.family.plain() }

// world makes people: no two have a name, an address or a phone in common unless a story wants it,
// so that what waits for an answer in the end is known.
type world struct {
	dice  *dice
	taken map[string]bool
}

func (w *world) claim(what string) bool {
	if w.taken[what] {
		return false
	}
	w.taken[what] = true
	return true
}

// someone makes a new person of a culture.
func (w *world) someone(c *culture) *person {
	for range 10000 {
		p := &person{given: pick(w.dice, c.given), family: pick(w.dice, c.family), from: c, town: pick(w.dice, c.towns), weight: 1}
		if !w.claim("name " + plain(p.fullLatin())) {
			continue
		}
		p.street = pick(w.dice, c.street) + " " + strconv.Itoa(w.dice.between(1, 120))
		if c.code == "GB" || c.code == "US" {
			n, rest, _ := strings.Cut(reverse(p.street), " ")
			p.street = reverse(n) + " " + reverse(rest)
		}
		p.email = w.mailbox(p)
		for p.phone == "" || !w.claim("phone "+p.phone) {
			p.phone = c.phone(w.dice)
		}
		return p
	}
	panic("demo: no name is left in " + c.code)
}

// anyone makes a new person of any culture, by weight.
func (w *world) anyone() *person {
	n := w.dice.below(100)
	for i := range cultures {
		if n -= cultures[i].weight; n < 0 {
			return w.someone(&cultures[i])
		}
	}
	return w.someone(&cultures[0])
}

// provider is where private people have their mail.
const provider = "freemail.example"

func (w *world) mailbox(p *person) string {
	given, family := plain(p.given.plain()), plain(p.family.plain())
	for {
		local := given + "." + family
		switch w.dice.below(4) {
		case 0:
			local = given + w.dice.digits(3)
		case 1:
			local = given[:1] + family + strconv.Itoa(w.dice.between(61, 99))
		case 2:
			local = family + "." + given
		}
		if w.claim("mail " + local) {
			return local + "@" + provider
		}
	}
}

func reverse(s string) string {
	r := []rune(s)
	slices.Reverse(r)
	return string(r)
}

var ascii = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss", "ø", "oe", "å", "aa", "ç", "c", "ğ", "g", "ı", "i", "i̇", "i", "ş", "s",
	"ą", "a", "ć", "c", "ę", "e", "ł", "l", "ń", "n", "ó", "o", "ś", "s", "ź", "z", "ż", "z", "ã", "a", "á", "a", "é", "e", "ê", "e", "í", "i",
	"õ", "o", "ú", "u", "à", "a", "â", "a", "'", "", ".", "", " ", "")

// plain writes a name in the letters of a mail address.
func plain(s string) string {
	s = strings.NewReplacer("İ", "i", "I", "i").Replace(s)
	return ascii.Replace(strings.ToLower(s))
}

// house is an organisation that buys, with those of its people whom the shop knows.
type house struct {
	name, domain string
	from         string // culture
	town         town
	people       int
}

var houses = []house{
	{"Planetarium Kiel", "planetarium-kiel", "DE", town{"Kiel", "24103", ""}, 2},
	{"Gymnasium am Meer", "gymnasium-am-meer", "DE", town{"Husum", "25813", ""}, 1},
	{"Volkssternwarte Plön e.V.", "volkssternwarte-ploen", "DE", town{"Plön", "24306", ""}, 2},
	{"Hafenmuseum Flensburg", "hafenmuseum-flensburg", "DE", town{"Flensburg", "24937", ""}, 1},
	{"Optik Lüders GmbH & Co. KG", "optik-lueders", "DE", town{"Hamburg", "20095", ""}, 2},
	{"Naturpark Westmeer gGmbH", "naturpark-westmeer", "DE", town{"Rostock", "18055", ""}, 1},
	{"Reederei Sievers GmbH", "reederei-sievers", "DE", town{"Bremen", "28195", ""}, 1},
	{"Astronomie-Freunde Göttingen e.V.", "astrofreunde-goettingen", "DE", town{"Göttingen", "37073", ""}, 2},
	{"Northern Skies Ltd.", "northern-skies", "GB", town{"Leeds", "LS1 4AP", ""}, 2},
	{"Keswick Dark Sky Trust", "keswick-dark-sky", "GB", town{"Keswick", "CA12 5JR", ""}, 1},
	{"Mesa Astronomy Outfitters LLC", "mesa-astronomy", "US", town{"Tucson", "85701", "AZ"}, 1},
	{"青岛天文馆", "qingdao-tianwen", "CN", town{"青岛", "266000", ""}, 1},
	{"Gökyüzü Optik A.Ş.", "gokyuzu-optik", "TR", town{"İstanbul", "34433", ""}, 1},
	{"Obserwatorium Toruń sp. z o.o.", "obserwatorium-torun", "PL", town{"Toruń", "87-100", ""}, 1},
	{"Casa das Estrelas Lda.", "casa-das-estrelas", "PT", town{"Évora", "7000-001", ""}, 1},
	{"مرصد دبي", "dubai-observatory", "AE", town{"دبي", "00000", ""}, 1},
}

func cultureOf(code string) *culture {
	for i := range cultures {
		if cultures[i].code == code {
			return &cultures[i]
		}
	}
	panic("demo: no culture " + code)
}

// member makes a person who buys for a house.
func (w *world) member(h house) *person {
	p := w.someone(cultureOf(h.from))
	p.company, p.town, p.weight = h.name, h.town, 5
	p.email = plain(p.given.plain()) + "." + plain(p.family.plain()) + "@" + h.domain + ".example"
	p.tags = []string{"business"}
	return p
}
