package state

import "time"

// The states of a message that Kept sends.
const (
	OutgoingWaiting = "waiting" // for its time, for a connection, or for a person's answer
	OutgoingSending = "sending" // the call may be on its way
	OutgoingSent    = "sent"
	OutgoingRefused = "refused" // the gate said no
	OutgoingFailed  = "failed"  // it will not go out: refused for good, too many tries, too late
	OutgoingUnsure  = "unsure"  // nobody knows whether it went out; a person is asked
	OutgoingDropped = "dropped" // a person said that it shall not go out
)

// Outgoing is one message that Kept sends, or sent: to a customer over a connection, or to one of
// us over the channel that they chose. What is sent stands here before it leaves, with all that is
// known of it; a document that ended stays, so that its occasion never comes twice.
type Outgoing struct {
	Number uint64 `k:"1" json:"-"`
	// Key is the occasion: there is one message for it for ever, whatever becomes of it. At most
	// [MaxOccasion] bytes.
	Key   string `k:"2" json:"key"`
	State string `k:"3" json:"state"`

	Base    uint64     `k:"4" json:"-"`                 // base customer that it goes to or, with Staff, is about; 0: none
	Staff   string     `k:"5" json:"staff,omitempty"`   // it goes to this staff member ("s2")
	Channel string     `k:"6" json:"channel,omitempty"` // email, ...; "" to staff: their own
	To      Identifier `k:"7" json:"to,omitzero"`       // of the customer; zero to staff
	Purpose string     `k:"8" json:"purpose,omitempty"` // marketing, sales, service, reply, transactional; "" to staff
	Asset   string     `k:"9" json:"asset,omitempty"`   // what is sent, where it must not come twice: "spring-brochure"
	Brand   string     `k:"10" json:"brand,omitempty"`
	Team    string     `k:"11" json:"team,omitempty"`

	Connection string   `k:"12" json:"connection,omitempty"` // that sends it; "": the one for the channel
	Subject    string   `k:"13" json:"subject,omitempty"`
	Text       string   `k:"14" json:"text"`
	HTML       string   `k:"15" json:"html,omitempty"`
	Lang       string   `k:"16" json:"lang,omitempty"`
	InReplyTo  string   `k:"17" json:"in_reply_to,omitempty"` // a Message-ID without brackets
	References []string `k:"18" json:"references,omitempty"`
	FromName   string   `k:"19" json:"from_name,omitempty"` // in place of the connection's
	ReplyTo    string   `k:"20" json:"reply_to,omitempty"`  // an address, in place of the connection's
	// Unsubscribe says that it carries how to say no to more of the kind. Marketing always does.
	Unsubscribe bool `k:"21" json:"unsubscribe,omitempty"`

	NotBefore time.Time `k:"22" json:"not_before,omitzero"`
	Expires   time.Time `k:"23" json:"expires"` // what has not left by then does not leave
	Queued    time.Time `k:"24" json:"queued"`
	By        string    `k:"25" json:"by"`             // the actor
	Rule      string    `k:"26" json:"rule,omitempty"` // that made it

	Due     time.Time `k:"27" json:"due,omitzero"` // when it is looked at next; of one in sending: when whoever sends it is given up
	Tries   int       `k:"28" json:"tries,omitempty"`
	Intent  string    `k:"29" json:"intent,omitempty"` // what goes out with it, stored before the call
	Fence   uint64    `k:"30" json:"-"`                // of the last claim: who holds another does not hold it any more
	Claimed time.Time `k:"31" json:"claimed,omitzero"`

	Code    string     `k:"32" json:"code,omitempty"` // of the last error, or why it waits
	Args    Args       `k:"33" json:"args,omitempty"`
	Reasons []Evidence `k:"34" json:"reasons,omitempty"` // of the gate, when it was asked last

	Allowed   string `k:"35" json:"allowed,omitempty"` // the reason of a person who sends it though the gate asks
	AllowedBy string `k:"36" json:"allowed_by,omitempty"`

	Ended    time.Time `k:"37" json:"ended,omitzero"`      // when it was sent, or it was known that it will not be
	VendorID string    `k:"38" json:"vendor_id,omitempty"` // as its system knows it: of mail the Message-ID
	Question uint64    `k:"39" json:"-"`
	Via      string    `k:"40" json:"via,omitempty"` // what it was last sent over: a connection, "stdout", "slack", "webhook:..."

	// Card is what a chat shows in place of Text, made anew when it leaves: "digest", "reminder p12",
	// "question q7", "followup t12", "over t12"; "" is Text itself. Only what goes to Staff has one.
	Card string `k:"41" json:"card,omitempty"`
	// Doubted is when a call for it ended of which nobody knows whether it went out, of what is then
	// sent once more.
	Doubted time.Time `k:"42" json:"doubted,omitzero"`
}

// MaxOccasion is how long the key of an occasion may be, in bytes.
const MaxOccasion = 500

// Open says whether anything may still become of it by itself or by an answer.
func (o *Outgoing) Open() bool {
	return o.State == OutgoingWaiting || o.State == OutgoingSending || o.State == OutgoingUnsure
}

// Outbox holds messages by number; index "key" is unique, "due" is by the time at which those that
// wait or are being sent are looked at, "base" by customer, "intent" by what went out with it, "state"
// by state and number.
var Outbox = declare(Declaration[Outgoing]{
	Name: "outgoing", Letter: "o",
	Erase: Erase{Rule: EraseDocuments},
	Key:   func(o *Outgoing) []byte { return NumberKey(o.Number) },
	Indexes: []IndexOn[Outgoing]{
		{Name: "key", Unique: true, Keys: func(o *Outgoing) [][]byte { return textIndex(o.Key) }},
		{Name: "due", Keys: func(o *Outgoing) [][]byte {
			if o.State != OutgoingWaiting && o.State != OutgoingSending || o.Question != 0 {
				return nil
			}
			return [][]byte{TimeKey(o.Due)}
		}},
		{Name: "base", Keys: func(o *Outgoing) [][]byte {
			if o.Base == 0 {
				return nil
			}
			return [][]byte{NumberKey(o.Base)}
		}},
		{Name: "intent", Keys: func(o *Outgoing) [][]byte { return textIndex(o.Intent) }},
		{Name: "state", Keys: func(o *Outgoing) [][]byte { return [][]byte{Join(TextKey(o.State), NumberKey(o.Number))} }},
	},
})

// Outlet is a way out for messages: a connection that sends, or the webhook of one of us. Nothing
// leaves through it before a person approved the first plan.
type Outlet struct {
	Name       string    `k:"1" json:"name"` // the connection's, or "webhook:" with the reference to its address
	Approved   time.Time `k:"2" json:"approved,omitzero"`
	ApprovedBy string    `k:"3" json:"approved_by,omitempty"`
	Until      time.Time `k:"4" json:"until,omitzero"` // it rests until then
	Code       string    `k:"5" json:"code,omitempty"` // of what is wrong with it; "" where nothing is
	Args       Args      `k:"6" json:"args,omitempty"`
	Since      time.Time `k:"7" json:"since,omitzero"` // when it was found to be wrong
	Sent       time.Time `k:"8" json:"sent,omitzero"`  // when the last message left, to some minutes
}

// Outlets holds them by name.
var Outlets = declare(Declaration[Outlet]{
	Name:  "outlet",
	Erase: Erase{Rule: EraseNone, Why: "our own ways out, and what is wrong with them"},
	Key:   func(o *Outlet) []byte { return TextKey(o.Name) },
})
