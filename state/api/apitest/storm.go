// Package apitest drives storms of processes against one state file: many at a
// time, holders killed at random, and every effect must be there exactly once.
package apitest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"sync"
	"testing"
	"time"
)

// Storm is what a storm is made of.
type Storm struct {
	// Effects is the number of effects, Parallel how many processes run at a time.
	Effects, Parallel int
	// Effect makes the process of effect i, 0 <= i < Effects. It must exit with
	// 0 once the effect is there. A process that the storm kills is started
	// again, so that the command must name the same request ID each time.
	Effect func(i int) *exec.Cmd
	// Others run among the effects (an import, a check), started one after the
	// other at even distances, and again when killed.
	Others []func() *exec.Cmd
	// Holder gives the process that holds the file now. The storm kills it if
	// it is one of its own.
	Holder func(context.Context) (pid int, ok bool)
	// Kill is the chance, 0 to 1, that the holder is killed when a process
	// has finished. MinKills is how many kills make it a storm: while it is
	// behind, it strikes whenever it can, and it fails with fewer. It stops
	// killing at MaxKills (default: four times MinKills).
	Kill               float64
	MinKills, MaxKills int
	// Seed of the kills.
	Seed uint64
	// Limit of the whole storm. Default 10 minutes: only one that hangs comes so far.
	Limit time.Duration
	// Check looks at what the storm left.
	Check func(t testing.TB)
}

// Report is what happened.
type Report struct {
	Started, Kills int
	Took, Slowest  time.Duration
}

// Run lets the storm loose, checks what it left and reports.
func Run(t testing.TB, s Storm) Report {
	t.Helper()
	if s.Limit <= 0 {
		s.Limit = 10 * time.Minute
	}
	if s.MaxKills == 0 {
		s.MaxKills = 4 * s.MinKills
	}
	ctx, cancel := context.WithTimeout(t.Context(), s.Limit)
	defer cancel()
	r := &run{Storm: s, rand: rand.New(rand.NewPCG(s.Seed, 1)), running: map[int]*victim{}}
	begin := time.Now()

	jobs := make(chan job)
	go func() {
		defer close(jobs)
		every := s.Effects/(len(s.Others)+1) + 1
		for i := range s.Effects {
			if i%every == 0 && i > 0 && i/every <= len(s.Others) {
				n := i/every - 1
				jobs <- job{fmt.Sprintf("other %d", n), s.Others[n]}
			}
			jobs <- job{fmt.Sprintf("effect %d", i), func() *exec.Cmd { return s.Effect(i) }}
		}
	}()
	var workers sync.WaitGroup
	for range s.Parallel {
		workers.Go(func() {
			for j := range jobs {
				if err := r.until(ctx, j); err != nil {
					t.Errorf("%s: %v", j.name, err)
				}
			}
		})
	}
	workers.Wait()
	r.report.Took = time.Since(begin)
	if r.report.Kills < s.MinKills {
		t.Errorf("only %d holders were killed, wanted at least %d", r.report.Kills, s.MinKills)
	}
	if !t.Failed() && s.Check != nil {
		s.Check(t)
	}
	return r.report
}

type job struct {
	name string
	cmd  func() *exec.Cmd
}

type run struct {
	Storm
	mu      sync.Mutex
	rand    *rand.Rand
	running map[int]*victim
	done    int
	report  Report
}

// victim is a process that may be killed.
type victim struct {
	cmd    *exec.Cmd
	killed bool
}

// until runs a job again as long as it was we who killed it.
func (r *run) until(ctx context.Context, j job) error {
	begin := time.Now()
	for {
		cmd := j.cmd()
		var said bytes.Buffer
		if cmd.Stderr == nil {
			cmd.Stderr = &said
		}
		v := &victim{cmd: cmd}
		r.mu.Lock()
		err := cmd.Start()
		if err == nil {
			r.running[cmd.Process.Pid] = v
			r.report.Started++
		}
		r.mu.Unlock()
		if err != nil {
			return err
		}
		stop := context.AfterFunc(ctx, func() { cmd.Process.Kill() })
		err = cmd.Wait()
		stop()
		r.mu.Lock()
		delete(r.running, cmd.Process.Pid)
		killed := v.killed
		r.report.Slowest = max(r.report.Slowest, time.Since(begin))
		r.mu.Unlock()
		switch {
		case ctx.Err() != nil:
			return errors.New("the storm took too long")
		case err == nil:
			r.strike(ctx)
			return nil
		case !killed:
			return fmt.Errorf("%w: %s", err, said.Bytes())
		}
	}
}

// strike kills the holder with the storm's chance.
func (r *run) strike(ctx context.Context) {
	r.mu.Lock()
	r.done++
	// The kills owed so far; all are due when three quarters are done.
	behind := r.report.Kills*r.Effects*3 < r.MinKills*r.done*4
	strike := (r.rand.Float64() < r.Kill || behind) && r.report.Kills < r.MaxKills
	r.mu.Unlock()
	if !strike || r.Holder == nil {
		return
	}
	pid, ok := r.Holder(ctx)
	if !ok {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	v := r.running[pid]
	if v == nil || v.killed {
		return
	}
	// Kill through the handle: it never hits a stranger with a recycled number.
	if v.cmd.Process.Kill() == nil {
		v.killed = true
		r.report.Kills++
	}
}
