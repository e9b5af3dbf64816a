package service

import (
	"context"
	"slices"
	"strings"

	"github.com/keptcrm/kept/state"
)

// selves are what people call themselves where one of us is named.
var selves = []string{"me", "myself", "mine", "我", "我自己"}

// whom gives one of us as they were named, where "me" is whoever asks: their number ("s2"). A caller
// who is none of us has nothing of their own.
func (s *Service) whom(ctx context.Context, tx state.Tx, ref string) (string, error) {
	if !slices.Contains(selves, strings.ToLower(strings.TrimSpace(ref))) {
		return ref, nil
	}
	r, err := s.reader(ctx, tx)
	if err != nil {
		return "", err
	}
	if r.staff == nil {
		return "", &state.Error{Class: state.NotFound, Code: "not_staff"}
	}
	return state.StaffMembers.Ref(r.staff.Number), nil
}
