package service

import (
	"bytes"
	"cmp"
	"container/heap"
	"context"
	"fmt"
	"hash/fnv"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
)

const defaultEntries = 50

// History gives a customer's history, newest first: what connections told of its records, what
// people entered, promises made and closed, and refusals of contact; for an organisation that of
// its people too, as long as they belonged to it. It reads no more than it shows.
func (s *Service) History(ctx context.Context, in HistoryIn) (HistoryOut, error) {
	limit := in.Limit
	if limit == 0 {
		limit = defaultEntries
	}
	only := strings.ToLower(strings.TrimSpace(in.Only))
	if only != "" && !slices.Contains(activityKinds, only) {
		return HistoryOut{}, &state.Error{Class: state.Invalid, Code: "unknown_kind",
			Args: state.Args{"kind": in.Only, "kinds": strings.Join(activityKinds, ", ")}}
	}
	return view(ctx, s, func(tx state.Tx, now time.Time) (HistoryOut, error) {
		out := HistoryOut{Entries: []Entry{}, Now: now}
		c, _, err := s.reading(tx, in.Ref)
		if err != nil {
			return out, err
		}
		r, err := s.reader(ctx, tx)
		if err != nil {
			return out, err
		}
		out.Customer, out.Zone = refOf(c), r.zone.String()
		l := s.lookup(tx, now, r)
		sources, err := l.sources(c)
		if err != nil {
			return out, err
		}
		for e, err := range l.merged(sources, in.Since, only) {
			if err != nil {
				return out, err
			}
			if limit > 0 && len(out.Entries) == limit {
				out.More = true
				break
			}
			out.Entries = append(out.Entries, e)
		}
		return out, nil
	})
}

var activityKinds = []string{state.ActivityOrder, state.ActivityRefund, state.ActivityShipment, state.ActivityMessage,
	state.ActivityCall, state.ActivityMeeting, state.ActivityNote, state.ActivityPromise, state.ActivityConsent,
	state.ActivityTouch, state.ActivityOverride}

// source is one person, or the customer itself, whose dealings a history shows.
type source struct {
	c        *state.Customer
	shown    *CustomerRef // in an organisation's history
	from, to time.Time    // To is exclusive; zero is open
}

func (s source) covers(t time.Time) bool {
	return (s.from.IsZero() || !t.Before(s.from)) && (s.to.IsZero() || t.Before(s.to))
}

// sources gives whose dealings are a customer's: its own, and those of an organisation's people.
func (l *lookup) sources(c *state.Customer) ([]source, error) {
	out := []source{{c: c}}
	people, err := l.people(c)
	for _, p := range people {
		ref := refOf(p.c)
		s := source{c: p.c, shown: &ref}
		s.from, s.to = p.span()
		out = append(out, s)
	}
	return out, err
}

// item is an entry in a merge.
type item struct {
	e     Entry
	order []byte
	mail  string // the Message-ID
}

// stream is one ordered list of entries in a merge, newest first.
type stream struct {
	head item
	next func() (item, bool, error)
}

type streams []*stream

func (s streams) Len() int { return len(s) }
func (s streams) Less(i, j int) bool {
	if d := s[j].head.e.Time.Compare(s[i].head.e.Time); d != 0 {
		return d < 0
	}
	return bytes.Compare(s[i].head.order, s[j].head.order) > 0
}
func (s streams) Swap(i, j int) { s[i], s[j] = s[j], s[i] }
func (s *streams) Push(x any)   { *s = append(*s, x.(*stream)) }
func (s *streams) Pop() any {
	last := (*s)[len(*s)-1]
	*s = (*s)[:len(*s)-1]
	return last
}

// merged gives the entries of all sources, newest first, reading each history only as far as the
// caller goes. Only is an activity kind or "".
func (l *lookup) merged(sources []source, since time.Time, only string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		var h streams
		var stops []func()
		defer func() {
			for _, stop := range stops {
				stop()
			}
		}()
		start := func(s *stream) bool {
			x, ok, err := s.next()
			if err != nil {
				yield(Entry{}, err)
				return false
			}
			if ok {
				s.head = x
				h = append(h, s)
			}
			return true
		}
		for _, src := range sources {
			if only != state.ActivityPromise && only != state.ActivityConsent && only != state.ActivityTouch {
				all, err := l.subjects(src.c)
				if err != nil {
					yield(Entry{}, err)
					return
				}
				for _, subject := range all {
					next, stop := l.stream(src, subject, since, only)
					stops = append(stops, stop)
					if !start(&stream{next: next}) {
						return
					}
				}
			}
			computed, err := l.computed(src, since, only)
			if err != nil {
				yield(Entry{}, err)
				return
			}
			if !start(&stream{next: listed(computed)}) {
				return
			}
		}
		heap.Init(&h)
		var moment []item // entries of one time
		show := func() bool {
			for _, x := range together(moment) {
				if !yield(x.e, nil) {
					return false
				}
			}
			moment = moment[:0]
			return true
		}
		for len(h) > 0 {
			top := h[0]
			if len(moment) > 0 && !moment[0].e.Time.Equal(top.head.e.Time) && !show() {
				return
			}
			moment = append(moment, top.head)
			x, ok, err := top.next()
			if err != nil {
				yield(Entry{}, err)
				return
			}
			if !ok {
				heap.Pop(&h)
				continue
			}
			top.head = x
			heap.Fix(&h, 0)
		}
		show()
	}
}

// stream reads one stored history backwards.
func (l *lookup) stream(src source, of subject, since time.Time, only string) (next func() (item, bool, error), stop func()) {
	r := state.Range{Reverse: true}
	if from := later(since, src.from); !from.IsZero() {
		r.From = state.TimeKey(from)
	}
	if !src.to.IsZero() {
		r.To = state.TimeKey(src.to)
	}
	pull, stop := iter.Pull2(state.Activities.Read(l.tx, of.key, r))
	return func() (item, bool, error) {
		for {
			a, err, ok := pull()
			if !ok || err != nil {
				return item{}, false, err
			}
			if only != "" && a.Kind != only {
				continue
			}
			if keep, err := l.keeps(a, of); err != nil {
				return item{}, false, err
			} else if !keep {
				continue
			}
			e, err := l.entry(a, src.shown)
			return item{e: e, order: []byte(a.ID), mail: a.Mail}, err == nil, err
		}
	}, stop
}

func listed(entries []Entry) func() (item, bool, error) {
	return func() (item, bool, error) {
		if len(entries) == 0 {
			return item{}, false, nil
		}
		e := entries[0]
		entries = entries[1:]
		return item{e: e, order: []byte(e.ID)}, true, nil
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// entry gives a stored activity as its reader sees it.
func (l *lookup) entry(a *state.Activity, of *CustomerRef) (Entry, error) {
	e := Entry{ID: a.ID, Time: a.At, Kind: a.Kind, Direction: a.Direction, Channel: a.Channel, Connection: a.Connection,
		Title: a.Title, Body: a.Body, Amount: a.Amount, Actor: l.name(a.Actor), Status: a.Status, Person: of}
	if a.Kind == state.ActivityMessage {
		if err := l.message(&e, a); err != nil {
			return e, err
		}
	}
	seen, err := l.visible(a)
	if err != nil {
		return e, err
	}
	e.Mark, e.mine = seen.mark, l.reader != nil && (a.Actor == state.StaffMembers.Ref(l.reader.Number) || a.Kind == state.ActivityMessage && e.Actor == l.reader.Name)
	if !seen.open {
		header(&e, seen.owner)
	}
	return e, nil
}

// computed gives the entries that are not stored as activities: promises as they were made and
// closed, and refusals of contact; newest first.
func (l *lookup) computed(src source, since time.Time, only string) ([]Entry, error) {
	var out []Entry
	add := func(e Entry) {
		if !e.Time.Before(since) && src.covers(e.Time) {
			e.Person = src.shown
			out = append(out, e)
		}
	}
	if only == "" || only == state.ActivityPromise {
		promises, err := l.promisesOf(src.c)
		if err != nil {
			return nil, err
		}
		for _, p := range promises {
			number := state.Promises.Ref(p.Number)
			e := Entry{ID: number, Time: p.Made, Kind: state.ActivityPromise, Direction: p.Direction,
				Title: p.Text, Actor: l.promiser(p, src.c), Status: "made"}
			add(e)
			if p.State != state.PromiseOpen && !p.Closed.IsZero() {
				e.ID, e.Time, e.Status, e.Body = number+".closed", p.Closed, p.State, p.Note
				e.Actor = l.name(p.ClosedBy)
				add(e)
			}
		}
	}
	if only == "" || only == state.ActivityConsent {
		said, err := l.statements(src.c)
		if err != nil {
			return nil, err
		}
		for i := range said {
			c := &said[i]
			if !c.Refuses() && c.State != state.ConsentLifted {
				continue
			}
			add(Entry{ID: consentID(c), Time: saidAt(c), Kind: state.ActivityConsent, Direction: state.In, Channel: c.Channel,
				Connection: c.Connection, Title: c.Identifier.Shown, Body: c.Words, Actor: l.name(c.By), Status: c.State})
		}
	}
	if only == "" || only == state.ActivityTouch {
		sent, err := l.touchEntries(src.c, since)
		if err != nil {
			return nil, err
		}
		for _, e := range sent {
			add(e)
		}
	}
	slices.SortFunc(out, func(a, b Entry) int {
		return cmp.Or(b.Time.Compare(a.Time), cmp.Compare(b.ID, a.ID))
	})
	return out, nil
}

// consentID names a statement; it is a function of its key.
func consentID(c *state.Consent) string {
	h := fnv.New64a()
	h.Write(consentKey(c))
	return fmt.Sprintf("o%x", h.Sum64())
}

// sendingID names what was sent to an address; it is a function of its key.
func sendingID(t *state.Sending) string {
	h := fnv.New64a()
	h.Write(sendingKey(t))
	return fmt.Sprintf("t%x", h.Sum64())
}

// saidAt is when a statement was made, else when we learned of it.
func saidAt(c *state.Consent) time.Time {
	if c.At.IsZero() {
		return c.Noted
	}
	return c.At
}
