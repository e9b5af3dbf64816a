package config

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/keptcrm/kept/cmd/internal/serve"
	"github.com/keptcrm/kept/state"
)

// Job is what kept.yaml says of one job, under jobs: and its name: its schedule alone, or some of the
// keys of [JobKeys].
type Job struct {
	At      string        // a schedule, or "off"; "" is not said
	Timeout time.Duration // 0 where it is not said
	Missed  string        // run, skip; "" is not said
	Folder  string        // of the backup job: where backups go
	Keep    int           // of the backup job: how many stay; 0 where it is not said
}

// Jobs is the section jobs:.
type Jobs struct {
	Zone string // in which schedules are read; "" is that of the file
	Jobs map[string]Job
}

// JobKeys are the keys that a job may have.
var JobKeys = []string{"at", "timeout", "missed", "folder", "keep"}

// JobOff is the schedule of a job that does not run by itself.
const JobOff = "off"

// The ways of a job whose time passed while nobody was there to run it.
const (
	MissedRun  = "run"
	MissedSkip = "skip"
)

// jobs reads the section; what jobs there are is checked by [File.CheckJobs].
func (f *File) jobs(n ast.Node, at fault) error {
	f.Jobs.Jobs = map[string]Job{}
	return f.pairs("jobs", n, at, func(name string, value ast.Node) error {
		line, column := position(value)
		if name == "zone" {
			v, ok := texts(value, false)
			if !ok || len(v) != 1 {
				return at("config_not_text", line, column, state.Args{"key": "jobs.zone"})
			}
			if f.Jobs.Zone, ok = Zone(v[0]); !ok {
				return at("bad_zone", line, column, state.Args{"key": "jobs.zone", "value": v[0]})
			}
			return nil
		}
		var j Job
		if _, several := mapping(value); several {
			err := f.pairs("jobs."+name, value, at, func(key string, value ast.Node) error {
				line, column := position(value)
				if !slices.Contains(JobKeys, key) {
					p := f.places["jobs."+name+"."+key]
					return at("config_unknown_key", p.line, p.column, state.Args{"key": "jobs." + name + "." + key, "near": Nearest(key, JobKeys), "keys": strings.Join(JobKeys, ", ")})
				}
				v, ok := scalars(value, false)
				if !ok || len(v) != 1 {
					return at("config_not_text", line, column, state.Args{"key": key})
				}
				if code, args := j.set(name, key, strings.TrimSpace(v[0])); code != "" {
					return at(code, line, column, args)
				}
				return nil
			})
			if err != nil {
				return err
			}
		} else {
			v, ok := scalars(value, false)
			if !ok || len(v) != 1 {
				return at("config_not_text", line, column, state.Args{"key": "jobs." + name})
			}
			if code, args := j.set(name, "at", strings.TrimSpace(v[0])); code != "" {
				return at(code, line, column, args)
			}
		}
		f.Jobs.Jobs[name] = j
		return nil
	})
}

func (j *Job) set(name, key, v string) (code string, args state.Args) {
	args = state.Args{"job": name, "key": key, "value": v}
	switch key {
	case "at":
		if slices.Contains([]string{JobOff, "false", "no"}, strings.ToLower(v)) {
			j.At = JobOff
			return "", nil
		}
		if _, ok := serve.ParseSchedule(v, time.UTC); !ok {
			return "config_schedule", args
		}
		j.At = v
	case "timeout":
		d, ok := Duration(v)
		if !ok {
			return "config_timeout", args
		}
		j.Timeout = d
	case "missed":
		choices := []string{MissedRun, MissedSkip}
		if !slices.Contains(choices, v) {
			args["choices"], args["near"] = strings.Join(choices, ", "), Nearest(v, choices)
			return "config_choice", args
		}
		j.Missed = v
	case "folder", "keep":
		if name != "backup" {
			return "config_job_key", args
		}
		if key == "folder" {
			j.Folder = v
			return "", nil
		}
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > 10000 {
			return "config_keep", args
		}
		j.Keep = n
	}
	return "", nil
}

// CheckJobs compares the jobs of the file with those that there are. The error names the place like
// those of [Parse].
func (f *File) CheckJobs(names []string) error {
	for _, name := range sorted(f.Jobs.Jobs) {
		if !slices.Contains(names, name) {
			return f.at("config_job", "jobs."+name, state.Args{"job": name, "near": Nearest(name, names), "jobs": strings.Join(names, ", ")})
		}
	}
	return nil
}
