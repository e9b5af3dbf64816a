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
	"log/slog"
	"net"
	"net/mail"
	"strconv"
	"strings"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/rest"
)

// Ways to be secure, and to log in.
const (
	securityTLS      = "tls"
	securityStartTLS = "starttls"
	securityNone     = "none"

	loginPassword = "password"
	loginOAuth2   = "oauth2"
)

// Spec declares the connector.
func Spec() connectors.Spec {
	return connectors.Spec{
		Name:    "smtp",
		Summary: "sends mail: over Gmail, Microsoft 365, Fastmail, iCloud, QQ, 163, 126, or any server that takes mail by SMTP",
		Sends:   "email",
		Options: []connectors.Option{
			{Name: "host", Help: "the server that takes mail", Required: true, Example: "smtp.example.com", Where: "the provider's help on \"SMTP settings\", under outgoing mail"},
			{Name: "from", Help: "who the mails are from, with a name; without it the user", Example: "Nordlicht Optik <sales@example.com>"},
			{Name: "user", Help: "the name to log in with; mostly the whole address. None: no login", Example: "sales@example.com"},
			{Name: "password", Help: "the password for mail programs; many providers have one of its own for them", Secret: true,
				Where: "the provider's security settings, under app passwords"},
			{Name: "reply_to", Help: "where answers go, where that is another address", Example: "Service <service@example.com>"},
			{Name: "security", Help: "how the connection is encrypted; none is for this machine alone", Default: securityStartTLS, Choices: []string{securityStartTLS, securityTLS, securityNone}},
			{Name: "port", Help: "the server's port, where it is not 587 (starttls) or 465 (tls)", Example: "587"},
			{Name: "rate", Help: "how many mails a minute at most", Default: "30", Example: "20"},
			{Name: "login", Help: "by a password, or by the tokens of OAuth 2", Default: loginPassword, Choices: []string{loginPassword, loginOAuth2}},
			{Name: "client_id", Help: "OAuth 2: the application's id", Where: "the provider's console, where the application is registered"},
			{Name: "client_secret", Help: "OAuth 2: the application's secret, where it has one", Secret: true, Where: "the provider's console, beside the application's id"},
			{Name: "refresh_token", Help: "OAuth 2: the refresh token that the mailbox's owner gave the application", Secret: true,
				Where: "what the provider answers once, when the owner agreed"},
			{Name: "token_url", Help: "OAuth 2: where tokens are renewed", Example: "https://oauth2.googleapis.com/token"},
			{Name: "scope", Help: "OAuth 2: the scope to ask for, where the provider wants it named", Example: "https://mail.google.com/"},
			{Name: "token", Help: "OAuth 2: an access token that another program renews, in place of the five above", Secret: true},
			{Name: "fingerprint", Help: "the SHA-256 of the server's certificate, for a server of your own that signs it itself", Example: "9f:86:d0:81:..."},
		},
		Scopes:  []string{"Gmail: https://mail.google.com/", "Microsoft 365: https://outlook.office.com/SMTP.Send and offline_access"},
		Presets: presets(),
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
	host, user, password string
	address              string // host:port
	security             string
	fingerprint          string // lower case, without colons
	from                 mail.Address
	replyTo              mail.Address // zero: none
	domain               string       // of from, as the wire has it
	every                time.Duration
	provider             *provider
	access               access // nil: by password, or without any
	env                  connectors.Env
	mask                 *rest.Mask

	turn    chan struct{} // holds a token while somebody sends
	session *session
	next    time.Time // when the next mail may go
	held    *connectors.Error
	until   time.Time // how long held is answered without asking again
}

// access gives access tokens.
type access interface {
	Token(ctx context.Context, refused string) (string, error)
	Close()
}

// given is an access token that somebody else renews.
type given string

func (g given) Token(context.Context, string) (string, error) { return string(g), nil }
func (given) Close()                                          {}

func open(_ context.Context, o map[string]string, env connectors.Env) (connectors.Connector, error) {
	c := &connection{host: strings.TrimSpace(o["host"]), user: strings.TrimSpace(o["user"]), password: o["password"], security: or(o["security"], securityStartTLS),
		env: env, turn: make(chan struct{}, 1)}
	c.mask = rest.NewMask(c.password, o["token"])
	c.fill()
	if c.host == "" || strings.ContainsAny(c.host, "/ @") {
		return nil, invalid("the option host is the mail server's name, such as smtp.example.com")
	}
	if strings.ContainsAny(c.user+c.password+o["token"], "\r\n\x00") {
		return nil, invalid("the user, the password or the token has a line break in it; a file that holds it ends with one, perhaps in its middle")
	}
	c.provider = providerOf(c.host)
	if err := c.way(o); err != nil {
		return nil, err
	}
	if err := c.sender(o); err != nil {
		return nil, err
	}
	return c, c.credentials(o)
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// way reads how the server is reached.
func (c *connection) way(o map[string]string) error {
	port := 587
	switch c.security {
	case securityStartTLS:
	case securityTLS:
		port = 465
	case securityNone:
		if ip := net.ParseIP(c.host); c.host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return invalid("security none is for servers on this machine alone: anybody on the way could read the password and the mail; use starttls or tls")
		}
	default:
		return invalid("the option security is starttls, tls or none, not %q", c.security)
	}
	if p := strings.TrimSpace(o["port"]); p != "" {
		n, err := strconv.Atoi(p)
		if err != nil || n < 1 || n > 65535 {
			return invalid("%q is no port; it is a number such as 587", p)
		}
		port = n
	}
	c.address = net.JoinHostPort(c.host, strconv.Itoa(port))
	if c.fingerprint = strings.ToLower(strings.NewReplacer(":", "", " ", "").Replace(o["fingerprint"])); c.fingerprint != "" && (len(c.fingerprint) != 64 || strings.Trim(c.fingerprint, "0123456789abcdef") != "") {
		return invalid("the option fingerprint is the SHA-256 of a certificate: 64 digits and letters a to f, with or without colons")
	}
	rate, err := strconv.ParseFloat(or(strings.TrimSpace(o["rate"]), "30"), 64)
	if err != nil || !(rate > 0 && rate <= 6000) {
		return invalid("the option rate is how many mails a minute go out at most, such as 30")
	}
	c.every = time.Duration(float64(time.Minute) / rate)
	return nil
}

// sender reads who the mails are from.
func (c *connection) sender(o map[string]string) error {
	from := or(strings.TrimSpace(o["from"]), c.user)
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

// credentials reads how to log in.
func (c *connection) credentials(o map[string]string) error {
	switch login := or(o["login"], loginPassword); login {
	case loginPassword:
		if c.user != "" && c.password == "" {
			return &connectors.Error{Class: connectors.Auth, Text: "the option password is missing: " + c.provider.passwordWords()}
		}
		return nil
	case loginOAuth2:
		if c.user == "" {
			return invalid("the option user is missing: the address whose token it is")
		}
		if token := o["token"]; token != "" && o["refresh_token"] == "" {
			c.access = given(token)
			return nil
		}
		for _, name := range []string{"client_id", "refresh_token", "token_url"} {
			if o[name] == "" {
				return &connectors.Error{Class: connectors.Auth, Text: "to log in by OAuth 2 the option " + name + " is needed: " + c.provider.oauthWords()}
			}
		}
		a, err := rest.NewAccess(rest.OAuth2{Name: "oauth2", TokenURL: o["token_url"], ClientID: o["client_id"], ClientSecret: o["client_secret"],
			Refresh: o["refresh_token"], Scope: o["scope"]}, c.system(), c.mask, c.env)
		if err != nil {
			return err
		}
		c.access = a
		return nil
	default:
		return invalid("the option login is password or oauth2, not %q", login)
	}
}

// fill makes what the surroundings leave out.
func (c *connection) fill() {
	if c.env.Now == nil {
		c.env.Now = time.Now
	}
	if c.env.Sleep == nil {
		c.env.Sleep = func(ctx context.Context, d time.Duration) error {
			t := time.NewTimer(d)
			defer t.Stop()
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-t.C:
				return nil
			}
		}
	}
	if c.env.Log == nil {
		c.env.Log = slog.New(slog.DiscardHandler)
	}
	if c.env.Dial == nil {
		c.env.Dial = (&net.Dialer{Timeout: dialPatience}).DialContext
	}
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
	if c.access != nil {
		c.access.Close()
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
