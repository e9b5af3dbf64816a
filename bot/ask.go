package bot

import (
	"context"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// Reader is whoever asks in a chat, as far as an answer's words depend on it. Who may see what is
// decided by the caller in the context ([service.WithCaller]), not here.
type Reader struct {
	Lang    string // see text.Match
	Zone    string // IANA
	Command string // how they call us: "/kept"
	Now     time.Time
	Said    *Said // what a promise is made of; nil of what was typed
}

// Ask answers a line as it was typed in a chat. The answer is always a card that can be shown: of
// an error its title is the sentence, with those who fit or are near where the word knows any; err
// is then what happened, for logs and exit codes.
func Ask(ctx context.Context, api service.API, line string, r Reader) (Card, error) {
	if about, ok := asksHelp(line); ok {
		return Help(r, about), nil
	}
	w, req, err := Parse(line)
	var card Card
	if err == nil {
		req.Lang, req.Zone, req.Command, req.Now, req.said = r.Lang, r.Zone, r.Command, r.Now, r.Said
		card, err = w.Run(ctx, api, req)
	}
	if err == nil && card.Again == "" && !w.Writes {
		card.Again = req.line(w.Name)
	}
	if err != nil && card.Title == "" {
		p := Request{Lang: r.Lang, Zone: r.Zone, Command: r.Command}.printer("", r.Now)
		card = Card{Title: p.Error(err)}
		switch {
		case w != nil:
			card.Word = w.Name
		case state.IsCode(err, "unknown_word"):
			card = unknown(p, line, err)
		}
	}
	return card, err
}
