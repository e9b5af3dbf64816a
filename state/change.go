package state

import (
	"context"
	"time"
)

// Cause says who changes something, and why. Every transaction has exactly one.
type Cause struct {
	Actor   string    // "ana" (a staff member's login or key), "ops", "job:sync"
	Request string    // the request's ID; the same request is done once
	What    string    // "customer.merge", "import.page"
	Args    Args      // for the reader of the log
	At      time.Time // the service's clock, UTC
	Chat    string    // the account of who asked in a chat, "slack:T1:U7"
}

// ChangeEntry is one entry of the change log: audit, rules, webhooks and undo read it.
type ChangeEntry struct {
	Number  uint64    `k:"1" json:"number"`
	At      time.Time `k:"2" json:"at"`
	Actor   string    `k:"3" json:"actor"`
	Request string    `k:"4" json:"request,omitempty"`
	What    string    `k:"5" json:"what"`
	Args    Args      `k:"6" json:"args,omitempty"`
	Touched []Touch   `k:"7" json:"touched,omitempty"`
	Chat    string    `k:"8" json:"chat,omitempty"` // the account of who asked in a chat
}

// Touch names the documents of one collection that a change wrote or deleted.
type Touch struct {
	Collection string   `k:"1" json:"collection"`
	Keys       [][]byte `k:"2" json:"keys"`
}

// Changes is the change log, in the order of its numbers.
var Changes = declare(Declaration[ChangeEntry]{
	Name:  "change",
	Erase: Erase{Rule: EraseWords},
	Key:   func(c *ChangeEntry) []byte { return NumberKey(c.Number) },
})

// Writer writes inside one transaction and remembers what it touched. Collections can be written
// to only with one, so that nothing changes without an entry in the log.
type Writer struct {
	tx      Tx
	Cause   Cause
	touched []Touch
	seen    map[string]map[string]bool
	// concealed: keys that name somebody stay out of the log ([Writer.Conceal]).
	concealed bool
}

// Tx gives the transaction for reading.
func (w *Writer) Tx() Tx { return w.tx }

// PutBlob stores a blob.
func (w *Writer) PutBlob(name string, b []byte) error { return w.tx.PutBlob(name, b) }

// Next draws from a sequence of its own.
func (w *Writer) Next(sequence string) (uint64, error) { return w.tx.Next(sequence) }

func (w *Writer) touch(k *Kind, key []byte) {
	if w.seen == nil {
		w.seen = map[string]map[string]bool{}
	}
	if w.seen[k.Name] == nil {
		w.seen[k.Name] = map[string]bool{}
		w.touched = append(w.touched, Touch{Collection: k.Name})
	}
	if w.seen[k.Name][string(key)] {
		return
	}
	w.seen[k.Name][string(key)] = true
	for i := range w.touched {
		if w.touched[i].Collection == k.Name {
			w.touched[i].Keys = append(w.touched[i].Keys, append([]byte(nil), key...))
		}
	}
}

// Change runs fn in one Update and appends one entry to the change log if it wrote anything.
func Change(ctx context.Context, s Store, cause Cause, fn func(*Writer) error) error {
	return s.Update(ctx, func(tx Tx) error { return ChangeIn(tx, cause, fn) })
}

// ChangeIn is Change inside a transaction that is open already, for a caller that must read
// before it knows the cause. A transaction has one.
func ChangeIn(tx Tx, cause Cause, fn func(*Writer) error) error {
	w := &Writer{tx: tx, Cause: cause}
	if err := fn(w); err != nil {
		return err
	}
	if len(w.touched) == 0 {
		return nil
	}
	n, err := tx.Next(Changes.Kind.Name)
	if err != nil {
		return err
	}
	e := &ChangeEntry{Number: n, At: cause.At, Actor: cause.Actor, Request: cause.Request,
		What: cause.What, Args: cause.Args, Touched: w.logged(), Chat: cause.Chat}
	_, err = tx.Put(Changes.Kind, NumberKey(n), e, 0)
	return err
}
