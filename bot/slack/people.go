package slack

import (
	"context"
	"sync"
	"time"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/state/service"
)

// How long it is believed what Slack said of somebody.
const (
	freshFor = 30 * time.Minute
	staleFor = 24 * time.Hour // where Slack cannot be asked
	mostKept = 5000
)

// people are the users of the workspace, as far as they were met.
type people struct {
	app   *App
	mu    sync.Mutex
	known map[string]*profile
}

// profile is what Slack says of a user.
type profile struct {
	at      time.Time
	lang    string
	zone    string
	email   string
	channel string // our conversation; "" where it was not opened yet
	guest   bool
	outside bool
	bot     bool
	noted   bool // the state knows that the e-mail address is theirs
}

// plainReader is how somebody reads of whom nothing is known.
func (a *App) plainReader() bot.Reader {
	return bot.Reader{Lang: a.o.Lang, Zone: a.o.Zone, Command: a.o.Command, Now: a.now()}
}

// readerOf is how whoever did something reads: as the state says, else as Slack does.
func (a *App) readerOf(ctx context.Context, e event) bot.Reader {
	r := a.plainReader()
	if p, err := a.people.profile(ctx, e.user); err == nil {
		r = a.reads(r, p)
	}
	return a.prefers(ctx, e, r)
}

func (a *App) reads(r bot.Reader, p profile) bot.Reader {
	if p.lang != "" {
		r.Lang = text.Match(p.lang)
	}
	if _, err := time.LoadLocation(p.zone); err == nil && p.zone != "" {
		r.Zone = p.zone
	}
	return r
}

// prefers is how one of us wants to read, where the state says so.
func (a *App) prefers(ctx context.Context, e event, r bot.Reader) bot.Reader {
	if a.o.Person == nil {
		return r
	}
	lang, zone := a.o.Person(service.WithCaller(ctx, service.Caller{Chat: chatID(e.team, e.user), From: service.FromChat}))
	if lang != "" {
		r.Lang = lang
	}
	if zone != "" {
		r.Zone = zone
	}
	return r
}

// admit looks who did something. refused is the key of the sentence for whom nothing is done: guests,
// people from other companies, bots, and everybody of whom Slack does not say who they are.
func (a *App) admit(ctx context.Context, e event) (r bot.Reader, refused string) {
	r = a.plainReader()
	p, err := a.people.profile(ctx, e.user)
	if err != nil {
		switch f := a.trouble("users.info", err); f.Class {
		case Forbidden, Auth:
			return r, "slack.scope_people"
		case NotFound:
			return r, "slack.outside"
		}
		return r, "slack.who"
	}
	r = a.reads(r, p)
	self := a.client.self()
	switch {
	case p.outside || self.team != "" && e.team != self.team:
		return r, "slack.outside"
	case p.guest:
		return r, "slack.guest"
	case p.bot:
		return r, "slack.bot"
	}
	a.people.note(ctx, e, p)
	return a.prefers(ctx, e, r), ""
}

// note tells the state once whose address a user of Slack has.
func (p *people) note(ctx context.Context, e event, had profile) {
	if p.app.o.Known == nil || had.noted || had.email == "" {
		return
	}
	chat := chatID(e.team, e.user)
	ctx = service.WithCaller(ctx, service.Caller{Login: "job:slack", From: service.FromJob})
	if err := p.app.o.Known(ctx, chat, had.email); err != nil {
		p.app.log.Info("the state did not take whose chat account it is", "code", codeOf(err))
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if x := p.known[e.user]; x != nil {
		x.noted = true
	}
}

// profile gives what Slack says of a user.
func (p *people) profile(ctx context.Context, user string) (profile, error) {
	now := p.app.now()
	p.mu.Lock()
	had := p.known[user]
	if had != nil && now.Sub(had.at) < freshFor {
		out := *had
		p.mu.Unlock()
		return out, nil
	}
	p.mu.Unlock()
	u, err := p.app.web.person(ctx, user)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		if had != nil && now.Sub(had.at) < staleFor && !isClass(err, NotFound) {
			return *had, nil
		}
		return profile{}, err
	}
	next := &profile{at: now, lang: u.Locale, zone: u.TZ, email: u.Profile.Email, guest: u.IsRestricted || u.IsUltraRestricted,
		outside: u.IsStranger || u.Deleted, bot: u.IsBot || user == "USLACKBOT"}
	if own := p.app.client.self().team; own != "" && u.TeamID != "" && u.TeamID != own {
		next.outside = true
	}
	if had != nil {
		next.channel, next.noted = had.channel, had.noted && had.email == next.email
	}
	if len(p.known) >= mostKept {
		clear(p.known)
	}
	p.known[user] = next
	return *next, nil
}

// direct gives our conversation with a user, opened once.
func (p *people) direct(ctx context.Context, user string) (string, error) {
	p.mu.Lock()
	if had := p.known[user]; had != nil && had.channel != "" {
		p.mu.Unlock()
		return had.channel, nil
	}
	p.mu.Unlock()
	channel, err := p.app.client.direct(ctx, user)
	if err != nil {
		return "", err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known[user] == nil {
		p.known[user] = &profile{}
	}
	p.known[user].channel = channel
	return channel, nil
}

// forget lets the conversation with a user be opened again.
func (p *people) forget(user string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if had := p.known[user]; had != nil {
		had.channel = ""
	}
}

var _ web = (*client)(nil)
