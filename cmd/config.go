package cmd

import (
	"cmp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/cmd/internal/config"
)

func newConfig(f *factory) *cobra.Command {
	c := &cobra.Command{
		Use:     "config",
		Short:   "what is set, and where",
		Example: examples("config show"),
		GroupID: groupCare,
		Args:    cobra.ArbitraryArgs,
		RunE:    f.group,
	}
	c.AddCommand(newConfigShow(f))
	return c
}

func newConfigShow(f *factory) *cobra.Command {
	return &cobra.Command{
		Use:   "show",
		Short: "each setting with where it comes from",
		Long: "Each setting with where it comes from: a flag, before the environment, before kept.yaml, before\n" +
			"what this machine says.",
		Example: examples("config show", "config show --output json"),
		Args:    arguments(0, 0),
		RunE: func(*cobra.Command, []string) error {
			s, err := f.settings()
			if err != nil {
				return err
			}
			var rows []bot.Row
			for _, x := range s.shown {
				rows = append(rows, row(x.Key, typed(x.Key), plain(cmp.Or(x.Value, "not set")), dim(x.From)))
			}
			sheet := newSheet("", s.shown).section(bot.Facts, "", 0, rows)
			if s.file.Path == "" {
				sheet.foot("There is no " + config.FilePath(f.o.Env) + ". It can set: " + strings.Join(config.Keys, ", ") + ".")
			}
			return f.show(sheet.card)
		},
	}
}
