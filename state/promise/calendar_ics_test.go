package promise

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// ics is a calendar file of events, each given as its lines between BEGIN and END.
func ics(events ...string) string {
	var b strings.Builder
	b.WriteString("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Nordlicht//EN\r\n")
	for i, e := range events {
		fmt.Fprintf(&b, "BEGIN:VEVENT\r\nUID:%d@nordlicht.example\r\n%s\r\nEND:VEVENT\r\n", i, strings.ReplaceAll(e, "\n", "\r\n"))
	}
	b.WriteString("END:VCALENDAR\r\n")
	return b.String()
}

// said lists what a file says of a year, days off with - and working days with +.
func said(h Holidays, year int) string {
	s := h.years[year]
	if s == nil {
		return ""
	}
	var out []string
	for d := day(year, time.January, 1); d.Year() == year; d = d.AddDate(0, 0, 1) {
		if s.off[d.YearDay()-1] {
			out = append(out, d.Format("-0102"))
		}
		if s.on[d.YearDay()-1] {
			out = append(out, d.Format("+0102"))
		}
	}
	return strings.Join(out, " ")
}

func TestParseHolidays(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct{ event, want string }{
		"a day":                 {"DTSTART;VALUE=DATE:20261224\nSUMMARY:closed", "-1224"},
		"the end is not in it":  {"DTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20261227", "-1224 -1225 -1226"},
		"a length":              {"DTSTART;VALUE=DATE:20261229\nDURATION:P2D", "-1229 -1230"},
		"weeks":                 {"DTSTART;VALUE=DATE:20261221\nDURATION:P1W", "-1221 -1222 -1223 -1224 -1225 -1226 -1227"},
		"over the year":         {"DTSTART;VALUE=DATE:20261230\nDTEND;VALUE=DATE:20270103", "-1230 -1231"},
		"from long ago":         {"DTSTART;VALUE=DATE:19991230\nDTEND;VALUE=DATE:20260103", strings.TrimPrefix("-0101 -0102", "")},
		"midnight to midnight":  {"DTSTART;TZID=Europe/Berlin:20261224T000000\nDTEND;TZID=Europe/Berlin:20261225T000000", "-1224"},
		"a time":                {"DTSTART:20261224T100000\nDTEND:20261224T110000", ""},
		"a midnight":            {"DTSTART:20261224T000000", ""},
		"hours":                 {"DTSTART:20261224T000000\nDURATION:PT8H", ""},
		"midnight of nobody":    {"DTSTART:20261224T000000Z\nDTEND:20261225T000000Z", ""},
		"every year":            {"DTSTART;VALUE=DATE:20201224\nRRULE:FREQ=YEARLY", "-1224"},
		"until it ended":        {"DTSTART;VALUE=DATE:20201224\nRRULE:FREQ=YEARLY;UNTIL=20251224", ""},
		"until that day":        {"DTSTART;VALUE=DATE:20201224\nRRULE:FREQ=YEARLY;UNTIL=20261224T000000Z", "-1224"},
		"nth weekday":           {"DTSTART;VALUE=DATE:20201127\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4FR", "-1127"},
		"last day of quarters":  {"DTSTART;VALUE=DATE:20260331\nRRULE:FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=-1", "-0331 -0630 -0930 -1231"},
		"three times":           {"DTSTART;VALUE=DATE:20261106\nRRULE:FREQ=WEEKLY;COUNT=3", "-1106 -1113 -1120"},
		"but for one":           {"DTSTART;VALUE=DATE:20261106\nRRULE:FREQ=WEEKLY;COUNT=3\nEXDATE;VALUE=DATE:20261113", "-1106 -1120"},
		"and another":           {"DTSTART;VALUE=DATE:20261106\nRDATE;VALUE=DATE:20261109,20261110", "-1106 -1109 -1110"},
		"leap days":             {"DTSTART;VALUE=DATE:20240229\nRRULE:FREQ=YEARLY", ""},
		"cancelled":             {"DTSTART;VALUE=DATE:20261224\nSTATUS:CANCELLED", ""},
		"an observance":         {"DTSTART;VALUE=DATE:20261224\nDESCRIPTION:Observance\\nTo hide observances", ""},
		"made up":               {"DTSTART;VALUE=DATE:20261226\nSUMMARY:元旦 补班 第1天/共1天", "+1226"},
		"folded":                {"DTSTART;VALUE=DA\n TE:2026\n 1224", "-1224"},
		"lower case":            {"dtstart;value=date:20261224\nrrule:freq=weekly;count=1", "-1224"},
		"a quoted parameter":    {"DTSTART;X=\"a:b;c\";VALUE=DATE:20261224", "-1224"},
		"an alarm of its own":   {"DTSTART;VALUE=DATE:20261224\nBEGIN:VALARM\nTRIGGER:-PT10M\nDTSTART:nonsense\nDURATION:PT5M\nEND:VALARM", "-1224"},
		"nothing that is a day": {"SUMMARY:nothing", ""},
	} {
		h, err := ParseHolidays([]byte(ics(x.event)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got := said(h, 2026); got != x.want {
			t.Errorf("%s: %s, want %s", name, got, x.want)
		}
	}
	h, err := ParseHolidays([]byte(ics("DTSTART;VALUE=DATE:20240229\nRRULE:FREQ=YEARLY")))
	if err != nil || said(h, 2028) != "-0229" || said(h, 2026) != "" {
		t.Error("a leap day comes every fourth year", err)
	}
}

// One instance of a recurring event that was moved is where it was moved to, and one that was cancelled is nowhere.
func TestMovedInstance(t *testing.T) {
	t.Parallel()
	text := strings.ReplaceAll(ics("DTSTART;VALUE=DATE:20261106\nRRULE:FREQ=WEEKLY;COUNT=3",
		"RECURRENCE-ID;VALUE=DATE:20261113\nDTSTART;VALUE=DATE:20261112", "RECURRENCE-ID;VALUE=DATE:20261120\nDTSTART;VALUE=DATE:20261120\nSTATUS:CANCELLED"), "UID:1@", "UID:0@")
	h, err := ParseHolidays([]byte(strings.ReplaceAll(text, "UID:2@", "UID:0@")))
	if got := said(h, 2026); err != nil || got != "-1106 -1112" {
		t.Errorf("%s, %v", got, err)
	}
}

// A byte order mark, bare line feeds, empty lines, several calendars in one file.
func TestHolidaysAsTheyCome(t *testing.T) {
	t.Parallel()
	one := ics("DTSTART;VALUE=DATE:20261224")
	for _, text := range []string{"\ufeff" + one, strings.ReplaceAll(one, "\r\n", "\n"), strings.ReplaceAll(one, "\r\n", "\r\n\r\n"), strings.TrimSpace(one), ics() + one, "\n\n" + one} {
		if h, err := ParseHolidays([]byte(text)); err != nil || said(h, 2026) != "-1224" {
			t.Errorf("%q: %s, %v", text, said(h, 2026), err)
		}
	}
}

func TestBadHolidays(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                          "calendar_no_file line=1",
		"name,date\nx,2026-12-24\n": "calendar_no_file line=1",
		"{\"holidays\": []}":        "calendar_no_file line=1",
		"BEGIN:VCARD\nEND:VCARD\n":  "calendar_no_file line=1",
		"BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\n":                                         "calendar_no_file line=3",
		"BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR\n":                                       "calendar_line line=3 value=END:VCALENDAR",
		"BEGIN:VCALENDAR\nBEGIN:VEVENT\nhello\nEND:VEVENT\nEND:VCALENDAR":                      "calendar_line line=3 value=hello",
		ics("DTSTART;VALUE=DATE:20261324"):                                                     "calendar_date line=6 value=20261324",
		ics("DTSTART;VALUE=DATE:20261224T100000"):                                              "calendar_date line=6 value=20261224T100000",
		ics("SUMMARY:a\n b\n c\nDTSTART:today"):                                                "calendar_date line=9 value=today",
		ics("DTSTART;VALUE=DATE:20261224\nDURATION:long"):                                      "calendar_date line=7 value=long",
		ics("DTSTART;VALUE=DATE:20261224\nEXDATE:20261224,x"):                                  "calendar_date line=7 value=x",
		ics("DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=SOMETIMES"):                               "calendar_rule line=7 value=FREQ=SOMETIMES",
		ics("DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=HOURLY"):                                  "calendar_rule line=7 value=FREQ=HOURLY",
		ics("DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=MONTHLY;BYDAY=-9MO"):                      "calendar_rule line=7 value=FREQ=MONTHLY;BYDAY=-9MO",
		ics("DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"):          "calendar_rule line=7 value=FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
		ics("DTSTART;VALUE=DATE:20000101\nDTEND;VALUE=DATE:20990101\nRRULE:FREQ=DAILY"):        "calendar_large line=4",
		ics("X:" + strings.Repeat("x", maxUnfolded+1)):                                         "calendar_large line=6",
		strings.Repeat(" ", MaxHolidays+1):                                                     "calendar_large line=1",
		ics(strings.Repeat("RRULE:FREQ=YEARLY\n", maxRules+1) + "DTSTART;VALUE=DATE:20261224"): "calendar_large line=4",
		ics("DTSTART:" + strings.Repeat("ü\x01", 100)):                                         "calendar_date line=6 value=" + strings.Repeat("ü ", 30) + "…",
		"BEGIN:VCALENDAR\n" + strings.Repeat("BEGIN:X\n", 100):                                 "calendar_no_file line=10",
	} {
		h, err := ParseHolidays([]byte(text))
		var e *Error
		if !errors.As(err, &e) || err.Error() != want || h.years != nil {
			t.Errorf("%.80q: got %v, want %s", text, err, want)
		}
	}
}

// A file holds for everybody, and more than a country does.
func TestCalendarFiles(t *testing.T) {
	t.Parallel()
	h, err := ParseHolidays([]byte(ics("DTSTART;VALUE=DATE:20261120\nSUMMARY:company day", "DTSTART;VALUE=DATE:20270925\nSUMMARY:国庆节 补班", "DTSTART;VALUE=DATE:20261003\nSUMMARY:inventory (make-up work)")))
	if err != nil {
		t.Fatal(err)
	}
	c := calendar(t, CalendarRules{Countries: []string{"CN", "DE"}, Files: []Holidays{h}})
	for date, want := range map[string]bool{"2026-11-20": false, "2026-11-19": true, "2027-09-25": true, "2026-10-03": true} {
		d, err := time.Parse(time.DateOnly, date)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Workday(d); got != want {
			t.Errorf("%s: %v", date, got)
		}
	}
	if !c.Known(2027) || c.Known(2028) {
		t.Error("a file with make-up working days makes a year known")
	}
}

func FuzzParseHolidays(f *testing.F) {
	for _, s := range []string{
		ics("DTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20261227\nSUMMARY:closed"), ics("DTSTART;VALUE=DATE:20261106\nRRULE:FREQ=WEEKLY;COUNT=3;BYDAY=FR,-1MO\nEXDATE:20261113"),
		ics("DTSTART;TZID=\"a:b\":20261224T000000\nDURATION:P1DT0S\n folded"), ics("RECURRENCE-ID:20261113\nDTSTART:20261112\nRDATE;VALUE=PERIOD:x"), "BEGIN:VCALENDAR\nEND:VCALENDAR", "",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		h, err := ParseHolidays(content)
		var e *Error
		if err != nil && (!errors.As(err, &e) || e.Args["line"] == "" || h.years != nil) {
			t.Fatalf("%q: %v", content, err)
		}
		if err == nil {
			c := &Calendar{files: []Holidays{h}}
			c.AddWorkdays(time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC), 3, nil)
		}
	})
}
