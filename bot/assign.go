package bot

import (
	"context"
	"slices"
	"strings"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

var assign = Word{
	Name:     "assign",
	Aliases:  []string{"分配"},
	Usage:    []string{"assign CUSTOMER STAFF", "assign CUSTOMER nobody"},
	Examples: []string{"assign jana wei", `assign "jana köhler" "wei zhang"`, "assign c812 nobody"},
	Writes:   true,
	run: func(ctx context.Context, api service.API, req Request) (Card, error) {
		words := slices.Clone(req.Words)
		if n := len(words); n > 2 && (strings.EqualFold(words[n-2], "to") || words[n-2] == "给") {
			words = slices.Delete(words, n-2, n-1)
		}
		n := len(words) - 1
		if n < 1 {
			return Card{}, errUsage
		}
		in := service.AssignIn{Ref: strings.Join(words[:n], " "), Staff: words[n]}
		if s := strings.ToLower(in.Staff); s == "nobody" || s == "none" || s == "无" {
			in.Staff = ""
		}
		out, err := api.Assign(ctx, in)
		if err != nil {
			return explain(req, "assign", err, func(ref string) string { return "assign " + ref + " " + quote(words[n]) })
		}
		p := req.printer("", req.Now)
		args := state.Args{"name": out.Customer.Name, "number": out.Customer.Number, "owner": out.Customer.Owner}
		key := "assign.done"
		if out.Customer.Owner == "" {
			key = "assign.nobody"
		}
		return Card{Word: "assign", Title: p.T(key, args), Data: out,
			Actions: []Action{NewAction(p, "brief", "brief "+out.Customer.Number, nil)}}, nil
	},
}
