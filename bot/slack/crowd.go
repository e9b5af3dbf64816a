package slack

import (
	"context"
	"slices"
	"sync"
	"time"

	slackapi "github.com/slack-go/slack"
)

// singly is how many people are asked for one by one; for more all of the workspace are read.
const singly = 20

// crowd knows of the people of the workspace who belongs to the company, so that it can be told of a
// channel's members at once.
type crowd struct {
	mu    sync.Mutex
	known map[string]someone
}

// someone is one of the workspace.
type someone struct {
	at       time.Time
	name     string
	outsider bool // a guest, or somebody of another company
	bot      bool
}

// in names who is in a channel, and says whether an outsider is among them. The members are read
// anew each time; who of them is a guest is believed for half an hour.
func (k *crowd) in(ctx context.Context, w web, channel string, now time.Time) (names []string, outsider bool, err error) {
	ids, err := w.members(ctx, channel)
	if err != nil {
		return nil, false, err
	}
	if len(k.missing(ids, now)) > singly {
		all, err := w.everybody(ctx)
		if err != nil {
			return nil, false, err
		}
		k.learn(now, all...)
	}
	missing := k.missing(ids, now)
	if len(missing) > singly {
		return nil, false, &Error{Class: NotFound, Reason: "users_not_found", Text: "Slack does not say who is in the channel"}
	}
	errs := make([]error, len(missing))
	var asked sync.WaitGroup
	for i, id := range missing {
		asked.Go(func() {
			u, err := w.person(ctx, id)
			if errs[i] = err; err == nil {
				u.ID = id
				k.learn(now, *u)
			}
		})
	}
	asked.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, false, err
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, id := range ids {
		x := k.known[id]
		outsider = outsider || x.outsider
		if !x.bot {
			names = append(names, x.name)
		}
	}
	slices.Sort(names)
	return names, outsider, nil
}

// missing are those of whom nothing fresh is known.
func (k *crowd) missing(ids []string, now time.Time) []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	var out []string
	for _, id := range ids {
		if x, ok := k.known[id]; !ok || now.Sub(x.at) >= freshFor {
			out = append(out, id)
		}
	}
	return out
}

func (k *crowd) learn(now time.Time, users ...slackapi.User) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.known == nil || len(k.known)+len(users) > 2*pages*pageMost {
		k.known = map[string]someone{}
	}
	for _, u := range users {
		name := u.RealName
		if name == "" {
			name = u.Name
		}
		k.known[u.ID] = someone{at: now, name: isolate(cut(oneLine(name), 60)), outsider: u.IsRestricted || u.IsUltraRestricted || u.IsStranger, bot: u.IsBot || u.ID == "USLACKBOT"}
	}
}
