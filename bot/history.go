package bot

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// kinds are the kinds of entries that a history can be limited to.
var kinds = []string{state.ActivityOrder, state.ActivityRefund, state.ActivityShipment, state.ActivityMessage, state.ActivityCall,
	state.ActivityMeeting, state.ActivityNote, state.ActivityPromise, state.ActivityConsent, state.ActivityTouch, state.ActivityOverride}

var history = Word{
	Name:    "history",
	Aliases: []string{"历史"},
	Usage: []string{"history CUSTOMER [--limit N] [--since DATE] [--only KIND]",
		"history share|unshare|private|open ENTRY [--thread]"},
	Examples: []string{"history jana", "history jana --only order --since 2026-01-01", "history c812 --limit 5", "history share k55.0 --thread",
		"history private n12"},
	Options: []Option{{Name: "limit", Value: "N"}, {Name: "since", Value: "DATE"}, {Name: "only", Value: "KIND"}, {Name: "full"}, {Name: "thread"}},
	run: func(ctx context.Context, api service.API, req Request) (Card, error) {
		if len(req.Words) == 2 && slices.Contains(marks, strings.ToLower(req.Words[0])) && entryNumber.MatchString(req.Words[1]) {
			return markEntry(ctx, api, req)
		}
		in := service.HistoryIn{Ref: req.rest(0)}
		if in.Ref == "" {
			return Card{}, errUsage
		}
		var err error
		if in.Limit, err = req.count("limit"); err != nil {
			return Card{}, err
		}
		if in.Since, err = req.date("since"); err != nil {
			return Card{}, err
		}
		if in.Only, err = activityKind(req.Options["only"]); err != nil {
			return Card{}, err
		}
		out, err := api.History(ctx, in)
		if err != nil {
			return explain(req, "history", err, req.whole("history"))
		}
		return historyCard(req, in, out), nil
	},
}

// activityKind reads a kind as people type it: in one of the languages, in the plural, mail for
// message.
func activityKind(typed string) (string, error) {
	typed = strings.ToLower(strings.TrimSpace(typed))
	if typed == "" {
		return "", nil
	}
	if typed == "mail" || typed == "mails" {
		return state.ActivityMessage, nil
	}
	for _, k := range kinds {
		if typed == k || typed == k+"s" || typed == text.For(text.Chinese).Term("kind", k) {
			return k, nil
		}
	}
	return "", invalid("not_an_activity", "value", typed, "kinds", strings.Join(kinds, ", "))
}

// maxBody is how much of a text a history shows unless all is asked for.
const maxBody = 280

func historyCard(req Request, in service.HistoryIn, out service.HistoryOut) Card {
	p := req.printer(out.Zone, out.Now)
	full := req.has("full")
	c := Card{Word: "history", Title: out.Customer.Name, Aside: []string{out.Customer.Number}, Data: out}
	if line := withheld(p, out.Withheld, ""); line != "" {
		c.Foot = append(c.Foot, line)
	}
	if len(out.Entries) == 0 {
		key := "history.none"
		if in.Only != "" || !in.Since.IsZero() {
			key = "history.none_such"
		}
		c.add(lines("", p.T(key, state.Args{"number": out.Customer.Number})))
		return c
	}
	s := Section{Shape: Table, Grow: 2}
	people := slices.ContainsFunc(out.Entries, func(e service.Entry) bool { return e.Person != nil })
	for _, e := range out.Entries {
		about := subject(p, e)
		if body := strings.TrimSpace(e.Body); body != "" && e.Title != "" || full && body != "" {
			if full {
				about = strings.TrimSpace(oneLine(e.Title) + "\n" + body)
			} else if oneLine(body) != oneLine(e.Title) {
				about += p.T("card.colon") + cut(oneLine(body), maxBody)
			}
		}
		if with := files(p, e); with != "" {
			about = strings.TrimSpace(about + p.T("card.brackets", state.Args{"text": with}))
		}
		cells := []Cell{dim(p.Moment(e.Time)), plain(headline(p, e)), plain(about), plain(result(p, e))}
		if people {
			name := ""
			if e.Person != nil {
				name = e.Person.Name
			}
			cells = append(cells, plain(name))
		}
		cells = append(cells, dim(e.Connection))
		if full {
			cells = append(cells, dim(e.ID)) // what share and private take
		}
		s.row(e.ID, cells...)
	}
	c.add(s)
	if out.More {
		more := req
		more.Options = map[string]string{"limit": strconv.Itoa(10 * len(out.Entries))}
		for k, v := range req.Options {
			if k != "limit" {
				more.Options[k] = v
			}
		}
		words := more.again("history", out.Customer.Number, len(req.Words))
		c.Foot = append(c.Foot, p.T("history.more", state.Args{"n": strconv.Itoa(len(out.Entries)), "command": words}))
		c.Actions = append(c.Actions, Action{Code: "more", Label: p.T("action.more"), Words: words})
	}
	return c
}
