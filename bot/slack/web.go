package slack

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	slackapi "github.com/slack-go/slack"
)

// Bounds of calls to Slack.
const (
	callWithin = 15 * time.Second
	maxAnswer  = 4 << 20
)

// client calls the Web API and response_urls. Nothing is retried in it: who calls decides.
type client struct {
	slack *slackapi.Client
	http  *http.Client
	host  string // of the Web API
	local bool   // the Web API is a test's, without TLS

	mu sync.Mutex
	id identity
}

// identity is who we are in the workspace.
type identity struct{ team, user, bot string }

func newClient(o Options) *client {
	h := *o.HTTPC
	h.Transport = bounded{h.Transport}
	c := &client{http: &h, host: hostOf(o.URL), local: strings.HasPrefix(o.URL, "http://")}
	c.slack = slackapi.New(o.BotToken, slackapi.OptionAPIURL(o.URL), slackapi.OptionHTTPClient(&h),
		slackapi.OptionAppLevelToken(o.AppToken), slackapi.OptionLog(quiet()))
	return c
}

// bounded reads no answer beyond maxAnswer.
type bounded struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	next := b.next
	if next == nil {
		next = http.DefaultTransport
	}
	resp, err := next.RoundTrip(r)
	if err == nil && resp.Body != nil && resp.StatusCode != http.StatusSwitchingProtocols {
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(resp.Body, maxAnswer), resp.Body}
	}
	return resp, err
}

// CloseIdleConnections lets who closes the client close what it wraps.
func (b bounded) CloseIdleConnections() {
	next := b.next
	if next == nil {
		next = http.DefaultTransport
	}
	if c, ok := next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// call bounds a call and gives its error a class: whether the request had left decides.
func (c *client) call(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }})
	err := do(ctx)
	if err == nil {
		return nil
	}
	return asError(err, sent.Load())
}

func (c *client) introduce(ctx context.Context) error {
	return c.call(ctx, func(ctx context.Context) error {
		r, err := c.slack.AuthTestContext(ctx)
		if err == nil {
			c.mu.Lock()
			c.id = identity{team: r.TeamID, user: r.UserID, bot: r.BotID}
			c.mu.Unlock()
		}
		return err
	})
}

// self is who we are; zero before Slack said it.
func (c *client) self() identity {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.id
}

func (c *client) conversation(ctx context.Context, channel string) (out *slackapi.Channel, err error) {
	err = c.call(ctx, func(ctx context.Context) error {
		out, err = c.slack.GetConversationInfoContext(ctx, &slackapi.GetConversationInfoInput{ChannelID: channel, IncludeNumMembers: true})
		return err
	})
	return out, err
}

func (c *client) person(ctx context.Context, user string) (out *slackapi.User, err error) {
	err = c.call(ctx, func(ctx context.Context) error {
		out, err = c.slack.GetUserInfoContext(ctx, user)
		return err
	})
	return out, err
}

// Bounds of what is read of who is there.
const (
	pageMost = 1000
	pages    = 20 // of a list; a longer one is not read
)

func (c *client) members(ctx context.Context, channel string) (all []string, err error) {
	ask := &slackapi.GetUsersInConversationParameters{ChannelID: channel, Limit: pageMost}
	for range pages {
		err = c.call(ctx, func(ctx context.Context) error {
			ids, next, err := c.slack.GetUsersInConversationContext(ctx, ask)
			all, ask.Cursor = append(all, ids...), next
			return err
		})
		if err != nil || ask.Cursor == "" {
			return all, err
		}
	}
	return nil, &Error{Class: Invalid, Reason: "too_many", Text: "too many people are in the channel"}
}

func (c *client) everybody(ctx context.Context) (all []slackapi.User, err error) {
	page := c.slack.GetUsersPaginated(slackapi.GetUsersOptionLimit(pageMost))
	for range pages {
		err = c.call(ctx, func(ctx context.Context) error {
			page, err = page.Next(ctx)
			return err
		})
		all = append(all, page.Users...)
		if err != nil || page.Cursor == "" {
			return all, err
		}
	}
	return nil, &Error{Class: Invalid, Reason: "too_many", Text: "too many people are in the workspace"}
}

func (c *client) openForm(ctx context.Context, trigger string, form slackapi.ModalViewRequest) error {
	return c.call(ctx, func(ctx context.Context) error {
		_, err := c.slack.OpenViewContext(ctx, trigger, form)
		return err
	})
}

func (c *client) publish(ctx context.Context, user string, view slackapi.HomeTabViewRequest) error {
	return c.call(ctx, func(ctx context.Context) error {
		_, err := c.slack.PublishViewContext(ctx, slackapi.PublishViewContextRequest{UserID: user, View: view})
		return err
	})
}

// direct opens the conversation with somebody.
func (c *client) direct(ctx context.Context, user string) (channel string, err error) {
	err = c.call(ctx, func(ctx context.Context) error {
		ch, _, _, err := c.slack.OpenConversationContext(ctx, &slackapi.OpenConversationParameters{Users: []string{user}})
		if err == nil {
			channel = ch.ID
		}
		return err
	})
	return channel, err
}

func options(m message, thread string) []slackapi.MsgOption {
	out := []slackapi.MsgOption{slackapi.MsgOptionText(m.text, false), slackapi.MsgOptionDisableLinkUnfurl(), slackapi.MsgOptionDisableMediaUnfurl()}
	if len(m.blocks) > 0 {
		out = append(out, slackapi.MsgOptionBlocks(m.blocks...))
	}
	if thread != "" {
		out = append(out, slackapi.MsgOptionTS(thread))
	}
	return out
}

// post says something in a conversation; id is its ts there.
func (c *client) post(ctx context.Context, channel, thread string, m message) (id string, err error) {
	err = c.call(ctx, func(ctx context.Context) error {
		_, ts, err := c.slack.PostMessageContext(ctx, channel, options(m, thread)...)
		id = ts
		return err
	})
	return id, err
}

// whisper says something in a conversation that one person alone sees.
func (c *client) whisper(ctx context.Context, channel, thread, user string, m message) error {
	return c.call(ctx, func(ctx context.Context) error {
		_, err := c.slack.PostEphemeralContext(ctx, channel, user, options(m, thread)...)
		return err
	})
}

// reply is what is posted to a response_url.
type reply struct {
	Type    string           `json:"response_type"` // ephemeral, in_channel
	Text    string           `json:"text"`
	Blocks  []slackapi.Block `json:"blocks,omitempty"`
	Replace bool             `json:"replace_original"`
	Thread  string           `json:"thread_ts,omitempty"`
	Unfurl  bool             `json:"unfurl_links"`
}

// respond answers at a response_url, as slack-go would, but keeps why it was refused: expired_url and
// used_url are NotFound, so that another route is taken.
func (c *client) respond(ctx context.Context, to string, r reply) error {
	if !c.trusted(to) {
		return &Error{Class: Invalid, Reason: "foreign_url", Text: "the event names an address for its answer that is not Slack's"}
	}
	body, err := json.Marshal(r)
	if err != nil {
		return &Error{Class: Invalid, Reason: "unwritable", Text: "the answer cannot be written as JSON", Cause: err}
	}
	return c.call(ctx, func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
		if err != nil {
			return &Error{Class: Invalid, Reason: "foreign_url", Text: "the event names no address for its answer", Cause: err}
		}
		req.Header.Set("Content-Type", "application/json; charset=utf-8")
		resp, err := c.http.Do(req)
		if err != nil {
			return err
		}
		defer func() { _ = resp.Body.Close() }() // it was read from only
		answer, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
		if err != nil && resp.StatusCode < 300 {
			return nil // it was taken; only the rest of the answer is lost
		}
		return responded(resp.StatusCode, resp.Header.Get("Retry-After"), answer)
	})
}

// responded reads the answer of a response_url: "ok", or JSON, or a status.
func responded(status int, after string, body []byte) error {
	var said struct {
		OK    *bool  `json:"ok"`
		Error string `json:"error"`
	}
	known := json.Unmarshal(body, &said) == nil && said.OK != nil
	if status < 300 && (!known || *said.OK) {
		return nil
	}
	e := &Error{}
	code := said.Error
	if code == "" && !known {
		code = strings.TrimSpace(string(body[:min(len(body), 60)]))
	}
	switch {
	case status == http.StatusTooManyRequests:
		e.status(status)
		e.After = retryAfter(after)
	case code == "expired_url" || code == "used_url" || code == "invalid_url":
		e.Class, e.Reason, e.Text = NotFound, code, "the address for answers has expired or was used up"
	case known && code != "":
		e.code(code)
	default:
		e.status(status)
	}
	e.words()
	return e
}

// retryAfter reads seconds; dates are not among what Slack sends.
func retryAfter(v string) time.Duration {
	d, err := time.ParseDuration(strings.TrimSpace(v) + "s")
	if err != nil || d < 0 {
		return 0
	}
	return min(d, time.Hour)
}

// trusted says whether an address is one at which Slack takes answers. Over HTTP the signature was
// verified before; this keeps what goes out with customers' names in Slack's own machines.
func (c *client) trusted(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil || u.User != nil {
		return false
	}
	if c.local && u.Scheme == "http" && u.Host == c.host {
		return true
	}
	host := strings.ToLower(u.Hostname())
	if net.ParseIP(host) != nil || u.Scheme != "https" || u.Port() != "" && u.Port() != "443" {
		return false
	}
	for _, own := range []string{"slack.com", "slack-gov.com"} {
		if host == own || strings.HasSuffix(host, "."+own) {
			return true
		}
	}
	return false
}
