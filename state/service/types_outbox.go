package service

import (
	"context"
	"time"

	"github.com/keptcrm/kept/state"
)

// NotifyConfig is how our own people get messages from Kept.
type NotifyConfig struct {
	Staff   map[string]string // by login or e-mail address in lower case: "stdout", "email", "webhook:env:WEI_HOOK"
	Default string            // of who is not in Staff; "" is stdout
	Via     string            // the connection that sends mail to them, and to customers where a message names none
}

// UnsubscribeConfig is how a customer says no to more marketing.
type UnsubscribeConfig struct {
	Mail string                                        // an address that takes the wish; may be empty
	URL  string                                        // https address of the page, without the token; may be empty
	Key  func(context.Context) (key []byte, err error) // signs tokens; nil where URL is ""
}

// OutboxMessage is one message of the outbox as shown.
type OutboxMessage struct {
	Number   string       `json:"number"`
	ID       string       `json:"id"`
	State    string       `json:"state"`
	Customer *CustomerRef `json:"customer,omitempty"` // that it goes to, or is about
	Staff    string       `json:"staff,omitempty"`    // the name of who of us it goes to
	To       string       `json:"to,omitempty"`       // the address
	Channel  string       `json:"channel,omitempty"`
	Purpose  string       `json:"purpose,omitempty"`
	Asset    string       `json:"asset,omitempty"`
	Via      string       `json:"via,omitempty"` // the connection or channel that takes it out
	Subject  string       `json:"subject"`
	Text     string       `json:"text"`
	Queued   time.Time    `json:"queued"`
	By       string       `json:"by"`
	Rule     string       `json:"rule,omitempty"`
	Due      time.Time    `json:"due,omitzero"` // when it is tried next
	Expires  time.Time    `json:"expires"`
	Ended    time.Time    `json:"ended,omitzero"`
	Tries    int          `json:"tries"`
	VendorID string       `json:"vendor_id,omitempty"`
	Question string       `json:"question,omitempty"`
	// Outcome is what a sending did, or would do, with it: OutboxSends and the like; "" where none was
	// asked for.
	Outcome string           `json:"outcome,omitempty"`
	Error   *state.Error     `json:"error,omitempty"`
	Reasons []state.Evidence `json:"reasons"` // of the gate, when it was asked last
	Allowed string           `json:"allowed,omitempty"`
}

// What a sending does with a message.
const (
	OutboxSends    = "sends" // of a dry run: it would
	OutboxSent     = "sent"
	OutboxWaits    = "waits"     // for a time, or for its way out; Error says why
	OutboxApproval = "approval"  // it waits for a person to apply a plan
	OutboxAsks     = "asks"      // a question waits
	OutboxRefused  = "refused"   // the gate says no
	OutboxFailed   = "failed"    // it cannot be sent
	OutboxUnsure   = "unsure"    // it may have been sent; a question waits
	OutboxDropped  = "dropped"   // there is nobody any more to send it to
	OutboxTaken    = "elsewhere" // another process has it
)

// OutboxListIn asks for messages, newest first.
type OutboxListIn struct {
	State string `json:"state,omitempty"` // one of the states; "": those that are not over, and what failed
	Ref   string `json:"ref,omitempty"`   // of one customer
	All   bool   `json:"all,omitempty"`   // sent, refused and dropped ones too
	Limit int    `json:"limit,omitempty"` // 0: 50
}

// OutboxListOut has them.
type OutboxListOut struct {
	Messages []OutboxMessage  `json:"messages"`
	Total    int              `json:"total"`
	Counts   map[string]int64 `json:"counts"` // all messages by state
	Outlets  []OutboxOutlet   `json:"outlets"`
	Now      time.Time        `json:"now"`
	Zone     string           `json:"zone"`
}

// OutboxOutlet is one way out.
type OutboxOutlet struct {
	Name     string       `json:"name"`
	Approved time.Time    `json:"approved,omitzero"` // zero: nothing leaves through it
	By       string       `json:"by,omitempty"`      // who approved it
	Until    time.Time    `json:"until,omitzero"`    // it rests until then
	Since    time.Time    `json:"since,omitzero"`    // of Error
	Error    *state.Error `json:"error,omitempty"`   // what is wrong with it
	Sent     time.Time    `json:"sent,omitzero"`     // when the last message left, to some minutes
}

// OutboxShowIn asks for one message.
type OutboxShowIn struct {
	Number string `json:"number"`
}

// OutboxOut is one message, after what was done to it.
type OutboxOut struct {
	Message OutboxMessage `json:"message"`
	Now     time.Time     `json:"now"`
	Zone    string        `json:"zone"`
}

// OutboxRetryIn has a message tried again that failed, was refused or dropped, or of which nobody
// knows whether it arrived.
type OutboxRetryIn struct {
	Number string `json:"number"`
	Reason string `json:"reason,omitempty"` // of a person, where the gate asks: it is kept
}

// OutboxDropIn has a message not sent.
type OutboxDropIn struct {
	Number string `json:"number"`
	Reason string `json:"reason,omitempty"`
}

// OutboxSendIn asks for one pass over the outbox.
type OutboxSendIn struct {
	Dry   bool   `json:"dry,omitempty"`   // change nothing, and tell what would go to whom
	Apply string `json:"apply,omitempty"` // do exactly what the plan with this ID says, and approve its ways out
	Limit int    `json:"limit,omitempty"` // calls at most; 0: 200
}

// OutboxSendOut is what a pass did.
type OutboxSendOut struct {
	Dry      bool            `json:"dry"`
	Plan     string          `json:"plan,omitempty"` // of a dry run with something to send: its ID
	Messages []OutboxMessage `json:"messages"`       // in the order in which they were due
	Counts   map[string]int  `json:"counts"`         // of them by outcome
	Approval []string        `json:"approval"`       // ways out through which nothing leaves before a plan is applied
	Outlets  []OutboxOutlet  `json:"outlets"`        // with which something is wrong
	More     bool            `json:"more"`           // the limit was reached
	Now      time.Time       `json:"now"`
	Zone     string          `json:"zone"`
}

// UnsubscribeIn is a wish that came by a link of a message.
type UnsubscribeIn struct {
	Token string `json:"token"`
}

// UnsubscribeOut says what it came to; it names nobody.
type UnsubscribeOut struct {
	Done bool `json:"done"` // false: the message is not known any more, and neither is who got it
}
