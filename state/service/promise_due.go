package service

import (
	"context"
	"time"

	"github.com/keptcrm/kept/state"
)

// PromiseDue gives the open promises that are late or due until a time, in the order in which they
// are due. It reads these alone, whatever else is on record.
func (s *Service) PromiseDue(ctx context.Context, in PromiseDueIn) (PromiseDueOut, error) {
	return view(ctx, s, func(tx state.Tx, now time.Time) (PromiseDueOut, error) {
		out := PromiseDueOut{Promises: []Promise{}, Now: now}
		until := in.Until
		if until.IsZero() {
			until = now
		}
		list, err := promisesDue(tx, until, in.Limit)
		if err != nil {
			return out, err
		}
		l := newLookup(tx, now)
		for _, p := range list {
			shown, err := l.promise(p)
			if err != nil {
				return out, err
			}
			out.Promises = append(out.Promises, shown)
		}
		return out, nil
	})
}

// promisesDue gives the open promises that are due until a time, the first first; a limit of 0 is
// none. It is for rules: what is due tomorrow, today, late.
func promisesDue(tx state.Tx, until time.Time, limit int) ([]*state.Promise, error) {
	r := state.Range{Index: "open", To: state.After(state.TimeKey(until)), Limit: limit}
	return state.Promises.List(tx, r)
}

// PromiseShow gives one promise.
func (s *Service) PromiseShow(ctx context.Context, in PromiseShowIn) (PromiseOut, error) {
	return view(ctx, s, func(tx state.Tx, now time.Time) (PromiseOut, error) {
		n, err := reference(state.Promises, tx, in.Promise)
		if err != nil {
			return PromiseOut{}, err
		}
		p, err := state.Promises.Find(tx, state.NumberKey(n))
		if err != nil {
			return PromiseOut{}, err
		}
		if p == nil {
			return PromiseOut{}, &state.Error{Class: state.NotFound, Code: "no_such_promise", Args: state.Args{"ref": in.Promise}}
		}
		return s.promiseOut(ctx, newLookup(tx, now), p)
	})
}
