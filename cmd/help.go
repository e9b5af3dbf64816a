package cmd

import (
	"github.com/spf13/cobra"
)

// newHelp is "kept help brief": cobra's, with our words where there is no such command.
func newHelp(f *factory, root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND]",
		Short:   "about a command, with examples",
		Example: examples("help brief", "help customer merge"),
		GroupID: groupCare,
		ValidArgsFunction: func(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
			c, _, err := root.Find(args)
			if err != nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return subNames(c, typed), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			c, rest, err := root.Find(args)
			if err != nil || c == root && len(rest) > 0 {
				return f.group(root, args)
			}
			if len(rest) > 0 && c.HasSubCommands() {
				return f.group(c, rest)
			}
			c.InitDefaultHelpFlag()
			return c.Help()
		},
	}
}
