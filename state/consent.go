package state

import "time"

// What can be said about contact, weakest refusal first.
const (
	ConsentGranted       = "granted"
	ConsentWithheld      = "withheld"      // asked, and did not agree
	ConsentUndeliverable = "undeliverable" // the address does not work
	ConsentOptedOut      = "opted_out"
	ConsentLifted        = "lifted" // a person took refusals back, with a reason
)

// AllPurposes stands for every purpose, AllChannels for every channel.
const (
	AllPurposes = "all"
	AllChannels = "all"
)

// Consent is one statement about whether somebody may be contacted at an identifier. Statements
// are kept, not overwritten; what holds follows from all of them, and only a person's Lifted
// ends a refusal that was made before it.
type Consent struct {
	Identifier Identifier `k:"1" json:"identifier"`
	Channel    string     `k:"2" json:"channel"` // email, sms, phone, post, all
	Purpose    string     `k:"3" json:"purpose"` // marketing, sales, all
	State      string     `k:"4" json:"state"`
	At         time.Time  `k:"5" json:"at,omitzero"` // when it was said, where told
	Noted      time.Time  `k:"6" json:"noted"`       // when we learned of it
	Source     string     `k:"7" json:"source"`      // "k55" a record, "c12" by hand at a customer, "split:k55"
	Connection string     `k:"8" json:"connection,omitempty"`
	Run        uint64     `k:"9" json:"run,omitempty"`
	Field      string     `k:"10" json:"field,omitempty"`
	Words      string     `k:"11" json:"words,omitempty"`
	By         string     `k:"12" json:"by,omitempty"`
}

// Refuses says whether the statement is a no.
func (c *Consent) Refuses() bool {
	return c.State == ConsentOptedOut || c.State == ConsentUndeliverable || c.State == ConsentWithheld
}

// Consents holds the statements by identifier, channel, purpose, source and run. Index "source"
// is by source, "refusal" by the time we learned of it for those that refuse.
var Consents = declare(Declaration[Consent]{
	Name:  "consent",
	Erase: Erase{Rule: EraseDocuments, Named: true},
	Key: func(c *Consent) []byte {
		return Join(c.Identifier.Key(), TextKey(c.Channel), TextKey(c.Purpose), TextKey(c.Source),
			NumberKey(c.Run), TextKey(c.State), TimeKey(c.At))
	},
	Indexes: []IndexOn[Consent]{
		{Name: "source", Keys: func(c *Consent) [][]byte { return [][]byte{TextKey(c.Source)} }},
		{Name: "refusal", Keys: func(c *Consent) [][]byte {
			if !c.Refuses() {
				return nil
			}
			return [][]byte{TimeKey(c.Noted)}
		}},
	},
})
