package service

import (
	"time"

	"github.com/keptcrm/kept/state"
)

// HandoverIn gives what is one staff member's to others: customers, open promises, open follow-ups.
type HandoverIn struct {
	From    string           `json:"from"`
	To      string           `json:"to,omitempty"`      // who takes what Targets does not name; "": nobody, it stays
	Only    []string         `json:"only,omitempty"`    // these customers alone
	Targets []HandoverTarget `json:"targets,omitempty"` // who takes single customers
	Dry     bool             `json:"dry,omitempty"`     // changes nothing
}

// HandoverTarget says who takes a customer.
type HandoverTarget struct {
	Line     int    `json:"line"` // where it stands, for what is wrong with it
	Customer string `json:"customer"`
	To       string `json:"to"`
}

// HandoverOut is one handover, or with Dry what it would be. Nothing is done where Wrong has
// anything.
type HandoverOut struct {
	Handover Handover        `json:"handover"`
	Wrong    []HandoverWrong `json:"wrong,omitempty"`
	Zone     string          `json:"zone"`
	Now      time.Time       `json:"now"`
}

// Handover is a handover as shown.
type Handover struct {
	Number    string             `json:"number"` // "g3"; "" where nothing was done
	From      string             `json:"from"`
	At        time.Time          `json:"at"`
	By        string             `json:"by"`
	Dry       bool               `json:"dry_run"`
	Owned     int                `json:"owned"` // customers with a new owner
	Promises  int                `json:"promises"`
	Followups int                `json:"followups"`
	Asked     int                `json:"asked"`     // questions about promises that went along
	Questions int                `json:"questions"` // that wait for whoever hands over
	Customers []HandoverCustomer `json:"customers"`
	Others    []CustomerRef      `json:"not_theirs"` // of those asked for, whose nothing is theirs
	Undone    *time.Time         `json:"undone"`
	UndoneBy  string             `json:"undone_by,omitempty"`
	Stays     []HandoverStays    `json:"stays,omitempty"` // what was not taken back
}

// HandoverCustomer is what of one customer went, or would go, to whom.
type HandoverCustomer struct {
	Customer  CustomerRef `json:"customer"`
	To        string      `json:"to"`
	ToEmail   string      `json:"to_email,omitempty"`
	Owned     bool        `json:"owned"`
	Promises  []Promise   `json:"promises"`
	Followups []Followup  `json:"followups"`
	Language  string      `json:"language"` // of an introduction: en, zh
	Email     string      `json:"email,omitempty"`
}

// HandoverWrong is what is wrong with one line of a list of targets.
type HandoverWrong struct {
	Line  int         `json:"line"`
	Class state.Class `json:"class"`
	Code  string      `json:"code"`
	Args  state.Args  `json:"args,omitempty"`
}

// HandoverStays is something that was not taken back, because people changed it since.
type HandoverStays struct {
	What     string      `json:"what"` // owner, promise_closed, promise, followup_closed, followup, gone
	Customer CustomerRef `json:"customer"`
	Number   string      `json:"number,omitempty"` // of the promise or follow-up
	Now      string      `json:"now,omitempty"`    // whose it is now
}

// HandoverUndoIn takes a handover back.
type HandoverUndoIn struct {
	Number string `json:"number"`
}

// HandoverListIn asks for past handovers, or for one.
type HandoverListIn struct {
	Number string `json:"number,omitempty"`
}

// HandoverListOut is past handovers, the newest first.
type HandoverListOut struct {
	Handovers []Handover `json:"handovers"`
	Zone      string     `json:"zone"`
	Now       time.Time  `json:"now"`
}
