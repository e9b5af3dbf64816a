package imap

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/mailserver"
)

// plain gives every error its words and class.
func (c *connection) plain(err error) *connectors.Error {
	var (
		told  *connectors.Error
		login *loginError
		no    *refusal
		bye   *errBye
	)
	system := c.System()
	switch way := c.Way(err); {
	case errors.As(err, &login):
		return c.loginWords(login)
	case errors.As(err, &told):
		return told
	case errors.As(err, &no):
		return c.refusalWords(no)
	case errors.As(err, &bye):
		return c.byeWords(bye)
	case way != nil:
		return way
	case errors.Is(err, errSyntax):
		return c.Fault(connectors.Transient, err, "%s answered something that is no IMAP; try again later, and if it stays, check host and port", system)
	}
	return c.Fault(connectors.Transient, err, "the connection to %s broke; try again later", system)
}

// broke says whether an error is that of the way, so that another try may go well.
func broke(err error) bool {
	var (
		login  *loginError
		no     *refusal
		told   *connectors.Error
		dns    *net.DNSError
		bye    *errBye
		tlsErr *mailserver.TLSError
	)
	if errors.As(err, &login) || errors.As(err, &no) || errors.As(err, &told) || errors.As(err, &dns) && dns.IsNotFound {
		return false
	}
	if errors.As(err, &tlsErr) {
		return mailserver.IsNetwork(err) || errors.Is(err, io.EOF)
	}
	return errors.As(err, &bye) || mailserver.IsNetwork(err) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, errSyntax) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.EPIPE) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, io.ErrClosedPipe) || errors.Is(err, context.DeadlineExceeded)
}

func has(text string, any ...string) bool {
	text = strings.ToLower(text)
	return slices.ContainsFunc(any, func(s string) bool { return strings.Contains(text, s) })
}

// limited says whether a server asks for a pause.
func limited(code, text string) bool {
	return code == "LIMIT" || code == "THROTTLED" || code == "OVERQUOTA" && has(text, "bandwidth", "command") ||
		has(text, "too many", "rate limit", "exceeded command", "bandwidth limit", "throttled", "frequency", "频率")
}

// rest of a limit: an hour where a day's allowance is used up, else five minutes.
func (c *connection) slow(cause error, text string) *connectors.Error {
	e := c.Fault(connectors.RateLimited, cause, "%s asks us to slow down%s; it goes on by itself later. Other programs on the same mailbox count too", c.System(), c.Says(text))
	e.After = 5 * time.Minute
	if has(text, "bandwidth", "exceeded command") {
		e.After = time.Hour
	}
	return e
}

// loginWords says why we were not let in, and what to do.
func (c *connection) loginWords(l *loginError) *connectors.Error {
	system, text, code := c.System(), l.r.text, l.r.code
	all := code + " " + l.r.rest + " " + text
	says := c.Says(text)
	switch {
	case has(text, "authenticated but not connected"):
		return c.Fault(connectors.Forbidden, l, "%s knows the user, but the mailbox may not be read by IMAP: %s%s", system, c.EnableWords(), says)
	case code == "UNAVAILABLE" || code == "SERVERBUG" || code == "INUSE":
		return c.Fault(connectors.Transient, l, "%s cannot check the password at the moment%s; try again later", system, says)
	case has(all, "application-specific", "application specific", "app password", "app-specific"):
		return c.Fault(connectors.Auth, l, "%s wants an app password here: %s%s", system, c.PasswordWords(), says)
	case has(all, "web browser", "webalert", "web login required", "less secure"):
		return c.Fault(connectors.Auth, l, "%s holds this login for suspicious: log in once with a browser, confirm that it was you, and use an app password; %s%s", system, c.PasswordWords(), says)
	case has(text, "not enabled for imap", "enable your account for imap", "imap is disabled", "imap disabled", "imap access is disabled", "imap service is not", "未开启", "未开通"):
		return c.Fault(connectors.Forbidden, l, "IMAP is switched off for this mailbox at %s: %s%s", system, c.EnableWords(), says)
	case has(all, "basicauthblocked", "basic auth", "basic authentication", "oauth") && c.Access == nil:
		return c.Fault(connectors.Auth, l, "%s takes no passwords from mail programs any more; set login to oauth2: %s%s", system, c.OAuthWords(), says)
	case c.Access != nil:
		return c.Fault(connectors.Auth, l, "%s does not accept the token: it ran out, was withdrawn, is another mailbox's than %s, or lacks the scope for IMAP; let the mailbox's owner agree again: %s%s",
			system, "the user named here", c.OAuthWords(), says)
	case c.WantsCode():
		return c.Fault(connectors.Auth, l, "%s does not accept user and password: %s. If that is right: %s%s", system, c.PasswordWords(), c.EnableWords(), says)
	case limited(code, text):
		return c.slow(l, text)
	case code == "EXPIRED":
		return c.Fault(connectors.Auth, l, "the password has run out; set a new one at %s%s", system, says)
	case code == "CONTACTADMIN" || has(text, "suspended", "account is disabled", "locked"):
		return c.Fault(connectors.Forbidden, l, "the account is locked; ask who runs %s%s", system, says)
	case code == "PRIVACYREQUIRED":
		return c.Fault(connectors.Invalid, l, "%s wants the connection encrypted: set security to tls or starttls%s", system, says)
	}
	return c.Fault(connectors.Auth, l, "%s does not accept user and password: %s%s", system, c.PasswordWords(), says)
}

func (c *connection) refusalWords(no *refusal) *connectors.Error {
	system, code, text := c.System(), no.r.code, no.r.text
	says := c.Says(text)
	switch {
	case unsafeLogin(text):
		return c.Fault(connectors.Forbidden, no, "%s lets us in but shows no folder, because it takes us for an unsafe program: %s%s", system, c.EnableWords(), says)
	case has(text, "authenticated but not connected"):
		return c.Fault(connectors.Forbidden, no, "%s knows the user, but the mailbox may not be read by IMAP: %s%s", system, c.EnableWords(), says)
	case limited(code, text):
		return c.slow(no, text)
	case code == "NONEXISTENT" || code == "TRYCREATE":
		return c.Fault(connectors.NotFound, no, "a folder is no longer at %s%s", system, says)
	case code == "NOPERM" || code == "AUTHORIZATIONFAILED":
		return c.Fault(connectors.Forbidden, no, "%s does not permit to read this%s; ask who runs it", system, says)
	case no.r.name == "BAD":
		return c.Fault(connectors.Invalid, no, "%s does not understand what every mail server understands (%s)%s", system, no.verb, says)
	}
	return c.Fault(connectors.Transient, no, "%s has trouble of its own%s; try again later", system, says)
}

func (c *connection) byeWords(bye *errBye) *connectors.Error {
	if limited(bye.code, bye.text) {
		return c.slow(bye, bye.text)
	}
	return c.Fault(connectors.Transient, bye, "%s ended the connection%s; try again later", c.System(), c.Says(bye.text))
}
