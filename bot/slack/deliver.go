package slack

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// Slack takes one message a second in a channel.
const (
	everyMessage = time.Second
	longestWait  = 5 * time.Second // for a channel's turn; then the caller is told to come later
)

// Deliver brings a message of the outbox to one of us, in a direct message; to is their chat account,
// "slack:T1:U7", and id is the message's stamp there. What the message's Card names is made afresh,
// and its Text stands for it where that is not possible. It asks once: whether and when to try again,
// the caller decides by the class of the [Error]:
//
//	Transient    it did not leave, or Slack said that it did nothing
//	RateLimited  not before Error.After
//	Ambiguous    it left, and no answer came: it may have arrived
//	Auth, Forbidden, NotFound, Invalid  a person has to act
func (a *App) Deliver(ctx context.Context, to string, o state.Outgoing, _ string) (id string, err error) {
	team, user, ok := parseChat(to)
	if !ok {
		return "", &Error{Class: NotFound, Reason: "no_chat_account", Text: "there is no Slack account " + to}
	}
	own := a.client.self().team
	if team == "" {
		team = own
	}
	if own != "" && own != team {
		return "", &Error{Class: NotFound, Reason: "other_workspace", Text: "their account is in another workspace than the one that Kept is in"}
	}
	m, err := a.outgoing(ctx, team, user, o)
	if err != nil {
		return "", err
	}
	channel, err := a.people.direct(ctx, user)
	if err != nil {
		f := a.trouble(inOpen, err)
		if f.Class == Ambiguous { // nothing was said yet
			f = &Error{Class: Transient, Reason: f.Reason, Text: f.Text, After: f.After, Cause: f.Cause}
		}
		return "", f
	}
	if err := a.pace.wait(ctx, channel); err != nil {
		return "", err
	}
	id, err = a.client.post(ctx, channel, "", m)
	if c := codeOf(err); err != nil && (c == "invalid_blocks" || c == "msg_blocks_too_long" || c == "invalid_blocks_format") {
		a.log.Error("Slack refused the blocks of a message; its text is sent alone", "code", c)
		if err := a.pace.wait(ctx, channel); err != nil {
			return "", err
		}
		id, err = a.client.post(ctx, channel, "", message{text: m.text})
	}
	if err != nil {
		f := a.trouble(inPost, err)
		if f.Class == RateLimited {
			a.pace.hold(channel, f.After)
		}
		if f.Reason == "channel_not_found" {
			a.people.forget(user)
		}
		return "", f
	}
	a.health.delivered()
	return id, nil
}

// parseChat reads "slack:T1:U7"; "slack::U7" is one in whatever workspace Kept is in.
func parseChat(to string) (team, user string, ok bool) {
	parts := strings.Split(to, ":")
	if len(parts) != 3 || parts[0] != "slack" || parts[1] != "" && !isID(parts[1]) || !isID(parts[2]) {
		return "", "", false
	}
	return parts[1], parts[2], true
}

// outgoing is what a message shows.
func (a *App) outgoing(ctx context.Context, team, user string, o state.Outgoing) (message, error) {
	r := a.plainReader()
	if p, err := a.people.profile(ctx, user); err == nil {
		if m, err := a.people.belongs(ctx, event{team: team, user: user}, p); err == nil {
			p.member = m
		}
		r = a.reads(r, p)
	}
	if o.Lang != "" {
		r.Lang = text.Match(o.Lang)
	}
	plain := bot.Card{Title: strings.TrimSpace(joinText(o.Subject, o.Text))}
	if a.o.Notice == nil {
		return render(sheet{card: plain, reader: r, direct: true}), nil
	}
	caller := service.WithCaller(ctx, service.Caller{Chat: chatID(team, user), From: service.FromChat, Zone: r.Zone})
	card, err := a.o.Notice(caller, o, r)
	if err != nil {
		a.log.Info("the card of a message could not be made; its text is sent", "code", codeOf(err))
		card = plain
	}
	return render(sheet{card: card, reader: r, direct: true}), nil
}

func joinText(subject, body string) string {
	if subject == "" || strings.HasPrefix(body, subject) {
		return body
	}
	return subject + "\n" + body
}

// pace keeps to one message a second in each channel.
type pace struct {
	now  func() time.Time
	mu   sync.Mutex
	next map[string]time.Time
}

func newPace(now func() time.Time) *pace { return &pace{now: now, next: map[string]time.Time{}} }

// wait takes the next turn of a channel.
func (p *pace) wait(ctx context.Context, channel string) error {
	p.mu.Lock()
	now := p.now()
	for c, at := range p.next {
		if at.Before(now) {
			delete(p.next, c)
		}
	}
	at := p.next[channel]
	if at.Before(now) {
		at = now
	}
	if left := at.Sub(now); left > longestWait {
		p.mu.Unlock()
		return &Error{Class: RateLimited, Reason: "ratelimited", Text: sentences["ratelimited"], After: left}
	}
	p.next[channel] = at.Add(everyMessage)
	p.mu.Unlock()
	if !sleep(ctx, at.Sub(now)) {
		return &Error{Class: Transient, Reason: "stopped", Text: "it was stopped before it left", Cause: ctx.Err()}
	}
	return nil
}

// hold lets nothing into a channel for so long.
func (p *pace) hold(channel string, d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next[channel] = p.now().Add(d)
}
