package cmd

import (
	"context"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/keptcrm/kept/cmd/internal/config"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// removedOut is what "kept connection remove" answers.
type removedOut struct {
	Name string `json:"name"`
	Type string `json:"type"`
	File string `json:"file"`
	// Known says whether the state has records of it, which stay.
	Known bool `json:"known"`
}

func newConnectionRemove(f *factory) *cobra.Command {
	yes := false
	c := &cobra.Command{
		Use:   "remove NAME",
		Short: "connect something no longer; what it told stays",
		Long: "Take a connection out of kept.yaml, with the secrets that Kept stored for it and what the system\n" +
			"gave us to be known by. Its records and the histories that they made stay: customers do not\n" +
			"vanish because a shop is closed. At the system itself nothing is changed.",
		Example:           examples("connection remove shop", "connection remove shop --yes"),
		Args:              arguments(1, 1),
		ValidArgsFunction: f.completeSynced(1),
		RunE: func(c *cobra.Command, args []string) error {
			name := args[0]
			s, err := f.settings()
			if err != nil {
				return err
			}
			was, there := s.file.Connections[name]
			if !there {
				return f.notConfigured(c.Context(), s, name)
			}
			if !yes {
				if err := f.confirm(f.printer().T("connection.remove", state.Args{"connection": name})); err != nil {
					return err
				}
			}
			path, _ := f.configPath()
			if err := config.RemoveConnection(path, name, nil); err != nil {
				return err
			}
			for option, reference := range was.Options {
				f.dropSecret(name, option, reference)
			}
			f.reread()
			out := removedOut{Name: name, Type: was.Type, File: filepath.Clean(path)}
			if !missing(s.state) {
				api, err := f.api(c.Context(), asking)
				if err != nil {
					return err
				}
				gone, err := api.ConnectionRemove(c.Context(), service.ConnectionRemoveIn{Connection: name})
				if err != nil {
					return err
				}
				out.Known = gone.Connection.Type != ""
			}
			sheet := newSheet("", out)
			line := name + " is no longer connected: it stands in " + out.File + " no more."
			if out.Known {
				line += " Its records, and the histories that they made, stay."
			}
			sheet.lines("", line)
			return f.show(sheet.card)
		},
	}
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return c
}

// notConfigured says why a connection cannot be removed: it stands nowhere, or comes from imports.
func (f *factory) notConfigured(ctx context.Context, s settings, name string) error {
	if api, err := f.api(ctx, asking); err == nil {
		known, err := api.ConnectionState(ctx, service.ConnectionStateIn{Connections: []string{name}})
		if err == nil && len(known.Connections) == 1 && known.Connections[0].Type != "" {
			return invalid("connection_imported", "connection", name)
		}
	}
	return f.configured(s, name)
}
