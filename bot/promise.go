package bot

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/keptcrm/kept/state"
	due "github.com/keptcrm/kept/state/promise"
	"github.com/keptcrm/kept/state/service"
)

var promise = Word{
	Name:    "promise",
	Aliases: []string{"承诺"},
	Usage: []string{
		`promise CUSTOMER "TEXT" [by WHEN] [--by NAME | --theirs]`,
		"promise pN done|not-kept|withdrawn|reopen",
		"promise pN by WHEN [--agreed]",
		"promise pN to WHO",
		"promise pN",
	},
	Examples: []string{`promise jana "send the quote" by friday 12:00`, `promise jana "sign the contract" by 25 Nov --theirs`,
		"promise p12 done", "promise p12 by tuesday", "promise p12 to ana", `promise move p12 "next friday" --agreed`, "promise reopen p12"},
	Options: []Option{{Name: "by", Value: "NAME"}, {Name: "theirs"}, {Name: "note", Value: "TEXT"}, {Name: "agreed"}},
	Writes:  true,
	run:     runPromise,
}

// promiseWords are the words of a promise that a form asks for.
func promiseWords(customer string) string {
	return "promise " + customer + " {text} by {when} --by {by} {--theirs}"
}

var promiseNumber = regexp.MustCompile(`^(?i:[a-z0-9]+-)?[pP][0-9]+$`)

// states are the words that close or reopen a promise.
var states = map[string]string{
	"done": state.PromiseKept, "kept": state.PromiseKept, "完成": state.PromiseKept, "已完成": state.PromiseKept, "已兑现": state.PromiseKept,
	"not-kept": state.PromiseNotKept, "not_kept": state.PromiseNotKept, "notkept": state.PromiseNotKept, "broken": state.PromiseNotKept,
	"未兑现": state.PromiseNotKept, "withdrawn": state.PromiseWithdrawn, "withdraw": state.PromiseWithdrawn, "撤回": state.PromiseWithdrawn,
	"reopen": state.PromiseOpen, "open": state.PromiseOpen, "重新打开": state.PromiseOpen,
}

func runPromise(ctx context.Context, api service.API, req Request) (Card, error) {
	req = req.verbFirst()
	switch {
	case len(req.Words) == 0:
		return Card{}, errUsage
	case promiseNumber.MatchString(req.Words[0]) && !(len(req.Quoted) > 0 && req.Quoted[0]):
		return onePromise(ctx, api, req)
	case strings.EqualFold(req.Words[0], "find"):
		return Card{}, invalid("reserved_customer", "ref", req.Words[0])
	}
	req = req.bareDate()
	ref, rest := req.target()
	said, by, _ := due.SplitCommand(rest)
	if ref == "" || said == "" {
		return Card{}, errUsage
	}
	if req.has("theirs") && req.Options["by"] != "" {
		return Card{}, invalid("options_exclude", "a", "by", "b", "theirs")
	}
	in := service.PromiseAddIn{Ref: ref, Text: said, Due: by, By: req.Options["by"], Theirs: req.has("theirs")}
	if s := req.said; s != nil {
		in.Said = &service.SaidInChat{Words: s.Words, Where: s.Where, By: s.By, At: s.At}
	}
	out, err := api.PromiseAdd(ctx, in)
	if err != nil {
		return explain(req, "promise", err, req.first("promise", len(req.Words)-len(rest)))
	}
	p := req.printer(out.Zone, out.Now)
	c := promiseCard(p, "promise", p.T("promise.added"), out.Promise)
	c.Data = out
	return c, nil
}

// verbFirst puts the number of a promise before what is to be done with it, as some type it the other way
// round: promise move p12 friday, promise reopen p12.
func (r Request) verbFirst() Request {
	if len(r.Words) < 2 || !promiseNumber.MatchString(r.Words[1]) || r.quoted(0) {
		return r
	}
	verb := strings.ToLower(r.Words[0])
	words := []string{r.Words[1]}
	switch _, closing := states[verb]; {
	case verb == "show":
	case verb == "move" && len(r.Words) > 2:
		words = append(words, "by")
	case closing:
		words = append(words, verb)
	default:
		return r
	}
	rest := r.Words[2:]
	if verb == "move" && len(rest) > 0 && slices.Contains([]string{"to", "by"}, strings.ToLower(rest[0])) {
		rest = rest[1:]
	}
	r.Words, r.Quoted = append(words, rest...), nil
	return r
}

// bareDate takes the quotes off a date that was put between them, by "friday 12:00", so that it is
// not taken for what was promised.
func (r Request) bareDate() Request {
	last := len(r.Words) - 1
	if last < 2 || !r.quoted(last) {
		return r
	}
	date := strings.Fields(r.Words[last])
	switch strings.ToLower(r.Words[last-1]) {
	case "by", "before", "until", "till":
	default:
		// Without a word before it a date may also be all that was promised: "call on friday".
		said, _, ok := due.SplitCommand(date)
		if !ok || said != "" || !r.anyQuoted(last) {
			return r
		}
	}
	words := append(slices.Clone(r.Words[:last]), date...)
	if r.Quoted != nil {
		r.Quoted = append(slices.Clone(r.Quoted[:last]), make([]bool, len(date))...)
	}
	r.Words = words
	return r
}

// anyQuoted says whether one of the words between the first and the n-th stands in quotes.
func (r Request) anyQuoted(n int) bool {
	for i := 1; i < n; i++ {
		if r.quoted(i) {
			return true
		}
	}
	return false
}

// onePromise shows, closes, reopens, moves or gives on the promise that the first word numbers.
func onePromise(ctx context.Context, api service.API, req Request) (Card, error) {
	number := strings.ToLower(req.Words[0])
	if len(req.Words) == 1 {
		return showPromise(ctx, api, req, number)
	}
	first := strings.ToLower(req.Words[1])
	to, closing := states[first]
	rest := req.Words[2:]
	if first == "not" && len(rest) > 0 && strings.EqualFold(rest[0], "kept") {
		to, closing, rest = state.PromiseNotKept, true, rest[1:]
	}
	var out service.PromiseOut
	var err error
	title := "moved"
	switch {
	case slices.Contains([]string{"to", "交给", "转给"}, first):
		if len(rest) == 0 {
			return Card{}, errUsage
		}
		title = "assigned"
		out, err = api.PromiseAssign(ctx, service.PromiseAssignIn{Promise: number, Staff: strings.Join(rest, " ")})
	case closing:
		remark := req.Options["note"]
		if remark == "" {
			remark = strings.Join(rest, " ")
		}
		title = to
		out, err = api.PromiseClose(ctx, service.PromiseCloseIn{Promise: number, State: to, Note: remark})
	default:
		// Words that are no state are a date: by tuesday, 改到周二, next friday.
		said, by, ok := due.SplitCommand(req.Words[1:])
		if first == "by" && len(rest) == 0 {
			return Card{}, invalid("promise_no_date", "promise", number)
		}
		if !ok || said != "" && said != "改到" && !strings.EqualFold(said, "new date") {
			if first != "by" {
				return Card{}, invalid("promise_action", "action", strings.Join(req.Words[1:], " "))
			}
			by = req.rest(1)
		}
		out, err = api.PromiseMove(ctx, service.PromiseMoveIn{Promise: number, Due: by, Agreed: req.has("agreed")})
	}
	if err != nil {
		return Card{}, err
	}
	p := req.printer(out.Zone, out.Now)
	c := promiseCard(p, "promise", p.T("promise."+title), out.Promise)
	c.Data = out
	return c, nil
}

func showPromise(ctx context.Context, api service.API, req Request, number string) (Card, error) {
	out, err := api.PromiseShow(ctx, service.PromiseShowIn{Promise: number})
	if err != nil {
		return Card{}, err
	}
	p := req.printer(out.Zone, out.Now)
	c := promiseCard(p, "promise", p.T("promise.shown"), out.Promise)
	c.Data = out
	return c, nil
}
