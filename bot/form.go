package bot

import "strings"

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
	FieldDate                      // an ISO date
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

// Fill puts what was typed into the holes of an action's words: a line for [Ask]. An optional
// field that is empty takes the option before its hole with it ("--due {due}").
func (a Action) Fill(values map[string]string) string {
	var out []string
	for _, w := range strings.Fields(a.Words) {
		name, hole := strings.CutPrefix(w, "{")
		if !hole || !strings.HasSuffix(name, "}") {
			out = append(out, w)
			continue
		}
		v := strings.TrimSpace(values[strings.TrimSuffix(name, "}")])
		if v != "" {
			out = append(out, quote(v))
			continue
		}
		if n := len(out); n > 0 && (strings.HasPrefix(out[n-1], "--") || out[n-1] == "by") {
			out = out[:n-1]
		}
	}
	return strings.Join(out, " ")
}
