package state

import "time"

// Job is what is known of a job that runs by itself: a sync every quarter of an hour, a backup every
// night. When it runs is configuration; this is what became of it. At most one process runs it at a
// time: the one whose lease it is.
type Job struct {
	Name string `k:"1" json:"name"` // "backup", "sync shop"

	// Fence counts the leases that were given. A run carries the number of its lease, and one whose
	// number is no longer the job's own was taken over: what it did counts no more.
	Fence  uint64    `k:"2" json:"-"`
	Holder string    `k:"3" json:"-"` // the process that runs it now; "" nobody
	Until  time.Time `k:"4" json:"-"` // when the lease is over unless it is renewed
	Run    uint64    `k:"5" json:"-"` // its newest run

	// Due is the newest time of its schedule that was dealt with: run, or left out.
	Due      time.Time `k:"6" json:"-"`
	Paused   time.Time `k:"7" json:"paused,omitzero"` // since when it does not run by itself; zero: it does
	PausedBy string    `k:"8" json:"paused_by,omitempty"`
	Success  time.Time `k:"9" json:"success,omitzero"` // when it last came to its end well
	Fails    int64     `k:"10" json:"fails"`           // how often it did not since then
	Code     string    `k:"11" json:"code,omitempty"`  // of why it last did not; "" where it did
}

// Jobs holds jobs by name.
var Jobs = declare(Declaration[Job]{
	Name:  "job",
	Erase: Erase{Rule: EraseNone, Why: "names of jobs and connections, and when they ran"},
	Key:   func(j *Job) []byte { return TextKey(j.Name) },
})

// The states of a job's run.
const (
	JobRunning     = "running"
	JobDone        = "done"
	JobFailed      = "failed"
	JobCutOff      = "cut_off"     // it took longer than it may
	JobStopped     = "stopped"     // the process that ran it was asked to stop
	JobInterrupted = "interrupted" // the process that ran it is gone, or another took over
	JobSkipped     = "skipped"     // its time passed with nobody there to run it, and it is not caught up
)

// What made a job run.
const (
	JobBySchedule = "schedule"
	JobByCatchUp  = "catch_up" // its time had passed with nobody there
	JobByPerson   = "person"
)

// JobRun is one run of a job.
type JobRun struct {
	Number  uint64    `k:"1" json:"-"`
	Job     string    `k:"2" json:"job"`
	Fence   uint64    `k:"3" json:"-"`
	State   string    `k:"4" json:"state"`
	By      string    `k:"5" json:"by"`
	Due     time.Time `k:"6" json:"due,omitzero"` // the time of its schedule for which it ran
	Started time.Time `k:"7" json:"started"`
	Ended   time.Time `k:"8" json:"ended,omitzero"`
	Code    string    `k:"9" json:"code,omitempty"` // of the error that it ended with; its arguments may name people
}

// JobRuns holds the runs of jobs by number, the oldest ones only so long; index "job" is by the
// job's name and number.
var JobRuns = declare(Declaration[JobRun]{
	Name: "job_run", Letter: "j",
	Erase: Erase{Rule: EraseNone, Why: "names of jobs and connections, and codes of errors"},
	Key:   func(r *JobRun) []byte { return NumberKey(r.Number) },
	Indexes: []IndexOn[JobRun]{
		{Name: "job", Keys: func(r *JobRun) [][]byte { return [][]byte{Join(TextKey(r.Job), NumberKey(r.Number))} }},
	},
})

// PutJob stores what became of a job, with its run where there is one, and takes out the oldest of its
// runs beyond keep. A run without a number gets the next one. Like the read log this is no change
// itself: a job's changes are those that it makes.
func PutJob(tx Tx, j *Job, run *JobRun, keep int) error {
	if run != nil {
		if run.Number == 0 {
			n, err := tx.Next(JobRuns.Kind.Name)
			if err != nil {
				return err
			}
			run.Number, j.Run = n, n
		}
		if _, err := tx.Put(JobRuns.Kind, NumberKey(run.Number), run, AnyRevision); err != nil {
			return err
		}
		r := PrefixRange("job", TextKey(j.Name))
		r.Reverse, r.KeysOnly = true, true
		var old [][]byte
		n := 0
		for d, err := range tx.Scan(JobRuns.Kind, r) {
			if err != nil {
				return err
			}
			if n++; n > keep {
				old = append(old, d.Key)
			}
		}
		for _, k := range old {
			if _, err := tx.Delete(JobRuns.Kind, k); err != nil {
				return err
			}
		}
	}
	_, err := tx.Put(Jobs.Kind, TextKey(j.Name), j, AnyRevision)
	return err
}
