package promise

import (
	"errors"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the zones must be right wherever the tests run
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func moment(t testing.TB, s string, loc *time.Location) time.Time {
	t.Helper()
	m, err := time.ParseInLocation("2006-01-02 15:04", s, loc)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// show writes a due as the table has it: a day, or a day with a time, both as its own zone shows them; or the error's code.
func show(due Due, err error) string {
	var e *Error
	if errors.As(err, &e) {
		return strings.TrimPrefix(string(e.Code), "due_")
	}
	loc, zoneErr := time.LoadLocation(due.Zone)
	if zoneErr != nil {
		return zoneErr.Error()
	}
	if due.DateOnly {
		return due.At.In(loc).Format("Mon 2006-01-02")
	}
	return due.At.In(loc).Format("Mon 2006-01-02 15:04")
}

type dueCase struct{ words, want string }

func checkAll(t *testing.T, now, zoneName string, cases []dueCase) {
	t.Helper()
	loc := zone(t, zoneName)
	at := moment(t, now, loc)
	for _, c := range cases {
		due, err := ParseDue(c.words, at, loc)
		if got := show(due, err); got != c.want {
			t.Errorf("%s %s %q: got %s, want %s", zoneName, now, c.words, got, c.want)
		}
		if err == nil && (due.Text != strings.TrimSpace(c.words) || due.Zone != zoneName || due.At.Location() != time.UTC) {
			t.Errorf("%q: text %q, zone %q, at %v", c.words, due.Text, due.Zone, due.At)
		}
	}
}

func TestEnglish(t *testing.T) {
	t.Parallel()
	// A Friday morning.
	checkAll(t, "2026-11-20 10:30", "Europe/Berlin", []dueCase{
		{"today", "Fri 2026-11-20"}, {"by today", "Fri 2026-11-20"}, {"tonight", "Fri 2026-11-20"}, {"tonight at 8", "Fri 2026-11-20 20:00"},
		{"tomorrow", "Sat 2026-11-21"}, {"tomorrow noon", "Sat 2026-11-21 12:00"}, {"Tomorrow, 9am", "Sat 2026-11-21 09:00"},
		{"tomorrow morning at 9", "Sat 2026-11-21 09:00"}, {"tomorrow morning", "Sat 2026-11-21 12:00"}, {"the day after tomorrow", "Sun 2026-11-22"},
		{"this morning", "Fri 2026-11-20 12:00"}, {"this afternoon", "Fri 2026-11-20 18:00"}, {"this evening", "Fri 2026-11-20"},
		{"in the morning", "Sat 2026-11-21 12:00"}, {"later today", "Fri 2026-11-20"}, {"later in the day", "Fri 2026-11-20"},
		{"friday", "Fri 2026-11-20"}, {"by Friday", "Fri 2026-11-20"}, {"this friday", "Fri 2026-11-20"}, {"next friday", "Fri 2026-11-27"},
		{"friday 12:00", "Fri 2026-11-20 12:00"}, {"by friday 12:00", "Fri 2026-11-20 12:00"}, {"friday 9:00", "Fri 2026-11-27 09:00"},
		{"by friday noon", "Fri 2026-11-20 12:00"}, {"friday at 5pm", "Fri 2026-11-20 17:00"}, {"friday 5:30 pm", "Fri 2026-11-20 17:30"},
		{"friday at 5:30 p.m.", "Fri 2026-11-20 17:30"}, {"by 5pm on friday", "Fri 2026-11-20 17:00"}, {"friday at 5", "Fri 2026-11-20 17:00"},
		{"fri 05:30", "Fri 2026-11-27 05:30"}, {"friday 24:00", "Fri 2026-11-20"}, {"friday 00:00", "Fri 2026-11-27 00:00"},
		{"before friday", "Thu 2026-11-26"}, {"before friday noon", "Fri 2026-11-20 12:00"}, {"before monday", "Sun 2026-11-22"},
		{"until monday", "Mon 2026-11-23"}, {"on monday", "Mon 2026-11-23"}, {"no later than Monday", "Mon 2026-11-23"}, {"Monday at the latest", "Mon 2026-11-23"},
		{"next monday", "Mon 2026-11-23"}, {"wed", "Wed 2026-11-25"}, {"Weds 14:00", "Wed 2026-11-25 14:00"}, {"this coming sunday", "Sun 2026-11-22"},
		{"friday of this week", "Fri 2026-11-20"}, {"wednesday of this week", "past"}, {"tuesday next week", "Tue 2026-11-24"}, {"next week tuesday", "Tue 2026-11-24"},
		{"EOD", "Fri 2026-11-20"}, {"end of day", "Fri 2026-11-20"}, {"by the end of the day", "Fri 2026-11-20"}, {"COB", "Fri 2026-11-20 18:00"},
		{"by close of business tuesday", "Tue 2026-11-24 18:00"}, {"EOD monday", "Mon 2026-11-23"}, {"monday EOD", "Mon 2026-11-23"}, {"end of day tomorrow", "Sat 2026-11-21"},
		{"end of week", "Fri 2026-11-20"}, {"EOW", "Fri 2026-11-20"}, {"end of this week", "Fri 2026-11-20"}, {"by end of next week", "Fri 2026-11-27"},
		{"end of the month", "Mon 2026-11-30"}, {"EOM", "Mon 2026-11-30"}, {"end of next month", "Thu 2026-12-31"}, {"end of november", "Mon 2026-11-30"},
		{"end of quarter", "Thu 2026-12-31"}, {"end of next quarter", "Wed 2027-03-31"}, {"end of the year", "Thu 2026-12-31"}, {"EOY", "Thu 2026-12-31"},
		{"end of next year", "Fri 2027-12-31"}, {"end of Q1", "Wed 2027-03-31"}, {"Q1 2028", "Fri 2028-03-31"}, {"by Q4", "Thu 2026-12-31"},
		{"this week", "Fri 2026-11-20"}, {"next week", "Fri 2026-11-27"}, {"later this week", "Fri 2026-11-20"}, {"before next week", "Sun 2026-11-22"},
		{"early next week", "Wed 2026-11-25"}, {"mid next week", "Wed 2026-11-25"}, {"next month", "Thu 2026-12-31"}, {"mid december", "Tue 2026-12-15"},
		{"over the weekend", "Sun 2026-11-22"}, {"this weekend", "Sun 2026-11-22"}, {"by the weekend", "Fri 2026-11-20"}, {"next weekend", "Sun 2026-11-29"},
		{"in march", "Wed 2027-03-31"}, {"by May 2027", "Mon 2027-05-31"}, {"before march", "Sun 2027-02-28"}, {"november", "Mon 2026-11-30"},
		{"in 3 days", "Mon 2026-11-23"}, {"3 days", "Mon 2026-11-23"}, {"within two weeks", "Fri 2026-12-04"}, {"in two weeks", "Fri 2026-12-04"}, {"3d", "Mon 2026-11-23"},
		{"in a fortnight", "Fri 2026-12-04"}, {"in a month", "Sun 2026-12-20"}, {"in 3 weeks' time", "Fri 2026-12-11"}, {"in a couple of days", "Sun 2026-11-22"},
		{"in the next few days", "Mon 2026-11-23"}, {"within the next few days", "Mon 2026-11-23"}, {"in the next couple of hours", "Fri 2026-11-20 12:30"},
		{"within 3 working days", "Wed 2026-11-25"}, {"within 3 business days", "Wed 2026-11-25"}, {"one working day", "Mon 2026-11-23"}, {"next business day", "Mon 2026-11-23"},
		{"in twenty-one days", "Fri 2026-12-11"}, {"two weeks from monday", "Mon 2026-12-07"}, {"a week from today", "Fri 2026-11-27"}, {"3 days from now", "Mon 2026-11-23"},
		{"in 2 hours", "Fri 2026-11-20 12:30"}, {"in half an hour", "Fri 2026-11-20 11:00"}, {"within 1.5 hours", "Fri 2026-11-20 12:00"}, {"within 24 hours", "Sat 2026-11-21 10:30"},
		{"in 3 days at 14:00", "Mon 2026-11-23 14:00"}, {"within 2-3 business days", "Wed 2026-11-25"}, {"in 2 to 3 weeks", "Fri 2026-12-11"}, {"in one or two days", "Sun 2026-11-22"}, {"mid-December", "Tue 2026-12-15"}, {"in an hour", "Fri 2026-11-20 11:30"},
		{"Fri, Nov 27", "Fri 2026-11-27"}, {"on the 24th of November at noon", "Tue 2026-11-24 12:00"}, {"Nov 24 2026 5 pm", "Tue 2026-11-24 17:00"}, {"by next tuesday at 10", "Tue 2026-11-24 10:00"}, {"by end of may", "Mon 2027-05-31"},
		{"tomorrow EOD", "Sat 2026-11-21"}, {"1st of December", "Tue 2026-12-01"}, {"Dec 1st", "Tue 2026-12-01"}, {"in 10 min", "Fri 2026-11-20 10:40"}, {"by the end of the week", "Fri 2026-11-20"}, {"month end", "Mon 2026-11-30"},
		{"in 90 minutes", "Fri 2026-11-20 12:00"},
		{"24 Nov", "Tue 2026-11-24"}, {"Nov 24", "Tue 2026-11-24"}, {"Nov. 24", "Tue 2026-11-24"}, {"Nov 24th 2026", "Tue 2026-11-24"}, {"November 24, 2026", "Tue 2026-11-24"},
		{"the 24th of November", "Tue 2026-11-24"}, {"by Tue 24 Nov", "Tue 2026-11-24"}, {"Tuesday, 24 November 2026 at 14:00", "Tue 2026-11-24 14:00"},
		{"24 Nov 14:00", "Tue 2026-11-24 14:00"}, {"24-Nov-2026", "Tue 2026-11-24"}, {"24.11.2026", "Tue 2026-11-24"}, {"24.11.", "Tue 2026-11-24"}, {"24.11.26", "Tue 2026-11-24"},
		{"24.11. 9:15", "Tue 2026-11-24 09:15"}, {"2026-11-24", "Tue 2026-11-24"}, {"2026-11-24 14:00", "Tue 2026-11-24 14:00"}, {"2026-11-24T14:00", "Tue 2026-11-24 14:00"},
		{"2026-11-24T14:00:00", "Tue 2026-11-24 14:00"}, {"2026/11/24", "Tue 2026-11-24"}, {"11/24", "Tue 2026-11-24"}, {"24/11", "Tue 2026-11-24"}, {"11/24/2026", "Tue 2026-11-24"}, {"12/11/26", "ambiguous"},
		{"11/12", "ambiguous"}, {"12/12", "Sat 2026-12-12"}, {"31/31", "no_such_day"}, {"Mon 24 Nov", "ambiguous"}, {"tomorrow, friday", "ambiguous"},
		{"the 24th", "Tue 2026-11-24"}, {"by the 20th", "Fri 2026-11-20"}, {"the 19th", "Sat 2026-12-19"}, {"the 31st", "Thu 2026-12-31"}, {"the 20th at 9am", "Sun 2026-12-20 09:00"},
		{"the 24th of next month", "Thu 2026-12-24"}, {"the twenty-fourth", "Tue 2026-11-24"}, {"before the 24th", "Mon 2026-11-23"}, {"1 March", "Mon 2027-03-01"},
		{"monday morning", "Mon 2026-11-23 12:00"}, {"monday afternoon", "Mon 2026-11-23 18:00"}, {"monday evening", "Mon 2026-11-23"}, {"Friday afternoon", "Fri 2026-11-20 18:00"},
		{"half past two", "Fri 2026-11-20 14:30"}, {"tomorrow at half past two", "Sat 2026-11-21 14:30"}, {"quarter to nine", "Sat 2026-11-21 08:45"}, {"at quarter past 3", "Fri 2026-11-20 15:15"},
		{"first thing Monday", "Mon 2026-11-23 10:00"}, {"first thing Monday morning", "Mon 2026-11-23 10:00"}, {"first thing in the morning", "Sat 2026-11-21 10:00"}, {"first thing on Monday", "Mon 2026-11-23 10:00"},
		{"5pm", "Fri 2026-11-20 17:00"}, {"by 9:00", "Sat 2026-11-21 09:00"}, {"at 3 o'clock", "Fri 2026-11-20 15:00"}, {"12am tomorrow", "Sat 2026-11-21 00:00"}, {"noon", "Fri 2026-11-20 12:00"}, {"by midnight", "Fri 2026-11-20"},
		{"today or this weekend", "Sun 2026-11-22"}, {"monday or tuesday", "Tue 2026-11-24"}, {"by lunchtime tomorrow", "Sat 2026-11-21 13:00"},
		{"１１/２４", "Tue 2026-11-24"}, {"  by friday.", "Fri 2026-11-20"},
		{"yesterday", "past"}, {"last friday", "past"}, {"19 Nov", "past"}, {"today 9:00", "past"}, {"2025-01-01", "past"}, {"3 days ago", "past"}, {"19.11.2026", "past"}, {"1 Oct", "past"}, {"1 Sep", "Wed 2027-09-01"},
		{"31 Nov", "no_such_day"}, {"29 Feb 2027", "no_such_day"}, {"29 Feb", "no_such_day"}, {"2026-13-01", "no_such_day"}, {"0/0", "no_such_day"},
		{"", "not_understood"}, {"asap", "not_understood"}, {"soon", "not_understood"}, {"by firday", "not_understood"}, {"friday 25:00", "not_understood"}, {"by", "not_understood"},
		{"friday friday", "not_understood"}, {"5pm IST", "not_understood"}, {"in 99999 days", "not_understood"}, {"in 5000 years", "not_understood"}, {"friday the quote", "not_understood"}, {"after friday", "not_understood"},
	})
}

func TestEnglishOtherDays(t *testing.T) {
	t.Parallel()
	checkAll(t, "2026-11-21 20:00", "America/New_York", []dueCase{ // a Saturday evening
		{"friday", "Fri 2026-11-27"}, {"this friday", "Fri 2026-11-27"}, {"next friday", "Fri 2026-11-27"}, {"friday of this week", "past"}, {"this week", "Sun 2026-11-22"},
		{"by the weekend", "Fri 2026-11-27"}, {"11/12", "past"}, {"12/11", "Fri 2026-12-11"}, {"saturday", "Sat 2026-11-21"}, {"saturday noon", "Sat 2026-11-28 12:00"}, {"1/2/2027", "Sat 2027-01-02"},
	})
	checkAll(t, "2026-12-31 23:30", "Asia/Shanghai", []dueCase{ // year end
		{"today", "Thu 2026-12-31"}, {"tomorrow", "Fri 2027-01-01"}, {"in one hour", "Fri 2027-01-01 00:30"}, {"end of year", "Thu 2026-12-31"}, {"next year", "Fri 2027-12-31"}, {"jan 1", "Fri 2027-01-01"},
		{"1 jan", "Fri 2027-01-01"}, {"end of next month", "Sun 2027-01-31"}, {"in two months", "Sun 2027-02-28"}, {"the 30th", "Sat 2027-01-30"}, {"eoq", "Thu 2026-12-31"}, {"end of next quarter", "Wed 2027-03-31"}, {"31 dec", "Thu 2026-12-31"},
	})
	checkAll(t, "2027-01-05 08:00", "Australia/Lord_Howe", []dueCase{ // just after it
		{"20 Dec", "past"}, {"1 Nov", "Mon 2027-11-01"}, {"tuesday", "Tue 2027-01-05"}, {"the 31st", "Sun 2027-01-31"}, {"end of march", "Wed 2027-03-31"},
	})
	checkAll(t, "2028-02-10 08:00", "UTC", []dueCase{ // a leap year
		{"29 Feb", "Tue 2028-02-29"}, {"end of february", "Tue 2028-02-29"}, {"the 29th", "Tue 2028-02-29"}, {"the 30th", "Thu 2028-03-30"}, {"before march", "Tue 2028-02-29"}, {"end of month", "Tue 2028-02-29"}, {"in a year", "Sat 2029-02-10"},
	})
	checkAll(t, "2028-02-29 08:00", "UTC", []dueCase{{"in a year", "Wed 2029-02-28"}, {"in a month", "Wed 2028-03-29"}, {"today", "Tue 2028-02-29"}})
}

func TestChinese(t *testing.T) {
	t.Parallel()
	checkAll(t, "2026-11-20 10:30", "Asia/Shanghai", []dueCase{
		{"今天", "Fri 2026-11-20"}, {"今天之内", "Fri 2026-11-20"}, {"明天", "Sat 2026-11-21"}, {"明天前", "Sat 2026-11-21"}, {"后天", "Sun 2026-11-22"}, {"大后天", "Mon 2026-11-23"}, {"今晚", "Fri 2026-11-20"}, {"今晚八点", "Fri 2026-11-20 20:00"},
		{"明天上午十点", "Sat 2026-11-21 10:00"}, {"明天上午", "Sat 2026-11-21 12:00"}, {"下午3点半", "Fri 2026-11-20 15:30"}, {"下午３点半", "Fri 2026-11-20 15:30"}, {"明早", "Sat 2026-11-21 12:00"}, {"明早9点", "Sat 2026-11-21 09:00"}, {"明晚7点", "Sat 2026-11-21 19:00"},
		{"周五", "Fri 2026-11-20"}, {"周五前", "Fri 2026-11-20"}, {"周五上午九点前", "Fri 2026-11-27 09:00"}, {"本周五", "Fri 2026-11-20"}, {"这周五前", "Fri 2026-11-20"}, {"下周三前", "Wed 2026-11-25"}, {"下週三前", "Wed 2026-11-25"}, {"下下周一", "Mon 2026-11-30"},
		{"星期天", "Sun 2026-11-22"}, {"礼拜一", "Mon 2026-11-23"}, {"禮拜一", "Mon 2026-11-23"}, {"下个星期五", "Fri 2026-11-27"}, {"本周三", "past"}, {"上周五", "past"}, {"周日晚上", "Sun 2026-11-22"}, {"周一下午三点", "Mon 2026-11-23 15:00"},
		{"月底之前", "Mon 2026-11-30"}, {"月底", "Mon 2026-11-30"}, {"本月底", "Mon 2026-11-30"}, {"这个月底前", "Mon 2026-11-30"}, {"下个月底", "Thu 2026-12-31"}, {"下月底", "Thu 2026-12-31"}, {"年底", "Thu 2026-12-31"}, {"年底前", "Thu 2026-12-31"}, {"明年底", "Fri 2027-12-31"}, {"今年年底", "Thu 2026-12-31"},
		{"下个月", "Thu 2026-12-31"}, {"下个月15号", "Tue 2026-12-15"}, {"11月底", "Mon 2026-11-30"}, {"三月底前", "Wed 2027-03-31"}, {"下月初", "Mon 2026-12-07"}, {"月初", "Mon 2026-12-07"}, {"下个月中旬", "Sun 2026-12-20"}, {"季度末", "Thu 2026-12-31"}, {"本季度内", "Thu 2026-12-31"}, {"明年第一季度", "Wed 2027-03-31"},
		{"三天内", "Mon 2026-11-23"}, {"3天之内", "Mon 2026-11-23"}, {"三日内", "Mon 2026-11-23"}, {"三天后", "Mon 2026-11-23"}, {"两周内", "Fri 2026-12-04"}, {"两个星期内", "Fri 2026-12-04"}, {"一个月内", "Sun 2026-12-20"}, {"半个月内", "Sat 2026-12-05"}, {"三个工作日内", "Wed 2026-11-25"}, {"３个工作日内", "Wed 2026-11-25"}, {"十五个工作日内", "Fri 2026-12-11"},
		{"一小时内", "Fri 2026-11-20 11:30"}, {"半小时内", "Fri 2026-11-20 11:00"}, {"半个小时内", "Fri 2026-11-20 11:00"}, {"一个半小时内", "Fri 2026-11-20 12:00"}, {"24小时内", "Sat 2026-11-21 10:30"}, {"两个小时之内", "Fri 2026-11-20 12:30"}, {"十分钟内", "Fri 2026-11-20 10:40"}, {"这几天", "Mon 2026-11-23"}, {"这两天内", "Sun 2026-11-22"},
		{"11月24日", "Tue 2026-11-24"}, {"11月24号下午", "Tue 2026-11-24 18:00"}, {"十一月二十四日", "Tue 2026-11-24"}, {"１１月２４日前", "Tue 2026-11-24"}, {"2026年11月24日14:00", "Tue 2026-11-24 14:00"}, {"二〇二六年十一月二十四日", "Tue 2026-11-24"}, {"明年3月1日", "Mon 2027-03-01"}, {"11月24日（周二）", "not_understood"}, {"11月24日周二", "Tue 2026-11-24"}, {"11月24日周三", "ambiguous"},
		{"二十四号", "Tue 2026-11-24"}, {"廿四号", "Tue 2026-11-24"}, {"24号前", "Tue 2026-11-24"}, {"24号下午两点", "Tue 2026-11-24 14:00"}, {"19号", "Sat 2026-12-19"}, {"31号", "Thu 2026-12-31"}, {"11/24前", "Tue 2026-11-24"}, {"12/11前", "Fri 2026-12-11"}, {"2026-11-24前", "Tue 2026-11-24"},
		{"下周", "Fri 2026-11-27"}, {"下周内", "Fri 2026-11-27"}, {"本周内", "Fri 2026-11-20"}, {"周末前", "Fri 2026-11-20"}, {"周末", "Sun 2026-11-22"}, {"下周末之前", "Fri 2026-11-27"}, {"下周初", "Wed 2026-11-25"},
		{"一两天内", "Sun 2026-11-22"}, {"两三个工作日内", "Wed 2026-11-25"}, {"3-5天内", "Wed 2026-11-25"}, {"三到五个工作日内", "Fri 2026-11-27"}, {"下周五下午5点前", "Fri 2026-11-27 17:00"}, {"明天中午12点前", "Sat 2026-11-21 12:00"},
		{"11月24日上午10:30", "Tue 2026-11-24 10:30"}, {"今天下午", "Fri 2026-11-20 18:00"}, {"周五下班前", "Fri 2026-11-20 18:00"}, {"本周三之前", "past"}, {"星期一早上", "Mon 2026-11-23 12:00"}, {"月内", "Mon 2026-11-30"}, {"年内", "Thu 2026-12-31"}, {"下一周", "Fri 2026-11-27"},
		{"下班前", "Fri 2026-11-20 18:00"}, {"明天下班前", "Sat 2026-11-21 18:00"}, {"中午前", "Fri 2026-11-20 12:00"}, {"三点", "Fri 2026-11-20 15:00"}, {"晚上12点前", "Fri 2026-11-20"}, {"下午五点二十分", "Fri 2026-11-20 17:20"}, {"15：00前", "Fri 2026-11-20 15:00"}, {"凌晨两点", "Sat 2026-11-21 02:00"},
		{"截止到周五", "Fri 2026-11-20"}, {"最晚下周一", "Mon 2026-11-23"}, {"在周五之前", "Fri 2026-11-20"}, {"by 周五", "Fri 2026-11-20"}, {"周五之前。", "Fri 2026-11-20"},
		{"昨天", "past"}, {"三天前", "past"}, {"今天9点", "past"}, {"11月19日", "past"}, {"11月31日", "no_such_day"}, {"13月1日", "no_such_day"}, {"尽快", "not_understood"}, {"前", "not_understood"}, {"周五之后", "not_understood"}, {"周五发报价", "not_understood"},
	})
}

// A promise that is noted afterwards may have been due before now; where a coming day fits, that is meant.
func TestPast(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, berlin) // a Saturday
	for words, want := range map[string]string{
		"2026-11-01":               "2026-11-01 23:59",
		"2026-11-20 12:00":         "2026-11-20 12:00",
		"1 Nov 2020":               "2020-11-01 23:59",
		"yesterday":                "2026-11-20 23:59",
		"yesterday noon":           "2026-11-20 12:00",
		"the day before yesterday": "2026-11-19 23:59",
		"last friday":              "2026-11-20 23:59",
		"last saturday":            "2026-11-14 23:59",
		"昨天":                       "2026-11-20 23:59",
		"2026年11月1日":               "2026-11-01 23:59",
		"friday":                   "2026-11-27 23:59",
	} {
		due, err := Reader{Past: true}.Parse(words, now, berlin)
		if err != nil {
			t.Errorf("%q: %v", words, err)
			continue
		}
		if got := due.At.In(berlin).Format("2006-01-02 15:04"); got != want {
			t.Errorf("%q is %s, want %s", words, got, want)
		}
		if _, err := ParseDue(words, now, berlin); words != "friday" && err == nil {
			t.Errorf("%q: ahead of us, says ParseDue", words)
		}
	}
}

// People name times loosely, and in the ways of their country: Tuesday week, week 49, nxt wk, 3ish.
func TestLooseTimes(t *testing.T) {
	t.Parallel()
	checkAll(t, "2026-11-18 09:30", "Europe/London", []dueCase{
		{"tuesday week", "Tue 2026-12-01"},
		{"wednesday week", "Wed 2026-11-25"},
		{"sometime next week", "Fri 2026-11-27"},
		{"early tomorrow", "Thu 2026-11-19"},
		{"nxt wk", "Fri 2026-11-27"},
		{"2moro", "Thu 2026-11-19"},
		{"later this evening", "Wed 2026-11-18"},
		{"tomorrow between 2 and 4", "Thu 2026-11-19 16:00"},
		{"tomorrow 9-11am", "Thu 2026-11-19 11:00"},
		{"between monday and wednesday", "Wed 2026-11-25"},
		{"on or before 30 november", "Mon 2026-11-30"},
		{"the week of 30 november", "Fri 2026-12-04"},
		{"in week 49", "Fri 2026-12-04"},
		{"by CW 3", "Fri 2027-01-22"},
		{"in spring", "Mon 2027-05-31"},
		{"in early december", "Mon 2026-12-07"},
		{"over the course of next week", "Fri 2026-11-27"},
		{"within the week", "Fri 2026-11-20"},
		{"in the next hour", "Wed 2026-11-18 10:30"},
		{"within the next fortnight", "Wed 2026-12-02"},
		{"at the latest on friday", "Fri 2026-11-20"},
	})
}
