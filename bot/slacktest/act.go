package slacktest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
)

func (s *Server) person(user string) map[string]any {
	u := s.users[user]
	if u == nil {
		u = &User{ID: user, Name: user}
	}
	team := u.Team
	if team == "" {
		team = Team
	}
	return map[string]any{"id": user, "username": lowerName(u.Name), "name": lowerName(u.Name), "team_id": team}
}

func (s *Server) place(channel string) map[string]any {
	c := s.channels[channel]
	if c == nil {
		return map[string]any{"id": channel, "name": "privategroup"}
	}
	name := c.Name
	if c.DM != "" {
		name = "directmessage"
	}
	return map[string]any{"id": c.ID, "name": name}
}

// send delivers and gives the delivery back.
func (s *Server) send(d *Delivery) *Delivery {
	transmit := s.deliver(d)
	s.noted()
	s.mu.Unlock()
	transmit()
	return d
}

// Command types a slash command: "/kept brief jana" in a channel, as Slack sends it with should_escape.
func (s *Server) Command(user, channel, line string) *Delivery {
	s.mu.Lock()
	if strings.HasPrefix(channel, "D") {
		s.dm(user)
	}
	word, text, _ := strings.Cut(line, " ")
	d := &Delivery{Kind: slashCommands, Type: "command", User: user, Channel: channel}
	d.Trigger = s.trigger(user, "")
	who, where := s.person(user), s.place(channel)
	d.payload = map[string]any{
		"token": "legacy", "team_id": Team, "team_domain": "test", "enterprise_id": "", "enterprise_name": "", "is_enterprise_install": "false",
		"channel_id": channel, "channel_name": where["name"], "user_id": user, "user_name": who["name"], "command": word, "text": text,
		"api_app_id": AppID, "trigger_id": d.Trigger, "response_url": s.url(d),
	}
	return s.send(d)
}

func (s *Server) interaction(kind, user string) map[string]any {
	return map[string]any{"type": kind, "team": map[string]any{"id": Team, "domain": "test"}, "user": s.person(user), "api_app_id": AppID, "token": "legacy",
		"enterprise": nil, "is_enterprise_install": false}
}

// Press presses a button of a message that the user sees, or chooses of a menu: what is its action id,
// or the words on it. The message is the newest that has one.
func (s *Server) Press(user, what string) (*Delivery, error) { return s.PressIn(user, "", what) }

// PressIn is [Server.Press] in one message.
func (s *Server) PressIn(user, ts, what string) (*Delivery, error) {
	s.mu.Lock()
	for i := len(s.messages) - 1; i >= 0; i-- {
		m := s.messages[i]
		if m.Deleted || !s.sees(user, m) || ts != "" && m.TS != ts {
			continue
		}
		raw, _ := json.Marshal(m.Blocks)
		e := find(raw, what)
		if e == nil {
			continue
		}
		d := &Delivery{Kind: interactions, Type: "block_actions", User: user, Channel: m.Channel, source: m}
		d.payload = s.interaction("block_actions", user)
		container := map[string]any{"type": "message", "message_ts": m.TS, "channel_id": m.Channel, "is_ephemeral": m.For != ""}
		if m.Thread != "" {
			container["thread_ts"] = m.Thread
		}
		d.payload["container"], d.payload["channel"] = container, s.place(m.Channel)
		if m.For == "" {
			d.payload["message"] = m.payload() // of an ephemeral message Slack sends none
		}
		d.Trigger = s.trigger(user, "")
		d.payload["trigger_id"], d.payload["response_url"] = d.Trigger, s.url(d)
		d.payload["state"] = map[string]any{"values": map[string]any{}}
		d.payload["actions"] = []any{s.action(e)}
		return s.send(d), nil
	}
	s.mu.Unlock()
	return nil, fmt.Errorf("slacktest: %s sees nothing to press called %q", user, what)
}

// PressView presses a button of the form that is open, or with home of the App Home.
func (s *Server) PressView(user, what string, home bool) (*Delivery, error) {
	s.mu.Lock()
	v := s.homes[user]
	if !home {
		v = nil
		if top := s.form(user); top != nil {
			v = s.views[top.ID]
		}
	}
	var e map[string]any
	if v != nil {
		raw, _ := json.Marshal(v.Body["blocks"])
		e = find(raw, what)
	}
	if e == nil {
		s.mu.Unlock()
		return nil, fmt.Errorf("slacktest: %s sees no form with something to press called %q", user, what)
	}
	d := &Delivery{Kind: interactions, Type: "block_actions", User: user}
	d.payload = s.interaction("block_actions", user)
	d.payload["container"] = map[string]any{"type": "view", "view_id": v.ID}
	d.payload["view"] = v.payload()
	d.Trigger = s.trigger(user, v.ID)
	d.payload["trigger_id"] = d.Trigger
	d.payload["actions"] = []any{s.action(e)}
	return s.send(d), nil
}

// pressed is an element with the block that it stands in, and of a menu the choice.
func find(blocks []byte, what string) map[string]any {
	var all []map[string]any
	if json.Unmarshal(blocks, &all) != nil {
		return nil
	}
	for _, b := range all {
		var list []any
		list = append(list, b["accessory"], b["element"])
		if more, ok := b["elements"].([]any); ok {
			list = append(list, more...)
		}
		for _, x := range list {
			e, ok := x.(map[string]any)
			if !ok {
				continue
			}
			e["block_id"] = b["block_id"]
			if id, _ := e["action_id"].(string); id != "" && id == what || word(e["text"]) == what {
				return e
			}
			if options, ok := e["options"].([]any); ok {
				for _, o := range options {
					m, _ := o.(map[string]any)
					if word(m["text"]) == what || m["value"] == what {
						e["selected_option"] = o
						return e
					}
				}
			}
		}
	}
	return nil
}

func word(t any) string {
	m, _ := t.(map[string]any)
	v, _ := m["text"].(string)
	return v
}

func (s *Server) action(e map[string]any) map[string]any {
	out := map[string]any{"type": e["type"], "action_id": e["action_id"], "block_id": e["block_id"], "action_ts": s.ts()}
	if out["action_id"] == nil {
		out["action_id"] = s.id("a")
	}
	for _, key := range []string{"text", "value", "selected_option"} {
		if v, ok := e[key]; ok {
			out[key] = v
		}
	}
	return out
}

// Submit sends the form that is open before a user, with what they put into its fields: by block id
// what is typed or chosen. A field that is not named keeps what stands there.
func (s *Server) Submit(user string, fields map[string]string) (*Delivery, error) {
	s.mu.Lock()
	top := s.form(user)
	if top == nil {
		s.mu.Unlock()
		return nil, fmt.Errorf("slacktest: no form is open before %s", user)
	}
	v := s.views[top.ID]
	values, err := state(v.Body["blocks"], fields)
	if err != nil {
		s.mu.Unlock()
		return nil, err
	}
	v.Refused, v.Trouble = nil, ""
	d := &Delivery{Kind: interactions, Type: "view_submission", User: user, view: v.ID}
	d.payload = s.interaction("view_submission", user)
	d.Trigger = s.trigger(user, v.ID)
	d.payload["trigger_id"] = d.Trigger
	view := v.payload()
	view["state"] = map[string]any{"values": values}
	d.payload["view"] = view
	d.payload["response_urls"] = []any{}
	return s.send(d), nil
}

// CloseForm closes the form that is open before a user, who is not told.
func (s *Server) CloseForm(user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if top := s.form(user); top != nil {
		s.views[top.ID].Closed = true
	}
	s.noted()
}

// state is what stands in the fields of a form.
func state(blocks any, fields map[string]string) (map[string]any, error) {
	raw, _ := json.Marshal(blocks)
	var all []map[string]any
	_ = json.Unmarshal(raw, &all) // it was just written
	out, seen := map[string]any{}, map[string]bool{}
	for _, b := range all {
		if b["type"] != "input" {
			continue
		}
		id, _ := b["block_id"].(string)
		seen[id] = true
		e, _ := b["element"].(map[string]any)
		typed, there := fields[id]
		entry, err := entry(e, typed, there)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", id, err)
		}
		if b["optional"] != true && empty(entry) {
			return nil, fmt.Errorf("slacktest: Slack does not send the form while %s is empty", id)
		}
		action, _ := e["action_id"].(string)
		out[id] = map[string]any{action: entry}
	}
	for id := range fields {
		if !seen[id] {
			return nil, fmt.Errorf("slacktest: the form has no field %q", id)
		}
	}
	return out, nil
}

func empty(entry map[string]any) bool {
	for key, v := range entry {
		if key != "type" && v != nil {
			return false
		}
	}
	return true
}

// entry is what stands in one field.
func entry(e map[string]any, typed string, there bool) (map[string]any, error) {
	kind, _ := e["type"].(string)
	out := map[string]any{"type": kind}
	set := func(key, initial string) {
		switch {
		case !there:
			out[key] = e[initial]
		case typed != "":
			out[key] = typed
		default:
			out[key] = nil
		}
	}
	switch kind {
	case "plain_text_input":
		set("value", "initial_value")
	case "datepicker":
		set("selected_date", "initial_date")
	case "timepicker":
		set("selected_time", "initial_time")
	case "users_select":
		set("selected_user", "initial_user")
	case "external_select":
		out["selected_option"] = e["initial_option"]
		if there {
			out["selected_option"] = map[string]any{"text": map[string]any{"type": "plain_text", "text": typed}, "value": typed}
		}
	case "checkboxes": // typed is the value of the one box that is ticked, "" of none
		ticked := []any{}
		if initial, ok := e["initial_options"].([]any); ok && !there {
			ticked = initial
		}
		options, _ := e["options"].([]any)
		for _, o := range options {
			if m, _ := o.(map[string]any); there && typed != "" && m["value"] == typed {
				ticked = append(ticked, o)
			}
		}
		if there && typed != "" && len(ticked) == 0 {
			return nil, fmt.Errorf("slacktest: there is no box called %q", typed)
		}
		out["selected_options"] = ticked
	case "static_select", "radio_buttons":
		out["selected_option"] = e["initial_option"]
		if there {
			options, _ := e["options"].([]any)
			out["selected_option"] = nil
			for _, o := range options {
				m, _ := o.(map[string]any)
				if m["value"] == typed || word(m["text"]) == typed {
					out["selected_option"] = o
				}
			}
			if out["selected_option"] == nil {
				return nil, fmt.Errorf("slacktest: nothing to choose is called %q", typed)
			}
		}
	default:
		return nil, fmt.Errorf("slacktest: a field of type %q cannot be filled", kind)
	}
	return out, nil
}

// Suggest types into a field of the open form that asks the app what it offers.
func (s *Server) Suggest(user, block, typed string) (*Delivery, error) {
	s.mu.Lock()
	top := s.form(user)
	if top == nil {
		s.mu.Unlock()
		return nil, fmt.Errorf("slacktest: no form is open before %s", user)
	}
	v := s.views[top.ID]
	raw, _ := json.Marshal(v.Body["blocks"])
	var all []map[string]any
	_ = json.Unmarshal(raw, &all) // it was just written
	for _, b := range all {
		e, _ := b["element"].(map[string]any)
		if b["block_id"] != block || e["type"] != "external_select" {
			continue
		}
		d := &Delivery{Kind: interactions, Type: "block_suggestion", User: user}
		d.payload = s.interaction("block_suggestion", user)
		d.payload["container"] = map[string]any{"type": "view", "view_id": v.ID}
		d.payload["view"] = v.payload()
		d.payload["action_id"], d.payload["block_id"], d.payload["value"] = e["action_id"], block, typed
		return s.send(d), nil
	}
	s.mu.Unlock()
	return nil, fmt.Errorf("slacktest: the form has no field %q that asks the app", block)
}

// Shortcut uses a shortcut on a message.
func (s *Server) Shortcut(user, callback, channel, ts string) (*Delivery, error) {
	s.mu.Lock()
	m := s.message(channel, ts)
	if m == nil {
		s.mu.Unlock()
		return nil, fmt.Errorf("slacktest: no message %s in %s", ts, channel)
	}
	d := &Delivery{Kind: interactions, Type: "message_action", User: user, Channel: channel}
	d.payload = s.interaction("message_action", user)
	d.Trigger = s.trigger(user, "")
	d.payload["callback_id"], d.payload["trigger_id"], d.payload["response_url"] = callback, d.Trigger, s.url(d)
	d.payload["channel"], d.payload["message"], d.payload["message_ts"], d.payload["action_ts"] = s.place(channel), m.payload(), m.TS, s.ts()
	return s.send(d), nil
}

// Event tells the app of an event, with the fields of its inner event.
func (s *Server) Event(user string, inner map[string]any) *Delivery {
	s.mu.Lock()
	channel, _ := inner["channel"].(string)
	kind, _ := inner["type"].(string)
	d := &Delivery{Kind: eventsAPI, Type: kind, User: user, Channel: channel}
	c := s.channels[channel]
	d.payload = map[string]any{"token": "legacy", "team_id": Team, "api_app_id": AppID, "type": "event_callback", "event": inner, "event_id": s.id("Ev"),
		"event_time": s.now().Unix(), "event_context": s.id("EC"), "is_ext_shared_channel": c != nil && c.External,
		"authorizations": []any{map[string]any{"enterprise_id": nil, "team_id": Team, "user_id": BotUser, "is_bot": true, "is_enterprise_install": false}}}
	return s.send(d)
}

// Mention writes "@kept ..." into a channel or, with thread, into a thread.
func (s *Server) Mention(user, channel, thread, text string) *Delivery {
	full := "<@" + BotUser + "> " + text
	m := s.Write(user, channel, thread, full)
	inner := map[string]any{"type": "app_mention", "user": user, "text": full, "ts": m.TS, "channel": channel, "event_ts": m.TS, "team": Team}
	if thread != "" {
		inner["thread_ts"] = thread
	}
	return s.Event(user, inner)
}

// OpenHome opens the App Home.
func (s *Server) OpenHome(user string) *Delivery {
	s.mu.Lock()
	s.dm(user)
	inner := map[string]any{"type": "app_home_opened", "user": user, "channel": "D" + user, "tab": "home", "event_ts": s.ts()}
	if v := s.homes[user]; v != nil {
		inner["view"] = v.payload()
	}
	s.mu.Unlock()
	return s.Event(user, inner)
}

// Again delivers the same once more, as Slack does where it is not sure: the same trigger, event id
// and response_url in another envelope.
func (s *Server) Again(d *Delivery) *Delivery {
	s.mu.Lock()
	x := &Delivery{Kind: d.Kind, Type: d.Type, User: d.User, Channel: d.Channel, Trigger: d.Trigger, URL: d.URL, payload: d.payload, view: d.view, source: d.source}
	return s.send(x)
}

// Await waits until a user sees a message that fits, and gives it.
func (s *Server) Await(ctx context.Context, user string, fits func(Message) bool) (Message, error) {
	var found Message
	err := s.wait(ctx, func() bool {
		for _, m := range s.seen(user) {
			if fits(m) {
				found = m
				return true
			}
		}
		return false
	})
	if err != nil {
		return found, fmt.Errorf("slacktest: %s saw no such message: %w; saw %s", user, err, s.summary(user))
	}
	return found, nil
}

// AwaitText waits for a message in which a user can read something.
func (s *Server) AwaitText(ctx context.Context, user, part string) (Message, error) {
	m, err := s.Await(ctx, user, func(m Message) bool { return strings.Contains(m.All(), part) })
	if err != nil {
		err = fmt.Errorf("looking for %q: %w", part, err)
	}
	return m, err
}

// AwaitForm waits until a form is open before a user.
func (s *Server) AwaitForm(ctx context.Context, user string) (View, error) {
	var v *View
	err := s.wait(ctx, func() bool { v = s.form(user); return v != nil })
	if err != nil {
		return View{}, fmt.Errorf("slacktest: no form opened before %s: %w", user, err)
	}
	return *v, nil
}

// AwaitHome waits for an App Home in which a user can read something.
func (s *Server) AwaitHome(ctx context.Context, user, part string) (View, error) {
	var v View
	err := s.wait(ctx, func() bool {
		if s.homes[user] == nil {
			return false
		}
		v = *s.homes[user]
		return strings.Contains(v.All(), part)
	})
	return v, err
}

// AwaitSockets waits until so many sockets are open.
func (s *Server) AwaitSockets(ctx context.Context, n int) error {
	return s.wait(ctx, func() bool { return len(s.sockets) == n })
}

// AwaitCalls waits until a method was called so often.
func (s *Server) AwaitCalls(ctx context.Context, method string, n int) error {
	return s.wait(ctx, func() bool {
		got := 0
		for _, c := range s.calls {
			if c.Method == method {
				got++
			}
		}
		return got >= n
	})
}

func (s *Server) summary(user string) string {
	var out []string
	for _, m := range s.Messages(user) {
		t := m.All()
		if len(t) > 300 {
			t = t[:300]
		}
		out = append(out, fmt.Sprintf("%s %s: %q", m.Via, m.Channel, t))
	}
	return strings.Join(out, "; ")
}
