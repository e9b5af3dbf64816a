package followup

import (
	"math"
	"slices"
	"time"
)

// Calendar says which days and hours are worked; package promise has one.
type Calendar interface {
	AddHours(t time.Time, d time.Duration, loc *time.Location) time.Time
	AddWorkdays(t time.Time, n int, loc *time.Location) time.Time
	Workday(day time.Time) bool
}

// Facts are what is known of one customer. Times are UTC.
type Facts struct {
	Customer Customer       // days and sums are filled in by [Facts.Complete]
	Zone     *time.Location // the customer's
	Work     *time.Location // of whoever answers for the customer
	Birthday string         // "1990-02-28", "--02-28", "02-28"; "" unknown
	Created  time.Time
	Touches  []Touch    // newest first
	Orders   []Bought   // oldest first
	Promises []Promised // open ones
	Signups  []Signed
}

// Touch is a word between people: a message, a call, a meeting.
type Touch struct {
	Key        string // the same for the same message for ever: its Message-ID, else connection and ID
	At         time.Time
	Out        bool // it went from us to them; of a call or meeting it makes no difference
	Call       bool // a call or meeting
	Automatic  bool // nobody wrote it: lists, out of office, bounces, what systems send
	Thanks     bool // it says thanks and nothing else
	Subject    string
	Channel    string
	Connection string
	From       string
	Record     uint64
}

// Bought is one order. Amounts are in minor units.
type Bought struct {
	Key        string // the same for the same order for ever
	Number     string
	Connection string
	Currency   string
	Digits     int // of the currency's minor unit
	State      string
	At         time.Time
	Shipped    time.Time // zero where it was not, or nobody knows
	Total, Net int64
	Items      int
	Skus       []string
	Names      []string
	Counts     bool
	Record     uint64
}

// Promised is one open promise.
type Promised struct {
	Number   uint64
	Text     string
	By       string
	Ours     bool
	Due      time.Time // zero: open
	DateOnly bool
	Zone     *time.Location
}

// Signed is one sign-up: to a list, or a tag that a connection gave.
type Signed struct {
	Key        string
	What       string
	Tags       []string
	Connection string
	At         time.Time
	Record     uint64
}

// days counts the dates from a time to now in a zone; [Never] where the time is zero.
func days(t, now time.Time, loc *time.Location) int {
	if t.IsZero() {
		return Never
	}
	return int(date(now.In(loc)).Sub(date(t.In(loc))) / day)
}

func date(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

// Complete fills in what conditions see of the customer and follows from the other facts at a moment.
func (f *Facts) Complete(now time.Time) {
	c := &f.Customer
	c.Name, c.Company = clip(c.Name), clip(c.Company)
	c.KnownDays = days(f.Created, now, f.Zone)
	var first, last, touch, in, out time.Time
	c.Net, c.Orders = map[string]float64{}, 0
	var ordered, did []time.Time
	for _, o := range f.Orders {
		if !o.Counts || o.At.After(now) {
			continue
		}
		c.Orders++
		c.Net[o.Currency] += whole(o.Net, o.Digits)
		if first.IsZero() {
			first = o.At
		}
		last, ordered = o.At, append(ordered, o.At)
	}
	did = append(did, ordered...)
	for _, t := range f.Touches {
		if t.Automatic || t.At.After(now) {
			continue
		}
		touch = later(touch, t.At)
		if t.Out {
			out = later(out, t.At)
		}
		if !t.Out || t.Call {
			in, did = later(in, t.At), append(did, t.At)
		}
	}
	c.FirstOrder, c.LastOrder = days(first, now, f.Zone), days(last, now, f.Zone)
	c.LastTouch, c.LastIn, c.LastOut = days(touch, now, f.Zone), days(in, now, f.Zone), days(out, now, f.Zone)
	c.UsualOrder, c.Usual = rhythm(ordered), rhythm(did)
	c.Open, c.Late = 0, 0
	for _, p := range f.Promises {
		if p.Ours {
			c.Open++
			if !p.Due.IsZero() && now.After(p.Due) {
				c.Late++
			}
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func whole(minor int64, digits int) float64 { return float64(minor) / math.Pow10(digits) }

// rhythm is the median of the days between times; several on one day are one. 0 where they fall on
// fewer than three days.
func rhythm(times []time.Time) int {
	var on []int
	for _, t := range times {
		on = append(on, int(date(t.UTC()).Unix()/(24*60*60)))
	}
	slices.Sort(on)
	on = slices.Compact(on)
	if len(on) < 3 {
		return 0
	}
	var gaps []int
	for i := 1; i < len(on); i++ {
		gaps = append(gaps, on[i]-on[i-1])
	}
	slices.Sort(gaps)
	if n := len(gaps); n%2 == 0 {
		return (gaps[n/2-1] + gaps[n/2] + 1) / 2
	}
	return gaps[len(gaps)/2]
}
