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

var answer = Word{
	Name:    "answer",
	Aliases: []string{"回答"},
	Usage: []string{`answer qN yes|no ["REASON"]`, `answer qN fix "ROW"`, "answer qN drop", "answer qN CONNECTION",
		`answer qN yes|no|done [--due WHEN] [--text "WORDS"]`},
	Examples: []string{"answer q7 yes", "answer q7 no", `answer q9 no "she meant the newsletter of another firm"`, `answer q12 fix "jana@example.com,Jana,Köhler"`, "answer q12 drop", "answer q8 book",
		`answer q7 yes --due "next tuesday"`, "answer q7 done"},
	Options: []Option{{Name: "due", Value: "WHEN"}, {Name: "text", Value: "TEXT"}},
	Writes:  true,
	run: func(ctx context.Context, api service.API, req Request) (Card, error) {
		if len(req.Words) < 2 || !questionNumber.MatchString(req.Words[0]) {
			return Card{}, errUsage
		}
		in := service.AnswerIn{Number: strings.ToLower(req.Words[0]), Answer: answerWord(req.Words[1]), Text: req.rest(2), Due: req.Options["due"]}
		if said := req.Options["text"]; said != "" {
			in.Text = said
		}
		// Two answers at once, a whole line of hints as it was pasted, are none.
		if in.Text != "" && (in.Answer == "drop" || in.Answer == "no" && anotherAnswer(in.Text)) || in.Answer == "yes" && slices.Contains(req.Words, "·") {
			return Card{}, errUsage
		}
		if in.Answer == "fix" && in.Text == "" {
			return Card{}, invalid("fix_needs_row", "question", in.Number)
		}
		out, err := api.Answer(ctx, in)
		if err != nil {
			return Card{}, err
		}
		p := req.printer("", req.Now)
		key := "did." + out.Did
		if !text.Has(key) {
			key = "did.answered"
		}
		args := state.Args{"question": out.Question.Number, "name": out.Customer.Name, "number": out.Customer.Number}
		if out.Promise != nil {
			args["promise"] = out.Promise.Number
		}
		if out.Question.Kind == state.QuestionStaff {
			args["address"] = out.Question.Where
			if out.Staff != nil {
				args["staff"] = out.Staff.Name + " " + out.Staff.Number
			}
		}
		if q := out.Question; q.A != nil && q.B != nil {
			args["a"], args["b"] = q.A.Name+" "+q.A.Number, q.B.Name+" "+q.B.Number
		}
		c := Card{Word: "answer", Title: p.T(key, args), Data: out}
		if out.Did == "merged" && out.Customer.Number != "" {
			c.Foot = append(c.Foot, p.T("answer.undo", state.Args{"number": out.Customer.Number}))
		}
		for _, b := range out.Mailboxes {
			c.Foot = append(c.Foot, p.T("answer.mailbox", state.Args{"connection": b.Name, "name": b.Owner}))
		}
		if out.Left > 0 {
			c.Foot = append(c.Foot, p.T("answer.left", state.Args{"n": strconv.Itoa(out.Left)}))
		} else {
			c.Foot = append(c.Foot, p.T("answer.none_left"))
		}
		return c, nil
	},
}

var answerWords = map[string]string{
	"y": "yes", "ja": "yes", "same": "yes", "是": "yes", "是的": "yes", "对": "yes",
	"n": "no", "nein": "no", "apart": "no", "否": "no", "不": "no", "不是": "no",
	"修正": "fix", "改": "fix", "correct": "fix",
	"kept": "done", "erledigt": "done", "完成": "done", "已完成": "done", "已兑现": "done",
	"skip": "drop", "丢弃": "drop", "放弃": "drop",
}

// anotherAnswer says whether what stands behind an answer is a further one and no reason.
func anotherAnswer(said string) bool {
	words := strings.Fields(said)
	return slices.Contains(words, "·") || slices.ContainsFunc(words, questionNumber.MatchString) ||
		len(words) == 1 && slices.Contains([]string{"yes", "no", "all", "done", "fix", "drop"}, answerWord(words[0]))
}

// answerWord reads an answer as people type it; one that is not known is the service's to refuse.
func answerWord(typed string) string {
	typed = strings.ToLower(strings.TrimSpace(typed))
	if w, ok := answerWords[typed]; ok {
		return w
	}
	return typed
}
