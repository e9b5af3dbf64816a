package slack

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// The shortcuts of a message, by callback id, as the manifest names them.
const (
	ShortcutPromise = "log_promise"
	ShortcutHistory = "add_history"
)

// maxSaid is how much of a message goes along with a form, so that its memory holds it.
const maxSaid = 900

// onShortcut makes a form of a message that somebody points at: a promise that was found in it, or
// an entry of a history. It opens with what is known here and now; the customer is looked up in it.
func onShortcut(ctx context.Context, a *App, e event) (answer, error) {
	r := a.reader(ctx, e)
	if e.message == nil {
		return e.saying(r, "chat.no_words"), nil
	}
	words := quotedWords(e.message.Text)
	if words == "" {
		return e.saying(r, "chat.no_words"), nil
	}
	at := instant(e.message.Timestamp, r.Now)
	from := origin{Response: e.response, Channel: e.channel, Thread: e.thread}
	place := make(chan string, 1)
	go func() { place <- a.placeOf(ctx, e) }()
	by, member := a.authorOf(ctx, e)
	from.Said = &spoken{Words: cut(words, maxSaid), Where: <-place, By: by, At: at.Unix()}
	p := printer(r)
	if e.action == ShortcutHistory {
		s := from.Said
		from.Said = nil
		text := words + "\n" + p.T("evidence.said_in_chat", s.args())
		line := "note {customer} {text} --kind {kind} --at " + at.UTC().Format(time.RFC3339) + " {--private}"
		return a.openFor(e, r, bot.NewAction(p, "note", line, map[string]string{"text": text}), from)
	}
	act, _ := bot.Blank(p, "promise")
	values := bot.ReadPromise(words, at, r.Zone, a.o.Calendar)
	values["by"] = member
	act = bot.NewAction(p, "promise", act.Words, values)
	return a.openFor(e, r, act, from)
}

// forAForm is how long is waited for what a form would be better with: its trigger lives for 3 s.
const forAForm = 700 * time.Millisecond

// authorOf names who wrote a message, and gives whoever of us that is as a field of a form has them
// ("s2 Wei Zhang"); "" for what is not known in time.
func (a *App) authorOf(ctx context.Context, e event) (name, member string) {
	user := e.message.User
	if user == "" || !isID(user) || a.web == nil {
		return "", ""
	}
	ctx, cancel := context.WithTimeout(ctx, forAForm)
	defer cancel()
	u, err := a.web.person(ctx, user)
	if err != nil || u == nil {
		return "", ""
	}
	name = cut(oneLine(u.RealName), 80)
	if u.IsBot || u.IsRestricted || u.IsUltraRestricted || u.IsStranger || a.api.StaffMap == nil {
		return name, ""
	}
	ctx = service.WithCaller(ctx, service.Caller{Login: "job:slack", From: service.FromJob})
	out, err := a.api.StaffMap(ctx, service.StaffMapIn{Account: chatID(e.team, user), Email: u.Profile.Email, Name: name})
	if err != nil || out.Staff.Number == "" {
		return name, "" // none of us, or not known in time
	}
	name = cut(oneLine(out.Staff.Name), 80)
	return name, out.Staff.Number + " " + name
}

// placeOf names where a message is: Slack, #sales; the channel's name where Slack gives it in time.
func (a *App) placeOf(ctx context.Context, e event) string {
	if e.private || e.channel == "" || a.web == nil {
		return "Slack"
	}
	ctx, cancel := context.WithTimeout(ctx, forAForm)
	defer cancel()
	c, err := a.web.conversation(ctx, e.channel)
	if err != nil || c == nil || c.Name == "" {
		return "Slack"
	}
	return "Slack, #" + cut(oneLine(c.Name), 80)
}

func (s *spoken) args() state.Args {
	return state.Args{"where": s.Where, "by": s.By, "at": time.Unix(s.At, 0).UTC().Format(time.RFC3339)}
}

// instant reads when a message was written from what Slack calls it by: 1763716800.000100.
func instant(ts string, otherwise time.Time) time.Time {
	seconds, _, _ := strings.Cut(ts, ".")
	n, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil || n <= 0 || n > 1<<40 {
		return otherwise
	}
	return time.Unix(n, 0).UTC()
}
