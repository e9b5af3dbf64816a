package service

import (
	"time"

	"github.com/keptcrm/kept/state"
)

// MarkIn says who may read an entry of a history; see [Service.Mark].
type MarkIn struct {
	Entry  string `json:"entry"` // "k55.0", "n12", as a history gives them
	As     string `json:"as"`    // share, unshare, private, open
	Thread bool   `json:"thread,omitempty"`
}

// MarkOut answers with the entry as its reader sees it now.
type MarkOut struct {
	Entry  Entry  `json:"entry"`
	As     string `json:"as"`
	Thread bool   `json:"thread"`
}

// WaitingIn asks who wrote to us, or stands in our mail, and is nobody's customer.
type WaitingIn struct {
	Limit int `json:"limit,omitempty"` // 0: 50; negative: all
}

// WaitingOut has them: those with most messages first, of equals the newest.
type WaitingOut struct {
	Waiting []Waiting `json:"waiting"`
	Total   int       `json:"total"` // addresses in all
	Zone    string    `json:"zone"`
	Now     time.Time `json:"now"`
}

// Waiting is an address that waits to become a customer's.
type Waiting struct {
	Address  string    `json:"address"`
	Name     string    `json:"name"` // as it calls itself
	Messages int       `json:"messages"`
	Last     time.Time `json:"last"`
	Subject  string    `json:"subject"`        // of the newest message
	Role     bool      `json:"role,omitempty"` // a function's address (info@): writing to it makes no customer
}

// CustomerAddIn makes a customer of an address by a person's word.
type CustomerAddIn struct {
	Address string `json:"address"` // an e-mail address
	Name    string `json:"name,omitempty"`
}

// CustomerAddOut answers with the customer.
type CustomerAddOut struct {
	Customer Customer `json:"customer"`
	Known    bool     `json:"known"`    // it was a customer's before
	Messages int      `json:"messages"` // in its history
}

// CustomerIgnoreIn says that mail of an address, a domain (@example.org) or a mailing list
// (list:ID) is to be left out; with Remove that it is not any more.
type CustomerIgnoreIn struct {
	Rule   string `json:"rule"` // "" lists the rules
	Remove bool   `json:"remove,omitempty"`
}

// CustomerIgnoreOut has all rules, those of kept.yaml too.
type CustomerIgnoreOut struct {
	Rule  string       `json:"rule,omitempty"`
	Rules []IgnoreRule `json:"rules"`
}

// IgnoreRule is one rule.
type IgnoreRule struct {
	Rule       string    `json:"rule"`
	Connection string    `json:"connection,omitempty"` // where it holds for one alone
	By         string    `json:"by"`                   // a name, or "kept.yaml"
	At         time.Time `json:"at,omitzero"`
}

// Connection is what is known of a connection.
type Connection struct {
	Name     string            `json:"name"`
	Type     string            `json:"type"`
	Layout   string            `json:"layout"`
	Created  time.Time         `json:"created"`
	LastRun  string            `json:"last_run"`
	Mailbox  string            `json:"mailbox,omitempty"`    // personal, shared
	Owner    string            `json:"owner,omitempty"`      // of a personal one
	Decided  string            `json:"mailbox_by,omitempty"` // "rule", "kept.yaml", or who said so
	Messages *state.MailCounts `json:"messages,omitempty"`   // of its last import
}

// ConnectionListIn asks for all connections.
type ConnectionListIn struct{}

// ConnectionListOut has them by name.
type ConnectionListOut struct {
	Connections []Connection `json:"connections"`
}

// MailboxIn says whose a connection's mailbox is.
type MailboxIn struct {
	Connection string `json:"connection"`
	Mailbox    string `json:"mailbox"` // "shared", "personal:wei"
}

// MailboxOut answers with the connection.
type MailboxOut struct {
	Connection Connection `json:"connection"`
}
