package cmd

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/keptcrm/kept/state/service"
)

func (f *factory) followupNumbers(ctx context.Context, api service.API, typed string) []string {
	out, err := api.FollowupList(ctx, service.FollowupListIn{Limit: 50})
	if err != nil {
		return nil
	}
	var names []string
	for _, x := range out.Followups {
		if strings.HasPrefix(x.Number, strings.ToLower(typed)) {
			names = append(names, x.Number+"\t"+joined(": ", x.CustomerName, f.printer().FollowupWhy(x.Why, x.Args, x.Text)))
		}
	}
	return names
}

// completeFollowup offers what can be done, then open follow-ups or customers, then staff.
func (f *factory) completeFollowup(c *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	switch {
	case len(args) == 0:
		var words []string
		for _, w := range []string{"add", "done", "drop", "snooze", "assign", "reopen"} {
			if strings.HasPrefix(w, typed) {
				words = append(words, w)
			}
		}
		return append(words, subNames(c, typed)...), cobra.ShellCompDirectiveNoFileComp
	case len(args) == 1 && args[0] == "add":
		return f.complete(c, f.customerNames, typed), bestFirst
	case len(args) == 1:
		return f.complete(c, f.followupNumbers, typed), bestFirst
	case len(args) == 2 && args[0] == "assign":
		return f.complete(c, f.staffNames, typed), cobra.ShellCompDirectiveNoFileComp
	}
	return nil, cobra.ShellCompDirectiveNoFileComp
}
