package slack

import (
	"context"
	"strconv"
	"strings"
	"time"

	slackapi "github.com/slack-go/slack"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/state"
)

const (
	mostNamed   = 15 // people who are named as those who will see a card
	shareWithin = 20 * time.Second
)

// askShare asks before a card is shown to a channel: who will see it. Nothing is shared with people
// outside the company, nor where it cannot be known who is there.
func (a *App) askShare(ctx context.Context, e event, r bot.Reader, b payload) (answer, error) {
	if b.Of == "" || writes(b.Of) {
		return e.saying(r, "chat.stale"), nil
	}
	// Whoever cannot be looked up before the form has to be there, is when it is sent.
	channel, names, refused := a.audience(ctx, e, e.channel, 1500*time.Millisecond)
	if refused != "" && (refused != "chat.share_unknown" || channel == nil) {
		return e.saying(r, refused), nil
	}
	p := printer(r)
	m := formMemory{origin: origin{Of: b.Of, At: b.At, Response: e.response, Channel: e.channel, Thread: e.thread}}
	who := p.T("chat.audience", state.Args{"channel": "<#" + channel.ID + ">"})
	switch n := channel.NumMembers; {
	case len(names) > 0 && len(names) <= mostNamed:
		who = p.T("chat.audience_names", state.Args{"channel": "<#" + channel.ID + ">", "names": escape(strings.Join(names, p.T("card.comma")))})
	case n > 0:
		who = p.T("chat.audience_n", state.Args{"channel": "<#" + channel.ID + ">", "n": strconv.Itoa(channel.NumMembers)})
	}
	f := slackapi.ModalViewRequest{Type: slackapi.VTModal, CallbackID: "share", PrivateMetadata: compact(m), Title: label(p.T("chat.share"), maxViewTitle),
		Submit: label(p.T("chat.share_send"), maxViewTitle), Close: label(p.T("chat.cancel"), maxViewTitle),
		Blocks: slackapi.Blocks{BlockSet: []slackapi.Block{section(who), small(escape(p.T("chat.share_what", state.Args{"words": r.Command + " " + cut(b.Of, 300)})))}}}
	if err := formWithinLimits(f); err != nil {
		return e.saying(r, "chat.too_long"), err
	}
	return answer{form: &f}, nil
}

// share shows a card to a channel, after a second look at who is there. It is asked for again by
// whoever shares it, so that it has what they may see, now.
func (a *App) share(ctx context.Context, e event, r bot.Reader, m formMemory) (answer, error) {
	to := answer{response: m.Response, channel: m.Channel, thread: m.Thread}
	say := func(key string) (answer, error) {
		to.card = &sheet{card: bot.Card{Title: printer(r).T(key)}, reader: r}
		return to, nil
	}
	if m.Of == "" || writes(m.Of) {
		return say("chat.stale")
	}
	if _, _, refused := a.audience(ctx, e, m.Channel, shareWithin); refused != "" {
		return say(refused)
	}
	card, err := bot.Ask(ctx, a.api, m.Of, r)
	to.card = &sheet{card: card, reader: r, from: m.At}
	if err == nil {
		to.card.shared, to.share = e.user, true
	}
	return to, err
}

// audience says who is in a channel, or why nothing is shared there: the key of a sentence. A channel
// beside "chat.share_unknown" is one that may be shared to, and only who is there is not known in time.
func (a *App) audience(ctx context.Context, e event, channel string, within time.Duration) (c *slackapi.Channel, names []string, refused string) {
	if channel == "" || a.web == nil {
		return nil, nil, "chat.share_unknown"
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	type asked struct {
		who *slackapi.User
		err error
	}
	person := make(chan asked, 1)
	go func() {
		who, err := a.web.person(ctx, e.user)
		person <- asked{who, err}
	}()
	type found struct {
		names    []string
		outsider bool
		err      error
	}
	there := make(chan found, 1)
	go func() {
		names, outsider, err := a.crowd.in(ctx, a.web, channel, time.Now())
		there <- found{names, outsider, err}
	}()
	c, err := a.web.conversation(ctx, channel)
	p, x := <-person, <-there
	switch {
	case err != nil || c == nil || p.err != nil || p.who == nil:
		return nil, nil, "chat.share_unknown"
	case p.who.IsRestricted || p.who.IsUltraRestricted || p.who.IsStranger || p.who.IsBot || p.who.Deleted:
		return nil, nil, "chat.share_guest"
	case c.IsExtShared || c.IsPendingExtShared || c.IsShared || c.IsOrgShared:
		return nil, nil, "chat.share_external"
	case c.IsIM || c.IsMpIM || c.ID == "":
		return nil, nil, "chat.share_unknown"
	case x.outsider:
		return nil, nil, "chat.share_guests"
	case x.err != nil && ctx.Err() != nil:
		return c, nil, "chat.share_unknown"
	case x.err != nil:
		return nil, nil, "chat.share_unknown"
	}
	return c, x.names, ""
}
