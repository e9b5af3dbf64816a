package state

import "time"

// ActivityTouch is the kind of an entry of a history that says: this was sent to them, by us or in our name.
const ActivityTouch = "touch"

// ActivityOverride is the kind of an entry that says: somebody decided that they may be contacted,
// though the gate asked.
const ActivityOverride = "override"

// Sending is one thing that was sent to one address: a brochure, a newsletter, a call of a campaign.
// It stands on the address, whoever has it, so that links alone decide in whose history it is shown,
// as an entry of the kind touch.
type Sending struct {
	Identifier Identifier `k:"1" json:"identifier"`
	Asset      string     `k:"2" json:"asset"` // what was sent, as its sender calls it: "spring-brochure"
	Channel    string     `k:"3" json:"channel"`
	Purpose    string     `k:"4" json:"purpose"`
	Team       string     `k:"5" json:"team,omitempty"` // of ours, that sent it
	At         time.Time  `k:"6" json:"at"`
	Run        uint64     `k:"7" json:"run,omitempty"` // that recorded it; 0: Kept sent it
	By         string     `k:"8" json:"by,omitempty"`
	Noted      time.Time  `k:"9" json:"noted"`
}

// Sendings holds what was sent by address, time, asset and channel, so that the same is there once.
// Index "run" is by the run that recorded it, "at" by time.
var Sendings = declare(Declaration[Sending]{
	Name:  "sending",
	Erase: Erase{Rule: EraseDocuments, Named: true},
	Key: func(t *Sending) []byte {
		return Join(t.Identifier.Key(), TimeKey(t.At), TextKey(t.Asset), TextKey(t.Channel))
	},
	Indexes: []IndexOn[Sending]{
		{Name: "run", Keys: func(t *Sending) [][]byte {
			if t.Run == 0 {
				return nil
			}
			return [][]byte{NumberKey(t.Run)}
		}},
		{Name: "at", Keys: func(t *Sending) [][]byte { return [][]byte{TimeKey(t.At)} }},
	},
})
