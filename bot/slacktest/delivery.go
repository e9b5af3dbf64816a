package slacktest

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// The kinds of deliveries, as Socket Mode names them. Options are interactive too, and go to an
// address of their own over HTTP.
const (
	slashCommands = "slash_commands"
	interactions  = "interactive"
	eventsAPI     = "events_api"
)

// Delivery is one thing that the app was told.
type Delivery struct {
	s       *Server
	ID      string // envelope id
	Kind    string
	Type    string // of the payload: block_actions, view_submission, app_mention, ...
	User    string
	Channel string
	Trigger string
	URL     string // its response_url
	At      time.Time
	payload map[string]any
	view    string // a submitted view
	source  *Message

	over  *socket
	waits bool
	tries int
	timer *timer

	isAcked bool
	ackedAt time.Time
	ack     json.RawMessage
	trouble string
	options []json.RawMessage
	retries int
}

// The troubles of deliveries, which their users see.
const (
	OperationTimeout = "operation_timeout" // nobody acknowledged it in time
	DispatchFailed   = "dispatch_failed"   // there was nobody to send it to
)

func (d *Delivery) ended() bool { return d.isAcked || d.trouble != "" && d.Kind != eventsAPI }

func (d *Delivery) envelope() map[string]any {
	out := map[string]any{"envelope_id": d.ID, "type": d.Kind, "payload": d.payload, "accepts_response_payload": d.Kind != eventsAPI}
	if d.Kind == eventsAPI {
		out["retry_attempt"], out["retry_reason"] = d.retries, ""
		if d.retries > 0 {
			out["retry_reason"] = "timeout"
		}
	}
	return out
}

// Outcome waits until the app acknowledged the delivery, and gives what it said with it; the error
// names the trouble that the user saw.
func (d *Delivery) Outcome(ctx context.Context) (json.RawMessage, error) {
	if err := d.s.wait(ctx, func() bool { return d.isAcked || d.trouble != "" }); err != nil {
		return nil, err
	}
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	if d.trouble != "" {
		return nil, fmt.Errorf("%s", d.trouble)
	}
	return d.ack, nil
}

// Took is how long the app needed to acknowledge it.
func (d *Delivery) Took() time.Duration {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	return d.ackedAt.Sub(d.At)
}

// Tries is how often it was sent.
func (d *Delivery) Tries() int {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	return d.tries
}

// Options are what a field was offered.
func (d *Delivery) Options() []json.RawMessage {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	return d.options
}

// deliver tells the app. The caller has the lock, and calls the function that it gets without it.
func (s *Server) deliver(d *Delivery) func() {
	d.s, d.At = s, s.now()
	if d.ID == "" {
		d.ID = s.id("envelope-")
	}
	s.sent = append(s.sent, d)
	if d.Kind != eventsAPI {
		d.timer = s.after(s.ackWithin(), func() { s.timeout(d) })
	}
	return s.transmit(d)
}

func (s *Server) ackWithin() time.Duration { return time.Duration(s.o.Slow) * AckWithin }

func (s *Server) transmit(d *Delivery) func() {
	d.tries++
	if d.Kind == eventsAPI {
		s.retryLater(d)
	}
	if s.o.Request != "" {
		body, kind, path := d.form()
		at, secret, retries := s.now(), s.secret, d.retries
		s.tasks.Go(func() { s.post(d, body, kind, path, at, secret, retries) })
		return func() {}
	}
	c := s.pick()
	if c == nil {
		if d.Kind != eventsAPI {
			s.trouble(d, DispatchFailed)
		}
		return func() {}
	}
	d.over = c
	envelope := d.envelope()
	return func() {
		if !c.send(envelope) {
			c.cut()
		}
	}
}

// retryLater sends an event that is not acknowledged again: at once, after a minute, after five.
func (s *Server) retryLater(d *Delivery) {
	waits := []time.Duration{s.ackWithin(), time.Minute, 5 * time.Minute}
	if d.retries >= len(waits) {
		return
	}
	d.timer = s.after(waits[d.retries], func() {
		s.mu.Lock()
		if d.isAcked {
			s.mu.Unlock()
			return
		}
		d.retries++
		if s.o.Request == "" {
			d.ID = s.id("envelope-")
		}
		send := s.transmit(d)
		s.mu.Unlock()
		send()
	})
}

// timeout shows the user that the app did not answer.
func (s *Server) timeout(d *Delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !d.ended() {
		s.trouble(d, OperationTimeout)
	}
}

func (s *Server) trouble(d *Delivery, what string) {
	d.trouble = what
	s.forget(d.timer)
	if v := s.views[d.view]; v != nil {
		v.Trouble = what
	} else {
		s.add(&Message{Channel: d.Channel, For: d.User, Text: what, Via: "slack"})
	}
	s.noted()
}

// acked takes the acknowledgement of an envelope.
func (s *Server) acked(id string, payload json.RawMessage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.sent {
		if d.ID == id && !d.ended() {
			s.took(d, payload)
			return
		}
	}
}

// took does what an acknowledgement says. The caller has the lock.
func (s *Server) took(d *Delivery, payload json.RawMessage) {
	s.forget(d.timer)
	d.isAcked, d.ackedAt, d.ack = true, s.now(), payload
	s.noted()
	// Slack's own clients send an empty object where they have nothing to say.
	if said := string(bytes.TrimSpace(payload)); said == "" || said == "null" || said == "{}" {
		if v := s.views[d.view]; v != nil {
			v.Closed = true // one level
		}
		return
	}
	var err error
	switch {
	case d.Type == "view_submission":
		err = s.submitted(d, payload)
	case d.Type == "block_suggestion":
		err = s.offered(d, payload)
	case d.Kind == slashCommands:
		err = s.said(d, payload, "ack")
	}
	if err != nil {
		s.trouble(d, "invalid_response: "+err.Error())
	}
}

// submitted does what the app answers to a form.
func (s *Server) submitted(d *Delivery, payload json.RawMessage) error {
	var a struct {
		Action string            `json:"response_action"`
		Errors map[string]string `json:"errors"`
		View   map[string]any    `json:"view"`
	}
	v := s.views[d.view]
	if v == nil {
		return fails("not_found")
	}
	if json.Unmarshal(payload, &a) != nil {
		return fails("invalid_json")
	}
	switch a.Action {
	case "":
		v.Closed = true
	case "errors":
		if len(a.Errors) == 0 {
			return fails("errors is empty")
		}
		for id := range a.Errors {
			if !inputNamed(v.Body["blocks"], id) {
				return fails("errors names no input block: " + id)
			}
		}
		v.Refused = a.Errors
	case "clear":
		for _, x := range s.views {
			if x.Root == v.Root {
				x.Closed = true
			}
		}
	case "update", "push":
		if err := s.checkView(a.View, inModal); err != nil {
			return err
		}
		if a.Action == "update" {
			s.put(v, a.View)
			return nil
		}
		x := s.show(d.User, a.View)
		x.Root, x.Under = v.Root, v.ID
	default:
		return fails("unknown response_action: " + a.Action)
	}
	return nil
}

func inputNamed(blocks any, id string) bool {
	raw, _ := json.Marshal(blocks)
	var all []map[string]any
	_ = json.Unmarshal(raw, &all) // it was just written
	for _, b := range all {
		if b["type"] == "input" && b["block_id"] == id {
			return true
		}
	}
	return false
}

// offered reads what the app offers for a field.
func (s *Server) offered(d *Delivery, payload json.RawMessage) error {
	var a struct {
		Options []json.RawMessage `json:"options"`
		Groups  []struct {
			Options []json.RawMessage `json:"options"`
		} `json:"option_groups"`
	}
	if json.Unmarshal(payload, &a) != nil {
		return fails("invalid_json")
	}
	for _, g := range a.Groups {
		a.Options = append(a.Options, g.Options...)
	}
	l := &lint{ids: map[string]bool{}}
	l.count("/options", len(a.Options), 0, 100)
	for i, o := range a.Options {
		var v any
		_ = json.Unmarshal(o, &v) // it is part of JSON
		l.option(fmt.Sprintf("/options/%d", i), v, 75)
	}
	if len(l.problems) > 0 {
		return fails(l.problems[0])
	}
	d.options = a.Options
	return nil
}

// said shows a message with which the app answers: by the acknowledgement or the response_url.
func (s *Server) said(d *Delivery, payload json.RawMessage, via string) error {
	a := args{}
	if json.Unmarshal(payload, &a) != nil {
		return fails("invalid_payload")
	}
	if a.text("delete_original") == "true" {
		if d.source != nil {
			d.source.Deleted = true
		}
		return nil
	}
	text, blocks, err := content(a)
	if err != nil {
		return err
	}
	if a.text("replace_original") == "true" && d.source != nil {
		d.source.Text, d.source.Blocks = text, s.named(blocks)
		d.source.Edits++
		return nil
	}
	m := &Message{Channel: d.Channel, Thread: a.text("thread_ts"), Text: text, Blocks: blocks, Via: via, For: d.User, After: d}
	switch a.text("response_type") {
	case "in_channel":
		m.For = ""
	case "", "ephemeral":
	default:
		return fails("invalid_response_type")
	}
	s.add(m)
	return nil
}

// form gives a delivery as it is posted.
func (d *Delivery) form() (body []byte, kind, path string) {
	switch {
	case d.Kind == slashCommands:
		f := url.Values{}
		for k, v := range d.payload {
			f.Set(k, fmt.Sprint(v))
		}
		return []byte(f.Encode()), "application/x-www-form-urlencoded", "commands"
	case d.Kind == eventsAPI:
		b, _ := json.Marshal(d.payload)
		return b, "application/json", "events"
	}
	path = "interactions"
	if d.Type == "block_suggestion" {
		path = "options"
	}
	b, _ := json.Marshal(d.payload)
	return []byte(url.Values{"payload": {string(b)}}.Encode()), "application/x-www-form-urlencoded", path
}

// Sign gives the headers of a delivery.
func Sign(secret string, at time.Time, body []byte) http.Header {
	stamp := strconv.FormatInt(at.Unix(), 10)
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte("v0:" + stamp + ":"))
	m.Write(body)
	return http.Header{"X-Slack-Request-Timestamp": {stamp}, "X-Slack-Signature": {"v0=" + hex.EncodeToString(m.Sum(nil))}}
}

// post delivers over HTTP; what comes back with 200 in time acknowledges.
func (s *Server) post(d *Delivery, body []byte, kind, path string, at time.Time, secret string, retries int) {
	ctx, cancel := context.WithTimeout(s.ctx, s.ackWithin())
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.o.Request+path, bytes.NewReader(body))
	if err != nil {
		return
	}
	r.Header = Sign(secret, at, body)
	r.Header.Set("Content-Type", kind)
	r.Header.Set("User-Agent", "Slackbot 1.0 (+https://api.slack.com/robots)")
	if retries > 0 {
		r.Header.Set("X-Slack-Retry-Num", strconv.Itoa(retries))
		r.Header.Set("X-Slack-Retry-Reason", "http_timeout")
	}
	resp, err := s.client.Do(r)
	var answer []byte
	if err == nil {
		answer, err = io.ReadAll(io.LimitReader(resp.Body, 1<<20))
		_ = resp.Body.Close() // it was read from only
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case d.ended():
	case err != nil && ctx.Err() == nil && d.Kind != eventsAPI:
		s.trouble(d, DispatchFailed)
	case err != nil:
	case resp.StatusCode != http.StatusOK:
		if d.Kind != eventsAPI {
			s.trouble(d, DispatchFailed)
		}
	default:
		s.took(d, answer)
	}
}

// responseURL is where the app may answer a delivery later.
type responseURL struct {
	d    *Delivery
	uses int
	ends time.Time
}

// url makes a response_url for a delivery. The caller has the lock.
func (s *Server) url(d *Delivery) string {
	id := s.id("response")
	s.urls[id] = &responseURL{d: d, ends: s.now().Add(ResponseLife)}
	d.URL = s.base + "/response/" + id
	return d.URL
}

// response takes an answer at a response_url.
func (s *Server) response(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(io.LimitReader(r.Body, maxBody)) // what broke off is no JSON
	s.mu.Lock()
	fault := s.fault("response_url")
	u := s.urls[r.PathValue("id")]
	status, wrong := http.StatusOK, ""
	switch {
	case fault != nil && !fault.Lost:
		wrong = "fault"
	case u == nil:
		status, wrong = http.StatusNotFound, "invalid_url"
	case s.now().After(u.ends):
		status, wrong = http.StatusNotFound, "expired_url"
	case u.uses >= ResponseUses:
		status, wrong = http.StatusNotFound, "used_url"
	default:
		if err := s.said(u.d, body, "response_url"); err != nil {
			status, wrong = http.StatusBadRequest, err.Error()
			break
		}
		u.uses++
	}
	s.calls = append(s.calls, Call{Method: "response_url", At: s.now(), Error: wrong, Args: json.RawMessage(bytes.Clone(body))})
	s.noted()
	s.mu.Unlock()
	if fault != nil {
		fault.answer(w)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	if wrong == "" {
		_, _ = io.WriteString(w, `{"ok":true}`)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"ok": false, "error": wrong})
}
