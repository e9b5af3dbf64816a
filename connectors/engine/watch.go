package engine

import (
	"context"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
)

// Watch holds the line to a connection that tells its news by itself, until ctx ends or the line breaks.
// news is called for each; what it says is followed with [Engine.Hints]. The error is [state.Invalid] with
// the code "no_watcher" where the connection tells nothing by itself.
func (e *Engine) Watch(ctx context.Context, connection string, news func(connectors.Hint)) error {
	all, err := e.configured([]string{connection})
	if err != nil {
		return err
	}
	conn, spec, err := e.dial(ctx, all[0], e.svc, true)
	if err != nil {
		return err
	}
	defer release(conn)
	watcher, ok := conn.(connectors.Watcher)
	if !ok {
		return &state.Error{Class: state.Invalid, Code: "no_watcher", Args: state.Args{"connection": connection, "type": spec.Name}}
	}
	if err := watcher.Watch(ctx, news); err != nil {
		return connectionError(connection, err)
	}
	return nil
}
