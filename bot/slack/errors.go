package slack

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	slackapi "github.com/slack-go/slack"
)

// Class says what may be done about an error of Slack; the words are those of connections.
type Class string

// The classes.
const (
	Transient   Class = "transient"    // nothing was done; try again
	RateLimited Class = "rate_limited" // nothing was done; try again after Error.After
	Auth        Class = "auth"         // a token is wrong; a person must act
	Forbidden   Class = "forbidden"    // a scope is missing, or the workspace refuses
	NotFound    Class = "not_found"    // the user or channel is not there, or takes no messages
	Invalid     Class = "invalid"      // Slack refuses the content
	Ambiguous   Class = "ambiguous"    // it may have been done
)

// Error is an error of Slack in words for who runs Kept.
type Error struct {
	Class  Class
	Reason string // Slack's, or ours: "unreachable", "http_503"
	Text   string // plain words; never a token
	After  time.Duration
	Cause  error
}

func (e *Error) Error() string { return e.Text }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// limitedFor is how long is waited where Slack says "slow down" and not for how long.
const limitedFor = 30 * time.Second

// classes are Slack's errors as far as they decide what happens next; what is not here is Invalid.
var classes = map[string]Class{
	"invalid_auth": Auth, "not_authed": Auth, "account_inactive": Auth, "token_revoked": Auth, "token_expired": Auth, "not_allowed_token_type": Auth,
	"missing_scope": Forbidden, "no_permission": Forbidden, "org_login_required": Forbidden, "ekm_access_denied": Forbidden, "access_denied": Forbidden,
	"restricted_action": Forbidden, "team_access_not_granted": Forbidden, "messages_tab_disabled": Forbidden,
	"ratelimited": RateLimited, "rate_limited": RateLimited, "message_limit_exceeded": RateLimited,
	"channel_not_found": NotFound, "user_not_found": NotFound, "users_not_found": NotFound, "user_disabled": NotFound, "user_not_in_channel": NotFound,
	"not_in_channel": NotFound, "is_archived": NotFound, "cannot_dm_bot": NotFound, "user_not_visible": NotFound,
	// Of these Slack says that a part may have been done.
	"fatal_error": Ambiguous, "internal_error": Ambiguous,
	"service_unavailable": Transient, "request_timeout": Transient, "team_added_to_org": Transient, "too_many_websockets": Transient,
}

// sentences are what a person reads of an error.
var sentences = map[string]string{
	"invalid_auth":           "Slack does not know the token. Copy it again from api.slack.com/apps into what slack: in kept.yaml refers to, and type: kept serve reload",
	"not_authed":             "Slack got no token. Say where it is: slack: bot_token and app_token in kept.yaml",
	"account_inactive":       "The app was removed from the workspace. Install it again at api.slack.com/apps, and put the new token where slack: in kept.yaml refers to",
	"token_revoked":          "The token was revoked. Install the app again at api.slack.com/apps, and put the new token where slack: in kept.yaml refers to",
	"token_expired":          "The token has expired. Install the app again at api.slack.com/apps without token rotation",
	"not_allowed_token_type": "The tokens are exchanged: slack.app_token begins with xapp-, slack.bot_token with xoxb-",
	"ratelimited":            "Slack asks to slow down",
	"unreachable":            "Slack cannot be reached",
}

// asError gives the class of what went wrong with a call; sent says that the request had left.
func asError(err error, sent bool) *Error {
	if err == nil {
		return nil
	}
	if e := (*Error)(nil); errors.As(err, &e) {
		return e
	}
	out := &Error{Class: Transient, Reason: "unreachable", Cause: err}
	if sent {
		out.Class = Ambiguous
	}
	var limited *slackapi.RateLimitedError
	var status slackapi.StatusCodeError
	var said slackapi.SlackErrorResponse
	switch {
	case errors.As(err, &limited):
		out.Class, out.Reason, out.After = RateLimited, "ratelimited", limited.RetryAfter
	case errors.As(err, &status):
		out.status(status.Code)
	case errors.As(err, &said):
		out.code(said.Err)
		if said.Err == "missing_scope" && said.Needed != "" {
			out.Text = "The app lacks the scope " + plainScope(said.Needed) + ". Add it at api.slack.com/apps under OAuth & Permissions, and install the app again; kept slack manifest has all"
		}
	case errors.Is(err, context.Canceled) && !sent:
		out.Reason = "stopped"
	}
	out.words()
	return out
}

// status is what an answer without Slack's words means.
func (e *Error) status(code int) {
	switch {
	case code == http.StatusTooManyRequests:
		e.Class, e.Reason = RateLimited, "ratelimited"
	case code == http.StatusNotFound || code == http.StatusGone:
		e.Class, e.Reason = NotFound, "http_404"
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		e.Class, e.Reason = Forbidden, "http_403"
	case code >= 500:
		// The request was taken; whether it was done before that went wrong, nobody knows.
		e.Class, e.Reason = Ambiguous, "http_5xx"
	default:
		e.Class, e.Reason = Invalid, "http_4xx"
	}
}

func (e *Error) code(code string) {
	e.Reason = code
	e.Class = Invalid
	if c, ok := classes[code]; ok {
		e.Class = c
	}
}

func (e *Error) words() {
	if e.Class == RateLimited && e.After <= 0 {
		e.After = limitedFor
	}
	if e.Text != "" {
		return
	}
	if e.Text = sentences[e.Reason]; e.Text != "" {
		return
	}
	switch e.Class {
	case Auth:
		e.Text = "Slack refuses the token (" + e.Reason + "). Look with: kept slack check"
	case Forbidden:
		e.Text = "Slack does not allow it (" + e.Reason + "). Look with: kept slack check"
	case NotFound:
		e.Text = "Slack does not know the person or channel, or they take no messages (" + e.Reason + ")"
	case Ambiguous:
		e.Text = "Slack broke off before it said whether it was done"
	case RateLimited:
		e.Text = sentences["ratelimited"]
	case Transient:
		e.Text = sentences["unreachable"]
	default:
		e.Text = "Slack refuses what was sent (" + e.Reason + ")"
	}
}

// plainScope keeps what a scope may consist of: the word is Slack's, and goes into a sentence.
func plainScope(v string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r == ':' || r == '.' || r == ',' || r == '_' {
			return r
		}
		return -1
	}, v[:min(len(v), 100)])
}
