package service

import (
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/followup"
)

// RuleListIn asks for the rules of kept.yaml; with a customer, for what each makes of them.
type RuleListIn struct {
	Ref string `json:"ref,omitempty"`
}

// RuleListOut has them, in the order of kept.yaml.
type RuleListOut struct {
	Customer *CustomerRef `json:"customer,omitempty"`
	Rules    []Rule       `json:"rules"`
	Passed   time.Time    `json:"passed,omitzero"` // when the last pass began
	Zone     string       `json:"zone"`
	Now      time.Time    `json:"now"`
}

// Rule is a rule as shown. Its field list is stable.
type Rule struct {
	Name      string         `json:"name"`
	When      string         `json:"when"` // its trigger
	Condition string         `json:"condition,omitempty"`
	For       string         `json:"for,omitempty"`      // whom its follow-ups are for
	Message   string         `json:"message,omitempty"`  // whom of us it tells
	Template  string         `json:"template,omitempty"` // what the customer gets
	Missed    string         `json:"missed"`             // catch-up, skip
	Over      string         `json:"over,omitempty"`     // whom it goes on to
	Since     time.Time      `json:"since,omitzero"`     // when it was there first; zero: no pass knew it yet
	Line      int            `json:"line,omitempty"`     // in kept.yaml
	Open      int            `json:"open"`               // follow-ups of it
	Made      int            `json:"made"`               // in all
	Occasions []RuleOccasion `json:"occasions,omitempty"`
}

// RuleOccasion is what a rule makes of one thing that happened, or will.
type RuleOccasion struct {
	Why   string     `json:"why"` // a code; text under "followup.why.<code>"
	Args  state.Args `json:"args,omitempty"`
	At    time.Time  `json:"at"`
	State string     `json:"state"` // coming, now, done, before, missed, over, not
	// Followup is what was made of it ("t12").
	Followup string          `json:"followup,omitempty"`
	Parts    []followup.Part `json:"parts,omitempty"` // of the condition, with what each saw
}

// UnansweredIn asks who wrote and has no answer.
type UnansweredIn struct {
	Ref   string  `json:"ref,omitempty"`
	By    string  `json:"by,omitempty"` // only customers of this owner
	Hours float64 `json:"hours"`        // that it waits at least
	Limit int     `json:"limit,omitempty"`
}

// UnansweredOut has them, the longest first.
type UnansweredOut struct {
	Waiting []Unanswered `json:"waiting"`
	Total   int          `json:"total"`
	Hours   float64      `json:"hours"`
	Zone    string       `json:"zone"`
	Now     time.Time    `json:"now"`
}

// Unanswered is a customer who waits for an answer. Its field list is stable.
type Unanswered struct {
	Customer     string    `json:"customer"`
	CustomerName string    `json:"customer_name"`
	Owner        string    `json:"owner"`
	Ask          string    `json:"ask,omitempty"` // whom to ask today, where that is somebody else
	Since        time.Time `json:"since"`         // the first message since our last word
	Days         int       `json:"days"`
	Messages     int       `json:"messages"`
	Subject      string    `json:"subject"`
	Channel      string    `json:"channel"`
	Followup     string    `json:"followup,omitempty"` // that is open about it
}

// SegmentListIn asks for the segments of kept.yaml.
type SegmentListIn struct{}

// SegmentListOut has them, with how many are in each.
type SegmentListOut struct {
	Segments []Segment `json:"segments"`
}

// Segment is a segment as shown.
type Segment struct {
	Name      string    `json:"name"`
	Condition string    `json:"condition"`
	Count     int       `json:"count"`
	Saved     time.Time `json:"saved,omitzero"` // when who is in it was kept last
}

// SegmentShowIn asks who is in a segment.
type SegmentShowIn struct {
	Name  string `json:"name"`
	Limit int    `json:"limit,omitempty"` // 0: all
}

// SegmentShowOut has them, by name.
type SegmentShowOut struct {
	Segment   Segment    `json:"segment"`
	Customers []Customer `json:"customers"`
}

// SegmentDiffIn asks who came into a segment, and who went out of it, since it was saved.
type SegmentDiffIn struct {
	Name  string    `json:"name"`
	Since time.Time `json:"since,omitzero"` // compare with the last that was saved before; zero: with the last
	Save  bool      `json:"save,omitempty"` // keep who is in it now
}

// SegmentDiffOut has them.
type SegmentDiffOut struct {
	Segment Segment         `json:"segment"`
	Since   time.Time       `json:"since,omitzero"` // of what it is compared with; zero: nothing was saved
	Changes []SegmentChange `json:"changes"`
	Saved   bool            `json:"saved"`
	Now     time.Time       `json:"now"`
}

// SegmentChange is one customer who came in or went out.
type SegmentChange struct {
	Change   string      `json:"change"` // in, out
	Customer CustomerRef `json:"customer"`
}
