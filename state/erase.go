package state

import "context"

// The rules by which a person leaves a collection.
const (
	EraseDocuments = "documents" // those about the person are deleted
	EraseWords     = "words"     // documents stay, what names the person is taken out of them
	EraseNone      = "none"      // nothing in it is about a customer
)

// Erase says what becomes of a collection when a person is forgotten. Every collection has a rule;
// the service does what the rules say, and a test fails for a collection without one.
type Erase struct {
	Rule string
	// Named says that its keys are made of what somebody is known by (an address, words), so that
	// they must leave the change log as well.
	Named bool
	Why   string // of EraseNone, for the reader
}

// Conceal keeps keys that name somebody ([Erase].Named) out of the change log's entry about this
// transaction: it is what forgets them.
func (w *Writer) Conceal() { w.concealed = true }

// logged gives what the change log's entry says was touched.
func (w *Writer) logged() []Touch {
	if !w.concealed {
		return w.touched
	}
	var out []Touch
	for _, t := range w.touched {
		if !namedKeys(t.Collection) {
			out = append(out, t)
		}
	}
	return out
}

func namedKeys(collection string) bool {
	for _, k := range declared {
		if k.Name == collection {
			return k.Erase.Named
		}
	}
	return false
}

// Scrubber is a store that can overwrite what is no longer part of the state.
type Scrubber interface {
	// Scrub overwrites every part of the storage that holds nothing any more, so that what was
	// deleted before the call cannot be read out of it. It waits for readers and keeps everybody
	// else waiting: long work.
	Scrub(ctx context.Context) error
}

// Settler is a store that puts off work of large transactions until nobody waits for it.
type Settler interface {
	// Settle does what was put off once that is worth it, or, with all, to its end. It does so in
	// several transactions, each of which leaves the state as it was to everybody who reads.
	Settle(ctx context.Context, all bool) error
}

// Usage is how a store uses its room, in bytes.
type Usage struct {
	Bytes int64 `json:"bytes"`
	Free  int64 `json:"free"` // of Bytes, what holds nothing and is used again
}

// Measurer is a store that knows how it uses its room.
type Measurer interface {
	Usage(ctx context.Context) (Usage, error)
}
