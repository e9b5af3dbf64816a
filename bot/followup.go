package bot

import (
	"context"
	"regexp"
	"strings"
	"time"

	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/state"
	due "github.com/keptcrm/kept/state/promise"
	"github.com/keptcrm/kept/state/service"
)

var followup = Word{
	Name:    "followup",
	Aliases: []string{"跟进"},
	Usage: []string{
		`followup add CUSTOMER "TEXT" [--due WHEN] [--for NAME]`,
		"followup done|drop|reopen tN [--note TEXT]",
		"followup snooze tN WHEN",
		"followup assign tN NAME",
		"followup tN",
	},
	Examples: []string{`followup add jana "call about the mount" --due friday`, `followup done t12 --note "called her"`,
		"followup snooze t12 monday", "followup assign t12 wei"},
	Options: []Option{{Name: "due", Value: "WHEN"}, {Name: "for", Value: "NAME"}, {Name: "note", Value: "TEXT"}},
	Writes:  true,
	run:     runFollowup,
}

var followupNumber = regexp.MustCompile(`^(?i:[a-z0-9]+-)?[tT][0-9]+$`)

// followupVerbs are what can be done with a follow-up, as people say it.
var followupVerbs = map[string]string{
	"done": "done", "完成": "done", "已完成": "done", "drop": "drop", "dropped": "drop", "放弃": "drop",
	"reopen": "reopen", "open": "reopen", "重新打开": "reopen", "snooze": "snooze", "later": "snooze", "推迟": "snooze",
	"assign": "assign", "转交": "assign",
}

func runFollowup(ctx context.Context, api service.API, req Request) (Card, error) {
	if len(req.Words) == 0 {
		return Card{}, errUsage
	}
	first := strings.ToLower(req.Words[0])
	switch {
	case followupNumber.MatchString(first) && len(req.Words) == 1:
		return showFollowup(ctx, api, req, first)
	case followupNumber.MatchString(first): // t12 done, as well as done t12
		return oneFollowup(ctx, api, req, first, req.Words[1], req.Words[2:])
	case first == "add" || first == "新增":
		return addFollowup(ctx, api, req.from(1))
	case followupVerbs[first] != "":
		if len(req.Words) < 2 {
			return Card{}, errUsage
		}
		return oneFollowup(ctx, api, req, strings.ToLower(req.Words[1]), first, req.Words[2:])
	}
	return Card{}, invalid("followup_action", "action", req.rest(0))
}

// from gives the request without its first n words.
func (r Request) from(n int) Request {
	r.Words = r.Words[n:]
	if r.Quoted != nil {
		r.Quoted = r.Quoted[n:]
	}
	return r
}

func addFollowup(ctx context.Context, api service.API, req Request) (Card, error) {
	req = req.bareDate()
	ref, rest := req.target()
	said, by, _ := due.SplitCommand(rest)
	if req.Options["due"] != "" {
		if by != "" {
			said = strings.Join(rest, " ")
		}
		by = req.Options["due"]
	}
	if ref == "" || said == "" {
		return Card{}, errUsage
	}
	out, err := api.FollowupAdd(ctx, service.FollowupAddIn{Ref: ref, Text: said, Due: by, For: req.Options["for"]})
	if err != nil {
		return explain(req, "followup", err, req.first("followup add", len(req.Words)-len(rest)))
	}
	return answered(req, "followup.added", out), nil
}

func answered(req Request, title string, out service.FollowupOut) Card {
	p := req.printer(out.Zone, out.Now)
	c := followupCard(p, p.T(title), out.Followup)
	c.Data = out
	return c
}

func oneFollowup(ctx context.Context, api service.API, req Request, number, action string, rest []string) (Card, error) {
	remark := req.Options["note"]
	if remark == "" {
		remark = strings.Join(rest, " ")
	}
	closing := func(state, title string) (Card, error) {
		out, err := api.FollowupClose(ctx, service.FollowupCloseIn{Followup: number, State: state, Note: remark})
		if err != nil {
			return Card{}, err
		}
		return answered(req, title, out), nil
	}
	switch followupVerbs[strings.ToLower(action)] {
	case "done":
		return closing(state.FollowupDone, "followup.done")
	case "drop":
		return closing(state.FollowupDropped, "followup.dropped")
	case "reopen":
		return closing(state.FollowupOpen, "followup.open")
	case "snooze":
		if len(rest) == 0 {
			return Card{}, invalid("followup_no_date", "followup", number)
		}
		out, err := api.FollowupSnooze(ctx, service.FollowupSnoozeIn{Followup: number, Until: strings.Join(rest, " ")})
		if err != nil {
			return Card{}, err
		}
		return answered(req, "followup.snoozed", out), nil
	case "assign":
		if len(rest) == 0 {
			return Card{}, invalid("followup_no_staff", "followup", number)
		}
		out, err := api.FollowupAssign(ctx, service.FollowupAssignIn{Followup: number, Staff: strings.Join(rest, " ")})
		if err != nil {
			return Card{}, err
		}
		return answered(req, "followup.assigned", out), nil
	}
	return Card{}, invalid("followup_action", "action", action)
}

func showFollowup(ctx context.Context, api service.API, req Request, number string) (Card, error) {
	out, err := api.FollowupList(ctx, service.FollowupListIn{Number: number})
	if err != nil {
		return Card{}, err
	}
	if len(out.Followups) == 0 {
		return Card{}, &state.Error{Class: state.NotFound, Code: "no_such_followup", Args: state.Args{"ref": number}}
	}
	return answered(req, "followup.shown", service.FollowupOut{Followup: out.Followups[0], Zone: out.Zone, Now: out.Now}), nil
}

// followupCard shows one follow-up in full.
func followupCard(p *text.Printer, title string, x service.Followup) Card {
	c := Card{Word: "followup", Title: title, Aside: []string{x.Number}}
	s := Section{Shape: Facts}
	fact := func(label string, cells ...Cell) {
		s.row(x.Number, append([]Cell{dim(p.T("followup." + label))}, cells...)...)
	}
	fact("what", strong(p.FollowupWhy(x.Why, x.Args, oneLine(x.Text))))
	fact("customer", plain(x.CustomerName), code(x.Customer))
	fact("for", plain(doer(p, x)))
	cells := []Cell{plain(p.DueFull(x.Due, x.DateOnly, x.Zone))}
	switch {
	case x.Late:
		cells = append(cells, late(p.Late(x.LateDays)))
	case putOff(x) || x.State == state.FollowupOpen && !x.Snoozed.IsZero():
		cells = append(cells, dim(p.T("followups.put_off", state.Args{"until": instant(x.Snoozed)})))
	}
	fact("due", cells...)
	if x.State != state.FollowupOpen && x.State != "" {
		fact("state", plain(p.Term("followupstate", x.State)), dim(p.Day(x.Closed)), plain(oneLine(x.Note)))
	}
	from := []Cell{dim(followupFrom(p, x))}
	for _, e := range x.Evidence {
		if e.Code != "by_hand" && e.Code != "closed_by_hand" {
			from = append(from, dim(p.Evidence(e)))
		}
	}
	if x.Promise != "" {
		from = append(from, code(x.Promise))
	}
	fact("from", from...)
	c.add(s)
	if x.State == state.FollowupOpen || x.State == "" {
		c.Foot = append(c.Foot, p.T("followups.next", state.Args{"number": x.Number}))
	} else {
		c.Foot = append(c.Foot, p.T("followup.reopen", state.Args{"number": x.Number}))
	}
	c.Actions, c.Again = followupActions(p, x), "followup "+x.Number
	if x.Customer != "" {
		c.Actions = append(c.Actions, NewAction(p, "brief", "brief "+x.Customer, nil))
	}
	return c
}

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
