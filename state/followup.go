package state

import "time"

// The states of a follow-up. Late is computed, never stored.
const (
	FollowupOpen    = "open"
	FollowupDone    = "done"
	FollowupDropped = "dropped"
)

// Followup is a task for somebody about a customer, due at a time, done once. It belongs to a base
// customer. A rule makes at most one for each occasion.
type Followup struct {
	Number   uint64    `k:"1" json:"-"`
	Base     uint64    `k:"2" json:"-"`
	Rule     string    `k:"3" json:"rule,omitempty"`     // the rule's name in kept.yaml; "" by hand
	Occasion string    `k:"4" json:"occasion,omitempty"` // what the rule made it of; the same thing has the same for ever
	Topic    string    `k:"5" json:"topic,omitempty"`    // of a rule's open ones with one topic and customer, one is shown
	Code     string    `k:"6" json:"code,omitempty"`     // why, as a code with arguments; text under "followup.why.<code>"
	Args     Args      `k:"7" json:"args,omitempty"`
	Text     string    `k:"8" json:"text,omitempty"` // people's own words: of whoever entered it, or the rule's
	For      string    `k:"9" json:"for"`            // a staff member ("s2"); "" whoever sells
	Due      Due       `k:"10" json:"due"`
	State    string    `k:"11" json:"state"`
	Snoozed  time.Time `k:"12" json:"snoozed,omitzero"` // until then it is not shown as due
	Made     time.Time `k:"13" json:"made"`
	By       string    `k:"14" json:"by"` // who entered it: a staff member, "ops", or "job:rules"
	Closed   time.Time `k:"15" json:"closed,omitzero"`
	ClosedBy string    `k:"16" json:"closed_by,omitempty"`
	Note     string    `k:"17" json:"note,omitempty"`

	Evidence []Evidence `k:"18" json:"evidence,omitempty"` // what it was made of, and by what it was closed
	Promise  uint64     `k:"19" json:"-"`                  // the promise that it is about, if it is about one
	Record   uint64     `k:"20" json:"record,omitempty"`   // the order or message that it is about, if it is about one
	Told     time.Time  `k:"21" json:"told,omitzero"`      // when it went on to Over, because nothing was done
	Over     string     `k:"22" json:"over,omitempty"`     // who was told then: a staff member
}

// Late says whether an open follow-up's due time has passed, and it is not put off.
func (f *Followup) Late(now time.Time) bool {
	return f.State == FollowupOpen && now.After(f.Due.At) && now.After(f.Snoozed)
}

// OccasionKey is the key of what a rule made a follow-up of: the same for every base customer.
func OccasionKey(rule, occasion string) []byte { return Join(TextKey(rule), TextKey(occasion)) }

// Followups holds follow-ups by number; index "base" is by base customer, "open" by due time for
// open ones, "for" by staff member for open ones, "occasion" by [OccasionKey] and base customer,
// "promise" by the promise.
var Followups = declare(Declaration[Followup]{
	Name: "followup", Letter: "t",
	Erase: Erase{Rule: EraseDocuments},
	Key:   func(f *Followup) []byte { return NumberKey(f.Number) },
	Indexes: []IndexOn[Followup]{
		{Name: "base", Keys: func(f *Followup) [][]byte { return [][]byte{NumberKey(f.Base)} }},
		{Name: "open", Keys: func(f *Followup) [][]byte {
			if f.State != FollowupOpen {
				return nil
			}
			return [][]byte{TimeKey(f.Due.At)}
		}},
		{Name: "for", Keys: func(f *Followup) [][]byte {
			if f.State != FollowupOpen {
				return nil
			}
			return [][]byte{TextKey(f.For)}
		}},
		{Name: "occasion", Unique: true, Keys: func(f *Followup) [][]byte {
			if f.Rule == "" {
				return nil
			}
			return [][]byte{Join(OccasionKey(f.Rule, f.Occasion), NumberKey(f.Base))}
		}},
		{Name: "promise", Keys: func(f *Followup) [][]byte {
			if f.Promise == 0 {
				return nil
			}
			return [][]byte{NumberKey(f.Promise)}
		}},
	},
})
