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
)

// The states of a question.
const (
	QuestionOpen     = "open"
	QuestionAnswered = "answered"
	QuestionSettled  = "settled" // a person's "same" answers it, until that is taken back
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
}

// Questions holds questions by number; index "topic" is unique, "open" is by score, best first,
// "match" has of these the matches alone, "customer" is by either customer, "run" by run.
var Questions = declare(Declaration[Question]{
	Name: "question", Letter: "q",
	Erase: Erase{Rule: EraseDocuments},
	Key:   func(q *Question) []byte { return NumberKey(q.Number) },
	Indexes: []IndexOn[Question]{
		{Name: "topic", Unique: true, Keys: func(q *Question) [][]byte { return textIndex(q.Topic) }},
		{Name: "open", Keys: func(q *Question) [][]byte {
			if q.State != QuestionOpen {
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
	},
})
