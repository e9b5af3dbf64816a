package state

import "time"

// Link says that a contact record belongs to a customer, by rule or by a person, and why.
type Link struct {
	Record uint64 `k:"1" json:"record"`
	// Home is the customer that the record was given when it was first seen. It gives numbers
	// back when customers part, and is what verdicts speak of.
	Home uint64 `k:"2" json:"home"`
	// Base is the customer to whom rules alone give the record, without anybody's "same".
	Base     uint64     `k:"3" json:"base"`
	By       string     `k:"4" json:"by"` // "rule", or the actor who moved it
	Evidence []Evidence `k:"5" json:"evidence,omitempty"`
	At       time.Time  `k:"6" json:"at"`
	// Was are earlier homes, and the runs that took the record from them: taking such a run back
	// brings it home again.
	Was []Home `k:"7" json:"was,omitempty"`
}

// Home is a customer that a record was given, until a run changed that.
type Home struct {
	Customer uint64 `k:"1" json:"customer"`
	Run      uint64 `k:"2" json:"run"`
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
// "base" and "home" are by customer number.
var Links = declare(Declaration[Link]{
	Name: "link",
	Key:  func(l *Link) []byte { return NumberKey(l.Record) },
	Indexes: []IndexOn[Link]{
		{Name: "base", Keys: func(l *Link) [][]byte { return [][]byte{NumberKey(l.Base)} }},
		{Name: "home", Keys: func(l *Link) [][]byte { return [][]byte{NumberKey(l.Home)} }},
	},
})

// The kinds of verdicts.
const (
	VerdictSame         = "same"         // customers A and B are one; A is the survivor
	VerdictApart        = "apart"        // customers A and B are two, whatever rules say
	VerdictShared       = "shared"       // the identifier belongs to several people and links nobody
	VerdictNotShared    = "not_shared"   // it belongs to one person, however many records have it
	VerdictOrganisation = "organisation" // the domain is an organisation named Text
	VerdictNoOrg        = "no_organisation"
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
}

// Verdicts holds all verdicts; index "customer" is by either customer, "identifier" by the
// identifier that it speaks of.
var Verdicts = declare(Declaration[Verdict]{
	Name: "verdict", Letter: "v",
	Key: func(v *Verdict) []byte { return NumberKey(v.Key) },
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
