package service

import (
	"context"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keptcrm/kept/state"
)

// Whoever has a job's lease is alone: whatever several processes do and however late, no run that was
// taken over is recorded, and no two runs are under way by the ledger.
func TestJobLease(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t, rt)
		ctx := context.Background()
		now := time.Date(2028, 2, 29, 3, 0, 0, 0, time.UTC)
		var leases []JobLease // of all processes, the newest last; a process may believe in an old one
		until := time.Time{}
		open := false // whether the newest lease was given back
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 120).Draw(rt, "wait")) * time.Second)
			switch rapid.SampledFrom([]string{"begin", "begin", "renew", "end"}).Draw(rt, "what") {
			case "begin":
				l, err := w.s.JobBegin(ctx, JobBegin{Name: "sync shop", Holder: rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "who"),
					By: state.JobBySchedule, Due: now, At: now, Until: now.Add(90 * time.Second)})
				if open && until.After(now) {
					if !state.IsCode(err, "job_running") {
						rt.Fatalf("begun while another runs: %v", err)
					}
					continue
				}
				if err != nil {
					rt.Fatal(err)
				}
				if len(leases) > 0 && l.Fence <= leases[len(leases)-1].Fence {
					rt.Fatalf("the fence went from %d to %d", leases[len(leases)-1].Fence, l.Fence)
				}
				leases, until, open = append(leases, l), now.Add(90*time.Second), true
			case "renew", "end":
				if len(leases) == 0 {
					continue
				}
				i := rapid.IntRange(0, len(leases)-1).Draw(rt, "lease")
				mine := open && i == len(leases)-1
				var err error
				if rapid.Bool().Draw(rt, "ends") {
					err = w.s.JobEnd(ctx, leases[i], JobEnd{State: state.JobDone, At: now})
					open = open && !mine
				} else {
					err = w.s.JobRenew(ctx, leases[i], now.Add(90*time.Second))
					if mine {
						until = now.Add(90 * time.Second)
					}
				}
				if mine && err != nil || !mine && !state.IsCode(err, "job_lost") {
					rt.Fatalf("lease %d of %d (open %v): %v", i, len(leases), open, err)
				}
			}
			running := 0
			runs, err := w.s.JobHistory(ctx, JobHistoryIn{Job: "sync shop", Limit: 100})
			if err != nil {
				rt.Fatal(err)
			}
			for _, r := range runs.Runs {
				if r.State == state.JobRunning {
					running++
				}
			}
			if open != (running == 1) || running > 1 {
				rt.Fatalf("%d runs are under way, open %v", running, open)
			}
		}
	})
}

// A process that has the state to itself ends what another left behind, at once.
func TestJobsTake(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t)
	ctx := context.Background()
	now := time.Date(2026, 12, 31, 23, 59, 0, 0, time.UTC)
	begin := func(holder string) (JobLease, error) {
		return w.s.JobBegin(ctx, JobBegin{Name: "backup", Holder: holder, By: state.JobBySchedule, Due: now, At: now, Until: now.Add(time.Hour)})
	}
	dead, err := begin("dead")
	w.must(err)
	taken, err := w.s.JobsTake(ctx, "alive", now)
	w.must(err)
	if len(taken) != 1 || taken[0] != "backup" {
		t.Errorf("taken: %v", taken)
	}
	if _, unfinished, err := w.s.JobKnown(ctx, "backup"); err != nil || !unfinished {
		t.Errorf("unfinished %v, %v", unfinished, err)
	}
	if err := w.s.JobEnd(ctx, dead, JobEnd{State: state.JobDone, At: now}); !state.IsCode(err, "job_lost") {
		t.Errorf("a run that was taken over was recorded: %v", err)
	}
	alive, err := begin("alive")
	w.must(err)
	if taken, err := w.s.JobsTake(ctx, "alive", now); err != nil || len(taken) != 0 {
		t.Errorf("took its own: %v %v", taken, err)
	}
	w.must(w.s.JobEnd(ctx, alive, JobEnd{State: state.JobFailed, Code: "connection_down", At: now}))
	list, err := w.s.JobList(ctx, JobListIn{})
	w.must(err)
	if j := list.Jobs[0]; j.Fails != 1 || j.Code != "connection_down" || j.Last.State != state.JobFailed || j.Running {
		t.Errorf("%+v", j)
	}
}

// Only so many runs of a job stay, its own.
func TestJobRunsArePruned(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t)
	ctx := context.Background()
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	for i := range keepJobRuns + 20 {
		now = now.Add(time.Minute)
		w.must(w.s.JobSkip(ctx, "sync 王芳-shop", now, now))
		if i < 3 {
			w.must(w.s.JobSkip(ctx, "sync", now, now))
		}
	}
	for job, want := range map[string]int{"sync 王芳-shop": keepJobRuns, "sync": 3} {
		runs, err := w.s.JobHistory(ctx, JobHistoryIn{Job: job, Limit: 1000})
		w.must(err)
		if len(runs.Runs) != want {
			t.Errorf("%s has %d runs, want %d", job, len(runs.Runs), want)
		}
	}
}

// A paused job runs when a person asks for it, and not by itself.
func TestJobPause(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t)
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	out, err := w.s.JobPause(w.tick(), JobPauseIn{Jobs: []string{"check", "check", "backup"}})
	w.must(err)
	if len(out.Changed) != 2 {
		t.Errorf("changed %v", out.Changed)
	}
	for by, want := range map[string]string{state.JobBySchedule: "job_paused", state.JobByCatchUp: "job_paused", state.JobByPerson: ""} {
		l, err := w.s.JobBegin(context.Background(), JobBegin{Name: "check", Holder: "x", By: by, At: now, Until: now.Add(time.Hour)})
		if want == "" && err != nil || want != "" && !state.IsCode(err, want) {
			t.Errorf("by %s: %v", by, err)
		}
		if err == nil {
			w.must(w.s.JobEnd(context.Background(), l, JobEnd{State: state.JobDone, At: now}))
		}
	}
	out, err = w.s.JobResume(w.tick(), JobPauseIn{Jobs: []string{"check", "sync"}})
	w.must(err)
	if len(out.Changed) != 1 || out.Changed[0] != "check" {
		t.Errorf("changed %v", out.Changed)
	}
}
