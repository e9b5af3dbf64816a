package service

import (
	"time"

	"github.com/keptcrm/kept/state"
)

// The modes of a connection.
const (
	ModePull   = "pull"    // it is read; nothing is written there
	ModeTwoWay = "two-way" // it is read and written
	ModePush   = "push"    // it is read and written, but what it says changes nothing elsewhere
)

// SyncIn asks to bring connections in step.
type SyncIn struct {
	Connections []string `json:"connections,omitempty"` // by name; none: all that are configured
	Dry         bool     `json:"dry,omitempty"`         // plan, keep the plan, change nothing else
	Apply       string   `json:"apply,omitempty"`       // the ID of a plan: do exactly it, or refuse it as stale
	Full        bool     `json:"full,omitempty"`        // read everything anew, and look for what is gone
	// AcceptGone lets a run take more as gone than the guard allows: somebody did empty the system.
	AcceptGone bool `json:"accept_gone,omitempty"`
	// Moved says that connections whose address was changed are the same systems at a new one. They are
	// read from their start, and nothing is written there before somebody applied a plan anew.
	Moved bool `json:"moved,omitempty"`
}

// SyncOut says what a sync did, or of a dry run would do.
type SyncOut struct {
	Dry         bool             `json:"dry"`
	Connections []SyncConnection `json:"connections"` // by name
	// Plan is what was planned: of a dry run, or of a run whose writes wait for one to be applied; nil
	// where nothing is to be written and nothing waits.
	Plan *SyncPlan `json:"plan,omitempty"`
	Asks int       `json:"questions"`      // open questions, of all kinds
	More int       `json:"more_questions"` // doubts that become questions as those are answered
}

// SyncConnection is one connection's part of a sync.
type SyncConnection struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Mode string `json:"mode"`
	Run  Run    `json:"run"` // what was read; its counts reconcile
	// Sent are writes that the system confirmed, by what they did; Failed those that it refused;
	// Lost those of which nobody knows whether they arrived, so that a person is asked.
	Sent      int             `json:"sent"`
	Created   int             `json:"created"` // of Sent
	Deleted   int             `json:"deleted"` // of Sent
	Failed    int             `json:"failed"`
	Lost      int             `json:"lost"`
	Waiting   int             `json:"waiting"`    // conflicts that wait for a person
	NeedsPlan bool            `json:"needs_plan"` // it may be written to once a person applied a plan
	Writes    int             `json:"writes"`     // planned and not sent (a dry run, NeedsPlan)
	Rejected  []ImportRefusal `json:"rejected"`
	Refused   []SyncWrite     `json:"refused"`         // writes that failed, with the reason
	Error     *state.Error    `json:"error,omitempty"` // why its part came to no end; the others' did
}

// The states of a plan.
const (
	PlanOpen    = state.PlanOpen
	PlanApplied = state.PlanApplied
	PlanStale   = state.PlanStale
)

// SyncPlan is the exact list of writes that a sync would make.
type SyncPlan struct {
	ID      string      `json:"id"` // "5f3c"
	State   string      `json:"state"`
	Created time.Time   `json:"created"`
	By      string      `json:"by"`
	Writes  []SyncWrite `json:"writes"`
	// Questions that wait for a person about these customers.
	Questions []Question `json:"questions"`
	// Joined are records of different connections that became one customer in this run.
	Joined []SyncJoined `json:"joined"`
}

// The actions of a write.
const (
	WriteCreate = state.WriteCreate
	WriteUpdate = state.WriteUpdate
	WriteDelete = state.WriteDelete
)

// WhyRule is why a record is created: a rule of the connection. The other reasons are those of package
// reconcile.
const WhyRule = "rule"

// FieldOptout stands for the mark of an opt-out among the fields of a write, whatever field holds it
// there. The reasons for its changes are WhyOptedOut, that the customer opted out of marketing by
// e-mail, and WhyOptoutLifted, that Kept put it there and nobody refuses any more.
const (
	FieldOptout     = "optout"
	WhyOptedOut     = "opted_out"
	WhyOptoutLifted = "optout_lifted"
)

// The states of a write.
const (
	WritePlanned   = "planned"   // or stored and not yet sent
	WriteSent      = "sent"      // no answer yet
	WriteConfirmed = "confirmed" // the system has it
	WriteRefused   = "refused"   // the system refused it; Error says why
	WriteStale     = "stale"     // the record had changed there; it is planned anew
	WriteAsked     = "asked"     // nobody knows whether it arrived; a question waits
)

// SyncWrite is one write at a connection.
type SyncWrite struct {
	Connection string       `json:"connection"`
	Action     string       `json:"action"`
	Customer   CustomerRef  `json:"customer"`         // in a dry run its number may not be there yet: ""
	Record     string       `json:"record,omitempty"` // the ID there; "" of a create
	Fields     []SyncField  `json:"fields"`
	Why        string       `json:"why"` // code: "changed", "filled", "rule", "deleted", "owner", "by_hand", "newest", "strictest", "opted_out", "optout_lifted"
	Rule       string       `json:"rule,omitempty"`
	State      string       `json:"state"`
	Error      *state.Error `json:"error,omitempty"`
}

// SyncField is one field of a write, with values as people read them.
type SyncField struct {
	Field  string    `json:"field"`
	Before []string  `json:"before"`
	After  []string  `json:"after"`
	From   string    `json:"from,omitempty"`  // the connection whose word it is; "kept" for a person's
	At     time.Time `json:"at,omitzero"`     // when it was changed there, where it says so
	Why    string    `json:"why"`             // code as of SyncWrite.Why
	Words  string    `json:"words,omitempty"` // of an opt-out: what was said
}

// SyncJoined says that records were found to be one customer.
type SyncJoined struct {
	Customer CustomerRef      `json:"customer"`
	Records  []RecordRef      `json:"records"`
	Evidence []state.Evidence `json:"evidence"`
}

// PlanListIn asks for plans, newest first.
type PlanListIn struct {
	Limit int `json:"limit,omitempty"` // 0: 20
}

// PlanListOut has them; without their writes.
type PlanListOut struct {
	Plans []SyncPlan `json:"plans"`
}

// PlanShowIn asks for one plan by its ID.
type PlanShowIn struct {
	ID string `json:"id"`
}

// PlanShowOut has it.
type PlanShowOut struct {
	Plan SyncPlan `json:"plan"`
}

// ConnectionCheckIn asks whether connections work.
type ConnectionCheckIn struct {
	Connections []string `json:"connections,omitempty"` // none: all that are configured
}

// ConnectionCheckOut has what was found.
type ConnectionCheckOut struct {
	Connections []ConnectionChecked `json:"connections"`
}

// ConnectionChecked is one connection's check.
type ConnectionChecked struct {
	Name    string        `json:"name"`
	Type    string        `json:"type"`
	Address string        `json:"address,omitempty"` // what people know it by: its url or host
	Steps   []CheckedStep `json:"steps"`
	Error   *state.Error  `json:"error,omitempty"` // the first that failed, with its class
	// Warnings are what works and should be looked at all the same, in the connector's words.
	Warnings []string `json:"warnings"`
}

// CheckedStep is one thing that was looked at, in words of the connector where it has some.
type CheckedStep struct {
	Code string     `json:"code"` // "options", "secrets", "reach", "check", "read", "write"
	OK   bool       `json:"ok"`
	Args state.Args `json:"args,omitempty"` // reason: in plain words, with what to do next
}
