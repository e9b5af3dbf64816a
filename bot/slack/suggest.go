package slack

import (
	"context"
	"strings"

	slackapi "github.com/slack-go/slack"

	"github.com/keptcrm/kept/state/service"
)

// onSuggest gives what fits what somebody types into a field: customers by any part of what is known
// of them, or those of us who can be chosen.
func onSuggest(ctx context.Context, a *App, e event) (answer, error) {
	out := &slackapi.OptionsResponse{Options: []*slackapi.OptionBlockObject{}}
	add := func(number string, said ...string) {
		var parts []string
		for _, s := range said {
			if s = oneLine(s); s != "" {
				parts = append(parts, s)
			}
		}
		if len(out.Options) < maxOptions && len(parts) > 0 && number != "" {
			out.Options = append(out.Options, slackapi.NewOptionBlockObject(number, label(strings.Join(parts, between), maxOption), nil))
		}
	}
	query := typed(e.text, "")
	field, _, _ := strings.Cut(e.action, ".")
	switch field {
	case "customer":
		if query == "" {
			return answer{options: out}, nil
		}
		found, err := a.api.Find(ctx, service.FindIn{Query: query, Limit: 20})
		if err != nil {
			return answer{options: out}, err
		}
		for _, h := range found.Hits {
			add(h.Customer.Number, h.Customer.Name, h.Company, h.Customer.Number)
		}
	case "staff":
		found, err := a.api.StaffList(ctx, service.StaffListIn{})
		if err != nil {
			return answer{options: out}, err
		}
		for _, m := range found.Staff {
			if m.Left.IsZero() && (query == "" || strings.Contains(strings.ToLower(m.Name+" "+m.Login+" "+strings.Join(m.Emails, " ")), strings.ToLower(query))) {
				add(m.Number, m.Name)
			}
		}
	}
	return answer{options: out}, nil
}
