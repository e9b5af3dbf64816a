package service

import (
	"context"
	"time"

	"github.com/keptcrm/kept/state"
)

// Figures are counts for whoever watches over a serving process; nobody's name is among them.
type Figures struct {
	PromisesOpen, PromisesLate int
	Questions, MoreQuestions   int            // as of [CountQuestions]
	Outbox                     map[string]int // messages that are not through yet, by state
	Connections                []FigureConnection
	Jobs                       []JobLine
}

// FigureConnection is a connection in figures.
type FigureConnection struct {
	Name    string
	Synced  time.Time // when it was last in step; zero: never
	Trouble bool
}

// Figures counts.
func (s *Service) Figures(ctx context.Context) (Figures, error) {
	jobs, err := s.JobList(ctx, JobListIn{})
	if err != nil {
		return Figures{}, err
	}
	return view(ctx, s, func(tx state.Tx, now time.Time) (Figures, error) {
		out := Figures{Jobs: jobs.Jobs, Outbox: map[string]int{}}
		for p, err := range state.Promises.All(tx, state.Range{Index: "open"}) {
			if err != nil {
				return out, err
			}
			out.PromisesOpen++
			if late(p, now) {
				out.PromisesLate++
			}
		}
		var err error
		if out.Questions, out.MoreQuestions, err = CountQuestions(tx); err != nil {
			return out, err
		}
		for c, err := range state.Connections.All(tx, state.Range{}) {
			if err != nil {
				return out, err
			}
			if c.Synced.IsZero() && c.Trouble == "" {
				continue // it was imported
			}
			f := FigureConnection{Name: c.Name, Synced: c.Synced, Trouble: c.Trouble != ""}
			// What is kept with the connection is exact to some minutes; its job's run is exact.
			for _, j := range jobs.Jobs {
				if j.Name == "sync "+c.Name && j.Success.After(f.Synced) {
					f.Synced = j.Success
				}
			}
			out.Connections = append(out.Connections, f)
		}
		return out, countOutbox(tx, out.Outbox)
	})
}

// countOutbox counts the messages that wait, may be on their way, or did not go out.
func countOutbox(tx state.Tx, into map[string]int) error {
	for _, name := range []string{state.OutgoingWaiting, state.OutgoingSending, state.OutgoingUnsure, state.OutgoingFailed} {
		r := state.PrefixRange("state", state.TextKey(name))
		r.KeysOnly = true
		into[name] = 0
		for _, err := range tx.Scan(state.Outbox.Kind, r) {
			if err != nil {
				return err
			}
			into[name]++
		}
	}
	return nil
}
