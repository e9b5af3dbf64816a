package bot

import (
	"context"
	"regexp"
	"strconv"
	"strings"

	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

var questions = Word{
	Name:     "questions",
	Aliases:  []string{"问题"},
	Usage:    []string{"questions [qN | CUSTOMER] [--from FILE] [--kind KIND] [--all] [--limit N]"},
	Examples: []string{"questions", "questions q7", "questions --kind promise", "questions --from customers.csv"},
	Options:  []Option{{Name: "all"}, {Name: "from", Value: "FILE"}, {Name: "kind", Value: "KIND"}, {Name: "limit", Value: "N"}},
	run: func(ctx context.Context, api service.API, req Request) (Card, error) {
		in := service.QuestionListIn{From: req.Options["from"], Kind: req.Options["kind"], All: req.has("all")}
		if ref := req.rest(0); questionNumber.MatchString(ref) {
			in.Number = strings.ToLower(ref)
		} else {
			in.Ref = ref
		}
		var err error
		if in.Limit, err = req.count("limit"); err != nil {
			return Card{}, err
		}
		out, err := api.QuestionList(ctx, in)
		if err != nil {
			return explain(req, "questions", err, req.whole("questions"))
		}
		return questionsCard(req, in, out), nil
	},
}

var questionNumber = regexp.MustCompile(`^(?i:[a-z0-9]+-)?[qQ][0-9]+$`)

func questionsCard(req Request, in service.QuestionListIn, out service.QuestionListOut) Card {
	p := req.printer("", req.Now)
	c := Card{Word: "questions", Data: out}
	switch {
	case len(out.Questions) == 0:
		c.Title = p.T("questions.none")
		c.others(p, out)
		return c
	case in.Number != "":
		c.Title = p.T("questions.one", state.Args{"number": out.Questions[0].Number})
	default:
		c.Title = p.T("questions.title", state.Args{"n": strconv.Itoa(max(out.Total, len(out.Questions)))})
	}
	for _, q := range out.Questions {
		c.add(questionSection(p, q, in.Number != ""))
	}
	if out.Total > len(out.Questions) && in.Number == "" {
		more := req
		more.Options = map[string]string{"limit": strconv.Itoa(out.Total)}
		for k, v := range req.Options {
			if k != "limit" {
				more.Options[k] = v
			}
		}
		words := strings.TrimSpace(more.again("questions", in.Ref, len(req.Words)))
		if in.Ref == "" {
			words = strings.Replace(words, `questions ""`, "questions", 1)
		}
		c.Foot = append(c.Foot, p.T("questions.more", state.Args{"n": strconv.Itoa(len(out.Questions)), "total": strconv.Itoa(out.Total), "command": words}))
	}
	c.others(p, out)
	if out.More > 0 {
		c.Foot = append(c.Foot, p.T("questions.later", state.Args{"n": strconv.Itoa(out.More)}))
	}
	return c
}

// asked is a question in one line.
func asked(p *text.Printer, q service.Question) string {
	key := "question." + q.Kind
	if !text.Has(key) {
		key = "question.other"
	}
	args := state.Args{"kind": q.Kind, "where": q.Where, "field": q.Field, "from": q.From}
	name := func(key string, c *service.CustomerRef, seen string) {
		switch {
		case c != nil:
			args[key] = c.Name + " " + c.Number
		default:
			args[key] = seen
		}
	}
	if q.Kind == state.QuestionPromise || q.Kind == state.QuestionPromiseDone {
		args["by"] = q.By
		if q.Direction == state.Theirs {
			key += "_theirs"
		}
	}
	name("a", q.A, q.SeenA)
	name("b", q.B, q.SeenB)
	if args["a"] == "" {
		args["a"] = q.Field
		if q.Kind == state.QuestionOrganisation && q.Where != "" {
			args["a"] = q.Where // the domain or company name itself
		}
	}
	if q.Kind == state.QuestionStaff {
		args["name"] = q.Raw
	}
	if args["where"] == "" {
		args["where"] = q.From
	}
	return p.T(key, args)
}

// aboutMessage says whether a question is about a message that Kept sends.
func aboutMessage(kind string) bool {
	return kind == state.QuestionSend || kind == state.QuestionUnsure || kind == state.QuestionUndelivered
}

func questionSection(p *text.Printer, q service.Question, one bool) Section {
	s := Section{Shape: Facts}
	s.row(q.Number, code(q.Number), strong(asked(p, q)))
	say := func(cells ...Cell) { s.row(q.Number, append([]Cell{{}}, cells...)...) }
	promised(p, q, say)
	var pro, con []string
	for _, r := range q.Reasons {
		if r.Against {
			con = append(con, p.Evidence(r))
		} else {
			pro = append(pro, p.Evidence(r))
		}
	}
	if len(pro) > 0 {
		key := "question.because"
		if q.Kind == state.QuestionPromise || q.Kind == state.QuestionPromiseDone || q.Kind == state.QuestionRow || q.Kind == state.QuestionConflict || q.Kind == state.QuestionLost || aboutMessage(q.Kind) {
			key = "question.reason"
		}
		say(plain(p.T(key, state.Args{"reasons": strings.Join(pro, p.T("card.comma"))})))
	}
	if len(con) > 0 {
		say(plain(p.T("question.against", state.Args{"reasons": strings.Join(con, p.T("card.comma"))})))
	}
	if q.A != nil && q.SeenA != "" {
		say(code(q.A.Number), plain(q.SeenA))
	}
	if q.B != nil && q.SeenB != "" {
		say(code(q.B.Number), plain(q.SeenB))
	}
	if q.Raw != "" && q.Kind == state.QuestionRow {
		raw, header := oneLine(q.Raw), oneLine(q.Header)
		if !one {
			raw, header = cut(raw, 160), cut(header, 160)
		}
		if header != "" {
			say(dim(header))
		}
		say(plain(raw))
	}
	if q.State == state.QuestionWaiting || q.State == state.QuestionLapsed {
		say(dim(p.T("question." + q.State)))
		return s
	}
	if q.State != "" && q.State != state.QuestionOpen {
		say(dim(p.T("question.answered", state.Args{"answer": p.Term("answer", q.Answer)})))
		return s
	}
	cells := []Cell{}
	for _, o := range q.Options {
		words := "answer " + q.Number + " " + o
		if o == "fix" || o == "send" && aboutMessage(q.Kind) {
			words += ` "…"`
		}
		cells = append(cells, code(p.Command(words)))
	}
	if len(cells) > 0 {
		say(cells...)
		s.Rows[len(s.Rows)-1].Actions = questionActions(p, q)
	}
	return s
}

func questionActions(p *text.Printer, q service.Question) []Action {
	var out []Action
	for _, o := range q.Options {
		words := "answer " + q.Number + " " + o
		if o == "fix" || o == "send" && aboutMessage(q.Kind) {
			words += " {" + map[string]string{"fix": "row", "send": "reason"}[o] + "}"
		}
		a := NewAction(p, "answer_"+o, words, map[string]string{"row": q.Raw}).about(q.Number, asked(p, q))
		a.Label = p.Term("answer", o)
		out = append(out, a)
	}
	return out
}

// promised says of a question about a promise what was said, and for when.
func promised(p *text.Printer, q service.Question, say func(...Cell)) {
	if q.Kind != state.QuestionPromise && q.Kind != state.QuestionPromiseDone {
		return
	}
	if q.Raw == "" {
		say(dim(p.T("question.hidden")), dim(p.T("question.for", state.Args{"name": q.For})))
		return
	}
	due := p.T("question.no_due")
	if q.Due != nil {
		due = p.T("question.due", state.Args{"due": p.Due(*q.Due, q.DateOnly, q.Zone)})
	}
	cells := []Cell{plain(p.T("card.quote", state.Args{"text": oneLine(q.Raw)})), dim(due)}
	if q.Conditional {
		cells = append(cells, dim(p.T("question.conditional")))
	}
	if q.Promise != "" {
		cells = append(cells, code(q.Promise))
	}
	say(cells...)
}

// others says that questions about promises are put to others.
func (c *Card) others(p *text.Printer, out service.QuestionListOut) {
	n := 0
	var names []string
	for _, x := range out.Others {
		n += x.N
		names = append(names, x.Name+" "+strconv.Itoa(x.N))
	}
	if n > 0 {
		c.Foot = append(c.Foot, p.T("questions.others", state.Args{"n": strconv.Itoa(n), "names": strings.Join(names, p.T("card.comma"))}))
	}
}
