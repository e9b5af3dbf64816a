package bluesky

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/rest"
)

// fault is what XRPC says of an error (https://atproto.com/specs/xrpc#error-responses). Its name
// decides, not the status: an expired token is a 400.
type fault struct {
	Error   string `json:"error"`
	Message string `json:"message"`
}

func faultOf(a rest.Answer) fault {
	var f fault
	if a.Status < 400 || json.Unmarshal(a.Body, &f) != nil {
		return fault{}
	}
	return f
}

// What callers look for in errors.
var (
	errNoProfile    = errors.New("no such profile")
	errInactive     = errors.New("an account that is not active")
	errNoService    = errors.New("no AppView")
	errNotPermitted = errors.New("no access to direct messages")
)

// chatDenied says whether a server refuses an app password that may not read direct messages.
func chatDenied(f fault) bool {
	return f.Error == "InvalidToken" && strings.HasPrefix(f.Message, "Bad token ")
}

// expired says whether the access token is to be renewed.
func expired(a rest.Answer) bool {
	switch f := faultOf(a); f.Error {
	case "ExpiredToken", "AuthMissing":
		return true
	case "InvalidToken":
		return !chatDenied(f)
	}
	return a.Status == http.StatusUnauthorized
}

// judge gives what an answer means in Bluesky's terms; nil: what its status means everywhere.
func judge(a rest.Answer) *connectors.Error {
	f := faultOf(a)
	because := func(class connectors.Class, cause error, text string) *connectors.Error {
		return &connectors.Error{Class: class, Text: text, Cause: cause}
	}
	switch f.Error {
	case "":
		return nil
	case "InvalidToken", "ExpiredToken", "AuthMissing":
		if chatDenied(f) {
			return because(connectors.Forbidden, errNotPermitted, "the app password may not read direct messages; "+withDMs)
		}
		return because(connectors.Auth, nil, "Bluesky accepts our session no longer; check the app password, or create a new one: "+wherePassword)
	case "AuthFactorTokenRequired":
		return because(connectors.Auth, nil, "Bluesky asks for the code that it sent by mail, as it does for the account's own password; use an app password: "+wherePassword)
	case "AccountDeactivated", "AccountTakedown", "AccountSuspended":
		return because(connectors.NotFound, errInactive, "the account is deactivated or suspended at Bluesky")
	case "RateLimitExceeded":
		e := because(connectors.RateLimited, nil, "Bluesky permits no more requests for a while; the next sync goes on where this one ends")
		e.After, _ = rest.RetryAfter(a.Header, time.Time{})
		return e
	case "UpstreamFailure", "UpstreamTimeout", "NotEnoughResources":
		return because(connectors.Transient, nil, "the part of Bluesky that knows followers and messages does not answer; try again later")
	case "MethodNotImplemented":
		return because(connectors.Invalid, errNoService, "the server of Bluesky cannot do this; for direct messages set dms to no, else check the address")
	case "InvalidRequest":
		switch {
		case strings.HasPrefix(f.Message, "No service configured"):
			return because(connectors.Invalid, errNoService, "the server (PDS) is connected to no AppView, so that it knows neither followers nor mentions; ask whoever runs it to set one")
		case f.Message == "Profile not found":
			return because(connectors.NotFound, errNoProfile, "Bluesky has no such profile")
		case strings.Contains(f.Message, "cursor"):
			return because(connectors.CursorExpired, nil, "Bluesky has forgotten where we were; it is read from the start")
		}
	}
	return nil
}

// get makes a query of XRPC.
func (c *Connection) get(ctx context.Context, name string, q url.Values, into any) error {
	_, err := c.rest.Do(ctx, rest.Request{Path: "xrpc/" + name, Query: q}, into)
	return err
}

// chat makes a query at the server of direct messages, to which our own server hands it on.
func (c *Connection) chat(ctx context.Context, name string, q url.Values, into any) error {
	_, err := c.rest.Do(ctx, rest.Request{Path: "xrpc/" + name, Query: q, Header: http.Header{"Atproto-Proxy": {"did:web:api.bsky.chat#bsky_chat"}}}, into)
	return err
}
