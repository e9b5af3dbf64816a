package state

import "time"

// Link says that a contact record belongs to a customer, by rule or by a person, and why.
type Link struct {
	Record uint64 `k:"1" json:"record"`
	// Home is the record's own customer number: the one that was first given to it while it was the
	// oldest record of its customer, or when a person's word named it. It never goes to another
	// record while this one exists, so that customers which part have their numbers again; verdicts
	// speak of it. 0 for a record that never needed one.
	Home uint64 `k:"2" json:"home,omitempty"`
	// Base is the customer to whom rules alone give the record, without anybody's "same".
	Base     uint64     `k:"3" json:"base"`
	By       string     `k:"4" json:"by"` // "rule", or the actor who moved it
	Evidence []Evidence `k:"5" json:"evidence,omitempty"`
	At       time.Time  `k:"6" json:"at"`
	// Also are numbers of records that are gone or were parted by a person, which this record took
	// over: what people entered on them stays with those who were one customer with them.
	Also []uint64 `k:"8" json:"also,omitempty"`
}

// Homes are all numbers that are the record's own.
func (l *Link) Homes() []uint64 {
	if l.Home == 0 {
		return l.Also
	}
	return append([]uint64{l.Home}, l.Also...)
}

// Evidence is one reason for or against something, as a code with arguments.
type Evidence struct {
	Code    string  `k:"1" json:"code"` // "same_email", "two_ids", ...; text under "evidence.<code>"
	Args    Args    `k:"2" json:"args,omitempty"`
	Against bool    `k:"3" json:"against,omitempty"`
	Weight  float64 `k:"4" json:"weight,omitempty"`
	Record  uint64  `k:"5" json:"record,omitempty"` // the other record
}

// Links holds a link for every contact and organisation record, by the record's number. Indexes
// "base" and "home" (with what it took over) are by customer number; a number is one record's home.
var Links = declare(Declaration[Link]{
	Name:  "link",
	Erase: Erase{Rule: EraseDocuments},
	Key:   func(l *Link) []byte { return NumberKey(l.Record) },
	Indexes: []IndexOn[Link]{
		{Name: "base", Keys: func(l *Link) [][]byte { return [][]byte{NumberKey(l.Base)} }},
		{Name: "home", Keys: func(l *Link) [][]byte {
			var keys [][]byte
			for _, h := range l.Homes() {
				keys = append(keys, NumberKey(h))
			}
			return keys
		}},
	},
})

// FormerHome remembers the numbers of a record that is gone and left them to nobody: what people
// entered on them is the record's again when it is told again.
type FormerHome struct {
	Connection string   `k:"1" json:"connection"`
	Kind       string   `k:"2" json:"kind"`
	ID         string   `k:"3" json:"id"`
	Homes      []uint64 `k:"4" json:"homes"`
}

// FormerHomes holds the numbers of records that are gone, by what tells the record.
var FormerHomes = declare(Declaration[FormerHome]{
	Name:  "former_home",
	Erase: Erase{Rule: EraseDocuments, Named: true},
	Key:   func(f *FormerHome) []byte { return RecordKey(f.Connection, f.Kind, f.ID) },
})

// The kinds of verdicts.
const (
	VerdictSame         = "same"         // customers A and B are one; A is the survivor
	VerdictApart        = "apart"        // customers A and B are two, whatever rules say
	VerdictShared       = "shared"       // the identifier belongs to several people and links nobody
	VerdictNotShared    = "not_shared"   // it belongs to one person, however many records have it
	VerdictOrganisation = "organisation" // the domain is an organisation named Text
	VerdictNoOrg        = "no_organisation"
	VerdictCustomer     = "customer"  // whoever has the address is a customer, named Text where that is set
	VerdictIgnore       = "ignore"    // mail of the address, domain or list makes nobody a customer and is shown nowhere
	VerdictNotStaff     = "not_staff" // the address is none of ours, though mail was sent from it
)

// Verdict is a person's word on who is who. It persists until a person takes it back.
type Verdict struct {
	Key        uint64      `k:"1" json:"key"`
	Kind       string      `k:"2" json:"kind"`
	A          uint64      `k:"3" json:"a,omitempty"` // base customer numbers
	B          uint64      `k:"4" json:"b,omitempty"`
	Identifier *Identifier `k:"5" json:"identifier,omitempty"`
	Text       string      `k:"6" json:"text,omitempty"`
	By         string      `k:"7" json:"by"`
	At         time.Time   `k:"8" json:"at"`
	Note       string      `k:"9" json:"note,omitempty"`
	// Over are verdicts "apart" between those whom a "same" joined: while it stands it outweighs them.
	Over []uint64 `k:"10" json:"over,omitempty"`
}

// Verdicts holds all verdicts; index "customer" is by either customer, "identifier" by the
// identifier that it speaks of.
var Verdicts = declare(Declaration[Verdict]{
	Name: "verdict", Letter: "v",
	Erase: Erase{Rule: EraseDocuments},
	Key:   func(v *Verdict) []byte { return NumberKey(v.Key) },
	Indexes: []IndexOn[Verdict]{
		{Name: "customer", Keys: func(v *Verdict) [][]byte {
			var keys [][]byte
			if v.A != 0 {
				keys = append(keys, NumberKey(v.A))
			}
			if v.B != 0 && v.B != v.A {
				keys = append(keys, NumberKey(v.B))
			}
			return keys
		}},
		{Name: "identifier", Keys: func(v *Verdict) [][]byte {
			if v.Identifier == nil {
				return nil
			}
			return [][]byte{v.Identifier.Key()}
		}},
	},
})
