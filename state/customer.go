package state

import "time"

// The kinds of customers.
const (
	Person       = "person"
	Organisation = "organisation"
)

// The stages of a customer.
const (
	StageProspect = "prospect"
	StageCustomer = "customer"
	StageFormer   = "former"
	StagePartner  = "partner"
	StageOther    = "other"
)

// Customer is what we believe about one person or organisation, as computed from its linked
// records, the values set by people, and the verdicts. The stored value is a copy of that
// computation and is never changed by hand.
//
// Numbers stay for ever: one whose customer became part of another has Into set and nothing else.
type Customer struct {
	Number  uint64    `k:"1" json:"-"`
	Created time.Time `k:"2" json:"created"`
	Into    uint64    `k:"3" json:"-"`

	Kind        string        `k:"4" json:"kind"`
	Stage       string        `k:"5" json:"stage"`
	Name        string        `k:"6" json:"name"`
	Given       string        `k:"7" json:"given,omitempty"`
	Family      string        `k:"8" json:"family,omitempty"`
	Identifiers []Address     `k:"9" json:"identifiers"`
	Owner       string        `k:"10" json:"owner,omitempty"` // a staff member's number as text "s2"
	Tags        []string      `k:"11" json:"tags"`
	Grade       string        `k:"12" json:"grade,omitempty"`
	Fields      []Believed    `k:"13" json:"fields"`
	Records     []uint64      `k:"14" json:"-"` // contact and organisation records, ascending
	Bases       []uint64      `k:"15" json:"-"` // the base customers joined here, the survivor first
	Employers   []Affiliation `k:"16" json:"-"` // organisations that its records name
	Tokens      []string      `k:"17" json:"-"` // keys to be found by, put by identity
}

// Address is an identifier as a customer has it, with its origin.
type Address struct {
	Identifier `k:"1"`
	Connection string `k:"2" json:"connection,omitempty"`
}

// Believed is one field of a customer with its origin.
type Believed struct {
	Name   string    `k:"1" json:"name"`
	Values []Value   `k:"2" json:"values"`
	Record uint64    `k:"3" json:"-"`
	At     time.Time `k:"4" json:"at,omitzero"`
	ByHand string    `k:"5" json:"by_hand,omitempty"` // the actor, where a person set it
}

// Affiliation is a relation that a record tells.
type Affiliation struct {
	Organisation uint64 `k:"1" json:"organisation"` // the organisation's record
	Role         string `k:"2" json:"role,omitempty"`
	Record       uint64 `k:"3" json:"record"`
}

// Get gives the values of a field.
func (c *Customer) Get(name string) []Value {
	for i := range c.Fields {
		if c.Fields[i].Name == name {
			return c.Fields[i].Values
		}
	}
	return nil
}

// Text gives the first value of a field, or "".
func (c *Customer) Text(name string) string {
	if v := c.Get(name); len(v) > 0 {
		return v[0].Text
	}
	return ""
}

// Customers holds customers by number. Index "token" is by the words of names as identity has put
// them, "identifier" by identifier, "tail" by the reversed digits of phones, "tag", "owner",
// "employer" (by the organisation's record), "live" by number for those that are not part of
// another.
var Customers = declare(Declaration[Customer]{
	Name: "customer", Letter: "c",
	Erase: Erase{Rule: EraseDocuments},
	Key:   func(c *Customer) []byte { return NumberKey(c.Number) },
	Indexes: []IndexOn[Customer]{
		{Name: "token", Keys: func(c *Customer) [][]byte {
			keys := make([][]byte, len(c.Tokens))
			for i, t := range c.Tokens {
				keys[i] = []byte(t)
			}
			return keys
		}},
		{Name: "identifier", Keys: func(c *Customer) [][]byte {
			ids := make([]Identifier, len(c.Identifiers))
			for i := range c.Identifiers {
				ids[i] = c.Identifiers[i].Identifier
			}
			return identifierKeys(ids)
		}},
		{Name: "tail", Keys: func(c *Customer) [][]byte {
			var tails []string
			for _, a := range c.Identifiers {
				if a.Type == TypePhone {
					tails = append(tails, reversedDigits(a.Shown))
				}
			}
			return textKeys(tails)
		}},
		{Name: "tag", Keys: func(c *Customer) [][]byte { return textKeys(c.Tags) }},
		{Name: "owner", Keys: func(c *Customer) [][]byte { return textIndex(c.Owner) }},
		{Name: "employer", Keys: func(c *Customer) [][]byte {
			var keys [][]byte
			seen := map[uint64]bool{}
			for _, a := range c.Employers {
				if !seen[a.Organisation] {
					seen[a.Organisation] = true
					keys = append(keys, NumberKey(a.Organisation))
				}
			}
			return keys
		}},
		{Name: "live", Keys: func(c *Customer) [][]byte {
			if c.Into != 0 {
				return nil
			}
			return [][]byte{NumberKey(c.Number)}
		}},
	},
})

func textKeys(words []string) [][]byte {
	seen := map[string]bool{}
	var keys [][]byte
	for _, s := range words {
		if s != "" && !seen[s] {
			seen[s] = true
			keys = append(keys, TextKey(s))
		}
	}
	return keys
}

func reversedDigits(s string) string {
	var b []byte
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] >= '0' && s[i] <= '9' {
			b = append(b, s[i])
		}
	}
	return string(b)
}

// Setting is one value that a person set on a base customer. For fields with many values
// (tags) there is one for each element.
type Setting struct {
	Base    uint64    `k:"1" json:"base"`
	Field   string    `k:"2" json:"field"`
	Element string    `k:"3" json:"element,omitempty"`
	Values  []Value   `k:"4" json:"values,omitempty"`
	Removed bool      `k:"5" json:"removed,omitempty"` // the element, or the field, is taken away by hand
	By      string    `k:"6" json:"by"`
	At      time.Time `k:"7" json:"at"`
}

// Settings holds the values set by people, by base customer, field and element.
var Settings = declare(Declaration[Setting]{
	Name:  "setting",
	Erase: Erase{Rule: EraseDocuments, Named: true},
	Key: func(s *Setting) []byte {
		return Join(NumberKey(s.Base), TextKey(s.Field), TextKey(s.Element))
	},
})

// Relation is a relation that a person stated between two base customers; those that records
// tell are computed.
type Relation struct {
	Key    uint64    `k:"1" json:"key"`
	From   uint64    `k:"2" json:"from"` // the person, the child, the member
	To     uint64    `k:"3" json:"to"`
	Kind   string    `k:"4" json:"kind"` // works_for, belongs_to, parent_of, household
	Role   string    `k:"5" json:"role,omitempty"`
	Since  string    `k:"6" json:"since,omitempty"` // dates, ISO, as far as known
	Until  string    `k:"7" json:"until,omitempty"`
	By     string    `k:"8" json:"by"`
	At     time.Time `k:"9" json:"at"`
	Denied bool      `k:"10" json:"denied,omitempty"` // a person says that it does not hold, whatever records say
}

// Relations holds relations stated by people; index "customer" is by either side.
var Relations = declare(Declaration[Relation]{
	Name: "relation", Letter: "l",
	Erase: Erase{Rule: EraseDocuments},
	Key:   func(r *Relation) []byte { return NumberKey(r.Key) },
	Indexes: []IndexOn[Relation]{
		{Name: "customer", Keys: func(r *Relation) [][]byte {
			return [][]byte{NumberKey(r.From), NumberKey(r.To)}
		}},
	},
})
