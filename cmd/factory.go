package cmd

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/cmd/internal/config"
	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// factory makes what commands need when they need it: a command that asks nothing of the state
// neither reads kept.yaml nor opens a file.
type factory struct {
	o     Options
	flags globalFlags
	early string // the language asked for before flags are read, for help

	settings func() (settings, error)
	access   *access
	words    *text.Printer
}

// globalFlags are those that every command takes.
type globalFlags struct {
	state, config, output   string
	lang, zone, region      string
	noColor, verbose, quiet bool
	request                 string
}

func newFactory(args []string, o Options) *factory {
	if o.Env == nil {
		o.Env = func(string) string { return "" }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	f := &factory{o: o, early: earlyLanguage(args, o.Env)}
	f.reread()
	return f
}

// earlyLanguage is the language of help, which is made before flags and file are read.
func earlyLanguage(args []string, env config.Env) string {
	for i, a := range args {
		if a == "--" {
			break
		}
		if v, ok := strings.CutPrefix(a, "--lang="); ok {
			return v
		}
		if a == "--lang" && i+1 < len(args) {
			return args[i+1]
		}
	}
	return environmentLanguage(env)
}

func environmentLanguage(env config.Env) string {
	for _, name := range []string{"KEPT_LANG", "LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := env(name); v != "" {
			return v
		}
	}
	return ""
}

// setting is a value with where it comes from, as "kept config show" tells it.
type setting struct {
	Key   string `json:"key"`
	Value string `json:"value"`
	From  string `json:"from"` // "--state", "KEPT_STATE", "FILE:LINE", "default", "this machine"
}

// defaultReads is how many days it stays known who looked at whom.
const defaultReads = 400

// settings is what holds for this command: flag before environment before file before default.
type settings struct {
	file    config.File
	offers  map[string]string // by type: how its records could hold an opt-out
	state   string
	region  string
	zone    string
	asked   bool // whether the zone was asked for by flag or environment
	lang    string
	domains []string
	reads   time.Duration // how long it stays known who looked at whom
	shown   []setting
}

func (f *factory) resolve() (settings, error) {
	var s settings
	path, must := f.configPath()
	var err error
	if s.file, err = config.Load(path, must); err != nil {
		return s, err
	}
	s.offers = map[string]string{}
	for i := range f.o.Specs {
		s.offers[f.o.Specs[i].Name] = config.OptoutOffer(&f.o.Specs[i])
	}
	if err := s.file.CheckTypes(f.o.Specs); err != nil {
		return s, err
	}
	if err := s.file.CheckSlack(); err != nil {
		return s, err
	}
	show := func(key, value, from string) { s.shown = append(s.shown, setting{key, value, from}) }
	// pick takes the first of flag, environment and file that says something.
	pick := func(key, flag, flagValue, variable, fileValue string) (value, from string) {
		switch {
		case flagValue != "":
			return flagValue, "--" + flag
		case f.o.Env(variable) != "":
			return f.o.Env(variable), variable
		case fileValue != "":
			return fileValue, fmt.Sprintf("%s:%d", s.file.Path, s.file.Lines[key])
		}
		return "", ""
	}
	bad := func(code, value, from string) error {
		return &state.Error{Class: state.Invalid, Code: code, Args: state.Args{"value": value, "from": from}}
	}

	fileState := s.file.State
	if fileState != "" && !filepath.IsAbs(fileState) {
		fileState = filepath.Join(filepath.Dir(s.file.Path), fileState)
	}
	value, from := pick("state", "state", f.flags.state, "KEPT_STATE", fileState)
	if value == "" {
		value, from = config.StatePath(f.o.Env), "default"
	}
	if strings.Contains(value, "://") {
		return s, bad("state_url", value, from)
	}
	s.state = value
	show("state", value, from)

	if value, from = pick("region", "region", f.flags.region, "KEPT_REGION", s.file.Region); value != "" {
		ok := false
		if s.region, ok = config.Region(value); !ok {
			return s, bad("bad_region", value, from)
		}
	}
	show("region", s.region, from)

	value, from = pick("zone", "zone", f.flags.zone, "KEPT_ZONE", s.file.Zone)
	if value != "" {
		ok := false
		if s.zone, ok = config.Zone(value); !ok {
			return s, bad("bad_zone", value, from)
		}
		s.asked = from == "--zone" || from == "KEPT_ZONE"
	} else if s.zone, from = config.LocalZone(f.o.Env), "this machine"; s.zone == "" {
		s.zone, from = "UTC", "default"
	}
	show("zone", s.zone, from)

	value, from = pick("language", "lang", f.flags.lang, "KEPT_LANG", s.file.Language)
	if value != "" {
		ok := false
		if s.lang, ok = config.Language(value); !ok {
			return s, bad("bad_language", value, from)
		}
	} else {
		s.lang, from = text.Match(environmentLanguage(f.o.Env)), "this machine"
	}
	show("language", s.lang, from)

	s.reads, from = defaultReads*24*time.Hour, "default"
	if line := s.file.Lines["readlog"]; line > 0 {
		s.reads, from = time.Duration(s.file.ReadLogDays)*24*time.Hour, fmt.Sprintf("%s:%d", s.file.Path, line)
	}
	show("readlog", strconv.Itoa(int(s.reads/(24*time.Hour))), from)

	if err := s.file.CheckJobs(f.jobNames(s)); err != nil {
		return s, err
	}
	s.domains, from = s.file.Domains, ""
	if line := s.file.Lines["domains"]; line > 0 {
		from = fmt.Sprintf("%s:%d", s.file.Path, line)
	}
	show("domains", strings.Join(s.domains, ", "), from)
	s.showCalendar(show)
	s.showRules(show)
	s.showGate(show)
	s.showAccess(show)
	s.showNotify(show)
	if line := s.file.Lines["promises"]; line > 0 {
		show("promises", s.file.Promises.String(), fmt.Sprintf("%s:%d", s.file.Path, line))
	}
	s.showMail(show)
	s.showServe(show)
	return s, nil
}

// service gives the settings that the service wants to know.
func (s settings) service() service.Config {
	c := service.Config{Region: s.region, Zone: s.zone, Language: s.lang, Domains: s.domains, Ignore: s.file.Ignore, Calendar: s.file.WorkingDays,
		Gate: s.file.Gate, Country: connectors.CountryCode,
		Followups:   s.file.Followups,
		Promises:    s.file.Promises.Config(),
		Access:      s.file.Access,
		Connections: map[string]service.ConnectionConfig{}}
	c.Notice = bot.NoticeText("kept")
	c.Notify = service.NotifyConfig{Staff: s.file.Notify.Staff, Default: s.file.Notify.Default, Via: s.file.Notify.Via}
	for name, x := range s.file.Connections {
		// A system that keeps consent itself is told without being asked to hold it.
		mark, _ := service.ParseOptoutMark(cmp.Or(x.Optout, config.OwnConsent(s.offers[x.Type])))
		c.Connections[name] = service.ConnectionConfig{Mailbox: x.Mailbox, Owner: x.Owner, Ignore: x.Ignore, Brand: x.Brand, Optout: mark, OptoutOffer: s.offers[x.Type],
			Synced: x.Type != "", Writes: x.Mode == service.ModeTwoWay || x.Mode == service.ModePush}
	}
	return c
}

// printer makes texts in the reader's language; it works also where the settings are wrong.
func (f *factory) printer() *text.Printer {
	if f.words != nil {
		return f.words
	}
	lang, zone := f.early, ""
	if f.flags.lang != "" {
		lang = f.flags.lang
	}
	if s, err := f.settings(); err == nil {
		lang, zone = s.lang, s.zone
	}
	f.words = text.For(lang).In(zone, f.o.Now()).As(f.command())
	return f.words
}

// command is how the reader calls us, so that commands in texts work when they are pasted.
func (f *factory) command() string {
	words := []string{cmp.Or(f.o.Program, "kept")}
	if f.flags.state != "" {
		words = append(words, "--state", shellWord(f.flags.state))
	}
	if f.flags.config != "" {
		words = append(words, "--config", shellWord(f.flags.config))
	}
	return strings.Join(words, " ")
}

// shellWord quotes a word for a POSIX shell where it needs it.
func shellWord(w string) string {
	if w != "" && !strings.ContainsFunc(w, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("@%+=:,./-_\\~", r) || r > 0x7f)
	}) {
		return w
	}
	return "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
}

// talk says something to the person at the terminal, unless they want quiet.
func (f *factory) talk(line string) { fmt.Fprintln(f.o.Err, line) }

// hint is talk that --quiet silences.
func (f *factory) hint(line string) {
	if !f.flags.quiet && line != "" {
		f.talk(line)
	}
}

// api gives the service, as the holder of the state or through it.
func (f *factory) api(ctx context.Context, h how) (service.API, error) {
	if f.o.api != nil {
		return *f.o.api, nil
	}
	if f.access == nil {
		a, err := f.open(ctx, h)
		if err != nil {
			return service.API{}, err
		}
		f.access = a
	}
	return f.access.api(), nil
}

func (f *factory) close() error {
	if f.access == nil {
		return nil
	}
	a := f.access
	f.access = nil
	return a.close()
}
