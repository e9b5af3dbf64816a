package cmd

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/engine"
)

// fileSpecs are the connectors that read files.
func fileSpecs(specs []connectors.Spec) []connectors.Spec {
	var out []connectors.Spec
	for _, s := range specs {
		if slices.ContainsFunc(s.Options, func(o connectors.Option) bool { return o.Name == engine.PathOption }) {
			out = append(out, s)
		}
	}
	return out
}

func (f *factory) isGlobal(name string) bool {
	return slices.Contains([]string{"state", "config", "output", "lang", "zone", "region", "no-color", "quiet", "verbose", "request"}, name)
}

func baseNames(paths []string) []string {
	out := make([]string, len(paths))
	for i, p := range paths {
		out[i] = filepath.Base(p)
	}
	return out
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func newConnection(f *factory) *cobra.Command {
	c := &cobra.Command{
		Use:     "connection",
		Short:   "what Kept is and can be connected to",
		Example: examples("connection list", "connection types"),
		GroupID: groupData,
		Args:    cobra.ArbitraryArgs,
		RunE:    f.group,
	}
	c.AddCommand(newConnectionTypes(f), newConnectionList(f), newConnectionMailbox(f))
	return c
}

// connectorType is a connector as "connection types" shows it.
type connectorType struct {
	Name    string            `json:"name"`
	Summary string            `json:"summary"`
	Options []connectorOption `json:"options"`
}

type connectorOption struct {
	Name     string `json:"name"`
	Help     string `json:"help"`
	Required bool   `json:"required"`
	Secret   bool   `json:"secret"`
	Default  string `json:"default"`
}

func newConnectionTypes(f *factory) *cobra.Command {
	return &cobra.Command{
		Use:     "types",
		Short:   "the connectors that this program has, with their options",
		Example: examples("connection types"),
		Args:    arguments(0, 0),
		RunE: func(*cobra.Command, []string) error {
			types := []connectorType{}
			s := newSheet("", nil)
			for _, spec := range f.o.Specs {
				t := connectorType{Name: spec.Name, Summary: spec.Summary, Options: []connectorOption{}}
				var rows []bot.Row
				for _, o := range spec.Options {
					t.Options = append(t.Options, connectorOption{Name: o.Name, Help: o.Help, Required: o.Required, Secret: o.Secret, Default: o.Default})
					notes := joined(", ", map[bool]string{true: "required"}[o.Required], map[bool]string{true: "secret"}[o.Secret])
					if o.Default != "" {
						notes = joined(", ", notes, "default "+o.Default)
					}
					rows = append(rows, row(o.Name, typed(o.Name), plain(o.Help), dim(notes)))
				}
				types = append(types, t)
				s.table(spec.Name+": "+strings.TrimSuffix(spec.Summary, "."), 1, rows)
			}
			s.card.Data = types
			return f.show(s.card)
		},
	}
}
