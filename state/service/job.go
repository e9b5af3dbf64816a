package service

import (
	"context"
	"slices"
	"time"

	"github.com/keptcrm/kept/state"
)

// keepJobRuns is how many runs of one job are remembered: two days of one every quarter of an hour.
const keepJobRuns = 200

// JobLease is a process's right to run a job. While it runs the lease is renewed; a process that does
// not renew it in time, because it was killed or hangs, loses it to the next one. Then its number is
// an old one, and nothing can be recorded under it any more.
type JobLease struct {
	Name   string
	Fence  uint64
	Run    uint64
	Holder string
}

// JobBegin says who wants to run a job.
type JobBegin struct {
	Name   string
	Holder string // this process, unlike any other
	By     string // state.JobBySchedule, ...
	Due    time.Time
	At     time.Time // now; the caller's clock, not one of the state that may stand still
	Until  time.Time // when the lease ends unless it is renewed
}

// JobEnd says what became of a run.
type JobEnd struct {
	State string
	Code  string
	At    time.Time
}

// JobBegin takes the lease of a job and notes that it runs. The error is [state.Unavailable] with the code
// "job_running" while another run has the lease, or [state.Refused] with "job_paused" where the job is
// paused and no person asked for it.
func (s *Service) JobBegin(ctx context.Context, in JobBegin) (JobLease, error) {
	var lease JobLease
	err := s.store.Update(ctx, func(tx state.Tx) error {
		lease = JobLease{}
		j, err := jobOf(tx, in.Name)
		if err != nil {
			return err
		}
		if !j.Paused.IsZero() && in.By != state.JobByPerson {
			return &state.Error{Class: state.Refused, Code: "job_paused", Args: state.Args{"job": in.Name}}
		}
		if j.Holder != "" && j.Until.After(in.At) {
			return &state.Error{Class: state.Unavailable, Code: "job_running", Args: state.Args{"job": in.Name, "until": j.Until.Format(time.RFC3339)}}
		}
		if err := interrupt(tx, j, in.At); err != nil {
			return err
		}
		j.Fence++
		j.Holder, j.Until = in.Holder, in.Until
		if in.Due.After(j.Due) {
			j.Due = in.Due
		}
		run := &state.JobRun{Job: in.Name, Fence: j.Fence, State: state.JobRunning, By: in.By, Due: in.Due, Started: in.At}
		if err := state.PutJob(tx, j, run, keepJobRuns); err != nil {
			return err
		}
		lease = JobLease{Name: in.Name, Fence: j.Fence, Run: run.Number, Holder: in.Holder}
		return nil
	})
	return lease, err
}

// JobRenew lengthens a lease. The error is [state.Conflict] with the code "job_lost" where another took
// the job over: whoever gets it stops.
func (s *Service) JobRenew(ctx context.Context, lease JobLease, until time.Time) error {
	return s.store.Update(ctx, func(tx state.Tx) error {
		j, err := leased(tx, lease)
		if err != nil {
			return err
		}
		j.Until = until
		return state.PutJob(tx, j, nil, keepJobRuns)
	})
}

// JobEnd notes what became of a run and gives the lease back; "job_lost" as of [Service.JobRenew]: what
// became of a run that was taken over is not its own to say.
func (s *Service) JobEnd(ctx context.Context, lease JobLease, in JobEnd) error {
	return s.store.Update(ctx, func(tx state.Tx) error {
		j, err := leased(tx, lease)
		if err != nil {
			return err
		}
		run, err := state.JobRuns.Number(tx, lease.Run)
		if err != nil {
			return err
		}
		run.State, run.Ended, run.Code = in.State, in.At, in.Code
		j.Holder, j.Until = "", time.Time{}
		switch in.State {
		case state.JobDone:
			j.Success, j.Fails, j.Code = in.At, 0, ""
		case state.JobFailed, state.JobCutOff:
			j.Fails++
			j.Code = in.Code
		}
		return state.PutJob(tx, j, run, keepJobRuns)
	})
}

// JobSkip notes that a job's time passed and it was not run.
func (s *Service) JobSkip(ctx context.Context, name string, due, at time.Time) error {
	return s.store.Update(ctx, func(tx state.Tx) error {
		j, err := jobOf(tx, name)
		if err != nil {
			return err
		}
		if !due.After(j.Due) {
			return nil
		}
		j.Due = due
		run := &state.JobRun{Job: name, State: state.JobSkipped, By: state.JobBySchedule, Due: due, Started: at, Ended: at}
		last := j.Run
		err = state.PutJob(tx, j, run, keepJobRuns)
		if j.Holder != "" && err == nil { // the run that goes on stays the newest
			j.Run = last
			err = state.PutJob(tx, j, nil, keepJobRuns)
		}
		return err
	})
}

// JobKnown gives what is known of a job, and whether its newest run came to no end of its own: it was
// stopped, or its process is gone.
func (s *Service) JobKnown(ctx context.Context, name string) (job state.Job, unfinished bool, err error) {
	err = s.store.View(ctx, func(tx state.Tx) error {
		j, err := jobOf(tx, name)
		if err != nil {
			return err
		}
		job, unfinished = *j, false
		if j.Run == 0 {
			return nil
		}
		run, err := state.JobRuns.Find(tx, state.NumberKey(j.Run))
		if run != nil {
			unfinished = run.State == state.JobStopped || run.State == state.JobInterrupted
		}
		return err
	})
	return job, unfinished, err
}

// JobsTake ends every run that another process left behind. Only a process that knows that no other can
// be running jobs may call it: one that has the state's lock to itself.
func (s *Service) JobsTake(ctx context.Context, holder string, at time.Time) ([]string, error) {
	var taken []string
	err := s.store.Update(ctx, func(tx state.Tx) error {
		taken = nil
		all, err := state.Jobs.List(tx, state.Range{})
		if err != nil {
			return err
		}
		for _, j := range all {
			if j.Holder == "" || j.Holder == holder {
				continue
			}
			if err := interrupt(tx, j, at); err != nil {
				return err
			}
			j.Fence++
			if err := state.PutJob(tx, j, nil, keepJobRuns); err != nil {
				return err
			}
			taken = append(taken, j.Name)
		}
		return nil
	})
	return taken, err
}

// interrupt ends the run that has a job's lease, if one has. The caller stores the job.
func interrupt(tx state.Tx, j *state.Job, at time.Time) error {
	if j.Holder == "" {
		return nil
	}
	j.Holder, j.Until = "", time.Time{}
	run, err := state.JobRuns.Find(tx, state.NumberKey(j.Run))
	if err != nil || run == nil || run.State != state.JobRunning {
		return err
	}
	run.State, run.Ended = state.JobInterrupted, at
	return state.PutJob(tx, j, run, keepJobRuns)
}

func jobOf(tx state.Tx, name string) (*state.Job, error) {
	j, err := state.Jobs.Find(tx, state.TextKey(name))
	if err == nil && j == nil {
		j = &state.Job{Name: name}
	}
	return j, err
}

func leased(tx state.Tx, lease JobLease) (*state.Job, error) {
	j, err := state.Jobs.Find(tx, state.TextKey(lease.Name))
	if err != nil {
		return nil, err
	}
	if j == nil || j.Fence != lease.Fence || j.Holder != lease.Holder {
		return nil, &state.Error{Class: state.Conflict, Code: "job_lost", Args: state.Args{"job": lease.Name}}
	}
	return j, nil
}

// JobListIn asks for the jobs that ever ran or were paused here.
type JobListIn struct{}

// JobListOut are jobs by name.
type JobListOut struct {
	Now  time.Time `json:"now"`
	Jobs []JobLine `json:"jobs"`
}

// JobLine is what became of a job.
type JobLine struct {
	Name     string    `json:"name"`
	Running  bool      `json:"running"`
	Paused   time.Time `json:"paused,omitzero"`
	PausedBy string    `json:"paused_by,omitempty"`
	Due      time.Time `json:"due,omitzero"`     // the newest time of its schedule that was dealt with
	Success  time.Time `json:"success,omitzero"` // when it last came to its end well
	Fails    int64     `json:"fails"`            // how often it did not since then
	Code     string    `json:"code,omitempty"`   // of the error that it last ended with
	Last     *JobRun   `json:"last,omitempty"`   // its newest run
}

// JobRun is one run of a job.
type JobRun struct {
	ID      string    `json:"id"`
	Number  string    `json:"number"` // "j17"
	Job     string    `json:"job"`
	State   string    `json:"state"` // running, done, failed, cut_off, stopped, interrupted, skipped
	By      string    `json:"by"`    // schedule, catch_up, person
	Due     time.Time `json:"due,omitzero"`
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended,omitzero"`
	Code    string    `json:"code,omitempty"` // of the error that it ended with
}

// JobList says what became of each job.
func (s *Service) JobList(ctx context.Context, _ JobListIn) (JobListOut, error) {
	return view(ctx, s, func(tx state.Tx, now time.Time) (JobListOut, error) {
		out := JobListOut{Now: now, Jobs: []JobLine{}}
		l := newLookup(tx, now)
		for j, err := range state.Jobs.All(tx, state.Range{}) {
			if err != nil {
				return out, err
			}
			line := JobLine{Name: j.Name, Running: j.Holder != "", Paused: j.Paused, PausedBy: l.name(j.PausedBy),
				Due: j.Due, Success: j.Success, Fails: j.Fails, Code: j.Code}
			run, err := state.JobRuns.Find(tx, state.NumberKey(j.Run))
			if err != nil {
				return out, err
			}
			if run != nil {
				shown, err := l.jobRun(run)
				if err != nil {
					return out, err
				}
				line.Last = &shown
			}
			out.Jobs = append(out.Jobs, line)
		}
		return out, nil
	})
}

func (l *lookup) jobRun(r *state.JobRun) (JobRun, error) {
	out := JobRun{Number: state.JobRuns.Ref(r.Number), Job: r.Job, State: r.State, By: r.By, Due: r.Due, Started: r.Started, Ended: r.Ended, Code: r.Code}
	var err error
	out.ID, err = l.id(out.Number)
	return out, err
}

// JobHistoryIn asks for the runs of jobs.
type JobHistoryIn struct {
	Job   string `json:"job,omitempty"`   // its name; "" all
	Limit int    `json:"limit,omitempty"` // at most so many; 0: 50
}

// JobHistoryOut are runs, newest first.
type JobHistoryOut struct {
	Runs []JobRun `json:"runs"`
}

// JobHistory gives the runs of one job, or of all.
func (s *Service) JobHistory(ctx context.Context, in JobHistoryIn) (JobHistoryOut, error) {
	limit := in.Limit
	if limit <= 0 {
		limit = defaultRuns
	}
	return view(ctx, s, func(tx state.Tx, now time.Time) (JobHistoryOut, error) {
		out := JobHistoryOut{Runs: []JobRun{}}
		r := state.Range{}
		if in.Job != "" {
			r = state.PrefixRange("job", state.TextKey(in.Job))
		}
		r.Reverse, r.Limit = true, limit
		l := newLookup(tx, now)
		for run, err := range state.JobRuns.All(tx, r) {
			if err != nil {
				return out, err
			}
			shown, err := l.jobRun(run)
			if err != nil {
				return out, err
			}
			out.Runs = append(out.Runs, shown)
		}
		return out, nil
	})
}

// JobPauseIn names jobs, as configured; the caller has checked that there are such.
type JobPauseIn struct {
	Jobs []string `json:"jobs"`
}

// JobPauseOut says which of them changed.
type JobPauseOut struct {
	Jobs    []string `json:"jobs"`
	Changed []string `json:"changed"`
}

// JobPause keeps jobs from running by themselves, until they are resumed. A run that goes on goes on.
func (s *Service) JobPause(ctx context.Context, in JobPauseIn) (JobPauseOut, error) {
	return s.pause(ctx, "job.pause", in, true)
}

// JobResume lets jobs run by themselves again.
func (s *Service) JobResume(ctx context.Context, in JobPauseIn) (JobPauseOut, error) {
	return s.pause(ctx, "job.resume", in, false)
}

func (s *Service) pause(ctx context.Context, what string, in JobPauseIn, paused bool) (JobPauseOut, error) {
	names := slices.Compact(slices.Sorted(slices.Values(in.Jobs)))
	args := state.Args{}
	if len(names) == 1 {
		args["job"] = names[0]
	}
	return change(ctx, s, what, args, func(w *state.Writer) (JobPauseOut, error) {
		out := JobPauseOut{Jobs: append([]string{}, names...), Changed: []string{}}
		for _, name := range names {
			j, err := jobOf(w.Tx(), name)
			if err != nil {
				return out, err
			}
			if j.Paused.IsZero() != paused {
				continue
			}
			j.Paused, j.PausedBy = time.Time{}, ""
			if paused {
				j.Paused, j.PausedBy = w.Cause.At, w.Cause.Actor
			}
			if err := state.Jobs.Put(w, j); err != nil {
				return out, err
			}
			out.Changed = append(out.Changed, name)
		}
		return out, nil
	})
}

// JobRunIn names the job that somebody wants to run now.
type JobRunIn struct {
	Job string `json:"job"`
}

// JobRunOut is its run, when it is over.
type JobRunOut struct {
	Run JobRun `json:"run"`
}

// ReloadIn asks a serving process to read its configuration again.
type ReloadIn struct{}

// ReloadOut says what the serving process has now.
type ReloadOut struct {
	PID         int      `json:"pid"`
	Connections []string `json:"connections"`
	Jobs        []string `json:"jobs"`
}
