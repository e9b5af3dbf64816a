package state

import "time"

// HoldCommercial is the purpose of a hold that stops marketing and sales, and nothing else;
// [AllPurposes] stops everything.
const HoldCommercial = "commercial"

// Hold stops contact with a customer for a time, because one of us said so. Whether it is over is
// computed, never stored. It belongs to a base customer.
type Hold struct {
	Number   uint64    `k:"1" json:"-"`
	Base     uint64    `k:"2" json:"-"`
	Purpose  string    `k:"3" json:"purpose"`              // commercial, all, or one purpose
	Until    time.Time `k:"4" json:"until,omitzero"`       // the last moment; zero: until it is lifted
	DateOnly bool      `k:"5" json:"date_only,omitempty"`  // a day was said: it holds to its end in Zone
	Zone     string    `k:"6" json:"zone,omitempty"`       // IANA, in which Until was meant
	Reason   string    `k:"7" json:"reason"`               // in the words of who said so
	By       string    `k:"8" json:"by"`                   // the actor
	At       time.Time `k:"9" json:"at"`                   // when it was said
	Lifted   time.Time `k:"10" json:"lifted,omitzero"`     // when a person ended it
	LiftedBy string    `k:"11" json:"lifted_by,omitempty"` // who did
	Note     string    `k:"12" json:"note,omitempty"`      // why, where that was said
}

// Holds says whether the hold stops contact at a time.
func (h *Hold) Holds(now time.Time) bool {
	end := h.Until
	if h.DateOnly {
		end = end.Add(time.Second - time.Nanosecond) // the day's last second too
	}
	return h.Lifted.IsZero() && (h.Until.IsZero() || !now.After(end))
}

// Holds holds holds by number; index "base" is by base customer, "standing" by number for those
// that nobody lifted.
var Holds = declare(Declaration[Hold]{
	Name: "hold", Letter: "h",
	Erase: Erase{Rule: EraseDocuments},
	Key:   func(h *Hold) []byte { return NumberKey(h.Number) },
	Indexes: []IndexOn[Hold]{
		{Name: "base", Keys: func(h *Hold) [][]byte { return [][]byte{NumberKey(h.Base)} }},
		{Name: "standing", Keys: func(h *Hold) [][]byte {
			if !h.Lifted.IsZero() {
				return nil
			}
			return [][]byte{NumberKey(h.Number)}
		}},
	},
})
