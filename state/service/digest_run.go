package service

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
)

const (
	digestNoon = minutes(12 * 60) // until then a digest is made up for that was due while nobody was there
	digestLeft = 2 * time.Hour    // and at least so long after its time
	lateTold   = 16 * time.Hour   // how late a promise may be when somebody is told that it is; then it is in the digest
	askedTold  = 24 * time.Hour   // how old a question may be when it is put to somebody by itself
	noticeLife = 12 * time.Hour   // of what is told and has no time of its own
	digestJob  = "job:digest"     // the actor
	noticeMost = 20               // notices to one of us that one pass makes
)

// DigestRun is one pass over what our people are told by themselves: it puts the digests, reminders and
// questions that are due into the outbox. Each has its occasion, so that a pass that is killed is gone
// on with by the next and nothing comes twice: a digest once for a person and a day of theirs, a
// reminder once for a promise and its due time. Where nothing is due it writes nothing.
func (s *Service) DigestRun(ctx context.Context, _ DigestRunIn) (DigestRunOut, error) {
	caller := CallerOf(ctx)
	caller.Request = "" // a pass is many changes, each of which happens once by its occasion
	ctx = WithCaller(ctx, caller)
	var out DigestRunOut
	var todo []notifying
	err := s.Look(ctx, func(tx state.Tx, now time.Time) error {
		var err error
		todo, err = s.toTell(tx, now)
		return err
	})
	if err != nil || len(todo) == 0 {
		return out, err
	}
	for len(todo) > 0 {
		if err := ctx.Err(); err != nil {
			return out, state.AsError(err)
		}
		n := min(len(todo), noticeMost)
		did, err := change(ctx, s, "digest.run", nil, func(w *state.Writer) (DigestRunOut, error) {
			w.Cause.Actor = digestJob
			var did DigestRunOut
			for i := range todo[:n] {
				if err := s.tellOne(w, &todo[i], &did); err != nil {
					return did, err
				}
			}
			return did, nil
		})
		if err != nil {
			return out, err
		}
		out.Digests, out.Empty, out.Reminders = out.Digests+did.Digests, out.Empty+did.Empty, out.Reminders+did.Reminders
		out.Late, out.Questions = out.Late+did.Late, out.Questions+did.Questions
		todo = todo[n:]
	}
	return out, nil
}

// notifying is one thing that somebody is told, or a day of theirs that needs no digest.
type notifying struct {
	staff uint64
	day   string // of a digest
	count func(*DigestRunOut) *int
	m     *state.Outgoing // nil: nothing to say
}

// tellOne puts it into the outbox, unless somebody has done so meanwhile.
func (s *Service) tellOne(w *state.Writer, t *notifying, out *DigestRunOut) error {
	if t.day != "" {
		x, err := state.StaffSettings.Find(w.Tx(), state.NumberKey(t.staff))
		if err != nil {
			return err
		}
		if x == nil {
			x = &state.StaffSetting{Staff: t.staff}
		}
		if x.Told >= t.day {
			return nil
		}
		x.Told = t.day
		if err := state.StaffSettings.Put(w, x); err != nil {
			return err
		}
		if t.m == nil {
			out.Empty++
			return nil
		}
	}
	m := *t.m // a closure may be run again
	queued, err := s.queue(w, &m)
	if queued {
		*t.count(out)++
	}
	return err
}

// toTell finds what is to be told now.
func (s *Service) toTell(tx state.Tx, now time.Time) ([]notifying, error) {
	members, err := state.StaffMembers.List(tx, state.Range{})
	if err != nil {
		return nil, err
	}
	r := &notifyRun{s: s, tx: tx, now: now, l: newLookup(tx, now), all: map[uint64]*recipient{}, gather: &gathering{s: s, tx: tx, now: now}}
	var out []notifying
	for _, m := range members {
		if left(m, now) {
			continue
		}
		x, err := settingsOf(tx, m)
		if err != nil {
			return nil, err
		}
		r.all[m.Number] = &recipient{m: m, st: s.showSettings(m, x), zone: s.zone(m.Zone), last: x.Told, away: s.absence(m, now) != nil}
	}
	for _, m := range members {
		t := r.all[m.Number]
		if t == nil || t.away {
			continue
		}
		d, err := r.digest(t)
		if err != nil {
			return nil, err
		}
		if d != nil {
			out = append(out, *d)
		}
		asked, err := r.questions(t)
		if err != nil {
			return nil, err
		}
		out = append(out, asked...)
	}
	reminders, err := r.reminders()
	return append(out, reminders...), err
}

// notifyRun is one look at what is to be told.
type notifyRun struct {
	s      *Service
	tx     state.Tx
	now    time.Time
	l      *lookup
	gather *gathering
	all    map[uint64]*recipient // those of us who have not left
}

// recipient is one of us, and how they are told.
type recipient struct {
	m     *state.Staff
	st    StaffSettings
	zone  *time.Location
	last  string // day of the last digest
	away  bool
	count int // of this pass
}

// hour is when somebody is told what a day of theirs needs: at the time that they chose, or where
// that is in their quiet hours, when these end.
func (t *recipient) hour(day time.Time) time.Time {
	clock, _ := timeOfDay(t.st.At)
	begin := at(day, clock)
	if until, quiet := t.quiet(begin); quiet && midnight(until, t.zone).Equal(day) {
		return until
	}
	return begin
}

// quiet says whether somebody wants no message at a time, and until when.
func (t *recipient) quiet(now time.Time) (until time.Time, is bool) {
	from, to, ok := span(t.st.Quiet)
	if !ok {
		return now, false
	}
	for _, day := range []int{-1, 0} {
		begin := at(midnight(now, t.zone).AddDate(0, 0, day), from)
		end := at(midnight(now, t.zone).AddDate(0, 0, day), to)
		if to <= from {
			end = at(midnight(now, t.zone).AddDate(0, 0, day+1), to)
		}
		if !now.Before(begin) && now.Before(end) {
			return end, true
		}
	}
	return now, false
}

// queued says whether there is a message for an occasion already.
func (r *notifyRun) queued(key string) (bool, error) {
	o, err := outgoingOf(r.tx, key)
	return o != nil, err
}

// digest gives the digest of somebody whose hour has come; nil where it has not, or was made.
func (r *notifyRun) digest(t *recipient) (*notifying, error) {
	today := midnight(r.now, t.zone)
	begin := t.hour(today)
	end := at(today, digestNoon)
	if least := begin.Add(digestLeft); end.Before(least) {
		end = least
	}
	day := today.Format(time.DateOnly)
	if !t.st.Digest || t.last >= day || !r.s.digestDay(t.st, today) || r.now.Before(begin) || !r.now.Before(end) {
		return nil, nil
	}
	out := &notifying{staff: t.m.Number, day: day, count: func(o *DigestRunOut) *int { return &o.Digests }}
	d, err := r.gather.digest(t.m)
	if err != nil || d.Empty() {
		return out, err
	}
	out.m = &state.Outgoing{Key: "digest:" + d.Staff + ":" + day, Staff: d.Staff, Card: "digest", Lang: d.Language, Expires: end.UTC(), Rule: "digest"}
	r.s.put(out.m, Notice{Digest: &d, Language: d.Language, Zone: d.Zone, Now: r.now})
	return out, nil
}

// put puts a notice into words. Who has no catalogue has the number alone.
func (s *Service) put(m *state.Outgoing, n Notice) {
	n.Card = m.Card
	if s.config.Notice != nil {
		m.Subject, m.Text = s.config.Notice(n)
	}
	m.Text = cmp.Or(strings.TrimSpace(m.Text), n.Card)
}

// questions gives those that somebody wants as they come.
func (r *notifyRun) questions(t *recipient) ([]notifying, error) {
	if t.st.Questions != questionsNow {
		return nil, nil
	}
	if _, quiet := t.quiet(r.now); quiet || !r.s.config.Calendar.Workday(r.now.In(t.zone)) {
		return nil, nil
	}
	list, err := questionsFor(r.tx, t.st.Staff)
	if err != nil {
		return nil, err
	}
	var out []notifying
	for _, q := range list {
		ref := state.Questions.Ref(q.Number)
		key := "question:" + ref + ":" + t.st.Staff
		if r.now.Sub(q.Asked) > askedTold+72*time.Hour || t.count >= noticeMost {
			continue
		}
		if there, err := r.queued(key); err != nil || there {
			if err != nil {
				return nil, err
			}
			continue
		}
		l := r.s.lookup(r.tx, r.now, reader{staff: t.m, zone: t.zone})
		shown, err := l.question(q)
		if err != nil {
			return nil, err
		}
		m := &state.Outgoing{Key: key, Staff: t.st.Staff, Base: q.A, Card: cardOf("question", ref), Lang: t.st.Language, Expires: r.now.Add(noticeLife), Rule: "digest"}
		r.s.put(m, Notice{Question: &shown, Language: t.st.Language, Zone: t.st.Zone, Now: r.now})
		t.count++
		out = append(out, notifying{staff: t.m.Number, count: func(o *DigestRunOut) *int { return &o.Questions }, m: m})
	}
	return out, nil
}

// reminders gives what promises are reminded of: before they are due, and once when they got late.
func (r *notifyRun) reminders() ([]notifying, error) {
	from, to := state.TimeKey(r.now.Add(-lateTold)), state.TimeKey(r.now.Add(maxLead+48*time.Hour))
	var out []notifying
	for p, err := range state.Promises.All(r.tx, state.Range{Index: "open", From: from, To: to}) {
		if err != nil {
			return nil, err
		}
		if p.Due == nil || p.Direction != state.Ours {
			continue
		}
		t, standsIn, err := r.keeper(p)
		if err != nil {
			return nil, err
		}
		if t == nil || !t.st.Reminders || t.count >= noticeMost {
			continue
		}
		m, count := r.reminder(t, p)
		if m == nil {
			continue
		}
		if there, err := r.queued(m.Key); err != nil || there {
			if err != nil {
				return nil, err
			}
			continue
		}
		shown, err := r.l.promise(p)
		if err != nil {
			return nil, err
		}
		r.s.put(m, Notice{Promise: &shown, StandsIn: standsIn, Language: t.st.Language, Zone: t.st.Zone, Now: r.now})
		t.count++
		out = append(out, notifying{staff: t.m.Number, count: count, m: m})
	}
	return out, nil
}

// keeper gives who is reminded of a promise: whoever made it, or who stands in for them; nil where
// that is nobody of us.
func (r *notifyRun) keeper(p *state.Promise) (t *recipient, standsIn string, err error) {
	m, err := r.l.member(p.By)
	if err != nil || m == nil {
		return nil, "", err
	}
	now, err := r.s.present(r.l, m)
	if err != nil || now == nil {
		return nil, "", err
	}
	if now.Number != m.Number {
		standsIn = m.Name
	}
	return r.all[now.Number], standsIn, nil
}

// reminder is what is to be told of a promise now; nil where that is nothing. Of a day the digest
// reminds whoever has one.
func (r *notifyRun) reminder(t *recipient, p *state.Promise) (*state.Outgoing, func(*DigestRunOut) *int) {
	ref, due := state.Promises.Ref(p.Number), p.Due.At
	known := p.Made
	if p.Due.SetAt.After(known) {
		known = p.Due.SetAt
	}
	m := &state.Outgoing{Staff: t.st.Staff, Base: p.Base, Card: cardOf("reminder", ref), Lang: t.st.Language, Rule: "digest"}
	if late(p, r.now) {
		_, quiet := t.quiet(r.now)
		if quiet || r.now.Sub(due) > lateTold || !known.Before(due) || p.Due.DateOnly && t.st.Digest || !r.s.config.Calendar.Workday(r.now.In(t.zone)) {
			return nil, nil
		}
		m.Key, m.Expires = "late:"+ref+reminderDue(p), r.now.Add(noticeLife)
		return m, func(o *DigestRunOut) *int { return &o.Late }
	}
	begin := r.remindAt(t, p)
	if begin.IsZero() || r.now.Before(begin) || !known.Before(begin) {
		return nil, nil
	}
	m.Key, m.Expires = "reminder:"+ref+reminderDue(p), due
	return m, func(o *DigestRunOut) *int { return &o.Reminders }
}

// remindAt is when somebody is reminded of a promise; zero where the digest does it.
func (r *notifyRun) remindAt(t *recipient, p *state.Promise) time.Time {
	if p.Due.DateOnly {
		if t.st.Digest {
			return time.Time{}
		}
		day := midnight(p.Due.At, t.zone)
		if !r.s.config.Calendar.Workday(day) {
			day = midnight(r.s.config.Calendar.AddWorkdays(day, -1, t.zone), t.zone)
		}
		return t.hour(day)
	}
	lead, err := time.ParseDuration(t.st.Lead)
	if err != nil {
		lead = 2 * time.Hour
	}
	begin := p.Due.At.Add(-lead)
	until, quiet := t.quiet(begin)
	switch {
	case !quiet:
	case until.Before(p.Due.At.Add(-15 * time.Minute)):
		begin = until
	default: // it is due in the night: they know before the night
		from, _, _ := span(t.st.Quiet)
		day := midnight(begin, t.zone)
		if at(day, from).After(begin) {
			day = day.AddDate(0, 0, -1)
		}
		begin = at(day, from).Add(-30 * time.Minute)
	}
	return begin
}
