package engine

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// The headers of a webhook that Kept calls.
const (
	HookID        = "Kept-Message"   // the message's ID: what comes twice under one ID is one message
	HookTime      = "Kept-Timestamp" // seconds since 1970, when it was signed
	HookSignature = "Kept-Signature" // "v1=" and the hexadecimal signature; see [SignHook]
)

const (
	hookTimeout = 15 * time.Second
	hookAnswer  = 4 << 10 // of what a webhook answers, this much is read
)

// SignHook signs the body of a webhook: HMAC-SHA256 over "timestamp.body". Whoever receives it
// computes the same and compares in constant time, and refuses a timestamp that is minutes old.
func SignHook(secret []byte, timestamp string, body []byte) string {
	m := hmac.New(sha256.New, secret)
	m.Write([]byte(timestamp + "."))
	m.Write(body)
	return "v1=" + hex.EncodeToString(m.Sum(nil))
}

// HookMessage is what a webhook is told.
type HookMessage struct {
	ID       string `json:"id"`
	Number   string `json:"number"`
	To       string `json:"to"` // the name of who of us it is for
	Login    string `json:"login"`
	Subject  string `json:"subject"`
	Text     string `json:"text"`
	Customer string `json:"customer,omitempty"` // that it is about
	Lang     string `json:"lang,omitempty"`
	Queued   string `json:"queued"` // RFC 3339
}

// say prints a message to one of us.
func (p *posting) say(c *service.OutboxClaim) service.OutboxResult {
	for _, o := range c.Messages {
		if o.Card != "" {
			if err := p.sayCard(c.Name, o.Text); err != nil {
				return service.OutboxResult{How: service.CallLater, Error: &state.Error{Class: state.Unavailable, Code: "stdout_closed", Cause: err}}
			}
			continue
		}
		lines := strings.Fields(o.Subject)
		if rest := strings.Fields(o.Text); o.Subject == "" {
			lines = rest
		} else if len(rest) > 0 {
			lines = append(append(lines, "·"), rest...)
		}
		line := strings.Join(lines, " ")
		if c.Name != "" {
			line = c.Name + ": " + line
		}
		if err := p.e.env.Say(line); err != nil {
			return service.OutboxResult{How: service.CallLater, Error: &state.Error{Class: state.Unavailable, Code: "stdout_closed", Cause: err}}
		}
	}
	return service.OutboxResult{How: service.CallSent}
}

// hook posts a message to the webhook of one of us. A redirect is not followed, and what it answers
// is not read but for its status. It may be called twice for one message, with the same ID.
func (p *posting) hook(ctx context.Context, c *service.OutboxClaim) service.OutboxResult {
	name := c.Via
	fail := func(how, code string, args state.Args, cause error) service.OutboxResult {
		args["name"] = name
		return service.OutboxResult{How: how, Error: &state.Error{Class: state.Unavailable, Code: code, Args: args, Cause: cause}}
	}
	address, secret, err := p.hookSecrets(ctx, strings.TrimPrefix(name, service.OutboxWebhook))
	if err != nil {
		if ctx.Err() != nil {
			return service.OutboxResult{How: service.CallStopped}
		}
		return service.OutboxResult{How: service.CallPause, Error: state.AsError(err)}
	}
	o := c.Messages[0]
	told := HookMessage{ID: c.Intent, Number: state.Outbox.Ref(o.Number), To: c.Name, Login: c.Login, Subject: o.Subject, Text: o.Text, Lang: o.Lang,
		Queued: o.Queued.Format(time.RFC3339)}
	if o.Base != 0 {
		told.Customer = state.Customers.Ref(o.Base)
	}
	body, err := json.Marshal(told)
	if err != nil {
		return fail(service.CallNever, "webhook_unwritable", state.Args{}, err)
	}
	ctx, cancel := context.WithTimeout(ctx, hookTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return fail(service.CallPause, "webhook_address", state.Args{}, nil) // the error has the address in it, which is secret
	}
	at := strconv.FormatInt(p.e.env.Now().Unix(), 10)
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("User-Agent", "Kept")
	req.Header.Set(HookID, c.Intent)
	req.Header.Set(HookTime, at)
	req.Header.Set(HookSignature, SignHook(secret, at, body))
	client := &http.Client{Transport: p.e.env.HTTP, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(req)
	if err != nil {
		if errors.Is(err, context.Canceled) {
			return service.OutboxResult{How: service.CallStopped}
		}
		return fail(service.CallLater, "webhook_down", state.Args{}, nil)
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, hookAnswer)) // so that the connection can be used again
	switch status := answer.StatusCode; {
	case status >= 200 && status < 300:
		return service.OutboxResult{How: service.CallSent}
	case status >= 400 && status < 500 && status != http.StatusRequestTimeout && status != http.StatusTooEarly && status != http.StatusTooManyRequests:
		return fail(service.CallNever, "webhook_refuses", state.Args{"status": strconv.Itoa(status)}, nil)
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
		r := fail(service.CallLater, "webhook_down", state.Args{"status": strconv.Itoa(status)}, nil)
		if s, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil && s > 0 && s < 86400 {
			r.After = time.Duration(s) * time.Second
		}
		return r
	default:
		return fail(service.CallLater, "webhook_down", state.Args{"status": strconv.Itoa(status)}, nil)
	}
}

// hookSecrets gives the address and the key that a reference to a webhook stands for. What is sent
// has customers' names in it, so it goes encrypted, but to this machine.
func (p *posting) hookSecrets(ctx context.Context, reference string) (address string, secret []byte, err error) {
	if p.e.env.Secret == nil || p.e.env.HookSecret == "" {
		return "", nil, &state.Error{Class: state.Invalid, Code: "webhook_secret"}
	}
	unreadable := func(err error) error {
		var ours *state.Error
		if errors.As(err, &ours) {
			return ours
		}
		return &state.Error{Class: state.Auth, Code: "webhook_secret", Cause: err}
	}
	if address, err = p.e.env.Secret(ctx, reference); err != nil {
		return "", nil, unreadable(err)
	}
	key, err := p.e.env.Secret(ctx, p.e.env.HookSecret)
	if err != nil || key == "" {
		return "", nil, unreadable(err)
	}
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return "", nil, &state.Error{Class: state.Invalid, Code: "webhook_address", Args: state.Args{"name": service.OutboxWebhook + reference}}
	}
	return u.String(), []byte(key), nil
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
