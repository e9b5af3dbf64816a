package service

import (
	"context"
	"time"

	"github.com/keptcrm/kept/state"
)

// mayMeet refuses what is done to a customer of whom a caller in a chat may not know.
func (s *Service) mayMeet(ctx context.Context, l *lookup, ref string, c *state.Customer) error {
	e, err := s.eyes(l, CallerOf(ctx))
	if err != nil {
		return err
	}
	return e.meets(ref, c)
}

// mayPromise refuses a promise to somebody unknown, or in the name of somebody whose promises a caller
// in a chat may not change.
func (s *Service) mayPromise(ctx context.Context, l *lookup, p *state.Promise) error {
	e, err := s.eyes(l, CallerOf(ctx))
	if e == nil {
		return err
	}
	c, err := l.survivor(p.Base)
	if err != nil {
		return err
	}
	if err := e.meets(state.Customers.Ref(p.Base), c); err != nil || p.Direction == state.Theirs {
		return err
	}
	return e.mayDo(doPromise, p.By, nil)
}

// mayDecide refuses the answer to a question that is not put to the caller in a chat. One about a promise
// that is put to nobody by name is for who may change promises of that customer; all others are for ops.
func (s *Service) mayDecide(ctx context.Context, l *lookup, q *state.Question) error {
	e, err := s.eyes(l, CallerOf(ctx))
	if e == nil {
		return err
	}
	if !q.OfPromise() {
		return e.mayDo(doAnswer, "", nil)
	}
	if q.For != "" {
		return nil // [lookup.mayAnswerNow] has said yes
	}
	c, err := l.survivor(q.A)
	if err != nil {
		return err
	}
	if err := e.meets(state.Questions.Ref(q.Number), c); err != nil {
		return err
	}
	return e.mayDo(doPromise, "", c)
}

// mayDo refuses a caller in a chat what their role may not do.
func (s *Service) mayDo(ctx context.Context, tx state.Tx, now time.Time, act string) error {
	e, err := s.eyes(newLookup(tx, now), CallerOf(ctx))
	if err != nil {
		return err
	}
	return e.mayDo(act, "", nil)
}

// mayChange refuses a caller in a chat a promise or follow-up that is not theirs to change. whose is
// the number of whose it is; base the customer's.
func (s *Service) mayChange(ctx context.Context, l *lookup, whose string, base uint64) error {
	e, err := s.eyes(l, CallerOf(ctx))
	if e == nil {
		return err
	}
	c, err := l.survivor(base)
	if err != nil {
		return err
	}
	if err := e.meets(state.Customers.Ref(base), c); err != nil {
		return err
	}
	if m, err := l.member(whose); err != nil {
		return err
	} else if m == nil {
		whose = "" // the customer's, or that of somebody who is none of us
	}
	return e.mayDo(doPromise, whose, c)
}
