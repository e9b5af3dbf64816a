package service

import (
	"slices"
	"time"

	"github.com/keptcrm/kept/state"
)

const (
	// sittingGap is how long a reader may pause and still be at the same look: what was new when they
	// began stays new until then.
	sittingGap = 30 * time.Minute
	sinceReads = 500 // entries of the read log among which a reader's last look is sought
	sinceNews  = 500 // newest activities that are counted
)

// SinceLast is what happened with a customer since the reader last looked at a brief or history of it.
// What the reader did is not counted.
type SinceLast struct {
	At       time.Time `json:"at"`              // when they looked
	In       int       `json:"messages_in"`     // from the customer
	Out      int       `json:"messages_out"`    // from others of us
	Orders   int       `json:"orders"`          // and refunds
	Notes    int       `json:"notes"`           // notes, calls and meetings of others
	Made     int       `json:"promises_made"`   // either way
	Closed   int       `json:"promises_closed"` // kept, not kept, withdrawn
	Moved    int       `json:"promises_moved"`  // to another date
	Owner    bool      `json:"owner_changed"`
	Withheld bool      `json:"withheld,omitempty"` // promises are not counted: the reader may not see them
}

// Nothing says whether nothing happened.
func (s *SinceLast) Nothing() bool {
	return s.In+s.Out+s.Orders+s.Notes+s.Made+s.Closed+s.Moved == 0 && !s.Owner
}

// since says what is new for the reader, where they are one of us and looked before.
func (b *briefing) since() error {
	if b.l.reader == nil {
		return nil
	}
	me := state.StaffMembers.Ref(b.l.reader.Number)
	last, err := b.l.lastLook(b.c, me)
	if err != nil || last.IsZero() {
		return err
	}
	out := &SinceLast{At: last}
	b.out.SinceLast = out
	n := 0
	for e, err := range b.l.merged(b.sources, last, "") {
		if err != nil {
			return err
		}
		if n++; n > sinceNews {
			break
		}
		if !e.Time.After(last) || e.Time.After(b.l.now) || e.mine {
			continue
		}
		switch e.Kind {
		case state.ActivityMessage:
			if e.Direction == state.In {
				out.In++
			} else {
				out.Out++
			}
		case state.ActivityOrder, state.ActivityRefund:
			out.Orders++
		case state.ActivityNote, state.ActivityCall, state.ActivityMeeting:
			out.Notes++
		}
	}
	promises, err := b.l.promisesWith(b.c)
	if err != nil {
		return err
	}
	for _, p := range promises {
		if p.Made.After(last) && p.By != me && p.Logged != me {
			out.Made++
		}
		if p.State != state.PromiseOpen && p.Closed.After(last) && p.ClosedBy != me {
			out.Closed++
		}
		if p.State == state.PromiseOpen && len(p.Earlier) > 0 && p.Due != nil && p.Due.SetAt.After(last) && p.Due.SetBy != me {
			out.Moved++
		}
	}
	for _, base := range bases(b.c) {
		settings, err := state.Settings.List(b.l.tx, state.PrefixRange("", state.NumberKey(base)))
		if err != nil {
			return err
		}
		out.Owner = out.Owner || slices.ContainsFunc(settings, func(x *state.Setting) bool {
			return x.Field == "owner" && x.At.After(last) && x.By != me
		})
	}
	return nil
}

// lastLook is when one of us last looked at a customer, before the look that lasts; zero where they
// never did, or so long ago that it is known no more. The read log says so: it is written off the
// answer's path, goes with whoever is forgotten, and its entries follow merges.
func (l *lookup) lastLook(c *state.Customer, actor string) (time.Time, error) {
	var looks []time.Time
	for _, n := range bases(c) {
		r := state.PrefixRange("customer", state.NumberKey(n))
		r.Reverse, r.Limit = true, sinceReads
		for x, err := range state.Reads.All(l.tx, r) {
			if err != nil {
				return time.Time{}, err
			}
			if x.Actor == actor && (x.What == "brief" || x.What == "history") {
				looks = append(looks, x.At)
			}
		}
	}
	slices.SortFunc(looks, func(a, b time.Time) int { return b.Compare(a) })
	begun := l.now
	for _, at := range looks {
		if begun.Sub(at) > sittingGap {
			return at, nil
		}
		begun = at
	}
	return time.Time{}, nil
}
