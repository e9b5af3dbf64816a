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

	"github.com/keptcrm/kept/internal/race"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/followup"
)

// dying is a store that dies at a write: before it is committed, or right after.
type dying struct {
	state.Store
	left  int // writes until it dies; negative: it lives
	after bool
}

var errDied = errors.New("killed")

func (d *dying) Update(ctx context.Context, fn func(state.Tx) error) error {
	if d.left == 0 && !d.after {
		return errDied
	}
	err := d.Store.Update(ctx, fn)
	if d.left == 0 && err == nil {
		return errDied
	}
	d.left--
	return err
}

// ruled gives a house with rules, by the names of ready ones.
func ruled(t *testing.T, names ...string) (*house, *dying) {
	t.Helper()
	h := newHouse(t)
	d := &dying{Store: h.store, left: -1}
	c := Config{Region: "DE", Zone: "Europe/Berlin"}
	for _, n := range names {
		r, ok := followup.Ready(n)
		if !ok {
			t.Fatal(n)
		}
		c.Followups.Rules = append(c.Followups.Rules, &r)
	}
	c.Followups.PerPerson, c.Followups.PerRun = 1000, 1000
	h.s = New(d, h.conns, c, func() time.Time { return h.now })
	return h, d
}

func (h *house) all() []*state.Followup {
	h.t.Helper()
	var out []*state.Followup
	h.ok(h.store.View(context.Background(), func(tx state.Tx) (err error) {
		out, err = state.Followups.List(tx, state.Range{})
		return err
	}))
	return out
}

// A virtual year with both changes of the clock in three zones, in which the process is killed at
// writes at random, before and after they are committed: every occasion comes exactly once, and none
// before its time. With the race detector the year has three months.
func TestAYearOfRules(t *testing.T) {
	t.Parallel()
	h, d := ruled(t, followup.Birthday, followup.Delivered, followup.PromiseDue, followup.FirstOrder, followup.Unanswered)
	h.s.config.Followups.Rules[2].On = []string{followup.StageTomorrow, followup.StageToday, followup.StageLate}
	rng := rand.New(rand.NewPCG(5, 2026))
	zones := []string{"Europe/Berlin", "America/New_York", "Australia/Sydney"}
	must[StaffOut](h)(h.s.StaffAdd(context.Background(), StaffAddIn{Name: "Ana Lima", Login: "ana", Zone: "America/New_York", Emails: []string{"ana@nordlicht.example"}}))
	start := h.now
	birthdays := []string{"1980-03-28", "--02-29", "1990-11-01", "--10-25", "1971-04-04", "1992-12-31", "2001-01-01", "1960-03-14", "--10-03"}
	var told []Told
	for i, b := range birthdays {
		told = append(told, person1("shop", fmt.Sprint(i+1), "name", fmt.Sprintf("Customer %d", i+1), "birthday", b, "zone", zones[i%3],
			"email", fmt.Sprintf("c%d@x.example", i+1)))
	}
	h.tell(told...)
	end := start.AddDate(0, race.Size(12, 3), 0)
	want := map[string]int{}
	moment := map[string]time.Time{} // before which it must not come
	expect := func(who int, rule, occasion string, at time.Time) {
		key := fmt.Sprintf("c%d %s %s", who, rule, occasion)
		want[key], moment[key] = 1, at
	}
	for i, b := range birthdays {
		loc, _ := time.LoadLocation(zones[i%3])
		for year := 2026; year <= 2027; year++ {
			on, err := time.ParseInLocation(time.DateOnly, fmt.Sprint(year)+"-"+strings.Replace(b[len(b)-5:], "02-29", "02-28", 1), loc)
			h.ok(err)
			if at := on.Add(7 * time.Hour); at.After(start.Add(2*time.Hour)) && on.Before(end.AddDate(0, 0, -9)) {
				expect(i+1, followup.Birthday, fmt.Sprintf("b:%d", year), at)
			}
		}
	}
	order, died, passes := 0, 0, 0
	for h.now.Before(end) {
		who := 1 + rng.IntN(len(birthdays))
		quiet := h.now.After(end.AddDate(0, 0, -12)) // what begins now would not be over by the end
		switch x := rng.IntN(100); {
		case quiet:
		case x < 4: // an order, shipped at once
			order++
			at := h.now.Add(-time.Minute).Truncate(time.Second)
			o := bought("shop", fmt.Sprintf("%d", 1000+order), fmt.Sprint(who), at, 4900, "EUR")
			o.Version.Order.Shipped = at
			h.tell(o)
			key := fmt.Sprintf("o:#%d@%s", 1000+order, at.UTC().Format(time.RFC3339))
			expect(who, followup.Delivered, key, at.AddDate(0, 0, 6))
			if first := fmt.Sprintf("c%d %s first", who, followup.FirstOrder); want[first] == 0 {
				expect(who, followup.FirstOrder, "first", at)
			}
		case x < 8: // a promise, due in some days
			day := h.now.AddDate(0, 0, 4+rng.IntN(5)).Format(time.DateOnly)
			p := must[PromiseOut](h)(h.s.PromiseAdd(as("ana"), PromiseAddIn{Ref: fmt.Sprintf("c%d", who), Text: "send it", Due: day})).Promise
			for _, stage := range []string{"tomorrow", "today", "late"} {
				at := p.Due.AddDate(0, 0, -5)
				if stage == "late" {
					at = *p.Due
				}
				expect(who, followup.PromiseDue, p.Number+":"+stage+":"+p.Due.UTC().Format(time.RFC3339), at)
			}
		}
		// A pass that dies is gone on with; one in three does.
		for dead := rng.IntN(3) == 0; ; dead = rng.IntN(4) == 0 {
			d.left = -1
			if dead {
				d.left, d.after = rng.IntN(3), rng.IntN(2) == 0
			}
			_, err := h.s.FollowupRun(context.Background(), FollowupRunIn{})
			d.left = -1
			passes++
			if errors.Is(err, errDied) {
				died++
				continue
			}
			h.ok(err)
			break
		}
		// What is open is done, so that the next stage of the same promise is not about the same.
		for _, f := range must[FollowupListOut](h)(h.s.FollowupList(context.Background(), FollowupListIn{})).Followups {
			must[FollowupOut](h)(h.s.FollowupClose(as("ana"), FollowupCloseIn{Followup: f.Number, State: "done"}))
		}
		// A promise is due today for sixteen hours: no two passes are further apart.
		h.now = h.now.Add(time.Duration(3+rng.IntN(12)) * time.Hour).Add(time.Duration(rng.IntN(3600)) * time.Second)
	}
	got := map[string]int{}
	for _, f := range h.all() {
		key := fmt.Sprintf("c%d %s %s", f.Base, f.Rule, f.Occasion)
		got[key]++
		if at, ok := moment[key]; !ok || f.Made.Before(at) {
			t.Errorf("%s came at %s, expected after %s (known: %v)", key, f.Made, at, ok)
		}
	}
	var wrong []string
	for key := range want {
		if got[key] != 1 {
			wrong = append(wrong, fmt.Sprintf("%s came %d times", key, got[key]))
		}
	}
	slices.Sort(wrong)
	for _, w := range wrong {
		t.Error(w)
	}
	if died < passes/20 || len(want) < race.Size(100, 20) {
		t.Errorf("the test is too tame: %d of %d passes died, %d occasions", died, passes, len(want))
	}
	t.Logf("%d passes, %d died, %d occasions", passes, died, len(want))
}
