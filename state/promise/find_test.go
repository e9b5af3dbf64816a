package promise

import (
	"testing"
	"time"
)

func TestFindDue(t *testing.T) {
	t.Parallel()
	loc := zone(t, "Europe/Berlin")
	now := moment(t, "2026-11-20 10:30", loc)
	for _, c := range []struct{ text, words, want string }{
		{"I'll send the quote by Friday noon, Jana.", "by Friday noon", "Fri 2026-11-20 12:00"},
		{"I'll look at it and get back to you first thing Monday.", "first thing Monday", "Mon 2026-11-23 10:00"},
		{"I'll get you my comments first thing Monday morning.", "first thing Monday morning", "Mon 2026-11-23 10:00"},
		{"I will send an e:mail later in the day to see when we can meet.", "later in the day", "Fri 2026-11-20"},
		{"We will get this to you by Friday of this week, so that you have it when he is in on Monday.", "by Friday of this week", "Fri 2026-11-20"},
		{"I'll call again on Friday.", "on Friday", "Fri 2026-11-20"},
		{"I shall send you more information regarding the dinner later this week.", "later this week", "Fri 2026-11-20"},
		{"I'll work on the agreement today or this weekend so we will have something.", "today or this weekend", "Sun 2026-11-22"},
		{"I will call you tomorrow after I talk with Sheri.", "tomorrow", "Sat 2026-11-21"},
		{"I shall give you a call within the next few days to update you.", "within the next few days", "Mon 2026-11-23"},
		{"I shall spend more time on it over the weekend and if I see a problem I call.", "over the weekend", "Sun 2026-11-22"},
		{"I'll be sending out an email on this in the next couple of hours.", "in the next couple of hours", "Fri 2026-11-20 12:30"},
		{"I will call you Friday afternoon after landing.", "Friday afternoon", "Fri 2026-11-20 18:00"},
		{"Thanks for the call today, you have the offer by Tuesday 5pm.", "by Tuesday 5pm", "Tue 2026-11-24 17:00"},
		{"After Monday I travel, so it will be on Thursday", "on Thursday", "Thu 2026-11-26"},
		{"As I said last Friday, Wednesday is fine", "Wednesday", "Wed 2026-11-25"},
		{"Happy hour tomorrow at the Blue Agave", "tomorrow", "Sat 2026-11-21"},
		{"We'll start over tomorrow.", "tomorrow", "Sat 2026-11-21"},
		{"The dinner is on the night of the December 3.", "December 3", "Thu 2026-12-03"},
		{"Call me at 9 in the evening", "at 9 in the evening", "Fri 2026-11-20 21:00"},
		{"Der Preis: 24.11.2026 — ok", "24.11.2026", "Tue 2026-11-24"},
		{"Köhler 😀 gets it by 24 Nov.", "by 24 Nov", "Tue 2026-11-24"},
		{"سأرسل by next week شكرا", "by next week", "Fri 2026-11-27"},
		{"我们下周三前把报价发给您", "下周三前", "Wed 2026-11-25"},
		{"您好，月底之前一定交货。", "月底之前", "Mon 2026-11-30"},
		{"三个工作日内回复您😀", "三个工作日内", "Wed 2026-11-25"},
		{"今天谢谢您，我明天上午十点前给您电话", "明天上午十点前", "Sat 2026-11-21 10:00"},
		{"我们周五前往柏林", "周五", "Fri 2026-11-20"},
		{"我會在下週三之前寄出", "在下週三之前", "Wed 2026-11-25"},
		{"李伟 sends the sample by 周五 for sure", "by 周五", "Fri 2026-11-20"},
	} {
		due, start, end, ok := FindDue(c.text, now, loc)
		if !ok {
			t.Errorf("%q: nothing found", c.text)
			continue
		}
		if got := c.text[start:end]; got != c.words || due.Text != c.words || show(due, nil) != c.want {
			t.Errorf("%q: got %q (%q) %s, want %q %s", c.text, got, due.Text, show(due, nil), c.words, c.want)
		}
	}
	for _, text := range []string{
		"", "Good morning, Jana", "it may work, we march on", "version 2.11 and 10.0.0.1", "we are here 24/7", "the second option", "the 24th floor is nice",
		"I sat in the sun", "which one do you want", "let me know if one afternoon works", "the rest of us", "3 days of work", "a score of 3:15", "€ 12.50 each", "from Monday on", "since Friday", "yesterday's mail", "Friday's meeting", "at 5 euros each",
		"every Monday", "phone +49 451 901820", "asap", "see you later", "order 2026-11-24-17", "the price fell 5/6",
		"快一点", "十分感谢", "一点问题也没有", "两周的工作", "三天前已经发了", "周五之后再说", "一周一次的会议之后", "昨天", "3号楼", "每周五开会", "每个星期一", "尽快给您",
	} {
		if due, start, end, ok := FindDue(text, now, loc); ok {
			t.Errorf("%q: found %q %s", text, text[start:end], show(due, nil))
		}
	}
}

func TestSplitCommand(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		words     []string
		text, due string
		ok        bool
	}{
		{[]string{"send the quote", "by", "friday", "12:00"}, "send the quote", "by friday 12:00", true},
		{[]string{"by", "tuesday"}, "", "by tuesday", true},
		{[]string{"send", "the", "quote", "by", "friday"}, "send the quote", "by friday", true},
		{[]string{"stand by Jana by friday"}, "stand by Jana by friday", "", false},
		{[]string{"stand", "by", "Jana", "on", "friday"}, "stand by Jana", "on friday", true},
		{[]string{"send the quote", "by", "firday"}, "send the quote", "by firday", true},
		{[]string{"send", "it", "by", "firday"}, "send it", "by firday", true},
		{[]string{"send the quote", "on", "firday"}, "send the quote", "on firday", true},
		{[]string{"send", "a", "book", "on", "stars"}, "send a book on stars", "", false},
		{[]string{"send the quote", "tomorrow"}, "send the quote", "tomorrow", true},
		{[]string{"send the quote", "within", "3", "working", "days"}, "send the quote", "within 3 working days", true},
		{[]string{"send the quote", "before", "31", "Nov"}, "send the quote", "before 31 Nov", true},
		{[]string{"quote", "by", "5", "may", "2020"}, "quote", "by 5 may 2020", true},
		{[]string{"call back"}, "call back", "", false},
		{[]string{"by"}, "by", "", false},
		{nil, "", "", false},
		{[]string{"发报价", "周五前"}, "发报价", "周五前", true},
		{[]string{"周五之前", "发报价"}, "发报价", "周五之前", true},
		{[]string{"周五前发报价"}, "发报价", "周五前", true},
		{[]string{"发报价", "by", "周五"}, "发报价", "by 周五", true},
		{[]string{"发报价", "下周三", "上午十点前"}, "发报价", "下周三 上午十点前", true},
	} {
		text, due, ok := SplitCommand(c.words)
		if text != c.text || due != c.due || ok != c.ok {
			t.Errorf("%q: got %q, %q, %v", c.words, text, due, ok)
		}
	}
}

func TestClockChanges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, now, words, want string }{
		{"Europe/Berlin", "2026-03-28 12:00", "tomorrow", "2026-03-29T21:59:59Z"},       // a day of 23 hours ends in summer time
		{"Europe/Berlin", "2026-03-28 12:00", "tomorrow 02:30", "2026-03-29T01:00:00Z"}, // skipped: the moment of the jump
		{"Europe/Berlin", "2026-03-28 12:00", "tomorrow 03:00", "2026-03-29T01:00:00Z"},
		{"Europe/Berlin", "2026-03-28 12:00", "in 24 hours", "2026-03-29T11:00:00Z"},    // 13:00 on the wall
		{"Europe/Berlin", "2026-10-24 12:00", "tomorrow 02:30", "2026-10-25T01:30:00Z"}, // shown twice: the second
		{"Europe/Berlin", "2026-10-24 12:00", "tomorrow", "2026-10-25T22:59:59Z"},
		{"Europe/Berlin", "2026-10-24 12:00", "monday noon", "2026-10-26T11:00:00Z"},
		{"America/New_York", "2026-03-07 09:00", "tomorrow 2:30am", "2026-03-08T07:00:00Z"},
		{"America/New_York", "2026-03-07 09:00", "monday 9:00", "2026-03-09T13:00:00Z"},
		{"America/New_York", "2026-10-31 09:00", "tomorrow 01:30", "2026-11-01T06:30:00Z"},
		{"America/New_York", "2026-10-31 09:00", "tomorrow", "2026-11-02T04:59:59Z"},
		{"Asia/Shanghai", "2026-03-28 12:00", "明天两点半", "2026-03-29T06:30:00Z"},
		{"Asia/Shanghai", "2026-12-31 12:00", "今天", "2026-12-31T15:59:59Z"},
		{"Australia/Lord_Howe", "2026-10-03 12:00", "tomorrow 02:15", "2026-10-03T15:30:00Z"}, // half an hour is skipped
		{"Australia/Lord_Howe", "2026-10-03 12:00", "tomorrow", "2026-10-04T12:59:59Z"},
		{"Australia/Lord_Howe", "2026-04-04 12:00", "tomorrow 01:45", "2026-04-04T15:15:00Z"},
		{"Australia/Lord_Howe", "2026-04-04 12:00", "tomorrow", "2026-04-05T13:29:59Z"},
		{"Africa/Cairo", "2026-04-23 12:00", "today", "2026-04-23T21:59:59Z"}, // midnight itself is skipped
	} {
		loc := zone(t, c.zone)
		due, err := ParseDue(c.words, moment(t, c.now, loc), loc)
		if got := due.At.Format(time.RFC3339); err != nil || got != c.want {
			t.Errorf("%s %s %q: got %s, %v, want %s", c.zone, c.now, c.words, got, err, c.want)
		}
	}
}

func TestLate(t *testing.T) {
	t.Parallel()
	loc := zone(t, "Asia/Shanghai")
	now := moment(t, "2026-11-20 10:30", loc)
	day, err := ParseDue("friday", now, loc)
	if err != nil {
		t.Fatal(err)
	}
	midnight := moment(t, "2026-11-21 00:00", loc)
	if Late(day, midnight.Add(-time.Nanosecond)) || !Late(day, midnight) {
		t.Error("a day must be late exactly when it has ended in its zone")
	}
	clock, err := ParseDue("friday 12:00", now, loc)
	if err != nil {
		t.Fatal(err)
	}
	noon := moment(t, "2026-11-20 12:00", loc)
	if Late(clock, noon) || !Late(clock, noon.Add(time.Nanosecond)) {
		t.Error("a time must be late after its moment, not at it")
	}
}

func TestReaderCalendar(t *testing.T) {
	t.Parallel()
	loc := zone(t, "Asia/Shanghai")
	now := moment(t, "2026-11-20 10:30", loc)
	own := newDaySet(2026)
	own.rest(day(2026, time.November, 23))
	own.work(day(2026, time.November, 21))
	r := Reader{Calendar: &Calendar{weekend: [7]bool{true, 6: true}, files: []Holidays{{years: map[int]*daySet{2026: own}}}}}
	for words, want := range map[string]string{"一个工作日内": "Sat 2026-11-21", "within 2 working days": "Tue 2026-11-24", "within two days": "Sun 2026-11-22"} {
		if due, err := r.Parse(words, now, loc); show(due, err) != want {
			t.Errorf("%q: got %s, want %s", words, show(due, err), want)
		}
	}
	if due, err := (Reader{Calendar: &Calendar{weekend: [7]bool{true, true, true, true, true, true, true}}}).Parse("in 3 working days", now, loc); show(due, err) != "not_understood" {
		t.Errorf("a calendar without working days: %s", show(due, err))
	}
	if due, err := (Reader{MonthFirst: true}).Parse("12/11", now, loc); show(due, err) != "Fri 2026-12-11" {
		t.Errorf("month first: %s", show(due, err))
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	loc := zone(t, "Europe/Berlin")
	now := moment(t, "2026-11-20 10:30", loc)
	for words, want := range map[string]string{
		"by 12/11":       "due_ambiguous first=2026-12-11 second=2026-11-12 words=by 12/11",
		"Mon 24 Nov":     "due_ambiguous first=2026-11-24 second=2026-11-23 words=Mon 24 Nov",
		"today 9:00":     "due_past at=2026-11-20T09:00:00+01:00 words=today 9:00",
		" blursday ":     "due_not_understood words=blursday",
		"before 31.11.":  "due_no_such_day words=before 31.11.",
		"last wednesday": "due_past words=last wednesday",
	} {
		if _, err := ParseDue(words, now, loc); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", words, err, want)
		}
	}
}

func TestZoneless(t *testing.T) {
	t.Parallel()
	due, err := ParseDue("tomorrow", time.Date(2026, 11, 20, 23, 0, 0, 0, time.UTC), nil)
	if err != nil || due.Zone != "UTC" || show(due, nil) != "Sat 2026-11-21" {
		t.Errorf("got %+v, %v", due, err)
	}
}
