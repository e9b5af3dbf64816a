package state

import "time"

// The states of a plan.
const (
	PlanOpen    = "open"
	PlanApplied = "applied"
	PlanStale   = "stale"
)

// Plan is the exact list of writes that a sync would make, kept so that a person can read it and
// apply it.
type Plan struct {
	ID          string    `k:"1" json:"id"` // hexadecimal
	Digests     []string  `k:"2" json:"-"`  // "shop=...", of the writes at each connection: what makes it the same plan when it is made again
	State       string    `k:"3" json:"state"`
	By          string    `k:"4" json:"by"`
	Created     time.Time `k:"5" json:"created"`
	Applied     time.Time `k:"6" json:"applied,omitzero"`
	Connections []string  `k:"7" json:"connections"` // that it was asked for; sorted
	Full        bool      `k:"8" json:"full,omitempty"`
	Writes      int64     `k:"9" json:"writes"`
	Moved       bool      `k:"10" json:"moved,omitempty"` // somebody said that a new address is that of the same system
}

// Plans holds plans by ID; index "created" is by time.
var Plans = declare(Declaration[Plan]{
	Name:  "plan",
	Erase: Erase{Rule: EraseNone, Why: "counts and names of connections; its writes go themselves"},
	Key:   func(p *Plan) []byte { return TextKey(p.ID) },
	Indexes: []IndexOn[Plan]{
		{Name: "created", Keys: func(p *Plan) [][]byte { return [][]byte{TimeKey(p.Created)} }},
	},
})

// The actions of a write.
const (
	WriteCreate = "create"
	WriteUpdate = "update"
	WriteDelete = "delete"
)

// PlannedWrite is one write of a plan, as people read it.
type PlannedWrite struct {
	Plan       string         `k:"1" json:"plan"`
	Seq        uint64         `k:"2" json:"seq"`
	Connection string         `k:"3" json:"connection"`
	Action     string         `k:"4" json:"action"`
	Name       string         `k:"5" json:"name"`   // the customer's
	Customer   uint64         `k:"6" json:"-"`      // 0 where the customer came to be in the dry run itself
	Record     string         `k:"7" json:"record"` // the ID there; "" of a create
	Fields     []PlannedField `k:"8" json:"fields"`
	Why        string         `k:"9" json:"why"`
	Rule       string         `k:"10" json:"rule,omitempty"`
	Key        string         `k:"11" json:"-"` // of a create: what makes it the same create
}

// PlannedField is one field of a planned write.
type PlannedField struct {
	Field  string    `k:"1" json:"field"`
	Before []Value   `k:"2" json:"before"`
	After  []Value   `k:"3" json:"after"`
	From   string    `k:"4" json:"from,omitempty"`
	At     time.Time `k:"5" json:"at,omitzero"`
	Why    string    `k:"6" json:"why"`
	Words  string    `k:"7" json:"words,omitempty"` // of an opt-out: in which words
}

// PlannedWrites holds the writes of plans; index "customer" is by customer number.
var PlannedWrites = declare(Declaration[PlannedWrite]{
	Name:  "planned_write",
	Erase: Erase{Rule: EraseDocuments},
	Key:   func(p *PlannedWrite) []byte { return Join(TextKey(p.Plan), NumberKey(p.Seq)) },
	Indexes: []IndexOn[PlannedWrite]{
		{Name: "customer", Keys: func(p *PlannedWrite) [][]byte {
			if p.Customer == 0 {
				return nil
			}
			return [][]byte{NumberKey(p.Customer)}
		}},
	},
})

// The states of an intent, which is stored in the same commit as it counts as sent. One that is confirmed, refused or stale is deleted: what became of it is
// in the change log.
const (
	IntentSent  = "sent"  // it may have arrived
	IntentAsked = "asked" // nobody can find out whether it did; a person is asked
)

// Intent is one write at a connection that was decided and is not confirmed yet. It is stored
// before the call, so that whoever comes after a crash knows what may have happened.
type Intent struct {
	Number     uint64    `k:"1" json:"-"`
	ID         string    `k:"2" json:"id"`  // goes out with the write
	Key        string    `k:"3" json:"key"` // of what is written; the same for every try
	Connection string    `k:"4" json:"connection"`
	Kind       string    `k:"5" json:"kind"`
	Action     string    `k:"6" json:"action"`
	State      string    `k:"7" json:"state"`
	Customer   uint64    `k:"8" json:"-"`       // base customer
	Record     uint64    `k:"9" json:"-"`       // our record; 0 of a create
	RecordID   string    `k:"10" json:"record"` // the ID there; "" of a create
	Expect     string    `k:"11" json:"expect,omitempty"`
	Fields     []Field   `k:"12" json:"fields"` // how the record shall be
	Consents   []Said    `k:"13" json:"consents,omitempty"`
	Changed    []string  `k:"14" json:"changed"` // the fields that the write changes
	Run        uint64    `k:"15" json:"run"`
	Stored     time.Time `k:"16" json:"stored"`
	Sent       time.Time `k:"17" json:"sent,omitzero"`
	Question   uint64    `k:"18" json:"-"`
}

// Intents holds writes that are not confirmed, by number; index "connection" is by connection and
// number, "customer" by customer, "record" by our record.
var Intents = declare(Declaration[Intent]{
	Name: "intent", Letter: "w",
	Erase: Erase{Rule: EraseDocuments},
	Key:   func(i *Intent) []byte { return NumberKey(i.Number) },
	Indexes: []IndexOn[Intent]{
		{Name: "connection", Keys: func(i *Intent) [][]byte {
			return [][]byte{Join(TextKey(i.Connection), NumberKey(i.Number))}
		}},
		{Name: "customer", Keys: func(i *Intent) [][]byte { return [][]byte{NumberKey(i.Customer)} }},
		{Name: "record", Keys: func(i *Intent) [][]byte {
			if i.Record == 0 {
				return nil
			}
			return [][]byte{NumberKey(i.Record)}
		}},
	},
})

// Shadow is what is kept about a record between two runs, so that what it says differently is known
// to be a change.
type Shadow struct {
	Record uint64 `k:"1" json:"record"`
	// Fields are what it said when it was last compared with the others of its customer, sorted; one
	// without values was empty, one that is not here was never compared.
	Fields []Field `k:"2" json:"fields"`
	// Owed are fields that it shall say and does not yet, sorted: a write that was decided and not
	// confirmed.
	Owed []Field `k:"3" json:"owed,omitempty"`
	// Untaken are words about consent that were sent there and that the system did not keep.
	Untaken []Said `k:"4" json:"untaken,omitempty"`
	Gone    bool   `k:"5" json:"gone,omitempty"` // that it is gone was dealt with
	// Maybe are fields as they were owed before something else was: it may have got them unseen.
	Maybe []Field `k:"8" json:"maybe,omitempty"`
	// Mark is the mark by which Kept told it that its customer opted out, and MarkSent when that first
	// went out; "": what stands there of an opt-out others have put there. MarkKept says that it was
	// seen to be there.
	Mark     string    `k:"9" json:"mark,omitempty"`
	MarkSent time.Time `k:"10" json:"mark_sent,omitzero"`
	MarkKept bool      `k:"11" json:"mark_kept,omitempty"`
	// Customer is with whose other records it was compared, by number. Among the records of another it
	// was never compared.
	Customer uint64 `k:"7" json:"-"`
}

// Shadows holds them by record; that of a customer's values set by people stands under the
// customer's number with the highest bit set.
var Shadows = declare(Declaration[Shadow]{
	Name:  "shadow",
	Erase: Erase{Rule: EraseDocuments},
	Key:   func(s *Shadow) []byte { return NumberKey(s.Record) },
})

// HandShadow is the key of the shadow of what people set on a customer.
func HandShadow(customer uint64) uint64 { return customer | 1<<63 }

// Point is how far a connection was read: a cursor for each kind, committed with what it stands
// behind.
type Point struct {
	Connection string    `k:"1" json:"connection"`
	Kind       string    `k:"2" json:"kind"`
	Cursor     string    `k:"3" json:"cursor"`
	Whole      time.Time `k:"4" json:"whole,omitzero"`  // when it was last read from its start to its end
	Census     time.Time `k:"5" json:"census,omitzero"` // when what is gone was last looked for
}

// Points holds them by connection and kind.
var Points = declare(Declaration[Point]{
	Name:  "point",
	Erase: Erase{Rule: EraseNone, Why: "cursors of systems"},
	Key:   func(p *Point) []byte { return Join(TextKey(p.Connection), TextKey(p.Kind)) },
})

// Token is what a system gave us to prove who we are and changes now and then. It is in no export,
// answer or log.
type Token struct {
	Connection string    `k:"1" json:"connection"`
	Name       string    `k:"2" json:"name"`
	Value      string    `k:"3" json:"-"`
	At         time.Time `k:"4" json:"at"`
}

// Tokens holds them by connection and name.
var Tokens = declare(Declaration[Token]{
	Name:  "token",
	Erase: Erase{Rule: EraseNone, Why: "our own credentials"},
	Key:   func(t *Token) []byte { return Join(TextKey(t.Connection), TextKey(t.Name)) },
})
