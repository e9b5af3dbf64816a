package promise

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

var zones = []string{"Europe/Berlin", "America/New_York", "Asia/Shanghai", "Australia/Lord_Howe", "UTC", "Pacific/Apia", "Africa/Cairo", "America/Havana"}

func drawNow(t *rapid.T) (time.Time, *time.Location) {
	loc, err := time.LoadLocation(rapid.SampledFrom(zones).Draw(t, "zone"))
	if err != nil {
		t.Fatal(err)
	}
	from := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	return time.Unix(from+rapid.Int64Range(0, 12*366*86400).Draw(t, "now"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanos")), loc
}

var pieces = []string{
	"by", "before", "until", "on", "in", "within", "the", "end", "of", "next", "this", "last", "day", "week", "month", "quarter", "year", "friday", "Mon", "sun",
	"tomorrow", "today", "tonight", "noon", "EOD", "COB", "5pm", "17:00", "at", "half", "past", "two", "3", "24th", "24", "Nov", "February", "29", "2026", "11/12", "24.11.",
	"working", "days", "hours", "a", "few", "weekend", "first", "thing", "morning", "early", "mid", "Q1", "or", ",", "-", ".", "from", "now", "ago", "31",
	"周", "五", "下", "本", "这个", "个", "月", "底", "前", "之前", "内", "后", "天", "三", "十", "两", "24号", "11月", "日", "点", "半", "上午", "晚上", "今天", "明", "年", "末", "小时", "工作日", "季度", "周末", "廿", "一", "初", "百",
}

func drawWords(t *rapid.T) string {
	parts := rapid.SliceOfN(rapid.SampledFrom(pieces), 1, 7).Draw(t, "words")
	return strings.Join(parts, rapid.SampledFrom([]string{"", " "}).Draw(t, "between"))
}

func TestNeverInThePast(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now, loc := drawNow(t)
		words := drawWords(t)
		due, err := ParseDue(words, now, loc)
		var e *Error
		switch {
		case err != nil && (!errors.As(err, &e) || e.Args["words"] != strings.TrimSpace(words)):
			t.Fatalf("%q: error %v", words, err)
		case err == nil && Late(due, now):
			t.Fatalf("%q at %v: due %v is late at once", words, now.In(loc), due)
		}
		if due, start, end, ok := FindDue(words, now, loc); ok && (Late(due, now) || words[start:end] != due.Text || start >= end) {
			t.Fatalf("%q at %v: found %d:%d %+v", words, now.In(loc), start, end, due)
		}
	})
}

// A date written in full means itself, whatever the day on which it is read.
func TestDatesComeBack(t *testing.T) {
	t.Parallel()
	layouts := []string{"2006-01-02 15:04", "2006-01-02T15:04", "2 Jan 2006 15:04", "2 January 2006, 3:04pm", "Jan 2, 2006 at 3:04 PM", "Monday, 2 January 2006 at 15:04",
		"02.01.2006 15:04", "15:04 on 2006/01/02", "2006年1月2日15:04", "2006年01月02号 15点04分", "by 2 Jan 2006 15:04", "2006-01-02 15:04之前"}
	days := []string{"2006-01-02", "2 Jan 2006", "January 2, 2006", "Mon 2 Jan 2006", "the 2 of January 2006", "2.1.2006", "02.01.06", "2006年1月2日", "2006年1月2日前", "2-Jan-2006"}
	rapid.Check(t, func(t *rapid.T) {
		now, loc := drawNow(t)
		at := now.In(loc).Add(time.Duration(rapid.IntRange(61, 3*366*24*60).Draw(t, "ahead")) * time.Minute).Truncate(time.Minute)
		layout := rapid.SampledFrom(layouts).Draw(t, "layout")
		words := at.Format(layout)
		due, err := ParseDue(words, now, loc)
		if err != nil || due.DateOnly {
			t.Fatalf("%q: %+v, %v", words, due, err)
		}
		if got := due.At.In(loc).Format(layout); got != words {
			t.Fatalf("%q came back as %q", words, got)
		}
		words = at.Format(rapid.SampledFrom(days).Draw(t, "day"))
		due, err = ParseDue(words, now, loc)
		if err != nil || !due.DateOnly || due.At.In(loc).Format(time.DateOnly) != at.Format(time.DateOnly) {
			t.Fatalf("%q: %+v, %v", words, due, err)
		}
	})
}

// What is said of weekdays and of lengths counted in days is said relative to the week: a week later it is a week later.
func TestWholeWeeksShift(t *testing.T) {
	t.Parallel()
	words := []string{"friday", "next friday", "by monday 12:00", "tuesday of next week", "this week", "next week", "over the weekend", "before wednesday", "tomorrow 9:00", "sunday evening",
		"in 3 days", "within 3 working days", "in two weeks", "first thing thursday", "EOD monday", "周五", "下周三前", "这周五前", "周末前", "下周", "大后天", "三天内", "五个工作日内", "礼拜一上午十点"}
	rapid.Check(t, func(t *rapid.T) {
		now, loc := drawNow(t)
		local := now.In(loc)
		weeks := rapid.IntRange(1, 60).Draw(t, "weeks")
		moved := local.AddDate(0, 0, 7*weeks)
		w := rapid.SampledFrom(words).Draw(t, "words")
		if moved.Format("15:04:05") != local.Format("15:04:05") {
			return // the clocks were changed at that very hour
		}
		a, errA := ParseDue(w, local, loc)
		b, errB := ParseDue(w, moved, loc)
		if (errA == nil) != (errB == nil) {
			t.Fatalf("%q: %v at %v, %v at %v", w, errA, local, errB, moved)
		}
		if errA != nil {
			return
		}
		want := a.At.In(loc).AddDate(0, 0, 7*weeks).Format("2006-01-02 15:04:05")
		if got := b.At.In(loc).Format("2006-01-02 15:04:05"); got != want {
			t.Fatalf("%q: %s from %v, %s from %v", w, a.At.In(loc), local, got, moved)
		}
	})
}

// The wall time is met, or the clocks never show it.
func TestWall(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now, loc := drawNow(t)
		u := now.UTC().Truncate(time.Second)
		first, last := wall(u, loc, false), wall(u, loc, true)
		if first.After(last) {
			t.Fatalf("%v: %v after %v", u, first, last)
		}
		if sameWall(first, u) {
			if !sameWall(last, u) {
				t.Fatalf("%v: %v and %v", u, first, last)
			}
			return
		}
		_, before := first.Add(-time.Second).Zone()
		if _, after := first.Zone(); before >= after {
			t.Fatalf("%v is not skipped in %v, and is not %v", u, loc, first)
		}
	})
}

func TestChineseNumbers(t *testing.T) {
	t.Parallel()
	digits := []rune(chineseDigits)
	for n := 1; n < 100; n++ {
		s := ""
		if n >= 20 {
			s = string(digits[n/10])
		}
		if n >= 10 {
			s += "十"
		}
		if n%10 > 0 {
			s += string(digits[n%10])
		}
		for _, w := range []string{s, fmt.Sprint(n)} {
			if v, k := chineseNumber([]rune(w + "天")); v != n || k != utf8.RuneCountInString(w) {
				t.Errorf("%q: got %d over %d runes", w, v, k)
			}
		}
	}
	for s, want := range map[string]int{"两": 2, "廿四": 24, "卅一": 31, "二〇二六": 2026, "一百二十": 120, "二零二六": 2026, "一九九八": 1998, "两三": 3, "三五": 5, "十二三": 13, "二三十": 30, "二六": 6, "一二三": 123} {
		if v, _ := chineseNumber([]rune(s)); v != want {
			t.Errorf("%q: got %d, want %d", s, v, want)
		}
	}
}

var fuzzNow = time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)

func seed(f *testing.F) {
	for _, s := range []string{"by friday 12:00", "the 24th", "11/12", "in 3 working days", "end of next week", "下周三前", "月底之前", "三个工作日内", "2026-11-24T14:00",
		"２４．１１．", "half past two", "\xff\xfe前", "İ by friday", "二〇二六年", "a week from a week from monday", "5pm EST", "24/7"} {
		f.Add(s)
	}
}

func FuzzParseDue(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, words string) {
		for _, name := range zones[:4] {
			due, err := ParseDue(words, fuzzNow, zone(t, name))
			var e *Error
			if err != nil && !errors.As(err, &e) || err == nil && (Late(due, fuzzNow) || due.Text != strings.TrimSpace(words)) {
				t.Fatalf("%q: %+v, %v", words, due, err)
			}
		}
	})
}

func FuzzFindDue(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, text string) {
		due, start, end, ok := FindDue(text, fuzzNow, zone(t, "Europe/Berlin"))
		if ok && (start < 0 || start >= end || end > len(text) || due.Text != text[start:end] || Late(due, fuzzNow)) {
			t.Fatalf("%q: %d:%d %+v", text, start, end, due)
		}
	})
}

func FuzzSplitCommand(f *testing.F) {
	f.Add("send|by|friday 12:00")
	f.Add("周五前发报价")
	f.Fuzz(func(t *testing.T, joined string) {
		words := strings.Split(joined, "|")
		text, due, ok := SplitCommand(words)
		if ok != (due != "") || !ok && text != join(words) {
			t.Fatalf("%q: %q, %q, %v", words, text, due, ok)
		}
	})
}
