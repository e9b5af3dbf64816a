package cmd

import (
	"context"
	"strconv"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// serving says whether a process stays and does what is to be done, and which jobs do not do theirs.
func (d *doctor) serving(ctx context.Context, s settings, table service.API) {
	d.area = "serving"
	if info, ok := d.f.holder(ctx, s); ok && info.Resident {
		d.say(pass, "serving", state.Args{"pid": strconv.Itoa(info.PID)})
	} else {
		d.say(pass, "serving_none", nil)
	}
	if table.JobList == nil {
		return
	}
	out, err := table.JobList(ctx, service.JobListIn{})
	if err != nil {
		d.wrong(fail, err)
		return
	}
	p := d.f.printer()
	for _, j := range listJobs(d.f.jobs(s), out, d.f.o.Now()) {
		args := state.Args{"job": j.Name, "quoted": shellWord(j.Name), "count": strconv.FormatInt(j.Fails, 10), "why": jobWhy(p, j.Code), "by": j.PausedBy}
		switch {
		case j.Unknown:
		case j.Fails > 0:
			d.say(fail, "job_fails", args)
		case j.Paused:
			d.say(warn, "job_paused", args)
		}
	}
}
