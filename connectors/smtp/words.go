package smtp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"os"
	"strings"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/rest"
)

// authPause is how long credentials that were refused are not tried again by a connection.
const authPause = 15 * time.Minute

// fault is an error that has its words already, with what it came from behind them, masked.
func (c *connection) fault(class connectors.Class, cause error, format string, args ...any) *connectors.Error {
	e := &connectors.Error{Class: class, Text: c.mask.Text(fmt.Sprintf(format, args...))}
	if cause != nil {
		e.Cause = errors.New(c.mask.Text(cause.Error()))
	}
	return e
}

// says gives the server's own words, bounded and masked.
func (c *connection) says(text string) string {
	text = c.mask.Text(bounded(strings.Join(strings.Fields(text), " "), 200))
	if text == "" {
		return ""
	}
	return ` (it says "` + text + `")`
}

// plain gives every error its words and class. Nothing was sent.
func (c *connection) plain(err error) *connectors.Error {
	var (
		told    *connectors.Error
		no      *refusal
		dial    *dialError
		tlsErr  *tlsError
		foreign *untrusted
		large   *tooLarge
		syntax  textproto.ProtocolError
		other   *textproto.Error
		step    *stepError
	)
	system := c.system()
	switch {
	case errors.As(err, &no):
		return c.refusalWords(no)
	case errors.As(err, &told):
		return told
	case errors.As(err, &large):
		return c.fault(connectors.Invalid, err, "the mail is larger than %s takes: %d MB", system, large.most>>20)
	case errors.As(err, &foreign):
		return c.fault(connectors.Invalid, nil, "the certificate of %s is not the one that the option fingerprint names; it is %s. If the server has a new one, set fingerprint to that; if not, somebody stands between", c.host, foreign.print)
	case errors.As(err, &tlsErr):
		return c.tlsWords(tlsErr)
	case errors.Is(err, errNoStartTLS):
		return c.fault(connectors.Invalid, err, "%s offers no encryption at this port; set security to tls (port 465). Without encryption nothing is sent", c.address)
	case errors.Is(err, errNoLogin):
		return c.fault(connectors.Invalid, err, "%s takes no login here; the port for submission is 587 (starttls) or 465 (tls), not 25", c.address)
	case errors.Is(err, errNoPasswords):
		return c.fault(connectors.Auth, err, "%s takes no passwords here: %s", system, c.provider.passwordWords())
	case errors.Is(err, errNoTokens):
		return c.fault(connectors.Auth, err, "%s does not take the tokens of OAuth 2; set login to password: %s", system, c.provider.passwordWords())
	case errors.Is(err, errNoUTF8):
		return c.fault(connectors.Invalid, err, "%s cannot send to or from addresses that have other letters than a to z before the @", system)
	case errors.Is(err, errTooLong):
		return c.fault(connectors.Invalid, err, "an answer of %s is far too long to be true", system)
	case errors.Is(err, errOutOfStep):
		return c.fault(connectors.Transient, err, "%s answers out of step; the connection was ended, and it goes again by itself", system)
	case errors.As(err, &syntax), errors.As(err, &other):
		if errors.As(err, &step) && step.stage == stageGreeting {
			return c.fault(connectors.Invalid, err, "no mail server answers at %s; check host, port and security (port 465 is for tls, 587 for starttls)", c.address)
		}
		return c.fault(connectors.Transient, err, "%s answered something that is no SMTP; try again later, and if it stays, check host and port", system)
	case errors.As(err, &dial), errors.Is(err, context.DeadlineExceeded), isNet(err):
		class, text := rest.Network(c.address, err, patience)
		if class == connectors.Transient {
			text += "; it goes again by itself"
		}
		return c.fault(class, err, "%s", text)
	}
	return c.fault(connectors.Transient, err, "the connection to %s broke before the mail was handed over; it goes again by itself", system)
}

func isNet(err error) bool {
	var n net.Error
	return errors.As(err, &n) || errors.Is(err, os.ErrDeadlineExceeded)
}

func (c *connection) tlsWords(t *tlsError) *connectors.Error {
	var (
		record  tls.RecordHeaderError
		unknown x509.UnknownAuthorityError
	)
	switch {
	case errors.As(t.err, &record):
		return c.fault(connectors.Invalid, t, "%s speaks no TLS at this port; check the port, or set security to starttls (port 587)", c.address)
	case errors.As(t.err, &unknown):
		return c.fault(connectors.Invalid, t, "the certificate of %s is signed by somebody whom this machine does not trust. If the server is your own, set fingerprint to %s, after comparing it with the server's", c.host, t.print)
	case errors.Is(t.err, io.EOF), errors.Is(t.err, errTooLong):
		return c.fault(connectors.Transient, t, "the connection to %s ended while it was being encrypted; try again later", c.system())
	}
	class, text := rest.Network(c.address, t.err, loginPatience)
	if class == connectors.Transient {
		text += "; it goes again by itself"
	}
	return c.fault(class, t, "%s", text)
}
