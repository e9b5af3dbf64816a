package connectors

import "time"

// Kind is a kind of record.
type Kind string

// The kinds of records.
const (
	Contact      Kind = "contact"
	Order        Kind = "order"
	Subscription Kind = "subscription"
	MessageKind  Kind = "message"
)

// Keyed says what a record's ID is made of. Only a vendor's own id proves that two records of one
// connection are two things.
type Keyed string

// What an ID is made of, best first.
const (
	KeyedID      Keyed = "id"      // the system's own id
	KeyedEmail   Keyed = "email"   // the e-mail address; an edit of the address is a new record
	KeyedContent Keyed = "content" // a hash of the row with its occurrence
)

// Record is what a connection says about one thing.
type Record struct {
	Kind     Kind
	ID       string // the connection's own key; unique within connection and kind
	Keyed    Keyed
	Version  Version
	Created  time.Time // when the system made it; UTC; zero where not told
	Modified time.Time // when the system changed it last; UTC; zero where not told

	// Implied marks a contact that no system keeps as such: the buyer of a guest order, the
	// sender of a message. Several things imply the same contact at different times; the newest
	// by Modified is believed.
	Implied bool

	Fields []Field // sorted by name; only what the system holds
	// Covers names the fields that this telling speaks of, sorted; nil: all. A field of Fields is
	// always among them. What an export without a column once told of that field stands.
	Covers   []string
	Consents []Consent
	Order    *OrderData   // only for Kind Order
	Message  *MessageData // only for Kind MessageKind
}

// Field is one field with its values, in the system's order.
type Field struct {
	Name   string
	Values []Value
}

// Value is one value of a field.
type Value struct {
	Text  string            // as it is there
	Label string            // home, work, the network of a handle, the system of an external id; lower case
	Parts map[string]string // for an address: street, street2, city, region, postcode, country (ISO code or name)
}

// Names of fields. A field that is none of these is "custom." and the name that its owner gave it.
const (
	FieldName       = "name" // the full name as told
	FieldPrefix     = "prefix"
	FieldGiven      = "given"
	FieldMiddle     = "middle"
	FieldFamily     = "family"
	FieldSuffix     = "suffix"
	FieldNickname   = "nickname"
	FieldPhonetic   = "phonetic" // how the name is read
	FieldEmail      = "email"
	FieldPhone      = "phone"
	FieldHandle     = "handle"      // Label: the network
	FieldExternalID = "external_id" // Label: the system whose id it is, where that is not this connection
	FieldURL        = "url"
	FieldCompany    = "company"
	FieldTitle      = "title"
	FieldDepartment = "department"
	FieldAddress    = "address" // Parts
	FieldBirthday   = "birthday"
	FieldGender     = "gender"
	FieldLanguage   = "language"
	FieldNote       = "note"
	FieldTag        = "tag"
	FieldOwner      = "owner" // who of us answers for the contact there, as told
	FieldStage      = "stage" // what the system calls its stage, as told
	CustomPrefix    = "custom."
)

// Parts of an address.
const (
	PartStreet   = "street"
	PartStreet2  = "street2"
	PartCity     = "city"
	PartRegion   = "region"
	PartPostcode = "postcode"
	PartCountry  = "country"
	PartPOBox    = "po_box"
)

// Consent is what a system says about whether a person may be contacted.
type Consent struct {
	Channel string // email, sms, phone, post
	Purpose string // marketing; "all" for every purpose (a cleaned address)
	State   ConsentState
	Address string    // the identifier that it is about, as given in the record's fields
	At      time.Time // when it was given or withdrawn, UTC; zero where not told
	Field   string    // the column or property that said so
	Words   string    // its value there: "cleaned", "no"
}

// ConsentState is what was said.
type ConsentState string

// What can be said about contact. Withheld is a box that was never ticked ("Accepts Marketing:
// no"), OptedOut an explicit no; either ends only when one of us takes it back, never by what a
// connection tells later. Undeliverable is an address that does not work (Mailchimp's cleaned).
const (
	Granted       ConsentState = "granted"
	Withheld      ConsentState = "withheld"
	OptedOut      ConsentState = "opted_out"
	Undeliverable ConsentState = "undeliverable"
)

// OrderState is where an order stands.
type OrderState string

// The states of an order. Whether it counts into sums is OrderData.Counts: shops differ on orders
// that are not paid yet.
const (
	OrderPending   OrderState = "pending"
	OrderPaid      OrderState = "paid"
	OrderShipped   OrderState = "shipped"
	OrderDelivered OrderState = "delivered"
	OrderRefunded  OrderState = "refunded"
	OrderCancelled OrderState = "cancelled"
	OrderFailed    OrderState = "failed"
)

// OrderData is what an order says beside its fields.
type OrderData struct {
	Number   string // as people know it: "#1001"
	Party    string // the ID of the contact record of this connection that bought; empty where nobody is named
	At       time.Time
	State    OrderState
	Counts   bool // whether the shop's own admin page counts it into sales (its rules: paid and not cancelled, failed or a test; each shop has its own)
	Test     bool
	Total    int64 // minor units, with tax and shipping, before refunds
	Refunded int64 // minor units, positive
	Refunds  []Refund
	Currency string // ISO 4217, upper case
	Lines    []OrderLine
	Paid     time.Time
	Shipped  time.Time
	Note     string
	Status   string // the system's own words: "paid / fulfilled"
}

// Refund is one refund of an order.
type Refund struct {
	At     time.Time // zero where not told
	Amount int64     // minor units, positive
	Reason string
}

// OrderLine is one line of an order.
type OrderLine struct {
	SKU      string
	Name     string
	Quantity int64
	Price    int64 // minor units a piece
}

// MessageData is what a message says beside its fields. It is what the headers and the body hold:
// who of the people in it is ours, and who becomes a customer, is decided once for all connectors.
type MessageData struct {
	MessageID   string   // the Message-ID without brackets; empty where there is none
	InReplyTo   string   // the Message-ID that it answers; empty where it says none
	References  []string // the Message-IDs of its thread as it names them, oldest first
	Thread      string   // what groups messages to a conversation within the connection; never empty
	At          time.Time
	From        []Mailbox // usually one
	ReplyTo     []Mailbox
	To, Cc, Bcc []Mailbox
	Subject     string // decoded, on one line
	Text        string // what this message says anew, as plain text
	Quoted      string // what it quotes or forwards, as it stands there
	Signature   string // what stands below the signature's mark
	Attachments []Attachment
	// Automatic says why nobody wrote this to one person, from its headers alone; empty for mail of
	// people.
	Automatic Automatic
	List      string // the List-Id, or the sender's own words for it; empty where there is none
	Folder    string // where it lies in the system: "INBOX", "Sent"
	Sent      bool   // the system keeps it among what its owner sent
	Draft     bool   // it was not sent yet; never told as history
}

// Mailbox is a name and an address as a header has them. In messages of a social network the address is
// the id of the account, a DID (https://www.w3.org/TR/did-core/), which stays when the handle changes.
type Mailbox struct {
	Name    string // decoded; may be empty
	Address string // as written; may be no valid address
}

// Attachment is a file that came with a message, without its content.
type Attachment struct {
	Name string // may be empty
	Type string // "application/pdf"
	Size int64  // bytes, decoded
}

// Automatic is a reason why a message is not one that a person wrote to another.
type Automatic string

// The reasons, in the order in which the first that fits is told.
const (
	AutomaticBounce Automatic = "bounce"   // a delivery report, or an empty return path
	AutomaticReply  Automatic = "auto"     // Auto-Submitted other than "no", an absence note
	AutomaticList   Automatic = "list"     // List-Id, List-Unsubscribe, Precedence bulk or list
	AutomaticSender Automatic = "no_reply" // the sender's address takes no answers
)
