package state

// Doubt is two customers of whom a question whether they are one waits until others are answered.
// Doubts follow from records, as questions of matches do: one that no longer stands goes away.
type Doubt struct {
	A       uint64 `k:"1" json:"a"` // base customers, A before B
	B       uint64 `k:"2" json:"b"`
	RecordA uint64 `k:"3" json:"record_a"`
	RecordB uint64 `k:"4" json:"record_b"`
	Score   int64  `k:"5" json:"score"` // as that of a question: likelier first
	Run     uint64 `k:"6" json:"run,omitempty"`
	Settled bool   `k:"7" json:"settled,omitempty"` // a person's "same" answers it, until that is taken back
}

// DoubtKey is the key of the doubt about two base customers, a before b.
func DoubtKey(a, b uint64) []byte { return Join(NumberKey(a), NumberKey(b)) }

// Doubts holds doubts by both customers; index "best" has those that are not settled, likeliest
// first, "second" is by the second customer.
var Doubts = declare(Declaration[Doubt]{
	Name:  "doubt",
	Erase: Erase{Rule: EraseDocuments},
	Key:   func(d *Doubt) []byte { return DoubtKey(d.A, d.B) },
	Indexes: []IndexOn[Doubt]{
		{Name: "best", Keys: func(d *Doubt) [][]byte {
			if d.Settled {
				return nil
			}
			return [][]byte{ScoreKey(d.Score)}
		}},
		{Name: "second", Keys: func(d *Doubt) [][]byte { return [][]byte{NumberKey(d.B)} }},
	},
})

// ScoreKey puts what is likelier first.
func ScoreKey(score int64) []byte { return NumberKey(uint64(1<<62 - score)) }
