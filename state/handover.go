package state

import "time"

// Handover is what went from one of our people to others at once, customer by customer, with what
// was there before, so that it can be taken back.
type Handover struct {
	Number   uint64         `k:"1" json:"-"`
	From     string         `k:"2" json:"from"` // a staff member ("s2")
	At       time.Time      `k:"3" json:"at"`
	By       string         `k:"4" json:"by"`
	Items    []HandoverItem `k:"5" json:"items"`
	Undone   time.Time      `k:"6" json:"undone,omitzero"`
	UndoneBy string         `k:"7" json:"undone_by,omitempty"`
}

// HandoverItem is what of one customer went to whom. It belongs to a base customer.
type HandoverItem struct {
	Base      uint64         `k:"1" json:"base"`
	To        string         `k:"2" json:"to"`            // a staff member
	Set       time.Time      `k:"3" json:"set,omitzero"`  // when the owner was set; zero: the customer was another's
	Was       *Setting       `k:"4" json:"was,omitempty"` // what stood there about the owner before
	Promises  []HandoverPart `k:"5" json:"promises,omitempty"`
	Followups []HandoverPart `k:"6" json:"followups,omitempty"`
	Questions []HandoverPart `k:"7" json:"questions,omitempty"`
}

// HandoverPart is a promise, a follow-up or a question about a promise that went along, and whose it was.
type HandoverPart struct {
	Number uint64 `k:"1" json:"number"`
	Was    string `k:"2" json:"was"`               // Promise.By, Followup.For or Question.For
	MadeBy string `k:"3" json:"made_by,omitempty"` // Promise.MadeBy, or Question.Header
}

// Handovers holds handovers by number; index "base" is by base customer.
var Handovers = declare(Declaration[Handover]{
	Name: "handover", Letter: "g",
	Erase: Erase{Rule: EraseWords},
	Key:   func(h *Handover) []byte { return NumberKey(h.Number) },
	Indexes: []IndexOn[Handover]{
		{Name: "base", Keys: func(h *Handover) [][]byte {
			var keys [][]byte
			for _, x := range h.Items {
				keys = append(keys, NumberKey(x.Base))
			}
			return keys
		}},
	},
})
