package service

import (
	"time"

	"github.com/keptcrm/kept/state"
)

// PromiseConfig is what a person may set about found promises; zero values are the defaults.
type PromiseConfig struct {
	Ask   int           // questions put to one person in a day; 0 is 5, negative none
	Lapse time.Duration // after which a question that nobody answered is dropped; 0 is 14 days
	Age   time.Duration // how old mail may be when it is read for promises; 0 is 30 days
	Close string        // ask: a person says that a promise is kept; sure: what fits beyond doubt closes it; "" is ask
}

// The values of [PromiseConfig.Close].
const (
	CloseAsk  = "ask"
	CloseSure = "sure"
)

// PromiseWatchIn asks for one pass over what came since the last one; see [Service.PromiseWatch].
type PromiseWatchIn struct{}

// PromiseWatchOut says what a pass did.
type PromiseWatchOut struct {
	Read     int `json:"read"`     // messages, notes and orders that were new
	Found    int `json:"found"`    // promises in them that nobody knew of
	Known    int `json:"known"`    // found, and on record or asked about before
	Asked    int `json:"asked"`    // questions that were put to somebody now
	Waiting  int `json:"waiting"`  // questions that wait for another day
	Lapsed   int `json:"lapsed"`   // questions that nobody answered in time
	Proposed int `json:"proposed"` // promises that may be kept with what came
	Closed   int `json:"closed"`   // promises that were closed by what came
	Reopened int `json:"reopened"` // promises whose evidence was deleted
}

// PromiseDueIn asks for open promises that are late, or due before Until.
type PromiseDueIn struct {
	Until time.Time `json:"until"` // zero: now
	Limit int       `json:"limit,omitempty"`
}

// PromiseDueOut has them, the one that is due first first.
type PromiseDueOut struct {
	Promises []Promise `json:"promises"`
	Now      time.Time `json:"now"`
}

// QuestionsFor counts the questions about promises that wait for somebody else.
type QuestionsFor struct {
	Name string `json:"name"`
	N    int    `json:"n"`
}

// PromiseConflictsIn asks for contradictions among our promises: all, or those about one customer.
type PromiseConflictsIn struct {
	Ref string `json:"ref,omitempty"`
}

// PromiseConflictsOut has them, the newest first.
type PromiseConflictsOut struct {
	Customer  *CustomerRef      `json:"customer,omitempty"`
	Conflicts []PromiseConflict `json:"conflicts"`
	Zone      string            `json:"zone"`
	Now       time.Time         `json:"now"`
}

// PromiseConflict is two promises that contradict each other; A was made first.
type PromiseConflict struct {
	Kind   string       `json:"kind"`  // price, date
	Thing  string       `json:"thing"` // what both are about
	A      Promise      `json:"a"`
	B      Promise      `json:"b"`
	PriceA *state.Money `json:"price_a,omitempty"`
	PriceB *state.Money `json:"price_b,omitempty"`
}

// PromiseHealthIn asks how our promises are kept.
type PromiseHealthIn struct {
	Ref   string    `json:"ref,omitempty"` // to one customer
	By    string    `json:"by,omitempty"`  // by one of us
	Since time.Time `json:"since,omitzero"`
}

// PromiseHealthOut counts them, in all and by who promised, who promised most first.
type PromiseHealthOut struct {
	Customer *CustomerRef   `json:"customer,omitempty"`
	Total    PromiseCount   `json:"total"`
	By       []PromiseCount `json:"by"`
	Since    time.Time      `json:"since,omitzero"`
	Zone     string         `json:"zone"`
	Now      time.Time      `json:"now"`
}

// PromiseCount counts promises: Made = KeptInTime + KeptLate + NotKept + Open + Withdrawn.
type PromiseCount struct {
	Name        string `json:"name,omitempty"`
	Made        int    `json:"made"`
	KeptInTime  int    `json:"kept_in_time"`
	KeptLate    int    `json:"kept_late"`
	NotKept     int    `json:"not_kept"`
	Open        int    `json:"open"`
	Late        int    `json:"late"`        // of Open: the time first promised, or agreed, is over
	Withdrawn   int    `json:"withdrawn"`   // or replaced by another promise
	ByEvidence  int    `json:"by_evidence"` // of the kept ones: closed with what came
	Moved       int    `json:"moved"`
	MovedAgreed int    `json:"moved_agreed"` // of Moved: the customer had agreed in time, so that the new date counts
}

// foundPromise is one promise that was found in what somebody wrote, before it is a question.
type foundPromise struct {
	base        uint64 // customer to whom, or by whom, it was made
	address     string // of that customer, as it is compared; "" of a note
	direction   string
	author      string // whose it is: a staff member's number; "" the customer, or one of us who is no staff
	owner       string // who is asked: a staff member's number, "" anybody
	text        string
	due         *state.Due
	conditional bool
	confidence  float64
	said        time.Time
	source      string // "k55", "n12"
	record      uint64
	connection  string
	topic       string
	reason      state.Evidence
}
