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
	freshFor  = 30 * time.Minute
	staleFor  = 24 * time.Hour // where Slack cannot be asked
	memberFor = time.Minute    // what the state says of one of us; later it is asked beside the answer
	mostKept  = 5000
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
	name    string
	member  member
}

// member is what the state says of a user who is one of us.
type member struct {
	at   time.Time // when it said so; zero: never
	lang string
	zone string
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
	return r
}

func (a *App) reads(r bot.Reader, p profile) bot.Reader {
	if p.lang != "" {
		r.Lang = text.Match(p.lang)
	}
	if _, err := time.LoadLocation(p.zone); err == nil && p.zone != "" {
		r.Zone = p.zone
	}
	if p.member.lang != "" {
		r.Lang = text.Match(p.member.lang)
	}
	if p.member.zone != "" {
		r.Zone = p.member.zone
	}
	return r
}

// admit looks who did something. refused is the sentence for whom nothing is done: guests, people from
// other companies, bots, everybody of whom Slack does not say who they are, and who is nobody of us.
func (a *App) admit(ctx context.Context, e event) (r bot.Reader, refused string) {
	r = a.plainReader()
	say := func(key string) string { return a.printer(r).T(key) }
	p, err := a.people.profile(ctx, e.user)
	if err != nil {
		switch f := a.trouble(inProfile, err); f.Class {
		case Forbidden, Auth:
			return r, say("slack.scope_people")
		case NotFound:
			return r, say("slack.outside")
		}
		return r, say("slack.who")
	}
	r = a.reads(r, p)
	self := a.client.self()
	switch {
	case p.outside || self.team != "" && e.team != self.team:
		return r, say("slack.outside")
	case p.guest:
		return r, say("slack.guest")
	case p.bot:
		return r, say("slack.bot")
	}
	m, err := a.people.belongs(ctx, e, p)
	if err != nil {
		return r, a.printer(r).Error(err)
	}
	p.member = m
	return a.reads(r, p), ""
}

// belongs asks the state which of us a user is. Who is one of us waits for that once; later it is asked
// again beside the answer.
func (p *people) belongs(ctx context.Context, e event, had profile) (member, error) {
	if p.app.api.StaffMap == nil {
		return member{}, nil
	}
	ask := func(ctx context.Context) (member, error) {
		ctx = service.WithCaller(ctx, service.Caller{Login: "job:slack", From: service.FromJob})
		out, err := p.app.api.StaffMap(ctx, service.StaffMapIn{Account: chatID(e.team, e.user), Email: had.email, Name: had.name})
		m := member{at: p.app.now(), lang: out.Staff.Language, zone: out.Staff.Zone}
		if err != nil {
			m = member{} // who was one of us and is no more is refused next time
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		if x := p.known[e.user]; x != nil {
			x.member = m
		}
		return m, err
	}
	switch age := p.app.now().Sub(had.member.at); {
	case had.member.at.IsZero() || age > staleFor:
		return ask(ctx)
	case age > memberFor:
		p.app.start(func() {
			beside, cancel := context.WithTimeout(p.app.life, patience)
			defer cancel()
			if _, err := ask(beside); err != nil {
				p.app.log.Info("the state does not know a chat account any more", "code", codeOf(err))
			}
		})
	}
	return had.member, nil
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
	if err == nil {
		p.app.health.fine(inProfile)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		if had != nil && now.Sub(had.at) < staleFor && !isClass(err, NotFound) {
			return *had, nil
		}
		return profile{}, err
	}
	next := &profile{at: now, name: u.RealName, lang: u.Locale, zone: u.TZ, email: u.Profile.Email, guest: u.IsRestricted || u.IsUltraRestricted,
		outside: u.IsStranger || u.Deleted, bot: u.IsBot || user == "USLACKBOT"}
	if own := p.app.client.self().team; own != "" && u.TeamID != "" && u.TeamID != own {
		next.outside = true
	}
	if had != nil {
		next.channel, next.member = had.channel, had.member
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
