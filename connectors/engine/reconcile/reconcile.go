// Package reconcile decides what one customer's records at several systems shall say, given what
// each says now and what it said when they were last in step. It is pure: it writes nothing, asks
// nobody and knows no clock.
//
// Each side has a [Shadow]. What a side says differently from its shadow is a change, whoever made
// it; so our own echo is none, by content. Deciding and writing are apart: [Reconcile] gives the
// shadows as they stand once its decisions are taken (to be stored together with the writes,
// before any is sent), in which a side that was not written yet owes what was decided. [Confirm]
// takes that off once the system has it. Whatever is lost in between, the debt stands: the next
// Reconcile asks for the same write again, and an edit made since is not mistaken for an old one.
package reconcile

import (
	"maps"
	"time"

	"github.com/keptcrm/kept/state"
)

// FieldConsent stands for words about consent in a matrix and in a [Change].
const FieldConsent = "consent"

// The fields that have rules of their own.
const (
	fieldName     = "name"
	fieldGiven    = "given"
	fieldMiddle   = "middle"
	fieldFamily   = "family"
	customPrefix  = "custom."
	labelTakenOff = "\x00removed" // in a shadow of Hand: an element that was taken away
)

// Field says what a system can hold in one field; Name "custom." alone stands for every custom
// field that has no line of its own.
type Field struct {
	Name  string
	Read  bool
	Write bool
	Many  int // values; 0: any number
	Long  int // characters of a value; 0: any length
}

// Shadow is what is kept about one side between two runs.
type Shadow struct {
	// Fields are what it said when it was last looked at, sorted; one without values was empty, and
	// one that is not here was never compared.
	Fields []state.Field
	// Owed are fields that it shall say and does not yet: a write that was decided and not confirmed,
	// or that could not be made as the side is not written to. Sorted.
	Owed []state.Field
	// Maybe are fields as they were owed before something else was. A write of them may have arrived
	// unseen, so that to say them is no word of the side's own. Sorted.
	Maybe []state.Field
	// Untaken are words about consent that were sent there and that the system did not keep.
	Untaken []state.Said
	// Gone says that its being gone was dealt with.
	Gone bool
}

// Side is one record of a customer at one connection or, of Hand, what people set on the customer.
type Side struct {
	Connection string
	ID         string // of the record there
	Hand       bool
	Fields     []state.Field // what it says now; of Hand: what is set, and a field without values that was emptied
	Removed    []state.Field // only of Hand: elements of lists that people took away
	Consents   []state.Said
	Shadow     Shadow
	Matrix     []Field // what the system can hold; not needed of Hand
	// Writable says that it may be written to. What is decided for a side that may not be is owed
	// until it may.
	Writable bool
	Silent   bool                    // what it says changes nothing elsewhere: it only receives
	Owns     func(field string) bool // whether its word about a field counts most; nil: of none
	Modified time.Time               // when the system says that it was changed; zero where not told
	Gone     bool                    // the system does not have it any more
	// Refused is that the customer opted out, as people here know it; a system that keeps consent is told
	// that as it is told what other systems say. Nil: nobody knows so.
	Refused *state.Said
	// PropagateDeletes says that what is gone here shall be deleted elsewhere; CanDelete that this
	// system deletes when asked.
	PropagateDeletes, CanDelete bool
}

// Rules are how to decide.
type Rules struct {
	Newest bool   // of several words that contradict each other the newest counts
	Region string // of phone numbers without a country code; ISO 3166
	// Country gives one way to write a country, whichever a system has; nil: as it stands.
	Country func(string) string
}

// The reasons for a change.
const (
	WhyChanged = "changed" // one side said something new
	WhyFilled  = "filled"  // the side did not have it
	WhyOwner   = "owner"   // several changed it, and one of them owns the field
	WhyByHand  = "by_hand" // several changed it, and one was a person here
	WhyNewest  = "newest"  // several changed it, and the newest counts
	WhyDeleted = "deleted" // it is gone elsewhere
	// WhyOptedOut is for what people here know and no side says.
	WhyOptedOut = "opted_out" // the customer opted out
)

// Change is what a write changes in one field.
type Change struct {
	Field         string
	Before, After []state.Value
	From          int // the side whose word it is; -1 where nobody knows any more, or it is of several
	Why           string
}

// Write is what one side shall be told.
type Write struct {
	Side     int
	Delete   bool
	Changes  []Change      // by field
	Fields   []state.Field // the whole record as it shall be, sorted
	Consents []state.Said  // all that it shall hold
}

// Conflict is a field about which sides contradict each other, and nothing says whose word counts.
// Nothing is written to it.
type Conflict struct {
	Field  string
	Sides  []int
	Values [][]state.Value // by Sides
}

// Taken is a value that a person set, or an element that a person set or took away, and that a
// later word elsewhere overtook.
type Taken struct {
	Field string
	Value *state.Value // of a list: the element, as Hand has it; nil: the field
}

// Outcome is what to do.
type Outcome struct {
	Writes        []Write // in the order of the sides
	Conflicts     []Conflict
	HandTakenBack []Taken
	// Shadows are the sides' shadows once all this was decided, by side. They are stored together
	// with the writes, before any of these is sent. A gone side's stays undealt with as long as
	// a deletion that follows from it is not confirmed.
	Shadows []Shadow
	// Agreed is what all that have a word say once this is carried out, for records to be made
	// elsewhere. A field without values is empty or undecided; one that is not here no side can hold.
	// Nil where no side at a system has a word.
	Agreed []state.Field
}

// Still says that nothing is to be done but to keep the shadows.
func (o *Outcome) Still() bool {
	return len(o.Writes) == 0 && len(o.Conflicts) == 0 && len(o.HandTakenBack) == 0
}

// Reconcile decides. The order of the sides does not matter. The fields and values of the outcome
// may share memory with those of the sides; nothing of the sides is changed.
func Reconcile(sides []Side, rules Rules) Outcome {
	return newMerge(sides, rules).outcome()
}

// Confirm gives the shadow of a side of which the system confirmed a write. s is its shadow as
// stored with the write, fields and consents are what the system then has. It stands for that side
// alone, whatever became of the other writes. What was decided since the write stays owed.
func Confirm(s Shadow, w Write, fields []state.Field, consents []state.Said, rules Rules) Shadow {
	if w.Delete {
		s.Gone = true
		return s
	}
	s.Fields, s.Owed, s.Maybe = sorted(s.Fields), sorted(s.Owed), sorted(s.Maybe)
	for _, c := range w.Changes {
		if c.Field == FieldConsent {
			s.Untaken = untaken(s.Untaken, w.Consents, consents, rules)
			continue
		}
		s.Fields = put(s.Fields, c.Field, valuesOf(fields, c.Field))
		whole := Field{Name: c.Field}
		if maps.Equal(keys(whole, c.Field, valuesOf(s.Owed, c.Field), rules), keys(whole, c.Field, valuesOf(w.Fields, c.Field), rules)) {
			s.Owed, s.Maybe = drop(s.Owed, c.Field), drop(s.Maybe, c.Field)
		}
	}
	return s
}

// Created gives the shadow of a record that was created with what others said: sent is how it was
// to be, fields and consents what the system then has.
func Created(sent []state.Field, said []state.Said, fields []state.Field, consents []state.Said, matrix []Field, rules Rules) Shadow {
	var s Shadow
	for _, name := range namesOf(sent, fields) {
		if f, ok := holds(matrix, name); ok && f.Read && compared(name) {
			s.Fields = put(s.Fields, name, valuesOf(fields, name))
		}
	}
	if f, ok := holds(matrix, FieldConsent); ok && f.Write {
		s.Untaken = untaken(nil, said, consents, rules)
	}
	return s
}

// Answer gives the shadows with which the next [Reconcile] brings a field in step as a person
// chose: what every side says now is known, and each that says something else owes the values. Of
// a name that some systems hold in parts, the parts are what [identity.ParseName] makes of it.
func Answer(sides []Side, field string, values []state.Value, rules Rules) []Shadow {
	return newMerge(sides, rules).answer(field, values)
}

// Project gives what a system can hold of a believed customer, for a record to be created there.
//
// A system that holds a full name alone gets what the parts compose, and one that holds parts alone
// what [identity.ParseName] makes of the name.
func Project(fields []state.Field, matrix []Field) []state.Field {
	var out []state.Field
	for _, f := range withNames(fields, matrix) {
		m, ok := holds(matrix, f.Name)
		if !ok || !m.Write || f.Name == FieldConsent {
			continue
		}
		if vals := m.project(f.Name, f.Values); len(vals) > 0 {
			out = put(out, f.Name, vals)
		}
	}
	return out
}
