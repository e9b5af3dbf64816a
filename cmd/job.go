package cmd

import (
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/cmd/internal/config"
	"github.com/keptcrm/kept/cmd/internal/serve"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

func newJob(f *factory) *cobra.Command {
	c := &cobra.Command{
		Use:   "job",
		Short: "what runs by itself while kept serve runs: when, and what became of it",
		Long: "What runs by itself while kept serve runs: syncs, backups, checks, promises, rules. When each runs is\n" +
			"said under jobs: of kept.yaml; what became of it is here.",
		Example: examples("job list", "job run backup", "job pause \"sync shop\"", "job history --limit 20"),
		GroupID: groupCare,
		Args:    cobra.ArbitraryArgs,
		RunE:    f.group,
	}
	c.AddCommand(newJobList(f), newJobRun(f), newJobPause(f, true), newJobPause(f, false), newJobHistory(f))
	return c
}

// listedJob is one line of "kept job list".
type listedJob struct {
	Name     string    `json:"name"`
	At       string    `json:"at"`            // its schedule, or "off"
	Next     time.Time `json:"next,omitzero"` // when it runs next by itself
	State    string    `json:"state"`         // of its last run; "never" where it never ran, "paused"
	Ran      time.Time `json:"ran,omitzero"`  // when its last run began
	Success  time.Time `json:"success,omitzero"`
	Fails    int64     `json:"fails"` // how often it did not come to its end well since then
	Code     string    `json:"code,omitempty"`
	Paused   bool      `json:"paused"`
	PausedBy string    `json:"paused_by,omitempty"`
	Unknown  bool      `json:"unknown,omitempty"` // it ran once and is configured no more
}

func newJobList(f *factory) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "each job with its schedule, its next run and what became of the last",
		Example: examples("job list", "job list --output json"),
		Args:    arguments(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := f.settings()
			if err != nil {
				return err
			}
			info, held := f.holder(c.Context(), s)
			var out service.JobListOut
			if held || !missing(s.state) {
				api, err := f.api(c.Context(), asking)
				if err != nil {
					return err
				}
				if out, err = api.JobList(c.Context(), service.JobListIn{}); err != nil {
					return err
				}
			}
			list := listJobs(f.jobs(s), out, f.o.Now())
			p := f.printer()
			var rows []bot.Row
			for _, j := range list {
				rows = append(rows, jobRow(p, j))
			}
			sheet := newSheet("", list).table("", 4, rows)
			if !held || !info.Resident {
				sheet.foot(p.T("jobs.nobody"))
			}
			return f.show(sheet.card)
		},
	}
}

// listJobs puts together what is configured and what became of it.
func listJobs(jobs []serve.Job, known service.JobListOut, now time.Time) []listedJob {
	out := []listedJob{}
	seen := map[string]bool{}
	line := func(name string) service.JobLine {
		for _, k := range known.Jobs {
			if k.Name == name {
				return k
			}
		}
		return service.JobLine{Name: name}
	}
	add := func(l listedJob, k service.JobLine) {
		l.State, l.Success, l.Fails, l.Code, l.PausedBy, l.Paused = "never", k.Success, k.Fails, k.Code, k.PausedBy, !k.Paused.IsZero()
		if k.Last != nil {
			l.State, l.Ran = k.Last.State, k.Last.Started
		}
		if l.Paused {
			l.Next = time.Time{}
		}
		out = append(out, l)
	}
	for _, j := range jobs {
		seen[j.Name] = true
		l := listedJob{Name: j.Name, At: config.JobOff}
		if j.On {
			l.At, l.Next = j.Schedule.String(), j.Schedule.Next(now)
		}
		add(l, line(j.Name))
	}
	for _, k := range known.Jobs {
		if !seen[k.Name] {
			add(listedJob{Name: k.Name, At: config.JobOff, Unknown: true}, k)
		}
	}
	return out
}

func jobRow(p *text.Printer, j listedJob) bot.Row {
	next := p.T("jobs.off")
	switch {
	case j.Unknown:
		next = p.T("jobs.gone")
	case j.Paused:
		next = p.T("jobs.paused", state.Args{"by": j.PausedBy})
	case !j.Next.IsZero():
		next = p.T("jobs.next", state.Args{"at": p.Moment(j.Next)})
	}
	last, tone := p.Term("job", j.State), dim
	if !j.Ran.IsZero() {
		last += " " + p.Moment(j.Ran)
	}
	if j.Fails > 0 {
		tone = alarm
		last = joined("; ", last, p.Count(j.Fails, "failure", "failures"), jobWhy(p, j.Code))
	}
	return row(j.Name, typed(j.Name), dim(j.At), plain(next), tone(last))
}

// jobWhy says why a job failed, where a code alone can be said.
func jobWhy(p *text.Printer, code string) string {
	if code == "" {
		return ""
	}
	if why := p.Term("trouble", code); why != code {
		return why
	}
	return "" // a code tells people nothing
}

func newJobRun(f *factory) *cobra.Command {
	return &cobra.Command{
		Use:   "run NAME",
		Short: "run a job now, and wait for its end",
		Long: "Run a job now, and wait for its end: in the serving process where there is one, else in this one.\n" +
			"A job that runs already is not run twice: exit code 5.",
		Example:           examples("job run backup", "job run \"sync shop\""),
		Args:              arguments(1, 1),
		ValidArgsFunction: f.completeJobs(1),
		RunE: func(c *cobra.Command, args []string) error {
			s, err := f.settings()
			if err != nil {
				return err
			}
			name, err := f.jobNamed(s, args[0])
			if err != nil {
				return err
			}
			bars := f.newBars()
			api, err := f.api(c.Context(), how{alone: true, jobs: true, work: "job run " + name, tell: bars.tell})
			if err != nil {
				return err
			}
			out, err := api.JobRun(c.Context(), service.JobRunIn{Job: name})
			bars.done()
			if err != nil {
				return err
			}
			return f.show(newSheet("", out).table("", 2, []bot.Row{f.jobRunRow(out.Run)}).card)
		},
	}
}

func (f *factory) jobRunRow(r service.JobRun) bot.Row {
	p := f.printer()
	tone := plain
	switch r.State {
	case state.JobFailed, state.JobCutOff:
		tone = alarm
	case state.JobRunning:
		tone = strong
	case state.JobSkipped:
		tone = dim
	}
	took := ""
	if !r.Ended.IsZero() && r.State != state.JobSkipped {
		took = r.Ended.Sub(r.Started).Round(time.Millisecond).String()
	}
	return row(r.Number, typed(r.Number), strong(r.Job), tone(joined(": ", p.Term("job", r.State), jobWhy(p, r.Code))),
		plain(p.Moment(r.Started)), dim(took), dim(p.Term("jobby", r.By)))
}

// jobNamed checks a job's name as it was typed.
func (f *factory) jobNamed(s settings, name string) (string, error) {
	name = strings.Join(strings.Fields(name), " ")
	var names []string
	for _, j := range f.jobs(s) {
		names = append(names, j.Name)
	}
	if !slices.Contains(names, name) {
		return "", fault(state.NotFound, "no_such_job", "job", name, "near", config.Nearest(name, names), "jobs", strings.Join(names, ", "))
	}
	return name, nil
}

func newJobPause(f *factory, pause bool) *cobra.Command {
	use, short := "resume NAME...", "let jobs run by themselves again"
	if pause {
		use, short = "pause NAME...", "keep jobs from running by themselves, until they are resumed"
	}
	verb, _, _ := strings.Cut(use, " ")
	did := "jobs.resume_done"
	if pause {
		did = "jobs.paused_done"
	}
	return &cobra.Command{
		Use: use, Short: short,
		Long:              strings.ToUpper(short[:1]) + short[1:] + ". A run that goes on is not stopped, and kept job run runs a paused job too.",
		Example:           examples("job "+verb+" backup", "job "+verb+" \"sync shop\""),
		Args:              arguments(1, -1),
		ValidArgsFunction: f.completeJobs(-1),
		RunE: func(c *cobra.Command, args []string) error {
			s, err := f.settings()
			if err != nil {
				return err
			}
			var in service.JobPauseIn
			for _, a := range args {
				name, err := f.jobNamed(s, a)
				if err != nil {
					return err
				}
				in.Jobs = append(in.Jobs, name)
			}
			api, err := f.api(c.Context(), adding)
			if err != nil {
				return err
			}
			call := api.JobResume
			if pause {
				call = api.JobPause
			}
			out, err := call(c.Context(), in)
			if err != nil {
				return err
			}
			p := f.printer()
			sheet := newSheet("", out).lines("", p.T(did, state.Args{"jobs": strings.Join(out.Jobs, ", ")}))
			if pause {
				sheet.foot(p.T("jobs.resume_with", state.Args{"jobs": quotedWords(out.Jobs)}))
			}
			return f.show(sheet.card)
		},
	}
}

func quotedWords(words []string) string {
	var out []string
	for _, w := range words {
		out = append(out, shellWord(w))
	}
	return strings.Join(out, " ")
}

func newJobHistory(f *factory) *cobra.Command {
	var in service.JobHistoryIn
	c := &cobra.Command{
		Use:               "history [NAME]",
		Short:             "the runs of one job, or of all, newest first",
		Example:           examples("job history", "job history \"sync shop\" --limit 5", "job history --output json"),
		Args:              arguments(0, 1),
		ValidArgsFunction: f.completeJobs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				in.Job = strings.Join(strings.Fields(args[0]), " ")
			}
			api, err := f.api(c.Context(), asking)
			if err != nil {
				return err
			}
			out, err := api.JobHistory(c.Context(), in)
			if err != nil {
				return err
			}
			if len(out.Runs) == 0 && in.Job != "" {
				s, err := f.settings()
				if err != nil {
					return err
				}
				if _, err := f.jobNamed(s, in.Job); err != nil {
					return err
				}
			}
			var rows []bot.Row
			for _, r := range out.Runs {
				rows = append(rows, f.jobRunRow(r))
			}
			sheet := newSheet("", out).table("", 2, rows)
			if len(rows) == 0 {
				sheet.lines("", f.printer().T("jobs.none"))
			}
			return f.show(sheet.card)
		},
	}
	c.Flags().IntVar(&in.Limit, "limit", 0, "at most `N` (default: 50)")
	return c
}

// completeJobs completes at most so many names of jobs; -1: any number. It reads kept.yaml alone.
func (f *factory) completeJobs(most int) validArgs {
	return func(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		s, err := f.settings()
		if err != nil || most >= 0 && len(args) >= most {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var names []string
		for _, j := range f.jobs(s) {
			if strings.HasPrefix(j.Name, typed) && !slices.Contains(args, j.Name) {
				names = append(names, j.Name+"\t"+j.Schedule.String())
			}
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}
