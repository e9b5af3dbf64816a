package state

import "time"

// The kinds of questions.
const (
	QuestionMatch        = "match"        // may two customers be one?
	QuestionRow          = "row"          // a row that could not be read
	QuestionOrganisation = "organisation" // is a domain, or a doubtful company name, an organisation?
	QuestionStaff        = "staff"        // is an address from which mail was sent one of us?
	QuestionConflict     = "conflict"     // connections say otherwise about one field; which is right?
	QuestionLost         = "write_lost"   // did a write arrive whose answer was lost?
	QuestionStop         = "stop"         // did a customer ask to be left alone?
	QuestionPromise      = "promise"      // was this said, and promised?
	QuestionPromiseDone  = "promise_done" // is a promise kept with what came?

	QuestionSend        = "message_ask"    // shall a message go out though the gate asks?
	QuestionUnsure      = "message_lost"   // did a message arrive whose answer was lost?
	QuestionUndelivered = "message_failed" // a message cannot be sent; again, or not?
)

// QuestionKinds are all kinds of questions.
var QuestionKinds = []string{QuestionMatch, QuestionRow, QuestionOrganisation, QuestionStaff, QuestionConflict, QuestionLost, QuestionStop,
	QuestionPromise, QuestionPromiseDone, QuestionSend, QuestionUnsure, QuestionUndelivered}

// The states of a question.
const (
	QuestionOpen     = "open"
	QuestionAnswered = "answered"
	QuestionSettled  = "settled" // a person's "same" answers it, until that is taken back
	QuestionWaiting  = "waiting" // it will be asked when there is room among what is asked of a person in a day
	QuestionLapsed   = "lapsed"  // nobody answered it in time, or it no longer stands
)

// Question is something that waits for a person. Questions that follow from records (matches)
// are computed anew with them; one that no longer stands goes away.
type Question struct {
	Number   uint64     `k:"1" json:"-"`
	Kind     string     `k:"2" json:"kind"`
	Topic    string     `k:"3" json:"-"` // what makes it the same question when computed again
	State    string     `k:"4" json:"state"`
	A        uint64     `k:"5" json:"-"` // base customers
	B        uint64     `k:"6" json:"-"`
	RecordA  uint64     `k:"7" json:"-"`
	RecordB  uint64     `k:"8" json:"-"`
	Reasons  []Evidence `k:"9" json:"reasons,omitempty"`
	Score    int64      `k:"10" json:"score,omitempty"` // likelier first
	From     string     `k:"11" json:"from,omitempty"`  // connection or file
	Run      uint64     `k:"12" json:"run,omitempty"`
	Where    string     `k:"13" json:"where,omitempty"`
	Field    string     `k:"14" json:"field,omitempty"`
	Raw      string     `k:"15" json:"raw,omitempty"`
	Header   string     `k:"22" json:"header,omitempty"`  // of the file of a row
	Options  []string   `k:"16" json:"options,omitempty"` // answers that it takes: yes, no, ...
	Created  time.Time  `k:"17" json:"created"`
	For      string     `k:"18" json:"for,omitempty"` // a staff member, where it is theirs to answer
	Answer   string     `k:"19" json:"answer,omitempty"`
	Digest   string     `k:"23" json:"-"` // of what sides said when it was asked: an answer holds for that alone
	By       string     `k:"20" json:"by,omitempty"`
	Answered time.Time  `k:"21" json:"answered,omitzero"`

	// Of promises. Raw has the words; Where what they were found in or are kept with ("k55", "n12"),
	// RecordA its record; Field the direction.
	Due         *Due      `k:"24" json:"due,omitempty"`
	Said        time.Time `k:"25" json:"said,omitzero"`  // when the words were said, or the evidence came
	Asked       time.Time `k:"26" json:"asked,omitzero"` // when it was first put to whom it is for
	Promise     uint64    `k:"27" json:"-"`              // the promise in doubt, or the one that an answer made
	Conditional bool      `k:"28" json:"conditional,omitempty"`
	Address     string    `k:"29" json:"address,omitempty"` // of the customer, as it is compared
}

// OfPromise says whether a question is about a promise: it is put to one person, some in a day.
func (q *Question) OfPromise() bool {
	return q.Kind == QuestionPromise || q.Kind == QuestionPromiseDone
}

// Questions holds questions by number; index "topic" is unique, "open" is by score, best first, without those that are put to one person alone,
// "match" has of these the matches alone, "customer" is by either customer, "run" by run. Of
// questions about promises "found" has those that wait or are open by whom they are for, the open
// ones first, the best first; "asked" those that were asked, by whom they are for and when; "source" all,
// by what they were found in.
var Questions = declare(Declaration[Question]{
	Name: "question", Letter: "q",
	Erase: Erase{Rule: EraseDocuments},
	Key:   func(q *Question) []byte { return NumberKey(q.Number) },
	Indexes: []IndexOn[Question]{
		{Name: "topic", Unique: true, Keys: func(q *Question) [][]byte { return textIndex(q.Topic) }},
		{Name: "open", Keys: func(q *Question) [][]byte {
			if q.State != QuestionOpen || q.OfPromise() {
				return nil
			}
			return [][]byte{ScoreKey(q.Score)}
		}},
		{Name: "match", Keys: func(q *Question) [][]byte {
			if q.State != QuestionOpen || q.Kind != QuestionMatch {
				return nil
			}
			return [][]byte{ScoreKey(q.Score)}
		}},
		{Name: "customer", Keys: func(q *Question) [][]byte {
			var keys [][]byte
			if q.A != 0 {
				keys = append(keys, NumberKey(q.A))
			}
			if q.B != 0 && q.B != q.A {
				keys = append(keys, NumberKey(q.B))
			}
			return keys
		}},
		{Name: "run", Keys: func(q *Question) [][]byte { return [][]byte{NumberKey(q.Run)} }},
		{Name: "found", Keys: func(q *Question) [][]byte {
			if !q.OfPromise() || q.State != QuestionOpen && q.State != QuestionWaiting {
				return nil
			}
			return [][]byte{Join(TextKey(q.For), TextKey(q.State), ScoreKey(q.Score))}
		}},
		{Name: "source", Keys: func(q *Question) [][]byte {
			if !q.OfPromise() {
				return nil
			}
			return textIndex(q.Where)
		}},
		{Name: "asked", Keys: func(q *Question) [][]byte {
			if !q.OfPromise() || q.Asked.IsZero() {
				return nil
			}
			return [][]byte{Join(TextKey(q.For), TimeKey(q.Asked))}
		}},
	},
})
