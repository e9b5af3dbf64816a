package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/promise"
)

const closedFile = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20261120\r\nSUMMARY:Betriebsausflug\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"

func load(t *testing.T, kept string, files map[string]string) (File, error) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "kept.yaml")
	files["kept.yaml"] = kept
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f, err := Load(path, true)
	if f.Path != "" && f.Path != path {
		t.Errorf("path %q", f.Path)
	}
	return f, err
}

func TestCalendar(t *testing.T) {
	t.Parallel()
	f, err := load(t, "calendar: {countries: [cn, DE-SH], files: [ours.ics], hours: \"09:00-18:00, fri 09:00-15:00\", weekend: [Friday, sat]}\n", map[string]string{"ours.ics": closedFile})
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Calendar.String(); got != "CN, DE-SH; ours.ics; 09:00-18:00, fri 09:00-15:00; weekend fri, sat" {
		t.Error(got)
	}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for date, want := range map[string]bool{"2026-11-18": true, "2026-11-20": false, "2026-11-22": true, "2026-11-27": false, "2026-12-24": true, "2026-12-25": false} {
		day, err := time.ParseInLocation(time.DateOnly, date, berlin)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.WorkingDays.Workday(day); got != want {
			t.Errorf("%s: worked %v", date, got)
		}
	}
	if f, err = load(t, "zone: UTC\n", map[string]string{}); err != nil || f.WorkingDays != nil {
		t.Errorf("nothing said: %v, %v", f.WorkingDays, err)
	}
	f, err = load(t, "calendar:\n  weekend: []\n", map[string]string{})
	if err != nil || !f.WorkingDays.Workday(time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("a week without a weekend: %v", err)
	}
	f, err = load(t, "calendar:\n", map[string]string{})
	if err != nil || f.WorkingDays.Workday(time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("an empty section: %v", err)
	}
}

// What is wrong with a calendar file is told with its line, and where kept.yaml names it.
func TestCalendarFileFaults(t *testing.T) {
	t.Parallel()
	for _, x := range []struct{ content, code, line, value string }{
		{strings.ReplaceAll(closedFile, "20261120", "20261320"), "calendar_date", "3", "20261320"},
		{strings.ReplaceAll(closedFile, "SUMMARY:", "RRULE:FREQ=NEVER;X="), "calendar_rule", "4", "FREQ=NEVER;X=Betriebsausflug"},
		{"date,name\n2026-11-20,Ausflug\n", "calendar_no_file", "1", ""},
		{"BEGIN:VCALENDAR\nBEGIN:VEVENT\n", "calendar_no_file", "2", ""},
		{strings.ReplaceAll(closedFile, "SUMMARY:", "SUMMARY "), "calendar_line", "4", "SUMMARY Betriebsausflug"},
		{strings.Repeat("\n", promise.MaxHolidays+1), "calendar_large", "1", ""},
	} {
		_, err := load(t, "zone: UTC\ncalendar:\n  files: [ours.ics]\n", map[string]string{"ours.ics": x.content})
		e := state.AsError(err)
		if e == nil || e.Code != x.code || e.Class != state.Invalid || e.Args["at"] != x.line || e.Args["value"] != x.value || e.Args["line"] != "3" || filepath.Base(e.Args["file"]) != "ours.ics" {
			t.Errorf("%.40q: %v %v", x.content, err, e.Args)
		}
	}
	if _, err := load(t, "calendar:\n  files: gone.ics\n", map[string]string{}); !state.IsCode(err, "calendar_missing") || state.AsError(err).Args["column"] != "10" {
		t.Errorf("a file that is not there: %v", err)
	}
	if _, err := load(t, "calendar:\n  files: [.]\n", map[string]string{}); !state.IsCode(err, "calendar_unreadable") {
		t.Errorf("a folder: %v", err)
	}
}
