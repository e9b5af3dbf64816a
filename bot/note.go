package bot

import (
	"context"
	"strings"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// noteWords are the words of a note that a form asks for.
func noteWords(customer string) string {
	return "note " + customer + " {text} --kind {kind} {--private}"
}

var note = Word{
	Name:     "note",
	Aliases:  []string{"备注"},
	Usage:    []string{`note CUSTOMER "TEXT" [--kind note|call|meeting] [--at DATE] [--private]`},
	Examples: []string{`note jana "wants the black tripod"`, `note c812 "12 min, price for SKU-7" --kind call`},
	Options:  []Option{{Name: "kind", Value: "KIND"}, {Name: "at", Value: "DATE"}, {Name: "private"}},
	Writes:   true,
	run: func(ctx context.Context, api service.API, req Request) (Card, error) {
		ref, rest := req.target()
		said := strings.TrimSpace(strings.Join(rest, " "))
		if ref == "" || said == "" {
			return Card{}, errUsage
		}
		kind, err := activityKind(req.Options["kind"])
		switch {
		case err != nil:
			return Card{}, err
		case kind != "" && kind != state.ActivityNote && kind != state.ActivityCall && kind != state.ActivityMeeting:
			return Card{}, invalid("not_an_activity", "value", req.Options["kind"], "kinds", "note, call, meeting")
		}
		at, err := req.date("at")
		if err != nil {
			return Card{}, err
		}
		out, err := api.Note(ctx, service.NoteIn{Ref: ref, Text: said, Kind: kind, At: at, Private: req.has("private")})
		if err != nil {
			return explain(req, "note", err, req.first("note", len(req.Words)-len(rest)))
		}
		p := req.printer("", req.Now)
		c := Card{Word: "note", Data: out, Title: p.T("note.done", state.Args{"name": out.Customer.Name, "number": out.Customer.Number,
			"kind": headline(p, out.Entry)})}
		words := out.Entry.Body
		if strings.TrimSpace(words) == "" {
			words = out.Entry.Title
		}
		c.add(lines("", cut(oneLine(words), maxBody)))
		c.Actions = []Action{NewAction(p, "history", "history "+out.Customer.Number, nil)}
		return c, nil
	},
}
