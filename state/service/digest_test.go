package service

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/state"
)

// deskHouse is a house whose people are told things in a chat.
func deskHouse(t *testing.T, now time.Time) (*house, *dying) {
	t.Helper()
	h := newHouse(t)
	h.now = now
	d := &dying{Store: h.store, left: -1}
	h.s = New(d, h.conns, Config{Region: "DE", Zone: "Europe/Berlin", Notify: NotifyConfig{Default: "slack"}}, func() time.Time { return h.now })
	for _, in := range []StaffAddIn{{Name: "Tom Ford", Login: "tom", Zone: "Europe/Berlin", Role: "manager"},
		{Name: "张伟", Login: "wei", Zone: "Asia/Shanghai", Language: "zh", Deputy: "tom", Manager: "tom"},
		{Name: "Ana Lima", Login: "ana", Zone: "America/New_York"}} {
		must[StaffOut](h)(h.s.StaffAdd(context.Background(), in))
	}
	h.tell(person1("shop", "1", "name", "李伟", "email", "li@x.example"), person1("shop", "2", "name", "ليلى حداد", "email", "layla@x.example"))
	return h, d
}

func (h *house) notices() []*state.Outgoing {
	h.t.Helper()
	var out []*state.Outgoing
	h.ok(h.store.View(context.Background(), func(tx state.Tx) (err error) {
		out, err = state.Outbox.List(tx, state.Range{})
		return err
	}))
	return out
}

// keys are the occasions of what is in the outbox and was not yet told to the test.
func (h *house) keys(seen map[string]bool) []string {
	h.t.Helper()
	var out []string
	for _, o := range h.notices() {
		if !seen[o.Key] {
			seen[o.Key] = true
			out = append(out, o.Key)
		}
	}
	slices.Sort(out)
	return out
}

func (h *house) tellStaff() DigestRunOut {
	h.t.Helper()
	return must[DigestRunOut](h)(h.s.DigestRun(context.Background(), DigestRunIn{}))
}

func clockIn(zone, at string) time.Time {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		panic(err)
	}
	t, err := time.ParseInLocation("2006-01-02 15:04", at, loc)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

// A virtual year with both changes of the clocks, in three zones, in which the process dies at writes
// at random: everybody who is there has one digest on each working day of theirs, in their morning.
func TestAYearOfDigests(t *testing.T) {
	t.Parallel()
	h, d := deskHouse(t, time.Date(2026, 1, 4, 0, 0, 0, 0, time.UTC))
	for _, who := range []string{"tom", "wei", "ana"} {
		must[PromiseOut](h)(h.s.PromiseAdd(as(who), PromiseAddIn{Ref: "c1", Text: "the quote", Due: "2026-01-02"}))
	}
	must[StaffOut](h)(h.s.StaffAway(as("wei"), StaffAwayIn{Ref: "wei", From: "2026-07-01", Until: "2026-07-14"}))
	rng := rand.New(rand.NewPCG(6, 1))
	end := h.now.AddDate(1, 0, 0)
	died := 0
	for h.now.Before(end) {
		for dead := rng.IntN(3) == 0; ; dead = rng.IntN(4) == 0 {
			d.left = -1
			if dead {
				d.left, d.after = 0, rng.IntN(2) == 0
			}
			_, err := h.s.DigestRun(context.Background(), DigestRunIn{})
			d.left = -1
			if errors.Is(err, errDied) {
				died++
				continue
			}
			h.ok(err)
			break
		}
		h.now = h.now.Add(time.Duration(60+rng.IntN(120)) * time.Minute)
	}
	want, got := map[string]int{}, map[string]int{}
	zones := map[string]string{"s1": "Europe/Berlin", "s2": "Asia/Shanghai", "s3": "America/New_York"}
	for ref, zone := range zones {
		for day := clockIn(zone, "2026-01-05 12:00"); day.Before(end); day = day.Add(24 * time.Hour) {
			x := day.In(mustZone(zone))
			if iso := x.Format(time.DateOnly); x.Weekday() != time.Saturday && x.Weekday() != time.Sunday && (ref != "s2" || iso < "2026-07-01" || iso > "2026-07-14") && x.Hour() < 14 {
				want["digest:"+ref+":"+iso] = 1
			}
		}
	}
	for _, o := range h.notices() {
		if o.Card != "digest" {
			continue
		}
		got[o.Key]++
		at := o.Queued.In(mustZone(zones[o.Staff]))
		if clock := at.Format("15:04"); clock < "08:30" || clock >= "12:00" || !strings.HasSuffix(o.Key, at.Format(time.DateOnly)) {
			t.Errorf("%s came at %s", o.Key, at)
		}
	}
	for key := range want {
		if got[key] != 1 {
			t.Errorf("%s came %d times", key, got[key])
		}
	}
	for key := range got {
		if want[key] == 0 {
			t.Errorf("%s came, and was not to", key)
		}
	}
	if died < 50 || len(want) < 700 {
		t.Errorf("the test is too tame: %d deaths, %d digests", died, len(want))
	}
}

func mustZone(name string) *time.Location {
	loc, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return loc
}

// Nothing to say is no message, and what comes later that morning does not make one; what was missed is
// made up for until noon and not in the afternoon.
func TestDigestIsNoNoise(t *testing.T) {
	t.Parallel()
	h, _ := deskHouse(t, clockIn("Europe/Berlin", "2026-11-23 08:31"))
	seen := map[string]bool{}
	if out := h.tellStaff(); out.Digests != 0 || out.Empty != 1 {
		t.Fatalf("an empty morning: %+v", out)
	}
	must[PromiseOut](h)(h.s.PromiseAdd(as("tom"), PromiseAddIn{Ref: "c1", Text: "样品", Due: "2026-11-20"}))
	if out := h.tellStaff(); out != (DigestRunOut{}) {
		t.Fatalf("the day's digest had nothing to say, and now %+v", out)
	}
	h.now = clockIn("Europe/Berlin", "2026-11-24 11:59")
	if h.tellStaff(); !slices.Contains(h.keys(seen), "digest:s1:2026-11-24") {
		t.Error("a digest that was missed is not made up for before noon")
	}
	h.now = clockIn("Europe/Berlin", "2026-11-25 12:01")
	if h.tellStaff(); slices.Contains(h.keys(seen), "digest:s1:2026-11-25") {
		t.Error("a morning digest in the afternoon")
	}
	h.now = clockIn("Europe/Berlin", "2026-11-28 09:00")
	if h.tellStaff(); len(h.keys(seen)) != 0 {
		t.Error("a digest on a Saturday")
	}
	must[SettingsOut](h)(h.s.Settings(as("tom"), SettingsIn{Change: map[string]string{"days": "daily", "at": "15:00"}}))
	h.now = clockIn("Europe/Berlin", "2026-11-29 16:30")
	if h.tellStaff(); !slices.Contains(h.keys(seen), "digest:s1:2026-11-29") {
		t.Error("no digest at the time and on the day that they chose")
	}
	must[SettingsOut](h)(h.s.Settings(as("tom"), SettingsIn{Change: map[string]string{"digest": "off"}}))
	h.now = clockIn("Europe/Berlin", "2026-11-30 16:30")
	if h.tellStaff(); slices.Contains(h.keys(seen), "digest:s1:2026-11-30") {
		t.Error("a digest for somebody who wants none")
	}
	before := len(h.notices())
	h.now = h.now.Add(time.Minute)
	if out := h.tellStaff(); out != (DigestRunOut{}) || len(h.notices()) != before {
		t.Error("a pass with nothing to do did something")
	}
}

// A digest, or a reminder of a day, does not come in the hours in which somebody wants no message; where
// these go on over midnight, it comes at its time: they chose both.
func TestDigestInQuietHours(t *testing.T) {
	t.Parallel()
	h, _ := deskHouse(t, clockIn("Europe/Berlin", "2026-11-20 10:00"))
	for range 2 {
		must[PromiseOut](h)(h.s.PromiseAdd(as("tom"), PromiseAddIn{Ref: "c1", Text: "the quote", Due: "2026-11-19"}))
	}
	must[PromiseOut](h)(h.s.PromiseAdd(as("tom"), PromiseAddIn{Ref: "c1", Text: "samples", Due: "2026-11-25"}))
	seen := map[string]bool{}
	set := func(name, value string) {
		t.Helper()
		must[SettingsOut](h)(h.s.Settings(as("tom"), SettingsIn{Change: map[string]string{name: value}}))
	}
	pass := func(at string, want ...string) {
		t.Helper()
		h.now = clockIn("Europe/Berlin", at)
		h.tellStaff()
		if got := slices.DeleteFunc(h.keys(seen), func(k string) bool { return !strings.Contains(k, ":s1:") && !strings.HasPrefix(k, "reminder:") }); !slices.Equal(got, want) {
			t.Fatalf("%s: %q, want %q", at, got, want)
		}
	}
	set("quiet", "18:00-09:30")
	pass("2026-11-23 08:45")
	pass("2026-11-23 09:29")
	pass("2026-11-23 09:30", "digest:s1:2026-11-23")
	set("at", "19:00")
	pass("2026-11-24 18:59")
	pass("2026-11-24 19:01", "digest:s1:2026-11-24")
	set("at", "default")
	set("digest", "off")
	pass("2026-11-25 08:45")
	pass("2026-11-25 09:31", "reminder:p3:2026-11-25T22:59:59Z")
}

// What a digest says: what is late, due and new of theirs, what their customers do, and what of
// colleagues who are away must not wait.
func TestDigestSays(t *testing.T) {
	t.Parallel()
	h, _ := deskHouse(t, clockIn("Europe/Berlin", "2026-11-20 10:00"))
	add := func(by, ref, text, due string) {
		t.Helper()
		must[PromiseOut](h)(h.s.PromiseAdd(as("ana"), PromiseAddIn{Ref: ref, Text: text, By: by, Due: due}))
	}
	must[CustomerOut](h)(h.s.Assign(as("ana"), AssignIn{Ref: "c2", Staff: "tom"}))
	add("tom", "c1", "late", "2026-11-19")
	add("tom", "c1", "today", "2026-11-20")
	add("tom", "c1", "monday", "2026-11-23")
	add("tom", "c1", "some day", "")
	add("tom", "c1", "far", "2026-12-30")
	add("wei", "c2", "weis own", "2026-11-19")
	must[PromiseOut](h)(h.s.PromiseAdd(as("tom"), PromiseAddIn{Ref: "c2", Text: "she pays", Due: "2026-11-20", Theirs: true}))
	must[FollowupOut](h)(h.s.FollowupAdd(as("tom"), FollowupAddIn{Ref: "c2", Text: "call her", Due: "2026-11-20"}))
	must[StaffOut](h)(h.s.StaffAway(as("wei"), StaffAwayIn{Ref: "wei", From: "2026-11-18", Until: "2026-11-27"}))
	d := must[DigestOut](h)(h.s.Digest(as("tom"), DigestIn{}))
	texts := func(list []Promise) string {
		var out []string
		for _, p := range list {
			out = append(out, p.Text)
		}
		return strings.Join(out, ", ")
	}
	if len(d.For) != 1 || d.For[0].Name != "张伟" {
		t.Fatalf("stands in for %+v", d.For)
	}
	for _, x := range [][2]string{{texts(d.Late), "late"}, {texts(d.Today), "today"}, {texts(d.Next), "monday"}, {texts(d.New), "far, some day"},
		{texts(d.Theirs), "she pays"}, {texts(d.For[0].Late), "weis own"}} {
		if x[0] != x[1] {
			t.Errorf("got %q, want %q", x[0], x[1])
		}
	}
	if len(d.Followups) != 1 || d.Day != "2026-11-20" || d.Since != clockIn("Europe/Berlin", "2026-11-19 08:30") {
		t.Errorf("%+v", d)
	}
	// Whose business it is: their own, their manager's, who stands in for them, who runs Kept.
	must[DigestOut](h)(h.s.Digest(as("tom"), DigestIn{Staff: "wei"}))
	must[DigestOut](h)(h.s.Digest(as("somebody"), DigestIn{Staff: "wei"}))
	_, err := h.s.Digest(as("ana"), DigestIn{Staff: "wei"})
	h.refused(err, state.Forbidden, "settings_of_others")
	_, err = h.s.Settings(as("ana"), SettingsIn{Staff: "tom", Change: map[string]string{"digest": "off"}})
	h.refused(err, state.Forbidden, "settings_of_others")
	_, err = h.s.Digest(as("somebody"), DigestIn{})
	h.refused(err, state.Invalid, "settings_whose")
}

// A promise is reminded of once for its due time: before it is due, in nobody's night, and again only
// where it moves; once when it is late; not at all once it is kept.
func TestReminders(t *testing.T) {
	t.Parallel()
	h, _ := deskHouse(t, clockIn("Europe/Berlin", "2026-11-23 09:00"))
	seen := map[string]bool{}
	promise := func(due string) string {
		t.Helper()
		return must[PromiseOut](h)(h.s.PromiseAdd(as("tom"), PromiseAddIn{Ref: "c1", Text: "call", Due: due})).Promise.Number
	}
	pass := func(at string, want ...string) {
		t.Helper()
		h.now = clockIn("Europe/Berlin", at)
		h.tellStaff()
		got := slices.DeleteFunc(h.keys(seen), func(k string) bool { return strings.HasPrefix(k, "digest:") })
		if !slices.Equal(got, want) {
			t.Fatalf("%s: %q, want %q", at, got, want)
		}
	}
	p1 := promise("2026-11-24 14:00")
	promise("2026-11-24") // of a day the digest reminds
	pass("2026-11-24 11:59")
	pass("2026-11-24 12:00", "reminder:p1:2026-11-24T13:00:00Z")
	pass("2026-11-24 12:05")
	must[PromiseOut](h)(h.s.PromiseMove(as("tom"), PromiseMoveIn{Promise: p1, Due: "2026-11-25 07:30"}))
	pass("2026-11-24 14:05")                                     // the time it had is over, and is nothing to tell
	pass("2026-11-25 06:59")                                     // quiet hours
	pass("2026-11-25 07:00", "reminder:p1:2026-11-25T06:30:00Z") // and before it is due
	pass("2026-11-25 07:31", "late:p1:2026-11-25T06:30:00Z")
	pass("2026-11-25 08:31")
	pass("2026-11-26 08:31")
	p3 := promise("2026-11-27 06:00")
	pass("2026-11-26 19:29")
	pass("2026-11-26 19:31", "reminder:p3:2026-11-27T05:00:00Z") // before the night in which it is due
	must[PromiseOut](h)(h.s.PromiseClose(as("tom"), PromiseCloseIn{Promise: p3, State: state.PromiseKept}))
	p4 := promise("2026-11-27 15:00")
	must[PromiseOut](h)(h.s.PromiseClose(as("tom"), PromiseCloseIn{Promise: p4, State: state.PromiseKept}))
	pass("2026-11-27 07:30")
	pass("2026-11-27 14:00") // both are kept
	promise("2026-11-27 15:00")
	pass("2026-11-27 14:05") // whoever has just said it needs no reminder
	must[SettingsOut](h)(h.s.Settings(as("tom"), SettingsIn{Change: map[string]string{"lead": "30m", "digest": "off"}}))
	promise("2026-12-01 15:00")
	promise("2026-12-02")
	pass("2026-12-01 14:29")
	pass("2026-12-01 14:31", "reminder:p6:2026-12-01T14:00:00Z")
	pass("2026-12-02 08:31", "reminder:p7:2026-12-02T22:59:59Z") // no digest tells them
	must[SettingsOut](h)(h.s.Settings(as("tom"), SettingsIn{Change: map[string]string{"reminders": "off"}}))
	promise("2026-12-03 15:00")
	pass("2026-12-03 14:45")
}

// Who is away is not told; who stands in for them is.
func TestRemindersOfTheAbsent(t *testing.T) {
	t.Parallel()
	h, _ := deskHouse(t, clockIn("Europe/Berlin", "2026-11-23 06:00"))
	p := must[PromiseOut](h)(h.s.PromiseAdd(as("ana"), PromiseAddIn{Ref: "c1", Text: "寄样品", By: "wei", Due: "2026-11-25 20:00"})).Promise
	must[StaffOut](h)(h.s.StaffAway(as("wei"), StaffAwayIn{Ref: "wei", From: "2026-11-24"}))
	h.now = p.Due.Add(-time.Hour)
	h.tellStaff()
	var got []string
	for _, o := range h.notices() {
		if o.Card == "reminder p1" {
			got = append(got, o.Staff)
		}
	}
	if !slices.Equal(got, []string{"s1"}) {
		t.Errorf("told %q, want Tom, who stands in", got)
	}
	must[StaffOut](h)(h.s.StaffAway(as("tom"), StaffAwayIn{Ref: "tom", From: "2026-11-24"}))
	h.now = h.now.Add(20 * time.Minute)
	if out := h.tellStaff(); out != (DigestRunOut{}) {
		t.Errorf("both are away, and %+v", out)
	}
}

// Questions come in the digest, or by themselves to who wants them so: once, and not in the night.
func TestQuestionsAreAsked(t *testing.T) {
	t.Parallel()
	h, _ := deskHouse(t, clockIn("Europe/Berlin", "2026-11-23 10:00"))
	h.ok(h.s.Do(context.Background(), "test.ask", nil, func(w *state.Writer) error {
		for i := range 4 {
			n, err := state.Questions.Next(w)
			if err != nil {
				return err
			}
			q := &state.Question{Number: n, Kind: state.QuestionPromise, Topic: fmt.Sprint("t", i), State: state.QuestionOpen, A: 1, For: "s1", Raw: "we send it on friday",
				Field: state.Ours, Created: h.now, Asked: h.now, Options: []string{"yes", "no", "fix"}, Score: int64(90 - i)}
			if err := state.Questions.Put(w, q); err != nil {
				return err
			}
		}
		return nil
	}))
	d := must[DigestOut](h)(h.s.Digest(as("tom"), DigestIn{}))
	if len(d.Questions) != 3 || d.Total["questions"] != 4 {
		t.Fatalf("%d of %d questions", len(d.Questions), d.Total["questions"])
	}
	must[SettingsOut](h)(h.s.Settings(as("tom"), SettingsIn{Change: map[string]string{"questions": "now", "digest": "off"}}))
	h.now = clockIn("Europe/Berlin", "2026-11-23 22:00")
	if out := h.tellStaff(); out.Questions != 0 {
		t.Errorf("asked in the night: %+v", out)
	}
	h.now = clockIn("Europe/Berlin", "2026-11-24 07:05")
	if out := h.tellStaff(); out.Questions != 4 {
		t.Errorf("%+v", out)
	}
	if out := h.tellStaff(); out.Questions != 0 {
		t.Errorf("asked twice: %+v", out)
	}
	must[SettingsOut](h)(h.s.Settings(as("tom"), SettingsIn{Change: map[string]string{"questions": "off"}}))
	if d := must[DigestOut](h)(h.s.Digest(as("tom"), DigestIn{})); len(d.Questions) != 0 {
		t.Error("asked though they want no questions")
	}
}

// What is typed is read, what is none is refused with what to type, "default" takes it back.
func TestSettings(t *testing.T) {
	t.Parallel()
	h, _ := deskHouse(t, clockIn("Europe/Berlin", "2026-11-23 10:00"))
	set := func(name, value string) (SettingsOut, error) {
		return h.s.Settings(as("wei"), SettingsIn{Change: map[string]string{name: value}})
	}
	for _, x := range []struct{ name, value, shown string }{
		{"at", "8:05", "08:05"}, {"at", "default", "08:30"}, {"days", "Mon, Wednesday", "mon,wed"}, {"days", "workdays", ""}, {"days", "daily", "sun,mon,tue,wed,thu,fri,sat"},
		{"lead", "45m", "45m"}, {"quiet", "22:00–6:00", "22:00-06:00"}, {"quiet", "off", "none"}, {"quiet", "default", "20:00-07:00"}, {"questions", "NOW", "now"},
		{"language", "en", "en"}, {"zone", "Europe/Berlin", "Europe/Berlin"}, {"digest", "off", "off"}, {"reminders", "off", "off"},
	} {
		out, err := set(x.name, x.value)
		if h.ok(err); settingValues(out.Settings)[x.name] != x.shown {
			t.Errorf("%s %s is %q", x.name, x.value, settingValues(out.Settings)[x.name])
		}
	}
	if out := must[SettingsOut](h)(h.s.Settings(as("wei"), SettingsIn{})); out.Settings.Digest || out.Settings.Zone != "Europe/Berlin" {
		t.Errorf("not kept: %+v", out.Settings)
	}
	if out, err := set("at", "08:30"); err != nil || len(out.Changed) != 0 {
		t.Errorf("what it was is no change: %v %v", out.Changed, err)
	}
	for _, x := range []struct{ name, value, code string }{{"at", "25:00", "setting_time"}, {"at", "8", "setting_time"}, {"days", "someday", "setting_days"},
		{"lead", "3d", "setting_lead"}, {"lead", "90h", "setting_lead"}, {"lead", "-1h", "setting_lead"}, {"quiet", "night", "setting_quiet"}, {"digest", "maybe", "setting_among"},
		{"zone", "Mars/Base", "unknown_zone"}, {"colour", "red", "unknown_setting"}} {
		_, err := set(x.name, x.value)
		h.refused(err, state.Invalid, x.code)
	}
}

// FuzzSettings: whatever is typed is taken or refused, never kept as something that cannot be read.
func FuzzSettings(f *testing.F) {
	for _, v := range []string{"08:30", "mon,tue", "20:00-07:00", "2h", "on", "中文", ":", "-", "24:00-00:60"} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, v string) {
		for _, name := range SettingNames {
			m, x := &state.Staff{}, &state.StaffSetting{}
			if set(m, x, name, strings.ToLower(strings.TrimSpace(v)), v) != nil {
				continue
			}
			if _, ok := timeOfDay(x.At); x.At != "" && !ok {
				t.Errorf("%q is kept as the time %q", v, x.At)
			}
			if _, _, ok := span(x.Quiet); x.Quiet != "" && x.Quiet != noQuiet && !ok {
				t.Errorf("%q is kept as the hours %q", v, x.Quiet)
			}
			if _, err := time.ParseDuration(strings.ReplaceAll(x.Lead, " ", "")); x.Lead != "" && err != nil {
				t.Errorf("%q is kept as the time %q", v, x.Lead)
			}
		}
	})
}

// Who is quiet is told once in the digest, and asked for at any time.
func TestDigestQuiet(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.people()
	told := []Told{person1("shop", "1", "name", "Jana Köhler")}
	for i, days := range []int{200, 170, 140, 110} {
		told = append(told, bought("shop", fmt.Sprint(i+1), "1", h.now.AddDate(0, 0, -days), 1000, "EUR"))
	}
	h.tell(told...)
	must[CustomerOut](h)(h.s.Assign(as("ana"), AssignIn{Ref: "c1", Staff: "wei"}))
	quiet := func(in DigestIn) []DigestQuiet { return must[DigestOut](h)(h.s.Digest(as("wei"), in)).Quiet }
	if got := quiet(DigestIn{Quiet: true}); len(got) != 1 || got[0].Customer.Number != "c1" || got[0].Days != 110 || got[0].Usual != 30 {
		t.Errorf("%+v", got)
	}
	if got := quiet(DigestIn{}); len(got) != 0 {
		t.Errorf("they have been quiet for long: %+v", got)
	}
	if got := must[DigestOut](h)(h.s.Digest(as("ana"), DigestIn{Quiet: true})).Quiet; len(got) != 0 {
		t.Errorf("another's customers: %+v", got)
	}
}
