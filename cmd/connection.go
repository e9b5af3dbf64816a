package cmd

import (
	"maps"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

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
		Use:   "connection",
		Short: "what Kept is and can be connected to",
		Long: "The shops, address books, mailboxes and accounts that Kept is connected to. They stand in\n" +
			"kept.yaml; a new one is only read until somebody sets it to two-way.",
		Example: examples("connection types", "connection add csv members --path members.csv", "connection check", "connection list"),
		GroupID: groupData,
		Args:    cobra.ArbitraryArgs,
		RunE:    f.group,
	}
	c.AddCommand(newConnectionTypes(f), newConnectionAdd(f), newConnectionList(f), newConnectionShow(f), newConnectionCheck(f),
		newConnectionSet(f), newConnectionRemove(f), newConnectionMailbox(f))
	return c
}
