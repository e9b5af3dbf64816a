package followup

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Occasion is one thing that a rule acts on, once.
type Occasion struct {
	// Key is the same for the same thing for ever, whenever and on whichever computer it is computed;
	// it does not name the customer. Also are the keys that it may have had before more was known.
	Key  string
	Also []string
	// Topic groups occasions of which one is open at a time: of a promise its stages.
	Topic string
	// Own says that the key means this customer's alone (a birthday); else the thing itself has the
	// key (an order, a message), whoever it belongs to.
	Own  bool
	At   time.Time // when it came
	Ends time.Time // when it is over, acted on or not; zero: never

	Code    string // what happened, with arguments, for the catalogue: "followup.why.<code>"
	Args    map[string]string
	Due     time.Time // when what is to be done is due, where the thing says so
	Record  uint64
	Promise uint64
	By      string // of a promise: who made it

	about any // what conditions see of it, under its name
	name  string
}

// morning is the hour at which things of a day come.
const morning = 8

// at gives the morning of a date in a zone. Where the clock leaps over it, it is the next there is.
func at(y int, m time.Month, d int, loc *time.Location) time.Time {
	return time.Date(y, m, d, morning, 0, 0, 0, loc).UTC()
}

// Occasions gives everything that a rule could act on at a moment or later on, in the order of time:
// what came before now as well as what is known to come. Conditions are not asked.
func (r *Rule) Occasions(f *Facts, now time.Time, cal Calendar) []Occasion {
	var out []Occasion
	switch r.When {
	case Unanswered:
		out = r.unanswered(f, cal)
	case PromiseDue:
		out = r.promises(f, cal)
	case Delivered, NewOrder, FirstOrder:
		out = r.orders(f, now)
	case Silent:
		out = r.silent(f, now)
	case Birthday:
		out = r.birthday(f, now)
	case Unconfirmed:
		out = r.unconfirmed(f, cal)
	}
	slices.SortStableFunc(out, func(a, b Occasion) int { return a.At.Compare(b.At) })
	return out
}

// State says how an occasion stands at a moment: it is to come, it is to be acted on, or it is over.
type State string

// The states of occasions.
const (
	Coming State = "coming"
	Now    State = "now"
	Before State = "before" // it came before the rule was there
	Missed State = "missed" // too long ago
	Over   State = "over"   // it has ended
)

// Stands says how an occasion stands for a rule that is there since a time.
func (r *Rule) Stands(o *Occasion, since, now time.Time) State {
	switch {
	case o.At.After(now):
		return Coming
	case !o.Ends.IsZero() && !now.Before(o.Ends):
		return Over
	case o.At.Before(since.Add(-r.Back)):
		return Before
	case now.Sub(o.At) > r.limit():
		return Missed
	}
	return Now
}

// Env is what a condition sees of a customer and an occasion.
func (o *Occasion) Env(f *Facts, now time.Time) map[string]any {
	env := map[string]any{"customer": f.Customer}
	switch v := o.about.(type) {
	case Message:
		v.Hours = int(now.Sub(o.At) / time.Hour)
		env[o.name] = v
	case nil:
	default:
		env[o.name] = v
	}
	return env
}

// Env is what the condition of a segment sees of a customer.
func (f *Facts) Env() map[string]any { return map[string]any{"customer": f.Customer} }

// Again says when an occasion whose condition does not hold is to be looked at again though nothing
// changed: zero for never.
func (r *Rule) Again(now time.Time) time.Time {
	if r.If.moves() {
		return now.Add(day)
	}
	return time.Time{}
}

// Waiting gives the messages of a customer that wait for an answer, the oldest first: those since the
// last word of ours. What nobody wrote, and thanks, wait for none.
func (f *Facts) Waiting() []Touch {
	var out []Touch
	for _, t := range f.Touches {
		if t.Automatic {
			continue
		}
		if t.Out || t.Call {
			break
		}
		if !t.Thanks {
			out = append(out, t)
		}
	}
	slices.Reverse(out)
	return out
}

func hours(h float64) time.Duration { return time.Duration(h * float64(time.Hour)) }

func (r *Rule) unanswered(f *Facts, cal Calendar) []Occasion {
	waiting := f.Waiting()
	if len(waiting) == 0 {
		return nil
	}
	first := waiting[0]
	o := Occasion{Key: "m:" + first.Key, Topic: "answer", At: cal.AddHours(first.At, hours(r.Hours), f.Work), Code: Unanswered, Record: first.Record,
		Args: map[string]string{"at": first.At.Format(time.RFC3339), "subject": first.Subject, "channel": first.Channel, "n": strconv.Itoa(len(waiting))},
		name: "message", about: Message{Subject: clip(first.Subject), Channel: first.Channel, Connection: first.Connection, From: first.From, Count: len(waiting)}}
	for _, t := range waiting[1:] {
		o.Also = append(o.Also, "m:"+t.Key)
	}
	return []Occasion{o}
}

func (r *Rule) promises(f *Facts, cal Calendar) []Occasion {
	var out []Occasion
	for _, p := range f.Promises {
		if p.Due.IsZero() {
			continue
		}
		y, m, d := p.Due.In(p.Zone).Date()
		today := at(y, m, d, p.Zone)
		late := p.Due
		if p.DateOnly {
			late = p.Due.Add(time.Second)
		}
		if !today.Before(late) { // due in the small hours
			today = late.Add(-2 * time.Hour)
		}
		y, m, d = cal.AddWorkdays(p.Due, -1, p.Zone).In(p.Zone).Date()
		tomorrow := at(y, m, d, p.Zone)
		if !tomorrow.Before(today) {
			tomorrow = today.Add(-day)
		}
		topic := "p" + strconv.FormatUint(p.Number, 10)
		for _, s := range []struct {
			stage    string
			at, ends time.Time
			days     int
		}{{StageTomorrow, tomorrow, today, 1}, {StageToday, today, late, 0}, {StageLate, late, time.Time{}, -1}} {
			if !slices.Contains(r.On, s.stage) {
				continue
			}
			o := Occasion{Key: topic + ":" + s.stage + ":" + p.Due.UTC().Format(time.RFC3339), Topic: topic, At: s.at, Ends: s.ends,
				Code: "promise_" + s.stage, Promise: p.Number, By: p.By, Args: map[string]string{"text": p.Text, "due": p.Due.In(p.Zone).Format(time.DateOnly)},
				name: "promise", about: Promise{Text: clip(p.Text), By: p.By, Ours: p.Ours, Late: s.stage == StageLate, Days: s.days}}
			if s.stage != StageLate {
				o.Due = p.Due
			}
			out = append(out, o)
		}
	}
	return out
}

func (r *Rule) orders(f *Facts, now time.Time) []Occasion {
	var out []Occasion
	first := true
	for _, b := range f.Orders {
		if !b.Counts {
			continue
		}
		was := first
		first = false
		o := Occasion{Key: "o:" + b.Key, At: b.At, Code: r.When, Record: b.Record, Args: map[string]string{"order": b.Number,
			"minor": strconv.FormatInt(b.Net, 10), "currency": b.Currency, "connection": b.Connection, "at": b.At.Format(time.RFC3339)},
			name: "order", about: Order{Number: b.Number, Connection: b.Connection, Currency: b.Currency, State: b.State, Total: whole(b.Total, b.Digits),
				Net: whole(b.Net, b.Digits), Items: b.Items, Skus: b.Skus, Names: b.Names, First: was, Days: days(b.At, now, f.Zone)}}
		switch r.When {
		case FirstOrder:
			o.Key, o.Own = "first", true
			return []Occasion{o}
		case Delivered:
			if b.Shipped.IsZero() {
				continue
			}
			y, m, d := b.Shipped.In(f.Zone).Date()
			o.At = at(y, m, d+r.Days, f.Zone)
			o.Args["days"], o.Args["shipped"] = strconv.Itoa(r.Days), b.Shipped.Format(time.RFC3339)
		}
		out = append(out, o)
	}
	return out
}

// silent tells of somebody who does nothing for twice as long as usual, and at least for r.Days.
func (r *Rule) silent(f *Facts, now time.Time) []Occasion {
	usual, last := f.Customer.Usual, time.Time{}
	for _, b := range f.Orders {
		if b.Counts && !b.At.After(now) {
			last = later(last, b.At)
		}
	}
	for _, t := range f.Touches {
		if !t.Automatic && (!t.Out || t.Call) && !t.At.After(now) {
			last = later(last, t.At)
		}
	}
	if usual == 0 || last.IsZero() {
		return nil
	}
	for _, t := range f.Touches {
		if t.Out && !t.Automatic && !t.At.After(now) && t.At.After(last.AddDate(0, 0, max(2*usual, r.Days))) {
			return nil // somebody asked after them already
		}
	}
	y, m, d := last.In(f.Zone).Date()
	return []Occasion{{Key: "since:" + last.UTC().Format(time.DateOnly), Topic: Silent, Own: true, At: at(y, m, d+max(2*usual, r.Days), f.Zone), Code: Silent,
		Args: map[string]string{"days": strconv.Itoa(days(last, now, f.Zone)), "usual": strconv.Itoa(usual), "at": last.Format(time.RFC3339)}}}
}

func (r *Rule) unconfirmed(f *Facts, cal Calendar) []Occasion {
	var out []Occasion
	for _, s := range f.Signups {
		if len(r.Tags) == 0 && len(s.Tags) > 0 { // a tag is a sign-up only where a rule says so
			continue
		}
		if len(r.Tags) > 0 && !slices.ContainsFunc(r.Tags, func(t string) bool {
			return slices.ContainsFunc(s.Tags, func(have string) bool { return strings.EqualFold(t, have) })
		}) {
			continue
		}
		// What went out afterwards confirms it, also what a system sent.
		if slices.ContainsFunc(f.Touches, func(t Touch) bool { return (t.Out || t.Call) && !t.At.Before(s.At) }) {
			continue
		}
		out = append(out, Occasion{Key: "s:" + s.Key, At: cal.AddHours(s.At, hours(r.Hours), f.Work), Code: Unconfirmed, Record: s.Record,
			Args: map[string]string{"what": s.What, "connection": s.Connection, "at": s.At.Format(time.RFC3339)},
			name: "signup", about: Signup{What: s.What, Connection: s.Connection, Hours: int(cal.AddHours(s.At, 0, f.Work).Sub(s.At) / time.Hour)}})
	}
	return out
}

// birthday tells of a birthday, r.Days before it. Who was born on 29 February has it on the 28th in
// years without.
func (r *Rule) birthday(f *Facts, now time.Time) []Occasion {
	born, month, dayOf, ok := parseBirthday(f.Birthday)
	if !ok {
		return nil
	}
	var out []Occasion
	this := now.In(f.Zone).Year()
	for year := this - 1; year <= this+1; year++ {
		if born > year {
			continue
		}
		d := dayOf
		if month == time.February && d == 29 && time.Date(year, time.February, 29, 0, 0, 0, 0, time.UTC).Month() != time.February {
			d = 28
		}
		o := Occasion{Key: "b:" + strconv.Itoa(year), Own: true, At: at(year, month, d-r.Days, f.Zone), Ends: at(year, month, d+8, f.Zone), Code: Birthday,
			Due:  time.Date(year, month, d, 23, 59, 59, 0, f.Zone).UTC(),
			Args: map[string]string{"on": time.Date(year, month, d, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)}}
		if born > 0 && year > born {
			o.Args["age"] = strconv.Itoa(year - born)
		}
		out = append(out, o)
	}
	return out
}

// parseBirthday reads a date with or without its year: 1990-02-28, 19900228, --02-28, --0228, 02-28.
func parseBirthday(s string) (year int, month time.Month, dayOf int, ok bool) {
	s = strings.TrimSpace(s)
	for _, layout := range []string{"2006-01-02", "20060102", "2006-01-02T15:04:05Z07:00"} {
		if t, err := time.Parse(layout, s); err == nil {
			y, m, d := t.Date()
			if y < 1880 { // 1604 and the like stand for no year
				y = 0
			}
			return y, m, d, true
		}
	}
	s = strings.ReplaceAll(strings.TrimLeft(s, "-"), "-", "")
	if len(s) != 4 {
		return 0, 0, 0, false
	}
	t, err := time.Parse("20060102", "2000"+s) // a leap year
	return 0, t.Month(), t.Day(), err == nil
}
