package followup

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// A promise is told the day before, on the day, and when it is late, each until the next begins: also
// over a leap day, a year's end, and a change of the clock.
func TestPromiseStages(t *testing.T) {
	t.Parallel()
	berlin, auckland := zone(t, "Europe/Berlin"), zone(t, "Pacific/Auckland")
	const layout = "2006-01-02 15:04:05"
	for _, x := range []struct {
		zone                    *time.Location
		due                     string
		day                     bool
		tomorrow, today, lateAt string
	}{
		{berlin, "2028-03-01 23:59:59", true, "2028-02-29 08:00:00", "2028-03-01 08:00:00", "2028-03-02 00:00:00"},
		{berlin, "2026-02-28 12:00:00", false, "2026-02-27 08:00:00", "2026-02-28 08:00:00", "2026-02-28 12:00:00"},
		{auckland, "2027-01-01 23:59:59", true, "2026-12-31 08:00:00", "2027-01-01 08:00:00", "2027-01-02 00:00:00"},
		{berlin, "2026-03-29 01:30:00", false, "2026-03-28 08:00:00", "2026-03-28 23:30:00", "2026-03-29 01:30:00"},
		{berlin, "2026-10-25 23:59:59", true, "2026-10-24 08:00:00", "2026-10-25 08:00:00", "2026-10-26 00:00:00"},
	} {
		due, err := time.ParseInLocation(layout, x.due, x.zone)
		if err != nil {
			t.Fatal(err)
		}
		f := &Facts{Zone: x.zone, Work: x.zone, Promises: []Promised{{Number: 7, Text: "send it", Ours: true, Due: due.UTC(), DateOnly: x.day, Zone: x.zone}}}
		r, _ := Ready(PromiseDue)
		r.On = []string{StageTomorrow, StageToday, StageLate}
		o := r.Occasions(f, due.AddDate(0, 0, -10), weekdays{})
		var got []string
		for i, one := range o {
			got = append(got, one.At.In(x.zone).Format(layout))
			if i+1 < len(o) && !one.Ends.Equal(o[i+1].At) {
				t.Errorf("due %s: stage %d ends %s, the next begins %s", x.due, i, one.Ends, o[i+1].At)
			}
		}
		if want := []string{x.tomorrow, x.today, x.lateAt}; !slices.Equal(got, want) {
			t.Errorf("due %s: %q, want %q", x.due, got, want)
		}
		r.On = []string{StageToday}
		if o := r.Occasions(f, due, weekdays{}); len(o) != 1 || o[0].Key != "p7:today:"+due.UTC().Format(time.RFC3339) {
			t.Errorf("due %s: %+v", x.due, o)
		}
	}
}

// Who is silent for twice as long as usual for them is told of, from grade A on where nothing else is
// said: once a silence, not where they came too seldom to have a habit, and not where we asked after them.
func TestSilent(t *testing.T) {
	t.Parallel()
	berlin := zone(t, "Europe/Berlin")
	day := func(n int) time.Time { return time.Date(2026, 1, 5, 10, 0, 0, 0, berlin).AddDate(0, 0, n) }
	facts := func(touches []Touch, orders ...int) *Facts {
		f := &Facts{Zone: berlin, Work: berlin, Touches: touches}
		f.Customer.Grade = "A"
		for _, n := range orders {
			f.Orders = append(f.Orders, Bought{Key: fmt.Sprint(n), At: day(n), Counts: true, Currency: "EUR"})
		}
		f.Complete(day(200))
		return f
	}
	r, _ := Ready(Silent)
	told := func(f *Facts) string {
		o := r.Occasions(f, day(200), weekdays{})
		if len(o) == 0 {
			return "none"
		}
		return fmt.Sprint(o[0].At.In(berlin).Format("2006-01-02 15:04"), " ", o[0].Key, " ", o[0].Args["usual"])
	}
	late := day(150).Format(time.DateOnly) + " 08:00 since:" + day(90).Format(time.DateOnly) + " 30"
	for name, x := range map[string]struct {
		f    *Facts
		want string
	}{
		"an order every month":            {facts(nil, 0, 30, 60, 90), late},
		"at least a fortnight":            {facts(nil, 0, 1, 2, 3), day(17).Format(time.DateOnly) + " 08:00 since:" + day(3).Format(time.DateOnly) + " 1"},
		"two orders are no habit":         {facts(nil, 0, 30), "none"},
		"they wrote since":                {facts([]Touch{{Key: "m", At: day(120)}}, 0, 30, 60, 90), day(180).Format(time.DateOnly) + " 08:00 since:" + day(120).Format(time.DateOnly) + " 30"},
		"a newsletter of ours is no sign": {facts([]Touch{{Key: "m", At: day(151), Out: true, Automatic: true}}, 0, 30, 60, 90), late},
		"we asked after them":             {facts([]Touch{{Key: "m", At: day(160), Out: true}}, 0, 30, 60, 90), "none"},
	} {
		if got := told(x.f); got != x.want {
			t.Errorf("%s: %s, want %s", name, got, x.want)
		}
	}
	f := facts(nil, 0, 30, 60, 90)
	o := r.Occasions(f, day(200), weekdays{})
	if !r.If.Holds(o[0].Env(f, day(200))) {
		t.Error("grade A is not told of")
	}
	if f.Customer.Grade = "B"; r.If.Holds(o[0].Env(f, day(200))) {
		t.Error("grade B is told of")
	}
}

// A sign-up is confirmed by whatever went out after it; a tag is one only where a rule says so. An order
// is asked after some days after it was shipped, on the customer's morning.
func TestSignupsAndDeliveries(t *testing.T) {
	t.Parallel()
	tokyo := zone(t, "Asia/Tokyo")
	at := func(h int) time.Time { return time.Date(2026, 12, 28, h, 0, 0, 0, time.UTC) }
	list, tagged := Signed{Key: "l", What: "marketing", At: at(10)}, Signed{Key: "t", Tags: []string{"Seminar"}, At: at(10)}
	r, _ := Ready(Unconfirmed)
	keys := func(f *Facts) (out []string) {
		for _, o := range r.Occasions(f, at(23), weekdays{}) {
			out = append(out, o.Key+o.At.Format(" 15:04"))
		}
		return out
	}
	f := &Facts{Zone: time.UTC, Work: time.UTC, Signups: []Signed{list, tagged}, Touches: []Touch{{Key: "before", At: at(9), Out: true}, {Key: "theirs", At: at(11)}}}
	if got := keys(f); !slices.Equal(got, []string{"s:l 18:00"}) {
		t.Errorf("lists: %q", got)
	}
	r.Tags = []string{"seminar"}
	if got := keys(f); !slices.Equal(got, []string{"s:t 18:00"}) {
		t.Errorf("tags: %q", got)
	}
	f.Touches = append(f.Touches, Touch{Key: "sent", At: at(12), Out: true, Automatic: true})
	if got := keys(f); len(got) != 0 {
		t.Errorf("confirmed: %q", got)
	}
	r, _ = Ready(Delivered)
	f = &Facts{Zone: tokyo, Work: time.UTC, Orders: []Bought{{Key: "1", At: at(1), Shipped: at(16), Counts: true}, {Key: "2", At: at(1), Counts: true}, {Key: "3", At: at(1), Shipped: at(2)}}}
	o := r.Occasions(f, at(23), weekdays{})
	if len(o) != 1 || o[0].Key != "o:1" || o[0].At.In(tokyo).Format("2006-01-02 15:04") != "2027-01-05 08:00" { // shipped on the 29th there
		t.Errorf("%+v", o)
	}
}
