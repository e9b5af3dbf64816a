package bot

import (
	"strings"

	"github.com/keptcrm/kept/bot/text"
)

// Form is what a chat asks before an action runs whose Words have holes: {when}, {text}. A hole is
// filled with the field of its name, quoted so that it stays one word.
type Form struct {
	Title  string
	Send   string // the label of the button that runs it
	Fields []Field
}

// FieldKind says what a field takes.
type FieldKind int

// The kinds of fields.
const (
	FieldText     FieldKind = iota // one line
	FieldLong                      // paragraphs
	FieldDue                       // when: a day that is picked, or words that name a moment ("friday 12:00")
	FieldFlag                      // an option that takes no value: "yes" or nothing
	FieldChoice                    // one of Choices
	FieldStaff                     // one of us: their number, "s2"
	FieldCustomer                  // a customer: their number, "c812"
)

// Field is one thing that a form asks for.
type Field struct {
	Name     string
	Label    string
	Hint     string
	Kind     FieldKind
	Value    string // what stands there before anybody typed
	Choices  []Choice
	Optional bool // empty, its hole and the option in front of it are left out
}

// Choice is one of several that a field offers.
type Choice struct{ Value, Label string }

// Prefilled are the values that stand in a form before anybody typed, by the names of its fields.
func (f *Form) Prefilled() map[string]string {
	out := map[string]string{}
	for _, x := range f.Fields {
		if x.Value != "" {
			out[x.Name] = x.Value
		}
	}
	return out
}

// Fill puts what was typed into the holes of an action's words: a line for [Ask]. An optional
// field that is empty takes the option before its hole with it ("--due {due}"); a hole like
// {--theirs} becomes that option where its flag is set.
func (a Action) Fill(values map[string]string) string {
	var out []string
	for _, w := range strings.Fields(a.Words) {
		name, hole := strings.CutPrefix(w, "{")
		if !hole || !strings.HasSuffix(name, "}") {
			out = append(out, w)
			continue
		}
		name = strings.TrimSuffix(name, "}")
		option, flag := strings.CutPrefix(name, "--")
		v := strings.TrimSpace(values[option])
		switch {
		case flag && v != "":
			out = append(out, name)
			continue
		case flag:
			continue
		case v != "":
			out = append(out, quote(v))
			continue
		}
		if n := len(out); n > 0 && (strings.HasPrefix(out[n-1], "--") || out[n-1] == "by") {
			out = out[:n-1]
		}
	}
	return strings.Join(out, " ")
}

// forms are what is asked before the action of a code runs, without what stands in its fields.
var forms = map[string][]Field{
	"new_date":    {{Name: "when", Kind: FieldDue}, {Name: "agreed", Kind: FieldFlag, Optional: true}},
	"not_kept":    {{Name: "note", Kind: FieldLong, Optional: true}},
	"snooze":      {{Name: "when", Kind: FieldDue}},
	"drop":        {{Name: "note", Kind: FieldLong, Optional: true}},
	"reassign":    {{Name: "staff", Kind: FieldStaff}},
	"note":        {{Name: "text", Kind: FieldLong}, {Name: "kind", Kind: FieldChoice, Value: "note"}, {Name: "private", Kind: FieldFlag, Optional: true}},
	"promise":     {{Name: "text", Kind: FieldLong}, {Name: "when", Kind: FieldDue, Optional: true}, {Name: "by", Kind: FieldStaff, Optional: true}, {Name: "theirs", Kind: FieldFlag, Optional: true}},
	"override":    {{Name: "reason", Kind: FieldLong}},
	"answer_fix":  {{Name: "row", Kind: FieldLong}},
	"answer_send": {{Name: "reason", Kind: FieldLong}},
}

// formChoices are the values that a field offers, and the list of terms that names them.
var formChoices = map[string]struct {
	list   string
	values []string
}{
	"kind": {"kind", []string{"note", "call", "meeting"}},
}

// NewAction gives the action of a code with its label and, where its words have holes, its form in
// a language. Values stand in the form's fields.
func NewAction(p *text.Printer, what, words string, values map[string]string) Action {
	a := Action{Code: what, Label: p.T("action." + what), Words: words}
	if !strings.Contains(words, "{") {
		return a
	}
	f := &Form{Title: p.T("form." + what), Send: p.T("form.send")}
	if key := "form." + what + ".send"; text.Has(key) {
		f.Send = p.T(key)
	}
	fields := forms[what]
	if strings.Contains(words, "{customer}") {
		fields = append([]Field{{Name: "customer", Kind: FieldCustomer}}, fields...)
	}
	for _, x := range fields {
		x.Label = p.T("field." + x.Name)
		if key := "field." + what + "." + x.Name; text.Has(key) {
			x.Label = p.T(key)
		}
		if key := "hint." + x.Name; text.Has(key) {
			x.Hint = p.T(key)
		}
		for _, v := range formChoices[x.Name].values {
			x.Choices = append(x.Choices, Choice{Value: v, Label: p.Term(formChoices[x.Name].list, v)})
		}
		if v := values[x.Name]; v != "" {
			x.Value = v
		}
		f.Fields = append(f.Fields, x)
	}
	a.Form = f
	return a
}

// about gives the action with what it is about, for its form.
func (a Action) about(what ...string) Action {
	a.About = cut(oneLine(strings.Join(what, " ")), 160)
	return a
}
