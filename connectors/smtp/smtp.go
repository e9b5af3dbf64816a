// Package smtp sends mail: to one person at a time, over a mail provider's submission server (RFC 6409),
// as Gmail, Microsoft 365, Fastmail, iCloud, QQ, 163 and any other have one.
//
// What a mail is made of is go-mail's work, and so is the talk with the server; when which of it is
// certain is ours. Nothing is sent unencrypted but to this machine itself, and encryption that was asked
// for is never done without.
//
// A mail is rendered whole before anybody is called. From the moment at which its last line may have left
// us until the server's answer is there, nobody knows whether it was sent: that, and only that, is
// [connectors.Ambiguous].
package smtp

import (
	"context"
	"fmt"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/mailserver"
)

// protocol is how servers are reached.
var protocol = mailserver.Protocol{Name: mailserver.SMTP, Example: "smtp.example.com", Usual: mailserver.StartTLS,
	Ports:   map[string]int{mailserver.StartTLS: 587, mailserver.TLS: 465, mailserver.None: 587},
	Exposed: "the password and the mail", Again: "it goes again by itself", Patience: patience, Handshake: loginPatience}

// Spec declares the connector.
func Spec() connectors.Spec {
	return connectors.Spec{
		Name:    "smtp",
		Summary: "sends mail: over Gmail, Microsoft 365, Fastmail, iCloud, QQ, 163, 126, or any server that takes mail by SMTP",
		Sends:   "email",
		Options: slices.Concat([]connectors.Option{
			{Name: "host", Help: "the server that takes mail", Required: true, Example: "smtp.example.com", Where: "the provider's help on \"SMTP settings\", under outgoing mail"},
			{Name: "from", Help: "who the mails are from, with a name; without it the user", Example: "Nordlicht Optik <sales@example.com>"},
			{Name: "user", Help: "the name to log in with; mostly the whole address. None: no login", Example: "sales@example.com"},
			mailserver.PasswordOption,
			{Name: "reply_to", Help: "where answers go, where that is another address", Example: "Service <service@example.com>"},
		}, protocol.SecurityOptions(), []connectors.Option{
			{Name: "rate", Help: "how many mails a minute at most", Default: "30", Example: "20"},
		}, mailserver.LoginOptions, []connectors.Option{
			{Name: "token", Help: "OAuth 2: an access token that another program renews, in place of the five above", Secret: true},
			mailserver.FingerprintOption,
		}),
		Scopes:  []string{"Gmail: https://mail.google.com/", "Microsoft 365: https://outlook.office.com/SMTP.Send and offline_access"},
		Presets: protocol.Presets(),
		Cannot: []string{
			"A server takes a mail over and delivers it later: that it came back is told by a mail to the sender's mailbox, which an imap connection reads.",
			"Nobody is told whether a mail was read; Kept counts neither openings nor clicks.",
			"If the connection breaks at the very moment of handing a mail over, nobody knows whether it was taken; it is then not sent again by itself, and a person is asked.",
			"Gmail and some others put the mailbox's own address in place of another one in \"from\", unless that is one of its aliases; Amazon SES puts an id of its own in place of the mail's.",
			"No copy is laid into the folder of sent mail, except where the provider does so itself, as Gmail and Microsoft 365 do.",
			"No files are attached.",
		},
		Open: open,
	}
}

func invalid(format string, args ...any) error {
	return &connectors.Error{Class: connectors.Invalid, Text: fmt.Sprintf(format, args...)}
}

// connection is one account that sends.
type connection struct {
	*mailserver.Account
	from    mail.Address
	replyTo mail.Address // zero: none
	domain  string       // of from, as the wire has it
	every   time.Duration

	turn    chan struct{} // holds a token while somebody sends
	session *session
	next    time.Time // when the next mail may go
	held    *connectors.Error
	until   time.Time // how long held is answered without asking again
}

func open(_ context.Context, o map[string]string, env connectors.Env) (connectors.Connector, error) {
	account, err := protocol.Open(o, env)
	if err != nil {
		return nil, err
	}
	c := &connection{Account: account, turn: make(chan struct{}, 1)}
	if err := c.pace(o); err != nil {
		return nil, err
	}
	return c, c.sender(o)
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// pace reads how fast mails may go.
func (c *connection) pace(o map[string]string) error {
	rate, err := strconv.ParseFloat(or(strings.TrimSpace(o["rate"]), "30"), 64)
	if err != nil || !(rate > 0 && rate <= 6000) {
		return invalid("the option rate is how many mails a minute go out at most, such as 30")
	}
	c.every = time.Duration(float64(time.Minute) / rate)
	return nil
}

// sender reads who the mails are from.
func (c *connection) sender(o map[string]string) error {
	from := or(strings.TrimSpace(o["from"]), c.User)
	if !strings.Contains(from, "@") {
		return invalid("the option from is missing: who the mails are from, such as Nordlicht Optik <sales@example.com>")
	}
	var err error
	if c.from, err = senderOf(from); err != nil {
		return invalid("the option from is a name and one address, such as Nordlicht Optik <sales@example.com>: %v", err)
	}
	c.domain = c.from.Address[strings.LastIndexByte(c.from.Address, '@')+1:]
	if r := strings.TrimSpace(o["reply_to"]); r != "" {
		if c.replyTo, err = senderOf(r); err != nil {
			return invalid("the option reply_to is one address, such as Service <service@example.com>: %v", err)
		}
	}
	return nil
}

// Limits are those of the option rate: one mail after the other.
func (c *connection) Limits() connectors.Limits {
	return connectors.Limits{PerSecond: float64(time.Second) / float64(c.every), Burst: 1, Parallel: 1}
}

// take waits until nobody else uses the connection.
func (c *connection) take(ctx context.Context) (done func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case c.turn <- struct{}{}:
		return func() { <-c.turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Close ends the session.
func (c *connection) Close() error {
	c.turn <- struct{}{}
	defer func() { <-c.turn }()
	c.leave()
	if c.Access != nil {
		c.Access.Close()
	}
	return nil
}

// Check logs in, and asks whether the server lets us send as who we are. No mail is sent: what was begun
// is taken back.
func (c *connection) Check(ctx context.Context) error {
	done, err := c.take(ctx)
	if err != nil {
		return err
	}
	defer done()
	c.leave() // it is today's settings that are asked about
	s, err := c.connect(ctx)
	if err != nil {
		return c.told(ctx, err)
	}
	defer s.close()
	if err := s.permits(ctx); err != nil {
		return c.told(ctx, err)
	}
	c.held = nil
	s.quit(ctx)
	return nil
}
