package engine

import (
	"context"
	"slices"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// Webhook verifies a webhook of a connection and gives where it says that there is news. Nothing in it
// is trusted beyond that: [Engine.Hints] asks the system itself. The error is [state.Forbidden] with
// the code "webhook_refused" where the vendor did not send it, [state.Invalid] with "no_webhooks" where
// the connector takes none.
func (e *Engine) Webhook(ctx context.Context, connection string, header map[string][]string, body []byte) ([]connectors.Hint, error) {
	all, err := e.configured([]string{connection})
	if err != nil {
		return nil, err
	}
	conn, spec, err := e.dial(ctx, all[0], e.svc, true)
	if err != nil {
		return nil, err
	}
	defer release(conn)
	receiver, ok := conn.(connectors.WebhookReceiver)
	if !ok {
		return nil, &state.Error{Class: state.Invalid, Code: "no_webhooks", Args: state.Args{"connection": connection, "type": spec.Name}}
	}
	hints, err := receiver.Receive(ctx, header, body)
	if err == nil {
		return hints, nil
	}
	switch connectors.ClassOf(err) {
	case connectors.Auth, connectors.Forbidden, connectors.Invalid:
		return nil, &state.Error{Class: state.Forbidden, Code: "webhook_refused", Args: state.Args{"connection": connection}, Cause: err}
	}
	return nil, connectionError(connection, err)
}

// Hints reads what a webhook or a watcher hinted at: single records by key, and where a hint names
// none, all that changed of its kind. What is said to be gone is asked for first. Nothing is written
// anywhere; the next sync finds out what follows.
func (e *Engine) Hints(ctx context.Context, connection string, hints []connectors.Hint) (service.SyncConnection, error) {
	s := &syncing{e: e, svc: e.svc, in: service.SyncIn{Connections: []string{connection}}}
	select {
	case e.turn <- struct{}{}:
	case <-ctx.Done():
		return service.SyncConnection{}, state.AsError(ctx.Err())
	}
	defer func() { <-e.turn }()
	caller := service.CallerOf(ctx)
	caller.Request = ""
	ctx = service.WithCaller(ctx, caller)
	if err := s.wanted(ctx); err != nil {
		return service.SyncConnection{}, err
	}
	p := s.parts[0]
	err := p.open(ctx)
	if err == nil {
		defer release(p.conn)
		err = p.follow(ctx, hints)
	}
	if err != nil {
		p.out.Error = connectionError(connection, err)
	}
	if ended := p.end(context.WithoutCancel(ctx)); p.out.Error == nil && ended != nil {
		return p.out, ended
	}
	if p.out.Error != nil {
		return p.out, p.out.Error
	}
	return p.out, nil
}

func (p *part) follow(ctx context.Context, hints []connectors.Hint) error {
	fetcher, fetches := p.conn.(connectors.Fetcher)
	for _, kind := range p.kinds {
		var ids []string
		whole := false
		for _, h := range hints {
			switch {
			case h.Kind != kind:
			case h.ID == "" || !fetches:
				whole = true
			case !slices.Contains(ids, h.ID):
				ids = append(ids, h.ID)
			}
		}
		for chunk := range slices.Chunk(ids, fetchSize) {
			if err := p.lookKind(ctx, fetcher, kind, chunk); err != nil {
				return err
			}
		}
		if whole {
			if err := p.pullKind(ctx, kind); err != nil {
				return err
			}
		}
	}
	return nil
}
