package config

import (
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/followup"
)

// segments reads the saved questions: a name and a condition each.
func (f *File) segments(n ast.Node, at fault) error {
	return f.pairs("segments", n, at, func(name string, value ast.Node) error {
		p := f.places["segments."+name]
		if !ConnectionName(name) {
			return at("config_name", p.line, p.column, state.Args{"key": "segments", "value": name})
		}
		c, err := condition(value, at)
		if err != nil {
			return err
		}
		f.Followups.Segments = append(f.Followups.Segments, &followup.Segment{Name: name, If: c, Line: p.line, Column: p.column})
		return nil
	})
}

// templates reads the texts to customers: subject and body, each for all languages or one of each.
func (f *File) templates(n ast.Node, at fault) error {
	f.Followups.Templates = map[string]*followup.Template{}
	return f.pairs("templates", n, at, func(name string, value ast.Node) error {
		path := "templates." + name
		t := &followup.Template{Name: name, Subject: map[string]*followup.Text{}, Body: map[string]*followup.Text{}}
		err := f.pairs(path, value, at, func(key string, value ast.Node) error {
			p := f.places[path+"."+key]
			switch key {
			case "subject":
				return f.languages(path+"."+key, value, at, t.Subject)
			case "body":
				return f.languages(path+"."+key, value, at, t.Body)
			}
			return at("config_unknown_key", p.line, p.column, state.Args{"key": key, "near": Nearest(key, []string{"subject", "body"}), "keys": "subject, body"})
		})
		if err == nil && len(t.Body) == 0 {
			p := f.places[path]
			return at("config_template_empty", p.line, p.column, state.Args{"name": name})
		}
		f.Followups.Templates[name] = t
		return err
	})
}

// languages reads a text, or one for each language.
func (f *File) languages(path string, n ast.Node, at fault, into map[string]*followup.Text) error {
	one := func(language string, n ast.Node) error {
		values, ok := texts(n, false)
		if !ok {
			line, column := position(n)
			return at("config_not_text", line, column, state.Args{"key": path})
		}
		t, err := followup.ParseText(strings.Join(values, ""), "order", "message", "promise", "signup")
		if err != nil {
			return wrongCondition(n, err, at)
		}
		into[language] = t
		return nil
	}
	if _, ok := mapping(n); !ok {
		return one("", n)
	}
	return f.pairs(path, n, at, func(language string, value ast.Node) error { return one(strings.ToLower(language), value) })
}

// checkTemplates says whether rules send templates that are there, and that speak of nothing but what
// the rule is about.
func (f *File) checkTemplates(at fault) error {
	for _, r := range f.Followups.Rules {
		if r.Do.Template == "" {
			continue
		}
		t := f.Followups.Templates[r.Do.Template]
		if t == nil {
			names := sorted(f.Followups.Templates)
			return at("config_no_template", r.Line, r.Column, state.Args{"name": r.Do.Template, "rule": r.Name, "near": Nearest(r.Do.Template, names), "names": strings.Join(names, ", ")})
		}
		for _, texts := range []map[string]*followup.Text{t.Subject, t.Body} {
			for _, x := range texts {
				for _, field := range x.Fields {
					object, _, _ := strings.Cut(field, ".")
					known := append([]string{"customer"}, followup.About(r.When)...)
					if !strings.Contains(" "+strings.Join(known, " ")+" ", " "+object+" ") {
						return at("config_template_field", r.Line, r.Column, state.Args{"name": t.Name, "field": field, "rule": r.Name, "known": strings.Join(known, ", ")})
					}
				}
			}
		}
	}
	return nil
}
