package service

import (
	"time"

	"github.com/keptcrm/kept/state"
)

// Followup is a follow-up as shown. Its field list is stable.
type Followup struct {
	ID           string           `json:"id"`
	Number       string           `json:"number"`
	Customer     string           `json:"customer"` // number
	CustomerName string           `json:"customer_name"`
	Rule         string           `json:"rule,omitempty"` // of kept.yaml; "" by hand
	Why          string           `json:"why,omitempty"`  // a code; text under "followup.why.<code>"
	Args         state.Args       `json:"args,omitempty"`
	Text         string           `json:"text"`
	For          string           `json:"for"`           // a name; "" whoever sells
	Ask          string           `json:"ask,omitempty"` // whom to ask today, where that is somebody else
	Due          time.Time        `json:"due"`
	DateOnly     bool             `json:"date_only"`
	Zone         string           `json:"zone"`
	State        string           `json:"state"`
	Late         bool             `json:"late"`
	LateDays     int              `json:"late_days,omitempty"` // whole days, at least 1 where late
	Snoozed      time.Time        `json:"snoozed,omitzero"`
	Made         time.Time        `json:"made"`
	By           string           `json:"by"` // who entered it; "" a rule
	Closed       time.Time        `json:"closed,omitzero"`
	ClosedBy     string           `json:"closed_by,omitempty"`
	Note         string           `json:"note,omitempty"`
	Promise      string           `json:"promise,omitempty"` // "p12"
	Told         time.Time        `json:"told,omitzero"`     // when it went on to Over
	Over         string           `json:"over,omitempty"`    // a name
	Evidence     []state.Evidence `json:"evidence"`
}

// FollowupListIn asks for follow-ups: all open ones, or a customer's.
type FollowupListIn struct {
	Ref    string `json:"ref,omitempty"`
	Number string `json:"number,omitempty"` // one follow-up ("t12"), open or not
	By     string `json:"by,omitempty"`     // one staff member's: theirs, and of those whom they stand in for
	Late   bool   `json:"late,omitempty"`
	All    bool   `json:"all,omitempty"` // closed ones too
	Limit  int    `json:"limit,omitempty"`
}

// FollowupListOut has them: late ones first, then by due time, those put off behind them, then
// closed ones, the last closed first.
type FollowupListOut struct {
	Customer  *CustomerRef `json:"customer,omitempty"`
	Followups []Followup   `json:"followups"`
	Total     int          `json:"total"`
	Late      int          `json:"late"`
	Zone      string       `json:"zone"`
	Now       time.Time    `json:"now"`
}

// FollowupAddIn enters a follow-up by hand.
type FollowupAddIn struct {
	Ref  string `json:"ref"`
	Text string `json:"text"`
	Due  string `json:"due,omitempty"` // words: "monday", "下周三"; "" is today
	For  string `json:"for,omitempty"` // a staff member; "" the customer's owner, else whoever enters it
}

// FollowupCloseIn says what became of a follow-up.
type FollowupCloseIn struct {
	Followup string `json:"followup"` // "t12"
	State    string `json:"state"`    // done, dropped; open reopens
	Note     string `json:"note,omitempty"`
}

// FollowupSnoozeIn puts a follow-up off; its due time stays on record.
type FollowupSnoozeIn struct {
	Followup string `json:"followup"`
	Until    string `json:"until"` // words: "monday"
}

// FollowupAssignIn gives a follow-up to somebody.
type FollowupAssignIn struct {
	Followup string `json:"followup"`
	Staff    string `json:"staff"`
}

// FollowupOut answers with one follow-up.
type FollowupOut struct {
	Followup Followup  `json:"followup"`
	Zone     string    `json:"zone"`
	Now      time.Time `json:"now"`
}

// FollowupRunIn asks for one pass of the rules.
type FollowupRunIn struct {
	Dry bool `json:"dry,omitempty"` // tell what it would do, and do nothing
}

// FollowupRunOut says what a pass did.
type FollowupRunOut struct {
	Rules  int        `json:"rules"`  // that are switched on
	Looked int        `json:"looked"` // customers that it looked at
	Made   []Followup `json:"made"`   // follow-ups that it made, the first thousand
	Total  int        `json:"total"`  // occasions that it acted on
	// Waiting is how many occasions wait for the next pass or day, by the name of whom they are for:
	// nobody is given more than so many on one day.
	Waiting   map[string]int `json:"waiting"`
	Settled   int            `json:"settled"`   // closed because their reason is gone
	Escalated int            `json:"escalated"` // passed on because nobody did them
	Messages  int            `json:"messages"`  // put into the outbox
	Dry       bool           `json:"dry"`
	Zone      string         `json:"zone"`
	Now       time.Time      `json:"now"`
}
