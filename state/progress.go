package state

import "context"

// Step is how far long work is.
type Step struct {
	Work  string // what is gone through: "page", or the name of a collection
	Done  int64
	Total int64 // 0: not known
}

// stepEvery is how many units of work [Steps] lets pass between two steps that it tells.
const stepEvery = 512

type tellerKey struct{}

// WithTeller has long work under this context tell how far it is: now and then, from whatever
// goroutine does it, and only of work in this process. Tell must be quick.
func WithTeller(ctx context.Context, tell func(Step)) context.Context {
	return context.WithValue(ctx, tellerKey{}, tell)
}

// TellerOf gives what [WithTeller] was given, or nil.
func TellerOf(ctx context.Context) func(Step) {
	tell, _ := ctx.Value(tellerKey{}).(func(Step))
	return tell
}

// Steps counts units of work and tells of them to whoever asked with [WithTeller].
type Steps struct {
	tell func(Step)
	step Step
}

// Begin begins to count; total is 0 where nobody knows it.
func Begin(ctx context.Context, work string, total int64) *Steps {
	return &Steps{tell: TellerOf(ctx), step: Step{Work: work, Total: total}}
}

// Did counts so many units.
func (s *Steps) Did(n int64) {
	before := s.step.Done / stepEvery
	if s.step.Done += n; s.tell != nil && s.step.Done/stepEvery != before {
		s.tell(s.step)
	}
}
