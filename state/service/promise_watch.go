package service

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/promise"
)

// watchStep is how many messages one transaction of the watch is about: few enough for its commit
// to keep nobody waiting.
const watchStep = 100

// promiseRules are the rules about found promises, with their defaults.
func (s *Service) promiseRules() PromiseConfig {
	c := s.config.Promises
	if c.Ask == 0 {
		c.Ask = 5
	}
	if c.Lapse <= 0 {
		c.Lapse = 14 * 24 * time.Hour
	}
	if c.Age <= 0 {
		c.Age = 30 * 24 * time.Hour
	}
	if c.Close == "" {
		c.Close = CloseAsk
	}
	return c
}

func (s *Service) promiseReader() promise.Reader { return promise.Reader{Calendar: s.config.Calendar} }

// PromiseWatch reads what came since it last did: finds promises in it, looks whether it keeps
// promises that are open, and puts to each of us the best of the questions that follow. Stopped
// anywhere it goes on where it was, and a second pass finds nothing to do. What a pass costs follows
// what came, not the size of the state.
func (s *Service) PromiseWatch(ctx context.Context, _ PromiseWatchIn) (PromiseWatchOut, error) {
	var out PromiseWatchOut
	caller := CallerOf(ctx)
	caller.Request = ""
	ctx = WithCaller(ctx, caller)
	for {
		if err := ctx.Err(); err != nil {
			return out, err
		}
		items, err := s.readNews(ctx)
		if err != nil {
			return out, err
		}
		if len(items) == 0 {
			break
		}
		var step PromiseWatchOut
		err = s.Do(ctx, "promise.watch", nil, func(w *state.Writer) error {
			step = PromiseWatchOut{}
			h := &harvest{s: s, w: w, l: newLookup(w.Tx(), w.Cause.At), out: &step}
			h.l.s = s
			for _, item := range items {
				if err := h.take(item); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return out, err
		}
		out.add(step)
	}
	asked, err := s.askPromises(ctx)
	out.add(asked)
	out.Waiting = asked.Waiting
	return out, err
}

func (o *PromiseWatchOut) add(x PromiseWatchOut) {
	o.Read += x.Read
	o.Found += x.Found
	o.Known += x.Known
	o.Asked += x.Asked
	o.Lapsed += x.Lapsed
	o.Proposed += x.Proposed
	o.Closed += x.Closed
	o.Reopened += x.Reopened
}

// newsItem is one thing to read, with what its text promises.
type newsItem struct {
	news   *state.News
	record *state.Record   // nil of a note
	note   *state.Activity // nil of a record
	base   uint64          // of a note: whose history it is in
	found  []promise.Found
}

// readNews reads the oldest of what came. Text is read here, so that no writer waits for it.
func (s *Service) readNews(ctx context.Context) ([]*newsItem, error) {
	var items []*newsItem
	err := s.Look(ctx, func(tx state.Tx, now time.Time) error {
		list, err := state.NewsItems.List(tx, state.Range{Limit: cmp.Or(s.watchStep, watchStep)})
		if err != nil {
			return err
		}
		l := newLookup(tx, now)
		l.s = s
		for _, n := range list {
			item := &newsItem{news: n}
			items = append(items, item)
			if n.Gone {
				continue
			}
			if err := s.readItem(l, item); err != nil {
				return err
			}
		}
		return nil
	})
	return items, err
}

func (s *Service) readItem(l *lookup, item *newsItem) error {
	n := item.news
	if n.Record == 0 {
		place, err := state.NotePlaces.Find(l.tx, state.TextKey(n.ID))
		if err != nil || place == nil {
			return err
		}
		item.base = place.Base
		if item.note, err = l.activity(n.ID); err != nil {
			if state.IsClass(err, state.NotFound) {
				return nil
			}
			return err
		}
		loc, err := l.zoneOf(item.note.Actor)
		if err != nil {
			return err
		}
		item.found = s.promiseReader().Promises(strings.TrimSpace(item.note.Title+"\n"+item.note.Body), item.note.At, loc)
		return nil
	}
	var err error
	if item.record, err = state.Records.Find(l.tx, state.NumberKey(n.Record)); err != nil || item.record == nil {
		return err
	}
	v := item.record.Current()
	if v == nil || v.Message == nil || item.record.Mail == nil {
		return nil
	}
	loc, err := l.writerZone(item.record.Mail)
	if err != nil {
		return err
	}
	item.found = s.promiseReader().Promises(v.Message.Text, v.Message.At, loc)
	return nil
}

// harvest is one step of the watch, within its transaction.
type harvest struct {
	s   *Service
	w   *state.Writer
	l   *lookup
	out *PromiseWatchOut
}

// take reads one item, once: where another pass has taken it meanwhile there is nothing to do.
func (h *harvest) take(item *newsItem) error {
	n := item.news
	key := state.NewsKey(n.At, n.ID)
	now, err := state.NewsItems.Find(h.w.Tx(), key)
	if err != nil || now == nil || now.Gone != n.Gone {
		return err
	}
	if _, err := state.NewsItems.Delete(h.w, key); err != nil {
		return err
	}
	if n.Gone {
		return h.gone(n)
	}
	h.out.Read++
	switch {
	case item.note != nil:
		return h.fromNote(item)
	case item.record == nil || item.record.Current() == nil:
		return nil
	case item.record.Kind == state.KindOrder:
		return h.proofOfOrder(item.record)
	}
	return h.fromMessage(item)
}

// watchAfter is the watch after an import or a sync that came to its end, or partly did; what it did
// comes before what the watch says of itself.
func (s *Service) watchAfter(ctx context.Context, dry bool, err error) error {
	if e := state.AsError(err); dry || e != nil && e.Class != state.Partly {
		return err
	}
	if _, werr := s.PromiseWatch(ctx, PromiseWatchIn{}); werr != nil && err == nil {
		return werr
	}
	return err
}
