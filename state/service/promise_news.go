package service

import (
	"time"

	"github.com/keptcrm/kept/state"
)

// This file notes what came and is to be read for promises. It is noted in the transaction that
// brings it; what is old is not noted at all, so that an import of old mail costs nothing.

const (
	// newsAhead is how far ahead of our clock a message may be dated.
	newsAhead = 24 * time.Hour
	// goneFor is for how long it matters that a message was deleted at its connection, beside those
	// that closed a promise: questions about it may still wait.
	goneFor = 90 * 24 * time.Hour
)

// news notes a message, or an order that was placed or left, that is new or changed; before is the
// record as it was.
func (t *telling) news(before, r *state.Record) error {
	if r.Kind != state.KindMessage && r.Kind != state.KindOrder || t.run == nil {
		return nil
	}
	ref, now := state.Records.Ref(r.Key), t.w.Cause.At
	was, is := newsTime(before), newsTime(r)
	if len(r.Versions) == 0 {
		is = time.Time{}
	}
	if !was.IsZero() && !was.Equal(is) {
		if _, err := state.NewsItems.Delete(t.w, state.NewsKey(was, ref)); err != nil {
			return err
		}
	}
	switch {
	case is.IsZero() && !was.IsZero():
		mattered := now.Sub(was) < goneFor
		if !mattered {
			closed, err := state.Promises.By(t.w.Tx(), "proof", state.TextKey(ref))
			if err != nil {
				return err
			}
			mattered = len(closed) > 0
		}
		if !mattered {
			return nil
		}
		return state.NewsItems.Put(t.w, &state.News{At: was, ID: ref, Record: r.Key, Gone: true})
	case is.IsZero(), now.Sub(is) > t.s.promiseRules().Age, is.Sub(now) > newsAhead:
		return nil
	}
	return state.NewsItems.Put(t.w, &state.News{At: is, ID: ref, Record: r.Key})
}

// newsTime is when what a record tells happened: a message's time, of an order when it left, else
// when it was placed. The zero time where it tells nothing that is read for promises.
func newsTime(r *state.Record) time.Time {
	if r == nil {
		return time.Time{}
	}
	v := r.Current()
	switch {
	case v == nil:
	case v.Message != nil && v.Message.Automatic == "" && v.Message.List == "":
		return v.Message.At
	case v.Order != nil && !v.Order.Test:
		if !v.Order.Shipped.IsZero() {
			return v.Order.Shipped
		}
		return v.Order.At
	}
	return time.Time{}
}

// noteNews notes an entry that somebody wrote into a history.
func (s *Service) noteNews(w *state.Writer, a *state.Activity) error {
	if w.Cause.At.Sub(a.At) > s.promiseRules().Age {
		return nil
	}
	return state.NewsItems.Put(w, &state.News{At: a.At, ID: a.ID})
}
