package state

import "time"

// Forgetting is one person who was forgotten: that it was done, never of whom.
type Forgetting struct {
	Number   uint64    `k:"1" json:"-"`
	Customer uint64    `k:"2" json:"-"` // the number that was theirs, which nobody has again
	At       time.Time `k:"3" json:"at"`
	By       string    `k:"4" json:"by"`
	Erased   []Erased  `k:"5" json:"erased"`
	Lifted   time.Time `k:"6" json:"lifted,omitzero"`
	LiftedBy string    `k:"7" json:"lifted_by,omitempty"`
}

// Erased is how many documents of a collection were erased, or cleaned.
type Erased struct {
	Collection string `k:"1" json:"collection"`
	Documents  int64  `k:"2" json:"documents"`
}

// Forgettings holds who was forgotten when, by number.
var Forgettings = declare(Declaration[Forgetting]{
	Name: "forgotten", Letter: "f",
	Erase: Erase{Rule: EraseNone, Why: "numbers and counts, of nobody by name"},
	Key:   func(f *Forgetting) []byte { return NumberKey(f.Number) },
})

// The kinds of markers.
const (
	MarkerIdentifier = "identifier" // an address that told them
	MarkerRecord     = "record"     // a connection's record that was theirs
	MarkerRefusal    = "refusal"    // they refused contact at an address
)

// Marker is the trace that a forgotten person leaves, so that the next sync does not bring them
// back and their refusals outlive them. Hash is a keyed hash ([BlobForgotten] has the key) of what
// they were known by: it can be compared with what is told again, and read by nobody.
type Marker struct {
	Hash       []byte    `k:"1" json:"-"`
	Kind       string    `k:"2" json:"kind"`
	Forgetting uint64    `k:"3" json:"-"`
	Channel    string    `k:"4" json:"channel,omitempty"` // of a refusal, as in [Consent]
	Purpose    string    `k:"5" json:"purpose,omitempty"`
	State      string    `k:"6" json:"state,omitempty"`
	At         time.Time `k:"7" json:"at,omitzero"`
	Noted      time.Time `k:"8" json:"noted,omitzero"`
}

// Markers holds the markers by hash, those of refusals with what they refuse behind it; index
// "forgotten" is by the forgetting that left them.
var Markers = declare(Declaration[Marker]{
	Name:  "marker",
	Erase: Erase{Rule: EraseNone, Why: "it is what stays, and says nobody's name"},
	Key:   func(m *Marker) []byte { return MarkerKey(m) },
	Indexes: []IndexOn[Marker]{
		{Name: "forgotten", Keys: func(m *Marker) [][]byte { return [][]byte{NumberKey(m.Forgetting)} }},
	},
})

// MarkerKey is the key of a marker.
func MarkerKey(m *Marker) []byte {
	if m.Kind != MarkerRefusal {
		return append([]byte(nil), m.Hash...)
	}
	return Join(m.Hash, TextKey(m.Channel), TextKey(m.Purpose), TextKey(m.State))
}

const (
	// BlobForgotten holds the random key of the markers' hashes; there is none before anybody was
	// forgotten.
	BlobForgotten = "meta/forgotten"
	// BlobScrub is there from when somebody is forgotten until the storage was overwritten where
	// they stood.
	BlobScrub = "meta/scrub"
	// BlobBackups lists the last backups, as JSON.
	BlobBackups = "meta/backups"
)
