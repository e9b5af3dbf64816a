package engine

import (
	"context"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// Sync brings connections in step.
func (e *Engine) Sync(ctx context.Context, in service.SyncIn) (service.SyncOut, error) {
	out := service.SyncOut{Dry: in.Dry, Connections: []service.SyncConnection{}}
	if _, err := e.configured(in.Connections); err != nil {
		return out, err
	}
	return out, &state.Error{Class: state.Failed, Code: "sync_not_built"}
}
