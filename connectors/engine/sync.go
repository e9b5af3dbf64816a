package engine

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// syncing is one Sync.
type syncing struct {
	e     *Engine
	svc   *service.Service // the state's, or a scratch copy's
	in    service.SyncIn
	out   service.SyncOut
	now   time.Time
	parts []*part
	plan  *plan
	mu    sync.Mutex // of progress
}

// Sync brings connections in step: it reads what changed at each, all at the same time, finds out
// what follows, and writes what a person approved. One connection's failure does not stop the
// others. The answer is filled as far as it came also where there is an error:
//
//	sync_partly    (Partly) some of several connections failed; args connections
//	a connection's own error, where it is the only one, or all failed alike
//	plan_stale     (Refused) In.Apply: what would be written now is not what was planned; args plan
//	sync_stopped   (Cancelled) the next sync goes on where this one stopped
//	anything else  the state cannot be written to; what was committed stands
func (e *Engine) Sync(ctx context.Context, in service.SyncIn) (service.SyncOut, error) {
	s := &syncing{e: e, svc: e.svc, in: in}
	s.out = service.SyncOut{Dry: in.Dry, Connections: []service.SyncConnection{}}
	if in.Dry && e.env.Scratch == nil {
		return s.out, &state.Error{Class: state.Failed, Code: "no_scratch"}
	}
	if err := ctx.Err(); err != nil {
		return s.out, state.AsError(err)
	}
	select {
	case e.turn <- struct{}{}:
	case <-ctx.Done():
		return s.out, state.AsError(ctx.Err())
	}
	defer func() { <-e.turn }()

	// Each transaction is one of its own; the whole is safe to repeat by what it does.
	caller := service.CallerOf(ctx)
	caller.Request = ""
	ctx = service.WithCaller(ctx, caller)
	if err := s.wanted(ctx); err != nil {
		return s.out, err
	}
	if in.Dry {
		scratch, discard, err := e.env.Scratch(ctx)
		if err != nil {
			return s.out, err
		}
		defer discard()
		s.svc = scratch
	}
	err := s.run(ctx)
	if ctx.Err() != nil {
		err = &state.Error{Class: state.Cancelled, Code: "sync_stopped", Cause: ctx.Err()}
	}
	// What was committed is told even where the caller has given up.
	if told := s.answer(context.WithoutCancel(ctx)); err == nil {
		err = told
	}
	return s.out, err
}

// wanted finds the connections that are asked for: those named, those of the plan, or all.
func (s *syncing) wanted(ctx context.Context) error {
	if s.in.Apply != "" {
		err := s.e.svc.Look(ctx, func(tx state.Tx, now time.Time) error {
			p, err := state.Plans.Find(tx, state.TextKey(s.in.Apply))
			switch {
			case err != nil:
				return err
			case p == nil:
				return &state.Error{Class: state.NotFound, Code: "no_such_plan", Args: state.Args{"plan": s.in.Apply}}
			case p.State == state.PlanApplied:
				return &state.Error{Class: state.Refused, Code: "plan_applied", Args: state.Args{"plan": p.ID}}
			case p.State == state.PlanStale:
				return &state.Error{Class: state.Refused, Code: "plan_stale", Args: state.Args{"plan": p.ID}}
			}
			s.in.Connections, s.in.Full, s.in.Moved = p.Connections, p.Full, p.Moved
			return nil
		})
		if err != nil {
			return err
		}
	}
	all, err := s.e.configured(s.in.Connections)
	if err != nil {
		return err
	}
	if err := s.svc.Look(ctx, func(_ state.Tx, now time.Time) error { s.now = now; return nil }); err != nil {
		return err
	}
	if all, err = s.e.syncable(all, len(s.in.Connections) > 0); err != nil {
		return err
	}
	for _, c := range all {
		p := &part{s: s, c: c, live: -1, expired: map[connectors.Kind]bool{}, progress: Progress{File: c.Name}}
		p.out = service.SyncConnection{Name: c.Name, Type: c.Type, Mode: c.mode(), Rejected: []service.ImportRefusal{}, Refused: []service.SyncWrite{},
			Run: service.Run{Sums: []state.Sum{}}}
		s.parts = append(s.parts, p)
	}
	return nil
}

// tell tells how far a connection is.
func (s *syncing) tell(ctx context.Context, p Progress) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.e.env.Progress(ctx, p)
}

// run does it all; its error is one that concerns no single connection.
func (s *syncing) run(ctx context.Context) error {
	defer func() {
		for _, p := range s.parts {
			if p.conn != nil {
				release(p.conn)
			}
		}
	}()
	s.each(ctx, func(ctx context.Context, p *part) error {
		if err := p.open(ctx); err != nil {
			return err
		}
		if err := p.pull(ctx); err != nil {
			return err
		}
		return p.census(ctx)
	})
	if err := ctx.Err(); err != nil {
		return err
	}
	s.each(ctx, func(ctx context.Context, p *part) error { return p.settleIntents(ctx) })
	if err := s.reconcile(ctx); err != nil {
		return err
	}
	if s.in.Dry || s.plan == nil || ctx.Err() != nil {
		return nil
	}
	return s.push(ctx)
}

// each has every connection that did not fail yet do something, all at the same time.
func (s *syncing) each(ctx context.Context, do func(context.Context, *part) error) {
	var wg sync.WaitGroup
	for _, p := range s.parts {
		if p.out.Error != nil {
			continue
		}
		wg.Go(func() {
			if err := do(ctx, p); err != nil {
				p.out.Error = connectionError(p.c.Name, err)
			}
		})
		if s.e.oneByOne {
			wg.Wait()
		}
	}
	wg.Wait()
}

// answer ends the runs and puts together what became of it all.
func (s *syncing) answer(ctx context.Context) error {
	var failed []string
	var first *state.Error
	for _, p := range s.parts {
		if err := p.end(ctx); err != nil && p.out.Error == nil {
			p.out.Error = state.AsError(err)
		}
		if p.out.Error != nil {
			failed = append(failed, p.c.Name)
			first = cmp.Or(first, p.out.Error)
		}
		s.out.Connections = append(s.out.Connections, p.out)
	}
	slices.SortFunc(s.out.Connections, func(a, b service.SyncConnection) int { return cmp.Compare(a.Name, b.Name) })
	if err := s.note(ctx); err != nil {
		return err
	}
	err := s.svc.Look(ctx, func(tx state.Tx, _ time.Time) (err error) {
		s.out.Asks, s.out.More, err = service.CountQuestions(tx)
		return err
	})
	refused := slices.ContainsFunc(s.parts, func(p *part) bool { return p.out.Failed > 0 || p.out.Lost > 0 })
	switch {
	case err != nil:
		return err
	case len(failed) == 0 && !refused:
		return nil
	case len(s.parts) == 1 && first != nil:
		return first
	}
	return &state.Error{Class: state.Partly, Code: "sync_partly", Args: state.Args{"connections": strings.Join(failed, ", ")}}
}
