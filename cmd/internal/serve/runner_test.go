package serve

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// book is a ledger in memory that behaves as the service does; several runners may share it.
type book struct {
	mu   sync.Mutex
	jobs map[string]*state.Job
	runs []state.JobRun
}

func newBook() *book { return &book{jobs: map[string]*state.Job{}} }

func (b *book) job(name string) *state.Job {
	if b.jobs[name] == nil {
		b.jobs[name] = &state.Job{Name: name}
	}
	return b.jobs[name]
}

func (b *book) interrupt(j *state.Job, at time.Time) {
	if j.Holder != "" {
		r := &b.runs[j.Run-1]
		r.State, r.Ended = state.JobInterrupted, at
		j.Holder = ""
	}
}

func (b *book) JobBegin(_ context.Context, in service.JobBegin) (service.JobLease, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	j := b.job(in.Name)
	switch {
	case !j.Paused.IsZero() && in.By != state.JobByPerson:
		return service.JobLease{}, &state.Error{Class: state.Refused, Code: "job_paused"}
	case j.Holder != "" && j.Until.After(in.At):
		return service.JobLease{}, &state.Error{Class: state.Unavailable, Code: "job_running", Args: state.Args{"until": j.Until.Format(time.RFC3339)}}
	}
	b.interrupt(j, in.At)
	j.Fence++
	j.Holder, j.Until = in.Holder, in.Until
	if in.Due.After(j.Due) {
		j.Due = in.Due
	}
	b.runs = append(b.runs, state.JobRun{Job: in.Name, Fence: j.Fence, State: state.JobRunning, By: in.By, Due: in.Due, Started: in.At})
	j.Run = uint64(len(b.runs))
	return service.JobLease{Name: in.Name, Fence: j.Fence, Run: j.Run, Holder: in.Holder}, nil
}

func (b *book) held(l service.JobLease) (*state.Job, error) {
	j := b.job(l.Name)
	if j.Fence != l.Fence || j.Holder != l.Holder {
		return nil, &state.Error{Class: state.Conflict, Code: "job_lost"}
	}
	return j, nil
}

func (b *book) JobRenew(_ context.Context, l service.JobLease, until time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	j, err := b.held(l)
	if err == nil {
		j.Until = until
	}
	return err
}

func (b *book) JobEnd(_ context.Context, l service.JobLease, in service.JobEnd) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	j, err := b.held(l)
	if err != nil {
		return err
	}
	r := &b.runs[l.Run-1]
	r.State, r.Ended, r.Code = in.State, in.At, in.Code
	j.Holder = ""
	return nil
}

func (b *book) JobSkip(_ context.Context, name string, due, at time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.job(name).Due = due
	b.runs = append(b.runs, state.JobRun{Job: name, State: state.JobSkipped, Due: due, Started: at, Ended: at})
	return nil
}

func (b *book) JobKnown(_ context.Context, name string) (state.Job, bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	j := b.job(name)
	unfinished := false
	if j.Run > 0 {
		s := b.runs[j.Run-1].State
		unfinished = s == state.JobStopped || s == state.JobInterrupted
	}
	return *j, unfinished, nil
}

func (b *book) JobsTake(_ context.Context, holder string, at time.Time) ([]string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var taken []string
	for name, j := range b.jobs {
		if j.Holder != "" && j.Holder != holder {
			b.interrupt(j, at)
			j.Fence++
			taken = append(taken, name)
		}
	}
	return taken, nil
}

// story is what the book says, run by run.
func (b *book) story() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []string
	for _, r := range b.runs {
		line := r.Job + " " + r.State
		if r.Code != "" {
			line += " " + r.Code
		}
		if r.By != "" && r.By != state.JobBySchedule {
			line += " " + r.By
		}
		out = append(out, line)
	}
	return out
}

// process is a runner with its jobs, as one "kept serve" has it.
func process(b *book, name string, jobs ...Job) *Runner {
	r := NewRunner(Options{Ledger: b, API: func() service.API { return service.API{} }, Now: time.Now, Holder: name})
	r.Set(jobs)
	return r
}

// pass lets time pass, and all that is due in it happen.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func every(t *testing.T, spec string) Schedule { return parsed(t, spec, "UTC") }

func want(t *testing.T, b *book, lines ...string) {
	t.Helper()
	if got := b.story(); !slices.Equal(got, lines) {
		t.Errorf("got:\n %s\nwant:\n %s", strings.Join(got, "\n "), strings.Join(lines, "\n "))
	}
}

// A year in which the process is stopped, killed and started again, in three zones whose clocks change:
// each daily job runs once on each local day, and what was missed is made up for once.
func TestVirtualYear(t *testing.T) {
	t.Parallel()
	zones := []string{"Europe/Berlin", "America/New_York", "Australia/Sydney"}
	for _, restarts := range []bool{false, true} {
		t.Run(fmt.Sprint("restarts ", restarts), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(time.Date(2027, 12, 30, 12, 0, 0, 0, time.UTC)))
				b := newBook()
				ran := map[string]map[string]int{}
				var mu sync.Mutex
				var jobs []Job
				for _, z := range zones {
					loc := zone(t, z)
					for _, spec := range []string{"30 2 * * *", "0 3 * * *", "0 0 29 2 *", "59 23 31 12 *"} {
						name := z + " " + spec
						ran[name] = map[string]int{}
						jobs = append(jobs, Job{Name: name, Schedule: parsed(t, spec, z), On: true, CatchUp: true, Timeout: time.Hour, Do: func(context.Context, service.API) error {
							mu.Lock()
							defer mu.Unlock()
							ran[name][time.Now().In(loc).Format(time.DateOnly)]++
							return nil
						}})
					}
				}
				end := time.Date(2029, 1, 2, 12, 0, 0, 0, time.UTC)
				start := func() *Runner {
					r := NewRunner(Options{Ledger: b, API: func() service.API { return service.API{} }, Now: time.Now, Holder: time.Now().String(), Wake: 12 * time.Hour})
					r.Set(jobs)
					r.Start()
					return r
				}
				r := start()
				for i := 1; time.Now().Before(end); i++ {
					pass(time.Duration(5+i%37) * time.Hour)
					if restarts && i%3 == 0 { // ends at any hour, and is there again before the day is over
						r.Stop(time.Second)
						pass(time.Duration(i%50) * time.Minute)
						r = start()
					}
				}
				r.Stop(time.Second)
				for _, z := range zones {
					for d := time.Date(2028, 1, 1, 12, 0, 0, 0, time.UTC); d.Year() == 2028; d = d.AddDate(0, 0, 1) {
						day := d.Format(time.DateOnly)
						for _, spec := range []string{"30 2 * * *", "0 3 * * *"} {
							if n := ran[z+" "+spec][day]; n != 1 {
								t.Errorf("%s %s ran %d times on %s", z, spec, n, day)
							}
						}
					}
					if n := ran[z+" 0 0 29 2 *"]; len(n) != 1 || n["2028-02-29"] != 1 {
						t.Errorf("%s: on the leap day: %v", z, n)
					}
					years := ran[z+" 59 23 31 12 *"]
					if total := years["2028-12-31"] + years["2029-01-01"]; total != 1 {
						t.Errorf("%s: at the end of the year: %v", z, years)
					}
				}
			})
		})
	}
}

// A job that does not end is cut off and told; what it says later counts for nothing, and it is not
// begun again while it still hangs.
func TestHangingJob(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBook()
		let := make(chan struct{})
		calls := 0
		var told []string
		r := NewRunner(Options{Ledger: b, API: func() service.API { return service.API{} }, Now: time.Now, Holder: "a",
			Told: func(o Outcome) { told = append(told, o.State+" "+o.Code) }})
		r.Set([]Job{{Name: "sync shop", Schedule: every(t, "0 * * * *"), On: true, Timeout: 10 * time.Minute, Do: func(context.Context, service.API) error {
			if calls++; calls == 1 {
				<-let // deaf to its context
			}
			return nil
		}}})
		r.Start()
		pass(2*time.Hour + time.Minute)
		want(t, b, "sync shop cut_off job_cut_off")
		if !slices.Equal(told, []string{"cut_off job_cut_off", "failed job_hangs"}) {
			t.Errorf("told: %q", told)
		}
		if _, err := r.Run(context.Background(), "sync shop"); !state.IsCode(err, "job_hangs") {
			t.Errorf("a person was told %v", err)
		}
		close(let)
		pass(time.Hour)
		want(t, b, "sync shop cut_off job_cut_off", "sync shop done")
		r.Stop(time.Second)
	})
}

// A job that honours its context is cut off at its time, and runs again at its next.
func TestTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBook()
		r := process(b, "a", Job{Name: "check", Schedule: every(t, "0 * * * *"), On: true, Timeout: time.Minute, Do: func(ctx context.Context, _ service.API) error {
			<-ctx.Done()
			return ctx.Err()
		}})
		r.Start()
		pass(2*time.Hour + 2*time.Minute)
		want(t, b, "check cut_off job_cut_off", "check cut_off job_cut_off")
		if d := b.runs[0].Ended.Sub(b.runs[0].Started); d != time.Minute {
			t.Errorf("it was cut off after %s", d)
		}
		r.Stop(time.Second)
	})
}

// Of two processes on one state only one runs a job; where it is killed or freezes, the other takes over,
// and the first one neither goes on nor is recorded when it comes back.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBook()
		var frozen atomic.Bool
		frozen.Store(true)
		thaw := make(chan struct{})
		stopped := make(chan error, 1)
		first := process(b, "first", Job{Name: "sync shop", Schedule: every(t, "0 * * * *"), On: true, CatchUp: true, Timeout: 3 * time.Hour, Do: func(ctx context.Context, _ service.API) error {
			<-ctx.Done()
			stopped <- context.Cause(ctx)
			return errors.New("what the first one says")
		}})
		// The first one's renewals do not arrive: its machine is frozen.
		first.o.Ledger = freezing{b, frozen.Load, thaw}
		first.Start()
		runs := 0
		second := process(b, "second", Job{Name: "sync shop", Schedule: every(t, "1 1 * * *"), On: true, CatchUp: true, Timeout: time.Hour, Do: func(ctx context.Context, _ service.API) error {
			runs++
			time.Sleep(20 * time.Minute)
			return nil
		}})
		second.Start()
		pass(time.Hour + 5*time.Minute)
		if _, err := second.Run(context.Background(), "sync shop"); !state.IsCode(err, "job_running") {
			t.Errorf("run twice at once: %v", err)
		}
		pass(30 * time.Minute)
		want(t, b, "sync shop interrupted", "sync shop done catch_up")
		frozen.Store(false)
		close(thaw)
		if err := <-stopped; !errors.Is(err, errLost) {
			t.Errorf("the first one went on: %v", err)
		}
		first.Stop(time.Second)
		want(t, b, "sync shop interrupted", "sync shop done catch_up")
		second.Stop(time.Second)
		if runs != 1 {
			t.Errorf("the second one ran %d times", runs)
		}
	})
}

// freezing is a ledger whose answers to renewals wait while the machine is frozen.
type freezing struct {
	*book
	frozen func() bool
	thaw   chan struct{}
}

func (f freezing) JobRenew(ctx context.Context, l service.JobLease, until time.Time) error {
	if f.frozen() {
		<-f.thaw
	}
	return f.book.JobRenew(ctx, l, until)
}

// What was missed while nobody was there is made up for once, or left out as the job says.
func TestMissed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBook()
		jobs := func() []Job {
			do := func(context.Context, service.API) error { return nil }
			return []Job{
				{Name: "backup", Schedule: every(t, "0 3 * * *"), On: true, CatchUp: true, Do: do},
				{Name: "digest", Schedule: every(t, "0 8 * * *"), On: true, Do: do},
			}
		}
		r := process(b, "a", jobs()...)
		r.Start()
		pass(24 * time.Hour) // a new job waits for its first time
		r.Stop(time.Second)
		want(t, b, "backup done", "digest done")
		pass(10*24*time.Hour + 12*time.Hour)
		r = process(b, "b", jobs()...)
		r.Start()
		pass(time.Minute)
		r.Stop(time.Second)
		got := b.story()[2:]
		slices.Sort(got)
		if !slices.Equal(got, []string{"backup done catch_up", "digest skipped"}) {
			t.Errorf("after ten days: %q", got)
		}
		if due := b.job("backup").Due; due.Hour() != 3 || time.Since(due) > 24*time.Hour {
			t.Errorf("it ran for %s, now it is %s", due, time.Now())
		}
		r = process(b, "c", jobs()...)
		r.Start()
		pass(time.Minute)
		r.Stop(time.Second)
		if n := len(b.story()); n != 4 {
			t.Errorf("made up for again: %q", b.story())
		}
	})
}

// What was stopped in the middle runs again when the process is back.
func TestStoppedInTheMiddle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBook()
		job := Job{Name: "sync shop", Schedule: every(t, "0 3 * * *"), On: true, CatchUp: true, Timeout: time.Hour, Do: func(ctx context.Context, _ service.API) error {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(10 * time.Minute):
				return nil
			}
		}}
		r := process(b, "a", job)
		r.Start()
		pass(27*time.Hour + 5*time.Minute) // midnight, so a day and five minutes into the second run
		begun := time.Now()
		if left := r.Stop(6 * time.Second); len(left) > 0 || time.Since(begun) > time.Second {
			t.Errorf("stopping took %s, left %v", time.Since(begun), left)
		}
		want(t, b, "sync shop done", "sync shop stopped")
		r = process(b, "b", job)
		r.Start()
		pass(11 * time.Minute)
		want(t, b, "sync shop done", "sync shop stopped", "sync shop done catch_up")
		r.Stop(time.Second)
	})
}

// A deaf job does not keep the process from ending in time.
func TestStopIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBook()
		let := make(chan struct{})
		r := process(b, "a", Job{Name: "backup", Schedule: every(t, "0 * * * *"), On: true, Do: func(context.Context, service.API) error { <-let; return nil }})
		r.Start()
		pass(time.Hour + time.Minute)
		begun := time.Now()
		left := r.Stop(6 * time.Second)
		if took := time.Since(begun); took > 6*time.Second || !slices.Equal(left, []string{"backup"}) {
			t.Errorf("it took %s, left %v", took, left)
		}
		want(t, b, "backup stopped")
		close(let)
	})
}

// A new configuration ends no run; a job that is gone runs no more, one that changed at its new times.
func TestReload(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBook()
		do := func(ctx context.Context, _ service.API) error {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(10 * time.Minute):
				return nil
			}
		}
		old := Job{Name: "sync shop", Schedule: every(t, "0 * * * *"), On: true, Do: do}
		gone := Job{Name: "sync till", Schedule: every(t, "0 * * * *"), On: true, Do: do}
		r := process(b, "a", old, gone)
		r.Start()
		pass(time.Hour + 5*time.Minute)
		r.Set([]Job{{Name: "sync shop", Schedule: every(t, "30 * * * *"), On: true, Do: do}})
		pass(50 * time.Minute)
		got := b.story()
		slices.Sort(got)
		if !slices.Equal(got, []string{"sync shop done", "sync shop done", "sync till done"}) {
			t.Errorf("%q", got)
		}
		if at := b.runs[len(b.runs)-1].Started; at.Minute() != 30 {
			t.Errorf("it ran at %s", at)
		}
		r.Stop(time.Second)
	})
}

// A panic is the job's failure, and a paused job waits.
func TestPanicAndPause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBook()
		r := process(b, "a",
			Job{Name: "rules", Schedule: every(t, "0 * * * *"), On: true, Do: func(context.Context, service.API) error { panic("王芳") }},
			Job{Name: "backup", Schedule: every(t, "0 * * * *"), On: true, Do: func(context.Context, service.API) error { return nil }})
		b.job("backup").Paused = time.Now()
		r.Start()
		pass(time.Hour + time.Minute)
		want(t, b, "rules failed internal")
		if _, err := r.Run(context.Background(), "backup"); err != nil {
			t.Error(err)
		}
		want(t, b, "rules failed internal", "backup done person")
		r.Stop(time.Second)
	})
}
