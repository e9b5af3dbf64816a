package slacktest

import (
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"
)

// Where blocks stand decides which there may be and how many.
const (
	inMessage = "message"
	inModal   = "modal"
	inHome    = "home"
)

// maxTotal is how much text a message's blocks may have together: beyond it Slack answers
// msg_blocks_too_long although every other limit holds.
const maxTotal = 13200

// lint gathers what is wrong with blocks, as Slack says it in response_metadata.
type lint struct {
	where    string
	problems []string
	total    int
	ids      map[string]bool
}

// checkBlocks applies Slack's limits.
func checkBlocks(blocks []json.RawMessage, where string) error {
	l := &lint{where: where, ids: map[string]bool{}}
	limit := 50
	if where != inMessage {
		limit = 100
	}
	if len(blocks) > limit {
		l.wrong("/blocks", "no more than %d items allowed", limit)
	}
	for i, b := range blocks {
		at := fmt.Sprintf("/blocks/%d", i)
		var v map[string]any
		if json.Unmarshal(b, &v) != nil || v == nil {
			l.wrong(at, "must be an object")
			continue
		}
		l.block(at, v)
	}
	if len(l.problems) > 0 {
		name := "invalid_blocks"
		if where != inMessage {
			name = "invalid_arguments"
		}
		return fails(name, l.problems...)
	}
	if where == inMessage && l.total > maxTotal {
		return fails("msg_blocks_too_long")
	}
	return nil
}

func (l *lint) wrong(at, format string, args ...any) {
	l.problems = append(l.problems, "[ERROR] "+fmt.Sprintf(format, args...)+" [json-pointer:"+at+"]")
}

// fieldsOf are the keys that each block and element may have, beside type.
var fieldsOf = map[string][]string{
	"section":          {"block_id", "text", "fields", "accessory", "expand"},
	"header":           {"block_id", "text", "level"},
	"divider":          {"block_id"},
	"context":          {"block_id", "elements"},
	"actions":          {"block_id", "elements"},
	"image":            {"block_id", "image_url", "slack_file", "alt_text", "title"},
	"input":            {"block_id", "label", "element", "hint", "optional", "dispatch_action"},
	"markdown":         {"block_id", "text"},
	"table":            {"block_id", "rows", "column_settings"},
	"rich_text":        {"block_id", "elements"},
	"context_actions":  {"block_id", "elements"},
	"button":           {"action_id", "text", "value", "url", "style", "confirm", "accessibility_label"},
	"overflow":         {"action_id", "options", "confirm"},
	"static_select":    {"action_id", "placeholder", "options", "option_groups", "initial_option", "confirm", "focus_on_load"},
	"external_select":  {"action_id", "placeholder", "initial_option", "min_query_length", "confirm", "focus_on_load"},
	"users_select":     {"action_id", "placeholder", "initial_user", "confirm", "focus_on_load"},
	"datepicker":       {"action_id", "placeholder", "initial_date", "confirm", "focus_on_load"},
	"timepicker":       {"action_id", "placeholder", "initial_time", "confirm", "focus_on_load", "timezone"},
	"plain_text_input": {"action_id", "placeholder", "initial_value", "multiline", "min_length", "max_length", "dispatch_action_config", "focus_on_load"},
	"radio_buttons":    {"action_id", "options", "initial_option", "confirm", "focus_on_load"},
	"checkboxes":       {"action_id", "options", "initial_options", "confirm", "focus_on_load"},
}

var (
	interactive = []string{"button", "overflow", "static_select", "external_select", "users_select", "datepicker", "timepicker", "radio_buttons", "checkboxes"}
	typed       = []string{"plain_text_input", "static_select", "external_select", "users_select", "datepicker", "timepicker", "radio_buttons", "checkboxes"}
)

func (l *lint) keys(at, kind string, v map[string]any) {
	for key := range v {
		if key != "type" && !slices.Contains(fieldsOf[kind], key) {
			l.wrong(at, "no more properties are allowed: %s", key)
		}
	}
}

func (l *lint) block(at string, v map[string]any) {
	kind, _ := v["type"].(string)
	if id, there := v["block_id"].(string); there {
		l.size(at+"/block_id", id, 0, 255)
		if id != "" && l.ids[id] {
			l.wrong(at+"/block_id", "block_id %q is used twice", id)
		}
		l.ids[id] = true
	}
	known := map[string]func(string, map[string]any){
		"section": l.section, "header": l.header, "divider": func(string, map[string]any) {}, "context": l.context, "actions": l.actions,
		"image": l.image, "input": l.input, "markdown": l.markdown, "table": l.table, "rich_text": l.rich, "context_actions": l.contextActions,
	}
	do := known[kind]
	if do == nil || fieldsOf[kind] == nil {
		l.wrong(at+"/type", "unsupported type: %s", kind)
		return
	}
	l.keys(at, kind, v)
	do(at, v)
}

func (l *lint) section(at string, v map[string]any) {
	fields, more := v["fields"].([]any)
	if _, ok := v["text"]; !ok && !more {
		l.wrong(at, "missing required field: text or fields")
	}
	if t, ok := v["text"]; ok {
		l.text(at+"/text", t, 1, 3000, "mrkdwn", "plain_text")
	}
	if more {
		l.count(at+"/fields", len(fields), 1, 10)
	}
	for i, f := range fields {
		l.text(fmt.Sprintf("%s/fields/%d", at, i), f, 1, 2000, "mrkdwn", "plain_text")
	}
	if a, ok := v["accessory"]; ok {
		l.element(at+"/accessory", a, append([]string{"image"}, interactive...))
	}
}

func (l *lint) header(at string, v map[string]any) {
	l.text(at+"/text", v["text"], 1, 150, "plain_text")
}

func (l *lint) context(at string, v map[string]any) {
	all, _ := v["elements"].([]any)
	l.count(at+"/elements", len(all), 1, 10)
	for i, e := range all {
		where := fmt.Sprintf("%s/elements/%d", at, i)
		if m, _ := e.(map[string]any); m["type"] == "image" {
			l.image(where, m)
			continue
		}
		l.text(where, e, 1, 3000, "mrkdwn", "plain_text")
	}
}

func (l *lint) actions(at string, v map[string]any) {
	all, _ := v["elements"].([]any)
	l.count(at+"/elements", len(all), 1, 25)
	ids := map[string]bool{}
	for i, e := range all {
		where := fmt.Sprintf("%s/elements/%d", at, i)
		l.element(where, e, interactive)
		m, _ := e.(map[string]any)
		if id, _ := m["action_id"].(string); id != "" {
			if ids[id] {
				l.wrong(where+"/action_id", "action_id %q already exists", id)
			}
			ids[id] = true
		}
	}
}

func (l *lint) contextActions(at string, v map[string]any) {
	all, _ := v["elements"].([]any)
	l.count(at+"/elements", len(all), 1, 5)
}

func (l *lint) image(at string, v map[string]any) {
	url, _ := v["image_url"].(string)
	if _, file := v["slack_file"]; !file {
		l.size(at+"/image_url", url, 1, 3000)
	}
	alt, _ := v["alt_text"].(string)
	l.size(at+"/alt_text", alt, 1, 2000)
	if t, ok := v["title"]; ok {
		l.text(at+"/title", t, 1, 2000, "plain_text")
	}
}

func (l *lint) input(at string, v map[string]any) {
	l.text(at+"/label", v["label"], 1, 2000, "plain_text")
	if h, ok := v["hint"]; ok {
		l.text(at+"/hint", h, 1, 2000, "plain_text")
	}
	l.element(at+"/element", v["element"], typed)
}

func (l *lint) markdown(at string, v map[string]any) {
	t, _ := v["text"].(string)
	l.size(at+"/text", t, 1, 12000)
	l.total += utf8.RuneCountInString(t)
}

func (l *lint) table(at string, v map[string]any) {
	rows, _ := v["rows"].([]any)
	l.count(at+"/rows", len(rows), 1, 100)
	for i, r := range rows {
		cells, _ := r.([]any)
		l.count(fmt.Sprintf("%s/rows/%d", at, i), len(cells), 1, 20)
		for _, t := range texts(cells) {
			l.total += utf8.RuneCountInString(t)
		}
	}
}

func (l *lint) rich(at string, v map[string]any) {
	all, _ := v["elements"].([]any)
	l.count(at+"/elements", len(all), 1, 1000)
	for _, t := range texts(all) {
		l.total += utf8.RuneCountInString(t)
	}
}

// element checks what people press, choose or type into.
func (l *lint) element(at string, e any, allowed []string) {
	v, _ := e.(map[string]any)
	kind, _ := v["type"].(string)
	if !slices.Contains(allowed, kind) {
		l.wrong(at+"/type", "unsupported type: %s", kind)
		return
	}
	if kind == "image" {
		l.image(at, v)
		return
	}
	l.keys(at, kind, v)
	if id, there := v["action_id"].(string); there {
		l.size(at+"/action_id", id, 1, 255)
	}
	switch kind {
	case "button":
		l.text(at+"/text", v["text"], 1, 75, "plain_text")
		if value, ok := v["value"].(string); ok {
			l.size(at+"/value", value, 1, 2000)
		}
		if style, ok := v["style"].(string); ok && style != "primary" && style != "danger" {
			l.wrong(at+"/style", "must be a valid enum value: %s", style)
		}
		if url, ok := v["url"].(string); ok {
			l.size(at+"/url", url, 1, 3000)
		}
	case "overflow":
		l.options(at, v, 1, 5, 75)
	case "radio_buttons", "checkboxes":
		l.options(at, v, 1, 10, 150)
	case "static_select":
		if groups, ok := v["option_groups"].([]any); ok {
			l.count(at+"/option_groups", len(groups), 1, 100)
			for i, g := range groups {
				m, _ := g.(map[string]any)
				where := fmt.Sprintf("%s/option_groups/%d", at, i)
				l.text(where+"/label", m["label"], 1, 75, "plain_text")
				l.options(where, m, 1, 100, 75)
			}
			break
		}
		l.options(at, v, 1, 100, 75)
	case "plain_text_input":
		if x, ok := v["initial_value"].(string); ok {
			l.size(at+"/initial_value", x, 0, 3000)
		}
		if n, ok := v["max_length"].(float64); ok && (n < 1 || n > 3000) {
			l.wrong(at+"/max_length", "must be between 1 and 3000")
		}
	case "datepicker":
		if x, ok := v["initial_date"].(string); ok && !isDate(x) {
			l.wrong(at+"/initial_date", "must be a date as YYYY-MM-DD")
		}
	}
	if p, ok := v["placeholder"]; ok {
		l.text(at+"/placeholder", p, 1, 150, "plain_text")
	}
	if c, ok := v["confirm"].(map[string]any); ok {
		l.text(at+"/confirm/title", c["title"], 1, 100, "plain_text")
		l.text(at+"/confirm/text", c["text"], 1, 300, "plain_text", "mrkdwn")
		l.text(at+"/confirm/confirm", c["confirm"], 1, 30, "plain_text")
		l.text(at+"/confirm/deny", c["deny"], 1, 30, "plain_text")
	}
}

func isDate(v string) bool {
	var y, m, d int
	n, err := fmt.Sscanf(v, "%04d-%02d-%02d", &y, &m, &d)
	return err == nil && n == 3 && len(v) == 10 && m >= 1 && m <= 12 && d >= 1 && d <= 31
}

func (l *lint) options(at string, v map[string]any, low, high, value int) {
	all, _ := v["options"].([]any)
	l.count(at+"/options", len(all), low, high)
	for i, o := range all {
		l.option(fmt.Sprintf("%s/options/%d", at, i), o, value)
	}
	if first, ok := v["initial_option"]; ok {
		l.option(at+"/initial_option", first, value)
		if !slices.ContainsFunc(all, func(o any) bool { return same(o, first) }) && len(all) > 0 {
			l.wrong(at+"/initial_option", "must match one of the options")
		}
	}
}

func same(a, b any) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}

func (l *lint) option(at string, o any, value int) {
	v, _ := o.(map[string]any)
	l.text(at+"/text", v["text"], 1, 75, "plain_text", "mrkdwn")
	x, _ := v["value"].(string)
	l.size(at+"/value", x, 1, value)
	if d, ok := v["description"]; ok {
		l.text(at+"/description", d, 1, 75, "plain_text", "mrkdwn")
	}
}

// text checks a text object. The limits are in characters.
func (l *lint) text(at string, t any, low, high int, kinds ...string) {
	v, ok := t.(map[string]any)
	if !ok {
		l.wrong(at, "missing required field: text")
		return
	}
	kind, _ := v["type"].(string)
	if !slices.Contains(kinds, kind) {
		l.wrong(at+"/type", "must be a valid enum value: %s", kind)
	}
	for key := range v {
		if !slices.Contains([]string{"type", "text", "emoji", "verbatim"}, key) || key == "emoji" && kind != "plain_text" || key == "verbatim" && kind != "mrkdwn" {
			l.wrong(at, "no more properties are allowed: %s", key)
		}
	}
	x, _ := v["text"].(string)
	l.size(at+"/text", x, low, high)
	l.total += utf8.RuneCountInString(x)
}

func (l *lint) size(at, v string, low, high int) {
	n := utf8.RuneCountInString(v)
	if n > high {
		l.wrong(at, "must be less than %d characters", high+1)
	}
	if n < low {
		l.wrong(at, "must be more than %d characters", low-1)
	}
}

func (l *lint) count(at string, n, low, high int) {
	if n > high {
		l.wrong(at, "no more than %d items allowed", high)
	}
	if n < low {
		l.wrong(at, "no fewer than %d items allowed", low)
	}
}
