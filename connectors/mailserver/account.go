// Package mailserver is what connectors to mail servers share: how a server and an account are named in
// options, which providers are known and what they call things, how the way to a server is encrypted,
// and the words of what goes wrong before anything of mail is asked.
package mailserver

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/rest"
)

// Ways to be secure, and to log in.
const (
	TLS      = "tls"
	StartTLS = "starttls"
	None     = "none"

	ByPassword = "password"
	ByOAuth2   = "oauth2"
)

// Protocol is one in which mail servers are spoken to.
type Protocol struct {
	Name    string         // as people know it
	Example string         // the name of a server
	Usual   string         // how it is encrypted unless the options say something else
	Ports   map[string]int // by how it is encrypted
	Exposed string         // what anybody on the way could read without encryption
	Again   string         // what becomes of a fault that passes

	Patience  time.Duration // how long a server may be silent
	Handshake time.Duration // and how long encryption may take to come about
}

// dialPatience is how long a server may take to answer at all.
const dialPatience = 30 * time.Second

// Access gives access tokens. Token gives another one than the one that was refused.
type Access interface {
	Token(ctx context.Context, refused string) (string, error)
	Close()
}

// given is an access token that somebody else renews.
type given string

func (g given) Token(context.Context, string) (string, error) { return string(g), nil }
func (given) Close()                                          {}

// Account is a user's at a mail server. Its functions may be used by several goroutines at once, as far
// as those of Env may.
type Account struct {
	Protocol             Protocol
	Host, User, Password string
	Address              string // host:port
	Security             string
	Access               Access // nil: by password, or without any login
	Env                  connectors.Env
	Mask                 *rest.Mask

	provider    *provider
	fingerprint string // lower case, without colons
}

// Options that every mail server's connector has.
var (
	PasswordOption = connectors.Option{Name: "password", Help: "the password for mail programs; many providers have one of its own for them", Secret: true,
		Where: "the provider's security settings, under app passwords"}
	LoginOptions = []connectors.Option{
		{Name: "login", Help: "by a password, or by the tokens of OAuth 2", Default: ByPassword, Choices: []string{ByPassword, ByOAuth2}},
		{Name: "client_id", Help: "OAuth 2: the application's id", Where: "the provider's console, where the application is registered"},
		{Name: "client_secret", Help: "OAuth 2: the application's secret, where it has one", Secret: true, Where: "the provider's console, beside the application's id"},
		{Name: "refresh_token", Help: "OAuth 2: the refresh token that the mailbox's owner gave the application", Secret: true,
			Where: "what the provider answers once, when the owner agreed"},
		{Name: "token_url", Help: "OAuth 2: where tokens are renewed", Example: "https://oauth2.googleapis.com/token"},
		{Name: "scope", Help: "OAuth 2: the scope to ask for, where the provider wants it named", Example: "https://mail.google.com/"},
	}
	FingerprintOption = connectors.Option{Name: "fingerprint", Help: "the SHA-256 of the server's certificate, for a server of your own that signs it itself", Example: "9f:86:d0:81:..."}
)

// SecurityOptions say how the server is reached.
func (p Protocol) SecurityOptions() []connectors.Option {
	ways := []string{TLS, StartTLS, None}
	if p.Usual == StartTLS {
		ways[0], ways[1] = StartTLS, TLS
	}
	port := strconv.Itoa(p.Ports[p.Usual])
	return []connectors.Option{
		{Name: "security", Help: "how the connection is encrypted; none is for this machine alone", Default: p.Usual, Choices: ways},
		{Name: "port", Help: fmt.Sprintf("the server's port, where it is not %s (%s) or %d (%s)", port, p.Usual, p.Ports[ways[1]], ways[1]), Example: port},
	}
}

// Open reads an account from the options. Its errors are connectors.Error.
func (p Protocol) Open(o map[string]string, env connectors.Env) (*Account, error) {
	a := &Account{Protocol: p, Host: strings.TrimSpace(o["host"]), User: strings.TrimSpace(o["user"]), Password: o["password"],
		Security: o["security"], Env: rest.Filled(env), Mask: rest.NewMask(o["password"], o["token"])}
	if a.Env.Dial == nil {
		a.Env.Dial = (&net.Dialer{Timeout: dialPatience}).DialContext
	}
	if a.Security == "" {
		a.Security = p.Usual
	}
	if a.Host == "" || strings.ContainsAny(a.Host, "/ @") {
		return nil, invalid("the option host is the mail server's name, such as %s", p.Example)
	}
	if strings.ContainsAny(a.User+a.Password+o["token"], "\r\n\x00") {
		return nil, invalid("the user, the password or the token has a line break in it; a file that holds it ends with one, perhaps in its middle")
	}
	a.provider = p.providerOf(a.Host)
	if err := a.way(o); err != nil {
		return nil, err
	}
	return a, a.credentials(o)
}

// way reads how the server is reached.
func (a *Account) way(o map[string]string) error {
	port, known := a.Protocol.Ports[a.Security]
	if !known {
		return invalid("the option security is tls, starttls or none, not %q", a.Security)
	}
	if ip := net.ParseIP(a.Host); a.Security == None && a.Host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return invalid("security none is for servers on this machine alone: anybody on the way could read %s; use tls or starttls", a.Protocol.Exposed)
	}
	if p := strings.TrimSpace(o["port"]); p != "" {
		n, err := strconv.Atoi(p)
		if err != nil || n < 1 || n > 65535 {
			return invalid("%q is no port; it is a number such as %d", p, a.Protocol.Ports[a.Protocol.Usual])
		}
		port = n
	}
	a.Address = net.JoinHostPort(a.Host, strconv.Itoa(port))
	a.fingerprint = strings.ToLower(strings.NewReplacer(":", "", " ", "").Replace(o["fingerprint"]))
	if a.fingerprint != "" && (len(a.fingerprint) != 64 || strings.Trim(a.fingerprint, "0123456789abcdef") != "") {
		return invalid("the option fingerprint is the SHA-256 of a certificate: 64 digits and letters a to f, with or without colons")
	}
	return nil
}

// credentials reads how to log in.
func (a *Account) credentials(o map[string]string) error {
	login := o["login"]
	switch {
	case login == "" || login == ByPassword:
		if a.User != "" && a.Password == "" {
			return &connectors.Error{Class: connectors.Auth, Text: "the option password is missing: " + a.PasswordWords()}
		}
		return nil
	case login != ByOAuth2:
		return invalid("the option login is password or oauth2, not %q", login)
	case a.User == "":
		return invalid("the option user is missing: the address whose token it is")
	case o["token"] != "" && o["refresh_token"] == "":
		a.Access = given(o["token"])
		return nil
	}
	for _, name := range []string{"client_id", "refresh_token", "token_url"} {
		if o[name] == "" {
			return &connectors.Error{Class: connectors.Auth, Text: "to log in by OAuth 2 the option " + name + " is needed: " + a.OAuthWords()}
		}
	}
	access, err := rest.NewAccess(rest.OAuth2{Name: "oauth2", TokenURL: o["token_url"], ClientID: o["client_id"], ClientSecret: o["client_secret"],
		Refresh: o["refresh_token"], Scope: o["scope"]}, a.System(), a.Mask, a.Env)
	if err != nil {
		return err
	}
	a.Access = access
	return nil
}

func invalid(format string, args ...any) error {
	return &connectors.Error{Class: connectors.Invalid, Text: fmt.Sprintf(format, args...)}
}
