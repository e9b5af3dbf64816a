package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// Options are a runner's surroundings.
type Options struct {
	Ledger Ledger
	API    func() service.API // the service under the configuration that holds now
	Now    func() time.Time
	Log    *slog.Logger
	Holder string        // this process, unlike any other
	Lease  time.Duration // how long a job stays ours without being renewed; 0: 90 s
	Wake   time.Duration // how often the clock is looked at while a job waits: a machine that slept or a clock that was set is noticed after it; 0: 30 s
	Grace  time.Duration // how long a job that was cut off may take to end; 0: 5 s
	Told   func(Outcome) // hears how each run ended; may be nil
}

// Runner runs jobs.
type Runner struct {
	o Options

	base context.Context // of all runs
	stop context.CancelCauseFunc

	mu      sync.Mutex
	jobs    map[string]*entry
	hanging map[string]chan struct{} // runs that were cut off and did not end, each closed when it does
	loops   sync.WaitGroup
	runs    sync.WaitGroup
	started bool
	stopped bool
}

// entry is a job with what ends its loop.
type entry struct {
	job  Job
	end  context.CancelFunc
	over chan struct{}
}

// Why a run was ended from outside.
var (
	errStopping = errors.New("the process stops")
	errLost     = errors.New("another process took the job over")
	errTimeout  = errors.New("it took longer than it may")
)

// NewRunner makes a runner; nothing runs by itself before [Runner.Start].
func NewRunner(o Options) *Runner {
	if o.Lease <= 0 {
		o.Lease = 90 * time.Second
	}
	if o.Wake <= 0 {
		o.Wake = 30 * time.Second
	}
	if o.Grace <= 0 {
		o.Grace = 5 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Told == nil {
		o.Told = func(Outcome) {}
	}
	r := &Runner{o: o, jobs: map[string]*entry{}, hanging: map[string]chan struct{}{}}
	r.base, r.stop = context.WithCancelCause(context.Background())
	return r
}

// Set says what jobs there are from now on. A job whose schedule changed waits anew; one that is gone
// does not run again; a run that goes on goes on.
func (r *Runner) Set(jobs []Job) {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.jobs
	r.jobs = map[string]*entry{}
	for _, j := range jobs {
		r.jobs[j.Name] = &entry{job: j}
	}
	if !r.started || r.stopped {
		return
	}
	for _, e := range old {
		e.end()
	}
	r.loop(old)
}

// Take ends what another process left in the middle, so that it goes on at once and not when its lease
// is over. Only a process that has the state to itself may do that. It returns the names of the jobs.
func (r *Runner) Take(ctx context.Context) ([]string, error) {
	return r.o.Ledger.JobsTake(ctx, r.o.Holder, r.o.Now())
}

// Start lets jobs run by themselves.
func (r *Runner) Start() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.started || r.stopped {
		return
	}
	r.started = true
	r.loop(nil)
}

// loop begins a loop for every job; one that had an older loop waits for its end. r.mu is held.
func (r *Runner) loop(old map[string]*entry) {
	for name, e := range r.jobs {
		var ctx context.Context
		ctx, e.end = context.WithCancel(r.base)
		e.over = make(chan struct{})
		var before chan struct{}
		if o := old[name]; o != nil {
			before = o.over
		}
		r.loops.Go(func() {
			defer close(e.over)
			if before != nil {
				<-before
			}
			if e.job.On {
				r.wait(ctx, e.job)
			}
		})
	}
}

// Jobs gives the jobs by name.
func (r *Runner) Jobs() []Job {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []Job
	for _, e := range r.jobs {
		out = append(out, e.job)
	}
	slices.SortFunc(out, func(a, b Job) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return out
}

// Stop cancels what runs and waits for it, at most so long. A job goes on where it was when it runs
// again. It returns the names of jobs that did not end.
func (r *Runner) Stop(bound time.Duration) []string {
	r.mu.Lock()
	r.stopped = true
	r.mu.Unlock()
	r.stop(errStopping)
	done := make(chan struct{})
	go func() {
		r.loops.Wait()
		r.runs.Wait()
		close(done)
	}()
	timer := time.NewTimer(bound)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var left []string
	for name, ended := range r.hanging {
		select {
		case <-ended:
		default:
			left = append(left, name)
		}
	}
	slices.Sort(left)
	return left
}

// wait runs one job at its times until ctx ends.
func (r *Runner) wait(ctx context.Context, job Job) {
	due, by, ok := r.first(ctx, job)
	for ok && r.until(ctx, due) {
		now := r.o.Now()
		next := job.Schedule.Next(now)
		if by == state.JobBySchedule {
			if newest := job.Schedule.newest(due, now); newest.After(due) {
				// The machine slept, or the last run took longer than there is between two.
				due, by = newest, state.JobByCatchUp
			}
			if by == state.JobByCatchUp && !job.CatchUp {
				r.skip(ctx, job, due, now)
				due, by = next, state.JobBySchedule
				continue
			}
		}
		// A run outlives the loop that began it: a new configuration does not end what goes on.
		_, err := r.run(context.WithoutCancel(ctx), job, by, due)
		var e *state.Error
		if errors.As(err, &e) && e.Code == "job_running" {
			// Somebody else runs it. Where that one was killed its lease ends before the next time comes.
			if until, perr := time.Parse(time.RFC3339, e.Args["until"]); perr == nil && until.Before(next) && until.After(r.o.Now()) {
				due, by = until.Add(time.Second), state.JobByCatchUp
				continue
			}
		}
		due, by = job.Schedule.Next(r.o.Now()), state.JobBySchedule
	}
}

// newest gives the newest time of a schedule from due, which is one, to now.
func (s Schedule) newest(due, now time.Time) time.Time {
	for {
		next := s.Next(due)
		if next.After(now) {
			return due
		}
		due = next
		if now.Sub(due) > 400*24*time.Hour { // nobody needs to know which of so many it was
			due = now.Add(-400 * 24 * time.Hour)
		}
	}
}

// first gives the first time at which a job runs after the start: at once where its time passed while
// nobody was there, or its last run came to no end.
func (r *Runner) first(ctx context.Context, job Job) (due time.Time, by string, ok bool) {
	for {
		known, unfinished, err := r.o.Ledger.JobKnown(ctx, job.Name)
		now := r.o.Now()
		if err != nil {
			r.o.Log.Warn("the state does not say when a job ran last", "job", job.Name, "code", state.AsError(err).Code)
			if !r.until(ctx, now.Add(r.o.Wake)) {
				return due, by, false
			}
			continue
		}
		next := job.Schedule.Next(now)
		if known.Due.IsZero() && !unfinished {
			return next, state.JobBySchedule, true
		}
		missed := !known.Due.IsZero() && !job.Schedule.Next(known.Due).After(now)
		if !missed && !unfinished {
			return next, state.JobBySchedule, true
		}
		slot := known.Due
		if missed {
			slot = job.Schedule.newest(job.Schedule.Next(known.Due), now)
		}
		if !job.CatchUp {
			if missed {
				r.skip(ctx, job, slot, now)
			}
			return next, state.JobBySchedule, true
		}
		return slot, state.JobByCatchUp, true
	}
}

func (r *Runner) skip(ctx context.Context, job Job, due, now time.Time) {
	if err := r.o.Ledger.JobSkip(ctx, job.Name, due, now); err != nil && ctx.Err() == nil {
		r.o.Log.Warn("a job that was left out could not be noted", "job", job.Name, "code", state.AsError(err).Code)
	}
	r.o.Log.Info("job left out: its time passed", "job", job.Name, "due", due.UTC())
	r.o.Told(Outcome{Job: job.Name, State: state.JobSkipped})
}

// until waits for a moment by the wall clock; false where ctx ended.
func (r *Runner) until(ctx context.Context, due time.Time) bool {
	for {
		left := due.Sub(r.o.Now())
		if left <= 0 {
			return ctx.Err() == nil
		}
		timer := time.NewTimer(min(left, r.o.Wake))
		select {
		case <-ctx.Done():
			timer.Stop()
			return false
		case <-timer.C:
		}
	}
}

// Run runs a job now because a person asked for it, and waits for its end. The error is [state.NotFound]
// with the code "no_such_job", "job_running" while it runs already, or that of the job.
func (r *Runner) Run(ctx context.Context, name string) (service.JobLease, error) {
	r.mu.Lock()
	e := r.jobs[name]
	r.mu.Unlock()
	if e == nil {
		return service.JobLease{}, &state.Error{Class: state.NotFound, Code: "no_such_job", Args: state.Args{"job": name}}
	}
	return r.run(ctx, e.job, state.JobByPerson, time.Time{})
}

// run makes one run: it takes the lease, renews it while the job works, and notes how it ended.
func (r *Runner) run(ctx context.Context, job Job, by string, due time.Time) (service.JobLease, error) {
	r.mu.Lock()
	if r.stopped {
		r.mu.Unlock()
		return service.JobLease{}, state.AsError(context.Canceled)
	}
	if ended := r.hanging[job.Name]; ended != nil {
		select {
		case <-ended:
			delete(r.hanging, job.Name)
		default:
			r.mu.Unlock()
			err := &state.Error{Class: state.Unavailable, Code: "job_hangs", Args: state.Args{"job": job.Name}}
			r.o.Log.Error("job not begun: its last run was cut off and has not ended yet", "job", job.Name)
			r.o.Told(Outcome{Job: job.Name, State: state.JobFailed, Code: err.Code})
			return service.JobLease{}, err
		}
	}
	r.runs.Add(1)
	r.mu.Unlock()
	defer r.runs.Done()

	begun := r.o.Now()
	lease, err := r.o.Ledger.JobBegin(ctx, service.JobBegin{Name: job.Name, Holder: r.o.Holder, By: by, Due: due, At: begun, Until: begun.Add(r.o.Lease)})
	if err != nil {
		if code := state.AsError(err).Code; code != "job_paused" && ctx.Err() == nil {
			r.o.Log.Warn("job not begun", "job", job.Name, "code", code)
		}
		return lease, err
	}
	r.o.Log.Info("job begins", "job", job.Name, "run", lease.Run, "by", by)
	err, cut := r.work(ctx, job, lease)
	if errors.Is(cut, errLost) {
		// What became of it is for the other to say.
		r.o.Log.Warn("job given up: another process took it over", "job", job.Name, "run", lease.Run)
		return lease, &state.Error{Class: state.Conflict, Code: "job_lost", Args: state.Args{"job": job.Name}}
	}
	end := service.JobEnd{State: state.JobDone, At: r.o.Now()}
	switch {
	case errors.Is(cut, errTimeout):
		end.State, end.Code = state.JobCutOff, "job_cut_off"
		err = &state.Error{Class: state.Unavailable, Code: "job_cut_off", Args: state.Args{"job": job.Name, "after": job.Timeout.String()}, Cause: err}
	case err != nil && (cut != nil || state.IsClass(err, state.Cancelled)):
		end.State = state.JobStopped
	case err != nil:
		end.State, end.Code = state.JobFailed, state.AsError(err).Code
	}
	note, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	if lost := r.o.Ledger.JobEnd(note, lease, end); lost != nil {
		r.o.Log.Warn("how a job ended could not be noted", "job", job.Name, "run", lease.Run, "code", state.AsError(lost).Code)
		if err == nil {
			err = lost
		}
	}
	out := Outcome{Job: job.Name, State: end.State, Code: end.Code, Took: end.At.Sub(begun)}
	r.tell(out, lease)
	r.o.Told(out)
	return lease, err
}

func (r *Runner) tell(o Outcome, lease service.JobLease) {
	args := []any{"job", o.Job, "run", lease.Run, "state", o.State, "took", o.Took.Round(time.Millisecond).String()}
	switch o.State {
	case state.JobFailed:
		r.o.Log.Warn("job failed", append(args, "code", o.Code)...)
	case state.JobCutOff:
		r.o.Log.Error("job cut off: it took longer than it may", args...)
	default:
		r.o.Log.Info("job ends", args...)
	}
}

// work runs the job under its lease; cut says why it was ended from outside, nil where it was not.
func (r *Runner) work(caller context.Context, job Job, lease service.JobLease) (err, cut error) {
	ctx, end := context.WithCancelCause(caller)
	defer end(nil)
	defer context.AfterFunc(r.base, func() { end(errStopping) })()
	if job.Timeout > 0 {
		timer := time.AfterFunc(job.Timeout, func() { end(errTimeout) })
		defer timer.Stop()
	}
	renewed := make(chan struct{})
	renewing, stop := context.WithCancel(ctx)
	go func() {
		defer close(renewed)
		r.renew(renewing, lease, end)
	}()
	defer func() { stop(); <-renewed }()

	ctx = service.WithCaller(ctx, service.Caller{Login: actorOf(job.Name), From: service.FromJob})
	done := make(chan error, 1)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		done <- r.do(ctx, job)
	}()
	select {
	case err = <-done:
	case <-ctx.Done():
		grace := time.NewTimer(r.o.Grace)
		defer grace.Stop()
		select {
		case err = <-done:
		case <-grace.C:
			r.mu.Lock()
			r.hanging[job.Name] = ended
			r.mu.Unlock()
			err = context.Cause(ctx)
		}
	}
	if ctx.Err() != nil && err != nil {
		cut = context.Cause(ctx)
	}
	return err, cut
}

// actorOf is who a job is in the change log: "job:sync" of "sync shop".
func actorOf(name string) string {
	for i, c := range name {
		if c == ' ' {
			name = name[:i]
			break
		}
	}
	return "job:" + name
}

// renew keeps the lease until ctx ends; where it cannot in time, or the lease is another's, it ends the
// work.
func (r *Runner) renew(ctx context.Context, lease service.JobLease, end context.CancelCauseFunc) {
	tick := time.NewTicker(r.o.Lease / 3)
	defer tick.Stop()
	until := r.o.Now().Add(r.o.Lease)
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := r.o.Now()
		err := r.o.Ledger.JobRenew(ctx, lease, now.Add(r.o.Lease))
		switch {
		case err == nil:
			until = now.Add(r.o.Lease)
		case ctx.Err() != nil:
			return
		case state.IsCode(err, "job_lost"), !now.Before(until.Add(-r.o.Lease / 3)):
			end(errLost)
			return
		}
	}
}

// do calls the job; a panic is its failure and not the process's end.
func (r *Runner) do(ctx context.Context, job Job) (err error) {
	defer func() {
		if p := recover(); p != nil {
			r.o.Log.Error("panic in a job", "job", job.Name, "stack", string(debug.Stack()))
			err = &state.Error{Class: state.Failed, Code: "internal", Cause: fmt.Errorf("%v", p)}
		}
	}()
	return job.Do(ctx, r.o.API())
}
