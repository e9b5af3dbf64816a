package slacktest

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"
)

// Message is what stands in a conversation.
type Message struct {
	Channel string            `json:"channel"`
	TS      string            `json:"ts"`
	Thread  string            `json:"thread,omitempty"`
	For     string            `json:"for,omitempty"` // only this user sees it
	Text    string            `json:"text"`
	Blocks  []json.RawMessage `json:"blocks,omitempty"`
	// Via is how it came: chat.postMessage, chat.postEphemeral, response_url, ack, or "slack" for an
	// error that Slack itself shows to the user.
	Via     string `json:"via"`
	Edits   int    `json:"edits,omitempty"` // how often it was replaced or updated
	Deleted bool   `json:"deleted,omitempty"`
	By      string `json:"by,omitempty"` // who wrote it, where it was not the app
	// After is the delivery whose response_url it came by.
	After *Delivery `json:"-"`
}

// All is everything that a reader of the message can read: its text, and the texts of its blocks.
func (m Message) All() string {
	out := []string{m.Text}
	for _, b := range m.Blocks {
		var v any
		if json.Unmarshal(b, &v) == nil {
			out = append(out, texts(v)...)
		}
	}
	return strings.Join(out, "\n")
}

// texts gives all that is shown of a block, in the order in which it stands there.
func texts(v any) []string {
	var out []string
	switch v := v.(type) {
	case map[string]any:
		for _, key := range []string{"title", "text", "fields", "accessory", "elements", "label", "element", "hint", "options", "description", "rows"} {
			if x, ok := v[key]; ok {
				if t, ok := x.(string); ok {
					out = append(out, t)
					continue
				}
				out = append(out, texts(x)...)
			}
		}
	case []any:
		for _, x := range v {
			out = append(out, texts(x)...)
		}
	}
	return out
}

// content reads and checks what a message shows.
func content(a args) (text string, blocks []json.RawMessage, err error) {
	text = a.text("text")
	there, ok := a.object("blocks", &blocks)
	if !ok {
		return "", nil, fails("invalid_blocks_format")
	}
	if utf8.RuneCountInString(text) > 40000 {
		return "", nil, fails("msg_too_long")
	}
	if text == "" && (!there || len(blocks) == 0) {
		return "", nil, fails("no_text")
	}
	if err := checkBlocks(blocks, inMessage); err != nil {
		return "", nil, err
	}
	return text, blocks, nil
}

// conversation gives where a message goes.
func (s *Server) conversation(id string) (*Channel, error) {
	if u := s.users[id]; u != nil {
		return s.dm(id), nil
	}
	c := s.channels[id]
	switch {
	case c == nil:
		return nil, fails("channel_not_found")
	case c.Archived:
		return nil, fails("is_archived")
	case !c.Member:
		return nil, fails("not_in_channel")
	}
	return c, nil
}

// add puts a message into its conversation, with the ids that Slack gives its blocks.
func (s *Server) add(m *Message) *Message {
	m.TS = s.ts()
	m.Blocks = s.named(m.Blocks)
	s.messages = append(s.messages, m)
	return m
}

// named gives every block that has no id one.
func (s *Server) named(blocks []json.RawMessage) []json.RawMessage {
	out := make([]json.RawMessage, 0, len(blocks))
	for _, b := range blocks {
		var v map[string]any
		if json.Unmarshal(b, &v) == nil {
			if id, _ := v["block_id"].(string); id == "" {
				v["block_id"] = s.id("b")
			}
			b, _ = json.Marshal(v)
		}
		out = append(out, b)
	}
	return out
}

func (m *Message) payload() map[string]any {
	out := map[string]any{"type": "message", "user": BotUser, "bot_id": BotID, "app_id": AppID, "ts": m.TS, "text": m.Text, "team": Team}
	if m.By != "" {
		out = map[string]any{"type": "message", "user": m.By, "ts": m.TS, "text": m.Text, "team": Team}
	}
	if m.Blocks != nil {
		out["blocks"] = m.Blocks
	}
	if m.Thread != "" {
		out["thread_ts"] = m.Thread
	}
	return out
}

func (s *Server) postMessage(a args) (map[string]any, error) {
	text, blocks, err := content(a)
	if err != nil {
		return nil, err
	}
	c, err := s.conversation(a.text("channel"))
	if err != nil {
		return nil, err
	}
	if !s.take(c.ID) {
		return nil, fails("ratelimited")
	}
	m := s.add(&Message{Channel: c.ID, Thread: a.text("thread_ts"), Text: text, Blocks: blocks, Via: "chat.postMessage"})
	return map[string]any{"channel": c.ID, "ts": m.TS, "message": m.payload()}, nil
}

func (s *Server) postEphemeral(a args) (map[string]any, error) {
	text, blocks, err := content(a)
	if err != nil {
		return nil, err
	}
	c, err := s.conversation(a.text("channel"))
	if err != nil {
		return nil, err
	}
	who := s.users[a.text("user")]
	if who == nil {
		return nil, fails("user_not_in_channel")
	}
	m := s.add(&Message{Channel: c.ID, Thread: a.text("thread_ts"), For: who.ID, Text: text, Blocks: blocks, Via: "chat.postEphemeral"})
	return map[string]any{"message_ts": m.TS}, nil
}

func (s *Server) message(channel, ts string) *Message {
	for _, m := range s.messages {
		if m.Channel == channel && m.TS == ts && !m.Deleted {
			return m
		}
	}
	return nil
}

func (s *Server) update(a args) (map[string]any, error) {
	text, blocks, err := content(a)
	if err != nil {
		return nil, err
	}
	m := s.message(a.text("channel"), a.text("ts"))
	switch {
	case m == nil || m.For != "":
		return nil, fails("message_not_found")
	case m.By != "":
		return nil, fails("cant_update_message")
	}
	m.Text, m.Blocks = text, s.named(blocks)
	m.Edits++
	return map[string]any{"channel": m.Channel, "ts": m.TS, "text": text}, nil
}

func (s *Server) deleteMessage(a args) (map[string]any, error) {
	m := s.message(a.text("channel"), a.text("ts"))
	switch {
	case m == nil || m.For != "":
		return nil, fails("message_not_found")
	case m.By != "":
		return nil, fails("cant_delete_message")
	}
	m.Deleted = true
	return map[string]any{"channel": m.Channel, "ts": m.TS}, nil
}

// Messages gives what a user sees, oldest first: the messages of all channels and their own
// conversation, with those that only they see. "" sees everything.
func (s *Server) Messages(user string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen(user)
}

func (s *Server) seen(user string) []Message {
	var out []Message
	for _, m := range s.messages {
		if m.Deleted || user != "" && !s.sees(user, m) {
			continue
		}
		shown := *m
		shown.Blocks = slices.Clone(m.Blocks)
		out = append(out, shown)
	}
	return out
}

func (s *Server) sees(user string, m *Message) bool {
	if m.For != "" {
		return m.For == user
	}
	c := s.channels[m.Channel]
	return c == nil || c.DM == "" || c.DM == user
}

// Write lets a user write a message into a channel.
func (s *Server) Write(user, channel, thread, text string) Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.add(&Message{Channel: channel, Thread: thread, Text: text, By: user, Via: "user"})
	s.noted()
	return *m
}
