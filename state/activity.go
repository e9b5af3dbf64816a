package state

import (
	"fmt"
	"time"
)

// Money is an amount in minor units of a currency. Amounts of two currencies are never added.
type Money struct {
	Minor    int64  `k:"1" json:"minor"`
	Currency string `k:"2" json:"currency"` // ISO 4217
}

// The kinds of activities.
const (
	ActivityOrder    = "order"
	ActivityRefund   = "refund"
	ActivityShipment = "shipment"
	ActivityMessage  = "message"
	ActivityCall     = "call"
	ActivityMeeting  = "meeting"
	ActivityNote     = "note"
	ActivityPromise  = "promise"
	ActivityConsent  = "consent"
)

// The directions of activities and promises.
const (
	In     = "in"
	Out    = "out"
	Ours   = "ours"
	Theirs = "theirs"
)

// Activity is one dated entry of a history.
type Activity struct {
	ID         string    `k:"1" json:"id"` // unique in the state: "k55.0" for the first of record k55, "n12" for a note
	At         time.Time `k:"2" json:"at"`
	Kind       string    `k:"3" json:"kind"`
	Direction  string    `k:"4" json:"direction,omitempty"`
	Channel    string    `k:"5" json:"channel,omitempty"` // mail, phone, shop, person
	Connection string    `k:"6" json:"connection,omitempty"`
	Title      string    `k:"7" json:"title"`
	Body       string    `k:"8" json:"body,omitempty"`
	Amount     *Money    `k:"9" json:"amount,omitempty"`
	Actor      string    `k:"10" json:"actor,omitempty"`
	Record     uint64    `k:"11" json:"record,omitempty"`
	Counts     bool      `k:"12" json:"counts,omitempty"` // of an order or refund: it counts into sums
	Status     string    `k:"13" json:"status,omitempty"`
	Private    bool      `k:"14" json:"private,omitempty"`

	// Of a message. Direction is set here only where the system itself says that it was sent by us;
	// else it follows from who From is when it is read.
	From     string       `k:"15" json:"from,omitempty"`      // the writer's address, as it is compared
	FromName string       `k:"16" json:"from_name,omitempty"` // the writer as the header names them, else their address
	Thread   string       `k:"17" json:"thread,omitempty"`    // within the connection
	Mail     string       `k:"18" json:"mail,omitempty"`      // the Message-ID
	List     string       `k:"19" json:"list,omitempty"`      // the mailing list's id
	Files    []Attachment `k:"20" json:"files,omitempty"`
	Folded   bool         `k:"21" json:"folded,omitempty"` // the text stands in the record alone
}

// RecordSubject is the history of a contact record; CustomerSubject is what people entered on a
// base customer.
func RecordSubject(record uint64) []byte { return Join([]byte{'r'}, NumberKey(record)) }

// CustomerSubject is the history of what people entered on a base customer.
func CustomerSubject(base uint64) []byte { return Join([]byte{'c'}, NumberKey(base)) }

// IdentifierSubject is the history of an identifier: messages from and to an address, whoever it
// belongs to, so that links alone decide whose history shows them.
func IdentifierSubject(id Identifier) []byte { return Join([]byte{'i'}, id.Key()) }

// Activities holds histories by subject, in order of time.
var Activities = declareHistory(Declaration[Activity]{
	Name: "activity", Letter: "n",
	Erase: Erase{Rule: EraseDocuments, Named: true},
	Key:   func(a *Activity) []byte { return Join(TimeKey(a.At), []byte(a.ID)) },
})

// ActivityID names the n-th activity of a record.
func ActivityID(record uint64, n int) string { return fmt.Sprintf("k%d.%d", record, n) }
