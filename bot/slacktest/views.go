package slacktest

import (
	"encoding/json"
	"fmt"
	"time"
)

const maxView = 250 << 10

// View is a form, or somebody's App Home.
type View struct {
	ID      string
	User    string
	Kind    string // modal, home
	Hash    string
	Body    map[string]any    // as it was sent
	Root    string            // the id of the first of a stack
	Under   string            // the one below it in the stack; "" is none
	Closed  bool              // by an answer or by the user
	Refused map[string]string // what the last submission was answered, by block id
	Trouble string            // operation_timeout, where the last submission was not answered in time
	Edits   int
}

// trigger opens one form.
type trigger struct {
	user string
	used bool
	ends int64 // in nanoseconds
	view string
}

// trigger makes a new one. The caller has the lock.
func (s *Server) trigger(user, view string) string {
	id := fmt.Sprintf("%d.%d.%s", s.next(), 738474920, s.id("trigger"))
	s.triggers[id] = &trigger{user: user, ends: s.now().Add(time.Duration(s.o.Slow) * TriggerLife).UnixNano(), view: view}
	return id
}

func (s *Server) useTrigger(id string) (*trigger, error) {
	t := s.triggers[id]
	switch {
	case id == "":
		return nil, fails("invalid_arguments", "[ERROR] missing required field: trigger_id")
	case t == nil:
		return nil, fails("invalid_trigger_id")
	case t.used:
		return nil, fails("exchanged_trigger_id")
	case s.now().UnixNano() > t.ends:
		return nil, fails("expired_trigger_id")
	}
	return t, nil
}

// readView reads and checks a form or a home.
func (s *Server) readView(a args, kinds ...string) (map[string]any, error) {
	var v map[string]any
	there, ok := a.object("view", &v)
	if !there || !ok {
		return nil, fails("invalid_arguments", "[ERROR] missing required field: view")
	}
	return v, s.checkView(v, kinds...)
}

func (s *Server) checkView(v map[string]any, kinds ...string) error {
	kind, _ := v["type"].(string)
	good := false
	for _, k := range kinds {
		good = good || k == kind
	}
	if !good {
		return fails("invalid_arguments", "[ERROR] unsupported type: "+kind+" [json-pointer:/view/type]")
	}
	b, _ := json.Marshal(v)
	if len(b) > maxView {
		return fails("view_too_large")
	}
	l := &lint{where: kind, ids: map[string]bool{}}
	for _, key := range []string{"callback_id", "external_id"} {
		x, _ := v[key].(string)
		l.size("/view/"+key, x, 0, 255)
	}
	meta, _ := v["private_metadata"].(string)
	l.size("/view/private_metadata", meta, 0, 3000)
	raw, _ := json.Marshal(v["blocks"])
	var blocks []json.RawMessage
	if json.Unmarshal(raw, &blocks) != nil || blocks == nil {
		return fails("invalid_arguments", "[ERROR] missing required field: blocks [json-pointer:/view/blocks]")
	}
	inputs := 0
	for _, b := range blocks {
		var x map[string]any
		if json.Unmarshal(b, &x) == nil && x["type"] == "input" {
			inputs++
		}
	}
	if kind == inModal {
		l.text("/view/title", v["title"], 1, 24, "plain_text")
		for _, key := range []string{"submit", "close"} {
			if t, ok := v[key]; ok {
				l.text("/view/"+key, t, 1, 24, "plain_text")
			}
		}
		if _, ok := v["submit"]; !ok && inputs > 0 {
			l.wrong("/view", "missing required field: submit")
		}
	} else if _, ok := v["title"]; ok {
		l.wrong("/view", "no more properties are allowed: title")
	}
	if len(l.problems) > 0 {
		return fails("invalid_arguments", l.problems...)
	}
	return checkBlocks(blocks, kind)
}

func (s *Server) external(v map[string]any, but string) error {
	id, _ := v["external_id"].(string)
	if id == "" {
		return nil
	}
	for _, x := range s.views {
		if other, _ := x.Body["external_id"].(string); other == id && !x.Closed && x.ID != but {
			return fails("duplicate_external_id")
		}
	}
	return nil
}

// show makes a view. The caller has the lock.
func (s *Server) show(user string, body map[string]any) *View {
	v := &View{ID: s.id("V"), User: user, Kind: body["type"].(string)}
	v.Root = v.ID
	s.put(v, body)
	v.Edits = 0
	s.views[v.ID] = v
	return v
}

// put gives a view its content, with the ids that Slack gives its blocks.
func (s *Server) put(v *View, body map[string]any) {
	raw, _ := json.Marshal(body["blocks"])
	var blocks []json.RawMessage
	_ = json.Unmarshal(raw, &blocks) // it was checked
	body["blocks"] = s.named(blocks)
	v.Body = body
	v.Hash = s.id("hash")
	v.Edits++
}

func (v *View) payload() map[string]any {
	out := map[string]any{
		"id": v.ID, "team_id": Team, "type": v.Kind, "hash": v.Hash, "root_view_id": v.Root, "previous_view_id": nil, "app_id": AppID, "bot_id": BotID,
		"private_metadata": "", "callback_id": "", "external_id": "", "state": map[string]any{"values": map[string]any{}},
	}
	for k, x := range v.Body {
		out[k] = x
	}
	if v.Under != "" {
		out["previous_view_id"] = v.Under
	}
	return out
}

func (s *Server) viewsOpen(a args) (map[string]any, error) {
	body, err := s.readView(a, inModal)
	if err != nil {
		return nil, err
	}
	t, err := s.useTrigger(a.text("trigger_id"))
	if err != nil {
		return nil, err
	}
	if err := s.external(body, ""); err != nil {
		return nil, err
	}
	t.used = true
	return map[string]any{"view": s.show(t.user, body).payload()}, nil
}

func (s *Server) viewsPush(a args) (map[string]any, error) {
	body, err := s.readView(a, inModal)
	if err != nil {
		return nil, err
	}
	t, err := s.useTrigger(a.text("trigger_id"))
	if err != nil {
		return nil, err
	}
	under := s.views[t.view]
	if under == nil || under.Closed {
		return nil, fails("not_found")
	}
	depth := 1
	for v := under; v.Under != ""; v = s.views[v.Under] {
		depth++
	}
	if depth >= 3 {
		return nil, fails("push_limit_reached")
	}
	t.used = true
	v := s.show(t.user, body)
	v.Root, v.Under = under.Root, under.ID
	return map[string]any{"view": v.payload()}, nil
}

func (s *Server) viewsUpdate(a args) (map[string]any, error) {
	body, err := s.readView(a, inModal, inHome)
	if err != nil {
		return nil, err
	}
	v := s.views[a.text("view_id")]
	if id := a.text("external_id"); v == nil && id != "" {
		for _, x := range s.views {
			if other, _ := x.Body["external_id"].(string); other == id && !x.Closed {
				v = x
			}
		}
	}
	switch hash := a.text("hash"); {
	case v == nil || v.Closed:
		return nil, fails("not_found")
	case hash != "" && hash != v.Hash:
		return nil, fails("hash_conflict")
	}
	if err := s.external(body, v.ID); err != nil {
		return nil, err
	}
	s.put(v, body)
	return map[string]any{"view": v.payload()}, nil
}

func (s *Server) viewsPublish(a args) (map[string]any, error) {
	body, err := s.readView(a, inHome)
	if err != nil {
		return nil, err
	}
	user := a.text("user_id")
	if s.users[user] == nil {
		return nil, fails("user_not_found")
	}
	v := s.homes[user]
	if hash := a.text("hash"); v != nil && hash != "" && hash != v.Hash {
		return nil, fails("hash_conflict")
	}
	if v == nil {
		v = s.show(user, body)
		s.homes[user] = v
	} else {
		s.put(v, body)
	}
	return map[string]any{"view": v.payload()}, nil
}

// All is everything that a reader of the view can read.
func (v View) All() string {
	out := ""
	for _, key := range []string{"title", "blocks", "submit", "close"} {
		raw, _ := json.Marshal(v.Body[key])
		var x any
		_ = json.Unmarshal(raw, &x) // it was just written
		for _, t := range texts(x) {
			out += t + "\n"
		}
	}
	return out
}

// Form gives the form that is open before a user; nil where there is none.
func (s *Server) Form(user string) *View {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.form(user)
}

func (s *Server) form(user string) *View {
	var top *View
	for _, v := range s.views {
		if v.User == user && v.Kind == inModal && !v.Closed && (top == nil || later(v.ID, top.ID)) {
			top = v
		}
	}
	if top == nil {
		return nil
	}
	shown := *top
	return &shown
}

func later(a, b string) bool { return len(a) > len(b) || len(a) == len(b) && a > b }

// Home gives somebody's App Home; nil where it was never published.
func (s *Server) Home(user string) *View {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.homes[user] == nil {
		return nil
	}
	shown := *s.homes[user]
	return &shown
}
