package smtp

import (
	"errors"
	"net/textproto"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/mailserver"
)

// authPause is how long credentials that were refused are not tried again by a connection.
const authPause = 15 * time.Minute

// plain gives every error its words and class. Nothing was sent.
func (c *connection) plain(err error) *connectors.Error {
	var (
		told   *connectors.Error
		no     *refusal
		large  *tooLarge
		syntax textproto.ProtocolError
		other  *textproto.Error
		step   *stepError
	)
	system := c.System()
	switch way := c.Way(err); {
	case errors.As(err, &no):
		return c.refusalWords(no)
	case errors.As(err, &told):
		return told
	case errors.As(err, &large):
		return c.Fault(connectors.Invalid, err, "the mail is larger than %s takes: %d MB", system, large.most>>20)
	case way != nil:
		return way
	case errors.Is(err, errNoLogin):
		return c.Fault(connectors.Invalid, err, "%s takes no login here; the port for submission is 587 (starttls) or 465 (tls), not 25", c.Address)
	case errors.Is(err, errNoUTF8):
		return c.Fault(connectors.Invalid, err, "%s cannot send to or from addresses that have other letters than a to z before the @", system)
	case errors.Is(err, errOutOfStep):
		return c.Fault(connectors.Transient, err, "%s answers out of step; the connection was ended, and it goes again by itself", system)
	case errors.As(err, &syntax), errors.As(err, &other):
		if errors.As(err, &step) && step.stage == stageGreeting {
			return c.Way(errors.Join(mailserver.ErrNoMail, err))
		}
		return c.Fault(connectors.Transient, err, "%s answered something that is no SMTP; try again later, and if it stays, check host and port", system)
	}
	return c.Fault(connectors.Transient, err, "the connection to %s broke before the mail was handed over; it goes again by itself", system)
}
