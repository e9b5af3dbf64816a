package slacktest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// order is what may be said to the control API, as JSON; each call uses what it needs.
type order struct {
	User     string            `json:"user"`
	Channel  string            `json:"channel"`
	Thread   string            `json:"thread"`
	TS       string            `json:"ts"`
	Text     string            `json:"text"`     // of a command, mention or message; what is waited for
	Press    string            `json:"press"`    // an action id, or the words on a button
	View     bool              `json:"view"`     // press: in the open form
	Home     bool              `json:"home"`     // press: in the App Home
	Fields   map[string]string `json:"fields"`   // submit
	Block    string            `json:"block"`    // suggest
	Callback string            `json:"callback"` // shortcut
	For      string            `json:"for"`      // advance: a duration
	Outage   string            `json:"outage"`   // none, refuse, hang, errors
	Method   string            `json:"method"`   // fail, calls
	Count    int               `json:"count"`    // sockets
	Who      *User             `json:"who"`
	What     *Channel          `json:"what"`
	Fault    *Fault            `json:"fault"`
	Within   string            `json:"within"` // how long is waited, by the real clock; 20s
}

// control is the control API: POST /_control/NAME with an order as JSON; the answer is JSON. What acts
// as a user answers once the app acknowledged; an error is {"error": ...} with status 409.
//
//	command press submit close suggest shortcut mention write open-home   act as a user
//	await await-form await-home await-sockets                             wait
//	messages form home calls                                              look
//	user channel advance outage cut refresh fail                          change
func (s *Server) control(w http.ResponseWriter, r *http.Request) {
	var o order
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err == nil && len(body) > 0 {
		err = json.Unmarshal(body, &o)
	}
	patience := 20 * time.Second
	if err == nil && o.Within != "" {
		patience, err = time.ParseDuration(o.Within)
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	var out any
	if err == nil {
		out, err = s.obey(ctx, strings.TrimPrefix(r.URL.Path, "/_control/"), o)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if err != nil {
		w.WriteHeader(http.StatusConflict)
		out = map[string]any{"error": err.Error()}
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(out) // who asked is gone otherwise
}

func (s *Server) obey(ctx context.Context, name string, o order) (any, error) {
	done := map[string]any{"ok": true}
	told := func(d *Delivery, err error) (any, error) {
		if err != nil {
			return nil, err
		}
		ack, err := d.Outcome(ctx)
		if err != nil {
			return nil, err
		}
		if len(ack) == 0 || !json.Valid(ack) {
			ack = nil
		}
		return map[string]any{"ok": true, "ack": ack, "milliseconds": d.Took().Milliseconds(), "options": d.Options()}, nil
	}
	switch name {
	case "command":
		return told(s.Command(o.User, o.Channel, o.Text), nil)
	case "press":
		if o.View || o.Home {
			return told(s.PressView(o.User, o.Press, o.Home))
		}
		return told(s.PressIn(o.User, o.TS, o.Press))
	case "submit":
		return told(s.Submit(o.User, o.Fields))
	case "close":
		s.CloseForm(o.User)
	case "suggest":
		return told(s.Suggest(o.User, o.Block, o.Text))
	case "shortcut":
		return told(s.Shortcut(o.User, o.Callback, o.Channel, o.TS))
	case "mention":
		return told(s.Mention(o.User, o.Channel, o.Thread, o.Text), nil)
	case "write":
		return s.Write(o.User, o.Channel, o.Thread, o.Text), nil
	case "open-home":
		return told(s.OpenHome(o.User), nil)
	case "await":
		m, err := s.AwaitText(ctx, o.User, o.Text)
		return shown(m), err
	case "await-form":
		v, err := s.AwaitForm(ctx, o.User)
		return seen(&v), err
	case "await-home":
		v, err := s.AwaitHome(ctx, o.User, o.Text)
		return seen(&v), err
	case "await-sockets":
		return done, s.AwaitSockets(ctx, o.Count)
	case "messages":
		out := []any{}
		for _, m := range s.Messages(o.User) {
			out = append(out, shown(m))
		}
		return out, nil
	case "form":
		return seen(s.Form(o.User)), nil
	case "home":
		return seen(s.Home(o.User)), nil
	case "calls":
		return s.Calls(o.Method), nil
	case "user":
		if o.Who == nil || o.Who.ID == "" {
			return nil, errors.New("who: a user with an id")
		}
		s.AddUser(*o.Who)
	case "channel":
		if o.What == nil || o.What.ID == "" {
			return nil, errors.New("what: a channel with an id")
		}
		s.AddChannel(*o.What)
	case "advance":
		d, err := time.ParseDuration(o.For)
		if err != nil {
			return nil, err
		}
		s.Advance(d)
	case "outage":
		kinds := map[string]Outage{"none": None, "refuse": Refuse, "hang": Hang, "errors": Errors}
		kind, ok := kinds[o.Outage]
		if !ok || kind == Refuse {
			return nil, errors.New("outage: none, hang or errors; what refuses connections cannot be told so over one")
		}
		return done, s.SetOutage(kind)
	case "cut":
		s.Cut()
	case "refresh":
		s.Refresh()
	case "fail":
		if o.Fault == nil {
			return nil, errors.New("fault: how it fails")
		}
		s.Fail(o.Method, *o.Fault)
	default:
		return nil, errors.New("there is no " + name)
	}
	return done, nil
}

// shown is a message with all that can be read in it.
func shown(m Message) any {
	return struct {
		Message
		All string `json:"all"`
	}{m, m.All()}
}

func seen(v *View) any {
	if v == nil {
		return nil
	}
	return map[string]any{"id": v.ID, "view": v.Body, "all": v.All(), "refused": v.Refused, "trouble": v.Trouble}
}
