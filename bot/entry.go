package bot

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"

	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// headline says what kind of entry this is: order, mail in, call.
func headline(p *text.Printer, e service.Entry) string {
	if e.Kind == state.ActivityMessage && e.Channel != "" {
		return strings.TrimSpace(p.Term("channel", e.Channel) + p.T("card.space") + p.Term("direction", e.Direction))
	}
	return p.Term("kind", e.Kind)
}

// subject is what an entry is about, in one line: its title, else how its body begins. Other
// people's words stand in quotes.
func subject(p *text.Printer, e service.Entry) string {
	s := oneLine(e.Title)
	if s == "" {
		s = cut(oneLine(e.Body), 120)
	}
	switch {
	case s == "":
		return ""
	case e.Kind == state.ActivityMessage:
		return p.T("card.quote", state.Args{"text": s})
	case e.Kind == state.ActivityPromise:
		return p.Term("direction", e.Direction) + p.T("card.colon") + s
	}
	return s
}

// result is what came of an entry: an amount, a state, who did it.
func result(p *text.Printer, e service.Entry) string {
	var parts []string
	if e.Amount != nil {
		parts = append(parts, p.Money(*e.Amount))
	}
	switch {
	case e.Status == "" || e.Kind == state.ActivityOrder && (e.Status == "paid" || e.Status == "shipped" || e.Status == "delivered"):
	case e.Kind == state.ActivityConsent:
		parts = append(parts, p.Term("said", e.Status))
	case e.Kind == state.ActivityPromise:
		if e.Status != "made" {
			parts = append(parts, p.Term("state", e.Status))
		}
	default:
		parts = append(parts, p.Term("status", e.Status))
	}
	if e.Actor != "" {
		parts = append(parts, e.Actor)
	}
	if e.Unanswered > 0 {
		parts = append(parts, p.T("brief.unanswered", state.Args{"n": strconv.Itoa(e.Unanswered)}))
	}
	switch {
	case e.Closed:
		parts = append(parts, p.T("entry.closed"))
	case e.Hidden && e.Mark == "" && e.Kind == state.ActivityMessage:
		parts = append(parts, p.T("entry.hidden", state.Args{"name": e.HiddenBy}))
	case e.Hidden:
		parts = append(parts, p.T("entry.private", state.Args{"name": e.HiddenBy}))
	case e.Mark == state.MarkShared:
		parts = append(parts, p.T("entry.shared"))
	case e.Mark == state.MarkPrivate:
		parts = append(parts, p.T("entry.is_private"))
	}
	return strings.Join(parts, ", ")
}

// files names what came with a message.
func files(p *text.Printer, e service.Entry) string {
	if len(e.Attachments) == 0 {
		return ""
	}
	var names []string
	for _, f := range e.Attachments {
		name := oneLine(f.Name)
		if name == "" {
			name = f.Type
		}
		names = append(names, cut(name, 40))
	}
	return p.T("entry.files", state.Args{"n": strconv.Itoa(len(names)), "names": strings.Join(names, p.T("card.comma"))})
}

// source is where something comes from and when: (19 Nov, mail).
func source(p *text.Printer, at time.Time, from string) string {
	parts := make([]string, 0, 2)
	if s := p.Day(at); s != "" {
		parts = append(parts, s)
	}
	if from != "" {
		parts = append(parts, from)
	}
	if len(parts) == 0 {
		return ""
	}
	return p.T("card.brackets", state.Args{"text": strings.Join(parts, p.T("card.comma"))})
}

// reachable writes an address for people: a valid phone number in its international form.
func reachable(typ, value string) string {
	if typ == state.TypePhone && strings.HasPrefix(value, "+") {
		if n, err := phonenumbers.Parse(value, "ZZ"); err == nil {
			return phonenumbers.Format(n, phonenumbers.INTERNATIONAL)
		}
	}
	return value
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// cut shortens a text to so many characters, at a space where one is near.
func cut(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	r := []rune(s)[:n-1]
	for i := len(r) - 1; i > len(r)-15 && i > 0; i-- {
		if r[i] == ' ' {
			r = r[:i]
			break
		}
	}
	return string(r) + "…"
}
