package engine

import (
	"cmp"
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// place says which system or account a connection is configured for, by the options that tell it; ""
// where its connector has none such. Scheme, letters and a slash at the end make no other place.
func (e *Engine) place(c *Connection) string {
	spec := e.spec(c.Type)
	if spec == nil {
		return ""
	}
	var parts []string
	for _, o := range spec.Options {
		if v := cmp.Or(c.Options[o.Name], e.env.Defaults[o.Name], o.Default); o.Place && v != "" {
			parts = append(parts, placeOf(v))
		}
	}
	return strings.Join(parts, " ")
}

func placeOf(value string) string {
	value = strings.TrimSpace(value)
	if u, err := url.Parse(value); err == nil && u.Host != "" {
		at := strings.ToLower(u.Host) + u.Path
		if u.RawQuery != "" {
			at += "?" + u.RawQuery
		}
		return strings.TrimRight(at, "/")
	}
	return strings.TrimRight(strings.ToLower(value), "/")
}

// arrive looks whether a connection is still configured for the system that it was read from. Where it is
// another place, only a person can say that it is the same system under a new address: its records would
// else be taken for those of another, its cursors mean nothing there, and what was approved for one system
// would be written to the other. The error is [state.Refused] with the code "connection_moved"; with
// SyncIn.Moved what was kept of the old place is forgotten, as when a connection is removed.
func (p *part) arrive(ctx context.Context) error {
	place, was := p.s.e.place(p.c), ""
	err := p.s.svc.Look(ctx, func(tx state.Tx, _ time.Time) error {
		known, err := state.Connections.Find(tx, state.TextKey(p.c.Name))
		if known != nil {
			was = known.Place
		}
		return err
	})
	if err != nil || was == "" || was == place {
		return err
	}
	if !p.s.in.Moved {
		return &state.Error{Class: state.Refused, Code: "connection_moved", Args: state.Args{"connection": p.c.Name, "was": was, "now": place}}
	}
	_, err = p.s.svc.ConnectionRemove(ctx, service.ConnectionRemoveIn{Connection: p.c.Name})
	return err
}
