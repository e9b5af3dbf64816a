package serve

import (
	"context"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// Job is something that runs by itself.
type Job struct {
	Name     string   // "backup", "sync shop"
	Schedule Schedule // the zero one never comes: it runs when somebody asks
	On       bool     // whether it runs by itself
	Timeout  time.Duration
	// CatchUp says that a run whose time passed while nobody was there is made up for, once, however
	// many there were; without, it is left out.
	CatchUp bool
	Do      func(context.Context, service.API) error
}

// Ledger is where it stands what became of jobs; [service.Service] is one.
type Ledger interface {
	JobBegin(context.Context, service.JobBegin) (service.JobLease, error)
	JobRenew(ctx context.Context, lease service.JobLease, until time.Time) error
	JobEnd(context.Context, service.JobLease, service.JobEnd) error
	JobSkip(ctx context.Context, name string, due, at time.Time) error
	JobKnown(ctx context.Context, name string) (job state.Job, unfinished bool, err error)
	JobsTake(ctx context.Context, holder string, at time.Time) ([]string, error)
}

// Outcome is how a run of a job ended.
type Outcome struct {
	Job   string
	State string // state.JobDone, ...
	Code  string
	Took  time.Duration
}
