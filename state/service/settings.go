package service

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
)

// What holds where somebody chose nothing else.
const (
	digestAt      = "08:30"
	reminderLead  = "2h"
	quietHours    = "20:00-07:00"
	noQuiet       = "none"
	maxLead       = 48 * time.Hour
	settingOn     = "on"
	settingOff    = "off"
	questionsOnce = "digest"
	questionsNow  = "now"
)

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// SettingNames are what [Service.Settings] takes, in the order in which it is shown.
var SettingNames = []string{"digest", "at", "days", "reminders", "lead", "questions", "quiet", "language", "zone"}

// Settings gives how one of us is told things, and changes it where In says so. Their own are
// everybody's to change; those of others are who runs Kept's, and their manager's.
func (s *Service) Settings(ctx context.Context, in SettingsIn) (SettingsOut, error) {
	if len(in.Change) == 0 {
		return view(ctx, s, func(tx state.Tx, now time.Time) (SettingsOut, error) {
			out := SettingsOut{Changed: []string{}, Now: now}
			m, err := s.whose(ctx, tx, now, in.Staff)
			if err != nil {
				return out, err
			}
			x, err := settingsOf(tx, m)
			out.Settings = s.showSettings(m, x)
			return out, err
		})
	}
	return change(ctx, s, "staff.settings", state.Args{"ref": in.Staff}, func(w *state.Writer) (SettingsOut, error) {
		out := SettingsOut{Changed: []string{}, Now: w.Cause.At}
		m, err := s.whose(ctx, w.Tx(), w.Cause.At, in.Staff)
		if err != nil {
			return out, err
		}
		x, err := settingsOf(w.Tx(), m)
		if err != nil {
			return out, err
		}
		before, staff := s.showSettings(m, x), *m
		for _, name := range slices.Sorted(maps.Keys(in.Change)) {
			if err := set(m, x, name, strings.ToLower(strings.TrimSpace(in.Change[name])), in.Change[name]); err != nil {
				return out, err
			}
		}
		out.Settings = s.showSettings(m, x)
		was, is := settingValues(before), settingValues(out.Settings)
		for _, name := range SettingNames {
			if was[name] != is[name] {
				out.Changed = append(out.Changed, name)
			}
		}
		if err := state.StaffSettings.Put(w, x); err != nil {
			return out, err
		}
		if m.Language != staff.Language || m.Zone != staff.Zone {
			_, err = s.putStaff(w, m)
		}
		return out, err
	})
}

// settingValues are settings as they are typed.
func settingValues(x StaffSettings) map[string]string {
	return map[string]string{"digest": onOff(x.Digest), "at": x.At, "days": strings.Join(x.Days, ","), "reminders": onOff(x.Reminders), "lead": x.Lead,
		"questions": x.Questions, "quiet": x.Quiet, "language": x.Language, "zone": x.Zone}
}

func onOff(on bool) string {
	if on {
		return settingOn
	}
	return settingOff
}

// whose gives whom a call is about: the caller, or whom it names, where the caller may know.
func (s *Service) whose(ctx context.Context, tx state.Tx, now time.Time, ref string) (*state.Staff, error) {
	r, err := s.reader(ctx, tx)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(ref) == "" {
		if r.staff == nil {
			return nil, &state.Error{Class: state.Invalid, Code: "settings_whose"}
		}
		return r.staff, nil
	}
	m, err := s.staff(tx, ref)
	if err != nil {
		return nil, err
	}
	if r.staff == nil && CallerOf(ctx).From != FromChat || r.staff != nil && (r.staff.Number == m.Number || r.staff.Role == "ops" || m.Manager == r.staff.Number) {
		return m, nil
	}
	if r.staff != nil {
		if in, err := s.present(newLookup(tx, now), m); err != nil || in != nil && in.Number == r.staff.Number {
			return m, err
		}
	}
	return nil, &state.Error{Class: state.Forbidden, Code: "settings_of_others", Args: state.Args{"name": m.Name}}
}

// settingsOf gives what somebody chose.
func settingsOf(tx state.Tx, m *state.Staff) (*state.StaffSetting, error) {
	x, err := state.StaffSettings.Find(tx, state.NumberKey(m.Number))
	if x == nil {
		x = &state.StaffSetting{Staff: m.Number}
	}
	return x, err
}

// showSettings fills in the defaults. Who is told on standard output, where nobody may be looking, has no
// digest unless they want one.
func (s *Service) showSettings(m *state.Staff, x *state.StaffSetting) StaffSettings {
	way, _, _ := strings.Cut(s.notifyChannel(m), ":")
	return StaffSettings{Staff: state.StaffMembers.Ref(m.Number), Name: m.Name, Way: way,
		Digest: x.Digest == settingOn || x.Digest == "" && way != OutboxStdout, At: cmp.Or(x.At, digestAt), Days: append([]string{}, x.Days...),
		Reminders: x.Reminders == settingOn || x.Reminders == "" && way != OutboxStdout, Lead: cmp.Or(x.Lead, reminderLead),
		Questions: cmp.Or(x.Questions, questionsOnce), Quiet: cmp.Or(x.Quiet, quietHours),
		Language: cmp.Or(m.Language, s.config.Language, "en"), Zone: s.zone(m.Zone).String()}
}

// set changes one setting. typed is what was given, v in lower case; "default" takes back what was
// chosen.
func set(m *state.Staff, x *state.StaffSetting, name, v, typed string) error {
	bad := func(code string, args ...string) error {
		a := state.Args{}
		for i := 0; i+1 < len(args); i += 2 {
			a[args[i]] = args[i+1]
		}
		return &state.Error{Class: state.Invalid, Code: code, Args: a}
	}
	if v == "default" {
		v = ""
	}
	among := func(to *string, values ...string) error {
		if v != "" && !slices.Contains(values, v) {
			return bad("setting_among", "setting", name, "value", typed, "values", strings.Join(append(values, "default"), ", "))
		}
		*to = v
		return nil
	}
	switch name {
	case "digest":
		return among(&x.Digest, settingOn, settingOff)
	case "reminders":
		return among(&x.Reminders, settingOn, settingOff)
	case "questions":
		return among(&x.Questions, questionsOnce, questionsNow, settingOff)
	case "language":
		return among(&m.Language, languages...)
	case "at":
		if _, ok := timeOfDay(v); v != "" && !ok {
			return bad("setting_time", "value", typed)
		}
		x.At = v
		if h, ok := timeOfDay(v); ok {
			x.At = h.String()
		}
	case "days":
		days, ok := daysOf(v)
		if !ok {
			return bad("setting_days", "value", typed)
		}
		x.Days = days
	case "lead":
		d, err := time.ParseDuration(strings.ReplaceAll(v, " ", ""))
		if v != "" && (err != nil || d < 5*time.Minute || d > maxLead || d%time.Minute != 0) {
			return bad("setting_lead", "value", typed)
		}
		x.Lead = v
	case "quiet":
		if v == settingOff {
			v = noQuiet
		}
		from, until, ok := span(v)
		if v != "" && v != noQuiet && !ok {
			return bad("setting_quiet", "value", typed)
		}
		x.Quiet = v
		if ok {
			x.Quiet = from.String() + "-" + until.String()
		}
	case "zone":
		if _, ok := zoneByName(strings.TrimSpace(typed)); v != "" && !ok {
			return bad("unknown_zone", "zone", typed)
		}
		if m.Zone = strings.TrimSpace(typed); v == "" {
			m.Zone = ""
		}
	default:
		return bad("unknown_setting", "setting", name, "settings", strings.Join(SettingNames, ", "))
	}
	return nil
}

// daysOf reads "workdays", "daily" or "mon,wed"; no days stand for working days.
func daysOf(v string) (days []string, ok bool) {
	switch v {
	case "", "workdays", "working days":
		return nil, true
	case "daily", "all", "every day":
		return slices.Clone(weekdays), true
	}
	for _, d := range strings.FieldsFunc(v, func(r rune) bool { return r == ',' || r == ' ' || r == ';' || r == '，' || r == '、' }) {
		if len(d) < 3 || !slices.Contains(weekdays, d[:3]) {
			return nil, false
		}
		if !slices.Contains(days, d[:3]) {
			days = append(days, d[:3])
		}
	}
	slices.SortFunc(days, func(a, b string) int { return cmp.Compare(slices.Index(weekdays, a), slices.Index(weekdays, b)) })
	return days, len(days) > 0
}

// minutes is a time of day, since midnight.
type minutes int

func (m minutes) String() string {
	return time.Date(2000, 1, 1, int(m)/60, int(m)%60, 0, 0, time.UTC).Format("15:04")
}

// timeOfDay reads "8:30" or "08:30".
func timeOfDay(v string) (minutes, bool) {
	h, m, ok := strings.Cut(strings.ReplaceAll(v, "：", ":"), ":")
	hour, err := strconv.ParseUint(h, 10, 8)
	minute, err2 := strconv.ParseUint(m, 10, 8)
	if !ok || err != nil || err2 != nil || hour > 23 || minute > 59 || len(m) != 2 {
		return 0, false
	}
	return minutes(hour*60 + minute), true
}

// span reads "20:00-07:00".
func span(v string) (from, until minutes, ok bool) {
	v = strings.NewReplacer("–", "-", "—", "-", " ", "").Replace(v)
	a, b, ok := strings.Cut(v, "-")
	from, ok1 := timeOfDay(a)
	until, ok2 := timeOfDay(b)
	return from, until, ok && ok1 && ok2 && from != until
}
