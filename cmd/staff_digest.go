package cmd

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/state/service"
)

func newStaffDigest(f *factory) *cobra.Command {
	return &cobra.Command{
		Use:   "digest [NAME]",
		Short: "what somebody's morning digest would say now; nothing is sent",
		Long: "What somebody's morning digest would say now, or yours. Nothing is sent: kept serve does that each\n" +
			"morning, at the time that they chose (kept settings), and not where there is nothing to say.",
		Example:           examples("staff digest", "staff digest wei", "staff digest wei --lang zh"),
		Args:              arguments(0, -1),
		ValidArgsFunction: f.completeFirst(f.staffNames, nil),
		RunE: func(c *cobra.Command, args []string) error {
			api, err := f.api(c.Context(), asking)
			if err != nil {
				return err
			}
			out, err := api.Digest(c.Context(), service.DigestIn{Staff: strings.Join(args, " ")})
			if err != nil {
				return err
			}
			lang := out.Language
			if f.flags.lang != "" {
				lang = f.flags.lang
			}
			return f.show(bot.Digest(lang, f.command(), out))
		},
	}
}
