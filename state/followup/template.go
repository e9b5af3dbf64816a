package followup

import (
	"html"
	"slices"
	"strings"
)

// Template is a text to a customer with fields in it: "Dear {{customer.given}}". It may be used by
// several goroutines.
type Template struct {
	Name    string
	Subject map[string]*Text // by language: en, zh, de, ...; "" where one is for all
	Body    map[string]*Text
}

// Text is one text with its fields.
type Text struct {
	parts  []string // texts and fields in turn, beginning with a text
	Fields []string
}

// maxTemplate is how long a template may be, in characters.
const maxTemplate = 50_000

// ParseText reads a text whose fields stand in double braces. A field may be one of a customer or of
// the objects named, other than lists and amounts; {{customer.given|there}} says what stands there
// where the field is empty. The error is an *[Error] whose At counts characters of the text.
func ParseText(source string, about ...string) (*Text, error) {
	if len([]rune(source)) > maxTemplate {
		return nil, &Error{Code: CodeLong, At: maxTemplate + 1, Args: map[string]string{"limit": "50000"}}
	}
	t := &Text{}
	rest, at := source, 0 // at: characters before rest
	for {
		before, after, found := strings.Cut(rest, "{{")
		t.parts = append(t.parts, before)
		if !found {
			return t, nil
		}
		at += len([]rune(before))
		field, behind, closed := strings.Cut(after, "}}")
		if !closed || strings.ContainsAny(field, "\n{") {
			return nil, &Error{Code: CodeSyntax, At: at + 1, Args: map[string]string{"near": "{{"}}
		}
		name, _, _ := strings.Cut(field, "|")
		if err := checkField(strings.TrimSpace(name), append([]string{"customer"}, about...)); err != nil {
			err.At = at + 3
			return nil, err
		}
		t.parts = append(t.parts, strings.TrimSpace(field))
		t.Fields = append(t.Fields, strings.TrimSpace(name))
		at += len([]rune(field)) + 4
		rest = behind
	}
}

func checkField(name string, about []string) *Error {
	object, field, _ := strings.Cut(name, ".")
	names, kinds := fieldsOf(object)
	switch {
	case !slices.Contains(about, object):
		return &Error{Code: CodeUnknown, Args: map[string]string{"name": name, "near": nearest(object, about), "known": strings.Join(about, ", ")}}
	case kinds[field] == "":
		return &Error{Code: CodeUnknown, Args: map[string]string{"name": name, "near": withObject(object, nearest(field, names)), "known": strings.Join(names, ", ")}}
	case kinds[field] == list || kinds[field] == amounts || kinds[field] == boolean:
		return &Error{Code: CodeRefused, Args: map[string]string{"what": name}}
	}
	return nil
}

// Write fills the fields. What a customer is called cannot become anything else than text: control
// characters are left out, and in one line there is one line.
func (t *Text) Write(env map[string]any, oneLine bool) string { return t.write(env, oneLine, false) }

// HTML is Write with what stands in fields escaped.
func (t *Text) HTML(env map[string]any) string { return t.write(env, false, true) }

func (t *Text) write(env map[string]any, oneLine, escape bool) string {
	var b strings.Builder
	for i, p := range t.parts {
		if i%2 == 0 {
			b.WriteString(p)
			continue
		}
		name, otherwise, _ := strings.Cut(p, "|")
		v := valueOf(env, strings.TrimSpace(name))
		if strings.TrimSpace(v) == "" {
			v = strings.TrimSpace(otherwise)
		}
		v = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
			if r < ' ' || r == 0x7f || r == '\u2028' || r == '\u2029' {
				return ' '
			}
			return r
		}, v)), " ")
		if escape {
			v = html.EscapeString(v)
		}
		b.WriteString(v)
	}
	if oneLine {
		return strings.Join(strings.Fields(b.String()), " ")
	}
	return b.String()
}

// In gives subject and body in a language, else in the first of some others that there is.
func (t *Template) In(language string, others ...string) (subject, body *Text, lang string) {
	for _, l := range append(append([]string{language}, others...), "", "en") {
		if t.Body[l] != nil {
			subject = t.Subject[l]
			if subject == nil {
				subject = t.Subject[""]
			}
			return subject, t.Body[l], l
		}
	}
	for _, l := range sortedKeys(t.Body) {
		return t.Subject[l], t.Body[l], l
	}
	return nil, nil, ""
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
