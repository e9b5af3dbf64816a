package statetest

import (
	"strings"

	"github.com/keptcrm/kept/state"
)

// The same collection and history as three versions of a program declare them. Files of the first
// are kept in the drivers' testdata.

// TicketV1 is the first version.
type TicketV1 struct {
	Number   uint64 `k:"1" json:"number"`
	Title    string `k:"2" json:"title"`
	Priority string `k:"3" json:"priority"` // "low", "high"
}

// TicketV2 has a number in place of a word.
type TicketV2 struct {
	Number      uint64   `k:"1" json:"number"`
	Title       string   `k:"2" json:"title"`
	OldPriority string   `k:"3" json:"-"` // schema 1
	Priority    int      `k:"4" json:"priority"`
	Words       []string `k:"5" json:"words"`
}

// StepV1 is an entry of a ticket's history.
type StepV1 struct {
	Order uint64 `k:"1" json:"order"`
	Text  string `k:"2" json:"text"`
}

// TicketsV1 declares the collection as the first version does, with an index that the second does
// not have.
var TicketsV1 = state.NewCollection(state.Declaration[TicketV1]{
	Name: "ticket", Letter: "t", Schema: 1, Key: func(v *TicketV1) []byte { return state.NumberKey(v.Number) },
	Indexes: []state.IndexOn[TicketV1]{
		{Name: "title", Unique: true, Keys: func(v *TicketV1) [][]byte { return [][]byte{state.TextKey(v.Title)} }},
		{Name: "word", Keys: func(v *TicketV1) [][]byte { return [][]byte{state.TextKey(v.Priority)} }},
	},
})

// TicketsV2 declares it as the second does.
var TicketsV2 = ticketsV2(2)

// TicketsV3 declares it as one does that is newer than the program.
var TicketsV3 = ticketsV2(3)

func ticketsV2(schema int) *state.Collection[TicketV2] {
	return state.NewCollection(state.Declaration[TicketV2]{
		Name: "ticket", Letter: "t", Schema: schema, Key: func(v *TicketV2) []byte { return state.NumberKey(v.Number) },
		Indexes: []state.IndexOn[TicketV2]{
			{Name: "title", Keys: func(v *TicketV2) (out [][]byte) {
				for _, w := range v.Words {
					out = append(out, state.TextKey(w))
				}
				return out
			}},
			{Name: "priority", Keys: func(v *TicketV2) [][]byte { return [][]byte{state.NumberKey(uint64(v.Priority))} }},
		},
		Upgrade: func(schema int, v *TicketV2) error {
			if schema == 1 {
				v.Priority = map[string]int{"low": 1, "high": 3}[v.OldPriority]
				v.OldPriority = ""
				v.Words = strings.Fields(strings.ToLower(v.Title))
			}
			return nil
		},
	})
}

// StepsV1 and StepsV2 declare the history.
var (
	StepsV1 = stepsOf(1, nil)
	StepsV2 = stepsOf(2, func(schema int, v *StepV1) error { v.Text = "step: " + v.Text; return nil })
)

func stepsOf(schema int, upgrade func(int, *StepV1) error) *state.Kind {
	k := state.NewCollection(state.Declaration[StepV1]{
		Name: "step", Schema: schema, Upgrade: upgrade, Key: func(v *StepV1) []byte { return state.NumberKey(v.Order) },
	}).Kind
	k.History = true
	return k
}

// WriteOld fills a state as the first version does.
func WriteOld(tx state.Tx) error {
	for _, v := range []*TicketV1{{1, "Broken Kettle", "high"}, {2, "水壶坏了", "low"}, {3, "Broken lid", ""}} {
		if _, err := tx.Put(TicketsV1.Kind, state.NumberKey(v.Number), v, state.AnyRevision); err != nil {
			return err
		}
	}
	// A second revision, which an upgrade must not count on.
	if _, err := tx.Put(TicketsV1.Kind, state.NumberKey(3), &TicketV1{3, "Lost lid", "low"}, 1); err != nil {
		return err
	}
	for n := range uint64(2) {
		if err := tx.Append(StepsV1, []byte("t1"), state.NumberKey(n), &StepV1{n, "called"}); err != nil {
			return err
		}
	}
	return nil
}
