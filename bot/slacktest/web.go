package slacktest

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// args are the arguments of a call, the same from a form and from JSON.
type args map[string]any

func (a args) text(key string) string {
	switch v := a[key].(type) {
	case string:
		return v
	case bool:
		if v {
			return "true"
		}
	}
	return ""
}

// object reads an argument that is JSON, whether it came as text or not. ok is false where it is none.
func (a args) object(key string, to any) (there, ok bool) {
	v, there := a[key]
	if !there || v == nil || v == "" {
		return false, true
	}
	b := []byte(nil)
	if t, text := v.(string); text {
		b = []byte(t)
	} else {
		b, _ = json.Marshal(v) // it was JSON
	}
	return true, json.Unmarshal(b, to) == nil
}

// failure is an error of the Web API.
type failure struct {
	name     string
	messages []string
	more     map[string]any
}

func (f *failure) Error() string { return f.name }

func fails(name string, messages ...string) *failure { return &failure{name: name, messages: messages} }

// method is one of the Web API.
type method struct {
	scope string // that it needs; "" none
	app   bool   // needs the app's token
	do    func(s *Server, a args) (map[string]any, error)
}

var methods map[string]method

func init() {
	methods = map[string]method{
		"auth.test":             {do: (*Server).authTest},
		"apps.connections.open": {scope: "connections:write", app: true, do: (*Server).connectionsOpen},
		"chat.postMessage":      {scope: "chat:write", do: (*Server).postMessage},
		"chat.postEphemeral":    {scope: "chat:write", do: (*Server).postEphemeral},
		"chat.update":           {scope: "chat:write", do: (*Server).update},
		"chat.delete":           {scope: "chat:write", do: (*Server).deleteMessage},
		"views.open":            {do: (*Server).viewsOpen},
		"views.push":            {do: (*Server).viewsPush},
		"views.update":          {do: (*Server).viewsUpdate},
		"views.publish":         {do: (*Server).viewsPublish},
		"conversations.open":    {scope: "im:write", do: (*Server).conversationsOpen},
		"conversations.info":    {do: (*Server).conversationsInfo},
		"conversations.members": {do: (*Server).conversationsMembers},
		"users.list":            {scope: "users:read", do: (*Server).usersList},
		"users.info":            {scope: "users:read", do: (*Server).usersInfo},
		"users.lookupByEmail":   {scope: "users:read.email", do: (*Server).usersLookup},
		"bots.info":             {scope: "users:read", do: (*Server).botsInfo},
		"apps.manifest.export":  {scope: "app_configurations:read", do: (*Server).manifestExport},
	}
}

const maxBody = 4 << 20

// read gives the arguments and the token of a call.
func read(r *http.Request) (args, string, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil || len(body) > maxBody {
		return nil, "", fails("request_timeout")
	}
	a := args{}
	for k, v := range r.URL.Query() {
		a[k] = v[0]
	}
	bearer := strings.TrimSpace(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer"))
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case len(body) == 0:
	case kind == "application/json":
		if !utf8.Valid(body) || json.Unmarshal(body, &a) != nil {
			return nil, "", fails("invalid_json")
		}
		if a == nil { // the body was null
			a = args{}
		}
		delete(a, "token") // with JSON the token is in the header
	case kind == "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, "", fails("invalid_form_data")
		}
		for k, v := range form {
			a[k] = v[0]
		}
		if bearer == "" {
			bearer = form.Get("token")
		}
		delete(a, "token")
	default:
		return nil, "", fails("invalid_post_type")
	}
	return a, bearer, nil
}

// api answers a call of the Web API.
func (s *Server) api(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("method")
	a, bearer, err := read(r)
	s.mu.Lock()
	fault := s.fault(name)
	var out map[string]any
	if fault == nil || fault.Lost {
		if err == nil {
			out, err = s.call(name, a, bearer)
		}
	}
	call := Call{Method: name, At: s.now(), Args: a}
	if err != nil {
		call.Error = err.Error()
	}
	if fault != nil && !fault.Lost {
		call.Error = "fault"
	}
	s.calls = append(s.calls, call)
	scopes := ""
	if t := s.tokens[bearer]; t != nil {
		scopes = strings.Join(t.scopes, ",")
	}
	s.noted()
	s.mu.Unlock()
	if scopes != "" {
		w.Header().Set("X-OAuth-Scopes", scopes)
	}
	if fault != nil {
		fault.answer(w)
		return
	}
	answer(w, out, err)
}

// answer writes what a call gave.
func answer(w http.ResponseWriter, out map[string]any, err error) {
	if out == nil {
		out = map[string]any{}
	}
	out["ok"] = err == nil
	status := http.StatusOK
	var f *failure
	if errors.As(err, &f) {
		out["error"] = f.name
		if len(f.messages) > 0 {
			out["response_metadata"] = map[string]any{"messages": f.messages}
		}
		for k, v := range f.more {
			out[k] = v
		}
		if f.name == "ratelimited" {
			w.Header().Set("Retry-After", "1")
			status = http.StatusTooManyRequests
		}
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(out) // who asked is gone otherwise
}

func (f *Fault) answer(w http.ResponseWriter) {
	if f.Lost || f.Early {
		panic(http.ErrAbortHandler) // breaks the connection
	}
	if f.RetryAfter != "" {
		w.Header().Set("Retry-After", f.RetryAfter)
	}
	status := f.Status
	if status == 0 {
		status = http.StatusOK
	}
	if f.Body != "" || f.Error == "" {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, f.Body)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"ok": false, "error": f.Error})
}

// call does a call. The caller has the lock.
func (s *Server) call(name string, a args, bearer string) (map[string]any, error) {
	m, ok := methods[name]
	if !ok {
		return nil, fails("unknown_method")
	}
	t := s.tokens[bearer]
	switch {
	case bearer == "":
		return nil, fails("not_authed")
	case t == nil:
		return nil, fails("invalid_auth")
	case t.wrong != "":
		return nil, fails(t.wrong)
	case t.app != m.app && name != "auth.test":
		return nil, fails("not_allowed_token_type")
	}
	if err := need(t, m.scope); err != nil {
		return nil, err
	}
	a[ownScopes] = t.scopes
	defer delete(a, ownScopes)
	return m.do(s, a)
}

func need(t *token, scope string) error { return needs(t.scopes, scope) }

func needs(scopes []string, scope string) error {
	if scope == "" || slices.Contains(scopes, scope) {
		return nil
	}
	return &failure{name: "missing_scope", more: map[string]any{"needed": scope, "provided": strings.Join(scopes, ",")}}
}

// ownScopes is where a call finds the scopes of its token.
const ownScopes = "\x00scopes"

func (a args) scopes() []string { v, _ := a[ownScopes].([]string); return v }

func (s *Server) authTest(args) (map[string]any, error) {
	return map[string]any{"url": "https://test.slack.com/", "team": "Test", "user": "kept", "team_id": Team, "user_id": BotUser, "bot_id": BotID, "is_enterprise_install": false}, nil
}

func (s *Server) connectionsOpen(args) (map[string]any, error) {
	if len(s.sockets) >= MaxConnections {
		return nil, fails("too_many_websockets")
	}
	ticket := s.id("ticket")
	s.tickets[ticket] = true
	return map[string]any{"url": "ws" + strings.TrimPrefix(s.base, "http") + "/link/?ticket=" + ticket + "&app_id=" + AppID}, nil
}

func (s *Server) conversationsOpen(a args) (map[string]any, error) {
	who := a.text("users")
	if who == "" {
		return nil, fails("users_list_not_supplied")
	}
	u := s.users[who]
	switch {
	case u == nil:
		return nil, fails("user_not_found")
	case u.Deleted || u.Unopened:
		return nil, fails("user_disabled")
	case u.Bot:
		return nil, fails("cannot_dm_bot")
	}
	return map[string]any{"channel": map[string]any{"id": s.dm(who).ID}}, nil
}

// dm is the conversation between somebody and the bot.
func (s *Server) dm(user string) *Channel {
	id := "D" + user
	if s.channels[id] == nil {
		s.channels[id] = &Channel{ID: id, DM: user, Member: true}
	}
	return s.channels[id]
}

// known gives a conversation that the app may look at.
func (s *Server) known(a args) (*Channel, error) {
	c := s.channels[a.text("channel")]
	if c == nil {
		return nil, fails("channel_not_found")
	}
	scope := "channels:read"
	switch {
	case c.DM != "":
		scope = "im:read"
	case c.Private:
		scope = "groups:read"
	}
	if err := needs(a.scopes(), scope); err != nil {
		return nil, err
	}
	if c.Private && !c.Member {
		return nil, fails("channel_not_found")
	}
	return c, nil
}

// members are who is in a conversation, in the order of their ids.
func (s *Server) members(c *Channel) []string {
	out := slices.Clone(c.Members)
	if c.Members == nil {
		for id, u := range s.users {
			if c.DM == id || c.DM == "" && id != BotUser && !u.Guest && !u.Single && !u.Deleted && (u.Team == "" || u.Team == Team) {
				out = append(out, id)
			}
		}
	}
	if c.Member {
		out = append(out, BotUser)
	}
	slices.Sort(out)
	return out
}

// pageOf is a page of a list: limit of them behind cursor, and where the next begins, "" behind the last.
func pageOf(all []string, a args) (page []string, next string, err error) {
	limit, from := 100, 0
	if l := a.text("limit"); l != "" {
		n, err := strconv.Atoi(l)
		if err != nil || n < 1 || n > 1000 {
			return nil, "", fails("invalid_limit")
		}
		limit = n
	}
	if c := a.text("cursor"); c != "" {
		if from = slices.Index(all, strings.TrimPrefix(c, "cursor-")); from < 0 {
			return nil, "", fails("invalid_cursor")
		}
	}
	to := min(len(all), from+limit)
	if to < len(all) {
		next = "cursor-" + all[to]
	}
	return all[from:to], next, nil
}

func (s *Server) conversationsMembers(a args) (map[string]any, error) {
	c, err := s.known(a)
	if err != nil {
		return nil, err
	}
	page, next, err := pageOf(s.members(c), a)
	if err != nil {
		return nil, err
	}
	return map[string]any{"members": page, "response_metadata": map[string]any{"next_cursor": next}}, nil
}

func (s *Server) usersList(a args) (map[string]any, error) {
	page, next, err := pageOf(slices.Sorted(maps.Keys(s.users)), a)
	if err != nil {
		return nil, err
	}
	out := []any{}
	for _, id := range page {
		out = append(out, s.profile(s.users[id], a))
	}
	return map[string]any{"members": out, "response_metadata": map[string]any{"next_cursor": next}}, nil
}

func (s *Server) conversationsInfo(a args) (map[string]any, error) {
	c, err := s.known(a)
	if err != nil {
		return nil, err
	}
	out := map[string]any{
		"id": c.ID, "name": c.Name, "is_channel": c.DM == "" && !c.Private, "is_group": c.Private, "is_im": c.DM != "", "is_private": c.Private || c.DM != "",
		"is_archived": c.Archived, "is_ext_shared": c.External, "is_org_shared": c.Shared, "is_shared": c.External || c.Shared,
		"is_pending_ext_shared": c.Pending, "is_member": c.Member, "num_members": len(s.members(c)),
	}
	if c.DM != "" {
		out["user"] = c.DM
	}
	return map[string]any{"channel": out}, nil
}

func (s *Server) usersInfo(a args) (map[string]any, error) {
	u := s.users[a.text("user")]
	if u == nil {
		return nil, fails("user_not_found")
	}
	return map[string]any{"user": s.profile(u, a)}, nil
}

func (s *Server) usersLookup(a args) (map[string]any, error) {
	for _, u := range s.users {
		if u.Email != "" && strings.EqualFold(u.Email, a.text("email")) {
			return map[string]any{"user": s.profile(u, a)}, nil
		}
	}
	return nil, fails("users_not_found")
}

// profile is a user as Slack shows them: the e-mail only to who has the scope.
func (s *Server) profile(u *User, a args) map[string]any {
	team := u.Team
	if team == "" {
		team = Team
	}
	zone := u.Zone
	if zone == "" {
		zone = "UTC"
	}
	p := map[string]any{"real_name": u.Name, "display_name": u.Name}
	if u.Email != "" && needs(a.scopes(), "users:read.email") == nil {
		p["email"] = u.Email
	}
	out := map[string]any{
		"id": u.ID, "team_id": team, "name": lowerName(u.Name), "real_name": u.Name, "tz": zone, "deleted": u.Deleted, "is_bot": u.Bot, "profile": p,
		"is_restricted": u.Guest || u.Single, "is_ultra_restricted": u.Single, "is_stranger": team != Team,
	}
	if a.text("include_locale") == "true" || a.text("include_locale") == "1" {
		lang := u.Lang
		if lang == "" {
			lang = "en-US"
		}
		out["locale"] = lang
	}
	return out
}

func lowerName(name string) string { return strings.ReplaceAll(strings.ToLower(name), " ", ".") }

func (s *Server) botsInfo(a args) (map[string]any, error) {
	if b := a.text("bot"); b != "" && b != BotID {
		return nil, fails("bot_not_found")
	}
	return map[string]any{"bot": map[string]any{"id": BotID, "app_id": AppID, "user_id": BotUser, "name": "kept", "deleted": false}}, nil
}
