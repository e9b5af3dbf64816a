package slack

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	slackapi "github.com/slack-go/slack"
)

// Slack's limits, as @slack/types 3.2.0 documents them; lengths are in characters. total is what all
// texts of a message may come to: Slack answers msg_blocks_too_long above it although no limit that
// it documents is broken (bolt-js#2509).
const (
	maxMessageBlocks = 50
	maxViewBlocks    = 100
	maxSection       = 3000
	maxFields        = 10
	maxField         = 2000
	maxHeader        = 150
	maxButtons       = 25
	maxContext       = 10
	maxLabel         = 75
	maxValue         = 2000
	maxOptions       = 100
	maxOption        = 75
	maxChecks        = 10
	maxInputLabel    = 2000
	maxPlaceholder   = 150
	maxInput         = 3000
	maxName          = 255
	maxViewTitle     = 24
	maxMetadata      = 3000
	maxViewBytes     = 250_000
	maxTotal         = 13_200
	maxText          = 4000 // of a message beside its blocks; Slack cuts at 40,000
	confirmTitle     = 100
	confirmText      = 300
	confirmButton    = 30
)

// size is how long Slack takes a text for: never more than this.
func size(s string) int {
	n := utf8.RuneCountInString(s)
	for _, r := range s {
		if r > 0xFFFF {
			n++ // two units of UTF-16, as its clients count
		}
	}
	return n
}

// withinLimits says what of a message Slack would refuse, or cut without a word.
func (m message) withinLimits() error {
	v := &validator{}
	if m.text == "" {
		v.say("message", "has no text")
	}
	v.long("message text", m.text, 0, maxText)
	v.blocks(m.blocks, maxMessageBlocks, false)
	if v.total > maxTotal {
		v.say("message", "its texts have %d characters together, at most %d", v.total, maxTotal)
	}
	return errors.Join(v.errs...)
}

// formWithinLimits is the same of a form.
func formWithinLimits(f slackapi.ModalViewRequest) error {
	v := &validator{}
	for name, t := range map[string]*slackapi.TextBlockObject{"title": f.Title, "submit": f.Submit, "close": f.Close} {
		if t != nil {
			v.long("view "+name, t.Text, 1, maxViewTitle)
		}
	}
	if f.Title == nil {
		v.say("view", "has no title")
	}
	v.long("private_metadata", f.PrivateMetadata, 0, maxMetadata)
	v.long("callback_id", f.CallbackID, 0, maxName)
	v.blocks(f.Blocks.BlockSet, maxViewBlocks, true)
	v.bytes(f)
	return errors.Join(v.errs...)
}

// homeWithinLimits is the same of the App Home.
func homeWithinLimits(h slackapi.HomeTabViewRequest) error {
	v := &validator{}
	v.long("private_metadata", h.PrivateMetadata, 0, maxMetadata)
	v.blocks(h.Blocks.BlockSet, maxViewBlocks, false)
	v.bytes(h)
	return errors.Join(v.errs...)
}

type validator struct {
	errs  []error
	total int
	ids   map[string]bool
}

func (v *validator) say(where, format string, args ...any) {
	v.errs = append(v.errs, fmt.Errorf("%s: "+format, append([]any{where}, args...)...))
}

func (v *validator) long(where, s string, least, most int) {
	if n := size(s); n < least || n > most {
		v.say(where, "%d characters, not %d to %d", n, least, most)
	}
	if !utf8.ValidString(s) {
		v.say(where, "not UTF-8")
	}
}

func (v *validator) bytes(view any) {
	b, err := json.Marshal(view)
	if err != nil {
		v.say("view", "%v", err)
	}
	if len(b) > maxViewBytes {
		v.say("view", "%d bytes, at most %d", len(b), maxViewBytes)
	}
}

// blocks looks at blocks as they go over the wire, so that nothing depends on what builds them.
func (v *validator) blocks(blocks []slackapi.Block, most int, inputs bool) {
	if len(blocks) > most {
		v.say("blocks", "%d, at most %d", len(blocks), most)
	}
	wire, err := json.Marshal(blocks)
	if err != nil {
		v.say("blocks", "%v", err)
		return
	}
	var list []map[string]any
	d := json.NewDecoder(bytes.NewReader(wire))
	if err := d.Decode(&list); err != nil {
		v.say("blocks", "%v", err)
		return
	}
	v.ids = map[string]bool{}
	for i, b := range list {
		where := fmt.Sprintf("block %d (%v)", i, b["type"])
		if id, _ := b["block_id"].(string); id != "" {
			v.long(where+" block_id", id, 1, maxName)
			if v.ids[id] {
				v.say(where, "block_id %q twice", id)
			}
			v.ids[id] = true
		}
		v.block(where, b, inputs)
	}
}

func (v *validator) block(where string, b map[string]any, inputs bool) {
	switch b["type"] {
	case "header":
		v.text(where, b["text"], 1, maxHeader, "plain_text")
	case "divider":
	case "section":
		fields := objects(b["fields"])
		if b["text"] == nil && len(fields) == 0 {
			v.say(where, "has neither text nor fields")
		}
		if b["text"] != nil {
			v.text(where, b["text"], 1, maxSection, "")
		}
		if len(fields) > maxFields {
			v.say(where, "%d fields, at most %d", len(fields), maxFields)
		}
		for _, f := range fields {
			v.text(where+" field", f, 1, maxField, "")
		}
		if a, ok := b["accessory"].(map[string]any); ok {
			v.element(where, a)
		}
	case "context":
		list := objects(b["elements"])
		if len(list) == 0 || len(list) > maxContext {
			v.say(where, "%d elements, not 1 to %d", len(list), maxContext)
		}
		for _, e := range list {
			v.text(where, e, 1, maxSection, "")
		}
	case "actions":
		list := objects(b["elements"])
		if len(list) == 0 || len(list) > maxButtons {
			v.say(where, "%d elements, not 1 to %d", len(list), maxButtons)
		}
		seen := map[any]bool{}
		for _, e := range list {
			if seen[e["action_id"]] {
				v.say(where, "action_id %v twice", e["action_id"])
			}
			seen[e["action_id"]] = true
			v.element(where, e)
		}
	case "input":
		if !inputs {
			v.say(where, "stands in forms only")
		}
		v.text(where+" label", b["label"], 1, maxInputLabel, "plain_text")
		if b["hint"] != nil {
			v.text(where+" hint", b["hint"], 1, maxInputLabel, "plain_text")
		}
		e, _ := b["element"].(map[string]any)
		v.element(where, e)
	default:
		v.say(where, "is not shown by all clients")
	}
}

func (v *validator) text(where string, x any, least, most int, only string) {
	t, ok := x.(map[string]any)
	if !ok {
		v.say(where, "has no text")
		return
	}
	s, _ := t["text"].(string)
	v.long(where, s, least, most)
	v.total += size(s)
	switch kind, _ := t["type"].(string); {
	case kind != "plain_text" && kind != "mrkdwn", only != "" && kind != only:
		v.say(where, "text of type %q", kind)
	case kind == "mrkdwn":
		v.escaped(where, s)
	}
}

// escaped looks for what Slack would take for a mention, a link or an entity: only what we write
// ourselves, a user and a channel by their ids, may stand there.
func (v *validator) escaped(where, s string) {
	for i := 0; i < len(s); i++ {
		rest := s[i:]
		switch s[i] {
		case '&':
			if !strings.HasPrefix(rest, "&amp;") && !strings.HasPrefix(rest, "&lt;") && !strings.HasPrefix(rest, "&gt;") {
				v.say(where, "a bare & at %d", i)
			}
		case '<':
			m := ownMention.FindString(rest)
			if m == "" {
				v.say(where, "a bare < at %d", i)
				return
			}
			i += len(m) - 1
		case '>':
			v.say(where, "a bare > at %d", i)
		}
	}
}

func (v *validator) element(where string, e map[string]any) {
	id, _ := e["action_id"].(string)
	v.long(where+" action_id", id, 1, maxName)
	if e["placeholder"] != nil {
		v.text(where+" placeholder", e["placeholder"], 1, maxPlaceholder, "plain_text")
	}
	if c, ok := e["confirm"].(map[string]any); ok {
		v.text(where+" confirm", c["title"], 1, confirmTitle, "plain_text")
		v.text(where+" confirm", c["text"], 1, confirmText, "")
		v.text(where+" confirm", c["confirm"], 1, confirmButton, "plain_text")
		v.text(where+" confirm", c["deny"], 1, confirmButton, "plain_text")
	}
	options := objects(e["options"])
	most := maxOptions
	switch kind, _ := e["type"].(string); kind {
	case "button":
		v.text(where+" button", e["text"], 1, maxLabel, "plain_text")
		value, _ := e["value"].(string)
		v.total += size(value)
		if len(value) > maxValue {
			v.say(where, "a button's value has %d bytes, at most %d", len(value), maxValue)
		}
	case "plain_text_input":
		value, _ := e["initial_value"].(string)
		v.long(where+" initial_value", value, 0, maxInput)
	case "datepicker", "external_select":
	case "static_select", "checkboxes":
		if kind == "checkboxes" {
			most = maxChecks
		}
		if len(options) == 0 {
			v.say(where, "offers nothing")
		}
	default:
		v.say(where, "element %q is not shown by all clients", kind)
	}
	if o, ok := e["initial_option"].(map[string]any); ok {
		options = append(options, o)
		most++
	}
	if len(options) > most {
		v.say(where, "%d options, at most %d", len(options), most)
	}
	for _, o := range options {
		v.option(where, o)
	}
}

func (v *validator) option(where string, o map[string]any) {
	v.text(where+" option", o["text"], 1, maxOption, "plain_text")
	value, _ := o["value"].(string)
	v.long(where+" option value", value, 1, maxOption)
	if o["description"] != nil {
		v.text(where+" option description", o["description"], 1, maxOption, "plain_text")
	}
}

func objects(x any) []map[string]any {
	list, _ := x.([]any)
	var out []map[string]any
	for _, e := range list {
		m, _ := e.(map[string]any)
		out = append(out, m)
	}
	return out
}
