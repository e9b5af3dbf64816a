package state

import "time"

// News is something that came and was not read for promises yet: a message, a note, an order that
// left. It is written with what it is about and deleted with what was found in it, each time in one
// transaction, so that whoever reads it can be stopped anywhere.
type News struct {
	At     time.Time `k:"1" json:"at"`               // of what came; what is older is read first
	ID     string    `k:"2" json:"id"`               // "k55" of a record, "n12" of a note
	Record uint64    `k:"3" json:"record,omitempty"` // 0 of a note
	Gone   bool      `k:"4" json:"gone,omitempty"`   // the record was deleted at its connection
}

// NewsKey is where news stands: the oldest first.
func NewsKey(at time.Time, id string) []byte { return Join(TimeKey(at), TextKey(id)) }

// NewsItems holds what was not read for promises yet, in order of time.
var NewsItems = declare(Declaration[News]{
	Name:  "news",
	Erase: Erase{Rule: EraseNone, Why: "numbers and times of what goes itself; it is dropped with the next pass"},
	Key:   func(n *News) []byte { return NewsKey(n.At, n.ID) },
})
