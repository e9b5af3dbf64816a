package state

import "time"

// Request remembers the answer of a mutating call, so that the same call sent again (a broken
// connection, a killed holder) is answered and not done twice.
type Request struct {
	ID     string    `k:"1" json:"id"`
	At     time.Time `k:"2" json:"at"`
	Method string    `k:"3" json:"method"`
	Answer []byte    `k:"4" json:"answer"` // the result as JSON
}

// Requests holds answers by request ID; index "at" is by time, for clearing out.
var Requests = declare(Declaration[Request]{
	Name:  "request",
	Erase: Erase{Rule: EraseWords},
	Key:   func(r *Request) []byte { return TextKey(r.ID) },
	Indexes: []IndexOn[Request]{
		{Name: "at", Keys: func(r *Request) [][]byte { return [][]byte{TimeKey(r.At)} }},
	},
})

// Names of blobs.
const (
	// BlobClock holds a fixed time (RFC 3339) for states whose clock stands still: the demo.
	BlobClock = "meta/clock"
	// BlobNonce holds a few characters that tell this state's numbers from another's.
	BlobNonce = "meta/nonce"
	// BlobLearnt holds what was learnt of contact records, in a form of package match; there is none
	// where the cautious beliefs that need no records are in force. It names nobody: numbers, and
	// hashes of values that at least five records have.
	BlobLearnt = "meta/learnt"
	// BlobRelink is there from when a model comes into force until every record was linked by it:
	// the number of the last record that was, and how many are done, as JSON.
	BlobRelink = "meta/relink"
	// BlobReconciled is how far the change log was looked through when connections were last brought in
	// step, and who is left to be looked at again.
	BlobReconciled = "meta/reconciled"
	// BlobRules is what the rules remember: since when each is there, and how far the change log was
	// looked through, as JSON.
	BlobRules = "meta/rules"
	// BlobRulesDue with an hour of UTC (2006-01-02T15) holds the numbers of customers that rules look at
	// in that hour, because something may have come by then.
	BlobRulesDue = "rules/due/"
	// BlobSegment with a segment's name holds who was in it when it was last saved, as JSON.
	BlobSegment = "rules/segment/"
	// BlobSeen with a run's and page's number holds the records that the run saw unchanged.
	BlobSeen = "seen/"
	// BlobAside with a run's number holds what the engine needs to read the run's rows again.
	BlobAside = "aside/run/"
	// BlobAsked with a hash of connection, layout and row holds the question about the row.
	BlobAsked = "aside/asked/"
	// AskedForgotten stands there in place of a question: the row is of somebody who was forgotten.
	AskedForgotten = "forgotten"
)
