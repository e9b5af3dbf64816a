package statetest

import (
	"time"

	"github.com/keptcrm/kept/state"
)

// Person is the suite's document. It has a field of every form that can be stored.
type Person struct {
	Number  uint64            `k:"1" json:"number"`
	Name    string            `k:"2" json:"name"`
	Mails   []string          `k:"3" json:"mails,omitempty"`
	Age     int               `k:"4" json:"age"`
	Score   float64           `k:"5" json:"score"`
	Active  bool              `k:"6" json:"active"`
	Seen    time.Time         `k:"7" json:"seen,omitzero"`
	Photo   []byte            `k:"8" json:"photo,omitempty"`
	Tags    map[string]string `k:"9" json:"tags,omitempty"`
	Home    Place             `k:"10" json:"home,omitzero"`
	Work    *Place            `k:"11" json:"work,omitempty"`
	Visited []Place           `k:"12" json:"visited,omitempty"`
}

// Place lies inside a Person.
type Place struct {
	City string `k:"1" json:"city,omitempty"`
	Zip  string `k:"2" json:"zip,omitempty"`
}

// Event is an entry of the suite's history.
type Event struct {
	At   time.Time `k:"1" json:"at"`
	Text string    `k:"2" json:"text"`
}

var people = state.NewCollection(state.Declaration[Person]{
	Name: "person", Letter: "t",
	Key: func(p *Person) []byte { return state.NumberKey(p.Number) },
	Indexes: []state.IndexOn[Person]{
		{Name: "mail", Unique: true, Keys: func(p *Person) (out [][]byte) {
			for _, m := range p.Mails {
				out = append(out, state.TextKey(m))
			}
			return out
		}},
		// Entries that do not end themselves, which a driver must keep apart from what follows.
		{Name: "name", Keys: func(p *Person) [][]byte { return [][]byte{[]byte(p.Name)} }},
		{Name: "age", Keys: func(p *Person) [][]byte {
			if p.Age == 0 {
				return nil
			}
			return [][]byte{state.NumberKey(uint64(p.Age))}
		}},
	},
})

var events = historyKind()

// historyKind declares the suite's history: what declares one of the state's own is not exported.
func historyKind() *state.Kind {
	k := state.NewCollection(state.Declaration[Event]{
		Name: "event", Key: func(e *Event) []byte { return state.TimeKey(e.At) },
	}).Kind
	k.History = true
	return k
}

// Kinds are the suite's declarations; a driver's tests open their stores with them.
func Kinds() []*state.Kind { return []*state.Kind{people.Kind, events} }
