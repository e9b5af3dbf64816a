package cmd

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/cmd/internal/config"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// The findings of the doctor.
const (
	pass = "pass"
	warn = "warn"
	fail = "fail"
)

// finding is one line of "kept doctor".
type finding struct {
	Area  string `json:"area"` // configuration, calendar, state, connections, serving, slack, staff, clock, disk, terminal, version
	State string `json:"state"`
	What  string `json:"what"`
	Hint  string `json:"hint,omitempty"` // what to do, a command where there is one
}

// findings is what "kept doctor" answers.
type findings []finding

// doctorPatience is how long the doctor waits for a state that somebody else has and does not serve.
const doctorPatience = 3 * time.Second

func newDoctor(f *factory) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "what is in order, and what is not: configuration, state, connections, clock, disk",
		Long: "What is in order, and what is not: configuration, state, connections, staff, clock, disk, terminal.\n" +
			"Each line is pass, warn or FAIL, with what to do. Nothing is changed. Exit code 3 where anything\n" +
			"fails. It looks only at what shows at once; kept check reads the whole state.",
		Example: examples("doctor", "doctor --output json"),
		GroupID: groupCare,
		Args:    arguments(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			d := &doctor{f: f}
			d.look(c.Context())
			if err := f.show(d.card()); err != nil {
				return err
			}
			for _, x := range d.found {
				if x.State == fail {
					return told{&state.Error{Class: state.Findings, Code: "doctor_failed"}}
				}
			}
			return nil
		},
	}
}

type doctor struct {
	f     *factory
	area  string
	found findings
}

// say adds a finding: the text of its name, and with a warning or a failure that of its hint.
func (d *doctor) say(verdict, name string, args state.Args) {
	p := d.f.printer()
	x := finding{Area: d.area, State: verdict, What: p.T("doctor."+name, args)}
	if verdict != pass {
		x.Hint = p.T("doctor."+name+".hint", args)
	}
	d.found = append(d.found, x)
}

func (d *doctor) wrong(verdict string, err error) {
	d.found = append(d.found, finding{Area: d.area, State: verdict, What: d.f.printer().Error(err)})
}

func (d *doctor) look(ctx context.Context) {
	d.area = "version"
	d.say(pass, "version", state.Args{"version": version()})
	d.area = "configuration"
	s, err := d.f.settings()
	if err != nil {
		d.wrong(fail, err)
		d.terminal()
		return
	}
	if s.file.Path == "" {
		d.say(pass, "config_none", state.Args{"path": config.FilePath(d.f.o.Env)})
	} else {
		d.say(pass, "config", state.Args{"path": s.file.Path})
	}
	d.calendar(s)
	d.area = "disk"
	there := !missing(s.state)
	if there {
		d.files(s)
	}
	d.area = "state"
	switch {
	case !there:
		d.say(warn, "state_none", state.Args{"path": s.state})
	default:
		d.state(ctx, s)
	}
	d.terminal()
}

// files looks at the state file and its folder from outside.
func (d *doctor) files(s settings) {
	info, err := os.Stat(s.state)
	if err != nil {
		d.wrong(fail, fileProblem(s.state, err))
		return
	}
	mode := info.Mode().Perm()
	args := state.Args{"path": s.state, "quoted": shellWord(s.state), "mode": mode.String()}
	switch {
	case mode&0o077 != 0:
		d.say(warn, "mode", args)
	case mode&0o200 == 0:
		d.say(warn, "read_only", args)
	default:
		d.say(pass, "mode_ok", args)
	}
	dir := filepath.Dir(s.state)
	if own := filepath.Dir(config.StatePath(d.f.o.Env)); dir == own {
		if info, err := os.Stat(dir); err == nil && info.Mode().Perm()&0o077 != 0 {
			d.say(warn, "folder_mode", state.Args{"path": dir, "quoted": shellWord(dir), "mode": info.Mode().Perm().String()})
		}
	}
	probe, err := os.CreateTemp(dir, ".kept-doctor-*")
	if err != nil {
		d.say(warn, "folder_closed", state.Args{"path": dir, "quoted": shellWord(dir)})
	} else {
		_ = probe.Close() // it is empty, and goes
		_ = os.Remove(probe.Name())
	}
	room, ok := freeSpace(dir)
	if !ok {
		return
	}
	args = state.Args{"free": bytesText(room), "size": bytesText(info.Size()), "path": dir}
	// A compacted backup, and the growth of an import, need about as much again.
	switch {
	case room < 64<<20 || room < info.Size()/4:
		d.say(fail, "disk", args)
	case room < 2*info.Size():
		d.say(warn, "disk", args)
	default:
		d.say(pass, "disk", args)
	}
}

// state asks whoever has the state; it waits for nobody long.
func (d *doctor) state(ctx context.Context, s settings) {
	wait, cancel := context.WithTimeout(ctx, doctorPatience)
	defer cancel()
	table, err := d.f.api(wait, asking)
	var out service.DoctorOut
	if err == nil {
		out, err = table.Doctor(wait, service.DoctorIn{})
	}
	switch {
	case wait.Err() != nil && ctx.Err() == nil:
		d.say(fail, "locked", state.Args{"path": s.state})
		return
	case state.IsCode(err, "state_read_only") || state.IsCode(err, "state_not_writable"):
		d.wrong(warn, err)
		return
	case err != nil:
		d.wrong(fail, err)
		return
	}
	if d.f.access != nil && d.f.access.session != nil && !d.f.access.session.Holds() {
		d.say(pass, "held", nil)
	}
	size := state.Args{"path": s.state, "size": bytesText(out.Usage.Bytes), "free": bytesText(out.Usage.Free), "quoted": shellWord(s.state)}
	if out.Damage != "" {
		d.say(fail, "damage", state.Args{"collection": out.Damage})
		return
	}
	if out.Usage.Bytes > 16<<20 && out.Usage.Free > out.Usage.Bytes/2 {
		d.say(warn, "free", size)
	} else {
		d.say(pass, "size", size)
	}
	p := d.f.printer()
	if out.Scrub != "" {
		d.say(fail, "scrub", state.Args{"forgotten": out.Scrub})
	}
	if out.ReadsLost > 0 {
		d.say(warn, "reads_lost", state.Args{"count": p.Number(out.ReadsLost)})
	}
	switch {
	case out.Fixed:
	case len(out.Backups) == 0:
		d.say(warn, "backup_none", nil)
	case out.Now.Sub(out.Backups[0].At) > 7*24*time.Hour:
		d.say(warn, "backup_old", state.Args{"day": p.Day(out.Backups[0].At), "path": out.Backups[0].Path})
	default:
		d.say(pass, "backup", state.Args{"day": p.Day(out.Backups[0].At), "path": out.Backups[0].Path})
	}
	d.connections(s, out)
	d.serving(ctx, s, table)
	d.slack(s, out)
	d.outlets(ctx, table)
	d.area = "staff"
	args := state.Args{"count": p.Number(int64(out.Staff)), "logins": p.Number(int64(out.Logins)), "login": d.f.login(), "name": out.Actor}
	switch {
	case out.Staff == 0:
		d.say(warn, "staff_none", args)
	case out.Actor == "ops":
		d.say(warn, "actor_unknown", args)
	default:
		d.say(pass, "actor", args)
	}
	d.clock(out)
}

func (d *doctor) connections(s settings, out service.DoctorOut) {
	d.area = "connections"
	p := d.f.printer()
	synced := d.synced(s, out)
	if len(out.Connections) == 0 && len(synced) == 0 {
		d.say(warn, "connections_none", nil)
	}
	for _, c := range out.Connections {
		if synced[c.Name] {
			continue
		}
		args := state.Args{"name": c.Name, "type": c.Type, "run": c.Last, "source": c.Source, "unfinished": c.Unfinished, "folder": c.Folder}
		if !c.At.IsZero() {
			args["day"] = p.Day(c.At)
		}
		known := c.Name == state.OwnConnection
		for _, spec := range d.f.o.Specs {
			known = known || spec.Name == c.Type
		}
		gone := false
		if c.Folder != "" {
			_, err := os.Stat(c.Folder)
			gone = err != nil
		}
		switch {
		case !known:
			d.say(fail, "connection_type", args)
		case c.Unfinished != "":
			d.say(warn, "connection_unfinished", args)
		case gone:
			d.say(warn, "connection_folder", args)
		default:
			d.say(pass, "connection", args)
		}
	}
}

// synced tells of the connections that kept.yaml has, and gives their names.
func (d *doctor) synced(s settings, out service.DoctorOut) map[string]bool {
	names := map[string]bool{}
	p := d.f.printer()
	for _, c := range s.synced() {
		names[c.Name] = true
		var known service.DoctorConnection
		for _, x := range out.Connections {
			if x.Name == c.Name {
				known = x
			}
		}
		args := state.Args{"name": c.Name, "type": c.Type}
		if !known.Synced.IsZero() {
			args["at"] = p.Moment(known.Synced)
		}
		switch {
		case known.Trouble != "":
			args["why"] = p.Term("trouble", known.Trouble)
			if args["why"] == known.Trouble {
				args["why"] = "" // a code tells people nothing
			}
			d.say(fail, "connection_trouble", args)
		case d.f.sends(c.Type):
			d.say(pass, "connection_sends", args)
		case known.Name == "" || known.Synced.IsZero():
			d.say(warn, "connection_never", args)
		default:
			d.say(pass, "connection_synced", args)
		}
		if c.Optout.Stands() && cmp.Or(c.Mode, service.ModePull) == service.ModePull {
			d.say(warn, "connection_optout", state.Args{"name": c.Name, "type": c.Type, "mark": c.Optout.String()})
		}
		d.secretFiles(s, c.Name)
	}
	return names
}

// secretFiles warns of secrets that others on this machine can read.
func (d *doctor) secretFiles(s settings, name string) {
	var references []string
	for _, option := range sortedKeys(s.file.Connections[name].Options) {
		references = append(references, s.file.Connections[name].Options[option])
	}
	d.openSecrets(references...)
}

func (d *doctor) openSecrets(references ...string) {
	secrets := d.f.secrets()
	for _, reference := range references {
		path, ok := secrets.Path(reference)
		if !ok {
			continue
		}
		if info, err := os.Stat(path); err == nil && config.OthersRead(info) {
			d.say(warn, "secret_open", state.Args{"path": path, "quoted": shellWord(path)})
		}
	}
}

// clock compares the machine's time with what was written last.
func (d *doctor) clock(out service.DoctorOut) {
	d.area = "clock"
	p := d.f.printer()
	args := state.Args{"day": p.Day(out.Newest), "zone": out.Zone, "now": out.Now.UTC().Format(time.RFC3339)}
	switch {
	case out.Fixed:
		d.say(pass, "clock_fixed", args)
	case out.Newest.After(out.Now.Add(5 * time.Minute)):
		d.say(fail, "clock_behind", args)
	case out.Now.Year() < 2024:
		d.say(fail, "clock_behind", args)
	default:
		d.say(pass, "clock", args)
	}
}

func (d *doctor) terminal() {
	d.area = "terminal"
	width, ok := terminal(d.f.o.Out)
	p := d.f.printer()
	if !ok {
		d.say(pass, "no_terminal", nil)
		return
	}
	d.say(pass, "terminal", state.Args{"width": p.Number(int64(width))})
}

func (d *doctor) card() bot.Card {
	var rows []bot.Row
	for _, x := range d.found {
		mark, tone := x.State, dim
		switch x.State {
		case fail:
			mark, tone = "FAIL", alarm
		case warn:
			tone = strong
		}
		rows = append(rows, row("", tone(mark), plain(x.What)))
		if x.Hint != "" {
			rows = append(rows, row("", plain(""), dim(x.Hint)))
		}
	}
	return newSheet("", d.found).table("", 1, rows).card
}

// bytesText gives a size as people say it.
func bytesText(n int64) string {
	units := []string{"B", "KB", "MB", "GB", "TB"}
	v, i := float64(n), 0
	for v >= 1000 && i < len(units)-1 {
		v /= 1000
		i++
	}
	if i == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", v, units[i])
}
