package state

import "time"

// The states of a promise. Late is computed, never stored.
const (
	PromiseOpen       = "open"
	PromiseKept       = "kept"
	PromiseNotKept    = "not_kept"
	PromiseWithdrawn  = "withdrawn"
	PromiseSuperseded = "superseded"
)

// Promise is who promised what to whom, due when, with the words. It belongs to a base customer.
type Promise struct {
	Number    uint64     `k:"1" json:"-"`
	Base      uint64     `k:"2" json:"-"`
	Direction string     `k:"3" json:"direction"` // ours or theirs
	By        string     `k:"4" json:"by"`        // ours: a staff member ("s2") or login; theirs: the name as said, or "" for the customer
	Text      string     `k:"5" json:"text"`
	Due       *Due       `k:"6" json:"due,omitempty"`
	Earlier   []Due      `k:"7" json:"earlier,omitempty"` // earlier dates, in the order in which they were given up
	State     string     `k:"8" json:"state"`
	Evidence  []Evidence `k:"9" json:"evidence,omitempty"` // where it comes from, and by what it was closed
	Made      time.Time  `k:"10" json:"made"`
	Logged    string     `k:"11" json:"logged_by"`
	Closed    time.Time  `k:"12" json:"closed,omitzero"`
	ClosedBy  string     `k:"13" json:"closed_by,omitempty"`
	Note      string     `k:"14" json:"note,omitempty"`

	// Conditional says that something must happen first: the words say what.
	Conditional bool `k:"15" json:"conditional,omitempty"`
	// Done is when it was kept, where that is known to be earlier than Closed: the time of the evidence.
	Done time.Time `k:"16" json:"done,omitzero"`
	// Proof names what it was closed by, where it was: "k55" of a message or order, "n12" of a note.
	Proof string `k:"17" json:"proof,omitempty"`
	// Refused are proofs of which a person said that they do not close it.
	Refused []string `k:"18" json:"refused,omitempty"`
	// Source names what it was found in, as Proof does; "" where somebody logged it.
	Source string `k:"19" json:"source,omitempty"`
	// MadeBy is who made it, where By took it over from them.
	MadeBy string `k:"24" json:"made_by,omitempty"`
}

// ClosedByRule stands as ClosedBy of a promise that was closed by evidence alone.
const ClosedByRule = "rule"

// Due is when a promise is due, in the zone in which it was meant.
type Due struct {
	At       time.Time `k:"1" json:"at"`             // the instant after which it is late, UTC
	Zone     string    `k:"2" json:"zone"`           // IANA name
	DateOnly bool      `k:"3" json:"date_only"`      // a day was said: late when the day ends in Zone
	Text     string    `k:"4" json:"text,omitempty"` // the words
	SetBy    string    `k:"5" json:"set_by,omitempty"`
	SetAt    time.Time `k:"6" json:"set_at,omitzero"`
	Agreed   bool      `k:"7" json:"agreed,omitempty"` // the other side agreed to this date when it was set
}

// Bound is the due time by which a promise is judged: the first one, or a later one to which the
// other side agreed before the one in force had passed. Nil where there never was any.
func (p *Promise) Bound() *Due {
	var bound *Due
	all := p.Earlier
	if p.Due != nil {
		all = append(all[:len(all):len(all)], *p.Due)
	}
	for i := range all {
		if d := &all[i]; bound == nil || d.Agreed && !d.SetAt.After(bound.At) {
			bound = d
		}
	}
	return bound
}

// Late says whether an open promise's due time has passed.
func (p *Promise) Late(now time.Time) bool {
	return p.State == PromiseOpen && p.Due != nil && now.After(p.Due.At)
}

// Promises holds promises by number; index "base" is by base customer, "open" by due time for
// open ones (those without a date last), "proof" by what it was closed by.
var Promises = declare(Declaration[Promise]{
	Name: "promise", Letter: "p",
	Erase: Erase{Rule: EraseDocuments},
	Key:   func(p *Promise) []byte { return NumberKey(p.Number) },
	Indexes: []IndexOn[Promise]{
		{Name: "base", Keys: func(p *Promise) [][]byte { return [][]byte{NumberKey(p.Base)} }},
		{Name: "open", Keys: func(p *Promise) [][]byte {
			if p.State != PromiseOpen {
				return nil
			}
			if p.Due == nil {
				return [][]byte{{0xff}}
			}
			return [][]byte{TimeKey(p.Due.At)}
		}},
		{Name: "proof", Keys: func(p *Promise) [][]byte { return textIndex(p.Proof) }},
	},
})
