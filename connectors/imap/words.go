package imap

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/rest"
)

// fault is an error that has its words already, with what it came from behind them, masked.
func (c *connection) fault(class connectors.Class, cause error, format string, args ...any) *connectors.Error {
	e := &connectors.Error{Class: class, Text: c.mask.Text(fmt.Sprintf(format, args...))}
	if cause != nil {
		e.Cause = errors.New(c.mask.Text(cause.Error()))
	}
	return e
}

// quoted bounds and masks what a server says.
func (c *connection) quoted(text string) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " ")
	if r := []rune(text); len(r) > 200 {
		text = string(r[:200]) + "…"
	}
	return c.mask.Text(text)
}

// says gives the server's own words.
func (c *connection) says(text string) string {
	if text = c.quoted(text); text == "" {
		return ""
	}
	return `: it says "` + text + `"`
}

// plain gives every error its words and class.
func (c *connection) plain(err error) *connectors.Error {
	var (
		told    *connectors.Error
		login   *loginError
		no      *refusal
		bye     *errBye
		dial    *dialError
		tlsErr  *tlsError
		foreign *untrusted
	)
	system := c.system()
	switch {
	case errors.As(err, &login):
		return c.loginWords(login)
	case errors.As(err, &told):
		return told
	case errors.As(err, &foreign):
		return c.fault(connectors.Invalid, nil, "the certificate of %s is not the one that the option fingerprint names; it is %s. If the server has a new one, set fingerprint to that; if not, somebody stands between", c.host, foreign.print)
	case errors.As(err, &tlsErr):
		return c.tlsWords(tlsErr)
	case errors.As(err, &no):
		return c.refusalWords(no)
	case errors.As(err, &bye):
		return c.byeWords(bye)
	case errors.Is(err, errNoMail):
		return c.fault(connectors.Invalid, err, "no mail server answers at %s; check host, port and security (port 993 is for tls, 143 for starttls)", c.address)
	case errors.Is(err, errNoStartTLS):
		return c.fault(connectors.Invalid, err, "%s offers no encryption at this port; set security to tls (port 993). Without encryption nothing is sent", c.address)
	case errors.Is(err, errInjected):
		return c.fault(connectors.Invalid, err, "somebody on the way to %s interferes with its encryption; nothing was sent. Use another network", c.host)
	case errors.Is(err, errNoPasswords):
		return c.fault(connectors.Auth, err, "%s takes no passwords here: %s", system, c.provider.passwordWords())
	case errors.Is(err, errNoTokens):
		return c.fault(connectors.Auth, err, "%s does not take the tokens of OAuth 2; set login to password: %s", system, c.provider.passwordWords())
	case errors.Is(err, errTooLong):
		return c.fault(connectors.Invalid, err, "the answer of %s is far too long to be true", system)
	case errors.Is(err, errSyntax):
		return c.fault(connectors.Transient, err, "%s answered something that is no IMAP; try again later, and if it stays, check host and port", system)
	case errors.As(err, &dial), errors.Is(err, context.DeadlineExceeded), isNet(err):
		class, text := rest.Network(c.address, err, patience)
		if class == connectors.Transient {
			text += "; try again later"
		}
		return c.fault(class, err, "%s", text)
	}
	return c.fault(connectors.Transient, err, "the connection to %s broke; try again later", system)
}

func isNet(err error) bool {
	var n net.Error
	return errors.As(err, &n) || errors.Is(err, os.ErrDeadlineExceeded)
}

// broke says whether an error is that of the way, so that another try may go well.
func broke(err error) bool {
	var (
		login  *loginError
		no     *refusal
		told   *connectors.Error
		dns    *net.DNSError
		bye    *errBye
		tlsErr *tlsError
	)
	if errors.As(err, &login) || errors.As(err, &no) || errors.As(err, &told) || errors.As(err, &dns) && dns.IsNotFound {
		return false
	}
	if errors.As(err, &tlsErr) {
		return isNet(err) || errors.Is(err, io.EOF)
	}
	return errors.As(err, &bye) || isNet(err) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, errSyntax) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.EPIPE) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, io.ErrClosedPipe) || errors.Is(err, context.DeadlineExceeded)
}

func (c *connection) tlsWords(t *tlsError) *connectors.Error {
	var (
		record  tls.RecordHeaderError
		unknown x509.UnknownAuthorityError
	)
	switch {
	case errors.As(t.err, &record):
		return c.fault(connectors.Invalid, t, "%s speaks no TLS at this port; check the port, or set security to starttls (port 143)", c.address)
	case errors.As(t.err, &unknown):
		return c.fault(connectors.Invalid, t, "the certificate of %s is signed by somebody whom this machine does not trust. If the server is your own, set fingerprint to %s, after comparing it with the server's", c.host, t.print)
	}
	class, text := rest.Network(c.address, t.err, dialPatience)
	if class == connectors.Transient {
		text += "; try again later"
	}
	return c.fault(class, t, "%s", text)
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
	e := c.fault(connectors.RateLimited, cause, "%s asks us to slow down%s; it goes on by itself later. Other programs on the same mailbox count too", c.system(), c.says(text))
	e.After = 5 * time.Minute
	if has(text, "bandwidth", "exceeded command") {
		e.After = time.Hour
	}
	return e
}

// loginWords says why we were not let in, and what to do.
func (c *connection) loginWords(l *loginError) *connectors.Error {
	system, p, text, code := c.system(), c.provider, l.r.text, l.r.code
	all := code + " " + l.r.rest + " " + text
	says := c.says(text)
	chinese := p != nil && strings.Contains(p.password, "授权码")
	switch {
	case has(text, "authenticated but not connected"):
		return c.fault(connectors.Forbidden, l, "%s knows the user, but the mailbox may not be read by IMAP: %s%s", system, p.enableWords(), says)
	case code == "UNAVAILABLE" || code == "SERVERBUG" || code == "INUSE":
		return c.fault(connectors.Transient, l, "%s cannot check the password at the moment%s; try again later", system, says)
	case has(all, "application-specific", "application specific", "app password", "app-specific"):
		return c.fault(connectors.Auth, l, "%s wants an app password here: %s%s", system, p.passwordWords(), says)
	case has(all, "web browser", "webalert", "web login required", "less secure"):
		return c.fault(connectors.Auth, l, "%s holds this login for suspicious: log in once with a browser, confirm that it was you, and use an app password; %s%s", system, p.passwordWords(), says)
	case has(text, "not enabled for imap", "enable your account for imap", "imap is disabled", "imap disabled", "imap access is disabled", "imap service is not", "未开启", "未开通"):
		return c.fault(connectors.Forbidden, l, "IMAP is switched off for this mailbox at %s: %s%s", system, p.enableWords(), says)
	case has(all, "basicauthblocked", "basic auth", "basic authentication", "oauth") && c.access == nil:
		return c.fault(connectors.Auth, l, "%s takes no passwords from mail programs any more; set login to oauth2: %s%s", system, p.oauthWords(), says)
	case c.access != nil:
		return c.fault(connectors.Auth, l, "%s does not accept the token: it ran out, was withdrawn, is another mailbox's than %s, or lacks the scope for IMAP; let the mailbox's owner agree again: %s%s",
			system, "the user named here", p.oauthWords(), says)
	case chinese:
		return c.fault(connectors.Auth, l, "%s does not accept user and password: %s. If that is right: %s%s", system, p.passwordWords(), p.enableWords(), says)
	case limited(code, text):
		return c.slow(l, text)
	case code == "EXPIRED":
		return c.fault(connectors.Auth, l, "the password has run out; set a new one at %s%s", system, says)
	case code == "CONTACTADMIN" || has(text, "suspended", "account is disabled", "locked"):
		return c.fault(connectors.Forbidden, l, "the account is locked; ask who runs %s%s", system, says)
	case code == "PRIVACYREQUIRED":
		return c.fault(connectors.Invalid, l, "%s wants the connection encrypted: set security to tls or starttls%s", system, says)
	}
	return c.fault(connectors.Auth, l, "%s does not accept user and password: %s%s", system, p.passwordWords(), says)
}

func (c *connection) refusalWords(no *refusal) *connectors.Error {
	system, code, text := c.system(), no.r.code, no.r.text
	says := c.says(text)
	switch {
	case unsafeLogin(text):
		return c.fault(connectors.Forbidden, no, "%s lets us in but shows no folder, because it takes us for an unsafe program: %s%s", system, c.provider.enableWords(), says)
	case has(text, "authenticated but not connected"):
		return c.fault(connectors.Forbidden, no, "%s knows the user, but the mailbox may not be read by IMAP: %s%s", system, c.provider.enableWords(), says)
	case limited(code, text):
		return c.slow(no, text)
	case code == "NONEXISTENT" || code == "TRYCREATE":
		return c.fault(connectors.NotFound, no, "a folder is no longer at %s%s", system, says)
	case code == "NOPERM" || code == "AUTHORIZATIONFAILED":
		return c.fault(connectors.Forbidden, no, "%s does not permit to read this%s; ask who runs it", system, says)
	case no.r.name == "BAD":
		return c.fault(connectors.Invalid, no, "%s does not understand what every mail server understands (%s)%s", system, no.verb, says)
	}
	return c.fault(connectors.Transient, no, "%s has trouble of its own%s; try again later", system, says)
}

func (c *connection) byeWords(bye *errBye) *connectors.Error {
	if limited(bye.code, bye.text) {
		return c.slow(bye, bye.text)
	}
	return c.fault(connectors.Transient, bye, "%s ended the connection%s; try again later", c.system(), c.says(bye.text))
}
