package state

import "time"

// Read is one entry of the read log: who looked at which customer with which question. Nothing of
// what was read is in it.
type Read struct {
	Number   uint64    `k:"1" json:"-"`
	At       time.Time `k:"2" json:"at"`
	Actor    string    `k:"3" json:"actor"`
	What     string    `k:"4" json:"what"` // the question: brief, history, show, ...
	Customer uint64    `k:"5" json:"-"`
	Request  string    `k:"6" json:"request,omitempty"`
	From     string    `k:"7" json:"from,omitempty"` // terminal, socket, chat
	Chat     string    `k:"8" json:"chat,omitempty"` // the account of who asked in a chat
}

// Reads is the read log, in the order of its numbers; index "customer" is by customer and number.
var Reads = declare(Declaration[Read]{
	Name:  "read",
	Erase: Erase{Rule: EraseDocuments},
	Key:   func(r *Read) []byte { return NumberKey(r.Number) },
	Indexes: []IndexOn[Read]{
		{Name: "customer", Keys: func(r *Read) [][]byte { return [][]byte{Join(NumberKey(r.Customer), NumberKey(r.Number))} }},
	},
})

// LogReads appends entries to the read log and takes out at most prune of the oldest ones that are
// older than keepFrom. Like the change log it is no change itself. It sets the entries' numbers.
func LogReads(tx Tx, reads []Read, keepFrom time.Time, prune int) error {
	for i := range reads {
		n, err := tx.Next(Reads.Kind.Name)
		if err != nil {
			return err
		}
		r := reads[i]
		r.Number = n
		if _, err := tx.Put(Reads.Kind, NumberKey(n), &r, 0); err != nil {
			return err
		}
	}
	var old [][]byte
	for r, err := range Reads.All(tx, Range{Limit: prune}) {
		if err != nil {
			return err
		}
		if !r.At.Before(keepFrom) {
			break
		}
		old = append(old, NumberKey(r.Number))
	}
	for _, k := range old {
		if _, err := tx.Delete(Reads.Kind, k); err != nil {
			return err
		}
	}
	return nil
}
