package service

import (
	"context"

	"github.com/keptcrm/kept/state"
)

// Settle lets the store do what it put off while much was told, if that is worth it by now, or with all
// to its end. The engine calls it between the commits of an import; nothing that people see changes by it.
func (s *Service) Settle(ctx context.Context, all bool) error {
	if store, ok := s.store.(state.Settler); ok {
		return store.Settle(ctx, all)
	}
	return nil
}
