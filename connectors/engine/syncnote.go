package engine

import (
	"cmp"
	"context"
	"time"

	"github.com/keptcrm/kept/state"
)

// noteEvery is how often it is noted that a connection was synced where nothing else changed: a sync
// every minute shall not fill the change log.
const noteEvery = 10 * time.Minute

// note keeps in the state when each connection was synced, and why its part failed. A dry run notes
// nothing, and neither does one that was stopped.
func (s *syncing) note(ctx context.Context) error {
	if s.in.Dry {
		return nil
	}
	var noted []*part
	err := s.svc.Look(ctx, func(tx state.Tx, now time.Time) error {
		noted = nil
		for _, p := range s.parts {
			c, err := state.Connections.Find(tx, state.TextKey(p.c.Name))
			if err != nil {
				return err
			}
			stopped := p.out.Error != nil && p.out.Error.Class == state.Cancelled
			if c == nil || stopped {
				continue
			}
			if trouble := p.trouble(); c.Trouble != trouble || trouble == "" && (p.out.Sent > 0 || now.Sub(c.Synced) >= noteEvery) {
				noted = append(noted, p)
			}
		}
		return nil
	})
	if err != nil || len(noted) == 0 {
		return err
	}
	return s.svc.Do(ctx, "sync.note", nil, func(w *state.Writer) error {
		for _, p := range noted {
			c, err := state.Connections.Get(w.Tx(), state.TextKey(p.c.Name))
			if err != nil {
				return err
			}
			if c.Trouble = p.trouble(); c.Trouble == "" {
				c.Synced = w.Cause.At
			}
			if err := state.Connections.Put(w, c); err != nil {
				return err
			}
		}
		return nil
	})
}

// trouble is the code of why a connection's part failed, or "".
func (p *part) trouble() string {
	if p.out.Error == nil {
		return ""
	}
	return cmp.Or(p.out.Error.Code, "connection_down")
}
