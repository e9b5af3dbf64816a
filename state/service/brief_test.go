package service

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/keptcrm/kept/state"
)

func watched(out BriefOut) []string {
	var codes []string
	for _, w := range out.Watch {
		codes = append(codes, w.Code)
	}
	return codes
}

func TestBrief(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.people()
	back := bought("shop", "6", "1", day0("2026-05-01"), 9900, "EUR")
	back.Version.Order.Refunded, back.Version.Modified = 900, day0("2026-11-10")
	back.Version.Order.Refunds = []state.Refund{{At: day0("2026-11-10"), Amount: 900}}
	cancelled := bought("shop", "7", "1", day0("2026-10-01"), 77700, "EUR")
	cancelled.Version.Order.Counts, cancelled.Version.Order.State = false, "cancelled"
	h.tell(
		person1("shop", "1", "email", "jana@sternwarte.example", "name", "Jana Köhler", "phone", "+49 451 901820", "company", "Sternwarte Lübeck e.V.", "title", "director"),
		bought("shop", "1", "1", day0("2024-03-05"), 10000, "EUR"), bought("shop", "2", "1", day0("2024-04-05"), 20000, "EUR"),
		bought("shop", "3", "1", day0("2024-05-05"), 30000, "EUR"), bought("shop", "4", "1", day0("2024-05-05"), 5000, "CHF"), back, cancelled)
	h.tell(person1("etsy", "e", "email", "jana@sternwarte.example", "name", "Jana Köhler"), bought("etsy", "9", "e", day0("2024-06-01"), 1234, "EUR"))
	h.tell(saying(person1("news", "n", "email", "jana@sternwarte.example", "name", "Jana Köhler"), "email", "withheld", "jana@sternwarte.example", day0("2026-02-02")))
	must[OptoutOut](h)(h.s.OptoutAdd(as("ana"), OptoutAddIn{Ref: "+49451901820", Channel: "phone", Words: "do not call"}))
	must[CustomerOut](h)(h.s.Assign(as("ana"), AssignIn{Ref: "jana", Staff: "tom"}))
	must[StaffOut](h)(h.s.StaffAway(as("ana"), StaffAwayIn{Ref: "tom", Until: "2026-12-01", Note: "holiday"}))
	must[PromiseOut](h)(h.s.PromiseAdd(as("wei"), PromiseAddIn{Ref: "jana", Text: "demonstration", Due: "in 10 days"}))
	must[PromiseOut](h)(h.s.PromiseAdd(as("wei"), PromiseAddIn{Ref: "jana", Text: "quote", Due: "in 2 hours"}))
	must[PromiseOut](h)(h.s.PromiseAdd(as("wei"), PromiseAddIn{Ref: "jana", Text: "sign", Theirs: true}))
	h.ok(h.s.Do(context.Background(), "test", nil, func(w *state.Writer) error {
		for i, m := range []state.Activity{
			{Direction: "in", Body: "Hi Ana,\n\nstill waiting for the quote. And the mount?\n\n> old words\n"},
			{Direction: "in", Body: "an older one."}, {Direction: "out", Body: "ours."},
		} {
			m.ID, m.Kind, m.At, m.Title = state.ActivityID(900, i), state.ActivityMessage, day0("2026-11-19").Add(-time.Duration(i)*time.Hour), "Re: quote"
			if i == 2 {
				m.At = day0("2026-11-20")
			}
			if err := state.Activities.Append(w, state.RecordSubject(1), &m); err != nil {
				return err
			}
		}
		return nil
	}))
	h.now = h.now.Add(24 * time.Hour)

	b := must[BriefOut](h)(h.s.Brief(as("wei"), BriefIn{Ref: "jana"}))
	if b.Owner != "Tom Ford" || b.Deputy != "Wei Zhang" || b.Zone != "Asia/Shanghai" || !b.Since.Equal(day0("2024-03-05")) {
		t.Errorf("owner %q deputy %q zone %q since %s", b.Owner, b.Deputy, b.Zone, b.Since)
	}
	if len(b.Employers) != 1 || b.Employers[0].Customer.Name != "Sternwarte Lübeck e.V." || b.Employers[0].Role != "director" {
		t.Errorf("employers %+v", b.Employers)
	}
	want := []Bought{
		{Connection: "shop", Orders: 4, Net: eur(69000), Last: day0("2026-05-01"), LastAmount: eur(9000), EveryDays: 31, Number: "#6"},
		{Connection: "etsy", Orders: 1, Net: eur(1234), Last: day0("2024-06-01"), LastAmount: eur(1234), Number: "#9"},
		{Connection: "shop", Orders: 1, Net: state.Money{Minor: 5000, Currency: "CHF"}, Last: day0("2024-05-05"), LastAmount: state.Money{Minor: 5000, Currency: "CHF"}, Number: "#4"},
	}
	if !slices.Equal(b.Bought, want) {
		t.Errorf("bought\n%+v, want\n%+v", b.Bought, want)
	}
	if b.Says == nil || b.Says.Body != "still waiting for the quote." {
		t.Errorf("says %+v", b.Says)
	}
	if len(b.Ours) != 2 || b.Ours[0].Text != "quote" || !b.Ours[0].Late || len(b.Theirs) != 1 {
		t.Errorf("promises %+v %+v", b.Ours, b.Theirs)
	}
	for _, code := range []string{"opted_out", "refund", "silent", "owner_away"} {
		if !slices.Contains(watched(b), code) {
			t.Errorf("no %s in %v", code, watched(b))
		}
	}
	if len(b.Last) != briefLast || b.Last[0].Direction != "out" {
		t.Errorf("last %+v", b.Last)
	}
	if len(b.Reach) != 2 || b.Reach[0].Type != "email" || b.Reach[0].State != "withheld" || b.Reach[0].Source != "news" ||
		b.Reach[1].State != "opted_out" || b.Reach[1].Source != "Ana Lima" {
		t.Errorf("reach %+v", b.Reach)
	}
	if !slices.Equal(b.From, []string{"etsy", "news", "shop"}) || b.Records != 3 {
		t.Errorf("from %v, %d records", b.From, b.Records)
	}

	// The organisation rolls its people up.
	o := must[BriefOut](h)(h.s.Brief(as("wei"), BriefIn{Ref: "sternwarte lübeck"}))
	if !slices.Equal(o.Bought, want) || len(o.Ours) != 2 || o.Says == nil || len(o.People) != 1 || o.People[0].Orders != 6 ||
		o.People[0].Role != "director" || o.Last[0].Person == nil {
		t.Errorf("organisation %+v", o)
	}
}

func eur(minor int64) state.Money { return state.Money{Minor: minor, Currency: "EUR"} }

func TestBriefOfStranger(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.tell(person1("book", "1", "name", "Suharto"))
	b := must[BriefOut](h)(h.s.Brief(context.Background(), BriefIn{Ref: "suharto"}))
	if b.Owner != "" || b.Says != nil || len(b.Bought)+len(b.Watch)+len(b.Last)+len(b.Ours) != 0 || !b.Since.IsZero() || b.Zone != "Europe/Berlin" {
		t.Errorf("got %+v", b)
	}
}

func TestBriefAsksAboutMatches(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.tell(person1("shop", "1", "name", "Jon Smith", "address", "Kiel"), person1("book", "2", "name", "Jon Smith", "address", "Kiel"))
	b := must[BriefOut](h)(h.s.Brief(context.Background(), BriefIn{Ref: "c1"}))
	if len(b.Questions) != 1 || !slices.Contains(watched(b), "question") || b.Watch[0].Args["number"] != "c2" {
		t.Errorf("questions %+v, watch %+v", b.Questions, b.Watch)
	}
}

func TestUsualDays(t *testing.T) {
	t.Parallel()
	days := func(ds ...int) (out []time.Time) {
		for _, d := range ds {
			out = append(out, day0("2026-01-01").AddDate(0, 0, d))
		}
		return out
	}
	for _, c := range []struct {
		days []int
		want int
	}{{nil, 0}, {[]int{0, 10}, 0}, {[]int{0, 0, 10}, 0}, {[]int{0, 10, 30}, 15}, {[]int{0, 10, 30, 31}, 10}, {[]int{31, 0, 10, 30, 30}, 10}} {
		if got := usualDays(days(c.days...)); got != c.want {
			t.Errorf("%v: %d, want %d", c.days, got, c.want)
		}
	}
}

func TestWatchReturned(t *testing.T) {
	t.Parallel()
	now := day0("2026-11-21")
	o := order{connection: "shop", Order: &state.Order{Number: "#1", At: day0("2026-11-01"), Status: "paid / returned", Counts: true, Total: 5, Currency: "EUR"}}
	if got := watchOrders([]order{o}, now); len(got) != 1 || got[0].Code != "returned" {
		t.Errorf("got %+v", got)
	}
	if got := watchOrders([]order{o}, now.AddDate(0, 3, 0)); len(got) != 0 {
		t.Errorf("later %+v", got)
	}
	o.Order = &state.Order{Number: "#1", At: day0("2026-11-01"), Counts: true, Total: 5, Refunded: 5, Currency: "JPY"}
	if got := watchOrders([]order{o}, now); len(got) != 1 || got[0].Code != "refund" || got[0].Args["minor"] != "5" || got[0].Args["currency"] != "JPY" {
		t.Errorf("sum alone %+v", got)
	}
}

func TestFirstSentence(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		"still waiting for the quote":         "still waiting for the quote",
		"Dear Ana,\n\nthank you. More.":       "thank you.",
		"您好，\n周五之前寄样品。谢谢！":                    "周五之前寄样品。",
		"Is 1.5 m enough, Dr. Lima? Yes.":     "Is 1.5 m enough, Dr. Lima?",
		"On Mon, Ana wrote:\n> hello":         "",
		"> quoted only":                       "",
		"See below\n-- \nJana":                "See below",
		"":                                    "",
		"two lines\nof one paragraph\n\nnext": "two lines of one paragraph",
		"Hallo Wei!\nDas Stativ z.B. wackelt. Bitte tauschen.":           "Das Stativ z.B. wackelt.",
		"Am 3. Nov. 2026 um 10:00 schrieb Ana:\n> x\nAntwort steht oben": "",
	} {
		if got := firstSentence(body); got != want {
			t.Errorf("%q: %q, want %q", body, got, want)
		}
	}
}
