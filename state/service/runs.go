package service

import (
	"context"
	"time"

	"github.com/keptcrm/kept/state"
)

const defaultRuns = 50

// RunStopped is how a run is shown that was cancelled or killed: the same import goes on with it.
const RunStopped = "stopped"

// ShowRun gives a run as shown. A state that cannot tell its own name gives it the bare number as
// id; whatever ails it comes up where it is written to.
func (s *Service) ShowRun(tx state.Tx, r *state.Run) Run {
	out, err := newLookup(tx, noTime).run(r)
	if err != nil {
		out.ID = out.Number
	}
	return out
}

func (l *lookup) run(r *state.Run) (Run, error) {
	out := Run{Number: state.Runs.Ref(r.Number), Kind: r.Kind, Connection: r.Connection, Source: r.Source, Layout: r.Layout,
		State: r.State, Actor: l.name(r.Actor), Started: r.Started, Ended: r.Ended, Counts: r.Counts,
		Sums: append([]state.Sum{}, r.Sums...), Mail: r.Mail}
	var err error
	out.ID, err = l.id(out.Number)
	return out, err
}

// RunList gives runs, newest first.
func (s *Service) RunList(ctx context.Context, in RunListIn) (RunListOut, error) {
	limit := in.Limit
	if limit == 0 {
		limit = defaultRuns
	}
	return view(ctx, s, func(tx state.Tx, now time.Time) (RunListOut, error) {
		out := RunListOut{Runs: []Run{}}
		l := newLookup(tx, now)
		for r, err := range state.Runs.All(tx, state.Range{Reverse: true}) {
			if err != nil {
				return out, err
			}
			if in.Kind != "" && r.Kind != in.Kind {
				continue
			}
			if limit > 0 && len(out.Runs) == limit {
				break
			}
			shown, err := l.run(r)
			if err != nil {
				return out, err
			}
			if r.State == state.RunRunning && s.busy.Load() == 0 {
				// Whoever imports holds the state, and it is not this process: that run was stopped.
				shown.State = RunStopped
			}
			out.Runs = append(out.Runs, shown)
		}
		return out, nil
	})
}
