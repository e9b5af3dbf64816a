package bot

import (
	"context"
	"regexp"
	"strings"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// marks are what can be said about who reads an entry.
var marks = []string{"share", "unshare", "private", "open"}

// entryNumber is a message or a note, as a history numbers them.
var entryNumber = regexp.MustCompile(`^(?i:k[0-9]+[.][0-9]+|n[0-9]+)$`)

// markEntry says who may read an entry of a history.
func markEntry(ctx context.Context, api service.API, req Request) (Card, error) {
	in := service.MarkIn{As: strings.ToLower(req.Words[0]), Entry: strings.ToLower(req.Words[1]), Thread: req.has("thread")}
	out, err := api.Mark(ctx, in)
	if err != nil {
		return Card{}, err
	}
	p := req.printer("", req.Now)
	key := "mark." + out.As
	if out.Thread {
		key += ".thread"
	}
	about := strings.TrimSpace(headline(p, out.Entry) + " " + subject(p, out.Entry))
	return Card{Word: "history", Title: p.T(key, state.Args{"entry": about}), Data: out}, nil
}
