package config

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/followup"
)

// The keys of a rule, of what it does, and of escalate.
var (
	RuleKeys      = []string{"use", "name", "when", "if", "do", "hours", "days", "on", "tags", "missed", "back", "escalate"}
	doKeys        = []string{"followup", "text", "due", "message", "email", "purpose", "via"}
	escalateKeys  = []string{"after", "to"}
	followupKeys  = []string{"default", "per_person", "per_run"}
	promiseStages = []string{followup.StageTomorrow, followup.StageToday, followup.StageLate}
	emailPurposes = []string{"reply", "service", "transactional", "sales", "marketing"}
	missedChoices = []string{followup.CatchUp, followup.Skip}
)

// rules reads the list of rules: names of ready ones, and mappings.
func (f *File) rules(n ast.Node, at fault) error {
	nodes := []ast.Node{n}
	switch list := n.(type) {
	case nil, *ast.NullNode:
		return nil
	case *ast.SequenceNode:
		nodes = list.Values
	}
	first := map[string]int{}
	for i, one := range nodes {
		line, column := position(one)
		r, err := f.rule("rules."+strconv.Itoa(i+1), one, at)
		if err != nil {
			return err
		}
		r.Line, r.Column = line, column
		if first[r.Name] > 0 {
			return at("config_twice", line, column, state.Args{"key": r.Name, "first": strconv.Itoa(first[r.Name])})
		}
		first[r.Name] = line
		f.Followups.Rules = append(f.Followups.Rules, r)
	}
	return nil
}

func (f *File) rule(path string, n ast.Node, at fault) (*followup.Rule, error) {
	line, column := position(n)
	if words, ok := texts(n, false); ok {
		name := strings.Join(words, " ")
		r, known := followup.Ready(name)
		if !known {
			return nil, at("config_rule", line, column, state.Args{"value": name, "near": Nearest(name, followup.Triggers()), "triggers": strings.Join(followup.Triggers(), ", ")})
		}
		return &r, nil
	}
	values := map[string]ast.Node{}
	if err := f.pairs(path, n, at, func(key string, value ast.Node) error {
		if !slices.Contains(RuleKeys, key) {
			p := f.places[path+"."+key]
			return at("config_unknown_key", p.line, p.column, state.Args{"key": key, "near": Nearest(key, RuleKeys), "keys": strings.Join(RuleKeys, ", ")})
		}
		values[key] = value
		return nil
	}); err != nil {
		return nil, err
	}
	trigger := values["when"]
	if trigger == nil {
		trigger = values["use"]
	}
	if trigger == nil {
		return nil, at("config_rule_trigger", line, column, state.Args{"triggers": strings.Join(followup.Triggers(), ", ")})
	}
	name, err := word(trigger, "when", at)
	if err != nil {
		return nil, err
	}
	r, known := followup.Ready(name)
	if !known {
		line, column := position(trigger)
		return nil, at("config_rule", line, column, state.Args{"value": name, "near": Nearest(name, followup.Triggers()), "triggers": strings.Join(followup.Triggers(), ", ")})
	}
	for _, key := range RuleKeys {
		if value := values[key]; value != nil {
			if err := f.ruleKey(path, &r, key, value, at); err != nil {
				return nil, err
			}
		}
	}
	return &r, nil
}

// word reads a plain value that has to be there.
func word(n ast.Node, key string, at fault) (string, error) {
	line, column := position(n)
	values, ok := scalars(n, false)
	v := strings.TrimSpace(strings.Join(values, ""))
	if !ok || v == "" {
		return "", at("config_not_text", line, column, state.Args{"key": key})
	}
	return v, nil
}

func (f *File) ruleKey(path string, r *followup.Rule, key string, n ast.Node, at fault) error {
	line, column := position(n)
	bad := func(code string, args state.Args) error {
		args["key"] = key
		return at(code, line, column, args)
	}
	switch key {
	case "use", "when":
		return nil
	case "do":
		return f.ruleDo(path+".do", r, n, at)
	case "escalate":
		return f.ruleEscalate(path+".escalate", r, n, at)
	case "if":
		c, err := condition(n, at, followup.About(r.When)...)
		r.If = c
		return err
	case "on", "tags":
		values, ok := scalars(n, true)
		if !ok {
			return bad("config_not_list", state.Args{})
		}
		for _, v := range values {
			if key == "on" && !slices.Contains(promiseStages, v) {
				return bad("config_choice", state.Args{"value": v, "near": Nearest(v, promiseStages), "choices": strings.Join(promiseStages, ", ")})
			}
		}
		if key == "on" {
			r.On = values
		} else {
			r.Tags = values
		}
		return nil
	}
	v, err := word(n, key, at)
	if err != nil {
		return err
	}
	switch key {
	case "name":
		if !ConnectionName(v) {
			return bad("config_name", state.Args{"value": v})
		}
		r.Name = v
	case "hours":
		if r.Hours, err = strconv.ParseFloat(strings.TrimSuffix(v, "h"), 64); err != nil || r.Hours < 0 || r.Hours > 1000 {
			return bad("config_number", state.Args{"value": v, "most": "1000"})
		}
	case "days":
		if r.Days, err = strconv.Atoi(strings.TrimSuffix(v, "d")); err != nil || r.Days < 0 || r.Days > 1000 {
			return bad("config_number", state.Args{"value": v, "most": "1000"})
		}
	case "back":
		d, ok := Duration(v)
		if !ok {
			return bad("config_duration", state.Args{"value": v})
		}
		r.Back = d
	case "missed":
		if d, ok := Duration(v); ok {
			r.Missed, r.Within = followup.CatchUp, d
			return nil
		}
		if !slices.Contains(missedChoices, v) {
			return bad("config_choice", state.Args{"value": v, "near": Nearest(v, missedChoices), "choices": strings.Join(missedChoices, ", ")})
		}
		r.Missed = v
	}
	return nil
}

func (f *File) ruleDo(path string, r *followup.Rule, n ast.Node, at fault) error {
	r.Do = followup.Action{Purpose: "service"}
	line, column := position(n)
	err := f.pairs(path, n, at, func(key string, value ast.Node) error {
		if !slices.Contains(doKeys, key) {
			p := f.places[path+"."+key]
			return at("config_unknown_key", p.line, p.column, state.Args{"key": key, "near": Nearest(key, doKeys), "keys": strings.Join(doKeys, ", ")})
		}
		line, column := position(value)
		v, err := word(value, key, at)
		if err != nil {
			return err
		}
		switch key {
		case "followup":
			r.Do.Followup = v
		case "text":
			r.Do.Text = v
		case "message":
			r.Do.Message = v
		case "email":
			r.Do.Template = v
		case "via":
			r.Do.Via = v
		case "purpose":
			if r.Do.Purpose = v; !slices.Contains(emailPurposes, v) {
				return at("config_choice", line, column, state.Args{"key": key, "value": v, "near": Nearest(v, emailPurposes), "choices": strings.Join(emailPurposes, ", ")})
			}
		case "due":
			d, ok := Duration(v)
			if !ok {
				return at("config_duration", line, column, state.Args{"key": key, "value": v})
			}
			if strings.HasSuffix(v, "d") { // a working day has eight hours
				d = d / 3
			}
			r.Do.Due = d
		}
		return nil
	})
	if err == nil && r.Do.Followup == "" && r.Do.Message == "" && r.Do.Template == "" {
		return at("config_rule_action", line, column, state.Args{"rule": r.Name})
	}
	return err
}

func (f *File) ruleEscalate(path string, r *followup.Rule, n ast.Node, at fault) error {
	r.Escalate = &followup.Escalation{After: 8 * time.Hour, To: followup.ForManager}
	return f.pairs(path, n, at, func(key string, value ast.Node) error {
		if !slices.Contains(escalateKeys, key) {
			p := f.places[path+"."+key]
			return at("config_unknown_key", p.line, p.column, state.Args{"key": key, "near": Nearest(key, escalateKeys), "keys": strings.Join(escalateKeys, ", ")})
		}
		v, err := word(value, key, at)
		if err != nil {
			return err
		}
		if key == "to" {
			r.Escalate.To = v
			return nil
		}
		line, column := position(value)
		d, ok := Duration(v)
		if !ok {
			return at("config_duration", line, column, state.Args{"key": key, "value": v})
		}
		r.Escalate.After = d
		return nil
	})
}

// condition reads a condition; what is wrong with it is told at the character that is meant, where
// it stands in one line.
func condition(n ast.Node, at fault, about ...string) (*followup.Condition, error) {
	line, column := position(n)
	values, ok := texts(n, false)
	if !ok {
		return nil, at("config_not_text", line, column, state.Args{"key": "if"})
	}
	c, err := followup.Compile(strings.Join(values, ""), about...)
	if err == nil {
		return c, nil
	}
	return nil, wrongCondition(n, err, at)
}

// wrongCondition tells of an error in an expression or a template where it stands in the file.
func wrongCondition(n ast.Node, err error, at fault) error {
	line, column := position(n)
	bad, ok := err.(*followup.Error)
	if !ok {
		return at("condition_syntax", line, column, state.Args{"at": "1"})
	}
	args := state.Args{"at": strconv.Itoa(bad.At)}
	for k, v := range bad.Args {
		args[k] = v
	}
	switch n := n.(type) {
	case *ast.StringNode:
		column += bad.At - 1
		if n.Token.Type == token.SingleQuoteType || n.Token.Type == token.DoubleQuoteType {
			column++
		}
	case *ast.LiteralNode: // a block begins in the next line
		before := []rune(n.Value.Value)
		before = before[:min(bad.At-1, len(before))]
		line += 1 + strings.Count(string(before), "\n")
		column = 1
	}
	return at(string(bad.Code), line, column, args)
}

// followups reads the bounds of rules.
func (f *File) followups(n ast.Node, at fault) error {
	return f.pairs("followups", n, at, func(key string, value ast.Node) error {
		if !slices.Contains(followupKeys, key) {
			p := f.places["followups."+key]
			return at("config_unknown_key", p.line, p.column, state.Args{"key": "followups." + key, "near": Nearest(key, followupKeys), "keys": strings.Join(followupKeys, ", ")})
		}
		v, err := word(value, key, at)
		if err != nil {
			return err
		}
		if key == "default" {
			f.Followups.Default = v
			return nil
		}
		line, column := position(value)
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > 1_000_000 {
			return at("config_number", line, column, state.Args{"key": key, "value": v, "most": "1000000"})
		}
		if key == "per_person" {
			f.Followups.PerPerson = n
		} else {
			f.Followups.PerRun = n
		}
		return nil
	})
}
