package state

import (
	"reflect"
	"slices"
	"strings"
	"time"
	"unsafe"
)

// Field is one field with its values; names are those of package connectors' contract, kept here
// as plain text.
type Field struct {
	Name   string  `k:"1" json:"name"`
	Values []Value `k:"2" json:"values"`
}

// Value is one value of a field.
type Value struct {
	Text  string            `k:"1" json:"text"`
	Label string            `k:"2" json:"label,omitempty"`
	Parts map[string]string `k:"3" json:"parts,omitempty"` // of an address
}

// The kinds of records.
const (
	KindContact      = "contact"
	KindOrder        = "order"
	KindSubscription = "subscription"
	KindMessage      = "message"
	KindOrganisation = "organisation" // made by Kept from company fields; Connection is "kept"
)

// What a record's ID is made of; see package connectors.
const (
	KeyedID      = "id"
	KeyedEmail   = "email"
	KeyedContent = "content"
)

// OwnConnection is the name under which Kept's own records stand.
const OwnConnection = "kept"

// Record is what a connection says about one thing. It keeps a version for each run that changed
// it, so that a run can be taken back exactly; the shadow is the current version.
type Record struct {
	Key         uint64       `k:"1" json:"key"`
	Connection  string       `k:"2" json:"connection"`
	Kind        string       `k:"3" json:"kind"`
	ID          string       `k:"4" json:"id"`
	Keyed       string       `k:"5" json:"keyed,omitempty"`
	Versions    []Version    `k:"6" json:"versions"`              // in the order in which they were told
	Identifiers []Identifier `k:"7" json:"identifiers,omitempty"` // of the current version, put by identity
	Company     string       `k:"8" json:"company,omitempty"`     // key of the organisation that the contact names, put by identity
	Party       string       `k:"9" json:"party,omitempty"`       // of an order: the ID of the contact record that bought
	Number      string       `k:"10" json:"number,omitempty"`     // of an order: its number, folded for look-up
	Blocks      []string     `k:"12" json:"blocks,omitempty"`     // keys under which candidates of the same name are looked for, put by identity
	Mail        *Mail        `k:"20" json:"mail,omitempty"`       // of a message: who is in it, put by identity
	Domain      string       `k:"11" json:"domain,omitempty"`     // registrable domain of its e-mail, where that is no mail provider's
}

// Version is a record's content as one run told it.
type Version struct {
	Run      uint64    `k:"1" json:"run"`
	At       time.Time `k:"2" json:"at"` // when it was told to us
	Where    string    `k:"3" json:"where,omitempty"`
	Version  string    `k:"4" json:"version,omitempty"`
	Created  time.Time `k:"5" json:"created,omitzero"`
	Modified time.Time `k:"6" json:"modified,omitzero"`
	Implied  bool      `k:"7" json:"implied,omitempty"`
	Gone     bool      `k:"8" json:"gone,omitempty"`
	Hash     []byte    `k:"9" json:"hash"` // of the content, without run, times of telling and place
	Fields   []Field   `k:"10" json:"fields,omitempty"`
	Consents []Said    `k:"11" json:"consents,omitempty"`
	Order    *Order    `k:"12" json:"order,omitempty"`
	// Covers names the fields that this telling speaks of; empty: all. A field that it does not
	// speak of keeps what an older version said.
	Covers  []string `k:"13" json:"covers,omitempty"`
	Message *Message `k:"14" json:"message,omitempty"`
}

// Said is a word about consent in a record; see package connectors.
type Said struct {
	Channel string    `k:"1" json:"channel"`
	Purpose string    `k:"2" json:"purpose"`
	State   string    `k:"3" json:"state"`
	Address string    `k:"4" json:"address"`
	At      time.Time `k:"5" json:"at,omitzero"`
	Field   string    `k:"6" json:"field"`
	Words   string    `k:"7" json:"words"`
	// Mark says that it is no statement of the system's own: a mark stands there that means an opt-out,
	// and it is said for as long as that stands there.
	Mark bool `k:"8" json:"mark,omitempty"`
}

// Order is what an order record says beside its fields. Amounts are in minor units of Currency.
type Order struct {
	Number   string      `k:"1" json:"number"`
	Party    string      `k:"2" json:"party,omitempty"`
	At       time.Time   `k:"3" json:"at"`
	State    string      `k:"4" json:"state"`
	Counts   bool        `k:"5" json:"counts"`
	Test     bool        `k:"6" json:"test,omitempty"`
	Total    int64       `k:"7" json:"total"`
	Refunded int64       `k:"8" json:"refunded,omitempty"`
	Refunds  []Refund    `k:"9" json:"refunds,omitempty"`
	Currency string      `k:"10" json:"currency"`
	Lines    []OrderLine `k:"11" json:"lines,omitempty"`
	Paid     time.Time   `k:"12" json:"paid,omitzero"`
	Shipped  time.Time   `k:"13" json:"shipped,omitzero"`
	Note     string      `k:"14" json:"note,omitempty"`
	Status   string      `k:"15" json:"status,omitempty"`
}

// Refund is one refund of an order.
type Refund struct {
	At     time.Time `k:"1" json:"at,omitzero"`
	Amount int64     `k:"2" json:"amount"`
	Reason string    `k:"3" json:"reason,omitempty"`
}

// OrderLine is one line of an order.
type OrderLine struct {
	SKU      string `k:"1" json:"sku,omitempty"`
	Name     string `k:"2" json:"name"`
	Quantity int64  `k:"3" json:"quantity"`
	Price    int64  `k:"4" json:"price"`
}

// Message is what a message record says beside its fields; see package connectors.
type Message struct {
	MessageID   string       `k:"1" json:"message_id,omitempty"`
	InReplyTo   string       `k:"2" json:"in_reply_to,omitempty"`
	References  []string     `k:"3" json:"references,omitempty"`
	Thread      string       `k:"4" json:"thread"`
	At          time.Time    `k:"5" json:"at"`
	From        []Mailbox    `k:"6" json:"from,omitempty"`
	ReplyTo     []Mailbox    `k:"7" json:"reply_to,omitempty"`
	To          []Mailbox    `k:"8" json:"to,omitempty"`
	Cc          []Mailbox    `k:"9" json:"cc,omitempty"`
	Bcc         []Mailbox    `k:"10" json:"bcc,omitempty"`
	Subject     string       `k:"11" json:"subject,omitempty"`
	Text        string       `k:"12" json:"text,omitempty"`
	Quoted      string       `k:"13" json:"quoted,omitempty"`
	Signature   string       `k:"14" json:"signature,omitempty"`
	Attachments []Attachment `k:"15" json:"attachments,omitempty"`
	Automatic   string       `k:"16" json:"automatic,omitempty"` // bounce, auto, list, no_reply
	List        string       `k:"17" json:"list,omitempty"`
	Folder      string       `k:"18" json:"folder,omitempty"`
	Sent        bool         `k:"19" json:"sent,omitempty"`
}

// Mailbox is a name and an address of a message.
type Mailbox struct {
	Name    string `k:"1" json:"name,omitempty"`
	Address string `k:"2" json:"address"`
}

// Attachment is a file that came with a message; its content is not kept.
type Attachment struct {
	Name string `k:"1" json:"name,omitempty"`
	Type string `k:"2" json:"type,omitempty"`
	Size int64  `k:"3" json:"size"` // bytes
}

// Current is the version that is believed: what was told last of the thing itself, else the newest
// that other records imply of it. Nil where a record has no versions, or the last word is that it
// is gone and nothing implies it.
//
// A version that does not speak of every field is completed from the ones before it, up to the
// last deletion: the result is then a version of its own.
func (r *Record) Current() *Version {
	v := r.Believed()
	if v == nil || len(v.Covers) == 0 || len(r.Versions) == 1 {
		return v
	}
	return r.complete(v)
}

// Believed is the version that Current is made of first, as it was told.
func (r *Record) Believed() *Version {
	if v := r.Last(false); v != nil && !v.Gone {
		return v
	}
	return r.Last(true)
}

func (r *Record) complete(v *Version) *Version {
	covered := map[string]bool{}
	cover := func(v *Version) {
		for _, f := range v.Covers {
			covered[f] = true
		}
		for _, f := range v.Fields {
			covered[f.Name] = true
		}
	}
	cover(v)
	whole := v
	for i := len(r.Versions) - 1; i >= 0; i-- {
		old := &r.Versions[i]
		switch {
		case old == v || old.Implied && !v.Implied:
			continue
		case old.Gone:
			return whole
		}
		for _, f := range old.Fields {
			if covered[f.Name] {
				continue
			}
			if whole == v {
				c := *v
				c.Fields = slices.Clone(v.Fields)
				whole = &c
			}
			whole.Fields = append(whole.Fields, f)
		}
		if len(old.Covers) == 0 {
			i = 0 // it speaks of everything: what it does not have was not there
		}
		cover(old)
	}
	if whole != v {
		slices.SortFunc(whole.Fields, func(a, b Field) int { return strings.Compare(a.Name, b.Name) })
	}
	return whole
}

// Last is the last word on a record: what was told last of the thing itself, or of the versions
// that other records imply the newest by Modified. Nil where there is none.
func (r *Record) Last(implied bool) *Version {
	var best *Version
	for i := range r.Versions {
		v := &r.Versions[i]
		if v.Implied == implied && (best == nil || !implied || !v.Modified.Before(best.Modified)) {
			best = v
		}
	}
	return best
}

var versionPlan = planOf(reflect.TypeFor[Version]())

// AppendContent appends the compact form of what a version says, without when, where and by which
// run it was told. Versions with equal content say the same.
func (v *Version) AppendContent(b []byte) []byte {
	c := Version{Created: v.Created, Gone: v.Gone, Fields: v.Fields, Consents: v.Consents, Order: v.Order, Message: v.Message}
	return versionPlan.encode(b, unsafe.Pointer(&c))
}

// Get gives the values of a field of the version.
func (v *Version) Get(name string) []Value {
	for i := range v.Fields {
		if v.Fields[i].Name == name {
			return v.Fields[i].Values
		}
	}
	return nil
}

// Text gives the first value of a field of the version, or "".
func (v *Version) Text(name string) string {
	if vals := v.Get(name); len(vals) > 0 {
		return vals[0].Text
	}
	return ""
}

// RecordKey is the key under which a connection's record is found.
func RecordKey(connection, kind, id string) []byte {
	return Join(TextKey(connection), TextKey(kind), TextKey(id))
}

// Records holds all records. Index "id" is by connection, kind and ID; "identifier" by type and
// match value; "company", "party" (connection and ID of the contact), "number" and "domain" by
// what identity put there; "people" by who is in a message, see [Mail]; "run" by the runs of its
// versions.
var Records = declare(Declaration[Record]{
	Name: "record", Letter: "k",
	Erase: Erase{Rule: EraseDocuments},
	Key:   func(r *Record) []byte { return NumberKey(r.Key) },
	Indexes: []IndexOn[Record]{
		{Name: "id", Unique: true, Keys: func(r *Record) [][]byte {
			return [][]byte{RecordKey(r.Connection, r.Kind, r.ID)}
		}},
		{Name: "identifier", Keys: func(r *Record) [][]byte { return identifierKeys(r.Identifiers) }},
		{Name: "company", Keys: func(r *Record) [][]byte { return textIndex(r.Company) }},
		{Name: "party", Keys: func(r *Record) [][]byte {
			if r.Party == "" {
				return nil
			}
			return [][]byte{Join(TextKey(r.Connection), TextKey(r.Party))}
		}},
		{Name: "number", Keys: func(r *Record) [][]byte { return textIndex(r.Number) }},
		{Name: "domain", Keys: func(r *Record) [][]byte { return textIndex(r.Domain) }},
		{Name: "block", Keys: func(r *Record) [][]byte { return textKeys(r.Blocks) }},
		{Name: "people", Keys: func(r *Record) [][]byte { return r.Mail.keys(r.Connection) }},
		{Name: "run", Keys: func(r *Record) [][]byte {
			var keys [][]byte
			for i := range r.Versions {
				keys = append(keys, NumberKey(r.Versions[i].Run))
			}
			return keys
		}},
	},
})

func textIndex(s string) [][]byte {
	if s == "" {
		return nil
	}
	return [][]byte{TextKey(s)}
}
