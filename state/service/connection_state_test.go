package service

import (
	"testing"
	"time"

	"github.com/keptcrm/kept/state"
)

// A connection's access goes, and how far it was read; what others have and what it told stays.
func TestConnectionRemoveTakesAccessAlone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.ok(h.s.Do(as(""), "test", nil, func(w *state.Writer) error {
		for _, c := range []string{"shop", "shop2"} {
			for _, err := range []error{
				state.Connections.Put(w, &state.Connection{Name: c, Type: "woocommerce", Created: h.now, Approved: h.now.Add(-time.Hour)}),
				state.Tokens.Put(w, &state.Token{Connection: c, Name: "refresh", Value: "x", At: h.now}),
				state.Points.Put(w, &state.Point{Connection: c, Kind: "contact", Cursor: "7"}),
				state.Intents.Put(w, &state.Intent{Number: uint64(len(c)), Connection: c, State: state.IntentSent}),
			} {
				if err != nil {
					return err
				}
			}
		}
		for i, p := range []*state.Plan{{ID: "1aaa", State: state.PlanApplied, Applied: h.now.Add(-time.Hour)}, {ID: "2bbb", State: state.PlanOpen}, {ID: "3ccc", State: state.PlanOpen}} {
			p.Created = h.now.Add(time.Duration(i) * time.Minute)
			if err := state.Plans.Put(w, p); err != nil {
				return err
			}
			if p.ID == "3ccc" {
				continue // of another connection
			}
			if err := state.PlannedWrites.Put(w, &state.PlannedWrite{Plan: p.ID, Seq: 1, Connection: "shop"}); err != nil {
				return err
			}
		}
		return nil
	}))
	got := must[ConnectionStateOut](h)(h.s.ConnectionState(as(""), ConnectionStateIn{Connections: []string{"shop", "nobody"}})).Connections
	if len(got) != 2 || got[0].Type != "woocommerce" || !got[0].Approved.Equal(h.now.Add(-time.Hour)) || got[0].Plan != "2bbb" || got[0].Writes != 1 || got[0].Waiting != 1 {
		t.Fatalf("%+v", got)
	}
	if got[1].Name != "nobody" || got[1].Type != "" || got[1].Last != nil || got[1].Waiting != 0 {
		t.Errorf("a connection that nothing is known of: %+v", got[1])
	}
	if all := must[ConnectionStateOut](h)(h.s.ConnectionState(as(""), ConnectionStateIn{})).Connections; len(all) != 2 || all[1].Name != "shop2" || all[1].Plan != "" {
		t.Errorf("all: %+v", all)
	}
	h.ok(h.s.OutboxApprove(as(""), []string{"shop", "shop2"}))
	must[ConnectionRemoveOut](h)(h.s.ConnectionRemove(as(""), ConnectionRemoveIn{Connection: "shop"}))
	h.ok(h.s.Look(as(""), func(tx state.Tx, _ time.Time) error {
		tokens, err := state.Tokens.List(tx, state.Range{})
		h.ok(err)
		points, err := state.Points.List(tx, state.Range{})
		h.ok(err)
		if len(tokens) != 1 || tokens[0].Connection != "shop2" || len(points) != 1 || points[0].Connection != "shop2" {
			t.Errorf("left: %+v, %+v", tokens, points)
		}
		kept, err := state.Connections.Find(tx, state.TextKey("shop"))
		h.ok(err)
		if kept == nil {
			t.Fatal("the connection's records have lost their connection")
		}
		if !kept.Approved.IsZero() {
			t.Error("what comes under its name next may be written to")
		}
		left, err := state.Outlets.List(tx, state.Range{})
		h.ok(err)
		if len(left) != 1 || left[0].Name != "shop2" || left[0].Approved.IsZero() {
			t.Errorf("messages may leave over %+v", left)
		}
		return nil
	}))
}
