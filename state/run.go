package state

import "time"

// The states of a run.
const (
	RunRunning     = "running"
	RunDone        = "done"
	RunInterrupted = "interrupted" // another run took over; what it wrote stays
	RunUndone      = "undone"
)

// Run is one import or sync: what it read and what came of it. Its counts are its reconciliation.
type Run struct {
	Number     uint64    `k:"1" json:"-"`
	Kind       string    `k:"2" json:"kind"` // import, sync
	Connection string    `k:"3" json:"connection"`
	Source     string    `k:"4" json:"source,omitempty"` // the file's name
	Digest     []byte    `k:"5" json:"-"`                // of the file's content and the options, to know it again
	Layout     string    `k:"6" json:"layout,omitempty"`
	State      string    `k:"7" json:"state"`
	Actor      string    `k:"8" json:"actor"`
	Started    time.Time `k:"9" json:"started"`
	Ended      time.Time `k:"10" json:"ended,omitzero"`
	Cursor     string    `k:"11" json:"-"`
	RecordKind string    `k:"12" json:"record_kind,omitempty"`
	Counts     Counts    `k:"13" json:"counts"`
	Sums       []Sum     `k:"14" json:"sums,omitempty"` // of the connection when the run ended
	Options    []string  `k:"15" json:"-"`              // name=value, without secrets
	// Mail says what the messages are that the run was told; nil where it was told none.
	Mail *MailCounts `k:"20" json:"mail,omitempty"`
}

// Counts is a run's reconciliation. Told = Seen + Aside; Seen = New + Changed + Same + Older.
type Counts struct {
	Told      int64 `k:"1" json:"told"`    // things that the system told: rows
	Seen      int64 `k:"2" json:"seen"`    // rows that were read
	Aside     int64 `k:"3" json:"aside"`   // rows set aside, as questions
	Partly    int64 `k:"4" json:"partly"`  // rows read without one of their fields
	Records   int64 `k:"5" json:"records"` // records that the rows made
	New       int64 `k:"6" json:"new"`
	Changed   int64 `k:"7" json:"changed"`
	Same      int64 `k:"8" json:"same"`
	Gone      int64 `k:"9" json:"gone"`
	Customers int64 `k:"10" json:"customers"` // customers that came to be
	Linked    int64 `k:"11" json:"linked"`    // records that joined a customer by themselves
	Asked     int64 `k:"12" json:"asked"`     // questions that it raised
	Refusals  int64 `k:"13" json:"refusals"`  // statements that refuse contact
	Answered  int64 `k:"14" json:"answered"`  // of Aside, rows about which a person had decided before
	Forgotten int64 `k:"20" json:"forgotten"` // records that were told of people who are forgotten, and not kept
}

// Sum is the sales of one connection in one currency, as its own admin page shows them.
type Sum struct {
	Connection string `k:"1" json:"connection"`
	Currency   string `k:"2" json:"currency"`
	Orders     int64  `k:"3" json:"orders"`
	Net        int64  `k:"4" json:"net"` // minor units, after refunds
	Refunded   int64  `k:"5" json:"refunded"`
	Left       int64  `k:"6" json:"left_out"` // orders that do not count: cancelled, failed, pending, tests
}

// Runs holds runs by number; index "connection" is by connection and number.
var Runs = declare(Declaration[Run]{
	Name: "run", Letter: "r",
	Erase: Erase{Rule: EraseWords},
	Key:   func(r *Run) []byte { return NumberKey(r.Number) },
	Indexes: []IndexOn[Run]{
		{Name: "connection", Keys: func(r *Run) [][]byte {
			return [][]byte{Join(TextKey(r.Connection), NumberKey(r.Number))}
		}},
	},
})

// Connection is what the state knows of a connection beside its configuration.
type Connection struct {
	Name    string    `k:"1" json:"name"`
	Type    string    `k:"2" json:"type"`
	Layout  string    `k:"3" json:"layout,omitempty"`
	Options []string  `k:"4" json:"options,omitempty"` // name=value as last used, without secrets: --map corrections are remembered
	Created time.Time `k:"5" json:"created"`
	LastRun uint64    `k:"6" json:"-"`
	Columns []string  `k:"7" json:"columns,omitempty"` // of a table that no layout knows: what makes it the same table again

	// Mailbox is personal or shared, "" for what is no mailbox or was not decided yet; of a personal
	// one only Owner, a staff member's number, reads more than headers. MailboxBy is who decided:
	// an actor, or "rule".
	Mailbox   string `k:"20" json:"mailbox,omitempty"`
	Owner     uint64 `k:"21" json:"-"`
	MailboxBy string `k:"22" json:"mailbox_by,omitempty"`

	// Approved is when a person first applied a plan with writes there; zero: nothing may be written.
	Approved   time.Time `k:"23" json:"approved,omitzero"`
	ApprovedBy string    `k:"24" json:"approved_by,omitempty"`

	// Synced is when a sync last came to its end here, to some minutes; Trouble the code of why the last
	// one did not, "" where it did.
	Synced  time.Time `k:"25" json:"synced,omitzero"`
	Trouble string    `k:"26" json:"trouble,omitempty"`

	// Optout is the mark for opt-outs by which its records were last read; "": by none.
	Optout string `k:"27" json:"optout,omitempty"`

	// Place is which system or account it was when it was last read, as people would write its address;
	// "" where it was not read yet, or its connector does not say.
	Place string `k:"28" json:"place,omitempty"`
}

// Connections holds connections by name.
var Connections = declare(Declaration[Connection]{
	Name:  "connection",
	Erase: Erase{Rule: EraseWords},
	Key:   func(c *Connection) []byte { return TextKey(c.Name) },
})
