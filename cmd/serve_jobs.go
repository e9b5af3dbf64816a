package cmd

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/keptcrm/kept/cmd/internal/config"
	"github.com/keptcrm/kept/cmd/internal/serve"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// jobLine is one line of the table of jobs.
type jobLine struct {
	name     string        // as it stands in kept.yaml and is typed
	schedule string        // where kept.yaml says nothing else; five fields as in cron, or "@every 5m"
	jitter   time.Duration // within which a job begins later than its schedule says, always by the same time
	timeout  time.Duration // after which it is cut off
	skip     bool          // a run whose time passed with nobody there is left out; else one is made up for
	do       func(context.Context, service.API) error

	// each makes of the line one job for each connection, "sync shop"; in place of do.
	each func(connection string) func(context.Context, service.API) error
}

// jobLines is the one table of what "kept serve" does by itself. A job calls the service and returns its
// error; it goes on where it was when it was stopped, as it may be at any time.
func (f *factory) jobLines(s settings) []jobLine {
	return []jobLine{
		{name: "sync", schedule: "*/15 * * * *", jitter: time.Minute, timeout: 2 * time.Hour, each: func(connection string) func(context.Context, service.API) error {
			return func(ctx context.Context, api service.API) error {
				_, err := api.Sync(ctx, service.SyncIn{Connections: []string{connection}})
				return err
			}
		}},
		{name: "rules", schedule: "@every 5m", timeout: time.Hour, do: func(ctx context.Context, api service.API) error {
			_, err := api.FollowupRun(ctx, service.FollowupRunIn{})
			return err
		}},
		{name: "outbox", schedule: "@every 1m", timeout: 30 * time.Minute, skip: true, do: func(ctx context.Context, api service.API) error {
			_, err := api.OutboxSend(ctx, service.OutboxSendIn{})
			return err
		}},
		{name: "digest", schedule: "*/5 * * * *", jitter: time.Minute, timeout: 10 * time.Minute, skip: true, do: func(ctx context.Context, api service.API) error {
			_, err := api.DigestRun(ctx, service.DigestRunIn{})
			return err
		}},
		{name: "promises", schedule: "*/10 * * * *", jitter: time.Minute, timeout: 30 * time.Minute, do: func(ctx context.Context, api service.API) error {
			_, err := api.PromiseWatch(ctx, service.PromiseWatchIn{})
			return err
		}},
		{name: "backup", schedule: "0 3 * * *", jitter: 10 * time.Minute, timeout: 2 * time.Hour, do: func(ctx context.Context, api service.API) error {
			return f.backupJob(ctx, api, s)
		}},
		{name: "check", schedule: "0 4 * * 0", jitter: 30 * time.Minute, timeout: 4 * time.Hour, do: func(ctx context.Context, api service.API) error {
			out, err := api.Check(ctx, service.CheckIn{})
			if err == nil && len(out.Damages) > 0 {
				err = &state.Error{Class: state.Findings, Code: "damage_found"}
			}
			return err
		}},
	}
}

// jobNames are the names that jobs: of kept.yaml may have under these settings.
func (f *factory) jobNames(s settings) []string {
	var names []string
	for _, l := range f.jobLines(s) {
		names = append(names, l.name)
		if l.each != nil {
			for _, c := range f.toSync(s) {
				names = append(names, l.name+" "+c.Name)
			}
		}
	}
	return names
}

// jobs are the jobs that there are under these settings, in the order of the table.
func (f *factory) jobs(s settings) []serve.Job {
	loc, err := time.LoadLocation(cmp.Or(s.file.Jobs.Zone, s.zone))
	if err != nil { // the settings were checked
		loc = time.UTC
	}
	var out []serve.Job
	for _, l := range f.jobLines(s) {
		if l.each == nil {
			out = append(out, l.job(l.name, s, loc, l.do))
			continue
		}
		for _, c := range f.toSync(s) {
			out = append(out, l.job(l.name+" "+c.Name, s, loc, l.each(c.Name)))
		}
	}
	return out
}

// job makes a job of the line and of what kept.yaml says of it, of its own name before that of the line.
func (l jobLine) job(name string, s settings, loc *time.Location, do func(context.Context, service.API) error) serve.Job {
	own, all := s.file.Jobs.Jobs[name], s.file.Jobs.Jobs[l.name]
	at := cmp.Or(own.At, all.At, l.schedule)
	missed := cmp.Or(own.Missed, all.Missed)
	j := serve.Job{Name: name, Timeout: cmp.Or(own.Timeout, all.Timeout, l.timeout), Do: do,
		CatchUp: missed == config.MissedRun || missed == "" && !l.skip}
	if at != config.JobOff {
		j.Schedule, j.On = serve.ParseSchedule(at, loc)
		j.Schedule = j.Schedule.Shifted(name, l.jitter)
	}
	return j
}

// defaultBackups is how many backups of the job stay where kept.yaml does not say.
const defaultBackups = 14

// backupName begins and ends the names of the job's own backups; no other file is taken away.
const (
	backupStart = "kept-"
	backupEnd   = ".db"
)

// backupFolder is where the job puts backups: where kept.yaml says, else beside the state.
func (s settings) backupFolder() string {
	folder := s.file.Jobs.Jobs["backup"].Folder
	if folder == "" {
		return filepath.Join(filepath.Dir(s.state), "backups")
	}
	if !filepath.IsAbs(folder) {
		folder = filepath.Join(filepath.Dir(s.file.Path), folder)
	}
	return folder
}

// backupJob makes a backup and takes away the oldest of its own beyond those that stay.
func (f *factory) backupJob(ctx context.Context, api service.API, s settings) error {
	folder := s.backupFolder()
	bad := func(err error) error {
		return &state.Error{Class: state.Failed, Code: "backup_unwritable", Args: state.Args{"path": folder}, Cause: err}
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return bad(err)
	}
	stamp := f.o.Now().UTC().Format("20060102-150405")
	path := filepath.Join(folder, backupStart+stamp+backupEnd)
	size, err := f.backup(ctx, api, service.BackupIn{}, path, true)
	if err != nil {
		return err
	}
	f.noteBackup(ctx, api, path, size)
	all, err := os.ReadDir(folder)
	if err != nil {
		return bad(err)
	}
	var own []string
	for _, e := range all {
		rest, ok := strings.CutPrefix(e.Name(), backupStart)
		if rest, ok2 := strings.CutSuffix(rest, backupEnd); ok && ok2 && e.Type().IsRegular() {
			if _, err := time.Parse("20060102-150405", rest); err == nil {
				own = append(own, e.Name())
			}
		}
	}
	slices.Sort(own)
	keep := cmp.Or(s.file.Jobs.Jobs["backup"].Keep, defaultBackups)
	var wrong error
	for _, name := range own[:max(0, len(own)-keep)] {
		wrong = errors.Join(wrong, os.Remove(filepath.Join(folder, name)))
	}
	if wrong != nil {
		return bad(wrong)
	}
	return nil
}
