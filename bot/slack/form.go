package slack

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	slackapi "github.com/slack-go/slack"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/state"
	due "github.com/keptcrm/kept/state/promise"
)

// day is behind the name of a field where its day is picked.
const day = ".day"

// formMemory is what a form carries to when it is sent.
type formMemory struct {
	What string `json:"k"`
	Do   string `json:"d"`
	origin
}

// openFor opens the form of an action, with what is known without asking anybody.
func (a *App) openFor(e event, r bot.Reader, act bot.Action, from origin) (answer, error) {
	p := printer(r)
	m := formMemory{What: act.Code, Do: act.Words, origin: from}
	meta := compact(m)
	if len(meta) > maxMetadata {
		m.Of, m.At = "", 0
		meta = compact(m)
	}
	if len(meta) > maxMetadata || act.Form == nil {
		return e.saying(r, "chat.too_long"), nil
	}
	f := slackapi.ModalViewRequest{Type: slackapi.VTModal, CallbackID: "form", PrivateMetadata: meta,
		Title: label(act.Form.Title, maxViewTitle), Submit: label(act.Form.Send, maxViewTitle), Close: label(p.T("chat.cancel"), maxViewTitle)}
	if about := oneLine(act.About); about != "" {
		f.Blocks.BlockSet = append(f.Blocks.BlockSet, section(cutEscaped(escape(isolate(about)), maxNews)))
	}
	if s := from.Said; s != nil {
		f.Blocks.BlockSet = append(f.Blocks.BlockSet, section(cutEscaped(escape(p.T("card.quote", state.Args{"text": clean(s.Words)})), maxSection)),
			small(escape(p.T("evidence.said_in_chat", s.args()))))
	}
	for _, x := range act.Form.Fields {
		f.Blocks.BlockSet = append(f.Blocks.BlockSet, inputs(p, x)...)
	}
	if err := formWithinLimits(f); err != nil {
		return e.saying(r, "chat.too_long"), err
	}
	return answer{form: &f}, nil
}

// inputs are the blocks of a field: one, or of a time two, a day to pick and words.
func inputs(p *text.Printer, x bot.Field) []slackapi.Block {
	input := func(id, name, hint string, optional bool, el slackapi.BlockElement) *slackapi.InputBlock {
		b := slackapi.NewInputBlock(id, label(name, maxInputLabel), nil, el)
		if hint != "" {
			b.Hint = label(hint, maxInputLabel)
		}
		return b.WithOptional(optional)
	}
	line := func(value string, long bool) *slackapi.PlainTextInputBlockElement {
		el := slackapi.NewPlainTextInputBlockElement(nil, x.Name)
		el.InitialValue, el.Multiline, el.MaxLength = cut(clean(value), maxInput), long, maxInput
		return el
	}
	switch x.Kind {
	case bot.FieldDue:
		pick := slackapi.NewDatePickerBlockElement(x.Name + day)
		words := x.Value
		if t, err := time.Parse(time.DateOnly, x.Value); err == nil {
			pick.InitialDate, words = t.Format(time.DateOnly), ""
		}
		return []slackapi.Block{input(x.Name+day, x.Label, "", true, pick), input(x.Name, p.T("chat.or_words"), x.Hint, true, line(words, false))}
	case bot.FieldFlag:
		o := slackapi.NewOptionBlockObject("yes", label(x.Label, maxOption), nil)
		el := slackapi.NewCheckboxGroupsBlockElement(x.Name, o)
		if x.Value != "" {
			el.InitialOptions = []*slackapi.OptionBlockObject{o}
		}
		return []slackapi.Block{input(x.Name, p.T("chat.tick"), x.Hint, true, el)}
	case bot.FieldChoice:
		el := slackapi.NewOptionsSelectBlockElement(slackapi.OptTypeStatic, nil, x.Name)
		for _, c := range x.Choices {
			o := slackapi.NewOptionBlockObject(c.Value, label(c.Label, maxOption), nil)
			el.Options = append(el.Options, o)
			if c.Value == x.Value {
				el.InitialOption = o
			}
		}
		return []slackapi.Block{input(x.Name, x.Label, x.Hint, x.Optional, el)}
	case bot.FieldStaff, bot.FieldCustomer:
		least, id := 0, "staff."+x.Name
		if x.Kind == bot.FieldCustomer {
			least, id = 1, "customer."+x.Name
		}
		el := slackapi.NewOptionsSelectBlockElement(slackapi.OptTypeExternal, nil, id)
		el.MinQueryLength = &least
		if number, name, ok := strings.Cut(x.Value, " "); ok {
			el.InitialOption = slackapi.NewOptionBlockObject(number, label(name, maxOption), nil)
		}
		return []slackapi.Block{input(x.Name, x.Label, x.Hint, x.Optional, el)}
	}
	return []slackapi.Block{input(x.Name, x.Label, x.Hint, x.Optional, line(x.Value, x.Kind == bot.FieldLong))}
}

// filled reads what stands in the fields of a form that was sent.
func filled(v *slackapi.View) map[string]string {
	out := map[string]string{}
	if v.State == nil {
		return out
	}
	for block, of := range v.State.Values {
		for _, x := range of {
			value := x.Value
			for _, other := range []string{x.SelectedOption.Value, x.SelectedDate} {
				if value == "" {
					value = other
				}
			}
			if len(x.SelectedOptions) > 0 {
				value = x.SelectedOptions[0].Value
			}
			out[block] = strings.TrimSpace(clean(value))
		}
	}
	for block := range maps.Clone(out) {
		name, ok := strings.CutSuffix(block, day)
		if !ok {
			continue
		}
		picked, words := out[block], out[name]
		delete(out, block)
		switch {
		case words == "":
			out[name] = picked
		case picked != "" && clock(words):
			out[name] = picked + " " + words
		}
	}
	return out
}

// clock says whether words are a time of day alone, which goes with the day that was picked.
func clock(words string) bool {
	for _, layout := range []string{"15:04", "3pm", "3:04pm", "3 pm", "15.04", "15：04"} {
		if _, err := time.Parse(layout, strings.ToLower(words)); err == nil {
			return true
		}
	}
	return false
}

// fieldOf says beside which field an error is told.
var fieldOf = map[string][]string{
	"due_not_understood": {"when"}, "due_past": {"when"}, "due_ambiguous": {"when"}, "due_no_such_day": {"when"},
	"promise_no_date": {"when"}, "followup_no_date": {"when"},
	"no_staff": {"staff", "by"}, "several_staff": {"staff", "by"}, "staff_missing": {"staff", "by"}, "options_exclude": {"by"}, "chat_may_not": {"staff", "by"},
	"no_customer": {"customer"}, "several_customers": {"customer"}, "text_missing": {"text"},
	"fix_needs_row": {"row"}, "send_reason_missing": {"reason"}, "override_reason": {"reason"},
}

// onSubmit runs what a form is for. What cannot be read is told beside its field.
func onSubmit(ctx context.Context, a *App, e event) (answer, error) {
	r := a.reader(ctx, e)
	var m formMemory
	if e.view == nil || !readMemory(e.view.PrivateMetadata, &m) {
		return e.saying(r, "chat.stale"), nil
	}
	if e.action == "share" {
		return a.share(ctx, e, r, m)
	}
	act := bot.NewAction(printer(r), m.What, m.Do, nil)
	values := filled(e.view)
	if refused := look(r, act, values); len(refused) > 0 {
		return answer{refused: refused}, nil
	}
	line := act.Fill(values)
	if s := m.Said; s != nil {
		r.Said = &bot.Said{Words: s.Words, Where: s.Where, By: s.By, At: time.Unix(s.At, 0).UTC()}
	}
	card, err := bot.Ask(ctx, a.api, line, r)
	if refused := beside(r, act, err); len(refused) > 0 {
		return answer{refused: refused}, err
	}
	r.Said = nil
	return a.told(ctx, e, r, payload{Do: line, Of: m.Of, At: m.At}, card, err, m.origin)
}

func readMemory(meta string, m *formMemory) bool {
	return decodeInto(meta, m) && (m.Do != "" || m.Of != "")
}

// look finds what is missing from a form, and a time that nobody can read, before anything is asked
// of the state.
func look(r bot.Reader, act bot.Action, values map[string]string) map[string]string {
	refused := map[string]string{}
	if act.Form == nil {
		return refused
	}
	p := printer(r)
	loc, err := time.LoadLocation(r.Zone)
	if err != nil {
		loc = time.UTC
	}
	for _, x := range act.Form.Fields {
		v := values[x.Name]
		switch {
		case v == "" && !x.Optional && x.Kind != bot.FieldFlag:
			refused[x.Name] = p.T("chat.needed")
		case v != "" && x.Kind == bot.FieldDue:
			_, err := due.Reader{Past: true}.Parse(v, r.Now, loc)
			var wrong *due.Error
			if errors.As(err, &wrong) {
				args := state.Args(wrong.Args)
				args["zone"] = loc.String()
				refused[x.Name] = p.Error(&state.Error{Class: state.Invalid, Code: string(wrong.Code), Args: args})
			}
		}
	}
	if values["theirs"] != "" && values["by"] != "" {
		refused["by"] = p.T("chat.theirs_by")
	}
	return refused
}

// beside gives an error of the state that belongs to a field of the form.
func beside(r bot.Reader, act bot.Action, err error) map[string]string {
	var e *state.Error
	if !errors.As(err, &e) || act.Form == nil {
		return nil
	}
	for _, name := range fieldOf[e.Code] {
		if slices.ContainsFunc(act.Form.Fields, func(x bot.Field) bool { return x.Name == name }) {
			return map[string]string{name: cut(printer(r).Error(err), maxLabel*4)}
		}
	}
	return nil
}
