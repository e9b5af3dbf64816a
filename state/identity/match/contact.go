package match

import (
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strings"
	"sync"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

// cells are what a contact record says that can be compared, made ready. They are a pure function of the record.
type cells struct {
	given, family, rest                     string
	birth                                   date
	phones, emails                          []string // of each two at most
	street, postcode, city, company, domain string
	shared                                  string                  // an address that several people read
	raw                                     [contactFeatures]string // as people read it
	phonesShown                             []string
}

// cellsOf reads a contact record.
func cellsOf(r *state.Record) cells {
	var c cells
	v := identity.Standing(r)
	if v == nil {
		return c
	}
	c.given, c.family, c.rest = namesOf(v)
	c.birth = birthOf(v)
	for _, id := range r.Identifiers {
		switch {
		case id.Former:
		case id.Type == state.TypePhone && len(c.phones) < 2:
			if d := strings.TrimLeft(digits(id.Shown), "0"); len(d) > 4 {
				c.phones, c.phonesShown = append(c.phones, d), append(c.phonesShown, id.Shown)
				c.raw[cPhone] = cmp.Or(c.raw[cPhone], id.Shown)
			}
		case id.Type == state.TypeEmail && id.Weak:
			c.shared, c.raw[cShared] = id.Match, id.Shown
		case id.Type == state.TypeEmail && len(c.emails) < 2:
			c.emails = append(c.emails, id.Match)
			c.raw[cEmail] = cmp.Or(c.raw[cEmail], id.Shown)
		}
	}
	if a := v.Get("address"); len(a) > 0 {
		p := a[0].Parts
		c.street = addressNorm(joinWords(p["street"], p["street2"]))
		c.postcode, c.city = squeeze(fold(p["postcode"])), fold(p["city"])
		c.raw[cStreet], c.raw[cPostcode], c.raw[cCity] = cmp.Or(p["street"], p["street2"]), p["postcode"], p["city"]
	}
	c.company, c.domain = fold(r.Company), r.Domain
	c.raw[cCompany], c.raw[cDomain], c.raw[cBirth] = v.Text("company"), r.Domain, c.birth.iso()
	return c
}

// birthOf gives a person's birthday, 0 where it is not told. Days as connections write them are read without the parser of all
// that people write, which takes longer than all else here.
func birthOf(v *state.Version) date {
	s := v.Text("birthday")
	if len(s) == 10 && s[4] == '-' && s[7] == '-' {
		y, m, d := number(s[:4]), number(s[5:7]), number(s[8:])
		if y >= 1900 && y < 2100 && m >= 1 && m <= 12 && d >= 1 && d <= 28 {
			return makeDate(y, m, d)
		}
	}
	if s == "" {
		return 0
	}
	d, err := identity.ParseDate(s, identity.OrderUnknown)
	if err != nil {
		return 0
	}
	return makeDate(d.Year, d.Month, d.Day)
}

// namesOf gives the names of a person, folded: of several given names the first, the others with all further names.
func namesOf(v *state.Version) (given, family, rest string) {
	n := identity.PersonName(v)
	given, family = fold(n.Given), fold(n.Family)
	rest = fold(joinWords(n.Middle, n.Nickname, n.Suffix))
	if i := strings.IndexByte(given, ' '); i > 0 && isASCII(given) {
		given, rest = given[:i], joinWords(given[i+1:], rest)
	}
	return given, family, rest
}

func joinWords(words ...string) string {
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " ")
}

// Blocks gives the keys under which a contact record meets those that may be the same person: whoever has one in common is
// worth scoring. They depend on the record alone, never on what was learnt, so that a state that learns needs no new index.
// Each joins a name to something beside it, as it sounds and in either order, so that people of one name do not all meet.
func Blocks(r *state.Record) []string {
	v := r.Current()
	if v == nil || r.Kind != state.KindContact || identity.KindOf(v) != state.Person {
		return nil
	}
	given, family, _ := namesOf(v)
	g, f := soundOf(given), soundOf(family)
	if g|f == 0 {
		return nil
	}
	var out []string
	add := func(kind, a, b uint64) {
		k := binary.BigEndian.AppendUint64(nil, pair(kind, a, b))
		if s := base64.RawURLEncoding.EncodeToString(k[:6]); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	birth := birthOf(v)
	both := g != 0 && f != 0
	name := pair(31, min(g, f), max(g, f))
	if birth.year() != 0 && birth.month() != 0 {
		// Day and month may be exchanged.
		day := pair(32, uint64(birth.year()), uint64(min(birth.month(), birth.day())*100+max(birth.month(), birth.day())))
		for _, n := range []uint64{g, f} {
			if n != 0 {
				add(33, n, day)
			}
		}
	}
	if !both {
		return out
	}
	if birth.year() != 0 {
		add(34, name, uint64(birth.year()))
	}
	if birth.month() != 0 && !birth.vague() {
		add(35, name, uint64(min(birth.month(), birth.day())*100+max(birth.month(), birth.day())))
	}
	if a := v.Get("address"); len(a) > 0 {
		if city := fold(a[0].Parts["city"]); city != "" {
			add(36, name, hash64(36, city))
		} else if code := squeeze(fold(a[0].Parts["postcode"])); code != "" {
			add(37, name, hash64(37, code))
		}
	}
	if r.Company != "" {
		add(38, name, hash64(38, r.Company))
	}
	if r.Domain != "" {
		add(39, name, hash64(39, r.Domain))
	}
	for _, id := range r.Identifiers {
		// What several people read, or a number that cannot be dialled: no rule joins by it, but people of one name who share it.
		if id.Weak && !id.Former && (id.Type == state.TypeEmail || id.Type == state.TypePhone) {
			add(40, name, hash64(40, id.Type+id.Match))
			break
		}
	}
	return out
}

// soundOf is how a folded name sounds, in Latin letters; a usual nickname sounds as the name that it stands for. 0 for no name.
func soundOf(name string) uint64 {
	if name == "" {
		return 0
	}
	if formal, ok := usualNicks()[name]; ok {
		name = formal
	}
	return hash64(3, skeleton(latin(name))) | 1
}

// usualNicks maps nicknames to the one name that they nearly always stand for. The table of nicknames says of many more how they
// compare; a key to look under must be one.
var usualNicks = sync.OnceValue(func() map[string]string {
	m := map[string]string{}
	for group := range strings.SplitSeq(`william bill billy will willie|robert bob bobby rob robbie|richard rick ricky dick rich|james jim jimmy jamie
		|michael mike mick mickey micha|thomas tom tommy|elizabeth liz lizzie beth betty eliza|katherine kate kathy katie kitty|margaret maggie meg peggy
		|joseph joe joey jo|anthony tony|edward ed eddie ted ned|charles charlie chuck|david dave davy|daniel dan danny|samuel sam sammy|benjamin ben benny
		|andrew andy drew|matthew matt|nicholas nick nicky|steven steve stephen|christopher chris|patricia pat patty trish|jennifer jenny jen|susan sue susie
		|deborah debbie deb|rebecca becky becca|victoria vicky|alexander alex sasha sascha|johannes hannes|friedrich fritz|wilhelm willi|heinrich heinz
		|francisco paco pancho|jose pepe|giuseppe beppe|maria mariechen|gregory greg|jeffrey jeff|kenneth ken kenny|lawrence larry|ronald ron ronnie|donald don`, "|") {
		all := strings.Fields(group)
		for _, nick := range all[1:] {
			m[nick] = all[0]
		}
	}
	return m
})

// Contacts is what is believed of contact records before two of them are looked at: how many there are about, how frequent
// values are, and what agreement is worth. It does not change; see [DefaultContacts]. It is safe for use by several goroutines.
type Contacts struct {
	rows    int                                // assumed
	rate    float64                            // pairs of records of one person, by record
	counted int                                // records whose values were counted
	counts  [contactFeatures]map[uint64]uint32 // how many of them have a value, by its hash; rare ones are left out
	rare    [contactFeatures]float64           // and how many share a rare one
	learnt  [contactFeatures]*learnt
	home    float32
}

// The features of a contact record.
const (
	cGiven = iota
	cFamily
	cOrder
	cRest
	cBirth
	cPhone
	cEmail
	cStreet
	cPostcode
	cCity
	cCompany
	cDomain
	cShared
	contactFeatures
)

// contactKinds says how each feature is compared, and whom it points to.
var contactKinds = [contactFeatures]struct {
	kind  kind
	group group
	role  Role
	usual float32 // bits that a value which nobody counted tells
}{
	cGiven:    {kGiven, gPerson, Name, 7},
	cFamily:   {kFamily, gHouse, Name, 9.5},
	cOrder:    {kOrder, gPerson, Name, 0},
	cRest:     {kRest, gPerson, Name, 6},
	cBirth:    {kDate, gPerson, Birthday, 13.5},
	cPhone:    {kPhone, gHouse, Phone, 16},
	cEmail:    {kEmail, gPerson, Email, 18},
	cStreet:   {kText, gHouse, Address, 13},
	cPostcode: {kCode, gHouse, Postcode, 9},
	cCity:     {kText, gHouse, City, 6},
	cCompany:  {kText, gOther, Company, 10},
	cDomain:   {kCategory, gOther, Other, 6},
	cShared:   {kCategory, gOther, Other, 9},
}

// assumedContacts is how many records are assumed before anybody counted. Too many is safe: what is certain among a hundred
// thousand is so among a thousand, and the other way round it is not.
const assumedContacts = 100_000

// DefaultContacts is what is believed before any records taught more: cautious weights, a state of a hundred thousand records,
// and the names that very many people have.
func DefaultContacts() *Contacts {
	return &Contacts{rows: assumedContacts, rate: believedRate, home: startHome}
}

// bits gives what a value adds when two records share it.
func (m *Contacts) bits(k int, text string) float32 {
	bits := contactKinds[k].usual
	if counts := m.counts[k]; counts != nil {
		if n := counts[hash64(51, text)]; n > 0 {
			return min(bits, log2(float64(m.counted+imagined)/float64(n)))
		}
		if k != cBirth {
			bits = min(bits, log2(float64(m.counted+imagined)/m.rare[k]))
		}
	}
	if k == cGiven || k == cFamily {
		// What nobody has yet comes with the next address book, maybe from another country.
		if b, ok := frequentNames()[text]; ok {
			return min(b, bits)
		}
	}
	return bits
}
