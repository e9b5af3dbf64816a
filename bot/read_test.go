package bot

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	due "github.com/keptcrm/kept/state/promise"
)

func TestReadPromise(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 20, 13, 30, 0, 0, time.UTC) // a Friday
	for said, want := range map[string]map[string]string{
		"Thanks for the call. I'll send you the revised quote by Thursday. Best, Wei": {"text": "I'll send you the revised quote by Thursday.", "when": "2026-11-26"},
		"I will call Jana back on Monday at 10:00.":                                   {"text": "I will call Jana back on Monday at 10:00.", "when": "2026-11-23 10:00"},
		"我周三前把样品寄给您。":                                                                 {"text": "我周三前把样品寄给您。", "when": "2026-11-25"},
		"Jana wants the black tripod":                                                 {"text": "Jana wants the black tripod"},
		"":                                                                            {"text": ""},
	} {
		if d := cmp.Diff(want, ReadPromise(said, at, "Europe/Berlin", nil)); d != "" {
			t.Errorf("%q (-want +got)\n%s", said, d)
		}
	}
	// The company's holidays are no working days.
	holiday, err := due.ParseHolidays([]byte("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART;VALUE=DATE:20261123\r\nSUMMARY:Outing\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	days, err := due.NewCalendar(due.CalendarRules{Files: []due.Holidays{holiday}})
	if err != nil {
		t.Fatal(err)
	}
	said := "I'll send it within 2 working days."
	if a, b := ReadPromise(said, at, "Europe/Berlin", nil)["when"], ReadPromise(said, at, "Europe/Berlin", days)["when"]; a != "2026-11-24" || b != "2026-11-25" {
		t.Errorf("%q, %q", a, b)
	}
}
