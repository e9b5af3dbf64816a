package bot

import (
	"errors"
	"strings"

	"github.com/keptcrm/kept/state"
)

// explain makes an error more useful than its sentence: customers among whom to choose are listed
// each with the command that chooses it, and where nobody fits the nearest are suggested. again
// writes the request with another customer. The error stays the error.
func explain(req Request, word string, err error, again func(ref string) string) (Card, error) {
	var e *state.Error
	if !errors.As(err, &e) {
		return Card{}, err
	}
	p := req.printer("", req.Now)
	card := Card{Word: word, Title: p.Error(err)}
	list := func(heading, lines, what string) {
		s := Section{Shape: Table, Heading: heading, Grow: 2}
		for _, line := range strings.Split(lines, "\n") {
			cells := strings.SplitN(line, "\t", 3)
			if len(cells) < 2 {
				continue
			}
			cells = append(cells, "")
			row := []Cell{code(cells[0]), strong(cells[1]), dim(cells[2])}
			var actions []Action
			if again != nil {
				words := again(cells[0])
				row = append(row, code(p.Command(words)))
				actions = []Action{{Code: what, Label: p.T("action.choose"), Words: words}}
			}
			s.row(cells[0], row...)
			s.Rows[len(s.Rows)-1].Actions = actions
		}
		card.add(s)
	}
	switch {
	case e.Code == "several_customers" && e.Args["hits"] != "":
		list("", e.Args["hits"], "choose")
		if n := e.Args["more"]; n != "" && n != "0" {
			card.Foot = append(card.Foot, p.T("card.more_fit", state.Args{"n": n, "command": "find " + quote(e.Args["ref"])}))
		}
	case e.Code == "no_customer" && e.Args["near"] != "":
		list(p.T("card.nearest"), e.Args["near"], "nearest")
	case e.Code == "several_staff" && e.Args["hits"] != "":
		again = nil
		list("", e.Args["hits"], "")
	default:
		return Card{}, err
	}
	return card, err
}

// whole makes the again of a word whose words are all the customer's name.
func (r Request) whole(word string) func(string) string {
	return func(ref string) string { return r.again(word, ref, len(r.Words)) }
}

// first makes the again of a word whose first n words are the customer's name.
func (r Request) first(word string, n int) func(string) string {
	return func(ref string) string { return r.again(word, ref, n) }
}
