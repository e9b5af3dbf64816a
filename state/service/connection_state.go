package service

import (
	"context"
	"time"

	"github.com/keptcrm/kept/state"
)

// ConnectionStateIn asks how it stands with connections.
type ConnectionStateIn struct {
	Connections []string `json:"connections,omitempty"` // by name, also such that nothing is known of; none: all that are known
}

// ConnectionStateOut has them in the order in which they were asked for, else by name.
type ConnectionStateOut struct {
	Connections []ConnectionState `json:"connections"`
}

// ConnectionState is how it stands with one connection.
type ConnectionState struct {
	Name     string    `json:"name"`
	Type     string    `json:"type"`              // as it was last read; "" where it never was
	Last     *Run      `json:"last,omitempty"`    // its last run that changed anything
	Synced   time.Time `json:"synced,omitzero"`   // when a sync last came to its end there, to some minutes
	Trouble  string    `json:"trouble,omitempty"` // the code of why the last sync did not
	Approved time.Time `json:"approved,omitzero"` // when a person first applied a plan with writes there
	Plan     string    `json:"plan,omitempty"`    // the newest open plan that has writes there, if no sync came after it
	Writes   int       `json:"writes"`            // how many of that plan's are there
	Waiting  int       `json:"waiting"`           // writes that were decided and are not confirmed
}

// plansSeen is how many plans are looked through, newest first; who has more open ones has forgotten
// the older.
const plansSeen = 200

// ConnectionState says how it stands with connections: their last run, whether somebody approved
// writes there, and what waits.
func (s *Service) ConnectionState(ctx context.Context, in ConnectionStateIn) (ConnectionStateOut, error) {
	return view(ctx, s, func(tx state.Tx, now time.Time) (ConnectionStateOut, error) {
		out := ConnectionStateOut{Connections: []ConnectionState{}}
		names := in.Connections
		if len(names) == 0 {
			for c, err := range state.Connections.All(tx, state.Range{}) {
				if err != nil {
					return out, err
				}
				names = append(names, c.Name)
			}
		}
		plans, err := plansOf(tx)
		if err != nil {
			return out, err
		}
		l := newLookup(tx, now)
		for _, name := range names {
			one, err := s.connectionState(l, name, plans)
			if err != nil {
				return out, err
			}
			out.Connections = append(out.Connections, one)
		}
		return out, nil
	})
}

// planned is a plan with how many writes it has at each connection.
type planned struct {
	plan   *state.Plan
	writes map[string]int
}

func plansOf(tx state.Tx) ([]planned, error) {
	plans, err := state.Plans.List(tx, state.Range{Index: "created", Reverse: true, Limit: plansSeen})
	if err != nil {
		return nil, err
	}
	var out []planned
	for _, p := range plans {
		x := planned{plan: p, writes: map[string]int{}}
		for w, err := range state.PlannedWrites.All(tx, state.PrefixRange("", state.TextKey(p.ID))) {
			if err != nil {
				return nil, err
			}
			x.writes[w.Connection]++
		}
		out = append(out, x)
	}
	return out, nil
}

func (s *Service) connectionState(l *lookup, name string, plans []planned) (ConnectionState, error) {
	out := ConnectionState{Name: name}
	known, err := state.Connections.Find(l.tx, state.TextKey(name))
	if err != nil {
		return out, err
	}
	if known != nil {
		out.Type, out.Approved, out.Synced, out.Trouble = known.Type, known.Approved, known.Synced, known.Trouble
		if known.LastRun != 0 {
			run, err := state.Runs.Find(l.tx, state.NumberKey(known.LastRun))
			if err != nil {
				return out, err
			}
			if run != nil {
				shown, err := l.run(run)
				if err != nil {
					return out, err
				}
				if run.State == state.RunRunning && s.busy.Load() == 0 {
					shown.State = RunStopped
				}
				out.Last = &shown
			}
		}
	}
	for _, p := range plans {
		if n := p.writes[name]; n > 0 && p.plan.State == state.PlanOpen && p.plan.Created.After(out.Synced) && out.Plan == "" {
			out.Plan, out.Writes = p.plan.ID, n
		}
	}
	waiting, err := state.Intents.List(l.tx, state.PrefixRange("connection", state.TextKey(name)))
	out.Waiting = len(waiting)
	return out, err
}

// ConnectionRemoveIn takes a connection's access away.
type ConnectionRemoveIn struct {
	Connection string `json:"connection"`
}

// ConnectionRemoveOut says what it was.
type ConnectionRemoveOut struct {
	Connection ConnectionState `json:"connection"`
}

// ConnectionRemove forgets what a connection that is no longer configured was reached with, and how
// far it was read: should it come back, it is read from its start, and nothing is written there or sent
// over it before somebody approved that anew. Its records, and the histories that they made, stay.
func (s *Service) ConnectionRemove(ctx context.Context, in ConnectionRemoveIn) (ConnectionRemoveOut, error) {
	return change(ctx, s, "connection.remove", state.Args{"connection": in.Connection}, func(w *state.Writer) (ConnectionRemoveOut, error) {
		plans, err := plansOf(w.Tx())
		if err != nil {
			return ConnectionRemoveOut{}, err
		}
		out := ConnectionRemoveOut{}
		if out.Connection, err = s.connectionState(newLookup(w.Tx(), w.Cause.At), in.Connection, plans); err != nil {
			return out, err
		}
		if err := unapprove(w, in.Connection); err != nil {
			return out, err
		}
		// Nothing leaves over it either.
		if _, err := state.Outlets.Delete(w, state.TextKey(in.Connection)); err != nil {
			return out, err
		}
		prefix := state.PrefixRange("", state.TextKey(in.Connection))
		tokens, err := state.Tokens.List(w.Tx(), prefix)
		if err != nil {
			return out, err
		}
		points, err := state.Points.List(w.Tx(), prefix)
		if err != nil {
			return out, err
		}
		for _, t := range tokens {
			if _, err := state.Tokens.Delete(w, state.Join(state.TextKey(t.Connection), state.TextKey(t.Name))); err != nil {
				return out, err
			}
		}
		for _, p := range points {
			if _, err := state.Points.Delete(w, state.Join(state.TextKey(p.Connection), state.TextKey(p.Kind))); err != nil {
				return out, err
			}
		}
		return out, nil
	})
}

// unapprove takes the word back that a connection may be written to: what comes under its name next
// may be another system.
func unapprove(w *state.Writer, name string) error {
	c, err := state.Connections.Find(w.Tx(), state.TextKey(name))
	if err != nil || c == nil {
		return err
	}
	c.Approved, c.ApprovedBy, c.Synced, c.Trouble, c.Place = time.Time{}, "", time.Time{}, "", ""
	return state.Connections.Put(w, c)
}
