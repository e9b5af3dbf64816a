package service

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/followup"
)

// How much of each kind a digest lists, and how far it looks.
const (
	digestPromises  = 10
	digestFew       = 5
	digestQuestions = 3
	digestHorizon   = 14 * 24 * time.Hour // the next working day is within it
	digestCustomers = 1000                // of one owner, that are looked at for who wrote and who is silent
)

// Digest gives what the morning digest of one of us would say now. Nothing is sent.
func (s *Service) Digest(ctx context.Context, in DigestIn) (DigestOut, error) {
	return view(ctx, s, func(tx state.Tx, now time.Time) (DigestOut, error) {
		m, err := s.whose(ctx, tx, now, in.Staff)
		if err != nil {
			return DigestOut{}, err
		}
		g := &gathering{s: s, tx: tx, now: now, quiet: in.Quiet}
		return g.digest(m)
	})
}

// gathering reads what digests of one moment are made of, what is everybody's once.
type gathering struct {
	s        *Service
	tx       state.Tx
	now      time.Time
	read     bool
	quiet    bool              // everybody who is
	promises []*state.Promise  // open, ours and theirs: due within the horizon, or made lately
	open     []*state.Followup // open, due within two days
	staff    []*state.Staff    // those who have not left
}

func (g *gathering) gather() error {
	if g.read {
		return nil
	}
	g.read = true
	for p, err := range state.Promises.All(g.tx, state.Range{Index: "open"}) {
		if err != nil {
			return err
		}
		if p.Due != nil && p.Due.At.Before(g.now.Add(digestHorizon)) || p.Made.After(g.now.Add(-digestHorizon)) {
			g.promises = append(g.promises, p)
		}
	}
	var err error
	if g.open, err = state.Followups.List(g.tx, state.Range{Index: "open", To: state.After(state.TimeKey(g.now.Add(48 * time.Hour)))}); err != nil {
		return err
	}
	g.staff, err = state.StaffMembers.List(g.tx, state.Range{})
	g.staff = slices.DeleteFunc(g.staff, func(m *state.Staff) bool { return left(m, g.now) })
	return err
}

// digest makes the digest of one of us.
func (g *gathering) digest(m *state.Staff) (DigestOut, error) {
	out := DigestOut{Staff: state.StaffMembers.Ref(m.Number), Name: m.Name, Total: map[string]int{}, Now: g.now,
		Late: []Promise{}, Today: []Promise{}, Next: []Promise{}, Theirs: []Promise{}, New: []Promise{}, Followups: []Followup{}, Questions: []Question{},
		Wrote: []Unanswered{}, Quiet: []DigestQuiet{}, For: []DigestStandsIn{}}
	x, err := settingsOf(g.tx, m)
	if err != nil {
		return out, err
	}
	if err := g.gather(); err != nil {
		return out, err
	}
	st := g.s.showSettings(m, x)
	zone := g.s.zone(m.Zone)
	today := midnight(g.now, zone)
	out.Language, out.Zone, out.Day = st.Language, zone.String(), today.Format(time.DateOnly)
	out.Since = g.s.digestBefore(st, today, zone)
	d := &digest{gathering: g, m: m, st: st, ref: out.Staff, out: &out, l: g.s.lookup(g.tx, g.now, reader{staff: m, zone: zone}),
		tomorrow: today.AddDate(0, 0, 1), shown: map[uint64]bool{}}
	d.next = g.s.config.Calendar.AddWorkdays(today, 1, zone)
	if d.next = d.next.AddDate(0, 0, 1); !d.next.After(d.tomorrow) {
		d.next = d.tomorrow.AddDate(0, 0, 1)
	}
	for _, part := range []func() error{d.ours, d.theirs, d.standsIn, d.followups, d.questions, d.customers} {
		if err := part(); err != nil {
			return out, err
		}
	}
	return out, nil
}

// midnight begins the day of a time in a zone.
func midnight(t time.Time, zone *time.Location) time.Time {
	y, m, d := t.In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, zone)
}

// at is the moment of a day at which the clocks show a time; where they skip it, the one after the jump.
func at(day time.Time, t minutes) time.Time {
	y, m, d := day.Date()
	return time.Date(y, m, d, int(t)/60, int(t)%60, 0, 0, day.Location())
}

// digestDay says whether somebody has a digest on a day.
func (s *Service) digestDay(st StaffSettings, day time.Time) bool {
	if len(st.Days) == 0 {
		return s.config.Calendar.Workday(day)
	}
	return slices.Contains(st.Days, weekdays[day.Weekday()])
}

// digestBefore is when the digest before that of a day was due.
func (s *Service) digestBefore(st StaffSettings, today time.Time, zone *time.Location) time.Time {
	t, _ := timeOfDay(st.At)
	for back := 1; back <= 14; back++ {
		if day := midnight(today.AddDate(0, 0, -back), zone); s.digestDay(st, day) {
			return at(day, t).UTC()
		}
	}
	return at(today.AddDate(0, 0, -1), t).UTC()
}

// digest is one in the making.
type digest struct {
	*gathering
	m        *state.Staff
	st       StaffSettings
	ref      string
	l        *lookup
	out      *DigestOut
	tomorrow time.Time       // when today ends
	next     time.Time       // when the next working day ends
	shown    map[uint64]bool // promises that it lists
}

// list shows promises, the first of them.
func (d *digest) list(name string, all []*state.Promise, most int) ([]Promise, error) {
	out := []Promise{}
	d.out.Total[name] = len(all)
	for _, p := range all[:min(len(all), most)] {
		d.shown[p.Number] = true
		shown, err := d.l.promise(p)
		if err != nil {
			return nil, err
		}
		out = append(out, shown)
	}
	return out, nil
}

func (d *digest) ours() error {
	var overdue, today, next, added []*state.Promise
	for _, p := range d.promises {
		switch {
		case p.Direction != state.Ours || p.By != d.ref:
		case late(p, d.now):
			overdue = append(overdue, p)
		case p.Due != nil && p.Due.At.Before(d.tomorrow):
			today = append(today, p)
		case p.Due != nil && p.Due.At.Before(d.next):
			next = append(next, p)
		case p.Made.After(d.out.Since) && p.Logged != d.ref:
			added = append(added, p)
		}
	}
	var err error
	if d.out.Late, err = d.list("late", overdue, digestPromises); err != nil {
		return err
	}
	if d.out.Today, err = d.list("today", today, digestPromises); err != nil {
		return err
	}
	if d.out.Next, err = d.list("next", next, digestFew); err != nil {
		return err
	}
	d.out.New, err = d.list("new", added, digestFew)
	return err
}

// theirs are promises of customers whom they answer for: those that got late since the digest before
// this, and those due today.
func (d *digest) theirs() error {
	var due []*state.Promise
	for _, p := range d.promises {
		if p.Direction != state.Theirs || p.Due == nil || !p.Due.At.After(d.out.Since) || !p.Due.At.Before(d.tomorrow) {
			continue
		}
		c, err := d.l.survivor(p.Base)
		if err != nil {
			return err
		}
		if c != nil && c.Owner == d.ref {
			due = append(due, p)
		}
	}
	var err error
	d.out.Theirs, err = d.list("theirs", due, digestFew)
	return err
}

// standsIn adds what must not wait of colleagues who are away.
func (d *digest) standsIn() error {
	for _, m := range d.staff {
		if m.Number == d.m.Number || d.s.absence(m, d.now) == nil {
			continue
		}
		in, err := d.s.present(d.l, m)
		if err != nil {
			return err
		}
		if in == nil || in.Number != d.m.Number {
			continue
		}
		ref := state.StaffMembers.Ref(m.Number)
		var due []*state.Promise
		for _, p := range d.promises {
			if p.Direction == state.Ours && p.By == ref && p.Due != nil && p.Due.At.Before(d.tomorrow) {
				due = append(due, p)
			}
		}
		if len(due) == 0 {
			continue
		}
		list, err := d.list("for "+ref, due, digestFew)
		if err != nil {
			return err
		}
		d.out.For = append(d.out.For, DigestStandsIn{Name: m.Name, Late: list})
		d.out.Total["for"] += len(due)
	}
	return nil
}

// followups are those due today or before, but for those about promises that are listed already.
func (d *digest) followups() error {
	var due []*state.Followup
	for _, f := range d.open {
		if (f.For == d.ref || f.Over == d.ref) && f.Due.At.Before(d.tomorrow) && !d.now.Before(f.Snoozed) && !d.shown[f.Promise] {
			due = append(due, f)
		}
	}
	d.out.Total["followups"] = len(due)
	sortFollowups(due, d.now)
	for _, f := range due[:min(len(due), digestPromises)] {
		shown, err := d.s.showFollowup(d.l, f)
		if err != nil {
			return err
		}
		d.out.Followups = append(d.out.Followups, shown)
	}
	return nil
}

// questions are the best of those that are theirs to answer.
func (d *digest) questions() error {
	if d.st.Questions != questionsOnce {
		return nil
	}
	list, err := questionsFor(d.tx, d.ref)
	if err != nil {
		return err
	}
	for q, err := range state.Questions.All(d.tx, state.Range{Index: "open", Limit: 500}) {
		if err != nil {
			return err
		}
		if q.For == d.ref {
			list = append(list, q)
		}
	}
	d.out.Total["questions"] = len(list)
	for _, q := range list[:min(len(list), digestQuestions)] {
		shown, err := d.l.question(q)
		if err != nil {
			return err
		}
		d.out.Questions = append(d.out.Questions, shown)
	}
	return nil
}

// questionsFor gives the open questions about promises that are put to one of us, best first.
func questionsFor(tx state.Tx, ref string) ([]*state.Question, error) {
	return state.Questions.List(tx, state.PrefixRange("found", state.Join(state.TextKey(ref), state.TextKey(state.QuestionOpen))))
}

// customers are those whom they answer for and who wrote since the digest before this, or have gone
// quiet since.
func (d *digest) customers() error {
	numbers, err := scanNumbers(d.tx, exactly("owner", state.TextKey(d.ref)), digestCustomers)
	if err != nil {
		return err
	}
	silent := &followup.Rule{Name: "digest", When: followup.Silent, Days: 14}
	for _, n := range numbers {
		c, err := state.Customers.Find(d.tx, state.NumberKey(n))
		if err != nil {
			return err
		}
		if c == nil || c.Into != 0 {
			continue
		}
		f, err := d.s.facts(d.l, c, followup.Needs{Orders: true, Touches: true})
		if err != nil {
			return err
		}
		if waiting := f.Waiting(); len(waiting) > 0 && waiting[len(waiting)-1].At.After(d.out.Since) {
			w, err := d.s.waitsFor(d.l, c, d.now)
			if err != nil {
				return err
			}
			if w != nil {
				d.out.Wrote = append(d.out.Wrote, *w)
			}
		}
		for _, o := range silent.Occasions(f, d.now, d.s.config.Calendar) {
			if (o.At.After(d.out.Since) || d.quiet) && !o.At.After(d.now) {
				d.out.Quiet = append(d.out.Quiet, DigestQuiet{Customer: refOf(c), Days: silentDays(o), Usual: f.Customer.Usual})
			}
		}
	}
	slices.SortStableFunc(d.out.Wrote, func(a, b Unanswered) int { return a.Since.Compare(b.Since) })
	slices.SortStableFunc(d.out.Quiet, func(a, b DigestQuiet) int { return cmp.Compare(b.Days, a.Days) })
	d.out.Total["wrote"], d.out.Total["quiet"] = len(d.out.Wrote), len(d.out.Quiet)
	d.out.Wrote = d.out.Wrote[:min(len(d.out.Wrote), digestFew)]
	d.out.Quiet = d.out.Quiet[:min(len(d.out.Quiet), digestFew)]
	return nil
}

// silentDays is how long somebody has been silent.
func silentDays(o followup.Occasion) int {
	n, _ := strconv.Atoi(o.Args["days"])
	return n
}
