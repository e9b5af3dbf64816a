package slack

import (
	"context"
	"strings"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/bot/text"
)

// sheet gives a card as it is shown where an event happened.
func (e event) sheet(card bot.Card, r bot.Reader) *sheet {
	return &sheet{card: card, reader: r, direct: e.private || e.channel == ""}
}

func printer(r bot.Reader) *text.Printer {
	return text.For(r.Lang).In(r.Zone, r.Now).As(r.Command)
}

// saying answers with one sentence of the catalogue.
func (e event) saying(r bot.Reader, key string) answer {
	return answer{card: e.sheet(bot.Card{Title: printer(r).T(key)}, r)}
}

// onCommand answers /kept: a line with the card that it asks for. A promise or a note of which
// nothing was said opens its form.
func onCommand(ctx context.Context, a *App, e event) (answer, error) {
	r := a.reader(ctx, e)
	line := typed(e.text, "")
	if w := bot.Lookup(line); w != nil && e.trigger != "" {
		if act, ok := bot.Blank(printer(r), w.Name); ok {
			return a.openFor(e, r, act, origin{})
		}
	}
	card, err := bot.Ask(ctx, a.api, line, r)
	return answer{card: e.sheet(card, r)}, err
}

// onMention answers what was said to us in a channel or thread, to whoever said it alone.
func onMention(ctx context.Context, a *App, e event) (answer, error) {
	r := a.reader(ctx, e)
	card, err := bot.Ask(ctx, a.api, mentioned(e.text), r)
	return answer{card: e.sheet(card, r)}, err
}

// onPress does what a button says. It is an ordinary call of whoever pressed it, so that rights are
// looked at again.
func onPress(ctx context.Context, a *App, e event) (answer, error) {
	r := a.reader(ctx, e)
	what, _, _ := strings.Cut(e.action, ".")
	p, ok := decode(e.value)
	if !ok {
		return e.saying(r, "chat.stale"), nil
	}
	switch what {
	case "share":
		return a.askShare(ctx, e, r, p)
	case "later", "earlier":
		return a.turn(ctx, e, r, p)
	case "more": // the same, and more of it
		return a.turn(ctx, e, r, payload{Of: p.Do, At: p.At})
	}
	if strings.Contains(p.Do, "{") {
		act := bot.NewAction(printer(r), what, p.Do, p.Values)
		act.About = p.About
		return a.openFor(e, r, act, origin{Of: p.Of, At: p.At, Response: e.response, Channel: e.channel, Thread: e.thread, Mine: e.mine(), Home: e.inHome()})
	}
	card, err := bot.Ask(ctx, a.api, p.Do, r)
	if what == "choose" || what == "nearest" {
		if e.mine() && err == nil {
			return answer{replace: e.sheet(card, r)}, nil
		}
		return answer{card: e.sheet(card, r)}, err
	}
	return a.told(ctx, e, r, p, card, err, origin{Response: e.response, Channel: e.channel, Thread: e.thread, Mine: e.mine(), Home: e.inHome()})
}

// inHome says whether something was pressed in the App Home.
func (e event) inHome() bool { return e.view != nil && e.view.Type == "home" }

// mine says whether the message of a button is its user's alone, so that it may be changed to what
// they may see: one in our direct messages, or one that nobody else was shown.
func (e event) mine() bool {
	if e.response == "" {
		return false
	}
	return e.private || e.message == nil || e.message.Text == "" && len(e.message.Blocks.BlockSet) == 0
}

// turn shows another page of a card in its place.
func (a *App) turn(ctx context.Context, e event, r bot.Reader, p payload) (answer, error) {
	if p.Of == "" || writes(p.Of) {
		return e.saying(r, "chat.stale"), nil
	}
	card, err := bot.Ask(ctx, a.api, p.Of, r)
	s := e.sheet(card, r)
	s.from = p.At
	if e.mine() && err == nil {
		return answer{replace: s}, nil
	}
	return answer{card: s}, err
}

// writes says whether words change something: those that show a card again never do, whoever made
// the button.
func writes(line string) bool {
	w, req, err := bot.Parse(line)
	if err != nil || !w.Writes {
		return false
	}
	switch w.Name {
	case "promise", "followup":
		return len(req.Words) != 1
	case "handover":
		return len(req.Words) == 0 || strings.EqualFold(req.Words[0], "undo") || len(req.Words) > 1 && strings.EqualFold(req.Words[1], "undo")
	case "may-contact":
		_, override := req.Options["override"]
		return override
	}
	return true
}

// origin is where something was begun that a form ends.
type origin struct {
	Of       string  `json:"o,omitempty"`
	At       int     `json:"n,omitempty"`
	Response string  `json:"r,omitempty"`
	Channel  string  `json:"c,omitempty"`
	Thread   string  `json:"t,omitempty"`
	Mine     bool    `json:"m,omitempty"` // the message of the button may be changed
	Home     bool    `json:"h,omitempty"`
	Said     *spoken `json:"s,omitempty"`
}

// spoken is what a promise was found in.
type spoken struct {
	Words string `json:"w"`
	Where string `json:"p"`
	By    string `json:"b,omitempty"`
	At    int64  `json:"t"` // seconds
}

// told answers what was done: the card that it was done on is shown again with what happened on top.
// What changed nothing is shown beside it.
func (a *App) told(ctx context.Context, e event, r bot.Reader, p payload, card bot.Card, err error, from origin) (answer, error) {
	to := answer{response: from.Response, channel: from.Channel, thread: from.Thread}
	if from.Home && (err != nil || writes(p.Do)) {
		h, herr := a.homeOf(ctx, r, news(card))
		if err == nil {
			err = herr
		}
		return answer{home: h}, err
	}
	place := e
	place.channel, place.private = from.Channel, strings.HasPrefix(from.Channel, "D")
	if err != nil && len(card.Sections) > 0 || err == nil && !writes(p.Do) || !from.Mine {
		to.card = place.sheet(card, r)
		return to, err
	}
	s := place.sheet(card, r)
	if p.Of != "" && !writes(p.Of) {
		again, aerr := bot.Ask(ctx, a.api, p.Of, r)
		if aerr == nil {
			s = place.sheet(again, r)
			s.from, s.news = p.At, news(card)
		}
	}
	to.replace = s
	return to, err
}

// news is what a card says in a line or two.
func news(card bot.Card) []string {
	line := card.Title
	if len(card.Aside) > 0 {
		line += " · " + strings.Join(card.Aside, " · ")
	}
	return append([]string{line}, card.Foot...)
}
