//go:build unix

package cmd

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/api"
	"github.com/keptcrm/kept/state/bolt"
	"github.com/keptcrm/kept/state/service"
)

// queueing is a folder with a state that a process of its own serves, and a counter that it syncs.
type queueing struct {
	t       *testing.T
	dir     string
	counter *counter
	serving *exec.Cmd
	log     logged
}

func newQueueing(t *testing.T, page, contacts int) *queueing {
	dir, err := os.MkdirTemp("", "kept") // sockets need short paths
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	q := &queueing{t: t, dir: dir, counter: newCounter(t, page, contacts)}
	yaml := fmt.Sprintf("state: %s\nzone: Europe/Berlin\nconnections:\n  counter: {type: counter, mode: two-way, create: all, options: {url: %q}}\njobs: {sync: \"@every 1h\"}\n",
		filepath.Join(dir, "kept.db"), q.counter.URL)
	if err := os.WriteFile(filepath.Join(dir, "kept.yaml"), []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(q.kill)
	return q
}

func (q *queueing) env() map[string]string {
	return map[string]string{"KEPT_CONFIG": filepath.Join(q.dir, "kept.yaml"), "KEPT_RUNTIME_DIR": filepath.Join(q.dir, "run"), "KEPT_LANG": "en"}
}

// start begins "kept serve" and waits until it has the state.
func (q *queueing) start() {
	q.t.Helper()
	q.serving = exec.Command("kept-counter", "serve")
	q.serving.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
	for k, v := range q.env() {
		q.serving.Env = append(q.serving.Env, k+"="+v)
	}
	q.serving.Stderr = &q.log
	if err := q.serving.Start(); err != nil {
		q.t.Fatal(err)
	}
	q.until("a process that serves", func() bool {
		info, ok := api.Ask(q.t.Context(), filepath.Join(q.dir, "kept.db"), api.Options{Folder: filepath.Join(q.dir, "run")})
		return ok && info.Resident && info.PID == q.serving.Process.Pid
	})
}

func (q *queueing) kill() {
	if q.serving != nil {
		_ = q.serving.Process.Kill()
		_ = q.serving.Wait()
	}
	q.serving = nil
}

func (q *queueing) until(what string, ok func() bool) {
	q.t.Helper()
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if ok() {
			return
		}
	}
	q.t.Fatalf("%s never came; the log:\n%s", what, q.log.String())
}

// run runs a command beside the process. On its clock ten seconds pass whenever it looks.
func (q *queueing) run(ctx context.Context, errs *logged, args ...string) (int, string) {
	var out bytes.Buffer
	env, clock := q.env(), time.Now()
	code := Run(ctx, args, Options{In: strings.NewReader(""), Out: &out, Err: errs, Login: "ops", Specs: []connectors.Spec{counterSpec()},
		Env: func(name string) string { return env[name] },
		Now: func() time.Time { clock = clock.Add(10 * time.Second); return clock }})
	return code, out.String()
}

func (q *queueing) must(args ...string) string {
	q.t.Helper()
	var errs logged
	code, out := q.run(q.t.Context(), &errs, args...)
	if code != 0 {
		q.t.Fatalf("kept %s: exit code %d: %s%s", strings.Join(args, " "), code, out, errs.String())
	}
	return out
}

// killedAt runs the sync as a job, and kills the process that serves when the counter is asked this and
// has not answered yet; meanwhile is done before.
func (q *queueing) killedAt(request string, meanwhile func(said *logged)) {
	q.t.Helper()
	q.counter.at(request)
	ctx, cancel := context.WithCancel(q.t.Context())
	var said logged
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		q.run(ctx, &said, "job", "run", "sync counter")
	}()
	select {
	case <-q.counter.stopped:
	case <-time.After(3 * time.Minute):
		q.t.Fatalf("the counter was not asked for %s, but for %q", request, q.counter.seen(0))
	}
	meanwhile(&said)
	q.kill()
	cancel() // or it would become the holder itself, and run the job
	<-ended
}

// A process that is killed in the middle of a job is followed by one that goes on with the job at once,
// from where it was: what was told is there once, what was written is written once, and the run that was
// cut is over for good. While the job works its figures cross the socket, and others are answered.
func TestServeKilledInAJob(t *testing.T) {
	t.Parallel()
	q := newQueueing(t, 500, 1020)
	q.start()
	q.killedAt("GET 1000", func(said *logged) {
		q.until("how far the job is", func() bool { return strings.Contains(said.String(), "counter: 1,000 of 1,020") })
		for range 5 {
			if out := q.must("brief", "p7@host7.example"); !strings.Contains(out, "王芳 7") {
				t.Errorf("a brief while a sync runs: %s", out)
			}
		}
		if out := q.must("job", "list"); !strings.Contains(out, "running") {
			t.Errorf("jobs while one runs:\n%s", out)
		}
	})
	before := len(q.counter.seen(0))
	q.start()
	done := func(n int) func() bool {
		return func() bool {
			return strings.Count(q.must("job", "history", "sync counter", "--output", "jsonl"), `"state":"done"`) == n
		}
	}
	q.until("the end of the job", done(1))
	if got := q.counter.seen(before); !slices.Equal(got, []string{"GET 1000"}) {
		t.Errorf("the counter was asked for %q after the kill", got)
	}
	if n := strings.Count(q.must("customer", "list", "--output", "ids"), "\n"); n != 1020 {
		t.Errorf("%d customers, want 1020", n)
	}

	// Killed after the counter wrote and before it said so: the wish is the same one the next time.
	q.must("customer", "edit", "p3@host3.example", "--company", "Sternwarte Lübeck")
	q.must("sync", "--dry-run")
	q.must("sync", "--apply", strings.TrimSpace(q.must("sync", "plans", "--output", "ids")))
	for i := 5; i <= 8; i++ {
		q.must("customer", "edit", fmt.Sprintf("p%d@host%d.example", i, i), "--company", "Nordlicht")
	}
	q.killedAt("PUT 6", func(*logged) {})
	q.start()
	q.until("the end of the job", done(2))
	people := "id,name,email\n1,Jana Köhler,jana@sternwarte.example\n2,عمر حداد,omar@example.ae\n3,Zoë 🦊 Fuchs,zoe@example.de\n"
	if err := os.WriteFile(filepath.Join(q.dir, "people.csv"), []byte(people), 0o600); err != nil {
		t.Fatal(err)
	}
	q.must("import", filepath.Join(q.dir, "people.csv"), "--as", "book")
	q.killedAt("PUT new", func(*logged) {})
	q.start()
	q.until("the end of the job", done(3))
	q.must("sync")
	wishes, contacts := map[string]int{}, q.counter.now()
	for _, id := range q.counter.wishes {
		wishes[id]++
	}
	for _, id := range []string{"3", "5", "6", "7", "8", "new1", "new2", "new3"} {
		if wishes[id] != 1 {
			t.Errorf("contact %s was wished for %d times: %v", id, wishes[id], q.counter.asked)
		}
	}
	if q.counter.made != 3 || len(contacts) != 1023 {
		t.Errorf("%d contacts, of which %d were made: %v", len(contacts), q.counter.made, q.counter.asked)
	}
	for id, c := range contacts {
		want := map[string]string{"3": "Sternwarte Lübeck", "5": "Nordlicht", "6": "Nordlicht", "7": "Nordlicht", "8": "Nordlicht"}[id]
		if c.Company != want || !strings.HasPrefix(id, "new") && c.Name != "王芳 "+id {
			t.Errorf("contact %+v", c)
		}
	}
	if out := q.must("check"); !strings.Contains(out, "no damage") {
		t.Error(out)
	}

	// The runs that were cut have a fence behind them.
	if err := q.serving.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := q.serving.Wait(); err != nil {
		t.Errorf("%v\n%s", err, q.log.String())
	}
	q.serving = nil
	store, err := bolt.Open(filepath.Join(q.dir, "kept.db"), bolt.Options{Kinds: state.Kinds()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	s := service.New(store, nil, service.Config{}, time.Now)
	job, unfinished, err := s.JobKnown(t.Context(), "sync counter")
	if err != nil || unfinished || job.Holder != "" {
		t.Fatalf("%+v %v %v", job, unfinished, err)
	}
	var runs []*state.JobRun
	if err := s.Look(t.Context(), func(tx state.Tx, _ time.Time) (err error) {
		runs, err = state.JobRuns.List(tx, state.PrefixRange("job", state.TextKey("sync counter")))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	var story []string
	for i, r := range runs {
		story = append(story, r.By+" "+r.State)
		if i > 0 && r.Fence <= runs[i-1].Fence {
			t.Errorf("run %d has the fence %d after %d", r.Number, r.Fence, runs[i-1].Fence)
		}
		if r.State == state.JobInterrupted {
			lost := s.JobEnd(t.Context(), service.JobLease{Name: r.Job, Fence: r.Fence, Run: r.Number}, service.JobEnd{State: state.JobDone, At: time.Now()})
			if !state.IsCode(lost, "job_lost") {
				t.Errorf("a run that was cut says its end: %v", lost)
			}
		}
	}
	if got := strings.Join(story, ", "); got != strings.Join(slices.Repeat([]string{"person interrupted, catch_up done"}, 3), ", ") {
		t.Errorf("runs: %s", got)
	}
}
