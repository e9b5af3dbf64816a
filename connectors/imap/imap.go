// Package imap reads mailboxes where they are: at Gmail, Microsoft 365, Fastmail, iCloud, QQ, 163, and
// at any other server that speaks IMAP (RFC 3501, RFC 9051). A message becomes a record of kind
// message, as package mbox tells it of an exported mailbox.
//
// Nothing is changed at the server: folders are opened for reading alone (EXAMINE), and no message
// becomes "read". Of a message its header and the parts that are text are fetched; of files, what the
// structure says of them.
//
// A message is known by its Message-ID together with date, subject and addressees; so it is one
// message wherever it lies, and another one though its program gave it a used Message-ID.
package imap

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/format/mail"
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
		Name:    "imap",
		Summary: "a mailbox: Gmail, Microsoft 365, Fastmail, iCloud, QQ, 163, 126, or any server that speaks IMAP",
		Options: []connectors.Option{
			{Name: "host", Help: "the mail server", Required: true, Example: "imap.example.com", Where: "the provider's help on \"IMAP settings\", under incoming mail"},
			{Name: "user", Help: "the name to log in with; mostly the whole address", Required: true, Example: "sales@example.com"},
			{Name: "password", Help: "the password for mail programs; many providers have one of its own for them", Secret: true,
				Where: "the provider's security settings, under app passwords"},
			{Name: "security", Help: "how the connection is encrypted; none is for this machine alone", Default: securityTLS, Choices: []string{securityTLS, securityStartTLS, securityNone}},
			{Name: "port", Help: "the server's port, where it is not 993 (tls) or 143", Example: "993"},
			{Name: "folders", Help: "read only these folders, and those within them; separated by commas", Example: "INBOX,Sent,Customers"},
			{Name: "skip", Help: "what is left out: spam, trash, none, or names of folders; drafts always are", Default: "spam,trash", Example: "spam,trash,Newsletter"},
			{Name: "login", Help: "by a password, or by the tokens of OAuth 2", Default: loginPassword, Choices: []string{loginPassword, loginOAuth2}},
			{Name: "client_id", Help: "OAuth 2: the application's id", Where: "the provider's console, where the application is registered"},
			{Name: "client_secret", Help: "OAuth 2: the application's secret, where it has one", Secret: true, Where: "the provider's console, beside the application's id"},
			{Name: "refresh_token", Help: "OAuth 2: the refresh token that the mailbox's owner gave the application", Secret: true,
				Where: "what the provider answers once, when the owner agreed"},
			{Name: "token_url", Help: "OAuth 2: where tokens are renewed", Example: "https://oauth2.googleapis.com/token"},
			{Name: "scope", Help: "OAuth 2: the scope to ask for, where the provider wants it named", Example: "https://mail.google.com/"},
			{Name: "fingerprint", Help: "the SHA-256 of the server's certificate, for a server of your own that signs it itself", Example: "9f:86:d0:81:..."},
		},
		Scopes:  []string{"Gmail: https://mail.google.com/", "Microsoft 365: https://outlook.office.com/IMAP.AccessAsUser.All and offline_access"},
		Presets: presets(),
		Cannot: []string{
			"Nothing is written: no message is moved, deleted, marked as read or sent.",
			"A message cannot change at a server; one that a program replaced is told again when it lies there anew.",
			"The contents of attached files are not read; their names, types and sizes are, sizes to a few bytes.",
			"The server does not tell what was deleted; it is found when all messages are counted, now and then, and leaves the history then.",
		},
		Fields: map[connectors.Kind][]connectors.FieldSpec{connectors.MessageKind: nil},
		Open:   open,
	}
}

func invalid(format string, args ...any) error {
	return &connectors.Error{Class: connectors.Invalid, Text: fmt.Sprintf(format, args...)}
}

// connection is one mailbox.
type connection struct {
	host, user, password string
	address              string // host:port
	security             string
	fingerprint          string // lower case, without colons
	folders              []string
	skip                 map[mail.Place]bool
	skipped              []string // names
	provider             *provider
	access               *rest.Access // nil: by password
	env                  connectors.Env
	mask                 *rest.Mask

	pulling chan struct{} // holds a token while somebody pulls
	turn    chan struct{} // and while somebody uses the session
	session *session
	plan    *plan // what of a pull is left, as far as this connection began it

	mu    sync.Mutex
	known map[string]*keys // what messages are called, by folder
	alert string           // what the server wanted people to know, last
}

// keys remembers what the messages of a folder are called, so that a census asks for none twice.
type keys struct {
	validity uint32
	of       map[uint32]string // "" of messages that are not told
}

func open(_ context.Context, o map[string]string, env connectors.Env) (connectors.Connector, error) {
	c := &connection{host: strings.TrimSpace(o["host"]), user: strings.TrimSpace(o["user"]), password: o["password"], security: or(o["security"], securityTLS),
		env: env, turn: make(chan struct{}, 1), pulling: make(chan struct{}, 1), known: map[string]*keys{}, skip: map[mail.Place]bool{mail.Drafts: true}}
	c.mask = rest.NewMask(c.password)
	c.fill()
	if c.host == "" || strings.ContainsAny(c.host, "/ @") {
		return nil, invalid("the option host is the mail server's name, such as imap.example.com")
	}
	if c.user == "" {
		return nil, invalid("the option user is missing: the name to log in with, mostly the whole address")
	}
	if strings.ContainsAny(c.user+c.password, "\r\n\x00") {
		return nil, invalid("the user or the password has a line break in it; a file that holds it ends with one, perhaps in its middle")
	}
	c.provider = providerOf(c.host)
	port := 993
	switch c.security {
	case securityTLS:
	case securityStartTLS:
		port = 143
	case securityNone:
		port = 143
		if ip := net.ParseIP(c.host); c.host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return nil, invalid("security none is for servers on this machine alone: anybody on the way could read the password; use tls or starttls")
		}
	default:
		return nil, invalid("the option security is tls, starttls or none, not %q", c.security)
	}
	if p := strings.TrimSpace(o["port"]); p != "" {
		n, err := strconv.Atoi(p)
		if err != nil || n < 1 || n > 65535 {
			return nil, invalid("%q is no port; it is a number such as 993", p)
		}
		port = n
	}
	c.address = net.JoinHostPort(c.host, strconv.Itoa(port))
	if c.fingerprint = strings.ToLower(strings.NewReplacer(":", "", " ", "").Replace(o["fingerprint"])); c.fingerprint != "" && (len(c.fingerprint) != 64 || strings.Trim(c.fingerprint, "0123456789abcdef") != "") {
		return nil, invalid("the option fingerprint is the SHA-256 of a certificate: 64 digits and letters a to f, with or without colons")
	}
	c.which(o)
	return c, c.credentials(o)
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// which reads which folders are wanted.
func (c *connection) which(o map[string]string) {
	for name := range strings.SplitSeq(o["folders"], ",") {
		if name = strings.TrimSpace(name); name != "" {
			c.folders = append(c.folders, name)
		}
	}
	for name := range strings.SplitSeq(or(o["skip"], "spam,trash"), ",") {
		name = strings.TrimSpace(name)
		switch p := mail.Place(strings.ToLower(name)); p {
		case mail.Spam, mail.Trash, mail.Drafts:
			c.skip[p] = true
		case "none", "":
		default:
			c.skipped = append(c.skipped, name)
		}
	}
}

// credentials reads how to log in.
func (c *connection) credentials(o map[string]string) error {
	switch login := or(o["login"], loginPassword); login {
	case loginPassword:
		if c.password == "" {
			return &connectors.Error{Class: connectors.Auth, Text: "the option password is missing: " + c.provider.passwordWords()}
		}
		return nil
	case loginOAuth2:
		for _, name := range []string{"client_id", "refresh_token", "token_url"} {
			if o[name] == "" {
				return &connectors.Error{Class: connectors.Auth, Text: "to log in by OAuth 2 the option " + name + " is needed: " + c.provider.oauthWords()}
			}
		}
		a, err := rest.NewAccess(rest.OAuth2{Name: "oauth2", TokenURL: o["token_url"], ClientID: o["client_id"], ClientSecret: o["client_secret"],
			Refresh: o["refresh_token"], Scope: o["scope"]}, c.system(), c.mask, c.env)
		c.access = a
		return err
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
	if c.env.Warn == nil {
		c.env.Warn = func(string, ...any) {}
	}
	if c.env.Log == nil {
		c.env.Log = slog.New(slog.DiscardHandler)
	}
	if c.env.Random == nil {
		c.env.Random = rand.Float64
	}
	if c.env.Dial == nil {
		c.env.Dial = (&net.Dialer{Timeout: dialPatience}).DialContext
	}
}

// log says what was asked, for those who look for a fault: the command's name, nothing of people.
func (c *connection) log(verb string) { c.env.Log.Debug("imap", "host", c.host, "command", verb) }

// unasked looks at what a server says of its own accord: an ALERT is meant for people.
func (c *connection) unasked(r *response) {
	if r.code != "ALERT" || r.text == "" {
		return
	}
	text := c.quoted(r.text)
	c.mu.Lock()
	again := c.alert == text
	c.alert = text
	c.mu.Unlock()
	if !again {
		c.env.Warn("%s says: %s", c.system(), text)
	}
}

// tries is how often a call is made that broke on the way; each on a new session.
const tries = 4

// with runs a function on the session, and again on another one where the way broke.
func (c *connection) with(ctx context.Context, f func(s *session) error) error {
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	for try := 1; ; try++ {
		err := c.once(ctx, f)
		if err == nil {
			return nil
		}
		if gone := ctx.Err(); gone != nil {
			return gone
		}
		told := c.plain(err)
		if told.Class != connectors.Transient || !broke(err) || try == tries {
			return told
		}
		if err := c.env.Sleep(ctx, c.pause(try)); err != nil {
			return err
		}
	}
}

// pause is how long to wait before another try: a second, then twice as long each time, up to five
// minutes, spread by half.
func (c *connection) pause(try int) time.Duration {
	d := min(time.Second<<min(try-1, 10), 5*time.Minute)
	return d/2 + time.Duration(float64(d)*c.env.Random()/2)
}

func (c *connection) once(ctx context.Context, f func(s *session) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if c.session == nil || c.session.broken {
		s, err := c.connect(ctx)
		if err != nil {
			return err
		}
		c.session = s
	}
	return f(c.session)
}

// Close ends the session.
func (c *connection) Close() error {
	c.turn <- struct{}{}
	defer func() { <-c.turn }()
	c.session.logout()
	c.session = nil
	if c.access != nil {
		c.access.Close()
	}
	return nil
}

// Check logs in and looks for a folder to read.
func (c *connection) Check(ctx context.Context) error {
	return c.with(ctx, func(s *session) error {
		all, err := s.listFolders(ctx, false)
		if err != nil {
			return err
		}
		read, err := c.chosen(s, all)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(read, func(f *folder) bool { return strings.EqualFold(f.raw, "INBOX") })
		_, err = s.examine(ctx, read[max(i, 0)].raw)
		return err
	})
}
